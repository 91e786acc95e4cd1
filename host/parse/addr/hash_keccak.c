// Keccak-f[1600] (FIPS 202 section 3) and the two sponges of 256 bits over it that addresses use.
#include <endian.h>
#include <string.h>

#include "parse/addr/hash.h"

/* Bytes taken in between two permutations: 200 less twice the digest. */
#define RATE 136

/* by is 0..63. */
static inline uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> ((64 - by) & 63);
}

/* FIPS 202 section 3.2.5, for the 24 rounds. */
static const uint64_t iota[24] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
	0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
	0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* Lane x, y is a[x + 5 * y]. What theta adds to the lanes of each x. */
#define THETA(a) \
	c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20], c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21]; \
	c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22], c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23]; \
	c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24]; \
	d[0] = c4 ^ rotate(c1, 1), d[1] = c0 ^ rotate(c2, 1), d[2] = c1 ^ rotate(c3, 1), d[3] = c2 ^ rotate(c4, 1); \
	d[4] = c3 ^ rotate(c0, 1)

/* Five lanes of the next state: pi says which lanes come there, rho how far each is turned (FIPS 202, table 2), chi mixes them. */
#define LANE(a, lane, turn) rotate(a[lane] ^ d[(lane) % 5], turn)
#define PLANE(to, y, a, l0, t0, l1, t1, l2, t2, l3, t3, l4, t4) \
	do { \
		uint64_t b0 = LANE(a, l0, t0), b1 = LANE(a, l1, t1), b2 = LANE(a, l2, t2), b3 = LANE(a, l3, t3), b4 = LANE(a, l4, t4); \
		to[y] = b0 ^ (~b1 & b2), to[(y) + 1] = b1 ^ (~b2 & b3), to[(y) + 2] = b2 ^ (~b3 & b4); \
		to[(y) + 3] = b3 ^ (~b4 & b0), to[(y) + 4] = b4 ^ (~b0 & b1); \
	} while (0)
#define ROUND(to, a) \
	THETA(a); \
	PLANE(to, 0, a, 0, 0, 6, 44, 12, 43, 18, 21, 24, 14); \
	PLANE(to, 5, a, 3, 28, 9, 20, 10, 3, 16, 45, 22, 61); \
	PLANE(to, 10, a, 1, 1, 7, 6, 13, 25, 19, 8, 20, 18); \
	PLANE(to, 15, a, 4, 27, 5, 36, 11, 10, 17, 15, 23, 56); \
	PLANE(to, 20, a, 2, 62, 8, 55, 14, 39, 15, 41, 21, 2)

/* Written out, so that no lane has to be moved: hostile text makes it run for every forty letters. */
static inline __attribute__((always_inline)) void rounds(uint64_t state[static 25])
{
	uint64_t a[25], e[25], d[5], c0, c1, c2, c3, c4;
	memcpy(a, state, sizeof a);
	for (int round = 0; round < 24; round += 2) {
		ROUND(e, a);
		e[0] ^= iota[round];
		ROUND(a, e);
		a[0] ^= iota[round + 1];
	}
	memcpy(state, a, sizeof a);
}

#if defined(__x86_64__)
/* Processors since 2013 negate within an and, and rotate without a copy. */
static __attribute__((target("bmi,bmi2"))) void permute_bmi(uint64_t state[static 25])
{
	rounds(state);
}
#endif

static void permute(uint64_t state[static 25])
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("bmi")) {
		permute_bmi(state);
		return;
	}
#endif
	rounds(state);
}

/* Bytes are little-endian within their lanes, whatever the machine. */
static void mix_in(uint64_t a[static 25], const uint8_t block[static RATE])
{
	for (unsigned i = 0; i < RATE / 8; i++) {
		uint64_t lane;
		memcpy(&lane, block + i * 8, 8);
		a[i] ^= le64toh(lane);
	}
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
	for (unsigned i = 0; i < 4; i++) {
		uint64_t lane = htole64(a[i]);
		memcpy(out + i * 8, &lane, 8);
	}
}

void hash_keccak256(const void *in, size_t n, uint8_t out[static 32])
{
	sponge(in, n, 0x01, out);
}

void hash_sha3_256(const void *in, size_t n, uint8_t out[static 32])
{
	sponge(in, n, 0x06, out);
}
