/* The TLS engine on OpenSSL (contract in tls.h): offers what the browser offers, in its order, as far as OpenSSL 3.0
 * can, takes whatever certificate comes, and completes the handshake so that the server has to prove that it holds
 * the key. OpenSSL's own verification and the machine's OpenSSL configuration are out of the way: weak keys and bad
 * chains must be SEEN; they are judged elsewhere. */
#include "engine/tls.h"

#include "base/log.h"
#include "base/tlslike.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char alpn[] = "\x02h2\x08http/1.1";

/* Largest record we send: a ClientHello with the longest name fits; OpenSSL would reserve 16 KiB for writing. */
#define SEND_FRAGMENT 1024

#define HANDSHAKE_CERTIFICATE 11
#define HANDSHAKE_STATUS 22

struct tls {
	SSL *ssl;
	struct rd *in;         /* of the running call, else NULL */
	struct buf *out;
	size_t taken;          /* bytes eaten from the server */
	bool is_over, has_certificate_message;
	enum err refused;      /* a message that passed OpenSSL but not our limits */
	uint8_t *chain_bytes, *staple_bytes;
	struct tls_seen seen;
};

static BIO_METHOD *bio_method;
static SSL_CTX *context;

static int bio_read(BIO *bio, char *to, int n)
{
	struct tls *t = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (t->in == NULL || t->in->left == 0 || n <= 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	size_t part = t->in->left < (size_t)n ? t->in->left : (size_t)n;
	rd_copy(t->in, to, part);
	t->taken += part;
	return (int)part;
}

static int bio_write(BIO *bio, const char *from, int n)
{
	struct tls *t = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (t->out == NULL || n <= 0)
		return -1;
	buf_put(t->out, from, (size_t)n);
	return buf_err(t->out) == OK ? n : -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

/* The handshake messages as they came, before OpenSSL decodes them. */
static void on_message(int is_sent, int version, int type, const void *bytes, size_t n, SSL *ssl, void *arg)
{
	struct tls *t = arg;
	struct rd r = rd_of(bytes, n);
	enum err err = OK;

	(void)ssl;
	if (is_sent || type != SSL3_RT_HANDSHAKE)
		return;
	uint8_t kind = rd_u8(&r);
	struct rd body = rd_take(&r, rd_u24(&r));
	if (!rd_done(&r))
		return;
	if (kind == HANDSHAKE_CERTIFICATE && !t->has_certificate_message) {
		t->has_certificate_message = true;
		err = tls_read_certificate(body, (uint16_t)version, &t->seen, &t->chain_bytes);
	} else if (kind == HANDSHAKE_STATUS && t->staple_bytes == NULL) {
		err = tls_read_status(body, &t->seen, &t->staple_bytes);
	}
	if (t->refused == OK)
		t->refused = err == ERR_FORMAT ? ERR_TLS_PROTOCOL : err;
}

/* Chains are judged in the parse role. */
static int accept_any(X509_STORE_CTX *store, void *arg)
{
	(void)store;
	(void)arg;
	return 1;
}

static bool configure(SSL_CTX *c)
{
	SSL_CTX_set_security_level(c, 0);
	SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cert_verify_callback(c, accept_any, NULL);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
	                       SSL_OP_NO_ENCRYPT_THEN_MAC | SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
	/* The Certificate message with its entries' staple and time stamps. */
	SSL_CTX_set_max_cert_list(c, CHAIN_BYTES_MAX + STAPLE_MAX + 16 * 1024);
	SSL_CTX_set_msg_callback(c, on_message);
	return SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_ciphersuites(c, TLSLIKE_CIPHERS_13) == 1 &&
	       SSL_CTX_set_cipher_list(c, TLSLIKE_CIPHERS_12) == 1 &&
	       SSL_CTX_set1_groups_list(c, TLSLIKE_GROUPS) == 1 &&
	       SSL_CTX_set1_sigalgs_list(c, TLSLIKE_SIGNATURES) == 1 &&
	       SSL_CTX_set_alpn_protos(c, alpn, sizeof alpn - 1) == 0 &&
	       SSL_CTX_set_tlsext_status_type(c, TLSEXT_STATUSTYPE_ocsp) == 1 &&
	       SSL_CTX_set_max_send_fragment(c, SEND_FRAGMENT) == 1;
}

static bool prepare(void)
{
	if (context != NULL)
		return true;
	/* Not the machine's openssl.cnf: Debian's forbids the weak keys that we have to see. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		return false;
	if (bio_method == NULL) {
		bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "cursor");
		if (bio_method == NULL)
			return false;
		BIO_meth_set_read(bio_method, bio_read);
		BIO_meth_set_write(bio_method, bio_write);
		BIO_meth_set_ctrl(bio_method, bio_ctrl);
	}
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	if (c == NULL || !configure(c)) {
		SSL_CTX_free(c);
		return false;
	}
	context = c;
	return true;
}

static bool is_literal(const char *host)
{
	uint8_t ip[16];

	return inet_pton(AF_INET, host, ip) == 1 || strchr(host, ':') != NULL;
}

static void openssl_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	free(t->chain_bytes);
	free(t->staple_bytes);
	free(t);
}

static struct tls *openssl_start(const char *host, uint16_t port)
{
	struct tls *t = prepare() ? calloc(1, sizeof *t) : NULL;

	(void)port;
	if (t == NULL)
		return NULL;
	t->ssl = SSL_new(context);
	BIO *bio = BIO_new(bio_method);
	if (t->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		openssl_free(t);
		return NULL;
	}
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_msg_callback_arg(t->ssl, t);
	SSL_set_connect_state(t->ssl);
	/* RFC 6066 section 3: literal addresses are not permitted in SNI. */
	if (!is_literal(host) && SSL_set_tlsext_host_name(t->ssl, host) != 1) {
		openssl_free(t);
		return NULL;
	}
	return t;
}

/* What one reason of OpenSSL's means to us; OK when it says nothing. */
static enum err reason_err(struct tls *t, int reason)
{
	/* Alerts that the server sent come as their description + this offset. */
	if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
		t->seen.alert = (uint8_t)(reason - SSL_AD_REASON_OFFSET);
		return t->seen.alert == SSL_AD_PROTOCOL_VERSION ? ERR_TLS_VERSION : ERR_TLS_ALERT;
	}
	switch (reason) {
	case SSL_R_BAD_SIGNATURE:
	case SSL_R_DIGEST_CHECK_FAILED:
		return ERR_TLS_SIGNATURE;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_WRONG_SSL_VERSION:
	case SSL_R_UNKNOWN_CIPHER_RETURNED:
	case SSL_R_WRONG_CIPHER_RETURNED:
	case SSL_R_WRONG_SIGNATURE_TYPE:
	case SSL_R_WRONG_CURVE:
	case SSL_R_WRONG_CERTIFICATE_TYPE:
	case SSL_R_UNKNOWN_CERTIFICATE_TYPE:
		return ERR_TLS_VERSION;
	case SSL_R_EXCESSIVE_MESSAGE_SIZE:
		return ERR_TOO_BIG;
	case SSL_R_CERT_LENGTH_MISMATCH:
	case SSL_R_UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS:
	case ERR_R_ASN1_LIB:
		return ERR_X509;
	case ERR_R_MALLOC_FAILURE:
		return ERR_NOMEM;
	default:
		return OK;
	}
}

/* Why the handshake failed; empties OpenSSL's queue of errors. */
static enum err failure(struct tls *t)
{
	enum err err = OK;

	for (unsigned long e; (e = ERR_get_error()) != 0;) {
		if (ERR_GET_LIB(e) != ERR_LIB_SSL)
			continue;
		log_line("tls: openssl reason %d", ERR_GET_REASON(e));
		enum err one = reason_err(t, ERR_GET_REASON(e));
		if (one != OK)
			err = one;
	}
	if (t->refused != OK)
		return t->refused;
	/* A list without a certificate in it is a mismatch of lengths to OpenSSL. */
	if (t->has_certificate_message && t->seen.n_certs == 0)
		return ERR_TLS_NO_CERT;
	return err != OK ? err : ERR_TLS_PROTOCOL;
}

static enum go fail(struct tls *t, enum err err)
{
	t->is_over = true;
	t->seen.err = err;
	return GO_FAILED;
}

static void note_terms(struct tls *t)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(t->ssl);
	const char *name = cipher != NULL ? SSL_CIPHER_standard_name(cipher) : NULL;
	const unsigned char *chosen;
	unsigned n;

	if (cipher == NULL)
		return;
	t->seen.version = (uint16_t)SSL_version(t->ssl);
	if (name != NULL)
		memcpy(t->seen.cipher, name, strnlen(name, sizeof t->seen.cipher - 1));
	SSL_get0_alpn_selected(t->ssl, &chosen, &n);
	/* Only what we offered is passed on. */
	if (n == 2 && memcmp(chosen, "h2", n) == 0)
		memcpy(t->seen.alpn, "h2", 2);
	else if (n == 8 && memcmp(chosen, "http/1.1", n) == 0)
		memcpy(t->seen.alpn, "http/1.1", 8);
}

