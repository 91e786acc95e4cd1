/* See world.h. */
#include "world.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum kind { EV_FIRST, EV_DRAW, EV_STEP, EV_LOOK, EV_CLOSE, EV_STATUS, EV_JUDGE, EV_ROOTS, EV_FETCH };

struct world_event {
	struct world_event *next;
	uint64_t at, order;
	enum kind kind;
	uint32_t id;
	void *ctx;
	union {
		netlink_first_cb *first;
		netlink_draw_cb *draw;
		netlink_look_cb *look;
		netlink_close_cb *close;
		netlink_status_cb *status;
		parselink_judged *judged;
		parselink_rooted *rooted;
	} done;
	netlink_step_cb *step;
	const struct fetch_ops *fetch;
	uint8_t exit;
	enum net_step net_step;
	bool is_silent;               /* never fires */
	struct net_draw draw;
	struct net_look look;
	struct net_first first;
	uint8_t der[3];
	bool is_signed;
};

static uint64_t orders;

static struct world_event *event(struct world *w, enum kind kind, uint64_t ms, void *ctx, uint32_t *id)
{
	struct world_event *e = calloc(1, sizeof *e);
	assert_non_null(e);
	e->kind = kind;
	e->at = w->now + ms;
	e->order = orders++;
	e->ctx = ctx;
	e->id = ++w->next_id;
	if (id)
		*id = e->id;
	e->next = w->events;
	w->events = e;
	return e;
}

static struct relay_info relay(const struct world *w, uint8_t n)
{
	struct relay_info r = { .fp = { 0 }, .nickname = "exit", .weight = 10 };
	r.fp[0] = n;
	r.fp[19] = 0xee;
	memcpy(r.country, w->exit[n].country, 3);
	return r;
}

static uint8_t number(const uint8_t fp[FP_LEN])
{
	return fp[19] == 0xee ? fp[0] : 0;
}

static bool suits(const struct world *w, const struct net_draw *m, uint8_t n)
{
	static const uint8_t zeros[FP_LEN];
	const struct fake_exit *x = &w->exit[n];
	if (x->is_unusable || (memcmp(m->only, zeros, FP_LEN) && number(m->only) != n))
		return false;
	for (unsigned i = 0; i < m->n_not; i++)
		if (number(m->not_these[i]) == n)
			return false;
	for (unsigned i = 0; i < m->n_indep; i++)
		if (w->exit[number(m->indep[i])].group == x->group)
			return false;
	if (m->country[0] && (strcmp(m->country, x->country) || !w->good_country || strcmp(w->good_country, m->country)))
		return false;
	return !m->not_continent_of[0] || strcmp(m->not_continent_of, x->country) != 0;
}

static uint8_t pick(const struct world *w, const struct net_draw *m)
{
	for (unsigned n = 1; n <= w->n_exits; n++)
		if (suits(w, m, (uint8_t)n))
			return (uint8_t)n;
	return 0;
}

/* ---- the table ---- */

static void op_attach(void *arg, struct certcheck *c)
{
	struct world *w = arg;
	w->check = c;
}

static enum err op_first(void *arg, const struct net_first *m, netlink_first_cb *done, void *ctx, uint32_t *id)
{
	struct world *w = arg;
	if (w->sync != OK)
		return w->sync;
	struct world_event *e = event(w, EV_FIRST, 2, ctx, id);
	e->done.first = done;
	e->first = *m;
	w->n_first++;
	w->first_port = m->port;
	return OK;
}

static enum err op_draw(void *arg, const struct net_draw *m, netlink_draw_cb *done, void *ctx, uint32_t *id)
{
	struct world *w = arg;
	if (w->sync != OK)
		return w->sync;
	struct world_event *e = event(w, EV_DRAW, 1, ctx, id);
	e->done.draw = done;
	e->draw = w->last_draw = *m;
	w->n_draws++;
	return OK;
}

