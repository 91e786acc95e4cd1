// extension/feature/httpswatch.js, core/https.js and what certcheck.js makes of them: encrypted navigations that end without TLS.

import test from 'node:test';
import assert from 'node:assert/strict';
import { tlsFailure, encryptedPort } from '../../extension/core/https.js';
import { checkHttps, Garbage } from '../../extension/core/messages.js';
import { AUTO_CHECKS_MAX, SILENT_MS } from '../../extension/core/limits.js';
import { extension, exactApi, relay, greeting, settle, answer, hex } from './ext-fakes.mjs';

const network = (n) => `Error code ${0x804B0000 + n}`;
const RESET = network(20), NO_TLS = 'Error code 2153394151', LOOP = network(31);
const socks = { type: 'socks', username: 'strip.test:0' };
const request = (url, more = {}) => ({ requestId: 'r1', type: 'main_frame', tabId: 1, url, method: 'GET', incognito: true,
  cookieStoreId: 'firefox-private', proxyInfo: socks, requestHeaders: [], responseHeaders: [], ...more });

// A host that answers https.check.
const told = (asked, verdict, reason, saws, more = {}) => ({
  id: asked.id, kind: 'https.result', verdict, reason, error: null, host: asked.host, port: asked.port, first_party: asked.first_party,
  private: asked.private, container: asked.container, k: 3, asked: 3, answered: saws.filter(Boolean).length, elapsed_ms: 900, retry_useful: verdict === 'undecided', still_same: null,
  first: [], others: saws.map((saw, i) => ({ ...answer(i + 1, hex('b'), null), status: saw === 'none' || saw === null ? 'failed' : 'certificate',
    certificate: saw === 'none' || saw === null ? null : answer(1, hex('b'), null).certificate, valid: saw === 'valid', saw,
    error: saw === 'none' || saw === null ? { code: 1407, name: 'ERR_SOCKS_CONN', text: 'x' } : null })),
  browser_paths: [[relay(1), relay(2), relay(3)]], chance: [0.23, 0.05, 0.01], roots: 'system', ...more,
});
const WITHHELD = (m) => told(m, 'mismatch', 'https_withheld', ['valid', 'valid', null]);
const NONE = (m) => told(m, 'match', 'no_https', ['none', 'none', 'none']);
const host = (reply, asked = []) => (m, port) => {
  if (m.kind === 'hello') port.say(greeting(m.id, { capabilities: ['cert.check', 'circuit.new', 'https.check'] }));
  if (m.kind !== 'https.check') return;
  asked.push(m);
  const r = reply(m);
  if (r) port.say(r);
};

/** The browser upgrades http to https within one request, and the load fails. Answers the id of our page, or "". */
async function fail(x, url = 'http://strip.test/', error = RESET, more = {}) {
  const before = x.loads.length;
  const encrypted = url.replace(/^http:/, 'https:');
  for (const u of new Set([url, encrypted])) x.https.onBeforeRequest(request(u, more));
  await x.guard.onBeforeSendHeaders(request(encrypted, more));
  const isCertificate = await x.certcheck.onNavigationError({ tabId: 1, frameId: 0, url: encrypted, error });
  if (!isCertificate) await x.https.onNavigationError({ tabId: 1, frameId: 0, url: encrypted, error });
  await settle();
  return /id=(.*)$/.exec(x.loads.slice(before)[0]?.url ?? '')?.[1] ?? '';
}

test('which errors say that there was no TLS', () => {
  for (const n of [13, 14, 20, 30, 71, 85]) assert.equal(tlsFailure(network(n))?.failure, 'none', String(n));
  assert.equal(tlsFailure(NO_TLS)?.failure, 'none');
  assert.equal(tlsFailure(LOOP)?.failure, 'loop');
  // Aborted, offline, no content, a file's error, nonsense.
  for (const text of [network(2), network(16), network(17), 'Error code 2152857618', 'Error code 0', 'Error code', '', 'NS_ERROR', undefined]) assert.equal(tlsFailure(text), null, String(text));
  assert.deepEqual([80, 8080, 443].map(encryptedPort), [443, 8080, 443]);
});

