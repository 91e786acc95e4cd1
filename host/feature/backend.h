/* The features' world in the running program: the net and parse roles and the event loop behind the table of
 * checkops.h. Made once by main.c and by the shell verbs that check. */
#ifndef FEATURE_BACKEND_H
#define FEATURE_BACKEND_H

#include "feature/checkops.h"
#include "feature/clipops.h"
#include "feature/downloadops.h"
#include "feature/reportops.h"

struct event_base;
struct backend;

/* Owns the links to both roles; starts none of them yet. NULL when memory is out. */
struct backend *backend_new(struct event_base *base, const struct net_config *net, const struct parse_config *parse);
/* After the certcheck that uses it. Ends the roles. Takes NULL. */
void backend_free(struct backend *b);
/* Starts the net role ahead of the first check, so that it sees the browser's streams from the first one on; the parse
 * role waits for its first use. */
MUST_USE enum err backend_start(struct backend *b);
/* For certcheck_new (messages_new); lives as long as the backend. News go to the certcheck that attaches. */
const struct check_ops *backend_ops(struct backend *b);
/* For clip_new, likewise. */
const struct clip_ops *backend_clip_ops(struct backend *b);
const struct download_ops *backend_download_ops(struct backend *b);
const struct report_ops *backend_report_ops(struct backend *b);
struct netlink *backend_net(struct backend *b);
struct parselink *backend_parse(struct backend *b);

#endif
