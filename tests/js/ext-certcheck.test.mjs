// extension/feature: from the browser's event to the page and back, with a fake browser and hosts that lie.

import test from 'node:test';
import assert from 'node:assert/strict';
import { READER_GRACE_MS, INTENT_MS, RENEW_MAX } from '../../extension/core/limits.js';
import { extension, exactApi, result, relay, hex, settle, friendly, EXPIRED, SELF_SIGNED } from './ext-fakes.mjs';

const URL1 = 'https://site.test/secret?q=1';
const TAB = { id: 1, incognito: true };

// Opens a page and keeps its newest view.
function reader(x, id) {
  const views = [];
  const stop = x.certcheck.read(id, (view) => views.push(view));
  return { stop, get view() { return views.at(-1); }, views };
}

async function checked(x, verdict, more = {}, url = URL1) {
  const id = await x.fail(url);
  const page = reader(x, id);
  x.port.say(result(x.port.last('cert.check'), verdict, more));
  await settle();
  return { id, page };
}

test('a suspicious error becomes our page at once, and the host is asked', async () => {
  const x = extension();
  const id = await x.fail(URL1);
  assert.equal(x.loads[0].url, `moz-extension://x/ui/certificate.html?id=${id}`);
  const asked = x.port.last('cert.check');
  assert.deepEqual({ ...asked, id: 0 }, { id: 0, kind: 'cert.check', first_party: 'site.test', private: 1, container: 0, host: 'site.test', port: 443,
    error: -16370, clicked: false, retry: false, same_country: false, proxy: 'unknown' });
  assert.equal(reader(x, id).view.phase, 'checking');
});

test('the path and the query of the address are told to nobody', async () => {
  const x = extension({ api: exactApi() });
  await x.fail(URL1);
  assert.equal(JSON.stringify(x.port.sent).includes('secret'), false);
  assert.equal(x.loads[0].url.includes('site.test'), false);
});

test('frames, plain http, other errors, unsuspicious errors: the browser\'s own page stays', async () => {
  const x = extension();
  await x.certcheck.onNavigationError({ tabId: 1, frameId: 7, url: URL1, error: SELF_SIGNED });
  await x.fail('http://site.test/');
  await x.fail(URL1, 'Error code 2152398850');
  await x.fail(URL1, EXPIRED);
  await x.fail(URL1, SELF_SIGNED, 99);
  assert.deepEqual(x.loads, []);
});

test('credentials and chain are taken from the privileged part, and no page sees them', async () => {
  const x = extension({ api: exactApi() });
  const id = await x.fail(URL1);
  const asked = x.port.last('cert.check');
  assert.deepEqual([asked.offered, asked.socks_username, asked.socks_password, asked.proxy], [['TEVBRg=='], 'site.test:0', 'ff', 'socks']);
  const seen = JSON.stringify(reader(x, id).view);
  assert.equal(/TEVBRg|"ff"|site\.test:0/.test(seen), false);
});

test('unsuspicious, privileged: ours with the same choice where the browser had one, else its own page', async () => {
  const x = extension({ api: exactApi({ category: 'time', error: -8181 }) });
  const id = await x.fail(URL1, EXPIRED);
  const page = reader(x, id);
  assert.deepEqual([page.view.phase, page.view.way], ['harmless', 'exception']);
  assert.equal(x.port, undefined);
  for (const more of [{ hsts: true }, { overridable: false }, { bypassHidden: false }]) {
    const y = extension({ api: exactApi(more) });
    assert.equal(await y.fail(URL1, EXPIRED), '');
  }
});

test('a page in the background, a second one, the sixth site: they wait for a click', async () => {
  const x = extension();
  x.tabs.get(1).active = false;
  const hidden = await x.fail('https://hidden.test/');
  assert.equal(reader(x, hidden).view.phase, 'waiting');
  x.tabs.get(1).active = true;
  const ids = [];
  for (let i = 0; i < 30; i++) ids.push(await x.fail(`https://h${i}.test/`));
  assert.equal(x.port.sent.filter((m) => m.kind === 'cert.check').length, 5);
  await x.certcheck.act(ids[20], TAB, { kind: 'start' });
  await settle();
  assert.deepEqual([x.port.last('cert.check').host, x.port.last('cert.check').clicked], ['h20.test', true]);
});

test('a tab that is on its way elsewhere is not called back', async () => {
  const x = extension();
  x.certcheck.noteRequest(1, URL1, { kind: 'socks', username: '', password: '' });
  x.certcheck.noteRequest(1, 'https://elsewhere.test/', { kind: 'socks', username: '', password: '' });
  assert.equal(await x.fail(URL1), '');
  assert.equal(x.pages.ledger.isSuspectHost({ private: 1, container: 0, host: 'site.test', port: 443 }), true);
  assert.notEqual(await x.fail('https://elsewhere.test/'), '');
});

