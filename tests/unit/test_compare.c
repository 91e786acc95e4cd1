// Comparing a copied address, against a world that does what the test says: exits that fail, hang or lie, a tor that is
// away, a clock of its own. What is real: everything under host/feature that has to do with copies.
// uses: host/feature/fetch_slots.c host/feature/clip.c host/feature/compare.c host/feature/compare_slots.c host/feature/compare_fetch.c host/feature/compare_result.c host/feature/compare_sites.c host/feature/url.c host/base/clipverdict.c host/base/verdict.c host/engine/target.c host/priv/fetchmsg.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -lsodium
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "feature/clip.h"
#include "feature/clipops.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
#define B "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"

/* ---- the world ---- */

/* What an exit does with a page. */
struct exit_plan { enum err err; unsigned status; const char *location, *body, *says /* place: address */; bool kin_differs, has_kin, lies, hangs; };

enum what { W_NONE, W_FIRST, W_DRAW, W_FETCH, W_PLACE, W_SCAN };
struct pending { enum what what; uint32_t id; void *ctx; netlink_first_cb *first; netlink_draw_cb *draw; const struct fetch_ops *fetch;
                 parselink_placed *placed; parselink_scanned *scanned; uint8_t exit[FP_LEN]; struct net_draw asked; char url[CLIP_URL_MAX + 1], body[256], host[HOST_MAX + 8]; };
static struct {
	struct pending list[64];
	uint32_t last_id;
	uint64_t now, wake;
	unsigned n_exits, first_n, fetches, cancels, rests;
	bool first_is_onion, first_is_unknown, is_kin[32], hop_is_onion;
	unsigned hop_n, hop_exit;       /* exits of the first URL's host, where it is another */
	enum err hop_err;               /* once */
	char firsts[512], last_host[HOST_MAX + 8];
	enum err first_err, draw_err;
	struct exit_plan plan[32];
	char urls[2048];
	struct clip *clip;
} w;

static struct pending *add(enum what what, void *ctx, uint32_t *id)
{
	for (size_t i = 0; i < 64; i++)
		if (w.list[i].what == W_NONE) {
			w.list[i] = (struct pending){ .what = what, .id = ++w.last_id, .ctx = ctx };
			*id = w.last_id;
			return &w.list[i];
		}
	abort();
}

static void attach(void *arg, struct clip *c) { (void)arg; w.clip = c; }
static void rest(void *arg) { (void)arg; w.rests++; }
static uint64_t now(void *arg) { (void)arg; return w.now; }
static void wake(void *arg, uint64_t at) { (void)arg; w.wake = at; }

static void cancel(void *arg, uint32_t id)
{
	(void)arg;
	for (size_t i = 0; i < 64; i++)
		if (w.list[i].what != W_NONE && w.list[i].id == id) {
			w.list[i].what = W_NONE;
			w.cancels++;
			return;
		}
	fail_msg("cancelled what is not pending");
}

static enum err op_scan(void *arg, const struct parse_scan *m, const uint8_t *const *text, parselink_scanned *done, void *ctx, uint32_t *id)
{
	(void)arg, (void)m, (void)text;
	add(W_SCAN, ctx, id)->scanned = done;
	return OK;
}

static enum err op_first(void *arg, const struct net_first *m, netlink_first_cb *done, void *ctx, uint32_t *id)
{
	(void)arg;
	struct pending *p = add(W_FIRST, ctx, id);
	p->first = done;
	snprintf(p->host, sizeof p->host, "%s:%u", m->host, m->port);
	snprintf(w.firsts + strlen(w.firsts), sizeof w.firsts - strlen(w.firsts), "%s%s ", p->host, m->first_party[0] ? "" : "?");
	return OK;
}

static enum err op_draw(void *arg, const struct net_draw *m, netlink_draw_cb *done, void *ctx, uint32_t *id)
{
	(void)arg;
	struct pending *p = add(W_DRAW, ctx, id);
	p->draw = done;
	p->asked = *m;
	return OK;
}

static enum err op_fetch(void *arg, const struct fetch_get *g, const struct fetch_ops *ops, void *ctx, uint32_t *id)
{
	(void)arg;
	struct pending *p = add(W_FETCH, ctx, id);
	p->fetch = ops;
	memcpy(p->exit, g->exit, FP_LEN);
	snprintf(p->url, sizeof p->url, "%s", g->url);
	assert_true(g->deadline_ms > 0 && g->max_body == CLIP_PAGE_MAX && g->is_decoded && !g->is_head);
	assert_non_null(strstr(g->lines, "User-Agent: UA\n"));
	w.fetches++;
	return OK;
}

