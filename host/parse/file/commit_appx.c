/* AppX and MSIX packages and bundles of them: zip files. Signed ones hold, in AppxSignature.p7x, an Authenticode signature whose digest is several packed
 * into one; AXPC goes over all bytes before the signature's own entry, so that one digest is the whole plan. Others (and those signed otherwise) have the block
 * map: digests of each 64 KiB of each file, unpacked, which prove the content alone where files are packed. What neither covers (the map itself,
 * [Content_Types].xml, the signature, the directory, members that the map doesn't name, gaps) is part of S by the rule of commit.h. The map's format: Microsoft's
 * "Package block map schema"; what AXPC goes over was measured on packages that signtool had signed. */
#include "parse/file/commit_zip.h"

#include "parse/file/blockmap.h"
#include "parse/file/le.h"
#include "parse/file/spc.h"

#include <stdlib.h>
#include <string.h>

#define ENCRYPTED 1

/* A name of the map's kind: of the directory's percent signs undone (Open Packaging Conventions write names as URIs). */
struct name { char *text; size_t n; const struct zip_entry *entry; uint64_t next; bool is_used; };

struct appx {
	struct commit *c;
	struct name *name;             /* in order */
	size_t n;
	/* The file that is being read; NULL: left to S. */
	const struct zip_entry *entry;
	uint64_t data, size, at, packed;   /* size, at: unpacked; packed: so many bytes of data are planned */
};

static const struct zip_entry *find(const struct zip_entry *entry, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (zip_name_is(&entry[i], name))
			return &entry[i];
	return NULL;
}

static enum err read_member(struct commit *c, const struct zip_entry *e, struct buf *out)
{
	uint64_t data;
	enum err err = e->flags & ENCRYPTED ? ERR_FORMAT : zip_local_take(c, e, &data);

	return err == OK ? zip_entry_read(c, e, data, out) : err;
}

/* ---- the signature ---- */

/* "APPX", then tags of four letters, each with a digest; AXPC once. */
static bool find_axpc(struct rd value, enum digest d, struct rd *out)
{
	struct rd head = rd_take(&value, 4);
	size_t found = 0;

	if (head.bad || memcmp(head.at, "APPX", 4) != 0)
		return false;
	while (value.left && !value.bad) {
		struct rd tag = rd_take(&value, 4), digest = rd_take(&value, digest_size(d));
		if (!digest.bad && memcmp(tag.at, "AXPC", 4) == 0) {
			*out = digest;
			found++;
		}
	}
	return !value.bad && found == 1;
}

/* *is_planned: it commits. The plan's values are copied. */
static enum err plan_signature(struct commit *c, const struct zip_entry *signature, bool *is_planned)
{
	struct buf text BUF_AUTO = buf_new(COMMIT_TABLE_MAX);
	struct spc_digests found = { 0 };
	struct rd digest = { 0 };
	enum err err = read_member(c, signature, &text);

	if (err != OK)
		return err;
	struct rd in = rd_of(text.bytes, text.len), head = rd_take(&in, 4);
	if (head.bad || memcmp(head.at, "PKCX", 4) != 0)
		return ERR_FORMAT;
	err = spc_take(in, true, &found);
	if (found.has_weak)
		commit_weak(c);
	for (size_t i = 0; i < found.n && err == OK; i++) {
		if (!find_axpc(found.at[i].value, found.at[i].digest, &digest))
			return ERR_FORMAT;
		err = commit_digest(c, found.at[i].digest, digest.at);
		if (err == OK)
			err = commit_feed(c, 0, signature->offset);
		*is_planned = true;
	}
	return err;
}

/* ---- the block map ---- */

static int compare(const char *a, size_t n_a, const char *b, size_t n_b)
{
	int c = memcmp(a, b, n_a < n_b ? n_a : n_b);
	return c ? c : n_a < n_b ? -1 : n_a > n_b;
}

static int by_name(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	return compare(x->text, x->n, y->text, y->n);
}

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static size_t put_decoded(struct rd in, char *out)
{
	size_t n = 0;

	while (in.left) {
		struct rd ahead = in;
		uint8_t c = rd_u8(&ahead);
		int high = hex_digit(rd_u8(&ahead)), low = hex_digit(rd_u8(&ahead));
		if (c == '%' && !ahead.bad && high >= 0 && low >= 0) {
			out[n++] = (char)(high << 4 | low);
			in = ahead;
		} else {
			out[n++] = (char)rd_u8(&in);
		}
	}
	return n;
}

/* *texts holds all names; the caller frees it, and a->name. */
static enum err take_names(struct appx *a, const struct zip_entry *entry, size_t n, uint64_t end, char **texts)
{
	size_t all = 0, at = 0;

