/* The four verdicts and the one pure function that reaches them from what the exits answered
 * (DESIGN.md, "Verdicts"). No clock, no memory, no I/O: tested over every multiset of answers. */
#ifndef BASE_VERDICT_H
#define BASE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict { VERDICT_UNDECIDED = 0, VERDICT_MATCH, VERDICT_MISMATCH, VERDICT_EXEMPT };

/* Of downloads alone (base/dlverdict.h); the download page tells them. */
#define DL_REASON_TABLE(Y) \
	/* match */ \
	Y(REASON_SAME_DIGEST,       "same_digest")           /* a strong digest of the whole file, from k others, fits */ \
	Y(REASON_SAME_COMMITMENT,   "same_commitment")       /* k others have the part that commits to the whole file */ \
	Y(REASON_SAME_FILE,         "same_file")             /* every byte is the same */ \
	Y(REASON_SAME_RANGES,       "same_ranges")           /* every range looked at is the same: says how much that proves */ \
	/* mismatch */ \
	Y(REASON_OTHER_FILE,        "other_file")            /* all others agree on another file */ \
	/* undecided */ \
	Y(REASON_START_UNKNOWN,     "start_unknown")         /* of a download the first address is not known */ \
	Y(REASON_ONE_DIFFERS,       "one_exit_differs")      /* some have the same file, some another */ \
	Y(REASON_CUSTOMISED,        "customised")            /* no two have the same file */ \
	Y(REASON_ENTITY,            "entity_differs")        /* another version: ETag, Last-Modified or length differ */ \
	Y(REASON_WEAK,              "weak_digest")           /* all that could be compared proves nothing */ \
	Y(REASON_RANGES_FALSE,      "ranges_unreliable")     /* the server gives other parts than it was asked for */ \
	Y(REASON_TOO_LARGE,         "too_large")             /* over the user's limit, and no other way to verify it */ \
	Y(REASON_GONE,              "gone")                  /* 404, 410: an address that works once, perhaps */ \
	Y(REASON_REFUSED,           "refused")               /* 401, 403, 429, a captcha: others are not let in */ \
	Y(REASON_NOT_A_FILE,        "not_a_file")            /* a page came where the file was expected */ \
	Y(REASON_NEEDS_COOKIES,     "needs_cookies")         /* the browser's request carried cookies or a password, ours does not */ \
	Y(REASON_POST,              "post_request")          /* the browser sent a form; we don't send it again */ \
	Y(REASON_LOCAL_FILE,        "local_file")            /* the file here could not be read or written, or changed; error says more */ \
	Y(REASON_IS_PROGRAM,        "is_program")            /* others get the same, but its content is a program's and those are prevented */ \
	Y(REASON_INTERRUPTED,       "interrupted")           /* the transfer broke off; it can go on */

