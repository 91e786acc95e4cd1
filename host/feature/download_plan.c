/* Which method comes next, strongest applicable first; when its answers say enough (base/dlverdict.h decides); and the result for the caller
 * (download_in.h). */
#include "feature/download_in.h"
#include "feature/dlname.h"
#include <stdlib.h>
#include <string.h>

/* Share of exit capacity of the largest single operator on record, as in check_result.c. */
#define LARGEST_SHARE 0.23

/* ---- methods ---- */

/* -1: not known yet. */
static int64_t expected_size(const struct download *d)
{
	return d->is_complete ? (int64_t)d->file.size : d->entity.length >= 0 ? d->entity.length : d->request.is_fetch ? -1 : d->request.length;
}

static bool may_fetch_whole(const struct download *d)
{
	int64_t size = expected_size(d);

	return d->is_whole_forced || size < 0 || (uint64_t)size <= d->request.whole_max;
}

bool dl_may_commit(const struct download *d)
{
	int64_t size = expected_size(d);

	if (d->is_whole_forced || d->was_tried[DL_METHOD_COMMITMENT] || d->are_ranges_none || d->dissent != REASON_NONE || size < (int64_t)DL_COMMIT_MIN)
		return false;
	/* Large ones wait for their last byte in any case. */
	return d->is_complete || !may_fetch_whole(d) || dlname_may_commit(d->file.name) || dlname_may_commit(d->end_url);
}

static bool plan_new(struct download *d)
{
	if (!d->plan)
		d->plan = calloc(1, sizeof *d->plan);
	return d->plan != NULL;
}

static void start(struct download *d, enum dl_method m)
{
	d->method = m;
	d->was_tried[m] = true;
	d->asked_here = 0;
	d->turns.at = 0;
}

/* Of a digest by which a file is known the heads of k others are always asked for. Sums are worth asking where not all bytes are compared in any case:
 * they see a change that samples miss. */
static bool may_digest(const struct download *d)
{
	return !d->was_tried[DL_METHOD_DIGEST] && !d->is_whole_forced && (d->has_digest || (d->has_sum_lines && !may_fetch_whole(d)));
}

/* S, the part that commits to the rest. False: it can't be asked for. */
static bool start_commitment(struct download *d)
{
	struct dl_range given[FILE_RANGES_MAX];

	if (d->commit.status != FILE_COMMIT_FITS || d->commit.size != d->file.size || d->commit.n > FILE_RANGES_MAX || !plan_new(d))
		return false;
	for (size_t i = 0; i < d->commit.n; i++)
		given[i] = (struct dl_range){ d->commit.range[i].offset, d->commit.range[i].length };
	if (!dl_plan_given(d->plan, d->file.size, given, d->commit.n))
		return false;
	d->plan_n = d->plan->n;
	start(d, DL_METHOD_COMMITMENT);
	return true;
}

static bool start_ranges(struct download *d)
{
	struct dl_range given[FILE_RANGES_MAX];
	uint64_t budget = d->request.budget, alone = (uint64_t)DL_RANGES_ALONE_MAX * DL_BLOCK;
	size_t n = d->is_commit_known && !d->are_ranges_single ? d->commit.n : 0;

	if (d->are_ranges_none || d->file.size == 0 || !plan_new(d))
		return false;
	for (size_t i = 0; i < n; i++)
		given[i] = (struct dl_range){ d->commit.range[i].offset, d->commit.range[i].length };
	d->n_drawn = dl_plan_random(d->plan, d->file.size, given, n, d->are_ranges_single && alone < budget ? alone : budget);
	d->plan_n = d->plan->n;
	if (d->n_drawn == 0)
		return false;
	start(d, DL_METHOD_RANGES);
	return true;
}

static struct finding finding_of(const struct download *d, enum dl_method m);

