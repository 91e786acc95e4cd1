// Makers of the families with a checksum or structure of their own, one or a few coins each.

import { createRequire } from 'node:module';
import { base, bech32, blake2b, byron, bytesOf, cash40, concat, crc32, eip55, equal, hex, hip15, HASHES, keccak_256, onion, ripemd160, sha256, sha3_256, sha512_256, strkey, unified } from './codecs.mjs';
import { BASE58, BECH32, between } from './makers_codes.mjs';

const require = createRequire(import.meta.url);
const xrpl = require('ripple-address-codec');
const nano = require('nanocurrency');
const c32 = require('c32check');
const ss58 = require('@subsquid/ss58-codec');
const ton = require('@ton/core');
const ethers = require('@ethersproject/address');
const { ErgoAddress, Network: ErgoNetwork } = require('@fleet-sdk/core');
const { Principal } = require('@dfinity/principal');

const HEX = '0123456789abcdef', BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', RIPPLE = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const prefixLength = (row) => (row.prefix ?? '').length;
const from = prefixLength;
const letters = (set) => () => set;
const point = (random) => concat([2 + random.below(2)], random.bytes(32));
const lower = letters(HEX);
// The letters of a hexadecimal checksum by case: another digit, or the other case.
const eitherCase = letters(HEX + 'ABCDEF');
const mixed = (text) => /[a-f]/.test(text) && /[A-F]/.test(text);
const again = (fn) => { for (;;) { const text = fn(); if (text) return text; } };

// --- hexadecimal ----------------------------------------------------------------------------------------------------------------

const plainHex = {
  by: 'digits of random bytes, as the form has no checksum',
  make: (random, row) => (row.prefix ?? '') + random.hex(between(row, random)),
  valid: (text, row) => text.length === prefixLength(row) + 2 * (Array.isArray(row.payload) ? row.payload[0] : row.payload),
  letters: lower, from,
};

const evm = {
  by: '@ethersproject/address; EIP-1191 and Wanchain over @noble/hashes',
  make: (random, row) => again(() => {
    const bytes = random.bytes(20);
    let text = row.param ? eip55.encode(bytes, row.param.replace(/0x$/, '')) : ethers.getAddress('0x' + hex(bytes));
    if (row.number === 1) text = '0x' + [...text.slice(2)].map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join('');
    return mixed(text.slice(2)) && (row.prefix ?? '0x') + text.slice(2);
  }),
  valid(text, row) {
    const digits = text.slice(prefixLength(row)), bytes = bytesOf(digits);
    let want = eip55.encode(bytes, (row.param ?? '').replace(/0x$/, '')).slice(2);
    if (row.number === 1) want = [...want].map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join('');
    return want === digits;
  },
  letters: eitherCase, from,
};

// starknet.js, getChecksumAddress: Keccak of the number's bytes decides the case.
const starkCase = (bytes) => {
  let zeros = 0;
  while (zeros < 31 && bytes[zeros] === 0) zeros++;
  const sum = hex(keccak_256(bytes.slice(zeros)));
  return '0x' + [...hex(bytes)].map((c, i) => (parseInt(sum[i], 16) >= 8 ? c.toUpperCase() : c)).join('');
};
const starknet = {
  by: 'starknet.js\'s rule over @noble/hashes (@ensdomains/address-encoder confirms)',
  make: (random) => again(() => { const b = random.bytes(32); b[0] &= 7; const text = starkCase(b); return mixed(text.slice(2)) && text; }),
  valid: (text) => starkCase(bytesOf(text.slice(2))) === text,
  letters: eitherCase, from,
};

// CEP-57.
const casperCase = (tag, key) => {
  const sum = blake2b(key, { dkLen: 32 });
  let bit = 0;
  return tag + [...hex(key)].map((c) => (/[a-f]/.test(c) ? (((sum[bit >> 3] >> (bit++ & 7)) & 1) ? c.toUpperCase() : c) : c)).join('');
};
const casper = {
  by: 'CEP-57 over @noble/hashes',
  make: (random, row) => again(() => { const text = casperCase(row.prefix, row.prefix === '01' ? random.bytes(32) : point(random)); return mixed(text.slice(2)) && text; }),
  valid: (text) => casperCase(text.slice(0, 2), bytesOf(text.slice(2))) === text,
  letters: eitherCase, from: () => 2,
};

