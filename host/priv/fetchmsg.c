/* The bytes of fetchmsg.h's structs, and what an address and header lines may look like. The fetch role speaks to
 * servers: main reads it as strictly as a stranger; and the role checks again what main lets out. */
#include "priv/fetchmsg.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

static void refuse(struct rd *r)
{
	*r = (struct rd){ .bad = true };
}

static uint8_t get_bool(struct rd *r)
{
	uint8_t v = rd_u8(r);

	if (v > 1)
		refuse(r);
	return v;
}

static uint32_t get_ms(struct rd *r)
{
	uint32_t ms = rd_u32(r);

	if (ms == 0 || ms > FETCH_DEADLINE_MAX_MS)
		refuse(r);
	return ms;
}

static bool is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= 0x20 || *s >= 0x7f)
			return false;
	return true;
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* ---- addresses ---- */

static bool host_is_good(const char *host)
{
	size_t n = strlen(host);
	bool is_ipv6 = host[0] == '[';

	if (n == 0 || (is_ipv6 && (n < 4 || host[n - 1] != ']')))
		return false;
	for (size_t i = is_ipv6; i < n - is_ipv6; i++) {
		char c = host[i];
		if (lower(c) != c || (is_ipv6 ? strchr("0123456789abcdef:.", c) == NULL
		                              : !is_letter_or_digit(c) && c != '-' && c != '.' && c != '_'))
			return false;
	}
	return true;
}

static bool target_is_good(const char *target)
{
	return target[0] == '/' && is_printable(target) && strchr(target, '#') == NULL;
}

/* "host:port" of n bytes. A port is 1 to 5 digits; none is the scheme's own. */
static bool authority_split(const char *at, size_t n, struct fetch_ask *out)
{
	size_t host = 0;
	uint32_t port = 0;

	if (n > 0 && at[0] == '[')
		while (host < n && at[host] != ']')
			host++;
	while (host < n && at[host] != ':')
		host++;
	if (host == 0 || host >= sizeof out->host)
		return false;
	for (size_t i = 0; i < host; i++)
		out->host[i] = lower(at[i]);
	out->host[host] = '\0';
	size_t digits = host < n ? n - host - 1 : 0;
	if (digits > 5)
		return false;
	for (size_t i = n - digits; i < n; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		port = port * 10 + (uint32_t)(at[i] - '0');
	}
	if (digits == 0)
		port = out->is_https ? 443 : 80;
	if (port == 0 || port > UINT16_MAX)
		return false;
	out->port = (uint16_t)port;
	return host_is_good(out->host);
}

enum err fetch_url_split(const char *url, struct fetch_ask *out)
{
	size_t all = strnlen(url, URL_MAX);
	struct fetch_ask m;

	if (all == URL_MAX || !is_printable(url))
		return ERR_HTTP_URL;
	m.is_https = strncasecmp(url, "https://", 8) == 0;
	if (!m.is_https && strncasecmp(url, "http://", 7) != 0)
		return ERR_HTTP_URL;
	const char *at = url + (m.is_https ? 8 : 7);
	size_t authority = strcspn(at, "/?#\\");
	/* '@': user and password. '\\': browsers take it for '/', others don't. */
	if (memchr(at, '@', authority) != NULL || at[authority] == '\\' || !authority_split(at, authority, &m))
		return ERR_HTTP_URL;
	const char *rest = at + authority;
	size_t n = strcspn(rest, "#");
	bool has_slash = n > 0 && rest[0] == '/';
	if (n + !has_slash >= sizeof m.target)
		return ERR_HTTP_URL;
	out->is_https = m.is_https;
	memcpy(out->host, m.host, sizeof out->host);
	out->port = m.port;
	out->target[0] = '/';
	memcpy(out->target + !has_slash, rest, n);
	out->target[n + !has_slash] = '\0';
	return OK;
}

/* ---- header lines ---- */

