#!/usr/bin/env node
// What `make bench` runs: how long a verdict takes beside one plain handshake, what starting the host costs, what it weighs.
// Ratios in one run, on one machine, interleaved; a table and a JSON file, never a test that fails by time.
//   node tests/bench/bench.mjs [--runs N] [--out build/bench] [--road MS] [--only privileged,standard,withheld,none]

import { spawn, execFileSync } from 'node:child_process';
import { existsSync, copyFileSync, mkdirSync, writeFileSync, statSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { HostBed, SECONDEXIT, PORT, K } from '../net/hostbed.mjs';
import { Host } from '../net/native.mjs';
import { sleep } from '../net/proc.mjs';
import { startDelay } from '../net/delay.mjs';
import { plainHandshake } from './sclient.mjs';
import { cold, warm } from './circuits.mjs';

const args = process.argv.slice(2);
const option = (name, otherwise) => { const at = args.indexOf(name); return at >= 0 ? args[at + 1] : otherwise; };
const RUNS = Number(option('--runs', 31));
const OUT = option('--out', 'build/bench');
const ROAD = Number(option('--road', 50));
const ONLY = option('--only', '');
// The real network has hundreds of groups of exits; here, where each is a process, every fourth set of three circuits of tor's own choice has the
// first exit in it, or one exit twice (of 16 exits in 14 groups it was nearly every second one).
const BED = { exits: 24, families: [] };

// One plain handshake; the certificate check in both editions; and is HTTPS withheld (it is; there is none). Interleaved.
const WHO = ['plain', 'privileged', 'standard', 'withheld', 'none'].filter((w) => w === 'plain' || !ONLY || ONLY.split(',').includes(w));
const WORDS = { withheld: 'HTTPS withheld', none: 'no HTTPS there' };

const sorted = (a) => [...a].sort((x, y) => x - y);
const median = (a) => { const s = sorted(a); return s.length ? (s[(s.length - 1) >> 1] + s[s.length >> 1]) / 2 : NaN; };
const spread = (a) => { const s = sorted(a); return [s[Math.floor(s.length / 10)], s[Math.floor(s.length * 9 / 10)]]; };

const rows = [], data = { machine: { cpus: os.cpus().length, model: os.cpus()[0]?.model, load: os.loadavg(), node: process.version }, runs: RUNS };
function row(what, value, limit = '', ok = null) {
  rows.push([what, value, limit, ok === null ? '' : ok ? 'ok' : 'OVER']);
}
const ms = (a) => { if (!a.length) return 'none'; const [lo, hi] = spread(a); return `${median(a).toFixed(1)} ms (${lo.toFixed(1)} … ${hi.toFixed(1)}, n=${a.length})`; };

// What the site plays for a question, and what the verdict must be.
const QUESTIONS = {
  cert: { first: 'self-signed', others: 'self-signed', verdict: 'match' },
  withheld: { first: 'reset', others: 'valid', verdict: 'mismatch' },
  none: { first: 'reset', others: 'reset', verdict: 'match' },
};

// A fresh site and a browser connection to it, so that the host has a first exit to start from.
async function visited(bed, question = 'cert') {
  const name = bed.name('bench');
  bed.origin.site(name, QUESTIONS[question]);
  const visit = bed.browser.visit(name, PORT);
  return { name, question, visit: question === 'cert' ? await visit : await visit.catch(() => null) };
}

async function oneCheck(bed, host, { name, question, visit }) {
  const begin = process.hrtime.bigint();
  const { final } = question === 'cert' ? await bed.ask(host, name, visit) : await host.request({ kind: 'https.check', first_party: name, private: 1, container: 0,
    host: name, port: PORT, failure: 'none', clicked: true, retry: false, proxy: 'socks' });
  const took = Number(process.hrtime.bigint() - begin) / 1e6;
  if (final.verdict !== QUESTIONS[question].verdict) throw new Error(`${final.verdict} ${final.reason}`);
  return took;
}

// Loopback has no distance: there four handshakes at once cost four times the work of one, relays included, on the same few
// processors. So it is measured twice, as it is, and with a road of `oneWay` ms to the guard: that table is the realistic one.
async function benchVerdict(oneWay) {
  const delay = oneWay ? await startDelay(oneWay) : null;
  const bed = await HostBed.start({ ...BED, log: (t) => process.stderr.write(t + '\n'), clientOptions: delay ? [`Socks5Proxy ${delay.host}:${delay.port}`] : [] });
  const control = await bed.net.client.openControl();
  // A fresh circuit is one built for it: nothing is to be built while nobody asks. And tor would learn from hundreds of circuits that take all the same
  // time that a tenth more is too long. Not before, for tor is ready only once it has some.
  await control.command('SETCONF __DisablePredictedCircuits=1 LearnCircuitBuildTimeout=0');
  const series = {}, failures = [];
  const keep = async (key, fn) => { try { (series[key] ??= []).push(await fn()); } catch (e) { failures.push(`${key}: ${e.message}`); } };
  try {
    let hosts = {};
    const anew = async () => {
      for (const h of Object.values(hosts)) await h.close();
      hosts = { privileged: await bed.host({ edition: 'privileged' }), standard: await bed.host({ edition: 'standard' }) };
    };
    for (let i = 0; i < RUNS; i++) {
      // More checks than this in ten minutes get no circuits asked for ahead (WARM_WINDOW_MAX), and no person makes them.
      if (i % 3 === 0) await anew();
      for (const state of ['cold', 'warm']) {
        for (const who of WHO) {
          const site = await visited(bed, who in QUESTIONS ? who : 'cert');
          const exit = bed.origin.connections(site.name)[0].fingerprint, first = bed.kin(exit);
          const kin = (fp) => { const g = bed.kin(fp); return g === first || g < 0 ? null : g; };
          if (state === 'cold') await cold(control, `${site.name}:0`);
          else if (!(await warm(control, bed.net, K, kin, who === 'plain' || who === 'privileged' ? null : exit))) { failures.push(`${state} ${who}: no ${K} clean independent circuits`); continue; }
          await keep(`${state} ${who}`, () => (who === 'plain' ? plainHandshake(bed.net.client.socks, `plain-${site.name}`, PORT) : oneCheck(bed, hosts[who] ?? hosts.standard, site)));
        }
      }
    }
    if (!oneWay) data.idle = await benchIdle(hosts.privileged);
    for (const h of Object.values(hosts)) await h.close();
  } finally { control.close(); await bed.stop(); await delay?.stop(); }
  (data.verdict ??= []).push({ oneWay, series, failures });
}

function reportVerdict({ oneWay, series, failures }) {
  const of = (key) => series[key] ?? [];
  const base = median(of('cold plain'));
  row(oneWay ? `-- with ${oneWay} ms each way between the client and its guards` :
    `-- on bare loopback: ${os.cpus().length} processors are also the whole network, so k circuits at once cost k times one`, '');
  row('one openssl s_client handshake, circuit built for it', ms(of('cold plain')));
  row('one openssl s_client handshake, clean circuit at hand', ms(of('warm plain')));
  for (const who of WHO.slice(1)) {
    // All but the privileged edition must ask the first exit as well: there the clean circuits include one to it.
    for (const [state, limit, text] of [['cold', 1.3, 'no circuit at hand'], ['warm', 1.05, 'clean circuits at hand']]) {
      const a = of(`${state} ${who}`);
      row(`error → verdict, k=${K}, ${WORDS[who] ?? who}, ${text}`, ms(a));
      row('    against the handshake on a fresh circuit', `${(median(a) / base).toFixed(2)} ×`, `≤ ${limit}`, median(a) / base <= limit);
      if (state === 'warm') row('    against the handshake on a clean circuit', `${(median(a) / median(of('warm plain'))).toFixed(2)} ×`);
    }
  }
  if (failures.length) row('measurements that failed', `${failures.length}: ${failures[0]}`);
}

async function benchIdle(host) {
  await sleep(3000);
  const of = (field) => host.memory(field);
  return { dirty: of('Private_Dirty'), pss: of('Pss') };
}

function reportIdle() {
  const sum = (list) => list.reduce((a, m) => a + m.kib, 0);
  const { dirty, pss } = data.idle;
  for (const [i, m] of dirty.entries()) row(`idle: ${m.name}`, `Private_Dirty ${m.kib} KiB, PSS ${pss[i]?.kib} KiB`);
  row('idle: sum of Private_Dirty', `${sum(dirty)} KiB`, '< 8192 KiB', sum(dirty) < 8192);
  row('idle: sum of PSS', `${sum(pss)} KiB`);
}

async function startTime(file, hostArgs) {
  const begin = process.hrtime.bigint();
  if (!hostArgs) {
    const child = spawn(file, [], { stdio: ['pipe', 'pipe', 'pipe'] });
    await once(child, 'exit');
    return Number(process.hrtime.bigint() - begin) / 1e6;
  }
  const host = new Host(file, hostArgs);
  await host.hello();
  const took = Number(process.hrtime.bigint() - begin) / 1e6;
  await host.close();
  return took;
}

async function benchStart() {
  const truth = [], hello = [];
  for (let i = 0; i < RUNS * 2; i++) {
    truth.push(await startTime('/bin/true'));
    hello.push(await startTime(SECONDEXIT, ['--control', '127.0.0.1:9', '--socks', '127.0.0.1:9']));
  }
  data.start = { true: truth, hello };
  const more = median(hello) - median(truth);
  row('/bin/true, start to end', ms(truth));
  row('host, start to hello answered', ms(hello));
  row('    difference', `${more.toFixed(1)} ms`, '< 15 ms', more < 15);
}

function benchSize() {
  data.sizes = {};
  for (const file of [SECONDEXIT, `${SECONDEXIT}-net`, `${SECONDEXIT}-parse`]) {
    const copy = path.join(OUT, path.basename(file) + '.stripped');
    copyFileSync(file, copy);
    execFileSync('strip', [copy]);
    const size = data.sizes[path.basename(file)] = statSync(copy).size;
    rmSync(copy);
    row(`${path.basename(file)}, stripped`, `${(size / 1024).toFixed(0)} KiB`, '< 1024 KiB', size < 1024 * 1024);
  }
}

function benchRelays() {
  const file = path.join(path.dirname(SECONDEXIT), 'bench', 'bench_relays');
  if (!existsSync(file)) return row('relays', `${file} is not built`);
  data.relays = execFileSync(file, { encoding: 'utf8' });
}

function print() {
  const width = [0, 1, 2].map((i) => Math.max(...rows.filter((r) => r[1]).map((r) => r[i].length)));
  const table = rows.map((r) => r.map((c, i) => c.padEnd(width[i] ?? 0)).join('  ').trimEnd()).join('\n');
  return table + (data.relays ? `\n\n${data.relays}` : '\n');
}

mkdirSync(OUT, { recursive: true });
await benchStart();
benchSize();
for (const oneWay of [0, ROAD]) await benchVerdict(oneWay);
for (const v of data.verdict) reportVerdict(v);
reportIdle();
benchRelays();
const text = `SecondExit bench, ${os.cpus().length} × ${data.machine.model}, load ${data.machine.load[0].toFixed(1)} at the start, ${os.loadavg()[0].toFixed(1)} at the end, medians (10% … 90%)\n\n${print()}`;
process.stdout.write(text);
writeFileSync(path.join(OUT, 'bench.txt'), text);
writeFileSync(path.join(OUT, 'bench.json'), JSON.stringify({ ...data, rows }, null, 1) + '\n');
process.exit(0);
