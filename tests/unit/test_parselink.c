// Main's end of the parse role against a role that works, lies, dies and hangs: this very program is the role when fd 3
// is a socket, and behaves as the configuration says (the real parse/parsed.c when it says nothing).
// uses: tests/unit/zoo.c host/priv/parselink.c host/priv/parsemsg.c host/priv/role.c host/priv/inner.c host/priv/channel.c host/priv/frame.c host/parse/parsed.c host/parse/scan.c host/parse/bare.c host/parse/place.c host/parse/near.c host/parse/page.c host/parse/charset.c host/parse/x509.c host/parse/rules.c host/parse/words.c host/parse/der.c host/parse/roots.c host/parse/nssckbi.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c host/base/clock.c
// libs: -levent_core -lcrypto -lsodium -lgumbo -ldl
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "parse/addr/addr.h"
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

/* A detector that knows one coin, whose addresses are "pay:" and what follows up to white space or markup. */
static const struct addr_row pay_row = { .coin = "Paycoin", .ticker = "PAY", .form = "plain", .network = "main",
                                         .checksum_bits = 32 };

void addr_scan(const uint8_t *text, size_t len, struct addr_hits *out)
{
	out->n = 0;
	out->more = false;
	for (size_t at = 0; at + 4 < len; at++) {
		if (memcmp(text + at, "pay:", 4) != 0)
			continue;
		size_t n = 4;
		while (at + n < len && text[at + n] > ' ' && text[at + n] != '<' && n < ADDR_TEXT_MAX - 1)
			n++;
		out->more |= out->n == ADDR_HITS_MAX;
		if (out->n == ADDR_HITS_MAX)
			return;
		struct addr_hit *h = &out->hit[out->n++];
		*h = (struct addr_hit){ .row = &pay_row, .offset = at, .length = n };
		memcpy(h->text, text + at, n);
		at += n;
	}
}

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
	} else if (strncmp(me->what, "scan", 4) == 0) {
		/* One hit, wrong in one way each. */
		struct parse_scan_r *r = calloc(1, sizeof *r);
		const struct parse_text t = { "x", 1 };
		r->n = 1;
		r->hit[0] = (struct scan_hit){ .coin = t, .ticker = t, .form = t, .network = t, .address = t, .length = 1 };
		struct scan_hit *h = &r->hit[0];
		switch (me->what[4]) {
		case 'a': break;
		case 'b': h->flavour = 1; break;
		case 'c': h->offset = 5; break;
		case 'd': h->length = 6; break;
		case 'e': h->length = 0; break;
		case 'f': h->address = (struct parse_text){ "\x1b", 1 }; break;
		case 'g': h->coin.n = 0; break;
		case 'h': h->is_normalised = 2; break;
		case 'i': h->offset = UINT32_MAX; break;
		case 'j': r->has_more = 2; break;
		}
		if (f->type == PARSE_SCAN) {
			parsemsg_put_scan_r(&out, r);
			inner_send(me->in, PARSE_R_SCAN, f->id, &out);
		}
		free(r);
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

/* ---- texts ---- */

struct seen { unsigned calls; enum err err; bool has_more; uint16_t n; struct scan_hit hit[ADDR_HITS_MAX]; char first[64]; };

static void scanned(void *arg, enum err err, const struct parse_scan_r *r)
{
	struct seen *s = arg;
	s->calls++;
	s->err = err;
	assert_int_equal(err == OK, r != NULL);
	if (!r)
		return;
	s->n = r->n;
	s->has_more = r->has_more;
	memcpy(s->hit, r->hit, sizeof s->hit);
	if (r->n)
		snprintf(s->first, sizeof s->first, "%.*s", (int)r->hit[0].address.n, r->hit[0].address.at);
}

static enum err scan(const char *text, size_t n, bool markup, struct seen *s)
{
	const struct parse_scan m = { .n = 1, .len = { (uint32_t)n }, .is_markup = { markup } };
	const uint8_t *const texts[] = { (const uint8_t *)text };
	return parselink_scan(link_, &m, texts, scanned, s, NULL);
}

static struct seen scan_now(const char *text, size_t n, bool markup)
{
	struct seen s = { 0 };
	assert_int_equal(scan(text, n, markup, &s), OK);
	assert_int_equal(s.calls, 0);   /* never from within */
	wait_for(&s.calls, 1, 10000);
	assert_int_equal(s.calls, 1);
	return s;
}

static void texts_are_scanned(void **state)
{
	(void)state;
	open_link("");
	struct seen s = scan_now("", 0, false);
	assert_true(s.err == OK && s.n == 0 && !s.has_more);
	s = scan_now("to pay:me now", 13, false);
	assert_true(s.err == OK && s.n == 1 && s.hit[0].offset == 3 && s.hit[0].length == 6 && s.hit[0].checksum_bits == 32);
	assert_string_equal(s.first, "pay:me");
	/* Markup: cut by tags, and what both looks show is told once. */
	const char markup[] = "<p>pay:whole <i title='>'>p<b>ay:<!-- pay:no -->c&#117;&shy;t</b><br>x";
	s = scan_now(markup, sizeof markup - 1, true);
	assert_int_equal(s.n, 3);   /* "pay:no" stands in the markup itself */
	assert_string_equal(s.first, "pay:whole");
	assert_true(s.hit[2].offset == (uint32_t)(strstr(markup, "p<b>") - markup) && s.hit[2].length == (uint32_t)(strstr(markup, "t</b>") + 1 - strstr(markup, "p<b>")));
	/* Several flavours, one of them empty. */
	const struct parse_scan m = { .n = 3, .len = { 5, 0, 7 } };
	const uint8_t *const texts[] = { (const uint8_t *)"pay:a", (const uint8_t *)"", (const uint8_t *)"  pay:b" };
	memset(&s, 0, sizeof s);
	assert_int_equal(parselink_scan(link_, &m, texts, scanned, &s, NULL), OK);
	wait_for(&s.calls, 1, 5000);
	assert_true(s.n == 2 && s.hit[0].flavour == 0 && s.hit[1].flavour == 2 && s.hit[1].offset == 2);
	parselink_free(link_);
}

static void large_texts(void **state)
{
	(void)state;
	char *text = malloc(CLIP_TEXT_MAX + 1);
	assert_non_null(text);
	memset(text, 'x', CLIP_TEXT_MAX + 1);
	open_link("");
	/* Around every border of a piece, and the largest. */
	for (size_t n = PARSE_PIECE - 2; n <= PARSE_PIECE + 2; n++) {
		memcpy(text + n - 5, "pay:z", 5);
		struct seen s = scan_now(text, n, false);
		assert_true(s.n == 1 && s.hit[0].offset == n - 5);
		memset(text + n - 5, 'x', 5);
	}
	memcpy(text + CLIP_TEXT_MAX - 5, "pay:z", 5);
	struct seen s = scan_now(text, CLIP_TEXT_MAX, false);
	assert_true(s.n == 1 && s.hit[0].offset == CLIP_TEXT_MAX - 5);
	assert_int_equal(scan(text, CLIP_TEXT_MAX + 1, false, &s), ERR_TOO_BIG);
	/* More at once than may wait: refused, and what was taken is answered. */
	struct seen some[4] = { 0 };
	enum err err[4];
	unsigned taken = 0;
	for (int i = 0; i < 4; i++) {
		err[i] = scan(text, CLIP_TEXT_MAX, false, &some[i]);
		taken += err[i] == OK;
	}
	assert_in_range(taken, 1, 3);
	for (int i = 0; i < 4; i++) {
		wait_for(&some[i].calls, err[i] == OK, 10000);
		assert_int_equal(some[i].calls, err[i] == OK);
		assert_true(err[i] == ERR_TOO_BIG || some[i].n == 1);
	}
	s = scan_now("pay:again", 9, false);
	assert_int_equal(s.n, 1);
	/* More hits than are told. */
	for (size_t i = 0; i + 8 <= CLIP_TEXT_MAX; i += 8)
		memcpy(text + i, "pay:abc ", 8);
	s = scan_now(text, 8 * ADDR_HITS_MAX, false);
	assert_true(s.n == ADDR_HITS_MAX && !s.has_more);
	s = scan_now(text, 8 * ADDR_HITS_MAX + 8, false);
	assert_true(s.n == ADDR_HITS_MAX && s.has_more);
	/* Long ones do not fit one reply: fewer, and "more". */
	memset(text, 'y', 1u << 20);
	for (size_t i = 0; i < 300; i++)
		memcpy(text + i * 2000, " pay:", 5);
	s = scan_now(text, 300 * 2000, false);
	assert_true(s.err == OK && s.n > 50 && s.n < ADDR_HITS_MAX && s.has_more);
	parselink_free(link_);
	free(text);
}

static void lies_about_texts(void **state)
{
	(void)state;
	for (char c = 'a'; c <= 'j'; c++) {
		char what[] = "test:scan?";
		what[9] = c;
		open_link(what);
		struct seen s = scan_now("hello", 5, false);
		assert_int_equal(s.err, c == 'a' ? OK : ERR_ROLE_DIED);
		parselink_free(link_);
	}
	open_link("test:dies");
	struct seen s = scan_now("hello", 5, false);
	assert_int_equal(s.err, ERR_ROLE_DIED);
	parselink_free(link_);
}

/* A rest ends the role, never a request; the next request starts it anew. */
static void rests(void **state)
{
	(void)state;
	open_link("");
	parselink_rest(link_);
	struct seen s = scan_now("pay:a", 5, false);
	assert_int_equal(s.n, 1);
	parselink_rest(link_);
	memset(&s, 0, sizeof s);
	assert_int_equal(scan("pay:b", 5, false, &s), OK);
	wait_for(&s.calls, 1, 5000);
	assert_true(s.err == OK && s.n == 1);
	parselink_rest(link_);
	wait_for(&s.calls, 99, 100);
	for (int i = 0; i < 50; i++) {
		memset(&s, 0, sizeof s);
		if (scan("pay:c", 5, false, &s) == OK)
			break;
		usleep(20000);
	}
	wait_for(&s.calls, 1, 5000);
	assert_true(s.err == OK && s.n == 1);
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
		cmocka_unit_test(cancel), cmocka_unit_test(too_big), cmocka_unit_test(texts_are_scanned),
		cmocka_unit_test(large_texts), cmocka_unit_test(lies_about_texts), cmocka_unit_test(rests), cmocka_unit_test(silence),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