for (const [edition, api] of [['standard', undefined], ['privileged', exactApi()]]) {
  test(`${edition}: withheld: our page, no way on, plain loads refused until HTTPS works`, async () => {
    const asked = [];
    const x = extension({ api, answer: host(WITHHELD, asked) });
    const id = await fail(x);
    assert.ok(id);
    await settle();
    assert.equal(asked.length, 1);
    assert.deepEqual([asked[0].host, asked[0].port, asked[0].failure, asked[0].clicked], ['strip.test', 443, 'none', false]);
    assert.ok(!('offered' in asked[0]) && !('error' in asked[0]) && !('same_country' in asked[0]));
    const view = x.certcheck.view(id);
    assert.deepEqual([view.question, view.verdict, view.way], ['https', 'mismatch', 'none']);
    for (const url of ['http://strip.test/', 'http://strip.test/other?x', 'http://strip.test:80/']) assert.deepEqual(await x.https.onPlainSend(request(url)), { cancel: true }, url);
    assert.deepEqual(await x.https.onPlainSend(request('http://other.test/', { proxyInfo: { type: 'socks', username: 'other.test:0' } })), {});
    assert.deepEqual(await x.https.onPlainSend(request('http://strip.test:8080/')), {});
    await x.certcheck.act(id, { id: 1, incognito: true }, { kind: 'proceed' });
    assert.ok(!x.loads.some((l) => l.url.startsWith('http')), 'a click led on');
  });
}

test('nobody has HTTPS: the browser\'s own page comes back by itself, once, and may go on', async () => {
  const x = extension({ answer: host(NONE) });
  const id = await fail(x);
  x.certcheck.read(id, () => {});
  await settle();
  assert.equal(x.loads.at(-1).url, 'http://strip.test/');
  assert.equal(await fail(x), '', 'the browser\'s own page did not stand');
  assert.deepEqual(await x.https.onPlainSend(request('http://strip.test/')), {});
  const loads = x.loads.length;
  x.certcheck.read(id, () => {});
  await settle();
  assert.equal(x.loads.length, loads, 'Back would lead forth again');
});

test('the page that comes late finds the verdict', async () => {
  const x = extension({ answer: host(NONE) });
  const id = await fail(x);
  await settle();
  assert.ok(!x.loads.some((l) => l.url === 'http://strip.test/'));
  x.certcheck.read(id, () => {});
  await settle();
  assert.equal(x.loads.at(-1).url, 'http://strip.test/');
});

test('HTTPS that works again shuts the plain page; a page loaded over HTTPS is not opened without', async () => {
  const x = extension({ answer: host(NONE) });
  const id = await fail(x);
  x.certcheck.read(id, () => {});
  await settle();
  assert.deepEqual(await x.https.onPlainSend(request('http://strip.test/')), {});
  await x.https.onEncrypted(request('https://strip.test/'));
  assert.deepEqual(await x.https.onPlainSend(request('http://strip.test/')), { cancel: true });
});

test('a plain page of a site that had HTTPS is asked about as what did not fail', async () => {
  const asked = [];
  const x = extension({ answer: host((m) => told(m, 'match', 'https_there', ['valid', 'valid', 'valid']), asked) });
  await x.https.onEncrypted(request('https://strip.test/'));
  assert.deepEqual(await x.https.onPlainSend(request('http://strip.test/old')), { cancel: true });
  await settle();
  assert.equal(asked[0]?.failure, 'loop');
  const id = /id=(.*)$/.exec(x.loads.at(-1).url)[1];
  x.certcheck.read(id, () => {});
  await settle();
  assert.equal(x.loads.at(-1).url, 'http://strip.test/old');
  assert.deepEqual(await x.https.onPlainSend(request('http://strip.test/old')), {});
});

test('sub-frames, other tabs\' requests, direct connections, certificates are not ours', async () => {
  const asked = [];
  const x = extension({ answer: host(WITHHELD, asked) });
  await x.https.onNavigationError({ tabId: 1, frameId: 3, url: 'https://strip.test/', error: RESET });
  await x.https.onNavigationError({ tabId: 1, frameId: 0, url: 'moz-extension://x/', error: RESET });
  await x.https.onNavigationError({ tabId: 1, frameId: 0, url: 'https://strip.test/', error: network(2) });
  assert.equal(await fail(x, 'http://direct.test/', RESET, { proxyInfo: { type: 'direct' } }), '');
  assert.equal(asked.length, 0);
});