static enum err op_place(void *arg, const struct parse_place *m, const uint8_t *body, parselink_placed *done, void *ctx, uint32_t *id)
{
	(void)arg;
	struct pending *p = add(W_PLACE, ctx, id);
	p->placed = done;
	snprintf(p->body, sizeof p->body, "%.*s", (int)m->body_len, (const char *)body);
	return OK;
}

static const struct clip_ops ops = { .attach = attach, .scan = op_scan, .cancel_scan = cancel, .place = op_place, .cancel_place = cancel, .rest = rest,
	.first = op_first, .draw = op_draw, .cancel_net = cancel, .fetch = op_fetch, .cancel_fetch = cancel, .now = now, .wake = wake };

static struct relay_info relay(unsigned i)
{
	struct relay_info r = { .nickname = "relay" };
	memset(r.fp, (int)(i + 1), FP_LEN);
	return r;
}

static bool in_list(const uint8_t (*list)[FP_LEN], size_t n, const uint8_t *fp)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i], fp, FP_LEN) == 0)
			return true;
	return false;
}

/* Exits 0..first_n-1 are the first ones; is_kin[i]: of the first's family. */
static void answer_draw(struct pending p)
{
	static const uint8_t any[FP_LEN];
	if (w.draw_err != OK) {
		p.draw(p.ctx, w.draw_err, NULL);
		return;
	}
	for (unsigned i = 0; i < w.first_n; i++)
		assert_true(in_list(p.asked.indep, p.asked.n_indep, relay(i).fp));
	for (unsigned i = 0; i < w.n_exits; i++) {
		struct net_draw_r r = { .exit = relay(i) };
		bool wanted = memcmp(p.asked.only, any, FP_LEN) == 0 || memcmp(p.asked.only, r.exit.fp, FP_LEN) == 0;
		if (wanted && !w.is_kin[i] && !in_list(p.asked.indep, p.asked.n_indep, r.exit.fp) && !in_list(p.asked.not_these, p.asked.n_not, r.exit.fp)) {
			p.draw(p.ctx, OK, &r);
			return;
		}
	}
	p.draw(p.ctx, ERR_EXIT_NONE, NULL);
}

static void answer_fetch(struct pending p)
{
	unsigned i = p.exit[0] - 1u;
	const struct exit_plan *plan = &w.plan[i];
	char lines[512];
	struct fetch_end end = { .err = plan->err, .path = { .n = 3 } };
	size_t used = strlen(w.urls);
	snprintf(w.urls + used, sizeof w.urls - used, "%u:%s ", i, p.url);
	end.path.hop[2] = relay(plan->lies ? i + 1 : i);
	if (plan->err == OK) {
		bool moves = plan->location && !strstr(p.url, plan->location);
		int n = snprintf(lines, sizeof lines, "Content-Type: text/html\n%s%s%s", moves ? "Location: " : "", moves ? plan->location : "", moves ? "\n" : "");
		const struct fetch_head head = { .http = 11, .status = (uint16_t)(moves ? 302 : plan->status ? plan->status : 200), .lines = rd_of(lines, (size_t)n) };
		const struct net_step_r step = { .step = STEP_CONNECTING };
		p.fetch->step(p.ctx, &step);
		p.fetch->head(p.ctx, &head);
		snprintf(lines, sizeof lines, "%u", i);
		p.fetch->body(p.ctx, rd_of(lines, strlen(lines)));
	}
	p.fetch->end(p.ctx, &end);
}

static void answer_place(struct pending p)
{
	const struct exit_plan *plan = &w.plan[atoi(p.body)];
	const char *says = plan->says;
	struct parse_place_r r = { .found = !says ? PLACE_ABSENT : strcmp(says, A) == 0 ? PLACE_SAME : PLACE_OTHER, .is_family_equal = !plan->kin_differs, .is_alone = !plan->has_kin,
	                           .address = { says ? says : "", says ? (uint32_t)strlen(says) : 0 } };
	p.placed(p.ctx, OK, &r);
}

