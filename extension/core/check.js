// One certificate check as a state machine: what has happened so far and what a page may show of it. Pure: each event
// gives the next state. An event of an earlier attempt changes nothing, so a late answer can't open a door.
//
//   waiting ──start──▶ checking ──result, problem──▶ done ──start──▶ checking …

/** A check that nobody has started. `why` it waits: "click" (a page may not start it), "again", "closed". */
export function newCheck(site, offered, why = 'click', question = 'cert') {
  return { site, offered, question, phase: 'waiting', why, attempt: 0, startedAt: 0, deadlineMs: 0, slots: {}, k: 0, result: null, problem: null };
}

export function started(check, { now, deadlineMs, k }) {
  return { ...check, phase: 'checking', why: '', attempt: check.attempt + 1, startedAt: now, deadlineMs, k, slots: {}, result: null, problem: null };
}

export function progressed(check, attempt, { slot, step, exit, elapsed_ms: elapsedMs }) {
  if (!isCurrent(check, attempt) || slot > check.k) return check;
  return { ...check, slots: { ...check.slots, [slot]: { step, exit, elapsedMs } } };
}

export function answered(check, attempt, result) {
  return isCurrent(check, attempt) ? { ...check, phase: 'done', result } : check;
}

/** Nobody is asked: the user wants this site left alone. */
export function excluded(check) {
  const { host, port, firstParty, private: isPrivate, container } = check.site;
  const result = { verdict: 'exempt', reason: 'user_exclusion', error: null, host, port, first_party: firstParty, private: isPrivate, container, k: check.k, asked: 0, answered: 0, elapsed_ms: 0,
    weaker: false, same_country_possible: false, retry_useful: false, still_same: null, fingerprints: [], first: [], others: [], browser_paths: [], chance: [], roots: 'none' };
  return { ...check, phase: 'done', why: '', attempt: check.attempt + 1, slots: {}, problem: null, result };
}

/** problem: {code, error, detail} as of core/hostlink.js. */
export function failed(check, attempt, problem) {
  return isCurrent(check, attempt) ? { ...check, phase: 'done', problem } : check;
}

/** Nobody looks any more, or the background page was gone meanwhile. */
export function stopped(check, why) {
  return check.phase === 'checking' ? { ...check, phase: 'waiting', why, attempt: check.attempt + 1, slots: {} } : check;
}

const isCurrent = (check, attempt) => check.phase === 'checking' && check.attempt === attempt;

/** The four verdicts; a check without a result, whatever the cause, could not decide. */
export function verdictOf(check) {
  return check.phase === 'done' && check.result ? check.result.verdict : 'undecided';
}

// The host has forgotten which circuit the browser used (it was restarted), or never saw it: only another load of the
// site shows it a stream again. A plain retry would end the same way.
const NEEDS_RELOAD = new Set(['first_unknown']);

/** How a retry has to be made: "reload" the site, "check" again, or "none" (asking again can't change it). */
export function retryOf(check) {
  if (check.phase === 'checking') return 'check';
  if (check.phase !== 'done') return 'none';
  if (check.problem) return 'reload';
  if (check.result.verdict !== 'undecided' || !check.result.retry_useful) return 'none';
  const lostTor = check.result.error && Math.floor(check.result.error.code / 100) === 12;
  return NEEDS_RELOAD.has(check.result.reason) || lostTor ? 'reload' : 'check';
}

/**
 * The way on to the site, the only door of the certificate page:
 *   exception    store an exception for exactly this certificate, then load (privileged)
 *   native       let the browser's own page stand once (standard)
 *   direct       the browser holds an exception already; load
 *   browser      no HTTPS anywhere: let the browser's own page stand
 *   none         verdict doesn't allow it, or there is nothing to open: a plain page is shown already
 *   information  it does, but the browser offers no exception here (error not overridable, or HSTS)
 * page: {harmless, stored, overridable, hsts}; isExact: the privileged edition.
 */
export function wayOn(page, check, isExact) {
  if (!page.harmless && !['match', 'exempt'].includes(verdictOf(check))) return 'none';
  if (check.question === 'https') return check.plain ? 'none' : 'browser';
  if (page.stored) return 'direct';
  if (!page.overridable || page.hsts) return 'information';
  if (!isExact) return 'native';
  return check.offered ? 'exception' : 'information';
}