test('once per site: the same error again shows what is known, and starts nothing', async () => {
  const x = extension();
  await checked(x, 'mismatch');
  const again = await x.fail(URL1);
  assert.equal(reader(x, again).view.verdict, 'mismatch');
  assert.equal(x.port.sent.filter((m) => m.kind === 'cert.check').length, 1);
});

test('standard: a match opens the browser\'s own page, once, in that tab, for that host', async () => {
  const x = extension();
  const { id, page } = await checked(x, 'match');
  assert.equal(page.view.way, 'native');
  await x.certcheck.act(id, TAB, { kind: 'proceed' });
  assert.deepEqual(x.loads.at(-1), { tabId: 1, url: URL1 });
  const before = x.loads.length;
  assert.equal(await x.fail('https://other.test/'), 'page2');
  assert.equal(x.loads.length, before + 1);
  await x.certcheck.act(id, TAB, { kind: 'proceed' });
  assert.equal(await x.fail(URL1), '');
  assert.notEqual(await x.fail(URL1), '');
});

test('the ticket for the browser\'s own page runs out', async () => {
  const x = extension();
  const { id } = await checked(x, 'match');
  await x.certcheck.act(id, TAB, { kind: 'proceed' });
  await x.clock.pass(INTENT_MS);
  assert.notEqual(await x.fail(URL1), '');
});

test('privileged: a match stores an exception for exactly the offered certificate', async () => {
  const api = exactApi();
  const x = extension({ api });
  const { id, page } = await checked(x, 'match');
  assert.equal(page.view.way, 'exception');
  await x.certcheck.act(id, TAB, { kind: 'proceed' });
  assert.deepEqual(api.calls.at(-1), ['addException', 'site.test', 443, '^privateBrowsingId=1', hex('a')]);
  assert.equal(x.loads.at(-1).url, URL1);
});

test('privileged: an exception that is refused leads nowhere and says so', async () => {
  const api = exactApi();
  api.addException = async () => ({ added: false, why: 'hsts' });
  const x = extension({ api });
  const { id, page } = await checked(x, 'match');
  const before = x.loads.length;
  await x.certcheck.act(id, TAB, { kind: 'proceed' });
  assert.deepEqual([page.view.note, x.loads.length], ['exception_hsts', before]);
});

test('mismatch, undecided, waiting, checking: "proceed" does nothing, however it is sent', async () => {
  for (const verdict of ['mismatch', 'undecided', null]) {
    for (const api of [undefined, exactApi()]) {
      const x = extension({ api });
      const id = await x.fail(URL1);
      if (verdict) x.port.say(result(x.port.last('cert.check'), verdict));
      await settle();
      const before = x.loads.length;
      await x.certcheck.act(id, TAB, { kind: 'proceed' });
      assert.equal(x.loads.length, before);
      assert.deepEqual(api?.calls.filter(([name]) => name === 'addException') ?? [], []);
    }
  }
});

test('lying hosts: match of another site, of another certificate, of nothing, with too few answers', async () => {
  const lies = [{ host: 'other.test' }, { fingerprints: [hex('c')] }, { fingerprints: [] }, { answered: 1 }, { others: [] }, { first_party: 'x.test' }, { private: 0 }];
  for (const lie of lies) {
    const x = extension({ api: exactApi() });
    const { page } = await checked(x, 'match', lie);
    assert.deepEqual([page.view.verdict, page.view.problem?.code, page.view.way], ['undecided', 'host_garbage', 'none'], JSON.stringify(lie));
    assert.equal(x.pages.ledger.verified.size, 0);
  }
});

test('an answer for an earlier attempt, or a second one, changes nothing', async () => {
  const x = extension();
  const id = await x.fail(URL1);
  const page = reader(x, id);
  const early = x.port.last('cert.check');
  await x.certcheck.act(id, TAB, { kind: 'retry' });
  await settle();
  assert.equal(x.port.last('cancel').target, early.id);
  const later = x.port.last('cert.check');
  assert.notEqual(later.id, early.id);
  x.port.say(result(early, 'match'));
  await settle();
  assert.equal(page.view.phase, 'checking');
  x.port.say(result(later, 'undecided'));
  x.port.say(result(later, 'match'));
  await settle();
  assert.deepEqual([page.view.verdict, page.view.way, x.pages.ledger.verified.size], ['undecided', 'none', 0]);
});

