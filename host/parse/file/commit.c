/* The committing part of a file (contract in commit.h): what the parsers say, the arithmetic of ranges, the answer. Carrying out the
 * plan is commit_run.c. */
#include "parse/file/commit.h"

#include "base/limits.h"
#include "parse/file/commit_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t digest_size(enum digest d)
{
	return d == DIGEST_SHA256 ? 32 : d == DIGEST_SHA384 ? 48 : 64;
}

const char *digest_word(enum digest d)
{
	return d == DIGEST_SHA256 ? "sha256" : d == DIGEST_SHA384 ? "sha384" : "sha512";
}

/* ---- what parsers say ---- */

uint64_t commit_size(const struct commit *c)
{
	return c->src->size;
}

static bool is_inside(const struct commit *c, uint64_t offset, uint64_t n)
{
	return offset <= c->src->size && n <= c->src->size - offset;
}

static enum err add_range(struct ranges *r, uint64_t offset, uint64_t n)
{
	if (n == 0)
		return OK;
	/* Parsers go forward mostly: what touches the last range widens it. */
	if (r->n > 0) {
		struct file_range *last = &r->at[r->n - 1];
		if (offset >= last->offset && offset - last->offset <= last->length) {
			uint64_t end = offset + n - last->offset;
			last->length = end > last->length ? end : last->length;
			return OK;
		}
	}
	if (r->n >= COMMIT_STEPS_MAX)
		return ERR_TOO_BIG;
	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 64;
		struct file_range *more = realloc(r->at, room * sizeof *more);
		if (more == NULL)
			return ERR_NOMEM;
		r->at = more;
		r->room = room;
	}
	r->at[r->n++] = (struct file_range){ offset, n };
	return OK;
}

enum err commit_need(struct commit *c, uint64_t offset, size_t n, struct rd *out)
{
	if (!is_inside(c, offset, n))
		return ERR_FORMAT;
	if (n > COMMIT_NEED_MAX - c->needed)
		return ERR_TOO_BIG;
	struct held *h = malloc(sizeof *h + n);
	if (h == NULL)
		return ERR_NOMEM;
	enum err err = src_read(c->src, offset, h->bytes, n);
	if (err == OK)
		err = add_range(&c->part, offset, n);
	if (err != OK) {
		free(h);
		return err;
	}
	h->next = c->held;
	c->held = h;
	/* Small pieces cost their administration, too. */
	c->needed += n + sizeof *h;
	*out = rd_of(h->bytes, n);
	return c->needed > COMMIT_NEED_MAX ? ERR_TOO_BIG : OK;
}

enum err commit_keep(struct commit *c, uint64_t offset, uint64_t n)
{
	return is_inside(c, offset, n) ? add_range(&c->part, offset, n) : ERR_FORMAT;
}

/* Steps and the bytes that belong to some of them. */
static enum err add_step(struct commit *c, const struct step *like, const void *bytes, size_t n)
{
	if (c->n_steps >= COMMIT_STEPS_MAX || n > COMMIT_NEED_MAX - c->needed)
		return ERR_TOO_BIG;
	if (c->steps == NULL || c->n_steps == c->room_steps) {
		size_t room = c->room_steps ? c->room_steps * 2 : 64;
		struct step *more = realloc(c->steps, room * sizeof *more);
		if (more == NULL)
			return ERR_NOMEM;
		c->steps = more;
		c->room_steps = room;
	}
	struct held *h = NULL;
	if (n > 0) {
		h = malloc(sizeof *h + n);
		if (h == NULL)
			return ERR_NOMEM;
		memcpy(h->bytes, bytes, n);
		h->next = c->held;
		c->held = h;
		c->needed += n + sizeof *h;
	}
	struct step mine = *like;
	mine.bytes = rd_of(h ? h->bytes : NULL, n);
	c->steps[c->n_steps++] = mine;
	return OK;
}

enum err commit_digest(struct commit *c, enum digest d, const uint8_t *value)
{
	if (c->n_digests == 0 || d < c->weakest)
		c->weakest = d;
	c->n_digests++;
	return add_step(c, &(struct step){ .kind = STEP_DIGEST, .digest = d }, value, digest_size(d));
}

