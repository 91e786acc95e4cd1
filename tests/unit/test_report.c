// Reports as text: the examples of shared/reports, every cut, every changed byte, and that there is one canonical text for each.
// uses: host/report/*.c host/base/buf.c host/base/rd.c host/base/err.c host/base/verdict.c
// libs: -ljansson -lsodium
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "report/report.h"

#include <dirent.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

static struct buf file_read(const char *path)
{
	struct buf b = buf_new(4u << 20);
	uint8_t piece[4096];
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
		buf_put(&b, piece, n);
	fclose(f);
	assert_int_equal(buf_err(&b), OK);
	return b;
}

/* From a copy of exact size, so that AddressSanitizer guards its end. */
static enum err take(const void *bytes, size_t n, bool is_canonical, struct report **out, char *wrong)
{
	uint8_t *copy = malloc(n ? n : 1);
	if (n > 0)
		memcpy(copy, bytes, n);
	enum err err = report_decode(rd_of(copy, n), is_canonical, out, wrong);
	free(copy);   /* nothing of the report may point into it */
	return err;
}

static struct buf give(const struct report *r, bool is_pretty)
{
	struct buf b = buf_new(REPORT_FILE_MAX);
	assert_int_equal(report_encode(r, is_pretty, &b), OK);
	return b;
}

typedef void each_good(const char *name, const struct buf *text, const struct report *r);

static size_t good(each_good *f)
{
	char path[512];
	size_t n = 0;
	DIR *dir = opendir("shared/reports/good");
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		struct report *r = NULL;
		char wrong[REPORT_WRONG_MAX];
		if (strstr(e->d_name, ".json") == NULL)
			continue;
		snprintf(path, sizeof path, "shared/reports/good/%s", e->d_name);
		struct buf text = file_read(path);
		enum err err = take(text.bytes, text.len, false, &r, wrong);
		if (err != OK)
			fail_msg("%s: %s %s", e->d_name, err_name(err), wrong);
		f(e->d_name, &text, r);
		report_free(r);
		buf_free(&text);
		n++;
	}
	closedir(dir);
	assert_true(n >= 5);
	return n;
}

static void both_texts(const char *name, const struct buf *text, const struct report *r)
{
	struct buf pretty BUF_AUTO = give(r, true), tight BUF_AUTO = give(r, false), again BUF_AUTO = buf_new(REPORT_FILE_MAX);
	struct report *r2 = NULL, *r3 = NULL;

	if (pretty.len != text->len || memcmp(pretty.bytes, text->bytes, text->len) != 0)
		fail_msg("%s: written otherwise than the file", name);
	/* White space is no canonical text; without it, it is the same report. */
	assert_int_equal(take(text->bytes, text->len, true, &r3, NULL), ERR_REPORT_JSON);
	assert_null(r3);
	assert_int_equal(take(tight.bytes, tight.len, true, &r2, NULL), OK);
	again = give(r2, false);
	assert_int_equal(again.len, tight.len);
	assert_memory_equal(again.bytes, tight.bytes, tight.len);
	assert_null(memchr(tight.bytes, '\n', tight.len));
	report_free(r2);
}

static void good_examples(void **state)
{
	(void)state;
	good(both_texts);
}

static void every_cut(const char *name, const struct buf *text, const struct report *r)
{
	struct buf tight BUF_AUTO = give(r, false);
	(void)name; (void)text;
	for (size_t n = 0; n < tight.len; n++) {
		struct report *none = NULL;
		enum err err = take(tight.bytes, n, true, &none, NULL);
		if (err == OK || none != NULL)
			fail_msg("%s: the first %zu bytes are taken", name, n);
	}
	for (size_t n = 0; n + 1 < text->len; n++) {
		struct report *none = NULL;
		assert_int_not_equal(take(text->bytes, n, false, &none, NULL), OK);
	}
}

static void truncated(void **state)
{
	(void)state;
	good(every_cut);
}

