/* Compound files (contract in ole.h). Section numbers are [MS-CFB]'s. */
#include "parse/file/ole.h"

#include "parse/file/le.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 512
#define ENTRY_BYTES 128
#define MINI_SHIFT 6
#define MINI_CUTOFF 4096

static size_t sector_bytes(const struct ole *o)
{
	return (size_t)1 << o->shift;
}

static uint64_t offset_of(const struct ole *o, uint32_t sector)
{
	return ((uint64_t)sector + 1) << o->shift;
}

/* The n-th number of a table. */
static uint32_t table_at(const struct ole *o, const struct ole_table *t, uint64_t n)
{
	size_t each = sector_bytes(o) / 4;
	struct rd r = rd_of(t->at[n / each], sector_bytes(o));
	return (uint32_t)le_at(r, (size_t)(n % each) * 4, 4);
}

/* Marks a sector; false: it is in a chain already. */
static bool mark(uint8_t *seen, uint64_t n)
{
	uint8_t bit = (uint8_t)(1u << (n % 8));
	bool is_new = !(seen[n / 8] & bit);

	seen[n / 8] |= bit;
	return is_new;
}

static enum err claim(struct ole *o, uint32_t sector)
{
	return sector >= ole_sectors(o) || (o->is_counting && !mark(o->seen, sector)) ? ERR_FORMAT : OK;
}

static enum err table_add(struct ole *o, struct ole_table *t, uint32_t sector)
{
	struct rd r;
	enum err err = sector >= OLE_SECTOR_MAX ? ERR_FORMAT : commit_need(o->c, offset_of(o, sector), sector_bytes(o), &r);

	if (err != OK)
		return err;
	if ((t->n & (t->n - 1)) == 0) {
		const uint8_t **more = realloc(t->at, (t->n ? t->n * 2 : 1) * sizeof *more);
		if (more == NULL)
			return ERR_NOMEM;
		t->at = more;
	}
	t->at[t->n++] = r.at;
	return OK;
}

/* A table that is a chain of sectors up to its end. */
static enum err table_take(struct ole *o, struct ole_table *t, uint32_t first)
{
	enum err err = OK;

	for (uint32_t at = first; at != OLE_END && err == OK;) {
		err = claim(o, at);
		if (err == OK)
			err = table_add(o, t, at);
		if (err == OK)
			err = ole_next(o, at, 0, &at);
	}
	return err;
}

static enum err take_mini(struct ole *o)
{
	struct ole_entry root;
	enum err err = ole_entry_take(o, 0, &root);

	if (err != OK)
		return err;
	uint64_t n = (root.size + sector_bytes(o) - 1) >> o->shift;
	if (root.kind != OLE_ROOT || n > ole_sectors(o))
		return ERR_FORMAT;
	o->mini = calloc(n ? (size_t)n : 1, sizeof *o->mini);
	o->mini_seen = calloc(1, ((size_t)n << (o->shift - MINI_SHIFT)) / 8 + 1);
	if (o->mini == NULL || o->mini_seen == NULL)
		return ERR_NOMEM;
	uint32_t at = root.start;
	while (o->n_mini < n && err == OK) {
		err = claim(o, at);
		o->mini[o->n_mini] = at;
		if (err == OK)
			err = ole_next(o, at, n - o->n_mini, &at);
		o->n_mini++;
	}
	return err != OK ? err : n == 0 || at == OLE_END ? OK : ERR_FORMAT;
}

enum err ole_open(struct commit *c, struct ole *out)
{
	static const uint8_t magic[] = { 0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1 };
	struct rd h;
	enum err err = OK;

	*out = (struct ole){ .c = c, .is_counting = true };
	err = commit_need(c, 0, HEADER_BYTES, &h);
	if (err != OK)
		return err;
	/* 2.2: version, byte order, sizes of sectors and of small ones, from what size on a stream is none of the small ones. */
	uint64_t version = le_at(h, 26, 2);
	out->shift = (unsigned)le_at(h, 30, 2);
	if (memcmp(h.at, magic, sizeof magic) != 0 || le_at(h, 28, 2) != 0xfffe || !((version == 3 && out->shift == 9) || (version == 4 && out->shift == 12)) ||
	    le_at(h, 32, 2) != MINI_SHIFT || le_at(h, 56, 4) != MINI_CUTOFF)
		return ERR_FORMAT;
	err = ole_fat_take(out, h);
	if (err != OK)
		return err;
	out->seen = calloc(1, (size_t)ole_sectors(out) / 8 + 1);
	if (out->seen == NULL)
		return ERR_NOMEM;
	err = table_take(out, &out->directory, (uint32_t)le_at(h, 48, 4));
	if (err == OK && le_at(h, 64, 4) > 0)
		err = table_take(out, &out->minifat, (uint32_t)le_at(h, 60, 4));
	return err == OK ? take_mini(out) : err;
}

