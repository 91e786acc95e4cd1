/* The certificate check from request to result, each rule of DESIGN.md by name, in a scripted world (world.h): fake exits,
 * fake clock, no network. Exit 1 carried the browser's connection unless a test says otherwise. */
// uses: tests/unit/world.c host/feature/certcheck.c host/feature/check.c host/feature/check_slots.c host/feature/check_look.c host/feature/check_kin.c host/feature/check_verdict.c host/feature/check_result.c host/feature/circuit.c host/feature/session.c host/feature/limits_auto.c host/feature/classes.c host/base/verdict.c host/base/err.c host/engine/target.c
// libs: -lsodium
#include "world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OFFER 1

static void is(const struct got *g, enum verdict v, enum reason r)
{
	assert_string_equal(reason_name(g->reason), reason_name(r));
	assert_int_equal(g->verdict, v);
	if (v == VERDICT_MATCH)
		assert_true(g->n_fingerprints > 0);
	else
		assert_int_equal(g->n_fingerprints, 0);
}

static unsigned looks_of_others(const struct world *w)
{
	unsigned n = 0;
	for (unsigned i = 2; i <= w->n_exits; i++)
		n += w->exit[i].looks;
	return n;
}

static void show_all(struct world *w, uint8_t leaf, uint8_t key, bool is_valid)
{
	for (unsigned i = 2; i <= w->n_exits; i++)
		world_show(w, i, leaf, key, is_valid);
}

/* ---- match ---- */

static void match_with_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(g->answered, 3);
	assert_int_equal(g->asked, 3);
	assert_int_equal(looks_of_others(w), 3);
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

/* All looks run at once: the whole takes one look and a few round trips to tor. */
static void all_in_parallel(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->look_ms = 1000;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->most_at_once, 4);
	assert_true(g->elapsed_ms <= 1000 + 10);
	world_free(w);
}

static void match_without_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(0, 0);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
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
		is(g, VERDICT_MATCH, REASON_SAME_KEY);
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
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_free(w);
}

static void missing_intermediate(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 3, 1, 1, true);
	struct cert_request r = world_request(OFFER, 1);
	r.error = -8179;
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
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
		is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_VALID);
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
	is(g, VERDICT_MISMATCH, REASON_OTHERS_VALID);
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
	is(g, VERDICT_MISMATCH, REASON_OTHERS_VALID);
	assert_in_range(g->elapsed_ms, 1500, 1700);
	assert_int_equal(g->answered, 2);
	assert_int_equal(w->n_cancelled, 1);
	assert_int_equal(looks_of_others(w), 3);   /* no replacement once it is certain */
	world_free(w);
}

static void others_agree_on_another(void **state)
{
	(void)state;
	for (uint8_t offer = 0; offer < 2; offer++) {
		struct world *w = world_new(8);
		show_all(w, 5, 5, false);
		struct cert_request r = world_request(offer, 1);
		is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
		world_free(w);
	}
}

static void selective_first_exit_with_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 1, 9, 9, true);   /* to us; the browser was offered 1 */
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_FIRST_NOW_VALID);
	world_free(w);
}

/* It shows us the true self-signed certificate that all others see: still not what the browser was offered. */
static void selective_first_exit_on_a_self_signed_site(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 1, 5, 5, false);
	show_all(w, 5, 5, false);
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	world_free(w);
}

static void selective_first_exit_without_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 1, 9, 9, true);
	show_all(w, 9, 9, true);
	struct cert_request r = world_request(0, 0);
	const struct got *g = world_check(w, 1, &r);
	assert_int_equal(g->verdict, VERDICT_MISMATCH);   /* self-signed it can't have been */
	r.error = -8179;                                  /* a missing intermediate it can */
	strcpy(r.key.host, "other.test");
	is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_FIRST_DIFFERS);
	world_free(w);
}

/* Errors of checks that only browsers make (certificate transparency) don't turn an honest exit into a liar. */
static void valid_to_us_but_not_to_the_browser(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 1, 9, 9, true);
	show_all(w, 9, 9, true);
	struct cert_request r = world_request(0, 0);
	r.error = -16368;
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

static void a_silent_interceptor_is_convicted_by_a_valid_chain(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].stalls = true;
	show_all(w, 9, 9, true);
	struct cert_request r = world_request(0, 0);
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_VALID);
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
	is(g, VERDICT_UNDECIDED, REASON_DISSENT);
	assert_int_equal(g->answered, 3);
	assert_int_equal(g->others[1].agrees, CERT_AGREES_NOT);
	assert_false(g->retry_useful);
	/* Retry asks nobody anew: clicking until it turns green does not work */
	unsigned looks = w->n_looks;
	r.retry = true;
	is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_DISSENT);
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
		is(g, VERDICT_UNDECIDED, REASON_ROTATES);
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
	is(g, VERDICT_UNDECIDED, REASON_ROTATES);
	assert_true(g->same_country_possible);
	r.same_country = true;
	g = world_check(w, 2, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
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
	is(g, VERDICT_UNDECIDED, REASON_DISSENT);
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
	is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_free(w);
}

static void a_failed_exit_is_replaced(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[3].fails = ERR_SOCKS_CONN;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
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
	is(g, VERDICT_UNDECIDED, REASON_TOO_FEW);
	assert_int_equal(g->error, ERR_SOCKS_HOST);
	assert_true(g->retry_useful);
	assert_int_equal(looks_of_others(w), 9);   /* three rounds, then enough */
	/* what failed is asked again only when nobody else is left */
	for (unsigned i = 2; i <= 20; i++)
		w->exit[i].fails = OK;
	r.retry = true;
	is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
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
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_TOO_FEW);
	for (unsigned i = 2; i <= 4; i++)
		w->exit[i].fails = OK;
	r.retry = true;
	is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

