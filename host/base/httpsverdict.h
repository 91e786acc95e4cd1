/* Is HTTPS really not there, or does this exit withhold it? The one pure function that decides it, from what the exits
 * saw of one host and port; the browser itself got no TLS connection through the first exit. No clock, no memory, no
 * I/O: tested over every multiset of answers. Sibling of base/verdict.h, whose verdicts and reasons it uses. */
#ifndef BASE_HTTPSVERDICT_H
#define BASE_HTTPSVERDICT_H

#include "base/verdict.h"

/* What one exit saw. An exit that failed by itself (circuit broken, tor away) is no answer: the caller counts it. */
enum https_saw {
	HTTPS_SAW_NONE = 0,   /* refused, reset, silent, no such name, no TLS on that port, an alert before any chain */
	HTTPS_SAW_INVALID,    /* a certificate that is not valid for the name, or can't be judged for want of roots */
	HTTPS_SAW_VALID,      /* chain, name, time and handshake valid: nobody but the site's key holder can show it */
	HTTPS_SAW_EARLIER,    /* valid, but earlier in the session and not asked again since: the site has HTTPS, or had */
};

/* What one exit got for the plain address of a page. */
enum https_way {
	HTTPS_WAY_PAGE = 0,   /* an answer that leads nowhere else: the plain page itself, or an error of the server's */
	HTTPS_WAY_ENCRYPTED,  /* a redirect to an encrypted address */
	HTTPS_WAY_NOTHING,    /* the site was asked, and there was no plain answer */
	HTTPS_WAY_ELSEWHERE,  /* a redirect to another plain address */
};

struct https_answer {
	enum https_saw saw;
	enum https_way way;   /* of https_plain_verdict_of alone */
	bool counts;          /* independent of every first exit and of each other; else it may only contradict */
};

struct https_terms {
	size_t k;             /* agreeing answers needed, >= 1 (0 is taken as 1) */
	bool has_roots;       /* without trust roots nothing is valid */
	bool is_probed;       /* no browser failed to get TLS (the shell asks, or the site itself sends its visitors back to
	                       * http): what our probe through the first exit sees is the question */
};

/* first: our own probes through the first exit or its candidates, if any came back. others: everybody else. The order
 * does not matter. Total function.
 *   mismatch   one other exit sees a valid chain and the browser (is_probed: our probe) got none: https_withheld;
 *              https_selective when the browser failed and our own probe through the first exit sees a valid one too
 *   match      no_https: k independent exits see no HTTPS, and nobody sees any
 *              https_there: is_probed alone: k independent exits and the first one see a valid chain
 *   undecided  everything else: https_back, https_unclear, https_was_there, exits_differ, no_trust_roots, first_silent,
 *              too_few_answers */
struct finding https_verdict_of(const struct https_answer *first, size_t n_first,
                                const struct https_answer *others, size_t n_others, const struct https_terms *terms);

/* "Is this page really only http?" The browser was shown a plain page through the first exit. Of each exit: what it got for that page's
 * plain address (way), and what it saw over TLS where that led, or where the page would be found encrypted (saw). first: our own
 * probes through the first exit. "Leads to HTTPS" is a redirect to an encrypted address, or no plain answer where a valid chain is
 * seen. A redirect alone can be forged by the exit that shows it, so it accuses only together with all others and a valid chain, and
 * never one exit alone. terms.is_probed has no meaning. Total function; the order does not matter.
 *   mismatch   k others, two at least, and everybody beside the first exit are led to HTTPS, and one of them sees a valid chain
 *              there: https_withheld; https_selective when our own probe through the first exit is led there too
 *   match      k others get the plain page and nobody is led to HTTPS: no_https when nobody sees TLS, https_optional when all of
 *              them see a valid chain
 *   undecided  everything else: exits_differ, https_unclear, redirects_differ, no_trust_roots, too_few_answers */
struct finding https_plain_verdict_of(const struct https_answer *first, size_t n_first,
                                      const struct https_answer *others, size_t n_others, const struct https_terms *terms);

#endif
