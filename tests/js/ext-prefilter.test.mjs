// extension/content/candidate.js: what the host's scanner would find is never let pass; ordinary text is.

import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import path from 'node:path';

const ROOT = new URL('../../', import.meta.url);
const text = (name) => readFileSync(new URL(name, ROOT), 'utf8');
const context = createContext({});
for (const name of ['bared', 'candidate']) runInContext(text(`extension/content/${name}.js`), context);
const { mayHoldAddress, isPaymentUri } = context.secondexit;
const HOST = path.join(process.env.SECONDEXIT_BUILD ?? new URL('build', ROOT).pathname, 'secondexit');
const VALID = JSON.parse(text('shared/vectors/currencies.json')).vectors.flatMap((v) => v.valid ?? []);
const BITCOIN = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa';

const every = (n, glue) => (address) => address.replace(new RegExp(`.{${n}}(?=.)`, 'g'), `$&${glue}`);
const VARIANTS = {
  alone: (a) => a,
  'in a sentence': (a) => `Please send it to ${a}, thank you.`,
  'after a label': (a) => `wallet:${a}`,
  'in a link': (a) => `<a href="https://site.test/pay?to=${a}&x=1">pay</a>`,
  'in groups of four': every(4, ' '),
  'in groups of five': every(5, ' '),
  'in groups of eight': every(8, '\u00a0'),
  'two halves': (a) => `${a.slice(0, a.length >> 1)} ${a.slice(a.length >> 1)}`,
  'a line end': (a) => `${a.slice(0, 20)}\n  ${a.slice(20)}`,
  'a hyphen and a line end': (a) => `${a.slice(0, 20)}-\n${a.slice(20)}`,
  'zero width between all': (a) => [...a].join('\u200b'),
  'soft hyphens': every(3, '\u00ad'),
  'bidirectional controls': (a) => `\u202a${a.slice(0, 7)}\u2069\u2066${a.slice(7)}\u202c`,
  'combining marks': every(6, '\u034f'),
  'full width': (a) => a.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)),
  'Cyrillic look-alikes': (a) => a.replace(/[aceopxy]/g, (c) => ({ a: 'а', c: 'с', e: 'е', o: 'о', p: 'р', x: 'х', y: 'у' })[c]),
  'mathematical letters': (a) => a.replace(/[a-z]/g, (c) => String.fromCodePoint(0x1d41a + c.charCodeAt(0) - 97)),
};

test('every address of the vectors is held, alone, in text, with what is not seen inside', () => {
  assert.ok(VALID.length > 500, `${VALID.length} vectors`);
  const whole = ['alone', 'in a sentence', 'in a link', 'zero width between all', 'soft hyphens', 'combining marks', 'full width', 'Cyrillic look-alikes', 'mathematical letters'];
  for (const name of whole) {
    const missed = VALID.filter((address) => !mayHoldAddress(VARIANTS[name](address)));
    assert.deepEqual(missed, [], name);
  }
});

test('whatever the scanner finds in any variant, the prefilter holds', { skip: !existsSync(HOST) && 'no host built' }, () => {
  let found = 0;
  for (const [name, make] of Object.entries(VARIANTS)) {
    const parts = VALID.map(make);
    const places = [];
    let at = 0;
    // A comma on a line of its own: nothing reaches over it.
    const joined = parts.map((part) => {
      places.push(at);
      at += Buffer.byteLength(part) + 3;
      return `${part}\n,\n`;
    }).join('');
    let out;
    try {
      out = execFileSync(HOST, ['scan', '--json'], { input: joined, maxBuffer: 1 << 28 }).toString();
    } catch (e) {
      out = e.stdout.toString();
    }
    const hits = new Set(out.split('\n').filter(Boolean).map(JSON.parse).filter((line) => Number.isInteger(line.offset)).map(({ offset }) => places.findLastIndex((place) => place <= offset)));
    found += hits.size;
    assert.deepEqual([...hits].filter((i) => !mayHoldAddress(parts[i])).map((i) => parts[i]), [], name);
  }
  assert.ok(found > VALID.length * 5, `the scanner found ${found} only`);
});

