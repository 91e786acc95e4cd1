// extension/core: error numbers, sites, ledger, guard decisions, the check's states, the reader of the host's messages.

import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { nssError, classify, errorOfCategory } from '../../extension/core/errors.js';
import * as site from '../../extension/core/site.js';
import { Ledger } from '../../extension/core/ledger.js';
import { leafOf, connectionKind, judgeResponse, stripRequest } from '../../extension/core/guard.js';
import * as check from '../../extension/core/check.js';
import { readMessage, checkResult, checkDownload, Garbage } from '../../extension/core/messages.js';
import { AUTO_CHECKS_MAX, AUTO_CHECKS_WINDOW_MS } from '../../extension/core/limits.js';
import { table, hex, result, greeting, status, answer, certificate, relay } from './ext-fakes.mjs';

const SITE = { firstParty: 'site.test', private: 1, container: 0, host: 'site.test', port: 443 };
const other = (more) => ({ ...SITE, ...more });

test('the NSS number is taken from the error text and from nothing else', () => {
  assert.equal(nssError('Error code 2153398258'), -16370);
  assert.equal(nssError(`Error code ${0x805A0000 + 8179}`), -8179);
  for (const bad of ['', 'Error code', 'Error code -1', 'Error code 2152398850', 'Error code 99999999999', 'x Error code 2153398258', 'Error code 2153398258x',
    `Error code ${0x805A0000}`, `Error code ${0x805B0000}`, undefined, null, {}]) assert.equal(nssError(bad), null, String(bad));
});

test('classes: suspicious, unsuspicious, not ours, unknown certificate errors suspicious', () => {
  assert.deepEqual(classify(table, -16370), { certificate: true, suspicious: true, overridable: true, name: 'MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT' });
  assert.equal(classify(table, -12276).suspicious, true);
  assert.deepEqual({ ...classify(table, -8181), name: '' }, { certificate: true, suspicious: false, overridable: true, name: '' });
  assert.equal(classify(table, -16374).suspicious, false);
  assert.equal(classify(table, -12263).certificate, false);
  assert.deepEqual(classify(table, -16000), { certificate: true, suspicious: true, overridable: false, name: '' });
  assert.equal(classify(table, -5990).certificate, false);
  assert.equal(classify(table, -12000).certificate, false);
});

test('a stored exception of unknown category counts as untrusted', () => {
  assert.equal(errorOfCategory('domain_mismatch'), -12276);
  for (const odd of [undefined, '', 'new_thing', 'constructor', '__proto__']) assert.equal(errorOfCategory(odd), -8179);
});

test('targets: encrypted URLs alone, host as the host program spells it', () => {
  assert.deepEqual(site.target('https://Site.TEST./x'), { host: 'site.test', port: 443 });
  assert.deepEqual(site.target('wss://site.test:8443/'), { host: 'site.test', port: 8443 });
  assert.deepEqual(site.target('https://[2001:DB8::1]:444/'), { host: '2001:db8::1', port: 444 });
  for (const bad of ['http://site.test/', 'about:blank', 'moz-extension://x/', '', undefined, 'https://', 'javascript:alert(1)']) assert.equal(site.target(bad), null);
});

test('sites differ in each of their five parts, and no part can pretend to be another', () => {
  const parts = [SITE, other({ firstParty: 'b.test' }), other({ private: 0 }), other({ container: 1 }), other({ host: 'b.test' }), other({ port: 444 }),
    other({ firstParty: 'site.test",1' })];
  assert.equal(new Set(parts.map(site.siteKey)).size, parts.length);
});

test('first party: the credentials where they fit, else the registrable domain, else the host', () => {
  const of = (topHost, username, registrable) => site.firstPartyOf({ topHost, username, registrable });
  assert.equal(of('www.site.test', 'site.test:0', null), 'site.test');
  assert.equal(of('www.site.test', 'evil.test:0', 'site.test'), 'site.test');
  assert.equal(of('notsite.test', 'site.test:0', null), 'notsite.test');
  assert.equal(of('www.site.test', '--unknown--:0', null), 'www.site.test');
  assert.equal(of('', 'site.test:0', null), 'site.test');
  assert.equal(of('a.test', 'user', 'a.test'), 'a.test');
});

