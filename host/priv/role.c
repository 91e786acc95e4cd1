/* Starting and watching an inner program (contract in priv/role.h). Nothing here knows what the frames say. */
#include "priv/role.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "priv/channel.h"
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/local/libexec/secondexit"
#endif

/* The descriptor an inner program finds its socket at (priv/inner.h). */
#define ROLE_FD 3
/* A program that lived this long did not fail because of how it was started. */
#define ROLE_HEALTHY_MS 5000
#define ROLE_BACKOFF_FIRST_MS 200
#define ROLE_BACKOFF_MAX_MS 10000

struct role {
	struct event_base *base;
	struct event *again;       /* restarts a kept role */
	struct channel *channel;   /* NULL while it does not run */
	pid_t pid;                 /* 0 while it does not run */
	uint64_t started_ms, not_before_ms;
	unsigned backoff_ms;
	const char *program;
	uint16_t config_type;
	struct buf config;
	bool is_kept;
	const struct role_ops *ops;
	void *arg;
};

bool role_find(const char *program, char *path, size_t cap)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n > 0) {
		self[n] = '\0';
		char *slash = strrchr(self, '/');
		if (slash != NULL) {
			*slash = '\0';
			int len = snprintf(path, cap, "%s/%s", self, program);
			if (len > 0 && (size_t)len < cap && access(path, X_OK) == 0)
				return true;
		}
	}
	int len = snprintf(path, cap, "%s/%s", LIBEXECDIR, program);
	return len > 0 && (size_t)len < cap && access(path, X_OK) == 0;
}

/* posix_spawn with fd as the child's ROLE_FD and nothing else of ours. Returns an errno. */
static int role_spawn(const char *path, const char *program, int fd, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	char name[64];
	char *argv[] = { name, NULL };

	snprintf(name, sizeof name, "%s", program);
	sigemptyset(&none);
	sigfillset(&all);
	int e = posix_spawn_file_actions_init(&files);
	if (e != 0)
		return e;
	e = posix_spawnattr_init(&attr);
	if (e != 0) {
		posix_spawn_file_actions_destroy(&files);
		return e;
	}
	/* The socket first: fd may be 0 or 1 when we were started without them. */
	if (e == 0)
		e = posix_spawn_file_actions_adddup2(&files, fd, ROLE_FD);
	if (e == 0)
		e = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (e == 0)
		e = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (e == 0)
		e = posix_spawn_file_actions_addclosefrom_np(&files, ROLE_FD + 1);
	if (e == 0)
		e = posix_spawnattr_setsigmask(&attr, &none);
	if (e == 0)
		e = posix_spawnattr_setsigdefault(&attr, &all);
	/* A group of its own: Ctrl-C in a shell ends main, and main ends the role in order. */
	if (e == 0)
		e = posix_spawnattr_setpgroup(&attr, 0);
	if (e == 0)
		e = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		                                    POSIX_SPAWN_SETPGROUP);
	if (e == 0)
		e = posix_spawn(pid, path, &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return e;
}

/* Takes the ended program's status off the kernel, killing it after wait_ms. The wait itself is short: a
 * program that got SIGKILL is gone. */
static void role_reap(struct role *r, int wait_ms)
{
	if (r->pid == 0)
		return;
	if (wait_ms > 0) {
		int fd = pidfd_open(r->pid, 0);
		if (fd >= 0) {
			struct pollfd p = { .fd = fd, .events = POLLIN };
			(void)poll(&p, 1, wait_ms);
			close(fd);
		}
	}
	int status = 0;
	if (waitpid(r->pid, &status, WNOHANG) != r->pid) {
		kill(r->pid, SIGKILL);
		while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
			continue;
	}
	log_line("%s ended, status %d", r->program, status);
	r->pid = 0;
}

/* Sets the timer of a kept role to when it may be started. */
static void role_wait(struct role *r)
{
	uint64_t now = clock_ms(), ms = r->not_before_ms > now ? r->not_before_ms - now : 0;
	const struct timeval in = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	if (r->is_kept)
		event_add(r->again, &in);
}

