/* Drawing an exit (NET_DRAW) and listing them (NET_EXITS): jobs of the net role. Each step waits for tor's word first:
 * families must be known before independence can be promised, countries before they can be compared. */
#include "engine/describe.h"
#include "engine/netd_state.h"
#include "engine/pathpick.h"

#include "base/clock.h"

#include <event2/event.h>
#include <string.h>

static bool is_zero(const uint8_t fp[FP_LEN])
{
	static const uint8_t zeros[FP_LEN];

	return memcmp(fp, zeros, FP_LEN) == 0;
}

/* Begins with relays of today, of which those in fp have known families; goes on in done. */
static void be_fresh(struct job *j, const uint8_t (*fp)[FP_LEN], size_t n, torlink_fn *done)
{
	j->wait = JOB_TOR;
	j->calls++;
	enum err err = torlink_fresh(j->d->link, fp, n, done, j);
	if (err != OK) {
		j->calls--;
		job_fail(j, err);
	}
}

/* The opening of every callback of be_fresh: false when there is nothing to go on with. */
static bool is_fresh(struct job *j, enum err err)
{
	if (!job_called(j))
		return false;
	if (err != OK)
		job_fail(j, err);
	return err == OK;
}

/* ---- draw ---- */

static void draw_answer(struct job *j)
{
	struct net_draw_r *r = &j->got.draw.reply;
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	if (!is_zero(r->exit.fp)) {
		uint8_t fp[FP_LEN];
		memcpy(fp, r->exit.fp, FP_LEN);
		describe_relay(torlink_relays(j->d->link), fp, &r->exit);
	}
	netmsg_put_draw_r(&payload, r);
	job_reply(j, NET_R_DRAW, &payload);
}

static void on_country(void *arg, enum err err)
{
	struct job *j = arg;

	(void)err;
	if (job_called(j))
		draw_answer(j);
}

/* The exit that was asked about, if it suits; else one by chance. */
static enum err choose(const struct relays *relays, const struct net_draw *m, const struct pathpick *want,
                       struct pick *out)
{
	if (is_zero(m->only))
		return pathpick(relays, want, out);
	const struct relay *only = relays_find(relays, m->only);
	if (only == NULL || !pathpick_suits(relays, want, only))
		return ERR_EXIT_NONE;
	*out = (struct pick){ .exit = only, .groups = 1 };
	for (size_t i = 0; i < want->n_clean; i++)
		out->is_clean |= memcmp(want->clean[i], only->fp, FP_LEN) == 0;
	return OK;
}

/* All is known: draws. */
static enum err draw(struct job *j)
{
	const struct net_draw *m = &j->ask.draw;
	const struct relays *relays = torlink_relays(j->d->link);
	uint8_t clean[CLEAN_EXITS_MAX][FP_LEN];
	struct pick pick;

	if (relays == NULL)
		return ERR_TOR_BOOTSTRAP;
	if (m->country[0] != '\0' && !pathpick_country_qualifies(relays, m->country, m->port, m->is_ipv6))
		return ERR_EXIT_NONE;
	const struct pathpick want = {
		.port = m->port, .is_ipv6 = m->is_ipv6,
		.indep = m->indep, .n_indep = m->n_indep, .not_these = m->not_these, .n_not = m->n_not,
		.country = m->country, .not_continent_of = m->not_continent_of, .clean = (const uint8_t (*)[FP_LEN])clean,
		.n_clean = circs_clean_exits(torlink_circs(j->d->link), clock_ms(), clean, CLEAN_EXITS_MAX),
	};
	enum err err = choose(relays, m, &want, &pick);
	if (err != OK)
		return err;
	/* Which exit tor will choose by itself is not ours to say; whether one suits is. */
	bool is_free = m->is_ipv6 || !torlink_has_mapaddress(j->d->link);
	j->got.draw.reply = (struct net_draw_r){
		.is_clean = pick.is_clean && !is_free, .is_free = is_free,
		.groups = (uint16_t)(pick.groups < UINT16_MAX ? pick.groups : UINT16_MAX), .exit.country = "??",
	};
	if (!is_free || !is_zero(m->only))
		memcpy(j->got.draw.reply.exit.fp, pick.exit->fp, FP_LEN);
	return OK;
}

/* An exit was found, but no clean circuit to it: do circuits on their way promise one? Then the draw is made again when one is built, or
 * none is to come, or it has waited long enough. Fewer on their way than draws still to be made, because some ended in kin: then this one
 * need not wait for those, and tor lengthens one of kin's at once. */
