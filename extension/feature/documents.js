// Feeds core/documents.js and core/visits.js with what the browser tells, tells content scripts when their page turns out to be
// insecure, and keeps insecure documents that no content script can guard from being shown.

import { containerOf, firstPartyOf, topHostOf, hostOf, siteOfUrl } from '../core/site.js';
import { Documents, judgeDocument, isActive, INSECURE, SECURE } from '../core/documents.js';
import { Visits } from '../core/visits.js';
import { asDownload } from '../core/unguarded.js';
import { proxyOf } from './guard.js';

const KEY = 'doc:';
// From an insecure document's headers to its place in the tab, at most; and until what it is drawn with is made.
const ARRIVING_MS = 20000;
const ARRIVED_MS = 1500;
const DOCUMENT_TYPES = new Set(['main_frame', 'sub_frame']);

export class DocumentWatch {
  #web;
  #privileged;
  #pages;
  #exclusions;
  #ourBase;
  #arriving = new Map();    // "tab frame" of insecure documents whose place isn't taken yet → timer

  /** exclusions: feature/exclusions.js. Their pages are insecure all the same, for everything but copies. */
  constructor({ web, privileged, pages, exclusions }) {
    this.#exclusions = exclusions;
    this.#web = web;
    this.#privileged = privileged;
    this.#pages = pages;
    this.#ourBase = web.ourBase();
    this.documents = new Documents();
    this.visits = new Visits();
    /** Resolves when what an earlier background page knew is known again. */
    this.ready = this.#restore();
  }

