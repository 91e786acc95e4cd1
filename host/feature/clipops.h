/* What the features of copied addresses ask of the world, as a table; the same promises as checkops.h. feature/backend.c
 * fills it with the roles and the event loop; tests fill it with a script and a fake clock. */
#ifndef FEATURE_CLIPOPS_H
#define FEATURE_CLIPOPS_H

#include "priv/fetchlink.h"
#include "priv/netlink.h"
#include "priv/parselink.h"

struct clip;

struct clip_ops {
	void *arg;
	/* clip_new gives itself, clip_free gives NULL: whom to tick and to wipe at NEWNYM. May be NULL. */
	void (*attach)(void *arg, struct clip *c);

	enum err (*scan)(void *arg, const struct parse_scan *m, const uint8_t *const *text, parselink_scanned *done, void *ctx,
	                 uint32_t *id);
	void (*cancel_scan)(void *arg, uint32_t id);
	/* Pages go to a parse role of their own: what an exit sent must not keep copies or certificates waiting. */
	enum err (*place)(void *arg, const struct parse_place *m, const uint8_t *body, parselink_placed *done, void *ctx,
	                  uint32_t *id);
	void (*cancel_place)(void *arg, uint32_t id);
	/* No page is expected for now: that role may end. */
	void (*rest)(void *arg);

	enum err (*first)(void *arg, const struct net_first *m, netlink_first_cb *done, void *ctx, uint32_t *id);
	enum err (*draw)(void *arg, const struct net_draw *m, netlink_draw_cb *done, void *ctx, uint32_t *id);
	void (*cancel_net)(void *arg, uint32_t id);
	enum err (*fetch)(void *arg, const struct fetch_get *g, const struct fetch_ops *ops, void *ctx, uint32_t *id);
	void (*cancel_fetch)(void *arg, uint32_t id);

	uint64_t (*now)(void *arg);                /* monotonic milliseconds */
	void (*wake)(void *arg, uint64_t at);      /* clip_tick at this time; UINT64_MAX: no need */
};

/* The world's side of it. */
void clip_tick(struct clip *c);

#endif
