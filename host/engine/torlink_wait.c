/* Those who wait for torlink_fresh or torlink_countries: told from the loop, never from inside the call that asked. */
#include "engine/torlink_in.h"
#include <stdlib.h>

enum err torlink_add_waiter(struct torlink *l, torlink_fn *done, void *arg, bool is_ready, enum err err, struct waiter **out)
{
	struct waiter *w = calloc(1, sizeof *w), **at = &l->waiters;

	if (w == NULL)
		return ERR_NOMEM;
	*w = (struct waiter){ .done = done, .arg = arg, .is_ready = is_ready, .err = err };
	while (*at != NULL)
		at = &(*at)->next;
	*at = w;
	if (is_ready)
		torlink_wake(l);
	if (out != NULL)
		*out = w;
	return OK;
}

void torlink_wake(struct torlink *l)
{
	event_active(l->later, EV_TIMEOUT, 1);
}

/* One after another from the front, since a callback may add and end others. */
void torlink_tell_ready(struct torlink *l)
{
	struct waiter **at = &l->waiters;

	while (*at != NULL) {
		struct waiter w = **at;
		if (!w.is_ready) {
			at = &(*at)->next;
			continue;
		}
		free(*at);
		*at = w.next;
		if (w.done != NULL)
			w.done(w.arg, w.err);
		at = &l->waiters;
	}
}

void torlink_answer(struct torlink *l, struct waiter *w, enum err err)
{
	w->is_ready = true;
	w->err = err;
	torlink_wake(l);
}

void torlink_answer_all(struct torlink *l, enum err err)
{
	for (struct waiter *w = l->waiters; w != NULL; w = w->next)
		if (!w->is_ready && !w->is_asking)
			torlink_answer(l, w, err);
}
