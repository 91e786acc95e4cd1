/* The net role's dispatcher (contract in netd.h): frames from main become jobs or looks, tor's news become frames. */
#include "engine/describe.h"
#include "engine/netd_state.h"

#include "base/clock.h"
#include "base/log.h"

#include <event2/event.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void look_run(struct job *j, bool is_late);
static void status_run(struct job *j, bool is_late);

/* ---- jobs ---- */

/* run: the link is up (STATUS: or not), or is_late: it waited in vain for what it searched. */
static const struct { void (*run)(struct job *j, bool is_late); bool needs_link; } kinds[] = {
	[NET_FIRST]  = { first_run,  true },
	[NET_DRAW]   = { draw_run,   true },
	[NET_LOOK]   = { look_run,   true },
	[NET_CLOSE]  = { close_run,  true },
	[NET_EXITS]  = { exits_run,  true },
	[NET_STATUS] = { status_run, false },
	[NET_OPEN]   = { look_run,   true },
};

static void job_free(struct job *j)
{
	event_free(j->timer);
	sodium_memzero(j, sizeof *j);
	free(j);
}

static void job_drop(struct job *j)
{
	for (struct job **at = &j->d->jobs; *at != NULL; at = &(*at)->next) {
		if (*at != j)
			continue;
		*at = j->next;
		break;
	}
	job_free(j);
}

static void job_end(struct job *j)
{
	(void)evtimer_del(j->timer);
	j->wait = JOB_OVER;
	if (j->calls == 0)
		job_drop(j);
}

void job_reply(struct job *j, uint16_t type, const struct buf *payload)
{
	inner_send(j->d->inner, type, j->id, payload);
	job_end(j);
}

static void send_look(struct netd *d, uint32_t id, const struct net_look_r *r)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	netmsg_put_look_r(&payload, r);
	inner_send(d->inner, NET_R_LOOK, id, &payload);
}

/* Takes fd. */
static void send_open(struct netd *d, uint32_t id, const struct net_open_r *r, int fd)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	netmsg_put_open_r(&payload, r);
	if (fd >= 0)
		inner_send_fd(d->inner, NET_R_OPEN, id, &payload, fd);
	else
		inner_send(d->inner, NET_R_OPEN, id, &payload);
}

void job_fail(struct job *j, enum err err)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	/* A look, and an opening, always end with their own kind. */
	if (j->type == NET_LOOK) {
		const struct net_look_r r = { .err = err, .elapsed_ms = (uint32_t)(clock_ms() - j->arrived) };
		send_look(j->d, j->id, &r);
		job_end(j);
		return;
	}
	if (j->type == NET_OPEN) {
		const struct net_open_r r = { .err = err, .elapsed_ms = (uint32_t)(clock_ms() - j->arrived), .is_onion = j->ask.look.is_onion };
		send_open(j->d, j->id, &r, -1);
		job_end(j);
		return;
	}
	netmsg_put_error(&payload, err);
	job_reply(j, NET_R_ERROR, &payload);
}

bool job_called(struct job *j)
{
	j->calls--;
	if (j->wait != JOB_OVER)
		return true;
	if (j->calls == 0)
		job_drop(j);
	return false;
}

static void job_wait(struct job *j, enum job_wait wait, uint32_t ms)
{
	const struct timeval tv = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	j->wait = wait;
	if (evtimer_add(j->timer, &tv) != 0)
		job_fail(j, ERR_NOMEM);
}

void job_search(struct job *j, uint32_t ms)
{
	if (j->wait != JOB_SEARCH)
		job_wait(j, JOB_SEARCH, ms);
}

static bool link_is_up(const struct netd *d)
{
	return d->link != NULL && torlink_is_up(d->link);
}

static enum err link_error(const struct netd *d)
{
	enum err err = d->link != NULL ? torlink_error(d->link) : d->err;

	return err != OK ? err : ERR_TOR_LOST;
}

static void job_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct job *j = arg;

	(void)fd;
	(void)what;
	if (j->wait == JOB_LINK && kinds[j->type].needs_link)
		job_fail(j, link_error(j->d));
	else
		kinds[j->type].run(j, true);
}

/* Runs it now, or lets it wait for tor. */
static void job_begin(struct job *j)
{
	struct netd *d = j->d;

	if (kinds[j->type].needs_link ? link_is_up(d) : d->knows_state || d->link == NULL)
		kinds[j->type].run(j, false);
	else if (d->link == NULL)
		job_fail(j, link_error(d));
	else
		job_wait(j, JOB_LINK, LINK_WAIT_MS);
}

/* Calls run for all that wait for this; any of them may end meanwhile, so the list is walked by marks. */
static void jobs_wake(struct netd *d, enum job_wait wait)
{
	struct job *next;

	/* A job's run ends at most that job. */
	for (struct job *j = d->jobs; j != NULL; j = next) {
		next = j->next;
		if (j->wait == wait)
			kinds[j->type].run(j, false);
	}
}

/* ---- looks ---- */

