/* The store's reading half: what the verifier looks for and what reviewers are shown (contract in collector/store.h). */
#include "collector/store_in.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char *text_of(const struct db_value *v)
{
	return v->type == DB_TEXT && v->bytes != NULL ? v->bytes : "";
}

#define TAKE_TEXT(out, v) snprintf((out), sizeof (out), "%s", text_of(v))

/* --- findings ----------------------------------------------------------------------------------------------------- */

#define FINDING_COLUMNS \
	"id, kind, accused, host, port, first_seen, last_seen, reports, state, differs, answered, planned, updated"

struct finding_call { finding_fn *each; void *arg; };

static bool take_finding(void *arg, const struct db_row *row)
{
	const struct finding_call *call = arg;
	const struct db_value *v = row->value;
	struct finding_row f = { .id = v[0].number, .port = (uint16_t)v[4].number, .first_seen = v[5].number, .last_seen = v[6].number,
	                     .reports = v[7].number, .differs = v[9].number, .answered = v[10].number, .planned = v[11].number,
	                     .updated = v[12].number };

	TAKE_TEXT(f.kind, &v[1]);
	TAKE_TEXT(f.accused, &v[2]);
	TAKE_TEXT(f.host, &v[3]);
	TAKE_TEXT(f.state, &v[8]);
	return call->each(call->arg, &f);
}

enum err store_unplanned(struct store *s, unsigned n, finding_fn *each, void *arg)
{
	const struct db_value args[] = { DB_OF_INT(n) };
	struct finding_call call = { each, arg };

	return RUN(s, "SELECT " FINDING_COLUMNS " FROM finding WHERE planned = 0 ORDER BY id LIMIT ?1", args, take_finding, &call);
}

enum err store_finding(struct store *s, int64_t id, finding_fn *each, void *arg)
{
	const struct db_value args[] = { DB_OF_INT(id) };
	struct finding_call call = { each, arg };

	return RUN(s, "SELECT " FINDING_COLUMNS " FROM finding WHERE id = ?1", args, take_finding, &call);
}

/* Four statements rather than one with "or it is empty": each has an index to walk. */
enum err store_findings(struct store *s, const char *state, const char *fp, unsigned n, finding_fn *each, void *arg)
{
	struct finding_call call = { each, arg };
	const struct db_value n_only[] = { DB_OF_INT(n) };
	const struct db_value one[] = { DB_OF_INT(n), DB_OF_TEXT(*state != '\0' ? state : fp) };
	const struct db_value both[] = { DB_OF_INT(n), DB_OF_TEXT(state), DB_OF_TEXT(fp) };

	if (*state != '\0' && *fp != '\0')
		return RUN(s, "SELECT " FINDING_COLUMNS " FROM finding WHERE accused = ?3 AND state = ?2 ORDER BY last_seen DESC, id DESC LIMIT ?1",
		           both, take_finding, &call);
	if (*state != '\0')
		return RUN(s, "SELECT " FINDING_COLUMNS " FROM finding WHERE state = ?2 ORDER BY last_seen DESC LIMIT ?1", one, take_finding, &call);
	if (*fp != '\0')
		return RUN(s, "SELECT " FINDING_COLUMNS " FROM finding WHERE accused = ?2 ORDER BY last_seen DESC, id DESC LIMIT ?1", one,
		           take_finding, &call);
	return RUN(s, "SELECT " FINDING_COLUMNS " FROM finding ORDER BY last_seen DESC LIMIT ?1", n_only, take_finding, &call);
}

/* --- trials ------------------------------------------------------------------------------------------------------- */

struct trial_call { trial_fn *each; void *arg; };

