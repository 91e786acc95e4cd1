// uses: host/collector/text.c host/collector/mail.c host/collector/view.c host/collector/store.c host/collector/store_read.c host/collector/schema.c host/collector/db.c host/collector/db_sqlite.c host/collector/db_pg.c host/collector/state.c host/report/report.c host/base/verdict.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -lsqlite3 -lpq -lsodium -ljansson
/* Foreign text on its way to terminals, pages and tables; and the mail that is made of a finding. */
#include "collector/mail.h"
#include "collector/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static char made[8192];

static const char *by(void (*put)(struct buf *out, const char *s), const char *s)
{
	struct buf out BUF_AUTO = buf_new(sizeof made - 1);

	put(&out, s);
	assert_int_equal(buf_err(&out), OK);
	memcpy(made, out.bytes, out.len);
	made[out.len] = '\0';
	return made;
}

static void cleaned(void **state)
{
	static const struct { const char *in, *out; } pairs[] = {
		{ "plain ~ text", "plain ~ text" }, { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a\x1b[31mb", "a?[31mb" }, { "\n\t\x7f", "???" }, { "\xc2\x85", "??" }, { "\xc2\xa0", "\xc2\xa0" },
		/* Over-long, surrogates, beyond Unicode, cut off. */
		{ "\xc0\xaf", "??" }, { "\xc1\xbf", "??" }, { "\xe0\x9f\xbf", "???" }, { "\xe0\xa0\x80", "\xe0\xa0\x80" }, { "\xed\x9f\xbf", "\xed\x9f\xbf" },
		{ "\xed\xa0\x80", "???" }, { "\xf0\x8f\xbf\xbf", "????" }, { "\xf0\x90\x80\x80", "\xf0\x90\x80\x80" }, { "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
		{ "\xf4\x90\x80\x80", "????" }, { "\xf5\x80\x80\x80", "????" }, { "\xe2\x82", "??" }, { "\xc3", "?" }, { "\x80", "?" }, { "\xc3(", "?(" },
		/* Marks that turn text around or can't be seen: U+200B to 200F, 2028 to 202E, 2060 to 206F; and their neighbours. */
		{ "\xe2\x80\x8a", "\xe2\x80\x8a" }, { "\xe2\x80\x8b", "???" }, { "\xe2\x80\x8f", "???" }, { "\xe2\x80\x90", "\xe2\x80\x90" },
		{ "\xe2\x80\xa7", "\xe2\x80\xa7" }, { "\xe2\x80\xa8", "???" }, { "\xe2\x80\xae", "???" }, { "\xe2\x80\xaf", "\xe2\x80\xaf" },
		{ "\xe2\x81\x9f", "\xe2\x81\x9f" }, { "\xe2\x81\xa0", "???" }, { "\xe2\x81\xaf", "???" }, { "\xe2\x81\xb0", "\xe2\x81\xb0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_string_equal(by(text_clean, pairs[i].in), pairs[i].out);
	assert_string_equal(by(text_html, "<a href=\"x\" o='y'>&\xc3\xa4\x1b"), "&lt;a href=&quot;x&quot; o=&#39;y&#39;&gt;&amp;\xc3\xa4?");
	assert_string_equal(by(text_csv, "a\"b,c\xc3\xa4\r"), "\"a\"\"b,c\xc3\xa4?\"");
	static const char *const formulas[] = { "=1+1", "+1", "-1", "@x" };
	for (size_t i = 0; i < sizeof formulas / sizeof *formulas; i++) {
		char wanted[16];
		snprintf(wanted, sizeof wanted, "\"'%s\"", formulas[i]);
		assert_string_equal(by(text_csv, formulas[i]), wanted);
	}
	assert_string_equal(by(text_csv, ""), "\"\"");
}

static void times(void **state)
{
	char out[24];

	(void)state;
	text_time(0, out);
	assert_string_equal(out, "-");
	text_time(1795834800, out);
	assert_string_equal(out, "2026-11-28 03:00:00");
	text_time(INT64_MAX, out);
	assert_string_equal(out, "-");
}

#define FP "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define RELAY(hosts) "\"relay\":{\"fingerprint\":\"" FP "\",\"nickname\":\"n\\u202eick\",\"address\":\"192.0.2.1\",\"country\":\"DE\",\"family\":\"\",\"chosen_hosts\":" hosts ",\"chosen_differs\":2,\"chosen_answered\":3}"
#define HEAD(kind) "{\"id\":7,\"kind\":\"" kind "\",\"accused\":\"" FP "\",\"state\":\"reproduced\",\"differs\":2,\"answered\":3,\"reports\":4,"
#define FILE_(sha) "{\"status\":\"answer\",\"sha256\":\"" sha "\"}"

static void mail_is(const char *finding, const char *const *has, const char *const *has_not)
{
	json_t *tree = json_loads(finding, 0, NULL);
	struct buf out BUF_AUTO = buf_new(sizeof made - 1);

	assert_non_null(tree);
	mail_finding(&out, tree);
	json_decref(tree);
	memcpy(made, out.bytes, out.len);
	made[out.len] = '\0';
	for (; *has != NULL; has++)
		if (strstr(made, *has) == NULL)
			fail_msg("not there: %s\n%s", *has, made);
	for (; *has_not != NULL; has_not++)
		if (strstr(made, *has_not) != NULL)
			fail_msg("there: %s\n%s", *has_not, made);
}

static void mails(void **state)
{
	(void)state;
	mail_is(HEAD("certificate") "\"host\":\"site.test\",\"port\":443," RELAY("2") ",\"trials\":["
	        "{\"chosen\":true,\"host\":\"c1.test\",\"port\":443,\"path\":\"\",\"ended\":1,\"outcome\":\"differs\",\"result\":{\"kind\":\"cert.result\","
	        "\"first\":[{\"certificate\":{\"sha256\":\"1111\"}}],\"others\":[{},{\"certificate\":{\"sha256\":\"2222\"}}]}},"
	        "{\"chosen\":true,\"host\":\"c1.test\",\"port\":443,\"path\":\"\",\"ended\":1,\"outcome\":\"same\",\"result\":{}},"
	        "{\"chosen\":true,\"host\":\"2001:db8::1\",\"port\":443,\"path\":\"\",\"ended\":0,\"outcome\":\"\",\"result\":null},"
	        "{\"chosen\":false,\"host\":\"site.test\",\"port\":443,\"path\":\"\",\"ended\":1,\"outcome\":\"same\",\"result\":{}}]}",
	        (const char *const[]){ "To: bad-relays@lists.torproject.org\nSubject: exit relay " FP " n???ick: shows other certificates\n",
	                               "at 2 hosts of our own choice, in 2 of 3 trials", "through this relay       1111", "through independent ones 2222",
	                               "(the reported site)", "Reports by users: 4.", "secondexit cert --first-exit " FP " c1.test:443\n",
	                               "secondexit cert --first-exit " FP " [2001:db8::1]:443\n", "secondexit cert --first-exit " FP " site.test:443\n", NULL },
	        (const char *const[]){ "c1.test:443\n  secondexit cert --first-exit " FP " c1.test:443", "http://", "\xe2\x80\xae", NULL });
	mail_is(HEAD("download") "\"host\":\"site.test\",\"port\":80," RELAY("1") ",\"trials\":["
	        "{\"chosen\":true,\"host\":\"f1.test\",\"port\":80,\"path\":\"/a.exe\",\"ended\":1,\"outcome\":\"differs\",\"result\":{\"kind\":\"download.result\","
	        "\"local\":{\"size\":1,\"sha256\":\"3333\"},\"others\":[" FILE_("3333") "," FILE_("4444") "]}},"
	        "{\"chosen\":true,\"host\":\"f1.test\",\"port\":80,\"path\":\"/b.exe\",\"ended\":1,\"outcome\":\"same\",\"result\":{}}]}",
	        (const char *const[]){ ": changes what comes over HTTP\n", "at 1 host of our own choice", "SHA-256 of the file", "through this relay       3333",
	                               "through independent ones 4444", "secondexit download --first-exit " FP " http://f1.test:80/a.exe\n",
	                               "secondexit download --first-exit " FP " http://f1.test:80/b.exe\n", NULL },
	        /* Nobody has said where on the reported host. */
	        (const char *const[]){ "site.test", NULL });
	mail_is(HEAD("copy") "\"host\":\"site.test\",\"port\":80," RELAY("0") ",\"trials\":[{\"chosen\":false,\"host\":\"site.test\",\"port\":80,\"path\":\"/donate\","
	        "\"ended\":1,\"outcome\":\"differs\",\"result\":{}}]}",
	        (const char *const[]){ "reported, not seen by us", "Nothing was seen through this exit at hosts of our own choice", "http://site.test:80/donate\n", NULL },
	        (const char *const[]){ "of our own choice, in", NULL });
	mail_is(HEAD("https") "\"host\":\"site.test\",\"port\":443," RELAY("1") ",\"trials\":[]}",
	        (const char *const[]){ ": withholds HTTPS\n", "TLS was missing that other exits get", "secondexit https --first-exit " FP " site.test:443\n", NULL },
	        (const char *const[]){ "secondexit cert", NULL });
	mail_is(HEAD("download") "\"host\":\"site.test\",\"port\":80," RELAY("0") ",\"trials\":[]}",
	        (const char *const[]){ "no report says where", NULL }, (const char *const[]){ "secondexit download", NULL });
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(cleaned), cmocka_unit_test(times), cmocka_unit_test(mails) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
