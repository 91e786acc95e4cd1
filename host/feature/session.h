/* What the host remembers of a session, in memory only: for each site of each first party the exits drawn, every answer
 * they gave, the certificates that were found false and those found true (DESIGN.md, "Verdicts": clicking until it
 * turns green must not work). Wiped with the session. Used by the certificate check alone. */
#ifndef FEATURE_SESSION_H
#define FEATURE_SESSION_H

#include "feature/certcheck.h"

/* One certificate that was seen, or (QUESTION_HTTPS) that there was none. Never a failure of the circuit: an exit that
 * gave no answer is asked again or replaced. */
struct memory {
	struct memory *next;          /* in the order they came */
	bool never_counts;            /* its handshake's signature was wrong: it may dissent, no more */
	bool was_first;               /* offered to the browser, or shown to us, by an exit that was the first one then */
	struct cert_answer answer;    /* has_cert or is_none; answer.counts: corroborates beside the firsts of the last check */
};

struct site {
	struct site *next;            /* private to session.c */
	struct site_key key;
	uint64_t used;                /* private to session.c */
	struct memory *memories;
	size_t n_memories;
	uint8_t false_leaf[CERT_FIRST_ANSWERS_MAX][32];   /* mismatches: they stay */
	size_t n_false;
	uint8_t true_leaf[CERT_FINGERPRINTS_MAX][32];     /* verified */
	size_t n_true;
	uint8_t firsts[CANDIDATES_MAX][FP_LEN];           /* first exits of the last check */
	size_t n_firsts;
	uint8_t left[CANDIDATES_MAX][FP_LEN];             /* exits that the user left by a new circuit, newest last */
	size_t n_left;
	uint8_t failed[AVOID_MAX / 2][FP_LEN];            /* exits that gave no answer; others are drawn first */
	size_t n_failed;
	bool was_automatic;           /* a check of this site has started by itself */
	unsigned users;               /* checks and requests under way; never evicted meanwhile */
};

struct session;

struct session *session_new(void);      /* NULL: out of memory */
void session_free(struct session *s);   /* wipes; takes NULL */
void session_wipe(struct session *s);   /* no site may have users */
size_t session_sites(const struct session *s);

/* NULL: not known. */
struct site *session_find(struct session *s, const struct site_key *key);
/* Finds or makes. When SESSION_SITES_MAX are known the one unused for longest goes, but never one with users, with a
 * mismatch, or with answers that differ: then ERR_TOO_BIG. ERR_NOMEM. */
MUST_USE enum err session_get(struct session *s, const struct site_key *key, struct site **out);
/* Any site of this host and first party (whatever the port) whose check started by itself. */
bool session_was_automatic(const struct session *s, const struct site_key *key);

/* Takes the answer's certificate into memory, behind the others; the same leaf of the same exit and source is kept once,
 * with the newest details. ERR_TOO_BIG when SITE_MEMORIES_MAX are known: then nothing more may be asked. */
MUST_USE enum err site_remember(struct site *site, const struct cert_answer *a, bool was_first, bool never_counts);
bool site_is_false(const struct site *site, const uint8_t leaf[32]);
bool site_is_true(const struct site *site, const uint8_t leaf[32]);
/* A leaf found false is not true any more, and never again. */
MUST_USE enum err site_convict(struct site *site, const uint8_t leaf[32]);
void site_verify(struct site *site, const uint8_t leaf[32]);
/* Some answers differ, or a mismatch was found: must not be forgotten while the session lasts. */
bool site_must_stay(const struct site *site);

/* The answer as the verdict sees it. */
struct answer cert_answer_plain(const struct cert_answer *a);

#endif
