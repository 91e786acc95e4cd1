// uses: host/engine/circs.c host/engine/circs_event.c host/engine/circs_ask.c host/engine/torctl.c host/engine/relays.c host/engine/relays_load.c host/engine/relays_policy.c host/engine/relays_group.c host/engine/words.c host/base/buf.c host/base/err.c
// libs: -lsodium
/* Which circuit carried the browser's connection: lines as tor sends them, and lines as it never would. */
#include "engine/circs.h"
#include "engine/relays.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MINUTE (60u * 1000)

static struct circs *c;
static uint64_t now = 1000;

static int set_up(void **state)
{
	(void)state;
	c = circs_new();
	now = 1000;
	return c == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	circs_free(c);
	return 0;
}

static void circ(const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	assert_true(circs_on_circ(c, text, now));
}

static struct stream_seen stream(const char *format, ...)
{
	char text[4096];
	struct stream_seen seen;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	assert_true(circs_on_stream(c, text, now, &seen));
	return seen;
}

/* A relay is named by one digit here. */
static const char *hop(char *out, int digit)
{
	memset(out, '0' + digit, 40);
	out[40] = '\0';
	return out;
}

static void build(int id, int exit, const char *more)
{
	char a[41], b[41], x[41];

	circ("%d BUILT $%s~guard,$%s~middle,$%s~exit BUILD_FLAGS=NEED_CAPACITY PURPOSE=%s", id, hop(a, 1), hop(b, 2), hop(x, exit), more);
}

/* A whole connection: NEW, SENTCONNECT, SUCCEEDED with the exit's address in place of the name. */
static void visit(int id, int circuit, const char *target, const char *user, const char *password)
{
	stream("%d NEW 0 %s SOURCE_ADDR=127.0.0.1:5 PURPOSE=USER SOCKS_USERNAME=\"%s\" SOCKS_PASSWORD=\"%s\" CLIENT_PROTOCOL=SOCKS5", id, target, user,
	       password);
	stream("%d SENTCONNECT %d %s SOCKS_USERNAME=\"%s\" SOCKS_PASSWORD=\"%s\"", id, circuit, target, user, password);
	stream("%d SUCCEEDED %d 127.77.2.64:443 SOCKS_USERNAME=\"%s\" SOCKS_PASSWORD=\"%s\"", id, circuit, user, password);
}

static struct circs_wanted want(const char *host, const char *party)
{
	return (struct circs_wanted){ .host = host, .port = 443, .first_party = party, .username = "", .password = "" };
}

/* The exits' digits of all candidates. */
static const char *candidates(struct circs_wanted w)
{
	static char out[CANDIDATES_MAX + 1];
	struct circs_path path[CANDIDATES_MAX];
	size_t n = circs_candidates(c, &w, path);

	assert_in_range(n, 0, CANDIDATES_MAX);
	for (size_t i = 0; i < n; i++) {
		assert_in_range(path[i].n, 1, HOPS_MAX);
		out[i] = (char)('0' + (path[i].fp[path[i].n - 1][0] & 15));
	}
	out[n] = '\0';
	return out;
}

