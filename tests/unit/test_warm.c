// Circuits asked for ahead: how many, when not, and when they are no longer waited for; and the draw that waits for them.
// uses: host/engine/warm.c host/engine/netd_draw.c host/engine/circs.c host/engine/circs_ask.c host/engine/circs_event.c host/engine/torctl.c host/engine/words.c host/engine/describe.c host/engine/pathpick.c host/engine/continent.c host/engine/relays.c host/engine/relays_group.c host/engine/relays_load.c host/engine/relays_policy.c host/priv/netmsg.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
// libs: -lsodium -levent_core
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "engine/netd_state.h"
#include <event2/event.h>

/* ---- a tor that only remembers what it was asked ---- */

static struct {
	bool is_up, has_streams, has_mapaddress;
	enum err send_err;
	struct circs *circs;
	struct relays *relays;
	struct torctl_ask asked[64];
	size_t n_asked;
	uint64_t now;
	/* the draw */
	struct event_base *base;
	struct netd d;
	struct job job;
	unsigned n_reply, n_fail, n_search;
	uint32_t search_ms;
	enum err err;
	struct net_draw_r reply;
} bed;

uint64_t clock_ms(void) { return bed.now; }
bool torlink_is_up(const struct torlink *l) { (void)l; return bed.is_up; }
bool torlink_has_streams(const struct torlink *l) { (void)l; return bed.has_streams; }
bool torlink_has_mapaddress(const struct torlink *l) { (void)l; return bed.has_mapaddress; }
const struct relays *torlink_relays(const struct torlink *l) { (void)l; return bed.relays; }
struct circs *torlink_circs(struct torlink *l) { (void)l; return bed.circs; }

enum err torlink_send(struct torlink *l, const char *const *words, const struct torctl_ask *ask)
{
	(void)l;
	assert_string_equal(words[0], "EXTENDCIRCUIT");
	assert_string_equal(words[1], "0");
	assert_null(words[2]);       /* no path, no purpose: tor's own choice of everything */
	if (bed.send_err != OK)
		return bed.send_err;
	assert_true(bed.n_asked < 64);
	bed.asked[bed.n_asked++] = *ask;
	return OK;
}

/* Families are known, countries unasked: both answer at once. */
enum err torlink_fresh(struct torlink *l, const uint8_t (*fp)[FP_LEN], size_t n, torlink_fn *done, void *arg)
{
	(void)l;
	(void)fp;
	(void)n;
	done(arg, OK);
	return OK;
}

enum err torlink_countries(struct torlink *l, const uint8_t (*fp)[FP_LEN], size_t n, torlink_fn *done, void *arg)
{
	(void)l;
	(void)fp;
	(void)n;
	(void)done;
	(void)arg;
	return ERR_TOR_COMMAND;
}

void job_reply(struct job *j, uint16_t type, const struct buf *payload)
{
	assert_int_equal(type, NET_R_DRAW);
	assert_int_equal(netmsg_get_draw_r(rd_of(payload->bytes, payload->len), &bed.reply), OK);
	bed.n_reply++;
	j->wait = JOB_OVER;
}

void job_fail(struct job *j, enum err err)
{
	bed.err = err;
	bed.n_fail++;
	j->wait = JOB_OVER;
}

void job_search(struct job *j, uint32_t ms)
{
	j->wait = JOB_SEARCH;
	bed.search_ms = ms;
	bed.n_search++;
}

bool job_called(struct job *j)
{
	j->calls--;
	return j->wait != JOB_OVER;
}

void inner_send(struct inner *in, uint16_t type, uint32_t id, const struct buf *payload)
{
	(void)in; (void)type; (void)id; (void)payload;
	fail();
}

/* ---- its relays: exits 1 to 8; 1 and 2 are of one /16, 8 refuses port 443 ---- */

static void fp_of(uint8_t fp[FP_LEN], unsigned exit)
{
	memset(fp, (int)exit, FP_LEN);
}

static void line(enum err (*f)(struct relays *, const char *, size_t), const char *text)
{
	assert_int_equal(f(bed.relays, text, strlen(text)), OK);
}

