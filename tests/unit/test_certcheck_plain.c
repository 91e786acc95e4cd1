/* "Is this page really only http?", from request to result in the scripted world (world.h). Exit 1 brought the browser a plain page. */
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
	r.is_plain = true;
	r.error = 0;
	strcpy(r.page.url, "http://example.test/a?b");
	strcpy(r.page.user_agent, "Mozilla/5.0 (test)");
	strcpy(r.page.accept, "text/html");
	strcpy(r.page.accept_language, "en-US");
	return r;
}

static void is(const struct got *g, enum verdict v, enum reason r)
{
	assert_string_equal(reason_name(g->reason), reason_name(r));
	assert_int_equal(g->verdict, v);
	assert_int_equal(g->n_fingerprints, 0);
	assert_true(g->elapsed_ms <= CHECK_DEADLINE_MS);
}

/* The site sends everybody to HTTPS; the first exit keeps its visitors on plain pages. */
static struct world *stripping(const char *leads)
{
	struct world *w = world_new(12);
	for (unsigned x = 2; x <= w->n_exits; x++) {
		w->exit[x].leads = leads;
		world_show(w, x, 9, 9, true);
	}
	w->exit[1].fails = ERR_SOCKS_CONN;
	return w;
}

static void withheld(void **state)
{
	(void)state;
	static const char *const leads[] = { "https://example.test/a?b", "https://example.test", "//example.test/", "HTTPS://EXAMPLE.test/",
		"https://login.example.test/", "https://elsewhere.test/" };
	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
		struct world *w = stripping(leads[i]);
		struct cert_request r = ask();
		const struct got *g = world_check(w, 1, &r);
		/* "//host" keeps the scheme: it is another plain address. */
		bool is_plain_redirect = leads[i][0] == '/';
		is(g, is_plain_redirect ? VERDICT_UNDECIDED : VERDICT_MISMATCH, is_plain_redirect ? REASON_REDIRECTS : REASON_HTTPS_WITHHELD);
		assert_int_equal(g->answered, 3);
		assert_string_equal(w->last_host, "example.test");   /* what another site shows says nothing of this one */
		assert_int_equal(w->last_port, 443);
		world_free(w);
	}
}

/* The site under its other usual name: TLS is looked at where the redirect leads. */
static void its_other_name(void **state)
{
	(void)state;
	struct world *w = stripping("https://www.example.test:8443/a");
	w->exit[1].leads = "https://www.example.test:8443/a";
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_HTTPS_SELECTIVE);
	assert_string_equal(w->last_host, "www.example.test");
	assert_int_equal(w->last_port, 8443);
	world_free(w);
	w = stripping("https://example.test/");
	strcpy(r.key.host, "www.example.test");
	strcpy(r.page.url, "http://www.example.test/");
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
	assert_string_equal(w->last_host, "example.test");
	world_free(w);
}

/* Nobody but the first exit gets a plain page at all, and HTTPS is there. */
static void only_encrypted(void **state)
{
	(void)state;
	static const enum err how[] = { ERR_SOCKS_CONN, ERR_CLOSED, ERR_HTTP_PROTOCOL, ERR_TIMEOUT };
	for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
		struct world *w = stripping(NULL);
		for (unsigned x = 2; x <= w->n_exits; x++)
			w->exit[x].plain_fails = how[i];
		struct cert_request r = ask();
		is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
		world_free(w);
	}
}

static void really_plain(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	for (unsigned x = 1; x <= 8; x++)
		w->exit[x].fails = ERR_SOCKS_CONN;
	struct cert_request r = ask();
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MATCH, REASON_NO_HTTPS);
	assert_int_equal(g->answered, 3);
	assert_int_equal(w->n_fetches, 4);
	assert_int_equal(w->first_port, 80);   /* the connection that brought the page */
	assert_string_equal(w->last_url, "http://example.test/a?b");
	assert_string_equal(w->last_lines, "User-Agent: Mozilla/5.0 (test)\nAccept: text/html\nAccept-Language: en-US\nUpgrade-Insecure-Requests: 1\n");
	world_free(w);
}

static void https_beside_it(void **state)
{
	(void)state;
	struct world *w = world_new(8);
	world_show_all(w, 9, 9, true);
	world_show(w, 1, 9, 9, true);
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_MATCH, REASON_HTTPS_OPTIONAL);
	world_free(w);
}

/* One exit alone can forge a redirect, or swallow one: it accuses nobody and acquits nobody. */
static void one_differs(void **state)
{
	(void)state;
	for (unsigned at = 2; at <= 4; at++)
		for (int is_redirect = 0; is_redirect < 2; is_redirect++) {
			struct world *w = world_new(8);
			for (unsigned x = 1; x <= 8; x++) {
				w->exit[x].leads = (x == at) == is_redirect && x > 1 ? "https://example.test/" : NULL;
				world_show(w, x, 9, 9, true);
			}
			struct cert_request r = ask();
			const struct got *g = world_check(w, 1, &r);
			is(g, VERDICT_UNDECIDED, REASON_DISSENT);
			assert_false(g->retry_useful);
			world_free(w);
		}
}

/* All are led to a site that nobody can prove to be there. */
static void no_valid_chain(void **state)
{
	(void)state;
	struct world *w = stripping("https://example.test/");
	world_show_all(w, 9, 9, false);
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_HTTPS_UNCLEAR);
	world_free(w);
}

