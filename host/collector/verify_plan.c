/* Planning trials (contract in collector/verify_plan.h). */
#include "collector/verify_plan.h"
#include <sodium.h>
#include <string.h>

/* Findings planned in one transaction: a flood of reports must not hold the door up. */
#define PLAN_AT_ONCE 64

struct plan { struct finding_row finding[PLAN_AT_ONCE]; size_t n; };

static bool take_finding(void *arg, const struct finding_row *f)
{
	struct plan *p = arg;

	p->finding[p->n++] = *f;
	return p->n < PLAN_AT_ONCE;
}

/* At a random moment, so that an exit can't tell our trials by the clock. */
static int64_t moment(const struct verify_terms *t, int64_t now)
{
	return now + (int64_t)randombytes_uniform((uint32_t)(t->spread > 0 ? t->spread : 1));
}

/* Hosts of the finding's kind, in random order, each once before any twice; never the reported host itself. */
static enum err plan_chosen(struct store *s, const struct verify_terms *terms, const struct finding_row *f, int64_t now, int64_t *planned)
{
	size_t usable[VERIFY_TRIALS_MAX], n = 0, seen = 0;
	const struct list *l = terms->chosen;

	/* A sample of VERIFY_TRIALS_MAX, each host as likely as any other (reservoir). */
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->host[i].kind, f->kind) != 0 || strcmp(l->host[i].host, f->host) == 0)
			continue;
		seen++;
		if (n < VERIFY_TRIALS_MAX) {
			usable[n++] = i;
			continue;
		}
		uint32_t at = randombytes_uniform((uint32_t)seen);
		if (at < VERIFY_TRIALS_MAX)
			usable[at] = i;
	}
	for (size_t i = n; i > 1; i--) {
		uint32_t at = randombytes_uniform((uint32_t)i);
		size_t kept = usable[at];
		usable[at] = usable[i - 1];
		usable[i - 1] = kept;
	}
	for (unsigned i = 0; n > 0 && i < terms->trials; i++) {
		const struct list_host *h = &l->host[usable[i % n]];
		enum err err = store_plan_trial(s, f->id, true, h->host, h->port, moment(terms, now));
		if (err != OK)
			return err;
		++*planned;
	}
	return OK;
}

/* Certificates and withheld HTTPS are looked at through exits; of downloads and copies the page's or file's content would have to be fetched. */
static bool is_by_machine(const struct finding_row *f)
{
	return strcmp(f->kind, "certificate") == 0 || strcmp(f->kind, "https") == 0;
}

static enum err plan_one(struct store *s, const struct verify_terms *terms, const struct finding_row *f, int64_t now)
{
	int64_t planned = 0;
	enum err err = OK;

	if (!is_by_machine(f)) {
		const struct finding_state by_hand = { STATE_HUMAN, 0, 0 };
		err = store_planned(s, f->id, -1);
		return err == OK ? store_set_state(s, f->id, &by_hand, now) : err;
	}
	for (unsigned i = 0; err == OK && i < terms->trials; i++, planned++)
		err = store_plan_trial(s, f->id, false, f->host, f->port, moment(terms, now));
	if (err == OK)
		err = plan_chosen(s, terms, f, now, &planned);
	return err == OK ? store_planned(s, f->id, planned) : err;
}

enum err verify_plan(struct store *s, const struct verify_terms *terms, int64_t now)
{
	static _Thread_local struct plan p;
	int64_t pulled;

	p.n = 0;
	enum err err = store_unplanned(s, PLAN_AT_ONCE, take_finding, &p);
	if (err != OK)
		return err;
	err = store_begin(s);
	for (size_t i = 0; err == OK && i < p.n; i++)
		err = plan_one(s, terms, &p.finding[i], now);
	/* An hour more than any plan says, for tries that were put off. */
	if (err == OK)
		err = store_pull_in(s, now + terms->spread + 3600, moment(terms, now), &pulled);
	if (err == OK)
		err = store_commit(s);
	if (err != OK)
		store_rollback(s);
	return err;
}
