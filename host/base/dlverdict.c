/* The verdict on a download (contract in base/dlverdict.h). */
#include "base/dlverdict.h"

const char *dl_method_name(enum dl_method m)
{
	switch (m) {
	case DL_METHOD_DIGEST: return "digest_header";
	case DL_METHOD_COMMITMENT: return "commitment";
	case DL_METHOD_WHOLE: return "whole";
	case DL_METHOD_RANGES: return "ranges";
	case DL_METHOD_NONE: case DL_METHODS: break;
	}
	return 0;
}

struct counted { size_t same, other, counting_same, counting_other, weak, weak_other; bool others_are_one, urls_are_one, is_entity_one; enum reason why; };

/* The reason of the exits that brought nothing: that of the first which has one. */
static struct counted count(const struct dl_seen *seen, size_t n, const struct dl_terms *terms)
{
	struct counted c = { .others_are_one = true, .urls_are_one = true, .is_entity_one = true, .why = REASON_NONE };
	const struct dl_seen *other = 0;

	for (size_t i = 0; i < n; i++) {
		const struct dl_seen *s = &seen[i];
		if (s->found == DL_NOTHING) {
			c.why = c.why == REASON_NONE ? s->why : c.why;
			continue;
		}
		c.urls_are_one = c.urls_are_one && s->url == terms->url;
		c.is_entity_one = c.is_entity_one && s->is_same_entity;
		c.weak += s->is_weak && s->found == DL_SAME;
		c.same += s->found == DL_SAME;
		c.counting_same += s->found == DL_SAME && s->counts;
		if (s->found != DL_OTHER)
			continue;
		c.other++;
		c.weak_other += s->is_weak;
		c.counting_other += s->counts;
		c.others_are_one = c.others_are_one && (!other || other->content == s->content);
		other = s;
	}
	return c;
}

static const enum reason match_reason[DL_METHODS] = {
	[DL_METHOD_DIGEST] = REASON_SAME_DIGEST, [DL_METHOD_COMMITMENT] = REASON_SAME_COMMITMENT,
	[DL_METHOD_WHOLE] = REASON_SAME_FILE, [DL_METHOD_RANGES] = REASON_SAME_RANGES,
};

static struct finding undecided(enum reason r)
{
	return (struct finding){ VERDICT_UNDECIDED, r };
}

/* Why there is nothing to be compared, or not enough of it. What the request lacked explains a refusal best. */
static struct finding too_few(const struct counted *c, const struct dl_terms *terms)
{
	bool is_shut = c->why == REASON_REFUSED || c->why == REASON_NOT_A_FILE || c->why == REASON_GONE;

	if (terms->is_post && c->why != REASON_NONE)
		return undecided(REASON_POST);
	if (terms->has_cookies && is_shut)
		return undecided(REASON_NEEDS_COOKIES);
	return undecided(c->why != REASON_NONE ? c->why : REASON_TOO_FEW);
}

static struct finding differing(const struct counted *c, const struct dl_terms *terms)
{
	if (c->same)
		return undecided(REASON_ONE_DIFFERS);
	if (!c->urls_are_one)
		return undecided(REASON_REDIRECTS);
	/* A form, or a person's cookies, make files of their own: that others get another one accuses nobody. */
	if (terms->is_post || terms->has_cookies)
		return undecided(terms->is_post ? REASON_POST : REASON_NEEDS_COOKIES);
	/* Two; and k where it is headers that say so, which cost nothing. */
	size_t k = c->weak_other && terms->k > 2 ? terms->k : 2;
	if (c->counting_other < k)
		return too_few(c, terms);
	if (!c->others_are_one)
		return undecided(REASON_CUSTOMISED);
	return (struct finding){ VERDICT_MISMATCH, REASON_OTHER_FILE };
}

struct finding dl_verdict(const struct dl_seen *seen, size_t n, const struct dl_terms *terms)
{
	size_t k = terms->k ? terms->k : 1;
	struct counted c = count(seen, n, terms);

	if (terms->was_false)
		return (struct finding){ VERDICT_MISMATCH, REASON_REMEMBERED };
	if (!terms->has_start)
		return undecided(REASON_START_UNKNOWN);
	if (c.other)
		return differing(&c, terms);
	if (!c.urls_are_one)
		return undecided(REASON_REDIRECTS);
	if (terms->method == DL_METHOD_NONE || terms->method >= DL_METHODS || c.counting_same < k)
		return too_few(&c, terms);
	if (c.weak)
		return undecided(REASON_WEAK);
	if (terms->method != DL_METHOD_WHOLE && !c.is_entity_one)
		return undecided(REASON_ENTITY);
	return (struct finding){ VERDICT_MATCH, match_reason[terms->method] };
}

bool dl_needs_another(const struct dl_seen *seen, size_t n, const struct dl_terms *terms)
{
	struct counted c = count(seen, n, terms);
	size_t k = terms->k ? terms->k : 1;

	if (terms->was_false || !terms->has_start || !c.urls_are_one)
		return false;
	/* Where one differs a further one decides. */
	if (c.other)
		return c.counting_same + c.counting_other < (k > 2 ? k : 2);
	return c.counting_same < k;
}
