// Main's end of fetching, against a net role and a fetch role that are played here: who opens, who speaks, who holds the
// descriptor, and what happens when one of them dies, lies or falls silent.
// uses: host/priv/fetchlink.c host/priv/fetchmsg.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
// libs: -levent_core
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "priv/fetchlink.h"
#include "priv/role.h"

#include <event2/event.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- the roles ---- */

struct sent { uint16_t type; uint32_t id; int fd; size_t n; uint8_t bytes[4096]; };

static struct {
	const struct role_ops *ops;
	void *arg;
	struct sent sent[256];
	size_t n_sent, n_new, n_starts, n_kills, n_frees;
	enum err start_err, send_err, open_err;
	bool runs;
	/* the opening */
	struct net_look look;
	netlink_step_cb *step;
	netlink_open_cb *open;
	void *open_arg;
	uint32_t open_id, cancelled;
	size_t n_opens;
	uint64_t now;
} fake;

static struct event_base *base;
static struct fetchlink *fetches;

uint64_t clock_ms(void) { return fake.now; }

struct role *role_new(struct event_base *b, const char *program, uint16_t config_type, const struct buf *config,
                      bool is_kept, const struct role_ops *ops, void *arg)
{
	(void)b;
	assert_string_equal(program, "secondexit-fetch");
	assert_int_equal(config_type, FETCH_CONFIG);
	assert_null(config);
	assert_false(is_kept);
	fake.ops = ops;
	fake.arg = arg;
	fake.n_new++;
	return (struct role *)&fake;
}
void role_free(struct role *r) { fake.n_frees += r != NULL; fake.runs = false; }
enum err role_start(struct role *r)
{
	(void)r;
	fake.n_starts++;
	fake.runs |= fake.start_err == OK;
	return fake.start_err;
}
void role_kill(struct role *r) { (void)r; fake.n_kills++; fake.runs = false; }
pid_t role_pid(const struct role *r) { (void)r; return fake.runs ? 4711 : 0; }
int role_take_fd(struct role *r) { (void)r; return -1; }

static enum err note(uint16_t type, uint32_t id, const struct buf *payload, int fd)
{
	if (fake.send_err != OK) {
		if (fd >= 0)
			close(fd);
		return fake.send_err;
	}
	assert_true(fake.n_sent < 256);
	fake.runs = true;
	struct sent *s = &fake.sent[fake.n_sent++];
	*s = (struct sent){ .type = type, .id = id, .fd = fd, .n = payload ? payload->len : 0 };
	assert_true(s->n <= sizeof s->bytes);
	if (s->n > 0)
		memcpy(s->bytes, payload->bytes, s->n);
	return OK;
}
enum err role_send(struct role *r, uint16_t type, uint32_t id, const struct buf *payload)
{
	(void)r;
	return note(type, id, payload, -1);
}
enum err role_send_fd(struct role *r, uint16_t type, uint32_t id, const struct buf *payload, int fd)
{
	(void)r;
	return note(type, id, payload, fd);
}

enum err netlink_open(struct netlink *n, const struct net_look *m, netlink_step_cb *step, netlink_open_cb *done, void *arg,
                      uint32_t *id)
{
	assert_null(n);
	if (fake.open_err != OK)
		return fake.open_err;
	fake.look = *m;
	fake.step = step;
	fake.open = done;
	fake.open_arg = arg;
	fake.n_opens++;
	*id = ++fake.open_id;
	return OK;
}
void netlink_cancel(struct netlink *n, uint32_t id) { assert_null(n); if (id != 0) fake.cancelled = id; }

/* ---- what comes back ---- */

static struct {
	unsigned heads, bodies, ends, steps;
	size_t bytes;
	uint8_t last_step;
	struct fetch_end end;
	struct fetch_head head;
	uint32_t cancel, pause;   /* done within the body's callback */
	bool again;               /* asks anew within the end's */
} got;

static uint32_t id;
static uint8_t exit_fp[FP_LEN] = { 1, 2, 3 };

