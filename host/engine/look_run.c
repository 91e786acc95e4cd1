/* The states of one look (contract in look.h); its bytes are in look_wire.c. Events come from three sides: the socket
 * to tor's SOCKS port, tor's STREAM and CIRC events, and one timer. Every way out goes through look_end. */
#include "engine/look_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/describe.h"

#include <event2/event.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* 0: the look's own deadline alone. */
static const struct { const char *name; unsigned limit_ms; enum err at_limit; } states[] = {
	[LOOK_MAP]     = { "map",     5000, ERR_TIMEOUT },
	[LOOK_CONNECT] = { "connect", 3000, ERR_SOCKS_REFUSED },
	[LOOK_SOCKS]   = { "socks",   0,    ERR_TIMEOUT },
	/* The event and the SOCKS reply leave tor together. Without the event the exit can't be checked. */
	[LOOK_ROUTE]   = { "route",   2000, ERR_CIRCUIT },
	[LOOK_TLS]     = { "tls",     0,    ERR_TIMEOUT },
	[LOOK_WHY]     = { "why",     250,  OK },
	[LOOK_OVER]    = { "over",    0,    OK },
};

static void set_timer(struct look *k, uint64_t at)
{
	uint64_t now = clock_ms(), left = at > now ? at - now : 0;
	const struct timeval tv = { (time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000) };

	/* Can't fail: the timer's memory was reserved when it was added first, in look_begin. */
	(void)event_add(k->timer, &tv);
}

/* Which of the two limits it was is noted, because timers may come a moment before the clock says so. */
void look_set_limit(struct look *k, uint64_t at)
{
	k->is_last_limit = at >= k->deadline;
	set_timer(k, k->is_last_limit ? k->deadline : at);
}

void look_set_state(struct look *k, enum look_state state)
{
	unsigned limit = states[state].limit_ms;

	log_line("look %u: %s -> %s", k->id, states[k->state].name, states[state].name);
	k->state = state;
	look_set_limit(k, limit > 0 ? clock_ms() + limit : k->deadline);
}

void look_step(struct look *k, enum net_step what, const uint8_t *exit)
{
	if (!k->all->is_stopped)
		k->all->hooks->step(k->all->arg, k->id, what, exit);
}

void look_unmap(struct look *k)
{
	if (!k->is_mapped)
		return;
	k->is_mapped = false;
	torlink_unmap(k->all->link, k->name);
}

void look_end(struct look *k, enum err err)
{
	if (k->state == LOOK_OVER)
		return;
	k->err = err;
	look_close(k);
	look_unmap(k);
	sodium_memzero(k->username, sizeof k->username);
	sodium_memzero(k->password, sizeof k->password);
	look_set_state(k, LOOK_OVER);
	set_timer(k, 0);
}

void look_fail(struct look *k, enum err err)
{
	if (k->state == LOOK_OVER || k->state == LOOK_WHY)
		return;
	/* No exit's and no site's fault. */
	if (err == ERR_CLOSED && !torlink_is_up(k->all->link)) {
		look_fail_for_sure(k, ERR_TOR_LOST);
		return;
	}
	if (k->err != OK) {             /* the event was first; when it said little, the wire may say more */
		look_end(k, k->err != ERR_SOCKS_GENERAL ? k->err : err);
		return;
	}
	k->err = err;
	look_close(k);
	look_set_state(k, LOOK_WHY);
}

void look_fail_for_sure(struct look *k, enum err err)
{
	k->err = OK;
	look_end(k, err);
}

/* ---- result ---- */

static void report_open(struct look *k)
{
	struct net_open_r r = { .err = k->err, .was_clean = k->was_clean, .is_onion = k->is_onion };
	int fd = k->open_fd;

	k->open_fd = -1;
	r.elapsed_ms = (uint32_t)(clock_ms() - k->started);
	if (k->path.n > 0)
		describe_path(torlink_relays(k->all->link), &k->path, &r.path);
	k->all->hooks->opened(k->all->arg, k->id, &r, fd);
}

static void report(struct look *k)
{
	static const struct tls_seen nothing;
	const struct tls_seen *seen = k->tls != NULL ? k->engine->seen(k->tls) : &nothing;
	struct net_look_r r = { .err = k->err, .was_clean = k->was_clean };

	r.elapsed_ms = (uint32_t)(clock_ms() - k->started);
	if (k->path.n > 0)
		describe_path(torlink_relays(k->all->link), &k->path, &r.path);
	r.is_signed = seen->is_signed;
	r.tls_version = seen->version;
	memcpy(r.cipher, seen->cipher, sizeof r.cipher);
	memcpy(r.alpn, seen->alpn, sizeof r.alpn);
	r.n_certs = seen->n_certs;
	memcpy(r.cert, seen->cert, sizeof r.cert);
	r.staple = seen->staple;
	k->all->hooks->done(k->all->arg, k->id, &r);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct look *k = arg;

	(void)fd;
	(void)what;
	if (k->state == LOOK_OVER) {
		bool is_news = !k->is_reported;
		k->is_reported = true;
		if (is_news && k->is_handed_out)
			report_open(k);
		else if (is_news)
			report(k);
		/* tor's answer to MAPADDRESS still points here. */
		if (!k->is_map_asked)
			look_drop(k);
		return;
	}
	if (k->state == LOOK_WHY)
		look_end(k, k->err);
	else
		look_fail_for_sure(k, k->is_last_limit ? ERR_TIMEOUT : states[k->state].at_limit);
}

/* ---- the circuit, checked before any TLS byte ---- */