static void plan_steps(struct world *w, const struct world_event *look, uint32_t ms, netlink_step_cb *step, void *ctx)
{
	static const enum net_step steps[] = { STEP_BUILDING, STEP_CONNECTING, STEP_HANDSHAKING, STEP_DONE };
	static const enum net_step twice[] = { STEP_BUILDING, STEP_CONNECTING, STEP_BUILDING, STEP_CONNECTING };
	const struct fake_exit *x = &w->exit[look->exit];
	for (uint32_t i = 0; i < (x->steps == STEPS_BUILT ? 1 : x->steps == STEPS_SENT ? 2 : 4); i++) {
		struct world_event *e = event(w, EV_STEP, ms * i / 4, ctx, NULL);
		e->id = look->id;
		e->step = step;
		e->net_step = x->steps == STEPS_SENT_TWICE ? twice[i] : steps[i];
		e->exit = look->exit;
	}
}

static enum err op_look(void *arg, const struct net_look *m, netlink_step_cb *step, netlink_look_cb *done, void *ctx,
                        uint32_t *id)
{
	struct world *w = arg;
	if (w->sync != OK)
		return w->sync;
	uint8_t n = m->is_free ? pick(w, &m->avoid) : number(m->exit);
	struct fake_exit *x = &w->exit[n];
	uint32_t ms = x->ms ? x->ms : w->look_ms;
	memcpy(w->last_host, m->host, sizeof w->last_host);
	w->last_port = m->port;
	if (w->is_free && !m->is_free)
		n = 0;   /* tor refuses to map */
	if (x->stalls)
		ms = m->deadline_ms;
	struct world_event *e = event(w, EV_LOOK, ms, ctx, id);
	e->done.look = done;
	e->look = *m;
	e->exit = n;
	e->is_silent = x->hangs;
	x->looks++;
	x->last_deadline_ms = m->deadline_ms;
	w->n_looks++;
	w->at_once++;
	w->most_at_once = w->at_once > w->most_at_once ? w->at_once : w->most_at_once;
	if (step && n)
		plan_steps(w, e, ms, step, ctx);
	return OK;
}

static enum err op_fetch(void *arg, const struct fetch_get *g, const struct fetch_ops *ops, void *ctx, uint32_t *id)
{
	struct world *w = arg;
	if (w->sync != OK)
		return w->sync;
	uint8_t n = number(g->exit);
	struct fake_exit *x = &w->exit[n];
	struct world_event *e = event(w, EV_FETCH, x->plain_fails == ERR_TIMEOUT ? g->deadline_ms : w->look_ms, ctx, id);
	e->fetch = ops;
	e->exit = n;
	snprintf(w->last_url, sizeof w->last_url, "%s", g->url);
	snprintf(w->last_lines, sizeof w->last_lines, "%s", g->lines);
	x->fetches++;
	w->n_fetches++;
	if (ops->step)
		plan_steps(w, e, w->look_ms, ops->step, ctx);
	return OK;
}

static enum err op_close(void *arg, const struct net_first *m, netlink_close_cb *done, void *ctx, uint32_t *id)
{
	struct world *w = arg;
	if (w->sync != OK)
		return w->sync;
	struct world_event *e = event(w, EV_CLOSE, 2, ctx, id);
	e->done.close = done;
	w->last_close = *m;
	w->n_closes++;
	return OK;
}

static enum err op_status(void *arg, netlink_status_cb *done, void *ctx, uint32_t *id)
{
	struct world *w = arg;
	if (w->sync != OK)
		return w->sync;
	event(w, EV_STATUS, 1, ctx, id)->done.status = done;
	return OK;
}

static void op_cancel(void *arg, uint32_t id)
{
	struct world *w = arg;
	struct world_event **at = &w->events;
	while (*at) {
		struct world_event *e = *at;
		if (e->id != id) {
			at = &e->next;
			continue;
		}
		if (e->kind == EV_LOOK) {
			w->at_once--;
			w->n_cancelled++;
		}
		*at = e->next;
		free(e);
	}
}

static void op_warm(void *arg, const struct net_warm *m)
{
	struct world *w = arg;
	assert_int_not_equal(m->port, 0);
	w->n_warm++;
	w->warmed += m->n;
}

