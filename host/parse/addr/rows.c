// The table of rows, made of shared/currencies.json, and the look-up of one candidate in it.
#include "parse/addr/addr.h"
#include "parse/addr/base58.h"
#include "parse/addr/checks.h"
#include "parse/addr/rows.h"
#include <string.h>

/* What is compared before the row itself is looked at: of what stands behind the row's lead, the first four characters (least first, with
 * fold in lower case, as far as mask has them), the length, and the number that the first five digits of base58 make, which the version
 * bytes bound: low for the shortest, high for the longest of the row's texts. */
struct entry { uint32_t head, mask, fold, low, high; uint16_t len_min, len_max, row; };
#include "currencies.h"

/* Lower case, of an ASCII letter. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

/* A letter or digit of ASCII. */
static bool is_alnum(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

static bool begins(const char *s, const char *with, size_t n, bool caseless)
{
	if (!caseless)
		return memcmp(s, with, n) == 0;
	for (size_t i = 0; i < n; i++)
		if (lower(s[i]) != with[i])
			return false;
	return true;
}

/* The first characters of a candidate, as entries compare them. */
struct begin { uint32_t head, digits; };

/* known characters are there; false when they are too few for any address. */
static bool begin_of(const char *s, size_t known, struct begin *out)
{
	if (known < 5)
		return false;
	*out = (struct begin){ 0, 0 };
	for (size_t i = 0; i < 4; i++)
		out->head |= (uint32_t)(uint8_t)s[i] << i * 8;
	for (size_t i = 0; i < 5; i++) {
		uint32_t digit = base58_values[(uint8_t)s[i] & 127];
		out->digits = out->digits * 58 + (digit ? digit - 1 : 0);
	}
	return true;
}

static inline bool agrees(const struct entry *e, const struct begin *b, size_t n)
{
	return n >= e->len_min && n <= e->len_max && ((b->head | e->fold) & e->mask) == e->head &&
	       (n != e->len_max || b->digits <= e->high) && (n != e->len_min || b->digits >= e->low);
}

static bool made_of(const struct addr_row *row, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)s[i];
		if (!(row->alphabet[c >> 6 & 1] >> (c & 63) & 1) && !(row->inside[0] && strchr(row->inside, c)))
			return false;
	}
	return true;
}

/* Is s, all n characters, an address of the row? bare: without the prefix, which is optional. tested: it is made of the row's alphabet. */
static bool takes(const struct addr_row *row, const char *s, size_t n, bool bare, bool tested)
{
	size_t prefix = row->prefix_len, suffix = row->suffix_len, whole = bare ? n + prefix : n;
	if (whole < row->len_min || whole > row->len_max)
		return false;
	if (bare)
		prefix = 0;
	if (n < prefix + suffix || !begins(s, row->prefix, prefix, row->caseless) ||
	    !begins(s + n - suffix, row->suffix, suffix, row->caseless))
		return false;
	return (tested || made_of(row, s + prefix, n - prefix - suffix)) && row->check(row, s, n);
}

/* Does one of the words, separated by spaces and in lower case, begin at s, where n characters are? */
static bool word_at(const char *words, const uint8_t *s, size_t n)
{
	while (*words) {
		size_t k = 0;
		while (k < n && words[k] && words[k] != ' ' && words[k] == lower((char)s[k]))
			k++;
		if (!words[k] || words[k] == ' ')
			return true;
		words += k + strcspn(words + k, " ");
		words += *words == ' ';
	}
	return false;
}

enum { BEGINS = 1, FOLLOWS = 2 };

/* Which characters, of either case, begin one of the words or follow there. Lists of hashes ask for the same row's again and again, so the
 * last answer is kept. */
static const uint8_t *letters_of_words(const char *words)
{
	static _Thread_local const char *last;
	static _Thread_local uint8_t letters[256];
	if (words == last)
		return letters;
	memset(letters, 0, sizeof letters);
	for (const char *word = words; *word; word++)
		for (int k = 0; k < 2 && (word == words || word[-1] == ' '); k++) {
			uint8_t c = (uint8_t)word[k], large = c >= 'a' && c <= 'z' ? c ^ 32 : c;
			letters[c] |= k ? FOLLOWS : BEGINS;
			letters[large] |= k ? FOLLOWS : BEGINS;
		}
	last = words;
	return letters;
}

/* Does one of the words stand in text[from..to)? */
static bool word_in(const char *words, const uint8_t *text, size_t from, size_t to)
{
	const uint8_t *letters = letters_of_words(words);
	for (size_t i = from; i + 1 < to; i++)
		if ((letters[text[i]] & BEGINS) && (letters[text[i + 1]] & FOLLOWS) && word_at(words, text + i, to - i))
			return true;
	return false;
}

/* Is one of the row's words near by? It does not reach into the candidate. Words have two letters at least. */
static bool context_near(const struct addr_row *row, const struct addr_place *at)
{
	size_t from = at->from > ADDR_CONTEXT ? at->from - ADDR_CONTEXT : 0;
	size_t to = at->len - at->to > ADDR_CONTEXT ? at->to + ADDR_CONTEXT : at->len;
	return word_in(row->context, at->text, from, at->from) || word_in(row->context, at->text, at->to, to);
}

