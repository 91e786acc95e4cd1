/* Life of a download (download_in.h): it waits for its turn, finds the exit that brought the answer, runs, ends. DL_AT_ONCE run. */
#include "feature/download_in.h"
#include "engine/target.h"
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t dl_now(const struct download *d)
{
	return d->owner->ops->now(d->owner->ops->arg);
}

/* ---- ends ---- */

static void cancel_all(struct download *d)
{
	const struct download_ops *ops = d->owner->ops;

	if (d->find_id)
		ops->cancel_net(ops->arg, d->find_id);
	if (d->draw_id)
		ops->cancel_net(ops->arg, d->draw_id);
	d->find_id = d->draw_id = 0;
	dl_local_stop(d);
	/* What they answered is told; what they were about is not. */
	for (size_t i = 0; i <= K_MAX; i++) {
		struct dl_slot *s = &d->slots[i];
		if (s->dl && s->state == DL_SLOT_ANSWERED)
			dl_slot_stop(s);
		else if (s->dl)
			dl_slot_reset(s);
	}
}

/* What becomes of the file: nothing but a match gives it its name. */
static void settle(struct download *d)
{
	bool is_fetch = d->request.is_fetch, has_file = d->file.fd >= 0;

	d->state = is_fetch ? DL_STATE_NONE : DL_STATE_BROWSER;
	d->can_keep = false;
	if (!has_file || d->request.has_given)
		return;
	if (is_fetch && d->finding.verdict == VERDICT_MATCH) {
		enum err err = dlfile_finish(&d->file, d->path, sizeof d->path);
		if (err == OK) {
			d->state = DL_STATE_FINISHED;
			return;
		}
		d->finding = (struct finding){ VERDICT_UNDECIDED, REASON_LOCAL_FILE };
		d->error = err;
	}
	if (d->finding.verdict == VERDICT_MISMATCH) {
		dlfile_remove(&d->file);
		d->can_keep = true;
	} else if (is_fetch && d->finding.reason != REASON_CANCELLED && d->finding.reason != REASON_LOCAL_FILE && d->finding.reason != REASON_IS_PROGRAM &&
	           d->have > 0) {
		d->state = DL_STATE_HELD;
	} else if (is_fetch) {
		dlfile_remove(&d->file);
	}
}

static bool is_kept(const struct download *d)
{
	return d->state == DL_STATE_HELD || d->state == DL_STATE_FINISHED || d->can_keep;
}

void dl_end(struct download *d, enum verdict v, enum reason r, enum err e)
{
	if (d->phase == DL_ENDING || d->phase == DL_KEPT)
		return;
	cancel_all(d);
	d->phase = DL_ENDING;
	d->finding = (struct finding){ v, r };
	d->error = e;
	if (v == VERDICT_MISMATCH && d->has_sha256)
		dl_convict(d->owner, d->url, d->sha256);
	settle(d);
	if (is_kept(d) && d->number == 0)
		d->number = d->owner->last_number = d->owner->last_number % INT32_MAX + 1;
	else if (!is_kept(d))
		d->number = 0;
}

void dl_free(struct download *d)
{
	cancel_all(d);
	dlfile_remove(&d->file);
	dlfile_close(&d->file);
	if (d->site)
		d->site->users--;
	free(d->plan);
	sodium_memzero(d, sizeof *d);
	free(d);
}

static void unlink_it(struct download *d)
{
	struct download **at = &d->owner->list;

	while (*at != d) {
		assert(*at);   /* it is in its owner's list */
		at = &(*at)->next;
	}
	*at = d->next;
}

/* The oldest of too many: what nobody asked about goes. */
static void keep_few(struct downloads *o)
{
	size_t n = 0;
	struct download **oldest = NULL;

	for (struct download **at = &o->list; *at; at = &(*at)->next)
		if ((*at)->phase == DL_KEPT) {
			n++;
			oldest = oldest ? oldest : at;
		}
	if (n <= DL_HELD_MAX)
		return;
	struct download *d = *oldest;
	*oldest = d->next;
	dl_free(d);
}

