/* Is HTTPS withheld? What the answers say of that question (base/httpsverdict.h decides), and whether it is certain yet.
 * Part of the certificate check (check.h), whose exits, looks, memory, limits and deadline it shares. Two things are
 * different: that there is no TLS is an answer here, and answers grow old, because servers come and go. */
#include "feature/check.h"
#include "base/httpsverdict.h"

bool check_is_https(const struct check *k)
{
	return k->request.question == QUESTION_HTTPS;
}

bool https_is_answer(const struct look *l, enum err e)
{
	if (!check_is_https(l->check) || !l->has_exit)
		return false;
	switch (e) {
	case ERR_SOCKS_NET:       /* the exit's own words about the site */
	case ERR_SOCKS_HOST:
	case ERR_SOCKS_CONN:
	case ERR_SOCKS_TTL:
		return l->sent > 0;
	case ERR_HTTP_PROTOCOL:   /* of the plain address */
	case ERR_HTTP_HEADERS:
	case ERR_HTTP_SHORT:
	case ERR_HTTP_STALLED:
		return l->was_open;
	case ERR_TIMEOUT:
		/* Silence proves nothing while it may be our own network's. The exit said that it is connected; or tor gave the
		 * stream up (it does after 10 s), built a second circuit to that exit, and asked again. */
		return l->was_open || l->sent > 1;
	case ERR_CLOSED:
	case ERR_TLS_ALERT:
	case ERR_TLS_PROTOCOL:
	case ERR_TLS_NO_CERT:
	case ERR_TLS_VERSION:
	case ERR_TOO_BIG:
		return l->was_open;
	default:
		return false;   /* the circuit's, tor's or the exit's own fault: another exit is asked */
	}
}

static bool is_of_today(const struct check *k, const struct memory *m)
{
	return m->answer.at >= k->began || k->began - m->answer.at < HTTPS_MEMORY_MS;
}

bool https_is_stale(const struct check *k, const struct memory *m)
{
	return check_is_https(k) && !is_of_today(k, m);
}

static enum https_saw saw(const struct cert_answer *a)
{
	return a->is_none ? HTTPS_SAW_NONE : a->is_valid ? HTTPS_SAW_VALID : HTTPS_SAW_INVALID;
}

/* Where no browser failed to get TLS, what our own probe through the first exit sees is the question: in the shell, and
 * where the site itself, over a connection that nobody could forge, sends its visitors back to http. */
static bool is_probed(const struct check *k)
{
	return k->request.first != CERT_FIRST_BROWSER || k->request.is_loop;
}

static struct finding finding(const struct check *k)
{
	struct https_answer first[SITE_MEMORIES_MAX], others[SITE_MEMORIES_MAX];
	size_t n_first = 0, n_others = 0;
	for (const struct memory *m = k->site->memories; m; m = m->next) {
		struct https_answer a = { saw(&m->answer), m->answer.way, m->answer.counts && !m->was_first && !m->never_counts };
		if (!is_of_today(k, m)) {
			/* What a plain page's address gave a while ago says nothing: the same exit is asked anew. */
			if (check_is_plain(k))
				continue;
			/* No longer true of today, but a site that had HTTPS is not to be opened without it. */
			if (a.saw != HTTPS_SAW_VALID)
				continue;
			a.saw = HTTPS_SAW_EARLIER;
		}
		if (memory_is_first(k, m))
			first[n_first++] = a;
		else
			others[n_others++] = a;
	}
	const struct https_terms terms = {
		.k = k->k,
		.has_roots = k->has_roots_reply && k->roots != ROOTS_NONE,
		.is_probed = is_probed(k),
	};
	return check_is_plain(k) ? https_plain_verdict_of(first, n_first, others, n_others, &terms)
	                         : https_verdict_of(first, n_first, others, n_others, &terms);
}

/* Our own probe says whether the exit is choosing; for the browser's question it is worth a moment, no more. */
static bool is_worth_waiting(struct check *k)
{
	if (!probes_pending(k) || k->is_grace_over)
		return false;
	if (k->grace_end == NEVER)
		k->grace_end = check_now(k) + CHECK_SHOW_MS;
	return true;
}

void https_evaluate(struct check *k)
{
	bool late = check_is_late(k);
	if (!late && !k->has_roots_reply)
		return;
	struct finding f = finding(k);
	if (f.verdict == VERDICT_MISMATCH) {
		if (late || !is_worth_waiting(k))
			check_show_or_end(k, f, OK);
	} else if (f.verdict == VERDICT_MATCH) {
		if (late || !probes_pending(k))
			check_end(k, f.verdict, f.reason, OK);
	} else if (late || k->is_memory_only || (!slots_pending(k) && !probes_pending(k)) ||
	           (is_probed(k) && f.reason == REASON_FIRST_SILENT && !probes_pending(k))) {
		check_end_undecided(k, f.reason);
	}
	if (k->state == CHECK_SHOWING && (late || check_now(k) >= k->until))
		check_end(k, f.verdict, f.reason, OK);
}
