// Lightning: invoices (BOLT 11), which have bech32's checksum, and offers (BOLT 12), which have none but a strict structure.
#include "base/rd.h"
#include "parse/addr/bech32.h"
#include "parse/addr/checks.h"
#include <string.h>

/* BOLT 11, "Human-Readable Part": an amount without leading zeros and its multiplier; of a pico-bitcoin only tens exist. */
static bool amount_ok(const char *s, size_t n)
{
	if (n == 0)
		return true;
	if (s[0] < '1' || s[0] > '9')
		return false;
	size_t i = 0;
	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	if (i == n)
		return true;
	char multiplier = (char)(s[i] | 32);
	return i + 1 == n && strchr("munp", multiplier) && multiplier != '\0' && (multiplier != 'p' || s[i - 1] == '0');
}

/* Groups of 5 bits: seven of time, tagged fields, 104 of signature. A payment hash (p) of 52 groups must be there. */
static bool fields_ok(const struct bech32 *b)
{
	const size_t time = 7, signature = 104;
	bool hash = false;
	if (b->n < time + signature)
		return false;
	size_t end = b->n - signature, i = time;
	while (i < end) {
		if (end - i < 3)
			return false;
		size_t len = (size_t)bech32_group(b, i + 1) << 5 | bech32_group(b, i + 2);
		if (len > end - i - 3)
			return false;
		hash |= bech32_group(b, i) == 1 && len == 52;
		i += 3 + len;
	}
	return hash;
}

bool addr_check_lightning(const struct addr_row *row, const char *s, size_t n)
{
	struct bech32 b;
	size_t prefix = strlen(row->prefix);
	/* The amount is looked at before the checksum is made: it says no to invoices that were put together. */
	const char *one = memrchr(s, '1', n);
	return one && one >= s + prefix && amount_ok(s + prefix, (size_t)(one - s) - prefix) && bech32_split(s, n, &b) &&
	       b.residue == BECH32_CONST && fields_ok(&b);
}

/* BOLT 1's BigSize, in its shortest form only. */
static uint64_t bigsize(struct rd *r)
{
	uint8_t first = rd_u8(r);
	uint64_t v = first, least = 0;
	if (first == 0xfd)
		v = rd_u16(r), least = 0xfd;
	else if (first == 0xfe)
		v = rd_u32(r), least = 0x10000;
	else if (first == 0xff)
		v = rd_u64(r), least = UINT64_C(0x100000000);
	if (v < least)
		r->bad = true;
	return v;
}

/* Types rise; of an offer they are 1..79 or 1000000000..1999999999; a description or none, but an issuer (22) or a path (16). */
bool addr_check_bolt12(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t groups[2048], bytes[1536];
	size_t prefix = strlen(row->prefix), len;
	if (n - prefix > sizeof groups || !bech32_one_case(s, n))
		return false;
	for (size_t i = prefix; i < n; i++) {
		int v = bech32_value(s[i]);
		if (v < 0)
			return false;
		groups[i - prefix] = (uint8_t)v;
	}
	if (!bech32_regroup(groups, n - prefix, bytes, sizeof bytes, &len))
		return false;
	struct rd r = rd_of(bytes, len);
	uint64_t last = 0;
	bool reachable = false;
	while (r.left > 0) {
		uint64_t type = bigsize(&r), size = bigsize(&r);
		if (r.bad || type <= last || (type > 79 && type < 1000000000) || type > 1999999999 || size > r.left)
			return false;
		reachable |= (type == 22 && size == 33) || (type == 16 && size > 0);
		rd_take(&r, (size_t)size);
		last = type;
	}
	return !r.bad && reachable;
}
