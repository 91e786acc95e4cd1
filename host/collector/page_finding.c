/* One finding: both certificates side by side, every trial, what users reported, how to repeat it (contract in collector/page_in.h). */
#include "collector/mail.h"
#include "collector/page_in.h"
#include "collector/text.h"
#include "collector/view.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Trials shown with their certificates: the rest stands in the table, and in the export. */
#define PAIRS_SHOWN 4

static const json_t *answer_of(const json_t *answers)
{
	const json_t *a;
	size_t i;

	for (i = 0; (a = json_array_get(answers, i)) != NULL; i++)
		if (json_is_object(json_object_get(a, "certificate")))
			return a;
	return json_array_get(answers, 0);
}

static void fact(struct buf *out, const char *name, const char *value, const char *other)
{
	buf_printf(out, "<dt>%s</dt><dd%s>", name, strcmp(value, other) != 0 ? " class=\"diff\"" : "");
	text_html(out, *value != '\0' ? value : "-");
	buf_printf(out, "</dd>");
}

static void exit_of(struct buf *out, const json_t *a)
{
	const json_t *exit = json_object_get(a, "exit");

	buf_printf(out, "<dt>Exit</dt><dd><code>");
	text_html(out, view_text(exit, "fingerprint"));
	buf_printf(out, "</code> ");
	text_html(out, view_text(exit, "nickname"));
	buf_printf(out, " ");
	text_html(out, view_text(exit, "address"));
	buf_printf(out, " ");
	text_html(out, view_text(exit, "country"));
	buf_printf(out, "</dd>");
}

