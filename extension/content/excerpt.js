// Of a long text only the parts in which the host could find an address are sent to it at first: a megabyte of prose with one ticket number
// in it is not carried through five processes to be told that it is prose. Found nothing in the parts, there is nothing in the whole;
// whatever else, the whole is asked about. A classic script, run behind candidate.js.
'use strict';

(() => {
  const { excerptOf, isMarkup, bared } = globalThis.secondexit;
  // Characters of copied text beyond which that is done; a shorter one costs less than a second question.
  const WORTH = 64 * 1024;
  // What clip.check takes (core/messages.js: CLIP_FLAVOURS_MAX).
  const FLAVOURS_MAX = 16;

  /** The parts of these flavours as flavours of their own, [{type, text}]; null where the whole is to be asked about at once. */
  function partsOf(flavours) {
    const all = flavours.reduce((n, { text }) => n + text.length, 0);
    if (all < WORTH) return null;
    const parts = [];
    let size = 0;
    for (const { type, text } of flavours) {
      // The host's two looks at markup: as it stands, and with its tags out.
      for (const seen of isMarkup(type) ? [text, bared(text)] : [text]) {
        const part = excerptOf(seen);
        if (part === null) return null;
        if (part) parts.push({ type: 'text/plain', text: part });
        size += part.length;
      }
    }
    return parts.length === 0 || parts.length > FLAVOURS_MAX || size > all / 2 ? null : parts;
  }

  globalThis.secondexit = { ...globalThis.secondexit, partsOf };
})();
