/* The verifier: plans trials for new findings, spreads them over hours at random, runs the engine through the accused exit, keeps
 * every raw result, and sets the finding's state (collector/state.h). All of the plan stands in the store, so a collector that is killed goes on
 * where it was. Used by daemon. */
#ifndef COLLECTOR_VERIFY_H
#define COLLECTOR_VERIFY_H

#include "collector/intake.h"
#include "collector/options.h"
#include <event2/event.h>

struct verify;

/* Borrows everything; chosen and in may change between loop turns. Errors: ERR_USAGE (no engine found), ERR_NOMEM. */
MUST_USE enum err verify_new(struct event_base *base, const struct options *o, struct store *store, const struct list *chosen,
                             const struct intake *in, struct verify **out);
/* Engines under way are ended; their trials come again. Takes NULL. */
void verify_free(struct verify *v);

#endif
