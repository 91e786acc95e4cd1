// Held copies: which documents are insecure, where an address came from, what a verdict may let go. Hostile pages, lying hosts.

import test from 'node:test';
import assert from 'node:assert/strict';
import { Documents, judgeDocument, isActive, SECURE, INSECURE } from '../../extension/core/documents.js';
import { Visits } from '../../extension/core/visits.js';
import { asDownload } from '../../extension/core/unguarded.js';
import * as clip from '../../extension/core/clip.js';
import { cleanWord } from '../../extension/feature/settings.js';
import { extension, exactApi, friendly, relay, settle } from './ext-fakes.mjs';

const BITCOIN = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa';
const OTHER = '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2';
const socks = { kind: 'socks', username: '', password: '' };
const direct = { kind: 'direct', username: '', password: '' };
const judge = (url, more = {}) => judgeDocument({ url, kind: 'unknown', isVerified: false, proxy: socks, ip: '', ...more });

test('insecure: http, and https whose certificate was let pass without a match; secure: verified, onion through tor, this computer', () => {
  for (const url of ['http://site.test/', 'ws://site.test/', 'http://site.onion.test/', 'http://onion/', 'ftp://x/', '', 'nonsense', undefined]) assert.equal(judge(url), INSECURE, url);
  assert.equal(judge('https://site.test/', { kind: 'fine' }), SECURE);
  for (const kind of ['overridden', 'harmless', 'unknown', undefined, '']) assert.equal(judge('https://site.test/', { kind }), INSECURE, kind);
  assert.equal(judge('https://site.test/', { kind: 'overridden', isVerified: true }), SECURE);
  assert.equal(judge('https://site.test/', { kind: 'unknown', isVerified: true }), INSECURE);
  assert.equal(judge('http://abcdef.onion/'), SECURE);
  assert.equal(judge('http://abcdef.onion/', { proxy: direct }), INSECURE);
  assert.equal(judge('http://abcdef.onion/', { proxy: { kind: 'other' } }), INSECURE);
  assert.equal(judge('http://localhost:8000/', { proxy: direct, ip: '127.0.0.1' }), SECURE);
  assert.equal(judge('http://localhost:8000/', { proxy: direct, ip: '192.0.2.1' }), INSECURE, 'a name that leads elsewhere');
  assert.equal(judge('http://localhost:8000/', { ip: '127.0.0.1' }), INSECURE, 'an exit answered');
  assert.equal(judge('http://127.0.0.1.site.test/', { proxy: direct, ip: '127.0.0.1' }), INSECURE);
  assert.equal(judge('http://192.168.1.1/', { proxy: direct, ip: '192.168.1.1' }), INSECURE, 'a network was between');
});

const page = (documents, url, state, tabId = 1, frameId = 0, parentFrameId = -1) => {
  documents.response({ tabId, frameId, url, state });
  documents.commit({ tabId, frameId, parentFrameId, url });
};
const ask = (documents, url, more = {}) => documents.ask({ tabId: 1, frameId: 0, parentFrameId: -1, url, ...more });

test('a document is what its response was; unknown, early and two-faced ones are insecure', () => {
  const d = new Documents();
  assert.equal(ask(d, 'https://a.test/'), INSECURE, 'never seen');
  d.response({ tabId: 1, frameId: 0, url: 'https://a.test/', state: SECURE });
  assert.equal(ask(d, 'https://a.test/#x'), SECURE, 'its script may ask before the browser tells of the commit');
  assert.equal(ask(d, 'https://b.test/'), INSECURE);
  d.commit({ tabId: 1, frameId: 0, url: 'https://a.test/#y' });
  assert.equal(ask(d, 'https://a.test/'), SECURE);
  d.response({ tabId: 1, frameId: 0, url: 'https://a.test/', state: INSECURE });
  assert.equal(ask(d, 'https://a.test/'), INSECURE, 'it could be the old one or the new one');
  d.commit({ tabId: 1, frameId: 0, url: 'https://a.test/' });
  assert.equal(d.stateOf(1, 0), INSECURE);
  page(d, 'https://a.test/', SECURE);
  assert.equal(ask(d, 'https://a.test/', { tabId: 2 }), INSECURE);
  d.removed(1);
  assert.equal(ask(d, 'https://a.test/'), INSECURE);
});

