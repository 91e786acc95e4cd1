// Characters of a text as the scanner sees them. ASCII goes by a table, the rest by ranges of Unicode 15; only what has no rule is in
// normal_fold.h.
#include "parse/addr/normal.h"
#include <stdbool.h>
#include "parse/addr/normal_fold.h"

struct span { uint32_t from, to; };

static bool among(const struct span *list, size_t n, uint32_t c)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (c > list[mid].to)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && c >= list[low].from;
}
#define AMONG(list, c) among(list, sizeof(list) / sizeof *(list), c)

/* Letters that make one word with what they touch. Superscript digits don't: footnotes have them. */
static const struct span letters[] = {
	{ 0x00aa, 0x00aa }, { 0x00b5, 0x00b5 }, { 0x00ba, 0x00ba }, { 0x00c0, 0x00d6 }, { 0x00d8, 0x00f6 },
	{ 0x00f8, 0x02c1 }, { 0x02e0, 0x02e4 }, { 0x0370, 0x0373 }, { 0x0376, 0x0377 }, { 0x037b, 0x037d }, { 0x037f, 0x037f },
	{ 0x0386, 0x0386 }, { 0x0388, 0x03f5 }, { 0x03f7, 0x0481 }, { 0x048a, 0x052f }, { 0x0531, 0x0556 }, { 0x0560, 0x0588 },
	{ 0x10a0, 0x10fa }, { 0x10fc, 0x10ff }, { 0x13a0, 0x13fd }, { 0x1c80, 0x1cbf }, { 0x1d00, 0x1dbf }, { 0x1e00, 0x1fbc },
	{ 0x1fc2, 0x1fcc }, { 0x1fd0, 0x1fdb }, { 0x1fe0, 0x1fec }, { 0x1ff2, 0x1ffc }, { 0x2071, 0x2071 },
	{ 0x207f, 0x2089 }, { 0x2090, 0x209c }, { 0x2102, 0x2102 }, { 0x210a, 0x2113 }, { 0x2115, 0x2115 }, { 0x2119, 0x211d },
	{ 0x2124, 0x2124 }, { 0x2128, 0x2128 }, { 0x212a, 0x212d }, { 0x212f, 0x2139 }, { 0x2145, 0x2149 }, { 0x2160, 0x2188 },
	{ 0x2c00, 0x2cee }, { 0x2d00, 0x2d2d }, { 0xa4d0, 0xa4f7 }, { 0xa640, 0xa66e }, { 0xa680, 0xa69d }, { 0xa722, 0xa788 },
	{ 0xa78b, 0xa7ff }, { 0xab30, 0xab5a }, { 0xab5c, 0xabbf }, { 0xfb00, 0xfb17 }, { 0x1d6a8, 0x1d7cb },
};

/* Default_Ignorable_Code_Point, combining marks that any letter may carry, and controls. */
static const struct span hidden[] = {
	{ 0x0080, 0x0084 }, { 0x0086, 0x009f }, { 0x00ad, 0x00ad }, { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x061c, 0x061c },
	{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f },
	{ 0x202a, 0x202e }, { 0x2060, 0x206f }, { 0x20d0, 0x20f0 }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

static const struct span spaces[] = {
	{ 0x00a0, 0x00a0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x2800, 0x2800 },
	{ 0x3000, 0x3000 },
};

static char fold_listed(uint32_t c)
{
	size_t low = 0, high = sizeof folds / sizeof *folds;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (folds[mid].from < c)
			low = mid + 1;
		else
			high = mid;
	}
	return low < sizeof folds / sizeof *folds && folds[low].from == c ? folds[low].to : 0;
}

/* The n-th of A..Za..z, or of A..Z. */
static char latin(uint32_t n)
{
	return (char)(n < 26 ? 'A' + n : 'a' + n - 26);
}