static enum err op_judge(void *arg, const struct parse_judge *m, parselink_judged *done, void *ctx, uint32_t *id)
{
	struct world *w = arg;
	struct world_event *e = event(w, EV_JUDGE, 1, ctx, id);
	e->done.judged = done;
	e->is_silent = w->judge_hangs;
	e->is_signed = m->is_signed;
	assert_true(m->n_certs > 0 && m->cert[0].len == 2);
	memcpy(e->der, m->cert[0].der, 2);
	e->der[2] = m->n_certs == 2;
	return OK;
}

static enum err op_roots(void *arg, parselink_rooted *done, void *ctx, uint32_t *id)
{
	struct world *w = arg;
	event(w, EV_ROOTS, 1, ctx, id)->done.rooted = done;
	return OK;
}

static uint64_t op_now(void *arg) { return ((struct world *)arg)->now; }
static uint64_t op_wall(void *arg) { return 1800000000 + ((struct world *)arg)->now / 1000; }
static void op_wake(void *arg, uint64_t at) { ((struct world *)arg)->wake_at = at; }

/* ---- what happens ---- */

static struct net_path path_to(const struct world *w, uint8_t exit)
{
	struct net_path p = { .circuit = exit, .n = 3 };
	p.hop[0] = (struct relay_info){ .fp = { 200 }, .nickname = "guard", .country = "FR" };
	p.hop[1] = (struct relay_info){ .fp = { 201 }, .nickname = "middle", .country = "FR" };
	p.hop[2] = relay(w, exit);
	return p;
}

static void fire_first(struct world *w, struct world_event *e)
{
	static struct net_first_r r;
	memset(&r, 0, sizeof r);
	r.n = (uint8_t)w->n_carriers;
	for (unsigned i = 0; i < w->n_carriers; i++) {
		r.path[i] = path_to(w, w->carrier[i]);
		r.path[i].is_onion = w->carrier_is_onion[i];
		if (w->carrier_has_hole)
			r.path[i].n = 0;
	}
	e->done.first(e->ctx, w->tor, w->tor == OK ? &r : NULL);
}

static void fire_draw(struct world *w, struct world_event *e)
{
	struct net_draw_r r = { .groups = 9, .exit = { .country = "??" } };
	uint8_t n = pick(w, &e->draw);
	enum err err = w->tor != OK ? w->tor : n ? OK : ERR_EXIT_NONE;
	static const uint8_t zeros[FP_LEN];
	if (w->is_free && memcmp(e->draw.only, zeros, FP_LEN) == 0)
		r.is_free = 1;
	else
		r.exit = relay(w, n);
	e->done.draw(e->ctx, err, err == OK ? &r : NULL);
}

static void fire_look(struct world *w, struct world_event *e)
{
	static struct net_look_r r;
	struct fake_exit *x = &w->exit[e->exit];
	memset(&r, 0, sizeof r);
	w->at_once--;
	if (w->tor != OK) {
		r.err = w->tor;
	} else if (!e->exit) {
		r.err = ERR_TOR_COMMAND;
	} else if (x->stalls) {
		r.err = ERR_TIMEOUT;
	} else if (x->fails != OK && x->fails != ERR_TLS_SIGNATURE && (!x->fails_times || x->looks <= x->fails_times)) {
		r.err = x->fails;
	} else {
		const struct shown *s = x->then.leaf && x->looks > 1 ? &x->then : &x->shows;
		e->der[0] = s->leaf, e->der[1] = s->key, e->der[2] = s->is_valid;
		r.err = s->leaf == NO_ANSWER ? ERR_TLS_PROTOCOL : x->fails == ERR_TLS_SIGNATURE ? x->fails : OK;
		r.n_certs = (uint8_t)(s->leaf == NO_ANSWER ? 0 : s->is_valid ? 2 : 1);
		r.cert[0] = (struct net_cert){ 2, e->der };
		r.cert[1] = (struct net_cert){ 1, e->der + 2 };
		r.is_signed = !s->is_unsigned && r.err == OK;
		r.tls_version = 0x0304;
		r.elapsed_ms = 7;
		r.path = path_to(w, x->is_wrong_hop ? 63 : e->exit);
	}
	e->done.look(e->ctx, OK, &r);
}

