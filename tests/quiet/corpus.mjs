// Ordinary text, as any Debian has it: documentation, headers, sources, scripts; and what people paste: base64, PGP blocks, hex dumps,
// logs, diffs. An async generator of pieces { kind, name, bytes, made }; `made` says that we made it (always the same way) and did not
// find it. Real files come first, each kind up to its share; what is missing to the whole is made.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import path from 'node:path';
import { Random } from '../recall/random.mjs';

const MB = 1e6;
const PIECE = 1 << 20;      // the detector is asked for copies of at most this size
const FILE_MAX = 8 << 20;   // one huge file shall not stand for a kind

// Share of each kind in MB of 200.
const SHARES = { documentation: 45, headers: 25, python: 25, perl: 15, share: 30, javascript: 18, history: 8, base64: 10, pgp: 4, hex: 12, logs: 8 };

// Files under a folder in the order of their names, links not followed: the same list on the same machine.
function* walk(folder, skip) {
  let entries;
  try { entries = readdirSync(folder, { withFileTypes: true }); } catch { return; }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) { if (!skip?.test(file)) yield* walk(file, skip); } else if (entry.isFile() && !skip?.test(file)) yield file;
  }
}

function readText(file) {
  let size;
  try { size = statSync(file).size; } catch { return null; }
  if (size === 0 || size > FILE_MAX) return null;
  let bytes;
  try { bytes = readFileSync(file); } catch { return null; }
  if (file.endsWith('.gz')) { try { bytes = gunzipSync(bytes, { maxOutputLength: FILE_MAX }); } catch { return null; } }
  return bytes.subarray(0, 4096).includes(0) ? null : bytes;
}

// Cut where a line ends, so that no word is cut.
function* pieces(bytes) {
  for (let at = 0; at < bytes.length;) {
    let end = Math.min(bytes.length, at + PIECE);
    if (end < bytes.length) { const nl = bytes.lastIndexOf(10, end); if (nl > at) end = nl + 1; }
    yield bytes.subarray(at, end);
    at = end;
  }
}

function* texts(folders, limit, { only = /./, skip } = {}) {
  let sum = 0;
  for (const folder of folders) {
    for (const file of walk(folder, skip)) {
      if (!only.test(file)) continue;
      const bytes = readText(file);
      if (!bytes) continue;
      for (const piece of pieces(bytes)) yield { name: file, bytes: piece };
      sum += bytes.length;
      if (sum >= limit) return;
    }
  }
}

// Bytes of real programs, as raw material for dumps and encodings.
function* binaries(limit) {
  let sum = 0;
  for (const folder of ['/usr/bin', '/usr/sbin', '/usr/lib']) {
    for (const file of walk(folder)) {
      let bytes;
      try { if (statSync(file).size > FILE_MAX) continue; bytes = readFileSync(file); } catch { continue; }
      if (bytes.length < 10000 || !bytes.subarray(0, 4096).includes(0)) continue;
      yield { name: file, bytes: bytes.subarray(0, 400000) };
      sum += Math.min(bytes.length, 400000);
      if (sum >= limit) return;
    }
  }
}

const lines = (text, width) => text.replace(new RegExp(`(.{${width}})`, 'g'), '$1\n');

function* base64(limit) {
  let i = 0;
  for (const { name, bytes } of binaries(limit * 0.7)) {
    const text = bytes.toString(i % 5 === 4 ? 'base64url' : 'base64');
    yield { name: `base64 of ${name}`, bytes: Buffer.from(i++ % 3 === 0 ? text : lines(text, i % 2 ? 64 : 76)), made: true };
  }
}

function* pgp(limit) {
  const random = new Random('pgp');
  for (let sum = 0; sum < limit;) {
    const raw = Buffer.from(random.bytes(300 + random.below(20000))), kind = random.pick(['MESSAGE', 'PUBLIC KEY BLOCK', 'SIGNATURE']);
    const text = `-----BEGIN PGP ${kind}-----\nVersion: GnuPG v2\n\n${lines(raw.toString('base64'), 64)}\n=${Buffer.from(random.bytes(3)).toString('base64')}\n-----END PGP ${kind}-----\n`;
    sum += text.length;
    yield { name: 'PGP', bytes: Buffer.from(text), made: true };
  }
}

const DUMPS = [['od', ['-A', 'x', '-t', 'x1z']], ['od', ['-t', 'x4']], ['od', []], ['xxd', []], ['xxd', ['-p']], ['xxd', ['-i']], ['xxd', ['-p', '-c', '32']], ['od', ['-t', 'x8', '-w32']]];

// Real od and xxd, where they are; xxd -p by ourselves otherwise.
function* hex(limit) {
  let sum = 0, i = 0;
  for (const { name, bytes } of binaries(limit)) {
    const [tool, args] = DUMPS[i++ % DUMPS.length];
    const run = spawnSync(tool, args, { input: bytes.subarray(0, 200000), maxBuffer: 1 << 24 });
    const text = run.status === 0 ? run.stdout : Buffer.from(lines(bytes.subarray(0, 200000).toString('hex'), 60));
    sum += text.length;
    for (const piece of pieces(text)) yield { name: `${tool} ${args.join(' ')} of ${name}`, bytes: piece, made: true };
    if (sum >= limit) return;
  }
}

const WORDS = 'accepted session request worker started finished connection closed timeout retry user upload commit merge checkout fetch image layer pulled digest'.split(' ');

