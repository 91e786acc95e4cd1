/* See verdict.h. The rules stand in the order in which they win; each names its sentence of DESIGN.md, "Verdicts". */
#include "base/verdict.h"
#include <string.h>

bool answer_is_equal(const struct answer *a, const struct answer *b)
{
	if (memcmp(a->leaf, b->leaf, sizeof a->leaf) == 0)
		return true;
	return memcmp(a->spki, b->spki, sizeof a->spki) == 0 && (a->is_signed || a->is_offer) &&
	       (b->is_signed || b->is_offer);
}

/* Everything at once, so that a rule is one short function. */
struct view {
	const struct answer *first, *others;
	size_t n_first, n_others, k;
	enum browser_saw saw;
	bool has_offer;
};

static bool first_has(const struct view *v, const struct answer *a)
{
	size_t n = v->has_offer ? 1 : v->n_first;   /* an offer is what counts; later answers can't take it back */
	for (size_t i = 0; i < n; i++)
		if (answer_is_equal(&v->first[i], a))
			return true;
	return false;
}

static bool first_is_valid(const struct view *v)
{
	for (size_t i = 0; i < v->n_first; i++)
		if (v->first[i].is_valid && !v->first[i].is_offer)
			return true;
	return false;
}

/* "One valid chain for the name, seen by any exit, while the first exit showed none, is mismatch, whatever
 * the others say." The same certificate is no contradiction: an intermediate was missing. */
static bool others_see_valid(const struct view *v)
{
	for (size_t i = 0; i < v->n_others; i++) {
		if (!v->others[i].is_valid)
			continue;
		if (v->has_offer ? !first_has(v, &v->others[i]) : v->saw == BROWSER_SAW_INVALID)
			return true;
		if (!v->has_offer && v->n_first > 0 && !first_is_valid(v) && !first_has(v, &v->others[i]))
			return true;
	}
	return false;
}

/* "The same when the first exit, asked again, suddenly shows a valid chain (it intercepts selectively)." */
static bool first_now_valid(const struct view *v)
{
	if (!v->has_offer)
		return v->saw == BROWSER_SAW_INVALID && first_is_valid(v);
	for (size_t i = 1; i < v->n_first; i++)
		if (v->first[i].is_valid && !answer_is_equal(&v->first[0], &v->first[i]))
			return true;
	return false;
}

/* "All others agree with each other on another certificate than the first exit's." Two at least: one exit
 * that differs could be framed by the site, or frame the first one. */
static bool others_agree(const struct view *v, size_t counting)
{
	if (counting < v->k || v->n_others < 2)
		return false;
	for (size_t i = 0; i < v->n_others; i++) {
		for (size_t j = 0; j < i; j++)
			if (!answer_is_equal(&v->others[i], &v->others[j]))
				return false;
		if (first_has(v, &v->others[i]))
			return false;
	}
	return true;
}

static bool first_differs(const struct view *v)
{
	for (size_t i = 1; i < v->n_first; i++)
		for (size_t j = 0; j < i; j++)
			if (!answer_is_equal(&v->first[i], &v->first[j]))
				return true;
	/* The browser refused what we find valid, and we can't know whether it was the same certificate. */
	return !v->has_offer && v->saw != BROWSER_SAW_UNKNOWN && first_is_valid(v);
}

static bool all_equal_first(const struct view *v)
{
	for (size_t i = 0; i < v->n_others; i++)
		for (size_t j = 0; j < v->n_first; j++)
			if (!answer_is_equal(&v->first[j], &v->others[i]))
				return false;
	return true;
}

static bool all_same_leaf(const struct view *v)
{
	for (size_t i = 0; i < v->n_first; i++)
		if (memcmp(v->first[i].leaf, v->first[0].leaf, sizeof v->first[0].leaf) != 0)
			return false;
	for (size_t i = 0; i < v->n_others; i++)
		if (memcmp(v->others[i].leaf, v->first[0].leaf, sizeof v->first[0].leaf) != 0)
			return false;
	return true;
}

static bool no_two_agree(const struct view *v)
{
	for (size_t i = 0; i < v->n_others; i++) {
		for (size_t j = 0; j < i; j++)
			if (answer_is_equal(&v->others[i], &v->others[j]))
				return false;
		for (size_t j = 0; j < v->n_first; j++)
			if (answer_is_equal(&v->others[i], &v->first[j]))
				return false;
	}
	return true;
}

static struct finding found(enum verdict verdict, enum reason reason)
{
	return (struct finding){ verdict, reason };
}

struct finding verdict_of(const struct answer *first, size_t n_first,
                          const struct answer *others, size_t n_others, const struct terms *terms)
{
	struct view v = { first, others, n_first, n_others, terms->k ? terms->k : 1, terms->saw,
	                  n_first > 0 && first[0].is_offer };
	size_t counting = 0;
	for (size_t i = 0; i < n_others; i++)
		counting += others[i].counts;

	if (terms->has_roots && others_see_valid(&v))
		return found(VERDICT_MISMATCH, REASON_OTHERS_VALID);
	if (terms->has_roots && first_now_valid(&v))
		return found(VERDICT_MISMATCH, REASON_FIRST_NOW_VALID);
	if (n_first == 0)
		return found(VERDICT_UNDECIDED, REASON_FIRST_SILENT);
	if (others_agree(&v, counting))
		return found(VERDICT_MISMATCH, REASON_OTHERS_AGREE);
	if (first_differs(&v))
		return found(VERDICT_UNDECIDED, REASON_FIRST_DIFFERS);
	if (counting < v.k)
		return found(VERDICT_UNDECIDED, REASON_TOO_FEW);
	if (all_equal_first(&v)) {
		if (!terms->has_roots)
			return found(VERDICT_UNDECIDED, REASON_NO_ROOTS);
		return found(VERDICT_MATCH, all_same_leaf(&v) ? REASON_SAME_CERT : REASON_SAME_KEY);
	}
	return found(VERDICT_UNDECIDED, no_two_agree(&v) ? REASON_ROTATES : REASON_DISSENT);
}

const char *verdict_name(enum verdict v)
{
	switch (v) {
	case VERDICT_MATCH: return "match";
	case VERDICT_MISMATCH: return "mismatch";
	case VERDICT_EXEMPT: return "exempt";
	case VERDICT_UNDECIDED: break;
	}
	return "undecided";
}

const char *reason_name(enum reason r)
{
#define REASON_NAME(name, wire) [name] = wire,
	static const char *const names[REASON_COUNT] = { REASON_TABLE(REASON_NAME) };
#undef REASON_NAME
	return (unsigned)r < REASON_COUNT ? names[r] : "none";
}
