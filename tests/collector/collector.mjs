// A collector of the tests' own: a folder, keys, the daemon, its verbs; and reports made by loadtool (README.md beside).

import { spawn, execFile } from 'node:child_process';
import { mkdtempSync, rmSync, existsSync, readFileSync, readdirSync, mkdirSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { start, end, until, isAlive } from '../net/proc.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BUILD = path.resolve(ROOT, process.env.SECONDEXIT_BUILD ?? 'build');
export const COLLECTOR = path.join(BUILD, 'secondexit-collector');
export const LOADTOOL = path.join(BUILD, 'loadtool');

// → {status, out, err}
export function run(file, args, { env = {}, input } = {}) {
  return new Promise((resolve) => {
    const p = spawn(file, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env } });
    const out = [], err = [];
    p.stdout.on('data', (d) => out.push(d));
    p.stderr.on('data', (d) => err.push(d));
    p.on('close', (status) => resolve({ status, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }));
    if (input !== undefined) p.stdin.end(input);
  });
}

export class Collector {
  #out = ''; errors = '';

  // store: a connection string, or a file in the folder.
  constructor({ store, folder } = {}) {
    for (const f of [COLLECTOR, LOADTOOL]) if (!existsSync(f)) throw new Error(`${f} is not there: run make js`);
    this.folder = folder ?? mkdtempSync(path.join(os.tmpdir(), 'collector-'));
    this.keyFile = path.join(this.folder, 'keys');
    this.store = store ?? path.join(this.folder, 'store.db');
  }

  verb(...args) { return run(COLLECTOR, [...args, '--store', this.store, '--key-file', this.keyFile]); }

  async keygen(...more) {
    const r = await this.verb('keygen', '--json', ...more);
    if (r.status) throw new Error(r.err);
    this.publicKey = JSON.parse(r.out).public_key;
    return this.publicKey;
  }

  // The daemon, once it listens. Waits for the onion service when there is to be one.
  async start(...args) {
    if (!this.publicKey && !existsSync(this.keyFile)) await this.keygen();
    this.#out = '';
    this.process = start(COLLECTOR, ['run', '--store', this.store, '--key-file', this.keyFile, '--onion-key', path.join(this.folder, 'onion.key'),
      '--listen', '127.0.0.1:0', '--web', '127.0.0.1:0', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, HOME: '/nonexistent', ...this.env } });
    this.process.stdout.on('data', (d) => { this.#out += d; });
    this.process.stderr.on('data', (d) => { this.errors += d; });
    await until(() => {
      if (!isAlive(this.process)) throw Object.assign(new Error(`ended: ${this.errors}`), { fatal: true });
      return this.said('listening') && (args.includes('none') || this.said('web'));
    }, { what: 'listening', limit: 30000 });
    this.address = this.said('listening');
    this.web = this.said('web');
    return this;
  }

  // The last value the daemon told under this name.
  said(name) { return [...this.#out.matchAll(new RegExp(`^${name} (.*)$`, 'mg'))].at(-1)?.[1] ?? null; }

  count(name) { return [...this.#out.matchAll(new RegExp(`^${name} `, 'mg'))].length; }

  kill(signal = 'SIGKILL') { return end(this.process, signal, 5000); }

  // Sends n reports. options: loadtool's (acks=…, host=…). → its counts
  async send(n, { connections = 4, seed = 1, key = this.publicKey, address = this.address, ...options } = {}) {
    const r = await run(LOADTOOL, [address, key, String(n), String(connections), String(seed), ...Object.entries(options).map(([k, v]) => `${k}=${v}`)]);
    if (r.status) throw new Error(`loadtool: ${r.status} ${r.err}`);
    return JSON.parse(r.out);
  }

  // One sealed envelope.
  async envelope(options = {}, seed = 1) {
    const folder = mkdtempSync(path.join(this.folder, 'sealed-'));
    await this.send(1, { seed, ...options, out: folder });
    const bytes = readFileSync(path.join(folder, readdirSync(folder)[0]));
    rmSync(folder, { recursive: true });
    return bytes;
  }

  async list(...args) { return lines((await this.verb('list', '--json', ...args)).out); }
  async findings(...args) { return (await this.list(...args)).filter((o) => o.id); }
  async relays() { return (await this.list()).filter((o) => o.fingerprint); }
  async show(id) { return JSON.parse((await this.verb('show', '--json', String(id))).out); }
  // Digests of everything that is stored.
  async digests() {
    const r = await this.verb('export', '--format', 'json', '--limit', '1000000');
    if (r.status) throw new Error(`export: ${r.status} ${r.err}`);
    const all = lines(r.out);
    return all.flatMap((f) => f.latest_reports.map((r) => r.digest));
  }

  get(url, headers = {}) {
    const [host, port] = this.web.split(':');
    return new Promise((resolve, reject) => http.get({ host, port, path: url, headers, agent: false }, (res) => {
      let body = '';
      res.setEncoding('utf8').on('data', (d) => { body += d; }).on('end', () => resolve({ status: res.statusCode, headers: res.headers, body }));
    }).on('error', reject));
  }

  async stop() {
    await end(this.process, 'SIGTERM', 3000);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const lines = (text) => text.split('\n').filter(Boolean).map((l) => JSON.parse(l));

// What POST /report was answered: {status, answer, error}.
export function parseAnswer(bytes) {
  const at = bytes.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(bytes.toString('latin1'))?.[1]);
  const body = bytes.subarray(at + 4);
  if (body.length !== 40 || body.subarray(0, 4).toString() !== 'SXRA') return { status };
  return { status, answer: body[5], error: body.readUInt16BE(6) };
}

export const post = (body, head = '') => Buffer.concat([
  Buffer.from(`POST /report HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: ${body.length}\r\n${head}Connection: close\r\n\r\n`), body]);

export const execText = (file, args) => new Promise((resolve, reject) => execFile(file, args, (e, out) => (e ? reject(e) : resolve(out))));
export { mkdirSync };
