/* Versions of the store (contract in collector/schema.h). A version that has been released never changes: what is to be
 * different is a step more. */
#include "collector/schema.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 1: reports as they came. body is the canonical text, digest its BLAKE2b; times are Unix seconds, except hour. */
static const char version_1[] =
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
	"CREATE TABLE report (id @ID@, digest @BLOB@ NOT NULL UNIQUE, received BIGINT NOT NULL, hour BIGINT NOT NULL,"
	" kind TEXT NOT NULL, host TEXT NOT NULL, port BIGINT NOT NULL, accused TEXT NOT NULL, body TEXT NOT NULL);"
	"CREATE INDEX report_received ON report (received);"
	"INSERT INTO meta (name, value) VALUES ('schema', '1');";

/* 2: findings (what reports of one kind about one relay at one site are put together as), the relays accused, trials. A relay's
 * chosen_* columns are what was seen through it at hosts of the operator's own choice: it ranks by these alone. */
static const char version_2[] =
	"CREATE TABLE finding (id @ID@, kind TEXT NOT NULL, accused TEXT NOT NULL, host TEXT NOT NULL, port BIGINT NOT NULL,"
	" first_seen BIGINT NOT NULL, last_seen BIGINT NOT NULL, reports BIGINT NOT NULL, state TEXT NOT NULL,"
	" differs BIGINT NOT NULL, answered BIGINT NOT NULL, planned BIGINT NOT NULL, updated BIGINT NOT NULL,"
	" UNIQUE (accused, kind, host, port));"
	"CREATE INDEX finding_state ON finding (state, last_seen);"
	"CREATE INDEX finding_last ON finding (last_seen);"
	"CREATE INDEX finding_planned ON finding (planned, id);"
	"CREATE TABLE accusal (finding BIGINT NOT NULL REFERENCES finding (id), report BIGINT NOT NULL REFERENCES report (id),"
	" PRIMARY KEY (finding, report));"
	"CREATE TABLE relay (fp TEXT PRIMARY KEY, nickname TEXT NOT NULL, address TEXT NOT NULL, country TEXT NOT NULL,"
	" family TEXT NOT NULL, reports BIGINT NOT NULL, findings BIGINT NOT NULL, chosen_hosts BIGINT NOT NULL,"
	" chosen_differs BIGINT NOT NULL, chosen_answered BIGINT NOT NULL, last_seen BIGINT NOT NULL);"
	"CREATE INDEX relay_rank ON relay (chosen_hosts, chosen_differs, reports);"
	"CREATE TABLE trial (id @ID@, finding BIGINT NOT NULL REFERENCES finding (id), chosen BIGINT NOT NULL, host TEXT NOT NULL,"
	" port BIGINT NOT NULL, due BIGINT NOT NULL, began BIGINT, ended BIGINT, tries BIGINT NOT NULL, outcome TEXT NOT NULL,"
	" raw TEXT NOT NULL);"
	"CREATE INDEX trial_due ON trial (ended, due);"
	"CREATE INDEX trial_finding ON trial (finding, id);"
	"INSERT INTO finding (kind, accused, host, port, first_seen, last_seen, reports, state, differs, answered, planned, updated)"
	" SELECT kind, accused, host, port, MIN(received), MAX(received), COUNT(*), 'new', 0, 0, 0, MAX(received)"
	" FROM report GROUP BY kind, accused, host, port;"
	"INSERT INTO accusal (finding, report) SELECT f.id, r.id FROM report r JOIN finding f ON f.accused = r.accused"
	" AND f.kind = r.kind AND f.host = r.host AND f.port = r.port;"
	"INSERT INTO relay (fp, nickname, address, country, family, reports, findings, chosen_hosts, chosen_differs,"
	" chosen_answered, last_seen) SELECT accused, '', '', '', '', SUM(reports), COUNT(*), 0, 0, 0, MAX(last_seen)"
	" FROM finding GROUP BY accused;"
	"UPDATE meta SET value = '2' WHERE name = 'schema';";

/* 3: what is fetched has a path; how important a trial is (store_weight). */
static const char version_3[] =
	"ALTER TABLE trial ADD COLUMN path TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE trial ADD COLUMN weight BIGINT NOT NULL DEFAULT 0;"
	"CREATE INDEX trial_weight ON trial (ended, weight, due);"
	"UPDATE finding SET planned = 0, state = 'new' WHERE planned = -1;"
	"UPDATE meta SET value = '3' WHERE name = 'schema';";

static const char *const versions[SCHEMA_VERSION] = { version_1, version_2, version_3 };

/* sql with @ID@ and @BLOB@ replaced. */
static enum err exec_dialect(struct db *db, const char *sql)
{
	struct buf text BUF_AUTO = buf_new(64u * 1024);

	while (*sql != '\0') {
		const char *at = strchr(sql, '@');
		size_t n = at != NULL ? (size_t)(at - sql) : strlen(sql);
		buf_put(&text, sql, n);
		sql += n;
		if (at == NULL)
			break;
		bool is_id = strncmp(sql, "@ID@", 4) == 0;
		const char *word = is_id ? db->ops->dialect->id : db->ops->dialect->blob;
		buf_put(&text, word, strlen(word));
		sql += is_id ? 4 : 6;
	}
	buf_u8(&text, 0);
	enum err err = buf_err(&text);
	return err != OK ? err : db->ops->exec(db, (const char *)text.bytes);
}

static bool take_count(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = row->value[0].number;
	return true;
}

static bool take_version(void *arg, const struct db_row *row)
{
	long n = strtol(row->value[0].bytes, NULL, 10);

	*(unsigned *)arg = n > 0 && n < 10000 ? (unsigned)n : 10000;
	return true;
}

enum err schema_read(struct db *db, unsigned *version)
{
	int64_t has_meta = 0;
	unsigned found = 0;
	enum err err = db->ops->run(db, db->ops->dialect->has_meta, NULL, 0, take_count, &has_meta);

	if (err == OK && has_meta > 0)
		err = db->ops->run(db, "SELECT value FROM meta WHERE name = 'schema'", NULL, 0, take_version, &found);
	if (err == OK && found > SCHEMA_VERSION)
		err = ERR_STORE_VERSION;
	if (err == OK)
		*version = found;
	return err;
}

enum err schema_migrate(struct db *db, unsigned to)
{
	/* Another collector that starts at the same moment waits here, then finds the work done. */
	enum err err = db->ops->exec(db, db->ops->dialect->begin_alone);
	unsigned at = 0;

	if (err != OK)
		return err;
	err = schema_read(db, &at);
	while (err == OK && at < to && at < SCHEMA_VERSION)
		err = exec_dialect(db, versions[at++]);
	if (err == OK)
		err = db->ops->exec(db, "COMMIT");
	if (err != OK)
		(void)db->ops->exec(db, "ROLLBACK");
	return err;
}
