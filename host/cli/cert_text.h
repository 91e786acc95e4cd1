/* What `secondexit cert` prints for people. */
#ifndef CLI_CERT_TEXT_H
#define CLI_CERT_TEXT_H

#include "feature/certcheck.h"
#include <stdio.h>

/* One line of progress. */
void cert_text_progress(FILE *f, const struct cert_progress *p);
/* Every exit's answer, then the verdict in words and what may be done next. */
void cert_text_result(FILE *f, const struct cert_result *r);
/* The verdict's sentence; static. Total over verdicts and reasons. */
const char *cert_text_reason(enum reason r);

#endif
