/* Classes of files (contract in classify.h). */
#include "parse/file/classify.h"

#include "parse/file/list.h"
#include "parse/file/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void raise_to(struct looked *l, enum file_class class, enum file_why why)
{
	if (class > l->class) {
		l->class = class;
		l->why = why;
	}
}

struct looked look_at(bool has_head, struct rd head, const char *name, uint8_t os)
{
	struct looked l = { .class = FILE_TRANSPARENT, .why = FILE_WHY_UNKNOWN, .format = "" };
	const struct type_row *content = has_head ? type_of_content(head) : NULL;
	struct type_name n = type_of_name(name, os);

	if (content != NULL) {
		l.format = content->name;
		l.is_archive = content->is_archive;
		l.is_document = content->is_document;
		l.why = FILE_WHY_CONTENT;
		raise_to(&l, type_class(content, os), strcmp(content->name, "script") == 0 ? FILE_WHY_SCRIPT : FILE_WHY_CONTENT);
	} else if (has_head) {
		raise_to(&l, FILE_OTHER, FILE_WHY_UNKNOWN);
	}
	if (n.row != NULL) {
		if (l.format[0] == '\0')
			l.format = n.row->name;
		l.is_archive |= n.row->is_archive;
		l.is_document |= n.row->is_document;
		if (l.why == FILE_WHY_UNKNOWN && l.class == FILE_TRANSPARENT)
			l.why = FILE_WHY_NAME;
		raise_to(&l, type_class(n.row, os), n.is_hiding ? FILE_WHY_HIDDEN : FILE_WHY_NAME);
	} else if (n.is_unknown) {
		raise_to(&l, FILE_OTHER, FILE_WHY_UNKNOWN);
	}
	if (n.is_reversed)
		raise_to(&l, FILE_EXECUTABLE, FILE_WHY_HIDDEN);
	return l;
}

static void say(struct file_class_r *r, enum file_class class, enum file_why why)
{
	if (class > r->class) {
		r->class = (uint8_t)class;
		r->why = (uint8_t)why;
	}
}

static void list(struct src *s, const struct file_ask *ask, struct file_class_r *r, bool *has_macro)
{
	struct listing *l = malloc(sizeof *l);

	if (l == NULL) {
		say(r, FILE_EXECUTABLE, FILE_WHY_LIMIT);
		return;
	}
	const char *slash = strrchr(ask->name, '/');
	list_members(s, slash ? slash + 1 : ask->name, ask->os, l);
	r->members = l->members;
	*has_macro |= l->has_macro;
	if (l->class > r->class)
		memcpy(r->member, l->member, sizeof r->member);
	say(r, l->class, l->why);
	const struct type_row *kind = l->first[0] ? type_of_format(l->first) : NULL;
	if (kind != NULL) {
		snprintf(r->format, sizeof r->format, "%s", kind->name);
		say(r, type_class(kind, ask->os), FILE_WHY_CONTENT);
	}
	free(l);
}

/* Names of macro and script parts: OLE's directory (UTF-16), PDF's dictionaries. Only for words to the user: a document is never
 * less than `other`, so what hides from this gains nothing. */
static bool finds_macro(struct rd head)
{
	static const char vba[] = "V\0B\0A\0", pdf[] = "/JavaScript", js[] = "/JS", launch[] = "/Launch";
	return memmem(head.at, head.left, vba, sizeof vba - 1) || memmem(head.at, head.left, pdf, sizeof pdf - 1) ||
	       memmem(head.at, head.left, js, sizeof js - 1) || memmem(head.at, head.left, launch, sizeof launch - 1);
}

static bool document_has_macro(struct src *s)
{
	enum { PIECE = 1024 * 1024, WORD = 16, PIECES = 16 };
	uint8_t *bytes = malloc(PIECE);
	bool found = false;

	for (uint64_t at = 0, i = 0; bytes != NULL && at < s->size && i < PIECES && !found; at += PIECE - WORD, i++) {
		size_t n = s->size - at < PIECE ? (size_t)(s->size - at) : PIECE;
		if (src_read(s, at, bytes, n) != OK)
			break;
		found = finds_macro(rd_of(bytes, n));
	}
	free(bytes);
	return found;
}

/* An OLE file says in its directory's root what it is; installers have a class id of their own (000c1084-0000-0000-c000-000000000046 and
 * its neighbours for patches and transforms). */
static bool ole_is_installer(struct src *s)
{
	uint8_t header[76], entry[128];
	if (src_read(s, 0, header, sizeof header) != OK)
		return false;
	unsigned shift = header[30] < 20 ? header[30] : 9;
	uint64_t sector = (uint64_t)header[48] | (uint64_t)header[49] << 8 | (uint64_t)header[50] << 16 | (uint64_t)header[51] << 24;
	if (src_read(s, (sector + 1) << shift, entry, sizeof entry) != OK)
		return false;
	static const uint8_t rest[] = { 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 };
	return entry[80] >= 0x82 && entry[80] <= 0x86 && memcmp(entry + 81, rest, sizeof rest) == 0;
}

enum err classify(struct src *s, const struct file_ask *ask, struct file_class_r *out)
{
	struct file_class_r r = { 0 };
	uint8_t *bytes = malloc(TYPE_HEAD);
	size_t n = s == NULL ? 0 : s->size < TYPE_HEAD ? (size_t)s->size : TYPE_HEAD;
	enum err err = bytes == NULL ? ERR_NOMEM : s != NULL ? src_read(s, 0, bytes, n) : OK;

	if (err != OK) {
		free(bytes);
		return err;
	}
	struct looked l = look_at(s != NULL, rd_of(bytes, n), ask->name, ask->os);
	bool is_unknown;
	const struct type_row *type = type_of_mime(ask->type, &is_unknown);
	r.class = (uint8_t)l.class;
	r.why = (uint8_t)l.why;
	snprintf(r.format, sizeof r.format, "%s", l.format);
	if (type != NULL) {
		if (r.format[0] == '\0')
			snprintf(r.format, sizeof r.format, "%s", type->name);
		if (r.why == FILE_WHY_UNKNOWN && r.class == FILE_TRANSPARENT)
			r.why = FILE_WHY_TYPE;
		say(&r, type_class(type, ask->os), FILE_WHY_TYPE);
	}
	/* Nothing at all says what it is. */
	if (is_unknown || r.why == FILE_WHY_UNKNOWN)
		say(&r, FILE_OTHER, FILE_WHY_UNKNOWN);
	bool has_macro = false;
	if (s != NULL && strcmp(l.format, "ole") == 0 && ole_is_installer(s)) {
		snprintf(r.format, sizeof r.format, "%s", "msi");
		say(&r, type_class(type_of_format("msi"), ask->os), FILE_WHY_CONTENT);
	} else if (s != NULL && (l.is_document || (type != NULL && type->is_document))) {
		has_macro = document_has_macro(s);
	}
	if (s != NULL && (l.is_archive || (type != NULL && type->is_archive)))
		list(s, ask, &r, &has_macro);
	if (has_macro && r.class <= FILE_OTHER) {
		r.class = FILE_OTHER;
		r.why = FILE_WHY_MACRO;
	}
	free(bytes);
	if (s != NULL)
		err = src_is_unchanged(s);
	if (err == OK)
		*out = r;
	return err;
}
