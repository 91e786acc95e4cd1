// The browser's tabs, requests and session storage, as the features want them.

const PAGE_PATH = 'ui/certificate.html';
const ENCRYPTED = ['https://*/*', 'wss://*/*'];

const base64 = (bytes) => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};

export const web = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  randomId: () => crypto.randomUUID(),
  pageUrl: (id) => browser.runtime.getURL(`${PAGE_PATH}?id=${id}`),
  getTab: (tabId) => browser.tabs.get(tabId).catch(() => null),

  /** Loads url in the tab in place of what it shows, so that Back leads behind it. */
  replace: (tabId, url) => browser.tabs.update(tabId, { url, loadReplace: true }).catch(() => null),

  /** Registrable domain, or null where this browser can't tell. */
  registrable(host) {
    try {
      return browser.publicSuffix?.getDomain(host, { allowIPAddress: true, allowPlainSuffix: true, allowUnknownSuffix: true }) ?? null;
    } catch {
      return null;
    }
  },

  /** Asked without certificateChain: with it the browser names no certificate at all where an exception was used. */
  securityInfo: (requestId) => browser.webRequest.getSecurityInfo(requestId, {}),

  /** Leaf of a response that is being held, as base64, or "". */
  async leafOf(requestId) {
    const info = await browser.webRequest.getSecurityInfo(requestId, { rawDER: true });
    const der = info?.certificates?.[0]?.rawDER;
    return der?.length ? base64(der) : '';
  },

  session: {
    get: () => browser.storage.session.get(null),
    set: (values) => browser.storage.session.set(values),
    remove: (keys) => browser.storage.session.remove(keys),
    clear: () => browser.storage.session.clear(),
  },

  /** A file of the extension, parsed. */
  loadJson: async (path) => (await fetch(browser.runtime.getURL(path))).json(),

  version: () => browser.runtime.getManifest().version,

  /** What the user has to allow, and whether it is. */
  async access() {
    const [hosts, privateWindows] = await Promise.all([
      browser.permissions.contains({ origins: ['<all_urls>'] }),
      browser.extension.isAllowedIncognitoAccess(),
    ]);
    return { hosts, privateWindows };
  },

  /** Which kinds of windows are open: {normal: n, private: n}. */
  async windows() {
    const all = await browser.windows.getAll();
    const hidden = all.filter((w) => w.incognito).length;
    return { normal: all.length - hidden, private: hidden };
  },

  onWindowRemoved: (listener) => browser.windows.onRemoved.addListener(listener),
  onTabRemoved: (listener) => browser.tabs.onRemoved.addListener(listener),
  onNavigationError: (listener) => browser.webNavigation.onErrorOccurred.addListener(listener),

  /** The blocking listeners; must be called while background.js is first run, so that they wake it. */
  onRequests({ before, send, received }) {
    browser.webRequest.onBeforeRequest.addListener(before, { urls: ['https://*/*'], types: ['main_frame'] }, ['blocking']);
    browser.webRequest.onBeforeSendHeaders.addListener(send, { urls: ENCRYPTED }, ['blocking', 'requestHeaders']);
    browser.webRequest.onHeadersReceived.addListener(received, { urls: ENCRYPTED }, ['blocking', 'responseHeaders']);
  },

  /** connected(page): page = {id, tab, post, onMessage, onClose} for a certificate page of ours; others are refused. */
  onPage(connected) {
    browser.runtime.onConnect.addListener((port) => {
      const page = pageOf(port);
      if (page) connected(page);
      else port.disconnect();
    });
  },

  /** answer(message) → promise, for messages of our popup and options page alone. */
  onAsk(answer) {
    browser.runtime.onMessage.addListener((message, sender) => (isOurPage(sender, ['ui/popup.html', 'ui/options.html']) ? answer(message) : undefined));
  },
};

/** Whether a sender is one of our own pages, not a content script or another extension. */
export function isOurPage(sender, paths) {
  if (sender.id !== browser.runtime.id || (sender.frameId ?? 0) !== 0) return false;
  return paths.some((path) => String(sender.url).split(/[?#]/)[0] === browser.runtime.getURL(path));
}

function pageOf(port) {
  if (port.name !== 'certificate' || !port.sender?.tab || !isOurPage(port.sender, [PAGE_PATH])) return null;
  return {
    id: new URL(port.sender.url).searchParams.get('id') ?? '',
    tab: port.sender.tab,
    post(message) {
      try {
        port.postMessage(message);
      } catch {
        // The page is gone; onClose tells.
      }
    },
    onMessage: (listener) => port.onMessage.addListener(listener),
    onClose: (listener) => port.onDisconnect.addListener(listener),
  };
}
