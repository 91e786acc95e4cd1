// Address formats by other people's code: encoders and decoders of npm packages, and where no small package exists, the format written
// down here once more from its specification over @noble/hashes and @scure/base. Nothing of host/ is used. A decoder throws or returns
// null on what is not valid; makers.mjs puts them together, family by family.

import { createRequire } from 'node:module';
import * as base from '@scure/base';
import { bech32, bech32m } from 'bech32';
import bs58check from 'bs58check';
import { blake256 } from '@noble/hashes/blake1';
import { blake2b } from '@noble/hashes/blake2b';
import { sha256 } from '@noble/hashes/sha256';
import { sha512_256 } from '@noble/hashes/sha512';
import { keccak_256, sha3_256 } from '@noble/hashes/sha3';
import { ripemd160 } from '@noble/hashes/ripemd160';

const require = createRequire(import.meta.url);
export const cashaddrjs = require('cashaddrjs');
export { base, bech32, bech32m, bs58check, blake256, blake2b, sha256, sha512_256, keccak_256, sha3_256, ripemd160 };

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const bytesOf = (text) => Uint8Array.from(Buffer.from(text, 'hex'));
export const concat = (...parts) => Uint8Array.from(Buffer.concat(parts.map((p) => Buffer.from(p))));
export const equal = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;
const ascii = (text) => Uint8Array.from(Buffer.from(text, 'latin1'));

// --- base58 with a checksum of its own hash -----------------------------------------------------------------------------------

const sha256d = (b) => sha256(sha256(b));
export const HASHES = {
  sha256d,
  blake256d: (b) => blake256(blake256(b)),
  keccak256: (b) => keccak_256(b),
  blake2bKeccak: (b) => keccak_256(blake2b(b, { dkLen: 32 })),
  blake2b256: (b) => blake2b(b, { dkLen: 32 }),
  blake2b512: (b) => blake2b(b, { dkLen: 64 }),
  ripemd160: (b) => ripemd160(b),
  sm3: null,
};

export const base58check = {
  encode: (body, hash = 'sha256d', n = 4) => (hash === 'sha256d' && n === 4 ? bs58check.encode(body) : base.base58.encode(concat(body, HASHES[hash](body).slice(0, n)))),
  decode(text, hash = 'sha256d', n = 4) {
    const all = base.base58.decode(text), body = all.slice(0, -n);
    if (all.length <= n || !equal(HASHES[hash](body).slice(0, n), all.slice(-n))) throw new Error('checksum');
    return body;
  },
};

// --- bech32 and its kin ---------------------------------------------------------------------------------------------------------

const variant = (m) => (m ? bech32m : bech32);
export const bech = {
  encode: (hrp, bytes, m = false) => variant(m).encode(hrp, variant(m).toWords(bytes), 4000),
  decode(text, m = false) {
    const { prefix, words } = variant(m).decode(text, 4000);
    return { prefix, bytes: Uint8Array.from(variant(m).fromWords(words)) };
  },
};
export const segwit = {
  encode: (hrp, version, program) => variant(version > 0).encode(hrp, [version, ...bech32.toWords(program)]),
  decode(text) {
    for (const m of [false, true]) {
      const d = variant(m).decodeUnsafe(text, 90);
      if (!d) continue;
      const program = Uint8Array.from(bech32.fromWords(d.words.slice(1)));
      if (m !== d.words[0] > 0 || (d.words[0] === 0 && ![20, 32].includes(program.length))) throw new Error('version');
      return { prefix: d.prefix, version: d.words[0], program };
    }
    throw new Error('checksum');
  },
};

// CashAddr's code over GF(32) with 40 bits (spec of Bitcoin Cash, "cashaddr.md"), for those prefixes cashaddrjs doesn't know, and Kaspa.
const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x98f2bc8e61n, 0x79b76d99e2n, 0xf33e5fb3c4n, 0xae2eabe2a8n, 0x1e4f43e470n];
function polymod40(values) {
  let c = 1n;
  for (const v of values) {
    const top = c >> 35n;
    c = ((c & 0x07ffffffffn) << 5n) ^ BigInt(v);
    for (let i = 0; i < 5; i++) if ((top >> BigInt(i)) & 1n) c ^= GENERATOR[i];
  }
  return c ^ 1n;
}
export const cash40 = {
  encode(prefix, bytes, separator = ':') {
    const words = bech32.toWords(bytes), low = [...ascii(prefix)].map((c) => c & 31);
    const sum = polymod40([...low, 0, ...words, 0, 0, 0, 0, 0, 0, 0, 0]);
    const tail = Array.from({ length: 8 }, (_, i) => Number((sum >> BigInt(5 * (7 - i))) & 31n));
    return prefix + separator + [...words, ...tail].map((w) => CHARSET[w]).join('');
  },
  decode(prefix, payload) {
    const words = [...payload].map((c) => CHARSET.indexOf(c));
    if (words.includes(-1) || polymod40([...ascii(prefix)].map((c) => c & 31).concat(0, words)) !== 0n) throw new Error('checksum');
    return Uint8Array.from(bech32.fromWords(words.slice(0, -8)));
  },
};

// --- small checksums ------------------------------------------------------------------------------------------------------------

export function crc16(bytes) {
  let crc = 0;
  for (const b of bytes) for (let i = 7; i >= 0; i--) { const top = (crc >> 15) ^ ((b >> i) & 1); crc = ((crc << 1) & 0xffff) ^ (top ? 0x1021 : 0); }
  return crc;
}
export function crc32(bytes) {
  let crc = ~0;
  for (const b of bytes) { crc ^= b; for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0); }
  return ~crc >>> 0;
}

