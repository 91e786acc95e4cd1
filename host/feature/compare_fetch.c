/* One slot of a comparison (compare.h): the page as it was first asked for, its redirects each through the same exit and
 * judged like the first, then what stands in the place. */
#include "engine/target.h"
#include "feature/compare.h"
#include "feature/url.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

void slot_progress(const struct slot *s, enum clip_step step)
{
	const struct compare *k = s->compare;
	const struct clip_sink *sink = &k->owner->sink;
	if (!sink->progress)
		return;
	const struct clip_progress p = { s->number, step, s->has_exit ? &s->exit : NULL, compare_now(k) - k->began };
	sink->progress(sink->arg, k->id, &p);
}

static void slot_went_on(struct slot *s)
{
	struct compare *k = s->compare;
	slots_go_on(k);
	compare_evaluate(k);
	compares_pump(k->owner);
}

static void slot_is_over(struct slot *s, enum err err)
{
	slot_failed(s, err);
	slot_went_on(s);
}

/* ---- the place ---- */

static void on_placed(void *arg, enum err err, const struct parse_place_r *r)
{
	struct slot *s = arg;
	struct compare *k = s->compare;
	s->place_id = 0;
	/* What says "same" and names another address is no answer. */
	bool is_same = err == OK && r->address.n == strlen(k->request.address) &&
	               memcmp(r->address.at, k->request.address, r->address.n) == 0;
	if (err == OK && (r->found == PLACE_SAME) != is_same)
		err = ERR_FORMAT;
	if (err != OK) {
		slot_is_over(s, err);
		return;
	}
	s->found = (enum place_found)r->found;
	s->is_family_equal = r->is_family_equal;
	s->is_alone = r->is_alone;
	memcpy(s->address, r->address.at, r->address.n);
	s->address[r->address.n] = '\0';
	s->elapsed = compare_now(k) - s->began;
	s->state = SLOT_ANSWERED;
	k->local_err = OK;
	fetch_site_gave(&k->site->exits, s->exit.fp);
	slot_progress(s, CLIP_STEP_DONE);
	slot_went_on(s);
}

static struct parse_text text_of(const char *s)
{
	return (struct parse_text){ s, (uint32_t)strlen(s) };
}

static enum err place_ask(struct slot *s)
{
	struct compare *k = s->compare;
	const struct clip_ops *ops = k->owner->ops;
	const struct clip_compare *r = &k->request;
	const struct parse_place m = {
		.body_len = (uint32_t)s->body.len, .content_type = text_of(s->content_type), .address = text_of(r->address),
		.ticker = text_of(r->ticker), .path = text_of(r->path), .before = text_of(r->before), .after = text_of(r->after),
		.family = text_of(k->family),
	};
	s->state = SLOT_PLACING;
	enum err err = ops->place(ops->arg, &m, s->body.bytes, on_placed, s, &s->place_id);
	if (err != OK)
		s->place_id = 0;
	buf_free(&s->body);
	return err;
}

/* ---- one answer ---- */

static void on_step(void *arg, const struct net_step_r *r)
{
	static const enum clip_step steps[] = {
		[STEP_CHOOSING] = CLIP_STEP_CHOOSING, [STEP_BUILDING] = CLIP_STEP_BUILDING,
		[STEP_CONNECTING] = CLIP_STEP_CONNECTING, [STEP_HANDSHAKING] = CLIP_STEP_HANDSHAKING,
	};
	const struct slot *s = arg;
	if (r->step < sizeof steps / sizeof *steps)
		slot_progress(s, steps[r->step]);
}

