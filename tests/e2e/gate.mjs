// A door between the host and tor's control port, which a test can shut: connections are then refused, those that are
// open are cut.

import net from 'node:net';

export class Gate {
  #server = null;
  #sockets = new Set();

  static async open(target) {
    const gate = new Gate();
    gate.target = target;
    gate.host = '127.0.0.1';
    gate.port = 0;
    await gate.unlock();
    return gate;
  }

  async unlock() {
    if (this.#server) return;
    this.#server = net.createServer({ noDelay: true }, (inner) => {
      const outer = net.connect({ ...this.target, noDelay: true });
      for (const [a, b] of [[inner, outer], [outer, inner]]) {
        this.#sockets.add(a);
        a.on('error', () => {});
        a.on('close', () => { this.#sockets.delete(a); b.destroy(); });
        a.pipe(b);
      }
    });
    await new Promise((resolve, reject) => { this.#server.once('error', reject).listen(this.port, this.host, resolve); });
    this.port = this.#server.address().port;
    // A browser that a test forgot to stop is no reason for the test's process to stay for ever.
    this.#server.unref();
  }

  async lock() {
    const server = this.#server;
    this.#server = null;
    for (const s of this.#sockets) s.destroy();
    if (server) await new Promise((resolve) => { server.close(resolve); });
  }

  close() { return this.lock(); }
}
