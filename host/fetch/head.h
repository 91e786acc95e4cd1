/* The head of one HTTP answer, collected line by line as libcurl hands them out: interim answers are counted and
 * dropped, the final one is kept, within HTTP_HEADERS_MAX bytes for all of them and the trailers together. Used by
 * transfer. */
#ifndef FETCH_HEAD_H
#define FETCH_HEAD_H

#include "base/buf.h"
#include "base/limits.h"
#include <stdbool.h>

struct head {
	struct buf lines;       /* "name: value\n"… of the final answer */
	size_t total;           /* header bytes that came */
	uint8_t http;           /* 10, 11, 20; 0 before a status line */
	uint16_t status;        /* 0 before a status line and behind an interim answer */
	bool is_whole;          /* the final answer's empty line was seen */
	bool has_length, is_chunked;
	uint64_t length;
};

struct head head_new(void);
void head_free(struct head *h);
/* One line with its end ("\r\n" or "\n"). Errors, after which h is not used any more: ERR_HTTP_HEADERS (too many bytes),
 * ERR_HTTP_PROTOCOL (an impossible status line, one in the middle, a NUL or a lone CR, lengths that contradict each
 * other, a change of protocols that nobody asked for), ERR_NOMEM. Lines without a name are counted and dropped, as
 * browsers do; a folded line belongs to the one before. */
MUST_USE enum err head_line(struct head *h, const uint8_t *bytes, size_t n);
/* Is the end of the body told by anything but the connection's end? is_head: nothing follows. */
bool head_is_framed(const struct head *h, bool is_head);

#endif
