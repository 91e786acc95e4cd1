// The handshake engine against a server in memory: what it offers, what it takes, how it fails.
// uses: host/engine/tls.c host/engine/tls_openssl.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
// libs: -lssl -lcrypto
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/tls.h"
#include "tlspeer.h"

#define PIPE_MAX (1u << 20)

/* Changes the server's bytes on their way; returns their new number. */
typedef size_t tamper_fn(uint8_t *bytes, size_t n);

struct run {
	size_t step;          /* bytes a read; 0: all at once */
	size_t close_after;   /* bytes after which the server's side ends; 0: never */
	tamper_fn *tamper;
	const char *host;
};

struct outcome {
	enum go go;
	struct tls *tls;
	struct tls_seen seen;
	size_t to_server, from_server, calls;
	bool server_finished;
	bool got_close_notify, got_data;
	int server_saw_ciphers;
};

static uint8_t pipe_bytes[PIPE_MAX];

/* Feeds n bytes in steps until the engine is over or they are used up. */
static enum go feed(struct tls *t, const uint8_t *bytes, size_t n, size_t step, struct buf *out, size_t *fed,
                    size_t *calls)
{
	enum go go = GO_WAIT;

	for (size_t at = 0; at < n && go == GO_WAIT; at += step) {
		size_t part = step < n - at ? step : n - at;
		struct rd in = rd_of(bytes + at, part);
		go = tls_openssl.run(t, &in, out, false);
		if (go == GO_WAIT)
			assert_int_equal(in.left, 0);
		*fed += part;
		++*calls;
	}
	return go;
}

static struct outcome handshake(SSL_CTX *server, struct run how)
{
	struct outcome o = { .tls = tls_openssl.start(how.host ? how.host : "site.test", 443) };
	struct peer p = peer_new(server);
	struct buf out = buf_new(TLS_OUT_MAX);
	struct rd none = rd_of(NULL, 0);

