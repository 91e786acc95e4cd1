/* The verdict function over every multiset of up to six corroborating answers, against a second statement of DESIGN.md's
 * rules that was written on its own (by quantifiers over a matrix of equality, no order of rules but the one in the
 * text), and against properties that must hold whatever the rules are. */
// uses: host/base/verdict.c
#include "base/verdict.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MAX 16

enum { UNSIGNED = 0, SIGNED = 1, VALID = 2 };

static struct answer make(int leaf, int key, int how, bool counts)
{
	struct answer a = { .is_signed = how >= SIGNED, .is_valid = how == VALID, .counts = counts };
	a.leaf[0] = (uint8_t)leaf;
	a.spki[31] = (uint8_t)key;
	return a;
}

static struct answer offer(int leaf, int key)
{
	struct answer a = make(leaf, key, UNSIGNED, true);
	a.is_offer = true;
	return a;
}

/* What one other exit may show. Leaf 1 is the first exit's in most set-ups; leaf 2 has the same key or another. */
static const struct { int leaf, key, how; } kinds[] = {
	{ 1, 1, UNSIGNED }, { 1, 1, SIGNED }, { 1, 1, VALID }, { 2, 1, UNSIGNED }, { 2, 1, SIGNED }, { 2, 1, VALID },
	{ 2, 2, SIGNED }, { 2, 2, VALID }, { 3, 3, SIGNED }, { 3, 3, VALID },
};
enum { KINDS = sizeof kinds / sizeof *kinds, TYPES = 2 * KINDS };

static struct answer type(int t)
{
	return make(kinds[t % KINDS].leaf, kinds[t % KINDS].key, kinds[t % KINDS].how, t < KINDS);
}

/* The second statement. */
static bool same(const struct answer *a, const struct answer *b)
{
	bool proved_a = a->is_offer || a->is_signed, proved_b = b->is_offer || b->is_signed;
	return !memcmp(a->leaf, b->leaf, 32) || (!memcmp(a->spki, b->spki, 32) && proved_a && proved_b);
}

struct facts {
	size_t counting;
	bool offered, alien_valid, selective, unanimous_against, first_unsteady, unanimous_for, leaves_equal, nobody_agrees;
};

static struct facts facts_of(const struct answer *f, size_t nf, const struct answer *o, size_t no, const struct terms *t)
{
	struct facts x = { .offered = nf && f[0].is_offer, .unanimous_against = no >= 2, .unanimous_for = true,
	                   .leaves_equal = true, .nobody_agrees = true };
	bool some_first_valid = false;
	for (size_t i = 0; i < nf; i++) {
		some_first_valid |= f[i].is_valid && !f[i].is_offer;
		x.leaves_equal &= !memcmp(f[i].leaf, f[0].leaf, 32);
		x.selective |= x.offered && i && f[i].is_valid && !same(&f[i], &f[0]);
		for (size_t j = 0; j < nf; j++)
			x.first_unsteady |= !same(&f[i], &f[j]);
	}
	x.selective |= !x.offered && some_first_valid && t->saw == BROWSER_SAW_INVALID;
	x.first_unsteady |= !x.offered && some_first_valid && t->saw != BROWSER_SAW_UNKNOWN;
	for (size_t i = 0; i < no; i++) {
		bool like_any = false, like_all = true;
		for (size_t j = 0; j < nf; j++) {
			like_any |= same(&o[i], &f[j]);
			like_all &= same(&o[i], &f[j]);
			x.leaves_equal &= !memcmp(o[i].leaf, f[j].leaf, 32);
		}
		bool like_accused = x.offered ? same(&o[i], &f[0]) : like_any;
		bool explained = x.offered ? like_accused : nf == 0 ? true : like_any || some_first_valid;
		if (!x.offered && t->saw == BROWSER_SAW_INVALID)
			explained = false;
		x.alien_valid |= o[i].is_valid && !explained;
		x.counting += o[i].counts;
		x.unanimous_against &= !like_accused;
		x.unanimous_for &= like_all;
		x.nobody_agrees &= !like_any;
		for (size_t j = 0; j < no; j++) {
			x.unanimous_against &= same(&o[i], &o[j]);
			x.nobody_agrees &= i == j || !same(&o[i], &o[j]);
		}
	}
	return x;
}