static void fire_fetch(struct world *w, struct world_event *e)
{
	const struct fake_exit *x = &w->exit[e->exit];
	char lines[CLIP_URL_MAX + 32] = "content-type: text/html\n";
	struct fetch_end end = { .err = w->tor != OK ? w->tor : x->plain_fails, .path = path_to(w, x->is_wrong_hop ? 63 : e->exit) };
	if (end.err == OK) {
		if (x->leads)
			snprintf(lines, sizeof lines, "Location: %s\n", x->leads);
		const struct fetch_head h = { .http = 11, .status = x->leads ? 301 : 200, .lines = rd_of(lines, strlen(lines)) };
		e->fetch->head(e->ctx, &h);
		end.err = x->is_cut ? ERR_CLOSED : OK;
	} else if (end.err == ERR_CIRCUIT || w->tor != OK) {
		end.path.n = 0;
	}
	e->fetch->end(e->ctx, &end);
}

static void fire_judge(struct world *w, struct world_event *e)
{
	static struct parse_judge_r r;
	memset(&r, 0, sizeof r);
	r.is_valid = e->der[2] && e->is_signed && w->roots != ROOTS_NONE;
	r.err = w->roots == ROOTS_NONE ? ERR_ROOTS_NONE : OK;
	crypto_hash_sha256(r.leaf, e->der, 2);
	memset(r.spki, 0xab, sizeof r.spki);
	r.spki[0] = e->der[1];
	memcpy(r.words.subject, "CN=example.test", 16);
	e->done.judged(e->ctx, w->judge_err, w->judge_err == OK ? &r : NULL);
}

static void fire(struct world *w, struct world_event *e)
{
	const struct net_close_r closed = { 2, 3 };
	struct net_step_r step = { .step = (uint8_t)e->net_step };
	struct parse_roots_r roots = { .source = (uint8_t)w->roots, .n = 140 };
	static struct net_status status;
	status.relays = 10;
	switch (e->kind) {
	case EV_FIRST: fire_first(w, e); break;
	case EV_DRAW: fire_draw(w, e); break;
	case EV_STEP:
		if (e->net_step >= STEP_CONNECTING)
			step.exit = relay(w, e->exit);
		e->step(e->ctx, &step);
		break;
	case EV_LOOK: fire_look(w, e); break;
	case EV_CLOSE: e->done.close(e->ctx, w->tor, w->tor == OK ? &closed : NULL); break;
	case EV_STATUS: e->done.status(e->ctx, w->tor, w->tor == OK ? &status : NULL); break;
	case EV_JUDGE: fire_judge(w, e); break;
	case EV_FETCH: fire_fetch(w, e); break;
	case EV_ROOTS: e->done.rooted(e->ctx, w->roots_err, w->roots_err == OK ? &roots : NULL); break;
	}
}

static struct world_event *earliest(const struct world *w)
{
	struct world_event *best = NULL;
	for (struct world_event *e = w->events; e; e = e->next)
		if (!e->is_silent && (!best || e->at < best->at || (e->at == best->at && e->order < best->order)))
			best = e;
	return best;
}

void world_run(struct world *w, uint64_t ms)
{
	uint64_t end = w->now + ms;
	unsigned ticks_here = 0;
	for (;;) {
		struct world_event *e = earliest(w);
		uint64_t at = e ? e->at : UINT64_MAX;
		bool is_tick = w->wake_at < at;
		if (is_tick)
			at = w->wake_at;
		if (at > end && at > w->now)
			break;
		ticks_here = at > w->now ? 0 : ticks_here + 1;
		assert_true(ticks_here < 20000);   /* no spinning on the spot */
		w->now = at > w->now ? at : w->now;
		if (is_tick) {
			w->wake_at = UINT64_MAX;
			certcheck_tick(w->check);
			continue;
		}
		for (struct world_event **p = &w->events; *p; p = &(*p)->next)
			if (*p == e) {
				*p = e->next;
				break;
			}
		fire(w, e);
		free(e);
	}
	w->now = end;
}

