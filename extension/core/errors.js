// Which errors are about certificates, and how suspicious each is. The browser tells a failed navigation's cause as
// "Error code N", N being 0x805A0000 plus minus the NSS error number; shared/cert-errors.json gives each number its
// class, and ranges for those it doesn't list (an unknown certificate error is suspicious).

const NSS_MODULE = 0x805A0000;

/** NSS error number (negative) of a webNavigation error text, or null when it isn't one. */
export function nssError(text) {
  const found = /^Error code (\d{1,10})$/.exec(String(text));
  if (!found) return null;
  const offset = Number(found[1]) - NSS_MODULE;
  return offset > 0 && offset <= 0xFFFF ? -offset : null;
}

/** Index of the parsed shared/cert-errors.json. */
export function errorTable({ errors, ranges }) {
  return { byNumber: new Map(errors.map((entry) => [entry.number, entry])), ranges };
}

/**
 * What kind of error this is. `certificate: false` is not ours: the browser's own page stays. `suspicious` is class 1:
 * an exit could have caused it. `overridable`: the browser itself offers a bypass (never under HSTS).
 */
export function classify(table, nss) {
  const entry = table.byNumber.get(nss) ?? table.ranges.find(({ from, to }) => nss >= from && nss <= to);
  if (!entry) return { certificate: false, suspicious: false, overridable: false, name: '' };
  return {
    certificate: entry.class !== 0,
    suspicious: entry.class === 1,
    overridable: entry.overridable === true,
    name: 'number' in entry ? entry.name : '',
  };
}

// Error numbers that stand for the category of an exception already stored (the response of an overridden
// certificate tells the category only).
const BY_CATEGORY = {
  trust_error: -8179,               // SEC_ERROR_UNKNOWN_ISSUER
  domain_mismatch: -12276,          // SSL_ERROR_BAD_CERT_DOMAIN
  expired_or_not_yet_valid: -8181,  // SEC_ERROR_EXPIRED_CERTIFICATE
};

/** NSS error number for webRequest's overridableErrorCategory; unknown ones count as untrusted. */
export function errorOfCategory(category) {
  return Object.hasOwn(BY_CATEGORY, category ?? '') ? BY_CATEGORY[category] : BY_CATEGORY.trust_error;
}