test('caught once, a certificate is never verified later', async () => {
  const x = extension();
  const { id } = await checked(x, 'mismatch');
  await x.certcheck.act(id, TAB, { kind: 'again' });
  const again = await x.fail(URL1);
  x.port.say(result(x.port.last('cert.check'), 'match'));
  await settle();
  const { view } = reader(x, again);
  assert.deepEqual([view.verdict, view.problem.code, view.way], ['undecided', 'caught_before', 'none']);
});

test('a host that is missing, dies, hangs: undecided, named, and Retry works after the repair', async () => {
  let isThere = false;
  const x = extension({ answer: (m, port) => (isThere ? friendly(m, port) : queueMicrotask(() => port.die('No such native application x'))) });
  const id = await x.fail(URL1);
  const page = reader(x, id);
  assert.deepEqual([page.view.phase, page.view.verdict, page.view.problem.code, page.view.retry], ['done', 'undecided', 'host_missing', 'reload']);
  isThere = true;
  await x.certcheck.act(id, TAB, { kind: 'retry' });
  assert.equal(x.loads.at(-1).url, URL1);
  const next = reader(x, await x.fail(URL1));
  assert.equal(next.view.phase, 'checking');
  assert.equal(x.port.last('cert.check').clicked, true);
  x.port.die();
  await settle();
  assert.equal(next.view.problem.code, 'host_died');
});

test('a host that hangs in the middle is given up after its own deadline and a grace', async () => {
  const x = extension();
  const page = reader(x, await x.fail(URL1));
  await x.clock.pass(30000);
  assert.deepEqual([page.view.phase, page.view.problem.code], ['done', 'host_hung']);
});

test('an error of the host is undecided, with the host\'s own number', async () => {
  const x = extension();
  const page = reader(x, await x.fail(URL1));
  x.port.say({ id: x.port.last('cert.check').id, kind: 'error', code: 1108, name: 'ERR_MSG_BUSY', text: 'too many requests at once' });
  await settle();
  assert.deepEqual([page.view.problem.code, page.view.problem.error.code], ['host_error', 1108]);
});

test('progress goes to every page of the check and to no other', async () => {
  const x = extension();
  x.tabs.set(2, { ...x.tabs.get(1), id: 2 });
  const a = reader(x, await x.fail(URL1));
  const b = reader(x, await x.fail(URL1, SELF_SIGNED, 2));
  const c = reader(x, await x.fail('https://other.test/', SELF_SIGNED, 2));
  const checks = x.port.sent.filter((m) => m.kind === 'cert.check');
  assert.equal(checks.length, 2);
  x.port.say({ id: checks[0].id, kind: 'cert.progress', slot: 2, step: 'building', exit: null, elapsed_ms: 5 });
  assert.deepEqual([a, b, c].map((r) => r.view.slots[2]?.step), ['building', 'building', undefined]);
});

test('the page closes: the check is cancelled, but not by a reload', async () => {
  const x = extension();
  const id = await x.fail(URL1);
  const first = reader(x, id);
  first.stop();
  await x.clock.pass(READER_GRACE_MS - 1);
  const second = reader(x, id);
  await x.clock.pass(1);
  assert.equal(x.port.last('cancel'), undefined);
  second.stop();
  await x.clock.pass(READER_GRACE_MS);
  assert.equal(x.port.last('cancel').target, x.port.last('cert.check').id);
  assert.deepEqual([reader(x, id).view.phase, reader(x, id).view.why], ['waiting', 'closed']);
});

test('a page that closed before the check started, or before another one closed, ends nothing', async () => {
  const x = extension();
  const { page } = await checked(x, 'undecided', { reason: 'too_few_answers', retry_useful: true });
  page.stop();
  await x.clock.pass(READER_GRACE_MS - 1);
  const id = await x.fail(URL1);
  const between = reader(x, id);
  await x.certcheck.act(id, TAB, { kind: 'retry' });
  await settle();
  between.stop();
  await x.clock.pass(1);
  assert.equal(x.port.last('cancel'), undefined, 'the goodbye of an earlier page ended it');
  await x.clock.pass(READER_GRACE_MS);
  assert.ok(x.port.last('cancel'), 'nobody came back');
});

test('an unknown page is over, and leads to the site by its own memory of it only if that is a site', async () => {
  const x = extension();
  assert.equal(x.certcheck.view('nobody').phase, 'over');
  await x.certcheck.act('nobody', TAB, { kind: 'proceed' });
  for (const url of ['javascript:alert(1)', 'http://site.test/', 'file:///etc/passwd', undefined]) await x.certcheck.act('nobody', TAB, { kind: 'again', url });
  assert.deepEqual(x.loads, []);
  await x.certcheck.act('nobody', TAB, { kind: 'again', url: URL1 });
  assert.deepEqual(x.loads, [{ tabId: 1, url: URL1 }]);
});

