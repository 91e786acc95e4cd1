/* Runs a fuzzer's entry over every file of its corpus, over every truncation of each, and over single-byte
 * changes, without a fuzzer: so `make check` guards what fuzzing once found. Corpus: tests/fuzz/corpus/X for fuzz_X. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* A larger corpus file is run whole, but not over all its truncations: the cost is quadratic. */
#define EXHAUSTIVE_MAX 4096

static size_t replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return 0;
	uint8_t *all = malloc(1 << 20);
	size_t n = all ? fread(all, 1, 1 << 20, f) : 0;
	fclose(f);
	LLVMFuzzerTestOneInput(all, n);
	size_t runs = 1;
	for (size_t i = 0; i < n && n <= EXHAUSTIVE_MAX; i++, runs += 2) {
		/* An exact-size copy, so that AddressSanitizer sees a read one past the end. */
		uint8_t *cut = malloc(i ? i : 1);
		if (!cut)
			abort();
		memcpy(cut, all, i);
		LLVMFuzzerTestOneInput(cut, i);
		free(cut);
		uint8_t kept = all[i];
		all[i] = (uint8_t)(kept ^ (1u << (i % 8)));
		LLVMFuzzerTestOneInput(all, n);
		all[i] = kept;
	}
	free(all);
	return runs;
}

int main(int argc, char **argv)
{
	(void)argc;
	const char *name = strrchr(argv[0], '/');
	name = name ? name + 1 : argv[0];
	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	char folder[512];
	snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", name);
	DIR *d = opendir(folder);
	if (!d) {
		fprintf(stderr, "%s: no corpus\n", folder);
		return 1;
	}
	size_t files = 0, runs = 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		char path[1024];
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		runs += replay(path);
		files++;
	}
	closedir(d);
	printf("[  PASSED  ] %zu test(s).\n%zu files\n", runs, files);
	return files ? 0 : 1;
}
