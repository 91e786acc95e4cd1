// Inner programs: this very program is the inner one when fd 3 is a socket, and behaves as its config frame says.
// uses: host/priv/role.c host/priv/inner.c host/priv/channel.c host/priv/frame.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c host/base/clock.c
// libs: -levent_core
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "priv/frame.h"
#include "priv/inner.h"
#include "priv/role.h"
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* For what would otherwise hang. */
#define PATIENCE_MS 60000

enum { T_CONFIG = 1, T_ASK, T_ANSWER };

/* The inner program */

struct inside { struct inner *in; char what; bool is_configured; };

/* "0:/dev/null 1:… " for every descriptor but the log's. */
static void tell_descriptors(struct inside *me, uint32_t id)
{
	struct buf out BUF_AUTO = buf_new(4096);

	for (int fd = 0; fd < 64; fd++) {
		char link[64], path[256];
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, path, sizeof path - 1);
		if (n < 0 || fd == 2)
			continue;
		path[n] = '\0';
		buf_printf(&out, "%d:%s ", fd, path);
	}
	inner_send(me->in, T_ANSWER, id, &out);
}

static void inside_frame(void *arg, const struct frame *f)
{
	struct inside *me = arg;
	static const uint8_t lie[] = { 0xff, 0xff, 0xff, 0xff };

	if (f->type == T_CONFIG) {
		/* Twice, or with an id, would be role.c's fault. */
		if (me->is_configured || f->id != 0 || f->payload.left != 1)
			_exit(77);
		me->is_configured = true;
		me->what = (char)f->payload.at[0];
		if (me->what == 'x')
			_exit(0);
		return;
	}
	if (!me->is_configured)
		_exit(78);
	struct buf out BUF_AUTO = buf_new(FRAME_MAX);
	switch (me->what) {
	case 'a': abort();
	case 'c': close(3); for (;;) pause();
	case 'h': for (volatile int on = 1; on;) continue; break;
	case 'l': if (write(3, lie, sizeof lie) < 0) _exit(79); break;
	case 'd': tell_descriptors(me, f->id); break;
	case 'f':
		buf_printf(&out, "%0200d", 0);
		for (int i = 0; i < 10000; i++)
			inner_send(me->in, T_ANSWER, f->id, &out);
		break;
	case 'F':
		/* More than the queue holds: the process ends. */
		buf_printf(&out, "%060000d", 0);
		for (int i = 0; i < 1000; i++)
			inner_send(me->in, T_ANSWER, f->id, &out);
		break;
	default:
		buf_put(&out, f->payload.at, f->payload.left);
		inner_send(me->in, T_ANSWER, f->id, &out);
		break;
	}
}

static void inside_end(void *arg)
{
	struct inside *me = arg;

	if (me->what != 's')
		inner_done(me->in);
}

static int inside_main(void)
{
	static const struct inner_ops ops = { inside_frame, inside_end };
	struct inside me = { 0 };
	struct event_base *base = event_base_new();

	me.in = base != NULL ? inner_new(base, &ops, &me) : NULL;
	int status = me.in != NULL ? inner_run(me.in) : 2;
	if (base != NULL)
		event_base_free(base);
	return status;
}

/* Main's side */

struct outside {
	struct event_base *base;
	struct role *role;
	unsigned frames, deaths, wanted_frames, wanted_deaths;
	uint32_t last_id;
	struct buf last;
	bool asks_again;
};

static void check_wanted(struct outside *o)
{
	if (o->frames >= o->wanted_frames && o->deaths >= o->wanted_deaths)
		event_base_loopbreak(o->base);
}

static void outside_frame(void *arg, const struct frame *f)
{
	struct outside *o = arg;

	assert_int_equal(f->type, T_ANSWER);
	o->frames++;
	o->last_id = f->id;
	buf_free(&o->last);
	buf_put(&o->last, f->payload.at, f->payload.left);
	check_wanted(o);
}

