// The checks of base58 and of bech32's kin against the strings of their specifications, and the codes below them.
// uses: host/parse/addr/*.c host/base/rd.c
// libs: -lcrypto -lsodium
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "parse/addr/addr.h"
#include "parse/addr/base58.h"
#include "parse/addr/bech32.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vector { const char *text, *ticker, *form; };

/* BIP 173 and BIP 350, "Test vectors": valid segregated witness addresses. */
static const struct vector segwit[] = {
	{ "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "BTC", "P2WPKH, P2WSH" },
	{ "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "BTC", "P2WPKH, P2WSH" },
	{ "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", "BTC", "witness, later versions" },
	{ "BC1SW50QGDZ25J", "BTC", "witness, later versions" },
	{ "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "BTC", "witness, later versions" },
	{ "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy", "BTC", "P2WPKH, P2WSH" },
	{ "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c", "BTC", "P2TR" },
	{ "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "BTC", "P2TR" },
};

/* The same documents: invalid ones, each with a reason. */
static const char *const not_segwit[] = {
	"tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",         /* human-readable part */
	"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",         /* bech32 instead of bech32m */
	"tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
	"BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
	"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",                             /* bech32m instead of bech32 */
	"tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
	"bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",         /* a foreign letter in the checksum */
	"BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",         /* version 17 */
	"bc1pw5dgrnzv",                                                           /* one byte */
	"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav", /* 41 bytes */
	"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",                                   /* version 0 with 16 bytes */
	"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",         /* mixed case */
	"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",       /* padding of more than four bits */
	"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",         /* padding that is not zero */
	"bc1gmk9yu",                                                              /* empty */
	"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",                             /* checksum */
	"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7",
	"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv",
};

/* CashAddr specification, "Examples of address translation". */
static const struct vector cashaddr[] = {
	{ "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "BCH", "CashAddr P2PKH" },
	{ "bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy", "BCH", "CashAddr P2PKH" },
	{ "bitcoincash:qqq3728yw0y47sqn6l2na30mcw6zm78dzqre909m2r", "BCH", "CashAddr P2PKH" },
	{ "bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq", "BCH", "CashAddr P2SH" },
	{ "bitcoincash:pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e", "BCH", "CashAddr P2SH" },
	{ "bitcoincash:pqq3728yw0y47sqn6l2na30mcw6zm78dzq5ucqzc37", "BCH", "CashAddr P2SH" },
};

/* BIP 13, BIP 32, BIP 47, SLIP-0132 and the forks' chain parameters: one of each kind of version. */
static const struct vector base58[] = {
	{ "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "BTC", "P2PKH" },
	{ "3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "BTC", "P2SH" },
	{ "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "BTC", "P2PKH" },
	{ "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8", "BTC",
	  "xpub (extended public key)" },
	{ "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs", "BTC",
	  "zpub (extended public key)" },
	{ "PM8TJTLJbPRGxSbc8EJi42Wrr6QbNSaSSVJ5Y3E4pbCYiTHUskHg13935Ubb7q8tx9GVbh2UuRnBc3WSyJHhUrw8KhprKnn9eDznYGieTzFcwQRya4GA", "BTC",
	  "payment code" },
};

/* BOLT 11, "Examples". */
static const char *const invoices[] = {
	"lnbc1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq8rkx3yf5tcsyz"
	"3d73gafnh3cax9rn449d9p5uxz9ezhhypd0elx87sjle52x86fux2ypatgddc6k63n7erqz25le42c4u4ecky03ylcqca784w",
};

static void taken(const struct vector *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct addr_row *row = addr_row_of(v[i].text, strlen(v[i].text));
		if (!row || strcmp(row->ticker, v[i].ticker) != 0 || strcmp(row->form, v[i].form) != 0)
			fail_msg("%s: %s %s", v[i].text, row ? row->coin : "no row", row ? row->form : "");
	}
}

static void specifications(void **state)
{
	(void)state;
	taken(segwit, sizeof segwit / sizeof *segwit);
	taken(cashaddr, sizeof cashaddr / sizeof *cashaddr);
	taken(base58, sizeof base58 / sizeof *base58);
	for (size_t i = 0; i < sizeof not_segwit / sizeof *not_segwit; i++)
		if (addr_row_of(not_segwit[i], strlen(not_segwit[i])))
			fail_msg("taken: %s", not_segwit[i]);
	for (size_t i = 0; i < sizeof cashaddr / sizeof *cashaddr; i++) {
		/* Without its prefix; with another's; in capitals; in both. */
		const char *bare = strchr(cashaddr[i].text, ':') + 1;
		char other[80], upper[80];
		assert_non_null(addr_row_of(bare, strlen(bare)));
		snprintf(other, sizeof other, "bchtest:%s", bare);
		assert_null(addr_row_of(other, strlen(other)));
		size_t n = strlen(cashaddr[i].text);
		for (size_t k = 0; k <= n; k++) {
			char c = cashaddr[i].text[k];
			upper[k] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
		}
		assert_non_null(addr_row_of(upper, n));
		upper[n - 1] = cashaddr[i].text[n - 1];
		assert_true(addr_row_of(upper, n) == NULL || (upper[n - 1] >= '0' && upper[n - 1] <= '9'));
	}
}

static void lightning(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof invoices / sizeof *invoices; i++) {
		size_t n = strlen(invoices[i]);
		const struct addr_row *row = addr_row_of(invoices[i], n);
		if (!row || strcmp(row->form, "Lightning invoice") != 0 || strcmp(row->network, "main") != 0)
			fail_msg("invoice %zu: %s", i, row ? row->form : "no row");
		/* Cut anywhere, or with one letter changed, it is none. */
		for (size_t k = 0; k < n; k++)
			assert_null(addr_row_of(invoices[i], k));
		char changed[1024];
		for (size_t k = 0; k < n; k++) {
			memcpy(changed, invoices[i], n);
			changed[k] = changed[k] == 'q' ? 'p' : 'q';
			assert_null(addr_row_of(changed, n));
		}
	}
}

static void base58_code(void **state)
{
	(void)state;
	uint8_t in[64], out[64];
	char text[128];
	size_t len;
	for (size_t n = 0; n <= sizeof in; n++)
		for (unsigned pattern = 0; pattern < 4; pattern++) {
			for (size_t i = 0; i < n; i++)
				in[i] = pattern == 0 ? 0 : pattern == 1 ? 0xff : pattern == 2 ? (uint8_t)(i * 37 + 1) : (uint8_t)(i < n / 2 ? 0 : i);
			size_t written = base58_encode(base58_bitcoin, in, n, text, sizeof text);
			if (n == 0) {
				assert_int_equal(written, 0);
				continue;
			}
			assert_true(base58_decode(base58_bitcoin, text, written, out, sizeof out, &len));
			assert_int_equal(len, n);
			assert_memory_equal(out, in, n);
			/* One byte less room is not enough, and nothing beyond is written. */
			assert_false(base58_decode(base58_bitcoin, text, written, out, n - 1, &len));
			assert_int_equal(base58_encode(base58_bitcoin, in, n, text, written - 1), 0);
			text[written / 2] = 'l';
			assert_false(base58_decode(base58_bitcoin, text, written, out, sizeof out, &len));
		}
	assert_true(base58_decode(base58_bitcoin, "2NEpo7TZRRrLZSi2U", 17, out, sizeof out, &len)); /* draft-msporny-base58-03 section 5 */
	assert_int_equal(len, 12);
	assert_memory_equal(out, "Hello World!", 12);
	assert_false(base58_decode(base58_bitcoin, "", 0, out, sizeof out, &len));
	char far[BASE58_TEXT_MAX + 1];
	memset(far, '1', sizeof far);
	uint8_t wide[BASE58_TEXT_MAX + 1];
	assert_true(base58_decode(base58_bitcoin, far, BASE58_TEXT_MAX, wide, sizeof wide, &len));
	assert_false(base58_decode(base58_bitcoin, far, BASE58_TEXT_MAX + 1, wide, sizeof wide, &len));
	memset(far, 'z', sizeof far);
	assert_true(base58_decode(base58_bitcoin, far, BASE58_TEXT_MAX, wide, sizeof wide, &len));
	for (unsigned c = 0; c < 256; c++) {
		const char *at = c ? strchr(base58_bitcoin, (int)c) : NULL;
		assert_int_equal(base58_value(base58_bitcoin, (char)c), at ? at - base58_bitcoin : -1);
	}
}

static void bech32_code(void **state)
{
	(void)state;
	/* BIP 173 and BIP 350: valid strings of either checksum. */
	static const char *const first[] = { "A12UEL5L", "a12uel5l", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
		"split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "?1ezyfcl" };
	static const char *const second[] = { "A1LQFN3A", "a1lqfn3a", "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
		"split1checkupstagehandshakeupstreamerranterredcaperredlc445v", "?1v759aa" };
	static const char *const neither[] = { "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8", "10a06t8", "1qzzfhee", "", "1", "a1",
		"A12UeL5L", "M1VUXWEZ", "16plkw9", "1p2gdwpf", "y1b0jsk6g", "in1muywd" };
	struct bech32 b;
	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		assert_true(bech32_split(first[i], strlen(first[i]), &b) && b.residue == BECH32_CONST);
	for (size_t i = 0; i < sizeof second / sizeof *second; i++)
		assert_true(bech32_split(second[i], strlen(second[i]), &b) && b.residue == BECH32M_CONST);
	for (size_t i = 0; i < sizeof neither / sizeof *neither; i++)
		if (bech32_split(neither[i], strlen(neither[i]), &b) && (b.residue == BECH32_CONST || b.residue == BECH32M_CONST))
			fail_msg("%s", neither[i]);
}

/* The table says what it must: every row can be reached by its first letter and its lengths make sense. */
static void rows(void **state)
{
	(void)state;
	assert_true(addr_rows_n >= 150);
	for (size_t i = 0; i < addr_rows_n; i++) {
		const struct addr_row *row = &addr_rows[i];
		assert_true(row->check && row->len_min > 0 && row->len_min <= row->len_max && row->len_max < ADDR_TEXT_MAX);
		assert_true(row->lead_len <= row->prefix_len && row->prefix_len <= row->len_max);
		assert_true(!row->join || row->checksum_bits > 0);
		assert_true(strlen(row->coin) < ADDR_WORD_MAX && strlen(row->ticker) < ADDR_WORD_MAX && strlen(row->form) < ADDR_WORD_MAX &&
		            strlen(row->network) < ADDR_WORD_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specifications), cmocka_unit_test(lightning), cmocka_unit_test(base58_code), cmocka_unit_test(bech32_code),
		cmocka_unit_test(rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
