// Downloads: the proposal's matrix, which responses become one, how a request's addresses are kept, and both editions' features in a browser and
// with a host that do what the test says (ext-fakes.mjs).

import test from 'node:test';
import assert from 'node:assert/strict';
import { CHOICES, CLASSES, DEFAULTS, cleanOptions, decide, decideOf, sizesOf, worse } from '../../extension/core/dlpolicy.js';
import { cleanName, isAttachment, nameOf, willDownload } from '../../extension/core/willdownload.js';
import { Chains, Records, hostFields, isInsecureUrl, newEntry, checking, answered, offers, verdictOf } from '../../extension/core/downloads.js';
import { CHAINS_MAX, CHAIN_HOPS_MAX, AUTO_DOWNLOADS_MAX, DL_RECORDS_MAX } from '../../extension/core/limits.js';
import { extension, exactApi, friendly, relay, settle, hex } from './ext-fakes.mjs';

// ---- policy -------------------------------------------------------------------------------------------------------

test('the matrix: defaults, every choice, and what is not known is the worst', () => {
  const of = (cls, isLinkSecure, more) => decide(DEFAULTS, { cls, isLinkSecure, ...more });
  assert.deepEqual([of('executable', true), of('executable', false), of('other', true), of('other', false)], ['verify', 'prevent', 'verify', 'notice']);
  for (const isSecure of [true, false, undefined]) assert.equal(of('transparent', isSecure), 'nothing');
  for (const odd of [undefined, null, '', 'program']) assert.deepEqual([of(odd, true), of(odd, false)], ['verify', 'prevent']);
  for (const odd of [undefined, null, 'yes', 1]) assert.equal(of('executable', odd), 'prevent', 'a link that is not known to be secure');
  // Without a second source.
  assert.deepEqual([of('executable', true, { hasSource: false }), of('other', true, { hasSource: false })], ['prevent', 'notice']);
  for (const [field, choices] of Object.entries(CHOICES)) {
    const [cls, link] = field.split('_');
    for (const choice of choices) assert.equal(decide({ ...DEFAULTS, [field]: choice }, { cls, isLinkSecure: link === 'secure' }), choice);
  }
});

test('no option lets an unchecked program through, or checks where a check proves nothing', () => {
  assert.ok(!CHOICES.executable_insecure.includes('verify') && !CHOICES.other_insecure.includes('verify'));
  for (const choices of [CHOICES.executable_secure, CHOICES.executable_insecure]) assert.ok(!choices.includes('notice') && !choices.includes('nothing'));
  for (const kept of [null, undefined, 5, 'x', [], { executable_insecure: 'verify' }, { executable_secure: 'notice', whole: 1e9, budget: '8', evidence: true, other: 1 }]) assert.deepEqual(cleanOptions(kept), DEFAULTS);
  assert.deepEqual(cleanOptions({ other_insecure: 'prevent', whole: 500 }), { ...DEFAULTS, other_insecure: 'prevent', whole: 500 });
  assert.deepEqual(sizesOf(DEFAULTS), { whole_max: 104857600, budget: 8388608 });
  for (const a of CLASSES) for (const b of CLASSES) assert.equal(worse(a, b), CLASSES[Math.max(CLASSES.indexOf(a), CLASSES.indexOf(b))]);
  assert.equal(worse('transparent', 'odd'), 'executable');
});

test('where links of both kinds led to a file, the strictest counts', () => {
  const of = (cls, links, more) => decideOf(DEFAULTS, { cls, record: { links }, ...more });
  assert.deepEqual([of('executable', [true]), of('executable', [true, false]), of('other', [false]), of('other', [false, true]), of('transparent', [true, false])], ['verify', 'prevent', 'notice', 'verify', 'nothing']);
  assert.equal(decideOf(DEFAULTS, { cls: 'other', record: null, isLinkSecure: true }), 'verify');
  assert.equal(decideOf(DEFAULTS, { cls: 'other', record: { isLinkSecure: false } }), 'notice');
});

// ---- what becomes a download ----------------------------------------------------------------------------------------

const head = (type, disposition, statusCode = 200) => ({ statusCode, responseHeaders: [...(type === null ? [] : [{ name: 'Content-Type', value: type }]), ...(disposition === undefined ? [] : [{ name: 'content-disposition', value: disposition }])] });

test('which responses become downloads', () => {
  const cases = [
    ['application/octet-stream', 'yes'], ['application/x-msdownload', 'yes'], ['APPLICATION/ZIP ; x=y', 'yes'], ['text/csv', 'yes'], ['image/tiff', 'yes'], ['audio/x-odd', 'yes'], ['application/msword', 'yes'],
    ['text/html; charset=utf-8', 'no'], ['image/png', 'no'], ['image/svg+xml', 'no'], ['application/json', 'no'], ['application/atom+xml', 'no'], ['video/mp4', 'no'],
    ['text/plain', 'perhaps'], ['', 'perhaps'], [null, 'perhaps'], ['nonsense', 'perhaps'], ['application/x-unknown-content-type', 'perhaps'],
  ];
  for (const [type, expected] of cases) assert.equal(willDownload(head(type)), expected, String(type));
  for (const status of [204, 205, 301, 302, 307, 304]) assert.equal(willDownload(head('application/zip', 'attachment', status)), 'no');
  assert.equal(willDownload(head('text/html', 'attachment')), 'yes');
  assert.equal(willDownload(head('text/html', 'inline')), 'no');
});

test('a disposition other than inline asks for a download, as Firefox reads it', () => {
  for (const text of ['attachment', 'ATTACHMENT; filename=a', ' attachment ;filename="a"', 'x-odd', 'form-data; name=a']) assert.equal(isAttachment(text), true, text);
  for (const text of ['', 'inline', 'INLINE; filename=a.exe', 'filename=a.exe', 'filename*=utf-8\'\'a', 'name=a', ' ; filename=a']) assert.equal(isAttachment(text), false, text);
});

