// Compound files as installers' databases have them, made independently of the parser: with sectors of 512 or 4096 bytes, in one piece, scattered, or as Windows has them (the table's sectors
// among the others), with storages in
// storages; and the digest that Authenticode goes by. The signature around it is by nobody: whose it is is never asked.
import crypto from 'node:crypto';

const FREE = 0xffffffff, END = 0xfffffffe, FAT = 0xfffffffd, NONE = 0xffffffff;
export const MSI_CLASS = Buffer.from('84100c0000000000c000000000000046', 'hex');
export const SIGNATURE = '\u0005DigitalSignature', SIGNATURE_EX = '\u0005MsiDigitalSignatureEx';
const utf16 = (s) => Buffer.from(s, 'utf16le');

/** storage: { clsid, streams: { name: bytes }, storages: { name: storage } }. The bytes that the digest goes over. */
function hashed(storage, isRoot = true) {
  const all = [...Object.entries(storage.streams), ...Object.entries(storage.storages ?? {})].filter(([n]) => !isRoot || ![SIGNATURE, SIGNATURE_EX].includes(n));
  all.sort(([a], [b]) => Buffer.compare(utf16(a), utf16(b)));
  return Buffer.concat([...all.map(([, x]) => (Buffer.isBuffer(x) ? x : hashed(x, false))), storage.clsid ?? Buffer.alloc(16)]);
}

function der(tag, ...parts) {
  const body = Buffer.concat(parts), n = body.length;
  return Buffer.concat([Buffer.from(n < 128 ? [tag, n] : n < 256 ? [tag, 0x81, n] : [tag, 0x82, n >> 8, n & 255]), body]);
}
const oid = (hex) => der(6, Buffer.from(hex, 'hex'));
const OIDS = { sha256: '608648016503040201', sha384: '608648016503040202', sha512: '608648016503040203', sha1: '2b0e03021a' };

function signature(digest, hash) {
  const info = der(0x30, der(0x30, oid('2b06010401823702011e')), der(0x30, der(0x30, oid(OIDS[hash]), der(5)), der(4, digest)));
  const data = der(0x30, der(2, Buffer.from([1])), der(0x31), der(0x30, oid('2b060104018237020104'), der(0xa0, info)), der(0x31));
  return der(0x30, oid('2a864886f70d010702'), der(0xa0, data));
}
/** Adds a signature's stream to the root, and a MsiDigitalSignatureEx where bytes for it are given. */
export function sign(root, { hash = 'sha256', ex } = {}) {
  const h = crypto.createHash(hash).update(ex ?? Buffer.alloc(0)).update(hashed(root));
  return { ...root, streams: { ...root.streams, ...(ex && { [SIGNATURE_EX]: ex }), [SIGNATURE]: signature(h.digest(), hash) } };
}

// Directory entries, depth first; siblings hang to the right of each other in the order of [MS-CFB] 2.6.4.
function entriesOf(root) {
  const list = [];
  const add = (name, kind, x) => list.push({ name, kind, x, left: NONE, right: NONE, child: NONE }) - 1;
  const fill = (at, storage) => {
    const names = [...Object.entries(storage.streams), ...Object.entries(storage.storages ?? {})];
    names.sort(([a], [b]) => a.length - b.length || (a.toUpperCase() < b.toUpperCase() ? -1 : 1));
    let before = -1;
    for (const [name, x] of names) {
      const i = add(name, Buffer.isBuffer(x) ? 2 : 1, x);
      if (before < 0) list[at].child = i; else list[before].right = i;
      before = i;
      if (!Buffer.isBuffer(x)) fill(i, x);
    }
  };
  add('Root Entry', 5, root);
  fill(0, root);
  return list;
}

