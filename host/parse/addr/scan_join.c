// Addresses that were broken by white space. People and programs split them in few ways: one or two breaks anywhere (a line's end), or rows
// of equal groups ("1A1z P1eP 5QGe …"), perhaps with something shorter at either end. Each way is tried a fixed number of times for each
// piece or row, and only families with a checksum take part.
#include "parse/addr/scan.h"

/* Nothing shorter is put together. */
#define JOIN_MIN 25
/* Groups of three and fewer letters are a spaced word; its neighbours don't begin in the middle of it. */
#define SPACED_MAX 3
/* Bytes from the first to the last piece of one address. */
#define JOIN_BYTES_MAX (4u * ADDR_TEXT_MAX)

static bool usable(const struct piece *p)
{
	return !p->blocked && !p->used;
}

/* n pieces' characters between from and to, as one address? */
static bool try_joined(struct scan *s, const struct piece *first, const struct piece *before, size_t to, size_t n)
{
	struct view v;
	if (!rows_may_join(first->first, n) || to - first->start > JOIN_BYTES_MAX)
		return false;
	view_start(&v);
	if (before)
		scan_lead(s, &v, before, first);
	size_t lead = v.n;
	return view_add(s, &v, first->start, to, VIEW_LETTERS) && v.n - lead == n && scan_try(s, &v, lead, n, true);
}

bool join_broken(struct scan *s, const struct piece *p)
{
	if (p->gap != GAP_SPACE || s->n == 0)
		return false;
	struct piece *a = scan_kept(s, 0), *b = s->n > 1 ? scan_kept(s, 1) : NULL, *c = s->n > 2 ? scan_kept(s, 2) : NULL;
	bool three = b && a->gap == GAP_SPACE;
	size_t two = a->n + p->n, all = three ? two + b->n : two;
	if (all < JOIN_MIN || !usable(p) || !usable(a))
		return false;
	/* Words of a language have neither digits nor capitals inside; an address of that length has. */
	if (two >= JOIN_MIN && two < ADDR_TEXT_MAX && (p->digit || a->digit || p->inner || a->inner) &&
	    try_joined(s, a, b, p->end, two)) {
		a->used = true;
		return true;
	}
	if (three && usable(b) && all < ADDR_TEXT_MAX && (p->digit || a->digit || b->digit || p->inner || a->inner || b->inner) &&
	    try_joined(s, b, c, p->end, all)) {
		a->used = b->used = true;
		return true;
	}
	return false;
}

static void row_new(struct scan *s, const struct piece *p)
{
	s->row.count = 1;
	s->row.size = p->n;
	s->row.chars = p->n;
	s->row.digit = p->digit;
	s->row.bad = !usable(p);
	s->row.starts_n = 0;
	if (p->gap == GAP_SPACE && s->n) {
		const struct piece *prev = scan_kept(s, 0);
		if (prev->n < p->n && usable(prev)) {
			s->row.starts[s->row.starts_n++] = *prev;
			s->row.digit |= prev->digit;
		}
	}
	s->row.starts[s->row.starts_n++] = *p;
}

/* The row is complete; next, when not NULL, is a shorter piece behind it. True when next is part of an address. The last pieces of the row
 * are the last that were kept. */
static bool row_ended(struct scan *s, const struct piece *next)
{
	struct { size_t to, chars_back; } ends[ROW_ENDS];
	size_t ends_n = 0, back = 0;
	bool spaced = s->row.size <= SPACED_MAX;
	if (next && usable(next))
		ends[ends_n++].to = next->end;
	for (; ends_n < ROW_ENDS && back < s->row.count && back < PIECES_KEPT && (back == 0 || !spaced); back++)
		ends[ends_n++].to = scan_kept(s, back)->end;
	size_t starts_n = spaced ? s->row.starts_n < 2 ? s->row.starts_n : 1 + (s->row.starts[0].n < s->row.size) : s->row.starts_n;
	bool has_next = next && usable(next);
	for (size_t i = 0; i < starts_n; i++) {
		const struct piece *start = &s->row.starts[i];
		/* Characters from this start to the row's end. */
		bool outside = start->n < s->row.size;
		size_t skipped = i - (s->row.starts[0].n < s->row.size && i > 0);
		size_t chars = outside ? s->row.chars + start->n : s->row.chars - skipped * s->row.size;
		for (size_t k = 0; k < ends_n; k++) {
			size_t cut = has_next ? k : k + 1; /* 0: with next; 1: the row's end; 2: one piece less */
			if (chars + (cut == 0 ? next->n : 0) < (cut > 1 ? (cut - 1) * s->row.size : 0))
				break;
			size_t n = cut == 0 ? chars + next->n : chars - (cut - 1) * s->row.size;
			if (n < JOIN_MIN || n >= ADDR_TEXT_MAX)
				continue;
			if (try_joined(s, start, NULL, ends[k].to, n)) {
				for (size_t used = cut ? cut - 1 : 0; used < PIECES_KEPT && used < s->n; used++)
					if (scan_kept(s, used)->start >= start->start)
						scan_kept(s, used)->used = true;
				return cut == 0;
			}
		}
	}
	return false;
}

static bool row_is_worth_it(const struct scan *s, size_t more)
{
	return s->row.count >= 2 && !s->row.bad && s->row.digit && s->row.chars + s->row.size + more >= JOIN_MIN;
}

bool join_row(struct scan *s, const struct piece *p)
{
	if (p->gap == GAP_SPACE && p->n == s->row.size && s->row.count > 0) {
		s->row.count++;
		s->row.chars += p->n;
		s->row.digit |= p->digit;
		s->row.bad |= !usable(p);
		if (s->row.starts_n < ROW_STARTS)
			s->row.starts[s->row.starts_n++] = *p;
		return false;
	}
	bool used = false;
	if (s->row.count >= 2) {
		bool follows = p->gap == GAP_SPACE && p->n < s->row.size;
		if (row_is_worth_it(s, follows ? p->n : 0))
			used = row_ended(s, follows ? p : NULL);
	}
	struct piece now = *p;
	now.used = used;
	row_new(s, &now);
	return used;
}

void join_end(struct scan *s)
{
	if (row_is_worth_it(s, 0))
		row_ended(s, NULL);
}
