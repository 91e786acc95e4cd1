/* The question whether HTTPS is withheld, from request to result in the scripted world (world.h). Exit 1 carried the
 * browser's connection, which failed before any certificate. */
// uses: tests/unit/world.c host/feature/certcheck.c host/feature/check.c host/feature/check_first.c host/feature/check_slots.c host/feature/check_look.c host/feature/check_kin.c host/feature/check_verdict.c host/feature/check_https.c host/feature/check_plain.c host/feature/url.c host/priv/fetchmsg.c host/base/buf.c host/base/rd.c host/feature/check_result.c host/feature/circuit.c host/feature/session.c host/feature/chains.c host/feature/limits_auto.c host/feature/classes.c host/base/verdict.c host/base/httpsverdict.c host/base/err.c host/engine/target.c
// libs: -lsodium
#include "world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct cert_request ask(void)
{
	struct cert_request r = world_request(0, 0);
	r.question = QUESTION_HTTPS;
	r.error = 0;
	return r;
}

static void fail_all(struct world *w, unsigned from, enum err e)
{
	for (unsigned i = from; i <= w->n_exits; i++)
		w->exit[i].fails = e;
}

/* What came out carries no fingerprint: this question opens no door of a certificate. */
static void is(const struct got *g, enum verdict v, enum reason r)
{
	assert_string_equal(reason_name(g->reason), reason_name(r));
	assert_int_equal(g->verdict, v);
	assert_int_equal(g->n_fingerprints, 0);
}

static void withheld(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].fails = ERR_SOCKS_CONN;
	world_show_all(w, 9, 9, true);
	struct cert_request r = ask();
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
	assert_true(g->first[0].is_none && !g->first[0].has_cert && g->first[0].error == ERR_SOCKS_CONN);
	assert_true(g->others[0].has_cert && g->others[0].is_valid);
	assert_false(g->retry_useful);
	world_free(w);
}

/* One valid chain is enough, whatever else is seen, and even by an exit that is no independent one. */
static void one_valid_chain(void **state)
{
	(void)state;
	for (unsigned at = 2; at <= 4; at++) {
		struct world *w = world_new(8);
		fail_all(w, 1, ERR_SOCKS_CONN);
		w->exit[at].fails = OK;
		world_show(w, at, 9, 9, true);
		struct cert_request r = ask();
		is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
		world_free(w);
	}
}

static void selective(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show_all(w, 9, 9, true);
	world_show(w, 1, 9, 9, true);
	w->exit[1].ms = 900;   /* later than the others: waited for, because it says who is accused */
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_HTTPS_SELECTIVE);
	world_free(w);
}

static void a_probe_that_stalls_does_not_hold_the_accusation_up(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show_all(w, 9, 9, true);
	w->exit[1].stalls = true;
	struct cert_request r = ask();
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
	assert_true(g->elapsed_ms < 2 * CHECK_SHOW_MS + 500);
	world_free(w);
}

/* Every way in which a site can have no TLS; all of k say so. */
static void no_https(void **state)
{
	(void)state;
	static const enum err how[] = { ERR_SOCKS_CONN, ERR_SOCKS_NET, ERR_SOCKS_HOST, ERR_SOCKS_TTL, ERR_CLOSED,
		ERR_TLS_ALERT, ERR_TLS_PROTOCOL, ERR_TLS_NO_CERT, ERR_TLS_VERSION, ERR_TOO_BIG, ERR_TIMEOUT };
	for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
		struct world *w = world_new(8);
		fail_all(w, 1, how[i]);
		struct cert_request r = ask();
		const struct got *g = world_check(w, 1, &r);
		is(g, VERDICT_MATCH, REASON_NO_HTTPS);
		assert_int_equal(g->answered, 3);
		assert_int_equal(g->error, OK);
		assert_int_equal(g->others[0].error, how[i]);
		world_free(w);
	}
}

/* Faults of circuits, exits and of our own tor are no answers: others are asked, and none of them says "no HTTPS". */
static void faults_are_no_answers(void **state)
{
	(void)state;
	static const enum err how[] = { ERR_CIRCUIT, ERR_EXIT_WRONG, ERR_EXIT_POLICY, ERR_SOCKS_GENERAL, ERR_SOCKS_RULESET,
		ERR_SOCKS_PROTOCOL, ERR_NOMEM, ERR_TOR_LOST, ERR_TOR_COMMAND, ERR_CANCELLED };
	for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
		struct world *w = world_new(20);
		fail_all(w, 1, how[i]);
		struct cert_request r = ask();
		const struct got *g = world_check(w, 1, &r);
		assert_int_equal(g->verdict, VERDICT_UNDECIDED);
		world_free(w);
	}
}

