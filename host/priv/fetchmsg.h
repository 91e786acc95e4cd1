/* What main asks of the fetch role and what it answers. The role speaks HTTP over a connection that main hands it (it
 * came from the net role, connected through one exit); it has no socket of its own, resolves no name, follows nothing
 * and keeps nothing. A request carries an id chosen by main and, as descriptor of its frame, the connection. It ends
 * with exactly one FETCH_R_END, unless main cancelled it: then nothing more is owed.
 *
 * Body bytes come as fast as main takes them: FETCH_WINDOW bytes may be on their way, FETCH_MORE gives back what was
 * used. Each struct has fetchmsg_put_x / fetchmsg_get_x in fetchmsg.c; get refuses trailing bytes. */
#ifndef PRIV_FETCHMSG_H
#define PRIV_FETCHMSG_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/rd.h"

enum fetch_type {
	/* main -> fetch */
	FETCH_CONFIG = 1, /* empty; first frame, once; no reply */
	FETCH_GET,        /* fetch_ask, and the connection -> FETCH_R_HEAD?, FETCH_R_BODY*, FETCH_R_END */
	FETCH_CANCEL,     /* no payload; no reply, nothing more is sent for this id (what is on its way still comes) */
	FETCH_MORE,       /* u32: body bytes that were used */
	/* fetch -> main */
	FETCH_R_HEAD = 64, /* fetch_head; once, before any body; interim answers (1xx) are not shown */
	FETCH_R_BODY,      /* 1 to FETCH_PIECE_MAX bytes, as they are */
	FETCH_R_END,       /* fetch_tail */
};

struct fetch_ask {
	uint8_t is_https;
	char host[HOST_MAX];            /* lower case; a name, dotted quad, or IPv6 in brackets: fetch_url_split */
	uint16_t port;
	char target[URL_MAX];           /* path and query exactly as sent: "/a?b" */
	char lines[FETCH_LINES_MAX];    /* "Name: value\n"…, names of fetch_line_is_sent alone, in the order they go */
	uint8_t is_head;                /* HEAD instead of GET */
	uint8_t is_decoded;             /* gzip, deflate, br, zstd as a browser asks for them, decoded; else identity */
	uint64_t max_body;              /* decoded bytes; ERR_HTTP_BODY beyond. is_decoded: at most FETCH_DECODED_MAX */
	uint32_t deadline_ms;           /* for all of it; 1..FETCH_DEADLINE_MAX_MS */
	uint32_t stall_ms;              /* silence of the server while main takes what comes; 1..FETCH_DEADLINE_MAX_MS */
	struct rd post;                 /* not empty: POST with these bytes (application/octet-stream), at most REPORT_ENVELOPE_MAX, over http
	                                 * and not decoded. Only for reports. Borrows: the caller's (put), the frame's (get) */
};

struct fetch_head {
	uint8_t http;                   /* 10, 11, 20 */
	uint16_t status;                /* 200..999; never an interim one */
	uint8_t has_leaf;
	uint8_t leaf[32];               /* SHA-256 of the server's certificate (https; any certificate is taken) */
	uint8_t has_length;
	uint64_t length;                /* Content-Length, before decoding; of HEAD: what GET would bring */
	struct rd lines;                /* "name: value\n"…, in order, names as sent; no NUL or CR. Borrows the frame */
};

struct fetch_tail {
	uint32_t err;                   /* enum err; OK: the whole answer was there */
	uint8_t has_leaf;               /* also when no answer came */
	uint8_t leaf[32];
	uint8_t is_framed;              /* a length, chunks or HTTP/2 told the end; else closing did, and a cut is not seen */
	uint64_t body;                  /* bytes handed over */
	uint32_t elapsed_ms;
};

/* Every put appends the struct's bytes; what does not fit (texts without NUL, ranges) is our own bug and asserted.
 * Every get reads exactly one struct from in, as strictly as a stranger's: ERR_FORMAT, and *out is left alone, when
 * bytes are missing or left over, a text does not fit, or a value is out of the range stated above. */
void fetchmsg_put_ask(struct buf *b, const struct fetch_ask *m);
MUST_USE enum err fetchmsg_get_ask(struct rd in, struct fetch_ask *out);
void fetchmsg_put_head(struct buf *b, const struct fetch_head *m);
MUST_USE enum err fetchmsg_get_head(struct rd in, struct fetch_head *out);
void fetchmsg_put_tail(struct buf *b, const struct fetch_tail *m);
MUST_USE enum err fetchmsg_get_tail(struct rd in, struct fetch_tail *out);

/* Takes an absolute http or https address apart, into is_https, host, port and target of *out; the rest of it is left
 * alone. As it was written: no path is shortened, nothing is decoded; the fragment goes. Errors (out is left alone):
 * ERR_HTTP_URL: another scheme, a user name or password, an empty or impossible host or port, anything but printable
 * ASCII, longer than URL_MAX - 1. The host is not judged further: that is target_parse's, in the net role. */
MUST_USE enum err fetch_url_split(const char *url, struct fetch_ask *out);

/* May a header line be sent that begins so? name: without the colon, any case. Those that a browser sends for a page
 * or a file and that name nobody: never Cookie, Authorization, Proxy-*, nor what belongs to the connection (Host, TE,
 * ...). */
bool fetch_line_is_sent(struct rd name);
/* Are these lines all of that kind, well formed ("Name: value\n", printable or tab, no empty value), each name once? */
bool fetch_lines_are_sent(const char *lines);

/* Walks over the lines of an answer: false at the end. name and value borrow; value has no blanks around it. */
bool fetch_line_next(struct rd *lines, struct rd *name, struct rd *value);
/* The value of the first line of that name (ASCII case aside) as text; "" and false when there is none or it does not
 * fit or holds bytes outside of printable ASCII. */
bool fetch_line_find(struct rd lines, const char *name, char *out, size_t cap);

#endif
