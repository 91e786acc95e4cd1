// Serves the extension's pages with a fake browser behind them: node tests/ui/serve.mjs [PORT]
//   /certificate?state=match&lang=de   /copy?state=copy-held   /popup?lang=ar   /options

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COPY_STATES, PLAIN_STATES, REPORT_STATES, STATES } from './states.mjs';
import { DOWNLOAD_STATES, OPTIONS } from './downloadstates.mjs';

const ALL = { ...STATES, ...COPY_STATES, ...REPORT_STATES, ...DOWNLOAD_STATES };

const HERE = fileURLToPath(new URL('.', import.meta.url));
const EXTENSION = fileURLToPath(new URL('../../extension/', import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };
const RTL = new Set(['ar', 'fa', 'he']);

const OVERVIEWS = {
  good: { edition: 'privileged', host: { phase: 'up', problem: null, tor: { up: true, error: null } }, access: { hosts: true, privateWindows: true }, last: STATES.mismatch, word: 'blue tulip', held: '', exclusions: ['intranet.example.org', 'xn--bcher-kva.example', `${'a-very-long-name-of-a-host-'.repeat(2)}x.example.net`], downloads: { held: 2, mismatches: 0 }, options: OPTIONS,
    status: { version: '0.1.0', roots: { source: 'browser', count: 142 }, tor: { up: true, error: null, version: '0.4.9.11', control: '127.0.0.1:9151', auth: 'SAFECOOKIE', relays: 9420, exits: 2310,
      geoip: true, mapaddress: true, streams: true } } },
  bad: { edition: 'standard', host: { phase: 'down', problem: { code: 'host_missing', error: null, detail: '' }, tor: null }, access: { hosts: false, privateWindows: false }, last: null, word: '', held: 'held', exclusions: [], downloads: { held: 1, mismatches: 1 }, options: OPTIONS },
};

for (const [name, view] of Object.entries(PLAIN_STATES)) OVERVIEWS[name] = { ...OVERVIEWS.good, last: null, plain: { host: 'forum.example.org', canAsk: true, view } };

async function page(name, { searchParams: asked }) {
  const html = await readFile(join(EXTENSION, 'ui', `${name}.html`), 'utf8');
  const query = new URLSearchParams({ lang: asked.get('lang') ?? 'en', state: asked.get('state') ?? 'match', overview: asked.get('overview') ?? 'good' });
  return html.replace('<head>', `<head><base href="/ui/"><script src="/fake-browser.js?${String(query).replaceAll('&', '&amp;')}"></script>`);
}

async function fakeBrowser({ searchParams: asked }) {
  const language = asked.get('lang');
  const messages = await readFile(join(EXTENSION, '_locales', language, 'messages.json'), 'utf8');
  const values = { LANGUAGE: language, MESSAGES: JSON.parse(messages), DIRECTION: RTL.has(language) ? 'rtl' : 'ltr', VIEW: ALL[asked.get('state')], OVERVIEW: OVERVIEWS[asked.get('overview')] };
  const head = Object.entries(values).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};\n`).join('');
  return head + await readFile(join(HERE, 'fake-browser.js'), 'utf8');
}

async function answer(url) {
  const found = /^\/(certificate|copy|download|popup|options|report)$/.exec(url.pathname);
  if (found) return ['.html', await page(found[1], url)];
  if (url.pathname === '/fake-browser.js') return ['.js', await fakeBrowser(url)];
  const path = normalize(join(EXTENSION, url.pathname));
  if (!path.startsWith(EXTENSION)) throw new Error('outside');
  return [extname(path), await readFile(path)];
}

export function serve(port = 0) {
  const server = createServer((request, response) => {
    answer(new URL(request.url, 'http://localhost')).then(([type, body]) => {
      response.writeHead(200, { 'Content-Type': `${TYPES[type] ?? 'application/octet-stream'}; charset=utf-8` }).end(body);
    }, () => response.writeHead(404).end());
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve({ server, origin: `http://127.0.0.1:${server.address().port}` }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { origin } = await serve(Number(process.argv[2] ?? 8099));
  process.stdout.write(`${Object.keys(STATES).map((s) => `${origin}/certificate?state=${s}`).join('\n')}\n${Object.keys(COPY_STATES).map((s) => `${origin}/copy?state=${s}`).join('\n')}\n${origin}/popup\n${origin}/options\n`);
}
