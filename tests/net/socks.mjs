// A SOCKS5 client with username and password, as Tor Browser speaks it.

import net from 'node:net';
import { once } from 'node:events';

async function readExactly(socket, n) {
  for (;;) {
    const b = socket.read(n);
    if (b) {
      if (b.length < n) throw new Error('SOCKS connection ended');
      return b;
    }
    if (socket.destroyed || socket.readableEnded) throw new Error('SOCKS connection ended');
    await Promise.race([once(socket, 'readable'), once(socket, 'end'), once(socket, 'close')]);
  }
}

// → a connected socket, paused. Throws an error with .reply (the SOCKS reply number) when tor refuses.
export async function socksConnect(proxy, { host, port, username, password, timeout = 30000 }) {
  const socket = net.connect({ ...proxy, noDelay: true });
  const timer = setTimeout(() => socket.destroy(new Error('SOCKS time-out')), timeout);
  const failed = new Promise((_, reject) => socket.once('error', reject));
  failed.catch(() => {});
  try {
    return await Promise.race([failed, handshake(socket, { host, port, username, password })]);
  } catch (e) { socket.destroy(); throw e; } finally { clearTimeout(timer); }
}

async function handshake(socket, { host, port, username, password }) {
  await once(socket, 'connect');
  const withPassword = username !== undefined;
  socket.write(Buffer.from([5, 1, withPassword ? 2 : 0]));
  await readExactly(socket, 2);
  if (withPassword) {
    const u = Buffer.from(username), p = Buffer.from(password);
    socket.write(Buffer.concat([Buffer.from([1, u.length]), u, Buffer.from([p.length]), p]));
    await readExactly(socket, 2);
  }
  const name = Buffer.from(host);
  socket.write(Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, Buffer.from([port >> 8, port & 255])]));
  const head = await readExactly(socket, 4);
  await readExactly(socket, head[3] === 4 ? 18 : head[3] === 3 ? (await readExactly(socket, 1))[0] + 2 : 6);
  if (head[1]) throw Object.assign(new Error(`SOCKS reply ${head[1]}`), { reply: head[1] });
  return socket;
}
