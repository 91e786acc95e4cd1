/* The verdict on withheld HTTPS over every multiset of up to six other exits' answers and two of the first exit's,
 * against a second statement of the rules by quantifiers, and against what must hold whatever the rules are. */
// uses: host/base/verdict.c host/base/httpsverdict.c
#include "base/httpsverdict.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { KINDS = 3, TYPES = 2 * KINDS, OTHERS = 6, FIRSTS = 2 };

static struct https_answer type(int t)
{
	return (struct https_answer){ .saw = (enum https_saw)(t % KINDS), .counts = t < KINDS };
}

/* How often each kind was seen. */
struct tally { size_t of[KINDS], counting; };

static struct tally tally(const struct https_answer *list, size_t n)
{
	struct tally t = { 0 };
	for (size_t i = 0; i < n; i++) {
		t.of[list[i].saw]++;
		t.counting += list[i].counts;
	}
	return t;
}

static struct finding second(const struct https_answer *f, size_t nf, const struct https_answer *o, size_t no, size_t k,
                             bool roots)
{
	struct tally first = tally(f, nf), others = tally(o, no);
	size_t certificates = first.of[1] + first.of[2] + others.of[1] + others.of[2];
	if (!roots)
		return certificates ? (struct finding){ VERDICT_UNDECIDED, REASON_NO_ROOTS } :
		       others.counting >= k ? (struct finding){ VERDICT_MATCH, REASON_NO_HTTPS } :
		                              (struct finding){ VERDICT_UNDECIDED, REASON_TOO_FEW };
	if (others.of[2])
		return (struct finding){ VERDICT_MISMATCH, first.of[2] ? REASON_HTTPS_SELECTIVE : REASON_HTTPS_WITHHELD };
	if (first.of[2])
		return (struct finding){ VERDICT_UNDECIDED, REASON_HTTPS_BACK };
	if (certificates)
		return (struct finding){ VERDICT_UNDECIDED, REASON_HTTPS_UNCLEAR };
	if (others.counting >= k)
		return (struct finding){ VERDICT_MATCH, REASON_NO_HTTPS };
	return (struct finding){ VERDICT_UNDECIDED, REASON_TOO_FEW };
}

static size_t seen;

static void check(const struct https_answer *f, size_t nf, const struct https_answer *o, size_t no)
{
	for (size_t k = 1; k <= 5; k++)
		for (int roots = 0; roots < 2; roots++) {
			struct finding got = https_verdict_of(f, nf, o, no, k, roots), want = second(f, nf, o, no, k, roots);
			assert_int_equal(got.verdict, want.verdict);
			assert_int_equal(got.reason, want.reason);
			seen++;
			/* Whatever the rules: */
			struct tally all = tally(o, no), mine = tally(f, nf);
			if (got.verdict == VERDICT_MATCH) {
				assert_true(all.counting >= k);
				assert_int_equal(all.of[1] + all.of[2] + mine.of[1] + mine.of[2], 0);
			}
			if (got.verdict == VERDICT_MISMATCH)
				assert_true(roots && all.of[2] > 0);
			struct https_answer turned[OTHERS];
			for (size_t i = 0; i < no; i++)
				turned[i] = o[no - 1 - i];
			assert_int_equal(https_verdict_of(f, nf, turned, no, k, roots).reason, got.reason);
			/* One more valid chain always accuses; one more failure never turns an accusation around. */
			if (no < OTHERS && roots) {
				memcpy(turned, o, no * sizeof *o);
				turned[no] = type(2 + KINDS);
				assert_int_equal(https_verdict_of(f, nf, turned, no + 1, k, roots).verdict, VERDICT_MISMATCH);
				turned[no] = type(0);
				if (got.verdict == VERDICT_MISMATCH)
					assert_int_equal(https_verdict_of(f, nf, turned, no + 1, k, roots).verdict, VERDICT_MISMATCH);
			}
		}
}

static void others_from(const struct https_answer *f, size_t nf, struct https_answer *o, size_t no, int least)
{
	check(f, nf, o, no);
	for (int t = least; no < OTHERS && t < TYPES; t++) {
		o[no] = type(t);
		others_from(f, nf, o, no + 1, t);
	}
}

static void firsts_from(struct https_answer *f, size_t nf, int least)
{
	struct https_answer others[OTHERS] = { type(0) };
	others_from(f, nf, others, 0, 0);
	for (int t = least; nf < FIRSTS && t < KINDS; t++) {
		f[nf] = type(t);
		firsts_from(f, nf + 1, t);
	}
}

static void every_multiset(void **state)
{
	(void)state;
	struct https_answer first[FIRSTS];
	firsts_from(first, 0, 0);
	assert_int_equal(seen, 10 * 924 * 10);   /* multisets of 0..2 of 3, of 0..6 of 6; five k, two roots */
}

static void no_k_is_one(void **state)
{
	(void)state;
	struct https_answer none = type(0);
	assert_int_equal(https_verdict_of(NULL, 0, NULL, 0, 0, true).verdict, VERDICT_UNDECIDED);
	assert_int_equal(https_verdict_of(NULL, 0, &none, 1, 0, true).verdict, VERDICT_MATCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_multiset), cmocka_unit_test(no_k_is_one) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
