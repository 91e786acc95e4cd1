/* What one character of a text is to somebody who looks for addresses: a letter or digit that an address may have (after look-alikes
 * are folded to ASCII), a letter of some other word, something that is not seen, white space, or anything else. Used by the scanner. */
#ifndef PARSE_ADDR_NORMAL_H
#define PARSE_ADDR_NORMAL_H

#include <stddef.h>
#include <stdint.h>

enum normal_kind {
	/* A letter or digit of ASCII, or what looks like one. */
	NORMAL_WORD,
	/* A letter of Latin, Greek, Cyrillic and other scripts whose words touch no address without being one word with it. */
	NORMAL_LETTER,
	/* Takes no room: soft hyphen, zero width, bidirectional controls, combining marks, variation selectors, tags. */
	NORMAL_HIDDEN,
	/* White space, ASCII's control characters among it; line ends apart. */
	NORMAL_SPACE,
	NORMAL_LINE,
	/* All else: punctuation; symbols; scripts that write without spaces or whose particles touch foreign words (Chinese, Japanese,
	 * Korean, Thai, Arabic, the Indian scripts, …); bytes that are not UTF-8. An address ends here. */
	NORMAL_OTHER,
};

struct normal {
	uint8_t kind; /* enum normal_kind */
	/* The ASCII character of NORMAL_WORD, or of punctuation where it has one; else 0. */
	char c;
	/* Bytes it takes, 1..4. */
	uint8_t size;
};

/* The character at p; left > 0 bytes are there. */
struct normal normal_next(const uint8_t *p, size_t left);

#endif
