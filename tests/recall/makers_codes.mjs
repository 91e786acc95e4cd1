// Makers of the large families: base58check coins, bech32 and its kin, CashAddr, Lightning. Parameters (version bytes, human-readable
// parts) are the row's; confirm.mjs asks other packages about them.

import { base58check, bech, bech32, bech32m, bytesOf, cash40, concat, equal, hex, segwit } from './codecs.mjs';

export const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
export const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/* The row's payload length: a number, or [least, most]. */
export const between = (row, random) => (Array.isArray(row.payload) ? row.payload[0] + random.below(row.payload[1] - row.payload[0] + 1) : row.payload);
const fits = (n, row) => (Array.isArray(row.payload) ? n >= row.payload[0] && n <= row.payload[1] : n === row.payload);

const point = (random) => concat([2 + random.below(2)], random.bytes(32));

// What stands in the payload, where it is not just a hash.
function content(random, row) {
  const n = between(row, random);
  // BIP 32: depth, parent's fingerprint, child's number, chain code, public key.
  if (n === 74 && row.version?.length === 8) return concat([random.below(6)], random.bytes(4 + 4 + 32), point(random));
  // BIP 47 version 1: version, features, public key, chain code, 13 zeros.
  if (n === 66) return concat(point(random), point(random)); // BIP 352: two keys
  if (row.ticker === 'IOTA') return concat([0], random.bytes(32));
  if (n === 80) return concat([1, 0], point(random), random.bytes(32), new Uint8Array(13));
  return random.bytes(n);
}

const hashOf = (row) => row.hash ?? 'sha256d';

const base58checked = {
  by: 'bs58check; @noble/hashes for other hashes than SHA-256',
  make: (random, row) => base58check.encode(concat(bytesOf(row.version), content(random, row)), hashOf(row)),
  valid(text, row) {
    const body = base58check.decode(text, hashOf(row)), version = hex(body).slice(0, row.version.length);
    return version === row.version && fits(body.length - row.version.length / 2, row);
  },
  letters: () => BASE58,
};

/* The human-readable part: what stands before the last 1 of the prefix (bc1p); all of it where that has none (lnbc). */
export const hrpOf = (row) => row.prefix.replace(/1[^1]*$/, '').replace(/^[A-Z]-/, '');
// Avalanche writes the chain before it: X-avax1….
const chainOf = (row) => /^([A-Z]-)?/.exec(row.prefix)[0];

// row.version: 5-bit groups that come before the bytes (BIP 352's version).
const bech32Bytes = (code, name) => ({
  by: `bech32 (${name})`,
  make: (random, row) => chainOf(row) + code.encode(hrpOf(row), [...bytesOf(row.version ?? ''), ...code.toWords(content(random, { ...row, version: undefined }))], 2000),
  valid(text, row) {
    const d = code.decode(text.slice(chainOf(row).length), 2000), skip = (row.version ?? '').length / 2;
    return d.prefix === hrpOf(row) && equal(d.words.slice(0, skip), bytesOf(row.version ?? '')) && fits(code.fromWords(d.words.slice(skip)).length, row);
  },
  letters: () => BECH32,
  from: (row) => row.prefix.length,
});

const segwits = {
  by: 'bech32 (bitcoinjs-lib confirms)',
  make(random, row) {
    const version = row.number === 2 ? 2 + random.below(15) : row.number ?? 0, n = row.payload ? between(row, random) : version === 0 ? random.pick([20, 32]) : 32;
    return segwit.encode(hrpOf(row), version, random.bytes(version === 0 && n !== 20 ? 32 : n));
  },
  valid(text, row) {
    const d = segwit.decode(text);
    if (d.prefix !== hrpOf(row) || d.version > 16 || d.program.length < 2 || d.program.length > 40) return false;
    // Version 0; 1 with 32 bytes (Taproot); 2 stands for all others, version 1 with other lengths among them.
    return (d.version === 0 ? 0 : d.version === 1 && d.program.length === 32 ? 1 : 2) === (row.number ?? 0);
  },
  letters: () => BECH32,
  from: (row) => row.prefix.length,
};

