// A download that nobody could decide stays held: nothing that happens to the browser, the extension, its process or the host turns it into a
// finished file. Each ends the browser's or the host's hold in the middle.

import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { EDITIONS, EXTENSION_ID, freshName, sleep, startBed, startBrowser, until } from './harness.mjs';
import { DownloadPage, PLAIN, browsersOwn, clearBrowsersOwn, downloadFolder, filesUnder } from './downloadpage.mjs';
import { exe } from '../origin/files.mjs';

const HTTP = 18080;
const QUIET_MS = 1500;

describe('bed', { concurrency: 1 }, () => {
let bed = null;
before(async () => { bed = await startBed({ clientOptions: ['ConfluxEnabled 0'] }); }, { timeout: 600000 });
after(() => bed?.stop());

for (const edition of EDITIONS) {
  describe(edition, { concurrency: 1 }, () => {
    const isExact = edition === 'privileged';
    let browser = null;
    after(() => gone());

    /** A browser of this edition: the one that is there, unless a test ended it or the extension in it. */
    async function ready() {
      if (!browser) browser = await startBrowser(bed, edition, { prefs: PLAIN });
      await clearBrowsersOwn(browser.firefox);
      return browser;
    }

    async function gone() {
      await browser?.stop();
      browser = null;
    }

    /** A download of a fresh site that can't be decided (others get a 404), held. */
    async function held() {
      const { firefox } = await ready();
      const name = freshName('hold');
      const spec = { body: exe(), others: 'gone' };
      bed.origin.site(name, { files: { '/setup.exe': spec } });
      const folder = await downloadFolder(firefox);
      const page = new DownloadPage(firefox);
      await page.forget();
      await firefox.open(`http://${name}:${HTTP}/setup.exe`);
      const entry = await page.done('setup.exe');
      assert.equal(entry.verdict, 'undecided', entry.text);
      return { spec, folder, page, entry, name };
    }

    /** No file has the whole content under any name that doesn't end in .part, now and a while later. */
    async function neverFinished({ spec, folder }) {
      for (const wait of [0, QUIET_MS]) {
        await sleep(wait);
        for (const [name, bytes] of Object.entries(await filesUnder(folder))) {
          assert.ok(name.endsWith('.part') || !bytes?.length, `${name}: ${bytes?.length} of ${spec.body.length} bytes under a final name`);
        }
      }
      return filesUnder(folder);
    }

    /** The browser's own list has nothing of it that is finished, or that its panel could finish. */
    async function nothingKept() {
      for (const own of await browsersOwn(browser.firefox)) assert.deepEqual([own.succeeded, own.hasBlockedData], [false, false], JSON.stringify(own));
    }

    test('undecided: held; cancel on our page removes it', { timeout: 180000 }, async () => {
      const it = await held();
      const files = await neverFinished(it);
      if (isExact) {
        const [own] = await browsersOwn(browser.firefox);
        assert.equal(own.succeeded, false);
        assert.equal(own.stopped, false, 'the browser calls it finished');
        assert.ok(files['setup.exe.part']?.equals(it.spec.body) || own.part, 'the part is gone');
      }
      await it.page.press(it.entry, 'cancel');
      await it.page.wait('setup.exe', (e) => e.why === 'cancelled');
      await until(async () => Object.keys(await filesUnder(it.folder)).filter((n) => n.endsWith('.part')).length === 0, { what: 'the part removed' });
      await neverFinished(it);
    });

    test('New Identity, as tor tells it: removed', { timeout: 180000 }, async () => {
      const it = await held();
      const control = await bed.net.client.openControl();
      await control.command('SIGNAL NEWNYM');
      control.close();
      await until(async () => (await it.page.entries()).length === 0, { what: 'an empty page' });
      await until(async () => Object.keys(await filesUnder(it.folder)).length === 0, { what: 'nothing on the disk' });
      await neverFinished(it);
    });

    test('the host is killed: nothing is finished', { timeout: 180000 }, async () => {
      const it = await held();
      await browser.host.kill(browser.firefox.pid);
      await neverFinished(it);
      await nothingKept();
    });

    test('the extension is updated to a higher version: nothing is finished', { timeout: 180000 }, async () => {
      const it = await held();
      const { firefox } = browser;
      await firefox.install(await higherVersion(browser));
      await until(() => firefox.chrome(async (id) => (await AddonManager.getAddonByID(id)).version === '0.1.1' && WebExtensionPolicy.getByID(id)?.extension.version === '0.1.1', EXTENSION_ID), { what: 'the higher version, running' });
      const files = await neverFinished(it);
      if (isExact) assert.deepEqual(Object.keys(files), [], 'something was left');
      await nothingKept();
      // The higher version holds as well.
      await neverFinished(await held());
    });

    test('the extension is disabled: nothing is finished', { timeout: 180000 }, async () => {
      const it = await held();
      await browser.firefox.chrome(async (id) => { await (await AddonManager.getAddonByID(id)).disable(); }, EXTENSION_ID);
      await sleep(500);
      const files = await neverFinished(it);
      if (isExact) assert.deepEqual(Object.keys(files), [], 'something was left');
      await nothingKept();
      await browser.firefox.chrome(async (id) => { await (await AddonManager.getAddonByID(id)).enable(); }, EXTENSION_ID);
      await until(() => browser.firefox.chrome((id) => WebExtensionPolicy.getByID(id)?.active === true, EXTENSION_ID), { what: 'the extension, enabled again' });
    });

    test('the extension’s process is killed: still held', { timeout: 180000 }, async () => {
      const it = await held();
      const { firefox } = browser;
      const pid = await firefox.chrome((id) => WebExtensionPolicy.getByID(id).extension.backgroundContext?.xulBrowser?.frameLoader?.remoteTab?.osPid ?? 0, EXTENSION_ID);
      assert.ok(pid > 0 && pid !== firefox.pid, `the extension's process: ${pid}`);
      process.kill(pid, 'SIGKILL');
      await neverFinished(it);
      await nothingKept();
      if (isExact) {
        const [own] = await browsersOwn(firefox);
        assert.deepEqual([own.succeeded, own.stopped], [false, false]);
      }
      await gone();
    });

    test('the extension is removed: nothing is finished', { timeout: 180000 }, async () => {
      const it = await held();
      await browser.firefox.chrome(async (id) => { (await AddonManager.getAddonByID(id)).uninstall(); }, EXTENSION_ID);
      await sleep(500);
      const files = await neverFinished(it);
      if (isExact) assert.deepEqual(Object.keys(files), [], 'something was left');
      await nothingKept();
      await gone();
    });

    for (const [what, end] of [['closed', (firefox) => firefox.stop()], ['killed', async (firefox) => {
      process.kill(firefox.pid, 'SIGKILL');
      await firefox.exited;
    }]]) {
      test(`the browser is ${what} and started again with the same profile: nothing is finished, neither then nor later`, { timeout: 240000 }, async () => {
        // Whatever fails here, the next test starts with a browser of its own.
        await gone();
        const it = await held();
        const { pid } = browser.firefox;
        await end(browser.firefox);
        assert.throws(() => process.kill(pid, 0), 'the browser’s process is gone');
        const files = await neverFinished(it);
        if (isExact && what === 'closed') assert.deepEqual(Object.keys(files).filter((n) => n.endsWith('.part')), [], 'a part was left');
        const again = await browser.again();
        assert.notEqual(again.pid, pid);
        const page = new DownloadPage(again);
        assert.deepEqual(await until(async () => ({ list: await page.entries() }), { limit: 20000, what: 'our page in the new process' }), { list: [] });
        await neverFinished(it);
        await nothingKept();
        // And what begins now is held as before.
        await neverFinished(await held());
      });
    }
  });
}
});

/** The same package under a higher version. */
async function higherVersion({ dir, xpi }) {
  const folder = path.join(dir, 'higher');
  await mkdir(folder, { recursive: true });
  const out = path.join(folder, 'higher.xpi');
  await copyFile(xpi, out);
  execFileSync('unzip', ['-qo', xpi, 'manifest.json', '-d', folder]);
  const manifest = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8'));
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify({ ...manifest, version: '0.1.1' }));
  execFileSync('zip', ['-q', out, 'manifest.json'], { cwd: folder });
  return out;
}
