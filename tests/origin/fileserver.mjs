// Sites that serve files, good and evil: plain HTTP on every exit's own origin address, so that the LOCAL address says which exit came. Unlike
// origin.mjs they know ranges (one, several, none, false ones), validators, digests, redirects, statuses, speed, and files that are never in memory.
//
//   const files = await startFiles(net);                       // port 18090
//   files.site('a1.test', (who) => ({ body, …}));             // who: {role, exit, count, path, req}; role 0: the first exit that came
//   files.requests('a1.test')                                  // [{role, exit, path, method, headers, sent}]

import http from 'node:http';

const PORT = 18090;

/** A file that is made where it is read: size bytes, patched: {offset: byte}. */
export function generated(size, { seed = 1, patched = {} } = {}) {
  const block = Buffer.alloc(65536);
  for (let i = 0; i < block.length; i += 4) block.writeUInt32LE((Math.imul(i + seed, 2654435761) ^ (i >>> 3)) >>> 0, i);
  return {
    size,
    at(offset, n) {
      const out = Buffer.alloc(Math.min(n, size - offset));
      for (let done = 0; done < out.length;) {
        const within = (offset + done) % block.length;
        const number = Math.floor((offset + done) / block.length);
        const take = Math.min(block.length - within, out.length - done);
        block.copy(out, done, within, within + take);
        // Every block is another one.
        if (within === 0 && take >= 8) out.writeDoubleLE(number, done);
        else for (let i = within; i < 8 && i - within < take; i++) { const stamp = Buffer.alloc(8); stamp.writeDoubleLE(number); out[done + i - within] = stamp[i]; }
        done += take;
      }
      for (const [at, byte] of Object.entries(patched)) if (at >= offset && at < offset + out.length) out[at - offset] = byte;
      return out;
    },
  };
}
/** Bytes, or something that makes them, as {size, at(offset, n)}. */
export const source = (body) => (Buffer.isBuffer(body) ? { size: body.length, at: (offset, n) => body.subarray(offset, Math.min(body.length, offset + n)) } : body);

function rangesOf(header, size) {
  const m = /^bytes=(.+)$/.exec(header ?? '');
  if (!m) return null;
  const list = m[1].split(',').map((part) => {
    const [, a, b] = /^\s*(\d*)-(\d*)\s*$/.exec(part) ?? [];
    if (a === '') return [Math.max(0, size - Number(b)), size - 1];
    return [Number(a), b === '' ? size - 1 : Math.min(Number(b), size - 1)];
  });
  return list;
}

export async function startFiles(net, { port = PORT } = {}) {
  const sites = new Map();
  const servers = [];
  const sockets = new Set();

  async function send(res, file, offset, n, { speed, record, stopAt = Infinity }) {
    for (let done = 0; done < n;) {
      if (record.sent >= stopAt) { res.destroy(); return false; }
      const piece = file.at(offset + done, Math.min(speed ? 16384 : 262144, n - done, stopAt - record.sent));
      record.sent += piece.length;
      done += piece.length;
      if (!res.write(piece)) {
        await new Promise((resolve) => {
          const go = () => { res.off('drain', go); res.off('close', go); resolve(); };
          res.once('drain', go);
          res.once('close', go);
        });
      }
      if (res.destroyed) return false;
      if (speed) await new Promise((resolve) => setTimeout(resolve, (1000 * piece.length) / speed));
    }
    return true;
  }

  async function answer(site, exit, req, res) {
    if (!site.roles.has(exit)) site.roles.set(exit, site.roles.size);
    const role = site.roles.get(exit);
    const count = site.requests.filter((r) => r.exit === exit).length;
    const record = { role, exit, path: req.url, method: req.method, headers: req.headers, sent: 0 };
    site.requests.push(record);
    const made = site.make({ role, exit, count, path: req.url, req, all: site.requests.length - 1 });
    const { status = 200, location, headers = {}, type = 'application/octet-stream', ranges = 'multi', etag = '"one"', modified, speed, stopAt, hasLength = true } = made;
    const head = { ...headers };
    if (location) { res.writeHead(302, { ...head, Location: location, 'Content-Length': 0 }); res.end(); return; }
    const file = source(made.body ?? Buffer.alloc(0));
    if (etag) head.ETag = etag;
    if (modified) head['Last-Modified'] = modified;
    let wanted = ranges === 'none' || status !== 200 ? null : rangesOf(req.headers.range, file.size);
    if (wanted && req.headers['if-range'] && req.headers['if-range'] !== etag) wanted = null;
    if (wanted && ranges === 'single' && wanted.length > 1) wanted = null;
    if (!wanted) {
      if (hasLength) head['Content-Length'] = file.size;
      res.writeHead(status, { ...head, 'Content-Type': type });
      if (req.method === 'HEAD') { res.end(); return; }
      if (await send(res, file, 0, file.size, { speed, record, stopAt })) res.end();
      return;
    }
    const shift = ranges === 'shifted' ? 1 : 0;
    if (wanted.length === 1) {
      const [a, b] = wanted[0];
      res.writeHead(206, { ...head, 'Content-Type': type, 'Content-Length': b - a + 1, 'Content-Range': `bytes ${a + shift}-${b + shift}/${file.size + 2 * shift}` });
      if (await send(res, file, a, b - a + 1, { speed, record, stopAt })) res.end();
      return;
    }
    const boundary = 'f1l3s';
    res.writeHead(206, { ...head, 'Content-Type': `multipart/byteranges; boundary=${boundary}` });
    for (const [a, b] of wanted) {
      res.write(`\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: bytes ${a + shift}-${b}/${file.size}\r\n\r\n`);
      if (!await send(res, file, a, b - a + 1, { speed, record, stopAt })) return;
    }
    res.end(`\r\n--${boundary}--\r\n`);
  }

  for (const exit of net.exits) {
    const server = http.createServer((req, res) => {
      const site = sites.get((req.headers.host ?? '').split(':')[0]);
      if (!site) { res.writeHead(404); res.end(); return; }
      answer(site, exit.fingerprint, req, res).catch(() => res.destroy());
    });
    server.on('connection', (s) => { sockets.add(s); s.on('close', () => sockets.delete(s)); s.on('error', () => {}); });
    await new Promise((resolve, reject) => { server.once('error', reject); server.listen(port, exit.originAddress, resolve); });
    servers.push(server);
  }
  return {
    port,
    site(name, make) { sites.set(name, { make, roles: new Map(), requests: [] }); return name; },
    requests: (name) => sites.get(name).requests,
    async stop() {
      for (const s of sockets) s.destroy();
      await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))));
    },
  };
}
