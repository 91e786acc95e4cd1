// Is HTTPS withheld? Asked of the host and of the shell's verb over a real Tor network: a browser (played by node) fails to
// get TLS through its exit, and the others are asked.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { HostBed, SECONDEXIT, PORT, K } from '../net/hostbed.mjs';

let bed, host, home;
before(async () => {
  bed = await HostBed.start();
  host = await bed.host();
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'secondexit-https-'));
}, { timeout: 600000 });
after(async () => {
  await bed?.stop();
  if (home) fs.rmSync(home, { recursive: true });
});

// A busy machine's timers are late; whatever else ends a check comes much later.
const DEADLINE = 25000, LATE = 3000;
const CLOSED_PORT = 18999;   // every exit lets it pass, nobody serves it

const https = (name, more = {}) => host.request({ kind: 'https.check', first_party: name, private: 1, container: 0, host: name, port: PORT,
  failure: 'none', clicked: true, retry: false, proxy: 'socks', ...more });

// The browser goes there and fails. → the host's final message
async function meet(name, spec, more = {}) {
  if (spec) bed.origin.site(name, spec);
  await bed.browser.visit(name, more.port ?? PORT).then(() => { throw new Error('it got a handshake'); }, () => {});
  const { final, progress } = await https(name, more);
  assert.ok(progress.every((p) => p.kind === 'https.progress'));
  assert.equal(final.kind, 'https.result', JSON.stringify(final));
  return final;
}
const saw = (answers) => answers.map((a) => a.saw);
const is = (result, verdict, reason) => assert.deepEqual([result.verdict, result.reason], [verdict, reason], JSON.stringify(result, null, 1));

for (const how of ['reset', 'close', 'alert', 'http', 'garbage', 'stall']) {
  test(`the first exit plays ${how}, the others get HTTPS`, { timeout: 60000 }, async () => {
    const result = await meet(bed.name('held'), { first: how, others: 'valid' });
    is(result, 'mismatch', 'https_withheld');
    assert.ok(saw(result.others).includes('valid'));
    assert.ok(result.elapsed_ms < 25000);
    const exits = result.browser_paths.map((p) => p.at(-1).fingerprint);
    for (const a of result.others) assert.ok(!exits.includes(a.exit.fingerprint));
  });
}

test('nobody gets HTTPS: the site has none', { timeout: 60000 }, async () => {
  for (const how of ['http', 'reset', 'alert', 'garbage']) {
    const result = await meet(bed.name('none'), { first: how, others: how });
    is(result, 'match', 'no_https');
    assert.deepEqual(saw(result.others), Array(K).fill('none'));
    assert.equal(result.answered, K);
    assert.ok(!('fingerprints' in result));
  }
});

test('a port that nobody serves', { timeout: 60000 }, async () => {
  const result = await meet(bed.name('shut'), null, { port: CLOSED_PORT });
  is(result, 'match', 'no_https');
  assert.ok(result.others.every((a) => a.error?.name === 'ERR_SOCKS_CONN'), JSON.stringify(result.others.map((a) => a.error)));
});

test('a name that does not exist anywhere', { timeout: 60000 }, async () => {
  const name = bed.name('gone');
  for (const exit of bed.net.exits) exit.dns.rule(name, 'nxdomain');
  is(await meet(name), 'match', 'no_https');
});

test('silence everywhere: an answer only after a second circuit', { timeout: 90000 }, async () => {
  const name = bed.name('black');
  bed.origin.site(name, { first: 'valid', others: 'valid' });
  for (const exit of bed.net.exits) exit.dns.rule(name, 'silent');
  const visit = bed.browser.visit(name, PORT).catch(() => {});
  const { final } = await https(name);
  assert.ok(final.elapsed_ms <= DEADLINE + LATE && final.elapsed_ms > 9000, `${final.elapsed_ms}`);
  is(final, 'match', 'no_https');
  await visit;
});

test('one exit stays silent, the others get HTTPS', { timeout: 90000 }, async () => {
  const name = bed.name('hole');
  bed.origin.site(name, { first: 'stall', others: 'valid' });
  const visit = bed.browser.visit(name, PORT).catch(() => {});
  await new Promise((done) => { setTimeout(done, 1500); });
  const { final } = await https(name);
  is(final, 'mismatch', 'https_withheld');
  assert.ok(final.elapsed_ms < 9000, `${final.elapsed_ms}: silence was waited for`);     // an answer by silence takes tor's ten seconds
  for (const exit of bed.net.exits) void exit;
  await visit;
});

