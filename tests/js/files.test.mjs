// Real files, as Debian signs them and as the signers' own tools make them: what the program says of them, that a change of any byte is found or lies
// in the part that is compared, and what reading 4 GiB costs.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import crypto from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { apk, appx, cab, classify, has, isIn, msi, noise, pe, peNested, rpm } from '../files/signed.mjs';
import { MSI_CLASS, sign, write } from '../files/cfb.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const PROGRAM = path.resolve(ROOT, process.env.SECONDEXIT ?? 'build/secondexit');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'secondexit-files-'));
test.after(() => fs.rmSync(dir, { recursive: true, force: true }));

const one = (file, args) => classify(PROGRAM, [file], args)[0];

// Flips a byte in each of many copies: in every range's edges, in and around it, and at places all over the file.
function flips(file, times = 60, places = []) {
  const bytes = fs.readFileSync(file), before = one(file).commitment;
  assert.equal(before.status, 'fits', `${file}: ${JSON.stringify(before)}`);
  const at = new Set([0, bytes.length - 1, ...places]);
  for (const [offset, length] of before.ranges) for (const x of [offset - 1, offset, offset + length - 1, offset + length]) if (x >= 0 && x < bytes.length) at.add(x);
  for (let i = 0; i < times; i++) at.add(crypto.randomInt(bytes.length));
  let found = 0;
  for (const group of [...at].reduce((g, x, i) => (i % 16 ? g.at(-1).push(x) : g.push([x]), g), [])) {
    const copies = group.map((x, i) => {
      const copy = path.join(dir, `copy${i}`), changed = Buffer.from(bytes);
      changed[x] ^= 1 << (x % 8);
      fs.writeFileSync(copy, changed);
      return copy;
    });
    classify(PROGRAM, copies).forEach((r, i) => {
      if (isIn(before.ranges, group[i])) return;
      assert.equal(r.commitment.status, 'differs', `a change at ${group[i]} of ${file}`);
      assert.deepEqual(r.commitment.ranges, before.ranges);
      found++;
    });
    for (const c of copies) fs.rmSync(c);
  }
  assert.ok(found > times / 2, `${found} changes outside of the part`);
  // Lengthened: what is behind is in the part.
  const longer = path.join(dir, 'longer');
  fs.writeFileSync(longer, Buffer.concat([bytes, noise(5000)]));
  const r = one(longer).commitment;
  if (r.status === 'fits') assert.ok(isIn(r.ranges, bytes.length) && isIn(r.ranges, bytes.length + 4999));
  fs.rmSync(longer);
  return before;
}

test('what Debian signs: shim, grub, a kernel', { skip: !has('apt-get') && 'no apt-get' }, () => {
  const fetched = spawnSync(path.join(ROOT, 'tests/files/fetch-real'), { encoding: 'utf8' });
  assert.equal(fetched.status, 0, fetched.stderr);
  const real = path.join(ROOT, 'build/realfiles');
  const files = fs.readdirSync(real).filter((f) => /\.signed$|^vmlinuz/.test(f));
  for (const part of [/^shim/, /^grub/, /^vmlinuz/]) assert.ok(files.some((f) => part.test(f)), `${part} of ${files}`);
  for (const f of files) {
    const r = one(path.join(real, f));
    assert.equal(r.class, 'executable', f);
    assert.equal(r.format, 'pe', f);
    assert.equal(r.commitment.method, 'authenticode', f);
  }
  for (const f of files.filter((x) => /^shimx64|^grubx64|^vmlinuz/.test(x))) {
    const c = flips(path.join(real, f), 24);
    assert.ok(c.part < c.size / 20, `${f}: ${c.part} of ${c.size}`);
  }
});

test('osslsigncode: one signature, page hashes, two, nested', { skip: !has('osslsigncode') && 'no osslsigncode' }, () => {
  for (const file of [pe(dir, 'one.exe', 200000), pe(dir, 'pages.exe', 200000, ['-h', 'sha384', '-ph']), peNested(dir, 'nested.exe', 200000)]) flips(file);
  const weak = one(pe(dir, 'weak.exe', 200000, ['-h', 'sha1']));
  assert.equal(weak.commitment.status, 'weak');
  assert.equal(weak.class, 'executable');
});

