// The certificate page as elements, for each state. Order: what happened, what it means, what to do; the rest behind
// disclosures for those who want to know.

import { h, ltr } from './dom.js';
import { titleOf, leadOf, remedyOf, wayWords, toneOf, grouped, problemText } from './words.js';
import { answerList, certificateTable, chanceText } from './answers.js';

const SIGNS = { wait: '…', calm: '✓', alarm: '!', unsure: '?' };

/** Children of <main>. context: {t, language, view, actions, circuits, hasUrl, progress}. */
export function body(context) {
  const { t, view } = context;
  const tone = toneOf(view);
  return [
    h('header', { class: `head ${tone}` },
      h('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[tone]),
      h('div', {}, h('h1', { tabindex: '-1' }, titleOf(t, view)), view.host ? h('p', { class: 'site' }, siteName(view)) : null)),
    h('div', { class: 'lead' }, leadOf(t, view).map((text) => h('p', {}, text))),
    ...(STATES[view.phase] ?? STATES.over)(context),
  ];
}

const siteName = ({ host, port }) => ltr(port === 443 ? `https://${host}` : `https://${host}:${port}`, { class: 'address' });

const button = (id, text, act, kind = 'plain', attributes = {}) => h('button', { id, type: 'button', class: kind, onclick: act, ...attributes }, text);

const STATES = {
  checking: ({ t, view, actions, progress }) => [
    h('div', { class: 'actions' }, button('way', t(view.question === 'https' ? 'pending_https' : 'pending'), null, 'primary', { disabled: true, 'aria-describedby': 'bar' })),
    progress(t, view),
    h('p', { class: 'small' }, button('retry', t('retry'), actions.retry, 'link'), ' ', h('span', {}, t('deadline', Math.ceil(view.deadlineMs / 1000)))),
    h('div', { class: 'actions' }, button('leave', t('leave'), actions.leave)),
  ],
  waiting: ({ t, actions }) => [
    h('div', { class: 'actions' }, button('start', t('start'), actions.start, 'primary'), button('leave', t('leave'), actions.leave)),
  ],
  harmless: (context) => [wayOn(context), note(context), h('div', { class: 'actions' }, button('leave', context.t('leave'), context.actions.leave)), technical(context)],
  over: ({ t, actions, hasUrl }) => [
    h('div', { class: 'actions' }, hasUrl ? button('again', t('again'), actions.again, 'primary') : null, button('leave', t('leave'), actions.leave)),
  ],
  done: (context) => [
    context.view.renewing ? h('p', { class: 'hint' }, context.t('renewing', context.view.renewing)) : null,
    context.view.verdict === 'mismatch' ? h('div', { id: 'diagram' }) : null,
    remedy(context), fingerprint(context), wayOn(context), note(context), doors(context), circuitQuestion(context), ...details(context),
  ],
};

function remedy({ t, view }) {
  const text = remedyOf(t, view);
  return text ? h('p', { class: 'hint' }, h('strong', {}, t('what_to_do')), ' ', text) : null;
}

function fingerprint({ t, view }) {
  if (view.verdict !== 'match' || view.problem || view.question === 'https') return null;
  const shown = view.offeredSha256 ? [view.offeredSha256] : view.result.fingerprints;
  return h('div', { class: 'fingerprint' }, h('h2', {}, t('fingerprint')), shown.map((hex) => h('code', { dir: 'ltr' }, grouped(hex))),
    h('p', { class: 'small' }, t('fingerprint_note')));
}

function wayOn({ t, view, actions }) {
  const words = wayWords(t, view);
  if (!words.note && !words.button) return null;
  return h('div', { class: 'way' },
    words.button ? button('way', words.button, actions.proceed, 'careful', { 'aria-describedby': 'way-note' }) : null,
    h('p', { id: 'way-note', class: 'small' }, words.note));
}

const NOTES = new Set(['exception_unknown_certificate', 'exception_not_overridable', 'exception_hsts', 'exception_failed']);

function note({ t, view }) {
  if (!view.note) return null;
  const text = NOTES.has(view.note) ? t(view.note) : `${t('note_circuit')} ${problemText(t, { code: view.note, error: null })}`;
  return h('p', { class: 'hint', role: 'alert' }, text);
}

// The buttons that don't lead on to the site's page.
function doors({ t, view, actions, circuits }) {
  const isAlarm = view.verdict === 'mismatch';
  const offersCircuit = view.canRenew && (isAlarm || view.verdict === 'undecided') && !circuits;
  return h('div', { class: 'actions' },
    isAlarm ? button('leave', t('leave'), actions.leave, 'primary') : null,
    view.retry === 'none' ? null : button('retry', t('retry'), actions.retry, 'primary'),
    view.result?.same_country_possible ? button('same-country', t('same_country'), actions.sameCountry) : null,
    offersCircuit ? button('ask-circuits', t('new_circuit'), actions.askCircuits) : null,
    isAlarm && view.canReport ? button('report', t('report_open'), actions.report) : null,
    isAlarm ? null : button('leave', t('leave'), actions.leave));
}

// What a new circuit would interrupt, before it does.
function circuitQuestion({ t, actions, circuits }) {
  if (!circuits) return null;
  const text = circuits.problem ? problemText(t, circuits.problem) : t('circuit_question', circuits.streams, circuits.circuits);
  return h('div', { class: 'question', role: 'group', 'aria-labelledby': 'circuit-text' },
    h('p', { id: 'circuit-text' }, text),
    h('div', { class: 'actions' },
      circuits.problem ? null : button('confirm-circuit', t('circuit_yes'), actions.newCircuit, 'primary'),
      button('keep-circuit', t('circuit_no'), actions.keepCircuit)));
}

const disclosure = (id, summary, ...children) => h('details', { id }, h('summary', {}, summary), ...children);

function details(context) {
  const { t, language, view } = context;
  if (!view.result) return [technical(context)];
  const { result } = view;
  const table = view.question === 'https' ? null : certificateTable(t, language, result);
  const hasAnswers = result.first.length + result.others.length > 0;
  const open = view.verdict === 'undecided' && hasAnswers;
  return [
    hasAnswers ? h('details', { id: 'answers', open }, h('summary', {}, t('details_answers', result.answered, result.asked)), answerList(t, language, result),
      result.others.some((a) => a.agrees === 'differs' && !a.valid) ? h('p', { class: 'small' }, t('answers_note')) : null) : null,
    table ? disclosure('certificates', t('details_certificates'), h('div', { class: 'scroll' }, table)) : null,
    chanceText(t, language, result) ? disclosure('chance', t('details_chance'), h('p', {}, chanceText(t, language, result))) : null,
    technical(context),
  ];
}

function technical({ t, view }) {
  const error = view.problem?.error ?? view.result?.error;
  const lines = [
    [t('tech_error'), view.errorName],
    [t('tech_roots'), view.result ? t(`roots_${view.result.roots}`) : ''],
    [t('tech_host'), error ? `${error.name} (${error.code}): ${error.text}` : ''],
    [t('tech_code'), view.problem ? `${view.problem.code} ${view.problem.detail}`.trim() : view.result?.reason],
    [t('tech_time'), view.result ? `${view.result.elapsed_ms} ms` : ''],
  ].filter(([, text]) => text);
  return disclosure('technical', t('details_technical'), h('dl', {}, lines.flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, ltr(text))])));
}
