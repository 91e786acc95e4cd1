/* Parts of a file that are compared in place of the whole: which ones, what they prove, and how a site sends several at once. The random ones by
 * libsodium; the rest is pure. */
#ifndef FEATURE_DLRANGES_H
#define FEATURE_DLRANGES_H

#include "base/err.h"
#include "base/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dl_range { uint64_t offset, length; };

struct dl_plan {
	size_t n;
	uint64_t bytes;
	struct dl_range range[DL_RANGES_MAX];    /* in order, disjoint, never adjacent */
};

/* n ranges of a committing part, joined where they touch. False: more than fit, or outside of size. */
bool dl_plan_given(struct dl_plan *p, uint64_t size, const struct dl_range *given, size_t n);
/* The given ranges, the first and the last block, and random blocks until budget bytes, or all of it is planned. Returns how many blocks of the file's were
 * drawn at random (0: it is not possible). size > 0. */
size_t dl_plan_random(struct dl_plan *p, uint64_t size, const struct dl_range *given, size_t n, uint64_t budget);
/* How probably drawn random blocks of a file of size bytes miss a change of one block, of 64 KiB in one piece (every block of it changed), of 1% of
 * all blocks; blocks are drawn without putting back. */
void dl_missed(uint64_t size, size_t drawn, double *block, double *kib64, double *percent);

/* The body of a multipart/byteranges answer (RFC 9110 section 14.6): exactly the parts asked for, in their order. */
struct dl_parts {
	char boundary[71];
	const struct dl_range *want;
	size_t n, next;                          /* wanted; the next part's */
	uint64_t total;
	unsigned state;
	char line[512];
	size_t len;
	uint64_t at, left;
	bool has_range, has_crlf, has_lf;        /* how its lines end: all in one way, so that a part that is too short is seen */
};
/* Borrows want. total: of the whole file. */
void dl_parts_begin(struct dl_parts *p, const char *boundary, const struct dl_range *want, size_t n, uint64_t total);
/* The next bytes of the body, however they are split; bytes of parts go to part. ERR_DL_RANGES: other parts, or no multipart. */
MUST_USE enum err dl_parts_take(struct dl_parts *p, const uint8_t *bytes, size_t n,
                                void (*part)(void *arg, uint64_t offset, const uint8_t *bytes, size_t n), void *arg);
/* All parts and the last boundary were there. */
bool dl_parts_are_whole(const struct dl_parts *p);

#endif
