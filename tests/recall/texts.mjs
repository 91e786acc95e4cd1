// Dresses an address as people and pages do: in prose, in a URI, in markup, with things hidden inside. Each dressing gives the text, the
// character where the address begins in it and how many it takes there (offsets in bytes are made of them by the caller), and whether
// the detector had to take something out.

const HIDDEN = ['\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'];
const SPACES = [' ', '\n', '\r\n', '\t', '  ', '\u00a0', '\n    '];
// Letters of other scripts that look like one Latin letter each (Unicode's confusables.txt), none of which looks like two.
const LOOKS = { A: '\u0410', B: '\u0412', C: '\u0421', E: '\u0415', H: '\u041d', K: '\u041a', M: '\u041c', P: '\u0420', T: '\u0422', X: '\u0425', a: '\u0430', c: '\u0441', e: '\u0435', p: '\u0440', x: '\u0445', y: '\u0443', j: '\u0458', s: '\u0455' };
const fullwidth = (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0);

// Something put between the characters, `count` times, never before the first or behind the last, nor before `from`.
function between(address, random, count, list, from = 0) {
  const chars = [...address];
  for (let i = 0; i < count; i++) chars[from + random.below(chars.length - 1 - from)] += random.pick(list);
  return chars.join('');
}

// Where what is behind a prefix with punctuation (bitcoincash:, addr_test1, nano_) begins: nobody breaks a line within that.
const behind = (a, row) => { const at = Math.max(...[':', '_', '-'].map((c) => (row.prefix ?? '').lastIndexOf(c))) + 1; return a.startsWith((row.prefix ?? '').slice(0, at)) ? at : 0; };

const around = (before, inside, after, normalised = false) => ({ text: before + inside + after, start: before.length, span: inside.length, normalised });

/* A word that belongs to the row, for those that are found only near one. */
export const label = (row) => (row.context ? row.context[0] : row.coin.toLowerCase().split(' ')[0]);

const scheme = (row) => row.coin.toLowerCase().replace(/[^a-z]/g, '') || 'pay';

/* Name -> (address, row, random) -> { text, start, span, normalised }, or null where it doesn't apply to the row. */
export const DRESSINGS = {
  alone: (a, row) => (row.context ? around(`${label(row)} `, a, '') : around('', a, '')),
  prose: (a, row) => around(`If this program is of use to you, a gift in ${label(row)} is welcome at `, a, ' — thank you, and tell your friends.'),
  sentence: (a, row) => around(`Our ${label(row)} address is `, a, '. It has not changed since 2019, whatever others say.'),
  punctuation: (a, row) => around(`[${label(row)}] (“`, a, '”), or ask.'),
  markup: (a, row) => around(`<p title="${label(row)}"><code>`, a, '</code></p>'),
  json: (a, row) => around(`{"coin":"${label(row)}","address":"`, a, '","tag":null}'),
  label: (a, row) => around(`${label(row)}:`, a, '\n'),
  uri: (a, row) => (/[:/]/.test(a) ? around(`${label(row)} `, a, '?amount=0.25&message=gift') : around(`${scheme(row)}:`, a, `?amount=0.25&message=${label(row)}`)),
  lines: (a, row) => around(`${label(row)}\r\n`, a, '\r\n--\r\n'),
  hidden: (a, row, random) => around(`${label(row)} `, between(a, random, 1 + random.below(4), HIDDEN), ' .', true),
  split: (a, row, random) => ((row.join ?? (row.checksum_bits >= 24 && !row.inside)) ? around(`${label(row)}: `, between(a, random, 1 + random.below(2), SPACES, behind(a, row)), '.', true) : null),
  wide: (a, row, random) => {
    const at = random.below(a.length);
    return around(`${label(row)} `, [...a].map((c, i) => (i === at || random.chance(0.2) ? fullwidth(c) : c)).join(''), '', true);
  },
  looks: (a, row, random) => {
    let some = false;
    const chars = [...a].map((c) => (LOOKS[c] && (!some || random.chance(0.3)) ? ((some = true), LOOKS[c]) : c));
    return some ? around(`${label(row)} `, chars.join(''), ' !', true) : null;
  },
};

/* One character changed to another of the same kind that stands in addresses of this row; null when there is none. */
export function changed(address, random, { from, letters }) {
  const at = from + random.below(address.length - from), c = address[at];
  const others = [...letters(c, at)].filter((x) => x !== c);
  return others.length ? address.slice(0, at) + random.pick(others) + address.slice(at + 1) : null;
}