static void test_the_measured_lines(void **state)
{
	struct circs_path path[CANDIDATES_MAX];
	struct circs_wanted w = { "example.test", 18443, "example.test", "", "", false };

	(void)state;
	circ("36 BUILT $5A85E4E0EB49819DC60C881F4338D6FDCBA2461A~auth1,$63377C04ED92EAE398166B99509E1DBF8298E83E~middle0,"
	     "$D8448317C509B289BC0B3299D90F4DE3CE8A8410~exit1 BUILD_FLAGS=NEED_CAPACITY,NEED_UPTIME PURPOSE=CONFLUX_LINKED "
	     "TIME_CREATED=2026-11-22T15:08:22.326649 CONFLUX_ID=228F0BE46E4097E86E39552B55230F13 CONFLUX_RTT=11335");
	struct stream_seen s = stream("141 NEW 0 example.test:18443 SOURCE_ADDR=127.0.0.1:4242 PURPOSE=USER SOCKS_USERNAME=\"example.test:0\" "
	                              "SOCKS_PASSWORD=\"aabb\" CLIENT_PROTOCOL=SOCKS5 NYM_EPOCH=1 SESSION_GROUP=-4 ISO_FIELDS=SOCKS_USERNAME");
	assert_int_equal(s.id, 141);
	assert_int_equal(s.circuit, 0);
	assert_int_equal(s.state, STREAM_NEW);
	assert_string_equal(s.host, "example.test");
	assert_string_equal(s.username, "example.test:0");
	assert_int_equal(circs_candidates(c, &w, path), 0);   /* not open yet */
	s = stream("141 SUCCEEDED 36 127.77.2.64:18443 SOCKS_USERNAME=\"example.test:0\" SOCKS_PASSWORD=\"aabb\"");
	assert_int_equal(s.state, STREAM_OPEN);
	assert_int_equal(s.circuit, 36);
	assert_string_equal(s.host, "example.test");          /* the name of NEW, not the address of SUCCEEDED */
	assert_int_equal(circs_candidates(c, &w, path), 1);
	assert_int_equal(path[0].circuit, 36);
	assert_int_equal(path[0].n, 3);
	assert_true(path[0].is_open && !path[0].is_onion);
	char hex[41];
	fp_print(path[0].fp[2], hex);
	assert_string_equal(hex, "D8448317C509B289BC0B3299D90F4DE3CE8A8410");
	s = stream("141 CLOSED 36 127.77.2.64:18443 REASON=END REMOTE_REASON=DONE");
	assert_string_equal(s.reason, "END");
	assert_string_equal(s.remote_reason, "DONE");
	circ("36 CLOSED $5A85E4E0EB49819DC60C881F4338D6FDCBA2461A~auth1 REASON=FINISHED");
	/* Handshake failed, stream closed, circuit gone: all that still is how the browser came there, though tor now showed one hop alone. */
	assert_int_equal(circs_candidates(c, &w, path), 1);
	assert_false(path[0].is_open);
	assert_int_equal(path[0].n, 3);
}

static void test_order_of_candidates(void **state)
{
	(void)state;
	for (int exit = 3; exit <= 8; exit++)
		build(exit, exit, "GENERAL");
	visit(1, 3, "site.test:443", "other.test:0", "p1");
	visit(2, 4, "site.test:443", "site.test:0", "p2");
	visit(3, 5, "SITE.test.:443", "site.test:7", "p3");
	visit(4, 6, "site.test:443", "", "");
	visit(5, 7, "site.test:444", "site.test:0", "p2");      /* another port */
	visit(6, 8, "www.site.test:443", "site.test:0", "p2");  /* another host */
	/* this first party's, newest first; then others', newest first */
	assert_string_equal(candidates(want("site.test", "site.test")), "5463");
	assert_string_equal(candidates(want("Site.Test.", "SITE.TEST")), "5463");
	struct circs_wanted w = want("site.test", "site.test");
	w.username = "site.test:0";
	w.password = "p2";
	assert_string_equal(candidates(w), "4563");             /* a hint comes first */
	w.is_exact = true;
	assert_string_equal(candidates(w), "4");                /* exactly: nothing else */
	w.password = "p3";
	assert_string_equal(candidates(w), "");
	/* a connection without credentials is exactly that one */
	w.username = w.password = "";
	assert_string_equal(candidates(w), "6");
	/* nobody went there: circuits of the first party */
	assert_string_equal(candidates(want("new.test", "site.test")), "8754");
	assert_string_equal(candidates(want("new.test", "new.test")), "");
	/* a first party is not a prefix, and needs its number */
	assert_string_equal(candidates(want("new.test", "site")), "");
	assert_string_equal(candidates(want("new.test", "site.test:0")), "");
	assert_string_equal(candidates(want("new.test", "")), "");
}

static void test_exact_by_circuit(void **state)
{
	struct circs_wanted w = want("gone.test", "gone.test");

	(void)state;
	/* tor was there before us: circuit-status tells credentials, no stream does */
	build(5, 5, "GENERAL SOCKS_USERNAME=\"gone.test:0\" SOCKS_PASSWORD=\"pw\"");
	build(6, 6, "GENERAL SOCKS_USERNAME=\"gone.test:0\" SOCKS_PASSWORD=\"other\"");
	w.username = "gone.test:0";
	w.password = "pw";
	w.is_exact = true;
	assert_string_equal(candidates(w), "5");
	circ("5 CLOSED REASON=FINISHED");
	assert_string_equal(candidates(w), "5");
	w.is_exact = false;
	assert_string_equal(candidates(w), "6");   /* by the first party alone: a live one */
}

