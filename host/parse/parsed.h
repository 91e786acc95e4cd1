/* The parse role's work: frames from main in, answers out, no descriptor of its own. Called by parse_main.c. */
#ifndef PARSE_PARSED_H
#define PARSE_PARSED_H

#include "priv/frame.h"
#include "priv/parsemsg.h"

struct parsed;

/* NULL when memory is out. Touches neither OpenSSL nor the disk: the roots are loaded at the first question. */
struct parsed *parsed_new(void);
void parsed_free(struct parsed *p);   /* takes NULL */

/* Takes one frame from main. When an answer is due, its type is put to *type and its payload appended to
 * answer, else *type is 0. ERR_BUG: main broke the protocol (no or a second configuration, unknown type): the
 * role should end, nothing it said is worth more. */
MUST_USE enum err parsed_frame(struct parsed *p, const struct frame *f, uint16_t *type, struct buf *answer);

#endif
