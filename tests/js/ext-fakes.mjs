// A browser and a host that do what a test tells them, for the extension's features under node.

import { HostLink } from '../../extension/core/hostlink.js';
import { errorTable } from '../../extension/core/errors.js';
import { Pages } from '../../extension/feature/pages.js';
import { CertCheck } from '../../extension/feature/certcheck.js';
import { Guard } from '../../extension/feature/guard.js';
import { HttpsWatch } from '../../extension/feature/httpswatch.js';
import { DocumentWatch } from '../../extension/feature/documents.js';
import { ClipCheck } from '../../extension/feature/clipcheck.js';
import { DlCheck } from '../../extension/feature/dlcheck.js';
import { DlList } from '../../extension/feature/dllist.js';
import { Settings } from '../../extension/feature/settings.js';
import { Exclusions } from '../../extension/feature/exclusions.js';
import { Session } from '../../extension/feature/session.js';
import { privilegedFrom } from '../../extension/platform/privileged.js';
import { readFileSync } from 'node:fs';

export const table = errorTable(JSON.parse(readFileSync(new URL('../../shared/cert-errors.json', import.meta.url), 'utf8')));
export const SELF_SIGNED = 'Error code 2153398258';
export const EXPIRED = `Error code ${0x805A0000 + 8181}`;
export const hex = (digit) => digit.repeat(64);
export const settle = async () => {
  for (let i = 0; i < 200; i++) await Promise.resolve();
};

/** Time that passes only when told. */
export class Clock {
  constructor() {
    this.time = 1_000_000;
    this.timers = new Map();
    this.next = 1;
    this.now = () => this.time;
    this.setTimeout = (run, ms) => {
      this.timers.set(this.next, { run, at: this.time + ms });
      return this.next++;
    };
    this.clearTimeout = (timer) => this.timers.delete(timer);
  }

  async pass(ms) {
    this.time += ms;
    for (const [timer, { run, at }] of [...this.timers]) {
      if (at > this.time) continue;
      this.timers.delete(timer);
      run();
    }
    await settle();
  }
}

class Event {
  constructor() {
    this.listeners = [];
  }

  addListener(listener) {
    this.listeners.push(listener);
  }

  fire(...args) {
    for (const listener of this.listeners) listener(...args);
  }
}

/** The browser's end of a native port; what the extension posts lands in `sent`. */
export class Port {
  constructor(answer = () => {}) {
    this.sent = [];
    this.onMessage = new Event();
    this.onDisconnect = new Event();
    this.isClosed = false;
    this.answer = answer;
  }

  postMessage(message) {
    if (this.isClosed) throw new Error('Attempt to postMessage on disconnected port');
    this.sent.push(message);
    this.answer(message, this);
  }

  disconnect() {
    this.isClosed = true;
  }

  say(message) {
    this.onMessage.fire(message);
  }

  die(text) {
    this.isClosed = true;
    this.onDisconnect.fire({ error: text ? { message: text } : null });
  }

  last(kind) {
    return this.sent.filter((m) => m.kind === kind).at(-1);
  }
}

export const greeting = (id, more = {}) =>
  ({ id, kind: 'hello', protocol: 1, version: '0.1.0', capabilities: ['cert.check', 'circuit.new', 'clip.check', 'clip.compare', 'download.fetch', 'download.verify'], k: 3, deadline_ms: 25000, ...more });

export const status = (id, up = true) => ({
  id, kind: 'status', version: '0.1.0', roots: { source: 'system', count: 140 },
  tor: { up, error: null, version: '0.4.9.11', control: '127.0.0.1:9051', auth: 'SAFECOOKIE', relays: 10, exits: 5, geoip: true, mapaddress: true, streams: true },
});

/** A host that greets and is up; everything else is left to the test. */
export const friendly = (message, port) => {
  if (message.kind === 'hello') queueMicrotask(() => port.say(greeting(message.id)));
  if (message.kind === 'status') queueMicrotask(() => port.say(status(message.id)));
  if (message.kind === 'classify') queueMicrotask(() => port.say({ id: message.id, kind: 'classified', class: 'transparent', format: '', why: 'name' }));
  if (['cancel', 'session.wipe'].includes(message.kind)) queueMicrotask(() => port.say({ id: message.id, kind: 'ok' }));
};

