// Addresses whose checksum is right and that are wrong all the same: encodings that are not the only one, lengths that lie, parts out of
// order. And the decoders beneath, base32 to F4Jumble.
// uses: host/parse/addr/*.c host/base/rd.c
// libs: -lcrypto -lsodium
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "addr_made.h"
#include "parse/addr/addr.h"
#include "parse/addr/base32.h"
#include "parse/addr/base58.h"
#include "parse/addr/checks.h"
#include "parse/addr/f4jumble.h"

static const struct addr_row *row_of(const char *coin, const char *form, const char *network)
{
	for (size_t i = 0; i < addr_rows_n; i++)
		if (strcmp(addr_rows[i].coin, coin) == 0 && strcmp(addr_rows[i].form, form) == 0 && strcmp(addr_rows[i].network, network) == 0)
			return &addr_rows[i];
	fail_msg("no row: %s %s %s", coin, form, network);
	return NULL;
}

/* Runs the check alone, on a block of exactly the text's size. */
static bool takes(const struct addr_row *row, const char *text)
{
	size_t n = strlen(text);
	if (n > row->len_max || n < row->len_min)
		return false;
	char *exact = malloc(n);
	assert_non_null(exact);
	memcpy(exact, text, n);
	bool is = row->check(row, exact, n);
	free(exact);
	return is;
}

static void a_right_checksum_is_not_enough(void **state)
{
	(void)state;
	size_t valid = 0;
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		struct addr_row row = *row_of(made[i].coin, made[i].form, made[i].network);
		/* Byron's lengths follow from what is inside, which is what is lied about here. */
		if (row.check == addr_check_byron)
			row.len_min = 1, row.len_max = BASE58_TEXT_MAX;
		if (takes(&row, made[i].text) != made[i].valid)
			fail_msg("%s, %s: %s %s", row.coin, made[i].what, made[i].text, made[i].valid ? "is refused" : "is taken");
		valid += made[i].valid;
	}
	assert_true(valid >= 25);
}

static bool decodes32(const char *s)
{
	uint8_t out[64];
	size_t len = 99;
	bool ok = base32_decode(base32_rfc, s, strlen(s), out, sizeof out, &len);
	assert_true(ok == (len != 99));
	return ok;
}

/* RFC 4648 section 10 without the padding, and what is one letter away from it. */
static void base32_has_one_form(void **state)
{
	(void)state;
	uint8_t out[8];
	size_t len;
	static const struct { const char *bytes, *text; } vectors[] = {
		{ "", "" }, { "f", "MY" }, { "fo", "MZXQ" }, { "foo", "MZXW6" }, { "foob", "MZXW6YQ" }, { "fooba", "MZXW6YTB" },
	};
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		size_t n = strlen(vectors[i].bytes);
		assert_true(base32_decode(base32_rfc, vectors[i].text, strlen(vectors[i].text), out, n, &len));
		assert_int_equal(len, n);
		assert_memory_equal(out, vectors[i].bytes, n);
		if (n > 0)
			assert_false(base32_decode(base32_rfc, vectors[i].text, strlen(vectors[i].text), out, n - 1, &len));
	}
	static const char *const wrong[] = { "M", "MZX", "MZXW6Y", "MZ", "MZXR", "MZXW7", "MZXW6YR", "mY", "M1", "M=", "M Y" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (decodes32(wrong[i]))
			fail_msg("%s is decoded", wrong[i]);
	assert_int_equal(base32_value(base32_nano, 'z'), 31);
	assert_int_equal(base32_value(base32_nano, '0'), -1);
	assert_int_equal(base32_value(base32_nano, '\0'), -1);
}

static void base64_has_one_form(void **state)
{
	(void)state;
	uint8_t out[8];
	size_t len;
	assert_true(base64_decode(true, "-_8", 3, out, sizeof out, &len));
	assert_int_equal(len, 2);
	assert_true(out[0] == 0xfb && out[1] == 0xff);
	assert_true(base64_decode(false, "+/8", 3, out, sizeof out, &len));
	assert_false(base64_decode(false, "-_8", 3, out, sizeof out, &len));
	assert_false(base64_decode(true, "+/8", 3, out, sizeof out, &len));
	assert_false(base64_decode(true, "-/8", 3, out, sizeof out, &len));
	assert_false(base64_decode(true, "-_9", 3, out, sizeof out, &len));
	assert_false(base64_decode(true, "A", 1, out, sizeof out, &len));
	assert_false(base64_decode(true, "AA==", 4, out, sizeof out, &len));
	assert_false(base64_decode(true, "AAAA", 4, out, 2, &len));
	assert_true(base16_decode("0aFf", 4, out, sizeof out, &len));
	assert_true(len == 2 && out[0] == 0x0a && out[1] == 0xff);
	assert_false(base16_decode("0aF", 3, out, sizeof out, &len));
	assert_false(base16_decode("0g", 2, out, sizeof out, &len));
	assert_false(base16_decode("0a0a", 4, out, 1, &len));
}

