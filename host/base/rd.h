/* Bounded reader over borrowed bytes: the only way foreign bytes are taken apart.
 * One failed read empties the cursor and it stays bad, so a caller may check once at the end. */
#ifndef BASE_RD_H
#define BASE_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
	const uint8_t *at;
	size_t left;
	bool bad;
};

struct rd rd_of(const void *bytes, size_t n);
/* The next n bytes as a cursor of their own; bad when fewer are left. */
struct rd rd_take(struct rd *r, size_t n);
/* Big-endian numbers; 0 when bad. */
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u24(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
/* Copies n bytes to out; zero-fills when bad. */
void rd_copy(struct rd *r, void *out, size_t n);
/* u16 length + bytes, no NUL inside, into out[cap] with a final NUL; bad when it does not fit. */
void rd_str(struct rd *r, char *out, size_t cap);
/* u32 length + bytes as a cursor; bad when longer than max. */
struct rd rd_blob(struct rd *r, size_t max);
/* True when nothing failed and nothing is left. */
bool rd_done(const struct rd *r);

#endif
