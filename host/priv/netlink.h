/* Main's end of the net role: starts it when it is first needed, sends requests, hands back the answers.
 * Asynchronous, on the program's one event loop; used by feature/certcheck, by the message routes and by the
 * shell verbs.
 *
 * A role that dies or answers nonsense ends every pending request with ERR_ROLE_DIED and is started anew, by itself
 * when it died and by the next request in any case. So is one that stays silent: a look is given its own deadline
 * and LINK_WAIT_MS, anything else NETLINK_ANSWER_MS; the request that waited in vain ends with ERR_TIMEOUT. */
#ifndef PRIV_NETLINK_H
#define PRIV_NETLINK_H

#include "priv/netmsg.h"

struct event_base;
struct netlink;

/* Unasked news; any may be NULL. They may start and cancel requests; they must not free the link. */
struct netlink_news {
	/* tor came or went; also called with {0, ERR_ROLE_DIED} when the role died. */
	void (*state)(void *arg, const struct net_state *s);
	/* SIGNAL NEWNYM was seen: New Identity; everything remembered is to be wiped. */
	void (*newnym)(void *arg);
};

/* Copies config and news; starts nothing yet. NULL when memory is out. */
struct netlink *netlink_new(struct event_base *base, const struct net_config *config,
                            const struct netlink_news *news, void *arg);
/* Ends the role (which then removes its mappings from tor and exits by itself); pending requests are dropped and
 * their callbacks NOT called. Takes NULL. */
void netlink_free(struct netlink *n);
/* Starts the role ahead of the first request, so that it is connected and sees the browser's streams from then
 * on (FACTS: a stream's host name is known only while it is being attached). Errors: ERR_IO, ERR_NOMEM,
 * ERR_ROLE_DIED. */
MUST_USE enum err netlink_start(struct netlink *n);

/* Each is called exactly once for its request unless it was cancelled, and never from within the call that made the
 * request; r is NULL unless err is OK and lives as long as the call. A callback may start and cancel requests; it
 * must not free n. err: what the role answered (tor absent, lost, ...), ERR_ROLE_DIED, ERR_TIMEOUT. */
typedef void netlink_first_cb(void *arg, enum err err, const struct net_first_r *r);
typedef void netlink_draw_cb(void *arg, enum err err, const struct net_draw_r *r);
typedef void netlink_close_cb(void *arg, enum err err, const struct net_close_r *r);
typedef void netlink_status_cb(void *arg, enum err err, const struct net_status *r);
/* r->err is the look's own outcome; err is OK whenever the role answered at all. Certificates are there when
 * r->err is OK and may be there otherwise; they live as long as the call. */
typedef void netlink_look_cb(void *arg, enum err err, const struct net_look_r *r);
/* The same for netlink_open. fd: the open stream, close-on-exec, the callee's from now on; -1 unless err and r->err
 * are OK. */
typedef void netlink_open_cb(void *arg, enum err err, const struct net_open_r *r, int fd);
/* Any number of times before the look's end; NULL is allowed for it. */
typedef void netlink_step_cb(void *arg, const struct net_step_r *r);
/* Once for each exit, then once with r NULL: the end, err says whether the list is whole. */
typedef void netlink_exits_cb(void *arg, enum err err, const struct relay_info *r);

/* The requests. Each copies m and starts the role when it is not running. *id (may be NULL) names the request for
 * netlink_cancel; never 0. Errors: ERR_NOMEM, ERR_IO (the role can't be started), ERR_ROLE_DIED (it died moments ago
 * and is not started again yet), ERR_TOO_BIG (the role does not read what it is sent): then no callback comes. */
MUST_USE enum err netlink_first(struct netlink *n, const struct net_first *m, netlink_first_cb *done, void *arg,
                                uint32_t *id);
MUST_USE enum err netlink_draw(struct netlink *n, const struct net_draw *m, netlink_draw_cb *done, void *arg,
                               uint32_t *id);
MUST_USE enum err netlink_look(struct netlink *n, const struct net_look *m, netlink_step_cb *step,
                               netlink_look_cb *done, void *arg, uint32_t *id);
MUST_USE enum err netlink_open(struct netlink *n, const struct net_look *m, netlink_step_cb *step,
                               netlink_open_cb *done, void *arg, uint32_t *id);
MUST_USE enum err netlink_close(struct netlink *n, const struct net_first *m, netlink_close_cb *done, void *arg,
                                uint32_t *id);
MUST_USE enum err netlink_exits(struct netlink *n, const struct net_exits *m, netlink_exits_cb *done, void *arg,
                                uint32_t *id);
MUST_USE enum err netlink_status(struct netlink *n, netlink_status_cb *done, void *arg, uint32_t *id);

/* Says that exits will be drawn in a moment. No answer; a role that can't be told goes without. */
void netlink_warm(struct netlink *n, const struct net_warm *m);

/* Forgets a request: its callbacks are not called any more; a look and an opening are also ended in the role, a
 * stream that comes all the same is closed. Unknown ids and 0 are
 * ignored. */
void netlink_cancel(struct netlink *n, uint32_t id);

#endif
