/* Main's end of fetching (contract in fetchlink.h): first the net role opens a stream, then the fetch role gets it.
 * What comes is handed on at once or, while paused, kept up to the window; used bytes are given back as credit. */
#include "priv/fetchlink.h"

#include "base/clock.h"
#include "base/log.h"
#include "priv/role.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fetch {
	struct fetch *next;
	struct fetchlink *link;
	uint32_t id, net_id;           /* net_id: of the opening; 0 behind it */
	const struct fetch_ops *ops;
	void *arg;
	struct fetch_ask *ask;
	struct buf post;               /* what ask->post is */
	uint64_t began, deadline, heard;
	bool is_handed, has_head, is_paused, is_doomed;
	bool has_end;                  /* all has come; end holds how it ended */
	struct fetch_end end;
	struct buf kept;               /* body bytes that came while paused */
	uint64_t came;                 /* body bytes from the role */
	uint32_t used, flying;         /* used, not yet given back; came, not yet given back */
};

struct fetchlink {
	struct event_base *base;
	struct netlink *net;
	struct role *role;             /* NULL before the first fetch */
	struct event *timer, *turn;    /* the nearest limit, or the role's end by idleness; what resumed is handed on */
	struct fetch *first;
	size_t n;
	uint32_t last_id;
	uint64_t idle_since;
};

static void link_timer_cb(evutil_socket_t fd, short what, void *arg);
static void link_turn_cb(evutil_socket_t fd, short what, void *arg);

struct fetchlink *fetchlink_new(struct event_base *base, struct netlink *net)
{
	struct fetchlink *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->base = base;
	l->net = net;
	l->timer = evtimer_new(base, link_timer_cb, l);
	l->turn = evtimer_new(base, link_turn_cb, l);
	if (l->timer == NULL || l->turn == NULL) {
		fetchlink_free(l);
		return NULL;
	}
	return l;
}

static void fetch_free(struct fetch *f)
{
	explicit_bzero(f->ask, sizeof *f->ask);
	free(f->ask);
	buf_free(&f->kept);
	buf_free(&f->post);
	free(f);
}

void fetchlink_free(struct fetchlink *l)
{
	if (l == NULL)
		return;
	while (l->first != NULL) {
		struct fetch *f = l->first;
		l->first = f->next;
		netlink_cancel(l->net, f->net_id);
		fetch_free(f);
	}
	role_free(l->role);
	if (l->timer != NULL)
		event_free(l->timer);
	if (l->turn != NULL)
		event_free(l->turn);
	free(l);
}

pid_t fetchlink_pid(const struct fetchlink *l)
{
	return l->role != NULL ? role_pid(l->role) : 0;
}

/* ---- the table ---- */

static struct fetch *find(const struct fetchlink *l, uint32_t id)
{
	for (struct fetch *f = l->first; f != NULL; f = f->next)
		if (f->id == id)
			return f;
	return NULL;
}

/* When the role has been silent about it for too long. The role keeps the request's limits itself, so this is for a role
 * that hangs. */
static uint64_t due(const struct fetch *f)
{
	uint64_t silent = f->heard + f->ask->stall_ms;

	if (!f->is_handed || f->has_end)
		return UINT64_MAX;
	return (f->is_paused || f->deadline < silent ? f->deadline : silent) + FETCH_SLACK_MS;
}

static void arm(struct fetchlink *l)
{
	uint64_t now = clock_ms(), at = UINT64_MAX;

	for (const struct fetch *f = l->first; f != NULL; f = f->next)
		if (due(f) < at)
			at = due(f);
	if (l->first == NULL && fetchlink_pid(l) != 0)
		at = l->idle_since + FETCH_IDLE_MS;
	if (at == UINT64_MAX) {
		(void)evtimer_del(l->timer);
		return;
	}
	uint64_t left = at > now ? at - now : 0;
	const struct timeval tv = { (time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000) };
	(void)evtimer_add(l->timer, &tv);
}

