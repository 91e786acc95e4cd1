/* Life of a check: it waits for its turn, begins, lets looks run, ends. See check.h for the parts. */
#include "feature/check.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

bool fp_is(const uint8_t a[FP_LEN], const uint8_t b[FP_LEN])
{
	return memcmp(a, b, FP_LEN) == 0;
}

bool err_is_local(enum err e)
{
	switch (e) {
	case ERR_EXIT_NONE:
	case ERR_EXIT_UNKNOWN:
	case ERR_FIRST_UNKNOWN:
	case ERR_TARGET_PRIVATE:
	case ERR_ROOTS_NONE:
	case ERR_TOR_FILTERED:
	case ERR_USAGE:
		return false;
	case ERR_MSG_BUSY:
		return true;
	default:
		return err_class(e) == ERR_CLASS_LOCAL;
	}
}

uint64_t check_now(const struct check *k)
{
	return k->owner->ops->now(k->owner->ops->arg);
}

static enum err copy_chain(struct check *k, const struct cert_request *r)
{
	size_t total = 0, at = 0;
	for (size_t i = 0; i < r->n_offered; i++) {
		if (r->offered[i].len == 0 || r->offered[i].len > CERT_MAX)
			return ERR_TOO_BIG;
		total += r->offered[i].len;
	}
	if (total > CHAIN_BYTES_MAX)
		return ERR_TOO_BIG;
	if (total == 0)
		return OK;
	k->chain = malloc(total);
	if (!k->chain)
		return ERR_NOMEM;
	for (size_t i = 0; i < r->n_offered; i++) {
		memcpy(k->chain + at, r->offered[i].der, r->offered[i].len);
		k->request.offered[i].der = k->chain + at;
		at += r->offered[i].len;
	}
	return OK;
}

enum err check_new(struct certcheck *c, uint32_t id, const struct cert_request *r, struct check **out)
{
	struct check *k = calloc(1, sizeof *k);
	if (!k)
		return ERR_NOMEM;
	k->owner = c;
	k->id = id;
	k->request = *r;
	k->k = r->k ? r->k : K_DEFAULT;
	k->began = c->ops->now(c->ops->arg);
	k->deadline = k->began + CHECK_DEADLINE_MS;
	k->until = k->grace_end = k->probe_at = NEVER;
	enum err err = copy_chain(k, r);
	if (err != OK) {
		check_free(k);
		return err;
	}
	*out = k;
	return OK;
}

static void cancel_all(struct check *k)
{
	const struct check_ops *ops = k->owner->ops;
	uint32_t *const net[] = { &k->find_id, &k->kin_id, &k->draw_id, &k->still_id };
	for (size_t i = 0; i < sizeof net / sizeof *net; i++)
		if (*net[i]) {
			ops->cancel_net(ops->arg, *net[i]);
			*net[i] = 0;
		}
	uint32_t *const parse[] = { &k->offer_id, &k->roots_id };
	for (size_t i = 0; i < sizeof parse / sizeof *parse; i++)
		if (*parse[i]) {
			ops->cancel_parse(ops->arg, *parse[i]);
			*parse[i] = 0;
		}
	slots_cancel(k);
}

void check_free(struct check *k)
{
	cancel_all(k);
	if (k->site)
		k->site->users--;
	free(k->chain);
	free(k->paths);
	free(k->failed);
	sodium_memzero(k, sizeof *k);   /* SOCKS password, and what was visited */
	free(k);
}

void check_end(struct check *k, enum verdict v, enum reason r, enum err e)
{
	if (k->state == CHECK_ENDING)
		return;
	cancel_all(k);
	k->state = CHECK_ENDING;
	k->finding = (struct finding){ v, r };
	k->error = e;
	if (k->site)
		check_record(k);
}

/* Exits will be drawn in a moment, unless those of earlier checks do: circuits to them may be on their way while the first exit is being
 * found. Where tor can't be told which exit to take (IPv6 literals) or the exits shall be of one country it would be of no use. */
static void warm_up(const struct check *k)
{
	const struct check_ops *ops = k->owner->ops;
	unsigned n = k->k + (k->request.first == CERT_FIRST_DRAWN);
	if (k->is_memory_only || k->is_onion || k->request.same_country || strchr(k->request.key.host, ':'))
		return;
	for (const struct memory *m = k->site->memories; m && n > 0; m = m->next)
		n -= m->answer.has_exit && !m->was_first && !m->never_counts;
	if (n > 0)
		ops->warm(ops->arg, &(struct net_warm){ .port = k->request.key.port, .n = (uint8_t)n });
}

