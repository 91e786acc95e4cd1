// Second opinions: which packages of the field know a row's coin, and do they take an address that was made for it? Makers build from
// the row's own parameters (version bytes, human-readable parts); this is what notices a wrong one.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const ens = require('@ensdomains/address-encoder/coders');
const wav = require('multicoin-address-validator');
const codec = require('crypto-addr-codec');
const coininfo = require('coininfo');
const bitcoin = require('bitcoinjs-lib');
const bolt11 = require('light-bolt11-decoder');
const cashaddrjs = require('cashaddrjs');
const ripple = require('ripple-address-codec');
const nano = require('nanocurrency');

const capital = (ticker) => ticker[0].toUpperCase() + ticker.slice(1).toLowerCase();
const tried = (fn) => { try { return fn(); } catch { return false; } };

const BITCOIN = { main: bitcoin.networks.bitcoin, test: bitcoin.networks.testnet, testnet: bitcoin.networks.testnet, regtest: bitcoin.networks.regtest };
const WAV = new Map(wav.getCurrencies().map((c) => [c.symbol.toUpperCase(), c.symbol]));

// Version bytes by coininfo: form -> one of its numbers.
function byCoininfo(row) {
  const known = tried(() => coininfo(`${row.ticker}${row.network === 'main' ? '' : '-TEST'}`));
  if (!known?.versions || row.check !== 'base58check') return null;
  const numbers = [known.versions.public, known.versions.scripthash, known.versions.bip32?.public].filter((n) => n !== undefined);
  return () => numbers.includes(parseInt(row.version, 16)) || (known.versions.scripthash2 ?? -1) === parseInt(row.version, 16);
}

// Forms that the packages which know the coin do not know, by what their documentation and sources say; that they refuse them means nothing.
const UNKNOWN = [
  /^(unified|icap|hedera|bolt12|bech32_any|lightning|xrp_x)\b/, / (validator|consensus key|stake|Sapling|TEX|MWEB|P2TR|silent payment|N3)\b/i, /(Schnorr|Ed25519|R1|K1|pool|governance|with tokens), /,
  /^segwit (VIA|PPC|NMC|BTM) /, /^bech32m? CKB full/,
  /, (test|regtest|stage|signet|preview)/,
  /^strkey XLM (muxed|contract)/, /^filecoin FIL f4/, /^hex AION/, /^eip55 (XDC|WAN|RBTC|RON)/, /(\b[xyztuvXYZTUV]pub|extended)/,
  /^base58check FCT/, /payment code/, /until 2024/,
  // Another thing has that ticker: an ERC-20 token, or Factom.
  /^bech32 (USDC|INJ|FET|FCT|BAND) /,
];

/* Does nobody know this form? */
export const unknownTo = (row) => UNKNOWN.some((re) => re.test(`${row.check} ${row.ticker} ${row.form}, ${row.network}`));

/* Opinions on a row: package -> (address) => boolean, for those packages that know its coin and network. */
export function opinions(row) {
  const out = {}, main = row.network === 'main';
  const decode = ens[`decode${capital(row.ticker)}Address`] ?? ens[`decode${capital(row.ticker)}LegacyAddress`];
  if (decode && main) out['@ensdomains/address-encoder'] = (a) => tried(() => decode(a).length > 0);
  const symbol = WAV.get(row.ticker);
  if (symbol) out['multicoin-address-validator'] = (a) => tried(() => wav.validate(a, symbol, { networkType: main ? 'prod' : 'testnet' }));
  const info = byCoininfo(row);
  if (info) out.coininfo = info;
  if (row.ticker === 'BTC' && BITCOIN[row.network]) out['bitcoinjs-lib'] = (a) => tried(() => (row.check === 'segwit' ? bitcoin.address.fromBech32(a).prefix === BITCOIN[row.network].bech32 : bitcoin.address.toOutputScript(a, BITCOIN[row.network]).length > 0));
  if (row.ticker === 'BTC' && /^ln/.test(row.prefix ?? '')) out['light-bolt11-decoder'] = (a) => tried(() => bolt11.decode(a).sections.length > 3);
  if (row.ticker === 'BCH') out.cashaddrjs = (a) => tried(() => cashaddrjs.decode(a.includes(':') ? a : `bitcoincash:${a}`).hash.length >= 20);
  if (row.ticker === 'XRP') out['ripple-address-codec'] = (a) => tried(() => ripple.isValidClassicAddress(a) || ripple.isValidXAddress(a));
  if (row.ticker === 'XNO') out.nanocurrency = (a) => nano.checkAddress(a);
  if (row.check === 'eip55') out['crypto-addr-codec'] = (a) => tried(() => codec.isValidChecksumAddress(a));
  // EIP-3770's short name of the chain is nobody's but ours.
  if (/:0x/.test(row.prefix ?? '')) for (const [name, takes] of Object.entries(out)) out[name] = (a) => takes(a.slice(a.indexOf(':') + 1));
  return out;
}
