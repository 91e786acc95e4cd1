// Could this text hold an address? The cheap question asked of every copy on an insecure page, so that ordinary text stays
// with the browser. It may say yes too often (the host then finds nothing); it must never say no to what the host's
// scanner would find (host/parse/addr). A classic script: content scripts can't import; tests load it as it is.
'use strict';

(() => {
  // The shortest address known is longer than this once hidden characters are out (shared/currencies.json; a test reads it).
  const RUN_MIN = 24;
  // A few forms are shorter, or have punctuation inside; each shows itself by its shape.
  const SHAPES = [
    /\d\.\d+\.\d+-[a-z]{5}/i,                          // Hedera with checksum
    /(?:[a-z2-7]{5}-){4}/i,                            // Internet Computer principals
    /[EUk0][Qf][A-Za-z0-9_+/-]{46}/,                   // TON, base64 in either alphabet
    /(?:[A-Za-z0-9]{4,8}-){4}/,                        // grouped by hyphens
  ];
  // Soft hyphen, combining and invisible marks, zero width, bidirectional controls, variation selectors, fillers.
  const HIDDEN = /[\0\u00ad\u034f\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]|\udb40[\udc00-\uddef]|\u{1d173}|\u{1bca0}/gu;
  // Scripts with letters that pass for Latin ones: Latin, Greek, Coptic, Cyrillic, Armenian, Cherokee, letterlike signs, circled and
  // full-width forms, mathematical letters. Others (Arabic, Chinese …) hold none and write long runs of their own.
  const FOREIGN = /[\u00aa-\u02af\u0370-\u058f\u13a0-\u13ff\u1c80-\u1c8f\u1d00-\u1dbf\u1e00-\u1fff\u2070-\u209f\u2100-\u218f\u2460-\u24ff\u2c60-\u2cff\ua640-\ua69f\ua720-\ua7ff\uab30-\uabbf\uff10-\uff5a]|[\ud801\ud835\ud83c][\udc00-\udfff]/g;
  const MARK = 'x';
  const RUN = new RegExp(`[A-Za-z0-9]{${RUN_MIN}}`);
  const WORD = /^(?:[A-Z]?[a-z]+|[A-Z]+|\d+)$/;

  // Pieces of a split address among words: digits and letters mixed, or capitals inside; and crumbs of one or two characters.
  const isOdd = (piece) => !WORD.test(piece) || piece.length < 2;
  const isCrumb = (piece) => piece.length <= 2 || /^\d+$/.test(piece);

  // An address with white space inside: a row of pieces, RUN_MIN characters in all, of which half are no words.
  function isSplit(text) {
    for (const row of text.split(/[^A-Za-z0-9\s:]+/)) {
      if (row.length < RUN_MIN) continue;
      const pieces = row.split(/[\s:]+/).filter(Boolean);
      let from = 0, length = 0, odd = 0, crumbs = 0;
      for (const piece of pieces) {
        length += piece.length;
        if (isOdd(piece)) odd += piece.length;
        if (isCrumb(piece)) crumbs += piece.length;
        while (length - pieces[from].length >= RUN_MIN) {
          const first = pieces[from++];
          length -= first.length;
          if (isOdd(first)) odd -= first.length;
          if (isCrumb(first)) crumbs -= first.length;
        }
        if (length >= RUN_MIN && (odd * 3 >= length || crumbs * 3 >= length * 2)) return true;
      }
    }
    return false;
  }

  /** Whether an address could be in the text; never false for one that the host would find. */
  function mayHoldAddress(text) {
    // eslint-disable-next-line no-control-regex
    const bare = /[^\x01-\x7f]/.test(text) ? text.normalize('NFKC').replace(HIDDEN, '').replace(FOREIGN, MARK) : text;
    return RUN.test(bare) || SHAPES.some((shape) => shape.test(bare)) || isSplit(bare);
  }

  // Every scheme that wallets take (shared/currencies.json names coins; schemes are theirs).
  const PAYMENT = /^(?:web\+)?(?:bitcoin|bitcoincash|bchtest|bitcoinsv|ethereum|litecoin|dogecoin|dash|monero|zcash|lightning|lnurl[a-z]*|keyauth|ripple|xrpl?|stellar|solana|cardano|tezos|tron|nano|nanorep|nanosign|banano|ban|algorand|polkadot|kusama|ton|tonkeeper|near|cosmos|digibyte|vertcoin|feathercoin|namecoin|peercoin|decred|ravencoin|raiblocks|iota|neo|qtum|waves|nem|eos|ergo|kaspa|handshake|groestlcoin|bitcoingold|wc|walletconnect|pay)$/;

  /** Whether a URL asks a wallet to pay. */
  function isPaymentUri(url) {
    const found = /^[\s\0-\x20]*([a-z][a-z0-9+.-]{1,30}):/i.exec(String(url).replace(/[\t\n\r]/g, ''));
    return Boolean(found) && PAYMENT.test(found[1].toLowerCase());
  }

  globalThis.secondexit = { ...globalThis.secondexit, mayHoldAddress, isPaymentUri };
})();
