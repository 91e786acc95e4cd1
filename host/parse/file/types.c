/* The table of file types (contract in types.h). */
#include "parse/file/types.h"

#include <stdlib.h>
#include <string.h>

struct type_magic { size_t row; size_t offset, n; uint8_t bytes[32], mask[32]; };
struct type_word { const char *text; size_t row; };

#include "filetypes.h"

#define COUNT(a) (sizeof (a) / sizeof *(a))

enum file_class type_class(const struct type_row *t, uint8_t os)
{
	uint8_t most = FILE_TRANSPARENT;

	for (size_t i = 0; i < 4; i++)
		if ((os >> i & 1) && t->class[i] > most)
			most = t->class[i];
	return (enum file_class)most;
}

static int word_cmp(const void *key, const void *row)
{
	return strcmp(key, ((const struct type_word *)row)->text);
}

static const struct type_row *word_find(const char *word, const struct type_word *list, size_t n)
{
	const struct type_word *w = bsearch(word, list, n, sizeof *list, word_cmp);
	return w ? &rows[w->row] : NULL;
}

const struct type_row *type_of_format(const char *format)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].name, format) == 0)
			return &rows[i];
	return NULL;
}

/* ---- content ---- */

static bool magic_fits(const struct type_magic *m, struct rd head)
{
	(void)rd_take(&head, m->offset);
	struct rd part = rd_take(&head, m->n);
	if (part.bad)
		return false;
	for (size_t i = 0; i < m->n; i++)
		if ((part.at[i] & m->mask[i]) != m->bytes[i])
			return false;
	return true;
}

/* No control characters but those of text; a UTF-16 mark at the beginning stands for text, too. */
static bool is_text(struct rd head)
{
	struct rd mark = head;
	uint16_t first = rd_u16(&mark);
	if (!mark.bad && (first == 0xfffe || first == 0xfeff))
		return true;
	for (size_t i = 0; i < head.left; i++) {
		uint8_t c = head.at[i];
		if (c == 0x7f || (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b))
			return false;
	}
	return true;
}

const struct type_row *type_of_content(struct rd head)
{
	const struct type_magic *best = NULL;

	for (size_t i = 0; i < COUNT(magics); i++)
		if (magic_fits(&magics[i], head) && (best == NULL || magics[i].n > best->n))
			best = &magics[i];
	if (best != NULL)
		return &rows[best->row];
	return is_text(head) ? word_find("txt", extensions, COUNT(extensions)) : NULL;
}

/* ---- Content-Type ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

const struct type_row *type_of_mime(const char *mime, bool *is_unknown)
{
	char word[CLIP_CONTENT_TYPE_MAX + 1];
	size_t n = 0;

	*is_unknown = false;
	while (*mime == ' ' || *mime == '\t')
		mime++;
	for (; *mime && !strchr("; \t,", *mime) && n + 1 < sizeof word; mime++)
		word[n++] = lower(*mime);
	word[n] = '\0';
	/* What servers say when they don't know, or want it saved. */
	static const char *const nothing[] = { "", "application/octet-stream", "binary/octet-stream", "application/x-download",
	                                       "application/force-download", "application/download", "application/unknown",
	                                       "application/binary", "application/x-octet-stream", "unknown/unknown" };
	for (size_t i = 0; i < COUNT(nothing); i++)
		if (strcmp(word, nothing[i]) == 0)
			return NULL;
	const struct type_row *row = word_find(word, types, COUNT(types));
	*is_unknown = row == NULL;
	return row;
}

/* ---- name ---- */