static void give_up(struct download *d)
{
	struct finding f = finding_of(d, d->final_method);
	enum err err = d->last_err;

	if (d->dissent != REASON_NONE && d->final_method != DL_METHOD_WHOLE) {
		f.reason = d->dissent, err = OK;
	} else if (f.reason == REASON_TOO_FEW || f.verdict != VERDICT_UNDECIDED) {
		if (d->turns.is_out)
			f.reason = d->turns.no_exit_err == ERR_EXIT_NONE ? REASON_NO_INDEPENDENT : REASON_TOR, err = d->turns.no_exit_err;
		else if (d->are_ranges_none && !may_fetch_whole(d))
			f.reason = REASON_RANGES_FALSE;
		else if (d->has_head && !may_fetch_whole(d) && d->final_method == DL_METHOD_NONE)
			f.reason = REASON_TOO_LARGE, err = OK;
		else
			f.reason = REASON_TOO_FEW;
	}
	dl_end(d, VERDICT_UNDECIDED, f.reason, err);
}

static void choose(struct download *d)
{
	if (d->method != DL_METHOD_NONE || !d->has_head || d->phase != DL_RUNNING)
		return;
	if (may_digest(d)) {
		start(d, DL_METHOD_DIGEST);
		return;
	}
	if (dl_may_commit(d)) {
		if (!d->is_complete)
			return;
		dl_commit_ask(d);
		if (!d->is_commit_known)
			return;
		d->was_tried[DL_METHOD_COMMITMENT] = true;
		if (start_commitment(d))
			return;
	}
	if (may_fetch_whole(d) && !d->was_tried[DL_METHOD_WHOLE]) {
		start(d, DL_METHOD_WHOLE);
		return;
	}
	if (!d->is_complete)
		return;
	/* What its own signature does not fit, or one exit's digest, is never taken for good by samples: all of it, or nothing. */
	bool is_doubtful = (d->is_commit_known && d->commit.status == FILE_COMMIT_DIFFERS) || d->dissent != REASON_NONE;
	if (!is_doubtful && !d->was_tried[DL_METHOD_WHOLE] && !d->was_tried[DL_METHOD_RANGES] && start_ranges(d))
		return;
	give_up(d);
}

/* ---- what the answers say ---- */

static unsigned number_of(const struct download *d, size_t mine)
{
	for (size_t i = 1; i < mine; i++)
		if (d->slots[i].state == DL_SLOT_ANSWERED && memcmp(d->slots[i].sha256, d->slots[mine].sha256, 32) == 0)
			return (unsigned)i;
	return (unsigned)mine;
}

static unsigned url_number(const struct download *d, size_t mine)
{
	if (strcmp(d->slots[mine].url, d->end_url) == 0)
		return 0;
	for (size_t i = 1; i < mine; i++)
		if (d->slots[i].state == DL_SLOT_ANSWERED && strcmp(d->slots[i].url, d->slots[mine].url) == 0)
			return (unsigned)i;
	return (unsigned)mine;
}

static struct dl_terms terms_of(const struct download *d, enum dl_method m)
{
	return (struct dl_terms){
		.method = m, .k = m == DL_METHOD_WHOLE || m == DL_METHOD_NONE ? 1 : K_DEFAULT, .has_start = d->url[0] != '\0',
		/* The host's own copies carry none of it: nothing is special about the first. */
		.is_post = d->request.is_post, .has_cookies = d->request.has_cookies && !d->request.is_fetch,
		.was_false = d->has_sha256 && dl_file_was_false(d->owner, d->url, d->sha256),
	};
}

static size_t seen_of(const struct download *d, struct dl_seen seen[static K_MAX + DL_FAILED_MAX])
{
	size_t n = 0;

	for (size_t i = 1; i <= K_MAX; i++) {
		const struct dl_slot *s = &d->slots[i];
		if (s->state == DL_SLOT_ANSWERED)
			seen[n++] = (struct dl_seen){ .found = s->found, .content = number_of(d, i), .url = url_number(d, i), .counts = true,
			                              .is_same_entity = s->is_same_entity, .is_weak = s->is_weak };
	}
	for (size_t i = 0; i < d->n_failed; i++)
		seen[n++] = (struct dl_seen){ .found = DL_NOTHING, .why = d->failed_why[i] };
	return n;
}

