/* The store's writing half (contract in collector/store.h); store_read.c is what reviewers ask. */
#include "collector/store.h"
#include "collector/schema.h"
#include "collector/store_in.h"
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof (list) / sizeof *(list))

/* A file's path, or libpq's: a URI, or keys and values. */
static bool is_postgres(const char *where)
{
	return strncmp(where, "postgresql://", 13) == 0 || strncmp(where, "postgres://", 11) == 0 ||
	       (strchr(where, '=') != NULL && where[0] != '/' && where[0] != '.');
}

enum err store_open(const char *where, bool is_writer, struct store **out)
{
	struct store *s = calloc(1, sizeof *s);
	unsigned version = 0;

	if (s == NULL)
		return ERR_NOMEM;
	enum err err = is_postgres(where) ? db_pg_open(where, is_writer, &s->db) : db_sqlite_open(where, is_writer, &s->db);
	if (err == OK)
		err = schema_read(s->db, &version);
	if (err == OK && version < SCHEMA_VERSION)
		err = is_writer ? schema_migrate(s->db, SCHEMA_VERSION) : ERR_STORE_VERSION;
	if (err != OK) {
		store_close(s);
		return err;
	}
	*out = s;
	return OK;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->db != NULL)
		s->db->ops->close(s->db);
	free(s);
}

const char *store_complaint(void)
{
	return db_complaint();
}

enum err store_begin(struct store *s)
{
	return s->db->ops->exec(s->db, s->db->ops->dialect->begin);
}

enum err store_commit(struct store *s)
{
	return s->db->ops->exec(s->db, "COMMIT");
}

void store_rollback(struct store *s)
{
	(void)s->db->ops->exec(s->db, "ROLLBACK");
}

/* --- reports ------------------------------------------------------------------------------------------------------ */

struct ids { bool is_there; int64_t first, second; };

static bool take_ids(void *arg, const struct db_row *row)
{
	struct ids *ids = arg;

	ids->is_there = true;
	ids->first = row->value[0].number;
	ids->second = row->n > 1 ? row->value[1].number : 0;
	return true;
}

/* Where the base-2 logarithms of both numbers stand: one person can send any number of reports of one host, and less easily find many
 * hosts that are asked about. */
static int64_t weight_of(int64_t reports, int64_t findings)
{
	int64_t by_reports = 0, by_findings = 0;

	while (by_reports < 3 && reports >> (by_reports + 1) > 0)
		by_reports++;
	while (by_findings < VERIFY_WEIGHTS - 1 - 3 && findings >> (by_findings + 1) > 0)
		by_findings++;
	return by_reports + by_findings;
}

/* The relay's open trials become as important as it has become with this report. */
static enum err weigh(struct store *s, const char *fp, const struct ids *now, bool is_new_finding)
{
	static const char sql[] = "UPDATE trial SET weight = ?2 WHERE ended IS NULL AND weight < ?2"
	                          " AND finding IN (SELECT id FROM finding WHERE accused = ?1)";
	int64_t weight = weight_of(now->first, now->second);
	const struct db_value args[] = { DB_OF_TEXT(fp), DB_OF_INT(weight) };

	return weight == weight_of(now->first - 1, now->second - is_new_finding) ? OK : RUN(s, sql, args, NULL, NULL);
}

enum err store_weight(struct store *s, const char *fp, int64_t *weight)
{
	const struct db_value args[] = { DB_OF_TEXT(fp) };
	struct ids counts = { 0 };
	enum err err = RUN(s, "SELECT reports, findings FROM relay WHERE fp = ?1", args, take_ids, &counts);

	if (err == OK)
		*weight = weight_of(counts.first, counts.second);
	return err;
}

