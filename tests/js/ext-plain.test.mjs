// "Is this page really only http?": what the popup asks, what the host is asked, and what follows.

import test from 'node:test';
import assert from 'node:assert/strict';
import { encryptedUrl, plainPage } from '../../extension/core/https.js';
import { checkHttps, Garbage } from '../../extension/core/messages.js';
import { extension, exactApi, relay, greeting, status, settle, answer, hex } from './ext-fakes.mjs';

const PAGE = 'http://strip.test/account?token=secret#place';
const request = (url, more = {}) => ({ requestId: 'r1', type: 'main_frame', tabId: 1, url, method: 'GET', incognito: true, cookieStoreId: 'firefox-private',
  proxyInfo: { type: 'socks', username: 'strip.test:0' }, requestHeaders: [], responseHeaders: [], statusCode: 200, ...more });

const one = (slot, [plain, saw]) => ({ ...answer(slot, hex('b'), null), status: saw === 'valid' || saw === 'invalid' ? 'certificate' : 'failed',
  certificate: saw === 'valid' || saw === 'invalid' ? answer(1, hex('b'), null).certificate : null, valid: saw === 'valid', saw, plain,
  error: saw === 'valid' || saw === 'invalid' ? null : { code: 1407, name: 'ERR_SOCKS_CONN', text: 'x' } });
const told = (asked, verdict, reason, others, first = [['page', 'none']]) => ({
  id: asked.id, kind: 'https.result', verdict, reason, error: null, host: asked.host, port: asked.port, first_party: asked.first_party, private: asked.private, container: asked.container,
  k: 3, asked: 3, answered: others.length, elapsed_ms: 900, retry_useful: false, still_same: null, first: first.map((a) => one(0, a)), others: others.map((a, i) => one(i + 1, a)),
  browser_paths: [[relay(1), relay(2), relay(3)]], chance: [0.23, 0.05, 0.01], roots: 'system',
});
const three = (a) => [a, a, a];
const WITHHELD = (m) => told(m, 'mismatch', 'https_withheld', three(['redirect', 'valid']));
const NONE = (m) => told(m, 'match', 'no_https', three(['page', 'none']));
const OPTIONAL = (m) => told(m, 'match', 'https_optional', three(['page', 'valid']));
const DIFFERS = (m) => told(m, 'undecided', 'exits_differ', [['redirect', 'valid'], ['page', 'none'], ['page', 'none']]);

const host = (reply, asked = []) => (m, port) => {
  if (m.kind === 'hello') port.say(greeting(m.id, { capabilities: ['cert.check', 'circuit.new', 'https.check'] }));
  if (m.kind === 'status') port.say(status(m.id));
  if (m.kind !== 'https.check') return;
  asked.push(m);
  const r = reply(m);
  if (r) port.say(r);
};

/** The tab shows a page that came over http. */
async function plainTab(x, url = PAGE, more = {}) {
  x.tabs.set(1, { id: 1, active: true, incognito: true, cookieStoreId: 'firefox-private', url });
  x.watch.onBeforeRequest(request(url, more));
  x.watch.onSend(request(url, { requestHeaders: [{ name: 'User-Agent', value: 'Mozilla/5.0 (X11)' }, { name: 'Accept', value: 'text/html' }, { name: 'Cookie', value: 'a=b' }], ...more }));
  await x.guard.onPlainHeaders(request(url, { statusCode: 200, responseHeaders: [{ name: 'Content-Type', value: 'text/html' }], ...more }));
  await x.watch.onCommitted({ tabId: 1, frameId: 0, parentFrameId: -1, url, transitionType: 'typed' });
  await settle();
}
const ask = async (x, kind) => {
  const answered = await x.session.onAsk({ kind, tabId: 1 });
  await settle();
  return answered;
};