static struct finding finding_of(const struct download *d, enum dl_method m)
{
	struct dl_seen seen[K_MAX + DL_FAILED_MAX];
	const struct dl_terms terms = terms_of(d, m);
	size_t n = seen_of(d, seen);

	return dl_verdict(seen, n, &terms);
}

/* All bytes by another way, where digests or parts decided nothing. */
static void next_method(struct download *d)
{
	d->method = d->final_method = DL_METHOD_NONE;
	d->turns.is_out = false;
	dl_slots_clear(d, false);
	choose(d);
	dl_slots_go_on(d);
}

static bool is_last_word(enum reason r)
{
	return r == REASON_START_UNKNOWN || r == REASON_REDIRECTS || r == REASON_GONE || r == REASON_REFUSED || r == REASON_NOT_A_FILE ||
	       r == REASON_NEEDS_COOKIES || r == REASON_POST;
}

/* What can't be classified is a program. */
static bool is_unwanted(const struct download *d)
{
	return d->request.no_programs && d->class_ != DL_CLASS_TRANSPARENT && d->class_ != DL_CLASS_OTHER;
}

static void decided(struct download *d, struct finding f)
{
	bool may_look_closer = d->method != DL_METHOD_WHOLE && may_fetch_whole(d) && !d->was_tried[DL_METHOD_WHOLE];

	if (f.verdict == VERDICT_MISMATCH && may_look_closer && f.reason != REASON_REMEMBERED) {
		next_method(d);   /* a site's digest may be an old one, its parts not what was asked for: all bytes, before anybody is accused */
		return;
	}
	if (f.verdict == VERDICT_UNDECIDED && d->method != DL_METHOD_WHOLE && d->method != DL_METHOD_RANGES && !is_last_word(f.reason)) {
		if (f.reason == REASON_ONE_DIFFERS || f.reason == REASON_CUSTOMISED)
			d->dissent = f.reason;
		next_method(d);
		return;
	}
	if (f.verdict == VERDICT_UNDECIDED && (f.reason == REASON_TOO_FEW || f.reason == REASON_RANGES_FALSE)) {
		give_up(d);
		return;
	}
	enum err err = f.verdict == VERDICT_MATCH && !d->request.has_given ? dlfile_check(&d->file) : OK;
	if (err != OK)
		dl_end(d, VERDICT_UNDECIDED, REASON_LOCAL_FILE, err);
	else if (f.verdict == VERDICT_MATCH && is_unwanted(d))
		dl_end(d, VERDICT_UNDECIDED, REASON_IS_PROGRAM, OK);
	else
		dl_end(d, f.verdict, f.reason, f.verdict == VERDICT_UNDECIDED ? d->last_err : OK);
}

/* Are those of the file here still to be made that the others' heads tell, or that say whether it is still what was compared while it grew? Asks for them. */
static bool digests_are_missing(struct download *d)
{
	bool strong = d->method == DL_METHOD_WHOLE && d->has_grown && !d->has_sha256, with_512 = false, sums = false;

	for (size_t i = 1; i <= K_MAX && d->method == DL_METHOD_DIGEST; i++) {
		const struct dl_slot *s = &d->slots[i];
		if (s->state != DL_SLOT_ANSWERED)
			continue;
		strong |= s->digests.has_256 && !d->has_sha256;
		with_512 |= s->digests.has_512 && !d->has_sha512;
		sums |= !s->digests.has_256 && !s->digests.has_512 && dl_digests_have_sums(&s->digests);
	}
	if (strong || with_512)
		dl_hash(d, with_512);
	if (sums)
		dl_sums_ask(d);
	return d->phase == DL_RUNNING && (d->is_hashing || d->sums_id);
}