/* ---- what came out ---- */

static void sink_progress(void *arg, uint32_t id, const struct cert_progress *p)
{
	struct world *w = arg;
	assert_false(w->is_inside);
	assert_true(p->slot <= K_MAX);
	if (w->n_steps == sizeof w->steps / sizeof *w->steps)
		return;
	w->steps[w->n_steps].id = id;
	w->steps[w->n_steps].slot = p->slot;
	w->steps[w->n_steps].step = p->step;
	w->steps[w->n_steps].exit = p->exit ? number(p->exit->fp) : 0;
	w->steps[w->n_steps++].at = w->now;
}

static void sink_result(void *arg, uint32_t id, const struct cert_result *r)
{
	struct world *w = arg;
	assert_false(w->is_inside);
	assert_null(world_result(w, id));   /* exactly one */
	assert_true(w->n_got < RESULTS_MAX && r->n_first <= ANSWERS_MAX && r->n_others <= ANSWERS_MAX);
	struct got *g = &w->got[w->n_got++];
	*g = (struct got){ .id = id, .at = w->now, .verdict = r->verdict, .reason = r->reason, .error = r->error, .k = r->k,
		.asked = r->asked, .answered = r->answered, .elapsed_ms = r->elapsed_ms, .weaker = r->weaker,
		.same_country_possible = r->same_country_possible, .retry_useful = r->retry_useful,
		.still_same = r->still_same, .n_fingerprints = r->n_fingerprints, .n_first = r->n_first,
		.n_others = r->n_others, .n_paths = r->n_paths, .n_chance = r->n_chance, .roots = r->roots };
	memcpy(g->fingerprint, r->fingerprints, sizeof g->fingerprint);
	memcpy(g->chance, r->chance, sizeof g->chance);
	for (size_t i = 0; i < r->n_first; i++) {
		const struct cert_answer *a = &r->first[i];
		g->first[i].exit = a->has_exit ? number(a->exit.fp) : 0;
		g->first[i].slot = a->slot, g->first[i].has_cert = a->has_cert, g->first[i].error = a->error;
		g->first[i].is_none = a->is_none;
		g->first[i].agrees = a->agrees, g->first[i].source = a->source, g->first[i].is_valid = a->is_valid;
	}
	for (size_t i = 0; i < r->n_others; i++) {
		const struct cert_answer *a = &r->others[i];
		g->others[i].exit = a->has_exit ? number(a->exit.fp) : 0;
		g->others[i].slot = a->slot, g->others[i].has_cert = a->has_cert, g->others[i].error = a->error;
		g->others[i].is_none = a->is_none;
		g->others[i].agrees = a->agrees, g->others[i].counts = a->counts, g->others[i].is_valid = a->is_valid;
	}
}

static void sink_circuit(void *arg, uint32_t id, const struct circuit_result *r)
{
	struct world *w = arg;
	(void)id;
	assert_false(w->is_inside);
	w->circuit = *r;
	w->n_circuits++;
}

static void sink_status(void *arg, uint32_t id, const struct cert_status *s)
{
	struct world *w = arg;
	(void)id;
	assert_false(w->is_inside);
	w->status = *s;
	w->n_statuses++;
}

static void sink_tor(void *arg, bool is_up, enum err why)
{
	(void)is_up, (void)why;
	((struct world *)arg)->n_tor++;
}

static void sink_newnym(void *arg)
{
	((struct world *)arg)->n_newnym++;
}

const struct got *world_result(const struct world *w, uint32_t id)
{
	for (size_t i = 0; i < w->n_got; i++)
		if (w->got[i].id == id)
			return &w->got[i];
	return NULL;
}

/* ---- set-up ---- */

void world_show(struct world *w, unsigned exit, uint8_t leaf, uint8_t key, bool is_valid)
{
	w->exit[exit].shows = (struct shown){ leaf, key, is_valid, false };
}