static bool is_redirect(unsigned status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void on_head(void *arg, const struct fetch_head *h)
{
	struct slot *s = arg;
	s->status = h->status;
	slot_progress(s, CLIP_STEP_FETCHING);
	if (!fetch_line_find(h->lines, "content-type", s->content_type, sizeof s->content_type))
		s->content_type[0] = '\0';
	s->next[0] = '\0';
	if (is_redirect(h->status) && !fetch_line_find(h->lines, "location", s->next, sizeof s->next))
		s->next[0] = '\0';
}

static void on_body(void *arg, struct rd piece)
{
	struct slot *s = arg;
	if (!is_redirect(s->status))
		buf_put(&s->body, piece.at, piece.left);
}

static enum err fetch_hop(struct slot *s);

/* The next hop, in s->next as the site wrote it. */
static enum err follow(struct slot *s)
{
	if (s->next[0] == '\0' || s->hops >= CLIP_HOPS_MAX)
		return ERR_HTTP_REDIRECTS;
	enum err err = url_resolve(s->url, s->next, s->url, sizeof s->url);
	if (err != OK)
		return ERR_HTTP_REDIRECTS;
	s->hops++;
	return fetch_hop(s);
}

static void on_end(void *arg, const struct fetch_end *e)
{
	struct slot *s = arg;
	enum err err = e->err;
	s->fetch_id = 0;
	/* The net role checked the last hop; it is looked at again because all depends on it. */
	if (e->path.n > 0 && memcmp(e->path.hop[e->path.n - 1].fp, s->exit.fp, FP_LEN) != 0)
		err = ERR_EXIT_WRONG;
	if (err == OK && e->path.n == 0)
		err = ERR_EXIT_WRONG;
	if (err == OK && is_redirect(s->status))
		err = follow(s);
	else if (err == OK && (s->status < 200 || s->status > 299))
		err = ERR_HTTP_STATUS;
	else if (err == OK)
		err = buf_err(&s->body) != OK ? buf_err(&s->body) : place_ask(s);
	if (err != OK)
		slot_is_over(s, err);
}

static const struct fetch_ops slot_fetch_ops = { on_step, on_head, on_body, on_end };

/* Private and onion targets are refused at every hop, as in the net role. */
static enum err hop_target(const char *url)
{
	struct fetch_ask ask;
	struct target t;
	enum err err = fetch_url_split(url, &ask);
	if (err != OK)
		return err;
	size_t n = strlen(ask.host);
	if (ask.host[0] == '[' && n > 2) {
		ask.host[n - 1] = '\0';
		memmove(ask.host, ask.host + 1, n - 1);
	}
	return target_parse(ask.host, &t);
}

static enum err fetch_hop(struct slot *s)
{
	struct compare *k = s->compare;
	const struct clip_ops *ops = k->owner->ops;
	const struct clip_compare *r = &k->request;
	char lines[3 * CLIP_HEADER_MAX + 128];
	uint64_t now = compare_now(k);
	enum err err = hop_target(s->url);
	if (err != OK)
		return err;
	if (s->until <= now)
		return ERR_TIMEOUT;
	s->is_reflected |= url_reflects(s->url, r->address);
	snprintf(lines, sizeof lines, "User-Agent: %s\nAccept: %s\nAccept-Language: %s\nUpgrade-Insecure-Requests: 1\n",
	         r->user_agent, r->accept, r->accept_language);
	const struct fetch_get g = { .url = s->url, .lines = lines, .exit = s->exit.fp, .is_decoded = true,
	                             .max_body = CLIP_PAGE_MAX, .deadline_ms = (uint32_t)(s->until - now) };
	buf_free(&s->body);
	s->state = SLOT_FETCHING;
	err = ops->fetch(ops->arg, &g, &slot_fetch_ops, s, &s->fetch_id);
	if (err != OK)
		s->fetch_id = 0;
	return err;
}

/* Those of the first round get until 12 s from the click, replacements what is left; a late one half of it at least. */
static uint64_t slot_until(const struct compare *k, uint64_t now)
{
	uint64_t end = k->deadline - CHECK_MARGIN_MS, first_round = k->began + CHECK_FIRST_ROUND_MS;
	if (end <= now || k->asked > k->k)
		return end;
	uint64_t half = now + (end - now) / 2;
	return first_round > half ? first_round : half;
}

enum err slot_start(struct slot *s)
{
	struct compare *k = s->compare;
	s->began = compare_now(k);
	s->until = slot_until(k, s->began);
	s->hops = s->status = 0;
	s->is_reflected = false;
	memcpy(s->url, k->request.url, sizeof s->url);
	s->url[strcspn(s->url, "#")] = '\0';
	return fetch_hop(s);
}

void slot_stop(struct slot *s)
{
	const struct clip_ops *ops = s->compare->owner->ops;
	if (s->fetch_id)
		ops->cancel_fetch(ops->arg, s->fetch_id);
	if (s->place_id)
		ops->cancel_place(ops->arg, s->place_id);
	s->fetch_id = s->place_id = 0;
}
