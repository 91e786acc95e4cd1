/* Looking one candidate up in the table. Between the scanner (scan.c and its kin) and rows.c; others use addr.h. */
#ifndef PARSE_ADDR_ROWS_H
#define PARSE_ADDR_ROWS_H

#include "parse/addr/row.h"

/* What stands around a candidate: from .. to in len bytes of text. joined: white space was taken out of it. */
struct addr_place { const uint8_t *text; size_t len, from, to; bool joined; };

/* A candidate: the n letters and digits at s. Before s, in the same array, stand lead_n characters ("nano_"), behind it tail_n (".onion"). */
struct addr_candidate { const char *s; size_t n, lead_n, tail_n; };

/* Which row has the candidate as an address, and how many characters before and behind it belong to it? NULL when none has. */
const struct addr_row *rows_find(const struct addr_candidate *c, const struct addr_place *at, size_t *before, size_t *behind);

/* What rows may have inside, beside letters and digits: for each set of such marks (a bit for each character, letters and digits with
 * them) the least and greatest length of its rows, and which of a list they are. */
struct addr_inside { uint64_t set[2]; uint16_t len_min, len_max, from, to; };
extern const struct addr_inside rows_inside[];
extern const size_t rows_inside_n;

/* The same for rows that may have this set's marks inside, and no others: at another set's marks s may be cut out of a longer word. s is the
 * whole. */
const struct addr_row *rows_find_inside(const char *s, size_t n, const struct addr_inside *inside, const struct addr_place *at);

/* Can any address that is put together of pieces begin with the known characters at s, one at least, and have n in all? */
bool rows_may_join(const char *s, size_t known, size_t n);

/* The longest prefix's punctuated part and the longest suffix of any row, with room. */
#define ADDR_LEAD_MAX 32
#define ADDR_TAIL_MAX 16

#endif
