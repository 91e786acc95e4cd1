// Each way of comparing a download against each thing that an exit does to a program, in a real browser: a digest in the answer's head, a part that
// commits to the rest (a signed program of more than 4 MiB), every byte, samples of a file that is too large for that.

import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freshName, until, withEditions } from './harness.mjs';
import { DownloadPage, PLAIN, clearBrowsersOwn, downloadFolder, filesUnder, setOptions } from './downloadpage.mjs';
import { exe } from '../origin/files.mjs';
import { pe } from '../files/signed.mjs';

const HTTP = 18080;

const signers = mkdtempSync(path.join(os.tmpdir(), 'secondexit-signed-'));
const [signed, again] = ['first', 'second'].map((name) => readFileSync(pe(signers, `${name}.exe`, 4400000, ['-h', 'sha256', '-n', name])));
rmSync(signers, { recursive: true });
const digestOf = (body) => ({ 'Repr-Digest': `sha-256=:${createHash('sha256').update(body).digest('base64')}:` });

// What each method is given; larger than 10 MiB is sampled here (the smallest choice of the options page).
const small = exe(150000), large = exe(11000000);
const FILES = {
  digest_header: { body: small, headers: digestOf(small), resigned: exe(150500) },
  commitment: { body: signed, resigned: again },
  whole: { body: small, resigned: exe(150500) },
  ranges: { body: large, resigned: exe(11000000) },
};

withEditions((edition, its) => {
  const isExact = edition === 'privileged';

  async function start(files) {
    const { firefox, origin } = its();
    await clearBrowsersOwn(firefox);
    const page = new DownloadPage(firefox);
    await setOptions(firefox, { whole: 10, budget: 1 });
    await page.forget();
    const folder = await downloadFolder(firefox);
    const all = Object.entries(files).map(([label, file]) => {
      const name = freshName('way'), spec = { ...file };
      origin.site(name, { files: { [`/${label}.exe`]: spec } });
      return { label, spec, page, folder, url: `http://${name}:${HTTP}/${label}.exe`, file: `${label}.exe` };
    });
    for (const { url } of all) await firefox.open(url);
    return all;
  }

  test('honest files: each by its own method', { timeout: 240000 }, async () => {
    for (const { label, spec, page, folder, file } of await start(FILES)) {
      const entry = await page.done(file, { limit: 120000 });
      assert.deepEqual([entry.verdict, entry.method], ['match', label], entry.text);
      await until(async () => (await filesUnder(folder))[file]?.equals(spec.body), { what: `${label}: the file` });
      // Never called verified without what was missed.
      if (label === 'ranges') assert.match(entry.text, /%/);
    }
  });

  // In the standard edition it is always the same: the others outvote it. FULL=1 plays all of them there as well.
  for (const change of isExact || process.env.FULL ? ['append', 'patch', 'replace', 'truncate', 'resigned'] : ['patch', 'resigned']) {
    test(`an exit that plays ${change}, against each method`, { timeout: 300000 }, async () => {
      // In the standard edition the browser's exit brings headers alone: there one of the others lies, the one that brings the file.
      const lies = isExact ? { first: change } : { others: [change, 'honest'] };
      for (const { label, spec, page, folder, file } of await start(Object.fromEntries(Object.entries(FILES).map(([method, spec]) => [method, { ...spec, ...lies }])))) {
        let entry = await page.done(file, { limit: 120000 });
        // A file of another length may be another version of it: no part of one says anything. All of it does.
        if (isExact && label === 'ranges' && ['append', 'truncate'].includes(change)) {
          assert.deepEqual([entry.verdict, entry.reason], ['undecided', 'entity_differs'], entry.text);
          await page.press(entry, 'whole');
          entry = await page.wait(file, (e) => e.phase === 'done' && e.method === 'whole', { limit: 120000 });
        }
        const got = (await filesUnder(folder))[file];
        // One changed bit of ten million bytes is what samples miss: then the verdict says how probable that was.
        const isMissable = label === 'ranges' && change === 'patch';
        if (isExact && !isMissable) assert.equal(entry.verdict, 'mismatch', `${label}: ${entry.text}`);
        if (!isMissable) assert.ok(!got?.length || got.equals(spec.body), `${label}: the changed file has a name`);
        else if (entry.verdict === 'match') assert.deepEqual([entry.method, /%/.test(entry.text)], ['ranges', true], entry.text);
      }
    });
  }

  test('servers that lie about ranges: never a match of samples; "the whole file" is offered, and decides', { timeout: 480000 }, async () => {
    const [{ spec, page, folder, file }] = await start({ ranges: { ...FILES.ranges, others: 'lies' } });
    // Two exits after each of three are asked for some fifty parts, one after the other: 40 s on a quiet machine.
    const entry = await page.done(file, { limit: 240000 });
    assert.deepEqual([entry.verdict, entry.reason, entry.buttons.includes('whole')], ['undecided', 'ranges_unreliable', true], entry.text);
    assert.ok(!(await filesUnder(folder))[file]?.length, 'it has its name');
    await page.press(entry, 'whole');
    const whole = await page.wait(file, (e) => e.phase === 'done' && e.verdict === 'match', { limit: 120000 });
    assert.equal(whole.method, 'whole', whole.text);
    await until(async () => (await filesUnder(folder))[file]?.equals(spec.body), { what: 'the file' });
  });

  test('a mismatch is told by a notification of the system; its click shows our page', { timeout: 180000 }, async () => {
    const { firefox } = its();
    const other = await firefox.open('about:blank');
    const lies = isExact ? { first: 'patch' } : { others: ['patch', 'honest'] };
    const [{ page, file }] = await start({ whole: { ...FILES.whole, ...lies } });
    const entry = await page.done(file, { limit: 120000 });
    assert.equal(entry.verdict, 'mismatch', entry.text);
    const tab = await page.tab();
    const alert = (isPressed) => firefox.chrome((press) => {
      const win = [...Services.ww.getWindowEnumerator()].find((w) => w.location.href.endsWith('/alert.xhtml'));
      const text = win ? ['alertTitleLabel', 'alertTextLabel'].map((id) => win.document.getElementById(id)).map((e) => e?.value || e?.textContent || '').join(' ') : '';
      if (text.trim() && press) win.document.getElementById('alertBox').click();
      return text.trim();
    }, isPressed);
    const told = await until(() => alert(false), { what: 'a notification' });
    assert.match(told, new RegExp(file));
    assert.doesNotMatch(told, /http|way\d/, 'the site is named where others may look');
    await other.front();
    await until(() => tab.now(() => document.visibilityState === 'hidden'), { what: 'our page behind another' });
    await alert(true);
    await until(() => tab.now(() => document.visibilityState === 'visible'), { what: 'our page in front' });
  });
}, { net: { clientOptions: ['ConfluxEnabled 0'] }, // Headless there is no system that shows notifications: the browser's own ones.
  firefox: { prefs: { ...PLAIN, 'alerts.useSystemBackend': false } } });
