// Hedera's account numbers with their checksum, HIP-15: shard.realm.account-abcde. Without it they are version numbers like any
// other, and left out.
#include <string.h>

#include "parse/addr/checks.h"

/* HIP-15's numbers: 26^3, 26^5, a large prime, a small one. */
#define M3 17576u
#define M5 11881376u
#define BIG 1000003u
#define SMALL 31u

/* row: number is the ledger's: 0 main, 1 test, 2 preview. */
bool addr_check_hedera(const struct addr_row *row, const char *s, size_t n)
{
	if (n < 5 + 6 || s[n - 6] != '-')
		return false;
	const size_t digits = n - 6;
	uint64_t all = 0, ledger = 0, even = 0, odd = 0;
	size_t dots = 0, since = 0;
	for (size_t i = 0; i < digits; i++) {
		unsigned value = 10;
		if (s[i] == '.') {
			if (since == 0 || ++dots > 2)
				return false;
			since = 0;
		} else {
			/* No leading zeros, nothing over 10^10: accounts are counted. */
			if (s[i] < '0' || s[i] > '9' || (since == 1 && s[i - 1] == '0') || ++since > 10)
				return false;
			value = (unsigned)(s[i] - '0');
		}
		all = (SMALL * all + value) % M3;
		if (i % 2 == 0)
			even = (even + value) % 11;
		else
			odd = (odd + value) % 11;
	}
	if (dots != 2 || since == 0)
		return false;
	/* The ledger's number, then six zero bytes. */
	ledger = row->number;
	for (int i = 0; i < 6; i++)
		ledger = ledger * SMALL % M5;
	uint64_t sum = ((((digits % 5) * 11 + even) * 11 + odd) * M3 + all + ledger) % M5;
	sum = sum * BIG % M5;
	for (size_t i = 0; i < 5; i++, sum /= 26)
		if (s[n - 1 - i] != (char)('a' + sum % 26))
			return false;
	return true;
}
