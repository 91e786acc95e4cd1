/* A finding or a relay in the words that the people who flag relays ask for: which relay, what it does, how to see it. Used by verb_export, verb_list and
 * the page. */
#ifndef COLLECTOR_MAIL_H
#define COLLECTOR_MAIL_H

#include "base/buf.h"
#include <jansson.h>

/* finding: view_finding's. Commands that repeat its trials, one a line, each host once; the hosts of the operator's list first. */
void mail_commands(struct buf *out, const json_t *finding);
/* A whole mail: To, Subject, an empty line, text. */
void mail_finding(struct buf *out, const json_t *finding);

#endif
