// What each exit showed: the list of answers, and the certificates side by side with what differs marked.

import { h, ltr } from './dom.js';
import { countryName, grouped, percent, shortFingerprint } from './words.js';

/** Status of one answer, as a class and a text. */
export function statusOf(t, answer) {
  if (answer.plain) return statusOfPlain(t, answer);
  if (answer.saw !== undefined) return statusOfHttps(t, answer);
  if (answer.status === 'failed') return { tone: 'silent', text: t('answer_failed') };
  if (answer.valid) return { tone: 'valid', text: t('answer_valid') };
  if (answer.slot === 0 && (answer.agrees === null || answer.agrees === 'same_certificate')) return { tone: 'first', text: t('answer_first') };
  if (answer.agrees === 'same_certificate') return { tone: 'same', text: t('answer_same') };
  if (answer.agrees === 'same_key') return { tone: 'same', text: t('answer_same_key') };
  return { tone: 'differs', text: t('answer_differs') };
}

// The question whether HTTPS is withheld: what this exit saw of it.
function statusOfHttps(t, { saw, slot }) {
  if (saw === 'valid') return { tone: 'valid', text: t('answer_https_valid') };
  if (saw === 'invalid') return { tone: 'differs', text: t('answer_https_invalid') };
  if (saw === 'none') return { tone: slot === 0 ? 'first' : 'same', text: t('answer_https_none') };
  return { tone: 'silent', text: t('answer_failed') };
}

// A plain page: where its address led along this path.
function statusOfPlain(t, { plain, saw, slot }) {
  if (plain === 'redirect' || (plain === 'none' && saw === 'valid')) return { tone: saw === 'valid' ? 'valid' : 'differs', text: t('answer_plain_led') };
  if (plain === 'elsewhere') return { tone: 'differs', text: t('answer_plain_elsewhere') };
  if (plain === 'none') return { tone: 'silent', text: t('answer_plain_none') };
  return { tone: slot === 0 ? 'first' : 'same', text: t('answer_plain_page') };
}

export function relayLine(t, language, relay) {
  if (!relay) return h('span', { class: 'relay' }, t('relay_unknown'));
  const country = countryName(language, relay.country);
  return h('span', { class: 'relay' }, ltr(relay.nickname, { class: 'nickname' }), ' ', country && h('span', { class: 'country' }, country), ' ',
    h('code', { dir: 'ltr', title: relay.fingerprint }, shortFingerprint(relay.fingerprint)));
}

function answerItem(t, language, answer) {
  const status = statusOf(t, answer);
  const why = answer.error ? h('span', { class: 'why', lang: 'en', dir: 'ltr' }, answer.error.text)
    : answer.why && h('span', { class: 'why', lang: 'en', dir: 'ltr' }, answer.why);
  return h('li', { class: `answer ${status.tone}` },
    h('span', { class: 'who' }, answer.slot === 0 ? t('slot_first') : t('slot_other', answer.slot)),
    relayLine(t, language, answer.exit),
    h('strong', { class: 'status' }, status.text),
    answer.plain && answer.saw ? h('span', { class: 'why' }, statusOfHttps(t, answer).text) : null,
    why,
    answer.certificate && h('code', { dir: 'ltr', class: 'leaf' }, grouped(answer.certificate.sha256.slice(0, 16)), ' …'));
}

export function answerList(t, language, { first, others }) {
  return h('ul', { class: 'answers', role: 'list' }, [...first, ...others].map((a) => answerItem(t, language, a)));
}

const FIELDS = [
  ['cert_subject', (c) => c.subject],
  ['cert_issuer', (c) => c.issuer],
  ['cert_names', (c) => c.names],
  ['cert_serial', (c) => c.serial],
  ['cert_from', (c, date) => date(c.not_before), 'auto'],
  ['cert_until', (c, date) => date(c.not_after), 'auto'],
  ['cert_key', (c) => c.key],
  ['cert_signature', (c) => c.signature],
  ['cert_sha256', (c) => grouped(c.sha256)],
  ['cert_spki', (c) => grouped(c.spki_sha256)],
];

// What your path showed, against what most of the others showed; further kinds stand in the list of answers.
function pair({ first, others }) {
  const mine = first.find((a) => a.certificate)?.certificate;
  const theirs = others.filter((a) => a.certificate && a.certificate.sha256 !== mine?.sha256);
  const chosen = theirs.find((a) => a.valid) ?? theirs[0] ?? first.find((a) => a.certificate && a.certificate.sha256 !== mine?.sha256);
  return { mine, other: chosen?.certificate ?? null };
}

const dateIn = (language) => (seconds) => {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds)
    : new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(date);
};

/** One certificate as a table, or two side by side. null when there is none. */
export function certificateTable(t, language, result) {
  const { mine, other } = pair(result);
  if (!mine) return null;
  const date = dateIn(language);
  const row = ([key, read, dir = 'ltr']) => {
    const left = read(mine, date);
    const right = other && read(other, date);
    const isDifferent = other && left !== right;
    const cell = (text, label) => h('td', { 'data-label': label }, isDifferent ? h('mark', {}, h('bdi', { dir }, text)) : h('bdi', { dir }, text));
    return h('tr', { class: isDifferent ? 'different' : null },
      h('th', { scope: 'row' }, t(key), isDifferent ? h('span', { class: 'flag' }, t('cert_different')) : null),
      cell(left, t('cert_yours')), other && cell(right, t('cert_others')));
  };
  return h('table', { class: other ? 'certs two' : 'certs' },
    h('caption', {}, t(other ? 'cert_caption_two' : 'cert_caption_one')),
    h('thead', {}, h('tr', {}, h('td', {}), h('th', { scope: 'col' }, t(other ? 'cert_yours' : 'cert_all')), other && h('th', { scope: 'col' }, t('cert_others')))),
    h('tbody', {}, FIELDS.map(row)));
}

/** "The chance that one operator stood behind all exits asked." */
export function chanceText(t, language, { chance, answered }) {
  const all = chance[Math.min(answered, chance.length) - 1];
  return all === undefined ? '' : t('chance', percent(language, chance[0]), answered, percent(language, all));
}
