/* Listing archives with libarchive (contract in list.h). */
#include "parse/file/list.h"

#include "parse/file/classify.h"
#include "parse/file/types.h"
#include "priv/parsemsg.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_BYTES (64u * 1024)

/* Where an archive's bytes come from: the file, or a member of the archive around it of which kept is the beginning. */
struct from {
	struct src *s;
	uint64_t at;
	struct archive *outer;
	const uint8_t *kept;
	size_t n_kept;
	uint8_t bytes[READ_BYTES];
};

struct walk {
	struct src *s;             /* for its sign of life */
	uint8_t os;
	uint64_t unpacked;
	struct listing *out;
	bool is_over;              /* nothing can change the class any more */
};

static void raise_to(struct walk *w, enum file_class class, enum file_why why, const char *member)
{
	if (class <= w->out->class)
		return;
	w->out->class = class;
	w->out->why = why;
	w->is_over = class == FILE_EXECUTABLE;
	/* Whatever bytes it has, main gets clean ones; cut between characters. */
	size_t n = 0, cap = sizeof w->out->member - 1;
	for (const char *c = member; *c && n < cap; c++)
		w->out->member[n++] = (uint8_t)*c < 0x20 || *c == 0x7f ? '?' : *c;
	for (size_t cut = 0; cut < 4 && !parsemsg_is_clean(w->out->member, n) && n > 0; cut++)
		n--;
	if (!parsemsg_is_clean(w->out->member, n))
		for (size_t i = 0; i < n; i++)
			if ((uint8_t)w->out->member[i] >= 0x80)
				w->out->member[i] = '?';
	w->out->member[n] = '\0';
}

/* ---- libarchive's ends ---- */

static la_ssize_t from_file(struct archive *a, void *arg, const void **bytes)
{
	struct from *f = arg;
	uint64_t left = f->s->size > f->at ? f->s->size - f->at : 0;
	size_t n = left < sizeof f->bytes ? (size_t)left : sizeof f->bytes;

	if (src_read(f->s, f->at, f->bytes, n) != OK) {
		archive_set_error(a, EIO, "reading failed");
		return -1;
	}
	f->at += n;
	*bytes = f->bytes;
	return (la_ssize_t)n;
}

static la_int64_t skip_file(struct archive *a, void *arg, la_int64_t n)
{
	struct from *f = arg;
	uint64_t left = f->s->size > f->at ? f->s->size - f->at : 0, want = n > 0 ? (uint64_t)n : 0;

	(void)a;
	want = want < left ? want : left;
	f->at += want;
	return (la_int64_t)want;
}

static la_int64_t seek_file(struct archive *a, void *arg, la_int64_t offset, int whence)
{
	struct from *f = arg;
	int64_t base = whence == SEEK_CUR ? (int64_t)f->at : whence == SEEK_END ? (int64_t)f->s->size : 0, at;

	(void)a;
	if (__builtin_add_overflow(base, offset, &at) || at < 0 || (uint64_t)at > f->s->size)
		return ARCHIVE_FATAL;
	f->at = (uint64_t)at;
	return at;
}

static la_ssize_t from_member(struct archive *a, void *arg, const void **bytes)
{
	struct from *f = arg;

	if (f->n_kept > 0) {
		size_t n = f->n_kept;
		*bytes = f->kept;
		f->n_kept = 0;
		return (la_ssize_t)n;
	}
	la_ssize_t n = archive_read_data(f->outer, f->bytes, sizeof f->bytes);
	if (n < 0) {
		archive_set_error(a, EIO, "the archive around it is damaged");
		return -1;
	}
	*bytes = f->bytes;
	return n;
}

enum zip_reading { ZIP_BY_DIRECTORY, ZIP_BY_HEADERS };

/* Every format and filter that libarchive reads by itself, without other programs. */
static struct archive *reader_new(enum zip_reading zip)
{
	struct archive *a = archive_read_new();
	bool ok = a != NULL;

