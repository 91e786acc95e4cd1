/* The link to one tor (contract in engine/torlink.h): places, stages, coming back. Its bytes are in torlink_wire.c, what is asked of
 * tor in torlink_setup.c, torlink_load.c, torlink_geo.c and torlink_map.c. */
#include "engine/torlink_in.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/torauth.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* From connect to being let in: tor answers within milliseconds, and whoever else listens there may not keep us from the next place. */
#define AUTH_LIMIT_MS 4000
/* Setting up: loading all relays takes tor some 100 ms, on a phone's processor ten times that. */
#define SETUP_LIMIT_MS 15000
/* tor restarts within a second or two; nobody should wait much longer than that for us to notice. */
#define RETRY_FIRST_MS 200u
#define RETRY_MOST_MS 8000u
/* A person waits for the answer (torlink_fresh): try at once, but not faster than this. */
#define RETRY_HURRY_MS 250
/* While tor has no relays yet. */
#define BOOTSTRAP_POLL_MS 1500
/* While a filter, or what we can't read, keeps the relays from us. */
#define OTHER_POLL_MS 15000
/* How often old targets are looked for. */
#define EXPIRE_MS 30000
/* The tor we were up at is the browser's: another one is looked for only after so many failures. */
#define LOYAL_ROUNDS 6

static void begin_round(struct torlink *l);
static void try_place(struct torlink *l);

static void set_timer(struct torlink *l, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	evtimer_add(l->timer, &tv);
}

static void set_state(struct torlink *l, bool is_up, enum err err)
{
	if (l->is_up == is_up && l->err == err)
		return;
	log_line("tor: %s, %s", is_up ? "up" : "down", err_name(err));
	l->is_up = is_up;
	l->err = err;
	if (l->hooks.state != NULL)
		l->hooks.state(l->arg, is_up, err);
}

/* ---- down ---- */

static int gravity(enum err err)
{
	static const enum err order[] = { OK, ERR_TOR_ABSENT, ERR_TOR_REFUSED, ERR_TOR_LOST, ERR_NOMEM, ERR_TOR_BOOTSTRAP,
	                                  ERR_TOR_REPLY, ERR_TOR_FILTERED, ERR_TOR_AUTH, ERR_TOR_AUTH_SERVER };

	for (int i = 0; i < (int)(sizeof order / sizeof order[0]); i++)
		if (order[i] == err)
			return i;
	return 0;
}

static void close_link(struct torlink *l, enum err why)
{
	struct torctl *ctl = l->ctl;

	if (l->fd >= 0) {
		event_del(l->on_fd);
		event_del(l->on_writable);
		close(l->fd);
		l->fd = -1;
	}
	/* First out of reach, then freed: whoever is told now may ask anew, and gets ERR_TOR_LOST. */
	l->ctl = NULL;
	l->stage = STAGE_WAIT;
	l->dying = OK;
	evtimer_del(l->timer);
	torlink_load_abort(l);
	torctl_free(ctl, why);
	l->is_checking = false;
	circs_clear(l->circs);
}

static void wait_and_retry(struct torlink *l)
{
	unsigned doublings = l->failed_rounds < 6 ? l->failed_rounds : 6;
	uint32_t ms = RETRY_FIRST_MS << doublings;

	if (ms > RETRY_MOST_MS)
		ms = RETRY_MOST_MS;
	l->failed_rounds++;
	/* Between half and all of it: several hosts on one tor must not come back in step. */
	set_timer(l, ms / 2 + randombytes_uniform(ms / 2 + 1));
}

/* This place is done with; the next one, or a pause. */
void torlink_down(struct torlink *l, enum err err)
{
	bool was_up = l->is_up;

	close_link(l, ERR_TOR_LOST);
	torlink_answer_all(l, was_up ? ERR_TOR_LOST : err);
	if (was_up) {
		set_state(l, false, ERR_TOR_LOST);
		l->failed_rounds = 0;
		l->n_places = l->place_at = 0;
		wait_and_retry(l);
		return;
	}
	if (gravity(err) > gravity(l->round_err))
		l->round_err = err;
	l->place_at++;
	if (l->place_at < l->n_places) {
		try_place(l);
		return;
	}
	set_state(l, false, l->round_err);
	wait_and_retry(l);
}

void torlink_end(struct torlink *l, enum err err)
{
	if (l->dying == OK)
		l->dying = err;
	torlink_wake(l);
}

