// Which documents an exit could have changed ("insecure"). Kept per tab and frame, in memory: what the response of a document
// was, what was loaded into it, and from whom documents without a response of their own (about:blank, srcdoc, data:, blob:)
// have theirs. Pure: feature/documents.js brings the browser's events. What isn't known is insecure.

import { hostOf } from './site.js';
import { DOCUMENT_TABS_MAX, DOCUMENT_FRAMES_MAX, DOCUMENT_SEEN_MAX } from './limits.js';

export const SECURE = 'secure';
export const INSECURE = 'insecure';

const PASSIVE = new Set(['image', 'imageset', 'media', 'beacon', 'ping', 'csp_report', 'speculative', 'main_frame', 'sub_frame']);

/** Whether a resource of this type can change what its document shows or does. */
export const isActive = (type) => !PASSIVE.has(type);

const isLoopbackName = (host) => host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
const isLoopbackAddress = (ip) => ip === '::1' || /^127\./.test(ip ?? '');

/**
 * What a response is worth. `url` as answered; `kind` of core/guard.js connectionKind for encrypted ones; `isVerified`: that very
 * certificate ended in a match in this session; `proxy` as of feature/guard.js; `ip` as the browser tells it.
 */
export function judgeDocument({ url, kind, isVerified, proxy, ip }) {
  let scheme;
  try {
    ({ protocol: scheme } = new URL(url));
  } catch {
    return INSECURE;
  }
  const host = hostOf(url);
  // An onion service proves its own name and no exit stands before it; a name only spelt like one, not asked through tor, is none.
  if (host.endsWith('.onion') && proxy.kind === 'socks') return SECURE;
  if (scheme === 'https:' || scheme === 'wss:') return kind === 'fine' || (isVerified && kind !== 'unknown') ? SECURE : INSECURE;
  // This very computer: no network was involved.
  if (proxy.kind === 'direct' && isLoopbackName(host) && isLoopbackAddress(ip)) return SECURE;
  return INSECURE;
}

const plain = (url) => String(url).split('#')[0];
const hasResponse = (url) => /^https?:/.test(url);
const both = (a, b) => (a === SECURE && b === SECURE ? SECURE : INSECURE);

/** One tab: {frames: {id: {url, state, parent}}, pending: {id: {url, state}}, tainted, opener: state or "", openerUrl, seen: {url: state}}. */
const newTab = () => ({ frames: {}, pending: {}, tainted: false, opener: '', openerUrl: '', seen: {} });

export class Documents {
  /** saved: what saved() gave of each tab, {tabId: tab}. */
  constructor(saved = {}) {
    this.tabs = new Map(Object.entries(saved).map(([id, tab]) => [Number(id), { ...newTab(), ...tab }]));
  }

