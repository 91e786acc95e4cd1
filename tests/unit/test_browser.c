// The browser's two pipes on the loop, with a conversation that says what the test wants: order, queue, replies too
// large, descriptors that can't be waited for.
// uses: host/wire/browser.c host/wire/native.c host/wire/json.c host/wire/jsonlong.c host/message/encode.c host/message/encode_download.c host/message/encode_report.c host/base/dlverdict.c host/base/verdict.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
// libs: -ljansson -levent_core -lsodium
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/limits.h"
#include "message/encode.h"
#include "message/message.h"
#include "wire/browser.h"
#include "wire/json.h"
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* The conversation: {"id":N,"say":LENGTH,"times":M} is answered by M replies with a text of that length. */

struct messages { messages_send *send; void *arg; unsigned refused[3]; };
static struct messages fake;
static unsigned freed;

struct messages *messages_new(const struct check_ops *ops, const struct clip_ops *clip,
                              const struct download_ops *download, const struct report_ops *report, messages_send *send, void *arg)
{
	(void)ops;
	(void)clip;
	(void)download;
	(void)report;
	fake = (struct messages){ .send = send, .arg = arg };
	return &fake;
}

void messages_free(struct messages *m)
{
	/* NULL comes when opening failed early. */
	freed += m != NULL;
}

void messages_take(struct messages *m, const json_t *root)
{
	json_int_t id = json_integer_value(json_object_get(root, "id"));
	size_t n = (size_t)json_integer_value(json_object_get(root, "say"));
	char *text = malloc(n + 1);

	assert_non_null(text);
	memset(text, 'x', n);
	text[n] = '\0';
	for (json_int_t i = 0; i < json_integer_value(json_object_get(root, "times")); i++) {
		json_t *reply = json_pack("{s:I,s:s}", "id", id, "text", text);
		m->send(m->arg, (uint32_t)id, reply);
		json_decref(reply);
	}
	free(text);
}

void messages_refuse(struct messages *m, enum err err)
{
	m->refused[err == ERR_MSG_TOO_BIG ? 0 : err == ERR_MSG_JSON ? 1 : 2]++;
}

const char *cert_step_name(enum cert_step s)
{
	(void)s;
	return "";
}

const char *download_step_name(enum dl_step step)
{
	(void)step;
	return "";
}

const char *download_class_name(enum dl_class c)
{
	(void)c;
	return NULL;
}

const char *download_state_name(enum dl_state state)
{
	(void)state;
	return "";
}

const char *clip_step_name(enum clip_step s)
{
	(void)s;
	return "";
}

struct bed { struct event_base *base; struct browser *b; int in, out; int theirs[2]; };

static struct bed bed_new(void)
{
	struct bed t = { .base = event_base_new() };
	int in[2], out[2];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	t.in = in[1];
	t.out = out[0];
	t.theirs[0] = in[0];
	t.theirs[1] = out[1];
	fcntl(t.out, F_SETFL, O_NONBLOCK);
	t.b = browser_new(t.base, in[0], out[1], NULL, NULL, NULL, NULL);
	assert_non_null(t.b);
	return t;
}

static void bed_free(struct bed *t)
{
	unsigned before = freed;

	browser_free(t->b);
	assert_int_equal(freed, before + 1);
	event_base_free(t->base);
	/* Given back as they were. */
	assert_int_equal(fcntl(t->theirs[0], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(t->theirs[1], F_GETFL) & O_NONBLOCK, 0);
	close(t->theirs[0]);
	close(t->theirs[1]);
	if (t->in >= 0)
		close(t->in);
	if (t->out >= 0)
		close(t->out);
}

static void ask(struct bed *t, unsigned id, size_t length, unsigned times)
{
	char frame[128];
	int n = snprintf(frame + 4, sizeof frame - 4, "{\"id\":%u,\"say\":%zu,\"times\":%u}", id, length, times);
	uint32_t head = (uint32_t)n;

	memcpy(frame, &head, 4);
	assert_int_equal(write(t->in, frame, (size_t)n + 4), n + 4);
}

/* Turns the loop without waiting. */
static bool turn(struct bed *t)
{
	event_base_loop(t->base, EVLOOP_NONBLOCK);
	return !event_base_got_break(t->base);
}

/* Reads one message, turning the loop meanwhile. NULL: none comes. */
static json_t *hear(struct bed *t)
{
	uint8_t head[4];
	uint32_t length = 0;
	size_t at = 0;

	for (int i = 0; i < 1000 && at < 4; i++) {
		ssize_t n = read(t->out, head + at, 4 - at);
		at += n > 0 ? (size_t)n : 0;
		turn(t);
	}
	if (at < 4)
		return NULL;
	memcpy(&length, head, 4);
	char *text = malloc(length);
	assert_non_null(text);
	for (at = 0; at < length;) {
		ssize_t n = read(t->out, text + at, length - at);
		at += n > 0 ? (size_t)n : 0;
		turn(t);
	}
	json_t *m = json_loadb(text, length, 0, NULL);
	free(text);
	assert_non_null(m);
	return m;
}

static void expect_text(struct bed *t, json_int_t id, size_t length)
{
	json_t *m = hear(t);

	assert_non_null(m);
	assert_int_equal(json_integer_value(json_object_get(m, "id")), id);
	assert_int_equal(json_string_length(json_object_get(m, "text")), length);
	json_decref(m);
}

static void in_order(void **state)
{
	(void)state;
	struct bed t = bed_new();
	for (unsigned i = 1; i <= 50; i++)
		ask(&t, i, i * 700, 2);
	for (unsigned i = 1; i <= 50; i++) {
		expect_text(&t, i, i * 700);
		expect_text(&t, i, i * 700);
	}
	assert_null(hear(&t));
	close(t.in);
	t.in = -1;
	assert_false(turn(&t));
	assert_int_equal(browser_end(t.b), OK);
	bed_free(&t);
}

/* The envelope around the text: {"id":7,"text":""} */
#define ENVELOPE 18

static void a_reply_too_large_becomes_an_error(void **state)
{
	(void)state;
	struct bed t = bed_new();
	const size_t largest = NATIVE_OUT_MAX - ENVELOPE;
	ask(&t, 7, largest, 1);
	expect_text(&t, 7, largest);
	const size_t lengths[] = { largest + 1, largest + 2, 2 * largest, 20u << 20 };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		ask(&t, 7, lengths[i], 1);
		json_t *m = hear(&t);
		assert_non_null(m);
		assert_int_equal(json_integer_value(json_object_get(m, "id")), 7);
		assert_int_equal(json_integer_value(json_object_get(m, "code")), ERR_TOO_BIG);
		json_decref(m);
		ask(&t, 8, 5, 1);
		expect_text(&t, 8, 5);
	}
	bed_free(&t);
}

