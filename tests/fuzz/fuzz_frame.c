// frame_next: any bytes from the other role.
// uses: host/priv/frame.c host/base/buf.c host/base/rd.c host/base/err.c
#include "base/limits.h"
#include "priv/frame.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct buf in BUF_AUTO = buf_new(1u << 20);
	struct frame f;
	size_t used;
	enum err err;

	buf_put(&in, bytes, n);
	while (frame_next(&in, &f, &used, &err)) {
		struct buf payload BUF_AUTO = buf_new(FRAME_MAX), again BUF_AUTO = buf_new(2 * FRAME_MAX);
		if (used < 10 || used > in.len || f.payload.left != used - 10)
			abort();
		/* What was read is written back the same. */
		buf_put(&payload, f.payload.at, f.payload.left);
		frame_put(&again, f.type, f.id, &payload);
		if (buf_err(&again) != OK || again.len != used)
			abort();
		for (size_t i = 0; i < used; i++)
			if (again.bytes[i] != in.bytes[i])
				abort();
		buf_drop(&in, used);
	}
	if (err != OK && err != ERR_FORMAT && err != ERR_TOO_BIG)
		abort();
	return 0;
}
