/* How many checks a browser may start by itself (DESIGN.md, "When a check starts": any page can send tabs to bad
 * certificates, or start downloads). Beside it, for certificates, once per host and first party: session.h. Pure: the clock is passed in. */
#ifndef FEATURE_LIMITS_AUTO_H
#define FEATURE_LIMITS_AUTO_H

#include "base/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits_auto { uint64_t at[AUTO_STARTS_MAX]; size_t n; };

/* True, and counted, when fewer than max were counted in the AUTO_CHECKS_WINDOW_MS before now. max: AUTO_STARTS_MAX at most. */
bool limits_auto_take(struct limits_auto *l, uint64_t now, size_t max);

#endif
