// What a peer does that never gives a proper TLS handshake, and streams that spoil one on its way out.

import { Duplex } from 'node:stream';
import { randomBytes } from 'node:crypto';

const HANDSHAKE_FAILURE = Buffer.from([0x15, 3, 3, 0, 2, 2, 40]);

// name → (socket): the whole life of the connection after the ClientHello.
export const RAW = {
  'stall': () => {},                                              // takes the hello, never answers
  'close': (s) => s.end(),
  'reset': (s) => s.resetAndDestroy(),
  'alert': (s) => s.end(HANDSHAKE_FAILURE),
  'http': (s) => s.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 24\r\nConnection: close\r\n\r\nThis port speaks no TLS.\n'),
  'garbage': (s) => s.end(randomBytes(4096)),
  // Bytes that look like handshake records which never make a message, until the other side gives up.
  'flood': (s) => {
    const record = Buffer.concat([Buffer.from([0x16, 3, 3, 0x40, 0]), Buffer.alloc(0x4000, 0)]);
    const more = () => { while (!s.destroyed && s.writable && s.write(record)); };
    s.on('drain', more);
    more();
  },
  // One endless Certificate-like message: a length of 16 MiB, then its bytes as fast as they are taken.
  'huge': (s) => {
    const first = Buffer.from([0x16, 3, 3, 0, 4, 11, 0xff, 0xff, 0xff]);
    const record = Buffer.concat([Buffer.from([0x16, 3, 3, 0x40, 0]), Buffer.alloc(0x4000, 0x41)]);
    s.write(first);
    const more = () => { while (!s.destroyed && s.writable && s.write(record)); };
    s.on('drain', more);
    more();
  },
};

// A stream around `socket` whose outgoing bytes go through `spoil(chunk, write, socket)`.
function around(socket, spoil) {
  const d = new Duplex({
    read() { socket.resume(); },
    write(chunk, _encoding, done) { spoil(chunk, (b) => { if (!socket.destroyed) socket.write(b); }, socket); done(); },
    final(done) { socket.end(); done(); },
    destroy(e, done) { socket.destroy(); done(e); },
  });
  d.localAddress = socket.localAddress;
  d.remoteAddress = socket.remoteAddress;
  socket.on('data', (b) => { if (!d.push(b)) socket.pause(); });
  socket.on('end', () => d.push(null));
  socket.on('close', () => d.destroy());
  return d;
}

// name → (socket) → stream for the TLS server to speak on; `tls` are options it needs.
export const SPOILED = {
  // Ends in the middle of its own first flight, behind the ServerHello.
  'cut': { wrap: (s) => { let sent = 0; return around(s, (b, write, raw) => { if (sent) return; sent = 1; write(b.subarray(0, 200)); raw.end(); }); } },
  // Gives the ServerHello and then nothing more, with the connection open.
  'stall-hello': { wrap: (s) => { let sent = 0; return around(s, (b, write) => { if (!sent) { sent = 1; write(b.subarray(0, 150)); } }); } },
  // One byte a second.
  'drip': { wrap: (s) => {
    let queue = Buffer.alloc(0);
    const timer = setInterval(() => { if (queue.length && !s.destroyed) { s.write(queue.subarray(0, 1)); queue = queue.subarray(1); } }, 1000);
    s.on('close', () => clearInterval(timer));
    return around(s, (b) => { queue = Buffer.concat([queue, b]); });
  } },
  // The true certificate in a handshake that its key did not sign: TLS 1.2 with a bit of ServerKeyExchange turned.
  'bad-signature': { tls: { maxVersion: 'TLSv1.2' }, wrap: (s) => around(s, (b, write) => write(turnSignature(b))) },
};

function turnSignature(flight) {
  const out = Buffer.from(flight);
  for (let at = 0; at + 9 <= out.length && out[at] === 0x16; at += 5 + out.readUInt16BE(at + 3)) {
    const end = at + 5 + out.readUInt16BE(at + 3);
    for (let m = at + 5; m + 4 <= end; m += 4 + out.readUIntBE(m + 1, 3))
      if (out[m] === 12) out[m + 3 + out.readUIntBE(m + 1, 3)] ^= 1;
  }
  return out;
}
