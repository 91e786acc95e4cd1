/* See limits_auto.h. */
#include "feature/limits_auto.h"

bool limits_auto_take(struct limits_auto *l, uint64_t now, size_t max)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->n; i++)
		if (now - l->at[i] < AUTO_CHECKS_WINDOW_MS)
			l->at[kept++] = l->at[i];
	l->n = kept;
	if (l->n >= max)
		return false;
	l->at[l->n++] = now;
	return true;
}