static void test_same_exit_once(void **state)
{
	(void)state;
	build(3, 3, "GENERAL");
	build(4, 3, "GENERAL");
	build(5, 5, "GENERAL");
	visit(1, 3, "a.test:443", "a.test:0", "p");
	visit(2, 5, "a.test:443", "a.test:0", "p");
	visit(3, 4, "a.test:443", "a.test:0", "p");
	visit(4, 3, "a.test:443", "a.test:0", "p");
	assert_string_equal(candidates(want("a.test", "a.test")), "35");
}

static void test_no_more_than_there_is_room(void **state)
{
	char a[41];

	(void)state;
	for (int i = 1; i <= 30; i++) {
		circ("%d BUILT $%s,$%038d%02d PURPOSE=GENERAL", i, hop(a, 1), 0, i);
		visit(i, i, "a.test:443", "a.test:0", "p");
	}
	struct circs_path path[CANDIDATES_MAX];
	struct circs_wanted w = want("a.test", "a.test");
	assert_int_equal(circs_candidates(c, &w, path), CANDIDATES_MAX);
	assert_int_equal(path[0].circuit, 30);
}

static void test_own_streams_are_never_candidates(void **state)
{
	char user[SOCKS_CRED_MAX], password[SOCKS_CRED_MAX], other[SOCKS_CRED_MAX];

	(void)state;
	circs_own_credentials(user, password);
	assert_memory_equal(user, CIRCS_OWN_USER, strlen(CIRCS_OWN_USER));
	assert_int_equal(strlen(password), 64);
	circs_own_credentials(other, password);
	assert_string_not_equal(user, other);
	build(3, 3, "GENERAL");
	build(4, 4, "GENERAL");
	build(5, 5, "GENERAL");
	visit(1, 3, "a.test:443", user, "p");
	visit(2, 4, "a.virtual:443", "a.test:0", "p");
	stream("3 NEW 0 a.test:443 PURPOSE=DIR_FETCH");
	stream("3 SUCCEEDED 5 a.test:443");
	assert_string_equal(candidates(want("a.test", "a.test")), "4");   /* only as a live circuit of that first party */
	assert_string_equal(candidates(want("a.virtual", "b.test")), "");
	struct circs_wanted w = want("a.test", "a.test");
	w.username = user;
	w.password = "p";
	assert_string_equal(candidates(w), "4");
	w.is_exact = true;
	assert_string_equal(candidates(w), "");
	uint32_t ids[8];
	size_t streams;
	assert_int_equal(circs_carrying(c, &w, ids, 8, &streams), 0);
	struct stream_seen s = stream("9 NEW 0 x.virtual:443 SOCKS_USERNAME=\"%s\" SOCKS_PASSWORD=\"p\"", user);
	assert_true(s.is_own);
	assert_string_equal(s.username, user);
	s = stream("9 SENTCONNECT 5 a.test.AAAA.exit:443");
	assert_true(s.is_own);
	assert_int_equal(s.circuit, 5);
}

static void test_detached_streams_follow_the_last_circuit(void **state)
{
	(void)state;
	build(3, 3, "GENERAL");
	build(4, 4, "GENERAL");
	stream("1 NEW 0 a.test:443 SOCKS_USERNAME=\"a.test:0\" SOCKS_PASSWORD=\"p\"");
	stream("1 SENTCONNECT 3 a.test:443");
	struct stream_seen s = stream("1 DETACHED 3 a.test:443 REASON=TIMEOUT");
	assert_int_equal(s.state, STREAM_DETACHED);
	assert_int_equal(s.circuit, 3);
	assert_string_equal(s.reason, "TIMEOUT");
	stream("1 SENTCONNECT 4 a.test:443");
	stream("1 REMAP 4 1.2.3.4:443 SOURCE=EXIT");
	s = stream("1 SUCCEEDED 4 1.2.3.4:443");
	assert_string_equal(s.reason, "");
	assert_string_equal(candidates(want("a.test", "a.test")), "4");
	/* one that never opened carried nothing */
	stream("2 NEW 0 b.test:443 SOCKS_USERNAME=\"c.test:0\" SOCKS_PASSWORD=\"p\"");
	stream("2 SENTCONNECT 3 b.test:443");
	stream("2 FAILED 3 b.test:443 REASON=RESOLVEFAILED");
	stream("2 CLOSED 3 b.test:443");
	assert_string_equal(candidates(want("b.test", "b.test")), "");
}

