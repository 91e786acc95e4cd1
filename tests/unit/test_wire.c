// Native-messaging frames: every split, every truncation, lying lengths, floods, what is too large never stored.
// uses: host/wire/native.c host/base/buf.c host/base/rd.c host/base/err.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/limits.h"
#include "wire/native.h"

/* What came out, in words: "m:5 " for a message of 5 bytes, "big ", in order; and the last message. */
struct seen { char words[256]; uint8_t last[64]; size_t n_last; unsigned messages, too_big; };

static void feed(struct native *n, const uint8_t *bytes, size_t len, struct seen *s)
{
	/* Exactly as many bytes as there are, for AddressSanitizer. */
	uint8_t *copy = malloc(len > 0 ? len : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, len);
	struct rd in = rd_of(copy, len), m;
	for (enum native_got got; (got = native_next(n, &in, &m)) != NATIVE_MORE;) {
		size_t at = strlen(s->words);
		if (got == NATIVE_MESSAGE) {
			snprintf(s->words + at, sizeof s->words - at, "m:%zu ", m.left);
			s->n_last = m.left < sizeof s->last ? m.left : sizeof s->last;
			memcpy(s->last, m.at, s->n_last);
			s->messages++;
		} else {
			assert_int_equal(got, NATIVE_TOO_BIG);
			snprintf(s->words + at, sizeof s->words - at, "big ");
			s->too_big++;
		}
	}
	assert_int_equal(in.left, 0);
	assert_false(in.bad);
	free(copy);
}

static void put_raw(struct buf *out, uint32_t length, const char *bytes)
{
	buf_put(out, &length, sizeof length);
	buf_put(out, bytes, strlen(bytes));
}

static void every_split(void **state)
{
	(void)state;
	struct buf all BUF_AUTO = buf_new(4096);
	put_raw(&all, 2, "{}");
	put_raw(&all, 0, "");
	put_raw(&all, 5, "abcde");
	put_raw(&all, 1, "x");
	for (size_t a = 0; a <= all.len; a++)
		for (size_t b = a; b <= all.len; b++) {
			struct native n = native_new();
			struct seen s = { 0 };
			feed(&n, all.bytes, a, &s);
			feed(&n, all.bytes + a, b - a, &s);
			feed(&n, all.bytes + b, all.len - b, &s);
			assert_string_equal(s.words, "m:2 m:0 m:5 m:1 ");
			assert_false(native_is_inside(&n));
			native_free(&n);
		}
	struct native n = native_new();
	struct seen s = { 0 };
	for (size_t i = 0; i < all.len; i++)
		feed(&n, all.bytes + i, 1, &s);
	assert_string_equal(s.words, "m:2 m:0 m:5 m:1 ");
	assert_memory_equal(s.last, "x", 1);
	native_free(&n);
}

static void every_truncation_is_noticed(void **state)
{
	(void)state;
	struct buf all BUF_AUTO = buf_new(64);
	put_raw(&all, 5, "abcde");
	for (size_t cut = 0; cut <= all.len; cut++) {
		struct native n = native_new();
		struct seen s = { 0 };
		feed(&n, all.bytes, cut, &s);
		assert_int_equal(s.messages, cut == all.len);
		assert_int_equal(native_is_inside(&n), cut > 0 && cut < all.len);
		native_free(&n);
	}
}

/* Announced only: said at once, nothing reserved, nothing stored however much follows. */
static void lying_lengths_cost_nothing(void **state)
{
	(void)state;
	const uint32_t lies[] = { NATIVE_IN_MAX + 1, 0x7fffffff, 0x80000000u, 0xffffffffu };
	uint8_t *noise = malloc(1 << 20);
	assert_non_null(noise);
	memset(noise, '{', 1 << 20);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct native n = native_new();
		struct seen s = { 0 };
		feed(&n, (const uint8_t *)&lies[i], 4, &s);
		assert_string_equal(s.words, "big ");
		assert_int_equal(n.held.room, 0);
		for (int k = 0; k < 64 && n.left > (1 << 20); k++) {
			feed(&n, noise, 1 << 20, &s);
			assert_int_equal(n.held.room, 0);
		}
		assert_string_equal(s.words, "big ");
		assert_true(native_is_inside(&n));
		native_free(&n);
	}
	free(noise);
}

