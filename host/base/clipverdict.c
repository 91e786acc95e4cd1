/* The verdict on a copied address (contract in base/clipverdict.h). */
#include "base/clipverdict.h"

static const struct finding reflected = { VERDICT_UNDECIDED, REASON_REFLECTED };

static bool has_one(const struct clip_seen *seen, size_t n, enum clip_found found)
{
	for (size_t i = 0; i < n; i++)
		if (seen[i].found == found)
			return true;
	return false;
}

static bool urls_are_one(const struct clip_seen *seen, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (seen[i].url != seen[0].url)
			return false;
	return true;
}

/* All show the same: is it the address that was copied? n > 0. */
static struct finding all_same(const struct clip_seen *seen, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!seen[i].is_family_equal)
			return (struct finding){ VERDICT_UNDECIDED, REASON_FAMILY };
	for (size_t i = 0; i < n; i++)
		if (!seen[i].is_alone)
			return (struct finding){ VERDICT_UNDECIDED, REASON_OTHER_ADDRESSES };
	return (struct finding){ VERDICT_MATCH, REASON_SAME_ADDRESS };
}

/* All show another address there. One exit alone accuses nobody. */
static struct finding all_other(const struct clip_seen *seen, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (seen[i].address != seen[0].address)
			return (struct finding){ VERDICT_UNDECIDED, REASON_DISSENT };
	if (n < 2)
		return (struct finding){ VERDICT_UNDECIDED, REASON_TOO_FEW };
	return (struct finding){ VERDICT_MISMATCH, REASON_OTHERS_AGREE };
}

struct finding clip_verdict(const struct clip_seen *seen, size_t n, const struct clip_terms *terms)
{
	size_t k = terms->k ? terms->k : 1, counting = 0;
	if (terms->was_false)
		return (struct finding){ VERDICT_MISMATCH, REASON_REMEMBERED };
	if (terms->is_reflected)
		return reflected;
	for (size_t i = 0; i < n; i++) {
		counting += seen[i].counts;
		if (seen[i].is_reflected)
			return reflected;
	}
	bool same = has_one(seen, n, CLIP_SAME), other = has_one(seen, n, CLIP_OTHER), absent = has_one(seen, n, CLIP_ABSENT);
	/* What differs already differs whatever else comes in. */
	if (same && (other || absent))
		return (struct finding){ VERDICT_UNDECIDED, REASON_DISSENT };
	if (!urls_are_one(seen, n))
		return (struct finding){ VERDICT_UNDECIDED, REASON_REDIRECTS };
	if (counting < k)
		return (struct finding){ VERDICT_UNDECIDED, REASON_TOO_FEW };
	if (absent)
		return (struct finding){ VERDICT_UNDECIDED, REASON_PLACE };
	return same ? all_same(seen, n) : all_other(seen, n);
}