/* The right circuit may be one whose path we never learned: then no other may stand in for it. */
static void test_gap(void **state)
{
	(void)state;
	build(3, 3, "GENERAL");
	visit(1, 3, "a.test:443", "a.test:0", "p");
	visit(2, 99, "a.test:443", "a.test:0", "p");
	assert_string_equal(candidates(want("a.test", "a.test")), "");
	struct circs_wanted exact = want("a.test", "a.test");
	exact.username = "a.test:0";
	exact.password = "p";
	exact.is_exact = true;
	assert_string_equal(candidates(exact), "");
	circ("99 BUILT $broken,path PURPOSE=GENERAL");
	assert_string_equal(candidates(want("a.test", "a.test")), "");
	build(99, 4, "GENERAL");
	assert_string_equal(candidates(want("a.test", "a.test")), "43");
}

static void test_targets_are_forgotten(void **state)
{
	size_t targets;
	uint32_t ids[8];
	size_t streams;
	struct circs_wanted w = want("a.test", "a.test");

	(void)state;
	build(3, 3, "GENERAL");
	visit(1, 3, "a.test:443", "a.test:0", "p");
	visit(2, 3, "a.test:443", "a.test:0", "p");
	stream("2 CLOSED 3 a.test:443 REASON=DONE");
	now += STREAM_MEMORY_MS - 1;
	circs_expire(c, now);
	assert_int_equal(circs_n_streams(c, &targets), 2);
	assert_int_equal(targets, 2);
	now++;
	circs_expire(c, now);
	assert_int_equal(circs_n_streams(c, &targets), 1);   /* open still, but to where is forgotten */
	assert_int_equal(targets, 0);
	assert_int_equal(circs_carrying(c, &w, ids, 8, &streams), 1);
	assert_int_equal(streams, 1);
	stream("1 CLOSED 3 a.test:443 REASON=DONE");
	circs_expire(c, now + 1);
	assert_int_equal(circs_n_streams(c, &targets), 0);
	circ("3 CLOSED REASON=FINISHED");
	circs_expire(c, now + STREAM_MEMORY_MS - 1);
	assert_int_equal(circs_n_circuits(c), 1);
	circs_expire(c, now + STREAM_MEMORY_MS);
	assert_int_equal(circs_n_circuits(c), 0);
}

static void test_wipe(void **state)
{
	size_t targets;

	(void)state;
	build(3, 3, "GENERAL");
	build(4, 4, "GENERAL");
	visit(1, 3, "a.test:443", "a.test:0", "p");
	circs_forget_targets(c);
	assert_int_equal(circs_n_streams(c, &targets), 1);
	assert_int_equal(targets, 0);
	assert_string_equal(candidates(want("a.test", "a.test")), "");
	assert_false(circs_is_clean(c, 3, now));
	assert_true(circs_is_clean(c, 4, now));
	circs_on_newnym(c);
	assert_false(circs_is_clean(c, 4, now));
	circs_clear(c);
	assert_int_equal(circs_n_streams(c, &targets), 0);
	assert_int_equal(circs_n_circuits(c), 0);
}

static const char *clean(void)
{
	static char out[33];
	uint8_t fp[32][FP_LEN];
	size_t n = circs_clean_exits(c, now, fp, 32);

	for (size_t i = 0; i < n; i++)
		out[i] = (char)('0' + (fp[i][0] & 15));
	out[n] = '\0';
	return out;
}

