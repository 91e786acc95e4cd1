/* Life of a comparison: it waits for its turn, finds the exit that brought the page, lets slots fetch, ends (compare.h).
 * CHECKS_AT_ONCE run, never two of one site at once; the others wait, and their 25 s count from the click all the same. */
#include "feature/compare.h"
#include "engine/target.h"
#include "feature/url.h"
#include <ctype.h>
#include <sodium.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *clip_step_name(enum clip_step s)
{
	static const char *const names[] = {
		[CLIP_STEP_CHOOSING] = "choosing", [CLIP_STEP_BUILDING] = "building", [CLIP_STEP_CONNECTING] = "connecting",
		[CLIP_STEP_HANDSHAKING] = "handshaking", [CLIP_STEP_FETCHING] = "fetching", [CLIP_STEP_DONE] = "done",
		[CLIP_STEP_FAILED] = "failed",
	};
	return (unsigned)s < sizeof names / sizeof *names ? names[s] : "failed";
}

uint64_t compare_now(const struct compare *k)
{
	return k->owner->ops->now(k->owner->ops->arg);
}

/* ---- what was asked ---- */

static void lower(char *s)
{
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

/* Key in the one form that memory goes by. */
static enum err key_normalise(struct site_key *key)
{
	struct target t;
	if (key->port == 0 || key->host[0] == '\0')
		return ERR_MSG_FIELD;
	enum err err = target_parse(key->host, &t);
	if (err == OK)
		memcpy(key->host, t.host, sizeof key->host);
	else if (err == ERR_TARGET_PRIVATE)
		lower(key->host);
	else
		return err;
	lower(key->first_party);
	return OK;
}

/* ---- life ---- */

static void cancel_all(struct compare *k)
{
	const struct clip_ops *ops = k->owner->ops;
	if (k->find_id)
		ops->cancel_net(ops->arg, k->find_id);
	if (k->draw_id)
		ops->cancel_net(ops->arg, k->draw_id);
	k->find_id = k->draw_id = 0;
	slots_stop(k);
}

void compare_end(struct compare *k, enum verdict v, enum reason r, enum err e)
{
	if (k->state == COMPARE_ENDING)
		return;
	cancel_all(k);
	k->state = COMPARE_ENDING;
	k->finding = (struct finding){ v, r };
	k->error = e;
	if (k->site && v == VERDICT_MISMATCH)
		clip_site_convict(k->site, k->request.address);
}

static void compare_free(struct compare *k)
{
	cancel_all(k);
	if (k->site)
		k->site->exits.users--;
	if (k->family) {
		sodium_memzero(k->family, strlen(k->family));
		free(k->family);
	}
	sodium_memzero(k, sizeof *k);
	free(k);
}

/* Unlinks, calls the sink, frees. */
static void deliver(struct clip *c, struct compare *k)
{
	struct compare **at = &c->compares;
	while (*at != k) {
		assert(*at);   /* it is in its owner's list */
		at = &(*at)->next;
	}
	*at = k->next;
	compare_send(k);
	compare_free(k);
	if (!c->compares && c->ops->rest)
		c->ops->rest(c->ops->arg);
}

static enum err compare_new(struct clip *c, uint32_t id, const struct clip_compare *r, struct compare **out)
{
	struct compare *k = calloc(1, sizeof *k);
	if (!k)
		return ERR_NOMEM;
	k->owner = c;
	k->id = id;
	k->request = *r;
	k->request.family = NULL;
	k->family = strdup(r->family ? r->family : "");
	k->k = K_DEFAULT;
	k->began = c->ops->now(c->ops->arg);
	k->deadline = k->began + CHECK_DEADLINE_MS;
	k->until = CLIP_NEVER;
	enum err err = k->family ? key_normalise(&k->request.key) : ERR_NOMEM;
	if (err != OK) {
		compare_free(k);
		return err;
	}
	*out = k;
	return OK;
}

/* What needs no network. */
static void end_early(struct compare *k, enum err target)
{
	if (!k->request.clicked)
		compare_end(k, VERDICT_UNDECIDED, REASON_NEEDS_CLICK, OK);
	else if (k->request.proxy == CERT_PROXY_DIRECT)
		compare_end(k, VERDICT_UNDECIDED, REASON_NOT_TOR, OK);
	else if (target != OK)
		compare_end(k, VERDICT_UNDECIDED, REASON_PRIVATE_TARGET, target);
	else if (url_reflects(k->request.url, k->request.address))
		compare_end(k, VERDICT_UNDECIDED, REASON_REFLECTED, OK);
}

enum err clip_compare(struct clip *c, uint32_t id, const struct clip_compare *r)
{
	struct compare *k;
	struct target t;
	uint16_t port = 0;
	enum err err = clip_may_start(c, id);
	if (err != OK)
		return err;
	enum err target = url_target(r->url, &t, &port);
	if (target == ERR_HTTP_URL)
		return ERR_MSG_FIELD;
	if (target != OK && target != ERR_TARGET_PRIVATE)
		return target;
	err = compare_new(c, id, r, &k);
	if (err != OK)
		return err;
	k->port = port;
	k->is_ipv6 = target == OK && t.kind == TARGET_IPV6;
	fetch_via_add(&k->via, &k->request.key, r->url);
	struct compare **end = &c->compares;
	while (*end)
		end = &(*end)->next;
	*end = k;
	end_early(k, target);
	compares_pump(c);
	return OK;
}

/* ---- ids ---- */

size_t compares_count(const struct clip *c)
{
	size_t n = 0;
	for (const struct compare *k = c->compares; k; k = k->next)
		n++;
	return n;
}

bool compare_has_id(const struct clip *c, uint32_t id)
{
	for (const struct compare *k = c->compares; k; k = k->next)
		if (k->id == id)
			return true;
	return false;
}

bool compare_cancel(struct clip *c, uint32_t id)
{
	for (struct compare *k = c->compares; k; k = k->next)
		if (k->id == id) {
			compare_end(k, VERDICT_UNDECIDED, REASON_CANCELLED, ERR_CANCELLED);
			deliver(c, k);
			compares_pump(c);
			return true;
		}
	return false;
}

void compares_cancel_all(struct clip *c)
{
	while (c->compares) {
		compare_end(c->compares, VERDICT_UNDECIDED, REASON_CANCELLED, ERR_CANCELLED);
		deliver(c, c->compares);
	}
	if (c->ops)
		c->ops->wake(c->ops->arg, CLIP_NEVER);
}

/* ---- the exit that brought the page ---- */

bool compare_is_first(const struct compare *k, const uint8_t fp[FP_LEN])
{
	for (size_t i = 0; i < k->n_first; i++)
		if (memcmp(k->first[i].fp, fp, FP_LEN) == 0)
			return true;
	return false;
}

static void find_later(struct compare *k, enum err err);
static void via_find(struct compare *k);

static void on_via(void *arg, enum err err, const struct net_first_r *r)
{
	struct compare *k = arg;
	k->find_id = 0;
	if (err != OK)
		find_later(k, err);
	else if (!fetch_via_take(&k->via, r))
		compare_end(k, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN, ERR_FIRST_UNKNOWN);
	else
		via_find(k);
	compares_pump(k->owner);
}

/* The exit of the first URL, where a redirect led elsewhere. */
static void via_find(struct compare *k)
{
	const struct clip_ops *ops = k->owner->ops;
	struct net_first m;
	k->until = CLIP_NEVER;
	if (k->via.is_odd) {
		compare_end(k, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN, ERR_FIRST_UNKNOWN);
		return;
	}
	if (!fetch_via_next(&k->via, &m)) {
		k->state = COMPARE_RUNNING;
		slots_start(k);
		slots_go_on(k);
		compare_evaluate(k);
		return;
	}
	enum err err = ops->first(ops->arg, &m, on_via, k, &k->find_id);
	if (err != OK) {
		k->find_id = 0;
		find_later(k, err);
	}
}

static void paths_are_known(struct compare *k, const struct net_first_r *r)
{
	size_t onions = 0;
	bool has_hole = r->n == 0 || r->n > CANDIDATES_MAX;
	k->n_first = 0;
	for (size_t i = 0; i < r->n && !has_hole; i++) {
		const struct net_path *p = &r->path[i];
		onions += p->is_onion;
		if (p->is_onion)
			continue;
		has_hole = p->n == 0 || p->n > HOPS_MAX;
		if (!has_hole && !compare_is_first(k, p->hop[p->n - 1].fp))
			k->first[k->n_first++] = p->hop[p->n - 1];
	}
	if (has_hole) {
		compare_end(k, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN, ERR_FIRST_UNKNOWN);
	} else if (onions == r->n) {
		compare_end(k, VERDICT_UNDECIDED, REASON_ONION, OK);
	} else {
		via_find(k);
	}
}

/* Waiting does not mend these. */
static bool err_is_lasting(enum err e)
{
	return e == ERR_TOR_AUTH || e == ERR_TOR_AUTH_SERVER || e == ERR_TOR_FILTERED || e == ERR_TOR_VERSION ||
	       e == ERR_NOMEM || err_class(e) == ERR_CLASS_BUG;
}

static void find_later(struct compare *k, enum err err)
{
	uint64_t now = compare_now(k);
	bool may_pass = fetch_err_is_local(err) || err == ERR_ROLE_DIED;
	if (may_pass && !err_is_lasting(err) && now < k->began + CHECK_TOR_WAIT_MS)
		k->until = now + CHECK_TOR_AGAIN_MS;
	else
		compare_end(k, VERDICT_UNDECIDED, REASON_TOR, err);
}

static void on_first(void *arg, enum err err, const struct net_first_r *r)
{
	struct compare *k = arg;
	k->find_id = 0;
	if (err == OK)
		paths_are_known(k, r);
	else
		find_later(k, err);
	compares_pump(k->owner);
}

static void first_find(struct compare *k)
{
	const struct clip_ops *ops = k->owner->ops;
	const struct clip_compare *r = &k->request;
	struct net_first m = { .port = r->key.port, .is_exact = r->socks_password[0] != '\0' };
	memcpy(m.host, r->key.host, sizeof m.host);
	memcpy(m.first_party, r->key.first_party, sizeof m.first_party);
	memcpy(m.socks_username, r->socks_username, sizeof m.socks_username);
	memcpy(m.socks_password, r->socks_password, sizeof m.socks_password);
	k->until = CLIP_NEVER;
	enum err err = ops->first(ops->arg, &m, on_first, k, &k->find_id);
	sodium_memzero(&m, sizeof m);
	if (err != OK) {
		k->find_id = 0;
		find_later(k, err);
	}
}

/* ---- whose turn, and when ---- */

static void begin(struct compare *k)
{
	enum err err = clip_site_get(k->owner, &k->request.key, &k->site);
	if (err != OK) {
		k->site = NULL;
		compare_end(k, VERDICT_UNDECIDED, REASON_TOO_FEW, err);
		return;
	}
	k->site->exits.users++;
	if (clip_site_is_false(k->site, k->request.address)) {
		compare_end(k, VERDICT_MISMATCH, REASON_REMEMBERED, OK);
		return;
	}
	k->state = COMPARE_FINDING;
	first_find(k);
}

static bool may_begin(const struct clip *c, const struct compare *mine)
{
	size_t running = 0;
	for (const struct compare *k = c->compares; k; k = k->next)
		if (k->state == COMPARE_FINDING || k->state == COMPARE_RUNNING) {
			running++;
			if (strcmp(k->request.key.host, mine->request.key.host) == 0 && k->request.key.port == mine->request.key.port &&
			    strcmp(k->request.key.first_party, mine->request.key.first_party) == 0 &&
			    k->request.key.private_id == mine->request.key.private_id &&
			    k->request.key.container == mine->request.key.container)
				return false;
		}
	return running < CHECKS_AT_ONCE;
}

static uint64_t next_tick(const struct compare *k)
{
	if (k->state == COMPARE_ENDING)
		return 0;
	uint64_t at = k->deadline - CHECK_MARGIN_MS;
	if (k->until < at)
		at = k->until;
	uint64_t slots = k->state == COMPARE_RUNNING ? slots_next(k) : CLIP_NEVER;
	return slots < at ? slots : at;
}

void compares_pump(struct clip *c)
{
	if (c->is_pumping || c->is_ending)
		return;
	c->is_pumping = true;
	for (struct compare *k = c->compares; k; k = k->next)
		if (k->state == COMPARE_WAITING && may_begin(c, k))
			begin(k);
	uint64_t at = CLIP_NEVER;
	for (const struct compare *k = c->compares; k; k = k->next) {
		uint64_t mine = next_tick(k);
		at = mine < at ? mine : at;
	}
	c->is_pumping = false;
	c->ops->wake(c->ops->arg, at);
}

static void tick(struct compare *k)
{
	uint64_t now = compare_now(k);
	if (k->state == COMPARE_ENDING)
		return;
	if (now + CHECK_MARGIN_MS >= k->deadline && k->state < COMPARE_RUNNING) {
		compare_end(k, VERDICT_UNDECIDED, REASON_TIMEOUT, ERR_TIMEOUT);
		return;
	}
	if (k->state == COMPARE_FINDING && now >= k->until)
		first_find(k);
	if (k->state == COMPARE_RUNNING) {
		slots_time(k, now);
		slots_go_on(k);
		compare_evaluate(k);
	}
}

void clip_tick(struct clip *c)
{
	for (struct compare *k = c->compares; k; k = k->next)
		tick(k);
	/* One at a time: the sink may start, cancel or wipe. */
	for (;;) {
		struct compare *k = c->compares;
		while (k && k->state != COMPARE_ENDING)
			k = k->next;
		if (!k)
			break;
		deliver(c, k);
	}
	compares_pump(c);
}
