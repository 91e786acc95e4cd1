/* The inner program's end of role.h: a libevent loop over fd 3. Used by net_main.c, parse_main.c and fetch_main.c.
 *
 *	struct inner *in = inner_new(base, &ops, arg);
 *	return in == NULL ? 2 : inner_run(in);
 */
#ifndef PRIV_INNER_H
#define PRIV_INNER_H

#include "priv/frame.h"

struct event_base;
struct inner;

/* frame: one frame from main; its payload lives as long as the call.
 * end: main is gone or wants us to end. Clean up (net: remove mappings), then call inner_done. The process ends
 * INNER_END_MS later in any case. NULL: nothing to clean up, end at once. */
struct inner_ops {
	void (*frame)(void *arg, const struct frame *f);
	void (*end)(void *arg);
};

/* Takes fd 3. NULL when it is no socket (somebody started the program by hand: a line on standard error says so)
 * or memory is out. Ignores SIGPIPE and SIGINT; SIGTERM and the parent's death do what the end of fd 3 does, and
 * end the process after a second even if its loop hangs. base and ops are borrowed. */
struct inner *inner_new(struct event_base *base, const struct inner_ops *ops, void *arg);
/* Runs the loop until main is gone and everything is cleaned up. Frees in. Returns the exit status. */
int inner_run(struct inner *in);
/* Queues a frame to main. When that can't be done (queue full, memory out, payload failed) the process
 * ends, because main must not wait for an answer that never comes; main sees ERR_ROLE_DIED. */
void inner_send(struct inner *in, uint16_t type, uint32_t id, const struct buf *payload);
/* The same with a descriptor that goes with the frame; takes fd in any case (channel.h). */
void inner_send_fd(struct inner *in, uint16_t type, uint32_t id, const struct buf *payload, int fd);
/* In the frame callback: the descriptor that came with this frame, or -1. One that is not taken is closed and ends the
 * program: main and we are of two minds. */
MUST_USE int inner_take_fd(struct inner *in);
/* Sends what is queued now, as far as main reads; the loop need not run. */
void inner_flush(struct inner *in);
/* Cleaning up is finished. */
void inner_done(struct inner *in);

#endif