static const char *const sent_names[] = {
	"User-Agent", "Accept", "Accept-Language", "Referer", "Upgrade-Insecure-Requests", "DNT", "Sec-GPC", "Priority",
	"Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Cache-Control", "Pragma",
	"Range", "If-Range", "If-Match", "If-Unmodified-Since", "Want-Repr-Digest", "Want-Content-Digest", "Want-Digest",
	"x-amz-checksum-mode",
};
#define SENT_NAMES (sizeof sent_names / sizeof sent_names[0])

/* Index of the name, or SENT_NAMES. */
static size_t sent_name(struct rd name)
{
	size_t i = 0;

	while (i < SENT_NAMES && (strlen(sent_names[i]) != name.left ||
	                          strncasecmp(sent_names[i], (const char *)name.at, name.left) != 0))
		i++;
	return i;
}

bool fetch_line_is_sent(struct rd name)
{
	return !name.bad && name.left > 0 && sent_name(name) < SENT_NAMES;
}

bool fetch_lines_are_sent(const char *lines)
{
	struct rd left = rd_of(lines, strlen(lines)), name, value;
	bool was[SENT_NAMES] = { false };

	/* The last line has its end too, and nothing but printable text and blanks is anywhere. */
	if (left.left > 0 && lines[left.left - 1] != '\n')
		return false;
	for (const char *c = lines; *c != '\0'; c++)
		if ((*c < 0x20 && *c != '\n' && *c != '\t') || *c >= 0x7f || *c < 0)
			return false;
	while (left.left > 0) {
		if (!fetch_line_next(&left, &name, &value) || !fetch_line_is_sent(name) || value.left == 0)
			return false;
		size_t i = sent_name(name);
		if (was[i])
			return false;
		was[i] = true;
	}
	return true;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool fetch_line_next(struct rd *lines, struct rd *name, struct rd *value)
{
	if (lines->bad || lines->left == 0)
		return false;
	const uint8_t *end = memchr(lines->at, '\n', lines->left);
	if (end == NULL)
		return false;
	struct rd line = rd_take(lines, (size_t)(end - lines->at));
	(void)rd_u8(lines);
	const uint8_t *colon = line.left > 0 ? memchr(line.at, ':', line.left) : NULL;
	if (colon == NULL)
		return false;
	*name = rd_take(&line, (size_t)(colon - line.at));
	(void)rd_u8(&line);
	while (line.left > 0 && is_blank(line.at[0]))
		(void)rd_u8(&line);
	size_t n = line.left;
	while (n > 0 && is_blank(line.at[n - 1]))
		n--;
	*value = rd_take(&line, n);
	return true;
}

bool fetch_line_find(struct rd lines, const char *name, char *out, size_t cap)
{
	struct rd n, v;

	out[0] = '\0';
	while (fetch_line_next(&lines, &n, &v)) {
		if (n.left != strlen(name) || strncasecmp(name, (const char *)n.at, n.left) != 0)
			continue;
		if (v.left >= cap)
			return false;
		for (size_t i = 0; i < v.left; i++)
			if (v.at[i] < 0x20 || v.at[i] >= 0x7f)
				return false;
		size_t len = v.left;
		rd_copy(&v, out, len);   /* eats v */
		out[len] = '\0';
		return true;
	}
	return false;
}

/* An answer's lines: each with a name, none with what could end a line or a text early. */
static bool lines_are_good(struct rd lines)
{
	struct rd name, value;

	for (size_t i = 0; i < lines.left; i++)
		if (lines.at[i] == '\0' || lines.at[i] == '\r')
			return false;
	while (lines.left > 0)
		if (!fetch_line_next(&lines, &name, &value) || name.left == 0)
			return false;
	return true;
}

/* ---- ask ---- */

static bool ask_is_good(const struct fetch_ask *m)
{
	return host_is_good(m->host) && m->port != 0 && target_is_good(m->target) && fetch_lines_are_sent(m->lines) &&
	       (!m->is_decoded || m->max_body <= FETCH_DECODED_MAX) && !m->post.bad && m->post.left <= REPORT_ENVELOPE_MAX &&
	       (m->post.left == 0 || (!m->is_https && !m->is_head && !m->is_decoded));
}

void fetchmsg_put_ask(struct buf *b, const struct fetch_ask *m)
{
	assert(ask_is_good(m) && m->deadline_ms != 0 && m->deadline_ms <= FETCH_DEADLINE_MAX_MS && m->stall_ms != 0 &&
	       m->stall_ms <= FETCH_DEADLINE_MAX_MS);
	buf_u8(b, m->is_https);
	buf_str(b, m->host);
	buf_u16(b, m->port);
	buf_str(b, m->target);
	buf_str(b, m->lines);
	buf_u8(b, m->is_head);
	buf_u8(b, m->is_decoded);
	buf_u64(b, m->max_body);
	buf_u32(b, m->deadline_ms);
	buf_u32(b, m->stall_ms);
	buf_blob(b, m->post.at, m->post.left);
}

enum err fetchmsg_get_ask(struct rd in, struct fetch_ask *out)
{
	struct fetch_ask m;

	m.is_https = get_bool(&in);
	rd_str(&in, m.host, sizeof m.host);
	m.port = rd_u16(&in);
	rd_str(&in, m.target, sizeof m.target);
	rd_str(&in, m.lines, sizeof m.lines);
	m.is_head = get_bool(&in);
	m.is_decoded = get_bool(&in);
	m.max_body = rd_u64(&in);
	m.deadline_ms = get_ms(&in);
	m.stall_ms = get_ms(&in);
	m.post = rd_blob(&in, REPORT_ENVELOPE_MAX);
	if (!rd_done(&in) || !ask_is_good(&m))
		return ERR_FORMAT;
	*out = m;
	return OK;
}

/* ---- head ---- */

static void put_leaf(struct buf *b, uint8_t has_leaf, const uint8_t leaf[32])
{
	static const uint8_t none[32];

	buf_u8(b, has_leaf);
	buf_put(b, has_leaf ? leaf : none, 32);
}

void fetchmsg_put_head(struct buf *b, const struct fetch_head *m)
{
	buf_u8(b, m->http);
	buf_u16(b, m->status);
	put_leaf(b, m->has_leaf, m->leaf);
	buf_u8(b, m->has_length);
	buf_u64(b, m->length);
	buf_blob(b, m->lines.at, m->lines.left);
}

enum err fetchmsg_get_head(struct rd in, struct fetch_head *out)
{
	struct fetch_head m;

	m.http = rd_u8(&in);
	m.status = rd_u16(&in);
	m.has_leaf = get_bool(&in);
	rd_copy(&in, m.leaf, sizeof m.leaf);
	m.has_length = get_bool(&in);
	m.length = rd_u64(&in);
	m.lines = rd_blob(&in, HTTP_HEADERS_MAX);
	if (!rd_done(&in) || (m.http != 10 && m.http != 11 && m.http != 20) || m.status < 200 || m.status > 999 ||
	    !lines_are_good(m.lines))
		return ERR_FORMAT;
	*out = m;
	return OK;
}

/* ---- tail ---- */

static bool is_known_err(uint32_t v)
{
	switch (v) {
#define CASE(name, number, cls, text) case number:
	ERR_TABLE(CASE)
#undef CASE
	case OK:
		return true;
	default:
		return false;
	}
}

void fetchmsg_put_tail(struct buf *b, const struct fetch_tail *m)
{
	assert(is_known_err(m->err));
	buf_u32(b, m->err);
	put_leaf(b, m->has_leaf, m->leaf);
	buf_u8(b, m->is_framed);
	buf_u64(b, m->body);
	buf_u32(b, m->elapsed_ms);
}

enum err fetchmsg_get_tail(struct rd in, struct fetch_tail *out)
{
	struct fetch_tail m;

	m.err = rd_u32(&in);
	m.has_leaf = get_bool(&in);
	rd_copy(&in, m.leaf, sizeof m.leaf);
	m.is_framed = get_bool(&in);
	m.body = rd_u64(&in);
	m.elapsed_ms = rd_u32(&in);
	if (!rd_done(&in) || !is_known_err(m.err))
		return ERR_FORMAT;
	*out = m;
	return OK;
}
