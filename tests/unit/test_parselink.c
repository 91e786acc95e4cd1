// Main's end of the parse role against a role that works, lies, dies and hangs: this very program is the role when fd 3
// is a socket, and behaves as the configuration says (the real parse/parsed.c when it says nothing).
// uses: tests/unit/zoo.c host/priv/parselink.c host/priv/parsemsg.c host/priv/role.c host/priv/inner.c host/priv/channel.c host/priv/frame.c host/parse/parsed.c host/parse/x509.c host/parse/rules.c host/parse/words.c host/parse/der.c host/parse/roots.c host/parse/nssckbi.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c host/base/clock.c
// libs: -levent_core -lcrypto -lsodium -ldl
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "parse/parsed.h"
#include "priv/inner.h"
#include "priv/parselink.h"
#include "zoo.h"
#include <event2/event.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The role */

struct inside { struct inner *in; struct parsed *parsed; char what[32]; };

static void inside_frame(void *arg, const struct frame *f)
{
	struct inside *me = arg;
	struct buf out BUF_AUTO = buf_new(FRAME_MAX);
	uint16_t type;
	if (f->type == PARSE_CONFIG) {
		struct parse_config c;
		if (parsemsg_get_config(f->payload, &c) != OK)
			_exit(70);
		if (strncmp(c.browser_dir, "test:", 5) == 0)
			snprintf(me->what, sizeof me->what, "%.31s", c.browser_dir + 5);
	}
	if (!me->what[0] || f->type == PARSE_CONFIG) {
		if (parsed_frame(me->parsed, f, &type, &out) != OK)
			_exit(71);
		if (type)
			inner_send(me->in, type, f->id, &out);
		return;
	}
	if (strcmp(me->what, "dies") == 0)
		_exit(0);
	if (strcmp(me->what, "crashes") == 0)
		abort();
	if (strcmp(me->what, "silent") == 0)
		return;
	if (strcmp(me->what, "garbage") == 0) {
		buf_put(&out, "nonsense", 8);
		inner_send(me->in, PARSE_R_JUDGE, f->id, &out);
	} else if (strcmp(me->what, "type") == 0) {
		inner_send(me->in, 99, f->id, &out);
	} else if (strcmp(me->what, "kind") == 0) {
		struct parse_roots_r r = { .n = 5 };
		parsemsg_put_roots_r(&out, &r);
		inner_send(me->in, PARSE_R_ROOTS, f->id, &out);
	} else if (strcmp(me->what, "error") == 0) {
		parsemsg_put_error(&out, ERR_NOMEM);
		inner_send(me->in, PARSE_R_ERROR, f->id, &out);
	} else if (strcmp(me->what, "escapes") == 0) {
		struct parse_judge_r r = { .why = "\x1b[2J" };
		parsemsg_put_judge_r(&out, &r);
		inner_send(me->in, PARSE_R_JUDGE, f->id, &out);
	} else if (strcmp(me->what, "twice") == 0) {
		/* Every answer twice, and one to a question that nobody asked. */
		struct parse_judge_r r = { .why = "x" };
		parsemsg_put_judge_r(&out, &r);
		for (int i = 0; i < 2; i++)
			inner_send(me->in, PARSE_R_JUDGE, f->id, &out);
		inner_send(me->in, PARSE_R_JUDGE, 123456, &out);
	} else {
		_exit(72);
	}
}

static int be_the_role(void)
{
	static const struct inner_ops ops = { .frame = inside_frame };
	struct inside me = { .parsed = parsed_new() };
	struct event_base *base = event_base_new();
	me.in = inner_new(base, &ops, &me);
	int status = me.in ? inner_run(me.in) : 2;
	parsed_free(me.parsed);
	event_base_free(base);
	return status;
}

/* Main */

static struct event_base *base;
static struct parselink *link_;
static struct made leaf, ca, self;
static char ca_path[] = "/tmp/secondexit-ca-XXXXXX";

struct said { unsigned calls; enum err err; bool is_valid; char why[128]; enum roots_source source; uint32_t n; };

static void judged(void *arg, enum err err, const struct parse_judge_r *r)
{
	struct said *s = arg;
	s->calls++;
	s->err = err;
	assert_int_equal(err == OK, r != NULL);
	if (r) {
		s->is_valid = r->is_valid;
		strcpy(s->why, r->why);
	}
}

static void rooted(void *arg, enum err err, const struct parse_roots_r *r)
{
	struct said *s = arg;
	s->calls++;
	s->err = err;
	if (r) {
		s->source = r->source;
		s->n = r->n;
	}
}