const sum48 = (bytes) => blake2b(bytes, { dkLen: 32 }).slice(0, 6);
const sia = {
  by: 'Sia\'s types.UnlockHash over @noble/hashes (multicoin-address-validator confirms)',
  make: (random) => { const b = random.bytes(32); return hex(concat(b, sum48(b))); },
  valid: (text) => { const b = bytesOf(text); return equal(sum48(b.slice(0, 32)), b.slice(32)); },
  letters: lower, from,
};

const be32 = (n) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
const icpAccount = {
  by: 'the ICP ledger\'s specification (CRC-32 of 28 bytes)',
  make: (random) => { const b = random.bytes(28); return hex(concat(be32(crc32(b)), b)); },
  valid: (text) => { const b = bytesOf(text); return equal(be32(crc32(b.slice(4))), b.slice(0, 4)); },
  letters: lower, from,
};

const vite = {
  by: 'Vite\'s specification over @noble/hashes',
  make: (random) => { const b = random.bytes(20), s = blake2b(b, { dkLen: 5 }); return `vite_${hex(b)}${hex(random.chance(0.5) ? s : s.map((x) => ~x))}`; },
  valid: (text) => { const b = bytesOf(text.slice(5)), s = blake2b(b.slice(0, 20), { dkLen: 5 }); return equal(s, b.slice(20)) || equal(s.map((x) => ~x), b.slice(20)); },
  letters: lower, from,
};

// --- base32 ---------------------------------------------------------------------------------------------------------------------

const stellar = {
  by: 'SEP-23 over @scure/base (@ensdomains/address-encoder and multicoin-address-validator confirm accounts)',
  make: (random, row) => strkey.encode(parseInt(row.version, 16), random.bytes(between(row, random))),
  valid: (text, row) => strkey.decode(text).version === parseInt(row.version, 16),
  letters: letters(BASE32), from,
};

const algorand = {
  by: 'Algorand\'s documentation over @noble/hashes (@ensdomains/address-encoder confirms)',
  make: (random) => { const k = random.bytes(32); return base.base32nopad.encode(concat(k, sha512_256(k).slice(-4))); },
  valid: (text) => { const b = base.base32nopad.decode(text); return b.length === 36 && equal(sha512_256(b.slice(0, 32)).slice(-4), b.slice(32)); },
  letters: letters(BASE32), from,
};

const dashed = (text) => text.match(/.{1,6}/g).join('-');
const nem = {
  by: 'NEM\'s and Symbol\'s references over @noble/hashes (@ensdomains/address-encoder confirms NEM)',
  make(random, row) {
    const body = concat(bytesOf(row.version), random.bytes(20)), sum = row.number === 1 ? sha3_256(body).slice(0, 3) : keccak_256(body).slice(0, 4);
    const text = base.base32nopad.encode(concat(body, sum));
    return row.inside ? dashed(text) : text;
  },
  valid(text, row) {
    const b = base.base32nopad.decode(text.replaceAll('-', '')), sum = row.number === 1 ? sha3_256(b.slice(0, 21)) : keccak_256(b.slice(0, 21));
    return hex(b.slice(0, 1)) === row.version && equal(sum.slice(0, b.length - 21), b.slice(21));
  },
  letters: (c) => (c === '-' ? '' : BASE32), from,
};

