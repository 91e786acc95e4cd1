/* Main's end of the parse role (contract in parselink.h): a list of what was asked, in order, and one timer.
 * The role answers one request after the other, so silence is measured from when a request became the oldest. */
#include "priv/parselink.h"

#include "base/log.h"
#include "priv/role.h"
#include <event2/event.h>
#include <sodium.h>
#include <stdlib.h>

struct asked {
	struct asked *next;
	uint32_t id;
	bool is_doomed;               /* was pending when the role was given up */
	enum parse_type reply;        /* which says whose callback it is */
	union {
		parselink_judged *judged;
		parselink_rooted *rooted;
		parselink_scanned *scanned;
		parselink_placed *placed;
	} done;
	struct parse_scan scan;       /* what was asked, to hold the answer against */
	void *arg;
};

struct parselink {
	struct event_base *base;
	struct parse_config config;
	struct role *role;            /* NULL before the first request and after the role was given up */
	struct event *timer;          /* armed while something is asked; made active at once when the role lied */
	struct asked *oldest;
	uint32_t last_id;
	bool is_lying;
	bool is_resting;              /* the timer ends the role unless something was asked meanwhile */
};

static void link_timer_cb(evutil_socket_t fd, short what, void *arg);

struct parselink *parselink_new(struct event_base *base, const struct parse_config *config)
{
	struct parselink *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->base = base;
	p->config = *config;
	p->timer = evtimer_new(base, link_timer_cb, p);
	if (!p->timer) {
		free(p);
		return NULL;
	}
	return p;
}

void parselink_free(struct parselink *p)
{
	if (!p)
		return;
	role_free(p->role);
	event_free(p->timer);
	while (p->oldest) {
		struct asked *a = p->oldest;
		p->oldest = a->next;
		free(a);
	}
	free(p);
}

void parselink_rest(struct parselink *p)
{
	/* From the loop: a role may not be freed from its own callback. */
	if (!p->oldest && !p->is_lying && p->role) {
		p->is_resting = true;
		event_active(p->timer, EV_TIMEOUT, 0);
	}
}

static void link_arm(struct parselink *p)
{
	if (p->is_lying)
		return;   /* the timer is active already */
	static const struct timeval silence = { PARSE_ANSWER_MS / 1000, PARSE_ANSWER_MS % 1000 * 1000 };
	if (p->oldest)
		evtimer_add(p->timer, &silence);
	else
		evtimer_del(p->timer);
}

static struct asked *link_take(struct parselink *p, uint32_t id)
{
	for (struct asked **at = &p->oldest; *at; at = &(*at)->next) {
		struct asked *a = *at;
		if (a->id != id)
			continue;
		bool was_oldest = a == p->oldest;
		*at = a->next;
		if (was_oldest)
			link_arm(p);
		return a;
	}
	return NULL;
}

/* What the role may answer. */
union answered {
	struct parse_judge_r judge;
	struct parse_roots_r roots;
	struct parse_scan_r scan;
	struct parse_place_r place;
};

/* Ends a request that was taken off the list. r is NULL unless err is OK. */
static void asked_end(struct asked *a, enum err err, const union answered *r)
{
	struct asked it = *a;
	free(a);
	switch (it.reply) {
	case PARSE_R_JUDGE: it.done.judged(it.arg, err, r ? &r->judge : NULL); break;
	case PARSE_R_ROOTS: it.done.rooted(it.arg, err, r ? &r->roots : NULL); break;
	case PARSE_R_SCAN: it.done.scanned(it.arg, err, r ? &r->scan : NULL); break;
	case PARSE_R_PLACE: it.done.placed(it.arg, err, r ? &r->place : NULL); break;
	default: break;
	}
}

/* Ends all that is pending now. Callbacks may ask anew (not ended here) and cancel. */
static void link_fail_all(struct parselink *p, enum err err)
{
	for (struct asked *a = p->oldest; a; a = a->next)
		a->is_doomed = true;
	while (p->oldest && p->oldest->is_doomed) {
		struct asked *a = p->oldest;
		p->oldest = a->next;
		asked_end(a, err, NULL);
	}
	link_arm(p);
}

