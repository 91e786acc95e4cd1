/* One transfer: shared by transfer.c (loop, credit, limits) and transfer_curl.c (libcurl's options and callbacks), by
 * nobody else. */
#ifndef FETCH_TRANSFER_STATE_H
#define FETCH_TRANSFER_STATE_H

#include "fetch/head.h"
#include "fetch/tlsany.h"
#include "fetch/transfer.h"

#include <curl/curl.h>
#include <event2/event.h>

/* Identity-coded bytes kept while there is no credit: libcurl is paused at FETCH_WINDOW, and hands out at most 16 KiB
 * at once. What is decoded can't be paused so (libcurl would go on decoding into memory of its own): it is bounded by
 * max_body. */
#define TRANSFER_PENDING_MAX (FETCH_WINDOW + 16u * 1024)

struct transfer {
	struct event_base *base;
	struct fetch_ask *ask;
	const struct transfer_ops *ops;
	void *arg;
	int fd;                       /* ours until libcurl asks for it; -1 from then on */
	int curl_fd;                  /* libcurl's, watched by io; -1 */
	int wants;                    /* CURL_POLL_* */
	struct event *io, *turn, *limit;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *lines, *connect_to;
	char words[CURL_ERROR_SIZE];  /* libcurl's, of a failure */
	struct head head;
	struct tlsany tls;
	struct buf pending;           /* body bytes without credit yet */
	uint64_t body, told, credit;  /* came, handed over, may be handed over */
	uint64_t began, heard, due;   /* due: of libcurl's own timer; UINT64_MAX none */
	bool is_head_told, is_paused, is_over, is_told;
	enum err err;                 /* ours, which libcurl only sees as a refusal; or the result when is_over */
};

/* ---- transfer_curl.c ---- */

/* Makes multi and easy and adds one to the other. False: libcurl refuses. */
bool transfer_curl_open(struct transfer *t);
void transfer_curl_close(struct transfer *t);
/* What libcurl's result means. */
enum err transfer_curl_err(const struct transfer *t, CURLcode code);

/* ---- transfer.c ---- */

/* libcurl wants its descriptor watched (CURL_POLL_*), or woken at a time. */
void transfer_watch(struct transfer *t, int fd, int what);
void transfer_wake(struct transfer *t, long ms);

#endif
