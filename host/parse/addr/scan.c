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

size_t scan_char_before(const struct scan *s, size_t at)
{
	size_t end = at--;
	while (at > 0 && end - at < 4 && (s->text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* Is there a minus before from, hidden characters left out of account? Then where it begins, else from. */
static size_t minus_before(const struct scan *s, size_t from)
{
	size_t at = from;
	for (unsigned steps = 0; steps < 4 && at > 0; steps++) {
		at = scan_char_before(s, at);
		struct normal c = normal_next(s->text + at, s->len - at);
		if (c.kind != NORMAL_HIDDEN)
			return c.c == '-' ? at : from;
	}
	return from;
}

/* Where the lead of p begins: at its chain's start, with a minus before it, or as far back as any reaches. */
static size_t lead_from(const struct scan *s, const struct piece *p)
{
	size_t at = p->start;
	if (p->gap != GAP_CONNECT || p->chain >= p->start)
		return p->start;
	/* Characters, of up to four bytes; what is hidden among them counts as little as it shows. */
	for (unsigned n = 0; at > p->chain && p->start - at < 4 * ADDR_LEAD_MAX; n += s->text[at] < 128 || normal_next(s->text + at, s->len - at).kind != NORMAL_HIDDEN) {
		if (n == ADDR_LEAD_MAX - 1)
			return at;
		at = scan_char_before(s, at);
	}
	return at > p->chain ? at : minus_before(s, p->chain);
}

void scan_lead(const struct scan *s, struct view *v, const struct piece *p)
{
	size_t n = v->n;
	if (!view_add(s, v, lead_from(s, p), p->start, VIEW_MARKS))
		view_cut(v, n);
}

/* What follows, as far as a suffix may reach. */
static void tail(const struct scan *s, struct view *v, size_t from)
{
	size_t most = v->n + ADDR_TAIL_MAX;
	while (from < s->len && v->n < most) {
		size_t size = normal_next(s->text + from, s->len - from).size;
		if (!view_add(s, v, from, from + size, VIEW_MARKS))
			return;
		from += size;
	}
}

static bool is_plain(const struct scan *s, size_t from, size_t to)
{
	uint8_t high = 0;
	for (size_t i = from; i < to; i++)
		high |= s->text[i];
	return high < 0x80;
}

/* One piece by itself, with a prefix that may stand before it. */
static bool alone(struct scan *s, const struct piece *p)
{
	struct view v;
	if ((p->flags & PIECE_BLOCKED) || p->n >= ADDR_TEXT_MAX)
		return false;
	size_t begin = lead_from(s, p), behind = s->len - p->end < ADDR_TAIL_MAX ? s->len - p->end : ADDR_TAIL_MAX;
	if ((p->flags & PIECE_FOLDED) || !is_plain(s, begin, p->start) || !is_plain(s, p->end, p->end + behind)) {
		view_start(&v);
		scan_lead(s, &v, p);
		size_t lead = v.n;
		if (!view_add(s, &v, p->start, p->end, VIEW_LETTERS) || v.n - lead != p->n)
			return false;
		tail(s, &v, p->end);
		return scan_try(s, &v, lead, p->n, false);
	}
	v.in_place = true;
	v.base = begin;
	v.s = (const char *)s->text + begin;
	v.n = p->end + behind - begin;
	return scan_try(s, &v, p->start - begin, p->n, false);
}

/* As the masks have it: a letter or digit of ASCII, or a byte above. */
static bool is_word(uint8_t c)
{
	return c > 127 || (uint8_t)((c | 32) - 'a') < 26 || (uint8_t)(c - '0') < 10;
}

/* What one ASCII character between two pieces makes of the gap. 0: look closer. */
enum { GAP_LOOK = 0, GAP_MARKS = 1 + GAP_CONNECT, GAP_BLANK = 1 + GAP_SPACE, GAP_ELSE = 1 + GAP_OTHER };
static const uint8_t gap_by[128] = {
	[' '] = GAP_BLANK, ['\n'] = GAP_BLANK, ['\t'] = GAP_BLANK, ['\r'] = GAP_BLANK,
	[':'] = GAP_MARKS, ['_'] = GAP_MARKS, ['-'] = GAP_MARKS, ['.'] = GAP_MARKS, ['/'] = GAP_MARKS, ['+'] = GAP_MARKS, ['='] = GAP_MARKS,
	[','] = GAP_ELSE, [';'] = GAP_ELSE, ['('] = GAP_ELSE, [')'] = GAP_ELSE, ['['] = GAP_ELSE, [']'] = GAP_ELSE, ['{'] = GAP_ELSE,
	['}'] = GAP_ELSE, ['<'] = GAP_ELSE, ['>'] = GAP_ELSE, ['"'] = GAP_ELSE, ['\''] = GAP_ELSE, ['*'] = GAP_ELSE, ['&'] = GAP_ELSE,
	['|'] = GAP_ELSE, ['!'] = GAP_ELSE, ['?'] = GAP_ELSE, ['#'] = GAP_ELSE, ['$'] = GAP_ELSE, ['%'] = GAP_ELSE, ['@'] = GAP_ELSE,
	['\\'] = GAP_ELSE, ['^'] = GAP_ELSE, ['`'] = GAP_ELSE, ['~'] = GAP_ELSE,
};

static inline uint8_t gap_class(uint8_t c)
{
	return c < 128 ? gap_by[c] : GAP_LOOK;
}

/* The gap, when it is longer than one character: what is common is told without scan_gap. */
static enum gap gap_long(const struct scan *s, size_t end, size_t start)
{
	bool blank = false;
	unsigned lines = 0;
	if (start - end > GAP_MAX)
		return GAP_OTHER;
	for (size_t i = end; i < start; i++) {
		uint8_t by = gap_class(s->text[i]);
		/* Neither punctuation, nor a mark behind white space, joins anything, whatever follows. */
		if (by == GAP_ELSE || (by == GAP_MARKS && blank))
			return GAP_OTHER;
		if (by != GAP_BLANK || s->text[i] == '\r')
			return scan_gap(s, end, start);
		blank = true;
		lines += s->text[i] == '\n';
	}
	return lines <= 2 ? GAP_SPACE : GAP_OTHER;
}

static inline enum gap gap_before(const struct scan *s, size_t end, size_t start)
{
	uint8_t c = s->text[end], by = gap_class(c);
	if (by == GAP_ELSE || s->n == 0)
		return GAP_OTHER;
	if (start - end == 1 && by != GAP_LOOK)
		return (enum gap)(by - 1);
	/* ". " and the like. */
	if (by == GAP_MARKS && c != '-' && s->text[end + 1] == ' ')
		return GAP_OTHER;
	return gap_long(s, end, start);
}

/* Is the chain worth a look? */
static inline bool chain_counts(const struct scan *s, size_t end)
{
	size_t n = end - s->chain.start;
	return n >= CHAIN_MIN && !(s->chain.flags & PIECE_USED) && ((s->chain.flags & PIECE_DIGIT) || n >= CHAIN_PLAIN_MIN) &&
	       ((s->chain.flags & CHAIN_DASH) || n >= CHAIN_DASHLESS_MIN);
}

/* Where the next piece is written: among the kept ones, over the oldest, which nobody asks for any more. */
static inline struct piece *piece_next(struct scan *s)
{
	return &s->kept[s->n & (PIECES_KEPT - 1)];
}

/* Every piece comes by here, in order, once it is written. */
static inline void piece(struct scan *s)
{
	struct piece *p = piece_next(s);
	const struct piece *prev = scan_kept(s, 0);
	enum gap gap = gap_before(s, prev->end, p->start);
	uint8_t used = 0;
	p->gap = (uint8_t)gap;
	if (gap != GAP_CONNECT) {
		if (prev->end - s->chain.start >= CHAIN_MIN && chain_counts(s, prev->end))
			chain_end(s, prev->end);
		s->chain.start = p->start;
		s->chain.flags = 0;
	} else if (p->start - prev->end > 1) {
		/* Perhaps something hidden between the marks: a copy is always right. */
		s->chain.flags |= PIECE_FOLDED | CHAIN_DASH;
	} else if (s->text[prev->end] == '-') {
		s->chain.flags |= CHAIN_DASH;
	}
	p->chain = s->chain.start;
	if (gap == GAP_SPACE && p->n == s->row.size) {
		join_row_grows(s, p);
	} else {
		if (s->row.count > 1)
			used = join_row_ends(s, gap == GAP_SPACE && p->n < s->row.size ? p : NULL) ? PIECE_USED : 0;
		s->row.count = 1;
		s->row.size = p->n;
	}
	if (!used && p->n >= SHORT_MIN && ((p->flags & PIECE_DIGIT) || p->n >= PLAIN_MIN) && alone(s, p))
		used = scan_mark(s);
	if (used != PIECE_USED && gap == GAP_SPACE && p->n + prev->n + scan_kept(s, 1)->n >= JOIN_MIN && join_broken(s, p))
		used = PIECE_USED;
	if (used) {
		p->flags |= used;
		s->row.flags |= used;
	}
	s->chain.flags |= p->flags;
	s->n++;
}

/* A run with bytes above ASCII: characters decide what it is made of. */
static void run_folded(struct scan *s, size_t start, size_t end)
{
	struct piece p = { .n = 0 };
	char last = 0;
	for (size_t i = start; i < end;) {
		struct normal c = normal_next(s->text + i, s->len - i);
		size_t at = i;
		i += c.size;
		if (c.kind == NORMAL_HIDDEN) {
			p.flags |= PIECE_FOLDED;
			continue;
		}
		if (c.kind != NORMAL_WORD && c.kind != NORMAL_LETTER) {
			if (p.n) {
				*piece_next(s) = p;
				piece(s);
			}
			p = (struct piece){ .n = 0 };
			continue;
		}
		if (p.n == 0)
			p = (struct piece){ .start = at, .first = c.c };
		else if (c.c >= 'A' && c.c <= 'Z' && last >= 'a' && last <= 'z')
			p.flags |= PIECE_INNER;
		last = c.c;
		if (c.c >= '0' && c.c <= '9')
			p.flags |= PIECE_DIGIT;
		if (c.kind == NORMAL_LETTER)
			p.flags |= PIECE_BLOCKED;
		if (c.size > 1)
			p.flags |= PIECE_FOLDED;
		p.end = i;
		p.n += p.n < UINT32_MAX / 4;
	}
	if (p.n) {
		*piece_next(s) = p;
		piece(s);
	}
}

/* A run of letters, digits and bytes above ASCII, as the masks have it. */
struct run { size_t start; bool open, high; uint8_t flags; };

static inline void run_end(struct scan *s, struct run *r, size_t end)
{
	r->open = false;
	if (r->high) {
		run_folded(s, r->start, end);
		return;
	}
	size_t n = end - r->start;
	struct piece *p = piece_next(s);
	p->start = r->start;
	p->end = end;
	p->n = n < UINT32_MAX / 4 ? (uint32_t)n : UINT32_MAX / 4;
	p->first = (char)s->text[r->start];
	p->flags = r->flags;
	piece(s);
}

/* bits is not 0. */
static inline unsigned lowest(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

/* Capitals right behind small letters. */
static inline uint64_t inner_of(const struct mask *m)
{
	return m->upper & (m->word & ~(m->upper | m->digit | m->high)) << 1;
}

/* What the run has that is special, at the bits `here`. */
static inline void run_sees(struct run *r, const struct mask *m, uint64_t inner, uint64_t here)
{
	if (((m->digit | inner | m->high) & here) == 0)
		return;
	r->flags |= (m->digit & here) ? PIECE_DIGIT : 0;
	r->flags |= (inner & here) ? PIECE_INNER : 0;
	r->high |= (m->high & here) != 0;
}

/* The runs of 64 bytes from base on. */
static inline void block(struct scan *s, struct run *r, const struct mask *m, size_t base)
{
	uint64_t inner = inner_of(m), before = m->word << 1 | r->open, starts = m->word & ~before, ends = ~m->word & before;
	unsigned start = 0;
	for (; ends; ends &= ends - 1) {
		unsigned end = lowest(ends);
		if (!r->open) {
			start = lowest(starts);
			starts &= starts - 1;
			*r = (struct run){ base + start, true, false, 0 };
		}
		run_sees(r, m, inner, (UINT64_C(1) << end) - (UINT64_C(1) << start));
		run_end(s, r, base + end);
	}
	if (starts) {
		start = lowest(starts);
		*r = (struct run){ base + start, true, false, 0 };
	}
	if (r->open)
		run_sees(r, m, inner, ~UINT64_C(0) << start);
}

/* Of the block before: its runs (bit i of two: bytes i - 1 and i are both of a word; of none2: of none), and whether it had any mixture. */
struct seen { uint64_t word, two, four, eight, none2, none4, none8; bool mixed; };

/* Are n bits set, or more? */
static inline bool many(uint64_t bits, unsigned n)
{
	while (bits && --n)
		bits &= bits - 1;
	return bits != 0;
}

/* Could any part of an address be here? Its pieces have a digit beside a letter or a capital behind a small letter (mixed), and more than
 * one such place, or a run of nine, as every address has that is in three pieces at most; or they are long; or it is written in single
 * letters; or something is hidden in it; or it has dashed groups, or a number, a dash and five letters (Hedera); or so much that is no word
 * (16 bytes) that few pieces fit beside it, and what is mixed may be two blocks away. A block without any of that, between two such, holds none: 64 characters of base58 without one happen in no more than 1 of 10,000 addresses that long, and
 * then one is only missed when it was also broken into words. */
static inline bool block_counts(const struct mask *m, struct seen *was)
{
	uint64_t word = m->word, letter = word & ~m->digit, other = ~letter, before = word << 1 | was->word >> 63;
	uint64_t two = word & before, four = two & (two << 2 | was->two >> 62), eight = four & (four << 4 | was->four >> 60);
	uint64_t nine = eight & (word << 8 | was->word >> 56), longer = eight & (eight << 6 | was->eight >> 58);
	uint64_t mixed = (m->digit & (letter << 1 | letter >> 1)) | inner_of(m), single = word & ~before & ~(word >> 1);
	/* All of the runs that nine is of, as far back as eight. */
	uint64_t back = nine | nine >> 1, further = back | back >> 2, run = further | further >> 4 | nine >> 8;
	/* What the next block begins with is not known here, so it may be letters. */
	uint64_t tailed = m->dash & (m->digit << 1 | 1) & ~(other >> 1 | other >> 2 | other >> 3 | other >> 4 | other >> 5 | word >> 6);
	uint64_t dashed = m->dash & two << 1 & (word >> 1 | UINT64_C(1) << 63);
	uint64_t none = ~word, none2 = none & (none << 1 | (was->word >> 63 ^ 1)), none4 = none2 & (none2 << 2 | was->none2 >> 62);
	uint64_t none8 = none4 & (none4 << 4 | was->none4 >> 60), wide = none8 & (none8 << 8 | was->none8 >> 56);
	bool counts = (tailed | m->high | longer | wide | (mixed & (mixed - 1)) | (mixed & run)) != 0 || many(dashed, 2) ||
	              (mixed && (was->mixed || many(m->upper, 16))) || ((single & letter) && many(single, 8));
	*was = (struct seen){ word, two, four, eight, none2, none4, none8, mixed != 0 };
	return counts;
}

/* Goes over the text by blocks, one behind, and leaves out those that neither count nor have a neighbour that does. */
struct walk { struct mask last; bool last_counts, before_counts, on; };

/* The block at base, whose mask is w->last, now that it is known whether the next one counts. */
static inline void walk(struct scan *s, struct run *r, struct walk *w, size_t base, bool next_counts)
{
	if (w->last_counts || w->before_counts || next_counts) {
		if (!w->on) {
			/* A run that reaches in from what was left out; it is short there, or it would have counted. */
			size_t start = base;
			while (start > 0 && base - start < 64 && is_word(s->text[start - 1]))
				start--;
			*r = (struct run){ start, start < base, false, 0 };
		}
		block(s, r, &w->last, base);
		w->on = true;
	} else {
		if (w->on && r->open) {
			size_t end = base;
			while (end < s->len && end - base < 64 && is_word(s->text[end]))
				end++;
			run_end(s, r, end);
		}
		r->open = w->on = false;
	}
}

void addr_scan(const uint8_t *text, size_t len, struct addr_hits *out)
{
	struct scan s = { .text = text, .len = len, .out = out };
	struct run r = { .open = false };
	struct walk w = { .on = false };
	struct seen seen = { .mixed = false };
	out->n = 0;
	out->more = false;
	for (size_t i = 0; i < len; i += 64) {
		uint8_t end[64];
		const uint8_t *at = text + i;
		if (len - i < 64) {
			memset(end, 0, sizeof end);
			memcpy(end, at, len - i);
			at = end;
		}
		struct mask m = mask_of(at);
		bool counts = block_counts(&m, &seen);
		if (i > 0)
			walk(&s, &r, &w, i - 64, counts);
		w.before_counts = w.last_counts;
		w.last_counts = counts;
		w.last = m;
	}
	if (len > 0)
		walk(&s, &r, &w, (len - 1) / 64 * 64, false);
	if (r.open)
		run_end(&s, &r, len);
	if (s.n == 0)
		return;
	if (chain_counts(&s, scan_kept(&s, 0)->end))
		chain_end(&s, scan_kept(&s, 0)->end);
	if (s.row.count > 1)
		join_row_ends(&s, NULL);
}
