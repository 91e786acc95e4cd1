/* One slot of a download (download_in.h): from the first URL through every redirect by the same exit, each judged like the first; then the head of what
 * they lead to, which says what is done with its body. */
#include "engine/target.h"
#include "feature/download_in.h"
#include "feature/url.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DL_BODY_MAX ((uint64_t)1 << 53)
/* What another's file may be larger than ours, to be told from it by its digest. */
#define DL_BODY_ROOM (1024u * 1024)
/* Boundary and lines of one part. */
#define DL_PART_LINES 1024u

void dl_slot_progress(struct dl_slot *s, enum dl_step step)
{
	const struct download *d = s->dl;
	const struct download_sink *sink = &d->owner->sink;

	s->told = dl_now(d);
	if (!sink->progress || !d->id)
		return;
	const struct download_progress p = {
		.slot = s->number, .step = step, .exit = s->has_exit ? &s->exit : NULL, .method = s->job == DL_JOB_COPY ? DL_METHOD_NONE : d->method,
		.bytes = s->job == DL_JOB_COPY ? d->have : s->bytes,
		.total = d->is_complete ? (int64_t)d->file.size : s->entity.length >= 0 ? s->entity.length : d->entity.length,
		.elapsed_ms = s->told - d->began,
	};
	sink->progress(sink->arg, d->id, &p);
}

static void went_on(struct download *d)
{
	dl_go_on(d);
	downloads_pump(d->owner);
}

static void slot_is_over(struct dl_slot *s, enum err err, enum reason why)
{
	struct download *d = s->dl;

	dl_slot_failed(s, err, why);
	went_on(d);
}

/* Its answer is there. */
static void answered(struct dl_slot *s)
{
	struct download *d = s->dl;

	s->fetch_id = 0;
	s->state = DL_SLOT_ANSWERED;
	s->elapsed = dl_now(d) - s->began;
	d->local_err = OK;
	d->tor_until = 0;
	if (s->job != DL_JOB_COPY) {
		crypto_hash_sha256_state sum = s->hash;
		crypto_hash_sha256_final(&sum, s->sha256);
		fetch_site_gave(d->site, s->exit.fp);
	}
	dl_slot_progress(s, DL_STEP_DONE);
}

static void cancel_fetch(struct dl_slot *s)
{
	const struct download_ops *ops = s->dl->owner->ops;

	if (s->fetch_id)
		ops->cancel_fetch(ops->arg, s->fetch_id);
	s->fetch_id = 0;
}

/* ---- heads ---- */

static void on_step(void *arg, const struct net_step_r *r)
{
	static const enum dl_step steps[] = {
		[STEP_CHOOSING] = DL_STEP_CHOOSING, [STEP_BUILDING] = DL_STEP_BUILDING, [STEP_CONNECTING] = DL_STEP_CONNECTING,
		[STEP_HANDSHAKING] = DL_STEP_HANDSHAKING,
	};
	struct dl_slot *s = arg;

	/* Further requests of one exit tell nothing new. */
	if (r->step < sizeof steps / sizeof *steps && s->range == 0)
		dl_slot_progress(s, steps[r->step]);
}

