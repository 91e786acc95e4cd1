/* Planning trials (contract in collector/verify_plan.h). */
#include "collector/verify_plan.h"
#include "report/report.h"
#include <sodium.h>
#include <stdio.h>
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

static enum err plan_trial(struct store *s, const struct verify_terms *terms, const struct finding_row *f, const struct list_host *at, bool is_chosen,
                           int64_t weight, int64_t now)
{
	const struct new_trial t = { .finding = f->id, .due = moment(terms, now), .weight = weight, .is_chosen = is_chosen, .host = at->host,
	                             .path = at->path, .port = at->port };

	return store_plan_trial(s, &t);
}

/* Hosts of the finding's kind, in random order, each once before any twice; never the reported host itself. */
static enum err plan_chosen(struct store *s, const struct verify_terms *terms, const struct finding_row *f, int64_t weight, int64_t now, int64_t *planned)
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
		enum err err = plan_trial(s, terms, f, &l->host[usable[i % n]], true, weight, now);
		if (err != OK)
			return err;
		++*planned;
	}
	return OK;
}

/* Of what is fetched a path is needed: one that a user added to a report. None with a query: whoever reports a relay must not make us do something
 * at a site; a name in a path does little, and is asked for with GET alone. */
static bool take_path(void *arg, const struct report_row *row)
{
	struct list_host *at = arg;
	struct report *r = NULL;

	if (report_decode(rd_of(row->body, strlen(row->body)), true, &r, NULL) == OK && list_path_is(r->path) && strchr(r->path, '?') == NULL)
		snprintf(at->path, sizeof at->path, "%.*s", LIST_PATH_MAX, r->path);
	report_free(r);
	return at->path[0] == '\0';
}

/* Reports that are looked through for a path, the latest first. */
#define PATHS_LOOKED_AT 20

static enum err plan_one(struct store *s, const struct verify_terms *terms, const struct finding_row *f, int64_t now)
{
	static const struct finding_state by_hand = { STATE_HUMAN, 0, 0 };
	struct list_host reported = { .port = f->port };
	bool is_fetched = report_kind_is_fetched(f->kind);
	int64_t planned = 0, weight = 0;
	enum err err = store_weight(s, f->accused, &weight);

	snprintf(reported.host, sizeof reported.host, "%s", f->host);
	if (err == OK && is_fetched)
		err = store_reports(s, f->id, PATHS_LOOKED_AT, take_path, &reported);
	bool is_possible = !is_fetched || reported.path[0] != '\0';
	for (unsigned i = 0; err == OK && is_possible && i < terms->trials; i++, planned++)
		err = plan_trial(s, terms, f, &reported, false, weight, now);
	if (err == OK)
		err = plan_chosen(s, terms, f, weight, now, &planned);
	if (err != OK)
		return err;
	err = store_planned(s, f->id, planned > 0 ? planned : -1);
	return err == OK && planned == 0 ? store_set_state(s, f->id, &by_hand, now) : err;
}

enum err verify_plan(struct store *s, const struct verify_terms *terms, int64_t now)
{
	static _Thread_local struct plan p;
	int64_t pulled;

	p.n = 0;
	/* 0 trials: nothing is verified, and nothing is said to need a human because of that. */
	enum err err = terms->trials > 0 ? store_unplanned(s, PLAN_AT_ONCE, take_finding, &p) : OK;
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
