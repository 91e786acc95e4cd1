// Keccak-f[1600] (FIPS 202 section 3) and the two sponges of 256 bits over it that addresses use.
#include <string.h>

#include "parse/addr/hash.h"

/* Bytes taken in between two permutations: 200 less twice the digest. */
#define RATE 136

/* by is 1..63. */
static inline uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

/* FIPS 202 section 3.2.5, for the 24 rounds. */
static const uint64_t iota[24] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
	0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
	0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* Lane x, y is a[x + 5 * y]. Pi walks the 24 lanes other than the first in one cycle; rho turns the lane met at each
 * step by the triangular numbers: one step of both together. */
#define RHO_PI(lane, turn) next = a[lane], a[lane] = rotate(carried, turn), carried = next

/* Written out along x: hostile text makes it run for every forty letters. */
static void permute(uint64_t a[static 25])
{
	for (int round = 0; round < 24; round++) {
		uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20], c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
		uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22], c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
		uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
		uint64_t d0 = c4 ^ rotate(c1, 1), d1 = c0 ^ rotate(c2, 1), d2 = c1 ^ rotate(c3, 1), d3 = c2 ^ rotate(c4, 1);
		uint64_t d4 = c3 ^ rotate(c0, 1);
		for (int y = 0; y < 25; y += 5) {
			a[y] ^= d0;
			a[y + 1] ^= d1;
			a[y + 2] ^= d2;
			a[y + 3] ^= d3;
			a[y + 4] ^= d4;
		}
		uint64_t carried = a[1], next;
		RHO_PI(10, 1), RHO_PI(7, 3), RHO_PI(11, 6), RHO_PI(17, 10), RHO_PI(18, 15), RHO_PI(3, 21);
		RHO_PI(5, 28), RHO_PI(16, 36), RHO_PI(8, 45), RHO_PI(21, 55), RHO_PI(24, 2), RHO_PI(4, 14);
		RHO_PI(15, 27), RHO_PI(23, 41), RHO_PI(19, 56), RHO_PI(13, 8), RHO_PI(12, 25), RHO_PI(2, 43);
		RHO_PI(20, 62), RHO_PI(14, 18), RHO_PI(22, 39), RHO_PI(9, 61), RHO_PI(6, 20), RHO_PI(1, 44);
		for (int y = 0; y < 25; y += 5) {
			uint64_t a0 = a[y], a1 = a[y + 1], a2 = a[y + 2], a3 = a[y + 3], a4 = a[y + 4];
			a[y] = a0 ^ (~a1 & a2);
			a[y + 1] = a1 ^ (~a2 & a3);
			a[y + 2] = a2 ^ (~a3 & a4);
			a[y + 3] = a3 ^ (~a4 & a0);
			a[y + 4] = a4 ^ (~a0 & a1);
		}
		a[0] ^= iota[round];
	}
}

/* Bytes are little-endian within their lanes, whatever the machine. */
static void mix_in(uint64_t a[static 25], const uint8_t block[static RATE])
{
	for (unsigned i = 0; i < RATE; i++)
		a[i / 8] ^= (uint64_t)block[i] << (i % 8 * 8);
}

static void sponge(const uint8_t *in, size_t n, uint8_t padding, uint8_t out[static 32])
{
	uint64_t a[25] = { 0 };
	for (; n >= RATE; in += RATE, n -= RATE) {
		mix_in(a, in);
		permute(a);
	}
	uint8_t last[RATE] = { 0 };
	if (n > 0)
		memcpy(last, in, n);
	last[n] = padding;
	last[RATE - 1] |= 0x80;
	mix_in(a, last);
	permute(a);
	for (unsigned i = 0; i < 32; i++)
		out[i] = (uint8_t)(a[i / 8] >> (i % 8 * 8));
}

void hash_keccak256(const void *in, size_t n, uint8_t out[static 32])
{
	sponge(in, n, 0x01, out);
}

void hash_sha3_256(const void *in, size_t n, uint8_t out[static 32])
{
	sponge(in, n, 0x06, out);
}
