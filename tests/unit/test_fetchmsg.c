// What main and the fetch role say to each other: every field arrives, every cut and every lie is refused; addresses and
// header lines that may not go out don't.
// uses: host/priv/fetchmsg.c host/base/buf.c host/base/rd.c host/base/err.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "priv/fetchmsg.h"

#include <stdio.h>

static struct fetch_ask ask(void)
{
	struct fetch_ask m = { .is_decoded = 1, .max_body = FETCH_DECODED_MAX, .deadline_ms = FETCH_DEADLINE_MAX_MS, .stall_ms = 1 };
	assert_int_equal(fetch_url_split("https://site.test:8443/a?b=%20#c", &m), OK);
	strcpy(m.lines, "Accept: */*\nReferer: http://x.test/\n");
	return m;
}

static struct fetch_head head(void)
{
	static const char lines[] = "Content-Type: text/html\nX:\nset-cookie: a\x80\n";
	return (struct fetch_head){ .http = 20, .status = 206, .has_leaf = 1, .leaf = { 1, 2 }, .has_length = 1, .length = 1ull << 40,
	                            .lines = rd_of(lines, sizeof lines - 1) };
}

static struct fetch_tail tail(void)
{
	return (struct fetch_tail){ .err = ERR_HTTP_SHORT, .has_leaf = 1, .leaf = { 7 }, .is_framed = 1, .body = 1ull << 33, .elapsed_ms = 9 };
}

static struct buf put(int which)
{
	struct buf b = buf_new(FRAME_MAX);
	if (which == 0)
		fetchmsg_put_ask(&b, &(struct fetch_ask[]){ ask() }[0]);
	else if (which == 1)
		fetchmsg_put_head(&b, &(struct fetch_head[]){ head() }[0]);
	else
		fetchmsg_put_tail(&b, &(struct fetch_tail[]){ tail() }[0]);
	assert_int_equal(buf_err(&b), OK);
	return b;
}

/* Decoded from a copy of exact size, so that AddressSanitizer guards its end; *again: written once more. */
static enum err get(int which, const uint8_t *bytes, size_t n, struct buf *again)
{
	static struct fetch_ask a;
	struct fetch_head h;
	struct fetch_tail t;
	uint8_t *copy = malloc(n ? n : 1);
	enum err err;

	if (n > 0)
		memcpy(copy, bytes, n);
	const struct rd in = rd_of(copy, n);
	if (which == 0)
		err = fetchmsg_get_ask(in, &a);
	else if (which == 1)
		err = fetchmsg_get_head(in, &h);
	else
		err = fetchmsg_get_tail(in, &t);
	*again = buf_new(FRAME_MAX);
	if (err == OK && which == 0)
		fetchmsg_put_ask(again, &a);
	else if (err == OK && which == 1)
		fetchmsg_put_head(again, &h);
	else if (err == OK)
		fetchmsg_put_tail(again, &t);
	free(copy);
	return err;
}

static void round_trip(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct buf b BUF_AUTO = put(i), again BUF_AUTO;
		assert_int_equal(get(i, b.bytes, b.len, &again), OK);
		assert_int_equal(again.len, b.len);
		assert_memory_equal(again.bytes, b.bytes, b.len);
	}
}

static void fields(void **state)
{
	(void)state;
	struct buf b BUF_AUTO = put(0), c BUF_AUTO = put(1), d BUF_AUTO = put(2);
	struct fetch_ask a;
	struct fetch_head h;
	struct fetch_tail t;
	char text[64];

	assert_int_equal(fetchmsg_get_ask(rd_of(b.bytes, b.len), &a), OK);
	assert_string_equal(a.host, "site.test");
	assert_string_equal(a.target, "/a?b=%20");
	assert_int_equal(a.port, 8443);
	assert_true(a.is_https && a.is_decoded && !a.is_head);
	assert_int_equal(a.deadline_ms, FETCH_DEADLINE_MAX_MS);
	assert_int_equal(fetchmsg_get_head(rd_of(c.bytes, c.len), &h), OK);
	assert_true(h.http == 20 && h.status == 206 && h.length == 1ull << 40);
	assert_true(fetch_line_find(h.lines, "content-type", text, sizeof text));
	assert_string_equal(text, "text/html");
	assert_true(fetch_line_find(h.lines, "x", text, sizeof text));
	assert_string_equal(text, "");
	assert_false(fetch_line_find(h.lines, "Set-Cookie", text, sizeof text));
	assert_false(fetch_line_find(h.lines, "content", text, sizeof text));
	assert_false(fetch_line_find(h.lines, "content-type", text, 9));
	assert_int_equal(fetchmsg_get_tail(rd_of(d.bytes, d.len), &t), OK);
	assert_true(t.err == ERR_HTTP_SHORT && t.leaf[0] == 7 && t.body == 1ull << 33);
}

