/* See classes.h. */
#include "feature/classes.h"
#include "cert_errors.h"

#define ERROR_ROW(number, name, cls, over, category) { number, name, (enum cert_class)(cls), over, category },
static const struct cert_error table[] = { CERT_ERROR_TABLE(ERROR_ROW) };

static const struct { int32_t from, to; enum cert_class cls; } ranges[] = {
#define RANGE_ROW(from, to, cls) { from, to, (enum cert_class)(cls) },
	CERT_ERROR_RANGES(RANGE_ROW)
};

const struct cert_error *cert_error_find(int32_t number)
{
	/* highest first: the generator sees to the order */
	size_t low = 0, high = sizeof table / sizeof *table;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (table[mid].number == number)
			return &table[mid];
		if (table[mid].number > number)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

enum cert_class cert_error_class(int32_t number)
{
	const struct cert_error *e = cert_error_find(number);
	if (e)
		return e->cls;
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (number >= ranges[i].from && number <= ranges[i].to)
			return ranges[i].cls;
	return CERT_CLASS_NONE;
}

enum browser_saw cert_error_saw(int32_t number)
{
	switch (number) {
	/* The leaf itself was wrong, whatever chain came with it. */
	case -16370: /* MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT */
	case -16383: /* MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY */
	case -16369: /* MOZILLA_PKIX_ERROR_MITM_DETECTED */
	case -16372: /* MOZILLA_PKIX_ERROR_EMPTY_ISSUER_NAME */
	case -12276: /* SSL_ERROR_BAD_CERT_DOMAIN */
		return BROWSER_SAW_INVALID;
	/* The browser knows of more reasons to refuse than chain, name, time and key: pins, logs, revocation, policies. */
	case -16384: /* MOZILLA_PKIX_ERROR_KEY_PINNING_FAILURE */
	case -16375: /* MOZILLA_PKIX_ERROR_VALIDITY_TOO_LONG */
	case -16371: /* MOZILLA_PKIX_ERROR_ADDITIONAL_POLICY_CONSTRAINT_FAILED */
	case -16368: /* MOZILLA_PKIX_ERROR_INSUFFICIENT_CERTIFICATE_TRANSPARENCY */
	case -16367: /* MOZILLA_PKIX_ERROR_ISSUER_NO_LONGER_TRUSTED */
	case -8180:  /* SEC_ERROR_REVOKED_CERTIFICATE */
	case -8131:  /* SEC_ERROR_REVOKED_KEY */
	case -8047:  /* SEC_ERROR_REVOKED_CERTIFICATE_CRL */
	case -8046:  /* SEC_ERROR_REVOKED_CERTIFICATE_OCSP */
	case -8172:  /* SEC_ERROR_UNTRUSTED_ISSUER */
	case -8171:  /* SEC_ERROR_UNTRUSTED_CERT */
	case -8032:  /* SEC_ERROR_POLICY_VALIDATION_FAILED */
	case -8016:  /* SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED */
	case -8014:  /* SEC_ERROR_APPLICATION_CALLBACK_ERROR */
	case -8011:  /* SEC_ERROR_SIGNATURE_ALGORITHM_DISABLED */
		return BROWSER_SAW_UNKNOWN;
	default:
		break;
	}
	const struct cert_error *e = cert_error_find(number);
	if (e && e->cls == CERT_CLASS_UNSUSPICIOUS && !e->is_overridable)
		return BROWSER_SAW_UNKNOWN;   /* OCSP and revocation lists */
	return cert_error_class(number) == CERT_CLASS_NONE ? BROWSER_SAW_UNKNOWN : BROWSER_SAW_DOUBTFUL;
}
