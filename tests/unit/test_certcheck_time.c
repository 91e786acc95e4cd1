/* The certificate check in a scripted world (world.h): deadlines, a tor that goes away, New Identity, cancelling,
 * progress, new circuits, status. */
// uses: tests/unit/world.c host/feature/certcheck.c host/feature/check.c host/feature/check_first.c host/feature/check_slots.c host/feature/check_look.c host/feature/check_kin.c host/feature/check_verdict.c host/feature/check_https.c host/feature/check_plain.c host/feature/url.c host/priv/fetchmsg.c host/base/buf.c host/base/rd.c host/feature/check_result.c host/feature/circuit.c host/feature/session.c host/feature/chains.c host/feature/limits_auto.c host/feature/classes.c host/base/verdict.c host/base/httpsverdict.c host/base/err.c host/engine/target.c
// libs: -lsodium
#include "world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OFFER 1

/* ---- time ---- */

static void replacements_use_what_is_left(void **state)
{
	(void)state;
	struct world *w = world_new(9);
	w->exit[2].stalls = w->exit[3].stalls = true;
	struct cert_request r = world_request(OFFER, 1);
	const struct got *g = world_check(w, 1, &r);
	world_is(g, VERDICT_MATCH, REASON_SAME_CERT);
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
			world_is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
			world_free(w);
		}
}

static void slow_but_in_time(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	w->look_ms = 11000;
	struct cert_request r = world_request(OFFER, 1);
	world_is(world_check(w, 1, &r), VERDICT_MATCH, REASON_SAME_CERT);
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
	world_is(world_result(w, 1), VERDICT_MATCH, REASON_SAME_CERT);
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
		world_is(g, VERDICT_UNDECIDED, REASON_TOR);
		assert_int_equal(g->error, ERR_TOR_LOST);
		/* a person is told within seconds, and may go on as soon as it is back */
		assert_in_range(g->elapsed_ms, 500 + CHECK_TOR_WAIT_MS, 500 + CHECK_TOR_WAIT_MS + 50);
		world_tor(w, OK);
		r.retry = true;
		world_is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
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
			world_is(g, VERDICT_UNDECIDED, REASON_TOR);
			assert_int_equal(g->error, errs[i]);
			assert_true(g->elapsed_ms <= 5000);
			if (errs[i] == ERR_TOR_AUTH)
				assert_true(g->elapsed_ms < 100);   /* waiting does not mend it */
			w->tor = w->sync = OK;
			world_is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
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
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	world_start(w, 2, &r);
	strcpy(r.key.host, "two.test");
	world_start(w, 3, &r);
	world_run(w, 20);
	certcheck_newnym(w->check);
	assert_int_equal(w->n_newnym, 1);
	world_is(world_result(w, 3), VERDICT_UNDECIDED, REASON_CANCELLED);
	assert_int_equal(world_result(w, 3)->error, ERR_CANCELLED);
	assert_int_equal(world_pending(w), 0);
	/* the next check asks everybody anew, and the old dissent is gone with the old identity */
	world_show(w, 3, 1, 1, false);
	strcpy(r.key.host, "example.test");
	world_is(world_check(w, 4, &r), VERDICT_MATCH, REASON_SAME_CERT);
	assert_int_equal(w->exit[3].looks, 3);   /* once more for the check that was cancelled */
	world_free(w);
}

static void wipe(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show_all(w, 5, 5, false);
	struct cert_request r = world_request(OFFER, 1);
	assert_int_equal(world_check(w, 1, &r)->verdict, VERDICT_MISMATCH);
	certcheck_wipe(w->check);
	world_show_all(w, 1, 1, false);
	world_is(world_check(w, 2, &r), VERDICT_MATCH, REASON_SAME_CERT);
	world_free(w);
}

static void cancel_and_forget(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	struct cert_request r = world_request(OFFER, 1);
	world_start(w, 1, &r);
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_ID);
	for (unsigned ms = 0; ms < 210; ms += 7) {
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
	world_is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_DISSENT);
	struct cert_request other = r;
	strcpy(other.key.host, "other.test");
	world_start(w, 2, &r);
	world_start(w, 3, &other);
	certcheck_forget(w->check, &r.key);
	world_is(world_result(w, 2), VERDICT_UNDECIDED, REASON_CANCELLED);
	assert_null(world_result(w, 3));
	world_run(w, 1000);
	assert_non_null(world_result(w, 3));
	world_is(world_check(w, 4, &r), VERDICT_UNDECIDED, REASON_DISSENT);
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
		cmocka_unit_test(replacements_use_what_is_left), cmocka_unit_test(everything_stalls),
		cmocka_unit_test(slow_but_in_time), cmocka_unit_test(tor_restarts_in_the_middle),
		cmocka_unit_test(tor_stays_away), cmocka_unit_test(tor_is_not_there),
		cmocka_unit_test(new_identity_forgets_everything), cmocka_unit_test(wipe),
		cmocka_unit_test(cancel_and_forget), cmocka_unit_test(free_while_running), cmocka_unit_test(progress),
		cmocka_unit_test(a_new_circuit), cmocka_unit_test(a_new_circuit_without_tor), cmocka_unit_test(status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
