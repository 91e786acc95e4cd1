// The search for addresses: text is cut into pieces (runs of letters and digits) by masks of 64 bytes, and each piece is looked at once.
// Nearly all are too short or have no digit, and cost some nanoseconds; the rest goes to the table. Nothing is looked at more often than
// a fixed number of times, so the time is linear in any text.
#include "parse/addr/normal.h"
#include "parse/addr/scan.h"
#include "parse/addr/scan_mask.h"
#include <string.h>

/* The shortest address of letters and digits alone is a witness program of two bytes (BIP 350); all have digits, but a long one of base58
 * may by chance have none. */
#define SHORT_MIN 14
#define PLAIN_MIN 25

struct piece *scan_kept(struct scan *s, size_t back)
{
	return &s->kept[(s->n - 1 - back) % PIECES_KEPT];
}

enum gap scan_gap(const struct scan *s, size_t from, size_t to)
{
	unsigned lines = 0, spaces = 0, marks = 0;
	bool hyphen = false;
	if (to - from > GAP_MAX)
		return GAP_OTHER;
	for (size_t i = from; i < to;) {
		struct normal c = normal_next(s->text + i, s->len - i);
		if (c.kind == NORMAL_LINE) {
			if (s->text[i] != '\r' || i + 1 == to || s->text[i + 1] != '\n')
				lines++;
		} else if (c.kind == NORMAL_SPACE) {
			spaces++;
		} else if (c.kind == NORMAL_OTHER) {
			if (c.c == '\0' || !strchr(":_-./+=", c.c) || lines || spaces)
				return GAP_OTHER;
			marks++;
			hyphen = c.c == '-';
		} else if (c.kind != NORMAL_HIDDEN) {
			return GAP_OTHER;
		}
		i += c.size;
	}
	if (marks == 0)
		return lines <= 2 ? GAP_SPACE : GAP_OTHER;
	if (lines || spaces)
		/* A hyphen at the end of a line. */
		return marks == 1 && hyphen && lines >= 1 && lines <= 2 ? GAP_SPACE : GAP_OTHER;
	return marks <= 4 ? GAP_CONNECT : GAP_OTHER;
}

void scan_lead(const struct scan *s, struct view *v, const struct piece *prev, const struct piece *p)
{
	if (p->gap != GAP_CONNECT || p->start - prev->start > ADDR_LEAD_MAX)
		return;
	size_t from = prev->start;
	if (from > 0 && s->text[from - 1] == '-')
		from--;
	size_t n = v->n;
	if (!view_add(s, v, from, p->start, VIEW_MARKS))
		v->n = n;
}

/* What follows, as far as a suffix may reach. */
static void tail(const struct scan *s, struct view *v, size_t from)
{
	size_t n = v->n;
	for (size_t to = from; to < s->len && to - from < ADDR_TAIL_MAX && s->text[to] > ' ' && s->text[to] < 0x7f; to++)
		if (!view_add(s, v, to, to + 1, VIEW_MARKS)) {
			v->n = n;
			return;
		}
}

/* One piece by itself, with a prefix that may stand before it. */
static bool alone(struct scan *s, const struct piece *p, const struct piece *prev)
{
	struct view v;
	if (p->blocked || p->n >= ADDR_TEXT_MAX)
		return false;
	if (p->folded || (p->gap == GAP_CONNECT && prev->folded)) {
		view_start(&v);
		scan_lead(s, &v, prev, p);
		size_t lead = v.n;
		if (!view_add(s, &v, p->start, p->end, VIEW_LETTERS) || v.n - lead != p->n)
			return false;
		tail(s, &v, p->end);
		return scan_try(s, &v, lead, p->n, false);
	}
	size_t lead = 0, behind = s->len - p->end;
	if (p->gap == GAP_CONNECT && p->start - prev->start < ADDR_LEAD_MAX) {
		lead = p->start - prev->start;
		lead += prev->start > 0 && s->text[prev->start - 1] == '-';
	}
	v.in_place = true;
	v.base = p->start - lead;
	v.s = (const char *)s->text + v.base;
	v.n = lead + p->n + (behind < ADDR_TAIL_MAX ? behind : ADDR_TAIL_MAX);
	return scan_try(s, &v, lead, p->n, false);
}

static enum gap gap_before(const struct scan *s, const struct piece *prev, size_t start)
{
	if (s->n == 0)
		return GAP_OTHER;
	if (start - prev->end == 1) {
		switch (s->text[prev->end]) {
		case ' ': case '\n': case '\t': case '\r':
			return GAP_SPACE;
		case ':': case '_': case '-': case '.': case '/': case '+': case '=':
			return GAP_CONNECT;
		case ',': case '(': case ')': case '*': case '"': case '\'': case '<': case '>':
			return GAP_OTHER;
		default:
			break;
		}
	}
	return scan_gap(s, prev->end, start);
}

