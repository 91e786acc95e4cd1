/* The table of looks and tor's events for them (contract in look.h); the states are in look_run.c. */
#include "engine/look_state.h"

#include "base/clock.h"
#include "engine/describe.h"

#include <event2/event.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct looks *looks_new(struct event_base *base, struct torlink *link, const struct tls_engine *engine,
                        const struct look_hooks *hooks, void *arg)
{
	struct looks *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->base = base;
	l->link = link;
	l->engine = engine;
	l->hooks = hooks;
	l->arg = arg;
	return l;
}

static void look_free(struct look *k)
{
	if (k->on_read != NULL)
		event_free(k->on_read);
	if (k->on_write != NULL)
		event_free(k->on_write);
	if (k->timer != NULL)
		event_free(k->timer);
	if (k->fd >= 0)
		close(k->fd);
	if (k->open_fd >= 0)
		close(k->open_fd);
	if (k->tls != NULL)
		k->engine->free(k->tls);
	buf_free(&k->in);
	buf_free(&k->out);
	free(k->avoid);
	sodium_memzero(k, sizeof *k);
	free(k);
}

void look_drop(struct look *k)
{
	struct looks *l = k->all;

	for (struct look **at = &l->first; *at != NULL; at = &(*at)->next) {
		if (*at != k)
			continue;
		*at = k->next;
		l->n--;
		break;
	}
	look_free(k);
}

void looks_free(struct looks *l)
{
	if (l == NULL)
		return;
	for (struct look *k = l->first, *next; k != NULL; k = next) {
		next = k->next;
		look_free(k);
	}
	sodium_memzero(l, sizeof *l);
	free(l);
}

static struct look *look_of(const struct looks *l, uint32_t id)
{
	for (struct look *k = l->first; k != NULL; k = k->next)
		if (k->id == id && !k->is_reported)
			return k;
	return NULL;
}

static enum err onion_parse(const char *host, struct target *target)
{
	if (!target_is_onion(host))
		return ERR_ONION_ADDRESS;
	*target = (struct target){ .kind = TARGET_NAME };
	memcpy(target->host, host, strlen(host) + 1);
	return OK;
}

/* What can be said without asking tor. */
static enum err check(const struct looks *l, uint32_t id, const struct net_look *m, struct target *target)
{
	enum err err = m->is_onion ? onion_parse(m->host, target) : target_parse(m->host, target);

	if (err != OK)
		return err;
	if (l->is_stopped || !torlink_is_up(l->link))
		return ERR_TOR_LOST;
	if (m->is_onion)
		return l->n >= LOOKS_MAX || look_of(l, id) != NULL ? ERR_MSG_BUSY : OK;
	/* Without stream events nobody can say which exit it was. */
	if (!torlink_has_streams(l->link))
		return ERR_TOR_FILTERED;
	if (!m->is_free && target->kind == TARGET_IPV6)
		return ERR_EXIT_LITERAL;
	if (!m->is_free && !torlink_has_mapaddress(l->link))
		return ERR_TOR_FILTERED;
	if (l->n >= LOOKS_MAX || look_of(l, id) != NULL)
		return ERR_MSG_BUSY;
	return OK;
}

static enum err start(struct looks *l, uint32_t id, const struct net_look *m, bool is_handed_out)
{
	struct target target;
	enum err err = m->is_onion && !is_handed_out ? ERR_TARGET_PRIVATE : check(l, id, m, &target);

	if (err != OK)
		return err;
	struct look *k = calloc(1, sizeof *k);
	if (k == NULL)
		return ERR_NOMEM;
	uint32_t ms = m->deadline_ms;
	const uint32_t max = m->is_onion ? ONION_DEADLINE_MAX_MS : LOOK_DEADLINE_MAX_MS;
	*k = (struct look){ .all = l, .id = id, .is_free = m->is_free && !m->is_onion, .is_onion = m->is_onion, .target = target, .port = m->port, .fd = -1, .open_fd = -1,
	                    .is_handed_out = is_handed_out };
	k->started = clock_ms();
	k->deadline = k->started + (ms == 0 || ms > max ? max : ms);
	memcpy(k->exit, m->exit, FP_LEN);
	if (k->is_free) {
		k->avoid = malloc(sizeof *k->avoid);
		if (k->avoid == NULL) {
			look_free(k);
			return ERR_NOMEM;
		}
		*k->avoid = m->avoid;
	}
	err = look_begin(k);
	if (err != OK) {
		look_free(k);
		return err;
	}
	k->next = l->first;
	l->first = k;
	l->n++;
	return OK;
}

