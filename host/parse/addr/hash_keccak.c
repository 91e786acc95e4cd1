// Keccak-f[1600] (FIPS 202 section 3) and the two sponges of 256 bits over it that addresses use.
#include <string.h>

#include "parse/addr/hash.h"

/* Bytes taken in between two permutations: 200 less twice the digest. */
#define RATE 136

static uint64_t rotate(uint64_t x, unsigned by)
{
	return by == 0 ? x : x << by | x >> (64 - by);
}

/* FIPS 202 section 3.2.5, for the 24 rounds. */
static const uint64_t iota[24] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
	0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
	0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* Lane x, y is a[x + 5 * y]. Pi walks the 24 lanes other than the first in one cycle; rho turns the lane met at each
 * step by the triangular numbers. */
static const uint8_t pi_lane[24] = { 10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1 };
static const uint8_t rho_turn[24] = { 1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44 };

static void permute(uint64_t a[static 25])
{
	for (int round = 0; round < 24; round++) {
		uint64_t column[5];
		for (int x = 0; x < 5; x++)
			column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
		for (int x = 0; x < 5; x++) {
			uint64_t theta = column[(x + 4) % 5] ^ rotate(column[(x + 1) % 5], 1);
			for (int y = 0; y < 25; y += 5)
				a[x + y] ^= theta;
		}
		uint64_t carried = a[1];
		for (int step = 0; step < 24; step++) {
			uint64_t next = a[pi_lane[step]];
			a[pi_lane[step]] = rotate(carried, rho_turn[step]);
			carried = next;
		}
		for (int y = 0; y < 25; y += 5) {
			uint64_t row[5];
			memcpy(row, a + y, sizeof row);
			for (int x = 0; x < 5; x++)
				a[x + y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
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
