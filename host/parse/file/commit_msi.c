/* Windows Installer's databases and patches (MSI, MSP): compound files with an Authenticode signature in the stream "\5DigitalSignature". Its digest goes over the
 * contents of all other streams, of each storage in the order of their names as bytes, then over the storage's class; where there is
 * "\5MsiDigitalSignatureEx" its content (a digest of names, sizes and times) comes first. Where streams lie, and what of the file is in none, is covered by
 * nothing: header, sector tables and directory are in S because they were read, free sectors and slack by the rule of commit.h. The order was measured on
 * files that osslsigncode signs and verifies; it is signtool's. */
#include "parse/file/commit.h"

#include "parse/der.h"
#include "parse/file/ole.h"
#include "parse/file/spc.h"

#include <stdlib.h>
#include <string.h>

/* Storages in storages. Databases have none, patches one level, and what installers embed some more. */
#define DEPTH_MAX 16

static const char name_signature[] = "\5\0D\0i\0g\0i\0t\0a\0l\0S\0i\0g\0n\0a\0t\0u\0r\0e";
static const char name_ex[] = "\5\0M\0s\0i\0D\0i\0g\0i\0t\0a\0l\0S\0i\0g\0n\0a\0t\0u\0r\0e\0E\0x";
/* The last letter's zero is the string's own. */
#define NAME_IS(e, what) (bytes_are_equal((e)->name, rd_of(what, sizeof (what))))

struct msi {
	struct commit *c;
	struct ole ole;
	uint8_t *seen;                 /* bits of entries that are in the tree */
	struct ole_entry root, signature, ex;
	bool has_signature, has_ex;
	enum ole_use use;
};

/* The entries of one storage. */
struct children { struct ole_entry *at; size_t n, room; };

static int by_name(const void *a, const void *b)
{
	const struct ole_entry *x = a, *y = b;
	size_t n = x->name.left < y->name.left ? x->name.left : y->name.left;
	int c = n ? memcmp(x->name.at, y->name.at, n) : 0;
	return c ? c : x->name.left < y->name.left ? -1 : x->name.left > y->name.left;
}

static enum err add(struct children *all, const struct ole_entry *e)
{
	if (all->n == all->room) {
		size_t room = all->room ? all->room * 2 : 32;
		struct ole_entry *more = realloc(all->at, room * sizeof *more);
		if (more == NULL)
			return ERR_NOMEM;
		all->at = more;
		all->room = room;
	}
	all->at[all->n++] = *e;
	return OK;
}

/* An entry of the tree may be there once in all. */
static enum err take_entry(struct msi *m, uint32_t i, struct ole_entry *out)
{
	enum err err = ole_entry_take(&m->ole, i, out);

	if (err != OK)
		return err;
	uint8_t bit = (uint8_t)(1u << (i % 8));
	if ((m->seen[i / 8] & bit) || (out->kind != OLE_STREAM && out->kind != OLE_STORAGE))
		return ERR_FORMAT;
	m->seen[i / 8] |= bit;
	return OK;
}

/* The siblings of a tree, in the order of their names: all->at itself is the list of those whose own siblings are still to be taken. */
static enum err take_children(struct msi *m, uint32_t first, struct children *all)
{
	struct ole_entry e;
	enum err err = OK;

	if (first == OLE_NONE)
		return OK;
	err = take_entry(m, first, &e);
	if (err == OK)
		err = add(all, &e);
	for (size_t i = 0; i < all->n && err == OK; i++) {
		const uint32_t sibling[] = { all->at[i].left, all->at[i].right };
		for (size_t k = 0; k < 2 && err == OK; k++) {
			if (sibling[k] == OLE_NONE)
				continue;
			err = take_entry(m, sibling[k], &e);
			if (err == OK)
				err = add(all, &e);
		}
	}
	if (err != OK || all->n == 0)
		return err;
	qsort(all->at, all->n, sizeof *all->at, by_name);
	/* Of two with one name programs may take either. */
	for (size_t i = 1; i < all->n; i++)
		if (by_name(&all->at[i - 1], &all->at[i]) == 0)
			return ERR_FORMAT;
	return OK;
}

static enum err walk(struct msi *m, const struct ole_entry *storage, unsigned depth);

static enum err walk_one(struct msi *m, const struct ole_entry *e, unsigned depth)
{
	if (depth == 0 && e->kind == OLE_STREAM && NAME_IS(e, name_signature)) {
		m->signature = *e;
		m->has_signature = true;
		return OK;
	}
	if (depth == 0 && e->kind == OLE_STREAM && NAME_IS(e, name_ex)) {
		m->ex = *e;
		m->has_ex = true;
		return OK;
	}
	return e->kind == OLE_STORAGE ? walk(m, e, depth + 1) : ole_stream(&m->ole, e, m->use, NULL);
}

static enum err walk(struct msi *m, const struct ole_entry *storage, unsigned depth)
{
	struct children all = { 0 };
	enum err err = depth > DEPTH_MAX ? ERR_TOO_BIG : take_children(m, storage->child, &all);

	for (size_t i = 0; i < all.n && err == OK; i++)
		err = walk_one(m, &all.at[i], depth);
	if (err == OK && m->use == OLE_FEED)
		err = commit_feed_bytes(m->c, storage->clsid.at, storage->clsid.left);
	free(all.at);
	return err;
}

static enum err walk_all(struct msi *m, enum ole_use use)
{
	memset(m->seen, 0, ole_entries(&m->ole) / 8 + 1);
	m->use = use;
	return walk(m, &m->root, 0);
}

static enum err plan(struct msi *m, enum digest d, const uint8_t *value)
{
	enum err err = commit_digest(m->c, d, value);

	if (err == OK && m->has_ex)
		err = ole_stream(&m->ole, &m->ex, OLE_FEED, NULL);
	return err == OK ? walk_all(m, OLE_FEED) : err;
}

static enum err take_signature(struct msi *m)
{
	struct buf text BUF_AUTO = buf_new(COMMIT_TABLE_MAX);
	struct spc_digests found = { 0 };
	enum err err = ole_stream(&m->ole, &m->signature, OLE_READ, &text);

	if (err == OK && m->has_ex)
		err = ole_stream(&m->ole, &m->ex, OLE_WALK, NULL);
	if (err == OK)
		err = spc_take(rd_of(text.bytes, text.len), false, &found);
	if (found.has_weak)
		commit_weak(m->c);
	/* All chains were walked, and no sector is in two. */
	m->ole.is_counting = false;
	for (size_t i = 0; i < found.n && err == OK; i++)
		err = plan(m, found.at[i].digest, found.at[i].value.at);
	return err;
}

enum err commit_msi(struct commit *c)
{
	struct msi m = { .c = c };
	enum err err = ole_open(c, &m.ole);

	if (err == OK)
		err = ole_entry_take(&m.ole, 0, &m.root);
	if (err == OK) {
		m.seen = malloc(ole_entries(&m.ole) / 8 + 1);
		err = m.seen ? walk_all(&m, OLE_WALK) : ERR_NOMEM;
	}
	if (err == OK && m.has_signature) {
		commit_format(c, "msi");
		commit_method(c, "msi-authenticode");
		err = take_signature(&m);
	}
	free(m.seen);
	ole_free(&m.ole);
	return err;
}
