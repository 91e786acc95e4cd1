// What the scanner sees of a text: characters with where they came from; and the noting of hits.
#include "parse/addr/normal.h"
#include "parse/addr/scan.h"
#include "parse/addr/scan_mask.h"
#include <string.h>

void view_start(struct view *v)
{
	v->s = v->room;
	v->n = v->runs_n = 0;
	v->in_place = false;
}

void view_cut(struct view *v, size_t n)
{
	v->n = n;
	while (v->runs_n && v->runs[v->runs_n - 1].at >= n)
		v->runs_n--;
}

/* The next character stands at pos and takes size bytes: does it continue the last run? */
static inline void run_add(struct view *v, size_t pos, uint8_t size)
{
	const struct view_run *last = &v->runs[v->runs_n ? v->runs_n - 1 : 0];
	if (v->runs_n == 0 || last->size != size || last->pos + (v->n - last->at) * size != pos)
		v->runs[v->runs_n++] = (struct view_run){ pos, (uint16_t)v->n, size };
}

bool view_add(const struct scan *s, struct view *v, size_t from, size_t to, enum view_keep keep)
{
	for (size_t i = from; i < to;) {
		/* Mostly it is this. */
		size_t most = to - i < sizeof v->room - v->n ? to - i : sizeof v->room - v->n;
		size_t plain = mask_copy(v->room + v->n, s->text + i, most);
		if (plain) {
			run_add(v, i, 1);
			v->n += plain;
			i += plain;
			if (i == to)
				break;
		}
		struct normal c = normal_next(s->text + i, s->len - i);
		bool take = c.kind == NORMAL_WORD;
		if (c.kind == NORMAL_LETTER)
			return false;
		if (c.kind == NORMAL_OTHER) {
			if (keep == VIEW_MARKS && c.c)
				take = true;
			else if (keep == VIEW_MARKS || c.c != '-')
				return false;
		}
		if (keep == VIEW_MARKS && (c.kind == NORMAL_SPACE || c.kind == NORMAL_LINE))
			return false;
		if (take) {
			if (v->n == sizeof v->room)
				return false;
			run_add(v, i, c.size);
			v->room[v->n++] = c.c;
		}
		i += c.size;
	}
	return true;
}

/* The run that character i is in. */
static const struct view_run *run_of(const struct view *v, size_t i)
{
	size_t low = 0, high = v->runs_n;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (v->runs[middle].at <= i)
			low = middle;
		else
			high = middle;
	}
	return &v->runs[low];
}

size_t view_from(const struct view *v, size_t i)
{
	if (v->in_place)
		return v->base + i;
	const struct view_run *run = run_of(v, i);
	return run->pos + (i - run->at) * run->size;
}

size_t view_to(const struct view *v, size_t i)
{
	return v->in_place ? v->base + i + 1 : view_from(v, i) + run_of(v, i)->size;
}

void scan_hit(struct scan *s, const struct addr_row *row, const struct view *v, size_t i, size_t n)
{
	size_t from = view_from(v, i);
	while (s->out->n) {
		const struct addr_hit *last = &s->out->hit[s->out->n - 1];
		if (last->offset + last->length <= from)
			break;
		if (last->row->checksum_bits >= row->checksum_bits)
			return;
		s->out->n--;
	}
	if (s->out->n == ADDR_HITS_MAX) {
		s->out->more = true;
		return;
	}
	struct addr_hit *hit = &s->out->hit[s->out->n++];
	hit->row = row;
	hit->offset = from;
	hit->length = view_to(v, i + n - 1) - hit->offset;
	hit->normalised = hit->length != n || memcmp(s->text + hit->offset, v->s + i, n) != 0;
	memcpy(hit->text, v->s + i, n);
	hit->text[n] = '\0';
	for (size_t k = 0; row->caseless && k < n; k++)
		if (hit->text[k] >= 'A' && hit->text[k] <= 'Z')
			hit->text[k] = (char)(hit->text[k] | 32);
}

bool scan_try(struct scan *s, const struct view *v, size_t i, size_t n, bool joined)
{
	struct addr_place at = { s->text, s->len, view_from(v, i), view_to(v, i + n - 1), joined };
	struct addr_candidate c = { v->s + i, n, i, v->n - i - n };
	size_t before, behind;
	const struct addr_row *row = rows_find(&c, &at, &before, &behind);
	if (!row || before + n + behind >= ADDR_TEXT_MAX)
		return false;
	scan_hit(s, row, v, i - before, before + n + behind);
	return true;
}
