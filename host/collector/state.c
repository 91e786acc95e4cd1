/* The state of a finding (contract in collector/state.h). */
#include "collector/state.h"
#include <string.h>

static int64_t answered(const int64_t by[OUTCOMES])
{
	return by[OUTCOME_SAME] + by[OUTCOME_DIFFERS] + by[OUTCOME_VARIES];
}

static int64_t ended(const int64_t by[OUTCOMES])
{
	int64_t n = 0;
	for (int i = 0; i < OUTCOMES; i++)
		n += by[i];
	return n;
}

struct finding_state state_of(const struct tally *t)
{
	const int64_t *reported = t->reported, *chosen = t->chosen;
	struct finding_state of_chosen = { STATE_NEW, chosen[OUTCOME_DIFFERS], answered(chosen) };
	struct finding_state of_reported = { STATE_NEW, reported[OUTCOME_DIFFERS], answered(reported) };

	if (t->is_by_hand) {
		of_reported.state = STATE_HUMAN;
		return of_reported;
	}
	if (of_chosen.n > 0) {
		of_chosen.state = of_chosen.n > 1 ? STATE_REPRODUCED : STATE_HUMAN;
		return of_chosen;
	}
	if (reported[OUTCOME_DIFFERS] > 0 || reported[OUTCOME_VARIES] > 0) {
		of_reported.state = STATE_VARIES;
		return of_reported;
	}
	if (!t->is_planned || t->open > 0)
		return of_reported;
	int64_t all = ended(reported) + ended(chosen);
	int64_t away = reported[OUTCOME_SILENT] + reported[OUTCOME_GONE] + chosen[OUTCOME_SILENT] + chosen[OUTCOME_GONE];
	int64_t mute = reported[OUTCOME_UNDECIDED] + chosen[OUTCOME_UNDECIDED];
	/* A trial in which nobody answered, the independent exits neither, says nothing of the relay. */
	if (away > 0 && away + mute == all && away > mute)
		of_reported.state = STATE_GONE;
	/* The claim is about the reported host: that others look honest through it doesn't answer it. */
	else if (reported[OUTCOME_SAME] > 0)
		of_reported.state = STATE_NOT_REPRODUCED;
	else
		of_reported.state = STATE_HUMAN;
	return of_reported;
}

static const char *const outcomes[OUTCOMES] = {
#define OUTCOME_WORD(name, text) text,
	OUTCOME_TABLE(OUTCOME_WORD)
#undef OUTCOME_WORD
};
static const char *const states[STATES] = {
#define STATE_WORD(name, text) text,
	STATE_TABLE(STATE_WORD)
#undef STATE_WORD
};

const char *outcome_name(enum outcome o)
{
	return outcomes[o];
}

const char *state_name(enum state s)
{
	return states[s];
}

enum outcome outcome_parse(const char *word)
{
	int i = 0;
	while (i < OUTCOMES && strcmp(outcomes[i], word) != 0)
		i++;
	return (enum outcome)i;
}

enum state state_parse(const char *word)
{
	int i = 0;
	while (i < STATES && strcmp(states[i], word) != 0)
		i++;
	return (enum state)i;
}
