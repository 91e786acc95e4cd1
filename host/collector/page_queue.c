/* The queue, and one relay's history (contract in collector/page_in.h). */
#include "collector/page_in.h"
#include "collector/text.h"
#include "collector/view.h"
#include <stdio.h>
#include <string.h>

#define RELAYS_SHOWN 50
#define FINDINGS_SHOWN 200

static void cell_link(struct buf *out, const char *folder, const char *name, const char *text)
{
	buf_printf(out, "<td><a href=\"/%s/", folder);
	text_html(out, name);
	buf_printf(out, "\"><code>");
	text_html(out, text);
	buf_printf(out, "</code></a></td>");
}

static void cell_number(struct buf *out, int64_t n)
{
	buf_printf(out, "<td class=\"n\">%lld</td>", (long long)n);
}

void page_findings(struct buf *out, const json_t *list, const char *caption)
{
	const json_t *f;
	size_t i;
	char seen[24], id[24];

	buf_printf(out, "<div class=\"wide\"><table><caption>%s</caption><thead><tr><th scope=\"col\">Finding</th><th scope=\"col\">State</th>"
	                "<th scope=\"col\">Differed</th><th scope=\"col\">Site</th><th scope=\"col\">Kind</th><th scope=\"col\">Relay accused</th>"
	                "<th scope=\"col\">Reports</th><th scope=\"col\">Last report (UTC)</th></tr></thead><tbody>\n", caption);
	for (i = 0; (f = json_array_get(list, i)) != NULL; i++) {
		text_time(view_number(f, "last_seen"), seen);
		snprintf(id, sizeof id, "%lld", (long long)view_number(f, "id"));
		buf_printf(out, "<tr>");
		cell_link(out, "finding", id, id);
		buf_printf(out, "<td class=\"%s\">%s</td><td class=\"n\">%lld of %lld</td><td class=\"long\">", page_class(view_text(f, "state")),
		           view_text(f, "state"), (long long)view_number(f, "differs"), (long long)view_number(f, "answered"));
		text_html(out, view_text(f, "host"));
		buf_printf(out, ":%lld</td><td>", (long long)view_number(f, "port"));
		text_html(out, view_text(f, "kind"));
		buf_printf(out, "</td>");
		cell_link(out, "relay", view_text(f, "accused"), view_text(f, "accused"));
		cell_number(out, view_number(f, "reports"));
		buf_printf(out, "<td>%s</td></tr>\n", seen);
	}
	buf_printf(out, "</tbody></table></div>\n");
}

struct rows { json_t *list; };

static bool add_finding(void *arg, const struct finding_row *f)
{
	return json_array_append_new(arg, view_finding_row(f)) == 0;
}

static bool add_relay(void *arg, const struct relay_row *r)
{
	return json_array_append_new(arg, view_relay_row(r)) == 0;
}

static void relays(struct buf *out, const json_t *list)
{
	const json_t *r;
	size_t i;

	buf_printf(out, "<h2>Relays</h2>\n<p>A relay ranks only by what this collector saw through it at hosts that its operator chose. What is seen at a "
	                "reported site alone may be that site's own doing.</p>\n<div class=\"wide\"><table><caption>Those that rank first, then by reports"
	                "</caption><thead><tr><th scope=\"col\">Relay</th><th scope=\"col\">Nickname</th><th scope=\"col\">Address</th><th scope=\"col\">Country"
	                "</th><th scope=\"col\">Chosen hosts that differed</th><th scope=\"col\">Trials that differed</th><th scope=\"col\">Reports</th></tr>"
	                "</thead><tbody>\n");
	for (i = 0; (r = json_array_get(list, i)) != NULL; i++) {
		int64_t hosts = view_number(r, "chosen_hosts");
		buf_printf(out, "<tr>");
		cell_link(out, "relay", view_text(r, "fingerprint"), view_text(r, "fingerprint"));
		buf_printf(out, "<td>");
		text_html(out, view_text(r, "nickname"));
		buf_printf(out, "</td><td>");
		text_html(out, view_text(r, "address"));
		buf_printf(out, "</td><td>");
		text_html(out, view_text(r, "country"));
		buf_printf(out, "</td><td class=\"n%s\">%lld</td><td class=\"n\">%lld of %lld</td>", hosts > 0 ? " bad" : "", (long long)hosts,
		           (long long)view_number(r, "chosen_differs"), (long long)view_number(r, "chosen_answered"));
		cell_number(out, view_number(r, "reports"));
		buf_printf(out, "</tr>\n");
	}
	buf_printf(out, "</tbody></table></div>\n");
}

static void states(struct buf *out, const char *state)
{
	buf_printf(out, "<h2>Findings</h2>\n<nav aria-label=\"states\"><ul><li>%s</li>", *state == '\0' ? "<b>all</b>" : "<a href=\"/\">all</a>");
	for (int i = 0; i < STATES; i++) {
		const char *name = state_name((enum state)i);
		char link[24];
		snprintf(link, sizeof link, "%s", name);
		for (char *c = link; *c != '\0'; c++)
			*c = *c == ' ' ? '-' : *c;
		if (strcmp(name, state) == 0)
			buf_printf(out, "<li><b>%s</b></li>", name);
		else
			buf_printf(out, "<li><a href=\"/?state=%s\">%s</a></li>", link, name);
	}
	buf_printf(out, "</ul></nav>\n");
}

enum err page_queue(struct store *s, const char *state, struct buf *out)
{
	json_t *ranked = json_array(), *findings = json_array();
	enum err err = store_relays(s, RELAYS_SHOWN, add_relay, ranked);

	if (err == OK)
		err = store_findings(s, state, "", FINDINGS_SHOWN, add_finding, findings);
	if (err == OK) {
		page_begin(out, "Queue");
		relays(out, ranked);
		states(out, state);
		page_findings(out, findings, "The latest first, 200 at most");
		page_end(out);
	}
	json_decref(ranked);
	json_decref(findings);
	return err;
}

static void fact(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "<dt>%s</dt><dd>", name);
	text_html(out, *value != '\0' ? value : "-");
	buf_printf(out, "</dd>");
}

enum err page_relay(struct store *s, const char *fp, struct buf *out, bool *is_there)
{
	json_t *r = NULL;
	char title[64], seen[24];
	enum err err = view_relay(s, fp, FINDINGS_SHOWN, &r);

	*is_there = r != NULL;
	if (err != OK || r == NULL)
		return err;
	snprintf(title, sizeof title, "Relay %s", fp);
	text_time(view_number(r, "last_seen"), seen);
	page_begin(out, title);
	buf_printf(out, "<dl>");
	fact(out, "Nickname", view_text(r, "nickname"));
	fact(out, "Address", view_text(r, "address"));
	fact(out, "Country", view_text(r, "country"));
	fact(out, "Family", view_text(r, "family"));
	fact(out, "Last report (UTC)", seen);
	buf_printf(out, "<dt>At chosen hosts</dt><dd class=\"%s\">differed at %lld, in %lld of %lld trials</dd><dt>Reports</dt><dd>%lld in %lld findings</dd>"
	                "</dl>\n<h2>History</h2>\n", view_number(r, "chosen_hosts") > 0 ? "bad" : "", (long long)view_number(r, "chosen_hosts"),
	           (long long)view_number(r, "chosen_differs"), (long long)view_number(r, "chosen_answered"), (long long)view_number(r, "reports"),
	           (long long)view_number(r, "findings"));
	page_findings(out, json_object_get(r, "list"), "Findings about this relay, the latest first");
	page_end(out);
	json_decref(r);
	return OK;
}
