/* Local headers of zip files, foretold by the directory (contract in zip.h). */
#include "parse/file/zip.h"

#define HAS_DESCRIPTOR 8

static void put_le(struct buf *b, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_u8(b, (uint8_t)(v >> (8 * i)));
}

/* What lies between an entry's beginning and the next one's leaves room for the local extra field and a data descriptor. */
static bool foretell(const struct zip_entry *e, uint64_t next, size_t *extra, size_t *descriptor)
{
	uint64_t least = e->offset + 30 + e->name.left + e->packed;
	static const size_t tails[] = { 16, 12, 24 };

	if (next < least || next - least > 65535 + 24)
		return false;
	size_t slack = (size_t)(next - least);
	*descriptor = 0;
	*extra = slack;
	if (!(e->flags & HAS_DESCRIPTOR))
		return slack <= 65535;
	for (size_t k = 0; k < sizeof tails / sizeof *tails; k++)
		if (slack == tails[k] || slack == tails[k] + e->extra.left) {
			*descriptor = tails[k];
			*extra = slack - tails[k];
			return true;
		}
	return false;
}

static void put_head(struct buf *h, const struct zip_entry *e, size_t extra, bool is_late)
{
	put_le(h, 0x04034b50, 4);
	put_le(h, e->version, 2);
	put_le(h, e->flags, 2);
	put_le(h, e->method, 2);
	put_le(h, e->time, 2);
	put_le(h, e->date, 2);
	put_le(h, is_late ? 0 : e->crc, 4);
	put_le(h, is_late ? 0 : e->packed, 4);
	put_le(h, is_late ? 0 : e->unpacked, 4);
	put_le(h, e->name.left, 2);
	put_le(h, extra, 2);
	buf_put(h, e->name.at, e->name.left);
	/* The directory's extra field is often the local one; where their lengths differ the local one is compared. */
	if (extra == e->extra.left)
		buf_put(h, e->extra.at, e->extra.left);
}

/* 24 bytes: zip64's, with sizes of eight bytes; 12 bytes: without the signature. */
static void put_descriptor(struct buf *h, const struct zip_entry *e, size_t n)
{
	if (n != 12)
		put_le(h, 0x08074b50, 4);
	put_le(h, e->crc, 4);
	put_le(h, e->packed, n == 24 ? 8 : 4);
	put_le(h, e->unpacked, n == 24 ? 8 : 4);
}

enum err zip_local_expect(struct commit *c, const struct zip_entry *e, uint64_t next, uint64_t *data)
{
	struct buf h BUF_AUTO = buf_new(30 + 2 * 65536);
	size_t extra, descriptor;

	if (!foretell(e, next, &extra, &descriptor)) {
		*data = 0;
		return OK;
	}
	uint64_t at = e->offset + 30 + e->name.left + extra;
	put_head(&h, e, extra, descriptor > 0);
	enum err err = buf_err(&h) != OK ? buf_err(&h) : commit_expect(c, e->offset, h.bytes, h.len);
	if (err == OK && descriptor > 0) {
		buf_free(&h);
		put_descriptor(&h, e, descriptor);
		err = buf_err(&h) != OK ? buf_err(&h) : commit_expect(c, at + e->packed, h.bytes, h.len);
	}
	if (err == OK)
		*data = at;
	return err;
}
