#!/usr/bin/env node
// What verifying a download costs, through a private Tor network: added time at its end (whole file, in parallel), bytes over the second circuit by method
// as a share of the file, memory while 4 GiB go by. Ratios in one run; a table and a JSON file, never a test that fails by time.
//   node tests/bench/download.mjs [--runs N] [--size MIB] [--large GIB] [--out build/bench]      (--large 0: leaves the 4 GiB out)

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { HostBed } from '../net/hostbed.mjs';
import { startFiles, generated } from '../origin/fileserver.mjs';

const args = process.argv.slice(2);
const option = (name, otherwise) => { const at = args.indexOf(name); return at >= 0 ? args[at + 1] : otherwise; };
const RUNS = Number(option('--runs', 5));
const SIZE = Number(option('--size', 24)) * 2 ** 20;
const LARGE = Number(option('--large', 4)) * 2 ** 30;
const OUT = option('--out', 'build/bench');
const HEADERS = { user_agent: 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0', accept: '*/*', accept_language: 'en-US,en;q=0.5', referer: null };
const median = (a) => { const s = [...a].sort((x, y) => x - y); return (s[(s.length - 1) >> 1] + s[s.length >> 1]) / 2; };
const ms = () => Number(process.hrtime.bigint()) / 1e6;

const bed = await HostBed.start();
const files = await startFiles(bed.net);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'download-bench-'));
const host = await bed.host();
const rows = [], data = { runs: RUNS, size: SIZE };
const row = (what, value, limit = '', ok = null) => { rows.push([what, value, limit, ok === null ? '' : ok ? 'ok' : 'OVER']); console.log(rows.at(-1).join(' | ')); };
const common = (name, more) => ({ first_party: name, private: 1, container: 0, host: name, port: files.port, proxy: 'socks', chain: [`http://${name}:${files.port}/file`], headers: HEADERS,
  content_type: 'application/octet-stream', length: null, etag: null, last_modified: null, link_secure: true, cookies: false, post: false, whole_max: 2 ** 40, budget: 4 << 20, clicked: true, ...more });

/** The browser's own transfer, written to a .part as it comes; started() when its first byte is there. → ms it took. */
async function browse(name, part, started) {
  const begin = ms();
  const socket = await bed.browser.open(name, files.port, name);
  const out = fs.openSync(part, 'w');
  let head = Buffer.alloc(0), isBody = false, size = 0;
  socket.on('error', () => {});
  const over = new Promise((resolve) => { socket.once('close', resolve); socket.once('end', resolve); });
  socket.on('data', (bytes) => {
    if (!isBody) {
      head = Buffer.concat([head, bytes]);
      const at = head.indexOf('\r\n\r\n');
      if (at < 0) return;
      isBody = true;
      started();
      bytes = head.subarray(at + 4);
    }
    size += fs.writeSync(out, bytes);
  });
  socket.write(`GET /file HTTP/1.1\r\nHost: ${name}:${files.port}\r\nConnection: close\r\n\r\n`);
  await over;
  socket.destroy();
  fs.closeSync(out);
  return { took: ms() - begin, size };
}

try {
  const file = generated(SIZE);
  const ratios = [], added = [];
  for (let i = 0; i < RUNS; i++) {
    const name = files.site(bed.name('time'), () => ({ body: file }));
    const part = path.join(dir, `${i}.part`);
    const begin = ms();
    let running;
    const { took, size } = await browse(name, part, () => { running = host.request({ kind: 'download.verify', ...common(name), path: part, size: null, length: SIZE }); });
    const end = ms();
    await host.request({ kind: 'download.local', target: running.id, size });
    const { final } = await running;
    const verdict = ms();
    if (final.verdict !== 'match') throw new Error(JSON.stringify([final.verdict, final.reason, final.error]));
    const other = Math.max(...final.others.map((a) => a.elapsed_ms));
    ratios.push((verdict - begin) / Math.max(took, other));
    added.push(verdict - end);
    fs.rmSync(part);
  }
  data.ratios = ratios;
  row(`from the browser's request to the verdict, by the slower of the two transfers (${SIZE / 2 ** 20} MiB, whole file)`, median(ratios).toFixed(2), '1.1', median(ratios) <= 1.1);
  row('added at the end of the download', `${median(added).toFixed(0)} ms`);

  const bytes = file.at(0, SIZE);
  const headers = { 'Repr-Digest': `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:` };
  for (const [what, site, more] of [
    ['digest header', { body: file, headers }, {}],
    ['every byte', { body: file }, {}],
    ['samples', { body: file }, { whole_max: 0, budget: 1 << 20 }],
  ]) {
    const name = files.site(bed.name('bytes'), () => site);
    await browse(name, path.join(dir, 'x'), () => {});
    const part = path.join(dir, 'bytes.part');
    fs.writeFileSync(part, bytes);
    const { final } = await host.request({ kind: 'download.verify', ...common(name), path: part, size: SIZE, length: SIZE, ...more });
    const sent = files.requests(name).slice(1).reduce((sum, q) => sum + q.sent, 0);
    row(`bytes over the other circuits, ${what} (${final.method}, ${final.verdict}), of ${SIZE / 2 ** 20} MiB`, `${(100 * final.fetched / SIZE).toFixed(2)} % (server sent ${(100 * sent / SIZE).toFixed(2)} %)`);
  }

  if (LARGE > 0) {
    const big = generated(LARGE);
    const name = files.site(bed.name('large'), () => ({ body: big }));
    await browse(files.site(bed.name('small'), () => ({ body: Buffer.alloc(10) })), path.join(dir, 'y'), () => {});
    const socket = await bed.browser.open(name, files.port, name);
    socket.on('error', () => {});
    const was = host.memory();
    const running = host.request({ kind: 'download.fetch', ...common(name), name: 'large.bin', dir });
    let most = 0;
    const parts = new Map();
    const watch = setInterval(() => {
      const now = host.memory();
      most = Math.max(most, now.reduce((sum, p) => sum + p.kib, 0));
      for (const p of now) parts.set(p.name, Math.max(parts.get(p.name) ?? 0, p.kib));
    }, 250);
    const { final } = await running;
    clearInterval(watch);
    socket.destroy();
    data.large = { bytes: final.local?.size, verdict: final.verdict, most, parts: [...parts], before: was };
    row(`memory of all the host's processes, private and dirty, while ${LARGE / 2 ** 30} GiB come twice (${final.verdict})`, `${(most / 1024).toFixed(1)} MiB`, '32 MiB', most < 32 * 1024);
  }
} finally {
  await host.close();
  await files.stop();
  await bed.stop();
  fs.rmSync(dir, { recursive: true });
}
fs.mkdirSync(OUT, { recursive: true });
fs.writeFileSync(path.join(OUT, 'download.json'), JSON.stringify({ rows, ...data }, null, 1));