test('top host: own URL, document, outermost ancestor', () => {
  assert.equal(site.topHostOf({ type: 'main_frame', url: 'https://a.test/', documentUrl: 'https://b.test/' }), 'a.test');
  assert.equal(site.topHostOf({ type: 'image', url: 'https://a.test/', documentUrl: 'https://b.test/', frameAncestors: [] }), 'b.test');
  assert.equal(site.topHostOf({ type: 'image', url: 'https://a.test/', documentUrl: 'https://b.test/', frameAncestors: [{ url: 'https://c.test/' }, { url: 'https://d.test/' }] }), 'd.test');
  assert.equal(site.topHostOf({ type: 'other', url: 'https://a.test/' }), 'a.test');
});

test('operators: same relay, family, /16 or /32; an unknown relay may be anybody\'s', () => {
  const same = site.mayBeSameOperator;
  assert.equal(same(relay(1), relay(2)), false);
  assert.equal(same(relay(1), relay(1, { address: '99.9.9.9' })), true);
  assert.equal(same(relay(1, { family: 'f' }), relay(2, { family: 'f' })), true);
  assert.equal(same(relay(1), relay(2, { address: '10.1.200.9' })), true);
  assert.equal(same(relay(1, { address: '2001:db8:1::1' }), relay(2, { address: '2001:db8:ffff::2' })), true);
  assert.equal(same(relay(1, { address: '2001:db8::1' }), relay(2, { address: '2001:db9::1' })), false);
  assert.equal(same(null, relay(1)), true);
});

test('a verified certificate is verified for its own site alone', () => {
  const ledger = new Ledger();
  assert.equal(ledger.verify(SITE, hex('a')), true);
  assert.equal(ledger.isVerified(SITE, hex('a')), true);
  for (const [s, sha] of [[SITE, hex('b')], [other({ firstParty: 'b.test' }), hex('a')], [other({ private: 0 }), hex('a')], [other({ container: 2 }), hex('a')],
    [other({ host: 'www.site.test' }), hex('a')], [other({ port: 8443 }), hex('a')]]) assert.equal(ledger.isVerified(s, sha), false);
});

test('caught stays caught: before and after a match, and through a restart', () => {
  const ledger = new Ledger();
  ledger.verify(SITE, hex('a'));
  ledger.catch(SITE, hex('a'));
  assert.equal(ledger.isVerified(SITE, hex('a')), false);
  assert.equal(ledger.verify(SITE, hex('a')), false);
  const again = new Ledger(JSON.parse(JSON.stringify(ledger.saved())));
  assert.equal(again.verify(SITE, hex('a')), false);
  assert.equal(again.verify(SITE, hex('b')), true);
});

test('automatic checks: once per site, five in the window', () => {
  const ledger = new Ledger();
  assert.equal(ledger.takeAutomatic(SITE, 1000), true);
  const more = Array.from({ length: 30 }, (_, i) => ledger.takeAutomatic(other({ host: `h${i}.test` }), 2000));
  assert.equal(more.filter(Boolean).length, AUTO_CHECKS_MAX - 1);
  assert.equal(ledger.takeAutomatic(other({ host: 'late.test' }), 1999 + AUTO_CHECKS_WINDOW_MS), true);
  assert.equal(ledger.takeAutomatic(SITE, 2000 + 2 * AUTO_CHECKS_WINDOW_MS), false);
  assert.equal(new Ledger(ledger.saved()).takeAutomatic(SITE, 1000), false);
});

test('a clock set back does not give new automatic checks', () => {
  const ledger = new Ledger();
  for (let i = 0; i < 5; i++) ledger.takeAutomatic(other({ host: `h${i}.test` }), 5e9);
  assert.equal(ledger.takeAutomatic(other({ host: 'x.test' }), 1000), false);
});

