/* The net role: the only one with sockets, and they lead to tor alone. Answers the requests of priv/netmsg.h by means of
 * torlink, circs, pathpick and look; decides nothing. One per process; used by net_main.c. */
#ifndef ENGINE_NETD_H
#define ENGINE_NETD_H

#include "priv/inner.h"

struct event_base;
struct netd;

/* NULL: out of memory. */
struct netd *netd_new(struct event_base *base);
/* Takes NULL. */
void netd_free(struct netd *d);
/* The loop's end to main; before anything runs. */
void netd_attach(struct netd *d, struct inner *inner);
/* For inner_new; arg is the struct netd. */
extern const struct inner_ops netd_inner_ops;

#endif