static void outside_died(void *arg, enum err err)
{
	struct outside *o = arg;

	assert_int_equal(err, ERR_ROLE_DIED);
	assert_int_equal(role_pid(o->role), 0);
	o->deaths++;
	check_wanted(o);
}

static const struct role_ops ops = { outside_frame, outside_died };

static struct outside *outside_new(const char *program, char what, bool is_kept)
{
	struct outside *o = calloc(1, sizeof *o);
	struct buf config BUF_AUTO = buf_new(1);

	assert_non_null(o);
	buf_put(&config, &what, 1);
	o->base = event_base_new();
	o->last = buf_new(FRAME_MAX);
	o->role = role_new(o->base, program, T_CONFIG, &config, is_kept, &ops, o);
	assert_non_null(o->role);
	return o;
}

static void outside_free(struct outside *o)
{
	role_free(o->role);
	event_base_free(o->base);
	buf_free(&o->last);
	free(o);
}

static void over(evutil_socket_t fd, short what, void *arg)
{
	struct outside *o = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(o->base);
}

/* Runs until so many frames and deaths were seen in all, or the time is over. */
static void wait_for(struct outside *o, unsigned frames, unsigned deaths, unsigned limit_ms)
{
	const struct timeval limit = { limit_ms / 1000, (limit_ms % 1000) * 1000 };
	struct event *timer = evtimer_new(o->base, over, o);

	o->wanted_frames = frames;
	o->wanted_deaths = deaths;
	if (o->frames < frames || o->deaths < deaths) {
		event_add(timer, &limit);
		event_base_dispatch(o->base);
	}
	event_free(timer);
}

static bool is_gone(pid_t pid)
{
	return kill(pid, 0) != 0 && errno == ESRCH;
}

/* Frees it; its process is gone then. Returns how long that took. */
static uint64_t end_ms(struct outside *o)
{
	pid_t pid = role_pid(o->role);
	uint64_t began = clock_ms();

	outside_free(o);
	assert_true(is_gone(pid));
	return clock_ms() - began;
}

static enum err ask(struct outside *o, uint32_t id, const char *text)
{
	struct buf payload BUF_AUTO = buf_new(4096);

	buf_put(&payload, text, strlen(text));
	return role_send(o->role, T_ASK, id, &payload);
}

static void frames_of_every_size(void **state)
{
	(void)state;
	const size_t sizes[] = { 0, 1, 5, 16384, 65536, FRAME_MAX - 6 };
	struct outside *o = outside_new("test_role", 'e', false);
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
		for (size_t k = 0; k < sizes[i]; k++)
			buf_u8(&payload, (uint8_t)(k * 31 + i));
		assert_int_equal(role_send(o->role, T_ASK, 100 + i, &payload), OK);
		wait_for(o, i + 1, 0, PATIENCE_MS);
		assert_int_equal(o->frames, i + 1);
		assert_int_equal(o->last_id, 100 + i);
		assert_int_equal(o->last.len, sizes[i]);
		if (sizes[i] > 0)
			assert_memory_equal(o->last.bytes, payload.bytes, sizes[i]);
	}
	/* One byte too many fails that frame alone. */
	struct buf large BUF_AUTO = buf_new(FRAME_MAX);
	for (size_t k = 0; k < FRAME_MAX - 5; k++)
		buf_u8(&large, 0);
	assert_int_equal(role_send(o->role, T_ASK, 1, &large), ERR_TOO_BIG);
	assert_int_equal(ask(o, 9, "on"), OK);
	wait_for(o, 7, 0, PATIENCE_MS);
	assert_int_equal(o->last_id, 9);
	assert_int_equal(o->deaths, 0);
	/* It ends by itself, before it would be ended. One end may be slow on a busy machine; three running are no accident. */
	for (int slow = 0; end_ms(o) >= ROLE_END_MS; slow++) {
		assert_true(slow < 2);
		o = outside_new("test_role", 'e', false);
		assert_int_equal(ask(o, 1, "x"), OK);
		wait_for(o, 1, 0, PATIENCE_MS);
	}
}