/* The first of zcash-test-vectors, f4jumble.json: plain, jumbled. */
static const struct { const char *plain, *jumbled; } jumbles[] = {
	{ "5d7a8f739a2d9e945b0ce152a8049e294c4d6e66b164939daffa2ef6ee6921481cdd86b3cc4318d9614fc820905d042b",
	  "0304d029141b995da5387c125970673504d6c764d91ea6c082123770c7139ccd88ee27368cd0c0921a0444c8e5858d22" },
	{ "b1ef9ca3f24988c7b3534201cfb1cd8dbf69b8250c18ef41294ca97993db546c1fe01f7e9c8e36d6a5e29d4e30a73594bf5098421c69378af1e40f64e125946f",
	  "5271fa3321f3adbcfb075196883d542b438ec6339176537daf859841fe6a56222bff76d1662b5509a9e1079e446eeedd2e683c31aae3ee1851d7954328526be1" },
	{ "62c2fa7b2fecbcb64b6968912a6381ce3dc166d56a1d62f5a8d7551db5fd9313e8c7203d996af7d477083756d59af80d06a745f44ab023752cb5b406ed8985e1"
	  "8130ab33362697b0e4e4c763ccb8f676495c222f7fba1e31defa3d5a57efc2e1e9b01a035587d5fb1a38e01d94903d3c3e0ad3360c1d3710acd20b183e31d49f",
	  "498cf1b1ba6f4577effe64151d67469adc30acc325e326207e7d78487085b4162669f82f02f9774c0cc26ae6e1a76f1e266c6a9a8a2f4ffe8d2d676b1ed71cc4"
	  "7195a3f19208998f7d8cdfc0b74d2a96364d733a62b4273c77d9828aa1fa061588a7c4c88dd3d3dde02239557acfaad35c55854f4541e1a1b3bc8c17076e7316" },
};

static void f4jumble_is_undone(void **state)
{
	(void)state;
	uint8_t plain[128], bytes[128];
	size_t n, len;
	for (size_t i = 0; i < sizeof jumbles / sizeof *jumbles; i++) {
		assert_true(base16_decode(jumbles[i].plain, strlen(jumbles[i].plain), plain, sizeof plain, &n));
		assert_true(base16_decode(jumbles[i].jumbled, strlen(jumbles[i].jumbled), bytes, sizeof bytes, &len));
		assert_true(n == len && f4jumble_inverse(bytes, n));
		assert_memory_equal(bytes, plain, n);
		/* One bit turned turns about half of them. */
		bytes[n - 1] ^= 1;
		assert_true(f4jumble_inverse(bytes, n));
		assert_memory_not_equal(bytes, plain, n);
	}
	uint8_t *large = calloc(1, 64 * 256 + 1);
	assert_non_null(large);
	for (n = 0; n < 48; n++)
		assert_false(f4jumble_inverse(large, n));
	assert_false(f4jumble_inverse(large, 64 * 256 + 1));
	for (size_t i = 0; i < 64 * 256 + 1; i++)
		assert_int_equal(large[i], 0);
	assert_true(f4jumble_inverse(large, 64 * 256));
	free(large);
}