static int setup(void **state)
{
	(void)state;
	ca = zoo_make((struct recipe){ .subject = "CA", .is_ca = 1 });
	leaf = zoo_make((struct recipe){ .subject = "leaf", .issuer = &ca, .san = "DNS:a.test" });
	self = zoo_make((struct recipe){ .subject = "self", .san = "DNS:a.test" });
	FILE *f = fdopen(mkstemp(ca_path), "w");
	PEM_write_X509(f, ca.x);
	fclose(f);
	base = event_base_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(ca_path);
	zoo_free(&ca), zoo_free(&leaf), zoo_free(&self);
	event_base_free(base);
	return 0;
}

static void open_link(const char *what)
{
	struct parse_config c = { 0 };
	snprintf(c.browser_dir, sizeof c.browser_dir, "%s", what);
	snprintf(c.test_ca, sizeof c.test_ca, "%s", ca_path);
	link_ = parselink_new(base, &c);
	assert_non_null(link_);
}

static enum err ask(const struct made *m, struct said *s, uint32_t *id)
{
	struct parse_judge q = { .host = "a.test", .time = ZOO_NOW, .is_signed = 1, .n_certs = 1,
		.cert = { { (uint32_t)m->n, m->der } } };
	return parselink_judge(link_, &q, judged, s, id);
}

/* Runs the loop until *calls reaches n, or ms pass. */
static void wait_for(const unsigned *calls, unsigned n, unsigned ms)
{
	uint64_t end = clock_ms() + ms;
	static const struct timeval slice = { 0, 20000 };
	while (*calls < n && clock_ms() < end) {
		event_base_loopexit(base, &slice);
		event_base_dispatch(base);
	}
}

static void works(void **state)
{
	(void)state;
	struct said a = { 0 }, b = { 0 }, r = { 0 };
	open_link("");
	assert_int_equal(ask(&leaf, &a, NULL), OK);
	assert_int_equal(ask(&self, &b, NULL), OK);
	assert_int_equal(parselink_roots(link_, rooted, &r, NULL), OK);
	assert_int_equal(a.calls + b.calls + r.calls, 0);   /* never from within */
	wait_for(&r.calls, 1, 10000);
	assert_true(a.calls == 1 && a.err == OK && a.is_valid);
	assert_true(b.calls == 1 && b.err == OK && !b.is_valid);
	assert_string_equal(b.why, "self-signed certificate");
	assert_true(r.calls == 1 && r.err == OK && r.n >= 1);
	parselink_free(link_);
	parselink_free(NULL);
}

static void lies_and_deaths(void **state)
{
	(void)state;
	static const struct { const char *what; enum err want; } table[] = {
		{ "test:dies", ERR_ROLE_DIED }, { "test:crashes", ERR_ROLE_DIED }, { "test:garbage", ERR_ROLE_DIED },
		{ "test:type", ERR_ROLE_DIED }, { "test:kind", ERR_ROLE_DIED }, { "test:escapes", ERR_ROLE_DIED },
		{ "test:error", ERR_NOMEM },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct said s[3] = { 0 };
		open_link(table[i].what);
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(ask(&leaf, &s[k], NULL), OK);
		wait_for(&s[2].calls, 1, 10000);
		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(s[k].calls, 1);
			assert_int_equal(s[k].err, table[i].want);
			assert_false(s[k].is_valid);
		}
		/* Anew at the next request, after role.h's pause at the latest. */
		struct said again = { 0 };
		enum err err = ERR_ROLE_DIED;
		for (int t = 0; t < 100 && err == ERR_ROLE_DIED; t++) {
			err = ask(&leaf, &again, NULL);
			if (err == ERR_ROLE_DIED)
				usleep(20000);
		}
		assert_int_equal(err, OK);
		wait_for(&again.calls, 1, 10000);
		assert_int_equal(again.err, table[i].want);
		parselink_free(link_);
	}
}

static void answers_nobody_asked_for(void **state)
{
	(void)state;
	struct said s = { 0 }, t = { 0 };
	open_link("test:twice");
	assert_int_equal(ask(&leaf, &s, NULL), OK);
	wait_for(&s.calls, 1, 5000);
	assert_int_equal(ask(&leaf, &t, NULL), OK);
	wait_for(&t.calls, 1, 5000);
	wait_for(&t.calls, 99, 200);
	assert_true(s.calls == 1 && t.calls == 1 && s.err == OK && t.err == OK);
	parselink_free(link_);
}