static void link_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct parselink *p = arg;
	enum err err = p->is_lying ? ERR_ROLE_DIED : ERR_TIMEOUT;

	(void)fd, (void)what;
	if (p->is_resting && !p->is_lying) {
		p->is_resting = false;
		if (p->oldest) {
			link_arm(p);   /* being made active took its time limit away */
			return;
		}
		role_free(p->role);
		p->role = NULL;
		return;
	}
	p->is_resting = false;
	log_line("parse role given up: %s", p->is_lying ? "nonsense" : "silence");
	/* Freed here and not where the lie was heard: a role may not be freed from its own callback. */
	role_free(p->role);
	p->role = NULL;
	p->is_lying = false;
	link_fail_all(p, err);
}

static void link_give_up(struct parselink *p)
{
	p->is_lying = true;
	event_active(p->timer, EV_TIMEOUT, 0);
}

static const struct asked *link_find(const struct parselink *p, uint32_t id)
{
	const struct asked *a = p->oldest;
	while (a && a->id != id)
		a = a->next;
	return a;
}

/* The payload by its type; asked (may be NULL: cancelled meanwhile) bounds what a scan may say. */
static enum err link_decode(const struct frame *f, const struct asked *a, union answered *r, enum err *said)
{
	/* An answer nobody waits for any more is held against the widest question. */
	static const struct parse_scan any = { .n = 0 };
	switch (f->type) {
	case PARSE_R_JUDGE: return parsemsg_get_judge_r(f->payload, &r->judge);
	case PARSE_R_ROOTS: return parsemsg_get_roots_r(f->payload, &r->roots);
	case PARSE_R_SCAN: return a ? parsemsg_get_scan_r(f->payload, a->reply == f->type ? &a->scan : &any, &r->scan) : OK;
	case PARSE_R_PLACE: return parsemsg_get_place_r(f->payload, &r->place);
	case PARSE_R_ERROR: return parsemsg_get_error(f->payload, said);
	default: return ERR_FORMAT;
	}
}

static void link_frame_cb(void *arg, const struct frame *f)
{
	struct parselink *p = arg;
	union answered r;
	enum err said = ERR_BUG;

	if (p->is_lying)
		return;
	if (link_decode(f, link_find(p, f->id), &r, &said) != OK) {
		link_give_up(p);
		return;
	}
	struct asked *a = link_take(p, f->id);
	if (!a)
		return;   /* cancelled meanwhile */
	if (f->type == PARSE_R_ERROR) {
		asked_end(a, said, NULL);
	} else if (f->type != a->reply) {
		asked_end(a, ERR_ROLE_DIED, NULL);
		link_give_up(p);
	} else {
		asked_end(a, OK, &r);
	}
	sodium_memzero(&r, sizeof r);
}

static void link_died_cb(void *arg, enum err err)
{
	struct parselink *p = arg;
	if (!p->is_lying)
		link_fail_all(p, err);
}

static const struct role_ops link_ops = { link_frame_cb, link_died_cb };

static enum err link_role(struct parselink *p)
{
	if (p->role)
		return OK;
	struct buf config BUF_AUTO = buf_new(FRAME_MAX);
	parsemsg_put_config(&config, &p->config);
	if (buf_err(&config) != OK)
		return buf_err(&config);
	/* Not kept: an idle host should not hold a parse role that nobody asked for. */
	p->role = role_new(p->base, "secondexit-parse", PARSE_CONFIG, &config, false, &link_ops, p);
	return p->role ? OK : ERR_NOMEM;
}

/* 0 names no request. */
static uint32_t link_next_id(struct parselink *p)
{
	return ++p->last_id ? p->last_id : ++p->last_id;
}

/* Bytes that go ahead of their request, in pieces. When one can't be queued those before it are dropped by the role as soon
 * as it meets another id. */
static enum err link_send_pieces(struct parselink *p, uint32_t id, const uint8_t *bytes, size_t n)
{
	enum err err = OK;
	for (size_t at = 0; at < n && err == OK; at += PARSE_PIECE) {
		size_t part = n - at < PARSE_PIECE ? n - at : PARSE_PIECE;
		/* Borrowed for the call: role_send copies. */
		const struct buf piece = { .bytes = (uint8_t *)(uintptr_t)(bytes + at), .len = part, .room = part, .cap = part };
		err = role_send(p->role, PARSE_PIECE_OF, id, &piece);
	}
	return err;
}

