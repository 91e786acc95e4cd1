// The connection to the host program: hello, request ids, time-outs, back-off, and a typed problem for everything that
// can be wrong with it. Pure: how to connect, the clock and the timers are passed in (platform/native.js does).
//
//   idle → connecting → up → down → connecting …
//
// Problems: host_missing, host_failed (there, but doesn't start), host_died, host_hung, host_version, host_garbage, and
// host_error with the host's own error in `error`.

import { PROTOCOL, HELLO_MS, BACKOFF_MS, REQUEST_MS } from './limits.js';
import { readMessage, FINAL, PROGRESS_OF, Garbage } from './messages.js';

const ERR_MSG_VERSION = 1107;

/** What is wrong, as a code that the pages have words for; `error` is the host's own error, if it gave one. */
export class HostProblem extends Error {
  constructor(code, { error = null, detail = '' } = {}) {
    super(code);
    this.code = code;
    this.error = error;
    this.detail = detail;
  }
}

const CANCELLED = 'cancelled';

export class HostLink {
  #connect;
  #hello;
  #clock;
  #port = null;
  #nextId = 1;
  #waiting = new Map();       // id → {kind, resolve, reject, onProgress, timer}
  #opening = null;            // promise of the hello under way
  #failures = 0;
  #notBefore = 0;
  #wake = [];                 // those who wait in ready()

  /**
   * @param connect  () => port with postMessage, disconnect, onMessage, onDisconnect (runtime.Port)
   * @param hello    {version, edition}
   * @param clock    {now, setTimeout, clearTimeout}
   */
  constructor({ connect, hello, clock }) {
    this.#connect = connect;
    this.#hello = hello;
    this.#clock = clock;
    this.phase = 'idle';
    this.problem = null;
    this.greeting = null;     // the host's hello
    this.tor = null;          // {up, error} as last told, null while unknown
    this.onEvent = () => {};
    this.onChange = () => {};
  }

  get state() {
    return { phase: this.phase, problem: this.problem, greeting: this.greeting, tor: this.tor };
  }

