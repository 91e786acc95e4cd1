/* What verified downloads ask of the world, as a table; the same promises as checkops.h. feature/backend.c fills it with the roles and the
 * event loop; tests fill it with a script and a fake clock. Files are not in it: they are real ones in tests too. */
#ifndef FEATURE_DOWNLOADOPS_H
#define FEATURE_DOWNLOADOPS_H

#include "priv/fetchlink.h"
#include "priv/filelink.h"
#include "priv/netlink.h"

struct downloads;

struct download_ops {
	void *arg;
	/* downloads_new gives itself, downloads_free gives NULL: whom to tick and to wipe at NEWNYM. May be NULL. */
	void (*attach)(void *arg, struct downloads *d);

	enum err (*first)(void *arg, const struct net_first *m, netlink_first_cb *done, void *ctx, uint32_t *id);
	enum err (*draw)(void *arg, const struct net_draw *m, netlink_draw_cb *done, void *ctx, uint32_t *id);
	void (*cancel_net)(void *arg, uint32_t id);
	enum err (*fetch)(void *arg, const struct fetch_get *g, const struct fetch_ops *ops, void *ctx, uint32_t *id);
	void (*cancel_fetch)(void *arg, uint32_t id);
	void (*pause_fetch)(void *arg, uint32_t id);
	void (*resume_fetch)(void *arg, uint32_t id);

	/* All take fd. */
	enum err (*classify)(void *arg, const struct file_ask *m, int fd, filelink_classed *done, void *ctx, uint32_t *id);
	enum err (*commit)(void *arg, int fd, filelink_committed *done, void *ctx, uint32_t *id);
	enum err (*sums)(void *arg, int fd, filelink_summed *done, void *ctx, uint32_t *id);
	void (*cancel_file)(void *arg, uint32_t id);

	uint64_t (*now)(void *arg);                /* monotonic milliseconds */
	void (*wake)(void *arg, uint64_t at);      /* downloads_tick at this time; UINT64_MAX: no need */
};

/* The world's side of it. */
void downloads_tick(struct downloads *d);

#endif
