/* Draws one exit (DESIGN.md, "Which exits may corroborate"). Pure but for the randomness. Used by the net role. */
#ifndef ENGINE_PATHPICK_H
#define ENGINE_PATHPICK_H

#include "engine/relays.h"

/* All pointers borrowed. */
struct pathpick {
	uint16_t port;
	bool is_ipv6;                        /* target is an IPv6 literal */
	const uint8_t (*indep)[FP_LEN];      /* be independent of all of these */
	size_t n_indep;
	const uint8_t (*not_these)[FP_LEN];
	size_t n_not;
	const char *country;                 /* NULL or "": any. Countries must have been asked before (torlink_countries) */
	const char *not_continent_of;        /* NULL or "": any; else another continent than this country's */
	const uint8_t *only;                 /* NULL: any; else this exit or ERR_EXIT_NONE (net_draw.only) */
	const uint8_t (*clean)[FP_LEN];      /* exits at which clean circuits end: preferred */
	size_t n_clean;
	uint64_t (*random)(uint64_t below);  /* NULL: libsodium; tests give their own */
};

struct pick { const struct relay *exit; bool is_clean; size_t groups; /* independent groups there was to choose from */ };

/* Errors: ERR_EXIT_NONE; ERR_EXIT_UNKNOWN when one of indep is not in the table or its family is unknown (then independence
 * can't be promised); ERR_TOR_BOOTSTRAP when there is no relay at all; ERR_NOMEM. */
MUST_USE enum err pathpick(const struct relays *r, const struct pathpick *want, struct pick *out);
/* True when a relay suits want's rules (port, flags, avoid lists, country). For the fallback that takes what comes. */
bool pathpick_suits(const struct relays *r, const struct pathpick *want, const struct relay *a);
/* Same-country try: at least ten independent groups of exits for the port in that country, none over 20% of their weight. */
bool pathpick_country_qualifies(const struct relays *r, const char *country, uint16_t port, bool is_ipv6);

/* "AF" "AN" "AS" "EU" "NA" "OC" "SA" of an ISO 3166 code, NULL when unknown. */
const char *continent_of(const char *country);

#endif
