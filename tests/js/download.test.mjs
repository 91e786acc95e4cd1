// Downloads through a real tor network: the host's messages and the verb, against exits that append, patch, replace, truncate, re-sign, redirect to a
// file of their own, and servers that customise, serve once, have no ranges, lie about them, are slow, send 4 GiB.

import test, { before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HostBed, SECONDEXIT } from '../net/hostbed.mjs';
import { startFiles, generated } from '../origin/fileserver.mjs';
import { until, sleep } from '../net/proc.mjs';
import * as signed from '../files/signed.mjs';

const HEADERS = { user_agent: 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0', accept: 'text/html,*/*;q=0.8', accept_language: 'en-US,en;q=0.5', referer: null };
const TYPE = 'application/octet-stream';
let bed, files, host, dir, clean;

before(async () => {
  bed = await HostBed.start({ exits: 8 });
  files = await startFiles(bed.net);
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'download-'));
  host = await bed.host();
}, { timeout: 600000 });
after(async () => {
  await host?.close();
  await files?.stop();
  await bed?.stop();
  if (dir) fs.rmSync(dir, { recursive: true });
});

const show = (r) => JSON.stringify({ ...r, first: r.first?.map((x) => x.nickname), others: r.others?.map((a) => [a.slot, a.exit?.nickname, a.status, a.agrees, a.error?.name, a.http_status, a.url].join(' ')) });
const is = (r, verdict, reason) => assert.deepEqual([r.verdict, r.reason], [verdict, reason], show(r));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const url = (name, at = '/setup.exe') => `http://${name}:${files.port}${at}`;

/** The browser asks first, so that it has a first exit; → its bytes (what that exit gave). */
async function visit(name, at = '/setup.exe') {
  const socket = await bed.browser.open(name, files.port, name);
  const got = [];
  socket.on('data', (b) => got.push(b));
  socket.on('error', () => {});
  const over = new Promise((resolve) => { socket.once('close', resolve); socket.once('end', resolve); });
  socket.write(`GET ${at} HTTP/1.1\r\nHost: ${name}:${files.port}\r\nConnection: close\r\n\r\n`);
  await over;
  socket.destroy();
  const all = Buffer.concat(got);
  return all.subarray(all.indexOf('\r\n\r\n') + 4);
}
const common = (name, more) => ({
  first_party: name, private: 1, container: 0, host: name, port: files.port, proxy: 'socks', chain: [url(name)], headers: HEADERS, content_type: TYPE, length: null,
  etag: null, last_modified: null, link_secure: true, cookies: false, post: false, whole_max: 100 << 20, budget: 1 << 20, clicked: true, ...more,
});
const fetchIt = (name, more = {}, options = {}) => host.request({ kind: 'download.fetch', ...common(name), name: 'setup.exe', dir, ...more }, options);
async function verifyIt(name, bytes, more = {}) {
  const part = path.join(dir, `${name}.part`);
  fs.writeFileSync(part, bytes);
  const { final } = await host.request({ kind: 'download.verify', ...common(name), path: part, size: bytes.length, length: bytes.length, ...more });
  return { r: final, part };
}
const left = () => fs.readdirSync(dir);
clean = () => { for (const name of left()) fs.rmSync(path.join(dir, name)); };

const HONEST = randomBytes(1_500_000);
const patch = (b, at = 777_777) => { const out = Buffer.from(b); out[at] ^= 1; return out; };
const ATTACKS = {
  'appends': Buffer.concat([HONEST, Buffer.from('payload')]),
  'patches one byte': patch(HONEST),
  'replaces': randomBytes(900_000),
  'truncates': HONEST.subarray(0, 1_000_000),
};

describe('the standard edition: two copies', () => {
  test('an honest file gets its name, and nothing else is left', async () => {
    const name = files.site(bed.name('good'), () => ({ body: HONEST }));
    await visit(name);
    const seen = [];
    const { final: r, progress } = await fetchIt(name, {}, { onProgress: () => seen.push(...left()) });
    is(r, 'match', 'same_file');
    assert.equal(r.path, path.join(dir, 'setup.exe'));
    assert.deepEqual(fs.readFileSync(r.path), HONEST);
    assert.equal(r.local.sha256, sha256(HONEST));
    assert.equal(r.state, 'finished');
    assert.deepEqual(left(), ['setup.exe']);
    assert.equal(fs.statSync(r.path).mode & 0o111, 0);
    assert.ok(seen.length > 0 && seen.every((n) => n === 'setup.exe.part' || n === 'setup.exe'), seen.join());
    // The end of each transfer is told whatever its speed.
    assert.ok(progress.some((p) => p.bytes === HONEST.length && p.step === 'done') && progress.some((p) => p.step === 'comparing'), JSON.stringify(progress.map((p) => [p.slot, p.step, p.bytes])));
    // Neither copy came through the browser's exit, nor its kin; requests look like the browser's.
    const requests = files.requests(name);
    assert.equal(new Set(requests.map((q) => q.exit)).size, 3, JSON.stringify(requests.map((q) => q.exit)));
    for (const { headers } of requests.slice(1)) {
      assert.equal(headers['user-agent'], HEADERS.user_agent);
      assert.equal(headers['accept-encoding'], 'identity');
      assert.ok(!('cookie' in headers) && !('authorization' in headers) && !('referer' in headers));
    }
    clean();
  });

  for (const [what, bytes] of Object.entries(ATTACKS)) {
    test(`the exit of the first copy ${what}`, async () => {
      const name = files.site(bed.name('evil'), ({ role }) => ({ body: role === 1 ? bytes : HONEST }));
      await visit(name);
      const { final: r } = await fetchIt(name);
      is(r, 'mismatch', 'other_file');
      assert.deepEqual(left(), []);
      assert.ok(r.can_keep && r.state === 'none' && r.path === null);
      const { final: kept } = await host.request({ kind: 'download.keep', download: r.download });
      assert.equal(kept.kind, 'download.kept', JSON.stringify(kept));
      assert.deepEqual(fs.readFileSync(kept.path), bytes);
      assert.equal(fs.statSync(kept.path).mode & 0o777, 0o600);
      clean();
    });
    test(`the browser's exit ${what}, and is of no use any more`, async () => {
      const name = files.site(bed.name('first'), ({ role }) => ({ body: role === 0 ? bytes : HONEST }));
      await visit(name);
      const { final: r } = await fetchIt(name);
      is(r, 'match', 'same_file');
      assert.deepEqual(fs.readFileSync(r.path), HONEST);
      clean();
    });
  }

  test('customised for everybody, once only, refused', async () => {
    const custom = files.site(bed.name('custom'), () => ({ body: Buffer.concat([HONEST, randomBytes(8)]) }));
    await visit(custom);
    const { final: a } = await fetchIt(custom);
    is(a, 'undecided', 'customised');
    assert.equal(a.state, 'held');
    assert.deepEqual(left(), ['setup.exe.part']);
    assert.equal((await host.request({ kind: 'download.discard', download: a.download })).final.kind, 'ok');
    assert.deepEqual(left(), []);
    assert.equal((await host.request({ kind: 'download.discard', download: a.download })).final.code, 1704);
    const once = files.site(bed.name('once'), ({ all }) => (all < 2 ? { body: HONEST } : { status: 410 }));
    await visit(once);
    is((await fetchIt(once)).final, 'undecided', 'gone');
    const captcha = files.site(bed.name('captcha'), ({ role }) => (role < 2 ? { body: HONEST } : { type: 'text/html', body: Buffer.from('<p>are you human?</p>') }));
    await visit(captcha);
    is((await fetchIt(captcha)).final, 'undecided', 'not_a_file');
    await host.request({ kind: 'session.wipe' });
    assert.deepEqual(left(), []);
  });

  test('the second copy differs: a third exit decides', async () => {
    const bytes = [HONEST, patch(HONEST), randomBytes(HONEST.length)];
    // What the second and the third copy are; in the standard edition the first copy's exit is role 1, in the privileged one it is the browser's, role 0.
    for (const [second, third, verdict, reason] of [[1, 1, 'mismatch', 'other_file'], [1, 2, 'undecided', 'customised'], [1, 0, 'undecided', 'one_exit_differs']]) {
      for (const first of [1, 0]) {
        const name = files.site(bed.name('third'), ({ role }) => ({ body: bytes[role <= first ? 0 : role === first + 1 ? second : third] }));
        await visit(name);
        const r = first === 1 ? (await fetchIt(name)).final : (await verifyIt(name, HONEST)).r;
        is(r, verdict, reason);
        assert.equal(r.answered, 2, show(r));
        const answers = r.others.filter((a) => a.status === 'answer').slice(first);
        assert.deepEqual(answers.map((a) => a.sha256), [sha256(bytes[second]), sha256(bytes[third])], show(r));
        assert.deepEqual(answers.map((a) => a.agrees), [false, third === 0], show(r));
        assert.equal(new Set([...r.first, ...r.others.map((a) => a.exit)].map((x) => bed.kin(x.fingerprint))).size, r.first.length + r.others.length, show(r));
        assert.ok(!left().includes('setup.exe'));
        await host.request({ kind: 'session.wipe' });
        clean();
      }
    }
  });

  test('an exit redirects to a file of its own', async () => {
    const own = files.site(bed.name('own'), () => ({ body: ATTACKS.replaces }));
    const name = files.site(bed.name('redirected'), ({ role }) => (role === 1 ? { location: url(own) } : { body: HONEST }));
    await visit(name);
    const { final: r } = await fetchIt(name);
    is(r, 'undecided', 'redirects_differ');
    await host.request({ kind: 'session.wipe' });
    assert.deepEqual(left(), []);
  });

  test('killed in the middle: a .part at most, never the name', async () => {
    const name = files.site(bed.name('slow'), () => ({ body: HONEST, speed: 200_000 }));
    await visit(name);
    for (const how of ['SIGKILL', 'end', 'cancel']) {
      const other = how === 'cancel' ? host : await bed.host();
      const running = other.request({ kind: 'download.fetch', ...common(name), name: 'setup.exe', dir });
      running.catch(() => {});
      await until(() => left().includes('setup.exe.part') && fs.statSync(path.join(dir, 'setup.exe.part')).size > 0, { limit: 30000, what: 'a .part' });
      if (how === 'SIGKILL') await other.kill();
      else if (how === 'end') await other.close();
      else {
        await other.request({ kind: 'cancel', target: running.id });
        is((await running).final, 'undecided', 'cancelled');
      }
      assert.deepEqual(left(), how === 'SIGKILL' ? ['setup.exe.part'] : []);
      clean();
    }
  });

  test('a copy that breaks off goes on, and a server without ranges begins anew', async () => {
    for (const ranges of ['multi', 'none']) {
      const name = files.site(bed.name('broken'), ({ role, count }) => ({ body: HONEST, ranges, stopAt: role === 1 && count === 0 ? 400_000 : undefined }));
      await visit(name);
      const { final: r } = await fetchIt(name);
      is(r, 'match', 'same_file');
      assert.deepEqual(fs.readFileSync(r.path), HONEST);
      assert.equal(files.requests(name).some((q) => q.headers.range?.startsWith('bytes=4')), true);
      clean();
    }
  });
});

describe('the privileged edition: the browser holds the file', () => {
  for (const [what, bytes] of Object.entries(ATTACKS)) {
    test(`the browser's exit ${what}`, async () => {
      const name = files.site(bed.name('held'), ({ role }) => ({ body: role === 0 ? bytes : HONEST }));
      const got = await visit(name);
      assert.deepEqual(got, bytes);
      const { r, part } = await verifyIt(name, got);
      is(r, 'mismatch', 'other_file');
      assert.equal(r.state, 'browser');
      assert.deepEqual(fs.readFileSync(part), bytes);
      // It stays one.
      is((await verifyIt(name, got)).r, 'mismatch', 'remembered_mismatch');
      clean();
    });
  }

  test('honest, while it grows', async () => {
    const name = files.site(bed.name('grows'), () => ({ body: HONEST }));
    const got = await visit(name);
    is((await verifyIt(name, got)).r, 'match', 'same_file');
    const part = path.join(dir, 'growing.part');
    fs.writeFileSync(part, got.subarray(0, 1000));
    const running = host.request({ kind: 'download.verify', ...common(name), path: part, size: null, length: got.length });
    for (let at = 1000; at < got.length; at += 300_000) { fs.appendFileSync(part, got.subarray(at, at + 300_000)); await sleep(30); }
    assert.equal((await host.request({ kind: 'download.local', target: running.id, size: got.length })).final.kind, 'ok');
    is((await running).final, 'match', 'same_file');
    clean();
  });

  test('digest headers: three others\' heads, and hardly a byte', async () => {
    const headers = { 'Repr-Digest': `sha-256=:${createHash('sha256').update(HONEST).digest('base64')}:` };
    const name = files.site(bed.name('digest'), ({ role }) => ({ body: role === 0 ? ATTACKS.replaces : HONEST, headers }));
    await visit(name);
    const { r } = await verifyIt(name, HONEST);
    is(r, 'match', 'same_digest');
    assert.equal(r.method, 'digest_header');
    assert.equal(r.answered, 3);
    assert.ok(r.fetched <= 300_000, `${r.fetched}`);
    is((await verifyIt(name, patch(HONEST))).r, 'mismatch', 'other_file');
    const wrong = files.site(bed.name('wrongdigest'), () => ({ body: HONEST, headers: { 'Repr-Digest': `sha-256=:${createHash('sha256').update('x').digest('base64')}:` } }));
    await visit(wrong);
    is((await verifyIt(wrong, HONEST)).r, 'match', 'same_file');
    clean();
  });

  test('MD5, SHA-1 and CRCs in three others\' heads: they see what samples miss, and clear nobody', async () => {
    const hash = (kind, bytes) => createHash(kind).update(bytes).digest('base64');
    // CRC-32 of zip, bit by bit.
    const crc32 = (bytes) => { let at = 0xffffffff; for (const b of bytes) { at ^= b; for (let i = 0; i < 8; i++) at = at & 1 ? (at >>> 1) ^ 0xedb88320 : at >>> 1; } const out = Buffer.alloc(4); out.writeUInt32BE(~at >>> 0); return out.toString('base64'); };
    const lines = (bytes) => [{ 'Content-MD5': hash('md5', bytes) }, { Digest: `SHA=${hash('sha1', bytes)}` }, { 'x-amz-checksum-crc32': crc32(bytes), 'x-amz-checksum-type': 'FULL_OBJECT' }];
    const altered = patch(HONEST, 700_001);
    for (const [i, headers] of lines(HONEST).entries()) {
      const name = files.site(bed.name('sums'), () => ({ body: HONEST, headers }));
      await visit(name, '/none');
      const { r } = await verifyIt(name, HONEST, { whole_max: 1000, budget: 64 << 10 });
      is(r, 'match', 'same_ranges');
      assert.ok(r.missed.block > 0.9);
      const { r: bad } = await verifyIt(name, altered, { whole_max: 1000, budget: 64 << 10 });
      is(bad, 'mismatch', 'other_file');
      assert.deepEqual([bad.method, bad.answered], ['digest_header', 3], show(bad));
      // One exit that shows another sum accuses nobody, and samples don't outvote it.
      const one = files.site(bed.name('onesum'), ({ role }) => ({ body: HONEST, headers: role === 2 ? lines(altered)[i] : headers }));
      await visit(one, '/none');
      is((await verifyIt(one, HONEST, { whole_max: 1000, budget: 64 << 10 })).r, 'undecided', 'one_exit_differs');
      clean();
    }
  });

  test('ranges of a large file, and what they prove; lies about them', async () => {
    const size = 24 << 20;
    const big = generated(size);
    const bytes = big.at(0, size);
    for (const [ranges, verdict, reason] of [['multi', 'match', 'same_ranges'], ['single', 'match', 'same_ranges'], ['none', 'undecided', 'ranges_unreliable'], ['shifted', 'undecided', 'entity_differs']]) {
      const name = files.site(bed.name('big'), () => ({ body: big, ranges }));
      await visit(name, '/none');
      const { r } = await verifyIt(name, bytes, { whole_max: 1 << 20, budget: 512 << 10 });
      is(r, verdict, reason);
      if (verdict === 'match') {
        assert.ok(r.missed.block > 0.9 && r.missed.block < 1 && r.missed.percent < (ranges === 'multi' ? 0.35 : 0.7), JSON.stringify(r.missed));
        assert.ok(r.fetched < size / 4, `${r.fetched}`);
      } else {
        assert.ok(r.whole_possible);
      }
      clean();
    }
    const patched = files.site(bed.name('patchedbig'), () => ({ body: generated(size, { seed: 2 }) }));
    await visit(patched, '/none');
    is((await verifyIt(patched, bytes, { whole_max: 1 << 20 })).r, 'mismatch', 'other_file');
    clean();
  });
});

/** A program of size bytes, signed as a publisher would: one section that is not signed twice alike. */
function signedProgram(size, seed) {
  const pe = Buffer.alloc(512 + size);
  pe.write('MZ', 0);
  pe.writeUInt32LE(64, 60);
  pe.write('PE\0\0', 64, 'latin1');
  const coff = 68, opt = coff + 20, section = opt + 240;
  pe.writeUInt16LE(0x8664, coff);
  pe.writeUInt16LE(1, coff + 2);
  pe.writeUInt16LE(240, coff + 16);
  pe.writeUInt16LE(0x22, coff + 18);
  pe.writeUInt16LE(0x20b, opt);
  for (const [at, value] of [[4, size], [16, 0x1000], [20, 0x1000], [32, 4096], [36, 512], [56, 0x1000 + size], [60, 512], [108, 16]]) pe.writeUInt32LE(value, opt + at);
  pe.writeBigUInt64LE(0x140000000n, opt + 24);
  for (const at of [40, 48]) pe.writeUInt16LE(6, opt + at);
  pe.writeUInt16LE(3, opt + 68);
  pe.write('.text', section);
  for (const [at, value] of [[8, size], [12, 0x1000], [16, size], [20, 512]]) pe.writeUInt32LE(value, section + at);
  pe.writeUInt32LE(0x60000020, section + 36);
  generated(size, { seed }).at(0, size).copy(pe, 512);
  const at = (name) => path.join(dir, name);
  const run = (program, ...args) => { const r = spawnSync(program, args, { encoding: 'utf8' }); assert.equal(r.status, 0, `${program}: ${r.stdout}${r.stderr}`); };
  run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at('key.pem'), '-out', at('cert.pem'), '-days', '30',
    '-subj', '/CN=Signer', '-addext', 'extendedKeyUsage=codeSigning');
  fs.writeFileSync(at('plain.exe'), pe);
  run('osslsigncode', 'sign', '-certs', at('cert.pem'), '-key', at('key.pem'), '-h', 'sha256', '-in', at('plain.exe'), '-out', at('signed.exe'));
  const signed = fs.readFileSync(at('signed.exe'));
  clean();
  return signed;
}

