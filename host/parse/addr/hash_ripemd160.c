// RIPEMD-160, after "RIPEMD-160: A Strengthened Version of RIPEMD" (Dobbertin, Bosselaers, Preneel, 1996), appendix A.
#include <string.h>

#include "parse/addr/hash.h"

/* Words of the message and turns by round, 16 steps each: the left line and the right line. */
static const uint8_t left_word[80] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8,
	3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12,
	1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2,
	4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13,
};
static const uint8_t right_word[80] = {
	5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12,
	6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2,
	15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13,
	8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14,
	12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11,
};
static const uint8_t left_turn[80] = {
	11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8,
	7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12,
	11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5,
	11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12,
	9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6,
};
static const uint8_t right_turn[80] = {
	8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6,
	9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11,
	9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5,
	15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8,
	8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11,
};
static const uint32_t left_add[5] = { 0x00000000, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e };
static const uint32_t right_add[5] = { 0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0x00000000 };

static uint32_t rotate(uint32_t x, unsigned by)
{
	return x << by | x >> (32 - by);
}

static uint32_t choose(int round, uint32_t x, uint32_t y, uint32_t z)
{
	switch (round) {
	case 0: return x ^ y ^ z;
	case 1: return (x & y) | (~x & z);
	case 2: return (x | ~y) ^ z;
	case 3: return (x & z) | (y & ~z);
	default: return x ^ (y | ~z);
	}
}

static void step(uint32_t v[static 5], uint32_t f, uint32_t word, uint32_t add, unsigned turn)
{
	uint32_t t = rotate(v[0] + f + word + add, turn) + v[4];
	v[0] = v[4];
	v[4] = v[3];
	v[3] = rotate(v[2], 10);
	v[2] = v[1];
	v[1] = t;
}

static void compress(uint32_t h[static 5], const uint8_t block[static 64])
{
	uint32_t x[16], left[5], right[5];
	for (unsigned i = 0; i < 16; i++)
		x[i] = (uint32_t)block[4 * i] | (uint32_t)block[4 * i + 1] << 8 | (uint32_t)block[4 * i + 2] << 16 |
			(uint32_t)block[4 * i + 3] << 24;
	memcpy(left, h, sizeof left);
	memcpy(right, h, sizeof right);
	for (int i = 0; i < 80; i++) {
		int round = i / 16;
		step(left, choose(round, left[1], left[2], left[3]), x[left_word[i]], left_add[round], left_turn[i]);
		step(right, choose(4 - round, right[1], right[2], right[3]), x[right_word[i]], right_add[round], right_turn[i]);
	}
	uint32_t t = h[1] + left[2] + right[3];
	h[1] = h[2] + left[3] + right[4];
	h[2] = h[3] + left[4] + right[0];
	h[3] = h[4] + left[0] + right[1];
	h[4] = h[0] + left[1] + right[2];
	h[0] = t;
}

void hash_ripemd160(const void *in, size_t n, uint8_t out[static 20])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	const uint8_t *at = in;
	uint64_t bits = (uint64_t)n * 8;
	for (; n >= 64; at += 64, n -= 64)
		compress(h, at);
	uint8_t last[128] = { 0 };
	if (n > 0)
		memcpy(last, at, n);
	last[n] = 0x80;
	size_t end = n < 56 ? 64 : 128;
	for (unsigned i = 0; i < 8; i++)
		last[end - 8 + i] = (uint8_t)(bits >> (8 * i));
	for (size_t i = 0; i < end; i += 64)
		compress(h, last + i);
	for (unsigned i = 0; i < 20; i++)
		out[i] = (uint8_t)(h[i / 4] >> (i % 4 * 8));
}
