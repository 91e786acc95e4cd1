/* A document's text and paths (contract in parse/page.h). Gumbo 0.10 frees its tree by recursion and knows no bounds: so its
 * memory comes from one area that is given back as a whole, and a page that is too much leaves by a jump. */
#include "parse/page.h"
#include "base/clock.h"
#include "base/limits.h"
#include <assert.h>
#include <gumbo.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

/* What Gumbo may take: 64 bytes for each byte of the largest page; common pages take 10 to 20. */
#define PAGE_ARENA (64u * CLIP_PAGE_MAX)
/* And how long, well below PARSE_ANSWER_MS: a common page takes some 20 ms. */
#define PAGE_MS 2000
/* The clock is asked once in so many allocations. */
#define PAGE_TICKS 64

/* A text node, and where it begins in the text. */
struct piece { size_t at; const GumboNode *node; };

struct page {
	uint8_t *arena;
	size_t used;
	uint64_t until;
	unsigned ticks;
	jmp_buf too_much;
	struct buf source, text, pieces;   /* of struct piece */
	GumboOutput *tree;                 /* NULL: plain text */
};

static void *arena_take(void *arg, size_t n)
{
	struct page *p = arg;
	size_t whole = (n + 15) & ~(size_t)15;
	if (whole < n || whole > PAGE_ARENA - p->used || (++p->ticks % PAGE_TICKS == 0 && clock_ms() > p->until))
		longjmp(p->too_much, 1);
	void *block = p->arena + p->used;
	p->used += whole;
	return block;
}

static void arena_leave(void *arg, void *block)
{
	(void)arg, (void)block;   /* all at once, at the end */
}

void page_free(struct page *p)
{
	if (!p)
		return;
	if (p->arena) {
		explicit_bzero(p->arena, p->used);
		munmap(p->arena, PAGE_ARENA);
	}
	buf_free(&p->source);
	buf_free(&p->text);
	buf_free(&p->pieces);
	free(p);
}

/* ---- the tree ---- */

static bool is_text(const GumboNode *n)
{
	return n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_WHITESPACE || n->type == GUMBO_NODE_CDATA;
}

static bool is_element(const GumboNode *n)
{
	return n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE;
}

static const GumboVector *children_of(const GumboNode *n)
{
	assert(n);
	return n->type == GUMBO_NODE_DOCUMENT ? &n->v.document.children : is_element(n) ? &n->v.element.children : NULL;
}

static bool is_left_out(const GumboNode *n)
{
	if (!is_element(n))
		return false;
	switch (n->v.element.tag) {
	case GUMBO_TAG_SVG: case GUMBO_TAG_MATH:
		return true;
	case GUMBO_TAG_HEAD: case GUMBO_TAG_SCRIPT: case GUMBO_TAG_STYLE: case GUMBO_TAG_TEMPLATE: case GUMBO_TAG_NOSCRIPT:
	case GUMBO_TAG_IFRAME: case GUMBO_TAG_NOFRAMES: case GUMBO_TAG_NOEMBED: case GUMBO_TAG_OBJECT:
		return n->v.element.tag_namespace == GUMBO_NAMESPACE_HTML;
	default:
		return false;
	}
}

/* The next node in tree order; not into what is left out. Without recursion: a tree may be as deep as the page is long. */
static const GumboNode *next_node(const GumboNode *n)
{
	const GumboVector *below = is_left_out(n) ? NULL : children_of(n);
	if (below && below->length > 0)
		return below->data[0];
	for (; n->parent; n = n->parent) {
		const GumboVector *beside = children_of(n->parent);
		if (n->index_within_parent + 1 < beside->length)
			return beside->data[n->index_within_parent + 1];
	}
	return NULL;
}

static bool is_next_sibling(const GumboNode *a, const GumboNode *b)
{
	return a->parent == b->parent && a->index_within_parent + 1 == b->index_within_parent;
}

