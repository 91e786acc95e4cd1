// The whole chain for one test file: private Tor network, origin servers, Firefox with the extension, the host. One
// network for all tests of a file, one Firefox for each edition, one after the other.
//
//   withEditions((edition, its) => { test('…', async () => { const { firefox, origin } = its(); … }); });

import assert from 'node:assert/strict';
import { after, afterEach, before, describe } from 'node:test';
import { access, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startNet } from '../net/net.mjs';
import { isBrowsers } from '../origin/hello.mjs';
import { startOrigin } from '../origin/origin.mjs';
import { EXTENSION_ID, Firefox } from './firefox.mjs';
import { NativeHost } from './native.mjs';
import { Gate } from './gate.mjs';
import { CertPage } from './certpage.mjs';
import { until } from './wait.mjs';

export { sleep, until } from './wait.mjs';
export { EXTENSION_ID } from './firefox.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BUILD = path.resolve(process.env.SECONDEXIT_BUILD ?? path.join(ROOT, 'build'));
export const DIST = path.resolve(process.env.SECONDEXIT_DIST ?? path.join(ROOT, 'build', 'dist'));
export const EDITIONS = (process.env.SECONDEXIT_EDITIONS ?? 'standard,privileged').split(',');
export const VERSION = '0.1.0';
export const PORT = 18443;
export const FAMILY_PORT = 19443;

/** Network and origin servers. options: startNet's. */
export async function startBed(options = {}) {
  const net = await startNet(options);
  const origin = await startOrigin(net);
  return { net, origin, stop: async () => { await origin.stop(); await net.stop(); } };
}

/**
 * A browser with one edition installed and a host that it can start. options: Firefox.start's. ESR 140 sometimes doesn't start the tests' own
 * add-on (the door) at all: then once more, from a fresh profile. What is tested is not asked twice.
 */
export async function startBrowser(bed, edition, options = {}) {
  return start(bed, edition, options).catch((e) => {
    process.stderr.write(`${edition}: ${e.message}; once more\n`);
    return start(bed, edition, options);
  });
}

async function start({ net, origin }, edition, options) {
  const dir = await mkdtemp(path.join(os.tmpdir(), `secondexit-${edition}-`));
  const { client } = net;
  const gate = await Gate.open(client.control);
  const hostOptions = ['--control', at(gate), '--socks', at(client.socks), '--cookie', client.cookieFile, '--test-ca', origin.caFile];
  const host = new NativeHost({ home: path.join(dir, 'home'), build: BUILD, options: hostOptions, extensionId: EXTENSION_ID });
  await host.install();
  const settings = { dir, edition, socks: client.socks, caPem: origin.authority.root.pem, xpi: await xpiOf(edition), ...options };
  const browser = {
    host, gate, edition, dir, xpi: settings.xpi,
    firefox: await Firefox.start(settings).catch(async (e) => { await gate.close(); throw e; }),
    async stop() {
      await browser.firefox.stop();
      await gate.close();
      if (!process.env.SECONDEXIT_E2E_KEEP) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
    /** The same profile in a new process, when the old one has ended. */
    async again() {
      browser.firefox = await Firefox.start({ ...settings, isAgain: true });
      return browser.firefox;
    },
  };
  return browser;
}

const at = ({ host, port }) => `${host}:${port}`;

async function xpiOf(edition) {
  const file = path.join(DIST, `secondexit-${edition}-${VERSION}.xpi`);
  await access(file);
  return file;
}

/** Declares `tests(edition, its)` for both editions (or those of `editions`); its() gives {net, origin, firefox, host, gate, edition} and the scenes below. */
export function withEditions(tests, { net: netOptions = {}, firefox: firefoxOptions = {}, editions = EDITIONS } = {}) {
  let bed = null, starting = null;
  describe('bed', { concurrency: 1 }, () => {
    before(async () => { starting = startBed(netOptions); bed = await starting; }, { timeout: 600000 });
    after(async () => { await (await starting?.catch(() => null))?.stop(); });
    for (const edition of EDITIONS.filter((e) => editions.includes(e))) {
      describe(edition, { concurrency: 1 }, () => {
        let browser = null, launching = null;
        before(async () => { launching = startBrowser(bed, edition, firefoxOptions); browser = await launching; }, { timeout: 300000 });
        afterEach(async () => { await scenes({ ...bed, ...browser }).tidy(); });
        after(async () => { await (await launching?.catch(() => null))?.stop(); });
        tests(edition, () => ({ ...bed, ...browser, ...scenes({ ...bed, ...browser }) }));
      });
    }
  });
}

// ---- what nearly every test does --------------------------------------------------------------------------------

let names = 0;
/** A name no other test uses: tor and the browser remember names. */
export const freshName = (word = 'site') => `${word}${process.pid % 1000}x${++names}.test`;

export const urlOf = (name, { port = PORT, path: where = '/' } = {}) => `https://${name}:${port}${where}`;

function scenes({ origin, firefox, edition }) {
  const scene = {
    /** Declares a site and opens it in a new tab in front. Answers its page (of ours, once it shows). */
    async visit(spec, { name = freshName(), port = PORT, path: where = '/', ...open } = {}) {
      if (spec) origin.site(name, spec);
      const tab = await firefox.open(urlOf(name, { port, path: where }), open);
      return new CertPage(tab, { name, port, edition, origin });
    },

    /** A visit that ends with a verdict; a check that may not start by itself is started by a click. */
    async check(spec, options) {
      const page = await scene.visit(spec, options);
      await page.begin();
      const state = await page.done();
      return { page, name: page.name, tab: page.tab, state };
    },

    /** Back to one empty tab, so that no test works among another one's. */
    async tidy() {
      const [first, ...others] = await firefox.tabs();
      await first.go('about:blank');
      await Promise.all(others.map((tab) => tab.close()));
    },
  };
  return scene;
}

/** Looks of the host through other exits than the first: handshakes that end without a request, and are not the browser's. (Tor may give
 * the browser another exit for its next connection, and the browser opens some that it never uses.) */
export const looksAt = (origin, name) =>
  origin.connections(name).filter((c) => c.role > 0 && c.requests.length === 0 && !c.tlsError && !isBrowsers(c.hello ?? Buffer.alloc(0)));

/** The names that the corroborators have looked at. */
export const namesLookedAt = (origin, among) => among.filter((name) => looksAt(origin, name).length > 0);

/** Nothing that an interceptor must not get reached one of this site. */
export function assertNoLeaks(origin, name) {
  assert.deepEqual(origin.leaks(name).map(({ method, url, headers, body }) => ({ method, url, headers, body })), [], 'the interceptor got something');
}

/** No mapping of ours is left in this tor. */
export async function noMappings(client, { limit = 5000 } = {}) {
  const control = await client.openControl();
  try {
    await until(async () => !/\.virtual/.test(await control.info('address-mappings/control')), { limit, what: 'tor without our mappings' });
  } finally {
    control.close();
  }
}
