// The downloads that our page shows: what was prevented, what was let through unverified, and each that is held until others are seen to get the
// same file. Starts and ends the host's work on them, carries a verdict out, and keeps the list in storage.session.

import * as dl from '../core/downloads.js';
import { decideOf, sizesOf } from '../core/dlpolicy.js';
import { Garbage, checkDownload } from '../core/messages.js';
import { AUTO_DOWNLOADS_MAX, AUTO_CHECKS_WINDOW_MS, DL_ENTRIES_MAX, DL_GROWING_MAX, DOWNLOAD_GROWING_MS, DOWNLOAD_SILENCE_MS } from '../core/limits.js';

const KEY = 'download:';
// "Whatever its size": more than any file has.
const WHOLE_ANY = 2 ** 53 - 1;

export class DlList {
  #web;
  #privileged;
  #host;
  #pages;
  #settings;
  #entries = new Map();     // id → entry, the oldest first
  #running = new Map();     // id → promise of the host's request id
  #readers = new Set();
  #starts = [];
  #badge = '';

  constructor({ web, privileged, host, pages, settings }) {
    this.#web = web;
    this.#privileged = privileged;
    this.#host = host;
    this.#pages = pages;
    this.#settings = settings;
    this.ready = this.#restore();
  }

  async #restore() {
    const saved = await this.#pages.saved();
    const found = Object.entries(saved).filter(([key]) => key.startsWith(KEY)).map(([, entry]) => dl.revived(entry));
    for (const entry of found.sort((a, b) => a.at - b.at)) this.#entries.set(entry.id, entry);
    this.#mark();
  }

  // ---- new ones ---------------------------------------------------------------------------------------------------

  /** One that needs no check: prevented, or let through. */
  add(fields) {
    const entry = dl.newEntry({ ...fields, id: this.#web.randomId(), at: this.#web.now() });
    this.#change(entry);
    if (entry.phase === 'prevented') this.#show(entry);
    return entry;
  }

  /** Let through, and then not: what was said of it is said no more. */
  withdraw(id) {
    if (!this.#entries.delete(id)) return;
    this.#pages.setSaved({ [KEY + id]: null });
    this.#tell();
  }

  /** Standard edition: the host fetches it. source: a record of feature/dlcheck.js. */
  fetch(fields, source) {
    return this.#begin({ ...fields, how: 'fetch', source });
  }

  /** Known already, from before the background page was away: goes on. Answers whether it is. */
  resume(hold) {
    const known = this.#ofHold(hold);
    if (known?.isGrowing) return false;
    if (known?.phase === 'waiting' && known.why === 'again') this.#start(known.id, { clicked: false });
    return Boolean(known);
  }

  /** Privileged edition: the browser holds it as held.id, or will when it has its last byte (held.size null). */
  hold(fields, source, held) {
    const file = { path: held.partPath, size: held.size };
    const growing = this.#ofHold(held.id);
    if (growing) return this.#landed(growing, { ...fields, source, file });
    return this.#begin({ ...fields, how: 'hold', source, file, isGrowing: held.size === null });
  }

  /** Whether another one may be compared while it grows. */
  hasRoomToGrow() {
    return [...this.#entries.values()].filter((e) => e.isGrowing && e.phase === 'checking').length < DL_GROWING_MAX;
  }

  #ofHold(hold) {
    return [...this.#entries.values()].find((e) => e.hold === hold && !e.isGone && e.how === 'hold');
  }

  // Its last byte is there. What was compared while it grew goes on, if that was this file and this question; else it is asked anew.
  #landed(growing, fields) {
    const { id } = growing;
    const isSame = growing.file.path === fields.file.path && isSameQuestion(growing.source, fields.source);
    // The other transfer may have stalled with this one.
    const isFailed = growing.phase === 'done' && (growing.problem || growing.result?.retry_useful);
    this.#change({ ...growing, ...fields, isGrowing: false });
    // Too many started by themselves: it waits for a click as before.
    if (growing.phase === 'waiting' && growing.why === 'click') return this.#entries.get(id);
    if (growing.phase === 'checking' && isSame) this.#tellSize(id, fields.file.size);
    else if (growing.phase === 'checking' || isFailed || !isSame) this.#again(id);
    else if (growing.phase === 'waiting' && growing.why === 'again') this.#start(id, { clicked: false });
    return this.#entries.get(id);
  }

  // A request that is not sent yet will say it itself.
  async #tellSize(id, size) {
    const target = await this.#running.get(id);
    if (!target) return;
    this.#host.request('download.local', { target, size }).done.catch(() => {
      if (this.#entries.get(id)?.phase === 'checking') this.#again(id);
    });
  }

  #again(id) {
    this.#stop(id);
    this.#update(id, (e) => ({ ...e, phase: 'waiting', attempt: e.attempt + 1, why: 'again', slots: {}, result: null, problem: null }));
    this.#start(id, { clicked: false });
  }

  /** It was compared while it grew, and now needs no comparison or gets none. */
  ungrow(hold) {
    if (this.#ofHold(hold)?.isGrowing) this.gone(hold);
  }

  #begin(fields) {
    const entry = this.add(fields);
    this.#starts = this.#starts.filter((at) => at > this.#web.now() - AUTO_CHECKS_WINDOW_MS);
    if (this.#starts.length >= AUTO_DOWNLOADS_MAX) this.#change({ ...entry, why: 'click' });
    else {
      this.#starts.push(this.#web.now());
      this.#start(entry.id, { clicked: false });
    }
    if (entry.how === 'fetch') this.#show(entry);
    return entry;
  }

  // ---- the host's work --------------------------------------------------------------------------------------------

  async #start(id, { clicked, retry = 0, isWhole = false }) {
    const before = this.#entries.get(id);
    if (!before || before.phase === 'checking' || before.isGone) return;
    const entry = dl.checking(before, this.#web.now());
    const { attempt } = entry;
    this.#change(entry);
    let result = null, problem = null;
    try {
      await this.#host.ensure({ force: clicked });
      const capability = entry.how === 'fetch' ? 'download.fetch' : 'download.verify';
      if (!this.#host.greeting.capabilities.includes(capability)) throw { code: 'host_old', error: null, detail: this.#host.greeting.version };
      const options = await this.#settings.downloads();
      const sizes = { ...sizesOf(options), ...(isWhole ? { whole_max: WHOLE_ANY } : {}) };
      // What it is by its content the host knows first, when it has fetched it: then what is done with programs is done with it.
      const isProgramKept = decideOf(options, { cls: 'executable', record: entry.source }) === 'verify';
      // It may have got its last byte meanwhile.
      const asked = { ...dl.hostFields(entry.source, { sizes, clicked }), ...placeOf(this.#entries.get(id) ?? entry), ...(entry.how === 'fetch' && !isProgramKept ? { no_programs: true } : {}) };
      const [kind, fields] = retry ? ['download.retry', { download: retry, whole: isWhole }] : [capability, asked];
      const request = this.#host.request(kind, fields, {
        timeoutMs: entry.isGrowing ? DOWNLOAD_GROWING_MS : DOWNLOAD_SILENCE_MS, isLong: true, onProgress: (p) => this.#update(id, (e) => dl.progressed(e, attempt, p), true),
      });
      this.#running.set(id, request.id);
      result = await request.done;
      checkDownload(result, entry.source.site, asked.chain[0] ?? '', entry.how === 'fetch');
    } catch (e) {
      result = null;
      problem = problemOf(e);
    }
    await this.#ended(id, attempt, result, problem);
  }

  async #ended(id, attempt, result, problem) {
    const entry = this.#entries.get(id);
    if (!entry || entry.attempt !== attempt || entry.phase !== 'checking') return;
    this.#running.delete(id);
    if (problem) return void this.#change(dl.failed(entry, attempt, problem));
    this.#change(dl.answered(entry, attempt, result));
    if (result.verdict === 'mismatch') await this.#mismatch(id);
    if (result.verdict === 'match' && entry.how === 'hold') await this.#settle(id, true);
  }

  async #mismatch(id) {
    const entry = this.#entries.get(id);
    if (entry.how === 'hold') await this.#settle(id, false);
    this.#web.notify(id, 'mismatch', entry.name);
    this.#show(entry);
  }

  // The browser's own hold ends: with its name, or removed.
  async #settle(id, isGood) {
    const entry = this.#entries.get(id);
    const isDone = await this.#privileged.settleDownload(entry.hold, isGood);
    this.#update(id, (e) => ({ ...e, isGone: true, isRemoved: !isGood || !isDone }));
  }

  async #keep(entry) {
    try {
      const { path } = await this.#host.request('download.keep', { download: entry.held }).done;
      this.#update(entry.id, (e) => ({ ...e, evidence: path }));
    } catch (e) {
      this.#update(entry.id, (x) => ({ ...x, note: problemOf(e).code }));
    }
  }

  #discard(entry) {
    if (entry.held) this.#host.request('download.discard', { download: entry.held }).done.catch(() => {});
  }

  /** The browser holds it no more (cancelled in its own panel, its window closed). */
  gone(hold) {
    const entry = this.#ofHold(hold);
    if (!entry) return;
    this.#stop(entry.id);
    if (entry.isGrowing) this.withdraw(entry.id);
    else this.#update(entry.id, (e) => ({ ...e, phase: e.phase === 'done' ? 'done' : 'waiting', why: 'cancelled', isGone: true, isRemoved: true }));
  }

  #stop(id) {
    this.#running.get(id)?.then((request) => this.#host.cancel(request));
    this.#running.delete(id);
  }

  // ---- our page ---------------------------------------------------------------------------------------------------

  read(take) {
    this.#readers.add(take);
    this.#view().then(take);
    return () => this.#readers.delete(take);
  }

  /** A person's click. */
  async act({ kind, id }) {
    const entry = this.#entries.get(id);
    const can = entry && dl.offers(entry);
    if (!can?.[kind]) return;
    if (kind === 'start') await this.#start(id, { clicked: true });
    // What the browser holds is asked anew; what the host holds goes on where it was.
    const retry = entry.how === 'fetch' ? entry.held : 0;
    if (kind === 'retry') await this.#start(id, { clicked: true, retry });
    if (kind === 'whole') await this.#start(id, { clicked: true, retry, isWhole: true });
    if (kind === 'keep') await this.#keep(entry);
    if (kind === 'show') await this.#host.request('download.show', { download: entry.held }).done.catch(() => {});
    if (kind === 'cancel') await this.#cancel(entry);
    if (kind === 'remove') this.#remove(entry);
  }

  /** The download that may be reported: {site, question, tabId}, or null. */
  reportable(id) {
    const entry = this.#entries.get(id);
    return entry && entry.source?.site && dl.verdictOf(entry) === 'mismatch' ? { site: entry.source.site, question: 'download', tabId: entry.source.tabId ?? null } : null;
  }

  async #cancel(entry) {
    this.#stop(entry.id);
    this.#discard(entry);
    this.#update(entry.id, (e) => ({ ...e, phase: 'waiting', attempt: e.attempt + 1, why: 'cancelled', isGone: true, isRemoved: true, slots: {} }));
    if (entry.how === 'hold') await this.#privileged.settleDownload(entry.hold, false);
  }

  #remove(entry) {
    if (dl.verdictOf(entry) !== 'match') this.#discard(entry);
    this.#entries.delete(entry.id);
    this.#pages.setSaved({ [KEY + entry.id]: null });
    this.#tell();
  }

  async #view() {
    await this.ready;
    const entries = [...this.#entries.values()].reverse().map((e) => ({
      id: e.id, at: e.at, url: e.url, name: e.name, cls: e.cls, phase: e.phase, why: e.why, how: e.how, isLinkSecure: e.isLinkSecure, slots: e.slots, result: e.result, problem: e.problem,
      verdict: dl.verdictOf(e), evidence: e.evidence, isRemoved: e.isRemoved, isGone: Boolean(e.isGone), note: e.note ?? '', elapsedMs: this.#web.now() - e.startedAt, can: dl.offers(e),
    }));
    return { entries, edition: this.#privileged.edition, k: this.#host.greeting?.k ?? 3 };
  }

  hasPrivate() {
    return [...this.#entries.values()].some((e) => e.private);
  }

  /** For the popup: {held, mismatches}. */
  overview() {
    return { downloads: this.#counts() };
  }

  // The user wanted a file and gets none at once: our page says why. One tab of it is enough.
  #show({ tabId, private: isPrivate }) {
    this.#web.openDownloads({ tabId, private: Boolean(isPrivate) });
  }

  // ---- inside -----------------------------------------------------------------------------------------------------

  /** Everything of the session ends. What the browser holds is refused. */
  async wipe() {
    for (const entry of this.#entries.values()) {
      this.#stop(entry.id);
      this.#pages.setSaved({ [KEY + entry.id]: null });
    }
    this.#entries.clear();
    this.#starts = [];
    this.#tell();
    await this.#privileged.refuseDownloads();
  }

  #update(id, next, isPassing = false) {
    const entry = this.#entries.get(id);
    if (entry) this.#change(next(entry), isPassing);
  }

  #change(entry, isPassing = false) {
    this.#entries.set(entry.id, entry);
    if (!isPassing) this.#pages.setSaved({ [KEY + entry.id]: entry });
    for (const old of this.#entries.values()) {
      if (this.#entries.size <= DL_ENTRIES_MAX) break;
      if (old.phase === 'checking' || (old.how === 'hold' && !old.isGone)) continue;
      this.#entries.delete(old.id);
      this.#pages.setSaved({ [KEY + old.id]: null });
    }
    this.#tell();
  }

  #counts() {
    const all = [...this.#entries.values()];
    const isOpen = (e) => !e.isGone && e.how !== 'none' && (e.phase === 'checking' || e.phase === 'waiting' || dl.verdictOf(e) === 'undecided');
    return { held: all.filter(isOpen).length, mismatches: all.filter((e) => dl.verdictOf(e) === 'mismatch').length };
  }

  #mark() {
    const { held, mismatches } = this.#counts();
    const badge = mismatches ? '!' : held ? String(held) : '';
    if (badge === this.#badge) return;
    this.#badge = badge;
    this.#web.badge(badge, mismatches ? 'alarm' : 'wait');
  }

  async #tell() {
    this.#mark();
    if (this.#readers.size === 0) return;
    const view = await this.#view();
    for (const take of this.#readers) take(view);
  }
}

const isSameQuestion = (a, b) => JSON.stringify(dl.hostFields(a, { sizes: {}, clicked: false })) === JSON.stringify(dl.hostFields(b, { sizes: {}, clicked: false }));

const placeOf = ({ how, file, name }) => (how === 'fetch' ? { name, dir: null } : { path: file.path, size: file.size });

/** What kept the host from answering. */
export function problemOf(e) {
  if (e instanceof Garbage) return { code: 'host_garbage', error: null, detail: e.message };
  return { code: e?.code ?? 'host_died', error: e?.error ?? null, detail: e?.detail ?? '' };
}