test('which pages the question has a meaning for, and how they are asked for', () => {
  assert.deepEqual(plainPage(PAGE), { url: 'http://strip.test/account', port: 80, encrypted: 'https://strip.test/account?token=secret', where: { host: 'strip.test', port: 443 } });
  assert.deepEqual(plainPage('http://STRIP.test.:8080/'), { url: 'http://strip.test.:8080/', port: 8080, encrypted: 'https://strip.test.:8080/', where: { host: 'strip.test', port: 8080 } });
  assert.equal(plainPage('http://u:p@strip.test/').url, 'http://strip.test/');
  for (const url of ['https://strip.test/', 'about:blank', 'moz-extension://x/', 'ftp://a/', 'file:///etc', 'http://abc.onion/', '', undefined, null, `http://a.test/${'a'.repeat(3000)}`]) assert.equal(plainPage(url), null, String(url));
  assert.equal(encryptedUrl('http://a.test:80/x:80/'), 'https://a.test/x:80/');
});

for (const [edition, api] of [['standard', undefined], ['privileged', exactApi()]]) {
  test(`${edition}: nothing is asked before the click; withheld: our page, and from then on the site is loaded over HTTPS alone`, async () => {
    const asked = [];
    const x = extension({ api, answer: host(WITHHELD, asked) });
    await plainTab(x);
    const before = await ask(x, 'overview');
    assert.deepEqual(before.plain, { host: 'strip.test', canAsk: true, view: null });
    assert.equal(asked.length, 0);
    await ask(x, 'plain');
    assert.equal(asked.length, 1);
    const { url, headers, host: name, port, failure, clicked } = asked[0];
    assert.deepEqual([url, name, port, failure, clicked], ['http://strip.test/account', 'strip.test', 443, 'plain', true]);
    assert.deepEqual(headers, { user_agent: 'Mozilla/5.0 (X11)', accept: 'text/html', accept_language: 'en' });
    assert.doesNotMatch(JSON.stringify(asked), /secret|a=b/);
    const id = /id=(.*)$/.exec(x.loads.at(-1).url)[1];
    const view = x.certcheck.view(id);
    assert.deepEqual([view.question, view.failure, view.verdict, view.way, view.url], ['https', 'plain', 'mismatch', 'none', 'https://strip.test/account?token=secret']);
    for (const where of ['http://strip.test/', 'http://strip.test:80/a?b']) {
      assert.deepEqual(await x.guard.onBeforeRequest(request(where)), { redirectUrl: where.replace(/^http:/, 'https:').replace(':80', '') });
    }
    for (const where of ['http://strip.test:8080/', 'http://other.test/', 'https://strip.test/']) assert.deepEqual(await x.guard.onBeforeRequest(request(where)), {}, where);
    assert.deepEqual(await x.guard.onBeforeRequest(request('http://strip.test/', { incognito: false })), {});
    // Neither a click there nor "load again" leads to the plain page.
    const loads = x.loads.length;
    await x.certcheck.act(id, { id: 1, incognito: true }, { kind: 'proceed' });
    assert.equal(x.loads.length, loads);
    await x.certcheck.act(id, { id: 1, incognito: true }, { kind: 'again' });
    assert.equal(x.loads.at(-1).url, 'https://strip.test/account?token=secret');
  });
}

test('really only http; HTTPS beside it: told in the popup, the page stays, nothing is shut', async () => {
  for (const [reply, reason] of [[NONE, 'no_https'], [OPTIONAL, 'https_optional'], [DIFFERS, 'exits_differ']]) {
    const x = extension({ answer: host(reply) });
    await plainTab(x);
    await ask(x, 'plain');
    const { plain, last } = await ask(x, 'overview');
    assert.equal(plain.view.result.reason, reason);
    assert.equal(last, null);
    assert.equal(x.loads.length, 0);
    assert.deepEqual(await x.guard.onBeforeRequest(request('http://strip.test/')), {});
    assert.deepEqual(await x.https.onPlainSend(request('http://strip.test/')), {});
    // Open it over HTTPS.
    await ask(x, 'plainopen');
    assert.equal(x.loads.at(-1).url, 'https://strip.test/account?token=secret');
  }
});

test('it opens no door: a site that had HTTPS stays shut, whatever the popup was told', async () => {
  const x = extension({ answer: host(NONE) });
  await plainTab(x);
  await x.https.onEncrypted(request('https://strip.test/'));
  await ask(x, 'plain');
  assert.deepEqual(await x.https.onPlainSend(request('http://strip.test/')), { cancel: true });
});

