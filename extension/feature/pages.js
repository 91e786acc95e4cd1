// The session's pages and checks, and their life in storage.session: what a reload, Back, Forward or a background page
// that was unloaded finds again. A page is one tab's certificate page; several pages may show one check.

import { siteKey } from '../core/site.js';
import { stopped } from '../core/check.js';
import { Ledger } from '../core/ledger.js';
import { CHECKS_MAX, PAGES_MAX } from '../core/limits.js';

const PAGE = 'page:';
const CHECK = 'check:';
const LEDGER = 'ledger';

/** Checks are one per site and offered certificate (standard edition: not known, ""). */
export function checkKeyOf(site, offered, question = 'cert') {
  return `${question === 'cert' ? '' : `${question} `}${siteKey(site)} ${offered?.sha256 ?? ''}`;
}

export class Pages {
  #storage;

  /** storage: get() → object, set(object), remove(keys), clear(), each a promise; storage.session. */
  constructor(storage) {
    this.#storage = storage;
    this.ledger = new Ledger();
    this.pages = new Map();
    this.checks = new Map();
    /** Resolves when what an earlier background page knew is known again. Nothing may be decided before. */
    this.ready = this.#restore();
  }

  async #restore() {
    const saved = await this.#storage.get();
    this.ledger = new Ledger(saved[LEDGER]);
    for (const [key, value] of Object.entries(saved)) {
      if (key.startsWith(PAGE)) this.pages.set(key.slice(PAGE.length), value);
      if (key.startsWith(CHECK)) this.checks.set(key.slice(CHECK.length), stopped(value, 'again'));
    }
  }

  setPage(page) {
    this.pages.delete(page.id);
    this.pages.set(page.id, page);
    this.#keep(PAGE, page.id, page);
    this.#trim(this.pages, PAGES_MAX, PAGE, () => false);
  }

  /** `isPassing`: a progress only, not worth storing. */
  setCheck(key, check, isPassing = false) {
    this.checks.delete(key);
    this.checks.set(key, check);
    if (isPassing) return;
    this.#keep(CHECK, key, check);
    this.#trim(this.checks, CHECKS_MAX, CHECK, (c) => c.phase === 'checking');
  }

  setLedger() {
    this.#storage.set({ [LEDGER]: this.ledger.saved() }).catch(() => {});
  }

  pagesOf(checkKey) {
    return [...this.pages.values()].filter((page) => page.checkKey === checkKey);
  }

  /** All that storage.session holds, other features' keys too. */
  saved() {
    return this.#storage.get();
  }

  /** Keeps values of another feature; null removes. */
  setSaved(values) {
    for (const [key, value] of Object.entries(values)) {
      const done = value === null ? this.#storage.remove([key]) : this.#storage.set({ [key]: value });
      done.catch(() => {});
    }
  }

  /** Forgets everything, here and in storage.session. */
  wipe() {
    this.ledger = new Ledger();
    this.pages.clear();
    this.checks.clear();
    return this.#storage.clear();
  }

  #keep(prefix, key, value) {
    this.#storage.set({ [prefix + key]: value }).catch(() => {});
  }

  #trim(map, max, prefix, isNeeded) {
    for (const [key, value] of map) {
      if (map.size <= max) return;
      if (isNeeded(value)) continue;
      map.delete(key);
      this.#storage.remove([prefix + key]).catch(() => {});
    }
  }
}
