// The capped buffer: the cap holds to the byte, a failed buffer stays failed and keeps what it had.
// uses: host/base/buf.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

static void numbers_are_big_endian(void **state)
{
	(void)state;
	struct buf b BUF_AUTO = buf_new(64);
	buf_u8(&b, 1);
	buf_u16(&b, 0x0203);
	buf_u32(&b, 0x04050607);
	buf_u64(&b, 0x08090a0b0c0d0e0f);
	buf_str(&b, "xy");
	buf_blob(&b, "z", 1);
	const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 2, 'x', 'y', 0, 0, 0, 1, 'z' };
	assert_int_equal(buf_err(&b), OK);
	assert_int_equal(b.len, sizeof want);
	assert_memory_equal(b.bytes, want, sizeof want);
}

/* For every cap: as many bytes as it allows, in pieces of every size, and not one more. */
static void the_cap_holds_to_the_byte(void **state)
{
	(void)state;
	for (size_t cap = 0; cap < 600; cap += cap < 20 ? 1 : 97)
		for (size_t piece = 1; piece <= 40; piece++) {
			struct buf b BUF_AUTO = buf_new(cap);
			uint8_t bytes[40];
			memset(bytes, 0x5a, sizeof bytes);
			while (b.len + piece <= cap) {
				buf_put(&b, bytes, piece);
				assert_int_equal(buf_err(&b), OK);
			}
			size_t kept = b.len;
			buf_put(&b, bytes, piece);
			assert_int_equal(buf_err(&b), ERR_TOO_BIG);
			assert_int_equal(b.len, kept);
			assert_true(b.room <= cap);
			/* Failed for good, even for what would fit. */
			buf_put(&b, bytes, 1);
			assert_int_equal(b.len, kept);
			buf_free(&b);
			assert_int_equal(buf_err(&b), OK);
			assert_int_equal(b.cap, cap);
		}
}

static void lying_lengths_fail_without_reading(void **state)
{
	(void)state;
	const size_t lies[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, 1u << 31 };
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct buf b BUF_AUTO = buf_new(1024);
		buf_put(&b, "a", 1);
		buf_put(&b, "b", lies[i]);
		assert_int_equal(buf_err(&b), ERR_TOO_BIG);
		struct buf c BUF_AUTO = buf_new(SIZE_MAX);
		buf_put(&c, "a", 1);
		buf_blob(&c, "b", SIZE_MAX - 2);
		assert_int_equal(buf_err(&c), ERR_TOO_BIG);
	}
}

static void long_strings_are_refused(void **state)
{
	(void)state;
	char *s = malloc(65537);
	assert_non_null(s);
	memset(s, 'a', 65536);
	s[65536] = '\0';
	struct buf b BUF_AUTO = buf_new(1 << 20);
	buf_str(&b, s);
	assert_int_equal(buf_err(&b), ERR_TOO_BIG);
	assert_int_equal(b.len, 0);
	buf_free(&b);
	s[65535] = '\0';
	buf_str(&b, s);
	assert_int_equal(buf_err(&b), OK);
	assert_int_equal(b.len, 65537);
	free(s);
}

static void a_string_that_does_not_fit_leaves_no_half(void **state)
{
	(void)state;
	for (size_t cap = 0; cap < 5; cap++) {
		struct buf b BUF_AUTO = buf_new(cap), c BUF_AUTO = buf_new(cap);
		buf_str(&b, "abc");
		assert_int_equal(buf_err(&b), ERR_TOO_BIG);
		assert_int_equal(b.len, 0);
		buf_blob(&c, "abc", 3);
		assert_int_equal(buf_err(&c), ERR_TOO_BIG);
		assert_int_equal(c.len, 0);
	}
}

static void printf_small_and_large(void **state)
{
	(void)state;
	struct buf b BUF_AUTO = buf_new(4096);
	buf_printf(&b, "%d-%s;", 7, "x");
	buf_printf(&b, "%01000d", 5);
	assert_int_equal(buf_err(&b), OK);
	assert_int_equal(b.len, 1004);
	assert_memory_equal(b.bytes, "7-x;00", 6);
	assert_int_equal(b.bytes[1003], '5');
	/* Exactly the cap: no byte for a NUL is needed. */
	struct buf c BUF_AUTO = buf_new(600);
	buf_printf(&c, "%0600d", 1);
	assert_int_equal(buf_err(&c), OK);
	assert_int_equal(c.len, 600);
	buf_printf(&c, "%s", "");
	assert_int_equal(buf_err(&c), OK);
	buf_printf(&c, "%s", "y");
	assert_int_equal(buf_err(&c), ERR_TOO_BIG);
}

static void drop_wipes(void **state)
{
	(void)state;
	struct buf b BUF_AUTO = buf_new(64);
	buf_put(&b, "secretAB", 8);
	buf_drop(&b, 6);
	assert_int_equal(b.len, 2);
	assert_memory_equal(b.bytes, "AB\0\0\0\0\0\0", 8);
	buf_drop(&b, 100);
	assert_int_equal(b.len, 0);
	assert_memory_equal(b.bytes, "\0\0", 2);
	buf_drop(&b, 1);
	buf_drop(&b, 0);
	buf_put(&b, NULL, 0);
	assert_int_equal(buf_err(&b), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(the_cap_holds_to_the_byte),
		cmocka_unit_test(lying_lengths_fail_without_reading),
		cmocka_unit_test(long_strings_are_refused),
		cmocka_unit_test(a_string_that_does_not_fit_leaves_no_half),
		cmocka_unit_test(printf_small_and_large),
		cmocka_unit_test(drop_wipes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