	if (!ok)
		return NULL;
	int (*const all[])(struct archive *) = {
		archive_read_support_filter_bzip2, archive_read_support_filter_compress, archive_read_support_filter_gzip,
		archive_read_support_filter_lz4, archive_read_support_filter_lzip, archive_read_support_filter_lzma,
		archive_read_support_filter_xz, archive_read_support_filter_zstd, archive_read_support_filter_rpm,
		archive_read_support_filter_uu, archive_read_support_format_7zip, archive_read_support_format_ar,
		archive_read_support_format_cab, archive_read_support_format_cpio, archive_read_support_format_empty,
		archive_read_support_format_iso9660, archive_read_support_format_lha, archive_read_support_format_rar,
		archive_read_support_format_rar5, archive_read_support_format_raw, archive_read_support_format_tar,
		archive_read_support_format_warc, archive_read_support_format_xar,
		zip == ZIP_BY_DIRECTORY ? archive_read_support_format_zip_seekable : archive_read_support_format_zip_streamable,
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		ok &= all[i](a) >= ARCHIVE_WARN;
	if (ok)
		return a;
	archive_read_free(a);
	return NULL;
}

/* ---- members ---- */

enum walked { WALKED, WALK_DAMAGED, WALK_ENCRYPTED, WALK_LIMIT };

static enum walked walk(struct walk *w, struct archive *a, unsigned depth, const char *path, const char *name);

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* "../x" is written outside of the folder that the archive is unpacked into. */
static bool climbs(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
		if ((at == path || at[-1] == '/' || at[-1] == '\\') && (at[2] == '\0' || at[2] == '/' || at[2] == '\\'))
			return true;
	return false;
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* Formats that are zip files with certain members. Of several marks the last row's counts. */
static void take_mark(struct walk *w, const char *path, struct rd head)
{
	static const struct { const char *path, *format; } marks[] = {
		{ "[Content_Types].xml", "ooxml" }, { "META-INF/MANIFEST.MF", "jar" }, { "META-INF/mozilla.rsa", "xpi" },
		{ "META-INF/cose.manifest", "xpi" }, { "install.rdf", "xpi" }, { "AppxManifest.xml", "appx" },
		{ "AppxMetadata/AppxBundleManifest.xml", "appx" }, { "AndroidManifest.xml", "apk" },
	};
	static const char odf[] = "application/vnd.oasis.opendocument", epub[] = "application/epub";
	size_t now = 0;

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		if (strcmp(w->out->first, marks[i].format) == 0)
			now = i;
		if (strcmp(path, marks[i].path) == 0 && i >= now)
			snprintf(w->out->first, sizeof w->out->first, "%s", marks[i].format);
	}
	if (strcmp(path, "mimetype") == 0 && head.left >= sizeof odf - 1 && memcmp(head.at, odf, sizeof odf - 1) == 0)
		snprintf(w->out->first, sizeof w->out->first, "%s", "odf");
	if (strcmp(path, "mimetype") == 0 && head.left >= sizeof epub - 1 && memcmp(head.at, epub, sizeof epub - 1) == 0)
		snprintf(w->out->first, sizeof w->out->first, "%s", "epub");
	if (strstr(path, "vbaProject") || strstr(path, "macrosheets/") || begins(path, "Basic/") || begins(path, "Scripts/"))
		w->out->has_macro = true;
}

/* Reads on until bytes hold n; *got: how many there are. */
static enum walked take_bytes(struct walk *w, struct archive *a, uint8_t *bytes, size_t n, size_t *got)
{
	while (*got < n) {
		la_ssize_t more = archive_read_data(a, bytes + *got, n - *got);
		if (more < 0)
			return archive_read_has_encrypted_entries(a) > 0 ? WALK_ENCRYPTED : WALK_DAMAGED;
		if (more == 0)
			break;
		*got += (size_t)more;
		w->unpacked += (uint64_t)more;
	}
	return WALKED;
}

static enum walked open_and_walk(struct walk *w, struct archive *a, int opened, unsigned depth, const char *path)
{
	enum walked how = opened < ARCHIVE_WARN ? WALK_DAMAGED : walk(w, a, depth, path, base_name(path));
	if (how == WALK_DAMAGED && archive_read_has_encrypted_entries(a) > 0)
		how = WALK_ENCRYPTED;
	archive_read_free(a);
	return how;
}

static bool is_zip(struct rd head)
{
	return head.left >= 4 && memcmp(head.at, "PK", 2) == 0;
}

/* An archive whole in memory. A zip file is read both ways that programs read it; one that is only damaged the other way is
 * judged by its directory alone, as most do. */
static enum walked walk_memory(struct walk *w, struct rd bytes, unsigned depth, const char *path)
{
	enum walked how = WALK_DAMAGED;