const low32 = (bytes) => base.base32nopad.encode(bytes).toLowerCase();
const leb = (n) => { const out = []; for (; n >= 128; n = Math.floor(n / 128)) out.push((n & 127) | 128); return [...out, n]; };
const filecoin = {
  by: 'Filecoin\'s specification over @noble/hashes (@ensdomains/address-encoder confirms)',
  make(random, row) {
    const protocol = row.number, net = row.prefix[0];
    if (protocol === 4) {
      const actor = 10, sub = random.bytes(20), sum = blake2b(concat([4], leb(actor), sub), { dkLen: 4 });
      return `${net}4${actor}f${low32(concat(sub, sum))}`;
    }
    const payload = random.bytes(protocol === 3 ? 48 : 20);
    return `${net}${protocol}${low32(concat(payload, blake2b(concat([protocol], payload), { dkLen: 4 })))}`;
  },
  valid(text, row) {
    const f4 = /^.4(\d+)f(.*)$/.exec(text), b = base.base32nopad.decode((f4 ? f4[2] : text.slice(2)).toUpperCase());
    return equal(blake2b(concat([row.number], f4 ? leb(Number(f4[1])) : [], b.slice(0, -4)), { dkLen: 4 }), b.slice(-4));
  },
  letters: (c) => (/[a-z2-7]/.test(c) ? BASE32.toLowerCase() : '0123456789'), from: (row, text) => (row.number === 4 ? text.indexOf('f', 2) + 1 : 2),
};

const icpPrincipal = {
  by: '@dfinity/principal',
  make: (random, row) => Principal.fromUint8Array(!row.suffix ? concat(random.bytes(28), [2]) : concat(random.bytes(8), [1, 1])).toText(),
  valid: (text) => Principal.fromText(text).toText() === text,
  letters: (c) => (c === '-' ? '' : BASE32.toLowerCase()), from,
};

const onions = {
  by: 'rend-spec-v3 section 6 over @noble/hashes',
  make: (random, row) => onion.encode(random.bytes(32)).slice(0, row.suffix ? undefined : 56),
  valid: (text) => onion.valid(text),
  letters: (c) => (c === '.' ? '' : BASE32.toLowerCase()), from, to: 56,
};

// --- base58 of another kind -----------------------------------------------------------------------------------------------------

// A varint of CryptoNote stands in row.version already.
const cryptonote = {
  by: '@scure/base (base58xmr) and Keccak of @noble/hashes (@ensdomains/address-encoder and multicoin-address-validator confirm)',
  make: (random, row) => { const b = concat(bytesOf(row.version), random.bytes(between(row, random))); return base.base58xmr.encode(concat(b, keccak_256(b).slice(0, 4))); },
  valid(text, row) {
    const b = base.base58xmr.decode(text);
    return hex(b).startsWith(row.version) && equal(keccak_256(b.slice(0, -4)).slice(0, 4), b.slice(-4));
  },
  letters: letters(BASE58), from: () => 0,
};

const xrp = {
  by: 'ripple-address-codec',
  make: (random) => xrpl.encodeAccountID(Buffer.from(random.bytes(20))),
  valid: (text) => xrpl.isValidClassicAddress(text),
  letters: letters(RIPPLE), from: () => 1,
};
const xrpX = {
  by: 'ripple-address-codec',
  make: (random, row) => xrpl.encodeXAddress(Buffer.from(random.bytes(20)), random.chance(0.3) ? false : random.next(), row.network !== 'main'),
  valid: (text) => xrpl.isValidXAddress(text),
  letters: letters(RIPPLE), from: () => 1,
};

const solana = {
  by: '@scure/base (base58 of 32 bytes: no checksum)',
  make: (random) => base.base58.encode(random.bytes(32)),
  valid: (text) => base.base58.decode(text).length === 32,
  letters: letters(BASE58), from,
};

const ss58Row = {
  by: '@subsquid/ss58-codec',
  make: (random, row) => ss58.encode({ prefix: row.number, bytes: random.bytes(32) }),
  valid: (text, row) => { const d = ss58.decode(text); return row.number === undefined || d.prefix === row.number; },
  letters: letters(BASE58), from: () => 0,
};

const waves = {
  by: 'Waves\' specification over @noble/hashes (@ensdomains/address-encoder confirms)',
  make: (random, row) => { const b = concat([1], row.version?.length === 4 ? bytesOf(row.version.slice(2)) : [(row.network === 'main' ? 'W' : 'T').charCodeAt(0)], random.bytes(20)); return base.base58.encode(concat(b, HASHES.blake2bKeccak(b).slice(0, 4))); },
  valid: (text) => { const b = base.base58.decode(text); return b.length === 26 && equal(HASHES.blake2bKeccak(b.slice(0, 22)).slice(0, 4), b.slice(22)); },
  letters: letters(BASE58), from: () => 0,
};

