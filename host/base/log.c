/* Diagnostic lines (contract in base/log.h): off by default, because the browser's console may keep what a
 * host prints. Bytes that are not printable ASCII are escaped, so that a peer can't write to a terminal. */
#include "base/log.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX 512

static bool log_is_on(void)
{
	static int on = -1;

	if (on < 0) {
		const char *value = getenv("SECONDEXIT_LOG");
		on = value != NULL && strcmp(value, "1") == 0;
	}
	return on == 1;
}

void log_line(const char *format, ...)
{
	char text[LOG_LINE_MAX], out[LOG_LINE_MAX * 4 + 32];
	size_t n = 0;
	va_list args;

	if (!log_is_on())
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	n = (size_t)snprintf(out, sizeof out, "secondexit[%ld]: ", (long)getpid());
	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		if (c >= 0x20 && c < 0x7f && c != '\\')
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, sizeof out - n, "\\x%02x", c);
	}
	out[n++] = '\n';
	/* One write a line, so that lines of several processes don't mix; nobody to tell when it fails. */
	if (write(STDERR_FILENO, out, n) < 0)
		return;
}
