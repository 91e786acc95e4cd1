// extension/core/hostlink.js against hosts that are missing, die, hang, babble, answer twice, late, or somebody else.

import test from 'node:test';
import assert from 'node:assert/strict';
import { HostLink } from '../../extension/core/hostlink.js';
import { HELLO_MS, BACKOFF_MS } from '../../extension/core/limits.js';
import { Clock, Port, friendly, greeting, status, settle } from './ext-fakes.mjs';

function make(answer = friendly) {
  const clock = new Clock();
  const ports = [];
  const link = new HostLink({
    connect: () => {
      const port = new Port(answer);
      ports.push(port);
      return port;
    },
    hello: { version: '0.1.0', edition: 'standard' },
    clock,
  });
  return { link, clock, ports, get port() { return ports.at(-1); } };
}

const problem = (promise) => promise.then(() => assert.fail('should have failed'), (e) => e.code);

test('hello first, once, then requests', async () => {
  const { link, ports } = make();
  await Promise.all([link.ensure(), link.ensure()]);
  assert.equal(ports.length, 1);
  assert.deepEqual(ports[0].sent[0], { id: 1, kind: 'hello', protocol: 1, version: '0.1.0', edition: 'standard' });
  assert.equal(link.phase, 'up');
  const { done } = link.request('circuit.new', { dry: true });
  await settle();
  const { id } = ports[0].last('circuit.new');
  ports[0].say({ id, kind: 'circuit.result', circuits: 1, streams: 4 });
  assert.equal((await done).streams, 4);
});

test('every way of not being there has its own name', async () => {
  const cases = [
    ['host_missing', (m, port) => port.die('No such native application org.secondexit.host')],
    ['host_failed', (m, port) => port.die('An unexpected error occurred')],
    ['host_failed', (m, port) => port.die()],
    ['host_garbage', (m, port) => port.die('Native application tried to send a message of 5000000 bytes, which exceeds the limit of 1048576 bytes.')],
    ['host_version', (m, port) => port.say(greeting(m.id, { protocol: 2 }))],
    ['host_version', (m, port) => port.say({ id: m.id, kind: 'error', code: 1107, name: 'ERR_MSG_VERSION', text: 'other protocol' })],
    ['host_garbage', (m, port) => port.say({ id: m.id, kind: 'hello', protocol: 'one' })],
    ['host_garbage', (m, port) => port.say({ id: m.id, kind: 'ok' })],
  ];
  for (const [code, hostile] of cases) {
    const it = make((m, port) => queueMicrotask(() => hostile(m, port)));
    assert.equal(await problem(it.link.ensure()), code);
  }
});

test('a hello answered by the wrong kind leaves no half-open link', async () => {
  const it = make((m, port) => queueMicrotask(() => port.say({ id: m.id, kind: 'ok' })));
  await problem(it.link.ensure());
  assert.equal(it.link.phase, 'down');
  assert.equal(it.port.isClosed, true);
});

test('a host that says nothing hangs, and is ended', async () => {
  const it = make(() => {});
  const opening = problem(it.link.ensure());
  await it.clock.pass(HELLO_MS);
  assert.equal(await opening, 'host_hung');
  assert.equal(it.port.isClosed, true);
});

test('a request that outlasts its time ends the host, and everything that waits for it', async () => {
  const it = make();
  await it.link.ensure();
  const a = it.link.request('cert.check', {}, { timeoutMs: 30000 });
  const b = it.link.request('circuit.new', {}, { timeoutMs: 60000 });
  await settle();
  await it.clock.pass(30000);
  assert.equal(await problem(a.done), 'host_hung');
  assert.equal(await problem(b.done), 'host_hung');
  assert.equal(it.port.isClosed, true);
});

test('death in the middle fails what waits; the next click connects at once, the next page only after the back-off', async () => {
  const it = make();
  await it.link.ensure();
  const { done } = it.link.request('cert.check', {}, { timeoutMs: 30000 });
  await settle();
  it.port.die();
  assert.equal(await problem(done), 'host_died');
  assert.equal(await problem(it.link.ensure()), 'host_died');
  assert.equal(it.ports.length, 1);
  await it.link.ensure({ force: true });
  assert.equal(it.ports.length, 2);
  it.link.cancel(it.ports[0].last('cert.check').id);
  await settle();
  assert.equal(it.port.last('cancel'), undefined);
  it.port.die();
  await it.clock.pass(BACKOFF_MS[0]);
  await it.link.ensure();
  assert.equal(it.ports.length, 3);
});