test('names: the site’s, the address’s, never a path, nothing that disguises', () => {
  const of = (disposition, url = 'http://a.test/dir/last%20part.exe?x=1') => nameOf(disposition === undefined ? [] : [{ name: 'Content-Disposition', value: disposition }], url);
  assert.equal(of(undefined), 'last part.exe');
  assert.equal(of('attachment; filename="setup \\"x\\".exe"'), 'setup _x_.exe');
  assert.equal(of('attachment; filename=plain.exe; size=5'), 'plain.exe');
  assert.equal(of('attachment; filename="a.txt"; filename*=UTF-8\'\'b%20%C3%A4.exe'), 'b ä.exe');
  assert.equal(of('attachment; filename="../../.bashrc"'), 'bashrc');
  assert.equal(of('attachment; filename="C:\\\\dir\\\\x.exe"'), 'x.exe');
  assert.equal(of(undefined, 'http://a.test/'), 'download');
  assert.equal(of(undefined, 'nonsense'), 'download');
  assert.equal(cleanName('photo\u202egpj.exe'), 'photogpj.exe');
  assert.equal(cleanName('a\u0000b\u200b.exe\u0007'), 'ab.exe');
  assert.equal(cleanName('...'), 'download');
  const long = cleanName(`${'ü'.repeat(300)}.exe`);
  assert.ok(new TextEncoder().encode(long).length <= 200 && long.endsWith('.exe'));
});

// ---- chains ---------------------------------------------------------------------------------------------------------

const request = (more) => ({ requestId: 'r', url: 'http://a.test/get', tabId: 1, frameId: 0, type: 'main_frame', method: 'GET', originUrl: 'https://link.test/', ...more });
const begun = (chains, ...urls) => urls.forEach((url) => chains.begun(request({ url }), { isLinkSecure: true, time: 1 }));

test('a chain keeps the first address, and one insecure answer marks the whole', () => {
  const chains = new Chains();
  begun(chains, 'https://a.test/get#part');
  chains.answered(request({ url: 'https://a.test/get' }), false);
  begun(chains, 'http://b.test/');
  assert.equal(chains.answered(request({ url: 'http://b.test/' }), true).isInsecure, true);
  begun(chains, 'https://c.test/f.exe');
  const chain = chains.answered(request({ url: 'https://c.test/f.exe' }), false);
  assert.deepEqual([chain.urls, chain.hasWhole, chain.isInsecure, chain.isLinkSecure], [['https://a.test/get', 'http://b.test/', 'https://c.test/f.exe'], true, true, true]);
});

test('an upgrade before anything was sent is no hop; a redirect to https is one', () => {
  const chains = new Chains();
  begun(chains, 'http://a.test:80/get', 'https://a.test/get');
  const chain = chains.answered(request({ url: 'https://a.test/get' }), false);
  assert.deepEqual([chain.urls, chain.isInsecure, chain.asked], [['https://a.test/get'], false, 'http://a.test:80/get']);
  const sent = new Chains();
  begun(sent, 'http://a.test/get');
  sent.answered(request(), true);
  begun(sent, 'https://a.test/get');
  assert.deepEqual(sent.of('r').urls, ['http://a.test/get', 'https://a.test/get']);
});

test('a chain that began before we looked, or is too long, has no first address', () => {
  const chains = new Chains();
  const chain = chains.answered(request(), false);
  assert.deepEqual([chain.hasWhole, chain.isInsecure, chain.isLinkSecure], [false, true, false]);
  const long = new Chains();
  begun(long, ...Array.from({ length: CHAIN_HOPS_MAX + 1 }, (_, i) => `http://a.test/${i}`));
  assert.equal(long.of('r').hasWhole, false);
  for (let i = 0; i <= CHAINS_MAX; i++) long.begun(request({ requestId: `x${i}` }), { isLinkSecure: true, time: 1 });
  assert.equal(long.of('r'), null);
});

test('two downloads with one last address: the worse of each, and no first where they differ', () => {
  const records = new Records();
  const record = (urls, more) => ({ urls, hasWhole: true, isLinkSecure: true, isPost: false, ...more });
  records.add(record(['http://a.test/get', 'http://evil.test/f']));
  assert.equal(records.find('http://evil.test/f').hasWhole, true);
  records.add(record(['http://b.test/get', 'http://evil.test/f'], { isLinkSecure: false }));
  const found = records.find('http://evil.test/f#x');
  assert.deepEqual([found.hasWhole, found.isLinkSecure, found.links], [false, false, [true, false]]);
  // A saved link is known by its own address, unless another one ends there.
  assert.equal(records.find('http://b.test/get').urls.at(-1), 'http://evil.test/f');
  assert.equal(records.find('http://other.test/'), null);
});

test('the browser’s own request for the end of a chain goes on where that one was; of two that differ no first address is known', () => {
  const record = (urls, more) => ({ urls, hasWhole: true, isLinkSecure: true, isPost: false, ...more });
  const records = new Records();
  records.add(record(['https://a.test/get', 'http://evil.test/f']));
  records.add(record(['http://evil.test/f'], { isOwn: true }));
  const found = records.find('http://evil.test/f');
  assert.deepEqual([found.urls, found.hasWhole], [['https://a.test/get', 'http://evil.test/f'], true]);
  records.add(record(['http://b.test/get', 'http://evil.test/f']));
  records.add(record(['http://evil.test/f'], { isOwn: true }));
  assert.equal(records.find('http://evil.test/f').hasWhole, false);
  // A page's own link is where it begins.
  const links = new Records();
  links.add(record(['https://a.test/get', 'http://c.test/f']));
  links.add(record(['http://c.test/f']));
  assert.equal(links.find('http://c.test/f').hasWhole, false);
});

test('what pages can make at will pushes out nothing else', () => {
  const records = new Records();
  records.add({ urls: ['https://a.test/get', 'http://b.test/f'], hasWhole: true, isLinkSecure: true, isPost: false });
  const gone = [];
  for (let i = 0; i < DL_RECORDS_MAX * 2; i++) gone.push(records.add({ urls: [`http://frame.test/${i}`], hasWhole: true, isLinkSecure: false, isPost: false, isCheap: true }).gone);
  assert.deepEqual(records.find('https://a.test/get').urls.at(-1), 'http://b.test/f');
  assert.deepEqual([gone[0], gone.at(-1)], [0, DL_RECORDS_MAX + 2]);
  assert.equal(records.find('http://frame.test/0'), null);
  // Kept and known again.
  assert.equal(records.hasLost, false);
  const kept = [records.add({ urls: ['http://c.test/'], hasWhole: true, isLinkSecure: true, isPost: false }).kept];
  assert.equal(new Records(kept).find('http://c.test/').hasWhole, true);
  // In whatever order they come back, the next one is the newest.
  const mixed = new Records([{ ...kept[0], number: 9 }, { ...kept[0], number: 2 }]);
  assert.equal(mixed.add(kept[0]).kept.number, 10);
});

