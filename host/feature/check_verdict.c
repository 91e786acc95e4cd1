/* What the answers say (base/verdict.h decides), and whether it is certain yet. Part of the certificate check
 * (check.h). When a verdict is final:
 *   mismatch: at once where the browser's own chain is known, else when the first exit's answers are in; others that
 *   are under way may still be shown for CHECK_SHOW_MS.
 *   match: when k answers count, no answer differs, and our own probe through the first exit has come, or failed, or is
 *   CHECK_PROBE_GRACE_MS late, or not near its end. Without the browser's own chain that probe is all we have: then it is waited for.
 *   undecided: when nothing is under way that could change it, or at the deadline. */
#include "feature/check.h"
#include "feature/classes.h"
#include <string.h>

bool memory_is_offer(const struct check *k, const struct memory *m)
{
	return k->request.n_offered && m->answer.source == CERT_SOURCE_BROWSER &&
	       memcmp(m->answer.leaf, k->offer.leaf, sizeof k->offer.leaf) == 0;
}

/* Said by today's first exit, whenever and to whomever it was. */
bool memory_is_first(const struct check *k, const struct memory *m)
{
	return m->answer.has_exit && check_is_first_exit(k, m->answer.exit.fp);
}

/* ---- the verdict's arguments ---- */

struct view {
	struct answer first[SITE_MEMORIES_MAX + 1], others[SITE_MEMORIES_MAX];
	size_t n_first, n_others;
};

static void view_other(const struct check *k, const struct memory *m, struct view *v)
{
	/* An earlier first exit's certificate that was found false is settled: it dissents no more. */
	if (m->was_first && site_is_false(k->site, m->answer.leaf))
		return;
	struct answer a = cert_answer_plain(&m->answer);
	a.is_offer = false;
	a.counts = a.counts && !m->was_first && !m->never_counts;
	if (k->is_weaker && strcmp(m->answer.exit.country, k->probes[0].exit.country) != 0) {
		/* Elsewhere the site shows other certificates, that is known; a valid chain still says the same. */
		if (!a.is_valid)
			return;
		a.counts = false;
	}
	v->others[v->n_others++] = a;
}

static void view_of(const struct check *k, struct view *v)
{
	v->n_first = v->n_others = 0;
	if (k->is_offered_known)
		v->first[v->n_first++] = cert_answer_plain(&k->offer);
	for (const struct memory *m = k->site->memories; m; m = m->next) {
		if (memory_is_offer(k, m))
			continue;
		if (!memory_is_first(k, m)) {
			view_other(k, m, v);
			continue;
		}
		struct answer a = cert_answer_plain(&m->answer);
		a.is_offer = false;
		v->first[v->n_first++] = a;
	}
}

struct finding check_finding(const struct check *k)
{
	struct view v;
	view_of(k, &v);
	const struct terms terms = {
		.k = k->k,
		.saw = cert_error_saw(k->request.error),
		.has_roots = !k->has_roots_reply || k->roots != ROOTS_NONE,
	};
	struct finding f = verdict_of(v.first, v.n_first, v.others, v.n_others, &terms);
	/* In one country alone agreement accuses nobody: the site is known to show different certificates. */
	if (k->is_weaker && f.reason == REASON_OTHERS_AGREE)
		f = (struct finding){ VERDICT_UNDECIDED, REASON_DISSENT };
	return f;
}

static bool is_remembered(const struct check *k)
{
	if (k->request.n_offered)
		return site_is_false(k->site, k->offer.leaf);
	for (const struct memory *m = k->site->memories; m; m = m->next)
		if (memory_is_first(k, m) && site_is_false(k->site, m->answer.leaf))
			return true;
	return false;
}

/* ---- is it certain ---- */

bool check_is_late(const struct check *k)
{
	return check_now(k) + CHECK_MARGIN_MS >= k->deadline;
}

static bool is_anything_busy(const struct check *k)
{
	for (size_t i = 0; i < k->n_probes; i++)
		if (look_is_busy(&k->probes[i]))
			return true;
	for (size_t i = 0; i < k->k; i++)
		if (look_is_busy(&k->slots[i]))
			return true;
	return false;
}

void check_show_or_end(struct check *k, struct finding f, enum err e)
{
	const struct check_ops *ops = k->owner->ops;
	if (!is_anything_busy(k) || check_is_late(k) || (k->state == CHECK_SHOWING && check_now(k) >= k->until)) {
		check_end(k, f.verdict, f.reason, e);
		return;
	}
	if (k->state == CHECK_SHOWING)
		return;
	k->state = CHECK_SHOWING;
	k->until = check_now(k) + CHECK_SHOW_MS;
	if (k->draw_id) {
		ops->cancel_net(ops->arg, k->draw_id);
		k->draw_id = 0;
		k->slots[k->drawing].state = LOOK_GIVEN_UP;
	}
}

