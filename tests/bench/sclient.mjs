// One plain TLS handshake by `openssl s_client` through SOCKS. s_client speaks no SOCKS, so a forwarder stands between: it
// opens the SOCKS stream with fresh credentials when s_client connects. Counted: from opening the connection to the SOCKS
// port to s_client's own Finished passing by. Not counted: the start of the openssl process, and its local connect.

import net from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { socksConnect } from '../net/socks.mjs';

// → milliseconds. Throws when no handshake came about.
export async function plainHandshake(socks, host, port, { limit = 30000 } = {}) {
  let took = null, failure = null;
  const server = net.createServer({ noDelay: true, pauseOnConnect: true }, async (inner) => {
    server.close();
    inner.on('error', () => {});
    try {
      const hello = await new Promise((resolve) => { inner.once('data', resolve); inner.resume(); });
      inner.pause();
      const begin = process.hrtime.bigint();
      const outer = await socksConnect(socks, { host, port, username: randomBytes(8).toString('hex'), password: 'x', timeout: limit });
      outer.on('error', () => {});
      outer.write(hello);
      outer.pipe(inner);
      // The client's second flight: its Finished.
      inner.on('data', (b) => {
        took ??= Number(process.hrtime.bigint() - begin) / 1e6;
        outer.write(b);
      });
      inner.on('close', () => outer.destroy());
      outer.on('close', () => inner.destroy());
      inner.resume();
    } catch (e) { failure = e; inner.destroy(); }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${server.address().port}`, '-servername', host, '-brief'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.on('data', (b) => { text += b; if (/CONNECTION ESTABLISHED/.test(text)) child.stdin.end('Q\n'); });
  child.stdin.on('error', () => {});
  const timer = setTimeout(() => child.kill('SIGKILL'), limit);
  await once(child, 'exit');
  clearTimeout(timer);
  server.close();
  if (took === null || !/CONNECTION ESTABLISHED/.test(text)) throw failure ?? new Error(`s_client: ${text.trim()}`);
  return took;
}
