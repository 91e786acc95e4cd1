// The browser's downloads, badge and notifications, and our page of downloads, as feature/dlcheck.js and feature/dllist.js want them.

const DOWNLOAD_PATH = 'ui/download.html';
const TYPES = ['main_frame', 'sub_frame', 'object', 'other'];
const ALL = ['http://*/*', 'https://*/*'];
const COLOURS = { alarm: '#a3161c', wait: '#4b2e83' };

const address = () => browser.runtime.getURL(DOWNLOAD_PATH);
let opening = null;

async function openDownloads({ tabId, private: isPrivate }) {
  const [open] = await browser.tabs.query({ url: address() }).catch(() => []);
  if (open) return;
  const from = tabId >= 0 ? await browser.tabs.get(tabId).catch(() => null) : null;
  const windows = from ? [] : await browser.windows.getAll({ windowTypes: ['normal'] });
  const windowId = from?.windowId ?? (windows.find((w) => w.focused && w.incognito === isPrivate) ?? windows.find((w) => w.incognito === isPrivate))?.id;
  // Beside the page that the user is on, not in front of it: the badge points there.
  await browser.tabs.create({ url: address(), active: false, ...(windowId === undefined ? {} : { windowId }) }).catch(() => {});
}

export const downloads = {
  userAgent: () => navigator.userAgent,
  /** As the browser writes it: each language after the first a little less wanted. */
  acceptLanguage: () => navigator.languages.map((name, i, all) => (i === 0 ? name : `${name};q=${Math.max(0.1, 1 - i / all.length).toFixed(1)}`)).join(','),

  /** Stops a download of the browser's own and takes away what there is of it: file, part, entry. */
  async destroyDownload(id) {
    await browser.downloads.cancel(id).catch(() => {});
    await browser.downloads.removeFile(id).catch(() => {});
    await browser.downloads.erase({ id }).catch(() => {});
  },

  getDownload: async (id) => (await browser.downloads.search({ id }).catch(() => []))[0] ?? null,

  onDownloads({ created, changed }) {
    browser.downloads.onCreated.addListener(created);
    browser.downloads.onChanged.addListener(changed);
  },

  /** Requests that may become downloads, from their beginning to their end. Nothing is held here. */
  onChains({ begin, sent, ended }) {
    const filter = { urls: ALL, types: TYPES };
    browser.webRequest.onBeforeRequest.addListener(begin, filter);
    browser.webRequest.onSendHeaders.addListener(sent, filter, ['requestHeaders']);
    for (const event of ['onCompleted', 'onErrorOccurred']) browser.webRequest[event].addListener(ended, filter);
  },

  /** Our page of downloads, behind what the tab shows; once only. */
  openDownloads(how) {
    opening = (opening ?? Promise.resolve()).then(() => openDownloads(how)).catch(() => {});
    return opening;
  },

  /** The toolbar's mark. tone: "alarm" or "wait". */
  badge(text, tone) {
    browser.action.setBadgeText({ text });
    browser.action.setBadgeBackgroundColor({ color: COLOURS[tone] });
  },

  /** A notification of the system's. what: "mismatch". Its click shows our page. */
  notify(id, what, name) {
    browser.notifications.create(id, { type: 'basic', iconUrl: browser.runtime.getURL('ui/icon.svg'), title: browser.i18n.getMessage(`notify_${what}_title`),
      message: browser.i18n.getMessage(`notify_${what}`, [name]) }).catch(() => {});
  },

  onNotified(listener) {
    browser.notifications.onClicked.addListener(listener);
  },

  async raiseDownloads() {
    await openDownloads({ tabId: -1, private: true });
    const [tab] = await browser.tabs.query({ url: address() }).catch(() => []);
    if (!tab) return;
    await browser.tabs.update(tab.id, { active: true });
    await browser.windows.update(tab.windowId, { focused: true });
  },
};
