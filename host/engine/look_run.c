/* The states of one look (contract in look.h). Events come from three sides: the socket to tor's SOCKS port, tor's
 * STREAM and CIRC events, and one timer. Every way out goes through look_end. */
#include "engine/look_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/describe.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static enum err try_connect(struct look *k);

const char *look_state_name(enum look_state s)
{
	return states[s].name;
}

static void set_timer(struct look *k, uint64_t at)
{
	uint64_t now = clock_ms(), left = at > now ? at - now : 0;
	const struct timeval tv = { (time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000) };

	/* Can't fail: the timer's memory was reserved when it was added first, in look_begin. */
	(void)event_add(k->timer, &tv);
}

/* The state's own limit, or the deadline of all when that is nearer. Which of them it was is noted, because timers may
 * come a moment before the clock says so. */
static void set_limit(struct look *k, uint64_t at)
{
	k->is_last_limit = at >= k->deadline;
	set_timer(k, k->is_last_limit ? k->deadline : at);
}

static void set_state(struct look *k, enum look_state state)
{
	unsigned limit = states[state].limit_ms;

	log_line("look %u: %s -> %s", k->id, states[k->state].name, states[state].name);
	k->state = state;
	set_limit(k, limit > 0 ? clock_ms() + limit : k->deadline);
}

static void step(struct look *k, enum net_step what, const uint8_t *exit)
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

static void close_socket(struct look *k)
{
	if (k->on_read != NULL)
		event_free(k->on_read);
	if (k->on_write != NULL)
		event_free(k->on_write);
	k->on_read = k->on_write = NULL;
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
	buf_free(&k->in);
	buf_free(&k->out);
}

void look_end(struct look *k, enum err err)
{
	if (k->state == LOOK_OVER)
		return;
	k->err = err;
	close_socket(k);
	look_unmap(k);
	sodium_memzero(k->username, sizeof k->username);
	sodium_memzero(k->password, sizeof k->password);
	set_state(k, LOOK_OVER);
	set_timer(k, 0);
}

/* Something failed on the wire; tor's event may know better, and comes within milliseconds if it comes. */
static void fail(struct look *k, enum err err)
{
	if (k->state == LOOK_OVER || k->state == LOOK_WHY)
		return;
	if (k->err != OK) {             /* the event was first; when it said little, the wire may say more */
		look_end(k, k->err != ERR_SOCKS_GENERAL ? k->err : err);
		return;
	}
	k->err = err;
	close_socket(k);
	set_state(k, LOOK_WHY);
}

/* A failure that no event of tor's can explain further. */
static void fail_for_sure(struct look *k, enum err err)
{
	k->err = OK;
	look_end(k, err);
}

/* ---- result ---- */

static void report(struct look *k)
{
	static const struct tls_seen nothing;
	const struct tls_seen *seen = k->tls != NULL ? k->engine->seen(k->tls) : &nothing;
	struct net_look_r r = { .err = k->err, .was_clean = k->was_clean };

	k->is_reported = true;
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
		if (!k->is_reported)
			report(k);
		/* tor's answer to MAPADDRESS still points here. */
		if (!k->is_map_asked)
			look_drop(k);
		return;
	}
	if (k->state == LOOK_WHY)
		look_end(k, k->err);
	else
		fail_for_sure(k, k->is_last_limit ? ERR_TIMEOUT : states[k->state].at_limit);
}

/* ---- TLS ---- */

