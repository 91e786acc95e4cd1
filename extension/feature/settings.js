// What the user chose, kept for good: the word that our window repeats, and what is done with downloads. Nothing of browsing is ever kept here.

import { WORD_MAX } from '../core/limits.js';
import { plain } from '../core/messages.js';
import { cleanOptions } from '../core/dlpolicy.js';
import { cleanReportOptions } from '../core/report.js';

const WORD = 'word';
const DOWNLOADS = 'downloads';
const REPORT = 'report';

/** A word as it is kept: trimmed, one line, nothing that disguises; "" when nothing is left. */
export function cleanWord(text) {
  return typeof text === 'string' ? [...plain(text).replaceAll('\ufffd', '').replace(/\s+/g, ' ').trim()].slice(0, WORD_MAX).join('') : '';
}

export class Settings {
  #storage;

  /** storage: get(key) → value, set(key, value): storage.local. */
  constructor(storage) {
    this.#storage = storage;
  }

  async word() {
    return cleanWord(await this.#storage.get(WORD).catch(() => ''));
  }

  setWord(text) {
    return this.#storage.set(WORD, cleanWord(text)).catch(() => {});
  }

  /** {mail, onion, key}: where reports go; onion and key "" when none is set. */
  async report() {
    return cleanReportOptions(await this.#storage.get(REPORT).catch(() => null));
  }

  async setReport(value) {
    await this.#storage.set(REPORT, cleanReportOptions(value)).catch(() => {});
  }

  /** Of core/dlpolicy.js. */
  async downloads() {
    return cleanOptions(await this.#storage.get(DOWNLOADS).catch(() => null));
  }

  /** changes: some of them. */
  async setDownloads(changes) {
    await this.#storage.set(DOWNLOADS, cleanOptions({ ...await this.downloads(), ...changes })).catch(() => {});
  }
}
