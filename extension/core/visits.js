// How a tab came to the page it shows: the address as the user first asked for it, whether that was the user's own asking, and
// the connection that brought it. location.href is never a source: an exit chooses that. Pure.

import { isUpgrade } from './downloads.js';
import { DOCUMENT_TABS_MAX } from './limits.js';

const plain = (url) => String(url).split('#')[0];
const USERS = new Set(['typed', 'auto_bookmark', 'generated', 'keyword', 'keyword_generated', 'start_page']);

/**
 * {first, method, trusted, why, url, site, proxy, headers}: `first` is the URL of the first request of the chain; `trusted`: the user typed it, had it as a
 * bookmark, or followed it from a secure page; `why` not ("page": an insecure page chose it; "unknown"; "form": not a GET).
 */
export class Visits {
  #coming = new Map();      // request id → visit being loaded
  #pending = new Map();     // tab id → visit whose response came
  #shown = new Map();       // tab id → visit shown

  /**
   * webRequest.onBeforeRequest of a main frame; redirects come again under the same id and change nothing of `first`.
   * source: "none" (no page asked for it: the address bar, a bookmark), "secure", "insecure", "ours" (this extension loads a page again).
   */
  requested({ requestId, tabId, url, method, source }) {
    const known = this.#coming.get(requestId);
    if (known) {
      // Upgraded before it was sent (HTTPS-Only mode, HSTS): the plain one was never asked for.
      if (known.answered < known.chain.length && isUpgrade(known.chain.at(-1), plain(url))) {
        const asked = known.chain.pop();
        if (known.chain.length === 0 && known.first === asked) known.first = plain(url);
      }
      known.chain.push(plain(url));
      return;
    }
    const visit = { answered: 0, tabId, first: plain(url), chain: [plain(url)], method, source, trusted: false, why: 'unknown', site: null, proxy: null, headers: null };
    if (method !== 'GET') visit.why = 'form';
    else if (source === 'none' || source === 'secure') Object.assign(visit, { trusted: true, why: '' });
    else if (source === 'insecure') visit.why = 'page';
    if (source === 'ours') this.#again(visit);
    set(this.#coming, requestId, visit);
  }

  // What we load again is the visit it was before.
  #again(visit) {
    const before = [this.#shown.get(visit.tabId), this.#pending.get(visit.tabId)].find((v) => v && v.chain.includes(visit.first));
    if (!before || visit.method !== 'GET') return;
    Object.assign(visit, { first: before.first, trusted: before.trusted, why: before.why });
  }

  /** onBeforeSendHeaders: headers that a comparison sends too. */
  sent(requestId, { userAgent, accept, acceptLanguage }) {
    const visit = this.#coming.get(requestId);
    if (visit) visit.headers = { userAgent, accept, acceptLanguage };
  }

  /** onHeadersReceived of a main frame: the connection that brought it. */
  answered(requestId, { site, proxy }) {
    const visit = this.#coming.get(requestId);
    if (!visit) return;
    Object.assign(visit, { site, proxy, answered: visit.chain.length });
    set(this.#pending, visit.tabId, visit);
  }

  ended(requestId) {
    this.#coming.delete(requestId);
  }

  /** webNavigation.onCommitted of a main frame. */
  committed({ tabId, url, transitionType, transitionQualifiers = [] }) {
    const visit = this.#pending.get(tabId);
    const shown = this.#shown.get(tabId);
    this.#pending.delete(tabId);
    if (!visit || visit.chain.at(-1) !== plain(url)) {
      // From the browser's memory of the tab: another page than the one known is shown, nothing is known of it.
      if (!shown || !shown.chain.includes(plain(url))) this.#shown.delete(tabId);
      return;
    }
    const isReload = transitionType === 'reload' || transitionQualifiers.includes('forward_back');
    if (isReload) {
      // Asking again is no new decision of the user's: only the same page as before keeps its first address.
      if (shown && shown.chain.includes(visit.first)) Object.assign(visit, { first: shown.first, trusted: shown.trusted && visit.method === 'GET', why: shown.why });
      else Object.assign(visit, { trusted: false, why: 'unknown' });
    } else if (visit.trusted && visit.source === 'none' && !USERS.has(transitionType) && transitionType !== 'link' && transitionType !== 'auto_toplevel') {
      Object.assign(visit, { trusted: false, why: 'unknown' });
    }
    set(this.#shown, tabId, visit);
  }

  of(tabId) {
    return this.#shown.get(tabId) ?? null;
  }

  removed(tabId) {
    this.#shown.delete(tabId);
    this.#pending.delete(tabId);
  }
}

function set(map, key, value) {
  map.delete(key);
  map.set(key, value);
  while (map.size > DOCUMENT_TABS_MAX) map.delete(map.keys().next().value);
}
