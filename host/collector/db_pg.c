/* PostgreSQL as the store's database, by libpq (contract in collector/db.h): for a team that shares one queue. Each statement is
 * prepared once for a connection; a connection that is lost is made anew at the next transaction. */
#include "collector/db.h"
#include "base/limits_collector.h"
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 24
#define ROW_MAX 24
#define SQL_MAX 4096

struct pg {
	struct db db;
	PGconn *conn;
	bool is_writer, is_within;                /* is_within: a transaction was begun; none of its parts may run outside */
	size_t n;
	const char *kept[STORE_STATEMENTS_MAX];   /* statement "s<index>" */
};

/* By SQLSTATE's class: what can be tried again, what the operator must mend. */
static enum err pg_err(struct pg *p, const PGresult *r)
{
	const char *state = r != NULL ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;

	db_complain(r != NULL ? PQresultErrorMessage(r) : PQerrorMessage(p->conn));
	if (PQstatus(p->conn) != CONNECTION_OK || state == NULL)
		return ERR_STORE_BUSY;
	if (strcmp(state, "53100") == 0)
		return ERR_STORE_FULL;
	/* 08 connection, 40 serialization and deadlock, 53 resources, 55 not available, 57 operator intervention */
	if (strncmp(state, "08", 2) == 0 || strncmp(state, "40", 2) == 0 || strncmp(state, "53", 2) == 0 ||
	    strncmp(state, "55", 2) == 0 || strncmp(state, "57", 2) == 0)
		return ERR_STORE_BUSY;
	if (strncmp(state, "XX", 2) == 0)
		return ERR_STORE_CORRUPT;
	return ERR_STORE;
}

static enum err pg_take(struct pg *p, PGresult *r, ExecStatusType want, ExecStatusType or)
{
	enum err err = OK;

	if (r == NULL || (PQresultStatus(r) != want && PQresultStatus(r) != or))
		err = pg_err(p, r);
	PQclear(r);
	return err;
}

static const char settings[] = "SET synchronous_commit = on; SET lock_timeout = '2s'; SET statement_timeout = '30s';"
                               "SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning;";

static enum err set_up(struct pg *p)
{
	enum err err = pg_take(p, PQexec(p->conn, settings), PGRES_COMMAND_OK, PGRES_COMMAND_OK);

	if (err == OK && !p->is_writer)
		err = pg_take(p, PQexec(p->conn, "SET default_transaction_read_only = on"), PGRES_COMMAND_OK, PGRES_COMMAND_OK);
	return err;
}

/* Within a transaction a lost connection has lost it; outside, a new one will do. */
static enum err pg_ready(struct pg *p)
{
	if (p->is_within) {
		if (PQtransactionStatus(p->conn) == PQTRANS_INTRANS)
			return OK;
		db_complain("the transaction was lost");
		return ERR_STORE_BUSY;
	}
	if (PQstatus(p->conn) == CONNECTION_OK)
		return OK;
	p->n = 0;
	PQreset(p->conn);
	return PQstatus(p->conn) == CONNECTION_OK ? set_up(p) : pg_err(p, NULL);
}

/* PostgreSQL answers COMMIT of a transaction that has failed with success and the word ROLLBACK. */
static enum err commit(struct pg *p)
{
	PGresult *r = PQexec(p->conn, "COMMIT");
	bool is_committed = r != NULL && PQresultStatus(r) == PGRES_COMMAND_OK && strcmp(PQcmdStatus(r), "COMMIT") == 0;
	enum err err = is_committed ? OK : pg_err(p, r);

	PQclear(r);
	p->is_within = false;
	return err;
}

static enum err pg_exec(struct db *db, const char *sql)
{
	struct pg *p = (struct pg *)db;

	if (strcmp(sql, "ROLLBACK") == 0) {
		p->is_within = false;
		return PQstatus(p->conn) == CONNECTION_OK ? pg_take(p, PQexec(p->conn, sql), PGRES_COMMAND_OK, PGRES_COMMAND_OK) : OK;
	}
	enum err err = pg_ready(p);
	if (err == OK && strcmp(sql, "COMMIT") == 0)
		return commit(p);
	if (err == OK)
		err = pg_take(p, PQexec(p->conn, sql), PGRES_COMMAND_OK, PGRES_TUPLES_OK);
	if (err == OK && strncmp(sql, "BEGIN", 5) == 0)
		p->is_within = true;
	return err;
}

/* ?1 becomes $1. */
static enum err prepare(struct pg *p, const char *sql, char name[16])
{
	char text[SQL_MAX];
	size_t i = 0;

	while (i < p->n && p->kept[i] != sql)
		i++;
	snprintf(name, 16, "s%zu", i);
	if (i < p->n)
		return OK;
	if (i == STORE_STATEMENTS_MAX || strlen(sql) >= sizeof text)
		return ERR_BUG;
	snprintf(text, sizeof text, "%s", sql);
	for (char *c = text; *c != '\0'; c++)
		if (*c == '?')
			*c = '$';
	enum err err = pg_take(p, PQprepare(p->conn, name, text, 0, NULL), PGRES_COMMAND_OK, PGRES_COMMAND_OK);
	if (err == OK)
		p->kept[p->n++] = sql;
	return err;
}

struct pg_column { struct db_value value; unsigned char *made; };

#define OID_BYTEA 17

