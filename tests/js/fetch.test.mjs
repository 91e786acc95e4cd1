// Fetching through chosen exits of a real tor: which exit came, what it saw, and that no end of it leaves anything behind.

import test, { before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, readdir, readlink } from 'node:fs/promises';
import http2 from 'node:http2';
import { gzipSync } from 'node:zlib';
import { startNet } from '../net/net.mjs';
import { startOrigin } from '../origin/origin.mjs';
import { Fetcher } from '../net/fetcher.mjs';
import { makeCert } from '../origin/x509.mjs';
import { until, sleep } from '../net/proc.mjs';

const HTTPS = 18443, HTTP = 18080;
const E = { ROLE_DIED: 1010, TIMEOUT: 1005, CLOSED: 1007, TARGET_PRIVATE: 1421, SOCKS_HOST: 1406, EXIT_POLICY: 1304, TLS_SIGNATURE: 1414, HTTP_URL: 1601, HTTP_BODY: 1605 };
const STEP = { building: 1, connecting: 2, handshaking: 3, done: 4 };
let net, origin, control, fetcher, count = 0;

const fetchers = new Set();
const newFetcher = (options) => { const f = new Fetcher(net.client, options); fetchers.add(f); return f; };
const name = (word = 'f') => `${word}${++count}.fetch.test`;
const sha256 = (b) => createHash('sha256').update(b).digest('hex');
const mappings = async () => (await control.info('address-mappings/control')).split('\n').filter((l) => l.includes('.virtual') && !/^(\S+) \1 /.test(l));
const fdsOf = async (pid) => (await Promise.all((await readdir(`/proc/${pid}/fd`)).map((n) => readlink(`/proc/${pid}/fd/${n}`).catch(() => '')))).filter((t) => t.startsWith('socket:')).length;
const isAlive = async (pid) => !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State: Z'));

before(async () => {
  net = await startNet();
  origin = await startOrigin(net);
  control = await net.client.openControl();
  fetcher = newFetcher();
}, { timeout: 600000 });
after(async () => {
  for (const f of fetchers) await f.kill();
  control?.close();
  await origin?.stop();
  await net?.stop();
});

// exit0 is the first exit's family, exit4's policy and so on do not matter here: any three will do.
const three = () => [net.exits[4], net.exits[6], net.exits[7]];

for (const [scheme, port] of [['http', HTTP], ['https', HTTPS]]) {
  test(`${scheme}: one page through three chosen exits at once`, { timeout: 60000 }, async () => {
    const host = name();
    origin.site(host, { first: 'self-signed', others: 'self-signed', pages: { '/donate': () => ['text/html', `<p>pay ${host}</p>`] } });
    const results = await Promise.all(three().map((exit) => fetcher.get({ url: `${scheme}://${host}:${port}/donate?x=1#top`, exit: exit.fingerprint })));
    for (const [i, r] of results.entries()) {
      assert.equal(r.error, 0, r.errorName);
      assert.equal(r.status, 200);
      assert.equal(r.text, `<p>pay ${host}</p>`);
      assert.ok(r.framed);
      assert.equal(r.path.at(-1).toUpperCase(), three()[i].fingerprint);
      assert.equal(r.leaf, scheme === 'https' ? origin.certificate('self-signed', host).sha256.toLowerCase() : '');
      assert.deepEqual(r.steps, [STEP.building, STEP.connecting, STEP.handshaking, STEP.done]);
    }
    // Each over a circuit of its own.
    assert.equal(new Set(results.map((r) => r.circuit)).size, 3);
    const seen = origin.connections(host);
    assert.equal(seen.length, 3);
    assert.deepEqual(seen.map((c) => net.exit(c.exit).fingerprint).sort(), three().map((e) => e.fingerprint).sort());
    for (const c of seen) {
      assert.equal(c.requests.length, 1);
      const [q] = c.requests;
      assert.equal(q.url, '/donate?x=1');
      assert.deepEqual(q.rawHeaders.filter((_, i) => i % 2 === 0), ['Host', 'User-Agent', 'Accept', 'Accept-Language', 'Accept-Encoding', 'Connection']);
      assert.equal(q.headers['accept-encoding'], 'identity');
    }
    await until(async () => (await mappings()).length === 0, { what: 'mappings gone' });
  });
}

