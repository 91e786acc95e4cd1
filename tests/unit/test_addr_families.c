// Every row of the table of addresses against shared/vectors/currencies.json: what is right is taken, what is wrong is refused, and
// whoever changes a letter, a length or the network is noticed. Each text lies in a block of exactly its size, so that
// AddressSanitizer sees one character read too many.
// uses: host/parse/addr/*.c host/base/rd.c
// libs: -ljansson -lcrypto -lsodium
#include <ctype.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "parse/addr/addr.h"
#include "parse/addr/checks.h"

#define VECTORS "shared/vectors/currencies.json"

/* Checksums up to this long may be met by chance in as many tries as are made here. */
#define WEAK_BITS 16

static json_t *vectors;

static bool same_fold(const char *a, const char *b, size_t n, bool fold)
{
	for (size_t i = 0; i < n; i++)
		if (fold ? tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]) : a[i] != b[i])
			return false;
	return true;
}

static bool row_has(const struct addr_row *row, char c)
{
	uint8_t byte = (uint8_t)c;
	return byte < 128 && ((row->alphabet[byte >> 6] >> (byte & 63) & 1) != 0 || (c != '\0' && strchr(row->inside, c) != NULL));
}

/* What the search asks before it calls the check, and then the check, on a block of exactly n characters. */
static bool row_takes(const struct addr_row *row, const char *s, size_t n)
{
	size_t prefix = strlen(row->prefix), suffix = strlen(row->suffix);
	if (n < row->len_min || n > row->len_max || n < prefix + suffix)
		return false;
	if (!same_fold(s, row->prefix, prefix, row->caseless) || !same_fold(s + n - suffix, row->suffix, suffix, row->caseless))
		return false;
	for (size_t i = prefix; i < n - suffix; i++)
		if (!row_has(row, s[i]))
			return false;
	char *exact = malloc(n > 0 ? n : 1);
	assert_non_null(exact);
	memcpy(exact, s, n);
	bool takes = row->check(row, exact, n);
	free(exact);
	return takes;
}

static const char *field(const json_t *vector, const char *key)
{
	const char *s = json_string_value(json_object_get(vector, key));
	return s == NULL ? "" : s;
}

static const struct addr_row *row_of(const json_t *vector)
{
	for (size_t i = 0; i < addr_rows_n; i++) {
		const struct addr_row *row = &addr_rows[i];
		if (strcmp(row->coin, field(vector, "coin")) == 0 && strcmp(row->ticker, field(vector, "ticker")) == 0 &&
		    strcmp(row->form, field(vector, "form")) == 0 && strcmp(row->network, field(vector, "network")) == 0)
			return row;
	}
	return NULL;
}

/* Rows whose own tests stand elsewhere (test_addr.c): Bitcoin's base58 and everything like bech32. */
static bool is_ours(const struct addr_row *row)
{
	static addr_check_fn *const others[] = { addr_check_base58check, addr_check_segwit, addr_check_bech32, addr_check_bech32m,
		addr_check_bech32_any, addr_check_lightning, addr_check_bolt12, addr_check_blech32, addr_check_cashaddr, addr_check_kaspa };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (row->check == others[i])
			return false;
	return true;
}

/* Runs act for every valid text of our rows. */
static void each_valid(void (*act)(const struct addr_row *row, const char *s, size_t n))
{
	size_t i, k, done = 0;
	json_t *vector, *text;
	json_array_foreach(vectors, i, vector) {
		const struct addr_row *row = row_of(vector);
		json_array_foreach(json_object_get(vector, "valid"), k, text)
			if (row != NULL && is_ours(row)) {
				act(row, json_string_value(text), json_string_length(text));
				done++;
			}
	}
	assert_true(done > 400);
}

static void every_vector_is_as_it_says(void **state)
{
	(void)state;
	size_t i, k, right = 0, wrong = 0;
	json_t *vector, *text;
	json_array_foreach(vectors, i, vector) {
		const struct addr_row *row = row_of(vector);
		if (row == NULL)
			fail_msg("no row: %s %s %s", field(vector, "coin"), field(vector, "form"), field(vector, "network"));
		if (!is_ours(row))
			continue;
		json_array_foreach(json_object_get(vector, "valid"), k, text) {
			const char *s = json_string_value(text);
			if (!row_takes(row, s, strlen(s)))
				fail_msg("%s %s %s refuses %s", row->coin, row->form, row->network, s);
			right++;
		}
		json_array_foreach(json_object_get(vector, "invalid"), k, text) {
			const char *s = json_string_value(text);
			if (row_takes(row, s, strlen(s)))
				fail_msg("%s %s %s takes %s", row->coin, row->form, row->network, s);
			wrong++;
		}
	}
	assert_true(right > 400 && wrong > 400);
}

static double expected;
static size_t met;

static void change_each(const struct addr_row *row, const char *s, size_t n)
{
	char *changed = malloc(n);
	assert_non_null(changed);
	memcpy(changed, s, n);
	for (size_t i = 0; row->checksum_bits > 0 && i < n; i++) {
		for (int c = ' '; c < 0x7f; c++) {
			if (c == s[i] || (row->caseless && tolower(c) == tolower((unsigned char)s[i])))
				continue;
			changed[i] = (char)c;
			bool taken = row_takes(row, changed, n);
			if (taken && row->checksum_bits > WEAK_BITS)
				fail_msg("%s %s takes %.*s for %s", row->coin, row->form, (int)n, changed, s);
			if (row->checksum_bits <= WEAK_BITS && row_has(row, (char)c)) {
				expected += 1.0 / (double)(1u << row->checksum_bits);
				met += taken;
			}
		}
		changed[i] = s[i];
	}
	free(changed);
}

