/* Zip files, strictly (contract in zip.h). */
#include "parse/file/zip.h"

#include "parse/der.h"
#include "parse/file/le.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define END_BYTES 22
#define COMMENT_MAX 65535
#define ENTRY_BYTES 46
#define END64_BYTES 56
#define LOCATOR_BYTES 20

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

/* Zip64's end record and its locator stand before the old one, whose values are all ones or the same (4.3.14, 4.3.15). Packagers of AppX always
 * write them. */
static enum err take_end64(struct commit *c, struct zip_end *e)
{
	struct rd r;
	size_t both = END64_BYTES + LOCATOR_BYTES;
	enum err err = e->offset < both ? ERR_FORMAT : commit_need(c, e->offset - both, both, &r);

	if (err != OK)
		return err;
	uint64_t at = e->offset - both, entries = le_at(r, 32, 8), size = le_at(r, 40, 8), directory = le_at(r, 48, 8);
	uint32_t disks = (uint32_t)le_at(e->bytes, 4, 4);
	/* Signature, length of the rest, this disk and the directory's, entries on this disk; then the locator. */
	bool is_sound = le_at(r, 0, 4) == 0x06064b50 && le_at(r, 4, 8) == END64_BYTES - 12 && le_at(r, 16, 8) == 0 && le_at(r, 24, 8) == entries &&
	                le_at(r, 56, 4) == 0x07064b50 && le_at(r, 60, 4) == 0 && le_at(r, 64, 8) == at && le_at(r, 72, 4) == 1;
	bool is_same = (disks == 0 || disks == 0xffffffff) && (e->entries == 0xffff || e->entries == entries) &&
	               le_at(e->bytes, 8, 2) == e->entries && (e->directory_size == 0xffffffff || e->directory_size == size) &&
	               (e->directory == 0xffffffff || e->directory == directory);
	if (!is_sound || !is_same || entries > UINT32_MAX)
		return ERR_FORMAT;
	e->is_zip64 = true;
	e->offset = at;
	e->entries = (uint32_t)entries;
	e->directory_size = size;
	e->directory = directory;
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
	if (e.entries == 0xffff || e.directory == 0xffffffff || e.directory_size == 0xffffffff) {
		err = take_end64(c, &e);
		if (err != OK)
			return err;
	} else if (le_at(e.bytes, 4, 4) != 0 || le_at(e.bytes, 8, 2) != e.entries) {
		return ERR_FORMAT;
	}
	if (e.directory > e.offset || e.directory_size != e.offset - e.directory || e.entries > e.directory_size / ENTRY_BYTES)
		return ERR_FORMAT;
	*out = e;
	return OK;
}

/* The values of zip64's field (0x0001) stand for those that are all ones, in this order; there are no others in it. */
static bool take_extra64(struct zip_entry *e)
{
	uint64_t *const value[] = { &e->unpacked, &e->packed, &e->offset };
	struct rd extra = e->extra, found = { .bad = true };

	while (extra.left) {
		uint16_t id = le_u16(&extra);
		struct rd field = rd_take(&extra, le_u16(&extra));
		if (field.bad || (id == 1 && !found.bad))
			return false;
		if (id == 1)
			found = field;
	}
	for (size_t i = 0; i < sizeof value / sizeof *value; i++)
		if (*value[i] == 0xffffffff)
			*value[i] = le_u64(&found);
	/* So that sums of two never wrap around. */
	return rd_done(&found) && e->unpacked < UINT64_MAX / 4 && e->packed < UINT64_MAX / 4 && e->offset < UINT64_MAX / 4;
}

struct zip_entry zip_entry_take(struct rd *r, bool is_zip64)
{
	struct rd h = rd_take(r, ENTRY_BYTES);
	struct zip_entry e = {
		.version = (uint16_t)le_at(h, 6, 2), .flags = (uint16_t)le_at(h, 8, 2), .method = (uint16_t)le_at(h, 10, 2),
		.time = (uint16_t)le_at(h, 12, 2), .date = (uint16_t)le_at(h, 14, 2), .crc = (uint32_t)le_at(h, 16, 4),
		.packed = le_at(h, 20, 4), .unpacked = le_at(h, 24, 4), .offset = le_at(h, 42, 4),
	};
	bool is_sound = le_at(h, 0, 4) == 0x02014b50 && le_at(h, 34, 2) == 0;
	bool is_large = e.packed == 0xffffffff || e.unpacked == 0xffffffff || e.offset == 0xffffffff;

	e.name = rd_take(r, (size_t)le_at(h, 28, 2));
	e.extra = rd_take(r, (size_t)le_at(h, 30, 2));
	(void)rd_take(r, (size_t)le_at(h, 32, 2));
	if (!is_sound || (is_large && !(is_zip64 && take_extra64(&e))))
		*r = (struct rd){ .bad = true };
	return e;
}

static int by_offset(const void *a, const void *b)
{
	const struct zip_entry *x = a, *y = b;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int by_name(const void *a, const void *b)
{
	const struct zip_entry *x = *(const struct zip_entry *const *)a, *y = *(const struct zip_entry *const *)b;
	size_t n = x->name.left < y->name.left ? x->name.left : y->name.left;
	int c = n ? memcmp(x->name.at, y->name.at, n) : 0;
	return c ? c : x->name.left < y->name.left ? -1 : x->name.left > y->name.left;
}

static enum err names_are_once(const struct zip_entry *entry, size_t n)
{
	const struct zip_entry **list = malloc((n ? n : 1) * sizeof *list);
	enum err err = OK;

	if (list == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		list[i] = &entry[i];
	qsort(list, n, sizeof *list, by_name);
	for (size_t i = 1; i < n && err == OK; i++)
		if (by_name(&list[i - 1], &list[i]) == 0)
			err = ERR_FORMAT;
	free(list);
	return err;
}

enum err zip_directory_take(struct commit *c, const struct zip_end *end, struct zip_entry **out, size_t *n)
{
	struct rd directory;
	enum err err = end->directory_size > COMMIT_NEED_MAX ? ERR_TOO_BIG : commit_need(c, end->directory, (size_t)end->directory_size, &directory);

	if (err != OK)
		return err;
	struct zip_entry *entry = calloc(end->entries ? end->entries : 1, sizeof *entry);
	if (entry == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < end->entries && !directory.bad; i++)
		entry[i] = zip_entry_take(&directory, end->is_zip64);
	err = rd_done(&directory) ? OK : ERR_FORMAT;
	if (err == OK) {
		qsort(entry, end->entries, sizeof *entry, by_offset);
		err = names_are_once(entry, end->entries);
	}
	if (err != OK) {
		free(entry);
		return err;
	}
	*out = entry;
	*n = end->entries;
	return OK;
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
