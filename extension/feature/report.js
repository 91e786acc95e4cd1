// Reports of bad relays: opens the form, asks the host for the text, sends what the person left in it. Nothing is sent but by the form's
// own button; what the form shows is kept nowhere but in the page itself.

const REPORT = 'report:';
const KINDS = { cert: 'certificate', https: 'https', copy: 'copy', download: 'download' };

export class ReportDesk {
  #web;
  #host;
  #pages;
  #settings;
  #sending = new Map();      // id of a page → {cancel, view}
  #busy = new Set();         // ids that are being sent
  #readers = new Map();      // id → Set of post(view)

  constructor({ web, host, pages, settings }) {
    this.#web = web;
    this.#host = host;
    this.#pages = pages;
    this.#settings = settings;
  }

  /** Opens the form for a mismatch of this site; question: 'cert', 'https', 'copy', 'download'. beside: the tab that asks. */
  async open(site, question, { private: isPrivate = false, beside = null } = {}) {
    const id = this.#web.randomId();
    this.#pages.setSaved({ [REPORT + id]: { site, about: KINDS[question] ?? 'certificate', private: Boolean(isPrivate) } });
    await this.#web.openReport(id, beside);
  }

  /** A form connected: page = {id, tab, post, onMessage, onClose}. */
  async onPage(page) {
    let isClosed = false;
    page.onClose(() => {
      isClosed = true;
      this.#readers.get(page.id)?.delete(page.post);
    });
    page.onMessage((message) => this.#act(page, message));
    const view = await this.#read(page);
    if (isClosed) return;
    if (!this.#readers.has(page.id)) this.#readers.set(page.id, new Set());
    this.#readers.get(page.id).add(page.post);
    page.post({ kind: 'state', view: { ...view, sending: this.#sending.get(page.id)?.view ?? null } });
  }

  /** New Identity, session's end: the host has forgotten, and so have we. */
  wipe() {
    for (const { cancel } of this.#sending.values()) cancel();
    this.#sending.clear();
  }

  async #saved(page) {
    const saved = (await this.#pages.saved())[REPORT + page.id];
    return saved && Boolean(saved.private) === Boolean(page.tab?.incognito) ? saved : null;
  }

  async #read(page) {
    const saved = await this.#saved(page);
    if (!saved) return { phase: 'over' };
    const options = await this.#settings.report();
    const { site, about } = saved;
    const browser = await this.#web.browserName();
    const fields = { first_party: site.firstParty, private: site.private, container: site.container, host: site.host, port: site.port, about, ...(browser ? { browser } : {}) };
    try {
      const { text } = await this.#host.request('report.build', fields, { force: true }).done;
      return { phase: 'ready', text, options };
    } catch (problem) {
      if (problem.error?.name === 'ERR_REPORT_NONE') return { phase: 'over' };
      return { phase: 'problem', problem: told(problem), options };
    }
  }

  async #act(page, message) {
    if (message?.kind === 'stop') this.#sending.get(page.id)?.cancel();
    if (message?.kind !== 'send' || typeof message.text !== 'string' || this.#busy.has(page.id)) return;
    this.#busy.add(page.id);     // two clicks send once
    const saved = await this.#saved(page);
    const { onion, key } = await this.#settings.report();
    if (saved && onion && key) await this.#send(page.id, { onion, key, text: message.text });
    this.#busy.delete(page.id);
  }

  async #send(id, fields) {
    const entry = { cancel: () => {}, view: { state: 'sending', attempt: 1, waitMs: 0, problem: null } };
    const show = (view) => {
      entry.view = view;
      for (const post of this.#readers.get(id) ?? []) post({ kind: 'sending', view });
    };
    this.#sending.set(id, entry);
    show(entry.view);
    const asked = this.#host.request('report.send', fields, {
      force: true, isLong: true, timeoutMs: SEND_MS,
      onProgress: ({ attempt, state, error, wait_ms: waitMs }) => show({ state, attempt, waitMs, problem: error && { code: 'host_error', error, detail: '' } }),
    });
    asked.id.then((number) => {
      entry.cancel = () => this.#host.cancel(number);
    });
    try {
      const { answer, attempts } = await asked.done;
      show({ state: answer, attempt: attempts, waitMs: 0, problem: null });
    } catch (problem) {
      show({ state: problem.error?.name === 'ERR_CANCELLED' ? 'stopped' : 'failed', attempt: entry.view.attempt, waitMs: 0, problem: told(problem) });
    }
  }
}

// The longest wait between two tries, the try itself, and the host's own slack.
const SEND_MS = 15 * 60 * 1000;
const told = ({ code, error, detail }) => ({ code, error, detail });
