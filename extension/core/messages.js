// What the host may say (shared/protocol.md), checked field by field before anything else sees it. Each reader returns
// a fresh object with the known fields alone, or throws Garbage. Fields that this version doesn't know are dropped.

export class Garbage extends Error {}

const fail = (what) => {
  throw new Garbage(what);
};

// Control characters and those that reorder text would let a certificate's name disguise itself on the page.
// eslint-disable-next-line no-control-regex
const DISGUISE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
export const plain = (text) => text.replace(DISGUISE, '\ufffd');

const string = (max) => (v) => (typeof v === 'string' && v.length <= max ? plain(v) : fail('string'));
const integer = (min, max) => (v) => (Number.isInteger(v) && v >= min && v <= max ? v : fail('integer'));
const number = (min, max) => (v) => (typeof v === 'number' && v >= min && v <= max ? v : fail('number'));
const boolean = (v) => (typeof v === 'boolean' ? v : fail('boolean'));
const oneOf = (...names) => (v) => (names.includes(v) ? v : fail(`one of ${names.join(', ')}`));
const matching = (pattern) => (v) => (typeof v === 'string' && pattern.test(v) ? v : fail('pattern'));
const orNull = (read) => (v) => (v === null ? null : read(v));
const optional = (read, otherwise) => (v) => (v === undefined ? otherwise : read(v));
const list = (read, max) => (v) => (Array.isArray(v) && v.length <= max ? v.map(read) : fail('list'));
const object = (shape) => (v) => {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) fail('object');
  const out = {};
  for (const [key, read] of Object.entries(shape)) {
    try {
      out[key] = read(Object.hasOwn(v, key) ? v[key] : undefined);
    } catch (e) {
      throw new Garbage(`${key}: ${e.message}`);
    }
  }
  return out;
};

// A report as a file (host/base/limits.h).
export const REPORT_FILE_MAX = 256 * 1024;
const MS_MAX = 24 * 3600 * 1000;
const milliseconds = integer(0, MS_MAX);
const sha256 = matching(/^[0-9a-f]{64}$/);
const count = integer(0, 1e9);

const hostError = object({ code: integer(1, 99999), name: string(64), text: string(300) });

const relay = object({
  fingerprint: matching(/^[0-9A-F]{40}$/),
  nickname: string(32),
  address: string(64),
  country: matching(/^([A-Z]{2}|\?\?)$/),
  family: string(20000),
  flags: list(string(40), 40),
  weight: number(0, 1e15),
});

const certificate = object({
  sha256,
  spki_sha256: sha256,
  subject: string(5000),
  issuer: string(5000),
  names: (v) => (Array.isArray(v) ? list(string(300), 1000)(v).join(', ') : string(20000)(v)),
  serial: string(200),
  not_before: number(-1e12, 1e14),
  not_after: number(-1e12, 1e14),
  key: string(100),
  signature: string(100),
  self_signed: boolean,
});

const ANSWER = {
  slot: integer(0, 99),
  source: oneOf('browser', 'probe'),
  exit: orNull(relay),
  path: list(relay, 8),
  status: oneOf('certificate', 'failed'),
  error: orNull(hostError),
  agrees: orNull(oneOf('same_certificate', 'same_key', 'differs')),
  counts: optional(boolean, true),
  valid: boolean,
  why: string(300),
  signed: boolean,
  certificate: orNull(certificate),
  tls: string(16),
  elapsed_ms: milliseconds,
};
const answer = object(ANSWER);

// An address found in what would be copied. Bytes of UTF-8 in its flavour.
const hit = object({
  flavour: integer(0, 15),
  coin: string(64),
  ticker: string(64),
  form: string(64),
  network: string(64),
  address: string(2048),
  offset: integer(0, 1 << 23),
  length: integer(1, 1 << 23),
  normalised: boolean,
  checksum_bits: integer(0, 255),
});

// What stands in an address's place on the page that another exit brought.
const pageAnswer = object({
  slot: integer(1, 99),
  exit: orNull(relay),
  status: oneOf('page', 'failed'),
  error: orNull(hostError),
  found: orNull(oneOf('same', 'other', 'absent')),
  address: orNull(string(2048)),
  family_equal: boolean,
  alone: boolean,
  http_status: integer(0, 999),
  url: orNull(string(8192)),
  elapsed_ms: milliseconds,
});

const SIZE_MAX = 2 ** 53;
const size = integer(0, SIZE_MAX);
const METHODS = ['digest_header', 'commitment', 'whole', 'ranges'];

// What another exit showed of a file, or why it showed nothing.
const fileAnswer = object({
  slot: integer(1, 99),
  exit: orNull(relay),
  status: oneOf('answer', 'failed'),
  error: orNull(hostError),
  http_status: integer(0, 999),
  url: orNull(string(8192)),
  length: orNull(size),
  same_entity: orNull(boolean),
  agrees: orNull(boolean),
  sha256: orNull(sha256),
  bytes: size,
  elapsed_ms: milliseconds,
});

