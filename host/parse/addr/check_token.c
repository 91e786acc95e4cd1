// Addresses that are bare keys or hashes, with nothing to check: Solana's in base58, Arweave's in base64url. What can be asked of them is
// that they hold exactly 32 bytes and look drawn at random, not put together of words.
#include "parse/addr/base32.h"
#include "parse/addr/base58.h"
#include "parse/addr/checks.h"

enum kind { SMALL, LARGE, DIGIT, MARK };

/* Four times the base-2 logarithm of how much more often one kind follows another, and a letter stands, in long identifiers than in random
 * base64: counted over 42,703 words of 24 to 80 characters in the documentation, headers, scripts and package lists of a Debian 12. */
static const int8_t follows[4][4] = { { 3, -5, -9, 3 }, { 0, 1, -4, 2 }, { -2, -3, 4, 9 }, { 2, -1, -7, 4 } };
static const int8_t stands[26] = { 3, -1, 2, -1, 5, -3, -1, -3, 3, -9, -6, 0, -1, 2, 1, -1, -7, 2, 3, 4, -2, -3, -5, -3, -4, -6 };

/* Of 43 random letters one set in 10^5 has more. Identifiers begin near 50; half of them are over 85. Those made of numbers are not, but they
 * repeat themselves: 43 random letters have 17 large ones, and 31 different ones (fewer than 5 and 18: one set in a million). */
#define IDENTIFIER_FROM 44

static enum kind kind_of(char c)
{
	return c >= '0' && c <= '9' ? DIGIT : c >= 'A' && c <= 'Z' ? LARGE : c >= 'a' && c <= 'z' ? SMALL : MARK;
}

static bool looks_random(const char *s, size_t n)
{
	int sum = 0;
	unsigned count[4] = { 0 }, different = 0;
	uint64_t seen[2] = { 0 };
	for (size_t i = 0; i < n; i++) {
		enum kind kind = kind_of(s[i]);
		uint64_t bit = UINT64_C(1) << (s[i] & 63);
		different += (seen[s[i] >> 6 & 1] & bit) == 0;
		seen[s[i] >> 6 & 1] |= bit;
		count[kind]++;
		if (i > 0)
			sum += follows[kind_of(s[i - 1])][kind];
		if (s[i] >= 'A' && s[i] <= 'Z')
			sum += stands[s[i] - 'A'];
		else if (s[i] >= 'a' && s[i] <= 'z')
			sum += stands[s[i] - 'a'];
	}
	return sum < IDENTIFIER_FROM && count[SMALL] >= 5 && count[LARGE] >= 5 && different >= 18;
}

/* C++'s mangled names are made of everything too. They begin with _Z and N or T; the mark may have been left off. One random text in
 * 20,000 does. */
static bool looks_mangled(const char *s)
{
	s += s[0] == '_';
	return s[0] == 'Z' && ((s[1] == 'N' && (s[2] == 'K' || s[2] == 'S' || kind_of(s[2]) == DIGIT)) ||
	                       (s[1] == 'T' && (s[2] == 'V' || s[2] == 'I' || s[2] == 'S')));
}

/* Solana's documentation, "Accounts": an Ed25519 key, or a derived address of as many bytes, in base58. One key in 60,000 is shorter than
 * 42 letters; those with many zero bytes in front are programs. */
bool addr_check_solana(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	uint8_t b[32];
	size_t len;
	return looks_random(s, n) && base58_decode(base58_bitcoin, s, n, b, sizeof b, &len) && len == sizeof b;
}

/* Arweave's documentation: SHA-256 of the owner's key, in base64url without padding: the last letter's two spare bits are zero. */
bool addr_check_arweave(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	uint8_t b[32];
	size_t len;
	return n == 43 && !looks_mangled(s) && looks_random(s, n) && base64_decode(true, s, n, b, sizeof b, &len);
}
