// Downloads that an exit could have changed. Standard edition: the browser's request is cancelled at its headers and the host fetches two copies
// itself; what becomes a download without our having seen it coming is cancelled and deleted when the browser tells of it. Privileged
// edition: the browser downloads, its own pipeline is held before the file gets its name, and only a match lets it go on. core/dlpolicy.js says what is done with which file; the host says which file it is and whether others get the same.

import { containerOf, firstPartyOf, topHostOf, hostOf, siteOfUrl } from '../core/site.js';
import { judgeDocument, INSECURE } from '../core/documents.js';
import { Chains, Records, isInsecureUrl, isSameStart } from '../core/downloads.js';
import { decideOf, worse } from '../core/dlpolicy.js';
import { willDownload, nameOf, cleanName, typeOf, headerOf } from '../core/willdownload.js';
import { problemOf } from './dllist.js';
import { CLASSIFY_NAME_MS, CLASSIFY_FILE_MS, DL_RECORDS_MAX } from '../core/limits.js';
import { proxyOf } from './guard.js';

const TYPES = new Set(['main_frame', 'sub_frame', 'object', 'other']);
const KEY = 'dlrecord:';
const isRedirect = ({ statusCode }) => statusCode >= 300 && statusCode < 400 && statusCode !== 304;
const nosniff = { name: 'X-Content-Type-Options', value: 'nosniff' };

export class DlCheck {
  #web;
  #privileged;
  #host;
  #watch;
  #settings;
  #list;
  #chains = new Chains();
  #records = new Records();
  #pages;
  #failed = new Map();      // tab id → {url, isLinkSecure}: a plain address whose upgrade failed in this tab
  #ours = new Map();        // browser's download id → what was decided when it began
  #early = new Map();       // privileged hold's id → promise: whether it is compared while it grows is being found out
  #unsure = new Map();      // browser's download id → its encrypted URL, of whose request nothing insecure is known yet

  /** list: feature/dllist.js; watch: feature/documents.js. */
  constructor({ web, privileged, host, pages, watch, settings, list }) {
    this.#pages = pages;
    this.#web = web;
    this.#privileged = privileged;
    this.#host = host;
    this.#watch = watch;
    this.#settings = settings;
    this.#list = list;
    /** Resolves when what an earlier background page saw is known again: a download may take longer than it lived. */
    this.ready = this.#restore();
  }

