/* A verb's loop and its two inner programs, from the shared options. */
#ifndef CLI_LINKS_H
#define CLI_LINKS_H

#include "cli/cli.h"

struct backend;
struct event_base;
struct netlink;
struct parselink;

struct links {
	struct event_base *base;
	struct backend *backend;
	struct netlink *net;       /* the backend's */
	struct parselink *parse;   /* the backend's */
};

/* Starts nothing yet. ERR_NOMEM. On OK end with links_close. */
MUST_USE enum err links_open(const struct cli_options *options, struct links *out);
/* Ends both programs, which clean up after themselves. */
void links_close(struct links *l);
/* Runs the loop until links_stop or ms have passed; false for the latter. ms 0: without end. */
bool links_run(struct links *l, unsigned ms);
void links_stop(struct links *l);

#endif
