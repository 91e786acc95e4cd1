// The downloads as elements: name, where from, what is known of it, what to do.

import { h, ltr } from './dom.js';
import { relayLine } from './answers.js';
import { percent, problemText, problemRemedy, KNOWN_ERRORS } from './words.js';

export const KNOWN_DOWNLOAD_REASONS = {
  match: ['same_digest', 'same_commitment', 'same_file', 'same_ranges'],
  mismatch: ['other_file', 'remembered_mismatch'],
  undecided: ['start_unknown', 'one_exit_differs', 'customised', 'entity_differs', 'weak_digest', 'ranges_unreliable', 'too_large', 'gone', 'refused', 'not_a_file', 'needs_cookies', 'post_request',
    'local_file', 'is_program', 'interrupted', 'redirects_differ', 'too_few_answers', 'first_unknown', 'no_independent_exit', 'not_through_exit', 'onion_service', 'private_address', 'tor_unavailable', 'needs_click',
    'cancelled', 'deadline'],
};
export const WHYS = { prevented: ['link', 'option', 'sourceless', 'content', 'bare', 'unclassified'], waiting: ['click', 'again', 'cancelled'] };
const METHODS = ['digest_header', 'commitment', 'whole', 'ranges'];

export const bytes = (language, n) => {
  const [unit, size] = n >= 1 << 30 ? ['gigabyte', 1 << 30] : n >= 1 << 20 ? ['megabyte', 1 << 20] : n >= 1024 ? ['kilobyte', 1024] : ['byte', 1];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: n >= 1024 ? 1 : 0 }).format(n / size);
};

// A small probability is not none.
const chance = (language, share) => (share > 0 && share < 0.001 ? `<${percent(language, 0.001)}` : percent(language, share));

/** "calm", "alarm", "unsure", "wait". */
export function toneOf({ phase, verdict, isGone }) {
  if (phase === 'checking') return 'wait';
  if (phase === 'prevented') return 'alarm';
  if (phase === 'done' && verdict === 'match') return 'calm';
  if (phase === 'done' && verdict === 'mismatch') return 'alarm';
  return phase === 'noticed' || isGone ? 'unsure' : phase === 'waiting' ? 'wait' : 'unsure';
}

export function titleOf(t, { phase, verdict, why, how }) {
  if (phase === 'done') return t(`download_title_${verdict}`);
  if (phase === 'waiting' && why === 'cancelled') return t('download_title_cancelled');
  return t(phase === 'checking' && how === 'fetch' ? 'download_title_fetching' : `download_title_${phase}`);
}

/** The sentences under the title, most important first. */
export function leadOf(t, language, entry) {
  const { phase, why, result, problem, verdict, how } = entry;
  if (phase === 'prevented') return [t(`download_prevented_${WHYS.prevented.includes(why) ? why : 'link'}`), ...(problem ? [problemText(t, problem), problemRemedy(t, problem)] : [])];
  if (phase === 'noticed') return [t('download_noticed')];
  if (phase === 'waiting') return [t(`download_waiting_${WHYS.waiting.includes(why) ? why : 'click'}`)];
  if (phase === 'checking') return [t(how === 'fetch' ? 'download_checking_fetch' : 'download_checking_hold')];
  if (problem) return [problemText(t, problem), problemRemedy(t, problem), t('download_held')];
  const known = KNOWN_DOWNLOAD_REASONS[verdict]?.includes(result.reason);
  const lead = [t(known ? `download_reason_${result.reason}` : `download_reason_other_${verdict}`, result.answered)];
  if (verdict === 'match' && result.missed) {
    lead.push(t('download_missed', chance(language, result.missed.block), chance(language, result.missed.kib64), chance(language, result.missed.percent)));
  }
  if (verdict === 'match') lead.push(t('download_match_limits'));
  if (verdict === 'mismatch') lead.push(t(entry.evidence ? 'download_evidence' : 'download_removed'));
  if (verdict === 'undecided' && KNOWN_ERRORS.includes(result.error?.code)) lead.push(`${t(`error_${result.error.code}`)} ${t(`error_${result.error.code}_do`)}`);
  if (verdict === 'undecided') lead.push(t(entry.isGone ? 'download_removed' : 'download_held'));
  return lead;
}

const button = (id, text, onclick, kind = 'plain') => h('button', { id, type: 'button', class: kind, onclick }, text);

function buttons({ t, act }, { id, can, verdict }) {
  const list = [['start', 'primary'], ['retry', 'primary'], ['whole', 'plain'], ['show', 'primary'], ['keep', 'plain'], ['cancel', 'plain'], ['remove', 'plain']]
    .filter(([kind]) => can[kind]).map(([kind, look]) => button(`${kind}-${id}`, t(`download_do_${kind}`), act(kind, id), look));
  if (verdict === 'mismatch') list.push(button(`report-${id}`, t('download_report'), act('report', id)));
  return list.length ? h('div', { class: 'actions' }, list) : null;
}

const bar = (t) => h('div', { class: 'progress' }, h('div', { class: 'bar', role: 'progressbar', 'aria-label': t('download_progress'), 'aria-valuemin': 0, 'aria-valuemax': 100 }, h('div', { class: 'fill' })),
  h('ul', { class: 'slots', role: 'list' }));