/* Whatever is still taken is canonical: it is written as these very bytes. */
static void every_byte(const char *name, const struct buf *text, const struct report *r)
{
	static const char others[] = "\"\\}],0 \x01\xc2" "a";
	struct buf tight BUF_AUTO = give(r, false);
	(void)text;
	for (size_t i = 0; i < tight.len; i++) {
		const uint8_t was = tight.bytes[i];
		for (size_t k = 0; k < sizeof others; k++) {
			struct report *got = NULL;
			tight.bytes[i] = (uint8_t)others[k];
			if (take(tight.bytes, tight.len, true, &got, NULL) == OK) {
				struct buf again BUF_AUTO = give(got, false);
				if (again.len != tight.len || memcmp(again.bytes, tight.bytes, tight.len) != 0)
					fail_msg("%s: not canonical with %02x at %zu", name, (unsigned char)others[k], i);
			}
			report_free(got);
		}
		tight.bytes[i] = was;
	}
}

static void changed(void **state)
{
	(void)state;
	good(every_byte);
}

/* A byte taken out, doubled, or white space put in. */
static void every_edit(const char *name, const struct buf *text, const struct report *r)
{
	struct buf tight BUF_AUTO = give(r, false);
	uint8_t *edited = malloc(tight.len + 1);
	(void)text;
	for (size_t i = 0; i < tight.len; i++)
		for (int how = 0; how < 3; how++) {
			struct report *got = NULL;
			size_t n = how == 0 ? tight.len - 1 : tight.len + 1;
			memcpy(edited, tight.bytes, i);
			if (how == 0)
				memcpy(edited + i, tight.bytes + i + 1, tight.len - i - 1);
			else
				memcpy(edited + i + 1, tight.bytes + i, tight.len - i);
			if (how == 1)
				edited[i] = tight.bytes[i];
			if (how == 2)
				edited[i] = '\t';
			if (take(edited, n, true, &got, NULL) == OK) {
				struct buf again BUF_AUTO = give(got, false);
				if (again.len != n || memcmp(again.bytes, edited, n) != 0)
					fail_msg("%s: not canonical, edit %d at %zu", name, how, i);
			}
			report_free(got);
		}
	free(edited);
}

static void edited(void **state)
{
	(void)state;
	good(every_edit);
}

static void bad_examples(void **state)
{
	(void)state;
	json_error_t error;
	json_t *all = json_load_file("shared/reports/bad.json", 0, &error), *one;
	size_t i;
	assert_true(json_array_size(all) >= 150);
	json_array_foreach(all, i, one) {
		const json_t *text = json_object_get(one, "text");
		const char *about = json_string_value(json_object_get(one, "about")), *field = json_string_value(json_object_get(one, "field"));
		const enum err want = (enum err)json_integer_value(json_object_get(one, "code"));
		for (int tight = 0; tight < 2; tight++) {
			struct report *r = NULL;
			char wrong[REPORT_WRONG_MAX] = "?";
			enum err err = take(json_string_value(text), json_string_length(text), tight, &r, wrong);
			if (err != want || r != NULL)
				fail_msg("%s: %s (%s), not %s", about, err_name(err), wrong, err_name(want));
			if (want == ERR_REPORT_FIELD && (field == NULL || strcmp(wrong, field) != 0))
				fail_msg("%s: blames %s", about, wrong);
			if (want != ERR_REPORT_FIELD)
				assert_string_equal(wrong, "");
		}
	}
	json_decref(all);
}

