/* Tor's circuits and streams as its events tell them, and which circuit carried a connection of the browser. Only text lines come in,
 * the clock is passed in. Targets of streams are kept STREAM_MEMORY_MS at most and wiped. Filled by torlink. */
#ifndef ENGINE_CIRCS_H
#define ENGINE_CIRCS_H

#include "base/err.h"
#include "base/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Our own streams are told from the browser's by the user name: no first party holds an @. */
#define CIRCS_OWN_USER "secondexit@"
struct circs;

struct circs *circs_new(void);
void circs_free(struct circs *c);
void circs_clear(struct circs *c);              /* wipes everything; at a new link, NEWNYM, session.wipe */
void circs_forget_targets(struct circs *c);     /* wipes streams' targets and credentials alone */

/* New Identity: the same, and no circuit of before is clean any more (tor gives them to nobody). */
void circs_on_newnym(struct circs *c);

enum stream_state { STREAM_NEW, STREAM_SENT, STREAM_OPEN, STREAM_DETACHED, STREAM_FAILED, STREAM_CLOSED };

/* What one STREAM event said. Strings borrowed until the next call. */
struct stream_seen {
	uint32_t id, circuit;              /* circuit 0: none */
	enum stream_state state;
	bool is_own;                       /* user name begins with CIRCS_OWN_USER, or the target with a .virtual name */
	const char *host, *username, *password;   /* "" unknown or forgotten; host as at NEW */
	const char *reason, *remote_reason;       /* "" or e.g. "END", "EXITPOLICY"; of this event */
};

/* One event or one line of circuit-status / stream-status; text begins behind the keyword. Unreadable ones are ignored (false). out may
 * be NULL; filled on true. */
bool circs_on_circ(struct circs *c, const char *text, uint64_t now_ms);
bool circs_on_stream(struct circs *c, const char *text, uint64_t now_ms, struct stream_seen *out);
void circs_expire(struct circs *c, uint64_t now_ms);   /* now and then */
/* Streams and circuits held (for tests and status); targets: streams whose target is still in memory. */
size_t circs_n_circuits(const struct circs *c);
size_t circs_n_streams(const struct circs *c, size_t *targets);

struct circs_path {
	uint32_t circuit;
	bool is_onion;                     /* onion-service purpose: there is no exit */
	bool is_open;                      /* BUILT and not closed */
	uint8_t n;                         /* hops, guard first; of longer circuits the middle is left out, never the last */
	uint8_t fp[HOPS_MAX][FP_LEN];
};
/* False: not known. */
bool circs_path(const struct circs *c, uint32_t circuit, struct circs_path *out);

struct circs_wanted {
	const char *host; uint16_t port;           /* compared without case and without a trailing dot */
	const char *first_party;
	const char *username, *password;           /* "" unknown */
	bool is_exact;                             /* they are those of the very connection: nothing else is a candidate */
};
/* Circuits that may have carried the browser's connection, at most CANDIDATES_MAX, no two with the same exit: streams with exactly these
 * credentials; streams to host:port of this first party; other streams to host:port; if there are none of all
 * these, circuits that carry this first party. Newest first in each. Our own are never among them. Returns the number; 0 also
 * when a stream went there by a circuit whose path is not known, as then the list would not hold the right one. */
size_t circs_candidates(const struct circs *c, const struct circs_wanted *want, struct circs_path out[CANDIDATES_MAX]);

/* Exits at which a clean circuit ends (no two alike), newest first; returns the number, at most max. */
size_t circs_clean_exits(const struct circs *c, uint64_t now_ms, uint8_t (*out)[FP_LEN], size_t max);
/* Not built yet, and neither failed nor closed; one that no event has named yet counts as that. */
bool circs_is_coming(const struct circs *c, uint32_t circuit);
/* How many circuits have been built so far: while it stays the same, no clean one has come. */
uint64_t circs_n_built(const struct circs *c);
/* True when this circuit was clean until now (used for was_clean). */
bool circs_is_clean(const struct circs *c, uint32_t circuit, uint64_t now_ms);

/* Open circuits, all legs, that carry these credentials (is_exact, or both given), else this first party's; and the streams open on
 * them. Returns the number of ids, at most max. Our own are never among them. */
size_t circs_carrying(const struct circs *c, const struct circs_wanted *want, uint32_t *ids, size_t max, size_t *streams);

/* Fresh SOCKS credentials of ours. */
void circs_own_credentials(char username[SOCKS_CRED_MAX], char password[SOCKS_CRED_MAX]);

#endif