static bool take_trial(void *arg, const struct db_row *row)
{
	const struct trial_call *call = arg;
	const struct db_value *v = row->value;
	struct trial t = { .id = v[0].number, .finding = v[1].number, .is_chosen = v[2].number != 0, .port = (uint16_t)v[4].number,
	                   .due = v[5].number, .began = v[6].number, .ended = v[7].number, .tries = v[8].number, .raw = text_of(&v[11]) };

	TAKE_TEXT(t.host, &v[3]);
	TAKE_TEXT(t.outcome, &v[9]);
	TAKE_TEXT(t.accused, &v[10]);
	TAKE_TEXT(t.kind, &v[12]);
	TAKE_TEXT(t.path, &v[13]);
	return call->each(call->arg, &t);
}

enum err store_due(struct store *s, int64_t now, int64_t stale, unsigned n, trial_fn *each, void *arg)
{
	/* Of each weight the longest due, by the index; then the most urgent of those. A beginning in the future: the clock was set back. */
#define WORD_OF(n) #n
#define WORD(n) WORD_OF(n)
#define OF_WEIGHT(w) \
	"SELECT * FROM (SELECT id, due - " #w " * " WORD(VERIFY_WEIGHT_S) " AS urgent FROM trial WHERE ended IS NULL AND weight = " #w " AND due <= ?1" \
	" AND (began IS NULL OR began + CASE WHEN path = '' THEN 0 ELSE " WORD(VERIFY_FETCH_S) " END < ?2 OR began > ?1) ORDER BY due LIMIT ?3) AS w" #w
	static const char sql[] =
		"SELECT t.id, t.finding, t.chosen, t.host, t.port, t.due, t.began, t.ended, t.tries, t.outcome, f.accused, '', f.kind, t.path FROM ("
		OF_WEIGHT(0) " UNION ALL " OF_WEIGHT(1) " UNION ALL " OF_WEIGHT(2) " UNION ALL " OF_WEIGHT(3) " UNION ALL "
		OF_WEIGHT(4) " UNION ALL " OF_WEIGHT(5) " UNION ALL " OF_WEIGHT(6) " UNION ALL " OF_WEIGHT(7)
		") AS d JOIN trial t ON t.id = d.id JOIN finding f ON f.id = t.finding ORDER BY d.urgent, t.id LIMIT ?3";
	_Static_assert(VERIFY_WEIGHTS == 8, "each weight has its part of the statement");
#undef OF_WEIGHT
#undef WORD
#undef WORD_OF
	const struct db_value args[] = { DB_OF_INT(now), DB_OF_INT(stale), DB_OF_INT(n) };
	struct trial_call call = { each, arg };

	return RUN(s, sql, args, take_trial, &call);
}

enum err store_trials(struct store *s, int64_t finding, trial_fn *each, void *arg)
{
	static const char sql[] =
		"SELECT t.id, t.finding, t.chosen, t.host, t.port, t.due, t.began, t.ended, t.tries, t.outcome, f.accused, t.raw, f.kind, t.path"
		" FROM trial t JOIN finding f ON f.id = t.finding WHERE t.finding = ?1 ORDER BY t.id";
	const struct db_value args[] = { DB_OF_INT(finding) };
	struct trial_call call = { each, arg };

	return RUN(s, sql, args, take_trial, &call);
}

static bool tally_row(void *arg, const struct db_row *row)
{
	struct tally *t = arg;
	const struct db_value *v = row->value;

	if (v[0].number == 0) {
		t->open += v[3].number;
		return true;
	}
	enum outcome o = outcome_parse(text_of(&v[2]));
	/* A word of a newer version is not known to mean anything. */
	(v[1].number != 0 ? t->chosen : t->reported)[o < OUTCOMES ? o : OUTCOME_UNDECIDED] += v[3].number;
	return true;
}

static bool tally_plan(void *arg, const struct finding_row *f)
{
	struct tally *t = arg;

	t->is_planned = f->planned != 0;
	t->is_by_hand = f->planned < 0;
	return true;
}