	assert_non_null(o.tls);
	o.go = tls_openssl.run(o.tls, &none, &out, false);
	while (o.go == GO_WAIT) {
		size_t n = peer_run(&p, out.bytes, out.len, pipe_bytes, PIPE_MAX);
		o.to_server += out.len;
		buf_drop(&out, out.len);
		if (how.tamper != NULL)
			n = how.tamper(pipe_bytes, n);
		bool is_last = n == 0;
		if (how.close_after > 0 && o.from_server + n >= how.close_after) {
			n = how.close_after - o.from_server;
			is_last = true;
		}
		o.go = feed(o.tls, pipe_bytes, n, how.step ? how.step : n + 1, &out, &o.from_server, &o.calls);
		if (o.go == GO_WAIT && is_last) {
			o.go = tls_openssl.run(o.tls, &none, &out, true);
			assert_int_not_equal(o.go, GO_WAIT);
		}
	}
	/* Whatever was written last goes to the server: Finished and close_notify, nothing else. */
	peer_run(&p, out.bytes, out.len, pipe_bytes, PIPE_MAX);
	o.server_finished = SSL_is_init_finished(p.ssl);
	if (o.server_finished) {
		char byte;
		o.got_data = SSL_read(p.ssl, &byte, 1) > 0;
		o.got_close_notify = (SSL_get_shutdown(p.ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
	}
	o.seen = *tls_openssl.seen(o.tls);
	assert_int_equal(o.go == GO_DONE, o.seen.err == OK);
	/* Over is over. */
	assert_int_equal(tls_openssl.run(o.tls, &none, &out, false), o.go);
	buf_free(&out);
	peer_free(&p);
	return o;
}

static void assert_leaf(const struct tls_seen *seen, X509 *cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);

	assert_true(seen->n_certs >= 1);
	assert_int_equal(seen->cert[0].len, n);
	assert_memory_equal(seen->cert[0].der, der, (size_t)n);
	OPENSSL_free(der);
}

static EVP_PKEY *ec, *ec2, *rsa;
static X509 *ec_cert, *rsa_cert;

static int setup(void **state)
{
	(void)state;
	ec = peer_key_ec("P-256");
	ec2 = peer_key_ec("P-256");
	rsa = peer_key_rsa(2048);
	ec_cert = peer_cert(ec, EVP_sha256(), "site.test", 0);
	rsa_cert = peer_cert(rsa, EVP_sha256(), "site.test", 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	X509_free(ec_cert);
	X509_free(rsa_cert);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(ec2);
	EVP_PKEY_free(rsa);
	return 0;
}

static void check_good(X509 *cert, EVP_PKEY *key, int version, size_t step)
{
	SSL_CTX *c = peer_context(cert, key, version);
	struct outcome o = handshake(c, (struct run){ .step = step });

	assert_int_equal(o.go, GO_DONE);
	assert_true(o.seen.is_signed);
	assert_int_equal(o.seen.version, version);
	assert_int_equal(o.seen.n_certs, 1);
	assert_leaf(&o.seen, cert);
	assert_true(o.server_finished);
	assert_true(o.got_close_notify);
	assert_false(o.got_data);
	assert_true(strncmp(o.seen.cipher, "TLS_", 4) == 0);
	tls_openssl.free(o.tls);
	SSL_CTX_free(c);
}

static void test_good_handshakes(void **state)
{
	(void)state;
	for (size_t step = 0; step < 8; step++) {
		check_good(ec_cert, ec, TLS1_3_VERSION, step);
		check_good(ec_cert, ec, TLS1_2_VERSION, step);
		check_good(rsa_cert, rsa, TLS1_3_VERSION, step);
		check_good(rsa_cert, rsa, TLS1_2_VERSION, step);
	}
}

/* Weak keys and digests must be seen: they are judged elsewhere. */
static void test_weak_certificates_are_seen(void **state)
{
	(void)state;
	EVP_PKEY *weak = peer_key_rsa(1024);
	X509 *cert = peer_cert(weak, EVP_md5(), "weak.test", 0);
	check_good(cert, weak, TLS1_3_VERSION, 0);
	check_good(cert, weak, TLS1_2_VERSION, 0);
	X509_free(cert);
	EVP_PKEY_free(weak);
	EVP_PKEY *p521 = peer_key_ec("P-521");
	cert = peer_cert(p521, EVP_sha1(), "p521.test", 0);
	check_good(cert, p521, TLS1_2_VERSION, 0);
	X509_free(cert);
	EVP_PKEY_free(p521);
}

/* RSA key exchange: nothing is signed, but only the key's holder can finish. */
static void test_rsa_key_exchange(void **state)
{
	(void)state;
	SSL_CTX *c = peer_context(rsa_cert, rsa, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(c, "AES128-GCM-SHA256");
	struct outcome o = handshake(c, (struct run){ 0 });
	assert_int_equal(o.go, GO_DONE);
	assert_true(o.seen.is_signed);
	assert_string_equal(o.seen.cipher, "TLS_RSA_WITH_AES_128_GCM_SHA256");
	tls_openssl.free(o.tls);
	SSL_CTX_free(c);
}

/* --- what we offer --- */

static struct buf hello(const char *host)
{
	struct buf out = buf_new(TLS_OUT_MAX);
	struct rd none = rd_of(NULL, 0);
	struct tls *t = tls_openssl.start(host, 443);

	assert_non_null(t);
	assert_int_equal(tls_openssl.run(t, &none, &out, false), GO_WAIT);
	tls_openssl.free(t);
	return out;
}

/* The extension's body in a ClientHello; bad when absent. */
static struct rd extension(const struct buf *hello_bytes, uint16_t wanted, struct rd *ciphers)
{
	struct rd r = rd_of(hello_bytes->bytes, hello_bytes->len);
	rd_take(&r, 5 + 4 + 2 + 32);
	rd_take(&r, rd_u8(&r));
	struct rd list = rd_take(&r, rd_u16(&r));
	if (ciphers)
		*ciphers = list;
	rd_take(&r, rd_u8(&r));
	struct rd all = rd_take(&r, rd_u16(&r));
	assert_true(rd_done(&r));
	while (all.left > 0) {
		uint16_t type = rd_u16(&all);
		struct rd body = rd_take(&all, rd_u16(&all));
		assert_false(all.bad);
		if (type == wanted)
			return body;
	}
	return (struct rd){ .bad = true };
}

static void assert_u16s(struct rd r, const uint16_t *want, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rd_u16(&r), want[i]);
	assert_true(rd_done(&r));
}

static void test_offers_what_the_browser_offers(void **state)
{
	(void)state;
	static const uint16_t suites[] = { 0x1301, 0x1303, 0x1302, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030,
	                                   0xc00a, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35, 0x00ff };
	static const uint16_t groups[] = { 12, 0x1d, 0x17, 0x18, 0x19, 0x100, 0x101 };
	static const uint16_t schemes[] = { 22, 0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601,
	                                    0x0203, 0x0201 };
	struct buf h = hello("site.test");
	struct rd ciphers, r = extension(&h, 0, &ciphers);

	/* server_name: u16 list, u8 type, u16 length, name */
	rd_take(&r, 5);
	assert_int_equal(r.left, 9);
	assert_memory_equal(r.at, "site.test", 9);
	assert_u16s(ciphers, suites, sizeof suites / 2);   /* 0x00ff: OpenSSL's signal for secure renegotiation */
	assert_u16s(extension(&h, 10, NULL), groups, sizeof groups / 2);
	assert_u16s(extension(&h, 13, NULL), schemes, sizeof schemes / 2);
	r = extension(&h, 16, NULL);
	assert_int_equal(r.left, 14);
	assert_memory_equal(r.at, "\x00\x0c\x02h2\x08http/1.1", 14);
	assert_false(extension(&h, 5, NULL).bad);    /* status_request */
	assert_false(extension(&h, 23, NULL).bad);   /* extended_master_secret */
	assert_true(extension(&h, 35, NULL).bad);    /* no session ticket */
	assert_true(extension(&h, 22, NULL).bad);    /* no encrypt_then_mac */
	assert_true(extension(&h, 41, NULL).bad);    /* no pre-shared key */
	buf_free(&h);
}

static void test_literals_are_not_sent_as_names(void **state)
{
	(void)state;
	const char *const literals[] = { "192.0.2.1", "2001:db8::1", "::1" };
	for (size_t i = 0; i < 3; i++) {
		struct buf h = hello(literals[i]);
		assert_true(extension(&h, 0, NULL).bad);
		buf_free(&h);
	}
}

static void test_longest_name_is_one_record(void **state)
{
	(void)state;
	char host[HOST_MAX];
	memset(host, 'a', 253);
	for (size_t i = 50; i < 253; i += 50)
		host[i] = '.';
	host[253] = '\0';
	struct buf h = hello(host);
	assert_int_equal(h.bytes[3] * 256 + h.bytes[4] + 5, h.len);
	assert_int_equal(extension(&h, 0, NULL).left, 253 + 5);
	buf_free(&h);
}

/* --- what servers do --- */

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in, unsigned n_in,
                       void *arg)
{
	(void)ssl;
	(void)in;
	(void)n_in;
	*out = arg;
	*n = (unsigned char)strlen(arg);
	return SSL_TLSEXT_ERR_OK;
}

static int staple(SSL *ssl, void *arg)
{
	unsigned char *copy = OPENSSL_malloc(5);
	(void)arg;
	memcpy(copy, "ocsp!", 5);
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, 5);
	return SSL_TLSEXT_ERR_OK;
}

