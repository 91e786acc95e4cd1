// uses: host/collector/store.c host/collector/store_read.c host/collector/schema.c host/collector/db.c host/collector/db_sqlite.c host/collector/db_pg.c host/collector/state.c host/collector/verify_plan.c host/collector/list.c host/report/*.c host/engine/target.c host/base/buf.c host/base/err.c host/base/rd.c host/base/verdict.c
// libs: -lsqlite3 -lpq -lsodium
/* The store over SQLite and, where SECONDEXIT_TEST_PG names a database (tests/js/collector-pg.test.mjs starts one), over PostgreSQL: the same tests. */
#include "collector/db.h"
#include "collector/schema.h"
#include "collector/store.h"
#include "collector/verify_plan.h"
#include "report/envelope.h"
#include "report/report.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[64], where[512];
static bool is_pg;

static enum err db_open(struct db **db)
{
	return is_pg ? db_pg_open(where, true, db) : db_sqlite_open(where, true, db);
}

static int set_up(void **state)
{
	struct db *db;

	(void)state;
	if (is_pg) {
		snprintf(where, sizeof where, "%s", getenv("SECONDEXIT_TEST_PG"));
		if (db_open(&db) != OK || db->ops->exec(db, "DROP SCHEMA public CASCADE; CREATE SCHEMA public") != OK)
			return -1;
		db->ops->close(db);
		return 0;
	}
	strcpy(folder, "/tmp/collector-store-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(where, sizeof where, "%s/store.db", folder);
	return 0;
}

static int take_down(void **state)
{
	char more[600];

	(void)state;
	if (is_pg)
		return 0;
	unlink(where);
	snprintf(more, sizeof more, "%s-wal", where);
	unlink(more);
	snprintf(more, sizeof more, "%s-shm", where);
	unlink(more);
	return rmdir(folder);
}

static struct store *open_store(void)
{
	struct store *s = NULL;
	enum err err = store_open(where, true, &s);

	if (err != OK)
		fail_msg("%s: %s", err_name(err), store_complaint());
	return s;
}

static const struct accused lying = { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "liar", "198.51.100.1", "DE", "" };
static const struct accused other = { "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", "", "", "", "" };

static enum err add(struct store *s, uint8_t n, const char *host, const struct accused *who, size_t n_who, bool *is_new)
{
	struct new_report r = { .digest = { n }, .received = 1000 + n, .hour = 490000, .kind = "certificate", .host = host, .port = 443,
	                        .accused = who, .n = n_who, .body = "{\"x\":\"'); DROP TABLE report; -- \xc3\xa4\"}" };

	return store_add(s, &r, is_new);
}

static void add_committed(struct store *s, uint8_t n, const char *host, const struct accused *who, bool expect_new)
{
	bool is_new = !expect_new;

	assert_int_equal(store_begin(s), OK);
	assert_int_equal(add(s, n, host, who, 1, &is_new), OK);
	assert_int_equal(store_commit(s), OK);
	assert_int_equal(is_new, expect_new);
}

static bool keep_finding(void *arg, const struct finding_row *f)
{
	*(struct finding_row *)arg = *f;
	return true;
}

static bool keep_relay(void *arg, const struct relay_row *r)
{
	*(struct relay_row *)arg = *r;
	return true;
}

static bool count_one(void *arg, const struct finding_row *f)
{
	(void)f;
	++*(int *)arg;
	return true;
}

static void reports(void **state)
{
	struct store *s = open_store();
	struct store_counts c;
	struct finding_row f = { 0 };
	struct relay_row r = { 0 };

	(void)state;
	add_committed(s, 1, "a.test", &lying, true);
	add_committed(s, 1, "a.test", &lying, false);
	add_committed(s, 2, "a.test", &lying, true);
	add_committed(s, 3, "b.test", &other, true);
	assert_int_equal(store_count(s, &c), OK);
	assert_int_equal(c.reports, 3);
	assert_int_equal(c.state[STATE_NEW], 2);
	assert_int_equal(store_findings(s, "", lying.fp, 10, keep_finding, &f), OK);
	assert_int_equal(f.reports, 2);
	assert_int_equal(f.first_seen, 1001);
	assert_int_equal(f.last_seen, 1002);
	assert_string_equal(f.host, "a.test");
	assert_int_equal(f.port, 443);
	assert_int_equal(store_relay(s, lying.fp, keep_relay, &r), OK);
	assert_int_equal(r.reports, 2);
	assert_int_equal(r.findings, 1);
	assert_string_equal(r.who.nickname, "liar");
	store_close(s);
	/* It is there for one who only reads, too. */
	assert_int_equal(store_open(where, false, &s), OK);
	assert_int_equal(store_count(s, &c), OK);
	assert_int_equal(c.reports, 3);
	assert_int_not_equal(store_begin(s) == OK ? add(s, 9, "c.test", &lying, 1, &(bool){ false }) : ERR_STORE, OK);
	store_rollback(s);
	store_close(s);
}

static void rolled_back(void **state)
{
	struct store *s = open_store();
	struct store_counts c;
	bool is_new;

	(void)state;
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(add(s, 1, "a.test", &lying, 1, &is_new), OK);
	store_rollback(s);
	assert_int_equal(store_count(s, &c), OK);
	assert_int_equal(c.reports + c.state[STATE_NEW], 0);
	/* Left in the middle: gone with the connection. */
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(add(s, 1, "a.test", &lying, 1, &is_new), OK);
	store_close(s);
	s = open_store();
	assert_int_equal(store_count(s, &c), OK);
	assert_int_equal(c.reports, 0);
	add_committed(s, 1, "a.test", &lying, true);
	store_close(s);
}

/* A circuit that was not certain: a finding for each candidate, one report. */
static void candidates(void **state)
{
	const struct accused two[] = { lying, other };
	struct store *s = open_store();
	struct store_counts c;
	bool is_new;

	(void)state;
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(add(s, 1, "a.test", two, 2, &is_new), OK);
	assert_int_equal(store_commit(s), OK);
	assert_int_equal(store_count(s, &c), OK);
	assert_int_equal(c.reports, 1);
	assert_int_equal(c.state[STATE_NEW], 2);
	store_close(s);
}

static enum err put_v1(struct db *db, uint8_t n, const char *host, const char *fp)
{
	const uint8_t digest[32] = { n };
	const struct db_value args[] = { DB_OF_BLOB(digest, 32), DB_OF_INT(1000 + n), DB_OF_TEXT(host), DB_OF_TEXT(fp) };

	return db->ops->run(db, "INSERT INTO report (digest, received, hour, kind, host, port, accused, body) VALUES (?1, ?2, 490000, 'certificate',"
	                        " ?3, 443, ?4, '{}')", args, 4, NULL, NULL);
}

static void migrated(void **state)
{
	struct db *db;
	struct store *s;
	struct store_counts c;
	struct finding_row f = { 0 };
	struct relay_row r = { 0 };
	unsigned version = 99;

	(void)state;
	assert_int_equal(db_open(&db), OK);
	assert_int_equal(schema_read(db, &version), OK);
	assert_int_equal(version, 0);
	assert_int_equal(schema_migrate(db, 1), OK);
	assert_int_equal(schema_read(db, &version), OK);
	assert_int_equal(version, 1);
	assert_int_equal(put_v1(db, 1, "a.test", lying.fp), OK);
	assert_int_equal(put_v1(db, 2, "a.test", lying.fp), OK);
	assert_int_equal(put_v1(db, 3, "b.test", lying.fp), OK);
	assert_int_equal(put_v1(db, 4, "a.test", other.fp), OK);
	db->ops->close(db);
	/* A reader doesn't migrate. */
	assert_int_equal(store_open(where, false, &s), ERR_STORE_VERSION);
	s = open_store();
	assert_int_equal(store_count(s, &c), OK);
	assert_int_equal(c.reports, 4);
	assert_int_equal(c.state[STATE_NEW], 3);
	assert_int_equal(store_relay(s, lying.fp, keep_relay, &r), OK);
	assert_int_equal(r.reports, 3);
	assert_int_equal(r.findings, 2);
	/* What comes now goes on where version 1 was. */
	add_committed(s, 2, "a.test", &lying, false);
	add_committed(s, 7, "b.test", &lying, true);
	assert_int_equal(store_findings(s, "", lying.fp, 1, keep_finding, &f), OK);
	assert_string_equal(f.host, "b.test");
	assert_int_equal(f.reports, 2);
	store_close(s);
	/* Opening again migrates nothing; a newer one is refused and left alone. */
	store_close(open_store());
	assert_int_equal(db_open(&db), OK);
	assert_int_equal(db->ops->exec(db, "UPDATE meta SET value = '4' WHERE name = 'schema'"), OK);
	assert_int_equal(store_open(where, true, &s), ERR_STORE_VERSION);
	assert_int_equal(store_open(where, false, &s), ERR_STORE_VERSION);
	db->ops->close(db);
}

static struct list chosen_list(void)
{
	static struct list_host hosts[] = { { "certificate", "c1.test", 443, "" }, { "certificate", "c2.test", 443, "" }, { "download", "c3.test", 80, "/f.exe" },
	                                    { "certificate", "a.test", 443, "" } };

	return (struct list){ hosts, 4 };
}

struct seen { int n, chosen, own; int64_t least, most, id; };

static bool see_trial(void *arg, const struct trial *t)
{
	struct seen *s = arg;

	s->n++;
	s->chosen += t->is_chosen;
	s->id = t->id;
	/* Never the reported host as one of the operator's, never one of another kind. */
	assert_true(!t->is_chosen || strcmp(t->host, "c1.test") == 0 || strcmp(t->host, "c2.test") == 0);
	s->least = s->n == 1 || t->due < s->least ? t->due : s->least;
	s->most = t->due > s->most ? t->due : s->most;
	return true;
}

struct all { struct trial trial[64]; size_t n; };

static bool keep_trial(void *arg, const struct trial *t)
{
	struct all *a = arg;

	a->trial[a->n] = *t;
	a->trial[a->n++].raw = "";
	return true;
}

static void end_trials(struct store *s, int64_t finding, bool is_chosen, const char *outcome, int64_t now)
{
	struct all a = { .n = 0 };

	assert_int_equal(store_trials(s, finding, keep_trial, &a), OK);
	assert_int_equal(store_begin(s), OK);
	for (size_t i = 0; i < a.n; i++)
		if (a.trial[i].is_chosen == is_chosen && a.trial[i].ended == 0)
			assert_int_equal(store_trial_end(s, a.trial[i].id, now, outcome, "{}"), OK);
	assert_int_equal(store_commit(s), OK);
}

static enum state state_now(struct store *s, int64_t finding)
{
	struct tally t;

	assert_int_equal(store_tally(s, finding, &t), OK);
	return state_of(&t).state;
}

static void planned(void **state)
{
	const struct list chosen = chosen_list();
	struct verify_terms terms = { &chosen, 4, 86400 };
	struct store *s = open_store();
	struct finding_row f = { 0 };
	struct seen seen = { 0 };
	bool is_ours = false;
	int64_t now = 1000000;

	(void)state;
	add_committed(s, 1, "a.test", &lying, true);
	assert_int_equal(verify_plan(s, &terms, now), OK);
	assert_int_equal(verify_plan(s, &terms, now), OK);
	assert_int_equal(store_findings(s, "", "", 10, keep_finding, &f), OK);
	assert_int_equal(f.planned, 8);
	assert_int_equal(store_trials(s, f.id, see_trial, &seen), OK);
	assert_int_equal(seen.n, 8);
	assert_int_equal(seen.chosen, 4);
	assert_true(seen.least >= now && seen.most < now + 86400 && seen.least != seen.most);
	/* Nothing is due before its time, all of it after. */
	seen = (struct seen){ 0 };
	assert_int_equal(store_due(s, now - 1, 0, 100, see_trial, &seen), OK);
	assert_int_equal(seen.n, 0);
	assert_int_equal(store_due(s, now + 86400, 0, 100, see_trial, &seen), OK);
	assert_int_equal(seen.n, 8);
	/* Claimed once; again when it was given up. */
	assert_int_equal(store_claim(s, seen.id, now + 86400, now, &is_ours), OK);
	assert_true(is_ours);
	assert_int_equal(store_claim(s, seen.id, now + 86401, now, &is_ours), OK);
	assert_false(is_ours);
	assert_int_equal(store_claim(s, seen.id, now + 90000, now + 86401, &is_ours), OK);
	assert_true(is_ours);
	seen = (struct seen){ 0 };
	assert_int_equal(store_due(s, now + 90000, now + 86401, 100, see_trial, &seen), OK);
	assert_int_equal(seen.n, 7);
	/* The clock is set back by a year: everything is drawn anew within the spread, and the trial begun in the future is free again. */
	now -= 31536000;
	assert_int_equal(verify_plan(s, &terms, now), OK);
	seen = (struct seen){ 0 };
	assert_int_equal(store_due(s, now + 86400, now - 120, 100, see_trial, &seen), OK);
	assert_int_equal(seen.n, 8);
	/* And forward by ten: all is due, once. */
	seen = (struct seen){ 0 };
	assert_int_equal(store_due(s, now + 315360000, now + 315359000, 100, see_trial, &seen), OK);
	assert_int_equal(seen.n, 8);
	store_close(s);
}

static void by_hand(void **state)
{
	const struct list chosen = chosen_list();
	struct verify_terms terms = { &chosen, 4, 86400 };
	struct store *s = open_store();
	struct finding_row f = { 0 };
	struct new_report r = { .digest = { 1 }, .received = 5, .hour = 1, .kind = "copy", .host = "a.test", .port = 80, .accused = &lying, .n = 1,
	                        .body = "{}" };
	bool is_new;
	int n = 0;

	(void)state;
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_add(s, &r, &is_new), OK);
	assert_int_equal(store_commit(s), OK);
	assert_int_equal(verify_plan(s, &terms, 10), OK);
	assert_int_equal(store_findings(s, "needs a human", "", 10, keep_finding, &f), OK);
	assert_int_equal(f.planned, -1);
	assert_int_equal(store_findings(s, "new", "", 10, count_one, &n), OK);
	assert_int_equal(n, 0);
	assert_int_equal(state_now(s, f.id), STATE_HUMAN);
	store_close(s);
}

