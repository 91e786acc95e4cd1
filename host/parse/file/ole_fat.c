/* The sector table of a compound file (contract in ole.h; section numbers are [MS-CFB]'s). Tools write it in one piece, of a 128th of the file. Windows has a
 * sector of it for every 128 (or 1024) others, where it came to need one: reading all would be hundreds of small ranges. But a long stream lies in order, and what the table says of
 * that can be foretold: each sector's next one is the one behind it that is not the table's own. So where a chain has more sectors left than a sector of the table has
 * numbers, and comes to the first of them, these are not read: the plan demands them to be so. Where a file is otherwise, it doesn't fit. */
#include "parse/file/ole.h"

#include "parse/file/le.h"

#include <stdlib.h>

#define HEADER_DIFAT 109
#define IS_FAT 0xfffffffdu
#define IS_DIFAT 0xfffffffcu
/* Up to so many pieces and sectors all of the table is read: half of what ranges there may be; 32 KiB, of a file of 4 MiB. */
#define PIECES_MAX (FILE_RANGES_MAX / 2)
#define SECTORS_MAX 64

static size_t sector_bytes(const struct ole *o)
{
	return (size_t)1 << o->shift;
}

static enum err need_sector(const struct ole *o, uint32_t sector, struct rd *out)
{
	if (sector >= OLE_SECTOR_MAX)
		return ERR_FORMAT;
	return commit_need(o->c, ((uint64_t)sector + 1) << o->shift, sector_bytes(o), out);
}

uint64_t ole_sectors(const struct ole *o)
{
	return (uint64_t)o->fat.n << (o->shift - 2);
}

static bool is_in(const uint8_t *bits, uint64_t sector)
{
	return bits[sector / 8] & 1u << (sector % 8);
}

static bool is_special(const struct ole *o, uint64_t sector)
{
	return is_in(o->fat.special, sector);
}

/* One of the table's own, or of those that tell where it is. */
static enum err add_special(struct ole *o, uint32_t sector)
{
	if (sector >= ole_sectors(o) || is_special(o, sector))
		return ERR_FORMAT;
	o->fat.special[sector / 8] |= (uint8_t)(1u << (sector % 8));
	return OK;
}

/* 2.5: where the table's own sectors are stands in the header and, of large files, in a chain whose links are the last numbers of its sectors. */
static enum err take_places(struct ole *o, struct rd header)
{
	size_t each = sector_bytes(o) / 4 - 1, at = 0, n_more = (size_t)le_at(header, 72, 4);
	uint32_t next = (uint32_t)le_at(header, 68, 4);
	enum err err = OK;

	for (; at < o->fat.n && at < HEADER_DIFAT; at++)
		o->fat.place[at] = (uint32_t)le_at(header, 76 + 4 * at, 4);
	for (size_t i = 0; i < n_more && err == OK; i++) {
		struct rd r;
		err = need_sector(o, next, &r);
		if (err == OK)
			err = add_special(o, next);
		if (err != OK)
			return err;
		for (size_t k = 0; k < each && at < o->fat.n; k++)
			o->fat.place[at++] = (uint32_t)le_at(r, k * 4, 4);
		next = (uint32_t)le_at(r, each * 4, 4);
	}
	if (at < o->fat.n)
		return ERR_FORMAT;
	for (size_t i = 0; i < o->fat.n && err == OK; i++) {
		err = add_special(o, o->fat.place[i]);
		if (err == OK)
			o->fat.own[o->fat.place[i] / 8] |= (uint8_t)(1u << (o->fat.place[i] % 8));
	}
	return err;
}

enum err ole_fat_take(struct ole *o, struct rd header)
{
	struct ole_fat *f = &o->fat;
	uint64_t n = le_at(header, 44, 4), n_more = le_at(header, 72, 4);
	size_t pieces = 0;

