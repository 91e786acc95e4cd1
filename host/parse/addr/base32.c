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
	for (size_t i = 0; i < n; i++) {
		/* Without look-ups: lists of hashes are made of this. A letter has 1 to 6 in its low bits. */
		unsigned c = (uint8_t)s[i], letter = (uint8_t)((c | 32) - 'a') < 6, value = (c & 15) + letter * 9;
		if (!letter && (uint8_t)(c - '0') >= 10)
			return false;
		out[i / 2] = (uint8_t)(i % 2 == 0 ? value << 4 : out[i / 2] | value);
	}
	*len = n / 2;
	return true;
}