test('back and forward without a request: as it was, and the worst it was', () => {
  const d = new Documents();
  page(d, 'https://a.test/', SECURE);
  page(d, 'http://b.test/', INSECURE);
  d.commit({ tabId: 1, frameId: 0, url: 'https://a.test/' });
  assert.equal(d.stateOf(1, 0), SECURE);
  d.commit({ tabId: 1, frameId: 0, url: 'http://b.test/' });
  assert.equal(d.stateOf(1, 0), INSECURE);
  d.commit({ tabId: 1, frameId: 0, url: 'https://never.test/' });
  assert.equal(d.stateOf(1, 0), '');
});

test('about:blank, srcdoc, data: and blob: have their creator’s state; nobody’s are insecure', () => {
  const d = new Documents();
  page(d, 'https://a.test/', SECURE);
  for (const url of ['about:blank', 'about:srcdoc', 'data:text/html,x', 'blob:https://a.test/1']) {
    d.commit({ tabId: 1, frameId: 7, parentFrameId: 0, url });
    assert.equal(ask(d, url, { frameId: 7, parentFrameId: 0 }), SECURE, url);
  }
  page(d, 'http://b.test/', INSECURE, 2);
  d.commit({ tabId: 2, frameId: 7, parentFrameId: 0, url: 'about:blank' });
  assert.equal(ask(d, 'about:blank', { tabId: 2, frameId: 7, parentFrameId: 0 }), INSECURE);
  assert.equal(ask(d, 'about:blank', { tabId: 2, frameId: 99, parentFrameId: 98 }), INSECURE);
  d.opened({ tabId: 3, sourceTabId: 2, sourceFrameId: 0 });
  assert.equal(ask(d, 'about:blank', { tabId: 3 }), INSECURE);
  d.opened({ tabId: 4, sourceTabId: 1, sourceFrameId: 0 });
  assert.equal(ask(d, 'about:blank', { tabId: 4 }), SECURE);
  d.opened({ tabId: 5, sourceTabId: 99, sourceFrameId: 0 });
  assert.equal(ask(d, 'about:blank', { tabId: 5 }), INSECURE);
  assert.equal(ask(d, 'about:blank', { tabId: 6 }), INSECURE);
});

test('one insecure frame or script makes the whole page insecure, until the next page', () => {
  const d = new Documents();
  page(d, 'https://a.test/', SECURE);
  page(d, 'https://frame.test/', SECURE, 1, 5, 0);
  assert.ok(d.isPageSecure(1));
  page(d, 'http://evil.test/', INSECURE, 1, 6, 0);
  for (const frameId of [0, 5, 6]) assert.equal(d.stateOf(1, frameId), INSECURE, String(frameId));
  assert.equal(ask(d, 'https://a.test/'), INSECURE);
  page(d, 'https://next.test/', SECURE);
  assert.equal(d.stateOf(1, 0), SECURE);
  assert.equal(d.taint({ tabId: 1, documentUrl: 'https://next.test/' }), true);
  assert.equal(d.taint({ tabId: 1, documentUrl: 'https://next.test/' }), false, 'news once');
  assert.equal(d.stateOf(1, 0), INSECURE);
  // A script of the page that is leaving doesn't count for the one that comes, and the other way round.
  page(d, 'https://a.test/', SECURE);
  d.response({ tabId: 1, frameId: 0, url: 'https://b.test/', state: SECURE });
  d.taint({ tabId: 1, documentUrl: 'https://b.test/' });
  assert.equal(d.stateOf(1, 0), SECURE);
  d.commit({ tabId: 1, frameId: 0, url: 'https://b.test/' });
  assert.equal(d.stateOf(1, 0), INSECURE);
  for (const type of ['script', 'stylesheet', 'xmlhttprequest', 'websocket', 'object', 'font', 'other', 'xslt', 'web_manifest', 'of_tomorrow']) assert.ok(isActive(type), type);
  for (const type of ['image', 'imageset', 'media', 'beacon', 'ping', 'csp_report']) assert.ok(!isActive(type), type);
});

test('what is kept outlives the background page; bounds hold', () => {
  const d = new Documents();
  page(d, 'https://a.test/', SECURE);
  const again = new Documents(structuredClone({ 1: d.saved(1) }));
  assert.equal(again.stateOf(1, 0), SECURE);
  for (let i = 0; i < 1000; i++) page(d, `https://n${i}.test/`, SECURE, 1000 + i);
  assert.ok(d.tabs.size <= 500);
  for (let i = 1; i < 2000; i++) page(d, 'https://f.test/', SECURE, 1999, i, 0);
  assert.ok(Object.keys(d.tabs.get(1999).frames).length <= 501);
});

