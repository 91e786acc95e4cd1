/* Main's end of the net role (contract in netlink.h): the table of what was asked, and one timer for the oldest
 * answer that is owed. Requests are answered in any order. */
#include "priv/netlink.h"

#include "base/clock.h"
#include "base/log.h"
#include "priv/role.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a look may take beyond its own deadline and the wait for tor: frames, scheduling. */
#define LOOK_SLACK_MS 2000

struct request {
	struct request *next;
	uint32_t id;
	uint16_t type;                /* NET_FIRST ... NET_STATUS: says which of done it is */
	bool is_doomed;               /* was pending when the role was given up */
	uint64_t due;
	union {
		netlink_first_cb *first;
		netlink_draw_cb *draw;
		netlink_look_cb *look;
		netlink_open_cb *open;
		netlink_close_cb *close;
		netlink_exits_cb *exits;
		netlink_status_cb *status;
	} done;
	bool is_onion;                /* NET_OPEN: what was asked for, and must be answered */
	netlink_step_cb *step;
	void *arg;
};

struct netlink {
	struct role *role;
	struct event *timer;
	struct netlink_news news;
	void *arg;
	struct request *requests;
	uint32_t last_id;
};

/* What netlink_open's callback is given. */
struct opened { const struct net_open_r *r; int fd; };

static const struct role_ops link_ops;
static void link_timer_cb(evutil_socket_t fd, short what, void *arg);

struct netlink *netlink_new(struct event_base *base, const struct net_config *config,
                            const struct netlink_news *news, void *arg)
{
	struct netlink *n = calloc(1, sizeof *n);
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	if (n == NULL)
		return NULL;
	netmsg_put_config(&payload, config);
	if (news != NULL)
		n->news = *news;
	n->arg = arg;
	n->timer = evtimer_new(base, link_timer_cb, n);
	/* Kept: while it is gone nobody sees the browser's streams. */
	if (n->timer != NULL && buf_err(&payload) == OK)
		n->role = role_new(base, "secondexit-net", NET_CONFIG, &payload, true, &link_ops, n);
	if (n->role == NULL) {
		netlink_free(n);
		return NULL;
	}
	return n;
}

void netlink_free(struct netlink *n)
{
	if (n == NULL)
		return;
	role_free(n->role);
	if (n->timer != NULL)
		event_free(n->timer);
	while (n->requests != NULL) {
		struct request *r = n->requests;
		n->requests = r->next;
		free(r);
	}
	free(n);
}

enum err netlink_start(struct netlink *n)
{
	return role_start(n->role);
}

/* ---- the table ---- */

static void link_arm(struct netlink *n)
{
	uint64_t now = clock_ms(), first = UINT64_MAX;

	for (const struct request *r = n->requests; r != NULL; r = r->next)
		if (r->due < first)
			first = r->due;
	if (first == UINT64_MAX) {
		(void)evtimer_del(n->timer);
		return;
	}
	uint64_t left = first > now ? first - now : 0;
	const struct timeval tv = { (time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000) };
	(void)evtimer_add(n->timer, &tv);
}

static struct request *link_find(const struct netlink *n, uint32_t id)
{
	for (struct request *r = n->requests; r != NULL; r = r->next)
		if (r->id == id)
			return r;
	return NULL;
}

static void link_take(struct netlink *n, const struct request *r)
{
	for (struct request **at = &n->requests; *at != NULL; at = &(*at)->next) {
		if (*at != r)
			continue;
		*at = r->next;
		break;
	}
	link_arm(n);
}

/* Takes the request off the table and calls it back; answer is the struct of its kind, NULL unless err is OK. */
static void link_end(struct netlink *n, struct request *r, enum err err, const void *answer)
{
	const struct request it = *r;
	const struct opened *opened = answer;

	link_take(n, r);
	free(r);
	switch (it.type) {
	case NET_FIRST:  it.done.first(it.arg, err, answer); break;
	case NET_DRAW:   it.done.draw(it.arg, err, answer); break;
	case NET_LOOK:   it.done.look(it.arg, err, answer); break;
	case NET_OPEN:   it.done.open(it.arg, err, opened ? opened->r : NULL, opened ? opened->fd : -1); break;
	case NET_CLOSE:  it.done.close(it.arg, err, answer); break;
	case NET_EXITS:  it.done.exits(it.arg, err, NULL); break;
	case NET_STATUS: it.done.status(it.arg, err, answer); break;
	}
}

/* Ends all that is pending now, late (may be NULL) with ERR_TIMEOUT; what callbacks ask meanwhile is not touched. */
static void link_fail_all(struct netlink *n, enum err err, struct request *late)
{
	const struct net_state gone = { .is_up = 0, .err = ERR_ROLE_DIED };

	for (struct request *r = n->requests; r != NULL; r = r->next)
		r->is_doomed = true;
	if (late != NULL)
		link_end(n, late, ERR_TIMEOUT, NULL);
	for (struct request *r = n->requests; r != NULL;) {
		if (!r->is_doomed) {
			r = r->next;
			continue;
		}
		link_end(n, r, err, NULL);
		r = n->requests;
	}
	if (n->news.state != NULL)
		n->news.state(n->arg, &gone);
}

