/* Makes the table of file types (build/gen/filetypes.h) of shared/filetypes.json at build time; host/parse/file/types.c includes it.
 * Refuses a row with unknown or contradicting fields, and a name that two rows claim. Use: gen_filetypes IN.json OUT.h
 *
 * The JSON is { "about", "types": [ ROW, … ] }. In a ROW:
 *   name        the format's name, lower case
 *   class       "executable", "other" or "transparent"; or by system: { "else": …, "linux": …, "macos": …, "windows": …, "android": … }
 *   archive     true: its members are listed, and the most dangerous one counts as well
 *   document    true: may hold macros or scripts, which are looked for
 *   magic       [ "OFFSET:HEX", … ], ?? for any byte: how such a file begins. Of several rows that fit the longest magic counts
 *   extensions  of names, lower case, without the dot, separated by blanks; one text or a list of them
 *   types       of Content-Type, the same way
 */
#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 4096

struct word { const char *text; size_t row; };
static struct word extensions[WORDS_MAX], types[WORDS_MAX];
static size_t n_extensions, n_types;
static const char *at_row = "";

static void die(const char *what, const char *name)
{
	fprintf(stderr, "gen_filetypes: %s: %s%s%s\n", at_row, what, name ? ": " : "", name ? name : "");
	exit(1);
}

static const char *class_of(const json_t *v)
{
	const char *s = json_string_value(v);
	if (s && !strcmp(s, "executable"))
		return "FILE_EXECUTABLE";
	if (s && !strcmp(s, "other"))
		return "FILE_OTHER";
	if (!s || strcmp(s, "transparent") != 0)
		die("no class", s);
	return "FILE_TRANSPARENT";
}

static void put_classes(FILE *out, const json_t *v)
{
	static const char *const systems[] = { "linux", "macos", "windows", "android" };
	const char *key;
	json_t *one;
	if (json_is_object(v))
		json_object_foreach((json_t *)v, key, one) {
			bool known = !strcmp(key, "else");
			for (size_t i = 0; i < 4; i++)
				known |= !strcmp(key, systems[i]);
			if (!known)
				die("no such system", key);
		}
	fprintf(out, "{ ");
	for (size_t i = 0; i < 4; i++) {
		const json_t *mine = json_is_object(v) ? json_object_get(v, systems[i]) : v;
		fprintf(out, "%s%s", class_of(mine ? mine : json_object_get(v, "else")), i < 3 ? ", " : " }");
	}
}

static bool flag(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	if (v && !json_is_true(v))
		die("true or nothing", key);
	return v != NULL;
}

static void take_words(const json_t *o, const char *key, size_t row, struct word *list, size_t *n)
{
	const json_t *v = json_object_get(o, key);
	size_t lines = !v ? 0 : json_is_array(v) ? json_array_size(v) : 1;
	for (size_t i = 0; i < lines; i++) {
		const char *s = json_string_value(json_is_array(v) ? json_array_get(v, i) : v);
		if (!s)
			die("no text", key);
		char *copy = strdup(s);
		for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
			for (const char *c = word; *c; c++)
				if ((unsigned char)*c <= 32 || (unsigned char)*c > 126 || isupper((unsigned char)*c) || *c == '"' || *c == '\\')
					die("bad letter", word);
			if (*n == WORDS_MAX)
				die("too many", key);
			list[(*n)++] = (struct word){ word, row };
		}
	}
}

/* OFFSET:HEX. */
static void put_magic(FILE *out, const char *s, size_t row)
{
	char *hex;
	unsigned long offset = strtoul(s ? s : "", &hex, 10);
	size_t digits = s && *hex == ':' ? strlen(++hex) : 1;
	if (digits == 0 || digits % 2 || digits > 64 || offset > 36864)
		die("no magic", s);
	fprintf(out, "\t{ %zu, %lu, %zu, { ", row, offset, digits / 2);
	for (size_t i = 0; i < digits; i += 2)
		fprintf(out, "0x%c%c, ", hex[i] == '?' ? '0' : hex[i], hex[i] == '?' ? '0' : hex[i + 1]);
	fprintf(out, "}, { ");
	for (size_t i = 0; i < digits; i += 2) {
		if (strncmp(hex + i, "??", 2) != 0 && (!isxdigit((unsigned char)hex[i]) || !isxdigit((unsigned char)hex[i + 1])))
			die("no hexadecimal", s);
		fprintf(out, "%s, ", hex[i] == '?' ? "0" : "0xff");
	}
	fprintf(out, "} },\n");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct word *)a)->text, ((const struct word *)b)->text);
}

static void put_words(FILE *out, const char *name, struct word *list, size_t n)
{
	qsort(list, n, sizeof *list, by_text);
	fprintf(out, "static const struct type_word %s[] = {\n", name);
	for (size_t i = 0; i < n; i++) {
		if (i && !strcmp(list[i].text, list[i - 1].text))
			die("claimed twice", list[i].text);
		fprintf(out, "\t{ \"%s\", %zu },\n", list[i].text, list[i].row);
	}
	fprintf(out, "};\n");
}

static void check_keys(const json_t *o)
{
	static const char *const keys[] = { "name", "class", "archive", "document", "magic", "extensions", "types" };
	const char *key;
	json_t *v;
	json_object_foreach((json_t *)o, key, v) {
		bool known = false;
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			known |= !strcmp(key, keys[i]);
		if (!known)
			die("unknown field", key);
	}
}

int main(int argc, char **argv)
{
	json_error_t e;
	json_t *all = argc == 3 ? json_load_file(argv[1], JSON_REJECT_DUPLICATES, &e) : NULL, *rows = json_object_get(all, "types"), *o, *m;
	size_t i, k;
	FILE *out = argc == 3 ? fopen(argv[2], "w") : NULL;
	if (!json_is_array(rows) || !out) {
		fprintf(stderr, "gen_filetypes: %s\n", all ? "no list of types, or no place to write" : argc == 3 ? e.text : "IN.json OUT.h");
		return 1;
	}
	fprintf(out, "/* Made by tools/gen_filetypes.c of shared/filetypes.json. */\nstatic const struct type_row rows[] = {\n");
	json_array_foreach(rows, i, o) {
		at_row = json_string_value(json_object_get(o, "name"));
		if (!at_row || strspn(at_row, "abcdefghijklmnopqrstuvwxyz0123456789-.+") != strlen(at_row) || strlen(at_row) > 31)
			at_row = "", die("a row without a proper name", NULL);
		check_keys(o);
		fprintf(out, "\t{ \"%s\", ", at_row);
		put_classes(out, json_object_get(o, "class"));
		fprintf(out, ", %d, %d },\n", flag(o, "archive"), flag(o, "document"));
		take_words(o, "extensions", i, extensions, &n_extensions);
		take_words(o, "types", i, types, &n_types);
	}
	fprintf(out, "};\nstatic const struct type_magic magics[] = {\n");
	json_array_foreach(rows, i, o) {
		at_row = json_string_value(json_object_get(o, "name"));
		json_array_foreach(json_object_get(o, "magic"), k, m)
			put_magic(out, json_string_value(m), i);
	}
	fprintf(out, "};\n");
	put_words(out, "extensions", extensions, n_extensions);
	put_words(out, "types", types, n_types);
	json_decref(all);
	return fclose(out) != 0;
}
