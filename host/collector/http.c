/* Strict HTTP/1.x requests (contract in collector/http.h). */
#include "collector/http.h"
#include "base/limits_collector.h"
#include <string.h>
#include <strings.h>

void http_in_init(struct http_in *in, size_t body_max)
{
	*in = (struct http_in){ .head = buf_new(DOOR_HEAD_MAX), .body = buf_new(body_max), .body_max = body_max, .step = HTTP_MORE };
}

void http_in_free(struct http_in *in)
{
	buf_free(&in->head);
	buf_free(&in->body);
}

static void bad(struct http_in *in, unsigned status)
{
	if (in->step == HTTP_BAD)
		return;
	in->step = HTTP_BAD;
	in->status = status;
}

/* A token of RFC 9110 section 5.6.2. */
static bool is_token(const char *s, size_t n)
{
	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", s[i]) != NULL)
			return false;
	return true;
}

/* Visible ASCII, blanks and tabs (no obs-text: nobody who has business here sends it). */
static bool is_text(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((s[i] < 0x20 && s[i] != '\t') || s[i] >= 0x7f)
			return false;
	return true;
}

static bool copy(char *out, size_t cap, const char *from, size_t n)
{
	if (n >= cap)
		return false;
	memcpy(out, from, n);
	out[n] = '\0';
	return true;
}

/* method SP request-target SP HTTP-version. */
static void take_request_line(struct http_in *in, const char *line, size_t n)
{
	const char *first = memchr(line, ' ', n);
	const char *second = first != NULL ? memchr(first + 1, ' ', n - (size_t)(first + 1 - line)) : NULL;
	if (second == NULL || !is_text(line, n) || !is_token(line, (size_t)(first - line))) {
		bad(in, 400);
		return;
	}
	const char *version = second + 1;
	size_t left = n - (size_t)(version - line);
	if (left != 8 || memcmp(version, "HTTP/1.", 7) != 0 || (version[7] != '0' && version[7] != '1')) {
		bad(in, left == 8 && memcmp(version, "HTTP/", 5) == 0 ? 505 : 400);
		return;
	}
	in->keeps_open = version[7] == '1';
	if (!copy(in->method, sizeof in->method, line, (size_t)(first - line)))
		bad(in, 405);
	else if (first[1] != '/' || !copy(in->path, sizeof in->path, first + 1, (size_t)(second - first - 1)))
		bad(in, first[1] == '/' ? 414 : 400);
}

static void take_length(struct http_in *in, const char *value, size_t n)
{
	size_t length = 0;
	if (in->has_length || n == 0 || n > 9) {
		bad(in, n > 9 ? 413 : 400);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (value[i] < '0' || value[i] > '9') {
			bad(in, 400);
			return;
		}
		length = length * 10 + (size_t)(value[i] - '0');
	}
	in->has_length = true;
	in->length = length;
	if (length > in->body_max)
		bad(in, 413);
}

static bool is(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && strncasecmp(s, word, n) == 0;
}

static void take_field(struct http_in *in, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n);
	if (colon == NULL || !is_token(line, (size_t)(colon - line)) || !is_text(line, n)) {
		bad(in, 400);
		return;
	}
	const char *value = colon + 1, *end = line + n;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	size_t name_n = (size_t)(colon - line), value_n = (size_t)(end - value);
	if (is(line, name_n, "content-length")) {
		take_length(in, value, value_n);
	} else if (is(line, name_n, "transfer-encoding")) {
		bad(in, 501);
	} else if (is(line, name_n, "host")) {
		if (in->has_host || !copy(in->host, sizeof in->host, value, value_n))
			bad(in, 400);
		in->has_host = true;
	} else if (is(line, name_n, "connection")) {
		/* "close" alone is what senders say; anything else that isn't keep-alive is taken for it. */
		if (!is(value, value_n, "keep-alive"))
			in->keeps_open = false;
	} else if (is(line, name_n, "expect")) {
		if (!is(value, value_n, "100-continue"))
			bad(in, 417);
		in->wants_continue = true;
	}
}

/* Lines end with CR LF; a bare CR or LF is text, which is_text refuses. */
static void take_head(struct http_in *in)
{
	const char *at = (const char *)in->head.bytes, *end = at + in->head.len - 2;
	bool is_first = true;

	while (at < end && in->step != HTTP_BAD) {
		const char *stop = memmem(at, (size_t)(end - at), "\r\n", 2);
		size_t n = (size_t)(stop - at);
		if (is_first)
			take_request_line(in, at, n);
		else
			take_field(in, at, n);
		is_first = false;
		at = stop + 2;
	}
	if (in->step == HTTP_BAD)
		return;
	bool is_post = strcmp(in->method, "POST") == 0;
	if (!in->has_host || (!is_post && in->length > 0))
		bad(in, 400);
	else if (!is_post && strcmp(in->method, "GET") != 0 && strcmp(in->method, "HEAD") != 0)
		bad(in, 405);
	else if (is_post && !in->has_length)
		bad(in, 411);
	else
		in->step = in->length > 0 ? HTTP_HEAD : HTTP_DONE;
}

/* The head byte by byte up to its empty line: at most DOOR_HEAD_MAX of them. */
static size_t feed_head(struct http_in *in, const uint8_t *bytes, size_t n)
{
	size_t used = 0;
	while (used < n && !in->is_head_done && in->step == HTTP_MORE) {
		/* RFC 9112 section 2.2: an empty line before a request is skipped. */
		if (in->head.len == 0 && (bytes[used] == '\r' || bytes[used] == '\n')) {
			bad(in, 400);
			break;
		}
		buf_put(&in->head, &bytes[used++], 1);
		if (buf_err(&in->head) != OK)
			bad(in, buf_err(&in->head) == ERR_TOO_BIG ? 431 : 503);
		else if (in->head.len >= 4 && memcmp(in->head.bytes + in->head.len - 4, "\r\n\r\n", 4) == 0)
			in->is_head_done = true;
	}
	if (in->is_head_done && in->step == HTTP_MORE)
		take_head(in);
	return used;
}

size_t http_in_feed(struct http_in *in, const uint8_t *bytes, size_t n, enum http_step *step)
{
	size_t used = 0;

	if (in->step == HTTP_HEAD)
		in->step = HTTP_MORE;   /* told */
	if (in->step == HTTP_MORE && !in->is_head_done)
		used = feed_head(in, bytes, n);
	if (in->step == HTTP_MORE && in->is_head_done) {
		size_t want = in->length - in->body.len, have = n - used;
		size_t take = want < have ? want : have;
		buf_put(&in->body, bytes + used, take);
		used += take;
		if (buf_err(&in->body) != OK)
			bad(in, 503);
		else if (in->body.len == in->length)
			in->step = HTTP_DONE;
	}
	*step = in->step;
	return used;
}

const char *http_reason(unsigned status)
{
	static const struct { unsigned status; const char *reason; } reasons[] = {
		{ 200, "OK" }, { 400, "Bad Request" }, { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 408, "Request Timeout" }, { 411, "Length Required" }, { 413, "Content Too Large" }, { 414, "URI Too Long" },
		{ 417, "Expectation Failed" }, { 422, "Unprocessable Content" }, { 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" },
	};
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Error";
}
