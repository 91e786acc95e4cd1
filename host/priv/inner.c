/* The inner program's loop (contract in priv/inner.h). An inner program must never outlive main: the end of
 * fd 3, SIGTERM and the parent's death all lead to the same end, and an alarm stands behind each. */
#include "priv/inner.h"
#include "base/limits.h"
#include "base/log.h"
#include "priv/channel.h"
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define INNER_FD 3
/* Whatever hangs, SIGALRM's default action ends the process this many seconds after it was told to end. */
#define INNER_ALARM_S 1

struct inner {
	struct event_base *base;
	struct channel *channel;
	struct event *limit;   /* of cleaning up */
	const struct inner_ops *ops;
	void *arg;
	bool is_ending, is_done;
	int status;
};

/* The signal handler must reach the loop's channel without locks: shutting the socket down makes the loop
 * see its end, whatever it does now. Both calls are async-signal-safe. */
static void inner_term_cb(int number)
{
	(void)number;
	alarm(INNER_ALARM_S);
	shutdown(INNER_FD, SHUT_RDWR);
}

static void inner_finish(struct inner *in)
{
	in->is_done = true;
	event_base_loopbreak(in->base);
}

static void inner_limit_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	log_line("cleaning up took too long");
	inner_finish(arg);
}

static void inner_frame_cb(void *arg, const struct frame *f)
{
	struct inner *in = arg;

	in->ops->frame(in->arg, f);
}

static void inner_lost_cb(void *arg, enum err err)
{
	struct inner *in = arg;
	const struct timeval limit = { INNER_END_MS / 1000, (INNER_END_MS % 1000) * 1000 };

	alarm(INNER_ALARM_S);
	if (err != ERR_CLOSED) {
		log_line("main lost: %s", err_name(err));
		in->status = 1;
	}
	in->is_ending = true;
	if (in->ops->end == NULL || event_add(in->limit, &limit) != 0) {
		inner_finish(in);
		return;
	}
	in->ops->end(in->arg);
}

static const struct channel_ops inner_channel_ops = { inner_frame_cb, inner_lost_cb };

struct inner *inner_new(struct event_base *base, const struct inner_ops *ops, void *arg)
{
	static const char by_hand[] = "This program is started by secondexit, not by hand.\n";
	struct sigaction term = { .sa_handler = inner_term_cb, .sa_flags = SA_RESTART };
	int type;
	socklen_t len = sizeof type;

	if (getsockopt(INNER_FD, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_STREAM) {
		if (write(STDERR_FILENO, by_hand, sizeof by_hand - 1) < 0)
			return NULL;
		return NULL;
	}
	struct inner *in = calloc(1, sizeof *in);
	if (in == NULL)
		return NULL;
	in->base = base;
	in->ops = ops;
	in->arg = arg;
	in->limit = evtimer_new(base, inner_limit_cb, in);
	in->channel = in->limit != NULL ? channel_new(base, INNER_FD, &inner_channel_ops, in) : NULL;
	if (in->channel == NULL) {
		if (in->limit != NULL)
			event_free(in->limit);
		free(in);
		return NULL;
	}
	sigemptyset(&term.sa_mask);
	sigaction(SIGTERM, &term, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	/* The end of fd 3 comes by itself when main dies; this is for a role whose loop hangs. A main that died before this line sends no
	 * signal any more, but its end of the socket is closed: a process closes its files before it lets go of its children. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	struct pollfd main_end = { .fd = INNER_FD, .events = POLLRDHUP };
	if (poll(&main_end, 1, 0) > 0)
		alarm(INNER_ALARM_S);
	return in;
}

int inner_run(struct inner *in)
{
	/* Dispatch returns early only by loopbreak or when nothing is left to wait for. */
	while (!in->is_done && event_base_dispatch(in->base) == 0)
		continue;
	int status = in->is_done ? in->status : 1;
	channel_free(in->channel);
	event_free(in->limit);
	free(in);
	return status;
}

static void inner_sent(enum err err)
{
	if (err == OK || err == ERR_CLOSED)
		return;
	log_line("a reply can't be sent: %s", err_name(err));
	_exit(1);
}

void inner_send(struct inner *in, uint16_t type, uint32_t id, const struct buf *payload)
{
	/* While cleaning up nobody listens. */
	if (!in->is_ending)
		inner_sent(channel_send(in->channel, type, id, payload));
}

void inner_send_fd(struct inner *in, uint16_t type, uint32_t id, const struct buf *payload, int fd)
{
	if (in->is_ending)
		close(fd);
	else
		inner_sent(channel_send_fd(in->channel, type, id, payload, fd));
}

void inner_flush(struct inner *in)
{
	if (!in->is_ending)
		channel_flush(in->channel);
}

int inner_take_fd(struct inner *in)
{
	return channel_take_fd(in->channel);
}

void inner_done(struct inner *in)
{
	if (in->is_ending)
		inner_finish(in);
}
