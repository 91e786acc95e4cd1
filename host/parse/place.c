/* The place looked for (contract in parse/place.h). */
#include "parse/place.h"
#include "parse/addr/addr.h"
#include "parse/charset.h"
#include "parse/near.h"
#include "parse/page.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Seen around an address where what was said may be shorter by the length of addresses in it. */
#define SEEN_POINTS (4 * NEAR_POINTS)

struct place {
	const struct parse_place *m;
	char path[CLIP_PATH_MAX + 1], *attribute;   /* attribute: behind '@', or NULL */
	struct page *page;
	struct rd text;              /* the document's, or the attribute's value */
	struct addr_hits hits;       /* of the document */
	struct addr_hits own;        /* of the attribute */
	const struct addr_hit *same, *exact, *alike;
	bool two_exact, two_alike;   /* two different addresses would do */
	bool is_alone;
};

static bool text_is(struct parse_text t, const char *s)
{
	return strlen(s) == t.n && memcmp(s, t.at, t.n) == 0;
}

static struct rd rd_of_text(struct parse_text t)
{
	return rd_of(t.at, t.n);
}

/* ---- surroundings ---- */

static bool is_exact(const struct place *p, const struct addr_hit *h)
{
	struct buf before BUF_AUTO = buf_new(4 * NEAR_POINTS), after BUF_AUTO = buf_new(4 * NEAR_POINTS);
	near_before(p->text, h->offset, NEAR_POINTS, &before);
	near_after(p->text, h->offset + h->length, NEAR_POINTS, &after);
	return buf_err(&before) == OK && buf_err(&after) == OK && before.len == p->m->before.n && after.len == p->m->after.n &&
	       (before.len == 0 || memcmp(before.bytes, p->m->before.at, before.len) == 0) &&
	       (after.len == 0 || memcmp(after.bytes, p->m->after.at, after.len) == 0);
}

static bool is_alike(const struct place *p, const struct addr_hit *h)
{
	struct buf before BUF_AUTO = buf_new(4 * SEEN_POINTS), after BUF_AUTO = buf_new(4 * SEEN_POINTS);
	near_before(p->text, h->offset, SEEN_POINTS, &before);
	near_after(p->text, h->offset + h->length, SEEN_POINTS, &after);
	return buf_err(&before) == OK && buf_err(&after) == OK &&
	       near_is_alike_before(rd_of_text(p->m->before), rd_of(before.bytes, before.len)) &&
	       near_is_alike_after(rd_of_text(p->m->after), rd_of(after.bytes, after.len));
}

/* ---- candidates ---- */

static void note(const struct addr_hit **where, bool *two, const struct addr_hit *h)
{
	if (*where && strcmp((*where)->text, h->text) != 0)
		*two = true;
	*where = h;
}

static void consider(struct place *p, const struct addr_hit *h)
{
	bool is_address = text_is(p->m->address, h->text);
	if (is_exact(p, h)) {
		if (is_address)
			p->same = h;
		else
			note(&p->exact, &p->two_exact, h);
	} else if (!is_address && is_alike(p, h)) {
		note(&p->alike, &p->two_alike, h);
	}
}

static void consider_all(struct place *p)
{
	char path[CLIP_PATH_MAX + 1];
	struct rd value;
	if (p->attribute) {
		if (!page_attribute(p->page, p->path, p->attribute, &value))
			return;
		addr_scan(value.at, value.left, &p->own);
		p->text = value;
		for (size_t i = 0; i < p->own.n; i++)
			consider(p, &p->own.hit[i]);
		return;
	}
	for (size_t i = 0; i < p->hits.n; i++)
		if (page_path(p->page, p->hits.hit[i].offset, path, sizeof path) && strcmp(path, p->path) == 0)
			consider(p, &p->hits.hit[i]);
}

/* ---- the rest of its family ---- */

/* Is this one of the words? They are separated by single spaces. */
static bool words_have(struct parse_text words, const char *s, size_t n)
{
	const char *at = words.at, *const end = words.at + words.n;
	while (at < end) {
		const char *space = memchr(at, ' ', (size_t)(end - at));
		size_t len = (size_t)((space ? space : end) - at);
		if (len == n && memcmp(at, s, n) == 0)
			return true;
		at += len + 1;
	}
	return false;
}

static bool is_kin(const struct place *p, const struct addr_hit *h)
{
	return text_is(p->m->ticker, h->row->ticker) && !text_is(p->m->address, h->text);
}