static struct finding expected(const struct answer *f, size_t nf, const struct answer *o, size_t no,
                               const struct terms *t)
{
	struct facts x = facts_of(f, nf, o, no, t);
	bool enough = x.counting >= t->k;
	if (t->has_roots && x.alien_valid)
		return (struct finding){ VERDICT_MISMATCH, REASON_OTHERS_VALID };
	if (t->has_roots && x.selective)
		return (struct finding){ VERDICT_MISMATCH, REASON_FIRST_NOW_VALID };
	if (nf && enough && x.unanimous_against)
		return (struct finding){ VERDICT_MISMATCH, REASON_OTHERS_AGREE };
	if (nf && enough && x.unanimous_for && !x.first_unsteady && t->has_roots)
		return (struct finding){ VERDICT_MATCH, x.leaves_equal ? REASON_SAME_CERT : REASON_SAME_KEY };
	enum reason why = !nf ? REASON_FIRST_SILENT : x.first_unsteady ? REASON_FIRST_DIFFERS :
	                  !enough ? REASON_TOO_FEW : x.unanimous_for ? REASON_NO_ROOTS :
	                  x.nobody_agrees ? REASON_ROTATES : REASON_DISSENT;
	return (struct finding){ VERDICT_UNDECIDED, why };
}

/* What the first exit may have shown: sets of up to three answers. */
struct first { struct answer a[3]; size_t n; };
static size_t firsts(struct first out[static 24])
{
	const struct answer probes[] = { make(1, 1, UNSIGNED, true), make(1, 1, SIGNED, true), make(1, 1, VALID, true),
		make(2, 1, SIGNED, true), make(2, 2, SIGNED, true), make(2, 2, VALID, true), make(2, 1, VALID, true) };
	size_t n = 0;
	out[n++] = (struct first){ .n = 0 };
	out[n++] = (struct first){ { offer(1, 1) }, 1 };
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
		out[n++] = (struct first){ { offer(1, 1), probes[i] }, 2 };
	for (size_t i = 0; i < 4; i++)
		out[n++] = (struct first){ { probes[i] }, 1 };
	out[n++] = (struct first){ { probes[1], probes[3] }, 2 };
	out[n++] = (struct first){ { probes[1], probes[4] }, 2 };
	out[n++] = (struct first){ { probes[1], probes[5] }, 2 };
	out[n++] = (struct first){ { probes[0], probes[1] }, 2 };
	out[n++] = (struct first){ { probes[1], probes[1], probes[4] }, 3 };
	out[n++] = (struct first){ { offer(1, 1), probes[1], probes[5] }, 3 };
	return n;
}

typedef void visit(const struct answer *others, size_t n, void *arg);

/* Every multiset of exactly n types: non-decreasing sequences. */
static void multisets(size_t n, visit *see, void *arg)
{
	int at[6] = { 0 };
	struct answer others[6];
	for (;;) {
		for (size_t i = 0; i < n; i++)
			others[i] = type(at[i]);
		see(others, n, arg);
		size_t i = n;
		while (i > 0 && at[i - 1] == TYPES - 1)
			i--;
		if (i == 0)
			return;
		at[i - 1]++;
		for (size_t j = i; j < n; j++)
			at[j] = at[i - 1];
	}
}

struct sweep { struct first f[24]; size_t n_first; unsigned long cases, seen[REASON_COUNT]; };

static void compare(const struct answer *others, size_t n, void *arg)
{
	struct sweep *s = arg;
	for (size_t i = 0; i < s->n_first; i++)
		for (unsigned how = 0; how < 24; how++) {
			struct terms t = { 1 + how % 4, (enum browser_saw)(how / 4 % 3), how < 12 };
			bool is_dull = (s->f[i].n && s->f[i].a[0].is_offer && t.saw) || !t.has_roots || t.k < 3 ||
			               (n == 6 && (t.saw == BROWSER_SAW_DOUBTFUL || t.k != 3));
			if (n > 4 && is_dull)
				continue;   /* nothing new with many answers; small sets cover them */
			struct finding got = verdict_of(s->f[i].a, s->f[i].n, others, n, &t);
			struct finding want = expected(s->f[i].a, s->f[i].n, others, n, &t);
			if (got.verdict != want.verdict || got.reason != want.reason) {
				print_error("first set %zu, %zu others, k %zu, saw %d, roots %d: %s/%s, expected %s/%s\n", i, n, t.k,
				            (int)t.saw, t.has_roots, verdict_name(got.verdict), reason_name(got.reason),
				            verdict_name(want.verdict), reason_name(want.reason));
				fail();
			}
			s->cases++;
			s->seen[got.reason]++;
		}
}