static void evaluate(struct download *d)
{
	if (d->phase != DL_RUNNING)
		return;
	if (d->request.is_fetch && !d->is_complete && d->slots[0].state == DL_SLOT_IDLE && !d->draw_id) {
		/* The copy's exits are used up. */
		if (d->have > 0)
			dl_end(d, VERDICT_UNDECIDED, REASON_INTERRUPTED, d->last_err);
		else
			give_up(d);
		return;
	}
	if (d->method == DL_METHOD_NONE) {
		if (!d->request.is_fetch && !d->has_head && !dl_slots_are_pending(d))
			give_up(d);
		return;
	}
	/* What a method needs of the file here, and what else the result tells. */
	if (!d->is_complete || d->is_hashing || dl_slots_are_pending(d) || !d->is_class_known || digests_are_missing(d))
		return;
	d->final_method = d->method;
	for (size_t i = 1; i <= K_MAX; i++)
		if (d->slots[i].state == DL_SLOT_ANSWERED)
			dl_bytes_judge(&d->slots[i]);
	if (dl_may_ask(d))
		return;   /* the file here is another one than it was: a third decides */
	struct finding f = finding_of(d, d->method);
	/* Of a browser's file its digest is needed where it decides: against a mismatch of before, and to remember this one. */
	if (!d->has_sha256 && (f.verdict == VERDICT_MISMATCH || (f.verdict == VERDICT_MATCH && dl_url_was_false(d->owner, d->url)))) {
		dl_hash(d, false);
		return;
	}
	decided(d, f);
}

void dl_go_on(struct download *d)
{
	if (d->phase != DL_RUNNING)
		return;
	choose(d);
	dl_slots_go_on(d);
	evaluate(d);
	dl_slots_go_on(d);
}

/* ---- the result ---- */

static bool is_retry_useful(const struct download *d)
{
	if (d->finding.verdict != VERDICT_UNDECIDED)
		return false;
	switch (d->finding.reason) {
	case REASON_PRIVATE_TARGET: case REASON_NOT_TOR: case REASON_ONION: case REASON_START_UNKNOWN: case REASON_POST: case REASON_IS_PROGRAM:
		return false;
	default:
		return true;
	}
}

static bool is_whole_possible(const struct download *d)
{
	return d->finding.verdict == VERDICT_UNDECIDED && d->url[0] != '\0' && !d->is_whole_forced && d->final_method != DL_METHOD_WHOLE &&
	       is_retry_useful(d) && d->n_first + d->n_copies > 0;
}

static uint64_t compared_bytes(const struct download *d)
{
	uint64_t most = 0;

	if (d->final_method == DL_METHOD_DIGEST || d->final_method == DL_METHOD_COMMITMENT)
		return d->finding.verdict == VERDICT_MATCH ? d->file.size : 0;
	if (d->final_method == DL_METHOD_RANGES)
		return d->plan->bytes;
	for (size_t i = 1; i <= K_MAX; i++)
		if (d->slots[i].state == DL_SLOT_ANSWERED && d->slots[i].at > most)
			most = d->slots[i].at < d->file.size ? d->slots[i].at : d->file.size;
	return most;
}

static struct download_answer answer_of(const struct download *d, const struct dl_slot *s)
{
	bool is_copy = s->job == DL_JOB_COPY;
	struct download_answer a = {
		.slot = s->number, .has_exit = true, .has_answer = true, .exit = s->exit, .http_status = s->status, .url = s->url,
		.length = s->entity.length, .same_entity = is_copy ? 1 : s->is_same_entity,
		.agrees = is_copy ? (d->is_given_lost ? -1 : 1) : s->found == DL_SAME && !s->is_weak ? 1 : s->found == DL_OTHER ? 0 : -1,
		.bytes = is_copy ? d->have : s->bytes,
		.elapsed_ms = s->elapsed, .has_sha256 = is_copy ? d->has_sha256 : s->job == DL_JOB_WHOLE,
		.is_copy = is_copy,
	};
	memcpy(a.sha256, is_copy ? d->sha256 : s->sha256, sizeof a.sha256);
	return a;
}