test('what a security info says', () => {
  const secure = { state: 'secure', certificates: [{ fingerprint: { sha256: hex('A').replace(/(..)(?!$)/g, '$1:') } }] };
  assert.equal(leafOf(secure), hex('a'));
  for (const bad of [undefined, {}, { certificates: [] }, { certificates: [{}] }, { certificates: [{ fingerprint: { sha256: 'AA:BB' } }] }]) assert.equal(leafOf(bad), '');
  assert.equal(connectionKind(secure), 'fine');
  assert.equal(connectionKind({ ...secure, state: 'weak' }), 'fine');
  assert.equal(connectionKind({ ...secure, isUntrusted: true }), 'overridden');
  assert.equal(connectionKind({ ...secure, isDomainMismatch: true }), 'overridden');
  assert.equal(connectionKind({ ...secure, overridableErrorCategory: 'something_new' }), 'overridden');
  assert.equal(connectionKind({ ...secure, isUntrusted: true, isNotValidAtThisTime: true, overridableErrorCategory: 'expired_or_not_yet_valid' }), 'overridden');
  assert.equal(connectionKind({ ...secure, isNotValidAtThisTime: true, overridableErrorCategory: 'expired_or_not_yet_valid' }), 'harmless');
  for (const state of ['insecure', 'broken', undefined]) assert.equal(connectionKind({ ...secure, state }), 'unknown');
  assert.equal(connectionKind(undefined), 'unknown');
});

test('the guard lets nothing in that is not known to be good', () => {
  const ledger = new Ledger();
  const judge = (more) => judgeResponse(ledger, { kind: 'overridden', sha256: hex('a'), site: SITE, isDirect: false, ...more });
  assert.equal(judge({ kind: 'fine' }).cancel, false);
  assert.equal(judge({ kind: 'harmless' }).cancel, false);
  assert.equal(judge({}).why, 'unverified');
  assert.equal(judge({ kind: 'unknown' }).cancel, true);
  assert.equal(judge({ kind: 'no such kind' }).cancel, true);
  ledger.verify(SITE, hex('a'));
  assert.equal(judge({}).cancel, false);
  assert.equal(judge({ sha256: hex('b') }).cancel, true);
  assert.equal(judge({ sha256: '' }).cancel, true);
  assert.equal(judge({ site: null }).cancel, true);
  assert.equal(judge({ site: other({ firstParty: 'evil.test' }) }).cancel, true);
  ledger.catch(SITE, hex('a'));
  assert.equal(judge({}).why, 'caught');
  ledger.suspectHost(SITE);
  assert.equal(judge({ kind: 'harmless', sha256: hex('c') }).cancel, true);
});

test('exempt hosts: as the host decided, direct ones only while direct', () => {
  const ledger = new Ledger();
  const judge = (isDirect) => judgeResponse(ledger, { kind: 'overridden', sha256: hex('a'), site: SITE, isDirect }).cancel;
  ledger.exempted(SITE, 'not_through_exit');
  assert.equal(judge(true), false);
  assert.equal(judge(false), true);
  ledger.exempted(SITE, 'onion_service');
  assert.equal(judge(false), false);
});

test('nothing worth stealing goes out to a suspicious host', () => {
  const ledger = new Ledger();
  const requestHeaders = ['Cookie', 'AUTHORIZATION', 'referer', 'Accept'].map((name) => ({ name, value: 'x' }));
  const strip = (method, s = SITE) => stripRequest(ledger, { site: s, method, requestHeaders });
  assert.deepEqual(strip('POST'), {});
  ledger.suspectHost(SITE);
  assert.deepEqual(strip('GET').requestHeaders.map((h) => h.name), ['Accept']);
  assert.deepEqual(strip('HEAD').requestHeaders.map((h) => h.name), ['Accept']);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'get x', undefined]) assert.deepEqual(strip(method), { cancel: true });
  assert.deepEqual(strip('GET', other({ firstParty: 'b.test' })).requestHeaders.length, 1);
  assert.deepEqual(strip('POST', other({ port: 8443 })), {});
});

const RESULT = (verdict, more) => ({ ...readMessage(result({ id: 1, host: 'site.test', port: 443, first_party: 'site.test', private: 1, container: 0 }, verdict, more)).body });