static void silence(void **state)
{
	(void)state;
	struct said s[2] = { 0 };
	open_link("test:silent");
	uint64_t start = clock_ms();
	assert_int_equal(ask(&leaf, &s[0], NULL), OK);
	assert_int_equal(ask(&leaf, &s[1], NULL), OK);
	wait_for(&s[1].calls, 1, PARSE_ANSWER_MS + 3000);
	assert_true(clock_ms() - start >= PARSE_ANSWER_MS - 50);
	assert_true(s[0].calls == 1 && s[0].err == ERR_TIMEOUT && s[1].calls == 1 && s[1].err == ERR_TIMEOUT);
	parselink_free(link_);
}

static struct said cancelled;
static uint32_t to_cancel;

static void cancels_another(void *arg, enum err err, const struct parse_judge_r *r)
{
	(void)arg, (void)err, (void)r;
	parselink_cancel(link_, to_cancel);
	cancelled.n++;
}

static void cancel(void **state)
{
	(void)state;
	struct said a = { 0 }, b = { 0 };
	uint32_t id = 0, second = 0;
	open_link("");
	assert_int_equal(ask(&leaf, &a, &id), OK);
	assert_int_equal(ask(&leaf, &b, &second), OK);
	assert_true(id != 0 && second != 0 && id != second);
	parselink_cancel(link_, id);
	parselink_cancel(link_, id);
	parselink_cancel(link_, 4711);
	wait_for(&b.calls, 1, 5000);
	assert_true(a.calls == 0 && b.calls == 1 && b.is_valid);
	parselink_free(link_);
	/* From within a callback, while all are being ended. */
	struct parse_judge q = { .host = "a.test", .time = ZOO_NOW, .n_certs = 1, .cert = { { (uint32_t)leaf.n, leaf.der } } };
	open_link("test:dies");
	assert_int_equal(parselink_judge(link_, &q, cancels_another, NULL, NULL), OK);
	assert_int_equal(parselink_judge(link_, &q, judged, &cancelled, &to_cancel), OK);
	wait_for(&cancelled.n, 1, 5000);
	wait_for(&cancelled.calls, 1, 200);
	assert_true(cancelled.n == 1 && cancelled.calls == 0);
	parselink_free(link_);
	/* Pending requests of a link that is freed are never heard of again. */
	struct said gone = { 0 };
	open_link("");
	assert_int_equal(ask(&leaf, &gone, NULL), OK);
	parselink_free(link_);
	wait_for(&gone.calls, 1, 200);
	assert_int_equal(gone.calls, 0);
}

static void too_big(void **state)
{
	(void)state;
	struct said s = { 0 };
	static uint8_t big[CERT_MAX + 1];
	struct parse_judge q = { .host = "a.test", .n_certs = 1, .cert = { { CERT_MAX + 1, big } } };
	open_link("");
	assert_int_equal(parselink_judge(link_, &q, judged, &s, NULL), ERR_TOO_BIG);
	q.n_certs = 4;
	for (size_t i = 0; i < 4; i++)
		q.cert[i] = (struct net_cert){ CERT_MAX, big };
	assert_int_equal(parselink_judge(link_, &q, judged, &s, NULL), ERR_TOO_BIG);
	q.n_certs = 3;   /* the largest there is */
	assert_int_equal(parselink_judge(link_, &q, judged, &s, NULL), OK);
	wait_for(&s.calls, 1, 5000);
	assert_true(s.calls == 1 && s.err == OK && !s.is_valid);
	parselink_free(link_);
}

int main(void)
{
	struct stat st;
	if (fstat(3, &st) == 0 && S_ISSOCK(st.st_mode))
		return be_the_role();
	/* The program that parselink.c looks for, beside this one. */
	char self_path[512], beside[600];
	ssize_t n = readlink("/proc/self/exe", self_path, sizeof self_path - 1);
	if (n <= 0)
		return 1;
	self_path[n] = 0;
	*strrchr(self_path, '/') = 0;
	snprintf(beside, sizeof beside, "%s/secondexit-parse", self_path);
	unlink(beside);
	if (symlink("test_parselink", beside) != 0)
		return 1;
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(works), cmocka_unit_test(lies_and_deaths), cmocka_unit_test(answers_nobody_asked_for),
		cmocka_unit_test(cancel), cmocka_unit_test(too_big), cmocka_unit_test(silence),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
