/* Base64 (contract in base64.h). */
#include "parse/file/base64.h"

#include <string.h>

static int base64_digit(char c)
{
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(all, c) : NULL;
	return at ? (int)(at - all) : -1;
}

bool base64_take(const char *s, uint8_t *out, size_t n)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t got = 0, digits = (n * 8 + 5) / 6, i;

	for (i = 0; i < digits; i++) {
		int d = base64_digit(s[i]);
		if (d < 0)
			return false;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8 && got < n) {
			have -= 8;
			out[got++] = (uint8_t)(bits >> have);
		}
	}
	/* What is left over must be zeros: one text for each value. */
	return got == n && (bits & ((1u << have) - 1)) == 0 && strspn(s + i, "=") == strlen(s + i);
}