/* Off the table; the caller frees it. */
static void take(struct fetchlink *l, const struct fetch *f)
{
	for (struct fetch **at = &l->first; *at != NULL; at = &(*at)->next) {
		if (*at != f)
			continue;
		*at = f->next;
		l->n--;
		break;
	}
	if (l->first == NULL)
		l->idle_since = clock_ms();
	arm(l);
}

/* ---- handing on ---- */

static void tell_step(const struct fetch *f, enum net_step step)
{
	struct net_step_r r = { .step = (uint8_t)step };

	if (f->end.path.n > 0)
		r.exit = f->end.path.hop[f->end.path.n - 1];
	if (f->ops->step != NULL)
		f->ops->step(f->arg, &r);
}

/* Calls back for the last time. f is gone afterwards. */
static void tell_end(struct fetchlink *l, struct fetch *f)
{
	take(l, f);
	f->end.elapsed_ms = (uint32_t)(clock_ms() - f->began);
	/* Off the table: neither of the two can end it again. */
	if (f->end.err == OK)
		tell_step(f, STEP_DONE);
	if (f->ops->end != NULL)
		f->ops->end(f->arg, &f->end);
	fetch_free(f);
}

/* It ended so; told now, or when it is no longer paused. f may be gone afterwards. */
static void end(struct fetchlink *l, struct fetch *f, enum err err)
{
	if (f->has_end)
		return;
	f->has_end = true;
	f->end.err = err;
	if (!f->is_paused && f->kept.len == 0)
		tell_end(l, f);
	else
		arm(l);
}

/* Gives credit back, in halves of the window. */
static void used(struct fetchlink *l, struct fetch *f, size_t n)
{
	struct buf payload BUF_AUTO = buf_new(4);

	f->used += (uint32_t)n;
	f->end.body += n;
	if (f->has_end || f->used < FETCH_WINDOW / 2)
		return;
	buf_u32(&payload, f->used);
	if (role_send(l->role, FETCH_MORE, f->id, &payload) != OK) {
		/* Its answer will not come to an end: the limits see to it. */
		log_line("fetch %u: credit could not be given back", f->id);
		return;
	}
	f->flying -= f->used;
	f->used = 0;
}

/* Hands body bytes to the asker. False: the fetch is gone. */
static bool tell_body(struct fetchlink *l, struct fetch *f, struct rd piece)
{
	uint32_t id = f->id;

	if (f->ops->body != NULL)
		f->ops->body(f->arg, piece);
	if (find(l, id) != f)
		return false;
	used(l, f, piece.left);
	return true;
}

/* One piece, or the end, of what was kept. */
static void tell_kept(struct fetchlink *l, struct fetch *f)
{
	uint8_t piece[FETCH_PIECE_MAX];
	size_t n = f->kept.len < sizeof piece ? f->kept.len : sizeof piece;

	if (n == 0) {
		tell_end(l, f);
		return;
	}
	memcpy(piece, f->kept.bytes, n);
	buf_drop(&f->kept, n);
	if (f->kept.len == 0)
		buf_free(&f->kept);
	(void)tell_body(l, f, rd_of(piece, n));
	explicit_bzero(piece, n);
}

static void link_turn_cb(evutil_socket_t fd, short what, void *arg)
{
	struct fetchlink *l = arg;
	struct fetch *f;

	(void)fd;
	(void)what;
	/* From the beginning each time: callbacks may do anything to the table. */
	do {
		for (f = l->first; f != NULL; f = f->next)
			if (!f->is_paused && (f->kept.len > 0 || f->has_end))
				break;
		if (f != NULL)
			tell_kept(l, f);
	} while (f != NULL);
}

/* ---- the role's end ---- */

