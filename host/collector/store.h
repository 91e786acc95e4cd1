/* What the collector keeps: reports, the findings they are put together as, the relays accused, and every trial with its raw result.
 * One interface over two databases (collector/db.h). The daemon writes; reviewers' verbs open it for reading. */
#ifndef COLLECTOR_STORE_H
#define COLLECTOR_STORE_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/limits_collector.h"
#include "collector/state.h"

struct store;

/* where: a file, or a connection string ("postgresql://...", "postgres://...", or "host=... dbname=..."). A writer makes what is missing and migrates; a
 * reader of an older version gets ERR_STORE_VERSION too. Errors: ERR_STORE*, ERR_NOMEM. */
MUST_USE enum err store_open(const char *where, bool is_writer, struct store **out);
void store_close(struct store *s);   /* takes NULL */
/* What the database said of the last error. */
const char *store_complaint(void);

/* What follows is within one transaction; nothing of it is there before store_commit has returned OK. After any error:
 * store_rollback. */
MUST_USE enum err store_begin(struct store *s);
MUST_USE enum err store_commit(struct store *s);
void store_rollback(struct store *s);

struct accused { char fp[2 * FP_LEN + 1], nickname[NICKNAME_MAX], address[46], country[3], family[64]; };
struct new_report {
	uint8_t digest[32];
	int64_t received, hour;            /* Unix seconds; Unix hours */
	const char *kind, *host;
	uint16_t port;
	const struct accused *accused;     /* n of them: the candidates for the exit, n >= 1 */
	size_t n;
	const char *body;                  /* canonical text, NUL behind it */
};
/* *is_new false: this digest is there already, nothing was done. In a transaction. */
MUST_USE enum err store_add(struct store *s, const struct new_report *r, bool *is_new);

/* --- the verifier's part ------------------------------------------------------------------------------------------ */

struct finding_row {
	int64_t id, first_seen, last_seen, reports, differs, answered, planned, updated;
	char kind[16], host[HOST_MAX], accused[2 * FP_LEN + 1], state[24];
	uint16_t port;
};
struct trial {
	int64_t id, finding, due, began, ended, tries;   /* began, ended: 0 not yet */
	bool is_chosen;
	char kind[16], host[HOST_MAX], path[LIST_PATH_MAX + 1];   /* path "": a handshake is all */
	uint16_t port;
	char outcome[16];                  /* "" not yet */
	char accused[2 * FP_LEN + 1];
	const char *raw;                   /* borrowed for the callback; "" unless asked for */
};
typedef bool finding_fn(void *arg, const struct finding_row *f);
typedef bool trial_fn(void *arg, const struct trial *t);

/* Findings that have no plan yet, at most n. */
MUST_USE enum err store_unplanned(struct store *s, unsigned n, finding_fn *each, void *arg);
struct new_trial { int64_t finding, due, weight; bool is_chosen; const char *host, *path; uint16_t port; };
MUST_USE enum err store_plan_trial(struct store *s, const struct new_trial *t);
/* 0 … VERIFY_WEIGHTS - 1: how important it is to look through this relay, by how many reports there are of it, and at how many hosts. */
MUST_USE enum err store_weight(struct store *s, const char *fp, int64_t *weight);
/* planned: how many trials there are to be; -1: none can be made (the kind isn't verified by machine). */
MUST_USE enum err store_planned(struct store *s, int64_t finding, int64_t planned);
/* Trials that are due and not under way since `stale` (of those that fetch: VERIFY_FETCH_S before it), at most n; the most urgent first: the longest
 * due, where each step of weight counts for VERIFY_WEIGHT_S. */
MUST_USE enum err store_due(struct store *s, int64_t now, int64_t stale, unsigned n, trial_fn *each, void *arg);
/* Trials due later than `latest` are drawn again: the clock was set back. *n: how many. */
MUST_USE enum err store_pull_in(struct store *s, int64_t latest, int64_t due, int64_t *n);
/* *is_ours false: another collector has taken it. */
MUST_USE enum err store_claim(struct store *s, int64_t trial, int64_t now, int64_t stale, bool *is_ours);
MUST_USE enum err store_postpone(struct store *s, int64_t trial, int64_t due);
MUST_USE enum err store_trial_end(struct store *s, int64_t trial, int64_t now, const char *outcome, const char *raw);
/* Counts of a finding's trials for state_of. */
MUST_USE enum err store_tally(struct store *s, int64_t finding, struct tally *out);
MUST_USE enum err store_set_state(struct store *s, int64_t finding, const struct finding_state *state, int64_t now);
/* Counts anew what was seen through this relay at chosen hosts. relay_info: what tor says of it (fields "" are left as they are). */
MUST_USE enum err store_rank(struct store *s, const struct accused *relay);

/* --- the reviewers' part ------------------------------------------------------------------------------------------ */

struct relay_row { struct accused who; int64_t reports, findings, chosen_hosts, chosen_differs, chosen_answered, last_seen; };
typedef bool relay_fn(void *arg, const struct relay_row *r);
struct report_row { int64_t id, received, hour; char digest[65]; const char *body; };
typedef bool report_fn(void *arg, const struct report_row *r);

/* The first n relays: those that rank first, then by reports. */
MUST_USE enum err store_relays(struct store *s, unsigned n, relay_fn *each, void *arg);
MUST_USE enum err store_relay(struct store *s, const char *fp, relay_fn *each, void *arg);
/* Findings, the latest first; state or fp "" any; those with an id below `before` when it is not 0. */
MUST_USE enum err store_findings(struct store *s, const char *state, const char *fp, unsigned n, finding_fn *each, void *arg);
MUST_USE enum err store_finding(struct store *s, int64_t id, finding_fn *each, void *arg);
/* The finding's trials in order, with raw results. */
MUST_USE enum err store_trials(struct store *s, int64_t finding, trial_fn *each, void *arg);
/* Its reports, the latest first, at most n. */
MUST_USE enum err store_reports(struct store *s, int64_t finding, unsigned n, report_fn *each, void *arg);
/* How many reports, and findings in each state, there are. SQLite has to count them. */
struct store_counts { int64_t reports, state[STATES]; };
MUST_USE enum err store_count(struct store *s, struct store_counts *out);

#endif