/* A report of a download with this path, or none ("": left out). */
static int64_t add_download(struct store *s, const char *host, const char *path)
{
	static uint8_t n;
	struct buf text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
	struct report *r = report_new();
	struct finding_row f = { 0 };
	bool is_new = false;

	assert_non_null(r);
	*r = (struct report){ .kind = REPORT_DOWNLOAD, .port = 80, .hour = 490000, .reason = REASON_OTHER_FILE, .k = 1, .n_first = 1, .version = "0" };
	snprintf(r->host, sizeof r->host, "%s", host);
	snprintf(r->path, sizeof r->path, "%s", path);
	memset(r->first[0].exit.fp, 0xaa, FP_LEN);
	assert_int_equal(report_encode(r, false, &text), OK);
	buf_u8(&text, 0);
	report_free(r);
	const struct new_report row = { .digest = { 9, ++n }, .received = 1000 + n, .hour = 490000, .kind = "download", .host = host, .port = 80, .accused = &lying,
	                                .n = 1, .body = (const char *)text.bytes };
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(store_add(s, &row, &is_new), OK);
	assert_int_equal(store_commit(s), OK);
	assert_true(is_new);
	assert_int_equal(store_findings(s, "", lying.fp, 1, keep_finding, &f), OK);
	assert_string_equal(f.host, host);
	return f.id;
}

