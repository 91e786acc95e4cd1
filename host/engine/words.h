/* Blank-separated words of tor's directory documents, read from borrowed, unterminated text. Used by relays_load.c and
 * relays_policy.c. */
#ifndef ENGINE_WORDS_H
#define ENGINE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The next word and its length; 0 at the end. Moves *at behind it. */
size_t word_next(const char **at, const char *end, const char **word);
bool word_is(const char *word, size_t n, const char *what);
/* Copies a word with a final NUL; false when it is empty or does not fit. */
bool word_copy(char *out, size_t cap, const char *word, size_t n);
/* Decimal up to max; false when there is anything but digits in the word. */
bool word_number(const char *word, size_t n, uint64_t max, uint64_t *out);

#endif
