// JSON at the door: one strict object or nothing, bounded before anything is allocated.
// uses: host/wire/json.c host/wire/jsonlong.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -lsodium -ljansson
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/limits.h"
#include "wire/json.h"
#include "wire/jsonlong.h"

/* Takes text from a block of exactly its size. */
static enum err take(const char *text, size_t n)
{
	char *copy = malloc(n > 0 ? n : 1);
	json_t *tree = NULL;

	assert_non_null(copy);
	memcpy(copy, text, n);
	enum err err = json_take(rd_of(copy, n), &tree);
	free(copy);
	assert_true((err == OK) == (tree != NULL));
	json_decref(tree);
	return err;
}

static void good(void **state)
{
	(void)state;
	const char *const texts[] = {
		"{}", " {} ", "\n{\t}\r\n", "{\"a\":1}", "{\"a\":-2147483648,\"b\":[true,false,null],\"c\":{\"d\":\"x\"}}",
		"{\"a\":\"\\u00e9\\n\\\"\"}", "{\"a\":\"\xc3\xa9\"}", "{\"a\":\"{[,:\"}", "{\"a\":1.5}",
		"{\"a\":9223372036854775807}",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(take(texts[i], strlen(texts[i])), OK);
}

static void bad(void **state)
{
	(void)state;
	const char *const texts[] = {
		"", " ", "null", "1", "\"a\"", "[]", "[{}]", "true",
		"{", "}", "{\"a\"}", "{\"a\":}", "{a:1}", "{'a':1}", "{\"a\":1,}", "{\"a\":1 \"b\":2}",
		"{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":0x10}",
		"{\"a\":9223372036854775808}", "{\"a\":1e999}",
		/* behind it */
		"{}{}", "{} x", "{}]", "{}\"", "{}//", "/**/{}",
		/* duplicates, plain, escaped, deep */
		"{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}", "{\"x\":{\"a\":1,\"a\":2}}",
		/* NUL, controls, encodings */
		"{\"a\":\"\\u0000\"}", "{\"a\\u0000b\":1}", "{\"a\":\"\x01\"}", "{\"a\":\"\n\"}",
		"\xef\xbb\xbf{}", "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xc3\"}",
		"{\"a\":\"\xf5\x80\x80\x80\"}", "{\"\xff\":1}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\\ud800\"}",
		"{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (take(texts[i], strlen(texts[i])) != ERR_MSG_JSON)
			fail_msg("taken: %s", texts[i]);
}

static void a_raw_nul_anywhere(void **state)
{
	(void)state;
	static const char text[] = "{\"ab\":[1,\"c\"]}";
	for (size_t i = 0; i <= sizeof text - 1; i++) {
		char with[sizeof text];
		memcpy(with, text, i);
		with[i] = '\0';
		memcpy(with + i + 1, text + i, sizeof text - 1 - i);
		assert_int_equal(take(with, sizeof text), ERR_MSG_JSON);
	}
}

static void every_truncation(void **state)
{
	(void)state;
	static const char text[] = "{\"id\":1,\"kind\":\"cert.check\",\"l\":[\"a\\u00e9\",{\"b\":-1}],\"t\":true}";
	for (size_t n = 0; n < sizeof text - 1; n++)
		assert_int_equal(take(text, n), ERR_MSG_JSON);
	assert_int_equal(take(text, sizeof text - 1), OK);
}

/* {"a": followed by n opening brackets and as many closing ones. */
static enum err nested(size_t n, char open, char close, bool is_closed)
{
	char *text = malloc(2 * n + 64), *p = text;

	assert_non_null(text);
	p = stpcpy(p, "{\"a\":");
	memset(p, open, n);
	p += n;
	if (is_closed) {
		memset(p, close, n);
		p += n;
		*p++ = '}';
	}
	enum err err = take(text, (size_t)(p - text));
	free(text);
	return err;
}

static void depth(void **state)
{
	(void)state;
	assert_int_equal(nested(JSON_DEPTH_MAX - 1, '[', ']', true), OK);
	assert_int_equal(nested(JSON_DEPTH_MAX, '[', ']', true), ERR_MSG_JSON);
	assert_int_equal(nested(100000, '[', ']', true), ERR_MSG_JSON);
	assert_int_equal(nested(NATIVE_IN_MAX, '[', ']', false), ERR_MSG_JSON);
	assert_int_equal(nested(NATIVE_IN_MAX, '{', '}', false), ERR_MSG_JSON);
	/* Brackets inside strings do not count; an escaped quote does not end a string. */
	assert_int_equal(take("{\"a\":\"[[[[[[[[[[[[\\\"[[[[[[[[\"}", 30), OK);
}

static void many_values(void **state)
{
	(void)state;
	for (size_t n = JSON_MARKS_MAX - 10; n < JSON_MARKS_MAX + 10; n++) {
		char *text = malloc(2 * n + 64), *p = text;
		assert_non_null(text);
		p = stpcpy(p, "{\"a\":[");
		for (size_t i = 0; i < n; i++)
			p = stpcpy(p, i > 0 ? ",0" : "0");
		p = stpcpy(p, "]}");
		/* { : [ and n - 1 commas */
		assert_int_equal(take(text, (size_t)(p - text)), n + 2 <= JSON_MARKS_MAX ? OK : ERR_MSG_JSON);
		free(text);
	}
}

/* Memory that is out at every single allocation: an error, no crash, no leak. */
static size_t allocations_left;
static void *failing_malloc(size_t n)
{
	return allocations_left > 0 ? allocations_left--, malloc(n) : NULL;
}

static void out_of_memory_at_each_allocation(void **state)
{
	(void)state;
	static const char text[] = "{\"id\":1,\"kind\":\"x\",\"l\":[\"abc\",{\"b\":-1}]}";
	size_t n = 0;
	json_set_alloc_funcs(failing_malloc, free);
	for (;; n++) {
		allocations_left = n;
		json_t *tree = NULL;
		enum err err = json_take(rd_of(text, sizeof text - 1), &tree);
		json_decref(tree);
		if (err == OK)
			break;
		assert_true(err == ERR_NOMEM || err == ERR_MSG_JSON);
	}
	assert_in_range(n, 5, 100);
	json_init();
}

static void give(void **state)
{
	(void)state;
	struct buf out BUF_AUTO = buf_new(64), small BUF_AUTO = buf_new(8);
	json_t *tree = json_pack("{s:i,s:s,s:n}", "id", 1, "kind", "ok", "x");
	assert_non_null(tree);
	assert_int_equal(json_give(tree, &out), OK);
	assert_int_equal(out.len, strlen("{\"id\":1,\"kind\":\"ok\",\"x\":null}"));
	assert_memory_equal(out.bytes, "{\"id\":1,", 8);
	assert_int_equal(json_give(tree, &small), ERR_TOO_BIG);
	json_decref(tree);
	json_t *text = json_string("no object");
	struct buf other BUF_AUTO = buf_new(64);
	assert_int_equal(json_give(text, &other), ERR_BUG);
	json_decref(text);
}

/* As people would write them. */
static void give_reals(void **state)
{
	(void)state;
	struct buf out BUF_AUTO = buf_new(128);
	double f = 0.23;
	json_t *tree = json_pack("{s:[f,f,f,f,f,f]}", "chance", f, f * f, f * f * f, 0.0, 1.0, 1.0 / 3);
	assert_non_null(tree);
	assert_int_equal(json_give(tree, &out), OK);
	json_decref(tree);
	static const char want[] = "{\"chance\":[0.23,0.0529,0.012167,0.0,1.0,0.333333333333]}";
	assert_int_equal(out.len, sizeof want - 1);
	assert_memory_equal(out.bytes, want, sizeof want - 1);
}

static uint32_t next_random(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	return *s ^= *s << 5;
}

/* Whatever is taken is an object that can be written and is then taken again. */
static void random_mutations(void **state)
{
	(void)state;
	static const char text[] = "{\"id\":1,\"kind\":\"cert.check\",\"l\":[\"a\\u00e9\",{\"b\":-1}],\"t\":true}";
	static const char likely[] = "{}[]\",:\\0u1e-.\n\xc3\xa9";
	uint32_t seed = 7;
	unsigned taken = 0;
	for (int i = 0; i < 10000; i++) {
		char copy[sizeof text];
		memcpy(copy, text, sizeof text);
		for (unsigned m = next_random(&seed) % 3 + 1; m > 0; m--)
			copy[next_random(&seed) % (sizeof text - 1)] =
				next_random(&seed) % 2 ? likely[next_random(&seed) % sizeof likely] : (char)next_random(&seed);
		json_t *tree, *again;
		if (json_take(rd_of(copy, sizeof text - 1), &tree) != OK)
			continue;
		taken++;
		struct buf out BUF_AUTO = buf_new(4096);
		assert_int_equal(json_give(tree, &out), OK);
		assert_int_equal(json_take(rd_of(out.bytes, out.len), &again), OK);
		assert_true(json_equal(tree, again));
		json_decref(tree);
		json_decref(again);
	}
	assert_in_range(taken, 100, 9900);
}

static int init(void **state)
{
	(void)state;
	json_init();
	return 0;
}

/* Long strings go another way than short ones: whatever Jansson says of a text, json_take says. */
static void like_jansson(const char *text, size_t n)
{
	json_t *ours = NULL;
	enum err err = json_take(rd_of(text, n), &ours);
	json_t *theirs = memchr(text, 0, n) ? NULL : json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(theirs)) {
		json_decref(theirs);
		theirs = NULL;
	}
	assert_int_equal(err, theirs != NULL ? OK : ERR_MSG_JSON);
	if (theirs != NULL)
		assert_true(json_equal(ours, theirs));
	json_decref(theirs);
	if (err == OK)
		json_decref(ours);
}

