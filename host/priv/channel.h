/* One end of the socketpair between two roles: whole frames in by callback, frames out through a bounded
 * queue, on a libevent loop. Used by role.c (main's end) and inner.c (the role's end), by nobody else.
 *
 * A frame may carry one descriptor (SCM_RIGHTS): it is sent with the frame's first byte and arrives with that very
 * frame. A second one, or one that the receiver did not ask for, is closed and ends the channel. */
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
/* The same with a descriptor that goes with the frame. Takes fd in any case: it is closed here when it has been sent,
 * when the channel ends before, and on error. ERR_TOO_BIG also when CHANNEL_FDS_MAX descriptors are waiting. */
MUST_USE enum err channel_send_fd(struct channel *c, uint16_t type, uint32_t id, const struct buf *payload, int fd);
/* In the frame callback: the descriptor that came with this frame, close-on-exec, now the caller's; -1 when none came
 * or it was taken already. One that is not taken by the callback's end is closed, and lost is called with ERR_FORMAT. */
MUST_USE int channel_take_fd(struct channel *c);
/* Hands to the kernel what it takes now, without the loop: for a role that is in the middle of long work. */
void channel_flush(struct channel *c);
/* True when everything queued has been handed to the kernel. */
bool channel_is_drained(const struct channel *c);

#endif
