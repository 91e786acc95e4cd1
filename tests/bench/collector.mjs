#!/usr/bin/env node
// What `make bench-collector` runs: accepted reports per second, over SQLite and PostgreSQL, beside a plain nginx that answers the same POSTs with 200 on the
// same machine in the same run, interleaved; and, at --stored N reports (1,000,000), memory and the time to list and show. A table and a JSON file, never a
// test that fails by time.
//   node tests/bench/collector.mjs [--reports 20000] [--connections 64] [--rounds 3] [--stored 1000000] [--out build/bench]

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { start, end, until } from '../net/proc.mjs';
import { Collector, LOADTOOL, run } from '../collector/collector.mjs';
import { Postgres, pgBin } from '../collector/pg.mjs';

const args = process.argv.slice(2);
const option = (name, otherwise) => { const at = args.indexOf(name); return at >= 0 ? args[at + 1] : otherwise; };
const REPORTS = Number(option('--reports', 20000)), CONNECTIONS = Number(option('--connections', 64)), ROUNDS = Number(option('--rounds', 3));
const STORED = Number(option('--stored', 1000000)), OUT = option('--out', 'build/bench');
const OPEN = ['--onion', 'none', '--rate', '0', '--relay-rate', '0', '--trials', '0'];
const median = (a) => [...a].sort((x, y) => x - y)[a.length >> 1];

async function nginx() {
  if (spawnSync('nginx', ['-v']).error) return null;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'collector-nginx-'));
  const socket = path.join(folder, 'socket');
  fs.writeFileSync(path.join(folder, 'conf'), `worker_processes 1; daemon off; pid ${folder}/pid; error_log ${folder}/error; events { worker_connections 1024; }
http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
client_body_buffer_size 256k; keepalive_requests 1000000; server { listen unix:${socket}; location / { return 200 "${'x'.repeat(40)}"; } } }`);
  const process_ = start('nginx', ['-c', path.join(folder, 'conf'), '-p', folder, '-e', path.join(folder, 'error')]);
  await until(() => fs.existsSync(socket), { what: 'nginx' });
  return { address: `unix:${socket}`, stop: async () => { await end(process_); fs.rmSync(folder, { recursive: true, force: true }); } };
}

const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const cpu = (pid) => { const f = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); return (Number(f[11]) + Number(f[12])) / 100; };

