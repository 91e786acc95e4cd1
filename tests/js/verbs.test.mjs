// The shell verbs over a real Tor network: cert, exits, doctor; what they print and how they end.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { HostBed, SECONDEXIT, PORT, K } from '../net/hostbed.mjs';

let bed, home;
before(async () => {
  bed = await HostBed.start();
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'secondexit-verbs-'));
}, { timeout: 600000 });
after(async () => {
  await bed?.stop();
  if (home) fs.rmSync(home, { recursive: true });
});

const place = (p) => `${p.host}:${p.port}`;
function run(args, { tor = true, ca = true, env = {} } = {}) {
  const { client } = bed.net;
  const shared = [
    ...(tor ? ['--control', place(client.control), '--socks', place(client.socks)] : []),
    ...(ca ? ['--test-ca', bed.origin.caFile] : []),
  ];
  return new Promise((resolve) => {
    const p = spawn(SECONDEXIT, [...args, ...shared], { stdio: ['ignore', 'pipe', 'pipe'], env: { HOME: home, PATH: process.env.PATH, ...env } });
    let out = '', err = '';
    p.stdout.on('data', (d) => { out += d; });
    p.stderr.on('data', (d) => { err += d; });
    p.on('close', (status) => resolve({ status, out, err, lines: args.includes('--json') ? out.split('\n').filter(Boolean).map((l) => JSON.parse(l)) : [] }));
  });
}
const site = (word, spec) => { const name = bed.name(word); bed.origin.site(name, spec); return name; };
const result = (r) => r.lines.at(-1);

test('cert: match, as JSON', async () => {
  const name = site('match', { first: 'self-signed', others: 'self-signed' });
  const r = await run(['cert', `${name}:${PORT}`, '--json']);
  assert.equal(r.status, 0, r.out + r.err);
  assert.deepEqual([result(r).verdict, result(r).reason], ['match', 'same_certificate']);
  assert.equal(result(r).fingerprints[0], bed.origin.certificate('self-signed', name).sha256);
  assert.ok(r.lines.length > 4 && r.lines.slice(0, -1).every((l) => l.kind === 'cert.progress'));
  bed.assertIndependent(result(r));
  assert.deepEqual(await bed.mappings(), []);
});

