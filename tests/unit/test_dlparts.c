// What downloads read of strangers' header lines and bodies, and what they call a file: digests, Content-Range, multipart/byteranges at every split and
// cut, names; and the arithmetic of samples against drawing them.
// uses: host/feature/dlname.c host/feature/dldigest.c host/feature/dlranges.c host/feature/dlfile.c host/priv/fetchmsg.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -lsodium -lm
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "feature/dldigest.h"
#include "feature/dlname.h"
#include "feature/dlranges.h"
#include <sodium.h>
#include <stdio.h>

static void name_is(const char *name, const char *url, const char *want)
{
	char out[DL_NAME_MAX + 1];
	dlname_clean(name, url, out);
	assert_string_equal(out, want);
}

static void names(void **state)
{
	(void)state;
	name_is("setup.exe", "", "setup.exe");
	name_is("../../etc/passwd", "", "passwd");
	name_is("..\\..\\boot.ini", "", "boot.ini");
	name_is("/", "", "_");
	name_is(".bashrc", "", "bashrc");
	name_is("..", "", "download");
	name_is("a\tb\nc", "", "a_b_c");
	name_is("gpj.\xe2\x80\xae" "exe.scr", "", "gpj._exe.scr");
	name_is("a\xe2\x80\x8b.exe", "", "a_.exe");
	name_is("a\xff\xfe.exe", "", "a__.exe");
	name_is("a\xc0\xaf" "b", "", "a__b");
	name_is("con", "", "_con");
	name_is("COM1.txt", "", "_COM1.txt");
	name_is("comX.txt", "", "comX.txt");
	name_is("nul.tar.gz", "", "_nul.tar.gz");
	name_is("a<b>c:d|e?f*g\"h", "", "a_b_c_d_e_f_g_h");
	name_is("name. ", "", "name");
	name_is("Prüfung 日本.pdf", "", "Prüfung 日本.pdf");
	name_is("", "http://a.test/x/my%20setup.exe?b/c#d/e", "my setup.exe");
	name_is("", "http://a.test/x/%2e%2e%2fpasswd", "passwd");
	name_is("", "http://a.test/x/%00%0a", "__");
	name_is("", "http://a.test/", "download");
	name_is("", "http://a.test", "download");
	name_is("", "http://a.test/%zz%4", "%zz%4");
	char out[DL_NAME_MAX + 1], longer[600];
	memset(longer, 'x', sizeof longer);
	memcpy(longer + 590, ".tar.gz", 8);
	dlname_clean(longer, "", out);
	assert_int_equal(strlen(out), DL_NAME_MAX - DL_NAME_ROOM);
	assert_string_equal(out + strlen(out) - 7, ".tar.gz");
	for (size_t i = 0; i + 3 < sizeof longer; i += 3)
		memcpy(longer + i, "日", 3);
	longer[597] = '\0';
	dlname_clean(longer, "", out);
	assert_in_range(strlen(out), 200, DL_NAME_MAX - DL_NAME_ROOM);
	assert_int_equal(strlen(out) % 3, 0);
	/* Whatever the bytes are: never empty, no separator, no dot in front, ends well. */
	for (int i = 0; i < 200000; i++) {
		char raw[40];
		randombytes_buf(raw, sizeof raw);
		raw[i % 40] = '\0';
		dlname_clean(raw, "http://a.test/", out);
		assert_true(out[0] != '\0' && out[0] != '.' && strlen(out) <= DL_NAME_MAX - DL_NAME_ROOM && strpbrk(out, "/\\:*?\"<>|\n\r\t") == NULL);
	}
	dlname_numbered("setup.exe", 0, out);
	assert_string_equal(out, "setup.exe");
	dlname_numbered("a.tar.gz", 2, out);
	assert_string_equal(out, "a(2).tar.gz");
	dlname_numbered("noext", 3, out);
	assert_string_equal(out, "noext(3)");
	assert_true(dlname_may_commit("http://a.test/setup.EXE?x=a.txt") && dlname_may_commit("a.ab12.msi.part") && !dlname_may_commit("exe") &&
	            !dlname_may_commit("http://a.test/a.txt?b.exe"));
}

