/* xar files (Apple's installer packages): a header, a table of contents (XML, zlib) with a checksum of each member's packed bytes, then
 * the heap. What of the heap no strong checksum covers (the table's own checksum, signatures, gaps) is part of S by the rule of
 * commit.h. Format: the xar project's "xarformat". */
#include "parse/file/commit.h"

#include "base/limits.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define DEPTH_MAX 64
#define TEXT_MAX 160

struct toc {
	struct commit *c;
	uint64_t heap;
	XML_Parser xml;
	enum err err;
	unsigned depth, data_depth;        /* data_depth: of the <data> that is open, 0 none */
	char text[TEXT_MAX];
	size_t n_text;
	/* of the <data> that is open */
	bool has_offset, has_length, has_sum, is_weak;
	uint64_t offset, length;
	enum digest digest;
	uint8_t sum[DIGEST_MAX];
};

static void fail(struct toc *t, enum err err)
{
	if (t->err == OK)
		t->err = err;
	(void)XML_StopParser(t->xml, XML_FALSE);
}

static bool take_number(const char *s, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; s[i]; i++) {
		if (s[i] < '0' || s[i] > '9' || i >= 18)
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*out = v;
	return s[0] != '\0';
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool take_hex(const char *s, uint8_t *out, size_t n)
{
	if (strlen(s) != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(s[2 * i]), low = hex_digit(s[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void begin_sum(struct toc *t, const char **attributes)
{
	const char *style = "";

	for (size_t i = 0; attributes[i] && attributes[i + 1]; i += 2)
		if (strcmp(attributes[i], "style") == 0)
			style = attributes[i + 1];
	t->is_weak = false;
	if (!strcmp(style, "sha256") || !strcmp(style, "SHA256"))
		t->digest = DIGEST_SHA256;
	else if (!strcmp(style, "sha512") || !strcmp(style, "SHA512"))
		t->digest = DIGEST_SHA512;
	else
		t->is_weak = true;
}

static void on_begin(void *arg, const char *name, const char **attributes)
{
	struct toc *t = arg;

	t->n_text = 0;
	t->text[0] = '\0';
	if (++t->depth > DEPTH_MAX) {
		fail(t, ERR_FORMAT);
	} else if (t->data_depth == 0 && strcmp(name, "data") == 0) {
		t->data_depth = t->depth;
		t->has_offset = t->has_length = t->has_sum = false;
	} else if (t->data_depth + 1 == t->depth && strcmp(name, "archived-checksum") == 0) {
		begin_sum(t, attributes);
	}
}

static void on_text(void *arg, const char *s, int n)
{
	struct toc *t = arg;

	for (int i = 0; i < n && t->data_depth > 0; i++)
		if (s[i] != ' ' && s[i] != '\n' && s[i] != '\r' && s[i] != '\t') {
			if (t->n_text + 1 >= sizeof t->text) {
				fail(t, ERR_FORMAT);
				return;
			}
			t->text[t->n_text++] = s[i];
			t->text[t->n_text] = '\0';
		}
}

/* Each value once, or it could be read in two ways. */
static void end_value(struct toc *t, const char *name)
{
	bool *has = !strcmp(name, "offset") ? &t->has_offset : !strcmp(name, "length") ? &t->has_length :
	            !strcmp(name, "archived-checksum") ? &t->has_sum : NULL;

	if (has == NULL)
		return;
	bool ok = !*has && (has == &t->has_offset ? take_number(t->text, &t->offset) : has == &t->has_length ? take_number(t->text, &t->length) :
	                    t->is_weak || take_hex(t->text, t->sum, digest_size(t->digest)));
	*has = true;
	if (!ok)
		fail(t, ERR_FORMAT);
}

static void end_data(struct toc *t)
{
	if (!t->has_offset || !t->has_length || t->length == 0)
		return;
	if (!t->has_sum || t->is_weak) {
		commit_weak(t->c);
		return;
	}
	uint64_t size = commit_size(t->c);
	enum err err = t->offset > size || t->length > size || t->heap > size - t->offset ? ERR_FORMAT : commit_digest(t->c, t->digest, t->sum);
	if (err == OK)
		err = commit_feed(t->c, t->heap + t->offset, t->length);
	if (err != OK)
		fail(t, err);
}

static void on_end(void *arg, const char *name)
{
	struct toc *t = arg;

	if (t->data_depth > 0 && t->depth == t->data_depth + 1)
		end_value(t, name);
	else if (t->depth == t->data_depth) {
		t->data_depth = 0;
		end_data(t);
	}
	t->depth--;
	t->n_text = 0;
	t->text[0] = '\0';
}

/* No document type: entities could make much of little. */
static void on_doctype(void *arg, const char *name, const char *system, const char *public, int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	fail(arg, ERR_FORMAT);
}

static enum err parse_xml(struct commit *c, uint64_t heap, const char *bytes, size_t n)
{
	struct toc t = { .c = c, .heap = heap, .xml = XML_ParserCreate(NULL) };

	if (t.xml == NULL)
		return ERR_NOMEM;
	XML_SetUserData(t.xml, &t);
	XML_SetElementHandler(t.xml, on_begin, on_end);
	XML_SetCharacterDataHandler(t.xml, on_text);
	XML_SetStartDoctypeDeclHandler(t.xml, on_doctype);
	bool is_sound = XML_Parse(t.xml, bytes, (int)n, 1) == XML_STATUS_OK;
	bool is_memory = XML_GetErrorCode(t.xml) == XML_ERROR_NO_MEMORY;
	XML_ParserFree(t.xml);
	return t.err != OK ? t.err : is_sound ? OK : is_memory ? ERR_NOMEM : ERR_FORMAT;
}

enum err commit_xar(struct commit *c)
{
	struct rd h, packed;
	enum err err = commit_need(c, 0, 28, &h);

	if (err != OK)
		return err;
	(void)rd_u32(&h);
	uint16_t head = rd_u16(&h), version = rd_u16(&h);
	uint64_t n_packed = rd_u64(&h), n = rd_u64(&h);
	if (head < 28 || version != 1 || n_packed > commit_size(c) || n == 0)
		return ERR_FORMAT;
	if (n > COMMIT_TABLE_MAX || n_packed > COMMIT_TABLE_MAX)
		return ERR_TOO_BIG;
	err = commit_keep(c, 28, head - 28u);
	if (err == OK)
		err = commit_need(c, head, (size_t)n_packed, &packed);
	if (err != OK)
		return err;
	char *text = malloc((size_t)n);
	if (text == NULL)
		return ERR_NOMEM;
	uLongf got = (uLongf)n;
	uLong used = (uLong)packed.left;
	commit_method(c, "xar-toc");
	if (uncompress2((Bytef *)text, &got, packed.at, &used) != Z_OK || got != n || used != packed.left)
		err = ERR_FORMAT;
	if (err == OK)
		err = parse_xml(c, head + n_packed, text, (size_t)n);
	free(text);
	return err;
}