/** → { bytes, fat (offset of the sector table), fats (of each of its sectors), directory, minifat (offsets) }. edit(entries) may change what is written of the directory. */
export function write(root, { version = 3, scattered = false, windows = false, slack = 0, edit = () => {} } = {}) {
  const sector = version === 3 ? 512 : 4096, entries = entriesOf(root), chains = [], minifat = [], mini = [];
  for (const e of entries) {
    const b = e.kind === 2 ? e.x : null;
    e.size = b ? b.length : 0;
    e.start = END;
    if (!b || b.length === 0) continue;
    if (b.length >= 4096) { chains.push({ e, bytes: b }); continue; }
    e.start = mini.length;
    for (let i = 0; i < b.length; i += 64) {
      mini.push(Buffer.concat([b.subarray(i, i + 64), Buffer.alloc(64, slack)]).subarray(0, 64));
      minifat.push(i + 64 < b.length ? mini.length : END);
    }
  }
  const table = (numbers) => { const out = Buffer.alloc(Math.ceil(numbers.length * 4 / sector) * sector, 255); numbers.forEach((n, i) => out.writeUInt32LE(n, i * 4)); return out; };
  const directory = { e: {}, bytes: Buffer.alloc(Math.ceil(entries.length * 128 / sector) * sector) }, small = { e: entries[0], bytes: Buffer.concat(mini) };
  const minitable = { e: {}, bytes: table(minifat) };
  chains.push(small, minitable, directory);
  // Sectors: in one piece, or each chain's next one in turn, from the last chain to the first.
  const count = chains.map(() => 0), left = chains.map((c) => Math.ceil(c.bytes.length / sector)), fat = [], place = [];
  const tables = [], last = new Map(), take = (k) => {
    // 0, 127, 256, 383, …: measured. Or a number: so far apart, 34 of them, which small files have no need of.
    while (windows && (windows === true || tables.length < 34) && fat.length === (windows === true ? tables.length * (sector / 4) - (tables.length & 1) : tables.length * windows)) { tables.push(fat.push(FAT) - 1); place.push([-2, tables.length - 1]); }
    const at = fat.push(END) - 1, n = count[k]++;
    if (last.has(k)) fat[last.get(k)] = at; else chains[k].e.start = at;
    last.set(k, at);
    place.push([k, n]);
    left[k]--;
  };
  if (scattered) while (left.some((n) => n)) for (let k = chains.length; k-- > 0;) { if (left[k]) take(k); }
  else left.forEach((n, k) => { for (; n > 0; n--) take(k); });
  fat.push(FREE);
  place.push([-1, 0]);
  const nFat = windows ? tables.length : Math.ceil((fat.length + 8) * 4 / sector), fatAt = windows ? tables[0] : fat.length;
  for (let i = 0; i < nFat && !windows; i++) { fat.push(FAT); place.push([-2, i]); }
  small.e.size = small.bytes.length;
  if (small.bytes.length === 0) small.e.start = END;
  edit(entries);
  entries.forEach((e, i) => {
    const d = directory.bytes.subarray(i * 128), name = utf16(e.name);
    name.copy(d);
    d.writeUInt16LE(e.nameLength ?? name.length + 2, 64);
    d[66] = e.kind; d[67] = 1;
    d.writeUInt32LE(e.left, 68); d.writeUInt32LE(e.right, 72); d.writeUInt32LE(e.child, 76);
    (e.kind === 2 ? Buffer.alloc(16) : e.x.clsid ?? Buffer.alloc(16)).copy(d, 80);
    d.writeUInt32LE(e.start, 116);
    d.writeUInt32LE(e.size, 120);
  });
  const h = Buffer.alloc(sector);
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(h);
  [[24, 0x3e], [26, version], [28, 0xfffe], [30, version === 3 ? 9 : 12], [32, 6]].forEach(([at, v]) => h.writeUInt16LE(v, at));
  [[40, version === 3 ? 0 : directory.bytes.length / sector], [44, nFat], [48, directory.e.start], [56, 4096], [60, minitable.e.start ?? END], [64, minitable.bytes.length / sector],
    [68, END], [72, 0]].forEach(([at, v]) => h.writeUInt32LE(v, at));
  for (let i = 0; i < 109; i++) h.writeUInt32LE(i < nFat ? (windows ? tables[i] : fatAt + i) : FREE, 76 + 4 * i);
  const fatBytes = Buffer.concat([table(fat), Buffer.alloc(nFat * sector, 255)]), out = [h];
  for (const [k, n] of place) {
    const from = k === -1 ? Buffer.from('left over of what was here before') : k === -2 ? fatBytes : chains[k].bytes;
    out.push(Buffer.concat([from.subarray(n * sector, (n + 1) * sector), Buffer.alloc(sector, slack)]).subarray(0, sector));
  }
  const offset = (s) => (s + 1) * sector;
  return { bytes: Buffer.concat(out), fat: offset(fatAt), fats: Array.from({ length: nFat }, (_, i) => offset(windows ? tables[i] : fatAt + i)), directory: offset(directory.e.start), minifat: minitable.e.start === undefined ? 0 : offset(minitable.e.start) };
}