// What rich text makes of an address, and pages that hide it there: no letter of it is told from another by tags alone.
const MARKUP = {
  tags: every(5, '<b></b>'),
  'end tags, comments': every(4, '</i><!-- a > " b -->'),
  'attributes with an end in them': every(7, '<span title="a > b" lang=\'>\'>'),
  'a script and a style': every(9, '<script>", , ,</script><STYLE>, , .</style >'),
  'numbers for letters': (a) => [...a].map((c, i) => (i % 2 ? `&#${c.charCodeAt(0)};` : `&#x${c.charCodeAt(0).toString(16)};`)).join(''),
  'numbers without an end': (a) => a.replace(/[xyz]/g, (c) => `&#x${c.charCodeAt(0).toString(16)}<b></b>`),
  'what is not seen': every(3, '&shy;&ZeroWidthSpace;'),
  'declarations and processing': every(6, '<!x><?y?>'),
};

test('markup is looked at as the host does: as it stands and with its tags out', () => {
  const plain = (a) => /^[\w]+$/.test(a);
  for (const [name, make] of Object.entries(MARKUP)) {
    const addresses = VALID.filter(plain);
    assert.ok(addresses.length > 300);
    const isSeen = name !== 'what is not seen';
    assert.deepEqual(addresses.filter((a) => isSeen && context.secondexit.bared(`<p>${make(a)}`) !== `\n${a}`), [], name);
    assert.deepEqual(addresses.filter((a) => !mayHoldAddress(`<p>${make(a)}</p>`, 'text/html')), [], name);
  }
  assert.equal(mayHoldAddress(MARKUP.tags(BITCOIN), 'text/plain'), false, 'elsewhere a tag is a tag');
  for (const type of ['text/html', 'application/xhtml+xml', 'image/svg+xml', 'text/_moz_htmlcontext', 'TEXT/HTML']) assert.equal(mayHoldAddress(MARKUP.tags(BITCOIN), type), true, type);
  assert.equal(mayHoldAddress('<p class="x">Ordinary <b>rich</b> prose, <a href="/about">with a link</a> &amp; more, in 2019.</p>', 'text/html'), false);
});

test('tags are taken out as host/parse/bare.c takes them out', () => {
  const { bared } = context.secondexit;
  for (const [markup, is] of [
    ['a<b>b</b>c', 'abc'], ['a<br>b', 'a\nb'], ['a<BR/>b', 'a\nb'], ['a</p>b', 'a\nb'], ['a<p-x>b', 'ab'], ['a < b', 'a < b'], ['a<3', 'a<3'], ['a</3', 'a</3'], ['a<', 'a<'], ['a</', 'a</'], ['<a', ''],
    ['a<b title=">">c', 'ac'], ['a<b title=\'>\'>c', 'ac'], ['a<b ">c', 'a'], ['a<!-- > -->b', 'ab'], ['a<!--b', 'a'], ['a<!-->b-->c', 'ac'], ['a<!x>b', 'ab'], ['a<?x>b', 'ab'], ['a</!x>', 'a</!x>'],
    ['a<script>b<b></script>c', 'ac'], ['a<script>b', 'a'], ['a<SCRIPT x=">">b</sCript >c', 'ac'], ['a<scripts>b', 'ab'], ['a</script>b', 'ab'], ['a<style>b</style>c', 'ac'], ['a<script>b</style>c', 'a'],
    ['&lt;b&gt;', '<b>'], ['&amp;lt;', '&lt;'], ['&LT;', '&LT;'], ['&lt', '&lt'], ['&#49;', '1'], ['&#x31;', '1'], ['&#X31', '1'], ['&#49a', '1a'], ['&#;', '&#;'], ['&#x;', '&#x;'], ['&#0;', '\ufffd'],
    ['&#xd800;', '\ufffd'], ['&#99999999999999999999;', '\ufffd'], ['&#x1f600;', '\u{1f600}'], ['&', '&'], ['&&amp;', '&&'], ['&constructor;', '&constructor;'],
  ]) assert.equal(bared(markup), is, markup);
});

