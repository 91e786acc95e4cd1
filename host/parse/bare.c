/* Tags out, references resolved (contract in parse/bare.h). */
#include "parse/bare.h"
#include "base/limits.h"
#include <string.h>
#include <strings.h>

/* Elements that end a line: an address does not go on behind them. All others are taken out without a trace. */
static const char *const blocks[] = {
	"address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "dialog", "dir", "div", "dl",
	"dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend",
	"li", "main", "menu", "nav", "ol", "optgroup", "option", "p", "pre", "section", "summary", "table", "tbody", "td",
	"tfoot", "th", "thead", "tr", "ul", NULL
};

/* References that stand for nothing one sees, and the few that every writer of HTML uses. */
static const struct { const char *name; const char *text; } references[] = {
	{ "amp", "&" }, { "lt", "<" }, { "gt", ">" }, { "quot", "\"" }, { "apos", "'" }, { "nbsp", "\xc2\xa0" },
	{ "shy", "\xc2\xad" }, { "zwnj", "\xe2\x80\x8c" }, { "zwj", "\xe2\x80\x8d" }, { "lrm", "\xe2\x80\x8e" },
	{ "rlm", "\xe2\x80\x8f" }, { "Tab", "\t" }, { "NewLine", "\n" }, { "colon", ":" }, { "sol", "/" }, { "period", "." },
	{ "ZeroWidthSpace", "\xe2\x80\x8b" }, { "NegativeThinSpace", "\xe2\x80\x8b" }, { "NegativeMediumSpace", "\xe2\x80\x8b" },
	{ "NegativeThickSpace", "\xe2\x80\x8b" }, { "NegativeVeryThinSpace", "\xe2\x80\x8b" }, { "NoBreak", "\xe2\x81\xa0" },
	{ "ApplyFunction", "\xe2\x81\xa1" }, { "af", "\xe2\x81\xa1" }, { "InvisibleTimes", "\xe2\x81\xa2" },
	{ "it", "\xe2\x81\xa2" }, { "InvisibleComma", "\xe2\x81\xa3" }, { "ic", "\xe2\x81\xa3" },
};

struct bare_state { struct rd in; const uint8_t *start; struct bare *out; bool is_joined; };

static size_t bare_at(const struct bare_state *s)
{
	return (size_t)(s->in.at - s->start);
}

/* Appends bytes that stand at from in the markup. */
static void bare_put(struct bare_state *s, const void *bytes, size_t n, size_t from)
{
	if (!s->is_joined) {
		const uint32_t pair[2] = { (uint32_t)s->out->text.len, (uint32_t)from };
		buf_put(&s->out->runs, pair, sizeof pair);
		s->is_joined = true;
	}
	buf_put(&s->out->text, bytes, n);
}

/* Bytes up to the first of these two, or to the end. No memchr: the other one may be far away each time. */
static size_t until(struct rd in, uint8_t a, uint8_t b)
{
	size_t n = 0;
	while (n < in.left && in.at[n] != a && in.at[n] != b)
		n++;
	return n;
}

static bool is_letter(uint8_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_name(uint8_t c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == ':';
}

/* Behind "<!--". */
static void skip_comment(struct bare_state *s)
{
	const uint8_t *end = s->in.left ? memmem(s->in.at, s->in.left, "-->", 3) : NULL;
	(void)rd_take(&s->in, end ? (size_t)(end - s->in.at) + 3 : s->in.left);
}

/* Behind a tag's name, up to and with its '>'; quoted values may hold one. */
static void skip_attributes(struct bare_state *s)
{
	uint8_t quote = 0;
	while (s->in.left) {
		uint8_t c = rd_u8(&s->in);
		if (quote ? c == quote : c == '>') {
			if (!quote)
				return;
			quote = 0;
		} else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
		}
	}
}

/* Content that is no text: up to the end tag. */
static void skip_raw(struct bare_state *s, const char *name, size_t n)
{
	while (s->in.left) {
		(void)rd_take(&s->in, until(s->in, '<', '<'));
		if (s->in.left < n + 2)
			break;
		if (s->in.at[1] == '/' && strncasecmp((const char *)s->in.at + 2, name, n) == 0)
			return;
		(void)rd_u8(&s->in);
	}
	(void)rd_take(&s->in, s->in.left);
}

static bool name_is(const uint8_t *name, size_t n, const char *is)
{
	return strlen(is) == n && strncasecmp((const char *)name, is, n) == 0;
}

