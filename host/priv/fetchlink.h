/* Main's end of fetching: one GET or HEAD through one chosen exit (or one POST to an onion service). The net role opens the stream (same exits, same
 * mapping, same check of the last hop as a look: engine/look.h) and hands the connection to main, main hands it to
 * the fetch role (libcurl, no sockets of its own), which speaks HTTP. Asynchronous, on the program's one event loop;
 * used by the features that compare over other exits.
 *
 * Every fetch has fresh SOCKS credentials, hence a circuit that nothing else uses: no two fetches, hence no two first
 * parties, share one. No cookies, no authorisation, no redirects, no cache, one request on a connection.
 *
 * The fetch role is started by the first fetch and ended FETCH_IDLE_MS after the last. When it dies, answers nonsense
 * or falls silent, every fetch it had ends with ERR_ROLE_DIED, and the next fetch starts it anew. */
#ifndef PRIV_FETCHLINK_H
#define PRIV_FETCHLINK_H

#include "priv/fetchmsg.h"
#include "priv/netlink.h"
#include <sys/types.h>

struct event_base;
struct fetchlink;

/* Borrows both; starts nothing yet. NULL when memory is out. */
struct fetchlink *fetchlink_new(struct event_base *base, struct netlink *net);
/* Before the netlink it uses. Ends the role; what is pending is dropped and its callbacks NOT called. Takes NULL. */
void fetchlink_free(struct fetchlink *f);

struct fetch_get {
	const char *url;               /* absolute, http or https; the fragment is ignored; taken as it is written */
	/* Header lines to send, "Name: value\n"… (fetch_lines_are_sent), in this order; NULL: none. Host, Accept-Encoding and
	 * Connection are added. */
	const char *lines;
	/* FP_LEN: exactly this exit. NULL: tor chooses (net_look.is_free), and avoid says which suit; its port is ignored. */
	const uint8_t *exit;
	const struct net_draw *avoid;
	/* The host is an onion service, and post is sent to it: exit and avoid are NULL then, and post is never empty. The one thing that is
	 * ever posted is a sealed report. Opening may take ONION_DEADLINE_MAX_MS; end.path.n is 0. */
	bool is_onion;
	struct rd post;
	bool is_head;                  /* HEAD instead of GET */
	/* Ask for compression as a browser does, and decode it; max_body is at most FETCH_DECODED_MAX then. Else
	 * identity, bytes as they come: what ranges and digests need. */
	bool is_decoded;
	uint64_t max_body;             /* ERR_HTTP_BODY beyond; what came up to there was handed over */
	/* From now, for all of it; 0: FETCH_DEADLINE_MS; at most FETCH_DEADLINE_MAX_MS. Opening the stream never takes
	 * longer than LOOK_DEADLINE_MAX_MS of it. */
	uint32_t deadline_ms;
	uint32_t stall_ms;             /* silence in the middle of an answer, while not paused; 0: FETCH_STALL_MS */
};

/* How it ended. Lives as long as the call, like all that callbacks are given. */
struct fetch_end {
	/* OK: the whole answer is there (any status). Else what failed: ERR_HTTP_*, ERR_TLS_*, the stream's (as a look's),
	 * ERR_TIMEOUT, ERR_CLOSED, ERR_ROLE_DIED. */
	enum err err;
	bool was_clean;                /* an existing circuit was used */
	bool is_framed;                /* see fetch_tail */
	bool has_leaf;
	uint8_t leaf[32];              /* SHA-256 of the certificate that the server showed, whoever signed it */
	uint64_t body;                 /* bytes handed over */
	uint32_t elapsed_ms;           /* since fetchlink_get */
	struct net_path path;          /* the circuit that carried it, its last hop checked; n 0: none did */
};

/* Never called from within the call that made the request. Each may start, pause, resume and cancel fetches (this one
 * too); none may free the link. end: exactly once, last, unless the fetch was cancelled. Any may be NULL. */
struct fetch_ops {
	void (*step)(void *arg, const struct net_step_r *r);    /* as a look's; STEP_HANDSHAKING: handed to the fetch role */
	void (*head)(void *arg, const struct fetch_head *h);    /* once, before any body; not when it fails earlier */
	void (*body)(void *arg, struct rd piece);               /* 1 to FETCH_PIECE_MAX bytes; any number of times */
	void (*end)(void *arg, const struct fetch_end *e);
};

/* Copies g; ops is borrowed until the end. *id (may be NULL) names the fetch; never 0. Errors (no callback comes then):
 * ERR_HTTP_URL, ERR_HTTP_REQUEST (a header line that is not sent), ERR_USAGE (is_decoded with a larger max_body; neither
 * exit nor avoid nor is_onion; post without is_onion and the reverse), ERR_MSG_BUSY (FETCHES_MAX under way), ERR_NOMEM, ERR_IO, ERR_ROLE_DIED, ERR_TOO_BIG as
 * netlink_look. */
MUST_USE enum err fetchlink_get(struct fetchlink *f, const struct fetch_get *g, const struct fetch_ops *ops, void *arg,
                                uint32_t *id);
/* Forgets a fetch, in every role: no callback comes any more. Unknown ids and 0 are ignored. */
void fetchlink_cancel(struct fetchlink *f, uint32_t id);
/* While paused no body and no end comes; at most FETCH_WINDOW bytes are kept meanwhile, the server's TCP connection
 * waits, stall_ms does not run, the deadline does. Resuming calls back from the loop. Unknown ids are ignored. */
void fetchlink_pause(struct fetchlink *f, uint32_t id);
void fetchlink_resume(struct fetchlink *f, uint32_t id);
/* The role's process id while it runs, else 0. For tests. */
pid_t fetchlink_pid(const struct fetchlink *f);

#endif