const ergo = {
  by: '@fleet-sdk/core',
  make(random, row) {
    const network = row.network === 'main' ? ErgoNetwork.Mainnet : ErgoNetwork.Testnet;
    if (/P2SH/i.test(row.form)) return ErgoAddress.fromHash(random.bytes(24), network).toString();
    return ErgoAddress.fromPublicKey(hex(point(random)), network).toString(network);
  },
  valid: (text) => ErgoAddress.validate(text),
  letters: letters(BASE58), from: () => 0,
};

const cardanoByron = {
  by: 'Cardano\'s CBOR (byron.cddl) written down again (@ensdomains/address-encoder and multicoin-address-validator confirm)',
  make(random, row) {
    const test = row.network !== 'main' ? [[2, concat([0x1a], be32(1097911063))]] : [];
    // The derivation path, encrypted: Daedalus wallets have it, Icarus wallets don't.
    const path = /Daedalus/.test(row.form) ? [[1, concat([0x58, 28], random.bytes(28))]] : [];
    return byron(random.bytes(28), [...path, ...test]);
  },
  valid(text) {
    const all = base.base58.decode(text), n = all[4], inner = all.slice(5, 5 + n), crc = all.slice(6 + n);
    let sum = 0;
    for (const b of crc) sum = sum * 256 + b;
    return equal(all.slice(0, 4), [0x82, 0xd8, 0x18, 0x58]) && sum === crc32(inner);
  },
  letters: letters(BASE58), from: () => 0,
};

// --- letters of their own ---------------------------------------------------------------------------------------------------------

const nanos = {
  by: 'nanocurrency',
  make: (random, row) => nano.deriveAddress(random.hex(32), { useNanoPrefix: true }).replace('nano_', row.prefix.replace(/[13]$/, '')),
  valid: (text, row) => nano.checkAddress(text.replace(row.prefix.replace(/[13]$/, ''), 'nano_')),
  letters: letters('13456789abcdefghijkmnopqrstuwxyz'), from: (row, text) => text.indexOf('_') + 2,
};

const C32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const stacks = {
  by: 'c32check',
  make: (random, row) => c32.c32address(row.version ? parseInt(row.version, 16) : row.number, random.hex(20)),
  valid: (text) => Boolean(c32.c32addressDecode(text)),
  letters: letters(C32), from: () => 2,
};

// row.version: flags (11 bounceable, 51 not, 91 and d1 on test networks), workchain.
const tonFriendly = {
  by: '@ton/core',
  make(random, row) {
    const flags = parseInt(row.version.slice(0, 2), 16), address = new ton.Address(row.version.endsWith('ff') ? -1 : 0, Buffer.from(random.bytes(32)));
    return address.toString({ bounceable: (flags & 0x40) === 0, testOnly: (flags & 0x80) !== 0, urlSafe: !row.inside.includes('+') });
  },
  valid: (text) => ton.Address.isFriendly(text) && Boolean(ton.Address.parseFriendly(text)),
  letters: (c, row) => (row.inside.includes('+') ? BASE64URL.replace('-_', '+/') : BASE64URL), from: () => 0,
};
const tonRaw = {
  by: '@ton/core',
  make: (random, row) => new ton.Address(parseInt(row.prefix, 10), Buffer.from(random.bytes(32))).toRawString(),
  valid: (text) => Boolean(ton.Address.parseRaw(text)),
  letters: lower, from: (row, text) => text.indexOf(':') + 1,
};

const hedera = {
  by: 'HIP-15 written down again',
  make: (random, row) => hip15(`0.0.${1000 + random.below(9000000)}`, [row.number ?? 0]),
  valid: (text, row) => hip15(text.split('-')[0], [row.number ?? 0]) === text,
  letters: (c) => (/[a-z]/.test(c) ? 'abcdefghijklmnopqrstuvwxyz' : /\d/.test(c) ? '123456789' : ''), from: () => 4,
};