/* The same words before the exit was asked to connect are the circuit's, or the proxy's. */
static void only_what_reached_the_exit(void **state)
{
	(void)state;
	static const enum err how[] = { ERR_SOCKS_CONN, ERR_CLOSED, ERR_TIMEOUT, ERR_TLS_PROTOCOL };
	for (size_t i = 0; i < sizeof how / sizeof *how; i++)
		for (int step = STEPS_BUILT; step <= STEPS_SENT; step++) {
			struct world *w = world_new(20);
			fail_all(w, 1, how[i]);
			for (unsigned x = 1; x <= 20; x++)
				w->exit[x].steps = (unsigned)step;
			struct cert_request r = ask();
			const struct got *g = world_check(w, 1, &r);
			bool counts = step == STEPS_SENT && how[i] == ERR_SOCKS_CONN;
			assert_int_equal(g->verdict, counts ? VERDICT_MATCH : VERDICT_UNDECIDED);
			assert_int_equal(g->reason, counts ? REASON_NO_HTTPS : REASON_TOO_FEW);
			world_free(w);
		}
}

/* Our own network may be down: silence of one circuit to each exit says nothing; of a second one it does. */
static void silence(void **state)
{
	(void)state;
	for (int step = STEPS_SENT; step <= STEPS_SENT_TWICE; step++) {
		struct world *w = world_new(20);
		for (unsigned x = 1; x <= 20; x++) {
			w->exit[x].stalls = true;
			w->exit[x].steps = (unsigned)step;
		}
		struct cert_request r = ask();
		const struct got *g = world_check(w, 1, &r);
		if (step == STEPS_SENT_TWICE)
			is(g, VERDICT_MATCH, REASON_NO_HTTPS);
		else
			assert_int_equal(g->verdict, VERDICT_UNDECIDED);
		assert_true(g->elapsed_ms <= CHECK_DEADLINE_MS);
		world_free(w);
	}
}

static void a_silent_role_is_no_answer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	for (unsigned x = 1; x <= 8; x++)
		w->exit[x].hangs = true;
	struct cert_request r = ask();
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_UNDECIDED, REASON_TOR);
	assert_true(g->elapsed_ms <= CHECK_DEADLINE_MS);
	world_free(w);
}

static void unclear(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	fail_all(w, 1, ERR_SOCKS_CONN);
	w->exit[3].fails = OK;   /* shows a self-signed certificate */
	struct cert_request r = ask();
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_UNDECIDED, REASON_HTTPS_UNCLEAR);
	assert_int_equal(g->answered, 3);
	world_free(w);
}

static void it_is_back(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	fail_all(w, 2, ERR_SOCKS_CONN);
	world_show(w, 1, 9, 9, true);
	w->exit[1].ms = 3000;   /* long after the others: what opens a door waits for it */
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_HTTPS_BACK);
	world_free(w);
}

static void no_roots(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->roots = ROOTS_NONE;
	world_show_all(w, 9, 9, true);
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_NO_ROOTS);
	world_free(w);
}

static void no_independent_exit(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	for (unsigned x = 1; x <= 8; x++)
		w->exit[x].group = 1;
	w->exit[1].fails = ERR_SOCKS_CONN;
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	world_free(w);
}

/* ---- memory ---- */

static void asked_anew_through_the_same_exits(void **state)
{
	(void)state;
	struct world *w = world_new(20);
	fail_all(w, 1, ERR_SOCKS_CONN);
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_NO_HTTPS);
	unsigned looks = w->n_looks;
	is(world_check(w, 2, &r), VERDICT_MATCH, REASON_NO_HTTPS);
	assert_int_equal(w->n_looks, looks);   /* fresh: from memory */
	world_run(w, HTTPS_MEMORY_MS + 1000);
	is(world_check(w, 3, &r), VERDICT_MATCH, REASON_NO_HTTPS);
	assert_int_equal(w->n_looks, 2 * looks);
	for (unsigned x = 2; x <= 20; x++)
		assert_true(w->exit[x].looks == 0 || w->exit[x].looks == 2);   /* clicking fishes no other exits */
	world_free(w);
}

