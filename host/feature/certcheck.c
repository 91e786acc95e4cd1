/* The certificate check's public face (certcheck.h): ids, whose turn it is, the clock, news of tor, wiping. The
 * checks themselves are in check*.c (check.h).
 *
 * Queue: CHECKS_AT_ONCE run, the others wait in order. The 25 s count from the event for those that wait, too: a
 * person looks at a page that says "pending", and after 25 s an honest "could not decide" with a Retry is worth more than
 * a bar that goes on. Two checks of one site never run at once: the second is answered from the first one's memory. */
#include "feature/check.h"
#include "engine/target.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- keys ---- */

static bool ends_in_onion(const char *host)
{
	size_t n = strlen(host);
	return n > 6 && strcmp(host + n - 6, ".onion") == 0;
}

/* Host in the one form that all memory is keyed by. *target: OK, or ERR_TARGET_PRIVATE for what no exit may be asked for.
 * Errors: ERR_TARGET_NAME, ERR_MSG_FIELD. */
enum err site_key_normalise(struct site_key *key, bool *is_onion, enum err *target)
{
	struct target t;
	if (key->port == 0 || key->host[0] == '\0' || !memchr(key->host, '\0', sizeof key->host) ||
	    !memchr(key->first_party, '\0', sizeof key->first_party))
		return ERR_MSG_FIELD;
	enum err err = target_parse(key->host, &t);
	if (err != OK && err != ERR_TARGET_PRIVATE)
		return err;
	*target = err;
	if (err == OK) {
		memcpy(key->host, t.host, sizeof key->host);
	} else {
		for (char *c = key->host; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		size_t n = strlen(key->host);
		if (n > 1 && key->host[n - 1] == '.')
			key->host[n - 1] = '\0';
	}
	for (char *c = key->first_party; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	*is_onion = ends_in_onion(key->host);
	return OK;
}

/* ---- life ---- */

struct certcheck *certcheck_new(const struct check_ops *ops, const struct cert_sink *sink)
{
	struct certcheck *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->ops = ops;
	c->sink = *sink;
	c->session = session_new();
	c->chains = chains_new();
	if (!c->session || !c->chains) {
		session_free(c->session);
		chains_free(c->chains);
		free(c);
		return NULL;
	}
	if (ops->attach)
		ops->attach(ops->arg, c);
	return c;
}

static size_t count(const struct certcheck *c, bool waiting)
{
	size_t n = 0;
	for (const struct check *k = c->checks; k; k = k->next)
		n += (k->state == CHECK_WAITING) == waiting && k->state != CHECK_ENDING;
	return n;
}

size_t certcheck_running(const struct certcheck *c)
{
	return count(c, false);
}

size_t certcheck_waiting(const struct certcheck *c)
{
	return count(c, true);
}

void check_deliver(struct check *k)
{
	struct certcheck *c = k->owner;
	for (struct check **at = &c->checks; *at; at = &(*at)->next)
		if (*at == k) {
			*at = k->next;
			break;
		}
	check_send_result(k);
	check_free(k);
}

static void cancel_all(struct certcheck *c)
{
	bool was_ending = c->is_ending;
	c->is_ending = true;
	while (c->checks) {
		check_end(c->checks, VERDICT_UNDECIDED, REASON_CANCELLED, ERR_CANCELLED);
		check_deliver(c->checks);
	}
	circuits_cancel_all(c);
	statuses_cancel_all(c);
	c->is_ending = was_ending;
}

void certcheck_free(struct certcheck *c)
{
	if (!c)
		return;
	cancel_all(c);
	c->ops->wake(c->ops->arg, NEVER);
	if (c->ops->attach)
		c->ops->attach(c->ops->arg, NULL);
	session_free(c->session);
	chains_free(c->chains);
	free(c);
}

const struct chains *certcheck_chains(const struct certcheck *c)
{
	return c->chains;
}

void certcheck_wipe(struct certcheck *c)
{
	cancel_all(c);
	session_wipe(c->session);
	chains_wipe(c->chains);
	certcheck_pump(c);
}

void certcheck_newnym(struct certcheck *c)
{
	certcheck_wipe(c);
	if (c->sink.newnym)
		c->sink.newnym(c->sink.arg);
}

/* ---- requests ---- */

bool certcheck_has_id(const struct certcheck *c, uint32_t id)
{
	for (const struct check *k = c->checks; k; k = k->next)
		if (k->id == id)
			return true;
	return circuit_has_id(c, id);
}

static bool is_request_sane(const struct cert_request *r)
{
	if (r->question > QUESTION_HTTPS || (r->question != QUESTION_HTTPS && r->is_loop) || (r->question == QUESTION_HTTPS && (r->n_offered || r->same_country)))
		return false;
	if (r->is_plain && (r->question != QUESTION_HTTPS || r->is_loop || r->first != CERT_FIRST_BROWSER))
		return false;
	return r->k <= K_MAX && r->n_offered <= CHAIN_MAX && r->first <= CERT_FIRST_DRAWN &&
	       memchr(r->socks_username, '\0', sizeof r->socks_username) &&
	       memchr(r->socks_password, '\0', sizeof r->socks_password);
}

/* May it touch the network, or only say what is known already? */
static bool is_free_to_run(struct certcheck *c, const struct check *k)
{
	if (k->request.clicked || k->request.first != CERT_FIRST_BROWSER)
		return true;
	if (session_was_automatic(c->session, &k->request.key))
		return false;
	for (const struct check *o = c->checks; o; o = o->next)   /* one that waits for its turn, of the same host */
		if (o != k && !o->is_memory_only && !o->request.clicked && strcmp(o->request.key.host, k->request.key.host) == 0 &&
		    strcmp(o->request.key.first_party, k->request.key.first_party) == 0 &&
		    o->request.key.is_https == k->request.key.is_https &&
		    o->request.key.private_id == k->request.key.private_id &&
		    o->request.key.container == k->request.key.container)
			return false;
	return limits_auto_take(&c->automatic, check_now(k), AUTO_CHECKS_MAX);
}

enum err certcheck_start(struct certcheck *c, uint32_t id, const struct cert_request *r)
{
	struct check *k;
	enum err target;
	bool is_onion;
	if (c->is_ending)
		return ERR_CANCELLED;
	if (certcheck_has_id(c, id))
		return ERR_MSG_ID;
	if (certcheck_running(c) + certcheck_waiting(c) + circuit_count(c) >= REQUESTS_MAX)
		return ERR_MSG_BUSY;
	if (!is_request_sane(r))
		return ERR_MSG_FIELD;
	enum err err = check_new(c, id, r, &k);
	if (err != OK)
		return err;
	k->request.key.is_https = r->question == QUESTION_HTTPS;
	k->request.key.is_plain = r->is_plain;
	err = site_key_normalise(&k->request.key, &is_onion, &target);
	if (err == OK && r->is_plain)
		err = plain_page_is_sane(&k->request);
	if (err != OK) {
		check_free(k);
		return err;
	}
	struct check **end = &c->checks;
	while (*end)
		end = &(*end)->next;
	*end = k;
	k->is_onion = is_onion;
	if (r->proxy == CERT_PROXY_DIRECT)
		check_end(k, VERDICT_EXEMPT, REASON_NOT_TOR, OK);
	else if (target != OK && !is_onion)
		check_end(k, VERDICT_UNDECIDED, REASON_PRIVATE_TARGET, target);
	else if (r->is_plain && !r->clicked)
		check_end(k, VERDICT_UNDECIDED, REASON_NEEDS_CLICK, OK);
	else
		k->is_memory_only = !is_free_to_run(c, k);
	certcheck_pump(c);
	return OK;
}

bool certcheck_cancel(struct certcheck *c, uint32_t id)
{
	for (struct check *k = c->checks; k; k = k->next)
		if (k->id == id) {
			check_end(k, VERDICT_UNDECIDED, REASON_CANCELLED, ERR_CANCELLED);
			check_deliver(k);
			certcheck_pump(c);
			return true;
		}
	return circuit_cancel(c, id);
}

static bool same_site(const struct site_key *a, const struct site_key *b)
{
	return a->port == b->port && a->private_id == b->private_id && a->container == b->container &&
	       strcmp(a->host, b->host) == 0 && strcmp(a->first_party, b->first_party) == 0;
}

void certcheck_forget(struct certcheck *c, const struct site_key *key)
{
	struct site_key mine = *key;
	bool is_onion;
	enum err target;
	if (site_key_normalise(&mine, &is_onion, &target) != OK)
		return;
	struct check *k = c->checks;
	while (k) {
		if (!same_site(&k->request.key, &mine)) {
			k = k->next;
			continue;
		}
		check_end(k, VERDICT_UNDECIDED, REASON_CANCELLED, ERR_CANCELLED);
		check_deliver(k);
		k = c->checks;   /* the sink may have changed the list */
	}
	certcheck_pump(c);
}

/* ---- whose turn, and when ---- */

static bool is_site_taken(const struct certcheck *c, const struct check *mine)
{
	for (const struct check *k = c->checks; k; k = k->next)
		if (k != mine && k->state != CHECK_WAITING && k->state != CHECK_ENDING &&
		    same_site(&k->request.key, &mine->request.key))
			return true;
	return false;
}

void certcheck_pump(struct certcheck *c)
{
	if (c->is_pumping || c->is_ending)
		return;
	c->is_pumping = true;
	for (struct check *k = c->checks; k; k = k->next)
		if (k->state == CHECK_WAITING && certcheck_running(c) < CHECKS_AT_ONCE && !is_site_taken(c, k))
			check_begin(k);
	uint64_t at = NEVER;
	for (const struct check *k = c->checks; k; k = k->next) {
		uint64_t mine = check_next_tick(k);
		at = mine < at ? mine : at;
	}
	c->is_pumping = false;
	c->ops->wake(c->ops->arg, at);
}

void certcheck_tick(struct certcheck *c)
{
	for (struct check *k = c->checks; k; k = k->next)
		check_tick(k);
	/* Deliver one at a time: the sink may start, cancel or wipe. */
	for (;;) {
		struct check *k = c->checks;
		while (k && k->state != CHECK_ENDING)
			k = k->next;
		if (!k)
			break;
		check_deliver(k);
	}
	certcheck_pump(c);
}

void certcheck_tor_state(struct certcheck *c, const struct net_state *s)
{
	if (!s->is_up && !c->is_tor_down)
		c->tor_down_at = c->ops->now(c->ops->arg);
	c->is_tor_down = !s->is_up;
	c->tor_err = s->is_up ? OK : (enum err)s->err;
	if (s->is_up)
		for (struct check *k = c->checks; k; k = k->next)
			check_tor_is_up(k);
	if (c->sink.tor)
		c->sink.tor(c->sink.arg, s->is_up, c->tor_err);
	certcheck_pump(c);
}

const char *cert_step_name(enum cert_step s)
{
	static const char *const names[] = {
		[CERT_STEP_CHOOSING] = "choosing", [CERT_STEP_BUILDING] = "building", [CERT_STEP_CONNECTING] = "connecting",
		[CERT_STEP_HANDSHAKING] = "handshaking", [CERT_STEP_DONE] = "done", [CERT_STEP_FAILED] = "failed",
	};
	return (unsigned)s < sizeof names / sizeof *names ? names[s] : "failed";
}