/* However it dies: told once, refused during the back-off, started again afterwards with its config. */
static void every_death(void **state)
{
	(void)state;
	static const char deaths[] = "axcl";
	for (const char *what = deaths; *what != '\0'; what++) {
		struct outside *o = outside_new("test_role", *what, false);
		assert_int_equal(ask(o, 1, "die"), OK);
		pid_t pid = role_pid(o->role);
		wait_for(o, 0, 1, PATIENCE_MS);
		assert_int_equal(o->deaths, 1);
		assert_true(is_gone(pid));
		assert_int_equal(ask(o, 2, "too early"), ERR_ROLE_DIED);
		assert_int_equal(role_start(o->role), ERR_ROLE_DIED);
		wait_for(o, 1, 2, 300);
		assert_int_equal(o->deaths, 1);
		assert_int_equal(role_pid(o->role), 0);
		assert_int_equal(ask(o, 3, "again"), OK);
		assert_int_not_equal(role_pid(o->role), 0);
		wait_for(o, 0, 2, PATIENCE_MS);
		assert_int_equal(o->deaths, 2);
		/* The second early death: 400 ms. Where this process slept longer than that, it has seen nothing. */
		uint64_t died = clock_ms();
		wait_for(o, 1, 3, 300);
		enum err again = role_start(o->role);
		assert_int_equal(again, clock_ms() - died < 380 ? ERR_ROLE_DIED : again);
		outside_free(o);
	}
}

static void killed_from_outside(void **state)
{
	(void)state;
	struct outside *o = outside_new("test_role", 'e', false);
	assert_int_equal(ask(o, 1, "x"), OK);
	wait_for(o, 1, 0, PATIENCE_MS);
	assert_int_equal(kill(role_pid(o->role), SIGKILL), 0);
	wait_for(o, 1, 1, PATIENCE_MS);
	assert_int_equal(o->deaths, 1);
	outside_free(o);
}

static void role_kill_is_silent(void **state)
{
	(void)state;
	struct outside *o = outside_new("test_role", 'h', false);
	assert_int_equal(ask(o, 1, "hang"), OK);
	pid_t pid = role_pid(o->role);
	wait_for(o, 1, 0, 100);
	role_kill(o->role);
	assert_true(is_gone(pid));
	assert_int_equal(role_pid(o->role), 0);
	wait_for(o, 1, 1, 300);
	assert_int_equal(o->deaths, 0);
	assert_int_equal(ask(o, 2, "again"), OK);
	role_kill(o->role);
	role_kill(o->role);
	outside_free(o);
}

static void a_kept_role_comes_back_by_itself(void **state)
{
	(void)state;
	struct outside *o = outside_new("test_role", 'e', true);
	assert_int_equal(role_start(o->role), OK);
	pid_t first = role_pid(o->role);
	assert_int_equal(kill(first, SIGKILL), 0);
	wait_for(o, 0, 1, PATIENCE_MS);
	wait_for(o, 1, 0, 1000);
	assert_int_not_equal(role_pid(o->role), 0);
	assert_int_not_equal(role_pid(o->role), first);
	assert_int_equal(ask(o, 5, "there"), OK);
	wait_for(o, 1, 0, PATIENCE_MS);
	assert_int_equal(o->last_id, 5);
	outside_free(o);
	/* One that always dies is not started without end: 200, 400, 800 ms. */
	o = outside_new("test_role", 'x', true);
	assert_int_equal(role_start(o->role), OK);
	wait_for(o, 1, 100, 1000);
	assert_in_range(o->deaths, 2, 4);
	outside_free(o);
}

static void a_hanging_role_ends_with_main(void **state)
{
	(void)state;
	static const char hanging[] = "hs";
	for (const char *what = hanging; *what != '\0'; what++) {
		uint64_t took = 0;
		/* On a busy machine it may not hang yet when its end comes, or be slow; three running are no accident. */
		for (unsigned i = 0, ms = 100; i < 3 && (took < INNER_END_MS / 2 || took > ROLE_END_MS + 200); i++, ms *= 4) {
			struct outside *o = outside_new("test_role", *what, false);
			assert_int_equal(ask(o, 1, "hang"), OK);
			wait_for(o, 1, 0, ms);
			took = end_ms(o);
		}
		assert_in_range(took, INNER_END_MS / 2, ROLE_END_MS + 200);
	}
}

