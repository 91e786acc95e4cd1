// Aims at engine/socks.c: what a SOCKS port may send. First byte: how many bytes come at once; second: kind of host.
// uses: host/engine/socks.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
#include "engine/socks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const hosts[] = { "site.test", "192.0.2.1", "2001:db8::1", "x00.virtual" };
	struct socks s;
	struct buf in = buf_new(1024), out = buf_new(1024);

	if (n < 2)
		return 0;
	size_t step = bytes[0] % 16u + 1;
	assert(socks_start(&s, "user", "password", hosts[bytes[1] % 4], 443, &out, 0) == OK);
	enum go go = GO_WAIT;
	for (size_t at = 2; at < n && go == GO_WAIT; at += step) {
		buf_put(&in, bytes + at, step < n - at ? step : n - at);
		/* A driver never holds more than one message back: the longest is 262 bytes. */
		if (buf_err(&in) != OK)
			abort();
		uint8_t *exact = malloc(in.len);
		assert(exact != NULL);
		memcpy(exact, in.bytes, in.len);
		struct rd r = rd_of(exact, in.len);
		go = socks_run(&s, &r, &out, at);
		assert(!r.bad && r.left <= in.len);
		assert(go != GO_WAIT || r.left <= 262);
		buf_drop(&in, in.len - r.left);
		free(exact);
	}
	assert((go == GO_DONE) == (s.state == SOCKS_OPEN));
	assert((go == GO_FAILED) == (s.state == SOCKS_BROKEN));
	assert(go != GO_FAILED || s.err != OK);
	/* greeting, credentials, request: never more */
	assert(out.len <= 3 + 3 + 4 + 8 + 262);
	buf_free(&in);
	buf_free(&out);
	return 0;
}