static void on_step(void *arg, const struct net_step_r *r) { (void)arg; got.steps++; got.last_step = r->step; }
static void on_head(void *arg, const struct fetch_head *h) { (void)arg; got.heads++; got.head = *h; }
static void on_body(void *arg, struct rd piece)
{
	(void)arg;
	got.bodies++;
	got.bytes += piece.left;
	for (size_t i = 0; i < piece.left; i++)
		assert_int_equal(piece.at[i], 'x');
	if (got.cancel != 0)
		fetchlink_cancel(fetches, got.cancel);
	if (got.pause != 0)
		fetchlink_pause(fetches, got.pause);
}
static void start(void);
static void on_end(void *arg, const struct fetch_end *e)
{
	(void)arg;
	got.ends++;
	got.end = *e;
	if (got.again) {
		got.again = false;
		start();
	}
}
static const struct fetch_ops ops = { on_step, on_head, on_body, on_end };

static struct fetch_get plain(void)
{
	return (struct fetch_get){ .url = "https://site.test/a", .lines = "Accept: x\n", .exit = exit_fp, .max_body = 1 << 20 };
}

static void start(void)
{
	const struct fetch_get g = plain();
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, &id), OK);
}

static int a_descriptor(void)
{
	int pair[2];
	assert_int_equal(pipe(pair), 0);
	close(pair[1]);
	return pair[0];
}

static void opened(enum err err)
{
	struct net_open_r r = { .err = err, .was_clean = 1, .path = { .n = 3, .circuit = 5 } };
	memcpy(r.path.hop[2].fp, exit_fp, FP_LEN);
	fake.open(fake.open_arg, OK, &r, err == OK ? a_descriptor() : -1);
}

static void frame(uint16_t type, uint32_t of, const struct buf *payload)
{
	size_t n = payload ? payload->len : 0;
	uint8_t *bytes = malloc(n ? n : 1);
	if (n > 0)
		memcpy(bytes, payload->bytes, n);
	const struct frame f = { type, of, rd_of(bytes, n) };
	fake.ops->frame(fake.arg, &f);
	free(bytes);
}

static void head(uint32_t of, bool has_leaf)
{
	struct buf b BUF_AUTO = buf_new(FRAME_MAX);
	const struct fetch_head h = { .http = 11, .status = 200, .has_leaf = has_leaf, .lines = rd_of("A: b\n", 5) };
	fetchmsg_put_head(&b, &h);
	frame(FETCH_R_HEAD, of, &b);
}

static void body(uint32_t of, size_t n)
{
	static uint8_t bytes[FETCH_PIECE_MAX + 1];
	struct buf b BUF_AUTO = buf_new(FRAME_MAX);
	memset(bytes, 'x', sizeof bytes);
	buf_put(&b, bytes, n);
	frame(FETCH_R_BODY, of, &b);
}

static void tail(uint32_t of, enum err err, uint64_t n)
{
	struct buf b BUF_AUTO = buf_new(FRAME_MAX);
	const struct fetch_tail t = { .err = err, .body = n, .is_framed = 1, .has_leaf = 1, .leaf = { 9 } };
	fetchmsg_put_tail(&b, &t);
	frame(FETCH_R_END, of, &b);
}

static void handed(void)
{
	start();
	opened(OK);
	assert_int_equal(fake.sent[fake.n_sent - 1].type, FETCH_GET);
}

static const struct sent *last(void) { return &fake.sent[fake.n_sent - 1]; }

static int activate(const struct event_base *b, const struct event *e, void *arg)
{
	(void)b;
	(void)arg;
	event_active((struct event *)(uintptr_t)e, EV_TIMEOUT, 0);
	return 0;
}

static void pass(uint64_t ms)
{
	fake.now += ms;
	event_base_foreach_event(base, activate, NULL);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static size_t descriptors(void)
{
	size_t n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static size_t before;

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof fake);
	memset(&got, 0, sizeof got);
	fake.now = 1000;
	base = event_base_new();
	fetches = fetchlink_new(base, NULL);
	before = descriptors();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fetchlink_free(fetches);
	/* What the role got is the role's. */
	for (size_t i = 0; i < fake.n_sent; i++)
		if (fake.sent[i].fd >= 0)
			close(fake.sent[i].fd);
	assert_int_equal(descriptors(), before);
	event_base_free(base);
	return 0;
}

/* ---- tests ---- */

