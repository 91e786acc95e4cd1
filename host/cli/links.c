/* Loop and inner programs of a verb (contract in cli/links.h). */
#include "cli/links.h"

#include "feature/backend.h"
#include <event2/event.h>
#include <signal.h>
#include <sodium.h>

void links_close(struct links *l)
{
	backend_free(l->backend);
	if (l->base)
		event_base_free(l->base);
	*l = (struct links){ 0 };
}

enum err links_open(const struct cli_options *options, struct links *out)
{
	struct links l = { 0 };
	if (sodium_init() < 0)
		return ERR_BUG;
	/* A program that dies while it is written to must not take the verb with it. */
	signal(SIGPIPE, SIG_IGN);
	l.base = event_base_new();
	l.backend = l.base ? backend_new(l.base, &options->net, &options->parse) : NULL;
	if (!l.backend) {
		links_close(&l);
		return ERR_NOMEM;
	}
	l.net = backend_net(l.backend);
	l.parse = backend_parse(l.backend);
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