  /** Connects if need be. A host that just failed is left alone until its back-off is over, unless forced by a click. */
  ensure({ force = false } = {}) {
    if (this.phase === 'up') return Promise.resolve();
    if (this.#opening) return this.#opening;
    if (!force && this.#clock.now() < this.#notBefore) return Promise.reject(this.problem);
    this.#opening = this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** Resolves true once the host has a tor, false when it is known to have none or after `ms`. Never rejects. */
  async ready(ms) {
    if (this.phase === 'up' && this.tor) return this.tor.up;
    const isUp = new Promise((resolve) => {
      this.#wake.push(resolve);
      this.#clock.setTimeout(() => resolve(false), ms);
    });
    return Promise.race([isUp, this.ensure().then(() => isUp, () => false)]);
  }

  /**
   * Sends a request. Returns {id: promise of its id, done: promise of the final message's body}; `done` rejects with a
   * HostProblem. `force` as in ensure. `isLong`: timeoutMs counts from the newest progress.
   */
  request(kind, fields = {}, { onProgress = () => {}, timeoutMs = REQUEST_MS, force = false, isLong = false } = {}) {
    const sent = this.ensure({ force }).then(() => this.#send(kind, fields, onProgress, timeoutMs, isLong));
    const id = sent.then((entry) => entry.id, () => 0);
    return { id, done: sent.then((entry) => entry.done) };
  }

  /** Asks the host to end a request; its own final message still comes. */
  cancel(id) {
    if (this.phase !== 'up' || !this.#waiting.has(id)) return;
    this.request('cancel', { target: id }).done.catch(() => {});
  }

  /** Ends the connection (and with it the host). */
  close(problem = new HostProblem('host_died')) {
    const port = this.#port;
    if (port) port.disconnect();
    this.#down(problem);
  }

  async #open() {
    this.#set('connecting');
    this.greeting = null;
    this.tor = null;
    let port;
    try {
      port = this.#connect();
    } catch (e) {
      throw this.#down(new HostProblem('host_missing', { detail: String(e.message) }));
    }
    this.#port = port;
    port.onMessage.addListener((raw) => port === this.#port && this.#message(raw));
    port.onDisconnect.addListener((p) => port === this.#port && this.#disconnected(p.error));
    const greeting = await this.#send('hello', { protocol: PROTOCOL, ...this.#hello }, () => {}, HELLO_MS).done;
    if (greeting.protocol !== PROTOCOL) {
      port.disconnect();
      throw this.#down(new HostProblem('host_version', { detail: greeting.version }));
    }
    this.#failures = 0;
    this.#notBefore = 0;
    this.problem = null;
    this.greeting = greeting;
    this.#set('up');
    this.#send('status', {}, () => {}, REQUEST_MS).done.then(({ tor }) => {
      if (this.tor === null && (tor.up || tor.error)) this.#torIs(tor.up, tor.error);
    }, () => {});
  }

  #send(kind, fields, onProgress, timeoutMs, isLong = false) {
    const id = this.#freeId();
    const arm = () => this.#clock.setTimeout(() => {
      const problem = new HostProblem('host_hung');
      if (this.#waiting.has(id)) this.close(problem);
    }, timeoutMs);
    const done = new Promise((resolve, reject) => {
      this.#waiting.set(id, { kind, resolve, reject, onProgress, timer: arm(), rearm: isLong ? arm : null });
      try {
        this.#port.postMessage({ id, kind, ...fields });
      } catch (e) {
        this.close(new HostProblem('host_died', { detail: String(e.message) }));
      }
    });
    done.catch(() => {});
    return { id, done };
  }

  #freeId() {
    while (this.#waiting.has(this.#nextId)) this.#nextId = (this.#nextId % 0x7fffffff) + 1;
    const id = this.#nextId;
    this.#nextId = (this.#nextId % 0x7fffffff) + 1;
    return id;
  }

  #message(raw) {
    let message;
    try {
      message = readMessage(raw);
    } catch (e) {
      if (!(e instanceof Garbage)) throw e;
      return this.#garbage(e);
    }
    if (message.kind === 'event') return this.#event(message);
    const entry = this.#waiting.get(message.id);
    if (!entry) return undefined;             // late, twice, or never asked: nobody waits for it
    if (message.kind === PROGRESS_OF[entry.kind]) {
      if (entry.rearm) {
        this.#clock.clearTimeout(entry.timer);
        entry.timer = entry.rearm();
      }
      return entry.onProgress(message.body);
    }
    this.#waiting.delete(message.id);
    this.#clock.clearTimeout(entry.timer);
    if (message.kind === 'error') return entry.reject(this.#told(message.body));
    if (message.kind === FINAL[entry.kind]) return entry.resolve(message.body);
    return this.#refuse(entry, message.kind);
  }

  #told(error) {
    if (error.code === ERR_MSG_VERSION) {
      const problem = new HostProblem('host_version', { error });
      this.close(problem);
      return problem;
    }
    return new HostProblem(error.code === 1006 ? CANCELLED : 'host_error', { error });
  }

  // An answer that can't be read ends the request it names; one that names none says nothing about any.
  #garbage(e) {
    const entry = this.#waiting.get(e.id);
    if (!entry) return;
    this.#waiting.delete(e.id);
    this.#clock.clearTimeout(entry.timer);
    this.#refuse(entry, e.message);
  }

  #refuse(entry, detail) {
    const problem = new HostProblem('host_garbage', { detail });
    entry.reject(problem);
    if (entry.kind === 'hello') this.close(problem);
  }

  #event({ event, body }) {
    if (event === 'tor') this.#torIs(body.up, body.error);
    if (event) this.onEvent(event, body);
  }

  #torIs(up, error) {
    this.tor = { up, error };
    this.#wakeAll(up);
    this.onChange(this.state);
  }

  #disconnected(error) {
    const text = String(error?.message ?? '');
    let code = this.phase === 'up' ? 'host_died' : 'host_failed';
    if (/No such native application|does not have permission/.test(text)) code = 'host_missing';
    if (/exceeds the limit/.test(text)) code = 'host_garbage';
    this.#down(new HostProblem(code, { detail: text }));
  }

  #down(problem) {
    if (this.phase === 'down') return this.problem;
    this.#port = null;
    this.problem = problem;
    this.greeting = null;
    this.tor = null;
    const [least, most] = BACKOFF_MS;
    this.#notBefore = this.#clock.now() + Math.min(most, least * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#set('down');
    for (const entry of this.#waiting.values()) {
      this.#clock.clearTimeout(entry.timer);
      entry.reject(problem);
    }
    this.#waiting.clear();
    this.#wakeAll(false);
    return problem;
  }

  #set(phase) {
    this.phase = phase;
    this.onChange(this.state);
  }

  #wakeAll(isUp) {
    for (const resolve of this.#wake.splice(0)) resolve(isUp);
  }
}