/* What is fetched: at the operator's URLs; at the reported host only where a report says a path, and none with a query. */
static void paths(void **state)
{
	const struct list chosen = chosen_list();
	struct verify_terms terms = { &chosen, 2, 86400 };
	struct store *s = open_store();
	static const struct { const char *path, *kept; } tries[] = {
		{ "", NULL }, { "/setup.exe", "/setup.exe" }, { "/do?delete=1", NULL }, { "/a#b", NULL }, { "/%7e", "/%7e" }, { "/a\"b", NULL }, { "/a\\b", NULL },
		{ "/a|b", NULL }, { "/a<b>", NULL },
	};
	char long_path[LIST_PATH_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
		char host[16];
		struct all a = { .n = 0 };
		snprintf(host, sizeof host, "h%zu.test", i);
		int64_t id = add_download(s, host, tries[i].path);
		assert_int_equal(verify_plan(s, &terms, 1000), OK);
		assert_int_equal(store_trials(s, id, keep_trial, &a), OK);
		assert_int_equal(a.n, tries[i].kept != NULL ? 4 : 2);
		for (size_t k = 0; k < a.n; k++) {
			assert_string_equal(a.trial[k].kind, "download");
			assert_string_equal(a.trial[k].host, a.trial[k].is_chosen ? "c3.test" : host);
			assert_string_equal(a.trial[k].path, a.trial[k].is_chosen ? "/f.exe" : tries[i].kept);
		}
		/* Only the operator's were seen: the claim is not answered. */
		if (tries[i].kept == NULL) {
			end_trials(s, id, true, "same", 2000);
			assert_int_equal(state_now(s, id), STATE_HUMAN);
		}
	}
	/* As long as may be, and longer. */
	memset(long_path, 'a', sizeof long_path);
	long_path[0] = '/';
	for (int more = 0; more < 2; more++) {
		struct all a = { .n = 0 };
		long_path[LIST_PATH_MAX + more] = '\0';
		int64_t id = add_download(s, more ? "l1.test" : "l0.test", long_path);
		assert_int_equal(verify_plan(s, &terms, 1000), OK);
		assert_int_equal(store_trials(s, id, keep_trial, &a), OK);
		assert_int_equal(a.n, more ? 2 : 4);
		long_path[LIST_PATH_MAX] = 'a';
	}
	/* The path is in the second of two reports; the host of the list is not asked twice as its own control. */
	int64_t id = add_download(s, "c3.test", "");
	assert_int_equal(add_download(s, "c3.test", "/f.exe"), id);
	struct all a = { .n = 0 };
	assert_int_equal(verify_plan(s, &terms, 1000), OK);
	assert_int_equal(store_trials(s, id, keep_trial, &a), OK);
	assert_int_equal(a.n, 2);
	assert_true(!a.trial[0].is_chosen && !a.trial[1].is_chosen);
	store_close(s);
}