test('what is sent to the host: no chain that is not whole, no secrets, lines only', () => {
  const source = {
    urls: ['http://a.test/get', 'http://a.test/f.exe'], hasWhole: true, isLinkSecure: true, isPost: false, site: { firstParty: 'a.test', private: 1, container: 0, host: 'a.test', port: 80 },
    proxy: { kind: 'socks', username: 'a.test:0', password: '' }, sent: { userAgent: 'UA\r\nX: y', accept: '*/*', acceptLanguage: 'de', referer: 'https://link.test/', hasSecrets: true },
    contentType: 'application/octet-stream', length: 5, etag: '"x"', lastModified: '',
  };
  const fields = hostFields(source, { sizes: sizesOf(DEFAULTS), clicked: false });
  assert.deepEqual(fields, {
    first_party: 'a.test', private: 1, container: 0, host: 'a.test', port: 80, proxy: 'socks', chain: source.urls,
    headers: { user_agent: 'UAX: y', accept: '*/*', accept_language: 'de', referer: 'https://link.test/' }, content_type: 'application/octet-stream', length: 5, etag: '"x"', last_modified: null,
    link_secure: true, cookies: true, post: false, whole_max: 104857600, budget: 8388608, clicked: false,
  });
  for (const more of [{ hasWhole: false }, { urls: ['http://a.test/ü'] }, { urls: ['ftp://a.test/'] }, { urls: [`http://a.test/${'x'.repeat(3000)}`] }, { urls: ['blob:http://a.test/1'] }]) {
    assert.deepEqual(hostFields({ ...source, ...more }, { sizes: {}, clicked: false }).chain, [], JSON.stringify(more).slice(0, 60));
  }
});

test('which addresses say by themselves that an exit stood in between', () => {
  assert.deepEqual(['http://a.test/', 'http://x.onion/', 'https://a.test/', 'blob:http://a.test/1', 'data:,x', 'http://x.onion.evil.test/'].map(isInsecureUrl), [true, false, null, true, true, true]);
});

test('only a match is a match; what may be clicked in each state', () => {
  const entry = newEntry({ id: 'a', how: 'fetch' });
  const run = checking(entry, 1);
  const result = (verdict, more) => ({ verdict, download: 3, class: 'other', retry_useful: true, whole_possible: true, can_keep: false, state: 'held', ...more });
  assert.equal(answered({ ...run, attempt: 2 }, 1, result('match')).phase, 'checking', 'a late answer');
  const done = (verdict, more) => answered(run, 1, result(verdict, more));
  assert.deepEqual(['match', 'mismatch', 'undecided'].map((v) => verdictOf(done(v))), ['match', 'mismatch', 'undecided']);
  const can = (e) => Object.entries(offers(e)).filter(([, is]) => is).map(([name]) => name).sort().join();
  assert.equal(can(entry), 'cancel,start');
  assert.equal(can(run), 'cancel');
  assert.equal(can(done('undecided')), 'cancel,retry,whole');
  assert.equal(can(done('undecided', { retry_useful: false, whole_possible: false })), 'cancel');
  assert.equal(can(done('mismatch', { can_keep: true, state: 'none' })), 'keep,remove');
  assert.equal(can(done('match', { state: 'finished' })), 'remove,show');
  assert.equal(can({ ...done('undecided'), isGone: true }), 'remove');
});

// ---- the features -----------------------------------------------------------------------------------------------------

const CLASSES_BY_END = { exe: 'executable', txt: 'transparent', pdf: 'other' };

/** A host that classifies by the end of the name, and leaves the rest to the test. */
const classifying = (byContent = {}) => (message, port) => {
  if (message.kind !== 'classify') {
    friendly(message, port);
    return;
  }
  const cls = (message.path && byContent[message.path]) || CLASSES_BY_END[message.name.split('.').at(-1)] || 'other';
  queueMicrotask(() => port.say({ id: message.id, kind: 'classified', class: cls, format: '', why: 'name' }));
};

const SOCKS = { type: 'socks', username: 'a.test:0' };

function started({ isExact = false, byContent, answer = classifying(byContent) } = {}) {
  const settled = [];
  const listeners = {};
  const downloads = {
    held: async () => [], settle: async (id, isGood) => Boolean(settled.push([id, isGood])), refuseAll: async () => settled.push(['all']),
    onGrowing: { addListener() {} }, onHeld: { addListener: (f) => { listeners.held = f; } }, onReleased: { addListener: (f) => { listeners.released = f; } },
  };
  const x = extension({ api: isExact ? { ...exactApi(), getRequest: async () => null } : undefined, downloads, answer });
  x.settled = settled;
  x.begin = (url, more) => x.dlcheck.onBegin(request({ url, type: 'main_frame', ...more }));
  x.respond = async (url, type, more = {}) => {
    const answer = await x.guard.onPlainHeaders(request({ url, statusCode: 200, proxyInfo: SOCKS, incognito: true, cookieStoreId: 'firefox-private', responseHeaders: [{ name: 'Content-Type', value: type }], ...more }));
    await settle();
    return answer;
  };
  x.entries = async () => {
    let view = null;
    x.dllist.read((v) => { view = v; })();
    await settle();
    return view.entries;
  };
  /** A secure page stands in tab 1. */
  x.secure = async () => {
    await x.watch.ready;
    x.watch.documents.response({ tabId: 1, frameId: 0, url: 'https://link.test/', state: 'secure' });
    x.watch.documents.commit({ tabId: 1, frameId: 0, parentFrameId: -1, url: 'https://link.test/' });
  };
  return x;
}

const verdict = (asked, more) => ({
  id: asked.id, kind: 'download.result', verdict: 'match', reason: 'same_file', error: null, host: asked.host, port: asked.port, first_party: asked.first_party, private: asked.private,
  container: asked.container, url: asked.chain[0] ?? '', link_secure: asked.link_secure, method: 'whole', missed: null, compared: 5, fetched: 5, class: 'executable', format: 'pe', local: { size: 5, sha256: hex('a') },
  k: 1, asked: 1, answered: 1, elapsed_ms: 5, first: [relay(1)], others: [{ slot: 1, exit: relay(2), status: 'answer', error: null, http_status: 200, url: asked.chain[0] ?? '', length: 5, same_entity: true, agrees: true,
    sha256: hex('a'), bytes: 5, elapsed_ms: 4 }], differing: [], more_differing: false, chance: [0.23], state: asked.kind === 'download.fetch' ? 'finished' : 'browser', download: 3, path: '/x/setup.exe',
  retry_useful: false, whole_possible: false, can_keep: false, ...more,
});

