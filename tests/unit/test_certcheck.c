/* The certificate check from request to result, each rule of DESIGN.md by name, in a scripted world (world.h): fake exits,
 * fake clock, no network. Here: the verdicts. Exit 1 carried the browser's connection unless a test says otherwise. */
// uses: tests/unit/world.c host/feature/certcheck.c host/feature/check.c host/feature/check_first.c host/feature/check_slots.c host/feature/check_look.c host/feature/check_kin.c host/feature/check_verdict.c host/feature/check_https.c host/feature/check_plain.c host/feature/url.c host/priv/fetchmsg.c host/base/buf.c host/base/rd.c host/feature/check_result.c host/feature/circuit.c host/feature/session.c host/feature/chains.c host/feature/limits_auto.c host/feature/classes.c host/base/verdict.c host/base/httpsverdict.c host/base/err.c host/engine/target.c
// libs: -lsodium
#include "world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OFFER 1

/* ---- match ---- */

static void match_with_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(g->answered, 3);
	assert_int_equal(g->asked, 3);
	assert_int_equal(world_looks_of_others(w), 3);
	assert_int_equal(w->exit[1].looks, 1);   /* our own probe through the first exit */
	uint8_t leaf[32];
	world_leaf(leaf, 1, 1);
	assert_int_equal(g->n_fingerprints, 1);
	assert_memory_equal(g->fingerprint[0], leaf, 32);
	assert_int_equal(g->first[0].source, CERT_SOURCE_BROWSER);
	assert_int_equal(g->n_first, 2);
	assert_int_equal(g->n_others, 3);
	assert_int_equal(g->n_paths, 1);
	assert_int_equal(g->roots, ROOTS_BROWSER);
	assert_false(g->weaker || g->same_country_possible || g->retry_useful);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(g->others[i].slot, i + 1);
		assert_int_equal(g->others[i].agrees, CERT_AGREES_CERT);
	}
	world_free(w);
}

/* All looks run at once: the whole takes one look and a few round trips to tor. Our own probe begins when the others have their
 * circuits, so that it takes none away from them, and is not waited for for long. */
static void all_in_parallel(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->look_ms = 1000;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->most_at_once, 4);
	assert_true(g->elapsed_ms <= 1000 + 10 + CHECK_PROBE_GRACE_MS);
	world_free(w);
}

static void the_probe_comes_last(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->look_ms = 1000;
	struct cert_request r = world_request(OFFER, 1);
	world_start(w, 1, &r);
	world_run(w, 200);
	assert_int_equal(w->exit[1].looks, 0);       /* the others are building */
	assert_int_equal(w->n_looks, 3);
	world_run(w, 100);
	assert_int_equal(w->exit[1].looks, 1);       /* they are connecting */
	world_run(w, 2000);
	world_is(world_result(w, 1), VERDICT_MATCH, REASON_SAME_CERT);
	/* Others that never get a circuit don't keep it away for ever. */
	for (unsigned i = 2; i <= 8; i++) {
		w->exit[i].stalls = true;
		w->exit[i].steps = STEPS_BUILT;
	}
	r.key.host[0] = 'f';
	world_start(w, 2, &r);
	world_run(w, CHECK_PROBE_LATER_MS - 10);
	assert_int_equal(w->exit[1].looks, 1);
	world_run(w, 30);
	assert_int_equal(w->exit[1].looks, 2);
	/* Where it is all that shows the first exit's chain it is not kept waiting. */
	r = world_request(0, 0);
	r.key.host[0] = 'g';
	world_start(w, 3, &r);
	world_run(w, 20);
	assert_int_equal(w->exit[1].looks, 3);
	world_run(w, 30000);
	world_free(w);
}

/* Circuits may be asked for ahead when exits will be drawn, and only then. */
static void warming_up(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(OFFER, 1);
	world_start(w, 1, &r);
	assert_int_equal(w->n_warm, 1);              /* at once, before the first exit is known */
	assert_int_equal(w->warmed, 3);
	assert_int_equal(w->n_draws, 0);
	world_run(w, 3000);
	world_is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_warm, 1);              /* the exits drawn stay */
	r.first = CERT_FIRST_DRAWN;
	r.k = 5;
	snprintf(r.key.host, sizeof r.key.host, "drawn.test");
	(void)world_check(w, 3, &r);
	assert_int_equal(w->warmed, 3 + 6);          /* the first one is drawn, too */
	r = world_request(OFFER, 1);
	snprintf(r.key.host, sizeof r.key.host, "2606:4700::1111");
	(void)world_check(w, 4, &r);
	snprintf(r.key.host, sizeof r.key.host, "10.0.0.1");
	(void)world_check(w, 5, &r);
	snprintf(r.key.host, sizeof r.key.host, "country.test");
	r.same_country = true;
	(void)world_check(w, 6, &r);
	assert_int_equal(w->n_warm, 2);
	world_free(w);
}

