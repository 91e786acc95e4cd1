// uses: host/engine/torctl.c host/base/buf.c host/base/err.c
/* The control-port client against every cut of what tor may send, and against what tor never sends. */
#include "base/limits.h"
#include "engine/torctl.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Everything that was called back, in order, as text. */
struct script { char text[16384]; size_t n; struct torctl *ctl; bool resend; };

static void note(struct script *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(s->text + s->n, sizeof s->text - s->n, format, args);
	va_end(args);
	assert_true(n >= 0 && s->n + (size_t)n < sizeof s->text);
	s->n += (size_t)n;
}

static void on_line(void *arg, const struct torctl_line *line)
{
	assert_int_equal(strlen(line->text), line->len);
	note(arg, "%s%d %s\n", line->is_data ? "data " : "line ", line->code, line->text);
}

static void on_done(void *arg, enum err err, int code, const char *text)
{
	note(arg, "done %s %d %s\n", err == OK ? "OK" : err_name(err), code, text);
}

static void on_event(void *arg, const struct torctl_line *line, bool is_first)
{
	note(arg, "%s%s%d %s\n", is_first ? "EVENT " : "event ", line->is_data ? "data " : "", line->code, line->text);
}

static const char *const getinfo[] = { "GETINFO", "a", NULL };

static void send_some(struct torctl *c, struct script *s, int n)
{
	struct torctl_ask ask = { on_line, on_done, s };

	for (int i = 0; i < n; i++)
		assert_int_equal(torctl_send(c, getinfo, &ask), OK);
}

/* What comes of three commands and these bytes, in pieces of `piece` bytes, the first of them `first`. */
static enum err run(struct script *s, const char *bytes, size_t n, size_t first, size_t piece)
{
	struct torctl *c = torctl_new(on_event, s);
	enum err err = OK;

	assert_non_null(c);
	s->n = 0;
	s->text[0] = '\0';
	send_some(c, s, 3);
	for (size_t at = 0; at < n && err == OK;) {
		size_t take = at == 0 && first > 0 ? first : piece;
		if (take > n - at)
			take = n - at;
		/* An exact copy on the heap: a read past its end is then seen by the sanitizer. */
		char *copy = malloc(take);
		assert_non_null(copy);
		memcpy(copy, bytes + at, take);
		err = torctl_feed(c, copy, take);
		free(copy);
		at += take;
	}
	torctl_free(c, ERR_TOR_LOST);
	return err;
}

static const char session[] =
	"650 STREAM 1 NEW 0 a.test:443 SOCKS_USERNAME=\"a\\\"b\"\r\n"
	"250-a=x\r\n"
	"650 CIRC 7 BUILT\r\n"
	"250 OK\r\n"
	"250+md/all=\r\nonion-key\r\n..two dots\r\n.one\r\n250 OK\r\n650 in data\r\n\r\n.\r\n"
	"650-MANY one\r\n650+MORE\r\nblob\r\n.\r\n650 OK\r\n"
	"250-b=y\r\n250 OK\r\n"
	"650+NS\r\n..\r\n.\r\n650 OK\r\n"
	"552-Unrecognized key \"q\"\r\n552 Unrecognized key \"r\"\r\n"
	"650 SIGNAL NEWNYM\r\n";

static const char expected[] =
	"EVENT 650 STREAM 1 NEW 0 a.test:443 SOCKS_USERNAME=\"a\\\"b\"\n"
	"line 250 a=x\n"
	"EVENT 650 CIRC 7 BUILT\n"
	"done OK 250 OK\n"
	"line 250 md/all=\ndata 250 onion-key\ndata 250 .two dots\ndata 250 one\ndata 250 250 OK\ndata 250 650 in data\ndata 250 \n"
	"EVENT 650 MANY one\nevent 650 MORE\nevent data 650 blob\nevent 650 OK\n"
	"line 250 b=y\ndone OK 250 OK\n"
	"EVENT 650 NS\nevent data 650 .\nevent 650 OK\n"
	"line 552 Unrecognized key \"q\"\ndone ERR_TOR_COMMAND 552 Unrecognized key \"r\"\n"
	"EVENT 650 SIGNAL NEWNYM\n";

