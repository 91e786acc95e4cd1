/* What the two halves of the store share (collector/store.h). */
#ifndef COLLECTOR_STORE_IN_H
#define COLLECTOR_STORE_IN_H

#include "collector/db.h"
#include "collector/store.h"

struct store { struct db *db; };

/* args: an array in sight. */
#define RUN(s, sql, args, row, arg) ((s)->db->ops->run((s)->db, (sql), (args), sizeof (args) / sizeof *(args), (row), (arg)))

/* Copies a row's numbers to int64_t arg[]; NULL is 0. */
bool store_take_numbers(void *arg, const struct db_row *row);

#endif