/* What a page can start by itself asks for no more than AUTO_CHECKS_MAX checks' worth. */
static void warming_up_for_a_page(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(OFFER, 1);
	r.clicked = false;
	for (unsigned i = 0; i < 30; i++) {
		snprintf(r.key.host, sizeof r.key.host, "tab%u.test", i);
		world_start(w, i + 1, &r);
	}
	world_run(w, 30000);
	assert_int_equal(w->n_warm, AUTO_CHECKS_MAX);
	assert_int_equal(w->warmed, 3 * AUTO_CHECKS_MAX);
	world_free(w);
}

static void match_without_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(0, 0);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(g->n_first, 1);
	assert_int_equal(g->first[0].source, CERT_SOURCE_PROBE);
	world_free(w);
}

static void match_by_key(void **state)
{
	(void)state;
	for (uint8_t offer = 0; offer < 2; offer++) {
		struct world *w = world_new(8);
		world_show(w, 2, 2, 1, false);
		world_show(w, 3, 3, 1, false);
		struct cert_request r = world_request(offer, 1);
		const struct got *g = world_check(w, 1, &r);
		world_is(g, VERDICT_MATCH, REASON_SAME_KEY);
		assert_int_equal(g->n_fingerprints, 3);
		world_free(w);
	}
}

static void a_key_without_its_signature_is_no_match(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 2, 2, 1, false);
	w->exit[2].shows.is_unsigned = true;
	struct cert_request r = world_request(OFFER, 1);
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_free(w);
}

static void missing_intermediate(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 3, 1, 1, true);
	struct cert_request r = world_request(OFFER, 1);
	r.error = -8179;
	world_is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

/* ---- mismatch ---- */

static void others_see_valid(void **state)
{
	(void)state;
	for (uint8_t offer = 0; offer < 2; offer++) {
		struct world *w = world_new(8);
		world_show(w, 4, 9, 9, true);
		struct cert_request r = world_request(offer, 1);
		world_is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_VALID);
		world_free(w);
	}
}

/* Two colluding exits show the first exit's certificate; one honest exit outweighs them. */
static void one_valid_chain_outweighs_colluders(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 2, 9, 9, true);
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_MISMATCH, REASON_OTHERS_VALID);
	assert_int_equal(g->answered, 3);
	world_free(w);
}

static void a_valid_chain_decides_at_once_and_the_rest_is_shown_briefly(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 2, 9, 9, true);
	w->exit[3].ms = 900;
	w->exit[4].stalls = true;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_MISMATCH, REASON_OTHERS_VALID);
	assert_in_range(g->elapsed_ms, 1500, 1700);
	assert_int_equal(g->answered, 2);
	assert_int_equal(w->n_cancelled, 1);
	assert_int_equal(world_looks_of_others(w), 3);   /* no replacement once it is certain */
	world_free(w);
}

static void others_agree_on_another(void **state)
{
	(void)state;
	for (uint8_t offer = 0; offer < 2; offer++) {
		struct world *w = world_new(8);
		world_show_all(w, 5, 5, false);
		struct cert_request r = world_request(offer, 1);
		world_is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
		world_free(w);
	}
}

static void selective_first_exit_with_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 1, 9, 9, true);   /* to us; the browser was offered 1 */
	struct cert_request r = world_request(OFFER, 1);
	world_is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_FIRST_NOW_VALID);
	world_free(w);
}

/* It shows us the true self-signed certificate that all others see: still not what the browser was offered. */
static void selective_first_exit_on_a_self_signed_site(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 1, 5, 5, false);
	world_show_all(w, 5, 5, false);
	struct cert_request r = world_request(OFFER, 1);
	world_is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	world_free(w);
}

static void selective_first_exit_without_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 1, 9, 9, true);
	world_show_all(w, 9, 9, true);
	struct cert_request r = world_request(0, 0);
	const struct got *g = world_check(w, 1, &r);
	assert_int_equal(g->verdict, VERDICT_MISMATCH);   /* self-signed it can't have been */
	r.error = -8179;                                  /* a missing intermediate it can */
	strcpy(r.key.host, "other.test");
	world_is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_FIRST_DIFFERS);
	world_free(w);
}

/* Errors of checks that only browsers make (certificate transparency) don't turn an honest exit into a liar. */
static void valid_to_us_but_not_to_the_browser(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 1, 9, 9, true);
	world_show_all(w, 9, 9, true);
	struct cert_request r = world_request(0, 0);
	r.error = -16368;
	world_is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

static void a_silent_interceptor_is_convicted_by_a_valid_chain(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].stalls = true;
	world_show_all(w, 9, 9, true);
	struct cert_request r = world_request(0, 0);
	world_is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_VALID);
	world_free(w);
}

