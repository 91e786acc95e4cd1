/* Which slot needs an exit: draws one after the other (each independent of all before it), replaces those that fail,
 * watches their deadlines. Part of the certificate check (check.h). */
#include "feature/check.h"
#include <string.h>

bool look_is_busy(const struct look *l)
{
	return l->state == LOOK_FETCHING || l->state == LOOK_LOOKING || l->state == LOOK_JUDGING;
}

bool slots_pending(const struct check *k)
{
	for (size_t i = 0; i < k->k; i++)
		if (k->slots[i].state != LOOK_ANSWERED && k->slots[i].state != LOOK_GIVEN_UP)
			return true;
	return false;
}

bool probes_pending(const struct check *k)
{
	for (size_t i = 0; i < k->n_probes; i++)
		if (k->probes[i].state != LOOK_ANSWERED && k->probes[i].state != LOOK_GIVEN_UP)
			return true;
	return false;
}

/* ---- what a draw has to keep away from ---- */

/* Independence is promised of every exit on the list, so the list must hold them all. */
_Static_assert(CANDIDATES_MAX + SITE_MEMORIES_MAX + K_MAX <= AVOID_MAX, "indep[] is too short");

static void put_fp(uint8_t list[][FP_LEN], uint8_t *n, const uint8_t fp[FP_LEN])
{
	for (uint8_t i = 0; i < *n; i++)
		if (fp_is(list[i], fp))
			return;
	if (*n < AVOID_MAX)
		memcpy(list[(*n)++], fp, FP_LEN);
}

static void fill_indep(const struct check *k, struct net_draw *m)
{
	for (size_t i = 0; i < k->n_probes; i++)
		put_fp(m->indep, &m->n_indep, k->probes[i].exit.fp);
	for (const struct memory *a = k->site->memories; a; a = a->next)
		if (a->answer.counts && !a->was_first && a->answer.has_exit)
			put_fp(m->indep, &m->n_indep, a->answer.exit.fp);
	for (size_t i = 0; i < k->k; i++)
		if (look_is_busy(&k->slots[i]) && k->slots[i].has_exit)
			put_fp(m->indep, &m->n_indep, k->slots[i].exit.fp);
}

/* Never the same exit twice, whatever it said. The most recent failures first: the list is bounded. */
static void fill_not(const struct check *k, struct net_draw *m)
{
	for (const struct memory *a = k->site->memories; a; a = a->next)
		if (a->answer.has_exit)
			put_fp(m->not_these, &m->n_not, a->answer.exit.fp);
	for (size_t i = k->n_failed; i-- > 0; )
		if (k->failed[i].has_exit)
			put_fp(m->not_these, &m->n_not, k->failed[i].exit.fp);
	for (size_t i = k->site->n_failed; !k->took_failed && i-- > 0; )
		put_fp(m->not_these, &m->n_not, k->site->failed[i]);
}

/* "At least two continents": the last exit drawn stands on another one than the first drawn. */
static void fill_continent(const struct check *k, struct net_draw *m)
{
	const struct relay_info *other = NULL;
	size_t missing = 0;
	for (size_t i = 0; i < k->k; i++) {
		const struct look *l = &k->slots[i];
		if (l->state == LOOK_ANSWERED || look_is_busy(l))
			other = l->has_exit ? &l->exit : other;
		else
			missing++;
	}
	if (missing == 1 && other)
		memcpy(m->not_continent_of, other->country, sizeof m->not_continent_of);
}

static uint8_t exits_left(const struct check *k)
{
	unsigned n = 0;
	for (size_t i = 0; i < k->k; i++)
		n += k->slots[i].state <= LOOK_DRAWING && !k->slots[i].has_exit;
	return (uint8_t)n;   /* K_MAX at most */
}

void check_draw_fill(const struct check *k, struct net_draw *m)
{
	*m = (struct net_draw){ .port = k->request.key.port, .is_ipv6 = strchr(k->request.key.host, ':') != NULL, .left = exits_left(k) };
	fill_indep(k, m);
	fill_not(k, m);
	if (k->is_weaker)
		memcpy(m->country, k->probes[0].exit.country, sizeof m->country);
	else if (k->request.two_continents)
		fill_continent(k, m);
}

/* ---- from memory ---- */

