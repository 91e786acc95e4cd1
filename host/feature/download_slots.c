/* Which slot of a download needs an exit (download_in.h): those that answered earlier in the session first, if they are still independent of today's
 * first exits; then new ones, each independent of all before it; failures are replaced. */
#include "feature/download_in.h"
#include "feature/url.h"
#include <string.h>

static bool is_busy(const struct dl_slot *s)
{
	return s->state == DL_SLOT_DRAWING || s->state == DL_SLOT_FETCHING;
}

/* Would another exit be of use, if those that are being asked show the same? */
static bool is_another_needed(const struct download *d)
{
	struct dl_seen seen[K_MAX];
	size_t n = 0;
	bool is_one_enough = d->method == DL_METHOD_NONE || d->method == DL_METHOD_WHOLE;
	const struct dl_terms terms = { .method = d->method, .k = is_one_enough ? 1 : K_DEFAULT, .has_start = true };

	for (size_t i = 1; i <= K_MAX; i++) {
		const struct dl_slot *s = &d->slots[i];
		bool is_other = s->state == DL_SLOT_ANSWERED && s->job == DL_JOB_WHOLE && (s->differs || (d->is_complete && s->at != d->file.size));
		if (s->state != DL_SLOT_IDLE)
			seen[n++] = (struct dl_seen){ .found = is_other ? DL_OTHER : DL_SAME, .counts = true };
	}
	return dl_needs_another(seen, n, &terms);
}

bool dl_may_ask(const struct download *d)
{
	/* The copy alone tells nothing to compare; a comparison begins when it is known how, or with a probe for the browser's file. */
	bool has_use = d->method != DL_METHOD_NONE || (!d->request.is_fetch && !d->has_head);

	return has_use && !d->turns.is_out && d->asked_here < DL_ASKED_MAX && is_another_needed(d);
}

bool dl_slots_are_pending(const struct download *d)
{
	for (size_t i = 1; i <= K_MAX; i++)
		if (is_busy(&d->slots[i]) || d->slots[i].state == DL_SLOT_HELD)
			return true;
	return dl_may_ask(d);
}

void dl_slot_reset(struct dl_slot *s)
{
	dl_slot_stop(s);
	s->state = DL_SLOT_IDLE;
	s->has_exit = false;
	s->found = DL_NOTHING;
}

void dl_slots_clear(struct download *d, bool copy_too)
{
	const struct download_ops *ops = d->owner->ops;

	if (d->draw_id && (copy_too || d->drawing != &d->slots[0])) {
		ops->cancel_net(ops->arg, d->draw_id);
		d->draw_id = 0;
	}
	for (size_t i = copy_too ? 0 : 1; i <= K_MAX; i++)
		if (d->slots[i].dl)
			dl_slot_reset(&d->slots[i]);
	d->turns.at = 0;
	d->asked_here = 0;
}

/* ---- draws ---- */

_Static_assert(2 * CANDIDATES_MAX + 2 * DL_COPY_TRIES + K_MAX + 2 <= AVOID_MAX, "indep[] is too short");

/* What the site does with parts is not the exit's failure: by another method it may be asked again. */
static bool is_of_site(enum err e)
{
	return e == ERR_DL_RANGES || e == ERR_DL_ENTITY;
}

static void fill(const struct download *d, struct net_draw *m)
{
	struct target t;
	uint16_t port = 0;
	bool is_known = url_target(d->url, &t, &port) == OK;

	*m = (struct net_draw){ .port = is_known ? port : d->request.key.port, .is_ipv6 = is_known && t.kind == TARGET_IPV6 };
	for (size_t i = 0; i < d->n_first; i++)
		fetch_avoid(m->indep, &m->n_indep, d->first[i].fp);
	fetch_via_avoid(&d->via, m);
	for (size_t i = 0; i < d->n_copies; i++)
		fetch_avoid(m->indep, &m->n_indep, d->copies[i].fp);
	if (d->request.has_given)
		fetch_avoid(m->indep, &m->n_indep, d->request.given);
	for (size_t i = 0; i <= K_MAX; i++)
		if (d->slots[i].has_exit && d->slots[i].state != DL_SLOT_IDLE)
			fetch_avoid(m->indep, &m->n_indep, d->slots[i].exit.fp);
	for (size_t i = d->n_failed; i-- > 0; )
		if (d->failed[i].has_exit && !is_of_site(d->failed[i].error))
			fetch_avoid(m->not_these, &m->n_not, d->failed[i].exit.fp);
}

static void hold(struct dl_slot *s, enum err err)
{
	struct download *d = s->dl;

	d->local_err = err;
	if (!d->tor_until)
		d->tor_until = dl_now(d) + (d->asked ? DL_TOR_WAIT_MS : CHECK_TOR_WAIT_MS);
	s->has_exit = false;
	s->state = DL_SLOT_HELD;
	s->until = dl_now(d) + CHECK_TOR_AGAIN_MS;
}

/* The copy through the exit that is looked at. */
static bool is_given(const struct dl_slot *s)
{
	return s->job == DL_JOB_COPY && s->dl->request.has_given && !s->dl->is_given_lost;
}

static void not_drawn(struct download *d, struct dl_slot *s, enum err err)
{
	s->state = DL_SLOT_IDLE;
	if (is_given(s) && err == ERR_EXIT_NONE) {
		dl_end(d, VERDICT_UNDECIDED, REASON_NO_INDEPENDENT, ERR_EXIT_UNKNOWN);
		return;
	}
	if (fetch_turn_failed(&d->turns, d->site, err) == FETCH_TURN_LATER)
		hold(s, err);
}

