/* One look: a TLS handshake through one exit, made only to see what that exit shows (FACTS: MAPADDRESS of a random
 * .virtual name to host.FINGERPRINT.exit, SOCKS with fresh credentials, the mapping removed as soon as the stream
 * has its circuit). Not one TLS byte is sent before tor has named the stream's circuit and the last hop of that
 * circuit is the exit asked for. Where mapping is impossible (is_free) tor chooses, and what does not suit is closed and
 * tried again. Many at once; driven by libevent. Used by netd.
 *
 * Or the same way without the handshake (looks_open): the stream is handed out as soon as it is open and its exit
 * checked. To an onion service there is no exit: the stream, under credentials of its own, is handed out when tor says it is open. */
#ifndef ENGINE_LOOK_H
#define ENGINE_LOOK_H

#include "engine/circs.h"
#include "engine/tls.h"
#include "priv/netmsg.h"

struct event_base;
struct torlink;
struct looks;

/* They must not call looks_ functions. step may be called from within looks_on_ functions, done only from the loop.
 * step: STEP_BUILDING, _CONNECTING, _HANDSHAKING, _DONE; exit NULL while not known.
 * done: exactly once for each look that started; r and the certificates live as long as the call.
 * opened: the same for looks_open; fd is the callee's, connected and not read from, -1 unless r->err is OK. */
struct look_hooks {
	void (*step)(void *arg, uint32_t id, enum net_step step, const uint8_t *exit);
	void (*done)(void *arg, uint32_t id, const struct net_look_r *r);
	void (*opened)(void *arg, uint32_t id, const struct net_open_r *r, int fd);
};

/* Borrows all. NULL: out of memory. */
struct looks *looks_new(struct event_base *base, struct torlink *link, const struct tls_engine *engine,
                        const struct look_hooks *hooks, void *arg);
/* After torlink_free, which has called all that was waiting. Calls no hook. Takes NULL. */
void looks_free(struct looks *l);

/* Starts a look; the link must be up. Copies m. deadline_ms of m counts from now; 0 or more than
 * LOOK_DEADLINE_MAX_MS means that. Errors (done is not called then): ERR_TARGET_PRIVATE, ERR_TARGET_NAME;
 * ERR_EXIT_LITERAL: an IPv6 literal can't be mapped to an exit; ERR_TOR_FILTERED: no stream events, so the exit can't be
 * checked, or no mapping; ERR_MSG_BUSY: LOOKS_MAX are under way, or the id is in use; ERR_TOR_LOST; ERR_NOMEM;
 * torlink_map's. */
MUST_USE enum err looks_start(struct looks *l, uint32_t id, const struct net_look *m);
/* The same, but ends with the open stream. Its errors as in done, ERR_HTTP_PROTOCOL when the server speaks first. With is_onion also
 * ERR_ONION_ADDRESS, and neither stream events nor MAPADDRESS are needed. */
MUST_USE enum err looks_open(struct looks *l, uint32_t id, const struct net_look *m);
/* Ends it with ERR_CANCELLED (through done or opened, from the loop). False when there is none of this id. */
bool looks_cancel(struct looks *l, uint32_t id);
/* The link is lost: ends all that still need tor's word with err. Mappings died with the link's tor or are removed. */
void looks_on_link_lost(struct looks *l, enum err err);
/* Orderly end: closes everything, sends the removal of all live mappings. No hook is called any more. */
void looks_stop(struct looks *l);

/* To be called for each event, after circs has taken it. */
void looks_on_stream(struct looks *l, const struct stream_seen *s);
void looks_on_circuit(struct looks *l, uint32_t circuit);

size_t looks_count(const struct looks *l);
size_t looks_mappings(const struct looks *l);   /* that may be live in tor */

#endif
