/* What a finding's trials say: one pure function of how many ended how, tested over all combinations (tests/unit/test_collector_state.c).
 * Used by verify; the reviewers' pages show its words. */
#ifndef COLLECTOR_STATE_H
#define COLLECTOR_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* How one trial ended. SAME: the accused exit showed what independent ones see. DIFFERS: it showed something else, and they agree (or one
 * saw a valid chain). VARIES: nobody agrees with anybody. SILENT: no answer through the accused exit. GONE: tor knows no such
 * exit any more. UNDECIDED: anything else. */
#define OUTCOME_TABLE(X) \
	X(SAME, "same") X(DIFFERS, "differs") X(VARIES, "varies") X(SILENT, "silent") X(GONE, "gone") X(UNDECIDED, "undecided")
#define OUTCOME_ENUM(name, text) OUTCOME_##name,
enum outcome { OUTCOME_TABLE(OUTCOME_ENUM) OUTCOMES };
#undef OUTCOME_ENUM

#define STATE_TABLE(X) \
	X(NEW, "new") X(REPRODUCED, "reproduced") X(NOT_REPRODUCED, "not reproduced") X(VARIES, "site varies") \
	X(GONE, "relay gone") X(HUMAN, "needs a human")
#define STATE_ENUM(name, text) STATE_##name,
enum state { STATE_TABLE(STATE_ENUM) STATES };
#undef STATE_ENUM

struct tally {
	int64_t reported[OUTCOMES];    /* trials at the host of the reports */
	int64_t chosen[OUTCOMES];      /* at hosts that the operator chose */
	int64_t open;                  /* not ended yet */
	bool is_planned;               /* false: not looked at yet */
	bool is_by_hand;               /* this kind isn't verified by machine */
};

/* n of m: what DIFFERS was seen of what was answered (SAME, DIFFERS, VARIES), at the hosts that the state speaks of. */
struct finding_state { enum state state; int64_t n, m; };

/* REPRODUCED by chosen hosts alone, and by two trials at least; one alone NEEDS A HUMAN. What was seen at the reported host alone is
 * SITE VARIES, however often. The other states wait until every trial has ended. */
struct finding_state state_of(const struct tally *t);

/* Static words; OUTCOMES and STATES for a word that is none. */
const char *outcome_name(enum outcome o);
const char *state_name(enum state s);
enum outcome outcome_parse(const char *word);
enum state state_parse(const char *word);

#endif
