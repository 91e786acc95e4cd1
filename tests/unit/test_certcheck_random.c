/* Random worlds: exits that show, fail, stall, hang, lie by turns; a tor that comes and goes; browsers that change exits,
 * click, cancel, take new identities. Whatever happens, what must never happen does not:
 *   every check ends, once, within 25 s; nothing stays pending;
 *   a match has k answers of k exits, independent of the browser's exits and of each other, equal to the first exit's,
 *   and nobody of this session showed another certificate or a valid chain of another one;
 *   the same question asked again from the same place never turns a mismatch into anything else. */
// uses: tests/unit/world.c host/feature/certcheck.c host/feature/check.c host/feature/check_first.c host/feature/check_slots.c host/feature/check_look.c host/feature/check_kin.c host/feature/check_verdict.c host/feature/check_https.c host/feature/check_plain.c host/feature/url.c host/priv/fetchmsg.c host/base/buf.c host/base/rd.c host/feature/check_result.c host/feature/circuit.c host/feature/session.c host/feature/chains.c host/feature/limits_auto.c host/feature/classes.c host/base/verdict.c host/base/httpsverdict.c host/base/err.c host/engine/target.c
// libs: -lsodium
#include "world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { WORLDS = 4000, CHECKS = 6 };

static uint64_t seed;
static unsigned dice(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % n);
}

static void random_exit(struct world *w, unsigned i)
{
	static const enum err errs[] = { ERR_SOCKS_CONN, ERR_CIRCUIT, ERR_TLS_PROTOCOL, ERR_TLS_SIGNATURE, ERR_EXIT_WRONG };
	static const char *const countries[] = { "DE", "SE", "US", "??" };
	struct fake_exit *x = &w->exit[i];
	uint8_t leaf = (uint8_t)(dice(3) ? 1 : 1 + dice(4));
	*x = (struct fake_exit){ .group = dice(4) ? i : 1 + dice(w->n_exits), .country = countries[dice(4)],
	                         .ms = 1 + dice(dice(5) ? 500 : 13000) };
	x->shows = (struct shown){ leaf, (uint8_t)(dice(6) ? leaf : 1), dice(12) == 0, dice(10) == 0 };
	if (dice(6) == 0)
		x->then = (struct shown){ (uint8_t)(1 + dice(4)), (uint8_t)(1 + dice(3)), dice(6) == 0, false };
	if (dice(5) == 0)
		x->fails = errs[dice(5)];
	x->fails_times = dice(2);
	x->stalls = dice(9) == 0;
	x->hangs = dice(12) == 0;
	x->is_wrong_hop = dice(14) == 0;
}

static struct world *random_world(void)
{
	struct world *w = world_new(3 + dice(14));
	for (unsigned i = 1; i <= w->n_exits; i++)
		random_exit(w, i);
	w->roots = dice(10) ? ROOTS_SYSTEM : ROOTS_NONE;
	w->is_free = dice(12) == 0;
	w->judge_err = dice(15) ? OK : ERR_ROLE_DIED;
	w->good_country = dice(3) ? "DE" : NULL;
	return w;
}

static void random_carriers(struct world *w)
{
	w->n_carriers = dice(8) ? 1 : 2;
	for (unsigned i = 0; i < w->n_carriers; i++)
		w->carrier[i] = (uint8_t)(1 + dice(w->n_exits));
}

static struct cert_request random_request(void)
{
	static const int32_t errors[] = { -16370, -8179, -16368, 0 };
	struct cert_request r = world_request((uint8_t)(dice(2) ? 1 + dice(2) : 0), (uint8_t)(1 + dice(2)));
	r.clicked = dice(4) != 0;
	r.retry = dice(2);
	r.error = errors[dice(4)];
	r.same_country = dice(8) == 0;
	r.k = 1 + dice(4);
	if (dice(4) == 0)
		strcpy(r.key.host, "other.test");
	return r;
}

