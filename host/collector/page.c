/* Routes and frame of the reviewers' page (contract in collector/page.h). */
#include "collector/page.h"
#include "base/limits_collector.h"
#include "collector/page_in.h"
#include "collector/text.h"
#include "collector/view.h"
#include <stdlib.h>
#include <string.h>

#define HTML "text/html; charset=utf-8"

static const char headers[] =
	"Content-Security-Policy: default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Cache-Control: no-store\r\n";

void page_begin(struct buf *out, const char *title)
{
	buf_printf(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>");
	text_html(out, title);
	buf_printf(out, "</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body><header><b><a href=\"/\">secondexit-collector</a></b>"
	                "<span>It ranks, with evidence; it flags nobody. This page changes nothing.</span></header><main>\n<h1>");
	text_html(out, title);
	buf_printf(out, "</h1>\n");
}

void page_end(struct buf *out)
{
	buf_printf(out, "</main></body></html>\n");
}

const char *page_class(const char *word)
{
	static const char *const classes[][2] = {
		{ "reproduced", "bad" }, { "differs", "bad" }, { "not reproduced", "good" }, { "same", "good" }, { "site varies", "odd" },
		{ "varies", "odd" }, { "needs a human", "odd" }, { "relay gone", "odd" },
	};

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (strcmp(classes[i][0], word) == 0)
			return classes[i][1];
	return "";
}

/* A page of another site could reach us under a name of its own that points to 127.0.0.1 (DNS rebinding): only our own names are answered. */
static bool host_is_ours(const char *host)
{
	static const char *const ours[] = { "127.0.0.1", "localhost", "[::1]" };

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		size_t n = strlen(ours[i]);
		if (strncmp(host, ours[i], n) != 0)
			continue;
		const char *rest = host + n;
		if (*rest == ':')
			rest += 1 + strspn(rest + 1, "0123456789");
		if (*rest == '\0')
			return true;
	}
	return false;
}

static void reply_short(struct door_conn *c, unsigned status)
{
	struct buf out BUF_AUTO = buf_new(DOOR_ANSWER_MAX);

	page_begin(&out, http_reason(status));
	page_end(&out);
	door_reply(c, status, HTML, headers, out.bytes, out.len);
}

/* "/?state=site-varies": a state with hyphens for blanks. False: none of ours. */
static bool state_take(const char *query, char out[24])
{
	size_t n = strlen(query);

	if (n >= 24)
		return false;
	for (size_t i = 0; i <= n; i++)
		out[i] = query[i] == '-' ? ' ' : query[i];
	return state_parse(out) < STATES;
}

static bool number_take(const char *text, int64_t *out)
{
	char *rest;

	*out = strtoll(text, &rest, 10);
	return *text >= '1' && *text <= '9' && *rest == '\0' && strlen(text) < 19;
}

static enum err route(struct store *s, const char *path, struct buf *out, bool *is_there)
{
	char state[24] = "";
	int64_t id;

	*is_there = true;
	if (strcmp(path, "/") == 0 || (strncmp(path, "/?state=", 8) == 0 && state_take(path + 8, state)))
		return page_queue(s, state, out);
	if (strncmp(path, "/relay/", 7) == 0 && strlen(path + 7) == 2 * FP_LEN && strspn(path + 7, "0123456789ABCDEF") == 2 * FP_LEN)
		return page_relay(s, path + 7, out, is_there);
	if (strncmp(path, "/finding/", 9) == 0 && number_take(path + 9, &id))
		return page_finding(s, id, out, is_there);
	*is_there = false;
	return OK;
}

void page_request(void *arg, struct door_conn *c, const struct http_in *in)
{
	struct buf out BUF_AUTO = buf_new(DOOR_ANSWER_MAX);
	bool is_there;

	if (!host_is_ours(in->host)) {
		reply_short(c, 403);
		return;
	}
	if (strcmp(in->method, "POST") == 0) {
		reply_short(c, 405);
		return;
	}
	if (strcmp(in->path, "/style.css") == 0) {
		door_reply(c, 200, "text/css; charset=utf-8", headers, page_style, strlen(page_style));
		return;
	}
	enum err err = route(arg, in->path, &out, &is_there);
	if (err == OK)
		err = buf_err(&out);
	if (err != OK)
		reply_short(c, err_class(err) == ERR_CLASS_BUG ? 500 : 503);
	else if (!is_there)
		reply_short(c, 404);
	else
		door_reply(c, 200, HTML, headers, out.bytes, out.len);
}
