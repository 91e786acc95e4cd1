// The list of sites that the user wants left alone (core/exclusions.js), kept for good because the user asked for that very thing. Only the
// options page can change it; until it is read, nothing is excluded.

import { isCovered, soundHosts, withHost } from '../core/exclusions.js';

const KEY = 'exclusions';

export class Exclusions {
  #storage;
  #isSuffix;
  #hosts = [];

  /** storage: as of feature/settings.js; isSuffix(host): whether everybody can have sites below that name. */
  constructor(storage, isSuffix) {
    this.#storage = storage;
    this.#isSuffix = isSuffix;
    this.onChange = () => {};
    this.ready = this.#storage.get(KEY).then((kept) => {
      this.#hosts = soundHosts(kept);
    }, () => {});
  }

  list() {
    return [...this.#hosts];
  }

  has(host) {
    return isCovered(this.#hosts, host);
  }

  /** Adds what a person typed. Resolves why not, or "". */
  async add(text) {
    await this.ready;
    const { hosts, why } = withHost(this.#hosts, text, this.#isSuffix);
    if (!why) await this.#keep(hosts);
    return why;
  }

  async remove(host) {
    await this.ready;
    if (this.#hosts.includes(host)) await this.#keep(this.#hosts.filter((listed) => listed !== host));
  }

  async #keep(hosts) {
    this.#hosts = hosts;
    await this.#storage.set(KEY, hosts).catch(() => {});
    await this.onChange();
  }
}
