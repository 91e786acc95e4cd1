/* The first exit (contract in first.h). Tor tells of a stream while it is being attached, and the browser's error may
 * reach us before tor's event does: so an empty answer waits a little. */
#include "engine/first.h"

#include "engine/describe.h"
#include "engine/netd_state.h"

#include <string.h>

#include <string.h>

/* One person has rarely more than a handful of circuits for one site; beyond this the rest stays open. */
#define CLOSE_MAX 256

struct circs_wanted first_wanted(const struct net_first *m)
{
	return (struct circs_wanted){
		.host = m->host, .port = m->port, .first_party = m->first_party,
		.username = m->socks_username, .password = m->socks_password, .is_exact = m->is_exact,
	};
}

static void first_answer(struct job *j)
{
	struct net_first_r r = { .n = (uint8_t)j->got.first.n };
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	for (size_t i = 0; i < j->got.first.n; i++)
		describe_path(torlink_relays(j->d->link), &j->got.first.path[i], &r.path[i]);
	netmsg_put_first_r(&payload, &r);
	job_reply(j, NET_R_FIRST, &payload);
}

/* Countries and families only describe: without them the answer is the same. */
static void on_countries(void *arg, enum err err)
{
	struct job *j = arg;

	(void)err;
	if (job_called(j))
		first_answer(j);
}

static void on_fresh(void *arg, enum err err)
{
	struct job *j = arg;
	uint8_t fp[CANDIDATES_MAX * HOPS_MAX][FP_LEN];
	size_t n = 0;

	if (!job_called(j))
		return;
	if (err == ERR_TOR_LOST) {
		job_fail(j, err);
		return;
	}
	for (size_t i = 0; i < j->got.first.n; i++)
		for (size_t h = 0; h < j->got.first.path[i].n; h++)
			memcpy(fp[n++], j->got.first.path[i].fp[h], FP_LEN);
	j->calls++;
	if (n == 0 || torlink_countries(j->d->link, (const uint8_t (*)[FP_LEN])fp, n, on_countries, j) != OK) {
		j->calls--;
		first_answer(j);
	}
}

void first_run(struct job *j, bool is_late)
{
	const struct circs_wanted want = first_wanted(&j->ask.first);
	uint8_t exits[CANDIDATES_MAX][FP_LEN];
	size_t n_exits = 0;

	if (!torlink_has_streams(j->d->link)) {
		job_fail(j, ERR_TOR_FILTERED);
		return;
	}
	j->got.first.n = circs_candidates(torlink_circs(j->d->link), &want, j->got.first.path);
	if (j->got.first.n == 0 && !is_late) {
		job_search(j, FIRST_WAIT_MS);
		return;
	}
	for (size_t i = 0; i < j->got.first.n; i++)
		if (j->got.first.path[i].n > 0)
			memcpy(exits[n_exits++], j->got.first.path[i].fp[j->got.first.path[i].n - 1], FP_LEN);
	j->wait = JOB_TOR;
	j->calls++;
	if (n_exits == 0 || torlink_fresh(j->d->link, (const uint8_t (*)[FP_LEN])exits, n_exits, on_fresh, j) != OK) {
		j->calls--;
		first_answer(j);
	}
}

static void close_answer(struct job *j)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	netmsg_put_close_r(&payload, &j->got.close);
	job_reply(j, NET_R_CLOSE, &payload);
}

static void on_closed(void *arg, enum err err)
{
	struct job *j = arg;

	/* A circuit that is gone already counts as little as one that tor would not close. */
	if (err == OK)
		j->got.close.circuits++;
	if (job_called(j) && j->calls == 0)
		close_answer(j);
}

void close_run(struct job *j, bool is_late)
{
	const struct circs_wanted want = first_wanted(&j->ask.first);
	uint32_t ids[CLOSE_MAX];
	size_t streams = 0, n = circs_carrying(torlink_circs(j->d->link), &want, ids, CLOSE_MAX, &streams);

	(void)is_late;
	j->got.close = (struct net_close_r){ .streams = (uint16_t)(streams < UINT16_MAX ? streams : UINT16_MAX) };
	if (j->ask.first.is_dry) {
		j->got.close.circuits = (uint16_t)n;
		close_answer(j);
		return;
	}
	j->wait = JOB_TOR;
	for (size_t i = 0; i < n; i++) {
		j->calls++;
		if (torlink_close_circuit(j->d->link, ids[i], on_closed, j) != OK)
			j->calls--;
	}
	if (j->calls == 0)
		close_answer(j);
}
