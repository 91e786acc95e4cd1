// The detector finds what it knows: for each family of shared/currencies.json (rows whose addresses one piece of code checks) a thousand
// addresses at least, spread over its rows, a hundred of each at least, made by other people's code (makers.mjs); alone and inside text
// (texts.mjs), and each once more with one character changed. `make recall`; `make recall FULL=1`: a thousand of each row. RECALL_N, RECALL_ONLY=regex.
// Changed ones: a family with a checksum may take one only when the independent implementation takes it as well (a checksum of n bits
// lets one in 2^n through by rights). What is measured goes to recall.txt beside scan_lines.

import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROWS, SCAN_LINES, rowName, scanAll } from './driver.mjs';
import { opinions, unknownTo } from './confirm.mjs';
import { familyOf } from './makers.mjs';
import { Random } from './random.mjs';
import { DRESSINGS, changed } from './texts.mjs';

const LEAST = 100, FULL = 1000;     // addresses of a row; of a family, and of a row when everything is asked for
const familyName = (row) => `${row.check} ${row.hash ?? ''}`.trim();
const ROWS_OF = new Map();
for (const row of ROWS) ROWS_OF.set(familyName(row), [...(ROWS_OF.get(familyName(row)) ?? []), row]);
const countOf = (row) => Number(process.env.RECALL_N ?? (process.env.FULL ? FULL : Math.max(LEAST, Math.ceil(FULL / ROWS_OF.get(familyName(row)).length))));
const ONLY = new RegExp(process.env.RECALL_ONLY ?? '.');
const INSIDE = 2;           // dressings of each address beside `alone`, in turn
const OPINIONS = 20;        // addresses of each row that other packages are asked about
const DRESSED = Object.keys(DRESSINGS).filter((name) => name !== 'alone');

const report = [];
const sum = { addresses: 0, texts: 0, changed: 0, byRight: 0, byStructure: 0, confirmed: 0, rows: 0, bare: 0 };

const validFor = (hit) => { try { return Boolean(familyOf(hit.row)?.valid(hit.text, hit.row)); } catch { return false; } };
const canonical = (address, row) => (row.caseless ?? /bech32|segwit|cashaddr|kaspa|silent|lightning|bolt12/.test(row.check) ? address.toLowerCase() : address);

function dress(address, row, random, name) {
  const d = DRESSINGS[name](address, row, random);
  if (!d) return null;
  return { name, address, text: d.text, offset: Buffer.byteLength(d.text.slice(0, d.start)), length: Buffer.byteLength(d.text.slice(d.start, d.start + d.span)), normalised: d.normalised };
}

// Rows whose addresses can't be told apart: the first twenty of each pair are looked at, the rest believed.
const twins = new Map();
function isTwin(hit, row) {
  const pair = `${hit.number} ${ROWS.indexOf(row)}`, seen = twins.get(pair) ?? 0;
  if (seen >= 20) return true;
  if (!validFor(hit)) return false;
  twins.set(pair, seen + 1);
  return true;
}

// Why the hits of one text are not what they should be, or null.
function missed(want, hits, row) {
  const hit = hits.find((h) => h.offset === want.offset && h.length === want.length);
  // Without a prefix that is not needed (bitcoincash:, or the chain before 0x): the address itself is found all the same.
  if (!hit && /:/.test(row.prefix ?? '') && hits.some((h) => h.offset + h.length === want.offset + want.length && canonical(want.address, row).endsWith(`:${h.text}`))) {
    sum.bare++;
    return null;
  }
  if (!hit) return hits.length ? `found at another place: ${hits.map((h) => `${rowName(h.row)} ${h.offset}+${h.length}`).join(', ')}` : 'not found';
  if (hit.text.toLowerCase() !== canonical(want.address, row).toLowerCase()) return `read as ${hit.text}`;
  if (hit.row !== row && (hit.row.checksum_bits < row.checksum_bits || !isTwin(hit, row))) return `taken for ${rowName(hit.row)}`;
  if (hit.normalised !== want.normalised) return `normalised is ${hit.normalised}`;
  return null;
}

function recall(row, maker, addresses, random) {
  const wants = [];
  addresses.forEach((address, i) => {
    wants.push(dress(address, row, random, 'alone'));
    for (let k = 0; k < INSIDE; k++) wants.push(dress(address, row, random, DRESSED[(i + k * 5) % DRESSED.length]));
  });
  const asked = wants.filter(Boolean), failures = [];
  scanAll(asked.map((w) => w.text)).forEach((hits, i) => {
    const why = missed(asked[i], hits, row);
    if (why) failures.push(`${asked[i].name}: ${why}: ${JSON.stringify(asked[i].text)}`);
  });
  sum.texts += asked.length;
  return failures;
}