/* Queues the request itself under id and notes it. The role runs. */
static enum err link_note(struct parselink *p, uint16_t type, uint32_t id, const struct buf *payload,
                          const struct asked *what)
{
	struct asked *a = malloc(sizeof *a);
	if (!a)
		return ERR_NOMEM;
	*a = *what;
	a->next = NULL;
	a->id = id;
	enum err err = role_send(p->role, type, id, payload);
	if (err != OK) {
		free(a);
		return err;
	}
	struct asked **end = &p->oldest;
	while (*end)
		end = &(*end)->next;
	*end = a;
	if (a == p->oldest)
		link_arm(p);
	return OK;
}

static enum err link_ask(struct parselink *p, uint16_t type, const struct buf *payload, const struct asked *what,
                         uint32_t *id)
{
	enum err err = link_role(p);
	if (err != OK)
		return err;
	uint32_t mine = link_next_id(p);
	err = link_note(p, type, mine, payload, what);
	if (err == OK && id)
		*id = mine;
	return err;
}

enum err parselink_judge(struct parselink *p, const struct parse_judge *m, parselink_judged *done, void *arg,
                         uint32_t *id)
{
	size_t total = 0;
	for (size_t i = 0; i < m->n_certs; i++) {
		total += m->cert[i].len;
		if (m->cert[i].len > CERT_MAX || total > CHAIN_BYTES_MAX)
			return ERR_TOO_BIG;
	}
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	parsemsg_put_judge(&payload, m);
	if (buf_err(&payload) != OK)
		return buf_err(&payload);
	return link_ask(p, PARSE_JUDGE, &payload, &(struct asked){ .reply = PARSE_R_JUDGE, .done.judged = done, .arg = arg }, id);
}

enum err parselink_roots(struct parselink *p, parselink_rooted *done, void *arg, uint32_t *id)
{
	return link_ask(p, PARSE_ROOTS, NULL, &(struct asked){ .reply = PARSE_R_ROOTS, .done.rooted = done, .arg = arg }, id);
}

enum err parselink_scan(struct parselink *p, const struct parse_scan *m, const uint8_t *const *text,
                        parselink_scanned *done, void *arg, uint32_t *id)
{
	size_t total = 0;
	for (size_t i = 0; i < m->n; i++) {
		if (m->len[i] > CLIP_TEXT_MAX - total)
			return ERR_TOO_BIG;
		total += m->len[i];
	}
	enum err err = link_role(p);
	uint32_t mine = link_next_id(p);
	for (size_t i = 0; i < m->n && err == OK; i++)
		err = link_send_pieces(p, mine, text[i], m->len[i]);
	if (err != OK)
		return err;
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	parsemsg_put_scan(&payload, m);
	err = link_note(p, PARSE_SCAN, mine, &payload,
	                &(struct asked){ .reply = PARSE_R_SCAN, .done.scanned = done, .scan = *m, .arg = arg });
	if (err == OK && id)
		*id = mine;
	return err;
}

enum err parselink_place(struct parselink *p, const struct parse_place *m, const uint8_t *body,
                         parselink_placed *done, void *arg, uint32_t *id)
{
	if (m->body_len > CLIP_PAGE_MAX)
		return ERR_TOO_BIG;
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	parsemsg_put_place(&payload, m);
	if (buf_err(&payload) != OK)
		return buf_err(&payload);
	enum err err = link_role(p);
	uint32_t mine = link_next_id(p);
	if (err == OK)
		err = link_send_pieces(p, mine, body, m->body_len);
	if (err == OK)
		err = link_note(p, PARSE_PLACE, mine, &payload,
		                &(struct asked){ .reply = PARSE_R_PLACE, .done.placed = done, .arg = arg });
	if (err == OK && id)
		*id = mine;
	return err;
}

void parselink_cancel(struct parselink *p, uint32_t id)
{
	free(link_take(p, id));
}
