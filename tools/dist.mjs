// Builds both editions of the extension: node tools/dist.mjs VERSION [FOLDER]
//   FOLDER/standard/, FOLDER/privileged/                   unpacked
//   FOLDER/secondexit-standard-VERSION.xpi, …-privileged-…  the same, packed
// The archives are the same bytes from the same sources: sorted names, one fixed time, stored without compression
// (so that no version of zlib has a say).

import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from './crc32.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const SHARED = ['cert-errors.json'];
const DOS_TIME = 0;
const DOS_DATE = (1 << 5) | 1;   // 1980-01-01, the first day a zip can name

export function editionManifest(manifest, version, isPrivileged) {
  const out = { ...manifest, version };
  if (!isPrivileged) return out;
  out.name = '__MSG_extension_name_privileged__';
  out.experiment_apis = {
    secondexit: {
      schema: 'privileged/schema.json',
      parent: { scopes: ['addon_parent'], paths: [['secondexit']], script: 'privileged/api.js', events: ['startup'] },
    },
    secondexitDownloads: {
      schema: 'privileged/downloads.json',
      parent: { scopes: ['addon_parent'], paths: [['secondexitDownloads']], script: 'privileged/downloads.js', events: ['startup'] },
    },
  };
  return out;
}

function stage(folder, version, isPrivileged) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const source = join(ROOT, 'extension');
  const isWanted = (path) => {
    const name = relative(source, path).split(sep).join('/');
    if (name.endsWith('.md')) return name === 'PERMISSIONS.md';
    return isPrivileged || name.split('/')[0] !== 'privileged';
  };
  cpSync(source, folder, { recursive: true, filter: isWanted });
  mkdirSync(join(folder, 'shared'));
  for (const name of SHARED) cpSync(join(ROOT, 'shared', name), join(folder, 'shared', name));
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  const manifest = JSON.parse(readFileSync(join(source, 'manifest.json'), 'utf8'));
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(editionManifest(manifest, version, isPrivileged), null, 2)}\n`);
}

function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.path ?? entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

// APPNOTE.TXT sections 4.3.7 (local header) and 4.3.12 (central directory); method 0, stored.
function record(signature, { name, data, crc }, central, offset) {
  const size = central ? 46 : 30;
  const head = Buffer.alloc(size);
  let at = head.writeUInt32LE(signature, 0);
  if (central) at = head.writeUInt16LE(20, at);
  at = head.writeUInt16LE(20, at);
  at = head.writeUInt16LE(0x0800, at);       // names are UTF-8
  at = head.writeUInt16LE(0, at);
  at = head.writeUInt16LE(DOS_TIME, at);
  at = head.writeUInt16LE(DOS_DATE, at);
  at = head.writeUInt32LE(crc, at);
  at = head.writeUInt32LE(data.length, at);
  at = head.writeUInt32LE(data.length, at);
  at = head.writeUInt16LE(Buffer.byteLength(name), at);
  if (central) head.writeUInt32LE(offset, 42);
  return Buffer.concat([head, Buffer.from(name)]);
}

/** A zip of [{name, data}], in that order. */
export function zip(files) {
  const locals = [];
  const directory = [];
  let offset = 0;
  for (const file of files.map((f) => ({ ...f, crc: crc32(f.data) }))) {
    const local = record(0x04034b50, file, false, 0);
    directory.push(record(0x02014b50, file, true, offset));
    locals.push(local, file.data);
    offset += local.length + file.data.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}

export function build(version, out) {
  mkdirSync(out, { recursive: true });
  for (const edition of ['standard', 'privileged']) {
    const folder = join(out, edition);
    stage(folder, version, edition === 'privileged');
    const files = filesOf(folder).map((name) => ({ name, data: readFileSync(join(folder, name)) }));
    writeFileSync(join(out, `secondexit-${edition}-${version}.xpi`), zip(files));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [version, out = join(ROOT, 'build/dist')] = process.argv.slice(2);
  if (!/^\d+\.\d+\.\d+$/.test(version ?? '')) {
    process.stderr.write('usage: node tools/dist.mjs VERSION [FOLDER]\n');
    process.exit(2);
  }
  build(version, out);
}
