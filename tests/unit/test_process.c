// The real program over real pipes: hello, errors, floods, stalls, and every way to its end; no role outlives it.
// uses: host/base/buf.c host/base/rd.c host/base/err.c host/base/clock.c
// libs: -ljansson
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELLO "{\"id\":1,\"kind\":\"hello\",\"protocol\":1,\"version\":\"0.1.0\",\"edition\":\"standard\"}"
#define STATUS(id) "{\"id\":" #id ",\"kind\":\"status\"}"
/* The whole host ends within a second of the browser. On a busy machine one end may be late: then most were in time. PATIENCE_MS is
 * for what would otherwise hang. */
#define END_MS 1000
#define PATIENCE_MS 60000

/* A full queue (NATIVE_QUEUE_MAX), its copy while it grows, and the program. AddressSanitizer keeps freed memory. */
#ifdef __SANITIZE_ADDRESS__
#define PEAK_KB (512 * 1024)
#else
#define PEAK_KB (24 * 1024)
#endif

struct host { pid_t pid; int in, out; };   /* our ends of its pipes; -1 when closed */

/* build/secondexit from build/unit/test_process. */
static const char *program(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);

	assert_true(n > 0);
	path[n] = '\0';
	*strrchr(path, '/') = '\0';
	strcpy(strrchr(path, '/'), "/secondexit");
	return path;
}