/* Every piece comes by here, in order. */
static inline void piece(struct scan *s, struct piece *p)
{
	static const struct piece none;
	const struct piece *prev = s->n ? scan_kept(s, 0) : &none;
	p->gap = (uint8_t)gap_before(s, prev, p->start);
	if (p->gap != GAP_CONNECT) {
		if (s->n)
			chain_end(s, prev->end);
		s->chain.start = p->start;
		s->chain.digit = s->chain.used = s->chain.folded = false;
	}
	p->used = join_row(s, p);
	if (!p->used && ((p->digit && p->n >= SHORT_MIN) || p->n >= PLAIN_MIN))
		p->used = alone(s, p, prev);
	if (!p->used)
		p->used = join_broken(s, p);
	s->chain.digit |= p->digit;
	s->chain.used |= p->used;
	s->chain.folded |= p->folded;
	s->kept[s->n++ % PIECES_KEPT] = *p;
	if (p->used)
		s->row.bad = true;
}

/* A run with bytes above ASCII: characters decide what it is made of. */
static void run_folded(struct scan *s, size_t start, size_t end)
{
	struct piece p = { .n = 0 };
	for (size_t i = start; i < end;) {
		struct normal c = normal_next(s->text + i, s->len - i);
		size_t at = i;
		i += c.size;
		if (c.kind == NORMAL_HIDDEN) {
			p.folded = true;
			continue;
		}
		if (c.kind != NORMAL_WORD && c.kind != NORMAL_LETTER) {
			if (p.n)
				piece(s, &p);
			p = (struct piece){ .n = 0 };
			continue;
		}
		if (p.n == 0)
			p = (struct piece){ .start = at, .first = c.c };
		else
			p.inner |= c.c >= 'A' && c.c <= 'Z';
		p.digit |= c.c >= '0' && c.c <= '9';
		p.blocked |= c.kind == NORMAL_LETTER;
		p.folded |= c.size > 1;
		p.end = i;
		p.n++;
	}
	if (p.n)
		piece(s, &p);
}

/* A run of letters, digits and bytes above ASCII, as the masks have it. */
struct run { size_t start; bool open, digit, inner, high; };

static inline void run_end(struct scan *s, struct run *r, size_t end)
{
	r->open = false;
	if (r->high) {
		run_folded(s, r->start, end);
		return;
	}
	struct piece p = { .start = r->start, .end = end, .n = end - r->start, .first = (char)s->text[r->start], .digit = r->digit,
	                   .inner = r->inner };
	piece(s, &p);
}

/* The bits below n, n <= 64. */
static inline uint64_t below(unsigned n)
{
	return n >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

static inline unsigned lowest(uint64_t bits)
{
	return bits ? (unsigned)__builtin_ctzll(bits) : 64;
}

static inline void block(struct scan *s, struct run *r, const struct mask *m, size_t base)
{
	uint64_t left = m->word;
	unsigned start = 0;
	if (!r->open) {
		if (left == 0)
			return;
		start = lowest(left);
		*r = (struct run){ .start = base + start, .open = true };
	}
	for (;;) {
		unsigned end = lowest(~left & ~below(start));
		uint64_t here = below(end) & ~below(start);
		bool first = base + start == r->start;
		r->digit |= (m->digit & here) != 0;
		r->high |= (m->high & here) != 0;
		r->inner |= (m->upper & here & ~(first ? UINT64_C(1) << start : 0)) != 0;
		if (end == 64)
			return;
		run_end(s, r, base + end);
		left &= ~below(end);
		if (left == 0)
			return;
		start = lowest(left);
		*r = (struct run){ .start = base + start, .open = true };
	}
}

void addr_scan(const uint8_t *text, size_t len, struct addr_hits *out)
{
	struct scan s = { .text = text, .len = len, .out = out };
	struct run r = { .open = false };
	size_t i = 0;
	out->n = 0;
	out->more = false;
	for (; len - i >= 64; i += 64) {
		struct mask m = mask_of(text + i);
		block(&s, &r, &m, i);
	}
	if (i < len) {
		uint8_t last[64] = { 0 };
		memcpy(last, text + i, len - i);
		struct mask m = mask_of(last);
		block(&s, &r, &m, i);
	}
	if (r.open)
		run_end(&s, &r, len);
	if (s.n == 0)
		return;
	chain_end(&s, scan_kept(&s, 0)->end);
	join_end(&s);
}
