/* What circs.c, circs_event.c and circs_ask.c share; nobody else includes this. */
#ifndef ENGINE_CIRCS_TABLE_H
#define ENGINE_CIRCS_TABLE_H

#include "engine/circs.h"

/* Room for one argument: eight hops with nicknames are some 600 bytes, long build flags 200. */
#define ARG_ROOM 4096
#define CONFLUX_LEN 65

struct circuit {
	uint32_t id;
	bool is_built, is_closed, is_used, is_onion, is_plain /* may carry browser streams */, is_internal;
	uint8_t n;
	uint8_t fp[HOPS_MAX][FP_LEN];
	char conflux[CONFLUX_LEN];   /* "" none */
	char *username, *password;   /* NULL unknown or none */
	uint64_t built_ms, closed_ms;
};

struct stream {
	uint32_t id, circuit;
	enum stream_state state;
	bool was_open, is_own, is_user, knows_credentials;
	uint16_t port;
	char *host, *username, *password;   /* NULL: forgotten or never known */
	uint64_t born_ms, ended_ms;
};

struct circs {
	struct circuit *circuit;
	size_t n_circuits, room_circuits;
	struct stream *stream;              /* in the order in which they came */
	size_t n_streams, room_streams;
	uint64_t n_built;
	char value[ARG_ROOM];
	char reason[32], remote_reason[32];
};

/* NULL: not there. Pointers hold until something is added or dropped. */
struct circuit *circs_circuit_of(const struct circs *c, uint32_t id);
struct stream *circs_stream_of(const struct circs *c, uint32_t id);
/* NULL: out of memory. The oldest goes where the table is full. */
struct circuit *circs_add_circuit(struct circs *c, uint32_t id);
struct stream *circs_add_stream(struct circs *c, uint32_t id, uint64_t now_ms);
/* Wipes and frees what *s holds, then keeps a copy of text; NULL stays "not known", which is never a candidate. */
void circs_keep(char **s, const char *text);

#endif