test('the shortest that are put together: 27 characters in three groups', () => {
  const shortest = '1111111111111111111114oLvT2';
  assert.equal(mayHoldAddress(every(9, ' ')(shortest)), true);
  assert.equal(mayHoldAddress(every(9, '-\n')(shortest)), true);
  assert.equal(mayHoldAddress(every(9, ', ')(shortest)), false, 'nothing reaches over a comma');
});

test('ordinary text goes through: prose in several scripts, numbers, dates, source code', () => {
  const ordinary = [
    'Ordinary rich prose with a link, in 2019.', 'In 2019 the 3 of us went to New York, and on to San Francisco in 2020.', 'AT&T, IBM and NASA met in the USA on 4 July 1976 at 10:45.',
    'Обычный русский текст про международные финансовые организации в Москве и Петербурге, 2019 год.',
    '这是一段普通的中文文本，没有任何地址，写于二〇一九年，发表在北京的一家报纸上，作者不详。', 'هذا نص عربي عادي لا يحتوي على أي عنوان كُتب في عام ٢٠١٩', 'Ένα συνηθισμένο ελληνικό κείμενο για τον καιρό στην Αθήνα.',
    'for (let i = 0; i < 10; i++) sum += list[i].value;', 'Call +49 30 123456 or write to someone@example.org.', 'https://www.example.org/about/us', 'ISBN 978-3-16-148410-0', '',
  ];
  for (const words of ordinary) assert.equal(mayHoldAddress(words), false, words);
  const documents = ['README.md', 'SECURITY.md', 'shared/protocol.md'].flatMap((name) => text(name).split(/\n\s*\n/)).filter((p) => p.split(/\s+/).length > 8);
  const held = documents.filter(mayHoldAddress);
  assert.ok(held.length < documents.length / 10, `${held.length} of ${documents.length} paragraphs are held`);
});

test('a payment URI is known by its scheme, however it is spelt', () => {
  for (const uri of [`bitcoin:${BITCOIN}`, 'BITCOIN:x', ' \tbit\ncoin:x', 'lightning:lnbc1', 'monero:4', 'ethereum:0x', 'web+stellar:pay']) assert.equal(isPaymentUri(uri), true, uri);
  for (const uri of ['https://bitcoin.org/', 'mailto:bitcoin@x', 'javascript:0', '#bitcoin:x', '/bitcoin:1', '', 'tel:1']) assert.equal(isPaymentUri(uri), false, uri);
});

test('time is linear: a megabyte of anything', () => {
  // Processor time: the machine may be busy.
  const took = (run) => { const from = process.cpuUsage(); run(); const { user, system } = process.cpuUsage(from); return (user + system) / 1000; };
  const hostile = { '': ['a'.repeat(24) + ' ', 'a1 ', '-'.repeat(30), 'a-', 'ab-cd-', 'аб ', '\u200b', '𝐚 ', '0.0.', 'EQ', '    \n'],
    'text/html': ['<', '<a', '<!--', '<script>', '&', '&#', '&#x1', '<a "', "<a '", '</', '<b>', '<a>"', '&lt', '<!'] };
  for (const [type, pieces] of Object.entries(hostile)) {
    for (const piece of pieces) {
      const big = piece.repeat(Math.ceil((1 << 20) / piece.length));
      const ms = took(() => mayHoldAddress(big, type));
      assert.ok(ms < 5000, `${JSON.stringify(piece)}: ${ms} ms`);
    }
  }
});