/* The row's wishes about what stands around. */
static bool fits(const struct addr_row *row, const struct addr_place *at)
{
	if (at->joined && !row->join)
		return false;
	if (row->not_beside[0]) {
		uint8_t before = at->from ? at->text[at->from - 1] : 0, behind = at->to < at->len ? at->text[at->to] : 0;
		if ((before && strchr(row->not_beside, before)) || (behind && strchr(row->not_beside, behind)))
			return false;
	}
	return !row->context[0] || context_near(row, at);
}

/* Which list the rows are in that such a candidate may be. */
static inline size_t list_of(char first, size_t n)
{
	return (size_t)(uint8_t)first * LENGTHS + (n < LENGTHS ? n : LENGTHS - 1);
}

/* The characters that are among the n, a bit for each. */
static void set_of(const char *s, size_t n, uint64_t set[2])
{
	uint64_t low = 0, high = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t bit = UINT64_C(1) << ((uint8_t)s[i] & 63), is_high = (uint64_t)0 - ((uint8_t)s[i] >> 6 & 1);
		low |= bit & ~is_high;
		high |= bit & is_high;
	}
	set[0] = low;
	set[1] = high;
}

static inline bool within(const uint64_t set[2], const uint64_t of[2])
{
	return ((set[0] & ~of[0]) | (set[1] & ~of[1])) == 0;
}

/* Characters that are looked at one by one, because they may be a prefix; the others are looked at as a set. Every candidate has more. */
#define HEAD 4

/* Does the row's lead stand before the candidate, as a word of its own? */
static bool led(const struct addr_row *row, size_t lead, const struct addr_candidate *c)
{
	return lead <= c->lead_n && begins(c->s - lead, row->prefix, lead, row->caseless) &&
	       (lead == c->lead_n || !is_alnum(row->prefix[0]) || !is_alnum(c->s[-(ptrdiff_t)lead - 1]));
}

static bool tailed(const struct addr_row *row, size_t tail, const struct addr_candidate *c)
{
	return tail <= c->tail_n && begins(c->s + c->n, row->suffix, tail, row->caseless) &&
	       (tail == c->tail_n || !is_alnum(c->s[c->n + tail]));
}

const struct addr_row *rows_find(const struct addr_candidate *c, const struct addr_place *at, size_t *before, size_t *behind)
{
	struct begin b;
	uint64_t set[2] = { 0, 0 };
	bool have_set = false;
	if (!begin_of(c->s, c->n, &b) || (uint8_t)c->s[0] > 127)
		return NULL;
	for (size_t at_list = list_of(c->s[0], c->n), i = listed_from[at_list]; i < listed_from[at_list + 1]; i++) {
		const struct entry *e = &entries[listed[i]];
		if (!agrees(e, &b, c->n))
			continue;
		const struct addr_row *row = &addr_rows[e->row];
		/* "eth:" and its like are many; mostly nothing stands before. */
		if (row->lead_len > c->lead_n && !row->optional)
			continue;
		if (!have_set && c->n > HEAD)
			set_of(c->s + HEAD, c->n - HEAD, set);
		have_set = true;
		/* Where all of it must be made of the alphabet, or all behind a short prefix, this is the whole test. */
		size_t rest = (size_t)row->prefix_len - row->lead_len;
		bool tested = rest <= HEAD && within(set, row->alphabet) && made_of(row, c->s + rest, HEAD - rest);
		if (!tested && rest == 0)
			continue;
		size_t lead = row->lead_len, tail = row->suffix_len;
		bool bare = false;
		if (lead && !led(row, lead, c)) {
			if (!row->optional)
				continue;
			bare = true;
			tested = tested && rest == 0;
			lead = 0;
		}
		if (tail && !tailed(row, tail, c))
			continue;
		struct addr_place here = *at;
		here.from -= lead < here.from ? lead : here.from; /* exact where nothing is hidden there */
		here.to = here.to + tail < here.len ? here.to + tail : here.len;
		if (takes(row, c->s - lead, lead + c->n + tail, bare, tested) && fits(row, &here)) {
			*before = lead;
			*behind = tail;
			return row;
		}
	}
	return NULL;
}

const struct addr_row *rows_find_inside(const char *s, size_t n, const struct addr_inside *inside, const struct addr_place *at)
{
	for (size_t i = inside->from; i < inside->to; i++) {
		const struct addr_row *row = &addr_rows[inside_rows[i]];
		if (n >= row->len_min && n <= row->len_max && takes(row, s, n, false, false) && fits(row, at))
			return row;
	}
	return NULL;
}

bool rows_may_join(const char *s, size_t known, size_t n)
{
	struct begin b;
	bool enough = begin_of(s, known, &b);
	if (known == 0 || (uint8_t)s[0] > 127)
		return false;
	for (size_t at_list = list_of(s[0], n), i = listed_from[at_list]; i < listed_from[at_list + 1]; i++) {
		const struct entry *e = &entries[listed[i]];
		if (enough ? agrees(e, &b, n) : n >= e->len_min && n <= e->len_max)
			if (addr_rows[e->row].join)
				return true;
	}
	return false;
}

const struct addr_row *addr_row_of(const char *s, size_t n)
{
	for (int bits = 256; bits >= 0; bits--)
		for (size_t i = 0; i < addr_rows_n; i++)
			if (addr_rows[i].checksum_bits == bits &&
			    (takes(&addr_rows[i], s, n, false, false) || (addr_rows[i].optional && takes(&addr_rows[i], s, n, true, false))))
				return &addr_rows[i];
	return NULL;
}
