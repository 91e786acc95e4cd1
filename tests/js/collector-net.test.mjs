// The collector over a real Tor network: reports come through its onion service, and it looks for itself through the accused exits.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { HostBed, PORT, SECONDEXIT } from '../net/hostbed.mjs';
import { startFiles } from '../origin/fileserver.mjs';
import { socksConnect } from '../net/socks.mjs';
import { until } from '../net/proc.mjs';
import { shoot } from '../ui/collector.mjs';
import { Collector, parseAnswer, post, run } from '../collector/collector.mjs';

let bed, files, collector, liar, honest, framed, stopped, onion;
const place = (p) => `${p.host}:${p.port}`;
const CHOSEN = ['c1.test', 'c2.test', 'c3.test'];
// Where HTTPS is, and where files are, by the operator's list.
const SECURE = ['t1.test', 't2.test', 't3.test'], FILES = ['f1.test', 'f2.test', 'f3.test'];
const PROGRAM = Buffer.concat([Buffer.from('MZ'), randomBytes(300_000)]);
const patched = (() => { const b = Buffer.from(PROGRAM); b.fill(0x90, 100_000, 100_016); return b; })();

before(async () => {
  bed = await HostBed.start();
  // Not of one family with each other, and none of exit0's and exit1's.
  [liar, honest, framed, stopped] = [bed.net.exits[2], bed.net.exits[4], bed.net.exits[5], bed.net.exits[6]];
  // Who sends reports has a tor of his own, as has the collector.
  const sender = await bed.net.addClient();
  bed.sender = sender;
  const by = (exit, what, others = 'valid') => (c) => (c.exit.fingerprint === exit.fingerprint ? what : others);
  for (const name of CHOSEN) bed.origin.site(name, { first: by(liar, 'forged'), others: by(liar, 'forged') });
  bed.origin.site('lied.test', { first: by(liar, 'forged'), others: by(liar, 'forged') });
  // The site frames an honest exit: another certificate for its address alone.
  bed.origin.site('frame.test', { first: by(framed, 'self-signed'), others: by(framed, 'self-signed') });
  // HTTPS is taken away, and programs are patched, by the same exit.
  for (const name of ['withheld.test', ...SECURE]) bed.origin.site(name, { first: by(liar, 'reset'), others: by(liar, 'reset') });
  files = await startFiles(bed.net);
  const program = (exit) => (who) => ({ body: who.exit === exit?.fingerprint ? patched : PROGRAM });
  for (const name of ['patched.test', ...FILES]) files.site(name, program(liar));
  files.site('frames.test', program(framed));
  files.site('clean.test', program());
  collector = new Collector();
  const hosts = path.join(collector.folder, 'hosts');
  fs.writeFileSync(hosts, [...CHOSEN.map((h) => `certificate ${h}:${PORT}\n`), ...SECURE.map((h) => `https ${h}:${PORT}\n`),
    ...FILES.map((h) => `download http://${h}:${files.port}/setup.exe\n`)].join(''));
  await collector.start('--control', place(bed.net.client.control), '--socks', place(bed.net.client.socks), '--test-ca', bed.origin.caFile,
    '--hosts', hosts, '--allow-port', String(PORT), '--allow-port', String(files.port), '--trials', '3', '--spread', '24', '--test-speed', '10000');
}, { timeout: 600000 });
after(async () => {
  await collector?.stop();
  await files?.stop();
  await bed?.stop();
});

async function overTor(bytes, address = onion) {
  const socket = await socksConnect(bed.sender.socks, { host: address, port: 80, username: `r${Math.random()}`, password: 'x', timeout: 60000 });
  socket.on('error', () => {});
  socket.write(bytes);
  const parts = [];
  socket.on('data', (d) => parts.push(d));
  await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  socket.destroy();
  return parseAnswer(Buffer.concat(parts));
}

test('ADD_ONION with proof of work; the key is kept, for us alone', async () => {
  onion = await until(() => collector.said('onion'), { limit: 60000, what: 'the onion service' });
  assert.match(onion, /^[a-z2-7]{56}\.onion$/);
  assert.equal(collector.said('proof-of-work'), 'on');
  assert.equal(fs.statSync(path.join(collector.folder, 'onion.key')).mode & 0o777, 0o600);
});

