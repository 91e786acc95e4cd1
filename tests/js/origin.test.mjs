// The origin itself, without tor: every behaviour shows what its name says, roles go by order of arrival, and what an
// interceptor received is on record.

import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { startOrigin } from '../origin/origin.mjs';
import { until } from '../net/proc.mjs';

const PORT = 18443;
const exits = [1, 2, 3, 4].map((i) => ({ nickname: `exit${i}`, fingerprint: String(i).repeat(40), originAddress: `127.120.${process.pid % 250}.${i}` }));
let origin, ca;

before(async () => {
  origin = await startOrigin({ exits });
  ca = origin.authority.root.pem;
});
after(() => origin?.stop());

function look(name, exit = exits[0], options = {}) {
  return new Promise((resolve) => {
    const s = tls.connect({ host: exit.originAddress, port: PORT, servername: name, ca, rejectUnauthorized: false, requestOCSP: true, ...options });
    let staple = null;
    const timer = setTimeout(() => { s.destroy(); resolve({ error: 'time-out' }); }, 700);
    s.on('OCSPResponse', (b) => { staple = b; });
    s.once('secureConnect', () => {
      clearTimeout(timer);
      resolve({ authorized: s.authorized, why: s.authorizationError?.code ?? s.authorizationError, staple: staple?.length ?? 0, cert: new X509Certificate(s.getPeerCertificate().raw) });
      s.end();
    });
    s.once('error', (e) => { clearTimeout(timer); resolve({ error: e.code ?? e.message }); });
  });
}

