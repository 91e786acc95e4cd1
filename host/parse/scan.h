/* Addresses in copied text, as the parse role tells them to main. Called by parsed.c. */
#ifndef PARSE_SCAN_H
#define PARSE_SCAN_H

#include "priv/parsemsg.h"

/* Looks through the flavours, whose texts stand in text one behind the other, and appends the payload of PARSE_R_SCAN.
 * ERR_FORMAT: the lengths are not those of text. ERR_NOMEM. */
MUST_USE enum err scan_text(const struct parse_scan *m, struct rd text, struct buf *answer);

#endif
