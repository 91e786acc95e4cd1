/* See tlsany.h. The same offer as the engine that looks at certificates makes (base/tlslike.h). */
#include "fetch/tlsany.h"

#include "base/limits.h"
#include "base/tlslike.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <string.h>

static int note_index = -1;

bool tlsany_init(void)
{
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return false;
	note_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return note_index >= 0;
}

/* In the place of verification: comparing is done by others, and weak keys and bad chains must be seen. */
static int on_chain(X509_STORE_CTX *store, void *arg)
{
	struct tlsany *t = arg;
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	unsigned n = sizeof t->leaf;

	if (leaf != NULL && !t->has_leaf)
		t->has_leaf = X509_digest(leaf, EVP_sha256(), t->leaf, &n) == 1 && n == sizeof t->leaf;
	return 1;
}

static void on_info(const SSL *ssl, int where, int value)
{
	struct tlsany *t = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), note_index);

	if ((where & SSL_CB_HANDSHAKE_DONE) != 0)
		t->is_done = true;
	if ((where & SSL_CB_ALERT) == 0 || (value >> 8) != SSL3_AL_FATAL)
		return;
	if ((where & SSL_CB_READ) != 0)
		t->alert_in = (uint8_t)value;
	else
		t->alert_out = (uint8_t)value;
}

bool tlsany_configure(void *ssl_ctx, struct tlsany *t)
{
	SSL_CTX *c = ssl_ctx;

	SSL_CTX_set_security_level(c, 0);
	SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cert_verify_callback(c, on_chain, t);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
	                       SSL_OP_NO_ENCRYPT_THEN_MAC | SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_max_cert_list(c, CHAIN_BYTES_MAX + STAPLE_MAX + 16 * 1024);
	SSL_CTX_set_info_callback(c, on_info);
	SSL_CTX_set_keylog_callback(c, NULL);
	return SSL_CTX_set_ex_data(c, note_index, t) == 1 &&
	       SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_ciphersuites(c, TLSLIKE_CIPHERS_13) == 1 &&
	       SSL_CTX_set_cipher_list(c, TLSLIKE_CIPHERS_12) == 1 &&
	       SSL_CTX_set1_groups_list(c, TLSLIKE_GROUPS) == 1 &&
	       SSL_CTX_set1_sigalgs_list(c, TLSLIKE_SIGNATURES) == 1 &&
	       SSL_CTX_set_tlsext_status_type(c, TLSEXT_STATUSTYPE_ocsp) == 1;
}

enum err tlsany_err(const struct tlsany *t, const char *text)
{
	if (t->alert_in != 0)
		return t->alert_in == SSL_AD_PROTOCOL_VERSION ? ERR_TLS_VERSION : ERR_TLS_ALERT;
	/* OpenSSL's words: "Connection reset by peer in connection to", "SSL_ERROR_SYSCALL", "unexpected eof while reading". */
	if (strstr(text, "SYSCALL") != NULL || strstr(text, "reset by peer") != NULL || strstr(text, "unexpected eof") != NULL)
		return ERR_CLOSED;
	if (t->alert_out == SSL_AD_DECRYPT_ERROR)
		return ERR_TLS_SIGNATURE;
	if (strstr(text, "unsupported protocol") != NULL || strstr(text, "wrong cipher") != NULL ||
	    strstr(text, "unknown cipher") != NULL)
		return ERR_TLS_VERSION;
	return ERR_TLS_PROTOCOL;
}
