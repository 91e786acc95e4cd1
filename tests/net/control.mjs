// A small control-port client for the tests' own eyes (never what is being tested): one command at a time, events to a
// listener. `address` is {host, port} or {path}.

import net from 'node:net';
import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';

export class Control extends EventEmitter {
  #socket; #buffer = ''; #lines = []; #waiting = []; #data = null;

  static async open(address, { cookieFile } = {}) {
    const c = new Control();
    await new Promise((resolve, reject) => {
      c.#socket = net.connect({ ...address, noDelay: true });
      c.#socket.once('connect', resolve).once('error', reject);
    });
    c.#socket.setEncoding('latin1');
    c.#socket.on('data', (text) => c.#take(text));
    c.#socket.on('error', () => {});
    c.#socket.on('close', () => {
      c.closed = true;
      for (const w of c.#waiting.splice(0)) w.reject(new Error('control connection closed'));
      c.emit('end');
    });
    if (cookieFile) await c.command(`AUTHENTICATE ${(await readFile(cookieFile)).toString('hex')}`);
    return c;
  }

  // Resolves to the reply's lines without their "250" (data blocks joined by \n); throws on any other code.
  command(text) {
    if (this.closed) return Promise.reject(new Error('control connection closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, text });
      this.#socket.write(text + '\r\n');
    });
  }

  // GETINFO of one key: its value.
  async info(key) {
    const [line] = await this.command(`GETINFO ${key}`);
    return line.slice(key.length + 1).replace(/^\n/, '');
  }

  // SETEVENTS, then calls listener(text) for each until closed.
  async events(names, listener) {
    this.on('event', listener);
    await this.command(`SETEVENTS ${names}`);
  }

  close() { this.#socket.destroy(); }

  #take(text) {
    this.#buffer += text;
    for (let at; (at = this.#buffer.indexOf('\r\n')) >= 0;) {
      const line = this.#buffer.slice(0, at);
      this.#buffer = this.#buffer.slice(at + 2);
      this.#line(line);
    }
  }

  #line(line) {
    if (this.#data !== null) {
      if (line === '.') { this.#lines.push(this.#data); this.#data = null; } else this.#data += '\n' + line.replace(/^\.\./, '.');
      return;
    }
    const code = line.slice(0, 3), mark = line[3], rest = line.slice(4);
    if (mark === '+') { this.#data = rest; return; }
    this.#lines.push(rest);
    if (mark === '-') return;
    const lines = this.#lines.splice(0);
    if (code[0] === '6') { this.emit('event', lines.join('\n')); return; }
    const w = this.#waiting.shift();
    if (!w) return;
    if (code === '250') w.resolve(lines);
    else w.reject(Object.assign(new Error(`${w.text.split(' ')[0]}: ${code} ${lines.join(' ')}`), { code: Number(code) }));
  }
}