static void retry_asks_only_in_place_of_the_silent(void **state)
{
	(void)state;
	struct world *w = world_new(4);
	w->exit[4].fails = ERR_TLS_ALERT;
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_TOO_FEW);
	w->exit[4].fails = OK;
	r.retry = true;
	is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
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
	is(g, VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
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
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	assert_int_equal(looks_of_others(w), 2);
	world_free(w);
}

static void without_roots_nothing_matches(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->roots = ROOTS_NONE;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_UNDECIDED, REASON_NO_ROOTS);
	assert_int_equal(g->error, ERR_ROOTS_NONE);
	assert_true(g->retry_useful);
	/* but interception is still seen */
	show_all(w, 5, 5, false);
	strcpy(r.key.host, "two.test");
	is(world_check(w, 2, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	world_free(w);
}

static void a_broken_parse_role_opens_nothing(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->judge_err = w->roots_err = ERR_ROLE_DIED;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_UNDECIDED, REASON_NO_ROOTS);
	assert_int_equal(g->error, ERR_ROLE_DIED);
	show_all(w, 5, 5, false);
	strcpy(r.key.host, "two.test");
	is(world_check(w, 2, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	world_free(w);
	w = world_new(8);
	w->judge_hangs = true;
	r = world_request(OFFER, 1);
	g = world_check(w, 1, &r);
	assert_int_equal(g->verdict, VERDICT_UNDECIDED);
	assert_true(g->elapsed_ms <= CHECK_DEADLINE_MS);
	world_free(w);
}

/* ---- the first exit ---- */

static void first_exit_is_silent(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].fails = ERR_TLS_PROTOCOL;
	struct cert_request r = world_request(0, 0);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_UNDECIDED, REASON_FIRST_SILENT);
	assert_int_equal(g->error, ERR_TLS_PROTOCOL);
	assert_int_equal(w->exit[1].looks, 2);   /* a circuit may break by chance */
	world_free(w);
}

static void a_broken_circuit_of_the_first_exit_gets_a_second(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].fails = ERR_CIRCUIT;
	w->exit[1].fails_times = 1;
	struct cert_request r = world_request(0, 0);
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

static void a_stalling_first_exit_without_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].stalls = true;
	struct cert_request r = world_request(0, 0);
	r.error = -8179;
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_UNDECIDED, REASON_FIRST_SILENT);
	assert_true(g->elapsed_ms <= CHECK_DEADLINE_MS);
	world_free(w);
}

/* Nothing to compare with: no more exits are told of the site. */
static void a_silent_first_exit_ends_the_asking(void **state)
{
	(void)state;
	struct world *w = world_new(12);
	w->exit[1].fails = ERR_TLS_PROTOCOL;
	w->exit[3].fails = w->exit[4].fails = ERR_CIRCUIT;
	w->exit[3].ms = w->exit[4].ms = 700;
	struct cert_request r = world_request(0, 0);
	r.error = -8179;
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_UNDECIDED, REASON_FIRST_SILENT);
	assert_int_equal(looks_of_others(w), 3);
	assert_true(g->elapsed_ms < 2000);
	world_free(w);
}

/* With the browser's own chain at hand a stalled probe holds the match up for 300 ms, no longer. */
static void a_stalling_probe_beside_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].stalls = true;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_in_range(g->elapsed_ms, 400, 430);
	assert_int_equal(w->n_cancelled, 1);
	world_free(w);
}

static void a_failed_probe_beside_the_offer_is_not_waited_for(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].fails = ERR_CIRCUIT;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_true(g->elapsed_ms < 150);
	world_free(w);
}

static void our_own_probe_dissents(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 1, 4, 4, false);
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_FIRST_DIFFERS);
	world_free(w);
}

static void several_candidates(void **state)
{
	(void)state;
	for (uint8_t offer = 0; offer < 2; offer++) {
		struct world *w = world_new(9);
		w->carrier[1] = 2;
		w->n_carriers = 2;
		w->exit[3].group = 1;   /* kin of one candidate, */
		w->exit[4].group = 2;   /* and of the other: neither may corroborate */
		struct cert_request r = world_request(offer, 1);
		const struct got *g = world_check(w, 1, &r);
		is(g, VERDICT_MATCH, REASON_SAME_CERT);
		assert_int_equal(w->exit[3].looks + w->exit[4].looks, 0);
		assert_int_equal(g->n_paths, 2);
		world_free(w);
		/* they disagree */
		w = world_new(9);
		w->carrier[1] = 2;
		w->n_carriers = 2;
		world_show(w, 2, 4, 4, false);
		is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_FIRST_DIFFERS);
		world_free(w);
	}
	/* all of them are waited for */
	struct world *w = world_new(9);
	w->carrier[1] = 2;
	w->n_carriers = 2;
	w->exit[2].ms = 2000;
	struct cert_request slow = world_request(0, 0);
	is(world_check(w, 1, &slow), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(world_result(w, 1)->n_first, 2);
	world_free(w);
	/* one of them is silent, and it may be the browser's */
	w = world_new(9);
	w->carrier[1] = 2;
	w->n_carriers = 2;
	w->exit[2].fails = ERR_CIRCUIT;
	struct cert_request r = world_request(0, 0);
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_FIRST_SILENT);
	world_free(w);
}