test('started by itself a few times only; a certificate\'s check is counted apart from it', async () => {
  const asked = [];
  const x = extension({ answer: host(WITHHELD, asked) });
  for (let i = 0; i < AUTO_CHECKS_MAX + 3; i++) await fail(x, `http://s${i}.test/`, RESET, { proxyInfo: { type: 'socks', username: `s${i}.test:0` } });
  assert.equal(asked.length, AUTO_CHECKS_MAX);
});

test('host missing, silent, talking nonsense: shut', async () => {
  const nonsense = (m) => told(m, 'match', 'no_https', ['none', 'none', 'valid']);
  for (const reply of [() => null, nonsense, (m) => ({ id: m.id, kind: 'error', code: 1103, name: 'ERR_MSG_KIND', text: 'x' })]) {
    const x = extension({ answer: host(reply) });
    const id = await fail(x);
    x.certcheck.read(id, () => {});
    await settle();
    await x.clock.pass(200000);
    await settle();
    assert.equal(x.certcheck.view(id).way, 'none');
    assert.deepEqual(await x.https.onPlainSend(request('http://strip.test/')), { cancel: true });
  }
});

test('what the host says has to bear itself out', () => {
  const site = { host: 'a.test', port: 443, firstParty: 'a.test', private: 1, container: 0 };
  const m = { id: 1, host: 'a.test', port: 443, first_party: 'a.test', private: 1, container: 0 };
  checkHttps(NONE(m), site);
  checkHttps(WITHHELD(m), site);
  const bad = [
    told(m, 'match', 'no_https', ['none', 'none', null]), told(m, 'match', 'no_https', ['none', 'none', 'invalid']),
    told(m, 'match', 'no_https', ['none', 'none', 'none', 'valid']), told(m, 'match', 'https_there', ['valid', 'valid', 'none']),
    told(m, 'mismatch', 'https_withheld', ['none', 'invalid', null]), { ...NONE(m), host: 'b.test' }, { ...NONE(m), port: 80 },
    { ...NONE(m), first_party: 'b.test' }, { ...NONE(m), private: 0 },
    told(m, 'match', 'no_https', ['none', 'none', 'none'], { first: [{ ...answer(0, hex('b'), null), saw: 'valid' }] }),
  ];
  for (const r of bad) assert.throws(() => checkHttps(r, site), Garbage);
});

// The browser waits for minutes where an exit takes the connection and says nothing.
const silence = async (x, url = 'https://strip.test/two', more = {}) => {
  const before = x.loads.length;
  x.https.onBeforeRequest(request(url, more));
  await x.guard.onBeforeSendHeaders(request(url, more));
  await x.clock.pass(SILENT_MS - 1);
  assert.equal(x.loads.length, before, 'too early');
  return async () => {
    await x.clock.pass(1);
    await settle();
    return x.loads.slice(before);
  };
};

for (const [edition, api] of [['standard', undefined], ['privileged', exactApi()]]) {
  test(`${edition}: silence of the exit after the connection: asked about as what did not fail, then our page; what the browser says later is known`, async () => {
    const asked = [];
    const x = extension({ api, answer: host(WITHHELD, asked) });
    const loads = await (await silence(x))();
    assert.equal(loads.length, 1);
    assert.match(loads[0].url, /id=/);
    assert.deepEqual(asked.map((m) => [m.host, m.failure, m.clicked, m.retry]), [['strip.test', 'loop', false, false], ['strip.test', 'none', false, false]]);
    const view = x.certcheck.view(/id=(.*)$/.exec(loads[0].url)[1]);
    assert.deepEqual([view.verdict, view.failure, view.way], ['mismatch', 'none', 'none']);
    await x.https.onNavigationError({ tabId: 1, frameId: 0, url: 'https://strip.test/two', error: network(14) });
    await settle();
    assert.equal(x.loads.length, 1);
  });

  test(`${edition}: a slow server, a question without an answer, an exit where TLS is found: nobody is told, nothing is shut, asked once`, async () => {
    const slow = [
      (m) => told(m, 'match', 'https_there', ['valid', 'valid', 'valid']), (m) => told(m, 'undecided', 'first_silent', [null, null, null]),
      (m) => told(m, 'undecided', 'exits_differ', ['valid', 'none', 'valid']), (m) => told(m, 'mismatch', 'https_withheld', ['none', 'none', null]),
      (m) => ({ id: m.id, kind: 'error', code: 1103, name: 'ERR_MSG_KIND', text: 'x' }), () => null,
    ];
    for (const reply of slow) {
      const asked = [];
      const x = extension({ api, answer: host(reply, asked) });
      assert.deepEqual(await (await silence(x))(), [], String(reply));
      await x.clock.pass(600000);
      await settle();
      assert.deepEqual([x.loads.length, asked.length], [0, 1], String(reply));
      assert.deepEqual(await x.https.onPlainSend(request('http://strip.test/')), {});
    }
  });
}