void dl_deliver(struct download *d)
{
	struct downloads *o = d->owner;
	bool stays = is_kept(d) && !o->is_ending;

	if (stays) {
		d->phase = DL_KEPT;
		dl_send(d);
		d->id = 0;
		if (d->state == DL_STATE_FINISHED)
			dlfile_close(&d->file);
		keep_few(o);
		return;
	}
	unlink_it(d);
	dl_send(d);
	dl_free(d);
}

/* ---- the exit that brought the answer ---- */

bool dl_is_first(const struct download *d, const uint8_t fp[FP_LEN])
{
	for (size_t i = 0; i < d->n_first; i++)
		if (memcmp(d->first[i].fp, fp, FP_LEN) == 0)
			return true;
	return false;
}

static void run(struct download *d)
{
	d->phase = DL_RUNNING;
	d->until = DL_NEVER;
	if (d->file.fd < 0) {
		enum err err = dl_local_open(d);
		if (err != OK) {
			dl_end(d, VERDICT_UNDECIDED, REASON_LOCAL_FILE, err);
			return;
		}
		/* Looked at, never kept: whatever ends us, nothing is left. */
		if (d->request.has_given)
			dlfile_remove(&d->file);
	}
	if (!d->request.is_fetch && d->request.local_size >= 0)
		dl_local_done(d, (uint64_t)d->request.local_size);
	dl_go_on(d);
}

static void find_later(struct download *d, enum err err);
static void via_find(struct download *d);

static void on_via(void *arg, enum err err, const struct net_first_r *r)
{
	struct download *d = arg;

	d->find_id = 0;
	if (err != OK)
		find_later(d, err);
	else if (!fetch_via_take(&d->via, r))
		dl_end(d, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN, ERR_FIRST_UNKNOWN);
	else
		via_find(d);
	downloads_pump(d->owner);
}

/* The exits of the redirects that led here. */
static void via_find(struct download *d)
{
	const struct download_ops *ops = d->owner->ops;
	struct net_first m;

	d->until = DL_NEVER;
	if (d->via.is_odd) {
		dl_end(d, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN, ERR_FIRST_UNKNOWN);
		return;
	}
	if (!fetch_via_next(&d->via, &m)) {
		run(d);
		return;
	}
	enum err err = ops->first(ops->arg, &m, on_via, d, &d->find_id);
	if (err != OK) {
		d->find_id = 0;
		find_later(d, err);
	}
}

static void paths_are_known(struct download *d, const struct net_first_r *r)
{
	size_t onions = 0;
	bool has_hole = r->n == 0 || r->n > CANDIDATES_MAX;

	d->n_first = 0;
	for (size_t i = 0; i < r->n && !has_hole; i++) {
		const struct net_path *p = &r->path[i];
		onions += p->is_onion;
		if (p->is_onion)
			continue;
		has_hole = p->n == 0 || p->n > HOPS_MAX;
		if (!has_hole && !dl_is_first(d, p->hop[p->n - 1].fp))
			d->first[d->n_first++] = p->hop[p->n - 1];
	}
	if (has_hole)
		dl_end(d, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN, ERR_FIRST_UNKNOWN);
	else if (onions == r->n)
		dl_end(d, VERDICT_UNDECIDED, REASON_ONION, OK);
	else
		via_find(d);
}

/* Waiting does not mend these. */
static bool err_is_lasting(enum err e)
{
	return e == ERR_TOR_AUTH || e == ERR_TOR_AUTH_SERVER || e == ERR_TOR_FILTERED || e == ERR_TOR_VERSION || e == ERR_NOMEM ||
	       err_class(e) == ERR_CLASS_BUG;
}

static void find_later(struct download *d, enum err err)
{
	uint64_t now = dl_now(d);
	bool may_pass = fetch_err_is_local(err) || err == ERR_ROLE_DIED;

	if (may_pass && !err_is_lasting(err) && now < d->began + CHECK_TOR_WAIT_MS)
		d->until = now + CHECK_TOR_AGAIN_MS;
	else
		dl_end(d, VERDICT_UNDECIDED, REASON_TOR, err);
}

