/* One HTTP request over one connection that was handed to us, by libcurl on a libevent loop. libcurl never opens a
 * socket, resolves a name or reads a file here: it gets the connection once and nothing after it (transfer_curl.c).
 * Body bytes leave only as far as the asker has given credit; while it gives none the connection is not read. Used by
 * fetchd. */
#ifndef FETCH_TRANSFER_H
#define FETCH_TRANSFER_H

#include "priv/fetchmsg.h"

struct event_base;
struct transfer;

/* Called from the loop, never from within a transfer_ call. head: once, before any body. body: 1 to FETCH_PIECE_MAX
 * bytes. end: once, last; the transfer is to be freed then, from there or later. head and body must not free it. */
struct transfer_ops {
	void (*head)(void *arg, struct transfer *t, const struct fetch_head *h);
	void (*body)(void *arg, struct transfer *t, const uint8_t *bytes, size_t n);
	void (*end)(void *arg, struct transfer *t, const struct fetch_tail *m);
};

/* Once per process, before the first. False: libcurl or OpenSSL does not work, or this libcurl has no OpenSSL. */
bool transfer_init(void);

/* Takes fd, a connected stream socket, in any case. Copies m (and what it posts); its deadline counts from now. ops is borrowed for its
 * life. Starts with FETCH_WINDOW of credit. NULL: out of memory, or libcurl refuses. */
struct transfer *transfer_new(struct event_base *base, const struct fetch_ask *m, int fd, const struct transfer_ops *ops,
                              void *arg);
/* Closes the connection. Takes NULL. No callback. */
void transfer_free(struct transfer *t);
/* n more body bytes may be handed over. */
void transfer_more(struct transfer *t, uint32_t n);

#endif
