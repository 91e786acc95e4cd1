/* The fetch role: speaks HTTP over connections that main hands it (priv/fetchmsg.h). Foreign bytes are read here,
 * where no network, no file and no secret is. One per process; used by fetch_main.c and its tests. */
#ifndef FETCH_FETCHD_H
#define FETCH_FETCHD_H

#include "priv/inner.h"

struct event_base;
struct fetchd;

/* After transfer_init. NULL: out of memory. */
struct fetchd *fetchd_new(struct event_base *base);
/* Takes NULL. */
void fetchd_free(struct fetchd *d);
/* The loop's end to main; before anything runs. */
void fetchd_attach(struct fetchd *d, struct inner *inner);
/* For inner_new; arg is the struct fetchd. */
extern const struct inner_ops fetchd_inner_ops;

#endif
