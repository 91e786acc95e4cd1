// What the detector is measured against: the five rules of Tor Browser's CryptoSafety actor, rebuilt from what it does, and the npm
// package multicoin-address-validator, asked as one must who doesn't know the coin: every currency it knows, on every word.

import { createRequire } from 'node:module';
import { bech32 } from 'bech32';

const wav = createRequire(import.meta.url)('multicoin-address-validator');

const base58 = '[1-9A-HJ-NP-Za-km-z]';
// One word for each rule: 1… or 3… of Bitcoin by length, any BIP 173 bech32 with a good checksum (not bech32m), 0x and 40 hex
// digits, Zcash t1 by length, Monero's three lengths. No checksum but bech32's is looked at.
const PATTERNS = [
  new RegExp(`^[13]${base58}{25,39}$`),
  /^0x[0-9a-fA-F]{40}$/,
  /^t1[0-9A-Za-z]{33}$/,
  new RegExp(`^4(?:[0-9AB]|${base58}{12}(?:${base58}{30})?)${base58}{93}$`),
];
const isBech32 = (s) => s.length >= 8 && s.length <= 90 && bech32.decodeUnsafe(s, 90) !== undefined;
const torRules = (s) => PATTERNS.some((p) => p.test(s)) || isBech32(s);

/* Tor Browser: the whole clipboard without its white space is one address, or nothing is. */
export const torBrowser = (clipboard) => torRules(clipboard.replace(/\s+/g, ''));

// Candidates for those who look at one word at a time.
export const words = (text) => text.match(/[0-9A-Za-z][0-9A-Za-z:_.-]{24,}/g) ?? [];

/* The same rules, helped: on each word. Number of words it takes for addresses. */
export const torBrowserWords = (text) => words(text).filter(torRules).length;

const SYMBOLS = [...new Set(wav.getCurrencies().map((c) => c.symbol))];
const accepts = (word, symbol) => { try { return Boolean(wav.validate(word, symbol, { networkType: 'both' })); } catch { return false; } };

/* multicoin-address-validator: does any of its currencies take this word? */
export const multicoin = (word) => SYMBOLS.some((symbol) => accepts(word, symbol));
export const multicoinWords = (text) => words(text).filter(multicoin).length;
export const multicoinAlone = (clipboard) => multicoin(clipboard.trim());
export const MULTICOIN_CURRENCIES = SYMBOLS.length;