/* How each range begins, here and there. */
static void put_shown(const struct download *d, uint8_t here[DL_SHOWN_MAX], struct dl_shown *ours, struct dl_shown *theirs)
{
	size_t used = 0;

	for (size_t i = 0; i < d->n_ranges; i++) {
		const struct dl_range *r = &d->range[i];
		uint64_t there = r->offset < d->file.size ? d->file.size - r->offset : 0;
		size_t n = DL_SHOWN_MAX - used;
		n = r->length < n ? (size_t)r->length : n;
		n = there < n ? (size_t)there : n;
		theirs[i] = (struct dl_shown){ d->theirs + d->theirs_at[i], d->theirs_n[i] };
		ours[i] = (struct dl_shown){ here + used, 0 };
		if (d->is_complete && d->file.fd >= 0 && n > 0 && dlfile_read(&d->file, r->offset, here + used, n) == OK)
			ours[i].n = n;
		used += ours[i].n;
	}
}

void dl_send(struct download *d)
{
	const struct download_sink *sink = &d->owner->sink;
	uint8_t here[DL_SHOWN_MAX];
	struct dl_shown ours[DL_DIFFERING_MAX], theirs[DL_DIFFERING_MAX];
	struct download_answer others[DL_FAILED_MAX + K_MAX + 1];
	char part[DL_PATH_MAX + DL_NAME_MAX + 2];
	struct download_result r = {
		.key = &d->request.key, .url = d->url, .verdict = d->finding.verdict, .reason = d->finding.reason, .error = d->error,
		.method = d->final_method, .compared = d->is_complete ? compared_bytes(d) : 0, .fetched = d->fetched, .class_ = d->class_, .format = d->format,
		.has_local = d->is_complete, .size = d->is_complete ? d->file.size : 0, .has_sha256 = d->has_sha256, .link_secure = d->request.link_secure,
		.k = d->final_method == DL_METHOD_WHOLE ? 1 : K_DEFAULT, .asked = d->asked, .n_first = d->n_first, .first = d->first,
		.others = others, .n_ranges = d->n_ranges, .range = d->range, .has_more_ranges = d->has_more_ranges, .state = d->state,
		.ours = ours, .theirs = theirs, .theirs_slot = d->theirs_slot,
		.download = d->number, .retry_useful = is_retry_useful(d), .whole_possible = is_whole_possible(d), .can_keep = d->can_keep,
		.elapsed_ms = dl_now(d) - d->began,
	};
	memcpy(r.sha256, d->sha256, sizeof r.sha256);
	put_shown(d, here, ours, theirs);
	for (size_t i = 0; i < d->n_failed; i++)
		others[r.n_others++] = d->failed[i];
	for (size_t i = 0; i <= K_MAX; i++)
		if (d->slots[i].state == DL_SLOT_ANSWERED) {
			r.answered += i > 0;
			others[r.n_others++] = answer_of(d, &d->slots[i]);
		}
	if (d->final_method == DL_METHOD_RANGES) {
		r.has_missed = true;
		dl_missed(d->file.size, d->n_drawn, &r.missed_block, &r.missed_64k, &r.missed_percent);
	}
	r.n_chance = r.k;
	for (unsigned i = 0; i < r.k; i++)
		r.chance[i] = (i ? r.chance[i - 1] : 1.0) * LARGEST_SHARE;
	r.path = d->state == DL_STATE_FINISHED ? d->path : d->state == DL_STATE_HELD ? dlfile_part_path(&d->file, part, sizeof part) : NULL;
	sink->result(sink->arg, d->id, &r);
}
