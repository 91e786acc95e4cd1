// What stands in an address's place on a page: pages of every kind against one place, surroundings, encodings, hostile pages.
// uses: host/parse/place.c host/parse/near.c host/parse/page.c host/parse/charset.c host/parse/addr/*.c host/priv/parsemsg.c host/base/buf.c host/base/rd.c host/base/err.c host/base/clock.c
// libs: -lgumbo -lsodium -lcrypto
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "parse/charset.h"
#include "parse/near.h"
#include "parse/page.h"
#include "parse/place.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define A "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
#define B "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
#define C "12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX"
#define E "0x52908400098527886E0F7030069857D2E4169EE7"
#define F "0x8617E340B3D01FA5F11F306F4090FD50E238070D"

static struct parse_text text_of(const char *s)
{
	return (struct parse_text){ s, (uint32_t)strlen(s) };
}

/* ---- one page, one place ---- */

struct asked { const char *type, *path, *before, *after, *family; };
struct told { enum err err; enum place_found found; bool family, alone; char address[128]; };

static struct told ask_bytes(const void *body, size_t n, struct asked a)
{
	struct told t = { 0 };
	struct buf answer BUF_AUTO = buf_new(FRAME_MAX);
	struct parse_place m = {
		.body_len = (uint32_t)n, .content_type = text_of(a.type ? a.type : "text/html; charset=utf-8"),
		.address = text_of(A), .ticker = text_of("BTC"), .path = text_of(a.path), .before = text_of(a.before),
		.after = text_of(a.after), .family = text_of(a.family ? a.family : ""),
	};
	struct parse_place_r r;
	/* In memory of that size, for ASan. */
	uint8_t *copy = malloc(n ? n : 1);
	memcpy(copy, body, n);
	t.err = place_find(&m, rd_of(copy, n), &answer);
	free(copy);
	if (t.err == OK) {
		assert_int_equal(parsemsg_get_place_r(rd_of(answer.bytes, answer.len), &r), OK);
		t.found = r.found;
		t.family = r.is_family_equal;
		t.alone = r.is_alone;
		snprintf(t.address, sizeof t.address, "%.*s", (int)r.address.n, r.address.at);
	}
	return t;
}

static struct told ask(const char *body, struct asked a)
{
	return ask_bytes(body, strlen(body), a);
}

#define HTML(body) "<!doctype html><title>t</title>" body
#define P_PLACE .path = "html>body>p", .before = "Give: ", .after = " now"