/* What a match claims, proved from its own answers. */
static void match_is_proved(const struct world *w, const struct got *g, bool has_offer)
{
	unsigned counting = 0;
	assert_true(g->n_fingerprints > 0 && g->n_first > 0);
	assert_int_not_equal(g->roots, ROOTS_NONE);
	assert_true(g->first[0].has_cert);
	for (size_t i = 0; i < g->n_first; i++)
		if (i > 0 && g->first[i].has_cert)
			assert_int_not_equal(g->first[i].agrees, CERT_AGREES_NOT);
	for (size_t i = 0; i < g->n_others; i++) {
		if (!g->others[i].has_cert)
			continue;
		if (!g->weaker && g->others[i].counts)
			assert_int_not_equal(g->others[i].agrees, CERT_AGREES_NOT);
		if (g->others[i].is_valid)
			assert_int_not_equal(g->others[i].agrees, CERT_AGREES_NOT);
		if (!g->others[i].counts || g->others[i].agrees == CERT_AGREES_NOT)
			continue;
		counting++;
		unsigned group = w->exit[g->others[i].exit].group;
		for (unsigned c = 0; c < w->n_carriers; c++)
			assert_int_not_equal(w->exit[w->carrier[c]].group, group);
		for (size_t j = 0; j < i; j++)
			if (g->others[j].has_cert && g->others[j].counts)
				assert_int_not_equal(w->exit[g->others[j].exit].group, group);
	}
	assert_true(counting >= g->k);
	bool has_probe = false;
	for (size_t i = 0; i < g->n_first; i++)
		has_probe |= g->first[i].has_cert && g->first[i].source == CERT_SOURCE_PROBE;
	assert_true(has_probe || has_offer);
}

static void disturb(struct world *w, uint32_t id)
{
	switch (dice(12)) {
	case 0: world_tor(w, ERR_TOR_LOST); break;
	case 1: certcheck_cancel(w->check, id); break;
	case 2: certcheck_newnym(w->check); break;
	case 3: {
		struct circuit_request c = { .dry = dice(2) };
		c.key = world_request(0, 0).key;
		(void)!certcheck_new_circuit(w->check, id + 5000, &c);
		break;
	}
	default: break;
	}
}

static void run_world(unsigned long counts[static REASON_COUNT])
{
	struct world *w = random_world();
	for (uint32_t id = 1; id <= CHECKS; id++) {
		if (id == 1 || dice(3) == 0)
			random_carriers(w);
		if (dice(6) == 0)
			random_exit(w, 1 + dice(w->n_exits));
		struct cert_request r = random_request();
		world_start(w, id, &r);
		world_run(w, dice(600));
		unsigned identities = w->n_newnym;
		if (dice(3) == 0)
			disturb(w, id);
		world_run(w, dice(3000));
		if (w->tor != OK && dice(3))
			world_tor(w, OK);
		world_run(w, CHECK_DEADLINE_MS);
		const struct got *g = world_result(w, id);
		assert_non_null(g);
		assert_true(g->elapsed_ms <= CHECK_DEADLINE_MS);
		counts[g->reason]++;
		if (g->verdict == VERDICT_MATCH)
			match_is_proved(w, g, r.n_offered > 0);
		if (g->verdict == VERDICT_MISMATCH && r.n_offered && w->n_newnym == identities) {
			/* a mismatch stays for that certificate */
			struct cert_request again = r;
			again.clicked = again.retry = true;
			world_start(w, id + 1000, &again);
			world_run(w, CHECK_DEADLINE_MS);
			g = world_result(w, id + 1000);
			assert_non_null(g);
			if (g->reason != REASON_TOR)
				assert_int_equal(g->verdict, VERDICT_MISMATCH);
		}
		if (dice(2))
			world_tor(w, OK);
	}
	world_free(w);
}

static void random_worlds(void **state)
{
	(void)state;
	static unsigned long counts[REASON_COUNT];
	for (unsigned i = 0; i < WORLDS; i++) {
		seed = 0x9e3779b97f4a7c15u + i * 0x2545f4914f6cdd1du;
		run_world(counts);
	}
	for (int r = 0; r < REASON_COUNT; r++)
		if (counts[r])
			print_message("%-22s %lu\n", reason_name((enum reason)r), counts[r]);
	assert_true(counts[REASON_SAME_CERT] > 100 && counts[REASON_OTHERS_VALID] > 100 && counts[REASON_DISSENT] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_worlds) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
