/* The result of a check as its caller gets it. Part of the certificate check (check.h). */
#include "feature/check.h"
#include <stdlib.h>
#include <string.h>

/* Share of exit capacity of the largest single operator on record (2020, PEERS: about 23%): the chance to meet it again
 * at each further exit. */
#define LARGEST_SHARE 0.23

struct lists { struct cert_answer *first, *others; size_t n_first, n_others, asked, answered; };

static enum cert_agrees agrees(const struct cert_answer *with, const struct cert_answer *a)
{
	if (!with || !with->has_cert || !a->has_cert || with == a)
		return CERT_AGREES_UNKNOWN;
	if (memcmp(with->leaf, a->leaf, sizeof a->leaf) == 0)
		return CERT_AGREES_CERT;
	struct answer x = cert_answer_plain(with), y = cert_answer_plain(a);
	y.is_offer = false;
	return answer_is_equal(&x, &y) ? CERT_AGREES_KEY : CERT_AGREES_NOT;
}

static void sort_by_slot(struct cert_answer *list, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && list[j].slot < list[j - 1].slot; j--) {
			struct cert_answer t = list[j];
			list[j] = list[j - 1];
			list[j - 1] = t;
		}
}

static void add_memories(const struct check *k, struct lists *l)
{
	for (const struct memory *m = k->site->memories; m; m = m->next) {
		if (memory_is_offer(k, m) || (https_is_stale(k, m) && !m->answer.is_valid))
			continue;
		if (memory_is_first(k, m)) {
			l->first[l->n_first++] = m->answer;
			continue;
		}
		l->others[l->n_others] = m->answer;
		l->others[l->n_others++].counts = m->answer.counts && !m->was_first && !m->never_counts;
		l->asked += !m->was_first;
		l->answered += !m->was_first;
	}
}

/* False: out of memory; the result then goes out without its answers. */
static bool collect(const struct check *k, struct lists *l)
{
	size_t room = (k->site ? k->site->n_memories : 0) + k->n_failed + 1;
	l->first = calloc(room, sizeof *l->first);
	l->others = calloc(room, sizeof *l->others);
	if (!l->first || !l->others)
		return false;
	if (k->is_offered_known)
		l->first[l->n_first++] = k->offer;
	/* Within a slot: those that failed, then the one that took the slot over. */
	for (size_t i = 0; i < k->n_failed; i++)
		if (k->failed[i].slot != 0) {
			l->others[l->n_others++] = k->failed[i];
			l->asked++;
		}
	if (k->site)
		add_memories(k, l);
	for (size_t i = 0; i < k->n_failed; i++)
		if (k->failed[i].slot == 0)
			l->first[l->n_first++] = k->failed[i];
	sort_by_slot(l->others, l->n_others);
	for (size_t i = 0; i < l->n_first; i++)
		l->first[i].agrees = agrees(l->first, &l->first[i]);
	for (size_t i = 0; i < l->n_others; i++)
		l->others[i].agrees = l->n_first ? agrees(l->first, &l->others[i]) : CERT_AGREES_UNKNOWN;
	return true;
}

static void add_fingerprint(struct cert_result *r, const struct cert_answer *a)
{
	for (size_t i = 0; i < r->n_fingerprints; i++)
		if (memcmp(r->fingerprints[i], a->leaf, sizeof a->leaf) == 0)
			return;
	if (a->has_cert && r->n_fingerprints < CERT_FINGERPRINTS_MAX)
		memcpy(r->fingerprints[r->n_fingerprints++], a->leaf, sizeof a->leaf);
}

/* What a match verified: the first exit's certificates, and those that count as equal to them. */
static void add_fingerprints(struct cert_result *r)
{
	for (size_t i = 0; i < r->n_first; i++)
		add_fingerprint(r, &r->first[i]);
	for (size_t i = 0; i < r->n_others; i++)
		if (r->others[i].counts && (r->others[i].agrees == CERT_AGREES_CERT || r->others[i].agrees == CERT_AGREES_KEY))
			add_fingerprint(r, &r->others[i]);
}

/* Would asking again change anything? What differs stays for the session. */
static bool is_retry_useful(const struct finding *f)
{
	if (f->verdict != VERDICT_UNDECIDED)
		return false;
	return f->reason != REASON_DISSENT && f->reason != REASON_ROTATES && f->reason != REASON_PRIVATE_TARGET;
}

void check_send_result(struct check *k)
{
	const struct cert_sink *sink = &k->owner->sink;
	struct lists l = { 0 };
	bool has_lists = collect(k, &l);
	struct cert_result r = {
		.key = &k->request.key, .question = k->request.question, .verdict = k->finding.verdict, .reason = k->finding.reason, .error = k->error,
		.k = k->k, .asked = (unsigned)l.asked, .answered = (unsigned)l.answered, .elapsed_ms = check_now(k) - k->began,
		.weaker = k->is_weaker, .same_country_possible = k->is_country_possible,
		.retry_useful = is_retry_useful(&k->finding), .still_same = k->still_same,
		.n_paths = k->n_paths, .paths = k->paths, .n_chance = k->k, .roots = k->roots,
	};
	if (has_lists) {
		r.first = l.first;
		r.n_first = l.n_first;
		r.others = l.others;
		r.n_others = l.n_others;
	}
	if (r.verdict == VERDICT_MATCH && !has_lists) {
		/* A match that can't name what it verified opens nothing. */
		r.verdict = VERDICT_UNDECIDED;
		r.reason = REASON_NONE;
		r.error = ERR_NOMEM;
	}
	if (r.verdict == VERDICT_MATCH && !check_is_https(k))
		add_fingerprints(&r);
	for (unsigned i = 0; i < k->k; i++)
		r.chance[i] = (i ? r.chance[i - 1] : 1.0) * LARGEST_SHARE;
	if (sink->result)
		sink->result(sink->arg, k->id, &r);
	free(l.first);
	free(l.others);
}
