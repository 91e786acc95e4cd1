/* The scanner's inner parts: text is cut into pieces (scan.c), pieces are looked at alone, put together over white space (scan_join.c) and
 * in chains with punctuation (scan_chain.c); what they see of the text is a view (scan_view.c). Not for others: use addr.h. */
#ifndef PARSE_ADDR_SCAN_H
#define PARSE_ADDR_SCAN_H

#include "parse/addr/addr.h"
#include "parse/addr/rows.h"

/* What stands between a piece and the one before. */
enum gap {
	GAP_OTHER,   /* punctuation, or too much of anything: nothing reaches over it */
	GAP_SPACE,   /* white space that one address may have been split by */
	GAP_CONNECT, /* marks that some addresses have inside or after their prefix */
};

/* Raw bytes of white space (with hidden characters) that may stand within one address: a line's end and an indentation. */
#define GAP_MAX 64

/* What is known of a piece; of a chain, what is known of any of its pieces. */
enum {
	PIECE_DIGIT = 1,   /* has a digit */
	PIECE_INNER = 2,   /* has a capital behind a small letter */
	PIECE_FOLDED = 4,  /* has other characters than plain ASCII */
	PIECE_BLOCKED = 8, /* has a letter that no address has */
	PIECE_USED = 16,   /* is part of an address that was found, with a checksum that says so */
	CHAIN_DASH = 64,   /* of a chain: a dash between its pieces, or perhaps */
	PIECE_WEAK = 32,   /* is one by a weak checksum or by structure alone: what it is part of with a better one takes its place */
};

/* A run of letters and digits, hidden characters taken out. */
struct piece {
	size_t start, end; /* bytes of the text */
	size_t chain;      /* where the chain begins that it is in */
	uint32_t n;        /* characters, as far as they can be counted */
	uint8_t gap;       /* enum gap, to the piece before */
	uint8_t flags;
	char first;
};

/* Pieces that are remembered: three for a broken address, four for the end of a row of equal ones. A power of two. */
#define PIECES_KEPT 8
/* Starts that are tried in a row of equal pieces: the one before it and the first ones. Ends likewise. */
#define ROW_STARTS 5
#define ROW_ENDS 4

struct scan {
	const uint8_t *text;
	size_t len;
	struct addr_hits *out;
	/* The last pieces; n counts all. */
	struct piece kept[PIECES_KEPT];
	size_t n;
	/* The row of equal pieces that the last piece ends. What follows count and size is filled in once there are two. */
	struct { size_t count, size, chars, starts_n; struct piece starts[ROW_STARTS]; uint8_t flags; } row;
	/* The chain that the last piece ends. */
	struct { size_t start; uint8_t flags; } chain;
};

/* Most characters of a copy. */
#define VIEW_MAX (ADDR_LEAD_MAX + ADDR_TEXT_MAX + ADDR_TAIL_MAX)

/* Characters of a copy that stand one behind the other in the text, each of size bytes: from character at on, and byte pos. */
struct view_run { size_t pos; uint16_t at; uint8_t size; };

/* The text as characters: in place when it is plain ASCII, else a copy with hidden characters taken out. */
struct view {
	const char *s;
	size_t n;
	size_t base;        /* in place: where s stands in the text; then the rest is not used */
	bool in_place;
	size_t runs_n;
	struct view_run runs[VIEW_MAX];
	char room[VIEW_MAX];
};

enum view_keep { VIEW_LETTERS, VIEW_MARKS };

/* Starts a copy; appends the characters of text[from..to). VIEW_LETTERS: white space and a hyphen are left out; VIEW_MARKS: ASCII's
 * punctuation is kept. False when there is anything else, or no room. */
void view_start(struct view *v);
/* Takes back what was appended since it had n characters. */
void view_cut(struct view *v, size_t n);
bool view_add(const struct scan *s, struct view *v, size_t from, size_t to, enum view_keep keep);

/* Where character i < n begins and ends in the text. */
size_t view_from(const struct view *v, size_t i);
size_t view_to(const struct view *v, size_t i);

/* Looks n characters of the view up, from i on, with what stands before and behind them in it. Notes a hit. */
bool scan_try(struct scan *s, const struct view *v, size_t i, size_t n, bool joined);
/* Notes a hit, in place of one that it overlaps and that has a weaker checksum, or not at all. */
void scan_hit(struct scan *s, const struct addr_row *row, const struct view *v, size_t i, size_t n);

/* Checksums with fewer bits are weak. */
#define STRONG_BITS 24
/* What the last hit makes of its pieces. */
static inline uint8_t scan_mark(const struct scan *s)
{
	return s->out->n && s->out->hit[s->out->n - 1].row->checksum_bits < STRONG_BITS ? PIECE_WEAK : PIECE_USED;
}

/* The kept piece that came back pieces before the last; back < PIECES_KEPT. All zeros where there was none. */
static inline struct piece *scan_kept(struct scan *s, size_t back)
{
	return &s->kept[(s->n - 1 - back) & (PIECES_KEPT - 1)];
}

/* Where the character before at begins; at > 0. Bytes that are no UTF-8 are characters of their own, four of them at most for one. */
size_t scan_char_before(const struct scan *s, size_t at);
enum gap scan_gap(const struct scan *s, size_t from, size_t to);
/* Appends what stands before p in its chain, when it may be a prefix. */
void scan_lead(const struct scan *s, struct view *v, const struct piece *p);

/* Fewest characters that are put together. */
#define JOIN_MIN 25

/* A piece has come; does a broken address end with it? The piece before it is joined to it by white space. */
bool join_broken(struct scan *s, const struct piece *p);
/* The piece has the size of the row's others. */
void join_row_grows(struct scan *s, const struct piece *p);
/* The row, of two pieces at least, is complete; next, unless NULL, follows it and is shorter. True when next is part of an address. */
bool join_row_ends(struct scan *s, const struct piece *next);

/* Chains shorter than this hold no address with punctuation inside; one without a digit only by chance, when it is long. Short ones have
 * a dash (Hedera). */
#define CHAIN_MIN 12
#define CHAIN_PLAIN_MIN 20
#define CHAIN_DASHLESS_MIN 22
/* The chain that ends at end, and is that long, is complete. */
void chain_end(struct scan *s, size_t end);

#endif
