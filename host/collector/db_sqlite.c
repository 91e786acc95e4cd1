/* SQLite as the store's database (contract in collector/db.h). WAL, so that reviewers read while reports come in; synchronous=FULL, so
 * that what is committed survives a power cut. */
#include "collector/db.h"
#include "base/limits_collector.h"
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROW_MAX 24

struct lite {
	struct db db;
	sqlite3 *handle;
	bool was_full;
	struct { const char *sql; sqlite3_stmt *made; } kept[STORE_STATEMENTS_MAX];
};

static enum err lite_err(struct lite *l, int code)
{
	db_complain(l->handle != NULL ? sqlite3_errmsg(l->handle) : sqlite3_errstr(code));
	switch (code & 0xff) {
	case SQLITE_BUSY: case SQLITE_LOCKED: case SQLITE_PROTOCOL:
		return ERR_STORE_BUSY;
	case SQLITE_FULL:
		l->was_full = true;
		return ERR_STORE_FULL;
	case SQLITE_CORRUPT: case SQLITE_NOTADB:
		return ERR_STORE_CORRUPT;
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	default:
		return ERR_STORE;
	}
}

/* The log beside the file may be what fills the disk: into the file with it, and what it took is free again. Where the disk has no room even for
 * that it is tried again before each transaction, and before the log takes what has become free. */
static void make_room(struct lite *l)
{
	if (l->was_full && sqlite3_wal_checkpoint_v2(l->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK)
		l->was_full = false;
}

static enum err lite_exec(struct db *db, const char *sql)
{
	struct lite *l = (struct lite *)db;

	if (strncmp(sql, "BEGIN", 5) == 0)
		make_room(l);
	int code = sqlite3_exec(l->handle, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? OK : lite_err(l, code);
}

static enum err statement(struct lite *l, const char *sql, sqlite3_stmt **out)
{
	size_t i = 0;
	while (i < STORE_STATEMENTS_MAX && l->kept[i].sql != NULL && l->kept[i].sql != sql)
		i++;
	if (i == STORE_STATEMENTS_MAX)
		return ERR_BUG;
	if (l->kept[i].made == NULL) {
		int code = sqlite3_prepare_v3(l->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &l->kept[i].made, NULL);
		if (code != SQLITE_OK)
			return lite_err(l, code);
		l->kept[i].sql = sql;
	}
	*out = l->kept[i].made;
	return OK;
}

static int bind(sqlite3_stmt *s, int at, const struct db_value *v)
{
	switch (v->type) {
	case DB_INT:
		return sqlite3_bind_int64(s, at, v->number);
	case DB_TEXT:
		return sqlite3_bind_text(s, at, v->bytes, (int)v->len, SQLITE_STATIC);
	case DB_BLOB:
		return sqlite3_bind_blob(s, at, v->len > 0 ? v->bytes : "", (int)v->len, SQLITE_STATIC);
	case DB_NULL:
		break;
	}
	return sqlite3_bind_null(s, at);
}

static struct db_value column(sqlite3_stmt *s, int at)
{
	switch (sqlite3_column_type(s, at)) {
	case SQLITE_INTEGER:
		return DB_OF_INT(sqlite3_column_int64(s, at));
	case SQLITE_TEXT: {
		const void *text = sqlite3_column_text(s, at);
		return (struct db_value){ DB_TEXT, 0, text, (size_t)sqlite3_column_bytes(s, at) };
	}
	case SQLITE_BLOB: {
		const void *bytes = sqlite3_column_blob(s, at);
		return DB_OF_BLOB(bytes, (size_t)sqlite3_column_bytes(s, at));
	}
	default:
		return (struct db_value){ .type = DB_NULL };
	}
}

static enum err lite_run(struct db *db, const char *sql, const struct db_value *args, size_t n, db_row_fn *row, void *arg)
{
	struct lite *l = (struct lite *)db;
	struct db_value value[ROW_MAX];
	sqlite3_stmt *s = NULL;
	enum err err = statement(l, sql, &s);
	int code = SQLITE_OK;

	if (err != OK)
		return err;
	for (size_t i = 0; i < n && code == SQLITE_OK; i++)
		code = bind(s, (int)i + 1, &args[i]);
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(s);
		if (code != SQLITE_ROW)
			break;
		int columns = sqlite3_column_count(s);
		for (int i = 0; i < columns && i < ROW_MAX; i++)
			value[i] = column(s, i);
		struct db_row r = { columns < ROW_MAX ? (size_t)columns : ROW_MAX, value };
		if (row != NULL && !row(arg, &r)) {
			code = SQLITE_DONE;
			break;
		}
	}
	err = code == SQLITE_DONE ? OK : lite_err(l, code);
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return err;
}

static void lite_close(struct db *db)
{
	struct lite *l = (struct lite *)db;

	for (size_t i = 0; i < STORE_STATEMENTS_MAX; i++)
		sqlite3_finalize(l->kept[i].made);
	sqlite3_close(l->handle);
	free(l);
}

static const struct db_dialect lite_dialect = {
	.id = "INTEGER PRIMARY KEY", .blob = "BLOB", .begin = "BEGIN IMMEDIATE", .begin_alone = "BEGIN EXCLUSIVE",
	.has_meta = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta'",
};
static const struct db_ops lite_ops = { lite_run, lite_exec, lite_close, &lite_dialect };

/* SQLite would make the file with the umask's mode; reports name sites that people visited. */
static enum err make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		db_complain("the file can't be opened or made");
		return ERR_STORE;
	}
	close(fd);
	return OK;
}

enum err db_sqlite_open(const char *path, bool is_writer, struct db **out)
{
	static const char settings[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
	                               "PRAGMA trusted_schema=OFF; PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4000;";
	struct lite *l = calloc(1, sizeof *l);
	enum err err = l == NULL ? ERR_NOMEM : is_writer ? make_file(path) : OK;

	if (err == OK) {
		int code = sqlite3_open_v2(path, &l->handle, (is_writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX,
		                           NULL);
		if (code != SQLITE_OK)
			err = lite_err(l, code);
	}
	if (err == OK) {
		l->db.ops = &lite_ops;
		sqlite3_busy_timeout(l->handle, STORE_BUSY_MS);
		sqlite3_extended_result_codes(l->handle, 1);
		/* Nobody but us writes the file, but it may have been swapped under us: SQL in a schema is not trusted. */
		sqlite3_db_config(l->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_limit(l->handle, SQLITE_LIMIT_LENGTH, STORE_VALUE_MAX);
		err = lite_exec(&l->db, is_writer ? settings : "PRAGMA trusted_schema=OFF; PRAGMA query_only=ON;");
	}
	if (err != OK) {
		if (l != NULL)
			lite_close(&l->db);
		return err;
	}
	*out = &l->db;
	return OK;
}