test('an invalid certificate at some, nothing at the others: undecided, all shown', { timeout: 60000 }, async () => {
  const result = await meet(bed.name('mixed'), { first: 'reset', others: ['self-signed', 'reset', 'reset'] });
  is(result, 'undecided', 'https_unclear');
  assert.deepEqual(saw(result.others).sort(), ['invalid', 'none', 'none']);
});

test('the exit spares our probe', { timeout: 60000 }, async () => {
  const result = await meet(bed.name('choosy'), { first: { each: ['reset', 'valid'] }, others: 'valid' });
  is(result, 'mismatch', 'https_selective');
});

test('a site that sends its visitors back to http is no exit\'s fault', { timeout: 60000 }, async () => {
  const name = bed.name('loop');
  bed.origin.site(name, { first: 'valid', others: 'valid' });
  await bed.browser.visit(name, PORT);
  const { final } = await https(name, { failure: 'loop' });
  is(final, 'match', 'https_there');
});

test('nothing was sent, nothing stays behind', async () => {
  assert.deepEqual(await bed.mappings(), []);
});

// ---- "is this page really only http?" ----

const HEADERS = { user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', accept: 'text/html', accept_language: 'en-US,en;q=0.5' };

/** The browser is shown a plain page of `name` through the first exit that comes; → {exit: its fingerprint, final}. plain, tls: of ({isFirst, n}) what
 * an exit gets: a redirect's target or '' for a page; a behaviour. n: how many others came before. */
async function plainly(name, { plain = () => '', tls = () => 'valid', where = '/a/b?c=d', more = {} } = {}) {
  const came = [];
  const who = (fingerprint) => {
    if (!came.includes(fingerprint)) came.push(fingerprint);
    return { isFirst: came[0] === fingerprint, n: came.indexOf(fingerprint) };
  };
  const page = (site, _who, req) => {
    const to = req.socket.encrypted ? '' : plain(who(req.socket.record.fingerprint));
    return to ? ['text/plain', 'moved', { Location: to }] : ['text/html', '<p>a page</p>'];
  };
  const behaviour = ({ exit }) => tls(who(exit.fingerprint));
  bed.origin.site(name, { first: behaviour, others: behaviour, pages: { '/a/b': page } });
  const socket = await bed.browser.open(name, PORT);
  socket.write(`GET ${where} HTTP/1.1\r\nHost: ${name}:${PORT}\r\nCookie: session=secret\r\nConnection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  assert.match(text, /a page/);
  const before = bed.origin.connections(name).length;
  const { final, progress } = await https(name, { failure: 'plain', url: `http://${name}:${PORT}/a/b`, headers: HEADERS, ...more });
  assert.equal(final.kind, 'https.result', JSON.stringify(final));
  return { exit: came[0], final, progress, asked: bed.origin.connections(name).slice(before) };
}
const ways = (answers) => answers.map((a) => a.plain);

test('the exit swallows the redirect that all others get', { timeout: 60000 }, async () => {
  const name = bed.name('strip');
  const { exit, final, progress, asked } = await plainly(name, { plain: ({ isFirst }) => (isFirst ? '' : `https://${name}:${PORT}/a/b`) });
  is(final, 'mismatch', 'https_withheld');
  assert.deepEqual([ways(final.others), saw(final.others)], [Array(K).fill('redirect'), Array(K).fill('valid')]);
  assert.deepEqual(ways(final.first), ['page']);
  assert.deepEqual(final.browser_paths.map((p) => p.at(-1).fingerprint), [exit]);
  for (const a of final.others) assert.notEqual(a.exit.fingerprint, exit);
  assert.equal(new Set(final.others.map((a) => a.exit.fingerprint)).size, K);
  assert.ok(progress.some((p) => p.slot > 0 && p.step === 'done') && final.elapsed_ms < 25000);
  // Asked once by each, without cookies, and nothing was followed.
  const requests = asked.flatMap((c) => c.requests);
  assert.equal(requests.length, K + 1);
  for (const r of requests) {
    assert.deepEqual([r.method, r.url, r.headers.cookie, r.headers['user-agent'], r.headers.referer], ['GET', '/a/b', undefined, HEADERS.user_agent, undefined]);
  }
});

test('the exit takes TLS away as well', { timeout: 60000 }, async () => {
  const name = bed.name('strip');
  const { final } = await plainly(name, { plain: ({ isFirst }) => (isFirst ? '' : `https://${name}:${PORT}/`), tls: ({ isFirst }) => (isFirst ? 'reset' : 'valid') });
  is(final, 'mismatch', 'https_withheld');
  assert.deepEqual([ways(final.first), saw(final.first)], [['page'], ['none']]);
});

test('really only http; HTTPS beside it', { timeout: 60000 }, async () => {
  let { final } = await plainly(bed.name('plain'), { tls: () => 'reset' });
  is(final, 'match', 'no_https');
  assert.equal(final.answered, K);
  ({ final } = await plainly(bed.name('both')));
  is(final, 'match', 'https_optional');
  assert.deepEqual([ways(final.others), saw(final.others)], [Array(K).fill('page'), Array(K).fill('valid')]);
});

test('one exit alone forges a redirect, or swallows one; a redirect to where nobody proves anything', { timeout: 60000 }, async () => {
  for (const forges of [true, false]) {
    const name = bed.name('frame');
    const { final } = await plainly(name, { plain: ({ isFirst, n }) => (!isFirst && (n === 1) === forges ? `https://${name}:${PORT}/` : '') });
    is(final, 'undecided', 'exits_differ');
  }
  const [forged, away] = [bed.name('forge'), bed.name('away')];
  is((await plainly(forged, { plain: ({ isFirst }) => (isFirst ? '' : `https://${forged}:${PORT}/`), tls: () => 'self-signed' })).final, 'undecided', 'https_unclear');
  is((await plainly(away, { plain: ({ isFirst }) => (isFirst ? '' : `http://${away}:${PORT}/other`) })).final, 'undecided', 'redirects_differ');
});

test('a plain page is asked about by a click alone, and of its own site', { timeout: 60000 }, async () => {
  const name = bed.name('click');
  const { final, asked } = await plainly(name, { more: { clicked: false } });
  is(final, 'undecided', 'needs_click');
  assert.deepEqual(asked, []);
  for (const url of [`https://${name}:${PORT}/`, `http://other.test:${PORT}/`, `http://${name}:${PORT + 1}/`, `http://a:b@${name}:${PORT}/`, 'x']) {
    const answer = await https(name, { failure: 'plain', url, headers: HEADERS });
    assert.deepEqual([answer.final.kind, answer.final.code], ['error', 1104], url);
  }
});

test('nothing stays behind', async () => {
  assert.deepEqual(await bed.mappings(), []);
});

test('what makes no sense is refused', async () => {
  const name = bed.name('bad');
  for (const more of [{ failure: 'other' }, { failure: 1 }, { error: -1 }, { offered: ['AAAA'] }, { same_country: true }, { clicked: 1 }, { port: 0 }, { host: '' }]) {
    const { final } = await https(name, more);
    assert.deepEqual([final.kind, final.code], ['error', 1104], JSON.stringify(more));
  }
});

// ---- the verb ----

const place = (p) => `${p.host}:${p.port}`;
function run(...args) {
  const { client } = bed.net;
  return new Promise((resolve) => {
    const p = spawn(SECONDEXIT, ['https', ...args, '--control', place(client.control), '--socks', place(client.socks), '--test-ca', bed.origin.caFile],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { HOME: home, PATH: process.env.PATH } });
    let out = '', err = '';
    p.stdout.on('data', (d) => { out += d; });
    p.stderr.on('data', (d) => { err += d; });
    p.on('close', (status) => resolve({ status, out, err }));
  });
}

test('verb: everybody gets it; nobody does; one exit withholds it', { timeout: 60000 }, async () => {
  const there = bed.name('there'), none = bed.name('nothing'), held = bed.name('liar');
  bed.origin.site(there, { first: 'valid', others: 'valid' });
  bed.origin.site(none, { first: 'http', others: 'http' });
  const liar = bed.net.exits[6];
  const shows = ({ exit }) => (exit.fingerprint === liar.fingerprint ? 'reset' : 'valid');
  bed.origin.site(held, { first: shows, others: shows });
  let r = await run(`${there}:${PORT}`);
  assert.equal(r.status, 0, r.out + r.err);
  assert.match(r.out, /^MATCH: All exits reach the site over HTTPS/m);
  r = await run(`${none}:${PORT}`);
  assert.equal(r.status, 0, r.out + r.err);
  assert.match(r.out, /no HTTPS: the answer is not TLS/);
  assert.match(r.out, /^MATCH: No exit finds HTTPS there/m);
  r = await run(`${held}:${PORT}`, '--first-exit', liar.fingerprint);
  assert.equal(r.status, 1, r.out + r.err);
  assert.match(r.out, /^MISMATCH: Another exit reaches the site over HTTPS/m);
  r = await run(`${held}:${PORT}`, '--first-exit', liar.fingerprint, '--json');
  const result = r.out.split('\n').filter(Boolean).map((l) => JSON.parse(l)).at(-1);
  assert.deepEqual([result.kind, result.verdict, result.first[0].saw], ['https.result', 'mismatch', 'none']);
});
