/* One look: a handshake through one exit, its steps, and the judgement of the chain it brought. Part of the
 * certificate check (check.h). */
#include "feature/check.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static bool is_probe(const struct look *l)
{
	return l->slot == 0;
}

void check_progress(const struct check *k, unsigned slot, enum cert_step step, const struct relay_info *exit)
{
	const struct cert_sink *sink = &k->owner->sink;
	if (!sink->progress)
		return;
	struct cert_progress p = { k->request.question, slot, step, exit, check_now(k) - k->began };
	sink->progress(sink->arg, k->id, &p);
}

void answer_judged(struct cert_answer *a, const struct parse_judge_r *r)
{
	/* The leaf's digest is our own; the parse role, which reads foreign bytes, is not asked for it. */
	if (r->err != OK && r->err != ERR_ROOTS_NONE)
		return;
	memcpy(a->spki, r->spki, sizeof a->spki);
	a->is_valid = r->is_valid && r->err == OK;
	memcpy(a->why, r->why, sizeof a->why);
	a->words = r->words;
}

/* Keeps a record of what gave no answer, for the result. Without memory it is only not shown. */
static void note_failure(struct look *l, enum err e)
{
	struct check *k = l->check;
	if (k->n_failed == k->room_failed) {
		size_t room = k->room_failed ? 2 * k->room_failed : 8;
		struct cert_answer *more = realloc(k->failed, room * sizeof *more);
		if (!more)
			return;
		k->failed = more;
		k->room_failed = room;
	}
	k->failed[k->n_failed++] = (struct cert_answer){ .slot = l->slot, .source = CERT_SOURCE_PROBE,
		.has_exit = l->has_exit, .exit = l->exit, .error = e,
		.elapsed_ms = (uint32_t)(check_now(k) - l->began) };
	struct site *site = k->site;
	if (is_probe(l) || !l->has_exit)
		return;
	if (site->n_failed == sizeof site->failed / sizeof *site->failed)
		memmove(site->failed, site->failed + 1, --site->n_failed * sizeof *site->failed);
	memcpy(site->failed[site->n_failed++], l->exit.fp, FP_LEN);
}

static void answer_is_complete(struct look *l);

void look_failed(struct look *l, enum err e)
{
	struct check *k = l->check;
	uint64_t now = check_now(k);
	l->net_id = l->judge_id = 0;
	plain_cancel(l);
	if (l->state != LOOK_FETCHING && https_is_answer(l, e)) {
		l->answer = (struct cert_answer){ .slot = l->slot, .source = CERT_SOURCE_PROBE, .has_exit = true,
			.exit = l->exit, .path = l->answer.path, .is_none = true, .error = e, .counts = true,
			.elapsed_ms = (uint32_t)(now - l->began) };
		answer_is_complete(l);
		return;
	}
	if (err_is_local(e)) {
		/* our own tor is away: no exit's fault, so the same one is asked again */
		k->local_err = e;
		k->asked -= !is_probe(l);
		l->state = LOOK_HELD;
		l->until = now + CHECK_TOR_AGAIN_MS;
		return;
	}
	check_progress(k, l->slot, CERT_STEP_FAILED, l->has_exit ? &l->exit : NULL);
	note_failure(l, e);
	if (is_probe(l)) {
		/* A circuit may break by chance; where our probe is all we have of the first exit, it gets a second. */
		l->tries++;
		bool again = !k->request.n_offered && l->tries < 2 && e != ERR_TOR_COMMAND && e != ERR_EXIT_LITERAL && e != ERR_TOR_FILTERED &&
		             e != ERR_TARGET_PRIVATE && now + CHECK_FIRST_ROUND_MS / 4 < k->deadline;
		l->state = again ? LOOK_IDLE : LOOK_GIVEN_UP;
	} else {
		l->state = LOOK_IDLE;
		l->has_exit = false;
		l->is_free = false;
	}
}

/* ---- answers ---- */

