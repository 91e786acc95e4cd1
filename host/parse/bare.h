/* Markup as a person sees it: tags left out, character references resolved. For finding addresses that tags cut in
 * pieces; no parser of HTML (that is place.h's), linear, and never shorter-sighted than a browser: what a browser might
 * show as text stays in. Used by parse/scan.c. */
#ifndef PARSE_BARE_H
#define PARSE_BARE_H

#include "base/buf.h"
#include "base/rd.h"

struct bare {
	struct buf text;    /* UTF-8, as far as the markup is */
	struct buf runs;    /* where its stretches come from: pairs of u32 in native order, offset here, offset there */
};

/* Reads in (at most CLIP_TEXT_MAX bytes). ERR_NOMEM. On OK end with bare_free. */
MUST_USE enum err bare_of(struct rd in, struct bare *out);
void bare_free(struct bare *b);   /* wipes */
/* Offset in the markup of the byte at this offset of text. */
size_t bare_where(const struct bare *b, size_t at);

#endif
