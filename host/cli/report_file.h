/* Files that the verbs write reports to. */
#ifndef CLI_REPORT_FILE_H
#define CLI_REPORT_FILE_H

#include "base/buf.h"

/* A new file that only this user can read; never over what is there. ERR_IO. */
MUST_USE enum err report_file_write(const char *path, const struct buf *text);

#endif
