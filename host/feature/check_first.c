/* Where a check starts from: the browser's own chain, the trust roots, and which exit carried the browser's connection.
 * Part of the certificate check (check.h). */
#include "feature/check.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- the browser's own chain, and the roots ---- */

static void offer_remember(struct check *k)
{
	if (k->n_probes == 1) {
		k->offer.has_exit = true;
		k->offer.exit = k->probes[0].exit;
	}
	if (k->n_paths == 1)
		k->offer.path = k->paths[0];
	enum err err = site_remember(k->site, &k->offer, true, false);
	if (err != OK)
		check_end(k, VERDICT_UNDECIDED, REASON_TOO_FEW, err);
}

static void offer_is_known(struct check *k)
{
	k->is_offered_known = true;
	if (k->state < CHECK_KIN)
		return;
	offer_remember(k);
	if (k->state == CHECK_KIN && !k->kin_id && !k->kin_at)
		check_run(k);
	else
		check_evaluate(k);
}

static void on_offer_judged(void *arg, enum err err, const struct parse_judge_r *r)
{
	struct check *k = arg;
	k->offer_id = 0;
	/* Without the parse role's word the leaf is still what it is; only words and key are missing. */
	if (err == OK)
		answer_judged(&k->offer, r);
	k->offer.is_valid = false;   /* the browser refused it */
	offer_is_known(k);
	certcheck_pump(k->owner);
}

void offer_begin(struct check *k)
{
	const struct check_ops *ops = k->owner->ops;
	const struct cert_request *r = &k->request;
	k->offer = (struct cert_answer){ .source = CERT_SOURCE_BROWSER, .has_cert = true };
	crypto_hash_sha256(k->offer.leaf, r->offered[0].der, r->offered[0].len);
	memcpy(k->offer.spki, k->offer.leaf, sizeof k->offer.spki);   /* no key known: equal to nothing else */
	chains_keep(k->owner->chains, k->offer.leaf, r->offered, r->n_offered);
	struct parse_judge m = { .time = ops->wall(ops->arg), .n_certs = (uint8_t)r->n_offered };
	memcpy(m.host, r->key.host, sizeof m.host);
	memcpy(m.cert, r->offered, sizeof *m.cert * r->n_offered);
	if (ops->judge(ops->arg, &m, on_offer_judged, k, &k->offer_id) != OK) {
		k->offer_id = 0;
		k->is_offered_known = true;
	}
}

static void on_roots(void *arg, enum err err, const struct parse_roots_r *r)
{
	struct check *k = arg;
	k->roots_id = 0;
	k->has_roots_reply = true;
	k->roots_err = err;
	k->roots = err == OK ? (enum roots_source)r->source : ROOTS_NONE;
	check_evaluate(k);
	certcheck_pump(k->owner);
}

void roots_begin(struct check *k)
{
	const struct check_ops *ops = k->owner->ops;
	enum err err = ops->roots(ops->arg, on_roots, k, &k->roots_id);
	if (err != OK) {
		k->roots_id = 0;
		k->has_roots_reply = true;
		k->roots_err = err;
	}
}

/* ---- the first exit ---- */

/* Waiting does not mend these. */
static bool err_is_lasting(enum err e)
{
	return e == ERR_TOR_AUTH || e == ERR_TOR_AUTH_SERVER || e == ERR_TOR_FILTERED || e == ERR_TOR_VERSION ||
	       e == ERR_NOMEM || err_class(e) == ERR_CLASS_BUG;
}

bool check_is_first_exit(const struct check *k, const uint8_t fp[FP_LEN])
{
	for (size_t i = 0; i < k->n_probes; i++)
		if (k->probes[i].has_exit && fp_is(k->probes[i].exit.fp, fp))
			return true;
	return false;
}

static void add_first(struct check *k, const struct relay_info *exit)
{
	if (check_is_first_exit(k, exit->fp))
		return;
	assert(k->n_probes < CANDIDATES_MAX);
	k->probes[k->n_probes++] = (struct look){ .check = k, .has_exit = true, .exit = *exit };
}

