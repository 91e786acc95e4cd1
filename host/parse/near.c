/* Surroundings (contract in parse/near.h). */
#include "parse/near.h"
#include <string.h>

/* A word of this length is an address, or as changeable as one. */
#define LONG_WORD 20

/* Bytes of white space at p: U+0009, U+000A, U+000C, U+000D, U+0020, U+00A0; 0 for none. */
static size_t space_at(const uint8_t *p, size_t left)
{
	if (left >= 1 && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\f' || *p == '\r'))
		return 1;
	return left >= 2 && p[0] == 0xc2 && p[1] == 0xa0 ? 2 : 0;
}

static bool is_inside(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

static size_t point_at(struct rd text, size_t at)
{
	size_t n = 1;
	while (at + n < text.left && is_inside(text.at[at + n]))
		n++;
	return n;
}

void near_after(struct rd text, size_t at, size_t points, struct buf *out)
{
	bool was_space = false;
	while (at < text.left && points > 0) {
		size_t space = space_at(text.at + at, text.left - at), n = space ? space : point_at(text, at);
		if (!space) {
			buf_put(out, text.at + at, n);
			points--;
		} else if (!was_space) {
			buf_u8(out, ' ');
			points--;
		}
		was_space = space > 0;
		at += n;
	}
}

void near_before(struct rd text, size_t at, size_t points, struct buf *out)
{
	bool was_space = false;
	size_t from = at;
	/* How far back, then forward from there: the run of white space it may begin in counts as one. */
	while (from > 0) {
		size_t p = from - 1;
		while (p > 0 && is_inside(text.at[p]))
			p--;
		bool space = space_at(text.at + p, from - p) > 0;
		if (!space || !was_space) {
			if (points == 0)
				break;
			points--;
		}
		was_space = space;
		from = p;
	}
	near_after(rd_of(text.at, at), from, at, out);
}

/* ---- alike ---- */

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '-' || c >= 0x80;
}

/* Long words as one byte that no text has. */
static void mask(struct rd text, struct buf *out)
{
	for (size_t at = 0; at < text.left; ) {
		size_t n = 0;
		while (at + n < text.left && is_word(text.at[at + n]))
			n++;
		if (n >= LONG_WORD)
			buf_u8(out, 1);
		else
			buf_put(out, text.at + at, n ? n : 1);
		at += n ? n : 1;
	}
}

static size_t points_of(struct rd text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.left; i++)
		n += !is_inside(text.at[i]);
	return n;
}

bool near_is_alike_before(struct rd said, struct rd seen)
{
	struct buf a BUF_AUTO = buf_new(said.left + 1), b BUF_AUTO = buf_new(seen.left + 1);
	bool was_cut = points_of(said) >= NEAR_POINTS;
	while (was_cut && said.left && is_word(*said.at))
		(void)rd_u8(&said);
	mask(said, &a);
	mask(seen, &b);
	if (buf_err(&a) != OK || buf_err(&b) != OK || a.len > b.len || (!was_cut && a.len != b.len))
		return false;
	return a.len == 0 || memcmp(a.bytes, b.bytes + b.len - a.len, a.len) == 0;
}

bool near_is_alike_after(struct rd said, struct rd seen)
{
	struct buf a BUF_AUTO = buf_new(said.left + 1), b BUF_AUTO = buf_new(seen.left + 1);
	bool was_cut = points_of(said) >= NEAR_POINTS;
	while (was_cut && said.left && is_word(said.at[said.left - 1]))
		said.left--;
	mask(said, &a);
	mask(seen, &b);
	if (buf_err(&a) != OK || buf_err(&b) != OK || a.len > b.len || (!was_cut && a.len != b.len))
		return false;
	return a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0;
}
