// What the session remembers of sites: certificates that were verified, certificates that were caught, hosts whose
// requests are stripped, sites that need no check. In memory only; saved() goes to storage.session (memory too) so
// that a background page that was unloaded knows it again. Keys come from core/site.js.

import { siteKey, hostKey } from './site.js';
import { MARKS_MAX, AUTO_CHECKS_MAX, AUTO_CHECKS_WINDOW_MS } from './limits.js';

const SETS = ['verified', 'caught', 'suspect', 'hsts', 'automatic', 'encrypted', 'open', 'upgraded'];

export class Ledger {
  constructor(saved = {}) {
    for (const name of SETS) this[name] = new Set(Array.isArray(saved[name]) ? saved[name] : []);
    this.exempt = new Map(Array.isArray(saved.exempt) ? saved.exempt : []);
    this.starts = Array.isArray(saved.starts) ? saved.starts : [];
  }

  saved() {
    const out = { exempt: [...this.exempt], starts: this.starts };
    for (const name of SETS) out[name] = [...this[name]];
    return out;
  }

  /** A certificate that k independent exits saw too. One that was caught stays caught: returns false. */
  verify(site, sha256) {
    if (this.caught.has(mark(site, sha256))) return false;
    add(this.verified, mark(site, sha256));
    return true;
  }

  isVerified(site, sha256) {
    return this.verified.has(mark(site, sha256));
  }

  /** A certificate that ended in a mismatch: no door opens for it in this session. */
  catch(site, sha256) {
    this.verified.delete(mark(site, sha256));
    add(this.caught, mark(site, sha256));
  }

  isCaught(site, sha256) {
    return this.caught.has(mark(site, sha256));
  }

  /** The host decided that no exit stood between (reason: onion_service, not_through_exit, user_exclusion). */
  exempted(site, reason) {
    this.exempt.set(siteKey(site), reason);
    trim(this.exempt);
  }

  /** The user's list changed: what was exempt by it is asked about again. */
  forgetExclusions() {
    for (const [key, reason] of this.exempt) if (reason === 'user_exclusion') this.exempt.delete(key);
  }

  /** Whether a response needs no verified certificate. One that was exempt as direct must have come directly. */
  isExempt(site, isDirect) {
    const reason = this.exempt.get(siteKey(site));
    return reason !== undefined && (reason !== 'not_through_exit' || isDirect);
  }

  suspectHost(site) {
    add(this.suspect, hostKey(site));
  }

  isSuspectHost(site) {
    return this.suspect.has(hostKey(site));
  }

  sawHsts(site) {
    add(this.hsts, hostKey(site));
  }

  hasHsts(site) {
    return this.hsts.has(hostKey(site));
  }

  /** The site came in over HTTPS with a valid certificate; from now on it is not opened without. False: known already. */
  sawHttps(site) {
    const key = siteKey(site);
    const isNews = !this.encrypted.has(key) || this.open.delete(key);
    add(this.encrypted, key);
    return isNews;
  }

  /** HTTPS failed, and nobody has said yet that there is none. */
  shut(site) {
    this.open.delete(siteKey(site));
    add(this.encrypted, siteKey(site));
  }

  /** k independent exits find no HTTPS there: the browser's own page may offer what it offers. */
  openPlain(site) {
    add(this.open, siteKey(site));
  }

  /** An exit keeps visitors of this host on plain pages: from now on it is loaded over HTTPS alone, by whatever first party. */
  upgrade(site) {
    add(this.upgraded, hostKey(site));
    this.shut(site);
  }

  isUpgraded(site) {
    return this.upgraded.has(hostKey(site));
  }

  /** May the site not be loaded without HTTPS? */
  isShut(site) {
    return this.encrypted.has(siteKey(site)) && !this.open.has(siteKey(site));
  }

  /**
   * Whether a page's error may start a check by itself: once per host and first party, AUTO_CHECKS_MAX in the window.
   * Takes the permission when it gives it.
   */
  takeAutomatic(site, now, question = 'cert') {
    const key = question === 'cert' ? siteKey(site) : `${question} ${siteKey(site)}`;
    this.starts = this.starts.filter((at) => at > now - AUTO_CHECKS_WINDOW_MS);
    if (this.automatic.has(key) || this.starts.length >= AUTO_CHECKS_MAX) return false;
    this.starts.push(now);
    add(this.automatic, key);
    return true;
  }
}

const mark = (site, sha256) => `${siteKey(site)} ${sha256}`;

function add(set, key) {
  set.delete(key);
  set.add(key);
  trim(set);
}

// A caught mark could only be pushed out by MARKS_MAX mismatches of other sites in one session.
function trim(collection) {
  while (collection.size > MARKS_MAX) collection.delete(collection.keys().next().value);
}
