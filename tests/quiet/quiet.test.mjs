// No false alarms in 200 MB of ordinary text: `node --test tests/quiet/quiet.test.mjs`, part of `make check` (`make quiet`).
// A hit of a family with more than 16 bits of checksum must be a true address by an independent implementation (tests/recall), and is
// reported by its hash; the rest are counted by family. QUIET_MB changes how much; the table goes to build/quiet.txt as well.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, ROWS, SCAN_LINES, Stream, rowName } from '../recall/driver.mjs';
import { familyOf } from '../recall/makers.mjs';
import { Random } from '../recall/random.mjs';
import { corpus, digest } from './corpus.mjs';

const TOTAL = Number(process.env.QUIET_MB ?? 200);
const PER_10_MB = 1;

// Three addresses put into the middle of the text: a detector that sees nothing raises no alarm either.
const planted = () => ROWS.filter((r) => r.checksum_bits >= 30 && !r.context).slice(0, 3).map((row) => familyOf(row).make(new Random('planted'), row));

async function scanCorpus() {
  const sizes = {}, hits = [], plants = planted();
  let made = 0, scanned = 0, overflow = 0, seen = 0;
  const stream = new Stream((found, tag, bytes, more) => {
    if (tag.planted) { seen += found.filter((h) => plants.includes(h.text)).length; return; }
    if (more) overflow++;
    for (const hit of found) hits.push({ ...hit, tag, near: bytes.subarray(Math.max(0, hit.offset - 24), hit.offset + hit.length + 12).toString('latin1') });
  });
  for await (const piece of corpus(ROOT, TOTAL)) {
    sizes[piece.kind] = (sizes[piece.kind] ?? 0) + piece.bytes.length;
    if (piece.made) made += piece.bytes.length;
    scanned += piece.bytes.length;
    await stream.put(piece.bytes, piece);
    if (piece.kind === 'headers' && seen === 0 && plants.length) await stream.put(Buffer.from(`/* ${plants.join(' */\n/* ')} */\n`), { planted: true });
  }
  await stream.end();
  assert.ok(seen >= plants.length, `${seen} of ${plants.length} planted addresses seen`);
  return { sizes, hits, made, scanned, overflow };
}

const isTrue = (hit) => { try { return Boolean(familyOf(hit.row)?.valid?.(hit.text, hit.row)); } catch { return false; } };

test(`${TOTAL} MB of ordinary text raise no alarm`, { timeout: 600_000 }, async (t) => {
  const { sizes, hits, made, scanned, overflow } = await scanCorpus();
  const mb = (n) => (n / 1e6).toFixed(1);
  const out = [`${mb(scanned)} MB scanned, ${mb(made)} MB of it made (encodings and dumps of programs found here, logs): ${Object.entries(sizes).map(([k, n]) => `${k} ${mb(n)}`).join(', ')}`];
  const strong = hits.filter((h) => h.row.checksum_bits > 16), weak = hits.filter((h) => h.row.checksum_bits <= 16);
  const genuine = new Map();
  for (const h of strong.filter(isTrue)) genuine.set(digest(h.text), { name: rowName(h.row), file: h.tag.name, times: (genuine.get(digest(h.text))?.times ?? 0) + 1 });
  out.push(`true addresses with a checksum over 16 bits, confirmed independently: ${genuine.size}`);
  for (const [hash, { name, file, times }] of genuine) out.push(`  ${hash} ${name} × ${times} in ${file}`);
  const families = {};
  for (const h of weak) (families[rowName(h.row)] ??= []).push(h);
  out.push(`the rest: ${weak.length} in ${mb(scanned)} MB (${(weak.length / (scanned / 1e7)).toFixed(2)} in 10 MB)`);
  for (const [name, list] of Object.entries(families).sort((a, b) => b[1].length - a[1].length)) {
    const kinds = [...new Set(list.map((h) => h.tag.kind))].join(', ');
    out.push(`  ${name} (${list[0].row.checksum_bits} bits): ${list.length}, ${new Set(list.map((h) => h.text)).size} different, in ${kinds}`);
  }
  mkdirSync(path.dirname(SCAN_LINES), { recursive: true });
  writeFileSync(path.join(path.dirname(SCAN_LINES), 'quiet.txt'), out.join('\n') + '\n');
  for (const line of out) t.diagnostic(line);
  if (process.env.QUIET_SHOW) for (const h of hits) console.log(rowName(h.row), h.row.checksum_bits, isTrue(h), h.tag.name, JSON.stringify(h.near));

  assert.equal(overflow, 0, 'a piece with more hits than are reported');
  assert.ok(scanned >= TOTAL * 1e6, 'enough text');
  const wrong = strong.filter((h) => !isTrue(h)).map((h) => `${rowName(h.row)} in ${h.tag.name}: ${JSON.stringify(h.near)}`);
  assert.deepEqual(wrong, [], 'alarms of families with more than 16 bits of checksum');
  assert.ok(weak.length <= PER_10_MB * scanned / 1e7, `${weak.length} alarms of weak families in ${mb(scanned)} MB`);
});
