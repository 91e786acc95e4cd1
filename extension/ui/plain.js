// The popup's question about a plain page: "Is this page really only http?", and what other exits say.

import { h } from './dom.js';
import { line } from './overview.js';
import { answerList } from './answers.js';
import { problemRemedy, titleOf, toneOf, leadOf } from './words.js';

const TONES = { calm: 'good', alarm: 'bad', unsure: 'idle', wait: 'idle' };

const button = (id, text, onclick, kind = 'plain') => h('div', { class: 'actions' }, h('button', { id, type: 'button', class: kind, onclick }, text));

const ask = (t, act, key = 'plain_ask') => button('plain-ask', t(key), act, 'primary');

function running(t, view) {
  const done = Object.values(view.slots).filter(({ step }) => step === 'done').length;
  return [line('idle', titleOf(t, view), t('progress_done', done, view.k + 1))];
}

function answered(t, language, view, acts) {
  const tone = view.result?.reason === 'https_optional' ? 'idle' : TONES[toneOf(view)];
  const hasAnswers = view.result && view.result.first.length + view.result.others.length > 0;
  return [
    line(tone, titleOf(t, view), leadOf(t, view).join(' ')),
    view.problem ? h('p', { class: 'small' }, problemRemedy(t, view.problem)) : null,
    view.result?.reason === 'https_optional' ? button('plain-open', t('plain_open'), acts.open, 'primary') : null,
    hasAnswers ? h('details', { id: 'plain-answers' }, h('summary', {}, t('details_answers', view.result.answered, view.result.asked)), answerList(t, language, view.result)) : null,
    view.verdict === 'undecided' && view.retry !== 'none' ? ask(t, acts.ask, 'retry') : null,
  ];
}

/** Elements for session.js's overview.plain: {host, canAsk, view}. acts: {ask, open}. */
export function plainSection(t, language, { host, canAsk, view }, acts) {
  if (!canAsk) return [line('idle', t('plain_here', host))];
  if (!view || view.phase === 'waiting' || view.phase === 'over') return [line('idle', t('plain_here', host), t('plain_about')), ask(t, acts.ask)];
  const parts = view.phase === 'checking' ? running(t, view) : answered(t, language, view, acts);
  const state = { 'data-phase': view.phase, 'data-verdict': view.phase === 'done' ? view.verdict : '', 'data-reason': view.result?.reason ?? '' };
  return [h('section', { id: 'plain', ...state, 'aria-live': 'polite' }, parts.filter(Boolean))];
}
