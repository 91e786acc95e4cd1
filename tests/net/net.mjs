#!/usr/bin/env node
// A private Tor network of unmodified tor processes on loopback. README.md says how to use it.
//
//   import { startNet } from '../net/net.mjs';
//   const net = await startNet();
//   net.client.socks, net.client.control, net.exits[0].fingerprint … await net.stop();
//
//   node tests/net/net.mjs up     prints one JSON object and stays until Ctrl-C

import { appendFile, mkdir, writeFile, rm, mkdtemp, cp, readdir } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { readFileSync, lstatSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BEDS_MAX, DNS_PORT, makePlan, planHash, geoipText, clientTorrc, countryOf } from './plan.mjs';
import { bake, bakedPlan, dirAuthorityLines, writeRelay, startTor } from './bake.mjs';
import { Dns } from './dns.mjs';
import { Control } from './control.mjs';
import { end, until, isAlive } from './proc.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, '../..');
const CLIENTS_MAX = 4;
// Less than the tests' own limit for it (ten minutes).
const START_LIMIT_MS = 560000;

// Of a bake: not its log, and not the sockets that its relays left.
const isKept = (name) => path.basename(name) !== 'log' && !lstatSync(name).isSocket();

// One vote at a time on a machine, so that they don't slow each other down until none succeeds.
async function voteAlone(vote) {
  const lock = await until(() => lockBed(0), { limit: 600000, every: 100, what: 'the others\' votes' });
  try { return await vote(); } finally { await new Promise((resolve) => lock.close(resolve)); }
}

// A bed's number is held by listening on an address of it: the kernel gives it back when we die, however we die.
function lockBed(n) {
  return new Promise((resolve) => {
    const server = createServer((s) => s.destroy());
    server.unref();
    server.once('error', () => resolve(null));
    server.listen({ host: `127.15.${n}.1`, port: 15000, exclusive: true }, () => resolve(server));
  });
}

async function chooseBed(options, cache) {
  const version = execFileSync('tor', ['--version'], { encoding: 'latin1' }).split('\n')[0];
  const sources = ['plan.mjs', 'bake.mjs'].map((f) => readFileSync(path.join(HERE, f), 'utf8'));
  const folderOf = (plan) => path.join(cache, `bed${plan.n}-${planHash(plan, version, sources)}`);
  const first = options.bed ?? 1, last = options.bed ?? BEDS_MAX;
  for (const wantBaked of [true, false]) {
    for (let n = first; n <= last; n++) {
      const plan = makePlan(n, options);
      const folder = folderOf(plan);
      if (wantBaked && !(await bakedPlan(folder))) continue;
      const lock = await lockBed(n);
      if (lock) return { lock, plan, folder };
    }
  }
  throw new Error('every bed number is taken');
}

// Folders of beds of this number whose owner was killed: the number is ours now, so nobody uses them.
async function removeLeftovers(n) {
  for (const name of await readdir(os.tmpdir()))
    if (name.startsWith(`secondexit-bed${n}-`)) await rm(path.join(os.tmpdir(), name), { recursive: true, force: true }).catch(() => {});
}

class Client {
  constructor(net, number, extra) {
    this.net = net;
    this.extra = extra;
    this.dir = path.join(net.dir, number ? `client${number}` : 'client');
    const port = 21000 + net.n * 10 + number * 2;
    this.socks = { host: '127.0.0.1', port };
    this.control = { host: '127.0.0.1', port: port + 1 };
    this.socksSocket = path.join(this.dir, 's', 'socks');
    this.controlSocket = path.join(this.dir, 's', 'control');
    this.cookieFile = path.join(this.dir, 'control_auth_cookie');
  }

  async start() {
    const { net } = this;
    await mkdir(path.join(this.dir, 's'), { recursive: true, mode: 0o700 });
    const torrc = path.join(this.dir, 'torrc');
    await writeFile(torrc, clientTorrc(this.dir, {
      dirAuthorities: dirAuthorityLines(net.plan), socks: `${this.socks.host}:${this.socks.port}`,
      control: `${this.control.host}:${this.control.port}`, socksSocket: this.socksSocket, controlSocket: this.controlSocket,
      geoip: net.geoipFile, extra: this.extra,
    }));
    await rm(this.cookieFile, { force: true });
    this.process = startTor(torrc);
    await this.ready();
  }

