// CashAddr (Bitcoin Cash and its kin) and Kaspa's addresses, which took over its checksum of 40 bits.
#include "parse/addr/bech32.h"
#include "parse/addr/checks.h"
#include <string.h>

#define TEXT_MAX 128

/* The bytes behind the prefix, whose letters always count for the checksum, with or without their standing in the text. False when the
 * checksum is wrong. */
static bool decode(const struct addr_row *row, const char *s, size_t n, uint8_t *out, size_t cap, size_t *len)
{
	uint8_t groups[TEXT_MAX];
	size_t prefix = strlen(row->prefix);
	uint64_t sum = 1;
	if (!bech32_one_case(s, n))
		return false;
	if (memchr(s, ':', n)) {
		s += prefix;
		n -= prefix;
	}
	if (n < 9 || n > sizeof groups)
		return false;
	for (size_t i = 0; i + 1 < prefix; i++)
		sum = cashaddr_step(sum, (uint8_t)(row->prefix[i] & 31));
	sum = cashaddr_step(sum, 0);
	for (size_t i = 0; i < n; i++) {
		int v = bech32_value(s[i]);
		if (v < 0)
			return false;
		groups[i] = (uint8_t)v;
		sum = cashaddr_step(sum, (uint8_t)v);
	}
	return sum == 1 && bech32_regroup(groups, n - 8, out, cap, len);
}

/* Version byte: a zero bit, four bits of type (the row's number), three bits for the size of the hash. */
bool addr_check_cashaddr(const struct addr_row *row, const char *s, size_t n)
{
	static const uint8_t size[8] = { 20, 24, 28, 32, 40, 48, 56, 64 };
	uint8_t bytes[TEXT_MAX];
	size_t len;
	return decode(row, s, n, bytes, sizeof bytes, &len) && len >= 1 && bytes[0] >> 3 == row->number &&
	       len == 1u + size[bytes[0] & 7];
}

/* Version 0: a Schnorr key of 32 bytes; 1: an ECDSA key of 33; 8: the hash of a script, 32. */
bool addr_check_kaspa(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t bytes[TEXT_MAX];
	size_t len;
	return decode(row, s, n, bytes, sizeof bytes, &len) && len >= 1 &&
	       ((bytes[0] == 0 && len == 33) || (bytes[0] == 1 && len == 34) || (bytes[0] == 8 && len == 33));
}