/* The site had HTTPS, and is down everywhere now: nobody is accused, and it is not opened without. */
static void it_was_there(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].fails = ERR_SOCKS_CONN;
	world_show_all(w, 9, 9, true);
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
	world_run(w, HTTPS_MEMORY_MS + 1000);
	fail_all(w, 1, ERR_SOCKS_CONN);
	const struct got *g = world_check(w, 2, &r);
	is(g, VERDICT_UNDECIDED, REASON_HTTPS_WAS_THERE);
	assert_true(g->retry_useful);
	world_free(w);
}

/* Apart from what the certificate's check of the same site knows, both ways. */
static void apart_from_certificates(void **state)
{
	(void)state;
	struct world *w = world_new(20);
	struct cert_request cert = world_request(1, 1), https = ask();
	assert_int_equal(world_check(w, 1, &cert)->verdict, VERDICT_MATCH);
	fail_all(w, 1, ERR_SOCKS_CONN);
	is(world_check(w, 2, &https), VERDICT_MATCH, REASON_NO_HTTPS);
	assert_int_equal(world_check(w, 3, &cert)->verdict, VERDICT_MATCH);
	world_free(w);
}

static void counted_among_the_automatic_ones(void **state)
{
	(void)state;
	struct world *w = world_new(20);
	fail_all(w, 1, ERR_SOCKS_CONN);
	struct cert_request r = ask();
	r.clicked = false;
	for (unsigned i = 0; i < AUTO_CHECKS_MAX; i++) {
		snprintf(r.key.host, sizeof r.key.host, "site%u.test", i);
		is(world_check(w, i + 1, &r), VERDICT_MATCH, REASON_NO_HTTPS);
	}
	strcpy(r.key.host, "one-more.test");
	is(world_check(w, 99, &r), VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	world_free(w);
}

static void a_new_circuit_is_left_for_both(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].fails = ERR_SOCKS_CONN;
	world_show_all(w, 9, 9, true);
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
	struct circuit_request left = { .key = r.key };
	assert_int_equal(certcheck_new_circuit(w->check, 2, &left), OK);
	world_run(w, HTTPS_MEMORY_MS);
	assert_int_equal(world_check(w, 3, &r)->still_same, STILL_SAME_YES);
	world_run(w, HTTPS_MEMORY_MS);
	w->carrier[0] = 8;
	assert_int_equal(world_check(w, 4, &r)->still_same, STILL_SAME_NO);
	world_free(w);
}

/* ---- the shell ---- */

static void the_shell(void **state)
{
	(void)state;
	static const struct { bool first, others; enum verdict v; enum reason r; } cases[] = {
		{ true, true, VERDICT_MATCH, REASON_HTTPS_THERE }, { false, true, VERDICT_MISMATCH, REASON_HTTPS_WITHHELD },
		{ true, false, VERDICT_UNDECIDED, REASON_DISSENT }, { false, false, VERDICT_MATCH, REASON_NO_HTTPS },
	};
	for (size_t i = 0; i < 4; i++) {
		struct world *w = world_new(8);
		for (unsigned x = 1; x <= 8; x++) {
			world_show(w, x, 9, 9, true);
			w->exit[x].fails = (x == 1 ? cases[i].first : cases[i].others) ? OK : ERR_SOCKS_CONN;
		}
		struct cert_request r = ask();
		r.first = CERT_FIRST_GIVEN;
		r.first_exit[0] = 1;
		r.first_exit[19] = 0xee;
		is(world_check(w, 1, &r), cases[i].v, cases[i].r);
		world_free(w);
	}
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(1, 1);
	r.question = QUESTION_HTTPS;
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	r = ask();
	r.same_country = true;
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	r = ask();
	r.question = (enum cert_question)2;
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(withheld), cmocka_unit_test(one_valid_chain), cmocka_unit_test(selective),
		cmocka_unit_test(a_probe_that_stalls_does_not_hold_the_accusation_up), cmocka_unit_test(no_https),
		cmocka_unit_test(faults_are_no_answers), cmocka_unit_test(only_what_reached_the_exit), cmocka_unit_test(silence),
		cmocka_unit_test(a_silent_role_is_no_answer), cmocka_unit_test(unclear), cmocka_unit_test(it_is_back),
		cmocka_unit_test(no_roots), cmocka_unit_test(no_independent_exit),
		cmocka_unit_test(asked_anew_through_the_same_exits), cmocka_unit_test(it_was_there),
		cmocka_unit_test(apart_from_certificates), cmocka_unit_test(counted_among_the_automatic_ones),
		cmocka_unit_test(a_new_circuit_is_left_for_both), cmocka_unit_test(the_shell),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