static void same_other_absent(void **state)
{
	(void)state;
	static const struct { const char *body; enum place_found found; const char *address; } table[] = {
		{ HTML("<p>Give: " A " now"), PLACE_SAME, A },
		{ HTML("<p>Give: " B " now"), PLACE_OTHER, B },
		{ HTML("<p>Give: " E " now"), PLACE_OTHER, E },                 /* another coin altogether */
		{ HTML("<p>Give:\n\t\xc2\xa0" A "  now"), PLACE_SAME, A },      /* white space is white space */
		{ HTML("<p>Give: nothing now"), PLACE_ABSENT, "" },
		{ HTML(""), PLACE_ABSENT, "" },
		{ "", PLACE_ABSENT, "" },
		{ HTML("<div>Give: " A " now"), PLACE_ABSENT, "" },             /* another element */
		{ HTML("<p>x<p>Give: " A " now"), PLACE_ABSENT, "" },           /* another position */
		{ HTML("<p>Give: " A " later"), PLACE_ABSENT, "" },             /* other surroundings */
		{ HTML("<p>Take: " A " now"), PLACE_ABSENT, "" },
		{ HTML("<p>" A " now"), PLACE_ABSENT, "" }, { HTML("<p>Give: " A), PLACE_ABSENT, "" },
		{ HTML("<p>" A), PLACE_ABSENT, "" }, { HTML("<p>Do Give: " A " now"), PLACE_ABSENT, "" }, { HTML("<p>Give: " A " now or never"), PLACE_ABSENT, "" },
		{ HTML("<p>Take: " B " now"), PLACE_ABSENT, "" },
		{ HTML("<p><b>Give: " A " now</b>"), PLACE_ABSENT, "" },
		{ HTML("<script>'" B "'</script><style>" B "</style><noscript>" B "</noscript><template>" B "</template><p>Give: " A " now"), PLACE_SAME, A },
		{ HTML("<p>Give: " A " now<!-- " B " -->"), PLACE_SAME, A },
		/* An attacker's comment elsewhere on the honest page. */
		{ HTML("<p>Give: " B " now<div><q>I give to " A "</q></div>"), PLACE_ABSENT, "" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct told t = ask(table[i].body, (struct asked){ P_PLACE });
		if (t.err != OK || t.found != table[i].found || strcmp(t.address, table[i].address) != 0)
			fail_msg("%s: %d %d %s", table[i].body, (int)t.err, (int)t.found, t.address);
	}
	/* The comment's own place, as the first exit's page has it: the address that others show there is the commentator's. */
	struct told t = ask(HTML("<p>Give: " B "<div><q>I give to " A "</q></div>"),
	                    (struct asked){ .path = "html>body>div>q", .before = "Give: " A " I give to ", .after = "" });
	assert_true(t.found == PLACE_ABSENT);   /* what stands before it is not what it was */
}

static void a_page_whose_every_address_was_changed(void **state)
{
	(void)state;
	/* The first exit changed both; the surroundings of one hold the other. */
	const struct asked a = { .path = "html>body>p>code", .before = "BTC ", .after = " ETH " E };
	struct told t = ask(HTML("<p>BTC <code>" B "</code> ETH <code>" F "</code>"), a);
	assert_true(t.err == OK && t.found == PLACE_OTHER);
	assert_string_equal(t.address, B);
	/* Ours is there, but the other coin's was changed: not the very page. */
	t = ask(HTML("<p>BTC <code>" A "</code> ETH <code>" F "</code>"), a);
	assert_true(t.found == PLACE_ABSENT);
	t = ask(HTML("<p>BTC <code>" A "</code> ETH <code>" E "</code>"), a);
	assert_true(t.found == PLACE_SAME);
	/* Words that are no addresses accuse nobody. */
	t = ask(HTML("<p>XMR <code>" B "</code> ETH <code>" F "</code>"), a);
	assert_true(t.found == PLACE_ABSENT);
}

static void family(void **state)
{
	(void)state;
	static const struct { const char *more, *family; bool is_equal; } table[] = {
		{ "", "", true }, { "", B, false }, { "<q>" B "</q>", "", false }, { "<q>" B "</q>", B, true },
		{ "<q>" B "</q><i>" C "</i>", B " " C, true }, { "<q>" B "</q><i>" C "</i>", C " " B, true },
		{ "<q>" B "</q><i>" C "</i>", B, false }, { "<q>" B "</q>", B " " C, false }, { "<q>" C "</q>", B, false },
		{ "<q>" A "</q>", "", true },                      /* itself again is no other */
		{ "<q>" E "</q>", "", true },                      /* another coin */
		{ "<q>" B "</q> <q>" B "</q>", B, true }, { "<!--" B "-->", "", true }, { "<q>" B "x</q>", "", true },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char body[1024];
		snprintf(body, sizeof body, HTML("<p>Give: " A " now</p>%s"), table[i].more);
		char after[300] = " now ";
		/* What follows is part of the surroundings: asked with the path alone, in an attribute's place. */
		snprintf(body, sizeof body, HTML("<a href='bitcoin:" A "'>x</a>%s"), table[i].more);
		(void)after;
		struct told t = ask(body, (struct asked){ .path = "html>body>a@href", .before = "bitcoin:", .after = "", .family = table[i].family });
		if (t.err != OK || t.found != PLACE_SAME || t.family != table[i].is_equal)
			fail_msg("%s: %d %d %d", table[i].more, (int)t.err, (int)t.found, t.family);
	}
}

/* Another address of its coin, wherever in the source: an exit may let that be seen, or hide it. */
static void alone(void **state)
{
	(void)state;
	static const struct { const char *more; bool is_alone; } table[] = {
		{ "", true }, { "<p>and " A " again, bitcoin:" A, true }, { "<p>ether to " E " or " F, true }, { "<p>I gave to " B, false },
		{ "<p hidden>" B, false }, { "<a href='bitcoin:" B "'>pay</a>", false }, { "<a href=\"/pay?to=" B "\">pay</a>", false }, { "<!-- " B " -->", false },
		{ "<script>var to = '" B "';</script>", false }, { "<p>1BoatSLRHtKN<b>ngkdXEeob</b>R76b53LETtpyT", false }, { "<template>" B "</template>", false },
		{ "<input value=" B ">", false }, { "<p>bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", false },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char body[1024];
		snprintf(body, sizeof body, HTML("<p>Give: " A " now") "%s", table[i].more);
		struct told t = ask(body, (struct asked){ P_PLACE });
		if (t.err != OK || t.alone != table[i].is_alone)
			fail_msg("%s: %d %d", table[i].more, (int)t.err, t.alone);
	}
}

/* More addresses than are told of: the rest of the family is not known. */
static void too_large_a_family(void **state)
{
	(void)state;
	char *body = malloc(64 * 1024), *p = body + sprintf(body, HTML("<a href='" A "'>x</a>"));
	for (int i = 0; i <= ADDR_HITS_MAX; i++)
		p += sprintf(p, "<q>" B "</q>");
	const struct asked a = { .path = "html>body>a@href", .before = "", .after = "", .family = B };
	struct told t = ask(body, a);
	assert_true(t.found == PLACE_SAME && !t.family);
	p[-(long)strlen("<q>" B "</q>")] = 0;
	t = ask(body, a);
	assert_true(t.found == PLACE_SAME && t.family);
	free(body);
}

static void attributes_and_plain_text(void **state)
{
	(void)state;
	struct asked a = { .path = "html>body>a:nth-of-type(2)@href", .before = "bitcoin:", .after = "?amount=1" };
	assert_int_equal(ask(HTML("<a></a><a href='bitcoin:" A "?amount=1'>"), a).found, PLACE_SAME);
	assert_int_equal(ask(HTML("<a></a><a href='bitcoin:" B "?amount=1'>"), a).found, PLACE_OTHER);
	assert_int_equal(ask(HTML("<a></a><a href='bitcoin:" A "?amount=2'>"), a).found, PLACE_ABSENT);
	assert_int_equal(ask(HTML("<a></a><a title='bitcoin:" A "?amount=1'>"), a).found, PLACE_ABSENT);
	assert_int_equal(ask(HTML("<a href='bitcoin:" A "?amount=1'>"), a).found, PLACE_ABSENT);
	struct asked p = { .type = "text/plain", .path = "html>body>pre", .before = "Give: ", .after = " now" };
	assert_int_equal(ask("Give: " A "\nnow", p).found, PLACE_SAME);
	assert_int_equal(ask("Give: " B "\nnow", p).found, PLACE_OTHER);
	assert_int_equal(ask("<p>Give: " A "\nnow", p).found, PLACE_ABSENT);
	p.type = "image/png";
	assert_int_equal(ask("Give: " A "\nnow", p).err, ERR_PAGE_FORMAT);
	p.type = "";
	assert_int_equal(ask("Give: " A "\nnow", p).err, ERR_PAGE_FORMAT);
	assert_int_equal(ask(" \n" HTML("<p>Give: " A " now"), (struct asked){ .type = "", P_PLACE }).found, PLACE_SAME);
	static const char *const odd_paths[] = { "html", "html>body>", ">", "@", "@href", "html>body>a:nth-of-type(0)@href", "html>body>a:nth-of-type(2@href",
	                                         "html>body>a:nth-of-type(99999999999999999999)@href", "html>body>a:nth@href", "a@@href", "html>body>a>@href" };
	for (size_t i = 0; i < sizeof odd_paths / sizeof *odd_paths; i++) {
		a.path = odd_paths[i];
		assert_int_equal(ask(HTML("<a></a><a href='bitcoin:" A "?amount=1'>"), a).found, PLACE_ABSENT);
	}
}

/* ---- text and paths ---- */

static void the_text_of_a_document(void **state)
{
	(void)state;
	static const struct { const char *html, *text; } table[] = {
		{ "<p>a<b>b</b>c", "a\nb\nc" }, { "<code>a</code><b>b</b>", "a\nb" }, { "a<!-- x -->b", "a\nb" }, { "a<br>b", "a\nb" },
		{ "a<b></b>b", "a\nb" }, { "a&amp;b", "a&b" }, { "<svg><text>x</text></svg>y", "y" }, { "<math><mi>x</mi></math>y", "y" },
		{ "<object>x</object>y", "y" }, { "<noscript><p>x</p></noscript>y", "y" }, { "<NoScript>x<p></NOSCRIPT>y", "y" },
		{ "<noscript>x", "x" }, { "<textarea><b>x</textarea>", "<b>x" }, { "<select><option>x</select>", "x" },
		{ "<table>x<tr><td>y</table>", "x\ny" }, { "x\r\ny", "x\ny" }, { "\xf0\x9f\x90\x8d", "\xf0\x9f\x90\x8d" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct page *p;
		assert_int_equal(page_of(rd_of(table[i].html, strlen(table[i].html)), true, &p), OK);
		struct rd text = page_text(p);
		bool is_right = text.left == strlen(table[i].text) && memcmp(text.at, table[i].text, text.left) == 0;
		/* An unclosed noscript is Gumbo's own affair: only that nothing breaks. */
		if (!is_right && strcmp(table[i].html, "<noscript>x") != 0)
			fail_msg("%s: %.*s", table[i].html, (int)text.left, (const char *)text.at);
		page_free(p);
	}
	page_free(NULL);
}

static void paths(void **state)
{
	(void)state;
	static const struct { const char *html, *path; } table[] = {
		{ "<p>X", "html>body>p" }, { "X", "html>body" }, { "<p>a<p>X", "html>body>p:nth-of-type(2)" },
		{ "<P>a<DIV>b</DIV><P><B>X", "html>body>p:nth-of-type(2)>b" }, { "<table><tr><td>X", "html>body>table>tbody>tr>td" },
		{ "<x-y>X", "html>body>x-y" }, { "<x-y>a</x-y><x-Y>X", "html>body>x-y:nth-of-type(2)" },
		{ "<ul><li>a<li>b<li>X", "html>body>ul>li:nth-of-type(3)" }, { "<x:y>X", NULL }, { "<x_y>X", NULL },
		{ "<div><p>a</div><p>b</p><div><i></i><p>X", "html>body>div:nth-of-type(2)>p" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct page *p;
		char path[CLIP_PATH_MAX + 1];
		assert_int_equal(page_of(rd_of(table[i].html, strlen(table[i].html)), true, &p), OK);
		struct rd text = page_text(p);
		const uint8_t *x = memchr(text.at, 'X', text.left);
		assert_non_null(x);
		bool has = page_path(p, (size_t)(x - text.at), path, sizeof path);
		if (has != (table[i].path != NULL) || (has && strcmp(path, table[i].path) != 0))
			fail_msg("%s: %s", table[i].html, has ? path : "none");
		if (has)
			for (size_t cap = 0; cap <= strlen(path); cap++) {
				char small[200];
				assert_false(page_path(p, (size_t)(x - text.at), small, cap));
			}
		page_free(p);
	}
}

/* ---- surroundings ---- */

static void expect_near(const char *text, size_t at, size_t points, const char *before, const char *after)
{
	struct buf a BUF_AUTO = buf_new(4096), b BUF_AUTO = buf_new(4096);
	near_before(rd_of(text, strlen(text)), at, points, &b);
	near_after(rd_of(text, strlen(text)), at, points, &a);
	if (b.len != strlen(before) || memcmp(b.bytes ? b.bytes : (uint8_t *)"", before, b.len) != 0)
		fail_msg("before %zu of %s: %.*s", at, text, (int)b.len, b.bytes);
	if (a.len != strlen(after) || memcmp(a.bytes ? a.bytes : (uint8_t *)"", after, a.len) != 0)
		fail_msg("after %zu of %s: %.*s", at, text, (int)a.len, a.bytes);
}

static void nearness(void **state)
{
	(void)state;
	expect_near("abcdef", 3, 2, "bc", "de");
	expect_near("abcdef", 3, 99, "abc", "def");
	expect_near("abcdef", 0, 2, "", "ab");
	expect_near("abcdef", 6, 2, "ef", "");
	expect_near("a \n\t b  c", 5, 3, "a ", "b c");
	expect_near("a \n\t b  c", 6, 3, "a b", " c");
	expect_near("a \n\t b  c", 6, 2, " b", " c");
	expect_near("a \n\t b  c", 6, 1, "b", " ");
	expect_near("  \xc2\xa0 ", 2, 9, " ", " ");
	expect_near("\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d", 5, 1, "\xe2\x82\xac", "\xf0\x9f\x90\x8d");
	expect_near("\xc2\xa0x\xc2\xa1", 3, 9, " x", "\xc2\xa1");
	expect_near("", 0, 9, "", "");
	expect_near("abc", 2, 0, "", "");
}

static bool alike(bool after, const char *said, const char *seen)
{
	struct rd a = rd_of(said, strlen(said)), b = rd_of(seen, strlen(seen));
	return after ? near_is_alike_after(a, b) : near_is_alike_before(a, b);
}

static void likeness(void **state)
{
	(void)state;
	char cut[200], seen[300];
	assert_true(alike(false, "", "") && alike(true, "", ""));
	assert_true(alike(false, "BTC " A " ETH ", "BTC " B " ETH ") && alike(true, " or " E ".", " or " F "."));
	assert_false(alike(false, "BTC " A " ETH ", "BTC " B " XMR ") || alike(false, "BTC ", "x BTC ") || alike(true, " a", " a b"));
	assert_false(alike(false, "x", "") || alike(true, "", "x") || alike(true, "short", "other"));
	/* Cut by the bound of 64: what was cut off does not matter, what is there does. */
	snprintf(cut, sizeof cut, "%s and more words that are the same x y: ", A + 5);
	memmove(cut, cut + strlen(cut) - 64, 65);
	snprintf(seen, sizeof seen, "long ago %s and more words that are the same x y: ", E);
	assert_int_equal(strlen(cut), 64);
	assert_true(alike(false, cut, seen));
	seen[strlen(seen) - 3] = 'z';
	assert_false(alike(false, cut, seen));
	/* Every length, every start: nothing is read beyond. */
	for (size_t n = 0; n < 80; n++) {
		memset(cut, 'a', n);
		cut[n] = 0;
		for (size_t m = 0; m < 90; m++) {
			memset(seen, n % 2 ? 'a' : ' ', m);
			seen[m] = 0;
			(void)alike(false, cut, seen);
			(void)alike(true, cut, seen);
		}
	}
}

/* ---- encodings ---- */

static void encodings(void **state)
{
	(void)state;
	static const struct { const char *type, *body; size_t n; const char *utf8; } table[] = {
		{ "text/html; charset=utf-8", "\xc3\xa9", 2, "\xc3\xa9" }, { "text/html;charset=\"UTF-8\"", "\xc3\xa9", 2, "\xc3\xa9" },
		{ "text/html; charset='latin1'", "\xe9\x80", 2, "\xc3\xa9\xe2\x82\xac" }, { "text/html", "\xe9", 1, "\xc3\xa9" },
		{ "text/html; charset = windows-1251", "\xcf", 1, "\xd0\x9f" }, { "text/html; charset=shift_jis", "\x82\xa0", 2, "\xe3\x81\x82" },
		{ "text/html; charset=utf-16le", "a\0\xe9\0", 4, "a\xc3\xa9" }, { "text/html; charset=latin1", "\xef\xbb\xbf\xc3\xa9", 5, "\xc3\xa9" },
		{ "text/html", "\xff\xfe" "a\0", 4, "a" }, { "text/html", "\xfe\xff\0a", 4, "a" },
		{ "text/html", "<meta charset=koi8-r>\xcf", 22, "<meta charset=koi8-r>\xd0\xbe" },
		{ "text/html", "<META http-equiv=x content='text/html; charset=utf-8'>\xc3\xa9", 56, "<META http-equiv=x content='text/html; charset=utf-8'>\xc3\xa9" },
		{ "text/html", "<meta charset=utf-16>\xc3\xa9", 23, "<meta charset=utf-16>\xc3\xa9" },
		{ "text/html; charset=klingon", "a", 1, NULL }, { "text/html", "<meta charset=klingon>", 22, NULL },
		{ "text/html; charset=utf-7", "a", 1, NULL }, { "text/html; charset=//TRANSLIT", "a", 1, "a" },
		{ "text/html; charset=utf-8", "a\xff" "b", 3, "a\xef\xbf\xbd" "b" }, { "text/html; charset=utf-8", "a\xe2\x82", 3, "a\xef\xbf\xbd" },
		{ "text/html; charset=utf-8", "", 0, "" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct buf out BUF_AUTO = buf_new(4096);
		enum err err = charset_to_utf8(rd_of(table[i].body, table[i].n), table[i].type, true, &out);
		if ((err == OK) != (table[i].utf8 != NULL) || (err == OK && (out.len != strlen(table[i].utf8) || memcmp(out.bytes ? out.bytes : (uint8_t *)"", table[i].utf8, out.len) != 0)))
			fail_msg("%s %s: %d %.*s", table[i].type, table[i].body, (int)err, (int)out.len, out.bytes);
	}
}

/* ---- hostile ---- */

static void hostile_pages(void **state)
{
	(void)state;
	static const char *const bits[] = { "<div>", "<b>", "<a>", "<p><b>", "<table>", "<table><tr><td>", "</p>", "<svg>", "<svg><desc>", "&", "&#", "<", "<!", "<!--", "\0",
		"<select>", "<template>", "<noscript>", "<b x=1><i>", "<form>", "</a></b>", "<font color=1><p>", "<frameset>", "<plaintext>", "<textarea>", "<a href='" };
	char *body = malloc(CLIP_PAGE_MAX);
	assert_non_null(body);
	for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
		size_t len = strlen(bits[i]) ? strlen(bits[i]) : 1, n = 0;
		for (; n + len <= CLIP_PAGE_MAX; n += len)
			memcpy(body + n, bits[i], len);
		clock_t start = clock();   /* processor time: another program's load is no fault of ours */
		struct told t = ask_bytes(body, n, (struct asked){ P_PLACE });
		uint64_t ms = (uint64_t)(clock() - start) * 1000 / CLOCKS_PER_SEC;
		if (ms > 1000)
			print_message("%s: %u ms, error %d\n", bits[i], (unsigned)ms, (int)t.err);
		assert_true(t.err == ERR_TOO_BIG || (t.err == OK && t.found == PLACE_ABSENT));
		assert_true(ms < PARSE_ANSWER_MS);
	}
	free(body);
}

static void random_pages(void **state)
{
	(void)state;
	static const char *const bits[] = { "<p>", "</p>", "<b>", "</b>", A, B, E, " ", "\n", "Give: ", " now", "<a href='", "'>", "\"", "<!--", "-->", "<table>", "<td>", "</table>",
		"<script>", "</script>", "<noscript>", "</noscript>", "<svg>", "</svg>", "&amp;", "&#x31;", "\xc2\xa0", "\xff", "<br>", "<body>", "<html>", "</body>", "<template>", "<select>" };
	uint32_t seed = 7;
	unsigned found = 0;
	for (int i = 0; i < 4000; i++) {
		char body[4096];
		size_t n = 0;
		for (int k = 0; k < 30; k++) {
			seed = seed * 1664525 + 1013904223;
			const char *bit = bits[(seed >> 16) % (sizeof bits / sizeof *bits)];
			memcpy(body + n, bit, strlen(bit));
			n += strlen(bit);
		}
		struct told t = ask_bytes(body, n, (struct asked){ .path = "html>body", .before = "", .after = "" });
		assert_int_equal(t.err, OK);
		found += t.found != PLACE_ABSENT;
	}
	(void)found;
}

static void wrong_lengths(void **state)
{
	(void)state;
	struct buf answer BUF_AUTO = buf_new(FRAME_MAX);
	struct parse_place m = { .body_len = 5, .content_type = text_of("text/html"), .address = text_of(A), .ticker = text_of("BTC"),
	                         .path = text_of("html"), .before = text_of(""), .after = text_of(""), .family = text_of("") };
	assert_int_equal(place_find(&m, rd_of("abcd", 4), &answer), ERR_FORMAT);
	assert_int_equal(place_find(&m, rd_of("abcdef", 6), &answer), ERR_FORMAT);
	assert_int_equal(place_find(&m, rd_of("abcde", 5), &answer), OK);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_other_absent), cmocka_unit_test(a_page_whose_every_address_was_changed), cmocka_unit_test(family), cmocka_unit_test(alone), cmocka_unit_test(too_large_a_family),
		cmocka_unit_test(attributes_and_plain_text), cmocka_unit_test(the_text_of_a_document), cmocka_unit_test(paths),
		cmocka_unit_test(nearness), cmocka_unit_test(likeness), cmocka_unit_test(encodings), cmocka_unit_test(hostile_pages),
		cmocka_unit_test(random_pages), cmocka_unit_test(wrong_lengths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
