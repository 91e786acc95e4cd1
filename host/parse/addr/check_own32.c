// Addresses in 32 letters of the coin's own choice: Nano, Stacks, Lisk, Conflux, the NXT family, Nimiq and Ethereum's ICAP. Each
// gives its source.
#include <string.h>

#include "parse/addr/base32.h"
#include "parse/addr/bech32.h"
#include "parse/addr/checks.h"
#include "parse/addr/hash.h"

/* Nano's "Internal management of accounts": prefix, a key of 256 bits in 52 letters (so four zero bits before it), BLAKE2b of five
 * bytes of it, turned round, in 8 letters. Banano likewise. */
bool addr_check_nano(const struct addr_row *row, const char *s, size_t n)
{
	size_t skip = strlen(row->prefix), len;
	char text[56];
	uint8_t key[35], sum[5], said[5];
	if (n != skip + 60 || (s[skip] != '1' && s[skip] != '3'))
		return false;
	/* Four letters of value 0 more make whole bytes of it: 56 letters, 35 bytes, of which the first three are zero. */
	memset(text, '1', 4);
	memcpy(text + 4, s + skip, 52);
	if (!base32_decode(base32_nano, text, sizeof text, key, sizeof key, &len) || key[2] != 0)
		return false;
	if (!base32_decode(base32_nano, s + skip + 52, 8, said, sizeof said, &len))
		return false;
	hash_blake2b(key + 3, 32, sum, sizeof sum);
	for (size_t i = 0; i < 5; i++)
		if (sum[i] != said[4 - i])
			return false;
	return true;
}

/* Stacks SIP-005, "c32check": S, a letter for the version, then 20 bytes of hash and 4 of SHA-256d(version hash) as one number, without
 * leading zeros but with a "0" for each leading zero byte. row: version. */
bool addr_check_stacks(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t b[24] = { 0 }, hashed[21], hash[32];
	size_t zeros = 0, letters = 0;
	if (n < 2 + 20 || base32_value(base32_c32, s[1]) != row->version[0])
		return false;
	while (2 + letters < n && s[2 + letters] == '0')
		letters++;
	for (size_t i = 2; i < n; i++) {
		int value = base32_value(base32_c32, s[i]);
		if (value < 0 || b[0] >> 3 != 0)
			return false;
		unsigned carry = (unsigned)value;
		for (size_t k = sizeof b; k-- > 0;) {
			carry |= (unsigned)b[k] << 5;
			b[k] = (uint8_t)carry;
			carry >>= 8;
		}
	}
	while (zeros < sizeof b && b[zeros] == 0)
		zeros++;
	if (zeros != letters)
		return false;
	hashed[0] = row->version[0];
	memcpy(hashed + 1, b, 20);
	hash_sha256d(hashed, sizeof hashed, hash);
	return memcmp(hash, b + 20, 4) == 0;
}

/* LIP-0018: "lsk", 20 bytes in 32 letters, six letters of bech32's checksum without a human-readable part. */
bool addr_check_lisk(const struct addr_row *row, const char *s, size_t n)
{
	static const char letters[33] = "zxvcpmbn3465o978uyrtkqew2adsjhfg";
	static const uint32_t generator[5] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3 };
	uint32_t sum = 1;
	for (size_t i = strlen(row->prefix); i < n; i++) {
		int value = base32_value(letters, s[i]);
		if (value < 0)
			return false;
		uint32_t top = sum >> 25;
		sum = (sum & 0x1ffffff) << 5 ^ (uint32_t)value;
		for (int bit = 0; bit < 5; bit++)
			sum ^= (top >> bit & 1) != 0 ? generator[bit] : 0;
	}
	return sum == 1;
}

/* Conflux CIP-37: like CashAddr in other letters: network (row's param, in small letters), 0, 34 groups of a zero byte and 20 bytes, 8
 * groups of checksum. The type, when it is said, must be that of the first digit. */
