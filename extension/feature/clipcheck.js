// Held copies: what a content script kept from the clipboard is given to the host to look at; where it holds an address, or
// nobody can say, a window of ours tells so. Only a comparison over other exits that matched lets it go on.

import * as clip from '../core/clip.js';
import { SECURE } from '../core/documents.js';
import { Garbage, checkCompared, clipCheck, LONE } from '../core/messages.js';
import { DEADLINE_MS, DEADLINE_RANGE_MS, HOST_GRACE_MS, CLIP_CHECK_MS } from '../core/limits.js';

const CAPABILITY = 'clip.check';
const COMPARE = 'clip.compare';

export class ClipCheck {
  #web;
  #privileged;
  #host;
  #watch;
  #settings;
  #hold = null;             // the newest: one window, one hold; an older one ends when another comes
  #readers = new Set();
  #running = null;          // promise of the comparison's request id
  #window = null;           // id of our window
  #opening = null;

  /** watch: feature/documents.js; settings: {get, set} of what the user chose. */
  constructor({ web, privileged, host, watch, settings }) {
    this.#web = web;
    this.#privileged = privileged;
    this.#host = host;
    this.#watch = watch;
    this.#settings = settings;
  }

  // ---- what content scripts send ---------------------------------------------------------------------------------

  /** from: {tabId, frameId, parentFrameId, url, private, windowId} of the sender, as the browser tells it. */
  async onContent(message, from) {
    if (message?.kind === 'clip.state') return { state: await this.#watch.stateFor(from), primary: await this.#web.hasPrimary() };
    if (message?.kind === 'clip.primary') return this.#primary(message);
    if (message?.kind === 'clip.look') return this.#look(message, from);
    if (message?.kind === 'clip.hold') return this.#held(message, from);
    return null;
  }

  // The parts of a long text that could hold an address (content/excerpt.js). Anything but "nothing found" is no answer: the whole is then held.
  async #look(message, from) {
    const asked = clip.readHold(message);
    if (!asked?.fields) return { clear: false };
    if (await this.#watch.stateFor(from) === SECURE) return { clear: true };
    const { result } = await this.#ask(asked.fields, { force: true });
    return { clear: Boolean(result) && !result.found };
  }

  async #held(message, from) {
    const asked = clip.readHold(message);
    if (!asked) return { written: false };
    const state = await this.#watch.stateFor(from);
    // The content script didn't know yet.
    if (state === SECURE) return { written: await this.#web.writeClipboard(message.flavours), clear: true };
    const hold = clip.newHold({
      id: this.#web.randomId(), ...asked, tabId: from.tabId, frameId: from.frameId, private: from.private, windowId: from.windowId,
      visit: this.#watch.visits.of(from.tabId), page: this.#watch.documents.urlOf(from.tabId, from.frameId) || from.url,
    });
    const { problem, result } = await this.#askAbout(hold, asked.fields);
    if (result && !result.found && hold.how !== 'link' && hold.how !== 'menu') {
      return { written: hold.how === 'drag' ? false : await this.#web.writeClipboard(hold.flavours), clear: true };
    }
    if (result && !result.found && result.hits.length === 0) await this.#show(clip.failed(hold, { code: 'payment_link', error: null, detail: '' }));
    else await this.#show(problem ? clip.failed(hold, problem) : clip.found(hold, result));
    return { written: false };
  }

  async #askAbout(hold, fields) {
    const { problem, result } = await this.#ask(fields, { force: true });
    return { problem, result: result && clip.ofCopied(hold, result) };
  }

  // fields: of clip.check, null when there is too much of it. force: a person waits, so a host that just failed is tried again.
  async #ask(fields, { force = false } = {}) {
    if (!fields) return { problem: { code: 'too_big', error: null, detail: '' } };
    try {
      await this.#host.ensure({ force });
      if (!this.#host.greeting.capabilities.includes(CAPABILITY)) return { problem: { code: 'host_old', error: null, detail: this.#host.greeting.version } };
      const result = await this.#host.request('clip.check', fields, { timeoutMs: CLIP_CHECK_MS }).done;
      if (result.found !== result.hits.length > 0) throw new Garbage('found without a hit');
      return { result };
    } catch (problem) {
      return { problem: problemOf(problem) };
    }
  }

  // Selecting is copying on this system and has happened already: what is known to hold no address stays.
  async #primary({ text }) {
    if (typeof text !== 'string' || !await this.#web.hasPrimary()) return null;
    const { result } = await this.#ask(clipCheck([{ type: 'text/plain', text }]));
    if (result && !result.found) return { blanked: false };
    return { blanked: await this.#blankPrimary() };
  }

  async #blankPrimary() {
    return await this.#privileged.blankPrimary() || this.#web.blankPrimary();
  }

  // ---- the window ------------------------------------------------------------------------------------------------

  async #show(hold) {
    this.#end();
    this.#hold = hold;
    this.#tell();
    if (hold.hits.length) this.#locate(hold);
    this.#opening ??= this.#open(hold).finally(() => {
      this.#opening = null;
    });
    await this.#opening;
  }

  async #open(hold) {
    if (this.#window !== null && await this.#web.raise(this.#window)) return;
    this.#window = await this.#web.openCopyWindow({ private: hold.private, beside: hold.windowId });
  }

  onWindowRemoved(windowId) {
    if (windowId !== this.#window) return;
    this.#window = null;
    this.#end();
    this.#hold = null;
  }

  // Where the address stands and which others stand beside it: asked while the page is still there.
  async #locate(hold) {
    const [hit] = hold.hits;
    const answer = hold.frameId === 0 ? await this.#web.askFrame(hold.tabId, hold.frameId, { kind: 'clip.place', hold: hold.hold, address: hit.address }) : null;
    const placed = readPlace(answer?.place);
    const { result } = placed ? await this.#ask(clipCheck([{ type: 'text/plain', text: placed.text }])) : {};
    const family = result ? clip.familyOf(hit, result) : null;
    this.#update(hold.id, (h) => ({ ...h, placed: placed && { path: placed.path, before: placed.before, after: placed.after }, family }));
  }

  /** Our window reads along; returns how to stop. */
  read(take) {
    this.#readers.add(take);
    this.view().then(take);
    return () => this.#readers.delete(take);
  }

  /** A person's click in our window. */
  async act({ kind, word }) {
    if (kind === 'word') return this.#setWord(word);
    const hold = this.#hold;
    if (kind === 'compare') return hold && this.#compare(hold);
    if (kind === 'again') return hold && this.#again(hold);
    if (kind === 'circuits') return hold && this.#circuit(hold, true);
    if (kind === 'newcircuit') return hold && this.#circuit(hold, false);
    if (kind === 'close') return this.#window !== null && this.#web.closeWindow(this.#window);
    return undefined;
  }

  /** The comparison that may be reported: {site, question, tabId}, or null. */
  reportable() {
    const hold = this.#hold;
    return hold?.compare?.verdict === 'mismatch' && hold.visit?.site ? { site: hold.visit.site, question: 'copy', tabId: hold.tabId ?? null } : null;
  }

  async #setWord(word) {
    await this.#settings.setWord(word);
    this.#tell();
  }

  /** What the window may show: no clipboard text but the addresses. */
  async view() {
    const hold = this.#hold;
    const word = await this.#settings.word();
    if (!hold) return { phase: 'over', word };
    const canReach = Boolean(hold.visit?.site);
    return {
      phase: hold.phase, how: hold.how, word, page: hold.page, edition: this.#privileged.edition,
      addresses: clip.addressesOf(hold).slice(0, 8).map(({ address, coin, ticker, form, network, checksum_bits: bits, normalised }) =>
        ({ address, short: clip.shortAddress(address), coin, ticker, form, network, weak: bits === 0, normalised })),
      more: hold.more || clip.addressesOf(hold).length > 8,
      problem: hold.problem, compareProblem: hold.compareProblem ?? null, compare: hold.compare, whyNot: hold.placed === undefined && hold.hits.length ? 'locating' : clip.whyNoCompare(hold),
      k: hold.k, slots: hold.slots, deadlineMs: hold.deadlineMs, elapsedMs: this.#web.now() - hold.startedAt,
      canAsk: canAsk(hold), canRenew: canReach && hold.visit.proxy?.kind !== 'direct', note: hold.note ?? '', written: hold.written ?? false,
      canReport: (this.#host.greeting?.capabilities ?? []).includes('report'),
    };
  }

  // Nobody could look at it before: once more.
  async #again(hold) {
    if (!canAsk(hold)) return;
    this.#change({ ...hold, phase: 'asking' });
    const { problem, result } = await this.#askAbout(hold, clip.lookFields(hold));
    if (this.#hold?.id !== hold.id) return;
    if (problem) return void this.#change(clip.failed(hold, problem));
    if (result.found) {
      this.#change(clip.found({ ...hold, problem: null }, result));
      this.#locate(this.#hold);
      return;
    }
    const isLink = hold.how === 'link' || hold.how === 'menu';
    if (isLink) return void this.#change(clip.failed(hold, { code: 'payment_link', error: null, detail: '' }));
    const written = await this.#web.writeClipboard(hold.flavours);
    this.#update(hold.id, (h) => ({ ...h, phase: 'clean', problem: null, written }));
  }

  // ---- compare ---------------------------------------------------------------------------------------------------

  async #compare(before) {
    if (before.phase !== 'held' || clip.whyNoCompare(before) || before.placed === undefined) return;
    if (before.compare && !before.compare.retry_useful) return;
    const { k = 3 } = this.#host.greeting ?? {};
    let hold = clip.comparing(before, { now: this.#web.now(), k, deadlineMs: DEADLINE_MS });
    const { id, attempt } = hold;
    this.#change(hold);
    try {
      await this.#host.ensure({ force: true });
      const { deadline_ms: told, capabilities } = this.#host.greeting;
      if (!capabilities.includes(COMPARE)) throw { code: 'host_old', error: null, detail: this.#host.greeting.version };
      const deadlineMs = Math.min(Math.max(told, DEADLINE_RANGE_MS[0]), DEADLINE_RANGE_MS[1]);
      this.#update(id, (h) => ({ ...h, deadlineMs, k: this.#host.greeting.k }));
      const request = this.#host.request('clip.compare', clip.compareFields(hold), {
        timeoutMs: deadlineMs + HOST_GRACE_MS,
        onProgress: (p) => this.#update(id, (h) => clip.progressed(h, attempt, p)),
      });
      this.#running = request.id;
      const result = await request.done;
      checkCompared(result, hold.visit.site, hold.hits[0].address);
      this.#update(id, (h) => clip.compared(h, attempt, result));
    } catch (problem) {
      this.#update(id, (h) => clip.compareFailed(h, attempt, problemOf(problem)));
    }
    hold = this.#hold;
    if (hold?.id === id && hold.phase === 'released' && !hold.written) {
      const written = await this.#web.writeClipboard(hold.flavours);
      this.#update(id, (h) => ({ ...h, written }));
    }
  }

  // Leaves the circuit and loads the page again.
  async #circuit(hold, dry) {
    if (!hold.visit?.site || hold.phase === 'comparing') return undefined;
    const { site, proxy } = hold.visit;
    const fields = { first_party: site.firstParty, private: site.private, container: site.container, host: site.host, port: site.port, dry };
    if (proxy.username && proxy.password) Object.assign(fields, { socks_username: proxy.username, socks_password: proxy.password });
    const ask = () => this.#host.request('circuit.new', fields, { force: true }).done;
    if (dry) return ask().then(({ circuits, streams }) => ({ circuits, streams }), (problem) => ({ problem: problemOf(problem) }));
    if (!await this.#privileged.newCircuit(site.firstParty, site.container)) {
      try {
        await ask();
      } catch (problem) {
        return void this.#update(hold.id, (h) => ({ ...h, note: problemOf(problem).code }));
      }
    }
    await this.#web.reload(hold.tabId);
    if (this.#window !== null) await this.#web.closeWindow(this.#window);
    return undefined;
  }

  // ---- inside ----------------------------------------------------------------------------------------------------

  #end() {
    this.#running?.then((id) => this.#host.cancel(id));
    this.#running = null;
  }

  /** Everything of the session ends. */
  async wipe() {
    this.#end();
    this.#hold = null;
    this.#tell();
    await this.#watch.wipe();
  }

  /** For the popup and the options page: {word, held} (held: the phase of what is held, or ""). */
  async overview() {
    return { word: await this.#settings.word(), held: this.#hold?.phase ?? '' };
  }

  #update(id, next) {
    if (this.#hold?.id === id) this.#change(next(this.#hold));
  }

  #change(hold) {
    this.#hold = hold;
    this.#tell();
  }

  async #tell() {
    const view = await this.view();
    for (const take of this.#readers) take(view);
  }
}

const canAsk = ({ phase, problem, flavours }) => phase === 'held' && flavours.length > 0 && problem !== null && !['too_big', 'payment_link'].includes(problem.code);

// A content script is not to be trusted with types.
function readPlace(place) {
  const isText = (v, max) => typeof v === 'string' && v.length <= max;
  if (!place || !isText(place.path, 2047) || !place.path || !isText(place.before, 128) || !isText(place.after, 128) || !isText(place.text, 4 << 20)) return null;
  return { path: place.path, before: sendable(place.before), after: sendable(place.after), text: place.text };
}

// JSON on its way to the host takes neither (shared/protocol.md).
const sendable = (text) => text.replaceAll('\0', '\u200b').replace(LONE, '\ufffd');

function problemOf(e) {
  if (e instanceof Garbage) return { code: 'host_garbage', error: null, detail: e.message };
  return { code: e?.code ?? 'host_died', error: e?.error ?? null, detail: e?.detail ?? '' };
}
