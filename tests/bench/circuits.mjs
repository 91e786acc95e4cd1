// Brings tor's circuits into a known state before a measurement. Only in the bench's own network: it closes circuits.

import { sleep } from '../net/proc.mjs';

// Circuits that a stream with fresh credentials could take at once: [{id, exit, leg}], one entry a circuit.
export async function cleanCircuits(control) {
  const text = await control.info('circuit-status');
  const circuits = text.split('\n').filter(Boolean).map((line) => ({
    id: line.split(' ')[0], built: / BUILT /.test(line), path: line.split(' ')[2] ?? '',
    purpose: /PURPOSE=(\S+)/.exec(line)?.[1], conflux: /CONFLUX_ID=(\S+)/.exec(line)?.[1],
    used: / SOCKS_USERNAME=/.test(line), internal: /IS_INTERNAL|ONEHOP/.test(line),
  }));
  return circuits.filter((c) => c.built && !c.used && !c.internal && !c.conflux && c.purpose === 'GENERAL')
    .map((c) => ({ id: c.id, exit: /\$([0-9A-F]{40})[^,]*$/.exec(c.path)?.[1] }));
}

// No circuit to an exit is left, built or half built (those that carry `except` as username stay: the browser's own). Half built ones get a moment to be
// done before they are closed: tor counts those as failures, and after five of them it builds nothing before its next second (circuituse.c,
// MAX_CIRCUIT_FAILURES): every sixth handshake took up to a second longer. Needs a tor that builds none ahead (__DisablePredictedCircuits): conflux
// sets would be built anew as fast as they are closed.
export async function cold(control, except, limit = 20000, patience = 2000) {
  const since = new Map();   // id of a half built one → when it was first seen
  for (const end = Date.now() + limit; Date.now() < end;) {
    const lines = (await control.info('circuit-status')).split('\n').filter((l) => l && !(except && l.includes(`SOCKS_USERNAME="${except}"`)));
    if (!lines.length) return;
    const now = Date.now();
    const isRipe = (line) => {
      const [id] = line.split(' ');
      if (!since.has(id)) since.set(id, now);
      return / BUILT /.test(line) || now - since.get(id) >= patience;
    };
    if (lines.every(isRipe)) await Promise.all(lines.map((l) => control.command(`CLOSECIRCUIT ${l.split(' ')[0]}`).catch(() => {})));
    else await sleep(20);
  }
  throw new Error(`tor was never without circuits: ${await control.info('circuit-status')}`);
}

// Builds what is missing until clean circuits end in exits of at least `k` kins (kin gives null for exits that don't count) and,
// when given, in the exit `also`. → false when they did not come about.
export async function warm(control, net, k, kin, also = null, limit = 20000) {
  const asked = new Set();
  const build = async (exit) => {
    const [guard, middle] = [net.guards[asked.size % net.guards.length], net.middles[asked.size % net.middles.length]];
    await control.command(`EXTENDCIRCUIT 0 ${guard.fingerprint},${middle.fingerprint},${exit}`);
  };
  for (const end = Date.now() + limit; Date.now() < end; await sleep(100)) {
    const clean = await cleanCircuits(control);
    const groups = new Set(clean.map((c) => kin(c.exit)).filter((g) => g !== null));
    const hasAlso = !also || clean.some((c) => c.exit === also);
    if (groups.size >= k && hasAlso) { await sleep(300); return true; }
    if (!hasAlso && !asked.has(also)) { asked.add(also); await build(also); }
    for (const exit of net.exits) {
      const group = kin(exit.fingerprint);
      if (group === null || groups.has(group) || asked.has(group)) continue;
      if ([...asked].filter((g) => typeof g === 'number').length + groups.size >= k) break;
      asked.add(group);
      await build(exit.fingerprint);
    }
  }
  return false;
}
