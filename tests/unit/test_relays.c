// uses: host/engine/relays.c host/engine/relays_load.c host/engine/relays_policy.c host/engine/relays_group.c host/engine/words.c
// libs: -lsodium
/* The table of relays: reading the consensus and microdescriptors in all their forms, and who is independent of whom. */
#include "engine/relays.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct relays *r;

/* Relay number i has a fingerprint of twenty bytes i. */
static const uint8_t *fp(int i)
{
	static uint8_t out[4][FP_LEN];
	static int at;

	memset(out[at = (at + 1) % 4], i, FP_LEN);
	return out[at];
}

static const char *hex(int i)
{
	static char out[4][41];
	static int at;

	fp_print(fp(i), out[at = (at + 1) % 4]);
	return out[at];
}

static void ns(const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* An exact copy without its NUL, so that nothing reads beyond len unseen. */
	char *copy = malloc((size_t)n + 1);
	memcpy(copy, text, (size_t)n);
	assert_int_equal(relays_ns_line(r, copy, (size_t)n), OK);
	free(copy);
}

static void r_line(int i, const char *nickname, const char *ip)
{
	char id[48];

	sodium_bin2base64(id, sizeof id, fp(i), FP_LEN, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	ns("r %s %s 2038-01-01 00:00:00 %s 9001 0", nickname, id, ip);
}

static void md(int i, const char *lines)
{
	assert_int_equal(relays_md_begin(r, fp(i)), OK);
	assert_int_equal(relays_md_line(r, "onion-key", 9), OK);
	while (*lines != '\0') {
		size_t n = strcspn(lines, "\n");
		char *copy = malloc(n + 1);
		memcpy(copy, lines, n);
		assert_int_equal(relays_md_line(r, copy, n), OK);
		free(copy);
		lines += n + (lines[n] == '\n');
	}
}

/* n exits, each in a network of its own. */
static void exits(int n)
{
	char name[24], ip[24];

	relays_free(r);
	r = relays_new();
	for (int i = 1; i <= n; i++) {
		snprintf(name, sizeof name, "relay%d", i);
		snprintf(ip, sizeof ip, "%d.%d.1.1", 20 + i / 200, i % 200);
		r_line(i, name, ip);
		ns("s Exit Running Valid");
		ns("w Bandwidth=%d", 100 * i);
	}
	assert_int_equal(relays_sort(r), OK);
	for (int i = 1; i <= n; i++)
		md(i, "p accept 1-65535");
}

static bool independent(int a, int b)
{
	const struct relay *x = relays_find(r, fp(a)), *y = relays_find(r, fp(b));
	bool one = relay_is_independent(r, x, y), other = relay_is_independent(r, y, x);

	assert_int_equal(one, other);
	return one;
}

static int free_relays(void **state)
{
	(void)state;
	relays_free(r);
	r = NULL;
	return 0;
}

static void finish(void)
{
	assert_int_equal(relays_finish(r), OK);
}

static void test_both_flavours(void **state)
{
	char address[46];

	(void)state;
	r = relays_new();
	ns("network-status-version 3 microdesc");
	ns("s Exit Running Valid");                                        /* of no relay */
	ns("r exit6 FL+t3AewcKRaaj6qBD4l5o8t1vY X4GM6Gy8TSCqVtg6DLggblz8qzE 2038-01-01 00:00:00 127.38.1.1 15001 0");   /* ns/all */
	ns("a [2001:db8::1]:9001");
	ns("a [2001:db9::2]:9001");                                          /* the first counts */
	ns("s Exit Fast HSDir Running Stable Valid NewFlag");
	ns("w Bandwidth=1100 Unmeasured=1");
	ns("r auth2 CHN2Yb0XScdBODnnbo7BkWoY1zA 2038-01-01 00:00:00 127.18.1.1 15001 15030");                            /* microdesc */
	ns("m ogG184bpl5sLJGihDVEXMLvi+c1L4I8OFAn75NJePuw");
	ns("s Authority Guard Running V2Dir Valid BadExit MiddleOnly Sybil StaleDesc");
	ns("pr Cons=1-2 Desc=1-2");
	ns("w Unmeasured=1 Bandwidth=4294967295");
	ns("directory-footer");
	ns("bandwidth-weights Wbd=0 Wbe=0 Wed=1234 Wee=9999 Weg=5 Wem=10000");
	ns("w Bandwidth=1");                                                 /* behind the relays */
	assert_int_equal(relays_sort(r), OK);
	finish();
	assert_int_equal(relays_count(r), 2);
	assert_int_equal(relays_wee(r), 9999);
	assert_int_equal(relays_wed(r), 1234);
	const struct relay *x = relays_find_nickname(r, "exit6");
	assert_non_null(x);
	assert_int_equal(x->flags, RELAY_EXIT | RELAY_FAST | RELAY_HSDIR | RELAY_RUNNING | RELAY_STABLE | RELAY_VALID);
	assert_int_equal(x->weight, 1100);
	assert_int_equal(x->ip4, 0x7f260101);
	assert_int_equal(x->ip6[3], 0xb8);
	relay_address(x, address);
	assert_string_equal(address, "127.38.1.1");
	x = relays_find_nickname(r, "auth2");
	assert_int_equal(x->weight, UINT32_MAX);
	assert_int_equal(x->flags, RELAY_AUTHORITY | RELAY_GUARD | RELAY_RUNNING | RELAY_V2DIR | RELAY_VALID | RELAY_BADEXIT | RELAY_MIDDLEONLY |
	                               RELAY_SYBIL | RELAY_STALEDESC);
	assert_null(relays_find_nickname(r, "EXIT6"));
	assert_null(relays_find(r, fp(1)));
}

static void test_unreadable_entries_are_left_out(void **state)
{
	static const char *const bad[] = {
		"r", "r a", "r a b c d e f", "r a !L+t3AewcKRaaj6qBD4l5o8t1vY 2038-01-01 00:00:00 1.2.3.4 1 0",
		"r a FL+t3AewcKRaaj6qBD4l5o8t1v 2038-01-01 00:00:00 1.2.3.4 1 0", "r a FL+t3AewcKRaaj6qBD4l5o8t1vYA 2038-01-01 00:00:00 1.2.3.4 1 0",
		"r a FL+t3AewcKRaaj6qBD4l5o8t1vZ 2038-01-01 00:00:00 1.2.3.4 1 0",    /* stray bits behind the last byte */
		"r a FL+t3AewcKRaaj6qBD4l5o8t1vY 2038-01-01 00:00:00 1.2.3 1 0", "r a FL+t3AewcKRaaj6qBD4l5o8t1vY 2038-01-01 00:00:00 x 1 0",
		"r a FL+t3AewcKRaaj6qBD4l5o8t1vY d 2038-01-01 00:00:00 1.2.3.4 1 0 extra", "r twenty_characters_long FL+t3AewcKRaaj6qBD4l5o8t1vY 2038-01-01 00:00:00 1.2.3.4 1 0",
		"r abcdefghijabcdefghij FL+t3AewcKRaaj6qBD4l5o8t1vY 2038-01-01 00:00:00 1.2.3.4 1 0", "r <b> FL+t3AewcKRaaj6qBD4l5o8t1vY 2038-01-01 00:00:00 1.2.3.4 1 0",
	};

	(void)state;
	r = relays_new();
	r_line(1, "good", "1.2.3.4");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ns("%s", bad[i]);
		ns("s BadExit");             /* must not fall to the relay before */
		ns("w Bandwidth=7");
	}
	r_line(2, "abcdefghijabcdefghi", "5.6.7.8");
	ns("w Bandwidth=");
	ns("w Bandwidth=4294967296");
	ns("w Bandwidth=-1");
	ns("w Bandwidth=1x");
	ns("a [::1");
	ns("a []:1");
	ns("a [zz]:1");
	ns("a");
	ns("bandwidth-weights Wee=10001 Wed=x Wee Wed=");
	assert_int_equal(relays_sort(r), OK);
	finish();
	assert_int_equal(relays_count(r), 2);
	assert_int_equal(relays_find(r, fp(1))->flags, 0);
	assert_int_equal(relays_find(r, fp(1))->weight, 0);
	assert_int_equal(relays_find(r, fp(2))->weight, 0);
	assert_int_equal(relays_wee(r), 10000);
	assert_int_equal(relays_wed(r), 10000);
}