/* What is remembered must be asked about again: today's first exits may be others, and so may families. */
static void firsts_are_known(struct check *k)
{
	struct site *site = k->site;
	for (size_t i = 0; i < k->n_probes; i++)
		memcpy(site->firsts[i], k->probes[i].exit.fp, FP_LEN);
	site->n_firsts = k->n_probes;
	if (k->is_offered_known)
		offer_remember(k);
	if (k->state == CHECK_ENDING)
		return;
	k->state = CHECK_KIN;
	kin_begin(k);
}

static void paths_are_known(struct check *k, const struct net_first_r *r)
{
	size_t onions = 0;
	for (size_t i = 0; i < r->n; i++)
		onions += r->path[i].is_onion;
	k->paths = calloc(CANDIDATES_MAX, sizeof *k->paths);
	if (!k->paths) {
		check_end(k, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN, ERR_NOMEM);
		return;
	}
	memcpy(k->paths, r->path, r->n * sizeof *r->path);
	k->n_paths = r->n;
	if (r->n > 0 && onions == r->n) {
		check_end(k, VERDICT_EXEMPT, REASON_ONION, OK);
		return;
	}
	bool has_hole = false;
	for (size_t i = 0; i < r->n; i++)
		has_hole |= !r->path[i].is_onion && (r->path[i].n == 0 || r->path[i].n > HOPS_MAX);
	if (r->n == 0 || has_hole || k->is_onion) {
		check_end(k, VERDICT_UNDECIDED, REASON_FIRST_UNKNOWN, k->is_onion ? ERR_TARGET_PRIVATE : ERR_FIRST_UNKNOWN);
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		if (!r->path[i].is_onion)
			add_first(k, &r->path[i].hop[r->path[i].n - 1]);
	firsts_are_known(k);
}

/* Tor can't be asked: again in a moment, for a while. */
static void find_later(struct check *k, enum err err)
{
	uint64_t now = check_now(k);
	if (err_is_local(err) && !err_is_lasting(err) && now < k->began + CHECK_TOR_WAIT_MS)
		k->until = now + CHECK_TOR_AGAIN_MS;
	else
		check_end(k, VERDICT_UNDECIDED, err == ERR_EXIT_NONE ? REASON_NO_INDEPENDENT : REASON_TOR, err);
}

static void on_first(void *arg, enum err err, const struct net_first_r *r)
{
	struct check *k = arg;
	k->find_id = 0;
	if (err == OK)
		paths_are_known(k, r);
	else
		find_later(k, err);
	certcheck_pump(k->owner);
}

static void on_first_drawn(void *arg, enum err err, const struct net_draw_r *r)
{
	struct check *k = arg;
	k->find_id = 0;
	if (err == OK && r->is_free)
		err = ERR_TOR_FILTERED;   /* an exit can't be chosen here, so none can be the first */
	if (err == OK) {
		add_first(k, &r->exit);
		firsts_are_known(k);
	} else {
		find_later(k, err);
	}
	certcheck_pump(k->owner);
}

void first_find(struct check *k)
{
	const struct check_ops *ops = k->owner->ops;
	const struct cert_request *r = &k->request;
	enum err err;
	k->until = NEVER;
	if (r->first == CERT_FIRST_BROWSER) {
		struct net_first m = { .port = check_is_plain(k) ? plain_port(k) : r->key.port, .is_exact = r->socks_password[0] != '\0' };
		memcpy(m.host, r->key.host, sizeof m.host);
		memcpy(m.first_party, r->key.first_party, sizeof m.first_party);
		memcpy(m.socks_username, r->socks_username, sizeof m.socks_username);
		memcpy(m.socks_password, r->socks_password, sizeof m.socks_password);
		err = ops->first(ops->arg, &m, on_first, k, &k->find_id);
		sodium_memzero(&m, sizeof m);
	} else {
		struct net_draw m = { .port = r->key.port, .is_ipv6 = strchr(r->key.host, ':') != NULL };
		if (r->first == CERT_FIRST_GIVEN)
			memcpy(m.only, r->first_exit, FP_LEN);
		err = ops->draw(ops->arg, &m, on_first_drawn, k, &k->find_id);
	}
	if (err != OK) {
		k->find_id = 0;
		find_later(k, err);
	}
}
