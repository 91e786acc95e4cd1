/* F4Jumble, the unkeyed 4-round Feistel construction that hides which parts of a Zcash unified address belong together
 * (ZIP 316, section "Jumbling"), undone. Used by check_zcash.c. */
#ifndef PARSE_ADDR_F4JUMBLE_H
#define PARSE_ADDR_F4JUMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Undoes the jumbling of n bytes in place; false, and nothing changed, when n is below 48 (ZIP 316's least) or above
 * 64 * 256, far beyond what an address holds. */
bool f4jumble_inverse(uint8_t *bytes, size_t n);

#endif