  async #restore() {
    await this.#exclusions.ready;
    const saved = await this.#pages.saved();
    const tabs = Object.fromEntries(Object.entries(saved).filter(([key]) => key.startsWith(KEY)).map(([key, tab]) => [key.slice(KEY.length), tab]));
    this.documents = new Documents(tabs);
  }

  wipe() {
    this.documents = new Documents();
    this.visits = new Visits();
    return this.#web.unguardClipboard();
  }

  // ---- requests -------------------------------------------------------------------------------------------------

  /** webRequest.onBeforeRequest of a main frame. */
  onBeforeRequest({ requestId, tabId, url, method, originUrl, documentUrl }) {
    if (tabId < 0) return;
    this.visits.requested({ requestId, tabId, url, method, source: this.#sourceOf(tabId, originUrl ?? documentUrl) });
  }

  #sourceOf(tabId, originUrl) {
    if (!originUrl) return 'none';
    if (originUrl.startsWith(this.#ourBase)) return 'ours';
    return this.documents.isFromSecurePage(tabId, originUrl) ? 'secure' : 'insecure';
  }

  /** webRequest.onBeforeSendHeaders of a main frame. */
  onSend({ requestId, requestHeaders }) {
    const named = (name) => requestHeaders?.find((h) => h.name.toLowerCase() === name)?.value ?? '';
    this.visits.sent(requestId, { userAgent: named('user-agent'), accept: named('accept'), acceptLanguage: named('accept-language') });
  }

  onEnded({ requestId }) {
    this.visits.ended(requestId);
  }

  /**
   * A response is about to come in (blocking). `kind` and `isVerified` of feature/guard.js for encrypted ones.
   * @returns {Promise<object>} what webRequest.onHeadersReceived wants
   */
  async onResponse(details, { kind = 'unknown', isVerified = false } = {}) {
    const { tabId, url, type } = details;
    if (tabId < 0) return {};
    const isDocument = DOCUMENT_TYPES.has(type);
    if (!isDocument && !isActive(type)) return {};
    await this.ready;
    const proxy = proxyOf(details.proxyInfo);
    const state = judgeDocument({ url, kind, isVerified, proxy, ip: details.ip });
    if (isDocument) return this.#documentComes(details, state, proxy);
    const isExcluded = this.#exclusions.has(topHostOf(details));
    if (state === INSECURE && this.documents.taint({ tabId, documentUrl: details.documentUrl })) {
      this.#save(tabId);
      this.onFocus();
      if (!isExcluded) await this.#tellTab(tabId, hostOf(details.documentUrl ?? ''));
    }
    // <embed> and <object> show documents too.
    return state === INSECURE && type === 'object' && !isExcluded && hasBody(details) ? asDownload(details.responseHeaders) : {};
  }

  async #documentComes(details, state, proxy) {
    const { tabId, frameId, url, type } = details;
    if (!isRedirect(details)) this.documents.response({ tabId, frameId, url, state });
    this.#save(tabId);
    if (type === 'main_frame') await this.#noteVisit(details, proxy);
    if (state === SECURE || this.#exclusions.has(topHostOf(details)) && this.#exclusions.has(hostOf(url))) return {};
    if (!isRedirect(details)) await this.#arrives(`${tabId} ${frameId}`);
    if (/^https:/.test(url)) await this.#web.guardClipboardOf(hostOf(url)).catch(() => {});
    return hasBody(details) ? asDownload(details.responseHeaders) : {};
  }

  async #noteVisit(details, proxy) {
    const where = siteOfUrl(details.url);
    if (!where) return;
    const exact = this.#privileged.exact ? await this.#privileged.getRequest(details.requestId) : null;
    const topHost = topHostOf(details);
    const firstParty = firstPartyOf({ topHost, username: details.proxyInfo?.username, registrable: this.#web.registrable(topHost) });
    const site = exact ? { firstParty: exact.origin.firstParty, private: exact.origin.private, container: exact.origin.container, ...where }
      : { firstParty, private: details.incognito ? 1 : 0, container: containerOf(details.cookieStoreId), ...where };
    this.visits.answered(details.requestId, { site, proxy: exact?.proxy ?? proxy });
  }

  // ---- documents ------------------------------------------------------------------------------------------------

  /** webNavigation.onCommitted. */
  async onCommitted(details) {
    const { tabId, frameId, parentFrameId, url } = details;
    await this.ready;
    const wasTainted = frameId !== 0 && !this.documents.isPageSecure(tabId);
    this.documents.commit({ tabId, frameId, parentFrameId, url });
    if (frameId === 0) this.visits.committed(details);
    this.#save(tabId);
    if (frameId !== 0 && !wasTainted && !this.documents.isPageSecure(tabId) && !this.#isExcludedTab(tabId)) await this.#tellTab(tabId, '');
    if (this.#arriving.has(`${tabId} ${frameId}`)) this.#web.setTimeout(() => this.#isThere(`${tabId} ${frameId}`), ARRIVED_MS);
    if (frameId === 0) await this.onFocus();
  }

  /** webNavigation.onCreatedNavigationTarget. */
  async onOpened({ tabId, sourceTabId, sourceFrameId }) {
    await this.ready;
    this.documents.opened({ tabId, sourceTabId, sourceFrameId });
    this.#save(tabId);
  }

  async onTabRemoved(tabId) {
    await this.ready;
    this.documents.removed(tabId);
    this.visits.removed(tabId);
    this.#pages.setSaved({ [KEY + tabId]: null });
  }

  /** A content script asks at its document's start. */
  async stateFor({ tabId, frameId, parentFrameId, url }) {
    await this.ready;
    const state = this.documents.ask({ tabId, frameId, parentFrameId, url });
    return state === SECURE || this.#isExcluded({ tabId, frameId, parentFrameId, url }) ? SECURE : state;
  }

  #isExcludedTab(tabId) {
    return this.#exclusions.has(hostOf(this.documents.urlOf(tabId, 0)));
  }

  // The page that the user wants left alone, with the frames in it that are of such sites too; not such a site's frame in another's page.
  #isExcluded({ tabId, frameId, parentFrameId, url }) {
    const isNamed = /^https?:/.test(url);
    if (frameId === 0) return isNamed && this.#exclusions.has(hostOf(url));
    return this.#isExcludedTab(tabId) && (isNamed ? this.#exclusions.has(hostOf(url)) : parentFrameId === 0);
  }

  /** The list changed. What was taken off it is held again at once; what was put on it, when it is loaded again. */
  async onExclusions() {
    const insecure = [...this.documents.tabs.keys()].filter((tabId) => this.documents.isPageInsecure(tabId) && !this.#isExcludedTab(tabId));
    await Promise.all(insecure.map((tabId) => this.#tellTab(tabId, hostOf(this.documents.urlOf(tabId, 0)))));
    await this.onFocus();
  }

  /** Whether what a page of this origin made or linked came from a secure page (core/documents.js). */
  isOriginSecure(url, options) {
    return this.documents.isOriginSecure(url, options);
  }

  // ---- selecting is copying, on some systems (privileged edition) --------------------------------------------------

  // A document keeps the way it was made with: so it is switched off before an insecure one is made, and while one is in
  // front (for what it makes itself: frames, blank documents).
  async #arrives(key) {
    if (!this.#privileged.exact) return;
    this.#web.clearTimeout(this.#arriving.get(key));
    this.#arriving.set(key, this.#web.setTimeout(() => this.#isThere(key), ARRIVING_MS));
    await this.#privileged.setAutocopy(false);
  }

  #isThere(key) {
    if (this.#arriving.delete(key)) this.onFocus();
  }

  /** Another tab, another window, another document is in front. */
  async onFocus() {
    if (!this.#privileged.exact) return;
    const tabs = await this.#web.activeTabs();
    const isInsecure = tabs.some((tabId) => this.documents.isPageInsecure(tabId) && !this.#isExcludedTab(tabId));
    await this.#privileged.setAutocopy(this.#arriving.size === 0 && !isInsecure);
  }

  async #tellTab(tabId, host) {
    await Promise.all([this.#web.tellTab(tabId, { kind: 'clip.insecure' }), this.#web.guardClipboardIn(tabId).catch(() => {}), host && this.#web.guardClipboardOf(host).catch(() => {})]);
  }

  #save(tabId) {
    this.#pages.setSaved({ [KEY + tabId]: this.documents.saved(tabId) });
  }
}

const isRedirect = ({ statusCode }) => statusCode >= 300 && statusCode < 400 && statusCode !== 304;
const hasBody = (details) => !isRedirect(details) && ![204, 205, 304].includes(details.statusCode);
