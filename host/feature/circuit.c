/* circuit.new and status: requests of a few replies each. Part of the certificate check (check.h), because a new
 * circuit is worth something only when its exit is independent of the one that was left, which the session knows. */
#include "feature/check.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Who carries the connection now, then: close (or count), then (dry) is each of them independent of those left. */
struct circuit_job {
	struct circuit_job *next;
	struct certcheck *owner;
	uint32_t id, net_id;
	struct net_first ask;
	struct site *site;
	bool is_dry;
	size_t n_exits, at;
	uint8_t exits[CANDIDATES_MAX][FP_LEN];
	struct circuit_result result;
};

struct status_job {
	struct status_job *next;
	struct certcheck *owner;
	uint32_t id, net_id, parse_id;
	struct cert_status status;
};

/* ---- circuit.new ---- */

/* Not in the list any more. */
static void circuit_finish(struct circuit_job *j, enum err err)
{
	struct certcheck *c = j->owner;
	if (j->net_id)
		c->ops->cancel_net(c->ops->arg, j->net_id);
	if (err != OK)
		j->result = (struct circuit_result){ .error = err };
	j->site->users--;
	if (c->sink.circuit)
		c->sink.circuit(c->sink.arg, j->id, &j->result);
	sodium_memzero(j, sizeof *j);
	free(j);
}

static void circuit_end(struct circuit_job *j, enum err err)
{
	for (struct circuit_job **at = &j->owner->circuits; *at; at = &(*at)->next)
		if (*at == j) {
			*at = j->next;
			break;
		}
	circuit_finish(j, err);
}

static void still_next(struct circuit_job *j);

static void on_still(void *arg, enum err err, const struct net_draw_r *r)
{
	struct circuit_job *j = arg;
	(void)r;
	j->net_id = 0;
	if (err == OK) {
		j->at++;
		still_next(j);
		return;
	}
	if (err == ERR_EXIT_NONE)
		j->result.still_same = STILL_SAME_YES;
	circuit_end(j, OK);
}

static void still_next(struct circuit_job *j)
{
	const struct check_ops *ops = j->owner->ops;
	if (j->at == j->n_exits) {
		j->result.still_same = STILL_SAME_NO;
		circuit_end(j, OK);
		return;
	}
	struct net_draw m = { .port = j->ask.port, .n_indep = (uint8_t)j->site->n_left,
	                      .is_ipv6 = strchr(j->ask.host, ':') != NULL };
	memcpy(m.indep, j->site->left, j->site->n_left * FP_LEN);
	memcpy(m.only, j->exits[j->at], FP_LEN);
	if (ops->draw(ops->arg, &m, on_still, j, &j->net_id) != OK) {
		j->net_id = 0;
		circuit_end(j, OK);   /* closed they are; whether it helped stays unknown */
	}
}

/* The newest at the end; the oldest is forgotten when there are too many. */
static void leave(struct site *site, const uint8_t fp[FP_LEN])
{
	for (size_t i = 0; i < site->n_left; i++)
		if (fp_is(site->left[i], fp))
			return;
	if (site->n_left == CANDIDATES_MAX)
		memmove(site->left, site->left + 1, --site->n_left * sizeof *site->left);
	memcpy(site->left[site->n_left++], fp, FP_LEN);
}

/* The questions whether HTTPS is withheld are remembered apart, and their user left the same circuit. */
static struct site *twin(const struct circuit_job *j, bool is_plain)
{
	struct site_key key = j->site->key;
	key.is_https = true;
	key.is_plain = is_plain;
	return session_find(j->owner->session, &key);
}

static void leave_for_https(const struct circuit_job *j)
{
	for (int is_plain = 0; is_plain < 2; is_plain++) {
		struct site *other = twin(j, is_plain);
		for (size_t i = 0; other && i < j->n_exits; i++)
			leave(other, j->exits[i]);
	}
}

static void on_closed(void *arg, enum err err, const struct net_close_r *r)
{
	struct circuit_job *j = arg;
	j->net_id = 0;
	if (err != OK) {
		circuit_end(j, err);
		return;
	}
	j->result.circuits = r->circuits;
	j->result.streams = r->streams;
	if (!j->is_dry) {
		for (size_t i = 0; i < j->n_exits; i++)
			leave(j->site, j->exits[i]);
		leave_for_https(j);
		circuit_end(j, OK);
	} else if (j->site->n_left && j->n_exits) {
		still_next(j);
	} else {
		circuit_end(j, OK);
	}
}

static void take_last_firsts(struct circuit_job *j)
{
	const struct site *site = j->site;
	for (int is_plain = 0; is_plain < 2 && site->n_firsts == 0; is_plain++)
		if (twin(j, is_plain))
			site = twin(j, is_plain);
	memcpy(j->exits, site->firsts, sizeof j->exits);
	j->n_exits = site->n_firsts;
}

