// The certificate check from the browser's side: a failed navigation becomes our page, the host is asked, the page is
// told, and a click on the way on is carried out. It decides nothing about certificates; the host does (verdict), and
// core/check.js says which door a verdict opens.

import { nssError, classify, errorOfCategory } from '../core/errors.js';
import { plainPage } from '../core/https.js';
import { target, containerOf, firstPartyOf, mayBeSameOperator } from '../core/site.js';
import * as state from '../core/check.js';
import { checkResult, checkHttps, Garbage } from '../core/messages.js';
import { DEADLINE_MS, DEADLINE_RANGE_MS, HOST_GRACE_MS, INTENT_MS, READER_GRACE_MS, RENEW_MAX, CHAIN_MAX, CHAIN_BYTES_MAX, CLIP_HEADER_MAX } from '../core/limits.js';
import { checkKeyOf } from './pages.js';

export class CertCheck {
  #web;
  #privileged;
  #host;
  #pages;
  #table;
  #exclusions;
  #running = new Map();     // check key → promise of the host's request id
  #readers = new Map();     // page id → set of functions that take a view
  #goodbyes = new Map();    // check key → the newest leave of a reader, whose time is not up
  #intents = new Map();     // tab id → what a click there allowed for the next load of one host
  #lastProxy = new Map();   // tab id → {host, port, proxy} of the newest main-frame request

  /** web, privileged, host: extension/platform; pages: feature/pages.js; table: promise of core/errors.js errorTable. */
  constructor({ web, privileged, host, pages, table, exclusions }) {
    this.#exclusions = exclusions;
    this.#web = web;
    this.#privileged = privileged;
    this.#host = host;
    this.#pages = pages;
    this.#table = table;
  }

  // ---- what the browser tells ---------------------------------------------------------------------------------

  /** webRequest.onBeforeSendHeaders of a main frame: how the connection goes that may fail in a moment. */
  noteRequest(tabId, url, proxy) {
    const where = target(url);
    if (where) this.#lastProxy.set(tabId, { ...where, proxy });
  }