// What logs and listings are made of. Fingerprints of SSH keys and JSON web tokens (the last two) look like addresses without a checksum;
// they are one line in a hundred, as in the log of a busy server.
const uuid = (random) => random.hex(16).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5');
const base64url = (random, n) => Buffer.from(random.bytes(n)).toString('base64url');
const LINES = [
  (r, when) => `${when} INFO [${uuid(r)}] ${r.pick(WORDS)} ${r.pick(WORDS)} trace=${r.hex(16)} span=${r.hex(8)}`,
  (r) => `${r.hex(20)} ${r.pick(WORDS)}: ${r.pick(WORDS)} ${r.pick(WORDS)} (#${r.below(9999)})`,
  (r, when) => `commit ${r.hex(20)}\nAuthor: A U Thor <author@example.org>\nDate:   ${when}`,
  (r) => `${r.hex(32)}  ./${r.pick(WORDS)}/${r.pick(WORDS)}.deb`,
  (r) => `${r.hex(16)}  usr/share/${r.pick(WORDS)}/${r.pick(WORDS)}.mo`,
  (r) => `    "integrity": "sha512-${Buffer.from(r.bytes(64)).toString('base64')}",`,
  (r) => `sha256:${r.hex(32)}: Pulling from library/${r.pick(WORDS)} @sha256:${r.hex(32)}`,
  (r, when) => `127.0.0.1 - - [${when}] "GET /${r.pick(WORDS)}/${r.hex(6)}?id=${uuid(r)} HTTP/1.1" 200 ${r.below(99999)} "-" "Mozilla/5.0"`,
  (r) => `index ${r.hex(4).slice(0, 7)}..${r.hex(4).slice(0, 7)} 100644  tree ${r.hex(20)} parent ${r.hex(20)}`,
  (r, when) => `${when} kernel: ${r.pick(WORDS)} at 0x${r.hex(8)} rip 0x${r.hex(4)} md5 ${r.hex(16)} id ${r.next()}`,
];
const RARE = [
  (r, when) => `${when} sshd[${r.below(30000)}]: Accepted publickey for ${r.pick(WORDS)}: ED25519 SHA256:${base64url(r, 32).replaceAll('-', '+').replaceAll('_', '/')}`,
  (r, when) => `${when} Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.${base64url(r, 90)}.${base64url(r, 32)}`,
];
const logLine = (random, n) => (random.chance(0.01) ? random.pick(RARE) : random.pick(LINES))(random, new Date(1.6e12 + n * 1371).toISOString());

function* logs(limit, seed) {
  const random = new Random(seed);
  for (let sum = 0, n = 0; sum < limit;) {
    let text = '';
    while (text.length < 500000) text += logLine(random, n++) + '\n';
    sum += text.length;
    yield { name: 'log', bytes: Buffer.from(text), made: true };
  }
}

// Minified and other scripts of installed npm packages. The packages that are about addresses are left out: they are full of true ones.
const ADDRESS_PACKAGES = /node_modules\/(@(?:dfinity|ensdomains|ethersproject|fleet-sdk|noble|scure|subsquid|ton|xrplf)|bech32|bip174|bitcoinjs-lib|bs58|bs58check|base-x|c32check|cashaddrjs|coininfo|crypto-addr-codec|light-bolt11-decoder|multicoin-address-validator|nanocurrency|ripple-address-codec)(\/|$)/;

function* history(root, limit) {
  const run = spawnSync('git', ['-C', root, 'log', '-p', '--no-color', '--', '.', ':!shared/vectors', ':!shared/currencies.json', ':!shared/examples', ':!tests', ':!host/parse/addr'], { maxBuffer: 1 << 28 });
  if (run.status !== 0) return;
  yield* [...pieces(run.stdout.subarray(0, limit))].map((bytes) => ({ name: 'git log -p', bytes }));
}

/* Everything, at least `total` MB. `root`: this checkout. */
export async function* corpus(root, total = 200) {
  const scale = total / 200, share = (kind) => SHARES[kind] * MB * scale;
  const sources = {
    documentation: () => texts(['/usr/share/doc'], share('documentation')),
    headers: () => texts(['/usr/include', '/usr/lib/gcc'], share('headers'), { only: /\.(h|hh|hpp|tcc)$|include\/c\+\+/ }),
    python: () => texts(['/usr/lib/python3', '/usr/lib/python3.11', '/usr/lib/python3.13', '/usr/share/python3'], share('python'), { only: /\.(py|txt|pyi|rst)$/ }),
    perl: () => texts(['/usr/share/perl', '/usr/share/perl5', '/usr/lib/x86_64-linux-gnu/perl', '/usr/lib/x86_64-linux-gnu/perl-base'], share('perl')),
    share: () => texts(['/usr/share', '/etc', '/var/lib/dpkg/info'], share('share'), { skip: /^\/usr\/share\/(doc|perl5?|python3)(\/|$)|\.(png|jpg|mo|ttf|so|a|o|xz|bz2|zst)$/ }),
    javascript: () => texts([path.join(root, 'node_modules'), '/usr/share/nodejs', '/usr/share/javascript'], share('javascript'), { only: /\.(m?js|cjs|json|ts|md|map)$/, skip: ADDRESS_PACKAGES }),
    history: () => history(root, share('history')),
    base64: () => base64(share('base64')),
    pgp: () => pgp(share('pgp')),
    hex: () => hex(share('hex')),
    logs: () => logs(share('logs'), 'logs'),
  };
  let sum = 0;
  for (const [kind, source] of Object.entries(sources)) {
    for (const piece of source()) { sum += piece.bytes.length; yield { kind, ...piece }; }
  }
  // On a bare machine there is less to find: logs make up the rest.
  if (sum < total * MB) for (const piece of logs(total * MB - sum, 'more logs')) yield { kind: 'logs', ...piece };
}

export const digest = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16);
