/* Main's end of the parse role (contract in parselink.h): a list of what was asked, in order, and one timer.
 * The role answers one request after the other, so silence is measured from when a request became the oldest. */
#include "priv/parselink.h"

#include "base/log.h"
#include "priv/role.h"
#include <event2/event.h>
#include <stdlib.h>

struct asked {
	struct asked *next;
	uint32_t id;
	bool is_doomed;               /* was pending when the role was given up */
	parselink_judged *judged;     /* exactly one of the two is set */
	parselink_rooted *rooted;
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

/* Ends a request that was taken off the list. */
static void asked_end(struct asked *a, enum err err, const struct parse_judge_r *j, const struct parse_roots_r *r)
{
	struct asked it = *a;
	free(a);
	if (it.judged)
		it.judged(it.arg, err, j);
	else
		it.rooted(it.arg, err, r);
}

/* Ends all that is pending now. Callbacks may ask anew (not ended here) and cancel. */
static void link_fail_all(struct parselink *p, enum err err)
{
	for (struct asked *a = p->oldest; a; a = a->next)
		a->is_doomed = true;
	while (p->oldest && p->oldest->is_doomed) {
		struct asked *a = p->oldest;
		p->oldest = a->next;
		asked_end(a, err, NULL, NULL);
	}
	link_arm(p);
}

static void link_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct parselink *p = arg;
	enum err err = p->is_lying ? ERR_ROLE_DIED : ERR_TIMEOUT;

	(void)fd, (void)what;
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

static void link_frame_cb(void *arg, const struct frame *f)
{
	struct parselink *p = arg;
	struct parse_judge_r judged;
	struct parse_roots_r rooted;
	enum err err = OK, said = ERR_BUG;

	if (p->is_lying)
		return;
	switch (f->type) {
	case PARSE_R_JUDGE: err = parsemsg_get_judge_r(f->payload, &judged); break;
	case PARSE_R_ROOTS: err = parsemsg_get_roots_r(f->payload, &rooted); break;
	case PARSE_R_ERROR: err = parsemsg_get_error(f->payload, &said); break;
	default: err = ERR_FORMAT;
	}
	if (err != OK) {
		link_give_up(p);
		return;
	}
	struct asked *a = link_take(p, f->id);
	if (!a)
		return;   /* cancelled meanwhile */
	if (f->type == PARSE_R_ERROR) {
		asked_end(a, said, NULL, NULL);
	} else if ((f->type == PARSE_R_JUDGE) != (a->judged != NULL)) {
		asked_end(a, ERR_ROLE_DIED, NULL, NULL);
		link_give_up(p);
	} else {
		asked_end(a, OK, &judged, &rooted);
	}
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

static enum err link_ask(struct parselink *p, uint16_t type, const struct buf *payload, const struct asked *what,
                         uint32_t *id)
{
	enum err err = link_role(p);
	if (err != OK)
		return err;
	struct asked *a = malloc(sizeof *a);
	if (!a)
		return ERR_NOMEM;
	*a = *what;
	a->next = NULL;
	a->id = ++p->last_id ? p->last_id : ++p->last_id;   /* 0 names no request */
	err = role_send(p->role, type, a->id, payload);
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
	if (id)
		*id = a->id;
	return OK;
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
	return link_ask(p, PARSE_JUDGE, &payload, &(struct asked){ .judged = done, .arg = arg }, id);
}

enum err parselink_roots(struct parselink *p, parselink_rooted *done, void *arg, uint32_t *id)
{
	return link_ask(p, PARSE_ROOTS, NULL, &(struct asked){ .rooted = done, .arg = arg }, id);
}

void parselink_cancel(struct parselink *p, uint32_t id)
{
	free(link_take(p, id));
}
