// Downloads, and what exits and servers do to them. A site's `files` are {'/setup.exe': {body, type, …}}; each exit that comes for one
// takes a role in the order of its first request (0 the browser's, 1, 2, 3 … the others'), and with it one of FILE_ROLES. Where the browser asks
// more than once before it keeps what it gets (a saved link), `skipped` requests come before the roles, and are answered honestly. A body of
// fileserver's `generated` never is in memory; nobody changes it, and it needs an `etag`.
//
//   origin.site('a1.test', { files: { '/setup.exe': { body: exe(), first: 'patch' } } });

import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { source } from './fileserver.mjs';

const insert = (body, at, what) => Buffer.concat([body.subarray(0, at), what, body.subarray(at)]);

/** What is done to the bytes. (body, {role, count}) → bytes. */
const CHANGES = {
  honest: (body) => body,
  append: (body) => Buffer.concat([body, Buffer.from('\nappended by the exit\n')]),
  patch: (body) => {
    const out = Buffer.from(body);
    out[out.length >> 1] ^= 1;
    return out;
  },
  'patch-last': (body) => {
    const out = Buffer.from(body);
    out[out.length - 1] ^= 0x80;
    return out;
  },
  replace: (body) => Buffer.concat([Buffer.from('MZ'), createHash('shake256', { outputLength: Math.max(1, body.length - 2) }).update('replaced').digest()]),
  truncate: (body) => body.subarray(0, body.length - Math.min(1000, body.length >> 1)),
  insert: (body) => insert(body, body.length >> 1, Buffer.from('inserted')),
  // Another file for everyone: a name, a serial number inside.
  custom: (body, { role }) => insert(body, body.length >> 2, Buffer.from(`customer ${role}.`)),
};

/** How it is sent. */
export const FILE_ROLES = [...Object.keys(CHANGES), 'resigned', 'once', 'gone', 'refused', 'captcha', 'redirect', 'slow', 'stall', 'cut', 'noranges', 'lies'];

const roleOf = (file, record) => {
  if ((file.served?.length ?? 0) < (file.skipped ?? 0)) return { role: null, count: 0 };
  file.exits ??= new Map();
  if (!file.exits.has(record.exit)) file.exits.set(record.exit, { role: file.exits.size, count: 0 });
  const entry = file.exits.get(record.exit);
  return { role: entry.role, count: entry.count++ };
};

const behaviourOf = (file, { role }) => {
  if (role === null) return 'honest';
  if (role === 0) return file.first ?? 'honest';
  const others = file.others ?? 'honest';
  return Array.isArray(others) ? others[Math.min(role - 1, others.length - 1)] : others;
};

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/**
 * Answers one request for a file of a site. file: {body, type, name (Content-Disposition), headers, first, others, resigned (bytes of a file with another
 * signature), target (of 'redirect'), rate (bytes a second of 'slow'), served (filled in: who got what; isOver: the last byte has been sent)}
 */
export async function serveFile(file, record, req, res) {
  const who = roleOf(file, record);
  const how = behaviourOf(file, who);
  const one = { ...who, how, exit: record.exit, method: req.method, range: req.headers.range ?? '', headers: req.headers, isOver: false };
  (file.served ??= []).push(one);
  res.once('close', () => { one.isOver = true; });
  const refuse = (status, text = '') => res.writeHead(status, { 'Content-Type': 'text/html', 'Content-Length': Buffer.byteLength(text) }).end(text);
  if (how === 'gone' || (how === 'once' && who.role > 0)) return refuse(404, 'gone');
  if (how === 'refused') return refuse(403, 'no');
  if (how === 'captcha') return refuse(200, '<title>Are you a robot?</title>');
  if (how === 'redirect') return res.writeHead(302, { Location: file.target, 'Content-Length': 0 }).end();
  const body = how === 'resigned' ? file.resigned : (CHANGES[how] ?? CHANGES.honest)(file.body, who);
  const headers = { 'Content-Type': file.type ?? 'application/octet-stream', 'Cache-Control': 'no-store', ETag: file.etag ?? `"${createHash('sha1').update(file.body).digest('hex').slice(0, 12)}"`, ...file.headers };
  if (file.name) headers['Content-Disposition'] = `attachment; filename="${file.name}"`;
  const { size, at } = source(body);
  let from = 0, to = size - 1, shift = 0, status = 200;
  const range = how === 'noranges' || file.noRanges ? null : /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '');
  if (range && Number(range[1]) < size) {
    from = Number(range[1]);
    to = Math.min(size - 1, range[2] ? Number(range[2]) : size - 1);
    shift = how === 'lies' && from > 0 ? 1 : 0;
    status = 206;
    headers['Content-Range'] = `bytes ${from}-${to}/${size}`;
  } else if (how !== 'noranges' && !file.noRanges) headers['Accept-Ranges'] = 'bytes';
  const length = to - from + 1;
  res.writeHead(status, { ...headers, 'Content-Length': length });
  if (req.method === 'HEAD') return res.end();
  if (!Buffer.isBuffer(body)) return flow(at, from, length, res);
  return send(file, how, at(from - shift, length), res);
}

/** What is too large to be in memory, as fast as it is taken. Whoever hangs up has had enough. */
function flow(at, from, length, res) {
  const pieces = function* () {
    for (let done = 0; done < length; done += 262144) yield at(from + done, Math.min(262144, length - done));
  };
  return pipeline(Readable.from(pieces()), res).catch(() => {});
}

async function send(file, how, part, res) {
  const half = part.length >> 1;
  if (how === 'stall') return void res.write(part.subarray(0, half));
  if (how === 'cut') return void res.write(part.subarray(0, half), () => res.destroy());
  const isSlow = how === 'slow' || file.rate;
  if (!isSlow) return res.end(part);
  const step = Math.max(1, Math.round((file.rate ?? 65536) / 10));
  for (let at = 0; at < part.length && !res.destroyed; at += step) {
    res.write(part.subarray(at, at + step));
    await sleep(100);
    while (file.isPaused && !res.destroyed) await sleep(50);
  }
  return res.end();
}

/** A file that looks like a program of Windows: an MZ header, the rest random. */
export function exe(size = 100000) {
  const body = randomBytes(size);
  body.write('MZ', 0, 'latin1');
  body.writeUInt32LE(0x80, 0x3c);
  body.write('PE\0\0', 0x80, 'latin1');
  return body;
}

/** A page with links: {id: [href, attributes]}. */
export const linkPage = (links) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>links</title></head><body>${
  Object.entries(links).map(([id, [href, more = '']]) => `<p><a id="${id}" href="${href}" ${more}>${id}</a></p>`).join('')}<p id="end"></p></body></html>`;