void torlink_settled(struct torlink *l, enum err err)
{
	if (l->stage < STAGE_SETUP)
		return;
	if (l->is_up) {          /* a later load: the relays we have still do */
		torlink_answer_all(l, err);
		return;
	}
	if (err == OK && l->socks.len == 0)
		err = ERR_TOR_BOOTSTRAP;   /* tor opens its SOCKS port last, or has its network off */
	if (err != OK) {
		torlink_answer_all(l, err);
		set_state(l, false, err);
		set_timer(l, err == ERR_TOR_BOOTSTRAP ? BOOTSTRAP_POLL_MS : OTHER_POLL_MS);
		return;
	}
	l->stage = STAGE_UP;
	l->failed_rounds = 0;
	l->home = l->place[l->place_at];
	set_timer(l, EXPIRE_MS);
	set_state(l, true, l->has_streams ? OK : ERR_TOR_FILTERED);
	torlink_answer_all(l, OK);
}

static void on_auth(void *arg, enum err err, const char *method, const char *version)
{
	struct torlink *l = arg;

	if (l->ctl == NULL)
		return;   /* the link ended meanwhile */
	if (err != OK) {
		torlink_end(l, err);
		return;
	}
	memcpy(l->version, version, strnlen(version, sizeof l->version - 1) + 1);
	memcpy(l->auth, method, strnlen(method, sizeof l->auth - 1) + 1);
	l->version[sizeof l->version - 1] = l->auth[sizeof l->auth - 1] = '\0';
	set_timer(l, SETUP_LIMIT_MS);
	torlink_set_up(l);
}

/* ---- connecting ---- */

static void on_connected(struct torlink *l)
{
	const char *cookie = l->cookie != NULL ? l->cookie : getenv("TOR_CONTROL_COOKIE_AUTH_FILE");
	struct torauth_config config = { .cookie_path = cookie, .password_file = l->password_file, .password = getenv("TOR_CONTROL_PASSWD") };
	int on = 1;

	if (l->place[l->place_at].control.sa.ss_family != AF_UNIX)
		setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	torlink_acknowledge(l);
	l->stage = STAGE_AUTH;
	l->ctl = torctl_new(torlink_on_event, l);
	enum err err = l->ctl == NULL ? ERR_NOMEM : torauth_start(l->ctl, &config, on_auth, l);
	if (err != OK) {
		torlink_end(l, err);
		return;
	}
	event_add(l->on_fd, NULL);
	torlink_flush(l);
}

static enum err refused(const struct torlink *l)
{
	const char *how = l->place[l->place_at].how;

	return strcmp(how, "browser") == 0 || strcmp(how, "system") == 0 ? ERR_TOR_ABSENT : ERR_TOR_REFUSED;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct torlink *l = arg;
	int error = 0;
	socklen_t len = sizeof error;

	(void)what;
	if (l->stage != STAGE_CONNECT) {
		torlink_flush(l);
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)
		torlink_down(l, refused(l));
	else
		on_connected(l);
}

static void try_place(struct torlink *l)
{
	const struct tor_addr *to = &l->place[l->place_at].control;

	l->stage = STAGE_CONNECT;
	l->last_try_ms = clock_ms();
	set_timer(l, AUTH_LIMIT_MS);
	l->fd = socket(to->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0) {
		torlink_end(l, refused(l));
		return;
	}
	event_assign(l->on_fd, l->base, l->fd, EV_READ | EV_PERSIST, torlink_on_readable, l);
	event_assign(l->on_writable, l->base, l->fd, EV_WRITE, on_writable, l);
	if (connect(l->fd, (const struct sockaddr *)&to->sa, to->len) == 0)
		on_connected(l);
	else if (errno == EINPROGRESS)
		event_add(l->on_writable, NULL);
	else
		torlink_end(l, refused(l));
}