static void answer_is_complete(struct look *l)
{
	struct check *k = l->check;
	bool never_counts = !l->answer.counts;
	l->state = LOOK_ANSWERED;
	l->answer.has_way = l->has_way;
	l->answer.way = l->way;
	l->answer.at = check_now(k);
	k->local_err = OK;
	enum err err = site_remember(k->site, &l->answer, is_probe(l), never_counts);
	check_progress(k, l->slot, CERT_STEP_DONE, &l->exit);
	if (err != OK) {
		check_end(k, VERDICT_UNDECIDED, REASON_TOO_FEW, err);
		return;
	}
	if (never_counts && !is_probe(l)) {
		/* it may dissent; another exit has to corroborate */
		l->state = LOOK_IDLE;
		l->has_exit = l->is_free = false;
	}
	slots_pump(k);
	check_evaluate(k);
}

static void on_judged(void *arg, enum err err, const struct parse_judge_r *r)
{
	struct look *l = arg;
	struct certcheck *c = l->check->owner;
	l->judge_id = 0;
	if (err == OK)
		answer_judged(&l->answer, r);
	answer_is_complete(l);
	certcheck_pump(c);
}

static void judge(struct look *l, const struct net_look_r *r)
{
	struct check *k = l->check;
	const struct check_ops *ops = k->owner->ops;
	struct parse_judge m = { .time = ops->wall(ops->arg), .is_signed = r->is_signed, .n_certs = r->n_certs };
	memcpy(m.host, l->host, sizeof m.host);
	memcpy(m.cert, r->cert, sizeof *m.cert * r->n_certs);
	l->state = LOOK_JUDGING;
	if (ops->judge(ops->arg, &m, on_judged, l, &l->judge_id) != OK) {
		/* The leaf is known and may be compared; valid it is not called. */
		l->judge_id = 0;
		answer_is_complete(l);
	}
}

/* The exit that really carried the look, or why it may not be taken. */
static enum err path_is_right(struct look *l, const struct net_look_r *r)
{
	if (r->path.n == 0 || r->path.n > HOPS_MAX || r->path.is_onion)
		return ERR_EXIT_WRONG;
	const struct relay_info *last = &r->path.hop[r->path.n - 1];
	if (l->has_exit && !fp_is(last->fp, l->exit.fp))
		return ERR_EXIT_WRONG;
	if (!l->has_exit) {
		if (check_is_first_exit(l->check, last->fp))
			return ERR_EXIT_WRONG;
		l->has_exit = true;
	}
	l->exit = *last;
	return OK;
}

static void on_look(void *arg, enum err err, const struct net_look_r *r)
{
	struct look *l = arg;
	struct check *k = l->check;
	l->net_id = 0;
	/* A handshake that broke off may have brought a certificate all the same: it is what that exit shows. */
	bool has_cert = err == OK && r->n_certs > 0 && r->n_certs <= CHAIN_MAX && r->err != ERR_EXIT_WRONG &&
	                r->err != ERR_CANCELLED;
	if (err == OK)
		err = has_cert ? path_is_right(l, r) : r->err != OK ? (enum err)r->err : ERR_TLS_NO_CERT;
	if (err != OK) {
		if (r && r->path.n > 0 && r->path.n <= HOPS_MAX)
			l->answer.path = r->path;
		look_failed(l, err);
		slots_pump(k);
		check_evaluate(k);
	} else {
		l->answer = (struct cert_answer){ .slot = l->slot, .source = CERT_SOURCE_PROBE, .has_exit = true,
			.exit = l->exit, .path = r->path, .has_cert = true, .is_signed = r->is_signed,
			.counts = r->err != ERR_TLS_SIGNATURE, .tls_version = r->tls_version, .elapsed_ms = r->elapsed_ms };
		crypto_hash_sha256(l->answer.leaf, r->cert[0].der, r->cert[0].len);
		memcpy(l->answer.spki, l->answer.leaf, sizeof l->answer.spki);   /* no key known: equal to nothing else */
		chains_keep(k->owner->chains, l->answer.leaf, r->cert, r->n_certs);
		judge(l, r);
	}
	certcheck_pump(k->owner);
}