// ---- how a page was come by ------------------------------------------------------------------------------------------

const SITE = { firstParty: 'site.test', private: 1, container: 0, host: 'site.test', port: 80 };
function visited(visits, urls, { source = 'none', method = 'GET', transitionType = 'typed', transitionQualifiers = [], tabId = 1, requestId = `r${urls[0]}`, url = urls.at(-1) } = {}) {
  for (const u of urls) visits.requested({ requestId, tabId, url: u, method, source });
  visits.answered(requestId, { site: SITE, proxy: socks });
  visits.committed({ tabId, url, transitionType, transitionQualifiers });
  visits.ended(requestId);
  return visits.of(tabId);
}

test('the first address of the chain counts, whatever an exit redirects to', () => {
  const v = visited(new Visits(), ['http://site.test/#top', 'http://site.test/theirs', 'http://evil.test/?1A1z']);
  assert.deepEqual([v.first, v.trusted], ['http://site.test/', true]);
});

test('an upgrade before anything was sent is no step of its own; a redirect is', () => {
  const steps = (urls, answers) => {
    const visits = new Visits();
    urls.forEach((url, i) => {
      visits.requested({ requestId: 'r', tabId: 1, url, method: 'GET', source: 'none' });
      if (answers[i]) visits.answered('r', { site: SITE, proxy: socks });
    });
    visits.committed({ tabId: 1, url: urls.at(-1), transitionType: 'typed', transitionQualifiers: [] });
    const { first, chain } = visits.of(1);
    return { first, chain };
  };
  assert.deepEqual(steps(['http://a.test/', 'https://a.test/'], [false, true]), { first: 'https://a.test/', chain: ['https://a.test/'] });
  assert.deepEqual(steps(['http://a.test/', 'https://a.test/'], [true, true]), { first: 'http://a.test/', chain: ['http://a.test/', 'https://a.test/'] });
  assert.deepEqual(steps(['http://a.test/', 'https://b.test/'], [false, true]), { first: 'http://a.test/', chain: ['http://a.test/', 'https://b.test/'] });
  assert.deepEqual(steps(['http://a.test/', 'http://b.test/', 'https://b.test/'], [true, false, true]), { first: 'http://a.test/', chain: ['http://a.test/', 'https://b.test/'] });
});

test('no comparison where a redirect went by a third place: its exit is not known to the host', () => {
  const why = (first, chain) => clip.whyNoCompare({ hits: [{ address: '1A' }], more: false, problem: null, frameId: 0, placed: {}, family: [],
    visit: { trusted: true, why: '', site: { host: 'end.test', port: 80 }, first, chain } });
  assert.equal(why('http://end.test/a', ['http://end.test/a', 'http://end.test/b']), '');
  assert.equal(why('http://a.test/', ['http://a.test/', 'http://a.test:80/x', 'http://end.test/']), '');
  assert.equal(why('http://a.test/', ['http://a.test/', 'http://b.test/', 'http://end.test/']), 'unknown');
  assert.equal(why('http://a.test/', ['http://a.test/', 'http://end.test:8080/', 'http://end.test/']), 'unknown');
  assert.equal(why('http://a.test/', ['http://a.test/', 'data:x', 'http://end.test/']), 'unknown');
});

test('a page that an insecure page chose, a form’s answer, one that nobody knows: not compared', () => {
  assert.deepEqual([visited(new Visits(), ['http://a.test/'], { source: 'insecure', transitionType: 'link' })].map(({ trusted, why }) => [trusted, why]), [[false, 'page']]);
  assert.deepEqual([visited(new Visits(), ['http://a.test/'], { method: 'POST', transitionType: 'form_submit' })].map(({ trusted, why }) => [trusted, why]), [[false, 'form']]);
  assert.equal(visited(new Visits(), ['http://a.test/'], { source: 'secure', transitionType: 'link' }).trusted, true);
  assert.equal(visited(new Visits(), ['http://a.test/'], { source: 'none', transitionType: 'auto_subframe' }).trusted, false);
  assert.equal(visited(new Visits(), ['http://a.test/'], { source: 'ours', transitionType: 'link' }).trusted, false);
  assert.equal(visited(new Visits(), ['http://a.test/'], { url: 'http://elsewhere.test/' }), null, 'another page was committed');
});