/* Of what is due the important first, the rest in its turn. */
static void urgent(void **state)
{
	const struct list none = { 0 };
	struct verify_terms terms = { &none, 1, 1 };
	struct store *s = open_store();
	const int64_t hour = 3600, day = 24 * hour;
	int64_t weight = -1;
	struct all a = { .n = 0 };

	(void)state;
	/* One report of the other; then ten of one relay, at five hosts. */
	add_committed(s, 100, "z.test", &other, true);
	assert_int_equal(verify_plan(s, &terms, day), OK);
	for (uint8_t i = 0; i < 10; i++) {
		char host[] = "h0.test";
		host[1] = (char)('0' + i / 2);
		add_committed(s, (uint8_t)(i + 1), host, &lying, true);
		assert_int_equal(verify_plan(s, &terms, day + 3 * hour), OK);
	}
	assert_int_equal(store_weight(s, other.fp, &weight), OK);
	assert_int_equal(weight, 0);
	assert_int_equal(store_weight(s, lying.fp, &weight), OK);
	assert_int_equal(weight, 5);
	/* All of the one's come before the other's, which was due three hours earlier. */
	assert_int_equal(store_due(s, 2 * day, 0, 60, keep_trial, &a), OK);
	assert_int_equal(a.n, 6);
	for (size_t i = 0; i < a.n; i++)
		assert_string_equal(a.trial[i].accused, i < 5 ? lying.fp : other.fp);
	/* Not before they are due. */
	a.n = 0;
	assert_int_equal(store_due(s, day + hour, 0, 60, keep_trial, &a), OK);
	assert_int_equal(a.n, 1);
	assert_string_equal(a.trial[0].accused, other.fp);
	/* However many come of important relays, day after day: the other's turn is there when they are due so much later. */
	for (int64_t days = 0; days < 3; days++) {
		char host[] = "k0.test";
		host[1] = (char)('0' + days);
		add_committed(s, (uint8_t)(50 + days), host, &lying, true);
		assert_int_equal(verify_plan(s, &terms, (2 + days) * day), OK);
	}
	a.n = 0;
	assert_int_equal(store_due(s, 9 * day, 0, 60, keep_trial, &a), OK);
	assert_int_equal(a.n, 9);
	size_t at = 0;
	while (strcmp(a.trial[at].accused, other.fp) != 0)
		at++;
	assert_int_equal(at, 6);   /* after one that was due 24 hours later, before one of 48 */
	/* The most urgent alone, when there is room for one. */
	a.n = 0;
	assert_int_equal(store_due(s, 9 * day, 0, 1, keep_trial, &a), OK);
	assert_int_equal(a.n, 1);
	assert_string_equal(a.trial[0].accused, lying.fp);
	store_close(s);
}

