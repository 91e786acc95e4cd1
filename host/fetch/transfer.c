/* A transfer on the loop: what libcurl waits for, what the asker can take, and the limits (contract in transfer.h).
 * Everything that libcurl does is done from within drive(); everything that is told is told from within tell(),
 * behind it. */
#include "fetch/transfer_state.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set_timer(struct event *e, uint64_t ms)
{
	const struct timeval tv = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	/* Can't fail: its memory was reserved when it was added first, in transfer_new. */
	(void)event_add(e, &tv);
}

/* The asker takes no more: the connection is not read meanwhile. */
static bool is_held(const struct transfer *t)
{
	return t->pending.len > 0;
}

/* ---- what libcurl wants ---- */

static void watch(struct transfer *t)
{
	short want = 0;

	if (t->curl_fd < 0)
		return;
	(void)event_del(t->io);
	if ((t->wants & CURL_POLL_IN) != 0 && !is_held(t))
		want |= EV_READ;
	if ((t->wants & CURL_POLL_OUT) != 0)
		want |= EV_WRITE;
	if (want == 0)
		return;
	if (event_assign(t->io, t->base, t->curl_fd, want | EV_PERSIST, event_get_callback(t->io), t) != 0 ||
	    event_add(t->io, NULL) != 0)
		t->err = ERR_NOMEM;
}

void transfer_watch(struct transfer *t, int fd, int what)
{
	if (what == CURL_POLL_REMOVE) {
		if (t->curl_fd == fd) {
			(void)event_del(t->io);
			t->curl_fd = -1;
		}
		return;
	}
	t->curl_fd = fd;
	t->wants = what;
	watch(t);
}

void transfer_wake(struct transfer *t, long ms)
{
	t->due = ms < 0 ? UINT64_MAX : clock_ms() + (uint64_t)ms;
	if (ms >= 0)
		set_timer(t->turn, (uint64_t)ms);
}

/* ---- telling ---- */

static void tell_head(struct transfer *t)
{
	const struct head *h = &t->head;
	struct fetch_head m = {
		.http = h->http, .status = h->status, .has_leaf = t->tls.has_leaf && t->tls.is_done,
		.has_length = h->has_length && !h->is_chunked, .lines = rd_of(h->lines.bytes, h->lines.len),
	};

	if (m.has_length)
		m.length = h->length;
	memcpy(m.leaf, t->tls.leaf, sizeof m.leaf);
	t->is_head_told = true;
	t->ops->head(t->arg, t, &m);
}

static void tell_body(struct transfer *t)
{
	size_t at = 0;

	while (at < t->pending.len && t->credit > 0) {
		size_t n = t->pending.len - at;
		if (n > FETCH_PIECE_MAX)
			n = FETCH_PIECE_MAX;
		if (n > t->credit)
			n = (size_t)t->credit;
		t->ops->body(t->arg, t, t->pending.bytes + at, n);
		at += n;
		t->credit -= n;
		t->told += n;
	}
	buf_drop(&t->pending, at);
	if (t->pending.len == 0 && t->pending.room > FETCH_WINDOW)
		buf_free(&t->pending);
}

static void tell_end(struct transfer *t)
{
	struct fetch_tail m = {
		.err = t->err, .has_leaf = t->tls.has_leaf, .is_framed = head_is_framed(&t->head, t->ask->is_head), .body = t->told,
		.elapsed_ms = (uint32_t)(clock_ms() - t->began),
	};

	memcpy(m.leaf, t->tls.leaf, sizeof m.leaf);
	t->is_told = true;
	t->ops->end(t->arg, t, &m);
}

/* All that can be told now; the end only behind the last body byte. False: that was the end, and t may be gone. */
static bool tell(struct transfer *t)
{
	bool was_held = is_held(t);

	if (t->is_told)
		return false;
	if (t->head.is_whole && !t->is_head_told)
		tell_head(t);
	tell_body(t);
	if (t->is_over && t->pending.len == 0) {
		(void)event_del(t->limit);
		tell_end(t);
		return false;
	}
	if (was_held != is_held(t))
		watch(t);
	/* Paused and emptied in one go: it is let go from the loop. */
	if (t->is_paused && !is_held(t))
		set_timer(t->turn, 0);
	return true;
}

/* ---- driving ---- */

/* One timer for both limits: all of it, and silence of the server while we listen. */
static void set_limit(struct transfer *t, uint64_t now)
{
	uint64_t end = t->began + t->ask->deadline_ms, silent = t->heard + t->ask->stall_ms;
	uint64_t at = is_held(t) || end < silent ? end : silent;

	set_timer(t->limit, at > now ? at - now : 0);
}

/* Over: nothing more is wanted of the connection. */
static void finish(struct transfer *t, enum err err)
{
	t->err = err;
	t->is_over = true;
	transfer_curl_close(t);
	(void)event_del(t->turn);
}

static void look_for_end(struct transfer *t)
{
	int left;
	const CURLMsg *m = curl_multi_info_read(t->multi, &left);

	if (m != NULL && m->msg == CURLMSG_DONE)
		finish(t, transfer_curl_err(t, m->data.result));
	else if (t->err != OK)
		finish(t, t->err);
}

