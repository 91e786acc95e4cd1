/* What the files torlink*.c share; nobody else includes this. */
#ifndef ENGINE_TORLINK_IN_H
#define ENGINE_TORLINK_IN_H

#include "engine/torlink.h"

enum stage { STAGE_WAIT, STAGE_CONNECT, STAGE_AUTH, STAGE_SETUP, STAGE_UP };

/* Somebody who waits for torlink_fresh or torlink_countries. */
struct waiter {
	struct waiter *next;
	torlink_fn *done;
	void *arg;
	enum err err;
	bool is_ready;      /* to be told and freed by the loop */
	bool is_asking;     /* a question of its own is under way, and that alone makes it ready; else the end of the load does */
};

/* A mapping that tor may still hold. */
struct mapping { struct mapping *next; char name[64]; bool is_unwanted; };

struct load;            /* torlink_wait.c: all are told by torlink_tell_ready, which the event `later` calls. */
MUST_USE enum err torlink_add_waiter(struct torlink *l, torlink_fn *done, void *arg, bool is_ready, enum err err, struct waiter **out);
void torlink_answer(struct torlink *l, struct waiter *w, enum err err);
/* Those that have no question of their own under way. */
void torlink_answer_all(struct torlink *l, enum err err);
void torlink_wake(struct torlink *l);
void torlink_tell_ready(struct torlink *l);

/* torlink_setup.c */
void torlink_set_up(struct torlink *l);
void torlink_ask_socks(struct torlink *l);

/* torlink_load.c */

struct torlink {
	struct event_base *base;
	struct torlink_hooks hooks;
	void *arg;
	char *control, *socks_option, *cookie, *password_file;
	bool no_mapaddress;

	struct tor_place place[TORFIND_MAX], home;   /* home: where we were up last */
	size_t n_places, place_at;
	unsigned failed_rounds;
	enum err round_err;                          /* the gravest of this round */
	int fd;
	struct event *on_fd, *on_writable, *timer, *later;
	struct torctl *ctl;
	enum stage stage;
	enum err dying;                              /* the link is to be ended when the callback is back */
	uint64_t last_try_ms;

	bool is_up;
	enum err err;
	struct circs *circs;
	struct relays *relays;
	struct tor_addr socks;
	char auth[16], version[64];
	bool has_geoip, has_streams, has_mapaddress;

	struct load *load;                           /* NULL: none under way */
	char valid_after[32];                        /* of the relays we have */
	uint64_t checked_ms;                         /* when it was last compared */
	bool is_checking;
	struct waiter *waiters;
	struct mapping *mappings;
};

/* torlink.c */
/* Ends the link now: this place is done with; the next one, or a pause. Not from a callback of torctl's. */
void torlink_down(struct torlink *l, enum err err);
/* Ends the link once control is back in the loop. */
void torlink_end(struct torlink *l, enum err err);
/* Setting up is done, or a try to load relays has failed with err. */
void torlink_settled(struct torlink *l, enum err err);
/* Somebody waits: the next try comes now. */
void torlink_hurry(struct torlink *l);

/* torlink_wire.c: for the events and torctl; then what torlink.c sends and says itself. */
void torlink_on_readable(evutil_socket_t fd, short what, void *arg);
void torlink_on_event(void *arg, const struct torctl_line *line, bool is_first);
void torlink_flush(struct torlink *l);
void torlink_acknowledge(struct torlink *l);

/* torlink_load.c */
/* Asks for the consensus' date and loads relays when it is not ours. */
void torlink_check(struct torlink *l);
void torlink_load_abort(struct torlink *l);

/* torlink_map.c: forgets or sends again what the old link could not take away. */
void torlink_remap(struct torlink *l);
void torlink_unmap_all(struct torlink *l);

/* `key=value` of a GETINFO line; NULL when it is another key's. */
const char *torlink_value(const struct torctl_line *line, const char *key);

#endif