static void answer_first(struct pending p)
{
	static struct net_first_r r;
	/* Another host than the last answer's: a redirect's. */
	if (strcmp(p.host, w.last_host) != 0) {
		r = (struct net_first_r){ .n = (uint8_t)w.hop_n };
		for (unsigned i = 0; i < w.hop_n && i < CANDIDATES_MAX; i++) {
			r.path[i] = (struct net_path){ .n = 3, .is_onion = w.hop_is_onion };
			r.path[i].hop[2] = relay(w.hop_exit + i);
		}
		p.first(p.ctx, w.hop_err, w.hop_err == OK ? &r : NULL);
		w.hop_err = OK;
		return;
	}
	r = (struct net_first_r){ .n = (uint8_t)(w.first_is_unknown ? 0 : w.first_n) };
	for (unsigned i = 0; i < w.first_n; i++) {
		r.path[i] = (struct net_path){ .n = 3, .is_onion = w.first_is_onion };
		r.path[i].hop[2] = relay(i);
	}
	p.first(p.ctx, w.first_err, w.first_err == OK ? &r : NULL);
}

/* Answers what is pending, in order, until nothing moves; then turns the clock on to the next wake, up to until. */
static bool step(void)
{
	struct pending *oldest = NULL;
	for (size_t i = 0; i < 64; i++) {
		struct pending *p = &w.list[i];
		if (p->what == W_NONE || (p->what == W_FETCH && w.plan[p->exit[0] - 1].hangs))
			continue;
		if (!oldest || p->id < oldest->id)
			oldest = p;
	}
	if (!oldest)
		return false;
	struct pending p = *oldest;
	oldest->what = W_NONE;
	switch (p.what) {
	case W_FIRST: answer_first(p); break;
	case W_DRAW: answer_draw(p); break;
	case W_FETCH: answer_fetch(p); break;
	case W_PLACE: answer_place(p); break;
	case W_SCAN: p.scanned(p.ctx, OK, NULL); break;
	case W_NONE: break;
	}
	return true;
}

static struct { unsigned calls; uint32_t id; struct clip_result r; struct clip_answer others[32]; unsigned checks; enum err check_err; } got;

static void compared(void *arg, uint32_t id, const struct clip_result *r)
{
	(void)arg;
	got.calls++;
	got.id = id;
	got.r = *r;
	assert_in_range(r->n_others, 0, 32);
	memcpy(got.others, r->others, r->n_others * sizeof *r->others);
}

static void checked(void *arg, uint32_t id, enum err err, const struct parse_scan_r *r)
{
	(void)arg, (void)id, (void)r;
	got.checks++;
	got.check_err = err;
}

static void progress(void *arg, uint32_t id, const struct clip_progress *p)
{
	(void)arg, (void)id;
	assert_in_range(p->slot, 1, K_MAX);
}

static const struct clip_sink sink = { NULL, checked, progress, compared };

static struct clip *begin(unsigned exits, unsigned firsts)
{
	memset(&w, 0, sizeof w);
	memset(&got, 0, sizeof got);
	w.now = 1000;
	w.wake = UINT64_MAX;
	w.n_exits = exits;
	w.first_n = firsts;
	snprintf(w.last_host, sizeof w.last_host, "site.test:80");
	for (unsigned i = 0; i < 32; i++)
		w.plan[i].says = A;
	struct clip *c = clip_new(&ops, &sink);
	assert_ptr_equal(c, w.clip);
	return c;
}

static struct clip_compare request(void)
{
	return (struct clip_compare){ .key = { .first_party = "Site.test", .host = "SITE.test.", .port = 80 }, .proxy = CERT_PROXY_SOCKS, .url = "http://site.test/donate#x",
		.address = A, .ticker = "BTC", .path = "html", .user_agent = "UA", .accept = "a", .accept_language = "l", .clicked = true, .family = "x y" };
}

static void run(void)
{
	unsigned before = got.calls;
	for (int i = 0; i < 10000 && got.calls == before; i++)
		if (!step()) {
			assert_true(w.wake != UINT64_MAX);
			if (w.wake > w.now)
				w.now = w.wake;
			clip_tick(w.clip);
		}
	assert_int_equal(got.calls, before + 1);
}

static void compare(struct clip *c, uint32_t id)
{
	struct clip_compare r = request();
	assert_int_equal(clip_compare(c, id, &r), OK);
	run();
	assert_int_equal(got.id, id);
}

static void expect(enum verdict v, enum reason reason)
{
	if (got.r.verdict != v || got.r.reason != reason)
		fail_msg("%s %s", verdict_name(got.r.verdict), reason_name(got.r.reason));
}

/* Nothing is left behind. */
static void done(struct clip *c)
{
	clip_free(c);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(w.list[i].what, W_NONE);
	assert_null(w.clip);
}