const served = (body, ranges = 'multi') => ({ path: at }) => (at === '/none' ? { status: 404 } : { body, ranges });

test('a signed program of 50 MiB: by the part that commits to the rest, under 1% of it, in both editions', async () => {
  const good = signedProgram(50 << 20, 1);
  const name = files.site(bed.name('program'), served(good));
  await visit(name, '/none');
  const { r } = await verifyIt(name, good, { whole_max: 200 << 20 });
  is(r, 'match', 'same_commitment');
  assert.equal(r.class, 'executable');
  assert.equal(r.compared, good.length);
  const sent = files.requests(name).reduce((sum, q) => sum + q.sent, 0);
  assert.ok(r.fetched < good.length / 100 && sent < good.length / 100, `${r.fetched} of ${good.length}, sent ${sent}`);
  clean();
  const { final: fetched } = await fetchIt(name);
  is(fetched, 'match', 'same_commitment');
  assert.ok(fetched.fetched < good.length / 100, `${fetched.fetched}`);
  assert.ok(fs.readFileSync(fetched.path).equals(good));
  clean();
});

test('signed programs, altered and re-signed', async () => {
  const good = signedProgram(6 << 20, 1);
  const attacks = { 'one byte of the program': patch(good, 2 << 20), 're-signed by another': signedProgram(6 << 20, 1), 'another signed program': signedProgram(6 << 20, 3), 'appended to': Buffer.concat([good, Buffer.alloc(8, 1)]) };
  for (const [what, bytes] of Object.entries(attacks)) {
    assert.ok(!bytes.equals(good), what);
    const name = files.site(bed.name('program'), served(good));
    await visit(name, '/none');
    const { r } = await verifyIt(name, bytes);
    assert.equal(r.verdict, 'mismatch', `${what}: ${show(r)}`);
    clean();
  }
  const single = files.site(bed.name('program'), served(good, 'single'));
  await visit(single, '/none');
  is((await verifyIt(single, good)).r, 'match', 'same_commitment');
  clean();
});