test('a reload keeps what the page was; it never makes a page the user’s choice', () => {
  const visits = new Visits();
  visited(visits, ['http://a.test/', 'http://a.test/b']);
  const again = visited(visits, ['http://a.test/b'], { transitionType: 'reload', requestId: 'again' });
  assert.deepEqual([again.first, again.trusted], ['http://a.test/', true]);
  const ours = visited(visits, ['http://a.test/b'], { source: 'ours', transitionType: 'link', requestId: 'ours' });
  assert.deepEqual([ours.first, ours.trusted], ['http://a.test/', true]);
  const evil = new Visits();
  visited(evil, ['http://e.test/'], { source: 'insecure', transitionType: 'link' });
  for (const more of [{ transitionType: 'reload' }, { transitionType: 'link', transitionQualifiers: ['forward_back'] }, { source: 'ours', transitionType: 'link' }]) {
    assert.equal(visited(evil, ['http://e.test/'], { requestId: JSON.stringify(more), ...more }).trusted, false, JSON.stringify(more));
  }
  assert.equal(visited(new Visits(), ['http://e.test/'], { transitionType: 'reload' }).trusted, false);
});

// ---- documents without a guard ---------------------------------------------------------------------------------------

test('what a viewer of the browser would show is offered as a download; JSON as text; the rest stays', () => {
  const of = (...values) => asDownload([...values.map((value) => ({ name: 'content-type', value })), { name: 'X', value: 'y' }]);
  for (const type of ['text/html', 'text/plain; charset=utf-8', 'TEXT/HTML', 'image/png', 'image/svg+xml', 'application/xhtml+xml', 'video/mp4', 'text/css']) assert.deepEqual(of(type), {}, type);
  const isDownload = (answer) => answer.responseHeaders?.some((h) => h.name === 'Content-Disposition' && /^attachment/.test(h.value));
  for (const type of ['application/pdf', 'Application/PDF; x=y', 'application/x-view-source', 'multipart/x-mixed-replace', 'application/octet-stream', '', 'nonsense', 'text/html/pdf']) assert.ok(isDownload(of(type)), type);
  assert.ok(isDownload(of('text/html', 'application/pdf')), 'two types');
  assert.ok(isDownload(asDownload([])), 'none: the browser would guess');
  const json = of('application/json');
  assert.deepEqual(json.responseHeaders.filter((h) => /content-type/i.test(h.name)), [{ name: 'Content-Type', value: 'text/plain; charset=utf-8' }]);
  const named = asDownload([{ name: 'Content-Type', value: 'application/pdf' }, { name: 'Content-Disposition', value: 'inline; filename="a.pdf"' }]);
  assert.deepEqual(named.responseHeaders.filter((h) => h.name === 'Content-Disposition'), [{ name: 'Content-Disposition', value: 'attachment; filename="a.pdf"' }]);
  assert.deepEqual(asDownload([{ name: 'Content-Type', value: 'application/pdf' }, { name: 'Content-Disposition', value: 'attachment' }]), {});
});

// ---- the feature -----------------------------------------------------------------------------------------------------

const hit = (address = BITCOIN, more = {}) => ({ flavour: 0, coin: 'Bitcoin', ticker: 'BTC', form: 'P2PKH', network: 'main', address, offset: 0, length: 34, normalised: false, checksum_bits: 32, ...more });
const FROM = { tabId: 1, frameId: 0, url: 'http://site.test/', private: true, windowId: 3 };
const holdOf = (text = `send to ${BITCOIN}`, more = {}) => ({ kind: 'clip.hold', how: 'copy', hold: 1, flavours: [{ type: 'text/plain', text }], ...more });