static void a_fetch(void **state)
{
	(void)state;
	struct fetch_ask ask;
	assert_int_equal(fetchlink_pid(fetches), 0);
	start();
	assert_string_equal(fake.look.host, "site.test");
	assert_int_equal(fake.look.port, 443);
	assert_int_equal(fake.look.is_free, 0);
	assert_memory_equal(fake.look.exit, exit_fp, FP_LEN);
	assert_int_equal(fake.look.deadline_ms, FETCH_DEADLINE_MS);
	fake.now += 1000;
	opened(OK);
	assert_int_equal(last()->type, FETCH_GET);
	assert_int_equal(last()->id, id);
	assert_true(last()->fd >= 0);
	assert_int_equal(fetchmsg_get_ask(rd_of(last()->bytes, last()->n), &ask), OK);
	assert_string_equal(ask.target, "/a");
	assert_string_equal(ask.lines, "Accept: x\n");
	assert_int_equal(ask.deadline_ms, FETCH_DEADLINE_MS - 1000);
	assert_int_equal(got.last_step, STEP_HANDSHAKING);
	head(id, true);
	body(id, 5);
	tail(id, OK, 5);
	assert_int_equal(got.heads, 1);
	assert_int_equal(got.head.status, 200);
	assert_int_equal(got.bytes, 5);
	assert_int_equal(got.last_step, STEP_DONE);
	assert_int_equal(got.ends, 1);
	assert_int_equal(got.end.err, OK);
	assert_true(got.end.was_clean && got.end.is_framed && got.end.has_leaf);
	assert_int_equal(got.end.leaf[0], 9);
	assert_int_equal(got.end.body, 5);
	assert_int_equal(got.end.path.circuit, 5);
	assert_int_equal(fake.n_kills, 0);
}

static void refused_at_once(void **state)
{
	(void)state;
	static const struct { const char *url, *lines; enum err err; } rows[] = {
		{ "ftp://site.test/", NULL, ERR_HTTP_URL }, { "http://", NULL, ERR_HTTP_URL }, { "http://a@b/", NULL, ERR_HTTP_URL },
		{ "http://site.test/", "Cookie: a=b\n", ERR_HTTP_REQUEST }, { "http://site.test/", "Accept: x", ERR_HTTP_REQUEST },
		{ "http://site.test/", "Authorization: Basic x\n", ERR_HTTP_REQUEST }, { "http://site.test/", "Host: x\n", ERR_HTTP_REQUEST },
		{ "http://site.test/", "Accept: x\r\nHost: y\n", ERR_HTTP_REQUEST },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct fetch_get g = { .url = rows[i].url, .lines = rows[i].lines, .exit = exit_fp };
		assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, NULL), rows[i].err);
	}
	struct fetch_get g = plain();
	g.exit = NULL;
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, NULL), ERR_USAGE);
	g = plain();
	g.is_decoded = true;
	g.max_body = FETCH_DECODED_MAX + 1;
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, NULL), ERR_USAGE);
	assert_int_equal(fake.n_starts, 0);
	g = plain();
	fake.start_err = ERR_ROLE_DIED;
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, NULL), ERR_ROLE_DIED);
	fake.start_err = OK;
	fake.open_err = ERR_IO;
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, NULL), ERR_IO);
	fake.open_err = OK;
	assert_int_equal(fake.n_opens, 0);
	for (int i = 0; i < FETCHES_MAX; i++)
		assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, NULL), OK);
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, NULL), ERR_MSG_BUSY);
	assert_int_equal(got.ends + got.steps, 0);
}

static void free_choice(void **state)
{
	(void)state;
	struct net_draw avoid = { .port = 1, .n_indep = 1 };
	struct fetch_get g = plain();
	g.exit = NULL;
	g.avoid = &avoid;
	g.url = "http://[2606:4700::1111]:8080/";
	g.deadline_ms = FETCH_DEADLINE_MAX_MS;
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, &id), OK);
	assert_int_equal(fake.look.is_free, 1);
	assert_int_equal(fake.look.avoid.port, 8080);
	assert_int_equal(fake.look.avoid.n_indep, 1);
	assert_string_equal(fake.look.host, "2606:4700::1111");
	assert_int_equal(fake.look.deadline_ms, LOOK_DEADLINE_MAX_MS);
}

