// The verdict on a download, over every multiset of up to five answers and every term, against the rules written down once more in another way.
// uses: host/base/dlverdict.c host/base/verdict.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/dlverdict.h"

/* Every kind of answer that matters. */
static const struct dl_seen kinds[] = {
	{ DL_NOTHING, REASON_NONE, 0, 0, true, false, true }, { DL_NOTHING, REASON_REFUSED, 0, 0, true, false, true },
	{ DL_NOTHING, REASON_GONE, 0, 0, true, false, true },
	{ DL_SAME, REASON_NONE, 0, 0, true, false, true }, { DL_SAME, REASON_NONE, 0, 0, false, false, true },
	{ DL_SAME, REASON_NONE, 0, 1, true, false, true }, { DL_SAME, REASON_NONE, 0, 0, true, true, true },
	{ DL_SAME, REASON_NONE, 0, 0, true, false, false },
	{ DL_OTHER, REASON_NONE, 1, 0, true, false, true }, { DL_OTHER, REASON_NONE, 2, 0, true, false, true },
	{ DL_OTHER, REASON_NONE, 1, 0, false, false, true }, { DL_OTHER, REASON_NONE, 1, 1, true, false, true },
	{ DL_OTHER, REASON_NONE, 1, 0, true, false, false }, { DL_OTHER, REASON_NONE, 1, 0, true, true, true },
};
#define KINDS (sizeof kinds / sizeof *kinds)

static bool may_match(const struct dl_seen *s, size_t n, const struct dl_terms *t)
{
	size_t counting = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i].found == DL_NOTHING)
			continue;
		if (s[i].found == DL_OTHER || s[i].url != t->url || s[i].is_weak)
			return false;
		if (!s[i].is_same_entity && t->method != DL_METHOD_WHOLE)
			return false;
		counting += s[i].counts;
	}
	return !t->was_false && t->has_start && t->method != DL_METHOD_NONE && counting >= (t->k ? t->k : 1);
}

static bool may_accuse(const struct dl_seen *s, size_t n, const struct dl_terms *t)
{
	size_t counting = 0, needed = 2;
	unsigned content = 0;
	if (t->was_false)
		return true;
	for (size_t i = 0; i < n; i++) {
		if (s[i].found == DL_NOTHING)
			continue;
		if (s[i].found == DL_SAME || s[i].url != t->url || (content && s[i].content != content))
			return false;
		content = s[i].content;
		counting += s[i].counts;
		if (s[i].is_weak && t->k > needed)
			needed = t->k;
	}
	return t->has_start && !t->is_post && !t->has_cookies && counting >= needed;
}

static unsigned long seen_cases, matches, mismatches;

static void judge(const struct dl_seen *s, size_t n, const struct dl_terms *t)
{
	struct finding f = dl_verdict(s, n, t);
	struct dl_seen turned[5];
	if ((f.verdict == VERDICT_MATCH) != may_match(s, n, t) || (f.verdict == VERDICT_MISMATCH) != may_accuse(s, n, t))
		fail_msg("%s %s of %zu answers, method %d, k %zu", verdict_name(f.verdict), reason_name(f.reason), n, (int)t->method, t->k);
	assert_true(f.verdict != VERDICT_EXEMPT && f.reason != REASON_NONE);
	for (size_t i = 0; i < n; i++)
		turned[i] = s[n - 1 - i];
	struct finding g = dl_verdict(turned, n, t);
	assert_int_equal(g.verdict, f.verdict);
	/* Who is sure needs nobody else. */
	if (f.verdict == VERDICT_MATCH)
		assert_false(dl_needs_another(s, n, t));
	seen_cases++;
	matches += f.verdict == VERDICT_MATCH;
	mismatches += f.verdict == VERDICT_MISMATCH;
}

static void every_multiset(void **state)
{
	(void)state;
	struct dl_seen s[5];
	size_t at[5];
	for (size_t n = 0; n <= 5; n++) {
		memset(at, 0, sizeof at);
		for (;;) {
			for (size_t i = 0; i < n; i++)
				s[i] = kinds[at[i]];
			for (unsigned m = 0; m < DL_METHODS; m++)
				for (size_t k = 0; k <= 3; k += k == 1 ? 2 : 1)
					for (unsigned flags = 0; flags < 16; flags += n > 3 ? 5 : 1) {
						const struct dl_terms t = { .method = (enum dl_method)m, .k = k, .was_false = flags & 1, .has_start = !(flags & 2),
						                            .is_post = flags & 4, .has_cookies = flags & 8 };
						judge(s, n, &t);
					}
			/* The next multiset: not falling. */
			size_t i = n;
			while (i > 0 && at[i - 1] == KINDS - 1)
				i--;
			if (i == 0)
				break;
			at[i - 1]++;
			for (; i < n; i++)
				at[i] = at[i - 1];
		}
	}
	print_message("%lu combinations, %lu match, %lu mismatch\n", seen_cases, matches, mismatches);
	assert_true(matches > 100 && mismatches > 100);
}

