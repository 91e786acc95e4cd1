// Which words belong to which state. Everything a page says is chosen here, so that a test can see that every reason
// and every problem has its own words. t: platform/page.js. Pure.

const VERDICT_TITLES = { match: 'title_match', mismatch: 'title_mismatch', undecided: 'title_undecided', exempt: 'title_exempt' };

// Errors of the host that a person can mend, by number (host/base/err.h), and others that explain themselves.
export const KNOWN_ERRORS = [1005, 1010, 1108, 1201, 1202, 1203, 1204, 1205, 1206, 1207, 1208, 1209, 1210, 1301, 1305, 1307, 1501];
export const KNOWN_PROBLEMS = ['host_missing', 'host_failed', 'host_died', 'host_hung', 'host_version', 'host_garbage', 'host_error', 'caught_before', 'cancelled'];
export const KNOWN_REASONS = {
  match: ['same_certificate', 'same_key', 'no_https', 'https_there', 'https_optional'],
  mismatch: ['others_see_valid', 'first_selective', 'others_agree', 'remembered_mismatch', 'https_withheld', 'https_selective'],
  undecided: ['too_few_answers', 'exits_differ', 'site_rotates', 'https_back', 'https_unclear', 'https_was_there', 'first_differs', 'first_unknown', 'first_silent', 'no_independent_exit',
    'no_trust_roots', 'tor_unavailable', 'deadline', 'needs_click', 'private_address', 'cancelled'],
  exempt: ['onion_service', 'not_through_exit', 'user_exclusion'],
};

// Reasons that have other words where a plain page was asked about.
export const PLAIN_REASONS = ['no_https', 'https_optional', 'https_withheld', 'https_selective', 'https_unclear', 'exits_differ', 'redirects_differ'];
const isPlain = (view) => view.failure === 'plain';

/** Tone of the page: "wait", "calm", "alarm", "unsure". */
export function toneOf(view) {
  if (view.phase === 'checking') return 'wait';
  if (view.phase === 'harmless') return 'calm';
  if (view.phase !== 'done') return 'unsure';
  return { match: 'calm', exempt: 'calm', mismatch: 'alarm' }[view.verdict] ?? 'unsure';
}

export function titleOf(t, view) {
  if (view.phase === 'over') return t('title_over');
  if (isPlain(view) && view.phase !== 'waiting' && view.verdict !== 'mismatch') return t(plainTitle(view), view.host);
  if (view.question === 'https') return t(view.phase === 'done' ? `title_https_${view.verdict === 'exempt' ? 'match' : view.verdict}` : `title_https_${view.phase}`, view.host);
  if (view.phase === 'checking') return t('title_checking', view.host);
  if (view.phase === 'waiting') return t('title_waiting');
  if (view.phase === 'harmless') return t('title_harmless', view.host);
  return t(VERDICT_TITLES[view.verdict], view.host);
}

function plainTitle({ phase, verdict, result }) {
  if (phase === 'checking') return 'title_plain_checking';
  if (result?.reason === 'https_optional') return 'title_plain_optional';
  return verdict === 'match' || verdict === 'exempt' ? 'title_plain_match' : 'title_plain_undecided';
}

