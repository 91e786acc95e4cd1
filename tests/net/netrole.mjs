// The net role alone, spoken to over its fd 3 in frames (host/priv/frame.h, host/priv/netmsg.h): for tests that look at
// what it does to tor without main in between.

import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const NET_ROLE = path.resolve(ROOT, (process.env.SECONDEXIT ?? 'build/secondexit') + '-net');

export const TYPE = {
  CONFIG: 1, FIRST: 2, DRAW: 3, LOOK: 4, CANCEL: 5, CLOSE: 6, EXITS: 7, STATUS: 8, WARM: 32,
  R_STATE: 64, R_NEWNYM: 65, R_FIRST: 66, R_DRAW: 67, R_STEP: 68, R_LOOK: 69, R_CLOSE: 70, R_EXIT: 71, R_END: 72, R_STATUS: 73, R_ERROR: 74,
};
export const STEPS = ['choosing', 'building', 'connecting', 'handshaking', 'done'];

const u8 = (v) => Buffer.from([v ? Number(v) : 0]);
const u16 = (v) => { const b = Buffer.alloc(2); b.writeUInt16BE(v); return b; };
const u32 = (v) => { const b = Buffer.alloc(4); b.writeUInt32BE(v); return b; };
const str = (s) => Buffer.concat([u16(Buffer.byteLength(s)), Buffer.from(s)]);
const fps = (list) => Buffer.concat([u8(list.length), ...list.map((f) => Buffer.from(f, 'hex'))]);