// Of the question whether HTTPS is withheld: what this exit saw of it; null where it gave no answer.
// plain: what a plain page's address gave there; null where no page is asked about, and of hosts that don't know that question.
const httpsAnswer = object({ ...ANSWER, saw: orNull(oneOf('none', 'invalid', 'valid')), plain: optional(orNull(oneOf('page', 'redirect', 'none', 'elsewhere')), null) });

const REASON = /^[a-z][a-z0-9_]{0,40}$/;

const PROGRESS = {
  slot: integer(0, 99),
  step: oneOf('choosing', 'building', 'connecting', 'handshaking', 'done', 'failed'),
  exit: orNull(relay),
  elapsed_ms: milliseconds,
};

// What every verdict comes with: of which site, who was asked, what it proves.
const RESULT = {
  verdict: oneOf('match', 'mismatch', 'undecided'),
  reason: matching(REASON),
  error: orNull(hostError),
  host: string(255),
  port: integer(1, 65535),
  first_party: string(255),
  private: count,
  container: count,
  k: integer(1, 10),
  asked: integer(0, 1000),
  answered: integer(0, 1000),
  elapsed_ms: milliseconds,
  retry_useful: boolean,
  chance: list(number(0, 1), 10),
};
// Of certificates, and of the question whether HTTPS is withheld.
const CHECK = {
  ...RESULT,
  verdict: oneOf('match', 'mismatch', 'undecided', 'exempt'),
  still_same: optional(orNull(boolean), null),
  browser_paths: list(list(relay, 8), 16),
  roots: oneOf('browser', 'system', 'none'),
};

const readers = {
  hello: object({
    protocol: integer(0, 1e6),
    version: string(40),
    capabilities: list(string(60), 100),
    k: integer(1, 10),
    deadline_ms: milliseconds,
  }),
  'cert.progress': object(PROGRESS),
  'cert.result': object({
    ...CHECK,
    weaker: boolean,
    same_country_possible: boolean,
    fingerprints: list(sha256, 16),
    first: list(answer, 64),
    others: list(answer, 64),
  }),
  'https.progress': object(PROGRESS),
  'https.result': object({
    ...CHECK,
    first: list(httpsAnswer, 64),
    others: list(httpsAnswer, 64),
  }),
  'circuit.result': object({ circuits: count, streams: count, still_same: optional(orNull(boolean), null) }),
  status: object({
    tor: object({
      up: boolean,
      error: orNull(hostError),
      version: string(120),
      control: string(300),
      auth: string(40),
      relays: count,
      exits: count,
      geoip: boolean,
      mapaddress: boolean,
      streams: boolean,
    }),
    roots: object({ source: oneOf('browser', 'system', 'none'), count }),
    version: string(40),
  }),
  'clip.result': object({ found: boolean, more: boolean, hits: list(hit, 256) }),
  'clip.progress': object({ ...PROGRESS, step: oneOf('choosing', 'building', 'connecting', 'handshaking', 'fetching', 'done', 'failed') }),
  'clip.compared': object({
    ...RESULT,
    address: string(2048),
    ticker: string(64),
    first: list(relay, 16),
    others: list(pageAnswer, 64),
  }),
  'download.progress': object({
    ...PROGRESS,
    step: oneOf('choosing', 'building', 'connecting', 'handshaking', 'fetching', 'comparing', 'done', 'failed'),
    method: orNull(oneOf(...METHODS)),
    bytes: size,
    total: orNull(size),
  }),
  'download.result': object({
    ...RESULT,
    url: string(2048),
    link_secure: boolean,
    method: orNull(oneOf(...METHODS)),
    missed: orNull(object({ block: number(0, 1), kib64: number(0, 1), percent: number(0, 1) })),
    compared: size,
    fetched: size,
    class: orNull(oneOf('executable', 'transparent', 'other')),
    format: string(63),
    local: orNull(object({ size, sha256: orNull(sha256) })),
    first: list(relay, 16),
    others: list(fileAnswer, 64),
    differing: list(object({ offset: size, length: integer(1, SIZE_MAX) }), 16),
    more_differing: boolean,
    state: oneOf('none', 'held', 'finished', 'browser'),
    download: orNull(integer(1, 0x7fffffff)),
    path: orNull(string(4096)),
    whole_possible: boolean,
    can_keep: boolean,
  }),
  'download.kept': object({ path: string(4096) }),
  classified: object({ class: oneOf('executable', 'transparent', 'other'), format: string(63), why: string(63) }),
  // The text as it stands: line ends are part of it, and what it says of relays and sites is cleaned where it is shown.
  'report.built': object({ text: (v) => (typeof v === 'string' && v.length <= REPORT_FILE_MAX ? v : fail('string')) }),
  'report.progress': object({
    attempt: integer(1, 100),
    state: oneOf('sending', 'waiting'),
    error: orNull(hostError),
    wait_ms: milliseconds,
  }),
  'report.sent': object({ answer: oneOf('stored', 'known'), attempts: integer(1, 100) }),
  ok: object({}),
  error: object({ code: integer(1, 99999), name: string(64), text: string(300), field: optional(string(60), '') }),
};

