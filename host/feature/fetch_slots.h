/* Exits that fetch what the first one brought: what a session remembers of those that were asked about one site, and whose turn it is. Shared by the
 * comparisons of copies (compare*.c) and the downloads (download*.c); private to them. In memory only. No I/O.
 *
 * Asking again must not draw other exits until some agree: those that answered are asked again first. Those that failed are drawn last. */
#ifndef FEATURE_FETCH_SLOTS_H
#define FEATURE_FETCH_SLOTS_H

#include "engine/target.h"
#include "feature/certcheck.h"
#include "priv/netmsg.h"

/* First member of what a feature remembers of one site. */
struct fetch_site {
	struct fetch_site *next;
	struct site_key key;
	uint64_t used;
	unsigned users;                                  /* never forgotten meanwhile */
	bool is_kept;                                    /* not forgotten for others either: something false was found there */
	size_t n_exits, n_failed;
	uint8_t exits[K_MAX][FP_LEN];                    /* answered */
	uint8_t failed[FETCH_SITE_FAILED_MAX][FP_LEN];   /* did not */
};
struct fetch_sites { struct fetch_site *first; size_t n; uint64_t clock; };

/* Finds or makes one of size bytes, zeroed behind its first member. Where FETCH_SITES_MAX are known the one unused for longest goes. ERR_TOO_BIG
 * when none may go; ERR_NOMEM. */
MUST_USE enum err fetch_site_get(struct fetch_sites *s, const struct site_key *key, size_t size, struct fetch_site **out);
/* Wipes and frees all; size as above. None may have users. */
void fetch_sites_wipe(struct fetch_sites *s, size_t size);
void fetch_site_gave(struct fetch_site *site, const uint8_t fp[FP_LEN]);
/* And it is not asked again first any more. */
void fetch_site_failed(struct fetch_site *site, const uint8_t fp[FP_LEN]);

/* Exits through which a chain of redirects came before its last answer. Each of them could have led wherever it liked, so who asks again must be independent of
 * them as well. Zeroed at the beginning. */
struct fetch_hop { char host[HOST_MAX]; uint16_t port; };
struct fetch_via {
	bool is_odd;                                     /* a hop of which nobody can say which exit it took */
	size_t n_hops, n_known;                          /* other places than the last one; those of them whose exits are known */
	struct fetch_hop hop[DL_CHAIN_MAX];
	size_t n;
	uint8_t exit[CANDIDATES_MAX][FP_LEN];
};
/* A URL of the chain, key: of its last answer. An onion service has no exit. */
void fetch_via_add(struct fetch_via *v, const struct site_key *key, const char *url);
/* The question about the next hop; false: none is left. */
bool fetch_via_next(const struct fetch_via *v, struct net_first *m);
/* Its answer. False: it isn't known, or there are too many. */
bool fetch_via_take(struct fetch_via *v, const struct net_first_r *r);
bool fetch_via_has(const struct fetch_via *v, const uint8_t fp[FP_LEN]);
void fetch_via_avoid(const struct fetch_via *v, struct net_draw *m);

/* Whose turn it is, of one comparison. Zeroed at its beginning. */
struct fetch_turns {
	size_t at;                   /* the next of the site's exits to be tried */
	bool is_again;               /* the draw under way asks about one of those */
	bool took_failed;            /* none but those that failed earlier are left */
	bool is_out;                 /* no exit is left */
	enum err no_exit_err;        /* why */
};

/* fp into a draw's list, once; what does not fit is left out. */
void fetch_avoid(uint8_t list[][FP_LEN], uint8_t *n, const uint8_t fp[FP_LEN]);
/* The last step of filling a draw: one of the session's exits where it is its turn and may_again, else any but those that failed. */
void fetch_turn_take(struct fetch_turns *t, const struct fetch_site *site, bool may_again, struct net_draw *m);

/* What a draw that failed comes to: try again later, when tor or a role is there again; draw again at once; no more exits. */
enum fetch_turn { FETCH_TURN_LATER, FETCH_TURN_NEXT, FETCH_TURN_OUT };
enum fetch_turn fetch_turn_failed(struct fetch_turns *t, const struct fetch_site *site, enum err err);

/* Not the site's fault but our tor's or a role's: the same exit may be asked again. */
bool fetch_err_is_local(enum err e);

#endif
