/* Frames over a non-blocking socket (contract in priv/channel.h). */
#include "priv/channel.h"
#include "base/limits.h"
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One read; and reads per wake-up, so that one busy role can't starve the other descriptors. */
#define CHANNEL_READ_BYTES (16u * 1024)
#define CHANNEL_READS 16

struct channel {
	int fd;
	struct event *on_read, *on_write;
	struct buf in, out;
	const struct channel_ops *ops;
	void *arg;
	bool is_lost;      /* told or about to be told; nothing is delivered any more */
	bool is_busy;      /* inside a callback: freeing waits for its end */
	bool is_unwanted;  /* freed by the callback */
};

static void channel_destroy(struct channel *c)
{
	if (c->on_read != NULL)
		event_free(c->on_read);
	if (c->on_write != NULL)
		event_free(c->on_write);
	buf_free(&c->in);
	buf_free(&c->out);
	free(c);
}

void channel_free(struct channel *c)
{
	if (c == NULL)
		return;
	if (c->fd >= 0) {
		event_del(c->on_read);
		event_del(c->on_write);
		close(c->fd);
		c->fd = -1;
	}
	c->is_lost = true;
	c->is_unwanted = true;
	if (!c->is_busy)
		channel_destroy(c);
}

static void channel_lose(struct channel *c, enum err err)
{
	if (c->is_lost)
		return;
	c->is_lost = true;
	event_del(c->on_read);
	event_del(c->on_write);
	c->is_busy = true;
	c->ops->lost(c->arg, err);
	c->is_busy = false;
	if (c->is_unwanted)
		channel_destroy(c);
}

/* Hands out every whole frame that has come. False when the channel was freed or lost meanwhile. */
static bool channel_deliver(struct channel *c)
{
	size_t at = 0;
	enum err err = OK;

	c->is_busy = true;
	while (!c->is_lost) {
		/* The rest as a buffer of its own: dropping frame by frame would move the bytes each time. */
		struct buf rest = { .bytes = c->in.bytes + at, .len = c->in.len - at };
		struct frame f;
		size_t used;
		if (!frame_next(&rest, &f, &used, &err))
			break;
		at += used;
		c->ops->frame(c->arg, &f);
	}
	c->is_busy = false;
	if (c->is_unwanted) {
		channel_destroy(c);
		return false;
	}
	if (c->is_lost)
		return false;
	buf_drop(&c->in, at);
	if (err != OK) {
		channel_lose(c, err);
		return false;
	}
	/* A large frame is rare: its room is not kept. */
	if (c->in.len == 0 && c->in.room > CHANNEL_READ_BYTES * 2)
		buf_free(&c->in);
	return true;
}

static void channel_read_cb(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;
	uint8_t bytes[CHANNEL_READ_BYTES];

	(void)what;
	for (int i = 0; i < CHANNEL_READS; i++) {
		ssize_t n = recv(fd, bytes, sizeof bytes, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n <= 0) {
			channel_lose(c, n == 0 || errno == ECONNRESET ? ERR_CLOSED : ERR_IO);
			return;
		}
		buf_put(&c->in, bytes, (size_t)n);
		explicit_bzero(bytes, (size_t)n);
		if (buf_err(&c->in) != OK) {
			channel_lose(c, ERR_NOMEM);
			return;
		}
		if (!channel_deliver(c))
			return;
		if ((size_t)n < sizeof bytes)
			break;
	}
}

static void channel_write_cb(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;

	(void)what;
	while (c->out.len > 0) {
		ssize_t n = send(fd, c->out.bytes, c->out.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0) {
			channel_lose(c, errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_IO);
			return;
		}
		buf_drop(&c->out, (size_t)n);
	}
	event_del(c->on_write);
	if (c->out.room > CHANNEL_READ_BYTES * 2)
		buf_free(&c->out);
}

struct channel *channel_new(struct event_base *base, int fd, const struct channel_ops *ops, void *arg)
{
	struct channel *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	/* deliver() leaves less than one frame; one read comes on top. */
	c->in = buf_new(FRAME_MAX + 4 + CHANNEL_READ_BYTES);
	c->out = buf_new(CHANNEL_QUEUE_MAX);
	c->ops = ops;
	c->arg = arg;
	c->fd = fd;
	c->on_read = event_new(base, fd, EV_READ | EV_PERSIST, channel_read_cb, c);
	c->on_write = event_new(base, fd, EV_WRITE | EV_PERSIST, channel_write_cb, c);
	if (c->on_read == NULL || c->on_write == NULL || evutil_make_socket_nonblocking(fd) != 0 ||
	    evutil_make_socket_closeonexec(fd) != 0 || event_add(c->on_read, NULL) != 0) {
		channel_destroy(c);
		return NULL;
	}
	return c;
}

enum err channel_send(struct channel *c, uint16_t type, uint32_t id, const struct buf *payload)
{
	size_t before = c->out.len;

	if (c->is_lost)
		return ERR_CLOSED;
	frame_put(&c->out, type, id, payload);
	enum err err = buf_err(&c->out);
	if (err != OK) {
		/* Take back the part that may have been appended: this frame fails, not the channel. */
		c->out.len = before;
		c->out.err = OK;
		return err;
	}
	if (before == 0 && event_add(c->on_write, NULL) != 0) {
		c->out.len = 0;
		return ERR_NOMEM;
	}
	return OK;
}

bool channel_is_drained(const struct channel *c)
{
	return c->out.len == 0;
}
