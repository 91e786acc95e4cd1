/* How many reports are taken: from everybody in a minute, about one relay in an hour. Buckets that fill evenly; monotonic time, so a clock that
 * jumps changes nothing. Used by intake. */
#ifndef COLLECTOR_RATE_H
#define COLLECTOR_RATE_H

#include "base/err.h"
#include "base/limits.h"
#include <stddef.h>
#include <stdint.h>

struct rate;

/* 0: no limit. NULL: out of memory. */
struct rate *rate_new(unsigned per_minute, unsigned per_relay_hour);
void rate_free(struct rate *r);
/* May a report about these n relays be taken now? All of its buckets give, or none. ERR_REPORT_RATE, ERR_REPORT_RELAY_RATE. */
MUST_USE enum err rate_take(struct rate *r, uint64_t now_ms, const uint8_t (*fp)[FP_LEN], size_t n);

#endif