static void take(struct look *l, struct memory *m)
{
	l->state = LOOK_ANSWERED;
	l->has_exit = m->answer.has_exit;
	l->exit = m->answer.exit;
	m->answer.slot = l->slot;
	check_progress(l->check, l->slot, CERT_STEP_DONE, l->has_exit ? &l->exit : NULL);
}

/* What it said is too old: the same exit, asked anew. */
static void take_anew(struct look *l, const struct memory *m)
{
	l->has_exit = true;
	l->exit = m->answer.exit;
}

static bool suits_country(const struct check *k, const struct memory *m)
{
	return !k->is_weaker || strcmp(m->answer.exit.country, k->probes[0].exit.country) == 0;
}

void slots_begin(struct check *k)
{
	unsigned filled = 0, beyond = k->k;
	for (unsigned i = 0; i < k->k; i++)
		k->slots[i] = (struct look){ .check = k, .slot = i + 1 };
	for (struct memory *m = k->site->memories; m; m = m->next) {
		if (memory_is_first(k, m)) {
			m->answer.slot = 0;
			for (size_t i = 0; i < k->n_probes; i++)
				if (m->answer.source == CERT_SOURCE_PROBE && m->answer.has_exit &&
				    fp_is(k->probes[i].exit.fp, m->answer.exit.fp) && !https_is_stale(k, m))
					take(&k->probes[i], m);
		} else if (m->answer.counts && !m->was_first && filled < k->k && suits_country(k, m)) {
			if (https_is_stale(k, m))
				take_anew(&k->slots[filled++], m);
			else
				take(&k->slots[filled++], m);
		} else {
			m->answer.slot = ++beyond;
		}
	}
	if (!k->is_memory_only)
		return;
	for (size_t i = 0; i < k->k; i++)
		if (k->slots[i].state == LOOK_IDLE)
			k->slots[i].state = LOOK_GIVEN_UP;
	for (size_t i = 0; i < k->n_probes; i++)
		if (k->probes[i].state == LOOK_IDLE)
			k->probes[i].state = LOOK_GIVEN_UP;
}

/* ---- draws ---- */

static void give_up_idle(struct check *k)
{
	for (size_t i = 0; i < k->k; i++)
		if (k->slots[i].state == LOOK_IDLE)
			k->slots[i].state = LOOK_GIVEN_UP;
}

static void drawn(struct check *k, struct look *l, const struct net_draw_r *r)
{
	l->is_free = r->is_free;
	l->has_exit = !r->is_free;
	l->exit = r->exit;
	k->asked++;
	enum err err = look_start(l);
	if (err != OK)
		look_failed(l, err);
}

static void not_drawn(struct check *k, struct look *l, enum err err)
{
	if (err_is_local(err) || err == ERR_TIMEOUT) {
		k->local_err = err;
		l->state = LOOK_HELD;
		l->until = check_now(k) + CHECK_TOR_AGAIN_MS;
		return;
	}
	l->state = LOOK_IDLE;
	if (err == ERR_EXIT_NONE && k->site->n_failed && !k->took_failed) {
		k->took_failed = true;   /* better one that failed in an earlier check than none */
		return;
	}
	k->is_out_of_exits = true;
	k->no_exit_err = err;
	give_up_idle(k);
}

static void on_drawn(void *arg, enum err err, const struct net_draw_r *r)
{
	struct check *k = arg;
	struct look *l = &k->slots[k->drawing];
	k->draw_id = 0;
	/* Net keeps to the lists; an exit that is itself among the first ones would be fatal, so look again. */
	if (err == OK && !r->is_free && check_is_first_exit(k, r->exit.fp))
		err = ERR_BUG;
	if (err == OK && r->is_free && check_is_plain(k))
		err = ERR_TOR_FILTERED;   /* an exit that can't be chosen can't be asked twice */
	if (err == OK)
		drawn(k, l, r);
	else
		not_drawn(k, l, err);
	slots_pump(k);
	check_evaluate(k);
	certcheck_pump(k->owner);
}

static void draw(struct check *k, struct look *l)
{
	const struct check_ops *ops = k->owner->ops;
	struct net_draw m;
	check_draw_fill(k, &m);
	check_progress(k, l->slot, CERT_STEP_CHOOSING, NULL);
	l->state = LOOK_DRAWING;
	k->drawing = l->slot - 1;
	enum err err = ops->draw(ops->arg, &m, on_drawn, k, &k->draw_id);
	if (err != OK) {
		k->draw_id = 0;
		not_drawn(k, l, err);
	}
}

