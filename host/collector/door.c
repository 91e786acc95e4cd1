/* The collector's HTTP server (contract in collector/door.h). */
#include "collector/door.h"
#include "base/clock.h"
#include "base/limits_collector.h"
#include "base/log.h"
#include "engine/torfind.h"
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct door_conn {
	struct door *door;
	struct door_conn *next, *before;
	struct bufferevent *bev;      /* NULL: the peer is gone, an answer is owed still */
	struct http_in in;
	uint64_t began, last;         /* of this request (0: none); of the last bytes either way */
	bool is_owed;                 /* the handler has it */
	bool is_closing;              /* after what is being sent */
	bool is_head_only;            /* HEAD */
	size_t counted;               /* what of door->held is its own */
};

struct door {
	struct event_base *base;
	struct door_config config;
	door_fn *on_request;
	void *arg;
	struct evconnlistener *listener;
	struct event *on_sweep;
	struct door_conn *first;
	size_t count, held;           /* connections; bytes of bodies being received */
	char address[160], path[108];
};

static void conn_unlink(struct door_conn *c)
{
	if (c->before != NULL)
		c->before->next = c->next;
	else
		c->door->first = c->next;
	if (c->next != NULL)
		c->next->before = c->before;
	free(c);
}

/* The body is given back in any case; the struct stays while an answer is owed. */
static void conn_close(struct door_conn *c)
{
	if (c->bev != NULL) {
		bufferevent_free(c->bev);
		c->bev = NULL;
		c->door->count--;
		c->door->held -= c->counted;
		c->counted = 0;
		evconnlistener_enable(c->door->listener);
	}
	http_in_free(&c->in);
	if (!c->is_owed)
		conn_unlink(c);
}

static void next_request(struct door_conn *c)
{
	c->door->held -= c->counted;
	c->counted = 0;
	http_in_free(&c->in);
	http_in_init(&c->in, c->door->config.body_max);
	c->began = 0;
}

static void answer(struct door_conn *c, unsigned status, const char *type, const char *headers, const void *body, size_t n)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);

	if (evbuffer_add_printf(out, "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s\r\n", status, http_reason(status),
	                        type, n, headers, c->is_closing ? "Connection: close\r\n" : "") < 0 ||
	    (!c->is_head_only && n > 0 && evbuffer_add(out, body, n) < 0))
		c->is_closing = true;
	c->last = clock_ms();
}

static void refuse(struct door_conn *c, unsigned status)
{
	struct buf body BUF_AUTO = buf_new(1024);
	const char *type = "text/plain; charset=utf-8";

	if (c->door->config.refuse != NULL)
		c->door->config.refuse(status, &body, &type);
	else
		buf_printf(&body, "%u %s\n", status, http_reason(status));
	c->is_closing = true;
	bufferevent_disable(c->bev, EV_READ);
	answer(c, status, type, "", body.bytes, body.len);
}

/* What came of the body counts, not what was announced: 256 senders who announce the largest and send a byte would shut the door for all others. */
static bool is_room(struct door_conn *c)
{
	c->door->held += c->in.body.len - c->counted;
	c->counted = c->in.body.len;
	if (c->door->held <= DOOR_BYTES_MAX)
		return true;
	refuse(c, 503);
	return false;
}

/* Takes requests out of the input until one is owed an answer or there is no whole one. */
static void serve(struct door_conn *c)
{
	struct evbuffer *input = bufferevent_get_input(c->bev);

	while (!c->is_owed && !c->is_closing && evbuffer_get_length(input) > 0) {
		struct evbuffer_iovec piece;
		enum http_step step;
		if (evbuffer_peek(input, -1, NULL, &piece, 1) < 1)
			return;
		if (c->began == 0)
			c->began = clock_ms();
		size_t used = http_in_feed(&c->in, piece.iov_base, piece.iov_len, &step);
		evbuffer_drain(input, used);
		if (step == HTTP_HEAD && c->in.wants_continue)
			evbuffer_add_printf(bufferevent_get_output(c->bev), "HTTP/1.1 100 Continue\r\n\r\n");
		if (!is_room(c))
			return;
		if (step == HTTP_BAD) {
			refuse(c, c->in.status);
			return;
		}
		if (step != HTTP_DONE)
			continue;
		c->is_owed = true;
		c->is_closing = !c->in.keeps_open;
		c->is_head_only = strcmp(c->in.method, "HEAD") == 0;
		bufferevent_disable(c->bev, EV_READ);
		c->door->on_request(c->door->arg, c, &c->in);
		/* Answered at once: on with what else is in the buffer. door_reply never closes synchronously. */
	}
}