static void content_ranges(void **state)
{
	(void)state;
	uint64_t a = 9, b = 9, n = 9;
	assert_true(dl_content_range_read("bytes 0-99/1000", &a, &b, &n) && a == 0 && b == 99 && n == 1000);
	assert_true(dl_content_range_read("Bytes 5-5/6", &a, &b, &n));
	static const char *const bad[] = { "", "bytes", "bytes ", "bytes 0-99", "bytes 0-99/", "bytes 0-99/*", "bytes */1000", "bytes 5-4/10", "bytes 0-10/10",
		"bytes -1-3/10", "bytes 0-9/10 ", "bytes 0-9/10x", "items 0-9/10", "bytes 99999999999999999999-1/2", "bytes 0-18446744073709551615/18446744073709551616",
		"bytes 0 -9/10", "bytes 0-9 /10", "bytes 0x0-9/10", "bytes +0-9/10" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(dl_content_range_read(bad[i], &a, &b, &n));
	char out[71];
	assert_true(dl_boundary_read("multipart/byteranges; boundary=abc", out) && strcmp(out, "abc") == 0);
	assert_true(dl_boundary_read("Multipart/ByteRanges;boundary=\"a b\"; x=y", out) && strcmp(out, "a b") == 0);
	assert_false(dl_boundary_read("multipart/byteranges", out));
	assert_false(dl_boundary_read("multipart/byteranges; boundary=", out));
	assert_false(dl_boundary_read("multipart/byteranges; boundary=\"abc", out));
	assert_false(dl_boundary_read("multipart/mixed; boundary=abc", out));
	char longer[200] = "multipart/byteranges; boundary=";
	memset(longer + 31, 'b', 71);
	assert_false(dl_boundary_read(longer, out));
}

/* ---- multipart ---- */

static uint8_t file[5000];
static const struct dl_range want[] = { { 10, 20 }, { 100, 1 }, { 4000, 1000 } };
static struct { uint64_t at; size_t n; bool wrong; } taken;

static void part(void *arg, uint64_t offset, const uint8_t *bytes, size_t n)
{
	(void)arg;
	taken.wrong |= offset + n > sizeof file || memcmp(file + offset, bytes, n) != 0;
	taken.n += n;
	taken.at = offset;
}

static size_t body_of(uint8_t *out, const char *end_of_line)
{
	size_t n = 0;
	for (size_t i = 0; i < 3; i++) {
		n += (size_t)sprintf((char *)out + n, "%s--B%sContent-Type: x/y%scontent-range:  bytes %llu-%llu/5000%s%s", i ? end_of_line : "", end_of_line, end_of_line,
		                     (unsigned long long)want[i].offset, (unsigned long long)(want[i].offset + want[i].length - 1), end_of_line, end_of_line);
		memcpy(out + n, file + want[i].offset, want[i].length);
		n += want[i].length;
	}
	return n + (size_t)sprintf((char *)out + n, "%s--B--%s", end_of_line, end_of_line);
}

static bool parse(const uint8_t *body, size_t n, size_t split)
{
	struct dl_parts p;
	memset(&taken, 0, sizeof taken);
	dl_parts_begin(&p, "B", want, 3, sizeof file);
	for (size_t at = 0; at < n; at += split) {
		/* Of a size of its own, so that reading behind it is seen. */
		size_t now = n - at < split ? n - at : split;
		uint8_t *piece = malloc(now);
		memcpy(piece, body + at, now);
		enum err err = dl_parts_take(&p, piece, now, part, NULL);
		free(piece);
		if (err != OK)
			return false;
	}
	return dl_parts_are_whole(&p) && !taken.wrong;
}

static void multipart(void **state)
{
	(void)state;
	uint8_t body[8192], changed[8192];
	randombytes_buf(file, sizeof file);
	static const char *const ends[] = { "\r\n", "\n" };
	for (size_t e = 0; e < 2; e++) {
		size_t n = body_of(body, ends[e]), last = strlen(ends[e]);
		for (size_t split = 1; split <= n; split += split < 64 ? 1 : 97) {
			assert_true(parse(body, n, split));
			assert_int_equal(taken.n, 1021);
		}
		/* Cut anywhere: not whole. Only the very last line end may be missing. */
		for (size_t cut = 0; cut < n - last; cut++)
			assert_false(parse(body, cut, 333));
		assert_true(parse(body, n - last, 333));
		/* One byte out or twice: no answer, or (in a line that says nothing of places) the same bytes. */
		for (size_t at = 0; at < n - last; at++) {
			memcpy(changed, body, at);
			memcpy(changed + at, body + at + 1, n - at - 1);
			if (parse(changed, n - 1, 512))
				assert_true(taken.n == 1021 && !taken.wrong);
			memcpy(changed + at + 1, body + at, n - at);
			changed[at] = body[at];
			if (parse(changed, n + 1, 512))
				assert_true(taken.n == 1021 && !taken.wrong);
		}
	}
	/* Noise. */
	for (int i = 0; i < 20000; i++) {
		size_t n = body_of(body, "\r\n");
		for (int k = 0; k < 3; k++)
			body[randombytes_uniform((uint32_t)n)] = (uint8_t)randombytes_uniform(256);
		if (parse(body, n, 1 + randombytes_uniform(600)))
			assert_int_equal(taken.n, 1021);
	}
}

/* ---- samples ---- */

static void samples(void **state)
{
	(void)state;
	static struct dl_plan p;
	uint64_t size = 64u << 20;
	double block, run, percent;
	size_t drawn = dl_plan_random(&p, size, NULL, 0, 1 << 20);
	assert_in_range(drawn, 250, 256);
	for (size_t i = 0; i < p.n; i++) {
		assert_true(p.range[i].length > 0 && p.range[i].offset + p.range[i].length <= size);
		if (i > 0)
			assert_true(p.range[i].offset > p.range[i - 1].offset + p.range[i - 1].length);
	}
	assert_true(p.range[0].offset == 0 && p.range[p.n - 1].offset + p.range[p.n - 1].length == size && p.bytes <= 1 << 20);
	/* By drawing: how often are 16 neighbouring blocks missed, and 1%? */
	dl_missed(size, drawn, &block, &run, &percent);
	unsigned missed_run = 0, missed_block = 0, rounds = 4000;
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t from = (uint64_t)randombytes_uniform(16384 - 16 - 2) + 1;
		(void)dl_plan_random(&p, size, NULL, 0, 1 << 20);
		bool has_run = false, has_block = false;
		for (size_t r = 0; r < p.n; r++) {
			uint64_t a = p.range[r].offset / DL_BLOCK, b = (p.range[r].offset + p.range[r].length - 1) / DL_BLOCK;
			has_run |= b >= from && a < from + 16;
			has_block |= a <= from && from <= b;
		}
		missed_run += !has_run;
		missed_block += !has_block;
	}
	/* Within five deviations. */
	double deviation = 5 * 0.5 / 63.2;
	assert_true(run > missed_run / (double)rounds - deviation && run < missed_run / (double)rounds + deviation);
	assert_true(block > missed_block / (double)rounds - deviation && block < missed_block / (double)rounds + deviation);
	/* The figures of PEERS.md: 460 blocks find 1% with 99%; one block of 10 MiB with 18%, of 100 MiB with 1.8%. */
	dl_missed(10u << 20, 460, &block, &run, &percent);
	assert_true(block > 0.815 && block < 0.825 && percent < 0.012);
	dl_missed(100u << 20, 460, &block, &run, &percent);
	assert_true(block > 0.981 && block < 0.983 && percent < 0.012);
	/* All of it; nothing; too much. */
	dl_missed(5 * DL_BLOCK, 5, &block, &run, &percent);
	assert_true(block == 0 && run == 0 && percent == 0);
	assert_int_equal(dl_plan_random(&p, 0, NULL, 0, 1 << 20), 0);
	assert_int_equal(dl_plan_random(&p, UINT64_MAX, NULL, 0, 1 << 20), 0);
	assert_int_equal(dl_plan_random(&p, 5, NULL, 0, 100000), 1);
	assert_true(p.n == 1 && p.bytes == 5);
	static const struct dl_range touching[] = { { 100, 10 }, { 90, 10 }, { 105, 20 }, { 500, 1 } };
	assert_true(dl_plan_given(&p, 501, touching, 4) && p.n == 2 && p.range[0].offset == 90 && p.range[0].length == 35 && p.bytes == 36);
	assert_false(dl_plan_given(&p, 500, touching, 4));
	static const struct dl_range wraps[] = { { UINT64_MAX - 1, 10 } };
	assert_false(dl_plan_given(&p, 500, wraps, 1));
}

