/* One run of the program that looks through exits (`secondexit cert --json ...`): started, read up to a bound, ended at a deadline.
 * Used by verify. */
#ifndef COLLECTOR_ENGINE_RUN_H
#define COLLECTOR_ENGINE_RUN_H

#include "base/buf.h"
#include <event2/event.h>
#include <stdbool.h>

struct engine_run;

/* out: the last whole line that it printed, and what came behind that; borrowed for the call; ERR_TIMEOUT, ERR_TOO_BIG (what came until then is there), ERR_IO. It is gone after the call. */
typedef void engine_fn(void *arg, enum err err, const struct buf *out);

/* argv: NULL at the end; argv[0] is the program's path. No environment but PATH and HOME. */
MUST_USE enum err engine_start(struct event_base *base, char *const *argv, unsigned limit_ms, engine_fn *done, void *arg,
                               struct engine_run **out);
/* Ends it; done is not called. Takes NULL. */
void engine_cancel(struct engine_run *r);
/* Beside our own program, else where it is installed. False: nowhere. */
bool engine_find(char *path, size_t cap);

#endif
