/* One HTTP/1.x request, taken apart without I/O: the collector's door feeds what it read. A strict subset of RFC 9112: a length and
 * no transfer coding, no folded lines, no name twice where twice would mean something, bounded head and body. Used by door. */
#ifndef COLLECTOR_HTTP_H
#define COLLECTOR_HTTP_H

#include "base/buf.h"
#include <stdbool.h>

enum http_step {
	HTTP_MORE,      /* the request goes on */
	HTTP_HEAD,      /* the head is there, told once, when a body follows: look at length, then feed on */
	HTTP_DONE,      /* all of it is there */
	HTTP_BAD        /* status says what to answer; nothing more is taken */
};

struct http_in {
	struct buf head, body;
	size_t body_max, length;       /* length: of the body, as announced */
	char method[8], path[1024], host[256];
	bool has_length, has_host, is_head_done, keeps_open, wants_continue;
	unsigned status;               /* of HTTP_BAD: 400, 405, 411, 413, 414, 417, 431, 501, 505 */
	enum http_step step;
};

void http_in_init(struct http_in *in, size_t body_max);
void http_in_free(struct http_in *in);
/* Takes bytes up to the request's end and returns how many; what is left is the next request's. *step: where it stands now. */
size_t http_in_feed(struct http_in *in, const uint8_t *bytes, size_t n, enum http_step *step);
/* "OK", "Bad Request", ...; static. */
const char *http_reason(unsigned status);

#endif
