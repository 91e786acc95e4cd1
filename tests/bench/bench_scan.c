// uses: host/parse/addr/*.c host/base/rd.c
// libs: -lcrypto -lsodium
/* How fast the detector reads: bench_scan FILE… prints for each file one JSON object: its name, bytes, hits, the best of several runs in
 * bytes per second of processor time. No time of it is a test. */
#include "parse/addr/addr.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A file is read so far; one copy has no more. */
#define FILE_MAX (64u * 1024 * 1024)
#define RUNS_MAX 50
#define SECONDS 1.0

static struct addr_hits hits;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	uint8_t *bytes = malloc(FILE_MAX);

	if (bytes == NULL || argc < 2)
		return 2;
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		size_t n = f ? fread(bytes, 1, FILE_MAX, f) : 0;
		double best = 1e9, began = now();

		if (f == NULL || n == 0) {
			fprintf(stderr, "bench_scan: %s: nothing to read\n", argv[i]);
			return 2;
		}
		fclose(f);
		for (int run = 0; run < RUNS_MAX && now() - began < SECONDS; run++) {
			double at = now(), took;

			addr_scan(bytes, n, &hits);
			took = now() - at;
			if (took < best)
				best = took;
		}
		printf("{\"file\":\"%s\",\"bytes\":%zu,\"hits\":%zu,\"bytes_per_second\":%.0f}\n", argv[i], n, hits.n, (double)n / best);
	}
	free(bytes);
	return 0;
}