test('reports through the onion service: stored, known, refused', async () => {
  const sealed = {};
  for (const [exit, host] of [[liar, 'lied.test'], [honest, 'honest.test'], [framed, 'frame.test'], [stopped, 'gone.test']])
    sealed[host] = await collector.envelope({ host, port: PORT, accused: exit.fingerprint });
  const first = await until(() => overTor(post(sealed['lied.test'])).catch(() => null), { limit: 120000, every: 1000, what: 'the first report' });
  assert.ok(first.status === 200 && [1, 2].includes(first.answer), JSON.stringify(first));
  assert.deepEqual(await overTor(post(sealed['lied.test'])), { status: 200, answer: 2, error: 0 });
  await bed.net.killRelay(stopped);
  for (const host of ['honest.test', 'frame.test', 'gone.test'])
    assert.deepEqual(await overTor(post(sealed[host])), { status: 200, answer: 1, error: 0 });
  const bad = Buffer.from(sealed['lied.test']);
  bad[200] ^= 1;
  assert.deepEqual(await overTor(post(bad)), { status: 400, answer: 0, error: 1806 });
  assert.equal((await collector.findings()).length, 4);
}, { timeout: 300000 });

test('from the shell: `cert --report` meets the mismatch, `report --send` seals it and gets a proved acknowledgement', async () => {
  const tor = ['--control', place(bed.sender.control), '--socks', place(bed.sender.socks)];
  const file = path.join(collector.folder, 'report.json');
  const met = await run(SECONDEXIT, ['cert', `lied.test:${PORT}`, '--first-exit', liar.fingerprint, '--report', file, '--test-ca', bed.origin.caFile, ...tor]);
  assert.equal(met.status, 1, met.out + met.err);
  const had = (await finding(liar)).reports;
  const sent = await run(SECONDEXIT, ['report', '--from', file, '--send', '--collector', onion, '--key', collector.publicKey, ...tor]);
  assert.equal(sent.status, 0, sent.out + sent.err);
  const f = await finding(liar);
  assert.equal(f.reports, had + 1);
  const [latest] = (await collector.show(f.id)).latest_reports;
  assert.equal(latest.report.first[0].exit.fingerprint, liar.fingerprint);
  assert.equal(latest.report.first[0].sha256, bed.origin.certificate('forged', 'lied.test', liar).sha256);
  // Sealed to another key: refused, and said so.
  const other = new Collector();
  try {
    const wrong = await run(SECONDEXIT, ['report', '--from', file, '--send', '--collector', onion, '--key', await other.keygen(), ...tor]);
    assert.notEqual(wrong.status, 0, wrong.out + wrong.err);
    assert.match(wrong.out + wrong.err, /1805/);
  } finally { fs.rmSync(other.folder, { recursive: true }); }
}, { timeout: 300000 });

const finding = async (exit, kind = 'certificate') => (await collector.findings()).find((f) => f.accused === exit.fingerprint && f.kind === kind);
async function settled(exit, kind) {
  return until(async () => {
    const f = await finding(exit, kind);
    const all = await collector.show(f.id);
    return all.trials.length > 0 && all.trials.every((t) => t.ended) ? all : null;
  }, { limit: 400000, every: 1000, what: `every trial of ${exit.nickname}` });
}

test('a lying exit: reproduced at hosts of the operator\'s, ranked first, every raw result kept', async () => {
  const f = await settled(liar);
  assert.equal(f.state, 'reproduced', JSON.stringify(f.trials.map((t) => [t.host, t.outcome, t.result?.reason])));
  assert.ok(f.differs >= 2 && f.differs <= f.answered && f.answered <= 3);
  for (const t of f.trials.filter((x) => x.outcome === 'differs')) {
    assert.equal(t.result.kind, 'cert.result');
    assert.equal(t.result.first[0].exit.fingerprint, liar.fingerprint);
    assert.equal(t.result.first[0].certificate.sha256, bed.origin.certificate('forged', t.host, liar).sha256);
    assert.equal(t.result.others.find((o) => o.certificate).certificate.sha256, bed.origin.certificate('valid', t.host).sha256);
  }
  const [best] = await collector.relays();
  assert.equal(best.fingerprint, liar.fingerprint);
  assert.ok(best.chosen_hosts >= 2);
  // What tor says of the relay has taken the place of what the report said.
  assert.equal(best.nickname, liar.nickname);
  const mail = (await collector.verb('export', '--format', 'mail', String(f.id))).out;
  for (const word of [liar.fingerprint, liar.nickname, liar.address, 'How to reproduce', `--first-exit ${liar.fingerprint} c`]) assert.ok(mail.includes(word), word);
}, { timeout: 500000 });

