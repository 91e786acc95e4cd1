#!/usr/bin/env node
// `make bench-scan`: how fast the detector reads prose, source code and text made to slow it down, beside multicoin-address-validator and
// the rules of Tor Browser's detector in the same run; then how many addresses each finds and how often each is wrong. Table and JSON go
// to build/bench/scan.txt and scan.json; never a test that fails by time.
//   node tests/bench/scan.mjs [--out build/bench] [--ms 400] [--each 20]

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT, ROWS, rowName, scanAll, timeAll } from '../recall/driver.mjs';
import { familyOf } from '../recall/makers.mjs';
import { Random } from '../recall/random.mjs';
import { DRESSINGS, changed } from '../recall/texts.mjs';
import { corpus } from '../quiet/corpus.mjs';
import { MULTICOIN_CURRENCIES, multicoin, multicoinAlone, multicoinWords, torBrowser, torBrowserWords, words } from './rivals.mjs';

const args = process.argv.slice(2);
const option = (name, otherwise) => { const at = args.indexOf(name); return at >= 0 ? args[at + 1] : otherwise; };
const OUT = option('--out', path.join(ROOT, 'build/bench')), MS = Number(option('--ms', 400)), EACH = Number(option('--each', 20));
const MIB = 1 << 20;
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz', BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

const letters = (random, set, n) => Array.from({ length: n }, () => set[random.below(set.length)]).join('');
// Words of `least` to `most` letters with a blank between, 1 MiB of them.
function wordsOf(random, set, least, most, begin = '') {
  let text = '';
  while (text.length < MIB) text += begin + letters(random, set, least + random.below(most - least + 1)) + ' ';
  return Buffer.from(text.slice(0, MIB));
}

// 1 MiB of ordinary text of a kind.
async function ordinary(kinds) {
  const parts = Object.fromEntries(kinds.map((k) => [k, []]));
  for await (const { kind, bytes } of corpus(ROOT, 20)) parts[kind]?.push(bytes);
  return kinds.map((k) => Buffer.concat(parts[k]).subarray(0, 4 * MIB));
}

// What one would send to slow it down.
function hostile() {
  const random = new Random('hostile'), many = new Random('addresses');
  const base58 = ROWS.filter((r) => r.check === 'base58check' && r.network === 'main').slice(0, 40);
  const valid = () => { const row = many.pick(base58); return familyOf(row).make(many, row); };
  const near = () => { const row = many.pick(base58), a = familyOf(row).make(many, row); return changed(a, many, { from: 3, letters: () => BASE58 }); };
  const fill = (fn, between = ' ') => { let text = ''; while (text.length < MIB) text += fn() + between; return Buffer.from(text.slice(0, MIB)); };
  return {
    'base58 letters, 1 MiB in one word': Buffer.from(letters(random, BASE58, MIB)),
    'base58 words of 26 to 35': wordsOf(random, BASE58, 26, 35),
    'base58 words of 33, beginning with 1': wordsOf(random, BASE58, 32, 33, '1'),
    'base58 words of 90 to 112': wordsOf(random, BASE58, 90, 112),
    'base58 words of 95, beginning with 4': wordsOf(random, BASE58, 94, 94, '4'),
    'bc1 and 39 letters': wordsOf(random, BECH32, 39, 39, 'bc1q'),
    'lnbc1 and 300 letters': wordsOf(random, BECH32, 300, 300, 'lnbc1'),
    'u1 and 400 letters': wordsOf(random, BECH32, 400, 400, 'u1'),
    '0x and 40 digits of both cases': wordsOf(random, '0123456789abcdefABCDEF', 40, 40, '0x'),
    'addresses with one letter wrong': fill(near),
    'true addresses': fill(valid),
    'base58, a zero-width space between any two': Buffer.from([...letters(random, BASE58, MIB / 4)].join('\u200b')).subarray(0, MIB),
    'base58, blanks within words': fill(() => letters(random, BASE58, 8)),
    'one letter, a blank, one letter': fill(() => letters(random, BASE58, 1)),
    'look-alikes of Cyrillic': Buffer.from('\u0430\u0441\u0435\u0440'.repeat(MIB / 8)),
    'colons': fill(() => `${letters(random, BASE58, 34)}`, ':'),
    'bytes that are no UTF-8': Buffer.from(random.bytes(MIB)),
    'zeros': Buffer.alloc(MIB),
  };
}