// BOLT 11: time, a payment hash, a description or its hash, signature; amounts in the human-readable part.
function lightning(random, row) {
  const amount = random.pick(['', '2500u', '20m', '1', '25m', '9678785340p', `${1 + random.below(999)}n`]);
  const field = (letter, words) => [BECH32.indexOf(letter), words.length >> 5, words.length & 31, ...words];
  const time = Array.from({ length: 7 }, (_, i) => Math.floor((1.6e9 + random.below(2e8)) / 32 ** (6 - i)) % 32);
  const fields = [...field('p', bech32.toWords(random.bytes(32))), ...field('s', bech32.toWords(random.bytes(32)))];
  if (random.chance(0.5)) fields.push(...field('d', bech32.toWords(Buffer.from(random.pick(['coffee', 'a gift', '1 cup of tea, please'])))));
  else fields.push(...field('h', bech32.toWords(random.bytes(32))));
  if (random.chance(0.5)) fields.push(...field('x', [1 + random.below(31), random.below(32)]));
  if (random.chance(0.5)) fields.push(...field('9', [random.below(2) * 16, random.below(8), 0]));
  const signature = bech32.toWords(concat(random.bytes(64), [random.below(2)]));
  return bech32.encode(hrpOf(row) + amount, [...time, ...fields, ...signature], 4000);
}

const bolt11 = {
  by: 'bech32, fields from BOLT 11 (light-bolt11-decoder confirms)',
  make: lightning,
  valid: (text, row) => bech32.decode(text, 8000).prefix.startsWith(hrpOf(row)),
  letters: () => BECH32,
  from: (row) => row.prefix.length,
};

// BOLT 12 offers: TLV records in bech32's letters, no checksum.
const bolt12 = {
  by: 'records from BOLT 12 in the letters of bech32',
  make(random, row) {
    const text = Buffer.from(random.pick(['coffee', 'gift for the project', 'tea']));
    return row.prefix + bech32.toWords(concat([10, text.length], text, [22, 33], point(random))).map((w) => BECH32[w]).join('');
  },
  valid: (text, row) => text.startsWith(row.prefix),
  letters: () => BECH32,
  from: (row) => row.prefix.length,
};

// LNURL (LUD-01): a URL in bech32.
const anyWords = {
  by: 'bech32 (light-bolt11-decoder\'s kin; LUD-01)',
  make: (random, row) => bech.encode(hrpOf(row), Buffer.from(`https://${random.hex(3)}.example/api/v1/pay?q=${random.hex(16)}`)),
  valid: (text, row) => bech32.decode(text, 8000).prefix === hrpOf(row),
  letters: () => BECH32,
  from: (row) => row.prefix.length,
};

// Blech32 (Elements, doc of ELIP and blech32.cpp): bech32 with a checksum of 12 letters over 60 bits.
const GEN60 = [0x7d52fba40bd886n, 0x5e8dbf1a03950cn, 0x1c3a3c74072a18n, 0x385d72fa0e5139n, 0x7093e5a608865bn];
function blech(values) {
  let c = 1n;
  for (const v of values) {
    const top = c >> 55n;
    c = ((c & 0x7fffffffffffffn) << 5n) ^ BigInt(v);
    for (let i = 0; i < 5; i++) if ((top >> BigInt(i)) & 1n) c ^= GEN60[i];
  }
  return c;
}
const spread = (hrp) => [...[...hrp].map((c) => c.charCodeAt(0) >> 5), 0, ...[...hrp].map((c) => c.charCodeAt(0) & 31)];
const blech32 = {
  by: 'blech32 from its specification (Elements), written down again',
  make(random, row) {
    const hrp = hrpOf(row), version = row.number ?? 0, n = version === 0 ? random.pick([20, 32]) : 32;
    const words = [version, ...bech32.toWords(concat(point(random), random.bytes(n)))];
    const sum = blech([...spread(hrp), ...words, ...new Array(12).fill(0)]) ^ (version ? 0x455972a3350f7a1n : 1n);
    return `${hrp}1${[...words, ...Array.from({ length: 12 }, (_, i) => Number((sum >> BigInt(5 * (11 - i))) & 31n))].map((w) => BECH32[w]).join('')}`;
  },
  valid(text, row) {
    const hrp = hrpOf(row), words = [...text.slice(hrp.length + 1)].map((c) => BECH32.indexOf(c));
    return text.startsWith(`${hrp}1`) && !words.includes(-1) && blech([...spread(hrp), ...words]) === (words[0] ? 0x455972a3350f7a1n : 1n);
  },
  letters: () => BECH32,
  from: (row) => row.prefix.length,
};