static void load(void)
{
	/* 20 bytes of 01, 02 ... in base64 without padding */
	static const char *const ids[] = { "AQEBAQEBAQEBAQEBAQEBAQEBAQE", "AgICAgICAgICAgICAgICAgICAgI", "AwMDAwMDAwMDAwMDAwMDAwMDAwM",
	                                   "BAQEBAQEBAQEBAQEBAQEBAQEBAQ", "BQUFBQUFBQUFBQUFBQUFBQUFBQU", "BgYGBgYGBgYGBgYGBgYGBgYGBgY",
	                                   "BwcHBwcHBwcHBwcHBwcHBwcHBwc", "CAgICAgICAgICAgICAgICAgICAg" };
	char text[256];

	bed.relays = relays_new();
	for (unsigned i = 1; i <= 8; i++) {
		snprintf(text, sizeof text, "r e%u %s 2026-01-01 00:00:00 10.%u.0.%u 9001 0", i, ids[i - 1], i == 2 ? 1 : i, i);
		line(relays_ns_line, text);
		line(relays_ns_line, "s Exit Fast Running Valid");
		line(relays_ns_line, "w Bandwidth=1000");
	}
	assert_int_equal(relays_sort(bed.relays), OK);
	for (unsigned i = 1; i <= 8; i++) {
		uint8_t fp[FP_LEN];
		fp_of(fp, i);
		assert_int_equal(relays_md_begin(bed.relays, fp), OK);
		line(relays_md_line, "onion-key");
		line(relays_md_line, i == 8 ? "p accept 80" : "p accept 80,443");
	}
	assert_int_equal(relays_finish(bed.relays), OK);
	assert_int_equal(relays_exits(bed.relays), 8);
}

static void nobody(evutil_socket_t fd, short what, void *arg)
{
	(void)fd; (void)what; (void)arg;
}

