// uses: host/engine/pathpick.c host/engine/continent.c host/engine/relays.c host/engine/relays_load.c host/engine/relays_policy.c host/engine/relays_group.c host/engine/words.c
// libs: -lsodium
/* The draw: rules first, then chance. */
#include "engine/pathpick.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct relays *r;

static const uint8_t *fp(int i)
{
	static uint8_t out[4][FP_LEN];
	static int at;

	memset(out[at = (at + 1) % 4], i, FP_LEN);
	return out[at];
}

static void line(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	assert_int_equal(relays_ns_line(r, text, (size_t)n), OK);
}

static void relay(int i, const char *ip, const char *flags, unsigned weight)
{
	char id[48];

	sodium_bin2base64(id, sizeof id, fp(i), FP_LEN, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	line("r n%d %s 2038-01-01 00:00:00 %s 9001 0", i, id, ip);
	line("s %s", flags);
	line("w Bandwidth=%u", weight);
}

static void md(int i, const char *a, const char *b)
{
	assert_int_equal(relays_md_begin(r, fp(i)), OK);
	assert_int_equal(relays_md_line(r, "onion-key", 9), OK);
	assert_int_equal(relays_md_line(r, a, strlen(a)), OK);
	assert_int_equal(relays_md_line(r, b, strlen(b)), OK);
}

static void begin(void)
{
	relays_free(r);
	r = relays_new();
}

static void sorted(void)
{
	assert_int_equal(relays_sort(r), OK);
}

static void finish(void)
{
	assert_int_equal(relays_finish(r), OK);
}

#define GOOD "Exit Running Valid"

/* n plain exits for port 443, each in a /16 of its own, of weight 100. */
static void plain(int n)
{
	char ip[32];

	begin();
	for (int i = 1; i <= n; i++) {
		snprintf(ip, sizeof ip, "20.%d.0.1", i);
		relay(i, ip, GOOD, 100);
	}
	sorted();
	for (int i = 1; i <= n; i++)
		md(i, "p accept 443", "");
	finish();
}

static int clean_up(void **state)
{
	(void)state;
	relays_free(r);
	r = NULL;
	return 0;
}

/* How often each was drawn, of n. */
static void draw(const struct pathpick *want, int n, int count[256])
{
	struct pick p;

	memset(count, 0, 256 * sizeof count[0]);
	for (int i = 0; i < n; i++) {
		assert_int_equal(pathpick(r, want, &p), OK);
		assert_true(pathpick_suits(r, want, p.exit));
		count[p.exit->fp[0]]++;
	}
}

static void refused(const struct pathpick *want, enum err why)
{
	struct pick p = { .groups = 77 };

	assert_int_equal(pathpick(r, want, &p), why);
	assert_int_equal(p.groups, 77);
}

static void test_nothing_there(void **state)
{
	const struct pathpick want = { .port = 443 };

	(void)state;
	begin();
	sorted();
	finish();
	refused(&want, ERR_TOR_BOOTSTRAP);
	plain(1);
	refused(&(struct pathpick){ .port = 80 }, ERR_EXIT_NONE);
	refused(&(struct pathpick){ .port = 443, .is_ipv6 = true }, ERR_EXIT_NONE);
	refused(&(struct pathpick){ .port = 0 }, ERR_EXIT_NONE);
}

static void test_flags_and_policies(void **state)
{
	static const char *const flags[] = { GOOD, "Running Valid", "Exit Valid", "Exit Running", GOOD " BadExit", GOOD " MiddleOnly", GOOD, GOOD };
	const struct pathpick want = { .port = 443 };
	int count[256];

	(void)state;
	begin();
	for (int i = 1; i <= 8; i++) {
		char ip[32];
		snprintf(ip, sizeof ip, "20.%d.0.1", i);
		relay(i, ip, flags[i - 1], 1000000);
	}
	sorted();
	for (int i = 1; i <= 7; i++)       /* the eighth's microdescriptor is not known */
		md(i, i == 7 ? "p accept 80" : "p accept 443", "p6 accept 25");
	finish();
	draw(&want, 500, count);
	assert_int_equal(count[1], 500);
	draw(&(struct pathpick){ .port = 80 }, 200, count);
	assert_int_equal(count[7], 200);
	draw(&(struct pathpick){ .port = 25, .is_ipv6 = true }, 200, count);
	assert_int_equal(count[1] + count[7], 200);
}

static void test_avoids(void **state)
{
	int count[256];
	uint8_t list[2][FP_LEN];

	(void)state;
	begin();
	relay(1, "20.1.0.1", GOOD, 100);
	relay(2, "20.1.0.2", GOOD, 100);      /* 1's /16 */
	relay(3, "20.3.0.1", GOOD, 100);      /* 1's family */
	relay(4, "20.4.0.1", GOOD, 100);      /* lists 1, one-sided */
	relay(5, "20.5.0.1", GOOD, 100);      /* 1's family id */
	relay(6, "20.6.0.1", GOOD, 100);
	line("a [2001:db8::1]:1");
	relay(7, "20.7.0.1", GOOD, 100);
	line("a [2001:db8::7]:1");            /* 6's /32 */
	relay(8, "20.8.0.1", "Running Valid", 100);   /* no exit, and family unknown */
	sorted();
	md(1, "family $0303030303030303030303030303030303030303", "p accept 443");
	assert_int_equal(relays_md_line(r, "family-ids ed25519:A", 20), OK);
	md(2, "p accept 443", "");
	md(3, "family $0101010101010101010101010101010101010101", "p accept 443");
	md(4, "family $0101010101010101010101010101010101010101", "p accept 443");
	md(5, "family-ids ed25519:A", "p accept 443");
	md(6, "p accept 443", "");
	md(7, "p accept 443", "");
	finish();
	memcpy(list[0], fp(1), FP_LEN);
	struct pathpick want = { .port = 443, .indep = (const uint8_t (*)[FP_LEN])list, .n_indep = 1 };
	draw(&want, 600, count);
	assert_int_equal(count[4] + count[6] + count[7], 600);
	assert_true(count[4] > 0 && count[6] > 0 && count[7] > 0);
	memcpy(list[1], fp(6), FP_LEN);
	want.n_indep = 2;
	draw(&want, 100, count);
	assert_int_equal(count[4], 100);
	/* not these */
	uint8_t not[1][FP_LEN];
	memcpy(not[0], fp(4), FP_LEN);
	want.not_these = (const uint8_t (*)[FP_LEN])not;
	want.n_not = 1;
	refused(&want, ERR_EXIT_NONE);
	want.n_indep = 1;
	draw(&want, 200, count);
	assert_int_equal(count[6] + count[7], 200);
	/* not_these is about itself alone: its neighbours may come */
	struct pathpick other = { .port = 443, .not_these = (const uint8_t (*)[FP_LEN])list, .n_not = 1 };
	draw(&other, 400, count);
	assert_true(count[1] == 0 && count[2] > 0);
	/* One that is unknown, or whose family is: independence can't be promised, not even of others. */
	memcpy(list[1], fp(99), FP_LEN);
	want.n_indep = 2;
	refused(&want, ERR_EXIT_UNKNOWN);
	memcpy(list[1], fp(8), FP_LEN);
	refused(&want, ERR_EXIT_UNKNOWN);
	assert_false(pathpick_suits(r, &want, relays_find(r, fp(6))));
	static uint8_t many[AVOID_MAX + 1][FP_LEN];
	want.indep = (const uint8_t (*)[FP_LEN])many;
	want.n_indep = AVOID_MAX + 1;
	refused(&want, ERR_TOO_BIG);
}

/* k exits of one check: independent of the first and of each other. */
static void test_k_in_a_row(void **state)
{
	uint8_t list[8][FP_LEN];
	struct pick p;

	(void)state;
	plain(40);
	for (int round = 0; round < 50; round++) {
		memcpy(list[0], fp(1), FP_LEN);
		for (size_t n = 1; n < 8; n++) {
			struct pathpick want = { .port = 443, .indep = (const uint8_t (*)[FP_LEN])list, .n_indep = n };
			assert_int_equal(pathpick(r, &want, &p), OK);
			assert_int_equal(p.groups, 40 - n);
			for (size_t i = 0; i < n; i++)
				assert_true(relay_is_independent(r, p.exit, relays_find(r, list[i])));
			memcpy(list[n], p.exit->fp, FP_LEN);
		}
	}
}

/* Chi-squared of what was drawn against what should have been; df at most 9: 33.7 is one in 10,000. */
static void assert_drawn_as(const struct pathpick *want, const double *share, int n_relays)
{
	const int n = 40000;
	int count[256];
	double chi = 0;

	draw(want, n, count);
	for (int i = 1; i <= n_relays; i++) {
		double expect = share[i - 1] * n;
		if (expect == 0)
			assert_int_equal(count[i], 0);
		else
			chi += (count[i] - expect) * (count[i] - expect) / expect;
	}
	if (chi > 33.7)
		fail_msg("chi squared %.1f", chi);
}

static void test_weights(void **state)
{
	const struct pathpick want = { .port = 443 };
	static const unsigned weights[] = { 1, 10, 100, 1000, 0, 889 };

	(void)state;
	begin();
	for (int i = 1; i <= 6; i++) {
		char ip[32];
		snprintf(ip, sizeof ip, "20.%d.0.1", i);
		relay(i, ip, i == 4 ? GOOD " Guard" : GOOD, weights[i - 1]);
	}
	sorted();
	for (int i = 1; i <= 6; i++)
		md(i, "p accept 443", "");
	finish();
	/* position weights unknown: by bandwidth alone */
	assert_drawn_as(&want, (const double[]){ 1 / 2000., 10 / 2000., 100 / 2000., 1000 / 2000., 0, 889 / 2000. }, 6);
}

static void test_position_weights(void **state)
{
	const struct pathpick want = { .port = 443 };

	(void)state;
	for (int round = 0; round < 3; round++) {
		begin();
		relay(1, "20.1.0.1", GOOD, 1000);
		relay(2, "20.2.0.1", GOOD " Guard", 1000);
		relay(3, "20.3.0.1", GOOD " Guard", 3000);
		line("directory-footer");
		line(round == 0 ? "bandwidth-weights Wed=2500 Wee=10000" : round == 1 ? "bandwidth-weights Wed=0 Wee=6130" : "bandwidth-weights Wed=0 Wee=0");
		sorted();
		for (int i = 1; i <= 3; i++)
			md(i, "p accept 443", "");
		finish();
		if (round == 0)
			assert_drawn_as(&want, (const double[]){ 0.5, 0.125, 0.375 }, 3);
		else if (round == 1)
			assert_drawn_as(&want, (const double[]){ 1, 0, 0 }, 3);
		else    /* all weights are 0: uniform rather than nothing */
			assert_drawn_as(&want, (const double[]){ 1 / 3., 1 / 3., 1 / 3. }, 3);
	}
}

static void test_largest_weights_do_not_overflow(void **state)
{
	const struct pathpick want = { .port = 443 };
	double share[10];

	(void)state;
	begin();
	for (int i = 1; i <= 10; i++) {
		char ip[32];
		snprintf(ip, sizeof ip, "20.%d.0.1", i);
		relay(i, ip, GOOD, UINT32_MAX);
		share[i - 1] = 0.1;
	}
	sorted();
	for (int i = 1; i <= 10; i++)
		md(i, "p accept 443", "");
	finish();
	assert_drawn_as(&want, share, 10);
}

static uint64_t last_bound, next_value;

static uint64_t scripted(uint64_t below)
{
	last_bound = below;
	return next_value % below;
}

/* Every value of the generator belongs to the right relay, at both ends of each share. */
static void test_edges_of_shares(void **state)
{
	struct pathpick want = { .port = 443, .random = scripted };
	struct pick p;

	(void)state;
	begin();
	relay(1, "20.1.0.1", GOOD, 3);
	relay(2, "20.2.0.1", GOOD, 0);
	relay(3, "20.3.0.1", GOOD, 2);
	sorted();
	for (int i = 1; i <= 3; i++)
		md(i, "p accept 443", "");
	finish();
	static const struct { uint64_t value; int relay; } edges[] = { { 0, 1 }, { 29999, 1 }, { 30000, 3 }, { 49999, 3 } };
	for (size_t i = 0; i < 4; i++) {
		next_value = edges[i].value;
		assert_int_equal(pathpick(r, &want, &p), OK);
		assert_int_equal(p.exit->fp[0], edges[i].relay);
		assert_int_equal(last_bound, 50000);
	}
}

static void test_clean_circuits_are_preferred(void **state)
{
	uint8_t clean[4][FP_LEN], indep[1][FP_LEN];
	int count[256];
	struct pick p;

	(void)state;
	plain(20);
	for (int i = 0; i < 4; i++)
		memcpy(clean[i], fp(i < 3 ? 5 + i : 99), FP_LEN);
	struct pathpick want = { .port = 443, .clean = (const uint8_t (*)[FP_LEN])clean, .n_clean = 4 };
	draw(&want, 3000, count);
	assert_int_equal(count[5] + count[6] + count[7], 3000);
	for (int i = 5; i <= 7; i++)
		assert_in_range(count[i], 850, 1150);
	assert_int_equal(pathpick(r, &want, &p), OK);
	assert_true(p.is_clean);
	assert_int_equal(p.groups, 20);
	/* but never at the price of a rule */
	memcpy(indep[0], fp(5), FP_LEN);
	want.indep = (const uint8_t (*)[FP_LEN])indep;
	want.n_indep = 1;
	want.not_these = (const uint8_t (*)[FP_LEN])(clean + 1);
	want.n_not = 2;
	assert_int_equal(pathpick(r, &want, &p), OK);
	assert_false(p.is_clean);
	assert_true(p.exit->fp[0] < 5 || p.exit->fp[0] > 7);
}

static void test_countries(void **state)
{
	static const char *const countries[] = { "DE", "DE", "FR", "US", "JP", "??", "" };
	struct pathpick want = { .port = 443, .country = "de" };
	int count[256];

	(void)state;
	plain(7);
	for (int i = 1; i <= 6; i++)
		relays_set_country(r, fp(i), countries[i - 1]);
	draw(&want, 100, count);
	assert_int_equal(count[1] + count[2], 100);
	want.country = "IT";
	refused(&want, ERR_EXIT_NONE);
	want.country = NULL;
	want.not_continent_of = "DE";
	draw(&want, 100, count);
	assert_int_equal(count[4] + count[5], 100);    /* neither Europe nor the unknown */
	want.country = "FR";
	refused(&want, ERR_EXIT_NONE);
	want.country = "";
	want.not_continent_of = "??";
	refused(&want, ERR_EXIT_NONE);                 /* of nowhere: nothing is known to be elsewhere */
	want.not_continent_of = "";
	draw(&want, 700, count);
	for (int i = 1; i <= 7; i++)
		assert_true(count[i] > 0);
}

static void test_same_country_needs_ten_groups(void **state)
{
	(void)state;
	for (int n = 9; n <= 11; n++) {
		plain(n);
		for (int i = 1; i <= n; i++)
			relays_set_country(r, fp(i), "DE");
		assert_int_equal(pathpick_country_qualifies(r, "DE", 443, false), n >= 10);
		assert_false(pathpick_country_qualifies(r, "DE", 80, false));
		assert_false(pathpick_country_qualifies(r, "DE", 443, true));
		assert_false(pathpick_country_qualifies(r, "FR", 443, false));
		assert_false(pathpick_country_qualifies(r, "", 443, false));
		assert_false(pathpick_country_qualifies(r, "??", 443, false));
	}
	/* two of one /16 are one group */
	begin();
	for (int i = 1; i <= 10; i++) {
		char ip[32];
		snprintf(ip, sizeof ip, "20.%d.0.%d", i == 10 ? 1 : i, i);
		relay(i, ip, GOOD, 100);
	}
	sorted();
	for (int i = 1; i <= 10; i++)
		md(i, "p accept 443", "");
	finish();
	for (int i = 1; i <= 10; i++)
		relays_set_country(r, fp(i), "DE");
	assert_false(pathpick_country_qualifies(r, "DE", 443, false));
}

static void test_same_country_needs_no_giant(void **state)
{
	(void)state;
	for (unsigned giant = 275; giant <= 276; giant++) {    /* of 11 x 100 + giant */
		begin();
		for (int i = 1; i <= 12; i++) {
			char ip[32];
			snprintf(ip, sizeof ip, "20.%d.0.1", i);
			relay(i, ip, GOOD, i == 12 ? giant : 100);
		}
		sorted();
		for (int i = 1; i <= 12; i++)
			md(i, "p accept 443", "");
		finish();
		for (int i = 1; i <= 12; i++)
			relays_set_country(r, fp(i), "DE");
		/* 275 of 1375 are 20.00%; 276 of 1376 are 20.06% */
		assert_int_equal(pathpick_country_qualifies(r, "DE", 443, false), giant == 275);
	}
}

static void test_continents(void **state)
{
	(void)state;
	assert_string_equal(continent_of("DE"), "EU");
	assert_string_equal(continent_of("de"), "EU");
	assert_string_equal(continent_of("US"), "NA");
	assert_string_equal(continent_of("VE"), "SA");
	assert_string_equal(continent_of("NG"), "AF");
	assert_string_equal(continent_of("AQ"), "AN");
	assert_string_equal(continent_of("YE"), "AS");
	assert_string_equal(continent_of("AU"), "OC");
	assert_string_equal(continent_of("AS"), "OC");
	static const char *const none[] = { "", "??", "D", "DEU", "ZZ", "E ", " E", "EU", "1A" };
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_null(continent_of(none[i]));
	assert_null(continent_of(NULL));
	/* No code may be found across two neighbours or twice. */
	int known = 0;
	for (char a = 'A'; a <= 'Z'; a++)
		for (char b = 'A'; b <= 'Z'; b++)
			known += continent_of((const char[]){ a, b, '\0' }) != NULL;
	assert_int_equal(known, 250);    /* ISO 3166-1's 249 and Kosovo's XK */
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, clean_up)
	const struct CMUnitTest tests[] = {
		T(test_nothing_there), T(test_flags_and_policies), T(test_avoids), T(test_k_in_a_row), T(test_weights), T(test_position_weights),
		T(test_largest_weights_do_not_overflow), T(test_edges_of_shares), T(test_clean_circuits_are_preferred), T(test_countries),
		T(test_same_country_needs_ten_groups), T(test_same_country_needs_no_giant), T(test_continents),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