static void test_order_of_loading_is_kept(void **state)
{
	(void)state;
	r = relays_new();
	assert_int_equal(relays_md_begin(r, fp(1)), ERR_BUG);
	assert_int_equal(relays_finish(r), ERR_BUG);
	assert_null(relays_find(r, fp(1)));
	r_line(1, "a", "1.2.3.4");
	r_line(1, "b", "1.2.3.4");      /* one identity twice: the first stays */
	assert_int_equal(relays_sort(r), OK);
	assert_int_equal(relays_sort(r), ERR_BUG);
	assert_int_equal(relays_ns_line(r, "s Exit", 6), ERR_BUG);
	assert_int_equal(relays_count(r), 1);
	assert_int_equal(relays_md_begin(r, fp(2)), ERR_EXIT_UNKNOWN);
	assert_int_equal(relays_md_line(r, "p accept 1-65535", 16), OK);
	finish();
	assert_false(relays_find(r, fp(1))->has_md);
}

static void test_usable(void **state)
{
	static const struct { const char *flags; bool usable; } cases[] = {
		{ "Exit Running Valid", true }, { "Exit Running Valid Guard", true }, { "Running Valid", false }, { "Exit Valid", false },
		{ "Exit Running", false }, { "Exit Running Valid BadExit", false }, { "Exit Running Valid MiddleOnly", false }, { "", false },
	};

	(void)state;
	r = relays_new();
	for (int i = 0; i < 8; i++) {
		r_line(i + 1, "x", "1.2.3.4");
		ns("s %s", cases[i].flags);
	}
	assert_int_equal(relays_sort(r), OK);
	finish();
	assert_int_equal(relays_exits(r), 0);    /* no microdescriptor, no knowledge, no use */
	for (int i = 0; i < 8; i++)
		md(i + 1, "p accept 443");
	finish();
	for (int i = 0; i < 8; i++)
		assert_int_equal(relay_is_usable_exit(relays_find(r, fp(i + 1))), cases[i].usable);
	assert_int_equal(relays_exits(r), 2);
}

