// Privileged edition: a file is compared while the browser still receives it. What happens to it before its last byte, and that nothing of it
// ever finishes a file.

import test from 'node:test';
import assert from 'node:assert/strict';
import { freshName, sleep, until, withEditions } from './harness.mjs';
import { DownloadPage, PLAIN, browsersOwn, clearBrowsersOwn, downloadFolder, filesUnder } from './downloadpage.mjs';
import { exe } from '../origin/files.mjs';

const HTTP = 18080;
// 64 KiB a second: some five seconds.
const SLOW = 320000;

withEditions((edition, its) => {
  /** A slow file of a fresh site, with some of it here and more to come, and our page's entry of it. */
  async function growing(file = {}, { others = 'honest', rate = 65536 } = {}) {
    const { firefox, origin } = its();
    const name = freshName('early');
    const spec = { body: exe(SLOW), rate, others, ...file };
    origin.site(name, { files: { '/setup.exe': spec } });
    await clearBrowsersOwn(firefox);
    const page = new DownloadPage(firefox);
    await page.forget();
    const folder = await downloadFolder(firefox);
    await firefox.open(`http://${name}:${HTTP}/setup.exe`);
    const entry = await page.wait('setup.exe', (e) => e.phase === 'checking', { what: 'compared while it grows' });
    assert.equal(spec.served[0].isOver, false, 'it had ended');
    return { name, spec, page, folder, entry };
  }

  const askedBy = (spec) => new Set(spec.served.map((s) => s.exit)).size;
  const nothingLeft = (folder) => until(async () => Object.keys(await filesUnder(folder)).length === 0, { what: 'nothing on the disk' });

  test('another exit is asked before the last byte is here; then it is a match', { timeout: 120000 }, async () => {
    const { spec, page, folder } = await growing();
    await until(() => askedBy(spec) >= 2, { what: 'another exit asked' });
    assert.equal(spec.served[0].isOver, false, 'only at its end');
    assert.ok(!(await filesUnder(folder))['setup.exe']?.length, 'it has its name already');
    const entry = await page.done('setup.exe');
    assert.deepEqual([entry.verdict, entry.method], ['match', 'whole'], entry.text);
    await until(async () => (await filesUnder(folder))['setup.exe']?.equals(spec.body), { what: 'the file under its name' });
    // Both of one question: no third copy was fetched, and no second comparison.
    assert.equal(spec.served.length, 2, JSON.stringify(spec.served));
  });

  test('what our page shows of one stays in place, and can be pressed, while another one begins and ends', { timeout: 120000 }, async () => {
    const { firefox, origin } = its();
    const { page, entry } = await growing({}, { rate: 16384 });
    const tab = await page.tab();
    await tab.eval((id) => { document.getElementById(id).isOfBefore = document.getElementById(id).querySelector('button').isOfBefore = true; }, `file-${entry.id}`);
    const name = freshName('early');
    origin.site(name, { files: { '/other.exe': { body: exe() } } });
    await firefox.open(`http://${name}:${HTTP}/other.exe`);
    assert.equal((await page.done('other.exe')).verdict, 'match');
    assert.deepEqual(await tab.eval((id) => {
      const section = document.getElementById(id);
      return [section.isOfBefore, section.querySelector('button').isOfBefore, [...document.querySelectorAll('section.file')].map((s) => s.dataset.name), new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size === document.querySelectorAll('[id]').length];
    }, `file-${entry.id}`), [true, true, ['other.exe', 'setup.exe', ...(await page.entries()).slice(2).map((e) => e.name)], true]);
    await page.press(entry, 'cancel');
    await page.wait('setup.exe', (e) => e.why === 'cancelled');
  });

  for (const how of ['patch', 'append', 'truncate']) {
    test(`the first exit plays ${how}, slowly: mismatch, removed`, { timeout: 120000 }, async () => {
      const { firefox } = its();
      const { page, folder } = await growing({ first: how });
      const entry = await page.done('setup.exe');
      assert.deepEqual([entry.verdict, entry.reason], ['mismatch', 'other_file'], entry.text);
      await nothingLeft(folder);
      const own = await until(async () => (await browsersOwn(firefox)).find((d) => d.stopped), { what: 'the browser’s end of it' });
      assert.deepEqual([own.succeeded, own.hasBlockedData], [false, false], JSON.stringify(own));
    });
  }

  test('our page cancels it while it grows: the browser stops, nothing is left', { timeout: 120000 }, async () => {
    const { firefox } = its();
    const { page, folder, entry } = await growing();
    await page.press(entry, 'cancel');
    await until(async () => (await browsersOwn(firefox)).every((d) => d.canceled && d.stopped), { what: 'cancelled in the browser' });
    await nothingLeft(folder);
    assert.equal((await page.wait('setup.exe', (e) => e.id === entry.id)).why, 'cancelled');
  });

  test('the browser cancels it while it grows: our page has nothing more to say of it', { timeout: 120000 }, async () => {
    const { firefox } = its();
    const { page, entry } = await growing();
    await firefox.chrome(async () => {
      const { Downloads } = ChromeUtils.importESModule('resource://gre/modules/Downloads.sys.mjs');
      for (const d of await (await Downloads.getList(Downloads.ALL)).getAll()) await d.cancel();
    });
    await until(async () => (await page.entries()).every((e) => e.id !== entry.id), { what: 'the entry gone' });
  });

  test('the host is killed while it grows: asked anew once the last byte is here', { timeout: 180000 }, async () => {
    const { firefox, host } = its();
    const { spec, page, folder } = await growing();
    await until(() => askedBy(spec) >= 2, { what: 'another exit asked' });
    await host.kill(firefox.pid);
    await until(async () => Object.entries(await filesUnder(folder)).some(([n, bytes]) => n.endsWith('.part') && bytes?.length === spec.body.length), { limit: 20000, what: 'the last byte' });
    await sleep(500);
    assert.ok(!(await filesUnder(folder))['setup.exe']?.length, 'it has its name');
    const entry = await page.done('setup.exe', { limit: 90000 });
    if (entry.verdict !== 'match') await page.press(entry, 'retry');
    await page.wait('setup.exe', (e) => e.verdict === 'match', { limit: 90000 });
    await until(async () => (await filesUnder(folder))['setup.exe']?.equals(spec.body), { what: 'the file under its name' });
  });
}, { net: { clientOptions: ['ConfluxEnabled 0'] }, firefox: { prefs: PLAIN }, editions: ['privileged'] });
