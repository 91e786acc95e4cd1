// extension/feature/guard.js: the blocking listeners, in both editions, just woken, with a browser that gives no account.

import test from 'node:test';
import assert from 'node:assert/strict';
import { WAKE_WAIT_MS } from '../../extension/core/limits.js';
import { proxyOf } from '../../extension/feature/guard.js';
import { extension, exactApi, result, hex, settle, SELF_SIGNED } from './ext-fakes.mjs';

const SITE = { firstParty: 'site.test', private: 1, container: 0, host: 'site.test', port: 443 };
const socks = { type: 'socks', username: 'site.test:0' };
const request = (more) => ({
  requestId: 'r1', type: 'main_frame', tabId: 1, url: 'https://site.test/a', method: 'GET', incognito: true, cookieStoreId: 'firefox-private',
  proxyInfo: socks, requestHeaders: [{ name: 'Cookie', value: 'secret' }, { name: 'Accept', value: '*/*' }], responseHeaders: [{ name: 'Content-Type', value: 'text/html' }], ...more,
});
const info = (sha, more = {}) => ({ state: 'secure', certificates: [{ fingerprint: { sha256: hex(sha) } }], ...more });
const untrusted = (sha) => info(sha, { isUntrusted: true, overridableErrorCategory: 'trust_error' });

function guarded(options) {
  const x = extension(options);
  x.see = (answer, more) => {
    x.web.infos.set('r1', answer);
    return x.guard.onHeadersReceived(request(more));
  };
  return x;
}

test('valid and merely outdated certificates pass; overridden ones don\'t, whatever the resource', async () => {
  for (const api of [undefined, exactApi()]) {
    const x = guarded({ api });
    assert.deepEqual(await x.see(info('a')), {});
    assert.deepEqual(await x.see(info('a', { isNotValidAtThisTime: true, overridableErrorCategory: 'expired_or_not_yet_valid' })), {});
    for (const type of ['main_frame', 'sub_frame', 'image', 'script', 'xmlhttprequest', 'websocket', 'font', 'media', 'beacon', 'other', 'object', 'speculative']) {
      assert.deepEqual(await x.see(untrusted('a'), { type }), { cancel: true }, type);
    }
  }
});

test('no account of the connection, or an error while asking: the response stays out', async () => {
  const x = guarded();
  for (const answer of [undefined, {}, { state: 'insecure' }, { state: 'broken' }]) assert.deepEqual(await x.see(answer), { cancel: true });
  x.web.securityInfo = async () => { throw new Error('no such request'); };
  assert.deepEqual(await x.guard.onHeadersReceived(request()), { cancel: true });
  const y = guarded();
  y.web.registrable = () => { throw new Error('broken'); };
  assert.deepEqual(await y.see(untrusted('a')), { cancel: true });
});

test('a verified certificate passes for its own site, another one does not', async () => {
  const x = guarded();
  await x.pages.ready;
  x.pages.ledger.verify(SITE, hex('a'));
  assert.deepEqual(await x.see(untrusted('a')), {});
  assert.deepEqual(await x.see(untrusted('a'), { type: 'image', url: 'https://site.test/i.png', documentUrl: 'https://site.test/a' }), {});
  assert.deepEqual(await x.see(untrusted('b')), { cancel: true });
  assert.deepEqual(await x.see(untrusted('a'), { incognito: false }), { cancel: true });
  assert.deepEqual(await x.see(untrusted('a'), { cookieStoreId: 'firefox-container-4' }), { cancel: true });
  assert.deepEqual(await x.see(untrusted('a'), { url: 'https://site.test:8443/a' }), { cancel: true });
  assert.deepEqual(await x.see(untrusted('a'), { type: 'image', documentUrl: 'https://evil.test/', proxyInfo: { type: 'socks', username: 'evil.test:0' } }), { cancel: true });
});

test('the first request after waking waits for what was known, and is then judged by it', async () => {
  const x = guarded();
  await x.pages.ready;
  x.pages.ledger.verify(SITE, hex('a'));
  x.pages.setLedger();
  await settle();
  const y = guarded({ storage: x.store.values });
  assert.deepEqual(await y.see(untrusted('a')), {});
  const z = guarded({ storage: x.store.values });
  assert.deepEqual(await z.see(untrusted('b')), { cancel: true });
});

test('a storage that is slow after waking is waited for', async () => {
  const x = guarded();
  await x.pages.ready;
  x.pages.ledger.verify(SITE, hex('a'));
  x.pages.ledger.suspectHost(SITE);
  x.pages.setLedger();
  await settle();
  let isReadable = null;
  const y = guarded({ storage: x.store.values, until: new Promise((resolve) => { isReadable = resolve; }) });
  const received = y.see(untrusted('a'));
  const sent = y.guard.onBeforeSendHeaders(request({ method: 'POST' }));
  await settle();
  isReadable();
  assert.deepEqual([await received, await sent], [{}, { cancel: true }]);
});

test('exempt: the door opens, and stays open only as long as no exit is in between', async () => {
  for (const [reason, viaTor] of [['onion_service', {}], ['not_through_exit', { cancel: true }]]) {
    const x = guarded();
    const id = await x.fail('https://site.test/', SELF_SIGNED);
    x.port.say(result(x.port.last('cert.check'), 'exempt', { reason, fingerprints: [] }));
    await settle();
    assert.equal(x.certcheck.view(id).way, 'native');
    assert.deepEqual(await x.see(untrusted('a'), { proxyInfo: null }), {});
    assert.deepEqual(await x.see(untrusted('a')), viaTor, reason);
  }
});