static void look_run(struct job *j, bool is_late)
{
	uint64_t waited = clock_ms() - j->arrived;
	uint32_t ms = j->ask.look.deadline_ms;

	(void)is_late;
	const uint32_t max = j->ask.look.is_onion ? ONION_DEADLINE_MAX_MS : LOOK_DEADLINE_MAX_MS;
	if (ms == 0 || ms > max)
		ms = max;
	if (waited >= ms) {
		job_fail(j, ERR_TIMEOUT);
		return;
	}
	j->ask.look.deadline_ms = ms - (uint32_t)waited;
	enum err err = j->type == NET_OPEN ? looks_open(j->d->looks, j->id, &j->ask.look)
	                                   : looks_start(j->d->looks, j->id, &j->ask.look);
	if (err != OK)
		job_fail(j, err);
	else
		job_end(j);    /* the look itself answers */
}

static void on_look_step(void *arg, uint32_t id, enum net_step step, const uint8_t *exit)
{
	struct netd *d = arg;
	struct net_step_r r = { .step = (uint8_t)step, .exit.country = "??" };
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	if (exit != NULL)
		describe_relay(torlink_relays(d->link), exit, &r.exit);
	netmsg_put_step_r(&payload, &r);
	inner_send(d->inner, NET_R_STEP, id, &payload);
}

static void on_look_done(void *arg, uint32_t id, const struct net_look_r *r)
{
	send_look(arg, id, r);
}

static void on_look_opened(void *arg, uint32_t id, const struct net_open_r *r, int fd)
{
	send_open(arg, id, r, fd);
}

static const struct look_hooks look_hooks = { on_look_step, on_look_done, on_look_opened };

static void cancel(struct netd *d, uint32_t id)
{
	struct job *next;

	if (d->looks != NULL && looks_cancel(d->looks, id))
		return;
	for (struct job *j = d->jobs; j != NULL; j = next) {
		next = j->next;
		if (j->id == id && (j->type == NET_LOOK || j->type == NET_OPEN) && j->wait != JOB_OVER)
			job_fail(j, ERR_CANCELLED);
	}
}

/* ---- status ---- */

static void copy_text(char *to, size_t room, const char *from)
{
	size_t n = strnlen(from != NULL ? from : "", room - 1);

	memcpy(to, from != NULL ? from : "", n);
	to[n] = '\0';
}

static void status_run(struct job *j, bool is_late)
{
	const struct torlink *l = j->d->link;
	struct net_status s = { .state = { link_is_up(j->d), OK } };
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	(void)is_late;
	s.state.err = l != NULL ? torlink_error(l) : j->d->err;
	if (!s.state.is_up && s.state.err == OK)
		s.state.err = ERR_TOR_LOST;
	if (l != NULL) {
		const struct relays *relays = torlink_relays(l);
		copy_text(s.tor_version, sizeof s.tor_version, torlink_version(l));
		copy_text(s.control, sizeof s.control, torlink_control(l)->text);
		copy_text(s.socks, sizeof s.socks, torlink_socks(l)->text);
		copy_text(s.auth, sizeof s.auth, torlink_auth(l));
		s.relays = relays != NULL ? (uint32_t)relays_count(relays) : 0;
		s.exits = relays != NULL ? (uint32_t)relays_exits(relays) : 0;
		s.relay_bytes = relays != NULL ? (uint32_t)relays_bytes(relays) : 0;
		s.has_geoip = torlink_has_geoip(l);
		s.has_mapaddress = torlink_has_mapaddress(l);
		s.has_streams = torlink_has_streams(l);
	}
	netmsg_put_status(&payload, &s);
	job_reply(j, NET_R_STATUS, &payload);
}

/* ---- news of tor ---- */

static void send_state(struct netd *d, bool is_up, enum err err)
{
	const struct net_state s = { is_up, err };
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	netmsg_put_state(&payload, &s);
	inner_send(d->inner, NET_R_STATE, 0, &payload);
}

static void on_state(void *arg, bool is_up, enum err err)
{
	struct netd *d = arg;
	struct job *next;

	d->knows_state = true;
	send_state(d, is_up, err);
	if (is_up) {
		warm_on_link(d->warm);
		jobs_wake(d, JOB_LINK);
		return;
	}
	warm_forget(d->warm);
	looks_on_link_lost(d->looks, err != OK ? err : ERR_TOR_LOST);
	for (struct job *j = d->jobs; j != NULL; j = next) {
		next = j->next;
		if (j->wait == JOB_SEARCH)
			job_fail(j, err != OK ? err : ERR_TOR_LOST);
		else if (j->wait == JOB_LINK && !kinds[j->type].needs_link)
			kinds[j->type].run(j, false);
	}
}

static void on_newnym(void *arg)
{
	struct netd *d = arg;

	warm_forget(d->warm);
	inner_send(d->inner, NET_R_NEWNYM, 0, NULL);
}

static void on_stream(void *arg, const struct stream_seen *s)
{
	struct netd *d = arg;

	looks_on_stream(d->looks, s);
	jobs_wake(d, JOB_SEARCH);
}

static void on_circuit(void *arg, uint32_t id)
{
	struct netd *d = arg;

	looks_on_circuit(d->looks, id);
	jobs_wake(d, JOB_SEARCH);
}

