/* Bounded frames between the roles of the host, over a socketpair:
 *   u32 length of what follows (6..FRAME_MAX), u16 type, u32 id, payload.
 * Sans-I/O: frame_next takes whole frames off the front of a buffer. */
#ifndef PRIV_FRAME_H
#define PRIV_FRAME_H

#include "base/buf.h"
#include "base/rd.h"

struct frame { uint16_t type; uint32_t id; struct rd payload; /* borrows the buffer */ };

/* Returns true and the number of bytes to drop afterwards in *used when in holds a whole frame; false with
 * *err OK when more bytes are needed; false with ERR_TOO_BIG or ERR_FORMAT when the peer must be given up. */
bool frame_next(const struct buf *in, struct frame *out, size_t *used, enum err *err);
/* Appends a frame with the payload's bytes. */
void frame_put(struct buf *out, uint16_t type, uint32_t id, const struct buf *payload);

#endif