test('a check goes its way, and events of an earlier attempt change nothing', () => {
  let c = check.newCheck(SITE, null);
  assert.equal(check.answered(c, 0, RESULT('match')), c);
  c = check.started(c, { now: 5, deadlineMs: 25000, k: 3 });
  const first = c.attempt;
  c = check.progressed(c, first, { slot: 1, step: 'building', exit: null, elapsed_ms: 3 });
  assert.equal(c.slots[1].step, 'building');
  assert.equal(check.progressed(c, first, { slot: 9, step: 'done', exit: null, elapsed_ms: 3 }), c);
  const second = check.started(c, { now: 6, deadlineMs: 25000, k: 3 });
  for (const late of [check.answered(second, first, RESULT('match')), check.failed(second, first, { code: 'x' }), check.progressed(second, first, { slot: 1, step: 'done' })]) assert.equal(late, second);
  const done = check.answered(second, second.attempt, RESULT('match'));
  assert.equal(check.verdictOf(done), 'match');
  assert.equal(check.answered(done, done.attempt, RESULT('exempt')), done);
  assert.equal(check.verdictOf(check.answered(check.stopped(second, 'closed'), second.attempt, RESULT('match'))), 'undecided');
});

test('a door opens for match and exempt alone, and only where the browser has one', () => {
  const page = { harmless: false, stored: false, overridable: true, hsts: false };
  const done = (verdict, offered = null) => ({ ...check.newCheck(SITE, offered), phase: 'done', result: RESULT(verdict), attempt: 1 });
  const offered = { sha256: hex('a'), chain: [], attributes: '' };
  for (const isExact of [true, false]) {
    for (const verdict of ['mismatch', 'undecided']) assert.equal(check.wayOn(page, done(verdict, offered), isExact), 'none');
    for (const phase of ['waiting', 'checking', 'over', '']) assert.equal(check.wayOn(page, { ...done('match'), phase }, isExact), 'none');
    assert.equal(check.wayOn(page, { ...done('match'), result: null, problem: { code: 'host_died' } }, isExact), 'none');
    assert.equal(check.wayOn({ ...page, hsts: true }, done('match', offered), isExact), 'information');
    assert.equal(check.wayOn({ ...page, overridable: false }, done('match', offered), isExact), 'information');
    assert.equal(check.wayOn({ ...page, stored: true }, done('match', offered), isExact), 'direct');
    assert.equal(check.wayOn({ ...page, stored: true }, done('mismatch', offered), isExact), 'none');
  }
  assert.equal(check.wayOn(page, done('match'), false), 'native');
  assert.equal(check.wayOn(page, done('exempt'), false), 'native');
  assert.equal(check.wayOn(page, done('match', offered), true), 'exception');
  assert.equal(check.wayOn(page, done('match'), true), 'information');
  assert.equal(check.wayOn({ ...page, harmless: true }, check.newCheck(SITE, offered), true), 'exception');
});

test('retry: again, by loading the site, or not at all', () => {
  const done = (verdict, more) => ({ ...check.newCheck(SITE, null), phase: 'done', result: RESULT(verdict, more) });
  assert.equal(check.retryOf(done('undecided')), 'check');
  assert.equal(check.retryOf(done('undecided', { retry_useful: false })), 'none');
  assert.equal(check.retryOf(done('undecided', { reason: 'first_unknown' })), 'reload');
  assert.equal(check.retryOf(done('undecided', { error: { code: 1207, name: 'ERR_TOR_LOST', text: 'x' } })), 'reload');
  assert.equal(check.retryOf({ ...done('undecided'), result: null, problem: { code: 'host_missing' } }), 'reload');
  for (const verdict of ['match', 'mismatch', 'exempt']) assert.equal(check.retryOf(done(verdict, { retry_useful: true })), 'none');
});

const REQUEST = { id: 7, host: 'site.test', port: 443, first_party: 'site.test', private: 1, container: 0 };

