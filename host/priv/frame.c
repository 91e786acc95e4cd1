/* Frames between the roles (layout and contract in priv/frame.h). */
#include "priv/frame.h"
#include "base/limits.h"

/* u16 type and u32 id, which the length counts. */
#define FRAME_HEAD 6

bool frame_next(const struct buf *in, struct frame *out, size_t *used, enum err *err)
{
	struct rd r = rd_of(in->bytes, in->len);
	uint32_t length = rd_u32(&r);

	*err = OK;
	if (r.bad)
		return false;
	/* Judged before the rest arrives: a lying length never makes us wait or store. */
	if (length < FRAME_HEAD || length > FRAME_MAX) {
		*err = length < FRAME_HEAD ? ERR_FORMAT : ERR_TOO_BIG;
		return false;
	}
	struct rd body = rd_take(&r, length);
	if (body.bad)
		return false;
	out->type = rd_u16(&body);
	out->id = rd_u32(&body);
	out->payload = body;
	*used = 4 + (size_t)length;
	return true;
}

void frame_put(struct buf *out, uint16_t type, uint32_t id, const struct buf *payload)
{
	size_t n = payload != NULL ? payload->len : 0;

	if (out->err != OK)
		return;
	if (payload != NULL && payload->err != OK) {
		out->err = payload->err;
		return;
	}
	if (n > FRAME_MAX - FRAME_HEAD || n + FRAME_HEAD + 4 > out->cap - out->len) {
		out->err = ERR_TOO_BIG;
		return;
	}
	buf_u32(out, (uint32_t)(n + FRAME_HEAD));
	buf_u16(out, type);
	buf_u32(out, id);
	if (n > 0)
		buf_put(out, payload->bytes, n);
}
