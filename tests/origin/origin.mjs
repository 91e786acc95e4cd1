// The sites behind the exits: real listening sockets on every exit's own origin address. The local address that was
// reached says which exit came, the ClientHello says for which name; together they choose whom to play. README.md beside.
//
//   const origin = await startOrigin(net);
//   origin.site('a1.test', { first: 'forged', others: 'valid' });

import { createServer } from 'node:net';
import http from 'node:http';
import https from 'node:https';
import { mkdtemp, writeFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Authority, CERT_KINDS } from './certs.mjs';
import { readHello } from './hello.mjs';
import { RAW, SPOILED } from './raw.mjs';
import { answer, upgrade } from './pages.mjs';

export const PORTS = [18443, 19443, 18080];
const INTERCEPTS = /^(forged|lookalike)/;

// A behaviour is a string: a kind of certificate, a name of RAW, or "<name of SPOILED>" or "<name of SPOILED>:<kind>".
function parseBehaviour(text) {
  if (typeof text !== 'string') throw new TypeError(`behaviour ${JSON.stringify(text)}: a string is wanted`);
  const [word, kind] = text.split(':');
  if (RAW[word]) return { raw: RAW[word] };
  if (SPOILED[word]) return { spoil: SPOILED[word], kind: kind ?? 'valid' };
  if (CERT_KINDS.includes(word)) return { kind: word };
  throw new RangeError(`no such behaviour: ${text}`);
}

// spec: a behaviour, {each: [b0, b1, …]} (by the exit's own n-th connection, the last repeats), {cycle: […]} or a function
// of {exit, role, count}.
function pick(spec, context) {
  if (typeof spec === 'function') return pick(spec(context), context);
  if (spec?.each) return pick(spec.each[Math.min(context.count, spec.each.length - 1)], context);
  if (spec?.cycle) return pick(spec.cycle[context.count % spec.cycle.length], context);
  return spec;
}

class Site {
  roles = new Map();   // exit's fingerprint → role: 0 the first that reached this name, then 1, 2, 3 …
  counts = new Map();

  constructor(name, spec) { Object.assign(this, { name, first: 'valid', others: 'valid' }, spec); }

  // What this exit's next connection meets.
  next(exit) {
    if (!this.roles.has(exit.fingerprint)) this.roles.set(exit.fingerprint, this.roles.size);
    const role = this.roles.get(exit.fingerprint), count = this.counts.get(exit.fingerprint) ?? 0;
    this.counts.set(exit.fingerprint, count + 1);
    const spec = role === 0 ? this.first : Array.isArray(this.others) ? this.others[Math.min(role - 1, this.others.length - 1)] : this.others;
    return { role, count, behaviour: pick(spec, { exit, role, count }) };
  }
}

export class Origin {
  #servers = []; #tls = new Map(); #sockets = new Set(); #sites = new Map();
  log = [];