function answers(t, language, result) {
  if (result.first.length + result.others.length === 0) return null;
  const item = (a) => {
    const [tone, text] = a.status === 'failed' ? ['silent', t('answer_failed')] : a.agrees === true ? ['same', t('download_answer_same')] : a.agrees === false ? ['differs', t('download_answer_differs')]
      : ['silent', t('download_answer_nothing')];
    return h('li', { class: `answer ${tone}` }, h('span', { class: 'who' }, t('slot_other', a.slot)), relayLine(t, language, a.exit), h('strong', { class: 'status' }, text),
      h('span', {}, bytes(language, a.bytes)), a.error && h('span', { class: 'why', lang: 'en', dir: 'ltr' }, a.error.text), a.sha256 && h('code', { dir: 'ltr' }, `${a.sha256.slice(0, 16)} …`));
  };
  return h('ul', { class: 'answers', role: 'list' },
    result.first.map((relay) => h('li', { class: 'answer first' }, h('span', { class: 'who' }, t('slot_first')), relayLine(t, language, relay))), result.others.map(item));
}

function details({ t, language }, { id, result, url, isLinkSecure, cls, evidence, problem }) {
  const rows = [[t('download_url'), ltr(url)], [t('download_class'), t(`download_class_${cls}`)], [t('download_link'), t(isLinkSecure ? 'download_link_secure' : 'download_link_insecure')]];
  if (result) {
    if (METHODS.includes(result.method)) rows.push([t('download_method'), t(`download_method_${result.method}`)]);
    if (result.format) rows.push([t('download_format'), ltr(result.format)]);
    rows.push([t('download_compared'), bytes(language, result.compared)], [t('download_fetched'), bytes(language, result.fetched)]);
    if (result.local) rows.push([t('download_size'), bytes(language, result.local.size)]);
    if (result.local?.sha256) rows.push(['SHA-256', h('code', { dir: 'ltr' }, result.local.sha256)]);
    if (result.path) rows.push([t('download_path'), ltr(result.path)]);
    rows.push([t('download_reason'), ltr(result.reason)]);
  }
  if (evidence) rows.push([t('download_evidence_path'), ltr(evidence)]);
  const error = result?.error ?? problem?.error;
  if (error) rows.push([t('download_error'), h('span', { lang: 'en', dir: 'ltr' }, `${error.code} ${error.text}`)]);
  const ranges = result?.differing?.length ? h('ul', { class: 'ranges' }, result.differing.slice(0, 20).map((r) => h('li', {}, t('download_range', r.offset, r.length))),
    result.differing.length > 20 || result.more_differing ? h('li', {}, '…') : null) : null;
  return h('details', { id: `details-${id}` }, h('summary', {}, t('download_details')), result ? answers(t, language, result) : null, h('dl', {}, rows.flatMap(([a, b]) => [h('dt', {}, a), h('dd', {}, b)])),
    ranges && h('p', {}, t('download_differing')), ranges);
}

function file(context, entry) {
  const { t, language } = context;
  const error = entry.problem?.error ?? entry.result?.error;
  return h('section', {
    class: `file ${toneOf(entry)}`, id: `file-${entry.id}`, 'data-name': entry.name, 'data-phase': entry.phase, 'data-verdict': entry.phase === 'done' ? entry.verdict : '', 'data-why': entry.why,
    'data-reason': entry.result?.reason ?? '', 'data-method': entry.result?.method ?? '', 'data-problem': entry.problem?.code ?? '', 'data-error': error?.code ?? '', 'data-how': entry.how,
    'data-state': entry.result?.state ?? '', 'data-class': entry.cls, 'data-link': entry.isLinkSecure ? 'secure' : 'insecure', 'data-gone': String(entry.isGone), 'data-url': entry.url,
  },
  h('h2', {}, h('bdi', {}, entry.name)),
  h('p', { class: 'from' }, t('download_from'), ' ', ltr(hostOf(entry.url))),
  h('p', { class: 'verdict' }, titleOf(t, entry)),
  leadOf(t, language, entry).filter(Boolean).map((text) => h('p', {}, text)),
  entry.phase === 'checking' ? bar(t) : null,
  buttons(context, entry), details(context, entry));
}

const hostOf = (url) => {
  try {
    return new URL(url.replace(/^blob:/, '')).host || url.split(':')[0];
  } catch {
    return url.split(':')[0];
  }
};

export function downloadsBody(context) {
  const { t, view } = context;
  return [
    h('h1', { tabindex: '-1' }, t('downloads_title')),
    h('p', { class: 'small' }, t(view.edition === 'privileged' ? 'downloads_note_privileged' : 'downloads_note_standard')),
    view.entries.length === 0 ? h('p', { class: 'hint' }, t('downloads_none')) : null,
    ...view.entries.map((entry) => file(context, entry)),
  ];
}

/** What moves while one is checked. */
export function refreshFile(t, language, entry) {
  const section = document.getElementById(`file-${entry.id}`);
  const fill = section?.querySelector('.fill');
  if (!fill) return;
  const slots = Object.entries(entry.slots);
  const known = slots.filter(([, s]) => s.total > 0);
  const share = known.length ? known.reduce((sum, [, s]) => sum + Math.min(1, s.bytes / s.total), 0) / known.length : 0;
  fill.style.inlineSize = `${Math.max(4, Math.round(share * 100))}%`;
  fill.parentElement.setAttribute('aria-valuenow', String(Math.round(share * 100)));
  section.querySelector('.slots').replaceChildren(...slots.map(([slot, s]) => h('li', { class: s.step, 'data-slot': slot },
    h('span', { class: 'who' }, slot === '0' ? t('slot_first') : t('slot_other', slot)), h('span', { class: 'step' }, t(s.step === 'fetching' ? 'download_step_fetching' : `step_${s.step}`), s.bytes ? ` ${bytes(language, s.bytes)}` : ''),
    h('span', { class: 'exit' }, s.exit ? relayLine(t, language, s.exit) : ''))));
}
