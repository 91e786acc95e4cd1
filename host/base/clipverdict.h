/* Does a copied address stand in the same place of the page that other exits bring? The one pure function that says so
 * (DESIGN.md, "Copied cryptocurrency addresses"). No clock, no memory, no I/O: tested over every multiset of answers. */
#ifndef BASE_CLIPVERDICT_H
#define BASE_CLIPVERDICT_H

#include "base/verdict.h"

enum clip_found { CLIP_ABSENT, CLIP_SAME, CLIP_OTHER };

/* What one exit showed. Exits that brought no page are no answers. */
struct clip_seen {
	enum clip_found found;
	bool is_family_equal;     /* the other addresses of its coin on the page are those of the browser's page */
	bool is_alone;            /* no other address of its coin stands in the page's source, comments and scripts included */
	unsigned address;         /* of CLIP_OTHER: which, by a number of the caller's; equal numbers, equal addresses */
	unsigned url;             /* where the redirects ended, likewise */
	bool counts;              /* independent of every first exit and of each other */
	bool is_reflected;        /* the address is part of a URL that was asked for on the way */
};

struct clip_terms {
	size_t k;                 /* pages needed, >= 1 (0 is taken as 1) */
	bool is_reflected;        /* the address is part of the URL itself */
	bool was_false;           /* a mismatch of this session said the address is false */
};

/* match: k pages that count, all of them (and those that don't count) with the same address in the same place, the same family,
 *   no other address of its coin (an exit may hide the owner's by a style sheet, and let a visitor's comment be copied) and the same end
 *   of their redirects, nothing reflected.
 * mismatch: was_false; or k pages that count, two at least, and every page shows one and the same other address there, at
 *   the same end of their redirects, nothing reflected.
 * Everything else is undecided. The order of answers does not matter. Total function. */
struct finding clip_verdict(const struct clip_seen *seen, size_t n, const struct clip_terms *terms);

#endif
