// Sites that the user wants left alone: what is taken for a site, what it covers, who can change the list, and what it opens: copies and the
// certificate page's door, nothing else.

import test from 'node:test';
import assert from 'node:assert/strict';
import { hostMeant, isCovered, soundHosts, withHost } from '../../extension/core/exclusions.js';
import { EXCLUSIONS_MAX } from '../../extension/core/limits.js';
import { extension, exactApi, friendly, result, settle, hex, SELF_SIGNED } from './ext-fakes.mjs';

const BITCOIN = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa';

test('what a person types: a name, a link, a name with a star; nothing else', () => {
  for (const [text, host] of [['example.org', 'example.org'], [' Example.ORG. ', 'example.org'], ['*.example.org', 'example.org'], ['https://www.example.org:8080/a?b#c', 'www.example.org'], ['example.org/a', 'example.org'],
    ['bücher.example', 'xn--bcher-kva.example'], ['192.0.2.1', '192.0.2.1'], ['2001:db8::1', '2001:db8::1'], ['[2001:db8::1]:80', '2001:db8::1'], ['http://0x7f.1/', '127.0.0.1']]) assert.equal(hostMeant(text), host, text);
  for (const text of ['', ' ', 'org', 'localhost', '*', '*.', '.', '..', '*.*.example.org', 'a b.example', 'ftp://example.org', 'javascript://example.org', 'https://user@example.org', 'user:pw@example.org', 'ex<ample.org', '-.example.org',
    'example..org', 'a'.repeat(3000), `${'a'.repeat(64)}.org`, null, undefined, 7, {}, ['example.org'], 'moz-extension://x.y/', 'about:blank']) assert.equal(hostMeant(text), '', JSON.stringify(text)?.slice(0, 60));
});

test('a name covers itself and what is below it; an address itself alone', () => {
  const hosts = ['example.org', '192.0.2.1', '2001:db8::1'];
  for (const host of ['example.org', 'www.example.org', 'a.b.example.org', '192.0.2.1', '2001:db8::1']) assert.ok(isCovered(hosts, host), host);
  for (const host of ['', 'org', 'notexample.org', 'example.org.evil.test', 'example.com', '1.192.0.2.1', '192.0.2.10', 'x.2001:db8::1', 'xexample.org', undefined]) assert.ok(!isCovered(hosts, host), host);
});

test('the list: once each, the wider takes the narrower’s place, bounded, nothing that is many sites', () => {
  const isSuffix = (host) => host === 'co.uk';
  const add = (hosts, text) => withHost(hosts, text, isSuffix);
  assert.deepEqual(add([], 'www.a.test'), { hosts: ['www.a.test'], why: '' });
  assert.deepEqual(add(['www.a.test', 'z.test'], 'a.test'), { hosts: ['a.test', 'z.test'], why: '' });
  assert.deepEqual(add(['a.test'], 'www.a.test'), { hosts: ['a.test'], why: 'known' });
  assert.equal(add([], 'co.uk').why, 'many');
  assert.equal(add([], 'nonsense').why, 'bad');
  const full = Array.from({ length: EXCLUSIONS_MAX }, (_, i) => `s${i}.test`);
  assert.deepEqual(add(full, 'more.test'), { hosts: full, why: 'full' });
  assert.deepEqual(soundHosts(['a.test', 'a.test', 'A.test', 'org', '', null, 7, 'b.test']), ['a.test', 'b.test']);
  for (const kept of [null, undefined, 'a.test', {}, 7]) assert.deepEqual(soundHosts(kept), []);
  assert.equal(soundHosts([...full, 'more.test']).length, EXCLUSIONS_MAX);
});

