/* Foreign text (contract in collector/text.h). */
#include "collector/text.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Length of the UTF-8 character at s (not empty) that may be shown, or 0. Not: C0, DEL, C1, surrogates, over-long forms, and the marks
 * that turn the direction of text around. */
static size_t char_fits(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	if (u[0] >= 0x20 && u[0] < 0x7f)
		return 1;
	size_t n = u[0] >= 0xf5 ? 0 : u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : u[0] >= 0xc2 ? 2 : 0;
	for (size_t i = 1; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	if ((n == 2 && u[0] == 0xc2 && u[1] < 0xa0) || (n == 3 && u[0] == 0xe0 && u[1] < 0xa0) || (n == 3 && u[0] == 0xed && u[1] > 0x9f) ||
	    (n == 4 && u[0] == 0xf0 && u[1] < 0x90) || (n == 4 && u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	if (n == 3 && u[0] == 0xe2 && ((u[1] == 0x80 && u[2] >= 0x8b && u[2] <= 0x8f) || (u[1] == 0x80 && u[2] >= 0xa8 && u[2] <= 0xae) ||
	                               (u[1] == 0x81 && u[2] >= 0xa0 && u[2] <= 0xaf)))
		return 0;
	return n;
}

void text_clean(struct buf *out, const char *s)
{
	while (*s != '\0') {
		size_t n = char_fits(s);
		if (n > 0)
			buf_put(out, s, n);
		else
			buf_put(out, "?", 1);
		s += n > 0 ? n : 1;
	}
}

void text_html(struct buf *out, const char *s)
{
	static const struct { char c; const char *ref; } refs[] = {
		{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" },
	};

	for (; *s != '\0';) {
		size_t n = char_fits(s);
		const char *ref = n == 0 ? "?" : NULL;
		for (size_t i = 0; n == 1 && i < sizeof refs / sizeof *refs; i++)
			if (refs[i].c == *s)
				ref = refs[i].ref;
		buf_put(out, ref != NULL ? ref : s, ref != NULL ? strlen(ref) : n);
		s += n > 0 ? n : 1;
	}
}

void text_csv(struct buf *out, const char *s)
{
	buf_put(out, "\"", 1);
	if (*s != '\0' && strchr("=+-@\t\r", *s) != NULL)
		buf_put(out, "'", 1);
	for (; *s != '\0';) {
		size_t n = char_fits(s);
		if (*s == '"')
			buf_put(out, "\"\"", 2);
		else
			buf_put(out, n > 0 ? s : "?", n > 0 ? n : 1);
		s += n > 0 ? n : 1;
	}
	buf_put(out, "\"", 1);
}

void text_time(int64_t unix_seconds, char out[static 24])
{
	time_t t = (time_t)unix_seconds;
	struct tm tm;

	if (unix_seconds == 0 || gmtime_r(&t, &tm) == NULL || strftime(out, 24, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		memcpy(out, "-", 2);
}