  // Resolves once tor can carry streams.
  async ready(limit = 60000) {
    await until(async () => {
      if (!isAlive(this.process)) throw Object.assign(new Error('tor ended; see ' + this.dir + '/log'), { fatal: true });
      const c = await this.openControl();
      try {
        return /PROGRESS=100/.test(await c.info('status/bootstrap-phase')) && /enough-dir-info=1|^1/.test(await c.info('status/enough-dir-info'));
      } finally { c.close(); }
    }, { limit, what: `client ${this.dir} ready` });
  }

  // A control connection of the tests' own, authenticated.
  openControl() { return Control.open(this.control, { cookieFile: this.cookieFile }); }

  // Kills tor at once (or with `signal`).
  kill(signal = 'SIGKILL') { return end(this.process, signal); }

  async restart() { await this.kill(); await this.start(); }

  get pid() { return this.process.pid; }

  describe() {
    const { socks, control, socksSocket, controlSocket, cookieFile, pid } = this;
    return { socks, control, socksSocket, controlSocket, cookieFile, pid };
  }
}

class Net {
  #lock; #dns = [];
  clients = [];

  constructor(lock, plan, dir, options) {
    this.#lock = lock;
    this.plan = plan;
    this.n = plan.n;
    this.dir = dir;
    this.geoipFile = null;
    const view = (r) => ({
      nickname: r.nickname, fingerprint: r.fingerprint, address: r.address, originAddress: r.originAddress,
      country: countryOf(r, options.countries), familyPort: r.familyPort,
    });
    this.relays = plan.relays.map(view);
    this.exits = this.relays.filter((_, i) => plan.relays[i].role === 'exit');
    this.guards = this.relays.filter((_, i) => plan.relays[i].role === 'auth');
    this.middles = this.relays.filter((_, i) => plan.relays[i].role === 'middle');
  }

  async start(options) {
    if (options.geoip !== false) {
      this.geoipFile = path.join(this.dir, 'geoip');
      await writeFile(this.geoipFile, geoipText(this.plan, options.countries));
    }
    const exits = this.plan.relays.filter((r) => r.role === 'exit');
    for (const [i, r] of exits.entries()) {
      const dns = await Dns.start({ address: r.address, port: DNS_PORT, answer: r.originAddress });
      this.#dns.push(dns);
      this.exits[i].dns = dns;
      await writeFile(path.join(this.dir, r.nickname, 'resolv.conf'), `nameserver ${r.address}:${DNS_PORT}\noptions timeout:5 attempts:2\n`);
    }
    for (const [i, r] of this.plan.relays.entries()) {
      this.relays[i].torrc = await writeRelay(this.dir, this.plan, r);
      if (options.relayOptions) await appendFile(this.relays[i].torrc, options.relayOptions.map((line) => `${line}\n`).join(''));
      this.relays[i].process = startTor(this.relays[i].torrc);
    }
    this.client = await this.addClient({ extra: options.clientOptions ?? [] });
    await Promise.all(this.exits.map((e) => this.relayReady(e)));
  }

  // An exit refuses every stream until it has made its own descriptor.
  relayReady(relay) {
    return until(async () => {
      const c = await Control.open({ path: path.join(this.dir, relay.nickname, 'control') });
      try {
        await c.command('AUTHENTICATE');
        return await c.info('exit-policy/ipv4');
      } finally { c.close(); }
    }, { limit: 60000, what: `${relay.nickname} ready` });
  }

  // Another tor of the same network, e.g. a second browser's or a system tor.
  async addClient({ extra = [] } = {}) {
    const number = this.clients.length;
    if (number >= CLIENTS_MAX) throw new RangeError('too many clients');
    const client = new Client(this, number, extra);
    this.clients.push(client);
    if (number) await cp(path.join(this.dir, 'client.baked'), client.dir, { recursive: true, filter: isKept });
    await client.start();
    return client;
  }

