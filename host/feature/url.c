/* Web addresses (contract in feature/url.h). */
#include "feature/url.h"
#include "base/limits.h"
#include "priv/fetchmsg.h"
#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- whose it is ---- */

enum err url_target(const char *url, struct target *out, uint16_t *port)
{
	struct fetch_ask *ask = calloc(1, sizeof *ask);

	if (!ask)
		return ERR_NOMEM;
	enum err err = fetch_url_split(url, ask);
	if (err == OK) {
		size_t n = strlen(ask->host);
		if (ask->host[0] == '[' && n > 2) {
			ask->host[n - 1] = '\0';
			memmove(ask->host, ask->host + 1, n - 1);
		}
		*port = ask->port;
		err = target_parse(ask->host, out);
	}
	sodium_memzero(ask, sizeof *ask);
	free(ask);
	return err;
}

/* ---- where a redirect leads ---- */

/* Length of "scheme:" at s, 0 when there is none (RFC 3986 section 3.1). */
static size_t scheme_of(const char *s)
{
	size_t n = 0;
	if (!isalpha((unsigned char)s[0]))
		return 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '+' || s[n] == '-' || s[n] == '.')
		n++;
	return s[n] == ':' ? n + 1 : 0;
}

/* Length of "http://host:port" of an absolute address. */
static size_t origin_of(const char *url)
{
	size_t n = scheme_of(url);
	if (strncmp(url + n, "//", 2) == 0)
		n += 2;
	return n + strcspn(url + n, "/?#");
}

/* Section 5.2.4, in place: path begins with '/', the query behind it stays. */
static void remove_dots(char *path)
{
	size_t end = strcspn(path, "?"), out = 0;
	for (size_t at = 0; at < end; ) {
		size_t next = at + 1;
		while (next < end && path[next] != '/')
			next++;
		size_t n = next - at;
		bool is_last = next == end;
		bool is_dot = n == 2 && path[at + 1] == '.', is_dots = n == 3 && path[at + 1] == '.' && path[at + 2] == '.';
		if (is_dots)
			while (out > 0 && path[--out] != '/')
				continue;
		if (is_dot || is_dots) {
			if (is_last)
				path[out++] = '/';
		} else {
			memmove(path + out, path + at, n);
			out += n;
		}
		at = next;
	}
	memmove(path + out, path + end, strlen(path + end) + 1);
}

static bool append(char *out, size_t cap, size_t *used, const char *s, size_t n)
{
	if (n >= cap - *used)
		return false;
	memcpy(out + *used, s, n);
	*used += n;
	out[*used] = 0;
	return true;
}

enum err url_resolve(const char *base, const char *ref, char *out, size_t cap)
{
	char made[CLIP_URL_MAX + 1];
	size_t used = 0, n = strcspn(ref, "#"), scheme = scheme_of(ref), origin = origin_of(base);
	size_t path = origin + strcspn(base + origin, "?#"), query = path + strcspn(base + path, "#");
	bool fits;
	for (size_t i = 0; ref[i]; i++)
		if (ref[i] <= ' ' || ref[i] > '~')
			return ERR_HTTP_URL;
	made[0] = 0;
	if (scheme) {
		fits = append(made, sizeof made, &used, ref, n);
	} else if (strncmp(ref, "//", 2) == 0) {
		fits = append(made, sizeof made, &used, base, scheme_of(base)) && append(made, sizeof made, &used, ref, n);
	} else if (n == 0 || ref[0] == '?' || ref[0] == '/') {
		size_t keep = n == 0 ? query : ref[0] == '?' ? path : origin;
		fits = append(made, sizeof made, &used, base, keep) && append(made, sizeof made, &used, ref, n);
	} else {
		size_t folder = path;
		while (folder > origin && base[folder - 1] != '/')
			folder--;
		fits = append(made, sizeof made, &used, base, folder) &&
		       (folder > origin || append(made, sizeof made, &used, "/", 1)) && append(made, sizeof made, &used, ref, n);
	}
	if (!fits || (strncasecmp(made, "http://", 7) != 0 && strncasecmp(made, "https://", 8) != 0))
		return ERR_HTTP_URL;
	char *behind = made + origin_of(made);
	if (*behind == '/')
		remove_dots(behind);
	used = strlen(made);
	if (used >= cap)
		return ERR_HTTP_URL;
	memcpy(out, made, used + 1);
	return OK;
}

/* ---- is an address part of it ---- */

/* What is left of a text when only letters and digits count, in lower case. */
static void bare(const char *s, char *out, size_t cap)
{
	size_t n = 0;
	for (; *s && n + 1 < cap; s++)
		if (isalnum((unsigned char)*s))
			out[n++] = (char)tolower((unsigned char)*s);
	out[n] = 0;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Percent-decoding, in place; a NUL becomes a space. False when nothing was encoded. */
static bool decode(char *s)
{
	char *out = s;
	bool did = false;
	for (; *s; s++) {
		if (*s == '%' && hex(s[1]) >= 0 && hex(s[2]) >= 0) {
			*out = (char)(hex(s[1]) * 16 + hex(s[2]));
			if (*out == 0)
				*out = ' ';
			out++;
			s += 2;
			did = true;
		} else {
			*out++ = *s;
		}
	}
	*out = 0;
	return did;
}

bool url_reflects(const char *url, const char *address)
{
	char text[CLIP_URL_MAX + 1], have[CLIP_URL_MAX + 1], want[ADDR_TEXT_MAX];
	const char *colon = strrchr(address, ':');
	bool found = false, more = true;
	bare(colon && colon[1] ? colon + 1 : address, want, sizeof want);
	size_t n = strlen(url);
	if (n >= sizeof text || !want[0])
		return true;   /* too long to be looked through: nothing is promised */
	memcpy(text, url, n + 1);
	/* As often as it is encoded: each round makes it shorter. */
	while (more && !found) {
		bare(text, have, sizeof have);
		found = strstr(have, want) != NULL;
		more = decode(text);
	}
	sodium_memzero(text, sizeof text);
	sodium_memzero(have, sizeof have);
	return found;
}
