/* What a slot does with the body of the file (download_in.h): writes it (the copy), compares it with the file here byte by byte, as far as that has
 * grown (whole), or compares the parts it asked for (ranges). Nothing of another exit's bytes is kept but digests and where they differ. */
#include "feature/download_in.h"
#include <stdlib.h>
#include <string.h>

void dl_bytes_begin(struct dl_slot *s)
{
	free(s->ahead);
	s->ahead = NULL;
	s->n_ahead = 0;
	s->at = 0;
	s->differs = s->is_paused = false;
	s->proof = DL_PROOF_NONE;
	crypto_hash_sha256_init(&s->hash);
}

/* ---- differences ---- */

/* Differences that are no farther apart are one. */
#define DL_SHOWN_GAP 16u

/* Bytes of the last range, as the slot that differed first has them, as long as there is room and none is missing. */
static void show(struct dl_slot *s, uint64_t at, const uint8_t *theirs, uint64_t n)
{
	struct download *d = s->dl;
	size_t k = d->n_ranges - 1, room = sizeof d->theirs - d->n_theirs;

	if (s->number != d->theirs_slot || at != d->range[k].offset + d->theirs_n[k])
		return;
	if (n < room)
		room = (size_t)n;
	memcpy(d->theirs + d->n_theirs, theirs, room);
	d->n_theirs += room;
	d->theirs_n[k] += room;
}

static void range_new(struct dl_slot *s, uint64_t offset, uint64_t length)
{
	struct download *d = s->dl;

	if (d->n_ranges == 0) {
		d->theirs_slot = s->number;
		d->n_theirs = 0;
	}
	d->theirs_at[d->n_ranges] = d->n_theirs;
	d->theirs_n[d->n_ranges] = 0;
	d->range[d->n_ranges++] = (struct dl_range){ offset, length };
}

/* What lies between two differences is the same in both. */
static void show_between(struct dl_slot *s, uint64_t from, uint64_t to)
{
	uint8_t same[DL_SHOWN_GAP];

	if (to > from && to - from <= sizeof same && dlfile_read(&s->dl->file, from, same, (size_t)(to - from)) == OK)
		show(s, from, same, to - from);
}

/* theirs: their bytes there; NULL: they have none. */
static void differs_at(struct dl_slot *s, uint64_t offset, uint64_t length, const uint8_t *theirs)
{
	struct download *d = s->dl;
	struct dl_range *last = d->n_ranges ? &d->range[d->n_ranges - 1] : NULL;

	s->differs = true;
	/* Those of the first exit that differs are shown; the others' are its own, or others. */
	for (size_t i = 0; i < d->n_ranges; i++)
		if (offset >= d->range[i].offset && offset + length <= d->range[i].offset + d->range[i].length)
			return;
	if (last && offset >= last->offset && offset <= last->offset + last->length + DL_SHOWN_GAP) {
		show_between(s, last->offset + last->length, offset);
		last->length = offset + length - last->offset;
	} else if (d->n_ranges < DL_DIFFERING_MAX) {
		range_new(s, offset, length);
	} else {
		d->has_more_ranges = true;
		return;
	}
	if (theirs)
		show(s, offset, theirs, length);
}

/* n bytes at offset, both are there. */
static void compare(struct dl_slot *s, uint64_t offset, const uint8_t *theirs, const uint8_t *ours, size_t n)
{
	if (memcmp(theirs, ours, n) == 0)
		return;
	for (size_t i = 0, end; i < n; i = end + 1) {
		while (i < n && theirs[i] == ours[i])
			i++;
		for (end = i; end < n && theirs[end] != ours[end]; end++)
			;
		if (end > i)
			differs_at(s, offset + i, end - i, theirs + i);
	}
}

/* Theirs against the file here, which has as much; beyond its end all differs. Ends the download when it can't be read. False then. */
static bool compare_with_file(struct dl_slot *s, uint64_t offset, const uint8_t *theirs, size_t n)
{
	struct download *d = s->dl;
	uint8_t ours[FETCH_PIECE_MAX];
	size_t there = offset >= d->have ? 0 : d->have - offset < n ? (size_t)(d->have - offset) : n;

	for (size_t done = 0, now; done < there; done += now) {
		now = there - done < sizeof ours ? there - done : sizeof ours;
		enum err err = dlfile_read(&d->file, offset + done, ours, now);
		if (err != OK) {
			dl_end(d, VERDICT_UNDECIDED, REASON_LOCAL_FILE, err);
			return false;
		}
		compare(s, offset + done, theirs + done, ours, now);
	}
	if (there < n)
		differs_at(s, offset + there, n - there, theirs + there);
	return true;
}