static void begin_round(struct torlink *l)
{
	struct torfind_config config = { .control = l->control, .socks = l->socks_option };

	l->place_at = 0;
	l->round_err = OK;
	if (l->home.control.len > 0 && l->failed_rounds < LOYAL_ROUNDS) {
		l->place[0] = l->home;
		l->n_places = 1;
	} else if (torfind(&config, l->place, &l->n_places) != OK || l->n_places == 0) {
		l->n_places = 0;
		set_state(l, false, ERR_TOR_ABSENT);
		wait_and_retry(l);
		return;
	}
	try_place(l);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct torlink *l = arg;

	(void)fd;
	(void)what;
	switch (l->stage) {
	case STAGE_WAIT:
		begin_round(l);
		break;
	case STAGE_UP:
		circs_expire(l->circs, clock_ms());
		set_timer(l, EXPIRE_MS);
		break;
	case STAGE_SETUP:
		if (l->load == NULL && !l->is_checking) {
			set_timer(l, SETUP_LIMIT_MS);
			if (l->socks.len == 0)
				torlink_ask_socks(l);
			torlink_check(l);
			break;
		}
		/* fall through */
	default:
		torlink_down(l, l->stage == STAGE_CONNECT ? refused(l) : ERR_TOR_LOST);
	}
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	struct torlink *l = arg;

	(void)fd;
	(void)what;
	if (l->dying != OK)
		torlink_down(l, l->dying);
	torlink_tell_ready(l);
}

/* ---- life ---- */

static char *copy_given(const char *s)
{
	return s != NULL && s[0] != '\0' ? strdup(s) : NULL;
}

struct torlink *torlink_new(struct event_base *base, const struct torlink_config *config,
                            const struct torlink_hooks *hooks, void *arg, enum err *err)
{
	struct torfind_config find = { .control = config->control, .socks = config->socks };
	struct torlink *l = calloc(1, sizeof *l);

	*err = l == NULL || sodium_init() < 0 ? ERR_NOMEM : OK;
	if (*err != OK) {
		free(l);
		return NULL;
	}
	l->base = base;
	l->hooks = *hooks;
	l->arg = arg;
	l->fd = -1;
	l->control = copy_given(config->control);
	l->socks_option = copy_given(config->socks);
	l->cookie = copy_given(config->cookie);
	l->password_file = copy_given(config->password_file);
	l->no_mapaddress = config->no_mapaddress;
	l->has_mapaddress = !config->no_mapaddress;
	l->circs = circs_new();
	l->on_fd = event_new(base, -1, 0, torlink_on_readable, l);
	l->on_writable = event_new(base, -1, 0, on_writable, l);
	l->timer = evtimer_new(base, on_timer, l);
	l->later = event_new(base, -1, 0, on_later, l);
	if (l->circs == NULL || l->on_fd == NULL || l->on_writable == NULL || l->timer == NULL || l->later == NULL)
		*err = ERR_NOMEM;
	else
		*err = torfind(&find, l->place, &l->n_places);
	if (*err != OK) {
		torlink_free(l);
		return NULL;
	}
	set_timer(l, 0);   /* the first try comes from the loop, as all others */
	return l;
}

static void free_event(struct event *e)
{
	if (e != NULL)
		event_free(e);
}

void torlink_free(struct torlink *l)
{
	if (l == NULL)
		return;
	memset(&l->hooks, 0, sizeof l->hooks);
	if (l->timer != NULL && l->circs != NULL) {
		torlink_unmap_all(l);
		close_link(l, ERR_CANCELLED);
	}
	torlink_answer_all(l, ERR_CANCELLED);
	torlink_tell_ready(l);
	free_event(l->on_fd);
	free_event(l->on_writable);
	free_event(l->timer);
	free_event(l->later);
	circs_free(l->circs);
	relays_free(l->relays);
	for (struct mapping *m = l->mappings, *next; m != NULL; m = next) {
		next = m->next;
		free(m);
	}
	free(l->control);
	free(l->socks_option);
	free(l->cookie);
	free(l->password_file);
	free(l);
}

void torlink_hurry(struct torlink *l)
{
	if (l->stage == STAGE_WAIT && clock_ms() - l->last_try_ms >= RETRY_HURRY_MS)
		set_timer(l, 0);
}

bool torlink_is_up(const struct torlink *l) { return l->is_up; }
enum err torlink_error(const struct torlink *l) { return l->err; }
const struct relays *torlink_relays(const struct torlink *l) { return l->relays; }
struct circs *torlink_circs(struct torlink *l) { return l->circs; }
const struct tor_addr *torlink_socks(const struct torlink *l) { return &l->socks; }
const struct tor_addr *torlink_control(const struct torlink *l)
{
	return l->place_at < l->n_places ? &l->place[l->place_at].control : &l->home.control;
}
const char *torlink_auth(const struct torlink *l) { return l->auth; }
const char *torlink_version(const struct torlink *l) { return l->version; }
bool torlink_has_geoip(const struct torlink *l) { return l->has_geoip; }
bool torlink_has_streams(const struct torlink *l) { return l->has_streams; }
bool torlink_has_mapaddress(const struct torlink *l) { return l->has_mapaddress; }
