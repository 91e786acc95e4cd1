// Commitments: for a small file of each format (tests/fuzz/corpus/file_*), what makes them sound: S and what it commits to follow from the
// bytes in S alone; every change of one byte lies in S or is found; lengths that lie, cuts and additions are borne.
// uses: host/parse/file/commit*.c host/parse/file/src.c host/parse/file/spc.c host/parse/file/zip*.c host/parse/file/manifest.c host/parse/file/base64.c host/parse/file/blockmap.c host/parse/file/ole*.c host/parse/der.c host/base/rd.c host/base/buf.c host/base/err.c
// libs: -lcrypto -lz -lexpat
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "filesamples.h"
#include "parse/file/commit.h"

#include <dirent.h>

static struct file_commit_r commit(const struct sample *s)
{
	struct src src;
	struct file_commit_r r;
	assert_int_equal(src_open(&src, s->fd), OK);
	assert_int_equal(commit_file(&src, true, &r), OK);
	/* What main relies upon. */
	uint64_t at = 0, part = 0;
	for (size_t i = 0; i < r.n; i++) {
		assert_true(r.range[i].length > 0 && (i == 0 || r.range[i].offset > at) && r.range[i].offset + r.range[i].length <= r.size);
		at = r.range[i].offset + r.range[i].length;
		part += r.range[i].length;
	}
	assert_true(part == r.part && r.size == s->n);
	return r;
}

static bool is_in(const struct file_commit_r *r, uint64_t at)
{
	for (size_t i = 0; i < r->n; i++)
		if (at >= r->range[i].offset && at - r->range[i].offset < r->range[i].length)
			return true;
	return false;
}

static bool is_same_part(const struct file_commit_r *a, const struct file_commit_r *b)
{
	return a->n == b->n && memcmp(a->range, b->range, a->n * sizeof *a->range) == 0 && strcmp(a->method, b->method) == 0 &&
	       strcmp(a->digest, b->digest) == 0 && a->proves == b->proves;
}

/* Every byte outside of S replaced: the same S, the same method; only the rest doesn't fit. */
static void s_depends_on_s(struct sample *s, const struct file_commit_r *r)
{
	if (r->part == s->n)
		return;
	uint8_t *kept = malloc(s->n);
	memcpy(kept, s->bytes, s->n);
	for (unsigned seed = 1; seed <= 3; seed++) {
		srand(seed);
		for (size_t i = 0; i < s->n; i++)
			if (!is_in(r, i))
				s->bytes[i] = seed == 1 ? 0 : seed == 2 ? 0xff : (uint8_t)rand();
		sample_write(s, 0, s->n);
		struct file_commit_r other = commit(s);
		assert_int_equal(other.status, FILE_COMMIT_DIFFERS);
		assert_true(is_same_part(r, &other));
	}
	memcpy(s->bytes, kept, s->n);
	sample_write(s, 0, s->n);
	free(kept);
}

/* Every one, or of a large file one in step. */
static void every_flip(struct sample *s, const struct file_commit_r *r, size_t step)
{
	size_t idle = 0;

	for (size_t i = 0; i < s->n; i += step) {
		uint8_t kept = s->bytes[i];
		s->bytes[i] = (uint8_t)(kept ^ (1u << (i % 8)));
		sample_write(s, i, 1);
		struct file_commit_r other = commit(s);
		/* Where only the content is proven some bits of a packed stream mean nothing: those behind its last block. */
		if (!is_in(r, i) && other.status == FILE_COMMIT_FITS && (r->proves != FILE_PROVES_CONTENT || ++idle > 16))
			fail_msg("a change at %zu is neither in S nor found", i);
		if (!is_in(r, i) && !is_same_part(r, &other))
			fail_msg("a change at %zu outside of S changed S", i);
		s->bytes[i] = kept;
		sample_write(s, i, 1);
	}
	assert_int_equal(commit(s).status, FILE_COMMIT_FITS);
}

/* Cut at every byte, and lengthened. The engine compares lengths as well; here nothing may be taken for more than it is. */
static void every_cut(const struct sample *s)
{
	for (size_t n = s->n; n-- > 0;) {
		struct sample cut = { s->bytes, n, s->fd };
		assert_int_equal(ftruncate(s->fd, (off_t)n), 0);
		struct file_commit_r r = commit(&cut);
		/* What still fits must say so of the bytes that are there: changing one outside of S is found. */
		if (r.status == FILE_COMMIT_FITS && r.n > 0 && r.range[0].length < n) {
			size_t at = r.range[0].offset > 0 ? 0 : (size_t)r.range[0].length;
			uint8_t other = s->bytes[at] ^ 1;
			assert_int_equal(pwrite(s->fd, &other, 1, (off_t)at), 1);
			assert_int_equal(commit(&cut).status, FILE_COMMIT_DIFFERS);
			assert_int_equal(pwrite(s->fd, s->bytes + at, 1, (off_t)at), 1);
		}
	}
	sample_write(s, 0, s->n);
	uint8_t *longer = calloc(1, s->n + 4096);
	memcpy(longer, s->bytes, s->n);
	for (size_t more = 1; more <= 4096; more *= 3) {
		struct sample l = sample_of(longer, s->n + more);
		struct file_commit_r r = commit(&l);
		/* Bytes that no digest covers are in S. */
		if (r.status == FILE_COMMIT_FITS)
			for (size_t i = s->n; i < s->n + more; i++)
				assert_true(is_in(&r, i));
		sample_free(&l);
	}
	free(longer);
}

