// A FAKE host: says what a file tells it to. It proves the browser's side alone (the privileged part, the pages, the
// guard) where the real host would only be in the way. Nothing that is shown to work with it is shown to work.
//   node fake-host.mjs VERDICTS.json      {"name": {"verdict": …, "reason": …, "fingerprints": […]}}
//   node fake-host.mjs --protocol 2       a host of another version
//   node fake-host.mjs --silent           a host that hangs

import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';

const [, , file, argument] = process.argv;
const protocol = file === '--protocol' ? Number(argument) : 1;
const send = (message) => {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  process.stdout.write(Buffer.concat([head, body]));
};

const sha256 = (base64) => createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');

const relay = (n, country) => ({
  fingerprint: String(n).padStart(40, 'A'), nickname: `relay${n}`, address: `127.${n}.0.1`, country, family: '', flags: ['Exit', 'Running', 'Valid'], weight: 1000,
});
const certificate = (hex) => ({
  sha256: hex, spki_sha256: hex, subject: 'CN=fake', issuer: 'CN=fake', names: 'fake.test', serial: '01', not_before: 1700000000, not_after: 1900000000,
  key: 'EC P-256', signature: 'ecdsa-with-SHA256', self_signed: true,
});

function check(request) {
  const told = JSON.parse(readFileSync(file, 'utf8'))[request.host] ?? { verdict: 'undecided', reason: 'too_few_answers' };
  const offered = request.offered?.[0] ? sha256(request.offered[0]) : '0'.repeat(64);
  const other = told.verdict === 'match' ? offered : 'f'.repeat(64);
  const path = (n) => [relay(1, 'CH'), relay(2, 'CH'), relay(10 + n, ['DE', 'FR', 'US', 'JP'][n])];
  const answer = (slot, hex) => ({
    slot, source: slot ? 'probe' : 'browser', exit: path(slot)[2], path: path(slot), status: 'certificate', error: null,
    agrees: slot === 0 ? null : hex === offered ? 'same_certificate' : 'differs', valid: slot > 0 && told.verdict === 'mismatch', why: 'self-signed certificate',
    signed: true, certificate: certificate(hex), tls: '1.3', elapsed_ms: 100,
  });
  return {
    id: request.id, kind: 'cert.result', verdict: told.verdict, reason: told.reason, error: null, host: request.host, port: request.port,
    first_party: request.first_party, private: request.private, container: request.container, k: 3, asked: 3, answered: 3, elapsed_ms: 300,
    weaker: false, same_country_possible: false, retry_useful: told.verdict === 'undecided',
    fingerprints: told.verdict === 'match' ? told.fingerprints ?? [offered] : [], first: [answer(0, offered)], others: [1, 2, 3].map((s) => answer(s, other)),
    browser_paths: [path(0)], chance: [0.23, 0.053, 0.012], roots: 'system',
  };
}

const ROUTES = {
  hello: (r) => ({ id: r.id, kind: 'hello', protocol, version: '0.1.0', capabilities: ['cert.check', 'circuit.new'], k: 3, deadline_ms: 25000 }),
  'cert.check': check,
  'circuit.new': (r) => ({ id: r.id, kind: 'circuit.result', circuits: 1, streams: 2 }),
  status: (r) => ({
    id: r.id, kind: 'status', version: '0.1.0', roots: { source: 'system', count: 1 },
    tor: { up: true, error: null, version: 'fake', control: '', auth: 'NULL', relays: 1, exits: 1, geoip: true, mapaddress: true, streams: true },
  }),
};

let bytes = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  bytes = Buffer.concat([bytes, chunk]);
  while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32LE(0)) {
    const end = 4 + bytes.readUInt32LE(0);
    const request = JSON.parse(bytes.subarray(4, end).toString());
    bytes = bytes.subarray(end);
    if (file === '--silent') continue;
    if (!file.startsWith('--')) appendFileSync(`${file}.log`, `${JSON.stringify({ ...request, offered: request.offered?.length })}\n`);
    send((ROUTES[request.kind] ?? ((r) => ({ id: r.id, kind: 'ok' })))(request));
  }
});
process.stdin.on('end', () => process.exit(0));
