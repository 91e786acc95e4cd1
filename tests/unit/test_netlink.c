// Main's end of the net role, against a role that is played here: answers in any order, nonsense, death, silence.
// uses: host/priv/netlink.c host/priv/netmsg.c host/priv/frame.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
// libs: -levent_core
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "priv/netlink.h"
#include "priv/role.h"

#include <event2/event.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- the role ---- */

struct sent { uint16_t type; uint32_t id; size_t n; uint8_t bytes[4096]; };

static struct {
	const struct role_ops *ops;
	void *arg;
	struct sent sent[64];
	size_t n_sent, n_starts, n_kills, n_frees;
	enum err send_err;
	int fd;                /* comes with the next frame */
	uint64_t now;
} fake;

static struct event_base *base;
static struct netlink *link_;

uint64_t clock_ms(void) { return fake.now; }

struct role *role_new(struct event_base *b, const char *program, uint16_t config_type, const struct buf *config,
                      bool is_kept, const struct role_ops *ops, void *arg)
{
	struct net_config c;
	(void)b;
	assert_string_equal(program, "secondexit-net");
	assert_int_equal(config_type, NET_CONFIG);
	assert_true(is_kept);
	assert_int_equal(netmsg_get_config(rd_of(config->bytes, config->len), &c), OK);
	assert_string_equal(c.control, "127.0.0.1:9051");
	fake.ops = ops;
	fake.arg = arg;
	return (struct role *)&fake;
}
void role_free(struct role *r) { (void)r; fake.n_frees++; }
enum err role_start(struct role *r) { (void)r; fake.n_starts++; return fake.send_err; }
int role_take_fd(struct role *r) { (void)r; int fd = fake.fd; fake.fd = -1; return fd; }
void role_kill(struct role *r) { (void)r; fake.n_kills++; }

enum err role_send(struct role *r, uint16_t type, uint32_t id, const struct buf *payload)
{
	(void)r;
	if (fake.send_err != OK)
		return fake.send_err;
	assert_true(fake.n_sent < 64);
	struct sent *s = &fake.sent[fake.n_sent++];
	*s = (struct sent){ .type = type, .id = id, .n = payload ? payload->len : 0 };
	assert_true(s->n <= sizeof s->bytes);
	if (s->n > 0)
		memcpy(s->bytes, payload->bytes, s->n);
	return OK;
}

static void answer(uint16_t type, uint32_t id, const struct buf *payload)
{
	/* An exact-size copy, gone after the call. */
	size_t n = payload ? payload->len : 0;
	uint8_t *bytes = malloc(n ? n : 1);
	if (n > 0)
		memcpy(bytes, payload->bytes, n);
	const struct frame f = { type, id, rd_of(bytes, n) };
	fake.ops->frame(fake.arg, &f);
	free(bytes);
}

/* ---- what comes back ---- */

static struct {
	unsigned first, draw, look, close, exits, ends, status, steps, states, newnyms;
	enum err err;
	bool had_answer;
	struct net_look_r look_r;
	struct net_state state;
	unsigned again;        /* callbacks that ask anew */
	uint32_t cancel;       /* callbacks that cancel this one */
} got;

static void note(enum err err, const void *r)
{
	got.err = err;
	got.had_answer = r != NULL;
	assert_int_equal(err == OK, r != NULL);
	if (got.cancel != 0)
		netlink_cancel(link_, got.cancel);
}

