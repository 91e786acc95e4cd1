// Which words belong to which state of a held copy. t: platform/page.js. Pure.

import { problemText, problemRemedy } from './words.js';

export const OWN_PROBLEMS = ['too_big', 'host_old', 'payment_link'];
export const COPY_REASONS = {
  match: ['same_address'],
  mismatch: ['others_agree', 'remembered_mismatch'],
  undecided: ['exits_differ', 'place_not_found', 'family_differs', 'other_addresses', 'reflected', 'redirects_differ', 'too_few_answers', 'first_unknown', 'no_independent_exit',
    'not_through_exit', 'onion_service', 'private_address', 'tor_unavailable', 'needs_click', 'cancelled', 'deadline'],
};
export const WHY_NOT = ['problem', 'many', 'frame', 'unknown', 'page', 'form', 'url', 'place', 'family', 'locating'];

export function copyTone(view) {
  if (view.phase === 'comparing' || view.phase === 'asking') return 'wait';
  if (view.phase === 'released' || view.phase === 'clean') return 'calm';
  if (view.phase === 'over') return 'unsure';
  return view.problem || view.compare?.verdict === 'undecided' ? 'unsure' : 'alarm';
}

export function copyTitle(t, view) {
  if (view.phase === 'over') return t('copy_title_over');
  if (view.phase === 'asking') return t('copy_title_asking');
  if (view.phase === 'comparing') return t('copy_title_comparing');
  if (view.phase === 'clean') return t('copy_title_clean');
  if (view.phase === 'released') return t(view.written ? 'copy_title_released' : 'copy_title_released_unwritten');
  if (view.compare?.verdict === 'mismatch') return t('copy_title_mismatch');
  if (view.problem) return t(view.problem.code === 'payment_link' ? 'copy_title_payment' : 'copy_title_problem');
  return t(view.how === 'link' || view.how === 'menu' ? 'copy_title_link' : 'copy_title_held');
}

/** The paragraphs under the title, most important first. */
export function copyLead(t, view) {
  if (view.phase === 'over') return [t('copy_lead_over')];
  if (view.phase === 'asking') return [t('loading')];
  if (view.phase === 'comparing') return [t('copy_lead_comparing')];
  if (view.phase === 'clean') return [t('copy_lead_clean')];
  if (view.phase === 'released') return [t('copy_reason_same_address', view.compare.k), t('copy_released_limits')];
  if (view.compare?.verdict === 'mismatch') return [t(reasonKey(view.compare), view.compare.k), t('copy_mismatch_do')];
  if (view.problem) return [copyProblem(t, view.problem), t('copy_kept')];
  const lead = [t('copy_lead_held'), t('copy_kept')];
  if (view.compareProblem) lead.unshift(`${t('copy_undecided')} ${copyProblem(t, view.compareProblem)}`);
  else if (view.compare) lead.unshift(`${t('copy_undecided')} ${t(reasonKey(view.compare), view.compare.k)}`);
  return lead;
}

function reasonKey({ verdict, reason }) {
  return COPY_REASONS[verdict].includes(reason) ? `copy_reason_${reason}` : `copy_reason_other_${verdict}`;
}

export function copyProblem(t, problem) {
  return OWN_PROBLEMS.includes(problem.code) ? t(`copy_problem_${problem.code}`) : problemText(t, problem);
}

/** What mends it; "" where there is nothing. */
export function copyRemedy(t, view) {
  const problem = view.compareProblem ?? view.problem;
  if (!problem || view.phase === 'comparing' || view.phase === 'released') return '';
  return OWN_PROBLEMS.includes(problem.code) ? t(`copy_problem_${problem.code}_do`) : problemRemedy(t, problem);
}

/** Why no comparison can be made; "" when it can. */
export function whyNotText(t, view) {
  return WHY_NOT.includes(view.whyNot) && view.whyNot !== 'problem' ? t(`copy_whynot_${view.whyNot}`) : '';
}
