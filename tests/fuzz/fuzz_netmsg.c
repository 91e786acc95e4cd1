// Aims at priv/netmsg.c. First byte: which message. Whatever is accepted must, written again, be the same bytes.
// uses: host/priv/netmsg.c host/base/buf.c host/base/rd.c host/base/err.c
#include "priv/netmsg.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define AGAIN(name, type) \
	static void again_##name(const uint8_t *bytes, size_t n) \
	{ \
		static struct type m; \
		struct buf b = buf_new(FRAME_MAX); \
		if (netmsg_get_##name(rd_of(bytes, n), &m) == OK) { \
			netmsg_put_##name(&b, &m); \
			assert(buf_err(&b) == OK && b.len == n && (n == 0 || memcmp(b.bytes, bytes, n) == 0)); \
		} \
		buf_free(&b); \
	}
NETMSG_TABLE(AGAIN)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static void (*const kinds[])(const uint8_t *, size_t) = {
#define ROW(name, type) again_##name,
		NETMSG_TABLE(ROW)
	};

	if (n < 1 || n > FRAME_MAX)
		return 0;
	kinds[bytes[0] % (sizeof kinds / sizeof kinds[0])](bytes + 1, n - 1);
	return 0;
}