static void link_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct netlink *n = arg;
	uint64_t now = clock_ms();
	struct request *late = NULL;

	(void)fd;
	(void)what;
	for (struct request *r = n->requests; r != NULL && late == NULL; r = r->next)
		if (r->due <= now)
			late = r;
	if (late == NULL) {
		link_arm(n);
		return;
	}
	log_line("net role given up: silence");
	role_kill(n->role);
	link_fail_all(n, ERR_ROLE_DIED, late);
}

static void link_nonsense(struct netlink *n, uint16_t type)
{
	log_line("net role given up: nonsense in a frame of type %u", type);
	role_kill(n->role);
	link_fail_all(n, ERR_ROLE_DIED, NULL);
}

/* ---- answers ---- */

/* One function per kind of frame: decodes, then hands on. False: nonsense. r is NULL when the request was cancelled:
 * the frame is read strictly all the same. */
typedef bool answer_fn(struct netlink *n, struct request *r, struct rd payload);

static bool is_of(const struct request *r, uint16_t type)
{
	return r == NULL || r->type == type;
}

#define ANSWER(name, struct_name, request_type) \
	static bool on_##name(struct netlink *n, struct request *r, struct rd payload) \
	{ \
		struct struct_name m = { 0 }; \
		if (netmsg_get_##name(payload, &m) != OK || !is_of(r, request_type)) \
			return false; \
		if (r != NULL) \
			link_end(n, r, OK, &m); \
		return true; \
	}
ANSWER(first_r, net_first_r, NET_FIRST)
ANSWER(draw_r, net_draw_r, NET_DRAW)
ANSWER(look_r, net_look_r, NET_LOOK)
ANSWER(close_r, net_close_r, NET_CLOSE)
ANSWER(status, net_status, NET_STATUS)

static bool on_step(struct netlink *n, struct request *r, struct rd payload)
{
	struct net_step_r m = { 0 };

	(void)n;
	if (netmsg_get_step_r(payload, &m) != OK || (!is_of(r, NET_LOOK) && !is_of(r, NET_OPEN)))
		return false;
	if (r != NULL && r->step != NULL)
		r->step(r->arg, &m);
	return true;
}

static bool on_open_r(struct netlink *n, struct request *r, struct rd payload)
{
	struct net_open_r m = { 0 };
	int fd = role_take_fd(n->role);

	if (netmsg_get_open_r(payload, &m) != OK || !is_of(r, NET_OPEN) || (m.err == OK) != (fd >= 0) ||
	    (r != NULL && m.err == OK && m.is_onion != r->is_onion)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (r != NULL)
		link_end(n, r, OK, &(struct opened){ &m, fd });
	else if (fd >= 0)
		close(fd);   /* cancelled meanwhile */
	return true;
}

static bool on_exit_r(struct netlink *n, struct request *r, struct rd payload)
{
	struct relay_info m = { 0 };

	(void)n;
	if (netmsg_get_relay(payload, &m) != OK || !is_of(r, NET_EXITS))
		return false;
	if (r != NULL)
		r->done.exits(r->arg, OK, &m);
	return true;
}

static bool on_end(struct netlink *n, struct request *r, struct rd payload)
{
	if (!rd_done(&payload) || !is_of(r, NET_EXITS))
		return false;
	if (r != NULL)
		link_end(n, r, OK, NULL);
	return true;
}

static bool on_error(struct netlink *n, struct request *r, struct rd payload)
{
	enum err err;

	if (netmsg_get_error(payload, &err) != OK)
		return false;
	if (r != NULL)
		link_end(n, r, err, NULL);
	return true;
}

static bool on_state(struct netlink *n, struct request *r, struct rd payload)
{
	struct net_state m = { 0 };

	if (netmsg_get_state(payload, &m) != OK || r != NULL)
		return false;
	if (n->news.state != NULL)
		n->news.state(n->arg, &m);
	return true;
}

static bool on_newnym(struct netlink *n, struct request *r, struct rd payload)
{
	if (!rd_done(&payload) || r != NULL)
		return false;
	if (n->news.newnym != NULL)
		n->news.newnym(n->arg);
	return true;
}

static const struct { answer_fn *run; bool is_unasked; } answers[] = {
	[NET_R_STATE]  = { on_state, true },
	[NET_R_NEWNYM] = { on_newnym, true },
	[NET_R_FIRST]  = { on_first_r, false },
	[NET_R_DRAW]   = { on_draw_r, false },
	[NET_R_STEP]   = { on_step, false },
	[NET_R_LOOK]   = { on_look_r, false },
	[NET_R_CLOSE]  = { on_close_r, false },
	[NET_R_EXIT]   = { on_exit_r, false },
	[NET_R_END]    = { on_end, false },
	[NET_R_STATUS] = { on_status, false },
	[NET_R_ERROR]  = { on_error, false },
	[NET_R_OPEN]   = { on_open_r, false },
};

static void link_frame_cb(void *arg, const struct frame *f)
{
	struct netlink *n = arg;
	struct request *r = link_find(n, f->id);
	bool is_known = f->type < sizeof answers / sizeof answers[0] && answers[f->type].run != NULL;

	/* id 0 is for what nobody asked, and for nothing else. */
	if (!is_known || answers[f->type].is_unasked != (f->id == 0) || !answers[f->type].run(n, r, f->payload))
		link_nonsense(n, f->type);
}

static void link_died_cb(void *arg, enum err err)
{
	link_fail_all(arg, err, NULL);
}

static const struct role_ops link_ops = { link_frame_cb, link_died_cb };

/* ---- requests ---- */

static enum err link_ask(struct netlink *n, const struct request *what, uint32_t wait_ms, const struct buf *payload,
                         uint32_t *id)
{
	struct request *r = malloc(sizeof *r);

	if (r == NULL)
		return ERR_NOMEM;
	*r = *what;
	/* 0 names no request; after 2^32 of them an id may come again, but not while its request is there. */
	do
		r->id = ++n->last_id;
	while (r->id == 0 || link_find(n, r->id) != NULL);
	r->due = clock_ms() + wait_ms;
	enum err err = payload != NULL ? buf_err(payload) : OK;
	if (err == OK)
		err = role_send(n->role, r->type, r->id, payload);
	if (err != OK) {
		free(r);
		return err;
	}
	r->next = n->requests;
	n->requests = r;
	link_arm(n);
	if (id != NULL)
		*id = r->id;
	return OK;
}

enum err netlink_first(struct netlink *n, const struct net_first *m, netlink_first_cb *done, void *arg, uint32_t *id)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	netmsg_put_first(&payload, m);
	return link_ask(n, &(struct request){ .type = NET_FIRST, .done.first = done, .arg = arg }, NETLINK_ANSWER_MS,
	                &payload, id);
}

enum err netlink_draw(struct netlink *n, const struct net_draw *m, netlink_draw_cb *done, void *arg, uint32_t *id)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	netmsg_put_draw(&payload, m);
	return link_ask(n, &(struct request){ .type = NET_DRAW, .done.draw = done, .arg = arg }, NETLINK_ANSWER_MS,
	                &payload, id);
}

