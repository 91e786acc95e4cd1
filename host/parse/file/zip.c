/* Zip files, strictly (contract in zip.h). */
#include "parse/file/zip.h"

#include "parse/der.h"
#include "parse/file/le.h"

#include <string.h>
#include <zlib.h>

#define END_BYTES 22
#define COMMENT_MAX 65535

static bool end_at(struct rd tail, size_t at, size_t *comment)
{
	struct rd r = tail;
	(void)rd_take(&r, at);
	struct rd end = rd_take(&r, END_BYTES);
	*comment = (size_t)le_at(end, 20, 2);
	return !end.bad && le_at(end, 0, 4) == 0x06054b50 && *comment == r.left;
}

/* Without a comment the end record is the file's last 22 bytes. With one it is looked for, and must be the only one that fits. */
static enum err find_end(struct commit *c, uint64_t *offset, struct rd *bytes)
{
	uint64_t size = commit_size(c);
	size_t comment, found = SIZE_MAX;
	struct rd tail;

	if (size < END_BYTES)
		return ERR_FORMAT;
	enum err err = commit_need(c, size - END_BYTES, END_BYTES, &tail);
	if (err != OK)
		return err;
	if (end_at(tail, 0, &comment)) {
		*offset = size - END_BYTES;
		*bytes = tail;
		return OK;
	}
	size_t n = size < END_BYTES + COMMENT_MAX ? (size_t)size : END_BYTES + COMMENT_MAX;
	err = commit_need(c, size - n, n, &tail);
	if (err != OK)
		return err;
	for (size_t at = 0; at + END_BYTES <= n; at++)
		if (end_at(tail, at, &comment)) {
			if (found != SIZE_MAX)
				return ERR_FORMAT;
			found = at;
		}
	if (found == SIZE_MAX)
		return ERR_FORMAT;
	(void)rd_take(&tail, found);
	*offset = size - n + found;
	*bytes = tail;
	return OK;
}

enum err zip_end_take(struct commit *c, struct zip_end *out)
{
	struct zip_end e = { 0 };
	enum err err = find_end(c, &e.offset, &e.bytes);

	if (err != OK)
		return err;
	e.entries = (uint32_t)le_at(e.bytes, 10, 2);
	e.directory_size = le_at(e.bytes, 12, 4);
	e.directory = le_at(e.bytes, 16, 4);
	if (le_at(e.bytes, 4, 4) != 0 || le_at(e.bytes, 8, 2) != e.entries || e.entries == 0xffff || e.directory == 0xffffffff ||
	    e.directory + e.directory_size != e.offset)
		return ERR_FORMAT;
	*out = e;
	return OK;
}

struct zip_entry zip_entry_take(struct rd *r)
{
	struct rd h = rd_take(r, 46);
	struct zip_entry e = {
		.version = (uint16_t)le_at(h, 6, 2), .flags = (uint16_t)le_at(h, 8, 2), .method = (uint16_t)le_at(h, 10, 2),
		.time = (uint16_t)le_at(h, 12, 2), .date = (uint16_t)le_at(h, 14, 2), .crc = (uint32_t)le_at(h, 16, 4),
		.packed = le_at(h, 20, 4), .unpacked = le_at(h, 24, 4), .offset = le_at(h, 42, 4),
	};
	bool is_sound = le_at(h, 0, 4) == 0x02014b50 && le_at(h, 34, 2) == 0 && e.packed != 0xffffffff && e.unpacked != 0xffffffff &&
	                e.offset != 0xffffffff;

	e.name = rd_take(r, (size_t)le_at(h, 28, 2));
	e.extra = rd_take(r, (size_t)le_at(h, 30, 2));
	(void)rd_take(r, (size_t)le_at(h, 32, 2));
	if (!is_sound)
		*r = (struct rd){ .bad = true };
	return e;
}

bool zip_name_is(const struct zip_entry *e, const char *name)
{
	return bytes_are_equal(e->name, rd_of(name, strlen(name)));
}

enum err zip_local_take(struct commit *c, const struct zip_entry *e, uint64_t *data)
{
	struct rd h, name;
	enum err err = commit_need(c, e->offset, 30, &h);

	if (err != OK)
		return err;
	size_t n_name = (size_t)le_at(h, 26, 2), n_extra = (size_t)le_at(h, 28, 2);
	err = commit_need(c, e->offset + 30, n_name + n_extra, &name);
	if (err != OK)
		return err;
	if (le_at(h, 0, 4) != 0x04034b50 || le_at(h, 8, 2) != e->method || !bytes_are_equal(rd_take(&name, n_name), e->name))
		return ERR_FORMAT;
	*data = e->offset + 30 + n_name + n_extra;
	return OK;
}

enum err zip_entry_read(struct commit *c, const struct zip_entry *e, uint64_t data, struct buf *out)
{
	struct rd packed;
	z_stream z = { 0 };
	uint8_t bytes[16 * 1024];

	if (e->packed > COMMIT_TABLE_MAX || e->unpacked > COMMIT_TABLE_MAX)
		return ERR_TOO_BIG;
	enum err err = commit_need(c, data, (size_t)e->packed, &packed);
	if (err != OK)
		return err;
	if (e->method == 0) {
		buf_put(out, packed.at, packed.left);
		return e->packed == e->unpacked ? buf_err(out) : ERR_FORMAT;
	}
	if (e->method != 8)
		return ERR_FORMAT;
	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return ERR_NOMEM;
	z.next_in = (uint8_t *)(uintptr_t)packed.at;
	z.avail_in = (unsigned)packed.left;
	int got;
	do {
		z.next_out = bytes;
		z.avail_out = sizeof bytes;
		got = inflate(&z, Z_NO_FLUSH);
		if (got != Z_OK && got != Z_STREAM_END)
			break;
		buf_put(out, bytes, sizeof bytes - z.avail_out);
	} while (got == Z_OK && buf_err(out) == OK);
	bool is_whole = got == Z_STREAM_END && z.avail_in == 0 && out->len == e->unpacked;
	(void)inflateEnd(&z);
	return buf_err(out) != OK ? buf_err(out) : is_whole ? OK : ERR_FORMAT;
}