static void test_policies(void **state)
{
	static const struct { const char *line; uint16_t port; bool four, six; } cases[] = {
		{ "p accept 80,443", 443, true, false }, { "p accept 80,443", 444, false, false }, { "p accept 1-65535", 65535, true, false },
		{ "p accept 20-23,43,8000-8999", 8999, true, false }, { "p accept 20-23,43,8000-8999", 24, false, false },
		{ "p reject 25,119,135-139", 443, true, false }, { "p reject 25,119,135-139", 137, false, false }, { "p reject 1-65535", 443, false, false },
		{ "p6 accept 443", 443, false, true }, { "p accept 80\np6 reject 25", 443, false, true }, { "id ed25519 x", 443, false, false },
		{ "p accept 443", 0, false, false }, { "p reject 25", 0, false, false },
		/* what can't be read rejects everything */
		{ "p accept", 443, false, false }, { "p reject", 443, false, false }, { "p", 443, false, false }, { "p maybe 443", 443, false, false },
		{ "p accept 443,", 443, false, false }, { "p accept ,443", 443, false, false }, { "p accept 443-80", 443, false, false }, { "p reject 443-80", 443, false, false },
		{ "p accept 443-", 443, false, false }, { "p accept -443", 443, false, false }, { "p accept 65536,443", 443, false, false },
		{ "p accept 4 43", 443, false, false }, { "p reject 25-x", 443, false, false }, { "p accept 1-2-3,443", 443, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		exits(1);
		md(1, cases[i].line);
		finish();
		const struct relay *x = relays_find(r, fp(1));
		if (relay_allows(r, x, cases[i].port, false) != cases[i].four || relay_allows(r, x, cases[i].port, true) != cases[i].six)
			fail_msg("%s, port %u", cases[i].line, cases[i].port);
	}
}

static void test_equal_policies_are_stored_once(void **state)
{
	char line[64];

	(void)state;
	exits(200);
	finish();
	size_t before = relays_bytes(r);
	for (int i = 1; i <= 200; i++)
		md(i, "p accept 1-65535\np6 accept 1-65535");
	assert_int_equal(relays_bytes(r), before);
	/* accept and reject of the same ports are two, and many different ones are all found again */
	for (int i = 1; i <= 200; i++) {
		snprintf(line, sizeof line, "p accept %d\np6 reject %d", 1000 + i, 1000 + i);
		md(i, line);
	}
	finish();
	for (int i = 1; i <= 200; i++)
		for (int port = 1001; port <= 1200; port++) {
			assert_int_equal(relay_allows(r, relays_find(r, fp(i)), (uint16_t)port, false), port == 1000 + i);
			assert_int_equal(relay_allows(r, relays_find(r, fp(i)), (uint16_t)port, true), port != 1000 + i);
		}
}

static void test_policy_with_too_many_ranges(void **state)
{
	char line[POLICY_RANGES_MAX * 12] = "p accept 443";

	(void)state;
	exits(1);
	for (int i = 0; i < POLICY_RANGES_MAX - 1; i++)
		sprintf(line + strlen(line), ",%d", 1000 + 2 * i);
	md(1, line);
	assert_true(relay_allows(r, relays_find(r, fp(1)), 443, false));
	strcat(line, ",9");
	md(1, line);
	assert_false(relay_allows(r, relays_find(r, fp(1)), 443, false));
}

/* relay-family rules: both must list each other. */
static void test_families_take_two(void **state)
{
	char line[512];

	(void)state;
	exits(12);
	snprintf(line, sizeof line, "family $%s $%s~whatever $%s=relay4 unknown $%s", hex(2), hex(3), hex(4), hex(77));
	md(1, line);
	snprintf(line, sizeof line, "family $%s", hex(1));
	md(2, line);                                    /* 1 - 2: both */
	md(4, line);                                    /* 1 - 4: both */
	snprintf(line, sizeof line, "family relay6 $%s", hex(5));
	md(5, line);
	snprintf(line, sizeof line, "family RELAY5 $zz $ $%s", hex(1));
	md(6, line);                                    /* 5 - 6 by nickname, without case; 6 lists 1, not 1 lists 6 */
	snprintf(line, sizeof line, "family $%.39s $%sx", hex(1), hex(1));
	md(7, line);
	finish();
	assert_false(independent(1, 2));
	assert_true(independent(1, 3));                 /* 3 lists nobody */
	assert_false(independent(1, 4));
	assert_true(independent(2, 4));                 /* not transitive */
	assert_false(independent(5, 6));
	assert_true(independent(1, 6));
	assert_true(independent(1, 7));
	assert_false(independent(1, 1));
	/* For people: one text for all who are tied together. */
	char a[64], b[64], c[64];
	relay_family(r, relays_find(r, fp(2)), a);
	relay_family(r, relays_find(r, fp(4)), b);
	relay_family(r, relays_find(r, fp(3)), c);
	assert_string_equal(a, b);
	snprintf(line, sizeof line, "$%s", hex(1));
	assert_string_equal(a, line);
	assert_string_equal(c, "");
}

/* Within one group too it takes two; and families read after the groups were made count at once. */
static void test_one_sided_within_a_group(void **state)
{
	char line[512];

	(void)state;
	exits(4);
	snprintf(line, sizeof line, "family $%s $%s", hex(2), hex(3));
	md(1, line);
	snprintf(line, sizeof line, "family $%s $%s", hex(1), hex(3));
	md(2, line);
	snprintf(line, sizeof line, "family $%s $%s", hex(2), hex(4));
	md(3, line);
	finish();
	assert_false(independent(1, 2));
	assert_false(independent(2, 3));
	assert_true(independent(1, 3));
	assert_true(independent(3, 4));
	snprintf(line, sizeof line, "family $%s", hex(3));
	md(4, line);
	assert_int_equal(relays_md_begin(r, fp(99)), ERR_EXIT_UNKNOWN);
	assert_false(independent(3, 4));
	finish();
	assert_false(independent(3, 4));
}

/* A nickname of many: whoever bears it and lists back is family; the others are not. */
static void test_nickname_of_many(void **state)
{
	char line[128];

	(void)state;
	r = relays_new();
	for (int i = 1; i <= 6; i++) {
		char ip[16];
		snprintf(ip, sizeof ip, "%d.0.0.1", 30 + i);
		r_line(i, i == 1 ? "Boss" : i < 5 ? "Unnamed" : "unnamedx", ip);
		ns("s Exit Running Valid");
	}
	assert_int_equal(relays_sort(r), OK);
	for (int i = 1; i <= 6; i++)
		md(i, "p accept 443");
	md(1, "family unnamed");
	snprintf(line, sizeof line, "family $%s", hex(1));
	md(2, line);
	md(4, line);
	md(5, line);
	finish();
	assert_false(independent(1, 2));
	assert_true(independent(1, 3));
	assert_false(independent(1, 4));
	assert_true(independent(1, 5));    /* "unnamed" is not "unnamedx" */
	assert_true(independent(2, 4));
	assert_null(relays_find_nickname(r, "Unnamed"));
	assert_non_null(relays_find_nickname(r, "Boss"));
}

static void test_family_ids(void **state)
{
	char a[64], b[64];

	(void)state;
	exits(8);
	md(1, "family-ids ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA ed25519:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB");
	md(2, "family-ids ed25519:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB");
	md(3, "family-ids ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	md(4, "family-ids ed25519:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBb");
	md(5, "family-ids ed25519:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB");
	md(6, "family-ids");
	/* schemes to come, longer than any text we keep, equal but for the end */
	md(7, "family-ids other:0123456789012345678901234567890123456789012345678901234567890123456789a");
	md(8, "family-ids other:0123456789012345678901234567890123456789012345678901234567890123456789b");
	finish();
	assert_false(independent(1, 2));
	assert_false(independent(1, 3));
	assert_true(independent(2, 3));
	assert_true(independent(1, 4));
	assert_true(independent(2, 5));
	assert_true(independent(5, 6));
	assert_true(independent(7, 8));
	relay_family(r, relays_find(r, fp(2)), a);
	relay_family(r, relays_find(r, fp(3)), b);
	assert_string_equal(a, b);
	assert_memory_equal(a, "ed25519:", 8);
	relay_family(r, relays_find(r, fp(7)), a);
	assert_int_equal(strlen(a), 63);
}

/* One text for a group that is tied by an id and by MyFamily. */
static void test_mixed_family_has_one_name(void **state)
{
	char line[128], a[64], b[64];

	(void)state;
	exits(3);
	snprintf(line, sizeof line, "family $%s\nfamily-ids ed25519:X", hex(2));
	md(1, line);
	snprintf(line, sizeof line, "family $%s", hex(1));
	md(2, line);
	finish();
	relay_family(r, relays_find(r, fp(1)), a);
	relay_family(r, relays_find(r, fp(2)), b);
	assert_string_equal(a, "ed25519:X");
	assert_string_equal(b, "ed25519:X");
}

static void test_networks(void **state)
{
	static const struct { const char *a, *b, *a6, *b6; bool independent; } cases[] = {
		{ "10.1.0.1", "10.1.255.255", NULL, NULL, false }, { "10.1.0.1", "10.2.0.1", NULL, NULL, true },
		{ "10.1.0.1", "10.2.0.1", "2001:db8::1", "2001:db8:ffff::1", false }, { "10.1.0.1", "10.2.0.1", "2001:db8::1", "2001:db9::1", true },
		{ "10.1.0.1", "10.2.0.1", "2001:db8::1", NULL, true }, { "10.1.0.1", "10.2.0.1", NULL, NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		relays_free(r);
		r = relays_new();
		r_line(1, "a", cases[i].a);
		if (cases[i].a6)
			ns("a [%s]:9001", cases[i].a6);
		r_line(2, "b", cases[i].b);
		if (cases[i].b6)
			ns("a [%s]:9001", cases[i].b6);
		assert_int_equal(relays_sort(r), OK);
		finish();
		assert_false(independent(1, 2));    /* families unknown: nothing can be promised */
		md(1, "");
		finish();
		assert_false(independent(1, 2));
		md(2, "");
		finish();
		assert_int_equal(independent(1, 2), cases[i].independent);
	}
}

static size_t groups(const int *who, size_t n, unsigned *heaviest)
{
	const struct relay *list[32];
	size_t count = 99;

	for (size_t i = 0; i < n; i++)
		list[i] = relays_find(r, fp(who[i]));
	assert_int_equal(relays_groups(r, list, n, &count, heaviest), OK);
	return count;
}

static void test_groups(void **state)
{
	char line[256];
	unsigned heaviest;

	(void)state;
	r = relays_new();
	const char *const ips[] = { "10.1.0.1", "10.1.0.2", "10.2.0.1", "10.3.0.1", "10.4.0.1", "10.5.0.1" };
	for (int i = 1; i <= 6; i++) {
		r_line(i, "x", ips[i - 1]);
		ns("w Bandwidth=%d", 100 * i);
		if (i == 5 || i == 6)
			ns("a [2001:db8:%d::1]:9001", i);
	}
	assert_int_equal(relays_sort(r), OK);
	for (int i = 1; i <= 6; i++)
		md(i, "");
	snprintf(line, sizeof line, "family $%s", hex(3));
	md(2, line);
	snprintf(line, sizeof line, "family $%s", hex(2));
	md(3, line);
	finish();
	/* 1 and 2 by /16, 2 and 3 by family, 5 and 6 by /32; 4 alone */
	assert_int_equal(groups((int[]){ 1, 2, 3, 4, 5, 6 }, 6, &heaviest), 3);
	assert_int_equal(heaviest, (1100 * 10000 + 2099) / 2100);
	assert_int_equal(groups((int[]){ 1, 3 }, 2, &heaviest), 2);    /* without 2 nothing ties them */
	assert_int_equal(groups((int[]){ 2, 3 }, 2, NULL), 1);
	assert_int_equal(groups((int[]){ 4 }, 1, &heaviest), 1);
	assert_int_equal(heaviest, 10000);
	assert_int_equal(groups(NULL, 0, &heaviest), 0);
	assert_int_equal(heaviest, 0);
}

static void test_later_microdescriptors(void **state)
{
	char line[128];

	(void)state;
	exits(3);
	snprintf(line, sizeof line, "family $%s", hex(2));
	md(1, line);
	snprintf(line, sizeof line, "family $%s", hex(1));
	md(2, line);
	finish();
	assert_false(independent(1, 2));
	md(2, "p accept 443");      /* read again: what it said before counts no more */
	finish();
	assert_true(independent(1, 2));
}

static void test_countries_are_inherited(void **state)
{
	(void)state;
	exits(3);
	finish();
	relays_set_country(r, fp(1), "DE");
	relays_set_country(r, fp(2), "FR");
	relays_set_country(r, fp(9), "US");
	struct relays *old = r;
	r = relays_new();
	r_line(1, "a", "20.1.1.1");
	r_line(2, "b", "99.1.1.1");    /* moved */
	r_line(3, "c", "20.3.1.1");
	assert_int_equal(relays_sort(r), OK);
	finish();
	relays_inherit(r, old);
	relays_inherit(r, NULL);
	relays_free(old);
	assert_memory_equal(relays_find(r, fp(1))->country, "DE", 2);
	assert_int_equal(relays_find(r, fp(2))->country[0], 0);
	assert_int_equal(relays_find(r, fp(3))->country[0], 0);
}

static void test_fingerprints(void **state)
{
	uint8_t out[FP_LEN];
	char text[41];

	(void)state;
	assert_true(fp_parse("$0123456789abcdefABCDEF0123456789ABCDEF01", out));
	fp_print(out, text);
	assert_string_equal(text, "0123456789ABCDEFABCDEF0123456789ABCDEF01");
	assert_true(fp_parse(text, out));
	assert_false(fp_parse("", out));
	assert_false(fp_parse("$", out));
	assert_false(fp_parse("$$123456789abcdefABCDEF0123456789ABCDEF012", out));
	assert_false(fp_parse("0123456789ABCDEFABCDEF0123456789ABCDEF0", out));
	assert_false(fp_parse("0123456789ABCDEFABCDEF0123456789ABCDEF012", out));
	assert_false(fp_parse("0123456789ABCDEFABCDEF0123456789ABCDEFgg", out));
}

static void test_flag_names(void **state)
{
	(void)state;
	assert_string_equal(relay_flag_name(2), "Exit");
	assert_string_equal(relay_flag_name(12), "Sybil");
	assert_null(relay_flag_name(13));
	assert_null(relay_flag_name(4000));
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, free_relays)
	const struct CMUnitTest tests[] = {
		T(test_both_flavours), T(test_unreadable_entries_are_left_out), T(test_order_of_loading_is_kept), T(test_usable), T(test_policies),
		T(test_equal_policies_are_stored_once), T(test_policy_with_too_many_ranges), T(test_families_take_two), T(test_one_sided_within_a_group), T(test_nickname_of_many),
		T(test_family_ids), T(test_mixed_family_has_one_name), T(test_networks), T(test_groups), T(test_later_microdescriptors),
		T(test_countries_are_inherited), T(test_fingerprints), T(test_flag_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