/* Writes what is waiting; false when the connection is gone. */
static bool flush(struct look *k)
{
	while (k->out.len > 0) {
		ssize_t n = send(k->fd, k->out.bytes, k->out.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return event_add(k->on_write, NULL) == 0;
		if (n < 0)
			return false;
		buf_drop(&k->out, (size_t)n);
	}
	return true;
}

static void run_tls(struct look *k, const void *bytes, size_t n, bool is_eof)
{
	struct rd in = rd_of(bytes, n);
	enum go go = k->engine->run(k->tls, &in, &k->out, is_eof);
	bool is_sent = flush(k);

	if (go == GO_DONE) {
		step(k, STEP_DONE, k->exit);
		fail_for_sure(k, OK);
	} else if (go == GO_FAILED) {
		enum err err = k->engine->seen(k->tls)->err;
		if (err == ERR_CLOSED)
			fail(k, err);
		else
			fail_for_sure(k, err);
	} else if (!is_sent && !is_eof) {
		fail(k, ERR_CLOSED);
	}
}

static void start_tls(struct look *k)
{
	set_state(k, LOOK_TLS);
	step(k, STEP_HANDSHAKING, k->exit);
	k->engine = k->all->engine;
	k->tls = k->engine->start(k->target.host, k->port);
	if (k->tls == NULL || event_add(k->on_read, NULL) != 0) {
		fail_for_sure(k, ERR_NOMEM);
		return;
	}
	buf_free(&k->out);
	k->out = buf_new(TLS_OUT_MAX);
	run_tls(k, NULL, 0, false);
	/* A server that spoke first: the bytes behind the SOCKS reply. */
	if (k->state == LOOK_TLS && k->in.len > 0)
		run_tls(k, k->in.bytes, k->in.len, false);
	buf_free(&k->in);
}

/* ---- the circuit, checked before any TLS byte ---- */

/* Closes this try and begins another one with other credentials. */
static void try_again(struct look *k)
{
	close_socket(k);
	k->path.n = 0;
	if (++k->tries >= LOOK_FREE_TRIES) {
		fail_for_sure(k, ERR_EXIT_NONE);
		return;
	}
	enum err err = try_connect(k);
	if (err != OK)
		fail_for_sure(k, err);
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

	if (k->circuit == 0 || !circs_path(torlink_circs(k->all->link), k->circuit, &path) || path.n == 0)
		return;
	const uint8_t *last = path.fp[path.n - 1];
	if (k->is_free && (path.is_onion || !suits(k, last))) {
		try_again(k);
		return;
	}
	if (path.is_onion || (!k->is_free && memcmp(last, k->exit, FP_LEN) != 0)) {
		fail_for_sure(k, ERR_EXIT_WRONG);
		return;
	}
	if (!k->is_open || k->path.n > 0)
		return;
	memcpy(k->exit, last, FP_LEN);
	k->path = path;
	/* For the people who are shown the path; the answers come while the handshake runs, or are missing. */
	if (torlink_countries(k->all->link, (const uint8_t (*)[FP_LEN])path.fp, path.n, ignore, NULL) != OK)
		log_line("look %u: countries can't be asked", k->id);
	k->was_clean = k->had_clean && !look_circuit_is_new(k->all, k->circuit, k->turn);
	if (k->state == LOOK_ROUTE)
		start_tls(k);
}

void look_on_attached(struct look *k, uint32_t circuit, bool is_open)
{
	/* tor has rewritten the name: the mapping has done its work. */
	look_unmap(k);
	if (circuit == 0 || (k->state != LOOK_SOCKS && k->state != LOOK_ROUTE))
		return;
	if (k->circuit != circuit && !is_open)
		step(k, STEP_CONNECTING, k->is_free ? NULL : k->exit);
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
	step(k, STEP_BUILDING, k->is_free ? NULL : k->exit);
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

/* ---- SOCKS ---- */

static void run_socks(struct look *k, const void *bytes, size_t n, bool is_eof)
{
	buf_put(&k->in, bytes, n);
	struct rd in = rd_of(k->in.bytes, k->in.len);
	enum go go = socks_run(&k->socks, &in, &k->out, clock_ms());

	buf_drop(&k->in, k->in.len - in.left);
	if (go == GO_FAILED) {
		fail(k, k->socks.err);
	} else if (go == GO_WAIT && (is_eof || !flush(k))) {
		fail(k, ERR_CLOSED);
	} else if (go == GO_WAIT) {
		/* The states of SOCKS have limits of their own. */
		set_limit(k, k->socks.deadline);
	} else {
		/* What comes now waits in the socket until the circuit is known to be right. */
		event_del(k->on_read);
		set_state(k, LOOK_ROUTE);
		if (k->path.n > 0)
			start_tls(k);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct look *k = arg;
	/* A SOCKS reply is taken alone: what follows it is read when it may be. */
	size_t want = k->state == LOOK_SOCKS ? LOOK_SOCKS_BYTES - k->in.len : LOOK_READ_BYTES;
	ssize_t n = recv(fd, k->all->read, want, 0);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	size_t got = n > 0 ? (size_t)n : 0;
	if (k->state == LOOK_SOCKS)
		run_socks(k, k->all->read, got, n <= 0);
	else if (k->state == LOOK_TLS)
		run_tls(k, k->all->read, got, n <= 0);
	/* Certificates are public, but which ones were fetched is not. */
	sodium_memzero(k->all->read, got);
}

static void start_socks(struct look *k)
{
	buf_free(&k->out);
	buf_free(&k->in);
	k->out = buf_new(LOOK_SOCKS_BYTES);
	k->in = buf_new(LOOK_SOCKS_BYTES);
	enum err err = socks_start(&k->socks, k->username, k->password, k->is_free ? k->target.host : k->name,
	                           k->port, &k->out, clock_ms());
	if (err == OK && event_add(k->on_read, NULL) != 0)
		err = ERR_NOMEM;
	if (err != OK) {
		fail_for_sure(k, err);
		return;
	}
	set_state(k, LOOK_SOCKS);
	step(k, STEP_BUILDING, k->is_free ? NULL : k->exit);
	run_socks(k, NULL, 0, false);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct look *k = arg;
	int failure = 0;
	socklen_t n = sizeof failure;

	(void)what;
	if (k->state != LOOK_CONNECT) {
		if (!flush(k))
			fail(k, ERR_CLOSED);
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &n) != 0 || failure != 0)
		fail_for_sure(k, ERR_SOCKS_REFUSED);
	else
		start_socks(k);
}

/* Connects to tor's SOCKS port with fresh credentials. */
static enum err try_connect(struct look *k)
{
	const struct tor_addr *to = torlink_socks(k->all->link);
	uint8_t clean[CIRCUITS_MAX > 256 ? 256 : CIRCUITS_MAX][FP_LEN];
	const int one = 1;

	if (to == NULL || to->len == 0)
		return ERR_TOR_LOST;
	circs_own_credentials(k->username, k->password);
	k->stream = k->circuit = 0;
	k->is_open = false;
	k->turn = k->all->turn;
	size_t n = circs_clean_exits(torlink_circs(k->all->link), clock_ms(), clean, sizeof clean / sizeof clean[0]);
	k->had_clean = k->is_free && n > 0;
	for (size_t i = 0; i < n && !k->is_free; i++)
		k->had_clean |= memcmp(clean[i], k->exit, FP_LEN) == 0;
	k->fd = socket(to->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (k->fd < 0)
		return ERR_IO;
	(void)setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	k->on_read = event_new(k->all->base, k->fd, EV_READ | EV_PERSIST, on_readable, k);
	k->on_write = event_new(k->all->base, k->fd, EV_WRITE, on_writable, k);
	if (k->on_read == NULL || k->on_write == NULL)
		return ERR_NOMEM;
	if (connect(k->fd, (const struct sockaddr *)&to->sa, to->len) != 0 && errno != EINPROGRESS)
		return ERR_SOCKS_REFUSED;
	if (event_add(k->on_write, NULL) != 0)
		return ERR_NOMEM;
	set_state(k, LOOK_CONNECT);
	return OK;
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
		err = try_connect(k);
	if (err != OK)
		fail_for_sure(k, err);
}

enum err look_begin(struct look *k)
{
	uint8_t random[16];
	char hex[2 * sizeof random + 1];

	k->timer = evtimer_new(k->all->base, on_timer, k);
	if (k->timer == NULL || event_add(k->timer, &(struct timeval){ 3600, 0 }) != 0)
		return ERR_NOMEM;
	if (k->is_free)
		return try_connect(k);
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
	set_state(k, LOOK_MAP);
	return OK;
}
