// What the sites say over HTTP once a handshake is done: pages that use every kind of resource, so that a test can see
// which of them reached whom.

import { createHash } from 'node:crypto';
import { serveFile } from './files.mjs';

const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');

// Every page names who served it: `${who}` is "honest" or "INTERCEPTED"; a test asserts on title and body.
function page(site, who, body) {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${who} ${site.name}</title></head>` +
    `<body data-who="${who}"><h1>${who} ${site.name}</h1>${body}</body></html>`;
}

const everything = (site, who) => page(site, who, `
<link rel="stylesheet" href="/style.css"><img id="img" src="/img.png" alt=""><iframe src="/frame"></iframe><script src="/script.js"></script>
<object data="/object.svg" type="image/svg+xml"></object><video src="/media.mp4"></video>
<p><a id="two" href="/two">two</a> <a id="download" href="/file.bin" download>download</a></p>
<form id="form" method="post" action="/post"><input name="secret" value="body-secret"><button id="send">send</button></form>
<script>
fetch('/api', {method: 'POST', body: 'body-secret', headers: {Authorization: 'Bearer header-secret'}}).catch(() => {});
var x = new XMLHttpRequest(); x.open('GET', '/xhr'); x.send();
navigator.sendBeacon('/beacon', 'body-secret');
try { new WebSocket('wss://' + location.host + '/ws').onopen = function () { document.body.dataset.ws = 'open'; }; } catch (e) {}
if (navigator.serviceWorker) navigator.serviceWorker.register('/sw.js').catch(function () {});
</script>`);

const PAGES = {
  '/': (s, who) => ['text/html', page(s, who, '<p><a id="two" href="/two">two</a></p><form id="form" method="post" action="/post"><input name="secret" value="body-secret"><button id="send">send</button></form>')],
  '/two': (s, who) => ['text/html', page(s, who, '<a id="one" href="/">one</a>')],
  '/everything': (s, who) => ['text/html', everything(s, who)],
  '/frame': (s, who) => ['text/html', page(s, who, 'frame')],
  '/post': (s, who) => ['text/html', page(s, who, 'posted')],
  '/login': (s, who) => ['text/html', page(s, who, 'signed in'), { 'Set-Cookie': 'session=cookie-secret; Path=/; Secure' }],
  '/img.png': () => ['image/png', PIXEL],
  '/style.css': () => ['text/css', 'body{background:url(/img.png?css)}@font-face{font-family:f;src:url(/font.woff2)}h1{font-family:f}'],
  '/script.js': () => ['text/javascript', 'document.documentElement.dataset.script = "ran";'],
  '/sw.js': () => ['text/javascript', 'self.addEventListener("fetch", function () {});'],
  '/object.svg': () => ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
  '/file.bin': () => ['application/octet-stream', Buffer.alloc(65536, 7)],
};

export async function answer(site, who, record, req, res) {
  const chunks = [];
  for await (const c of req) chunks.push(c);
  const entry = { method: req.method, url: req.url, httpVersion: req.httpVersion, headers: req.headers, rawHeaders: req.rawHeaders, body: Buffer.concat(chunks).toString('latin1') };
  record.requests.push(entry);
  const path = req.url.split('?')[0];
  const file = site.files?.[path];
  if (file) return serveFile(file, record, req, res);
  const own = site.pages?.[path];
  const [type, body, more = {}] = own ? await own(site, who, req) : (PAGES[path] ?? (() => ['text/plain', `${who} ${site.name} ${path}\n`]))(site, who);
  const headers = { 'Content-Type': type, 'Cache-Control': 'no-store', 'Content-Length': Buffer.byteLength(body), ...more };
  if (site.hsts) headers['Strict-Transport-Security'] = 'max-age=31536000; includeSubDomains';
  res.writeHead(site.status?.[path] ?? (more.Location ? 302 : 200), headers);
  return res.end(req.method === 'HEAD' ? undefined : body);
}

// A WebSocket that says hello once and echoes nothing.
export function upgrade(record, req, socket) {
  record.requests.push({ method: req.method, url: req.url, headers: req.headers, body: '', upgrade: true });
  const accept = createHash('sha1').update(req.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.on('error', () => {});
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.write(Buffer.from([0x81, 5, ...Buffer.from('hello')]));
}
