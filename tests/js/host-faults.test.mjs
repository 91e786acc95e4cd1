// The host when things break: sites and exits that stall, tor that dies, a host that is killed, fifty checks at once. Nothing
// may be left behind in the browser's tor, and every check ends in time and says why.

import test, { before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { HostBed, PORT, K } from '../net/hostbed.mjs';
import { socksConnect } from '../net/socks.mjs';
import { until, sleep } from '../net/proc.mjs';

// A busy machine's timers are late; whatever else ends a check comes much later.
const DEADLINE = 25000, LATE = 3000;
const MEMORY_LIMIT_KIB = 48 * 1024;
let bed;
before(async () => { bed = await HostBed.start(); }, { timeout: 600000 });
after(() => bed?.stop());

const verdict = (r) => [r.verdict, r.reason];
const brief = (a) => [a.slot, a.exit?.nickname, a.status, a.agrees, a.error?.name].join(' ');
const show = (r) => JSON.stringify({ ...r, browser_paths: undefined, first: r.first?.map(brief), others: r.others?.map(brief) });

describe('peers that give no handshake', { concurrency: true }, () => {
  let host, retry;
  before(async () => { host = await bed.host(); retry = await bed.host(); });
  after(async () => {
    assert.deepEqual(await bed.mappings(), []);
    await host.close();
    await retry.close();
  });
  const BEHAVIOURS = ['stall', 'stall-hello:self-signed', 'cut:self-signed', 'close', 'reset', 'garbage', 'drip:self-signed', 'flood', 'huge', 'alert', 'http'];

  for (const behaviour of BEHAVIOURS) {
    test(`every other exit: ${behaviour}: undecided in time; Retry works`, { timeout: 90000 }, async () => {
      const name = bed.name(behaviour.split(':')[0]);
      const site = bed.origin.site(name, { first: 'self-signed', others: behaviour });
      const visit = await bed.browser.visit(name, PORT);
      const { result: r } = await bed.meet(retry, name, { visit });
      assert.equal(r.verdict, 'undecided', show(r));
      assert.ok(['too_few_answers', 'deadline', 'no_independent_exit'].includes(r.reason), show(r));
      assert.ok(r.elapsed_ms <= DEADLINE + LATE, `${r.elapsed_ms} ms`);
      assert.ok(r.retry_useful);
      assert.deepEqual(r.fingerprints, []);
      assert.ok(r.others.every((a) => a.status === 'failed' && a.error));
      site.others = 'self-signed';
      const again = await bed.meet(retry, name, { retry: true });
      assert.deepEqual(verdict(again.result), ['match', 'same_certificate'], show(again.result));
    });

    test(`the first exit, asked again: ${behaviour}: undecided in time`, { timeout: 60000 }, async () => {
      const name = bed.name('first-' + behaviour.split(':')[0]);
      bed.origin.site(name, { first: { each: ['self-signed', behaviour] }, others: 'self-signed' });
      const { result: r } = await bed.meet(host, name);
      assert.equal(r.verdict, 'undecided', show(r));
      assert.ok(r.elapsed_ms <= DEADLINE + LATE, `${r.elapsed_ms} ms`);
    });
  }

  test('one of three stalls: another takes its place', { timeout: 60000 }, async () => {
    const name = bed.name('one-stalls');
    bed.origin.site(name, { first: 'self-signed', others: ['stall', 'self-signed'] });
    const { result: r } = await bed.meet(host, name);
    assert.deepEqual(verdict(r), ['match', 'same_certificate'], show(r));
    assert.equal(r.answered, K);
  });

  test('names that other exits can\'t resolve; resolvers that stay silent', { timeout: 60000 }, async () => {
    for (const rule of ['nxdomain', 'silent']) {
      const name = bed.name(rule);
      bed.origin.site(name, { first: 'self-signed', others: 'self-signed' });
      const visit = await bed.browser.visit(name, PORT);
      const first = bed.origin.connections(name)[0].fingerprint;
      for (const e of bed.net.exits) if (e.fingerprint !== first) e.dns.rule(name, rule);
      const { result: r } = await bed.meet(host, name, { visit });
      assert.equal(r.verdict, 'undecided', show(r));
      assert.ok(r.elapsed_ms <= DEADLINE + LATE);
    }
  });
});

test('an exit that stops in the middle is replaced', { timeout: 60000 }, async () => {
  const host = await bed.host();
  const name = bed.name('stopped');
  bed.origin.site(name, { first: 'self-signed', others: 'self-signed' });
  const visit = await bed.browser.visit(name, PORT);
  const first = bed.origin.connections(name)[0].fingerprint;
  // Exits 6 and 7 are no one's kin: one that the browser did not use falls silent.
  const victim = bed.net.exits.slice(6).find((e) => e.fingerprint !== first);
  victim.process.kill('SIGSTOP');
  try {
    const { result: r } = await bed.meet(host, name, { visit });
    assert.equal(r.verdict, 'match', show(r));
    assert.ok(!r.others.some((a) => a.status === 'certificate' && a.exit.fingerprint === victim.fingerprint));
  } finally { victim.process.kill('SIGCONT'); }
  await host.close();
});

describe('tor', () => {
  test('killed in the middle of a check and started again', { timeout: 120000 }, async () => {
    const host = await bed.host();
    const name = bed.name('torkill');
    const site = bed.origin.site(name, { first: 'self-signed', others: 'stall' });
    const visit = await bed.browser.visit(name, PORT);
    const since = host.messages.length;
    const running = bed.ask(host, name, visit);
    await until(() => bed.origin.connections(name).some((c) => c.role > 0), { what: 'a corroborator arrived' });
    await bed.net.client.kill();
    const killed = Date.now();
    const { final: r } = await running;
    assert.equal(r.verdict, 'undecided', show(r));
    assert.equal(r.reason, 'tor_unavailable', show(r));
    assert.ok(r.error && r.error.code >= 1201 && r.error.code < 1300, show(r));
    assert.ok(Date.now() - killed < 15000, 'a person is told within seconds');    // 4 s, and not at the deadline
    assert.ok(r.others.every((o) => o.error === null || (o.error.code >= 1201 && o.error.code < 1300)), 'no exit is blamed');
    assert.equal((await host.event('tor', { since })).up, false);
    const { final: meanwhile } = await host.check(name, PORT);
    assert.deepEqual(verdict(meanwhile), ['undecided', 'tor_unavailable'], show(meanwhile));
    const down = host.messages.length;
    await bed.net.client.start();
    assert.equal((await host.event('tor', { since: down, match: (m) => m.up })).up, true);
    await host.torUp();
    site.others = 'self-signed';
    bed.browser = bed.newBrowser();
    const again = await bed.meet(host, name, { retry: true });
    assert.equal(again.result.verdict, 'match', show(again.result));
    assert.deepEqual(await bed.mappings(), []);
    await host.close();
  });

  test('its control port refuses, then is there', { timeout: 60000 }, async () => {
    const gate = net.createServer((s) => s.destroy());
    await new Promise((resolve) => gate.listen(0, '127.0.0.1', resolve));
    const { port } = gate.address();
    await new Promise((resolve) => gate.close(resolve));
    const host = await bed.host({ control: { host: '127.0.0.1', port }, wait: false });
    const s = await host.status();
    assert.equal(s.tor.up, false);
    assert.ok(['ERR_TOR_REFUSED', 'ERR_TOR_ABSENT'].includes(s.tor.error?.name), JSON.stringify(s));
    const name = bed.name('refused');
    bed.origin.site(name, { first: 'self-signed', others: 'self-signed' });
    const { result: r } = await bed.meet(host, name);
    assert.deepEqual(verdict(r), ['undecided', 'tor_unavailable'], show(r));
    assert.ok(r.error?.text);
    // A door opens where none was: the same host finds it by itself.
    const since = host.messages.length;
    const door = net.createServer((inner) => {
      const outer = net.connect(bed.net.client.control);
      inner.pipe(outer).pipe(inner);
      for (const x of [inner, outer]) x.on('error', () => { inner.destroy(); outer.destroy(); });
    });
    await new Promise((resolve) => door.listen(port, '127.0.0.1', resolve));
    await host.event('tor', { since, match: (m) => m.up, limit: 35000 });
    const late = bed.name('late');
    bed.origin.site(late, { first: 'self-signed', others: 'self-signed' });
    const { result: again } = await bed.meet(host, late);
    assert.equal(again.verdict, 'match', show(again));
    await host.close();
    door.close();
  });
});

test('fifty checks at once: all end, little memory, nothing left behind', { timeout: 180000 }, async (t) => {
  const host = await bed.host({ edition: 'privileged' });
  const config = await bed.config();
  const names = Array.from({ length: 50 }, () => bed.name('many'));
  for (const n of names) bed.origin.site(n, { first: 'self-signed', others: 'self-signed' });
  const visits = [];
  for (let i = 0; i < names.length; i += 10)
    visits.push(...await Promise.all(names.slice(i, i + 10).map((n) => bed.browser.visit(n, PORT))));
  let peak = 0, busy = true, atPeak;
  const watch = (async () => {
    for (; busy; await sleep(50)) {
      const m = host.memory(), sum = m.reduce((a, x) => a + x.kib, 0);
      if (sum > peak) { peak = sum; atPeak = m; }
    }
  })();
  const results = await Promise.all(names.map((n, i) => bed.ask(host, n, visits[i]).then((x) => x.final)));
  busy = false;
  await watch;
  t.diagnostic(`peak Private_Dirty ${peak} KiB: ${atPeak.map((m) => `${m.name} ${m.kib}`).join(', ')}`);
  t.diagnostic(`verdicts: ${JSON.stringify(results.reduce((a, r) => ({ ...a, [r.reason]: (a[r.reason] ?? 0) + 1 }), {}))}`);
  for (const r of results) {
    assert.ok(['match', 'undecided'].includes(r.verdict), show(r));
    assert.ok(r.elapsed_ms <= DEADLINE + LATE, `${r.elapsed_ms} ms`);
  }
  assert.ok(results.filter((r) => r.verdict === 'match').length >= 45, results.filter((r) => r.verdict !== 'match').map(show).join('\n'));
  assert.ok(peak < MEMORY_LIMIT_KIB, `${peak} KiB`);
  assert.deepEqual(await bed.mappings(), []);
  assert.equal(await bed.config(), config);
  await host.close();
});

describe('SIGKILL of the host', { concurrency: true }, () => {
  const INERT = /^[a-z0-9]{16,}\.virtual [^ ]+\.[0-9A-F]{40}\.exit NEVER$/;

  async function openEcho() {
    const sockets = new Set();
    const server = net.createServer((s) => { sockets.add(s); s.on('error', () => {}); s.pipe(s); });
    const at = bed.net.exits.map((e) => e.originAddress);
    const servers = [server, ...at.slice(1).map(() => net.createServer((s) => { sockets.add(s); s.on('error', () => {}); s.pipe(s); }))];
    await Promise.all(servers.map((s, i) => new Promise((resolve) => s.listen(18999, at[i], resolve))));
    const stream = await socksConnect(bed.net.client.socks, { host: 'echo.test', port: 18999, username: 'echo.test:0', password: 'ab' });
    let got = '';
    stream.on('data', (b) => { got += b; });
    stream.on('close', () => { got = null; });
    stream.resume();
    let n = 0;
    return {
      async works() { const word = `<${++n}>`; stream.write(word); await until(() => got?.includes(word), { limit: 20000, what: 'the open stream goes on' }); },
      stop() { stream.destroy(); for (const s of sockets) s.destroy(); for (const s of servers) s.close(); },
    };
  }

  test('at ten random moments of a check', { timeout: 180000 }, async (t) => {
    const config = await bed.config();
    const echo = await openEcho();
    const left = new Set(await bed.mappings());
    for (let i = 0; i < 10; i++) {
      const host = await bed.host({ edition: i % 2 ? 'privileged' : 'standard' });
      const pids = host.pids();
      const name = bed.name('kill');
      bed.origin.site(name, { first: 'self-signed', others: i % 3 ? 'self-signed' : 'stall' });
      const visit = await bed.browser.visit(name, PORT);
      bed.ask(host, name, visit).catch(() => {});
      await sleep(Math.random() * 150);
      // Half of the times main alone, half of the times everything at the same instant.
      if (i < 5) await host.kill('SIGKILL');
      else for (const p of pids.reverse()) process.kill(p, 'SIGKILL');
      await until(() => pids.every((p) => { try { process.kill(p, 0); return false; } catch { return true; } }), { limit: 20000, what: 'net and parse ended too' });
      await echo.works();
      assert.equal(await bed.config(), config, 'an option of tor changed');
      const now = await bed.mappings();
      for (const m of now) assert.match(m, INERT, 'a mapping that is not inert');
      for (const m of now) left.add(m);
    }
    t.diagnostic(`${left.size} inert mappings left by ten kills`);
    const name = bed.name('alive');
    bed.origin.site(name, { first: 'self-signed', others: 'self-signed' });
    const host = await bed.host();
    assert.equal((await bed.meet(host, name)).result.verdict, 'match');
    await host.close();
    echo.stop();
  });

  for (const role of ['secondexit-net', 'secondexit-parse']) {
    test(`${role} dies: the host says so and goes on, or ends`, { timeout: 60000 }, async () => {
      const host = await bed.host();
      const name = bed.name('role');
      bed.origin.site(name, { first: 'self-signed', others: 'stall' });
      const visit = await bed.browser.visit(name, PORT);
      const running = bed.ask(host, name, visit);
      await until(() => bed.origin.connections(name).some((c) => c.role > 0), { what: 'the check runs' });
      const victim = host.memory().find((m) => role.startsWith(m.name) && m.pid !== host.pid);
      assert.ok(victim, JSON.stringify(host.memory()));
      process.kill(victim.pid, 'SIGKILL');
      const outcome = await running.then(({ final }) => final.verdict ?? final.kind, () => 'ended');
      assert.ok(['undecided', 'error', 'ended'].includes(outcome), outcome);
      await host.kill();
    });
  }
});
