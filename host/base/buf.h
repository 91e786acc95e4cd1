/* Growing byte buffer that is born with a cap. Once an append fails (cap or memory) it stays
 * failed and further appends do nothing; the caller checks buf_err once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *bytes;  /* owned; never NUL-terminated by itself */
	size_t len, room, cap;
	enum err err;
};

struct buf buf_new(size_t cap);   /* allocates nothing yet */
void buf_free(struct buf *b);     /* wipes and frees; b may be used again with the same cap */
void buf_put(struct buf *b, const void *bytes, size_t n);
void buf_u8(struct buf *b, uint8_t v);
void buf_u16(struct buf *b, uint16_t v);   /* big-endian, as all of them */
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
void buf_str(struct buf *b, const char *s);              /* u16 length + bytes; ERR_TOO_BIG over 65535 */
void buf_blob(struct buf *b, const void *bytes, size_t n); /* u32 length + bytes */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_drop(struct buf *b, size_t n);   /* forget the first n bytes */
MUST_USE enum err buf_err(const struct buf *b);

#define BUF_AUTO __attribute__((cleanup(buf_free)))

#endif
