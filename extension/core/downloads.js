// How a download came about: the URLs of its request from the first one on, kept by webRequest's request id, and whether an exit could have
// changed any of the answers. And one download's state, from its headers to its verdict. Pure; feature/dlcheck.js brings the events.

import { hostOf } from './site.js';
import { CHAINS_MAX, CHAIN_HOPS_MAX, CLIP_URL_MAX, CLIP_HEADER_MAX, DL_HEADER_MAX, DL_RECORDS_MAX } from './limits.js';

const plain = (url) => String(url).split('#')[0];
/** Whether a request for `to` is that for `from` over HTTPS. */
export const isUpgrade = (from, to) => from.startsWith('http:') && to.startsWith('https:') && from.slice(5).replace(/^(\/\/[^/?#:]*)(:80)?(?=[/?#]|$)/, '$1') ===
  to.slice(6).replace(/^(\/\/[^/?#:]*)(:443)?(?=[/?#]|$)/, '$1');

/** Whether the browser's own account of a download begins where a request did; an upgrade before anything was sent is no other beginning. */
export const isSameStart = (told, asked) => plain(told) === plain(asked) || isUpgrade(plain(told), plain(asked));

/** Requests under way. A chain: {urls, hasWhole (the first URL is known), tabId, frameId, type, method, originUrl, isInsecure, isLinkSecure, sent, time} */
export class Chains {
  #chains = new Map();      // request id → chain

  /** onBeforeRequest; redirects come again under the same id. */
  begun({ requestId, url, tabId, frameId, type, method, originUrl, documentUrl }, { isLinkSecure, time }) {
    const known = this.#chains.get(requestId);
    if (!known) {
      set(this.#chains, requestId, { urls: [plain(url)], hasWhole: true, tabId, frameId, type, method, originUrl: originUrl ?? documentUrl ?? '', isInsecure: false, isLinkSecure, sent: null, answered: 0, time },
        CHAINS_MAX);
      return;
    }
    // Upgraded before it was sent (HTTPS-Only mode, HSTS): the plain one was never asked for.
    if (known.answered < known.urls.length && isUpgrade(known.urls.at(-1), plain(url))) known.asked = known.urls.pop();
    known.urls.push(plain(url));
    if (known.urls.length > CHAIN_HOPS_MAX) known.hasWhole = false;
    known.method = method;
  }

  /** onSendHeaders. */
  sent(requestId, requestHeaders = []) {
    const chain = this.#chains.get(requestId);
    if (!chain) return;
    const named = (name) => requestHeaders.find((h) => h.name.toLowerCase() === name)?.value ?? '';
    const hasSecrets = Boolean(named('cookie') || named('authorization')) || Boolean(chain.sent?.hasSecrets);
    // The Referer of the first request: that is the one that is asked again.
    chain.sent = { userAgent: named('user-agent'), accept: named('accept'), acceptLanguage: named('accept-language'), referer: chain.sent ? chain.sent.referer : named('referer'), hasSecrets };
  }

  /** onHeadersReceived: this hop's answer could have been changed, or not. Answers the chain; one that began before we knew has no first URL. */
  answered(details, isInsecure) {
    const { requestId, url, tabId, frameId, type, method, originUrl, documentUrl } = details;
    let chain = this.#chains.get(requestId);
    if (!chain) {
      chain = { urls: [plain(url)], hasWhole: false, tabId, frameId, type, method, originUrl: originUrl ?? documentUrl ?? '', isInsecure: true, isLinkSecure: false, sent: null, answered: 0, time: 0 };
      set(this.#chains, requestId, chain, CHAINS_MAX);
    }
    chain.answered = chain.urls.length;
    if (isInsecure) chain.isInsecure = true;
    return chain;
  }

  of(requestId) {
    return this.#chains.get(requestId) ?? null;
  }

  ended(requestId) {
    this.#chains.delete(requestId);
  }

  clear() {
    this.#chains.clear();
  }
}

/** Responses that were let through and become downloads of the browser's own, found again by their last URL. */
export class Records {
  #list = [];
  /** Whether something was pushed out that no page can make at will: then what isn't known may have been. */
  hasLost = false;

  /** saved: what add() gave out, of an earlier background page. */
  constructor(saved = []) {
    this.#list = [...saved].sort((a, b) => a.number - b.number).slice(-DL_RECORDS_MAX);
  }

  /**
   * Answers the record as it may be kept, with a number of its own, and the number of the one that made room for it, or 0. isCheap: a page can make
   * as many as it likes of this kind; those go first.
   */
  add(record) {
    const kept = { ...this.#joined(record), number: (this.#list.at(-1)?.number ?? 0) + 1 };
    this.#list.push(kept);
    if (this.#list.length <= DL_RECORDS_MAX) return { kept, gone: 0 };
    const [{ number, isCheap }] = this.#list.splice(Math.max(0, this.#list.findIndex((r) => r.isCheap)), 1);
    if (!isCheap) this.hasLost = true;
    return { kept, gone: number };
  }

  // A request of the browser's own for the end of a chain that is known ("Allow", "Try again") goes on where that one was.
  #joined(record) {
    const before = record.isOwn ? this.#list.filter((r) => r.urls.at(-1) === record.urls[0]) : [];
    if (before.length === 0) return record;
    const isOne = before.every((r) => r.hasWhole && r.urls[0] === before[0].urls[0]);
    return { ...record, urls: [...before.at(-1).urls, ...record.urls.slice(1)], hasWhole: record.hasWhole && isOne };
  }

  /**
   * The one that ends at this URL or, where none does, begins with it (a saved link is known by that); or null. Two of one URL can't be told
   * apart: then the worse of each, all kinds of links that led to it, and no first URL where theirs differ.
   */
  find(url) {
    const isThis = [(r) => r.urls.at(-1) === plain(url), (r) => r.urls[0] === plain(url)].find((test) => this.#list.some(test));
    if (!isThis) return null;
    const found = this.#list.filter(isThis);
    const last = found.at(-1);
    const isOne = found.every((r) => r.urls[0] === last.urls[0]);
    const links = [...new Set(found.map((r) => r.isLinkSecure))];
    return { ...last, hasWhole: found.every((r) => r.hasWhole) && isOne, isLinkSecure: links.every(Boolean), links, isPost: found.some((r) => r.isPost) };
  }

  clear() {
    this.#list = [];
  }
}

/** Whether a URL says by itself that no exit stood in between, or that one did: true insecure, false not, null: its connection has to say. */
export function isInsecureUrl(url) {
  if (/^http:/.test(url)) return !hostOf(url).endsWith('.onion');
  return /^https:/.test(url) ? null : true;
}

// ---- one download -----------------------------------------------------------------------------------------------

/**
 * phase: "prevented", "noticed" (let through unverified), "waiting" (for a click), "checking", "done".
 * how: "fetch" (the host fetches), "hold" (the browser holds), "none".
 */
export function newEntry(fields) {
  return { phase: 'waiting', why: '', cls: 'executable', attempt: 0, slots: {}, startedAt: 0, result: null, problem: null, held: 0, evidence: '', isRemoved: false, ...fields };
}

export const checking = (entry, now) => ({ ...entry, phase: 'checking', why: '', attempt: entry.attempt + 1, slots: {}, startedAt: now, result: null, problem: null });
const isCurrent = (entry, attempt) => entry.phase === 'checking' && entry.attempt === attempt;

export function progressed(entry, attempt, { slot, ...step }) {
  return isCurrent(entry, attempt) ? { ...entry, slots: { ...entry.slots, [slot]: step } } : entry;
}

export function answered(entry, attempt, result) {
  if (!isCurrent(entry, attempt)) return entry;
  const found = { ...entry, result, held: result.download ?? 0, cls: result.class ?? entry.cls };
  if (result.verdict === 'undecided' && result.reason === 'is_program') return { ...found, phase: 'prevented', why: 'content', isGone: true, isRemoved: true };
  // Nothing is there, and nothing can come of it.
  const isOver = entry.how === 'fetch' && result.verdict === 'undecided' && result.state === 'none' && !result.retry_useful;
  return { ...found, phase: 'done', ...(isOver ? { isGone: true, isRemoved: true } : {}) };
}

export function failed(entry, attempt, problem) {
  return isCurrent(entry, attempt) ? { ...entry, phase: 'done', problem, held: 0 } : entry;
}

/** What an earlier background page left: nobody listens to its requests any more. */
export const revived = (entry) => (entry.phase === 'checking' ? { ...entry, phase: 'waiting', why: 'again', slots: {}, held: 0 } : { ...entry, held: 0 });

export function verdictOf(entry) {
  return entry.phase === 'done' && entry.result ? entry.result.verdict : 'undecided';
}

/** What may be offered: {start, retry, whole, cancel, keep, show}. Nothing of it opens a file without a match. */
export function offers(entry) {
  const { phase, result, held, how } = entry;
  const isVerdict = phase === 'done' && result !== null;
  const isOver = entry.isGone || how === 'none';
  const isOpen = !isOver && (phase === 'waiting' || (phase === 'done' && verdictOf(entry) === 'undecided'));
  return {
    start: isOpen && phase === 'waiting',
    retry: isOpen && phase === 'done' && (!isVerdict || result.retry_useful),
    whole: isOpen && isVerdict && result.whole_possible,
    cancel: !isOver && (phase === 'checking' || isOpen),
    keep: isVerdict && held > 0 && result.can_keep && !entry.evidence,
    show: isVerdict && held > 0 && result.state === 'finished',
    remove: phase !== 'checking' && (isOver || !isOpen),
  };
}

// eslint-disable-next-line no-control-regex
const line = (text, max) => String(text ?? '').replace(/[^\x20-\x7e]/g, '').slice(0, max);
const url = (text) => (/^https?:\/\/[\x21-\x7e]+$/.test(text ?? '') && text.length <= CLIP_URL_MAX ? text : null);

/** The fields that download.fetch and download.verify share (shared/protocol.md). source: a record. */
export function hostFields(source, { sizes, clicked }) {
  const { site, proxy, sent } = source;
  const isWhole = source.hasWhole && source.urls.length <= CHAIN_HOPS_MAX && source.urls.every(url);
  const fields = {
    first_party: site.firstParty, private: site.private, container: site.container, host: site.host, port: site.port,
    proxy: { socks: 'socks', direct: 'direct' }[proxy.kind] ?? 'unknown',
    chain: isWhole ? source.urls : [],
    headers: { user_agent: line(sent?.userAgent, CLIP_HEADER_MAX) || 'Mozilla/5.0', accept: line(sent?.accept, CLIP_HEADER_MAX) || '*/*',
      accept_language: line(sent?.acceptLanguage, CLIP_HEADER_MAX) || 'en-US,en;q=0.5', referer: url(sent?.referer) },
    content_type: line(source.contentType, DL_HEADER_MAX), length: source.length ?? null, etag: line(source.etag, DL_HEADER_MAX) || null, last_modified: line(source.lastModified, DL_HEADER_MAX) || null,
    link_secure: source.isLinkSecure, cookies: Boolean(sent?.hasSecrets), post: source.isPost, ...sizes, clicked,
  };
  if (proxy.username && proxy.password) Object.assign(fields, { socks_username: proxy.username, socks_password: proxy.password });
  return fields;
}

function set(map, key, value, max) {
  map.delete(key);
  map.set(key, value);
  while (map.size > max) map.delete(map.keys().next().value);
}
