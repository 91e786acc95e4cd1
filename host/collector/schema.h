/* The store's tables, version by version, the same for both databases. Used by store. */
#ifndef COLLECTOR_SCHEMA_H
#define COLLECTOR_SCHEMA_H

#include "collector/db.h"

#define SCHEMA_VERSION 3

/* *version 0: an empty database. ERR_STORE_VERSION: newer than ours. */
MUST_USE enum err schema_read(struct db *db, unsigned *version);
/* Brings it to version `to` (SCHEMA_VERSION; tests stop earlier), in one transaction. */
MUST_USE enum err schema_migrate(struct db *db, unsigned to);

#endif
