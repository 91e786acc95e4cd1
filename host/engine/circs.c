/* Circuits and streams of tor (contract in engine/circs.h): the two tables, small enough to be searched from end to end.
 * All strings that tell of browsing are wiped before they are freed. */
#include "engine/circs_table.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void wipe(char **s)
{
	if (*s == NULL)
		return;
	sodium_memzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

void circs_keep(char **s, const char *text)
{
	wipe(s);
	*s = strdup(text);
}

/* ---- life ---- */

struct circs *circs_new(void)
{
	return calloc(1, sizeof(struct circs));
}

static void circuit_wipe(struct circuit *x)
{
	wipe(&x->username);
	wipe(&x->password);
	sodium_memzero(x, sizeof *x);
}

static void stream_forget(struct stream *s)
{
	wipe(&s->host);
	wipe(&s->username);
	wipe(&s->password);
	s->port = 0;
	s->knows_credentials = false;
}

void circs_clear(struct circs *c)
{
	for (size_t i = 0; i < c->n_circuits; i++)
		circuit_wipe(&c->circuit[i]);
	for (size_t i = 0; i < c->n_streams; i++)
		stream_forget(&c->stream[i]);
	c->n_circuits = 0;
	c->n_streams = 0;
	sodium_memzero(c->value, sizeof c->value);
}

void circs_free(struct circs *c)
{
	if (c == NULL)
		return;
	circs_clear(c);
	free(c->circuit);
	free(c->stream);
	free(c);
}

void circs_forget_targets(struct circs *c)
{
	for (size_t i = 0; i < c->n_streams; i++)
		stream_forget(&c->stream[i]);
	for (size_t i = 0; i < c->n_circuits; i++) {
		wipe(&c->circuit[i].username);
		wipe(&c->circuit[i].password);
	}
	sodium_memzero(c->value, sizeof c->value);
}

void circs_on_newnym(struct circs *c)
{
	circs_forget_targets(c);
	for (size_t i = 0; i < c->n_circuits; i++)
		c->circuit[i].is_used = true;
}

/* ---- tables ---- */

struct circuit *circs_circuit_of(const struct circs *c, uint32_t id)
{
	if (id == 0)
		return NULL;
	for (size_t i = c->n_circuits; i-- > 0;)
		if (c->circuit[i].id == id)
			return &c->circuit[i];
	return NULL;
}

struct stream *circs_stream_of(const struct circs *c, uint32_t id)
{
	for (size_t i = c->n_streams; i-- > 0;)
		if (c->stream[i].id == id)
			return &c->stream[i];
	return NULL;
}

static void drop_circuit(struct circs *c, size_t i)
{
	circuit_wipe(&c->circuit[i]);
	memmove(&c->circuit[i], &c->circuit[i + 1], (--c->n_circuits - i) * sizeof c->circuit[0]);
}

static void drop_stream(struct circs *c, size_t i)
{
	stream_forget(&c->stream[i]);
	memmove(&c->stream[i], &c->stream[i + 1], (--c->n_streams - i) * sizeof c->stream[0]);
}

/* The oldest that is over, else the oldest of all. */
static size_t oldest_circuit(const struct circs *c)
{
	for (size_t i = 0; i < c->n_circuits; i++)
		if (c->circuit[i].is_closed)
			return i;
	return 0;
}

static size_t oldest_stream(const struct circs *c)
{
	for (size_t i = 0; i < c->n_streams; i++)
		if (c->stream[i].state >= STREAM_FAILED)
			return i;
	return 0;
}

/* Makes room for one more element; false when there is no memory. */
static bool make_room(void **array, size_t *room, size_t n, size_t most, size_t size)
{
	if (n < *room)
		return true;
	size_t more = *room == 0 ? 64 : *room * 2;
	if (more > most)
		more = most;
	/* Not realloc: it would leave a copy of paths and credentials behind. */
	void *bigger = calloc(more, size);
	if (bigger == NULL)
		return false;
	if (n > 0) {
		memcpy(bigger, *array, n * size);
		sodium_memzero(*array, n * size);
	}
	free(*array);
	*array = bigger;
	*room = more;
	return true;
}

struct circuit *circs_add_circuit(struct circs *c, uint32_t id)
{
	if (c->n_circuits >= CIRCUITS_MAX)
		drop_circuit(c, oldest_circuit(c));
	if (!make_room((void **)&c->circuit, &c->room_circuits, c->n_circuits, CIRCUITS_MAX, sizeof c->circuit[0]))
		return NULL;
	struct circuit *x = &c->circuit[c->n_circuits++];
	*x = (struct circuit){ .id = id };
	return x;
}

struct stream *circs_add_stream(struct circs *c, uint32_t id, uint64_t now_ms)
{
	if (c->n_streams >= STREAMS_MAX)
		drop_stream(c, oldest_stream(c));
	if (!make_room((void **)&c->stream, &c->room_streams, c->n_streams, STREAMS_MAX, sizeof c->stream[0]))
		return NULL;
	struct stream *s = &c->stream[c->n_streams++];
	*s = (struct stream){ .id = id, .is_user = true, .born_ms = now_ms };
	return s;
}

void circs_expire(struct circs *c, uint64_t now_ms)
{
	for (size_t i = c->n_streams; i-- > 0;) {
		struct stream *s = &c->stream[i];
		if (now_ms - s->born_ms < STREAM_MEMORY_MS)
			continue;
		if (s->state >= STREAM_FAILED)
			drop_stream(c, i);
		else
			stream_forget(s);   /* still counted as open, but nobody knows to where */
	}
	for (size_t i = c->n_circuits; i-- > 0;)
		if (c->circuit[i].is_closed && now_ms - c->circuit[i].closed_ms >= STREAM_MEMORY_MS)
			drop_circuit(c, i);
}

size_t circs_n_circuits(const struct circs *c)
{
	return c->n_circuits;
}

size_t circs_n_streams(const struct circs *c, size_t *targets)
{
	*targets = 0;
	for (size_t i = 0; i < c->n_streams; i++)
		*targets += c->stream[i].host != NULL;
	return c->n_streams;
}