  // The exit with this fingerprint, address, origin address or nickname.
  exit(key) {
    return this.exits.find((e) => [e.fingerprint, e.nickname, e.address, e.originAddress].includes(key));
  }

  async killRelay(relay, signal = 'SIGKILL') { await end(relay.process, signal); }
  async startRelay(relay) {
    if (!isAlive(relay.process)) relay.process = startTor(relay.torrc);
    if (relay.originAddress) await this.relayReady(relay);
  }

  describe() {
    const plain = ({ nickname, fingerprint, address, originAddress, country }) => ({ nickname, fingerprint, address, originAddress, country });
    return {
      bed: this.n, dir: this.dir, client: this.client.describe(), exits: this.exits.map(plain),
      middles: this.middles.map(plain), guards: this.guards.map(plain), families: this.plan.families,
    };
  }

  // Ends every process by its id, closes every socket, removes the folder. May be called twice.
  async stop() {
    await Promise.all([...this.clients.map((c) => end(c.process)), ...this.relays.map((r) => end(r.process))]);
    await Promise.all(this.#dns.splice(0).map((d) => d.stop()));
    if (!process.env.SECONDEXIT_BED_KEEP) await rm(this.dir, { recursive: true, force: true });
    if (this.#lock) await new Promise((resolve) => this.#lock.close(resolve));
    this.#lock = null;
  }
}

// options: exits (8), middles (2), families (see plan.mjs), countries (one per exit, repeated), geoip (false: none),
// bed (a fixed number), cache (folder of bakes), clientOptions, relayOptions (torrc lines of the client, of every relay), log (function).
// A net that is not there in time is stopped as soon as it is: nothing is left that would keep its test file alive.
export async function startNet({ limit = START_LIMIT_MS, ...options } = {}) {
  const starting = startAtLeisure(options);
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`no network within ${limit} ms`)), limit); });
  try { return await Promise.race([starting, late]); } catch (e) {
    starting.then((net) => net.stop(), () => {});
    throw e;
  } finally { clearTimeout(timer); }
}

async function startAtLeisure(options) {
  const cache = options.cache ?? process.env.SECONDEXIT_BED_CACHE ?? path.join(ROOT, 'build', 'bed');
  const { lock, plan: wanted, folder } = await chooseBed(options, cache);
  let dir, net;
  try {
    await removeLeftovers(wanted.n);
    const plan = (await bakedPlan(folder)) ?? (await bake(wanted, folder, { log: options.log, alone: voteAlone }));
    dir = await mkdtemp(path.join(os.tmpdir(), `secondexit-bed${plan.n}-`));
    await cp(folder, dir, { recursive: true, filter: isKept });
    await cp(path.join(folder, 'client'), path.join(dir, 'client.baked'), { recursive: true, filter: isKept });
    net = new Net(lock, plan, dir, options);
    await net.start(options);
    return net;
  } catch (e) {
    if (net) await net.stop().catch(() => {});
    else { lock.close(); if (dir) await rm(dir, { recursive: true, force: true }); }
    throw e;
  }
}

async function main(args) {
  if (args[0] !== 'up') {
    process.stderr.write('usage: net.mjs up [--exits N] [--bed N] [--countries DE,FR,…]\n');
    process.exit(2);
  }
  const value = (name) => { const at = args.indexOf(name); return at > 0 ? args[at + 1] : undefined; };
  const number = (name) => (value(name) ? Number(value(name)) : undefined);
  const given = { exits: number('--exits'), bed: number('--bed'), countries: value('--countries')?.split(',') };
  const options = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  const net = await startNet({ ...options, log: (t) => process.stderr.write(t + '\n') });
  process.stdout.write(JSON.stringify(net.describe(), null, 1) + '\n');
  const stop = async () => { await net.stop(); process.exit(0); };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  setInterval(() => {}, 1 << 30);
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url))
  await main(process.argv.slice(2));
