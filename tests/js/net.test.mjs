// The bed itself: families, policies, countries, resolvers and restarts are what the other tests rely on.

import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import net from 'node:net';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startNet } from '../net/net.mjs';
import { Dns } from '../net/dns.mjs';
import { socksConnect } from '../net/socks.mjs';
import { startFilter } from '../net/filter.mjs';
import { Control } from '../net/control.mjs';
import { until } from '../net/proc.mjs';

const PORT = 18443;
let bed, servers;

before(async () => {
  bed = await startNet();
  servers = await Promise.all(bed.exits.map((e) => new Promise((resolve) => {
    const s = net.createServer((c) => { c.on('error', () => {}); c.end(e.nickname); });
    s.listen(PORT, e.originAddress, () => resolve(s));
  })));
}, { timeout: 600000 });

after(async () => {
  for (const s of servers ?? []) s.close();
  await bed?.stop();
});

async function reach(name, port = PORT, user = name) {
  const s = await socksConnect(bed.client.socks, { host: name, port, username: user, password: 'x' });
  let text = '';
  for await (const b of s) text += b;
  return text;
}

test('each exit reaches its own address, whatever the name', async () => {
  const c = await bed.client.openControl();
  for (const [i, e] of bed.exits.entries()) {
    await c.command(`MAPADDRESS own${i}.virtual=n${i}.test.${e.fingerprint}.exit`);
    assert.equal(await until(() => reach(`own${i}.virtual`, PORT, `own${i}`), { limit: 20000, what: e.nickname }), e.nickname);
    await c.command(`MAPADDRESS own${i}.virtual=own${i}.virtual`);
  }
  c.close();
});

test('families: declared both ways, by id, and one way only', async () => {
  const c = await bed.client.openControl();
  const md = await Promise.all(bed.exits.map((e) => c.info(`md/id/${e.fingerprint}`)));
  const family = (i) => /^family (.*)$/m.exec(md[i])?.[1] ?? '', ids = (i) => /^family-ids (.*)$/m.exec(md[i])?.[1] ?? '';
  assert.ok(family(0).includes(bed.exits[1].fingerprint) && family(1).includes(bed.exits[0].fingerprint));
  assert.ok(ids(2) !== '' && ids(2) === ids(3));
  assert.ok(family(4).includes(bed.exits[5].fingerprint) && !family(5).includes(bed.exits[4].fingerprint));
  for (const i of [6, 7]) assert.ok(family(i) === '' && ids(i) === '');
  c.close();
});

test('flags, policies, weights, countries', async () => {
  const c = await bed.client.openControl();
  const all = (await c.info('ns/all')).split(/^(?=r )/m);
  const of = (r) => all.find((t) => t.startsWith(`r ${r.nickname} `));
  for (const e of bed.exits) {
    assert.match(of(e), /^s .*Exit.*Running.*Valid/m);
    assert.match(of(e), /^w Bandwidth=1[0-4]00$/m);
    const policy = /^p (.*)$/m.exec(await c.info(`md/id/${e.fingerprint}`))[1];
    assert.equal(policy.includes('18000-20999'), e.familyPort, policy);
    assert.equal((await c.info(`ip-to-country/${e.address}`)).toUpperCase(), e.country);
  }
  for (const m of [...bed.middles, ...bed.guards]) assert.doesNotMatch(of(m), /^s .*\bExit\b/m);
  for (const g of bed.guards) assert.match(of(g), /^s .*Guard/m);
  assert.ok(new Set(bed.exits.map((e) => e.country)).size >= 3);
  assert.equal(new Set(bed.relays.map((r) => r.address.split('.').slice(0, 2).join('.'))).size, bed.relays.length);
  c.close();
});

