/* The reviewers' page: read-only, on loopback, no scripts. Used by daemon. */
#ifndef COLLECTOR_PAGE_H
#define COLLECTOR_PAGE_H

#include "collector/door.h"
#include "collector/store.h"

/* A door_fn; arg: the struct store. "/" the queue, "/relay/FP", "/finding/ID", "/style.css". */
void page_request(void *arg, struct door_conn *c, const struct http_in *in);

#endif
