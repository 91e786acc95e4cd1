// The window of a held copy as elements: the user's own word, which address, why, what to do.

import { h, ltr } from './dom.js';
import { copyTitle, copyLead, copyTone, copyRemedy, whyNotText } from './copywords.js';
import { relayLine } from './answers.js';
import { progress } from './progress.js';
import { percent, problemText } from './words.js';
import { shortAddress } from '../core/clip.js';

const SIGNS = { wait: '…', calm: '✓', alarm: '!', unsure: '?' };
const NETWORKS = { main: '', test: 'copy_network_test' };

const button = (id, text, act, kind = 'plain', attributes = {}) => h('button', { id, type: 'button', class: kind, onclick: act, ...attributes }, text);

/** Children of <main>. context: {t, language, view, actions, circuits}. */
export function copyBody(context) {
  const { t, view } = context;
  const tone = copyTone(view);
  return [
    wordLine(context),
    h('header', { class: `head ${tone}` }, h('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[tone]),
      h('div', {}, h('h1', { tabindex: '-1' }, copyTitle(t, view)), view.page ? h('p', { class: 'site' }, t('copy_page'), ' ', ltr(siteOf(view.page))) : null)),
    addresses(context),
    h('div', { class: 'lead' }, copyLead(t, view).map((text) => h('p', {}, text))),
    view.phase === 'comparing' ? progress(t, { ...view, slotFrom: 1 }) : null,
    remedy(context), whatToDo(context), question(context), note(context), answers(context), technical(context),
  ];
}

// No page knows this word: a window without it is not ours.
function wordLine({ t, view, actions }) {
  if (view.word) return h('div', { class: 'word' }, h('span', {}, t('copy_word')), h('bdi', { class: 'yours', id: 'your-word' }, view.word));
  return h('div', { class: 'word' },
    h('form', { onsubmit: actions.word }, h('label', { for: 'word' }, t('copy_word_choose')),
      h('input', { id: 'word', type: 'text', maxlength: 40, autocomplete: 'off', spellcheck: 'false' }), h('button', { id: 'set-word', type: 'submit', class: 'plain' }, t('copy_word_set'))));
}

function siteOf(url) {
  try {
    return new URL(url).origin === 'null' ? url.slice(0, 80) : new URL(url).origin;
  } catch {
    return url.slice(0, 80);
  }
}

function addresses({ t, view }) {
  if (!view.addresses?.length) return null;
  const isMismatch = view.compare?.verdict === 'mismatch';
  const item = (a, label, kind) => h('li', { class: kind },
    h('span', { class: 'label' }, label), h('code', { class: 'short', dir: 'ltr', title: a.address }, shortAddress(a.address)),
    h('span', { class: 'label' }, coinOf(t, a)), h('code', { class: 'whole', dir: 'ltr' }, a.address),
    a.normalised ? h('span', { class: 'flag' }, t('copy_normalised')) : null);
  const theirs = isMismatch && view.compare.others.find((o) => o.found === 'other')?.address;
  const [first] = view.addresses;
  const list = theirs ? [item(first, t('copy_yours'), 'mine'), item({ ...first, address: theirs, normalised: false }, t('copy_theirs'), 'theirs')]
    : view.addresses.map((a) => item(a, '', ''));
  return h('ul', { class: `addresses ${theirs ? 'two' : ''} ${view.phase === 'released' ? 'good' : ''}`, role: 'list' }, list,
    view.more ? h('li', {}, t('copy_more')) : null);
}

function coinOf(t, { coin, ticker, form, network, weak }) {
  const parts = [`${coin} (${ticker})`, form];
  if (network in NETWORKS ? NETWORKS[network] : network) parts.push(NETWORKS[network] ? t(NETWORKS[network]) : network);
  if (weak) parts.push(t('copy_weak'));
  return parts.join(' · ');
}

function remedy({ t, view }) {
  const text = copyRemedy(t, view);
  return text ? h('p', { class: 'hint' }, h('strong', {}, t('what_to_do')), ' ', text) : null;
}

function whatToDo({ t, view, actions, circuits }) {
  if (view.phase === 'over' || view.phase === 'asking') return h('div', { class: 'actions' }, button('close', t('close'), actions.close));
  const isDone = view.phase === 'released' || view.compare?.verdict === 'mismatch';
  const canCompare = view.phase === 'held' && !isDone && view.addresses.length && !view.whyNot && (!view.compare || view.compare.retry_useful);
  const why = isDone || view.phase !== 'held' ? '' : whyNotText(t, view);
  return h('div', {},
    h('div', { class: 'actions' },
      view.canAsk ? button('again', t('retry'), actions.again, 'primary') : null,
      canCompare ? button('compare', t(view.compare || view.compareProblem ? 'retry' : 'copy_compare'), actions.compare, 'primary', { 'aria-describedby': 'compare-note' }) : null,
      view.canRenew && view.phase !== 'comparing' && !['released', 'clean'].includes(view.phase) && !circuits ? button('ask-circuits', t('copy_renew'), actions.askCircuits) : null,
      view.canReport && view.compare?.verdict === 'mismatch' ? button('report', t('report_open'), actions.report) : null,
      button('close', t('close'), actions.close)),
    canCompare ? h('p', { class: 'small', id: 'compare-note' }, t('copy_compare_note')) : null,
    why ? h('p', { class: 'small', id: 'why-not' }, why) : null);
}

function question({ t, actions, circuits }) {
  if (!circuits) return null;
  return h('div', { class: 'question', role: 'group', 'aria-labelledby': 'circuit-text' },
    h('p', { id: 'circuit-text' }, circuits.problem ? problemText(t, circuits.problem) : t('circuit_question', circuits.streams, circuits.circuits)),
    h('div', { class: 'actions' },
      circuits.problem ? null : button('confirm-circuit', t('circuit_yes'), actions.newCircuit, 'primary'),
      button('keep-circuit', t('circuit_no'), actions.keepCircuit)));
}

const note = ({ t, view }) => (view.note ? h('p', { class: 'hint', role: 'alert' }, problemText(t, { code: view.note })) : null);

function answers({ t, language, view }) {
  const { compare } = view;
  if (!compare || compare.others.length + compare.first.length === 0) return null;
  const line = (who, exit, kind, status, more = null) => h('li', { class: `answer ${kind}` },
    h('span', { class: 'who' }, who), relayLine(t, language, exit), h('strong', { class: 'status' }, status), more);
  const chance = compare.chance[Math.min(compare.answered, compare.chance.length) - 1];
  return h('details', { id: 'answers', open: true }, h('summary', {}, t('details_answers', compare.answered, compare.asked)),
    h('ul', { class: 'answers', role: 'list' },
      compare.first.map((exit) => line(t('slot_first'), exit, compare.verdict === 'mismatch' ? 'differs' : 'first', shortAddress(compare.address))),
      compare.others.map((o) => line(t('slot_other', o.slot), o.exit, o.found === 'same' ? 'same' : 'differs', statusOf(t, o),
        o.address && o.found === 'other' ? h('code', { dir: 'ltr' }, shortAddress(o.address)) : o.error && h('span', { class: 'why', lang: 'en', dir: 'ltr' }, o.error.text)))),
    chance === undefined ? null : h('p', { class: 'small' }, t('chance', percent(language, compare.chance[0]), compare.answered, percent(language, chance))));
}

function statusOf(t, { status, found }) {
  if (status === 'failed') return t('answer_failed');
  return t({ same: 'copy_found_same', other: 'copy_found_other', absent: 'copy_found_absent' }[found]);
}

function technical({ t, view }) {
  const problem = view.compareProblem ?? view.problem;
  const error = problem?.error ?? view.compare?.error;
  const lines = [
    [t('tech_host'), error ? `${error.name} (${error.code}): ${error.text}` : ''],
    [t('tech_code'), problem ? `${problem.code} ${problem.detail}`.trim() : view.compare?.reason],
    [t('tech_time'), view.compare ? `${view.compare.elapsed_ms} ms` : ''],
  ].filter(([, text]) => text);
  if (!lines.length) return null;
  return h('details', { id: 'technical' }, h('summary', {}, t('details_technical')), h('dl', {}, lines.flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, ltr(text))])));
}