/** The paragraphs under the title, most important first. */
export function leadOf(t, view) {
  if (view.phase === 'over') return [t('lead_over')];
  const isHttps = view.question === 'https';
  if (view.phase === 'checking' && isPlain(view)) return [t('lead_plain_checking')];
  if (view.phase === 'checking' && isHttps) return [t('lead_https_checking'), t('lead_https_checking_why')];
  if (view.phase === 'checking') return [t(view.stored ? 'lead_checking_stored' : 'lead_checking'), t('lead_checking_why')];
  if (view.phase === 'waiting' && isHttps) return [t('lead_https_waiting'), t(`waiting_${view.why || 'click'}`)];
  if (view.phase === 'waiting') return [t('lead_waiting'), t(`waiting_${view.why || 'click'}`)];
  if (view.phase === 'harmless') return [t('lead_harmless'), t('lead_harmless_clock')];
  if (view.problem && isPlain(view)) return [problemText(t, view.problem), t('lead_plain_limits')];
  if (view.problem) return [problemText(t, view.problem), t(isHttps ? 'lead_https_undecided' : 'lead_undecided')];
  const { verdict, reason, k, weaker } = view.result;
  const known = KNOWN_REASONS[verdict].includes(reason);
  if (isPlain(view)) {
    const ofPlain = PLAIN_REASONS.includes(reason) ? `reason_plain_${reason}` : known ? `reason_${reason}` : `reason_other_${verdict}`;
    return [t(ofPlain, view.host, k), t(verdict === 'mismatch' ? 'lead_https_mismatch' : 'lead_plain_limits')];
  }
  const lead = [t(known ? `reason_${reason}` : `reason_other_${verdict}`, view.host, k)];
  if (isHttps) return verdict === 'match' || verdict === 'exempt' ? lead : [...lead, t(`lead_https_${verdict}`)];
  if (verdict === 'match' && weaker) lead.push(t('lead_weaker'));
  if (verdict === 'match') lead.push(t('lead_match_limits'));
  if (verdict === 'mismatch') lead.push(t('lead_mismatch'));
  if (verdict === 'undecided') lead.push(t('lead_undecided'));
  return lead;
}

/** What a person can do about it; "" where there is nothing but the buttons. */
export function remedyOf(t, view) {
  if (view.phase !== 'done') return '';
  if (view.problem) return problemRemedy(t, view.problem);
  const { verdict, reason, error } = view.result;
  if (verdict === 'undecided' && error && KNOWN_ERRORS.includes(error.code)) return `${t(`error_${error.code}`)} ${t(`error_${error.code}_do`)}`;
  if (verdict === 'undecided' && KNOWN_REASONS.undecided.includes(reason)) return t(`reason_${reason}_do`);
  return '';
}

export function problemText(t, { code, error }) {
  if (code === 'host_error' && KNOWN_ERRORS.includes(error?.code)) return t(`error_${error.code}`);
  return KNOWN_PROBLEMS.includes(code) ? t(`problem_${code}`) : t('problem_host_error');
}

export function problemRemedy(t, { code, error }) {
  if (code === 'host_error' && KNOWN_ERRORS.includes(error?.code)) return t(`error_${error.code}_do`);
  return KNOWN_PROBLEMS.includes(code) ? t(`problem_${code}_do`) : t('problem_host_error_do');
}

/** The way on, in words: {button, note}; button "" where there is none to press. */
export function wayWords(t, view) {
  const note = view.edition === 'standard' ? t('way_standard_limits') : '';
  switch (view.way) {
    case 'exception': return { button: t('way_exception', view.host), note: t('way_exception_note') };
    case 'native': return { button: t('way_native'), note: `${t('way_native_note')} ${note}` };
    case 'browser': return { button: t('way_browser'), note: t('way_browser_note') };
    case 'direct': return { button: t('way_exception', view.host), note: note || t('way_direct_note') };
    case 'information': return { button: '', note: t(view.hsts ? 'way_information_hsts' : 'way_information') };
    default: return { button: '', note: '' };
  }
}

/** Country name in the reader's language; "" when unknown. */
export function countryName(language, code) {
  if (!/^[A-Z]{2}$/.test(code ?? '')) return '';
  try {
    return new Intl.DisplayNames([language], { type: 'region' }).of(code);
  } catch {
    return code;
  }
}

export const shortFingerprint = (fingerprint) => fingerprint.slice(0, 8);

/** 64 hex digits as 16 groups, for reading aloud and comparing. */
export const grouped = (hex) => hex.toUpperCase().replace(/(.{4})(?!$)/g, '$1 ');

export const percent = (language, share) =>
  new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share);