/* memmem that takes small and capital letters for one; needle begins with '<'. */
static char *memmem_case(char *hay, size_t n, const char *needle, size_t len)
{
	for (char *end = hay + n; (hay = memchr(hay, '<', (size_t)(end - hay))) != NULL; hay++) {
		if ((size_t)(end - hay) < len)
			return NULL;
		if (strncasecmp(hay, needle, len) == 0)
			return hay;
	}
	return NULL;
}

static void collect(struct page *p)
{
	const GumboNode *last = NULL;
	for (const GumboNode *n = p->tree->document; n; n = next_node(n)) {
		if (!is_text(n))
			continue;
		if (last && !is_next_sibling(last, n))
			buf_u8(&p->text, '\n');
		const struct piece piece = { p->text.len, n };
		buf_put(&p->pieces, &piece, sizeof piece);
		buf_put(&p->text, n->v.text.text, strlen(n->v.text.text));
		last = n;
	}
}

/* Browsers with scripts take what is inside <noscript> as text, Gumbo as elements, which may even end the head. None of it is
 * text of the document: it becomes white space. */
static void blank_noscript(struct buf *source)
{
	static const char open[] = "<noscript", close[] = "</noscript";
	char *p = (char *)source->bytes, *const end = p + source->len;
	while ((p = memmem_case(p, (size_t)(end - p), open, sizeof open - 1)) != NULL) {
		char *inside = memchr(p, '>', (size_t)(end - p));
		if (!inside)
			return;
		inside++;
		p = memmem_case(inside, (size_t)(end - inside), close, sizeof close - 1);
		if (!p)
			return;
		memset(inside, ' ', (size_t)(p - inside));
	}
}

static enum err parse(struct page *p)
{
	GumboOptions options = kGumboDefaultOptions;
	p->arena = mmap(NULL, PAGE_ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p->arena == MAP_FAILED) {
		p->arena = NULL;
		return ERR_NOMEM;
	}
	options.allocator = arena_take;
	options.deallocator = arena_leave;
	options.userdata = p;
	options.max_errors = 0;
	p->until = clock_ms() + PAGE_MS;
	if (setjmp(p->too_much))
		return ERR_TOO_BIG;
	blank_noscript(&p->source);
	p->tree = gumbo_parse_with_options(&options, (const char *)p->source.bytes, p->source.len);
	collect(p);
	return OK;
}

enum err page_of(struct rd utf8, bool is_html, struct page **out)
{
	struct page *p = calloc(1, sizeof *p);
	if (!p)
		return ERR_NOMEM;
	/* Each node may add a line end; a node has a byte at least, or an element of three beside it. */
	p->source = buf_new(utf8.left + 1);
	p->text = buf_new(4 * utf8.left + 16);
	p->pieces = buf_new((utf8.left + 1) * sizeof(struct piece));
	buf_put(&p->source, utf8.at, utf8.left);
	buf_u8(&p->source, 0);
	p->source.len--;
	enum err err = buf_err(&p->source);
	if (err == OK && is_html)
		err = parse(p);
	else if (err == OK)
		buf_put(&p->text, utf8.at, utf8.left);
	if (err == OK && (buf_err(&p->text) != OK || buf_err(&p->pieces) != OK))
		err = ERR_TOO_BIG;
	if (err != OK) {
		page_free(p);
		return err;
	}
	*out = p;
	return OK;
}

struct rd page_text(const struct page *p)
{
	return rd_of(p->text.len ? p->text.bytes : (const uint8_t *)"", p->text.len);
}

/* ---- paths ---- */

/* An element's name, in lower case into out; false when it is none that a path may have. */
static bool name_of(const GumboNode *n, char *out, size_t cap)
{
	GumboStringPiece raw = n->v.element.original_tag;
	const char *name = gumbo_normalized_tagname(n->v.element.tag);
	size_t len = strlen(name);
	if (n->v.element.tag == GUMBO_TAG_UNKNOWN) {
		gumbo_tag_from_original_text(&raw);
		name = raw.data;
		len = name ? raw.length : 0;
	}
	if (len == 0 || len >= cap)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] | 32) : name[i];
		bool is_letter = c >= 'a' && c <= 'z';
		if (!is_letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-')))
			return false;
		out[i] = c;
	}
	out[len] = 0;
	return true;
}

