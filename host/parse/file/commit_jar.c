/* Signed JARs and XPIs: the manifest holds a digest of each member, unpacked. The directory, META-INF and what the manifest doesn't name
 * are in S. Packed bytes are not committed to, their content is: FILE_PROVES_CONTENT, unless all members are stored. Local headers are
 * as the directory foretells, to the byte, or the file is fetched whole. */
#include "parse/file/commit_zip.h"

#include "parse/file/manifest.h"

#include <stdlib.h>
#include <string.h>

#define HAS_DESCRIPTOR 8
#define ENCRYPTED 1

struct jar {
	struct commit *c;
	struct zip_entry *entry;       /* by offset */
	size_t n;
	uint64_t end;                  /* of the entries: the directory */
	struct manifest manifest;
};

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

/* A name twice: programs differ in which one they take. */
static enum err names_are_once(const struct jar *j)
{
	const struct zip_entry **list = malloc((j->n ? j->n : 1) * sizeof *list);
	enum err err = OK;

	if (list == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < j->n; i++)
		list[i] = &j->entry[i];
	qsort(list, j->n, sizeof *list, by_name);
	for (size_t i = 1; i < j->n && err == OK; i++)
		if (by_name(&list[i - 1], &list[i]) == 0)
			err = ERR_FORMAT;
	free(list);
	return err;
}

static enum err take_directory(struct jar *j, const struct zip_end *end)
{
	struct rd directory;
	enum err err = commit_need(j->c, end->directory, (size_t)end->directory_size, &directory);

	if (err != OK)
		return err;
	j->entry = calloc(end->entries ? end->entries : 1, sizeof *j->entry);
	if (j->entry == NULL)
		return ERR_NOMEM;
	for (j->n = 0; j->n < end->entries && !directory.bad; j->n++)
		j->entry[j->n] = zip_entry_take(&directory);
	if (!rd_done(&directory))
		return ERR_FORMAT;
	j->end = end->directory;
	qsort(j->entry, j->n, sizeof *j->entry, by_offset);
	return names_are_once(j);
}

/* JARs' names are in capitals, XPIs' are not. */
static bool name_is_like(const struct zip_entry *e, const char *name)
{
	return e->name.left == strlen(name) && strncasecmp((const char *)e->name.at, name, e->name.left) == 0;
}

static enum err take_manifest(struct jar *j, bool *is_mine)
{
	const struct zip_entry *found = NULL;
	struct buf text BUF_AUTO = buf_new(COMMIT_TABLE_MAX);
	uint64_t data;

	for (size_t i = 0; i < j->n; i++) {
		if (name_is_like(&j->entry[i], "META-INF/MANIFEST.MF")) {
			if (found != NULL)
				return ERR_FORMAT;
			found = &j->entry[i];
		}
		if (name_is_like(&j->entry[i], "META-INF/mozilla.rsa"))
			commit_format(j->c, "xpi");
	}
	*is_mine = found != NULL;
	if (found == NULL)
		return OK;
	enum err err = zip_local_take(j->c, found, &data);
	if (err == OK)
		err = zip_entry_read(j->c, found, data, &text);
	return err == OK ? manifest_take(rd_of(text.bytes, text.len), &j->manifest) : err;
}

static void put_le(struct buf *b, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_u8(b, (uint8_t)(v >> (8 * i)));
}

/* What lies between an entry's beginning and the next one's leaves room for the local extra field and a data descriptor. */
static bool foretell(const struct jar *j, size_t i, size_t *extra, size_t *descriptor)
{
	const struct zip_entry *e = &j->entry[i];
	uint64_t next = i + 1 < j->n ? j->entry[i + 1].offset : j->end, least = e->offset + 30 + e->name.left + e->packed;
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

static enum err expect_local(struct jar *j, size_t i, size_t extra, size_t descriptor)
{
	const struct zip_entry *e = &j->entry[i];
	struct buf h BUF_AUTO = buf_new(30 + 2 * 65536);
	bool late = descriptor > 0;

	put_le(&h, 0x04034b50, 4);
	put_le(&h, e->version, 2);
	put_le(&h, e->flags, 2);
	put_le(&h, e->method, 2);
	put_le(&h, e->time, 2);
	put_le(&h, e->date, 2);
	put_le(&h, late ? 0 : e->crc, 4);
	put_le(&h, late ? 0 : e->packed, 4);
	put_le(&h, late ? 0 : e->unpacked, 4);
	put_le(&h, e->name.left, 2);
	put_le(&h, extra, 2);
	buf_put(&h, e->name.at, e->name.left);
	/* The directory's extra field is often the local one; where their lengths differ the local one is compared. */
	if (extra == e->extra.left)
		buf_put(&h, e->extra.at, e->extra.left);
	if (buf_err(&h) != OK)
		return buf_err(&h);
	enum err err = commit_expect(j->c, e->offset, h.bytes, h.len);
	if (err != OK || descriptor < 12 || descriptor > 16)
		return err;
	buf_free(&h);
	if (descriptor == 16)
		put_le(&h, 0x08074b50, 4);
	put_le(&h, e->crc, 4);
	put_le(&h, e->packed, 4);
	put_le(&h, e->unpacked, 4);
	return buf_err(&h) != OK ? buf_err(&h) : commit_expect(j->c, e->offset + 30 + e->name.left + extra + e->packed, h.bytes, h.len);
}

static enum err plan(struct jar *j, size_t i)
{
	const struct zip_entry *e = &j->entry[i];
	const struct manifest_row *row = manifest_find(&j->manifest, e->name);
	size_t extra, descriptor;

	/* What isn't covered is in S by itself. */
	if (row == NULL || !row->has_digest || (e->flags & ENCRYPTED) || (e->method != 0 && e->method != 8) || !foretell(j, i, &extra, &descriptor))
		return OK;
	if (e->method == 0 && e->packed != e->unpacked)
		return ERR_FORMAT;
	uint64_t data = e->offset + 30 + e->name.left + extra;
	enum err err = commit_digest(j->c, row->digest, row->value);
	if (err == OK)
		err = e->method == 0 ? commit_feed(j->c, data, e->packed) : commit_feed_inflated(j->c, data, e->packed, e->unpacked);
	return err == OK ? expect_local(j, i, extra, descriptor) : err;
}

enum err commit_jar(struct commit *c, const struct zip_end *end, bool *is_mine)
{
	struct jar j = { .c = c };

	*is_mine = false;
	commit_format(c, "jar");
	enum err err = take_directory(&j, end);
	if (err == OK)
		err = take_manifest(&j, is_mine);
	commit_method(c, "jar-manifest");
	for (size_t i = 0; i < j.n && err == OK && *is_mine; i++)
		err = plan(&j, i);
	if (j.manifest.has_weak)
		commit_weak(c);
	if (!*is_mine)
		commit_format(c, "zip");
	manifest_free(&j.manifest);
	free(j.entry);
	return err;
}