test('rpmbuild', { skip: !has('rpmbuild') && 'no rpmbuild' }, () => {
  const file = rpm(dir, 'a.rpm', 300000);
  assert.equal(one(file).class, 'executable');
  assert.equal(one(file, ['--os', 'windows']).class, 'other');
  assert.equal(flips(file).method, 'rpm-payload');
});

test('apksigner: v2, v3', { skip: !has('apksigner') && 'no apksigner' }, () => {
  for (const schemes of [['2'], ['2', '3']]) {
    const file = apk(dir, 'a.apk', 1500000, schemes), r = one(file, ['--os', 'android']);
    assert.deepEqual([r.class, r.format], ['executable', 'apk']);
    assert.equal(flips(file, 30).method, schemes.includes('3') ? 'apk-v3' : 'apk-v2');
  }
});

test('AppX: by the signature, by the block map', () => {
  const map = appx(dir, 'map.msix', 1000000, false), r = one(map, ['--os', 'windows']);
  assert.deepEqual([r.class, r.commitment.method], ['executable', 'appx-block-map']);
  const c = flips(map, 30);
  assert.deepEqual([c.method, c.proves], ['appx-block-map', 'content']);
  const signed = appx(dir, 'signed.msix', 1000000);
  if (!signed) return;
  const s = flips(signed, 30);
  assert.deepEqual([s.method, s.proves], ['appx-signature', 'bytes']);
  assert.ok(s.part < 10000, `${s.part}`);
});

test('wixl and osslsigncode: an installer, with its metadata signed and without; more of it than the header has tables for', { skip: !(has('wixl') && has('osslsigncode')) && 'no wixl' }, () => {
  for (const args of [['-h', 'sha256'], ['-h', 'sha512', '-add-msi-dse']]) {
    const file = msi(dir, 'a.msi', 300000, args), r = one(file, ['--os', 'windows']);
    assert.deepEqual([r.class, r.format], ['executable', 'msi']);
    const c = flips(file, 20);
    assert.deepEqual([c.method, c.proves], ['msi-authenticode', 'bytes']);
  }
  assert.equal(one(msi(dir, 'weak.msi', 300000, ['-h', 'sha1'])).commitment.status, 'weak');
  assert.equal(flips(cab(dir, 'a.cab', 300000), 30).method, 'cab-authenticode');
  // Windows scatters the table over the file: most of it is foretold.
  const windows = path.join(dir, 'windows.msi'), sample = { clsid: MSI_CLASS, streams: { small: noise(100), 'first.cab': noise(3000000), 'second.cab': noise(700001), more: noise(5000) } };
  const { bytes, fats } = write(sign(sample), { windows: true });
  fs.writeFileSync(windows, bytes);
  const w = flips(windows, 10, fats.filter((x, i) => i % 9 === 5).map((x, i) => x + 101 * i % 512));
  assert.ok(fats.length > 50 && fats.filter((x) => !isIn(w.ranges, x)).length > 40);
  assert.ok(w.ranges.length < 64 && w.part < 30000, `${w.part} in ${w.ranges.length}`);
  // Beyond 109 sectors of the table.
  const large = msi(dir, 'large.msi', 9 << 20), c = one(large).commitment, changed = fs.readFileSync(large);
  assert.ok(c.status === 'fits' && c.part < c.size / 100, `${c.status}: ${c.part} of ${c.size}`);
  changed[8 << 20] ^= 1;
  fs.writeFileSync(large, changed);
  assert.equal(one(large).commitment.status, 'differs');
});

