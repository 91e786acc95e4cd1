// Words, pages, packages: every reason has its words in every language, no page can run foreign code, and both editions
// are the same bytes each time.

import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as words from '../../extension/ui/words.js';
import * as clip from '../../extension/core/clip.js';
import * as copyWords from '../../extension/ui/copywords.js';
import { copyBody } from '../../extension/ui/copyview.js';
import { wholeShare } from '../../extension/ui/progress.js';
import { statusOf, chanceText } from '../../extension/ui/answers.js';
import { pathsOf } from '../../extension/ui/diagram.js';
import * as downloads from '../../extension/ui/downloadview.js';
import { CHOICES } from '../../extension/core/dlpolicy.js';
import { build, editionManifest } from '../../tools/dist.mjs';
import { crc32 } from '../../tools/crc32.mjs';
import { answer, hex, relay, result } from './ext-fakes.mjs';

const ROOT = new URL('../../', import.meta.url);
const text = (path) => readFileSync(new URL(path, ROOT), 'utf8');
const LANGUAGES = readdirSync(new URL('extension/_locales/', ROOT));
const locale = (language) => JSON.parse(text(`extension/_locales/${language}/messages.json`));
const en = locale('en');
const files = (folder, end) => readdirSync(new URL(folder, ROOT)).filter((n) => n.endsWith(end)).map((n) => `${folder}${n}`);
const SOURCES = ['extension/background.js', ...['core', 'feature', 'platform', 'ui'].flatMap((d) => files(`extension/${d}/`, '.js'))];

// Records what was asked for; an unknown key is a defect.
const t = (key, ...parts) => {
  assert.ok(key in en, `no words for ${key}`);
  return en[key].message.replace(/\$(\d)/g, (all, n) => parts[n - 1] ?? '');
};

test('every language has the same keys, each with the same blanks, none empty', () => {
  const blanks = (message) => (message.match(/\$\d/g) ?? []).sort().join();
  for (const language of LANGUAGES) {
    const other = locale(language);
    assert.deepEqual(Object.keys(other).sort(), Object.keys(en).sort());
    for (const [key, { message }] of Object.entries(other)) {
      assert.ok(message.trim(), `${language} ${key}`);
      assert.equal(new Set(blanks(message).split(',')).size, new Set(blanks(en[key].message).split(',')).size, `${language} ${key}`);
      if (language !== 'en' && message.length > 24) assert.notEqual(message, en[key].message, `${language} ${key} is not translated`);
    }
  }
});

