// Base58 by limbs: ten digits at a time (58^10 < 2^59) are multiplied into 32-bit limbs, which is some ten times faster than digit by
// digit; the scanner decodes whatever looks like an address.
#include "parse/addr/base58.h"
#include <string.h>

const char base58_bitcoin[59] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const char base58_ripple[59] = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/* What is not named is no digit. */
const uint8_t base58_values[128] = {
	['1'] = 1, ['2'] = 2, ['3'] = 3, ['4'] = 4, ['5'] = 5, ['6'] = 6, ['7'] = 7, ['8'] = 8, ['9'] = 9, ['A'] = 10, ['B'] = 11,
	['C'] = 12, ['D'] = 13, ['E'] = 14, ['F'] = 15, ['G'] = 16, ['H'] = 17, ['J'] = 18, ['K'] = 19, ['L'] = 20, ['M'] = 21,
	['N'] = 22, ['P'] = 23, ['Q'] = 24, ['R'] = 25, ['S'] = 26, ['T'] = 27, ['U'] = 28, ['V'] = 29, ['W'] = 30, ['X'] = 31,
	['Y'] = 32, ['Z'] = 33, ['a'] = 34, ['b'] = 35, ['c'] = 36, ['d'] = 37, ['e'] = 38, ['f'] = 39, ['g'] = 40, ['h'] = 41,
	['i'] = 42, ['j'] = 43, ['k'] = 44, ['m'] = 45, ['n'] = 46, ['o'] = 47, ['p'] = 48, ['q'] = 49, ['r'] = 50, ['s'] = 51,
	['t'] = 52, ['u'] = 53, ['v'] = 54, ['w'] = 55, ['x'] = 56, ['y'] = 57, ['z'] = 58,
};

int base58_value(const char alphabet[static 59], char c)
{
	uint8_t byte = (uint8_t)c;
	if (alphabet == base58_bitcoin)
		return byte < 128 ? base58_values[byte] - 1 : -1;
	const char *at = byte ? memchr(alphabet, byte, 58) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

/* Limbs of 32 bits, least first: BASE58_TEXT_MAX digits have at most 1,500 bits. */
#define LIMBS_MAX 48

/* The number that the n digits at s write, in out[*used]. False when a character is foreign. */
static inline bool number_of(const char *alphabet, const char *s, size_t n, uint32_t out[static LIMBS_MAX], size_t *used)
{
	static const uint64_t power[11] = { 1, 58, 3364, 195112, 11316496, 656356768, 38068692544, 2207984167552,
	                                    128063081718016, 7427658739644928, 430804206899405824 };
	size_t limbs = 0;
	for (size_t i = 0; i < n;) {
		size_t digits = n - i < 10 ? n - i : 10;
		uint64_t chunk = 0;
		for (size_t k = 0; k < digits; k++) {
			int value = base58_value(alphabet, s[i + k]);
			if (value < 0)
				return false;
			chunk = chunk * 58 + (uint64_t)value;
		}
		i += digits;
		unsigned __int128 carry = chunk;
		for (size_t k = 0; k < limbs; k++) {
			carry += (unsigned __int128)out[k] * power[digits];
			out[k] = (uint32_t)carry;
			carry >>= 32;
		}
		for (; carry && limbs < LIMBS_MAX; carry >>= 32)
			out[limbs++] = (uint32_t)carry;
	}
	*used = limbs;
	return true;
}

/* How many bytes the number takes, and byte i of it, counted from the least. */
static size_t bytes_of(const uint32_t *limb, size_t used)
{
	if (used == 0)
		return 0;
	size_t n = used * 4 - 3;
	for (uint32_t top = limb[used - 1] >> 8; top; top >>= 8)
		n++;
	return n;
}

static uint8_t byte_of(const uint32_t *limb, size_t i)
{
	return (uint8_t)(limb[i / 4] >> (i % 4 * 8));
}

bool base58_decode(const char alphabet[static 59], const char *s, size_t n, uint8_t *out, size_t cap, size_t *len)
{
	uint32_t limb[LIMBS_MAX];
	size_t used, zeros = 0;
	if (n == 0 || n > BASE58_TEXT_MAX)
		return false;
	while (zeros < n && s[zeros] == alphabet[0])
		zeros++;
	if (!number_of(alphabet, s + zeros, n - zeros, limb, &used))
		return false;
	size_t bytes = bytes_of(limb, used);
	if (zeros + bytes > cap)
		return false;
	memset(out, 0, zeros);
	for (size_t i = 0; i < bytes; i++)
		out[zeros + i] = byte_of(limb, bytes - 1 - i);
	*len = zeros + bytes;
	return true;
}

bool base58_number(const char alphabet[static 59], const char *s, size_t n, uint8_t *out, size_t len)
{
	uint32_t limb[LIMBS_MAX];
	size_t used;
	if (n > BASE58_TEXT_MAX || !number_of(alphabet, s, n, limb, &used))
		return false;
	size_t bytes = bytes_of(limb, used);
	if (bytes > len)
		return false;
	memset(out, 0, len - bytes);
	for (size_t i = 0; i < bytes; i++)
		out[len - 1 - i] = byte_of(limb, i);
	return true;
}

size_t base58_encode(const char alphabet[static 59], const uint8_t *in, size_t len, char *out, size_t cap)
{
	uint8_t digit[BASE58_TEXT_MAX];
	size_t zeros = 0, n = 0;
	while (zeros < len && in[zeros] == 0)
		zeros++;
	for (size_t i = zeros; i < len; i++) {
		unsigned carry = in[i];
		for (size_t k = 0; k < n; k++) {
			carry += (unsigned)digit[k] << 8;
			digit[k] = (uint8_t)(carry % 58);
			carry /= 58;
		}
		for (; carry; carry /= 58) {
			if (n == sizeof digit)
				return 0;
			digit[n++] = (uint8_t)(carry % 58);
		}
	}
	if (zeros + n > cap)
		return 0;
	memset(out, alphabet[0], zeros);
	for (size_t i = 0; i < n; i++)
		out[zeros + i] = alphabet[digit[n - 1 - i]];
	return zeros + n;
}
