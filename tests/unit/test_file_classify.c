// Classes of files: by name, by content, by Content-Type, the most dangerous of the three; archives by their members.
// uses: host/parse/file/classify.c host/parse/file/list.c host/parse/file/types.c host/parse/file/src.c host/priv/filemsg.c host/priv/parsemsg.c host/base/rd.c host/base/buf.c host/base/err.c
// libs: -larchive
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "filesamples.h"
#include "parse/file/classify.h"

#include <archive.h>
#include <archive_entry.h>

#define X FILE_EXECUTABLE
#define O FILE_OTHER
#define T FILE_TRANSPARENT

static struct file_class_r look(const char *name, const char *type, uint8_t os, const void *bytes, size_t n)
{
	struct file_ask ask = { .os = os };
	struct file_class_r r;
	struct src s;
	snprintf(ask.name, sizeof ask.name, "%s", name);
	snprintf(ask.type, sizeof ask.type, "%s", type);
	if (!bytes) {
		assert_int_equal(classify(NULL, &ask, &r), OK);
		return r;
	}
	struct sample f = sample_of(bytes, n);
	assert_int_equal(src_open(&s, f.fd), OK);
	assert_int_equal(classify(&s, &ask, &r), OK);
	sample_free(&f);
	return r;
}

#define is(name, type, os, bytes, expected) is_at(__LINE__, name, type, os, bytes, bytes ? sizeof (bytes) - 1 : 0, expected)
static void is_at(int line, const char *name, const char *type, uint8_t os, const void *bytes, size_t n, enum file_class expected)
{
	struct file_class_r r = look(name, type, os, bytes, n);
	if (r.class != expected)
		fail_msg("line %d: %s, %s: %s, %s (%s %s)", line, name, type, file_class_word(r.class), file_why_word(r.why), r.format, r.member);
}

static const char *none;
#define NAME(name, os, expected) is_at(__LINE__, name, "", os, none, 0, expected)

static void names(void **state)
{
	(void)state;
	NAME("a.exe", FILE_ON_WINDOWS, X);
	NAME("a.exe", FILE_ON_LINUX, X);
	NAME("a.EXE", FILE_ON_LINUX, X);
	NAME("a.exe", FILE_ON_ANDROID, O);
	NAME("a.deb", FILE_ON_LINUX, X);
	NAME("a.deb", FILE_ON_WINDOWS, O);
	NAME("a.deb", FILE_ON_ANY, X);
	NAME("a.dmg", FILE_ON_MACOS, X);
	NAME("a.apk", FILE_ON_ANDROID, X);
	NAME("a.desktop", FILE_ON_LINUX, X);
	NAME("a.AppImage", FILE_ON_LINUX, X);
	NAME("a.jar", FILE_ON_LINUX, X);
	NAME("a.lnk", FILE_ON_WINDOWS, X);
	NAME("a.scf", FILE_ON_WINDOWS, X);
	NAME("a.hta", FILE_ON_WINDOWS, X);
	NAME("a.msi", FILE_ON_WINDOWS, X);
	NAME("a.ps1", FILE_ON_WINDOWS, X);
	NAME("a.command", FILE_ON_MACOS, X);
	NAME("a.txt", FILE_ON_ANY, T);
	NAME("a.html", FILE_ON_ANY, T);
	NAME("a.jpg", FILE_ON_ANY, T);
	NAME("a.png", FILE_ON_ANY, T);
	NAME("a.pdf", FILE_ON_ANY, O);
	NAME("a.docm", FILE_ON_ANY, O);
	NAME("a.svg", FILE_ON_ANY, O);
	NAME("a.zip", FILE_ON_ANY, O);
	NAME("a.unheardof", FILE_ON_ANY, O);
	NAME("", FILE_ON_ANY, O);
	NAME("folder.exe/a.txt", FILE_ON_ANY, T);
	NAME("C:\\x\\a.txt", FILE_ON_ANY, T);
}

