// uses: host/collector/http.c host/base/buf.c host/base/err.c
/* The collector's HTTP requests: whole, in pieces of every size, cut at every byte, and lies in every field. */
#include "collector/http.h"
#include "base/limits_collector.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BODY_MAX 64

static const char good[] = "POST /report HTTP/1.1\r\nHost: x.onion\r\nContent-Type: application/octet-stream\r\nContent-Length: 5\r\n"
                           "Connection: close\r\n\r\nhello";

/* Feeds text in pieces of `piece`; the last step. *used: how many bytes were taken. */
static enum http_step feed(struct http_in *in, const char *text, size_t n, size_t piece, size_t *used)
{
	enum http_step step = HTTP_MORE;

	*used = 0;
	http_in_init(in, BODY_MAX);
	while (*used < n && step != HTTP_DONE && step != HTTP_BAD) {
		size_t part = n - *used < piece ? n - *used : piece;
		size_t took = http_in_feed(in, (const uint8_t *)text + *used, part, &step);
		if (took == 0 && step != HTTP_HEAD && step != HTTP_BAD && step != HTTP_DONE)
			fail_msg("nothing taken and nothing said");
		*used += took;
	}
	return step;
}

static void pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= sizeof good; piece++) {
		struct http_in in;
		size_t used;
		assert_int_equal(feed(&in, good, sizeof good - 1, piece, &used), HTTP_DONE);
		assert_int_equal(used, sizeof good - 1);
		assert_string_equal(in.method, "POST");
		assert_string_equal(in.path, "/report");
		assert_string_equal(in.host, "x.onion");
		assert_int_equal(in.body.len, 5);
		assert_memory_equal(in.body.bytes, "hello", 5);
		assert_false(in.keeps_open);
		http_in_free(&in);
	}
}

/* Cut at every byte: never done, never bad. */
static void cut(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof good - 1; n++) {
		for (size_t piece = 1; piece <= 1000; piece += 333) {
			struct http_in in;
			size_t used;
			enum http_step step = feed(&in, good, n, piece, &used);
			assert_true(step == HTTP_MORE || step == HTTP_HEAD);
			http_in_free(&in);
		}
	}
}

/* Every byte of the head replaced by every other: ends in one of the four ways, within what was given. */
static void changed(void **state)
{
	(void)state;
	for (size_t at = 0; at < sizeof good - 1; at++) {
		for (int b = 0; b < 256; b++) {
			char text[sizeof good];
			struct http_in in;
			size_t used;
			memcpy(text, good, sizeof good);
			text[at] = (char)b;
			enum http_step step = feed(&in, text, sizeof good - 1, 7, &used);
			assert_true(used <= sizeof good - 1);
			if (step == HTTP_BAD)
				assert_true(in.status >= 400 && in.status < 600 && strcmp(http_reason(in.status), "Error") != 0);
			http_in_free(&in);
		}
	}
}

static unsigned status_of(const char *text)
{
	struct http_in in;
	size_t used;
	enum http_step step = feed(&in, text, strlen(text), 1000, &used);
	unsigned status = step == HTTP_BAD ? in.status : step == HTTP_DONE ? 200 : 0;

	http_in_free(&in);
	return status;
}

#define POST "POST / HTTP/1.1\r\nHost: x\r\n"

static void refused(void **state)
{
	static const struct { const char *text; unsigned status; } rows[] = {
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
		{ "HEAD / HTTP/1.0\r\nHost: x\r\n\r\n", 200 },
		{ POST "Content-Length: 0\r\n\r\n", 200 },
		{ POST "Content-Length: 64\r\n\r\n", 0 },
		{ POST "Content-Length: 65\r\n\r\n", 413 },
		{ POST "Content-Length: 99999999999999999999999\r\n\r\n", 413 },
		{ POST "Content-Length: 18446744073709551621\r\n\r\n", 413 },
		{ POST "Content-Length: -1\r\n\r\n", 400 },
		{ POST "Content-Length: +5\r\n\r\n", 400 },
		{ POST "Content-Length: 5 5\r\n\r\n", 400 },
		{ POST "Content-Length: 5,5\r\n\r\n", 400 },
		{ POST "Content-Length: 0x5\r\n\r\n", 400 },
		{ POST "Content-Length:\r\n\r\n", 400 },
		{ POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400 },
		{ POST "Content-Length: 5\r\ncontent-length: 6\r\n\r\n", 400 },
		{ POST "\r\n", 411 },
		{ POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501 },
		{ POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 501 },
		{ POST "Content-Length : 5\r\n\r\n", 400 },
		{ POST "Content-Length: 5\r\n folded\r\n\r\n", 400 },
		{ POST "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n", 200 },
		{ POST "Expect: tea\r\nContent-Length: 0\r\n\r\n", 417 },
		{ "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 400 },
		{ "GET / HTTP/1.1\nHost: x\n\n\r\n\r\n", 400 },
		{ "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505 },
		{ "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505 },
		{ "GET / http/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400 },
		{ "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
		{ "PROPFINDPROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
		{ "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: x\r\nX: \x01\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: x\r\nX: \xff\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: x\r\nnocolon\r\n\r\n", 400 },
		{ "\x16\x03\x01\x02 TLS \r\n\r\n", 400 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned got = status_of(rows[i].text);
		if (got != rows[i].status)
			fail_msg("row %zu: %u, not %u", i, got, rows[i].status);
	}
}

static void too_long(void **state)
{
	static char text[DOOR_HEAD_MAX + 4096];
	int n = snprintf(text, sizeof text, "GET /%0*d HTTP/1.1\r\nHost: x\r\n\r\n", 2000, 0);

	(void)state;
	assert_true(n > 0);
	assert_int_equal(status_of(text), 414);
	n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
	memset(text + n, 'a', sizeof text - (size_t)n - 1);
	assert_int_equal(status_of(text), 431);
	/* A head without an end is not kept beyond its bound. */
	memset(text, 'a', sizeof text - 1);
	assert_int_equal(status_of(text), 431);
}

/* Two in one piece: the second is left alone. */
static void two(void **state)
{
	static const char text[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n";
	struct http_in in;
	size_t used;

	(void)state;
	assert_int_equal(feed(&in, text, sizeof text - 1, 1000, &used), HTTP_DONE);
	assert_int_equal(used, (sizeof text - 1) / 2);
	assert_string_equal(in.path, "/a");
	assert_true(in.keeps_open);
	http_in_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces), cmocka_unit_test(cut), cmocka_unit_test(changed), cmocka_unit_test(refused),
		cmocka_unit_test(too_long), cmocka_unit_test(two),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