/* Faults of circuits and exits are no answers; others are asked. */
static void faults(void **state)
{
	(void)state;
	static const enum err how[] = { ERR_CIRCUIT, ERR_EXIT_POLICY, ERR_SOCKS_GENERAL, ERR_EXIT_WRONG };
	for (size_t i = 0; i < sizeof how / sizeof *how; i++)
		for (int all = 0; all < 2; all++) {
			struct world *w = stripping("https://example.test/");
			for (unsigned x = 2; x <= (all ? w->n_exits : 3); x++)
				w->exit[x].plain_fails = how[i];
			struct cert_request r = ask();
			const struct got *g = world_check(w, 1, &r);
			if (!all)
				is(g, VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
			assert_int_equal(g->verdict, all ? VERDICT_UNDECIDED : VERDICT_MISMATCH);
			world_free(w);
		}
}

/* A stream that ended in another exit than the one that was asked for is no answer of that one. */
static void the_wrong_exit(void **state)
{
	(void)state;
	struct world *w = stripping("https://example.test/");
	for (unsigned x = 2; x <= w->n_exits; x++)
		w->exit[x].is_wrong_hop = true;
	struct cert_request r = ask();
	assert_int_equal(world_check(w, 1, &r)->verdict, VERDICT_UNDECIDED);
	world_free(w);
}

/* The head is all that is wanted. */
static void cut_behind_the_head(void **state)
{
	(void)state;
	struct world *w = stripping("https://example.test/");
	for (unsigned x = 1; x <= w->n_exits; x++)
		w->exit[x].is_cut = true;
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
	world_free(w);
}

static void a_first_exit_that_stalls(void **state)
{
	(void)state;
	struct world *w = stripping("https://example.test/");
	w->exit[1].stalls = true;
	struct cert_request r = ask();
	const struct got *g = world_check(w, 1, &r);
	is(g, VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
	assert_true(g->elapsed_ms < 2 * CHECK_SHOW_MS + 1000);
	world_free(w);
}

static void only_by_a_click(void **state)
{
	(void)state;
	struct world *w = stripping("https://example.test/");
	struct cert_request r = ask();
	r.clicked = false;
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	assert_int_equal(w->n_fetches + w->n_looks + w->n_draws + w->n_first + w->n_warm, 0);
	world_free(w);
}

/* Asked again at once it is said from memory; later the same exits are asked, never others in their place. */
static void again(void **state)
{
	(void)state;
	struct world *w = stripping("https://example.test/");
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
	unsigned fetches = w->n_fetches;
	is(world_check(w, 2, &r), VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
	assert_int_equal(w->n_fetches, fetches);
	world_run(w, HTTPS_MEMORY_MS + 1000);
	for (unsigned x = 2; x <= w->n_exits; x++)
		w->exit[x].leads = NULL;
	w->exit[1].fails = OK;
	world_show(w, 1, 9, 9, true);
	is(world_check(w, 3, &r), VERDICT_MATCH, REASON_HTTPS_OPTIONAL);
	for (unsigned x = 2; x <= w->n_exits; x++)
		assert_true(w->exit[x].fetches == 0 || w->exit[x].fetches == 2);
	world_free(w);
}

/* Apart from what failed encrypted navigations know of the same site, both ways. */
static void apart(void **state)
{
	(void)state;
	struct world *w = stripping("https://example.test/");
	struct cert_request r = ask(), failed = ask();
	failed.is_plain = false;
	is(world_check(w, 1, &r), VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
	unsigned looks = w->n_looks;
	is(world_check(w, 2, &failed), VERDICT_MISMATCH, REASON_HTTPS_WITHHELD);
	assert_true(w->n_looks > looks);
	world_free(w);
}

static void no_tor(void **state)
{
	(void)state;
	struct world *w = stripping("https://example.test/");
	world_tor(w, ERR_TOR_LOST);
	struct cert_request r = ask();
	is(world_check(w, 1, &r), VERDICT_UNDECIDED, REASON_TOR);
	world_free(w);
}

static void wiped_in_the_middle(void **state)
{
	(void)state;
	for (unsigned ms = 1; ms < 400; ms += 7) {
		struct world *w = stripping("https://example.test/");
		struct cert_request r = ask();
		world_start(w, 1, &r);
		world_run(w, ms);
		certcheck_wipe(w->check);
		assert_int_equal(world_pending(w), 0);
		world_free(w);
	}
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	static const char *const urls[] = { "", "https://example.test/", "http://other.test/", "http://example.test:8080/", "ftp://example.test/",
		"http://u:p@example.test/", "http://example.test/\x7f", "example.test", "http://www.example.test/" };
	struct world *w = world_new(8);
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		struct cert_request r = ask();
		strcpy(r.page.url, urls[i]);
		assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	}
	struct cert_request r = ask();
	r.key.port = 8443;   /* another site's than that of the usual port */
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	r = ask();
	r.is_loop = true;
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	r = ask();
	r.question = QUESTION_CERT;
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	r = ask();
	r.first = CERT_FIRST_DRAWN;
	assert_int_equal(certcheck_start(w->check, 1, &r), ERR_MSG_FIELD);
	/* An odd port stays; the usual one of plain pages belongs to the usual one of encrypted ones. */
	r = ask();
	strcpy(r.page.url, "http://EXAMPLE.test.:443/");
	r.clicked = false;
	is(world_check(w, 2, &r), VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(withheld), cmocka_unit_test(its_other_name), cmocka_unit_test(only_encrypted),
		cmocka_unit_test(really_plain), cmocka_unit_test(https_beside_it), cmocka_unit_test(one_differs),
		cmocka_unit_test(no_valid_chain), cmocka_unit_test(faults), cmocka_unit_test(the_wrong_exit),
		cmocka_unit_test(cut_behind_the_head), cmocka_unit_test(a_first_exit_that_stalls), cmocka_unit_test(only_by_a_click),
		cmocka_unit_test(again), cmocka_unit_test(apart), cmocka_unit_test(no_tor), cmocka_unit_test(wiped_in_the_middle),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