struct world *world_new(unsigned n)
{
	struct world *w = calloc(1, sizeof *w);
	assert_non_null(w);
	assert_true(sodium_init() >= 0 && n < EXITS_MAX);
	w->now = 1000000;
	w->n_exits = n;
	w->look_ms = 100;
	w->roots = ROOTS_BROWSER;
	w->wake_at = UINT64_MAX;
	for (unsigned i = 0; i < EXITS_MAX; i++) {
		w->exit[i].group = i;
		w->exit[i].country = "DE";
		world_show(w, i, 1, 1, false);
	}
	w->carrier[0] = 1;
	w->n_carriers = 1;
	w->ops = (struct check_ops){ w, op_attach, op_first, op_draw, op_look, op_close, op_status, op_cancel, op_warm, op_judge,
	                             op_roots, op_cancel, op_now, op_wall, op_wake, op_fetch, op_cancel };
	const struct cert_sink sink = { w, sink_progress, sink_result, sink_circuit, sink_status, sink_tor, sink_newnym };
	struct certcheck *c = certcheck_new(&w->ops, &sink);
	assert_non_null(c);
	assert_ptr_equal(c, w->check);
	return w;
}

unsigned world_pending(const struct world *w)
{
	unsigned n = 0;
	for (const struct world_event *e = w->events; e; e = e->next)
		n += e->kind != EV_STEP;
	return n;
}

void world_free(struct world *w)
{
	certcheck_free(w->check);
	assert_int_equal(world_pending(w), 0);
	assert_null(w->check);
	while (w->events) {
		struct world_event *e = w->events;
		w->events = e->next;
		free(e);
	}
	free(w);
}

void world_leaf(uint8_t out[32], uint8_t leaf, uint8_t key)
{
	const uint8_t der[2] = { leaf, key };
	crypto_hash_sha256(out, der, 2);
}

struct cert_request world_request(uint8_t offer_leaf, uint8_t offer_key)
{
	static uint8_t der[64][2];
	static unsigned turn;
	struct cert_request r = { .key = { .first_party = "example.test", .host = "example.test", .port = 443,
		.private_id = 1 }, .error = -16370, .clicked = true, .proxy = CERT_PROXY_SOCKS };
	if (offer_leaf) {
		uint8_t *at = der[turn++ % 64];
		at[0] = offer_leaf, at[1] = offer_key;
		r.n_offered = 1;
		r.offered[0] = (struct net_cert){ 2, at };
		strcpy(r.socks_username, "example.test:0");
		strcpy(r.socks_password, "aabb");
	}
	return r;
}

void world_start(struct world *w, uint32_t id, const struct cert_request *r)
{
	w->is_inside = true;
	enum err err = certcheck_start(w->check, id, r);
	w->is_inside = false;
	assert_int_equal(err, OK);
}

const struct got *world_check(struct world *w, uint32_t id, const struct cert_request *r)
{
	world_start(w, id, r);
	for (unsigned i = 0; i < 3000 && !world_result(w, id); i++)
		world_run(w, 10);
	assert_non_null(world_result(w, id));
	return world_result(w, id);
}

void world_tor(struct world *w, enum err e)
{
	const struct net_state s = { e == OK, (uint32_t)e };
	w->tor = e;
	certcheck_tor_state(w->check, &s);
}

/* ---- for short ---- */

void world_is(const struct got *g, enum verdict v, enum reason r)
{
	assert_string_equal(reason_name(g->reason), reason_name(r));
	assert_int_equal(g->verdict, v);
	if (v == VERDICT_MATCH)
		assert_true(g->n_fingerprints > 0);
	else
		assert_int_equal(g->n_fingerprints, 0);
}

unsigned world_looks_of_others(const struct world *w)
{
	unsigned n = 0;
	for (unsigned i = 2; i <= w->n_exits; i++)
		n += w->exit[i].looks;
	return n;
}

void world_show_all(struct world *w, uint8_t leaf, uint8_t key, bool is_valid)
{
	for (unsigned i = 2; i <= w->n_exits; i++)
		world_show(w, i, leaf, key, is_valid);
}
