// The verdict on a copied address: every multiset of answers of up to five exits, with every flag, against the rules said
// another way.
// uses: host/base/clipverdict.c host/base/verdict.c
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/clipverdict.h"
#include <string.h>

/* Every kind of answer: found, family, alone, which other address, which URL, counts, reflected. Where the family differs, whether it is alone is left out. */
#define KINDS (3 * 3 * 2 * 2 * 2 * 2)

static struct clip_seen kind(unsigned i)
{
	struct clip_seen s = { 0 };
	s.is_reflected = i % 2; i /= 2;
	s.counts = i % 2; i /= 2;
	s.url = i % 2; i /= 2;
	s.address = i % 2; i /= 2;
	s.is_family_equal = i % 3 > 0;
	s.is_alone = i % 3 > 1; i /= 3;
	s.found = (enum clip_found)i;
	return s;
}

static bool all(const struct clip_seen *s, size_t n, enum clip_found found)
{
	for (size_t i = 0; i < n; i++)
		if (s[i].found != found)
			return false;
	return true;
}

static unsigned long seen_verdicts[4], checked;

static void judge(const struct clip_seen *s, size_t n, const struct clip_terms *t)
{
	struct finding f = clip_verdict(s, n, t);
	size_t counting = 0;
	bool reflected = t->is_reflected, one_url = true, one_address = true, families = true, alone = true;
	for (size_t i = 0; i < n; i++) {
		counting += s[i].counts;
		reflected |= s[i].is_reflected;
		one_url &= s[i].url == s[0].url;
		one_address &= s[i].address == s[0].address;
		families &= s[i].is_family_equal;
		alone &= s[i].is_alone;
	}
	bool match = !t->was_false && !reflected && counting >= t->k && n > 0 && all(s, n, CLIP_SAME) && families && alone && one_url;
	bool mismatch = t->was_false ||
	                (!reflected && counting >= t->k && n >= 2 && all(s, n, CLIP_OTHER) && one_address && one_url);
	assert_int_equal(f.verdict, match ? VERDICT_MATCH : mismatch ? VERDICT_MISMATCH : VERDICT_UNDECIDED);
	assert_false(match && mismatch);
	assert_int_equal(f.reason == REASON_SAME_ADDRESS, match);
	assert_int_equal(f.reason == REASON_OTHERS_AGREE || f.reason == REASON_REMEMBERED, mismatch);
	if (f.verdict == VERDICT_UNDECIDED)
		assert_true(f.reason == REASON_REFLECTED || f.reason == REASON_DISSENT || f.reason == REASON_REDIRECTS ||
		            f.reason == REASON_TOO_FEW || f.reason == REASON_PLACE || f.reason == REASON_FAMILY ||
		            f.reason == REASON_OTHER_ADDRESSES);
	seen_verdicts[f.verdict]++;
	checked++;
	/* The order of answers does not matter. */
	struct clip_seen turned[5];
	for (size_t i = 0; i < n; i++)
		turned[i] = s[n - 1 - i];
	struct finding g = clip_verdict(turned, n, t);
	assert_true(g.verdict == f.verdict && g.reason == f.reason);
}

static void choose(struct clip_seen *s, size_t n, size_t at, unsigned from, const struct clip_terms *t)
{
	if (at == n) {
		judge(s, n, t);
		return;
	}
	for (unsigned i = from; i < KINDS; i++) {
		/* Five at once: the two flags that act alone are left out, four have shown them. */
		if (n == 5 && (i % 2 || !(i / 2 % 2)))
			continue;
		s[at] = kind(i);
		choose(s, n, at + 1, i, t);
	}
}

static void every_multiset(void **state)
{
	(void)state;
	struct clip_seen s[5];
	for (size_t n = 0; n <= 5; n++)
		for (size_t k = n > 3 ? n - 1 : 1; k <= (n > 3 ? n : 5); k++)
			for (unsigned flags = 0; flags < (n > 3 ? 1u : 4u); flags++) {
				const struct clip_terms t = { .k = k, .is_reflected = flags & 1, .was_false = flags & 2 };
				choose(s, n, 0, 0, &t);
			}
	print_message("%lu multisets: %lu match, %lu mismatch, %lu undecided\n", checked, seen_verdicts[VERDICT_MATCH],
	              seen_verdicts[VERDICT_MISMATCH], seen_verdicts[VERDICT_UNDECIDED]);
	assert_true(seen_verdicts[VERDICT_MATCH] > 0 && seen_verdicts[VERDICT_MISMATCH] > 0);
}

static void reasons(void **state)
{
	(void)state;
	const struct clip_seen same = { .found = CLIP_SAME, .is_family_equal = true, .is_alone = true, .counts = true };
	const struct clip_seen other = { .found = CLIP_OTHER, .counts = true }, absent = { .counts = true };
	struct clip_seen far = same, kin = same, many = same, tricked = same;
	far.url = 1;
	kin.is_family_equal = many.is_alone = false;
	tricked.is_reflected = true;
	const struct clip_terms three = { .k = 3 }, zero = { .k = 0 }, repeats = { .k = 3, .is_reflected = true }, was = { .k = 3, .was_false = true };
	const struct { struct clip_seen s[3]; size_t n; const struct clip_terms *t; enum reason reason; } table[] = {
		{ { same, same, same }, 3, &three, REASON_SAME_ADDRESS }, { { same, same, other }, 3, &three, REASON_DISSENT },
		{ { same, same, absent }, 3, &three, REASON_DISSENT }, { { same, absent }, 2, &three, REASON_DISSENT },
		{ { absent, absent, absent }, 3, &three, REASON_PLACE }, { { other, other, absent }, 3, &three, REASON_PLACE },
		{ { same, same, far }, 3, &three, REASON_REDIRECTS }, { { same, same, kin }, 3, &three, REASON_FAMILY }, { { same, many, same }, 3, &three, REASON_OTHER_ADDRESSES },
		{ { many, kin, same }, 3, &three, REASON_FAMILY },
		{ { same, same, tricked }, 3, &three, REASON_REFLECTED }, { { same, same }, 2, &three, REASON_TOO_FEW },
		{ { other, other }, 2, &three, REASON_TOO_FEW }, { { other, other, other }, 3, &three, REASON_OTHERS_AGREE },
		{ { other }, 1, &zero, REASON_TOO_FEW }, { { same }, 1, &zero, REASON_SAME_ADDRESS }, { { same }, 0, &zero, REASON_TOO_FEW },
		{ { same, same, same }, 3, &repeats, REASON_REFLECTED }, { { same, same, same }, 3, &was, REASON_REMEMBERED },
		{ { other, other, other }, 3, &repeats, REASON_REFLECTED },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct finding f = clip_verdict(table[i].s, table[i].n, table[i].t);
		if (f.reason != table[i].reason)
			fail_msg("%zu: %s", i, reason_name(f.reason));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(every_multiset), cmocka_unit_test(reasons) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
