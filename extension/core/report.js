// A report as the form shows it (shared/report.md): which fields it has, which may be left out, and what is left then. Pure.

import { plain } from './messages.js';

/** The order of a report's fields, and which a person may leave out. What is in no list is always part of a report. */
const OPTIONAL = {
  report: new Set(['roots', 'reproduce']),
  seen: new Set(['error', 'source', 'agrees', 'valid', 'signed', 'why', 'sha256', 'chain', 'chain_left_out', 'http_status', 'length', 'ranges']),
  exit: new Set(['nickname', 'address', 'country', 'family', 'flags']),
  software: new Set(['edition', 'tor', 'browser']),
};

/** The Tor Project's list for bad relays. */
export const BAD_RELAYS = 'bad-relays@lists.torproject.org';
const MAIL_LONG = 8000;

/** The report in a file's text; null when it is none. */
export function readReport(text) {
  try {
    const report = JSON.parse(text);
    const isOne = report !== null && typeof report === 'object' && report.secondexit_report === 1 && Array.isArray(report.first) && Array.isArray(report.others);
    return isOne ? report : null;
  } catch {
    return null;
  }
}

const rowsOf = (object, where, optional) => Object.entries(object)
  .filter(([, value]) => typeof value !== 'object' || Array.isArray(value))
  .map(([name, value]) => ({ id: [...where, name].join('.'), name, value: shown(value), isOptional: optional.has(name), isLong: ['chain', 'ranges'].includes(name) }));

// One line of text for a value; long ones are shown whole, in a box of their own. A name that is right but reorders text is not shown as it is.
function shown(value) {
  if (Array.isArray(value)) return value.map((v) => (typeof v === 'object' ? JSON.stringify(v) : String(v))).map(plain).join(typeof value[0] === 'string' && value[0].length < 30 ? ', ' : '\n');
  return plain(String(value));
}

/**
 * What the form shows, in groups: [{id, kind: 'what'|'first'|'other'|'software', n, isOptional, rows}]. A group that is optional may be left out
 * as a whole; its id then stands in `left`.
 */
export function groupsOf(report) {
  const seen = (kind, list) => list.map((s, i) => ({
    id: `${kind === 'first' ? 'first' : 'others'}.${i}`, kind, n: i + 1, isOptional: kind === 'other',
    rows: [...rowsOf(s.exit, [kind === 'first' ? 'first' : 'others', i, 'exit'], OPTIONAL.exit), ...rowsOf(s, [kind === 'first' ? 'first' : 'others', i], OPTIONAL.seen)],
  }));
  return [
    { id: 'what', kind: 'what', n: 0, isOptional: false, rows: rowsOf(Object.fromEntries(Object.entries(report).filter(([name]) => !['first', 'others', 'path'].includes(name))), [], OPTIONAL.report) },
    ...seen('first', report.first), ...seen('other', report.others),
    { id: 'software', kind: 'software', n: 0, isOptional: false, rows: rowsOf(report.software, ['software'], OPTIONAL.software) },
  ];
}

const without = (object, where, left) => Object.fromEntries(Object.entries(object).filter(([name]) => !left.has([...where, name].join('.'))));

/** A path as a person typed it, if a report may have it: '' otherwise. */
export function cleanPath(text) {
  const path = String(text ?? '').trim();
  return /^\/[!-~]*$/.test(path) && path.length <= 2047 ? path : '';
}

/** `secondexit download http://host:80/ --first-exit …` with the path in its place, where a shell reads nothing else in it. */
function commandWith(command, path) {
  const longer = command.replace(/(:\/\/[^ ]*:[0-9]+)\/(?= )/, (all, site) => `${site}${path}`);
  return /^\/[A-Za-z0-9./:_=[\]-]*$/.test(path) && longer.length <= 511 ? longer : command;
}

/** The report without what was left out (ids of rows and groups) and with the path that the person added. */
export function composed(report, left, path = '') {
  const seen = (name) => report[name].map((s, i) => ({ s, i })).filter(({ i }) => !left.has(`${name}.${i}`)).map(({ s, i }) => {
    const rest = without(s, [name, i], left);
    return { ...rest, exit: without(s.exit, [name, i, 'exit'], left) };
  });
  const out = {};
  for (const [name, value] of Object.entries(without(report, [], left))) {
    if (name === 'path') continue;
    if (name === 'time' && cleanPath(path)) out.path = cleanPath(path);
    if (name === 'first' || name === 'others') out[name] = seen(name);
    else if (name === 'software') out[name] = without(value, ['software'], left);
    else if (name === 'reproduce') out[name] = commandWith(value, cleanPath(path));
    else out[name] = value;
  }
  return out;
}

/** The very text that is shown, kept, mailed and sent. */
export const textOf = (report) => `${JSON.stringify(report, null, 2)}\n`;

export const fileNameOf = (report) => `secondexit-report-${report.kind}-${report.first[0].exit.fingerprint.slice(0, 8)}-${report.time.slice(0, 10)}.json`;

/** {href, isLong}: a mail with subject and body filled in (RFC 6068). */
export function mailOf(address, report) {
  const subject = `Bad relay: ${report.first[0].exit.fingerprint} (${report.kind})`;
  const body = textOf(report).replaceAll('\n', '\r\n');
  const href = `mailto:${encodeURIComponent(address).replaceAll('%40', '@')}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}`;
  return { href, isLong: href.length > MAIL_LONG };
}

/** What the options keep: each "" when it is none. */
export function cleanReportOptions(value) {
  const { mail = BAD_RELAYS, onion = '', key = '' } = typeof value === 'object' && value !== null ? value : {};
  const is = (text, pattern) => (typeof text === 'string' && pattern.test(text.trim()) ? text.trim() : '');
  return {
    mail: is(mail, /^[!#$%*+\-./0-9=?A-Z^_`a-z{|}~]{1,64}@[A-Za-z0-9.-]{1,255}$/) || BAD_RELAYS,
    onion: is(String(onion).toLowerCase(), /^[a-z2-7]{55}d\.onion$/),
    key: is(String(key).toLowerCase(), /^[0-9a-f]{64}$/),
  };
}