	if (n == 0 || n > commit_size(o->c) >> o->shift || n_more > n)
		return ERR_FORMAT;
	/* So that what is kept of it stays small: 8 GiB in sectors of 512 bytes. */
	if (n > COMMIT_NEED_MAX / 96)
		return ERR_TOO_BIG;
	f->n = (size_t)n;
	f->place = calloc(f->n, sizeof *f->place);
	f->at = calloc(f->n, sizeof *f->at);
	f->is_guessed = calloc(f->n, 1);
	f->own = calloc(1, (size_t)ole_sectors(o) / 8 + 1);
	f->special = calloc(1, (size_t)ole_sectors(o) / 8 + 1);
	if (f->place == NULL || f->at == NULL || f->is_guessed == NULL || f->own == NULL || f->special == NULL)
		return ERR_NOMEM;
	enum err err = take_places(o, header);
	for (size_t i = 0; i < f->n; i++)
		pieces += i == 0 || f->place[i] != f->place[i - 1] + 1;
	f->is_foretold = pieces > PIECES_MAX || f->n > SECTORS_MAX;
	/* All of it, so that S doesn't depend on which chains there are: ranges near each other are one. */
	for (size_t i = 0; i < f->n && err == OK && !f->is_foretold; i++) {
		struct rd r = { 0 };
		err = need_sector(o, f->place[i], &r);
		f->at[i] = r.at;
	}
	return err;
}

void ole_fat_free(struct ole_fat *f)
{
	free(f->place);
	free(f->at);
	free(f->is_guessed);
	free(f->own);
	free(f->special);
	*f = (struct ole_fat){ 0 };
}

/* The next sector that is in a chain; UINT64_MAX: none. */
static uint64_t behind(const struct ole *o, uint64_t sector)
{
	for (uint64_t at = sector + 1; at < ole_sectors(o); at++)
		if (!is_special(o, at))
			return at;
	return UINT64_MAX;
}

/* True when all numbers of the table's i-th sector can be foretold for a chain that comes to `at`. */
static bool may_guess(const struct ole *o, size_t i, uint32_t at, uint64_t left)
{
	size_t each = sector_bytes(o) / 4, count = 0;
	uint64_t first = (uint64_t)i * each;

	for (size_t k = 0; k < each; k++)
		count += !is_special(o, first + k);
	return o->fat.is_foretold && left > count && count > 0 && (is_special(o, first) ? behind(o, first) : first) == at;
}

static enum err guess(struct ole *o, size_t i)
{
	struct buf b BUF_AUTO = buf_new(4096);
	size_t each = sector_bytes(o) / 4;

	for (size_t k = 0; k < each; k++) {
		uint64_t sector = (uint64_t)i * each + k, next = behind(o, sector);
		uint32_t number = (uint32_t)next;
		if (is_special(o, sector))
			number = is_in(o->fat.own, sector) ? IS_FAT : IS_DIFAT;
		else if (next >= OLE_SECTOR_MAX)
			return ERR_FORMAT;
		for (unsigned shift = 0; shift < 32; shift += 8)
			buf_u8(&b, (uint8_t)(number >> shift));
	}
	if (buf_err(&b) != OK)
		return buf_err(&b);
	o->fat.is_guessed[i] = 1;
	return commit_expect(o->c, ((uint64_t)o->fat.place[i] + 1) << o->shift, b.bytes, b.len);
}

enum err ole_next(struct ole *o, uint32_t at, uint64_t left, uint32_t *next)
{
	size_t each = sector_bytes(o) / 4, i = at / each;
	struct rd r = { 0 };
	enum err err = OK;

	if (at >= ole_sectors(o) || is_special(o, at))
		return ERR_FORMAT;
	if (o->fat.at[i] == NULL && !o->fat.is_guessed[i]) {
		bool is_easy = may_guess(o, i, at, left);
		err = is_easy ? guess(o, i) : need_sector(o, o->fat.place[i], &r);
		if (err != OK)
			return err;
		if (!is_easy)
			o->fat.at[i] = r.at;
	}
	if (o->fat.is_guessed[i])
		*next = (uint32_t)behind(o, at);
	else
		*next = (uint32_t)le_at(rd_of(o->fat.at[i], sector_bytes(o)), at % each * 4, 4);
	return OK;
}