test('well-formed messages are read; unknown fields are dropped', () => {
  for (const m of [greeting(1), status(2), result(REQUEST, 'match'), result(REQUEST, 'mismatch'), { id: 3, kind: 'ok' },
    { id: 4, kind: 'circuit.result', circuits: 1, streams: 2 }, { id: null, kind: 'error', code: 1102, name: 'ERR_MSG_JSON', text: 'x' },
    { id: 2, kind: 'cert.progress', slot: 1, step: 'building', exit: relay(3), elapsed_ms: 9 }]) {
    const read = readMessage({ ...m, surprise: 1 });
    assert.equal(read.kind, m.kind);
    assert.equal('surprise' in read.body, false);
  }
  assert.equal(readMessage({ kind: 'event', event: 'tor', up: false, error: null }).body.up, false);
  assert.equal(readMessage({ kind: 'event', event: 'of another version' }).event, '');
});

test('every field of a result, wrong or missing, makes it garbage', () => {
  const good = result(REQUEST, 'match');
  const wrong = [undefined, null, '', 'x\u0000', -1, 1.5, NaN, 1e99, true, [], {}, [[]], [null], 'a'.repeat(100000)];
  for (const key of Object.keys(good)) {
    if (['id', 'kind', 'still_same', 'error'].includes(key)) continue;
    let refused = 0;
    for (const value of wrong) {
      try {
        const { body } = readMessage({ ...good, [key]: value });
        checkResult(body, SITE, hex('a'));
      } catch (e) {
        assert.ok(e instanceof Garbage, `${key}: ${e}`);
        refused++;
      }
    }
    assert.ok(refused >= 9, `${key}: ${refused}`);
  }
});

test('what stands inside an answer is checked as strictly', () => {
  const bad = (more) => assert.throws(() => readMessage(result(REQUEST, 'match', { others: [{ ...answer(1, hex('a'), 'same_certificate'), ...more }] })), Garbage);
  bad({ agrees: 'yes' });
  bad({ exit: { ...relay(1), fingerprint: 'abc' } });
  bad({ exit: { ...relay(1), country: '<b>' } });
  bad({ path: Array(9).fill(relay(1)) });
  bad({ certificate: { ...certificate(hex('a')), sha256: hex('A') } });
  bad({ certificate: 'x' });
  bad({ valid: 'false' });
  bad({ status: 'maybe' });
});

test('characters that could disguise a text are replaced', () => {
  const { body } = readMessage(result(REQUEST, 'match', { others: [answer(1, hex('a'), 'same_certificate', { why: 'a\u202eb\u0000c\u200b' })] }));
  assert.equal(body.others[0].why, 'a\ufffdb\ufffdc\ufffd');
});

test('a match must bear itself out', () => {
  const judged = (more, offered = hex('a'), request = REQUEST) => checkResult(readMessage(result(request, 'match', more)).body, SITE, offered);
  judged({});
  const refused = (...args) => assert.throws(() => judged(...args), Garbage);
  refused({ fingerprints: [] });
  refused({ fingerprints: [] }, '');
  refused({}, hex('c'));
  refused({ answered: 2 });
  refused({ others: [answer(1, hex('a'), 'same_certificate'), answer(2, hex('a'), 'same_certificate')] });
  refused({ others: [1, 2, 3].map((s) => answer(s, hex('a'), 'same_certificate')).concat(answer(4, hex('b'), 'differs')) });
  refused({ others: [1, 2, 3].map((s) => answer(s, hex('a'), null)) });
  for (const more of [{ host: 'b.test' }, { port: 444 }, { first_party: 'b.test' }, { private: 0 }, { container: 1 }]) refused({}, hex('a'), { ...REQUEST, ...more });
});

test('messages without a readable id name no request; those with one do', () => {
  for (const bad of [null, 1, 'x', [], { kind: 'hello' }, { id: '1', kind: 'ok' }, { id: 0, kind: 'ok' }, { id: 2 ** 31, kind: 'ok' }]) {
    assert.throws(() => readMessage(bad), (e) => e instanceof Garbage && e.id === undefined);
  }
  for (const bad of [{ id: 5 }, { id: 5, kind: 'constructor' }, { id: 5, kind: 'hello' }, { id: 5, kind: '__proto__' }]) {
    assert.throws(() => readMessage(bad), (e) => e instanceof Garbage && e.id === 5);
  }
});

