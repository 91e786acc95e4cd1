/* A scripted world for the certificate check: exits with behaviours, a clock that moves only when told, the table of
 * checkops.h over it, and a sink that keeps what came out. A leaf is two bytes, name
 * and key; a chain of two is a valid one. */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include "feature/certcheck.h"
#include "feature/checkops.h"

enum { EXITS_MAX = 64, RESULTS_MAX = 128, ANSWERS_MAX = 24, NO_ANSWER = 0 };

/* What an exit shows: 0 is nothing. */
struct shown { uint8_t leaf, key; bool is_valid, is_unsigned; };

struct fake_exit {
	unsigned group;            /* exits of one group are not independent */
	const char *country;
	struct shown shows;
	struct shown then;         /* after the first look, when then.leaf is set */
	uint32_t ms;               /* how long a look takes; 0: world's default */
	enum err fails;            /* instead of showing */
	unsigned fails_times;      /* 0: always */
	bool stalls;               /* no answer until the look's own deadline */
	bool hangs;                /* not even then: the role itself is silent */
	enum { STEPS_ALL, STEPS_BUILT, STEPS_SENT, STEPS_SENT_TWICE } steps;   /* how far a look gets before it ends */
	bool is_wrong_hop;         /* the circuit ended somewhere else */
	bool is_unusable;          /* not in the consensus any more */
	const char *leads;         /* where the plain address is redirected to; NULL: it is answered by a page */
	enum err plain_fails;      /* instead of an answer */
	bool is_cut;               /* behind the head of its answer */
	unsigned fetches;          /* counted */
	unsigned looks;            /* counted */
	uint32_t last_deadline_ms;
};

struct got {
	uint32_t id;
	uint64_t at;
	enum verdict verdict;
	enum reason reason;
	enum err error;
	unsigned k, asked, answered;
	uint64_t elapsed_ms;
	bool weaker, same_country_possible, retry_useful;
	enum cert_still_same still_same;
	size_t n_fingerprints, n_first, n_others, n_paths, n_chance;
	uint8_t fingerprint[CERT_FINGERPRINTS_MAX][32];
	double chance[K_MAX];
	enum roots_source roots;
	struct { uint8_t exit; unsigned slot; bool has_cert, is_none, counts, is_valid; enum err error; enum cert_agrees agrees;
	         enum cert_source source; } first[ANSWERS_MAX], others[ANSWERS_MAX];
};

struct world_event;

struct world {
	uint64_t now;
	struct fake_exit exit[EXITS_MAX];   /* number 0 is not used */
	unsigned n_exits;
	uint8_t carrier[CANDIDATES_MAX];    /* exits of the browser's connection */
	bool carrier_is_onion[CANDIDATES_MAX], carrier_has_hole;
	unsigned n_carriers;
	enum err tor;                       /* OK, or what every request to net ends with */
	enum err sync;                      /* requests to net fail at once with this */
	enum err judge_err;                 /* of the parse role */
	bool judge_hangs;
	enum roots_source roots;
	enum err roots_err;
	uint32_t look_ms;
	bool is_free;                       /* MAPADDRESS does not work: the world's looks choose by themselves */
	const char *good_country;           /* the one that qualifies for a same-country try */
	unsigned n_first, n_draws, n_looks, n_closes, at_once, most_at_once, n_cancelled;   /* counted */
	unsigned n_warm, warmed;            /* hints, and exits named in them together */
	char last_host[HOST_MAX];           /* of the last look */
	uint16_t last_port;
	char last_lines[FETCH_LINES_MAX], last_url[CLIP_URL_MAX + 1];   /* of the last fetch */
	unsigned n_fetches;
	uint16_t first_port;                /* of the last question about the browser's circuit */
	struct net_draw last_draw;
	struct net_first last_close;

	struct world_event *events;
	uint32_t next_id;
	uint64_t wake_at;

	struct check_ops ops;
	struct certcheck *check;
	struct got got[RESULTS_MAX];
	size_t n_got;
	struct { uint32_t id; unsigned slot; enum cert_step step; uint8_t exit; uint64_t at; } steps[4096];
	size_t n_steps;
	struct circuit_result circuit;
	struct cert_status status;
	unsigned n_circuits, n_statuses, n_tor, n_newnym;
	bool is_inside;                     /* within a call into certcheck that promises no callbacks */
};

/* Exits 1..n, each a group of its own, in country "DE", showing leaf 1 with key 1, signed. The browser came through 1. */
struct world *world_new(unsigned n);
void world_free(struct world *w);       /* asserts that nothing is pending */
void world_show(struct world *w, unsigned exit, uint8_t leaf, uint8_t key, bool is_valid);
/* A browser's request for example.test:443, self-signed error, clicked; offers leaf 1 when offer is set. */
struct cert_request world_request(uint8_t offer_leaf, uint8_t offer_key);
void world_start(struct world *w, uint32_t id, const struct cert_request *r);   /* must be OK */
void world_run(struct world *w, uint64_t ms);   /* lets time pass */
/* Starts it and lets 30 s pass at most; the result. */
const struct got *world_check(struct world *w, uint32_t id, const struct cert_request *r);
const struct got *world_result(const struct world *w, uint32_t id);   /* NULL: none yet */
unsigned world_pending(const struct world *w);
void world_tor(struct world *w, enum err e);   /* OK: tor is back */
/* The verdict is this one, and fingerprints come with a match alone. */
void world_is(const struct got *g, enum verdict v, enum reason r);
unsigned world_looks_of_others(const struct world *w);   /* at exits 2 and up */
void world_show_all(struct world *w, uint8_t leaf, uint8_t key, bool is_valid);   /* at exits 2 and up */
void world_leaf(uint8_t out[32], uint8_t leaf, uint8_t key);

#endif