class Reader {
  #b; #at = 0;
  constructor(b) { this.#b = b; }
  take(n) { if (this.#at + n > this.#b.length) throw new RangeError('frame cut'); this.#at += n; return this.#b.subarray(this.#at - n, this.#at); }
  u8() { return this.take(1)[0]; }
  u16() { return this.take(2).readUInt16BE(); }
  u32() { return this.take(4).readUInt32BE(); }
  str() { return this.take(this.u16()).toString(); }
  blob() { return this.take(this.u32()); }
  relay() {
    return {
      fingerprint: this.take(20).toString('hex').toUpperCase(), nickname: this.str(), address: this.str(), country: this.str(),
      family: this.str(), weight: this.u32(), flags: this.u16(),
    };
  }
  path() {
    const p = { circuit: this.u32(), onion: this.u8() === 1, hops: [] };
    for (let n = this.u8(); n > 0; n--) p.hops.push(this.relay());
    return p;
  }
  end(value) { if (this.#at !== this.#b.length) throw new RangeError('bytes left over'); return value; }
}

const draw = ({ port = 18443, indep = [], not = [], country = '', notContinentOf = '', ipv6 = false, left = 0, only = '00'.repeat(20) }) =>
  Buffer.concat([u16(port), fps(indep), fps(not), str(country), str(notContinentOf), u8(ipv6), u8(left), Buffer.from(only, 'hex')]);
const first = ({ host, port = 18443, firstParty = host, username = '', password = '', exact = false, dry = false }) =>
  Buffer.concat([str(host), u16(port), str(firstParty), str(username), str(password), u8(exact), u8(dry)]);

function decode(type, payload) {
  const r = new Reader(payload);
  switch (type) {
    case TYPE.R_STATE: return r.end({ up: r.u8() === 1, error: r.u32() });
    case TYPE.R_FIRST: { const paths = []; for (let n = r.u8(); n > 0; n--) paths.push(r.path()); return r.end({ paths }); }
    case TYPE.R_DRAW: return r.end({ clean: r.u8() === 1, free: r.u8() === 1, groups: r.u16(), exit: r.relay() });
    case TYPE.R_STEP: return r.end({ step: STEPS[r.u8()], exit: r.relay() });
    case TYPE.R_LOOK: {
      const look = {
        error: r.u32(), signed: r.u8() === 1, clean: r.u8() === 1, version: r.u16(), cipher: r.str(), alpn: r.str(), elapsed: r.u32(),
        path: r.path(), certs: [],
      };
      for (let n = r.u8(); n > 0; n--) look.certs.push(r.blob());
      look.staple = r.blob();
      return r.end(look);
    }
    case TYPE.R_CLOSE: return r.end({ circuits: r.u16(), streams: r.u16() });
    case TYPE.R_EXIT: return r.end(r.relay());
    case TYPE.R_STATUS: return r.end({
      up: r.u8() === 1, error: r.u32(), version: r.str(), control: r.str(), socks: r.str(), auth: r.str(), relays: r.u32(), exits: r.u32(),
      geoip: r.u8() === 1, mapaddress: r.u8() === 1, streams: r.u8() === 1, relayBytes: r.u32(),
    });
    case TYPE.R_ERROR: return r.end({ error: r.u32() });
    default: return r.end({});
  }
}

// Events: 'state' ({up, error}), 'newnym'. Requests resolve to the decoded reply; an R_ERROR resolves to {error}.
export class NetRole extends EventEmitter {
  #in = Buffer.alloc(0); #waiting = new Map(); #id = 0; #socket;

  constructor(client, { socks, control, noMapaddress = false, env = {}, program = NET_ROLE } = {}) {
    super();
    const at = (a) => (typeof a === 'string' ? a : a.path ? `unix:${a.path}` : `${a.host}:${a.port}`);
    this.process = spawn(program, [], { stdio: ['ignore', 'ignore', 'inherit', 'pipe'], env: { ...process.env, ...env } });
    this.ended = new Promise((resolve) => this.process.once('exit', (code, signal) => resolve(signal ?? code)));
    this.ended.then(() => { for (const w of this.#waiting.values()) w.reject(new Error('net role ended')); this.#waiting.clear(); });
    this.#socket = this.process.stdio[3];
    this.#socket.on('data', (b) => this.#take(b));
    this.#socket.on('error', () => {});
    this.#send(TYPE.CONFIG, 0, Buffer.concat([str(at(control ?? client.control)), str(at(socks ?? client.socks)), str(''), str(''), u8(noMapaddress)]));
  }

  // Resolves when the role sees tor.
  async up() {
    for (;;) {
      const s = await this.status();
      if (s.up) return s;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  status() { return this.#ask(TYPE.STATUS, Buffer.alloc(0)); }
  first(m) { return this.#ask(TYPE.FIRST, first(m)); }
  close(m) { return this.#ask(TYPE.CLOSE, first(m)); }
  draw(m = {}) { return this.#ask(TYPE.DRAW, draw(m)); }

  // {host, port, exit (hex), deadline, avoid} → the result, with .steps; the promise has .id. Without exit: a free look.
  look({ host, port = 18443, exit, deadline = 15000, avoid = {} }) {
    const steps = [];
    const p = this.#ask(TYPE.LOOK, Buffer.concat([
      str(host), u16(port), u32(deadline), u8(!exit), exit ? Buffer.from(exit, 'hex') : Buffer.alloc(20),
      ...(exit ? [] : [draw({ port, ...avoid })]),
    ]), (type, m) => steps.push(m));
    const q = p.then((r) => ({ ...r, steps }));
    q.id = p.id;
    return q;
  }

  cancel(id) { this.#send(TYPE.CANCEL, id, Buffer.alloc(0)); }

  // A check begins: circuits may be asked for ahead. No answer.
  warm(n = 3, port = 18443) { this.#send(TYPE.WARM, 0, Buffer.concat([u16(port), u8(n)])); }

  async exits(independentOf = '00'.repeat(20), port = 0) {
    const list = [];
    const r = await this.#ask(TYPE.EXITS, Buffer.concat([Buffer.from(independentOf, 'hex'), u16(port)]), (type, m) => list.push(m));
    return r.error ? r : list;
  }

  // Ends it in order, as main does: the socket's end. → its exit status.
  async end() { this.#socket.end(); this.#socket.destroy(); return this.ended; }
  async kill(signal = 'SIGKILL') { this.process.kill(signal); return this.ended; }
  raw(bytes) { this.#socket.write(bytes); }

  #send(type, id, payload) { this.#socket.write(Buffer.concat([u32(payload.length + 6), u16(type), u32(id), payload])); }

  #ask(type, payload, more = () => {}) {
    const id = ++this.#id;
    const p = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, more }));
    p.id = id;
    this.#send(type, id, payload);
    return p;
  }

  #take(bytes) {
    this.#in = Buffer.concat([this.#in, bytes]);
    while (this.#in.length >= 4) {
      const n = this.#in.readUInt32BE();
      if (this.#in.length < n + 4) return;
      const type = this.#in.readUInt16BE(4), id = this.#in.readUInt32BE(6);
      const m = decode(type, this.#in.subarray(10, n + 4));
      this.#in = this.#in.subarray(n + 4);
      if (type === TYPE.R_STATE) { this.emit('state', m); continue; }
      if (type === TYPE.R_NEWNYM) { this.emit('newnym'); continue; }
      const w = this.#waiting.get(id);
      if (!w) { this.emit('stray', { type, id, m }); continue; }
      if (type === TYPE.R_STEP || type === TYPE.R_EXIT) { w.more(type, m); continue; }
      this.#waiting.delete(id);
      w.resolve(m);
    }
  }
}
