/* Which slot needs an exit (compare.h): those that gave a page earlier in the session first, if they are still independent of
 * today's first exits; then new ones, each independent of all before it; failures are replaced. */
#include "feature/compare.h"
#include <string.h>

bool slots_are_pending(const struct compare *k)
{
	for (size_t i = 0; i < k->k; i++)
		if (k->slots[i].state != SLOT_ANSWERED && k->slots[i].state != SLOT_GIVEN_UP)
			return true;
	return false;
}

void slots_start(struct compare *k)
{
	for (unsigned i = 0; i < k->k; i++) {
		k->slots[i].compare = k;
		k->slots[i].number = i + 1;
		k->slots[i].body = buf_new(CLIP_PAGE_MAX);
	}
}

/* ---- draws ---- */

_Static_assert(2 * CANDIDATES_MAX + K_MAX <= AVOID_MAX, "indep[] is too short");

static bool slot_is_busy(const struct slot *s)
{
	return s->state == SLOT_FETCHING || s->state == SLOT_PLACING;
}

static void fill(struct compare *k, struct net_draw *m)
{
	*m = (struct net_draw){ .port = k->port, .is_ipv6 = k->is_ipv6 };
	for (size_t i = 0; i < k->k; i++)
		if (k->slots[i].state <= SLOT_DRAWING)
			m->left++;
	for (size_t i = 0; i < k->n_first; i++)
		fetch_avoid(m->indep, &m->n_indep, k->first[i].fp);
	fetch_via_avoid(&k->via, m);
	for (size_t i = 0; i < k->k; i++)
		if (k->slots[i].has_exit && (slot_is_busy(&k->slots[i]) || k->slots[i].state == SLOT_ANSWERED))
			fetch_avoid(m->indep, &m->n_indep, k->slots[i].exit.fp);
	for (size_t i = k->n_failed; i-- > 0; )
		if (k->failed[i].has_exit)
			fetch_avoid(m->not_these, &m->n_not, k->failed[i].exit.fp);
	fetch_turn_take(&k->turns, &k->site->exits, true, m);
}

static void give_up_idle(struct compare *k)
{
	for (size_t i = 0; i < k->k; i++)
		if (k->slots[i].state == SLOT_IDLE)
			k->slots[i].state = SLOT_GIVEN_UP;
}

static void hold(struct slot *s, enum err err)
{
	s->compare->local_err = err;
	s->has_exit = false;
	s->state = SLOT_HELD;
	s->until = compare_now(s->compare) + CHECK_TOR_AGAIN_MS;
}

static void not_drawn(struct compare *k, struct slot *s, enum err err)
{
	s->state = SLOT_IDLE;
	switch (fetch_turn_failed(&k->turns, &k->site->exits, err)) {
	case FETCH_TURN_LATER: hold(s, err); break;
	case FETCH_TURN_NEXT: break;
	case FETCH_TURN_OUT: give_up_idle(k); break;
	}
}

static void drawn(struct compare *k, struct slot *s, const struct net_draw_r *r)
{
	s->has_exit = true;
	s->exit = r->exit;
	k->asked++;
	enum err err = slot_start(s);
	if (err != OK)
		slot_failed(s, err);
}

static void on_drawn(void *arg, enum err err, const struct net_draw_r *r)
{
	struct compare *k = arg;
	struct slot *s = &k->slots[k->drawing];
	k->draw_id = 0;
	/* An exit that can't be chosen can't be kept over redirects either. */
	if (err == OK && r->is_free)
		err = ERR_TOR_FILTERED;
	if (err == OK && (compare_is_first(k, r->exit.fp) || fetch_via_has(&k->via, r->exit.fp)))
		err = ERR_BUG;
	if (err == OK)
		drawn(k, s, r);
	else
		not_drawn(k, s, err);
	slots_go_on(k);
	compare_evaluate(k);
	compares_pump(k->owner);
}

static void draw(struct compare *k, struct slot *s)
{
	const struct clip_ops *ops = k->owner->ops;
	struct net_draw m;
	fill(k, &m);
	s->has_exit = false;
	slot_progress(s, CLIP_STEP_CHOOSING);
	s->state = SLOT_DRAWING;
	k->drawing = s->number - 1;
	enum err err = ops->draw(ops->arg, &m, on_drawn, k, &k->draw_id);
	if (err != OK) {
		k->draw_id = 0;
		not_drawn(k, s, err);
	}
}

void slots_go_on(struct compare *k)
{
	if (k->state != COMPARE_RUNNING)
		return;
	if (k->asked >= k->k * CHECK_ROUNDS_MAX || compare_now(k) + 2 * CHECK_MARGIN_MS >= k->deadline || k->turns.is_out)
		give_up_idle(k);
	for (size_t i = 0; i < k->k && !k->draw_id; i++)
		if (k->slots[i].state == SLOT_IDLE)
			draw(k, &k->slots[i]);
}

/* ---- failures ---- */

void slot_failed(struct slot *s, enum err e)
{
	struct compare *k = s->compare;
	slot_stop(s);
	buf_free(&s->body);
	if (fetch_err_is_local(e)) {
		k->asked--;
		hold(s, e);
		return;
	}
	slot_progress(s, CLIP_STEP_FAILED);
	if (k->n_failed < CLIP_ANSWERS_MAX)
		k->failed[k->n_failed++] = (struct clip_answer){
			.slot = s->number, .has_exit = s->has_exit, .exit = s->exit, .error = e, .http_status = s->status,
			.elapsed_ms = compare_now(k) - s->began,
		};
	if (s->has_exit)
		fetch_site_failed(&k->site->exits, s->exit.fp);
	s->has_exit = false;
	s->state = SLOT_IDLE;
}

/* ---- time ---- */

void slots_time(struct compare *k, uint64_t now)
{
	for (size_t i = 0; i < k->k; i++) {
		struct slot *s = &k->slots[i];
		if (s->state == SLOT_HELD && now >= s->until)
			s->state = SLOT_IDLE;
		/* The roles keep deadlines themselves; this is for one that does not answer. */
		if (slot_is_busy(s) && now >= s->until + CHECK_MARGIN_MS / 2)
			slot_failed(s, ERR_TIMEOUT);
	}
}

uint64_t slots_next(const struct compare *k)
{
	uint64_t at = CLIP_NEVER;
	for (size_t i = 0; i < k->k; i++) {
		const struct slot *s = &k->slots[i];
		uint64_t mine = s->state == SLOT_HELD ? s->until : slot_is_busy(s) ? s->until + CHECK_MARGIN_MS / 2 : CLIP_NEVER;
		at = mine < at ? mine : at;
	}
	return at;
}

void slots_stop(struct compare *k)
{
	for (size_t i = 0; i < k->k; i++)
		if (k->slots[i].compare) {
			slot_stop(&k->slots[i]);
			buf_free(&k->slots[i].body);
		}
}
