// The host from its standard input to its standard output, over a real Tor network and real TLS, without a browser: each
// verdict of the table of cases, in both editions. tests/net/hostbed.mjs says what it stands on.

import test, { before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { HostBed, K, PORT } from '../net/hostbed.mjs';
import { FAMILY_ONLY_PORT } from '../net/plan.mjs';
import { startFilter } from '../net/filter.mjs';
import { until } from '../net/proc.mjs';

let bed;
// With conflux the browser's second visit may come through another exit.
before(async () => { bed = await HostBed.start({ clientOptions: ['ConfluxEnabled 0'] }); }, { timeout: 600000 });
after(() => bed?.stop());

const sha = (kind, name, exit) => bed.origin.certificate(kind, name, exit).sha256;
const verdict = (r) => [r.verdict, r.reason];
const show = (r) => JSON.stringify({ ...r, browser_paths: undefined, first: r.first?.map(brief), others: r.others?.map(brief) });
const brief = (a) => [a.slot, a.exit?.nickname, a.status, a.agrees, a.valid, a.error?.name].join(' ');

describe('hello and status', () => {
  test('hello, status, end of input', async () => {
    const h = await bed.host();
    assert.equal(h.greeting.kind, 'hello');
    assert.equal(h.greeting.protocol, 1);
    assert.equal(h.greeting.k, K);
    assert.ok(h.greeting.capabilities.includes('cert.check'));
    const s = await h.status();
    assert.ok(s.tor.up && s.tor.error === null && s.tor.mapaddress && s.tor.streams && s.tor.geoip);
    assert.equal(s.tor.auth, 'SAFECOOKIE');
    assert.equal(s.tor.relays, bed.net.relays.length);
    assert.equal(s.tor.exits, bed.net.exits.length);
    const pids = h.pids();
    assert.equal(pids.length, 3, 'main, net, parse');
    assert.equal(await h.close(), 0);
    await until(() => pids.every((p) => { try { process.kill(p, 0); return false; } catch { return true; } }), { limit: 20000, what: 'no process left' });
  });

  test('over unix sockets', async () => {
    const { client } = bed.net, name = bed.name('unix');
    bed.origin.site(name, { first: 'self-signed', others: 'self-signed' });
    const h = await bed.host({ control: { path: client.controlSocket }, socks: { path: client.socksSocket } });
    const { result } = await bed.meet(h, name);
    assert.deepEqual(verdict(result), ['match', 'same_certificate'], show(result));
    await h.close();
  });
});

for (const edition of ['standard', 'privileged']) {
  const exact = edition === 'privileged';
  describe(`${edition} edition`, () => {
    let host;
    before(async () => { host = await bed.host({ edition }); });
    after(async () => {
      assert.deepEqual(await bed.mappings(), [], 'mappings left behind');
      assert.equal(await host.close(), 0);
    });
    const site = (word, spec) => { const name = bed.name(word); bed.origin.site(name, spec); return name; };

    test('honest exit, self-signed: match', async () => {
      const name = site('honest', { first: 'self-signed', others: 'self-signed' });
      const { result: r, progress } = await bed.meet(host, name);
      assert.deepEqual(verdict(r), ['match', 'same_certificate'], show(r));
      assert.deepEqual([r.k, r.answered, r.error, r.weaker], [K, K, null, false]);
      assert.deepEqual(r.fingerprints, [sha('self-signed', name)]);
      assert.equal(r.others.filter((a) => a.status === 'certificate' && a.agrees === 'same_certificate' && a.signed).length, K);
      bed.assertIndependent(r);
      const came = bed.origin.connections(name)[0];
      assert.equal(r.browser_paths.length, 1);
      assert.equal(r.browser_paths[0].at(-1).fingerprint, came.fingerprint);
      assert.equal(r.browser_paths[0].at(-1).country, bed.net.exit(came.fingerprint).country);
      assert.equal(r.first[0].exit.fingerprint, came.fingerprint);
      assert.equal(r.first[0].source, exact ? 'browser' : 'probe');
      assert.equal(r.first[0].certificate.sha256, sha('self-signed', name));
      assert.equal(r.first[0].certificate.spki_sha256, bed.origin.certificate('self-signed', name).spkiSha256);
      assert.ok(Math.abs(r.chance[0] - 0.23) < 0.01 && Math.abs(r.chance[1] - r.chance[0] ** 2) < 1e-3);
      for (const a of r.others) assert.equal(a.path.at(-1).fingerprint, a.exit.fingerprint);
      for (const slot of [1, 2, 3]) assert.equal(progress.filter((p) => p.slot === slot).at(-1)?.step, 'done');
      // The origin saw the very exits the host names, and no request of the host's.
      const seen = bed.origin.connections(name).filter((c) => c.role > 0);
      assert.deepEqual(seen.map((c) => c.fingerprint).sort(), r.others.map((a) => a.exit.fingerprint).sort());
      assert.ok(bed.origin.connections(name).every((c) => c.requests.length === 0));
      // A second visit asks nobody anew.
      const before = bed.origin.connections(name).length;
      const again = await bed.meet(host, name);
      assert.equal(again.result.verdict, 'match');
      // (Tor may give the browser's second connection another exit; it, and our probe through it, are no new corroborators.)
      const firsts = again.result.browser_paths.map((p) => p.at(-1).fingerprint);
      assert.deepEqual(bed.origin.connections(name).slice(before).filter((c) => c.role > 0 && !firsts.includes(c.fingerprint)).map((c) => c.exit), []);
    });

    test('intercepts, the site is valid: mismatch', async () => {
      const name = site('mitm', { first: 'forged', others: 'valid' });
      const { result: r } = await bed.meet(host, name);
      assert.deepEqual(verdict(r), ['mismatch', 'others_see_valid'], show(r));
      assert.deepEqual(r.fingerprints, []);
      assert.ok(r.others.some((a) => a.valid && a.signed));
      assert.equal(r.first[0].certificate.sha256, sha('forged', name));
      assert.deepEqual(bed.origin.leaks(name), []);
      // Clicking until it turns green does not work.
      bed.origin.site(name, { first: 'forged', others: 'forged' });
      const again = await bed.meet(host, name, { retry: true });
      assert.equal(again.result.verdict, 'mismatch', show(again.result));
    });

    test('look-alike of a self-signed certificate: mismatch', async () => {
      const name = site('twin', { first: 'lookalike', others: 'self-signed' });
      const { result: r } = await bed.meet(host, name);
      assert.deepEqual(verdict(r), ['mismatch', 'others_agree'], show(r));
      const [a, b] = [r.first[0].certificate, r.others[0].certificate];
      for (const field of ['subject', 'issuer', 'names', 'serial', 'not_before', 'not_after']) assert.deepEqual(a[field], b[field], field);
      assert.notEqual(a.sha256, b.sha256);
      assert.deepEqual(r.fingerprints, []);
    });

    for (const [word, spec] of Object.entries({
      'only the first connection, valid site': { first: { each: ['forged', 'valid'] }, others: 'valid' },
      'only the first connection, self-signed site': { first: { each: ['forged', 'self-signed'] }, others: 'self-signed' },
      'sometimes, valid site': { first: { cycle: ['forged', 'valid'] }, others: 'valid' },
      'sometimes, self-signed site': { first: { cycle: ['forged', 'self-signed'] }, others: 'self-signed' },
    })) {
      test(`intercepts ${word}: the forged certificate never counts as verified`, async () => {
        const name = site('some', spec);
        const { result: r } = await bed.meet(host, name);
        assert.ok(!r.fingerprints.includes(sha('forged', name)), show(r));
        if (exact) assert.equal(r.verdict, 'mismatch', show(r));
        if (exact) assert.equal(r.first[0].certificate.sha256, sha('forged', name));
      });
    }

    test('one corroborator lies: undecided; Retry does not ask it anew', async () => {
      const name = site('liar', { first: 'self-signed', others: ['forged', 'self-signed'] });
      const { result: r } = await bed.meet(host, name);
      assert.deepEqual(verdict(r), ['undecided', 'exits_differ'], show(r));
      assert.equal(r.others.filter((a) => a.agrees === 'differs').length, 1);
      assert.equal(r.others.filter((a) => a.status === 'certificate').length, K);
      const liar = bed.origin.connections(name).find((c) => c.role === 1).fingerprint;
      const before = bed.origin.connections(name).length;
      const again = await bed.meet(host, name, { retry: true });
      assert.deepEqual(verdict(again.result), ['undecided', 'exits_differ'], show(again.result));
      assert.deepEqual(bed.origin.connections(name).slice(before).filter((c) => c.fingerprint === liar), []);
    });

    test('two of three corroborators lie alike, the third sees the valid chain: mismatch', async () => {
      const name = site('cartel', { first: 'forged', others: ['forged', 'forged', 'valid'] });
      const { result: r } = await bed.meet(host, name);
      assert.deepEqual(verdict(r), ['mismatch', 'others_see_valid'], show(r));
    });

    test('wrong host name; missing intermediate; one key: match', async () => {
      for (const [kind, reason] of [['wrong-name', 'same_certificate'], ['missing-intermediate', 'same_certificate'], ['same-key', 'same_key']]) {
        const name = site(kind, { first: kind, others: kind });
        const { result: r } = await bed.meet(host, name);
        assert.deepEqual(verdict(r), ['match', reason], `${kind}: ${show(r)}`);
        const came = bed.net.exit(bed.origin.connections(name)[0].fingerprint);
        assert.ok(r.fingerprints.includes(sha(kind, name, came)));
        // Every certificate that is named was really shown by somebody.
        const shown = new Set([...r.first, ...r.others].map((a) => a.certificate?.sha256));
        for (const fp of r.fingerprints) assert.ok(shown.has(fp));
      }
    });

    test('different keys at every exit: undecided, the site rotates', async () => {
      const name = site('rotates', { first: 'many-keys', others: 'many-keys' });
      const { result: r } = await bed.meet(host, name);
      assert.deepEqual(verdict(r), ['undecided', 'site_rotates'], show(r));
      assert.equal(r.same_country_possible, false, 'no country here holds ten groups');
    });

    test('a name that resolves to a private address is checked like any', async () => {
      for (const name of ['router.local', 'shop.test', 'fritz.box']) {
        bed.origin.site(name, { first: 'forged', others: 'self-signed' });
        const { result: r } = await bed.meet(host, name);
        assert.deepEqual(verdict(r), ['mismatch', 'others_agree'], show(r));
      }
    });

    test('a true certificate without its key proves nothing', async () => {
      const name = site('keyless', { first: 'self-signed', others: 'bad-signature:self-signed' });
      const { result: r } = await bed.meet(host, name);
      assert.notEqual(r.verdict, 'match', show(r));
      const other = site('keyless', { first: 'forged', others: ['bad-signature:valid', 'bad-signature:valid', 'forged'] });
      const { result: q } = await bed.meet(host, other);
      assert.notEqual(q.verdict, 'match', show(q));
      assert.ok(q.others.every((a) => !a.valid), 'no valid chain was proved');
    });

    test('its whole family is all that is left: no independent exit', async () => {
      const name = site('family', { first: 'self-signed', others: 'self-signed' });
      const { result: r } = await bed.meet(host, name, { port: FAMILY_ONLY_PORT });
      assert.deepEqual(verdict(r), ['undecided', 'no_independent_exit'], show(r));
      const roles = new Set(bed.origin.connections(name).map((c) => c.role));
      assert.deepEqual([...roles], [0], 'the other family member was asked');
    });

    test('two circuits may have carried it: corroborators are independent of both', async () => {
      const name = site('twice', { first: 'self-signed', others: 'self-signed' });
      const browser = bed.newBrowser();
      let visit;
      await until(async () => {
        visit = await browser.visit(name, PORT);
        if (new Set(bed.origin.connections(name).map((c) => c.exit)).size === 2) return true;
        browser.newCircuit(name);
        return false;
      }, { every: 1, limit: 30000, what: 'two exits' });
      const { result: r } = await bed.meet(host, name, { browser, visit });
      if (exact) assert.equal(r.browser_paths.length, 1, 'the credentials name one circuit');
      else assert.ok(r.browser_paths.length >= 2);
      assert.equal(r.verdict, 'match', show(r));
      for (const path of r.browser_paths)
        for (const a of r.others) assert.notEqual(bed.kin(a.exit.fingerprint), bed.kin(path.at(-1).fingerprint));
    });
  });
}

describe('what is not looked at, and what is not known', () => {
  let host;
  before(async () => { host = await bed.host(); });
  after(async () => {
    assert.deepEqual(await bed.mappings(), []);
    await host.close();
  });

  test('nothing came through tor: the first exit is unknown', async () => {
    const { final: r } = await host.check(bed.name('nobody'), PORT);
    assert.deepEqual(verdict(r), ['undecided', 'first_unknown'], show(r));
  });

  test('not through an exit: exempt', async () => {
    const { final: direct } = await host.check(bed.name('direct'), PORT, { proxy: 'direct' });
    assert.deepEqual(verdict(direct), ['exempt', 'not_through_exit'], show(direct));
  });

  // By how the connection went, not by how the name is spelt.
  test('an onion service: exempt; a name that only looks like one: not', { timeout: 90000 }, async () => {
    const c = await bed.net.client.openControl();
    const [line] = await c.command(`ADD_ONION NEW:ED25519-V3 Flags=DiscardPK Port=${PORT},${bed.net.exits[0].originAddress}:${PORT}`);
    const name = `${/ServiceID=(\S+)/.exec(line)[1]}.onion`;
    bed.origin.site(name, { first: 'self-signed', others: 'self-signed' });
    const visit = await until(() => bed.browser.visit(name, PORT), { limit: 60000, every: 500, what: 'the onion service answers' });
    const before = bed.origin.connections(name).length;
    const { result: onion } = await bed.meet(host, name, { visit });
    assert.deepEqual(verdict(onion), ['exempt', 'onion_service'], show(onion));
    assert.equal(bed.origin.connections(name).length, before, 'the host connected to the onion service');
    c.close();
    const { final: nothing } = await host.check('duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion', 443);
    assert.equal(nothing.verdict, 'undecided', show(nothing));
  });

  test('private addresses get no mapping and no stream', async () => {
    for (const address of ['127.0.0.1', '10.0.0.1', '192.168.1.1', '172.16.0.9', '169.254.1.1', '0.0.0.0', '[::1]', 'fe80::1', 'fd00::1', '::ffff:10.0.0.1']) {
      const { final: r } = await host.check(address, PORT);
      assert.notEqual(r.verdict, 'match', address);
      assert.notEqual(r.verdict, 'exempt', address);
    }
  });

  test('limits: five automatic checks, then a click is wanted', async () => {
    const h = await bed.host();
    const names = Array.from({ length: 8 }, () => bed.name('auto'));
    for (const n of names) bed.origin.site(n, { first: 'self-signed', others: 'self-signed' });
    const visits = await Promise.all(names.map((n) => bed.browser.visit(n, PORT)));
    const results = await Promise.all(names.map((n, i) => bed.ask(h, n, visits[i], { clicked: false }).then((x) => x.final)));
    assert.equal(results.filter((r) => r.verdict === 'match').length, 5);
    assert.equal(results.filter((r) => r.reason === 'needs_click').length, 3);
    const late = names[results.findIndex((r) => r.reason === 'needs_click')];
    assert.deepEqual(bed.origin.connections(late).map((c) => c.role), [0], 'a check that was not started reached the site');
    const { result } = await bed.meet(h, late, { clicked: true });
    assert.equal(result.verdict, 'match', show(result));
    await h.close();
  });

  test('cancel ends a running check', async () => {
    const name = bed.name('cancel');
    bed.origin.site(name, { first: 'stall', others: 'stall' });
    bed.browser.visit(name, PORT).catch(() => {});
    await until(() => bed.origin.connections(name).length, { what: 'the browser reached the site' });
    const running = bed.ask(host, name, { error: -16370, chain: [] });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { final: ok } = await host.request({ kind: 'cancel', target: running.id });
    assert.equal(ok.kind, 'ok');
    const { final } = await running;
    assert.deepEqual(verdict(final), ['undecided', 'cancelled']);
  });

  test('New Identity wipes what is remembered', async () => {
    const name = bed.name('newnym');
    bed.origin.site(name, { first: 'forged', others: 'self-signed' });
    assert.equal((await bed.meet(host, name)).result.verdict, 'mismatch');
    const since = host.messages.length;
    const c = await bed.net.client.openControl();
    await c.command('SIGNAL NEWNYM');
    c.close();
    await host.event('newnym', { since });
    bed.origin.site(name, { first: 'self-signed', others: 'self-signed' });
    const browser = bed.newBrowser();
    assert.equal((await bed.meet(host, name, { browser })).result.verdict, 'match');
  });

  test('session.wipe forgets, and cancels what runs', async () => {
    const name = bed.name('wipe');
    bed.origin.site(name, { first: 'forged', others: 'self-signed' });
    assert.equal((await bed.meet(host, name)).result.verdict, 'mismatch');
    assert.equal((await host.request({ kind: 'session.wipe' })).final.kind, 'ok');
    bed.origin.site(name, { first: 'self-signed', others: 'self-signed' });
    assert.equal((await bed.meet(host, name)).result.verdict, 'match');
  });
});

describe('a filtered control port (Tails, Whonix)', () => {
  test('MAPADDRESS refused: fresh credentials until independent exits came', async () => {
    const filter = await startFilter(bed.net.client.control, /^(MAPADDRESS|SETCONF|RESETCONF)/i);
    const h = await bed.host({ control: filter });
    for (const [spec, want] of [[{ first: 'self-signed', others: 'self-signed' }, 'match'], [{ first: 'forged', others: 'valid' }, 'mismatch']]) {
      const name = bed.name('tails');
      bed.origin.site(name, spec);
      // The standard edition can't send a probe of its own through the first exit here; the privileged one need not.
      h.edition = 'privileged';
      const { result: r } = await bed.meet(h, name);
      assert.equal(r.verdict, want, show(r));
      bed.assertIndependent(r);
      // No TLS byte went through an exit that was not independent.
      const first = bed.origin.connections(name)[0].fingerprint;
      for (const c of bed.origin.connections(name).slice(1)) assert.ok(c.fingerprint === first || bed.kin(c.fingerprint) !== bed.kin(first));
    }
    assert.ok(filter.refused.length > 0);
    assert.equal((await h.status()).tor.mapaddress, false);
    await h.close();
    await filter.stop();
  });

  test('stream events refused: undecided, and why', async () => {
    const filter = await startFilter(bed.net.client.control, /^SETEVENTS/i);
    const h = await bed.host({ control: filter });
    const name = bed.name('whonix');
    bed.origin.site(name, { first: 'self-signed', others: 'self-signed' });
    const { result: r } = await bed.meet(h, name);
    assert.equal(r.verdict, 'undecided', show(r));
    assert.equal(r.error?.name, 'ERR_TOR_FILTERED', show(r));
    await h.close();
    await filter.stop();
  });

  test('two tors: only the one that carried the browser counts', async () => {
    const second = await bed.net.addClient();
    const h = await bed.host({ control: second.control, socks: second.socks });
    const name = bed.name('othertor');
    bed.origin.site(name, { first: 'self-signed', others: 'self-signed' });
    const { result: r } = await bed.meet(h, name);
    assert.deepEqual(verdict(r), ['undecided', 'first_unknown'], show(r));
    await h.close();
  });
});