static void names_that_hide(void **state)
{
	(void)state;
	static const struct { const char *name; enum file_class class; bool hides; } rows[] = {
		{ "invoice.pdf.exe", X, true }, { "photo.jpg.scr", X, true }, { "a.exe.", X, true }, { "a.exe ", X, true }, { "a.exe . .", X, true },
		{ "photo.jpg                                   .exe", X, true }, { "a.exe:stream", X, true }, { "a.exe::$DATA", X, true },
		{ "a.e\xe2\x80\x8bxe", X, true }, { "a.exe\xe2\x80\x8b", X, true }, { "a\xef\xbc\x8e\xef\xbd\x85\xef\xbd\x98\xef\xbd\x85", X, true },
		{ "photo\xe2\x80\xaegpj.exe", X, false }, { "anything\xe2\x80\xae.txt", X, true }, { "anything\xe2\x81\xa6.txt", X, true },
		{ "a\n.txt", X, true }, { "a\x1b[2J.txt", X, true }, { "a.txt.gz", O, false }, { "a.tar.gz", O, false }, { "a. exe", X, false },
		{ ".exe", O, false }, { "exe", O, false }, { "\xd9\x85\xd9\x84\xd9\x81\xe2\x80\x8f.txt", T, false }, { "a.exe.txt", T, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct file_class_r r = look(rows[i].name, "", FILE_ON_WINDOWS, NULL, 0);
		if (r.class != rows[i].class || (rows[i].hides && r.why != FILE_WHY_HIDDEN))
			fail_msg("%s: %s, %s", rows[i].name, file_class_word(r.class), file_why_word(r.why));
	}
}

static void contents(void **state)
{
	(void)state;
	is("a.txt", "text/plain", FILE_ON_ANY, "hello\n", T);
	is("readme", "", FILE_ON_ANY, "hello\n", T);
	is("a.txt", "text/plain", FILE_ON_ANY, "", T);
	is("a.txt", "text/plain", FILE_ON_LINUX, "\x7f" "ELF\2\1\1", X);
	is("a.txt", "text/plain", FILE_ON_ANY, "#!/bin/sh\n", X);
	is("a.txt", "text/plain", FILE_ON_WINDOWS, "#!/bin/sh\n", O);
	is("a.jpg", "image/jpeg", FILE_ON_ANY, "MZ\x90", X);
	is("a.jpg", "image/jpeg", FILE_ON_ANY, "\xff\xd8\xff\xe0", T);
	is("a.jpg", "application/octet-stream", FILE_ON_ANY, "\xff\xd8\xff\xe0", T);
	is("a.jpg", "application/x-msdownload", FILE_ON_ANY, "\xff\xd8\xff\xe0", X);
	is("a.jpg", "Application/X-MSDownload; charset=utf-8", FILE_ON_ANY, "\xff\xd8\xff\xe0", X);
	is("a.jpg", "x/y", FILE_ON_ANY, "\xff\xd8\xff\xe0", O);
	is("a.exe", "image/jpeg", FILE_ON_ANY, "\xff\xd8\xff\xe0", X);
	is("a.jpg", "image/jpeg", FILE_ON_ANY, "\0\1\2\3\4", O);
	is("a", "", FILE_ON_MACOS, "\xcf\xfa\xed\xfe\7\0\0\1", X);
	is("a", "", FILE_ON_ANY, "\xca\xfe\xba\xbe\0\0\0\x34", X);
	is("a", "", FILE_ON_WINDOWS, "L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F", X);
	is("a.pdf", "application/pdf", FILE_ON_ANY, "%PDF-1.7\n", O);
	is("a.html", "text/html", FILE_ON_ANY, "<!DOCTYPE html><script>", T);
	is("a.svg", "image/svg+xml", FILE_ON_ANY, "<svg>", O);
	struct file_class_r r = look("a.pdf", "", FILE_ON_ANY, "%PDF-1.7\n1 0 obj<</S/JavaScript/JS(app.alert\\(1\\))>>", 52);
	assert_int_equal(r.class, O);
	assert_int_equal(r.why, FILE_WHY_MACRO);
}

/* ---- archives ---- */

struct member { const char *name, *bytes; size_t n; };
#define M(name, bytes) { name, bytes, sizeof (bytes) - 1 }

static uint8_t packed[1 << 20];

static size_t pack(const char *format, const char *filter, const char *password, const struct member *m, size_t n)
{
	struct archive *a = archive_write_new();
	size_t used = 0;
	assert_true(archive_write_set_format_by_name(a, format) >= ARCHIVE_WARN);
	if (filter)
		assert_int_equal(archive_write_add_filter_by_name(a, filter), ARCHIVE_OK);
	if (password) {
		assert_int_equal(archive_write_set_options(a, "zip:encryption=zipcrypt"), ARCHIVE_OK);
		assert_int_equal(archive_write_set_passphrase(a, password), ARCHIVE_OK);
	}
	assert_int_equal(archive_write_open_memory(a, packed, sizeof packed, &used), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++) {
		struct archive_entry *e = archive_entry_new();
		archive_entry_set_pathname(e, m[i].name);
		archive_entry_set_size(e, (la_int64_t)m[i].n);
		archive_entry_set_filetype(e, AE_IFREG);
		archive_entry_set_perm(e, 0644);
		assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
		assert_int_equal(archive_write_data(a, m[i].bytes, m[i].n), (la_ssize_t)m[i].n);
		archive_entry_free(e);
	}
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return used;
}

static const struct member harmless[] = { M("a.txt", "hello\n"), M("b/c.jpg", "\xff\xd8\xff\xe0 jpeg"), M("b/d.html", "<html>") };
static const struct member program[] = { M("a.txt", "hello\n"), M("b/setup", "\x7f" "ELF\2\1\1") };
static const struct member named[] = { M("a.txt", "hello\n"), M("b/setup.exe", "hello") };
static const struct member climbing[] = { M("a.txt", "hello\n"), M("../../b.txt", "hello") };

static const struct { const char *format, *filter, *name; } kinds[] = {
	{ "zip", NULL, "a.zip" }, { "gnutar", NULL, "a.tar" }, { "pax", "gzip", "a.tar.gz" }, { "ustar", "xz", "a.tar.xz" }, { "gnutar", "bzip2", "a.tbz2" },
	{ "gnutar", "zstd", "a.tar.zst" }, { "7zip", NULL, "a.7z" }, { "iso9660", NULL, "a.iso" }, { "newc", NULL, "a.cpio" }, { "xar", NULL, "a.xar" },
	{ "arbsd", NULL, "a.ar" }, { "gnutar", "lz4", "a.tar.lz4" }, { "gnutar", "compress", "a.tar.Z" }, { "warc", NULL, "a.warc" },
};

static void archives(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const char *name = kinds[i].name;
		bool flat = strcmp(kinds[i].format, "arbsd") == 0, warc = strcmp(kinds[i].format, "warc") == 0;
		size_t n = pack(kinds[i].format, kinds[i].filter, NULL, harmless, flat ? 1 : 3);
		is_at(__LINE__, name, "", FILE_ON_LINUX, packed, n, O);
		/* By its content alone, too. */
		is_at(__LINE__, "", "", FILE_ON_LINUX, packed, n, O);
		struct file_class_r r = look(name, "", FILE_ON_LINUX, packed, n);
		assert_true(r.members >= 1);
		n = pack(kinds[i].format, kinds[i].filter, NULL, flat ? program + 1 : program, flat ? 1 : 2);
		is_at(__LINE__, name, "", FILE_ON_LINUX, packed, n, X);
		if (!flat && !warc) {
			r = look(name, "", FILE_ON_LINUX, packed, n);
			assert_int_equal(r.why, FILE_WHY_MEMBER);
			assert_non_null(strstr(r.member, "b/setup"));
		}
		n = pack(kinds[i].format, kinds[i].filter, NULL, flat ? named + 1 : named, flat ? 1 : 2);
		is_at(__LINE__, name, "", FILE_ON_LINUX, packed, n, X);
	}
	size_t n = pack("gnutar", NULL, NULL, climbing, 2);
	is_at(__LINE__, "a.tar", "", FILE_ON_LINUX, packed, n, X);
	/* A single file packed is judged as that file. */
	n = pack("raw", "gzip", NULL, program + 1, 1);
	is_at(__LINE__, "a.gz", "", FILE_ON_LINUX, packed, n, X);
	n = pack("raw", "gzip", NULL, harmless, 1);
	is_at(__LINE__, "a.txt.gz", "", FILE_ON_LINUX, packed, n, O);
	is_at(__LINE__, "a.sh.gz", "", FILE_ON_LINUX, packed, n, X);
}