static void sizes(void **state)
{
	(void)state;
	struct report *r = report_new(), *got = NULL;
	uint8_t *der = malloc(CERT_MAX + 1);
	struct buf b BUF_AUTO = buf_new(REPORT_FILE_MAX);

	memset(der, 0x30, CERT_MAX + 1);
	r->kind = REPORT_CERTIFICATE;
	strcpy(r->host, "a");
	r->port = 65535;
	r->hour = 70 * 365 * 24;
	r->reason = REASON_REMEMBERED;
	r->k = K_MAX;
	r->n_first = 1;
	strcpy(r->version, "1");
	r->first[0].status = REPORT_SAW_CERTIFICATE;
	r->first[0].n_chain = 1;
	r->first[0].chain[0] = (struct report_bytes){ der, CERT_MAX };
	assert_int_equal(report_encode(r, false, &b), OK);
	assert_int_equal(take(b.bytes, b.len, true, &got, NULL), OK);
	assert_int_equal(got->first[0].chain[0].len, CERT_MAX);
	assert_memory_equal(got->first[0].chain[0].at, der, CERT_MAX);
	report_free(got);
	buf_free(&b);
	/* One byte more than a certificate may have. */
	r->first[0].chain[0].len++;
	assert_int_equal(report_encode(r, false, &b), ERR_REPORT_FIELD);
	/* More than a file may have: ten of the longest. */
	r->first[0].n_chain = CHAIN_MAX;
	for (size_t i = 0; i < CHAIN_MAX; i++)
		r->first[0].chain[i] = (struct report_bytes){ der, CERT_MAX };
	assert_int_equal(report_encode(r, false, &b), ERR_TOO_BIG);
	assert_int_equal(b.len, 0);
	/* What a reader would refuse isn't written. */
	r->first[0].n_chain = 0;
	r->first[0].error = ERR_TIMEOUT;
	assert_int_equal(report_encode(r, false, &b), ERR_REPORT_FIELD);
	r->first[0].error = 0;
	strcpy(r->host, "a.");
	assert_int_equal(report_encode(r, false, &b), ERR_REPORT_FIELD);
	strcpy(r->host, "a");
	r->n_first = 0;
	assert_int_equal(report_encode(r, false, &b), ERR_REPORT_FIELD);
	r->n_first = REPORT_FIRST_MAX + 1;
	assert_int_equal(report_encode(r, false, &b), ERR_REPORT_FIELD);
	free(der);
	report_free(r);

	/* A text over the limit is not looked at. */
	char *spaces = malloc(REPORT_FILE_MAX + 1);
	memset(spaces, ' ', REPORT_FILE_MAX + 1);
	assert_int_equal(take(spaces, REPORT_FILE_MAX + 1, false, &got, NULL), ERR_TOO_BIG);
	assert_int_equal(take(spaces, REPORT_FILE_MAX, false, &got, NULL), ERR_REPORT_JSON);
	/* Nor is nesting anything but wrong. */
	memset(spaces, '[', REPORT_FILE_MAX);
	assert_int_equal(take(spaces, REPORT_FILE_MAX, false, &got, NULL), ERR_REPORT_JSON);
	free(spaces);
}

/* Every hour of a hundred years, both ways, against the C library's calendar. */
static void hours(void **state)
{
	(void)state;
	struct report *r = report_new();
	r->kind = REPORT_CERTIFICATE;
	strcpy(r->host, "a");
	r->port = 1;
	r->reason = REASON_REMEMBERED;
	r->k = 1;
	r->n_first = 1;
	strcpy(r->version, "1");
	for (uint32_t hour = 0; hour < 150u * 366 * 24; hour += 101) {
		struct buf b BUF_AUTO = buf_new(REPORT_FILE_MAX);
		struct report *got = NULL;
		char want[64];
		time_t at = (time_t)hour * 3600;
		struct tm tm;
		r->hour = hour;
		gmtime_r(&at, &tm);
		enum err err = report_encode(r, false, &b);
		if (tm.tm_year + 1900 < 2000 || tm.tm_year + 1900 > 2099) {
			assert_int_equal(err, ERR_REPORT_FIELD);
			continue;
		}
		assert_int_equal(err, OK);
		strftime(want, sizeof want, "\"time\":\"%Y-%m-%dT%H:00Z\"", &tm);
		assert_non_null(memmem(b.bytes, b.len, want, strlen(want)));
		assert_int_equal(take(b.bytes, b.len, true, &got, NULL), OK);
		assert_int_equal(got->hour, hour);
		report_free(got);
	}
	/* Read strictly, too: years out of range. */
	r->hour = (uint32_t)(1795834800 / 3600);
	static const char *const years[] = { "2026", "2000", "2099", "1999", "2100", "0026", "9999" };
	for (size_t i = 0; i < sizeof years / sizeof *years; i++) {
		struct buf b BUF_AUTO = give(r, false);
		struct report *got = NULL;
		char wrong[REPORT_WRONG_MAX] = "";
		memcpy(memmem(b.bytes, b.len, "2026-", 5), years[i], 4);
		enum err err = take(b.bytes, b.len, true, &got, wrong);
		assert_int_equal(err, i < 3 ? OK : ERR_REPORT_FIELD);
		if (err != OK)
			assert_string_equal(wrong, "time");
		else
			report_free(got);
	}
	report_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_examples), cmocka_unit_test(bad_examples), cmocka_unit_test(truncated),
		cmocka_unit_test(changed), cmocka_unit_test(edited), cmocka_unit_test(sizes), cmocka_unit_test(hours),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