// One character changed: no family with a checksum takes it, unless by rights.
function changes(row, maker, addresses, random) {
  const texts = addresses.map((a) => changed(a, random, { from: maker.from?.(row, a) ?? 0, letters: (c) => maker.letters(c, row) })).filter(Boolean);
  const failures = [];
  let byRight = 0, byStructure = 0;
  scanAll(texts.map((t) => DRESSINGS.alone(t, row).text)).forEach((hits, i) => {
    for (const hit of hits) {
      if (hit.row.checksum_bits === 0) byStructure++;
      else if (validFor(hit)) byRight++;
      else failures.push(`${texts[i]} was taken for ${rowName(hit.row)}`);
    }
  });
  sum.changed += texts.length;
  return { failures, byRight, byStructure, texts: texts.length };
}

// What the field's packages say to the first addresses: those that know the coin and agree, and those that don't.
function ask(row, addresses) {
  const agree = [], differ = [];
  for (const [name, takes] of Object.entries(opinions(row))) {
    const taken = addresses.slice(0, OPINIONS).filter((a) => takes(a)).length;
    if (taken === Math.min(OPINIONS, addresses.length)) agree.push(name);
    // Some, not all: of a form with two lengths the package knows one, and ENS's encoder stumbles over leading zeros.
    else if (taken > 0) agree.push(`${name} (${taken} of ${OPINIONS})`);
    else differ.push(name);
  }
  return { agree, differ };
}

// How many of each dressing, and one of each.
function few(list) {
  const kinds = new Map();
  for (const text of list) { const kind = text.split(':')[0].slice(0, 40); kinds.set(kind, [...(kinds.get(kind) ?? []), text]); }
  return [...kinds].slice(0, 8).map(([, of]) => `${of.length} × ${of[0]}`).join('\n');
}

for (const row of ROWS.filter((r) => ONLY.test(`${r.check} ${rowName(r)}`))) {
  test(`${rowName(row)} (${row.check})`, () => {
    const maker = familyOf(row);
    assert.ok(maker, `nobody makes addresses of ${row.check}`);
    const random = new Random(rowName(row));
    const addresses = Array.from({ length: countOf(row) }, () => maker.make(random, row));
    const bad = addresses.slice(0, OPINIONS).filter((a) => !validFor({ row, text: a }));
    assert.deepEqual(bad.slice(0, 3), [], 'the maker does not take its own address');
    const { agree, differ } = ask(row, addresses), failures = recall(row, maker, addresses, random);
    const odd = row.checksum_bits > 0 ? changes(row, maker, addresses, random) : { failures: [], byRight: 0, byStructure: 0, texts: 0 };
    report.push({ row, by: maker.by, agree, differ, odd });
    sum.rows++; sum.addresses += addresses.length; sum.byRight += odd.byRight; sum.byStructure += odd.byStructure;
    if (agree.length) sum.confirmed++;
    assert.equal(failures.length, 0, `not all found:\n${few(failures)}`);
    assert.equal(odd.failures.length, 0, `changed, and yet taken:\n${few(odd.failures)}`);
    // By rights, but not often: a checksum that lets through more than chance does is none.
    assert.ok(odd.byRight <= 3 + 4 * odd.texts / 2 ** row.checksum_bits, `${odd.byRight} of ${odd.texts} changed addresses are valid: ${row.checksum_bits} bits?`);
    assert.ok(agree.length || !differ.length || unknownTo(row), `made for ${rowName(row)}, but refused by ${differ.join(', ')}`);
  });
}

after(() => {
  const lines = [`${ROWS_OF.size} families, ${sum.rows} rows, ${sum.addresses} addresses, ${sum.texts} texts with one, ${sum.changed} with one character changed: ${sum.byRight} of these valid by rights, ${sum.byStructure} found by structure alone`,
    `${sum.confirmed} rows confirmed by another package; ${sum.bare} addresses found without their prefix`, ''];
  for (const { row, by, agree, differ, odd } of report) {
    const odds = row.checksum_bits ? `1 in 2^${row.checksum_bits}` : 'no checksum';
    lines.push(`${rowName(row)} | ${by} | ${agree.join(', ') || '-'}${differ.length ? ` (not: ${differ.join(', ')})` : ''} | ${odds} | ${odd.byRight}/${odd.texts}`);
  }
  writeFileSync(path.join(path.dirname(SCAN_LINES), 'recall.txt'), lines.join('\n') + '\n');
  console.log(`# ${lines[0]}\n# ${lines[1]}; who made what: recall.txt`);
});
