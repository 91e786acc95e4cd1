/* Reading the engine's result (contract in collector/result.h). */
#include "collector/result.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The last whole line. */
static void last_line(const struct buf *out, const char **line, size_t *len)
{
	const char *bytes = (const char *)out->bytes;
	size_t end = out->len;

	while (end > 0 && bytes[end - 1] != '\n')
		end--;
	if (end == 0) {
		*line = "";
		*len = 0;
		return;
	}
	size_t at = --end;
	while (at > 0 && bytes[at - 1] != '\n')
		at--;
	*line = bytes + at;
	*len = end - at;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s != NULL ? s : "";
}

static int code_of(const json_t *object)
{
	return (int)json_integer_value(json_object_get(json_object_get(object, "error"), "code"));
}

static bool is_any(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* Did any exit of this list give an answer? */
static bool has_answer(const json_t *list)
{
	size_t i;
	const json_t *a;

	for (i = 0; (a = json_array_get(list, i)) != NULL; i++)
		if (strcmp(text_of(a, "status"), "certificate") == 0)
			return true;
	return false;
}

/* The answer of the accused exit; NULL: it was not asked. */
static const json_t *answer_of(const json_t *list, const char *accused)
{
	size_t i;
	const json_t *a;

	for (i = 0; (a = json_array_get(list, i)) != NULL; i++)
		if (strcasecmp(text_of(json_object_get(a, "exit"), "fingerprint"), accused) == 0)
			return a;
	return NULL;
}

static enum outcome undecided(const json_t *tree, bool *is_ours)
{
	static const char *const varies[] = { "site_rotates", "exits_differ", "first_differs", "customised", "one_exit_differs", "entity_differs",
	                                      "redirects_differ", NULL };
	static const char *const ours[] = { "tor_unavailable", "no_trust_roots", "no_independent_exit", "cancelled", NULL };
	const char *reason = text_of(tree, "reason");
	int code = code_of(tree);

	if (code == ERR_EXIT_UNKNOWN)
		return OUTCOME_GONE;
	if (is_any(reason, varies))
		return OUTCOME_VARIES;
	if (is_any(reason, ours) || (code != 0 && err_class((enum err)code) == ERR_CLASS_LOCAL)) {
		*is_ours = true;
		return OUTCOME_UNDECIDED;
	}
	/* The others got through and the accused did not. */
	if (strcmp(reason, "first_silent") == 0 ||
	    (!has_answer(json_object_get(tree, "first")) && has_answer(json_object_get(tree, "others"))))
		return OUTCOME_SILENT;
	return OUTCOME_UNDECIDED;
}

static void take_first(const json_t *answer, const char *accused, struct accused *out)
{
	const json_t *exit = json_object_get(answer, "exit");

	if (answer == NULL)
		return;
	snprintf(out->fp, sizeof out->fp, "%s", accused);
	snprintf(out->nickname, sizeof out->nickname, "%s", text_of(exit, "nickname"));
	snprintf(out->address, sizeof out->address, "%s", text_of(exit, "address"));
	snprintf(out->country, sizeof out->country, "%s", text_of(exit, "country"));
	snprintf(out->family, sizeof out->family, "%s", text_of(exit, "family"));
}

/* What is compared with others' is what the accused brought, or nothing was decided of it. */
static bool is_of_accused(const json_t *answer, bool is_download)
{
	return answer != NULL && (!is_download || strcmp(text_of(answer, "status"), "answer") == 0);
}

void result_read(const struct buf *out, enum err err, const struct trial *t, struct result *r)
{
	*r = (struct result){ .outcome = OUTCOME_UNDECIDED };
	last_line(out, &r->line, &r->len);
	/* A program that could not be started, or that was cut off: it has said nothing of the relay. */
	json_t *tree = json_loadb(r->line, r->len, JSON_REJECT_DUPLICATES, NULL);
	const char *kind = text_of(tree, "kind"), *verdict = text_of(tree, "verdict");
	bool is_download = strcmp(kind, "download.result") == 0;
	if (strcmp(kind, "cert.result") != 0 && strcmp(kind, "https.result") != 0 && !is_download) {
		r->is_ours = err != OK || tree == NULL || err_class((enum err)code_of(tree)) == ERR_CLASS_LOCAL;
		if (code_of(tree) == ERR_EXIT_UNKNOWN) {
			r->is_ours = false;
			r->outcome = OUTCOME_GONE;
		}
	} else {
		const json_t *answer = answer_of(json_object_get(tree, is_download ? "others" : "first"), t->accused);
		bool is_page = strcmp(t->kind, "download") == 0 && strcmp(text_of(tree, "format"), "html") == 0;
		take_first(answer, t->accused, &r->first);
		if (strcmp(verdict, "match") == 0 && is_of_accused(answer, is_download))
			r->outcome = OUTCOME_SAME;
		else if (strcmp(verdict, "mismatch") == 0 && is_of_accused(answer, is_download))
			r->outcome = is_page ? OUTCOME_VARIES : OUTCOME_DIFFERS;
		else if (strcmp(verdict, "undecided") == 0)
			r->outcome = undecided(tree, &r->is_ours);
	}
	json_decref(tree);
}