test('cert: match, for people', async () => {
  const name = site('text', { first: 'self-signed', others: 'self-signed' });
  const r = await run(['cert', `${name}:${PORT}`]);
  assert.equal(r.status, 0, r.out + r.err);
  assert.equal(r.err, '');
  assert.match(r.out, /^First exit: exit\d \([A-Z?]{2}, 127\.[\d.]+, [0-9A-F]{40}/);
  assert.match(r.out, new RegExp(bed.origin.certificate('self-signed', name).sha256));
  assert.equal(r.out.match(/the same certificate$/gm).length, K);
  assert.match(r.out, /^MATCH: /m);
});

test('cert: a valid site', async () => {
  const name = site('valid', { first: 'valid', others: 'valid' });
  const r = await run(['cert', `${name}:${PORT}`]);
  assert.equal(r.status, 0, r.out + r.err);
  assert.match(r.out, /judged +valid for this name/);
  // The same without the test's authority: not valid, and still a match.
  const bare = await run(['cert', `${site('bare', { first: 'valid', others: 'valid' })}:${PORT}`], { ca: false });
  assert.equal(bare.status, 0, bare.out + bare.err);
  assert.match(bare.out, /not valid: issuer not known/);
});

test('cert: the given first exit lies', async () => {
  // By exit, not by who comes first: all are asked at once.
  const liar = bed.net.exits[6];
  const shows = ({ exit }) => (exit.fingerprint === liar.fingerprint ? 'forged' : 'valid');
  const name = site('lie', { first: shows, others: shows });
  const r = await run(['cert', `${name}:${PORT}`, '--first-exit', liar.fingerprint]);
  assert.equal(r.status, 1, r.out + r.err);
  assert.ok(r.out.startsWith(`First exit: ${liar.nickname} (`), r.out);
  assert.match(r.out, /ANOTHER certificate/);
  assert.match(r.out, /^MISMATCH: Another exit was shown a valid certificate/m);
});

test('cert: k', async () => {
  const name = site('one', { first: 'self-signed', others: 'self-signed' });
  const r = await run(['cert', `${name}:${PORT}`, '-k', '1', '--json']);
  assert.equal(r.status, 0, r.out);
  assert.equal(result(r).k, 1);
  assert.equal(result(r).others.length, 1);
});

test('cert: rotating certificates: undecided, status 3, says what may help', async () => {
  const name = site('many', { first: 'many-keys', others: 'many-keys' });
  const r = await run(['cert', `${name}:${PORT}`]);
  assert.equal(r.status, 3, r.out + r.err);
  assert.match(r.out, /^COULD NOT DECIDE: /m);
});

test('cert: no such exit; a private address; tor absent', { timeout: 120000 }, async () => {
  const name = site('x', { first: 'valid', others: 'valid' });
  const unknown = await run(['cert', `${name}:${PORT}`, '--first-exit', 'A'.repeat(40)]);
  assert.equal(unknown.status, 3, unknown.out + unknown.err);
  const local = await run(['cert', '192.168.1.1']);
  assert.equal(local.status, 3);
  assert.match(local.out, /private/i);
  const none = await run(['cert', `${name}:${PORT}`, '--control', '127.0.0.1:1'], { tor: false });
  assert.equal(none.status, 3);
  assert.match(none.out + none.err, /secondexit doctor/);
});

test('exits: all, and those independent of one', async () => {
  const r = await run(['exits', '--json']);
  assert.equal(r.status, 0, r.err);
  assert.deepEqual(r.lines.map((l) => l.fingerprint).sort(), bed.net.exits.map((e) => e.fingerprint).sort());
  const sum = r.lines.reduce((s, l) => s + l.share, 0);
  assert.ok(Math.abs(sum - 1) < 1e-9);
  assert.ok(r.lines.every((l, i) => i === 0 || l.weight <= r.lines[i - 1].weight), 'the heaviest first');
  const narrow = await run(['exits', '--json', '--port', '19443']);
  assert.deepEqual(narrow.lines.map((l) => l.nickname).sort(), ['exit0', 'exit1']);
  const none = await run(['exits', '--port=25']);
  assert.equal(none.status, 0);
  assert.match(none.out, /^0 exits in 0 countries/m);
  for (const bad of ['0', '65536', '-1', '1x', '', '+1']) assert.equal((await run(['exits', '--port', bad], { tor: false, ca: false })).status, 2, bad);
  const of = bed.net.exits[0];
  const without = await run(['exits', '--json', '--independent-of', of.fingerprint.toLowerCase()]);
  const left = without.lines.map((l) => l.fingerprint);
  assert.ok(!left.includes(of.fingerprint) && !left.includes(bed.net.exits[1].fingerprint), 'itself and its family are out');
  assert.equal(left.length, bed.net.exits.length - 2);
  const text = await run(['exits', `--independent-of=$${of.fingerprint}`]);
  assert.match(text.out, /^\d+ exits in \d+ countries, none of them tied to the given one/m);
  const unknown = await run(['exits', '--independent-of', 'B'.repeat(40)]);
  assert.equal(unknown.status, 3);
});

test('doctor: with tor, without, and with a browser', async () => {
  fs.mkdirSync(path.join(home, '.mozilla'));
  const bad = await run(['doctor']);
  assert.equal(bad.status, 1);
  assert.match(bad.out, /^ok +tor +tor 0\.4.*SAFECOOKIE/m);
  assert.match(bad.out, /^ok +exits +tor knows \d+ relays, 8 of them/m);
  assert.match(bad.out, /^BAD +browser .*does not know SecondExit\n +-> secondexit install$/m);
  assert.equal((await run(['install'])).status, 0);
  const good = await run(['doctor']);
  assert.equal(good.status, 0, good.out);
  assert.match(good.out, /All that a check needs is there\.\n$/);
  const json = await run(['doctor', '--json']);
  assert.ok(json.lines.every((l) => ['ok', 'note', 'bad'].includes(l.state) && l.text && 'mend' in l));
  assert.deepEqual(json.lines.map((l) => l.check).slice(0, 4), ['programs', 'tor', 'exits', 'streams']);
  const none = await run(['doctor', '--control', '127.0.0.1:1'], { tor: false });
  assert.equal(none.status, 1);
  assert.match(none.out, /^BAD +tor /m);
  // A manifest that points nowhere.
  const at = path.join(home, '.mozilla/native-messaging-hosts/org.secondexit.host.json');
  fs.writeFileSync(at, fs.readFileSync(at, 'utf8').replace(SECONDEXIT, '/gone/secondexit'));
  const gone = await run(['doctor']);
  assert.equal(gone.status, 1);
  assert.match(gone.out, /looks for SecondExit at \/gone\/secondexit, which is not there/);
});