/* Numbers come as text, bytes as text in hexadecimal. */
static void column(const PGresult *r, int row, int at, struct pg_column *out)
{
	*out = (struct pg_column){ 0 };
	if (PQgetisnull(r, row, at))
		return;
	const char *text = PQgetvalue(r, row, at);
	Oid type = PQftype(r, at);
	if (type == OID_BYTEA) {
		size_t n = 0;
		out->made = PQunescapeBytea((const unsigned char *)text, &n);
		out->value = DB_OF_BLOB(out->made, out->made != NULL ? n : 0);
	} else if (type == 20 || type == 21 || type == 23 || type == 1700) {   /* int8, int2, int4, numeric (SUM) */
		out->value = DB_OF_INT(strtoll(text, NULL, 10));
	} else {
		out->value = (struct db_value){ DB_TEXT, 0, text, (size_t)PQgetlength(r, row, at) };
	}
}

static void rows(const PGresult *r, db_row_fn *row, void *arg)
{
	int columns = PQnfields(r) < ROW_MAX ? PQnfields(r) : ROW_MAX;
	bool goes_on = row != NULL;

	for (int i = 0; goes_on && i < PQntuples(r); i++) {
		struct pg_column got[ROW_MAX];
		struct db_value value[ROW_MAX];
		for (int c = 0; c < columns; c++) {
			column(r, i, c, &got[c]);
			value[c] = got[c].value;
		}
		goes_on = row(arg, &(struct db_row){ (size_t)columns, value });
		for (int c = 0; c < columns; c++)
			PQfreemem(got[c].made);
	}
}

static enum err pg_run(struct db *db, const char *sql, const struct db_value *args, size_t n, db_row_fn *row, void *arg)
{
	struct pg *p = (struct pg *)db;
	const char *value[ARGS_MAX];
	int length[ARGS_MAX], format[ARGS_MAX];
	char name[16], number[ARGS_MAX][24];

	if (n > ARGS_MAX)
		return ERR_BUG;
	enum err err = pg_ready(p);
	if (err == OK)
		err = prepare(p, sql, name);
	if (err != OK)
		return err;
	for (size_t i = 0; i < n; i++) {
		format[i] = args[i].type == DB_BLOB;
		length[i] = (int)args[i].len;
		value[i] = args[i].type == DB_NULL ? NULL : args[i].bytes;
		if (args[i].type == DB_INT) {
			snprintf(number[i], sizeof number[i], "%lld", (long long)args[i].number);
			value[i] = number[i];
		}
	}
	PGresult *r = PQexecPrepared(p->conn, name, (int)n, value, length, format, 0);
	if (r != NULL && PQresultStatus(r) == PGRES_TUPLES_OK)
		rows(r, row, arg);
	return pg_take(p, r, PGRES_COMMAND_OK, PGRES_TUPLES_OK);
}

static void pg_close(struct db *db)
{
	struct pg *p = (struct pg *)db;

	PQfinish(p->conn);
	free(p);
}

/* store_add in one statement, for one relay: nothing goes on behind a report that is there already. */
static const char add_one[] =
	"WITH r AS (INSERT INTO report (digest, received, hour, kind, host, port, accused, body)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (digest) DO NOTHING RETURNING id, received, kind, host, port, accused),"
	" f AS (INSERT INTO finding AS old (kind, accused, host, port, first_seen, last_seen, reports, state, differs, answered, planned, updated)"
	" SELECT kind, accused, host, port, received, received, 1, 'new', 0, 0, 0, received FROM r"
	" ON CONFLICT (accused, kind, host, port) DO UPDATE SET reports = old.reports + 1, last_seen = EXCLUDED.last_seen RETURNING id, reports),"
	" a AS (INSERT INTO accusal (finding, report) SELECT f.id, r.id FROM f, r),"
	" l AS (INSERT INTO relay AS old (fp, nickname, address, country, family, reports, findings, chosen_hosts, chosen_differs, chosen_answered, last_seen)"
	" SELECT r.accused, CAST(?9 AS TEXT), CAST(?10 AS TEXT), CAST(?11 AS TEXT), CAST(?12 AS TEXT), 1, 1, 0, 0, 0, r.received FROM r, f"
	" ON CONFLICT (fp) DO UPDATE SET reports = old.reports + 1, last_seen = EXCLUDED.last_seen,"
	" findings = old.findings + (SELECT CASE WHEN f.reports = 1 THEN 1 ELSE 0 END FROM f) RETURNING reports, findings)"
	" SELECT l.reports, l.findings, CASE WHEN f.reports = 1 THEN 1 ELSE 0 END FROM l, f";

static const struct db_dialect pg_dialect = {
	.add_one = add_one,
	.id = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", .blob = "BYTEA", .begin = "BEGIN",
	/* One number for all collectors: 0x53455843, "SEXC". */
	.begin_alone = "BEGIN; SELECT pg_advisory_xact_lock(1397053507)",
	.has_meta = "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = 'meta'",
};
static const struct db_ops pg_ops = { pg_run, pg_exec, pg_close, &pg_dialect };

static void quiet(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

enum err db_pg_open(const char *where, bool is_writer, struct db **out)
{
	const char *const keys[] = { "dbname", "fallback_application_name", "connect_timeout", "client_encoding", NULL };
	const char *const values[] = { where, "secondexit-collector", "10", "UTF8", NULL };
	struct pg *p = calloc(1, sizeof *p);

	if (p == NULL)
		return ERR_NOMEM;
	p->db.ops = &pg_ops;
	p->is_writer = is_writer;
	/* A connection string stands where a database's name would: what comes later in the list overrides it, so only the encoding does. */
	p->conn = PQconnectdbParams(keys, values, 1);
	if (p->conn == NULL) {
		free(p);
		return ERR_NOMEM;
	}
	PQsetNoticeProcessor(p->conn, quiet, NULL);
	enum err err = PQstatus(p->conn) == CONNECTION_OK ? OK : pg_err(p, NULL);
	if (err == OK)
		err = set_up(p);
	if (err != OK) {
		pg_close(&p->db);
		return err;
	}
	*out = &p->db;
	return OK;
}
