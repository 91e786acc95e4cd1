// Certificates in words: nothing that a person can't see as one plain character passes; caps hold.
// uses: tests/unit/zoo.c host/parse/words.c host/base/rd.c host/base/buf.c host/base/err.c
// libs: -lcrypto
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "parse/words.h"
#include "zoo.h"
#include <stdlib.h>
#include <string.h>

static void escapes(void **state)
{
	(void)state;
	static const struct { const char *bytes; size_t n; const char *shown; } table[] = {
		{ "plain", 5, "plain" },
		{ "", 0, "" },
		{ "a\0b", 3, "a\\u{0}b" },
		{ "a\x1b[31mb", 7, "a\\u{1b}[31mb" },
		{ "a\r\nb\t", 5, "a\\u{d}\\u{a}b\\u{9}" },
		{ "a\x7f", 2, "a\\u{7f}" },
		{ "a\xc2\x85", 3, "a\\u{85}" },                    /* C1: next line */
		{ "a\\u{0}", 6, "a\\u{5c}u{0}" },                  /* no forged escapes */
		{ "b\xc3\xbc" "cher", 7, "b\xc3\xbc" "cher" },
		{ "\xe2\x80\xae" "moc.knab", 11, "\\u{202e}moc.knab" },
		{ "\xe2\x81\xa6x", 4, "\\u{2066}x" },
		{ "\xe2\x80\x8f", 3, "\\u{200f}" },
		{ "a\xe2\x80\x8bz", 5, "a\\u{200b}z" },            /* zero width */
		{ "\xef\xbb\xbf", 3, "\\u{feff}" },
		{ "\xc2\xad", 2, "\\u{ad}" },
		{ "\xc2\xa0", 2, "\\u{a0}" },
		{ "\xe3\x80\x80", 3, "\\u{3000}" },
		{ "\xf3\xa0\x81\x81", 4, "\\u{e0041}" },           /* tag characters */
		{ "\xef\xb8\x8f", 3, "\\u{fe0f}" },
		{ "\xee\x80\x80", 3, "\\u{e000}" },                /* private use */
		{ "\xf0\x9f\x90\x8d", 4, "\xf0\x9f\x90\x8d" },
		{ "\xc0\x80", 2, "\\xc0\\x80" },                   /* overlong NUL */
		{ "\xe0\x80\x80", 3, "\\xe0\\x80\\x80" },
		{ "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },          /* surrogate */
		{ "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
		{ "\xff\xfe", 2, "\\xff\\xfe" },
		{ "\xe2\x82", 2, "\\xe2\\x82" },                   /* cut */
		{ "\xe2(\xa1", 3, "\\xe2(\\xa1" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char s[64] = "";
		assert_true(words_append(s, sizeof s, rd_of(table[i].bytes, table[i].n)));
		assert_string_equal(s, table[i].shown);
	}
}

static bool is_utf8(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	while (*u) {
		size_t n = *u < 0x80 ? 1 : *u >= 0xf0 ? 4 : *u >= 0xe0 ? 3 : *u >= 0xc2 ? 2 : 0;
		if (n == 0)
			return false;
		for (size_t i = 1; i < n; i++)
			if ((u[i] & 0xc0) != 0x80)
				return false;
		u += n;
	}
	return true;
}

/* Every cap from the least that holds the ellipsis: never over, always terminated, cut between characters. */
static void caps(void **state)
{
	(void)state;
	static const char text[] = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\x8d\x01z\xff" "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\x8d";
	for (size_t cap = 4; cap < 64; cap++) {
		char s[80];
		memset(s, 'X', sizeof s);
		s[0] = 0;
		bool fits = words_append(s, cap, rd_of(text, sizeof text - 1));
		assert_true(strlen(s) < cap);
		assert_int_equal(s[cap], 'X');
		assert_true(is_utf8(s));
		if (!fits)
			assert_string_equal(s + strlen(s) - 3, "…");
		/* Appending to a full one keeps the rules. */
		words_append(s, cap, rd_of(text, sizeof text - 1));
		assert_true(strlen(s) < cap && is_utf8(s));
	}
}

static struct cert_words words(const struct made *m)
{
	struct cert_words w;
	memset(&w, 0xee, sizeof w);
	words_of(m->x, &w);
	return w;
}

static void a_leaf(void **state)
{
	(void)state;
	struct made ca = zoo_make((struct recipe){ .subject = "Some CA", .is_ca = 1, .key = ZOO_RSA2048 });
	struct made m = zoo_make((struct recipe){ .subject = "a.test", .issuer = &ca, .serial = "66051",
		.san = "DNS:a.test,DNS:*.b.test,IP:10.0.0.1,IP:2001:db8::1,email:x@a.test,URI:https://a.test/" });
	struct cert_words w = words(&m);
	assert_string_equal(w.subject, "CN = a.test");
	assert_string_equal(w.issuer, "CN = Some CA");
	assert_string_equal(w.names, "a.test, *.b.test, 10.0.0.1, 2001:db8::1");
	assert_int_equal(w.n_names_left_out, 2);
	assert_string_equal(w.serial, "010203");
	assert_string_equal(w.key, "EC P-256");
	assert_string_equal(w.signature, "sha256WithRSAEncryption");
	assert_int_equal(w.not_before, ZOO_NOW - 30 * ZOO_DAY);
	assert_int_equal(w.not_after, ZOO_NOW + 30 * ZOO_DAY);
	assert_int_equal(w.is_self_signed, 0);
	assert_int_equal(words(&ca).is_self_signed, 1);
	zoo_free(&m), zoo_free(&ca);
}

/* Same names, another's signature: the look-alike that an interceptor makes is not "self-signed". */
static void self_signed_is_checked(void **state)
{
	(void)state;
	struct made a = zoo_make((struct recipe){ .subject = "a.test" });
	struct made b = zoo_make((struct recipe){ .subject = "a.test", .issuer = &a });
	assert_int_equal(words(&a).is_self_signed, 1);
	assert_int_equal(words(&b).is_self_signed, 0);
	zoo_free(&a), zoo_free(&b);
}

static void tricks(void **state)
{
	(void)state;
	struct made m = zoo_make((struct recipe){ .subject = "bank\xe2\x80\xae\x1b]0;x\x07, O=Real Bank", .san = "DNS:x" });
	struct cert_words w = words(&m);
	assert_null(strchr(w.subject, '\x1b'));
	assert_null(strchr(w.subject, '\x07'));
	assert_null(strstr(w.subject, "\xe2\x80\xae"));
	assert_non_null(strstr(w.subject, "\\u{202e}"));
	zoo_raw_san(&m, NULL, "a.test, b.test\nc.test\0d", 23);
	w = words(&m);
	assert_string_equal(w.names, "a.test\\u{2c}\\u{20}b.test\\u{a}c.test\\u{0}d");
	zoo_free(&m);
}

static void long_ones(void **state)
{
	(void)state;
	char *san = malloc(400 * 40), subject[61];
	size_t n = 0;
	memset(subject, 'n', 60);
	subject[60] = 0;
	for (int i = 0; i < 400; i++)
		n += (size_t)sprintf(san + n, "%sDNS:name-number-%d.some.test", i ? "," : "", i);
	char serial[100];
	memset(serial, '9', sizeof serial - 1);
	serial[sizeof serial - 1] = 0;
	struct made m = zoo_make((struct recipe){ .subject = subject, .san = san, .serial = serial });
	struct cert_words w = words(&m);
	assert_true(strlen(w.names) < sizeof w.names && strlen(w.names) > 900);
	assert_int_equal(w.n_names_left_out, 255);   /* it counts no further */
	assert_true(strlen(w.serial) < sizeof w.serial);
	assert_string_equal(w.serial + strlen(w.serial) - 3, "…");
	/* A name of 300 bytes is cut, not dropped. */
	char name[300];
	memset(name, 'x', sizeof name);
	zoo_raw_san(&m, NULL, name, sizeof name);
	w = words(&m);
	assert_int_equal(w.n_names_left_out, 0);
	assert_true(strlen(w.names) == HOST_MAX - 1 || strlen(w.names) == HOST_MAX - 2);
	free(san);
	zoo_free(&m);
}

static void dates(void **state)
{
	(void)state;
	struct made m = zoo_make((struct recipe){ .subject = "x", .not_before = -86400, .not_after = 4102444800 + 200LL * 365 * 86400 });
	struct cert_words w = words(&m);
	assert_int_equal(w.not_before, 0);   /* before 1970 */
	assert_int_equal(w.not_after, 4102444800 + 200LL * 365 * 86400);
	zoo_free(&m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes), cmocka_unit_test(caps), cmocka_unit_test(a_leaf),
		cmocka_unit_test(self_signed_is_checked), cmocka_unit_test(tricks), cmocka_unit_test(long_ones),
		cmocka_unit_test(dates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