static void cut_anywhere(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct buf b BUF_AUTO = put(i), again BUF_AUTO;
		for (size_t n = 0; n < b.len; n++)
			assert_int_equal(get(i, b.bytes, n, &again), ERR_FORMAT);
		buf_u8(&b, 0);
		assert_int_equal(get(i, b.bytes, b.len, &again), ERR_FORMAT);
	}
}

/* Every byte replaced by every other: refused, or the same when written again. */
static void lie_anywhere(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct buf b BUF_AUTO = put(i);
		for (size_t at = 0; at < b.len; at++) {
			uint8_t was = b.bytes[at];
			for (int v = 0; v < 256; v++) {
				struct buf again BUF_AUTO;
				b.bytes[at] = (uint8_t)v;
				if (get(i, b.bytes, b.len, &again) != OK)
					continue;
				/* A leaf that is said not to be there is written as zeros. */
				assert_int_equal(again.len, b.len);
				if (i == 0 || (i == 1 && b.bytes[3]) || (i == 2 && b.bytes[4]))
					assert_memory_equal(again.bytes, b.bytes, b.len);
			}
			b.bytes[at] = was;
		}
	}
}

static void out_of_range(void **state)
{
	(void)state;
	struct fetch_head h = head();
	static const struct { uint8_t http; uint16_t status; const char *lines; size_t n; } rows[] = {
		{ 9, 200, "", 0 }, { 30, 200, "", 0 }, { 11, 199, "", 0 }, { 11, 1000, "", 0 }, { 11, 0, "", 0 }, { 11, 200, "A: b", 4 },
		{ 11, 200, "A: b\r\n", 6 }, { 11, 200, "A\n", 2 }, { 11, 200, ": b\n", 4 }, { 11, 200, "A: \0b\n", 6 }, { 11, 200, "\n", 1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf b BUF_AUTO = buf_new(FRAME_MAX);
		h.http = rows[i].http;
		h.status = rows[i].status;
		h.lines = rd_of(rows[i].lines, rows[i].n);
		fetchmsg_put_head(&b, &h);
		assert_int_equal(fetchmsg_get_head(rd_of(b.bytes, b.len), &h), ERR_FORMAT);
	}
	/* The largest of both fit a frame. */
	static char lines[HTTP_HEADERS_MAX];
	memset(lines, 'x', sizeof lines);
	lines[1] = ':';
	lines[sizeof lines - 1] = '\n';
	struct buf b BUF_AUTO = buf_new(FRAME_MAX - 6);
	h = head();
	h.lines = rd_of(lines, sizeof lines);
	fetchmsg_put_head(&b, &h);
	assert_int_equal(buf_err(&b), OK);
	assert_int_equal(fetchmsg_get_head(rd_of(b.bytes, b.len), &h), OK);
}

static void addresses(void **state)
{
	(void)state;
	static const struct { const char *url, *host, *target; uint16_t port; bool is_https; } good[] = {
		{ "http://site.test", "site.test", "/", 80, false }, { "HTTPS://SITE.Test:/", "site.test", "/", 443, true },
		{ "http://site.test?q", "site.test", "/?q", 80, false }, { "http://site.test#f", "site.test", "/", 80, false },
		{ "http://site.test./x//y/../z?#", "site.test.", "/x//y/../z?", 80, false }, { "https://a_b-c.test:65535/@:?", "a_b-c.test", "/@:?", 65535, true },
		{ "http://1.2.3.4:1/", "1.2.3.4", "/", 1, false }, { "http://[2606:4700::1111]:8080/x", "[2606:4700::1111]", "/x", 8080, false },
		{ "http://[::1]", "[::1]", "/", 80, false }, { "http://x/\\", "x", "/\\", 80, false },
	};
	static const char *const bad[] = {
		"", "http", "http:", "http:/", "http://", "http:///", "https://:80/", "ftp://site.test/", "javascript:alert(1)", "file:///etc/passwd",
		"site.test", "//site.test/", "http://a@site.test/", "http://a:b@site.test/", "http://site.test:0/", "http://site.test:65536/",
		"http://site.test:99999999999/", "http://site.test:8o/", "http://site.test:-1/", "http://site.test: 80/", "http://si te.test/",
		"http://site.test/a b", "http://site.test/\r\nHost: x", "http://site.test/\n", "http://site.test/\x7f", "http://site.test/\xc3\xa9",
		"http://s\xc3\xa9.test/", "http://site.test\\evil.test/", "http://site.test%2f/", "http://[::1/", "http://[]/", "http://[::1]x/", "http://[zz]/",
		"http://::1/", "http://a:b:80/", "http://site.test,x/", "http://site.test/\t", " http://site.test/", "http://site.test<x/", "http://*/",
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct fetch_ask m = { 0 };
		if (fetch_url_split(good[i].url, &m) != OK)
			fail_msg("%s", good[i].url);
		assert_string_equal(m.host, good[i].host);
		assert_string_equal(m.target, good[i].target);
		assert_int_equal(m.port, good[i].port);
		assert_int_equal(m.is_https, good[i].is_https);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct fetch_ask m = { .port = 7 };
		if (fetch_url_split(bad[i], &m) != ERR_HTTP_URL)
			fail_msg("%s", bad[i]);
		assert_int_equal(m.port, 7);
	}
	/* As long as it may be, and one more. */
	static char url[URL_MAX + 1];
	struct fetch_ask m;
	memset(url, 'a', sizeof url - 1);
	memcpy(url, "http://site.test/", 17);
	assert_int_equal(fetch_url_split(url, &m), ERR_HTTP_URL);
	url[URL_MAX - 1] = '\0';
	assert_int_equal(fetch_url_split(url, &m), OK);
	memset(url + 7, 'h', HOST_MAX);
	assert_int_equal(fetch_url_split(url, &m), ERR_HTTP_URL);
}

static void lines(void **state)
{
	(void)state;
	static const char *const good[] = {
		"", "Accept: x\n", "accept:x\nUSER-AGENT:\tMozilla/5.0\nReferer: http://a/ \n", "Range: bytes=0-1,5-\nIf-Range: \"e\"\n",
	};
	static const char *const bad[] = {
		"Accept: x", "\n", "Accept\n", "Accept:\n", "Accept: \n", ": x\n", "Accept : x\n", " Accept: x\n", "Accept: x\n\n", "Accept: x\n y\n",
		"Accept: x\nAccept: y\n", "Accept: x\naccept: y\n", "Accept: x\r\n", "Accept: \x80\n", "Accept: \x01\n", "Cookie: a\n", "cookie: a\n",
		"Authorization: x\n", "Proxy-Authorization: x\n", "Host: x\n", "Connection: close\n", "Transfer-Encoding: chunked\n", "TE: gzip\n",
		"Content-Length: 1\n", "Expect: 100-continue\n", "Upgrade: h2c\n", "Accept-Encoding: gzip\n", "X-Forwarded-For: 1.2.3.4\n", "Origin: x\n",
		"Accept: x\nX: y\n", "If-None-Match: x\n",
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!fetch_lines_are_sent(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (fetch_lines_are_sent(bad[i]))
			fail_msg("%s", bad[i]);
}

/* Bytes to be posted: with every cut, and only where it may be. */
static void a_post(void **state)
{
	(void)state;
	static uint8_t bytes[REPORT_ENVELOPE_MAX];
	struct fetch_ask m = { .max_body = 40, .deadline_ms = 1000, .stall_ms = 1000, .post = rd_of(bytes, 300) }, got;
	struct buf b BUF_AUTO = buf_new(FRAME_MAX), largest BUF_AUTO = buf_new(FRAME_MAX);

	assert_int_equal(fetch_url_split("http://a.onion/report", &m), OK);
	fetchmsg_put_ask(&b, &m);
	assert_int_equal(fetchmsg_get_ask(rd_of(b.bytes, b.len), &got), OK);
	assert_int_equal(got.post.left, 300);
	assert_ptr_equal(got.post.at, b.bytes + b.len - 300);
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(fetchmsg_get_ask(rd_of(b.bytes, n), &got), ERR_FORMAT);
	/* The largest fits a frame. */
	m.post = rd_of(bytes, sizeof bytes);
	fetchmsg_put_ask(&largest, &m);
	assert_int_equal(buf_err(&largest), OK);
	assert_int_equal(fetchmsg_get_ask(rd_of(largest.bytes, largest.len), &got), OK);
	/* https, HEAD, decoded: each a lie. Their bytes: the first, and the two behind the lines. */
	const size_t at[] = { 0, b.len - 300 - 4 - 4 - 4 - 8 - 1, b.len - 300 - 4 - 4 - 4 - 8 - 2 };
	for (size_t i = 0; i < 3; i++) {
		b.bytes[at[i]] = 1;
		assert_int_equal(fetchmsg_get_ask(rd_of(b.bytes, b.len), &got), ERR_FORMAT);
		b.bytes[at[i]] = 0;
	}
	assert_int_equal(fetchmsg_get_ask(rd_of(b.bytes, b.len), &got), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_post), cmocka_unit_test(round_trip), cmocka_unit_test(fields), cmocka_unit_test(cut_anywhere), cmocka_unit_test(lie_anywhere),
		cmocka_unit_test(out_of_range), cmocka_unit_test(addresses), cmocka_unit_test(lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
