/* The public face of copied addresses (contract in feature/clip.h), and clip.check, which is one question to the parse
 * role. Comparisons are in clip_*.c (compare.h). */
#include "feature/compare.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- life ---- */

struct clip *clip_new(const struct clip_ops *ops, const struct clip_sink *sink)
{
	struct clip *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->ops = ops;
	c->sink = *sink;
	if (ops && ops->attach)
		ops->attach(ops->arg, c);
	return c;
}

/* Off the list; its question is answered or taken back. */
static void scan_end(struct clip_scan *s, enum err err, const struct parse_scan_r *r)
{
	struct clip *c = s->owner;
	uint32_t id = s->id;
	for (struct clip_scan **at = &c->scans; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			break;
		}
	free(s);
	if (c->sink.checked)
		c->sink.checked(c->sink.arg, id, err, r);
}

static void scan_cancel(struct clip_scan *s)
{
	const struct clip_ops *ops = s->owner->ops;
	ops->cancel_scan(ops->arg, s->parse_id);
	scan_end(s, ERR_CANCELLED, NULL);
}

static void cancel_all(struct clip *c)
{
	bool was_ending = c->is_ending;
	c->is_ending = true;
	while (c->scans)
		scan_cancel(c->scans);
	compares_cancel_all(c);
	c->is_ending = was_ending;
}

void clip_free(struct clip *c)
{
	if (!c)
		return;
	cancel_all(c);
	clip_sites_wipe(c);
	if (c->ops && c->ops->attach)
		c->ops->attach(c->ops->arg, NULL);
	free(c);
}

void clip_wipe(struct clip *c)
{
	cancel_all(c);
	clip_sites_wipe(c);
	compares_pump(c);
}

/* ---- ids ---- */

static size_t scans_count(const struct clip *c)
{
	size_t n = 0;
	for (const struct clip_scan *s = c->scans; s; s = s->next)
		n++;
	return n;
}

bool clip_has_id(const struct clip *c, uint32_t id)
{
	for (const struct clip_scan *s = c->scans; s; s = s->next)
		if (s->id == id)
			return true;
	return compare_has_id(c, id);
}

enum err clip_may_start(const struct clip *c, uint32_t id)
{
	if (c->is_ending)
		return ERR_CANCELLED;
	if (clip_has_id(c, id))
		return ERR_MSG_ID;
	return scans_count(c) + compares_count(c) >= REQUESTS_MAX ? ERR_MSG_BUSY : OK;
}

bool clip_cancel(struct clip *c, uint32_t id)
{
	for (struct clip_scan *s = c->scans; s; s = s->next)
		if (s->id == id) {
			scan_cancel(s);
			return true;
		}
	return compare_cancel(c, id);
}

/* ---- clip.check ---- */

static void on_scanned(void *arg, enum err err, const struct parse_scan_r *r)
{
	scan_end(arg, err, r);
}

/* text/html, application/xhtml+xml, image/svg+xml, text/_moz_htmlcontext. */
static bool is_markup(const char *type)
{
	return strcasestr(type, "html") || strcasestr(type, "xml");
}

enum err clip_check(struct clip *c, uint32_t id, const struct clip_request *r)
{
	struct parse_scan m = { 0 };
	const uint8_t *text[CLIP_FLAVOURS_MAX];
	enum err err = clip_may_start(c, id);
	if (err != OK)
		return err;
	if (r->n < 1 || r->n > CLIP_FLAVOURS_MAX)
		return ERR_MSG_FIELD;
	for (size_t i = 0; i < r->n; i++) {
		if (r->flavour[i].len > CLIP_TEXT_MAX)
			return ERR_TOO_BIG;
		m.len[i] = (uint32_t)r->flavour[i].len;
		m.is_markup[i] = is_markup(r->flavour[i].type);
		text[i] = r->flavour[i].text;
	}
	m.n = (uint8_t)r->n;
	struct clip_scan *s = calloc(1, sizeof *s);
	if (!s)
		return ERR_NOMEM;
	s->owner = c;
	s->id = id;
	err = c->ops->scan(c->ops->arg, &m, text, on_scanned, s, &s->parse_id);
	if (err != OK) {
		free(s);
		return err;
	}
	s->next = c->scans;
	c->scans = s;
	return OK;
}
