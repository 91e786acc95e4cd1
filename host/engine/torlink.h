/* The link to one tor: finds it, connects, authenticates, subscribes to STREAM CIRC SIGNAL, loads relays and circuits, and comes back when
 * tor restarts. A guest: it never takes ownership and never changes an option. Drives torctl over libevent. Used by
 * the net role. */
#ifndef ENGINE_TORLINK_H
#define ENGINE_TORLINK_H

#include "engine/circs.h"
#include "engine/relays.h"
#include "engine/torctl.h"
#include "engine/torfind.h"
#include <event2/event.h>

struct torlink;

/* Strings borrowed for the call of torlink_new; "" or NULL: find it. */
struct torlink_config {
	const char *control, *socks, *cookie, *password_file;
	bool no_mapaddress;        /* tests: act as if MAPADDRESS were refused */
};

/* All may be NULL but state. Called from the loop, never from inside a torlink_* call. */
struct torlink_hooks {
	/* At each change. up: relays, circuits and SOCKS address are there. err says what is wrong when not up: ERR_TOR_ABSENT, _REFUSED,
	 * _AUTH, _AUTH_SERVER, _LOST, _REPLY, _BOOTSTRAP; and ERR_TOR_FILTERED with up = true: no stream events. */
	void (*state)(void *arg, bool is_up, enum err err);
	void (*newnym)(void *arg);                                  /* streams' targets are forgotten already */
	void (*stream)(void *arg, const struct stream_seen *s);     /* each STREAM event, after circs took it */
	void (*circuit)(void *arg, uint32_t id);                    /* each CIRC event, after circs took it */
};

/* Starts connecting. NULL: out of memory or an unreadable address (errno-free; *err says). Borrows base. */
struct torlink *torlink_new(struct event_base *base, const struct torlink_config *config,
                            const struct torlink_hooks *hooks, void *arg, enum err *err);
/* Takes away what is left of our mappings, ends all that waits with ERR_CANCELLED; no hook is called any more. Takes NULL. Not from a
 * callback of torlink's. */
void torlink_free(struct torlink *l);

bool torlink_is_up(const struct torlink *l);
enum err torlink_error(const struct torlink *l);               /* the last state's; OK before the first */
const struct relays *torlink_relays(const struct torlink *l);  /* NULL until loaded; replaced between loop turns: do not keep */
struct circs *torlink_circs(struct torlink *l);                /* never NULL */
/* Where to send SOCKS; len 0 while unknown. */
const struct tor_addr *torlink_socks(const struct torlink *l);
const struct tor_addr *torlink_control(const struct torlink *l);
const char *torlink_auth(const struct torlink *l);             /* "SAFECOOKIE" ...; "" */
const char *torlink_version(const struct torlink *l);
bool torlink_has_geoip(const struct torlink *l);
bool torlink_has_streams(const struct torlink *l);
/* False once tor (or a filter in front of it) has refused the command MAPADDRESS as such. True until tried. */
bool torlink_has_mapaddress(const struct torlink *l);

/* One command, as torctl_send. ERR_TOR_LOST when there is no authenticated link. */
MUST_USE enum err torlink_send(struct torlink *l, const char *const *words, const struct torctl_ask *ask);

typedef void torlink_fn(void *arg, enum err err);
/* MAPADDRESS name=host.FP.exit (name: <random>.virtual). done: OK, ERR_TOR_COMMAND (this target refused), ERR_TOR_FILTERED (the command is
 * refused: torlink_has_mapaddress is false from now on), ERR_TOR_LOST. Errors at once (done is not called): ERR_TOR_FILTERED, ERR_TOR_LOST,
 * ERR_TARGET_NAME for anything but lower-case names and IPv4 literals. Every mapping must be given back with torlink_unmap, whatever came. */
MUST_USE enum err torlink_map(struct torlink *l, const char *name, const char *host, const uint8_t fp[FP_LEN], torlink_fn *done, void *arg);
/* Takes the mapping away; no answer awaited; harmless when it is not there. */
void torlink_unmap(struct torlink *l, const char *name);
/* CLOSECIRCUIT; only on a person's click. done may be NULL. */
MUST_USE enum err torlink_close_circuit(struct torlink *l, uint32_t circuit, torlink_fn *done, void *arg);

/* Before a draw: makes sure that the relays are of a consensus that is still good, and that the families of these relays are known.
 * done is called from the loop, mostly at once; with an error when that could not be had. */
MUST_USE enum err torlink_fresh(struct torlink *l, const uint8_t (*fp)[FP_LEN], size_t n, torlink_fn *done, void *arg);
/* Asks the countries of these relays (n = 0: of all usable exits) where not known yet; then relay.country is filled.
 * ERR_TOR_COMMAND: tor has no GeoIP data. */
MUST_USE enum err torlink_countries(struct torlink *l, const uint8_t (*fp)[FP_LEN], size_t n, torlink_fn *done, void *arg);

#endif