test('two first parties, same exit: never the same circuit', { timeout: 60000 }, async () => {
  const exit = net.exits[6];
  const runs = await Promise.all([1, 2, 3, 4].map(() => {
    const host = name();
    origin.site(host, {});
    return fetcher.get({ url: `http://${host}:${HTTP}/`, exit: exit.fingerprint });
  }));
  for (const r of runs) assert.equal(r.error, 0, r.errorName);
  assert.equal(new Set(runs.map((r) => r.circuit)).size, runs.length);
});

test('decoded, ranged, headed; a redirect is an answer', { timeout: 60000 }, async () => {
  const host = name(), exit = net.exits[7].fingerprint;
  const page = 'a page '.repeat(1000);
  origin.site(host, { pages: {
    '/gz': () => ['text/html', gzipSync(page), { 'Content-Encoding': 'gzip' }],
    '/away': () => ['text/plain', '', { Location: 'http://evil.test/' }],
  } });
  let r = await fetcher.get({ url: `http://${host}:${HTTP}/gz`, exit, options: ['decoded'] });
  assert.equal(r.error, 0, r.errorName);
  assert.equal(r.sha256, sha256(page));
  r = await fetcher.get({ url: `http://${host}:${HTTP}/gz`, exit });
  assert.equal(r.sha256, sha256(gzipSync(page)));
  r = await fetcher.get({ url: `http://${host}:${HTTP}/file.bin`, exit, options: ['head'] });
  assert.deepEqual([r.error, r.status, r.body], [0, 200, 0]);
  r = await fetcher.get({ url: `http://${host}:${HTTP}/file.bin`, exit, options: ['max=65535'] });
  assert.deepEqual([r.error, r.body], [E.HTTP_BODY, 65535]);
  r = await fetcher.get({ url: `http://${host}:${HTTP}/away`, exit });
  assert.deepEqual([r.error, r.status], [0, 302]);
  assert.equal(origin.connections('evil.test').length, 0);
});

test('failures are named', { timeout: 60000 }, async () => {
  const exit = net.exits[4], gone = name('gone'), dead = name('dead'), forged = name('sig'), slow = name('slow');
  exit.dns.rule(gone, 'nxdomain');
  origin.site(dead, { first: 'close', others: 'close' });
  origin.site(forged, { first: 'bad-signature', others: 'bad-signature' });
  origin.site(slow, { first: 'stall', others: 'stall' });
  const runs = [
    [{ url: `http://${gone}:${HTTP}/` }, E.SOCKS_HOST], [{ url: `http://${name()}:25/` }, E.EXIT_POLICY],
    [{ url: 'http://127.0.0.1/' }, E.TARGET_PRIVATE], [{ url: `http://${'a'.repeat(56)}.onion/` }, E.TARGET_PRIVATE],
    [{ url: `https://${dead}:${HTTPS}/` }, E.CLOSED], [{ url: `https://${forged}:${HTTPS}/` }, E.TLS_SIGNATURE],
    [{ url: `https://${slow}:${HTTPS}/`, options: ['deadline=3000'] }, E.TIMEOUT],
    [{ url: 'ftp://site.test/' }, E.HTTP_URL], [{ url: 'http://u:p@site.test/' }, E.HTTP_URL], [{ url: 'file:///etc/passwd' }, E.HTTP_URL],
  ];
  const results = await Promise.all(runs.map(([g]) => fetcher.get({ exit: exit.fingerprint, ...g })));
  results.forEach((r, i) => assert.equal(r.error, runs[i][1], `${runs[i][0].url}: ${r.errorName}`));
  await until(async () => (await mappings()).length === 0, { what: 'mappings gone' });
});

