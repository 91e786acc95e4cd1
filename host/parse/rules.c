/* The rules of validity (contract in rules.h). OpenSSL's verification does the bulk; what browsers ask beyond it,
 * or refuse though OpenSSL takes it, is asked here. */
#include "parse/rules.h"

#include "base/limits.h"
#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum err cert_parse(struct rd der, struct cert *out)
{
	struct cert c = { .der = der };
	if (der.left > CERT_MAX || der_cert_fields(der, &c.fields) != OK)
		return ERR_X509;
	const unsigned char *at = der.at;
	c.x = d2i_X509(NULL, &at, (long)der.left);
	if (!c.x)
		return ERR_X509;
	/* X509_check_purpose reads the extensions; -1 and the flag tell of one that can't be read. */
	if (at != der.at + der.left || X509_check_purpose(c.x, -1, 0) != 1 ||
	    (X509_get_extension_flags(c.x) & EXFLAG_INVALID)) {
		X509_free(c.x);
		return ERR_X509;
	}
	*out = c;
	return OK;
}

/* Labels of letters, digits, hyphen and underscore (seen in real names, taken by browsers), 1 to 63 long, the last
 * one not a number. A leading dot must not pass: OpenSSL would read it as "any name below". */
static bool is_host_name(const char *s)
{
	size_t label = 0, digits = 0, total = strlen(s);
	if (total == 0 || total > 253)
		return false;
	for (; *s; s++) {
		bool is_digit = *s >= '0' && *s <= '9';
		bool is_letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
		if (*s == '.') {
			if (label == 0)
				return false;
			label = digits = 0;
			continue;
		}
		if (!is_digit && !is_letter && *s != '-' && *s != '_')
			return false;
		digits += is_digit;
		if (++label > 63)
			return false;
	}
	return label > digits;
}

bool aim_of(const struct parse_judge *q, char host[static HOST_MAX], struct aim *out)
{
	unsigned char address[16];
	size_t n = strnlen(q->host, HOST_MAX - 1);
	memcpy(host, q->host, n);
	host[n] = 0;
	if (q->time > INT64_MAX)
		return false;
	*out = (struct aim){ .host = host, .time = (int64_t)q->time };
	out->is_ip = inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
	if (!out->is_ip && n > 1 && host[n - 1] == '.')
		host[n - 1] = 0;
	return out->is_ip || is_host_name(host);
}

const char *rule_signature(const struct cert *c)
{
	int digest = NID_undef, key = NID_undef;
	X509_get_signature_info(c->x, &digest, &key, NULL, NULL);
	if (digest == NID_sha1 || digest == NID_md5)
		return "signed with an outdated algorithm (SHA-1 or MD5)";
	if (digest != NID_sha256 && digest != NID_sha384 && digest != NID_sha512)
		return "signed with an algorithm that browsers do not take";
	/* mozilla::pkix: RSA and ECDSA; no EdDSA, no DSA. */
	if (key != EVP_PKEY_RSA && key != EVP_PKEY_RSA_PSS && key != EVP_PKEY_EC)
		return "signed with an algorithm that browsers do not take";
	return NULL;
}

static const char *rule_key(const struct cert *c)
{
	static const char bad_kind[] = "a key of a kind that browsers do not take";
	EVP_PKEY *key = X509_get0_pubkey(c->x);
	if (!key)
		return bad_kind;
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		return EVP_PKEY_get_bits(key) < 2048 ? "a key that is too short" : NULL;
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
		return bad_kind;
	char group[32] = "";
	int is_explicit = 1;
	/* A curve spelt out in the key could have a generator of the forger's choice (CVE-2020-0601). */
	if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit) != 1 ||
	    is_explicit || EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1)
		return bad_kind;
	int nid = OBJ_txt2nid(group);
	return nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 || nid == NID_secp521r1 ? NULL : bad_kind;
}

/* EKU: OpenSSL would also take Netscape's and Microsoft's "server gated crypto" in place of serverAuth. */
static const char *rule_usage(const struct cert *c, bool is_leaf)
{
	if ((X509_get_extension_flags(c->x) & EXFLAG_XKUSAGE) && !(X509_get_extended_key_usage(c->x) & XKU_SSL_SERVER))
		return is_leaf ? "not made for web servers" : "an issuer that may not issue for web servers";
	return NULL;
}

/* An authority's certificate in a server's place is refused by browsers, and an issuer in mid-path must say that it is
 * an authority: no X.509 version 1, no guess from its key usage. The root is trusted as it is. */