static enum go finish(struct tls *t)
{
	if (t->refused != OK)
		return fail(t, t->refused);
	if (t->seen.n_certs == 0)
		return fail(t, ERR_TLS_NO_CERT);
	t->is_over = true;
	t->seen.is_signed = true;
	SSL_shutdown(t->ssl);
	ERR_clear_error();
	return GO_DONE;
}

static enum go handshake(struct tls *t, bool eof)
{
	ERR_clear_error();
	int result = SSL_do_handshake(t->ssl);
	note_terms(t);
	if (result == 1)
		return finish(t);
	if (buf_err(t->out) != OK)
		return fail(t, buf_err(t->out));
	if (SSL_get_error(t->ssl, result) != SSL_ERROR_WANT_READ)
		return fail(t, failure(t));
	if (t->refused != OK)
		return fail(t, t->refused);
	if (t->taken > TLS_IN_MAX)
		return fail(t, ERR_TOO_BIG);
	return eof ? fail(t, ERR_CLOSED) : GO_WAIT;
}

static enum go openssl_run(struct tls *t, struct rd *in, struct buf *out, bool eof)
{
	if (t->is_over)
		return t->seen.err == OK ? GO_DONE : GO_FAILED;
	t->in = in;
	t->out = out;
	enum go go = handshake(t, eof);
	t->in = NULL;
	t->out = NULL;
	return go;
}

static const struct tls_seen *openssl_seen(const struct tls *t)
{
	return &t->seen;
}

const struct tls_engine tls_openssl = {
	.name = "openssl", .start = openssl_start, .run = openssl_run, .seen = openssl_seen, .free = openssl_free,
};