/* Reports make a relay's open trials more important, not those that have ended. */
static void weighed(void **state)
{
	static const struct { uint8_t reports; int64_t weight; } steps[] = { { 1, 0 }, { 2, 1 }, { 3, 1 }, { 4, 2 }, { 7, 2 }, { 8, 3 }, { 40, 3 } };
	const struct list none = { 0 };
	struct verify_terms terms = { &none, 1, 1 };
	struct store *s = open_store();
	struct all a;
	uint8_t n = 0;

	(void)state;
	add_committed(s, 200, "x.test", &other, true);
	assert_int_equal(verify_plan(s, &terms, 10), OK);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		int64_t weight = -1;
		while (n < steps[i].reports)
			add_committed(s, ++n, "a.test", &lying, true);
		assert_int_equal(verify_plan(s, &terms, 100), OK);
		assert_int_equal(store_weight(s, lying.fp, &weight), OK);
		assert_int_equal(weight, steps[i].weight);
		/* Its trial is 10 - 110 seconds younger than the other's, and comes first as soon as it weighs more. */
		a.n = 0;
		assert_int_equal(store_due(s, 1000, 0, 1, keep_trial, &a), OK);
		assert_string_equal(a.trial[0].accused, steps[i].weight > 0 ? lying.fp : other.fp);
	}
	store_close(s);
}