#define CHECK(v, r, method_, k_, ...) do { \
		const struct dl_seen s_[] = { __VA_ARGS__ }; \
		const struct dl_terms t_ = { .method = method_, .k = k_, .has_start = true }; \
		struct finding f_ = dl_verdict(s_, sizeof s_ / sizeof *s_, &t_); \
		assert_string_equal(verdict_name(f_.verdict), verdict_name(v)); \
		assert_string_equal(reason_name(f_.reason), reason_name(r)); \
	} while (0)
#define SAME { .found = DL_SAME, .is_same_entity = true, .counts = true }
#define OTHER(n) { .found = DL_OTHER, .content = n, .is_same_entity = true, .counts = true }
#define NOTHING(w) { .found = DL_NOTHING, .why = w }

static void reasons(void **state)
{
	(void)state;
	CHECK(VERDICT_MATCH, REASON_SAME_FILE, DL_METHOD_WHOLE, 1, SAME);
	CHECK(VERDICT_MATCH, REASON_SAME_DIGEST, DL_METHOD_DIGEST, 3, SAME, SAME, SAME, NOTHING(REASON_REFUSED));
	CHECK(VERDICT_MATCH, REASON_SAME_COMMITMENT, DL_METHOD_COMMITMENT, 3, SAME, SAME, SAME);
	CHECK(VERDICT_MATCH, REASON_SAME_RANGES, DL_METHOD_RANGES, 3, SAME, SAME, SAME);
	CHECK(VERDICT_UNDECIDED, REASON_TOO_FEW, DL_METHOD_COMMITMENT, 3, SAME, SAME);
	CHECK(VERDICT_UNDECIDED, REASON_TOO_FEW, DL_METHOD_WHOLE, 1, OTHER(1));
	CHECK(VERDICT_MISMATCH, REASON_OTHER_FILE, DL_METHOD_WHOLE, 1, OTHER(1), OTHER(1));
	CHECK(VERDICT_UNDECIDED, REASON_CUSTOMISED, DL_METHOD_WHOLE, 1, OTHER(1), OTHER(2));
	CHECK(VERDICT_UNDECIDED, REASON_ONE_DIFFERS, DL_METHOD_WHOLE, 1, OTHER(1), SAME);
	CHECK(VERDICT_UNDECIDED, REASON_GONE, DL_METHOD_WHOLE, 1, NOTHING(REASON_GONE), NOTHING(REASON_NONE));
	CHECK(VERDICT_UNDECIDED, REASON_WEAK, DL_METHOD_DIGEST, 1, { .found = DL_SAME, .is_same_entity = true, .counts = true, .is_weak = true });
#define WEAK_OTHER { .found = DL_OTHER, .content = 1, .is_same_entity = true, .counts = true, .is_weak = true }
	CHECK(VERDICT_UNDECIDED, REASON_TOO_FEW, DL_METHOD_DIGEST, 3, WEAK_OTHER, WEAK_OTHER);
	CHECK(VERDICT_MISMATCH, REASON_OTHER_FILE, DL_METHOD_DIGEST, 3, WEAK_OTHER, WEAK_OTHER, WEAK_OTHER);
	CHECK(VERDICT_UNDECIDED, REASON_ENTITY, DL_METHOD_RANGES, 1, { .found = DL_SAME, .counts = true });
	CHECK(VERDICT_UNDECIDED, REASON_REDIRECTS, DL_METHOD_WHOLE, 1, { .found = DL_SAME, .is_same_entity = true, .counts = true, .url = 1 });
}

/* What an exit has: the first one's file, two other ones, nothing. */
enum { A, X, Y, NONE, HAVE };