const mbs = (bytes, ns) => bytes / (ns / 1e9) / 1e6;
// The same for a rival: processor time of the fastest of the runs that fit in `ms`; a slower one reads only a part.
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) * 1000; };
function rival(text, fn, ms = MS) {
  const took = (piece) => { const at = cpu(); fn(piece); return cpu() - at; };
  let size = 4096;
  while (size < text.length && took(text.slice(0, size)) / 1e6 < ms / 4) size *= 4;
  const piece = text.slice(0, size), until = cpu() + ms * 1e6;
  let best = Infinity;
  do best = Math.min(best, took(piece)); while (cpu() < until);
  return mbs(piece.length, Math.max(best, 1000));
}

const out = [], data = { machine: { cpus: os.cpus().length, model: os.cpus()[0]?.model, load: os.loadavg(), node: process.version } };
const say = (line = '') => { out.push(line); console.log(line); };
const round = (x) => (x >= 100 ? x.toFixed(0) : x >= 1 ? x.toFixed(1) : x.toFixed(3));

// Sentences: the manuals of Perl's modules, as any Debian has them. ("documentation" is changelogs, lists and checksums too.)
function manuals(limit = 4 * MIB) {
  const found = [];
  let sum = 0;
  const walk = (folder) => {
    for (const entry of existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []) {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(file);
      else if (entry.isFile() && file.endsWith('.pod') && sum < limit) {
        const bytes = readFileSync(file);
        sum += bytes.length;
        found.push(bytes);
      }
    }
  };
  for (const folder of ['/usr/share/perl', '/usr/share/perl5', '/usr/lib/x86_64-linux-gnu/perl']) walk(folder);
  return Buffer.concat(found);
}

async function speed() {
  const [documentation, python, headers, javascript, base64] = await ordinary(['documentation', 'python', 'headers', 'javascript', 'base64']);
  const manual = manuals(), prose = manual.length > 100000 ? manual : documentation;
  const texts = { 'prose (manuals)': prose, 'documentation: changelogs, lists, sums': documentation, 'source code: C headers': headers, 'source code: Python': python, 'source code: JavaScript': javascript, base64, ...hostile() };
  const ours = timeAll(Object.values(texts), MS);
  say(['MB/s on one core'.padEnd(46), 'ours'.padStart(8), 'Tor Browser'.padStart(12), 'multicoin'.padStart(10), 'aim'.padStart(11), 'hits'.padStart(6)].join(''));
  data.speed = [];
  for (const [i, [name, bytes]] of Object.entries(texts).entries()) {
    const text = bytes.toString('utf8');
    const tor = rival(text, torBrowserWords, MS / 4), multi = rival(text, multicoinWords, MS / 4), mine = mbs(bytes.length, ours[i].ns);
    const aim = i === 0 ? 500 : 20;
    data.speed.push({ name, bytes: bytes.length, ours: mine, torBrowser: tor, multicoin: multi, aim, hits: ours[i].hits });
    say([name.padEnd(46), round(mine).padStart(8), round(tor).padStart(12), round(multi).padStart(10), `${mine >= aim ? 'ok' : 'BELOW'} ${aim}`.padStart(11), String(ours[i].hits).padStart(6)].join(''));
  }
  const slowest = data.speed.reduce((a, b) => (a.ours < b.ours ? a : b));
  say(`slowest: ${slowest.name}, ${round(slowest.ours)} MB/s; prose: ${round(data.speed[0].ours)} MB/s`);
}