/* One that fetches has more time before it is taken for given up. */
static void fetches_take_longer(void **state)
{
	const struct list none = { 0 };
	struct verify_terms terms = { &none, 1, 1 };
	struct store *s = open_store();
	const int64_t now = 1000000, stale = now - 120;
	struct all a = { .n = 0 };
	bool is_ours = false;

	(void)state;
	int64_t id = add_download(s, "d.test", "/x");
	assert_int_equal(verify_plan(s, &terms, 10), OK);
	assert_int_equal(store_trials(s, id, keep_trial, &a), OK);
	assert_int_equal(a.n, 1);
	assert_int_equal(store_claim(s, a.trial[0].id, stale - 1, 0, &is_ours), OK);
	a.n = 0;
	assert_int_equal(store_due(s, now, stale, 9, keep_trial, &a), OK);
	assert_int_equal(a.n, 0);
	assert_int_equal(store_due(s, now, stale + VERIFY_FETCH_S - 1, 9, keep_trial, &a), OK);
	assert_int_equal(a.n, 0);
	assert_int_equal(store_due(s, now + VERIFY_FETCH_S, stale + VERIFY_FETCH_S, 9, keep_trial, &a), OK);
	assert_int_equal(a.n, 1);
	store_close(s);
}

/* A trial is one collector's; put off it is nobody's; ended it stays as it ended. */
static void claims(void **state)
{
	const struct list none = { 0 };
	struct verify_terms terms = { &none, 1, 1 };
	struct store *s = open_store();
	struct all a = { .n = 0 };
	bool is_ours = false;

	(void)state;
	add_committed(s, 1, "a.test", &lying, true);
	assert_int_equal(verify_plan(s, &terms, 10), OK);
	assert_int_equal(store_due(s, 100, 0, 9, keep_trial, &a), OK);
	assert_int_equal(a.n, 1);
	const int64_t id = a.trial[0].id;
	assert_int_equal(store_claim(s, id, 1000, 0, &is_ours), OK);
	assert_true(is_ours);
	assert_int_equal(store_claim(s, id, 1001, 900, &is_ours), OK);
	assert_false(is_ours);
	/* Begun in the future: the clock was set back. */
	assert_int_equal(store_claim(s, id, 500, 400, &is_ours), OK);
	assert_true(is_ours);
	assert_int_equal(store_postpone(s, id, 2000), OK);
	a.n = 0;
	assert_int_equal(store_due(s, 3000, 0, 9, keep_trial, &a), OK);
	assert_int_equal(a.n, 1);
	assert_int_equal(store_trial_end(s, id, 4000, "same", "{}"), OK);
	assert_int_equal(store_trial_end(s, id, 5000, "differs", "{}"), OK);
	a.n = 0;
	assert_int_equal(store_trials(s, a.trial[0].finding, keep_trial, &a), OK);
	assert_string_equal(a.trial[0].outcome, "same");
	assert_int_equal(a.trial[0].ended, 4000);
	store_close(s);
}