static void openings_that_fail(void **state)
{
	(void)state;
	start();
	opened(ERR_EXIT_WRONG);
	assert_int_equal(got.end.err, ERR_EXIT_WRONG);
	assert_int_equal(got.end.path.n, 3);
	start();
	fake.open(fake.open_arg, ERR_TOR_LOST, NULL, -1);
	assert_int_equal(got.end.err, ERR_TOR_LOST);
	assert_int_equal(got.end.path.n, 0);
	/* Too late, and not taken by the role: closed here. */
	start();
	fake.now += FETCH_DEADLINE_MS;
	opened(OK);
	assert_int_equal(got.end.err, ERR_TIMEOUT);
	start();
	fake.send_err = ERR_ROLE_DIED;
	opened(OK);
	fake.send_err = OK;
	assert_int_equal(got.end.err, ERR_ROLE_DIED);
	assert_int_equal(got.ends, 4);
	assert_int_equal(fake.n_sent, 0);
	assert_int_equal(got.heads, 0);
}

static void cancel_anywhere(void **state)
{
	(void)state;
	start();
	fetchlink_cancel(fetches, id);
	assert_int_equal(fake.cancelled, fake.open_id);
	assert_int_equal(fake.n_sent, 0);
	handed();
	fetchlink_cancel(fetches, id);
	assert_int_equal(last()->type, FETCH_CANCEL);
	assert_int_equal(last()->id, id);
	/* On its way: read, and dropped. */
	head(id, true);
	body(id, 10);
	tail(id, OK, 10);
	assert_int_equal(got.heads + got.bodies + got.ends, 0);
	/* Within its own callback, with more behind it. */
	handed();
	head(id, true);
	got.cancel = id;
	body(id, 10);
	got.cancel = 0;
	body(id, 10);
	assert_int_equal(got.bodies, 1);
	assert_int_equal(got.ends, 0);
	assert_int_equal(fake.n_kills, 0);
	fetchlink_cancel(fetches, 0);
	fetchlink_cancel(fetches, 12345);
}

static void credit(void **state)
{
	(void)state;
	uint32_t given = 0;
	handed();
	head(id, true);
	for (int i = 0; i < 16; i++)
		body(id, FETCH_PIECE_MAX);
	for (size_t i = 0; i < fake.n_sent; i++) {
		struct rd r = rd_of(fake.sent[i].bytes, fake.sent[i].n);
		if (fake.sent[i].type == FETCH_MORE)
			given += rd_u32(&r);
	}
	assert_int_equal(given, 16 * FETCH_PIECE_MAX);
	assert_int_equal(fake.n_kills, 0);
}

static void paused(void **state)
{
	(void)state;
	handed();
	head(id, true);
	got.pause = id;
	body(id, 100);
	got.pause = 0;
	for (size_t n = 100; n + FETCH_PIECE_MAX <= FETCH_WINDOW; n += FETCH_PIECE_MAX)
		body(id, FETCH_PIECE_MAX);
	assert_int_equal(got.bodies, 1);
	size_t all = 100 + (FETCH_WINDOW - 100) / FETCH_PIECE_MAX * FETCH_PIECE_MAX;
	tail(id, OK, all);
	assert_int_equal(got.ends, 0);
	/* Silence while paused is nobody's fault. */
	pass(FETCH_STALL_MS + 60000);
	assert_int_equal(got.ends + fake.n_kills, 0);
	fetchlink_resume(fetches, id);
	assert_int_equal(got.bodies, 1);   /* not from within */
	pass(0);
	assert_int_equal(got.bytes, all);
	assert_int_equal(got.ends, 1);
	assert_int_equal(got.end.err, OK);
	assert_true(got.end.body == all);
}

/* Paused again, or cancelled, in the middle of what was kept. */
static void paused_again(void **state)
{
	(void)state;
	handed();
	head(id, true);
	fetchlink_pause(fetches, id);
	body(id, FETCH_PIECE_MAX);
	body(id, FETCH_PIECE_MAX);
	body(id, 10);
	got.pause = id;
	fetchlink_resume(fetches, id);
	pass(0);
	assert_int_equal(got.bytes, FETCH_PIECE_MAX);
	got.pause = 0;
	got.cancel = id;
	fetchlink_resume(fetches, id);
	pass(0);
	assert_int_equal(got.bytes, 2 * FETCH_PIECE_MAX);
	assert_int_equal(got.ends, 0);
}