/* False: t may be gone. */
static bool drive(struct transfer *t, curl_socket_t fd, int bits)
{
	int running;

	CURLMcode code = curl_multi_socket_action(t->multi, fd, bits, &running);
	if (code != CURLM_OK)
		finish(t, ERR_BUG);
	else
		look_for_end(t);
	if (!t->is_over) {
		/* Asked, not only told: libcurl tells of a time once, and libevent's coarse clock may have come before it. */
		long ms = -1;
		(void)curl_multi_timeout(t->multi, &ms);
		transfer_wake(t, ms);
	}
	return tell(t);
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	struct transfer *t = arg;

	t->heard = clock_ms();
	(void)drive(t, fd, ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

/* The asker took what was held back: goes on reading, first what libcurl and TLS have read already. False: t may be
 * gone. */
static bool release(struct transfer *t)
{
	if (!tell(t))
		return false;
	if (is_held(t) || t->is_over)
		return true;
	t->heard = clock_ms();
	set_limit(t, t->heard);
	if (t->is_paused) {
		t->is_paused = false;
		/* May call on_body, which may pause again. */
		if (curl_easy_pause(t->easy, CURLPAUSE_CONT) != CURLE_OK && t->err == OK)
			t->err = ERR_BUG;
	}
	return t->curl_fd < 0 || drive(t, t->curl_fd, CURL_CSELECT_IN);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct transfer *t = arg;
	uint64_t now = clock_ms();

	(void)fd;
	(void)what;
	if ((is_held(t) || t->is_paused) && !release(t))
		return;
	/* While it is held libcurl's own timer waits: libcurl would read. */
	if (t->is_over || is_held(t) || t->due == UINT64_MAX)
		return;
	if (t->due > now + 20) {
		set_timer(t->turn, t->due - now);
		return;
	}
	t->due = UINT64_MAX;
	(void)drive(t, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- limits ---- */

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct transfer *t = arg;
	uint64_t now = clock_ms();

	(void)fd;
	(void)what;
	/* libevent's timers may come some milliseconds early. */
	if (now + 20 >= t->began + t->ask->deadline_ms) {
		/* Nobody has taken what is left: it is not told any more. */
		buf_free(&t->pending);
		finish(t, ERR_TIMEOUT);
	} else if (!is_held(t) && !t->is_over && now + 20 >= t->heard + t->ask->stall_ms) {
		finish(t, t->head.is_whole ? ERR_HTTP_STALLED : ERR_TIMEOUT);
	} else {
		set_limit(t, now);
		return;
	}
	(void)tell(t);
}

/* ---- life ---- */

static bool open_events(struct transfer *t)
{
	t->io = event_new(t->base, -1, 0, on_io, t);
	t->turn = evtimer_new(t->base, on_turn, t);
	t->limit = evtimer_new(t->base, on_limit, t);
	if (t->io == NULL || t->turn == NULL || t->limit == NULL)
		return false;
	const struct timeval later = { 3600, 0 };
	return event_add(t->turn, &later) == 0 && event_add(t->limit, &later) == 0;
}

struct transfer *transfer_new(struct event_base *base, const struct fetch_ask *m, int fd, const struct transfer_ops *ops,
                              void *arg)
{
	struct transfer *t = calloc(1, sizeof *t);

	if (t == NULL) {
		close(fd);
		return NULL;
	}
	t->base = base;
	t->fd = fd;
	t->curl_fd = -1;
	t->ops = ops;
	t->arg = arg;
	t->head = head_new();
	t->pending = buf_new(m->is_decoded ? FETCH_DECODED_MAX : TRANSFER_PENDING_MAX);
	t->credit = FETCH_WINDOW;
	t->began = t->heard = clock_ms();
	t->due = UINT64_MAX;
	t->ask = malloc(sizeof *t->ask);
	if (t->ask != NULL)
		*t->ask = *m;
	if (t->ask == NULL || evutil_make_socket_nonblocking(fd) != 0 || !open_events(t) || !transfer_curl_open(t)) {
		transfer_free(t);
		return NULL;
	}
	t->ask->post = rd_of(NULL, 0);   /* was borrowed for the call */
	set_limit(t, t->began);
	return t;
}

void transfer_free(struct transfer *t)
{
	if (t == NULL)
		return;
	transfer_curl_close(t);
	if (t->fd >= 0)
		close(t->fd);
	struct event *const events[] = { t->io, t->turn, t->limit };
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i] != NULL)
			event_free(events[i]);
	head_free(&t->head);
	buf_free(&t->pending);
	if (t->ask != NULL)
		explicit_bzero(t->ask, sizeof *t->ask);
	free(t->ask);
	free(t);
}

void transfer_more(struct transfer *t, uint32_t n)
{
	t->credit += n;
	/* Telling is done from the loop; reading goes on from there. */
	if (is_held(t))
		set_timer(t->turn, 0);
}