static void test_clean_circuits(void **state)
{
	char a[41], b[41];

	(void)state;
	circ("1 LAUNCHED BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL");
	circ("1 EXTENDED $%s~a,$%s~b BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL", hop(a, 1), hop(b, 2));
	assert_string_equal(clean(), "");
	build(1, 3, "GENERAL");
	build(2, 4, "CONFLUX_LINKED CONFLUX_ID=AA");
	build(3, 4, "CONFLUX_LINKED CONFLUX_ID=AA");
	build(4, 5, "GENERAL SOCKS_USERNAME=\"a.test:0\" SOCKS_PASSWORD=\"\"");
	build(5, 6, "HS_VANGUARDS");
	build(6, 7, "CONFLUX_UNLINKED");
	build(7, 8, "HS_CLIENT_REND");
	build(8, 8, "MEASURE_TIMEOUT");
	circ("9 BUILT $%s~a,$%s~b BUILD_FLAGS=IS_INTERNAL,NEED_UPTIME PURPOSE=GENERAL", hop(a, 1), hop(b, 9));
	circ("10 BUILT $%s~a BUILD_FLAGS=ONEHOP_TUNNEL,IS_INTERNAL PURPOSE=GENERAL", hop(b, 9));
	circ("11 BUILT $%s~a BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL", hop(b, 9));
	assert_string_equal(clean(), "3");   /* conflux sets don't count */
	build(12, 3, "GENERAL");
	build(13, 4, "GENERAL");
	assert_string_equal(clean(), "43");
	/* used by anyone, with credentials or without */
	stream("1 NEW 0 a.test:443 PURPOSE=USER");
	stream("1 SENTCONNECT 12 a.test:443");
	assert_string_equal(clean(), "43");
	stream("2 NEWRESOLVE 0 a.test:0 PURPOSE=USER");
	stream("2 SENTRESOLVE 1 a.test:0 PURPOSE=USER");
	assert_string_equal(clean(), "4");
	circ("13 CLOSED REASON=FINISHED");
	assert_string_equal(clean(), "");
	build(20, 5, "GENERAL");
	circ("20 CLOSED REASON=FINISHED");
	assert_string_equal(clean(), "");
	build(21, 6, "GENERAL");
	now += CLEAN_AGE_MS - 1;
	assert_string_equal(clean(), "6");
	now++;
	assert_string_equal(clean(), "");
}

static void test_leg_used_by_a_stream(void **state)
{
	(void)state;
	build(2, 4, "CONFLUX_LINKED CONFLUX_ID=AA");
	build(3, 4, "CONFLUX_LINKED CONFLUX_ID=AA");
	build(4, 5, "CONFLUX_LINKED CONFLUX_ID=BB");
	build(5, 6, "GENERAL");
	assert_false(circs_is_clean(c, 2, now) || circs_is_clean(c, 3, now) || circs_is_clean(c, 4, now));
	assert_true(circs_is_clean(c, 5, now));
	visit(1, 5, "a.test:443", "a.test:0", "p");
	assert_false(circs_is_clean(c, 5, now));
	assert_false(circs_is_clean(c, 77, now));
}

static void test_new_circuit_closes_the_tabs_alone(void **state)
{
	uint32_t ids[16];
	size_t streams;
	struct circs_wanted w = want("a.test", "a.test");

	(void)state;
	build(2, 4, "CONFLUX_LINKED CONFLUX_ID=AA");
	build(3, 4, "CONFLUX_LINKED CONFLUX_ID=AA");
	build(4, 5, "GENERAL");
	build(5, 6, "GENERAL");
	build(6, 7, "GENERAL");
	visit(1, 2, "a.test:443", "a.test:0", "p");
	visit(2, 2, "cdn.test:443", "a.test:0", "p");
	visit(3, 4, "a.test:443", "a.test:5", "q");
	visit(4, 5, "a.test:443", "b.test:0", "p");
	visit(5, 6, "a.test:443", "", "");
	stream("2 CLOSED 2 cdn.test:443 REASON=DONE");
	assert_int_equal(circs_carrying(c, &w, ids, 16, &streams), 3);
	assert_int_equal(streams, 2);
	assert_int_equal(ids[0], 2);
	assert_int_equal(ids[1], 3);
	assert_int_equal(ids[2], 4);
	w.username = "a.test:0";
	w.password = "p";
	assert_int_equal(circs_carrying(c, &w, ids, 16, &streams), 2);
	assert_int_equal(streams, 1);
	assert_int_equal(circs_carrying(c, &w, ids, 1, &streams), 1);
	circ("2 CLOSED REASON=REQUESTED");
	assert_int_equal(circs_carrying(c, &w, ids, 16, &streams), 1);
	assert_int_equal(ids[0], 3);
	/* without credentials there is no "the same": every other tab's would match */
	w.username = w.password = "";
	w.is_exact = true;
	assert_int_equal(circs_carrying(c, &w, ids, 16, &streams), 0);
	assert_int_equal(streams, 0);
}