static void every_multiset(void **state)
{
	(void)state;
	struct sweep s = { .cases = 0 };
	s.n_first = firsts(s.f);
	compare(NULL, 0, &s);
	for (size_t n = 1; n <= 6; n++)
		multisets(n, compare, &s);
	print_message("%lu cases\n", s.cases);
	const enum reason reached[] = { REASON_SAME_CERT, REASON_SAME_KEY, REASON_OTHERS_VALID, REASON_FIRST_NOW_VALID,
		REASON_OTHERS_AGREE, REASON_TOO_FEW, REASON_DISSENT, REASON_ROTATES, REASON_FIRST_DIFFERS, REASON_FIRST_SILENT,
		REASON_NO_ROOTS };
	for (size_t i = 0; i < sizeof reached / sizeof *reached; i++)
		assert_true(s.seen[reached[i]] > 0);
}

/* Properties: each says why a wrong verdict is impossible, without repeating the rules. */
static void properties_of(const struct answer *others, size_t n, void *arg)
{
	struct sweep *s = arg;
	struct answer more[7], turned[7];
	for (size_t i = 0; i < n; i++)
		more[i] = others[i];
	for (size_t i = 0; i < n; i++)
		turned[i] = others[n - 1 - i];
	for (size_t i = 0; i < s->n_first; i++)
		for (unsigned how = 0; how < 9; how++) {
			const struct first *f = &s->f[i];
			struct terms t = { 1 + how % 3, (enum browser_saw)(how / 3), true };
			struct finding now = verdict_of(f->a, f->n, others, n, &t);
			/* the order in which exits answered says nothing */
			struct finding other_way = verdict_of(f->a, f->n, turned, n, &t);
			assert_true(now.verdict == other_way.verdict && now.reason == other_way.reason);
			/* only a match needs k, and it needs k answers that count */
			size_t counting = 0;
			for (size_t j = 0; j < n; j++)
				counting += others[j].counts;
			if (now.verdict == VERDICT_MATCH)
				assert_true(counting >= t.k && f->n > 0);
			/* a larger k never opens a door that a smaller one kept shut */
			struct terms stricter = t;
			stricter.k++;
			if (verdict_of(f->a, f->n, others, n, &stricter).verdict == VERDICT_MATCH)
				assert_int_equal(now.verdict, VERDICT_MATCH);
			/* without roots nothing matches and nothing is called valid */
			struct terms rootless = t;
			rootless.has_roots = false;
			struct finding blind = verdict_of(f->a, f->n, others, n, &rootless);
			assert_true(blind.verdict != VERDICT_MATCH && blind.reason != REASON_OTHERS_VALID);
			for (int type_no = 0; type_no < TYPES; type_no++) {
				more[n] = type(type_no);
				struct finding then = verdict_of(f->a, f->n, more, n + 1, &t);
				bool dissents = false;
				for (size_t j = 0; j < f->n; j++)
					dissents |= !same(&more[n], &f->a[j]);
				/* a dissent never leads to a match, and never leaves one */
				if (dissents)
					assert_int_not_equal(then.verdict, VERDICT_MATCH);
				/* one more answer never heals the sight of a valid chain elsewhere, nor a selective first exit */
				if (now.reason == REASON_OTHERS_VALID || now.reason == REASON_FIRST_NOW_VALID)
					assert_int_equal(then.verdict, VERDICT_MISMATCH);
				/* an answer that does not count never makes a match */
				if (!more[n].counts && now.verdict != VERDICT_MATCH)
					assert_int_not_equal(then.verdict, VERDICT_MATCH);
			}
			s->cases++;
		}
}

static void properties(void **state)
{
	(void)state;
	struct sweep s = { .cases = 0 };
	s.n_first = firsts(s.f);
	properties_of(NULL, 0, &s);
	for (size_t n = 1; n <= 4; n++)
		multisets(n, properties_of, &s);
	print_message("%lu cases, %d further answers each\n", s.cases, TYPES);
}