const arweave = {
  by: '@scure/base (base64url of 32 bytes: no checksum)',
  make: (random) => base.base64urlnopad.encode(random.bytes(32)),
  valid: (text) => base.base64urlnopad.decode(text).length === 32,
  letters: letters(BASE64URL), from,
};

const zcashUnified = {
  by: 'ZIP 316 (F4Jumble) over @noble/hashes, bech32',
  make(random, row) {
    const hrp = row.prefix.replace(/1$/, ''), items = [];
    if (random.chance(0.5)) items.push([0, random.bytes(20)]);
    if (random.chance(0.6)) items.push([2, random.bytes(43)]);
    if (!items.some(([t]) => t === 2) || random.chance(0.6)) items.push([3, random.bytes(43)]);
    return unified.encode(hrp, items);
  },
  valid: (text, row) => unified.decode(text).prefix === row.prefix.replace(/1$/, ''),
  letters: letters(BECH32), from,
};

// LIP-0018: bech32's checksum without a human-readable part, in other letters.
const LISK = 'zxvcpmbn3465o978uyrtkqew2adsjhfg', CONFLUX = 'abcdefghjkmnprstuvwxyz0123456789';
const GEN30 = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const polymod30 = (values) => values.reduce((c, v) => GEN30.reduce((x, g, i) => (((c >>> 25) >> i) & 1 ? x ^ g : x), ((c & 0x1ffffff) << 5) ^ v), 1);
const lisk = {
  by: 'LIP-0018, words by bech32',
  make(random) {
    const words = bech32.toWords(random.bytes(20)), sum = polymod30([...words, 0, 0, 0, 0, 0, 0]) ^ 1;
    return 'lsk' + [...words, ...Array.from({ length: 6 }, (_, i) => (sum >> (5 * (5 - i))) & 31)].map((w) => LISK[w]).join('');
  },
  valid: (text) => polymod30([...text.slice(3)].map((c) => LISK.indexOf(c))) === 1,
  letters: letters(LISK), from,
};

// CIP-37: CashAddr's checksum in other letters; the first digit says what it is.
const conflux = {
  by: 'CIP-37 over CashAddr\'s polynomial',
  make(random, row) {
    const bytes = random.bytes(20);
    bytes[0] = (bytes[0] & 15) | ((row.number ? row.number - 1 : random.pick([1, 8])) << 4);
    const net = row.param, text = cash40.encode(net, concat([0], bytes)).slice(net.length + 1);
    const own = [...text].map((c) => CONFLUX[BECH32.indexOf(c)]).join('');
    return row.prefix + (row.prefix === row.prefix.toUpperCase() ? own.toUpperCase() : own);
  },
  valid: (text, row) => cash40.decode(row.param, [...text.slice(text.lastIndexOf(':') + 1).toLowerCase()].map((c) => BECH32[CONFLUX.indexOf(c)]).join(''))[0] === 0,
  letters: (c) => (c === c.toUpperCase() && /[A-Z]/.test(c) ? CONFLUX.toUpperCase() : CONFLUX), from,
};

// NXT's Reed-Solomon: 13 symbols of the account, lowest first, four of the code; generator with the coefficients 30, 6, 9, 17 over GF(32).
const NXT = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ', PLACE = [3, 2, 1, 0, 7, 6, 5, 4, 13, 14, 15, 16, 12, 8, 9, 10, 11];
const times = (a, b) => { let r = 0; for (let i = 0; i < 5; i++) { if ((b >> i) & 1) r ^= a << i; } for (let i = 8; i >= 5; i--) if ((r >> i) & 1) r ^= 0x25 << (i - 5); return r; };
const parity = (word) => word.slice(0, 13).reduceRight((p, w) => { const f = w ^ p[3]; return [times(17, f), p[0] ^ times(9, f), p[1] ^ times(6, f), p[2] ^ times(30, f)]; }, [0, 0, 0, 0]);
const nxt = {
  by: 'NXT\'s encoder, written down again (@ensdomains/address-encoder confirms Ardor)',
  make(random, row) {
    let account = random.bytes(8).reduce((n, b) => n * 256n + BigInt(b), 0n);
    const word = Array.from({ length: 13 }, () => { const w = Number(account & 31n); account >>= 5n; return w; });
    const letter = [...word, ...parity(word)];
    return row.prefix + PLACE.map((p) => NXT[letter[p]]).join('').replace(/^(.{4})(.{4})(.{4})/, '$1-$2-$3-');
  },
  valid(text, row) {
    const word = [];
    [...text.slice(row.prefix.length).replaceAll('-', '')].forEach((c, i) => { word[PLACE[i]] = NXT.indexOf(c); });
    return word.length === 17 && equal(parity(word), word.slice(13));
  },
  letters: (c) => (c === '-' ? '' : NXT), from,
};

