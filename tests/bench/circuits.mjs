// Brings tor's circuits into a known state before a measurement. Only in the bench's own network: it closes circuits.

import { sleep } from '../net/proc.mjs';

// Circuits a stream with fresh credentials could take at once: [{id, exit, leg}], one entry a circuit.
export async function cleanCircuits(control) {
  const text = await control.info('circuit-status');
  const circuits = text.split('\n').filter(Boolean).map((line) => ({
    id: line.split(' ')[0], built: / BUILT /.test(line), path: line.split(' ')[2] ?? '',
    purpose: /PURPOSE=(\S+)/.exec(line)?.[1], conflux: /CONFLUX_ID=(\S+)/.exec(line)?.[1],
    used: / SOCKS_USERNAME=/.test(line), internal: /IS_INTERNAL|ONEHOP/.test(line),
  }));
  const dirty = new Set(circuits.filter((c) => c.used && c.conflux).map((c) => c.conflux));
  return circuits.filter((c) => c.built && !c.used && !c.internal && !dirty.has(c.conflux) && ['GENERAL', 'CONFLUX_LINKED'].includes(c.purpose))
    .map((c) => ({ id: c.id, exit: /\$([0-9A-F]{40})[^,]*$/.exec(c.path)?.[1] }));
}

async function closeAll(control, choose) {
  const text = await control.info('circuit-status');
  const ids = text.split('\n').filter(choose).map((l) => l.split(' ')[0]);
  await Promise.all(ids.map((id) => control.command(`CLOSECIRCUIT ${id}`).catch(() => {})));
  return ids.length;
}

// No circuit to an exit is left, built or half built (those that carry `except` as username stay: the browser's own).
export async function cold(control, except) {
  for (let n = 0; n < 5; n++)
    if (!(await closeAll(control, (l) => l && !(except && l.includes(`SOCKS_USERNAME="${except}"`))))) return;
}

// Waits until clean circuits end in at least `k` exits that `accept` lets through, no two of one kin. → false when tor made none.
export async function warm(control, k, kin, limit = 20000) {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(200)) {
    const groups = new Set((await cleanCircuits(control)).map((c) => kin(c.exit)).filter((g) => g !== null));
    if (groups.size >= k) { await sleep(300); return true; }
  }
  return false;
}
