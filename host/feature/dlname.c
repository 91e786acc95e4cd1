/* Names of downloaded files (contract in feature/dlname.h). */
#include "feature/dlname.h"
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Length of the sequence of UTF-8 at s and its code point; 0 for what is none (overlong, surrogate, too large, cut). */
static size_t utf8_at(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
	uint32_t c = n <= 1 ? s[0] : n == 2 ? s[0] & 0x1fu : n == 3 ? s[0] & 0x0fu : s[0] & 0x07u;

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (n == 0 || (n > 1 && c < least[n]) || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*code = c;
	return n;
}

/* Characters that hide, reorder or separate: C0, C1, soft hyphen, zero width, bidirectional controls (Unicode's Bidi_Control), line and
 * paragraph separators, variation selectors, tags, the replacement of what was no text. */
static bool is_hostile(uint32_t c)
{
	static const struct { uint32_t from, to; } ranges[] = {
		{ 0x00, 0x1f }, { 0x7f, 0xa0 }, { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x1680, 0x1680 }, { 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f }, { 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 }, { 0x3164, 0x3164 }, { 0xd800, 0xf8ff },
		{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xffff }, { 0xe0000, 0x10ffff },
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return c < 0x80 && strchr("/\\:*?\"<>|", (int)c) != NULL;
}

static bool is_reserved(const char *name)
{
	static const char *const names[] = { "con", "prn", "aux", "nul", "conin$", "conout$", "com", "lpt" };
	size_t n = strcspn(name, ".");

	while (n > 0 && name[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t length = strlen(names[i]);
		bool has_digit = i >= 6;
		if (n == length + has_digit && strncasecmp(name, names[i], length) == 0 &&
		    (!has_digit || (name[length] >= '0' && name[length] <= '9')))
			return true;
	}
	return false;
}

/* Where its extension begins ("a.tar.gz": at ".tar"); its end when it has none. */
static size_t extension_at(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t n = strlen(name);

	if (dot == NULL || dot == name || (size_t)(name + n - dot) > 32)
		return n;
	if (dot - name > 4 && strncasecmp(dot - 4, ".tar", 4) == 0)
		return (size_t)(dot - 4 - name);
	return (size_t)(dot - name);
}

static int hex_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The last segment of a URL's path, decoded, into out[cap]. */
static void segment_of(const char *url, char *out, size_t cap)
{
	const char *path = strstr(url, "://");
	size_t n = 0;

	path = path != NULL ? strchr(path + 3, '/') : NULL;
	if (path == NULL)
		path = "";
	size_t length = strcspn(path, "?#"), begin = length;
	while (begin > 0 && path[begin - 1] != '/')
		begin--;
	for (size_t i = begin; i < length && n + 1 < cap; i++) {
		int high = path[i] == '%' && i + 2 < length ? hex_of(path[i + 1]) : -1, low = high >= 0 ? hex_of(path[i + 2]) : -1;
		char c = path[i];
		if (low >= 0)
			c = (char)(high << 4 | low);
		i += low >= 0 ? 2 : 0;
		out[n++] = c != '\0' ? c : '_';
	}
	out[n] = '\0';
}

/* Without blanks and dots in front, without them behind. */
static void trim(char *s)
{
	size_t from = strspn(s, ". "), n = strlen(s);

	memmove(s, s + from, n - from + 1);
	for (n = strlen(s); n > 0 && (s[n - 1] == '.' || s[n - 1] == ' '); n--)
		s[n - 1] = '\0';
}

/* At most max bytes, cut in front of the extension and never inside a character. */
static void shorten(char *s, size_t max)
{
	size_t n = strlen(s), at = extension_at(s), keep;

	if (n <= max)
		return;
	keep = max - (n - at);
	while (keep > 0 && ((unsigned char)s[keep] & 0xc0) == 0x80)
		keep--;
	memmove(s + keep, s + at, n - at + 1);
}

/* Text of any bytes as a name. in may be of any length; what does not fit the buffer's double is lost. */
static void clean(const char *in, char *out, size_t cap)
{
	const char *slash = strrchr(in, '/'), *back = strrchr(in, '\\');
	size_t n = 0, used;
	uint32_t code;

	if (slash != NULL && slash[1] != '\0')
		in = slash + 1;
	if (back != NULL && back >= in && back[1] != '\0')
		in = back + 1;
	for (const unsigned char *at = (const unsigned char *)in; *at != '\0' && n + 4 < cap; at += used) {
		size_t length = utf8_at(at, &code);
		used = length > 0 ? length : 1;
		if (length == 0 || (is_hostile(code) && code != ' ')) {
			out[n++] = '_';
		} else {
			memcpy(out + n, at, length);
			n += length;
		}
	}
	out[n] = '\0';
	trim(out);
}

void dlname_clean(const char *name, const char *url, char out[DL_NAME_MAX + 1])
{
	char segment[CLIP_URL_MAX + 1], text[CLIP_URL_MAX + 8];

	clean(name, text + 1, sizeof text - 1);
	if (text[1] == '\0') {
		segment_of(url, segment, sizeof segment);
		clean(segment, text + 1, sizeof text - 1);
	}
	char *s = text + 1;
	if (is_reserved(s)) {
		s = text;
		s[0] = '_';
	}
	shorten(s, DL_NAME_MAX - DL_NAME_ROOM);
	snprintf(out, DL_NAME_MAX + 1, "%.*s", DL_NAME_MAX, s[0] != '\0' ? s : "download");
}

void dlname_numbered(const char *name, unsigned n, char out[DL_NAME_MAX + 1])
{
	int at = (int)extension_at(name);

	if (n == 0)
		snprintf(out, DL_NAME_MAX + 1, "%s", name);
	else
		snprintf(out, DL_NAME_MAX + 1, "%.*s(%u)%s", at, name, n, name + at);
}

bool dlname_may_commit(const char *text)
{
	static const char *const endings[] = { "exe", "dll", "msi", "msp", "sys", "efi", "scr", "ocx", "cab", "msix", "appx", "msixbundle", "appxbundle",
	                                       "rpm", "apk", "pkg", "xar", "jar", "xpi", "aab" };
	size_t n = strcspn(text, "?#");

	if (n > 5 && strncasecmp(text + n - 5, ".part", 5) == 0)
		n -= 5;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		size_t length = strlen(endings[i]);
		if (n > length && text[n - length - 1] == '.' && strncasecmp(text + n - length, endings[i], length) == 0)
			return true;
	}
	return false;
}
