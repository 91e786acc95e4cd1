/* The daemon: the door for reports, commits in groups, the onion service, the verifier, the reviewers' page. Used by verb_run. */
#ifndef COLLECTOR_DAEMON_H
#define COLLECTOR_DAEMON_H

#include "base/err.h"
#include "collector/options.h"

struct daemon;

/* Opens everything. On failure *what names what could not be had (static or o's). Borrows o. */
MUST_USE enum err daemon_new(const struct options *o, struct daemon **out, const char **what);
/* Until SIGTERM or SIGINT. */
void daemon_run(struct daemon *d);
void daemon_free(struct daemon *d);

#endif