  async #restore() {
    const saved = await this.#pages.saved();
    this.#records = new Records(Object.entries(saved).filter(([key]) => key.startsWith(KEY)).map(([, record]) => record));
  }

  #note(record) {
    const { kept, gone } = this.#records.add(record);
    this.#pages.setSaved({ [KEY + kept.number]: kept, ...(gone ? { [KEY + gone]: null } : {}) });
    for (const [id, url] of this.#unsure) if (url === kept.urls[0]) this.#late(id).catch(() => {});
  }

  wipe() {
    this.#chains.clear();
    this.#records.clear();
    this.#failed.clear();
    this.#unsure.clear();
    return this.#list.wipe();
  }

  // ---- requests -------------------------------------------------------------------------------------------------

  /** webRequest.onBeforeRequest. */
  onBegin(details) {
    this.#chains.begun(details, { isLinkSecure: this.#isLinkSecure(details), time: this.#web.now() });
  }

  // Whether the page that asked for this was secure. Nobody asked: the user typed it, or it is the browser's own page of a failed upgrade, whose
  // button asks for the plain address again.
  #isLinkSecure({ tabId, url, type, originUrl, documentUrl }) {
    const origin = originUrl ?? documentUrl ?? '';
    if (tabId >= 0) {
      const again = this.#failed.get(tabId);
      this.#failed.delete(tabId);
      if (type === 'main_frame' && again?.url === url) return again.isLinkSecure;
      if (!origin) return type === 'main_frame';
      return this.#watch.documents.isFromSecurePage(tabId, origin);
    }
    return Boolean(origin) && this.#watch.isOriginSecure(origin);
  }

  /** webNavigation.onCommitted: another page stands in the tab. */
  onCommitted({ tabId, frameId, url }) {
    if (frameId === 0 && /^https?:/.test(url)) this.#failed.delete(tabId);
  }

  /** webRequest.onSendHeaders. */
  onSent({ requestId, requestHeaders }) {
    this.#chains.sent(requestId, requestHeaders);
  }

  /** webRequest.onCompleted, onErrorOccurred. */
  onEnded({ requestId, tabId, type, error }) {
    const chain = this.#chains.of(requestId);
    this.#chains.ended(requestId);
    if (!chain || !error || type !== 'main_frame' || tabId < 0) return;
    const upgraded = chain.asked ?? '';
    if (upgraded) this.#failed.set(tabId, { url: upgraded, isLinkSecure: chain.isLinkSecure });
  }

  /**
   * Blocking onHeadersReceived, behind feature/guard.js and feature/documents.js, whose answer may have changed the headers. facts: {kind, isVerified}.
   * @returns {Promise<object>} what webRequest wants
   */
  async onResponse(details, facts, answer) {
    if (answer.cancel || !TYPES.has(details.type)) return answer;
    const proxy = proxyOf(details.proxyInfo);
    const state = judgeDocument({ url: details.url, kind: facts.kind ?? 'unknown', isVerified: facts.isVerified ?? false, proxy, ip: details.ip });
    const chain = this.#chains.answered(details, state === INSECURE);
    if (isRedirect(details) || !chain.isInsecure) return answer;
    await this.ready;
    const responseHeaders = answer.responseHeaders ?? details.responseHeaders;
    // "Save Link As", and what is fetched for no document at all: should it become a download, onCreated knows where it came from.
    const will = details.type === 'other' ? 'perhaps' : willDownload({ statusCode: details.statusCode, responseHeaders });
    const isOfPage = details.tabId >= 0 && details.type !== 'main_frame';
    const source = { ...await this.#sourceOf(details, chain, proxy, responseHeaders), isOwn: details.type === 'other' && !isOfPage, isCheap: will === 'no' || isOfPage };
    const isText = will === 'perhaps' && state === INSECURE && source.contentType === 'text/plain';
    if (details.type === 'other' || will !== 'yes' && !isText) {
      // Its content, or a link's download attribute, decides whether it is shown: should it become a download, onCreated knows where it came from.
      this.#note({ ...source, action: 'perhaps' });
      return answer;
    }
    const kind = await this.#classify({ name: source.name, contentType: source.contentType });
    if (isText && (kind.cls === 'transparent' || kind.problem)) {
      // Text is shown as text: no guess by its content makes a file of it.
      this.#note({ ...source, action: 'perhaps' });
      return { ...answer, responseHeaders: [...responseHeaders.filter((h) => h.name.toLowerCase() !== 'x-content-type-options'), nosniff] };
    }
    return this.#decideAtHeaders(source, kind, answer);
  }

  async #decideAtHeaders(source, { cls, problem }, answer) {
    const action = decideOf(await this.#settings.downloads(), { cls, isLinkSecure: source.isLinkSecure });
    const entry = { url: source.urls.at(-1), name: source.name, cls, isLinkSecure: source.isLinkSecure, tabId: source.tabId, private: source.site.private };
    if (action === 'prevent') {
      this.#prevent(entry, { problem });
      return { cancel: true };
    }
    if (action === 'verify' && !this.#privileged.exact) {
      this.#list.fetch(entry, source);
      return { cancel: true };
    }
    const noticed = action === 'notice' && !this.#privileged.exact ? this.#list.add({ ...entry, phase: 'noticed', how: 'none' }).id : '';
    this.#note({ ...source, cls, action, noticed });
    return answer;
  }

  // why: what kept it from being checked; else its link, or the user's choice.
  #prevent(entry, { problem = null, why = '', isRemoved = false }) {
    const reason = why || (problem ? 'unclassified' : entry.isLinkSecure ? 'option' : 'link');
    return this.#list.add({ ...entry, phase: 'prevented', how: 'none', why: reason, problem, isRemoved });
  }

  async #sourceOf(details, chain, proxy, responseHeaders) {
    const where = siteOfUrl(details.url);
    const exact = this.#privileged.exact ? await this.#privileged.getRequest(details.requestId) : null;
    const topHost = topHostOf(details);
    const firstParty = firstPartyOf({ topHost, username: details.proxyInfo?.username, registrable: this.#web.registrable(topHost) });
    const site = exact ? { firstParty: exact.origin.firstParty, private: exact.origin.private, container: exact.origin.container, ...where }
      : { firstParty, private: details.incognito ? 1 : 0, container: containerOf(details.cookieStoreId), ...where };
    const length = Number(headerOf(responseHeaders, 'content-length'));
    return {
      urls: [...chain.urls], hasWhole: chain.hasWhole, tabId: chain.tabId, isLinkSecure: chain.isLinkSecure, sent: chain.sent, isPost: !['GET', 'HEAD'].includes(chain.method),
      site, proxy: exact?.proxy ?? proxy, name: nameOf(responseHeaders, details.url), contentType: typeOf(responseHeaders),
      length: headerOf(responseHeaders, 'content-length') && Number.isSafeInteger(length) && length >= 0 && !headerOf(responseHeaders, 'content-encoding') ? length : null,
      etag: headerOf(responseHeaders, 'etag'), lastModified: headerOf(responseHeaders, 'last-modified'),
    };
  }

  // {cls, problem}. What can't be found out is executable, and problem says why.
  async #classify({ name, contentType = '', path = null }) {
    try {
      const fields = { name: cleanName(name), content_type: contentType.replace(/[^\x20-\x7e]/g, '').slice(0, 255), path };
      return { cls: (await this.#host.request('classify', fields, { timeoutMs: path === null ? CLASSIFY_NAME_MS : CLASSIFY_FILE_MS }).done).class, problem: null };
    } catch (e) {
      return { cls: 'executable', problem: problemOf(e) };
    }
  }

  // ---- downloads of the browser's own ------------------------------------------------------------------------------

  /** downloads.onCreated: what came another way than through a document's response, or was let through. */
  async onCreated(item) {
    if (this.#privileged.exact) return undefined;
    await Promise.all([this.ready, this.#watch.ready, this.#list.ready]);
    const record = this.#records.find(item.url);
    const insecure = isInsecureUrl(item.url);
    if (insecure === null && !record) {
      // A saved link is told before its request is made: what that meets on its way is not known yet.
      this.#unsure.set(item.id, item.url.split('#')[0]);
      if (this.#unsure.size > DL_RECORDS_MAX) this.#unsure.delete(this.#unsure.keys().next().value);
    }
    if (insecure === false || (insecure === null && !record)) return undefined;
    const origin = originOfItem(item);
    const isSourceless = !/^https?:/.test(item.url);
    if (isSourceless && (/^(blob:moz-extension|moz-extension|about|chrome|resource|file):/.test(item.url) || this.#watch.isOriginSecure(origin, { isOwn: isUnnamed(item.url) }))) return undefined;
    // The name that the browser gives it: a link's download attribute has a say in it.
    const name = cleanName(item.filename || nameOf([], item.url));
    const named = await this.#classify({ name, contentType: item.mime ?? '' });
    const kind = record?.cls ? { ...named, cls: worse(named.cls, record.cls) } : named;
    const isLinkSecure = record ? record.isLinkSecure : !isSourceless && this.#watch.isOriginSecure(origin);
    const source = record ?? (isSourceless ? null : this.#sourceOfItem(item, { isLinkSecure, name }));
    const action = decideOf(await this.#settings.downloads(), { cls: kind.cls, record, isLinkSecure, hasSource: !isSourceless });
    const entry = { url: isSourceless ? item.url.slice(0, 60) : item.url, name, cls: kind.cls, isLinkSecure, tabId: -1, private: item.incognito ? 1 : 0 };
    if (action === 'nothing' || action === 'notice') {
      const noticed = record?.noticed || (action === 'notice' ? this.#list.add({ ...entry, phase: 'noticed', how: 'none' }).id : '');
      this.#ours.set(item.id, { ...(source ?? {}), name, isLinkSecure, contentType: item.mime ?? '', isSourceless, noticed });
      // It may have been completed while that was found out.
      const now = await this.#web.getDownload(item.id);
      return (now ?? item).state === 'complete' ? this.#completed(item.id) : undefined;
    }
    await this.#web.destroyDownload(item.id);
    if (record?.noticed) this.#list.withdraw(record.noticed);
    if (action === 'verify' && source) return this.#list.fetch({ ...entry, tabId: record?.tabId ?? -1 }, { ...source, name });
    return this.#prevent(entry, isSourceless ? { why: 'sourceless' } : kind);
  }

  // Its request was not seen: the URL told is the last of its chain.
  #sourceOfItem(item, { isLinkSecure, name }) {
    const where = siteOfUrl(item.url);
    const top = hostOf(item.referrer ?? '') || where.host;
    return {
      urls: [item.url.split('#')[0]], hasWhole: false, tabId: -1, isLinkSecure, sent: { userAgent: this.#web.userAgent(), accept: '*/*', acceptLanguage: this.#web.acceptLanguage(), referer: '', hasSecrets: false },
      isPost: false, site: { firstParty: this.#web.registrable(top) ?? top, private: item.incognito ? 1 : 0, container: containerOf(item.cookieStoreId), ...where },
      proxy: { kind: 'socks', username: '', password: '' }, name, contentType: item.mime ?? '', length: null, etag: '', lastModified: '',
    };
  }

  /** downloads.onChanged. */
  onChanged({ id, state }) {
    if (state?.current === 'complete') return this.#ours.has(id) ? this.#completed(id) : this.#late(id);
    if (state?.current === 'interrupted') {
      this.#ours.delete(id);
      this.#unsure.delete(id);
    }
    return undefined;
  }

  // It began with an encrypted URL: did that lead to something insecure?
  async #late(id) {
    this.#unsure.delete(id);
    if (this.#privileged.exact) return;
    await this.ready;
    const item = await this.#web.getDownload(id);
    if (item && isInsecureUrl(item.url) === null && this.#records.find(item.url)) await this.onCreated(item);
  }

  // Let through by its name: now its content has a say.
  async #completed(id) {
    const record = this.#ours.get(id);
    if (!record) return;
    this.#ours.delete(id);
    const item = await this.#web.getDownload(id);
    if (!item) return;
    const { cls, problem } = await this.#classify({ name: cleanName(item.filename), contentType: record.contentType, path: item.filename });
    const action = decideOf(await this.#settings.downloads(), { cls, record, hasSource: !record.isSourceless });
    if (action === 'nothing' || action === 'notice') return;
    await this.#web.destroyDownload(id);
    if (record.noticed) this.#list.withdraw(record.noticed);
    const entry = { url: record.isSourceless ? item.url.slice(0, 60) : item.url, name: cleanName(item.filename), cls, isLinkSecure: record.isLinkSecure, tabId: -1, private: item.incognito ? 1 : 0 };
    if (action === 'verify' && record.site) this.#list.fetch(entry, record);
    else this.#prevent(entry, { problem, why: problem ? '' : 'content', isRemoved: true });
  }

  // ---- held by the browser (privileged edition) ---------------------------------------------------------------------

  /** What is held, once at the start of the background page, and each as it comes. */
  async onHeldAtStart() {
    if (!this.#privileged.exact) return;
    for (const held of await this.#privileged.heldDownloads()) this.onHeld(held);
  }

  /** It grows: compared from now on, if it is sure to be compared once it is held. Whatever goes wrong here leaves that for then. */
  onGrowing(held) {
    const looked = this.#compareEarly(held).catch(() => {}).finally(() => this.#early.delete(held.id));
    this.#early.set(held.id, looked);
    return looked;
  }

  async #compareEarly(held) {
    await Promise.all([this.ready, this.#watch.ready, this.#list.ready]);
    const { action, entry, source, record } = await this.#judgeHeld(held);
    // Which redirects led here the browser itself may only know at the end.
    if (action === 'verify' && record && source.hasWhole && this.#list.hasRoomToGrow()) this.#list.hold(entry, source, held);
  }

  /** held: of privileged/API.md. Whatever goes wrong here leaves it held. */
  async onHeld(held) {
    await Promise.all([this.ready, this.#watch.ready, this.#list.ready, this.#early.get(held.id)]);
    if (this.#list.resume(held.id)) return undefined;
    const { action, entry, source, problem, isHttp } = await this.#judgeHeld(held);
    if (action === 'verify' && held.hasPart) return this.#list.hold(entry, source, held);
    this.#list.ungrow(held.id);
    if (action === 'nothing' || action === 'notice') {
      if (action === 'notice') this.#list.add({ ...entry, phase: 'noticed', how: 'none' });
      return this.#privileged.settleDownload(held.id, true);
    }
    this.#prevent(entry, { problem, isRemoved: true, why: action !== 'prevent' ? 'bare' : !isHttp ? 'sourceless' : '' });
    return this.#privileged.settleDownload(held.id, false);
  }

  // What is to be done with it, and what our list needs of it. While it grows (size null) its name alone says what it is.
  async #judgeHeld(held) {
    const urls = [...held.redirects, held.url];
    const record = this.#records.find(held.url);
    const isHttp = urls.every((u) => /^https?:/.test(u));
    const isInsecure = Boolean(record) || held.hasException || urls.some((u) => isInsecureUrl(u) === true);
    if (isHttp && !isInsecure) return { action: 'nothing' };
    const origin = held.referrer || originOfUrl(held.url);
    if (!isHttp && (/^(blob:moz-extension|moz-extension|about|chrome|resource|file):/.test(held.url) || this.#watch.isOriginSecure(origin, { isOwn: isUnnamed(held.url) }))) {
      return { action: 'nothing' };
    }
    const isLinkSecure = isHttp && (record ? record.isLinkSecure : this.#watch.isOriginSecure(origin));
    const name = cleanName(held.path);
    const kinds = [{ name, contentType: held.contentType }, ...(held.size === null ? [] : [{ name, contentType: held.contentType, path: held.partPath }])];
    const [byName, byContent = byName] = await Promise.all(kinds.map((kind) => this.#classify(kind)));
    const cls = worse(byName.cls, byContent.cls);
    const action = decideOf(await this.#settings.downloads(), { cls, record: isHttp ? record : null, isLinkSecure, hasSource: isHttp });
    const entry = { url: isHttp ? held.url : held.url.slice(0, 60), name, cls, isLinkSecure, tabId: record?.tabId ?? -1, private: held.private, hold: held.id };
    return { action, entry, isHttp, record, problem: byName.problem ?? byContent.problem, source: isHttp ? this.#sourceOfHeld(held, record, { urls, isLinkSecure, name }) : null };
  }

  // What the browser itself knows of redirects is of this very download; a record may be of another request for its last URL.
  #sourceOfHeld(held, record, { urls, isLinkSecure, name }) {
    const source = record ?? this.#sourceOfItem({ url: held.url, referrer: held.referrer, incognito: held.private, mime: held.contentType }, { isLinkSecure, name });
    if (!held.isFirstKnown || held.isAllowed && this.#records.hasLost) return { ...source, hasWhole: false };
    if (record && (held.redirects.length === 0 || isSameStart(urls[0], record.urls[0]))) return source;
    return { ...source, urls: urls.map((u) => u.split('#')[0]), hasWhole: true };
  }

  /** It grows or is held no more: the user cancelled it in the browser's own panel. */
  async onReleased(id) {
    await this.#early.get(id);
    this.#list.gone(id);
  }
}

// Such an address doesn't say whose it is: a page's own data, a document that the browser's viewer of PDF shows (never an insecure one: those become
// downloads at their headers, core/unguarded.js).
const isUnnamed = (url) => /^(data:|blob:resource:\/\/pdf\.js\/)/.test(url);
const originOfUrl = (url) => /^blob:(https?:\/\/[^/]+)/.exec(url)?.[1] ?? '';
const originOfItem = ({ url, referrer }) => originOfUrl(url) || referrer || '';