/* A long checksum is never met. A short one not more often than its length says. */
static void no_letter_can_be_changed(void **state)
{
	(void)state;
	expected = 0;
	met = 0;
	each_valid(change_each);
	if ((double)met > 2 * expected + 3)
		fail_msg("%zu changes met a weak checksum, %.1f were to be expected", met, expected);
}

static void cut_each(const struct addr_row *row, const char *s, size_t n)
{
	char longer[ADDR_TEXT_MAX + 1];
	if (row->checksum_bits <= WEAK_BITS)
		return;
	for (size_t to = 0; to < n; to++)
		if (row_takes(row, s, to))
			fail_msg("%s %s takes %.*s of %s", row->coin, row->form, (int)to, s, s);
	memcpy(longer, s, n);
	for (int c = ' '; c < 0x7f; c++) {
		longer[n] = (char)c;
		if (row_takes(row, longer, n + 1))
			fail_msg("%s %s takes %.*s", row->coin, row->form, (int)n + 1, longer);
	}
}

static void no_letter_can_be_left_off_or_added(void **state)
{
	(void)state;
	each_valid(cut_each);
}

/* Neighbours change places. */
static void swap_each(const struct addr_row *row, const char *s, size_t n)
{
	char *swapped = malloc(n);
	assert_non_null(swapped);
	for (size_t i = 0; row->checksum_bits > WEAK_BITS && i + 1 < n; i++) {
		if (s[i] == s[i + 1])
			continue;
		memcpy(swapped, s, n);
		swapped[i] = s[i + 1];
		swapped[i + 1] = s[i];
		if (row_takes(row, swapped, n))
			fail_msg("%s %s takes %.*s for %s", row->coin, row->form, (int)n, swapped, s);
	}
	free(swapped);
}

static void no_letters_can_be_swapped(void **state)
{
	(void)state;
	each_valid(swap_each);
}

/* Coin, form and network of a long checksum can't be taken for one another. */
static void other_rows(const struct addr_row *row, const char *s, size_t n)
{
	if (row->checksum_bits <= WEAK_BITS)
		return;
	for (size_t i = 0; i < addr_rows_n; i++) {
		const struct addr_row *other = &addr_rows[i];
		if (other != row && other->checksum_bits > 0 && row_takes(other, s, n))
			fail_msg("%s of %s %s %s is one of %s %s %s as well", s, row->coin, row->form, row->network, other->coin, other->form,
			         other->network);
	}
}

static void networks_are_told_apart(void **state)
{
	(void)state;
	each_valid(other_rows);
}

static void is_found(const struct addr_row *row, const char *s, size_t n)
{
	static struct addr_hits hits;
	char text[ADDR_TEXT_MAX + 64];
	if (row->context[0] != '\0')
		return;
	int len = snprintf(text, sizeof text, "Please pay to %s, thank you.", s);
	assert_in_range(len, 1, (int)sizeof text - 1);
	addr_scan((const uint8_t *)text, (size_t)len, &hits);
	if (hits.n != 1 || hits.hit[0].offset != 14 || hits.hit[0].length != n)
		fail_msg("%s %s: %zu found in \"%s\"", row->coin, row->form, hits.n, text);
	/* Inside a longer word it is none, unless punctuation is what would have to continue it. */
	len = snprintf(text, sizeof text, "Please pay to z%sz, thank you.", s);
	addr_scan((const uint8_t *)text, (size_t)len, &hits);
	if (hits.n != 0 && isalnum((unsigned char)s[0]) && strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == n)
		fail_msg("%s %s cut out of \"%s\"", row->coin, row->form, text);
}

static void each_is_found_in_text(void **state)
{
	(void)state;
	each_valid(is_found);
}

/* Letters of the row's own, drawn at random, in each of its lengths: nothing is read beyond the end and no long checksum met. */
static void random_letters_are_no_address(void **state)
{
	(void)state;
	uint64_t seed = 0x2545f4914f6cdd1d;
	for (size_t i = 0; i < addr_rows_n; i++) {
		const struct addr_row *row = &addr_rows[i];
		char letters[128], text[ADDR_TEXT_MAX];
		size_t letters_n = 0, prefix = strlen(row->prefix), suffix = strlen(row->suffix);
		for (int c = ' '; c < 0x7f; c++)
			if (row_has(row, (char)c))
				letters[letters_n++] = (char)c;
		for (size_t turn = 0; turn < 300; turn++) {
			size_t n = row->len_min + turn % (row->len_max - row->len_min + 1u);
			for (size_t k = 0; k < n; k++) {
				seed = seed * 6364136223846793005u + 1442695040888963407u;
				text[k] = letters[(seed >> 33) % letters_n];
			}
			memcpy(text, row->prefix, prefix);
			memcpy(text + n - suffix, row->suffix, suffix);
			if (row_takes(row, text, n) && row->checksum_bits > WEAK_BITS)
				fail_msg("%s %s takes %.*s", row->coin, row->form, (int)n, text);
		}
	}
}

static int load(void **state)
{
	(void)state;
	json_error_t why;
	json_t *all = json_load_file(VECTORS, JSON_REJECT_DUPLICATES, &why);
	if (all == NULL) {
		fprintf(stderr, VECTORS ":%d: %s\n", why.line, why.text);
		return -1;
	}
	vectors = json_incref(json_object_get(all, "vectors"));
	json_decref(all);
	return json_is_array(vectors) ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	json_decref(vectors);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_is_as_it_says),
		cmocka_unit_test(no_letter_can_be_changed),
		cmocka_unit_test(no_letter_can_be_left_off_or_added),
		cmocka_unit_test(no_letters_can_be_swapped),
		cmocka_unit_test(networks_are_told_apart),
		cmocka_unit_test(each_is_found_in_text),
		cmocka_unit_test(random_letters_are_no_address),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