static void drawn(struct download *d, struct dl_slot *s, const struct net_draw_r *r)
{
	s->has_exit = true;
	s->exit = r->exit;
	s->number = ++d->numbers;
	d->asked++;
	d->asked_here += s->job != DL_JOB_COPY;
	enum err err = dl_slot_start(s);
	if (err != OK)
		dl_slot_failed(s, err, REASON_NONE);
}

static void on_drawn(void *arg, enum err err, const struct net_draw_r *r)
{
	struct download *d = arg;
	struct dl_slot *s = d->drawing;

	d->draw_id = 0;
	/* An exit that can't be chosen can't be kept over redirects either. */
	if (err == OK && r->is_free)
		err = ERR_TOR_FILTERED;
	if (err == OK && (dl_is_first(d, r->exit.fp) || fetch_via_has(&d->via, r->exit.fp)))
		err = ERR_BUG;
	if (err == OK)
		drawn(d, s, r);
	else
		not_drawn(d, s, err);
	dl_go_on(d);
	downloads_pump(d->owner);
}

static void draw(struct download *d, struct dl_slot *s)
{
	const struct download_ops *ops = d->owner->ops;
	struct net_draw m;

	fill(d, &m);
	fetch_turn_take(&d->turns, d->site, s->job != DL_JOB_COPY, &m);
	if (is_given(s)) {
		m.n_not = m.n_indep = 0;
		memcpy(m.only, d->request.given, FP_LEN);
	}
	s->has_exit = false;
	s->state = DL_SLOT_DRAWING;
	d->drawing = s;
	enum err err = ops->draw(ops->arg, &m, on_drawn, d, &d->draw_id);
	if (err != OK) {
		d->draw_id = 0;
		not_drawn(d, s, err);
	}
}

static enum dl_job job_of(const struct download *d)
{
	switch (d->method) {
	case DL_METHOD_DIGEST: return DL_JOB_HEAD;
	case DL_METHOD_COMMITMENT: case DL_METHOD_RANGES: return DL_JOB_RANGES;
	case DL_METHOD_WHOLE: return DL_JOB_WHOLE;
	case DL_METHOD_NONE: case DL_METHODS: break;
	}
	return DL_JOB_PROBE;
}

void dl_slots_go_on(struct download *d)
{
	struct dl_slot *copy = &d->slots[0];

	if (d->phase != DL_RUNNING || d->draw_id)
		return;
	if (d->request.is_fetch && !d->is_complete && copy->state == DL_SLOT_IDLE && !d->turns.is_out &&
	    d->copy_tries < DL_COPY_TRIES) {
		copy->dl = d;
		copy->job = DL_JOB_COPY;
		draw(d, copy);
	}
	/* One that could not be drawn at once is tried again in the same turn: others of the session's may do. */
	for (unsigned tries = 0; !d->draw_id && d->phase == DL_RUNNING && dl_may_ask(d) && tries < 2 * K_MAX; tries++) {
		struct dl_slot *s = NULL;
		for (size_t i = 1; i <= K_MAX && !s; i++)
			if (d->slots[i].state == DL_SLOT_IDLE)
				s = &d->slots[i];
		if (!s)
			return;
		s->dl = d;
		s->job = job_of(d);
		draw(d, s);
	}
}

/* ---- failures ---- */

/* One that is too long is so by any exit. Where the exit that is looked at brings no copy: does another bring one? What was compared so far is of no use. */
static void copy_failed(struct dl_slot *s, enum err e)
{
	struct download *d = s->dl;

	if (e == ERR_HTTP_BODY) {
		dl_end(d, VERDICT_UNDECIDED, REASON_TOO_LARGE, e);
	} else if (is_given(s) && d->copy_tries == DL_COPY_TRIES) {
		d->is_given_lost = true;
		d->copy_tries = 0;
		d->method = DL_METHOD_NONE;
		d->has_head = false;
		dl_slots_clear(d, false);
	}
}

void dl_slot_failed(struct dl_slot *s, enum err e, enum reason why)
{
	struct download *d = s->dl;
	bool is_copy = s->job == DL_JOB_COPY;

	dl_slot_stop(s);
	if (fetch_err_is_local(e)) {
		d->asked--;
		d->asked_here -= !is_copy && d->asked_here > 0;
		hold(s, e);
		return;
	}
	d->last_err = e;
	d->copy_tries += is_copy;
	dl_slot_progress(s, DL_STEP_FAILED);
	if (d->n_failed < DL_FAILED_MAX) {
		d->failed_why[d->n_failed] = why;
		d->failed[d->n_failed++] = (struct download_answer){
			.slot = s->number, .has_exit = s->has_exit, .is_copy = is_copy, .exit = s->exit, .error = e, .http_status = s->status, .length = s->entity.length,
			.same_entity = -1, .agrees = -1, .bytes = s->bytes, .elapsed_ms = dl_now(d) - s->began,
		};
	}
	if (s->has_exit && !is_of_site(e))
		fetch_site_failed(d->site, s->exit.fp);
	if (is_copy)
		copy_failed(s, e);
	dl_slot_reset(s);
}

/* ---- time ---- */

void dl_slots_time(struct download *d, uint64_t now)
{
	for (size_t i = 0; i <= K_MAX; i++)
		if (d->slots[i].state == DL_SLOT_HELD && now >= d->slots[i].until)
			d->slots[i].state = DL_SLOT_IDLE;
}

uint64_t dl_slots_next(const struct download *d)
{
	uint64_t at = DL_NEVER;

	for (size_t i = 0; i <= K_MAX; i++)
		if (d->slots[i].state == DL_SLOT_HELD && d->slots[i].until < at)
			at = d->slots[i].until;
	return at;
}