/** An insecure page shown, a host that finds what `finds` says and compares as `compares` says. */
async function insecure({ finds = (texts) => (texts.some((t) => t.includes(BITCOIN)) ? [hit()] : []), compares = null, source, api } = {}) {
  const answer = (message, port) => {
    friendly(message, port);
    if (message.kind === 'clip.check') {
      const hits = finds(message.flavours.map(({ text }) => text));
      if (hits) queueMicrotask(() => port.say({ id: message.id, kind: 'clip.result', found: hits.length > 0, more: false, hits }));
    }
    if (message.kind === 'clip.compare' && compares) queueMicrotask(() => port.say({ id: message.id, kind: 'clip.compared', ...compares(message) }));
  };
  const x = extension({ answer, api });
  const request = { requestId: 'm1', tabId: 1, frameId: 0, type: 'main_frame', url: 'http://site.test/', method: 'GET', incognito: true, cookieStoreId: 'firefox-private', statusCode: 200,
    originUrl: source, proxyInfo: { type: 'socks', username: 'site.test:0' }, responseHeaders: [{ name: 'Content-Type', value: 'text/html' }] };
  x.watch.onBeforeRequest(request);
  await x.guard.onPlainHeaders(request);
  await x.watch.onCommitted({ tabId: 1, frameId: 0, parentFrameId: -1, url: request.url, transitionType: 'typed', transitionQualifiers: [] });
  x.web.frameSays = () => ({ place: { path: 'html>body>p', before: 'send to ', after: '', text: `send to ${BITCOIN}` } });
  x.hold = async (message = holdOf()) => {
    const pending = x.clipcheck.onContent(message, FROM);
    await settle();
    await settle();
    return pending;
  };
  x.wrote = () => x.web.did.filter(([what]) => what === 'write').map(([, flavours]) => flavours);
  x.windows = () => x.web.did.filter(([what]) => what === 'window').length;
  return x;
}

const others = (address, found) => [1, 2, 3].map((slot) => ({ slot, exit: relay(20 + slot), status: 'page', error: null, found, address: found === 'absent' ? null : address, family_equal: true, alone: true, http_status: 200,
  url: null, elapsed_ms: 10 }));
const comparedAs = (verdict, more = {}) => (m) => ({ verdict, reason: { match: 'same_address', mismatch: 'others_agree', undecided: 'place_not_found' }[verdict], error: null, host: m.host, port: m.port,
  first_party: m.first_party, private: m.private, container: m.container, address: m.address, ticker: m.ticker, k: 3, asked: 3, answered: 3, elapsed_ms: 10, retry_useful: verdict === 'undecided',
  first: [relay(1)], others: verdict === 'match' ? others(m.address, 'same') : verdict === 'mismatch' ? others(OTHER, 'other') : others(null, 'absent'), chance: [0.23, 0.05, 0.01], ...more });

test('an address is held and a window opens; nothing is written', async () => {
  const x = await insecure();
  assert.deepEqual(await x.hold(), { written: false });
  assert.deepEqual([x.wrote(), x.windows()], [[], 1]);
  const view = await x.clipcheck.view();
  assert.deepEqual([view.phase, view.addresses[0].short, view.whyNot], ['held', '1A1zP1 … DivfNa', '']);
  assert.ok(!JSON.stringify(view).includes('send to'), 'the window is told the addresses, not the text');
});

test('no address: written with all its flavours, no window', async () => {
  const x = await insecure({ finds: () => [] });
  const flavours = [{ type: 'text/plain', text: 'x'.repeat(40) }, { type: 'text/html', text: '<b>x</b>' }, { type: 'application/x-own', text: '1' }];
  assert.deepEqual(await x.hold(holdOf('', { flavours })), { written: true, clear: true });
  assert.deepEqual([x.wrote(), x.windows()], [[flavours], 0]);
});

test('what stands around a token alone: asked about, not written, and no other address of it counts', async () => {
  const digest = 'ab'.repeat(32), around = `NEAR: ${digest} or ${BITCOIN}`;
  const near = (address, flavour) => hit(address, { flavour, coin: 'NEAR', ticker: 'NEAR', length: 64, checksum_bits: 0 });
  for (const [hits, isHeld] of [[[near(digest, 1), hit(BITCOIN, { flavour: 1 })], true], [[hit(BITCOIN, { flavour: 1 })], false], [[], false], [[hit(BITCOIN, { flavour: 0 })], true]]) {
    let asked = null;
    const x = await insecure({ finds: (texts) => { asked ??= texts; return hits; } });
    const answer = await x.hold({ ...holdOf(digest.toUpperCase()), around });
    assert.deepEqual(asked.slice(0, 2), [digest.toUpperCase(), around]);
    assert.deepEqual([answer.written, x.windows()], isHeld ? [false, 1] : [true, 0], JSON.stringify(hits));
    if (!isHeld) assert.deepEqual(x.wrote(), [[{ type: 'text/plain', text: digest.toUpperCase() }]]);
    else assert.equal((await x.clipcheck.view()).addresses.length, 1);
  }
  for (const bad of [7, {}, 'x'.repeat(600), null]) {
    let asked = null;
    const x = await insecure({ finds: (texts) => { asked = texts; return []; } });
    await x.hold({ ...holdOf(digest), around: bad });
    assert.equal(asked.length, 1);
  }
});

