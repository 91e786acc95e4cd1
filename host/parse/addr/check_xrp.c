// The XRP Ledger: classic addresses (base58check in an alphabet of its own; xrpl.org "base58 Encodings") and X-addresses, which
// carry a destination tag (XLS-5d).
#include <string.h>

#include "parse/addr/base58.h"
#include "parse/addr/checks.h"
#include "parse/addr/hash.h"

static bool decode(const char *s, size_t n, uint8_t *out, size_t want)
{
	uint8_t hash[32];
	size_t len;
	if (!base58_decode(base58_ripple, s, n, out, want, &len) || len != want)
		return false;
	hash_sha256d(out, want - 4, hash);
	return memcmp(hash, out + want - 4, 4) == 0;
}

bool addr_check_xrp(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	uint8_t b[25];
	return decode(s, n, b, sizeof b) && b[0] == 0;
}

/* row: version 0544 (main) or 0493 (test). Behind the account: 0 and no tag, or 1 and a tag of 32 bits, little-endian, which takes the
 * first half of eight bytes. The rest is zero. */
bool addr_check_xrp_x(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t b[35];
	static const uint8_t zeros[8];
	if (!decode(s, n, b, sizeof b) || row->version_len != 2 || memcmp(b, row->version, 2) != 0)
		return false;
	return (b[22] == 0 && memcmp(b + 23, zeros, 8) == 0) || (b[22] == 1 && memcmp(b + 27, zeros, 4) == 0);
}