/* ---- tests ---- */

static void verdicts(void **state)
{
	(void)state;
	struct clip *c = begin(8, 1);
	compare(c, 1);
	expect(VERDICT_MATCH, REASON_SAME_ADDRESS);
	assert_true(got.r.answered == 3 && got.r.asked == 3 && got.r.n_first == 1 && got.r.n_others == 3 && w.rests == 1);
	assert_string_equal(w.urls, "1:http://site.test/donate 2:http://site.test/donate 3:http://site.test/donate ");
	done(c);
	c = begin(8, 1);
	for (int i = 0; i < 8; i++)
		w.plan[i].says = B;
	compare(c, 1);
	expect(VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	/* It stays, and nobody is asked again; another address is another question. */
	w.fetches = 0;
	for (int i = 0; i < 8; i++)
		w.plan[i].says = A;
	compare(c, 2);
	expect(VERDICT_MISMATCH, REASON_REMEMBERED);
	assert_int_equal(w.fetches, 0);
	clip_wipe(c);
	compare(c, 3);
	expect(VERDICT_MATCH, REASON_SAME_ADDRESS);
	done(c);
	c = begin(8, 1);
	w.plan[2].says = NULL;
	compare(c, 1);
	expect(VERDICT_UNDECIDED, REASON_DISSENT);
	done(c);
	c = begin(8, 1);
	w.plan[2].kin_differs = true;
	compare(c, 1);
	expect(VERDICT_UNDECIDED, REASON_FAMILY);
	done(c);
	c = begin(8, 1);
	w.plan[2].has_kin = true;
	compare(c, 1);
	expect(VERDICT_UNDECIDED, REASON_OTHER_ADDRESSES);
	done(c);
	c = begin(8, 1);
	w.plan[2].location = "/other";
	compare(c, 1);
	expect(VERDICT_UNDECIDED, REASON_REDIRECTS);
	done(c);
	c = begin(8, 1);
	for (int i = 0; i < 8; i++)
		w.plan[i].location = "/x?a=" A;
	compare(c, 1);
	expect(VERDICT_UNDECIDED, REASON_REFLECTED);
	done(c);
}

static void failures_are_replaced(void **state)
{
	(void)state;
	static const struct exit_plan bad[] = {
		{ .err = ERR_TIMEOUT }, { .err = ERR_SOCKS_CONN }, { .status = 404 }, { .status = 503 }, { .location = "ftp://x/" }, { .location = "http://10.0.0.1/" },
		{ .says = A, .lies = true }, { .err = ERR_HTTP_BODY }, { .err = ERR_EXIT_WRONG },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct clip *c = begin(8, 1);
		w.plan[1] = w.plan[3] = bad[i];
		compare(c, 1);
		expect(VERDICT_MATCH, REASON_SAME_ADDRESS);
		assert_int_equal(got.r.n_others, 5);
		assert_int_equal(got.r.asked, 5);
		/* Asked again: those that gave a page, and no other. */
		w.urls[0] = 0;
		compare(c, 2);
		expect(VERDICT_MATCH, REASON_SAME_ADDRESS);
		assert_null(strstr(w.urls, "1:"));
		assert_null(strstr(w.urls, "3:"));
		assert_int_equal(got.r.asked, 3);
		done(c);
	}
	/* All of them. */
	struct clip *c = begin(30, 1);
	for (int i = 0; i < 32; i++)
		w.plan[i].err = ERR_TIMEOUT;
	compare(c, 1);
	expect(VERDICT_UNDECIDED, REASON_TOO_FEW);
	assert_true(got.r.asked == 9 && got.r.n_others == 9 && got.r.retry_useful && got.r.error == ERR_TIMEOUT);
	done(c);
	c = begin(3, 1);
	compare(c, 1);
	expect(VERDICT_UNDECIDED, REASON_NO_INDEPENDENT);
	done(c);
}

static void exits_that_hang(void **state)
{
	(void)state;
	struct clip *c = begin(8, 1);
	w.plan[1].hangs = true;
	uint64_t start = w.now;
	compare(c, 1);
	expect(VERDICT_MATCH, REASON_SAME_ADDRESS);
	assert_in_range(w.now - start, CHECK_FIRST_ROUND_MS - 1000, CHECK_FIRST_ROUND_MS + 2000);
	done(c);
	c = begin(30, 1);
	for (int i = 0; i < 32; i++)
		w.plan[i].hangs = true;
	start = w.now;
	compare(c, 1);
	assert_int_equal(got.r.verdict, VERDICT_UNDECIDED);
	assert_in_range(w.now - start, 20000, CHECK_DEADLINE_MS);
	done(c);
}

static void the_same_exits_again_if_they_are_still_independent(void **state)
{
	(void)state;
	struct clip *c = begin(12, 1);
	compare(c, 1);
	w.urls[0] = 0;
	/* Exit 2 turns out to be kin of today's first exit: it does not count any more. */
	w.is_kin[2] = true;
	compare(c, 2);
	expect(VERDICT_MATCH, REASON_SAME_ADDRESS);
	assert_null(strstr(w.urls, "2:"));
	assert_non_null(strstr(w.urls, "1:"));
	assert_non_null(strstr(w.urls, "4:"));
	/* Several candidates for the first exit: independent of all. */
	w.first_n = 4;
	w.urls[0] = 0;
	compare(c, 3);
	for (unsigned i = 0; i < 4; i++) {
		char what[8];
		snprintf(what, sizeof what, "%u:h", i);
		assert_null(strstr(w.urls, what));
	}
	assert_int_equal(got.r.n_first, 4);
	done(c);
}

static void no_first_exit(void **state)
{
	(void)state;
	struct clip *c = begin(8, 1);
	w.first_is_unknown = true;
	compare(c, 1);
	expect(VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN);
	w.first_is_unknown = false;
	w.first_is_onion = true;
	compare(c, 2);
	expect(VERDICT_UNDECIDED, REASON_ONION);
	w.first_is_onion = false;
	w.first_err = ERR_TOR_ABSENT;
	uint64_t start = w.now;
	compare(c, 3);
	expect(VERDICT_UNDECIDED, REASON_TOR);
	assert_in_range(w.now - start, CHECK_TOR_WAIT_MS, CHECK_TOR_WAIT_MS + 1000);
	w.first_err = ERR_TOR_AUTH;
	start = w.now;
	compare(c, 4);
	expect(VERDICT_UNDECIDED, REASON_TOR);
	assert_true(w.now == start && got.r.error == ERR_TOR_AUTH);
	w.first_err = OK;
	w.draw_err = ERR_TOR_LOST;
	compare(c, 5);
	expect(VERDICT_UNDECIDED, REASON_TOR);
	assert_int_equal(w.fetches, 0);
	done(c);
}

static void refused(void **state)
{
	(void)state;
	struct clip *c = begin(8, 1);
	static const struct { const char *url; enum err err; enum reason reason; } urls[] = {
		{ "ftp://a.test/", ERR_MSG_FIELD, 0 }, { "http://u:p@a.test/", ERR_MSG_FIELD, 0 }, { "", ERR_MSG_FIELD, 0 }, { "http://a b/", ERR_MSG_FIELD, 0 },
		{ "http://10.1.2.3/", OK, REASON_PRIVATE_TARGET }, { "http://[::1]/", OK, REASON_PRIVATE_TARGET }, { "http://x/" A, OK, REASON_REFLECTED },
	};
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		struct clip_compare r = request();
		snprintf(r.url, sizeof r.url, "%s", urls[i].url);
		assert_int_equal(clip_compare(c, 7, &r), urls[i].err);
		if (urls[i].err != OK)
			continue;
		run();
		expect(VERDICT_UNDECIDED, urls[i].reason);
		assert_false(got.r.retry_useful);
	}
	struct clip_compare r = request();
	r.clicked = false;
	assert_int_equal(clip_compare(c, 7, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_NEEDS_CLICK);
	r = request();
	r.proxy = CERT_PROXY_DIRECT;
	assert_int_equal(clip_compare(c, 7, &r), OK);
	run();
	expect(VERDICT_UNDECIDED, REASON_NOT_TOR);
	r = request();
	r.key.port = 0;
	assert_int_equal(clip_compare(c, 7, &r), ERR_MSG_FIELD);
	assert_int_equal(w.fetches, 0);
	done(c);
}

/* At every moment of a whole comparison: cancelled, wiped, freed. One final word, nothing left under way. */
static void ended_at_every_moment(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++)
		for (int moment = 0; moment < 40; moment++) {
			struct clip *c = begin(8, 1);
			w.plan[1].err = ERR_TIMEOUT;
			w.plan[2].location = "/two";
			struct clip_compare r = request(), other = request();
			snprintf(other.key.host, sizeof other.key.host, "other.test");
			assert_int_equal(clip_compare(c, 1, &r), OK);
			assert_int_equal(clip_compare(c, 1, &other), ERR_MSG_ID);
			assert_int_equal(clip_compare(c, 2, &other), OK);
			assert_int_equal(clip_compare(c, 3, &r), OK);   /* the same site: waits */
			for (int i = 0; i < moment; i++)
				if (!step())
					clip_tick(c);
			unsigned before = got.calls;
			if (how == 0) {
				bool was = clip_cancel(c, 1);
				assert_int_equal(got.calls, before + was);
				/* One that was over, and not told yet, tells what it found. */
				if (was && got.r.reason != REASON_REDIRECTS)
					expect(VERDICT_UNDECIDED, REASON_CANCELLED);
				assert_false(clip_cancel(c, 1));
			} else if (how == 1) {
				clip_wipe(c);
				assert_int_equal(got.calls, 3);
			}
			done(c);
			assert_int_equal(got.calls, 3);
		}
}

