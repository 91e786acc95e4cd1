// Markup as a person sees it: tags out, blocks as line ends, character references resolved; by the very rules of host/parse/bare.c, so that
// the prefilter (candidate.js) sees what the host's second look at markup would. A classic script: content scripts can't import.
'use strict';

(() => {
  // Elements that end a line: an address does not go on behind them. All others are taken out without a trace.
  const BLOCKS = new Set(`address article aside blockquote br caption center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6
    header hr legend li main menu nav ol optgroup option p pre section summary table tbody td tfoot th thead tr ul`.split(/\s+/));
  const REFERENCES = {
    amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', shy: '\u00ad', zwnj: '\u200c', zwj: '\u200d', lrm: '\u200e', rlm: '\u200f', Tab: '\t', NewLine: '\n',
    colon: ':', sol: '/', period: '.', ZeroWidthSpace: '\u200b', NegativeThinSpace: '\u200b', NegativeMediumSpace: '\u200b', NegativeThickSpace: '\u200b', NegativeVeryThinSpace: '\u200b',
    NoBreak: '\u2060', ApplyFunction: '\u2061', af: '\u2061', InvisibleTimes: '\u2062', it: '\u2062', InvisibleComma: '\u2063', ic: '\u2063',
  };
  const SPECIAL = /[<&]/g;
  const TAG_PART = /[>"']/g;
  const NAME = /[A-Za-z0-9:-]{0,16}/y;
  const REFERENCE = /&(?:#(?:[xX]([0-9A-Fa-f]+)|([0-9]+));?|([A-Za-z]{2,22});)/y;
  const RAW_END = { script: /<\/script/gi, style: /<\/style/gi };

  const seek = (pattern, text, at) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const isLetter = (char) => /^[A-Za-z]$/.test(char);
  // HTML Standard, "Numeric character reference end state".
  const character = (point) => (point === 0 || point > 0x10ffff || point >= 0xd800 && point < 0xe000 ? '\ufffd' : String.fromCodePoint(point));

  // Behind a tag's '>'; quoted values may hold one.
  function tagEnd(markup, at) {
    for (let found; (found = seek(TAG_PART, markup, at));) {
      if (found[0] === '>') return found.index + 1;
      const closing = markup.indexOf(found[0], found.index + 1);
      if (closing < 0) break;
      at = closing + 1;
    }
    return markup.length;
  }

  // At '<': [what stands for the tag, where the text goes on].
  function tag(markup, at) {
    if (markup.startsWith('<!--', at)) {
      const end = markup.indexOf('-->', at + 4);
      return ['', end < 0 ? markup.length : end + 3];
    }
    const isEnd = markup[at + 1] === '/';
    const begin = at + (isEnd ? 2 : 1);
    const first = markup[begin] ?? '';
    if (!isLetter(first) && (isEnd || first !== '!' && first !== '?')) return ['<', at + 1];
    const name = seek(NAME, markup, begin)[0].toLowerCase();
    const end = tagEnd(markup, begin + name.length);
    const raw = !isEnd && Object.hasOwn(RAW_END, name) ? RAW_END[name] : null;
    return [BLOCKS.has(name) ? '\n' : '', raw ? seek(raw, markup, end)?.index ?? markup.length : end];
  }

  // At '&'.
  function reference(markup, at) {
    const found = seek(REFERENCE, markup, at);
    if (!found) return ['&', at + 1];
    const [all, hex, decimal, name] = found;
    if (name === undefined) return [character(hex === undefined ? Number(decimal) : parseInt(hex, 16)), at + all.length];
    return Object.hasOwn(REFERENCES, name) ? [REFERENCES[name], at + all.length] : ['&', at + 1];
  }

  function bared(markup) {
    let text = '';
    for (let at = 0; ;) {
      const found = seek(SPECIAL, markup, at);
      text += markup.slice(at, found?.index);
      if (!found) return text;
      const [put, next] = found[0] === '<' ? tag(markup, found.index) : reference(markup, found.index);
      text += put;
      at = next;
    }
  }

  globalThis.secondexit = { ...globalThis.secondexit, bared };
})();