// CashAddr: version byte is type << 3 | size; the payload 20 bytes, or 32.
const SIZES = [20, 24, 28, 32, 40, 48, 56, 64];
const cashaddr = {
  by: 'the polynomial from cashaddr.md (cashaddrjs confirms Bitcoin Cash)',
  make(random, row) {
    const n = between(row, random) ?? 20, prefix = row.prefix.replace(/:$/, '');
    const whole = cash40.encode(prefix, concat([(row.number ?? 0) << 3 | SIZES.indexOf(n)], random.bytes(n)));
    return row.optional && random.chance(0.5) ? whole.slice(prefix.length + 1) : whole;
  },
  valid(text, row) {
    const prefix = row.prefix.replace(/:$/, ''), bytes = cash40.decode(prefix, text.toLowerCase().replace(`${prefix}:`, ''));
    return SIZES[bytes[0] & 7] === bytes.length - 1 && bytes[0] >> 3 === (row.number ?? 0);
  },
  letters: () => BECH32,
  from: (row, text) => text.indexOf(':') + 1,
};

// Kaspa: version 0 and 32 bytes (Schnorr), 1 and 33 (ECDSA), 8 and 32 (script); always with its prefix.
const KASPA = { 0: 32, 1: 33, 8: 32 };
const kaspa = {
  by: 'the polynomial from cashaddr.md, layout from rusty-kaspa',
  make(random, row) {
    const version = row.number ?? random.pick([0, 1, 8]);
    return cash40.encode(row.prefix.replace(/:$/, ''), concat([version], version === 1 ? point(random) : random.bytes(KASPA[version])));
  },
  valid(text, row) {
    const prefix = row.prefix.replace(/:$/, ''), bytes = cash40.decode(prefix, text.toLowerCase().slice(prefix.length + 1));
    return KASPA[bytes[0]] === bytes.length - 1;
  },
  letters: () => BECH32,
  from: (row, text) => text.indexOf(':') + 1,
};

// Nervos RFC 0021: what the bytes are says the first of them. Arguments of 20 bytes are the usual ones.
const nervos = (code, head) => ({
  ...bech32Bytes(code, 'layout from Nervos RFC 0021'),
  make: (random, row) => code.encode(hrpOf(row), code.toWords(head(random)), 2000),
});
const nervosFull = nervos(bech32m, (r) => concat([0], r.bytes(32), [r.below(3)], r.bytes(20)));
const nervosShort = nervos(bech32, (r) => concat([1, r.below(2)], r.bytes(20)));
const nervosOld = nervos(bech32, (r) => concat([r.pick([2, 4])], r.bytes(32), r.bytes(20)));

export const makersOfCodes = {
  'bech32m CKB full': nervosFull, 'bech32 CKB short, deprecated': nervosShort, 'bech32 CKB full, deprecated': nervosOld,
  base58check: base58checked, segwit: segwits, bech32: bech32Bytes(bech32, 'bech32'), bech32m: bech32Bytes(bech32m, 'bech32m'),
  bech32_any: anyWords, lightning: bolt11, bolt12, blech32, cashaddr, kaspa,
};
