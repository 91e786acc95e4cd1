// BLAKE-256 with 14 rounds, after "SHA-3 proposal BLAKE" version 1.3 (Aumasson, Henzen, Meier, Phan, 2010), section 2.1.
#include <string.h>

#include "parse/addr/hash.h"

static const uint32_t start[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};
/* The first digits of pi. */
static const uint32_t pi[16] = {
	0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89,
	0x452821e6, 0x38d01377, 0xbe5466cf, 0x34e90c6c, 0xc0ac29b7, 0xc97c50dd, 0x3f84d5b5, 0xb5470917,
};
static const uint8_t sigma[10][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};
/* Columns, then diagonals. */
static const uint8_t quad[8][4] = {
	{ 0, 4, 8, 12 }, { 1, 5, 9, 13 }, { 2, 6, 10, 14 }, { 3, 7, 11, 15 },
	{ 0, 5, 10, 15 }, { 1, 6, 11, 12 }, { 2, 7, 8, 13 }, { 3, 4, 9, 14 },
};

static uint32_t rotate(uint32_t x, unsigned by)
{
	return x >> by | x << (32 - by);
}

static void mix(uint32_t v[static 16], const uint8_t q[static 4], uint32_t first, uint32_t second)
{
	uint32_t a = v[q[0]], b = v[q[1]], c = v[q[2]], d = v[q[3]];
	a += b + first;
	d = rotate(d ^ a, 16);
	c += d;
	b = rotate(b ^ c, 12);
	a += b + second;
	d = rotate(d ^ a, 8);
	c += d;
	b = rotate(b ^ c, 7);
	v[q[0]] = a, v[q[1]] = b, v[q[2]] = c, v[q[3]] = d;
}

/* counted: bits of the message up to here, 0 for a block of padding alone (section 2.1.3). */
static void compress(uint32_t h[static 8], const uint8_t block[static 64], uint64_t counted)
{
	uint32_t m[16], v[16];
	for (unsigned i = 0; i < 16; i++)
		m[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
			(uint32_t)block[4 * i + 3];
	for (unsigned i = 0; i < 8; i++) {
		v[i] = h[i];
		v[i + 8] = pi[i];
	}
	v[12] ^= (uint32_t)counted;
	v[13] ^= (uint32_t)counted;
	v[14] ^= (uint32_t)(counted >> 32);
	v[15] ^= (uint32_t)(counted >> 32);
	for (unsigned round = 0; round < 14; round++) {
		const uint8_t *s = sigma[round % 10];
		for (unsigned i = 0; i < 8; i++)
			mix(v, quad[i], m[s[2 * i]] ^ pi[s[2 * i + 1]], m[s[2 * i + 1]] ^ pi[s[2 * i]]);
	}
	for (unsigned i = 0; i < 8; i++)
		h[i] ^= v[i] ^ v[i + 8];
}

void hash_blake256(const void *in, size_t n, uint8_t out[static 32])
{
	uint32_t h[8];
	memcpy(h, start, sizeof h);
	const uint8_t *at = in;
	const uint64_t bits = (uint64_t)n * 8;
	uint64_t counted = 0;
	for (; n >= 64; at += 64, n -= 64) {
		counted += 512;
		compress(h, at, counted);
	}
	/* A one bit, zeros, a one bit before the length. */
	uint8_t last[128] = { 0 };
	if (n > 0)
		memcpy(last, at, n);
	last[n] = 0x80;
	size_t end = n < 56 ? 64 : 128;
	last[end - 9] |= 0x01;
	for (unsigned i = 0; i < 8; i++)
		last[end - 1 - i] = (uint8_t)(bits >> (8 * i));
	compress(h, last, n > 0 ? bits : 0);
	if (end == 128)
		compress(h, last + 64, 0);
	for (unsigned i = 0; i < 32; i++)
		out[i] = (uint8_t)(h[i / 4] >> (24 - i % 4 * 8));
}
