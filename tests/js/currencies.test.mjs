// The table of currency addresses and its vectors, looked at from outside: every row is whole, nothing is in it twice, each has valid and
// invalid vectors with their source, and other people's code (tests/recall) says of the vectors what we say. What the detector makes of
// rows and vectors is tested by tests/unit and `make recall`.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { familyOf } from '../recall/makers.mjs';
import { Random } from '../recall/random.mjs';

const root = new URL('../../', import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, root), 'utf8'));
const { rows } = read('shared/currencies.json');
const { vectors } = read('shared/vectors/currencies.json');
const key = ({ coin, ticker, form, network }) => `${coin} (${ticker}) ${form}, ${network}`;
const few = (list) => (list.length > 12 ? [...list.slice(0, 12), `… ${list.length} in all`] : list);

test('at least 150 rows, each of them once', () => {
  assert.ok(rows.length >= 150, `${rows.length} rows`);
  const seen = new Map();
  for (const row of rows) seen.set(key(row), (seen.get(key(row)) ?? 0) + 1);
  assert.deepEqual([...seen].filter(([, n]) => n > 1), []);
});

test('no two rows describe the same addresses: that is what "also" is for', () => {
  const same = new Map();
  for (const row of rows) {
    const { check, prefix, suffix, version, payload, hash, param, number, alphabet, length, context, inside, first } = row;
    const what = JSON.stringify([check, prefix, suffix, version, payload, hash, param, number, alphabet, check === 'base58check' ? null : length, context, inside, first]);
    same.set(what, [...(same.get(what) ?? []), key(row)]);
  }
  assert.deepEqual([...same.values()].filter((list) => list.length > 1), []);
});

test('every check is one that the host has, every source says where it is from', () => {
  const headers = ['host/parse/addr/checks.h', 'host/parse/addr/checks_families.h'].filter((f) => existsSync(new URL(f, root)));
  const declared = new Set(headers.flatMap((f) => [...readFileSync(new URL(f, root), 'utf8').matchAll(/addr_check_(\w+);/g)].map((m) => m[1])));
  assert.deepEqual(few(rows.filter((r) => !declared.has(r.check)).map(key)), []);
  assert.deepEqual(few(rows.filter((r) => (r.source ?? '').length < 6).map(key)), []);
});

test('every row has somebody else who makes its addresses, and they begin and end as the row says', () => {
  const bad = [];
  for (const row of rows) {
    const maker = familyOf(row);
    if (!maker) { bad.push(`${key(row)}: nobody`); continue; }
    const random = new Random(`table ${key(row)}`);
    for (let i = 0; i < 20; i++) {
      const a = maker.make(random, row), prefix = row.prefix ?? '';
      if (!(a.startsWith(prefix) || row.optional_prefix) || !a.endsWith(row.suffix ?? '') || (row.length && (a.length < row.length[0] || a.length > row.length[1]))) { bad.push(`${key(row)}: ${a} (${a.length})`); break; }
    }
  }
  assert.deepEqual(few(bad), []);
});

test('a family without a checksum of its own is said to have none', () => {
  const none = new Set(['hex', 'solana', 'arweave', 'bolt12']);
  assert.deepEqual(few(rows.filter((r) => none.has(r.check) !== (r.checksum_bits === 0)).map(key)), []);
});

const of = (row) => vectors.filter((v) => key(v) === key(row));

test('each row has valid and invalid vectors, and their source', () => {
  const valid = [], invalid = [], source = [];
  for (const row of rows) {
    const list = of(row);
    if (!list.some((v) => v.valid?.length)) valid.push(key(row));
    if (!list.some((v) => v.invalid?.length)) invalid.push(key(row));
    if (list.some((v) => !v.source)) source.push(key(row));
  }
  assert.deepEqual({ valid: few(valid), invalid: few(invalid), source: few(source) }, { valid: [], invalid: [], source: [] });
});

test('no vector without a row', () => {
  const known = new Set(rows.map(key));
  assert.deepEqual(few(vectors.filter((v) => !known.has(key(v))).map(key)), []);
});

test('other people\'s code takes the valid vectors and refuses the invalid ones', () => {
  const takes = (row, text) => { try { return Boolean(familyOf(row).valid(text, row)); } catch { return false; } };
  const bad = [];
  for (const row of rows) {
    for (const v of of(row)) {
      for (const text of v.valid ?? []) if (!takes(row, text)) bad.push(`${key(row)}: ${text} is valid, they say it is not`);
      if (row.checksum_bits === 0) continue;
      for (const text of v.invalid ?? []) if (takes(row, text)) bad.push(`${key(row)}: ${text} is invalid, they say it is not`);
    }
  }
  assert.deepEqual(few(bad), []);
});
