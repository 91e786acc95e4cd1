/* Signed JARs and XPIs: the manifest holds a digest of each member, unpacked. The directory, META-INF and what the manifest doesn't name
 * are in S. Packed bytes are not committed to, their content is: FILE_PROVES_CONTENT, unless all members are stored. Local headers are
 * as the directory foretells, to the byte, or the file is fetched whole. */
#include "parse/file/commit_zip.h"

#include "parse/file/manifest.h"

#include <string.h>

#define ENCRYPTED 1

struct jar {
	struct commit *c;
	const struct zip_entry *entry; /* by offset */
	size_t n;
	uint64_t end;                  /* of the entries: the directory */
	struct manifest manifest;
};

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

static enum err plan(struct jar *j, size_t i)
{
	const struct zip_entry *e = &j->entry[i];
	const struct manifest_row *row = manifest_find(&j->manifest, e->name);
	uint64_t next = i + 1 < j->n ? j->entry[i + 1].offset : j->end, data;

	/* What isn't covered is in S by itself. */
	if (row == NULL || !row->has_digest || (e->flags & ENCRYPTED) || (e->method != 0 && e->method != 8))
		return OK;
	if (e->method == 0 && e->packed != e->unpacked)
		return ERR_FORMAT;
	enum err err = zip_local_expect(j->c, e, next, &data);
	if (err != OK || data == 0)
		return err;
	err = commit_digest(j->c, row->digest, row->value);
	if (err != OK)
		return err;
	return e->method == 0 ? commit_feed(j->c, data, e->packed) : commit_feed_inflated(j->c, data, e->packed, e->unpacked);
}

enum err commit_jar(struct commit *c, const struct zip_end *end, const struct zip_entry *entry, size_t n, bool *is_mine)
{
	struct jar j = { .c = c, .entry = entry, .n = n, .end = end->directory };

	*is_mine = false;
	commit_format(c, "jar");
	enum err err = take_manifest(&j, is_mine);
	commit_method(c, "jar-manifest");
	for (size_t i = 0; i < j.n && err == OK && *is_mine; i++)
		err = plan(&j, i);
	if (j.manifest.has_weak)
		commit_weak(c);
	if (!*is_mine)
		commit_format(c, "zip");
	manifest_free(&j.manifest);
	return err;
}