static bool is_family_equal(const struct place *p)
{
	struct parse_text said = p->m->family;
	if (p->hits.more)
		return false;
	for (size_t i = 0; i < p->hits.n; i++)
		if (is_kin(p, &p->hits.hit[i]) && !words_have(said, p->hits.hit[i].text, strlen(p->hits.hit[i].text)))
			return false;
	for (const char *at = said.at, *const end = said.at + said.n; at < end; ) {
		const char *space = memchr(at, ' ', (size_t)(end - at));
		size_t len = (size_t)((space ? space : end) - at);
		bool is_there = false;
		for (size_t i = 0; i < p->hits.n && !is_there; i++) {
			const struct addr_hit *h = &p->hits.hit[i];
			is_there = is_kin(p, h) && strlen(h->text) == len && memcmp(h->text, at, len) == 0;
		}
		if (!is_there)
			return false;
		at += len + 1;
	}
	return true;
}

/* Does the source have no other address of its coin, in attributes, scripts and comments as well? What an exit's style sheet hides or shows
 * of the page is not known here; where there is one alone, there is none to put in its place. */
static bool is_alone(struct place *p, struct rd source)
{
	addr_scan(source.at, source.left, &p->own);
	bool alone = !p->own.more && !p->hits.more;
	for (size_t i = 0; i < p->own.n && alone; i++)
		alone = !is_kin(p, &p->own.hit[i]);
	for (size_t i = 0; i < p->hits.n && alone; i++)
		alone = !is_kin(p, &p->hits.hit[i]);
	return alone;
}

/* ---- the page ---- */

enum kind { KIND_HTML, KIND_PLAIN, KIND_OTHER };

static enum kind kind_of(struct parse_text type, struct rd body)
{
	char essence[64];
	size_t n = 0;
	while (n < type.n && n < sizeof essence - 1 && type.at[n] != ';' && type.at[n] != ' ')
		n++;
	memcpy(essence, type.at, n);
	essence[n] = 0;
	if (strcasecmp(essence, "text/html") == 0 || strcasecmp(essence, "application/xhtml+xml") == 0)
		return KIND_HTML;
	if (strcasecmp(essence, "text/plain") == 0)
		return KIND_PLAIN;
	/* Browsers guess; the one guess that is sure is made here too. */
	while (n == 0 && body.left && (*body.at <= ' '))
		(void)rd_u8(&body);
	return n == 0 && body.left >= 5 && (strncasecmp((const char *)body.at, "<html", 5) == 0 ||
	       (body.left >= 14 && strncasecmp((const char *)body.at, "<!doctype html", 14) == 0)) ? KIND_HTML : KIND_OTHER;
}

static enum err open_page(struct place *p, struct rd body)
{
	char type[CLIP_CONTENT_TYPE_MAX + 1];
	struct buf utf8 BUF_AUTO = buf_new(3 * (size_t)CLIP_PAGE_MAX + 16);
	enum kind kind = kind_of(p->m->content_type, body);
	if (kind == KIND_OTHER)
		return ERR_PAGE_FORMAT;
	memcpy(type, p->m->content_type.at, p->m->content_type.n);
	type[p->m->content_type.n] = 0;
	enum err err = charset_to_utf8(body, type, kind == KIND_HTML, &utf8);
	if (err == OK)
		err = page_of(rd_of(utf8.bytes, utf8.len), kind == KIND_HTML, &p->page);
	if (err != OK)
		return err;
	p->text = page_text(p->page);
	addr_scan(p->text.at, p->text.left, &p->hits);
	p->is_alone = is_alone(p, rd_of(utf8.bytes, utf8.len));
	p->own.n = 0;
	return OK;
}

static void answer_put(const struct place *p, struct buf *answer)
{
	struct parse_place_r r = { .found = PLACE_ABSENT, .is_family_equal = is_family_equal(p), .is_alone = p->is_alone };
	const struct addr_hit *other = p->exact ? p->exact : p->alike, *there = NULL;
	bool is_ambiguous = p->exact ? p->two_exact : p->two_alike;
	if (p->same && !p->exact) {
		r.found = PLACE_SAME;
		there = p->same;
	} else if (!p->same && other && !is_ambiguous) {
		r.found = PLACE_OTHER;
		there = other;
	}
	r.address = there ? (struct parse_text){ there->text, (uint32_t)strlen(there->text) } : (struct parse_text){ "", 0 };
	parsemsg_put_place_r(answer, &r);
}

enum err place_find(const struct parse_place *m, struct rd body, struct buf *answer)
{
	if (m->body_len != body.left || m->path.n > CLIP_PATH_MAX || m->content_type.n > CLIP_CONTENT_TYPE_MAX)
		return ERR_FORMAT;
	struct place *p = calloc(1, sizeof *p);
	if (!p)
		return ERR_NOMEM;
	p->m = m;
	memcpy(p->path, m->path.at, m->path.n);
	p->path[m->path.n] = 0;
	p->attribute = strchr(p->path, '@');
	if (p->attribute)
		*p->attribute++ = 0;
	enum err err = open_page(p, body);
	if (err == OK) {
		consider_all(p);
		answer_put(p, answer);
		err = buf_err(answer);
	}
	page_free(p->page);
	sodium_memzero(p, sizeof *p);
	free(p);
	return err;
}
