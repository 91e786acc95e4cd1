// F4Jumble^-1 of ZIP 316: message = a || b, with a at most one BLAKE2b digest long; four rounds, from the last to the first.
#include <string.h>

#include "parse/addr/f4jumble.h"
#include "parse/addr/hash.h"

#define DIGEST 64
#define SHORTEST 48
#define LONGEST (DIGEST * 256)

/* to ^= H or G of from, for round i: digests one after another (only G needs several), each with its number. */
static void xor_round(char function, unsigned i, const uint8_t *from, size_t from_len, uint8_t *to, size_t to_len)
{
	uint8_t personal[16] = "UA_F4Jumble_";
	personal[12] = (uint8_t)function;
	personal[13] = (uint8_t)i;
	for (size_t j = 0; j * DIGEST < to_len; j++) {
		uint8_t digest[DIGEST];
		size_t left = to_len - j * DIGEST;
		personal[14] = (uint8_t)j;
		personal[15] = (uint8_t)(j >> 8);
		/* H has a digest of exactly the left part's length, G is cut from whole ones. */
		size_t len = function == 'H' ? to_len : DIGEST;
		hash_blake2b_personal(from, from_len, personal, digest, len);
		for (size_t b = 0; b < left && b < DIGEST; b++)
			to[j * DIGEST + b] ^= digest[b];
	}
}

bool f4jumble_inverse(uint8_t *bytes, size_t n)
{
	if (n < SHORTEST || n > LONGEST)
		return false;
	size_t a_len = n / 2 < DIGEST ? n / 2 : DIGEST, b_len = n - a_len;
	uint8_t *a = bytes, *b = bytes + a_len;
	xor_round('H', 1, b, b_len, a, a_len);
	xor_round('G', 1, a, a_len, b, b_len);
	xor_round('H', 0, b, b_len, a, a_len);
	xor_round('G', 0, a, a_len, b, b_len);
	return true;
}
