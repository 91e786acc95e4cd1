// Bech32 and bech32m around bytes: Bitcoin's segregated witness, the Cosmos family and many others. The human-readable part is
// the row's prefix without its last "1"; that it stands there was looked at before.
#include "parse/addr/bech32.h"
#include "parse/addr/checks.h"
#include <string.h>

/* Is the separator where the prefix ends, or before its fixed letters? "bc1p" has the separator in its middle. */
static bool split(const struct addr_row *row, const char **s, size_t *n, struct bech32 *b)
{
	const char *prefix = row->prefix;
	/* Avalanche writes its chain before the address: "X-". */
	if (prefix[0] && prefix[1] == '-') {
		*s += 2;
		*n -= 2;
		prefix += 2;
	}
	/* Where it stands is asked before the checksum is made. */
	const char *one = strrchr(prefix, '1');
	return one && memrchr(*s, '1', *n) == *s + (one - prefix) && bech32_split(*s, *n, b);
}

/* Does the row of segregated witness take this version? Its letter stands behind the separator. */
static bool version_fits(const struct addr_row *row, int version)
{
	return row->number == 0 ? version == 0 : row->number == 1 ? version == 1 : version > 0 && version <= 16;
}

/* Version groups, then payload_min..payload_max bytes. */
static bool holds(const struct addr_row *row, const struct bech32 *b, uint8_t *out, size_t cap, size_t *len)
{
	if (b->n < row->version_len)
		return false;
	for (size_t i = 0; i < row->version_len; i++)
		if (bech32_group(b, i) != row->version[i])
			return false;
	return bech32_bytes(b, row->version_len, b->n - row->version_len, out, cap, len) && *len >= row->payload_min &&
	       *len <= row->payload_max;
}

static bool check(const struct addr_row *row, const char *s, size_t n, uint32_t residue)
{
	struct bech32 b;
	uint8_t bytes[256];
	size_t len;
	return split(row, &s, &n, &b) && b.residue == residue && holds(row, &b, bytes, sizeof bytes, &len);
}

bool addr_check_bech32(const struct addr_row *row, const char *s, size_t n)
{
	return check(row, s, n, BECH32_CONST);
}

bool addr_check_bech32m(const struct addr_row *row, const char *s, size_t n)
{
	return check(row, s, n, BECH32M_CONST);
}

/* BIP 141: version 0..16, program of 2..40 bytes, of 20 or 32 with version 0. BIP 350: bech32 with version 0, else bech32m. BIP 173: 90
 * characters at most. */
bool addr_check_segwit(const struct addr_row *row, const char *s, size_t n)
{
	struct bech32 b;
	uint8_t program[40];
	size_t len;
	const char *one = memrchr(s, '1', n);
	if (n > 90 || !one || one + 1 == s + n || !version_fits(row, bech32_value(one[1])) || !split(row, &s, &n, &b) || b.n < 1)
		return false;
	uint8_t version = bech32_group(&b, 0);
	if (b.residue != (version ? BECH32M_CONST : BECH32_CONST) ||
	    !bech32_bytes(&b, 1, b.n - 1, program, sizeof program, &len) || len < 2)
		return false;
	switch (row->number) {
	case 0:
		return version == 0 && (len == 20 || len == 32);
	case 1:
		return version == 1 && len == 32;
	default:
		return version > 1 || (version == 1 && len != 32);
	}
}

/* Any length; the bytes begin with param ("http": LNURL, LUD-01). */
bool addr_check_bech32_any(const struct addr_row *row, const char *s, size_t n)
{
	struct bech32 b;
	uint8_t bytes[2048];
	size_t len, begin = strlen(row->param);
	return split(row, &s, &n, &b) && b.residue == BECH32_CONST && bech32_bytes(&b, 0, b.n, bytes, sizeof bytes, &len) &&
	       len >= begin && memcmp(bytes, row->param, begin) == 0;
}

/* Liquid: version, 33 bytes of blinding key, the program; the checksum has twelve letters. */
bool addr_check_blech32(const struct addr_row *row, const char *s, size_t n)
{
	size_t prefix = strlen(row->prefix);
	uint8_t groups[128] = { 0 }, bytes[80];
	size_t len;
	uint64_t sum = 1;
	if (n < prefix + 1 + 12 || n - prefix > sizeof groups || !bech32_one_case(s, n))
		return false;
	for (size_t i = 0; i + 1 < prefix; i++)
		sum = blech32_step(sum, (uint8_t)(row->prefix[i] >> 5));
	sum = blech32_step(sum, 0);
	for (size_t i = 0; i + 1 < prefix; i++)
		sum = blech32_step(sum, (uint8_t)(row->prefix[i] & 31));
	for (size_t i = prefix; i < n; i++) {
		int v = bech32_value(s[i]);
		if (v < 0)
			return false;
		groups[i - prefix] = (uint8_t)v;
		sum = blech32_step(sum, (uint8_t)v);
	}
	if (groups[0] > 16 || sum != (groups[0] ? BLECH32M_CONST : 1) ||
	    !bech32_regroup(groups + 1, n - prefix - 1 - 12, bytes, sizeof bytes, &len))
		return false;
	return groups[0] ? len >= 33 + 2 && len <= 33 + 40 : len == 33 + 20 || len == 33 + 32;
}
