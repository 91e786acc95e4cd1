/* Native-messaging frames (contract in wire/native.h). The length is the browser's word alone: it is judged
 * before anything is reserved, and memory grows only with bytes that really came. */
#include "wire/native.h"
#include "base/limits.h"
#include <string.h>

struct native native_new(void)
{
	return (struct native){ .held = buf_new(NATIVE_IN_MAX) };
}

void native_free(struct native *n)
{
	buf_free(&n->held);
	*n = native_new();
}

/* Takes the head's bytes. True when it is whole: then left and is_skipping are set. */
static bool native_head(struct native *n, struct rd *in)
{
	while (n->n_head < sizeof n->head && in->left > 0)
		n->head[n->n_head++] = rd_u8(in);
	if (n->n_head < sizeof n->head)
		return false;
	uint32_t length;
	memcpy(&length, n->head, sizeof length);   /* native order, as Firefox wrote it */
	n->left = length;
	n->is_skipping = length > NATIVE_IN_MAX;
	return true;
}

enum native_got native_next(struct native *n, struct rd *in, struct rd *message)
{
	if (n->is_handed_out) {
		buf_free(&n->held);
		n->is_handed_out = false;
	}
	for (;;) {
		if (n->n_head < sizeof n->head) {
			if (!native_head(n, in))
				return NATIVE_MORE;
			if (n->is_skipping)
				return NATIVE_TOO_BIG;
		}
		struct rd part = rd_take(in, n->left < in->left ? n->left : in->left);
		n->left -= part.left;
		if (!n->is_skipping) {
			buf_put(&n->held, part.at, part.left);
			if (buf_err(&n->held) != OK) {
				buf_free(&n->held);
				n->is_skipping = true;
				return NATIVE_NOMEM;
			}
		}
		if (n->left > 0)
			return NATIVE_MORE;
		n->n_head = 0;
		if (n->is_skipping)
			continue;
		n->is_handed_out = true;
		*message = rd_of(n->held.len > 0 ? n->held.bytes : (const uint8_t *)"", n->held.len);
		return NATIVE_MESSAGE;
	}
}

bool native_is_inside(const struct native *n)
{
	return n->n_head > 0;
}

enum err native_put(struct buf *out, const void *message, size_t n)
{
	size_t before = out->len;
	uint32_t length = (uint32_t)n;

	if (out->err != OK)
		return out->err;
	if (n > NATIVE_OUT_MAX)
		return ERR_TOO_BIG;
	buf_put(out, &length, sizeof length);
	buf_put(out, message, n);
	enum err err = buf_err(out);
	if (err != OK) {
		out->len = before;
		out->err = OK;
	}
	return err;
}
