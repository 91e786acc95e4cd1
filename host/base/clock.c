/* The monotonic clock (contract in base/clock.h). */
#include "base/clock.h"
#include <time.h>

uint64_t clock_ms(void)
{
	struct timespec now;

	/* Can't fail for CLOCK_MONOTONIC with a valid pointer. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
