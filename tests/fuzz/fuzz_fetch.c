// Aims at priv/fetchmsg.c (first byte 0 to 3) and fetch/head.c (else: header bytes as a server sends them, line by line).
// Whatever is accepted must, written again, be the same.
// uses: host/priv/fetchmsg.c host/fetch/head.c host/base/buf.c host/base/rd.c host/base/err.c
#include "fetch/head.h"
#include "priv/fetchmsg.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void same(const struct buf *b, const uint8_t *bytes, size_t n)
{
	assert(buf_err(b) == OK && b->len == n && memcmp(b->bytes, bytes, n) == 0);
}

static void answer(const uint8_t *bytes, size_t n)
{
	struct head h = head_new();
	enum err err = OK;

	while (n > 0 && err == OK) {
		const uint8_t *end = memchr(bytes, '\n', n);
		size_t line = end != NULL ? (size_t)(end - bytes) + 1 : n;
		err = head_line(&h, bytes, line);
		bytes += line;
		n -= line;
	}
	assert(h.total <= HTTP_HEADERS_MAX && h.lines.len <= HTTP_HEADERS_MAX);
	if (err == OK && h.is_whole) {
		/* What the role sends main takes. */
		struct buf b = buf_new(FRAME_MAX);
		const struct fetch_head m = { .http = h.http, .status = h.status, .has_length = h.has_length, .length = h.length,
		                              .lines = rd_of(h.lines.bytes, h.lines.len) };
		struct fetch_head out;
		fetchmsg_put_head(&b, &m);
		assert(buf_err(&b) == OK && fetchmsg_get_head(rd_of(b.bytes, b.len), &out) == OK);
		buf_free(&b);
	}
	(void)head_is_framed(&h, false);
	head_free(&h);
}

static void address(const uint8_t *bytes, size_t n)
{
	static char text[URL_MAX + 64];
	static struct fetch_ask m;

	if (n >= sizeof text)
		return;
	memcpy(text, bytes, n);
	text[n] = '\0';
	(void)fetch_lines_are_sent(text);
	if (fetch_url_split(text, &m) == OK)
		assert(m.target[0] == '/' && m.host[0] != '\0' && m.port != 0 && strpbrk(m.host, "@/\\?# \r\n") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct fetch_ask a;
	struct fetch_head h;
	struct fetch_tail t;
	struct buf b = buf_new(FRAME_MAX);

	if (n < 1 || n > FRAME_MAX)
		return 0;
	const uint8_t *rest = bytes + 1;
	switch (bytes[0]) {
	case 0:
		if (fetchmsg_get_ask(rd_of(rest, n - 1), &a) == OK) {
			fetchmsg_put_ask(&b, &a);
			same(&b, rest, n - 1);
		}
		break;
	case 1:
		if (fetchmsg_get_head(rd_of(rest, n - 1), &h) == OK && h.has_leaf) {
			fetchmsg_put_head(&b, &h);
			same(&b, rest, n - 1);
		}
		break;
	case 2:
		if (fetchmsg_get_tail(rd_of(rest, n - 1), &t) == OK && t.has_leaf) {
			fetchmsg_put_tail(&b, &t);
			same(&b, rest, n - 1);
		}
		break;
	case 3:
		address(rest, n - 1);
		break;
	default:
		answer(rest, n - 1);
		break;
	}
	buf_free(&b);
	return 0;
}