test('parts of a long text: clear when the host found nothing in them, and only then; nothing is written, no window opens', async () => {
  const look = async (x, message = {}) => {
    const pending = x.clipcheck.onContent({ ...holdOf(), kind: 'clip.look', ...message }, FROM);
    await settle();
    await x.clock.pass(6000);
    return pending;
  };
  const answers = [[() => [], true], [() => [hit()], false], [() => null, false]];
  for (const [finds, clear] of answers) {
    const x = await insecure({ finds });
    assert.deepEqual(await look(x), { clear }, String(finds));
    assert.deepEqual([x.wrote(), x.windows()], [[], 0]);
  }
  const x = await insecure({ finds: () => [] });
  for (const bad of [{ flavours: 'x' }, { flavours: [] }, { flavours: [{ type: 'a', text: 7 }] }, { how: 'paste' }, { flavours: [{ type: 'a', text: 'y'.repeat(9 << 20) }] }]) assert.deepEqual(await look(x, bad), { clear: false }, JSON.stringify(bad).slice(0, 80));
  const lying = await insecure();
  lying.host.request = () => ({ id: Promise.resolve(1), done: Promise.resolve({ found: false, more: false, hits: [hit()] }) });
  assert.deepEqual(await look(lying), { clear: false });
  const dead = await insecure();
  dead.host.ensure = () => Promise.reject(Object.assign(new Error('x'), { code: 'host_missing' }));
  assert.deepEqual(await look(dead), { clear: false });
});

test('host silent, dead, old, lying, too much text: held, and the window says why', async () => {
  const silent = await insecure({ finds: () => null });
  const pending = silent.clipcheck.onContent(holdOf(), FROM);
  await settle();
  await silent.clock.pass(6000);
  await pending;
  assert.equal((await silent.clipcheck.view()).problem.code, 'host_hung');
  assert.deepEqual([silent.wrote(), silent.windows()], [[], 1]);
  const lying = await insecure();
  const asked = lying.clipcheck.onContent(holdOf(), FROM);
  lying.port?.say({});
  await settle();
  await asked;
  const contradicting = await insecure();
  contradicting.host.request = () => ({ id: Promise.resolve(1), done: Promise.resolve({ found: false, more: false, hits: [hit()] }) });
  await contradicting.hold();
  assert.deepEqual([contradicting.wrote(), (await contradicting.clipcheck.view()).problem.code], [[], 'host_garbage']);
  const big = await insecure({ finds: () => [] });
  await big.hold(holdOf('y'.repeat(9 << 20)));
  assert.deepEqual([big.wrote(), (await big.clipcheck.view()).problem.code], [[], 'too_big']);
  const old = await insecure();
  await old.host.ensure();
  old.host.greeting.capabilities = ['cert.check'];
  await old.hold();
  assert.deepEqual([old.wrote(), (await old.clipcheck.view()).problem.code], [[], 'host_old']);
});

test('asked again once the host is there: written, or held for its address', async () => {
  for (const [finds, phase, writes] of [[() => [], 'clean', 1], [() => [hit()], 'held', 0]]) {
    let answer = () => null;
    const x = await insecure({ finds: (texts) => answer(texts) });
    const pending = x.clipcheck.onContent(holdOf(), FROM);
    await settle();
    await x.clock.pass(6000);
    await pending;
    assert.equal((await x.clipcheck.view()).canAsk, true);
    answer = finds;
    await x.clipcheck.act({ kind: 'again' });
    await settle();
    assert.deepEqual([(await x.clipcheck.view()).phase, x.wrote().length], [phase, writes]);
    await x.clipcheck.act({ kind: 'again' });
    assert.equal(x.wrote().length, writes, 'nothing to ask again');
  }
});