async function withList(hosts, options = {}) {
  const answer = (message, port) => {
    friendly(message, port);
    if (message.kind === 'clip.check') queueMicrotask(() => port.say({ id: message.id, kind: 'clip.result', found: true, more: false, hits: [{ flavour: 0, coin: 'Bitcoin', ticker: 'BTC', form: 'P2PKH', network: 'main', address: BITCOIN, offset: 0, length: 34, normalised: false, checksum_bits: 32 }] }));
  };
  const x = extension({ answer, ...options });
  x.session.start();
  for (const host of hosts) assert.deepEqual(await x.session.onAsk({ kind: 'exclude', host }), { why: '' });
  x.show = async (url, { tabId = 1, frameId = 0, parentFrameId = -1, top = url, type = 'text/html' } = {}) => {
    const details = { requestId: `r${url}${frameId}`, tabId, frameId, url, method: 'GET', type: frameId ? 'sub_frame' : 'main_frame', incognito: true, cookieStoreId: 'firefox-private', statusCode: 200,
      proxyInfo: { type: 'socks', username: '' }, responseHeaders: [{ name: 'Content-Type', value: type }], frameAncestors: frameId ? [{ url: top, frameId: 0 }] : [] };
    const told = await x.guard.onPlainHeaders(details);
    await x.watch.onCommitted({ tabId, frameId, parentFrameId, url, transitionType: 'typed', transitionQualifiers: [] });
    return told;
  };
  x.state = (url, more = {}) => x.watch.stateFor({ tabId: 1, frameId: 0, parentFrameId: -1, url, ...more });
  return x;
}

test('copies: the site’s pages and frames are let be, others’ are not; scripts and frames of others change nothing', async () => {
  const x = await withList(['left.test']);
  for (const url of ['http://left.test/', 'http://www.left.test/a']) {
    assert.deepEqual(await x.show(url, { type: 'application/pdf' }), {}, 'shown as the browser shows it');
    assert.equal(await x.state(url), 'secure', url);
  }
  for (const url of ['http://other.test/', 'http://left.test.other.test/', 'http://notleft.test/']) {
    await x.show(url);
    assert.equal(await x.state(url), 'insecure', url);
  }
  // Frames: its own, blank ones, somebody else's; its frame in somebody else's page.
  await x.show('http://left.test/');
  await x.guard.onPlainHeaders({ requestId: 's', tabId: 1, frameId: 0, url: 'http://cdn.test/s.js', type: 'script', documentUrl: 'http://left.test/', statusCode: 200, proxyInfo: { type: 'socks' }, responseHeaders: [] });
  assert.ok(!x.web.did.some(([what]) => what === 'tell'), 'a script over http makes no difference here');
  assert.equal(await x.state('http://left.test/'), 'secure');
  assert.equal(await x.state('about:blank', { frameId: 5, parentFrameId: 0 }), 'secure');
  await x.show('http://ads.test/', { frameId: 6, parentFrameId: 0, top: 'http://left.test/' });
  assert.equal(await x.state('http://ads.test/', { frameId: 6, parentFrameId: 0 }), 'insecure');
  assert.equal(await x.state('about:blank', { frameId: 7, parentFrameId: 6 }), 'insecure', 'blank, made by somebody else’s frame');
  await x.show('http://other.test/');
  await x.show('http://left.test/', { frameId: 8, parentFrameId: 0, top: 'http://other.test/' });
  assert.equal(await x.state('http://left.test/', { frameId: 8, parentFrameId: 0 }), 'insecure', 'a page must not borrow the site’s frame');
  // It is insecure for everything else: who comes from there is no better than before.
  await x.show('http://left.test/');
  assert.equal(x.watch.documents.isPageSecure(1), false);
  assert.equal(x.watch.documents.isFromSecurePage(1, 'http://left.test'), false);
});

test('taken off the list: held again at once; put on it: what is held stays held', async () => {
  const x = await withList(['left.test']);
  await x.show('http://left.test/');
  assert.equal(await x.state('http://left.test/'), 'secure');
  await x.session.onAsk({ kind: 'include', host: 'left.test' });
  assert.equal(await x.state('http://left.test/'), 'insecure');
  assert.ok(x.web.did.some(([what, tabId, kind]) => what === 'tell' && tabId === 1 && kind === 'clip.insecure'), 'the page is told');
  assert.deepEqual([x.exclusions.list(), x.web.kept.get('exclusions')], [[], []]);
});