/* True while our own probe is worth waiting for although it is not needed. */
static bool is_in_grace(struct check *k, uint64_t ms)
{
	if (!probes_pending(k) || k->is_grace_over)
		return false;
	if (k->grace_end == NEVER)
		k->grace_end = check_now(k) + ms;
	return true;
}

/* One that is still on its way to the site would be late in any case; unless the others' answers are all remembered ones. */
static bool is_probe_near(const struct check *k)
{
	if (k->asked == 0)
		return true;
	for (size_t i = 0; i < k->n_probes; i++) {
		const struct look *l = &k->probes[i];
		if (l->state == LOOK_JUDGING || (l->state == LOOK_LOOKING && l->step >= CERT_STEP_HANDSHAKING))
			return true;
	}
	return false;
}

static enum err probe_failure(const struct check *k)
{
	if (k->local_err != OK)
		return k->local_err;
	for (size_t i = k->n_failed; i-- > 0; )
		if (k->failed[i].slot == 0)
			return k->failed[i].error;
	return ERR_TIMEOUT;
}

static enum err other_failure(const struct check *k)
{
	for (size_t i = k->n_failed; i-- > 0; )
		if (k->failed[i].slot != 0)
			return k->failed[i].error;
	return OK;
}

static bool has_silent_probe(const struct check *k)
{
	for (size_t i = 0; i < k->n_probes; i++)
		if (k->probes[i].state != LOOK_ANSWERED)
			return true;
	return false;
}

static void on_mismatch(struct check *k, struct finding f)
{
	/* Without the offer, what the first exit shows may still come in and be the same certificate. */
	bool is_certain = k->request.n_offered || !probes_pending(k) || check_is_late(k) ||
	                  (f.reason != REASON_OTHERS_AGREE && cert_error_saw(k->request.error) == BROWSER_SAW_INVALID);
	if (is_certain)
		check_show_or_end(k, f, OK);
}

static void on_match(struct check *k, struct finding f)
{
	bool late = check_is_late(k), has_offer = k->request.n_offered > 0;
	if (!late && (!k->has_roots_reply || (!has_offer && probes_pending(k))))
		return;
	if (!k->has_roots_reply) {
		check_end(k, VERDICT_UNDECIDED, REASON_NO_ROOTS, ERR_TIMEOUT);
		return;
	}
	if (!has_offer && has_silent_probe(k)) {
		/* The browser may have come through the very exit that shows us nothing. */
		check_end(k, VERDICT_UNDECIDED, k->is_memory_only ? REASON_NEEDS_CLICK : REASON_FIRST_SILENT,
		          k->is_memory_only ? OK : probe_failure(k));
		return;
	}
	if (!late && has_offer && is_probe_near(k) && is_in_grace(k, CHECK_PROBE_GRACE_MS))
		return;
	check_end(k, f.verdict, f.reason, OK);
}

/* Which words say best why too few answered. */
static void end_too_few(struct check *k)
{
	bool is_alone = k->n_failed == 0 || other_failure(k) == OK;
	if (k->is_memory_only)
		check_end(k, VERDICT_UNDECIDED, REASON_NEEDS_CLICK, OK);
	else if (k->local_err != OK)
		check_end(k, VERDICT_UNDECIDED, REASON_TOR, k->local_err);
	else if (k->is_out_of_exits && is_alone)
		check_end(k, VERDICT_UNDECIDED, REASON_NO_INDEPENDENT, k->no_exit_err);
	else if (check_is_late(k) && is_alone)
		check_end(k, VERDICT_UNDECIDED, REASON_TIMEOUT, ERR_TIMEOUT);
	else
		check_end(k, VERDICT_UNDECIDED, REASON_TOO_FEW, other_failure(k));
}

void check_end_undecided(struct check *k, enum reason reason)
{
	switch (reason) {
	case REASON_TOO_FEW:
		end_too_few(k);
		break;
	case REASON_FIRST_SILENT:
		if (k->is_memory_only)
			check_end(k, VERDICT_UNDECIDED, REASON_NEEDS_CLICK, OK);
		else
			check_end(k, VERDICT_UNDECIDED, k->local_err != OK ? REASON_TOR : REASON_FIRST_SILENT, probe_failure(k));
		break;
	case REASON_NO_ROOTS:
		check_end(k, VERDICT_UNDECIDED, REASON_NO_ROOTS, k->roots_err != OK ? k->roots_err : ERR_ROOTS_NONE);
		break;
	default:
		check_end(k, VERDICT_UNDECIDED, reason, OK);
		break;
	}
}

