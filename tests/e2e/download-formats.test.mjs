// Honest downloads of every format that the host knows a signature of, and of archives that hold a program: held as programs, compared, then there
// under their names with every byte.

import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freshName, until, withEditions } from './harness.mjs';
import { DownloadPage, PLAIN, browsersOwn, clearBrowsersOwn, downloadFolder, filesUnder } from './downloadpage.mjs';
import { apk, appx, cab, msi, pe, rpm, xar, xpi } from '../files/signed.mjs';
import { exe } from '../origin/files.mjs';

const HTTP = 18080;
const SIZE = 60000;

const made = mkdtempSync(path.join(os.tmpdir(), 'secondexit-formats-'));
const run = (program, ...args) => execFileSync(program, args, { cwd: made, stdio: 'pipe' });

function archives() {
  writeFileSync(path.join(made, 'setup.exe'), exe(SIZE));
  run('zip', '-q', 'inner.zip', 'setup.exe');
  run('zip', '-q', 'program.zip', 'inner.zip');
  run('tar', '-czf', 'program.tar.gz', 'setup.exe');
  mkdirSync(path.join(made, 'deb', 'DEBIAN'), { recursive: true });
  writeFileSync(path.join(made, 'deb', 'DEBIAN', 'control'), 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x.test>\nDescription: x\n');
  run('dpkg-deb', '--build', 'deb', 'program.deb');
  return ['program.zip', 'program.tar.gz', 'program.deb'].map((name) => path.join(made, name));
}

// One whose tool this machine has not is none: the unit tests of the host say which.
const files = [pe(made, 'program.exe', SIZE), rpm(made, 'program.rpm', SIZE), apk(made, 'program.apk', SIZE), appx(made, 'program.appx', SIZE), msi(made, 'program.msi', SIZE),
  cab(made, 'program.cab', SIZE), xar(made, 'program.pkg', SIZE), xpi(made, 'program.xpi', SIZE), ...archives()].filter(Boolean).map((file) => [path.basename(file), readFileSync(file)]);
rmSync(made, { recursive: true });

withEditions((edition, its) => {
  test(`${files.map(([name]) => name.replace(/^program/, '')).join(', ')}: each a match, with every byte`, { timeout: 300000 }, async () => {
    const { firefox, origin } = its();
    assert.ok(files.length >= 10, `only ${files.length} could be made`);
    for (const [file, body] of files) {
      const name = freshName('format');
      origin.site(name, { files: { [`/${file}`]: { body } } });
      await clearBrowsersOwn(firefox);
      const page = new DownloadPage(firefox);
      await page.forget();
      const folder = await downloadFolder(firefox);
      await firefox.open(`http://${name}:${HTTP}/${file}`);
      const entry = await page.done(file);
      // Programs of another system are none here.
      assert.deepEqual([entry.verdict, ['executable', 'other'].includes(entry.class)], ['match', true], `${file}: ${entry.text}`);
      await until(async () => (await filesUnder(folder))[file]?.equals(body), { what: `${file} under its name` });
      if (edition === 'privileged') assert.ok((await browsersOwn(firefox)).some((d) => d.succeeded), file);
    }
  });
}, { net: { clientOptions: ['ConfluxEnabled 0'] }, firefox: { prefs: PLAIN } });
