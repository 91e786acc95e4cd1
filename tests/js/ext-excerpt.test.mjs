// extension/content/excerpt.js: of a long text the host is asked about the parts that could hold an address. Whatever it finds in the whole
// it finds in the parts; nothing that could be cut wrongly is cut.

import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import '../../extension/content/bared.js';
import '../../extension/content/candidate.js';
import '../../extension/content/excerpt.js';

const ROOT = new URL('../../', import.meta.url);
const HOST = path.join(process.env.SECONDEXIT_BUILD ?? new URL('build', ROOT).pathname, 'secondexit');
const VALID = JSON.parse(readFileSync(new URL('shared/vectors/currencies.json', ROOT), 'utf8')).vectors.flatMap((v) => v.valid ?? []);
const BITCOIN = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa';
const { excerptOf, partsOf } = globalThis.secondexit;
const prose = (n, from = 0) => 'It was the best of times, it was the worst of times; it was 1859, and so on and so forth, until the very end of the tale. '.repeat(1 + Math.ceil((n + from) / 122)).slice(from, from + n);

function found(text) {
  let out;
  try {
    out = execFileSync(HOST, ['scan', '--json'], { input: text, maxBuffer: 1 << 28 }).toString();
  } catch (e) {
    out = e.stdout.toString();
  }
  return out.split('\n').filter(Boolean).map(JSON.parse).filter((line) => Number.isInteger(line.offset)).map((line) => `${line.address} ${line.ticker}`).sort();
}

const every = (n, glue) => (address) => address.replace(new RegExp(`.{${n}}(?=.)`, 'g'), `$&${glue}`);
const at = (share, glue) => (a) => { const i = Math.max(1, Math.min(a.length - 1, Math.round(a.length * share))); return a.slice(0, i) + glue + a.slice(i); };
const VARIANTS = {
  alone: (a) => a,
  'after a label': (a) => `wallet:${a}`,
  'a word near by': (a) => `arweave near hedera sui aptos starknet, that is where to send it now: ${a}`,
  'a word behind': (a) => `${a}, which is ${'-'.repeat(20)} on near, arweave, aptos`,
  'groups of four': every(4, ' '),
  'groups of five': every(5, ' '),
  'groups of eight, no-break': every(8, '\u00a0'),
  'groups, a wide gap': every(8, `\n${' '.repeat(60)}`),
  'two halves': at(0.5, ' '),
  'a short end': at(0.9, '\n'),
  'a short beginning': at(0.1, '\n'),
  'three parts': (a) => at(0.7, '\n')(at(0.3, '\r\n      ')(a)),
  'a hyphen and a line end': at(0.6, '-\n'),
  'dots in the prose': (a) => `… ${a} …`,
};

test('what the host finds in the whole it finds in the parts: each vector, dressed and broken, wherever it stands', { skip: !existsSync(HOST) && 'no host built' }, () => {
  let sum = 0;
  for (const [name, make] of Object.entries(VARIANTS)) {
    // Prose enough between two that nothing of one's part is in another's; of every length, so that blocks of 64 bytes begin anywhere.
    const whole = VALID.map((address, i) => `${prose(1400 + i % 131, i)}, ${make(address)}, `).join('') + prose(3000);
    const parts = excerptOf(whole);
    assert.ok(parts.length < whole.length * 0.95, `${name}: nothing was left out`);
    const wanted = found(whole), have = found(parts);
    assert.deepEqual(wanted.filter((w) => !have.includes(w)), [], name);
    sum += wanted.length;
  }
  assert.ok(sum > VALID.length * 6, `only ${sum} found in all`);
});

test('one at the very beginning, one at the very end', () => {
  for (const address of [BITCOIN, every(4, ' ')(BITCOIN)]) {
    const text = `${address}, ${prose(200000)}, ${address}`;
    const parts = excerptOf(text);
    assert.ok(parts.startsWith(address) && parts.endsWith(address) && parts.length < 5000, parts.slice(0, 80));
  }
});

test('a long row of equal groups, a long chain: kept whole', () => {
  for (const long of ['ab12 '.repeat(2000), 'abc1-abc2-abc3-'.repeat(2000)]) assert.ok(excerptOf(`${prose(3000)}, ${long}, ${prose(3000)}`).includes(long.trim().replace(/-$/, '')));
});

test('what is hidden in a text could be of any length: it is not cut', () => {
  for (const hidden of ['\u200b', '\u00ad', '\u0301', '\0', '\ufeff', '\u202e', '\ufe0f', '\uff41', '\ufb01', '\u3164', '\x85']) {
    assert.equal(excerptOf(`${prose(70000)}${hidden}${prose(70000)} ${BITCOIN}`), null, JSON.stringify(hidden));
    assert.equal(partsOf([{ type: 'text/plain', text: `${prose(70000)}${hidden} ${BITCOIN}` }]), null);
  }
  assert.notEqual(excerptOf(`Übergänge – “so” ist’s… und\u00a0auch Русский, 中文, ${BITCOIN}`), null);
});

test('flavours: short ones and such as are mostly candidates are asked about whole; markup in both ways', () => {
  const asked = (...list) => partsOf(list.map(([type, text]) => ({ type, text })))?.map(({ type, text }) => [type, text.length]);
  assert.equal(asked(['text/plain', `a ${BITCOIN}`]), undefined, 'short');
  assert.equal(asked(['text/plain', prose(100000)]), undefined, 'no candidate: whoever asks knows better');
  assert.equal(asked(['text/plain', `${BITCOIN} `.repeat(3000)]), undefined, 'candidates only');
  const [[type, length]] = asked(['text/plain', `${prose(100000)} ${BITCOIN} ${prose(1000)}`]);
  assert.equal(type, 'text/plain');
  assert.ok(length < 1200, `${length}`);
  const split = '1A1zP1e<b>P5QGefi2D</b>MPTfTL<i>5SLmv7Di</i>vfNa';
  const bare = partsOf([{ type: 'text/html', text: `<p>${prose(80000)}</p><p>${split}</p><p>${prose(80000)}</p>` }]);
  assert.ok(bare.some(({ text }) => text.includes(BITCOIN)), 'tags hide it');
  assert.equal(asked(['text/html', `${prose(80000)}${split}&shy;`]), undefined, 'something hidden by a reference');
  assert.equal(asked(...Array.from({ length: 17 }, () => ['text/plain', `${prose(10000)} ${BITCOIN}`])), undefined, 'more than the host takes');
});