/* What a stranger says of a relay is kept only until tor has said it (store_rank). */
static enum err add_accusal(struct store *s, const struct new_report *r, const struct accused *who, int64_t report)
{
	static const char finding_sql[] =
		"INSERT INTO finding (kind, accused, host, port, first_seen, last_seen, reports, state, differs, answered, planned, updated)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1, 'new', 0, 0, 0, ?5)"
		" ON CONFLICT (accused, kind, host, port) DO UPDATE SET reports = finding.reports + 1, last_seen = ?5"
		" RETURNING id, reports";
	static const char accusal_sql[] =
		"INSERT INTO accusal (finding, report) VALUES (?1, ?2) ON CONFLICT (finding, report) DO NOTHING RETURNING finding";
	static const char relay_sql[] =
		"INSERT INTO relay (fp, nickname, address, country, family, reports, findings, chosen_hosts, chosen_differs,"
		" chosen_answered, last_seen) VALUES (?1, ?2, ?3, ?4, ?5, 1, 1, 0, 0, 0, ?6)"
		" ON CONFLICT (fp) DO UPDATE SET reports = relay.reports + 1, findings = relay.findings + ?7, last_seen = ?6"
		" RETURNING reports, findings";
	struct ids finding = { 0 }, link = { 0 }, counts = { 0 };
	const struct db_value as_finding[] = { DB_OF_TEXT(r->kind), DB_OF_TEXT(who->fp), DB_OF_TEXT(r->host), DB_OF_INT(r->port),
	                                       DB_OF_INT(r->received) };
	enum err err = RUN(s, finding_sql, as_finding, take_ids, &finding);
	if (err != OK)
		return err;
	if (!finding.is_there)
		return ERR_STORE;
	const struct db_value as_link[] = { DB_OF_INT(finding.first), DB_OF_INT(report) };
	err = RUN(s, accusal_sql, as_link, take_ids, &link);
	if (err != OK)
		return err;
	const struct db_value as_relay[] = { DB_OF_TEXT(who->fp), DB_OF_TEXT(who->nickname), DB_OF_TEXT(who->address),
	                                     DB_OF_TEXT(who->country), DB_OF_TEXT(who->family), DB_OF_INT(r->received),
	                                     DB_OF_INT(finding.second == 1) };
	err = RUN(s, relay_sql, as_relay, take_ids, &counts);
	return err == OK ? weigh(s, who->fp, &counts, finding.second == 1) : err;
}

struct added { bool is_there; int64_t reports, findings, is_new_finding; };

static bool take_added(void *arg, const struct db_row *row)
{
	*(struct added *)arg = (struct added){ true, row->value[0].number, row->value[1].number, row->value[2].number };
	return true;
}

static enum err add_at_once(struct store *s, const struct new_report *r, bool *is_new)
{
	const struct accused *who = &r->accused[0];
	struct added got = { 0 };
	const struct db_value args[] = { DB_OF_BLOB(r->digest, sizeof r->digest), DB_OF_INT(r->received), DB_OF_INT(r->hour),
	                                 DB_OF_TEXT(r->kind), DB_OF_TEXT(r->host), DB_OF_INT(r->port), DB_OF_TEXT(who->fp),
	                                 DB_OF_TEXT(r->body), DB_OF_TEXT(who->nickname), DB_OF_TEXT(who->address), DB_OF_TEXT(who->country),
	                                 DB_OF_TEXT(who->family) };
	enum err err = RUN(s, s->db->ops->dialect->add_one, args, take_added, &got);

	if (err == OK && got.is_there) {
		const struct ids counts = { true, got.reports, got.findings };
		err = weigh(s, who->fp, &counts, got.is_new_finding != 0);
	}
	if (err == OK)
		*is_new = got.is_there;
	return err;
}

enum err store_add(struct store *s, const struct new_report *r, bool *is_new)
{
	if (s->db->ops->dialect->add_one != NULL && r->n == 1)
		return add_at_once(s, r, is_new);

	static const char sql[] =
		"INSERT INTO report (digest, received, hour, kind, host, port, accused, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
		" ON CONFLICT (digest) DO NOTHING RETURNING id";
	struct ids report = { 0 };
	const struct db_value args[] = { DB_OF_BLOB(r->digest, sizeof r->digest), DB_OF_INT(r->received), DB_OF_INT(r->hour),
	                                 DB_OF_TEXT(r->kind), DB_OF_TEXT(r->host), DB_OF_INT(r->port), DB_OF_TEXT(r->accused[0].fp),
	                                 DB_OF_TEXT(r->body) };
	enum err err = RUN(s, sql, args, take_ids, &report);

	for (size_t i = 0; err == OK && report.is_there && i < r->n; i++)
		err = add_accusal(s, r, &r->accused[i], report.first);
	if (err == OK)
		*is_new = report.is_there;
	return err;
}

/* --- trials ------------------------------------------------------------------------------------------------------- */

enum err store_plan_trial(struct store *s, const struct new_trial *t)
{
	static const char sql[] = "INSERT INTO trial (finding, chosen, host, port, due, tries, outcome, raw, path, weight)"
	                          " VALUES (?1, ?2, ?3, ?4, ?5, 0, '', '', ?6, ?7)";
	const struct db_value args[] = { DB_OF_INT(t->finding), DB_OF_INT(t->is_chosen), DB_OF_TEXT(t->host), DB_OF_INT(t->port), DB_OF_INT(t->due),
	                                 DB_OF_TEXT(t->path), DB_OF_INT(t->weight) };

	return RUN(s, sql, args, NULL, NULL);
}

enum err store_planned(struct store *s, int64_t finding, int64_t planned)
{
	const struct db_value args[] = { DB_OF_INT(finding), DB_OF_INT(planned) };