static void after_a_large_one_the_next_is_read(void **state)
{
	(void)state;
	uint32_t length = NATIVE_IN_MAX + 1;
	struct buf all BUF_AUTO = buf_new(2 * NATIVE_IN_MAX);
	char *body = malloc(length);
	assert_non_null(body);
	memset(body, 'z', length);
	put_raw(&all, 2, "{}");
	buf_put(&all, &length, sizeof length);
	buf_put(&all, body, length);
	put_raw(&all, 3, "abc");
	const size_t pieces[] = { 1, 3, 4096, 65536, all.len };
	for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
		struct native n = native_new();
		struct seen s = { 0 };
		for (size_t at = 0; at < all.len; at += pieces[p])
			feed(&n, all.bytes + at, all.len - at < pieces[p] ? all.len - at : pieces[p], &s);
		assert_string_equal(s.words, "m:2 big m:3 ");
		assert_memory_equal(s.last, "abc", 3);
		native_free(&n);
	}
	free(body);
}

static void the_largest_message_is_taken(void **state)
{
	(void)state;
	uint32_t length = NATIVE_IN_MAX;
	uint8_t *body = calloc(1, length);
	assert_non_null(body);
	struct native n = native_new();
	struct seen s = { 0 };
	feed(&n, (const uint8_t *)&length, 4, &s);
	/* Memory follows the bytes, not the length. */
	assert_int_equal(n.held.room, 0);
	feed(&n, body, 1000, &s);
	assert_true(n.held.room <= 4096);
	feed(&n, body, length - 1000, &s);
	assert_int_equal(s.messages, 1);
	/* Given back as soon as the next one is asked for. */
	struct rd none = rd_of("", 0), m;
	assert_int_equal(native_next(&n, &none, &m), NATIVE_MORE);
	assert_int_equal(n.held.room, 0);
	native_free(&n);
	free(body);
}

static void a_flood_of_empty_messages(void **state)
{
	(void)state;
	uint8_t *zeros = calloc(1, 400000);
	assert_non_null(zeros);
	struct native n = native_new();
	struct seen s = { 0 };
	feed(&n, zeros, 400000, &s);
	assert_int_equal(s.messages, 100000);
	assert_int_equal(n.held.room, 0);
	native_free(&n);
	free(zeros);
}

static void replies_stay_below_the_browsers_limit(void **state)
{
	(void)state;
	char *body = calloc(1, NATIVE_OUT_MAX + 1);
	assert_non_null(body);
	struct buf out BUF_AUTO = buf_new(NATIVE_QUEUE_MAX);
	assert_int_equal(native_put(&out, "{}", 2), OK);
	assert_int_equal(native_put(&out, body, NATIVE_OUT_MAX + 1), ERR_TOO_BIG);
	assert_int_equal(out.len, 6);
	assert_int_equal(native_put(&out, body, NATIVE_OUT_MAX), OK);
	assert_true(NATIVE_OUT_MAX < 1024 * 1024);
	uint32_t length;
	memcpy(&length, out.bytes, 4);
	assert_int_equal(length, 2);
	/* A full queue: nothing half, and it goes on when there is room again. */
	size_t before = out.len;
	while (native_put(&out, body, NATIVE_OUT_MAX) == OK)
		before = out.len;
	assert_int_equal(out.len, before);
	buf_drop(&out, out.len);
	assert_int_equal(native_put(&out, "{}", 2), OK);
	free(body);
}

static uint32_t next_random(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	return *s ^= *s << 5;
}

static void random_mutations_in_random_pieces(void **state)
{
	(void)state;
	uint32_t seed = 424242;
	struct buf all BUF_AUTO = buf_new(4096);
	put_raw(&all, 2, "{}");
	put_raw(&all, 20, "{\"id\":1,\"kind\":\"ok\"}");
	put_raw(&all, 5, "abcde");
	for (int i = 0; i < 10000; i++) {
		uint8_t copy[64];
		memcpy(copy, all.bytes, all.len);
		for (unsigned m = next_random(&seed) % 4 + 1; m > 0; m--)
			copy[next_random(&seed) % all.len] = (uint8_t)next_random(&seed);
		struct native n = native_new();
		struct seen s = { 0 };
		for (size_t at = 0; at < all.len;) {
			size_t piece = next_random(&seed) % 9 + 1;
			if (piece > all.len - at)
				piece = all.len - at;
			feed(&n, copy + at, piece, &s);
			at += piece;
		}
		assert_true(s.messages + s.too_big <= all.len / 4);
		assert_true(n.held.room <= 1024);
		native_free(&n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split),
		cmocka_unit_test(every_truncation_is_noticed),
		cmocka_unit_test(lying_lengths_cost_nothing),
		cmocka_unit_test(after_a_large_one_the_next_is_read),
		cmocka_unit_test(the_largest_message_is_taken),
		cmocka_unit_test(a_flood_of_empty_messages),
		cmocka_unit_test(replies_stay_below_the_browsers_limit),
		cmocka_unit_test(random_mutations_in_random_pieces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
