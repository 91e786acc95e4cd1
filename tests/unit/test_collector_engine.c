// uses: host/collector/engine_run.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -levent_core
/* Programs that the verifier starts: their last line, however much comes before it; too long a line, too long a time, none at all. */
#include "base/limits_collector.h"
#include "collector/engine_run.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct { struct event_base *base; int calls; enum err err; char text[256]; size_t len; } got;

static void on_done(void *arg, enum err err, const struct buf *out)
{
	(void)arg;
	got.calls++;
	got.err = err;
	got.len = out->len;
	snprintf(got.text, sizeof got.text, "%.*s", (int)(out->len < 200 ? out->len : 200), out->len > 0 ? (const char *)out->bytes : "");
	event_base_loopbreak(got.base);
}

/* What `sh -c script` comes to. */
static void run(const char *script, unsigned limit_ms)
{
	char sh[] = "/bin/sh", c[] = "-c", *text = strdup(script);
	char *const argv[] = { sh, c, text, NULL };
	struct engine_run *r = NULL;

	got.calls = 0;
	assert_int_equal(engine_start(got.base, argv, limit_ms, on_done, NULL, &r), OK);
	event_base_dispatch(got.base);
	assert_int_equal(got.calls, 1);
	free(text);
}

static void last_lines(void **state)
{
	static const struct { const char *script, *last; } scripts[] = {
		{ "echo one", "one\n" }, { "echo one; echo two", "two\n" }, { "echo one; sleep 0.05; printf tw; sleep 0.05; echo o", "two\n" },
		{ "printf one", "one" }, { "echo one; printf tw", "one\ntw" }, { "true", "" }, { "printf '\\n'", "\n" }, { "printf '\\n\\n'", "\n" },
		{ "printf 'a\\n\\n'", "\n" },
		/* Some times more than is kept of one line. */
		{ "seq 1000000 1300000; echo end", "end\n" }, { "seq 1000000 1300000", "1300000\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		run(scripts[i].script, 60000);
		assert_int_equal(got.err, OK);
		assert_string_equal(got.text, scripts[i].last);
	}
}

static void too_much(void **state)
{
	char script[128];

	(void)state;
	snprintf(script, sizeof script, "head -c %u /dev/zero | tr '\\0' x; echo", VERIFY_OUTPUT_MAX - 1);
	run(script, 60000);
	assert_int_equal(got.err, OK);
	assert_int_equal(got.len, VERIFY_OUTPUT_MAX);
	snprintf(script, sizeof script, "head -c %u /dev/zero | tr '\\0' x; sleep 100", VERIFY_OUTPUT_MAX + 1);
	run(script, 60000);
	assert_int_equal(got.err, ERR_TOO_BIG);
	run("echo one; sleep 100", 100);
	assert_int_equal(got.err, ERR_TIMEOUT);
	assert_string_equal(got.text, "one\n");
	/* One that says nothing and closes its output has ended for us. */
	run("exec >&-; sleep 100", 60000);
	assert_int_equal(got.err, OK);
	assert_int_equal(got.len, 0);
}

static void none_at_all(void **state)
{
	char nothing[] = "/nonexistent/secondexit", path[64];
	char *const argv[] = { nothing, NULL };
	struct engine_run *r = NULL;

	(void)state;
	assert_int_equal(engine_start(got.base, argv, 1000, on_done, NULL, &r), ERR_ROLE_DIED);
	assert_null(r);
	assert_false(engine_find(path, 1));
	/* Cancelled: nobody is told. */
	char sleep_[] = "/bin/sleep", hundred[] = "100";
	char *const sleeps[] = { sleep_, hundred, NULL };
	got.calls = 0;
	assert_int_equal(engine_start(got.base, sleeps, 60000, on_done, NULL, &r), OK);
	engine_cancel(r);
	engine_cancel(NULL);
	event_base_loop(got.base, EVLOOP_NONBLOCK);
	assert_int_equal(got.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(last_lines), cmocka_unit_test(too_much), cmocka_unit_test(none_at_all) };

	got.base = event_base_new();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(got.base);
	return failed;
}
