/* Strict JSON (contract in wire/json.h). */
#include "wire/json.h"
#include "base/limits.h"
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

/* Jansson's own bound on depth is 2048 and it has none on the number of values: both are counted before it
 * allocates. It takes a raw NUL behind the object for the end of the text. Other wrong JSON is left to it. */
static bool json_is_bounded(struct rd text)
{
	size_t depth = 0, marks = 0;
	bool in_string = false;

	if (memchr(text.at, 0, text.left) != NULL)
		return false;
	while (text.left > 0) {
		uint8_t c = rd_u8(&text);
		if (in_string) {
			if (c == '\\' && text.left > 0)
				(void)rd_u8(&text);
			else if (c == '"')
				in_string = false;
			continue;
		}
		switch (c) {
		case '"':
			in_string = true;
			break;
		case '{': case '[':
			if (++depth > JSON_DEPTH_MAX || ++marks > JSON_MARKS_MAX)
				return false;
			break;
		case '}': case ']':
			if (depth > 0)
				depth--;
			break;
		case ',': case ':':
			if (++marks > JSON_MARKS_MAX)
				return false;
			break;
		default:
			break;
		}
	}
	return true;
}

enum err json_take(struct rd text, json_t **out)
{
	json_error_t error;

	if (text.bad || !json_is_bounded(text))
		return ERR_MSG_JSON;
	/* Without JSON_ALLOW_NUL an escaped NUL is refused, without JSON_DISABLE_EOF_CHECK whatever stands behind. */
	json_t *tree = json_loadb((const char *)text.at, text.left, JSON_REJECT_DUPLICATES, &error);
	if (tree == NULL)
		return json_error_code(&error) == json_error_out_of_memory ? ERR_NOMEM : ERR_MSG_JSON;
	if (!json_is_object(tree)) {
		json_decref(tree);
		return ERR_MSG_JSON;
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
	int failed = json_dump_callback(tree, json_give_cb, out, JSON_COMPACT);
	enum err err = buf_err(out);

	if (err != OK)
		return err;
	return failed != 0 ? ERR_BUG : OK;
}
