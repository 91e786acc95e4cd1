/* Sums of a whole file that prove nothing when they are equal, and tell when they are not: what servers' headers have of them (feature/dldigest.h). */
#ifndef PARSE_FILE_SUMS_H
#define PARSE_FILE_SUMS_H

#include "parse/file/src.h"
#include "priv/filemsg.h"

/* Reads all of it once. ERR_IO: it can't be read, or changed its size. ERR_NOMEM. */
MUST_USE enum err sums_file(struct src *s, struct file_sums_r *out);

#endif