static void on_first(void *arg, enum err err, const struct net_first_r *r)
{
	struct download *d = arg;

	d->find_id = 0;
	if (err == OK)
		paths_are_known(d, r);
	else
		find_later(d, err);
	downloads_pump(d->owner);
}

static void first_find(struct download *d)
{
	const struct download_ops *ops = d->owner->ops;
	const struct download_request *r = &d->request;
	struct net_first m = { .port = r->key.port, .is_exact = r->socks_password[0] != '\0' };

	memcpy(m.host, r->key.host, sizeof m.host);
	memcpy(m.first_party, r->key.first_party, sizeof m.first_party);
	memcpy(m.socks_username, r->socks_username, sizeof m.socks_username);
	memcpy(m.socks_password, r->socks_password, sizeof m.socks_password);
	d->until = DL_NEVER;
	enum err err = ops->first(ops->arg, &m, on_first, d, &d->find_id);
	sodium_memzero(&m, sizeof m);
	if (err != OK) {
		d->find_id = 0;
		find_later(d, err);
	}
}

/* ---- whose turn, and when ---- */

static void begin(struct download *d)
{
	if (!d->site) {   /* one that goes on has it */
		enum err err = fetch_site_get(&d->owner->sites, &d->request.key, sizeof *d->site, &d->site);
		if (err != OK || !d->site) {
			d->site = NULL;
			dl_end(d, VERDICT_UNDECIDED, REASON_TOO_FEW, err);
			return;
		}
		d->site->users++;
	}
	if (d->request.has_no_first) {
		run(d);
		return;
	}
	d->phase = DL_FINDING;
	if (d->n_first)
		via_find(d);
	else
		first_find(d);
}

static bool may_begin(const struct downloads *o)
{
	size_t running = 0;

	for (const struct download *d = o->list; d; d = d->next)
		running += d->phase == DL_FINDING || d->phase == DL_RUNNING;
	return running < DL_AT_ONCE;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_tick(const struct download *d, uint64_t now)
{
	switch (d->phase) {
	case DL_ENDING: return 0;
	case DL_FINDING: return d->until;
	case DL_RUNNING: return least(dl_local_next(d, now), dl_slots_next(d));
	case DL_WAITING: case DL_KEPT: break;
	}
	return DL_NEVER;
}

void downloads_pump(struct downloads *o)
{
	if (o->is_pumping || o->is_ending)
		return;
	o->is_pumping = true;
	for (struct download *d = o->list; d; d = d->next)
		if (d->phase == DL_WAITING && may_begin(o))
			begin(d);
	uint64_t at = DL_NEVER, now = o->ops->now(o->ops->arg);
	for (const struct download *d = o->list; d; d = d->next)
		at = least(at, next_tick(d, now));
	o->is_pumping = false;
	o->ops->wake(o->ops->arg, at);
}

static void tick(struct download *d)
{
	uint64_t now = dl_now(d);

	if (d->phase == DL_FINDING && now >= d->until)
		first_find(d);
	if (d->phase != DL_RUNNING)
		return;
	if (d->tor_until && now >= d->tor_until) {
		dl_end(d, VERDICT_UNDECIDED, REASON_TOR, d->local_err);
		return;
	}
	dl_slots_time(d, now);
	dl_local_time(d);
	dl_go_on(d);
}

static struct download *first_ending(const struct downloads *o)
{
	struct download *d = o->list;

	while (d && d->phase != DL_ENDING)
		d = d->next;
	return d;
}

void downloads_tick(struct downloads *o)
{
	for (struct download *d = o->list; d; d = d->next)
		tick(d);
	/* One at a time: the sink may start, cancel or wipe. */
	for (struct download *d; (d = first_ending(o)); )
		dl_deliver(d);
	downloads_pump(o);
}
