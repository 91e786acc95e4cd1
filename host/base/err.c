/* The error table of base/err.h, turned into look-ups. Called wherever an error leaves the program. */
#include "base/err.h"
#include <stddef.h>

struct err_row {
	enum err number;
	enum err_class cls;
	const char *name, *text;
};

#define ERR_ROW(name, number, cls, text) { name, ERR_CLASS_##cls, #name, text },
static const struct err_row err_rows[] = {
	{ OK, ERR_CLASS_NONE, "OK", "no error" },
	ERR_TABLE(ERR_ROW)
};
#undef ERR_ROW

static const struct err_row err_unknown = { ERR_BUG, ERR_CLASS_BUG, "ERR_UNKNOWN", "unknown error" };

/* A linear search: errors are rare, and the table is read by nothing else. */
static const struct err_row *err_find(enum err e)
{
	for (size_t i = 0; i < sizeof err_rows / sizeof *err_rows; i++)
		if (err_rows[i].number == e)
			return &err_rows[i];
	return &err_unknown;
}

const char *err_name(enum err e)
{
	return err_find(e)->name;
}

const char *err_text(enum err e)
{
	return err_find(e)->text;
}

enum err_class err_class(enum err e)
{
	return err_find(e)->cls;
}

bool err_is_known(unsigned number)
{
	return number != OK && err_find((enum err)number)->number == (enum err)number && err_find((enum err)number) != &err_unknown;
}
