/* Makes the host's table of certificate errors (build/gen/cert_errors.h) of shared/cert-errors.json, at build
 * time; host/feature/classes.c includes it. Refuses a table that is out of order, doubled, or misspelt, so
 * that an edit of the JSON can't quietly change a class. Use: gen_cert_errors IN.json OUT.h */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what, const char *name)
{
	fprintf(stderr, "gen_cert_errors: %s%s%s\n", what, name ? ": " : "", name ? name : "");
	exit(1);
}

static long long number(const json_t *o, const char *key, long long low, long long high, const char *name)
{
	const json_t *v = json_object_get(o, key);
	if (!json_is_integer(v) || json_integer_value(v) < low || json_integer_value(v) > high)
		die(key, name);
	return json_integer_value(v);
}

static const char *category(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, "category");
	if (json_is_null(v))
		return "NONE";
	const char *s = json_string_value(v);
	if (s && strcmp(s, "trust") == 0)
		return "TRUST";
	if (s && strcmp(s, "domain") == 0)
		return "DOMAIN";
	if (s && strcmp(s, "time") == 0)
		return "TIME";
	die("category", name);
	return NULL;
}

static void ranges(const json_t *list, FILE *out)
{
	size_t i;
	json_t *o;
	fprintf(out, "#define CERT_ERROR_RANGES(X)");
	json_array_foreach(list, i, o) {
		const char *name = json_string_value(json_object_get(o, "name"));
		if (!name)
			die("a range has no name", NULL);
		long long from = number(o, "from", -32768, -1, name);
		fprintf(out, " \\\n\tX(%lld, %lld, %lld)", from, number(o, "to", from, -1, name),
		        number(o, "class", 0, 2, name));
	}
	fprintf(out, "\n\n");
}

/* The number must lie in the range whose name the error's name begins with. */
static void must_fit(const json_t *list, const char *name, long long n)
{
	size_t i;
	json_t *o;
	json_array_foreach(list, i, o) {
		const char *prefix = json_string_value(json_object_get(o, "name"));
		if (strncmp(name, prefix, strlen(prefix)) == 0 && n >= number(o, "from", -32768, -1, name) &&
		    n <= number(o, "to", -32768, -1, name))
			return;
	}
	die("outside of its range", name);
}

static void errors(const json_t *list, const json_t *range_list, FILE *out)
{
	size_t i;
	json_t *o;
	long long last = 0;
	fprintf(out, "/* Highest number first. */\n#define CERT_ERROR_TABLE(X)");
	json_array_foreach(list, i, o) {
		const char *name = json_string_value(json_object_get(o, "name"));
		const json_t *over = json_object_get(o, "overridable");
		if (!name || strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(name))
			die("bad name", name);
		if (json_object_size(o) != 6 || !json_is_string(json_object_get(o, "comment")) || !json_is_boolean(over))
			die("bad fields", name);
		long long n = number(o, "number", -32768, -1, name);
		if (n >= last)
			die("not in falling order", name);
		last = n;
		must_fit(range_list, name, n);
		fprintf(out, " \\\n\tX(%lld, \"%s\", %lld, %s, CERT_CATEGORY_%s)", n, name, number(o, "class", 0, 2, name),
		        json_is_true(over) ? "true" : "false", category(o, name));
	}
	fprintf(out, "\n\n");
}

int main(int argc, char **argv)
{
	json_error_t why;
	if (argc != 3)
		die("two arguments, please", NULL);
	json_t *all = json_load_file(argv[1], JSON_REJECT_DUPLICATES, &why);
	if (!all)
		die(argv[1], why.text);
	const json_t *list = json_object_get(all, "errors"), *range_list = json_object_get(all, "ranges");
	if (json_array_size(list) == 0 || json_array_size(range_list) == 0)
		die("no errors or no ranges", argv[1]);
	FILE *out = fopen(argv[2], "w");
	if (!out)
		die("can't write", argv[2]);
	fprintf(out, "/* Made by tools/gen_cert_errors.c of shared/cert-errors.json. */\n"
	             "#ifndef GEN_CERT_ERRORS_H\n#define GEN_CERT_ERRORS_H\n\n");
	ranges(range_list, out);
	errors(list, range_list, out);
	fprintf(out, "#endif\n");
	if (fclose(out) != 0)
		die("can't write", argv[2]);
	json_decref(all);
	return 0;
}