test('standard: a program with a secure link is cancelled at its headers and fetched by the host; a program with an insecure one is prevented', async () => {
  const x = started();
  await x.secure();
  x.begin('http://a.test/setup.exe');
  assert.deepEqual(await x.respond('http://a.test/setup.exe', 'application/octet-stream'), { cancel: true });
  const asked = x.port.last('download.fetch');
  assert.deepEqual([asked.chain, asked.link_secure, asked.name, asked.dir, asked.clicked], [['http://a.test/setup.exe'], true, 'setup.exe', null, false]);
  x.port.say(verdict(asked));
  await settle();
  const [entry] = await x.entries();
  assert.deepEqual([entry.verdict, entry.can.show], ['match', true]);
  x.begin('http://a.test/evil.exe', { requestId: 'r2', originUrl: 'http://insecure.test/' });
  assert.deepEqual(await x.respond('http://a.test/evil.exe', 'application/octet-stream', { requestId: 'r2' }), { cancel: true });
  assert.deepEqual((await x.entries())[0].why, 'link');
  assert.equal(x.port.sent.filter((m) => m.kind === 'download.fetch').length, 1);
});

test('standard: a match that bears nothing out is none', async () => {
  for (const more of [{ url: 'http://evil.test/' }, { others: [] }, { state: 'held' }, { method: null }, { host: 'b.test' }, { local: null }, { others: [{ ...verdict({ chain: [] }).others[0], agrees: false }] }]) {
    const x = started();
    await x.secure();
    x.begin('http://a.test/setup.exe');
    await x.respond('http://a.test/setup.exe', 'application/octet-stream');
    x.port.say(verdict(x.port.last('download.fetch'), more));
    await settle();
    const [entry] = await x.entries();
    assert.deepEqual([entry.verdict, entry.problem?.code], ['undecided', 'host_garbage'], JSON.stringify(more).slice(0, 60));
  }
});

test('documents with an insecure link come with a notice, text with nothing and is not guessed at; a host that can’t say makes all of them programs', async () => {
  const x = started();
  x.begin('http://a.test/a.pdf', { originUrl: 'http://insecure.test/' });
  const answer = await x.respond('http://a.test/a.pdf', 'application/pdf');
  assert.equal(answer.cancel, undefined);
  assert.equal((await x.entries())[0].phase, 'noticed');
  x.begin('http://a.test/a.txt', { requestId: 'r2', originUrl: 'http://insecure.test/' });
  const shown = await x.respond('http://a.test/a.txt', 'text/plain', { requestId: 'r2' });
  assert.equal(shown.responseHeaders.find((h) => h.name === 'X-Content-Type-Options').value, 'nosniff');
  assert.equal((await x.entries()).length, 1);
  const y = extension({ answer: () => {} });
  y.dlcheck.onBegin(request({ url: 'http://a.test/a.pdf', originUrl: 'http://insecure.test/' }));
  const waiting = y.guard.onPlainHeaders(request({ url: 'http://a.test/a.pdf', statusCode: 200, proxyInfo: SOCKS, responseHeaders: [{ name: 'Content-Type', value: 'application/pdf' }] }));
  for (let i = 0; i < 4; i++) await y.clock.pass(10000);
  assert.deepEqual(await waiting, { cancel: true });
});

test('the last answer is encrypted, an earlier one was not: the download is insecure', async () => {
  const x = started();
  await x.secure();
  x.begin('http://a.test/get');
  await x.respond('http://a.test/get', '', { statusCode: 302 });
  x.begin('https://evil.test/setup.exe');
  x.web.infos.set('r', { state: 'secure', certificates: [{ fingerprint: { sha256: hex('a') } }] });
  const answer = await x.guard.onHeadersReceived(request({ url: 'https://evil.test/setup.exe', statusCode: 200, proxyInfo: SOCKS, responseHeaders: [{ name: 'Content-Type', value: 'application/octet-stream' }] }));
  assert.deepEqual(answer, { cancel: true });
  await settle();
  assert.deepEqual(x.port.last('download.fetch').chain, ['http://a.test/get', 'https://evil.test/setup.exe']);
  // All of it encrypted: left alone.
  x.begin('https://good.test/setup.exe', { requestId: 'r3' });
  x.web.infos.set('r3', { state: 'secure', certificates: [{ fingerprint: { sha256: hex('a') } }] });
  assert.deepEqual(await x.guard.onHeadersReceived(request({ requestId: 'r3', url: 'https://good.test/setup.exe', statusCode: 200, proxyInfo: SOCKS, responseHeaders: [{ name: 'Content-Type', value: 'application/octet-stream' }] })), {});
});

test('standard: what we did not see coming is destroyed when the browser tells of it', async () => {
  const item = (more) => ({ id: 7, url: 'http://a.test/setup.exe', filename: '/x/setup.exe', mime: 'application/octet-stream', incognito: true, state: 'in_progress', referrer: 'http://insecure.test/', cookieStoreId: 'firefox-private', ...more });
  const destroyed = (x) => x.web.did.filter(([what]) => what === 'destroy').length;
  for (const [more, isDestroyed, why] of [
    [{}, true, 'link'],
    [{ url: 'blob:http://a.test/1' }, true, 'sourceless'],
    [{ url: 'data:application/octet-stream,MZ', referrer: '' }, true, 'sourceless'],
    [{ filename: '/x/a.txt' }, false],
    [{ url: 'https://a.test/setup.exe' }, false],
    [{ url: 'http://abc.onion/setup.exe' }, false],
    [{ url: 'moz-extension://x/setup.exe' }, false],
  ]) {
    const x = started();
    await x.dlcheck.onCreated(item(more));
    await settle();
    assert.equal(destroyed(x), isDestroyed ? 1 : 0, JSON.stringify(more));
    assert.equal((await x.entries())[0]?.why, why, JSON.stringify(more));
  }
  // All that is open is secure, but a blob says whose it is, or is nobody's.
  const y = started();
  await y.secure();
  await y.dlcheck.onCreated(item({ url: 'blob:null/1', referrer: '' }));
  assert.equal(destroyed(y), 1);
  // The viewer's is of a page that is open.
  await y.dlcheck.onCreated(item({ id: 8, url: 'blob:resource://pdf.js/1', filename: '/x/a.pdf', referrer: '' }));
  assert.equal((await y.entries()).length, 1);
  y.watch.documents.response({ tabId: 2, frameId: 0, url: 'http://insecure.test/', state: 'insecure' });
  y.watch.documents.commit({ tabId: 2, frameId: 0, parentFrameId: -1, url: 'http://insecure.test/' });
  await y.dlcheck.onCreated(item({ id: 9, url: 'blob:resource://pdf.js/2', filename: '/x/b.pdf', referrer: '' }));
  assert.deepEqual((await y.entries()).map((e) => e.phase), ['noticed', 'prevented']);
  // A link on a secure page, saved, whose request nobody saw: what the browser tells may be the end of a chain, so there is no first address.
  const x = started();
  await x.secure();
  await x.dlcheck.onCreated(item({ referrer: 'https://link.test/' }));
  await settle();
  assert.equal(destroyed(x), 1);
  assert.deepEqual(x.port.last('download.fetch').chain, []);
});