static const char *rule_authority(const struct cert *path, size_t i, size_t n)
{
	int ca = X509_check_ca(path[i].x);
	if (i == 0 && (X509_get_extension_flags(path[i].x) & EXFLAG_CA))
		return "an authority's certificate in place of a server's";
	if (i > 0 && i + 1 < n && ca != 1)
		return "issued by a certificate that is no authority";
	return NULL;
}

static const char *rule_distrust(const struct cert *path, size_t n, const struct root *root, const struct roots *roots)
{
	for (size_t i = 0; i < n; i++)
		if (roots_is_distrusted(roots, path[i].fields.issuer, path[i].fields.serial))
			return "explicitly distrusted by the browser";
	if (root->distrust_after == 0)
		return NULL;
	struct tm tm;
	if (!ASN1_TIME_to_tm(X509_get0_notBefore(path[0].x), &tm))
		return "malformed date";
	/* Later than, not equal: as the browser compares. */
	return timegm(&tm) > (time_t)root->distrust_after ? "issued after its authority lost the browser's trust" : NULL;
}

static const char *phrase_of(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_NOT_YET_VALID: return "not valid yet";
	case X509_V_ERR_CERT_HAS_EXPIRED: return "expired";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH: return "made for another name";
	case X509_V_ERR_CERT_SIGNATURE_FAILURE: return "a signature in the chain is wrong";
	case X509_V_ERR_INVALID_CA: return "issued by a certificate that is no authority";
	case X509_V_ERR_PATH_LENGTH_EXCEEDED: return "more issuers in the chain than an authority allowed";
	case X509_V_ERR_INVALID_PURPOSE: return "not made for web servers";
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN: return "issued by a key that may not issue";
	case X509_V_ERR_PERMITTED_VIOLATION:
	case X509_V_ERR_EXCLUDED_VIOLATION: return "its issuer may not issue for this name";
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION: return "a critical extension that is not understood";
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL: return "a key that is too short";
	case X509_V_ERR_CA_MD_TOO_WEAK: return "signed with an outdated algorithm (SHA-1 or MD5)";
	case X509_V_ERR_OUT_OF_MEM: return "out of memory";
	default: return "the chain breaks the rules for certificates";
	}
}

static bool params_set(X509_VERIFY_PARAM *p, const struct aim *aim)
{
	/* The root is an anchor by our choice, self-signed or not. */
	X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
	X509_VERIFY_PARAM_set_time(p, (time_t)aim->time);
	X509_VERIFY_PARAM_set_depth(p, CHAIN_MAX);
	/* Level 2: 112 bits; RSA 2048, no SHA-1. */
	X509_VERIFY_PARAM_set_auth_level(p, 2);
	/* RFC 6125 as browsers read it: never the common name; a wildcard is the whole left-most label or nothing. */
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER) == 1 &&
	       (aim->is_ip ? X509_VERIFY_PARAM_set1_ip_asc(p, aim->host)
	                   : X509_VERIFY_PARAM_set1_host(p, aim->host, 0)) == 1;
}

/* OpenSSL's verification, offered this path and nothing else. */
static const char *rule_openssl(const struct cert *path, size_t n, const struct aim *aim)
{
	const char *why = "out of memory";
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = store && between && ctx && X509_STORE_add_cert(store, path[n - 1].x) == 1;
	for (size_t i = 1; ok && i + 1 < n; i++)
		ok = sk_X509_push(between, path[i].x) > 0;
	if (ok && X509_STORE_CTX_init(ctx, store, path[0].x, between) == 1 &&
	    params_set(X509_STORE_CTX_get0_param(ctx), aim)) {
		int error = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
		if (error == X509_V_OK && X509_STORE_CTX_get_error(ctx) == X509_V_OK)
			why = NULL;
		else
			why = phrase_of(error);
	}
	X509_STORE_CTX_free(ctx);
	sk_X509_free(between);
	X509_STORE_free(store);
	return why;
}

const char *rule_path(const struct cert *path, size_t n, const struct root *root, const struct roots *roots,
                      const struct aim *aim)
{
	const char *why = rule_distrust(path, n, root, roots);
	for (size_t i = 0; !why && i < n; i++) {
		why = rule_key(&path[i]);
		if (!why && i + 1 < n)
			why = rule_signature(&path[i]);
		if (!why)
			why = rule_authority(path, i, n);
		if (!why)
			why = rule_usage(&path[i], i == 0);
	}
	return why ? why : rule_openssl(path, n, aim);
}