static void test_split_at_every_byte(void **state)
{
	static struct script s;
	size_t n = sizeof session - 1;

	(void)state;
	for (size_t first = 0; first <= n; first++) {
		assert_int_equal(run(&s, session, n, first, n), OK);
		assert_string_equal(s.text, expected);
	}
	for (size_t piece = 1; piece < 9; piece++) {
		assert_int_equal(run(&s, session, n, 0, piece), OK);
		assert_string_equal(s.text, expected);
	}
}

/* Cut short anywhere: what was whole is told as before, every command ends exactly once, the rest with ERR_TOR_LOST. */
static void test_truncate_at_every_byte(void **state)
{
	static struct script s;

	(void)state;
	for (size_t n = 0; n < sizeof session - 1; n++) {
		assert_int_equal(run(&s, session, n, 0, n > 0 ? n : 1), OK);
		size_t done = 0, lost = 0, same = 0;
		for (const char *at = s.text; (at = strstr(at, "done ")) != NULL; at++)
			done++;
		for (const char *at = s.text; (at = strstr(at, "done ERR_TOR_LOST 0 \n")) != NULL; at++)
			lost++;
		assert_int_equal(done, 3);
		while (s.text[same] == expected[same] && s.text[same] != '\0')
			same++;
		const char *rest = strstr(s.text, "done ERR_TOR_LOST");
		assert_true(rest == NULL || same >= (size_t)(rest - s.text));
		assert_true(lost <= 3);
	}
}

static void assert_bad(const char *bytes, size_t n)
{
	static struct script s;

	assert_int_equal(run(&s, bytes, n, 0, n), ERR_TOR_REPLY);
	assert_int_equal(run(&s, bytes, n, 0, 1), ERR_TOR_REPLY);
	assert_non_null(strstr(s.text, "done ERR_TOR_REPLY 0 \n"));
}

