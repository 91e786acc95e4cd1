// Addresses that are bare keys or hashes, with nothing to check: Solana's in base58, Arweave's in base64url. What can be asked of them is
// that they hold exactly 32 bytes and look drawn at random, not put together of words.
#include "parse/addr/base32.h"
#include "parse/addr/base58.h"
#include "parse/addr/checks.h"

/* Letters small, large, digits, and how often the kind changes from one letter to the next. */
struct look { unsigned small, large, digits, changes; };

static struct look look_at(const char *s, size_t n)
{
	struct look l = { 0 };
	int before = 0;
	for (size_t i = 0; i < n; i++) {
		int kind = s[i] >= '0' && s[i] <= '9' ? 1 : s[i] >= 'A' && s[i] <= 'Z' ? 2 : s[i] >= 'a' && s[i] <= 'z' ? 3 : 4;
		l.digits += kind == 1;
		l.large += kind == 2;
		l.small += kind == 3;
		l.changes += i > 0 && kind != before;
		before = kind;
	}
	return l;
}

/* Of 43 random letters of base58 or base64 about 26 follow one of another kind; fewer than 13 in one of 10^5 cases. Words put together, CamelCase
 * or under_scored, stay below. A fifth of random ones have few digits, one in 1,600 none: those must change more often. */
static bool looks_random(const char *s, size_t n)
{
	struct look l = look_at(s, n);
	return l.small >= 5 && l.large >= 5 && l.changes >= (l.digits > 0 ? 13 : 18);
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

/* Arweave's documentation: SHA-256 of the owner's key, in base64url without padding: the last letter's two spare bits are zero. Not C++'s
 * mangled names, which are made of everything too. */
bool addr_check_arweave(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	uint8_t b[32];
	size_t len;
	if (n != 43 || (s[0] == '_' && s[1] == 'Z'))
		return false;
	return looks_random(s, n) && base64_decode(true, s, n, b, sizeof b, &len);
}