test('without MAPADDRESS an exit that suits is waited for', { timeout: 60000 }, async () => {
  const host = name(), free = newFetcher({ noMapaddress: true });
  origin.site(host, {});
  const r = await free.get({ url: `http://${host}:${HTTP}/` });
  assert.equal(r.error, 0, r.errorName);
  assert.equal(net.exit(origin.connections(host)[0].exit).fingerprint, r.path.at(-1).toUpperCase());
  assert.equal(await free.end(), 0);
});

describe('HTTP/2', () => {
  const H2 = 18555, size = 4 << 20;
  let server, exit, big, sha;
  before(async () => {
    exit = net.exits[7];
    big = Buffer.alloc(size, 'sixteen bytes...');
    const cert = makeCert({ subject: { cn: 'h2.test' }, names: ['h2.test'] });
    sha = sha256(cert.der);
    server = http2.createSecureServer({ key: cert.key.pem, cert: cert.pem, allowHTTP1: false, maxSendHeaderBlockLength: 1 << 20 });
    server.on('sessionError', () => {});
    server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      switch (headers[':path']) {
        case '/big': stream.respond({ ':status': 200, 'content-type': 'text/plain', 'content-length': size }); stream.end(big); break;
        case '/reset': stream.respond({ ':status': 200 }); stream.write('half'); setTimeout(() => stream.destroy(new Error('reset')), 50); break;
        case '/short': stream.respond({ ':status': 200, 'content-length': 100 }, { endStream: false }); stream.write('half'); setTimeout(() => stream.session?.destroy(), 50); break;
        case '/endless': { stream.respond({ ':status': 200 }); const more = () => { while (!stream.destroyed && stream.write(big)); }; stream.on('drain', more); more(); break; }
        case '/headers': case '/too-many-headers': {
          const n = headers[':path'] === '/headers' ? 30 : 100;
          stream.respond({ ':status': 200, ...Object.fromEntries(Array.from({ length: n }, (_, i) => [`x-${i}`, 'v'.repeat(1000)])) });
          stream.end('ok');
          break;
        }
        default: stream.respond({ ':status': 200, 'x-seen': JSON.stringify(headers) }); stream.end(JSON.stringify(headers));
      }
    });
    await new Promise((resolve) => server.listen(H2, exit.originAddress, resolve));
  });
  after(() => new Promise((resolve) => { server.close(resolve); setTimeout(resolve, 1000).unref(); }));
  const get = (path, options) => fetcher.get({ url: `https://${name('h')}:${H2}${path}`, exit: exit.fingerprint, options });

  test('is spoken where the server does', { timeout: 60000 }, async () => {
    const r = await get('/x?y');
    assert.deepEqual([r.error, r.status, r.http, r.framed, r.leaf], [0, 200, 20, true, sha]);
    assert.match(r.text, /":path":"\/x\?y"/);
    assert.match(r.text, /"accept-encoding":"identity"/);
    assert.doesNotMatch(r.text, /"(connection|cookie|te)"/);
  });

  test('a large body, held and let go', { timeout: 60000 }, async () => {
    const held = get('/big', ['max=99999999', 'hold']);
    await sleep(1000);
    fetcher.resume(held.id);
    const r = await held;
    assert.deepEqual([r.error, r.body, r.sha256], [0, size, sha256(big)], r.errorName);
  });

  test('its lies', { timeout: 60000 }, async () => {
    let r = await get('/reset');
    assert.deepEqual([r.errorName, r.body], ['ERR_HTTP_SHORT', 4]);
    r = await get('/short');
    assert.deepEqual([r.errorName, r.body], ['ERR_HTTP_SHORT', 4]);
    r = await get('/endless', ['max=3000000']);
    assert.deepEqual([r.errorName, r.body], ['ERR_HTTP_BODY', 3000000]);
    r = await get('/headers');
    assert.deepEqual([r.errorName, r.status], ['OK', 200]);
    r = await get('/too-many-headers', ['deadline=3000']);
    assert.notEqual(r.error, 0);
    const hung = await get('/endless', ['deadline=2000', 'max=99999999999']);
    assert.equal(hung.errorName, 'ERR_TIMEOUT');
    const status = await readFile(`/proc/${await fetcher.pid()}/status`, 'utf8');
    assert.ok(Number(/VmHWM:\s+(\d+)/.exec(status)[1]) < 32 * 1024, /VmHWM.*/.exec(status)[0]);
  });
});

