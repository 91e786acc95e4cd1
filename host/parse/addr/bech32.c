// Bech32, bech32m, blech32 and CashAddr are one idea, BCH codes over 32 letters, with different generators. The remainder of a division by
// the generator is kept; what drops out at its top picks the sum of generators to add from a table of 32.
#include "parse/addr/bech32.h"
#include <string.h>

const char bech32_letters[33] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* Values of lower-case letters plus one. */
static const uint8_t values[128] = {
	['q'] = 1, ['p'] = 2, ['z'] = 3, ['r'] = 4, ['y'] = 5, ['9'] = 6, ['x'] = 7, ['8'] = 8, ['g'] = 9, ['f'] = 10, ['2'] = 11,
	['t'] = 12, ['v'] = 13, ['d'] = 14, ['w'] = 15, ['0'] = 16, ['s'] = 17, ['3'] = 18, ['j'] = 19, ['n'] = 20, ['5'] = 21,
	['4'] = 22, ['k'] = 23, ['h'] = 24, ['c'] = 25, ['e'] = 26, ['6'] = 27, ['m'] = 28, ['u'] = 29, ['a'] = 30, ['7'] = 31,
	['l'] = 32,
};

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

int bech32_value(char c)
{
	uint8_t byte = (uint8_t)(is_upper(c) ? c | 32 : c);
	return byte < 128 ? values[byte] - 1 : -1;
}

bool bech32_one_case(const char *s, size_t n)
{
	bool upper = false, lower = false;
	for (size_t i = 0; i < n; i++) {
		upper |= is_upper(s[i]);
		lower |= is_lower(s[i]);
	}
	return !(upper && lower);
}

/* The sums of the generators 3b6a57b2, 26508e6d, 1ea119fa, 3d4233dd, 2a1462b3 (BIP 173, "Checksum") that each top brings. */
static const uint32_t bech32_sums[32] = {
	0x00000000, 0x3b6a57b2, 0x26508e6d, 0x1d3ad9df, 0x1ea119fa, 0x25cb4e48, 0x38f19797, 0x039bc025,
	0x3d4233dd, 0x0628646f, 0x1b12bdb0, 0x2078ea02, 0x23e32a27, 0x18897d95, 0x05b3a44a, 0x3ed9f3f8,
	0x2a1462b3, 0x117e3501, 0x0c44ecde, 0x372ebb6c, 0x34b57b49, 0x0fdf2cfb, 0x12e5f524, 0x298fa296,
	0x1756516e, 0x2c3c06dc, 0x3106df03, 0x0a6c88b1, 0x09f74894, 0x329d1f26, 0x2fa7c6f9, 0x14cd914b,
};

static inline uint32_t step(uint32_t sum, uint8_t group)
{
	return ((sum & 0x1ffffff) << 5 ^ group) ^ bech32_sums[sum >> 25];
}

/* The human-readable part and what its case is: upper, lower, both or neither, as UPPER and LOWER. */
enum { UPPER = 1, LOWER = 2 };

static bool hrp_sum(const char *s, size_t n, uint32_t *sum, unsigned *cases)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] < 33 || s[i] > 126)
			return false;
		*cases |= (is_upper(s[i]) ? UPPER : 0u) | (is_lower(s[i]) ? LOWER : 0u);
		*sum = step(*sum, (uint8_t)((is_upper(s[i]) ? s[i] | 32 : s[i]) >> 5));
	}
	*sum = step(*sum, 0);
	for (size_t i = 0; i < n; i++)
		*sum = step(*sum, (uint8_t)((is_upper(s[i]) ? s[i] | 32 : s[i]) & 31));
	return *cases != (UPPER | LOWER);
}

