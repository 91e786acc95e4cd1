/* The verifier's plan and its runs (contract in collector/verify.h). */
#include "collector/verify.h"
#include "base/limits_collector.h"
#include "base/log.h"
#include "collector/engine_run.h"
#include "collector/result.h"
#include "collector/verify_plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct slot { struct verify *verify; struct engine_run *run; struct trial trial; };

struct verify {
	struct event_base *base;
	const struct options *o;
	struct store *store;
	const struct list *chosen;
	const struct intake *in;
	struct event *on_tick;
	char engine[512];
	struct verify_terms terms;
	struct slot slot[VERIFY_AT_ONCE];
	size_t n_running;
};

/* A trial that was begun longer ago than this was begun by a collector that died; one that fetches has VERIFY_FETCH_S more. */
static int64_t stale_before(int64_t now)
{
	return now - 2 * (int64_t)(VERIFY_ENGINE_MS / 1000);
}

static void complain(const char *what, enum err err)
{
	fprintf(stderr, "secondexit-collector: %s: %s (error %d): %s\n", what, err_text(err), (int)err, store_complaint());
}

/* The state after what is in the store now. Within a transaction. */
static enum err settle(struct verify *v, int64_t finding, const struct accused *who, int64_t now)
{
	struct tally t;
	enum err err = store_tally(v->store, finding, &t);

	if (err == OK) {
		const struct finding_state state = state_of(&t);
		err = store_set_state(v->store, finding, &state, now);
	}
	return err == OK && who != NULL ? store_rank(v->store, who) : err;
}

static enum err transaction_end(struct verify *v, enum err err, const char *what)
{
	if (err == OK)
		err = store_commit(v->store);
	if (err != OK) {
		complain(what, err);
		store_rollback(v->store);
	}
	return err;
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

static enum err trial_end(struct verify *v, const struct trial *t, const struct result *r)
{
	int64_t now = (int64_t)time(NULL);
	struct accused who = r->first;
	char *raw = strndup(r->line != NULL ? r->line : "", r->len);
	enum err err = raw != NULL ? store_begin(v->store) : ERR_NOMEM;

	if (err != OK) {
		free(raw);
		return err;
	}
	snprintf(who.fp, sizeof who.fp, "%s", t->accused);
	if (r->is_ours && t->tries < VERIFY_AGAIN_MAX)
		err = store_postpone(v->store, t->id, now + 1 + (int64_t)(VERIFY_AGAIN_MS / 1000 / v->o->test_speed));
	else
		err = store_trial_end(v->store, t->id, now, outcome_name(r->outcome), raw);
	if (err == OK)
		err = settle(v, t->finding, &who, now);
	free(raw);
	/* What isn't kept will be tried again: the trial counts as begun, and in two minutes as given up. */
	return transaction_end(v, err, "a trial's result");
}

static void on_done(void *arg, enum err err, const struct buf *out)
{
	struct slot *s = arg;
	struct verify *v = s->verify;
	struct result r;

	s->run = NULL;
	v->n_running--;
	result_read(out, err, &s->trial, &r);
	log_line("trial %lld: %s%s", (long long)s->trial.id, outcome_name(r.outcome), r.is_ours ? " (to be tried again)" : "");
	if (trial_end(v, &s->trial, &r) != OK)
		log_line("trial %lld: not kept", (long long)s->trial.id);
}

static bool is_fetched(const struct trial *t)
{
	return t->path[0] != '\0';
}

/* secondexit VERB --json --first-exit FP [--control ...] -- HOST:PORT or URL: no word of it can be taken for an option. */
static enum err run_start(struct verify *v, struct slot *s)
{
	char site[HOST_MAX + LIST_PATH_MAX + 32], verb[12], json[] = "--json", first[] = "--first-exit", dashes[] = "--";
	char size_max[] = "--size-max", whole_max[] = "--whole-max", most[] = VERIFY_FETCH_MAX;
	bool is_v6 = strchr(s->trial.host, ':') != NULL;
	char *argv[24];
	size_t n = 0;
	struct { char name[20]; const char *value; } options[] = {
		{ "--control", v->o->control }, { "--socks", v->o->socks }, { "--cookie", v->o->cookie },
		{ "--password-file", v->o->password_file }, { "--test-ca", v->o->test_ca },
	};

	snprintf(verb, sizeof verb, "%s", is_fetched(&s->trial) ? "download" : strcmp(s->trial.kind, "https") == 0 ? "https" : "cert");
	snprintf(site, sizeof site, "%s%s%s%s:%u%s", is_fetched(&s->trial) ? "http://" : "", is_v6 ? "[" : "", s->trial.host, is_v6 ? "]" : "", s->trial.port,
	         s->trial.path);
	argv[n++] = v->engine;
	argv[n++] = verb;
	argv[n++] = json;
	argv[n++] = first;
	argv[n++] = s->trial.accused;
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		if (options[i].value[0] == '\0')
			continue;
		argv[n++] = options[i].name;
		argv[n++] = (char *)(uintptr_t)options[i].value;   /* posix_spawn takes char *const[] and writes to none */
	}
	if (is_fetched(&s->trial)) {
		argv[n++] = size_max;
		argv[n++] = most;
		argv[n++] = whole_max;
		argv[n++] = most;
	}
	argv[n++] = dashes;
	argv[n++] = site;
	argv[n] = NULL;
	return engine_start(v->base, argv, is_fetched(&s->trial) ? VERIFY_FETCH_S * 1000u : VERIFY_ENGINE_MS, on_done, s, &s->run);
}