static void not_listed(void **state)
{
	(void)state;
	size_t n = pack("zip", NULL, "secret", harmless, 3);
	struct file_class_r r = look("a.zip", "", FILE_ON_LINUX, packed, n);
	assert_int_equal(r.class, X);
	assert_int_equal(r.why, FILE_WHY_ENCRYPTED);
	/* What says it is an archive and isn't. */
	is("a.zip", "", FILE_ON_LINUX, "hello", X);
	is("a.7z", "", FILE_ON_LINUX, "\xff\xd8\xff\xe0", X);
	is("a.jpg", "application/zip", FILE_ON_LINUX, "\xff\xd8\xff\xe0", X);
	is("a.dmg", "", FILE_ON_LINUX, "koly", X);
	is("a.ace", "", FILE_ON_LINUX, "hello", X);
	/* Cut at every byte: a zip file without its directory can't be listed. */
	n = pack("zip", NULL, NULL, harmless, 3);
	for (size_t cut = 4; cut < n; cut++)
		is_at(__LINE__, "a.zip", "", FILE_ON_LINUX, packed, cut, X);
	n = pack("7zip", NULL, NULL, harmless, 3);
	for (size_t cut = 6; cut < n; cut++)
		is_at(__LINE__, "a.7z", "", FILE_ON_LINUX, packed, cut, X);
	/* Of a packed tar the end must be there. */
	n = pack("gnutar", "xz", NULL, harmless, 3);
	for (size_t cut = 6; cut < n; cut++)
		is_at(__LINE__, "a.tar.xz", "", FILE_ON_LINUX, packed, cut, X);
}