test('a normal window can\'t use a private page, nor the other way round', async () => {
  const x = extension();
  const { id } = await checked(x, 'match');
  const before = x.loads.length;
  await x.certcheck.act(id, { id: 5, incognito: false }, { kind: 'proceed' });
  assert.equal(x.loads.length, before);
});

for (const isRemembered of [false, true]) test(`new circuit: asks first, then leaves it, loads again, and tries again while it may be the same operator${isRemembered ? '; the verdict is there before the page' : ''}`, async () => {
  const x = extension();
  x.certcheck.noteRequest(1, URL1, { kind: 'socks', username: 'site.test:0', password: '' });
  let { id, page } = await checked(x, 'mismatch');
  assert.equal(page.view.canRenew, true);
  const asked = x.certcheck.act(id, TAB, { kind: 'circuits' });
  await settle();
  assert.equal(x.port.last('circuit.new').dry, true);
  x.port.say({ id: x.port.last('circuit.new').id, kind: 'circuit.result', circuits: 1, streams: 3 });
  assert.deepEqual(await asked, { circuits: 1, streams: 3 });
  x.certcheck.act(id, TAB, { kind: 'newcircuit' });
  for (let i = 0; i < RENEW_MAX + 2; i++) {
    await settle();
    const request = x.port.last('circuit.new');
    if (request.dry || request.seen) break;
    request.seen = true;
    x.port.say({ id: request.id, kind: 'circuit.result', circuits: 1, streams: 0 });
    await settle();
    assert.equal(x.loads.at(-1).url, URL1);
    id = await x.fail(URL1);
    const answer = () => x.port.say(result(x.port.last('cert.check'), 'mismatch', { still_same: true }));
    if (isRemembered) {
      answer();
      await settle();
    }
    page = reader(x, id);
    if (!isRemembered) answer();
  }
  assert.equal(x.port.sent.filter((m) => m.kind === 'circuit.new' && !m.dry).length, RENEW_MAX);
});

test('a new exit that is surely another operator\'s ends the search', async () => {
  for (const more of [{ still_same: false }, { still_same: null, browser_paths: [[relay(1), relay(2), relay(77)]] }]) {
    const x = extension();
    x.certcheck.noteRequest(1, URL1, { kind: 'socks', username: 'site.test:0', password: '' });
    const { id } = await checked(x, 'mismatch');
    x.certcheck.act(id, TAB, { kind: 'newcircuit' });
    await settle();
    x.port.say({ id: x.port.last('circuit.new').id, kind: 'circuit.result', circuits: 1, streams: 0 });
    await settle();
    reader(x, await x.fail(URL1));
    x.port.say(result(x.port.last('cert.check'), 'mismatch', more));
    await settle();
    assert.equal(x.port.sent.filter((m) => m.kind === 'circuit.new').length, 1);
  }
});

test('New Identity and the last window wipe everything, here, in the host, and the exceptions', async () => {
  for (const how of ['newnym', 'window']) {
    const api = exactApi();
    const x = extension({ api });
    x.session.start();
    const { id, page } = await checked(x, 'match');
    if (how === 'newnym') {
      x.port.say({ kind: 'event', event: 'newnym' });
    } else {
      x.web.open = { normal: 0, private: 0 };
      await x.session.onWindowRemoved();
    }
    await settle();
    assert.deepEqual(x.store.values, {});
    assert.equal(x.pages.ledger.isVerified({ firstParty: 'site.test', private: 1, container: 0, host: 'site.test', port: 443 }, hex('a')), false);
    assert.deepEqual(api.calls.map(([name]) => name).sort(), ['clearExceptions', 'forget', 'hideNativeBypass']);
    assert.equal(page.view.phase, 'over');
    assert.equal(x.certcheck.view(id).phase, 'over');
    assert.equal(Boolean(x.port.last('session.wipe')), how === 'window');
  }
});

test('a running check that is wiped opens nothing when its answer comes', async () => {
  const x = extension();
  const id = await x.fail(URL1);
  const request = x.port.last('cert.check');
  await x.certcheck.wipe();
  x.port.say(result(request, 'match'));
  await settle();
  assert.equal(x.certcheck.view(id).phase, 'over');
  assert.equal(x.pages.ledger.verified.size, 0);
  assert.deepEqual(x.store.values, {});
});