static void first_exit_unknown(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->n_carriers = 0;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN);
	assert_int_equal(g->error, ERR_FIRST_UNKNOWN);
	assert_int_equal(w->n_looks, 0);
	/* a candidate whose exit is not known: independence of it can't be promised */
	w->n_carriers = 2;
	w->carrier[1] = 2;
	w->carrier_has_hole = true;
	is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN);
	assert_int_equal(w->n_looks, 0);
	world_free(w);
}

/* ---- exempt, by how the connection went and by nothing else ---- */

static void exempt_onion(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->carrier_is_onion[0] = true;
	struct cert_request r = world_request(OFFER, 1);
	strcpy(r.key.host, "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion");
	is(world_check(w, 1, &r), VERDICT_EXEMPT, REASON_ONION);
	assert_int_equal(w->n_looks + w->n_draws, 0);
	world_free(w);
}

static void an_onion_name_through_an_exit_is_not_exempt(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(OFFER, 1);
	strcpy(r.key.host, "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion");
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN);
	assert_int_equal(g->error, ERR_TARGET_PRIVATE);
	assert_int_equal(w->n_looks, 0);   /* no exit is ever told an onion name */
	world_free(w);
}

static void an_onion_circuit_beside_an_exit_exempts_nothing(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->carrier[1] = 2;
	w->n_carriers = 2;
	w->carrier_is_onion[1] = true;
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

static void exempt_direct(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(OFFER, 1);
	r.proxy = CERT_PROXY_DIRECT;
	is(world_check(w, 1, &r), VERDICT_EXEMPT, REASON_NOT_TOR);
	strcpy(r.key.host, "192.168.1.1");
	is(world_check(w, 2, &r), VERDICT_EXEMPT, REASON_NOT_TOR);
	assert_int_equal(w->n_first + w->n_looks, 0);
	world_free(w);
}

static void names_are_checked_however_they_are_spelt(void **state)
{
	(void)state;
	static const char *const names[] = { "router.local", "shop.test", "localhost.localdomain", "printer.lan" };
	struct world *w = world_new(8);
	for (uint32_t i = 0; i < 4; i++) {
		struct cert_request r = world_request(OFFER, 1);
		strcpy(r.key.host, names[i]);
		is(world_check(w, i + 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	}
	world_free(w);
}

static void private_literals(void **state)
{
	(void)state;
	static const char *const hosts[] = { "127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fe80::1", "[::1]" };
	struct world *w = world_new(8);
	for (uint32_t i = 0; i < 6; i++) {
		struct cert_request r = world_request(OFFER, 1);
		strcpy(r.key.host, hosts[i]);
		const struct got *g = world_check(w, i + 1, &r);
		is(g, VERDICT_UNDECIDED, REASON_PRIVATE_TARGET);
		assert_int_equal(g->error, ERR_TARGET_PRIVATE);
	}
	assert_int_equal(w->n_first + w->n_looks, 0);
	world_free(w);
}

/* ---- exits that lie about themselves ---- */

static void a_circuit_that_ended_elsewhere_is_no_answer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[2].is_wrong_hop = true;
	world_show(w, 2, 9, 9, true);
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->exit[5].looks, 1);
	assert_int_equal(g->others[0].error, ERR_EXIT_WRONG);
	world_free(w);
}

static void a_wrong_signature_never_corroborates(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[2].fails = ERR_TLS_SIGNATURE;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(looks_of_others(w), 4);
	world_show(w, 2, 6, 6, false);   /* but it dissents */
	strcpy(r.key.host, "two.test");
	is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	/* and stays so for the session */
	is(world_check(w, 3, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_free(w);
}

/* ---- time ---- */

static void replacements_use_what_is_left(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	w->exit[2].stalls = w->exit[3].stalls = true;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_in_range(w->exit[2].last_deadline_ms, 11500, 12000 + 500);
	assert_in_range(w->exit[5].last_deadline_ms, 11500, 13000);
	assert_in_range(g->elapsed_ms, 12000, 13000);
	world_free(w);
}

static void everything_stalls(void **state)
{
	(void)state;
	for (int hang = 0; hang < 2; hang++)
		for (uint8_t offer = 0; offer < 2; offer++) {
			struct world *w = world_new(20);
			for (unsigned i = 1; i <= 20; i++) {
				w->exit[i].stalls = true;
				w->exit[i].hangs = hang;
			}
			struct cert_request r = world_request(offer, 1);
			const struct got *g = world_check(w, 1, &r);
			assert_int_equal(g->verdict, VERDICT_UNDECIDED);
			assert_true(g->elapsed_ms <= CHECK_DEADLINE_MS);
			assert_true(g->retry_useful);
			for (unsigned i = 1; i <= 20; i++)
				w->exit[i].stalls = w->exit[i].hangs = false;
			r.retry = true;
			is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
			world_free(w);
		}
}

static void slow_but_in_time(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->look_ms = 11000;
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

/* ---- tor ---- */

static void tor_restarts_in_the_middle(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->look_ms = 1000;
	struct cert_request r = world_request(OFFER, 1);
	world_start(w, 1, &r);
	world_run(w, 500);
	world_tor(w, ERR_TOR_LOST);
	world_run(w, 3000);
	assert_null(world_result(w, 1));
	world_tor(w, OK);
	world_run(w, 5000);
	is(world_result(w, 1), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_tor, 2);
	/* no exit's fault: none is shown as failed, and the same ones were asked again */
	assert_int_equal(world_result(w, 1)->asked, 3);
	assert_int_equal(world_result(w, 1)->n_others, 3);
	assert_int_equal(w->exit[5].looks, 0);
	world_free(w);
}

static void tor_stays_away(void **state)
{
	(void)state;
	for (uint8_t offer = 0; offer < 2; offer++) {
		struct world *w = world_new(8);
		w->look_ms = 1000;
		struct cert_request r = world_request(offer, 1);
		world_start(w, 1, &r);
		world_run(w, 500);
		world_tor(w, ERR_TOR_LOST);
		world_run(w, 30000);
		const struct got *g = world_result(w, 1);
		assert_non_null(g);
		is(g, VERDICT_UNDECIDED, REASON_TOR);
		assert_int_equal(g->error, ERR_TOR_LOST);
		assert_true(g->elapsed_ms <= CHECK_DEADLINE_MS);
		world_tor(w, OK);
		r.retry = true;
		is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
		world_free(w);
	}
}

static void tor_is_not_there(void **state)
{
	(void)state;
	static const enum err errs[] = { ERR_TOR_ABSENT, ERR_TOR_REFUSED, ERR_TOR_AUTH, ERR_TOR_FILTERED, ERR_ROLE_DIED };
	for (size_t i = 0; i < 5; i++)
		for (int at_once = 0; at_once < 2; at_once++) {
			struct world *w = world_new(8);
			w->tor = errs[i];
			w->sync = at_once ? errs[i] : OK;
			struct cert_request r = world_request(OFFER, 1);
			const struct got *g = world_check(w, 1, &r);
			is(g, VERDICT_UNDECIDED, REASON_TOR);
			assert_int_equal(g->error, errs[i]);
			assert_true(g->elapsed_ms <= 5000);
			if (errs[i] == ERR_TOR_AUTH)
				assert_true(g->elapsed_ms < 100);   /* waiting does not mend it */
			w->tor = w->sync = OK;
			is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
			world_free(w);
		}
}

/* ---- New Identity, wiping, cancelling ---- */

static void new_identity_forgets_everything(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 3, 6, 6, false);
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_start(w, 2, &r);
	strcpy(r.key.host, "two.test");
	world_start(w, 3, &r);
	world_run(w, 20);
	certcheck_newnym(w->check);
	assert_int_equal(w->n_newnym, 1);
	is(world_result(w, 3), VERDICT_UNDECIDED, REASON_CANCELLED);
	assert_int_equal(world_result(w, 3)->error, ERR_CANCELLED);
	assert_int_equal(world_pending(w), 0);
	/* the next check asks everybody anew, and the old dissent is gone with the old identity */
	world_show(w, 3, 1, 1, false);
	strcpy(r.key.host, "example.test");
	is(world_check(w, 4, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->exit[3].looks, 3);   /* once more for the check that was cancelled */
	world_free(w);
}

static void wipe(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	show_all(w, 5, 5, false);
	struct cert_request r = world_request(OFFER, 1);
	assert_int_equal(world_check(w, 1, &r)->verdict, VERDICT_MISMATCH);
	certcheck_wipe(w->check);
	show_all(w, 1, 1, false);
	is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

static void cancel_and_forget(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(OFFER, 1);
	world_start(w, 1, &r);
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_ID);
	for (unsigned ms = 0; ms < 120; ms += 7) {
		world_run(w, 7);
		if (world_result(w, 1))
			break;
	}
	/* at every moment of its life */
	for (unsigned ms = 0; ms < 120; ms++) {
		uint32_t id = 10 + ms;
		if (w->n_got >= RESULTS_MAX - 2)
			break;
		snprintf(r.key.host, sizeof r.key.host, "cancel%u.test", ms);
		world_start(w, id, &r);
		world_run(w, ms);
		bool had = world_result(w, id) != NULL;
		assert_int_equal(certcheck_cancel(w->check, id), !had);
		assert_non_null(world_result(w, id));
		assert_int_equal(world_pending(w), 0);
	}
	assert_false(certcheck_cancel(w->check, 9999));
	world_free(w);
	/* forget ends the site's checks alone, and forgets no dissent */
	w = world_new(8);
	world_show(w, 3, 6, 6, false);
	r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	struct cert_request other = r;
	strcpy(other.key.host, "other.test");
	world_start(w, 2, &r);
	world_start(w, 3, &other);
	certcheck_forget(w->check, &r.key);
	is(world_result(w, 2), VERDICT_UNDECIDED, REASON_CANCELLED);
	assert_null(world_result(w, 3));
	world_run(w, 1000);
	assert_non_null(world_result(w, 3));
	is(world_check(w, 4, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_free(w);
}

static void free_while_running(void **state)
{
	(void)state;
	for (unsigned ms = 0; ms < 120; ms += 3) {
		struct world *w = world_new(8);
		struct cert_request r = world_request(ms % 2, 1);
		world_start(w, 1, &r);
		world_run(w, ms);
		world_free(w);   /* asserts that nothing is left pending */
	}
}

/* ---- memory of the session ---- */

static void a_mismatch_stays(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	show_all(w, 5, 5, false);
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	unsigned looks = w->n_looks;
	is(world_check(w, 2, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	assert_int_equal(w->n_looks, looks);
	/* through another exit that shows the false certificate, too */
	w->carrier[0] = 8;
	world_show(w, 8, 1, 1, false);
	assert_int_equal(world_check(w, 3, &r)->verdict, VERDICT_MISMATCH);
	world_free(w);
}

/* Even where the answers alone would not say it any more. */
static void a_remembered_mismatch_outlives_its_proof(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	world_show(w, 1, 9, 9, true);   /* selective: our probe sees the valid chain */
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_FIRST_NOW_VALID);
	world_free(w);
	w = world_new(9);
	show_all(w, 5, 5, false);
	r = world_request(0, 0);
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	/* another first exit shows the same false certificate; one of the others now agrees with it */
	w->carrier[0] = 8;
	world_show(w, 8, 1, 1, false);
	w->exit[2].is_unusable = w->exit[3].is_unusable = true;
	for (unsigned i = 5; i <= 9; i++)
		world_show(w, i, 1, 1, false);
	is(world_check(w, 2, &r), VERDICT_MISMATCH, REASON_REMEMBERED);
	world_free(w);
}

static void after_a_mismatch_an_honest_exit_still_matches(void **state)
{
	(void)state;
	for (uint8_t offer = 0; offer < 2; offer++) {
		struct world *w = world_new(9);
		world_show(w, 1, 6, 6, false);
		struct cert_request r = world_request(offer ? 6 : 0, 6);
		is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
		w->carrier[0] = 8;
		r = world_request(offer, 1);
		const struct got *g = world_check(w, 2, &r);
		is(g, VERDICT_MATCH, REASON_SAME_CERT);
		uint8_t leaf[32];
		world_leaf(leaf, 6, 6);
		for (size_t i = 0; i < g->n_fingerprints; i++)
			assert_memory_not_equal(g->fingerprint[i], leaf, 32);
		world_free(w);
	}
}

static void an_undecided_answer_of_an_old_first_exit_still_dissents(void **state)
{
	(void)state;
	struct world *w = world_new(12);
	world_show(w, 1, 6, 6, false);
	world_show(w, 3, 6, 6, false);   /* so it was not convicted */
	struct cert_request r = world_request(6, 6);
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	w->carrier[0] = 8;
	r = world_request(OFFER, 1);
	is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_free(w);
}

static void exits_drawn_stay_for_the_session(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_looks, 4);
	is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_looks, 4);
	/* another first exit: only it is asked anew */
	w->carrier[0] = 8;
	is(world_check(w, 3, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_looks, 5);
	assert_int_equal(w->exit[8].looks, 1);
	world_free(w);
}

static void a_remembered_exit_that_is_kin_of_the_new_first_only_dissents(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	w->exit[8].group = 3;
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->exit[3].looks, 1);
	w->carrier[0] = 8;
	const struct got *g = world_check(w, 2, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->exit[5].looks, 1);   /* drawn in its place */
	unsigned counting = 0;
	for (size_t i = 0; i < g->n_others; i++) {
		counting += g->others[i].counts;
		if (g->others[i].exit == 3)
			assert_false(g->others[i].counts);
	}
	assert_int_equal(counting, 3);
	world_free(w);
	/* and its dissent is not forgotten */
	w = world_new(9);
	w->exit[8].group = 3;
	world_show(w, 3, 6, 6, false);
	r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	w->carrier[0] = 8;
	is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_free(w);
}

static void a_corroborator_that_becomes_the_first_exit_does_not_corroborate_itself(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	w->carrier[0] = 3;
	const struct got *g = world_check(w, 2, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	for (size_t i = 0; i < g->n_others; i++)
		assert_int_not_equal(g->others[i].exit, 3);
	assert_int_equal(w->exit[5].looks, 1);
	assert_int_equal(w->exit[3].looks, 1);   /* its answer is known */
	world_free(w);
}

static void sites_and_first_parties_are_apart(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	world_show(w, 3, 6, 6, false);
	struct cert_request r = world_request(OFFER, 1);
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_show(w, 3, 1, 1, false);
	struct cert_request others[] = { r, r, r, r, r };
	strcpy(others[0].key.first_party, "elsewhere.test");
	others[1].key.private_id = 0;
	others[2].key.container = 7;
	others[3].key.port = 444;
	strcpy(others[4].key.host, "b.example.test");
	for (uint32_t i = 0; i < 5; i++)
		is(world_check(w, i + 2, &others[i]), VERDICT_MATCH, REASON_SAME_CERT);
	/* one site, however it is spelt */
	strcpy(r.key.host, "Example.TEST.");
	is(world_check(w, 9, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_free(w);
}

static void two_tabs_of_one_site_ask_once(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	struct cert_request r = world_request(OFFER, 1);
	world_start(w, 1, &r);
	world_start(w, 2, &r);
	world_run(w, 1000);
	is(world_result(w, 1), VERDICT_MATCH, REASON_SAME_CERT);
	is(world_result(w, 2), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_looks, 4);
	world_free(w);
}

/* ---- what a page can trigger ---- */

static void thirty_tabs_by_themselves(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	struct cert_request r = world_request(OFFER, 1);
	r.clicked = false;
	for (uint32_t i = 0; i < 30; i++) {
		snprintf(r.key.host, sizeof r.key.host, "name%u.test", i);
		world_start(w, i + 1, &r);
	}
	world_run(w, 5000);
	unsigned ran = 0;
	for (uint32_t i = 0; i < 30; i++) {
		const struct got *g = world_result(w, i + 1);
		assert_non_null(g);
		ran += g->verdict == VERDICT_MATCH;
		if (g->verdict != VERDICT_MATCH)
			is(g, VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	}
	assert_int_equal(ran, AUTO_CHECKS_MAX);
	assert_int_equal(w->n_looks, 4 * AUTO_CHECKS_MAX);
	assert_int_equal(w->n_first, AUTO_CHECKS_MAX);
	/* a click goes, at once */
	r.clicked = true;
	is(world_check(w, 40, &r), VERDICT_MATCH, REASON_SAME_CERT);
	/* ten minutes later five more */
	r.clicked = false;
	strcpy(r.key.host, "later.test");
	is(world_check(w, 41, &r), VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	world_run(w, AUTO_CHECKS_WINDOW_MS);
	is(world_check(w, 42, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

static void once_by_itself_for_a_host_and_first_party(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	for (unsigned i = 2; i <= 9; i++)
		w->exit[i].fails = ERR_SOCKS_CONN;
	struct cert_request r = world_request(OFFER, 1);
	r.clicked = false;
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_TOO_FEW);
	unsigned looks = w->n_looks;
	is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	r.key.port = 8443;   /* nor by another port of it */
	is(world_check(w, 3, &r), VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	assert_int_equal(w->n_looks, looks);
	world_free(w);
}

/* The second visit needs no second check: what was verified is answered from memory. */
static void by_itself_from_memory(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	struct cert_request r = world_request(OFFER, 1);
	r.clicked = false;
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	unsigned looks = w->n_looks;
	is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_looks, looks);
	/* another certificate is not in memory's good books: the others' answers are known, and differ */
	struct cert_request lie = world_request(7, 7);
	lie.clicked = false;
	assert_int_equal(world_check(w, 3, &lie)->verdict, VERDICT_MISMATCH);
	assert_int_equal(w->n_looks, looks);
	/* a new first exit, the same certificate, without asking anybody */
	w->carrier[0] = 8;
	is(world_check(w, 4, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_looks, looks);
	world_free(w);
	/* without the browser's own chain a new first exit would have to be asked */
	w = world_new(9);
	r = world_request(0, 0);
	r.clicked = false;
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	w->carrier[0] = 8;
	looks = w->n_looks;
	is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	assert_int_equal(w->n_looks, looks);
	world_free(w);
}

static void fifty_tabs_by_clicks(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	w->look_ms = 1500;
	struct cert_request r = world_request(OFFER, 1);
	for (uint32_t i = 0; i < 50; i++) {
		snprintf(r.key.host, sizeof r.key.host, "tab%u.test", i);
		world_start(w, i + 1, &r);
	}
	world_run(w, 26000);
	for (uint32_t i = 0; i < 50; i++)
		is(world_result(w, i + 1), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->most_at_once, 4 * CHECKS_AT_ONCE);
	world_free(w);
}

static void fifty_tabs_that_stall(void **state)
{
	(void)state;
	struct world *w = world_new(30);
	for (unsigned i = 1; i <= 30; i++)
		w->exit[i].stalls = true;
	struct cert_request r = world_request(OFFER, 1);
	for (uint32_t i = 0; i < 50; i++) {
		snprintf(r.key.host, sizeof r.key.host, "tab%u.test", i);
		world_start(w, i + 1, &r);
	}
	world_run(w, CHECK_DEADLINE_MS);
	for (uint32_t i = 0; i < 50; i++) {
		const struct got *g = world_result(w, i + 1);
		assert_non_null(g);
		is(g, VERDICT_UNDECIDED, g->asked ? REASON_TOO_FEW : REASON_TIMEOUT);
		assert_true(g->elapsed_ms <= CHECK_DEADLINE_MS);
	}
	world_free(w);
}

static void too_many_requests(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	struct cert_request r = world_request(OFFER, 1);
	for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
		snprintf(r.key.host, sizeof r.key.host, "tab%u.test", i);
		world_start(w, i + 1, &r);
	}
	strcpy(r.key.host, "more.test");
	assert_int_equal(certcheck_start(w->check, 1000, &r), ERR_MSG_BUSY);
	struct circuit_request c = { .key = r.key };
	assert_int_equal(certcheck_new_circuit(w->check, 1001, &c), ERR_MSG_BUSY);
	world_free(w);
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	struct cert_request good = world_request(OFFER, 1), r;
	r = good, r.key.port = 0;
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	r = good, r.key.host[0] = '\0';
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	r = good, r.k = K_MAX + 1;
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	r = good, r.n_offered = CHAIN_MAX + 1;
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	r = good, memset(r.socks_password, 'x', sizeof r.socks_password);
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	r = good, memset(r.key.host, 'x', sizeof r.key.host);
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	r = good, strcpy(r.key.host, "a b");
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_TARGET_NAME);
	r = good, strcpy(r.key.host, "x.exit");
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_TARGET_NAME);
	r = good, r.offered[0].len = 0;
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_TOO_BIG);
	r = good, r.offered[0].len = CERT_MAX + 1;
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_TOO_BIG);
	assert_int_equal(w->n_got, 0);
	is(world_check(w, 1, &good), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

/* ---- options ---- */

static void other_numbers_of_exits(void **state)
{
	(void)state;
	for (unsigned k = 1; k <= K_MAX; k++) {
		struct world *w = world_new(9);
		struct cert_request r = world_request(OFFER, 1);
		r.k = k;
		const struct got *g = world_check(w, 1, &r);
		is(g, VERDICT_MATCH, REASON_SAME_CERT);
		assert_int_equal(looks_of_others(w), k);
		assert_int_equal(g->k, k);
		assert_int_equal(g->n_chance, k);
		world_free(w);
	}
}

static void chance_to_meet_the_same_operator(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	assert_true(g->chance[0] > 0.22999 && g->chance[0] < 0.23001);
	assert_true(g->chance[1] > 0.0528 && g->chance[1] < 0.0530);
	assert_true(g->chance[2] > 0.0121 && g->chance[2] < 0.0122);
	world_free(w);
}

static void two_continents(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	w->exit[7].country = "US";
	struct cert_request r = world_request(OFFER, 1);
	r.two_continents = true;
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->exit[7].looks, 1);
	world_free(w);
}

static void from_the_shell(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	struct cert_request r = world_request(0, 0);
	r.error = 0;
	r.first = CERT_FIRST_DRAWN;
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(g->first[0].exit, 1);
	assert_int_equal(w->n_first, 0);
	r.first = CERT_FIRST_GIVEN;
	r.first_exit[0] = 6;
	r.first_exit[19] = 0xee;
	strcpy(r.key.host, "two.test");
	g = world_check(w, 2, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(g->first[0].exit, 6);
	/* a site that is fine everywhere */
	for (unsigned i = 1; i <= 9; i++)
		world_show(w, i, 9, 9, true);
	strcpy(r.key.host, "three.test");
	is(world_check(w, 3, &r), VERDICT_MATCH, REASON_SAME_CERT);
	/* an exit that does not exist */
	r.first_exit[0] = 60;
	w->exit[60].is_unusable = true;
	strcpy(r.key.host, "four.test");
	is(world_check(w, 4, &r), VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	world_free(w);
}

/* ---- without MAPADDRESS: looks choose by themselves, one after the other ---- */

static void without_mapping(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	w->is_free = true;
	w->exit[3].group = 1;
	struct cert_request r = world_request(OFFER, 1);
	strcpy(r.key.host, "2606:2800:220:1::1946");
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->exit[2].looks, 1);
	assert_int_equal(w->exit[3].looks, 0);
	assert_int_equal(w->exit[4].looks, 1);
	assert_int_equal(w->exit[5].looks, 1);
	assert_true(w->last_draw.is_ipv6);
	/* without the offer there is no way to ask the first exit itself */
	r = world_request(0, 0);
	strcpy(r.key.host, "two.test");
	is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_FIRST_SILENT);
	world_free(w);
}

/* ---- progress ---- */

static void progress(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	w->exit[3].fails = ERR_CIRCUIT;
	struct cert_request r = world_request(OFFER, 1);
	world_check(w, 1, &r);
	unsigned done[4] = { 0 }, failed[4] = { 0 }, choosing[4] = { 0 }, handshaking[4] = { 0 };
	uint64_t last = 0;
	for (size_t i = 0; i < w->n_steps; i++) {
		unsigned slot = w->steps[i].slot;
		assert_true(slot <= 3 && w->steps[i].at >= last);
		last = w->steps[i].at;
		done[slot] += w->steps[i].step == CERT_STEP_DONE;
		failed[slot] += w->steps[i].step == CERT_STEP_FAILED;
		choosing[slot] += w->steps[i].step == CERT_STEP_CHOOSING;
		handshaking[slot] += w->steps[i].step == CERT_STEP_HANDSHAKING;
		if (w->steps[i].step == CERT_STEP_DONE)
			assert_int_not_equal(w->steps[i].exit, 0);
	}
	for (unsigned s = 0; s < 4; s++) {
		assert_int_equal(done[s], 1);
		assert_true(handshaking[s] >= 1);
	}
	assert_int_equal(failed[2], 1);
	assert_int_equal(choosing[2], 2);   /* the replacement takes the slot over */
	assert_int_equal(choosing[0], 0);
	for (unsigned i = 0; i <= CERT_STEP_FAILED; i++)
		assert_true(strlen(cert_step_name((enum cert_step)i)) > 3);
	world_free(w);
}

/* ---- circuit.new and status ---- */

static struct circuit_request circuit(bool dry)
{
	struct cert_request r = world_request(OFFER, 1);
	struct circuit_request c = { .key = r.key, .dry = dry };
	strcpy(c.socks_username, "example.test:0");
	strcpy(c.socks_password, "aabb");
	return c;
}

static const struct circuit_result *new_circuit(struct world *w, uint32_t id, bool dry)
{
	struct circuit_request c = circuit(dry);
	unsigned before = w->n_circuits;
	w->is_inside = true;
	assert_int_equal(certcheck_new_circuit(w->check, id, &c), OK);
	w->is_inside = false;
	world_run(w, 1000);
	assert_int_equal(w->n_circuits, before + 1);
	return &w->circuit;
}

static void a_new_circuit(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	w->exit[7].group = 1;
	struct cert_request r = world_request(OFFER, 1);
	world_check(w, 1, &r);
	assert_int_equal(world_result(w, 1)->still_same, STILL_SAME_UNKNOWN);
	/* counting interrupts nothing */
	const struct circuit_result *c = new_circuit(w, 2, true);
	assert_int_equal(c->error, OK);
	assert_int_equal(c->circuits, 2);
	assert_int_equal(c->streams, 3);
	assert_int_equal(c->still_same, STILL_SAME_UNKNOWN);
	assert_true(w->last_close.is_dry);
	c = new_circuit(w, 3, false);
	assert_false(w->last_close.is_dry);
	assert_true(w->last_close.is_exact);
	assert_string_equal(w->last_close.socks_password, "aabb");
	/* the new exit is of the old one's family: again */
	w->carrier[0] = 7;
	assert_int_equal(new_circuit(w, 4, true)->still_same, STILL_SAME_YES);
	assert_int_equal(world_check(w, 5, &r)->still_same, STILL_SAME_YES);
	w->carrier[0] = 1;
	assert_int_equal(new_circuit(w, 6, true)->still_same, STILL_SAME_YES);
	w->carrier[0] = 8;
	assert_int_equal(new_circuit(w, 7, true)->still_same, STILL_SAME_NO);
	assert_int_equal(world_check(w, 8, &r)->still_same, STILL_SAME_NO);
	world_free(w);
}

static void a_new_circuit_without_tor(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	w->tor = ERR_TOR_ABSENT;
	assert_int_equal(new_circuit(w, 1, false)->error, ERR_TOR_ABSENT);
	w->sync = ERR_IO;
	struct circuit_request c = circuit(false);
	assert_int_equal(certcheck_new_circuit(w->check, 2, &c), ERR_IO);
	w->tor = w->sync = OK;
	assert_int_equal(certcheck_new_circuit(w->check, 3, &c), OK);
	assert_int_equal(certcheck_new_circuit(w->check, 3, &c), ERR_MSG_ID);
	assert_true(certcheck_cancel(w->check, 3));
	assert_int_equal(w->circuit.error, ERR_CANCELLED);
	assert_int_equal(certcheck_new_circuit(w->check, 4, &c), OK);
	certcheck_wipe(w->check);
	assert_int_equal(world_pending(w), 0);
	world_free(w);
}

static void status(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	assert_int_equal(certcheck_status(w->check, 1), OK);
	assert_int_equal(certcheck_status(w->check, 1), ERR_MSG_ID);
	world_run(w, 10);
	assert_int_equal(w->n_statuses, 1);
	assert_int_equal(w->status.error, OK);
	assert_int_equal(w->status.net.relays, 10);
	assert_int_equal(w->status.roots.n, 140);
	w->tor = ERR_TOR_ABSENT;
	assert_int_equal(certcheck_status(w->check, 2), OK);
	world_run(w, 10);
	assert_int_equal(w->status.error, ERR_TOR_ABSENT);
	assert_int_equal(w->status.roots.n, 140);
	assert_int_equal(certcheck_status(w->check, 3), OK);
	assert_true(certcheck_cancel(w->check, 3));
	assert_int_equal(w->status.error, ERR_CANCELLED);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(match_with_the_offer), cmocka_unit_test(all_in_parallel),
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
		cmocka_unit_test(a_broken_parse_role_opens_nothing), cmocka_unit_test(first_exit_is_silent),
		cmocka_unit_test(a_broken_circuit_of_the_first_exit_gets_a_second),
		cmocka_unit_test(a_stalling_first_exit_without_the_offer),
		cmocka_unit_test(a_silent_first_exit_ends_the_asking),
		cmocka_unit_test(a_stalling_probe_beside_the_offer),
		cmocka_unit_test(a_failed_probe_beside_the_offer_is_not_waited_for),
		cmocka_unit_test(our_own_probe_dissents), cmocka_unit_test(several_candidates),
		cmocka_unit_test(first_exit_unknown), cmocka_unit_test(exempt_onion),
		cmocka_unit_test(an_onion_name_through_an_exit_is_not_exempt),
		cmocka_unit_test(an_onion_circuit_beside_an_exit_exempts_nothing), cmocka_unit_test(exempt_direct),
		cmocka_unit_test(names_are_checked_however_they_are_spelt), cmocka_unit_test(private_literals),
		cmocka_unit_test(a_circuit_that_ended_elsewhere_is_no_answer),
		cmocka_unit_test(a_wrong_signature_never_corroborates), cmocka_unit_test(replacements_use_what_is_left),
		cmocka_unit_test(everything_stalls), cmocka_unit_test(slow_but_in_time),
		cmocka_unit_test(tor_restarts_in_the_middle), cmocka_unit_test(tor_stays_away),
		cmocka_unit_test(tor_is_not_there), cmocka_unit_test(new_identity_forgets_everything),
		cmocka_unit_test(wipe), cmocka_unit_test(cancel_and_forget), cmocka_unit_test(free_while_running),
		cmocka_unit_test(a_mismatch_stays), cmocka_unit_test(a_remembered_mismatch_outlives_its_proof),
		cmocka_unit_test(after_a_mismatch_an_honest_exit_still_matches),
		cmocka_unit_test(an_undecided_answer_of_an_old_first_exit_still_dissents),
		cmocka_unit_test(exits_drawn_stay_for_the_session),
		cmocka_unit_test(a_remembered_exit_that_is_kin_of_the_new_first_only_dissents),
		cmocka_unit_test(a_corroborator_that_becomes_the_first_exit_does_not_corroborate_itself),
		cmocka_unit_test(sites_and_first_parties_are_apart), cmocka_unit_test(two_tabs_of_one_site_ask_once),
		cmocka_unit_test(thirty_tabs_by_themselves), cmocka_unit_test(once_by_itself_for_a_host_and_first_party),
		cmocka_unit_test(by_itself_from_memory), cmocka_unit_test(fifty_tabs_by_clicks),
		cmocka_unit_test(fifty_tabs_that_stall), cmocka_unit_test(too_many_requests),
		cmocka_unit_test(nonsense_is_refused), cmocka_unit_test(other_numbers_of_exits),
		cmocka_unit_test(chance_to_meet_the_same_operator), cmocka_unit_test(two_continents),
		cmocka_unit_test(from_the_shell), cmocka_unit_test(without_mapping), cmocka_unit_test(progress),
		cmocka_unit_test(a_new_circuit), cmocka_unit_test(a_new_circuit_without_tor), cmocka_unit_test(status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
