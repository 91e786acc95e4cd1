// AppX packages as Microsoft's packager writes them, made independently of the parser: 64 KiB blocks that are packed by themselves, a block map, sizes behind the
// data, zip64 ends. Signed by osslsigncode (2.6 and later can).
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { pathToFileURL } from 'node:url';

const BLOCK = 65536;
const METHODS = { sha256: 'http://www.w3.org/2001/04/xmlenc#sha256', sha384: 'http://www.w3.org/2001/04/xmldsig-more#sha384',
  sha512: 'http://www.w3.org/2001/04/xmlenc#sha512', sha1: 'http://www.w3.org/2000/09/xmldsig#sha1' };

function crc32(bytes) {
  // The last eight bytes of a gzip stream: CRC-32 and size. Node 18 has no crc32 of its own.
  const z = zlib.gzipSync(bytes, { level: 1 });
  return z.readUInt32LE(z.length - 8);
}
function le(...fields) {
  return Buffer.concat(fields.map(([v, n]) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(v)); return b.subarray(0, n); }));
}
const attribute = (s) => s.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** members: [name as in the map, bytes, 'packed' | 'stored' (| 'endless' | 'trailing': packed wrongly), listed = true, URI]; edit changes the map's text. → the package. */
export function pack(members, { hash = 'sha256', zip64 = true, stamp = 0x5a21, edit = (x) => x } = {}) {
  const parts = [], directory = [];
  let at = 0, map = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>\r\n<BlockMap xmlns="http://schemas.microsoft.com/appx/2010/blockmap" HashMethod="${METHODS[hash]}">`;
  const put = (b) => { parts.push(b); at += b.length; };
  const add = (name, bytes, kind, isListed, raw) => {
    const how = kind === 'stored' ? kind : 'packed';
    const blocks = [], packed = [];
    for (let i = 0; i < bytes.length; i += BLOCK) {
      const block = bytes.subarray(i, i + BLOCK), z = how === 'packed' ? zlib.deflateRawSync(block, { finishFlush: zlib.constants.Z_FULL_FLUSH }) : block;
      packed.push(z);
      blocks.push(`<Block Hash="${crypto.createHash(hash).update(block).digest('base64')}"${how === 'packed' ? ` Size="${z.length}"` : ''}/>`);
    }
    if (how === 'packed') packed.push(Buffer.from({ packed: [3, 0], endless: [], trailing: [3, 0, 3, 0, 9] }[kind]));
    const data = Buffer.concat(packed), uri = Buffer.from(raw ?? name.replaceAll('\\', '/').split('/').map((x) => encodeURIComponent(x)).join('/').replace('%5BContent_Types%5D', '[Content_Types]'));
    const crc = crc32(bytes), method = how === 'packed' ? 8 : 0, offset = at, start = [[45, 2], [8, 2], [method, 2], [0, 2], [stamp, 2]];
    put(Buffer.concat([le([0x04034b50, 4], ...start, [0, 4], [0, 4], [0, 4], [uri.length, 2], [0, 2]), uri]));
    put(data);
    put(zip64 ? le([0x08074b50, 4], [crc, 4], [data.length, 8], [bytes.length, 8]) : le([0x08074b50, 4], [crc, 4], [data.length, 4], [bytes.length, 4]));
    directory.push(Buffer.concat([le([0x02014b50, 4], [45, 2], ...start, [crc, 4], [zip64 ? 0xffffffff : data.length, 4], [zip64 ? 0xffffffff : bytes.length, 4], [uri.length, 2],
      [zip64 ? 28 : 0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [zip64 ? 0xffffffff : offset, 4]), uri,
    zip64 ? le([1, 2], [24, 2], [bytes.length, 8], [data.length, 8], [offset, 8]) : Buffer.alloc(0)]));
    if (isListed) map += `<File Name="${attribute(name)}" Size="${bytes.length}" LfhSize="${30 + uri.length}">${blocks.join('')}</File>`;
  };
  for (const [name, bytes, how, isListed = true, raw] of members) add(name, bytes, how, isListed, raw);
  add('AppxBlockMap.xml', Buffer.from(edit(`${map}</BlockMap>`)), 'packed', false);
  add('[Content_Types].xml', Buffer.from('<?xml version="1.0" encoding="UTF-8"?>\r\n<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="dll" ContentType="application/x-msdownload"/></Types>'), 'packed', false);
  const begin = at;
  for (const d of directory) put(d);
  const size = at - begin, n = directory.length;
  if (zip64) {
    const end = at;
    put(le([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4], [n, 8], [n, 8], [size, 8], [begin, 8]));
    put(le([0x07064b50, 4], [0, 4], [end, 8], [1, 4]));
    put(le([0x06054b50, 4], [0, 4], [0xffff, 2], [0xffff, 2], [0xffffffff, 4], [0xffffffff, 4], [0, 2]));
  } else {
    put(le([0x06054b50, 4], [0, 4], [n, 2], [n, 2], [size, 4], [begin, 4], [0, 2]));
  }
  return Buffer.concat(parts);
}

/** Signs plain to out; false: this osslsigncode can't. */
export function sign(dir, plain, out) {
  fs.rmSync(out, { force: true });
  try {
    execFileSync('osslsigncode', ['sign', '-certs', `${dir}/cert.pem`, '-key', `${dir}/key.pem`, '-h', 'sha256', '-in', plain, '-out', out], { stdio: 'pipe' });
  } catch { return false; }
  return fs.existsSync(out) && fs.readFileSync(out).includes('AppxSignature.p7x');
}

// The small ones of tests/fuzz/corpus/file_appx: node tests/files/appx.mjs FOLDER FOLDER-WITH-KEY.
if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , out, keys] = process.argv;
  const noise = crypto.createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(700));
  // Repeats that can be packed in one way only: else a change of what is packed could mean nothing, and rightly be found by nobody.
  const text = (n, period) => Buffer.alloc(n, noise.subarray(0, period));
  const members = [['one two.txt', text(66000, 300), 'packed'], ['Assets\\logo.png', noise, 'stored'], ['Assets\\empty', Buffer.alloc(0), 'stored'], ['AppxManifest.xml', text(400, 290), 'packed']];
  const write = (name, bytes) => fs.writeFileSync(path.join(out, name), bytes);
  write('good-map', pack(members));
  write('also-map-plain-zip', pack(members, { zip64: false, hash: 'sha512' }));
  write('also-map-stored', pack(members.map(([n, b]) => [n, b.subarray(0, 200), 'stored']), { hash: 'sha384' }));
  write('also-map-added', pack([...members, ['AppxMetadata\\CodeIntegrity.cat', noise.subarray(0, 99), 'stored', false]]));
  write('weak-sha1', pack(members, { hash: 'sha1' }));
  const few = members.slice(1, 4), lies = {
    'broken-twice': pack([...few, ['Assets\\x', noise.subarray(0, 9), 'stored', false, 'Assets%2Flogo.png']]),
    'broken-listed-twice': pack(few, { edit: (x) => x.replace(/<File Name="Assets.logo.*?<\/File>/, '$&$&') }),
    'broken-missing': pack(few, { edit: (x) => x.replace('logo', 'lago') }),
    'broken-size': pack(few, { edit: (x) => x.replace('Size="400"', 'Size="401"') }),
    'broken-no-block': pack(few, { edit: (x) => x.replace(/<Block[^>]*>/, '') }),
    'broken-more-blocks': pack(few, { edit: (x) => x.replace(/<Block[^>]*>/, '$&$&') }),
    'broken-block-size': pack(members, { edit: (x) => x.replace(/(Block [^>]*Size=)"\d+"/, '$1"99999999"') }),
    'broken-block-zero': pack(members, { edit: (x) => x.replace(/(Block [^>]*Size=)"\d+"/, '$1"0"') }),
    'broken-negative': pack(few, { edit: (x) => x.replace('Size="400"', 'Size="-1"') }),
    'broken-doctype': pack(few, { edit: (x) => x.replace('<BlockMap', '<!DOCTYPE x [<!ENTITY y "z">]><BlockMap') }),
    'broken-cut': pack(few, { edit: (x) => x.slice(0, -9) }),
    'changed-block-border': pack(members, { edit: (x) => x.replace(/(Block [^>]*Size=)"(\d+)"/, (m, a, n) => `${a}"${Number(n) - 60}"`) }),
    'changed-digest': pack(few, { edit: (x) => x.replace(/Hash="./, (m) => (m.endsWith('A') ? 'Hash="B' : 'Hash="A')) }),
    'changed-endless': pack([['a.bin', text(400, 290), 'endless'], few[0]]),
    'changed-trailing': pack([['a.bin', text(400, 290), 'trailing'], few[0]]),
    'none-empty-map': pack(few, { edit: (x) => x.replace(/<File.*<\/File>/, '') }),
  };
  for (const [name, bytes] of Object.entries(lies)) write(name, bytes);
  const plain = pack([['a.bin', noise, 'stored']], { zip64: false });
  for (const [name, zip64] of [['good-signed', true], ['also-signed-plain-zip', false]]) {
    write(name, pack(members, { zip64 }));
    const at = path.join(out, name);
    if (!sign(keys, at, `${at}.signed`)) throw new Error('osslsigncode can not sign AppX');
    fs.renameSync(`${at}.signed`, at);
  }
  plain[30 + 5] ^= 1;
  write('changed-stored', plain);
}