/* Ranks by chosen hosts alone, each host once. */
static void ranked(void **state)
{
	const struct list chosen = chosen_list();
	struct verify_terms terms = { &chosen, 4, 86400 };
	struct store *s = open_store();
	struct finding_row f = { 0 };
	struct relay_row r = { 0 };

	(void)state;
	add_committed(s, 1, "a.test", &lying, true);
	assert_int_equal(verify_plan(s, &terms, 1000), OK);
	assert_int_equal(store_findings(s, "", "", 10, keep_finding, &f), OK);
	assert_int_equal(state_now(s, f.id), STATE_NEW);
	end_trials(s, f.id, false, "differs", 2000);
	assert_int_equal(state_now(s, f.id), STATE_VARIES);
	assert_int_equal(store_rank(s, &lying), OK);
	assert_int_equal(store_relay(s, lying.fp, keep_relay, &r), OK);
	assert_int_equal(r.chosen_hosts + r.chosen_differs + r.chosen_answered, 0);
	end_trials(s, f.id, true, "differs", 3000);
	assert_int_equal(state_now(s, f.id), STATE_REPRODUCED);
	struct accused told = { "", "newname", "203.0.113.5", "NL", "" };
	memcpy(told.fp, lying.fp, sizeof told.fp);
	assert_int_equal(store_rank(s, &told), OK);
	assert_int_equal(store_relay(s, lying.fp, keep_relay, &r), OK);
	assert_int_equal(r.chosen_hosts, 2);
	assert_int_equal(r.chosen_differs, 4);
	assert_int_equal(r.chosen_answered, 4);
	assert_string_equal(r.who.nickname, "newname");
	/* It stands before one with more reports. */
	add_committed(s, 2, "x.test", &other, true);
	add_committed(s, 3, "y.test", &other, true);
	assert_int_equal(store_relays(s, 1, keep_relay, &r), OK);
	assert_string_equal(r.who.fp, lying.fp);
	/* An ended trial stays as it ended. */
	end_trials(s, f.id, true, "same", 4000);
	assert_int_equal(state_now(s, f.id), STATE_REPRODUCED);
	store_close(s);
}

static void locked(void **state)
{
	struct store *s = open_store(), *t = open_store();
	bool is_new;

	(void)state;
	if (is_pg) {
		store_close(s);
		store_close(t);
		return;
	}
	assert_int_equal(store_begin(t), OK);
	assert_int_equal(store_begin(s), ERR_STORE_BUSY);
	store_rollback(s);
	assert_int_equal(store_commit(t), OK);
	assert_int_equal(store_begin(s), OK);
	assert_int_equal(add(s, 1, "a.test", &lying, 1, &is_new), OK);
	assert_int_equal(store_commit(s), OK);
	store_close(s);
	store_close(t);
}

/* Two that open an empty store at once: one makes the tables, the other finds them. And what is no store is refused. */
static void opened(void **state)
{
	struct store *s;
	struct stat st;

	(void)state;
	store_close(open_store());
	store_close(open_store());
	if (is_pg) {
		assert_int_not_equal(store_open("host=/nonexistent dbname=x", true, &s), OK);
		return;
	}
	assert_int_equal(stat(where, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	unlink(where);
	FILE *f = fopen(where, "w");
	fputs("this is no database at all, but it is a text of some length", f);
	fclose(f);
	assert_int_equal(store_open(where, true, &s), ERR_STORE_CORRUPT);
	assert_int_equal(store_open(where, false, &s), ERR_STORE_CORRUPT);
	unlink(where);
	assert_int_not_equal(store_open(where, false, &s), OK);
	assert_int_equal(access(where, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reports, set_up, take_down), cmocka_unit_test_setup_teardown(rolled_back, set_up, take_down),
		cmocka_unit_test_setup_teardown(candidates, set_up, take_down), cmocka_unit_test_setup_teardown(migrated, set_up, take_down),
		cmocka_unit_test_setup_teardown(planned, set_up, take_down), cmocka_unit_test_setup_teardown(by_hand, set_up, take_down),
		cmocka_unit_test_setup_teardown(paths, set_up, take_down), cmocka_unit_test_setup_teardown(urgent, set_up, take_down),
		cmocka_unit_test_setup_teardown(weighed, set_up, take_down), cmocka_unit_test_setup_teardown(claims, set_up, take_down), cmocka_unit_test_setup_teardown(fetches_take_longer, set_up, take_down),
		cmocka_unit_test_setup_teardown(ranked, set_up, take_down), cmocka_unit_test_setup_teardown(locked, set_up, take_down),
		cmocka_unit_test_setup_teardown(opened, set_up, take_down),
	};

	if (sodium_init() < 0)
		return 1;
	int failed = cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
	is_pg = getenv("SECONDEXIT_TEST_PG") != NULL;
	return is_pg ? failed + cmocka_run_group_tests_name("postgresql", tests, NULL, NULL) : failed;
}