enum err looks_start(struct looks *l, uint32_t id, const struct net_look *m)
{
	return start(l, id, m, false);
}

enum err looks_open(struct looks *l, uint32_t id, const struct net_look *m)
{
	return start(l, id, m, true);
}

bool looks_cancel(struct looks *l, uint32_t id)
{
	struct look *k = look_of(l, id);

	if (k == NULL)
		return false;
	look_end(k, ERR_CANCELLED);
	return true;
}

void looks_on_link_lost(struct looks *l, enum err err)
{
	for (struct look *k = l->first; k != NULL; k = k->next)
		/* What is being shaken may still end well, where only the control port went. What was closed a moment ago was so by tor. */
		if ((k->state != LOOK_TLS && k->state != LOOK_WHY) || (k->state == LOOK_WHY && k->err == ERR_CLOSED))
			look_end(k, err);
}

void looks_stop(struct looks *l)
{
	l->is_stopped = true;
	for (struct look *k = l->first; k != NULL; k = k->next) {
		look_end(k, ERR_CANCELLED);
		k->is_reported = true;
	}
}

/* Ours by its credentials; later, when tor's or our memory of those is wiped, by its id. */
static struct look *look_of_stream(const struct looks *l, const struct stream_seen *s)
{
	for (struct look *k = l->first; k != NULL; k = k->next) {
		if (k->state == LOOK_OVER)
			continue;
		if (k->stream != 0 ? k->stream == s->id
		                   : k->username[0] != '\0' && strcmp(k->username, s->username) == 0 &&
		                     strcmp(k->password, s->password) == 0)
			return k;
	}
	return NULL;
}

void looks_on_stream(struct looks *l, const struct stream_seen *s)
{
	struct look *k = look_of_stream(l, s);

	if (k == NULL)
		return;
	k->stream = s->id;
	switch (s->state) {
	case STREAM_NEW:
		break;
	case STREAM_SENT:
		look_on_attached(k, s->circuit, false);
		break;
	case STREAM_OPEN:
		look_on_attached(k, s->circuit, true);
		break;
	case STREAM_DETACHED:
		look_on_detached(k);
		break;
	case STREAM_FAILED:
		/* Exits don't say what went wrong when they could not connect: refused, measured, is MISC. */
		if (strcmp(s->reason, "END") == 0 && strcmp(s->remote_reason, "MISC") == 0) {
			look_on_ended(k, ERR_SOCKS_CONN);
			break;
		}
		look_on_ended(k, describe_stream_end(s->reason, s->remote_reason));
		break;
	case STREAM_CLOSED:
		look_on_ended(k, describe_stream_end(s->reason, s->remote_reason));
		break;
	}
}

bool look_circuit_is_new(const struct looks *l, uint32_t circuit, uint64_t turn)
{
	if (l->turn - turn >= LOOK_RECENT_CIRCUITS)
		return true;    /* no longer known; the claim "was there" is not made */
	for (uint64_t t = turn + 1; t <= l->turn; t++)
		if (l->recent[t % LOOK_RECENT_CIRCUITS] == circuit)
			return true;
	return false;
}

void looks_on_circuit(struct looks *l, uint32_t circuit)
{
	struct look *next;

	l->recent[++l->turn % LOOK_RECENT_CIRCUITS] = circuit;
	for (struct look *k = l->first; k != NULL; k = next) {
		next = k->next;
		if (k->circuit == circuit)
			look_on_path(k);
	}
}

size_t looks_count(const struct looks *l)
{
	return l->n;
}

size_t looks_mappings(const struct looks *l)
{
	size_t n = 0;

	for (const struct look *k = l->first; k != NULL; k = k->next)
		n += k->is_mapped;
	return n;
}