test('state that can\'t be read lets nothing overridden in', async () => {
  const x = guarded();
  x.pages.ready = Promise.reject(new Error('storage gone'));
  x.pages.ready.catch(() => {});
  assert.deepEqual(await x.see(untrusted('a')), { cancel: true });
});

test('a stopped main frame becomes our page and a check of that very certificate; a stopped image does not', async () => {
  const x = guarded();
  await x.see(untrusted('a'), { type: 'image' });
  assert.deepEqual(x.loads, []);
  await x.see(untrusted('a'));
  await settle();
  assert.equal(x.loads.length, 1);
  assert.deepEqual([x.port.last('cert.check').offered, x.port.last('cert.check').first_party], [['REVS'], 'site.test']);
  x.port.say(result(x.port.last('cert.check'), 'match'));
  await settle();
  assert.deepEqual(await x.see(untrusted('a')), {});
});

test('after a mismatch the stored exception is worth nothing, again and again', async () => {
  const x = guarded();
  await x.see(untrusted('a'));
  await settle();
  x.port.say(result(x.port.last('cert.check'), 'mismatch'));
  await settle();
  for (let i = 0; i < 3; i++) assert.deepEqual(await x.see(untrusted('a')), { cancel: true });
  assert.equal(x.port.sent.filter((m) => m.kind === 'cert.check').length, 1);
});

test('privileged: the first party is the browser\'s own, whatever the request looks like', async () => {
  const api = exactApi();
  const x = guarded({ api });
  await x.pages.ready;
  x.pages.ledger.verify(SITE, hex('a'));
  assert.deepEqual(await x.see(untrusted('a'), { documentUrl: 'https://evil.test/', type: 'image', proxyInfo: null }), {});
  api.getRequest = async () => ({ origin: { firstParty: 'evil.test', private: 1, container: 0, attributes: '' }, proxy: { kind: 'socks', username: '', password: '' } });
  assert.deepEqual(await x.see(untrusted('a')), { cancel: true });
});

test('standard: after a class 1 error or an overridden certificate nothing worth stealing goes out', async () => {
  for (const how of ['error', 'response']) {
    const x = guarded();
    assert.deepEqual(await x.guard.onBeforeSendHeaders(request({ method: 'POST' })), {});
    if (how === 'error') await x.fail('https://site.test/', SELF_SIGNED);
    else await x.see(untrusted('a'), { type: 'image' });
    assert.deepEqual((await x.guard.onBeforeSendHeaders(request())).requestHeaders.map((h) => h.name), ['Accept']);
    assert.deepEqual(await x.guard.onBeforeSendHeaders(request({ method: 'POST' })), { cancel: true });
    const woken = extension({ storage: x.store.values });
    assert.deepEqual(await woken.guard.onBeforeSendHeaders(request({ method: 'POST' })), { cancel: true });
    assert.deepEqual(await x.guard.onBeforeSendHeaders(request({ url: 'https://b.test/', method: 'POST' })), {});
  }
});

test('privileged: nothing is taken off, because the exception is for one certificate', async () => {
  const x = guarded({ api: exactApi() });
  await x.fail('https://site.test/', SELF_SIGNED);
  assert.deepEqual(await x.guard.onBeforeSendHeaders(request({ method: 'POST' })), {});
});

test('privileged: where an exception is stored that isn\'t ours, nothing worth stealing goes out', async () => {
  for (const hasOtherException of [async () => true, async () => { throw new Error('gone'); }]) {
    const x = guarded({ api: { ...exactApi(), hasOtherException } });
    assert.deepEqual(await x.guard.onBeforeSendHeaders(request({ method: 'POST' })), {}, 'a host that showed nothing bad');
    await x.fail('https://site.test/', SELF_SIGNED);
    assert.deepEqual((await x.guard.onBeforeSendHeaders(request())).requestHeaders.map((h) => h.name), ['Accept']);
    assert.deepEqual(await x.guard.onBeforeSendHeaders(request({ method: 'POST' })), { cancel: true });
  }
});

test('HSTS that was seen closes the way on', async () => {
  const x = guarded();
  await x.see(info('a'), { responseHeaders: [{ name: 'Strict-Transport-Security', value: 'max-age=31536000' }] });
  const id = await x.fail('https://site.test/', SELF_SIGNED);
  x.port.say(result(x.port.last('cert.check'), 'match'));
  await settle();
  assert.deepEqual([x.certcheck.view(id).way, x.certcheck.view(id).hsts], ['information', true]);
  const y = guarded();
  await y.see(info('a'), { responseHeaders: [{ name: 'Strict-Transport-Security', value: 'max-age=0' }] });
  assert.equal(y.pages.ledger.hsts.size, 0);
});

test('a navigation waits for the host, never longer than its bound', async () => {
  const x = extension({ answer: () => {} });
  let isDone = false;
  x.guard.onBeforeRequest(request()).then(() => { isDone = true; });
  await x.clock.pass(WAKE_WAIT_MS - 1);
  assert.equal(isDone, false);
  await x.clock.pass(1);
  assert.equal(isDone, true);
  const y = extension();
  assert.deepEqual(await y.guard.onBeforeRequest(request()), {});
});

test('how a connection goes', () => {
  assert.equal(proxyOf(null).kind, 'direct');
  assert.equal(proxyOf({ type: 'direct' }).kind, 'direct');
  assert.deepEqual(proxyOf({ type: 'socks4', username: 'a:0' }), { kind: 'socks', username: 'a:0', password: '' });
  assert.equal(proxyOf({ type: 'https' }).kind, 'other');
});
