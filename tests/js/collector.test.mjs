// The collector's daemon without tor: what is acknowledged is stored, whatever happens; what is hostile is refused and harms nobody.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { sleep, until } from '../net/proc.mjs';
import { BUILD, COLLECTOR, Collector, parseAnswer, post, run } from '../collector/collector.mjs';

const OPEN = ['--onion', 'none', '--rate', '0', '--relay-rate', '0', '--trials', '0'];
const live = [];
async function collector(args = OPEN, options) {
  const c = new Collector(options);
  live.push(c);
  return c.start(...args);
}
after(async () => { for (const c of live) await c.stop(); });

const dial = (c) => { const [host, port] = c.address.split(':'); return net.connect({ host, port }); };
// Writes pieces one after another, each on its own; what came back until the other side closed.
async function talk(c, pieces, { pause = 0, half = false } = {}) {
  const socket = dial(c), parts = [];
  socket.setNoDelay(true);
  socket.on('data', (d) => parts.push(d)).on('error', () => {});
  for (const piece of pieces) {
    socket.write(piece);
    await (pause ? sleep(pause) : new Promise(setImmediate));
  }
  if (half) socket.end();
  await Promise.race([once(socket, 'close'), sleep(20000)]);
  socket.destroy();
  return Buffer.concat(parts);
}
const acks = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((l) => l.split(' ')[0]) : []);
// Every acknowledged report is there, none twice.
async function assertAll(c, file) {
  const there = await c.digests(), set = new Set(there);
  assert.equal(set.size, there.length, 'one is there twice');
  const missing = acks(file).filter((d) => !set.has(d));
  assert.deepEqual(missing, []);
  return there.length;
}

test('SIGKILL at 20 random moments under load', async () => {
  const c = await collector();
  const file = path.join(c.folder, 'acks');
  let killed = 0;
  for (let round = 0; round < 20; round++) {
    const sending = c.send(400, { seed: 100 + round, connections: 8, acks: file });
    const had = acks(file).length;
    await until(() => acks(file).length > had, { what: 'the first of this round', every: 2, limit: 60000 });
    await sleep(Math.random() * 150);
    const before = acks(file).length;
    await c.kill('SIGKILL');
    const r = await sending;
    killed += r.broken > 0 && before > had;
    await c.start(...OPEN);
  }
  assert.ok(killed >= 10, `only ${killed} rounds were cut in the middle`);
  const n = await assertAll(c, file);
  assert.ok(n >= acks(file).length && acks(file).length > 100, `${n} stored, ${acks(file).length} acknowledged`);
  // What was sent and not acknowledged may be sent again: stored once all the same.
  for (let round = 0; round < 3; round++) {
    const r = await c.send(400, { seed: 100 + round, acks: file });
    assert.equal(r.stored + r.known, 400);
  }
  await assertAll(c, file);
}, { timeout: 300000 });

test('disk full: refused, nothing lost; then room again', { skip: process.getuid() !== 0 && 'a small filesystem needs root' }, async () => {
  const folder = fs.mkdtempSync('/tmp/collector-full-');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=700', 'tmpfs', folder]);
  try {
    const filler = path.join(folder, 'filler');
    fs.writeFileSync(filler, Buffer.alloc(18 << 20));
    const c = await collector(OPEN, { folder });
    const file = `${folder}.acks`;
    const r = await c.send(3000, { seed: 7, connections: 8, acks: file });
    assert.ok(r.stored > 0 && r.refused > 0 && r.broken === 0, JSON.stringify(r));
    assert.equal(r.stored + r.refused, 3000);
    assert.match(c.errors, /disk is full/);
    const [pid] = [c.process.pid];
    fs.rmSync(filler);
    const again = await c.send(200, { seed: 8, acks: file });
    assert.equal(again.stored, 200, c.errors.slice(-300));
    assert.equal(c.process.pid, pid);
    await assertAll(c, file);
    await c.kill('SIGKILL');
    await c.start(...OPEN);
    await assertAll(c, file);
    fs.rmSync(file);
    await c.kill();
    live.splice(live.indexOf(c), 1);
  } finally { execFileSync('umount', ['-l', folder]); fs.rmdirSync(folder); }
}, { timeout: 120000 });

test('a file that may not grow (the limit of a process): refused, nothing lost', async () => {
  const c = new Collector();
  live.push(c);
  await c.start(...OPEN);
  execFileSync('prlimit', ['--pid', String(c.process.pid), `--fsize=${900 * 1024}:unlimited`]);
  const file = path.join(c.folder, 'acks');
  const r = await c.send(1500, { seed: 9, acks: file });
  assert.ok(r.stored > 0 && r.refused > 0 && r.broken === 0, JSON.stringify(r));
  execFileSync('prlimit', ['--pid', String(c.process.pid), '--fsize=unlimited:unlimited']);
  assert.equal((await c.send(50, { seed: 10, acks: file })).stored, 50);
  await assertAll(c, file);
}, { timeout: 120000 });

