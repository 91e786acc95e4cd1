/* "Is this page really only http?": the verdict over every multiset of up to four other exits' answers and one of the first
 * exit's, against a second statement of the rules by quantifiers, and against what must hold whatever the rules are. */
// uses: host/base/verdict.c host/base/httpsverdict.c
#include "base/httpsverdict.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { SAWS = 3, WAYS = 4, KINDS = SAWS * WAYS, TYPES = 2 * KINDS, OTHERS = 4 };

static struct https_answer type(int t)
{
	return (struct https_answer){ .saw = (enum https_saw)(t % SAWS), .way = (enum https_way)(t / SAWS % WAYS), .counts = t < KINDS };
}

static bool is_led(const struct https_answer *a)
{
	return a->way == HTTPS_WAY_ENCRYPTED || (a->way == HTTPS_WAY_NOTHING && a->saw == HTTPS_SAW_VALID);
}

static bool is_page(const struct https_answer *a) { return a->way == HTTPS_WAY_PAGE; }
static bool is_elsewhere(const struct https_answer *a) { return a->way == HTTPS_WAY_ELSEWHERE; }
static bool is_valid(const struct https_answer *a) { return a->saw == HTTPS_SAW_VALID; }
static bool is_invalid(const struct https_answer *a) { return a->saw == HTTPS_SAW_INVALID; }
static bool is_none(const struct https_answer *a) { return a->saw == HTTPS_SAW_NONE; }
static bool counts(const struct https_answer *a) { return a->counts; }

typedef bool predicate(const struct https_answer *a);

static size_t number(const struct https_answer *list, size_t n, predicate *p)
{
	size_t found = 0;
	for (size_t i = 0; i < n; i++)
		found += p(&list[i]);
	return found;
}

/* The second statement: for each reason the condition under which it is the answer, in no order; exactly one holds. */
static bool holds(enum reason r, const struct https_answer *f, size_t nf, const struct https_answer *o, size_t no,
                  const struct https_terms *t)
{
#define ALL(p) (number(o, no, p) == no)
#define SOME(p) (number(o, no, p) > 0)
#define FIRST(p) (number(f, nf, p) > 0)
	bool tls = SOME(is_valid) || SOME(is_invalid) || FIRST(is_valid) || FIRST(is_invalid);
	bool judged = t->has_roots || !tls, enough = number(o, no, counts) >= t->k;
	bool all_led = judged && no > 0 && ALL(is_led), two = number(o, no, counts) >= 2;
	bool away = judged && no > 0 && ALL(is_elsewhere);
	bool plain = judged && no > 0 && ALL(is_page) && !FIRST(is_led);
	bool unclear = FIRST(is_invalid) || SOME(is_invalid);
	switch (r) {
	case REASON_NO_ROOTS: return !judged;
	case REASON_HTTPS_WITHHELD: return all_led && enough && two && SOME(is_valid) && !FIRST(is_led);
	case REASON_HTTPS_SELECTIVE: return all_led && enough && two && SOME(is_valid) && FIRST(is_led);
	case REASON_HTTPS_UNCLEAR:
		return (all_led && enough && two && !SOME(is_valid)) || (plain && enough && unclear);
	case REASON_HTTPS_OPTIONAL: return plain && enough && ALL(is_valid) && !unclear;
	case REASON_NO_HTTPS: return plain && enough && ALL(is_none) && !unclear && !FIRST(is_valid);
	case REASON_REDIRECTS: return away && enough;
	case REASON_TOO_FEW: return judged && (no == 0 || (all_led && !(enough && two)) || ((away || plain) && !enough));
	case REASON_DISSENT:
		return judged && no > 0 && !all_led && !away &&
		       (!plain || (enough && !unclear && !ALL(is_valid) && (!ALL(is_none) || FIRST(is_valid))));
	default: return false;
	}
}

static size_t seen, met[REASON_COUNT];

/* The exits that would have to lie together for this accusation: fewer than two is one exit that frames another. */
static void must_hold(struct finding got, const struct https_answer *o, size_t no)
{
	if (got.verdict == VERDICT_MISMATCH) {
		assert_true(number(o, no, counts) >= 2);
		assert_true(number(o, no, is_valid) >= 1);
		assert_int_equal(number(o, no, is_page), 0);
	}
	if (got.verdict == VERDICT_MATCH)
		assert_int_equal(number(o, no, is_page), no);
}

static void check_one(const struct https_answer *f, size_t nf, const struct https_answer *o, size_t no,
                      const struct https_terms *t)
{
	struct finding got = https_plain_verdict_of(f, nf, o, no, t);
	seen++;
	met[got.reason]++;
	for (int r = 0; r < REASON_COUNT; r++)
		assert_int_equal(holds((enum reason)r, f, nf, o, no, t), got.reason == (enum reason)r);
	bool is_match = got.reason == REASON_NO_HTTPS || got.reason == REASON_HTTPS_OPTIONAL;
	bool is_mismatch = got.reason == REASON_HTTPS_WITHHELD || got.reason == REASON_HTTPS_SELECTIVE;
	assert_int_equal(got.verdict, is_match ? VERDICT_MATCH : is_mismatch ? VERDICT_MISMATCH : VERDICT_UNDECIDED);
	must_hold(got, o, no);
	struct https_answer turned[OTHERS];
	for (size_t i = 0; i < no; i++)
		turned[i] = o[no - 1 - i];
	assert_int_equal(https_plain_verdict_of(f, nf, turned, no, t).reason, got.reason);
}

static void check(const struct https_answer *f, size_t nf, const struct https_answer *o, size_t no)
{
	for (size_t k = 1; k <= 4; k++)
		for (int has_roots = 0; has_roots < 2; has_roots++) {
			const struct https_terms t = { k, has_roots, false };
			check_one(f, nf, o, no, &t);
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

static void every_multiset(void **state)
{
	(void)state;
	struct https_answer others[OTHERS];
	others_from(NULL, 0, others, 0, 0);
	for (int t = 0; t < KINDS; t++) {
		struct https_answer first = type(t);
		others_from(&first, 1, others, 0, 0);
	}
	assert_int_equal(seen, 13 * 20475 * 8);   /* 0..1 of 12, multisets of 0..4 of 24; four k, with roots and without */
	static const enum reason mine[] = { REASON_NO_ROOTS, REASON_HTTPS_WITHHELD, REASON_HTTPS_SELECTIVE, REASON_HTTPS_UNCLEAR,
		REASON_HTTPS_OPTIONAL, REASON_NO_HTTPS, REASON_REDIRECTS, REASON_TOO_FEW, REASON_DISSENT };
	for (size_t i = 0; i < sizeof mine / sizeof *mine; i++)
		assert_true(met[mine[i]] > 0);
}

static void no_k_is_one(void **state)
{
	(void)state;
	struct https_answer page = { .counts = true }, led = { HTTPS_SAW_VALID, HTTPS_WAY_ENCRYPTED, true };
	const struct https_terms t = { 0, true, false };
	assert_int_equal(https_plain_verdict_of(NULL, 0, &page, 1, &t).verdict, VERDICT_MATCH);
	assert_int_equal(https_plain_verdict_of(NULL, 0, &led, 1, &t).verdict, VERDICT_UNDECIDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_multiset), cmocka_unit_test(no_k_is_one) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
