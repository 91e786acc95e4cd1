/* Comparisons of a copied address (clip.compare): the parts that clip.c and compare*.c share. Private to them.
 *
 *   clip.c            the public face, and clip.check
 *   compare.c         life of a comparison: waits, finds the first exit, ends; ids, the clock
 *   compare_slots.c   which slot needs an exit (fetch_slots.h: those drawn earlier in the session, new ones), replacements
 *   compare_fetch.c   one slot: the page and its redirects, what stands in the place
 *   compare_result.c  what the answers say; the result for the caller
 *   compare_sites.c   what stays for the session beside the exits: addresses found false */
#ifndef FEATURE_COMPARE_H
#define FEATURE_COMPARE_H

#include "feature/clip.h"
#include "feature/clipops.h"
#include "feature/fetch_slots.h"

#define CLIP_NEVER UINT64_MAX

struct clip_scan {
	struct clip_scan *next;
	struct clip *owner;
	uint32_t id, parse_id;
};

/* Addresses found false are kept as digests. */
#define CLIP_FALSE_MAX 16

/* What the session remembers of one site. */
struct clip_site {
	struct fetch_site exits;
	size_t n_false;
	uint8_t false_address[CLIP_FALSE_MAX][32];   /* a mismatch stays */
};

enum slot_state { SLOT_IDLE, SLOT_HELD, SLOT_DRAWING, SLOT_FETCHING, SLOT_PLACING, SLOT_ANSWERED, SLOT_GIVEN_UP };

/* One exit, other than the first, that fetches the page. */
struct slot {
	struct compare *compare;
	enum slot_state state;
	unsigned number;                     /* 1..k */
	bool has_exit;
	struct relay_info exit;
	uint32_t fetch_id, place_id;
	uint64_t began, until;               /* until: of SLOT_HELD; the fetch's end */
	char url[CLIP_URL_MAX + 1];          /* of this hop */
	char next[CLIP_URL_MAX + 1];         /* where the answer leads; "" nowhere */
	unsigned hops, status;
	bool is_reflected, is_place_wrong;
	char content_type[CLIP_CONTENT_TYPE_MAX + 1];
	struct buf body;
	enum place_found found;
	bool is_family_equal, is_alone;
	char address[ADDR_TEXT_MAX];
	uint64_t elapsed;
};

enum compare_state { COMPARE_WAITING, COMPARE_FINDING, COMPARE_RUNNING, COMPARE_ENDING };

struct compare {
	struct compare *next;
	struct clip *owner;
	uint32_t id;
	enum compare_state state;
	struct clip_compare request;         /* key normalised; family is owned */
	char *family;
	uint64_t began, deadline, until;     /* until: of COMPARE_FINDING (try again); else CLIP_NEVER */
	unsigned k;
	uint16_t port;                       /* of the URL */
	bool is_ipv6;
	uint32_t find_id, draw_id;
	unsigned drawing;                    /* index of the slot that waits for draw_id */
	struct fetch_turns turns;
	enum err local_err;
	struct clip_site *site;
	size_t n_first;
	struct relay_info first[CANDIDATES_MAX];
	struct fetch_via via;
	struct slot slots[K_MAX];
	unsigned asked;
	size_t n_failed;
	struct clip_answer failed[CLIP_ANSWERS_MAX];
	struct finding finding;
	enum err error;
};

struct clip {
	const struct clip_ops *ops;
	struct clip_sink sink;
	struct clip_scan *scans;
	struct compare *compares;              /* oldest first */
	struct fetch_sites sites;
	bool is_ending;                        /* wiping or freeing: nothing new starts */
	bool is_pumping;
};

/* clip.c */
bool clip_has_id(const struct clip *c, uint32_t id);
MUST_USE enum err clip_may_start(const struct clip *c, uint32_t id);

/* compare.c */
void compares_pump(struct clip *c);
void compares_cancel_all(struct clip *c);
bool compare_has_id(const struct clip *c, uint32_t id);
bool compare_cancel(struct clip *c, uint32_t id);
size_t compares_count(const struct clip *c);
uint64_t compare_now(const struct compare *k);
void compare_end(struct compare *k, enum verdict v, enum reason r, enum err e);   /* result at the next tick */

/* compare_slots.c */
void slots_start(struct compare *k);
void slots_go_on(struct compare *k);        /* draws for idle slots */
void slots_time(struct compare *k, uint64_t now);
uint64_t slots_next(const struct compare *k);
void slots_stop(struct compare *k);
bool slots_are_pending(const struct compare *k);
void slot_failed(struct slot *s, enum err e);
bool compare_is_first(const struct compare *k, const uint8_t fp[FP_LEN]);

/* compare_fetch.c */
MUST_USE enum err slot_start(struct slot *s);   /* has_exit is set; state becomes SLOT_FETCHING */
void slot_stop(struct slot *s);
void slot_progress(const struct slot *s, enum clip_step step);

/* compare_result.c */
void compare_evaluate(struct compare *k);   /* after every event: ends it when it is certain */
void compare_send(struct compare *k);

/* compare_sites.c */
MUST_USE enum err clip_site_get(struct clip *c, const struct site_key *key, struct clip_site **out);
void clip_sites_wipe(struct clip *c);       /* no site may have users */
bool clip_site_is_false(const struct clip_site *site, const char *address);
void clip_site_convict(struct clip_site *site, const char *address);

#endif
