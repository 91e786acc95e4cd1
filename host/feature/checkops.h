/* What the certificate check asks of the world, as a table, and how the world calls back. feature/backend.c fills it
 * with the net and parse roles and the event loop; tests fill it with a script and a fake clock. */
#ifndef FEATURE_CHECKOPS_H
#define FEATURE_CHECKOPS_H

#include "priv/fetchlink.h"
#include "priv/netlink.h"
#include "priv/parselink.h"

struct certcheck;

/* Requests, cancels and callbacks keep the promises of priv/netlink.h and priv/parselink.h: an error means that no
 * callback comes; else it comes once, never from within the request, and not after a cancel. */
struct check_ops {
	void *arg;
	/* certcheck_new gives itself, certcheck_free gives NULL: whom to tick and to tell news. May be NULL. */
	void (*attach)(void *arg, struct certcheck *c);

	enum err (*first)(void *arg, const struct net_first *m, netlink_first_cb *done, void *ctx, uint32_t *id);
	enum err (*draw)(void *arg, const struct net_draw *m, netlink_draw_cb *done, void *ctx, uint32_t *id);
	enum err (*look)(void *arg, const struct net_look *m, netlink_step_cb *step, netlink_look_cb *done, void *ctx,
	                 uint32_t *id);
	enum err (*close)(void *arg, const struct net_first *m, netlink_close_cb *done, void *ctx, uint32_t *id);
	enum err (*status)(void *arg, netlink_status_cb *done, void *ctx, uint32_t *id);
	void (*cancel_net)(void *arg, uint32_t id);
	void (*warm)(void *arg, const struct net_warm *m);   /* a hint, no callback */

	enum err (*judge)(void *arg, const struct parse_judge *m, parselink_judged *done, void *ctx, uint32_t *id);
	enum err (*roots)(void *arg, parselink_rooted *done, void *ctx, uint32_t *id);
	void (*cancel_parse)(void *arg, uint32_t id);

	uint64_t (*now)(void *arg);    /* monotonic milliseconds */
	uint64_t (*wall)(void *arg);   /* Unix seconds */
	/* Call certcheck_tick at this time (of now), or at once when it is past; UINT64_MAX: no need. The last call
	 * is the one that holds. Never ticks from within wake. */
	void (*wake)(void *arg, uint64_t at);

	enum err (*fetch)(void *arg, const struct fetch_get *g, const struct fetch_ops *ops, void *ctx, uint32_t *id);
	void (*cancel_fetch)(void *arg, uint32_t id);
};

/* The world's side of it. */
void certcheck_tick(struct certcheck *c);                                   /* time has come */
void certcheck_tor_state(struct certcheck *c, const struct net_state *s);   /* NET_R_STATE, or the role died */
void certcheck_newnym(struct certcheck *c);                                 /* New Identity: wipes, tells the sink */

#endif
