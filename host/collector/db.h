/* One database, as little of it as the store needs: statements with numbered values (?1, ?2 ...), rows to a callback, and what went
 * wrong in our own terms. Two back ends: db_sqlite.c and db_pg.c. Used by store. */
#ifndef COLLECTOR_DB_H
#define COLLECTOR_DB_H

#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>

enum db_type { DB_NULL, DB_INT, DB_TEXT, DB_BLOB };
/* Borrowed: by an argument for the call, by a row for its callback. TEXT has a final NUL behind len bytes. */
struct db_value { enum db_type type; int64_t number; const void *bytes; size_t len; };

#define DB_OF_INT(n)  ((struct db_value){ .type = DB_INT, .number = (n) })
#define DB_OF_TEXT(s) ((struct db_value){ .type = DB_TEXT, .bytes = (s), .len = strlen(s) })
#define DB_OF_BLOB(p, n) ((struct db_value){ .type = DB_BLOB, .bytes = (p), .len = (n) })

struct db_row { size_t n; const struct db_value *value; };
/* False ends the statement early, without an error. */
typedef bool db_row_fn(void *arg, const struct db_row *row);

/* What differs in the text of a schema. */
struct db_dialect {
	const char *id, *blob;       /* a key that counts up by itself; bytes */
	const char *has_meta;        /* a query: is there a table `meta`? */
	const char *begin;           /* a transaction that will write */
	const char *begin_alone;     /* one that nobody else may run beside */
	const char *add_one;         /* all of store_add of one relay at once, where a round trip costs more than a long statement; or NULL */
};

struct db;
struct db_ops {
	/* sql: static, prepared once by its address. n arguments. row may be NULL. Errors: ERR_STORE_BUSY (locked, or the server is
	 * not there: try again), ERR_STORE_FULL, ERR_STORE_CORRUPT, ERR_STORE (anything else), ERR_NOMEM. */
	enum err (*run)(struct db *db, const char *sql, const struct db_value *args, size_t n, db_row_fn *row, void *arg);
	/* Text of several statements, without arguments: schemas and BEGIN, COMMIT. Errors: the same. */
	enum err (*exec)(struct db *db, const char *sql);
	void (*close)(struct db *db);
	const struct db_dialect *dialect;
};
struct db { const struct db_ops *ops; };

/* path: a file, made with mode 0600 when it is not there and is_writer. */
MUST_USE enum err db_sqlite_open(const char *path, bool is_writer, struct db **out);
/* "postgresql://..." or "key=value ...", libpq's. */
MUST_USE enum err db_pg_open(const char *where, bool is_writer, struct db **out);

/* What the last error was, for the operator; never NULL; of this thread. */
const char *db_complaint(void);
void db_complain(const char *text);

#endif