/* Tor takes a circuit's isolation back when the stream it was built for is given up, and hands it to the browser's. */
static void test_a_circuit_changes_hands(void **state)
{
	uint32_t ids[16];
	size_t streams;
	struct circs_wanted w = want("a.test", "a.test");

	(void)state;
	circ("2 LAUNCHED PURPOSE=GENERAL SOCKS_USERNAME=\"%sx\" SOCKS_PASSWORD=\"ours\"", CIRCS_OWN_USER);
	build(2, 4, "GENERAL");
	visit(1, 2, "a.test:443", "a.test:0", "p");
	w.username = "a.test:0";
	w.password = "p";
	assert_int_equal(circs_carrying(c, &w, ids, 16, &streams), 1);
	assert_int_equal(ids[0], 2);
	/* a stream that was only meant for it takes nothing away */
	stream("9 NEW 0 b.test:443 PURPOSE=USER SOCKS_USERNAME=\"b.test:0\" SOCKS_PASSWORD=\"q\"");
	stream("9 FAILED 2 b.test:443 REASON=TIMEOUT");
	assert_int_equal(circs_carrying(c, &w, ids, 16, &streams), 1);
}

static void test_onion(void **state)
{
	struct circs_path path[CANDIDATES_MAX];
	struct circs_wanted w = want("abc.onion", "abc.onion");

	(void)state;
	build(3, 3, "HS_CLIENT_REND HS_STATE=HSCR_JOINED");
	visit(1, 3, "abc.onion:443", "abc.onion:0", "p");
	assert_int_equal(circs_candidates(c, &w, path), 1);
	assert_true(path[0].is_onion);
}

static void test_long_paths_keep_their_end(void **state)
{
	char text[2048] = "5 BUILT ", hex[96];
	struct circs_path path;

	(void)state;
	for (int i = 1; i <= 12; i++) {
		snprintf(hex, sizeof hex, "%s$%038d%02d~n%d", i > 1 ? "," : "", 0, i, i);
		strcat(text, hex);
	}
	circ("%s PURPOSE=GENERAL", text);
	assert_true(circs_path(c, 5, &path));
	assert_int_equal(path.n, HOPS_MAX);
	assert_int_equal(path.fp[0][19], 0x01);
	assert_int_equal(path.fp[HOPS_MAX - 1][19], 0x12);
	assert_false(circs_path(c, 6, &path));
}

static void test_tables_are_bounded(void **state)
{
	size_t targets;
	char a[41];

	(void)state;
	for (int i = 1; i <= 3 * STREAMS_MAX; i++)
		stream("%d NEW 0 h%d.test:443 SOCKS_USERNAME=\"u\" SOCKS_PASSWORD=\"p\"", i, i);
	assert_int_equal(circs_n_streams(c, &targets), STREAMS_MAX);
	for (int i = 1; i <= 3 * CIRCUITS_MAX; i++)
		circ("%d BUILT $%s PURPOSE=GENERAL", i, hop(a, 1));
	assert_int_equal(circs_n_circuits(c), CIRCUITS_MAX);
	struct circs_path path;
	assert_true(circs_path(c, 3 * CIRCUITS_MAX, &path));
	assert_false(circs_path(c, 1, &path));
	/* closed ones go first */
	circ("%d CLOSED REASON=FINISHED", 3 * CIRCUITS_MAX);
	circ("%d BUILT $%s PURPOSE=GENERAL", 4 * CIRCUITS_MAX, hop(a, 1));
	assert_false(circs_path(c, 3 * CIRCUITS_MAX, &path));
	assert_true(circs_path(c, 2 * CIRCUITS_MAX + 1, &path));
}