	return RUN(s, "UPDATE finding SET planned = ?2 WHERE id = ?1", args, NULL, NULL);
}

enum err store_pull_in(struct store *s, int64_t latest, int64_t due, int64_t *n)
{
	static const char sql[] = "UPDATE trial SET due = ?2 WHERE ended IS NULL AND due > ?1 RETURNING id";
	const struct db_value args[] = { DB_OF_INT(latest), DB_OF_INT(due) };
	struct ids last = { 0 };
	enum err err = RUN(s, sql, args, take_ids, &last);

	*n = last.is_there;
	return err;
}

enum err store_claim(struct store *s, int64_t trial, int64_t now, int64_t stale, bool *is_ours)
{
	/* A beginning that lies in the future was written before the clock was set back. */
	static const char sql[] = "UPDATE trial SET began = ?2, tries = tries + 1 WHERE id = ?1 AND ended IS NULL"
	                          " AND (began IS NULL OR began < ?3 OR began > ?2) RETURNING id";
	const struct db_value args[] = { DB_OF_INT(trial), DB_OF_INT(now), DB_OF_INT(stale) };
	struct ids got = { 0 };
	enum err err = RUN(s, sql, args, take_ids, &got);

	*is_ours = err == OK && got.is_there;
	return err;
}

enum err store_postpone(struct store *s, int64_t trial, int64_t due)
{
	const struct db_value args[] = { DB_OF_INT(trial), DB_OF_INT(due) };

	return RUN(s, "UPDATE trial SET began = NULL, due = ?2 WHERE id = ?1 AND ended IS NULL", args, NULL, NULL);
}

enum err store_trial_end(struct store *s, int64_t trial, int64_t now, const char *outcome, const char *raw)
{
	static const char sql[] = "UPDATE trial SET ended = ?2, outcome = ?3, raw = ?4 WHERE id = ?1 AND ended IS NULL";
	const struct db_value args[] = { DB_OF_INT(trial), DB_OF_INT(now), DB_OF_TEXT(outcome), DB_OF_TEXT(raw) };

	return RUN(s, sql, args, NULL, NULL);
}

enum err store_set_state(struct store *s, int64_t finding, const struct finding_state *state, int64_t now)
{
	static const char sql[] = "UPDATE finding SET state = ?2, differs = ?3, answered = ?4, updated = ?5 WHERE id = ?1";
	const struct db_value args[] = { DB_OF_INT(finding), DB_OF_TEXT(state_name(state->state)), DB_OF_INT(state->n),
	                                 DB_OF_INT(state->m), DB_OF_INT(now) };

	return RUN(s, sql, args, NULL, NULL);
}

/* Chosen hosts alone: the reported one may be the accuser's own. The same host tried for several findings counts once. */
static enum err rank_counts(struct store *s, const char *fp, int64_t count[3])
{
	static const char sql[] =
		"SELECT COUNT(DISTINCT CASE WHEN t.outcome = 'differs' THEN t.host END), SUM(CASE WHEN t.outcome = 'differs' THEN 1 ELSE 0 END),"
		" SUM(CASE WHEN t.outcome IN ('same', 'differs', 'varies') THEN 1 ELSE 0 END)"
		" FROM trial t JOIN finding f ON t.finding = f.id WHERE f.accused = ?1 AND t.chosen = 1";
	const struct db_value args[] = { DB_OF_TEXT(fp) };

	return RUN(s, sql, args, store_take_numbers, count);
}

bool store_take_numbers(void *arg, const struct db_row *row)
{
	int64_t *out = arg;

	for (size_t i = 0; i < row->n; i++)
		out[i] = row->value[i].number;
	return true;
}

enum err store_rank(struct store *s, const struct accused *relay)
{
	static const char sql[] =
		"UPDATE relay SET chosen_hosts = ?2, chosen_differs = ?3, chosen_answered = ?4,"
		" nickname = CASE WHEN ?5 = '' THEN nickname ELSE ?5 END, address = CASE WHEN ?6 = '' THEN address ELSE ?6 END,"
		" country = CASE WHEN ?7 = '' THEN country ELSE ?7 END, family = CASE WHEN ?8 = '' THEN family ELSE ?8 END WHERE fp = ?1";
	int64_t count[3] = { 0 };
	enum err err = rank_counts(s, relay->fp, count);

	if (err != OK)
		return err;
	const struct db_value args[] = { DB_OF_TEXT(relay->fp), DB_OF_INT(count[0]), DB_OF_INT(count[1]), DB_OF_INT(count[2]),
	                                 DB_OF_TEXT(relay->nickname), DB_OF_TEXT(relay->address), DB_OF_TEXT(relay->country),
	                                 DB_OF_TEXT(relay->family) };
	return RUN(s, sql, args, NULL, NULL);
}
