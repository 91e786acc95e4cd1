// The browser's tabs, requests and session storage, as the features want them.

import { writeClipboard, blankSelection } from './clipboard.js';
import { downloads } from './downloads.js';

const PAGE_PATH = 'ui/certificate.html';
const COPY_PATH = 'ui/copy.html';
const DOWNLOAD_PATH = 'ui/download.html';
const REPORT_PATH = 'ui/report.html';
const PAGES = ['http://*/*', 'https://*/*'];
const ENCRYPTED = ['https://*/*', 'wss://*/*'];

const base64 = (bytes) => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};

// Hosts whose pages find our clipboard functions.
const guarded = new Set();

export const web = {
  ...downloads,
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  randomId: () => crypto.randomUUID(),
  pageUrl: (id) => browser.runtime.getURL(`${PAGE_PATH}?id=${id}`),
  /** Opens the report form, in the window of the tab that asked for it. */
  async openReport(id, beside) {
    const tab = Number.isInteger(beside) ? await browser.tabs.get(beside).catch(() => null) : null;
    const where = tab ? { windowId: tab.windowId, index: tab.index + 1 } : {};
    await browser.tabs.create({ url: browser.runtime.getURL(`${REPORT_PATH}?id=${id}`), active: true, ...where });
  },
  /** The browser's name and version, as a report shows it. */
  async browserName() {
    const { name, version } = await browser.runtime.getBrowserInfo().catch(() => ({ name: '', version: '' }));
    const text = `${name} ${version}`.trim();
    return /^[!-~][ -~]{0,61}[!-~]$/.test(text) ? text : '';
  },
  getTab: (tabId) => browser.tabs.get(tabId).catch(() => null),

  /** Header lines of a page's request, as this browser writes them, for those that were not heard. */
  headers: () => ({ user_agent: navigator.userAgent, accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', accept_language: 'en-US,en;q=0.5' }),

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

  /** Whether everybody can have names below this one (org, co.uk, a hoster's); false where this browser can't tell. */
  isSuffix(host) {
    try {
      return browser.publicSuffix?.isKnownSuffix?.(host) ?? false;
    } catch {
      return false;
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

  ourBase: () => browser.runtime.getURL(''),

  // ---- copies (feature/clipcheck.js, feature/documents.js) ----
  writeClipboard,
  blankPrimary: async () => {
    blankSelection();
    return true;
  },
  /** Whether selecting is copying on this system (X11, Wayland). */
  hasPrimary: async () => ['linux', 'openbsd'].includes((await browser.runtime.getPlatformInfo()).os),

  tellTab: (tabId, message) => browser.tabs.sendMessage(tabId, message).catch(() => null),
  askFrame: (tabId, frameId, message) => browser.tabs.sendMessage(tabId, message, { frameId }).catch(() => null),
  reload: (tabId) => browser.tabs.reload(tabId, { bypassCache: true }).catch(() => null),

  /** Our window for a held copy: a window of the browser's own, which no page can cover or press. Resolves its id or null. */
  async openCopyWindow({ private: isPrivate, beside }) {
    const size = { width: 640, height: 720 };
    const options = { type: 'popup', url: browser.runtime.getURL(COPY_PATH), ...size, incognito: isPrivate };
    const from = Number.isInteger(beside) ? await browser.windows.get(beside).catch(() => null) : null;
    if (from) Object.assign(options, { left: Math.max(0, Math.round(from.left + (from.width - size.width) / 2)), top: Math.max(0, from.top + 60) });
    const made = await browser.windows.create(options).catch(() => browser.windows.create({ type: 'popup', url: options.url, ...size })).catch(() => null);
    return made?.id ?? null;
  },
  raise: (windowId) => browser.windows.update(windowId, { focused: true, drawAttention: true }).then(() => true, () => false),
  closeWindow: (windowId) => browser.windows.remove(windowId).catch(() => {}),

  /** From now on pages of that host find our clipboard functions before their own scripts run. */
  async guardClipboardOf(host) {
    if (!host || guarded.has(host)) return;
    guarded.add(host);
    const name = host.includes(':') ? `[${host}]` : host;
    const script = { id: `clipboard-${host}`, js: ['content/overridden.js'], matches: [`*://${name}/*`], allFrames: true, runAt: 'document_start', persistAcrossSessions: false };
    await browser.scripting.registerContentScripts([{ ...script, matchOriginAsFallback: true }])
      .catch(() => browser.scripting.registerContentScripts([script]));
  },
  /** The same for what a tab shows already. */
  guardClipboardIn: (tabId) => browser.scripting.executeScript({ target: { tabId, allFrames: true }, files: ['content/overridden.js'], injectImmediately: true }),
  async unguardClipboard() {
    guarded.clear();
    await browser.scripting.unregisterContentScripts().catch(() => {});
  },

  local: {
    get: async (key) => (await browser.storage.local.get(key))[key],
    set: (key, value) => browser.storage.local.set({ [key]: value }),
  },

  /** listener(message, from) → promise, for messages of content scripts. */
  onContent(listener) {
    browser.runtime.onMessage.addListener((message, sender) => {
      const from = contentOf(sender);
      return from ? listener(message, from) : undefined;
    });
  },
  /** Ids of the tabs in front, one a window. */
  activeTabs: async () => (await browser.tabs.query({ active: true })).map(({ id }) => id),
  onFocus(listener) {
    browser.tabs.onActivated.addListener(() => listener());
    browser.windows.onFocusChanged.addListener(() => listener());
  },
  onCommitted: (listener) => browser.webNavigation.onCommitted.addListener(listener),
  onOpened: (listener) => browser.webNavigation.onCreatedNavigationTarget.addListener(listener),

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
    browser.webRequest.onBeforeRequest.addListener(before, { urls: PAGES, types: ['main_frame'] }, ['blocking']);
    browser.webRequest.onBeforeSendHeaders.addListener(send, { urls: ENCRYPTED }, ['blocking', 'requestHeaders']);
    browser.webRequest.onHeadersReceived.addListener(received, { urls: ENCRYPTED }, ['blocking', 'responseHeaders']);
  },

  /** Encrypted main frames that got an answer's headers, and those that ended. */
  onSpoke(listener) {
    for (const event of ['onHeadersReceived', 'onCompleted', 'onErrorOccurred']) browser.webRequest[event].addListener(listener, { urls: ['https://*/*'], types: ['main_frame'] });
  },

  /** Plain pages before they are asked for; blocking. Upgraded ones (HTTPS-Only mode) never come here. */
  onPlainDocuments(listener) {
    browser.webRequest.onBeforeSendHeaders.addListener(listener, { urls: ['http://*/*'], types: ['main_frame'] }, ['blocking', 'requestHeaders']);
  },

  /** The same for what is not encrypted, and the end of main frames. */
  onPlainRequests({ send, received, ended }) {
    browser.webRequest.onBeforeSendHeaders.addListener(send, { urls: PAGES, types: ['main_frame'] }, ['requestHeaders']);
    browser.webRequest.onHeadersReceived.addListener(received, { urls: ['http://*/*', 'ws://*/*'] }, ['blocking', 'responseHeaders']);
    for (const event of ['onCompleted', 'onErrorOccurred']) browser.webRequest[event].addListener(ended, { urls: PAGES, types: ['main_frame'] });
  },

  /** connected(page): page = {id, tab, post, onMessage, onClose} for a certificate page of ours; others are refused. */
  onPage(connected, copyConnected, downloadConnected, reportConnected) {
    browser.runtime.onConnect.addListener((port) => {
      const isOf = (name, path) => port.name === name && port.sender && isOurPage(port.sender, [path]);
      if (isOf('copy', COPY_PATH)) return copyConnected(linkOf(port));
      if (isOf('download', DOWNLOAD_PATH)) return downloadConnected(linkOf(port));
      if (isOf('report', REPORT_PATH) && port.sender.tab) return reportConnected(pageOfReport(port));
      const page = pageOf(port);
      if (!page) port.disconnect();
      else connected(page);
      return undefined;
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
  return { id: new URL(port.sender.url).searchParams.get('id') ?? '', tab: port.sender.tab, ...linkOf(port) };
}

const pageOfReport = (port) => ({ id: new URL(port.sender.url).searchParams.get('id') ?? '', tab: port.sender.tab, ...linkOf(port) });

function linkOf(port) {
  return {
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

// A content script of ours in a page's frame: who sends is the browser's word, what is sent is not.
function contentOf(sender) {
  if (sender.id !== browser.runtime.id || !sender.tab || !Number.isInteger(sender.frameId)) return null;
  const url = String(sender.url ?? '');
  if (url.startsWith(browser.runtime.getURL(''))) return null;
  return { tabId: sender.tab.id, frameId: sender.frameId, url, private: sender.tab.incognito, windowId: sender.tab.windowId };
}