test('every literal key in the sources exists', () => {
  for (const file of SOURCES) {
    for (const [, key] of text(file).matchAll(/\bt\('([a-z0-9_]+)'/g)) assert.ok(key in en, `${file}: ${key}`);
  }
  for (const [, key] of text('extension/manifest.json').matchAll(/__MSG_(\w+)__/g)) assert.ok(key in en, key);
});

test('every verdict, reason, problem and error of the host has words', () => {
  const inHeader = [...text('host/base/verdict.h').matchAll(/\b[XY]\(REASON_\w+,\s+"(\w+)"\)/g)].map((m) => m[1]).filter((r) => r !== 'none');
  const known = Object.values(words.KNOWN_REASONS).flat();
  const ofCopies = [...Object.values(copyWords.COPY_REASONS).flat(), ...Object.values(downloads.KNOWN_DOWNLOAD_REASONS).flat()];
  // Reasons of the question whether HTTPS is withheld are told by the pages of that question.
  const isOurs = (reason) => !reason.includes('https');
  assert.deepEqual([...new Set([...known, ...ofCopies])].filter(isOurs).sort(), inHeader.filter(isOurs).sort());
  for (const [verdict, reasons] of Object.entries(words.KNOWN_REASONS)) {
    for (const reason of [...reasons, 'of_a_later_version']) {
      const view = { phase: 'done', verdict, host: 'site.test', edition: 'standard', result: { verdict, reason, k: 3, weaker: true, error: null } };
      assert.ok(words.titleOf(t, view) && words.leadOf(t, view).every(Boolean));
      words.remedyOf(t, view);
      words.toneOf(view);
    }
  }
  for (const code of [...words.KNOWN_PROBLEMS, 'of_a_later_version']) {
    const view = { phase: 'done', verdict: 'undecided', problem: { code, error: null, detail: '' } };
    assert.ok(words.leadOf(t, view)[0] && words.remedyOf(t, view));
  }
  const numbers = [...text('host/base/err.h').matchAll(/X\(ERR_\w+,\s+(\d+),/g)].map((m) => Number(m[1]));
  for (const code of numbers) {
    const problem = { code: 'host_error', error: { code, name: 'x', text: 'y' }, detail: '' };
    assert.ok(words.problemText(t, problem) && words.problemRemedy(t, problem), String(code));
  }
  for (const code of words.KNOWN_ERRORS) assert.ok(numbers.includes(code), `${code} is no error of the host`);
});

test('every phase has a title and a lead; only match and exempt are calm', () => {
  for (const phase of ['checking', 'waiting', 'harmless', 'over']) {
    for (const why of ['', 'click', 'again', 'closed']) {
      const view = { phase, why, host: 'site.test', stored: true };
      assert.ok(words.titleOf(t, view) && words.leadOf(t, view).every(Boolean));
    }
  }
  const tone = (verdict) => words.toneOf({ phase: 'done', verdict });
  assert.deepEqual(['match', 'exempt', 'mismatch', 'undecided', 'odd'].map(tone), ['calm', 'calm', 'alarm', 'unsure', 'unsure']);
});

test('no button where there is no way on', () => {
  const button = (way, more) => words.wayWords(t, { way, host: 'site.test', edition: 'standard', ...more }).button;
  assert.deepEqual(['none', 'information', undefined, 'odd'].map((w) => button(w)), ['', '', '', '']);
  for (const way of ['exception', 'native', 'direct']) assert.ok(button(way));
  assert.match(words.wayWords(t, { way: 'native', edition: 'standard' }).note, /privileged edition/);
});

test('an exit differs; nobody is called a liar', () => {
  for (const language of LANGUAGES) {
    for (const [key, { message }] of Object.entries(locale(language))) {
      if (key !== 'answers_note') assert.doesNotMatch(message, /\bliar\b|\blies\b|\blügt\b|Lügner|كاذب/i, `${language} ${key}`);
    }
  }
  assert.equal(statusOf(t, answer(1, hex('b'), 'differs')).tone, 'differs');
  assert.equal(statusOf(t, answer(1, hex('b'), 'differs', { valid: true })).tone, 'valid');
  assert.equal(statusOf(t, answer(0, hex('a'), null)).tone, 'first');
  assert.equal(statusOf(t, answer(1, hex('b'), null, { status: 'failed', certificate: null })).tone, 'silent');
});

test('numbers and fingerprints', () => {
  assert.equal(words.grouped(hex('a')).split(' ').length, 16);
  assert.equal(words.countryName('en', 'DE'), 'Germany');
  assert.equal(words.countryName('en', '??'), '');
  assert.equal(chanceText(t, 'en', { chance: [0.23, 0.0529, 0.012167], answered: 3 }).includes('1.2%'), true);
  assert.equal(chanceText(t, 'en', { chance: [], answered: 3 }), '');
  assert.equal(chanceText(t, 'en', { chance: [0.2], answered: 0 }), '');
  const k = 3;
  assert.equal(wholeShare({ k, slots: {} }), 0);
  assert.equal(wholeShare({ k, slots: Object.fromEntries([0, 1, 2, 3].map((s) => [s, { step: 'done' }])) }), 1);
  assert.equal(wholeShare({ k, slots: { 0: { step: 'failed' } } }), 0);
});

test('the picture shows your path first, then the others, also when hardly anything is known', () => {
  const r = result({ host: 'x' }, 'mismatch');
  assert.deepEqual(pathsOf(t, r).map((p) => p.tone), ['yours', 'differs', 'differs', 'differs']);
  const poor = { first: [answer(0, hex('a'), null, { exit: null, path: [] })], others: [answer(1, hex('b'), 'differs', { path: [], exit: relay(5) })], browser_paths: [] };
  assert.deepEqual(pathsOf(t, poor).map((p) => p.relays.length), [0, 1]);
  assert.deepEqual(pathsOf(t, { first: [], others: [], browser_paths: [] }), []);
});

test('browser.* is used under platform/ alone, and text is never markup', () => {
  for (const file of SOURCES) {
    const code = text(file).replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
    if (!file.includes('/platform/')) assert.doesNotMatch(code, /(^|[^.\w])(browser|chrome)\./m, file);
    assert.doesNotMatch(code, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(['"]style/, file);
  }
});

test('every state of a held copy has words', () => {
  const address = { address: 'x', short: 'x', coin: 'Bitcoin', ticker: 'BTC', form: 'P2PKH', network: 'main', weak: false, normalised: false };
  const base = { phase: 'held', how: 'copy', word: 'tulip', page: 'http://a.test/', addresses: [address], more: false, problem: null, compareProblem: null, compare: null, whyNot: '', k: 3, slots: {} };
  const views = ['over', 'asking', 'held', 'comparing', 'clean'].map((phase) => ({ ...base, phase }));
  for (const how of clip.HOWS) views.push({ ...base, how });
  for (const code of [...words.KNOWN_PROBLEMS, ...copyWords.OWN_PROBLEMS, 'of_a_later_version']) views.push({ ...base, problem: { code, error: null, detail: '' } }, { ...base, compareProblem: { code, error: null, detail: '' } });
  for (const [verdict, reasons] of Object.entries(copyWords.COPY_REASONS)) {
    for (const reason of [...reasons, 'of_a_later_version']) views.push({ ...base, phase: verdict === 'match' ? 'released' : 'held', written: true, compare: { verdict, reason, k: 3 } });
  }
  for (const whyNot of copyWords.WHY_NOT) views.push({ ...base, whyNot });
  for (const view of views) {
    assert.ok(copyWords.copyTitle(t, view) && copyWords.copyLead(t, view).every(Boolean), JSON.stringify(view));
    copyWords.copyRemedy(t, view);
    copyWords.whyNotText(t, view);
    assert.ok(['wait', 'calm', 'alarm', 'unsure'].includes(copyWords.copyTone(view)));
    if (!['released', 'clean'].includes(view.phase)) assert.notEqual(copyWords.copyTone(view), 'calm', JSON.stringify(view));
  }
  assert.equal(typeof copyBody, 'function');
});

test('every state of a download has words, and only a match is calm', () => {
  const base = { id: 'a', url: 'http://a.test/x.exe', name: 'x.exe', cls: 'executable', phase: 'done', why: '', how: 'hold', isLinkSecure: true, slots: {}, problem: null, verdict: 'undecided', evidence: '', isGone: false, can: {} };
  const views = [{ ...base, phase: 'noticed' }, { ...base, phase: 'checking' }, { ...base, phase: 'checking', how: 'fetch' }];
  for (const [phase, whys] of Object.entries(downloads.WHYS)) for (const why of [...whys, 'later']) views.push({ ...base, phase, why });
  for (const code of [...words.KNOWN_PROBLEMS, 'host_old', 'later']) views.push({ ...base, problem: { code, error: null, detail: '' } });
  for (const [verdict, reasons] of Object.entries(downloads.KNOWN_DOWNLOAD_REASONS)) {
    for (const reason of [...reasons, 'later']) {
      for (const missed of [null, { block: 0.9, kib64: 0.5, percent: 0.01 }]) views.push({ ...base, verdict, result: { verdict, reason, answered: 1, missed, error: null } });
    }
  }
  for (const view of views) {
    const lead = downloads.leadOf(t, 'en', view);
    assert.ok(downloads.titleOf(t, view) && lead.every(Boolean), JSON.stringify(view));
    assert.equal(downloads.toneOf(view) === 'calm', view.phase === 'done' && view.verdict === 'match', JSON.stringify(view));
    // A match by parts is never shown without what it proves.
    if (view.result?.missed && view.verdict === 'match') assert.match(lead.join(' '), /90%.*50%.*1%/);
  }
  for (const [field, choices] of Object.entries(CHOICES)) for (const key of [field, ...choices]) assert.ok(`options_${key}` in en, key);
  for (const cls of ['executable', 'other', 'transparent']) assert.ok(`download_class_${cls}` in en);
  for (const kind of ['start', 'retry', 'whole', 'cancel', 'keep', 'show', 'remove']) assert.ok(`download_do_${kind}` in en);
});

test('pages load nothing but their own files, and nothing inline', () => {
  const manifest = JSON.parse(text('extension/manifest.json'));
  const policy = manifest.content_security_policy.extension_pages;
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|http|\*|data:/);
  assert.equal(manifest.web_accessible_resources, undefined);
  for (const { js, css } of manifest.content_scripts) {
    assert.equal(css, undefined);
    for (const file of js) assert.doesNotMatch(text(`extension/${file}`), /https?:\/\/(?!www\.w3\.org)|\bfetch\(|XMLHttpRequest/, file);
  }
  for (const page of files('extension/ui/', '.html')) {
    const html = text(page);
    assert.doesNotMatch(html, /<style|style=|\son\w+=|https?:/, page);
    for (const [, attributes, inner] of html.matchAll(/<script([^>]*)>([^<]*)/g)) assert.ok(attributes.includes('src=') && inner === '', page);
  }
});

test('manifest: the permissions are those that PERMISSIONS.md explains', () => {
  const manifest = JSON.parse(text('extension/manifest.json'));
  const why = text('extension/PERMISSIONS.md');
  for (const name of [...manifest.permissions, ...manifest.host_permissions, 'storage.local']) assert.ok(why.includes(`\`${name}\``), name);
  assert.equal(manifest.manifest_version, 3);
  assert.equal(manifest.incognito, 'spanning');
  assert.equal(manifest.browser_specific_settings.gecko.id, 'secondexit@secondexit.org');
  assert.equal(editionManifest(manifest, '1.2.3', false).experiment_apis, undefined);
  assert.ok(editionManifest(manifest, '1.2.3', true).experiment_apis.secondexit);
});

test('both packages are the same bytes every time; the standard one holds nothing privileged', () => {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'ext-dist-')));
  try {
    const packed = folders.map((folder) => {
      build('0.1.0', folder);
      return ['standard', 'privileged'].map((edition) => readFileSync(join(folder, `secondexit-${edition}-0.1.0.xpi`)));
    });
    for (const i of [0, 1]) assert.ok(packed[0][i].equals(packed[1][i]));
    for (const name of ['privileged/api.js', 'privileged/downloads.js']) {
      assert.equal(packed[0][0].includes(name), false);
      assert.equal(packed[0][1].includes(name), true);
    }
    for (const xpi of packed[0]) {
      assert.ok(xpi.includes('shared/cert-errors.json'));
    }
    for (const edition of ['standard', 'privileged']) {
      const names = readdirSync(join(folders[0], edition), { recursive: true });
      assert.deepEqual(names.filter((n) => n.endsWith('.md')), ['PERMISSIONS.md']);
    }
    assert.equal(crc32(Buffer.from('123456789')), 0xCBF43926);
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true });
  }
});