void check_begin(struct check *k)
{
	/* A page must not be able to push other sites out of memory: nothing is made for what has no right to run. */
	struct site *known = session_find(k->owner->session, &k->request.key);
	if (k->is_memory_only && (!known || !known->memories)) {
		check_end(k, VERDICT_UNDECIDED, REASON_NEEDS_CLICK, OK);
		return;
	}
	enum err err = session_get(k->owner->session, &k->request.key, &k->site);
	if (err != OK) {
		k->site = NULL;
		check_end(k, VERDICT_UNDECIDED, REASON_TOO_FEW, err);
		return;
	}
	k->site->users++;
	k->site->was_automatic |= !k->request.clicked && !k->is_memory_only;
	k->state = CHECK_FINDING;
	warm_up(k);
	if (k->request.n_offered)
		offer_begin(k);
	roots_begin(k);
	first_find(k);
}

/* ---- looks may begin ---- */

/* A same-country try is for sites that show a different certificate everywhere; it needs one country to try. */
static bool may_be_weaker(const struct check *k)
{
	if (!k->request.same_country || k->is_memory_only)
		return false;
	for (size_t i = 0; i < k->n_probes; i++) {
		const char *country = k->probes[i].exit.country;
		if (country[0] == '?' || country[0] == '\0' || strcmp(country, k->probes[0].exit.country) != 0)
			return false;
	}
	/* The shell's user asks for it outright and sees all answers. */
	return k->request.first != CERT_FIRST_BROWSER || check_finding(k).reason == REASON_ROTATES;
}

void check_run(struct check *k)
{
	k->kin_at = NULL;
	/* What is remembered may decide it before anything is asked of the network; so the offer must be known. */
	if (k->request.n_offered && !k->is_offered_known && k->site->memories)
		return;
	k->is_weaker = may_be_weaker(k);
	slots_begin(k);
	k->state = CHECK_RUNNING;
	k->probe_at = check_now(k) + (k->request.n_offered ? CHECK_PROBE_LATER_MS : 0);
	check_evaluate(k);
	if (k->state == CHECK_RUNNING)
		still_begin(k);
	slots_pump(k);
	check_evaluate(k);
}

void check_tor_is_up(struct check *k)
{
	uint64_t now = check_now(k);
	if (k->state == CHECK_FINDING && k->until != NEVER)
		k->until = now;
	for (size_t i = 0; i < k->n_probes; i++)
		if (k->probes[i].state == LOOK_HELD)
			k->probes[i].until = now;
	for (size_t i = 0; i < k->k; i++)
		if (k->slots[i].state == LOOK_HELD)
			k->slots[i].until = now;
}

/* ---- time ---- */

/* When a check that needs tor gives it up; NEVER while it is there. */
static uint64_t tor_end(const struct check *k)
{
	const struct certcheck *c = k->owner;
	if (!c->is_tor_down || k->state == CHECK_WAITING || k->state >= CHECK_SHOWING)
		return NEVER;
	return (k->began > c->tor_down_at ? k->began : c->tor_down_at) + CHECK_TOR_WAIT_MS;
}

void check_tick(struct check *k)
{
	uint64_t now = check_now(k);
	if (k->state == CHECK_ENDING)
		return;
	if (now + CHECK_MARGIN_MS >= k->deadline && k->state < CHECK_RUNNING) {
		bool is_tor = k->state == CHECK_FINDING && k->owner->is_tor_down;
		check_end(k, VERDICT_UNDECIDED, is_tor ? REASON_TOR : REASON_TIMEOUT, is_tor ? k->owner->tor_err : ERR_TIMEOUT);
		return;
	}
	if (now >= tor_end(k)) {
		check_end(k, VERDICT_UNDECIDED, REASON_TOR, k->owner->tor_err);
		return;
	}
	if (now >= k->grace_end) {
		k->grace_end = NEVER;
		k->is_grace_over = true;
	}
	if (k->state == CHECK_FINDING && now >= k->until)
		first_find(k);
	if (k->state == CHECK_RUNNING || k->state == CHECK_SHOWING) {
		slots_tick(k, now);
		slots_pump(k);
		check_evaluate(k);
	}
}

uint64_t check_next_tick(const struct check *k)
{
	if (k->state == CHECK_ENDING)
		return 0;
	uint64_t at = k->deadline - CHECK_MARGIN_MS, tor = tor_end(k);
	if (tor < at)
		at = tor;
	if (k->until < at)
		at = k->until;
	if (k->grace_end < at)
		at = k->grace_end;
	if (k->state == CHECK_RUNNING || k->state == CHECK_SHOWING) {
		uint64_t looks = slots_next_tick(k);
		at = looks < at ? looks : at;
	}
	return at;
}
