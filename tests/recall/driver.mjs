// Runs the detector over texts: build/recall/scan_lines (scan_lines.c) as one process, frames in, hits out.
// Used by tests/recall, tests/quiet and tests/bench/scan.mjs.

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
export const SCAN_LINES = process.env.SCAN_LINES ?? path.join(ROOT, 'build/recall/scan_lines');

const currencies = JSON.parse(readFileSync(path.join(ROOT, 'shared/currencies.json'), 'utf8'));
export const ROWS = Array.isArray(currencies) ? currencies : currencies.rows;

export const rowName = (row) => `${row.coin} (${row.ticker}) ${row.form}, ${row.network}`;

function frame(text) {
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text, 'utf8');
  const head = Buffer.alloc(4);
  head.writeUInt32LE(bytes.length);
  return [head, bytes];
}

function hitOf(line) {
  const [number, offset, length, normalised, text] = line.split('\t');
  return { number: Number(number), row: ROWS[number], offset: Number(offset), length: Number(length), normalised: normalised === '1', text };
}

// Answers of scan_lines, put together line by line; `done(hits, more)` once for each frame.
class Answers {
  #rest = '';
  #hits = null;
  #wanted = 0;
  #more = false;

  constructor(done) { this.done = done; }

  add(chunk) {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) {
      if (this.#hits === null) {
        const [, count, more] = /^= (\d+)(\+?)$/.exec(line);
        this.#hits = []; this.#wanted = Number(count); this.#more = more === '+';
      } else this.#hits.push(hitOf(line));
      if (this.#hits.length === this.#wanted) { this.done(this.#hits, this.#more); this.#hits = null; }
    }
  }
}

// Hits of each of a few thousand short texts, in their order.
export function scanAll(texts) {
  const run = spawnSync(SCAN_LINES, { input: Buffer.concat(texts.flatMap(frame)), maxBuffer: 1 << 30 });
  if (run.error) throw run.error;
  if (run.status !== 0) throw new Error(`scan_lines ended with ${run.status ?? run.signal}: ${run.stderr}`);
  const all = [];
  new Answers((hits) => all.push(hits)).add(run.stdout.toString('latin1'));
  if (all.length !== texts.length) throw new Error(`scan_lines answered ${all.length} of ${texts.length} texts`);
  return all;
}

// For more text than fits in memory: `await put(bytes, tag)` as often as needed, then `await end()`; onHits(hits, tag, bytes, more).
export class Stream {
  #tags = [];

  constructor(onHits) {
    this.child = spawn(SCAN_LINES, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.exit = once(this.child, 'exit');
    const answers = new Answers((hits, more) => { const { tag, bytes } = this.#tags.shift(); onHits(hits, tag, bytes, more); });
    this.child.stdout.setEncoding('latin1').on('data', (chunk) => answers.add(chunk));
    this.closed = once(this.child.stdout, 'close');
  }

  async put(bytes, tag) {
    this.#tags.push({ tag, bytes });
    const [head, body] = frame(bytes);
    this.child.stdin.write(head);
    if (!this.child.stdin.write(body)) await once(this.child.stdin, 'drain');
  }

  async end() {
    this.child.stdin.end();
    const [code] = await this.exit;
    await this.closed;
    if (code !== 0 || this.#tags.length) throw new Error(`scan_lines ended with ${code}, ${this.#tags.length} texts unanswered`);
  }
}

// Nanoseconds (processor time) of the fastest scan of each text within `ms`.
export function timeAll(texts, ms) {
  const run = spawnSync(SCAN_LINES, ['--time', String(ms)], { input: Buffer.concat(texts.flatMap(frame)), maxBuffer: 1 << 26 });
  if (run.status !== 0) throw new Error(`scan_lines --time ended with ${run.status ?? run.signal}: ${run.stderr}`);
  return run.stdout.toString().trim().split('\n').map((line) => { const [ns, hits] = line.split(' ').map(Number); return { ns, hits }; });
}
