/* What the session remembers: apart by key, bounded, and never a mismatch or a disagreement lost to the bound. */
// uses: host/feature/session.c host/feature/limits_auto.c host/base/verdict.c
// libs: -lsodium
#include "feature/limits_auto.h"
#include "feature/session.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct site_key key(unsigned n)
{
	struct site_key k = { .first_party = "party.test", .port = 443 };
	snprintf(k.host, sizeof k.host, "host%u.test", n);
	return k;
}

static struct cert_answer answer(uint8_t exit, uint8_t leaf)
{
	struct cert_answer a = { .source = CERT_SOURCE_PROBE, .has_cert = true, .has_exit = true, .is_signed = true,
	                         .counts = true };
	a.exit.fp[0] = exit;
	a.leaf[0] = a.spki[0] = leaf;
	return a;
}

static struct site *get(struct session *s, unsigned n)
{
	struct site_key k = key(n);
	struct site *site = NULL;
	assert_int_equal(session_get(s, &k, &site), OK);
	assert_non_null(site);
	return site;
}

static void remember(struct site *site, uint8_t exit, uint8_t leaf, bool was_first)
{
	struct cert_answer a = answer(exit, leaf);
	assert_int_equal(site_remember(site, &a, was_first, false), OK);
}

static void found_by_the_whole_key(void **state)
{
	(void)state;
	struct session *s = session_new();
	struct site *one = get(s, 1);
	assert_ptr_equal(get(s, 1), one);
	struct site_key k[5] = { key(1), key(1), key(1), key(1), key(1) };
	k[0].port = 444;
	k[1].private_id = 1;
	k[2].container = 1;
	strcpy(k[3].first_party, "other.test");
	strcpy(k[4].host, "host2.test");
	for (int i = 0; i < 5; i++) {
		struct site *site;
		assert_null(session_find(s, &k[i]));
		assert_int_equal(session_get(s, &k[i], &site), OK);
		assert_ptr_not_equal(site, one);
	}
	assert_int_equal(session_sites(s), 6);
	session_wipe(s);
	assert_int_equal(session_sites(s), 0);
	struct site_key first = key(1);
	assert_null(session_find(s, &first));
	session_free(s);
	session_free(NULL);
}

static void answers_stay_once_each(void **state)
{
	(void)state;
	struct session *s = session_new();
	struct site *site = get(s, 1);
	remember(site, 1, 1, false);
	remember(site, 1, 1, false);
	assert_int_equal(site->n_memories, 1);
	remember(site, 1, 2, false);   /* the same exit shows another: both stay */
	remember(site, 2, 1, false);
	remember(site, 1, 1, true);    /* it was the first one then: another thing */
	assert_int_equal(site->n_memories, 4);
	struct cert_answer a = answer(1, 1);
	a.is_valid = true;
	assert_int_equal(site_remember(site, &a, false, false), OK);
	a.is_valid = a.is_signed = false;
	assert_int_equal(site_remember(site, &a, false, false), OK);
	assert_true(site->memories->answer.is_valid);    /* what was seen valid stays so */
	assert_true(site->memories->answer.is_signed);
	session_free(s);
}

static void a_full_site_takes_no_more(void **state)
{
	(void)state;
	struct session *s = session_new();
	struct site *site = get(s, 1);
	for (unsigned i = 0; i < SITE_MEMORIES_MAX; i++)
		remember(site, (uint8_t)i, 1, false);
	struct cert_answer a = answer(200, 1);
	assert_int_equal(site_remember(site, &a, false, false), ERR_TOO_BIG);
	remember(site, 3, 1, false);   /* known ones are still renewed */
	session_free(s);
}

static void false_and_true_leaves(void **state)
{
	(void)state;
	struct session *s = session_new();
	struct site *site = get(s, 1);
	uint8_t leaf[32] = { 7 }, other[32] = { 8 };
	site_verify(site, leaf);
	site_verify(site, leaf);
	site_verify(site, other);
	assert_int_equal(site->n_true, 2);
	assert_true(site_is_true(site, leaf));
	assert_int_equal(site_convict(site, leaf), OK);
	assert_false(site_is_true(site, leaf));
	assert_true(site_is_true(site, other));
	assert_true(site_is_false(site, leaf));
	site_verify(site, leaf);       /* a mismatch stays for that certificate */
	assert_false(site_is_true(site, leaf));
	for (uint8_t i = 0; i < 100; i++) {
		uint8_t many[32] = { 50, i };
		site_verify(site, many);
	}
	assert_int_equal(site->n_true, CERT_FINGERPRINTS_MAX);
	assert_int_equal(site_convict(site, leaf), OK);
	assert_int_equal(site->n_false, 1);
	for (uint8_t i = 0; i < CERT_FIRST_ANSWERS_MAX - 1; i++) {
		uint8_t many[32] = { 60, i };
		assert_int_equal(site_convict(site, many), OK);
	}
	uint8_t more[32] = { 61 };
	assert_int_equal(site_convict(site, more), ERR_TOO_BIG);
	assert_true(site_is_false(site, leaf));
	session_free(s);
}

