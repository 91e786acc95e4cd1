/* The collector's HTTP server over libevent's listeners and bufferevents: how many connections, how many bytes, how long each request
 * may take. (libevent's own evhttp bounds neither connections nor the whole time of a request.) Two of them run: one for
 * reports, behind the onion service, and one for the reviewers' page. Used by collector_main. */
#ifndef COLLECTOR_DOOR_H
#define COLLECTOR_DOOR_H

#include "collector/http.h"
#include <event2/event.h>

struct door;
struct door_conn;

/* A whole request. Answer now or later with door_reply, exactly once for each call; in is gone after the call. */
typedef void door_fn(void *arg, struct door_conn *c, const struct http_in *in);

struct door_config {
	const char *listen;          /* "127.0.0.1:8090", "[::1]:0", "unix:/path": loopback only */
	size_t body_max;             /* 0: no bodies */
	/* What the body of the refusals is that door itself makes (too large, too slow, not HTTP); may be NULL: a line of text. */
	void (*refuse)(unsigned status, struct buf *body, const char **type);
	unsigned request_ms, idle_ms, connections;   /* 0: base/limits_collector.h */
};

/* Listens. ERR_USAGE: not such an address; ERR_IO: it can't be had (errno). A unix socket is made with mode 0660; a stale one
 * is replaced, one that somebody listens on is not. Borrows base and config's strings. */
MUST_USE enum err door_new(struct event_base *base, const struct door_config *config, door_fn *on_request, void *arg,
                           struct door **out);
/* Connections whose answer is still owed must have been answered before. Takes NULL. */
void door_free(struct door *d);
/* "127.0.0.1:41234": with the port that the kernel chose. */
const char *door_address(const struct door *d);
size_t door_connections(const struct door *d);

/* headers: whole lines with CRLF, may be "". The connection may be gone already: then nothing is sent. */
void door_reply(struct door_conn *c, unsigned status, const char *type, const char *headers, const void *body, size_t n);

#endif
