// Processes of the bed: each dies with us (setpriv's parent-death signal), each is ended by its own id.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

const LIVE = new Set();

// Starts `file`; it is killed by the kernel when this process ends, however that happens.
export function start(file, args, { stdio = ['ignore', 'ignore', 'ignore'], env, cwd } = {}) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', file, ...args], { stdio, env, cwd });
  LIVE.add(child);
  child.on('exit', () => LIVE.delete(child));
  child.on('error', () => LIVE.delete(child));
  return child;
}

export function isAlive(child) {
  return child.exitCode === null && child.signalCode === null && child.pid !== undefined;
}

export async function end(child, signal = 'SIGTERM', patience = 3000) {
  if (!child || !isAlive(child)) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), patience);
  await gone;
  clearTimeout(timer);
}

process.on('exit', () => { for (const child of LIVE) child.kill('SIGKILL'); });

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Calls `probe` until it gives something true; its last error, or `what`, when time is over.
export async function until(probe, { limit = 20000, every = 50, what = 'condition' } = {}) {
  const end = Date.now() + limit;
  for (let last; ;) {
    try { const v = await probe(); if (v) return v; last = null; } catch (e) { last = e; }
    if (Date.now() > end) throw new Error(`not in ${limit} ms: ${what}${last ? ` (${last.message})` : ''}`);
    await sleep(every);
  }
}
