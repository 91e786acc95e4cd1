// A Firefox ESR set up like Tor Browser, driven over WebDriver BiDi: permanent private browsing, HTTPS-only, every
// connection through tor with credentials of its own first party. Contexts are asked by id, because a page that an
// extension replaces takes puppeteer's idea of a page with it. `chrome` runs code in the browser's own process: for what a test must see or do that
// no page and no user could (the certificate store, the extension's background page, windows).

import { createHash } from 'node:crypto';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import './localhost.mjs';
import puppeteer from 'puppeteer-core';
import { Door } from './door.mjs';
import { keep, lend } from './startupcache.mjs';
import { sleep, until, within } from './wait.mjs';

const HERE = path.dirname(new URL(import.meta.url).pathname);
const PAGE_MS = 20000;
export const EXTENSION_ID = 'secondexit@secondexit.org';
const KEPT = path.resolve(HERE, '../../build/firefox');
const DOOR_ID = 'torbrowser-like@tests.secondexit.org';
export const EXTENSION_UUID = '5ec09de1-0000-4000-8000-000000000001';
export const OURS = `moz-extension://${EXTENSION_UUID}/`;
export const CERTIFICATE_PAGE = `${OURS}ui/certificate.html`;

// Nothing here may reach for an outside host, wait for a person, or be slower than it has to be.
const PREFS = {
  'browser.privatebrowsing.autostart': true,
  'dom.security.https_only_mode': true,
  'xpinstall.signatures.required': false,
  'extensions.webextensions.uuids': JSON.stringify({ [EXTENSION_ID]: EXTENSION_UUID }),
  'network.proxy.no_proxies_on': '',
  'network.proxy.allow_hijacking_localhost': true,
  'network.dns.disabled': false,
  'network.dns.echconfig.enabled': false,
  'network.trr.mode': 5,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.http.speculative-parallel-limit': 0,
  'network.prefetch-next': false,
  'network.predictor.enabled': false,
  'network.http.http3.enable': false,
  'network.http.response.timeout': 60,
  'security.OCSP.enabled': 0,
  'security.remote_settings.crlite_filters.enabled': false,
  'security.remote_settings.intermediates.enabled': false,
  'security.pki.certificate_transparency.mode': 0,
  'security.certerrors.mitm.priming.enabled': false,
  'security.dialog_enable_delay': 0,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'browser.newtabpage.enabled': false,
  'browser.startup.page': 0,
  'browser.shell.checkDefaultBrowser': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.search.update': false,
  'browser.region.network.url': '',
  'browser.tabs.warnOnClose': false,
  'browser.tabs.unloadOnLowMemory': false,
  'app.update.enabled': false,
  'app.normandy.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.server': '',
  'extensions.getAddons.cache.enabled': false,
  'extensions.systemAddon.update.enabled': false,
  'extensions.blocklist.enabled': false,
  'dom.push.connection.enabled': false,
  'dom.ipc.processPrelaunch.enabled': false,
  'dom.ipc.processCount': 2,
  'dom.max_script_run_time': 0,
  'media.gmp-manager.updateEnabled': false,
  'ui.prefersReducedMotion': 1,
  // Nobody looks: a third of the browser's time went into drawing 60 pictures a second of a tab that loads.
  'layout.frame_rate': 20,
  'browser.newtab.preload': false,
};

/** One tab, by its BiDi context. */
export class Tab {
  constructor(firefox, id) {
    this.firefox = firefox;
    this.id = id;
  }

  /** Runs fn(...args) in the page and answers what it returns (JSON). Retries while the page is being replaced. */
  async eval(fn, ...args) {
    return until(async () => {
      const result = await this.firefox.evaluate({ context: this.id }, fn, args);
      return { result };
    }, { limit: 10000, what: 'a page that answers' }).then(({ result }) => result);
  }

  /** The same, at once: throws where there is no page that answers. */
  now(fn, ...args) { return this.firefox.evaluate({ context: this.id }, fn, args); }

  /** Loads url; does not wait for the end of it (an error, or our page, is an end as well). */
  async go(url) {
    await this.firefox.answered('browsingContext.navigate', { context: this.id, url, wait: 'none' }).catch(() => {});
  }

  /** The address of the document shown: the error page's own is about:certerror…, ours is moz-extension://…. */
  address() { return this.eval(() => document.documentURI); }

