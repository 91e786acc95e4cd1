/* Frames over a non-blocking socket (contract in priv/channel.h). Which frame a descriptor belongs to: we send it
 * with the frame's first byte, in a sendmsg of bytes of this frame alone; the kernel ends a recvmsg behind the piece
 * that a descriptor came with (unix(7)). So it belongs to the frame that holds the last byte of its recvmsg. */
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
/* One of a frame that has come in part, and one of the next. */
#define CHANNEL_HELD 2

/* Bytes are counted from the channel's beginning: in_base and out_base are the first ones of in and out. */
struct outgoing { uint64_t begin, end; int fd; };
struct held { uint64_t at; int fd; };

struct channel {
	int fd;
	struct event *on_read, *on_write;
	struct buf in, out;
	uint64_t in_base, out_base;
	struct outgoing *outgoing;   /* CHANNEL_FDS_MAX, in order; NULL before the first */
	size_t n_outgoing, n_held;
	struct held held[CHANNEL_HELD];
	int now_fd;                  /* of the frame being delivered; -1 */
	const struct channel_ops *ops;
	void *arg;
	bool is_lost;      /* told or about to be told; nothing is delivered any more */
	bool is_busy;      /* inside a callback: freeing waits for its end */
	bool is_unwanted;  /* freed by the callback */
};

static void channel_close_fds(struct channel *c)
{
	for (size_t i = 0; i < c->n_outgoing; i++)
		close(c->outgoing[i].fd);
	for (size_t i = 0; i < c->n_held; i++)
		close(c->held[i].fd);
	c->n_outgoing = c->n_held = 0;
	if (c->now_fd >= 0)
		close(c->now_fd);
	c->now_fd = -1;
}

static void channel_destroy(struct channel *c)
{
	channel_close_fds(c);
	free(c->outgoing);
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
		channel_close_fds(c);
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
	channel_close_fds(c);
	c->is_busy = true;
	c->ops->lost(c->arg, err);
	c->is_busy = false;
	if (c->is_unwanted)
		channel_destroy(c);
}

/* The descriptor that came within these bytes becomes the frame's. False when there is more than one. */
static bool channel_give_fd(struct channel *c, uint64_t end)
{
	size_t n = 0;

	while (n < c->n_held && c->held[n].at < end)
		n++;
	if (n > 1)
		return false;
	if (n == 1) {
		c->now_fd = c->held[0].fd;
		c->held[0] = c->held[1];
		c->n_held--;
	}
	return true;
}

/* Delivers one frame, with its descriptor. False when they don't fit together. */
static bool channel_deliver_one(struct channel *c, const struct frame *f, uint64_t end)
{
	if (!channel_give_fd(c, end))
		return false;
	c->ops->frame(c->arg, f);
	if (c->now_fd < 0 || c->is_lost)
		return true;
	close(c->now_fd);
	c->now_fd = -1;
	return false;
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
		if (!channel_deliver_one(c, &f, c->in_base + at)) {
			err = ERR_FORMAT;
			break;
		}
	}
	c->is_busy = false;
	if (c->is_unwanted) {
		channel_destroy(c);
		return false;
	}
	if (c->is_lost)
		return false;
	buf_drop(&c->in, at);
	c->in_base += at;
	if (err != OK) {
		channel_lose(c, err);
		return false;
	}
	/* A large frame is rare: its room is not kept. */
	if (c->in.len == 0 && c->in.room > CHANNEL_READ_BYTES * 2)
		buf_free(&c->in);
	return true;
}

/* recv that takes a descriptor too: *got, or -1. A message with more than one is malformed: *is_bad. */
static ssize_t channel_recv(int fd, uint8_t *bytes, size_t n, int *got, bool *is_bad)
{
	/* Room for one; the kernel closes what does not fit and says so. */
	union { struct cmsghdr head; uint8_t room[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec iov = { bytes, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
	                    .msg_controllen = CMSG_LEN(sizeof(int)) };

	*got = -1;
	ssize_t result = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	if (result < 0)
		return result;
	*is_bad = (m.msg_flags & MSG_CTRUNC) != 0;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h != NULL; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= h->cmsg_len; at += sizeof(int)) {
			int one;
			memcpy(&one, (const uint8_t *)h + at, sizeof one);
			if (*got >= 0) {
				close(one);
				*is_bad = true;
			} else {
				*got = one;
			}
		}
	}
	return result;
}