test('the reviewers\' page in a real browser: both certificates side by side, light, dark, narrow', async () => {
  const f = await finding(liar);
  const { body } = await collector.get(`/finding/${f.id}`);
  const [t] = (await collector.show(f.id)).trials.filter((x) => x.chosen && x.outcome === 'differs');
  for (const kind of ['forged', 'valid']) assert.ok(body.includes(bed.origin.certificate(kind, t.host, liar).sha256), kind);
  const folder = path.resolve('build/pictures/collector');
  assert.deepEqual(await shoot(`http://${collector.web}`, folder, ['/', `/finding/${f.id}`, `/relay/${liar.fingerprint}`]), []);
  assert.equal(fs.readdirSync(folder).filter((n) => n.endsWith('.png')).length >= 18, true);
}, { timeout: 300000 });

test('a false report against an honest exit: not reproduced, not ranked', async () => {
  const f = await settled(honest);
  assert.equal(f.state, 'not reproduced', JSON.stringify(f.trials.map((t) => [t.host, t.outcome, t.result?.reason])));
  assert.equal(f.relay.chosen_hosts, 0);
}, { timeout: 500000 });

test('a site that frames an honest exit: site varies, not ranked', async () => {
  const f = await settled(framed);
  assert.equal(f.state, 'site varies', JSON.stringify(f.trials.map((t) => [t.host, t.outcome, t.result?.reason])));
  assert.ok(f.trials.some((t) => !t.chosen && t.outcome === 'differs'));
  assert.ok(f.trials.filter((t) => t.chosen).every((t) => t.outcome !== 'differs'));
  assert.equal(f.relay.chosen_hosts, 0);
}, { timeout: 500000 });

const outcomes = (f) => JSON.stringify(f.trials.map((t) => [t.host, t.outcome, t.result?.verdict, t.result?.reason, t.result?.error?.name]));
/** Reports that nobody need send over Tor: the door is the same. */
async function report(exit, kind, host, more = {}) {
  const sent = await collector.send(1, { seed: 100 + (await collector.findings()).length, kind, host, accused: exit.fingerprint, ...more });
  assert.deepEqual([sent.stored, sent.refused, sent.broken], [1, 0, 0]);
}

test('HTTPS taken away: reproduced at hosts of the operator\'s; a false report: not', async () => {
  await report(liar, 'https', 'withheld.test', { port: PORT });
  await report(honest, 'https', 'honest.test', { port: PORT });
  const f = await settled(liar, 'https');
  assert.equal(f.state, 'reproduced', outcomes(f));
  for (const t of f.trials.filter((x) => x.outcome === 'differs')) assert.deepEqual([t.result.kind, t.result.reason], ['https.result', 'https_withheld']);
  assert.match((await collector.verb('export', '--format', 'mail', String(f.id))).out, new RegExp(`withholds HTTPS[^]*secondexit https --first-exit ${liar.fingerprint} t\\d\\.test`));
  const g = await settled(honest, 'https');
  assert.equal(g.state, 'not reproduced', outcomes(g));
}, { timeout: 500000 });

