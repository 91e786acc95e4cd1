/* What the head of an answer says (download_in.h): whether it is one that can be compared, where a copy goes on, whether a part is the one asked for. */
#include "feature/download_in.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static bool is_page(const char *content_type)
{
	return strncasecmp(content_type, "text/html", 9) == 0 || strncasecmp(content_type, "application/xhtml", 17) == 0;
}

static enum reason why_of(unsigned status)
{
	switch (status) {
	case 404: case 410:
		return REASON_GONE;
	case 401: case 403: case 407: case 429: case 451: case 503:
		return REASON_REFUSED;
	default:
		return REASON_NONE;
	}
}

enum err dl_head_err(const struct dl_slot *s, struct rd lines, enum reason *why)
{
	const char *expected = s->dl->request.content_type;
	char coding[32];
	bool is_part = s->status == 206 && (s->job == DL_JOB_RANGES || s->job == DL_JOB_COPY);

	*why = REASON_NONE;
	if (s->job == DL_JOB_RANGES && s->status == 416)
		return *why = REASON_ENTITY, ERR_DL_ENTITY;
	if (s->status != 200 && !is_part)
		return *why = why_of(s->status), ERR_HTTP_STATUS;
	if (expected[0] != '\0' && !is_page(expected) && is_page(s->content_type))
		return *why = REASON_NOT_A_FILE, ERR_PAGE_FORMAT;
	if (fetch_line_find(lines, "content-encoding", coding, sizeof coding) && strcasecmp(coding, "identity") != 0)
		return ERR_HTTP_ENCODING;
	return OK;
}

/* From the beginning again: what is there is of another version, or can't be gone on with. */
static enum err copy_restart(struct download *d)
{
	if (ftruncate(d->file.fd, 0) != 0)
		return ERR_DL_DISK;
	d->have = 0;
	d->n_copies = 0;
	crypto_hash_sha256_init(&d->copy_hash);
	dl_slots_clear(d, false);
	d->method = DL_METHOD_NONE;
	memset(d->was_tried, 0, sizeof d->was_tried);
	d->n_ranges = 0;
	d->has_more_ranges = false;
	return OK;
}

uint64_t dl_copy_total(const struct dl_slot *s, const char *content_range)
{
	uint64_t from, to, total;

	if (s->status == 206)
		return dl_content_range_read(content_range, &from, &to, &total) ? total : 0;
	return s->entity.length > 0 ? (uint64_t)s->entity.length : 0;
}

enum err dl_copy_head(struct dl_slot *s, const char *content_range)
{
	struct download *d = s->dl;
	uint64_t from, to, total;
	enum err err = OK;

	if (s->status == 206) {
		bool is_rest = dl_content_range_read(content_range, &from, &to, &total) && from == d->have && to + 1 == total;
		if (!is_rest || (d->entity.length >= 0 && total != (uint64_t)d->entity.length))
			return ERR_DL_RANGES;
		s->entity.length = (int64_t)total;
	} else if (d->have > 0) {
		err = copy_restart(d);
	}
	if (err != OK)
		return err;
	d->entity = s->entity;
	snprintf(d->end_url, sizeof d->end_url, "%s", s->url);
	d->has_digest = s->digests.has_256 || s->digests.has_512;
	d->has_sum_lines = dl_digests_have_sums(&s->digests);
	d->has_head = true;
	if (!dl_is_first(d, s->exit.fp) && d->n_copies < sizeof d->copies / sizeof *d->copies)
		d->copies[d->n_copies++] = s->exit;
	return OK;
}

static enum err proof_head(struct dl_slot *s, const char *content_range)
{
	const struct dl_range r = dl_bytes_proof(s->dl);
	uint64_t from, to, total;

	s->at = 0;
	if (s->proof != DL_PROOF_PART)
		return s->status == 200 ? OK : ERR_DL_RANGES;
	if (s->status != 206 || !dl_content_range_read(content_range, &from, &to, &total))
		return ERR_DL_RANGES;
	return total == s->dl->file.size && from == r.offset && to - from + 1 == r.length ? OK : ERR_DL_RANGES;
}

enum err dl_ranges_head(struct dl_slot *s, const char *content_range)
{
	const struct download *d = s->dl;
	const struct dl_range *r;
	uint64_t from, to, total;
	char boundary[71];

	if (s->proof != DL_PROOF_NONE)
		return proof_head(s, content_range);
	r = &d->plan->range[s->range];
	s->at = 0;
	s->range_err = OK;
	s->is_multipart = dl_boundary_read(s->content_type, boundary);
	s->entity.length = (int64_t)d->file.size;
	if (s->status != 206)
		return ERR_DL_RANGES;
	if (s->is_multipart) {
		dl_parts_begin(&s->parts, boundary, r, s->range_end - s->range, d->file.size);
		return OK;
	}
	if (!dl_content_range_read(content_range, &from, &to, &total))
		return ERR_DL_RANGES;
	s->entity.length = (int64_t)total;
	if (total != d->file.size)
		return ERR_DL_ENTITY;
	return s->range_end - s->range == 1 && from == r->offset && to - from + 1 == r->length ? OK : ERR_DL_RANGES;
}