test('malformed holds and unknown senders do nothing', async () => {
  const x = await insecure({ finds: () => [] });
  for (const bad of [{ flavours: 'x' }, { flavours: [{}] }, { flavours: [{ type: '', text: 'a' }] }, { how: 'paste' }, { hold: 'x' }, { flavours: [{ type: 'a', text: 7 }] }]) {
    assert.deepEqual(await x.hold({ ...holdOf(), ...bad }), { written: false }, JSON.stringify(bad));
  }
  assert.equal(await x.clipcheck.onContent({ kind: 'word', word: 'evil' }, FROM), null);
  assert.equal(await x.clipcheck.onContent(null, FROM), null);
  assert.deepEqual([x.wrote(), x.windows()], [[], 0]);
});

test('a match lets it go; mismatch and undecided do not', async () => {
  for (const [verdict, phase] of [['match', 'released'], ['mismatch', 'held'], ['undecided', 'held']]) {
    const x = await insecure({ compares: comparedAs(verdict) });
    await x.hold();
    await x.clipcheck.act({ kind: 'compare' });
    await settle();
    const view = await x.clipcheck.view();
    assert.deepEqual([verdict, view.phase, x.wrote().length], [verdict, phase, verdict === 'match' ? 1 : 0]);
  }
});

test('a host that lies about a match: of another address, another site, too few answers, one exit thrice, a family that differs', async () => {
  const lies = {
    address: { address: OTHER, others: others(OTHER, 'same') }, ticker: { ticker: 'LTC' }, host: { host: 'evil.test' }, port: { port: 81 }, 'first party': { first_party: 'evil.test' },
    container: { container: 3 }, private: { private: 0 }, answers: { answered: 2 }, few: { others: others(BITCOIN, 'same').slice(1) }, none: { others: [] },
    'a dissent': { others: [...others(BITCOIN, 'same'), { ...others(OTHER, 'other')[0], slot: 4, exit: relay(44) }] },
    absent: { others: [...others(BITCOIN, 'same').slice(1), others(null, 'absent')[0]] },
    family: { others: others(BITCOIN, 'same').map((o) => ({ ...o, family_equal: false })) },
    'not alone': { others: others(BITCOIN, 'same').map((o, i) => ({ ...o, alone: i !== 1 })) },
    'one exit': { others: others(BITCOIN, 'same').map((o) => ({ ...o, exit: relay(21) })) },
  };
  for (const [what, lie] of Object.entries(lies)) {
    const x = await insecure({ compares: comparedAs('match', lie) });
    await x.hold();
    await x.clipcheck.act({ kind: 'compare' });
    await settle();
    assert.deepEqual([x.wrote(), (await x.clipcheck.view()).phase], [[], 'held'], what);
  }
});

test('compare: as first asked for, with the page’s place and family, and only where that is known', async () => {
  const finds = (texts) => (texts[0].includes('also') ? [hit(), hit(OTHER), hit('LXYZ', { ticker: 'LTC' })] : [hit()]);
  const x = await insecure({ finds, compares: comparedAs('undecided') });
  x.web.frameSays = () => ({ place: { path: 'html>body>p', before: 'send to ', after: '', text: `also ${OTHER}` } });
  await x.hold();
  await x.clipcheck.act({ kind: 'compare' });
  const { id: _, kind: __, ...sent } = x.port.last('clip.compare');
  assert.deepEqual(sent, { first_party: 'site.test', private: 1, container: 0, host: 'site.test', port: 80, proxy: 'socks', url: 'http://site.test/', address: BITCOIN, ticker: 'BTC',
    before: 'send to ', after: '', path: 'html>body>p', family: [OTHER], headers: { user_agent: 'Mozilla/5.0', accept: '*/*', accept_language: 'en-US,en;q=0.5' }, clicked: true });
  for (const [why, make] of Object.entries({
    page: () => insecure({ source: 'http://evil.test/' }),
    many: () => insecure({ finds: () => [hit(), hit(OTHER)] }),
    place: async () => Object.assign(await insecure(), { mute: true }),
  })) {
    const y = await make();
    if (y.mute) y.web.frameSays = () => ({ place: null });
    await y.hold();
    await settle();
    assert.equal((await y.clipcheck.view()).whyNot, why);
    await y.clipcheck.act({ kind: 'compare' });
    assert.equal(y.port.last('clip.compare'), undefined, why);
  }
});

