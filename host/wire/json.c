/* Strict JSON (contract in wire/json.h). */
#include "wire/json.h"
#include "base/limits.h"
#include "wire/jsonlong.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* In front of each of Jansson's blocks stands its size, so that freeing can wipe it. */
union json_block { size_t n; max_align_t align; };

static void *json_malloc(size_t n)
{
	union json_block *b;

	if (n > SIZE_MAX - sizeof *b)
		return NULL;
	b = malloc(sizeof *b + n);
	if (b == NULL)
		return NULL;
	b->n = n;
	return b + 1;
}

static void json_wipe(void *p)
{
	if (p == NULL)
		return;
	union json_block *b = (union json_block *)p - 1;
	explicit_bzero(p, b->n);
	free(b);
}

void json_init(void)
{
	json_set_alloc_funcs(json_malloc, json_wipe);
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Is one of eight bytes this one? (The lowest that seems so is.) */
static bool has_byte(uint64_t w, uint8_t byte)
{
	uint64_t x = w ^ EACH(byte);

	return ((x - EACH(1)) & ~x & EACH(0x80)) != 0;
}

/* Where the string whose first byte is at[0], behind its opening quote, has its closing one; n when it has none. */
static size_t string_end(const uint8_t *at, size_t n)
{
	size_t i = 0;
	uint64_t w;

	while (i < n) {
		if (n - i >= sizeof w) {
			memcpy(&w, at + i, sizeof w);
			if (!has_byte(w, '"') && !has_byte(w, '\\')) {
				i += sizeof w;
				continue;
			}
		}
		for (size_t k = 0; k < sizeof w && i < n; k++, i++) {
			if (at[i] == '"')
				return i;
			if (at[i] == '\\')
				i++;
		}
	}
	return n;
}

/* Depth and marks so far. */
struct json_count { size_t depth, marks; };

static bool json_count_mark(struct json_count *c, uint8_t byte)
{
	switch (byte) {
	case '{': case '[':
		return ++c->depth <= JSON_DEPTH_MAX && ++c->marks <= JSON_MARKS_MAX;
	case '}': case ']':
		c->depth -= c->depth > 0;
		return true;
	case ',': case ':':
		return ++c->marks <= JSON_MARKS_MAX;
	default:
		return true;
	}
}

/* Jansson's own bound on depth is 2048 and it has none on the number of values: both are counted before it
 * allocates. It takes a raw NUL behind the object for the end of the text. Other wrong JSON is left to it. Long strings stay
 * behind in longs, and reduced is the rest. */
static enum err json_reduce(struct rd text, struct json_longs *longs, struct buf *reduced)
{
	struct json_count count = { 0 };
	const uint8_t *from = text.at, *p = text.at, *const end = text.at + text.left;

	if (memchr(text.at, 0, text.left) != NULL)
		return ERR_MSG_JSON;
	for (; p < end; p++) {
		if (*p != '"') {
			if (!json_count_mark(&count, *p))
				return ERR_MSG_JSON;
			continue;
		}
		const uint8_t *inside = p + 1;
		size_t left = (size_t)(end - inside), n = string_end(inside, left);
		if (n >= left)
			break;   /* not closed: Jansson says so */
		p = inside + n;
		if (n < JSON_LONG_MIN)
			continue;
		buf_put(reduced, from, (size_t)(inside - 1 - from));
		from = json_longs_take(longs, rd_of(inside, n), reduced) ? p + 1 : inside - 1;
	}
	buf_put(reduced, from, (size_t)(end - from));
	return buf_err(reduced) == OK ? OK : ERR_NOMEM;
}

enum err json_take(struct rd text, json_t **out)
{
	struct buf reduced BUF_AUTO = buf_new(text.left + 64 * JSON_LONG_MAX);
	struct json_longs longs;
	json_error_t error;

	if (text.bad)
		return ERR_MSG_JSON;
	json_longs_begin(&longs);
	enum err err = json_reduce(text, &longs, &reduced);
	if (err != OK)
		return err;
	/* Without JSON_ALLOW_NUL an escaped NUL is refused, without JSON_DISABLE_EOF_CHECK whatever stands behind. */
	json_t *tree = json_loadb(reduced.len > 0 ? (const char *)reduced.bytes : "", reduced.len, JSON_REJECT_DUPLICATES, &error);
	if (tree == NULL)
		return json_error_code(&error) == json_error_out_of_memory ? ERR_NOMEM : ERR_MSG_JSON;
	err = json_is_object(tree) ? json_longs_put_back(&longs, tree) : ERR_MSG_JSON;
	if (err != OK) {
		json_decref(tree);
		return err;
	}
	*out = tree;
	return OK;
}

static int json_give_cb(const char *bytes, size_t n, void *arg)
{
	struct buf *out = arg;

	buf_put(out, bytes, n);
	return buf_err(out) == OK ? 0 : -1;
}

enum err json_give(const json_t *tree, struct buf *out)
{
	int failed = json_dump_callback(tree, json_give_cb, out, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS));
	enum err err = buf_err(out);

	if (err != OK)
		return err;
	return failed != 0 ? ERR_BUG : OK;
}