/* {"a":"<inside><pad>","b":["<pad><inside>"]} */
static size_t long_text(char *out, const char *inside, size_t n, size_t pad)
{
	char *p = out + sprintf(out, "{\"a\":\"");
	memcpy(p, inside, n);
	memset(p + n, 'x', pad);
	p += n + pad;
	p += sprintf(p, "\",\"b\":[\"");
	memset(p, 'y', pad);
	memcpy(p + pad, inside, n);
	p += pad + n;
	return (size_t)(p + sprintf(p, "\"]}") - out);
}

static void long_strings(void **state)
{
	(void)state;
	static const char *const insides[] = {
		"", "a", "\\n", "\\\\", "\\\"", "\\/\\b\\f\\r\\t", "\\u00e9", "\\u0001", "\\u0000", "\\ud83d\\udc0d", "\\uD83D\\uDC0D",
		"\\ud83d", "\\udc0d", "\\ud83dx", "\\ud83d\\n", "\\ud83d\\ud83d", "\\udc0d\\ud83d", "\\ud83d\\u0041", "\\u12", "\\u12g4", "\\x",
		"\\", "\\u", "\"", "\n", "\t", "\x01", "\x1f", "\x7f", "\xc3\xa9", "\xc3", "\xa9", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
		"\xe0\x9f\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xef\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "\xf0\x9f\x90", "\xe2\x82", "\",\"c\":\"", "\\uD83D\\uDC0D\xe2\x82\xac",
	};
	char *text = malloc(4 * JSON_LONG_MIN);
	for (size_t pad = JSON_LONG_MIN - 16; pad < JSON_LONG_MIN + 9; pad++)
		for (size_t i = 0; i < sizeof insides / sizeof *insides; i++)
			like_jansson(text, long_text(text, insides[i], strlen(insides[i]), pad));
	/* Cut at every byte around both ends, and as a key. */
	size_t n = long_text(text, "\\u00e9", 6, JSON_LONG_MIN);
	for (size_t cut = 0; cut <= n; cut += cut > 40 && cut + 40 < n && (cut < JSON_LONG_MIN - 20 || cut > JSON_LONG_MIN + 40) ? 97 : 1)
		like_jansson(text, cut);
	n = (size_t)sprintf(text, "{\"");
	memset(text + n, 'k', JSON_LONG_MIN);
	n += JSON_LONG_MIN;
	n += (size_t)sprintf(text + n, "\":1}");
	json_t *root;
	assert_int_equal(json_take(rd_of(text, n), &root), ERR_MSG_JSON);   /* no key of ours is as long */
	free(text);
}

