/* A child and its output (contract in collector/engine_run.h). */
#include "collector/engine_run.h"
#include "base/limits_collector.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct engine_run {
	pid_t pid;
	int fd;
	struct event *on_readable, *on_late;
	struct buf out;
	engine_fn *done;
	void *arg;
};

bool engine_find(char *path, size_t cap)
{
	static const char *const places[] = { "/usr/local/lib/secondexit/secondexit", "/usr/lib/secondexit/secondexit", "/usr/bin/secondexit" };
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n > 0) {
		self[n] = '\0';
		char *slash = strrchr(self, '/');
		if (slash != NULL) {
			*slash = '\0';
			int len = snprintf(path, cap, "%s/secondexit", self);
			if (len > 0 && (size_t)len < cap && access(path, X_OK) == 0)
				return true;
		}
	}
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (access(places[i], X_OK) == 0 && strlen(places[i]) < cap) {
			snprintf(path, cap, "%s", places[i]);
			return true;
		}
	}
	return false;
}

static void run_free(struct engine_run *r)
{
	if (r->on_readable != NULL)
		event_free(r->on_readable);
	if (r->on_late != NULL)
		event_free(r->on_late);
	if (r->fd >= 0)
		close(r->fd);
	if (r->pid > 0) {
		/* Its output has ended, or nobody wants it: there is nothing more that it could do for us. Its inner programs end with it. */
		kill(r->pid, SIGKILL);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	buf_free(&r->out);
	free(r);
}

static void finish(struct engine_run *r, enum err err)
{
	engine_fn *done = r->done;
	void *arg = r->arg;

	event_del(r->on_readable);
	event_del(r->on_late);
	done(arg, err, &r->out);
	run_free(r);
}

/* Only the last whole line is asked for, and what is behind it. */
static void put(struct buf *out, const uint8_t *bytes, size_t n)
{
	size_t end, begin;

	buf_put(out, bytes, n);
	for (end = out->len; end > 0 && out->bytes[end - 1] != '\n'; end--)
		;
	for (begin = end > 0 ? end - 1 : 0; begin > 0 && out->bytes[begin - 1] != '\n'; begin--)
		;
	buf_drop(out, begin);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct engine_run *r = arg;
	uint8_t piece[16384];

	(void)what;
	ssize_t n = read(fd, piece, sizeof piece);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		put(&r->out, piece, (size_t)n);
	if (buf_err(&r->out) != OK)
		finish(r, buf_err(&r->out));
	else if (n <= 0)
		finish(r, n < 0 ? ERR_IO : OK);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg, ERR_TIMEOUT);
}

/* posix_spawn: standard output is ours, the rest /dev/null; no signal blocked or ignored. */
static int spawn(char *const *argv, int out_fd, pid_t *pid)
{
	char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", home[600];
	char *const env[] = { path, home, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;

	snprintf(home, sizeof home, "HOME=%s", getenv("HOME") != NULL ? getenv("HOME") : "/");
	sigemptyset(&none);
	sigfillset(&all);
	int e = posix_spawn_file_actions_init(&files);
	if (e != 0)
		return e;
	e = posix_spawnattr_init(&attr);
	if (e == 0) {
		posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_adddup2(&files, out_fd, 1);
		posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
		posix_spawnattr_setsigmask(&attr, &none);
		posix_spawnattr_setsigdefault(&attr, &all);
		e = posix_spawn(pid, argv[0], &files, &attr, argv, env);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&files);
	return e;
}

enum err engine_start(struct event_base *base, char *const *argv, unsigned limit_ms, engine_fn *done, void *arg,
                      struct engine_run **out)
{
	const struct timeval limit = { limit_ms / 1000, limit_ms % 1000 * 1000 };
	struct engine_run *r = calloc(1, sizeof *r);
	int pair[2] = { -1, -1 };

	if (r == NULL)
		return ERR_NOMEM;
	*r = (struct engine_run){ .fd = -1, .out = buf_new(VERIFY_OUTPUT_MAX), .done = done, .arg = arg };
	bool is_started = pipe2(pair, O_CLOEXEC) == 0 && spawn(argv, pair[1], &r->pid) == 0;
	if (pair[1] >= 0)
		close(pair[1]);
	r->fd = pair[0];
	if (is_started) {
		evutil_make_socket_nonblocking(r->fd);
		r->on_readable = event_new(base, r->fd, EV_READ | EV_PERSIST, on_readable, r);
		r->on_late = evtimer_new(base, on_late, r);
	}
	if (!is_started || r->on_readable == NULL || r->on_late == NULL || event_add(r->on_readable, NULL) != 0 ||
	    event_add(r->on_late, &limit) != 0) {
		run_free(r);
		return is_started ? ERR_NOMEM : ERR_ROLE_DIED;
	}
	*out = r;
	return OK;
}

void engine_cancel(struct engine_run *r)
{
	if (r != NULL)
		run_free(r);
}
