/* Finds currency addresses in text. What an address looks like stands in shared/currencies.json, which becomes the table
 * of rows (row.h); here is only the search. Used by the parse role and by its tests. */
#ifndef PARSE_ADDR_ADDR_H
#define PARSE_ADDR_ADDR_H

#include "base/limits.h"
#include "parse/addr/row.h"
#include <stddef.h>
#include <stdint.h>

struct addr_hit {
	const struct addr_row *row;
	/* Bytes of the input, from the address's first character to its last: no URI scheme before it, no query behind. A prefix
	 * that belongs to the address (nano_, bitcoincash:, addr_test1) is part of it. */
	size_t offset, length;
	/* Something was taken out or folded: white space, hidden characters, look-alike letters. */
	bool normalised;
	/* The address as wallets write it: nothing hidden in it, in lower case where case carries nothing. */
	char text[ADDR_TEXT_MAX];
};

struct addr_hits {
	size_t n;
	/* There are more addresses than these. */
	bool more;
	struct addr_hit hit[ADDR_HITS_MAX];
};

/* Finds the addresses in len bytes of text, in the order in which they stand there, none overlapping another. Any bytes
 * will do; what is UTF-8 is read as such. Time is linear in len whatever the text, memory does not depend on it. */
void addr_scan(const uint8_t *text, size_t len, struct addr_hits *out);

/* Which row has the n characters at s as an address, all of them, or NULL. s is ASCII, nothing is hidden in it. */
const struct addr_row *addr_row_of(const char *s, size_t n);

/* The whole table, in its order. */
extern const struct addr_row addr_rows[];
extern const size_t addr_rows_n;

#endif