/* More long strings than are taken out, some of them inside each other's neighbours. */
static void many_long_strings(void **state)
{
	(void)state;
	struct buf text BUF_AUTO = buf_new(64 * 2 * JSON_LONG_MIN);
	char *pad = malloc(JSON_LONG_MIN + 1);
	memset(pad, 'z', JSON_LONG_MIN);
	pad[JSON_LONG_MIN] = 0;
	buf_printf(&text, "{\"a\":[");
	for (int i = 0; i < JSON_LONG_MAX + 5; i++)
		buf_printf(&text, "%s{\"k\":\"%d%s\",\"s\":\"short\"}", i ? "," : "", i, pad);
	buf_printf(&text, "]}");
	assert_int_equal(buf_err(&text), OK);
	like_jansson((const char *)text.bytes, text.len);
	free(pad);
}

static void long_mutations(void **state)
{
	(void)state;
	static const char likely[] = "\\\\\\uuu\"\"0dD8cC{}[],:\n\xc3\xa9\xed\xa0\x80\xf0\x9f";
	char *text = malloc(4 * JSON_LONG_MIN);
	uint32_t seed = 4711;
	for (int i = 0; i < 3000; i++) {
		char inside[24];
		for (size_t k = 0; k < sizeof inside; k++) {
			seed = seed * 1664525 + 1013904223;
			inside[k] = seed >> 31 ? likely[(seed >> 8) % (sizeof likely - 1)] : 'a';
		}
		like_jansson(text, long_text(text, inside, (seed >> 4) % sizeof inside, JSON_LONG_MIN));
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(a_raw_nul_anywhere),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(depth),
		cmocka_unit_test(many_values),
		cmocka_unit_test(out_of_memory_at_each_allocation),
		cmocka_unit_test(give), cmocka_unit_test(give_reals),
		cmocka_unit_test(random_mutations), cmocka_unit_test(long_strings), cmocka_unit_test(many_long_strings),
		cmocka_unit_test(long_mutations),
	};
	return cmocka_run_group_tests(tests, init, NULL);
}