static void test_staple_alpn_and_client_certificate(void **state)
{
	(void)state;
	const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *c = peer_context(ec_cert, ec, versions[i]);
		char h2[] = "h2";
		SSL_CTX_set_alpn_select_cb(c, choose_alpn, h2);
		SSL_CTX_set_tlsext_status_cb(c, staple);
		SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);   /* asks for a certificate, goes on without */
		struct outcome o = handshake(c, (struct run){ .step = 1 });
		assert_int_equal(o.go, GO_DONE);
		assert_string_equal(o.seen.alpn, "h2");
		assert_int_equal(o.seen.staple.len, 5);
		assert_memory_equal(o.seen.staple.der, "ocsp!", 5);
		assert_true(o.got_close_notify);
		tls_openssl.free(o.tls);
		/* And one that insists: in 1.2 it refuses us after it has shown its certificate and signed; in 1.3 after we
		 * are done. */
		SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		o = handshake(c, (struct run){ 0 });
		assert_leaf(&o.seen, ec_cert);
		if (versions[i] == TLS1_2_VERSION) {
			assert_int_equal(o.seen.err, ERR_TLS_ALERT);
			assert_false(o.seen.is_signed);
			assert_int_equal(o.seen.alert, SSL_AD_HANDSHAKE_FAILURE);
		} else {
			assert_int_equal(o.go, GO_DONE);
		}
		tls_openssl.free(o.tls);
		SSL_CTX_free(c);
	}
}