  #tab(tabId) {
    const tab = this.tabs.get(tabId) ?? newTab();
    this.tabs.delete(tabId);
    this.tabs.set(tabId, tab);
    while (this.tabs.size > DOCUMENT_TABS_MAX) this.tabs.delete(this.tabs.keys().next().value);
    return tab;
  }

  /** A document's response came; the document itself stands once commit() is told. */
  response({ tabId, frameId, url, state }) {
    const tab = this.#tab(tabId);
    tab.pending[frameId] = { url: plain(url), state };
    bound(tab.pending, DOCUMENT_FRAMES_MAX);
  }

  /** A document took its place. */
  commit({ tabId, frameId, parentFrameId, url }) {
    const tab = this.#tab(tabId);
    const where = plain(url);
    const told = tab.pending[frameId];
    delete tab.pending[frameId];
    if (frameId === 0) Object.assign(tab, { frames: {}, tainted: false });
    let state;
    if (!hasResponse(where)) state = this.#inherited(tab, frameId, parentFrameId);
    else if (told?.url === where) ({ state } = told);
    else state = tab.seen[where] ?? '';                                   // back and forward without a request
    if (hasResponse(where) && state) {
      tab.seen[where] = tab.seen[where] ? both(tab.seen[where], state) : state;
      bound(tab.seen, DOCUMENT_SEEN_MAX);
    }
    tab.frames[frameId] = { url: where, state, parent: parentFrameId ?? -1 };
    bound(tab.frames, DOCUMENT_FRAMES_MAX);
    // A frame that could have been changed stands for the whole page.
    if (frameId !== 0 && state === INSECURE && hasResponse(where)) tab.tainted = true;
    return this.stateOf(tabId, frameId);
  }

  #inherited(tab, frameId, parentFrameId) {
    if (frameId !== 0) return tab.frames[parentFrameId]?.state ?? '';
    return tab.opener;
  }

  /** A script, style or the like that could have been changed was loaded by a document of this tab. Answers whether that is news. */
  taint({ tabId, documentUrl }) {
    const tab = this.#tab(tabId);
    const isOfNext = Boolean(documentUrl) && Object.values(tab.pending).some((p) => p.url === plain(documentUrl)) &&
      !Object.values(tab.frames).some((f) => f.url === plain(documentUrl));
    if (isOfNext) {
      for (const p of Object.values(tab.pending)) if (p.url === plain(documentUrl)) p.state = INSECURE;
      return false;
    }
    const isNews = !tab.tainted;
    tab.tainted = true;
    return isNews;
  }

  /** A tab that a page opened has its blank document from that page. */
  opened({ tabId, sourceTabId, sourceFrameId }) {
    const openerUrl = this.urlOf(sourceTabId, sourceFrameId);
    Object.assign(this.#tab(tabId), { opener: this.stateOf(sourceTabId, sourceFrameId) || INSECURE, openerUrl });
  }

  removed(tabId) {
    this.tabs.delete(tabId);
  }

  /** "secure", "insecure", or "" where it isn't known. */
  stateOf(tabId, frameId) {
    const tab = this.tabs.get(tabId);
    const frame = tab?.frames[frameId];
    if (!frame || !frame.state) return '';
    return tab.tainted ? INSECURE : frame.state;
  }

  /**
   * What a content script that asks is told: `url` is where its document came from. A document whose commit isn't known yet
   * is found among those that are coming; one that could be either gets the worse.
   */
  ask({ tabId, frameId, parentFrameId, url }) {
    const tab = this.tabs.get(tabId);
    if (!tab) return INSECURE;
    const where = plain(url);
    const found = [tab.frames[frameId], tab.pending[frameId]].filter((d) => d?.url === where).map((d) => d.state || INSECURE);
    if (!hasResponse(where) && found.length === 0) found.push(this.#inherited(tab, frameId, parentFrameId) || INSECURE);
    if (found.length === 0 || tab.tainted && tab.frames[frameId]?.url === where) return INSECURE;
    return found.reduce(both, SECURE);
  }

  /** Whether the page that a tab shows, with all that is in it, is secure. */
  isPageSecure(tabId) {
    const tab = this.tabs.get(tabId);
    return this.stateOf(tabId, 0) === SECURE && !tab.tainted;
  }

  /** Whether a load that this origin asked for in this tab was asked for by a secure page: the one shown here, or the one that opened the tab. */
  isFromSecurePage(tabId, originUrl) {
    const tab = this.tabs.get(tabId);
    if (!tab) return false;
    const origin = originOf(originUrl);
    if (!origin) return false;
    if (this.isPageSecure(tabId) && Object.values(tab.frames).some((f) => originOf(f.url) === origin)) return true;
    return tab.opener === SECURE && originOf(tab.openerUrl) === origin && Object.values(tab.frames).every((f) => !hasResponse(f.url));
  }

  /**
   * Whether what this origin makes (a blob, a saved link) was made by a secure page: one is open, and none of it that is insecure. isOwn: its maker
   * isn't named (data:): every page that is open must be secure.
   */
  isOriginSecure(url, { isOwn = false } = {}) {
    const origin = originOf(url);
    if (!origin && !isOwn) return false;
    const pages = [...this.tabs.values()].filter((tab) => Object.values(tab.frames).some((f) => hasResponse(f.url) && (!origin || originOf(f.url) === origin)));
    return pages.length > 0 && pages.every((tab) => !tab.tainted && tab.frames[0]?.state === SECURE);
  }

  isPageInsecure(tabId) {
    const tab = this.tabs.get(tabId);
    return Boolean(tab) && (tab.tainted || tab.frames[0]?.state === INSECURE);
  }

  urlOf(tabId, frameId) {
    return this.tabs.get(tabId)?.frames[frameId]?.url ?? '';
  }

  saved(tabId) {
    return this.tabs.get(tabId) ?? null;
  }
}

function originOf(url) {
  try {
    const { origin } = new URL(url);
    return origin === 'null' ? '' : origin;
  } catch {
    return '';
  }
}

function bound(object, max) {
  const keys = Object.keys(object);
  for (const key of keys.slice(0, Math.max(0, keys.length - max))) delete object[key];
}
