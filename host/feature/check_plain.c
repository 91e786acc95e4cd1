/* "Is this page really only http?" Before TLS is looked at through an exit, the plain address of the page is asked for there: does it
 * lead to HTTPS? Once, without cookies, without following anything. Part of the certificate check (check.h). */
#include "feature/check.h"
#include "engine/target.h"
#include "feature/url.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool check_is_plain(const struct check *k)
{
	return k->request.is_plain;
}

/* Host (one form, no brackets) and port of an address. Errors: url_target's. */
static enum err url_site(const char *url, bool *is_https, char host[HOST_MAX], uint16_t *port)
{
	struct target t;
	enum err err = url_target(url, &t, port);
	if (err == OK) {
		*is_https = strncasecmp(url, "https:", 6) == 0;
		memcpy(host, t.host, HOST_MAX);
	}
	return err;
}

enum err plain_page_is_sane(const struct cert_request *r)
{
	char host[HOST_MAX];
	uint16_t port;
	bool is_https;
	if (!memchr(r->page.url, '\0', sizeof r->page.url))
		return ERR_MSG_FIELD;
	enum err err = url_site(r->page.url, &is_https, host, &port);
	if (err == ERR_TARGET_PRIVATE)
		return OK;   /* ends without a look, for that reason */
	if (err != OK)
		return err == ERR_NOMEM ? err : ERR_MSG_FIELD;
	bool is_site = strcmp(host, r->key.host) == 0 && (port == r->key.port || (port == 80 && r->key.port == 443));
	return !is_https && is_site ? OK : ERR_MSG_FIELD;
}

uint16_t plain_port(const struct check *k)
{
	char host[HOST_MAX];
	uint16_t port = 80;
	bool is_https;
	/* A private target has no port yet; it ends before anybody asks. */
	return url_site(k->request.page.url, &is_https, host, &port) == OK ? port : k->request.key.port;
}

/* ---- one answer ---- */

static bool is_redirect(unsigned status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool is_www_of(const char *longer, const char *shorter)
{
	return strncmp(longer, "www.", 4) == 0 && strcmp(longer + 4, shorter) == 0;
}

/* Where a redirect leads. TLS is looked at there when it is the site itself under one of its two usual names; else where the page would
 * be found encrypted: what another site shows says nothing of this one. */
static enum https_way way_of(struct look *l)
{
	const char *mine = l->check->request.key.host;
	char host[HOST_MAX], to[CLIP_URL_MAX + 1];
	uint16_t port;
	bool is_https;
	if (!is_redirect(l->http_status) || l->location[0] == '\0')
		return HTTPS_WAY_PAGE;
	if (url_resolve(l->check->request.page.url, l->location, to, sizeof to) != OK || url_site(to, &is_https, host, &port) != OK ||
	    !is_https)
		return HTTPS_WAY_ELSEWHERE;
	if (strcmp(host, mine) == 0 || is_www_of(host, mine) || is_www_of(mine, host)) {
		memcpy(l->host, host, sizeof l->host);
		l->port = port;
	}
	return HTTPS_WAY_ENCRYPTED;
}

static void goes_on(struct look *l, enum err err)
{
	struct check *k = l->check;
	if (err == OK)
		err = look_open(l);
	if (err != OK)
		look_failed(l, err);
	slots_pump(k);
	check_evaluate(k);
	certcheck_pump(k->owner);
}

static void on_step(void *arg, const struct net_step_r *r)
{
	look_step(arg, r);
}

static void on_head(void *arg, const struct fetch_head *h)
{
	struct look *l = arg;
	l->http_status = h->status;
	if (!fetch_line_find(h->lines, "location", l->location, sizeof l->location))
		l->location[0] = '\0';
}

static void on_end(void *arg, const struct fetch_end *e)
{
	struct look *l = arg;
	enum err err = e->err;
	bool has_path = e->path.n > 0 && e->path.n <= HOPS_MAX && !e->path.is_onion;
	l->fetch_id = 0;
	/* The net role checked the last hop; it is looked at again because all depends on it. */
	if (has_path && !fp_is(e->path.hop[e->path.n - 1].fp, l->exit.fp)) {
		goes_on(l, ERR_EXIT_WRONG);
		return;
	}
	if (l->http_status && !has_path) {
		goes_on(l, ERR_EXIT_WRONG);
		return;
	}
	/* Its head is all that is wanted of an answer, however the rest of it ended. */
	if (l->http_status) {
		l->way = way_of(l);
	} else if (err != OK && https_is_answer(l, err)) {
		l->way = HTTPS_WAY_NOTHING;
	} else {
		goes_on(l, err != OK ? err : ERR_HTTP_PROTOCOL);
		return;
	}
	l->has_way = true;
	goes_on(l, OK);
}

static const struct fetch_ops plain_ops = { .step = on_step, .head = on_head, .end = on_end };

enum err plain_start(struct look *l)
{
	struct check *k = l->check;
	const struct check_ops *ops = k->owner->ops;
	const struct plain_page *p = &k->request.page;
	char lines[3 * CLIP_HEADER_MAX + 128];
	uint64_t left = l->until - check_now(k);
	if (!l->has_exit)
		return ERR_TOR_FILTERED;
	l->sent = 0;
	l->was_open = false;
	l->step = CERT_STEP_CHOOSING;
	l->http_status = 0;
	l->location[0] = '\0';
	snprintf(lines, sizeof lines, "User-Agent: %s\nAccept: %s\nAccept-Language: %s\nUpgrade-Insecure-Requests: 1\n",
	         p->user_agent, p->accept, p->accept_language);
	const struct fetch_get g = { .url = p->url, .lines = lines, .exit = l->exit.fp, .is_decoded = true, .max_body = PLAIN_BODY_MAX,
	                             .deadline_ms = left < PLAIN_FETCH_MS ? (uint32_t)left : PLAIN_FETCH_MS };
	l->state = LOOK_FETCHING;
	enum err err = ops->fetch(ops->arg, &g, &plain_ops, l, &l->fetch_id);
	if (err != OK)
		l->fetch_id = 0;
	return err;
}

void plain_cancel(struct look *l)
{
	const struct check_ops *ops = l->check->owner->ops;
	if (l->fetch_id)
		ops->cancel_fetch(ops->arg, l->fetch_id);
	l->fetch_id = 0;
}
