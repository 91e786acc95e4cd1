// One held copy as a state machine, and what its window may show. Pure. Nothing but a comparison that matched lets a copy in
// which an address was found go on.
//
//   asking ──no address──▶ written        asking ──address──▶ held ──compare──▶ comparing ──match──▶ released
//          ──problem────▶ held ──asked again──▶ asking, clean           ◀──else──────

import { clipCheck, CLIP_FLAVOURS_MAX } from './messages.js';
import { siteOfUrl } from './site.js';
import { CLIP_COMPARE_MAX, CLIP_FAMILY_MAX, CLIP_URL_MAX, CLIP_HEADER_MAX } from './limits.js';

// What the page shows around one token: 64 characters to either side.
const AROUND_MAX = 512;

export const HOWS = ['copy', 'cut', 'drag', 'link', 'menu', 'script'];

/**
 * What a content script sent, checked: {how, hold, flavours, fields} or null when it isn't such a message. flavours: to be written;
 * fields: of clip.check, null when it is more than the host takes: it stays held, unread.
 */
export function readHold(message) {
  if (!HOWS.includes(message?.how) || !Number.isInteger(message.hold) || !Array.isArray(message.flavours)) return null;
  if (!message.flavours.every((f) => typeof f?.type === 'string' && f.type && typeof f.text === 'string')) return null;
  const flavours = message.flavours.map(({ type, text }) => ({ type, text }));
  const around = typeof message.around === 'string' && message.around.length <= AROUND_MAX ? message.around : '';
  const fields = lookFields({ flavours, around });
  return { how: message.how, hold: message.hold, flavours: fields ? flavours : [], around, fields };
}

/** The fields of clip.check for a hold: what would be written, and last what the page shows around it. */
export const lookFields = ({ flavours, around }) => clipCheck(around && flavours.length < CLIP_FLAVOURS_MAX ? [...flavours, { type: 'text/plain', text: around }] : flavours);

/** A result for those fields, of which what only stands around is left out. */
export function ofCopied({ flavours, around }, result) {
  if (!around) return result;
  const has = (address) => flavours.some(({ text }) => text.toLowerCase().includes(address.toLowerCase()));
  const hits = result.hits.filter(({ flavour, address }) => flavour < flavours.length || has(address));
  return { ...result, hits, found: hits.length > 0 };
}

/** hold: {id, how, flavours, tabId, frameId, hold (the content script's number), private, why (secure or not), visit, placed} */
export function newHold(fields) {
  return { phase: 'asking', hits: [], more: false, problem: null, compare: null, attempt: 0, slots: {}, k: 0, startedAt: 0, deadlineMs: 0, ...fields };
}

export const found = (hold, { hits, more }) => ({ ...hold, phase: 'held', hits, more });
export const failed = (hold, problem) => ({ ...hold, phase: 'held', problem });

/** The different addresses found, each once. */
export function addressesOf({ hits }) {
  const known = new Map();
  for (const hit of hits) if (!known.has(hit.address)) known.set(hit.address, hit);
  return [...known.values()];
}

// The host finds the exits that the first URL and the page came through, and asks others. Of one that a redirect went by in between it isn't told.
function isOverThird({ first, site, chain = [] }) {
  const places = [siteOfUrl(first), site];
  return chain.some((url) => {
    const at = siteOfUrl(url);
    return !at || !places.some((p) => p && p.host === at.host && p.port === at.port);
  });
}

/**
 * Why a comparison can't be offered, or "": "problem", "many", "no_visit", "page" (an insecure page led here), "form", "unknown", "frame", "url",
 * "onion", "place" (it stands nowhere in the document), "family".
 */
export function whyNoCompare(hold) {
  if (hold.problem || hold.hits.length === 0) return 'problem';
  if (hold.more || addressesOf(hold).length > CLIP_COMPARE_MAX) return 'many';
  if (hold.frameId !== 0) return 'frame';
  if (!hold.visit?.site) return 'unknown';
  if (!hold.visit.trusted) return hold.visit.why || 'unknown';
  if (isOverThird(hold.visit)) return 'unknown';
  // eslint-disable-next-line no-control-regex
  if (hold.visit.first.length > CLIP_URL_MAX || /[^\x21-\x7e]/.test(hold.visit.first) || !/^https?:\/\/[^/@]+(\/|$)/.test(hold.visit.first)) return 'url';
  if (hold.placed === null) return 'place';
  if (hold.family === null) return 'family';
  return '';
}

/** Of the hits in the whole page, those of the same coin but for the address itself; null when that is more than can be compared. */
export function familyOf(hit, { hits, more }) {
  if (more) return null;
  const family = [...new Set(hits.filter((h) => h.ticker === hit.ticker && h.address !== hit.address).map((h) => h.address))];
  return family.length > CLIP_FAMILY_MAX ? null : family;
}

const header = (text) => String(text ?? '').replace(/[^\x20-\x7e]/g, '').slice(0, CLIP_HEADER_MAX);

/** The fields of clip.compare (shared/protocol.md). */
export function compareFields(hold) {
  const { visit, placed, family } = hold;
  const { site, proxy, headers } = visit;
  const [hit] = hold.hits;
  const fields = {
    first_party: site.firstParty, private: site.private, container: site.container, host: site.host, port: site.port, proxy: { socks: 'socks', direct: 'direct' }[proxy.kind] ?? 'unknown',
    url: visit.first, address: hit.address, ticker: hit.ticker, before: placed.before, after: placed.after, path: placed.path, family,
    headers: { user_agent: header(headers?.userAgent) || 'Mozilla/5.0', accept: header(headers?.accept) || '*/*', accept_language: header(headers?.acceptLanguage) || 'en-US,en;q=0.5' }, clicked: true,
  };
  if (proxy.username && proxy.password) Object.assign(fields, { socks_username: proxy.username, socks_password: proxy.password });
  return fields;
}

export const comparing = (hold, { now, k, deadlineMs }) =>
  ({ ...hold, phase: 'comparing', attempt: hold.attempt + 1, slots: {}, k, startedAt: now, deadlineMs, compare: null, compareProblem: null });

const isCurrent = (hold, attempt) => hold.phase === 'comparing' && hold.attempt === attempt;

export function progressed(hold, attempt, { slot, step, exit, elapsed_ms: elapsedMs }) {
  if (!isCurrent(hold, attempt) || slot > hold.k) return hold;
  return { ...hold, slots: { ...hold.slots, [slot]: { step, exit, elapsedMs } } };
}

/** The comparison's end. result: checked by core/messages.js checkCompared; only a match of the very address lets go. */
export function compared(hold, attempt, result) {
  if (!isCurrent(hold, attempt)) return hold;
  const isMatch = result.verdict === 'match' && result.ticker === hold.hits[0].ticker && result.address === hold.hits[0].address &&
    hold.family?.length === 0;      // with another of its coin on the page nobody can say whose is which
  return { ...hold, phase: isMatch ? 'released' : 'held', compare: result };
}

export function compareFailed(hold, attempt, problem) {
  return isCurrent(hold, attempt) ? { ...hold, phase: 'held', compareProblem: problem } : hold;
}

/** Addresses are compared by their ends. */
export function shortAddress(address) {
  return address.length > 15 ? `${address.slice(0, 6)} … ${address.slice(-6)}` : address;
}
