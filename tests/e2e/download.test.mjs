// Downloads over an insecure connection, in a real browser, both editions: what is held, what lies on the disk before and after the verdict, what
// each lying exit comes to.

import test from 'node:test';
import assert from 'node:assert/strict';
import { freshName, sleep, until, withEditions } from './harness.mjs';
import { DownloadPage, PLAIN, browsersOwn, clearBrowsersOwn, downloadFolder, filesUnder } from './downloadpage.mjs';
import { assertForm } from './reportform.mjs';
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
    const page = new DownloadPage(firefox);
    await page.forget();
    const folder = await downloadFolder(firefox);
    const url = `http://${name}:${HTTP}${where}`;
    await firefox.open(url);
    return { name, spec, folder, url, page, file: where.slice(1) };
  }

  /** The button of our page opens the form with this finding: both lengths and digests, and what stands where the files differ. */
  async function reports(page, entry, spec, { name, accused }) {
    await page.press(entry, 'report');
    const report = await assertForm(its().firefox, { kind: 'download', host: name, port: HTTP, edition, accused });
    assert.equal(report.reproduce, `secondexit download http://${name}:${HTTP}/ --first-exit ${accused}`);
    const [mine] = report.first, other = report.others.find((o) => o.ranges);
    assert.ok(other.exit.fingerprint !== accused && mine.sha256 && mine.sha256 !== other.sha256, JSON.stringify(report));
    assert.deepEqual([mine.length, other.length], [spec.body.length, spec.body.length]);
    assert.deepEqual(mine.ranges.map(({ offset, length }) => [offset, length]), other.ranges.map(({ offset, length }) => [offset, length]));
    for (const { offset, length, bytes } of other.ranges) assert.ok(Buffer.from(bytes, 'base64').equals(spec.body.subarray(offset, offset + length)));
    for (const { bytes } of mine.ranges) assert.ok(!other.ranges.some((r) => r.bytes === bytes));
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

  // In the standard edition the first exit brings nothing but headers; what it would have sent nobody gets.
  for (const how of ['append', 'patch', 'patch-last', 'replace', 'truncate']) {
    test(`the first exit plays ${how}: ${isExact ? 'mismatch, removed, told' : 'the file comes from others'}`, { timeout: 180000 }, async () => {
      const { firefox, origin } = its();
      const { spec, folder, page, file, name } = await download({ first: how });
      const entry = await page.done(file);
      if (!isExact) {
        assert.equal(entry.verdict, 'match', entry.text);
        await until(async () => (await filesUnder(folder))[file]?.equals(spec.body), { what: 'the honest file' });
        return;
      }
      assert.deepEqual([entry.verdict, entry.reason], ['mismatch', 'other_file'], entry.text);
      assert.match(entry.text, new RegExp(origin.connections(name)[0].exit));
      await until(async () => Object.keys(await filesUnder(folder)).length === 0, { what: 'nothing on the disk' });
      if (how === 'patch') await reports(page, entry, spec, { name, accused: origin.connections(name)[0].fingerprint });
      const own = await until(async () => (await browsersOwn(firefox)).find((d) => d.stopped), { what: 'the browser’s end of it' });
      assert.deepEqual([own.succeeded, own.hasBlockedData, own.stopped], [false, false, true], JSON.stringify(own));
    });
  }

  test('one of the others changes it: two against one decide, or nobody does; never the changed file', { timeout: 180000 }, async () => {
    const { spec, folder, page, file } = await download({ others: ['patch', 'honest'] });
    const entry = await page.done(file);
    await sleep(500);
    const got = withoutParts(await filesUnder(folder));
    for (const bytes of Object.values(got)) assert.ok(bytes.equals(spec.body), 'the changed file has a name');
    if (isExact) assert.notEqual(entry.verdict, 'mismatch', entry.text);
  });

  // The one that brings the host's own copy, which is the file here in the standard edition.
  test('the exit of the host’s copy changes it: mismatch, and that exit is reported', { timeout: 180000, skip: isExact }, async () => {
    const { origin } = its();
    const { spec, page, file, name, folder } = await download({ others: ['patch', 'honest'] });
    const entry = await page.done(file);
    assert.deepEqual([entry.verdict, entry.reason], ['mismatch', 'other_file'], entry.text);
    assert.deepEqual(await filesUnder(folder), {});
    const liar = spec.served.find((s) => s.how === 'patch');
    await reports(page, entry, spec, { name, accused: its().net.exits.find((e) => e.nickname === liar.exit).fingerprint });
  });

  test('a file of its own for everybody: customised, nothing has a name', { timeout: 180000 }, async () => {
    const { folder, page, file } = await download({ first: 'custom', others: 'custom' });
    const entry = await page.done(file);
    assert.equal(entry.verdict, 'undecided', entry.text);
    assert.deepEqual(withoutParts(await filesUnder(folder)), {});
    if (isExact) await page.press(entry, 'cancel');
  });

  for (const [how, reasons] of [['gone', ['gone']], ['refused', ['refused']], ['captcha', ['not_a_file']]]) {
    test(`others get ${how}: undecided with that reason, held`, { timeout: 180000 }, async () => {
      const { folder, page, file } = await download({ others: how });
      const entry = await page.done(file);
      assert.equal(entry.verdict, 'undecided', entry.text);
      assert.ok(reasons.includes(entry.reason), entry.reason);
      assert.deepEqual(withoutParts(await filesUnder(folder)), {});
      if (isExact) await page.press(entry, 'cancel');
    });
  }

  test('the first exit answers 302 to its own file, on its own valid HTTPS site too: never a match of that file', { timeout: 240000 }, async () => {
    const { firefox, origin } = its();
    // Often enough for tor to choose another exit for the second step, and the host's draw to fall on the one that lied.
    for (const scheme of ['http', 'https', 'http', 'https', 'http', 'https']) {
      const own = freshName('evil');
      const evil = exe();
      origin.site(own, { files: { '/setup.exe': { body: evil } } });
      const { folder, page, file, spec } = await download({ first: 'redirect', target: `${scheme}://${own}:${scheme === 'http' ? HTTP : 18443}/setup.exe` });
      const entry = await page.done(file);
      await sleep(500);
      const got = withoutParts(await filesUnder(folder));
      for (const bytes of Object.values(got)) assert.ok(bytes.equals(spec.body), `${scheme}: the exit's file has a name`);
      if (isExact) assert.notEqual(entry.verdict, 'match', entry.text);
      if (isExact && entry.verdict === 'undecided') await page.press(entry, 'cancel');
      assert.ok(!(await browsersOwn(firefox)).some((d) => d.succeeded), 'the browser finished it');
    }
  });

  test('a server without ranges; one that is slow: match', { timeout: 240000 }, async () => {
    for (const more of [{ noRanges: true }, { body: exe(300000), rate: 60000 }]) {
      const { spec, folder, page, file } = await download(more);
      const entry = await page.done(file, { limit: 120000 });
      assert.equal(entry.verdict, 'match', entry.text);
      await until(async () => (await filesUnder(folder))[file]?.equals(spec.body), { what: 'the file' });
    }
  });

  test('text is shown, and is no file; a program as text is one', { timeout: 180000 }, async () => {
    const { firefox, origin } = its();
    const name = freshName('text');
    origin.site(name, { pages: { '/a.txt': () => ['text/plain', 'some words'] } });
    const folder = await downloadFolder(firefox);
    const tab = await firefox.open(`http://${name}:${HTTP}/a.txt`);
    await tab.wait(() => document.body?.innerText.includes('some words'), { what: 'the text' });
    assert.deepEqual(await filesUnder(folder), {});
    const { page, file } = await download({ type: 'text/plain' });
    assert.equal((await page.done(file)).verdict, 'match');
  });
}, { net: { clientOptions: ['ConfluxEnabled 0'] }, firefox: { prefs: PLAIN } });