test('every other format by the part that commits, and a byte of the rest changed', async (t) => {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'formats-')), size = 5 << 20;
  const all = { rpm: [signed.rpm, 'a.rpm'], apk: [signed.apk, 'a.apk'], xar: [signed.xar, 'a.pkg'], xpi: [signed.xpi, 'a.xpi'], msi: [signed.msi, 'a.msi'], cab: [signed.cab, 'a.cab'],
    appx: [signed.appx, 'a.msix'], 'appx by its map': [(...args) => signed.appx(...args, false), 'b.msix'] };
  t.after(() => fs.rmSync(made, { recursive: true }));
  for (const [format, [make, file]] of Object.entries(all)) {
    const sample = make(made, file, size);
    if (!sample) { t.diagnostic(`${format}: this osslsigncode signs none`); continue; }
    const good = fs.readFileSync(sample), name = files.site(bed.name('format'), served(good)), at = `/${file}`;
    fs.rmSync(sample);
    await visit(name, '/none');
    const { r } = await verifyIt(name, good, { chain: [url(name, at)] });
    assert.deepEqual([r.verdict, r.reason, r.method], ['match', 'same_commitment', 'commitment'], `${format}: ${show(r)}`);
    assert.equal(r.compared, good.length, format);
    assert.ok(r.fetched < good.length / 20, `${format}: ${r.fetched} of ${good.length}`);
    const { r: bad } = await verifyIt(name, patch(good, good.length >> 1), { chain: [url(name, at)] });
    assert.equal(bad.verdict, 'mismatch', `${format}: ${show(bad)}`);
    t.diagnostic(`${format}: ${r.fetched} of ${good.length} bytes through ${r.answered} exits`);
    clean();
  }
});

