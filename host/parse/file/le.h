/* Little-endian numbers off a cursor: the byte order of PE, OLE and zip files. */
#ifndef PARSE_FILE_LE_H
#define PARSE_FILE_LE_H

#include "base/rd.h"

static inline uint64_t le_take(struct rd *r, size_t n)
{
	struct rd part = rd_take(r, n);
	uint64_t v = 0;

	for (size_t i = part.left; i > 0; i--)
		v = v << 8 | part.at[i - 1];
	return v;
}
static inline uint16_t le_u16(struct rd *r) { return (uint16_t)le_take(r, 2); }
static inline uint32_t le_u32(struct rd *r) { return (uint32_t)le_take(r, 4); }
static inline uint64_t le_u64(struct rd *r) { return le_take(r, 8); }
/* At an offset of a whole; 0 outside of it. */
static inline uint64_t le_at(struct rd r, size_t offset, size_t n)
{
	(void)rd_take(&r, offset);
	return le_take(&r, n);
}

#endif