test('standard: a saved link keeps its chain; a prefetch is no download', async () => {
  const x = started();
  await x.secure();
  x.begin('http://a.test/get', { type: 'other', originUrl: 'https://link.test/' });
  await x.respond('http://a.test/get', '', { type: 'other', statusCode: 302 });
  x.begin('http://b.test/setup.exe', { type: 'other', originUrl: 'https://link.test/' });
  assert.equal((await x.respond('http://b.test/setup.exe', 'application/octet-stream', { type: 'other' })).cancel, undefined);
  assert.deepEqual(await x.entries(), []);
  await x.dlcheck.onCreated({ id: 7, url: 'http://b.test/setup.exe', filename: '/x/setup.exe', mime: '', incognito: true, state: 'in_progress', referrer: '' });
  await settle();
  assert.deepEqual([x.port.last('download.fetch').chain, x.port.last('download.fetch').link_secure], [['http://a.test/get', 'http://b.test/setup.exe'], true]);
});

test('standard: one that is completed while we ask what it is called is looked at all the same', async () => {
  const x = started({ byContent: { '/x/photo.png': 'executable' } });
  x.web.items = new Map([[7, { id: 7, url: 'blob:http://a.test/1', filename: '/x/photo.png', incognito: true, state: 'complete' }]]);
  await x.dlcheck.onCreated({ id: 7, url: 'blob:http://a.test/1', filename: '/x/photo.png', mime: 'image/png', incognito: true, state: 'in_progress', referrer: '' });
  await settle();
  assert.ok(x.web.did.some(([what, id]) => what === 'destroy' && id === 7));
  assert.equal((await x.entries())[0].why, 'content');
});

test('standard: a saved encrypted link that turns out to lead to an unencrypted file is stopped as soon as that is seen, or when it is complete', async () => {
  for (const isSeenFirst of [true, false]) {
    const x = started();
    await x.secure();
    const item = { id: 7, url: 'https://a.test/get', filename: '/x/setup.exe', mime: '', incognito: true, state: 'in_progress', referrer: 'https://link.test/' };
    x.web.items = new Map([[7, item]]);
    if (isSeenFirst) await x.dlcheck.onCreated(item);
    x.begin('https://a.test/get', { type: 'other', originUrl: 'https://link.test/' });
    x.web.infos.set('r', { state: 'secure', certificates: [{ fingerprint: { sha256: hex('a') } }] });
    await x.guard.onHeadersReceived(request({ url: 'https://a.test/get', type: 'other', statusCode: 302, proxyInfo: SOCKS, responseHeaders: [] }));
    x.begin('http://b.test/setup.exe', { type: 'other', originUrl: 'https://link.test/' });
    await x.respond('http://b.test/setup.exe', 'application/octet-stream', { type: 'other' });
    if (!isSeenFirst) await x.dlcheck.onChanged({ id: 7, state: { current: 'complete' } });
    await settle();
    assert.ok(x.web.did.some(([what, id]) => what === 'destroy' && id === 7), String(isSeenFirst));
    assert.deepEqual(x.port.last('download.fetch').chain, ['https://a.test/get', 'http://b.test/setup.exe']);
  }
});

test('standard: a download attribute that makes a program of what was let through takes it back', async () => {
  for (const [type, url] of [['application/pdf', 'http://a.test/a.pdf'], ['text/plain', 'http://a.test/words'], ['text/html', 'http://a.test/page']]) {
    const x = started();
    x.begin(url, { originUrl: 'http://insecure.test/' });
    assert.equal((await x.respond(url, type)).cancel, undefined);
    await x.dlcheck.onCreated({ id: 7, url, filename: '/x/tool.exe', mime: type, incognito: true, state: 'in_progress', referrer: 'http://insecure.test/' });
    await settle();
    assert.ok(x.web.did.some(([what, id]) => what === 'destroy' && id === 7), type);
    assert.deepEqual((await x.entries()).map((e) => [e.phase, e.name, e.why]), [['prevented', 'tool.exe', 'link']], type);
  }
});

test('what the host can’t classify is prevented where a program would be, and says why; text is shown as text', async () => {
  const x = extension({ answer: (message, port) => { if (message.kind !== 'classify') friendly(message, port); } });
  await x.watch.ready;
  const respond = async (url, type) => {
    x.dlcheck.onBegin(request({ url, originUrl: 'http://insecure.test/' }));
    const waiting = x.guard.onPlainHeaders(request({ url, statusCode: 200, proxyInfo: SOCKS, responseHeaders: [{ name: 'Content-Type', value: type }] }));
    for (let i = 0; i < 4; i++) await x.clock.pass(10000);
    return waiting;
  };
  assert.deepEqual(await respond('http://a.test/a.pdf', 'application/pdf'), { cancel: true });
  let view = null;
  x.dllist.read((v) => { view = v; })();
  await settle();
  assert.deepEqual([view.entries[0].phase, view.entries[0].why, Boolean(view.entries[0].problem?.code)], ['prevented', 'unclassified', true]);
  const shown = await respond('http://a.test/a.txt', 'text/plain');
  assert.equal(shown.responseHeaders.find((h) => h.name === 'X-Content-Type-Options').value, 'nosniff');
});

test('standard: let through by its name, a program by its content: removed when it is complete', async () => {
  const x = started({ byContent: { '/x/a.pdf': 'executable' } });
  x.begin('http://a.test/a.pdf', { originUrl: 'http://insecure.test/' });
  await x.respond('http://a.test/a.pdf', 'application/pdf');
  x.web.items = new Map([[7, { id: 7, url: 'http://a.test/a.pdf', filename: '/x/a.pdf', incognito: true }]]);
  await x.dlcheck.onCreated({ id: 7, url: 'http://a.test/a.pdf', filename: '/x/a.pdf', state: 'in_progress' });
  await x.dlcheck.onChanged({ id: 7, state: { current: 'complete' } });
  await settle();
  assert.ok(x.web.did.some(([what, id]) => what === 'destroy' && id === 7));
  assert.deepEqual((await x.entries()).map((e) => [e.phase, e.why]), [['prevented', 'content']], 'and what was said before is said no more');
});

const held = (more) => ({ id: 1, url: 'http://a.test/setup.exe', redirects: [], referrer: 'https://link.test/', path: '/x/setup.exe', partPath: '/x/setup.exe.part', hasPart: true, size: 5, contentType: 'application/octet-stream',
  private: 1, hasException: false, isFirstKnown: true, ...more });