static void digests_in_any_bytes(void **state)
{
	(void)state;
	static const char line[] = "Repr-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\n";
	struct dl_digests d;
	dl_digests_read(rd_of(line, sizeof line - 1), 200, &d);
	assert_true(d.has_256 && !d.has_512 && d.sha256[0] == 0xe3);
	dl_digests_read(rd_of(line, sizeof line - 1), 206, &d);
	assert_false(d.has_256);
	static const char two[] = "Repr-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\nDigest: sha-256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
	dl_digests_read(rd_of(two, sizeof two - 1), 200, &d);
	assert_false(d.has_256 || d.has_512);
	static const char coded[] = "Content-Encoding: gzip\nRepr-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\n";
	dl_digests_read(rd_of(coded, sizeof coded - 1), 200, &d);
	assert_false(d.has_256);
	for (size_t at = 13; at < sizeof line - 2; at++)
		for (int c = 1; c < 256; c++) {
			char changed[sizeof line];
			memcpy(changed, line, sizeof line);
			if ((char)c == '\n' || changed[at] == (char)c)
				continue;
			changed[at] = (char)c;
			dl_digests_read(rd_of(changed, sizeof line - 1), 200, &d);
			/* Another digest, or none: never the same from other letters (names' case and blanks aside). */
			if (d.has_256 && at > 21 && at < 65)
				assert_true(d.sha256[0] != 0xe3 || memcmp(d.sha256 + 1, "\xb0\xc4\x42\x98\xfc\x1c\x14", 7) != 0 || at > 31);
		}
}

