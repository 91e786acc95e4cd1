/* What a database complained of last (see collector/db.h). */
#include "collector/db.h"
#include <stdio.h>

static _Thread_local char complaint[256];

const char *db_complaint(void)
{
	return complaint;
}

void db_complain(const char *text)
{
	snprintf(complaint, sizeof complaint, "%s", text != NULL ? text : "");
	/* libpq's end with a line end. */
	for (char *c = complaint; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
}