static enum report_kind kind_of(const char *word)
{
	int k = 0;
	while (k < REPORT_KINDS && strcmp(report_kind_name((enum report_kind)k), word) != 0)
		k++;
	return (enum report_kind)k;
}

static enum err claim(struct verify *v, const struct trial *t, int64_t now, bool *is_ours)
{
	enum err err = store_begin(v->store);

	if (err == OK)
		err = store_claim(v->store, t->id, now, stale_before(now) - (is_fetched(t) ? VERIFY_FETCH_S : 0), is_ours);
	return transaction_end(v, err, "a trial's beginning");
}

static void trial_start(struct verify *v, const struct trial *t, int64_t now)
{
	struct slot *s = v->slot;
	bool is_ours = false;

	while (s->run != NULL)
		s++;
	*s = (struct slot){ .verify = v, .trial = *t };
	s->trial.raw = "";
	s->trial.tries++;
	if (claim(v, t, now, &is_ours) != OK || !is_ours)
		return;
	/* The operator may have denied the host since; what he chose himself is his to ask. */
	struct result r = { .outcome = OUTCOME_UNDECIDED, .line = "" };
	if (!t->is_chosen && intake_target(v->in, kind_of(t->kind), t->host, t->port) != OK) {
		(void)trial_end(v, &s->trial, &r);
		return;
	}
	enum err err = run_start(v, s);
	if (err == OK) {
		v->n_running++;
		return;
	}
	complain("the engine can't be started", err);
	r.is_ours = true;
	(void)trial_end(v, &s->trial, &r);
}

/* --- the tick ----------------------------------------------------------------------------------------------------- */

struct due { struct trial trial[VERIFY_AT_ONCE]; size_t n; };

static bool take_due(void *arg, const struct trial *t)
{
	struct due *d = arg;

	d->trial[d->n++] = *t;
	return d->n < VERIFY_AT_ONCE;
}

static bool is_running(const struct verify *v, int64_t trial)
{
	for (size_t i = 0; i < VERIFY_AT_ONCE; i++)
		if (v->slot[i].run != NULL && v->slot[i].trial.id == trial)
			return true;
	return false;
}

static void start_due(struct verify *v, int64_t now)
{
	struct due d = { .n = 0 };

	if (v->n_running == VERIFY_AT_ONCE)
		return;
	if (store_due(v->store, now, stale_before(now), VERIFY_AT_ONCE, take_due, &d) != OK)
		return;
	for (size_t i = 0; i < d.n && v->n_running < VERIFY_AT_ONCE; i++)
		if (!is_running(v, d.trial[i].id))
			trial_start(v, &d.trial[i], now);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct verify *v = arg;
	int64_t now = (int64_t)time(NULL);

	(void)fd;
	(void)what;
	v->terms.chosen = v->chosen;
	enum err err = verify_plan(v->store, &v->terms, now);
	if (err != OK)
		complain("planning", err);
	start_due(v, now);
}

enum err verify_new(struct event_base *base, const struct options *o, struct store *store, const struct list *chosen,
                    const struct intake *in, struct verify **out)
{
	unsigned ms = VERIFY_TICK_MS / o->test_speed;
	struct verify *v = calloc(1, sizeof *v);

	if (v == NULL)
		return ERR_NOMEM;
	if (ms < 100)
		ms = 100;
	const struct timeval tick = { ms / 1000, ms % 1000 * 1000 };
	*v = (struct verify){ .base = base, .o = o, .store = store, .chosen = chosen, .in = in };
	v->terms = (struct verify_terms){ .trials = o->trials, .spread = (int64_t)o->spread_hours * 3600 / o->test_speed };
	snprintf(v->engine, sizeof v->engine, "%s", o->engine);
	enum err err = v->engine[0] != '\0' || engine_find(v->engine, sizeof v->engine) ? OK : ERR_USAGE;
	v->on_tick = err == OK ? event_new(base, -1, EV_PERSIST, on_tick, v) : NULL;
	if (err == OK && (v->on_tick == NULL || event_add(v->on_tick, &tick) != 0))
		err = ERR_NOMEM;
	if (err != OK) {
		verify_free(v);
		return err;
	}
	*out = v;
	return OK;
}

void verify_free(struct verify *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < VERIFY_AT_ONCE; i++)
		engine_cancel(v->slot[i].run);
	if (v->on_tick != NULL)
		event_free(v->on_tick);
	free(v);
}