test('database locked by another: refused after a while, taken again when it is free', async () => {
  const c = await collector();
  const file = path.join(c.folder, 'acks');
  await c.send(10, { seed: 1, acks: file });
  // A second program that holds the write lock: SQLite's own shell, without a word of ours.
  const lock = await import('node:child_process').then(({ spawn }) => spawn('sqlite3', [c.store], { stdio: ['pipe', 'pipe', 'ignore'] }));
  lock.stdin.write('BEGIN IMMEDIATE;\nSELECT 42;\n');
  await once(lock.stdout, 'data');
  const r = await c.send(4, { seed: 2, acks: file });
  assert.deepEqual([r.stored, r.refused], [0, 4]);
  assert.match(c.errors, /locked/);
  lock.stdin.end('COMMIT;\n.quit\n');
  await once(lock, 'exit');
  assert.equal((await c.send(4, { seed: 2, acks: file })).stored, 4);
  // Reviewers read while it is locked, and while reports come in.
  assert.equal(await assertAll(c, file), 14);
}, { timeout: 60000 });

test('clock jumps: every acknowledged report is there, the schedule is drawn again', async () => {
  const so = path.join(BUILD, 'jumpclock.so');
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', so, 'tests/collector/jumpclock.c']);
  const c = new Collector();
  live.push(c);
  const file = path.join(c.folder, 'acks'), jump = path.join(c.folder, 'jump');
  fs.writeFileSync(jump, '0');
  c.env = { LD_PRELOAD: so, JUMPCLOCK: jump };
  // The engine: one that says nothing of a relay, so that every trial is put off and comes again.
  await c.start('--onion', 'none', '--rate', '0', '--relay-rate', '0', '--trials', '2', '--secondexit', '/bin/false');
  const day = 86400, now = () => Math.floor(Date.now() / 1000);
  assert.equal((await c.send(20, { seed: 1, acks: file })).stored, 20);
  await until(async () => (await c.findings()).every((f) => f.planned === 2), { what: 'plans', limit: 30000 });
  for (const [seed, seconds] of [[2, 20 * 3600], [3, 300 * day], [4, -20 * 3600], [5, -300 * day], [6, 0]]) {
    fs.writeFileSync(jump, String(seconds));
    const r = await c.send(20, { seed, acks: file });
    // A report that seems to come from next year is refused; one that is stored is acknowledged. Never in between.
    assert.equal(r.stored + r.refused, 20);
    assert.equal(r.broken, 0);
  }
  // Back by 300 days: nothing may be due later than a day and an hour from there.
  fs.writeFileSync(jump, String(-300 * day));
  await until(async () => {
    const [f] = await c.findings();
    const dues = (await c.show(f.id)).trials.map((t) => t.due);
    return dues.length === 2 && dues.every((d) => d < now() - 300 * day + day + 3700);
  }, { what: 'trials within the spread again', limit: 30000 });
  await assertAll(c, file);
}, { timeout: 120000 });