static void it_inherits_nothing(void **state)
{
	(void)state;
	int leaky[2];
	assert_int_equal(pipe(leaky), 0);   /* not close-on-exec, as the browser's pipes are */
	struct outside *o = outside_new("test_role", 'd', false);
	assert_int_equal(ask(o, 1, ""), OK);
	wait_for(o, 1, 0, PATIENCE_MS);
	buf_u8(&o->last, 0);
	const char *told = (const char *)o->last.bytes;
	assert_ptr_equal(strstr(told, "0:/dev/null 1:/dev/null 3:socket:"), told);
	/* The loop has opened pipes of its own since; ours is none of them. */
	char link[64], ours[64];
	snprintf(link, sizeof link, "/proc/self/fd/%d", leaky[0]);
	ssize_t n = readlink(link, ours, sizeof ours - 1);
	assert_true(n > 0);
	ours[n] = '\0';
	assert_null(strstr(told, ours));
	outside_free(o);
	close(leaky[0]);
	close(leaky[1]);
}

static void a_role_that_does_not_read(void **state)
{
	(void)state;
	struct outside *o = outside_new("test_role", 'e', false);
	assert_int_equal(ask(o, 1, "x"), OK);
	wait_for(o, 1, 0, PATIENCE_MS);
	assert_int_equal(kill(role_pid(o->role), SIGSTOP), 0);
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	buf_printf(&payload, "%0100000d", 7);
	unsigned queued = 0;
	enum err err;
	while ((err = role_send(o->role, T_ASK, 1000 + queued, &payload)) == OK)
		queued++;
	assert_int_equal(err, ERR_TOO_BIG);
	assert_in_range(queued, CHANNEL_QUEUE_MAX / 100010 - 1, CHANNEL_QUEUE_MAX / 100010 + 1);
	/* Nothing half was queued: when it goes on, every frame comes back whole. */
	assert_int_equal(kill(role_pid(o->role), SIGCONT), 0);
	wait_for(o, 1 + queued, 0, PATIENCE_MS);
	assert_int_equal(o->frames, 1 + queued);
	assert_int_equal(o->last_id, 1000 + queued - 1);
	assert_int_equal(o->last.len, 100000);
	assert_int_equal(o->deaths, 0);
	outside_free(o);
}

static void floods(void **state)
{
	(void)state;
	struct outside *o = outside_new("test_role", 'f', false);
	assert_int_equal(ask(o, 1, ""), OK);
	wait_for(o, 10000, 0, PATIENCE_MS);
	assert_int_equal(o->frames, 10000);
	outside_free(o);
	/* The inner side's queue is bounded too: it ends rather than grow, or leave a request without its answer. */
	o = outside_new("test_role", 'F', false);
	assert_int_equal(ask(o, 1, ""), OK);
	wait_for(o, 0, 1, PATIENCE_MS);
	assert_int_equal(o->deaths, 1);
	outside_free(o);
}

static void no_such_program(void **state)
{
	(void)state;
	struct outside *o = outside_new("no-such-program", 'e', true);
	assert_int_equal(role_start(o->role), ERR_IO);
	assert_int_equal(ask(o, 1, ""), ERR_IO);
	assert_int_equal(role_pid(o->role), 0);
	outside_free(o);
}

