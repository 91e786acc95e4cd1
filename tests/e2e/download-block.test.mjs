// Firefox's own guards, both on: HTTPS-Only mode and dom.block_download_insecure. How an http file that an https page links gets from them into our
// verification, and that neither Firefox's page nor its panel leads past it.

import test from 'node:test';
import assert from 'node:assert/strict';
import { freshName, sleep, until, withEditions } from './harness.mjs';
import { CertPage } from './certpage.mjs';
import { DownloadPage, PREFS, allowBlocked, browsersOwn, clearBrowsersOwn, downloadFolder, filesUnder } from './downloadpage.mjs';
import { exe, linkPage } from '../origin/files.mjs';

const HTTP = 18080;

withEditions((edition, its) => {
  const isExact = edition === 'privileged';

  /** Follows a link on an encrypted page to a file of a site without HTTPS; presses "continue" on the browser's page. */
  async function follow(file = {}) {
    const { firefox, origin } = its();
    for (const name of ['dom.security.https_only_mode', 'dom.block_download_insecure']) assert.equal((await firefox.pref(name)).value, true, name);
    const site = freshName('block'), links = freshName('links');
    const spec = { body: exe(), ...file };
    origin.site(site, { first: 'http', others: 'http', files: { '/setup.exe': spec } });
    origin.site(links, { first: 'valid', others: 'valid', pages: { '/': () => ['text/html; charset=utf-8', linkPage({ file: [`http://${site}:${HTTP}/setup.exe`] })] } });
    await clearBrowsersOwn(firefox);
    const page = new DownloadPage(firefox);
    await page.forget();
    const folder = await downloadFolder(firefox);
    const tab = await firefox.open(`https://${links}:18443/`);
    await tab.wait(() => document.readyState === 'complete' && Boolean(document.getElementById('end')), { what: 'the page with the link' });
    await tab.front();
    await sleep(300);
    await tab.click('#file');
    const cert = new CertPage(tab, { name: site, port: HTTP, edition, origin });
    // HTTPS-Only asks for https, there is none: our question whether that is so for others, then the browser's own page. Its button listens
    // some time after it is shown: pressed again where a press did nothing.
    const press = () => tab.now(() => {
      const button = document.getElementById('openInsecure') ?? document.querySelector('net-error-card')?.shadowRoot?.querySelector('#openInsecure, #continue-http-button, [data-l10n-id*="continue"]');
      button?.click();
      return Boolean(button);
    });
    let pressed = 0;
    const isThere = async () => (await page.entries()).some((e) => !page.known.has(e.id)) || (await browsersOwn(firefox)).length > 0;
    await until(async () => {
      if (pressed && await isThere()) return true;
      if ((await cert.state().catch(() => null))?.phase === 'waiting') await cert.press('start');
      if (Date.now() - pressed < 8000 || !/^about:httpsonlyerror/.test(await tab.address().catch(() => ''))) return false;
      if (await press()) pressed = Date.now();
      return false;
    }, { limit: 120000, step: 400, what: 'the browser’s page, its button, and a download' });
    return { spec, folder, page, tab, site };
  }

  /** What the browser's own panel offers for its downloads, pressed: for each, that it let it through or why not. */
  const allow = (firefox) => firefox.chrome(async () => {
    const { Downloads } = ChromeUtils.importESModule('resource://gre/modules/Downloads.sys.mjs');
    const all = await (await Downloads.getList(Downloads.ALL)).getAll();
    return Promise.all(all.map((d) => d.unblock().then(() => 'unblocked', (e) => `refused: ${e.message}`)));
  });

  test('an honest file: verified before it has its name', { timeout: 240000 }, async () => {
    const { firefox } = its();
    const { spec, folder, page } = await follow();
    // Firefox may block it itself; its own "Allow" asks again, and that comes to our hold.
    if (isExact) await allowBlocked(firefox, page);
    const entry = await page.done('setup.exe');
    assert.equal(entry.link, 'secure', 'the link page is secure');
    assert.equal(entry.verdict, 'match', entry.text);
    await until(async () => (await filesUnder(folder))['setup.exe']?.equals(spec.body), { what: 'the file' });
  });

  test('an exit that changes it: nothing of Firefox’s own leads to the file', { timeout: 240000 }, async () => {
    const { firefox } = its();
    const { spec, folder, page } = await follow({ first: 'patch' });
    if (isExact) await allowBlocked(firefox, page);
    const entry = await page.done('setup.exe');
    await sleep(500);
    const files = Object.entries(await filesUnder(folder)).filter(([, bytes]) => bytes?.length);
    if (!isExact) {
      assert.equal(entry.verdict, 'match', entry.text);
      for (const [, bytes] of files) assert.ok(bytes.equals(spec.body));
      assert.deepEqual((await browsersOwn(firefox)).filter((d) => d.succeeded), []);
      return;
    }
    assert.notEqual(entry.verdict, 'match', entry.text);
    assert.deepEqual(files.filter(([name]) => !name.endsWith('.part')), []);
    // None is in its panel where our hold came before its block.
    for (const word of await allow(firefox)) assert.match(word, /^refused/);
    assert.deepEqual((await browsersOwn(firefox)).filter((d) => d.succeeded), []);
    await sleep(500);
    assert.deepEqual(Object.keys(await filesUnder(folder)).filter((name) => !name.endsWith('.part')), []);
    if (entry.verdict === 'undecided') await page.press(entry, 'cancel');
  });
}, { net: { clientOptions: ['ConfluxEnabled 0'] }, firefox: { prefs: PREFS } });