/* What has no checksum: words, constants and names that programs are full of are none of them. */
static void structure_alone_is_strict(void **state)
{
	(void)state;
	static const struct { const char *coin, *form, *text; } no[] = {
		{ "Ethereum", "hexadecimal, one case", "0x0000000000000000000000000000000000000000" },
		{ "Ethereum", "hexadecimal, one case", "0xffffffffffffffffffffffffffffffff7fffffff" },
		{ "Ethereum", "hexadecimal, one case", "0x000000001234567890abcdef1234567890abcdef" },
		{ "Ethereum", "hexadecimal, one case", "0x0123401234012340123401234012340123401234" },
		{ "Ethereum", "hexadecimal, one case", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" },
		{ "Ethereum", "EIP-55", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed" },
		{ "Aptos", "account", "0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff" },
		{ "Aptos", "account", "0x0000000000000000000000000000000000000000000000000000000000000001" },
		{ "Internet Computer", "account", "807077e900000000000000000000000000000000000000000000000000000000" },
		{ "Solana", "account", "11111111111111111111111111111111111111111111" },
		{ "Solana", "account", "getNameWithPrefixFromRegistryWhenReadyAndSet" },
		{ "Solana", "account", "AHy6YZA8BsHgQfVkk7MbwpAN94iyN7Nf1zN4nPqUN3zzz" },
		{ "Arweave", "account", "xmlSecTransformGost2001GostR3411_94GetKlass" },
		{ "Arweave", "account", "_ZNKSt11__timepunctIcE15_M_date_formatsEPPK" },
		{ "Arweave", "account", "Hexagon_v16i32_v16i32v16i32v16i32_Intrinsic" },
		{ "Arweave", "account", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
		/* The last letter's spare bits. */
		{ "Arweave", "account", "GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xl" },
	};
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		const struct addr_row *row = NULL;
		for (size_t k = 0; k < addr_rows_n && row == NULL; k++)
			if (strcmp(addr_rows[k].coin, no[i].coin) == 0 && strcmp(addr_rows[k].form, no[i].form) == 0 &&
			    strncmp(no[i].text, addr_rows[k].prefix, strlen(addr_rows[k].prefix)) == 0)
				row = &addr_rows[k];
		assert_non_null(row);
		if (takes(row, no[i].text))
			fail_msg("%s %s takes %s", row->coin, row->form, no[i].text);
	}
}

/* 64 digits are a digest like any other, unless NEAR is spoken of. */
static void near_wants_its_name_near(void **state)
{
	(void)state;
	static struct addr_hits hits;
	static const struct { const char *text; size_t n; } texts[] = {
		{ "9685af3fe2dc231e5069ccff8ec6950eb961d42ebb9116a8ab9c0d38f9e45249", 0 },
		{ "sha256: 9685af3fe2dc231e5069ccff8ec6950eb961d42ebb9116a8ab9c0d38f9e45249  file.tar", 0 },
		{ "near:9685af3fe2dc231e5069ccff8ec6950eb961d42ebb9116a8ab9c0d38f9e45249", 1 },
		{ "NEAR: 9685af3fe2dc231e5069ccff8ec6950eb961d42ebb9116a8ab9c0d38f9e45249", 1 },
		{ "https://nearblocks.io/address/9685af3fe2dc231e5069ccff8ec6950eb961d42ebb9116a8ab9c0d38f9e45249", 1 },
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		addr_scan((const uint8_t *)texts[i].text, strlen(texts[i].text), &hits);
		if (hits.n != texts[i].n)
			fail_msg("%zu found in %s", hits.n, texts[i].text);
	}
}

/* What stands between dots is a part of a token or of a name, not a bare key. */
static void a_token_is_no_address(void **state)
{
	(void)state;
	static struct addr_hits hits;
	static const struct { const char *text; size_t n; } texts[] = {
		{ "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk", 0 },
		/* Arweave's are found near a word that says so, alone they are any digest. */
		{ "On Arweave it is GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk.", 1 },
		{ "It is GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk.", 0 },
		{ "ED25519 SHA256:GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk", 0 },
		{ "arweave _GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk_", 1 },
		{ "xy-GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk", 0 },
		{ "GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk_a", 0 },
		{ "GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk=", 0 },
		{ "AHy6YZA8BsHgQfVkk7MbwpAN94iyN7Nf1zN4nPqUN32Q=", 0 },
		{ "ab/AHy6YZA8BsHgQfVkk7MbwpAN94iyN7Nf1zN4nPqUN32Q", 0 },
		{ "solana:AHy6YZA8BsHgQfVkk7MbwpAN94iyN7Nf1zN4nPqUN32Q?amount=1", 1 },
		/* What is cut at the marks of another family is in a longer word all the same. */
		{ "Uf_N_sZ9X0k8i2bikX9nLoQolP3ub-Htw7sOTwoPPylJcvTA", 1 },
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		addr_scan((const uint8_t *)texts[i].text, strlen(texts[i].text), &hits);
		if (hits.n != texts[i].n)
			fail_msg("%zu found in %s", hits.n, texts[i].text);
	}
	assert_string_equal(hits.hit[0].row->coin, "Toncoin");
}

/* An onion service in a URL: whatever stands before and behind its name. */
static void onions_are_found_in_urls(void **state)
{
	(void)state;
	static struct addr_hits hits;
	static const char name[] = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
	static const char *const before[] = { "", "http://", "https://www.", "http://mail.a-b.", "(" }, *const behind[] = { "", "/", ":8080/x", ".", "?q=1", ")" };
	for (size_t i = 0; i < sizeof before / sizeof *before; i++)
		for (size_t k = 0; k < sizeof behind / sizeof *behind; k++) {
			char text[160];
			size_t n = (size_t)snprintf(text, sizeof text, "%s%s%s", before[i], name, behind[k]);
			addr_scan((const uint8_t *)text, n, &hits);
			if (hits.n != 1 || hits.hit[0].offset != strlen(before[i]) || strcmp(hits.hit[0].text, name) != 0)
				fail_msg("%zu found in %s", hits.n, text);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_checksum_is_not_enough),
		cmocka_unit_test(base32_has_one_form),
		cmocka_unit_test(base64_has_one_form),
		cmocka_unit_test(f4jumble_is_undone),
		cmocka_unit_test(structure_alone_is_strict),
		cmocka_unit_test(near_wants_its_name_near),
		cmocka_unit_test(a_token_is_no_address),
		cmocka_unit_test(onions_are_found_in_urls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
