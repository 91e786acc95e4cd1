/* Questions about independence that only the net role can answer: which exits of earlier checks may still corroborate
 * beside today's first exits, and whether a new circuit really left the old exit behind. Each is a draw of one exit
 * alone (net_draw.only). Part of the certificate check (check.h). */
#include "feature/check.h"
#include <string.h>

/* ---- may this answer still corroborate ---- */

static void kin_next(struct check *k);

static void on_kin(void *arg, enum err err, const struct net_draw_r *r)
{
	struct check *k = arg;
	struct memory *m = k->kin_at;
	k->kin_id = 0;
	/* Whatever goes wrong: then it does not count, and another exit is drawn. */
	m->answer.counts = err == OK && fp_is(r->exit.fp, m->answer.exit.fp);
	k->kin_at = m->next;
	kin_next(k);
	certcheck_pump(k->owner);
}

static bool may_count(const struct check *k, const struct memory *m)
{
	return !m->was_first && !m->never_counts && m->answer.has_exit && !check_is_first_exit(k, m->answer.exit.fp);
}

static void kin_next(struct check *k)
{
	const struct check_ops *ops = k->owner->ops;
	while (k->kin_at && !may_count(k, k->kin_at))
		k->kin_at = k->kin_at->next;
	if (!k->kin_at) {
		check_run(k);
		return;
	}
	struct net_draw m;
	check_draw_fill(k, &m);
	m.n_not = 0;
	memcpy(m.only, k->kin_at->answer.exit.fp, FP_LEN);
	if (ops->draw(ops->arg, &m, on_kin, k, &k->kin_id) != OK) {
		k->kin_id = 0;
		k->kin_at = k->kin_at->next;
		kin_next(k);   /* as deep as there are memories: SITE_MEMORIES_MAX */
	}
}

void kin_begin(struct check *k)
{
	for (struct memory *m = k->site->memories; m; m = m->next)
		m->answer.counts = false;
	k->kin_at = k->site->memories;
	kin_next(k);
}

/* ---- is the new circuit's exit another one ---- */

static void still_next(struct check *k);

static void on_still(void *arg, enum err err, const struct net_draw_r *r)
{
	struct check *k = arg;
	(void)r;
	k->still_id = 0;
	if (err == ERR_EXIT_NONE) {
		k->still_same = STILL_SAME_YES;   /* one candidate that is kin is enough */
		return;
	}
	if (err != OK)
		return;                           /* unknown it stays */
	k->still_at++;
	still_next(k);
	certcheck_pump(k->owner);
}

static void still_next(struct check *k)
{
	const struct check_ops *ops = k->owner->ops;
	const struct site *site = k->site;
	if (k->still_at == k->n_probes) {
		k->still_same = STILL_SAME_NO;
		return;
	}
	struct net_draw m = { .port = k->request.key.port, .n_indep = (uint8_t)site->n_left,
	                      .is_ipv6 = strchr(k->request.key.host, ':') != NULL };
	memcpy(m.indep, site->left, site->n_left * FP_LEN);
	memcpy(m.only, k->probes[k->still_at].exit.fp, FP_LEN);
	if (ops->draw(ops->arg, &m, on_still, k, &k->still_id) != OK)
		k->still_id = 0;
}

void still_begin(struct check *k)
{
	k->still_at = 0;
	if (k->site->n_left && k->n_probes)
		still_next(k);
}
