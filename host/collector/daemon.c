/* The daemon (contract in collector/daemon.h). One thread, one loop: what came in during one turn is one commit, and is answered after it. */
#include "collector/daemon.h"
#include "base/clock.h"
#include "base/limits_collector.h"
#include "base/log.h"
#include "collector/door.h"
#include "collector/intake.h"
#include "collector/onion.h"
#include "collector/page.h"
#include "collector/verify.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct pending { struct door_conn *conn; struct intake_item item; enum report_answer answer; };

struct daemon {
	const struct options *o;
	struct event_base *base;
	struct store *store;
	struct keys keys;
	struct list chosen, denied;
	struct intake intake;
	struct door *door, *web;
	struct onion *onion;
	struct verify *verify;
	struct event *on_flush, *on_term, *on_int, *on_hup;
	struct pending *pending[INTAKE_BATCH_MAX];
	size_t n_pending;
};

/* Standard output is for whoever started us: one line at each change. Standard error says what is wrong. */
static void say(const char *what, const char *value)
{
	printf("%s %s\n", what, value);
	fflush(stdout);
}

/* --- reports ------------------------------------------------------------------------------------------------------ */

static void answer(struct door_conn *c, const struct report_ticket *ticket, enum report_answer a, enum err why)
{
	uint8_t out[REPORT_ANSWER_LEN];

	report_answer_make(ticket, a, why, out);
	door_reply(c, intake_status(why), "application/octet-stream", "", out, sizeof out);
}

static void pending_end(struct pending *p, enum report_answer a, enum err why)
{
	answer(p->conn, p->item.has_ticket ? &p->item.ticket : NULL, a, why);
	intake_item_free(&p->item);
	free(p);
}

/* All of list in one transaction. */
static enum err commit(struct daemon *d, struct pending **list, size_t n)
{
	enum err err = store_begin(d->store);

	for (size_t i = 0; err == OK && i < n; i++) {
		bool is_new = false;
		err = store_add(d->store, &list[i]->item.row, &is_new);
		list[i]->answer = is_new ? REPORT_STORED : REPORT_KNOWN;
	}
	if (err == OK)
		err = store_commit(d->store);
	if (err != OK) {
		fprintf(stderr, "secondexit-collector: %s (error %d): %s\n", err_text(err), (int)err, store_complaint());
		store_rollback(d->store);
	}
	return err;
}

static void flush(struct daemon *d)
{
	size_t n = d->n_pending;

	d->n_pending = 0;
	enum err err = n > 0 ? commit(d, d->pending, n) : OK;
	/* One report that the database refuses must not take the others with it. A disk that is full or a lock would refuse each. */
	bool is_one_by_one = err == ERR_STORE && n > 1;
	for (size_t i = 0; i < n; i++) {
		enum err own = is_one_by_one ? commit(d, &d->pending[i], 1) : err;
		pending_end(d->pending[i], own == OK ? d->pending[i]->answer : REPORT_REFUSED, own == OK ? OK : ERR_REPORT_STORE);
	}
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush(arg);
}

static void on_report(void *arg, struct door_conn *c, const struct http_in *in)
{
	static const struct timeval now = { 0, 0 };
	struct daemon *d = arg;

	if (strcmp(in->method, "POST") != 0 || strcmp(in->path, "/report") != 0) {
		answer(c, NULL, REPORT_REFUSED, ERR_DOOR_REQUEST);
		return;
	}
	struct pending *p = calloc(1, sizeof *p);
	if (p == NULL) {
		answer(c, NULL, REPORT_REFUSED, ERR_NOMEM);
		return;
	}
	p->conn = c;
	enum err err = intake_take(&d->intake, rd_of(in->body.bytes, in->body.len), (int64_t)time(NULL), clock_ms(), &p->item);
	if (err != OK) {
		pending_end(p, REPORT_REFUSED, err);
		return;
	}
	d->pending[d->n_pending++] = p;
	if (d->n_pending == INTAKE_BATCH_MAX)
		flush(d);
	else if (d->n_pending == 1)
		event_add(d->on_flush, &now);
}

/* What the door itself refuses has the form of every answer, without a proof. */
static void refuse(unsigned status, struct buf *body, const char **type)
{
	uint8_t out[REPORT_ANSWER_LEN];

	report_answer_make(NULL, REPORT_REFUSED, status == 413 ? ERR_TOO_BIG : status == 408 ? ERR_TIMEOUT :
	                   status == 503 ? ERR_NOMEM : ERR_REPORT_ENVELOPE, out);
	buf_put(body, out, sizeof out);
	*type = "application/octet-stream";
}

/* --- the rest ----------------------------------------------------------------------------------------------------- */

static void on_onion(void *arg, enum err err, const char *address, bool has_pow)
{
	(void)arg;
	if (err == OK) {
		say("onion", address);
		say("proof-of-work", has_pow ? "on" : "refused by tor");
	} else {
		fprintf(stderr, "secondexit-collector: onion service: %s (error %d)\n", err_text(err), (int)err);
	}
}

static enum err load_files(struct daemon *d, const char **what)
{
	struct keys keys = { 0 };
	struct list chosen = { 0 }, denied = { 0 };
	unsigned line = 0;

