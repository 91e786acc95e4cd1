// Of a long text only the parts in which the host could find an address are sent to it, so that a megabyte of prose with one ticket number
// in it is not sent through three processes to be told that it is prose. The parts are cut here, in the background page, out of the
// very text that will be written. Found nothing in them, there is nothing in the whole; whatever else, the whole is asked about.

import '../content/bared.js';
import '../content/candidate.js';
import { clipCheck, CLIP_FLAVOURS_MAX } from './messages.js';
import { EXCERPT_WORTH } from './limits.js';

/** The fields of a clip.check for the parts of these flavours; null where the whole is to be asked about at once. */
export function excerptCheck(flavours) {
  const { excerptOf, isMarkup, bared } = globalThis.secondexit;
  const all = flavours.reduce((n, { text }) => n + text.length, 0);
  if (all < EXCERPT_WORTH) return null;
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
  if (parts.length === 0 || parts.length > CLIP_FLAVOURS_MAX || size > all / 2) return null;
  return clipCheck(parts);
}