#define CHECK(first, others, k_, saw_, verdict_, reason_) do { \
		struct terms terms_ = { k_, saw_, true }; \
		struct finding got_ = verdict_of(first, sizeof(first) / sizeof *(first), others, \
		                                 sizeof(others) / sizeof *(others), &terms_); \
		assert_string_equal(reason_name(got_.reason), reason_name(reason_)); \
		assert_int_equal(got_.verdict, verdict_); \
	} while (0)

/* The cases that the design names, spelt out. */
static void named_matches(void **state)
{
	(void)state;
	const struct answer own[] = { offer(1, 1) }, same3[] = { make(1, 1, SIGNED, true), make(1, 1, SIGNED, true),
		make(1, 1, UNSIGNED, true) };
	CHECK(own, same3, 3, BROWSER_SAW_INVALID, VERDICT_MATCH, REASON_SAME_CERT);
	const struct answer one_key[] = { make(2, 1, SIGNED, true), make(3, 1, SIGNED, true), make(1, 1, SIGNED, true) };
	CHECK(own, one_key, 3, BROWSER_SAW_INVALID, VERDICT_MATCH, REASON_SAME_KEY);
	/* missing intermediate: the others' chain is whole, the certificate is the same */
	const struct answer whole[] = { make(1, 1, VALID, true), make(1, 1, SIGNED, true), make(1, 1, VALID, true) };
	CHECK(own, whole, 3, BROWSER_SAW_DOUBTFUL, VERDICT_MATCH, REASON_SAME_CERT);
	/* the browser checks more than we do: everybody shows one chain that is valid to us */
	const struct answer fine[] = { make(1, 1, VALID, true) };
	const struct answer all_fine[] = { make(1, 1, VALID, true), make(1, 1, VALID, true), make(1, 1, VALID, true) };
	CHECK(fine, all_fine, 3, BROWSER_SAW_UNKNOWN, VERDICT_MATCH, REASON_SAME_CERT);
	CHECK(fine, all_fine, 3, BROWSER_SAW_DOUBTFUL, VERDICT_UNDECIDED, REASON_FIRST_DIFFERS);
}