bool addr_check_conflux(const struct addr_row *row, const char *s, size_t n)
{
	static const char letters[33] = "abcdefghjkmnprstuvwxyz0123456789";
	size_t skip = strlen(row->prefix), len;
	uint8_t groups[42], b[21];
	uint64_t sum = 1;
	bool small = false, large = false;
	if (n != skip + sizeof groups)
		return false;
	for (size_t i = 0; i < n; i++) {
		small = small || (s[i] >= 'a' && s[i] <= 'z');
		large = large || (s[i] >= 'A' && s[i] <= 'Z');
	}
	if (small && large)
		return false;
	for (const char *c = row->param; *c != '\0'; c++)
		sum = cashaddr_step(sum, (uint8_t)*c & 31);
	sum = cashaddr_step(sum, 0);
	for (size_t i = 0; i < sizeof groups; i++) {
		char c = s[skip + i];
		int value = base32_value(letters, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
		if (value < 0)
			return false;
		groups[i] = (uint8_t)value;
		sum = cashaddr_step(sum, groups[i]);
	}
	if (sum != 1 || !bech32_regroup(groups, 34, b, sizeof b, &len) || len != 21 || b[0] != 0)
		return false;
	/* Built-in contracts 0, users 1, contracts 8; number holds the digit + 1 that the row stands for, 0 for any of them. */
	unsigned digit = b[1] >> 4;
	return row->number == 0 ? digit <= 1 || digit == 8 : digit + 1 == row->number;
}

/* NXT's Reed-Solomon code over 32 letters: 13 symbols hold 64 bits of account, 4 correct. Source: the NXT wiki's "RS address format".
 * row: prefix with its "-"; then four, four, four and five letters. */
bool addr_check_nxt(const struct addr_row *row, const char *s, size_t n)
{
	static const char letters[33] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
	static const uint8_t place[17] = { 3, 2, 1, 0, 7, 6, 5, 4, 13, 14, 15, 16, 12, 8, 9, 10, 11 };
	uint8_t power[31], log[32] = { 0 }, word[17];
	size_t skip = strlen(row->prefix), at = 0;
	if (n != skip + 20)
		return false;
	/* The field of 32 elements, modulo x^5 + x^2 + 1. */
	for (unsigned i = 0, x = 1; i < 31; i++, x = (x << 1 ^ (x > 15 ? 37 : 0)) & 31) {
		power[i] = (uint8_t)x;
		log[x] = (uint8_t)i;
	}
	for (size_t i = 0; i < 20; i++) {
		if (i == 4 || i == 9 || i == 14) {
			if (s[skip + i] != '-')
				return false;
			continue;
		}
		int value = base32_value(letters, s[skip + i]);
		if (value < 0)
			return false;
		word[place[at++]] = (uint8_t)value;
	}
	for (unsigned i = 1; i < 5; i++) {
		unsigned sum = 0;
		for (unsigned j = 0; j < 31; j++) {
			if (j > 12 && j < 27)
				continue;
			uint8_t symbol = word[j < 13 ? j : j - 14];
			sum ^= symbol == 0 ? 0 : power[(log[symbol] + i * j) % 31];
		}
		if (sum != 0)
			return false;
	}
	return word[12] < 16;
}

/* ISO 13616: behind the country and two check digits, moved to the end, the whole is 1 modulo 97. Blanks are skipped. */
static bool iban_is_right(const char *s, size_t n)
{
	unsigned rest = 0;
	for (size_t turn = 0; turn < n; turn++) {
		char c = s[turn + 4 < n ? turn + 4 : turn + 4 - n];
		if (c >= '0' && c <= '9')
			rest = (rest * 10 + (unsigned)(c - '0')) % 97;
		else if (c >= 'A' && c <= 'Z')
			rest = (rest * 100 + (unsigned)(c - 'A' + 10)) % 97;
		else
			return false;
	}
	return rest == 1;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Nimiq's "Addresses": NQ, two check digits, 20 bytes in 32 letters. People write it in groups of four; the scan has taken the blanks out. */
bool addr_check_nimiq(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	static const char letters[33] = "0123456789ABCDEFGHJKLMNPQRSTUVXY";
	if (n != 36)
		return false;
	for (size_t i = 4; i < n; i++)
		if (base32_value(letters, s[i]) < 0)
			return false;
	return is_digit(s[2]) && is_digit(s[3]) && iban_is_right(s, n);
}

/* "ICAP: Inter exchange Client Address Protocol" (Ethereum wiki): XE, two check digits, an address as a number of base 36: 30 digits
 * where its first byte is zero, else 31. */
bool addr_check_icap(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	uint8_t b[21] = { 0 };
	if ((n != 34 && n != 35) || !is_digit(s[2]) || !is_digit(s[3]) || !iban_is_right(s, n))
		return false;
	for (size_t i = 4; i < n; i++) {
		unsigned carry = is_digit(s[i]) ? (unsigned)(s[i] - '0') : (unsigned)(s[i] - 'A' + 10);
		for (size_t k = sizeof b; k-- > 0;) {
			carry += b[k] * 36u;
			b[k] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry != 0)
			return false;
	}
	return b[0] == 0 && (n == 34) == (b[1] == 0);
}
