// Addresses of hexadecimal digits: Ethereum and what is written like it, and the families whose checksum is a part of the
// digits or the case of the letters. Sources: EIP-55, EIP-1191, XIP "xdc prefix", starknet.js (getChecksumAddress), CEP-57 (Casper),
// Sia's types.UnlockHash, the ICP ledger's specification, Vite's address specification.
#include <string.h>

#include "parse/addr/base32.h"
#include "parse/addr/checks.h"
#include "parse/addr/hash.h"

enum letters { LETTERS_NONE, LETTERS_LOWER, LETTERS_UPPER, LETTERS_MIXED, LETTERS_FOREIGN };

static bool is_letter(char c)
{
	return (uint8_t)((c | 32) - 'a') < 6;
}

/* What case n hexadecimal digits are written in. Without branches: those of a mixture can't be foreseen. */
static enum letters letters_of(const char *s, size_t n)
{
	enum { DIGIT = 1, SMALL = 2, LARGE = 4 };
	static const uint8_t kinds[256] = {
		['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT, ['3'] = DIGIT, ['4'] = DIGIT, ['5'] = DIGIT, ['6'] = DIGIT, ['7'] = DIGIT,
		['8'] = DIGIT, ['9'] = DIGIT, ['a'] = SMALL, ['b'] = SMALL, ['c'] = SMALL, ['d'] = SMALL, ['e'] = SMALL, ['f'] = SMALL,
		['A'] = LARGE, ['B'] = LARGE, ['C'] = LARGE, ['D'] = LARGE, ['E'] = LARGE, ['F'] = LARGE,
	};
	unsigned all = 0, foreign = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned kind = kinds[(uint8_t)s[i]];
		all |= kind;
		foreign |= kind == 0;
	}
	if (foreign)
		return LETTERS_FOREIGN;
	if ((all & SMALL) && (all & LARGE))
		return LETTERS_MIXED;
	return (all & SMALL) ? LETTERS_LOWER : (all & LARGE) ? LETTERS_UPPER : LETTERS_NONE;
}

/* Do the digits look drawn at random, as those of a hash or a key? Not so constants, masks, counters, the zero address.
 * At least 8 different digits, no digit 8 times in a row: of 64 random digits one set in four million fails. */
static bool looks_random(const char *s, size_t n)
{
	unsigned seen = 0, last = 16, different = 0, run = 0, longest = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned c = (uint8_t)s[i], digit = (c & 15) + (c >> 6) * 9;
		run = digit == last ? run + 1 : 1;
		longest = run > longest ? run : longest;
		seen |= 1u << digit;
		last = digit;
	}
	for (; seen; seen &= seen - 1)
		different++;
	return longest < 8 && different >= 8;
}

/* 2 * payload digits of one case behind the prefix, nothing else. */
bool addr_check_hex(const struct addr_row *row, const char *s, size_t n)
{
	size_t skip = strlen(row->prefix);
	if (n != skip + 2u * row->payload_min)
		return false;
	enum letters written = letters_of(s + skip, n - skip);
	return (written == LETTERS_LOWER || written == LETTERS_UPPER || written == LETTERS_NONE) && looks_random(s + skip, n - skip);
}

/* A letter is large where the hash's digit is 8 or more. */
static bool case_is(const char *s, size_t n, const uint8_t *hash)
{
	for (size_t i = 0; i < n; i++) {
		unsigned digit = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15u;
		if (is_letter(s[i]) && (s[i] <= 'F') != (digit >= 8))
			return false;
	}
	return true;
}

/* What the rows of several chains ask in turn of the same 40 digits is remembered, as hostile text can make this the slowest thing there
 * is: what case they are in, what they are in small letters, and the hash of that. */
struct eip55 { char digits[40], small[40]; enum letters letters; bool hashed; uint8_t hash[32]; };

static struct eip55 *eip55_of(const char *digits)
{
	static _Thread_local struct eip55 last;
	if (memcmp(digits, last.digits, 40) != 0) {
		memcpy(last.digits, digits, 40);
		last.letters = letters_of(digits, 40);
		last.hashed = false;
		for (size_t i = 0; i < 40; i++)
			last.small[i] = (char)(digits[i] | 32); /* a digit has that bit */
	}
	return &last;
}

