// What is done with a download that an exit could have changed: the matrix of the proposal "xxx-download-user-safety" (sections 2.3
// and 2.4): class of the file × whether the page with its link was secure × what the user chose. Pure. What isn't known is
// executable, and its link insecure.

export const CLASSES = ['transparent', 'other', 'executable'];

/** The fields of the matrix, and what may be chosen in each: nothing that the proposal rules out (a file whose very link may be forged proves nothing by a check). */
export const CHOICES = {
  executable_secure: ['verify', 'prevent'],
  executable_insecure: ['prevent'],
  other_secure: ['verify', 'prevent'],
  other_insecure: ['notice', 'prevent'],
};
const MIB = 1024 * 1024;
/** Sizes up to which a whole file is fetched a second time, in MiB, and what random ranges of a larger one may cost. */
export const WHOLE_MIB = [10, 50, 100, 500, 4096];
export const BUDGET_MIB = [1, 8, 32, 128];

export const DEFAULTS = { executable_secure: 'verify', executable_insecure: 'prevent', other_secure: 'verify', other_insecure: 'notice', whole: 100, budget: 8 };

const FIELDS = { ...CHOICES, whole: WHOLE_MIB, budget: BUDGET_MIB };

/** What the user chose, as it was kept; whatever is no choice is the default. */
export function cleanOptions(kept) {
  const of = (name) => (FIELDS[name].includes(kept?.[name]) ? kept[name] : DEFAULTS[name]);
  return Object.fromEntries(Object.keys(FIELDS).map((name) => [name, of(name)]));
}

/** Bytes, for the host. */
export const sizesOf = (options) => ({ whole_max: options.whole * MIB, budget: options.budget * MIB });

/**
 * "verify", "prevent", "notice" (let through, and say so) or "nothing".
 * hasSource: there is a URL that can be asked a second time (blob:, data: and viewers have none).
 */
export function decide(options, { cls, isLinkSecure, hasSource = true }) {
  if (cls === 'transparent') return 'nothing';
  const kind = cls === 'other' ? 'other' : 'executable';
  if (!hasSource && kind === 'executable') return 'prevent';
  return options[`${kind}_${isLinkSecure === true && hasSource ? 'secure' : 'insecure'}`];
}

const ACTIONS = ['nothing', 'notice', 'verify', 'prevent'];

/** The same for a file that links of both kinds may have led to: the strictest. record: of core/downloads.js, or null: its link isn't known. */
export function decideOf(options, { cls, record, isLinkSecure, hasSource = true }) {
  const links = record ? record.links ?? [record.isLinkSecure] : [isLinkSecure];
  const found = links.map((isSecure) => ACTIONS.indexOf(decide(options, { cls, isLinkSecure: isSecure, hasSource })));
  return ACTIONS[Math.max(...found)];
}

/** The more dangerous of two classes. */
export function worse(a, b) {
  const rank = (c) => (CLASSES.includes(c) ? CLASSES.indexOf(c) : CLASSES.length - 1);
  return CLASSES[Math.max(rank(a), rank(b))];
}