/* Wire name; shown by the extension through _locales ("reason_<name>"). */
#define REASON_TABLE(X) \
	X(REASON_NONE,              "none") \
	/* match */ \
	X(REASON_SAME_CERT,         "same_certificate")      /* k equal answers, leaf equal */ \
	X(REASON_SAME_KEY,          "same_key")              /* k equal answers, some by public key */ \
	X(REASON_NO_HTTPS,          "no_https")              /* k others find no HTTPS there either */ \
	X(REASON_HTTPS_THERE,       "https_there")           /* k others get HTTPS with a valid chain, as the first exit does */ \
	X(REASON_HTTPS_OPTIONAL,    "https_optional")        /* k others get the plain page as well, and HTTPS is there beside it */ \
	X(REASON_SAME_ADDRESS,      "same_address")          /* k others show the same address in the same place */ \
	/* mismatch */ \
	X(REASON_OTHERS_VALID,      "others_see_valid")      /* another exit saw a valid chain */ \
	X(REASON_FIRST_NOW_VALID,   "first_selective")       /* the first exit, asked again, shows a valid chain */ \
	X(REASON_OTHERS_AGREE,      "others_agree")          /* all others agree on another certificate */ \
	X(REASON_REMEMBERED,        "remembered_mismatch")   /* a mismatch stays for that certificate */ \
	X(REASON_HTTPS_WITHHELD,    "https_withheld")        /* another exit gets HTTPS with a valid chain */ \
	X(REASON_HTTPS_SELECTIVE,   "https_selective")       /* the same, and our own probe gets it through the first exit */ \
	/* undecided */ \
	X(REASON_TOO_FEW,           "too_few_answers")       /* fewer than k answers in time */ \
	X(REASON_DISSENT,           "exits_differ")          /* some agree with the first exit, some do not */ \
	X(REASON_ROTATES,           "site_rotates")          /* no two agree */ \
	X(REASON_FIRST_DIFFERS,     "first_differs")         /* candidates for the first exit disagree, or it changes its answer */ \
	X(REASON_FIRST_UNKNOWN,     "first_unknown")         /* the browser's circuit could not be found */ \
	X(REASON_FIRST_SILENT,      "first_silent")          /* the first exit gave us no certificate */ \
	X(REASON_HTTPS_BACK,        "https_back")            /* it is there now, through the first exit itself */ \
	X(REASON_HTTPS_UNCLEAR,     "https_unclear")         /* somebody sees a certificate, and no valid one */ \
	X(REASON_HTTPS_WAS_THERE,   "https_was_there")       /* it was seen earlier in this session; now nobody finds it */ \
	X(REASON_PLACE,             "place_not_found")       /* others have no address, or not the same, in that place */ \
	X(REASON_FAMILY,            "family_differs")        /* the same address, but other addresses of its coin on the page */ \
	X(REASON_OTHER_ADDRESSES,   "other_addresses")       /* the same page, but not the only address of its coin there: whose is which? */ \
	X(REASON_REFLECTED,         "reflected")             /* the address is part of the URL: the page only repeats it */ \
	X(REASON_REDIRECTS,         "redirects_differ")      /* exits were led to different pages */ \
	X(REASON_NO_INDEPENDENT,    "no_independent_exit") \
	X(REASON_NO_ROOTS,          "no_trust_roots") \
	X(REASON_TOR,               "tor_unavailable")       /* error number says more */ \
	X(REASON_TIMEOUT,           "deadline") \
	X(REASON_NEEDS_CLICK,       "needs_click")           /* limits on what a page can trigger */ \
	X(REASON_PRIVATE_TARGET,    "private_address")       /* an IP literal that no exit may be asked for */ \
	X(REASON_CANCELLED,         "cancelled") \
	/* exempt */ \
	X(REASON_ONION,             "onion_service") \
	X(REASON_NOT_TOR,           "not_through_exit") \
	X(REASON_EXCLUDED,          "user_exclusion") \
	DL_REASON_TABLE(X)

#define REASON_ENUM(name, wire) name,
enum reason { REASON_TABLE(REASON_ENUM) REASON_COUNT };
#undef REASON_ENUM

/* What one exit showed. Only exits that gave a certificate are answers; failures are counted by
 * the caller alone (an outage is not a disagreement). */
struct answer {
	uint8_t leaf[32];   /* SHA-256 of the leaf's DER */
	uint8_t spki[32];   /* SHA-256 of its SubjectPublicKeyInfo */
	bool is_signed;     /* we verified the handshake with that key ourselves */
	bool is_valid;      /* chain, name and time valid by the browser's trust roots, and is_signed */
	bool is_offer;      /* first[0] alone: the very chain that the browser was offered. The browser refused it, and
	                     * verifies the handshake with its key itself before it ever uses an exception. */
	bool counts;        /* others: independent of every first exit and of each other. One that is not
	                     * (drawn for an earlier first exit) still dissents but never corroborates. */
};

/* What the browser's own error says about a chain that is valid to us (feature/classes.h tells it by error number).
 * It matters where the browser's chain itself is not known. */
enum browser_saw {
	BROWSER_SAW_UNKNOWN = 0,  /* nothing: no browser asked, or it checks more than we do (pins, revocation, logs) */
	BROWSER_SAW_DOUBTFUL,     /* it might be the same leaf: an intermediate was missing, or its roots are not ours */
	BROWSER_SAW_INVALID,      /* another leaf for certain: self-signed, or for other names */
};

struct terms {
	size_t k;             /* corroborating answers needed, >= 1 (0 is taken as 1) */
	enum browser_saw saw;
	bool has_roots;       /* without trust roots nothing is valid, and nothing matches */
};

struct finding { enum verdict verdict; enum reason reason; };

/* Equal: the same leaf, or the same public key where the handshakes were verified with it: nobody without that
 * key can go on with either certificate (DESIGN.md). Symmetric, reflexive; transitive for signed answers. */
bool answer_is_equal(const struct answer *a, const struct answer *b);

/* first: what the first exit offered: [0] to the browser itself (is_offer) or, in the standard edition, to our own
 * handshake through it; further entries are later or other candidates' answers. others: what corroborating
 * exits showed. The order within each (but for an offer at [0]) does not matter. Total function. */
struct finding verdict_of(const struct answer *first, size_t n_first,
                          const struct answer *others, size_t n_others, const struct terms *terms);

const char *verdict_name(enum verdict v);
const char *reason_name(enum reason r);

#endif
