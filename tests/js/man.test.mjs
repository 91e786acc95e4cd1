// The manual, --help and each verb's --help name the same verbs and options.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const PROGRAM = path.resolve(ROOT, process.env.SECONDEXIT ?? 'build/secondexit');
const MAN = path.join(ROOT, 'man/secondexit.1');

function help(...args) {
  const r = spawnSync(PROGRAM, args, { encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  assert.equal(r.stderr, '');
  return r.stdout;
}

function options(text) {
  return [...new Set(text.match(/(?<![\w-])--?[a-z][a-z-]*/g))].filter((o) => o.startsWith('--') || o === '-k').sort();
}

const overview = help('--help');
const verbs = [...overview.matchAll(/^ {2}([a-z]+) {2,}[a-z]/gm)].map((m) => m[1]).filter((v) => v !== 'secondexit');
const manual = fs.readFileSync(MAN, 'utf8').replace(/\\f[BIR]/g, '').replace(/\\-/g, '-');

test('verbs', () => {
  assert.ok(verbs.includes('cert') && verbs.includes('doctor') && verbs.length >= 5, verbs.join());
  const section = manual.slice(manual.indexOf('.SH VERBS'), manual.indexOf('.SH OPTIONS'));
  for (const v of verbs) assert.match(section, new RegExp(`^(\\.B |.*, )?${v}\\b`, 'm'), `${v} is not in the manual`);
});

test('options: the manual has those of --help and of the verbs, and no others', () => {
  const said = options([overview, ...verbs.map((v) => help(v, '--help'))].join('\n'));
  assert.deepEqual(options(manual), said);
});

test('every option of a verb\'s help is taken by that verb', () => {
  for (const v of verbs) {
    for (const o of options(help(v, '--help')).filter((x) => x !== '--help' && x !== '-k')) {
      const r = spawnSync(PROGRAM, [v, o], { encoding: 'utf8', env: { HOME: '/nonexistent' } });
      assert.doesNotMatch(r.stderr, /unknown option/, `${v} ${o}`);
    }
  }
});

test('help: wrong usage is told on standard error, status 2, with the way on', () => {
  for (const args of [[], ['nonsense'], ['--nonsense'], ['cert'], ['cert', '--nonsense'], ['exits', 'x'], ['doctor', 'x'], ['install', 'x'],
    ['cert', 'https://a.test/'], ['cert', 'a.test:0'], ['cert', 'a.test:99999'], ['cert', 'a.test', 'b.test'], ['cert', 'a.test', '-k', '0'],
    ['cert', 'a.test', '--first-exit', 'xyz'], ['cert', ':443'], ['cert', '[::1'], ['exits', '--independent-of', '12'], ['cert', 'a b'],
    ['cert', 'a.test', '--same-country', '--two-continents']]) {
    const r = spawnSync(PROGRAM, args, { encoding: 'utf8', env: { HOME: '/nonexistent' } });
    assert.equal(r.status, 2, args.join(' '));
    assert.equal(r.stdout, '');
    assert.match(r.stderr, /^secondexit/);
  }
});

test('help fits a terminal of 80 columns', () => {
  for (const text of [overview, ...verbs.map((v) => help(v, '--help'))])
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
});

test('the manual is well-formed', (t) => {
  const r = spawnSync('groff', ['-man', '-ww', '-z', MAN], { encoding: 'utf8' });
  if (r.error) { t.skip('no groff here'); return; }
  assert.equal(r.stderr, '');
});

test('the collector: its manual has the verbs and options of --help, and no others', (t) => {
  const r = spawnSync(path.join(path.dirname(PROGRAM), 'secondexit-collector'), ['--help'], { encoding: 'utf8' });
  assert.equal(r.status, 0);
  const file = path.join(ROOT, 'man/secondexit-collector.8');
  const text = fs.readFileSync(file, 'utf8').replace(/\\f[BIR]/g, '').replace(/\\-/g, '-');
  assert.deepEqual(options(text).filter((o) => !['--help', '--version'].includes(o)), options(r.stdout).filter((o) => o !== '--help'));
  const verbs = [...r.stdout.matchAll(/^ {2}([a-z]+) /gm)].map((m) => m[1]);
  assert.ok(verbs.length >= 5);
  for (const v of verbs) assert.match(text, new RegExp(`^(\\.B )?${v}\\b`, 'm'), v);
  for (const line of r.stdout.split('\n')) assert.ok(line.length <= 80, line);
  const g = spawnSync('groff', ['-man', '-ww', '-z', file], { encoding: 'utf8' });
  if (g.error) { t.skip('no groff here'); return; }
  assert.equal(g.stderr, '');
});