static void on_status(void *arg, enum err err, const struct net_status *r)
{
	assert_ptr_equal(arg, &got);
	got.status++;
	note(err, r);
	if (got.again > 0) {
		got.again--;
		assert_int_equal(netlink_status(link_, on_status, &got, NULL), OK);
	}
}
static void on_first(void *arg, enum err err, const struct net_first_r *r) { (void)arg; got.first++; note(err, r); }
static void on_draw(void *arg, enum err err, const struct net_draw_r *r) { (void)arg; got.draw++; note(err, r); }
static void on_close(void *arg, enum err err, const struct net_close_r *r) { (void)arg; got.close++; note(err, r); }
static void on_look(void *arg, enum err err, const struct net_look_r *r)
{
	(void)arg;
	got.look++;
	if (r != NULL)
		got.look_r = *r;
	note(err, r);
}
static void on_step(void *arg, const struct net_step_r *r) { (void)arg; (void)r; got.steps++; }
static void on_exits(void *arg, enum err err, const struct relay_info *r)
{
	(void)arg;
	if (r != NULL) {
		assert_int_equal(err, OK);
		got.exits++;
		if (got.cancel != 0)
			netlink_cancel(link_, got.cancel);
	} else {
		got.ends++;
		got.err = err;
	}
}
static void on_state(void *arg, const struct net_state *s) { assert_ptr_equal(arg, &got); got.states++; got.state = *s; }
static void on_newnym(void *arg) { (void)arg; got.newnyms++; }

static int setup(void **state)
{
	(void)state;
	const struct net_config c = { .control = "127.0.0.1:9051" };
	const struct netlink_news news = { on_state, on_newnym };
	memset(&fake, 0, sizeof fake);
	memset(&got, 0, sizeof got);
	fake.now = 1000;
	fake.fd = -1;
	base = event_base_new();
	link_ = netlink_new(base, &c, &news, &got);
	assert_non_null(link_);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	netlink_free(link_);
	assert_int_equal(fake.n_frees, 1);
	event_base_free(base);
	return 0;
}

static int activate(const struct event_base *b, const struct event *e, void *arg)
{
	(void)b;
	(void)arg;
	event_active((struct event *)(uintptr_t)e, EV_TIMEOUT, 0);
	return 0;
}