static void on_carrier(void *arg, enum err err, const struct net_first_r *r)
{
	struct circuit_job *j = arg;
	const struct check_ops *ops = j->owner->ops;
	j->net_id = 0;
	if (err != OK) {
		circuit_end(j, err);
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		if (!r->path[i].is_onion && r->path[i].n > 0 && r->path[i].n <= HOPS_MAX)
			memcpy(j->exits[j->n_exits++], r->path[i].hop[r->path[i].n - 1].fp, FP_LEN);
	/* The stream may be forgotten by now; the last check knew its exits. */
	if (j->n_exits == 0 && !j->is_dry)
		take_last_firsts(j);
	err = ops->close(ops->arg, &j->ask, on_closed, j, &j->net_id);
	if (err != OK) {
		j->net_id = 0;
		circuit_end(j, err);
	}
}

enum err certcheck_new_circuit(struct certcheck *c, uint32_t id, const struct circuit_request *r)
{
	struct site_key key = r->key;
	struct site *site;
	bool is_onion;
	enum err target;
	if (c->is_ending)
		return ERR_CANCELLED;
	if (certcheck_has_id(c, id))
		return ERR_MSG_ID;
	if (certcheck_running(c) + certcheck_waiting(c) + circuit_count(c) >= REQUESTS_MAX)
		return ERR_MSG_BUSY;
	if (!memchr(r->socks_username, '\0', sizeof r->socks_username) ||
	    !memchr(r->socks_password, '\0', sizeof r->socks_password))
		return ERR_MSG_FIELD;
	enum err err = site_key_normalise(&key, &is_onion, &target);
	if (err == OK)
		err = session_get(c->session, &key, &site);
	if (err != OK)
		return err;
	struct circuit_job *j = calloc(1, sizeof *j);
	if (!j)
		return ERR_NOMEM;
	j->owner = c;
	j->id = id;
	j->site = site;
	j->is_dry = r->dry;
	j->ask = (struct net_first){ .port = key.port, .is_exact = r->socks_password[0] != '\0', .is_dry = r->dry };
	memcpy(j->ask.host, key.host, sizeof j->ask.host);
	memcpy(j->ask.first_party, key.first_party, sizeof j->ask.first_party);
	memcpy(j->ask.socks_username, r->socks_username, sizeof j->ask.socks_username);
	memcpy(j->ask.socks_password, r->socks_password, sizeof j->ask.socks_password);
	err = c->ops->first(c->ops->arg, &j->ask, on_carrier, j, &j->net_id);
	if (err != OK) {
		sodium_memzero(j, sizeof *j);
		free(j);
		return err;
	}
	site->users++;
	j->next = c->circuits;
	c->circuits = j;
	return OK;
}

/* ---- status ---- */

/* Not in the list any more. */
static void status_finish(struct status_job *j)
{
	struct certcheck *c = j->owner;
	if (j->net_id)
		c->ops->cancel_net(c->ops->arg, j->net_id);
	if (j->parse_id)
		c->ops->cancel_parse(c->ops->arg, j->parse_id);
	j->status.running = (unsigned)certcheck_running(c);
	j->status.waiting = (unsigned)certcheck_waiting(c);
	j->status.hosts = (unsigned)session_sites(c->session);
	if (c->sink.status)
		c->sink.status(c->sink.arg, j->id, &j->status);
	free(j);
}

static void status_end(struct status_job *j)
{
	for (struct status_job **at = &j->owner->statuses; *at; at = &(*at)->next)
		if (*at == j) {
			*at = j->next;
			break;
		}
	status_finish(j);
}

static void on_status(void *arg, enum err err, const struct net_status *r)
{
	struct status_job *j = arg;
	j->net_id = 0;
	if (err == OK)
		j->status.net = *r;
	else
		j->status.error = err;
	if (!j->parse_id)
		status_end(j);
}

static void on_roots(void *arg, enum err err, const struct parse_roots_r *r)
{
	struct status_job *j = arg;
	j->parse_id = 0;
	if (err == OK)
		j->status.roots = *r;
	else if (j->status.error == OK)
		j->status.error = err;
	if (!j->net_id)
		status_end(j);
}

enum err certcheck_status(struct certcheck *c, uint32_t id)
{
	if (c->is_ending)
		return ERR_CANCELLED;
	if (certcheck_has_id(c, id))
		return ERR_MSG_ID;
	struct status_job *j = calloc(1, sizeof *j);
	if (!j)
		return ERR_NOMEM;
	j->owner = c;
	j->id = id;
	enum err net = c->ops->status(c->ops->arg, on_status, j, &j->net_id);
	enum err parse = c->ops->roots(c->ops->arg, on_roots, j, &j->parse_id);
	j->net_id = net == OK ? j->net_id : 0;
	j->parse_id = parse == OK ? j->parse_id : 0;
	j->status.error = net != OK ? net : parse;
	if (!j->net_id && !j->parse_id) {
		free(j);
		return net;   /* neither role can be asked */
	}
	j->next = c->statuses;
	c->statuses = j;
	return OK;
}

/* ---- both ---- */

bool circuit_has_id(const struct certcheck *c, uint32_t id)
{
	for (const struct circuit_job *j = c->circuits; j; j = j->next)
		if (j->id == id)
			return true;
	for (const struct status_job *j = c->statuses; j; j = j->next)
		if (j->id == id)
			return true;
	return false;
}

size_t circuit_count(const struct certcheck *c)
{
	size_t n = 0;
	for (const struct circuit_job *j = c->circuits; j; j = j->next)
		n++;
	for (const struct status_job *j = c->statuses; j; j = j->next)
		n++;
	return n;
}

bool circuit_cancel(struct certcheck *c, uint32_t id)
{
	for (struct circuit_job *j = c->circuits; j; j = j->next)
		if (j->id == id) {
			circuit_end(j, ERR_CANCELLED);
			return true;
		}
	for (struct status_job *j = c->statuses; j; j = j->next)
		if (j->id == id) {
			j->status.error = ERR_CANCELLED;
			status_end(j);
			return true;
		}
	return false;
}

void circuits_cancel_all(struct certcheck *c)
{
	while (c->circuits) {
		struct circuit_job *j = c->circuits;
		c->circuits = j->next;
		circuit_finish(j, ERR_CANCELLED);
	}
}

void statuses_cancel_all(struct certcheck *c)
{
	while (c->statuses) {
		struct status_job *j = c->statuses;
		c->statuses = j->next;
		j->status.error = ERR_CANCELLED;
		status_finish(j);
	}
}
