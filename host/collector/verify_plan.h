/* Which trials a finding gets, and when: no I/O but the store's. Used by verify; tests drive it with a clock of their own. */
#ifndef COLLECTOR_VERIFY_PLAN_H
#define COLLECTOR_VERIFY_PLAN_H

#include "collector/list.h"
#include "collector/store.h"

struct verify_terms {
	const struct list *chosen;
	unsigned trials;           /* at the reported host, and as many at chosen ones */
	int64_t spread;            /* seconds */
};

/* Plans for findings that have no plan yet, and draws again what is due later than any plan could have said: then the clock was set back. */
MUST_USE enum err verify_plan(struct store *s, const struct verify_terms *terms, int64_t now);

#endif
