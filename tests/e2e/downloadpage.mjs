// Our page of downloads as a person uses it, and what lies on the disk.

import { readdir, readFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { OURS } from './firefox.mjs';
import { until } from './wait.mjs';

const PAGE = `${OURS}ui/download.html`;

/** http stays http; downloads go to a folder, nobody is asked. */
export const PREFS = {
  'dom.security.https_first': false,
  'dom.security.https_first_pbm': false,
  'browser.download.alwaysOpenPanel': false,
  'browser.download.useDownloadDir': true,
  'browser.download.always_ask_before_handling_new_types': false,
};
export const PLAIN = { ...PREFS, 'dom.security.https_only_mode': false };

export class DownloadPage {
  constructor(firefox) {
    this.firefox = firefox;
    this.known = new Set();
  }

  /** The tab with our page; opened where there is none. */
  async tab() {
    for (const tab of await this.firefox.tabs()) {
      if ((await tab.now(() => document.documentURI).catch(() => '')).startsWith(PAGE)) return tab;
    }
    return this.firefox.open(PAGE, { background: true });
  }

  /** All downloads: [{name, phase, verdict, …, text, buttons}], the newest first. */
  async entries() {
    return (await this.tab()).now(() => {
      if (!document.querySelector('#page > h1')) throw new Error('nothing is drawn yet');
      return [...document.querySelectorAll('section.file')].map((s) => ({
        id: s.id.slice(5), ...s.dataset, text: s.textContent, buttons: [...s.querySelectorAll('button:not(:disabled)')].map((b) => b.id.split('-')[0]) }));
    });
  }

  /** Waits for the newest download of that name for which test holds. */
  async wait(name, test, { limit = 60000, what = 'a state of the download' } = {}) {
    let last = [];
    return until(async () => {
      last = await this.entries();
      const found = last.find((e) => e.name === name && !this.known.has(e.id));
      return found && test(found) ? found : null;
    }, { limit, what: `${what} (${name})` }).catch((e) => { throw new Error(`${e.message}; the newest are ${JSON.stringify(last.slice(0, 5).map(({ text, ...rest }) => ({ ...rest, text: text.slice(0, 300) })))}`); });
  }

  /** Waits until it is decided. One that may not start by itself is started by a click. */
  async done(name, options) {
    const ends = ['done', 'prevented', 'noticed'];
    const first = await this.wait(name, (e) => ends.includes(e.phase) || e.why === 'click', options);
    if (ends.includes(first.phase)) return first;
    await this.press(first, 'start');
    return this.wait(name, (e) => ends.includes(e.phase), options);
  }

  /** What is there now is of another test. */
  async forget() {
    this.known = new Set((await until(async () => ({ list: await this.entries() }), { what: 'our page of downloads' })).list.map((e) => e.id));
  }

  async press(entry, kind) {
    const tab = await this.tab();
    await tab.front();
    await tab.click(`[id="${kind}-${entry.id}"]`);
  }
}

/** Every file under a folder: {relative name: bytes}. */
export async function filesUnder(folder) {
  const found = {};
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    found[path.relative(folder, file)] = await readFile(file).catch(() => null);
  }
  return found;
}

/** An empty folder that browser and host download into. */
export async function downloadFolder(firefox, name) {
  const folder = path.join(firefox.home, 'Downloads');
  await mkdir(folder, { recursive: true });
  for (const old of await readdir(folder)) await rm(path.join(folder, old), { recursive: true, force: true });
  await firefox.chrome((dir) => {
    Services.prefs.setIntPref('browser.download.folderList', 2);
    Services.prefs.setStringPref('browser.download.dir', dir);
  }, folder);
  return folder;
}

/** The browser's own list: [{url, path, succeeded, stopped, canceled, error, verdict, hasBlockedData}]. */
export const browsersOwn = (firefox) => firefox.chrome(async () => {
  const { Downloads } = ChromeUtils.importESModule('resource://gre/modules/Downloads.sys.mjs');
  const all = await (await Downloads.getList(Downloads.ALL)).getAll();
  return all.map((d) => ({ url: d.source.url, path: d.target.path, part: d.target.partFilePath, succeeded: d.succeeded, stopped: d.stopped, canceled: d.canceled, current: d.currentBytes,
    verdict: d.error?.reputationCheckVerdict ?? '', error: d.error ? String(d.error.message || d.error.result) : '', hasBlockedData: d.hasBlockedData }));
});

export const clearBrowsersOwn = (firefox) => firefox.chrome(async () => {
  const { Downloads } = ChromeUtils.importESModule('resource://gre/modules/Downloads.sys.mjs');
  const list = await Downloads.getList(Downloads.ALL);
  for (const d of await list.getAll()) {
    await list.remove(d);
    d.finalize(true);
  }
});

/**
 * Firefox's own block of insecure downloads, where it stands before our hold (privileged edition): its "Allow" is pressed, which asks
 * again. Ends when our page has something new.
 */
export const allowBlocked = (firefox, page) => until(async () => {
  if ((await page.entries()).some((e) => !page.known.has(e.id))) return true;
  if ((await browsersOwn(firefox)).some((d) => d.verdict === 'Insecure')) {
    await firefox.chrome(async () => {
      const { Downloads } = ChromeUtils.importESModule('resource://gre/modules/Downloads.sys.mjs');
      const all = await (await Downloads.getList(Downloads.ALL)).getAll();
      all.find((d) => d.error?.reputationCheckVerdict === 'Insecure')?.unblock().catch(() => {});
    });
  }
  return false;
}, { limit: 40000, step: 200, what: 'our hold, or the browser’s own block and our hold behind it' }).catch(async (e) => {
  const files = Object.entries(await filesUnder(path.join(firefox.home, 'Downloads'))).map(([name, bytes]) => [name, bytes?.length, bytes?.subarray(0, 80).toString('latin1')]);
  throw new Error(`${e.message}; the browser has ${JSON.stringify(await browsersOwn(firefox))}, the disk ${JSON.stringify(files)}`);
});

/** What the user chose, as the options page keeps it; what isn't named is the default. */
export async function setOptions(firefox, options) {
  const tab = await new DownloadPage(firefox).tab();
  await until(() => tab.now(async (value) => {
    await browser.storage.local.set({ downloads: value });
    return true;
  }, options), { what: 'our page' });
}