static bool is_redirect(unsigned status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Whatever was said about parts: the method begins anew by single ones, or they are given up. */
static void ranges_fail(struct dl_slot *s)
{
	struct download *d = s->dl;

	if (!d->are_ranges_single && s->range_end - s->range > 1) {
		enum dl_method m = d->method;
		d->are_ranges_single = true;
		dl_slots_clear(d, false);
		d->method = DL_METHOD_NONE;
		d->was_tried[m] = false;
		went_on(d);
		return;
	}
	d->are_ranges_none = true;
	/* Where it seemed to differ says nothing. */
	d->n_ranges = 0;
	d->has_more_ranges = false;
	slot_is_over(s, ERR_DL_RANGES, REASON_RANGES_FALSE);
}

/* What the site says of the file is known; the plan says what this slot is for. */
static void probed(struct dl_slot *s)
{
	struct download *d = s->dl;

	d->has_head = true;
	d->has_digest |= s->digests.has_256 || s->digests.has_512;
	d->has_sum_lines |= dl_digests_have_sums(&s->digests);
	if (d->entity.length < 0 && !d->is_complete)
		d->entity.length = s->entity.length;
	/* Not yet free to be given another job while the plan is made. */
	dl_go_on(d);
	if (d->phase != DL_RUNNING || s->job != DL_JOB_PROBE || !s->fetch_id)
		return;
	if (d->method == DL_METHOD_WHOLE && !s->is_head) {
		s->job = DL_JOB_WHOLE;
		dl_bytes_begin(s);
		return;
	}
	cancel_fetch(s);
	if (d->method == DL_METHOD_DIGEST) {
		s->job = DL_JOB_HEAD;
		answered(s);
	} else {
		fetch_site_gave(d->site, s->exit.fp);
		dl_slot_reset(s);
	}
	went_on(d);
}

static void on_head(void *arg, const struct fetch_head *h)
{
	struct dl_slot *s = arg;
	struct download *d = s->dl;
	char content_range[128];
	enum reason why;

	s->status = h->status;
	s->next[0] = '\0';
	s->is_file = !is_redirect(h->status);
	if (!fetch_line_find(h->lines, "content-type", s->content_type, sizeof s->content_type))
		s->content_type[0] = '\0';
	if (!s->is_file) {
		if (!fetch_line_find(h->lines, "location", s->next, sizeof s->next))
			s->next[0] = '\0';
		return;
	}
	(void)fetch_line_find(h->lines, "etag", s->entity.etag, sizeof s->entity.etag);
	(void)fetch_line_find(h->lines, "last-modified", s->entity.last_modified, sizeof s->entity.last_modified);
	(void)fetch_line_find(h->lines, "content-range", content_range, sizeof content_range);
	s->entity.length = h->has_length ? (int64_t)h->length : -1;
	dl_digests_read(h->lines, h->status, &s->digests);
	enum err err = dl_head_err(s, h->lines, &why);
	if (err == OK && s->job == DL_JOB_COPY && d->is_given_lost) {
		cancel_fetch(s);
		answered(s);
		dl_end(d, VERDICT_UNDECIDED, REASON_FIRST_SILENT, d->last_err);
		downloads_pump(d->owner);
		return;
	}
	if (err == OK && s->job == DL_JOB_COPY && !d->request.clicked && dl_copy_total(s, content_range) > AUTO_COPY_MAX) {
		dl_end(d, VERDICT_UNDECIDED, REASON_NEEDS_CLICK, OK);
		downloads_pump(d->owner);
		return;
	}
	if (err == OK && s->job == DL_JOB_COPY)
		err = dl_copy_head(s, content_range);
	if (err == OK && s->job == DL_JOB_RANGES) {
		err = dl_ranges_head(s, content_range);
		why = err == ERR_DL_ENTITY ? REASON_ENTITY : REASON_NONE;
	}
	/* A site that does not take HEAD: it says nothing of the file that way. */
	if (err == ERR_HTTP_STATUS && s->job == DL_JOB_PROBE && s->is_head) {
		err = OK;
		s->entity.length = -1;
	}
	if (err == ERR_DL_RANGES && s->job == DL_JOB_RANGES) {
		cancel_fetch(s);
		ranges_fail(s);
		return;
	}
	if (err != OK) {
		cancel_fetch(s);
		slot_is_over(s, err, why);
		return;
	}
	dl_slot_progress(s, s->job == DL_JOB_COPY ? DL_STEP_FETCHING : DL_STEP_COMPARING);
	if (s->job == DL_JOB_PROBE)
		probed(s);
	else if (s->job == DL_JOB_COPY)
		went_on(d);
}

static void on_body(void *arg, struct rd piece)
{
	struct dl_slot *s = arg;

	dl_bytes_take(s, piece);
	if (s->is_refused) {
		cancel_fetch(s);
		slot_is_over(s, s->own, REASON_NONE);
	} else if (s->proof == DL_PROOF_GIVEN && s->dl->phase == DL_RUNNING) {
		cancel_fetch(s);
		if (s->range_err != OK) {
			ranges_fail(s);
			return;
		}
		answered(s);
		went_on(s->dl);
	} else if (s->dl->phase == DL_ENDING || s->is_paused) {
		downloads_pump(s->dl->owner);   /* the file here could not be read or written, or is waited for */
	}
}

/* ---- ends ---- */

static enum err follow(struct dl_slot *s)
{
	if (s->next[0] == '\0' || s->hops >= DL_HOPS_MAX || url_resolve(s->url, s->next, s->url, sizeof s->url) != OK)
		return ERR_HTTP_REDIRECTS;
	s->hops++;
	return dl_slot_fetch(s);
}

/* All ranges of one request are there: the next ones, the proof that they can be believed, or the answer. */
static enum err range_over(struct dl_slot *s)
{
	struct download *d = s->dl;

	if (s->proof != DL_PROOF_NONE) {
		if (s->proof != DL_PROOF_PART || s->range_err != OK || s->at != dl_bytes_proof(d).length)
			return ERR_DL_RANGES;
		s->proof = DL_PROOF_PLAIN;
		return dl_slot_fetch(s);
	}
	bool is_whole = s->is_multipart ? dl_parts_are_whole(&s->parts) : s->at == d->plan->range[s->range].length;

	if (s->range_err != OK || !is_whole)
		return ERR_DL_RANGES;
	s->range = s->range_end;
	if (s->range < d->plan_n)
		return dl_slot_fetch(s);
	if (s->differs) {
		s->proof = DL_PROOF_PART;
		return dl_slot_fetch(s);
	}
	answered(s);
	return OK;
}

static enum err over(struct dl_slot *s, const struct fetch_end *e)
{
	struct download *d = s->dl;

	switch (s->job) {
	case DL_JOB_COPY:
		answered(s);
		dl_local_done(d, d->have);
		return OK;
	case DL_JOB_WHOLE:
		/* A connection that just closed may have been cut. */
		if (!e->is_framed && s->at < (d->is_complete ? d->file.size : d->entity.length > 0 ? (uint64_t)d->entity.length : d->have))
			return ERR_HTTP_SHORT;
		answered(s);
		return OK;
	case DL_JOB_HEAD:
		answered(s);
		return OK;
	case DL_JOB_RANGES:
		return range_over(s);
	case DL_JOB_PROBE:
		break;
	}
	return ERR_BUG;
}

static void on_end(void *arg, const struct fetch_end *e)
{
	struct dl_slot *s = arg;
	struct download *d = s->dl;
	enum err err = e->err;
	enum reason why = REASON_NONE;

	s->fetch_id = 0;
	/* The net role checked the last hop; it is looked at again because all depends on it. */
	if ((err == OK && e->path.n == 0) || (e->path.n > 0 && memcmp(e->path.hop[e->path.n - 1].fp, s->exit.fp, FP_LEN) != 0))
		err = ERR_EXIT_WRONG;
	if (err == OK && !s->is_file)
		err = follow(s);
	else if (err == OK)
		err = over(s, e);
	else if (err == ERR_HTTP_BODY && s->job == DL_JOB_WHOLE)
		why = REASON_TOO_LARGE;
	else if (err == ERR_HTTP_BODY && s->job == DL_JOB_COPY && !d->request.clicked) {
		/* More than a page may make us write. A click goes on. */
		dl_end(d, VERDICT_UNDECIDED, REASON_NEEDS_CLICK, OK);
		downloads_pump(d->owner);
		return;
	}
	if (err == ERR_DL_RANGES && s->job == DL_JOB_RANGES)
		ranges_fail(s);
	else if (err != OK)
		slot_is_over(s, err, why);
	else
		went_on(d);
}

static const struct fetch_ops slot_fetch_ops = { on_step, on_head, on_body, on_end };

/* ---- requests ---- */

/* The ranges of the next request, as many as their line holds. */
static void put_ranges(struct dl_slot *s, char *lines, size_t cap)
{
	const struct download *d = s->dl;
	size_t used = strlen(lines), line = used;

	if (s->proof != DL_PROOF_NONE) {
		const struct dl_range r = dl_bytes_proof(d);
		if (s->proof == DL_PROOF_PART)
			snprintf(lines + used, cap - used, "Range: bytes=%llu-%llu\n", (unsigned long long)r.offset, (unsigned long long)(r.offset + r.length - 1));
		return;
	}
	used += (size_t)snprintf(lines + used, cap - used, "Range: bytes=");
	for (s->range_end = s->range; s->range_end < d->plan_n; s->range_end++) {
		const struct dl_range *r = &d->plan->range[s->range_end];
		if (cap - used < 48 || used - line > 1400 || (s->range_end > s->range && d->are_ranges_single))
			break;
		used += (size_t)snprintf(lines + used, cap - used, "%s%llu-%llu", s->range_end > s->range ? "," : "",
		                         (unsigned long long)r->offset, (unsigned long long)(r->offset + r->length - 1));
	}
	snprintf(lines + used, cap - used, "\n");
}

/* The copy goes on where it broke off, if the site can say that it is the same file. */
static void put_rest(const struct dl_slot *s, char *lines, size_t cap)
{
	const struct download *d = s->dl;
	const struct dl_entity *e = &d->entity;
	size_t used = strlen(lines);
	bool is_strong = e->etag[0] == '"';

	if (d->have == 0 || d->is_given_lost || (!is_strong && e->last_modified[0] == '\0'))
		return;
	snprintf(lines + used, cap - used, "Range: bytes=%llu-\nIf-Range: %s\n", (unsigned long long)d->have, is_strong ? e->etag : e->last_modified);
}

static uint64_t body_max(const struct dl_slot *s)
{
	const struct download *d = s->dl;
	uint64_t expected = d->is_complete ? d->file.size : d->entity.length >= 0 ? (uint64_t)d->entity.length : 0, sum = 0;

	switch (s->job) {
	case DL_JOB_COPY:
		if (d->request.copy_max)
			return d->request.copy_max;
		return d->request.clicked ? DL_BODY_MAX : AUTO_COPY_MAX > d->have ? AUTO_COPY_MAX - d->have : 0;
	case DL_JOB_RANGES:
		if (s->proof == DL_PROOF_PLAIN)
			return DL_BODY_MAX;
		if (s->proof == DL_PROOF_PART)
			return DL_PROOF_BYTES + DL_PART_LINES;
		for (size_t i = s->range; i < s->range_end; i++)
			sum += d->plan->range[i].length + DL_PART_LINES;
		return sum + DL_PART_LINES;
	default:
		if (d->is_whole_forced && expected == 0)
			return DL_BODY_MAX;
		return (expected > d->request.whole_max ? expected : d->request.whole_max) + DL_BODY_ROOM;
	}
}

enum err dl_slot_fetch(struct dl_slot *s)
{
	const struct download *d = s->dl;
	const struct download_ops *ops = d->owner->ops;
	const struct download_request *r = &d->request;
	char lines[FETCH_LINES_MAX];
	struct target target;
	uint16_t port;
	bool is_downgrade = strncmp(r->referer, "https:", 6) == 0 && strncmp(s->url, "http:", 5) == 0;

	/* Private and onion targets are refused at every hop, as in the net role. */
	enum err err = url_target(s->url, &target, &port);
	if (err != OK)
		return err;
	snprintf(lines, sizeof lines, "User-Agent: %s\nAccept: %s\nAccept-Language: %s\n%s%s%sUpgrade-Insecure-Requests: 1\n", r->user_agent,
	         r->accept, r->accept_language, r->referer[0] && !is_downgrade ? "Referer: " : "", is_downgrade ? "" : r->referer,
	         r->referer[0] && !is_downgrade ? "\n" : "");
	if (s->job == DL_JOB_RANGES)
		put_ranges(s, lines, sizeof lines);
	else if (s->job == DL_JOB_COPY)
		put_rest(s, lines, sizeof lines);
	s->is_head = s->job == DL_JOB_HEAD || (s->job == DL_JOB_PROBE && dl_may_commit(d));
	const struct fetch_get g = { .url = s->url, .lines = lines, .exit = s->exit.fp, .is_head = s->is_head, .max_body = body_max(s),
	                             .deadline_ms = FETCH_DEADLINE_MAX_MS };
	s->is_file = s->is_refused = false;
	s->state = DL_SLOT_FETCHING;
	err = ops->fetch(ops->arg, &g, &slot_fetch_ops, s, &s->fetch_id);
	if (err != OK)
		s->fetch_id = 0;
	return err;
}

enum err dl_slot_start(struct dl_slot *s)
{
	s->began = dl_now(s->dl);
	s->hops = s->status = 0;
	s->range = s->range_end = 0;
	s->bytes = 0;
	s->entity = (struct dl_entity){ .length = -1 };
	s->digests = (struct dl_digests){ 0 };
	memcpy(s->url, s->dl->url, sizeof s->url);
	dl_bytes_begin(s);
	return dl_slot_fetch(s);
}

void dl_slot_stop(struct dl_slot *s)
{
	cancel_fetch(s);
	free(s->ahead);
	s->ahead = NULL;
	s->n_ahead = 0;
	s->is_paused = false;
}