static void the_oldest_match_goes_first(void **state)
{
	(void)state;
	struct session *s = session_new();
	for (unsigned i = 0; i < SESSION_SITES_MAX; i++) {
		struct site *site = get(s, i);
		remember(site, 1, 1, false);
		remember(site, 2, 1, false);
	}
	struct site_key zero = key(0), one = key(1), two = key(2);
	assert_non_null(session_find(s, &zero));   /* used: now 1 is the oldest */
	get(s, 1000);
	assert_int_equal(session_sites(s), SESSION_SITES_MAX);
	assert_null(session_find(s, &one));
	assert_non_null(session_find(s, &zero));
	get(s, 2)->users++;                          /* never one that is in use */
	for (unsigned i = 2000; i < 2000 + SESSION_SITES_MAX; i++)
		get(s, i);
	struct site *used = session_find(s, &two);
	assert_non_null(used);
	used->users--;
	session_free(s);
}

static void mismatches_and_disagreements_never_go(void **state)
{
	(void)state;
	struct session *s = session_new();
	uint8_t leaf[32] = { 7 };
	assert_int_equal(site_convict(get(s, 0), leaf), OK);
	remember(get(s, 1), 1, 1, false);
	remember(get(s, 1), 2, 2, false);
	assert_true(site_must_stay(get(s, 0)) && site_must_stay(get(s, 1)));
	assert_false(site_must_stay(get(s, 2)));
	for (unsigned i = 10; i < 10 + 3 * SESSION_SITES_MAX; i++)
		get(s, i);
	struct site_key zero = key(0), one = key(1);
	assert_true(site_is_false(session_find(s, &zero), leaf));
	assert_int_equal(session_find(s, &one)->n_memories, 2);
	session_free(s);
	/* when nothing may go, nothing new comes: the check ends undecided instead */
	s = session_new();
	for (unsigned i = 0; i < SESSION_SITES_MAX; i++)
		assert_int_equal(site_convict(get(s, i), leaf), OK);
	struct site_key k = key(5000);
	struct site *site = NULL;
	assert_int_equal(session_get(s, &k, &site), ERR_TOO_BIG);
	assert_null(site);
	session_free(s);
}

static void equal_by_key_is_no_disagreement(void **state)
{
	(void)state;
	struct session *s = session_new();
	struct site *site = get(s, 1);
	struct cert_answer a = answer(1, 1), b = answer(2, 2);
	b.spki[0] = 1;
	assert_int_equal(site_remember(site, &a, false, false), OK);
	assert_int_equal(site_remember(site, &b, false, false), OK);
	assert_false(site_must_stay(site));
	session_free(s);
}

static void by_itself_once(void **state)
{
	(void)state;
	struct session *s = session_new();
	get(s, 1)->was_automatic = true;
	struct site_key k = key(1);
	k.port = 99;
	assert_true(session_was_automatic(s, &k));
	strcpy(k.first_party, "other.test");
	assert_false(session_was_automatic(s, &k));
	k = key(2);
	assert_false(session_was_automatic(s, &k));
	k = key(1);
	k.private_id = 3;
	assert_false(session_was_automatic(s, &k));
	session_free(s);
}

static void five_in_ten_minutes(void **state)
{
	(void)state;
	struct limits_auto l = { .n = 0 };
	uint64_t now = 5;
	for (unsigned i = 0; i < AUTO_CHECKS_MAX; i++)
		assert_true(limits_auto_take(&l, now + i * 1000, AUTO_CHECKS_MAX));
	for (unsigned i = 0; i < 100; i++)
		assert_false(limits_auto_take(&l, now + 5000, AUTO_CHECKS_MAX));
	assert_false(limits_auto_take(&l, now + AUTO_CHECKS_WINDOW_MS - 1, AUTO_CHECKS_MAX));
	assert_true(limits_auto_take(&l, now + AUTO_CHECKS_WINDOW_MS, AUTO_CHECKS_MAX));       /* the first one is over */
	assert_false(limits_auto_take(&l, now + AUTO_CHECKS_WINDOW_MS + 1, AUTO_CHECKS_MAX));  /* refusals don't count, takes do */
	assert_true(limits_auto_take(&l, now + AUTO_CHECKS_WINDOW_MS + 1000, AUTO_CHECKS_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_by_the_whole_key), cmocka_unit_test(answers_stay_once_each),
		cmocka_unit_test(a_full_site_takes_no_more), cmocka_unit_test(false_and_true_leaves),
		cmocka_unit_test(the_oldest_match_goes_first), cmocka_unit_test(mismatches_and_disagreements_never_go),
		cmocka_unit_test(equal_by_key_is_no_disagreement), cmocka_unit_test(by_itself_once),
		cmocka_unit_test(five_in_ten_minutes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