/* Runs of letters and digits in their order. 0 where there is none. */
static char fold_run(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e)
		return (char)(c - 0xff01 + '!');
	if (c >= 0x1d400 && c <= 0x1d6a3)
		return latin((c - 0x1d400) % 52);
	if (c >= 0x1d7ce && c <= 0x1d7ff)
		return (char)('0' + (c - 0x1d7ce) % 10);
	if (c >= 0x2460 && c <= 0x2468) /* circled digits, in parentheses, with a full stop, negative, sans-serif, double */
		return (char)('1' + c - 0x2460);
	if (c >= 0x2474 && c <= 0x247c)
		return (char)('1' + c - 0x2474);
	if (c >= 0x2488 && c <= 0x2490)
		return (char)('1' + c - 0x2488);
	if (c >= 0x24f5 && c <= 0x24fd)
		return (char)('1' + c - 0x24f5);
	if (c >= 0x2776 && c <= 0x277e)
		return (char)('1' + c - 0x2776);
	if (c >= 0x2780 && c <= 0x2788)
		return (char)('1' + c - 0x2780);
	if (c >= 0x278a && c <= 0x2792)
		return (char)('1' + c - 0x278a);
	if (c >= 0x249c && c <= 0x24b5)
		return (char)('a' + c - 0x249c);
	if (c >= 0x24b6 && c <= 0x24e9)
		return latin(c - 0x24b6);
	if (c >= 0x1f110 && c <= 0x1f129) /* in parentheses, squared, negative circled, negative squared */
		return (char)('A' + c - 0x1f110);
	if (c >= 0x1f130 && c <= 0x1f149)
		return (char)('A' + c - 0x1f130);
	if (c >= 0x1f150 && c <= 0x1f169)
		return (char)('A' + c - 0x1f150);
	if (c >= 0x1f170 && c <= 0x1f189)
		return (char)('A' + c - 0x1f170);
	if (c >= 0x1fbf0 && c <= 0x1fbf9)
		return (char)('0' + c - 0x1fbf0);
	return 0;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static struct normal classify(uint32_t c, uint8_t size)
{
	char to = fold_listed(c);
	if (!to)
		to = fold_run(c);
	if (to)
		return (struct normal){ is_alnum(to) ? NORMAL_WORD : NORMAL_OTHER, to, size };
	if (AMONG(hidden, c))
		return (struct normal){ NORMAL_HIDDEN, 0, size };
	if (AMONG(spaces, c))
		return (struct normal){ NORMAL_SPACE, 0, size };
	if (c == 0x85 || c == 0x2028 || c == 0x2029)
		return (struct normal){ NORMAL_LINE, 0, size };
	if (c >= 0x2010 && c <= 0x2015)
		return (struct normal){ NORMAL_OTHER, '-', size };
	return (struct normal){ AMONG(letters, c) ? NORMAL_LETTER : NORMAL_OTHER, 0, size };
}

/* Most of what is not ASCII in texts of the world, quickly: Chinese, Japanese, Korean by one rule, all below them by a table that is
 * filled on the way. */
static struct normal kind_of(uint32_t c, uint8_t size)
{
	static struct normal known[0x3040];
	if (c < sizeof known / sizeof *known) {
		if (known[c].size == 0)
			known[c] = classify(c, size);
		return known[c];
	}
	if (c <= 0xd7ff && c != 0x3164 && (c < 0xa4d0 || c >= 0xac00))
		return (struct normal){ NORMAL_OTHER, 0, size };
	return classify(c, size);
}

/* RFC 3629: no overlong forms, no surrogates, nothing above 10FFFF. 0 when it is not UTF-8. */
static uint8_t decode(const uint8_t *p, size_t left, uint32_t *out)
{
	uint8_t first = p[0], size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (first < 0xc2 || first > 0xf4 || left < size)
		return 0;
	uint32_t c = first & (0xffu >> (size + 1));
	for (uint8_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[size] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	*out = c;
	return size;
}

struct normal normal_next(const uint8_t *p, size_t left)
{
	uint8_t byte = p[0];
	uint32_t c;
	if (byte < 0x80) {
		char ascii = (char)byte;
		if (is_alnum(ascii))
			return (struct normal){ NORMAL_WORD, ascii, 1 };
		if (byte >= '\n' && byte <= '\r')
			return (struct normal){ NORMAL_LINE, 0, 1 };
		if (byte <= ' ' || byte == 0x7f)
			return (struct normal){ NORMAL_SPACE, 0, 1 };
		return (struct normal){ NORMAL_OTHER, ascii, 1 };
	}
	uint8_t size = decode(p, left, &c);
	if (size == 0)
		return (struct normal){ NORMAL_OTHER, 0, 1 };
	return kind_of(c, size);
}