static bool draw_waits(struct job *j)
{
	const struct net_draw *m = &j->ask.draw;
	const struct net_draw_r *r = &j->got.draw.reply;
	uint64_t now = clock_ms(), end = j->arrived + WARM_WAIT_MS;

	if (r->is_clean || r->is_free || !is_zero(m->only) || m->country[0] != '\0' || now >= end)
		return false;
	uint32_t ms = warm_wait_ms(j->d->warm, now);
	if (ms == 0)
		return false;
	j->got.draw.coming = warm_coming(j->d->warm, now);
	if (j->got.draw.coming < m->left)
		return false;
	j->got.draw.built = circs_n_built(torlink_circs(j->d->link));
	job_search(j, ms < end - now ? ms : (uint32_t)(end - now));
	return true;
}

static void draw_and_answer(struct job *j, bool is_late)
{
	enum err err = draw(j);

	if (err != OK) {
		job_fail(j, err);
		return;
	}
	if (!is_late && draw_waits(j))
		return;
	/* Its country is for people alone. */
	j->calls++;
	if (is_zero(j->got.draw.reply.exit.fp) ||
	    torlink_countries(j->d->link, (const uint8_t (*)[FP_LEN])j->got.draw.reply.exit.fp, 1, on_country, j) != OK) {
		j->calls--;
		draw_answer(j);
	}
}

static void on_all_countries(void *arg, enum err err)
{
	struct job *j = arg;

	if (!job_called(j))
		return;
	if (err != OK)
		job_fail(j, err);
	else
		draw_and_answer(j, false);
}

static void on_draw_fresh(void *arg, enum err err)
{
	struct job *j = arg;

	if (!is_fresh(j, err))
		return;
	if (j->ask.draw.country[0] == '\0' && j->ask.draw.not_continent_of[0] == '\0') {
		draw_and_answer(j, false);
		return;
	}
	j->calls++;
	err = torlink_countries(j->d->link, NULL, 0, on_all_countries, j);
	if (err != OK) {
		j->calls--;
		job_fail(j, err);
	}
}

/* Every event of tor's wakes those that wait, and most say nothing new. */
static bool is_news(const struct job *j)
{
	return circs_n_built(torlink_circs(j->d->link)) != j->got.draw.built ||
	       warm_coming(j->d->warm, clock_ms()) != j->got.draw.coming;
}

void draw_run(struct job *j, bool is_late)
{
	if (j->wait != JOB_SEARCH) {
		be_fresh(j, j->ask.draw.indep, j->ask.draw.n_indep, on_draw_fresh);
	} else if (is_late || is_news(j)) {
		(void)evtimer_del(j->timer);
		j->wait = JOB_TOR;
		draw_and_answer(j, is_late);
	}
}

/* ---- list ---- */

static void exits_answer(struct job *j)
{
	const struct relays *relays = torlink_relays(j->d->link);
	const struct net_exits *want = &j->ask.exits;
	const struct relay *other = NULL;

	if (relays == NULL) {
		job_fail(j, ERR_TOR_BOOTSTRAP);
		return;
	}
	if (!is_zero(want->fp) && (other = relays_find(relays, want->fp)) == NULL) {
		job_fail(j, ERR_EXIT_UNKNOWN);
		return;
	}
	for (size_t i = 0; i < relays_count(relays); i++) {
		const struct relay *relay = relays_at(relays, i);
		struct relay_info info;
		if (!relay_is_usable_exit(relay) || (other != NULL && !relay_is_independent(relays, relay, other)))
			continue;
		if (want->port != 0 && !relay_allows(relays, relay, want->port, false))
			continue;
		struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
		describe_relay(relays, relay->fp, &info);
		netmsg_put_relay(&payload, &info);
		inner_send(j->d->inner, NET_R_EXIT, j->id, &payload);
	}
	job_reply(j, NET_R_END, NULL);
}

/* A list without countries is better than none: err is ignored. */
static void on_exits_countries(void *arg, enum err err)
{
	struct job *j = arg;

	if (!job_called(j))
		return;
	if (err == ERR_TOR_LOST)
		job_fail(j, err);
	else
		exits_answer(j);
}

static void on_exits_fresh(void *arg, enum err err)
{
	struct job *j = arg;

	if (!is_fresh(j, err))
		return;
	j->calls++;
	if (torlink_countries(j->d->link, NULL, 0, on_exits_countries, j) != OK) {
		j->calls--;
		exits_answer(j);
	}
}

void exits_run(struct job *j, bool is_late)
{
	(void)is_late;
	be_fresh(j, (const uint8_t (*)[FP_LEN])j->ask.exits.fp, is_zero(j->ask.exits.fp) ? 0 : 1, on_exits_fresh);
}