const events = {
  tor: object({ up: boolean, error: optional(orNull(hostError), null) }),
  newnym: object({}),
};

/**
 * Reads one message of the host: {id: number|null, kind, body} or {kind: 'event', event, body}. Throws Garbage; its
 * `id` tells which request it answered, where that could be read.
 */
export function readMessage(raw) {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) fail('not an object');
  if (raw.kind === 'event') {
    if (typeof raw.event !== 'string' || !Object.hasOwn(events, raw.event)) return { kind: 'event', event: '', body: {} };
    return { kind: 'event', event: raw.event, body: events[raw.event](raw) };
  }
  const id = raw.id === null ? null : integer(1, 0x7fffffff)(raw.id);
  try {
    if (typeof raw.kind !== 'string' || !Object.hasOwn(readers, raw.kind)) fail('kind');
    return { id, kind: raw.kind, body: readers[raw.kind](raw) };
  } catch (e) {
    e.id = id;
    throw e;
  }
}

const isOf = (result, site) => result.host === site.host && result.port === site.port && result.first_party === site.firstParty &&
  result.private === site.private && result.container === site.container;

/** The kind of the messages that tell of a request's progress, for those that have some. */
export const PROGRESS_OF = {
  'cert.check': 'cert.progress', 'https.check': 'https.progress', 'clip.compare': 'clip.progress',
  'download.fetch': 'download.progress', 'download.verify': 'download.progress', 'download.retry': 'download.progress',
  'report.send': 'report.progress',
};

/** The kind of the final message that ends a request of this kind. */
export const FINAL = {
  hello: 'hello',
  'cert.check': 'cert.result',
  'https.check': 'https.result',
  'cert.forget': 'ok',
  'circuit.new': 'circuit.result',
  'session.wipe': 'ok',
  status: 'status',
  cancel: 'ok',
  'clip.check': 'clip.result',
  'clip.compare': 'clip.compared',
  'download.fetch': 'download.result',
  'download.verify': 'download.result',
  'download.local': 'ok',
  'download.retry': 'download.result',
  'download.discard': 'ok',
  'download.keep': 'download.kept',
  'download.show': 'ok',
  classify: 'classified',
  'report.build': 'report.built',
  'report.send': 'report.sent',
};

// What the host takes of copied text (host/base/limits.h: CLIP_TEXT_MAX, CLIP_FLAVOURS_MAX, NATIVE_IN_MAX).
export const CLIP_TEXT_MAX = 8 * 1024 * 1024;
export const CLIP_FLAVOURS_MAX = 16;
const NATIVE_IN_MAX = 2 * CLIP_TEXT_MAX + 64 * 1024;

/**
 * The fields of a clip.check for these flavours ({type, text} each), or null when the host would refuse them for their size:
 * then they stay held. A NUL becomes a zero-width space, which hides nothing from the host; half a surrogate pair U+FFFD.
 */
export function clipCheck(flavours) {
  if (flavours.length === 0 || flavours.length > CLIP_FLAVOURS_MAX) return null;
  let bytes = 0;
  let escaped = 0;
  const clean = [];
  for (const { type, text } of flavours) {
    if (text.length > CLIP_TEXT_MAX) return null;
    const sound = isSound(text) ? text : text.replaceAll('\0', '\u200b').replace(LONE, '\ufffd');
    bytes += bytesOf(sound);
    escaped += escapesOf(sound);
    clean.push({ type: sane(type), text: sound });
  }
  return bytes > CLIP_TEXT_MAX || bytes + escaped > NATIVE_IN_MAX - 8192 ? null : { flavours: clean };
}

// A megabyte is looked through in each of these: no list of what was found, no copy.
const isSound = (text) => !text.includes('\0') && (text.isWellFormed?.() ?? text.search(LONE) < 0);

/** Bytes of UTF-8 of a text without lone surrogates. */
function bytesOf(text) {
  // eslint-disable-next-line no-control-regex
  return /[^\0-\x7f]/.test(text) ? new TextEncoder().encode(text).length : text.length;
}

// What JSON adds: one to those that have a letter of their own behind the backslash, five to other controls.
function escapesOf(text) {
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 0x5c) continue;
    if (c === 0x22 || c === 0x5c) n++;
    else if (c < 0x20) n += c >= 8 && c <= 13 && c !== 11 ? 1 : 5;
  }
  return n;
}

