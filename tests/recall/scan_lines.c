// uses: host/parse/addr/*.c host/base/rd.c
// libs: -lsodium -lcrypto
/* The detector as a filter, for tests/recall, tests/quiet and the bench: texts in, hits out, one process for millions of texts.
 * stdin: frames, a 32-bit little-endian length and that many bytes. stdout, for each frame: a line "= HITS" (with "+" after it when
 * there were more), then a line for each hit, tab-separated: number of the row in shared/currencies.json, offset, length, 1 when
 * normalised, text. `scan_lines --time MS`: instead of hits, "nanoseconds hits" of the fastest of the scans that MS allow. */
#include "parse/addr/addr.h"
#include "parse/addr/row.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Largest frame: one copied text (8 MiB) and room. */
#define TEXT_MAX (64u * 1024 * 1024)

static struct addr_hits hits;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void put_hits(void)
{
	printf("= %zu%s\n", hits.n, hits.more ? "+" : "");
	for (size_t i = 0; i < hits.n; i++) {
		const struct addr_hit *h = &hits.hit[i];

		printf("%td\t%zu\t%zu\t%d\t%s\n", h->row - addr_rows, h->offset, h->length, h->normalised, h->text);
	}
}

static void put_time(const uint8_t *text, size_t n, uint64_t limit)
{
	uint64_t best = UINT64_MAX, began = now_ns();

	do {
		uint64_t at = now_ns(), took;

		addr_scan(text, n, &hits);
		took = now_ns() - at;
		if (took < best)
			best = took;
	} while (now_ns() - began < limit);
	printf("%llu %zu\n", (unsigned long long)best, hits.n);
}

int main(int argc, char **argv)
{
	static char out[1 << 16];
	uint8_t head[4];
	uint64_t limit = argc == 3 && strcmp(argv[1], "--time") == 0 ? strtoull(argv[2], NULL, 10) * 1000000u : 0;

	setvbuf(stdout, out, _IOFBF, sizeof out);
	while (fread(head, 1, 4, stdin) == 4) {
		size_t n = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
		/* Exactly as large as the text, so that a sanitizer sees a byte read too far. */
		uint8_t *text = n <= TEXT_MAX ? malloc(n ? n : 1) : NULL;

		if (text == NULL || fread(text, 1, n, stdin) != n) {
			fprintf(stderr, "scan_lines: a frame of %zu bytes: too large, or cut short\n", n);
			free(text);
			return 2;
		}
		if (limit) {
			put_time(text, n, limit);
		} else {
			addr_scan(text, n, &hits);
			put_hits();
		}
		free(text);
	}
	return 0;
}