test('a page on its way elsewhere, a closed window, New Identity: nothing is released afterwards', async () => {
  let say = null;
  const x = await insecure({ compares: null });
  await x.hold();
  const running = x.clipcheck.act({ kind: 'compare' });
  await settle();
  const asked = x.port.last('clip.compare');
  say = () => x.port.say({ id: asked.id, kind: 'clip.compared', ...comparedAs('match')(asked) });
  x.clipcheck.onWindowRemoved(77);
  say();
  await running;
  assert.deepEqual(x.wrote(), []);
  assert.equal((await x.clipcheck.view()).phase, 'over');
  const y = await insecure();
  await y.hold();
  await y.clipcheck.wipe();
  assert.equal((await y.clipcheck.view()).phase, 'over');
  assert.equal(y.watch.documents.stateOf(1, 0), '');
});

test('one window: a second hold takes its place', async () => {
  const x = await insecure();
  await x.hold();
  await x.hold();
  assert.equal(x.windows(), 1);
  assert.equal(x.web.did.filter(([what]) => what === 'raise').length, 1);
});

test('an unverified exception that the guard lets pass is insecure; scripts over http make a page so, before they run', async () => {
  const x = extension({});
  x.web.infos.set('m1', { state: 'secure', isNotValidAtThisTime: true, overridableErrorCategory: 'expired_or_not_yet_valid', certificates: [{ fingerprint: { sha256: 'a'.repeat(64) } }] });
  const request = { requestId: 'm1', tabId: 1, frameId: 0, type: 'main_frame', url: 'https://site.test/', incognito: true, cookieStoreId: 'firefox-private', statusCode: 200,
    proxyInfo: { type: 'socks', username: 'site.test:0' }, responseHeaders: [{ name: 'Content-Type', value: 'text/html' }] };
  assert.deepEqual(await x.guard.onHeadersReceived(request), {});
  await x.watch.onCommitted({ tabId: 1, frameId: 0, parentFrameId: -1, url: request.url, transitionType: 'typed' });
  assert.equal((await x.clipcheck.onContent({ kind: 'clip.state' }, { ...FROM, url: request.url })).state, INSECURE);
  assert.deepEqual(x.web.did.find(([what]) => what === 'guard'), ['guard', 'site.test'], 'its clipboard functions are ours before its scripts run');
  const y = extension({});
  y.web.infos.set('m1', { state: 'secure', certificates: [{ fingerprint: { sha256: 'a'.repeat(64) } }] });
  await y.guard.onHeadersReceived(request);
  await y.watch.onCommitted({ tabId: 1, frameId: 0, parentFrameId: -1, url: request.url, transitionType: 'typed' });
  assert.equal((await y.clipcheck.onContent({ kind: 'clip.state' }, { ...FROM, url: request.url })).state, SECURE);
  await y.guard.onPlainHeaders({ ...request, requestId: 's', type: 'image', url: 'http://site.test/i.png', documentUrl: request.url });
  assert.equal(y.watch.documents.stateOf(1, 0), SECURE);
  await y.guard.onPlainHeaders({ ...request, requestId: 's', type: 'script', url: 'http://site.test/s.js', documentUrl: request.url });
  assert.equal(y.watch.documents.stateOf(1, 0), INSECURE);
  assert.deepEqual(y.web.did.filter(([what]) => what !== 'unguard').map(([what]) => what).sort(), ['guard', 'guardTab', 'tell']);
});

test('privileged: selecting stops being copying before an insecure document is made', async () => {
  const api = exactApi();
  await insecure({ api });
  assert.deepEqual(api.calls.filter(([name]) => name === 'setAutocopy')[0], ['setAutocopy', false]);
  assert.equal(api.calls.filter(([name]) => name === 'setAutocopy').at(-1)[1], false, 'it stays so while that tab is in front');
});

test('the selection clipboard is blanked for an address or an answer that doesn’t come, not for words', async () => {
  const x = await insecure();
  x.web.primary = true;
  assert.deepEqual(await x.clipcheck.onContent({ kind: 'clip.primary', text: BITCOIN }, FROM), { blanked: true });
  assert.deepEqual(await x.clipcheck.onContent({ kind: 'clip.primary', text: 'words' }, FROM), { blanked: false });
});

test('the word: one line, nothing that disguises, bounded', () => {
  assert.equal(cleanWord('  blue \n tulip\u202e '), 'blue tulip');
  assert.equal([...cleanWord('ж'.repeat(100))].length, 40);
  for (const bad of [undefined, null, 7, {}, '', '  ', '\u200b']) assert.equal(cleanWord(bad), '');
});