/* Two readings of a zip file: what stands in the directory, and what stands before it. */
static void two_readings(void **state)
{
	(void)state;
	static uint8_t both[1 << 16];
	size_t n = pack("zip", NULL, NULL, named, 2);
	/* The first one's members without their directory, then a harmless file whose offsets are wrong by that much: as programs
	 * that look from the end repair it. */
	uint8_t *cd = memmem(packed, n, "PK\1\2", 4);
	assert_non_null(cd);
	size_t head = (size_t)(cd - packed);
	memcpy(both, packed, head);
	size_t more = pack("zip", NULL, NULL, harmless, 3);
	memcpy(both + head, packed, more);
	is_at(__LINE__, "a.zip", "", FILE_ON_LINUX, both, head + more, X);
}

static void nested(void **state)
{
	(void)state;
	static uint8_t inner[1 << 20];
	size_t n = pack("zip", NULL, NULL, program, 2);
	for (unsigned depth = 1; depth <= FILE_DEPTH_MAX + 1; depth++) {
		memcpy(inner, packed, n);
		const struct member m[] = { { "x.bin-", (char *)inner, n }, };
		n = pack(depth % 2 ? "gnutar" : "zip", depth % 2 ? "gzip" : NULL, NULL, m, 1);
		struct file_class_r r = look("a", "", FILE_ON_LINUX, packed, n);
		assert_int_equal(r.class, X);
		assert_int_equal(r.why, depth <= FILE_DEPTH_MAX ? FILE_WHY_MEMBER : FILE_WHY_LIMIT);
	}
	/* Harmless ones stay harmless, down to the limit. */
	n = pack("zip", NULL, NULL, harmless, 3);
	for (unsigned depth = 1; depth <= FILE_DEPTH_MAX + 1; depth++) {
		memcpy(inner, packed, n);
		const struct member m[] = { { "x.zip", (char *)inner, n }, };
		n = pack("zip", NULL, NULL, m, 1);
		is_at(__LINE__, "a.zip", "", FILE_ON_LINUX, packed, n, depth <= FILE_DEPTH_MAX ? O : X);
	}
	/* An encrypted one inside counts as what it may hold. */
	n = pack("zip", NULL, "secret", harmless, 3);
	memcpy(inner, packed, n);
	const struct member m[] = { { "x.zip", (char *)inner, n }, };
	n = pack("gnutar", NULL, NULL, m, 1);
	struct file_class_r r = look("a.tar", "", FILE_ON_LINUX, packed, n);
	assert_int_equal(r.class, X);
	assert_int_equal(r.why, FILE_WHY_ENCRYPTED);
	assert_string_equal(r.member, "x.zip");
}

static void documents(void **state)
{
	(void)state;
	static const struct member plain[] = { M("[Content_Types].xml", "<?xml?>"), M("word/document.xml", "<?xml?>") };
	static const struct member macro[] = { M("[Content_Types].xml", "<?xml?>"), M("word/vbaProject.bin", "\1\2\3") };
	static const struct member odf[] = { M("mimetype", "application/vnd.oasis.opendocument.text"), M("Basic/Standard/Module1.xml", "<?xml?>") };
	static const struct member jar[] = { M("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n"), M("a.txt", "x") };
	static const struct member apk[] = { M("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n"), M("AndroidManifest.xml", "\3\0\10\0") };
	struct file_class_r r = look("a.docx", "", FILE_ON_ANY, packed, pack("zip", NULL, NULL, plain, 2));
	if (r.class != O)
		fail_msg("%s %s %s", r.format, r.member, file_why_word(r.why));
	assert_string_equal(r.format, "ooxml");
	r = look("a.docx", "", FILE_ON_LINUX, packed, pack("zip", NULL, NULL, macro, 2));
	assert_int_equal(r.class, O);
	assert_int_equal(r.why, FILE_WHY_MACRO);
	r = look("a.odt", "", FILE_ON_LINUX, packed, pack("zip", NULL, NULL, odf, 2));
	assert_int_equal(r.class, O);
	assert_int_equal(r.why, FILE_WHY_MACRO);
	/* Kinds of zip are told by what is in them, whatever their names. */
	r = look("a.zip", "", FILE_ON_LINUX, packed, pack("zip", NULL, NULL, jar, 2));
	assert_int_equal(r.class, X);
	assert_string_equal(r.format, "jar");
	r = look("a.zip", "", FILE_ON_ANDROID, packed, pack("zip", NULL, NULL, apk, 2));
	assert_int_equal(r.class, X);
	assert_string_equal(r.format, "apk");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names), cmocka_unit_test(names_that_hide), cmocka_unit_test(contents), cmocka_unit_test(archives),
		cmocka_unit_test(not_listed), cmocka_unit_test(two_readings), cmocka_unit_test(nested), cmocka_unit_test(documents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