// ISO 13616's check digits.
const mod97 = (text) => [...(text.slice(4) + text.slice(0, 4))].reduce((r, c) => Number(String(r) + parseInt(c, 36)) % 97, 0);
const checked = (country, rest) => country + String(98 - mod97(`${country}00${rest}`)).padStart(2, '0') + rest;
const NIMIQ = '0123456789ABCDEFGHJKLMNPQRSTUVXY';
const nimiq = {
  by: 'Nimiq\'s documentation (@ensdomains/address-encoder confirms)',
  make(random, row) {
    const text = checked('NQ', bech32.toWords(random.bytes(20)).map((w) => NIMIQ[w]).join(''));
    return row.inside ? text.match(/.{4}/g).join(' ') : text;
  },
  valid: (text) => mod97(text.replaceAll(' ', '')) === 1,
  letters: (c) => (c === ' ' ? '' : NIMIQ), from: () => 4,
};
const icap = {
  by: 'ICAP\'s specification written down again',
  make: (random) => checked('XE', BigInt('0x' + hex(concat([0], random.bytes(19)))).toString(36).toUpperCase().padStart(30, '0')),
  valid: (text) => mod97(text) === 1,
  letters: letters('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'), from: () => 4,
};

// Base58 with another hash: row.param names it, row.number characters of the prefix are no base58, row.version goes first.
const curve = (name) => (b) => ripemd160(concat(b, Buffer.from(name)));
const SUMS = {
  sha256d: HASHES.sha256d, sha256, blake2b: HASHES.blake2b256, waves: HASHES.blake2bKeccak, sha3: sha3_256,
  ripemd160, 'ripemd160-k1': curve('K1'), 'ripemd160-r1': curve('R1'),
};
const base58Sum = {
  by: '@scure/base and @noble/hashes (@ensdomains/address-encoder confirms many)',
  make(random, row) {
    const n = between(row, random), body = concat(bytesOf(row.version ?? ''), n === 33 ? point(random) : random.bytes(n));
    return (row.prefix ?? '').slice(0, row.number ?? 0) + base.base58.encode(concat(body, SUMS[row.param](body).slice(0, 4)));
  },
  valid(text, row) {
    const b = base.base58.decode(text.slice(row.number ?? 0)), body = b.slice(0, -4);
    return text.startsWith((row.prefix ?? '').slice(0, row.number ?? 0)) && hex(body).startsWith(row.version ?? '') && equal(SUMS[row.param](body).slice(0, 4), b.slice(-4));
  },
  letters: letters(BASE58), from: (row) => row.number ?? 0,
};

export const makersOfFamilies = {
  lisk, conflux, nxt, nimiq, icap, base58_sum: base58Sum, 'base58_sum ERG': ergo, 'hex TON': tonRaw,
  hex: plainHex, eip55: evm, starknet, casper, sia, icp_account: icpAccount, vite, strkey: stellar, algorand, nem, filecoin, icp_principal: icpPrincipal,
  onion: onions, cryptonote, xrp, xrp_x: xrpX, solana, ss58: ss58Row, waves, ergo, byron: cardanoByron, nano: nanos, stacks, c32check: stacks,
  ton: tonFriendly, hedera, arweave, unified: zcashUnified, zcash_unified: zcashUnified,
};
