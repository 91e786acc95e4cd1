// A SOCKS5 proxy that makes a road long: bytes leave it `oneWay` milliseconds after they came. As `Socks5Proxy` of a client
// tor it gives that client the distance to its guard which loopback lacks.

import net from 'node:net';

function later(from, to, oneWay) {
  const queue = [];
  let timer = null;
  const run = () => {
    const now = performance.now();
    while (queue.length && queue[0].due <= now) {
      const { bytes } = queue.shift();
      if (bytes === null) to.end();
      else if (!to.destroyed) to.write(bytes);
    }
    timer = queue.length ? setTimeout(run, Math.max(1, queue[0].due - now)) : null;
  };
  const push = (bytes) => { queue.push({ due: performance.now() + oneWay, bytes }); timer ??= setTimeout(run, oneWay); };
  from.on('data', push);
  from.on('end', () => push(null));
  from.on('close', () => { if (!queue.length) to.destroy(); });
}

// → {host, port, stop()}
export async function startDelay(oneWay) {
  const sockets = new Set();
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const keep = (s) => { sockets.add(s); s.on('error', () => {}); s.on('close', () => sockets.delete(s)); };
    keep(near);
    let head = Buffer.alloc(0), greeted = false;
    const talk = (bytes) => {
      head = Buffer.concat([head, bytes]);
      if (!greeted && head.length >= 2 && head.length >= 2 + head[1]) {
        head = head.subarray(2 + head[1]);
        greeted = true;
        near.write(Buffer.from([5, 0]));
      }
      if (!greeted || head.length < 10) return;
      if (head[3] !== 1 || head[4] !== 127) { near.destroy(); return; }
      near.off('data', talk);
      const far = net.connect({ host: [...head.subarray(4, 8)].join('.'), port: head.readUInt16BE(8), noDelay: true, allowHalfOpen: true }, () => {
        near.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        later(near, far, oneWay);
        later(far, near, oneWay);
      });
      keep(far);
      far.on('close', () => near.destroy());
      near.on('close', () => far.destroy());
    };
    near.on('data', talk);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: '127.0.0.1', port: server.address().port,
    stop() { for (const s of sockets) s.destroy(); return new Promise((resolve) => server.close(resolve)); },
  };
}