const SHOWS = {
  'valid': { authorized: true }, 'valid-renewed': { authorized: true }, 'stapled': { authorized: true, staple: true },
  'must-staple': { authorized: true, staple: false }, 'must-staple-stapled': { authorized: true, staple: true },
  'wrong-name': { why: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'missing-intermediate': { why: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
  'expired': { why: 'CERT_HAS_EXPIRED' }, 'not-yet-valid': { why: 'CERT_NOT_YET_VALID' },
  'self-signed': { why: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'forged': { why: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  'forged-ca': { why: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'lookalike': { why: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  'lookalike-valid': { why: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, 'expired-self-signed': { why: 'CERT_HAS_EXPIRED' },
};

for (const [kind, want] of Object.entries(SHOWS)) {
  test(`certificate: ${kind}`, async () => {
    const name = `${kind}.test`;
    origin.site(name, { first: kind });
    const r = await look(name);
    assert.equal(r.error, undefined);
    assert.equal(Boolean(r.authorized), Boolean(want.authorized), String(r.why));
    if (want.why) assert.equal(r.why, want.why);
    if ('staple' in want) assert.equal(r.staple > 0, want.staple);
    assert.equal(r.cert.fingerprint256.replaceAll(':', '').toLowerCase(), origin.certificate(kind, name).sha256);
  });
}

const FAILS = {
  'stall': /time-out/, 'stall-hello': /time-out/, 'drip': /time-out/, 'flood': /time-out|ERR_SSL/, 'huge': /ERR_SSL|time-out/, 'close': /ECONNRESET/,
  'cut': /ECONNRESET/, 'reset': /ECONNRESET/, 'alert': /HANDSHAKE_FAILURE/, 'http': /WRONG_VERSION/, 'garbage': /ERR_SSL/, 'bad-signature': /BAD_SIGNATURE/,
};

for (const [behaviour, want] of Object.entries(FAILS)) {
  test(`no handshake: ${behaviour}`, async () => {
    const name = `${behaviour}.test`;
    origin.site(name, { first: behaviour });
    assert.match((await look(name)).error, want);
    assert.equal(origin.connections(name).at(-1).handshake, false);
  });
}

test('drip sends one byte a second', async () => {
  origin.site('drip2.test', { first: 'drip' });
  const raw = net.connect(PORT, exits[0].originAddress);
  const s = tls.connect({ socket: raw, servername: 'drip2.test', rejectUnauthorized: false });
  s.on('error', () => {});
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.ok(raw.bytesRead >= 1 && raw.bytesRead <= 3, String(raw.bytesRead));
  s.destroy();
});

test('a look-alike has the names, dates and serial of the true one, and another key', () => {
  for (const [a, b] of [['self-signed', 'lookalike'], ['valid', 'lookalike-valid']]) {
    const x = new X509Certificate(origin.certificate(a, 'twin.test').der), y = new X509Certificate(origin.certificate(b, 'twin.test').der);
    for (const field of ['subject', 'issuer', 'subjectAltName', 'validFrom', 'validTo', 'serialNumber']) assert.equal(x[field], y[field], field);
    assert.ok(!x.publicKey.export({ type: 'spki', format: 'der' }).equals(y.publicKey.export({ type: 'spki', format: 'der' })));
    assert.notEqual(x.fingerprint256, y.fingerprint256);
  }
});

test('by exit: one key in many certificates, many keys', async () => {
  for (const [kind, sameKey] of [['same-key', true], ['many-keys', false]]) {
    const name = `rotates-${kind}.test`;
    origin.site(name, { first: kind, others: kind });
    const seen = [];
    for (const e of [...exits, exits[0]]) seen.push((await look(name, e)).cert);
    assert.equal(new Set(seen.map((c) => c.fingerprint256)).size, exits.length);
    assert.equal(seen[0].fingerprint256, seen.at(-1).fingerprint256);
    assert.equal(new Set(seen.map((c) => c.publicKey.export({ type: 'spki', format: 'pem' }))).size, sameKey ? 1 : exits.length);
  }
});

test('roles go by order of arrival, sequences by connection', async () => {
  origin.site('roles.test', { first: { each: ['forged', 'self-signed'] }, others: ['forged-again', 'valid'] });
  for (const i of [2, 0, 2, 3, 1, 0]) await look('roles.test', exits[i]);
  assert.deepEqual(origin.connections('roles.test').map((r) => [r.exit, r.role, r.count, r.behaviour]), [
    ['exit3', 0, 0, 'forged'], ['exit1', 1, 0, 'forged-again'], ['exit3', 0, 1, 'self-signed'], ['exit4', 2, 0, 'valid'],
    ['exit2', 3, 0, 'valid'], ['exit1', 1, 1, 'forged-again']]);
  origin.site('cycle.test', { first: { cycle: ['forged', 'valid'] } });
  for (let i = 0; i < 3; i++) await look('cycle.test');
  assert.deepEqual(origin.connections('cycle.test').map((r) => r.behaviour), ['forged', 'valid', 'forged']);
  assert.throws(() => origin.site('x.test', { first: 'nonsense' }), RangeError);
  assert.throws(() => origin.site('x.test', { others: ['valid', 'nonsense'] }), RangeError);
});

function ask(name, exit, { method = 'GET', path = '/', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const req = https.request({ host: exit.originAddress, port: PORT, servername: name, method, path, headers: { host: name, ...headers }, rejectUnauthorized: false, agent: false }, (res) => {
      let text = '';
      res.on('data', (b) => { text += b; }).on('end', () => resolve({ status: res.statusCode, headers: res.headers, text }));
    });
    req.on('error', reject).end(body);
  });
}

test('what an interceptor received is on record, what an honest site received is no leak', async () => {
  origin.site('leak.test', { first: 'forged', others: 'valid', hsts: true });
  assert.match((await ask('leak.test', exits[0])).text, /INTERCEPTED leak\.test/);
  assert.deepEqual(origin.leaks('leak.test'), []);
  await ask('leak.test', exits[0], { headers: { cookie: 'session=cookie-secret' } });
  await ask('leak.test', exits[0], { method: 'POST', path: '/post', body: 'body-secret' });
  const honest = await ask('leak.test', exits[1], { method: 'POST', path: '/post', headers: { cookie: 'a=b' }, body: 'x' });
  assert.match(honest.text, /honest leak\.test/);
  assert.match(honest.headers['strict-transport-security'], /max-age/);
  assert.deepEqual(origin.leaks('leak.test').map((q) => [q.method, q.headers.cookie, q.body]), [['GET', 'session=cookie-secret', ''], ['POST', undefined, 'body-secret']]);
  const [first] = origin.connections('leak.test');
  assert.ok(first.handshake && first.hello[0] === 0x16 && first.intercepts);
});

test('a WebSocket opens', async () => {
  origin.site('ws.test', { first: 'self-signed' });
  const req = https.request({ host: exits[0].originAddress, port: PORT, servername: 'ws.test', path: '/ws', rejectUnauthorized: false, agent: false,
    headers: { host: 'ws.test', Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version': 13 } });
  const [res, socket, head] = await new Promise((resolve, reject) => { req.on('upgrade', (...a) => resolve(a)).on('error', reject).end(); });
  assert.equal(res.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  let got = head;
  socket.on('data', (b) => { got = Buffer.concat([got, b]); });
  await until(() => got.toString('latin1').includes('hello'), { limit: 20000, what: 'hello' });
  assert.ok(origin.connections('ws.test')[0].requests[0].upgrade);
  socket.destroy();
});

test('plain HTTP on the same ports', async () => {
  const text = await new Promise((resolve, reject) => http.get({ host: exits[0].originAddress, port: 18080, path: '/', headers: { host: 'plain.test:18080' } }, (res) => {
    let t = '';
    res.on('data', (b) => { t += b; }).on('end', () => resolve(t));
  }).on('error', reject));
  assert.match(text, /honest plain\.test/);
  assert.equal(origin.connections('plain.test')[0].behaviour, 'plain');
});

test('a hello in pieces, one without a name, one with lies in its lengths', async () => {
  origin.site('*', { first: 'self-signed' });
  const good = origin.connections('roles.test')[0].hello;
  const send = (pieces) => new Promise((resolve) => {
    const s = net.connect(PORT, exits[0].originAddress);
    let got = Buffer.alloc(0);
    s.on('error', () => {});
    s.on('data', (b) => { got = Buffer.concat([got, b]); s.destroy(); });
    s.on('close', () => resolve(got));
    (async () => { for (const p of pieces) { s.write(p); await new Promise((r) => setTimeout(r, 1)); } setTimeout(() => s.destroy(), 500); })();
  });
  const before = origin.connections('roles.test').length;
  assert.ok((await send([...good].map((b) => Buffer.from([b])))).length > 0);
  assert.equal(origin.connections('roles.test').length, before + 1);
  assert.equal((await look(undefined)).why, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  for (const at of [9, 43, 44, 78, 80, 120]) {
    const lie = Buffer.from(good);
    lie[at] = 255;
    await send([lie]);
  }
  assert.equal((await look(undefined)).why, 'DEPTH_ZERO_SELF_SIGNED_CERT');
});
