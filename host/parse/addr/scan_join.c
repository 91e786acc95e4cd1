// Addresses that were broken by white space. People and programs split them in few ways: one or two breaks anywhere (a line's end), or rows
// of equal groups ("1A1z P1eP 5QGe …"), perhaps with something shorter at either end. Each way is tried a fixed number of times for each
// piece or row, and only families with a checksum take part.
#include "parse/addr/scan.h"

/* Groups of three and fewer letters are a spaced word; its neighbours don't begin in the middle of it. */
#define SPACED_MAX 3
/* Bytes from the first to the last piece of one address. */
#define JOIN_BYTES_MAX (4u * ADDR_TEXT_MAX)

static bool usable(const struct piece *p)
{
	return (p->flags & (PIECE_BLOCKED | PIECE_USED)) == 0;
}

/* The n characters from first to the byte to, as one address? */
static bool try_joined(struct scan *s, const struct piece *first, size_t to, size_t n)
{
	struct view v;
	const char *known = (first->flags & PIECE_FOLDED) ? &first->first : (const char *)s->text + first->start;
	if (to - first->start > JOIN_BYTES_MAX || !rows_may_join(known, (first->flags & PIECE_FOLDED) ? 1 : first->n, n))
		return false;
	view_start(&v);
	scan_lead(s, &v, first);
	size_t lead = v.n;
	return view_add(s, &v, first->start, to, VIEW_LETTERS) && v.n - lead == n && scan_try(s, &v, lead, n, true);
}

bool join_broken(struct scan *s, const struct piece *p)
{
	struct piece *a = scan_kept(s, 0), *b = scan_kept(s, 1);
	bool three = a->gap == GAP_SPACE;
	size_t two = (size_t)a->n + p->n, all = three ? two + b->n : two;
	if (all < JOIN_MIN || !usable(p) || !usable(a))
		return false;
	/* Words of a language have neither digits nor capitals inside; an address of that length has. */
	const uint8_t any = PIECE_DIGIT | PIECE_INNER;
	bool mixed = ((p->flags | a->flags) & any) != 0;
	if (two >= JOIN_MIN && two < ADDR_TEXT_MAX && mixed && try_joined(s, a, p->end, two)) {
		a->flags |= PIECE_USED;
		return true;
	}
	if (three && usable(b) && all < ADDR_TEXT_MAX && (mixed || (b->flags & any)) && try_joined(s, b, p->end, all)) {
		a->flags |= PIECE_USED;
		b->flags |= PIECE_USED;
		return true;
	}
	return false;
}

static void row_takes(struct scan *s, const struct piece *p)
{
	s->row.chars += p->n;
	s->row.flags |= p->flags;
	if (s->row.starts_n < ROW_STARTS)
		s->row.starts[s->row.starts_n++] = *p;
}

void join_row_grows(struct scan *s, const struct piece *p)
{
	if (++s->row.count == 2) {
		const struct piece *first = scan_kept(s, 0), *outside = scan_kept(s, 1);
		s->row.chars = s->row.starts_n = 0;
		s->row.flags = 0;
		if (first->gap == GAP_SPACE && outside->n < first->n && usable(outside)) {
			s->row.flags = outside->flags;
			s->row.starts[s->row.starts_n++] = *outside;
		}
		row_takes(s, first);
	}
	row_takes(s, p);
}

/* Tries the row from one start to all ends. chars: from there to the row's end. */
static bool try_row(struct scan *s, const struct piece *start, size_t chars, const struct piece *next)
{
	size_t size = s->row.size;
	if (next && chars + next->n >= JOIN_MIN && chars + next->n < ADDR_TEXT_MAX && try_joined(s, start, next->end, chars + next->n))
		return true;
	for (size_t back = 0; back < ROW_ENDS - 1 && back < s->row.count && (back == 0 || size > SPACED_MAX); back++) {
		if (chars < back * size + JOIN_MIN)
			break;
		size_t n = chars - back * size;
		if (n < ADDR_TEXT_MAX && try_joined(s, start, scan_kept(s, back)->end, n))
			return true;
	}
	return false;
}

bool join_row_ends(struct scan *s, const struct piece *next)
{
	if (next && !usable(next))
		next = NULL;
	if ((s->row.flags & (PIECE_BLOCKED | PIECE_USED)) || !(s->row.flags & PIECE_DIGIT) || s->row.chars + s->row.size + (next ? next->n : 0) < JOIN_MIN)
		return false;
	bool outside = s->row.starts[0].n < s->row.size;
	size_t starts = s->row.size > SPACED_MAX ? s->row.starts_n : 1u + outside;
	for (size_t i = 0; i < starts; i++) {
		const struct piece *start = &s->row.starts[i];
		size_t chars = s->row.chars + (i == 0 && outside ? start->n : 0) - (i - (outside && i > 0)) * s->row.size;
		if (!try_row(s, start, chars, next))
			continue;
		/* Whatever of it is still remembered is not looked at again. */
		const struct addr_hit *hit = &s->out->hit[s->out->n ? s->out->n - 1 : 0];
		for (size_t back = 0; back < PIECES_KEPT && back < s->n; back++) {
			struct piece *p = scan_kept(s, back);
			if (p->start >= start->start && p->start < hit->offset + hit->length)
				p->flags |= PIECE_USED;
		}
		return next && next->start < hit->offset + hit->length;
	}
	return false;
}