static enum err add_covering(struct commit *c, const struct step *s)
{
	if (!is_inside(c, s->offset, s->n))
		return ERR_FORMAT;
	enum err err = s->n > 0 ? add_step(c, s, NULL, 0) : OK;
	return err != OK ? err : add_range(&c->covered, s->offset, s->n);
}

enum err commit_feed(struct commit *c, uint64_t offset, uint64_t n)
{
	/* Pieces that follow each other are one. */
	struct step *last = c->n_steps > 0 ? &c->steps[c->n_steps - 1] : NULL;
	if (last != NULL && last->kind == STEP_FEED && last->offset + last->n == offset && is_inside(c, offset, n)) {
		last->n += n;
		return add_range(&c->covered, offset, n);
	}
	return add_covering(c, &(struct step){ .kind = STEP_FEED, .offset = offset, .n = n });
}

enum err commit_feed_bytes(struct commit *c, const void *bytes, size_t n)
{
	return n > 0 ? add_step(c, &(struct step){ .kind = STEP_BYTES }, bytes, n) : OK;
}

enum err commit_feed_chunks(struct commit *c, uint64_t offset, uint64_t n, uint32_t chunk)
{
	return add_covering(c, &(struct step){ .kind = STEP_CHUNKS, .offset = offset, .n = n, .extra = chunk });
}

enum err commit_feed_chunk_bytes(struct commit *c, const void *bytes, size_t n)
{
	return add_step(c, &(struct step){ .kind = STEP_CHUNK_BYTES }, bytes, n);
}

enum err commit_feed_inflated(struct commit *c, uint64_t offset, uint64_t n, uint64_t unpacked)
{
	return commit_feed_inflated_piece(c, offset, n, unpacked, true, true);
}

enum err commit_feed_inflated_piece(struct commit *c, uint64_t offset, uint64_t n, uint64_t unpacked, bool is_first, bool is_last)
{
	c->is_content = true;
	return add_covering(c, &(struct step){ .kind = STEP_INFLATED, .offset = offset, .n = n, .extra = unpacked, .is_first = is_first, .is_last = is_last });
}

enum err commit_expect(struct commit *c, uint64_t offset, const void *bytes, size_t n)
{
	if (!is_inside(c, offset, n))
		return ERR_FORMAT;
	enum err err = n > 0 ? add_step(c, &(struct step){ .kind = STEP_EXPECT, .offset = offset, .n = n }, bytes, n) : OK;
	return err != OK ? err : add_range(&c->covered, offset, n);
}

void commit_method(struct commit *c, const char *method)
{
	c->method = method;
}

void commit_format(struct commit *c, const char *format)
{
	c->format = format;
}

void commit_weak(struct commit *c)
{
	c->is_weak = true;
}

/* ---- ranges ---- */