static void on_readable(struct bufferevent *bev, void *arg)
{
	struct door_conn *c = arg;

	(void)bev;
	c->last = clock_ms();
	serve(c);
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct door_conn *c = arg;

	c->last = clock_ms();
	if (c->is_owed || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	if (c->is_closing)
		conn_close(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		conn_close(arg);
}

void door_reply(struct door_conn *c, unsigned status, const char *type, const char *headers, const void *body, size_t n)
{
	c->is_owed = false;
	if (c->bev == NULL) {
		conn_unlink(c);
		return;
	}
	answer(c, status, type, headers, body, n);
	if (c->is_closing)
		return;
	next_request(c);
	bufferevent_enable(c->bev, EV_READ);
	/* A request that came in one piece with the last one makes no event of its own. */
	if (evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
		bufferevent_trigger(c->bev, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int len, void *arg)
{
	struct door *d = arg;
	struct door_conn *c = calloc(1, sizeof *c);

	(void)peer;
	(void)len;
	struct bufferevent *bev = c != NULL ? bufferevent_socket_new(d->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
	if (bev == NULL) {
		free(c);
		close(fd);
		return;
	}
	*c = (struct door_conn){ .door = d, .next = d->first, .bev = bev, .last = clock_ms() };
	http_in_init(&c->in, d->config.body_max);
	if (d->first != NULL)
		d->first->before = c;
	d->first = c;
	/* Beyond the most, the kernel's queue holds them. */
	if (++d->count >= d->config.connections)
		evconnlistener_disable(listener);
	/* What a peer sends is not read faster than it is taken. */
	bufferevent_setwatermark(bev, EV_READ, 0, 64u * 1024);
	bufferevent_setcb(bev, on_readable, on_written, on_event, c);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

/* No descriptors left: the listener rests until the next sweep. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	log_line("accept: %s", strerror(errno));
	evconnlistener_disable(listener);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct door *d = arg;
	uint64_t now = clock_ms();

	(void)fd;
	(void)what;
	for (struct door_conn *c = d->first, *next; c != NULL; c = next) {
		next = c->next;
		if (c->bev == NULL || c->is_owed)
			continue;
		if (now - c->last > d->config.idle_ms)
			conn_close(c);
		else if (!c->is_closing && c->began != 0 && now - c->began > d->config.request_ms)
			refuse(c, 408);
	}
	if (d->count < d->config.connections)
		evconnlistener_enable(d->listener);
}

/* A socket file that nobody listens on is one that a killed collector left. */
static enum err path_clear(const struct tor_addr *a)
{
	const struct sockaddr_un *sun = (const struct sockaddr_un *)&a->sa;
	struct stat st;

	if (lstat(sun->sun_path, &st) != 0)
		return errno == ENOENT ? OK : ERR_IO;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return ERR_IO;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_alive = fd >= 0 && connect(fd, (const struct sockaddr *)&a->sa, a->len) == 0;
	if (fd >= 0)
		close(fd);
	if (is_alive) {
		errno = EADDRINUSE;
		return ERR_IO;
	}
	return unlink(sun->sun_path) == 0 ? OK : ERR_IO;
}

static void address_print(struct door *d, const struct tor_addr *a)
{
	union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } at;
	socklen_t len = sizeof at;
	char text[128] = "?";

	if (a->sa.ss_family == AF_UNIX) {
		snprintf(d->address, sizeof d->address, "unix:%s", d->path);
		return;
	}
	memset(&at, 0, sizeof at);
	if (getsockname(evconnlistener_get_fd(d->listener), &at.any, &len) == 0) {
		bool is_v4 = at.any.sa_family == AF_INET;
		evutil_inet_ntop(at.any.sa_family, is_v4 ? (const void *)&at.v4.sin_addr : (const void *)&at.v6.sin6_addr, text, sizeof text);
		snprintf(d->address, sizeof d->address, is_v4 ? "%s:%d" : "[%s]:%d", text, ntohs(is_v4 ? at.v4.sin_port : at.v6.sin6_port));
	}
}

static enum err open_listener(struct door *d)
{
	struct tor_addr a;
	/* tor_addr_parse takes a port of 1 to 65535; 0 is for tests, where the kernel chooses. */
	const char *listen = d->config.listen;
	size_t n = strlen(listen);
	bool is_any_port = n > 2 && strncmp(listen, "unix:", 5) != 0 && listen[0] != '/' && strcmp(listen + n - 2, ":0") == 0;
	char text[128];

	memset(&a, 0, sizeof a);
	if (n >= sizeof text - 1)
		return ERR_USAGE;
	snprintf(text, sizeof text, "%.*s%s", (int)(is_any_port ? n - 1 : n), listen, is_any_port ? "1" : "");
	enum err err = tor_addr_parse(text, false, &a);
	if (err != OK)
		return err;
	if (is_any_port && a.sa.ss_family == AF_INET)
		((struct sockaddr_in *)&a.sa)->sin_port = 0;
	if (is_any_port && a.sa.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&a.sa)->sin6_port = 0;
	bool is_unix = a.sa.ss_family == AF_UNIX;
	if (is_unix && (err = path_clear(&a)) != OK)
		return err;
	mode_t mask = umask(0117);
	d->listener = evconnlistener_new_bind(d->base, on_accept, d, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
	                                      (is_unix ? 0 : LEV_OPT_REUSEABLE), 128, (struct sockaddr *)&a.sa, (int)a.len);
	umask(mask);
	if (d->listener == NULL)
		return ERR_IO;
	if (is_unix)
		memcpy(d->path, ((struct sockaddr_un *)&a.sa)->sun_path, sizeof d->path);
	evconnlistener_set_error_cb(d->listener, on_accept_error);
	address_print(d, &a);
	return OK;
}

enum err door_new(struct event_base *base, const struct door_config *config, door_fn *on_request, void *arg, struct door **out)
{
	const struct timeval sweep = { DOOR_SWEEP_MS / 1000, DOOR_SWEEP_MS % 1000 * 1000 };
	struct door *d = calloc(1, sizeof *d);

	if (d == NULL)
		return ERR_NOMEM;
	*d = (struct door){ .base = base, .config = *config, .on_request = on_request, .arg = arg };
	if (d->config.request_ms == 0)
		d->config.request_ms = DOOR_REQUEST_MS;
	if (d->config.idle_ms == 0)
		d->config.idle_ms = DOOR_IDLE_MS;
	if (d->config.connections == 0)
		d->config.connections = DOOR_CONNECTIONS_MAX;
	enum err err = open_listener(d);
	if (err == OK) {
		d->on_sweep = event_new(base, -1, EV_PERSIST, on_sweep, d);
		if (d->on_sweep == NULL || event_add(d->on_sweep, &sweep) != 0)
			err = ERR_NOMEM;
	}
	if (err != OK) {
		door_free(d);
		return err;
	}
	*out = d;
	return OK;
}

void door_free(struct door *d)
{
	if (d == NULL)
		return;
	for (struct door_conn *c = d->first, *next; c != NULL; c = next) {
		next = c->next;
		c->is_owed = false;
		conn_close(c);
	}
	if (d->on_sweep != NULL)
		event_free(d->on_sweep);
	if (d->listener != NULL)
		evconnlistener_free(d->listener);
	if (d->path[0] != '\0')
		unlink(d->path);
	free(d);
}

const char *door_address(const struct door *d)
{
	return d->address;
}

size_t door_connections(const struct door *d)
{
	return d->count;
}
