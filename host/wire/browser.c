/* The browser's two pipes on the loop (contract in wire/browser.h). */
#include "wire/browser.h"
#include "base/limits.h"
#include "base/log.h"
#include "message/encode.h"
#include "message/message.h"
#include "wire/json.h"
#include "wire/native.h"
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A pipe's room. */
#define BROWSER_READ_BYTES (64u * 1024)

struct browser {
	struct event_base *base;
	struct messages *messages;
	struct native in;
	struct buf out;
	struct event *on_read, *on_write;
	int fd_in, fd_out, flags_in, flags_out;   /* flags -1: not changed */
	bool is_over;
	enum err end;
};

static void browser_over(struct browser *s, enum err why)
{
	if (s->is_over)
		return;
	s->is_over = true;
	s->end = why;
	log_line("browser gone: %s", err_name(why));
	event_del(s->on_read);
	event_del(s->on_write);
	event_base_loopbreak(s->base);
}

/* Writes what the pipe takes now; waits for the rest. */
static void browser_flush(struct browser *s)
{
	while (s->out.len > 0 && !s->is_over) {
		ssize_t n = write(s->fd_out, s->out.bytes, s->out.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (event_add(s->on_write, NULL) != 0)
				browser_over(s, ERR_IO);
			return;
		}
		if (n < 0) {
			browser_over(s, errno == EPIPE ? ERR_CLOSED : ERR_IO);
			return;
		}
		buf_drop(&s->out, (size_t)n);
	}
	event_del(s->on_write);
	if (s->out.room > BROWSER_READ_BYTES)
		buf_free(&s->out);
}

static void browser_write_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	browser_flush(arg);
}

/* Queues one message as text. */
static enum err browser_queue(struct browser *s, const json_t *message)
{
	/* One byte more than may be sent, so that "too big" is seen here and not guessed. */
	struct buf text BUF_AUTO = buf_new(NATIVE_OUT_MAX + 1);
	enum err err = json_give(message, &text);

	if (err == OK)
		err = native_put(&s->out, text.bytes, text.len);
	return err;
}

static void browser_send_cb(void *arg, uint32_t id, const json_t *message)
{
	struct browser *s = arg;
	bool was_empty = s->out.len == 0;

	if (s->is_over)
		return;
	enum err err = browser_queue(s, message);
	if (err != OK && s->out.cap - s->out.len > NATIVE_OUT_MAX + sizeof(uint32_t)) {
		/* Not the queue: this message can't be sent. The request must end all the same. */
		log_line("a message can't be sent: %s", err_name(err));
		json_t *instead = encode_error(id, err, NULL);
		err = instead != NULL ? browser_queue(s, instead) : ERR_NOMEM;
		json_decref(instead);
	}
	if (err != OK) {
		browser_over(s, err);
		return;
	}
	/* Replies to what was read in one go leave in one write (browser_read_cb); others on the next turn of the loop. */
	if (was_empty && event_add(s->on_write, NULL) != 0)
		browser_over(s, ERR_IO);
}

/* Everything that stands in bytes. */
static void browser_take(struct browser *s, struct rd bytes)
{
	struct rd message;

	while (!s->is_over) {
		enum native_got got = native_next(&s->in, &bytes, &message);
		if (got == NATIVE_MORE)
			return;
		if (got != NATIVE_MESSAGE) {
			messages_refuse(s->messages, got == NATIVE_TOO_BIG ? ERR_MSG_TOO_BIG : ERR_NOMEM);
			continue;
		}
		json_t *root;
		enum err err = json_take(message, &root);
		if (err != OK) {
			messages_refuse(s->messages, err);
			continue;
		}
		messages_take(s->messages, root);
		json_decref(root);
	}
}

static void browser_read_cb(evutil_socket_t fd, short what, void *arg)
{
	struct browser *s = arg;
	uint8_t bytes[BROWSER_READ_BYTES];

	(void)what;
	ssize_t n = read(fd, bytes, sizeof bytes);
	if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	if (n > 0) {
		browser_take(s, rd_of(bytes, (size_t)n));
		explicit_bzero(bytes, (size_t)n);
		browser_flush(s);
		return;
	}
	if (n == 0)
		browser_over(s, native_is_inside(&s->in) ? ERR_FORMAT : OK);
	else
		browser_over(s, ERR_IO);
}

/* Returns the flags as they were, -1 when they can't be changed. */
static int browser_unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return -1;
	return flags;
}

struct browser *browser_new(struct event_base *base, int in, int out, const struct check_ops *ops,
                            const struct clip_ops *clip, const struct download_ops *download,
                            const struct report_ops *report)
{
	struct browser *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->base = base;
	s->fd_in = in;
	s->fd_out = out;
	s->flags_in = browser_unblock(in);
	s->flags_out = browser_unblock(out);
	s->in = native_new();
	s->out = buf_new(NATIVE_QUEUE_MAX);
	s->messages = messages_new(ops, clip, download, report, browser_send_cb, s);
	s->on_read = event_new(base, in, EV_READ | EV_PERSIST, browser_read_cb, s);
	s->on_write = event_new(base, out, EV_WRITE | EV_PERSIST, browser_write_cb, s);
	if (s->flags_in < 0 || s->flags_out < 0 || s->messages == NULL || s->on_read == NULL || s->on_write == NULL ||
	    event_add(s->on_read, NULL) != 0) {
		browser_free(s);
		return NULL;
	}
	return s;
}

void browser_free(struct browser *s)
{
	if (s == NULL)
		return;
	s->is_over = true;
	messages_free(s->messages);
	if (s->on_read != NULL)
		event_free(s->on_read);
	if (s->on_write != NULL)
		event_free(s->on_write);
	/* The descriptions are shared with whoever started us, a terminal perhaps. Output first: both may be one. */
	if (s->flags_out >= 0)
		(void)fcntl(s->fd_out, F_SETFL, s->flags_out);
	if (s->flags_in >= 0)
		(void)fcntl(s->fd_in, F_SETFL, s->flags_in);
	native_free(&s->in);
	buf_free(&s->out);
	free(s);
}

enum err browser_end(const struct browser *s)
{
	return s->end;
}
