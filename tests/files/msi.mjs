// The small installers' databases of tests/fuzz/corpus/file_msi: node tests/files/msi.mjs FOLDER FOLDER-WITH-KEY. Those that real tools made and signed (msibuild, osslsigncode),
// compound files of other layouts, and broken ones.
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { MSI_CLASS, SIGNATURE, sign, write } from './cfb.mjs';

const [, , out, keys] = process.argv;
const noise = (n) => crypto.createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(n));
const put = (name, bytes) => fs.writeFileSync(path.join(out, name), bytes);
const run = (program, args) => execFileSync(program, args, { stdio: 'pipe', cwd: keys });
const sample = {
  clsid: MSI_CLASS, streams: { '䡀A': noise(300), '䡀AB': noise(64), a: noise(65), empty: Buffer.alloc(0), 'a.cab': noise(4200) },
  storages: { sub: { clsid: Buffer.alloc(16, 7), streams: { x: noise(10), [SIGNATURE]: noise(20) }, storages: { deep: { streams: { y: noise(100), z: noise(64) } } } }, zzz: { streams: {} } },
};

fs.writeFileSync(path.join(keys, 'data'), noise(4500));
fs.rmSync(path.join(keys, 'plain.msi'), { force: true });
for (const args of [['-s', 'Sample', 'Nobody', ';1033', '{12345678-1234-1234-1234-123456789ABC}'],
  ['-q', 'CREATE TABLE `Property` (`Property` CHAR(72) NOT NULL, `Value` CHAR(0) NOT NULL PRIMARY KEY `Property`)'],
  ['-q', "INSERT INTO `Property` (`Property`, `Value`) VALUES ('ProductName', 'Sample')"], ['-a', 'a.cab', 'data']]) run('msibuild', ['plain.msi', ...args]);
const by = (name, args, from = 'plain.msi') => {
  fs.rmSync(path.join(out, name), { force: true });
  run('osslsigncode', ['sign', '-certs', 'cert.pem', '-key', 'key.pem', ...args, '-in', from, '-out', path.join(out, name)]);
};
fs.copyFileSync(path.join(keys, 'plain.msi'), path.join(out, 'unsigned'));
by('also-sha256', ['-h', 'sha256']);
by('good-sha512-ex', ['-h', 'sha512', '-add-msi-dse']);
by('weak-sha1', ['-h', 'sha1']);
by('also-sha1-nested-sha256', ['-h', 'sha256', '-nest'], path.join(out, 'weak-sha1'));

put('also-storages', write(sign(sample)).bytes);
put('good-scattered', write(sign(sample, { hash: 'sha384', ex: noise(48) }), { scattered: true, slack: 0xaa }).bytes);
// (osslsigncode 2.9 writes storages in storages wrongly.)
put('plain', write({ ...sample, storages: { sub: { ...sample.storages.sub, storages: {} } } }).bytes);
by('also-storages-signed', ['-h', 'sha256'], path.join(out, 'plain'));
fs.rmSync(path.join(out, 'plain'));
put('also-4096', write(sign(sample), { version: 4, scattered: true }).bytes);
const long = { clsid: MSI_CLASS, streams: { a: Buffer.alloc(100, 1), 'a.cab': Buffer.alloc(150000, 2) } }, windows = write(sign(long), { windows: 7 });
put('step-windows', windows.bytes);
windows.bytes[windows.fats[1] + 200] ^= 1;
put('changed-windows-table', windows.bytes);
put('changed-order', write({ ...sign(sample), clsid: Buffer.alloc(16) }).bytes);
const good = write(sign(sample)), entry = (list, name) => list.find((e) => e.name === name), index = (list, name) => list.findIndex((e) => e.name === name);
const edits = {
  'sibling-itself': (l) => { entry(l, 'a').right = index(l, 'a'); },
  'sibling-parent': (l) => { entry(l, 'x').left = index(l, 'sub'); },
  'sibling-both': (l) => { entry(l, 'zzz').left = index(l, 'a'); },
  'child-root': (l) => { entry(l, 'sub').child = 0; },
  'child-itself': (l) => { entry(l, 'sub').child = index(l, 'sub'); },
  'child-far': (l) => { entry(l, 'sub').child = 9999; },
  'name-none': (l) => { entry(l, 'a').nameLength = 0; },
  'name-odd': (l) => { entry(l, 'a').nameLength = 3; },
  'name-long': (l) => { entry(l, 'a').nameLength = 66; },
  'name-twice': (l) => { entry(l, 'empty').name = 'a'; },
  'size-far': (l) => { entry(l, 'a.cab').size = 0x7fffffff; },
  'size-short': (l) => { entry(l, 'a.cab').size = 4096; },
  'size-mini': (l) => { entry(l, 'a').size = 2000; },
  'start-far': (l) => { entry(l, 'a.cab').start = 0x00ffffff; },
  'start-same': (l) => { entry(l, 'y').size = 4200; entry(l, 'y').start = entry(l, 'a.cab').start; },
  'start-mini-same': (l) => { entry(l, 'x').start = entry(l, 'a').start; },
  'root-size': (l) => { l[0].size = 0x10000000; },
  'root-kind': (l) => { l[0].kind = 1; },
  'root-start': (l) => { l[0].start = 0xfffffff9; },
  'kind-strange': (l) => { entry(l, 'a').kind = 3; },
};
for (const [name, edit] of Object.entries(edits)) put(`broken-${name}`, write(sign(sample), { edit }).bytes);
const changed = (name, at, value) => { const b = Buffer.from(good.bytes); b.writeUInt32LE(value, at); put(`broken-${name}`, b); };
const first = good.bytes.readUInt32LE(good.directory + 116);
changed('fat-loop', good.fat, 0);
changed('fat-loop-directory', good.fat + 4 * (good.directory / 512 - 1), good.directory / 512 - 1);
changed('fat-two-loop', good.fat + 4 * first, first);
changed('fat-far', good.fat, 0x00fffff0);
changed('fat-free', good.fat, 0xffffffff);
changed('mini-loop', good.minifat, 0);
changed('mini-far', good.minifat, 0x0000ffff);
changed('fat-many', 44, 0x00ffffff);
changed('fat-none', 44, 0);
changed('difat-many', 72, 0x00ffffff);
changed('difat-one', 72, 1);
changed('difat-loop', 44, 110);
changed('directory-far', 48, 0x00fffff0);
changed('directory-none', 48, 0xfffffffe);
changed('fat-place', 76, 0xfffffff0);
changed('version', 24, 0x0005003e);
changed('shift', 30, 0x0006000c);
changed('mini-shift', 32, 20);
changed('cutoff', 56, 0);
