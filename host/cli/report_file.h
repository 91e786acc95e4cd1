/* Files that the verbs write reports to. */
#ifndef CLI_REPORT_FILE_H
#define CLI_REPORT_FILE_H

#include "base/buf.h"

struct reports;

/* A new file that only this user can read; never over what is there. ERR_IO. */
MUST_USE enum err report_file_write(const char *path, const struct buf *text);
/* What the verb's one finding came to, as a browser's form would show it, edition "shell", to such a file. all: it was noted there.
 * ERR_REPORT_NONE: nothing was; the errors of report_decode and report_encode; ERR_IO. */
MUST_USE enum err report_file_keep(struct reports *all, const char *path);

#endif