enum err netlink_look(struct netlink *n, const struct net_look *m, netlink_step_cb *step, netlink_look_cb *done,
                      void *arg, uint32_t *id)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	uint32_t ms = m->deadline_ms;

	netmsg_put_look(&payload, m);
	if (ms == 0 || ms > LOOK_DEADLINE_MAX_MS)
		ms = LOOK_DEADLINE_MAX_MS;
	return link_ask(n, &(struct request){ .type = NET_LOOK, .done.look = done, .step = step, .arg = arg },
	                ms + LINK_WAIT_MS + LOOK_SLACK_MS, &payload, id);
}

enum err netlink_open(struct netlink *n, const struct net_look *m, netlink_step_cb *step, netlink_open_cb *done,
                      void *arg, uint32_t *id)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	uint32_t ms = m->deadline_ms;

	const uint32_t max = m->is_onion ? ONION_DEADLINE_MAX_MS : LOOK_DEADLINE_MAX_MS;
	netmsg_put_look(&payload, m);
	if (ms == 0 || ms > max)
		ms = max;
	return link_ask(n, &(struct request){ .type = NET_OPEN, .is_onion = m->is_onion, .done.open = done, .step = step, .arg = arg },
	                ms + LINK_WAIT_MS + LOOK_SLACK_MS, &payload, id);
}

enum err netlink_close(struct netlink *n, const struct net_first *m, netlink_close_cb *done, void *arg, uint32_t *id)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	netmsg_put_first(&payload, m);
	return link_ask(n, &(struct request){ .type = NET_CLOSE, .done.close = done, .arg = arg }, NETLINK_ANSWER_MS,
	                &payload, id);
}

enum err netlink_exits(struct netlink *n, const struct net_exits *m, netlink_exits_cb *done, void *arg, uint32_t *id)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	netmsg_put_exits(&payload, m);
	return link_ask(n, &(struct request){ .type = NET_EXITS, .done.exits = done, .arg = arg }, NETLINK_ANSWER_MS,
	                &payload, id);
}

enum err netlink_status(struct netlink *n, netlink_status_cb *done, void *arg, uint32_t *id)
{
	return link_ask(n, &(struct request){ .type = NET_STATUS, .done.status = done, .arg = arg }, NETLINK_ANSWER_MS,
	                NULL, id);
}

void netlink_warm(struct netlink *n, const struct net_warm *m)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	netmsg_put_warm(&payload, m);
	if (buf_err(&payload) != OK || role_send(n->role, NET_WARM, 0, &payload) != OK)
		log_line("the net role could not be told of a check");
}

void netlink_cancel(struct netlink *n, uint32_t id)
{
	struct request *r = id != 0 ? link_find(n, id) : NULL;

	if (r == NULL)
		return;
	/* Nobody waits for the answer: when it can't be sent the look ends at its deadline. */
	if ((r->type == NET_LOOK || r->type == NET_OPEN) && role_send(n->role, NET_CANCEL, id, NULL) != OK)
		log_line("a cancel could not be sent");
	link_take(n, r);
	free(r);
}