/* Closes this try and begins another one with other credentials. */
static void try_again(struct look *k)
{
	look_close(k);
	k->path.n = 0;
	if (++k->tries >= LOOK_FREE_TRIES) {
		look_fail_for_sure(k, ERR_EXIT_NONE);
		return;
	}
	enum err err = look_connect(k);
	if (err != OK)
		look_fail_for_sure(k, err);
}

static bool suits(const struct look *k, const uint8_t fp[FP_LEN])
{
	const struct net_draw *a = k->avoid;
	const struct relays *relays = torlink_relays(k->all->link);
	const struct relay *relay = relays != NULL ? relays_find(relays, fp) : NULL;
	const struct pathpick want = {
		.port = k->port, .is_ipv6 = k->target.kind == TARGET_IPV6,
		.indep = a->indep, .n_indep = a->n_indep, .not_these = a->not_these, .n_not = a->n_not,
		.country = a->country, .not_continent_of = a->not_continent_of,
	};

	return relay != NULL && pathpick_suits(relays, &want, relay);
}

static void ignore(void *arg, enum err err)
{
	(void)arg;
	(void)err;
}

/* Is the circuit the right one? Called as soon as its path is known, and again when the stream is open on it. */
static void check_route(struct look *k)
{
	struct circs_path path;

	if (k->is_onion || k->circuit == 0 || !circs_path(torlink_circs(k->all->link), k->circuit, &path) || path.n == 0)
		return;
	const uint8_t *last = path.fp[path.n - 1];
	if (k->is_free && (path.is_onion || !suits(k, last))) {
		try_again(k);
		return;
	}
	if (path.is_onion || (!k->is_free && memcmp(last, k->exit, FP_LEN) != 0)) {
		look_fail_for_sure(k, ERR_EXIT_WRONG);
		return;
	}
	if (!k->is_open && !k->is_free)
		look_hello_early(k);
	if (!k->is_open || k->path.n > 0)
		return;
	memcpy(k->exit, last, FP_LEN);
	k->path = path;
	/* For the people who are shown the path; the answers come while the handshake runs, or are missing. */
	if (torlink_countries(k->all->link, (const uint8_t (*)[FP_LEN])path.fp, path.n, ignore, NULL) != OK)
		log_line("look %u: countries can't be asked", k->id);
	k->was_clean = k->had_clean && !look_circuit_is_new(k->all, k->circuit, k->turn);
	if (k->state == LOOK_ROUTE && k->is_handed_out)
		look_hand_out(k);
	else if (k->state == LOOK_ROUTE)
		look_start_tls(k);
}

/* The SOCKS reply overtook the event: the exit was asked all the same, and who counts its words has to know. */
static void say_late(struct look *k, uint32_t circuit)
{
	struct circs_path path;

	if (k->is_free || k->is_onion || k->circuit == circuit || !circs_path(torlink_circs(k->all->link), circuit, &path) || path.n == 0 ||
	    memcmp(path.fp[path.n - 1], k->exit, FP_LEN) != 0)
		return;
	k->circuit = circuit;
	look_step(k, STEP_CONNECTING, k->exit);
}

void look_on_attached(struct look *k, uint32_t circuit, bool is_open)
{
	/* tor has rewritten the name: the mapping has done its work. */
	look_unmap(k);
	if (k->state == LOOK_WHY && circuit != 0 && !is_open)
		say_late(k, circuit);
	if (circuit == 0 || (k->state != LOOK_SOCKS && k->state != LOOK_ROUTE))
		return;
	if (k->circuit != circuit && !is_open)
		look_step(k, STEP_CONNECTING, k->is_free || k->is_onion ? NULL : k->exit);
	k->circuit = circuit;
	k->is_open = is_open;
	check_route(k);
}

void look_on_path(struct look *k)
{
	if (k->state == LOOK_SOCKS || k->state == LOOK_ROUTE)
		check_route(k);
}

void look_on_detached(struct look *k)
{
	if (k->state != LOOK_SOCKS)
		return;
	k->circuit = 0;
	k->is_open = false;
	look_step(k, STEP_BUILDING, k->is_free || k->is_onion ? NULL : k->exit);
}

void look_on_ended(struct look *k, enum err why)
{
	if (k->state == LOOK_OVER || why == OK)
		return;
	/* A general failure says less than what is known already. */
	if (k->err == OK || why != ERR_SOCKS_GENERAL)
		k->err = why;
	if (k->state == LOOK_WHY)
		look_end(k, k->err);
}

/* ---- beginning ---- */

static void on_mapped(void *arg, enum err err)
{
	struct look *k = arg;

	k->is_map_asked = false;
	if (k->state == LOOK_OVER) {
		set_timer(k, 0);
		return;
	}
	if (err == OK)
		err = look_connect(k);
	if (err != OK)
		look_fail_for_sure(k, err);
}

enum err look_begin(struct look *k)
{
	uint8_t random[16];
	char hex[2 * sizeof random + 1];

	k->timer = evtimer_new(k->all->base, on_timer, k);
	if (k->timer == NULL || event_add(k->timer, &(struct timeval){ 3600, 0 }) != 0)
		return ERR_NOMEM;
	if (k->is_free || k->is_onion)
		return look_connect(k);
	randombytes_buf(random, sizeof random);
	sodium_bin2hex(hex, sizeof hex, random, sizeof random);
	/* A letter first, so that no resolver takes it for a number. */
	snprintf(k->name, sizeof k->name, "x%s.virtual", hex);
	/* From now on it may be live, whatever tor answers. */
	k->is_mapped = true;
	k->is_map_asked = true;
	enum err err = torlink_map(k->all->link, k->name, k->target.host, k->exit, on_mapped, k);
	if (err != OK) {
		k->is_mapped = false;
		k->is_map_asked = false;
		return err;
	}
	look_set_state(k, LOOK_MAP);
	return OK;
}
