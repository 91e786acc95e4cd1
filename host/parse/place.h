/* What stands in an address's place on a page that another exit brought (shared/protocol.md, "Where an address stands").
 * Called by parsed.c. */
#ifndef PARSE_PLACE_H
#define PARSE_PLACE_H

#include "priv/parsemsg.h"

/* Appends the payload of PARSE_R_PLACE. same: the address itself, with the very surroundings; other: another address with the same
 * surroundings, or with surroundings that differ in nothing but addresses; else absent. Errors: ERR_PAGE_FORMAT: neither
 * HTML nor plain text, or an encoding not known here; ERR_TOO_BIG; ERR_NOMEM; ERR_FORMAT: the body has another length. */
MUST_USE enum err place_find(const struct parse_place *m, struct rd body, struct buf *answer);

#endif
