// Addresses that have punctuation inside (base64, dashed groups): a chain of pieces with such marks between them is cut wherever a
// mark stands that the family does not have.
#include "parse/addr/normal.h"
#include "parse/addr/scan.h"
#include "parse/addr/scan_mask.h"

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
		const struct addr_row *row = rows_find_inside(v->s + a, b - a, inside, &at);
		if (row && b - a < ADDR_TEXT_MAX) {
			scan_hit(s, row, v, a, b - a);
			return true;
		}
	}
	return false;
}

/* Where the chain's marks are; n is above MARKS_MAX when they are more, then they are looked for again. */
#define MARKS_MAX 512
struct marks { size_t n; uint32_t at[MARKS_MAX]; };

static void find_marks(const struct view *v, struct marks *out)
{
	out->n = 0;
	for (size_t i = 0; out->n <= MARKS_MAX; i++) {
		i += mask_skip((const uint8_t *)v->s + i, v->n - i);
		if (i == v->n)
			return;
		if (out->n++ < MARKS_MAX)
			out->at[out->n - 1] = (uint32_t)i;
	}
}

/* The next mark at from or behind it that the set does not have, or the chain's end. */
static size_t next_foreign(const struct view *v, const struct addr_inside *inside, const struct marks *marks, size_t *mark, size_t from)
{
	if (marks->n > MARKS_MAX) {
		while (from < v->n && in_set(inside, v->s[from]))
			from++;
		return from;
	}
	while (*mark < marks->n && in_set(inside, v->s[marks->at[*mark]]))
		++*mark;
	return *mark < marks->n ? marks->at[(*mark)++] : v->n;
}

/* Cuts the chain at what the set doesn't have. */
static bool try_set(struct scan *s, const struct view *v, const struct addr_inside *inside, const struct marks *marks)
{
	size_t mark = 0;
	for (size_t from = 0; from < v->n;) {
		size_t to = next_foreign(v, inside, marks, &mark, from);
		if (to - from >= inside->len_min && try_run(s, v, inside, from, to))
			return true;
		from = to + 1;
	}
	return false;
}

/* Marks that an address may begin or end with; hidden characters between them and it. */
#define END_MARKS_MAX 2
#define END_HIDDEN_MAX 8

/* Where the marks behind end go to. *folded: when they are no plain ASCII right there. */
static size_t marks_behind(const struct scan *s, size_t end, uint8_t *folded)
{
	size_t at = end;
	for (unsigned marks = 0, hidden = 0; at < s->len && marks < END_MARKS_MAX && hidden < END_HIDDEN_MAX;) {
		struct normal c = normal_next(s->text + at, s->len - at);
		bool is_mark = c.kind == NORMAL_OTHER && (c.c == '-' || c.c == '_' || c.c == '+' || c.c == '/');
		if (!is_mark && c.kind != NORMAL_HIDDEN)
			break;
		at += c.size;
		marks += is_mark;
		hidden += !is_mark;
		if (!is_mark)
			continue;
		if (c.size > 1 || hidden)
			*folded = PIECE_FOLDED;
		end = at;
	}
	return end;
}

static size_t marks_before(const struct scan *s, size_t start, uint8_t *folded)
{
	size_t at = start;
	for (unsigned marks = 0, hidden = 0; at > 0 && marks < END_MARKS_MAX && hidden < END_HIDDEN_MAX;) {
		size_t before = scan_char_before(s, at);
		struct normal c = normal_next(s->text + before, s->len - before);
		bool is_mark = c.kind == NORMAL_OTHER && (c.c == '-' || c.c == '_');
		if ((!is_mark && c.kind != NORMAL_HIDDEN) || before + c.size != at)
			break;
		at = before;
		marks += is_mark;
		hidden += !is_mark;
		if (!is_mark)
			continue;
		if (c.size > 1 || hidden)
			*folded = PIECE_FOLDED;
		start = at;
	}
	return start;
}

void chain_end(struct scan *s, size_t end)
{
	size_t start = s->chain.start;
	struct view v;
	/* Marks at either end may belong to it. */
	uint8_t folded = s->chain.flags & PIECE_FOLDED;
	start = marks_before(s, start, &folded);
	end = marks_behind(s, end, &folded);
	if (folded) {
		view_start(&v);
		if (end - start > CHAIN_FOLDED_MAX || !view_add(s, &v, start, end, VIEW_MARKS))
			return;
	} else {
		v.in_place = true;
		v.base = start;
		v.s = (const char *)s->text + start;
		v.n = end - start;
	}
	struct marks marks;
	find_marks(&v, &marks);
	for (size_t k = 0; k < rows_inside_n; k++)
		if (v.n >= rows_inside[k].len_min && try_set(s, &v, &rows_inside[k], &marks))
			return;
}
