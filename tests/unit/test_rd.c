// The bounded reader: whatever is asked of whatever is left, nothing is read beyond the end, and bad stays bad.
// uses: host/base/rd.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/rd.h"

/* n bytes in a block of exactly that size, so that AddressSanitizer sees one byte too many. */
static uint8_t *exact(const void *bytes, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, n);
	return copy;
}

static void numbers_are_big_endian(void **state)
{
	(void)state;
	const uint8_t b[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18 };
	struct rd r = rd_of(b, sizeof b);
	assert_int_equal(rd_u8(&r), 1);
	assert_int_equal(rd_u16(&r), 0x0203);
	assert_int_equal(rd_u24(&r), 0x040506);
	assert_int_equal(rd_u32(&r), 0x0708090a);
	assert_true(rd_u64(&r) == 0x0b0c0d0e0f101112u);
	assert_true(rd_done(&r));
	const uint8_t top[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	r = rd_of(top, sizeof top);
	assert_true(rd_u64(&r) == UINT64_MAX);
}

/* Each read over every length that is too short for it. */
static void every_short_read_is_bad(void **state)
{
	(void)state;
	const uint8_t b[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	for (size_t have = 0; have < 8; have++) {
		uint8_t *cut = exact(b, have);
		for (size_t want = have + 1; want <= 8; want++) {
			struct rd r = rd_of(cut, have);
			uint64_t got = 0;
			switch (want) {
			case 1: got = rd_u8(&r); break;
			case 2: got = rd_u16(&r); break;
			case 3: got = rd_u24(&r); break;
			case 4: got = rd_u32(&r); break;
			case 8: got = rd_u64(&r); break;
			default: (void)rd_take(&r, want); break;
			}
			assert_true(got == 0);
			assert_true(r.bad);
			assert_int_equal(r.left, 0);
			assert_non_null(r.at);
			/* It stays bad, even for nothing. */
			assert_true(rd_take(&r, 0).bad);
			assert_int_equal(rd_u8(&r), 0);
			assert_false(rd_done(&r));
		}
		free(cut);
	}
}

static void take_never_overflows(void **state)
{
	(void)state;
	uint8_t *b = exact("abc", 3);
	const size_t lies[] = { 4, SIZE_MAX, SIZE_MAX - 2, SIZE_MAX / 2 };
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct rd r = rd_of(b, 3);
		struct rd part = rd_take(&r, lies[i]);
		assert_true(part.bad && r.bad);
		assert_int_equal(part.left, 0);
	}
	struct rd r = rd_of(b, 3);
	struct rd all = rd_take(&r, 3);
	assert_false(all.bad);
	assert_int_equal(all.left, 3);
	assert_true(rd_done(&r));
	free(b);
}

static void copy_zero_fills_when_bad(void **state)
{
	(void)state;
	uint8_t out[4] = { 9, 9, 9, 9 };
	struct rd r = rd_of("ab", 2);
	rd_copy(&r, out, 4);
	assert_true(r.bad);
	assert_memory_equal(out, "\0\0\0\0", 4);
	r = rd_of("abcd", 4);
	rd_copy(&r, out, 4);
	assert_memory_equal(out, "abcd", 4);
	rd_copy(&r, out, 0);
	assert_true(rd_done(&r));
}

static void strings(void **state)
{
	(void)state;
	char out[4];
	struct rd r = rd_of("\0\3abc", 5);
	rd_str(&r, out, sizeof out);
	assert_true(rd_done(&r));
	assert_string_equal(out, "abc");
	/* One too long for its room, with the NUL counted. */
	r = rd_of("\0\4abcd", 6);
	rd_str(&r, out, sizeof out);
	assert_true(r.bad);
	assert_string_equal(out, "");
	/* A NUL inside, at each place. */
	for (size_t i = 0; i < 3; i++) {
		uint8_t b[5] = { 0, 3, 'a', 'b', 'c' };
		b[2 + i] = 0;
		r = rd_of(b, sizeof b);
		rd_str(&r, out, sizeof out);
		assert_true(r.bad);
		assert_string_equal(out, "");
	}
	/* Truncated at each byte. */
	for (size_t n = 0; n < 5; n++) {
		uint8_t *cut = exact("\0\3abc", n);
		r = rd_of(cut, n);
		rd_str(&r, out, sizeof out);
		assert_true(r.bad);
		assert_string_equal(out, "");
		free(cut);
	}
	/* Every lying length. */
	for (unsigned lie = 4; lie <= 0xffff; lie++) {
		char large[8];
		uint8_t b[5] = { (uint8_t)(lie >> 8), (uint8_t)lie, 'a', 'b', 'c' };
		r = rd_of(b, sizeof b);
		rd_str(&r, large, sizeof large);
		assert_true(r.bad);
	}
	r = rd_of("\0\0", 2);
	rd_str(&r, out, sizeof out);
	assert_true(rd_done(&r));
	assert_string_equal(out, "");
}

static void blobs(void **state)
{
	(void)state;
	const uint8_t b[] = { 0, 0, 0, 3, 'a', 'b', 'c' };
	struct rd r = rd_of(b, sizeof b);
	struct rd part = rd_blob(&r, 3);
	assert_false(part.bad);
	assert_int_equal(part.left, 3);
	assert_true(rd_done(&r));
	r = rd_of(b, sizeof b);
	assert_true(rd_blob(&r, 2).bad);
	assert_true(r.bad);
	const uint32_t lies[] = { 4, 0x7fffffff, 0x80000000, 0xffffffff };
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		const uint8_t l[] = { (uint8_t)(lies[i] >> 24), (uint8_t)(lies[i] >> 16), (uint8_t)(lies[i] >> 8),
		                      (uint8_t)lies[i], 'a', 'b', 'c' };
		uint8_t *cut = exact(l, sizeof l);
		r = rd_of(cut, sizeof l);
		assert_true(rd_blob(&r, SIZE_MAX).bad);
		free(cut);
	}
}

static void nothing_is_not_bad(void **state)
{
	(void)state;
	struct rd r = rd_of(NULL, 0);
	assert_false(r.bad);
	assert_true(rd_done(&r));
	assert_false(rd_take(&r, 0).bad);
	assert_int_equal(rd_u8(&r), 0);
	assert_true(r.bad);
	r = rd_of(NULL, 5);
	assert_true(r.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(every_short_read_is_bad),
		cmocka_unit_test(take_never_overflows),
		cmocka_unit_test(copy_zero_fills_when_bad),
		cmocka_unit_test(strings),
		cmocka_unit_test(blobs),
		cmocka_unit_test(nothing_is_not_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