#define NAME_MAX_BYTES 64

/* Which of its parent's children of that name it is, from 1. */
static unsigned position_of(const GumboNode *n, const char *name)
{
	const GumboVector *beside = children_of(n->parent);
	char other[NAME_MAX_BYTES];
	unsigned position = 1;
	for (size_t i = 0; i < n->index_within_parent; i++) {
		const GumboNode *b = beside->data[i];
		if (is_element(b) && name_of(b, other, sizeof other) && strcmp(other, name) == 0)
			position++;
	}
	return position;
}

static bool path_of(const GumboNode *element, char *out, size_t cap)
{
	const GumboNode *chain[CLIP_PATH_ELEMENTS_MAX];
	size_t n = 0, used = 0;
	for (const GumboNode *e = element; e && is_element(e); e = e->parent) {
		if (n == CLIP_PATH_ELEMENTS_MAX)
			return false;
		chain[n++] = e;
	}
	if (n == 0)
		return false;
	while (n-- > 0) {
		char name[NAME_MAX_BYTES], step[NAME_MAX_BYTES + 40];
		if (!name_of(chain[n], name, sizeof name))
			return false;
		unsigned position = position_of(chain[n], name);
		int len = position > 1 ? snprintf(step, sizeof step, "%s%s:nth-of-type(%u)", used ? ">" : "", name, position)
		                       : snprintf(step, sizeof step, "%s%s", used ? ">" : "", name);
		if (len < 0 || (size_t)len >= sizeof step || used + (size_t)len >= cap)
			return false;
		memcpy(out + used, step, (size_t)len + 1);
		used += (size_t)len;
	}
	return true;
}

bool page_path(const struct page *p, size_t at, char *out, size_t cap)
{
	static const char plain[] = "html>body>pre";
	if (!p->tree) {
		if (cap < sizeof plain)
			return false;
		memcpy(out, plain, sizeof plain);
		return true;
	}
	size_t low = 0, high = p->pieces.len / sizeof(struct piece);
	struct piece piece;
	if (high == 0)
		return false;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		memcpy(&piece, p->pieces.bytes + middle * sizeof piece, sizeof piece);
		if (piece.at <= at)
			low = middle;
		else
			high = middle;
	}
	memcpy(&piece, p->pieces.bytes + low * sizeof piece, sizeof piece);
	return path_of(piece.node->parent, out, cap);
}

/* ---- attributes ---- */

/* The first child of that name, of that position. */
static const GumboNode *child_at(const GumboNode *parent, const char *name, size_t len, unsigned position)
{
	const GumboVector *below = children_of(parent);
	char own[NAME_MAX_BYTES];
	for (size_t i = 0; below && i < below->length; i++) {
		const GumboNode *n = below->data[i];
		if (is_element(n) && name_of(n, own, sizeof own) && strlen(own) == len && memcmp(own, name, len) == 0 && --position == 0)
			return n;
	}
	return NULL;
}

static const GumboNode *element_at(const struct page *p, const char *path)
{
	static const char nth[] = ":nth-of-type(";
	const GumboNode *n = p->tree ? p->tree->document : NULL;
	while (n && *path) {
		size_t len = strcspn(path, ":>");
		unsigned position = 1;
		const char *rest = path + len;
		if (strncmp(rest, nth, sizeof nth - 1) == 0) {
			char *end;
			unsigned long said = strtoul(rest + sizeof nth - 1, &end, 10);
			if (*end != ')' || said < 2 || said > UINT32_MAX)
				return NULL;
			position = (unsigned)said;
			rest = end + 1;
		}
		if (*rest && *rest != '>')
			return NULL;
		n = child_at(n, path, len, position);
		path = *rest ? rest + 1 : rest;
	}
	return n && is_element(n) ? n : NULL;
}

bool page_attribute(const struct page *p, const char *path, const char *name, struct rd *value)
{
	const GumboNode *n = element_at(p, path);
	const GumboAttribute *a = n ? gumbo_get_attribute(&n->v.element.attributes, name) : NULL;
	if (!a)
		return false;
	*value = rd_of(a->value, strlen(a->value));
	return true;
}