// The same candidates for all: some addresses of each row, alone, inside text, changed, and with something hidden inside.
function candidates() {
  const sets = { alone: [], 'inside text': [], 'with a zero-width character': [], 'one character changed': [] };
  for (const row of ROWS) {
    const maker = familyOf(row), random = new Random(`bench ${rowName(row)}`);
    for (let i = 0; i < EACH; i++) {
      const address = maker.make(random, row);
      sets.alone.push(DRESSINGS.alone(address, row).text);
      sets['inside text'].push(DRESSINGS[['prose', 'punctuation', 'json', 'label'][i % 4]](address, row).text);
      sets['with a zero-width character'].push(DRESSINGS.hidden(address, row, random).text);
      if (row.checksum_bits > 0) sets['one character changed'].push(changed(address, random, { from: maker.from?.(row, address) ?? 0, letters: (c) => maker.letters(c, row) }) ?? address.slice(1));
    }
  }
  return sets;
}

function detection() {
  say();
  say(['share of texts in which something is found'.padEnd(38), 'texts'.padStart(7), 'ours'.padStart(8), 'Tor Browser'.padStart(13), '… per word'.padStart(12), 'multicoin'.padStart(11)].join(''));
  data.detection = [];
  for (const [name, texts] of Object.entries(candidates())) {
    const share = (n) => `${(100 * n / texts.length).toFixed(1)}%`;
    const ours = scanAll(texts).filter((h) => h.length).length, tor = texts.filter(torBrowser).length, torWords = texts.filter((t) => torBrowserWords(t) > 0).length;
    const multi = texts.filter((t) => (name === 'inside text' || t.includes(' ') ? multicoinWords(t) > 0 : multicoinAlone(t))).length;
    data.detection.push({ name, texts: texts.length, ours, torBrowser: tor, torBrowserWords: torWords, multicoin: multi });
    say([name.padEnd(38), String(texts.length).padStart(7), share(ours).padStart(8), share(tor).padStart(13), share(torWords).padStart(12), share(multi).padStart(11)].join(''));
  }
}

// Words that only look like addresses in the quiet corpus: how many each takes. multicoin sees every twentieth megabyte: it is slow.
async function alarms() {
  let ours = 0, tor = 0, multi = 0, bytes = 0, asked = 0, n = 0;
  for await (const piece of corpus(ROOT, 40)) {
    ours += scanAll([piece.bytes])[0].length;
    const text = piece.bytes.toString('latin1');
    tor += torBrowserWords(text);
    bytes += piece.bytes.length;
    if (n++ % 40 === 0) { const some = words(text).slice(0, 400); multi += some.filter(multicoin).length; asked += some.length ? text.length * some.length / Math.max(1, words(text).length) : 0; }
  }
  const per = (x, of) => `${(x / (of / 1e7)).toFixed(2)}`;
  data.alarms = { bytes, ours, torBrowser: tor, multicoin: multi, multicoinBytes: asked };
  say();
  say(`taken for addresses in ordinary text, in 10 MB of it (${(bytes / 1e6).toFixed(0)} MB; true ones counted too): ours ${per(ours, bytes)}, Tor Browser's rules on every word ${per(tor, bytes)}, multicoin-address-validator ${per(multi, asked)} (of ${(asked / 1e6).toFixed(1)} MB)`);
}

mkdirSync(OUT, { recursive: true });
say(`detector bench, ${os.cpus().length} × ${data.machine.model}, load ${data.machine.load[0].toFixed(1)}; ${ROWS.length} rows; multicoin-address-validator asks ${MULTICOIN_CURRENCIES} currencies a word`);
await speed();
detection();
await alarms();
writeFileSync(path.join(OUT, 'scan.txt'), out.join('\n') + '\n');
writeFileSync(path.join(OUT, 'scan.json'), JSON.stringify(data, null, 1) + '\n');