/** Halves of surrogate pairs that stand alone: no text that can be sent. */
export const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
// A flavour's name is the page's word; one that the host would refuse is not worth a refusal of the whole.
const sane = (type) => type.replace(/[^ -~]/g, '?').slice(0, 127) || 'unknown';

/** Whether a comparison's result answers this very request and bears out its own verdict; throws Garbage otherwise. */
export function checkCompared(result, site, address) {
  if (!isOf(result, site) || result.address !== address) fail('result of another comparison');
  const pages = result.others.filter((a) => a.status === 'page');
  for (const a of pages) {
    if (a.found === null || (a.found === 'absent') !== (a.address === null)) fail('an answer that contradicts itself');
    if (a.found !== 'absent' && (a.found === 'same') !== (a.address === address)) fail('an answer that contradicts itself');
  }
  if (result.verdict !== 'match') return;
  if (result.answered < result.k || pages.length < result.k) fail('match with too few answers');
  if (!pages.every((a) => a.found === 'same' && a.family_equal && a.alone)) fail('match against a dissent');
  if (new Set(pages.map((a) => a.exit?.fingerprint)).size !== pages.length) fail('one exit twice');
}

/**
 * Whether a download's result answers this very request (its site, the first URL of its chain) and bears out its own verdict; throws
 * Garbage otherwise. isFetched: the host fetched the file (download.fetch), else the browser holds it.
 */
export function checkDownload(result, site, url, isFetched) {
  if (!isOf(result, site) || result.url !== url) fail('result of another download');
  const answers = result.others.filter((a) => a.status === 'answer');
  if (result.verdict !== 'match') {
    if (result.state === 'finished') fail('a finished file without a match');
    return;
  }
  if (result.state !== (isFetched ? 'finished' : 'browser')) fail('a match of no file');
  if (result.method === null || result.local === null || result.error !== null) fail('match of nothing');
  if (result.method === 'ranges' && result.missed === null) fail('match by ranges that does not say what it proves');
  if (!answers.every((a) => a.agrees === true)) fail('match against a dissent');
  if (result.answered < result.k || answers.length < result.k) fail('match with too few answers');
  if (new Set(answers.map((a) => a.exit?.fingerprint)).size !== answers.length) fail('one exit twice');
}

/**
 * Whether a result answers this very request and bears out its own verdict; throws Garbage otherwise. A match that
 * doesn't name what was matched, or names less than k answers, is none.
 */
export function checkResult(result, site, offeredSha256) {
  if (!isOf(result, site)) fail('result of another site');
  if (result.verdict !== 'match') return;
  const agreeing = result.others.filter((a) => a.agrees === 'same_certificate' || a.agrees === 'same_key');
  if (result.answered < result.k || agreeing.length < result.k) fail('match with too few answers');
  if (result.others.some((a) => a.agrees === 'differs')) fail('match against a dissent');
  if (result.fingerprints.length === 0) fail('match of nothing');
  if (offeredSha256 && !result.fingerprints.includes(offeredSha256)) fail('match of another certificate');
}

// Of a plain page: who is led to HTTPS by others alone, and who is not by anybody.
function checkPlain(result, saw) {
  const isLed = (a) => a.plain === 'redirect' || (a.plain === 'none' && a.saw === 'valid');
  const answers = result.others.filter((a) => a.saw !== null);
  if (result.verdict === 'mismatch' && (answers.length < 2 || !answers.every(isLed))) fail('not all are led to what is said to be withheld');
  if (result.verdict !== 'match') return;
  const agreeing = result.reason === 'no_https' ? 'none' : 'valid';
  if (result.answered < result.k || saw(agreeing) < result.k) fail('match with too few answers');
  if (!answers.every((a) => a.saw === agreeing && a.plain === 'page')) fail('match against a dissent');
  if (result.first.some(isLed)) fail('match against the first exit');
}

/**
 * The same for the question whether HTTPS is withheld. A match needs k answers; a mismatch somebody who saw it. isPlain: it was asked
 * of a plain page.
 */
export function checkHttps(result, site, isPlain = false) {
  if (!isOf(result, site)) fail('result of another site');
  const saw = (what) => result.others.filter((a) => a.saw === what).length;
  if (result.verdict === 'mismatch' && saw('valid') === 0) fail('nobody saw what is said to be withheld');
  if (isPlain) return checkPlain(result, saw);
  if (result.verdict !== 'match') return;
  const agreeing = result.reason === 'no_https' ? 'none' : 'valid';
  if (result.answered < result.k || saw(agreeing) < result.k) fail('match with too few answers');
  if (result.others.some((a) => a.saw !== null && a.saw !== agreeing)) fail('match against a dissent');
  if (result.first.some((a) => a.saw !== null && a.saw !== agreeing)) fail('match against the first exit');
}
