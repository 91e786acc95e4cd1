// Documents that the browser shows with a viewer of its own, where no content script may look: PDF, JSON, sources. An insecure one is
// offered as a download, or shown as plain text. Pure.

const GUARDED = /^(?:text\/(?!.*json)[\w.+-]+|image\/[\w.+-]+|audio\/[\w.+-]+|video\/[\w.+-]+|application\/(?:xml|xhtml\+xml|[\w.-]+\+xml|ogg|javascript|ecmascript|x-javascript))$/;
const JSON_TYPE = /^(?:application|text)\/(?:[\w.-]+\+)?json$/;

/** responseHeaders of an insecure document → what webRequest.onHeadersReceived wants ({} when it may be shown as it is). */
export function asDownload(responseHeaders = []) {
  const named = (name) => responseHeaders.filter((h) => h.name.toLowerCase() === name).map((h) => h.value ?? '');
  const types = named('content-type');
  // The last one counts for the browser; an odd one among several is odd enough.
  const kinds = types.map((type) => type.split(';')[0].trim().toLowerCase());
  if (kinds.length && kinds.every((kind) => GUARDED.test(kind) && kind !== 'image/pdf')) return {};
  const others = (...names) => responseHeaders.filter((h) => !names.includes(h.name.toLowerCase()));
  if (kinds.length && kinds.every((kind) => JSON_TYPE.test(kind))) {
    return { responseHeaders: [...others('content-type'), { name: 'Content-Type', value: 'text/plain; charset=utf-8' }] };
  }
  if (named('content-disposition').some((text) => /^\s*attachment\b/i.test(text))) return {};
  return { responseHeaders: [...others('content-disposition'), { name: 'Content-Disposition', value: `attachment${fileName(named('content-disposition'))}` }] };
}

// The site's own name for it, else the browser takes the last part of the address.
function fileName(dispositions) {
  const found = /;\s*filename\*?\s*=.*$/i.exec(dispositions.at(-1) ?? '');
  return found ? found[0] : '';
}
