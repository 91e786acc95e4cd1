/* See httpsverdict.h. */
#include "base/httpsverdict.h"

static size_t count(const struct https_answer *list, size_t n, enum https_saw what)
{
	size_t seen = 0;
	for (size_t i = 0; i < n; i++)
		seen += list[i].saw == what;
	return seen;
}

static size_t count_counting(const struct https_answer *list, size_t n, enum https_saw what)
{
	size_t seen = 0;
	for (size_t i = 0; i < n; i++)
		seen += list[i].saw == what && list[i].counts;
	return seen;
}

static struct finding undecided(enum reason why)
{
	return (struct finding){ VERDICT_UNDECIDED, why };
}

/* is_probed, and the first exit gets through. */
static struct finding there(const struct https_answer *others, size_t n, size_t k)
{
	if (count(others, n, HTTPS_SAW_NONE) + count(others, n, HTTPS_SAW_INVALID) > 0)
		return undecided(REASON_DISSENT);
	if (count_counting(others, n, HTTPS_SAW_VALID) < k)
		return undecided(REASON_TOO_FEW);
	return (struct finding){ VERDICT_MATCH, REASON_HTTPS_THERE };
}

struct finding https_verdict_of(const struct https_answer *first, size_t n_first,
                                const struct https_answer *others, size_t n_others, const struct https_terms *terms)
{
	size_t k = terms->k ? terms->k : 1;
	bool first_valid = count(first, n_first, HTTPS_SAW_VALID) > 0;
	bool others_valid = count(others, n_others, HTTPS_SAW_VALID) > 0;
	bool is_tls = first_valid || others_valid || count(first, n_first, HTTPS_SAW_INVALID) > 0 ||
	              count(others, n_others, HTTPS_SAW_INVALID) > 0;

	if (terms->is_probed && n_first == 0)
		return undecided(REASON_FIRST_SILENT);
	if (is_tls && !terms->has_roots)
		return undecided(REASON_NO_ROOTS);
	if (terms->is_probed && first_valid)
		return there(others, n_others, k);
	/* It can't be forged, so one is enough, and whether that exit is independent does not matter. */
	if (others_valid)
		return (struct finding){ VERDICT_MISMATCH, first_valid ? REASON_HTTPS_SELECTIVE : REASON_HTTPS_WITHHELD };
	/* HTTPS is there, through the very exit where it failed: nobody is accused, and http stays shut. */
	if (first_valid)
		return undecided(REASON_HTTPS_BACK);
	if (is_tls)
		return undecided(REASON_HTTPS_UNCLEAR);
	if (count(first, n_first, HTTPS_SAW_EARLIER) + count(others, n_others, HTTPS_SAW_EARLIER) > 0)
		return undecided(REASON_HTTPS_WAS_THERE);
	if (count_counting(others, n_others, HTTPS_SAW_NONE) < k)
		return undecided(REASON_TOO_FEW);
	return (struct finding){ VERDICT_MATCH, REASON_NO_HTTPS };
}

/* ---- "is this page really only http?" ---- */

/* Of one list: how many say what. */
struct plain_view { size_t n, counting, led, pages, elsewhere, valid, invalid, none; };

static struct plain_view plain_view_of(const struct https_answer *list, size_t n)
{
	struct plain_view v = { .n = n };
	for (size_t i = 0; i < n; i++) {
		const struct https_answer *a = &list[i];
		bool is_valid = a->saw == HTTPS_SAW_VALID;
		v.counting += a->counts;
		v.valid += is_valid;
		v.invalid += a->saw == HTTPS_SAW_INVALID;
		v.none += a->saw == HTTPS_SAW_NONE;
		v.led += a->way == HTTPS_WAY_ENCRYPTED || (a->way == HTTPS_WAY_NOTHING && is_valid);
		v.pages += a->way == HTTPS_WAY_PAGE;
		v.elsewhere += a->way == HTTPS_WAY_ELSEWHERE;
	}
	return v;
}

/* All others are led to HTTPS. */
static struct finding led(const struct plain_view *first, const struct plain_view *others, size_t k)
{
	if (others->counting < k || others->counting < 2)
		return undecided(REASON_TOO_FEW);
	if (others->valid == 0)
		return undecided(REASON_HTTPS_UNCLEAR);
	return (struct finding){ VERDICT_MISMATCH, first->led > 0 ? REASON_HTTPS_SELECTIVE : REASON_HTTPS_WITHHELD };
}

/* All others get the plain page, and nobody is led to HTTPS. */
static struct finding plain_page(const struct plain_view *first, const struct plain_view *others, size_t k)
{
	if (others->counting < k)
		return undecided(REASON_TOO_FEW);
	if (first->invalid + others->invalid > 0)
		return undecided(REASON_HTTPS_UNCLEAR);
	if (others->valid == others->n)
		return (struct finding){ VERDICT_MATCH, REASON_HTTPS_OPTIONAL };
	if (others->none < others->n || first->valid > 0)
		return undecided(REASON_DISSENT);
	return (struct finding){ VERDICT_MATCH, REASON_NO_HTTPS };
}

struct finding https_plain_verdict_of(const struct https_answer *first, size_t n_first,
                                      const struct https_answer *others, size_t n_others, const struct https_terms *terms)
{
	size_t k = terms->k ? terms->k : 1;
	struct plain_view f = plain_view_of(first, n_first), o = plain_view_of(others, n_others);
	if (!terms->has_roots && f.valid + f.invalid + o.valid + o.invalid > 0)
		return undecided(REASON_NO_ROOTS);
	if (o.n == 0)
		return undecided(REASON_TOO_FEW);
	if (o.led == o.n)
		return led(&f, &o, k);
	/* What differs already differs whatever else comes in. */
	if (o.elsewhere == o.n)
		return undecided(o.counting < k ? REASON_TOO_FEW : REASON_REDIRECTS);
	if (o.pages < o.n || f.led > 0)
		return undecided(REASON_DISSENT);
	return plain_page(&f, &o, k);
}