test('programs patched on the way: reproduced, ranked, both files\' digests and the difference kept', async () => {
  const port = files.port;
  await report(liar, 'download', 'patched.test', { port });
  await report(honest, 'download', 'clean.test', { port, path: '/setup.exe' });
  await report(framed, 'download', 'frames.test', { port, path: '/setup.exe' });
  const f = await settled(liar, 'download');
  assert.equal(f.state, 'reproduced', outcomes(f));
  // The report says no path: only the operator's own files were asked for.
  assert.ok(f.trials.every((t) => t.chosen && t.path === '/setup.exe' && FILES.includes(t.host)), outcomes(f));
  for (const { result: r } of f.trials.filter((x) => x.outcome === 'differs')) {
    assert.deepEqual([r.kind, r.reason, r.differing], ['download.result', 'other_file', [{ offset: 100_000, length: 16 }]]);
    const mine = r.others.find((a) => a.exit.fingerprint === liar.fingerprint), other = r.others.find((a) => a.status === 'answer' && a !== mine);
    assert.equal(mine.sha256, r.local.sha256);
    assert.notEqual(other.sha256, mine.sha256);
    assert.equal(r.path, null);
  }
  const [best] = await collector.relays();
  assert.equal(best.fingerprint, liar.fingerprint);
  assert.ok(best.chosen_hosts >= f.differs && best.chosen_hosts > 3, JSON.stringify(best));
  const mail = (await collector.verb('export', '--format', 'mail', String(f.id))).out;
  for (const word of ['changes what comes over HTTP', `secondexit download --first-exit ${liar.fingerprint} http://f`]) assert.ok(mail.includes(word), mail);
  const { body } = await collector.get(`/finding/${f.id}`);
  assert.ok(body.includes(f.trials.find((t) => t.outcome === 'differs').result.local.sha256) && body.includes('16 bytes from 100000'), body);

  const g = await settled(honest, 'download');
  assert.equal(g.state, 'not reproduced', outcomes(g));
  assert.ok(g.trials.some((t) => !t.chosen && t.outcome === 'same'));
  // A site that gives one exit's address another file: not ranked.
  const h = await settled(framed, 'download');
  assert.equal(h.state, 'site varies', outcomes(h));
  assert.ok(h.trials.some((t) => !t.chosen && t.outcome === 'differs'));
  for (const x of [g, h]) assert.equal(x.relay.chosen_hosts, 0);
  assert.deepEqual(fs.readdirSync(os.tmpdir()).filter((n) => n.startsWith('setup.exe')), []);
}, { timeout: 600000 });

test('from the shell: `download --first-exit`, and its report', async () => {
  const file = path.join(collector.folder, 'download.json');
  const tor = ['--control', place(bed.sender.control), '--socks', place(bed.sender.socks)];
  const r = await run(SECONDEXIT, ['download', '--first-exit', liar.fingerprint, '--report', file, `http://patched.test:${files.port}/setup.exe`, ...tor]);
  assert.equal(r.status, 1, r.out + r.err);
  const text = JSON.parse(fs.readFileSync(file, 'utf8'));
  assert.deepEqual([text.kind, text.host, text.port, text.first[0].exit.fingerprint], ['download', 'patched.test', files.port, liar.fingerprint]);
  assert.equal(text.reproduce, `secondexit download http://patched.test:${files.port}/ --first-exit ${liar.fingerprint}`);
  const bytes = (s) => s.ranges.map((x) => [x.offset, Buffer.from(x.bytes, 'base64')]);
  assert.deepEqual(bytes(text.first[0]), [[100_000, patched.subarray(100_000, 100_016)]]);
  assert.deepEqual(bytes(text.others.find((o) => o.ranges)), [[100_000, PROGRAM.subarray(100_000, 100_016)]]);
  const other = await run(SECONDEXIT, ['download', '--first-exit', honest.fingerprint, `http://clean.test:${files.port}/setup.exe`, ...tor]);
  assert.equal(other.status, 0, other.out + other.err);
  const unknown = await run(SECONDEXIT, ['download', '--json', '--first-exit', 'A'.repeat(40), `http://patched.test:${files.port}/setup.exe`, ...tor]);
  assert.deepEqual([unknown.status, JSON.parse(unknown.out.trim().split('\n').at(-1)).error.name], [3, 'ERR_EXIT_UNKNOWN'], unknown.out + unknown.err);
}, { timeout: 300000 });

test('a relay that stopped: relay gone', async () => {
  const f = await settled(stopped);
  assert.equal(f.state, 'relay gone', JSON.stringify(f.trials.map((t) => [t.host, t.outcome, t.result?.reason, t.result?.error])));
}, { timeout: 500000 });

test('tor comes back: the same onion address again', async () => {
  const told = collector.count('onion');
  await bed.net.client.restart();
  await until(() => collector.count('onion') > told, { limit: 60000, what: 'the service again' });
  assert.equal(collector.said('onion'), onion);
}, { timeout: 120000 });