	*what = d->o->key_file;
	enum err err = keys_load(d->o->key_file, &keys);
	if (err == OK) {
		*what = d->o->hosts;
		err = list_load_chosen(d->o->hosts, &chosen, &line);
	}
	if (err == OK) {
		*what = d->o->denied;
		err = list_load_denied(d->o->denied, &denied, &line);
	}
	if (err != OK) {
		keys_free(&keys);
		list_free(&chosen);
		if (err == ERR_LIST_FILE && line > 0)
			fprintf(stderr, "secondexit-collector: %s: line %u\n", *what, line);
		return err;
	}
	keys_free(&d->keys);
	list_free(&d->chosen);
	list_free(&d->denied);
	d->keys = keys;
	d->chosen = chosen;
	d->denied = denied;
	return OK;
}

static void on_stop(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	event_base_loopbreak(arg);
}

/* Keys and lists anew; what can't be read leaves the old ones in place. */
static void on_reload(evutil_socket_t number, short what, void *arg)
{
	struct daemon *d = arg;
	const char *which;
	enum err err;

	(void)number;
	(void)what;
	flush(d);
	err = load_files(d, &which);
	if (err != OK)
		fprintf(stderr, "secondexit-collector: %s: %s (error %d); the old one stays\n", which, err_text(err), (int)err);
	else
		say("reloaded", "keys and lists");
}

static enum err open_doors(struct daemon *d, const char **what)
{
	const struct door_config reports = { .listen = d->o->listen, .body_max = REPORT_ENVELOPE_MAX, .refuse = refuse };
	const struct door_config web = { .listen = d->o->web };

	*what = d->o->listen;
	enum err err = door_new(d->base, &reports, on_report, d, &d->door);
	if (err == OK) {
		say("listening", door_address(d->door));
		*what = d->o->web;
		if (strcmp(d->o->web, "none") != 0)
			err = door_new(d->base, &web, page_request, d->store, &d->web);
	}
	if (err == OK && d->web != NULL)
		say("web", door_address(d->web));
	return err;
}

static enum err open_rest(struct daemon *d, const char **what)
{
	const struct onion_config onion = { .control = d->o->control, .cookie = d->o->cookie, .password_file = d->o->password_file,
	                                    .key_file = d->o->onion_key, .target = door_address(d->door), .port = d->o->onion_port };
	enum err err = OK;

	if (strcmp(d->o->onion, "add") == 0) {
		*what = d->o->onion_key;
		err = onion_new(d->base, &onion, on_onion, d, &d->onion);
	}
	if (err == OK && d->o->trials > 0) {
		*what = "verifier";
		err = verify_new(d->base, d->o, d->store, &d->chosen, &d->intake, &d->verify);
	}
	return err;
}

static enum err open_loop(struct daemon *d)
{
	d->base = event_base_new();
	if (d->base == NULL)
		return ERR_NOMEM;
	d->on_flush = evtimer_new(d->base, on_flush, d);
	d->on_term = evsignal_new(d->base, SIGTERM, on_stop, d->base);
	d->on_int = evsignal_new(d->base, SIGINT, on_stop, d->base);
	d->on_hup = evsignal_new(d->base, SIGHUP, on_reload, d);
	return d->on_flush != NULL && d->on_term != NULL && d->on_int != NULL && d->on_hup != NULL && event_add(d->on_term, NULL) == 0 &&
	       event_add(d->on_int, NULL) == 0 && event_add(d->on_hup, NULL) == 0 ? OK : ERR_NOMEM;
}

enum err daemon_new(const struct options *o, struct daemon **out, const char **what)
{
	struct daemon *d = calloc(1, sizeof *d);

	*what = "memory";
	if (d == NULL)
		return ERR_NOMEM;
	d->o = o;
	d->intake = (struct intake){ .keys = &d->keys, .denied = &d->denied, .n_more_ports = o->n_ports };
	memcpy(d->intake.more_ports, o->ports, sizeof d->intake.more_ports);
	signal(SIGPIPE, SIG_IGN);
	/* A store that may not grow any further is an error to answer, not a death. */
	signal(SIGXFSZ, SIG_IGN);
	enum err err = open_loop(d);
	if (err == OK && (o->rate > 0 || o->relay_rate > 0)) {
		d->intake.rate = rate_new(o->rate, o->relay_rate);
		err = d->intake.rate != NULL ? OK : ERR_NOMEM;
	}
	if (err == OK)
		err = load_files(d, what);
	if (err == OK) {
		*what = "store";
		err = store_open(o->store, true, &d->store);
	}
	if (err == OK)
		err = open_doors(d, what);
	if (err == OK)
		err = open_rest(d, what);
	if (err != OK) {
		daemon_free(d);
		return err;
	}
	*out = d;
	return OK;
}

void daemon_run(struct daemon *d)
{
	static const struct timeval to_send = { 0, 100000 };

	event_base_dispatch(d->base);
	/* Who waits for an answer gets one, and a moment to take it. */
	flush(d);
	event_base_loopexit(d->base, &to_send);
	event_base_dispatch(d->base);
}

void daemon_free(struct daemon *d)
{
	struct event *const events[] = { d->on_flush, d->on_term, d->on_int, d->on_hup };

	verify_free(d->verify);
	onion_free(d->onion);
	door_free(d->web);
	door_free(d->door);
	store_close(d->store);
	rate_free(d->intake.rate);
	keys_free(&d->keys);
	list_free(&d->chosen);
	list_free(&d->denied);
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (d->base != NULL)
		event_base_free(d->base);
	free(d);
}