test('resolvers: silent, denying, another address; nothing outside of loopback', async () => {
  for (const e of bed.exits) e.dns.rule('denied.test', 'nxdomain');
  await assert.rejects(reach('denied.test'), (e) => e.reply === 4);
  for (const e of bed.exits) e.dns.rule('moved.test', bed.exits[3].originAddress);
  assert.equal(await reach('moved.test'), 'exit3');
  assert.throws(() => bed.exits[0].dns.rule('*', '192.168.1.1'), RangeError);
  assert.throws(() => bed.exits[0].dns.rule('*', '127.0.0.999'), RangeError);
  assert.ok(bed.exits.some((e) => e.dns.queries.includes('moved.test')));
});

test('a literal address outside of loopback is not reached', async () => {
  await assert.rejects(socksConnect(bed.client.socks, { host: '192.0.2.7', port: 443, username: 'out', password: 'x', timeout: 15000 }));
});

test('the client restarts with a new cookie', async () => {
  const before = readFileSync(bed.client.cookieFile, 'hex'), pid = bed.client.pid;
  await bed.client.restart();
  assert.notEqual(readFileSync(bed.client.cookieFile, 'hex'), before);
  assert.notEqual(bed.client.pid, pid);
  assert.match(await reach('again.test'), /^exit/);
});

test('unix sockets, a second client, a filtered control port', async () => {
  const c = await Control.open({ path: bed.client.controlSocket }, { cookieFile: bed.client.cookieFile });
  assert.match(await c.info('version'), /^0\./);
  c.close();
  const second = await bed.addClient();
  assert.notEqual(second.socks.port, bed.client.socks.port);
  assert.equal((await second.openControl()).closed, undefined);
  const filter = await startFilter(bed.client.control, /^MAPADDRESS/i);
  const f = await Control.open({ host: filter.host, port: filter.port }, { cookieFile: bed.client.cookieFile });
  assert.ok(await f.info('version'));
  await assert.rejects(f.command('MAPADDRESS a.virtual=b.test'), (e) => e.code === 510);
  assert.equal(filter.refused.length, 1);
  f.close();
  await filter.stop();
});

test('an exit can be killed and started again', async () => {
  const exit = bed.exits[6];
  await bed.killRelay(exit);
  await bed.startRelay(exit);
  assert.ok(exit.process.pid);
});

function torsOf(folderPart) {
  return readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
    try { return readFileSync(`/proc/${p}/cmdline`, 'latin1').includes(folderPart); } catch { return false; }
  });
}

test('two beds at once; one whose owner is killed leaves no process behind', { timeout: 180000 }, async () => {
  const program = fileURLToPath(new URL('../net/net.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, 'up'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (b) => { text += b; });
  await until(() => text.endsWith('}\n'), { limit: 150000, what: 'second bed' });
  const other = JSON.parse(text);
  assert.notEqual(other.bed, bed.n);
  const part = other.dir.split('/').pop();
  assert.equal(torsOf(part).length, bed.relays.length + 1);
  child.kill('SIGKILL');
  await until(() => torsOf(part).length === 0, { limit: 20000, what: 'no tor left' });
});

test('a resolver survives garbage', async () => {
  const d = await Dns.start({ address: '127.0.0.1', port: 0, answer: '127.0.0.9' });
  const s = dgram.createSocket('udp4');
  const question = Buffer.concat([Buffer.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from('\x01a\x04test\0\0\x01\0\x01', 'latin1')]);
  const answers = [];
  s.on('message', (m) => answers.push(m));
  for (let n = 0; n < question.length; n++) s.send(question.subarray(0, n), d.port, '127.0.0.1');
  s.send(Buffer.concat([question.subarray(0, 12), Buffer.from([0xc0, 0x0c, 0, 1, 0, 1])]), d.port, '127.0.0.1');
  s.send(question, d.port, '127.0.0.1');
  await until(() => answers.length, { limit: 20000, what: 'an answer' });
  assert.equal(answers.length, 1);
  assert.deepEqual([...answers[0].subarray(-4)], [127, 0, 0, 9]);
  s.close();
  await d.stop();
});
