/* The certificate check in a scripted world (world.h): the first exit, what is exempt, exits that lie, other ways to ask. */
// uses: tests/unit/world.c host/feature/certcheck.c host/feature/check.c host/feature/check_first.c host/feature/check_slots.c host/feature/check_look.c host/feature/check_kin.c host/feature/check_verdict.c host/feature/check_https.c host/feature/check_plain.c host/feature/url.c host/priv/fetchmsg.c host/base/buf.c host/base/rd.c host/feature/check_result.c host/feature/circuit.c host/feature/session.c host/feature/chains.c host/feature/limits_auto.c host/feature/classes.c host/base/verdict.c host/base/httpsverdict.c host/base/err.c host/engine/target.c
// libs: -lsodium
#include "world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OFFER 1

/* ---- the first exit ---- */

static void first_exit_is_silent(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].fails = ERR_TLS_PROTOCOL;
	struct cert_request r = world_request(0, 0);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_UNDECIDED, REASON_FIRST_SILENT);
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
	world_is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
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
	world_is(g, VERDICT_UNDECIDED, REASON_FIRST_SILENT);
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
	world_is(g, VERDICT_UNDECIDED, REASON_FIRST_SILENT);
	assert_int_equal(world_looks_of_others(w), 3);
	assert_true(g->elapsed_ms < 2000);
	world_free(w);
}

/* With the browser's own chain at hand a probe that is stuck before its end holds no match up. */
static void a_stalling_probe_beside_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->exit[1].stalls = true;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_in_range(g->elapsed_ms, 100, 130);
	assert_int_equal(w->n_cancelled, 1);
	world_free(w);
}

/* One that is nearly done holds it up for 50 ms, no longer. */
static void a_late_probe_beside_the_offer(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->look_ms = 1000;
	w->exit[1].ms = 1100;            /* begins at 250 + 10 or so, shakes hands from 810 on, would be done at 1360 */
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_in_range(g->elapsed_ms, 1050, 1080);
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
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_true(g->elapsed_ms < 150);
	world_free(w);
}

static void our_own_probe_dissents(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show(w, 1, 4, 4, false);
	struct cert_request r = world_request(OFFER, 1);
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_FIRST_DIFFERS);
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
		world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
		assert_int_equal(w->exit[3].looks + w->exit[4].looks, 0);
		assert_int_equal(g->n_paths, 2);
		world_free(w);
		/* they disagree */
		w = world_new(9);
		w->carrier[1] = 2;
		w->n_carriers = 2;
		world_show(w, 2, 4, 4, false);
		world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_FIRST_DIFFERS);
		world_free(w);
	}
	/* all of them are waited for */
	struct world *w = world_new(9);
	w->carrier[1] = 2;
	w->n_carriers = 2;
	w->exit[2].ms = 2000;
	struct cert_request slow = world_request(0, 0);
	world_is(world_check(w, 1, &slow), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(world_result(w, 1)->n_first, 2);
	world_free(w);
	/* one of them is silent, and it may be the browser's */
	w = world_new(9);
	w->carrier[1] = 2;
	w->n_carriers = 2;
	w->exit[2].fails = ERR_CIRCUIT;
	struct cert_request r = world_request(0, 0);
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_FIRST_SILENT);
	world_free(w);
}

static void first_exit_unknown(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->n_carriers = 0;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN);
	assert_int_equal(g->error, ERR_FIRST_UNKNOWN);
	assert_int_equal(w->n_looks, 0);
	/* a candidate whose exit is not known: independence of it can't be promised */
	w->n_carriers = 2;
	w->carrier[1] = 2;
	w->carrier_has_hole = true;
	world_is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN);
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
	world_is(world_check(w, 1, &r), VERDICT_EXEMPT, REASON_ONION);
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
	world_is(g, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN);
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
	world_is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

static void exempt_direct(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(OFFER, 1);
	r.proxy = CERT_PROXY_DIRECT;
	world_is(world_check(w, 1, &r), VERDICT_EXEMPT, REASON_NOT_TOR);
	strcpy(r.key.host, "192.168.1.1");
	world_is(world_check(w, 2, &r), VERDICT_EXEMPT, REASON_NOT_TOR);
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
		world_is(world_check(w, i + 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
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
		world_is(g, VERDICT_UNDECIDED, REASON_PRIVATE_TARGET);
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
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
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
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(world_looks_of_others(w), 4);
	world_show(w, 2, 6, 6, false);   /* but it dissents */
	strcpy(r.key.host, "two.test");
	world_is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	/* and stays so for the session */
	world_is(world_check(w, 3, &r), VERDICT_UNDECIDED, REASON_DISSENT);
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
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->exit[2].looks, 1);
	assert_int_equal(w->exit[3].looks, 0);
	assert_int_equal(w->exit[4].looks, 1);
	assert_int_equal(w->exit[5].looks, 1);
	assert_true(w->last_draw.is_ipv6);
	/* without the offer there is no way to ask the first exit itself */
	r = world_request(0, 0);
	strcpy(r.key.host, "two.test");
	world_is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_FIRST_SILENT);
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
		world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
		assert_int_equal(world_looks_of_others(w), k);
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
	world_is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
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
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(g->first[0].exit, 1);
	assert_int_equal(w->n_first, 0);
	r.first = CERT_FIRST_GIVEN;
	r.first_exit[0] = 6;
	r.first_exit[19] = 0xee;
	strcpy(r.key.host, "two.test");
	g = world_check(w, 2, &r);
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(g->first[0].exit, 6);
	/* a site that is fine everywhere */
	for (unsigned i = 1; i <= 9; i++)
		world_show(w, i, 9, 9, true);
	strcpy(r.key.host, "three.test");
	world_is(world_check(w, 3, &r), VERDICT_MATCH, REASON_SAME_CERT);
	/* an exit that does not exist */
	r.first_exit[0] = 60;
	w->exit[60].is_unusable = true;
	strcpy(r.key.host, "four.test");
	world_is(world_check(w, 4, &r), VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_exit_is_silent), cmocka_unit_test(a_broken_circuit_of_the_first_exit_gets_a_second),
		cmocka_unit_test(a_stalling_first_exit_without_the_offer),
		cmocka_unit_test(a_silent_first_exit_ends_the_asking), cmocka_unit_test(a_stalling_probe_beside_the_offer),
		cmocka_unit_test(a_late_probe_beside_the_offer),
		cmocka_unit_test(a_failed_probe_beside_the_offer_is_not_waited_for),
		cmocka_unit_test(our_own_probe_dissents), cmocka_unit_test(several_candidates),
		cmocka_unit_test(first_exit_unknown), cmocka_unit_test(exempt_onion),
		cmocka_unit_test(an_onion_name_through_an_exit_is_not_exempt),
		cmocka_unit_test(an_onion_circuit_beside_an_exit_exempts_nothing), cmocka_unit_test(exempt_direct),
		cmocka_unit_test(names_are_checked_however_they_are_spelt), cmocka_unit_test(private_literals),
		cmocka_unit_test(a_circuit_that_ended_elsewhere_is_no_answer),
		cmocka_unit_test(a_wrong_signature_never_corroborates), cmocka_unit_test(without_mapping),
		cmocka_unit_test(other_numbers_of_exits), cmocka_unit_test(chance_to_meet_the_same_operator),
		cmocka_unit_test(two_continents), cmocka_unit_test(from_the_shell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
