/* What an answer's header lines say of the whole file: digests that can prove it, its validators, its place in the whole. Pure; the lines
 * come from strangers. */
#ifndef FEATURE_DLDIGEST_H
#define FEATURE_DLDIGEST_H

#include "base/limits.h"
#include "base/rd.h"
#include <stdbool.h>
#include <stdint.h>

struct dl_digests {
	bool has_256, has_512;
	bool has_weak;           /* others that prove nothing: CRCs, MD5, SHA-1, of a part, composite */
	bool is_contradicted;    /* two of one kind that differ: none is used */
	uint8_t sha256[32], sha512[64];
};
/* Repr-Digest (RFC 9530 section 3), Digest (RFC 3230), x-amz-checksum-sha256 that is not composite. Only of an answer that is the whole file: status
 * 200, no Content-Encoding; what else there is, is weak. */
void dl_digests_read(struct rd lines, unsigned status, struct dl_digests *out);

/* "bytes 0-99/1000" (RFC 9110 section 14.4): false for anything else, an unknown total, or one that contradicts itself. */
bool dl_content_range_read(const char *value, uint64_t *from, uint64_t *to, uint64_t *total);
/* The boundary of "multipart/byteranges; boundary=…", at most 70 bytes (RFC 2046 section 5.1.1); false when it is not that. */
bool dl_boundary_read(const char *content_type, char out[71]);

#endif