/* Keccak-256 of before and the small letters. */
static void eip55_hash(struct eip55 *e, const char *before, uint8_t out[static 32])
{
	uint8_t text[16 + 40];
	size_t n = 0;
	for (; n < 16 && before[n] != '\0'; n++)
		text[n] = (uint8_t)before[n];
	memcpy(text + n, e->small, 40);
	if (n > 0 || !e->hashed)
		hash_keccak256(text, n + 40, out);
	else
		memcpy(out, e->hash, 32);
	if (n == 0) {
		e->hashed = true;
		memcpy(e->hash, out, 32);
	}
}

/* EIP-55: the hash is of the 40 small digits as text. EIP-1191 puts the chain's number and "0x" before them: row's param. */
bool addr_check_eip55(const struct addr_row *row, const char *s, size_t n)
{
	size_t skip = row->prefix_len;
	uint8_t hash[32];
	if (n != skip + 40 || strlen(row->param) > 16)
		return false;
	struct eip55 *e = eip55_of(s + skip);
	if (e->letters != LETTERS_MIXED)
		return false;
	eip55_hash(e, row->param, hash);
	/* Wanchain takes the same hash and turns the cases round. */
	if (row->number == 1)
		for (size_t i = 0; i < 20; i++)
			hash[i] ^= 0x88;
	return case_is(s + skip, 40, hash);
}

/* The hash is of the number's bytes without leading zeros. Numbers are below 2^251. */
bool addr_check_starknet(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	uint8_t bytes[32], hash[32];
	size_t len, zeros = 0;
	if (n != 66 || letters_of(s + 2, 64) != LETTERS_MIXED || !base16_decode(s + 2, 64, bytes, sizeof bytes, &len) || bytes[0] > 7)
		return false;
	while (zeros < 31 && bytes[zeros] == 0)
		zeros++;
	hash_keccak256(bytes + zeros, 32 - zeros, hash);
	return case_is(s + 2, 64, hash);
}

/* CEP-57: a tag (01 Ed25519, 02 secp256k1), then the key, whose letters take their case from successive bits, the lowest
 * first, of BLAKE2b-256 of the key. */
bool addr_check_casper(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	uint8_t key[33], hash[32];
	size_t len, bit = 0;
	if (n < 4 || s[0] != '0' || !((s[1] == '1' && n == 66) || (s[1] == '2' && n == 68)))
		return false;
	if (letters_of(s + 2, n - 2) != LETTERS_MIXED || !base16_decode(s + 2, n - 2, key, sizeof key, &len))
		return false;
	if (s[1] == '2' && key[0] != 2 && key[0] != 3)
		return false;
	hash_blake2b(key, len, hash, sizeof hash);
	for (size_t i = 2; i < n; i++) {
		if (!is_letter(s[i]))
			continue;
		bool large = (hash[bit / 8] >> (bit % 8) & 1) != 0;
		if ((s[i] <= 'F') != large)
			return false;
		bit++;
	}
	return true;
}

/* 32 bytes, then the first 6 of their BLAKE2b-256. */
bool addr_check_sia(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	uint8_t bytes[38], hash[32];
	size_t len;
	if (n != 76 || letters_of(s, n) == LETTERS_MIXED || !base16_decode(s, n, bytes, sizeof bytes, &len))
		return false;
	hash_blake2b(bytes, 32, hash, sizeof hash);
	return memcmp(hash, bytes + 32, 6) == 0;
}

/* CRC-32, big-endian, then the 28 bytes that it is of. */
bool addr_check_icp_account(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	uint8_t b[32];
	size_t len;
	if (n != 64 || letters_of(s, n) == LETTERS_MIXED || !base16_decode(s, n, b, sizeof b, &len))
		return false;
	uint32_t want = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	return crc32_ieee(b + 4, 28) == want && looks_random(s, n);
}

/* 20 bytes, then their BLAKE2b of 5 bytes; all its bits turned round for a contract. */
bool addr_check_vite(const struct addr_row *row, const char *s, size_t n)
{
	size_t skip = strlen(row->prefix), len;
	uint8_t b[25], sum[5], unlike = 0, like = 0;
	if (n != skip + 50 || letters_of(s + skip, 50) > LETTERS_LOWER || !base16_decode(s + skip, 50, b, sizeof b, &len))
		return false;
	hash_blake2b(b, 20, sum, sizeof sum);
	for (size_t i = 0; i < 5; i++) {
		unlike |= (uint8_t)(b[20 + i] ^ sum[i]);
		like |= (uint8_t)(b[20 + i] ^ sum[i] ^ 0xff);
	}
	return unlike == 0 || like == 0;
}