static int by_offset(const void *a, const void *b)
{
	const struct file_range *x = a, *y = b;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* In order; those with less than gap between them become one. */
static void ranges_join(struct ranges *r, uint64_t gap)
{
	size_t n = 0;

	if (r->n == 0)
		return;
	qsort(r->at, r->n, sizeof *r->at, by_offset);
	for (size_t i = 1; i < r->n; i++) {
		struct file_range *last = &r->at[n], *this = &r->at[i];
		uint64_t end = last->offset + last->length;
		if (this->offset < end || this->offset - end <= gap) {
			uint64_t mine = this->offset + this->length;
			last->length = (mine > end ? mine : end) - last->offset;
		} else {
			r->at[++n] = *this;
		}
	}
	r->n = n + 1;
}

/* Adds to out what r, in order, leaves out of the file. */
static enum err add_gaps(const struct ranges *r, uint64_t size, struct ranges *out)
{
	uint64_t at = 0;
	enum err err = OK;

	for (size_t i = 0; i < r->n && err == OK; i++) {
		err = add_range(out, at, r->at[i].offset - at);
		at = r->at[i].offset + r->at[i].length;
	}
	return err == OK ? add_range(out, at, size - at) : err;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* At most FILE_RANGES_MAX, by closing the smallest gaps. */
static enum err ranges_few(struct ranges *r, uint64_t gap)
{
	ranges_join(r, gap);
	if (r->n <= FILE_RANGES_MAX)
		return OK;
	uint64_t *gaps = malloc((r->n - 1) * sizeof *gaps);
	if (gaps == NULL)
		return ERR_NOMEM;
	for (size_t i = 1; i < r->n; i++)
		gaps[i - 1] = r->at[i].offset - (r->at[i - 1].offset + r->at[i - 1].length);
	qsort(gaps, r->n - 1, sizeof *gaps, by_value);
	ranges_join(r, gaps[r->n - 1 - FILE_RANGES_MAX]);
	free(gaps);
	return OK;
}

/* ---- the answer ---- */

static void put_ranges(struct file_commit_r *out, const struct ranges *r)
{
	out->n = (uint16_t)(r->n < FILE_RANGES_MAX ? r->n : FILE_RANGES_MAX);
	for (size_t i = 0; i < out->n; i++) {
		out->range[i] = r->at[i];
		out->part += r->at[i].length;
	}
}

/* The format's name follows from the first bytes, which are part of S with that. */
static enum err parse(struct commit *c)
{
	static const struct { const char *magic; size_t n; commit_parser *run; const char *format; } formats[] = {
		{ "MZ", 2, commit_pe, "pe" },
		{ "\xed\xab\xee\xdb", 4, commit_rpm, "rpm" },
		{ "xar!", 4, commit_xar, "xar" },
		{ "PK\3\4", 4, commit_zip, "zip" },
		{ "MSCF", 4, commit_cab, "cab" },
		{ "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, commit_msi, "ole" },
	};
	struct rd head;
	enum err err = commit_need(c, 0, 8, &head);

	for (size_t i = 0; i < sizeof formats / sizeof *formats && err == OK; i++)
		if (memcmp(head.at, formats[i].magic, formats[i].n) == 0) {
			c->format = formats[i].format;
			return formats[i].run(c);
		}
	return err;
}

/* What parsing has led to; ERR_IO and ERR_NOMEM alone are errors. */
static enum err judge(struct commit *c, enum err parsed, struct file_commit_r *out)
{
	enum err err = OK;

	out->status = parsed == ERR_TOO_BIG ? FILE_COMMIT_UNCOVERED : parsed == ERR_FORMAT ? FILE_COMMIT_MALFORMED :
	              c->n_digests > 0 ? FILE_COMMIT_DIFFERS : c->is_weak ? FILE_COMMIT_WEAK : FILE_COMMIT_NONE;
	if (parsed != OK && parsed != ERR_TOO_BIG && parsed != ERR_FORMAT)
		return parsed;
	if (out->status == FILE_COMMIT_DIFFERS) {
		ranges_join(&c->covered, 0);
		err = add_gaps(&c->covered, c->src->size, &c->part);
	}
	if (err == OK)
		err = ranges_few(&c->part, c->any_size ? 0 : COMMIT_GAP);
	if (err != OK)
		return err == ERR_TOO_BIG ? OK : err;
	put_ranges(out, &c->part);
	if (out->status != FILE_COMMIT_DIFFERS)
		return OK;
	if (!c->any_size && out->part > out->size / 2) {
		out->status = FILE_COMMIT_UNCOVERED;
		return OK;
	}
	snprintf(out->method, sizeof out->method, "%s", c->method);
	snprintf(out->digest, sizeof out->digest, "%s", digest_word(c->weakest));
	out->proves = c->is_content ? FILE_PROVES_CONTENT : FILE_PROVES_BYTES;
	bool fits = false;
	err = commit_run(c, &fits);
	if (fits)
		out->status = FILE_COMMIT_FITS;
	return err;
}

enum err commit_file(struct src *s, bool any_size, struct file_commit_r *out)
{
	struct commit c = { .src = s, .format = "", .method = "" };
	struct file_commit_r r = { .status = FILE_COMMIT_SMALL, .size = s->size };
	enum err err = OK;

	c.any_size = any_size;
	if ((any_size || s->size >= COMMIT_LEAST) && s->size >= 8)
		err = judge(&c, parse(&c), &r);
	if (c.format[0])
		snprintf(r.format, sizeof r.format, "%s", c.format);
	if (err == OK)
		err = src_is_unchanged(s);
	while (c.held != NULL) {
		struct held *h = c.held;
		c.held = h->next;
		free(h);
	}
	free(c.steps);
	free(c.part.at);
	free(c.covered.at);
	if (err == OK)
		*out = r;
	return err;
}
