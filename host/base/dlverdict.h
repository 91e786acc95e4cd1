/* Is it the file that others get? The one pure function that says so (DESIGN.md, "Downloads"). No clock, no memory, no I/O: tested over
 * every combination of answers. */
#ifndef BASE_DLVERDICT_H
#define BASE_DLVERDICT_H

#include "base/verdict.h"

/* What was compared, strongest applicable first (in the order in which they are tried, not of the numbers). */
enum dl_method { DL_METHOD_NONE, DL_METHOD_DIGEST, DL_METHOD_COMMITMENT, DL_METHOD_WHOLE, DL_METHOD_RANGES, DL_METHODS };
/* Wire name; NULL for DL_METHOD_NONE. Static. */
const char *dl_method_name(enum dl_method m);

/* What one exit showed of the file. One that brought nothing comparable is DL_NOTHING and says why. */
enum dl_found { DL_NOTHING, DL_SAME, DL_OTHER };

struct dl_seen {
	enum dl_found found;
	enum reason why;          /* of DL_NOTHING: REASON_REFUSED, REASON_GONE, …; REASON_NONE: it gave no answer at all */
	unsigned content;         /* of DL_OTHER: which, by a number of the caller's; equal numbers, equal contents */
	unsigned url;             /* where its redirects ended, likewise; the first's is dl_terms.url */
	bool is_same_entity;      /* nothing in its ETag, Last-Modified, total length contradicts the first's */
	bool is_weak;             /* compared by something that can't prove equality (a CRC, MD5, a part's digest): equal it says nothing */
	bool counts;              /* independent of every first exit and of each other */
};

struct dl_terms {
	enum dl_method method;
	size_t k;                 /* answers needed, >= 1 (0 is taken as 1); for the whole file 1, and two more where they differ */
	bool was_false;           /* a mismatch of this session said so of these bytes */
	bool has_start;           /* the first URL of the browser's chain is known */
	bool is_post, has_cookies;/* what the browser's request carried, and ours did not */
	unsigned url;             /* where the first's chain ended */
};

/* match: at least k that count show the same, none shows another, every chain ended where the first's did; the entity is the same too,
 *   unless all bytes were compared; nothing weak.
 * mismatch: was_false; or two at least that count (k, where one of them is weak) show one and the same other file at the first's end of redirects, of the same entity or not,
 *   and nobody shows the same, none a third one.
 * Everything else is undecided, with the reason that most helps a person. The order of answers does not matter. Total function. */
struct finding dl_verdict(const struct dl_seen *seen, size_t n, const struct dl_terms *terms);

/* Is another exit to be asked? Until k show the same; where one shows another file, until there are k answers and two at least: the third copy says whether
 * the first one or the second stands alone. Those that are being asked are given as DL_SAME: they may be. */
bool dl_needs_another(const struct dl_seen *seen, size_t n, const struct dl_terms *terms);

#endif