enum err store_tally(struct store *s, int64_t finding, struct tally *out)
{
	static const char sql[] =
		"SELECT CASE WHEN ended IS NULL THEN 0 ELSE 1 END, chosen, outcome, COUNT(*) FROM trial WHERE finding = ?1 GROUP BY 1, 2, 3";
	const struct db_value args[] = { DB_OF_INT(finding) };
	struct tally t = { 0 };
	enum err err = store_finding(s, finding, tally_plan, &t);

	if (err == OK)
		err = RUN(s, sql, args, tally_row, &t);
	if (err == OK)
		*out = t;
	return err;
}

/* --- relays and reports ------------------------------------------------------------------------------------------- */

struct relay_call { relay_fn *each; void *arg; };

static bool take_relay(void *arg, const struct db_row *row)
{
	const struct relay_call *call = arg;
	const struct db_value *v = row->value;
	struct relay_row r = { .reports = v[5].number, .findings = v[6].number, .chosen_hosts = v[7].number, .chosen_differs = v[8].number,
	                       .chosen_answered = v[9].number, .last_seen = v[10].number };

	TAKE_TEXT(r.who.fp, &v[0]);
	TAKE_TEXT(r.who.nickname, &v[1]);
	TAKE_TEXT(r.who.address, &v[2]);
	TAKE_TEXT(r.who.country, &v[3]);
	TAKE_TEXT(r.who.family, &v[4]);
	return call->each(call->arg, &r);
}

#define RELAY_COLUMNS \
	"fp, nickname, address, country, family, reports, findings, chosen_hosts, chosen_differs, chosen_answered, last_seen"

enum err store_relays(struct store *s, unsigned n, relay_fn *each, void *arg)
{
	static const char sql[] = "SELECT " RELAY_COLUMNS " FROM relay ORDER BY chosen_hosts DESC, chosen_differs DESC, reports DESC LIMIT ?1";
	const struct db_value args[] = { DB_OF_INT(n) };
	struct relay_call call = { each, arg };

	return RUN(s, sql, args, take_relay, &call);
}

enum err store_relay(struct store *s, const char *fp, relay_fn *each, void *arg)
{
	const struct db_value args[] = { DB_OF_TEXT(fp) };
	struct relay_call call = { each, arg };

	return RUN(s, "SELECT " RELAY_COLUMNS " FROM relay WHERE fp = ?1", args, take_relay, &call);
}

struct report_call { report_fn *each; void *arg; };

static bool take_report(void *arg, const struct db_row *row)
{
	const struct report_call *call = arg;
	const struct db_value *v = row->value;
	struct report_row r = { .id = v[0].number, .received = v[1].number, .hour = v[2].number, .body = text_of(&v[4]) };

	if (v[3].len * 2 < sizeof r.digest)
		sodium_bin2hex(r.digest, sizeof r.digest, v[3].bytes, v[3].len);
	return call->each(call->arg, &r);
}

enum err store_reports(struct store *s, int64_t finding, unsigned n, report_fn *each, void *arg)
{
	static const char sql[] = "SELECT r.id, r.received, r.hour, r.digest, r.body FROM accusal a JOIN report r ON r.id = a.report"
	                          " WHERE a.finding = ?1 ORDER BY a.report DESC LIMIT ?2";
	const struct db_value args[] = { DB_OF_INT(finding), DB_OF_INT(n) };
	struct report_call call = { each, arg };

	return RUN(s, sql, args, take_report, &call);
}

static bool count_state(void *arg, const struct db_row *row)
{
	struct store_counts *c = arg;
	enum state st = state_parse(text_of(&row->value[0]));

	if (st < STATES)
		c->state[st] = row->value[1].number;
	return true;
}

enum err store_count(struct store *s, struct store_counts *out)
{
	struct store_counts c = { 0 };
	enum err err = s->db->ops->run(s->db, "SELECT COUNT(*) FROM report", NULL, 0, store_take_numbers, &c.reports);

	if (err == OK)
		err = s->db->ops->run(s->db, "SELECT state, COUNT(*) FROM finding GROUP BY state", NULL, 0, count_state, &c);
	if (err == OK)
		*out = c;
	return err;
}
