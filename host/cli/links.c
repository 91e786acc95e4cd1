/* Loop and inner programs of a verb (contract in cli/links.h). */
#include "cli/links.h"

#include "priv/netlink.h"
#include "priv/parselink.h"
#include <event2/event.h>
#include <signal.h>

void links_close(struct links *l)
{
	parselink_free(l->parse);
	netlink_free(l->net);
	if (l->base)
		event_base_free(l->base);
	*l = (struct links){ 0 };
}

enum err links_open(const struct cli_options *options, struct links *out)
{
	static const struct netlink_news no_news;
	struct links l = { .base = event_base_new() };
	/* A program that dies while it is written to must not take the verb with it. */
	signal(SIGPIPE, SIG_IGN);
	if (l.base) {
		l.net = netlink_new(l.base, &options->net, &no_news, NULL);
		l.parse = parselink_new(l.base, &options->parse);
	}
	if (!l.net || !l.parse) {
		links_close(&l);
		return ERR_NOMEM;
	}
	*out = l;
	return OK;
}

bool links_run(struct links *l, unsigned ms)
{
	const struct timeval limit = { ms / 1000, ms % 1000 * 1000 };
	if (ms)
		event_base_loopexit(l->base, &limit);
	event_base_dispatch(l->base);
	return event_base_got_break(l->base);
}

void links_stop(struct links *l)
{
	event_base_loopbreak(l->base);
}
