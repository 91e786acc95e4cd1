/* What reports ask of the world, as a table; the same promises as checkops.h. feature/backend.c fills it with the roles and the
 * event loop; tests fill it with a script and a fake clock. */
#ifndef FEATURE_REPORTOPS_H
#define FEATURE_REPORTOPS_H

#include "priv/fetchlink.h"
#include "priv/netlink.h"

struct reports;

struct report_ops {
	void *arg;
	/* reports_new gives itself, reports_free gives NULL: whom to tick. May be NULL. */
	void (*attach)(void *arg, struct reports *r);
	enum err (*status)(void *arg, netlink_status_cb *done, void *ctx, uint32_t *id);
	void (*cancel_net)(void *arg, uint32_t id);
	enum err (*fetch)(void *arg, const struct fetch_get *g, const struct fetch_ops *ops, void *ctx, uint32_t *id);
	void (*cancel_fetch)(void *arg, uint32_t id);
	uint32_t (*random)(void *arg, uint32_t below);   /* evenly; below > 0 */
	uint64_t (*now)(void *arg);                      /* monotonic milliseconds */
	uint64_t (*wall)(void *arg);                     /* Unix seconds */
	void (*wake)(void *arg, uint64_t at);            /* reports_tick at this time; UINT64_MAX: no need */
};

/* The world's side of it. */
void reports_tick(struct reports *r);

#endif
