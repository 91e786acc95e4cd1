/* Mails about relays (contract in collector/mail.h). https://community.torproject.org/relay/community-resources/bad-relays/ asks for the relay's
 * address or fingerprint, the kind of behaviour, and what is needed to reproduce it. */
#include "collector/mail.h"
#include "collector/text.h"
#include "collector/view.h"
#include "report/report.h"
#include <string.h>

#define BAD_RELAYS "bad-relays@lists.torproject.org"

static const char *verb_of(const json_t *finding)
{
	const char *kind = view_text(finding, "kind");

	return report_kind_is_fetched(kind) ? "download" : strcmp(kind, "https") == 0 ? "https" : "cert";
}

static bool is_fetched(const json_t *finding)
{
	return report_kind_is_fetched(view_text(finding, "kind"));
}

static bool was_told(const json_t *trials, size_t before, const json_t *t)
{
	for (size_t i = 0; i < before; i++) {
		const json_t *other = json_array_get(trials, i);
		if (strcmp(view_text(other, "host"), view_text(t, "host")) == 0 && view_number(other, "port") == view_number(t, "port") &&
		    strcmp(view_text(other, "path"), view_text(t, "path")) == 0)
			return true;
	}
	return false;
}

static void command(struct buf *out, const json_t *finding, const json_t *t)
{
	const char *host = view_text(t, "host");

	buf_printf(out, "  secondexit %s --first-exit %s %s", verb_of(finding), view_text(finding, "accused"), is_fetched(finding) ? "http://" : "");
	buf_put(out, "[", strchr(host, ':') != NULL);
	text_clean(out, host);
	buf_put(out, "]", strchr(host, ':') != NULL);
	buf_printf(out, ":%lld", (long long)view_number(t, "port"));
	text_clean(out, view_text(t, "path"));
	buf_put(out, "\n", 1);
}

void mail_commands(struct buf *out, const json_t *finding)
{
	const json_t *trials = json_object_get(finding, "trials"), *t;
	size_t i;

	for (i = 0; (t = json_array_get(trials, i)) != NULL; i++)
		if (json_is_true(json_object_get(t, "chosen")) && !was_told(trials, i, t))
			command(out, finding, t);
	for (i = 0; (t = json_array_get(trials, i)) != NULL; i++)
		if (!json_is_true(json_object_get(t, "chosen"))) {
			command(out, finding, t);
			return;
		}
	if (!is_fetched(finding))
		command(out, finding, finding);
	else if (json_array_size(trials) == 0)
		buf_printf(out, "  (no report says where on that host)\n");
}

/* Of the file that the accused exit brought, and of one that another did. */
static const char *file_here(const json_t *result)
{
	const char *sha256 = view_text(json_object_get(result, "local"), "sha256");

	return *sha256 != '\0' ? sha256 : "none";
}

static const char *file_there(const json_t *result)
{
	const json_t *a, *all = json_object_get(result, "others");
	size_t i;

	for (i = 0; (a = json_array_get(all, i)) != NULL; i++)
		if (*view_text(a, "sha256") != '\0' && strcmp(view_text(a, "sha256"), file_here(result)) != 0)
			return view_text(a, "sha256");
	return "none";
}

static const char *leaf(const json_t *answers)
{
	size_t i;
	const json_t *a;

	for (i = 0; (a = json_array_get(answers, i)) != NULL; i++) {
		const char *sha256 = view_text(json_object_get(a, "certificate"), "sha256");
		if (*sha256 != '\0')
			return sha256;
	}
	return "none";
}

static void line(struct buf *out, const json_t *t)
{
	const json_t *result = json_object_get(t, "result");
	bool is_file = strcmp(view_text(result, "kind"), "download.result") == 0;
	char when[24];

	text_time(view_number(t, "ended"), when);
	buf_printf(out, "  %s UTC  ", when);
	text_clean(out, view_text(t, "host"));
	buf_printf(out, ":%lld", (long long)view_number(t, "port"));
	text_clean(out, view_text(t, "path"));
	buf_printf(out, "  %s%s\n", view_text(t, "outcome"), json_is_true(json_object_get(t, "chosen")) ? "" : "  (the reported site)");
	if (strcmp(view_text(t, "outcome"), "differs") == 0)
		buf_printf(out, "    through this relay       %s\n    through independent ones %s\n",
		           is_file ? file_here(result) : leaf(json_object_get(result, "first")),
		           is_file ? file_there(result) : leaf(json_object_get(result, "others")));
}

static void relay(struct buf *out, const json_t *finding)
{
	static const char *const rows[][2] = { { "fingerprint", "fingerprint" }, { "nickname", "nickname" }, { "address", "address" },
	                                       { "country", "country" }, { "family", "family" } };
	const json_t *r = json_object_get(finding, "relay");

	buf_printf(out, "Relay\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_printf(out, "  %-12s ", rows[i][0]);
		text_clean(out, view_text(r, rows[i][1])[0] != '\0' ? view_text(r, rows[i][1]) : "-");
		buf_put(out, "\n", 1);
	}
}

static void behaviour(struct buf *out, const json_t *finding)
{
	const json_t *r = json_object_get(finding, "relay");
	const char *verb = verb_of(finding);
	long long hosts = (long long)view_number(r, "chosen_hosts");

	buf_printf(out, "\nBehaviour\n  State: %s (%lld of %lld).\n", view_text(finding, "state"), (long long)view_number(finding, "differs"),
	           (long long)view_number(finding, "answered"));
	if (hosts > 0)
		buf_printf(out, "  Through this exit %s at %lld %s of our own choice, in %lld of %lld trials.\n",
		           is_fetched(finding) ? "plain HTTP brought other bytes than through other exits" :
		           strcmp(verb, "https") == 0 ? "TLS was missing that other exits get" : "TLS connections brought another certificate than through other exits",
		           hosts, hosts == 1 ? "host" : "hosts", (long long)view_number(r, "chosen_differs"), (long long)view_number(r, "chosen_answered"));
	else
		buf_printf(out, "  Nothing was seen through this exit at hosts of our own choice. What is seen at one reported site alone may be that site's doing:\n"
		                "  it can answer one exit's address differently.\n");
	buf_printf(out, "  Reports by users: %lld.\n", (long long)view_number(finding, "reports"));
}

void mail_finding(struct buf *out, const json_t *finding)
{
	const json_t *t;
	size_t i;

	buf_printf(out, "To: " BAD_RELAYS "\nSubject: exit relay %s ", view_text(finding, "accused"));
	text_clean(out, view_text(json_object_get(finding, "relay"), "nickname"));
	buf_printf(out, ": %s\nContent-Type: text/plain; charset=utf-8\n\n",
	           view_number(json_object_get(finding, "relay"), "chosen_hosts") == 0 ? "reported, not seen by us at hosts of our choice" :
	           is_fetched(finding) ? "changes what comes over HTTP" : strcmp(verb_of(finding), "https") == 0 ? "withholds HTTPS" : "shows other certificates");
	relay(out, finding);
	behaviour(out, finding);
	buf_printf(out, "\nWhat was seen (SHA-256 of the %s)\n", is_fetched(finding) ? "file" : "leaf certificate");
	for (i = 0; (t = json_array_get(json_object_get(finding, "trials"), i)) != NULL; i++)
		if (view_number(t, "ended") != 0)
			line(out, t);
	buf_printf(out, "\nHow to reproduce\n");
	mail_commands(out, finding);
	buf_printf(out, "\nEvery raw result is kept and can be sent: secondexit-collector export --format json %lld\n", (long long)view_number(finding, "id"));
}
