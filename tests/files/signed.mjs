// Files signed by the tools of those who sign, of any size, for tests and for the bench.
import { execFileSync, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { pack, sign } from './appx.mjs';

export const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const run = (program, args, options = {}) => execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });

// Bytes that don't compress, the same each time.
export function noise(n) {
  const c = crypto.createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
  return c.update(Buffer.alloc(n));
}
export function writeNoise(file, head, n) {
  const fd = fs.openSync(file, 'w');
  fs.writeSync(fd, head);
  const part = noise(1 << 20);
  for (let left = n; left > 0; left -= part.length) fs.writeSync(fd, part, 0, Math.min(left, part.length));
  fs.closeSync(fd);
}

export function keys(dir) {
  if (fs.existsSync(`${dir}/key.pem`)) return;
  run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${dir}/key.pem`, '-out', `${dir}/cert.pem`,
    '-days', '3650', '-subj', '/CN=Test signer']);
  run('openssl', ['pkcs8', '-topk8', '-nocrypt', '-outform', 'DER', '-in', `${dir}/key.pem`, '-out', `${dir}/key.pk8`]);
}

// Headers and a first section of an unsigned program; the rest is what an installer carries behind it.
function peHead(dir) {
  const b = fs.readFileSync(new URL('../fuzz/corpus/file_pe/unsigned', import.meta.url));
  fs.mkdirSync(dir, { recursive: true });
  return b;
}

export function pe(dir, name, size, args = ['-h', 'sha256']) {
  keys(dir);
  const plain = path.join(dir, `${name}.plain`), out = path.join(dir, name);
  writeNoise(plain, peHead(dir), size);
  fs.rmSync(out, { force: true });
  run('osslsigncode', ['sign', '-certs', `${dir}/cert.pem`, '-key', `${dir}/key.pem`, ...args, '-in', plain, '-out', out]);
  fs.rmSync(plain);
  return out;
}
export function peNested(dir, name, size) {
  const first = pe(dir, `${name}.sha1`, size, ['-h', 'sha1']), out = path.join(dir, name);
  fs.rmSync(out, { force: true });
  run('osslsigncode', ['sign', '-nest', '-certs', `${dir}/cert.pem`, '-key', `${dir}/key.pem`, '-h', 'sha256', '-in', first, '-out', out]);
  fs.rmSync(first);
  return out;
}

export function rpm(dir, name, size) {
  const top = path.join(dir, 'rpm');
  fs.mkdirSync(top, { recursive: true });
  writeNoise(path.join(top, 'data'), Buffer.alloc(0), size);
  fs.writeFileSync(path.join(top, 'one.spec'), `Name: sample
Version: 1
Release: 1
Summary: A sample
License: BSD
BuildArch: noarch
%description
A sample.
%install
mkdir -p %{buildroot}/opt
cp ${top}/data %{buildroot}/opt/
%files
/opt/data
`);
  run('rpmbuild', ['-bb', '--quiet', '--define', `_topdir ${top}`, '--define', '_binary_payload w1.gzdio', '--define', '_build_id_links none', path.join(top, 'one.spec')]);
  const out = path.join(dir, name);
  fs.renameSync(path.join(top, 'RPMS/noarch/sample-1-1.noarch.rpm'), out);
  fs.rmSync(top, { recursive: true });
  return out;
}

export function apk(dir, name, size, schemes = ['2', '3']) {
  keys(dir);
  const at = path.join(dir, 'apk');
  fs.mkdirSync(at, { recursive: true });
  fs.writeFileSync(path.join(at, 'AndroidManifest.xml'), Buffer.alloc(300));
  fs.writeFileSync(path.join(at, 'classes.dex'), 'dex\n035\0');
  writeNoise(path.join(at, 'data.bin'), Buffer.alloc(0), size);
  const plain = path.join(dir, `${name}.plain`), out = path.join(dir, name);
  fs.rmSync(plain, { force: true });
  run('zip', ['-q', '-0', plain, 'AndroidManifest.xml', 'classes.dex', 'data.bin'], { cwd: at });
  const flags = ['1', '2', '3'].flatMap((s) => [`--v${s}-signing-enabled`, String(schemes.includes(s))]);
  run('apksigner', ['sign', '--key', `${dir}/key.pk8`, '--cert', `${dir}/cert.pem`, '--min-sdk-version', '24', ...flags, '--v4-signing-enabled', 'false',
    '--out', out, plain]);
  fs.rmSync(plain);
  fs.rmSync(at, { recursive: true });
  return out;
}

// Half of it packed. isSigned false: by its block map alone. null: this osslsigncode signs none.
export function appx(dir, name, size, isSigned = true) {
  keys(dir);
  const out = path.join(dir, name), half = noise(size / 2), plain = path.join(dir, `${name}.plain`);
  fs.writeFileSync(plain, pack([['AppxManifest.xml', Buffer.from('<Package/>'.repeat(40)), 'packed'], ['VFS\\some data.bin', half, 'stored'], ['VFS\\more.bin', half.map((x) => x & 63), 'packed']]));
  if (!isSigned) fs.renameSync(plain, out);
  else if (!sign(dir, plain, out)) return null;
  fs.rmSync(plain, { force: true });
  return out;
}

// An installer by wixl with one file in a cabinet.
export function msi(dir, name, size, args = ['-h', 'sha256']) {
  keys(dir);
  const at = path.join(dir, 'msi'), out = path.join(dir, name);
  fs.mkdirSync(at, { recursive: true });
  writeNoise(path.join(at, 'data.bin'), Buffer.alloc(0), size);
  fs.writeFileSync(path.join(at, 'a.wxs'), `<?xml version="1.0"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi"><Product Id="*" Name="Sample" UpgradeCode="12345678-1234-1234-1234-111111111111" Version="1.0.0" Manufacturer="Nobody" Language="1033">
  <Package InstallerVersion="200" Compressed="yes"/><Media Id="1" Cabinet="a.cab" EmbedCab="yes"/>
  <Directory Id="TARGETDIR" Name="SourceDir"><Component Id="C" Guid="12345678-1234-1234-1234-222222222222"><File Id="F" Source="data.bin" KeyPath="yes"/></Component></Directory>
  <Feature Id="All" Level="1"><ComponentRef Id="C"/></Feature>
</Product></Wix>`);
  run('wixl', ['-o', 'a.msi', 'a.wxs'], { cwd: at });
  fs.rmSync(out, { force: true });
  run('osslsigncode', ['sign', '-certs', `${dir}/cert.pem`, '-key', `${dir}/key.pem`, ...args, '-in', path.join(at, 'a.msi'), '-out', out]);
  fs.rmSync(at, { recursive: true });
  return out;
}

// The cabinet of such an installer, signed by itself.
export function cab(dir, name, size) {
  keys(dir);
  const from = msi(dir, `${name}.msi`, size), plain = path.join(dir, `${name}.plain`), out = path.join(dir, name);
  fs.writeFileSync(plain, run('msiinfo', ['extract', from, 'a.cab'], { maxBuffer: 1 << 30 }));
  fs.rmSync(out, { force: true });
  run('osslsigncode', ['sign', '-certs', `${dir}/cert.pem`, '-key', `${dir}/key.pem`, '-h', 'sha256', '-in', plain, '-out', out]);
  for (const f of [from, plain]) fs.rmSync(f);
  return out;
}

// No tool of Debian 12 makes one: header, table of contents, heap.
export function xar(dir, name, size) {
  const data = noise(size), sum = (b, kind) => crypto.createHash(kind).update(b);
  const toc = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><xar><toc><checksum style="sha1"><offset>0</offset><size>20</size></checksum><file id="1"><name>Payload</name><data>
<length>${size}</length><offset>20</offset><size>${size}</size><encoding style="application/octet-stream"/><archived-checksum style="sha256">${sum(data, 'sha256').digest('hex')}</archived-checksum></data></file></toc></xar>`);
  const packed = zlib.deflateSync(toc), h = Buffer.alloc(28), out = path.join(dir, name);
  h.write('xar!');
  h.writeUInt16BE(28, 4); h.writeUInt16BE(1, 6); h.writeBigUInt64BE(BigInt(packed.length), 8); h.writeBigUInt64BE(BigInt(toc.length), 16); h.writeUInt32BE(1, 24);
  fs.writeFileSync(out, Buffer.concat([h, packed, sum(packed, 'sha1').digest(), data]));
  return out;
}