/* Sets when it may be started again. */
static void role_back_off(struct role *r)
{
	uint64_t now = clock_ms();

	if (now - r->started_ms >= ROLE_HEALTHY_MS) {
		r->backoff_ms = 0;
		r->not_before_ms = now;
	} else {
		r->backoff_ms = r->backoff_ms == 0 ? ROLE_BACKOFF_FIRST_MS : r->backoff_ms * 2;
		if (r->backoff_ms > ROLE_BACKOFF_MAX_MS)
			r->backoff_ms = ROLE_BACKOFF_MAX_MS;
		r->not_before_ms = now + r->backoff_ms;
	}
	role_wait(r);
}

static void role_frame_cb(void *arg, const struct frame *f)
{
	struct role *r = arg;

	r->ops->frame(r->arg, f);
}

static void role_lost_cb(void *arg, enum err err)
{
	struct role *r = arg;

	log_line("%s lost: %s", r->program, err_name(err));
	channel_free(r->channel);
	r->channel = NULL;
	role_reap(r, 0);
	role_back_off(r);
	r->ops->died(r->arg, ERR_ROLE_DIED);
}

static const struct channel_ops role_channel_ops = { role_frame_cb, role_lost_cb };

static void role_again_cb(evutil_socket_t fd, short what, void *arg)
{
	struct role *r = arg;

	(void)fd;
	(void)what;
	enum err err = role_start(r);
	if (err == ERR_ROLE_DIED) {
		/* libevent's clock is the coarse one: its timers run out a few milliseconds early. */
		role_wait(r);
	} else if (err != OK) {
		log_line("%s can't be started again: %s", r->program, err_name(err));
		role_back_off(r);
	}
}

struct role *role_new(struct event_base *base, const char *program, uint16_t config_type,
                      const struct buf *config, bool is_kept, const struct role_ops *ops, void *arg)
{
	struct role *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->base = base;
	r->program = program;
	r->config_type = config_type;
	r->config = buf_new(FRAME_MAX);
	if (config != NULL)
		buf_put(&r->config, config->bytes, config->len);
	r->is_kept = is_kept;
	r->ops = ops;
	r->arg = arg;
	r->again = evtimer_new(base, role_again_cb, r);
	if (r->again == NULL || buf_err(&r->config) != OK) {
		role_free(r);
		return NULL;
	}
	return r;
}

void role_free(struct role *r)
{
	if (r == NULL)
		return;
	channel_free(r->channel);
	role_reap(r, ROLE_END_MS);
	if (r->again != NULL)
		event_free(r->again);
	buf_free(&r->config);
	free(r);
}

void role_kill(struct role *r)
{
	if (r->pid == 0)
		return;
	channel_free(r->channel);
	r->channel = NULL;
	role_reap(r, 0);
	role_back_off(r);
}

enum err role_start(struct role *r)
{
	char path[4096];
	int pair[2];
	pid_t pid;

	if (r->channel != NULL)
		return OK;
	if (clock_ms() < r->not_before_ms)
		return ERR_ROLE_DIED;
	event_del(r->again);
	if (!role_find(r->program, path, sizeof path)) {
		log_line("%s not found", r->program);
		return ERR_IO;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return ERR_IO;
	int e = role_spawn(path, r->program, pair[1], &pid);
	close(pair[1]);
	if (e != 0) {
		log_line("%s: %s", r->program, strerror(e));
		close(pair[0]);
		return ERR_IO;
	}
	r->pid = pid;
	r->started_ms = clock_ms();
	r->channel = channel_new(r->base, pair[0], &role_channel_ops, r);
	enum err err = ERR_NOMEM;
	if (r->channel == NULL)
		close(pair[0]);
	else
		err = channel_send(r->channel, r->config_type, 0, &r->config);
	if (err != OK) {
		channel_free(r->channel);
		r->channel = NULL;
		role_reap(r, 0);
		return err;
	}
	return OK;
}

enum err role_send(struct role *r, uint16_t type, uint32_t id, const struct buf *payload)
{
	enum err err = role_start(r);

	if (err != OK)
		return err;
	return channel_send(r->channel, type, id, payload);
}

enum err role_send_fd(struct role *r, uint16_t type, uint32_t id, const struct buf *payload, int fd)
{
	enum err err = role_start(r);

	if (err != OK) {
		close(fd);
		return err;
	}
	return channel_send_fd(r->channel, type, id, payload, fd);
}

int role_take_fd(struct role *r)
{
	return r->channel != NULL ? channel_take_fd(r->channel) : -1;
}

pid_t role_pid(const struct role *r)
{
	return r->pid;
}
