/* Main's end of fetching (contract in fetchlink.h). Not there yet: every fetch is refused. */
#include "priv/fetchlink.h"

#include <stdlib.h>

struct fetchlink {
	struct event_base *base;
	struct netlink *net;
};

struct fetchlink *fetchlink_new(struct event_base *base, struct netlink *net)
{
	struct fetchlink *f = calloc(1, sizeof *f);

	if (f != NULL)
		*f = (struct fetchlink){ base, net };
	return f;
}

void fetchlink_free(struct fetchlink *f)
{
	free(f);
}

enum err fetchlink_get(struct fetchlink *f, const struct fetch_get *g, const struct fetch_ops *ops, void *arg,
                       uint32_t *id)
{
	(void)f;
	(void)g;
	(void)ops;
	(void)arg;
	(void)id;
	return ERR_BUG;
}

void fetchlink_cancel(struct fetchlink *f, uint32_t id)
{
	(void)f;
	(void)id;
}

void fetchlink_pause(struct fetchlink *f, uint32_t id)
{
	(void)f;
	(void)id;
}

void fetchlink_resume(struct fetchlink *f, uint32_t id)
{
	(void)f;
	(void)id;
}

pid_t fetchlink_pid(const struct fetchlink *f)
{
	(void)f;
	return 0;
}