static void lies(void **state)
{
	(void)state;
	for (int lie = 0; lie < 14; lie++) {
		struct buf b BUF_AUTO = buf_new(8);
		unsigned ends = got.ends;
		size_t kills = fake.n_kills;
		handed();
		uint32_t me = id;
		switch (lie) {
		case 0: head(me, false); break;                       /* https without a certificate */
		case 1: head(me, true); head(me, true); break;
		case 2: body(me, 10); break;                          /* before the head */
		case 3: head(me, true); body(me, 0); break;
		case 4: head(me, true); body(me, FETCH_PIECE_MAX + 1); break;
		case 5: tail(me, OK, 0); break;                       /* fine without an answer */
		case 6: head(me, true); tail(me, OK, 1); break;       /* bytes that never came */
		case 7: frame(99, me, NULL); break;
		case 8: head(0, true); break;
		case 9: buf_u8(&b, 1); frame(FETCH_R_HEAD, me, &b); break;
		case 10: head(12345, true); body(12345, 0); break;    /* of a cancelled one, but malformed */
		case 11:                                              /* beyond the window */
			head(me, true);
			fetchlink_pause(fetches, me);
			for (size_t n = 0; n <= FETCH_WINDOW; n += FETCH_PIECE_MAX)
				body(me, FETCH_PIECE_MAX);
			fetchlink_resume(fetches, me);
			pass(0);
			break;
		case 12:                                              /* beyond max_body */
			head(me, true);
			for (size_t n = 0; n <= 1 << 20; n += FETCH_PIECE_MAX)
				body(me, FETCH_PIECE_MAX);
			break;
		case 13:                                              /* of a fetch that it was not given yet */
			start();
			head(id, true);
			fetchlink_cancel(fetches, id);
			break;
		}
		if (fake.n_kills != kills + 1 || got.ends != ends + 1)
			fail_msg("lie %d: %zu kills, %u ends", lie, fake.n_kills - kills, got.ends - ends);
		assert_int_equal(got.end.err, ERR_ROLE_DIED);
	}
}

static void cut_frames(void **state)
{
	(void)state;
	struct buf heads BUF_AUTO = buf_new(FRAME_MAX), tails BUF_AUTO = buf_new(FRAME_MAX);
	const struct fetch_head h = { .http = 11, .status = 200, .has_leaf = 1, .lines = rd_of("A: b\n", 5) };
	const struct fetch_tail t = { .err = ERR_CLOSED };
	fetchmsg_put_head(&heads, &h);
	fetchmsg_put_tail(&tails, &t);
	for (int which = 0; which < 2; which++) {
		const struct buf *whole = which ? &tails : &heads;
		for (size_t n = 0; n < whole->len; n++) {
			struct buf part = *whole;
			unsigned ends = got.ends;
			part.len = n;
			handed();
			frame(which ? FETCH_R_END : FETCH_R_HEAD, id, &part);
			assert_int_equal(got.ends, ends + 1);
			assert_int_equal(got.end.err, ERR_ROLE_DIED);
			close(last()->fd);
			fake.n_sent = 0;
		}
	}
}

static void the_role_dies(void **state)
{
	(void)state;
	uint32_t ids[3];
	handed();
	ids[0] = id;
	handed();
	head(id, true);
	fetchlink_pause(fetches, id);
	body(id, 5);
	ids[1] = id;
	start();           /* still being opened */
	ids[2] = id;
	got.again = true;
	fake.runs = false;
	fake.ops->died(fake.arg, ERR_ROLE_DIED);
	/* The paused one keeps its bytes; the one being opened and the one asked anew go on. */
	assert_int_equal(got.ends, 1);
	assert_int_equal(got.end.err, ERR_ROLE_DIED);
	fetchlink_resume(fetches, ids[1]);
	pass(0);
	assert_int_equal(got.bytes, 5);
	assert_int_equal(got.ends, 2);
	assert_int_equal(got.end.err, ERR_ROLE_DIED);
	opened(OK);
	tail(id, ERR_CLOSED, 0);
	assert_int_equal(got.ends, 3);
	assert_int_equal(got.end.err, ERR_CLOSED);
	fetchlink_cancel(fetches, ids[2]);
	assert_int_equal(got.ends, 3);
}