static void the_queue_is_bounded(void **state)
{
	(void)state;
	struct bed t = bed_new();
	/* Nobody reads: what fits is kept, then it is over. */
	ask(&t, 1, 100000, 30);
	turn(&t);
	turn(&t);
	assert_false(event_base_got_break(t.base));
	ask(&t, 2, 100000, 30);
	for (int i = 0; i < 10 && turn(&t); i++)
		continue;
	assert_true(event_base_got_break(t.base));
	assert_int_equal(browser_end(t.b), ERR_TOO_BIG);
	/* After the end nothing more is taken or said. */
	ask(&t, 3, 5, 1);
	turn(&t);
	bed_free(&t);
}

static void a_slow_reader_gets_all(void **state)
{
	(void)state;
	struct bed t = bed_new();
	ask(&t, 1, 100000, 30);
	turn(&t);
	for (int i = 0; i < 30; i++)
		expect_text(&t, 1, 100000);
	bed_free(&t);
}

static void nobody_reads_any_more(void **state)
{
	(void)state;
	struct bed t = bed_new();
	close(t.out);
	t.out = -1;
	ask(&t, 1, 5, 1);
	for (int i = 0; i < 10 && turn(&t); i++)
		continue;
	assert_int_equal(browser_end(t.b), ERR_CLOSED);
	bed_free(&t);
}

static void input_that_ends(void **state)
{
	(void)state;
	static const char whole[] = "\x02\0\0\0{}";
	for (size_t n = 0; n < sizeof whole; n++) {
		struct bed t = bed_new();
		assert_int_equal(write(t.in, whole, n), (ssize_t)n);
		close(t.in);
		t.in = -1;
		for (int i = 0; i < 10 && turn(&t); i++)
			continue;
		assert_int_equal(browser_end(t.b), n == 0 || n == sizeof whole - 1 ? OK : ERR_FORMAT);
		bed_free(&t);
	}
}

static void what_is_refused_at_the_door(void **state)
{
	(void)state;
	struct bed t = bed_new();
	static const char bad[] = "\x03\0\0\0abc" "\0\0\0\0" "\xff\xff\xff\xff" "following bytes";
	assert_int_equal(write(t.in, bad, sizeof bad - 1), (ssize_t)sizeof bad - 1);
	turn(&t);
	assert_int_equal(fake.refused[0], 1);
	assert_int_equal(fake.refused[1], 2);
	assert_int_equal(fake.refused[2], 0);
	bed_free(&t);
}

static void descriptors_that_cannot_be_waited_for(void **state)
{
	(void)state;
	struct event_base *base = event_base_new();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), pair[2];
	assert_true(null >= 0);
	assert_int_equal(pipe(pair), 0);
	assert_null(browser_new(base, null, pair[1], NULL, NULL, NULL, NULL));
	assert_null(browser_new(base, -1, pair[1], NULL, NULL, NULL, NULL));
	assert_null(browser_new(base, pair[0], -1, NULL, NULL, NULL, NULL));
	assert_int_equal(fcntl(pair[0], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(pair[1], F_GETFL) & O_NONBLOCK, 0);
	close(null);
	close(pair[0]);
	close(pair[1]);
	event_base_free(base);
	browser_free(NULL);
}

/* One socket for both directions, as a test or another browser might give. */
static void one_descriptor_for_both(void **state)
{
	(void)state;
	struct event_base *base = event_base_new();
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	int second = dup(pair[1]);
	struct browser *b = browser_new(base, pair[1], second, NULL, NULL, NULL, NULL);
	assert_non_null(b);
	struct bed t = { .base = base, .in = pair[0] };
	ask(&t, 1, 4, 1);
	turn(&t);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	char reply[64];
	assert_int_equal(read(pair[0], reply, sizeof reply), 4 + ENVELOPE + 4);
	browser_free(b);
	assert_int_equal(fcntl(pair[1], F_GETFL) & O_NONBLOCK, 0);
	close(pair[0]);
	close(pair[1]);
	close(second);
	event_base_free(base);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(900);   /* a hanging test is a failed one */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(a_reply_too_large_becomes_an_error),
		cmocka_unit_test(the_queue_is_bounded),
		cmocka_unit_test(a_slow_reader_gets_all),
		cmocka_unit_test(nobody_reads_any_more),
		cmocka_unit_test(input_that_ends),
		cmocka_unit_test(what_is_refused_at_the_door),
		cmocka_unit_test(descriptors_that_cannot_be_waited_for),
		cmocka_unit_test(one_descriptor_for_both),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