test('one of several windows closes: nothing is wiped', async () => {
  const x = extension();
  const { id } = await checked(x, 'match');
  x.web.open = { normal: 1, private: 1 };
  await x.session.onWindowRemoved();
  assert.equal(x.certcheck.view(id).verdict, 'match');
  x.web.open = { normal: 1, private: 0 };
  await x.session.onWindowRemoved();
  assert.equal(x.certcheck.view(id).phase, 'over');
});

test('a background page that was unloaded knows its verdicts, and never a running check', async () => {
  const x = extension();
  const { id } = await checked(x, 'match');
  const running = await x.fail('https://other.test/');
  const y = extension({ storage: x.store.values });
  await y.pages.ready;
  assert.equal(y.certcheck.view(id).verdict, 'match');
  assert.deepEqual([y.certcheck.view(running).phase, y.certcheck.view(running).why], ['waiting', 'again']);
  assert.equal(y.pages.ledger.isVerified({ firstParty: 'site.test', private: 1, container: 0, host: 'site.test', port: 443 }, hex('a')), true);
});

test('only known actions of our own pages are heard', async () => {
  const x = extension();
  const id = await x.fail(URL1);
  const posted = [];
  let hear = null;
  await x.session.onPage({ id, tab: TAB, post: (m) => posted.push(m), onMessage: (f) => { hear = f; }, onClose: () => {} });
  assert.equal(posted[0].kind, 'state');
  const before = x.port.sent.length;
  for (const junk of [null, undefined, 'proceed', {}, { kind: 'wipe' }, { kind: '__proto__' }, { kind: 'constructor' }, { kind: ['start'] }]) await hear(junk);
  assert.equal(x.port.sent.length, before);
  assert.equal(await x.session.onAsk({ kind: 'something else' }), null);
});

test('a page that is gone before it was answered is not read for', async () => {
  const x = extension();
  const id = await x.fail(URL1);
  let close = null;
  const opening = x.session.onPage({ id, tab: TAB, post: () => assert.fail('gone'), onMessage: () => {}, onClose: (f) => { close = f; } });
  close();
  await opening;
});

test('a stored exception that was stopped: our page, the exact certificate asked, then straight on', async () => {
  const x = extension();
  const site = { firstParty: 'site.test', private: 1, container: 0, host: 'site.test', port: 443 };
  await x.certcheck.onStoppedResponse({ tabId: 1, url: URL1, site, sha256: hex('a'), der: 'TEVBRg==', category: 'trust_error', proxy: { kind: 'socks', username: 'site.test:0', password: '' } });
  await settle();
  const asked = x.port.last('cert.check');
  assert.deepEqual([asked.error, asked.offered], [-8179, ['TEVBRg==']]);
  const page = reader(x, 'page1');
  x.port.say(result(asked, 'match'));
  await settle();
  assert.equal(page.view.way, 'direct');
  await x.certcheck.act('page1', TAB, { kind: 'proceed' });
  assert.equal(x.loads.at(-1).url, URL1);
});

test('the same country is asked only where the host offered it', async () => {
  const x = extension();
  const { id, page } = await checked(x, 'undecided', { reason: 'site_rotates' });
  await x.certcheck.act(id, TAB, { kind: 'retry', sameCountry: true });
  await settle();
  assert.equal(x.port.last('cert.check').same_country, false);
  await x.certcheck.act(id, TAB, { kind: 'retry' });
  await settle();
  x.port.say(result(x.port.last('cert.check'), 'undecided', { reason: 'site_rotates', same_country_possible: true }));
  await settle();
  assert.equal(page.view.result.same_country_possible, true);
  await x.certcheck.act(id, TAB, { kind: 'retry', sameCountry: true });
  await settle();
  assert.deepEqual([x.port.last('cert.check').same_country, x.port.last('cert.check').clicked], [true, true]);
});

test('a verdict that asking again can\'t change is not asked again', async () => {
  for (const verdict of ['match', 'mismatch', 'exempt']) {
    const x = extension();
    const { id } = await checked(x, verdict);
    for (const sameCountry of [false, true]) await x.certcheck.act(id, TAB, { kind: 'retry', sameCountry });
    await x.certcheck.act(id, TAB, { kind: 'start' });
    await settle();
    assert.equal(x.port.sent.filter((m) => m.kind === 'cert.check').length, 1);
  }
});

test('events of tor, and events of another version, wipe nothing', async () => {
  const x = extension();
  x.session.start();
  const { id } = await checked(x, 'match');
  x.port.say({ kind: 'event', event: 'tor', up: false, error: null });
  x.port.say({ kind: 'event', event: 'newname' });
  await settle();
  assert.equal(x.certcheck.view(id).verdict, 'match');
});