const EXAMPLES = new URL('../../shared/examples/', import.meta.url);
const examples = existsSync(EXAMPLES) ? readdirSync(EXAMPLES).map((name) => JSON.parse(readFileSync(new URL(name, EXAMPLES), 'utf8'))) : [];

test('the host\'s example messages are understood, and its matches bear themselves out', { skip: examples.length === 0 }, () => {
  const kinds = new Set();
  for (const { message } of examples.filter(({ to }) => to === 'browser').flatMap(({ good }) => good)) {
    const { kind, body } = readMessage(message);
    kinds.add(kind);
    if (kind === 'cert.result') {
      checkResult(body, { firstParty: body.first_party, private: body.private, container: body.container, host: body.host, port: body.port }, '');
    }
    if (kind === 'download.result') {
      const site = { firstParty: body.first_party, private: body.private, container: body.container, host: body.host, port: body.port };
      checkDownload(body, site, body.url, body.state !== 'browser');
      assert.throws(() => checkDownload(body, site, `${body.url}x`, true), Garbage);
      const dissent = { ...body.others[0], agrees: false };
      for (const wrong of [{ others: [] }, { others: [dissent] }, { answered: 0 }, { state: 'held' }, { method: null }, { local: null },
        { others: [body.others[0], body.others[0]] }, { method: 'ranges', missed: null }]) {
        if (body.verdict === 'match') assert.throws(() => checkDownload({ ...body, ...wrong }, site, body.url, body.state !== 'browser'), Garbage, JSON.stringify(wrong));
      }
      if (body.verdict !== 'match') assert.throws(() => checkDownload({ ...body, state: 'finished' }, site, body.url, true), Garbage);
    }
  }
  assert.deepEqual([...kinds].sort(), ['cert.progress', 'cert.result', 'circuit.result', 'classified', 'clip.compared', 'clip.progress', 'clip.result', 'download.kept',
    'download.progress', 'download.result', 'error', 'event', 'hello',
    'https.progress', 'https.result', 'ok', 'report.built', 'report.progress', 'report.sent', 'status']);
});

test('what we ask is what the host\'s examples ask: no other field, none missing', { skip: examples.length === 0 }, async () => {
  const { extension, exactApi, settle: settled } = await import('./ext-fakes.mjs');
  const sent = [];
  for (const api of [undefined, exactApi()]) {
    const x = extension({ api });
    x.certcheck.noteRequest(1, 'https://site.test/', { kind: 'socks', username: 'site.test:0', password: '' });
    const id = await x.fail('https://site.test/');
    x.certcheck.act(id, { id: 1, incognito: true }, { kind: 'circuits' });
    await x.certcheck.act(id, { id: 1, incognito: true }, { kind: 'retry' });
    await settled();
    await x.certcheck.wipe();
    await settled();
    sent.push(...x.ports.flatMap((port) => port.sent));
  }
  const kinds = new Set();
  for (const message of sent) {
    const good = examples.filter(({ to }) => to === 'host').flatMap((e) => e.good).map((g) => g.message).filter((m) => m?.kind === message.kind);
    const allowed = new Set(good.flatMap(Object.keys));
    const needed = Object.keys(good[0]).filter((key) => good.every((m) => key in m));
    for (const key of Object.keys(message)) assert.ok(allowed.has(key), `${message.kind}: ${key}`);
    for (const key of needed) assert.ok(key in message, `${message.kind}: no ${key}`);
    for (const [key, value] of Object.entries(message)) assert.equal(typeof value, typeof good.find((m) => key in m)[key], `${message.kind}: ${key}`);
    assert.equal('socks_username' in message, 'socks_password' in message, 'the host takes both or neither');
    kinds.add(message.kind);
  }
  assert.deepEqual([...kinds].sort(), ['cancel', 'cert.check', 'circuit.new', 'hello', 'session.wipe', 'status']);
});