test('another page by now: nothing is put in its place; another tab, an encrypted page, a direct one: nothing to ask', async () => {
  let say;
  const x = extension({ answer: host((m) => { say = () => x.port.say(WITHHELD(m)); return null; }) });
  await plainTab(x);
  await ask(x, 'plain');
  assert.equal((await ask(x, 'overview')).plain.view.phase, 'checking');
  x.tabs.set(1, { ...x.tabs.get(1), url: 'http://other.test/' });
  say();
  await settle();
  assert.equal(x.loads.length, 0);
  assert.equal((await ask(x, 'overview')).plain.view, null);
  x.tabs.set(1, { ...x.tabs.get(1), url: 'https://strip.test/' });
  assert.equal((await ask(x, 'overview')).plain, null);
  assert.equal((await x.session.onAsk({ kind: 'plain', tabId: 9 })).plain, null);
  const direct = extension({ answer: host(NONE) });
  await plainTab(direct, PAGE, { proxyInfo: { type: 'direct' } });
  assert.equal((await ask(direct, 'overview')).plain, null);
});

test('a second click while it is being asked changes nothing; host gone or talking nonsense: could not tell', async () => {
  const asked = [];
  const silent = extension({ answer: host(() => null, asked) });
  await plainTab(silent);
  await ask(silent, 'plain');
  await ask(silent, 'plain');
  assert.equal(asked.length, 1);
  await silent.clock.pass(200000);
  assert.equal((await ask(silent, 'overview')).plain.view.problem.code, 'host_hung');
  for (const reply of [(m) => told(m, 'match', 'no_https', three(['redirect', 'none'])), (m) => ({ id: m.id, kind: 'error', code: 1104, name: 'ERR_MSG_FIELD', text: 'x' })]) {
    const x = extension({ answer: host(reply) });
    await plainTab(x);
    await ask(x, 'plain');
    const { view } = (await ask(x, 'overview')).plain;
    assert.deepEqual([view.phase, view.verdict], ['done', 'undecided']);
    assert.ok(view.problem);
    assert.equal(x.loads.length, 0);
  }
});

test('the background page starts anew in the middle: the question can be asked again', async () => {
  const x = extension({ answer: host(() => null) });
  await plainTab(x);
  await ask(x, 'plain');
  const y = extension({ storage: x.store.values, answer: host(NONE) });
  y.tabs.set(1, { id: 1, active: true, incognito: true, cookieStoreId: 'firefox-private', url: PAGE });
  assert.equal((await ask(y, 'overview')).plain.view.phase, 'waiting');
  await ask(y, 'plain');
  assert.equal((await ask(y, 'overview')).plain.view.result.reason, 'no_https');
  await y.session.onWindowRemoved(1);
  y.web.open = { normal: 0, private: 0 };
  await y.session.onWindowRemoved(1);
  assert.equal((await ask(y, 'overview')).plain.view, null);
});

test('what the host says has to bear itself out', () => {
  const site = { host: 'a.test', port: 443, firstParty: 'a.test', private: 1, container: 0 };
  const m = { id: 1, host: 'a.test', port: 443, first_party: 'a.test', private: 1, container: 0 };
  for (const good of [NONE(m), WITHHELD(m), OPTIONAL(m), DIFFERS(m), told(m, 'mismatch', 'https_withheld', [['none', 'valid'], ['redirect', 'none'], ['redirect', 'valid']])]) checkHttps(good, site, true);
  const bad = [
    told(m, 'mismatch', 'https_withheld', [['redirect', 'valid']]), told(m, 'mismatch', 'https_withheld', three(['redirect', 'none'])),
    told(m, 'mismatch', 'https_withheld', [['redirect', 'valid'], ['redirect', 'valid'], ['page', 'valid']]), told(m, 'mismatch', 'https_withheld', three(['page', 'valid'])),
    told(m, 'match', 'no_https', [['page', 'none'], ['page', 'none']]), told(m, 'match', 'no_https', [...three(['page', 'none']), ['redirect', 'none']]),
    told(m, 'match', 'https_optional', [['page', 'valid'], ['page', 'valid'], ['page', 'none']]), told(m, 'match', 'no_https', three(['page', 'none']), [['redirect', 'valid']]),
    { ...NONE(m), host: 'b.test' }, { ...WITHHELD(m), port: 80 },
  ];
  for (const [i, r] of bad.entries()) assert.throws(() => checkHttps(r, site, true), Garbage, String(i));
});
