// Copied addresses, from native messaging to the exits of a real tor: clip.check, the scan verb, and comparing over other
// exits, one of which rewrites addresses on the way.

import test, { before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { HostBed, SECONDEXIT, K } from '../net/hostbed.mjs';
import { frame } from '../net/native.mjs';
import { until, sleep } from '../net/proc.mjs';

const HTTP = 18080;
const GOOD = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', OTHER = '1BoatSLRHtKNngkdXEeobR76b53LETtpyT', EVIL = '12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX';
const ETHER = '0x52908400098527886E0F7030069857D2E4169EE7', ETHER2 = '0x8617E340B3D01FA5F11F306F4090FD50E238070D';
const HEADERS = { user_agent: 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0', accept: 'text/html,*/*;q=0.8', accept_language: 'en-US,en;q=0.5' };

let bed;
before(async () => { bed = await HostBed.start(); }, { timeout: 600000 });
after(() => bed?.stop());

const show = (r) => JSON.stringify({ ...r, first: r.first?.map((x) => x.nickname), others: r.others?.map((a) => [a.slot, a.exit?.nickname, a.status, a.found, a.address, a.family_equal, a.error?.name, a.http_status, a.url].join(' ')) });
const verdict = (r) => [r.verdict, r.reason];
const check = async (host, ...texts) => (await host.request({ kind: 'clip.check', flavours: texts.map((text) => (typeof text === 'string' ? { type: 'text/plain', text } : text)) })).final;

// A page over http whose body depends on who came: (role, exit) → html or [type, body, headers]. Role 0 is the first exit.
function page(word, pages) {
  const name = bed.name(word), roles = new Map();
  const roleOf = (req) => {
    const { fingerprint } = req.socket.record;
    if (!roles.has(fingerprint)) roles.set(fingerprint, roles.size);
    return roles.get(fingerprint);
  };
  bed.origin.site(name, { first: 'self-signed', others: 'self-signed', pages: Object.fromEntries(Object.entries(pages).map(([path, make]) => [path, (_s, _who, req) => {
    const made = make(roleOf(req), req);
    return Array.isArray(made) ? made : ['text/html; charset=utf-8', made];
  }])) });
  return name;
}

// The browser fetches a page, so that it has a first exit.
async function visit(name, path = '/donate', { port = HTTP, firstParty = name } = {}) {
  const socket = await bed.browser.open(name, port, firstParty);
  socket.on('error', () => {});
  socket.resume();
  const done = new Promise((resolve) => { socket.once('end', resolve); socket.once('close', resolve); });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${name}:${port}\r\nConnection: close\r\n\r\n`);
  await done;
  socket.destroy();
}

const ask = (host, name, more = {}, options = {}) => host.request({ kind: 'clip.compare', first_party: name, private: 1, container: 0, host: name, port: HTTP, proxy: 'socks',
  url: `http://${name}:${HTTP}/donate`, address: EVIL, ticker: 'BTC', before: 'Give: ', after: ' now', path: 'html>body>p', family: [], headers: HEADERS, clicked: true, ...more }, options);
const html = (body) => `<!doctype html><html><head><title>t</title></head><body>${body}</body></html>`;

describe('clip.check', () => {
  let host;
  before(async () => { host = await bed.host(); });
  after(() => host?.close());

  test('addresses are found in every flavour', async () => {
    const r = await check(host, `to ${GOOD}!`, 'nothing', { type: 'text/html', text: `<p>1A1zP1eP<b>5QGefi2DM</b>PTfTL5SLmv7DivfNa` });
    assert.equal(r.kind, 'clip.result');
    assert.ok(r.found && !r.more);
    assert.deepEqual(r.hits.map((h) => [h.flavour, h.ticker, h.address, h.offset, h.length]), [[0, 'BTC', GOOD, 3, 34], [2, 'BTC', GOOD, 3, 41]]);
    assert.equal((await check(host, 'nothing at all', '')).found, false);
    const many = await check(host, `${GOOD} `.repeat(300));
    assert.ok(many.more && many.hits.length === 256);
  });

  test('too much, and what is no JSON, leave the host as it was', async () => {
    assert.equal((await check(host, 'x'.repeat(8 * 1024 * 1024))).found, false);
    assert.equal((await check(host, 'x'.repeat(8 * 1024 * 1024), 'y')).code, 1004);
    assert.equal((await check(host, 'é'.repeat(4 * 1024 * 1024 + 1))).code, 1004);
    for (const text of ['"a\\u0000"', '"\\ud800"', '"a\u0001"', `"${'x'.repeat(20000)}\\ud800"`, `"${'x'.repeat(20000)}\\u0000"`]) {
      const before = host.messages.length;
      host.raw(frame(Buffer.from(`{"id":900,"kind":"clip.check","flavours":[{"type":"t","text":${text}}]}`)));
      await until(() => host.messages.slice(before).some((m) => m.id === null && m.code === 1102), { limit: 20000, what: 'a refusal' });
    }
    const before = host.messages.length;
    host.raw(frame(Buffer.alloc(17 * 1024 * 1024, 0x20)));
    await until(() => host.messages.slice(before).some((m) => m.id === null && m.code === 1101), { limit: 20000, what: 'a refusal' });
    assert.ok((await check(host, GOOD)).found);
    // Memory goes back: what is dirty stays below 8 MiB in all.
    await until(() => host.memory().reduce((sum, { kib }) => sum + kib, 0) < 8 * 1024, { limit: 20000, what: `less memory than ${JSON.stringify(host.memory())}` });
  });

  test('many at once; the role killed in the middle', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => `${'word '.repeat(20000)}${i % 2 ? GOOD : ''}`);
    const all = await Promise.all(texts.map((t) => check(host, t)));
    assert.deepEqual(all.map((r) => r.found), texts.map((_, i) => i % 2 === 1));
    const parse = host.memory().find(({ name }) => name.startsWith('secondexit-par'));
    const waiting = Array.from({ length: 5 }, () => check(host, 'x '.repeat(2 << 20)));
    process.kill(parse.pid, 'SIGKILL');
    for (const r of await Promise.all(waiting)) assert.ok(r.kind === 'clip.result' || [1010, 1004].includes(r.code), JSON.stringify(r));
    await until(async () => (await check(host, GOOD)).found, { limit: 20000, what: 'a role that works again' });
  });

  // How long it takes is printed here and measured by `make bench-copy`: a busy machine's clock is no test.
  test('1 MiB of prose', async () => {
    const text = 'It was the best of times, it was "the worst" of times.\n'.repeat(20000).slice(0, 1 << 20);
    const times = [];
    for (let i = 0; i < 7; i++) {
      const start = process.hrtime.bigint();
      assert.equal((await check(host, text)).found, false);
      times.push(Number(process.hrtime.bigint() - start) / 1e6);
    }
    times.sort((a, b) => a - b);
    console.log(`clip.check of 1 MiB: ${times.map((t) => t.toFixed(1)).join(' ')} ms`);
  });

  test('cancel and wipe', async () => {
    const waiting = host.request({ kind: 'clip.check', flavours: [{ type: 't', text: 'x '.repeat(2 << 20) }] });
    await host.request({ kind: 'cancel', target: waiting.id });
    const { final } = await waiting;
    assert.ok(final.code === 1006 || final.kind === 'clip.result');
    assert.equal((await host.request({ kind: 'session.wipe' })).final.kind, 'ok');
    assert.ok((await check(host, GOOD)).found);
  });
});

describe('secondexit scan', () => {
  const scan = (input, ...args) => spawnSync(SECONDEXIT, ['scan', ...args], { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  test('text and JSON', () => {
    const none = scan('nothing here');
    assert.deepEqual([none.status, none.stdout], [0, '']);
    const one = scan(`é ${GOOD}`, '--json');
    assert.equal(one.status, 1);
    const [line, ...rest] = one.stdout.trim().split('\n').map((l) => JSON.parse(l));
    assert.deepEqual(rest, []);
    assert.deepEqual([line.family, line.ticker, line.network, line.address, line.offset, line.length, line.normalised], ['Bitcoin', 'BTC', 'main', GOOD, 3, 34, false]);
    assert.match(scan(GOOD).stdout, /^0\+34 {2}1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa {2}Bitcoin \(BTC/);
    const many = scan(`${GOOD}\n`.repeat(1000), '--json');
    assert.deepEqual(many.stdout.trim().split('\n').map((l) => JSON.parse(l).offset), Array.from({ length: 1000 }, (_, i) => 35 * i));
  });
  test('wrong usage and too much', () => {
    assert.equal(scan('', '/nonexistent/file').status, 2);
    assert.equal(scan('', '--nonsense').status, 2);
    assert.equal(scan('', 'a', 'b').status, 2);
    const big = scan('x'.repeat(8 * 1024 * 1024 + 1));
    assert.equal(big.status, 3);
    assert.match(big.stderr, /8 MiB \(error 1004\)/);
    assert.equal(JSON.parse(scan('x'.repeat(8 * 1024 * 1024 + 1), '--json').stdout).error.code, 1004);
  });
});

describe('clip.compare', () => {
  let host;
  before(async () => { host = await bed.host(); });
  after(async () => {
    assert.deepEqual(await bed.mappings(), [], 'mappings left behind');
    assert.equal(await host.close(), 0);
  });
  const compare = async (name, more) => (await ask(host, name, more)).final;

  test('an exit that rewrites: mismatch, with what the others show; it stays', async () => {
    const name = page('rewrites', { '/donate': (role) => html(`<p>Give: ${role === 0 ? EVIL : GOOD} now</p>`) });
    await visit(name);
    const { final: r, progress } = await ask(host, name);
    assert.deepEqual(verdict(r), ['mismatch', 'others_agree'], show(r));
    assert.deepEqual([r.k, r.answered, r.error, r.address, r.host], [K, K, null, EVIL, name]);
    const came = bed.origin.connections(name);
    assert.deepEqual(r.first.map((x) => x.fingerprint), [came[0].fingerprint]);
    for (const a of r.others) {
      assert.deepEqual([a.status, a.found, a.address, a.http_status, a.url], ['page', 'other', GOOD, 200, `http://${name}:${HTTP}/donate`]);
    }
    assert.equal(new Set([...r.first, ...r.others.map((a) => a.exit)].map((x) => bed.kin(x.fingerprint))).size, K + 1, show(r));
    assert.deepEqual(came.slice(1).map((c) => c.fingerprint).sort(), r.others.map((a) => a.exit.fingerprint).sort());
    // What they were asked: as the browser would, without a cookie.
    for (const c of came.slice(1)) {
      assert.equal(c.requests.length, 1);
      const [{ method, url, headers }] = c.requests;
      assert.deepEqual([method, url, headers['user-agent'], headers['accept-language']], ['GET', '/donate', HEADERS.user_agent, HEADERS.accept_language]);
      assert.ok(!headers.cookie && !headers.referer && !headers.authorization);
    }
    for (const slot of [1, 2, 3]) assert.deepEqual([...new Set(progress.filter((p) => p.slot === slot).map((p) => p.step))].at(-1), 'done');
    assert.ok(progress.some((p) => p.step === 'fetching'));
    const again = await compare(name);
    assert.deepEqual(verdict(again), ['mismatch', 'remembered_mismatch']);
    assert.equal(bed.origin.connections(name).length, came.length, 'nobody was asked again');
    await host.request({ kind: 'session.wipe' });
    assert.deepEqual(verdict(await compare(name)), ['mismatch', 'others_agree']);
  });

  test('an honest page: match; asked again, through the same exits', async () => {
    const name = page('honest', { '/donate': () => html(`<p>Give: ${GOOD} now</p>`) });
    await visit(name);
    const r = await compare(name, { address: GOOD });
    assert.deepEqual(verdict(r), ['match', 'same_address'], show(r));
    const again = await compare(name, { address: GOOD });
    assert.deepEqual(again.others.map((a) => a.exit.fingerprint).sort(), r.others.map((a) => a.exit.fingerprint).sort());
  });

  test('every address of the page rewritten: the surroundings differ in addresses alone', async () => {
    const name = page('all', { '/donate': (role) => html(`<p>BTC <code>${role === 0 ? EVIL : GOOD}</code> ETH <code>${role === 0 ? ETHER2 : ETHER}</code></p>`) });
    await visit(name);
    const r = await compare(name, { path: 'html>body>p>code', before: 'BTC ', after: ` ETH ${ETHER2}`.replace(' ETH', ' ETH') });
    assert.deepEqual(verdict(r), ['mismatch', 'others_agree'], show(r));
  });

  test('an attacker\'s comment on the honest page', async () => {
    // The address in the donation's place is the one that stands, for all, in a comment.
    const comment = `<div><q>I give to ${EVIL} too</q></div>`;
    const name = page('comment', { '/donate': (role) => html(`<p>Give: ${role === 0 ? EVIL : GOOD} now</p>${comment}`) });
    await visit(name);
    const r = await compare(name, { after: ` now I give to ${EVIL} too` });
    assert.deepEqual(verdict(r), ['mismatch', 'others_agree'], show(r));
    // The donation taken away, so that only the comment is left: the rest of the family differs.
    const bare = page('bare', { '/donate': (role) => html(`${role === 0 ? '' : `<p>Give: ${GOOD} now</p>`}<div><q>I give to ${EVIL} too</q></div>`) });
    await visit(bare);
    const s = await compare(bare, { path: 'html>body>div>q', before: 'I give to ', after: ' too', family: [] });
    assert.equal(s.verdict, 'undecided', show(s));
    const far = page('far', { '/donate': (role) => html(`${role === 0 ? '' : `<p>Give: ${GOOD} now</p>`}${'<p>words and words</p>'.repeat(9)}<div><q>I give to ${EVIL} too</q></div>`) });
    await visit(far);
    const t = await compare(far, { path: 'html>body>div>q', before: ` ${'words and words '.repeat(9)}I give to `.slice(-64), after: ' too', family: [] });
    assert.deepEqual(verdict(t), ['undecided', 'family_differs'], show(t));
  });

  test('the owner\'s address hidden by a style sheet of the exit\'s, so that a visitor\'s comment is copied: never a match', async () => {
    for (const [word, owner] of [['text', `<p>Give: ${GOOD} now</p>`], ['link', `<a href="bitcoin:${GOOD}">give</a>`], ['script', `<script>show('${GOOD}')</script>`], ['field', `<input value="${GOOD}">`]]) {
      const body = `<div class="o">${owner}</div>${'<p>words and words</p>'.repeat(9)}<div><q>I give to ${EVIL} too</q></div>`;
      const name = page(`css${word}`, { '/donate': (role) => html(role === 0 ? `<style>.o{display:none}</style>${body}` : body) });
      await visit(name);
      const r = await compare(name, { path: 'html>body>div:nth-of-type(2)>q', before: ` ${'words and words '.repeat(9)}I give to `.slice(-64), after: ' too', family: word === 'text' ? [GOOD] : [] });
      assert.deepEqual(verdict(r), ['undecided', 'other_addresses'], show(r));
      assert.ok(r.retry_useful === false && r.others.every((a) => a.found === 'same' && a.family_equal && !a.alone), show(r));
    }
  });

  test('a reflected query, a block explorer: nothing is asked', async () => {
    const name = page('explorer', { '/address': () => html(`<p>Give: ${EVIL} now</p>`) });
    await visit(name, '/address');
    for (const path of [`/address/${EVIL}`, `/donate?to=${EVIL.toLowerCase()}`, `/donate?to=${EVIL.replace('D', '%44')}`, `/?a=${EVIL.replace('D', '%2544')}`, `/#${EVIL}`]) {
      const r = await compare(name, { url: `http://${name}:${HTTP}${path}` });
      assert.deepEqual(verdict(r), ['undecided', 'reflected'], path);
      assert.equal(r.retry_useful, false);
    }
    assert.equal(bed.origin.connections(name).length, 1);
    // Behind a redirect that an exit could have chosen as well.
    const led = page('led', { '/donate': () => ['text/plain', '', { Location: `/show?a=${EVIL}` }], '/show': () => html(`<p>Give: ${EVIL} now</p>`) });
    await visit(led);
    assert.deepEqual(verdict(await compare(led)), ['undecided', 'reflected']);
  });

  test('redirects: followed, counted, compared', async () => {
    const p = `<p>Give: ${GOOD} now</p>`;
    const name = page('moves', { '/donate': () => ['text/plain', '', { Location: 'a/../two?x=1#y' }], '/two': () => ['text/plain', '', { Location: '/three' }], '/three': () => html(p) });
    await visit(name);
    const r = await compare(name, { address: GOOD });
    assert.deepEqual(verdict(r), ['match', 'same_address'], show(r));
    assert.ok(r.others.every((a) => a.url === `http://${name}:${HTTP}/three`));
    assert.ok(bed.origin.connections(name).some((c) => c.requests.some((q) => q.url === '/two?x=1')));
    // One exit is led elsewhere.
    const split = page('split', { '/donate': (role) => ['text/plain', '', { Location: role === 1 ? '/b' : '/a' }], '/a': () => html(p), '/b': () => html(p) });
    await visit(split);
    assert.deepEqual(verdict(await compare(split, { address: GOOD })), ['undecided', 'redirects_differ']);
    // Round and round; to another scheme; to an address inside.
    for (const [word, to] of [['loop', '/donate'], ['ftp', 'ftp://x.test/'], ['inside', 'http://127.0.0.1/'], ['onion', `http://${'a'.repeat(56)}.onion/`], ['nowhere', undefined]]) {
      const bad = page(word, { '/donate': () => ['text/plain', '', to ? { Location: to } : {}] });
      if (!to) bed.origin.site(bad, { first: 'self-signed', status: { '/donate': 302 }, pages: { '/donate': () => ['text/plain', ''] } });
      await visit(bad);
      const s = await compare(bad);
      assert.equal(s.verdict, 'undecided', show(s));
      assert.ok(s.others.every((a) => a.status === 'failed'), show(s));
    }
  });

  test('exits that differ; a page without the place; an error page', async () => {
    const differ = page('differ', { '/donate': (role) => html(`<p>Give: ${role < 2 ? EVIL : GOOD} now</p>`) });
    await visit(differ);
    assert.deepEqual(verdict(await compare(differ)), ['undecided', 'exits_differ']);
    const none = page('none', { '/donate': () => html('<p>Nothing to give.</p>') });
    await visit(none);
    const r = await compare(none);
    assert.deepEqual(verdict(r), ['undecided', 'place_not_found']);
    assert.ok(r.others.every((a) => a.found === 'absent' && a.address === null));
    const broken = page('broken', { '/donate': () => html('x') });
    bed.origin.site(broken, { first: 'self-signed', status: { '/donate': 503 } });
    await visit(broken);
    const s = await compare(broken);
    assert.equal(s.verdict, 'undecided');
    assert.ok(s.others.every((a) => a.error.name === 'ERR_HTTP_STATUS' && a.http_status === 503), show(s));
  });

  test('refused before anything is asked', async () => {
    const name = page('early', { '/donate': () => html('x') });
    assert.deepEqual(verdict(await compare(name, { clicked: false })), ['undecided', 'needs_click']);
    assert.deepEqual(verdict(await compare(name, { proxy: 'direct' })), ['undecided', 'not_through_exit']);
    assert.deepEqual(verdict(await compare(name, { url: 'http://192.168.0.1/' })), ['undecided', 'private_address']);
    assert.deepEqual(verdict(await compare(name, { url: `http://${'a'.repeat(56)}.onion/` })), ['undecided', 'private_address']);
    for (const url of ['ftp://a.test/', 'http://user:pass@a.test/', 'a.test', 'http://', 'http://a.test:0/', 'javascript:1']) assert.equal((await compare(name, { url })).code, 1104, url);
    assert.equal(bed.origin.connections(name).length, 0);
    const r = await compare(name);
    assert.deepEqual(verdict(r), ['undecided', 'first_unknown']);
  });

  test('cancel, wipe, end in the middle', async () => {
    const name = page('slow', { '/donate': () => html('x') });
    await visit(name);
    const one = ask(host, name);
    await sleep(30);
    assert.equal((await host.request({ kind: 'cancel', target: one.id })).final.kind, 'ok');
    assert.deepEqual(verdict((await one).final), ['undecided', 'cancelled']);
    const two = ask(host, name);
    await sleep(30);
    await host.request({ kind: 'session.wipe' });
    assert.deepEqual(verdict((await two).final), ['undecided', 'cancelled']);
  });

  test('https whose certificate nobody knows is compared all the same', async () => {
    const name = page('https', { '/donate': () => html(`<p>Give: ${GOOD} now</p>`) });
    await bed.browser.visit(name, 18443);
    const r = await compare(name, { port: 18443, url: `https://${name}:18443/donate`, address: GOOD });
    assert.deepEqual(verdict(r), ['match', 'same_address'], show(r));
  });
});