  async isOurs() { return (await this.address().catch(() => '')).startsWith(CERTIFICATE_PAGE); }
  async isNativeError() { return (await this.address().catch(() => '')).startsWith('about:certerror'); }

  text() { return this.eval(() => document.body?.innerText ?? ''); }

  /** Waits until fn(...args), in the page, is true. */
  wait(fn, { limit = 10000, what = String(fn) } = {}, ...args) {
    return until(async () => this.firefox.evaluate({ context: this.id }, fn, args), { limit, what });
  }

  /** The verdict page's state, or null when the tab shows something else. */
  async state() {
    if (!(await this.isOurs())) return null;
    return this.eval(() => ({ ...document.documentElement.dataset, ...document.body?.dataset, text: document.body.innerText }));
  }

  /** `isWhole`: the whole page, not only what fits the window. */
  async screenshot(file, { isWhole = false } = {}) {
    const { data } = await this.firefox.send('browsingContext.captureScreenshot', { context: this.id, origin: isWhole ? 'document' : 'viewport' });
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, Buffer.from(data, 'base64'));
  }

  /** Keys by their WebDriver values, one after the other, as a person presses them. */
  async press(...keys) {
    const actions = keys.flatMap((value) => [{ type: 'keyDown', value }, { type: 'keyUp', value }]);
    await this.firefox.send('input.performActions', { context: this.id, actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  /** A click of the mouse in the middle of the element. */
  async click(selector) {
    const at = await until(() => this.firefox.evaluate({ context: this.id }, (s) => {
      const e = document.querySelector(s);
      if (!e || e.hidden || e.disabled) return null;
      e.scrollIntoView({ block: 'center' });
      const r = e.getBoundingClientRect();
      return r.width ? { x: Math.round(r.x + r.width / 2), y: Math.round(r.y + r.height / 2) } : null;
    }, [selector]), { limit: 5000, what: `${selector} to click` });
    await this.mouse(at);
  }

  async mouse({ x, y }) {
    await this.firefox.send('input.performActions', { context: this.id, actions: [{ type: 'pointer', id: 'mouse', actions: [
      { type: 'pointerMove', x, y }, { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 },
    ] }] });
  }

  async history(delta) {
    await this.firefox.send('browsingContext.traverseHistory', { context: this.id, delta }).catch(() => {});
  }

  async reload() {
    await this.firefox.send('browsingContext.reload', { context: this.id, wait: 'none' }).catch(() => {});
  }

  async front() { await this.firefox.send('browsingContext.activate', { context: this.id }); }
  async size(width, height) {
    await this.firefox.send('browsingContext.setViewport', { context: this.id, viewport: { width, height } });
  }

  async close() { await this.firefox.send('browsingContext.close', { context: this.id }).catch(() => {}); }
}

export class Firefox {
  #browser;
  #door;

  /** `dir`: a fresh folder; `socks` {host, port}; `xpi`; `edition`; `caPem`: text; `env`; `prefs`; `headless`. isAgain: started in this folder before. */
  static async start(options) {
    const firefox = new Firefox();
    const { dir, socks, edition, env = {}, prefs = {}, headless = true } = options;
    firefox.dir = dir;
    firefox.edition = edition;
    firefox.home = path.join(dir, 'home');
    await mkdir(firefox.home, { recursive: true });
    const profile = await made(path.join(dir, 'profile'));
    if (options.isAgain) await rm(path.join(profile, 'door.port'), { force: true });
    else await lend(KEPT, profile);
    firefox.#browser = await puppeteer.launch({
      browser: 'firefox', executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr', headless, acceptInsecureCerts: false, timeout: 120000,
      args: ['--remote-allow-system-access'], userDataDir: profile, defaultViewport: null,
      env: { ...process.env, HOME: firefox.home, XDG_CACHE_HOME: path.join(dir, 'cache'), MOZ_REMOTE_SETTINGS_DEVTOOLS: '1', ...env },
      extraPrefsFirefox: {
        ...PREFS, 'network.proxy.type': 1, 'network.proxy.socks': socks.host, 'network.proxy.socks_port': socks.port,
        'network.proxy.socks_remote_dns': true, 'extensions.experiments.enabled': true, ...prefs,
      },
    });
    try { await firefox.#setUp(options); } catch (e) { await firefox.stop(); throw e; }
    return firefox;
  }

  async #setUp({ dir, socks, xpi, caPem, isAgain = false }) {
    const door = path.join(dir, 'profile', 'door.port');
    if (!isAgain) await this.install(await packSocks(dir, socks));
    this.#door = await Door.open(door);
    if (!isAgain && await this.#allowPrivate(DOOR_ID)) {
      await rm(door);
      this.#door = await Door.open(door);
    }
    // The tests' own door is an experiment; the standard edition has to do without.
    if (this.edition !== 'privileged') await this.chrome(() => { Services.prefs.setBoolPref('extensions.experiments.enabled', false); });
    if (isAgain) return;
    if (caPem) await this.trust(caPem);
    if (!xpi) return;
    await this.install(xpi);
    if (await this.#allowPrivate(EXTENSION_ID)) await sleep(1000);
  }

  /** Resolves when the browser ends, whoever ended it. */
  get exited() {
    const child = this.#browser.process();
    return new Promise((resolve) => { child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(); });
  }

  get pid() { return this.#browser.process().pid; }

  async send(method, params) {
    return (await this.#browser.connection.send(method, params)).result;
  }

  // What a page is asked while another one takes its place may never be answered. Whoever waits for something asks again.
  async answered(method, params) {
    const result = await within(PAGE_MS, this.send(method, params));
    if (result === undefined) throw new Error(`the browser did not answer ${method} in ${PAGE_MS} ms`);
    return result;
  }

  /** Runs a function in a realm and answers its JSON; throws what it throws. */
  async evaluate(target, fn, args) {
    const expression = `(async () => JSON.stringify(await (${fn})(...${JSON.stringify(args)})))()`;
    const asked = { expression, awaitPromise: true, target };
    const answer = await (target.context ? this.answered('script.evaluate', asked) : this.send('script.evaluate', asked));
    if (answer.type !== 'success') throw new Error(answer.exceptionDetails?.text ?? JSON.stringify(answer));
    return answer.result.value === undefined ? undefined : JSON.parse(answer.result.value);
  }

  /** Runs fn(...args) in the browser's own process, whatever windows there are, and answers its JSON. */
  chrome(fn, ...args) { return this.#door.run(fn, args); }

  /** A new tab in front (or behind), which loads url. */
  async open(url, { background = false } = {}) {
    const make = () => this.send('browsingContext.create', { type: 'tab', background });
    // ESR 140 takes the newest window of any kind, and an alert's has no tabs.
    const { context } = await make().catch(async (e) => {
      if (!/tabBrowser is undefined|getTabBrowser\(\.\.\.\) is undefined/.test(e.message)) throw e;
      await this.chrome(() => { for (const w of [...Services.wm.getEnumerator('alert:alert')]) w.close(); });
      return make();
    });
    const tab = new Tab(this, context);
    if (url) await tab.go(url);
    return tab;
  }

  async tabs() {
    const { contexts } = await this.send('browsingContext.getTree', { maxDepth: 0 });
    return contexts.map((c) => new Tab(this, c.context));
  }

  /** Installs an XPI for good, allowed in private windows. */
  async install(xpi) {
    await this.send('webExtension.install', {
      extensionData: { type: 'archivePath', path: path.resolve(xpi) }, 'moz:allowPrivateBrowsing': true, 'moz:permanent': true,
    });
  }

  /** ESR 140 knows no 'moz:allowPrivateBrowsing': there the permission is given afterwards, as about:addons does. */
  async #allowPrivate(id) {
    return this.chrome(async (name) => {
      if (WebExtensionPolicy.getByID(name).privateBrowsingAllowed) return false;
      const { ExtensionPermissions } = ChromeUtils.importESModule('resource://gre/modules/ExtensionPermissions.sys.mjs');
      await ExtensionPermissions.add(name, { permissions: ['internal:privateBrowsingAllowed'], origins: [] }, WebExtensionPolicy.getByID(name).extension);
      const { setTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs');
      setTimeout(async () => (await AddonManager.getAddonByID(name)).reload(), 100);   // our own door may be in it: answer first
      return true;
    }, id);
  }

  async trust(pem) {
    await this.chrome((base64) => {
      Components.classes['@mozilla.org/security/x509certdb;1'].getService(Components.interfaces.nsIX509CertDB).addCertFromBase64(base64, 'CT,C,C');
    }, derOf(pem).toString('base64'));
  }

  /** Stores an exception as the user, or an earlier session, could have. */
  async storeException({ host, port, pem, temporary = true }) {
    await this.chrome((h, p, base64, isTemporary) => {
      const cert = Components.classes['@mozilla.org/security/x509certdb;1'].getService(Components.interfaces.nsIX509CertDB).constructX509FromBase64(base64);
      Components.classes['@mozilla.org/security/certoverride;1'].getService(Components.interfaces.nsICertOverrideService)
        .rememberValidityOverride(h, p, { privateBrowsingId: 1 }, cert, isTemporary);
    }, host, port, derOf(pem).toString('base64'), temporary);
  }

  /** [{host, port, temporary, sha256}] of every exception stored. */
  async exceptions() {
    return this.chrome(() => Components.classes['@mozilla.org/security/certoverride;1'].getService(Components.interfaces.nsICertOverrideService).getOverrides()
      .map((o) => ({ host: o.asciiHost, port: o.port, attributes: ChromeUtils.originAttributesToSuffix(o.originAttributes) })));
  }

  /** Unloads the extension's background page, as its idle time does once no host is connected. Whatever it does then (a page of ours that reconnects
   * wakes it at once), the page that ran before is gone. */
  async unloadBackground() {
    await this.chrome(async (id) => {
      const { extension } = WebExtensionPolicy.getByID(id);
      const old = extension.backgroundContext;
      await extension.terminateBackground({ ignoreDevToolsAttached: true, disableResetIdleForTest: true });
      if (old && extension.backgroundContext === old && extension.backgroundState !== 'stopped') throw new Error('still the same background page');
    }, EXTENSION_ID);
  }

  /** Connections that are kept open are used no more: the next request makes a new one. */
  async dropConnections() {
    await this.chrome(() => Services.obs.notifyObservers(null, 'net:prune-all-connections'));
  }

  /** Another browser window, in front. */
  async openWindow() {
    await this.send('browsingContext.create', { type: 'window' });
  }

  /** Closes every browser window (the program stays, as on macOS), then opens one. */
  async reopenLastWindow() {
    await this.chrome(async () => {
      const { setTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs');
      const { BrowserWindowTracker } = ChromeUtils.importESModule('resource:///modules/BrowserWindowTracker.sys.mjs');
      Services.startup.enterLastWindowClosingSurvivalArea();
      const open = [...Services.wm.getEnumerator('navigator:browser')];
      await Promise.all(open.map((w) => new Promise((resolve) => { w.addEventListener('unload', resolve, { once: true }); w.close(); })));
      await new Promise((resolve) => { setTimeout(resolve, 500); });
      await BrowserWindowTracker.promiseOpenWindow({ private: true });
      Services.startup.exitLastWindowClosingSurvivalArea();
    });
    await until(async () => (await this.tabs()).length > 0, { what: 'a new browser window' });
  }

  async pref(name) {
    return this.chrome((n) => ({ value: Services.prefs.getBoolPref(n, false), isUser: Services.prefs.prefHasUserValue(n) }), name);
  }

  async stop() {
    const child = this.#browser.process();
    const gone = this.exited;
    // As WebDriver's own browser.close does, but that of ESR 140 first asks a person whether downloads that run may be given up.
    const quit = async () => this.chrome(() => {
      const { setTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs');
      setTimeout(() => Services.startup.quit(Services.startup.eForceQuit), 0);   // answered first
      return true;
    });
    const isAsked = await within(2000, quit().catch(() => false));
    await within(5000, isAsked ? gone : this.#browser.close().catch(() => {}));
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await gone;
    if (child.exitCode === 0) await keep(KEPT, path.join(this.dir, 'profile'));
  }
}

export const derOf = (pem) => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
export const sha256Of = (pem) => createHash('sha256').update(derOf(pem)).digest('hex');

async function made(folder) {
  await mkdir(folder, { recursive: true });
  return folder;
}

async function packSocks(dir, socks) {
  const folder = path.join(dir, 'torbrowser-like');
  await cp(path.join(HERE, 'torbrowser-like'), folder, { recursive: true });
  await writeFile(path.join(folder, 'where.js'), `const SOCKS = ${JSON.stringify(socks)};\n`);
  const xpi = path.join(dir, 'torbrowser-like.xpi');
  execFileSync('zip', ['-qr', xpi, '.'], { cwd: folder });
  return xpi;
}

