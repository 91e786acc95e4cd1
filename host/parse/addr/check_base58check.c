// Base58 with version bytes and four bytes of checksum: Bitcoin and the coins made after it.
#include "parse/addr/base58.h"
#include "parse/addr/checks.h"
#include "parse/addr/hash.h"
#include <string.h>

#define CHECKSUM 4

/* The first bytes of this are the checksum. */
static void sum_of(enum addr_hash which, const uint8_t *in, size_t n, uint8_t out[static 32])
{
	uint8_t first[32];
	switch (which) {
	case ADDR_HASH_SHA256D:
		hash_sha256d(in, n, out);
		return;
	case ADDR_HASH_BLAKE256D:
		hash_blake256(in, n, first);
		hash_blake256(first, sizeof first, out);
		return;
	case ADDR_HASH_KECCAK256:
		hash_keccak256(in, n, out);
		return;
	case ADDR_HASH_SHA256_RIPE:
		/* SHA-256, then RIPEMD-160. */
		hash_sha256(in, n, first);
		hash_ripemd160(first, sizeof first, out);
		return;
	}
	memset(out, 0, 32);
}

bool addr_check_base58check(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t bytes[BASE58_BYTES_MAX], sum[32];
	size_t len;
	if (!base58_decode(base58_bitcoin, s, n, bytes, sizeof bytes, &len))
		return false;
	size_t body = row->version_len + (size_t)row->payload_min;
	if (len != body + CHECKSUM || memcmp(bytes, row->version, row->version_len) != 0)
		return false;
	sum_of(row->hash, bytes, body, sum);
	return memcmp(sum, bytes + body, CHECKSUM) == 0;
}