/* The whole file as it is asked for: exit after exit, as long as one more is needed. *asked: how many were. */
static struct finding ask_in_turn(const unsigned *has, size_t n, size_t k, size_t *asked)
{
	struct dl_seen s[8];
	const struct dl_terms t = { .method = k > 1 ? DL_METHOD_RANGES : DL_METHOD_WHOLE, .k = k, .has_start = true };
	for (*asked = 0; *asked < n && dl_needs_another(s, *asked, &t); ++*asked) {
		const struct dl_seen same = SAME, other = OTHER(has[*asked]), none = NOTHING(REASON_NONE);
		s[*asked] = has[*asked] == A ? same : has[*asked] == NONE ? none : other;
	}
	return dl_verdict(s, *asked, &t);
}

/* Two answers and who agrees with whom; what the rule says word by word. */
static void the_third_copy_decides(void **state)
{
	(void)state;
	static const struct { unsigned second, third; enum verdict v; enum reason r; } rule[] = {
		{ A, A, VERDICT_MATCH, REASON_SAME_FILE },           { A, X, VERDICT_MATCH, REASON_SAME_FILE },        /* no third is asked */
		{ X, X, VERDICT_MISMATCH, REASON_OTHER_FILE },       { Y, Y, VERDICT_MISMATCH, REASON_OTHER_FILE },    /* two against the first */
		{ X, Y, VERDICT_UNDECIDED, REASON_CUSTOMISED },      { Y, X, VERDICT_UNDECIDED, REASON_CUSTOMISED },   /* all different */
		{ X, A, VERDICT_UNDECIDED, REASON_ONE_DIFFERS },     { Y, A, VERDICT_UNDECIDED, REASON_ONE_DIFFERS },  /* the third like the first */
	};
	for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
		const unsigned has[] = { rule[i].second, rule[i].third };
		size_t asked;
		struct finding f = ask_in_turn(has, 2, 1, &asked);
		assert_int_equal(f.verdict, rule[i].v);
		assert_int_equal(f.reason, rule[i].r);
		assert_int_equal(asked, rule[i].second == A ? 1 : 2);
	}
	/* Any five exits, failures among them: the first two that answer are the second and the third. A failure is no vote. */
	for (unsigned code = 0; code < HAVE * HAVE * HAVE * HAVE * HAVE; code++) {
		unsigned has[5], answers[2], n = 0;
		size_t asked;
		for (unsigned i = 0, c = code; i < 5; i++, c /= HAVE) {
			has[i] = c % HAVE;
			if (has[i] != NONE && n < 2)
				answers[n++] = has[i];
		}
		enum verdict want = VERDICT_UNDECIDED;
		if (n && answers[0] == A)
			want = VERDICT_MATCH;
		else if (n == 2 && answers[0] == answers[1])
			want = VERDICT_MISMATCH;
		struct finding f = ask_in_turn(has, 5, 1, &asked);
		if (f.verdict != want)
			fail_msg("%u: %s %s", code, verdict_name(f.verdict), reason_name(f.reason));
		/* Nobody is asked in vain. */
		if (n && answers[0] == A)
			assert_int_equal(has[asked - 1], A);
	}
	/* Through k = 3: all three are asked, and one that sees what the first saw saves it from being accused. */
	for (unsigned code = 0; code < 27; code++) {
		const unsigned has[] = { code % 3, code / 3 % 3, code / 9 };
		unsigned a = 0, x = 0;
		size_t asked;
		for (unsigned i = 0; i < 3; i++) {
			a += has[i] == A;
			x += has[i] == X;
		}
		struct finding f = ask_in_turn(has, 3, 3, &asked);
		assert_int_equal(asked, 3);
		assert_int_equal(f.verdict, a == 3 ? VERDICT_MATCH : a == 0 && (x == 3 || x == 0) ? VERDICT_MISMATCH : VERDICT_UNDECIDED);
		assert_int_equal(f.reason, a == 3 ? REASON_SAME_RANGES : a ? REASON_ONE_DIFFERS : x % 3 ? REASON_CUSTOMISED : REASON_OTHER_FILE);
	}
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(dl_method_name(DL_METHOD_DIGEST), "digest_header");
	assert_string_equal(dl_method_name(DL_METHOD_RANGES), "ranges");
	assert_null(dl_method_name(DL_METHOD_NONE));
	assert_null(dl_method_name(DL_METHODS));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_multiset), cmocka_unit_test(reasons), cmocka_unit_test(the_third_copy_decides), cmocka_unit_test(names) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