static void test_nonsense(void **state)
{
	static const char *const bad[] = {
		"hello\r\n", "\r\n", "25 OK\r\n", "250OK\r\n", "250\r\n", "250=OK\r\n", "x50 OK\r\n", "150 OK\r\n", "350 OK\r\n", "050 OK\r\n",
		"250 OK\n", "250 O\rK\r\n", "950 OK\r\n", " 250 OK\r\n", "250-a\r\nrubbish\r\n", "650+NS\r\n.\r\nrubbish\r\n",
		"HTTP/1.1 400 Bad Request\r\n", "-50 OK\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_bad(bad[i], strlen(bad[i]));
	assert_bad("250 O\0K\r\n", 9);
	/* A fourth answer to three questions: from there on we would be out of step. */
	static struct script s;
	const char four[] = "250 OK\r\n250 OK\r\n250 OK\r\n250-x\r\n";
	assert_int_equal(run(&s, four, sizeof four - 1, 0, 1), ERR_TOR_REPLY);
}

static void test_after_the_end_nothing(void **state)
{
	static struct script s;
	struct torctl *c = torctl_new(on_event, &s);
	struct torctl_ask ask = { on_line, on_done, &s };

	(void)state;
	s.n = 0;
	send_some(c, &s, 2);
	assert_int_equal(torctl_feed(c, "rubbish\r\n650 CIRC 1 BUILT\r\n", 27), ERR_TOR_REPLY);
	assert_string_equal(s.text, "done ERR_TOR_REPLY 0 \ndone ERR_TOR_REPLY 0 \n");
	assert_int_equal(torctl_feed(c, "250 OK\r\n", 8), ERR_TOR_REPLY);
	assert_int_equal(torctl_send(c, getinfo, &ask), ERR_TOR_LOST);
	assert_int_equal(torctl_out(c)->len, 0);
	assert_int_equal(torctl_waiting(c), 0);
	torctl_free(c, ERR_TOR_LOST);
	assert_string_equal(s.text, "done ERR_TOR_REPLY 0 \ndone ERR_TOR_REPLY 0 \n");
}

/* Bytes of relay operators in data must not cost us the link, and never reach us raw. */
static void test_odd_bytes_in_data(void **state)
{
	static struct script s;
	static const char bytes[] = "250+x=\r\na\0b\rc\r\n.\r\n250 OK\r\n";

	(void)state;
	assert_int_equal(run(&s, bytes, sizeof bytes - 1, 0, sizeof bytes - 1), OK);
	assert_non_null(strstr(s.text, "data 250 a?b?c\n"));
}

static void test_lines_have_a_limit(void **state)
{
	size_t n = CONTROL_LINE_MAX + 2;
	char *bytes = malloc(n + 16);

	(void)state;
	memset(bytes, 'a', n + 16);
	memcpy(bytes, "250 ", 4);
	memcpy(bytes + n - 2, "\r\n", 2);
	struct torctl *c = torctl_new(NULL, NULL);
	assert_int_equal(torctl_send(c, getinfo, NULL), OK);
	assert_int_equal(torctl_feed(c, bytes, n), OK);
	assert_int_equal(torctl_waiting(c), 0);
	torctl_free(c, ERR_TOR_LOST);
	/* One more, or one that never ends. */
	memset(bytes + 4, 'a', n);
	assert_bad(bytes, n + 1);
	free(bytes);
}

static void flood(const char *head, const char *line, size_t limit)
{
	struct torctl *c = torctl_new(NULL, NULL);
	size_t n = strlen(line), sent = 0;
	enum err err;

	assert_int_equal(torctl_send(c, getinfo, NULL), OK);
	err = torctl_feed(c, head, strlen(head));
	while (err == OK && sent <= limit + 1024) {
		err = torctl_feed(c, line, n);
		sent += n;
	}
	assert_int_equal(err, ERR_TOR_REPLY);
	assert_in_range(sent, limit - 2 * n - 64, limit + n);
	torctl_free(c, ERR_TOR_LOST);
}

static void test_floods(void **state)
{
	char *line = malloc(60001 + 8);

	(void)state;
	memset(line, 'x', 60000);
	memcpy(line + 60000, "\r\n", 3);
	flood("250+md/all=\r\n", line, CONTROL_REPLY_MAX);
	flood("650+NS\r\n", line, CONTROL_EVENT_MAX);
	memcpy(line, "250-", 4);
	flood("", line, CONTROL_REPLY_MAX);
	free(line);
}

static void test_no_injection(void **state)
{
	static const char *const bad[] = { "", " ", "a b", "a\r\nSIGNAL HALT", "a\n", "a\rb", "\"", "a\"b", "a\\b", "\t", "\x7f", "\x80", "\xc3\xa9", "a\x01" };
	struct torctl *c = torctl_new(NULL, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const char *words[] = { "GETINFO", bad[i], NULL }, *first[] = { bad[i], NULL };
		assert_int_equal(torctl_send(c, words, NULL), ERR_BUG);
		assert_int_equal(torctl_send(c, first, NULL), ERR_BUG);
		assert_false(torctl_is_word(bad[i]));
	}
	/* "+POSTDESCRIPTOR" would swallow what follows as data. */
	assert_int_equal(torctl_send(c, (const char *[]){ "+LOADCONF", NULL }, NULL), ERR_BUG);
	assert_int_equal(torctl_send(c, (const char *[]){ NULL }, NULL), ERR_BUG);
	assert_int_equal(torctl_out(c)->len, 0);
	assert_int_equal(torctl_waiting(c), 0);
	assert_int_equal(torctl_send(c, (const char *[]){ "MAPADDRESS", "a.virtual=b.test.AA.exit", NULL }, NULL), OK);
	assert_memory_equal(torctl_out(c)->bytes, "MAPADDRESS a.virtual=b.test.AA.exit\r\n", 37);
	torctl_free(c, ERR_TOR_LOST);
}

static void test_commands_have_limits(void **state)
{
	struct torctl *c = torctl_new(NULL, NULL);
	char *word = calloc(1, CONTROL_COMMAND_MAX + 1);
	size_t n = 0;

	(void)state;
	memset(word, 'a', CONTROL_COMMAND_MAX);
	const char *words[] = { "GETINFO", word, NULL };
	assert_int_equal(torctl_send(c, words, NULL), ERR_TOO_BIG);
	while (torctl_send(c, getinfo, NULL) == OK)
		n++;
	assert_int_equal(n, CONTROL_QUEUE_MAX);
	assert_int_equal(torctl_out(c)->len, n * strlen("GETINFO a\r\n"));
	torctl_free(c, ERR_TOR_LOST);
	c = torctl_new(NULL, NULL);
	word[CONTROL_COMMAND_MAX - 64] = '\0';
	for (n = 0; torctl_send(c, words, NULL) == OK; n++)
		assert_true(n < 100);
	assert_int_equal(torctl_out(c)->len % (CONTROL_COMMAND_MAX - 64 + strlen("GETINFO \r\n")), 0);   /* no half command */
	torctl_free(c, ERR_TOR_LOST);
	free(word);
}

/* A callback may ask on. */
static void on_done_resend(void *arg, enum err err, int code, const char *text)
{
	struct script *s = arg;
	struct torctl_ask ask = { NULL, on_done, s };

	on_done(s, err, code, text);
	note(s, "again %d\n", (int)torctl_send(s->ctl, getinfo, &ask));
}

static void test_ask_from_a_callback(void **state)
{
	static struct script s;
	struct torctl_ask ask = { NULL, on_done_resend, &s };

	(void)state;
	s.n = 0;
	s.ctl = torctl_new(NULL, NULL);
	assert_int_equal(torctl_send(s.ctl, getinfo, &ask), OK);
	assert_int_equal(torctl_feed(s.ctl, "250 one\r\n250 two\r\n", 18), OK);
	assert_string_equal(s.text, "done OK 250 one\nagain 0\ndone OK 250 two\n");
	/* At the link's end it is refused instead of waiting for ever. */
	s.n = 0;
	assert_int_equal(torctl_send(s.ctl, getinfo, &ask), OK);
	torctl_free(s.ctl, ERR_CANCELLED);
	char want[64];
	snprintf(want, sizeof want, "done ERR_CANCELLED 0 \nagain %d\n", ERR_TOR_LOST);
	assert_string_equal(s.text, want);
}

static void walk(const char *text, const char *want)
{
	char value[32], all[512] = "";
	struct torctl_arg arg = { .value = value, .room = sizeof value };
	const char *at = text;
	bool bad;

	while (torctl_next_arg(&at, &arg, &bad)) {
		assert_int_equal(strlen(value), arg.len);
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s<%s>", arg.key, value);
	}
	if (bad)
		strcat(all, "bad");
	assert_string_equal(all, want);
	assert_int_equal(*at, '\0');
}

static void test_arguments(void **state)
{
	(void)state;
	walk("", "");
	walk("   ", "");
	walk("36 BUILT $AA~n,$BB=m PURPOSE=GENERAL NEW_FIELD=1 x=", "<36><BUILT><$AA~n,$BB=m>PURPOSE<GENERAL>NEW_FIELD<1>x<>");
	walk("U=\"a b\" P=\"q\\\"\\\\\\n\\t\\r\"", "U<a b>P<q\"\\\n\t\r>");
	walk("U=\"\\101\\0412\\3777\"", "U<A!2\3777>");
	walk("U=\"\\0\\000x\"", "U<??x>");
	walk("U=\"\\400\"", "U<\0400>");     /* 400 octal is no byte: two digits, then a zero */
	walk("\"positional one\" b", "<positional one><b>");
	walk("U=\"", "bad");
	walk("U=\"abc", "bad");
	walk("U=\"abc\\", "bad");
	walk("U=\"abc\"x", "bad");
	walk("a U=0123456789012345678901234567890 b", "<a>U<0123456789012345678901234567890><b>");
	walk("a U=01234567890123456789012345678901 b", "<a>bad");
	walk("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ=1 b", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDE<1><b>");
	walk("=x", "<=x>");
	walk("md/id/AA=", "<md/id/AA=>");
}

/* Truncated anywhere it ends, one way or the other, without reading on. */
static void test_arguments_truncated(void **state)
{
	static const char text[] = "12 NEW 0 a.test:443 SOCKS_USERNAME=\"a\\\"\\101\\\\\" PURPOSE=USER";
	char value[64];

	(void)state;
	for (size_t n = 0; n < sizeof text; n++) {
		char *copy = strndup(text, n);
		struct torctl_arg arg = { .value = value, .room = sizeof value };
		const char *at = copy;
		bool bad;
		int count = 0;
		while (torctl_next_arg(&at, &arg, &bad))
			assert_true(++count < 10);
		assert_ptr_equal(at, copy + n);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_at_every_byte), cmocka_unit_test(test_truncate_at_every_byte), cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_after_the_end_nothing), cmocka_unit_test(test_odd_bytes_in_data),
		cmocka_unit_test(test_lines_have_a_limit), cmocka_unit_test(test_floods), cmocka_unit_test(test_no_injection),
		cmocka_unit_test(test_commands_have_limits), cmocka_unit_test(test_ask_from_a_callback),
		cmocka_unit_test(test_arguments), cmocka_unit_test(test_arguments_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
