// Downloads over an insecure connection, in a real browser, both editions: what is held, what lies on the disk before and after the verdict, what
// each lying exit comes to.

import test from 'node:test';
import assert from 'node:assert/strict';
import { freshName, sleep, until, withEditions } from './harness.mjs';
import { DownloadPage, PLAIN, browsersOwn, clearBrowsersOwn, downloadFolder, filesUnder } from './downloadpage.mjs';
import { exe } from '../origin/files.mjs';

const HTTP = 18080;

withEditions((edition, its) => {
  const isExact = edition === 'privileged';

  /** Types the address of a file of a fresh site. */
  async function download(file, { where = '/setup.exe', more = {} } = {}) {
    const { firefox, origin } = its();
    const name = freshName('dl');
    const spec = { body: exe(), ...file };
    origin.site(name, { files: { [where]: spec }, ...more });
    await clearBrowsersOwn(firefox);
    const folder = await downloadFolder(firefox);
    const url = `http://${name}:${HTTP}${where}`;
    await firefox.open(url);
    return { name, spec, folder, url, page: new DownloadPage(firefox), file: where.slice(1) };
  }

  const withoutParts = (files) => Object.fromEntries(Object.entries(files).filter(([name, bytes]) => !name.endsWith('.part') && bytes?.length));

  test('an honest file: held, compared with another exit’s, then it has its name', { timeout: 120000 }, async () => {
    const { spec, folder, page, file } = await download({});
    const entry = await page.done(file);
    assert.equal(entry.verdict, 'match', entry.text);
    await until(async () => (await filesUnder(folder))[file]?.equals(spec.body), { what: 'the file under its name' });
    assert.deepEqual(Object.keys(await filesUnder(folder)), [file]);
    // Whoever fetched it a second time came without cookies, through another exit.
    const exits = new Set(spec.served.map((s) => s.exit));
    assert.ok(exits.size >= 2, [...exits].join());
    for (const { headers } of spec.served.slice(1)) assert.equal(headers.cookie, undefined);
  });
}, { net: { clientOptions: ['ConfluxEnabled 0'] }, firefox: { prefs: PLAIN } });
