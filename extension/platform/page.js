// What our own pages need of the browser: words, direction, and the way to the background page.

/** Message of _locales; numbers and strings fill $1, $2 … */
export const t = (key, ...parts) => browser.i18n.getMessage(key, parts.map(String));

export const language = () => browser.i18n.getUILanguage();

/** Language and direction of the document follow the browser's. */
export function dressDocument() {
  document.documentElement.lang = language();
  document.documentElement.dir = browser.i18n.getMessage('@@bidi_dir') || 'ltr';
}

const RECONNECT_MS = 400;

/**
 * Connects a page of ours to the background page, again whenever that was restarted. name: "certificate" or "copy".
 * @returns {{send: function(object)}}; receive(message) gets what comes.
 */
export function connectPage(receive, name = 'certificate') {
  let port = null;
  const connect = () => {
    port = browser.runtime.connect({ name });
    port.onMessage.addListener(receive);
    port.onDisconnect.addListener(() => setTimeout(connect, RECONNECT_MS));
  };
  connect();
  return {
    send(message) {
      try {
        port.postMessage(message);
      } catch {
        // Between two background pages: the state that follows the reconnect shows where things stand.
      }
    },
  };
}

/** One question of the popup or the options page. */
export const ask = (message) => browser.runtime.sendMessage(message);

/** The tab that the popup stands over. */
export async function activeTab() {
  const [tab] = await browser.tabs.query({ active: true, currentWindow: true });
  return tab ?? null;
}

/** Asks the user for access to all sites; only from a click. */
export const requestHosts = () => browser.permissions.request({ origins: ['<all_urls>'] });

/** Of a report form: which one it is. */
export const reportId = () => new URLSearchParams(location.search).get('id') ?? '';

/** Hands a text to the browser as a file; it asks where, or puts it where the user's files go. Only from a click. */
export function saveFile(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** Leaves this tab's page: back, or a fresh tab in its place. */
export async function leave() {
  const tab = await browser.tabs.getCurrent();
  if (history.length > 1) {
    history.back();
    return;
  }
  await browser.tabs.create({});
  await browser.tabs.remove(tab.id);
}
