/* One transfer: shared by transfer.c (loop, credit, limits) and transfer_curl.c (libcurl's options and callbacks), by nobody else. */
#ifndef FETCH_TRANSFER_STATE_H
#define FETCH_TRANSFER_STATE_H

#include "fetch/head.h"
#include "fetch/tlsany.h"
#include "fetch/transfer.h"

#include <curl/curl.h>
#include <event2/event.h>

/* Identity-coded bytes that one turn of libcurl may bring beyond the credit: it reads a buffer of 16 KiB at most 100 times a turn. */
#define TRANSFER_PENDING_MAX (4u * 1024 * 1024)

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
	bool is_head_told, is_over, is_told;
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
