// native_next and json_take: any bytes from the browser, cut into pieces of the size that the first byte says.
// uses: host/wire/native.c host/wire/json.c host/wire/jsonlong.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -lsodium -ljansson
#include "base/limits.h"
#include "wire/json.h"
#include "wire/native.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static int is_ready;
	struct rd all = rd_of(bytes, n);
	size_t piece = rd_u8(&all) + 1u;
	struct native native = native_new();

	if (!is_ready++)
		json_init();
	while (all.left > 0) {
		struct rd in = rd_take(&all, piece < all.left ? piece : all.left), message;
		for (enum native_got got; (got = native_next(&native, &in, &message)) != NATIVE_MORE;) {
			json_t *tree;
			if (got != NATIVE_MESSAGE)
				continue;
			if (message.left > NATIVE_IN_MAX)
				abort();
			if (json_take(message, &tree) == OK)
				json_decref(tree);
		}
		/* Nothing may be held beyond what came. */
		if (in.left > 0 || native.held.len > n)
			abort();
	}
	native_free(&native);
	return 0;
}
