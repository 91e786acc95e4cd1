// uses: host/parse/addr/*.c host/base/rd.c
// libs: -lcrypto -lsodium
/* addr_scan over any bytes, in memory of exactly that size: hits lie inside, in order, none over another; what is reported as canonical is
 * found again alone, by the same row; the same bytes between line ends are found in their place. */
#include "parse/addr/addr.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct addr_hits hits, again;

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz_addr: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	check(copy != NULL, "memory");
	memcpy(copy, bytes, n);
	addr_scan(copy, n, &hits);
	check(hits.n <= ADDR_HITS_MAX && (!hits.more || hits.n == ADDR_HITS_MAX), "count");
	size_t at = 0;
	for (size_t i = 0; i < hits.n; i++) {
		const struct addr_hit *h = &hits.hit[i];
		check(h->offset >= at && h->length > 0 && h->length <= n && h->offset <= n - h->length, "place");
		at = h->offset + h->length;
		size_t len = strnlen(h->text, sizeof h->text);
		check(len > 0 && len < sizeof h->text && len <= h->length, "text");
		check(h->row >= addr_rows && h->row < addr_rows + addr_rows_n, "row");
		check(h->normalised || len == h->length, "normalised");
		/* A row that wants words around finds nothing alone. */
		if (i < 4 && !h->row->context[0]) {
			addr_scan((const uint8_t *)h->text, len, &again);
			check(again.n == 1 && again.hit[0].offset == 0 && again.hit[0].length == len && !again.hit[0].normalised, "found again");
		}
	}
	free(copy);
	return 0;
}