	for (enum zip_reading zip = ZIP_BY_DIRECTORY; zip <= ZIP_BY_HEADERS && !w->is_over; zip++) {
		struct archive *a = reader_new(zip);
		if (a == NULL)
			return WALK_DAMAGED;
		enum walked mine = open_and_walk(w, a, archive_read_open_memory(a, bytes.at, bytes.left), depth, path);
		if (zip == ZIP_BY_DIRECTORY || mine == WALK_ENCRYPTED || mine == WALK_LIMIT)
			how = mine;
		if (how != WALKED || !is_zip(bytes))
			break;
	}
	return how;
}

/* A larger one, read while it is unpacked. */
static enum walked walk_stream(struct walk *w, struct archive *outer, const uint8_t *bytes, size_t n, unsigned depth, const char *path)
{
	struct archive *a = reader_new(ZIP_BY_HEADERS);
	struct from *f = calloc(1, sizeof *f);
	enum walked how = WALK_DAMAGED;

	if (a != NULL && f != NULL) {
		f->outer = outer;
		f->kept = bytes;
		f->n_kept = n;
		how = open_and_walk(w, a, archive_read_open(a, f, NULL, from_member, NULL), depth, path);
	} else {
		archive_read_free(a);
	}
	free(f);
	return how;
}

static enum walked walk_nested(struct walk *w, struct archive *outer, struct rd head, unsigned depth, const char *path)
{
	size_t n = head.left;

	if (depth >= FILE_DEPTH_MAX)
		return WALK_LIMIT;
	uint8_t *bytes = malloc(FILE_NESTED_MAX);
	if (bytes == NULL)
		return WALK_LIMIT;
	memcpy(bytes, head.at, head.left);
	enum walked how = take_bytes(w, outer, bytes, FILE_NESTED_MAX, &n);
	if (how == WALKED && n < FILE_NESTED_MAX)
		how = walk_memory(w, rd_of(bytes, n), depth + 1, path);
	else if (how == WALKED)
		how = walk_stream(w, outer, bytes, n, depth + 1, path);
	free(bytes);
	return how;
}

static void not_listed(struct walk *w, enum walked how, const char *path)
{
	static const enum file_why whys[] = { [WALK_DAMAGED] = FILE_WHY_DAMAGED, [WALK_ENCRYPTED] = FILE_WHY_ENCRYPTED,
	                                      [WALK_LIMIT] = FILE_WHY_LIMIT };
	if (how != WALKED)
		raise_to(w, FILE_EXECUTABLE, whys[how], path);
}

/* One member that is a file. path: from the outermost archive on. */
static enum walked member(struct walk *w, struct archive *a, unsigned depth, const char *path, const char *own, bool is_zip_member)
{
	uint8_t *bytes = malloc(TYPE_HEAD);
	size_t n = 0;
	if (bytes == NULL)
		return WALK_LIMIT;
	enum walked how = take_bytes(w, a, bytes, TYPE_HEAD, &n);
	struct rd head = rd_of(bytes, n);
	if (how == WALKED) {
		struct looked l = look_at(true, head, base_name(own), w->os);
		raise_to(w, climbs(own) ? FILE_EXECUTABLE : l.class, climbs(own) ? FILE_WHY_HIDDEN : FILE_WHY_MEMBER, path);
		if (depth == 0 && is_zip_member)
			take_mark(w, own, head);
		if (l.is_archive && !w->is_over)
			not_listed(w, walk_nested(w, a, head, depth, path), path);
	}
	free(bytes);
	return how;
}

/* The rest of a member is unpacked only where the next one can't be found without: libarchive does that in its own loops, so
 * large ones are counted here first. */
static enum walked pass_over(struct walk *w, struct archive *a)
{
	uint8_t bytes[READ_BYTES];
	bool is_packed_whole = archive_filter_count(a) > 1;