/* Every kind of sum, changed at every byte and cut at every byte: then it is of no use, or another one; never a digest that could prove something. */
static void sums_in_any_bytes(void **state)
{
	(void)state;
	static const struct { const char *line; enum dl_sum kind; } lines[] = {
		{ "Content-MD5: JfnnlDI7RTiF9RgfG2JNCw==\n", DL_SUM_MD5 }, { "x-goog-hash: crc32c=4waSgw==,md5=JfnnlDI7RTiF9RgfG2JNCw==\n", DL_SUM_MD5 },
		{ "Digest: SHA=98O8HYCOBHMtp32XmcuMPKBn+Aw=\n", DL_SUM_SHA1 }, { "Repr-Digest: md5=:JfnnlDI7RTiF9RgfG2JNCw==:\n", DL_SUM_MD5 },
		{ "x-amz-checksum-crc64nvme: rosUhgp5mIg=\n", DL_SUM_CRC64 }, { "x-amz-checksum-crc32: y/Q5Jg==\n", DL_SUM_CRC32 },
	};
	struct dl_digests whole, d;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		size_t n = strlen(lines[i].line), value = (size_t)(strchr(lines[i].line, ' ') - lines[i].line) + 1;
		enum dl_sum kind = lines[i].kind;
		dl_digests_read(rd_of(lines[i].line, n), 200, &whole);
		if (!whole.has_sum[kind] || !dl_digests_have_sums(&whole) || whole.has_256 || whole.has_512)
			fail_msg("%s", lines[i].line);
		/* Of a part of a file, or of what is coded, it is the sum of something else. */
		char coded[200];
		snprintf(coded, sizeof coded, "%sContent-Encoding: br\n", lines[i].line);
		dl_digests_read(rd_of(coded, strlen(coded)), 200, &d);
		assert_false(dl_digests_have_sums(&d));
		dl_digests_read(rd_of(lines[i].line, n), 206, &d);
		assert_false(dl_digests_have_sums(&d));
		/* Twice the same is one; twice another is none, in any order. */
		snprintf(coded, sizeof coded, "%s%s", lines[i].line, lines[i].line);
		dl_digests_read(rd_of(coded, strlen(coded)), 200, &d);
		assert_true(d.has_sum[kind]);
		for (size_t at = 0; at < n - 1; at++) {
			char changed[200];
			snprintf(changed, sizeof changed, "%.*s\n", (int)at, lines[i].line);
			dl_digests_read(rd_of(changed, strlen(changed)), 200, &d);
			assert_false(d.has_sum[kind] && at < n - 2);
			for (int c = 1; c < 256; c++) {
				if ((char)c == '\n' || lines[i].line[at] == (char)c)
					continue;
				memcpy(changed, lines[i].line, n);
				changed[at] = (char)c;
				dl_digests_read(rd_of(changed, n), 200, &d);
				assert_false(d.has_256 || d.has_512);
				bool is_same = d.has_sum[kind] && memcmp(d.sum[kind], whole.sum[kind], DL_SUM_BYTES) == 0;
				/* Letters of names may be larger or smaller, the first sum of two may be the one that changed. */
				bool may_be_same = at < value || strchr(lines[i].line + at, ',') || tolower(c) == tolower((unsigned char)lines[i].line[at]);
				if (is_same && !may_be_same)
					fail_msg("%s: byte %zu as %d", lines[i].line, at, c);
			}
		}
	}
	struct file_sums_r sums = { 0 };
	memset(&d, 0, sizeof d);
	assert_false(dl_sums_differ(&d, &sums));
	for (size_t kind = 0; kind < DL_SUMS; kind++) {
		memset(&d, 0, sizeof d);
		d.has_sum[kind] = true;
		assert_false(dl_sums_differ(&d, &sums));
		for (size_t other = 0; other < DL_SUMS; other++) {
			memset(d.sum, 0, sizeof d.sum);
			d.sum[other][3] = 1;
			assert_int_equal(dl_sums_differ(&d, &sums), other == kind);
		}
	}
}

static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names), cmocka_unit_test(content_ranges), cmocka_unit_test(multipart), cmocka_unit_test(samples),
	                                    cmocka_unit_test(digests_in_any_bytes), cmocka_unit_test(sums_in_any_bytes) };
	return cmocka_run_group_tests(tests, setup, NULL);
}
