/* See head.h. */
#include "fetch/head.h"

#include "base/rd.h"

#include <string.h>
#include <strings.h>

struct head head_new(void)
{
	return (struct head){ .lines = buf_new(HTTP_HEADERS_MAX) };
}

void head_free(struct head *h)
{
	buf_free(&h->lines);
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* "HTTP/1.1 200 …", "HTTP/2 200". */
static enum err status_line(struct head *h, struct rd line)
{
	(void)rd_take(&line, 5);
	uint8_t major = rd_u8(&line), minor = '0';

	if (line.left > 0 && line.at[0] == '.') {
		(void)rd_u8(&line);
		minor = rd_u8(&line);
	}
	bool is_good = !line.bad && ((major == '1' && (minor == '0' || minor == '1')) || (major == '2' && minor == '0'));
	if (!is_good || !is_blank(rd_u8(&line)))
		return ERR_HTTP_PROTOCOL;
	while (line.left > 0 && is_blank(line.at[0]))
		(void)rd_u8(&line);
	uint8_t digit[3];
	rd_copy(&line, digit, sizeof digit);
	bool ends = line.left == 0 || is_blank(line.at[0]);
	if (line.bad || !ends || !is_digit(digit[0]) || !is_digit(digit[1]) || !is_digit(digit[2]) || digit[0] == '0')
		return ERR_HTTP_PROTOCOL;
	h->http = (uint8_t)((major - '0') * 10 + (minor - '0'));
	h->status = (uint16_t)((digit[0] - '0') * 100 + (digit[1] - '0') * 10 + (digit[2] - '0'));
	h->lines.len = 0;
	h->has_length = h->is_chunked = false;
	/* We never ask for it. */
	return h->status == 101 ? ERR_HTTP_PROTOCOL : OK;
}

static bool is_named(struct rd name, const char *what)
{
	return name.left == strlen(what) && strncasecmp((const char *)name.at, what, name.left) == 0;
}

/* Two lengths that differ could be one for us and one for whoever stands between (RFC 9112 section 6.3). */
static enum err note_length(struct head *h, struct rd value)
{
	uint64_t n = 0;

	if (value.left == 0 || value.left > 19)
		return ERR_HTTP_PROTOCOL;
	for (size_t i = 0; i < value.left; i++) {
		if (!is_digit(value.at[i]))
			return ERR_HTTP_PROTOCOL;
		n = n * 10 + (uint64_t)(value.at[i] - '0');
	}
	if (h->has_length && h->length != n)
		return ERR_HTTP_PROTOCOL;
	h->has_length = true;
	h->length = n;
	return OK;
}

/* Chunks tell the end only as the last coding. */
static bool ends_chunked(struct rd value)
{
	static const char word[] = "chunked";
	size_t n = sizeof word - 1;

	return value.left >= n && strncasecmp((const char *)value.at + value.left - n, word, n) == 0;
}

static struct rd trimmed(struct rd r)
{
	while (r.left > 0 && is_blank(r.at[0]))
		(void)rd_u8(&r);
	while (r.left > 0 && is_blank(r.at[r.left - 1]))
		r.left--;
	return r;
}

static enum err field_line(struct head *h, struct rd line)
{
	const uint8_t *colon = memchr(line.at, ':', line.left);

	if (is_blank(line.at[0])) {
		/* Folded: more of the value before. */
		struct rd more = trimmed(line);
		if (h->lines.len == 0 || more.left == 0)
			return OK;
		h->lines.bytes[h->lines.len - 1] = ' ';
		buf_put(&h->lines, more.at, more.left);
		buf_u8(&h->lines, '\n');
		return buf_err(&h->lines);
	}
	if (colon == NULL || colon == line.at)
		return OK;
	struct rd name = rd_take(&line, (size_t)(colon - line.at));
	(void)rd_u8(&line);
	struct rd value = trimmed(line);
	enum err err = OK;
	if (is_named(name, "content-length"))
		err = note_length(h, value);
	else if (is_named(name, "transfer-encoding"))
		h->is_chunked = ends_chunked(value);
	buf_put(&h->lines, name.at, name.left);
	buf_put(&h->lines, ": ", 2);
	buf_put(&h->lines, value.at, value.left);
	buf_u8(&h->lines, '\n');
	if (err == OK && buf_err(&h->lines) != OK)
		err = buf_err(&h->lines) == ERR_TOO_BIG ? ERR_HTTP_HEADERS : buf_err(&h->lines);
	return err;
}

static enum err empty_line(struct head *h)
{
	if (h->status == 0)
		return OK;
	if (h->status < 200)
		h->status = 0;
	else
		h->is_whole = true;
	return OK;
}

enum err head_line(struct head *h, const uint8_t *bytes, size_t n)
{
	struct rd line = rd_of(bytes, n);

	if (n > HTTP_HEADERS_MAX - h->total)
		return ERR_HTTP_HEADERS;
	h->total += n;
	if (h->is_whole)
		return OK;    /* trailers */
	if (line.left > 0 && line.at[line.left - 1] == '\n')
		line.left--;
	if (line.left > 0 && line.at[line.left - 1] == '\r')
		line.left--;
	for (size_t i = 0; i < line.left; i++)
		if (line.at[i] == '\0' || line.at[i] == '\r' || line.at[i] == '\n')
			return ERR_HTTP_PROTOCOL;
	if (line.left == 0)
		return empty_line(h);
	if (line.left >= 5 && memcmp(line.at, "HTTP/", 5) == 0)
		return h->status == 0 ? status_line(h, line) : ERR_HTTP_PROTOCOL;
	return h->status != 0 ? field_line(h, line) : ERR_HTTP_PROTOCOL;
}

bool head_is_framed(const struct head *h, bool is_head)
{
	return h->is_whole && (is_head || h->http == 20 || h->is_chunked || h->has_length || h->status == 204 ||
	                       h->status == 304);
}
