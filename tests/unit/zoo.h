/* Certificates made on the spot for tests: no stored keys, every one wrong in exactly one way. */
#ifndef TESTS_ZOO_H
#define TESTS_ZOO_H

#include <openssl/x509.h>
#include <stdint.h>

#define ZOO_NOW 1800000000   /* the time at which everything is judged */
#define ZOO_DAY 86400

enum zoo_key { ZOO_P256, ZOO_P384, ZOO_P521, ZOO_P224, ZOO_K256, ZOO_RSA2048, ZOO_RSA1024, ZOO_ED25519,
               ZOO_P256_EXPLICIT, ZOO_RSAPSS, ZOO_KEYS };

struct made { X509 *x; EVP_PKEY *key; uint8_t *der; size_t n; };

/* Zero means: the default of the word. Extensions are OpenSSL's configuration strings; "" leaves one out. */
struct recipe {
	const char *subject;              /* common name */
	const struct made *issuer;        /* NULL: self-signed */
	const char *issuer_name;          /* common name, if it is not the issuer's subject */
	EVP_PKEY *key_of;                 /* use this key */
	enum zoo_key key;
	int64_t not_before, not_after;    /* default: 30 days before and after ZOO_NOW */
	const char *constraints;          /* basicConstraints; default: critical,CA:TRUE for is_ca, else CA:FALSE */
	int is_ca;
	const char *usage, *eku, *san, *name_constraints;   /* default: none, and serverAuth for leaves' eku */
	const char *digest;               /* default SHA256 */
	int is_pss;
	const char *serial;               /* decimal */
	int is_v1;                        /* no extensions at all */
	int critical_unknown;             /* adds a critical extension nobody knows */
	const char *twice;                /* a second SAN extension */
};

struct made zoo_make(struct recipe r);
void zoo_free(struct made *m);
/* A SAN built by hand: DNS names of any bytes. Replaces the extension, signs anew. */
void zoo_raw_san(struct made *m, const struct made *issuer, const void *name, size_t n);
/* Takes x anew after it was changed: signs, encodes. */
void zoo_sign(struct made *m, const struct made *issuer, const char *digest, int is_pss);

#endif
