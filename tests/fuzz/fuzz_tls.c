// Aims at engine/tls.c (Certificate and CertificateStatus messages) and engine/tls_openssl.c (a server's bytes). First
// byte: 0 Certificate of TLS 1.2, 1 of TLS 1.3, 2 CertificateStatus, 3 and more: the engine, fed that many bytes at once.
// uses: host/engine/tls.c host/engine/tls_openssl.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
// libs: -lssl -lcrypto
#include "engine/tls.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void messages(uint8_t kind, const uint8_t *bytes, size_t n)
{
	struct tls_seen seen = { 0 };
	uint8_t *block = NULL;
	struct rd body = rd_of(bytes, n);
	enum err err = kind == 2 ? tls_read_status(body, &seen, &block)
	                         : tls_read_certificate(body, kind == 1 ? 0x0304 : 0x0303, &seen, &block);
	size_t total = 0;

	assert((err == OK) == (block != NULL));
	for (size_t i = 0; i < seen.n_certs; i++) {
		assert(seen.cert[i].len > 0 && seen.cert[i].len <= CERT_MAX);
		total += seen.cert[i].len;
		/* Touches every byte, so that a sanitizer sees a wrong one. */
		for (size_t at = 0; at < seen.cert[i].len; at++)
			total += seen.cert[i].der[at] == 0xff && at > n;
	}
	assert(total <= CHAIN_BYTES_MAX && seen.staple.len <= STAPLE_MAX && total + seen.staple.len <= n);
	free(block);
}

static void engine(size_t step, const uint8_t *bytes, size_t n)
{
	struct tls *t = tls_openssl.start("site.test", 443);
	struct buf out = buf_new(TLS_OUT_MAX);
	struct rd none = rd_of(NULL, 0);

	assert(t != NULL);
	enum go go = tls_openssl.run(t, &none, &out, false);
	for (size_t at = 0; at < n && go == GO_WAIT; at += step) {
		struct rd in = rd_of(bytes + at, step < n - at ? step : n - at);
		go = tls_openssl.run(t, &in, &out, false);
	}
	if (go == GO_WAIT)
		go = tls_openssl.run(t, &none, &out, true);
	/* Nobody guesses the key: a handshake with recorded bytes never completes. */
	assert(go == GO_FAILED);
	assert(tls_openssl.seen(t)->err != OK && !tls_openssl.seen(t)->is_signed);
	tls_openssl.free(t);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (n < 1)
		return 0;
	/* An exact-size copy: a sanitizer sees a read behind the end. */
	uint8_t *exact = malloc(n);
	assert(exact != NULL);
	memcpy(exact, bytes, n);
	if (bytes[0] < 3)
		messages(bytes[0], exact + 1, n - 1);
	else
		engine(bytes[0], exact + 1, n - 1);
	free(exact);
	return 0;
}