/* ---- undecided ---- */

static void one_liar_among_the_others(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 3, 6, 6, false);
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_UNDECIDED, REASON_DISSENT);
	assert_int_equal(g->answered, 3);
	assert_int_equal(g->others[1].agrees, CERT_AGREES_NOT);
	assert_false(g->retry_useful);
	/* Retry asks nobody anew: clicking until it turns green does not work */
	unsigned looks = w->n_looks;
	r.retry = true;
	world_is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	assert_int_equal(w->n_looks, looks);
	world_free(w);
}

static void rotating_site(void **state)
{
	(void)state;
	for (uint8_t offer = 0; offer < 2; offer++) {
		struct world *w = world_new(8);
		for (uint8_t i = 2; i <= 8; i++)
			world_show(w, i, (uint8_t)(10 + i), (uint8_t)(10 + i), false);
		struct cert_request r = world_request(offer, 1);
		const struct got *g = world_check(w, 1, &r);
		world_is(g, VERDICT_UNDECIDED, REASON_ROTATES);
		assert_false(g->same_country_possible);
		assert_false(g->weaker);
		world_free(w);
	}
}

static void same_country_try(void **state)
{
	(void)state;
	struct world *w = world_new(12);
	w->exit[1].country = "SE";
	for (uint8_t i = 2; i <= 4; i++)
		world_show(w, i, (uint8_t)(10 + i), (uint8_t)(10 + i), false);
	for (uint8_t i = 8; i <= 12; i++)
		w->exit[i].country = "SE";
	w->good_country = "SE";
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_UNDECIDED, REASON_ROTATES);
	assert_true(g->same_country_possible);
	r.same_country = true;
	g = world_check(w, 2, &r);
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_true(g->weaker);
	assert_int_equal(w->exit[8].looks + w->exit[9].looks + w->exit[10].looks, 3);
	assert_int_equal(g->n_fingerprints, 1);
	world_free(w);
}

static void same_country_is_not_for_the_rest(void **state)
{
	(void)state;
	/* a country that does not qualify */
	struct world *w = world_new(12);
	for (uint8_t i = 2; i <= 4; i++)
		world_show(w, i, (uint8_t)(10 + i), (uint8_t)(10 + i), false);
	struct cert_request r = world_request(OFFER, 1);
	world_check(w, 1, &r);
	r.same_country = true;
	assert_int_equal(world_check(w, 2, &r)->verdict, VERDICT_UNDECIDED);
	world_free(w);
	/* asked for where nothing rotates: a liar among the others stays a liar */
	w = world_new(12);
	w->good_country = "DE";
	world_show(w, 3, 6, 6, false);
	r = world_request(OFFER, 1);
	world_check(w, 1, &r);
	r.same_country = true;
	const struct got *g = world_check(w, 2, &r);
	world_is(g, VERDICT_UNDECIDED, REASON_DISSENT);
	assert_false(g->weaker);
	world_free(w);
}

static void same_country_accuses_nobody(void **state)
{
	(void)state;
	struct world *w = world_new(12);
	w->exit[1].country = "SE";
	for (uint8_t i = 2; i <= 4; i++)
		world_show(w, i, (uint8_t)(10 + i), (uint8_t)(10 + i), false);
	for (uint8_t i = 8; i <= 12; i++) {
		w->exit[i].country = "SE";
		world_show(w, i, 30, 30, false);
	}
	w->good_country = "SE";
	struct cert_request r = world_request(OFFER, 1);
	world_check(w, 1, &r);
	r.same_country = true;
	world_is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_free(w);
}

static void a_failed_exit_is_replaced(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[3].fails = ERR_SOCKS_CONN;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->exit[5].looks, 1);
	assert_int_equal(g->asked, 4);
	assert_int_equal(g->answered, 3);
	assert_int_equal(g->n_others, 4);   /* the failed one is shown too */
	world_free(w);
}

static void an_outage_is_not_a_disagreement(void **state)
{
	(void)state;
	struct world *w = world_new(20);
	for (unsigned i = 2; i <= 20; i++)
		w->exit[i].fails = ERR_SOCKS_HOST;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_UNDECIDED, REASON_TOO_FEW);
	assert_int_equal(g->error, ERR_SOCKS_HOST);
	assert_true(g->retry_useful);
	assert_int_equal(world_looks_of_others(w), 9);   /* three rounds, then enough */
	/* what failed is asked again only when nobody else is left */
	for (unsigned i = 2; i <= 20; i++)
		w->exit[i].fails = OK;
	r.retry = true;
	world_is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
	for (unsigned i = 2; i <= 10; i++)
		assert_int_equal(w->exit[i].looks, 1);
	world_free(w);
}