test('silence: asked about a few times only, once a site', async () => {
  const asked = [];
  const x = extension({ answer: host((m) => told(m, 'match', 'https_there', ['valid', 'valid', 'valid']), asked) });
  for (let i = 0; i < AUTO_CHECKS_MAX + 3; i++) {
    const at = [`https://s${i}.test/`, { proxyInfo: { type: 'socks', username: `s${i}.test:0` } }];
    await (await silence(x, ...at))();
    await (await silence(x, ...at))();
  }
  assert.equal(asked.length, AUTO_CHECKS_MAX);
});

test('silence in a tab that nobody looks at: asked once somebody does', async () => {
  const asked = [];
  const x = extension({ answer: host(WITHHELD, asked) });
  x.tabs.get(1).active = false;
  const wait = await silence(x);
  assert.deepEqual(await wait(), []);
  await x.clock.pass(SILENT_MS);
  assert.equal(asked.length, 0);
  x.tabs.get(1).active = true;
  await x.clock.pass(SILENT_MS);
  await settle();
  assert.equal(x.loads.length, 1);
});

test('no silence: an answer came, the load ended, another began, the tab closed, New Identity, a form was sent, a plain page', async () => {
  const ends = [
    (x) => x.https.onSpoke({ tabId: 1, requestId: 'r1' }),
    (x) => x.https.onBeforeRequest(request('http://strip.test/')),
    (x) => x.https.onTabRemoved(1),
    (x) => x.https.wipe(),
  ];
  for (const end of ends) {
    const asked = [];
    const x = extension({ answer: host(WITHHELD, asked) });
    const wait = await silence(x);
    end(x);
    assert.deepEqual(await wait(), [], String(end));
    assert.equal(asked.length, 0);
    // The same while the others are being asked: the question is taken back, and what comes of it changes nothing.
    let say = null;
    const cancelled = [];
    const y = extension({ answer: (m, port) => {
      if (m.kind === 'cancel') cancelled.push(m.target);
      host((q) => { say = () => port.say(WITHHELD(q)); return null; })(m, port);
    } });
    assert.deepEqual(await (await silence(y))(), []);
    end(y);
    await settle();
    if (y.host.phase === 'up') assert.equal(cancelled.length, 1, String(end));
    say();
    await settle();
    assert.deepEqual(y.loads, [], String(end));
  }
  for (const [url, more] of [['https://strip.test/', { method: 'POST' }], ['http://strip.test/', {}], ['https://abc.onion/', {}], ['https://strip.test/', { tabId: -1 }],
    ['https://strip.test/', { proxyInfo: { type: 'direct' } }]]) {
    const x = extension({ answer: host(WITHHELD) });
    assert.deepEqual(await (await silence(x, url, more))(), [], url);
  }
  // Another tab's answer is not this one's, nor is one to an earlier request of the same tab.
  const x = extension({ answer: host(WITHHELD) });
  const wait = await silence(x);
  x.https.onSpoke({ tabId: 2, requestId: 'r1' });
  x.https.onSpoke({ tabId: 1, requestId: 'r0' });
  assert.equal((await wait()).length, 1);
});
