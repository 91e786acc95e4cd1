/* The verdict on withheld HTTPS over every multiset of up to six other exits' answers and two of the first exit's,
 * against a second statement of the rules by quantifiers, and against what must hold whatever the rules are. */
// uses: host/base/verdict.c host/base/httpsverdict.c
#include "base/httpsverdict.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { KINDS = 4, TYPES = 2 * KINDS, OTHERS = 6, FIRSTS = 2 };
enum { NONE = HTTPS_SAW_NONE, INVALID = HTTPS_SAW_INVALID, VALID = HTTPS_SAW_VALID, EARLIER = HTTPS_SAW_EARLIER };

static struct https_answer type(int t)
{
	return (struct https_answer){ .saw = (enum https_saw)(t % KINDS), .counts = t < KINDS };
}

/* How often each kind was seen, by all and by those that count. */
struct tally { size_t of[KINDS], counting[KINDS]; };

static struct tally tally(const struct https_answer *list, size_t n)
{
	struct tally t = { 0 };
	for (size_t i = 0; i < n; i++) {
		t.of[list[i].saw]++;
		t.counting[list[i].saw] += list[i].counts;
	}
	return t;
}

/* The second statement: for each reason the condition under which it is the answer, in no order; exactly one holds. */
static bool holds(enum reason r, const struct tally *f, const struct tally *o, size_t nf, const struct https_terms *t)
{
	bool fv = f->of[VALID], ov = o->of[VALID], inv = f->of[INVALID] || o->of[INVALID];
	bool early = f->of[EARLIER] || o->of[EARLIER], tls = fv || ov || inv, silent = t->is_probed && nf == 0;
	bool judged = !silent && (t->has_roots || !tls), shell_valid = t->is_probed && fv;
	switch (r) {
	case REASON_FIRST_SILENT: return silent;
	case REASON_NO_ROOTS: return !silent && tls && !t->has_roots;
	case REASON_HTTPS_WITHHELD: return judged && ov && !fv;
	case REASON_HTTPS_SELECTIVE: return judged && ov && fv && !t->is_probed;
	case REASON_HTTPS_BACK: return judged && fv && !ov && !t->is_probed;
	case REASON_HTTPS_UNCLEAR: return judged && inv && !ov && !fv;
	case REASON_HTTPS_WAS_THERE: return judged && early && !tls;
	case REASON_NO_HTTPS: return judged && !early && !tls && o->counting[NONE] >= t->k;
	case REASON_HTTPS_THERE: return judged && shell_valid && !o->of[NONE] && !o->of[INVALID] && o->counting[VALID] >= t->k;
	case REASON_DISSENT: return judged && shell_valid && (o->of[NONE] || o->of[INVALID]);
	case REASON_TOO_FEW:
		return judged && ((!early && !tls && o->counting[NONE] < t->k) ||
		                  (shell_valid && !o->of[NONE] && !o->of[INVALID] && o->counting[VALID] < t->k));
	default: return false;
	}
}

static size_t seen, met[REASON_COUNT];

static void check_one(const struct https_answer *f, size_t nf, const struct https_answer *o, size_t no,
                      const struct https_terms *t)
{
	struct finding got = https_verdict_of(f, nf, o, no, t);
	struct tally all = tally(o, no), mine = tally(f, nf);
	seen++;
	met[got.reason]++;
	for (int r = 0; r < REASON_COUNT; r++)
		assert_int_equal(holds((enum reason)r, &mine, &all, nf, t), got.reason == (enum reason)r);
	bool is_match = got.reason == REASON_NO_HTTPS || got.reason == REASON_HTTPS_THERE;
	bool is_mismatch = got.reason == REASON_HTTPS_WITHHELD || got.reason == REASON_HTTPS_SELECTIVE;
	assert_int_equal(got.verdict, is_match ? VERDICT_MATCH : is_mismatch ? VERDICT_MISMATCH : VERDICT_UNDECIDED);
	/* The order says nothing. */
	struct https_answer turned[OTHERS];
	for (size_t i = 0; i < no; i++)
		turned[i] = o[no - 1 - i];
	assert_int_equal(https_verdict_of(f, nf, turned, no, t).reason, got.reason);
	/* For the browser one more valid chain always accuses, and nothing takes an accusation back. */
	if (no == OTHERS || !t->has_roots || t->is_probed)
		return;
	for (int more = 0; more < TYPES; more++) {
		memcpy(turned, o, no * sizeof *o);
		turned[no] = type(more);
		if (is_mismatch || more % KINDS == VALID)
			assert_int_equal(https_verdict_of(f, nf, turned, no + 1, t).verdict, VERDICT_MISMATCH);
	}
}

static void check(const struct https_answer *f, size_t nf, const struct https_answer *o, size_t no)
{
	for (size_t k = 1; k <= 5; k++)
		for (int how = 0; how < 4; how++) {
			const struct https_terms t = { k, how & 1, how & 2 };
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
	assert_int_equal(seen, 15 * 3003 * 20);   /* multisets of 0..2 of 4, of 0..6 of 8; five k, roots, shell */
	static const enum reason mine[] = { REASON_FIRST_SILENT, REASON_NO_ROOTS, REASON_HTTPS_WITHHELD, REASON_HTTPS_SELECTIVE,
		REASON_HTTPS_BACK, REASON_HTTPS_UNCLEAR, REASON_HTTPS_WAS_THERE, REASON_NO_HTTPS, REASON_HTTPS_THERE,
		REASON_DISSENT, REASON_TOO_FEW };
	for (size_t i = 0; i < sizeof mine / sizeof *mine; i++)
		assert_true(met[mine[i]] > 0);
}

static void no_k_is_one(void **state)
{
	(void)state;
	struct https_answer none = type(NONE);
	const struct https_terms t = { 0, true, false };
	assert_int_equal(https_verdict_of(NULL, 0, NULL, 0, &t).verdict, VERDICT_UNDECIDED);
	assert_int_equal(https_verdict_of(NULL, 0, &none, 1, &t).verdict, VERDICT_MATCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_multiset), cmocka_unit_test(no_k_is_one) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