export const relay = (n, more = {}) => ({
  fingerprint: String(n).padStart(40, '0'), nickname: `relay${n}`, address: `10.${n}.0.1`, country: 'DE', family: '', flags: ['Exit'], weight: 1000, ...more,
});

export const certificate = (sha256) => ({
  sha256, spki_sha256: sha256, subject: 'CN=site.test', issuer: 'CN=site.test', names: 'site.test', serial: '01', not_before: 1, not_after: 2,
  key: 'EC P-256', signature: 'ecdsa-with-SHA256', self_signed: true,
});

export const answer = (slot, sha256, agrees, more = {}) => ({
  slot, source: 'probe', exit: relay(10 + slot), path: [relay(1), relay(2), relay(10 + slot)], status: 'certificate', error: null, agrees,
  valid: false, why: 'self-signed certificate', signed: true, certificate: certificate(sha256), tls: '1.3', elapsed_ms: 100, ...more,
});

/** A well-formed result for a request; `more` overrides. */
export function result(request, verdict, more = {}) {
  const mine = hex('a');
  const theirs = verdict === 'match' ? mine : hex('b');
  const agrees = verdict === 'match' ? 'same_certificate' : 'differs';
  return {
    id: request.id, kind: 'cert.result', verdict, reason: { match: 'same_certificate', mismatch: 'others_agree', undecided: 'too_few_answers', exempt: 'onion_service' }[verdict],
    error: null, host: request.host, port: request.port, first_party: request.first_party, private: request.private, container: request.container,
    k: 3, asked: 3, answered: 3, elapsed_ms: 900, weaker: false, same_country_possible: false, retry_useful: verdict === 'undecided', still_same: null,
    fingerprints: verdict === 'match' ? [mine] : [], first: [answer(0, mine, null)], others: [1, 2, 3].map((s) => answer(s, theirs, agrees)),
    browser_paths: [[relay(1), relay(2), relay(10)]], chance: [0.23, 0.053, 0.012], roots: 'system', ...more,
  };
}

class Storage {
  constructor(values, until) {
    this.values = structuredClone(values);
    this.until = until;
  }

  async get() {
    await this.until;
    return structuredClone(this.values);
  }

  async set(values) {
    Object.assign(this.values, structuredClone(values));
  }

  async remove(keys) {
    for (const key of keys) delete this.values[key];
  }

  async clear() {
    this.values = {};
  }
}

