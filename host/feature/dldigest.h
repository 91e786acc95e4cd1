/* What an answer's header lines say of the whole file: digests that can prove it, its validators, its place in the whole. Pure; the lines
 * come from strangers. */
#ifndef FEATURE_DLDIGEST_H
#define FEATURE_DLDIGEST_H

#include "base/limits.h"
#include "base/rd.h"
#include "priv/filemsg.h"
#include <stdbool.h>
#include <stdint.h>

/* Sums that prove nothing when they fit, and tell when they do not. */
enum dl_sum { DL_SUM_MD5, DL_SUM_SHA1, DL_SUM_CRC32, DL_SUM_CRC32C, DL_SUM_CRC64, DL_SUMS };
#define DL_SUM_BYTES 20

struct dl_digests {
	bool has_256, has_512;
	bool has_weak;           /* others that prove nothing: sums, digests of a part, composite ones, unknown kinds */
	bool is_contradicted;    /* two of one kind that differ: none is used */
	uint8_t sha256[32], sha512[64];
	bool has_sum[DL_SUMS];   /* of the whole file; never when two of one kind differ, or one is malformed */
	uint8_t sum[DL_SUMS][DL_SUM_BYTES];
};
/* Repr-Digest (RFC 9530 section 3), Digest (RFC 3230), x-amz-checksum-sha256 that is not composite; and sums from these, x-amz-checksum-*, x-goog-hash,
 * Content-MD5 (RFC 1864). Only of an answer that is the whole file: status 200, no Content-Encoding; what else there is, is weak. A composite value can't be
 * computed from the file (it depends on how it was uploaded), so it says nothing. */
void dl_digests_read(struct rd lines, unsigned status, struct dl_digests *out);

/* Some sum of a whole file is there. */
bool dl_digests_have_sums(const struct dl_digests *d);
/* One of them at least is not sums'. */
bool dl_sums_differ(const struct dl_digests *d, const struct file_sums_r *sums);

/* "bytes 0-99/1000" (RFC 9110 section 14.4): false for anything else, an unknown total, or one that contradicts itself. */
bool dl_content_range_read(const char *value, uint64_t *from, uint64_t *to, uint64_t *total);
/* The boundary of "multipart/byteranges; boundary=…", at most 70 bytes (RFC 2046 section 5.1.1); false when it is not that. */
bool dl_boundary_read(const char *content_type, char out[71]);

#endif