/* Lets time pass; every timer that is armed fires, as one that comes early would. */
static void pass(uint64_t ms)
{
	fake.now += ms;
	event_base_foreach_event(base, activate, NULL);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static const struct net_first first = { .host = "site.test", .port = 443, .first_party = "site.test" };
static const struct net_draw draw = { .port = 443 };
static const struct net_look look = { .host = "site.test", .port = 443, .deadline_ms = 5000 };
static const struct net_exits exits = { .fp = { 7 }, .port = 443 };
static const uint8_t der[] = { 0x30, 0 };

/* One of each, ids in order. */
static void ask_all(uint32_t id[6])
{
	assert_int_equal(netlink_first(link_, &first, on_first, &got, &id[0]), OK);
	assert_int_equal(netlink_draw(link_, &draw, on_draw, &got, &id[1]), OK);
	assert_int_equal(netlink_look(link_, &look, on_step, on_look, &got, &id[2]), OK);
	assert_int_equal(netlink_close(link_, &first, on_close, &got, &id[3]), OK);
	assert_int_equal(netlink_exits(link_, &exits, on_exits, &got, &id[4]), OK);
	assert_int_equal(netlink_status(link_, on_status, &got, &id[5]), OK);
}

static unsigned answered(void)
{
	return got.first + got.draw + got.look + got.close + got.ends + got.status;
}

static struct buf bytes_of_look(void)
{
	struct buf b = buf_new(FRAME_MAX);
	const struct net_look_r r = { .is_signed = 1, .n_certs = 1, .cert = { { 2, der } } };
	netmsg_put_look_r(&b, &r);
	return b;
}

static struct buf bytes_of_status(void)
{
	struct buf b = buf_new(FRAME_MAX);
	netmsg_put_status(&b, &(struct net_status){ .state = { 1, OK } });
	return b;
}

/* ---- tests ---- */

static struct { unsigned n; enum err err, own; int fd; } open_got;

static void on_open(void *arg, enum err err, const struct net_open_r *r, int fd)
{
	assert_ptr_equal(arg, &got);
	assert_int_equal(err == OK, r != NULL);
	open_got.n++;
	open_got.err = err;
	open_got.own = r != NULL ? (enum err)r->err : OK;
	open_got.fd = fd;
}

/* The answer to an opening, with a descriptor or without; the descriptor's number. */
static int opened(uint32_t id, enum err err, bool has_fd)
{
	struct buf b = buf_new(FRAME_MAX);
	const struct net_open_r r = { .err = err, .path.n = 1 };
	int fd = has_fd ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	netmsg_put_open_r(&b, &r);
	fake.fd = fd;
	answer(NET_R_OPEN, id, &b);
	buf_free(&b);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* The descriptor is the asker's when there is one, and closed when he is gone; and nothing but an open stream brings one. */
static void test_open(void **state)
{
	uint32_t id, steps;
	struct net_look m;
	memset(&open_got, 0, sizeof open_got);
	assert_int_equal(netlink_open(link_, &look, on_step, on_open, &got, &id), OK);
	assert_int_equal(fake.sent[0].type, NET_OPEN);
	assert_int_equal(netmsg_get_look(rd_of(fake.sent[0].bytes, fake.sent[0].n), &m), OK);
	assert_string_equal(m.host, "site.test");
	struct buf b = buf_new(FRAME_MAX);
	netmsg_put_step_r(&b, &(struct net_step_r){ .step = STEP_BUILDING });
	answer(NET_R_STEP, id, &b);
	buf_free(&b);
	steps = got.steps;
	assert_int_equal(steps, 1);
	int fd = opened(id, OK, true);
	assert_int_equal(open_got.n, 1);
	assert_int_equal(open_got.fd, fd);
	assert_true(is_open(fd));
	close(fd);

	assert_int_equal(netlink_open(link_, &look, on_step, on_open, &got, &id), OK);
	opened(id, ERR_TIMEOUT, false);
	assert_int_equal(open_got.n, 2);
	assert_int_equal(open_got.own, ERR_TIMEOUT);
	assert_int_equal(open_got.fd, -1);

	assert_int_equal(netlink_open(link_, &look, on_step, on_open, &got, &id), OK);
	netlink_cancel(link_, id);
	assert_int_equal(fake.sent[fake.n_sent - 1].type, NET_CANCEL);
	fd = opened(id, OK, true);
	assert_false(is_open(fd));
	assert_int_equal(open_got.n, 2);
	assert_int_equal(fake.n_kills, 0);

	for (int lie = 0; lie < 4; lie++) {
		teardown(state);
		setup(state);
		uint32_t ids[6];
		ask_all(ids);
		assert_int_equal(netlink_open(link_, &look, on_step, on_open, &got, &id), OK);
		switch (lie) {
		case 0: fd = opened(id, OK, false); break;             /* open, without its stream */
		case 1: fd = opened(id, ERR_TIMEOUT, true); break;     /* failed, with one */
		case 2: fd = opened(ids[2], OK, true); break;          /* to a look */
		default: fd = opened(0, OK, true); break;
		}
		assert_int_equal(fake.n_kills, 1);
		if (lie < 3)
			assert_false(is_open(fd));
		else
			close(fd);    /* refused before it was looked at: the channel closes it (test_channel) */
		assert_int_equal(open_got.err, ERR_ROLE_DIED);
		assert_int_equal(open_got.fd, -1);
	}
}

/* A hint has no id and no answer. */
static void test_warm(void **state)
{
	(void)state;
	const struct net_warm m = { .port = 443, .n = 3 };
	struct net_warm said;
	netlink_warm(link_, &m);
	assert_int_equal(fake.n_sent, 1);
	assert_int_equal(fake.sent[0].type, NET_WARM);
	assert_int_equal(fake.sent[0].id, 0);
	assert_int_equal(netmsg_get_warm(rd_of(fake.sent[0].bytes, fake.sent[0].n), &said), OK);
	assert_int_equal(said.port, 443);
	assert_int_equal(said.n, 3);
	/* A role that is gone is no reason to fail. */
	fake.send_err = ERR_ROLE_DIED;
	netlink_warm(link_, &m);
	assert_int_equal(answered(), 0);
}

static void test_requests_and_answers(void **state)
{
	(void)state;
	uint32_t id[6];
	struct net_first f;
	ask_all(id);
	const uint16_t types[] = { NET_FIRST, NET_DRAW, NET_LOOK, NET_CLOSE, NET_EXITS, NET_STATUS };
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(fake.sent[i].type, types[i]);
		assert_int_equal(fake.sent[i].id, id[i]);
		assert_int_not_equal(id[i], 0);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(id[i], id[j]);
	}
	assert_int_equal(netmsg_get_first(rd_of(fake.sent[0].bytes, fake.sent[0].n), &f), OK);
	assert_string_equal(f.host, "site.test");
	assert_int_equal(answered(), 0);

	/* In another order than asked. */
	struct buf b = bytes_of_status();
	answer(NET_R_STATUS, id[5], &b);
	assert_int_equal(got.status, 1);
	buf_free(&b);
	b = buf_new(FRAME_MAX);
	netmsg_put_step_r(&b, &(struct net_step_r){ .step = STEP_BUILDING });
	answer(NET_R_STEP, id[2], &b);
	answer(NET_R_STEP, id[2], &b);
	assert_int_equal(got.steps, 2);
	buf_free(&b);
	netmsg_put_relay(&b, &(struct relay_info){ .nickname = "e" });
	answer(NET_R_EXIT, id[4], &b);
	answer(NET_R_EXIT, id[4], &b);
	answer(NET_R_END, id[4], NULL);
	assert_int_equal(got.exits, 2);
	assert_int_equal(got.ends, 1);
	buf_free(&b);
	netmsg_put_first_r(&b, &(struct net_first_r){ .n = 0 });
	answer(NET_R_FIRST, id[0], &b);
	buf_free(&b);
	netmsg_put_draw_r(&b, &(struct net_draw_r){ .groups = 3 });
	answer(NET_R_DRAW, id[1], &b);
	buf_free(&b);
	netmsg_put_close_r(&b, &(struct net_close_r){ 1, 2 });
	answer(NET_R_CLOSE, id[3], &b);
	buf_free(&b);
	b = bytes_of_look();
	answer(NET_R_LOOK, id[2], &b);
	buf_free(&b);
	assert_int_equal(answered(), 6);
	assert_int_equal(got.look_r.n_certs, 1);
	assert_int_equal(fake.n_kills, 0);
	/* A second answer finds nobody. */
	b = bytes_of_status();
	answer(NET_R_STATUS, id[5], &b);
	buf_free(&b);
	assert_int_equal(got.status, 1);
	assert_int_equal(fake.n_kills, 0);
}

static void test_errors(void **state)
{
	(void)state;
	uint32_t id[6];
	struct buf b = buf_new(FRAME_MAX);
	ask_all(id);
	netmsg_put_error(&b, ERR_TOR_LOST);
	for (size_t i = 0; i < 6; i++) {
		answer(NET_R_ERROR, id[i], &b);
		assert_int_equal(got.err, ERR_TOR_LOST);
		assert_int_equal(answered(), i + 1);
	}
	buf_free(&b);
}

static void test_news(void **state)
{
	(void)state;
	struct buf b = buf_new(FRAME_MAX);
	netmsg_put_state(&b, &(struct net_state){ 0, ERR_TOR_AUTH });
	answer(NET_R_STATE, 0, &b);
	assert_int_equal(got.state.err, ERR_TOR_AUTH);
	answer(NET_R_NEWNYM, 0, NULL);
	assert_int_equal(got.newnyms, 1);
	buf_free(&b);
}

/* Each of these ends the role and all that was asked of it. */
static void test_nonsense(void **state)
{
	for (int kind = 0; kind < 10; kind++) {
		teardown(state);
		setup(state);
		uint32_t id[6];
		struct buf b = buf_new(FRAME_MAX), look_bytes = bytes_of_look();
		ask_all(id);
		switch (kind) {
		case 0: answer(NET_R_STATUS, id[5], NULL); break;                /* cut */
		case 1: buf_put(&b, look_bytes.bytes, look_bytes.len); buf_u8(&b, 0);
			answer(NET_R_LOOK, id[2], &b); break;                    /* bytes left over */
		case 2: answer(NET_R_LOOK, id[1], &look_bytes); break;           /* another kind than asked */
		case 3: answer(200, id[0], NULL); break;                         /* unknown type */
		case 4: answer(NET_LOOK, id[0], NULL); break;                    /* one of ours */
		case 5: answer(NET_R_NEWNYM, id[0], NULL); break;                /* news with an id */
		case 6: answer(NET_R_LOOK, 0, &look_bytes); break;               /* answers without */
		case 7: answer(NET_R_END, id[2], NULL); break;
		case 8: buf_u32(&b, 4711); answer(NET_R_ERROR, id[0], &b); break;  /* no such error */
		case 9: answer(NET_R_STATUS, 7777, NULL); break;                 /* cut, and nobody asked */
		}
		assert_int_equal(fake.n_kills, 1);
		assert_int_equal(answered(), 6);
		assert_int_equal(got.err, ERR_ROLE_DIED);
		assert_int_equal(got.states, 1);
		assert_false(got.state.is_up);
		assert_int_equal(got.state.err, ERR_ROLE_DIED);
		buf_free(&b);
		buf_free(&look_bytes);
	}
}

static void test_death(void **state)
{
	(void)state;
	uint32_t id[6];
	ask_all(id);
	fake.ops->died(fake.arg, ERR_ROLE_DIED);
	assert_int_equal(answered(), 6);
	assert_int_equal(got.err, ERR_ROLE_DIED);
	assert_int_equal(fake.n_kills, 0);
	/* The next request starts it again. */
	assert_int_equal(netlink_status(link_, on_status, &got, &id[0]), OK);
	struct buf b = bytes_of_status();
	answer(NET_R_STATUS, id[0], &b);
	assert_int_equal(got.err, OK);
	buf_free(&b);
}

/* What a callback asks while the dead are counted is not one of them. */
static void test_asking_from_a_callback(void **state)
{
	(void)state;
	uint32_t id[6];
	ask_all(id);
	got.again = 1;
	fake.ops->died(fake.arg, ERR_ROLE_DIED);
	assert_int_equal(answered(), 6);
	assert_int_equal(fake.n_sent, 7);
	struct buf b = bytes_of_status();
	answer(NET_R_STATUS, fake.sent[6].id, &b);
	assert_int_equal(answered(), 7);
	buf_free(&b);
}

static void test_cancelling_from_a_callback(void **state)
{
	(void)state;
	uint32_t id[6];
	ask_all(id);
	got.cancel = id[2];
	fake.ops->died(fake.arg, ERR_ROLE_DIED);
	assert_int_equal(answered() >= 5, true);
	assert_int_equal(got.status, 1);
	/* Its own list, in the middle of it. */
	got.cancel = 0;
	uint32_t list;
	struct buf b = buf_new(FRAME_MAX);
	netmsg_put_relay(&b, &(struct relay_info){ .nickname = "e" });
	assert_int_equal(netlink_exits(link_, &exits, on_exits, &got, &list), OK);
	got.cancel = list;
	unsigned ends = got.ends;
	answer(NET_R_EXIT, list, &b);
	answer(NET_R_EXIT, list, &b);
	answer(NET_R_END, list, NULL);
	assert_int_equal(got.exits, 1);
	assert_int_equal(got.ends, ends);
	buf_free(&b);
}

static void test_silence(void **state)
{
	(void)state;
	uint32_t id[6];
	ask_all(id);
	pass(NETLINK_ANSWER_MS - 1 < 5000 + LINK_WAIT_MS ? 1 : 5000 + LINK_WAIT_MS);
	assert_int_equal(answered(), 0);
	pass(NETLINK_ANSWER_MS);
	assert_int_equal(answered(), 6);
	assert_int_equal(fake.n_kills, 1);
	assert_int_equal(got.states, 1);
	pass(NETLINK_ANSWER_MS);
	assert_int_equal(fake.n_kills, 1);
}

/* The one that waited in vain is told so; the others lost their role. */
static void test_silence_about_one(void **state)
{
	(void)state;
	uint32_t a, b;
	assert_int_equal(netlink_status(link_, on_status, &got, &a), OK);
	pass(5000);
	assert_int_equal(netlink_draw(link_, &draw, on_draw, &got, &b), OK);
	pass(NETLINK_ANSWER_MS - 5000);
	assert_int_equal(got.status, 1);
	assert_int_equal(got.draw, 1);
	assert_int_equal(got.err, ERR_ROLE_DIED);
}

static void test_a_look_is_given_its_deadline(void **state)
{
	(void)state;
	struct net_look m = look;
	uint32_t id;
	m.deadline_ms = 0;       /* the longest there is */
	assert_int_equal(netlink_look(link_, &m, NULL, on_look, &got, &id), OK);
	pass(LOOK_DEADLINE_MAX_MS + LINK_WAIT_MS);
	assert_int_equal(got.look, 0);
	struct buf b = buf_new(FRAME_MAX);
	netmsg_put_step_r(&b, &(struct net_step_r){ .step = STEP_DONE });
	answer(NET_R_STEP, id, &b);      /* nobody wants steps */
	buf_free(&b);
	pass(2000);
	assert_int_equal(got.look, 1);
	assert_int_equal(got.err, ERR_TIMEOUT);
}

static void test_cancel(void **state)
{
	(void)state;
	uint32_t id[6];
	ask_all(id);
	netlink_cancel(link_, 0);
	netlink_cancel(link_, 999);
	assert_int_equal(fake.n_sent, 6);
	netlink_cancel(link_, id[2]);
	assert_int_equal(fake.n_sent, 7);
	assert_int_equal(fake.sent[6].type, NET_CANCEL);
	assert_int_equal(fake.sent[6].id, id[2]);
	netlink_cancel(link_, id[5]);
	assert_int_equal(fake.n_sent, 7);
	struct buf b = bytes_of_look();
	answer(NET_R_LOOK, id[2], &b);
	buf_free(&b);
	b = bytes_of_status();
	answer(NET_R_STATUS, id[5], &b);
	buf_free(&b);
	assert_int_equal(answered(), 0);
	fake.ops->died(fake.arg, ERR_ROLE_DIED);
	assert_int_equal(answered(), 4);
}

static void test_not_startable(void **state)
{
	(void)state;
	uint32_t id = 42;
	fake.send_err = ERR_IO;
	assert_int_equal(netlink_start(link_), ERR_IO);
	assert_int_equal(netlink_status(link_, on_status, &got, &id), ERR_IO);
	assert_int_equal(netlink_look(link_, &look, on_step, on_look, &got, &id), ERR_IO);
	assert_int_equal(id, 42);
	pass(60000);
	assert_int_equal(answered(), 0);
}

static void test_no_news_wanted(void **state)
{
	(void)state;
	netlink_free(link_);
	fake.n_frees = 0;
	const struct net_config c = { .control = "127.0.0.1:9051" };
	link_ = netlink_new(base, &c, NULL, NULL);
	struct buf b = buf_new(FRAME_MAX);
	netmsg_put_state(&b, &(struct net_state){ 1, OK });
	answer(NET_R_STATE, 0, &b);
	answer(NET_R_NEWNYM, 0, NULL);
	fake.ops->died(fake.arg, ERR_ROLE_DIED);
	buf_free(&b);
	assert_int_equal(fake.n_kills, 0);
}

#define LINK_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(test_requests_and_answers), LINK_TEST(test_errors), LINK_TEST(test_news), LINK_TEST(test_nonsense),
		LINK_TEST(test_death), LINK_TEST(test_asking_from_a_callback), LINK_TEST(test_cancelling_from_a_callback),
		LINK_TEST(test_silence), LINK_TEST(test_silence_about_one), LINK_TEST(test_a_look_is_given_its_deadline),
		LINK_TEST(test_cancel), LINK_TEST(test_open), LINK_TEST(test_warm), LINK_TEST(test_not_startable), LINK_TEST(test_no_news_wanted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
