// uses: host/collector/state.c
/* The state of a finding over every combination of 0 to 2 trials of each outcome at each kind of host, with and without open ones: 3^12 * 3. What must
 * hold is said again here in other words than in the code. */
#include "collector/state.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void check(const struct tally *t)
{
	const int64_t *r = t->reported, *c = t->chosen;
	struct finding_state s = state_of(t);
	int64_t all = 0;

	for (int o = 0; o < OUTCOMES; o++)
		all += r[o] + c[o];
	/* Never more seen than answered, and both of one kind of host. */
	assert_true(s.n >= 0 && s.n <= s.m && s.m <= all);
	/* A relay is called reproduced by chosen hosts alone. */
	if (s.state == STATE_REPRODUCED)
		assert_true(c[OUTCOME_DIFFERS] >= 2 && s.n == c[OUTCOME_DIFFERS]);
	if (c[OUTCOME_DIFFERS] >= 2)
		assert_int_equal(s.state, STATE_REPRODUCED);
	if (c[OUTCOME_DIFFERS] == 1)
		assert_int_equal(s.state, STATE_HUMAN);
	/* What the reported site alone shows is the site's. */
	if (c[OUTCOME_DIFFERS] == 0 && r[OUTCOME_DIFFERS] + r[OUTCOME_VARIES] > 0)
		assert_int_equal(s.state, STATE_VARIES);
	/* An acquittal, or a relay's absence, waits for the last trial, and contradicts nothing that was seen. */
	if (s.state == STATE_NOT_REPRODUCED || s.state == STATE_GONE) {
		assert_true(t->open == 0 && t->is_planned && all > 0);
		assert_int_equal(r[OUTCOME_DIFFERS] + c[OUTCOME_DIFFERS] + r[OUTCOME_VARIES], 0);
	}
	if (s.state == STATE_NOT_REPRODUCED)
		assert_true(r[OUTCOME_SAME] > 0);
	if (s.state == STATE_GONE) {
		int64_t mute = r[OUTCOME_UNDECIDED] + c[OUTCOME_UNDECIDED];
		assert_int_equal(r[OUTCOME_SILENT] + r[OUTCOME_GONE] + c[OUTCOME_SILENT] + c[OUTCOME_GONE], all - mute);
		assert_true(all - mute > mute);
	}
	if (all > 0 && t->open == 0 && t->is_planned)
		assert_int_not_equal(s.state, STATE_NEW);
	if (all == 0 && (t->open > 0 || !t->is_planned))
		assert_int_equal(s.state, STATE_NEW);
}

static void all_combinations(void **state)
{
	(void)state;
	for (long i = 0; i < 531441L * 4; i++) {
		struct tally t = { .open = (i / 531441) % 2, .is_planned = i / 531441 < 2 };
		long rest = i % 531441;
		for (int o = 0; o < OUTCOMES; o++, rest /= 3)
			t.reported[o] = rest % 3;
		for (int o = 0; o < OUTCOMES; o++, rest /= 3)
			t.chosen[o] = rest % 3;
		check(&t);
	}
}

/* The cases of the issue, by name. */
static void named(void **state)
{
	struct tally lying = { .reported = { [OUTCOME_DIFFERS] = 4 }, .chosen = { [OUTCOME_DIFFERS] = 3, [OUTCOME_SAME] = 1 }, .is_planned = true };
	struct tally honest = { .reported = { [OUTCOME_SAME] = 4 }, .chosen = { [OUTCOME_SAME] = 4 }, .is_planned = true };
	struct tally framed = { .reported = { [OUTCOME_DIFFERS] = 4 }, .chosen = { [OUTCOME_SAME] = 4 }, .is_planned = true };
	struct tally stopped = { .reported = { [OUTCOME_SILENT] = 3, [OUTCOME_GONE] = 1 }, .chosen = { [OUTCOME_SILENT] = 4 }, .is_planned = true };
	struct tally rushed = { .reported = { [OUTCOME_SILENT] = 2, [OUTCOME_UNDECIDED] = 1 }, .chosen = { [OUTCOME_SILENT] = 2, [OUTCOME_UNDECIDED] = 1 }, .is_planned = true };
	struct tally dark = { .reported = { [OUTCOME_SILENT] = 1, [OUTCOME_UNDECIDED] = 1 }, .is_planned = true };
	struct tally by_hand = { .is_planned = true, .is_by_hand = true };
	struct tally nothing = { .is_planned = true };

	(void)state;
	struct finding_state s = state_of(&lying);
	assert_int_equal(s.state, STATE_REPRODUCED);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.m, 4);
	assert_int_equal(state_of(&honest).state, STATE_NOT_REPRODUCED);
	assert_int_equal(state_of(&framed).state, STATE_VARIES);
	assert_int_equal(state_of(&stopped).state, STATE_GONE);
	assert_int_equal(state_of(&rushed).state, STATE_GONE);
	assert_int_equal(state_of(&dark).state, STATE_HUMAN);
	assert_int_equal(state_of(&by_hand).state, STATE_HUMAN);
	assert_int_equal(state_of(&nothing).state, STATE_HUMAN);
}

static void words(void **state)
{
	(void)state;
	for (int i = 0; i < STATES; i++)
		assert_int_equal(state_parse(state_name((enum state)i)), i);
	for (int i = 0; i < OUTCOMES; i++)
		assert_int_equal(outcome_parse(outcome_name((enum outcome)i)), i);
	assert_int_equal(state_parse("bad exit"), STATES);
	assert_int_equal(outcome_parse(""), OUTCOMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_combinations), cmocka_unit_test(named), cmocka_unit_test(words) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