static void on_country(void *arg, enum err err, const struct net_draw_r *r)
{
	struct check *k = arg;
	(void)r;
	k->kin_id = 0;
	k->is_country_possible = err == OK;
	check_evaluate(k);
	certcheck_pump(k->owner);
}

/* The site shows a different certificate everywhere: is the first exit's country large enough for a try in it alone?
 * A draw that is not used. True while the answer is awaited. */
static bool asks_country(struct check *k)
{
	const struct check_ops *ops = k->owner->ops;
	if (k->is_country_asked || k->is_weaker)
		return k->kin_id != 0;
	k->is_country_asked = true;
	const char *country = k->probes[0].exit.country;
	if (country[0] == '\0' || country[0] == '?')
		return false;
	struct net_draw m;
	check_draw_fill(k, &m);
	memcpy(m.country, country, sizeof m.country);
	if (ops->draw(ops->arg, &m, on_country, k, &k->kin_id) != OK)
		k->kin_id = 0;
	return k->kin_id != 0;
}

static void on_undecided(struct check *k, struct finding f)
{
	bool late = check_is_late(k), has_offer = k->request.n_offered > 0;
	bool is_silent = f.reason == REASON_FIRST_SILENT && !probes_pending(k);
	if (!late && is_silent && cert_error_saw(k->request.error) != BROWSER_SAW_INVALID) {
		if (is_anything_busy(k))
			check_show_or_end(k, f, probe_failure(k));
		if (k->state != CHECK_ENDING && !is_anything_busy(k))
			check_end_undecided(k, f.reason);
		return;
	}
	if (!late && (slots_pending(k) || (!has_offer && probes_pending(k)) || is_in_grace(k, CHECK_SHOW_MS)))
		return;
	if (!late && f.reason == REASON_ROTATES && asks_country(k))
		return;
	check_end_undecided(k, f.reason);
}

void check_evaluate(struct check *k)
{
	if (k->state != CHECK_RUNNING && k->state != CHECK_SHOWING)
		return;
	if (check_is_https(k)) {
		https_evaluate(k);
		return;
	}
	if (k->request.n_offered && !k->is_offered_known) {
		if (!check_is_late(k))
			return;
		k->is_offered_known = true;   /* the parse role is silent: the leaf is what it is */
	}
	struct finding f = check_finding(k);
	if (f.verdict == VERDICT_MISMATCH)
		on_mismatch(k, f);
	else if (is_remembered(k))
		check_end(k, VERDICT_MISMATCH, REASON_REMEMBERED, OK);
	else if (f.verdict == VERDICT_MATCH)
		on_match(k, f);
	else
		on_undecided(k, f);
	/* What was certain enough to be shown ends, whatever came in meanwhile. */
	if (k->state == CHECK_SHOWING && (check_is_late(k) || check_now(k) >= k->until))
		check_end_undecided(k, f.reason);
}

/* ---- what stays of it ---- */

static bool was_seen_valid(const struct site *site, const uint8_t leaf[32])
{
	for (const struct memory *m = site->memories; m; m = m->next)
		if (m->answer.is_valid && memcmp(m->answer.leaf, leaf, sizeof m->answer.leaf) == 0)
			return true;
	return false;
}

void check_record(struct check *k)
{
	struct site *site = k->site;
	bool is_match = k->finding.verdict == VERDICT_MATCH && !k->is_weaker;
	bool is_mismatch = k->finding.verdict == VERDICT_MISMATCH;
	if (is_match && k->request.n_offered)
		site_verify(site, k->offer.leaf);
	/* Full lists lose nothing: the answers themselves stay, and say the same again. */
	if (is_mismatch && k->request.n_offered)
		(void)!site_convict(site, k->offer.leaf);
	for (struct memory *m = site->memories; m; m = m->next) {
		bool is_first = memory_is_first(k, m);
		if (is_match && !(m->was_first && !is_first))
			site_verify(site, m->answer.leaf);
		/* A selective exit may show us the true certificate, even without its intermediate. */
		if (is_mismatch && !k->request.n_offered && is_first && !was_seen_valid(site, m->answer.leaf))
			(void)!site_convict(site, m->answer.leaf);
	}
}
