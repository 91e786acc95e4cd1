// The session's beginning and end, and what pages of ours may ask: certificate pages over their port, the popup and
// the options page by single messages.

import { plainPage } from '../core/https.js';

const ACTIONS = new Set(['start', 'retry', 'proceed', 'again', 'circuits', 'newcircuit', 'report']);
const DOWNLOAD_ACTIONS = new Set(['start', 'retry', 'whole', 'cancel', 'keep', 'show', 'remove', 'report']);
const COPY_ACTIONS = new Set(['again', 'compare', 'circuits', 'newcircuit', 'close', 'word', 'report']);

export class Session {
  #web;
  #exclusions;
  #https;
  #privileged;
  #host;
  #pages;
  #certcheck;
  #clipcheck;
  #dlcheck;
  #dllist;
  #settings;
  #watch;
  #reports;

  constructor({ web, privileged, host, pages, certcheck, clipcheck, dlcheck, dllist, settings, watch, reports, exclusions, https }) {
    this.#reports = reports;
    this.#exclusions = exclusions;
    this.#https = https;
    this.#watch = watch;
    this.#clipcheck = clipcheck;
    this.#dlcheck = dlcheck;
    this.#dllist = dllist;
    this.#settings = settings;
    this.#web = web;
    this.#privileged = privileged;
    this.#host = host;
    this.#pages = pages;
    this.#certcheck = certcheck;
  }

