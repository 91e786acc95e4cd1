// Main's end of fetching, driven by a test: tests/net/fetchtool.c over a pipe, with the net and fetch roles behind it.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const TOOL = path.resolve(ROOT, path.dirname(process.env.SECONDEXIT ?? 'build/secondexit'), 'fetchtool');

export class Fetcher {
  #waiting = new Map(); #count = 0;

  constructor(client, { noMapaddress = false } = {}) {
    const at = (a) => (a.path ? `unix:${a.path}` : `${a.host}:${a.port}`);
    this.process = spawn(TOOL, [at(client.control), at(client.socks), noMapaddress ? 'no-mapaddress' : ''], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = new Promise((resolve) => this.process.once('exit', (code, signal) => resolve(signal ?? code)));
    this.process.stdin.on('error', () => {});
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      const m = JSON.parse(line), w = this.#waiting.get(m.name);
      if (!w) return;
      if ('step' in m) { w.steps.push(m.step); return; }
      this.#waiting.delete(m.name);
      w.resolve({ ...m, steps: w.steps, text: m.begin === undefined ? undefined : Buffer.from(m.begin, 'hex').toString() });
    });
  }

  // {url, exit (hex; none: tor chooses), options: 'decoded', 'head', 'hold', 'max=N', 'deadline=N', 'stall=N'} → how it ended; the
  // promise has .id for cancel, pause, resume.
  get({ url, exit = 'free', options = [] }) {
    const name = `f${++this.#count}`;
    const p = this.#expect(name);
    this.#say(`get ${name} ${exit} ${url} ${options.join(' ')}`);
    p.id = name;
    return p;
  }

  // Nothing comes for a cancelled one.
  cancel(id) { this.#say(`cancel ${id}`); return this.#waiting.delete(id); }
  pause(id) { this.#say(`pause ${id}`); }
  resume(id) { this.#say(`resume ${id}`); }
  async pid() { const p = this.#expect('pid'); this.#say('pid'); return (await p).pid; }
  async end() { this.#say('quit'); return this.ended; }
  async kill(signal = 'SIGKILL') { this.process.kill(signal); return this.ended; }

  #say(line) { this.process.stdin.write(`${line}\n`); }
  #expect(name) { return new Promise((resolve) => this.#waiting.set(name, { resolve, steps: [] })); }
}
