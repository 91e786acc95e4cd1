// The two decisions taken on every encrypted request: what may go out to a suspicious host, and whether a response may
// come in. Pure; feature/guard.js asks for the facts. Whatever isn't known keeps the door shut.

const HEX64 = /^[0-9a-f]{64}$/;

/** SHA-256 of the leaf of webRequest's security info as 64 hex digits, or "". */
export function leafOf(info) {
  const text = String(info?.certificates?.[0]?.fingerprint?.sha256 ?? '').replaceAll(':', '').toLowerCase();
  return HEX64.test(text) ? text : '';
}

/**
 * What the security info of a response says: "fine" (no exception was used), "harmless" (an exception, for the date
 * alone), "overridden" (an exception, for anything else), "unknown" (an encrypted response without such an account).
 */
export function connectionKind(info) {
  if (!info || (info.state !== 'secure' && info.state !== 'weak')) return 'unknown';
  const isTime = info.isNotValidAtThisTime || info.overridableErrorCategory === 'expired_or_not_yet_valid';
  const isOther = info.isUntrusted || info.isDomainMismatch ||
    (info.overridableErrorCategory !== undefined && info.overridableErrorCategory !== 'expired_or_not_yet_valid');
  if (isOther) return 'overridden';
  return isTime ? 'harmless' : 'fine';
}

/**
 * May this response come in? `kind` and `sha256` of the functions above, `site` as requested, `isDirect` as it came.
 * @returns {{cancel: boolean, why: string}} why: "", "unverified", "caught", "unknown"
 */
export function judgeResponse(ledger, { kind, sha256, site, isDirect }) {
  if (kind === 'fine') return { cancel: false, why: '' };
  if (kind === 'unknown' || !site || !sha256) return { cancel: true, why: 'unknown' };
  // A malformed date is filed under the dates too, and an exit can provoke it: the exemption is not for a host that
  // showed a suspicious error in this session.
  if (kind === 'harmless' && !ledger.isSuspectHost(site)) return { cancel: false, why: '' };
  if (ledger.isCaught(site, sha256)) return { cancel: true, why: 'caught' };
  if (ledger.isVerified(site, sha256) || ledger.isExempt(site, isDirect)) return { cancel: false, why: '' };
  return { cancel: true, why: 'unverified' };
}

const SECRET_HEADERS = new Set(['cookie', 'authorization', 'referer']);
const PLAIN_METHODS = new Set(['GET', 'HEAD']);

/**
 * Standard edition: the certificate of a response is known only when the request is out, so to a suspicious host
 * nothing goes out that could be stolen. @returns what webRequest.onBeforeSendHeaders wants.
 */
export function stripRequest(ledger, { site, method, requestHeaders }) {
  if (!ledger.isSuspectHost(site)) return {};
  if (!PLAIN_METHODS.has(String(method).toUpperCase())) return { cancel: true };
  return { requestHeaders: (requestHeaders ?? []).filter(({ name }) => !SECRET_HEADERS.has(name.toLowerCase())) };
}
