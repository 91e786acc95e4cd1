/* Monotonic milliseconds. Protocol engines take the time as an argument; only loops ask for it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include <stdint.h>
uint64_t clock_ms(void);
#endif