static void retry_takes_failed_exits_when_no_others_are_left(void **state)
{
	(void)state;
	struct world *w = world_new(4);
	for (unsigned i = 2; i <= 4; i++)
		w->exit[i].fails = ERR_SOCKS_CONN;
	struct cert_request r = world_request(OFFER, 1);
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_TOO_FEW);
	for (unsigned i = 2; i <= 4; i++)
		w->exit[i].fails = OK;
	r.retry = true;
	world_is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

static void retry_asks_only_in_place_of_the_silent(void **state)
{
	(void)state;
	struct world *w = world_new(4);
	w->exit[4].fails = ERR_TLS_ALERT;
	struct cert_request r = world_request(OFFER, 1);
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_TOO_FEW);
	w->exit[4].fails = OK;
	r.retry = true;
	world_is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->exit[1].looks, 1);
	assert_int_equal(w->exit[2].looks, 1);
	assert_int_equal(w->exit[3].looks, 1);
	assert_int_equal(w->exit[4].looks, 2);
	world_free(w);
}

static void no_independent_exit(void **state)
{
	(void)state;
	struct world *w = world_new(5);
	for (unsigned i = 1; i <= 5; i++)
		w->exit[i].group = 7;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	assert_int_equal(g->error, ERR_EXIT_NONE);
	assert_true(g->elapsed_ms < 2000);
	world_free(w);
}

/* Corroborators are independent of each other, too. */
static void a_family_counts_once(void **state)
{
	(void)state;
	struct world *w = world_new(6);
	for (unsigned i = 2; i <= 6; i++)
		w->exit[i].group = 2 + i % 2;
	struct cert_request r = world_request(OFFER, 1);
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	assert_int_equal(world_looks_of_others(w), 2);
	world_free(w);
}

static void without_roots_nothing_matches(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->roots = ROOTS_NONE;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_UNDECIDED, REASON_NO_ROOTS);
	assert_int_equal(g->error, ERR_ROOTS_NONE);
	assert_true(g->retry_useful);
	/* but interception is still seen */
	world_show_all(w, 5, 5, false);
	strcpy(r.key.host, "two.test");
	world_is(world_check(w, 2, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	world_free(w);
}

static void a_broken_parse_role_opens_nothing(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->judge_err = w->roots_err = ERR_ROLE_DIED;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_UNDECIDED, REASON_NO_ROOTS);
	assert_int_equal(g->error, ERR_ROLE_DIED);
	world_show_all(w, 5, 5, false);
	strcpy(r.key.host, "two.test");
	world_is(world_check(w, 2, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	world_free(w);
	w = world_new(8);
	w->judge_hangs = true;
	r = world_request(OFFER, 1);
	g = world_check(w, 1, &r);
	assert_int_equal(g->verdict, VERDICT_UNDECIDED);
	assert_true(g->elapsed_ms <= CHECK_DEADLINE_MS);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(match_with_the_offer), cmocka_unit_test(all_in_parallel), cmocka_unit_test(the_probe_comes_last),
		cmocka_unit_test(warming_up), cmocka_unit_test(warming_up_for_a_page),
		cmocka_unit_test(match_without_the_offer), cmocka_unit_test(match_by_key),
		cmocka_unit_test(a_key_without_its_signature_is_no_match), cmocka_unit_test(missing_intermediate),
		cmocka_unit_test(others_see_valid), cmocka_unit_test(one_valid_chain_outweighs_colluders),
		cmocka_unit_test(a_valid_chain_decides_at_once_and_the_rest_is_shown_briefly),
		cmocka_unit_test(others_agree_on_another), cmocka_unit_test(selective_first_exit_with_the_offer),
		cmocka_unit_test(selective_first_exit_on_a_self_signed_site),
		cmocka_unit_test(selective_first_exit_without_the_offer),
		cmocka_unit_test(valid_to_us_but_not_to_the_browser),
		cmocka_unit_test(a_silent_interceptor_is_convicted_by_a_valid_chain),
		cmocka_unit_test(one_liar_among_the_others), cmocka_unit_test(rotating_site),
		cmocka_unit_test(same_country_try), cmocka_unit_test(same_country_is_not_for_the_rest),
		cmocka_unit_test(same_country_accuses_nobody), cmocka_unit_test(a_failed_exit_is_replaced),
		cmocka_unit_test(an_outage_is_not_a_disagreement),
		cmocka_unit_test(retry_takes_failed_exits_when_no_others_are_left),
		cmocka_unit_test(retry_asks_only_in_place_of_the_silent), cmocka_unit_test(no_independent_exit),
		cmocka_unit_test(a_family_counts_once), cmocka_unit_test(without_roots_nothing_matches),
		cmocka_unit_test(a_broken_parse_role_opens_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