test('privileged: selecting stays copying there, and only there', async () => {
  const x = await withList(['left.test'], { api: exactApi() });
  const calls = [];
  x.privileged.setAutocopy = async (isOn) => void calls.push(isOn);
  await x.show('http://left.test/');
  assert.ok(!calls.includes(false), JSON.stringify(calls));
  await x.show('http://other.test/');
  assert.ok(calls.includes(false));
});

test('nobody but our own pages can change the list: content scripts, what was kept, the host', async () => {
  const x = await withList([]);
  const from = { tabId: 1, frameId: 0, url: 'http://site.test/', private: true, windowId: 3 };
  for (const kind of ['exclude', 'include']) assert.equal(await x.clipcheck.onContent({ kind, host: 'site.test' }, from), null);
  assert.deepEqual(x.exclusions.list(), []);
  const answers = await Promise.all(['org', 'co.uk', 'x', { host: 'a.test' }, null].map((host) => x.session.onAsk({ kind: 'exclude', host })));
  assert.deepEqual(answers.map(({ why }) => why), ['bad', 'many', 'bad', 'bad', 'bad']);
  assert.deepEqual(x.exclusions.list(), []);
  await x.session.onAsk({ kind: 'include', host: 'never.test' });
  assert.equal(x.web.kept.has('exclusions'), false, 'nothing was written for nothing');
  const told = await x.session.onAsk({ kind: 'overview' });
  assert.deepEqual(told.exclusions, []);
});

test('certificates: exempt, nobody is asked, the browser’s own way on; a certificate that others spoke against stays shut', async () => {
  const x = await withList(['site.test']);
  const id = await x.fail('https://www.site.test/secret');
  const view = () => x.certcheck.view(id);
  assert.deepEqual([view().phase, view().verdict, view().result.reason, view().way], ['done', 'exempt', 'user_exclusion', 'native']);
  assert.equal(x.port?.last('cert.check'), undefined, 'an exit learnt of it');
  const site = { firstParty: 'site.test', private: 1, container: 0, host: 'www.site.test', port: 443 };
  assert.ok(x.pages.ledger.isExempt(site, false));
  // Another site, of that first party or not, is checked as ever.
  await x.fail('https://elsewhere.test/', SELF_SIGNED);
  assert.ok(x.port.last('cert.check'));
  // Off the list: the door is shut, in pages that stand open as well.
  await x.session.onAsk({ kind: 'include', host: 'site.test' });
  assert.ok(!x.pages.ledger.isExempt(site, false));
  const loads = x.loads.length;
  await x.certcheck.act(id, { id: 1, incognito: true }, { kind: 'proceed' });
  assert.ok(!x.loads.slice(loads).some(({ url }) => url === 'https://www.site.test/secret') || (await x.fail('https://www.site.test/secret')) !== '', 'the browser’s own page stood');
  const again = await x.fail('https://www.site.test/secret');
  assert.notEqual(x.certcheck.view(again).verdict, 'exempt');
});

test('a mismatch is remembered whatever the list says', async () => {
  const x = await withList([]);
  await x.fail('https://site.test/');
  x.port.say(result(x.port.last('cert.check'), 'mismatch'));
  await settle();
  await x.session.onAsk({ kind: 'exclude', host: 'site.test' });
  const id = await x.fail('https://site.test/');
  assert.deepEqual([x.certcheck.view(id).verdict, x.certcheck.view(id).way], ['mismatch', 'none']);
  const site = { firstParty: 'site.test', private: 1, container: 0, host: 'site.test', port: 443 };
  assert.ok(!x.pages.ledger.isExempt(site, false));
  assert.ok(x.pages.ledger.isCaught(site, hex('a')));
});
