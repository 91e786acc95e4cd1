/* One end of the socketpair between two roles: whole frames in by callback, frames out through a bounded
 * queue, on a libevent loop. Used by role.c (main's end) and inner.c (the role's end), by nobody else. */
#ifndef PRIV_CHANNEL_H
#define PRIV_CHANNEL_H

#include "priv/frame.h"

struct event_base;
struct channel;

/* frame: one whole frame; its payload lives as long as the call. The callback may send, and may end or free
 * the channel: nothing is delivered after that.
 * lost: the other side is gone (ERR_CLOSED), broke the framing (ERR_FORMAT, ERR_TOO_BIG), or the socket
 * failed (ERR_IO). Called once, never from within channel_send; nothing is delivered afterwards. */
struct channel_ops {
	void (*frame)(void *arg, const struct frame *f);
	void (*lost)(void *arg, enum err err);
};

/* Takes fd, which must be a stream socket, and makes it non-blocking and close-on-exec. NULL when memory is
 * out: then fd is still the caller's. ops is borrowed for the channel's life. */
struct channel *channel_new(struct event_base *base, int fd, const struct channel_ops *ops, void *arg);
/* Closes the socket. Takes NULL. */
void channel_free(struct channel *c);

/* Queues one frame; payload may be NULL. ERR_TOO_BIG: the frame exceeds FRAME_MAX or the queue is full
 * (CHANNEL_QUEUE_MAX): then nothing was queued and the channel goes on. Otherwise payload's own error,
 * ERR_NOMEM, or ERR_CLOSED after lost. */
MUST_USE enum err channel_send(struct channel *c, uint16_t type, uint32_t id, const struct buf *payload);
/* True when everything queued has been handed to the kernel. */
bool channel_is_drained(const struct channel *c);

#endif
