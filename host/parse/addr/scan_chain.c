// Addresses that have punctuation inside (base64, dashed groups): a chain of pieces with such marks between them is cut wherever a
// mark stands that the family does not have.
#include "parse/addr/scan.h"

/* A chain in which something is hidden is copied; a longer one is not looked at. */
#define CHAIN_FOLDED_MAX ADDR_TEXT_MAX

static bool in_set(const struct addr_inside *inside, char c)
{
	uint8_t byte = (uint8_t)c;
	return byte < 128 && inside->set[byte >> 6] >> (byte & 63) & 1;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* Characters from .. to of the view, which nothing continues: as they are, and without marks at either end. */
static bool try_run(struct scan *s, const struct view *v, const struct addr_inside *inside, size_t from, size_t to)
{
	size_t bare_from = from, bare_to = to;
	while (bare_from < bare_to && !is_alnum(v->s[bare_from]))
		bare_from++;
	while (bare_to > bare_from && !is_alnum(v->s[bare_to - 1]))
		bare_to--;
	const size_t starts[2] = { from, bare_from }, ends[2] = { to, bare_to };
	for (size_t k = 0; k < 4; k++) {
		size_t a = starts[k & 1], b = ends[k >> 1];
		if (((k & 1) && bare_from == from) || ((k >> 1) && bare_to == to) || b - a < inside->len_min || b - a > inside->len_max)
			continue;
		struct addr_place at = { s->text, s->len, view_from(v, a), view_to(v, b - 1), false };
		const struct addr_row *row = rows_find_inside(v->s + a, b - a, inside->marks, &at);
		if (row && b - a < ADDR_TEXT_MAX) {
			scan_hit(s, row, v, a, b - a);
			return true;
		}
	}
	return false;
}

void chain_end(struct scan *s, size_t end)
{
	size_t start = s->chain.start;
	struct view v;
	/* Marks at either end may belong to it. */
	while (start > 0 && s->chain.start - start < 2 && (s->text[start - 1] == '-' || s->text[start - 1] == '_'))
		start--;
	for (size_t more = 0; more < 2 && end < s->len && (s->text[end] == '-' || s->text[end] == '_' || s->text[end] == '+' ||
	                                                   s->text[end] == '/'); more++)
		end++;
	if (s->chain.flags & PIECE_FOLDED) {
		view_start(&v);
		if (end - start > CHAIN_FOLDED_MAX || !view_add(s, &v, start, end, VIEW_MARKS))
			return;
	} else {
		v.in_place = true;
		v.base = start;
		v.s = (const char *)s->text + start;
		v.n = end - start;
	}
	for (size_t k = 0; k < rows_inside_n; k++) {
		const struct addr_inside *inside = &rows_inside[k];
		if (v.n < inside->len_min)
			continue;
		for (size_t i = 0; i < v.n;) {
			size_t from = i;
			while (i < v.n && in_set(inside, v.s[i]))
				i++;
			if (i - from >= inside->len_min && try_run(s, &v, inside, from, i))
				return;
			i++;
		}
	}
}