// As the signers of XPIs do it, half of it packed; the signature itself is never looked at.
export function xpi(dir, name, size) {
  const at = path.join(dir, 'xpi'), out = path.join(dir, name), half = noise(size / 2), files = { 'manifest.json': Buffer.from('{"manifest_version":2}'), 'a.bin': half, 'b.bin': half.map((x) => x & 63) };
  fs.mkdirSync(path.join(at, 'META-INF'), { recursive: true });
  let text = 'Manifest-Version: 1.0\n\n';
  for (const [f, b] of Object.entries(files)) {
    fs.writeFileSync(path.join(at, f), b);
    text += `Name: ${f}\nDigest-Algorithms: SHA256\nSHA256-Digest: ${crypto.createHash('sha256').update(b).digest('base64')}\n\n`;
  }
  fs.writeFileSync(path.join(at, 'META-INF/manifest.mf'), text);
  fs.writeFileSync(path.join(at, 'META-INF/mozilla.rsa'), Buffer.alloc(300, 48));
  fs.rmSync(out, { force: true });
  run('zip', ['-q', '-X', '-r', out, 'META-INF', ...Object.keys(files)], { cwd: at });
  fs.rmSync(at, { recursive: true });
  return out;
}

// What the file role says, one object for each file.
export function classify(program, files, args = []) {
  const r = spawnSync(program, ['classify', '--json', ...args, '--', ...files], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return r.stdout.trim().split('\n').map((line) => JSON.parse(line));
}
export const isIn = (ranges, at) => ranges.some(([offset, length]) => at >= offset && at < offset + length);