test('a package with no strong digest commits to nothing; nor does what nobody signed', () => {
  for (const [file, status] of [['file_rpm/weak-no-digest', 'weak'], ['file_pe/unsigned', 'none']]) {
    const bytes = fs.readFileSync(path.join(ROOT, 'tests/fuzz/corpus', file)), big = path.join(dir, 'big');
    fs.writeFileSync(big, Buffer.concat([bytes, noise(100000)]));
    assert.equal(one(big).commitment.status, status, file);
  }
});

// An RPM whose payload is 4 GiB of zeros: its header is a small one's with the digest replaced.
function large(file) {
  const small = fs.readFileSync(path.join(ROOT, 'tests/fuzz/corpus/file_rpm/good-gzip')), size = 4 * 2 ** 30;
  const end = one(path.join(ROOT, 'tests/fuzz/corpus/file_rpm/good-gzip'));
  assert.equal(end.format, 'rpm');
  const payload = small.indexOf(Buffer.from([0x1f, 0x8b])), hash = crypto.createHash('sha256'), zeros = Buffer.alloc(1 << 22);
  const old = crypto.createHash('sha256').update(small.subarray(payload)).digest('hex');
  for (let i = 0; i < size; i += zeros.length) hash.update(zeros);
  const head = Buffer.from(small.subarray(0, payload).toString('latin1').replace(old, hash.digest('hex')), 'latin1');
  assert.notEqual(head.compare(small.subarray(0, payload)), 0);
  fs.writeFileSync(file, head);
  fs.truncateSync(file, payload + size);
  return file;
}

// The largest resident size of the processes that read files beneath pid.
function peak(pid, most) {
  let children = [];
  try { children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean); } catch { return most; }
  for (const child of children) {
    try {
      if (fs.readFileSync(`/proc/${child}/comm`, 'utf8').trim() !== 'secondexit-file') continue;
      most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${child}/status`, 'utf8'))?.[1] ?? 0));
    } catch { /* gone meanwhile */ }
  }
  return most;
}

test('4 GiB: below 32 MiB of memory', async (t) => {
  const file = large(path.join(dir, 'large.rpm')), p = spawn(PROGRAM, ['classify', '--json', file]);
  let out = '', most = 0;
  p.stdout.on('data', (d) => { out += d; });
  const timer = setInterval(() => { most = peak(p.pid, most); }, 20);
  await new Promise((done) => p.on('close', done));
  clearInterval(timer);
  const r = JSON.parse(out);
  assert.equal(r.commitment.status, 'fits');
  assert.ok(r.commitment.part < 10000);
  t.diagnostic(`${most} KiB at most`);
  assert.ok(most > 0 && most < 32 * 1024, `${most} KiB`);
});

test('the process that reads can open nothing else, and dies with its question', async () => {
  const file = large(path.join(dir, 'large.rpm')), p = spawn(PROGRAM, ['classify', '--json', file], { stdio: 'ignore' });
  let child;
  for (let i = 0; i < 500 && !child; i++) {
    await new Promise((r) => setTimeout(r, 10));
    const all = fs.readFileSync(`/proc/${p.pid}/task/${p.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    child = all.find((c) => { try { return /^Seccomp:\s+2$/m.test(fs.readFileSync(`/proc/${c}/status`, 'utf8')); } catch { return false; } });
  }
  assert.ok(child, 'a process with a system-call filter');
  const open = fs.readdirSync(`/proc/${child}/fd`).map((fd) => { try { return fs.readlinkSync(`/proc/${child}/fd/${fd}`); } catch { return ''; } });
  assert.equal(open.filter((f) => f.startsWith('/') && !f.startsWith('/dev/')).join(), file);
  assert.equal(open.filter((f) => f.startsWith('socket:')).length, 1);
  // Main killed in the middle of it: the other one ends by itself.
  p.kill('SIGKILL');
  const gone = () => !fs.existsSync(`/proc/${child}`) || /^State:\s+Z/m.test(fs.readFileSync(`/proc/${child}/status`, 'utf8'));
  for (let i = 0; i < 500 && !gone(); i++) await new Promise((r) => setTimeout(r, 20));
  assert.ok(gone());
});