static void expect_failure(SSL_CTX *c, struct run how, enum err err, unsigned n_certs)
{
	struct outcome o = handshake(c, how);

	assert_int_equal(o.go, GO_FAILED);
	assert_int_equal(o.seen.err, err);
	assert_false(o.seen.is_signed);
	assert_int_equal(o.seen.n_certs, n_certs);
	tls_openssl.free(o.tls);
}

static void test_wrong_key(void **state)
{
	(void)state;
	EVP_PKEY *liar = peer_key_false(ec2, ec);
	const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *c = peer_context(ec_cert, liar, versions[i]);
		for (size_t step = 0; step < 3; step++)
			expect_failure(c, (struct run){ .step = step }, ERR_TLS_SIGNATURE, 1);
		SSL_CTX_free(c);
	}
	EVP_PKEY_free(liar);
}

static void test_no_common_ground(void **state)
{
	(void)state;
	SSL_CTX *c = peer_context(ec_cert, ec, TLS1_2_VERSION);
	SSL_CTX_set_min_proto_version(c, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(c, TLS1_VERSION);
	expect_failure(c, (struct run){ 0 }, ERR_TLS_VERSION, 0);
	SSL_CTX_free(c);
	c = peer_context(ec_cert, ec, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(c, "ECDHE-ECDSA-AES128-SHA256");
	struct outcome o = handshake(c, (struct run){ 0 });
	assert_int_equal(o.seen.err, ERR_TLS_ALERT);
	assert_int_equal(o.seen.alert, SSL_AD_HANDSHAKE_FAILURE);
	tls_openssl.free(o.tls);
	SSL_CTX_free(c);
}

/* Ends after every possible number of bytes: never OK before the last that counts, certificates as soon as they are
 * readable. */
static void test_closed_at_every_byte(void **state)
{
	(void)state;
	const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *c = peer_context(ec_cert, ec, versions[i]);
		size_t with_certs = 0;
		for (size_t n = 1; n < 4000; n++) {
			struct outcome o = handshake(c, (struct run){ .close_after = n });
			bool is_done = o.go == GO_DONE;
			if (!is_done) {
				assert_int_equal(o.seen.err, ERR_CLOSED);
				assert_false(o.seen.is_signed);
				with_certs += o.seen.n_certs > 0;
				if (o.seen.n_certs > 0)
					assert_leaf(&o.seen, ec_cert);
			}
			tls_openssl.free(o.tls);
			if (is_done) {
				assert_true(n > 500);
				break;
			}
			assert_true(n < 3999);
		}
		assert_true(with_certs > 10);
		SSL_CTX_free(c);
	}
}

static size_t garbage_http(uint8_t *bytes, size_t n)
{
	(void)n;
	memcpy(bytes, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
	return 28;
}

static size_t garbage_noise(uint8_t *bytes, size_t n)
{
	(void)n;
	for (size_t i = 0; i < 300; i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	return 300;
}

static size_t garbage_zeros(uint8_t *bytes, size_t n)
{
	(void)n;
	memset(bytes, 0, 20);
	return 20;
}

static size_t huge_record(uint8_t *bytes, size_t n)
{
	(void)n;
	memcpy(bytes, "\x16\x03\x03\xff\xff", 5);
	memset(bytes + 5, 0, 100);
	return 105;
}

static size_t flood_warnings(uint8_t *bytes, size_t n)
{
	(void)n;
	for (size_t i = 0; i < 100; i++)
		memcpy(bytes + 7 * i, "\x15\x03\x03\x00\x02\x01\x5a", 7);
	return 700;
}

static void test_garbage_fails_at_once(void **state)
{
	(void)state;
	SSL_CTX *c = peer_context(ec_cert, ec, 0);
	tamper_fn *const kinds[] = { garbage_http, garbage_noise, garbage_zeros, huge_record, flood_warnings };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		for (size_t step = 0; step < 3; step++)
			expect_failure(c, (struct run){ .tamper = kinds[i], .step = step }, ERR_TLS_PROTOCOL, 0);
	SSL_CTX_free(c);
}

/* Flips one bit of the server's flight at a time: never done, and never signed. */
static size_t flip_at;
static size_t flip(uint8_t *bytes, size_t n)
{
	if (flip_at < n)
		bytes[flip_at] ^= 1;
	return n;
}

static void test_tampering_is_never_signed(void **state)
{
	(void)state;
	const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *c = peer_context(ec_cert, ec, versions[i]);
		struct outcome plain = handshake(c, (struct run){ 0 });
		tls_openssl.free(plain.tls);
		size_t n_signature = 0;
		/* The first flight is all but the last 51 bytes or so in 1.2; a flip behind its end is none. */
		for (flip_at = 0; flip_at < plain.from_server - 60; flip_at++) {
			/* The record's legacy version is not covered by anything in 1.3. */
			struct outcome o = handshake(c, (struct run){ .tamper = flip });
			if (o.go == GO_DONE)
				assert_true(versions[i] == TLS1_3_VERSION && flip_at < 200);
			else
				assert_false(o.seen.is_signed);
			n_signature += o.seen.err == ERR_TLS_SIGNATURE;
			tls_openssl.free(o.tls);
		}
		if (versions[i] == TLS1_2_VERSION)
			assert_true(n_signature > 100);
		SSL_CTX_free(c);
	}
}

/* --- limits --- */

static void test_chain_limits(void **state)
{
	(void)state;
	const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *c = peer_context(ec_cert, ec, versions[i]);
		SSL_CTX_set_mode(c, SSL_MODE_NO_AUTO_CHAIN);
		for (int n = 1; n < CHAIN_MAX; n++)
			SSL_CTX_add1_chain_cert(c, rsa_cert);
		struct outcome o = handshake(c, (struct run){ .step = 1000 });
		assert_int_equal(o.go, GO_DONE);
		assert_int_equal(o.seen.n_certs, CHAIN_MAX);
		assert_leaf(&o.seen, ec_cert);
		tls_openssl.free(o.tls);
		SSL_CTX_add1_chain_cert(c, rsa_cert);
		expect_failure(c, (struct run){ 0 }, ERR_TOO_BIG, 0);
		SSL_CTX_free(c);

		X509 *large = peer_cert(ec, EVP_sha256(), "large.test", CERT_MAX);
		c = peer_context(large, ec, versions[i]);
		expect_failure(c, (struct run){ 0 }, ERR_TOO_BIG, 0);
		SSL_CTX_free(c);
		X509_free(large);

		/* Four that are each allowed, together not. */
		large = peer_cert(ec, EVP_sha256(), "large.test", 49000);
		c = peer_context(large, ec, versions[i]);
		for (int n = 0; n < 2; n++)
			SSL_CTX_add1_chain_cert(c, large);
		o = handshake(c, (struct run){ 0 });
		assert_int_equal(o.go, GO_DONE);
		tls_openssl.free(o.tls);
		SSL_CTX_add1_chain_cert(c, large);
		expect_failure(c, (struct run){ 0 }, ERR_TOO_BIG, 0);
		/* More than OpenSSL itself would take. */
		for (int n = 0; n < 5; n++)
			SSL_CTX_add1_chain_cert(c, large);
		expect_failure(c, (struct run){ 0 }, ERR_TOO_BIG, 0);
		SSL_CTX_free(c);
		X509_free(large);
	}
}

/* A peer that sends for ever without getting anywhere: ChangeCipherSpec is ignored in 1.3. */
static void test_flood_is_cut(void **state)
{
	(void)state;
	struct buf out = buf_new(TLS_OUT_MAX);
	struct rd none = rd_of(NULL, 0);
	struct tls *t = tls_openssl.start("site.test", 443);
	enum go go = tls_openssl.run(t, &none, &out, false);
	static uint8_t record[4 + 5 + 256];
	size_t sent = 0;

	/* Handshake messages of length zero (HelloRequest, which a client ignores). */
	memcpy(record, "\x16\x03\x03\x00\x04\x00\x00\x00\x00", 9);
	while (go == GO_WAIT && sent < 2 * TLS_IN_MAX) {
		struct rd in = rd_of(record, 9);
		go = tls_openssl.run(t, &in, &out, false);
		sent += 9;
	}
	assert_int_equal(go, GO_FAILED);
	assert_true(sent <= TLS_IN_MAX + 9);
	tls_openssl.free(t);
	buf_free(&out);
}

static void test_our_output_is_bounded(void **state)
{
	(void)state;
	struct buf out = buf_new(100);
	struct rd none = rd_of(NULL, 0);
	struct tls *t = tls_openssl.start("site.test", 443);
	assert_int_equal(tls_openssl.run(t, &none, &out, false), GO_FAILED);
	assert_int_equal(tls_openssl.seen(t)->err, ERR_TOO_BIG);
	tls_openssl.free(t);
	buf_free(&out);
}

/* --- the reader of Certificate messages --- */

static enum err read_cert(const struct buf *b, size_t n, uint16_t version, struct tls_seen *seen)
{
	uint8_t *exact = malloc(n ? n : 1), *bytes = NULL;
	if (n)
		memcpy(exact, b->bytes, n);
	memset(seen, 0, sizeof *seen);
	enum err err = tls_read_certificate(rd_of(exact, n), version, seen, &bytes);
	if (err != OK)
		assert_null(bytes);
	free(exact);
	free(bytes);   /* seen's lengths are still good to look at */
	return err;
}

static void test_reader_12(void **state)
{
	(void)state;
	const uint8_t message[] = { 0, 0, 9, 0, 0, 3, 0x30, 1, 0, 0, 0, 0 };
	struct buf b = buf_new(100);
	struct tls_seen seen;
	buf_put(&b, message, 9);
	b.bytes[2] = 6;
	assert_int_equal(read_cert(&b, 9, 0x0303, &seen), OK);
	assert_int_equal(seen.n_certs, 1);
	assert_int_equal(seen.cert[0].len, 3);
	for (size_t n = 0; n < 9; n++)
		assert_int_equal(read_cert(&b, n, 0x0303, &seen), ERR_FORMAT);
	buf_u8(&b, 0);
	assert_int_equal(read_cert(&b, 10, 0x0303, &seen), ERR_FORMAT);
	/* An empty certificate in the list. */
	buf_free(&b);
	buf_put(&b, message, sizeof message);
	assert_int_equal(read_cert(&b, sizeof message, 0x0303, &seen), ERR_FORMAT);
	/* An empty list is for the caller to judge. */
	buf_free(&b);
	buf_put(&b, "\0\0\0", 3);
	assert_int_equal(read_cert(&b, 3, 0x0303, &seen), OK);
	assert_int_equal(seen.n_certs, 0);
	buf_free(&b);
}

static void test_reader_13(void **state)
{
	(void)state;
	/* context, list; cert 3 bytes, extensions: status_request with a one-byte response, an unknown one; cert, none */
	const uint8_t message[] = { 0, 0, 0, 28, 0, 0, 3, 0x30, 1, 0, 0, 14, 0, 5, 0, 5, 1, 0, 0, 1, 0x77, 0x12, 0x34, 0, 1, 9,
	                            0, 0, 1, 0x31, 0, 0 };
	struct buf b = buf_new(100);
	struct tls_seen seen;
	buf_put(&b, message, sizeof message);
	assert_int_equal(read_cert(&b, b.len, 0x0304, &seen), OK);
	assert_int_equal(seen.n_certs, 2);
	assert_int_equal(seen.staple.len, 1);
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(read_cert(&b, n, 0x0304, &seen), ERR_FORMAT);
	/* Every wrong value of every length and type byte: refused, or another reading of the same bytes. */
	for (size_t at = 0; at < b.len; at++) {
		uint8_t kept = b.bytes[at];
		for (unsigned v = 0; v < 256; v++) {
			b.bytes[at] = (uint8_t)v;
			enum err err = read_cert(&b, b.len, 0x0304, &seen);
			if (err == OK)
				assert_true(seen.n_certs >= 1 && seen.n_certs <= 2 && seen.staple.len <= 1);
		}
		b.bytes[at] = kept;
	}
	/* A context; another status type; the extension twice. */
	b.bytes[0] = 1;
	assert_int_equal(read_cert(&b, b.len, 0x0304, &seen), ERR_FORMAT);
	b.bytes[0] = 0;
	b.bytes[16] = 2;
	assert_int_equal(read_cert(&b, b.len, 0x0304, &seen), ERR_FORMAT);
	b.bytes[16] = 1;
	const uint8_t twice[] = { 0, 0, 0, 25, 0, 0, 2, 0x30, 0, 0, 18, 0, 5, 0, 5, 1, 0, 0, 1, 7, 0, 5, 0, 5, 1, 0, 0, 1, 7 };
	struct buf t = buf_new(100);
	buf_put(&t, twice, sizeof twice);
	assert_int_equal(read_cert(&t, t.len, 0x0304, &seen), ERR_FORMAT);
	buf_free(&t);
	buf_free(&b);
}

static void test_reader_status(void **state)
{
	(void)state;
	const uint8_t message[] = { 1, 0, 0, 2, 0x30, 0 };
	struct tls_seen seen = { 0 };
	uint8_t *bytes = NULL;
	assert_int_equal(tls_read_status(rd_of(message, sizeof message), &seen, &bytes), OK);
	assert_int_equal(seen.staple.len, 2);
	free(bytes);
	for (size_t n = 0; n < sizeof message; n++)
		assert_int_equal(tls_read_status(rd_of(message, n), &seen, &bytes), ERR_FORMAT);
	const uint8_t empty[] = { 1, 0, 0, 0 };
	assert_int_equal(tls_read_status(rd_of(empty, 4), &seen, &bytes), ERR_FORMAT);
	size_t n = STAPLE_MAX + 1;
	uint8_t *big = calloc(1, n + 4);
	big[0] = 1;
	big[1] = (uint8_t)(n >> 16);
	big[2] = (uint8_t)(n >> 8);
	big[3] = (uint8_t)n;
	assert_int_equal(tls_read_status(rd_of(big, n + 4), &seen, &bytes), ERR_TOO_BIG);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_handshakes),
		cmocka_unit_test(test_weak_certificates_are_seen),
		cmocka_unit_test(test_rsa_key_exchange),
		cmocka_unit_test(test_offers_what_the_browser_offers),
		cmocka_unit_test(test_literals_are_not_sent_as_names),
		cmocka_unit_test(test_longest_name_is_one_record),
		cmocka_unit_test(test_staple_alpn_and_client_certificate),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_no_common_ground),
		cmocka_unit_test(test_closed_at_every_byte),
		cmocka_unit_test(test_garbage_fails_at_once),
		cmocka_unit_test(test_tampering_is_never_signed),
		cmocka_unit_test(test_chain_limits),
		cmocka_unit_test(test_flood_is_cut),
		cmocka_unit_test(test_our_output_is_bounded),
		cmocka_unit_test(test_reader_12),
		cmocka_unit_test(test_reader_13),
		cmocka_unit_test(test_reader_status),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