static void begin_anew(struct check *k, struct look *l)
{
	k->asked++;
	enum err err = look_start(l);
	if (err != OK)
		look_failed(l, err);
}

/* Free looks find their exits by trying; the next begins when the last one's exit is known. */
static bool has_unnamed(const struct check *k)
{
	for (size_t i = 0; i < k->k; i++)
		if (look_is_busy(&k->slots[i]) && !k->slots[i].has_exit)
			return true;
	return false;
}

/* Tor makes a circuit to a chosen exit of a clean one by another hop, if it has one: our own probe would take away what the others are about
 * to use. So where it isn't needed (the browser's own chain is known) it comes after them. */
static bool is_probe_due(const struct check *k, uint64_t now)
{
	if (now >= k->probe_at)
		return true;
	for (size_t i = 0; i < k->k; i++) {
		const struct look *l = &k->slots[i];
		if (l->state < LOOK_LOOKING || (l->state == LOOK_LOOKING && l->step < CERT_STEP_CONNECTING))
			return false;
	}
	return true;
}

static void probes_pump(struct check *k, uint64_t now)
{
	for (size_t i = 0; i < k->n_probes && is_probe_due(k, now); i++) {
		struct look *l = &k->probes[i];
		if (l->state != LOOK_IDLE)
			continue;
		enum err err = look_start(l);
		if (err != OK)
			look_failed(l, err);
	}
}

void slots_pump(struct check *k)
{
	if (k->state != CHECK_RUNNING || k->is_memory_only)
		return;
	uint64_t now = check_now(k);
	probes_pump(k, now);
	if (k->asked >= k->k * CHECK_ROUNDS_MAX || now + 2 * CHECK_MARGIN_MS >= k->deadline)
		give_up_idle(k);
	for (size_t i = 0; i < k->k; i++)
		if (k->slots[i].state == LOOK_IDLE && k->slots[i].has_exit)
			begin_anew(k, &k->slots[i]);
	for (size_t i = 0; i < k->k && !k->draw_id && !k->is_out_of_exits && !has_unnamed(k); i++)
		if (k->slots[i].state == LOOK_IDLE)
			draw(k, &k->slots[i]);
	if (k->is_out_of_exits)
		give_up_idle(k);
	probes_pump(k, now);
}

/* ---- time ---- */

static void look_tick(struct look *l, uint64_t now)
{
	if (l->state == LOOK_HELD && now >= l->until)
		l->state = LOOK_IDLE;
	/* The role keeps the deadline itself; this is for one that does not answer. */
	bool is_out = l->state == LOOK_LOOKING || l->state == LOOK_FETCHING;
	if (is_out && now >= l->until + CHECK_MARGIN_MS / 2) {
		look_cancel(l);
		/* Where silence of the site is an answer, silence of our own role must not be taken for it. */
		look_failed(l, check_is_https(l->check) ? ERR_ROLE_DIED : ERR_TIMEOUT);
	}
}

void slots_tick(struct check *k, uint64_t now)
{
	for (size_t i = 0; i < k->n_probes; i++)
		look_tick(&k->probes[i], now);
	for (size_t i = 0; i < k->k; i++)
		look_tick(&k->slots[i], now);
}

static uint64_t look_next(const struct look *l, uint64_t at)
{
	uint64_t mine = l->state == LOOK_HELD ? l->until :
	                l->state == LOOK_LOOKING || l->state == LOOK_FETCHING ? l->until + CHECK_MARGIN_MS / 2 : NEVER;
	return mine < at ? mine : at;
}

uint64_t slots_next_tick(const struct check *k)
{
	uint64_t at = NEVER;
	for (size_t i = 0; i < k->n_probes; i++) {
		at = look_next(&k->probes[i], at);
		if (k->probes[i].state == LOOK_IDLE && k->state == CHECK_RUNNING && k->probe_at < at)
			at = k->probe_at;
	}
	for (size_t i = 0; i < k->k; i++)
		at = look_next(&k->slots[i], at);
	return at;
}

void slots_cancel(struct check *k)
{
	for (size_t i = 0; i < k->n_probes; i++)
		look_cancel(&k->probes[i]);
	for (size_t i = 0; i < k->k; i++)
		if (k->slots[i].check)
			look_cancel(&k->slots[i]);
}
