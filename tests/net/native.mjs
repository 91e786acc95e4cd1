// A native-messaging client: starts the host as Firefox does and speaks frames of 32-bit native-order length and JSON.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { EventEmitter, once } from 'node:events';
import os from 'node:os';
import { sleep } from './proc.mjs';

export function frame(value) {
  const body = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  const head = Buffer.alloc(4);
  if (os.endianness() === 'LE') head.writeUInt32LE(body.length);
  else head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

export class Host extends EventEmitter {
  #buffer = Buffer.alloc(0); #next = 1; #pending = new Map();
  messages = []; stderr = ''; exited = false;

  constructor(file, args = [], { env } = {}) {
    super();
    this.started = process.hrtime.bigint();
    this.child = spawn(file, [...args, '/nonexistent/org.secondexit.host.json', 'secondexit@secondexit.org'], { env: env ?? process.env });
    this.child.stdout.on('data', (b) => this.#take(b));
    this.child.stderr.on('data', (b) => { this.stderr += b; });
    this.child.stdin.on('error', () => {});
    this.child.on('error', (e) => this.#fail(e));
    this.child.on('exit', (code, signal) => { this.exited = true; this.code = code; this.signal = signal; this.#fail(new Error(`host ended (${signal ?? code}): ${this.stderr.slice(-500)}`)); });
  }

  get pid() { return this.child.pid; }

  // The host's processes: main first, then what it started.
  pids() {
    const all = [this.pid];
    for (const pid of all) {
      try { all.push(...readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number)); } catch { /* gone */ }
    }
    return all;
  }

  // KiB of one field of smaps_rollup, by process name.
  memory(field = 'Private_Dirty') {
    return this.pids().map((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
        return { pid, name: readFileSync(`/proc/${pid}/comm`, 'latin1').trim(), kib: Number(new RegExp(`^${field}: +(\\d+)`, 'm').exec(text)[1]) };
      } catch { return { pid, name: '(gone)', kib: 0 }; }
    });
  }

  raw(bytes) { this.child.stdin.write(bytes); }

  // Sends a request; → {final, progress: […]}. `id` is chosen here unless given.
  request(message, { id = this.#next++, onProgress } = {}) {
    const entry = { progress: [], onProgress, id };
    const promise = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
    promise.catch(() => {});
    this.#pending.set(id, entry);
    this.raw(frame({ id, ...message }));
    promise.id = id;
    return promise;
  }

  async hello(edition = 'standard') {
    const { final } = await this.request({ kind: 'hello', protocol: 1, version: '0.1.0', edition });
    return final;
  }

  // The final message of a check for `host`.
  check(host, port, more = {}, options = {}) {
    return this.request({ kind: 'cert.check', first_party: host, private: 1, container: 0, host, port, error: -16370, clicked: true, retry: false,
      same_country: false, proxy: 'socks', ...more }, options);
  }

  async status() { return (await this.request({ kind: 'status' })).final; }

  // Resolves with the next event of that name (or one that came after `since` messages).
  async event(name, { limit = 20000, match = () => true, since = this.messages.length } = {}) {
    for (const end = Date.now() + limit; Date.now() < end; await sleep(20)) {
      const found = this.messages.slice(since).find((m) => m.kind === 'event' && m.event === name && match(m));
      if (found) return found;
    }
    throw new Error(`no event ${name} in ${limit} ms`);
  }

  // Waits until tor is up as the host sees it.
  async torUp(limit = 20000) {
    for (const end = Date.now() + limit; ; await sleep(100)) {
      const s = await this.status();
      if (s.tor.up && s.tor.exits > 0) return s;
      if (Date.now() > end) throw new Error(`host sees no tor: ${JSON.stringify(s)}`);
    }
  }

  // Ends it as the browser does: end of input. → exit code.
  async close(limit = 5000) {
    if (this.exited) return this.code;
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), limit);
    await once(this.child, 'exit');
    clearTimeout(timer);
    return this.signal ?? this.code;
  }

  async kill(signal = 'SIGKILL') {
    if (this.exited) return;
    this.child.kill(signal);
    await once(this.child, 'exit');
  }

  #fail(error) {
    for (const e of this.#pending.values()) e.reject(error);
    this.#pending.clear();
    this.emit('end');
  }

  #take(bytes) {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    while (this.#buffer.length >= 4) {
      const n = os.endianness() === 'LE' ? this.#buffer.readUInt32LE() : this.#buffer.readUInt32BE();
      if (n >= 1024 * 1024) { this.#fail(new Error(`host sent ${n} bytes`)); this.child.kill('SIGKILL'); return; }
      if (this.#buffer.length < 4 + n) return;
      this.#message(JSON.parse(this.#buffer.toString('utf8', 4, 4 + n)));
      this.#buffer = this.#buffer.subarray(4 + n);
    }
  }

  #message(m) {
    m.at = Date.now();
    this.messages.push(m);
    this.emit('message', m);
    const entry = this.#pending.get(m.id);
    if (!entry) return;
    if (String(m.kind).endsWith('.progress')) { entry.progress.push(m); entry.onProgress?.(m); return; }
    this.#pending.delete(m.id);
    entry.resolve({ final: m, progress: entry.progress });
  }
}