static void a_stolen_key_in_the_certificate_proves_nothing(void **state)
{
	(void)state;
	/* another leaf with the site's public key, and nobody verified a signature with it */
	const struct answer probe[] = { make(2, 1, UNSIGNED, true) };
	const struct answer same3[] = { make(1, 1, SIGNED, true), make(1, 1, SIGNED, true), make(1, 1, SIGNED, true) };
	CHECK(probe, same3, 3, BROWSER_SAW_INVALID, VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	const struct answer own[] = { offer(1, 1) }, fake[] = { make(2, 1, UNSIGNED, true), make(1, 1, SIGNED, true),
		make(1, 1, SIGNED, true) };
	CHECK(own, fake, 3, BROWSER_SAW_INVALID, VERDICT_UNDECIDED, REASON_DISSENT);
}

static void named_mismatches(void **state)
{
	(void)state;
	const struct answer own[] = { offer(1, 1) }, probe[] = { make(1, 1, SIGNED, true) };
	const struct answer one_valid[] = { make(1, 1, SIGNED, true), make(1, 1, SIGNED, true), make(2, 2, VALID, true) };
	CHECK(own, one_valid, 3, BROWSER_SAW_UNKNOWN, VERDICT_MISMATCH, REASON_OTHERS_VALID);
	CHECK(probe, one_valid, 3, BROWSER_SAW_UNKNOWN, VERDICT_MISMATCH, REASON_OTHERS_VALID);
	const struct answer stranger[] = { make(2, 2, VALID, false) };
	CHECK(own, stranger, 3, BROWSER_SAW_UNKNOWN, VERDICT_MISMATCH, REASON_OTHERS_VALID);
	const struct answer selective[] = { offer(1, 1), make(2, 2, VALID, true) };
	const struct answer like_own[] = { make(1, 1, SIGNED, true), make(1, 1, SIGNED, true), make(1, 1, SIGNED, true) };
	CHECK(selective, like_own, 3, BROWSER_SAW_UNKNOWN, VERDICT_MISMATCH, REASON_FIRST_NOW_VALID);
	const struct answer now_valid[] = { make(2, 2, VALID, true) };
	const struct answer like_valid[] = { make(2, 2, SIGNED, true), make(2, 2, SIGNED, true), make(2, 2, SIGNED, true) };
	CHECK(now_valid, like_valid, 3, BROWSER_SAW_INVALID, VERDICT_MISMATCH, REASON_FIRST_NOW_VALID);
	const struct answer agree[] = { make(2, 2, SIGNED, true), make(2, 2, SIGNED, true), make(2, 2, SIGNED, true) };
	CHECK(own, agree, 3, BROWSER_SAW_UNKNOWN, VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	/* selective: the first exit shows us what the others see, but the browser got something else */
	const struct answer two_faced[] = { offer(1, 1), make(2, 2, SIGNED, true) };
	CHECK(two_faced, agree, 3, BROWSER_SAW_UNKNOWN, VERDICT_MISMATCH, REASON_OTHERS_AGREE);
}

/* The first exit stays silent to us while it intercepts the browser: a valid chain elsewhere still convicts it. */
static void silence_does_not_help_an_interceptor(void **state)
{
	(void)state;
	const struct answer valid[] = { make(2, 2, VALID, true) };
	struct terms t = { 3, BROWSER_SAW_INVALID, true };
	assert_int_equal(verdict_of(NULL, 0, valid, 1, &t).reason, REASON_OTHERS_VALID);
	t.saw = BROWSER_SAW_DOUBTFUL;
	assert_int_equal(verdict_of(NULL, 0, valid, 1, &t).reason, REASON_FIRST_SILENT);
}

static void named_undecided(void **state)
{
	(void)state;
	const struct answer own[] = { offer(1, 1) };
	const struct answer two[] = { make(1, 1, SIGNED, true), make(1, 1, SIGNED, true) };
	CHECK(own, two, 3, BROWSER_SAW_UNKNOWN, VERDICT_UNDECIDED, REASON_TOO_FEW);
	const struct answer lent[] = { make(1, 1, SIGNED, true), make(1, 1, SIGNED, true), make(1, 1, SIGNED, false) };
	CHECK(own, lent, 3, BROWSER_SAW_UNKNOWN, VERDICT_UNDECIDED, REASON_TOO_FEW);
	const struct answer liar[] = { make(1, 1, SIGNED, true), make(1, 1, SIGNED, true), make(1, 1, SIGNED, true),
		make(3, 3, SIGNED, true) };
	CHECK(own, liar, 3, BROWSER_SAW_UNKNOWN, VERDICT_UNDECIDED, REASON_DISSENT);
	const struct answer old_liar[] = { make(1, 1, SIGNED, true), make(1, 1, SIGNED, true), make(1, 1, SIGNED, true),
		make(3, 3, SIGNED, false) };
	CHECK(own, old_liar, 3, BROWSER_SAW_UNKNOWN, VERDICT_UNDECIDED, REASON_DISSENT);
	const struct answer rotating[] = { make(2, 2, SIGNED, true), make(3, 3, SIGNED, true), make(4, 4, SIGNED, true) };
	CHECK(own, rotating, 3, BROWSER_SAW_UNKNOWN, VERDICT_UNDECIDED, REASON_ROTATES);
	const struct answer candidates[] = { make(1, 1, SIGNED, true), make(2, 2, SIGNED, true) };
	CHECK(candidates, two, 2, BROWSER_SAW_UNKNOWN, VERDICT_UNDECIDED, REASON_FIRST_DIFFERS);
	/* one exit alone never convicts */
	const struct answer single[] = { make(2, 2, SIGNED, true) };
	CHECK(own, single, 1, BROWSER_SAW_UNKNOWN, VERDICT_UNDECIDED, REASON_ROTATES);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(verdict_name(VERDICT_MATCH), "match");
	assert_string_equal(verdict_name((enum verdict)99), "undecided");
	assert_string_equal(reason_name(REASON_OTHERS_VALID), "others_see_valid");
	assert_string_equal(reason_name((enum reason)-1), "none");
	for (int i = 0; i < REASON_COUNT; i++)
		assert_true(strlen(reason_name((enum reason)i)) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_multiset), cmocka_unit_test(properties), cmocka_unit_test(named_matches),
		cmocka_unit_test(a_stolen_key_in_the_certificate_proves_nothing), cmocka_unit_test(named_mismatches),
		cmocka_unit_test(silence_does_not_help_an_interceptor), cmocka_unit_test(named_undecided),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