	for (size_t i = 0; i < n; i++)
		all += entry[i].name.left;
	*texts = malloc(all + 1);
	a->name = calloc(n ? n : 1, sizeof *a->name);
	if (*texts == NULL || a->name == NULL)
		return ERR_NOMEM;
	for (a->n = 0; a->n < n; a->n++) {
		struct name *one = &a->name[a->n];
		*one = (struct name){ .text = *texts + at, .entry = &entry[a->n], .next = a->n + 1 < n ? entry[a->n + 1].offset : end };
		one->n = put_decoded(entry[a->n].name, one->text);
		at += one->n;
	}
	qsort(a->name, a->n, sizeof *a->name, by_name);
	for (size_t i = 1; i < a->n; i++)
		if (by_name(&a->name[i - 1], &a->name[i]) == 0)
			return ERR_FORMAT;
	return OK;
}

static struct name *find_name(const struct appx *a, const struct blockmap_file *f)
{
	size_t low = 0, high = a->n;
	char *text = malloc(f->n + 1);

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < f->n; i++)
		text[i] = f->name[i] == '\\' ? '/' : f->name[i];
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = compare(text, f->n, a->name[middle].text, a->name[middle].n);
		if (c == 0) {
			free(text);
			return &a->name[middle];
		}
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	free(text);
	return NULL;
}

static enum err on_file(void *arg, const struct blockmap_file *f)
{
	struct appx *a = arg;
	struct name *name = find_name(a, f);

	a->entry = NULL;
	a->size = f->size;
	a->at = a->packed = 0;
	/* Named and not there, twice, or of another size: such a package is installed by nobody. */
	if (name == NULL || name->is_used || name->entry->unpacked != f->size)
		return ERR_FORMAT;
	name->is_used = true;
	const struct zip_entry *e = name->entry;
	if ((e->flags & ENCRYPTED) || (e->method != 0 && e->method != 8) || (e->method == 0 && e->packed != e->unpacked))
		return OK;
	enum err err = zip_local_expect(a->c, e, name->next, &a->data);
	if (err == OK && a->data != 0)
		a->entry = e;
	return err;
}

/* What of a file is no whole block is its last. */
static enum err on_block(void *arg, const struct blockmap_block *b)
{
	struct appx *a = arg;
	uint64_t left = a->size - a->at, n = left < BLOCKMAP_BLOCK ? left : BLOCKMAP_BLOCK;
	bool is_last = n == left;

	if (n == 0)
		return ERR_FORMAT;
	uint64_t at = a->at;
	a->at += n;
	if (a->entry == NULL)
		return OK;
	bool is_packed = a->entry->method == 8;
	/* A packed file that was not packed in blocks has no sizes of them. */
	if (is_packed && !b->has_packed) {
		if (at > 0)
			return ERR_FORMAT;
		a->entry = NULL;
		return OK;
	}
	uint64_t rest = a->entry->packed - a->packed, mine = !is_packed ? n : is_last ? rest : b->packed;
	if (mine > rest || (is_packed && (b->packed > rest || b->packed == 0)))
		return ERR_FORMAT;
	enum err err = commit_digest(a->c, b->digest, b->value);
	if (err == OK && is_packed)
		err = commit_feed_inflated_piece(a->c, a->data + a->packed, mine, n, at == 0, is_last);
	else if (err == OK)
		err = commit_feed(a->c, a->data + a->packed, mine);
	a->packed += mine;
	return err;
}

static enum err on_done(void *arg)
{
	const struct appx *a = arg;

	return a->at == a->size ? OK : ERR_FORMAT;
}

static enum err plan_map(struct appx *a, const struct zip_entry *entry, size_t n, uint64_t end, const struct zip_entry *map)
{
	static const struct blockmap_ops ops = { on_file, on_block, on_done };
	struct buf text BUF_AUTO = buf_new(COMMIT_TABLE_MAX);
	char *texts = NULL;
	bool is_weak = false;
	enum err err = read_member(a->c, map, &text);

	if (err == OK)
		err = take_names(a, entry, n, end, &texts);
	if (err == OK)
		err = blockmap_take(rd_of(text.bytes, text.len), &ops, a, &is_weak);
	if (is_weak)
		commit_weak(a->c);
	free(a->name);
	free(texts);
	return err;
}

enum err commit_appx(struct commit *c, const struct zip_end *end, const struct zip_entry *entry, size_t n, bool *is_mine)
{
	struct appx a = { .c = c };
	const struct zip_entry *map = find(entry, n, "AppxBlockMap.xml"), *signature = find(entry, n, "AppxSignature.p7x");
	bool is_planned = false;
	enum err err = OK;

	*is_mine = map != NULL;
	if (map == NULL)
		return OK;
	commit_format(c, "appx");
	if (signature != NULL)
		err = plan_signature(c, signature, &is_planned);
	commit_method(c, is_planned ? "appx-signature" : "appx-block-map");
	return err != OK || is_planned ? err : plan_map(&a, entry, n, end->directory, map);
}