  constructor(net) {
    this.net = net;
    this.authority = new Authority();
    this.plain = http.createServer((req, res) => this.#plain(req, res));
  }

  async start(ports) {
    this.dir = await mkdtemp(path.join(os.tmpdir(), 'secondexit-origin-'));
    this.caFile = path.join(this.dir, 'test-root.pem');
    await writeFile(this.caFile, this.authority.root.pem);
    for (const exit of this.net.exits) {
      for (const port of ports) await this.listen(exit.originAddress, port, exit);
    }
  }

  // One more address, e.g. one that a rule of an exit's name server gives out.
  async listen(address, port, exit) {
    const server = createServer({ noDelay: true }, (socket) => this.#connection(socket, exit, port));
    await new Promise((resolve, reject) => server.once('error', reject).listen(port, address, resolve));
    this.#servers.push(server);
  }

  // Says how `name` behaves from now on; exits' roles start anew. A name never declared plays 'valid' to all.
  // spec: first, others (see pick; others may be a list: corroborator 1, 2, 3 …, the last repeats), hsts, pages, names, status.
  site(name, spec = {}) {
    const check = (s) => { if (typeof s === 'string') parseBehaviour(s); else for (const b of s?.each ?? s?.cycle ?? (Array.isArray(s) ? s : [])) check(b); };
    check(spec.first); check(spec.others);
    const site = new Site(name, spec);
    this.#sites.set(name, site);
    return site;
  }

  #siteOf(name) {
    const key = name ?? '*';
    return this.#sites.get(key) ?? this.#sites.get('*') ?? this.site(key);
  }

  // The certificate that `name` shows for a kind (exit: for kinds that differ by exit).
  certificate(kind, name, exit = null) { return this.authority.get(kind, this.#siteOf(name), exit?.fingerprint).cert; }

  // Records of connections to `name` (all when left out), oldest first.
  connections(name) { return this.log.filter((r) => name === undefined || r.name === name); }

  // What interceptors of `name` got to see that they must not: cookies, Authorization, Referer, bodies. Empty is good.
  leaks(name) {
    return this.connections(name).filter((r) => r.intercepts).flatMap((r) => r.requests.filter((q) =>
      q.headers.cookie || q.headers.authorization || q.headers.referer || q.body || !['GET', 'HEAD'].includes(q.method)));
  }

  async stop() {
    for (const s of this.#sockets) s.destroy();
    await Promise.all(this.#servers.map((s) => new Promise((resolve) => s.close(resolve))));
    await rm(this.dir, { recursive: true, force: true });
  }

  #connection(socket, exit, port) {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    const record = { time: Date.now(), exit: exit.nickname, fingerprint: exit.fingerprint, port, name: null, role: null, behaviour: null,
      intercepts: false, hello: null, handshake: false, requests: [], closed: false, tlsError: null };
    this.log.push(record);
    socket.on('close', () => { record.closed = true; record.ended = Date.now(); this.#sockets.delete(socket); });
    let bytes = Buffer.alloc(0);
    const more = (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const hello = readHello(bytes);
      if (!hello) return;
      socket.off('data', more);
      socket.pause();
      if (hello.isTls) this.#play(socket, exit, record, hello, bytes);
      else this.#playPlain(socket, exit, record, bytes);
    };
    socket.on('data', more);
  }

  #play(socket, exit, record, hello, bytes) {
    const site = this.#siteOf(hello.name);
    const { role, count, behaviour } = site.next(exit);
    Object.assign(record, { name: hello.name, hello: Buffer.from(hello.bytes), role, count, behaviour, intercepts: INTERCEPTS.test(behaviour) });
    const how = parseBehaviour(behaviour);
    if (how.raw) {
      socket.resume();
      return how.raw(socket);
    }
    socket.unshift(bytes);
    const stream = how.spoil ? how.spoil.wrap(socket) : socket;
    stream.on('error', () => {});
    stream.record = record;
    this.#tlsServer(site, behaviour, how, exit).emit('connection', stream);
  }

  #playPlain(socket, exit, record, bytes) {
    const m = /^Host: *([^\s:]+)/mi.exec(bytes.toString('latin1'));
    record.name = m ? m[1].toLowerCase() : null;
    record.behaviour = 'plain';
    socket.record = record;
    socket.unshift(bytes);
    this.plain.emit('connection', socket);
    socket.resume();
  }

  #plain(req, res) {
    const { record } = req.socket;
    answer(this.#siteOf(record.name), 'honest', record, req, res).catch(() => res.destroy());
  }

  #tlsServer(site, behaviour, how, exit) {
    const { cert, chain, staple } = this.authority.get(how.kind, site, exit.fingerprint);
    const key = `${behaviour} ${cert.sha256}`;
    if (this.#tls.has(key)) return this.#tls.get(key);
    const server = https.createServer({ key: cert.key.pem, cert: cert.pem + chain.map((c) => c.pem).join(''), ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2', handshakeTimeout: 120000, ...how.spoil?.tls });
    const who = INTERCEPTS.test(behaviour) ? 'INTERCEPTED' : 'honest';
    const recordOf = (s) => s._parent?.record ?? s._parent?.stream?.record ?? s.record;
    if (staple) server.on('OCSPRequest', (_cert, _issuer, done) => done(null, staple));
    server.on('secureConnection', (s) => { s.record = recordOf(s); if (s.record) s.record.handshake = true; s.on('error', () => {}); });
    server.on('tlsClientError', (e, s) => { const r = recordOf(s); if (r) r.tlsError = e.code ?? e.message; s.destroy(); });
    server.on('request', (req, res) => answer(site, who, recordOf(req.socket), req, res).catch(() => res.destroy()));
    server.on('upgrade', (req, s) => upgrade(recordOf(req.socket), req, s));
    server.on('clientError', (_e, s) => s.destroy());
    this.#tls.set(key, server);
    return server;
  }
}

export async function startOrigin(net, { ports = PORTS } = {}) {
  const origin = new Origin(net);
  await origin.start(ports);
  return origin;
}
