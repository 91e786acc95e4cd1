// Letters to bytes for base32 in its several alphabets, base64 and hexadecimal digits.
#include <string.h>

#include "parse/addr/base32.h"

const char base32_rfc[33] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const char base32_rfc_lower[33] = "abcdefghijklmnopqrstuvwxyz234567";
const char base32_nano[33] = "13456789abcdefghijkmnopqrstuwxyz";
const char base32_c32[33] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static const char base64_plain[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int value_of(const char *alphabet, size_t letters, char c)
{
	const char *at = memchr(alphabet, c, letters);
	return at == NULL ? -1 : (int)(at - alphabet);
}

int base32_value(const char alphabet[static 33], char c)
{
	return value_of(alphabet, 32, c);
}

static bool decode(const char *alphabet, unsigned bits, const char *s, size_t n, uint8_t *out, size_t cap, size_t *len)
{
	if (n * bits % 8 >= bits || n * bits / 8 > cap)
		return false;
	unsigned held = 0, have = 0;
	size_t done = 0;
	for (size_t i = 0; i < n; i++) {
		int value = value_of(alphabet, (size_t)1 << bits, s[i]);
		if (value < 0)
			return false;
		held = (held << bits | (unsigned)value) & 0xffff;
		have += bits;
		if (have >= 8) {
			have -= 8;
			out[done++] = (uint8_t)(held >> have);
		}
	}
	if ((held & ((1u << have) - 1)) != 0)
		return false;
	*len = done;
	return true;
}

bool base32_decode(const char alphabet[static 33], const char *s, size_t n, uint8_t *out, size_t cap, size_t *len)
{
	return decode(alphabet, 5, s, n, out, cap, len);
}

bool base64_decode(bool url, const char *s, size_t n, uint8_t *out, size_t cap, size_t *len)
{
	return decode(url ? base64_url : base64_plain, 6, s, n, out, cap, len);
}

bool base16_decode(const char *s, size_t n, uint8_t *out, size_t cap, size_t *len)
{
	if (n % 2 != 0 || n / 2 > cap)
		return false;
	/* Values plus one. Lists of hashes are made of this. */
	static const uint8_t values[256] = {
		['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
		['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
		['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
	};
	for (size_t i = 0; i < n; i += 2) {
		unsigned high = values[(uint8_t)s[i]], low = values[(uint8_t)s[i + 1]];
		if (high == 0 || low == 0)
			return false;
		out[i / 2] = (uint8_t)((high - 1) << 4 | (low - 1));
	}
	*len = n / 2;
	return true;
}
