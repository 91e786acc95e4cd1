// Watches for HTTPS that an exit takes away: encrypted navigations that end without TLS, and plain pages of sites that
// were encrypted a moment ago. What follows (the page, the host's check) is feature/certcheck.js.

import { tlsFailure, encryptedPort, encryptedUrl } from '../core/https.js';
import { target, siteOfUrl, containerOf, firstPartyOf, hostOf } from '../core/site.js';
import { proxyOf } from './guard.js';
import { SILENT_MS, UPGRADES_MAX } from '../core/limits.js';

export class HttpsWatch {
  #web;
  #pages;
  #certcheck;
  #upgrades = new Map();   // tab id → {requestId, back, url}: the plain address that the browser asks for encrypted
  #silent = new Map();     // tab id → {requestId, url, timer, end: AbortController}: a main frame is on its way and nothing has come yet
  #told = new Map();       // tab id → url: what was silent too long; should the browser give up later, that is known

  constructor({ web, pages, certcheck }) {
    this.#web = web;
    this.#pages = pages;
    this.#certcheck = certcheck;
  }

  /** webRequest.onBeforeRequest of a main frame: HTTPS-Only mode upgrades within one request. */
  onBeforeRequest({ requestId, tabId, url, method }) {
    if (tabId < 0) return;
    this.#await({ requestId, tabId, url, method });
    const known = this.#upgrades.get(tabId);
    this.#upgrades.delete(tabId);
    if (url.startsWith('http:')) this.#upgrades.set(tabId, { requestId, back: url, url: '' });
    else if (known?.requestId === requestId && hostOf(known.back) === hostOf(url)) this.#upgrades.set(tabId, { ...known, url });
    if (this.#upgrades.size > UPGRADES_MAX) this.#upgrades.delete(this.#upgrades.keys().next().value);
  }

  /** Blocking webRequest.onBeforeRequest of a main frame: a site that an exit kept on plain pages is asked for encrypted. */
  async upgrade({ tabId, url, incognito, cookieStoreId }) {
    const where = siteOfUrl(url);
    if (tabId < 0 || !where || !url.startsWith('http:')) return {};
    await this.#pages.ready;
    const site = { private: incognito ? 1 : 0, container: containerOf(cookieStoreId), host: where.host, port: encryptedPort(where.port) };
    return this.#pages.ledger.isUpgraded(site) ? { redirectUrl: encryptedUrl(url) } : {};
  }

  // The browser itself waits for minutes, or for ever, for an exit that takes the connection and says nothing (seen: ESR 153, over four minutes).
  // Nothing tells an extension that TLS is there before an answer's headers are (webRequest.onSendHeaders comes before the browser connects), and a
  // slow server must not be accused: so our own probe through that exit is the question.
  #await({ requestId, tabId, url, method }) {
    this.#forget(tabId);
    this.#told.delete(tabId);
    // No exit on the way to an onion service.
    if (!url.startsWith('https:') || hostOf(url).endsWith('.onion') || method !== 'GET' || this.#silent.size >= UPGRADES_MAX) return;
    const wait = { requestId, url, timer: null, end: new AbortController() };
    this.#silent.set(tabId, wait);
    this.#waitOn(tabId, wait);
  }

  #waitOn(tabId, wait) {
    wait.timer = this.#web.setTimeout(() => this.#onSilence(tabId, wait), SILENT_MS);
  }

  /** webRequest.onHeadersReceived or the end of a main frame. */
  onSpoke({ tabId, requestId }) {
    if (this.#silent.get(tabId)?.requestId === requestId) this.#forget(tabId);
  }

  #forget(tabId) {
    const wait = this.#silent.get(tabId);
    this.#web.clearTimeout(wait?.timer);
    wait?.end.abort();
    this.#silent.delete(tabId);
  }

  async #onSilence(tabId, wait) {
    const { url, end } = wait;
    const where = target(url);
    const isWithheld = where && await this.#certcheck.isSilenced({ tabId, where, signal: end.signal });
    if (end.signal.aborted) return;
    if (isWithheld === null) return void this.#waitOn(tabId, wait);   // nobody looks at that tab
    this.#silent.delete(tabId);
    if (!isWithheld) return;
    this.#told.set(tabId, url);
    await this.#onNoTls({ tabId, url, failure: 'none', name: 'NS_ERROR_NET_TIMEOUT' });
  }

  onTabRemoved(tabId) {
    this.#upgrades.delete(tabId);
    this.#told.delete(tabId);
    this.#forget(tabId);
  }

  wipe() {
    this.#upgrades.clear();
    this.#told.clear();
    for (const tabId of [...this.#silent.keys()]) this.#forget(tabId);
  }

  /** webNavigation.onErrorOccurred that was no certificate's. */
  async onNavigationError({ tabId, frameId, url, error }) {
    const failed = tlsFailure(error);
    if (frameId !== 0 || !failed || this.#told.get(tabId) === url) return;
    await this.#onNoTls({ tabId, url, ...failed });
  }

  async #onNoTls({ tabId, url, ...failed }) {
    const where = target(url);
    if (!where) return;
    const upgrade = this.#upgrades.get(tabId);
    const back = upgrade?.url === url ? upgrade.back : url;
    await this.#certcheck.onNoTls({ tabId, url, back, where, ...failed });
  }

  /** Blocking webRequest.onBeforeSendHeaders of a plain main frame: the browser gave HTTPS up, or never tried it. */
  async onPlainSend(details) {
    const site = await this.#plainSite(details);
    if (!site || !this.#pages.ledger.isShut(site)) return {};
    const url = encryptedUrl(details.url);
    this.#certcheck.onNoTls({ tabId: details.tabId, url, back: details.url, where: { host: site.host, port: site.port }, failure: 'loop', name: '', site,
      proxy: proxyOf(details.proxyInfo) });
    return { cancel: true };
  }

  /** A main frame came in over TLS, with a certificate that needed no exception. */
  async onEncrypted(details) {
    const where = target(details.url);
    if (!where || details.type !== 'main_frame' || details.tabId < 0) return;
    await this.#pages.ready;
    if (this.#pages.ledger.sawHttps(this.#siteOf(details, where))) this.#pages.setLedger();
  }

  async #plainSite(details) {
    const where = siteOfUrl(details.url);
    if (!where || details.tabId < 0) return null;
    await this.#pages.ready;
    return this.#siteOf(details, { host: where.host, port: encryptedPort(where.port) });
  }

  #siteOf(details, where) {
    const firstParty = firstPartyOf({ topHost: where.host, username: details.proxyInfo?.username, registrable: this.#web.registrable(where.host) });
    return { firstParty, private: details.incognito ? 1 : 0, container: containerOf(details.cookieStoreId), ...where };
  }
}
