/* The file role: one question about one file, then the process ends (priv/filemsg.h). Foreign bytes are read here, where no
 * network, no other file and no secret is. Used by file_main.c. */
#ifndef PARSE_FILE_FILED_H
#define PARSE_FILE_FILED_H

#include "priv/inner.h"

struct filed;

/* NULL: out of memory. */
struct filed *filed_new(void);
/* Takes NULL. */
void filed_free(struct filed *d);
/* The loop's end to main; before anything runs. */
void filed_attach(struct filed *d, struct inner *inner);
/* For inner_new; arg is the struct filed. */
extern const struct inner_ops filed_inner_ops;

#endif
