// Nothing comes in under a certificate that an exception let pass, unless that very certificate was verified; and in
// the standard edition nothing worth stealing goes out to a host that showed a bad one. What comes in is told to
// feature/documents.js, which knows what an exit could have changed. Covers every resource type,
// exceptions stored in earlier sessions, and the first request after the background page was woken.

import { target, containerOf, firstPartyOf, topHostOf } from '../core/site.js';
import { leafOf, connectionKind, judgeResponse, stripRequest } from '../core/guard.js';
import { WAKE_WAIT_MS } from '../core/limits.js';

export class Guard {
  #web;
  #privileged;
  #host;
  #pages;
  #certcheck;
  #watch;
  #https;
  #dlcheck;

  /** watch: feature/documents.js; https: feature/httpswatch.js; dlcheck: feature/dlcheck.js. */
  constructor({ web, privileged, host, pages, certcheck, watch, https, dlcheck }) {
    this.#watch = watch;
    this.#dlcheck = dlcheck;
    this.#https = https;
    this.#web = web;
    this.#privileged = privileged;
    this.#host = host;
    this.#pages = pages;
    this.#certcheck = certcheck;
  }

  /** Blocking webRequest.onBeforeRequest of a main frame: the host has to be there to see the stream. */
  async onBeforeRequest(details) {
    this.#watch.onBeforeRequest(details);
    this.#https.onBeforeRequest(details);
    await this.#host.ready(WAKE_WAIT_MS);
    return this.#https.upgrade(details);
  }

  /** Blocking webRequest.onBeforeSendHeaders. */
  async onBeforeSendHeaders(details) {
    const proxy = proxyOf(details.proxyInfo);
    if (details.type === 'main_frame') this.#certcheck.noteRequest(details.tabId, details.url, proxy);
    await this.#pages.ready;
    const site = this.#siteOfRequest(details);
    // The privileged edition's own exceptions are for one verified certificate; another one's may be for anything.
    const isExact = this.#privileged.exact;
    if (isExact && !(site && this.#pages.ledger.isSuspectHost(site) && await this.#privileged.hasOtherException(site.host, site.port))) return {};
    return site ? stripRequest(this.#pages.ledger, { site, method: details.method, requestHeaders: details.requestHeaders }) : { cancel: true };
  }

  /** Blocking webRequest.onHeadersReceived. Anything that goes wrong here keeps the response out. */
  async onHeadersReceived(details) {
    try {
      return await this.#judge(details);
    } catch {
      return { cancel: true };
    }
  }

  async #judge(details) {
    const [info] = await Promise.all([this.#web.securityInfo(details.requestId), this.#pages.ready]);
    const kind = connectionKind(info);
    if (kind === 'fine') this.#noteHsts(details);
    if (kind === 'fine') {
      await this.#https.onEncrypted(details);
      return this.#comesIn(details, { kind });
    }
    const exact = await this.#privileged.getRequest(details.requestId);
    const where = target(details.url);
    const site = exact && where ? { firstParty: exact.origin.firstParty, private: exact.origin.private, container: exact.origin.container, ...where }
      : this.#siteOfRequest(details);
    const proxy = exact?.proxy ?? proxyOf(details.proxyInfo);
    const { ledger } = this.#pages;
    if (kind === 'overridden' && site && !ledger.isSuspectHost(site)) {
      ledger.suspectHost(site);
      this.#pages.setLedger();
    }
    const sha256 = leafOf(info);
    const { cancel } = judgeResponse(ledger, { kind, sha256, site, isDirect: proxy.kind === 'direct' });
    if (cancel && kind !== 'unknown' && site && details.type === 'main_frame') {
      const der = await this.#web.leafOf(details.requestId).catch(() => '');
      this.#certcheck.onStoppedResponse({ tabId: details.tabId, url: details.url, site, sha256, der, category: info.overridableErrorCategory, proxy });
    }
    return cancel ? { cancel: true } : this.#comesIn(details, { kind, isVerified: Boolean(site && sha256) && ledger.isVerified(site, sha256) });
  }

  // A document, what it is made of, or a download.
  async #comesIn(details, facts) {
    return this.#dlcheck.onResponse(details, facts, await this.#watch.onResponse(details, facts));
  }

  /** Blocking webRequest.onHeadersReceived of what is not encrypted. */
  async onPlainHeaders(details) {
    try {
      return await this.#comesIn(details, {});
    } catch {
      return { cancel: true };
    }
  }

  #siteOfRequest(details) {
    const where = target(details.url);
    if (!where) return null;
    const topHost = topHostOf(details);
    const firstParty = firstPartyOf({ topHost, username: details.proxyInfo?.username, registrable: this.#web.registrable(topHost) });
    return { firstParty, private: details.incognito ? 1 : 0, container: containerOf(details.cookieStoreId), ...where };
  }

  #noteHsts(details) {
    const header = details.responseHeaders?.find(({ name }) => name.toLowerCase() === 'strict-transport-security');
    const age = /max-age="?(\d+)/i.exec(header?.value ?? '');
    const site = age && Number(age[1]) > 0 && this.#siteOfRequest(details);
    if (!site || this.#pages.ledger.hasHsts(site)) return;
    this.#pages.ledger.sawHsts(site);
    this.#pages.setLedger();
  }
}

/** webRequest's proxyInfo as {kind, username, password}; the password is never told here. */
export function proxyOf(info) {
  if (!info || info.type === 'direct') return { kind: 'direct', username: '', password: '' };
  return { kind: info.type.startsWith('socks') ? 'socks' : 'other', username: info.username ?? '', password: '' };
}