/* Ends all that the role had, late (may be NULL) with ERR_TIMEOUT; what callbacks ask meanwhile is not touched. */
static void fail_all(struct fetchlink *l, struct fetch *late)
{
	struct fetch *f;

	for (f = l->first; f != NULL; f = f->next)
		f->is_doomed = f->is_handed && !f->has_end;
	if (late != NULL) {
		late->is_doomed = false;
		end(l, late, ERR_TIMEOUT);
	}
	do {
		for (f = l->first; f != NULL && !f->is_doomed; f = f->next)
			continue;
		if (f == NULL)
			break;
		f->is_doomed = false;
		end(l, f, ERR_ROLE_DIED);
	} while (true);
	arm(l);
}

static void link_died_cb(void *arg, enum err err)
{
	(void)err;
	fail_all(arg, NULL);
}

static void nonsense(struct fetchlink *l, uint16_t type)
{
	log_line("fetch role given up: nonsense in a frame of type %u", type);
	role_kill(l->role);
	fail_all(l, NULL);
}

static void link_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct fetchlink *l = arg;
	uint64_t now = clock_ms();
	struct fetch *late = l->first;

	(void)fd;
	(void)what;
	while (late != NULL && due(late) > now)
		late = late->next;
	if (late != NULL) {
		log_line("fetch role given up: silence");
		role_kill(l->role);
		fail_all(l, late);
	} else if (l->first == NULL && fetchlink_pid(l) != 0 && now >= l->idle_since + FETCH_IDLE_MS) {
		log_line("fetch role ended: idle");
		role_kill(l->role);
	} else {
		arm(l);
	}
}

/* ---- answers ---- */

/* One function per kind of frame. False: nonsense. f is NULL when the fetch was cancelled: the frame is read strictly
 * all the same. */
static bool on_head(struct fetchlink *l, struct fetch *f, struct rd payload)
{
	struct fetch_head m;

	(void)l;
	if (fetchmsg_get_head(payload, &m) != OK || (f != NULL && (f->has_head || f->has_end)))
		return false;
	if (f == NULL)
		return true;
	/* A certificate belongs to https, and is always there. */
	if (m.has_leaf != f->ask->is_https)
		return false;
	f->has_head = true;
	if (f->ops->head != NULL)
		f->ops->head(f->arg, &m);
	return true;
}

static bool on_body(struct fetchlink *l, struct fetch *f, struct rd payload)
{
	if (payload.left == 0 || payload.left > FETCH_PIECE_MAX)
		return false;
	if (f == NULL)
		return true;
	if (!f->has_head || f->has_end || payload.left > FETCH_WINDOW - f->flying ||
	    payload.left > f->ask->max_body - f->came)
		return false;
	f->flying += (uint32_t)payload.left;
	f->came += payload.left;
	if (!f->is_paused && f->kept.len == 0)
		return tell_body(l, f, payload), true;
	buf_put(&f->kept, payload.at, payload.left);
	if (buf_err(&f->kept) != OK) {
		/* Without this piece there is no whole answer. */
		buf_free(&f->kept);
		if (role_send(l->role, FETCH_CANCEL, f->id, NULL) != OK)
			log_line("a cancel could not be sent");
		end(l, f, ERR_NOMEM);
	}
	return true;
}

static bool on_tail(struct fetchlink *l, struct fetch *f, struct rd payload)
{
	struct fetch_tail m;

	if (fetchmsg_get_tail(payload, &m) != OK)
		return false;
	if (f == NULL)
		return true;
	if (f->has_end || m.body != f->came || (m.err == OK && !f->has_head))
		return false;
	f->end.has_leaf = m.has_leaf;
	memcpy(f->end.leaf, m.leaf, sizeof f->end.leaf);
	f->end.is_framed = m.is_framed;
	end(l, f, (enum err)m.err);
	return true;
}

