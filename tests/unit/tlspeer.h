/* A TLS server in memory for the tests of the handshake engine: certificates made on the spot, faults on demand. */
#ifndef TESTS_TLSPEER_H
#define TESTS_TLSPEER_H

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline EVP_PKEY *peer_key_ec(const char *curve)
{
	return EVP_EC_gen(curve);
}

static inline EVP_PKEY *peer_key_rsa(unsigned bits)
{
	return EVP_RSA_gen(bits);
}

/* A self-signed certificate; padding: bytes of an extension that makes it large. */
static inline X509 *peer_cert(EVP_PKEY *key, const EVP_MD *md, const char *name, size_t padding)
{
	X509 *x = X509_new();

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	if (padding > 0) {
		uint8_t *filler = calloc(1, padding);
		ASN1_OCTET_STRING *os = ASN1_OCTET_STRING_new();
		ASN1_OBJECT *oid = OBJ_txt2obj("1.2.3.4.5", 1);
		ASN1_OCTET_STRING_set(os, filler, (int)padding);
		X509_EXTENSION *ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, os);
		X509_add_ext(x, ext, -1);
		X509_EXTENSION_free(ext);
		ASN1_OBJECT_free(oid);
		ASN1_OCTET_STRING_free(os);
		free(filler);
	}
	X509_sign(x, key, md);
	return x;
}

/* Its private half is a's, its public half b's: it signs what b's certificate does not verify. */
static inline EVP_PKEY *peer_key_false(EVP_PKEY *a, EVP_PKEY *b)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	EC_KEY *k = EC_KEY_dup(EVP_PKEY_get0_EC_KEY(a));
	EVP_PKEY *p = EVP_PKEY_new();
	EC_KEY_set_public_key(k, EC_KEY_get0_public_key(EVP_PKEY_get0_EC_KEY(b)));
	EVP_PKEY_assign_EC_KEY(p, k);
	return p;
#pragma GCC diagnostic pop
}

static inline SSL_CTX *peer_context(X509 *cert, EVP_PKEY *key, int version)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	SSL_CTX_set_security_level(c, 0);
	if (version != 0) {
		SSL_CTX_set_min_proto_version(c, version);
		SSL_CTX_set_max_proto_version(c, version);
	}
	SSL_CTX_use_certificate(c, cert);
	SSL_CTX_use_PrivateKey(c, key);
	return c;
}

struct peer { SSL *ssl; BIO *in, *out; };

static inline struct peer peer_new(SSL_CTX *c)
{
	struct peer p = { SSL_new(c), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()) };

	BIO_set_mem_eof_return(p.in, -1);
	BIO_set_mem_eof_return(p.out, -1);
	SSL_set_bio(p.ssl, p.in, p.out);
	SSL_set_accept_state(p.ssl);
	return p;
}

static inline void peer_free(struct peer *p)
{
	SSL_free(p->ssl);
}

/* Gives the server bytes and takes what it answers; returns the number taken, at most max. */
static inline size_t peer_run(struct peer *p, const void *bytes, size_t n, uint8_t *answer, size_t max)
{
	if (n > 0)
		BIO_write(p->in, bytes, (int)n);
	if (!SSL_is_init_finished(p->ssl))
		SSL_do_handshake(p->ssl);
	ERR_clear_error();
	int got = BIO_read(p->out, answer, (int)max);
	return got > 0 ? (size_t)got : 0;
}

#endif
