// A control port that refuses some commands, as Tails' and Whonix' filters do: a relay in front of tor's.

import net from 'node:net';

// refuse: regular expression over whole command lines. → {port, refused: […], stop()}.
export async function startFilter(control, refuse, reply = '510 Command filtered') {
  const refused = [], sockets = new Set();
  const server = net.createServer({ noDelay: true }, (inner) => {
    const outer = net.connect({ ...control, noDelay: true });
    for (const s of [inner, outer]) { sockets.add(s); s.on('error', () => {}); s.on('close', () => { sockets.delete(s); inner.destroy(); outer.destroy(); }); }
    outer.pipe(inner);
    let text = '';
    inner.setEncoding('latin1');
    inner.on('data', (part) => {
      text += part;
      for (let at; (at = text.indexOf('\r\n')) >= 0; text = text.slice(at + 2)) {
        const line = text.slice(0, at);
        if (!refuse.test(line)) { outer.write(line + '\r\n'); continue; }
        refused.push(line);
        inner.write(reply + '\r\n');
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();   // a test that fails before `stop` must not keep its process for ever
  return {
    host: '127.0.0.1', port: server.address().port, refused,
    stop() { for (const s of sockets) s.destroy(); return new Promise((resolve) => server.close(resolve)); },
  };
}