/* ---- the whole file ---- */

/* As much of it as the file here has by now; what is left over waits. */
static size_t take_whole(struct dl_slot *s, const uint8_t *bytes, size_t n)
{
	struct download *d = s->dl;
	uint64_t room = d->is_complete ? n : d->have > s->at ? d->have - s->at : 0;
	size_t now = room < n ? (size_t)room : n;

	if (now == 0 || !compare_with_file(s, s->at, bytes, now))
		return n == now ? n : 0;
	crypto_hash_sha256_update(&s->hash, bytes, now);
	s->at += now;
	return now;
}

static void wait_for_file(struct dl_slot *s)
{
	const struct download_ops *ops = s->dl->owner->ops;

	if (!s->is_paused)
		ops->pause_fetch(ops->arg, s->fetch_id);
	s->is_paused = true;
}

static void keep_ahead(struct dl_slot *s, const uint8_t *bytes, size_t n)
{
	uint8_t *more = realloc(s->ahead, s->n_ahead + n);

	if (!more) {
		s->own = ERR_NOMEM;
		s->is_refused = true;
		return;
	}
	memcpy(more + s->n_ahead, bytes, n);
	s->ahead = more;
	s->n_ahead += n;
	wait_for_file(s);
}

void dl_bytes_go_on(struct dl_slot *s)
{
	const struct download_ops *ops = s->dl->owner->ops;
	size_t taken = s->n_ahead ? take_whole(s, s->ahead, s->n_ahead) : 0;

	if (s->dl->phase != DL_RUNNING)
		return;
	if (taken < s->n_ahead) {
		memmove(s->ahead, s->ahead + taken, s->n_ahead - taken);
		s->n_ahead -= taken;
		return;
	}
	free(s->ahead);
	s->ahead = NULL;
	s->n_ahead = 0;
	if (s->is_paused && s->fetch_id)
		ops->resume_fetch(ops->arg, s->fetch_id);
	s->is_paused = false;
}

/* ---- ranges ---- */

static void part(void *arg, uint64_t offset, const uint8_t *bytes, size_t n)
{
	struct dl_slot *s = arg;

	if (s->dl->phase == DL_RUNNING && compare_with_file(s, offset, bytes, n))
		crypto_hash_sha256_update(&s->hash, bytes, n);
}

static void take_range(struct dl_slot *s, struct rd piece)
{
	const struct dl_range *r = &s->dl->plan->range[s->range];

	if (s->range_err != OK)
		return;
	if (s->is_multipart) {
		s->range_err = dl_parts_take(&s->parts, piece.at, piece.left, part, s);
	} else if (s->at + piece.left > r->length) {
		s->range_err = ERR_DL_RANGES;
	} else {
		part(s, r->offset + s->at, piece.at, piece.left);
		s->at += piece.left;
	}
}

/* Not where a block begins: what only ever gives whole blocks is caught, too. */
#define DL_PROOF_AT 1021u

struct dl_range dl_bytes_proof(const struct download *d)
{
	uint64_t size = d->file.size, offset = size > DL_PROOF_AT + DL_PROOF_BYTES ? DL_PROOF_AT : size / 3;

	return (struct dl_range){ offset, size - offset < DL_PROOF_BYTES ? size - offset : DL_PROOF_BYTES };
}

static void take_proof(struct dl_slot *s, struct rd piece)
{
	const struct dl_range r = dl_bytes_proof(s->dl);
	uint64_t begin = s->proof == DL_PROOF_PLAIN ? r.offset : 0;   /* of the part, in this body */

	for (size_t i = 0; i < piece.left; i++, s->at++) {
		bool is_inside = s->at >= begin && s->at < begin + r.length;
		if (s->proof == DL_PROOF_PART && is_inside)
			s->proven[s->at] = piece.at[i];
		else if (s->proof == DL_PROOF_PART || (is_inside && s->proven[s->at - begin] != piece.at[i]))
			s->range_err = ERR_DL_RANGES;
	}
	if (s->proof == DL_PROOF_PLAIN && s->at >= begin + r.length)
		s->proof = DL_PROOF_GIVEN;
}

/* ---- all of them ---- */

static void take_copy(struct dl_slot *s, struct rd piece)
{
	struct download *d = s->dl;
	enum err err = dlfile_write(&d->file, d->have, piece.at, piece.left);

	if (err != OK) {
		dl_end(d, VERDICT_UNDECIDED, REASON_LOCAL_FILE, err);
		return;
	}
	crypto_hash_sha256_update(&d->copy_hash, piece.at, piece.left);
	dl_local_grew(d, d->have + piece.left);
}

