// Could this text hold an address? The cheap question asked of every copy on an insecure page, so that ordinary text stays
// with the browser. It may say yes too often (the host then finds nothing); it must never say no to what the host's
// scanner would find (host/parse/addr). A classic script: content scripts can't import; tests load it as it is.
'use strict';

(() => {
  // What the scanner asks of a run of letters and digits before it looks closer (host/parse/addr/scan.c: SHORT_MIN, PLAIN_MIN, JOIN_MIN).
  const SHORT_MIN = 14;                                // with a digit in it
  const PLAIN_MIN = 25;
  const JOIN_MIN = 25;
  // Addresses with punctuation inside; each shows itself by its shape.
  const SHAPES = [
    /[\dx]\.[\dx]+\.[\dx]+-[a-z]{5}/i,                 // Hedera with checksum
    /(?:[a-z0-9]{3,6}-){3}[a-z0-9]{3}/i,               // grouped by hyphens: NXT, NEM, Internet Computer
    /[EUk0x][Qfx][A-Za-z0-9_+/-]{46}/,                 // TON, base64 in either alphabet
    /(?=[\w-]{0,42}[A-Z])[\w-]{43}/,                   // base64url without a prefix
  ];
  // Soft hyphen, combining and invisible marks, zero width, bidirectional controls, variation selectors, fillers, tags.
  const HIDDEN = /[\p{Cf}\p{Mn}\p{Me}\p{Mc}\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufffc]/gu;
  const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+/g;
  // Letters and digits, of scripts with letters that pass for Latin ones; others (Chinese, Arabic …) hold none and write long runs of their own.
  const PIECE = /[A-Za-z0-9\u00aa-\u02af\u0370-\u058f\u10a0-\u10ff\u13a0-\u13ff\u1400-\u167f\u16a0-\u16ff\u1c80-\u1cbf\u1d00-\u1dbf\u1e00-\u1fff\u2070-\u218f\u2460-\u24ff\u2c60-\u2d2f\ua4d0-\ua4ff\ua640-\ua69f\ua720-\ua7ff\uab30-\uabbf\uff10-\uff5a\u{10280}-\u{1044f}\u{1d400}-\u{1d7ff}\u{1f100}-\u{1f1ff}]/u;
  const GAP_MAX = 64;
  const CHAIN_MIN = 11;

  // What a character is: of a piece (1), a digit of one (3), a capital of one (5); white space (8); a hyphen (16); a mark that some
  // addresses have inside (32); anything else (0). UNSETTLED (64): hidden, a control, or another character once it is normalised.
  const [LETTER, DIGIT, CAPITAL, BLANK, HYPHEN, MARK, UNSETTLED, UNKNOWN] = [1, 3, 5, 8, 16, 32, 64, 255];
  const CLASS = new Uint8Array(128);
  for (let c = 0; c < 128; c++) {
    const char = String.fromCharCode(c);
    if (/[a-z]/.test(char)) CLASS[c] = LETTER;
    else if (/\d/.test(char)) CLASS[c] = DIGIT;
    else if (/[A-Z]/.test(char)) CLASS[c] = CAPITAL;
    else if (/\s/.test(char)) CLASS[c] = BLANK;
    else if (char === '-') CLASS[c] = HYPHEN;
    else if (/[:_./+=]/.test(char)) CLASS[c] = MARK;
    else if (!/[ -~]/.test(char)) CLASS[c] = UNSETTLED;
  }

  function classOf(char) {
    if (normalised(char) === '') return UNSETTLED;
    if (/\s/.test(char)) return BLANK;
    // Three dots; they join nothing.
    if (char === '\u2026') return 0;
    if (normalised(char) !== char) return UNSETTLED;
    if (!PIECE.test(char)) return 0;
    if (/\p{N}/u.test(char)) return DIGIT;
    return /\p{Lu}/u.test(char) ? CAPITAL : LETTER;
  }

  // Of characters beyond ASCII, as they come: of the first plane in a table, the others in a map.
  let table = null;
  const beyond = new Map();
  function classAt(text, i, code) {
    table ??= new Uint8Array(0x10000).fill(UNKNOWN);
    if (code < 0xd800 || code > 0xdbff) {
      if (table[code] === UNKNOWN) table[code] = classOf(String.fromCharCode(code));
      return table[code];
    }
    const point = text.codePointAt(i);
    if (!beyond.has(point)) beyond.set(point, classOf(String.fromCodePoint(point)));
    return beyond.get(point);
  }

  const normalised = (text) => text.normalize('NFKC').replace(HIDDEN, '').replace(CONTROL, ' ');
  const isMarkup = (type) => /html|xml/i.test(type);

  /** Whether an address could be in the text; never false for one that the host would find. Of markup (`type` says so) both looks of the host's. */
  function mayHoldAddress(text, type = '') {
    return (look(text) ?? look(normalised(text), { isSettled: true })) || isMarkup(type) && mayHoldAddress(globalThis.secondexit.bared(text));
  }

  // What the scanner asks of a candidate's neighbourhood: words near by (64 bytes), a prefix (32 characters), up to two shorter pieces
  // over white space (64 bytes each); with room.
  const MARGIN = 512;
  // Nothing reaches over this.
  const BARRIER = '\n,\n';

  /**
   * The parts of a text in which the host could find an address, with what stands around them: it finds one there when, and only when it
   * could have found one in the whole. null where the text can't be cut so: something hidden in it could be of any length.
   */
  function excerptOf(text) {
    const parts = [];
    const note = (from, to) => {
      const part = { begin: Math.max(0, from - MARGIN), end: Math.min(text.length, to + MARGIN) };
      while (parts.length && parts.at(-1).end >= part.begin) {
        const last = parts.pop();
        part.begin = Math.min(last.begin, part.begin);
        part.end = Math.max(last.end, part.end);
      }
      parts.push(part);
    };
    return look(text, { note }) === null ? null : parts.map(({ begin, end }) => text.slice(begin, end)).join(BARRIER);
  }

  // One pass over pieces (runs of letters and digits) and what stands between them. Plain numbers alone: it is run over megabytes. Answers at
  // the first candidate, or tells note(from, to) of each, by their ends in order. null: the text is to be normalised first.
  function look(text, { note = null, isSettled = false } = {}) {
    const size = text.length;
    let start = -1, odd = 0;                           // the piece that is being read, its DIGIT and CAPITAL bits
    let lastN = 0, lastOdd = 0, lastEnd = -1;          // the piece before
    let beforeN = 0, beforeOdd = 0;                    // the one before that; 0 where more than white space stood between
    let rowSize = 0, rowChars = 0, rowOdd = 0, rowCount = 0, rowLead = 0, rowFrom = 0;
    let chain = 0, hasMarks = false;                   // since white space or other punctuation
    for (let i = 0; i <= size; i++) {
      let kind = 0, width = 1;
      if (i < size) {
        const code = text.charCodeAt(i);
        if (code < 128) kind = CLASS[code];
        else {
          kind = classAt(text, i, code);
          if (code >= 0xd800 && code < 0xdc00 && i + 1 < size && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) width = 2;
        }
        if (kind === UNSETTLED) {
          if (!isSettled) return null;
          kind = 0;
        }
      }
      if (kind & LETTER) {
        if (start < 0) {
          start = i;
          odd = kind & 2;
        } else odd |= kind & 6;
        i += width - 1;
        continue;
      }
      if (start >= 0) {
        const n = i - start;
        let isFound = n >= SHORT_MIN && (n >= PLAIN_MIN || (odd & 2) !== 0);
        const follows = lastEnd >= 0 && isGap(text, lastEnd, start);
        // Two or three pieces that white space broke: words of a language have neither digits nor capitals inside.
        if (follows && beforeN + lastN + n >= JOIN_MIN) isFound ||= lastN + n >= JOIN_MIN && (odd | lastOdd) !== 0 || beforeN !== 0 && (odd | lastOdd | beforeOdd) !== 0;
        if (isFound) {
          if (!note) return true;
          note(start, i);
        }
        if (follows && n === rowSize) {
          rowCount++;
          rowChars += n;
          rowOdd |= odd;
        } else {
          // A row of equal groups, perhaps with something shorter at either end.
          if (rowCount >= 2 && rowOdd & 2 && rowLead + rowChars + (follows && n < rowSize ? n : 0) >= JOIN_MIN) {
            if (!note) return true;
            note(rowFrom, i);
          }
          rowLead = follows && lastN < n ? lastN : 0;
          rowFrom = start;
          rowSize = n;
          rowChars = n;
          rowCount = 1;
          rowOdd = odd | (rowLead ? lastOdd : 0);
        }
        beforeN = follows ? lastN : 0;
        beforeOdd = lastOdd;
        lastN = n;
        lastOdd = odd;
        lastEnd = i;
        start = -1;
      }
      if (kind === HYPHEN || kind === MARK) hasMarks = true;
      else {
        if (hasMarks && i - chain >= CHAIN_MIN && isShape(text, chain, i)) {
          if (!note) return true;
          note(chain, i);
        }
        chain = i + width;
        hasMarks = false;
      }
      i += width - 1;
    }
    if (rowCount < 2 || (rowOdd & 2) === 0 || rowLead + rowChars < JOIN_MIN) return false;
    note?.(rowFrom, size);
    return !note;
  }

  const isShape = (text, from, to) => {
    // A look-alike stands for any letter.
    const chain = text.slice(from, to).replace(/[^\x20-\x7e]/gu, 'x');
    return SHAPES.some((shape) => shape.test(chain));
  };

  // Only white space between, or a hyphen at a line's end.
  function isGap(text, from, to) {
    const code = text.charCodeAt(from);
    const kind = code < 128 ? CLASS[code] : /\s/.test(text[from]) ? BLANK : 0;
    if (to - from === 1) return kind === BLANK;
    return (kind === BLANK || kind === HYPHEN) && to - from <= GAP_MAX && /^-?\s+$/.test(text.slice(from, to));
  }

  // Every scheme that wallets take (shared/currencies.json names coins; schemes are theirs).
  const PAYMENT = /^(?:web\+)?(?:bitcoin|bitcoincash|bchtest|bitcoinsv|ethereum|litecoin|dogecoin|dash|monero|zcash|lightning|lnurl[a-z]*|keyauth|ripple|xrpl?|stellar|solana|cardano|tezos|tron|nano|nanorep|nanosign|banano|ban|algorand|polkadot|kusama|ton|tonkeeper|near|cosmos|digibyte|vertcoin|feathercoin|namecoin|peercoin|decred|ravencoin|raiblocks|iota|neo|qtum|waves|nem|eos|ergo|kaspa|handshake|groestlcoin|bitcoingold|wc|walletconnect|pay)$/;

  /** Whether a URL asks a wallet to pay. */
  function isPaymentUri(url) {
    const found = /^[\s\0-\x20]*([a-z][a-z0-9+.-]{1,30}):/i.exec(String(url).replace(/[\t\n\r]/g, ''));
    return Boolean(found) && PAYMENT.test(found[1].toLowerCase());
  }

  globalThis.secondexit = { ...globalThis.secondexit, mayHoldAddress, excerptOf, isMarkup, isPaymentUri };
})();
