/* What stands around a place of a text: collapsed, by code points (shared/protocol.md, "Where an address stands"). Used by
 * parse/place.c. */
#ifndef PARSE_NEAR_H
#define PARSE_NEAR_H

#include "base/buf.h"
#include "base/rd.h"

/* Code points that extension and host compare. */
#define NEAR_POINTS 64

/* The last (in front of at) or first (from at on) points of the collapsed text, appended to out. text is UTF-8 and at stands
 * between two characters. Errors are those of out. */
void near_before(struct rd text, size_t at, size_t points, struct buf *out);
void near_after(struct rd text, size_t at, size_t points, struct buf *out);

/* Would these surroundings be the same if every address in them were another? said: NEAR_POINTS of the browser's page; seen: more
 * of another exit's. Long words (20 letters and digits) count as one, and so does what was cut at the far end. */
bool near_is_alike_before(struct rd said, struct rd seen);
bool near_is_alike_after(struct rd said, struct rd seen);

#endif