/* Length of the UTF-8 character at s, 1 for what is none. */
static size_t char_len(const char *s)
{
	uint8_t c = (uint8_t)*s;
	size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;

	for (size_t i = 1; i < n; i++)
		if (((uint8_t)s[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

static uint32_t char_value(const char *s, size_t n)
{
	uint32_t v = n == 1 ? (uint8_t)*s : (uint8_t)*s & (0x7fu >> n);

	for (size_t i = 1; i < n; i++)
		v = v << 6 | ((uint8_t)s[i] & 0x3f);
	return v;
}

/* Embeddings, overrides and isolates (Unicode Standard Annex 9, section 2); single marks are in honest Arabic and Hebrew names. */
static bool turns_direction(uint32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static bool is_invisible(uint32_t c)
{
	return c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x2060 && c <= 0x2064) || c == 0xfeff || c == 0x61c || c == 0x180e;
}

/* Wide blanks count as blanks, wide letters as letters: Windows' search shows them alike. */
static uint32_t plain(uint32_t c)
{
	if (c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000 || c == 0x2800 || c == 0x3164)
		return ' ';
	if (c >= 0xff01 && c <= 0xff5e)
		c = c - 0xff01 + 0x21;
	if (c == 0x2024 || c == 0xfe52 || c == 0x3002 || c == 0xff61)
		return '.';
	return c < 0x80 ? (uint8_t)lower((char)c) : c;
}

/* The name without its path, in plain ASCII as far as it goes ('\x01' for another character), without blanks and dots at the
 * end; says in *t what was hidden. */
static void name_plain(const char *name, char *out, size_t cap, struct type_name *t)
{
	size_t n = 0;

	for (size_t len; *name; name += len) {
		len = char_len(name);
		uint32_t c = char_value(name, len);
		if (turns_direction(c) || c < 0x20 || c == 0x7f) {
			t->is_reversed = true;
		} else if (is_invisible(c)) {
			t->is_hiding = true;
		} else if (c == '/' || c == '\\') {
			n = 0;
			t->is_hiding = false;
		} else if (n + 1 < cap) {
			uint32_t p = plain(c);
			t->is_hiding |= p < 0x80 && c >= 0x80 && p != ' ';
			out[n++] = p < 0x80 ? (char)p : '\x01';
		}
	}
	while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == '.')) {
		n--;
		t->is_hiding = true;
	}
	out[n] = '\0';
}

/* What the end of s says, s without its extension in *stem (cut in place). */
static const struct type_row *take_extension(char *s, bool *is_unknown)
{
	char *dot = strrchr(s, '.');

	*is_unknown = false;
	/* ".profile" is a name, not an extension. */
	if (dot == NULL || dot == s)
		return NULL;
	*dot = '\0';
	const char *ext = dot + 1;
	while (*ext == ' ')
		ext++;
	const struct type_row *row = word_find(ext, extensions, COUNT(extensions));
	*is_unknown = row == NULL;
	return row;
}

struct type_name type_of_name(const char *name, uint8_t os)
{
	struct type_name t = { 0 }, first;
	char s[FILE_NAME_MAX], stem[FILE_NAME_MAX];
	bool is_unknown;

	name_plain(name, s, sizeof s, &t);
	/* "photo.jpg          .exe" */
	t.is_hiding |= strstr(s, "     ") != NULL;
	memcpy(stem, s, sizeof stem);
	t.row = take_extension(stem, &t.is_unknown);
	/* Windows opens "a.exe:b" and "a.exe::$DATA" as parts of a.exe. */
	char *colon = strchr(s, ':');
	if (colon != NULL) {
		*colon = '\0';
		first.row = take_extension(s, &first.is_unknown);
		if (first.row != NULL && (t.row == NULL || type_class(first.row, os) > type_class(t.row, os))) {
			memcpy(stem, s, sizeof stem);
			t.row = first.row;
			t.is_hiding = true;
		}
	}
	/* "invoice.pdf.exe": file managers hide the last one. */
	const struct type_row *before = t.row ? take_extension(stem, &is_unknown) : NULL;
	if (before != NULL && type_class(t.row, os) == FILE_EXECUTABLE && type_class(before, os) != FILE_EXECUTABLE && !before->is_archive)
		t.is_hiding = true;
	return t;
}
