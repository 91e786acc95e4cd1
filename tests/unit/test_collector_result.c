// uses: host/collector/result.c host/collector/state.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -ljansson
/* What the engine's last line comes to: certificates, withheld HTTPS, fetched files; and lines that are none. */
#include "collector/result.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define FP "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define OTHER "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define EXIT(fp) "\"exit\":{\"fingerprint\":\"" fp "\",\"nickname\":\"n\",\"address\":\"192.0.2.1\",\"country\":\"DE\",\"family\":\"\"}"
#define CERT(fp, status) "{" EXIT(fp) ",\"status\":\"" status "\"}"

static struct result r;
static struct buf out;

static enum outcome read_line(const char *kind, enum err err, const char *text)
{
	struct trial t = { .accused = FP };

	snprintf(t.kind, sizeof t.kind, "%s", kind);
	buf_free(&out);
	out = buf_new(65536);
	buf_put(&out, text, strlen(text));
	result_read(&out, err, &t, &r);
	return r.outcome;
}

static enum outcome answer(const char *kind, const char *message, const char *verdict, const char *reason, const char *lists)
{
	char line[4096];

	snprintf(line, sizeof line, "{\"kind\":\"x.progress\"}\n{\"kind\":\"%s\",\"verdict\":\"%s\",\"reason\":\"%s\",\"error\":null,%s}\n", message, verdict, reason, lists);
	return read_line(kind, OK, line);
}

static void certificates(void **state)
{
	static const char both[] = "\"first\":[" CERT(FP, "certificate") "],\"others\":[" CERT(OTHER, "certificate") "]";
	static const char silent[] = "\"first\":[" CERT(FP, "failed") "],\"others\":[" CERT(OTHER, "certificate") "]";
	static const char nobody[] = "\"first\":[" CERT(FP, "failed") "],\"others\":[" CERT(OTHER, "failed") "]";

	(void)state;
	assert_int_equal(answer("certificate", "cert.result", "match", "same_certificate", both), OUTCOME_SAME);
	assert_string_equal(r.first.fp, FP);
	assert_string_equal(r.first.nickname, "n");
	assert_string_equal(r.first.address, "192.0.2.1");
	assert_false(r.is_ours);
	assert_true(r.len > 10 && strncmp(r.line, "{\"kind\":\"cert.result\"", 20) == 0);
	assert_int_equal(answer("certificate", "cert.result", "mismatch", "others_agree", both), OUTCOME_DIFFERS);
	assert_int_equal(answer("https", "https.result", "mismatch", "https_withheld", both), OUTCOME_DIFFERS);
	assert_int_equal(answer("certificate", "cert.result", "undecided", "site_rotates", both), OUTCOME_VARIES);
	assert_int_equal(answer("certificate", "cert.result", "undecided", "first_silent", silent), OUTCOME_SILENT);
	assert_int_equal(answer("certificate", "cert.result", "undecided", "too_few_answers", silent), OUTCOME_SILENT);
	assert_int_equal(answer("certificate", "cert.result", "undecided", "too_few_answers", nobody), OUTCOME_UNDECIDED);
	assert_false(r.is_ours);
	assert_int_equal(answer("certificate", "cert.result", "undecided", "tor_unavailable", silent), OUTCOME_UNDECIDED);
	assert_true(r.is_ours);
	assert_int_equal(answer("certificate", "cert.result", "exempt", "onion_service", both), OUTCOME_UNDECIDED);
	/* Of another exit nothing is said of this one. */
	assert_int_equal(answer("certificate", "cert.result", "mismatch", "others_agree", "\"first\":[" CERT(OTHER, "certificate") "],\"others\":[]"), OUTCOME_UNDECIDED);
}

static void files(void **state)
{
	static const char both[] = "\"format\":\"pe\",\"first\":[],\"others\":[" CERT(FP, "answer") "," CERT(OTHER, "answer") "]";
	static const char page[] = "\"format\":\"html\",\"first\":[],\"others\":[" CERT(FP, "answer") "," CERT(OTHER, "answer") "]";
	static const char not_it[] = "\"format\":\"pe\",\"first\":[],\"others\":[" CERT(FP, "failed") "," CERT(OTHER, "answer") "]";

	(void)state;
	assert_int_equal(answer("download", "download.result", "match", "same_file", both), OUTCOME_SAME);
	assert_string_equal(r.first.fp, FP);
	assert_int_equal(answer("download", "download.result", "mismatch", "other_file", both), OUTCOME_DIFFERS);
	/* A page where a file is expected may be the site's word to that address; where a page is what is compared it counts. */
	assert_int_equal(answer("download", "download.result", "mismatch", "other_file", page), OUTCOME_VARIES);
	assert_int_equal(answer("copy", "download.result", "mismatch", "other_file", page), OUTCOME_DIFFERS);
	/* Nothing of this exit was compared: whatever the line says. */
	assert_int_equal(answer("download", "download.result", "match", "same_file", not_it), OUTCOME_UNDECIDED);
	assert_int_equal(answer("download", "download.result", "mismatch", "other_file", not_it), OUTCOME_UNDECIDED);
	assert_int_equal(answer("download", "download.result", "undecided", "first_silent", not_it), OUTCOME_SILENT);
	assert_int_equal(answer("download", "download.result", "undecided", "gone", not_it), OUTCOME_UNDECIDED);
	static const char *const varies[] = { "customised", "one_exit_differs", "entity_differs", "redirects_differ" };
	for (size_t i = 0; i < sizeof varies / sizeof *varies; i++)
		assert_int_equal(answer("download", "download.result", "undecided", varies[i], both), OUTCOME_VARIES);
}

static void gone_and_broken(void **state)
{
	char text[512], gone[128];

	(void)state;
	snprintf(gone, sizeof gone, "{\"error\":{\"code\":%d}}\n", ERR_EXIT_UNKNOWN);
	assert_int_equal(read_line("certificate", OK, gone), OUTCOME_GONE);
	assert_false(r.is_ours);
	snprintf(text, sizeof text, "{\"kind\":\"download.result\",\"verdict\":\"undecided\",\"reason\":\"no_independent_exit\",\"error\":{\"code\":%d},\"others\":[]}\n", ERR_EXIT_UNKNOWN);
	assert_int_equal(read_line("download", OK, text), OUTCOME_GONE);
	assert_false(r.is_ours);
	snprintf(text, sizeof text, "{\"error\":{\"code\":%d}}\n", ERR_TOR_LOST);
	assert_int_equal(read_line("certificate", OK, text), OUTCOME_UNDECIDED);
	assert_true(r.is_ours);
	static const char *const none[] = { "", "\n", "{", "[]\n", "null\n", "{\"kind\":\"cert.result\",\"verdict\":\"mismatch\"", "\xff\n", "{\"kind\":1}\n", "{}\n{\n" };
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		assert_int_equal(read_line("certificate", ERR_TIMEOUT, none[i]), OUTCOME_UNDECIDED);
		assert_true(r.is_ours);
		assert_string_equal(r.first.fp, "");
	}
	/* Cut off in the middle of the last line: that line is nothing. */
	assert_int_equal(read_line("certificate", OK, "{\"kind\":\"cert.result\",\"verdict\":\"match\",\"first\":[" CERT(FP, "certificate") "],\"others\":[]}"), OUTCOME_UNDECIDED);
	assert_true(r.is_ours);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(certificates), cmocka_unit_test(files), cmocka_unit_test(gone_and_broken) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