static void link_frame_cb(void *arg, const struct frame *frame)
{
	struct fetchlink *l = arg;
	struct fetch *f = find(l, frame->id);
	bool is_good;

	/* An id whose stream the role was never given is nobody's. */
	if (frame->id == 0 || (f != NULL && !f->is_handed)) {
		nonsense(l, frame->type);
		return;
	}
	if (f != NULL)
		f->heard = clock_ms();
	switch (frame->type) {
	case FETCH_R_HEAD: is_good = on_head(l, f, frame->payload); break;
	case FETCH_R_BODY: is_good = on_body(l, f, frame->payload); break;
	case FETCH_R_END:  is_good = on_tail(l, f, frame->payload); break;
	default: is_good = false;
	}
	if (!is_good)
		nonsense(l, frame->type);
	else
		arm(l);
}

static const struct role_ops link_ops = { link_frame_cb, link_died_cb };

/* ---- requests ---- */

/* The stream is open: the fetch role goes on. Takes fd. */
static enum err hand_over(struct fetchlink *l, struct fetch *f, int fd)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	uint64_t now = clock_ms();

	if (now >= f->deadline) {
		close(fd);
		return ERR_TIMEOUT;
	}
	f->ask->deadline_ms = (uint32_t)(f->deadline - now);
	f->heard = now;
	fetchmsg_put_ask(&payload, f->ask);
	if (buf_err(&payload) != OK) {
		close(fd);
		return buf_err(&payload);
	}
	return role_send_fd(l->role, FETCH_GET, f->id, &payload, fd);
}

/* The opening's callbacks: f lives until its end has come or it was cancelled. */
static void on_step(void *arg, const struct net_step_r *r)
{
	const struct fetch *f = arg;

	if (f->ops->step != NULL)
		f->ops->step(f->arg, r);
}

static void on_open(void *arg, enum err err, const struct net_open_r *r, int fd)
{
	struct fetch *f = arg;
	struct fetchlink *l = f->link;

	f->net_id = 0;
	if (r != NULL) {
		f->end.path = r->path;
		f->end.was_clean = r->was_clean;
		err = (enum err)r->err;
	}
	if (err == OK) {
		err = hand_over(l, f, fd);
		f->is_handed = err == OK;
	}
	if (err != OK) {
		end(l, f, err);
		return;
	}
	tell_step(f, STEP_HANDSHAKING);
	arm(l);
}

/* What can be said without asking anybody. */
static enum err check(const struct fetchlink *l, const struct fetch_get *g, struct fetch_ask *ask)
{
	enum err err = fetch_url_split(g->url, ask);

	if (err != OK)
		return err;
	if (g->lines != NULL && (strlen(g->lines) >= sizeof ask->lines || !fetch_lines_are_sent(g->lines)))
		return ERR_HTTP_REQUEST;
	const bool has_way = g->is_onion ? g->exit == NULL && g->avoid == NULL : g->exit != NULL || g->avoid != NULL;
	if (g->is_onion != (g->post.left > 0) || g->post.left > REPORT_ENVELOPE_MAX || (g->is_onion && (ask->is_https || g->is_head || g->is_decoded)))
		return ERR_USAGE;
	if ((g->is_decoded && g->max_body > FETCH_DECODED_MAX) || !has_way ||
	    g->deadline_ms > FETCH_DEADLINE_MAX_MS || g->stall_ms > FETCH_DEADLINE_MAX_MS)
		return ERR_USAGE;
	if (l->n >= FETCHES_MAX)
		return ERR_MSG_BUSY;
	memcpy(ask->lines, g->lines != NULL ? g->lines : "", g->lines != NULL ? strlen(g->lines) + 1 : 1);
	ask->is_head = g->is_head;
	ask->is_decoded = g->is_decoded;
	ask->max_body = g->max_body;
	ask->deadline_ms = g->deadline_ms != 0 ? g->deadline_ms : FETCH_DEADLINE_MS;
	ask->stall_ms = g->stall_ms != 0 ? g->stall_ms : FETCH_STALL_MS;
	return OK;
}

/* The role is there by the time the stream is open. */
static enum err start_role(struct fetchlink *l)
{
	if (l->role == NULL)
		/* Not kept: nobody should hold one that nobody asked for. */
		l->role = role_new(l->base, "secondexit-fetch", FETCH_CONFIG, NULL, false, &link_ops, l);
	return l->role != NULL ? role_start(l->role) : ERR_NOMEM;
}