test('the verb: fetches, verifies, and its exit statuses', async () => {
  const place = ({ host: h, port }) => `${h}:${port}`;
  const run = (...args) => new Promise((resolve) => {
    const child = spawn(SECONDEXIT, ['download', '--json', '--control', place(bed.net.client.control), '--socks', place(bed.net.client.socks), ...args]);
    let out = '';
    child.stdout.on('data', (b) => { out += b; });
    child.on('exit', (code) => resolve({ code, last: JSON.parse(out.trim().split('\n').at(-1)) }));
  });
  const name = files.site(bed.name('verb'), () => ({ body: HONEST }));
  const good = await run(url(name, '/dir/my%20setup.exe?x=1'), '--dir', dir);
  assert.equal(good.code, 0, JSON.stringify(good.last));
  assert.equal(good.last.path, path.join(dir, 'my setup.exe'));
  assert.deepEqual(fs.readFileSync(good.last.path), HONEST);
  assert.equal((await run(url(name), good.last.path)).code, 0);
  fs.writeFileSync(good.last.path, patch(HONEST));
  assert.equal((await run(url(name), good.last.path)).code, 1);
  const none = files.site(bed.name('none'), () => ({ status: 404 }));
  assert.equal((await run(url(none), '--dir', dir)).code, 3);
  clean();
});

test('4 GiB in flat memory', { skip: !process.env.SECONDEXIT_LARGE && 'set SECONDEXIT_LARGE=1: takes minutes' }, async () => {
  const size = 4 * 2 ** 30;
  const name = files.site(bed.name('huge'), () => ({ body: generated(size) }));
  await visit(name, '/none');
  const running = fetchIt(name, { whole_max: size + 1, budget: 0 });
  let most = 0;
  const watch = setInterval(() => { most = Math.max(most, host.memory().reduce((sum, p) => sum + p.kib, 0)); }, 500);
  const { final: r } = await running;
  clearInterval(watch);
  is(r, 'match', 'same_file');
  assert.ok(most < 32 * 1024, `${most} KiB`);
  clean();
});