bool bech32_split(const char *s, size_t n, struct bech32 *out)
{
	const char *separator = memrchr(s, '1', n);
	size_t one = separator ? (size_t)(separator - s) + 1 : 0;
	/* one: where the groups begin; something must stand before the separator, six letters behind it. */
	if (one < 2 || n - one < 6)
		return false;
	uint32_t sum = 1;
	unsigned cases = 0;
	if (!hrp_sum(s, one - 1, &sum, &cases))
		return false;
	for (size_t i = one; i < n; i++) {
		/* Bit 6 is a letter's, bit 5 a small one's. */
		uint8_t c = (uint8_t)s[i], is_letter = c >> 6 & 1, value = c < 128 ? values[c | is_letter << 5] : 0;
		if (value == 0)
			return false;
		cases |= (unsigned)is_letter << (c >> 5 & 1);
		sum = step(sum, (uint8_t)(value - 1));
	}
	if (cases == (UPPER | LOWER))
		return false;
	*out = (struct bech32){ .text = s, .hrp_len = one - 1, .at = one, .n = n - one - 6, .residue = sum };
	return true;
}

uint8_t bech32_group(const struct bech32 *b, size_t i)
{
	return (uint8_t)bech32_value(b->text[b->at + i]);
}

/* Bits are collected until there are eight; what is left at the end are zeros, fewer than five (BIP 173, "Decoding"). */
struct bits { uint32_t held; unsigned count; };

static bool push(struct bits *b, uint8_t group, uint8_t *out, size_t cap, size_t *len)
{
	b->held = (b->held << 5 | group) & 0xfff;
	b->count += 5;
	if (b->count < 8)
		return true;
	b->count -= 8;
	if (*len == cap)
		return false;
	out[(*len)++] = (uint8_t)(b->held >> b->count);
	return true;
}

static bool ended(const struct bits *b)
{
	return b->count < 5 && (b->held & ((1u << b->count) - 1)) == 0;
}

bool bech32_bytes(const struct bech32 *b, size_t from, size_t count, uint8_t *out, size_t cap, size_t *len)
{
	struct bits bits = { 0, 0 };
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		if (!push(&bits, bech32_group(b, from + i), out, cap, &n))
			return false;
	if (!ended(&bits))
		return false;
	*len = n;
	return true;
}

bool bech32_regroup(const uint8_t *groups, size_t count, uint8_t *out, size_t cap, size_t *len)
{
	struct bits bits = { 0, 0 };
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		if (!push(&bits, groups[i], out, cap, &n))
			return false;
	if (!ended(&bits))
		return false;
	*len = n;
	return true;
}

/* The same of 98f2bc8e61, 79b76d99e2, f33e5fb3c4, ae2eabe2a8, 1e4f43e470 (CashAddr specification, "Checksum"). */
static const uint64_t cashaddr_sums[32] = {
	0x0000000000, 0x98f2bc8e61, 0x79b76d99e2, 0xe145d11783, 0xf33e5fb3c4, 0x6bcce33da5,
	0x8a89322a26, 0x127b8ea447, 0xae2eabe2a8, 0x36dc176cc9, 0xd799c67b4a, 0x4f6b7af52b,
	0x5d10f4516c, 0xc5e248df0d, 0x24a799c88e, 0xbc552546ef, 0x1e4f43e470, 0x86bdff6a11,
	0x67f82e7d92, 0xff0a92f3f3, 0xed711c57b4, 0x7583a0d9d5, 0x94c671ce56, 0x0c34cd4037,
	0xb061e806d8, 0x28935488b9, 0xc9d6859f3a, 0x512439115b, 0x435fb7b51c, 0xdbad0b3b7d,
	0x3ae8da2cfe, 0xa21a66a29f,
};

uint64_t cashaddr_step(uint64_t sum, uint8_t group)
{
	return ((sum & 0x07ffffffff) << 5 ^ group) ^ cashaddr_sums[sum >> 35];
}

/* A rare form: without a table. */
uint64_t blech32_step(uint64_t sum, uint8_t group)
{
	static const uint64_t generator[5] = { 0x7d52fba40bd886, 0x5e8dbf1a03950c, 0x1c3a3c74072a18, 0x385d72fa0e5139, 0x7093e5a608865b };
	uint64_t top = sum >> 55;
	sum = (sum & 0x7fffffffffffff) << 5 ^ group;
	for (unsigned i = 0; i < 5; i++)
		sum ^= generator[i] & (UINT64_C(0) - (top >> i & 1));
	return sum;
}