static enum err open_stream(struct fetchlink *l, struct fetch *f, const struct fetch_get *g)
{
	struct net_look look = { .port = f->ask->port, .deadline_ms = f->ask->deadline_ms, .is_onion = g->is_onion,
	                         .is_free = g->exit == NULL && !g->is_onion };
	const char *host = f->ask->host;
	size_t n = strlen(host);

	/* A literal's brackets are the address's, not the host's. */
	if (host[0] == '[')
		memcpy(look.host, host + 1, n - 2);
	else
		memcpy(look.host, host, n);
	const uint32_t max = g->is_onion ? ONION_DEADLINE_MAX_MS : LOOK_DEADLINE_MAX_MS;
	if (look.deadline_ms > max)
		look.deadline_ms = max;
	if (g->is_onion) {
		/* Tor finds its own way. */
	} else if (g->exit != NULL) {
		memcpy(look.exit, g->exit, FP_LEN);
	} else {
		look.avoid = *g->avoid;
		look.avoid.port = f->ask->port;
	}
	return netlink_open(l->net, &look, on_step, on_open, f, &f->net_id);
}

enum err fetchlink_get(struct fetchlink *l, const struct fetch_get *g, const struct fetch_ops *ops, void *arg,
                       uint32_t *id)
{
	struct fetch *f = calloc(1, sizeof *f);
	struct fetch_ask *ask = calloc(1, sizeof *ask);
	enum err err = f != NULL && ask != NULL ? check(l, g, ask) : ERR_NOMEM;

	if (err == OK)
		err = start_role(l);
	if (err == OK) {
		f->link = l;
		f->ops = ops;
		f->arg = arg;
		f->ask = ask;
		f->began = clock_ms();
		f->deadline = f->began + ask->deadline_ms;
		f->kept = buf_new(FETCH_WINDOW);
		f->post = buf_new(REPORT_ENVELOPE_MAX);
		buf_put(&f->post, g->post.at, g->post.left);
		ask->post = rd_of(f->post.bytes, f->post.len);
		err = buf_err(&f->post);
	}
	if (err == OK) {
		err = open_stream(l, f, g);
	}
	if (err != OK) {
		free(ask);
		if (f != NULL)
			buf_free(&f->post);
		free(f);
		if (l->first == NULL)
			l->idle_since = clock_ms();
		arm(l);
		return err;
	}
	/* 0 names none; after 2^32 an id may come again, but not while its fetch is there. */
	do
		f->id = ++l->last_id;
	while (f->id == 0 || find(l, f->id) != NULL);
	f->next = l->first;
	l->first = f;
	l->n++;
	arm(l);
	if (id != NULL)
		*id = f->id;
	return OK;
}

void fetchlink_cancel(struct fetchlink *l, uint32_t id)
{
	struct fetch *f = id != 0 ? find(l, id) : NULL;

	if (f == NULL)
		return;
	netlink_cancel(l->net, f->net_id);
	/* When it can't be sent, the role's own limits end it. */
	if (f->is_handed && !f->has_end && role_send(l->role, FETCH_CANCEL, id, NULL) != OK)
		log_line("a cancel could not be sent");
	take(l, f);
	fetch_free(f);
}

void fetchlink_pause(struct fetchlink *l, uint32_t id)
{
	struct fetch *f = find(l, id);

	if (f == NULL)
		return;
	f->is_paused = true;
	arm(l);
}

void fetchlink_resume(struct fetchlink *l, uint32_t id)
{
	static const struct timeval now = { 0, 0 };
	struct fetch *f = find(l, id);

	if (f == NULL || !f->is_paused)
		return;
	f->is_paused = false;
	f->heard = clock_ms();
	(void)evtimer_add(l->turn, &now);
	arm(l);
}