test('hostile HTTP: split at every byte, cut at every byte, lies', async () => {
  const c = await collector();
  const envelope = await c.envelope({ host: 'split.test' });
  const good = post(envelope);
  const head = good.length - envelope.length;
  // In two pieces, at each byte of the head and some of the body.
  let stored = 0;
  for (let at = 1; at < good.length; at += at < head + 8 ? 1 : 397) {
    const a = parseAnswer(await talk(c, [good.subarray(0, at), good.subarray(at)]));
    assert.equal(a.status, 200);
    stored += a.answer === 1;
  }
  assert.equal(stored, 1);
  // Byte by byte.
  assert.equal(parseAnswer(await talk(c, [...good].map((b) => Buffer.from([b])))).answer, 2);
  // Cut at every byte, then closed: nothing is stored, nothing is answered.
  const other = post(await c.envelope({ host: 'cut.test' }));
  for (let n = 0; n < other.length; n += n < head + 8 ? 1 : 397)
    assert.equal((await talk(c, [other.subarray(0, n)], { half: true })).length, 0);
  assert.ok(!(await c.findings()).some((f) => f.host === 'cut.test'));
  for (const [text, status, error] of [
    ['GET /report HTTP/1.1\r\nHost: x\r\n\r\n', 400, 1921], ['POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx', 400, 1921],
    ['POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 131073\r\n\r\n', 413, 1004],
    ['POST /report HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 501, 1804],
    ['POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc', 400, 1804], ['\x16\x03\x01\x00\r\n\r\n', 400, 1804],
    [`POST /report HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(9000)}\r\n\r\n`, 431, 1804],
  ]) {
    // The door keeps a connection that behaves; say that we don't want it any more.
    const a = parseAnswer(await talk(c, [text.replace('Host: x', 'Host: x\r\nConnection: close')]));
    assert.deepEqual([a.status, a.answer, a.error], [status, 0, error], text.slice(0, 60));
  }
  assert.equal((await c.send(5, { seed: 3 })).stored, 5);
}, { timeout: 180000 });

test('floods and slow senders: others are served, memory stays', async () => {
  const c = await collector();
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${c.process.pid}/status`, 'utf8'))[1]);
  const before = rss();
  // 400 that announce the largest body and send a little of it, 100 that send nothing.
  const slow = [];
  for (let i = 0; i < 500; i++) {
    const s = dial(c);
    s.on('error', () => {});
    if (i < 400) s.write(`POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 131072\r\n\r\n${'a'.repeat(1000)}`);
    slow.push(s);
  }
  assert.equal((await c.send(50, { seed: 1 })).stored, 50);
  assert.ok(rss() - before < 100 * 1024, `${rss() - before} KiB`);
  // 20 s without a byte: gone.
  await until(() => slow.every((s) => s.destroyed || s.readableEnded || s.closed), { limit: 60000, what: 'slow ones being cut off' });
  assert.equal((await c.send(50, { seed: 2 })).stored, 50);
  for (const s of slow) s.destroy();
}, { timeout: 180000 });

test('bodies that are nearly whole: 32 MiB of them at most, then 503, and room again', async () => {
  const c = await collector();
  const body = 'a'.repeat(131071);
  const full = [];
  for (let i = 0; i < 300; i++) {
    const s = dial(c);
    s.seen = '';
    s.on('error', () => {}).on('data', (d) => { s.seen += d.toString('latin1'); });
    s.write(`POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 131072\r\n\r\n${body}`);
    full.push(s);
  }
  const refused = () => full.filter((s) => s.seen.startsWith('HTTP/1.1 503')).length;
  await until(() => refused() >= 300 - 257, { what: 'refusals', limit: 30000 });
  for (const s of full) s.destroy();
  await until(async () => (await c.send(1, { seed: 3 })).stored === 1, { what: 'room again', limit: 30000 });
}, { timeout: 180000 });

test('drip: a byte now and then doesn\'t hold a connection for ever', async () => {
  const c = await collector();
  const s = dial(c);
  let seen = '', closed = false;
  s.on('data', (d) => { seen += d.toString('latin1'); }).on('error', () => {}).on('close', () => { closed = true; });
  s.write('POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 4096\r\n\r\n');
  const timer = setInterval(() => { if (!closed) s.write('a'); }, 2000);
  await until(() => seen.startsWith('HTTP/1.1 408'), { limit: 100000, every: 500, what: 'being told that it takes too long' });
  clearInterval(timer);
  s.destroy();
}, { timeout: 120000 });

test('rates: about one relay, and of all', async () => {
  const c = await collector(['--onion', 'none', '--trials', '0', '--rate', '40', '--relay-rate', '10']);
  const one = await c.send(30, { seed: 1, relays: 1 });
  assert.ok(one.stored >= 10 && one.stored <= 11 && one.refused >= 19, JSON.stringify(one));
  const all = await c.send(100, { seed: 2, relays: 100 });
  assert.ok(all.stored >= 25 && all.stored < 60 && all.refused >= 40, JSON.stringify(all));
  const a = parseAnswer(await talk(c, [post(await c.envelope({ host: 'x.test', relays: 1 }, 1))]));
  assert.equal(a.status, 429);
  assert.ok([1811, 1812].includes(a.error));
});

test('keys: rotation with two valid ones at SIGHUP, then the oldest is refused', async () => {
  const c = await collector();
  const first = c.publicKey, second = await c.keygen('--rotate');
  assert.notEqual(first, second);
  assert.equal((await c.send(5, { seed: 1, key: second })).refused, 5);
  c.process.kill('SIGHUP');
  await until(() => c.said('reloaded'), { what: 'the reload' });
  assert.equal((await c.send(5, { seed: 1, key: second })).stored, 5);
  assert.equal((await c.send(5, { seed: 1, key: first })).known, 5);
  await c.keygen('--rotate');
  c.process.kill('SIGHUP');
  await until(async () => (await c.send(1, { seed: 1, key: first })).refused === 1, { what: 'the oldest key being gone' });
  // A key file that others may read is not taken, and the daemon goes on with what it has.
  fs.chmodSync(c.keyFile, 0o644);
  c.process.kill('SIGHUP');
  await until(() => /the old one stays/.test(c.errors), { what: 'a complaint' });
  assert.equal((await c.send(5, { seed: 2 })).stored, 5);
  await c.kill();
  const r = await c.verb('run', ...OPEN);
  assert.equal(r.status, 1);
  assert.match(r.err, /error 1912/);
  fs.chmodSync(c.keyFile, 0o600);
});

test('a unix socket; one that a killed collector left is taken, one in use is not', async () => {
  const c = new Collector();
  live.push(c);
  const at = `unix:${path.join(c.folder, 'door')}`;
  await c.keygen();
  await c.start(...OPEN, '--listen', at);
  assert.equal(c.address, at);
  assert.equal((await c.send(3, { seed: 1 })).stored, 3);
  assert.equal(fs.statSync(path.join(c.folder, 'door')).mode & 0o777, 0o660);
  const second = await c.verb('run', ...OPEN, '--web', 'none', '--listen', at);
  assert.equal(second.status, 1);
  await c.kill('SIGKILL');
  await c.start(...OPEN, '--listen', at);
  assert.equal((await c.send(3, { seed: 1 })).known, 3);
});

test('loopback alone; usage', async () => {
  const c = new Collector();
  live.push(c);
  await c.keygen();
  for (const args of [['--listen', '192.0.2.1:80'], ['--web', '198.51.100.1:1234'], ['--listen', 'nonsense']])
    assert.equal((await c.verb('run', ...OPEN, '--listen', '127.0.0.1:0', '--web', 'none', ...args)).status, 1, args.join(' '));
  for (const args of [['frobnicate'], [], ['run', 'extra'], ['show'], ['show', 'x'], ['show', '-1'], ['list', '--limit', '0'], ['list', '--state', 'bad'],
    ['export', '--format', 'xml'], ['keygen', '--key-file'], ['run', '--onion', 'maybe'], ['run', '--allow-port', '99999']])
    assert.equal((await run(COLLECTOR, args)).status, 2, args.join(' '));
  const config = path.join(c.folder, 'config');
  fs.writeFileSync(config, '# a comment\nonion none\ntrials 0\nlisten 127.0.0.1:0\nweb none\n');
  fs.writeFileSync(`${config}.bad`, 'onion none\nnonsense 5\n');
  assert.equal((await c.verb('run', '--config', `${config}.bad`)).status, 2);
  assert.equal((await c.verb('run', '--config', '/nonexistent')).status, 2);
  await c.start('--config', config, '--web', 'none');
  assert.match((await c.verb('list')).out, /FINGERPRINT/);
});

test('the reviewers\' page: read-only, no scripts, foreign text is text', async () => {
  const c = await collector();
  await c.send(3, { seed: 1, host: 'a.test' });
  const [f] = await c.findings();
  for (const url of ['/', '/?state=site-varies', `/finding/${f.id}`, `/relay/${f.accused}`]) {
    const r = await c.get(url);
    assert.equal(r.status, 200, url);
    assert.match(r.headers['content-security-policy'], /default-src 'none'/);
    assert.equal(r.headers['x-content-type-options'], 'nosniff');
    assert.ok(!/<script|javascript:|\son\w+=/i.test(r.body), url);
  }
  assert.match((await c.get('/')).body, /a\.test:443/);
  // Commands and the mail stand line by line.
  assert.match((await c.get(`/finding/${f.id}`)).body, /<pre>  secondexit cert --first-exit [0-9A-F]{40} a\.test:443\n<\/pre>/);
  for (const url of ['/nope', '/finding/0', '/finding/99999', '/finding/1x', '/relay/AA', '/?state=bad', '/../etc/passwd', `/relay/${'A'.repeat(40)}`])
    assert.equal((await c.get(url)).status, 404, url);
  // Names that lead to 127.0.0.1 and are not ours.
  for (const host of ['evil.test', '127.0.0.1.evil.test', 'localhost.evil.test', '127.0.0.1:80@evil', '']) {
    const [, port] = c.web.split(':');
    const raw = await talk({ address: c.web }, [`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`]);
    assert.match(raw.toString('latin1'), /^HTTP\/1\.1 403/, host);
    assert.ok(port);
  }
  const raw = await talk({ address: c.web }, ['POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n']);
  assert.match(raw.toString('latin1'), /^HTTP\/1\.1 405/);
});
