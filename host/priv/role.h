/* Main's handle on one inner program (secondexit-net, -parse, -fetch): starts it over a socketpair, sends
 * frames, hands back frames, notices its death, starts it anew. Used by the *link modules, which know the
 * messages; a role knows bytes only.
 *
 * The program is looked for in the folder of /proc/self/exe, then in LIBEXECDIR. It gets the socket as fd 3,
 * /dev/null as standard input and output, our standard error, and no other descriptor: the browser's pipes
 * are never inherited. It ends when fd 3 ends, so it never survives main, not even main's SIGKILL. */
#ifndef PRIV_ROLE_H
#define PRIV_ROLE_H

#include <stdbool.h>
#include "priv/frame.h"
#include <sys/types.h>

struct event_base;
struct role;

/* frame: as in channel.h. died: the program ended, crashed or broke the framing; whatever was asked of it is
 * lost; err is ERR_ROLE_DIED. Called once per death, never from within role_send or role_start. Both may call
 * role_send; neither may free the role. */
struct role_ops {
	void (*frame)(void *arg, const struct frame *f);
	void (*died)(void *arg, enum err err);
};

/* program: file name, e.g. "secondexit-net". config: payload of the first frame of every start, of type
 * config_type and id 0; copied. is_kept: start it again by itself after a death (else at the next role_send).
 * Starts nothing yet. NULL when memory is out. ops is borrowed for the role's life. */
struct role *role_new(struct event_base *base, const char *program, uint16_t config_type,
                      const struct buf *config, bool is_kept, const struct role_ops *ops, void *arg);
/* Ends the program: closes the socket, gives it ROLE_END_MS to clean up, then kills it. Takes NULL. No callbacks. */
void role_free(struct role *r);

/* Starts the program if it does not run. ERR_IO: not found or not startable. ERR_ROLE_DIED: it died
 * moments ago and is not started again yet: 200 ms after its first early death, doubling to 10 s; one that
 * lived for 5 s is started again at once. */
MUST_USE enum err role_start(struct role *r);
/* Starts the program if needed (errors as role_start) and queues a frame (errors as channel_send). */
MUST_USE enum err role_send(struct role *r, uint16_t type, uint32_t id, const struct buf *payload);
/* The same with a descriptor that goes with the frame; takes fd in any case (channel.h). */
MUST_USE enum err role_send_fd(struct role *r, uint16_t type, uint32_t id, const struct buf *payload, int fd);
/* In the frame callback: the descriptor that came with this frame, or -1. One that is not taken is closed, and the program
 * counts as one that broke the framing. */
MUST_USE int role_take_fd(struct role *r);
/* Ends the program at once with SIGKILL, without a callback: it is silent or talks nonsense. The next start follows
 * the rules of role_start. */
void role_kill(struct role *r);
/* Process id while it runs, else 0. For tests and the doctor verb. */
pid_t role_pid(const struct role *r);

/* Writes the path of an inner program: beside this one, or where the system keeps such. False when neither place has it,
 * or it doesn't fit. */
MUST_USE bool role_find(const char *program, char *path, size_t cap);

#endif