describe('ends', () => {
  test('cancelled at any moment: nothing stays open', { timeout: 60000 }, async () => {
    const host = name(), me = newFetcher();
    origin.site(host, { pages: { '/big': () => ['application/octet-stream', Buffer.alloc(4 << 20, 1)] } });
    const warm = await me.get({ url: `http://${host}:${HTTP}/`, exit: net.exits[6].fingerprint });
    assert.equal(warm.error, 0, warm.errorName);
    const pid = await me.pid();
    // The socket to main; standard error may be one more.
    await until(async () => (await fdsOf(pid)) <= 2, { what: 'the first stream closed' });
    const before = [await fdsOf(me.process.pid), await fdsOf(pid)];
    for (let ms = 0; ms < 400; ms += 25) {
      const p = me.get({ url: `http://${host}:${HTTP}/big`, exit: net.exits[6].fingerprint, options: ['max=9999999', ...(ms % 2 ? ['hold'] : [])] });
      await sleep(ms);
      me.cancel(p.id);
    }
    await until(async () => (await fdsOf(me.process.pid)) === before[0] && (await fdsOf(pid)) === before[1], { what: 'descriptors closed' });
    const r = await me.get({ url: `http://${host}:${HTTP}/big`, exit: net.exits[6].fingerprint, options: ['max=9999999'] });
    assert.deepEqual([r.error, r.body], [0, 4 << 20]);
    assert.equal(await me.pid(), pid);
    await until(() => origin.connections(host).every((c) => c.closed), { what: 'streams closed' });
    assert.equal(await me.end(), 0);
    await until(async () => (await mappings()).length === 0, { what: 'mappings gone' });
  });

  test('the fetch role killed in the middle: its fetches end, the next one starts it anew', { timeout: 60000 }, async () => {
    const host = name(), me = newFetcher(), exit = net.exits[6].fingerprint;
    origin.site(host, { pages: { '/big': () => ['application/octet-stream', Buffer.alloc(4 << 20, 1)] } });
    const held = me.get({ url: `http://${host}:${HTTP}/big`, exit, options: ['max=9999999', 'hold'] });
    await until(() => origin.connections(host).some((c) => c.requests.length > 0), { what: 'request' });
    await sleep(300);
    process.kill(await me.pid(), 'SIGKILL');
    await until(async () => (await me.pid()) === 0, { what: 'noticed' });
    me.resume(held.id);
    assert.equal((await held).error, E.ROLE_DIED);
    await sleep(300);
    assert.equal((await me.get({ url: `http://${host}:${HTTP}/`, exit })).error, 0);
    // And main's end is its end.
    const pid = await me.pid();
    assert.ok(await isAlive(pid));
    await me.kill();
    await until(async () => !(await isAlive(pid)), { what: 'the role gone', limit: 6000 });    // by itself it goes after eight seconds
  });

  test('idle, it goes by itself', { timeout: 30000 }, async () => {
    const host = name(), me = newFetcher(), exit = net.exits[6].fingerprint;
    origin.site(host, {});
    assert.equal(await me.pid(), 0);
    assert.equal((await me.get({ url: `http://${host}:${HTTP}/`, exit })).error, 0);
    const pid = await me.pid();
    await until(async () => !(await isAlive(pid)), { what: 'the role gone', limit: 25000 });
    assert.equal(await me.pid(), 0);
    assert.equal((await me.get({ url: `http://${host}:${HTTP}/`, exit })).error, 0);
    assert.equal(await me.end(), 0);
  });
});