/* Every four bytes of S (nothing else is parsed) as the lengths that break parsers. */
static void every_lie(struct sample *s, const struct file_commit_r *r)
{
	static const uint8_t lies[][4] = { { 0xff, 0xff, 0xff, 0xff }, { 0, 0, 0, 0 }, { 0xff, 0xff, 0xff, 0x7f }, { 0x7f, 0xff, 0xff, 0xff },
	                                   { 0, 0, 0, 0x80 }, { 0xf0, 0xff, 0xff, 0xff }, { 1, 0, 0, 0 }, { 0, 0, 0, 1 } };
	for (size_t i = 0; i + 4 <= s->n; i++) {
		uint8_t kept[4];
		if (!is_in(r, i))
			continue;
		memcpy(kept, s->bytes + i, 4);
		for (size_t k = 0; k < sizeof lies / sizeof *lies; k++) {
			memcpy(s->bytes + i, lies[k], 4);
			sample_write(s, i, 4);
			(void)commit(s);
		}
		memcpy(s->bytes + i, kept, 4);
		sample_write(s, i, 4);
	}
}

/* All of it, over each file of a corpus that fits; at least one must. */
static void format(const char *name, const char *method)
{
	char folder[256], path[600];
	snprintf(folder, sizeof folder, "tests/fuzz/corpus/file_%s", name);
	DIR *d = opendir(folder);
	if (!d)
		fail_msg("%s is not there", folder);
	size_t good = 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		struct sample s = sample_load(path);
		struct file_commit_r r = commit(&s);
		if (strncmp(e->d_name, "good", 4) == 0 || strncmp(e->d_name, "also", 4) == 0 || strncmp(e->d_name, "step", 4) == 0) {
			if (r.status != FILE_COMMIT_FITS)
				fail_msg("%s: %d", path, r.status);
			assert_non_null(strstr(r.method, method));
			s_depends_on_s(&s, &r);
			every_flip(&s, &r, e->d_name[0] == 's' ? 97 : 1);
			/* "also": no structure that a good one doesn't have. */
			if (e->d_name[0] == 'g') {
				every_cut(&s);
				every_lie(&s, &r);
			}
			good++;
		} else if (r.status == FILE_COMMIT_FITS) {
			fail_msg("%s fits", path);
		}
		sample_free(&s);
	}
	closedir(d);
	assert_true(good > 0);
}

static void pe(void **state) { (void)state; format("pe", "authenticode"); }

static void rpm(void **state) { (void)state; format("rpm", "rpm-payload"); }
static void apk(void **state) { (void)state; format("apk", "apk-v"); }
static void xar(void **state) { (void)state; format("xar", "xar-toc"); }

static void jar(void **state) { (void)state; format("jar", "jar-manifest"); }

static void appx(void **state) { (void)state; format("appx", "appx-"); }

static void msi(void **state) { (void)state; format("msi", "msi-authenticode"); }

static void cab(void **state) { (void)state; format("cab", "cab-authenticode"); }

static void nothing(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "MSCF....", "M", "MZ", "MZ------", "hello, world", "\xed\xab\xee\xdb....", "PK\3\4....", "xar!....", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct sample s = sample_of(texts[i], strlen(texts[i]));
		struct file_commit_r r = commit(&s);
		assert_true(r.status != FILE_COMMIT_FITS && r.status != FILE_COMMIT_DIFFERS);
		sample_free(&s);
	}
	/* A sparse one of 4 GiB: nothing is read of it but its head. */
	struct sample s = sample_of("MZ------", 8);
	assert_int_equal(ftruncate(s.fd, 4ll << 30), 0);
	s.n = 4ull << 30;
	assert_int_equal(commit(&s).status, FILE_COMMIT_MALFORMED);
	sample_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing), cmocka_unit_test(pe), cmocka_unit_test(rpm), cmocka_unit_test(apk), cmocka_unit_test(xar), cmocka_unit_test(jar), cmocka_unit_test(appx), cmocka_unit_test(msi), cmocka_unit_test(cab) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