static pid_t start(const char *const *args, int in, int out)
{
	posix_spawn_file_actions_t files;
	char *argv[16] = { (char *)(uintptr_t)"secondexit" };
	pid_t pid;

	for (int i = 0; args[i] != NULL; i++)
		argv[i + 1] = (char *)(uintptr_t)args[i];
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawn(&pid, program(), &files, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

/* Nothing listens on port 1: what tor would say is not this test's matter. */
static const char *const native_args[] = {
	"--control", "127.0.0.1:1", "--socks=127.0.0.1:1", "/nowhere/org.secondexit.host.json", "secondexit@secondexit.org", NULL
};

static struct host host_start(void)
{
	int in[2], out[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	struct host h = { start(native_args, in[0], out[1]), in[1], out[0] };
	close(in[0]);
	close(out[1]);
	return h;
}

static void put(struct host *h, const char *text, size_t n)
{
	uint32_t length = (uint32_t)n;

	assert_int_equal(write(h->in, &length, 4), 4);
	assert_int_equal(write(h->in, text, n), (ssize_t)n);
}

/* Reads n bytes; false at the end of output. */
static bool get(struct host *h, void *to, size_t n)
{
	for (size_t at = 0; at < n;) {
		struct pollfd p = { .fd = h->out, .events = POLLIN };
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		ssize_t got = read(h->out, (char *)to + at, n - at);
		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

/* The next message; the caller owns it. NULL at the end of output. */
static json_t *next(struct host *h)
{
	uint32_t length;

	if (!get(h, &length, 4))
		return NULL;
	assert_in_range(length, 2, 1024 * 1024);
	char *text = malloc(length);
	assert_non_null(text);
	assert_true(get(h, text, length));
	json_t *m = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	assert_non_null(m);
	return m;
}

/* The next message that is no event must have this kind and id (0: null). Returns its code, 0 when it has none. */
static int expect(struct host *h, const char *kind, json_int_t id)
{
	for (;;) {
		json_t *m = next(h);
		assert_non_null(m);
		const char *its = json_string_value(json_object_get(m, "kind"));
		if (strcmp(its, "event") != 0) {
			assert_string_equal(its, kind);
			assert_int_equal(json_integer_value(json_object_get(m, "id")), id);
			int code = (int)json_integer_value(json_object_get(m, "code"));
			json_decref(m);
			return code;
		}
		json_decref(m);
	}
}

static void greet(struct host *h)
{
	put(h, HELLO, strlen(HELLO));
	assert_int_equal(expect(h, "hello", 1), 0);
}

/* Up to 4 children of a process. Waits until there are at least so many. */
static size_t children(pid_t pid, pid_t out[4], size_t wanted)
{
	for (uint64_t began = clock_ms();; usleep(2000)) {
		char path[64], text[128] = "";
		snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		ssize_t got = read(fd, text, sizeof text - 1);
		close(fd);
		size_t n = 0;
		char *rest = text;
		for (long child; got > 0 && n < 4 && (child = strtol(rest, &rest, 10)) > 0; n++)
			out[n] = (pid_t)child;
		if (n >= wanted)
			return n;
		assert_true(clock_ms() - began < PATIENCE_MS);
	}
}

/* hello, and a status, for which both roles are needed: so both run. Returns them. */
static size_t host_with_roles(struct host *h, pid_t roles[4])
{
	*h = host_start();
	greet(h);
	put(h, STATUS(2), strlen(STATUS(2)));
	expect(h, "status", 2);
	size_t n = children(h->pid, roles, 2);
	assert_int_equal(n, 2);
	return n;
}

/* Gone, or a zombie that nobody reaps because this container has no init. */
static bool is_gone(pid_t pid)
{
	char path[64], text[256] = "";

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	if (read(fd, text, sizeof text - 1) < 0)
		text[0] = '\0';
	close(fd);
	return text[0] == '\0' || strstr(text, ") Z ") != NULL;
}

static void expect_gone(const pid_t *pids, size_t n, unsigned limit_ms)
{
	uint64_t began = clock_ms();

	for (size_t i = 0; i < n; i++)
		while (!is_gone(pids[i])) {
			assert_true(clock_ms() - began < limit_ms);
			usleep(2000);
		}
}

/* Waits for the end; returns its exit status, 1000 + the signal that ended it. */
static int waited(struct host *h)
{
	int status;

	for (uint64_t began = clock_ms(); waitpid(h->pid, &status, WNOHANG) == 0; usleep(1000))
		if (clock_ms() - began > PATIENCE_MS) {
			kill(h->pid, SIGKILL);
			waitpid(h->pid, &status, 0);
			fail_msg("did not end");
		}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static unsigned in_time, late;

/* The same, where the browser has let go. */
static int ended(struct host *h)
{
	uint64_t began = clock_ms();
	int how = waited(h);

	if (clock_ms() - began <= END_MS)
		in_time++;
	else
		late++;
	return how;
}

static void host_close(struct host *h)
{
	if (h->in >= 0)
		close(h->in);
	if (h->out >= 0)
		close(h->out);
}

static void end_of_input_ends_all(void **state)
{
	(void)state;
	struct host h;
	pid_t roles[4];
	size_t n = host_with_roles(&h, roles);
	close(h.in);
	h.in = -1;
	assert_int_equal(ended(&h), 0);
	/* Main has waited for them. */
	expect_gone(roles, n, 0);
	host_close(&h);
}

static void end_of_input_before_anything(void **state)
{
	(void)state;
	struct host h = host_start();
	close(h.in);
	h.in = -1;
	assert_int_equal(ended(&h), 0);
	host_close(&h);
	/* What stood before the end is still answered. */
	h = host_start();
	put(&h, HELLO, strlen(HELLO));
	close(h.in);
	h.in = -1;
	assert_int_equal(expect(&h, "hello", 1), 0);
	assert_null(next(&h));
	assert_int_equal(ended(&h), 0);
	host_close(&h);
}

static void signals_end_all(void **state)
{
	(void)state;
	const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		struct host h;
		pid_t roles[4];
		size_t n = host_with_roles(&h, roles);
		assert_int_equal(kill(h.pid, signals[i]), 0);
		assert_int_equal(ended(&h), 0);
		expect_gone(roles, n, 0);
		host_close(&h);
	}
}

static void sigkill_of_main_ends_the_roles(void **state)
{
	(void)state;
	struct host h;
	pid_t roles[4];
	size_t n = host_with_roles(&h, roles);
	assert_int_equal(kill(h.pid, SIGKILL), 0);
	assert_int_equal(ended(&h), 1000 + SIGKILL);
	expect_gone(roles, n, PATIENCE_MS);
	host_close(&h);
}

/* Roles that hang don't keep the browser's pipes open, nor main from ending. */
static void stopped_roles(void **state)
{
	(void)state;
	struct host h;
	pid_t roles[4];
	size_t n = host_with_roles(&h, roles);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(kill(roles[i], SIGSTOP), 0);
	close(h.in);
	h.in = -1;
	json_t *m = next(&h);
	while (m != NULL) {
		json_decref(m);
		m = next(&h);
	}
	assert_int_equal(ended(&h), 0);
	expect_gone(roles, n, 0);
	host_close(&h);

	n = host_with_roles(&h, roles);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(kill(roles[i], SIGSTOP), 0);
	assert_int_equal(kill(h.pid, SIGKILL), 0);
	while ((m = next(&h)) != NULL)
		json_decref(m);
	assert_int_equal(ended(&h), 1000 + SIGKILL);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(kill(roles[i], SIGCONT), 0);
	expect_gone(roles, n, PATIENCE_MS);
	host_close(&h);
}

static void a_killed_role_is_an_error_and_not_the_end(void **state)
{
	(void)state;
	struct host h;
	pid_t roles[4];
	size_t n = host_with_roles(&h, roles);
	for (unsigned round = 0; round < 3; round++) {
		n = children(h.pid, roles, 1);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(kill(roles[i], SIGKILL), 0);
		expect_gone(roles, n, PATIENCE_MS);
		/* Answered in any case: with the roles' error, or by roles that were started again. */
		put(&h, STATUS(50), strlen(STATUS(50)));
		json_t *m = next(&h);
		while (json_object_get(m, "event") != NULL) {
			json_decref(m);
			m = next(&h);
		}
		assert_int_equal(json_integer_value(json_object_get(m, "id")), 50);
		int code = (int)json_integer_value(json_object_get(m, "code"));
		assert_true(code == 0 || code == ERR_ROLE_DIED);
		json_decref(m);
	}
	/* After the back-off it works as before. */
	usleep(1000 * 1000);
	put(&h, STATUS(51), strlen(STATUS(51)));
	assert_int_equal(expect(&h, "status", 51), 0);
	children(h.pid, roles, 1);
	assert_int_equal(kill(h.pid, 0), 0);
	close(h.in);
	h.in = -1;
	assert_int_equal(ended(&h), 0);
	host_close(&h);
}

static void input_that_ends_inside_a_message(void **state)
{
	(void)state;
	static const char cut[] = "\x20\0\0\0{\"id\":";
	for (size_t n = 1; n < sizeof cut - 1; n += 3) {
		struct host h = host_start();
		greet(&h);
		assert_int_equal(write(h.in, cut, n), (ssize_t)n);
		close(h.in);
		h.in = -1;
		assert_int_equal(ended(&h), 1);
		host_close(&h);
	}
}

static void byte_by_byte(void **state)
{
	(void)state;
	struct host h = host_start();
	uint32_t length = (uint32_t)strlen(HELLO);
	char frame[256];
	memcpy(frame, &length, 4);
	memcpy(frame + 4, HELLO, length);
	for (size_t i = 0; i < length + 4; i++) {
		assert_int_equal(write(h.in, frame + i, 1), 1);
		if (i % 8 == 0)
			usleep(500);
	}
	expect(&h, "hello", 1);
	close(h.in);
	h.in = -1;
	assert_int_equal(ended(&h), 0);
	host_close(&h);
}

static void wrong_messages_do_not_end_it(void **state)
{
	(void)state;
	struct host h = host_start();
	greet(&h);
	put(&h, "nonsense", 8);
	assert_int_equal(expect(&h, "error", 0), ERR_MSG_JSON);
	put(&h, "", 0);
	assert_int_equal(expect(&h, "error", 0), ERR_MSG_JSON);
	put(&h, "{}\0", 3);
	assert_int_equal(expect(&h, "error", 0), ERR_MSG_JSON);
	put(&h, "{}", 2);
	assert_int_equal(expect(&h, "error", 0), ERR_MSG_ID);
	put(&h, "{\"id\":9,\"kind\":\"x\"}", 19);
	assert_int_equal(expect(&h, "error", 9), ERR_MSG_KIND);
	/* Too large: answered on its length alone, skipped, and the next one is read. */
	size_t large = NATIVE_IN_MAX + 1;
	uint32_t length = (uint32_t)large;
	char *body = calloc(1, large);
	assert_non_null(body);
	assert_int_equal(write(h.in, &length, 4), 4);
	assert_int_equal(expect(&h, "error", 0), ERR_MSG_TOO_BIG);
	for (size_t at = 0; at < large;) {
		ssize_t n = write(h.in, body + at, large - at);
		assert_true(n > 0);
		at += (size_t)n;
	}
	free(body);
	put(&h, STATUS(3), strlen(STATUS(3)));
	expect(&h, "status", 3);
	host_close(&h);
	assert_in_range(ended(&h), 0, 1);
}

static size_t peak_kb(pid_t pid)
{
	char path[64], text[4096] = "";

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
		text[0] = '\0';
	close(fd);
	const char *at = strstr(text, "VmHWM:");
	return at != NULL ? strtoul(at + 6, NULL, 10) : 0;
}

/* 4 GiB are announced, and many come: memory stays as it was. */
static void a_lie_of_4_gib(void **state)
{
	(void)state;
	struct host h = host_start();
	greet(&h);
	const uint32_t lie = 0xffffffff;
	size_t before = peak_kb(h.pid);
	char *noise = calloc(1, 1 << 20);
	assert_non_null(noise);
	assert_int_equal(write(h.in, &lie, 4), 4);
	assert_int_equal(expect(&h, "error", 0), ERR_MSG_TOO_BIG);
	for (int i = 0; i < 64; i++)
		for (size_t at = 0; at < 1 << 20;) {
			ssize_t n = write(h.in, noise + at, (1 << 20) - at);
			assert_true(n > 0);
			at += (size_t)n;
		}
	free(noise);
	assert_in_range(before, 100, 1000 * 1000);
	assert_in_range(peak_kb(h.pid), before, before + 2048);
	close(h.in);
	h.in = -1;
	assert_int_equal(ended(&h), 1);
	host_close(&h);
}

/* A browser that writes and never reads: the queue is bounded, and then the host ends. */
static void a_stalled_reader(void **state)
{
	(void)state;
	struct host h = host_start();
	greet(&h);
	fcntl(h.in, F_SETFL, O_NONBLOCK);
	char *zeros = calloc(1, 65536);   /* empty messages, each answered by an error */
	assert_non_null(zeros);
	size_t written = 0, peak = 0;
	for (uint64_t began = clock_ms(); clock_ms() - began < PATIENCE_MS;) {
		ssize_t n = write(h.in, zeros, 65536);
		size_t now = peak_kb(h.pid);
		peak = now > peak ? now : peak;
		if (n > 0)
			written += (size_t)n;
		else if (errno == EPIPE)
			break;
		else
			usleep(1000);
		assert_in_range(written, 0, 16u << 20);
	}
	free(zeros);
	assert_int_equal(ended(&h), 1);
	assert_in_range(peak, 100, PEAK_KB);
	host_close(&h);
}

static void a_reader_that_is_gone(void **state)
{
	(void)state;
	struct host h;
	pid_t roles[4];
	size_t n = host_with_roles(&h, roles);
	close(h.out);
	h.out = -1;
	put(&h, "x", 1);
	assert_int_equal(ended(&h), 1);
	expect_gone(roles, n, 0);
	host_close(&h);
}

static void a_flood_that_is_read_is_answered(void **state)
{
	(void)state;
	struct host h = host_start();
	greet(&h);
	pid_t writer = fork();
	if (writer == 0) {
		for (int i = 0; i < 20000; i++)
			put(&h, "{\"id\":7,\"kind\":\"cancel\",\"target\":1}", 35);
		_exit(0);
	}
	for (int i = 0; i < 20000; i++)
		expect(&h, "ok", 7);
	waitpid(writer, NULL, 0);
	close(h.in);
	h.in = -1;
	assert_int_equal(ended(&h), 0);
	host_close(&h);
}

static uint32_t next_random(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	return *s ^= *s << 5;
}

/* Mutated messages in sound frames: each is answered once or starts something; a status at the end is answered. */
static void random_messages(void **state)
{
	(void)state;
	static const char text[] = "{\"id\":6,\"kind\":\"cert.forget\",\"first_party\":\"a\",\"private\":1,\"container\":0,"
	                           "\"host\":\"b.test\",\"port\":443}";
	struct host h = host_start();
	greet(&h);
	pid_t writer = fork();
	if (writer == 0) {
		uint32_t seed = 31337;
		for (int i = 0; i < 10000; i++) {
			char copy[sizeof text];
			memcpy(copy, text, sizeof text);
			for (unsigned m = next_random(&seed) % 4; m > 0; m--)
				copy[next_random(&seed) % (sizeof text - 1)] = (char)next_random(&seed);
			put(&h, copy, sizeof text - 1 - next_random(&seed) % 3);
		}
		put(&h, STATUS(2000000000), strlen(STATUS(2000000000)));
		_exit(0);
	}
	unsigned answers = 0;
	for (bool is_over = false; !is_over;) {
		json_t *m = next(&h);
		assert_non_null(m);
		is_over = json_integer_value(json_object_get(m, "id")) == 2000000000;
		answers += strcmp(json_string_value(json_object_get(m, "kind")), "event") != 0;
		json_decref(m);
	}
	waitpid(writer, NULL, 0);
	assert_int_equal(answers, 10001);
	close(h.in);
	h.in = -1;
	assert_int_equal(ended(&h), 0);
	host_close(&h);
}

/* The flags belong to the pipe, which others may hold. */
static void pipes_are_given_back_as_they_were(void **state)
{
	(void)state;
	int in[2], out[2];
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	struct host h = { start(native_args, in[0], out[1]), in[1], out[0] };
	greet(&h);
	assert_true((fcntl(in[0], F_GETFL) & O_NONBLOCK) != 0);
	close(h.in);
	h.in = -1;
	assert_int_equal(ended(&h), 0);
	assert_int_equal(fcntl(in[0], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(out[1], F_GETFL) & O_NONBLOCK, 0);
	close(in[0]);
	close(out[1]);
	host_close(&h);
}

/* Runs to its end with standard input and output on /dev/null, or a file; returns the exit status. */
static int run(const char *const *args, const char *in, char *text, size_t cap)
{
	int out[2], fd = open(in, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	struct host h = { start(args, fd, out[1]), -1, out[0] };
	close(fd);
	close(out[1]);
	size_t n = 0;
	for (ssize_t got; n < cap - 1 && (got = read(out[0], text + n, cap - 1 - n)) > 0;)
		n += (size_t)got;
	text[n] = '\0';
	int status = waited(&h);
	host_close(&h);
	return status;
}

static void arguments(void **state)
{
	(void)state;
	static const struct { const char *args[6]; int status; const char *says; } lines[] = {
		{ { "--version" }, 0, "secondexit " SECONDEXIT_VERSION "\n" },
		{ { "--help" }, 0, "Usage: secondexit VERB" },
		{ { "doctor", "--help" }, 0, "Usage: secondexit doctor" },
		{ { NULL }, 2, NULL },
		{ { "no-such-verb" }, 2, NULL },
		{ { "--no-such-option" }, 2, NULL },
		{ { "--json", "-k" }, 2, NULL },
		{ { "-k", "0", "doctor" }, 2, NULL },
		{ { "-k", "6", "doctor" }, 2, NULL },
		{ { "-k=33", "doctor" }, 2, NULL },
		{ { "doctor", "--socks" }, 2, NULL },
		{ { "--control=", "doctor" }, 2, NULL },
		/* Another extension, or none. */
		{ { "/m.json", "other@example.org" }, 2, NULL },
		{ { "/m.json" }, 2, NULL },
		{ { "/m.json", "secondexit@secondexit.org", "more" }, 2, NULL },
		/* Not a browser's pipe: an end, and no silence for ever. */
		{ { "/m.json", "secondexit@secondexit.org" }, 1, NULL },
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		char text[8192];
		int status = run(lines[i].args, "/dev/null", text, sizeof text);
		if (status != lines[i].status)
			fail_msg("line %zu: status %d", i, status);
		if (lines[i].says == NULL)
			assert_string_equal(text, "");
		else
			assert_non_null(strstr(text, lines[i].says));
	}
}

/* The last test: of all the ends before it. */
static void ends_within_a_second(void **state)
{
	(void)state;
	print_message("%u ends in time, %u late\n", in_time, late);
	assert_true(in_time > late);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(900);   /* a hanging test is a failed one */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(end_of_input_ends_all),
		cmocka_unit_test(end_of_input_before_anything),
		cmocka_unit_test(signals_end_all),
		cmocka_unit_test(sigkill_of_main_ends_the_roles),
		cmocka_unit_test(stopped_roles),
		cmocka_unit_test(a_killed_role_is_an_error_and_not_the_end),
		cmocka_unit_test(input_that_ends_inside_a_message),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(wrong_messages_do_not_end_it),
		cmocka_unit_test(a_lie_of_4_gib),
		cmocka_unit_test(a_stalled_reader),
		cmocka_unit_test(a_reader_that_is_gone),
		cmocka_unit_test(a_flood_that_is_read_is_answered),
		cmocka_unit_test(random_messages),
		cmocka_unit_test(pipes_are_given_back_as_they_were),
		cmocka_unit_test(arguments),
		cmocka_unit_test(ends_within_a_second),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
