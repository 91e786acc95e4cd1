// Whether a document's response will become a download, judged by its headers as the browser does a moment later. Pure.
// What it does (uriloader/base, netwerk/base: nsDocumentOpenInfo, NS_GetContentDispositionFromHeader): a disposition other than
// inline wins; then a type that no viewer of its own takes; a missing type, and plain text that looks binary, are decided by content.

// Types that the browser shows itself. Images, sound and film that it can't play become downloads: those are left to "perhaps".
const SHOWN = new Set(['text/html', 'application/xhtml+xml', 'text/xml', 'application/xml', 'application/rdf+xml', 'application/vnd.mozilla.xul+xml', 'application/mathml+xml', 'image/svg+xml',
  'text/plain', 'text/css', 'text/cache-manifest', 'text/vtt', 'text/javascript', 'text/ecmascript', 'application/javascript', 'application/x-javascript', 'application/ecmascript',
  'application/json', 'text/json', 'multipart/x-mixed-replace', 'application/http-index-format', 'message/rfc822', 'text/rdf', 'application/wapxhtml+xml']);
const PICTURES = new Set(['image/png', 'image/apng', 'image/x-png', 'image/jpeg', 'image/jpg', 'image/pjpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp', 'image/x-ms-bmp', 'image/x-icon',
  'image/icon', 'image/vnd.microsoft.icon']);
const PLAYED = new Set(['audio/mpeg', 'audio/mp3', 'audio/mp4', 'audio/x-m4a', 'audio/aac', 'audio/flac', 'audio/ogg', 'audio/opus', 'audio/wav', 'audio/x-wav', 'audio/wave', 'audio/webm',
  'video/mp4', 'video/webm', 'video/ogg', 'video/quicktime', 'application/ogg']);
const UNKNOWN = new Set(['', 'application/x-unknown-content-type', 'unknown/unknown', 'application/unknown', '*/*']);

const named = (headers, name) => (headers ?? []).filter((h) => h.name.toLowerCase() === name).map((h) => h.value ?? '');

/** The last header of that name, or "". */
export const headerOf = (headers, name) => named(headers, name).at(-1) ?? '';

/** "application/pdf" of the newest Content-Type. */
export const typeOf = (headers) => headerOf(headers, 'content-type').split(';')[0].trim().toLowerCase();

/** Whether a Content-Disposition asks for a download: any first word but "inline" (and a parameter in its place). */
export function isAttachment(text) {
  const word = /^[\s]*([^\s;=]*)/.exec(text ?? '')[1].toLowerCase();
  return !['', 'inline', 'filename', 'filename*', 'name'].includes(word);
}

const hasBody = (status) => !(status >= 300 && status < 400) && ![204, 205].includes(status);

/** "yes", "no", or "perhaps": the content decides. */
export function willDownload({ statusCode, responseHeaders }) {
  if (!hasBody(statusCode)) return 'no';
  if (named(responseHeaders, 'content-disposition').some(isAttachment)) return 'yes';
  const type = typeOf(responseHeaders);
  if (UNKNOWN.has(type) || type === 'text/plain' || !type.includes('/')) return 'perhaps';
  if (SHOWN.has(type) || type.endsWith('+xml') || type.endsWith('+json')) return 'no';
  if (PICTURES.has(type) || PLAYED.has(type)) return 'no';
  return 'yes';
}

const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** A name for the file: the site's own, else the last part of the address. No folders, no control characters, 1 to 200 bytes or so. */
export function nameOf(responseHeaders, url) {
  const disposition = headerOf(responseHeaders, 'content-disposition');
  const extended = /;\s*filename\*\s*=\s*(?:utf-8|iso-8859-1)?'[^']*'([^;\s]+)/i.exec(disposition)?.[1];
  const quoted = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(disposition)?.[1]?.replace(/\\(.)/g, '$1');
  const bare = /;\s*filename\s*=\s*([^";\s][^;]*)/i.exec(disposition)?.[1]?.trim();
  return cleanName(extended !== undefined ? decoded(extended) : quoted ?? bare ?? lastPart(url));
}

function lastPart(url) {
  try {
    return decoded(new URL(url).pathname.split('/').at(-1));
  } catch {
    return '';
  }
}

/** The same for a name or path from anywhere. What reorders or hides text is taken out: "exe.fdp" shall not read as a document. */
export function cleanName(text) {
  // eslint-disable-next-line no-control-regex
  const clean = String(text).split(/[\\/]/).at(-1).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, '').replace(/[:*?"<>|]/g, '_').replace(/^[.\s]+|[.\s]+$/g, '');
  const encoder = new TextEncoder();
  let letters = [...clean].map((c) => (/^[\ud800-\udfff]$/.test(c) ? '\ufffd' : c));
  // The end is what says the kind.
  while (encoder.encode(letters.join('')).length > 200) letters = letters.slice(1);
  return letters.join('') || 'download';
}