void dl_bytes_take(struct dl_slot *s, struct rd piece)
{
	struct download *d = s->dl;

	s->bytes += piece.left;
	d->fetched += s->job == DL_JOB_COPY ? 0 : piece.left;
	if (!s->is_file || s->is_refused || d->phase != DL_RUNNING)
		return;
	switch (s->job) {
	case DL_JOB_COPY:
		take_copy(s, piece);
		break;
	case DL_JOB_WHOLE: {
		size_t taken = s->n_ahead ? 0 : take_whole(s, piece.at, piece.left);
		if (d->phase == DL_RUNNING && taken < piece.left)
			keep_ahead(s, piece.at + taken, piece.left - taken);
		break;
	}
	case DL_JOB_RANGES:
		if (s->proof == DL_PROOF_NONE)
			take_range(s, piece);
		else
			take_proof(s, piece);
		break;
	case DL_JOB_PROBE: case DL_JOB_HEAD:
		break;
	}
	if (d->phase == DL_RUNNING && dl_now(d) >= s->told + DL_PROGRESS_MS)
		dl_slot_progress(s, s->job == DL_JOB_COPY ? DL_STEP_FETCHING : DL_STEP_COMPARING);
}

/* ---- what it comes to ---- */

/* Sums: another file, or nothing that counts. */
static enum dl_found found_by_sums(struct dl_slot *s)
{
	const struct download *d = s->dl;
	const struct dl_digests *g = &s->digests;

	if (!d->has_sums || !dl_digests_have_sums(g))
		return DL_NOTHING;
	s->is_weak = true;
	/* What tells contents apart. */
	crypto_hash_sha256_state all;
	crypto_hash_sha256_init(&all);
	for (size_t i = 0; i < DL_SUMS; i++) {
		const uint8_t kind[] = { (uint8_t)i, g->has_sum[i] };
		crypto_hash_sha256_update(&all, kind, sizeof kind);
		if (g->has_sum[i])
			crypto_hash_sha256_update(&all, g->sum[i], sizeof g->sum[i]);
	}
	crypto_hash_sha256_final(&all, s->sha256);
	return dl_sums_differ(g, &d->sums) ? DL_OTHER : DL_SAME;
}

/* A digest of a file, of a kind that proves it. */
static enum dl_found found_by_digest(struct dl_slot *s)
{
	const struct download *d = s->dl;
	const struct dl_digests *g = &s->digests;

	if (!g->has_256 && !g->has_512)
		return found_by_sums(s);
	bool is_same = (!g->has_256 || memcmp(g->sha256, d->sha256, sizeof d->sha256) == 0) &&
	               (!g->has_512 || memcmp(g->sha512, d->sha512, sizeof d->sha512) == 0);
	/* What tells contents apart. */
	crypto_hash_sha256_state both;
	crypto_hash_sha256_init(&both);
	crypto_hash_sha256_update(&both, g->sha256, sizeof g->sha256);
	crypto_hash_sha256_update(&both, g->sha512, sizeof g->sha512);
	crypto_hash_sha256_final(&both, s->sha256);
	return is_same ? DL_SAME : DL_OTHER;
}

static bool text_is_same(const char *a, const char *b)
{
	return a[0] == '\0' || b[0] == '\0' || strcmp(a, b) == 0;
}

/* "W/" only says that the bytes may differ. */
static const char *tag_of(const char *etag)
{
	return strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
}

void dl_bytes_judge(struct dl_slot *s)
{
	struct download *d = s->dl;
	const struct dl_entity *a = &d->entity, *b = &s->entity;

	s->is_same_entity = text_is_same(tag_of(a->etag), tag_of(b->etag)) && text_is_same(a->last_modified, b->last_modified) &&
	                    (b->length < 0 || b->length == (int64_t)d->file.size);
	s->is_weak = false;
	switch (s->job) {
	case DL_JOB_WHOLE:
		if (s->at < d->file.size)
			differs_at(s, s->at, d->file.size - s->at, NULL);
		/* What was compared while it grew may have been written over since (a download that broke off and was begun anew). */
		if (d->has_grown && d->has_sha256 && memcmp(s->sha256, d->sha256, sizeof d->sha256) != 0)
			s->differs = true;
		s->found = !s->differs && s->at == d->file.size ? DL_SAME : DL_OTHER;
		break;
	case DL_JOB_RANGES:
		s->found = s->differs ? DL_OTHER : DL_SAME;
		break;
	case DL_JOB_HEAD:
		s->found = found_by_digest(s);
		break;
	case DL_JOB_PROBE: case DL_JOB_COPY:
		s->found = DL_NOTHING;
		break;
	}
}