// SEP-23 of Stellar: version, key, CRC-16 little-endian, base32.
export const strkey = {
  encode(version, payload) {
    const body = concat([version], payload), crc = crc16(body);
    return base.base32nopad.encode(concat(body, [crc & 255, crc >> 8]));
  },
  decode(text) {
    const all = base.base32nopad.decode(text), crc = crc16(all.slice(0, -2));
    if ((crc & 255) !== all.at(-2) || crc >> 8 !== all.at(-1)) throw new Error('checksum');
    return { version: all[0], payload: all.slice(1, -2) };
  },
};

// rend-spec-v3, section 6: ADDRESS = base32(KEY | SHA3-256(".onion checksum" | KEY | 3)[:2] | 3).
export const onion = {
  encode: (key) => base.base32nopad.encode(concat(key, sha3_256(concat(ascii('.onion checksum'), key, [3])).slice(0, 2), [3])).toLowerCase() + '.onion',
  valid(text) {
    const all = base.base32nopad.decode(text.toLowerCase().replace(/\.onion$/, '').toUpperCase());
    return all.length === 35 && onion.encode(all.slice(0, 32)) === text.toLowerCase().replace(/(\.onion)?$/, '.onion');
  },
};

// ERC-55, and EIP-1191's variant with the chain number in front.
export const eip55 = {
  encode(bytes, chain = '') {
    const digits = hex(bytes), sum = hex(keccak_256(ascii(chain ? `${chain}0x${digits}` : digits)));
    return '0x' + [...digits].map((c, i) => (parseInt(sum[i], 16) >= 8 ? c.toUpperCase() : c)).join('');
  },
};

// --- Zcash unified addresses: ZIP 316's F4Jumble, with BLAKE2b --------------------------------------------------------------------

function jumble(message, inverse) {
  const left = Math.min(64, message.length >> 1), a = message.slice(0, left), b = message.slice(left);
  const H = (i, u) => blake2b(u, { dkLen: left, personalization: concat(ascii('UA_F4Jumble_H'), [i, 0, 0]) });
  const G = (i, u) => {
    const out = new Uint8Array(b.length);
    for (let j = 0; j * 64 < out.length; j++) out.set(blake2b(u, { dkLen: 64, personalization: concat(ascii('UA_F4Jumble_G'), [i, j & 255, j >> 8]) }).slice(0, out.length - 64 * j), 64 * j);
    return out;
  };
  const xor = (x, y) => x.map((v, i) => v ^ y[i]);
  let x = a, y = b;
  for (const i of inverse ? [1, 0] : [0, 1]) {
    if (inverse) { x = xor(x, H(i, y)); y = xor(y, G(i, x)); } else { y = xor(y, G(i, x)); x = xor(x, H(i, y)); }
  }
  return concat(x, y);
}
const padded = (hrp) => concat(ascii(hrp), new Uint8Array(16 - hrp.length));
export const unified = {
  encode: (hrp, items) => bech.encode(hrp, jumble(concat(...items.map(([type, bytes]) => concat([type, bytes.length], bytes)), padded(hrp)), false), true),
  decode(text) {
    const { prefix, bytes } = bech.decode(text, true), message = jumble(bytes, true), items = [];
    if (!equal(message.slice(-16), padded(prefix))) throw new Error('padding');
    for (let at = 0; at < message.length - 16;) {
      const length = message[at + 1];
      items.push([message[at], message.slice(at + 2, at + 2 + length)]);
      at += 2 + length;
      if (at > message.length - 16) throw new Error('items');
    }
    return { prefix, items };
  },
};

// --- Cardano before Shelley: CBOR [24(bytes), CRC-32] in base58 ---------------------------------------------------------------------

export function byron(root, attributes = [], type = 0) {
  // [root hash, {…}, type]; attributes: pairs of a small number and bytes.
  const map = attributes.map(([key, value]) => concat([key, value.length < 24 ? 0x40 + value.length : 0x58], value.length < 24 ? [] : [value.length], value));
  const inner = concat([0x83, 0x58, root.length], root, [0xa0 + attributes.length], ...map, [type]), crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(inner));
  return base.base58.encode(concat([0x82, 0xd8, 0x18, 0x58, inner.length], inner, [0x1a], crc));
}

// --- HIP-15 of Hedera: five letters from the digits, base 26 ------------------------------------------------------------------------

export function hip15(address, ledger = [0]) {
  const d = [...address].map((c) => (c === '.' ? 10 : Number(c))), p3 = 26 ** 3, p5 = 26 ** 5, m = 1000003;
  let sd0 = 0, sd1 = 0, sd = 0, sh = 0;
  for (let i = 0; i < d.length; i++) {
    sd = (31 * sd + d[i]) % p3;
    if (i % 2 === 0) sd0 = (sd0 + d[i]) % 11; else sd1 = (sd1 + d[i]) % 11;
  }
  for (const b of [...ledger, 0, 0, 0, 0, 0, 0]) sh = (31 * sh + b) % p5;
  let cp = ((((address.length % 5) * 11 + sd0) * 11 + sd1) * p3 + sd + sh) % p5;
  cp = Number((BigInt(cp) * BigInt(m)) % BigInt(p5));
  let letters = '';
  for (let i = 0; i < 5; i++) { letters = String.fromCharCode(97 + (cp % 26)) + letters; cp = Math.floor(cp / 26); }
  return `${address}-${letters}`;
}