// Rows written beside the daemon, in the form that it writes: a million over HTTP would measure the sender.
const rows = (n) => {
  const body = fs.readFileSync(path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../../shared/reports/good/certificate.json'), 'utf8');
  const small = JSON.stringify(JSON.parse(body)).slice(0, 1500).replace(/'/g, "''");
  return { small, per: 4, relays: Math.max(1, Math.floor(n / 1000)) };
};

function fillSqlite(file, n) {
  const { small, per, relays } = rows(n);
  const sql = `BEGIN;
WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ${n})
INSERT INTO report (digest, received, hour, kind, host, port, accused, body) SELECT randomblob(32), 1795000000 + i, 498611, 'certificate', 'h' || (i / ${per}) || '.test', 443,
 printf('%040X', i / ${per} % ${relays}), '${small}' FROM c;
INSERT INTO finding (kind, accused, host, port, first_seen, last_seen, reports, state, differs, answered, planned, updated)
 SELECT kind, accused, host, port, MIN(received), MAX(received), COUNT(*), 'new', 0, 0, 8, 0 FROM report GROUP BY kind, accused, host, port;
INSERT INTO accusal (finding, report) SELECT f.id, r.id FROM report r JOIN finding f ON f.accused = r.accused AND f.kind = r.kind AND f.host = r.host AND f.port = r.port;
INSERT INTO relay (fp, nickname, address, country, family, reports, findings, chosen_hosts, chosen_differs, chosen_answered, last_seen)
 SELECT accused, 'n', '198.51.100.1', 'DE', '', SUM(reports), COUNT(*), 0, 0, 0, MAX(last_seen) FROM finding GROUP BY accused;
INSERT INTO trial (finding, chosen, host, port, due, began, ended, tries, outcome, raw) SELECT id, 0, host, port, 1, 1, 2, 1, 'same', '{}' FROM finding;
COMMIT;`;
  const r = spawnSync('sqlite3', [file], { input: sql });
  if (r.status) throw new Error(r.stderr.toString());
}

function fillPg(pg, database, n) {
  const { small, per, relays } = rows(n);
  pg.sql(`INSERT INTO report (digest, received, hour, kind, host, port, accused, body) SELECT decode(md5(i::text) || md5('x' || i), 'hex'), 1795000000 + i, 498611, 'certificate',
 'h' || (i / ${per}) || '.test', 443, lpad(upper(to_hex(i / ${per} % ${relays})), 40, '0'), '${small}' FROM generate_series(1, ${n}) i`, database);
  pg.sql(`INSERT INTO finding (kind, accused, host, port, first_seen, last_seen, reports, state, differs, answered, planned, updated)
 SELECT kind, accused, host, port, MIN(received), MAX(received), COUNT(*), 'new', 0, 0, 8, 0 FROM report GROUP BY kind, accused, host, port`, database);
  pg.sql('INSERT INTO accusal (finding, report) SELECT f.id, r.id FROM report r JOIN finding f ON f.accused = r.accused AND f.kind = r.kind AND f.host = r.host AND f.port = r.port', database);
  pg.sql(`INSERT INTO relay (fp, nickname, address, country, family, reports, findings, chosen_hosts, chosen_differs, chosen_answered, last_seen)
 SELECT accused, 'n', '198.51.100.1', 'DE', '', SUM(reports), COUNT(*), 0, 0, 0, MAX(last_seen) FROM finding GROUP BY accused`, database);
  pg.sql("INSERT INTO trial (finding, chosen, host, port, due, began, ended, tries, outcome, raw) SELECT id, 0, host, port, 1, 1, 2, 1, 'same', '{}' FROM finding", database);
  pg.sql('ANALYZE', database);
}

async function timed(f) {
  const began = process.hrtime.bigint();
  const value = await f();
  return { ms: Number(process.hrtime.bigint() - began) / 1e6, value };
}

async function large(c, table) {
  const list = [], show = [], page = [], findingPage = [];
  for (let i = 0; i < 9; i++) {
    list.push((await timed(() => c.verb('list'))).ms);
    show.push((await timed(() => c.verb('show', String(1 + Math.floor(Math.random() * STORED / 5))))).ms);
    page.push((await timed(() => c.get('/'))).ms);
    findingPage.push((await timed(() => c.get(`/finding/${1 + Math.floor(Math.random() * STORED / 5)}`))).ms);
  }
  const took = await c.send(2000, { seed: 77, connections: CONNECTIONS });
  Object.assign(table, { list: median(list), show: median(show), page: median(page), findingPage: median(findingPage), rss: rss(c.process.pid),
    perSecond: took.stored / took.ms * 1000 });
}

const data = { machine: { cpus: os.cpus().length, model: os.cpus()[0]?.model, load: os.loadavg() }, reports: REPORTS, connections: CONNECTIONS, stored: STORED };
const rates = { nginx: [], sqlite: [], postgresql: [] }, work = { sqlite: [], postgresql: [] };
const pg = pgBin() ? await Postgres.start() : null;
const web = await nginx();
const collectors = { sqlite: new Collector(), ...(pg && { postgresql: new Collector({ store: pg.database('bench') }) }) };
try {
  for (const c of Object.values(collectors)) await c.start(...OPEN, '--listen', `unix:${path.join(c.folder, 'door')}`);
  for (let round = 0; round < ROUNDS; round++) {
    if (web) {
      const r = JSON.parse((await run(LOADTOOL, [web.address, 'none', String(REPORTS), String(CONNECTIONS), String(round)])).out);
      rates.nginx.push(r.stored / r.ms * 1000);
    }
    for (const [name, c] of Object.entries(collectors)) {
      const before = cpu(c.process.pid);
      const r = await c.send(REPORTS, { seed: 1000 + round, connections: CONNECTIONS });
      if (r.stored !== REPORTS) throw new Error(`${name}: ${JSON.stringify(r)}`);
      rates[name].push(r.stored / r.ms * 1000);
      work[name].push((cpu(c.process.pid) - before) / REPORTS * 1e6);
    }
  }
  for (const [name, c] of Object.entries(collectors)) await c.kill('SIGTERM');
  if (STORED > 0) {
    data.large = { sqlite: {} };
    const c = new Collector();
    collectors.largeSqlite = c;
    await c.start(...OPEN);
    await c.kill('SIGTERM');
    fillSqlite(c.store, STORED);
    await c.start(...OPEN);
    await large(c, data.large.sqlite);
    data.large.sqlite.file = fs.statSync(c.store).size;
    await c.kill('SIGTERM');
    if (pg) {
      data.large.postgresql = {};
      const p = new Collector({ store: pg.database('large') });
      collectors.largePg = p;
      await p.start(...OPEN);
      fillPg(pg, 'large', STORED);
      await large(p, data.large.postgresql);
    }
  }
} finally {
  for (const c of Object.values(collectors)) await c.stop();
  await web?.stop();
  await pg?.stop();
}
data.rates = Object.fromEntries(Object.entries(rates).filter(([, a]) => a.length).map(([k, a]) => [k, { median: median(a), all: a }]));
data.cpuMicroseconds = Object.fromEntries(Object.entries(work).filter(([, a]) => a.length).map(([k, a]) => [k, median(a)]));
const say = (what, value) => process.stdout.write(`${what.padEnd(52)} ${value}\n`);
say('collector bench', `${data.machine.model}, ${data.machine.cpus} processors, load ${data.machine.load[0].toFixed(1)}`);
for (const [name, r] of Object.entries(data.rates))
  say(`${name}: ${name === 'nginx' ? 'plain POST, 200' : 'reports accepted'}`, `${Math.round(r.median)}/s${name === 'nginx' || !data.rates.nginx ? '' : `  (${(r.median / data.rates.nginx.median).toFixed(3)} of nginx; ${Math.round(data.cpuMicroseconds[name])} µs of the collector's processor each)`}`);
for (const [name, t] of Object.entries(data.large ?? {})) {
  say(`${name}, ${STORED} stored: list / show`, `${t.list.toFixed(0)} ms / ${t.show.toFixed(0)} ms`);
  say(`${name}, ${STORED} stored: page / a finding's page`, `${t.page.toFixed(0)} ms / ${t.findingPage.toFixed(0)} ms`);
  say(`${name}, ${STORED} stored: memory of the daemon`, `${t.rss.toFixed(1)} MiB${t.file ? `; the file ${(t.file / 2 ** 20).toFixed(0)} MiB` : ''}`);
  say(`${name}, ${STORED} stored: reports accepted`, `${Math.round(t.perSecond)}/s`);
}
fs.mkdirSync(OUT, { recursive: true });
fs.writeFileSync(path.join(OUT, 'collector.json'), JSON.stringify(data, null, 1));
