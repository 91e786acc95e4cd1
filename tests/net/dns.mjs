// The resolver of one exit: answers A for every name with that exit's own origin address, so that a test server knows by
// the address it was reached on which exit came. Can be told to stay silent, to deny, or to give another address, per
// name or for all. Never gives an address outside of 127.0.0.0/8.

import dgram from 'node:dgram';

const TYPE_A = 1;

export class Dns {
  #socket; #rules = new Map(); #fallback = null;
  queries = [];

  static async start({ address, port, answer }) {
    const d = new Dns();
    d.address = address; d.port = port; d.answer = answer;
    d.#socket = dgram.createSocket('udp4');
    d.#socket.on('message', (msg, from) => d.#reply(msg, from));
    await new Promise((resolve, reject) => d.#socket.once('error', reject).bind(port, address, resolve));
    d.port = d.#socket.address().port;
    d.#socket.on('error', () => {});
    return d;
  }

  // what: 'silent', 'nxdomain', 'empty', 'servfail', or an address in 127.0.0.0/8; null takes the rule back. Or a function that
  // is asked at each query and answers one of these.
  // name: a host name, or '*' for all names without a rule of their own.
  rule(name, what) {
    if (what && typeof what !== 'function' && !['silent', 'nxdomain', 'empty', 'servfail'].includes(what) && !isLoopback(what))
      throw new RangeError(`${what}: a test's name server gives loopback addresses only`);
    if (name === '*') this.#fallback = what;
    else if (what) this.#rules.set(name.toLowerCase(), what);
    else this.#rules.delete(name.toLowerCase());
  }

  stop() { return new Promise((resolve) => this.#socket.close(resolve)); }

  #reply(msg, from) {
    const q = readQuestion(msg);
    if (!q) return;
    this.queries.push(q.name);
    const rule = this.#rules.get(q.name) ?? this.#fallback;
    const what = (typeof rule === 'function' ? rule() : rule) ?? this.answer;
    if (what === 'silent') return;
    this.#socket.send(answerTo(msg, q, what), from.port, from.address);
  }
}

export function isLoopback(address) {
  const m = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  return m !== null && m.slice(1).every((o) => Number(o) < 256);
}

function readQuestion(msg) {
  if (msg.length < 17 || (msg[2] & 0x80) || msg.readUInt16BE(4) !== 1) return null;
  const labels = [];
  let at = 12;
  for (; at < msg.length && msg[at]; at += msg[at] + 1) {
    if (msg[at] > 63 || at + msg[at] >= msg.length) return null;
    labels.push(msg.toString('latin1', at + 1, at + 1 + msg[at]).toLowerCase());
  }
  if (at + 5 > msg.length) return null;
  return { name: labels.join('.'), type: msg.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(msg, q, what) {
  const code = { nxdomain: 3, servfail: 2 }[what] ?? 0;
  const wantsAddress = code === 0 && what !== 'empty' && q.type === TYPE_A;
  const head = Buffer.from(msg.subarray(0, q.end));
  head[2] = 0x84 | (msg[2] & 1);
  head[3] = 0x80 | code;
  head.writeUInt16BE(wantsAddress ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  if (!wantsAddress) return head;
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...what.split('.').map(Number)]);
  return Buffer.concat([head, record]);
}