static void test_malformed(void **state)
{
	static const char *const bad[] = {
		"", " ", "x", "12", "12 ", "-1 NEW 0 a:1", "4294967296 NEW 0 a:1", "99999999999999999999 NEW 0 a:1", "1 NEW", "1 NEW x a:1", "1 NEW 0",
		"\"1\" NEW 0 a:1", "1 NEW \"0 a:1", "A=1 NEW 0 a:1",
	};
	static const char *const odd[] = {
		"1 NEW 0 noport", "2 NEW 0 :443", "3 NEW 0 a.test:99999", "4 NEW 0 a.test:443 SOCKS_USERNAME=\"never closed", "5 NEW 0 [::1]:443 X=\"y\" Z",
		"6 STRANGE 0 a.test:443", "7 SUCCEEDED 0 a.test:443",
	};
	size_t targets;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(circs_on_stream(c, bad[i], now, NULL));
		if (i < 11)
			assert_false(circs_on_circ(c, i < 7 ? bad[i] : "0 BUILT $A", now));
	}
	assert_int_equal(circs_n_streams(c, &targets), 0);
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
		(void)circs_on_stream(c, odd[i], now, NULL);
	assert_string_equal(candidates(want("a.test", "a.test")), "");
	/* A broken path must not pass for a shorter one. */
	static const char *const paths[] = { "$AA", "$", "$0000000000000000000000000000000000000000x", "$00000000000000000000000000000000000000zz",
		"$0000000000000000000000000000000000000000~a,,$0000000000000000000000000000000000000000", "$0000000000000000000000000000000000000000~a,x" };
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct circs_path path;
		circ("9 BUILT %s PURPOSE=GENERAL", paths[i]);
		if (circs_path(c, 9, &path))
			fail_msg("%s is no path", paths[i]);
	}
}

static void test_every_truncation(void **state)
{
	static const char circ_line[] = "3 BUILT $3333333333333333333333333333333333333333~n,$4444444444444444444444444444444444444444~n BUILD_FLAGS=NEED_CAPACITY "
	                                "PURPOSE=GENERAL CONFLUX_ID=AABB SOCKS_USERNAME=\"a\\\"b\" SOCKS_PASSWORD=\"\\101\"";
	static const char stream_line[] = "1 NEW 0 a.test:443 SOURCE_ADDR=127.0.0.1:1 PURPOSE=USER SOCKS_USERNAME=\"a.test:0\" SOCKS_PASSWORD=\"p\"";

	(void)state;
	for (size_t n = 0; n < sizeof circ_line; n++) {
		char *copy = strndup(circ_line, n);
		circs_clear(c);
		(void)circs_on_circ(c, copy, now);
		struct circs_path path;
		/* never a fingerprint that was not there in full */
		if (circs_path(c, 3, &path))
			assert_true(path.fp[path.n - 1][0] == (path.n == 1 ? 0x33 : 0x44));
		/* cut within its credentials: not clean */
		if (n > (size_t)(strstr(circ_line, "SOCKS_USERNAME=\"") - circ_line) + 16)
			assert_false(circs_is_clean(c, 3, now));
		free(copy);
	}
	for (size_t n = 0; n < sizeof stream_line; n++) {
		char *copy = strndup(stream_line, n);
		circs_clear(c);
		(void)circs_on_stream(c, copy, now, NULL);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_measured_lines), cmocka_unit_test(test_order_of_candidates), cmocka_unit_test(test_exact_by_circuit),
		cmocka_unit_test(test_same_exit_once), cmocka_unit_test(test_no_more_than_there_is_room),
		cmocka_unit_test(test_own_streams_are_never_candidates), cmocka_unit_test(test_detached_streams_follow_the_last_circuit),
		cmocka_unit_test(test_gap), cmocka_unit_test(test_targets_are_forgotten), cmocka_unit_test(test_wipe),
		cmocka_unit_test(test_clean_circuits), cmocka_unit_test(test_leg_used_by_a_stream),
		cmocka_unit_test(test_new_circuit_closes_the_tabs_alone), cmocka_unit_test(test_a_circuit_changes_hands), cmocka_unit_test(test_onion), cmocka_unit_test(test_long_paths_keep_their_end),
		cmocka_unit_test(test_tables_are_bounded), cmocka_unit_test(test_malformed), cmocka_unit_test(test_every_truncation),
	};
	struct CMUnitTest fresh[sizeof tests / sizeof tests[0]];

	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
		fresh[i] = tests[i];
		fresh[i].setup_func = set_up;
		fresh[i].teardown_func = tear_down;
	}
	return cmocka_run_group_tests(fresh, NULL, NULL);
}