static void certificate(struct buf *out, const char *title, const json_t *a, const json_t *other)
{
	static const char *const rows[][2] = { { "Subject", "subject" }, { "Issuer", "issuer" }, { "Names", "names" }, { "Serial", "serial" },
	                                       { "Key", "key" }, { "Signature", "signature" }, { "SHA-256", "sha256" }, { "Public key", "spki_sha256" } };
	const json_t *c = json_object_get(a, "certificate"), *d = json_object_get(other, "certificate");
	char at[24], at_other[24];

	buf_printf(out, "<section><h3>%s</h3><dl>", title);
	exit_of(out, a);
	if (!json_is_object(c)) {
		buf_printf(out, "<dt>Answer</dt><dd>none: ");
		text_html(out, view_text(json_object_get(a, "error"), "text"));
		buf_printf(out, "</dd></dl></section>");
		return;
	}
	fact(out, "Chain", json_is_true(json_object_get(a, "valid")) ? "valid" : view_text(a, "why"),
	     json_is_true(json_object_get(other, "valid")) ? "valid" : view_text(other, "why"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		fact(out, rows[i][0], view_text(c, rows[i][1]), view_text(d, rows[i][1]));
	text_time(view_number(c, "not_before"), at);
	text_time(view_number(d, "not_before"), at_other);
	fact(out, "From (UTC)", at, at_other);
	text_time(view_number(c, "not_after"), at);
	text_time(view_number(d, "not_after"), at_other);
	fact(out, "Until (UTC)", at, at_other);
	buf_printf(out, "</dl></section>");
}

/* A file as one exit brought it. */
static void file(struct buf *out, const char *title, const json_t *a, const json_t *other)
{
	char size[24] = "", size_other[24] = "";

	buf_printf(out, "<section><h3>%s</h3><dl>", title);
	exit_of(out, a);
	if (strcmp(view_text(a, "status"), "answer") != 0) {
		buf_printf(out, "<dt>Answer</dt><dd>none: ");
		text_html(out, view_text(json_object_get(a, "error"), "text"));
		buf_printf(out, "</dd></dl></section>");
		return;
	}
	snprintf(size, sizeof size, "%lld", (long long)view_number(a, "length"));
	snprintf(size_other, sizeof size_other, "%lld", (long long)view_number(other, "length"));
	fact(out, "Bytes", size, size_other);
	fact(out, "SHA-256", view_text(a, "sha256"), view_text(other, "sha256"));
	fact(out, "From", view_text(a, "url"), view_text(other, "url"));
	buf_printf(out, "</dl></section>");
}

/* The accused exit's answer (is_accused), or the first of the others that has one; where none has, any. */
static const json_t *file_of(const json_t *result, const char *accused, bool is_accused)
{
	const json_t *all = json_object_get(result, "others"), *a, *found = NULL;
	size_t i;

	for (i = 0; (a = json_array_get(all, i)) != NULL; i++) {
		if ((strcmp(view_text(json_object_get(a, "exit"), "fingerprint"), accused) == 0) != is_accused)
			continue;
		if (found == NULL || strcmp(view_text(found, "status"), "answer") != 0)
			found = a;
	}
	return found;
}

static void files(struct buf *out, const json_t *result, const char *accused)
{
	const json_t *first = file_of(result, accused, true), *other = file_of(result, accused, false), *r;
	size_t i;

	file(out, "Through the accused exit", first, other);
	file(out, "Through an independent exit", other, first);
	for (i = 0; (r = json_array_get(json_object_get(result, "differing"), i)) != NULL; i++)
		buf_printf(out, "%s%lld bytes from %lld", i == 0 ? "<p>They differ in " : ", ", (long long)view_number(r, "length"), (long long)view_number(r, "offset"));
	buf_printf(out, "%s", i == 0 ? "" : json_is_true(json_object_get(result, "more_differing")) ? ", and more.</p>" : ".</p>");
}

static void pair(struct buf *out, const json_t *t, const char *accused)
{
	const json_t *result = json_object_get(t, "result");
	const json_t *first = answer_of(json_object_get(result, "first")), *other = answer_of(json_object_get(result, "others"));
	char ended[24];

	text_time(view_number(t, "ended"), ended);
	buf_printf(out, "<h3>");
	text_html(out, view_text(t, "host"));
	buf_printf(out, ":%lld", (long long)view_number(t, "port"));
	text_html(out, view_text(t, "path"));
	buf_printf(out, ", %s UTC: <span class=\"%s\">%s</span> (%s)</h3>\n<div class=\"pair\">", ended,
	           page_class(view_text(t, "outcome")), view_text(t, "outcome"),
	           json_is_true(json_object_get(t, "chosen")) ? "a host of the operator's choice" : "the reported site");
	if (strcmp(view_text(result, "kind"), "download.result") == 0) {
		files(out, result, accused);
	} else {
		certificate(out, "Through the accused exit", first, other);
		certificate(out, "Through an independent exit", other, first);
	}
	buf_printf(out, "</div>\n");
}

/* What differs at chosen hosts first, then at the reported one; where nothing differs, the last trial that ended. */
static void pairs(struct buf *out, const json_t *trials, const char *accused)
{
	const json_t *t, *last = NULL;
	size_t i, shown = 0;

	for (int chosen = 1; chosen >= 0; chosen--) {
		for (i = 0; (t = json_array_get(trials, i)) != NULL; i++) {
			if (json_is_object(json_object_get(t, "result")))
				last = t;
			if (strcmp(view_text(t, "outcome"), "differs") != 0 || json_is_true(json_object_get(t, "chosen")) != (chosen == 1) ||
			    shown == PAIRS_SHOWN)
				continue;
			shown++;
			pair(out, t, accused);
		}
	}
	if (shown == 0 && last != NULL)
		pair(out, last, accused);
	if (last == NULL)
		buf_printf(out, "<p>No trial has ended yet.</p>\n");
}

static void trials(struct buf *out, const json_t *list)
{
	const json_t *t;
	size_t i;
	char due[24], ended[24];

	buf_printf(out, "<div class=\"wide\"><table><caption>Every trial; raw results: <code>secondexit-collector show --json</code></caption><thead><tr>"
	                "<th scope=\"col\">Site</th><th scope=\"col\">Chosen by</th><th scope=\"col\">Due (UTC)</th><th scope=\"col\">Ended (UTC)</th>"
	                "<th scope=\"col\">Outcome</th><th scope=\"col\">Reason</th><th scope=\"col\">Answered</th></tr></thead><tbody>\n");
	for (i = 0; (t = json_array_get(list, i)) != NULL; i++) {
		const char *outcome = view_text(t, "outcome");
		const json_t *result = json_object_get(t, "result");
		text_time(view_number(t, "due"), due);
		text_time(view_number(t, "ended"), ended);
		buf_printf(out, "<tr><td class=\"long\">");
		text_html(out, view_text(t, "host"));
		buf_printf(out, ":%lld", (long long)view_number(t, "port"));
		text_html(out, view_text(t, "path"));
		buf_printf(out, "</td><td>%s</td><td>%s</td><td>%s</td><td class=\"%s\">%s</td><td>", json_is_true(json_object_get(t, "chosen")) ? "operator" : "reports", due, ended, page_class(outcome), *outcome != '\0' ? outcome : "open");
		text_html(out, view_text(result, "reason"));
		buf_printf(out, "</td><td class=\"n\">%lld of %lld</td></tr>\n", (long long)view_number(result, "answered"), (long long)view_number(result, "asked"));
	}
	buf_printf(out, "</tbody></table></div>\n");
}

static void seen(struct buf *out, const json_t *list, const char *who)
{
	const json_t *s;
	size_t i;

	for (i = 0; (s = json_array_get(list, i)) != NULL; i++) {
		buf_printf(out, "<tr><td>%s</td><td><code>", who);
		text_html(out, view_text(json_object_get(s, "exit"), "fingerprint"));
		buf_printf(out, "</code></td><td>");
		text_html(out, view_text(s, "status"));
		buf_printf(out, "</td><td class=\"long\"><code>");
		text_html(out, view_text(s, "sha256"));
		text_html(out, view_text(s, "address"));
		buf_printf(out, "</code></td><td class=\"long\">");
		text_html(out, view_text(s, "why"));
		buf_printf(out, "</td></tr>\n");
	}
}

static void reports(struct buf *out, const json_t *list)
{
	const json_t *r;
	size_t i;
	char when[24];

	for (i = 0; (r = json_array_get(list, i)) != NULL; i++) {
		const json_t *body = json_object_get(r, "report");
		text_time(view_number(r, "received"), when);
		buf_printf(out, "<div class=\"wide\"><table><caption>Report %lld, received %s UTC, seen ", (long long)view_number(r, "id"), when);
		text_html(out, view_text(body, "time"));
		buf_printf(out, ": ");
		text_html(out, view_text(body, "reason"));
		buf_printf(out, "</caption><thead><tr><th scope=\"col\">Exit</th><th scope=\"col\">Fingerprint</th><th scope=\"col\">Showed</th><th scope=\"col\">"
		                "SHA-256 or address</th><th scope=\"col\">Why not valid</th></tr></thead><tbody>\n");
		seen(out, json_object_get(body, "first"), "accused");
		seen(out, json_object_get(body, "others"), "other");
		buf_printf(out, "</tbody></table></div><br>\n");
	}
}

/* Lines stay lines: text_html takes a line end for a control character, as it is anywhere else. */
static void pre(struct buf *out, const struct buf *text)
{
	struct buf copy BUF_AUTO = buf_new(DOOR_ANSWER_MAX);

	buf_put(&copy, text->bytes, text->len);
	buf_u8(&copy, 0);
	buf_printf(out, "<pre>");
	for (char *at = (char *)copy.bytes, *end; buf_err(&copy) == OK && *at != '\0'; at = end) {
		end = at + strcspn(at, "\n");
		bool is_line = *end == '\n';
		*end = '\0';
		text_html(out, at);
		buf_put(out, "\n", is_line);
		end += is_line;
	}
	buf_printf(out, "</pre>\n");
}

static void facts(struct buf *out, const json_t *f)
{
	const char *state = view_text(f, "state");
	char first[24], last[24];

	text_time(view_number(f, "first_seen"), first);
	text_time(view_number(f, "last_seen"), last);
	buf_printf(out, "<dl><dt>State</dt><dd class=\"%s\">%s (%lld of %lld)</dd><dt>Kind</dt><dd>", page_class(state), state,
	           (long long)view_number(f, "differs"), (long long)view_number(f, "answered"));
	text_html(out, view_text(f, "kind"));
	buf_printf(out, "</dd><dt>Relay accused</dt><dd><a href=\"/relay/%s\"><code>%s</code></a> ", view_text(f, "accused"), view_text(f, "accused"));
	text_html(out, view_text(json_object_get(f, "relay"), "nickname"));
	buf_printf(out, "</dd><dt>Reports</dt><dd>%lld, from %s to %s UTC</dd></dl>\n", (long long)view_number(f, "reports"), first, last);
}

enum err page_finding(struct store *s, int64_t id, struct buf *out, bool *is_there)
{
	struct buf commands BUF_AUTO = buf_new(256u * 1024), mail BUF_AUTO = buf_new(1024u * 1024);
	char title[HOST_MAX + 64];
	json_t *f = NULL;
	enum err err = view_finding(s, id, &f);

	*is_there = f != NULL;
	if (err != OK || f == NULL)
		return err;
	snprintf(title, sizeof title, "Finding %lld: %s:%lld", (long long)id, view_text(f, "host"), (long long)view_number(f, "port"));
	mail_commands(&commands, f);
	mail_finding(&mail, f);
	page_begin(out, title);
	facts(out, f);
	buf_printf(out, "<h2>What this collector saw</h2>\n");
	pairs(out, json_object_get(f, "trials"), view_text(f, "accused"));
	trials(out, json_object_get(f, "trials"));
	buf_printf(out, "<h2>How to reproduce</h2>\n");
	pre(out, &commands);
	buf_printf(out, "<h2>What users reported</h2>\n<p>Strangers' claims, the latest first.</p>\n");
	reports(out, json_object_get(f, "latest_reports"));
	buf_printf(out, "<h2>As a mail</h2>\n");
	pre(out, &mail);
	page_end(out);
	json_decref(f);
	return OK;
}
