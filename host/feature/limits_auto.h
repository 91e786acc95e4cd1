/* How many checks a browser may start by itself (DESIGN.md, "When a check starts": any page can send tabs to bad
 * certificates). Beside it, once per host and first party: session.h. Pure: the clock is passed in. */
#ifndef FEATURE_LIMITS_AUTO_H
#define FEATURE_LIMITS_AUTO_H

#include "base/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits_auto { uint64_t at[AUTO_CHECKS_MAX]; size_t n; };

/* True, and counted, when fewer than AUTO_CHECKS_MAX were counted in the AUTO_CHECKS_WINDOW_MS before now. */
bool limits_auto_take(struct limits_auto *l, uint64_t now);

#endif