  /** The native bypass would lead past the check: in the privileged edition it is hidden from the first moment. */
  start() {
    this.#host.onEvent = (event) => {
      if (event === 'newnym') this.#wipe(true);
    };
    this.#privileged.hideNativeBypass(true);
    this.#exclusions.onChange = () => {
      this.#certcheck.onExclusions();
      return this.#watch.onExclusions();
    };
  }

  async #wipe(isHostAware = false) {
    this.#reports.wipe();
    this.#https.wipe();
    await Promise.all([this.#certcheck.wipe(isHostAware), this.#clipcheck.wipe(), this.#dlcheck.wipe()]);
  }

  /** Closing the last window, or the last private one, ends what was done in it. */
  async onWindowRemoved(windowId) {
    this.#clipcheck.onWindowRemoved(windowId);
    const { normal, private: hidden } = await this.#web.windows();
    const hasPrivateState = [...this.#pages.checks.values()].some((check) => check.site.private) || this.#dllist.hasPrivate();
    if (normal + hidden === 0 || (hidden === 0 && hasPrivateState)) await this.#wipe();
  }

  /** A certificate page of ours connected. */
  async onPage(page) {
    let stop = () => {};
    let isClosed = false;
    page.onClose(() => {
      isClosed = true;
      stop();
    });
    page.onMessage(async (message) => {
      if (!ACTIONS.has(message?.kind)) return;
      await this.#pages.ready;
      if (message.kind === 'report') return void this.#report(this.#certcheck.reportable(page.id), page.tab);
      const answer = await this.#certcheck.act(page.id, page.tab, message);
      if (message.kind === 'circuits' && answer) page.post({ kind: 'circuits', ...answer });
    });
    await this.#pages.ready;
    if (!isClosed) stop = this.#certcheck.read(page.id, (view) => page.post({ kind: 'state', view }));
  }

  /** Our window for a held copy connected. */
  onCopyPage(page) {
    const stop = this.#clipcheck.read((view) => page.post({ kind: 'state', view }));
    page.onClose(stop);
    page.onMessage(async (message) => {
      if (!COPY_ACTIONS.has(message?.kind)) return;
      if (message.kind === 'report') return void this.#report(this.#clipcheck.reportable(), null);
      const answer = await this.#clipcheck.act(message);
      if (message.kind === 'circuits' && answer) page.post({ kind: 'circuits', ...answer });
    });
  }

  /** Our page of downloads connected. */
  onDownloadPage(page) {
    const stop = this.#dllist.read((view) => page.post({ kind: 'state', view }));
    page.onClose(stop);
    page.onMessage((message) => {
      if (message?.kind === 'report') this.#report(this.#dllist.reportable(message.id), null);
      else if (DOWNLOAD_ACTIONS.has(message?.kind)) this.#dllist.act(message);
    });
  }

  /** A report form connected. */
  async onReportPage(page) {
    await this.#pages.ready;
    return this.#reports.onPage(page);
  }

  // found: {site, question, tabId} of a mismatch, or null.
  #report(found, tab) {
    if (!found) return undefined;
    return this.#reports.open(found.site, found.question, { private: found.site.private, beside: tab?.id ?? found.tabId });
  }

  /** What the popup and the options page ask. */
  async onAsk(message) {
    await this.#pages.ready;
    if (message?.kind === 'overview') return this.#overview(message.tabId);
    if (message?.kind === 'plain') return this.#askPlain(message.tabId);
    if (message?.kind === 'plainopen') return this.#openEncrypted(message.tabId);
    if (message?.kind === 'diagnose') return this.#diagnose();
    if (message?.kind === 'word') return this.#clipcheck.act(message);
    if (message?.kind === 'reportoptions') return this.#settings.setReport(message.value);
    if (message?.kind === 'options') return this.#settings.setDownloads(message.changes);
    if (message?.kind === 'exclude') return { why: await this.#exclusions.add(message.host) };
    if (message?.kind === 'include') return this.#exclusions.remove(message.host);
    if (message?.kind === 'downloads') return this.#web.raiseDownloads();
    return null;
  }

  async #overview(tabId) {
    const { phase, problem, tor } = this.#host.state;
    await this.#exclusions.ready;
    const access = await this.#web.access();
    const last = Number.isInteger(tabId) ? this.#certcheck.viewOfTab(tabId) : null;
    const copy = { ...await this.#clipcheck.overview(), ...this.#dllist.overview(), options: await this.#settings.downloads(), report: await this.#settings.report() };
    const plain = Number.isInteger(tabId) ? await this.#plainOf(tabId) : null;
    return { edition: this.#privileged.edition, host: { phase, problem: problem && told(problem), tor }, access, last, plain, exclusions: this.#exclusions.list(), ...copy };
  }

  // The plain page that a tab shows, if it is one that an exit brought: {host, view}. view: of what was asked about it, or null.
  async #plainOf(tabId) {
    const { asked } = await this.#plainPageOf(tabId);
    if (!asked) return null;
    const { greeting } = this.#host;
    return { host: asked.where.host, canAsk: !greeting || greeting.capabilities.includes('https.check'), view: this.#certcheck.viewOfPlain(tabId, asked) };
  }

  async #plainPageOf(tabId) {
    const tab = Number.isInteger(tabId) ? await this.#web.getTab(tabId) : null;
    const visit = tab && this.#watch.visits.of(tabId);
    const asked = tab && plainPage(tab.url);
    return { tab, visit, asked: asked && visit?.proxy?.kind !== 'direct' ? asked : null };
  }

  async #openEncrypted(tabId) {
    const { asked } = await this.#plainPageOf(tabId);
    if (asked) await this.#web.replace(tabId, asked.encrypted);
    return this.#overview(tabId);
  }

  // The answer to the click is the state it led to; what follows is asked for again and again while the popup stands.
  async #askPlain(tabId) {
    const { tab, visit, asked } = await this.#plainPageOf(tabId);
    if (asked && this.#certcheck.viewOfPlain(tabId, asked)?.phase !== 'checking') this.#certcheck.onPlainQuestion({ tab, asked, visit });
    return this.#overview(tabId);
  }

  async #diagnose() {
    try {
      const status = await this.#host.request('status', {}, { force: true }).done;
      return { ...await this.#overview(), status };
    } catch (problem) {
      return { ...await this.#overview(), problem: told(problem) };
    }
  }
}

const told = ({ code, error, detail }) => ({ code, error, detail });