test('the back-off grows, to its end, and is forgotten by a host that greets', async () => {
  let isBack = false;
  const it = make((m, port) => (isBack ? friendly(m, port) : queueMicrotask(() => port.die('No such native application x'))));
  for (let i = 0; i < 12; i++) await problem(it.link.ensure({ force: true }));
  await it.clock.pass(BACKOFF_MS[1] - 1);
  assert.equal(await problem(it.link.ensure()), 'host_missing');
  assert.equal(it.ports.length, 12);
  await it.clock.pass(1);
  isBack = true;
  await it.link.ensure();
  it.port.die();
  await it.clock.pass(BACKOFF_MS[0]);
  await it.link.ensure();
  assert.equal(it.link.phase, 'up');
});

test('answers nobody waits for are dropped: wrong id, late, twice', async () => {
  const it = make();
  await it.link.ensure();
  const { done } = it.link.request('circuit.new');
  await settle();
  const { id } = it.port.last('circuit.new');
  it.port.say({ id: 4711, kind: 'circuit.result', circuits: 9, streams: 9 });
  it.port.say({ id, kind: 'circuit.result', circuits: 1, streams: 1 });
  it.port.say({ id, kind: 'circuit.result', circuits: 8, streams: 8 });
  assert.equal((await done).circuits, 1);
  assert.equal(it.link.phase, 'up');
});

test('garbage ends the request it names, the others go on', async () => {
  const it = make();
  await it.link.ensure();
  const a = it.link.request('circuit.new');
  const b = it.link.request('circuit.new');
  await settle();
  const [first, second] = it.port.sent.filter((m) => m.kind === 'circuit.new').map((m) => m.id);
  for (const junk of [null, 7, 'text', [], {}, { id: 'x' }, { kind: 'event', event: 5 }, { id: null, kind: 'error', code: 1102, name: 'x', text: 'y' }]) it.port.say(junk);
  it.port.say({ id: first, kind: 'circuit.result', circuits: 'many' });
  it.port.say({ id: second, kind: 'circuit.result', circuits: 1, streams: 2 });
  assert.equal(await problem(a.done), 'host_garbage');
  assert.equal((await b.done).streams, 2);
});

test('a final message of another kind is garbage', async () => {
  const it = make();
  await it.link.ensure();
  const a = it.link.request('cert.check', {}, { timeoutMs: 9e4 });
  await settle();
  it.port.say({ id: it.port.last('cert.check').id, kind: 'ok' });
  assert.equal(await problem(a.done), 'host_garbage');
});

test('messages of a port that was given up are not heard', async () => {
  const it = make();
  await it.link.ensure();
  const old = it.port;
  const events = [];
  it.link.onEvent = (event) => events.push(event);
  old.die();
  await it.link.ensure({ force: true });
  old.say({ kind: 'event', event: 'newnym' });
  old.onDisconnect.fire({ error: null });
  assert.deepEqual(events, []);
  assert.equal(it.link.phase, 'up');
  it.port.say({ kind: 'event', event: 'newnym' });
  assert.deepEqual(events, ['newnym']);
});

test('ready waits for host and tor, but no longer than told', async () => {
  const it = make();
  assert.equal(await it.link.ready(300), true);
  const silent = make(() => {});
  const waiting = silent.link.ready(300);
  await silent.clock.pass(300);
  assert.equal(await waiting, false);
  const torless = make((m, port) => {
    if (m.kind === 'hello') queueMicrotask(() => port.say(greeting(m.id)));
    if (m.kind === 'status') queueMicrotask(() => port.say(status(m.id, false)));
  });
  const late = torless.link.ready(300);
  await settle();
  torless.port.say({ kind: 'event', event: 'tor', up: true });
  assert.equal(await late, true);
  const missing = make((m, port) => queueMicrotask(() => port.die('No such native application x')));
  assert.equal(await missing.link.ready(300), false);
  assert.equal(await missing.link.ready(300), false);
  assert.equal(missing.ports.length, 1);
});

test('a browser that refuses to connect is a missing host', async () => {
  const clock = new Clock();
  const link = new HostLink({ connect: () => { throw new Error('no permission'); }, hello: {}, clock });
  assert.equal(await problem(link.ensure()), 'host_missing');
});

test('ids wrap around and are never shared', async () => {
  const it = make();
  await it.link.ensure();
  for (let i = 0; i < 50; i++) it.link.request('cert.check', {}, { timeoutMs: 9e4 });
  await settle();
  const ids = it.port.sent.map((m) => m.id);
  assert.equal(new Set(ids).size, ids.length);
});
