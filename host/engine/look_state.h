/* One look and the table of all: shared by look.c (table, tor's events),
 * look_run.c (the states) and look_wire.c (the socket), by nobody else. */
#ifndef ENGINE_LOOK_STATE_H
#define ENGINE_LOOK_STATE_H

#include "engine/look.h"
#include "engine/pathpick.h"
#include "engine/socks.h"
#include "engine/target.h"
#include "engine/torlink.h"

/* What one read takes from a socket; shared by all looks. */
#define LOOK_READ_BYTES (16u * 1024)
/* SOCKS messages of ours and of tor's: at most 2 * 255 + 3 and 262 bytes. */
#define LOOK_SOCKS_BYTES 1024
/* "x" and 16 random bytes in hex, ".virtual". */
#define LOOK_NAME_MAX 48

/* CIRC events remembered, to tell a circuit that was there from one that was made for us. */
#define LOOK_RECENT_CIRCUITS 256

enum look_state {
	LOOK_MAP,       /* waits for tor to take the mapping */
	LOOK_CONNECT,   /* waits for the TCP connection to tor's SOCKS port */
	LOOK_SOCKS,     /* waits for a circuit and the exit's connection */
	LOOK_ROUTE,     /* the stream is open; waits for tor to say over which circuit */
	LOOK_TLS,
	LOOK_WHY,       /* failed; tor's STREAM event may say more than SOCKS did */
	LOOK_OVER,      /* waits to be reported */
};

struct look {
	struct looks *all;
	struct look *next;
	uint32_t id;
	enum look_state state;
	enum err err;
	uint64_t started, deadline;
	bool is_handed_out;             /* looks_open: no handshake, the connection itself is wanted */
	bool is_onion;                  /* handed out as soon as tor says it is open: there is no exit to check */
	bool is_free, is_mapped, is_map_asked, is_reported, was_clean, had_clean, is_last_limit;
	struct target target;
	uint16_t port;
	uint8_t exit[FP_LEN];           /* asked for; when is_free, the one that came */
	struct net_draw *avoid;         /* when is_free */
	unsigned tries;
	char name[LOOK_NAME_MAX];
	char username[SOCKS_CRED_MAX], password[SOCKS_CRED_MAX];
	uint32_t stream, circuit;       /* tor's ids; 0 unknown */
	uint64_t turn;                  /* looks.turn when we connected */
	bool is_open;                   /* SUCCEEDED was seen: circuit is the one */
	struct circs_path path;         /* checked; n 0 before */
	int fd, open_fd;                /* open_fd: to be handed out, from LOOK_OVER on */
	struct event *on_read, *on_write, *timer;
	struct socks socks;
	struct buf in, out;
	const struct tls_engine *engine;
	struct tls *tls;
};

struct looks {
	struct event_base *base;
	struct torlink *link;
	const struct tls_engine *engine;
	const struct look_hooks *hooks;
	void *arg;
	struct look *first;
	size_t n;
	uint64_t turn;                            /* counts CIRC events */
	uint32_t recent[LOOK_RECENT_CIRCUITS];    /* circuit of event number turn % LOOK_RECENT_CIRCUITS */
	bool is_stopped;
	uint8_t read[LOOK_READ_BYTES];
};

/* ---- look_run.c ---- */

/* Begins: maps, or connects. */
MUST_USE enum err look_begin(struct look *k);
/* Ends it: closes the socket, removes the mapping; done is called from the loop. The first reason given stays. */
void look_end(struct look *k, enum err err);
/* Removes the mapping from tor if it may be there. */
void look_unmap(struct look *k);
/* tor named the stream's circuit (is_open: for good). */
void look_on_attached(struct look *k, uint32_t circuit, bool is_open);
/* tor detached (retries) or ended the stream. */
void look_on_detached(struct look *k);
void look_on_ended(struct look *k, enum err why);
/* A circuit's path may be known now. */
void look_on_path(struct look *k);
void look_set_state(struct look *k, enum look_state state);
/* A limit nearer than the deadline of all, for the state it is in. */
void look_set_limit(struct look *k, uint64_t at);
void look_step(struct look *k, enum net_step step, const uint8_t *exit);
/* Something failed on the wire; tor's event may know better, and comes within milliseconds if it comes. */
void look_fail(struct look *k, enum err err);
/* A failure that no event of tor's can explain further; or, with OK, the good end. */
void look_fail_for_sure(struct look *k, enum err err);

/* ---- look_wire.c ---- */

/* Connects to tor's SOCKS port with fresh credentials. */
MUST_USE enum err look_connect(struct look *k);
void look_start_tls(struct look *k);
/* Takes the connection out of the look and ends it well. */
void look_hand_out(struct look *k);
/* Tor has sent our request over a circuit that ends in the right exit: the ClientHello may follow it, before the exit has answered, as
 * Tor Browser's own does. The exit keeps it until it is connected: one way there and back is spared. */
void look_hello_early(struct look *k);
/* Takes the socket and its buffers away. */
void look_close(struct look *k);

/* ---- look.c ---- */

/* True when tor reported something of this circuit after the given turn. */
bool look_circuit_is_new(const struct looks *l, uint32_t circuit, uint64_t turn);
/* Takes it out of the table and frees it. */
void look_drop(struct look *k);

#endif