/* Notes a descriptor that came with the last bytes read. False: too many. */
static bool channel_hold(struct channel *c, int fd)
{
	if (fd < 0)
		return true;
	if (c->n_held == CHANNEL_HELD) {
		close(fd);
		return false;
	}
	c->held[c->n_held++] = (struct held){ c->in_base + c->in.len - 1, fd };
	return true;
}

static void channel_read_cb(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;
	uint8_t bytes[CHANNEL_READ_BYTES];
	bool is_bad = false;
	int got;

	(void)what;
	for (int i = 0; i < CHANNEL_READS; i++) {
		ssize_t n = channel_recv(fd, bytes, sizeof bytes, &got, &is_bad);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n <= 0) {
			if (got >= 0)
				close(got);
			channel_lose(c, n == 0 || errno == ECONNRESET ? ERR_CLOSED : ERR_IO);
			return;
		}
		buf_put(&c->in, bytes, (size_t)n);
		explicit_bzero(bytes, (size_t)n);
		if (!channel_hold(c, got) || is_bad || buf_err(&c->in) != OK) {
			channel_lose(c, buf_err(&c->in) != OK ? ERR_NOMEM : ERR_FORMAT);
			return;
		}
		if (!channel_deliver(c))
			return;
		if ((size_t)n < sizeof bytes)
			break;
	}
}

/* One sendmsg: up to the next frame with a descriptor, or that frame with it. */
static ssize_t channel_send_some(struct channel *c)
{
	union { struct cmsghdr head; uint8_t room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct iovec iov = { c->out.bytes, c->out.len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	const struct outgoing *next = c->n_outgoing > 0 ? &c->outgoing[0] : NULL;
	bool has_fd = next != NULL && next->begin == c->out_base;

	if (next != NULL)
		iov.iov_len = (size_t)((has_fd ? next->end : next->begin) - c->out_base);
	if (has_fd) {
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &next->fd, sizeof next->fd);
		m.msg_control = &control;
		m.msg_controllen = sizeof control.room;
	}
	ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
	if (n <= 0)
		return n;
	if (has_fd) {
		close(next->fd);
		c->n_outgoing--;
		memmove(c->outgoing, c->outgoing + 1, c->n_outgoing * sizeof *c->outgoing);
	}
	buf_drop(&c->out, (size_t)n);
	c->out_base += (uint64_t)n;
	return n;
}

static void channel_write_cb(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;

	(void)fd;
	(void)what;
	while (c->out.len > 0) {
		ssize_t n = channel_send_some(c);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0) {
			channel_lose(c, errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_IO);
			return;
		}
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
	c->now_fd = -1;
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

enum err channel_send_fd(struct channel *c, uint16_t type, uint32_t id, const struct buf *payload, int fd)
{
	uint64_t begin = c->out_base + c->out.len;
	enum err err = OK;

	if (c->outgoing == NULL && !c->is_lost)
		c->outgoing = calloc(CHANNEL_FDS_MAX, sizeof *c->outgoing);
	if (c->outgoing == NULL)
		err = c->is_lost ? ERR_CLOSED : ERR_NOMEM;
	else if (c->n_outgoing == CHANNEL_FDS_MAX)
		err = ERR_TOO_BIG;
	if (err == OK)
		err = channel_send(c, type, id, payload);
	if (err != OK) {
		close(fd);
		return err;
	}
	c->outgoing[c->n_outgoing++] = (struct outgoing){ begin, c->out_base + c->out.len, fd };
	return OK;
}

int channel_take_fd(struct channel *c)
{
	int fd = c->now_fd;

	c->now_fd = -1;
	return fd;
}

void channel_flush(struct channel *c)
{
	/* What can't be sent now, and what fails, is the loop's to find. */
	while (c->fd >= 0 && c->out.len > 0 && (channel_send_some(c) > 0 || errno == EINTR))
		continue;
}

bool channel_is_drained(const struct channel *c)
{
	return c->out.len == 0;
}