  /** webNavigation.onErrorOccurred. Resolves whether it was a certificate's. */
  async onNavigationError({ tabId, frameId, url, error }) {
    const nss = nssError(error);
    const where = target(url);
    if (frameId !== 0 || nss === null || !where) return false;
    const [table] = await Promise.all([this.#table, this.#pages.ready]);
    const kind = classify(table, nss);
    if (!kind.certificate) return false;
    await this.#onCertificateError({ tabId, url, nss, where, kind });
    return true;
  }

  async #onCertificateError({ tabId, url, nss, where, kind }) {
    const intent = this.#takeIntent(tabId, where);
    if (intent?.kind === 'native') return;
    const tab = await this.#web.getTab(tabId);
    if (!tab) return;
    if (kind.suspicious) this.#suspect(this.#siteOfTab(tab, where));
    const isExact = this.#privileged.exact;
    if (!kind.suspicious && !isExact) return;
    const failure = await this.#privileged.getFailure(tabId, url);
    if (this.#hasMovedOn(tabId, where)) return;
    if (!kind.suspicious && !(failure?.bypassHidden && failure.overridable && !failure.hsts)) return;   // the browser's own page offers all there is
    const site = failure ? siteOf(failure.origin, where) : this.#siteOfTab(tab, where);
    const page = {
      tabId, url, harmless: !kind.suspicious, stored: false, error: nss,
      errorName: failure?.errorName || kind.name,
      overridable: failure ? failure.overridable : kind.overridable,
      hsts: failure ? failure.hsts : this.#pages.ledger.hasHsts(site),
    };
    const offered = failure ? { sha256: failure.sha256, chain: boundedChain(failure.chain), attributes: failure.origin.attributes } : null;
    const proxy = failure?.proxy ?? this.#proxyOf(tabId, where);
    this.#show(page, { site, offered, proxy, intent, isForeground: tab.active });
  }

  /** feature/guard.js refused a main frame's response: an exception stored earlier, or not the certificate verified. */
  async onStoppedResponse({ tabId, url, site, sha256, der, category, proxy }) {
    const tab = await this.#web.getTab(tabId);
    if (!tab) return;
    const error = errorOfCategory(category);
    const { name } = classify(await this.#table, error);
    const page = { tabId, url, harmless: false, stored: true, error, errorName: name, overridable: true, hsts: false };
    const offered = sha256 ? { sha256, chain: der ? [der] : [], attributes: '' } : null;
    this.#show(page, { site, offered, proxy, intent: this.#takeIntent(tabId, site), isForeground: tab.active });
  }

  /**
   * feature/httpswatch.js: no TLS came about. url: the encrypted address; back: what the tab was sent to; where: host and
   * port; failure, name: of core/https.js. site, proxy: where they are known already.
   */
  async onNoTls({ tabId, url, back, where, failure, name, site: known, proxy: knownProxy }) {
    await this.#pages.ready;
    const intent = this.#takeIntent(tabId, where);
    if (intent?.kind === 'native' || this.#hasMovedOn(tabId, where)) return;
    const tab = await this.#web.getTab(tabId);
    if (!tab) return;
    const site = known ?? this.#siteOfTab(tab, where);
    const proxy = knownProxy ?? this.#proxyOf(tabId, where);
    if (proxy.kind === 'direct') return;
    this.#pages.ledger.shut(site);
    this.#pages.setLedger();
    const page = { tabId, url, back, failure, question: 'https', harmless: false, stored: false, error: 0, errorName: name, overridable: false, hsts: false };
    this.#show(page, { site, offered: null, proxy, intent, isForeground: tab.active });
  }

  /**
   * feature/httpswatch.js: an encrypted navigation has waited long for an answer. Resolves whether that is the exit's doing: our own probe
   * through it finds no TLS where others find it. Where it finds TLS, the server may just be slow, and nobody is told. null: nobody looks at the tab,
   * and nothing was asked. signal: ends the question.
   */
  async isSilenced({ tabId, where, signal }) {
    await this.#pages.ready;
    const tab = await this.#web.getTab(tabId);
    if (signal.aborted || !tab || this.#hasMovedOn(tabId, where)) return false;
    if (!tab.active) return null;
    const check = { question: 'https', failure: 'loop', site: this.#siteOfTab(tab, where), proxy: this.#proxyOf(tabId, where) };
    if (check.proxy.kind === 'direct' || !this.#pages.ledger.takeAutomatic(check.site, this.#web.now(), 'silence')) return false;
    this.#pages.setLedger();
    try {
      await this.#host.ensure();
      if (signal.aborted) return false;
      const request = this.#host.request('https.check', fieldsOf(check, { clicked: false, retry: false }), { timeoutMs: this.#deadlineMs() + HOST_GRACE_MS });
      signal.addEventListener('abort', async () => this.#host.cancel(await request.id));
      const result = await request.done;
      checkHttps(result, check.site);
      return result.verdict === 'mismatch';
    } catch {
      return false;   // could not decide: the browser goes on waiting, as it would without us
    }
  }

  /**
   * A person asks whether the plain page of a tab is really only http. asked: core/https.js, plainPage; visit: of feature/documents.js, or
   * null where it isn't known. The page that tells of it is shown in the tab's place only when HTTPS is withheld.
   */
  async onPlainQuestion({ tab, asked, visit }) {
    await this.#pages.ready;
    const isOfVisit = visit?.site && visit.site.host === asked.where.host && visit.site.port === asked.port;
    const site = isOfVisit ? { ...visit.site, port: asked.where.port } : this.#siteOfTab(tab, asked.where);
    const proxy = (isOfVisit && visit.proxy) || { kind: 'other', username: '', password: '' };
    const checkKey = checkKeyOf(site, null, 'plain');
    const known = this.#pages.checks.get(checkKey);
    const check = known ?? state.newCheck(site, null, 'click', 'https');
    const headers = { ...this.#web.headers(), ...(isOfVisit ? heard(visit.headers) : {}) };
    this.#pages.setCheck(checkKey, { ...check, proxy, error: 0, failure: 'plain', plain: { url: asked.url, headers } });
    const earlier = this.#pages.pagesOf(checkKey).find((p) => p.tabId === tab.id && !p.isShown);
    this.#pages.setPage({ ...earlier, tabId: tab.id, url: asked.encrypted, plainUrl: asked.url, id: earlier?.id ?? this.#web.randomId(), checkKey, failure: 'plain', question: 'https',
      harmless: false, stored: false, error: 0, errorName: '', overridable: false, hsts: false, renew: null });
    await this.#start(checkKey, { clicked: true, retry: Boolean(known?.result) });
  }

  /** What was asked of this plain page of a tab, or null. */
  viewOfPlain(tabId, asked) {
    const page = [...this.#pages.pages.values()].reverse().find((p) => p.tabId === tabId && p.failure === 'plain' && !p.isShown && p.plainUrl === asked.url);
    return page ? this.view(page.id) : null;
  }

  onTabRemoved(tabId) {
    this.#intents.delete(tabId);
    this.#lastProxy.delete(tabId);
  }

  /** Everything of the session ends: last window closed, New Identity. `isHostAware`: the host said so itself. */
  async wipe(isHostAware = false) {
    const readers = [...this.#readers.keys()];
    this.#running.clear();
    this.#intents.clear();
    this.#lastProxy.clear();
    const wiped = this.#pages.wipe();
    if (!isHostAware && this.#host.phase === 'up') this.#host.request('session.wipe').done.catch(() => {});
    await Promise.allSettled([wiped, this.#privileged.clearExceptions(), this.#privileged.forget()]);
    for (const id of readers) this.#tell(id);
  }

  // ---- what a page asks ---------------------------------------------------------------------------------------

  /** A page under `id` reads along; returns how to stop. */
  read(id, take) {
    const readers = this.#readers.get(id) ?? new Set();
    this.#readers.set(id, readers.add(take));
    take(this.view(id));
    const page = this.#pages.pages.get(id);
    if (page?.renew) this.#renewAgain(page.checkKey);
    this.#comesBack(page);
    return () => {
      readers.delete(take);
      if (readers.size === 0) this.#readers.delete(id);
      const { checkKey } = this.#pages.pages.get(id) ?? {};
      if (checkKey) this.#stopUnreadLater(checkKey);
    };
  }

  /** A person's click on page `id` in `tab`. Whatever isn't possible in the page's state is ignored. Answers "circuits". */
  async act(id, tab, { kind, sameCountry, url }) {
    const page = this.#pages.pages.get(id);
    if (kind === 'again') return this.#loadAgain(tab.id, page?.url ?? url, page?.back);
    const check = page && this.#pages.checks.get(page.checkKey);
    if (!check || Boolean(check.site.private) !== Boolean(tab.incognito)) return undefined;
    if (kind === 'circuits') return this.#countCircuits(check);
    if (kind === 'start' && check.phase === 'waiting') this.#start(page.checkKey, { clicked: true });
    if (kind === 'retry') this.#retry(page, tab.id, Boolean(sameCountry));
    if (kind === 'newcircuit') this.#newCircuit(page, check, tab.id, 1);
    if (kind === 'proceed') await this.#proceed(page, check, tab.id);
    return undefined;
  }

  /** What page `id` may know: no credentials, no chain. */
  view(id) {
    const page = this.#pages.pages.get(id);
    const check = page && this.#pages.checks.get(page.checkKey);
    if (!check) return { phase: 'over' };
    const capabilities = this.#host.greeting?.capabilities ?? [];
    return {
      phase: page.harmless ? 'harmless' : check.phase, question: check.question ?? 'cert', failure: check.failure ?? '',
      why: check.why, host: check.site.host, port: check.site.port, url: page.url,
      errorName: page.errorName, stored: page.stored, hsts: page.hsts, edition: this.#privileged.edition,
      k: check.k, slots: check.slots, elapsedMs: this.#web.now() - check.startedAt, deadlineMs: check.deadlineMs,
      verdict: state.verdictOf(check), result: check.result, problem: check.problem,
      offeredSha256: check.offered?.sha256 ?? '', way: state.wayOn(page, check, this.#privileged.exact),
      retry: state.retryOf(check), renewing: page.renewing ?? 0, note: page.note ?? '',
      canRenew: check.phase === 'done' && check.proxy.kind !== 'direct' && capabilities.includes('circuit.new'),
      canReport: capabilities.includes('report'),
    };
  }

  /** What of page `id` may be reported: {site, question, tabId}, or null. */
  reportable(id) {
    const page = this.#pages.pages.get(id);
    const check = page && this.#pages.checks.get(page.checkKey);
    return check?.phase === 'done' && state.verdictOf(check) === 'mismatch' ? { site: check.site, question: check.question ?? 'cert', tabId: page.tabId } : null;
  }

  /** The newest page of a tab, for the popup. */
  viewOfTab(tabId) {
    const page = [...this.#pages.pages.values()].reverse().find((p) => p.tabId === tabId && (p.failure !== 'plain' || p.isShown));
    return page ? this.view(page.id) : null;
  }

  /** The user's list of sites to be left alone changed. */
  async onExclusions() {
    await this.#pages.ready;
    this.#pages.ledger.forgetExclusions();
    for (const { site, result } of this.#pages.checks.values()) {
      if (result?.reason === 'user_exclusion' && this.#exclusions.has(site.host)) this.#pages.ledger.exempted(site, 'user_exclusion');
    }
    this.#pages.setLedger();
  }

  // ---- inside -------------------------------------------------------------------------------------------------

  #siteOfTab(tab, where) {
    const proxy = this.#proxyOf(tab.id, where);
    const firstParty = firstPartyOf({ topHost: where.host, username: proxy.username, registrable: this.#web.registrable(where.host) });
    return { firstParty, private: tab.incognito ? 1 : 0, container: containerOf(tab.cookieStoreId), ...where };
  }

  #proxyOf(tabId, { host, port }) {
    const last = this.#lastProxy.get(tabId);
    return last && last.host === host && last.port === port ? last.proxy : { kind: 'other', username: '', password: '' };
  }

  // A newer navigation of the tab must not be replaced by the page of an older one that failed late.
  #hasMovedOn(tabId, { host, port }) {
    const last = this.#lastProxy.get(tabId);
    return Boolean(last) && (last.host !== host || last.port !== port);
  }

  #suspect(site) {
    this.#pages.ledger.suspectHost(site);
    this.#pages.setLedger();
  }

  // Our page takes the place of the browser's, and the check starts if it may.
  #show(page, { site, offered, proxy, intent, isForeground }) {
    const id = this.#web.randomId();
    const question = page.question ?? 'cert';
    const checkKey = checkKeyOf(site, offered, question);
    const known = this.#pages.checks.get(checkKey);
    let check = known ?? state.newCheck(site, offered, 'click', question);
    // A certificate that others spoke against stays shut whatever the list says.
    const isExcluded = question === 'cert' && this.#exclusions.has(site.host) && known?.result?.verdict !== 'mismatch';
    if (isExcluded) {
      check = state.excluded(check);
      this.#pages.ledger.exempted(site, 'user_exclusion');
    } else if (isOfExclusion(check)) {
      check = state.newCheck(site, offered, 'click', question);
    }
    this.#pages.setCheck(checkKey, { ...check, proxy, error: page.error, failure: page.failure });
    this.#pages.setPage({ ...page, id, checkKey, renew: intent?.kind === 'renew' ? intent : null });
    const shown = this.#web.replace(page.tabId, this.#web.pageUrl(id));
    if (isExcluded) this.#pages.setLedger();
    if (page.harmless || isExcluded) return shown;
    if (intent) this.#start(checkKey, { clicked: true, retry: Boolean(known?.result) });
    else if (!known && isForeground && this.#pages.ledger.takeAutomatic(site, this.#web.now(), question)) this.#start(checkKey, { clicked: false });
    this.#pages.setLedger();
    return shown;
  }

  #deadlineMs() {
    return Math.min(Math.max(this.#host.greeting.deadline_ms, DEADLINE_RANGE_MS[0]), DEADLINE_RANGE_MS[1]);
  }

  async #start(checkKey, { clicked, retry = false, sameCountry = false }) {
    const before = this.#pages.checks.get(checkKey);
    if (!before || before.phase === 'checking') return;
    const now = this.#web.now();
    const check = state.started(before, { now, deadlineMs: DEADLINE_MS, k: this.#host.greeting?.k ?? 3 });
    const { attempt } = check;
    this.#change(checkKey, check);
    this.#goodbyes.delete(checkKey);
    try {
      await this.#host.ensure({ force: clicked });
      const { k } = this.#host.greeting;
      const deadlineMs = this.#deadlineMs();
      this.#update(checkKey, (c) => (c.attempt === attempt ? { ...c, deadlineMs, k } : c));
      const request = this.#host.request(`${check.question ?? 'cert'}.check`, fieldsOf(check, { clicked, retry, sameCountry }), {
        timeoutMs: deadlineMs + HOST_GRACE_MS,
        onProgress: (p) => this.#update(checkKey, (c) => state.progressed(c, attempt, p), true),
      });
      this.#running.set(checkKey, request.id);
      this.#finish(checkKey, attempt, await request.done);
    } catch (problem) {
      this.#update(checkKey, (c) => state.failed(c, attempt, problemOf(problem)));
    }
    if (this.#pages.checks.get(checkKey)?.attempt === attempt) this.#running.delete(checkKey);
    this.#renewAgain(checkKey);
  }

  #finish(checkKey, attempt, result) {
    const check = this.#pages.checks.get(checkKey);
    if (!check || check.phase !== 'checking' || check.attempt !== attempt) return;
    const { site, offered } = check;
    const { ledger } = this.#pages;
    if (check.question === 'https') return this.#finishHttps(checkKey, attempt, result);
    checkResult(result, site, offered?.sha256);
    if (result.verdict === 'mismatch') {
      const shown = result.first.filter((a) => a.certificate && !a.valid).map((a) => a.certificate.sha256);
      for (const sha256 of offered ? [offered.sha256] : shown) ledger.catch(site, sha256);
    }
    if (result.verdict === 'match') {
      const verified = result.fingerprints.filter((sha256) => ledger.verify(site, sha256));
      if (verified.length !== result.fingerprints.length) throw Object.assign(new Error(), { code: 'caught_before' });
    }
    if (result.verdict === 'exempt') ledger.exempted(site, result.reason);
    this.#pages.setLedger();
    this.#change(checkKey, state.answered(check, attempt, result));
  }

  // All others find no HTTPS either: the browser's own page comes back by itself, with nothing in its way.
  #finishHttps(checkKey, attempt, result) {
    const check = this.#pages.checks.get(checkKey);
    checkHttps(result, check.site, Boolean(check.plain));
    if (check.plain) return this.#finishPlain(checkKey, attempt, result);
    if (result.verdict === 'match' || result.verdict === 'exempt') this.#pages.ledger.openPlain(check.site);
    else this.#pages.ledger.shut(check.site);
    this.#pages.setLedger();
    const done = state.answered(check, attempt, result);
    this.#change(checkKey, done);
    for (const page of this.#pages.pagesOf(checkKey)) if (this.#readers.has(page.id)) this.#comesBack(page);
  }

  // Our page takes the plain one's place where the tab still shows that; and the site is loaded over HTTPS alone from now on.
  async #finishPlain(checkKey, attempt, result) {
    const check = this.#pages.checks.get(checkKey);
    const isWithheld = result.verdict === 'mismatch';
    if (isWithheld) {
      this.#pages.ledger.upgrade(check.site);
      this.#pages.setLedger();
    }
    this.#change(checkKey, state.answered(check, attempt, result));
    for (const page of isWithheld ? this.#pages.pagesOf(checkKey) : []) {
      const tab = await this.#web.getTab(page.tabId);
      if (!tab || plainPage(tab.url)?.url !== page.plainUrl) continue;
      this.#pages.setPage({ ...page, isShown: true });
      this.#web.replace(page.tabId, this.#web.pageUrl(page.id));
    }
  }

  // Once: who comes back to our page by the history reads it.
  #comesBack(page) {
    const check = page && this.#pages.checks.get(page.checkKey);
    if (!check || page.hasGone || state.wayOn(page, check, this.#privileged.exact) !== 'browser') return;
    this.#pages.setPage({ ...page, hasGone: true });
    this.#proceed(page, check, page.tabId);
  }

  #retry(page, tabId, sameCountry) {
    const check = this.#pages.checks.get(page.checkKey);
    if (check.phase === 'checking') {
      this.#stop(page.checkKey, 'again');
      return this.#start(page.checkKey, { clicked: true, retry: true });
    }
    const how = state.retryOf(check);
    if (how === 'reload') return this.#loadAgain(tabId, page.url, page.back);
    const isOffered = sameCountry ? check.result?.same_country_possible : how === 'check';
    return isOffered ? this.#start(page.checkKey, { clicked: true, retry: true, sameCountry }) : undefined;
  }

  async #proceed(page, check, tabId) {
    const way = state.wayOn(page, check, this.#privileged.exact);
    const { site, offered } = check;
    if (isOfExclusion(check) && !this.#exclusions.has(site.host)) return this.#loadAgain(tabId, page.url, page.back);
    if (way === 'exception') {
      const { added, why } = await this.#privileged.addException(site.host, site.port, offered.attributes, offered.sha256);
      if (!added) return this.#note(page, `exception_${why}`);
    } else if (way === 'native' || way === 'browser') {
      this.#intents.set(tabId, { kind: 'native', host: site.host, port: site.port, until: this.#web.now() + INTENT_MS });
    } else if (way !== 'direct') {
      return undefined;
    }
    return this.#web.replace(tabId, page.back ?? page.url);
  }

  async #countCircuits(check) {
    const fields = { ...siteFields(check), dry: true };
    return this.#host.request('circuit.new', fields, { force: true }).done.then(
      ({ circuits, streams }) => ({ circuits, streams }), (problem) => ({ problem: problemOf(problem) }));
  }

  // Leaves the circuit and loads the site again; what comes of it is judged in renewAgain.
  async #newCircuit(page, check, tabId, count) {
    if (check.phase !== 'done' || check.proxy.kind === 'direct') return;
    const { site } = check;
    const old = (check.result?.browser_paths ?? []).map((path) => path.at(-1));
    if (!await this.#privileged.newCircuit(site.firstParty, site.container)) {
      try {
        await this.#host.request('circuit.new', { ...siteFields(check), dry: false }, { force: true }).done;
      } catch (problem) {
        return void this.#note(page, problemOf(problem).code);
      }
    }
    const until = this.#web.now() + INTENT_MS;
    this.#intents.set(tabId, { kind: 'renew', host: site.host, port: site.port, until, count, old });
    this.#web.replace(tabId, page.back ?? page.url);
  }

  // The new exit may be the old one's operator: then once more, RENEW_MAX times in all. A verdict that the host remembers is there
  // before the page reads: then read() comes back here. A page that nobody looks at any more makes no circuits.
  #renewAgain(checkKey) {
    const check = this.#pages.checks.get(checkKey);
    const page = this.#pages.pagesOf(checkKey).findLast((p) => p.renew);
    if (!page || check?.phase !== 'done' || !this.#readers.has(page.id)) return;
    const { count, old } = page.renew;
    this.#pages.setPage({ ...page, renew: null });
    if (!check.result || check.result.verdict !== 'mismatch' || count >= RENEW_MAX) return;
    const exits = check.result.browser_paths.map((path) => path.at(-1));
    const isSame = check.result.still_same ?? exits.some((exit) => old.some((was) => mayBeSameOperator(was, exit)));
    if (!isSame || exits.length === 0) return;
    this.#note({ ...page, renew: null, renewing: count + 1 }, '');
    this.#newCircuit(page, check, page.tabId, count + 1);
  }

  #loadAgain(tabId, url, back = url) {
    const where = target(url);
    if (!where) return undefined;
    this.#intents.set(tabId, { kind: 'check', ...where, until: this.#web.now() + INTENT_MS });
    return this.#web.replace(tabId, back);
  }

  #takeIntent(tabId, { host, port }) {
    const intent = this.#intents.get(tabId);
    if (!intent) return null;
    this.#intents.delete(tabId);
    return intent.host === host && intent.port === port && this.#web.now() < intent.until ? intent : null;
  }

  // The newest goodbye counts, and none from before the check's start: it would end a check whose page is still loading.
  #stopUnreadLater(checkKey) {
    const goodbye = {};
    this.#goodbyes.set(checkKey, goodbye);
    this.#web.setTimeout(() => {
      if (this.#goodbyes.get(checkKey) !== goodbye) return;
      this.#goodbyes.delete(checkKey);
      const isRead = this.#pages.pagesOf(checkKey).some((page) => this.#readers.has(page.id));
      if (!isRead) this.#stop(checkKey, 'closed');
    }, READER_GRACE_MS);
  }

  #stop(checkKey, why) {
    this.#running.get(checkKey)?.then((id) => this.#host.cancel(id));
    this.#running.delete(checkKey);
    this.#update(checkKey, (check) => state.stopped(check, why));
  }

  #note(page, note) {
    this.#pages.setPage({ ...page, note });
    this.#tell(page.id);
  }

  #update(checkKey, next, isPassing = false) {
    const check = this.#pages.checks.get(checkKey);
    if (check) this.#change(checkKey, next(check), isPassing);
  }

  #change(checkKey, check, isPassing = false) {
    this.#pages.setCheck(checkKey, check, isPassing);
    for (const page of this.#pages.pagesOf(checkKey)) this.#tell(page.id);
  }

  #tell(id) {
    for (const take of this.#readers.get(id) ?? []) take(this.view(id));
  }
}

const isOfExclusion = (check) => check.result?.reason === 'user_exclusion';

const siteOf = (origin, { host, port }) =>
  ({ firstParty: origin.firstParty, private: origin.private, container: origin.container, host, port });

function siteFields({ site, proxy }) {
  const fields = { first_party: site.firstParty, private: site.private, container: site.container, host: site.host, port: site.port };
  // Half of them identifies no connection, and the host refuses it (shared/examples).
  if (proxy.username && proxy.password) Object.assign(fields, { socks_username: proxy.username, socks_password: proxy.password });
  return fields;
}

// What the browser said of itself when it asked for the page; the host takes no empty and no long line.
function heard(headers) {
  const named = { user_agent: headers?.userAgent, accept: headers?.accept, accept_language: headers?.acceptLanguage };
  return Object.fromEntries(Object.entries(named).filter(([, text]) => text && text.length <= CLIP_HEADER_MAX && /^[!-~]([ -~]*[!-~])?$/.test(text)));
}

const PROXIES = { socks: 'socks', direct: 'direct' };

function fieldsOf(check, { clicked, retry, sameCountry }) {
  if (check.question === 'https') {
    const page = check.plain ? { url: check.plain.url, headers: check.plain.headers } : {};
    return { ...siteFields(check), failure: check.failure ?? 'none', clicked, retry, proxy: PROXIES[check.proxy.kind] ?? 'unknown', ...page };
  }
  const fields = { ...siteFields(check), error: check.error, clicked, retry, same_country: sameCountry, proxy: PROXIES[check.proxy.kind] ?? 'unknown' };
  if (check.offered?.chain.length) fields.offered = check.offered.chain;
  return fields;
}

// The leaf and as much of the chain as the host takes.
function boundedChain(chain) {
  const out = [];
  let left = CHAIN_BYTES_MAX * 4 / 3;
  for (const der of chain.slice(0, CHAIN_MAX)) {
    left -= der.length;
    if (left < 0) break;
    out.push(der);
  }
  return out;
}

function problemOf(e) {
  if (e instanceof Garbage) return { code: 'host_garbage', error: null, detail: e.message };
  return { code: e?.code ?? 'host_died', error: e?.error ?? null, detail: e?.detail ?? '' };
}

