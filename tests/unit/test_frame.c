// Frames between roles: every split, every truncation, every lie in the length.
// uses: host/priv/frame.c host/base/buf.c host/base/rd.c host/base/err.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/limits.h"
#include "priv/frame.h"

/* A buffer of exactly n bytes over a copy, so that AddressSanitizer guards its end. */
static struct buf exact(const uint8_t *bytes, size_t n)
{
	struct buf b = buf_new(n);
	b.bytes = malloc(n > 0 ? n : 1);
	assert_non_null(b.bytes);
	memcpy(b.bytes, bytes, n);
	b.len = b.room = n;
	return b;
}

static struct buf three_frames(void)
{
	struct buf out = buf_new(4096), payload BUF_AUTO = buf_new(64);
	frame_put(&out, 1, 0, NULL);
	buf_put(&payload, "hello", 5);
	frame_put(&out, 0xffff, 0xffffffff, &payload);
	frame_put(&out, 0x1234, 7, &payload);
	assert_int_equal(buf_err(&out), OK);
	return out;
}

static void layout(void **state)
{
	(void)state;
	struct buf all BUF_AUTO = three_frames();
	const uint8_t want[] = { 0, 0, 0, 6, 0, 1, 0, 0, 0, 0, 0, 0, 0, 11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'h', 'e' };
	assert_true(all.len == 10 + 15 + 15);
	assert_memory_equal(all.bytes, want, sizeof want);
}

/* Byte by byte, and cut in two at every place: the same three frames. */
static void every_split(void **state)
{
	(void)state;
	struct buf all BUF_AUTO = three_frames();
	for (size_t cut = 0; cut <= all.len; cut++) {
		struct buf in BUF_AUTO = buf_new(4096);
		unsigned got = 0;
		for (size_t at = 0; at < all.len;) {
			size_t n = cut == 0 ? 1 : at == 0 ? cut : all.len - at;
			buf_put(&in, all.bytes + at, n);
			at += n;
			struct frame f;
			size_t used;
			enum err err;
			while (frame_next(&in, &f, &used, &err)) {
				static const uint16_t types[] = { 1, 0xffff, 0x1234 };
				static const uint32_t ids[] = { 0, 0xffffffff, 7 };
				assert_in_range(got, 0, 2);
				assert_int_equal(f.type, types[got]);
				assert_true(f.id == ids[got]);
				assert_int_equal(f.payload.left, got == 0 ? 0 : 5);
				if (got > 0)
					assert_memory_equal(f.payload.at, "hello", 5);
				buf_drop(&in, used);
				got++;
			}
			assert_int_equal(err, OK);
		}
		assert_int_equal(got, 3);
		assert_int_equal(in.len, 0);
	}
}

static void every_truncation_waits(void **state)
{
	(void)state;
	struct buf all BUF_AUTO = three_frames();
	for (size_t n = 0; n < 10; n++) {
		struct buf in BUF_AUTO = exact(all.bytes, n);
		struct frame f;
		size_t used = 99;
		enum err err = ERR_BUG;
		assert_false(frame_next(&in, &f, &used, &err));
		assert_int_equal(err, OK);
		assert_int_equal(used, 99);
	}
}

static void lying_lengths(void **state)
{
	(void)state;
	const struct { uint32_t length; enum err err; } lies[] = {
		{ 0, ERR_FORMAT }, { 1, ERR_FORMAT }, { 5, ERR_FORMAT }, { FRAME_MAX + 1, ERR_TOO_BIG },
		{ 0x7fffffff, ERR_TOO_BIG }, { 0x80000000, ERR_TOO_BIG }, { 0xffffffff, ERR_TOO_BIG },
		{ 6, OK }, { FRAME_MAX, OK },
	};
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		uint32_t l = lies[i].length;
		const uint8_t head[] = { (uint8_t)(l >> 24), (uint8_t)(l >> 16), (uint8_t)(l >> 8), (uint8_t)l };
		/* Judged on the length alone, before anything else has come. */
		struct buf in BUF_AUTO = exact(head, sizeof head);
		struct frame f;
		size_t used;
		enum err err;
		assert_false(frame_next(&in, &f, &used, &err));
		assert_int_equal(err, lies[i].err);
	}
}

static void largest_frame(void **state)
{
	(void)state;
	struct buf out BUF_AUTO = buf_new(2 * FRAME_MAX), payload BUF_AUTO = buf_new(FRAME_MAX);
	uint8_t *zeros = calloc(1, FRAME_MAX);
	assert_non_null(zeros);
	buf_put(&payload, zeros, FRAME_MAX - 6);
	frame_put(&out, 1, 1, &payload);
	assert_int_equal(buf_err(&out), OK);
	struct frame f;
	size_t used;
	enum err err;
	assert_true(frame_next(&out, &f, &used, &err));
	assert_int_equal(used, FRAME_MAX + 4);
	assert_int_equal(f.payload.left, FRAME_MAX - 6);
	/* One byte more is refused by the sender. */
	buf_put(&payload, zeros, 1);
	struct buf other BUF_AUTO = buf_new(2 * FRAME_MAX);
	frame_put(&other, 1, 1, &payload);
	assert_int_equal(buf_err(&other), ERR_TOO_BIG);
	assert_int_equal(other.len, 0);
	free(zeros);
}

static void a_failed_payload_is_not_sent(void **state)
{
	(void)state;
	struct buf payload BUF_AUTO = buf_new(2), out BUF_AUTO = buf_new(64);
	buf_put(&payload, "abc", 3);
	frame_put(&out, 1, 1, &payload);
	assert_int_equal(buf_err(&out), ERR_TOO_BIG);
	assert_int_equal(out.len, 0);
	/* A frame that does not fit the queue leaves no half of it. */
	for (size_t cap = 0; cap < 13; cap++) {
		struct buf small BUF_AUTO = buf_new(cap), three BUF_AUTO = buf_new(8);
		buf_put(&three, "abc", 3);
		frame_put(&small, 1, 1, &three);
		assert_int_equal(buf_err(&small), ERR_TOO_BIG);
		assert_int_equal(small.len, 0);
	}
}

/* A deterministic generator: the same mutations every time. */
static uint32_t next_random(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	return *s ^= *s << 5;
}

static void random_mutations_stay_in_bounds(void **state)
{
	(void)state;
	uint32_t seed = 20260101;
	struct buf all BUF_AUTO = three_frames();
	for (int i = 0; i < 10000; i++) {
		struct buf in BUF_AUTO = exact(all.bytes, all.len - next_random(&seed) % 8);
		for (unsigned m = next_random(&seed) % 4 + 1; m > 0; m--)
			in.bytes[next_random(&seed) % in.len] = (uint8_t)next_random(&seed);
		struct frame f;
		size_t used;
		enum err err;
		unsigned frames = 0;
		while (frame_next(&in, &f, &used, &err)) {
			assert_true(used >= 10 && used <= in.len);
			assert_int_equal(f.payload.left, used - 10);
			for (size_t k = 0; k < f.payload.left; k++)
				frames += f.payload.at[k] == 0xee;
			buf_drop(&in, used);
		}
		assert_true(err == OK || err == ERR_FORMAT || err == ERR_TOO_BIG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout),
		cmocka_unit_test(every_split),
		cmocka_unit_test(every_truncation_waits),
		cmocka_unit_test(lying_lengths),
		cmocka_unit_test(largest_frame),
		cmocka_unit_test(a_failed_payload_is_not_sent),
		cmocka_unit_test(random_mutations_stay_in_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
