// What every test of the host stands on: a network, its sites, a browser played by node, and hosts to ask.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startNet } from './net.mjs';
import { startOrigin, PORTS } from '../origin/origin.mjs';
import { Browser } from './browser.mjs';
import { Host } from './native.mjs';

export const PORT = 18443;
export const K = 3;
const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const SECONDEXIT = path.resolve(ROOT, process.env.SECONDEXIT ?? 'build/secondexit');

const place = ({ host, port, path: unix }) => (unix ? `unix:${unix}` : `${host}:${port}`);

export class HostBed {
  #hosts = new Set(); #number = 0;

  static async start(options = {}) {
    if (!existsSync(SECONDEXIT)) throw new Error(`${SECONDEXIT} is not there: run make, or set SECONDEXIT`);
    const bed = new HostBed();
    bed.net = await startNet(options);
    try {
      bed.origin = await startOrigin(bed.net, { ports: options.ports ?? PORTS });
      bed.browser = bed.newBrowser();
      return bed;
    } catch (e) { await bed.stop(); throw e; }
  }

  newBrowser(client = this.net.client) { return new Browser(client, { ca: this.origin.authority.root.pem }); }

  // A name no test used before.
  name(word = 'site') { return `${word}${++this.#number}.test`; }

  // A host that said hello and sees tor (wait: false: only hello). control, socks: {host, port} or {path}.
  async host({ edition = 'standard', control = this.net.client.control, socks = this.net.client.socks, args = [], wait = true, ca = true } = {}) {
    const host = new Host(SECONDEXIT, ['--control', place(control), '--socks', place(socks), ...(ca ? ['--test-ca', this.origin.caFile] : []), ...args]);
    host.edition = edition;
    this.#hosts.add(host);
    host.greeting = await host.hello(edition);
    if (wait) await host.torUp();
    return host;
  }

  // The browser meets `name`, then the host is asked. → {result, progress, visit, id}. more: fields of cert.check.
  async meet(host, name, { port = PORT, firstParty = name, browser = this.browser, visit, ...more } = {}) {
    visit ??= await browser.visit(name, port, { firstParty });
    const { final, progress } = await this.ask(host, name, visit, { port, firstParty, browser, ...more });
    return { result: final, progress, visit };
  }

  // The request's promise (with .id), the visit being done.
  ask(host, name, visit, { port = PORT, firstParty = name, browser = this.browser, ...more } = {}) {
    const { username, password } = browser.credentials(firstParty);
    const exact = host.edition === 'privileged' ?
      { offered: visit.chain.map((d) => d.toString('base64')), socks_username: username, socks_password: password } : {};
    return host.check(name, port, { first_party: firstParty, error: visit.error || -16370, ...exact, ...more });
  }

  // Mappings the control port made and nobody took back.
  async mappings(client = this.net.client) {
    const c = await client.openControl();
    try { return (await c.info('address-mappings/control')).split('\n').filter(Boolean); } finally { c.close(); }
  }

  async config(client = this.net.client) {
    const c = await client.openControl();
    try { return await c.info('config-text'); } finally { c.close(); }
  }

  // Exits that count as one: by declared family both ways, by family id.
  kin(fingerprint) {
    const i = this.net.exits.findIndex((e) => e.fingerprint === fingerprint);
    const family = this.net.plan.families.find((f) => f.kind !== 'one-sided' && f.exits.includes(i));
    return family ? Math.min(...family.exits) : i;
  }

  // The exits whose answer or failure is shown are independent of the first exit(s) and of each other.
  assertIndependent(result) {
    const first = result.first.map((a) => a.exit?.fingerprint).filter(Boolean);
    const others = result.others.filter((a) => a.status === 'certificate').map((a) => a.exit.fingerprint);
    assert.equal(new Set(others).size, others.length, 'an exit answered twice');
    const kin = others.map((fp) => this.kin(fp));
    assert.equal(new Set(kin).size, kin.length, 'two corroborators of one family');
    for (const fp of first) assert.ok(!kin.includes(this.kin(fp)), 'a corroborator of the first exit\'s family');
  }

  async stop() {
    await Promise.all([...this.#hosts].map((h) => h.kill()));
    await this.origin?.stop();
    await this.net?.stop();
  }
}