test('privileged: held until a match; a mismatch is refused and told; undecided stays held', async () => {
  for (const [more, end] of [[{}, [[1, true]]], [{ verdict: 'mismatch', reason: 'other_file' }, [[1, false]]], [{ verdict: 'undecided', reason: 'gone' }, []]]) {
    const x = started({ isExact: true });
    await x.secure();
    x.begin('http://a.test/setup.exe');
    assert.equal((await x.respond('http://a.test/setup.exe', 'application/octet-stream')).cancel, undefined);
    x.dlcheck.onHeld(held());
    await settle();
    const asked = x.port.last('download.verify');
    assert.deepEqual([asked.path, asked.size, asked.chain], ['/x/setup.exe.part', 5, ['http://a.test/setup.exe']]);
    x.port.say(verdict(asked, more));
    await settle();
    assert.deepEqual(x.settled, end);
    assert.equal(x.web.did.some(([what]) => what === 'notify'), more.verdict === 'mismatch');
  }
});

const growing = (more) => held({ size: null, ...more });

/** One that is compared while it grows. */
async function grown(more) {
  const x = started({ isExact: true });
  await x.secure();
  x.begin('http://a.test/setup.exe');
  await x.respond('http://a.test/setup.exe', 'application/octet-stream');
  x.dlcheck.onGrowing(growing(more));
  await settle();
  return x;
}
const kinds = (x) => x.port.sent.map((m) => m.kind).filter((kind) => /^(download|cancel)/.test(kind));

test('privileged: compared while it grows; its last byte is told, and nothing but a match lets it go', async () => {
  for (const [more, end] of [[{}, [[1, true]]], [{ verdict: 'mismatch', reason: 'other_file' }, [[1, false]]], [{ verdict: 'undecided', reason: 'gone' }, []]]) {
    const x = await grown();
    const asked = x.port.last('download.verify');
    assert.deepEqual([asked.path, asked.size, asked.chain, x.settled], ['/x/setup.exe.part', null, ['http://a.test/setup.exe'], []]);
    x.dlcheck.onHeld(held());
    await settle();
    assert.deepEqual(kinds(x), ['download.verify', 'download.local']);
    const { target, size } = x.port.last('download.local');
    assert.deepEqual([target, size], [asked.id, 5]);
    x.port.say({ id: x.port.last('download.local').id, kind: 'ok' });
    x.port.say(verdict(asked, more));
    await settle();
    assert.deepEqual(x.settled, end);
    assert.equal((await x.entries()).length, 1);
  }
});

test('privileged: undecided while it grew: asked anew once it is held, where that can help; else it stays as it is', async () => {
  for (const [isUseful, asked] of [[true, ['download.verify', 'download.verify']], [false, ['download.verify']]]) {
    const x = await grown();
    x.port.say(verdict(x.port.last('download.verify'), { verdict: 'undecided', reason: isUseful ? 'gone' : 'post_request', retry_useful: isUseful }));
    await settle();
    assert.deepEqual([(await x.entries())[0].phase, x.settled], ['done', []]);
    x.dlcheck.onHeld(held());
    await settle();
    const [entry] = await x.entries();
    assert.deepEqual([entry.phase, entry.verdict, x.settled, kinds(x)], [isUseful ? 'checking' : 'done', 'undecided', [], asked]);
    if (isUseful) assert.equal(x.port.last('download.verify').size, 5);
  }
});

test('privileged: what was compared while it grew was another question or another file: asked anew', async () => {
  for (const more of [{ partPath: '/x/other.part' }, { redirects: ['http://a.test/get'] }, { isFirstKnown: false }]) {
    const x = await grown();
    const early = x.port.last('download.verify');
    x.dlcheck.onHeld(held(more));
    await settle();
    assert.deepEqual(kinds(x), ['download.verify', 'cancel', 'download.verify'], JSON.stringify(more));
    const asked = x.port.last('download.verify');
    assert.deepEqual([x.port.last('cancel').target, asked.size, asked.path], [early.id, 5, more.partPath ?? '/x/setup.exe.part']);
    // The answer to the first one is not the answer to this one.
    x.port.say(verdict(early));
    await settle();
    assert.deepEqual(x.settled, []);
    x.port.say(verdict(asked));
    await settle();
    assert.deepEqual(x.settled, [[1, true]]);
  }
});

test('privileged: it grew, and its content is a program where programs are prevented', async () => {
  const x = started({ isExact: true, byContent: { '/x/a.pdf.part': 'executable' } });
  await x.secure();
  await x.settings.setDownloads({ executable_secure: 'prevent' });
  x.begin('http://a.test/a.pdf');
  await x.respond('http://a.test/a.pdf', 'application/pdf', { responseHeaders: [{ name: 'Content-Type', value: 'application/pdf' }, { name: 'Content-Disposition', value: 'attachment' }] });
  const file = { url: 'http://a.test/a.pdf', path: '/x/a.pdf', partPath: '/x/a.pdf.part', contentType: 'application/pdf' };
  x.dlcheck.onGrowing(growing(file));
  await settle();
  assert.deepEqual(kinds(x), ['download.verify']);
  x.dlcheck.onHeld(held(file));
  await settle();
  assert.deepEqual([kinds(x), x.settled, (await x.entries()).map((e) => e.phase)], [['download.verify', 'cancel'], [[1, false]], ['prevented']]);
});

test('privileged: it is cancelled, or fails, while it grows: nothing is left of it; our page can cancel it', async () => {
  const x = await grown();
  x.dlcheck.onReleased(1);
  await settle();
  assert.deepEqual([await x.entries(), kinds(x)], [[], ['download.verify', 'cancel']]);
  const y = await grown();
  const [entry] = await y.entries();
  await y.dllist.act({ kind: 'cancel', id: entry.id });
  assert.deepEqual([y.settled, (await y.entries())[0].why], [[[1, false]], 'cancelled']);
});

test('privileged: the host dies while it grows, or when its last byte is told: asked anew once it is held', async () => {
  const x = await grown();
  x.port.die('');
  await settle();
  for (let i = 0; i < 4; i++) await x.clock.pass(10000);
  x.dlcheck.onHeld(held());
  await settle();
  assert.equal(x.port.last('download.verify').size, 5);
  const y = await grown();
  y.dlcheck.onHeld(held());
  await settle();
  y.port.say({ id: y.port.last('download.local').id, kind: 'error', error: { code: 1001, class: 'request', text: 'no' } });
  await settle();
  assert.deepEqual([kinds(y), y.port.last('download.verify').size, y.settled], [['download.verify', 'download.local', 'cancel', 'download.verify'], 5, []]);
});

