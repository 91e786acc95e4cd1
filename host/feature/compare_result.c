/* What the answers of a comparison say (base/clipverdict.h decides), whether it is certain yet, and the result for the caller
 * (compare.h). */
#include "feature/compare.h"
#include <string.h>

/* Share of exit capacity of the largest single operator on record, as in check_result.c. */
#define LARGEST_SHARE 0.23

static const enum clip_found found_of[] = { [PLACE_ABSENT] = CLIP_ABSENT, [PLACE_SAME] = CLIP_SAME, [PLACE_OTHER] = CLIP_OTHER };

/* Equal texts get equal numbers: that of the first slot that has it. */
static unsigned number_of(const struct compare *k, size_t offset, size_t mine)
{
	const char *text = (const char *)&k->slots[mine] + offset;
	for (size_t i = 0; i < mine; i++)
		if (k->slots[i].state == SLOT_ANSWERED && strcmp((const char *)&k->slots[i] + offset, text) == 0)
			return (unsigned)i;
	return (unsigned)mine;
}

static struct finding finding_of(const struct compare *k)
{
	struct clip_seen seen[K_MAX];
	size_t n = 0;
	for (size_t i = 0; i < k->k; i++) {
		const struct slot *s = &k->slots[i];
		if (s->state == SLOT_ANSWERED)
			seen[n++] = (struct clip_seen){
				.found = found_of[s->found], .is_family_equal = s->is_family_equal, .is_alone = s->is_alone, .counts = true,
				.address = number_of(k, offsetof(struct slot, address), i),
				.url = number_of(k, offsetof(struct slot, url), i), .is_reflected = s->is_reflected,
			};
	}
	const struct clip_terms terms = { .k = k->k };
	return clip_verdict(seen, n, &terms);
}

static enum err last_failure(const struct compare *k)
{
	return k->n_failed ? k->failed[k->n_failed - 1].error : OK;
}

static void end_undecided(struct compare *k, struct finding f, bool is_late)
{
	if (f.reason != REASON_TOO_FEW)
		compare_end(k, VERDICT_UNDECIDED, f.reason, OK);
	else if (k->turns.is_out)
		compare_end(k, VERDICT_UNDECIDED, k->turns.no_exit_err == ERR_EXIT_NONE ? REASON_NO_INDEPENDENT : REASON_TOR, k->turns.no_exit_err);
	else if (k->local_err != OK)
		compare_end(k, VERDICT_UNDECIDED, REASON_TOR, k->local_err);
	else if (is_late)
		compare_end(k, VERDICT_UNDECIDED, REASON_TIMEOUT, ERR_TIMEOUT);
	else
		compare_end(k, VERDICT_UNDECIDED, REASON_TOO_FEW, last_failure(k));
}

void compare_evaluate(struct compare *k)
{
	if (k->state != COMPARE_RUNNING)
		return;
	bool is_late = compare_now(k) + CHECK_MARGIN_MS >= k->deadline;
	if (slots_are_pending(k) && !is_late)
		return;
	struct finding f = finding_of(k);
	if (f.verdict == VERDICT_UNDECIDED)
		end_undecided(k, f, is_late);
	else
		compare_end(k, f.verdict, f.reason, OK);
}

/* ---- the result ---- */

static bool is_retry_useful(const struct compare *k)
{
	if (k->finding.verdict != VERDICT_UNDECIDED)
		return false;
	switch (k->finding.reason) {
	case REASON_REFLECTED: case REASON_OTHER_ADDRESSES: case REASON_PRIVATE_TARGET: case REASON_NOT_TOR: case REASON_ONION:
		return false;
	default:
		return true;
	}
}

void compare_send(struct compare *k)
{
	const struct clip_sink *sink = &k->owner->sink;
	struct clip_answer others[CLIP_ANSWERS_MAX + K_MAX];
	struct clip_result r = {
		.key = &k->request.key, .address = k->request.address, .ticker = k->request.ticker, .verdict = k->finding.verdict,
		.reason = k->finding.reason, .error = k->error, .k = k->k, .asked = k->asked, .elapsed_ms = compare_now(k) - k->began,
		.retry_useful = is_retry_useful(k), .n_first = k->n_first, .first = k->first, .others = others, .n_chance = k->k,
	};
	/* Within a slot: those that failed, then the one that took it over. */
	for (unsigned i = 0; i < k->k; i++) {
		const struct slot *s = &k->slots[i];
		for (size_t f = 0; f < k->n_failed; f++)
			if (k->failed[f].slot == i + 1)
				others[r.n_others++] = k->failed[f];
		if (s->state != SLOT_ANSWERED)
			continue;
		r.answered++;
		others[r.n_others++] = (struct clip_answer){
			.slot = s->number, .has_exit = true, .has_page = true, .exit = s->exit, .found = s->found,
			.is_family_equal = s->is_family_equal, .is_alone = s->is_alone, .address = s->found == PLACE_ABSENT ? NULL : s->address, .url = s->url,
			.http_status = s->status, .elapsed_ms = s->elapsed,
		};
	}
	for (unsigned i = 0; i < k->k; i++)
		r.chance[i] = (i ? r.chance[i - 1] : 1.0) * LARGEST_SHARE;
	if (sink->compared)
		sink->compared(sink->arg, k->id, &r);
}