/* At '<'. */
static void take_tag(struct bare_state *s)
{
	size_t from = bare_at(s);
	const uint8_t *p = s->in.at;
	size_t left = s->in.left;
	if (left >= 4 && memcmp(p, "<!--", 4) == 0) {
		(void)rd_take(&s->in, 4);
		skip_comment(s);
		s->is_joined = false;
		return;
	}
	bool is_end = left > 1 && p[1] == '/';
	size_t at = is_end ? 2 : 1;
	if (left <= at || !(is_letter(p[at]) || (!is_end && (p[at] == '!' || p[at] == '?')))) {
		bare_put(s, "<", 1, from);
		(void)rd_u8(&s->in);
		return;
	}
	size_t n = 0;
	while (at + n < left && n < 16 && is_name(p[at + n]))
		n++;
	(void)rd_take(&s->in, at + n);
	skip_attributes(s);
	s->is_joined = false;
	for (size_t i = 0; blocks[i]; i++)
		if (name_is(p + at, n, blocks[i])) {
			bare_put(s, "\n", 1, from);
			s->is_joined = false;
			break;
		}
	if (!is_end && name_is(p + at, n, "script"))
		skip_raw(s, "script", 6);
	else if (!is_end && name_is(p + at, n, "style"))
		skip_raw(s, "style", 5);
}

static size_t utf8_put(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(heads[n] | c);
	return n;
}

/* A numeric reference's digits behind "&#"; 0 when it is none. *used counts them and what stands around. */
static uint32_t number_of(struct rd in, size_t *used)
{
	struct rd r = in;
	uint32_t value = 0;
	unsigned base = 10, n = 0;
	if (r.left && (*r.at | 32) == 'x') {
		base = 16;
		(void)rd_u8(&r);
	}
	for (; r.left; n++) {
		uint8_t c = *r.at, d = c >= '0' && c <= '9' ? (uint8_t)(c - '0') : is_letter(c) ? (uint8_t)((c | 32) - 'a' + 10) : 99;
		if (d >= base)
			break;
		value = value > 0x110000 ? value : value * base + d;
		(void)rd_u8(&r);
	}
	if (!n)
		return 0;
	if (r.left && *r.at == ';')
		(void)rd_u8(&r);
	*used = in.left - r.left;
	/* HTML Standard, "Numeric character reference end state": zero, surrogates and what lies beyond become U+FFFD. */
	return value == 0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ? 0xfffd : value;
}

/* At '&'. */
static void take_reference(struct bare_state *s)
{
	size_t from = bare_at(s), used = 0;
	struct rd rest = { s->in.at + 1, s->in.left - 1, false };
	uint8_t bytes[4];
	if (rest.left && *rest.at == '#') {
		(void)rd_u8(&rest);
		uint32_t c = number_of(rest, &used);
		if (c) {
			s->is_joined = false;
			bare_put(s, bytes, utf8_put(c, bytes), from);
			s->is_joined = false;
			(void)rd_take(&s->in, used + 2);
			return;
		}
	}
	for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
		size_t n = strlen(references[i].name);
		if (rest.left <= n || memcmp(rest.at, references[i].name, n) != 0 || rest.at[n] != ';')
			continue;
		s->is_joined = false;
		bare_put(s, references[i].text, strlen(references[i].text), from);
		s->is_joined = false;
		(void)rd_take(&s->in, n + 2);
		return;
	}
	bare_put(s, "&", 1, from);
	(void)rd_u8(&s->in);
}

enum err bare_of(struct rd in, struct bare *out)
{
	/* No reference is shorter than what it stands for; a tag that becomes a line end has three bytes. */
	*out = (struct bare){ .text = buf_new(in.left), .runs = buf_new(3 * (in.left + 1) * 2 * sizeof(uint32_t)) };
	struct bare_state s = { .in = in, .start = in.at, .out = out };
	while (s.in.left) {
		size_t from = bare_at(&s), n = until(s.in, '<', '&');
		if (n)
			bare_put(&s, rd_take(&s.in, n).at, n, from);
		if (!s.in.left)
			break;
		if (*s.in.at == '<')
			take_tag(&s);
		else
			take_reference(&s);
	}
	enum err err = buf_err(&out->text) != OK ? buf_err(&out->text) : buf_err(&out->runs);
	if (err != OK)
		bare_free(out);
	return err == OK ? OK : ERR_NOMEM;
}

void bare_free(struct bare *b)
{
	buf_free(&b->text);
	buf_free(&b->runs);
}

size_t bare_where(const struct bare *b, size_t at)
{
	size_t low = 0, high = b->runs.len / (2 * sizeof(uint32_t));
	uint32_t pair[2] = { 0, 0 };
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		memcpy(pair, b->runs.bytes + middle * sizeof pair, sizeof pair);
		if (pair[0] <= at)
			low = middle;
		else
			high = middle;
	}
	if (b->runs.len == 0)
		return at;
	memcpy(pair, b->runs.bytes + low * sizeof pair, sizeof pair);
	return pair[1] + (at - pair[0]);
}
