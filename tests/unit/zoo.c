/* Certificates for tests (zoo.h). */
#include "zoo.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static EVP_PKEY *ec_key(const char *group, int is_explicit)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	assert(EVP_PKEY_keygen_init(c) == 1 && EVP_PKEY_CTX_set_group_name(c, group) == 1);
	if (is_explicit)
		assert(EVP_PKEY_CTX_set_ec_param_enc(c, OPENSSL_EC_EXPLICIT_CURVE) == 1);
	assert(EVP_PKEY_keygen(c, &key) == 1);
	EVP_PKEY_CTX_free(c);
	return key;
}

static EVP_PKEY *new_key(enum zoo_key kind)
{
	switch (kind) {
	case ZOO_P256: return ec_key("P-256", 0);
	case ZOO_P384: return ec_key("P-384", 0);
	case ZOO_P521: return ec_key("P-521", 0);
	case ZOO_P224: return ec_key("P-224", 0);
	case ZOO_K256: return ec_key("secp256k1", 0);
	case ZOO_P256_EXPLICIT: return ec_key("P-256", 1);
	case ZOO_RSA2048: return EVP_RSA_gen(2048);
	case ZOO_RSA1024: return EVP_RSA_gen(1024);
	case ZOO_ED25519: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	case ZOO_RSAPSS: {
		EVP_PKEY *key = NULL;
		EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA_PSS, NULL);
		assert(EVP_PKEY_keygen_init(c) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(c, 2048) == 1);
		assert(EVP_PKEY_keygen(c, &key) == 1);
		EVP_PKEY_CTX_free(c);
		return key;
	}
	default: abort();
	}
}

static void set_name(X509_NAME *name, const char *cn)
{
	assert(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) == 1);
}

static void add(X509 *x, int nid, const char *value)
{
	X509V3_CTX c;
	if (!value || !*value)
		return;
	X509V3_set_ctx(&c, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
	assert(e && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static void add_unknown(X509 *x)
{
	ASN1_OBJECT *oid = OBJ_txt2obj("1.2.3.4.5.6.7", 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	assert(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2) == 1);
	X509_EXTENSION *e = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
	assert(e && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
}

void zoo_sign(struct made *m, const struct made *issuer, const char *digest, int is_pss)
{
	EVP_PKEY *key = issuer ? issuer->key : m->key;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pc = NULL;
	int is_ed = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
	assert(EVP_DigestSignInit(c, &pc, is_ed ? NULL : EVP_get_digestbyname(digest ? digest : "SHA256"), NULL, key) == 1);
	if (is_pss)
		assert(EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING) == 1);
	assert(X509_sign_ctx(m->x, c) > 0);
	EVP_MD_CTX_free(c);
	free(m->der);
	unsigned char *der = NULL;
	int n = i2d_X509(m->x, &der);
	assert(n > 0);
	m->der = malloc((size_t)n);
	memcpy(m->der, der, (size_t)n);
	m->n = (size_t)n;
	OPENSSL_free(der);
}

struct made zoo_make(struct recipe r)
{
	static long serial = 1000;
	struct made m = { .x = X509_new(), .key = r.key_of };
	if (m.key)
		EVP_PKEY_up_ref(m.key);
	else
		m.key = new_key(r.key);
	X509_set_version(m.x, r.is_v1 ? X509_VERSION_1 : X509_VERSION_3);
	if (r.serial) {
		BIGNUM *bn = NULL;
		BN_dec2bn(&bn, r.serial);
		BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(m.x));
		BN_free(bn);
	} else {
		ASN1_INTEGER_set(X509_get_serialNumber(m.x), ++serial);
	}
	ASN1_TIME_set(X509_getm_notBefore(m.x), r.not_before ? r.not_before : ZOO_NOW - 30 * ZOO_DAY);
	ASN1_TIME_set(X509_getm_notAfter(m.x), r.not_after ? r.not_after : ZOO_NOW + 30 * ZOO_DAY);
	set_name(X509_get_subject_name(m.x), r.subject);
	X509_NAME *issuer = X509_NAME_new();
	if (r.issuer_name)
		set_name(issuer, r.issuer_name);
	X509_set_issuer_name(m.x, r.issuer_name ? issuer : X509_get_subject_name(r.issuer ? r.issuer->x : m.x));
	X509_NAME_free(issuer);
	assert(X509_set_pubkey(m.x, m.key) == 1);
	if (!r.is_v1) {
		add(m.x, NID_basic_constraints, r.constraints ? r.constraints : r.is_ca ? "critical,CA:TRUE" : "CA:FALSE");
		add(m.x, NID_key_usage, r.usage);
		add(m.x, NID_ext_key_usage, r.eku ? r.eku : r.is_ca ? NULL : "serverAuth");
		add(m.x, NID_subject_alt_name, r.san);
		add(m.x, NID_subject_alt_name, r.twice);
		add(m.x, NID_name_constraints, r.name_constraints);
		if (r.critical_unknown)
			add_unknown(m.x);
	}
	zoo_sign(&m, r.issuer, r.digest, r.is_pss);
	return m;
}

void zoo_raw_san(struct made *m, const struct made *issuer, const void *name, size_t n)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *one = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	int at = X509_get_ext_by_NID(m->x, NID_subject_alt_name, -1);
	if (at >= 0)
		X509_EXTENSION_free(X509_delete_ext(m->x, at));
	assert(ASN1_STRING_set(text, name, (int)n) == 1);
	GENERAL_NAME_set0_value(one, GEN_DNS, text);
	sk_GENERAL_NAME_push(names, one);
	assert(X509_add1_ext_i2d(m->x, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) == 1);
	GENERAL_NAMES_free(names);
	zoo_sign(m, issuer, NULL, 0);
}

void zoo_free(struct made *m)
{
	X509_free(m->x);
	EVP_PKEY_free(m->key);
	free(m->der);
	*m = (struct made){ 0 };
}