/** An extension in a fake browser. options: {api: browser.secondexit or undefined, storage, until: it can be read, answer: of the host's port}. */
export function extension({ api, downloads, storage = {}, until, answer: hostAnswer = friendly } = {}) {
  const clock = new Clock();
  const ports = [];
  const host = new HostLink({
    connect: () => {
      const port = new Port(hostAnswer);
      ports.push(port);
      return port;
    },
    hello: { version: '0.1.0', edition: api ? 'privileged' : 'standard' },
    clock,
  });
  const loads = [];
  const tabs = new Map([[1, { id: 1, active: true, incognito: true, cookieStoreId: 'firefox-private' }]]);
  let ids = 0;
  const web = {
    now: clock.now, setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout,
    randomId: () => `page${++ids}`,
    pageUrl: (id) => `moz-extension://x/ui/certificate.html?id=${id}`,
    getTab: async (id) => tabs.get(id) ?? null,
    headers: () => ({ user_agent: 'Firefox', accept: 'text/html', accept_language: 'en' }),
    replace: async (tabId, url) => loads.push({ tabId, url }),
    registrable: (name) => name.split('.').slice(-2).join('.'),
    securityInfo: async (requestId) => web.infos.get(requestId),
    leafOf: async () => 'REVS',
    infos: new Map(),
    windows: async () => web.open,
    open: { normal: 0, private: 1 },
    access: async () => ({ hosts: true, privateWindows: true }),
    activeTabs: async () => [...tabs.values()].filter((tab) => tab.active).map(({ id }) => id),
    ourBase: () => 'moz-extension://x/',
    hasPrimary: async () => web.primary ?? false,
    /** What happened to clipboard, windows and tabs: [name, …]. */
    did: [],
    writeClipboard: async (flavours) => Boolean(web.did.push(['write', flavours])),
    blankPrimary: async () => Boolean(web.did.push(['blank'])),
    tellTab: async (tabId, message) => web.did.push(['tell', tabId, message.kind]),
    askFrame: async (tabId, frameId, message) => web.frameSays?.(message) ?? null,
    reload: async (tabId) => web.did.push(['reload', tabId]),
    openCopyWindow: async (options) => {
      web.did.push(['window', options]);
      return 77;
    },
    raise: async (id) => {
      web.did.push(['raise', id]);
      return true;
    },
    closeWindow: async (id) => web.did.push(['close', id]),
    guardClipboardOf: async (name) => web.did.push(['guard', name]),
    guardClipboardIn: async (tabId) => web.did.push(['guardTab', tabId]),
    unguardClipboard: async () => web.did.push(['unguard']),
    destroyDownload: async (id) => web.did.push(['destroy', id]),
    getDownload: async (id) => web.items?.get(id) ?? null,
    openDownloads: async () => web.did.push(['downloads']),
    raiseDownloads: async () => web.did.push(['downloads']),
    badge: (text, tone) => web.did.push(['badge', text, tone]),
    notify: (id, what, name) => web.did.push(['notify', what, name]),
    userAgent: () => 'Mozilla/5.0 (fake)',
    acceptLanguage: () => 'en',
    kept: new Map(),
    local: { get: async (key) => web.kept.get(key), set: async (key, value) => void web.kept.set(key, value) },
  };
  const store = new Storage(storage, until);
  const privileged = privilegedFrom(api, downloads);
  const pages = new Pages(store);
  const exclusions = new Exclusions(web.local, (name) => ['org', 'co.uk', 'test'].includes(name));
  const certcheck = new CertCheck({ web, privileged, host, pages, table: Promise.resolve(table), exclusions });
  const watch = new DocumentWatch({ web, privileged, pages, exclusions });
  const settings = new Settings(web.local);
  const clipcheck = new ClipCheck({ web, privileged, host, watch, settings });
  const dllist = new DlList({ web, privileged, host, pages, settings });
  const dlcheck = new DlCheck({ web, privileged, host, pages, watch, settings, list: dllist });
  const https = new HttpsWatch({ web, pages, certcheck });
  const guard = new Guard({ web, privileged, host, pages, certcheck, watch, https, dlcheck });
  const session = new Session({ reports: { wipe() {} }, web, privileged, host, pages, certcheck, clipcheck, dlcheck, dllist, settings, watch, exclusions, https });
  return {
    clock, host, web, tabs, loads, store, pages, certcheck, https, guard, session, privileged, watch, clipcheck, dlcheck, dllist, settings, exclusions,
    get port() {
      return ports.at(-1);
    },
    ports,
    /** A failed navigation; answers the id of our page, or "". */
    async fail(url, error = SELF_SIGNED, tabId = 1) {
      const before = loads.length;
      await certcheck.onNavigationError({ tabId, frameId: 0, url, error });
      await settle();
      return /id=(.*)$/.exec(loads.slice(before).at(-1)?.url ?? '')?.[1] ?? '';
    },
  };
}

/** browser.secondexit of a test: offers this leaf and takes every exception. */
export const exactApi = (more = {}) => {
  const calls = [];
  return {
    calls,
    getFailure: async (tabId, url) => ({
      host: new URL(url).hostname, port: 443, error: -16370, errorName: 'MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT', category: 'trust', overridable: true, hsts: false, bypassHidden: true,
      chain: ['TEVBRg=='], sha256: hex('a'), origin: { firstParty: 'site.test', private: 1, container: 0, attributes: '^privateBrowsingId=1' },
      proxy: { kind: 'socks', username: 'site.test:0', password: 'ff' }, time: 1, ...more,
    }),
    getRequest: async () => ({ origin: { firstParty: 'site.test', private: 1, container: 0, attributes: '' }, proxy: { kind: 'socks', username: 'site.test:0', password: 'ff' } }),
    addException: async (...args) => {
      calls.push(['addException', ...args]);
      return { added: true, why: '' };
    },
    hasOtherException: async () => false,
    clearExceptions: async () => calls.push(['clearExceptions']),
    forget: async () => calls.push(['forget']),
    hideNativeBypass: async (hide) => calls.push(['hideNativeBypass', hide]),
    newCircuit: async () => false,
    setAutocopy: async (on) => Boolean(calls.push(['setAutocopy', on])),
    blankPrimary: async () => Boolean(calls.push(['blankPrimary'])),
  };
};