void ole_free(struct ole *o)
{
	ole_fat_free(&o->fat);
	free(o->minifat.at);
	free(o->directory.at);
	free(o->mini);
	free(o->seen);
	free(o->mini_seen);
	*o = (struct ole){ 0 };
}

size_t ole_entries(const struct ole *o)
{
	return o->directory.n << (o->shift - 7);
}

/* 2.6.1 */
enum err ole_entry_take(const struct ole *o, uint32_t i, struct ole_entry *out)
{
	size_t each = sector_bytes(o) / ENTRY_BYTES;

	if (i >= ole_entries(o))
		return ERR_FORMAT;
	struct rd r = rd_of(o->directory.at[i / each], sector_bytes(o));
	(void)rd_take(&r, i % each * ENTRY_BYTES);
	r = rd_take(&r, ENTRY_BYTES);
	struct ole_entry e = {
		.kind = (enum ole_kind)le_at(r, 66, 1), .left = (uint32_t)le_at(r, 68, 4), .right = (uint32_t)le_at(r, 72, 4),
		.child = (uint32_t)le_at(r, 76, 4), .start = (uint32_t)le_at(r, 116, 4), .size = le_at(r, 120, o->shift == 9 ? 4 : 8),
	};
	size_t n = (size_t)le_at(r, 64, 2);
	/* Of a storage it means nothing. */
	if (e.kind == OLE_STORAGE)
		e.size = 0;
	if (n < 2 || n > 64 || n % 2 != 0 || le_at(r, n - 2, 2) != 0 || e.size > commit_size(o->c))
		return ERR_FORMAT;
	struct rd clsid = r;
	(void)rd_take(&clsid, 80);
	e.clsid = rd_take(&clsid, 16);
	e.name = rd_take(&r, n - 2);
	*out = e;
	return OK;
}

static enum err use_range(const struct ole *o, uint64_t offset, size_t n, enum ole_use use, struct buf *out)
{
	struct rd r;
	enum err err = use == OLE_FEED ? commit_feed(o->c, offset, n) : use == OLE_READ ? commit_need(o->c, offset, n, &r) : OK;

	if (err != OK || use != OLE_READ)
		return err;
	buf_put(out, r.at, r.left);
	return buf_err(out);
}

/* 2.7: streams below the cutoff lie in pieces of 64 bytes of the root's stream. */
static enum err small_stream(struct ole *o, const struct ole_entry *e, enum ole_use use, struct buf *out)
{
	uint64_t all = (uint64_t)o->n_mini << (o->shift - MINI_SHIFT), table = (uint64_t)o->minifat.n << (o->shift - 2);
	uint32_t at = e->start;
	enum err err = OK;

	for (uint64_t left = e->size; left > 0 && err == OK;) {
		if (at >= all || at >= table || (o->is_counting && !mark(o->mini_seen, at)))
			return ERR_FORMAT;
		size_t n = left < (1u << MINI_SHIFT) ? (size_t)left : 1u << MINI_SHIFT;
		uint64_t place = (uint64_t)at << MINI_SHIFT;
		err = use_range(o, offset_of(o, o->mini[place >> o->shift]) + place % sector_bytes(o), n, use, out);
		left -= n;
		at = table_at(o, &o->minifat, at);
	}
	return err != OK ? err : at == OLE_END ? OK : ERR_FORMAT;
}

enum err ole_stream(struct ole *o, const struct ole_entry *e, enum ole_use use, struct buf *out)
{
	uint32_t at = e->start;
	enum err err = OK;

	if (e->size == 0)
		return OK;
	if (e->size < MINI_CUTOFF)
		return small_stream(o, e, use, out);
	for (uint64_t left = e->size; left > 0 && err == OK;) {
		size_t n = left < sector_bytes(o) ? (size_t)left : sector_bytes(o);
		err = claim(o, at);
		if (err == OK)
			err = use_range(o, offset_of(o, at), n, use, out);
		if (err == OK)
			err = ole_next(o, at, (left + sector_bytes(o) - 1) >> o->shift, &at);
		left -= n;
	}
	return err != OK ? err : at == OLE_END ? OK : ERR_FORMAT;
}
