// Every entry of Firefox's own downloads panel, pressed while a download is held and after it was refused: none of them finishes the file. Privileged
// edition; in the standard one the browser has no download to show.

import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import { EDITIONS, freshName, sleep, startBed, startBrowser, until } from './harness.mjs';
import { DownloadPage, PLAIN, browsersOwn, clearBrowsersOwn, downloadFolder, filesUnder } from './downloadpage.mjs';
import { exe } from '../origin/files.mjs';

const HTTP = 18080;
// All that DownloadsViewUI can be told to do to one, enabled or not.
const COMMANDS = ['pauseResume', 'cancel', 'open', 'open:current', 'open:tab', 'open:window', 'show', 'retry', 'openReferrer', 'copyLocation', 'chooseUnblock', 'unblock', 'unblockAndOpen', 'unblockAndSave', 'chooseOpen',
  'confirmBlock', 'delete', 'deleteFile', 'alwaysOpenSimilarFiles', 'alwaysOpenInSystemViewer', 'openInSystemViewer', 'cancelEarly'].map((c) => `downloadsCmd_${c}`).concat('cmd_delete', 'doubleclick', 'button');

describe('privileged', { skip: !EDITIONS.includes('privileged'), concurrency: 1 }, () => {
  let bed = null, browser = null;
  before(async () => {
    bed = await startBed({ clientOptions: ['ConfluxEnabled 0'] });
    browser = await startBrowser(bed, 'privileged', { prefs: PLAIN });
    // Whoever is asked says yes.
    await browser.firefox.chrome(() => {
      const { DownloadsCommon } = ChromeUtils.importESModule('moz-src:///browser/components/downloads/DownloadsCommon.sys.mjs');
      DownloadsCommon.confirmUnblockDownload = async () => 'unblock';
    }).catch(() => browser.firefox.chrome(() => {
      const { DownloadsCommon } = ChromeUtils.importESModule('resource:///modules/DownloadsCommon.sys.mjs');
      DownloadsCommon.confirmUnblockDownload = async () => 'unblock';
    }));
  }, { timeout: 600000 });
  after(async () => { await browser?.stop(); await bed?.stop(); });

  async function download(file, verdict) {
    const { firefox } = browser;
    const name = freshName('panel');
    const spec = { body: exe(20000), ...file };
    bed.origin.site(name, { files: { '/setup.exe': spec } });
    await clearBrowsersOwn(firefox);
    const page = new DownloadPage(firefox);
    await page.forget();
    const folder = await downloadFolder(firefox);
    const tab = await firefox.open(`http://${name}:${HTTP}/setup.exe`);
    const entry = await page.done('setup.exe');
    assert.equal(entry.verdict, verdict, entry.text);
    await tab.close();
    return { spec, folder, page, entry };
  }

  /** Presses one entry of the panel for its newest download. */
  const press = (command) => browser.firefox.chrome(async (name) => {
    const { setTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs');
    const win = Services.wm.getMostRecentWindow('navigator:browser');
    win.DownloadsPanel.showPanel();
    let element = null;
    for (let i = 0; i < 100 && !element; i++) {
      await new Promise((resolve) => { setTimeout(resolve, 50); });
      element = win.document.getElementById('downloadsListBox')?.children[0];
    }
    if (!element) return 'no entry';
    const item = win.DownloadsView.itemForElement(element);
    try {
      if (name === 'doubleclick') item.onDownloadClick?.(new win.MouseEvent('click', { button: 0 })) ?? element.click();
      else if (name === 'button') (element.querySelector('.downloadButton') ?? element).click();
      else if (typeof item[name] === 'function') await Promise.race([item[name](new win.MouseEvent('click')), new Promise((resolve) => { setTimeout(resolve, 1000); })]);
      else return 'no such entry';
    } catch (e) {
      return `refused: ${e}`;
    } finally {
      win.DownloadsPanel.hidePanel();
    }
    return 'pressed';
  }, command);

  async function nothingFinished({ folder }, what) {
    for (const wait of [0, 300]) {
      await sleep(wait);
      for (const [name, bytes] of Object.entries(await filesUnder(folder))) assert.ok(name.endsWith('.part') || !bytes?.length, `${what}: ${name} has ${bytes?.length} bytes`);
      assert.deepEqual((await browsersOwn(browser.firefox)).filter((d) => d.succeeded), [], what);
    }
  }

  for (const [state, file, verdict] of [['held', { others: 'gone' }, 'undecided'], ['refused', { first: 'patch' }, 'mismatch']]) {
    test(`${state}: every entry pressed, nothing is finished`, { timeout: 590000 }, async () => {
      let it = await download(file, verdict);
      const answers = {};
      for (const command of COMMANDS) {
        answers[command] = await press(command);
        await nothingFinished(it, command);
        const own = await browsersOwn(browser.firefox);
        const isStill = own.length === 1 && (state === 'held' ? !own[0].stopped && !own[0].canceled : own[0].verdict);
        if (!isStill) it = await download(file, verdict);
      }
      const pressed = Object.entries(answers).filter(([, answer]) => answer === 'pressed').map(([name]) => name);
      assert.ok(pressed.includes('downloadsCmd_cancel') && pressed.length >= 10, JSON.stringify(answers));
      if (state === 'refused') {
        const allowed = await browser.firefox.chrome(async () => {
          const { Downloads } = ChromeUtils.importESModule('resource://gre/modules/Downloads.sys.mjs');
          const [d] = await (await Downloads.getList(Downloads.ALL)).getAll();
          return d.unblock().then(() => 'unblocked', (e) => `refused: ${e.message}`);
        });
        assert.match(allowed, /^refused/);
        await nothingFinished(it, 'unblock()');
      }
    });
  }

  test('led to the exit’s own file, cancelled and tried again in the panel: it is compared from the link on, never from where the exit led', { timeout: 240000 }, async () => {
    const own = freshName('evil');
    bed.origin.site(own, { files: { '/setup.exe': { body: exe(20000) } } });
    const it = await download({ first: 'redirect', target: `http://${own}:${HTTP}/setup.exe` }, 'undecided');
    await it.page.forget();
    assert.equal(await press('downloadsCmd_cancel'), 'pressed');
    await until(async () => (await browsersOwn(browser.firefox)).every((d) => d.canceled), { what: 'cancelled' });
    assert.equal(await press('downloadsCmd_retry'), 'pressed');
    const entry = await it.page.done('setup.exe');
    assert.notEqual(entry.verdict, 'match', entry.text);
    await nothingFinished(it, 'tried again');
    // The browser did ask for the exit's own address, which is honest to everybody.
    assert.ok(bed.origin.connections(own).length > 0);
  });
});