void look_step(struct look *l, const struct net_step_r *r)
{
	static const enum cert_step steps[] = {
		[STEP_CHOOSING] = CERT_STEP_CHOOSING, [STEP_BUILDING] = CERT_STEP_BUILDING,
		[STEP_CONNECTING] = CERT_STEP_CONNECTING, [STEP_HANDSHAKING] = CERT_STEP_HANDSHAKING,
	};
	static const uint8_t nobody[FP_LEN];
	struct check *k = l->check;
	if (r->step >= sizeof steps / sizeof *steps)
		return;   /* "done" is said when the chain is judged */
	bool names_exit = !fp_is(r->exit.fp, nobody);
	l->step = steps[r->step];
	l->sent += r->step == STEP_CONNECTING;
	l->was_open |= r->step == STEP_HANDSHAKING;
	/* Behind a fetch the same steps come once more, which would look like a step back. */
	if (!l->has_way || r->step == STEP_HANDSHAKING)
		check_progress(k, l->slot, steps[r->step], names_exit ? &r->exit : l->has_exit ? &l->exit : NULL);
	/* A free look has found its exit: the next one can be told to stay independent of it. */
	if (l->is_free && !l->has_exit && names_exit && r->step >= STEP_HANDSHAKING) {
		l->has_exit = true;
		l->exit = r->exit;
	}
	slots_pump(k);
	certcheck_pump(k->owner);
}

static void on_step(void *arg, const struct net_step_r *r)
{
	look_step(arg, r);
}

/* ---- start ---- */

/* Looks of the first round get until 12 s from the event, replacements what is left; one that starts late (its
 * check had to wait) gets half of what is left at least. */
static uint64_t look_until(const struct look *l, uint64_t now)
{
	const struct check *k = l->check;
	uint64_t end = k->deadline - CHECK_MARGIN_MS;
	uint64_t first_round = k->began + (check_is_https(k) ? HTTPS_FIRST_ROUND_MS : CHECK_FIRST_ROUND_MS);
	bool is_first_round = is_probe(l) ? l->tries == 0 : k->asked <= k->k;
	if (end <= now)
		return now;
	if (!is_first_round)
		return end;
	uint64_t half = now + (end - now) / 2;
	return first_round > half ? first_round : half;
}

enum err look_start(struct look *l)
{
	struct check *k = l->check;
	uint64_t now = check_now(k);
	l->began = now;
	l->has_way = false;
	l->port = k->request.key.port;
	memcpy(l->host, k->request.key.host, sizeof l->host);
	l->until = look_until(l, now);
	if (l->until <= now)
		return ERR_TIMEOUT;
	return check_is_plain(k) ? plain_start(l) : look_open(l);
}

enum err look_open(struct look *l)
{
	struct check *k = l->check;
	const struct check_ops *ops = k->owner->ops;
	uint64_t now = check_now(k);
	l->sent = 0;
	l->was_open = false;
	l->step = CERT_STEP_CHOOSING;
	l->answer = (struct cert_answer){ 0 };
	if (l->until <= now)
		return ERR_TIMEOUT;
	struct net_look m = { .port = l->port, .deadline_ms = (uint32_t)(l->until - now), .is_free = l->is_free };
	memcpy(m.host, l->host, sizeof m.host);
	if (l->is_free)
		check_draw_fill(k, &m.avoid);
	else
		memcpy(m.exit, l->exit.fp, FP_LEN);
	l->state = LOOK_LOOKING;
	enum err err = ops->look(ops->arg, &m, on_step, on_look, l, &l->net_id);
	if (err != OK)
		l->net_id = 0;
	return err;
}

void look_cancel(struct look *l)
{
	const struct check_ops *ops = l->check->owner->ops;
	if (l->net_id)
		ops->cancel_net(ops->arg, l->net_id);
	if (l->judge_id)
		ops->cancel_parse(ops->arg, l->judge_id);
	l->net_id = l->judge_id = 0;
	plain_cancel(l);
}
