/* Looking one candidate up in the table. Between the scanner (scan.c and its kin) and rows.c; others use addr.h. */
#ifndef PARSE_ADDR_ROWS_H
#define PARSE_ADDR_ROWS_H

#include "parse/addr/row.h"

/* What stands around a candidate: from .. to in len bytes of text. joined: white space was taken out of it. */
struct addr_place { const uint8_t *text; size_t len, from, to; bool joined; };

/* Which row has the n characters at s as an address? Before s, in the same array, stand lead_n characters ("nano_"), of which the address
 * takes *lead_used. NULL when none has. Punctuation can't be among the n. */
const struct addr_row *rows_find(const char *s, size_t n, size_t lead_n, const struct addr_place *at, size_t *lead_used);

/* The same for rows that may have punctuation inside. */
const struct addr_row *rows_find_inside(const char *s, size_t n, const struct addr_place *at);

/* Can any address put together of pieces begin with c and have n characters? */
bool rows_may_join(char c, size_t n);

/* Longest lead that a row has. */
#define ADDR_LEAD_MAX 32

#endif