/* SIGKILL of main: nobody closes anything in order, and still nobody is left, not even one whose loop hangs. */
static void nobody_survives_main(void **state)
{
	(void)state;
	static const char ways[] = "ehs";
	for (const char *what = ways; *what != '\0'; what++) {
		unsigned slow = 0;
again:;
		int report[2];
		assert_int_equal(pipe2(report, O_CLOEXEC), 0);
		pid_t main_pid = fork();
		if (main_pid == 0) {
			struct outside *o = outside_new("test_role", *what, true);
			pid_t pid = ask(o, 1, "x") == OK ? role_pid(o->role) : -1;
			wait_for(o, 2, 0, 100);
			if (write(report[1], &pid, sizeof pid) < 0)
				_exit(1);
			wait_for(o, 2, 0, 60000);
			_exit(0);
		}
		pid_t pid = 0;
		assert_int_equal(read(report[0], &pid, sizeof pid), sizeof pid);
		assert_true(pid > 0 && !is_gone(pid));
		assert_int_equal(kill(main_pid, SIGKILL), 0);
		waitpid(main_pid, NULL, 0);
		uint64_t began = clock_ms();
		/* Reaped by init, or a zombie in a container without one: both are ends. */
		bool is_ended = false;
		while (!is_ended && clock_ms() - began < PATIENCE_MS) {
			char path[64], stat[256] = "";
			usleep(5000);
			snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
			int fd = open(path, O_RDONLY | O_CLOEXEC);
			if (fd >= 0) {
				ssize_t n = read(fd, stat, sizeof stat - 1);
				close(fd);
				stat[n > 0 ? n : 0] = '\0';
			}
			is_ended = fd < 0 || strstr(stat, ") Z ") != NULL;
		}
		if (!is_ended)
			kill(pid, SIGKILL);
		assert_true(is_ended);
		close(report[0]);
		close(report[1]);
		/* Once or twice late is a busy machine. */
		if (clock_ms() - began >= (*what == 'e' ? 1000 : 2500)) {
			assert_true(++slow < 3);
			goto again;
		}
	}
}

/* The same, with main dead before the inner program is at work: no signal of a parent's death comes for it any more. */
static void main_dies_first(void **state)
{
	(void)state;
	int pair[2], status = 0;
	struct buf what BUF_AUTO = buf_new(1), frames BUF_AUTO = buf_new(64);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	buf_put(&what, "h", 1);
	frame_put(&frames, T_CONFIG, 0, &what);
	frame_put(&frames, T_ASK, 1, NULL);
	assert_int_equal(write(pair[0], frames.bytes, frames.len), (ssize_t)frames.len);
	close(pair[0]);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(pair[1], 3);
		execl("/proc/self/exe", "test_role", (char *)NULL);
		_exit(1);
	}
	close(pair[1]);
	uint64_t began = clock_ms();
	while (waitpid(pid, &status, WNOHANG) == 0 && clock_ms() - began < PATIENCE_MS)
		usleep(5000);
	if (status == 0)
		kill(pid, SIGKILL);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
}

static void not_by_hand(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		/* fd 3 closed, then no socket. */
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, 2);
		close(3);
		struct event_base *base = event_base_new();
		static const struct inner_ops none = { inside_frame, NULL };
		close(3);
		bool is_refused = inner_new(base, &none, NULL) == NULL;
		dup2(null, 3);
		_exit(is_refused && inner_new(base, &none, NULL) == NULL ? 0 : 1);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	int type;
	socklen_t len = sizeof type;
	const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	if (getsockopt(3, SOL_SOCKET, SO_TYPE, &type, &len) == 0)
		return inside_main();
	signal(SIGPIPE, SIG_IGN);
	alarm(900);   /* a hanging test is a failed one */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_every_size),
		cmocka_unit_test(every_death),
		cmocka_unit_test(killed_from_outside),
		cmocka_unit_test(role_kill_is_silent),
		cmocka_unit_test(a_kept_role_comes_back_by_itself),
		cmocka_unit_test(a_hanging_role_ends_with_main),
		cmocka_unit_test(it_inherits_nothing),
		cmocka_unit_test(a_role_that_does_not_read),
		cmocka_unit_test(floods),
		cmocka_unit_test(no_such_program),
		cmocka_unit_test(nobody_survives_main),
		cmocka_unit_test(main_dies_first),
		cmocka_unit_test(not_by_hand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