test('privileged: it is held, or cancelled, while it is still found out whether it is compared early: one entry, or none', async () => {
  for (const isHeld of [true, false]) {
    const x = started({ isExact: true });
    await x.secure();
    x.begin('http://a.test/setup.exe');
    await x.respond('http://a.test/setup.exe', 'application/octet-stream');
    x.dlcheck.onGrowing(growing());
    if (isHeld) x.dlcheck.onHeld(held());
    else x.dlcheck.onReleased(1);
    await settle();
    assert.deepEqual([(await x.entries()).length, kinds(x).filter((kind) => kind === 'download.verify').length], isHeld ? [1, 1] : [0, kinds(x).length && 1]);
  }
});

test('privileged: what is found out late of one that grew changes nothing of the one that is held', async () => {
  let late = null, isSlow = false;
  const x = started({ isExact: true, answer: (message, port) => {
    if (isSlow && message.kind === 'classify' && !late) late = () => classifying()(message, port);
    else classifying()(message, port);
  } });
  await x.secure();
  x.begin('http://a.test/setup.exe');
  await x.respond('http://a.test/setup.exe', 'application/octet-stream');
  isSlow = true;
  x.dlcheck.onGrowing(growing());
  await settle();
  x.dlcheck.onHeld(held());
  await settle();
  late();
  await settle();
  assert.deepEqual([(await x.entries()).length, kinds(x).filter((kind) => kind === 'download.verify').length], [1, 1]);
  assert.equal((x.port.last('download.local') ?? x.port.last('download.verify')).size, 5);
  x.port.say(verdict(x.port.last('download.verify')));
  await settle();
  assert.deepEqual(x.settled, [[1, true]]);
});

test('privileged: beyond the limit it waits for its click when it is held, too, whatever led to it', async () => {
  const x = await grown();
  for (let id = 2; id <= 10; id++) await x.dlcheck.onHeld(held({ id, partPath: `/x/${id}.part` }));
  x.dlcheck.onGrowing(growing({ id: 11 }));
  await settle();
  const asked = kinds(x).length;
  x.dlcheck.onHeld(held({ id: 11, redirects: ['http://a.test/get'] }));
  await settle();
  const [entry] = await x.entries();
  assert.deepEqual([entry.phase, entry.why, kinds(x).length], ['waiting', 'click', asked]);
  x.dllist.act({ kind: 'start', id: entry.id });
  await settle();
  assert.deepEqual(x.port.last('download.verify').chain, ['http://a.test/get', 'http://a.test/setup.exe']);
});

test('privileged: nothing begins early whose start is not known, that is no program by its name, or that is beyond the third', async () => {
  for (const more of [{ url: 'http://b.test/setup.exe' }, { url: 'https://a.test/setup.exe' }, { path: '/x/a.txt', partPath: '/x/a.txt.part' }, { isFirstKnown: false }]) {
    const x = await grown({ ...more });
    assert.deepEqual([kinds(x), x.settled, await x.entries()], [[], [], []], JSON.stringify(more));
  }
  const x = await grown();
  for (const id of [2, 3, 4]) await x.dlcheck.onGrowing(growing({ id }));
  await settle();
  assert.equal(kinds(x).length, 3);
});

test('privileged: the host dies, garbage, no host: held; the user’s cancel refuses it', async () => {
  const x = started({ isExact: true });
  await x.secure();
  x.dlcheck.onHeld(held());
  await settle();
  x.port.die('');
  await settle();
  const [entry] = await x.entries();
  assert.deepEqual([entry.phase, entry.verdict, x.settled], ['done', 'undecided', []]);
  await x.dllist.act({ kind: 'cancel', id: entry.id });
  assert.deepEqual(x.settled, [[1, false]]);
});

test('privileged: encrypted from end to end is let go at once; an exception, a plain redirect, a page’s own data are not', async () => {
  for (const [more, end] of [
    [{ url: 'https://a.test/setup.exe' }, [[1, true]]],
    [{ url: 'https://a.test/setup.exe', hasException: true }, []],
    [{ url: 'https://a.test/setup.exe', redirects: ['http://a.test/'] }, []],
    [{ url: 'blob:http://a.test/1', referrer: '' }, [[1, false]]],
    [{ url: 'blob:https://link.test/1', referrer: '' }, [[1, true]]],
    [{ url: 'data:,MZ', referrer: 'http://insecure.test/' }, [[1, false]]],
    [{ hasPart: false }, [[1, false]]],
    [{ hasPart: false, path: '/x/a.txt', partPath: '/x/a.txt' }, [[1, true]]],
    [{ url: 'http://a.test/setup.exe', referrer: 'http://insecure.test/' }, [[1, false]]],
  ]) {
    const x = started({ isExact: true });
    await x.secure();
    await x.dlcheck.onHeld(held(more));
    await settle();
    assert.deepEqual(x.settled, end, JSON.stringify(more));
  }
});

test('privileged: its first address is that of the chain, never the last one alone', async () => {
  const x = started({ isExact: true });
  await x.secure();
  x.begin('http://a.test/get');
  await x.respond('http://a.test/get', '', { statusCode: 302 });
  x.begin('http://evil.test/setup.exe');
  await x.respond('http://evil.test/setup.exe', 'application/octet-stream');
  x.dlcheck.onHeld(held({ url: 'http://evil.test/setup.exe' }));
  await settle();
  assert.deepEqual(x.port.last('download.verify').chain, ['http://a.test/get', 'http://evil.test/setup.exe']);
});

test('privileged: asked for again, it begins where it began; where that is not known, nothing can be compared', async () => {
  for (const [more, chain] of [
    [{ redirects: ['http://a.test/get'] }, ['http://a.test/get', 'http://evil.test/setup.exe']],
    [{ redirects: [], isFirstKnown: false }, []],
  ]) {
    const x = started({ isExact: true });
    await x.secure();
    // "Try again" asks for the last URL alone.
    x.begin('http://evil.test/setup.exe', { type: 'other' });
    await x.respond('http://evil.test/setup.exe', 'application/octet-stream', { type: 'other' });
    x.dlcheck.onHeld(held({ url: 'http://evil.test/setup.exe', ...more }));
    await settle();
    assert.deepEqual(x.port.last('download.verify').chain, chain);
  }
});

