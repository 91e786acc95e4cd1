// The tests' end of torbrowser-like/door.js: code that runs in the browser's own process.

import net from 'node:net';
import { readFile } from 'node:fs/promises';
import { until } from './wait.mjs';

export class Door {
  #socket;
  #text = '';
  #waiting = new Map();
  #last = 0;

  /** file: where the browser writes the port it listens on. */
  static async open(file) {
    const port = await until(async () => Number(await readFile(file, 'utf8')), { limit: 60000, what: 'the browser’s door' });
    const door = new Door();
    door.#socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    door.#socket.setEncoding('latin1').on('data', (text) => door.#take(text));
    const gone = () => { for (const { reject } of door.#waiting.values()) reject(new Error('the browser is gone')); door.#waiting.clear(); };
    door.#socket.on('error', gone).on('close', gone);
    return door;
  }

  #take(text) {
    this.#text += text;
    for (let end; (end = this.#text.indexOf('\n')) >= 0; this.#text = this.#text.slice(end + 1)) {
      const { id, value, error } = JSON.parse(this.#text.slice(0, end));
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(value === undefined ? undefined : JSON.parse(value));
    }
  }

  /** Runs fn(...args) there, answers the JSON of what it returns, throws what it throws. */
  run(fn, args) {
    const escape = (text) => text.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(`${escape(JSON.stringify({ id, code: `(async () => JSON.stringify(await (${fn})(...${JSON.stringify(args)})))()` }))}\n`);
    });
  }
}
