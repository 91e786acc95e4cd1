/* Blank-separated words of directory documents (contract in engine/words.h). */
#include "engine/words.h"
#include <string.h>

size_t word_next(const char **at, const char *end, const char **word)
{
	while (*at < end && **at == ' ')
		++*at;
	*word = *at;
	while (*at < end && **at != ' ')
		++*at;
	return (size_t)(*at - *word);
}

bool word_is(const char *word, size_t n, const char *what)
{
	return strlen(what) == n && memcmp(word, what, n) == 0;
}

bool word_copy(char *out, size_t cap, const char *word, size_t n)
{
	if (n == 0 || n >= cap)
		return false;
	memcpy(out, word, n);
	out[n] = '\0';
	return true;
}

bool word_number(const char *word, size_t n, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (n == 0 || n > 19)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(word[i] - '0');
	}
	*out = v;
	return v <= max;
}