static const struct torlink_hooks link_hooks = { on_state, on_newnym, on_stream, on_circuit };

/* ---- frames ---- */

static enum err configure(struct netd *d, struct rd payload)
{
	enum err err = netmsg_get_config(payload, &d->config);

	if (err != OK)
		return err;
	d->has_config = true;
	const struct torlink_config config = {
		.control = d->config.control, .socks = d->config.socks, .cookie = d->config.cookie,
		.password_file = d->config.password_file, .no_mapaddress = d->config.no_mapaddress,
	};
	d->link = torlink_new(d->base, &config, &link_hooks, d, &d->err);
	if (d->link == NULL) {
		send_state(d, false, link_error(d));
		return OK;
	}
	d->looks = looks_new(d->base, d->link, &tls_openssl, &look_hooks, d);
	d->warm = warm_new(d->link);
	return d->looks != NULL && d->warm != NULL ? OK : ERR_NOMEM;
}

static enum err get_job(struct job *j, const struct frame *f)
{
	switch (f->type) {
	case NET_FIRST:
	case NET_CLOSE:
		return netmsg_get_first(f->payload, &j->ask.first);
	case NET_DRAW:
		return netmsg_get_draw(f->payload, &j->ask.draw);
	case NET_LOOK:
	case NET_OPEN:
		return netmsg_get_look(f->payload, &j->ask.look);
	case NET_EXITS:
		return netmsg_get_exits(f->payload, &j->ask.exits);
	case NET_STATUS:
		return rd_done(&f->payload) ? OK : ERR_FORMAT;
	default:
		return ERR_FORMAT;
	}
}

/* A hint, not a request: what can't be done now is not done. */
static enum err warm(struct netd *d, struct rd payload)
{
	struct net_warm m;
	enum err err = netmsg_get_warm(payload, &m);

	if (err == OK && d->warm != NULL)
		warm_ask(d->warm, m.n, m.port, clock_ms());
	return err;
}

static enum err begin(struct netd *d, const struct frame *f)
{
	struct job *j = calloc(1, sizeof *j);

	if (j == NULL)
		return ERR_NOMEM;
	enum err err = get_job(j, f);
	if (err == OK && (j->timer = evtimer_new(d->base, job_timer_cb, j)) == NULL)
		err = ERR_NOMEM;
	if (err != OK) {
		sodium_memzero(j, sizeof *j);
		free(j);
		return err;
	}
	j->d = d;
	j->id = f->id;
	j->type = f->type;
	j->arrived = clock_ms();
	j->next = d->jobs;
	d->jobs = j;
	job_begin(j);
	return OK;
}

static void on_frame(void *arg, const struct frame *f)
{
	struct netd *d = arg;
	enum err err = OK;

	if (d->is_ending)
		return;
	if ((f->type == NET_CONFIG) == d->has_config)
		err = ERR_FORMAT;
	else if (f->type == NET_CONFIG)
		err = configure(d, f->payload);
	else if (f->type == NET_CANCEL)
		cancel(d, f->id);
	else if (f->type == NET_WARM)
		err = warm(d, f->payload);
	else
		err = begin(d, f);
	if (err == OK)
		return;
	/* Main is one program with us: what it sends is right, or one of us has a bug. */
	log_line("frame of type %u: %s", f->type, err_name(err));
	exit(1);
}

/* ---- the end ---- */

/* Tor works commands off in order: when it answers this one, the mappings are gone. */
static void on_last_reply(void *arg, enum err err, int code, const char *text)
{
	struct netd *d = arg;

	(void)err;
	(void)code;
	(void)text;
	if (d->inner != NULL)    /* else it is netd_free that ends the waiting */
		inner_done(d->inner);
}

static void on_end(void *arg)
{
	static const char *const words[] = { "GETINFO", "version", NULL };
	struct netd *d = arg;
	const struct torctl_ask ask = { .done = on_last_reply, .arg = d };

	d->is_ending = true;
	if (d->looks != NULL)
		looks_stop(d->looks);
	if (!link_is_up(d) || torlink_send(d->link, words, &ask) != OK)
		inner_done(d->inner);
}

const struct inner_ops netd_inner_ops = { on_frame, on_end };

struct netd *netd_new(struct event_base *base)
{
	struct netd *d = calloc(1, sizeof *d);

	if (d != NULL)
		d->base = base;
	return d;
}

void netd_attach(struct netd *d, struct inner *inner)
{
	d->inner = inner;
}

void netd_free(struct netd *d)
{
	if (d == NULL)
		return;
	d->is_ending = true;
	d->inner = NULL;
	for (struct job *j = d->jobs; j != NULL; j = j->next)
		j->wait = JOB_OVER;
	/* Calls back everything that was asked of tor. */
	torlink_free(d->link);
	looks_free(d->looks);
	warm_free(d->warm);
	for (struct job *j = d->jobs, *next; j != NULL; j = next) {
		next = j->next;
		job_free(j);
	}
	sodium_memzero(d, sizeof *d);
	free(d);
}