test('privileged: a saved encrypted link that led to an unencrypted file is known by its own address, by a background page that came later too', async () => {
  const x = started({ isExact: true });
  await x.secure();
  const see = (type) => ({ requestId: 'r', type });
  x.begin('https://a.test/get', see('other'));
  x.web.infos.set('r', { state: 'secure', certificates: [{ fingerprint: { sha256: hex('a') } }] });
  await x.guard.onHeadersReceived(request({ url: 'https://a.test/get', type: 'other', statusCode: 302, proxyInfo: SOCKS, responseHeaders: [] }));
  x.begin('http://b.test/setup.exe', see('other'));
  await x.respond('http://b.test/setup.exe', 'application/octet-stream', see('other'));
  const file = held({ url: 'https://a.test/get' });
  await x.dlcheck.onHeld(file);
  await settle();
  assert.deepEqual([x.settled, x.port.last('download.verify').chain], [[], ['https://a.test/get', 'http://b.test/setup.exe']]);
  const settled = [];
  const y = extension({ api: exactApi(), downloads: { held: async () => [held({ id: 2, url: 'https://a.test/get' })], settle: async (...a) => settled.push(a), refuseAll: async () => {}, onHeld: { addListener() {} }, onReleased: { addListener() {} } },
    storage: x.store.values, answer: classifying() });
  await y.dlcheck.onHeldAtStart();
  await settle();
  assert.deepEqual([settled, y.port.last('download.verify')?.chain], [[], ['https://a.test/get', 'http://b.test/setup.exe']]);
});

test('after a mismatch nothing is kept without a click on that very file', async () => {
  for (const isExact of [false, true]) {
    const x = started({ isExact });
    await x.secure();
    x.begin('http://a.test/setup.exe');
    await x.respond('http://a.test/setup.exe', 'application/octet-stream');
    if (isExact) x.dlcheck.onHeld(held());
    await settle();
    x.port.say(verdict(x.port.last(isExact ? 'download.verify' : 'download.fetch'), { verdict: 'mismatch', reason: 'other_file', state: 'none', path: null, can_keep: true }));
    await settle();
    assert.equal(x.port.last('download.keep'), undefined);
    const [entry] = await x.entries();
    assert.equal(entry.can.keep, true);
    x.dllist.act({ kind: 'keep', id: entry.id });
    await settle();
    assert.equal(x.port.last('download.keep').download, 3);
  }
});

test('standard: programs are prevented, documents verified: the host is told, and what it finds by content is not finished', async () => {
  for (const [options, expected] of [[{ executable_secure: 'prevent' }, true], [{}, undefined]]) {
    const x = started();
    await x.settings.setDownloads(options);
    await x.secure();
    x.begin('http://a.test/a.pdf');
    await x.respond('http://a.test/a.pdf', 'application/pdf');
    const asked = x.port.last('download.fetch');
    assert.equal(asked.no_programs, expected);
    if (!expected) continue;
    x.port.say(verdict(asked, { verdict: 'undecided', reason: 'is_program', class: 'executable', state: 'none', path: null, download: null }));
    await settle();
    const [entry] = await x.entries();
    assert.deepEqual([entry.phase, entry.why, Object.entries(entry.can).filter(([, is]) => is).map(([name]) => name)], ['prevented', 'content', ['remove']]);
  }
});

test('beyond the limit a download waits for a click', async () => {
  const x = started();
  await x.secure();
  for (let i = 0; i <= AUTO_DOWNLOADS_MAX; i++) {
    x.begin(`http://a.test/${i}.exe`, { requestId: `r${i}` });
    await x.respond(`http://a.test/${i}.exe`, 'application/octet-stream', { requestId: `r${i}` });
  }
  const fetches = () => x.port.sent.filter((m) => m.kind === 'download.fetch');
  assert.equal(fetches().length, AUTO_DOWNLOADS_MAX);
  const [last] = await x.entries();
  assert.deepEqual([last.phase, last.why], ['waiting', 'click']);
  x.dllist.act({ kind: 'start', id: last.id });
  await settle();
  assert.equal(fetches().at(-1).clicked, true);
});

test('New Identity forgets everything and refuses what is held', async () => {
  const x = started({ isExact: true });
  await x.secure();
  x.dlcheck.onHeld(held());
  await settle();
  x.host.onEvent = () => {};
  await x.dlcheck.wipe();
  assert.deepEqual(x.settled, [['all']]);
  assert.deepEqual(await x.entries(), []);
});

test('a background page that was away: what it asked is offered again, what is held is found', async () => {
  const x = started({ isExact: true });
  await x.secure();
  x.dlcheck.onHeld(held());
  await settle();
  const y = extension({ api: exactApi(), downloads: { held: async () => [held()], settle: async () => true, refuseAll: async () => {}, onHeld: { addListener() {} }, onReleased: { addListener() {} } },
    storage: x.store.values, answer: classifying() });
  await y.dlcheck.onHeldAtStart();
  await settle();
  assert.equal(y.port.last('download.verify').path, '/x/setup.exe.part');
});

test('what the browser asks again after a failed upgrade still has the link it had, secure or not', async () => {
  for (const [originUrl, isSecure] of [['https://link.test/', true], ['http://insecure.test/', false]]) {
    const x = started();
    await x.secure();
    x.begin('http://a.test/setup.exe', { requestId: 'u', originUrl });
    x.begin('https://a.test/setup.exe', { requestId: 'u', originUrl });
    x.dlcheck.onEnded({ requestId: 'u', tabId: 1, type: 'main_frame', error: 'SSL' });
    // The browser's own page of the failure: nobody asked, as if it had been typed.
    x.begin('http://a.test/setup.exe', { requestId: 'r', originUrl: undefined });
    assert.deepEqual(await x.respond('http://a.test/setup.exe', 'application/octet-stream'), { cancel: true });
    assert.equal((await x.entries())[0].isLinkSecure, isSecure);
    assert.equal(Boolean(x.port.last('download.fetch')), isSecure);
  }
  // Another page stood there meanwhile: a typed address is a typed address.
  const x = started();
  x.begin('http://a.test/setup.exe', { requestId: 'u', originUrl: 'http://insecure.test/' });
  x.begin('https://a.test/setup.exe', { requestId: 'u', originUrl: 'http://insecure.test/' });
  x.dlcheck.onEnded({ requestId: 'u', tabId: 1, type: 'main_frame', error: 'SSL' });
  x.dlcheck.onCommitted({ tabId: 1, frameId: 0, url: 'https://other.test/' });
  x.begin('http://a.test/setup.exe', { requestId: 'r', originUrl: undefined });
  await x.respond('http://a.test/setup.exe', 'application/octet-stream');
  assert.equal((await x.entries())[0].isLinkSecure, true);
});