static int setup(void **state)
{
	(void)state;
	memset(&bed, 0, sizeof bed);
	bed.is_up = bed.has_streams = bed.has_mapaddress = true;
	bed.now = 1000000;
	bed.circs = circs_new();
	load();
	bed.d.warm = warm_new(NULL);
	bed.job.d = &bed.d;
	bed.base = event_base_new();
	bed.job.timer = event_new(bed.base, -1, 0, nobody, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	event_free(bed.job.timer);
	event_base_free(bed.base);
	warm_free(bed.d.warm);
	circs_free(bed.circs);
	relays_free(bed.relays);
	return 0;
}

static void answer(size_t i, enum err err, int code, const char *text)
{
	bed.asked[i].done(bed.asked[i].arg, err, code, text);
}

static void extended(size_t i, unsigned id)
{
	char text[32];

	snprintf(text, sizeof text, "EXTENDED %u", id);
	answer(i, OK, 250, text);
}

static void circ(unsigned id, const char *status, unsigned exit)
{
	char text[256], hex[2 * FP_LEN + 1];
	uint8_t fp[FP_LEN];

	fp_of(fp, exit);
	fp_print(fp, hex);
	snprintf(text, sizeof text, "%u %s $%040d~g,$%040d~m,$%s~e BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL", id, status, 90, 91, hex);
	assert_true(circs_on_circ(bed.circs, text, bed.now));
}

static void ask(unsigned n)
{
	warm_ask(bed.d.warm, n, 443, bed.now);
}

static size_t coming(void)
{
	return warm_coming(bed.d.warm, bed.now);
}

/* ---- asking ---- */

static void test_as_many_as_are_missing(void **state)
{
	(void)state;
	ask(3);
	assert_int_equal(bed.n_asked, 3);
	assert_int_equal(coming(), 3);
	/* Another check at the same time is served by the same. */
	ask(3);
	assert_int_equal(bed.n_asked, 3);
	for (unsigned i = 0; i < 3; i++)
		extended(i, 11 + i);
	assert_int_equal(coming(), 3);     /* no event has named them yet */
	circ(11, "BUILT", 3);
	circ(12, "EXTENDED", 4);
	assert_int_equal(coming(), 2);
	ask(3);                            /* one is there, two are coming */
	assert_int_equal(bed.n_asked, 3);
	circ(12, "BUILT", 4);
	circ(13, "BUILT", 5);
	assert_int_equal(coming(), 0);
	assert_int_equal(warm_wait_ms(bed.d.warm, bed.now), 0);
	ask(3);
	assert_int_equal(bed.n_asked, 3);
	ask(4);
	assert_int_equal(bed.n_asked, 4);
}

/* Kin are counted once; what refuses the port, or is no relay of this consensus, not at all. */
static void test_clean_ones_that_count(void **state)
{
	(void)state;
	circ(1, "BUILT", 1);
	circ(2, "BUILT", 2);
	circ(3, "BUILT", 8);
	circ(4, "BUILT", 77);
	circ(5, "LAUNCHED", 5);            /* tor's own: nobody knows yet where it will end */
	ask(3);
	assert_int_equal(bed.n_asked, 2);
}

static void test_when_it_would_be_of_no_use(void **state)
{
	(void)state;
	ask(0);
	bed.is_up = false;
	ask(3);
	bed.is_up = true;
	bed.has_streams = false;
	ask(3);
	bed.has_streams = true;
	bed.has_mapaddress = false;
	ask(3);
	bed.has_mapaddress = true;
	bed.send_err = ERR_TOR_LOST;
	ask(3);
	assert_int_equal(bed.n_asked, 0);
	assert_int_equal(coming(), 0);
	bed.send_err = OK;
	ask(3);
	assert_int_equal(bed.n_asked, 3);
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct { enum err err; int code; const char *text; bool lasts; } cases[] = {
		{ ERR_TOR_COMMAND, 510, "Command filtered", true },
		{ ERR_TOR_COMMAND, 552, "nonsense", true },
		{ ERR_TOR_LOST, 0, "", false },
		{ OK, 250, "OK", false },
		{ OK, 250, "EXTENDED", false },
		{ OK, 250, "EXTENDED 0", false },
		{ OK, 250, "EXTENDED -1", false },
		{ OK, 250, "EXTENDED 12x", false },
		{ OK, 250, "EXTENDED 99999999999999999999", false },
		{ OK, 250, "EXTENDED 4294967296", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t at = bed.n_asked;
		ask(1);
		assert_int_equal(bed.n_asked, at + 1);
		assert_int_equal(coming(), 1);
		answer(at, cases[i].err, cases[i].code, cases[i].text);
		assert_int_equal(coming(), 0);
		ask(1);
		assert_int_equal(bed.n_asked, at + (cases[i].lasts ? 1 : 2));
		if (!cases[i].lasts)
			answer(at + 1, ERR_TOR_LOST, 0, "");
		warm_on_link(bed.d.warm);
	}
}

/* Tor drew an exit for which it finds no path: drawn anew a few times, each of them in the budget; not when it is no longer waited for. */
static void test_no_path(void **state)
{
	(void)state;
	ask(1);
	for (size_t i = 0; i < WARM_TRIES; i++) {
		assert_int_equal(bed.n_asked, i + 1);
		assert_int_equal(coming(), 1);
		answer(i, ERR_TOR_COMMAND, 551, "Couldn't start circuit");
	}
	assert_int_equal(bed.n_asked, WARM_TRIES);
	assert_int_equal(coming(), 0);
	ask(1);
	assert_int_equal(bed.n_asked, WARM_TRIES + 1);
	answer(WARM_TRIES, ERR_TOR_COMMAND, 551, "Couldn't start circuit");
	assert_int_equal(bed.n_asked, WARM_TRIES + 2);
	extended(WARM_TRIES + 1, 11);
	assert_int_equal(coming(), 1);
	warm_forget(bed.d.warm);
	ask(1);
	warm_forget(bed.d.warm);
	answer(WARM_TRIES + 2, ERR_TOR_COMMAND, 551, "Couldn't start circuit");
	assert_int_equal(bed.n_asked, WARM_TRIES + 3);
}

static void test_circuits_that_fail(void **state)
{
	(void)state;
	ask(3);
	extended(0, 11);
	extended(1, 12);
	extended(2, 13);
	circ(11, "FAILED", 3);
	circ(12, "CLOSED", 4);
	assert_int_equal(coming(), 1);
	/* The third never says anything. */
	bed.now += WARM_WAIT_MS - 1;
	assert_int_equal(warm_wait_ms(bed.d.warm, bed.now), 1);
	bed.now += 1;
	assert_int_equal(coming(), 0);
	assert_int_equal(warm_wait_ms(bed.d.warm, bed.now), 0);
}

/* A reply that never comes: not waited for either, and its place is not used again, since the reply would point there. */
static void test_no_reply(void **state)
{
	(void)state;
	ask(6);
	assert_int_equal(coming(), 6);
	bed.now += WARM_WAIT_MS;
	assert_int_equal(coming(), 0);
	ask(6);
	assert_int_equal(coming(), WARM_AT_ONCE - 6);
	extended(0, 11);
	assert_int_equal(coming(), WARM_AT_ONCE - 6);
}

static void test_forgotten(void **state)
{
	(void)state;
	ask(3);
	extended(0, 11);
	warm_forget(bed.d.warm);
	assert_int_equal(coming(), 0);
	/* A reply that comes after New Identity is nothing to wait for. */
	extended(1, 12);
	circ(12, "LAUNCHED", 4);
	assert_int_equal(coming(), 0);
}

static void test_budget(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		size_t at = bed.n_asked;
		ask(6);
		assert_true(coming() <= WARM_AT_ONCE);
		for (; at < bed.n_asked; at++)
			answer(at, ERR_TOR_COMMAND, 551, "Couldn't start circuit");
	}
	assert_int_equal(bed.n_asked, WARM_WINDOW_MAX);
	bed.now += WARM_WINDOW_MS - 1;
	ask(1);
	assert_int_equal(bed.n_asked, WARM_WINDOW_MAX);
	bed.now += 1;
	ask(1);
	assert_int_equal(bed.n_asked, WARM_WINDOW_MAX + 1);
}

/* ---- the draw ---- */

/* One exit that is independent of exit 1, of so many that are still to be drawn. */
static void draw_begin_of(uint8_t left)
{
	bed.job.wait = JOB_LINK;
	bed.job.arrived = bed.now;
	bed.job.ask.draw = (struct net_draw){ .port = 443, .n_indep = 1, .left = left };
	fp_of(bed.job.ask.draw.indep[0], 1);
	bed.n_reply = bed.n_fail = bed.n_search = 0;
	draw_run(&bed.job, false);
}

static void draw_begin(void)
{
	draw_begin_of(0);
}

static void drawn(bool is_clean, unsigned exit)
{
	uint8_t fp[FP_LEN];

	assert_int_equal(bed.n_fail, 0);
	assert_int_equal(bed.n_reply, 1);
	assert_int_equal(bed.reply.is_clean, is_clean);
	fp_of(fp, exit);
	if (exit != 0)
		assert_memory_equal(bed.reply.exit.fp, fp, FP_LEN);
	fp_of(fp, 1);
	assert_memory_not_equal(bed.reply.exit.fp, fp, FP_LEN);
	fp_of(fp, 2);
	assert_memory_not_equal(bed.reply.exit.fp, fp, FP_LEN);
}

/* An event of tor's came. */
static void wake(void)
{
	if (bed.job.wait == JOB_SEARCH)
		draw_run(&bed.job, false);
}

static void test_draw_waits(void **state)
{
	(void)state;
	ask(3);
	for (unsigned i = 0; i < 3; i++)
		extended(i, 11 + i);
	draw_begin();
	assert_int_equal(bed.n_reply, 0);
	assert_int_equal(bed.n_search, 1);
	assert_int_equal(bed.search_ms, WARM_WAIT_MS);
	wake();
	assert_int_equal(bed.n_reply, 0);
	circ(11, "BUILT", 2);              /* of exit 1's network */
	wake();
	assert_int_equal(bed.n_reply, 0);
	circ(12, "BUILT", 6);
	wake();
	drawn(true, 6);
}

static void test_draw_waits_for_no_more_than_is_coming(void **state)
{
	(void)state;
	ask(2);
	extended(0, 11);
	extended(1, 12);
	draw_begin();
	circ(11, "BUILT", 2);
	wake();
	assert_int_equal(bed.n_reply, 0);
	circ(12, "FAILED", 5);
	wake();
	drawn(false, 0);                   /* today's way: tor builds one for it */
}

/* Three are to be drawn and three were asked for, but one ended in kin: one of the draws goes tor's usual way at once, and those
 * behind it wait for what is still coming. */
static void test_draw_does_not_wait_for_others_circuits(void **state)
{
	(void)state;
	ask(3);
	for (unsigned i = 0; i < 3; i++)
		extended(i, 11 + i);
	draw_begin_of(3);
	assert_int_equal(bed.n_reply, 0);
	circ(11, "BUILT", 2);              /* of exit 1's network */
	wake();
	drawn(false, 0);
	draw_begin_of(2);
	assert_int_equal(bed.n_reply, 0);
	circ(12, "BUILT", 6);
	wake();
	drawn(true, 6);
	draw_begin_of(2);
	drawn(true, 6);
	draw_begin_of(1);
	drawn(true, 6);
}

/* It was built, but a stream of the browser's has taken it. */
static void test_draw_another_was_first(void **state)
{
	(void)state;
	ask(1);
	extended(0, 11);
	draw_begin();
	circ(11, "BUILT", 6);
	assert_true(circs_on_stream(bed.circs, "7 NEW 0 a.test:443 PURPOSE=USER SOCKS_USERNAME=\"a.test:0\" SOCKS_PASSWORD=\"x\"", bed.now, NULL));
	assert_true(circs_on_stream(bed.circs, "7 SENTCONNECT 11 a.test:443", bed.now, NULL));
	wake();
	drawn(false, 0);
}

static void test_draw_is_late(void **state)
{
	(void)state;
	ask(1);
	extended(0, 11);
	bed.now += 500;
	draw_begin();
	assert_int_equal(bed.search_ms, WARM_WAIT_MS - 500);
	bed.now += 1500;
	draw_run(&bed.job, true);          /* its timer */
	drawn(false, 0);
	/* However many others ask for more meanwhile: it has waited long enough. */
	ask(3);
	draw_begin();
	assert_int_equal(bed.n_reply, 0);
	bed.now += WARM_WAIT_MS;
	ask(6);
	circ(44, "BUILT", 2);
	wake();
	drawn(false, 0);
}

static void test_draw_does_not_wait(void **state)
{
	(void)state;
	/* nothing is coming */
	draw_begin();
	drawn(false, 0);
	/* a clean one is there */
	circ(5, "BUILT", 7);
	ask(3);
	draw_begin();
	drawn(true, 7);
	/* a question about one exit; an exit can't be chosen */
	bed.job.wait = JOB_LINK;
	bed.n_reply = 0;
	fp_of(bed.job.ask.draw.only, 3);
	draw_run(&bed.job, false);
	drawn(false, 3);
	bed.job.wait = JOB_LINK;
	bed.n_reply = 0;
	bed.job.ask.draw.is_ipv6 = 1;
	memset(bed.job.ask.draw.only, 0, FP_LEN);
	draw_run(&bed.job, false);
	assert_int_equal(bed.n_search, 0);
	assert_int_equal(bed.n_reply + bed.n_fail, 1);
}

/* Nothing suits at all: that is said at once. */
static void test_draw_none(void **state)
{
	(void)state;
	ask(3);
	bed.job.wait = JOB_LINK;
	bed.job.ask.draw = (struct net_draw){ .port = 9999 };
	draw_run(&bed.job, false);
	assert_int_equal(bed.n_fail, 1);
	assert_int_equal(bed.err, ERR_EXIT_NONE);
}

#define WARM_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WARM_TEST(test_as_many_as_are_missing), WARM_TEST(test_clean_ones_that_count), WARM_TEST(test_when_it_would_be_of_no_use),
		WARM_TEST(test_refusals), WARM_TEST(test_no_path), WARM_TEST(test_circuits_that_fail), WARM_TEST(test_no_reply), WARM_TEST(test_forgotten),
		WARM_TEST(test_budget), WARM_TEST(test_draw_waits), WARM_TEST(test_draw_waits_for_no_more_than_is_coming),
		WARM_TEST(test_draw_does_not_wait_for_others_circuits), WARM_TEST(test_draw_another_was_first), WARM_TEST(test_draw_is_late), WARM_TEST(test_draw_does_not_wait),
		WARM_TEST(test_draw_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