	while (is_packed_whole && w->unpacked <= FILE_UNPACKED_MAX) {
		la_ssize_t n = archive_read_data(a, bytes, sizeof bytes);
		if (n < 0)
			return WALK_DAMAGED;
		if (n == 0)
			return WALKED;
		w->unpacked += (uint64_t)n;
		src_worked(w->s, (uint64_t)n);
	}
	return is_packed_whole ? WALK_LIMIT : WALKED;
}

static enum walked walk(struct walk *w, struct archive *a, unsigned depth, const char *path, const char *name)
{
	struct archive_entry *e;
	char own[FILE_MEMBER_MAX], full[2 * FILE_MEMBER_MAX];
	int got;

	while (!w->is_over && (got = archive_read_next_header(a, &e)) != ARCHIVE_EOF) {
		if (got < ARCHIVE_WARN)
			return WALK_DAMAGED;
		int format = archive_format(a) & ARCHIVE_FORMAT_BASE_MASK;
		/* Bytes that no filter took are no archive at all. */
		if (format == ARCHIVE_FORMAT_RAW && archive_filter_count(a) <= 1)
			return WALK_DAMAGED;
		if (archive_entry_is_encrypted(e))
			return WALK_ENCRYPTED;
		if (++w->out->members > FILE_MEMBERS_MAX || w->unpacked > FILE_UNPACKED_MAX)
			return WALK_LIMIT;
		const char *p = archive_entry_pathname_utf8(e);
		p = p != NULL ? p : archive_entry_pathname(e);
		if (format == ARCHIVE_FORMAT_RAW) {
			/* "a.tar.gz" holds "a.tar", whatever the name inside says. */
			snprintf(own, sizeof own, "%s", name);
			char *dot = strrchr(own, '.');
			if (dot != NULL && dot != own)
				*dot = '\0';
		} else {
			snprintf(own, sizeof own, "%s", p != NULL ? p : "");
		}
		snprintf(full, sizeof full, "%s%s%s", path, *path ? "/" : "", own);
		src_worked(w->s, 4096);
		if (archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e) != NULL) {
			if (climbs(own))
				raise_to(w, FILE_EXECUTABLE, FILE_WHY_HIDDEN, full);
			continue;
		}
		enum walked how = member(w, a, depth, full, own, format == ARCHIVE_FORMAT_ZIP);
		if (how == WALKED && !w->is_over)
			how = pass_over(w, a);
		if (how != WALKED)
			return how;
	}
	return WALKED;
}

/* ---- the file itself ---- */

static enum walked walk_file(struct walk *w, const char *name, enum zip_reading zip)
{
	struct archive *a = reader_new(zip);
	struct from *f = calloc(1, sizeof *f);
	enum walked how = WALK_LIMIT;

	if (a != NULL && f != NULL) {
		f->s = w->s;
		archive_read_set_read_callback(a, from_file);
		archive_read_set_skip_callback(a, skip_file);
		archive_read_set_seek_callback(a, seek_file);
		archive_read_set_callback_data(a, f);
		how = archive_read_open1(a) < ARCHIVE_WARN ? WALK_DAMAGED : walk(w, a, 0, "", name);
		if (how == WALK_DAMAGED && archive_read_has_encrypted_entries(a) > 0)
			how = WALK_ENCRYPTED;
	}
	archive_read_free(a);
	free(f);
	return how;
}

void list_members(struct src *s, const char *name, uint8_t os, struct listing *out)
{
	struct walk w = { .s = s, .os = os, .out = out };
	uint8_t head[4] = { 0 };

	*out = (struct listing){ .class = FILE_TRANSPARENT, .why = FILE_WHY_MEMBER };
	not_listed(&w, walk_file(&w, name, ZIP_BY_DIRECTORY), "");
	/* As walk_memory. */
	if (!w.is_over && s->size >= 4 && src_read(s, 0, head, 4) == OK && is_zip(rd_of(head, 4))) {
		enum walked how = walk_file(&w, name, ZIP_BY_HEADERS);
		if (how != WALK_DAMAGED)
			not_listed(&w, how, "");
	}
}