static void silence(void **state)
{
	(void)state;
	handed();
	uint32_t first = id;
	handed();
	/* Its own limits, and the slack beyond them, are the role's to keep. */
	pass(FETCH_DEADLINE_MS + FETCH_SLACK_MS - 1);
	assert_int_equal(got.ends, 0);
	head(id, true);
	pass(2);
	assert_int_equal(got.ends, 2);
	assert_int_equal(fake.n_kills, 1);
	assert_int_not_equal(first, id);
}

static void idle(void **state)
{
	(void)state;
	handed();
	tail(id, ERR_CLOSED, 0);
	pass(FETCH_IDLE_MS - 1);
	assert_int_equal(fake.n_kills, 0);
	handed();
	tail(id, ERR_CLOSED, 0);
	pass(FETCH_IDLE_MS - 1);
	assert_int_equal(fake.n_kills, 0);
	assert_int_equal(fetchlink_pid(fetches), 4711);
	pass(2);
	assert_int_equal(fake.n_kills, 1);
	assert_int_equal(fetchlink_pid(fetches), 0);
	/* Also when nothing ever came of it. */
	fake.open_err = ERR_IO;
	const struct fetch_get g = plain();
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, NULL), ERR_IO);
	pass(FETCH_IDLE_MS + 1);
	assert_int_equal(fake.n_kills, 2);
	assert_int_equal(fake.n_new, 1);
}

#define LINK_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* A sealed report: to an onion service alone, and only as that. */
static void a_post(void **state)
{
	(void)state;
	static const char host[] = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
	static uint8_t bytes[REPORT_ENVELOPE_MAX + 1];
	struct fetch_ask ask;
	struct net_draw avoid = { .port = 1 };
	const struct fetch_get good = { .url = "http://pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion/report", .is_onion = true,
		.post = rd_of(bytes, 2000), .max_body = 40, .deadline_ms = 120000 };
	memset(bytes, 0x5a, sizeof bytes);

	struct fetch_get g = good;
	g.is_onion = false;
	g.avoid = &avoid;
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, &id), ERR_USAGE);   /* nothing is posted through an exit */
	g = good;
	g.avoid = &avoid;
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, &id), ERR_USAGE);
	g = good;
	g.exit = exit_fp;
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, &id), ERR_USAGE);
	g = good;
	g.post = rd_of(NULL, 0);
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, &id), ERR_USAGE);   /* nothing is fetched from an onion service */
	g.post = rd_of(bytes, sizeof bytes);
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, &id), ERR_USAGE);
	g = good;
	g.is_head = true;
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, &id), ERR_USAGE);
	g = good;
	g.url = "https://pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion/report";
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, &id), ERR_USAGE);
	assert_int_equal(fake.n_opens, 0);

	g = good;
	assert_int_equal(fetchlink_get(fetches, &g, &ops, NULL, &id), OK);
	memset(bytes, 0, sizeof bytes);   /* the caller's own again */
	assert_string_equal(fake.look.host, host);
	assert_int_equal(fake.look.port, 80);
	assert_true(fake.look.is_onion && !fake.look.is_free);
	assert_int_equal(fake.look.deadline_ms, ONION_DEADLINE_MAX_MS);
	const struct net_open_r r = { .is_onion = 1 };
	fake.open(fake.open_arg, OK, &r, a_descriptor());
	assert_int_equal(fetchmsg_get_ask(rd_of(last()->bytes, last()->n), &ask), OK);
	assert_int_equal(ask.post.left, 2000);
	for (size_t i = 0; i < 2000; i++)
		assert_int_equal(ask.post.at[i], 0x5a);
	head(id, false);
	body(id, 40);
	tail(id, OK, 40);
	assert_int_equal(got.ends, 1);
	assert_int_equal(got.end.err, OK);
	assert_int_equal(got.end.path.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(a_fetch), LINK_TEST(a_post), LINK_TEST(refused_at_once), LINK_TEST(free_choice), LINK_TEST(openings_that_fail),
		LINK_TEST(cancel_anywhere), LINK_TEST(credit), LINK_TEST(paused), LINK_TEST(paused_again), LINK_TEST(lies),
		LINK_TEST(cut_frames), LINK_TEST(the_role_dies), LINK_TEST(silence), LINK_TEST(idle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
