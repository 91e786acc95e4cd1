// Monero and other CryptoNote coins: tag, keys, four bytes of Keccak-256, in base58 by blocks of eight bytes, so that the
// length says exactly how many bytes there are. Source: CryptoNote Standard 007 "Keys and Addresses" and Monero's
// src/common/base58.cpp; tags from each coin's cryptonote_config.h.
#include <string.h>

#include "parse/addr/base58.h"
#include "parse/addr/checks.h"
#include "parse/addr/hash.h"

/* Characters of a last block of 0..8 bytes. */
static const uint8_t chars_of[9] = { 0, 2, 3, 5, 6, 7, 9, 10, 11 };

#define BLOCK_BYTES 8
#define BLOCK_CHARS 11

static bool block_decode(const char *s, size_t n, uint8_t *out, size_t cap, size_t *len)
{
	size_t last = n % BLOCK_CHARS, bytes = 0, done = 0;
	while (bytes < BLOCK_BYTES && chars_of[bytes] != last)
		bytes++;
	if (bytes == BLOCK_BYTES || n / BLOCK_CHARS * BLOCK_BYTES + bytes > cap)
		return false;
	for (; n >= BLOCK_CHARS; s += BLOCK_CHARS, n -= BLOCK_CHARS, done += BLOCK_BYTES)
		if (!base58_number(base58_bitcoin, s, BLOCK_CHARS, out + done, BLOCK_BYTES))
			return false;
	if (last > 0 && !base58_number(base58_bitcoin, s, last, out + done, bytes))
		return false;
	*len = done + bytes;
	return true;
}

/* row: version is the tag as the varint that it is written as, payload 64 (two keys) or 72 (and a payment id). */
bool addr_check_cryptonote(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t b[ADDR_VERSION_MAX + 72 + 4], hash[32];
	size_t len, tag = row->version_len;
	if (!block_decode(s, n, b, sizeof b, &len) || len != tag + row->payload_min + 4u || memcmp(b, row->version, tag) != 0)
		return false;
	hash_keccak256(b, len - 4, hash);
	return memcmp(hash, b + len - 4, 4) == 0;
}