static void checks(void **state)
{
	(void)state;
	struct clip *c = begin(8, 1);
	const struct clip_request one = { .n = 1, .flavour = { { "text/plain", (const uint8_t *)"x", 1 } } };
	struct clip_request none = { 0 }, large = one;
	large.flavour[0].len = CLIP_TEXT_MAX + 1;
	assert_int_equal(clip_check(c, 1, &none), ERR_MSG_FIELD);
	assert_int_equal(clip_check(c, 1, &large), ERR_TOO_BIG);
	assert_int_equal(clip_check(c, 1, &one), OK);
	assert_int_equal(clip_check(c, 1, &one), ERR_MSG_ID);
	for (uint32_t id = 2; id <= REQUESTS_MAX; id++)
		if (id < 60)
			assert_int_equal(clip_check(c, id, &one), OK);
	assert_true(clip_cancel(c, 1));
	assert_int_equal(got.check_err, ERR_CANCELLED);
	assert_false(clip_cancel(c, 1));
	clip_wipe(c);
	assert_int_equal(got.checks, 59);
	assert_int_equal(clip_check(c, 1, &one), OK);
	assert_true(step());
	assert_int_equal(got.checks, 60);
	done(c);
}

/* The exit that answered the first URL with a redirect may be another one than the last page's: it is not to bear itself out. */
static void who_redirected_is_not_asked(void **state)
{
	(void)state;
	struct clip *c = begin(8, 1);
	struct clip_compare r = request();
	snprintf(r.url, sizeof r.url, "https://first.test:8443/x");
	w.hop_exit = 1;
	w.hop_n = 2;
	assert_int_equal(clip_compare(c, 1, &r), OK);
	run();
	expect(VERDICT_MATCH, REASON_SAME_ADDRESS);
	assert_string_equal(w.firsts, "site.test:80 first.test:8443? ");
	assert_string_equal(w.urls, "3:https://first.test:8443/x 4:https://first.test:8443/x 5:https://first.test:8443/x ");
	/* Nobody knows which it was: undecided. Tor was away for a moment: it is asked again. */
	for (unsigned n = 0; n < 3; n++) {
		done(c);
		c = begin(20, 8);
		w.hop_exit = 8;
		w.hop_n = n == 0 ? 0 : n == 1 ? CANDIDATES_MAX + 1 : CANDIDATES_MAX;
		w.hop_err = n == 2 ? ERR_TOR_LOST : OK;
		assert_int_equal(clip_compare(c, 1, &r), OK);
		run();
		expect(n < 2 ? VERDICT_UNDECIDED : VERDICT_MATCH, n < 2 ? REASON_FIRST_UNKNOWN : REASON_SAME_ADDRESS);
		assert_true(n == 2 || w.fetches == 0);
	}
	done(c);
	/* The same place under another path is no other. */
	c = begin(8, 1);
	snprintf(r.url, sizeof r.url, "http://SITE.test:80/y");
	assert_int_equal(clip_compare(c, 1, &r), OK);
	run();
	assert_string_equal(w.firsts, "site.test:80 ");
	done(c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts), cmocka_unit_test(failures_are_replaced), cmocka_unit_test(exits_that_hang),
		cmocka_unit_test(the_same_exits_again_if_they_are_still_independent), cmocka_unit_test(no_first_exit), cmocka_unit_test(refused),
		cmocka_unit_test(ended_at_every_moment), cmocka_unit_test(checks), cmocka_unit_test(who_redirected_is_not_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
