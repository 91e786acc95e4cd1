/* The certificate check in a scripted world (world.h): what stays for the session, and what a page can trigger. */
// uses: tests/unit/world.c host/feature/certcheck.c host/feature/check.c host/feature/check_first.c host/feature/check_slots.c host/feature/check_look.c host/feature/check_kin.c host/feature/check_verdict.c host/feature/check_https.c host/feature/check_plain.c host/feature/url.c host/priv/fetchmsg.c host/base/buf.c host/base/rd.c host/feature/check_result.c host/feature/circuit.c host/feature/session.c host/feature/chains.c host/feature/limits_auto.c host/feature/classes.c host/base/verdict.c host/base/httpsverdict.c host/base/err.c host/engine/target.c
// libs: -lsodium
#include "world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OFFER 1

/* ---- memory of the session ---- */

static void a_mismatch_stays(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	world_show_all(w, 5, 5, false);
	struct cert_request r = world_request(OFFER, 1);
	world_is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	unsigned looks = w->n_looks;
	world_is(world_check(w, 2, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
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
	world_is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_FIRST_NOW_VALID);
	world_free(w);
	w = world_new(9);
	world_show_all(w, 5, 5, false);
	r = world_request(0, 0);
	world_is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	/* another first exit shows the same false certificate; one of the others now agrees with it */
	w->carrier[0] = 8;
	world_show(w, 8, 1, 1, false);
	w->exit[2].is_unusable = w->exit[3].is_unusable = true;
	for (unsigned i = 5; i <= 9; i++)
		world_show(w, i, 1, 1, false);
	world_is(world_check(w, 2, &r), VERDICT_MISMATCH, REASON_REMEMBERED);
	world_free(w);
}

static void after_a_mismatch_an_honest_exit_still_matches(void **state)
{
	(void)state;
	for (uint8_t offer = 0; offer < 2; offer++) {
		struct world *w = world_new(9);
		world_show(w, 1, 6, 6, false);
		struct cert_request r = world_request(offer ? 6 : 0, 6);
		world_is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_OTHERS_AGREE);
		w->carrier[0] = 8;
		r = world_request(offer, 1);
		const struct got *g = world_check(w, 2, &r);
		world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
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
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	w->carrier[0] = 8;
	r = world_request(OFFER, 1);
	world_is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_free(w);
}

static void exits_drawn_stay_for_the_session(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	struct cert_request r = world_request(OFFER, 1);
	world_is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_looks, 4);
	world_is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_looks, 4);
	/* another first exit: only it is asked anew */
	w->carrier[0] = 8;
	world_is(world_check(w, 3, &r), VERDICT_MATCH, REASON_SAME_CERT);
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
	world_is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->exit[3].looks, 1);
	w->carrier[0] = 8;
	const struct got *g = world_check(w, 2, &r);
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
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
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	w->carrier[0] = 8;
	world_is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_free(w);
}

static void a_corroborator_that_becomes_the_first_exit_does_not_corroborate_itself(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	struct cert_request r = world_request(OFFER, 1);
	world_is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	w->carrier[0] = 3;
	const struct got *g = world_check(w, 2, &r);
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
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
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_show(w, 3, 1, 1, false);
	struct cert_request others[] = { r, r, r, r, r };
	strcpy(others[0].key.first_party, "elsewhere.test");
	others[1].key.private_id = 0;
	others[2].key.container = 7;
	others[3].key.port = 444;
	strcpy(others[4].key.host, "b.example.test");
	for (uint32_t i = 0; i < 5; i++)
		world_is(world_check(w, i + 2, &others[i]), VERDICT_MATCH, REASON_SAME_CERT);
	/* one site, however it is spelt */
	strcpy(r.key.host, "Example.TEST.");
	world_is(world_check(w, 9, &r), VERDICT_UNDECIDED, REASON_DISSENT);
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
	world_is(world_result(w, 1), VERDICT_MATCH, REASON_SAME_CERT);
	world_is(world_result(w, 2), VERDICT_MATCH, REASON_SAME_CERT);
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
			world_is(g, VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	}
	assert_int_equal(ran, AUTO_CHECKS_MAX);
	assert_int_equal(w->n_looks, 4 * AUTO_CHECKS_MAX);
	assert_int_equal(w->n_first, AUTO_CHECKS_MAX);
	/* a click goes, at once */
	r.clicked = true;
	world_is(world_check(w, 40, &r), VERDICT_MATCH, REASON_SAME_CERT);
	/* ten minutes later five more */
	r.clicked = false;
	strcpy(r.key.host, "later.test");
	world_is(world_check(w, 41, &r), VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	world_run(w, AUTO_CHECKS_WINDOW_MS);
	world_is(world_check(w, 42, &r), VERDICT_MATCH, REASON_SAME_CERT);
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
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_TOO_FEW);
	unsigned looks = w->n_looks;
	world_is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	r.key.port = 8443;   /* nor by another port of it */
	world_is(world_check(w, 3, &r), VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
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
	world_is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	unsigned looks = w->n_looks;
	world_is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_looks, looks);
	/* another certificate is not in memory's good books: the others' answers are known, and differ */
	struct cert_request lie = world_request(7, 7);
	lie.clicked = false;
	assert_int_equal(world_check(w, 3, &lie)->verdict, VERDICT_MISMATCH);
	assert_int_equal(w->n_looks, looks);
	/* a new first exit, the same certificate, without asking anybody */
	w->carrier[0] = 8;
	world_is(world_check(w, 4, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->n_looks, looks);
	world_free(w);
	/* without the browser's own chain a new first exit would have to be asked */
	w = world_new(9);
	r = world_request(0, 0);
	r.clicked = false;
	world_is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	w->carrier[0] = 8;
	looks = w->n_looks;
	world_is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
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
		world_is(world_result(w, i + 1), VERDICT_MATCH, REASON_SAME_CERT);
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
		world_is(g, VERDICT_UNDECIDED, g->asked ? REASON_TOO_FEW : REASON_TIMEOUT);
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
	world_is(world_check(w, 1, &good), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(nonsense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
