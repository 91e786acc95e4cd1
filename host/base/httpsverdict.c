/* See httpsverdict.h. */
#include "base/httpsverdict.h"

static bool saw(const struct https_answer *list, size_t n, enum https_saw what)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].saw == what)
			return true;
	return false;
}

struct finding https_verdict_of(const struct https_answer *first, size_t n_first,
                                const struct https_answer *others, size_t n_others, size_t k, bool has_roots)
{
	bool first_valid = has_roots && saw(first, n_first, HTTPS_SAW_VALID);
	size_t counting = 0;
	for (size_t i = 0; i < n_others; i++)
		counting += others[i].counts;

	/* It can't be forged, so one is enough, and whether that exit is independent does not matter. */
	if (has_roots && saw(others, n_others, HTTPS_SAW_VALID))
		return (struct finding){ VERDICT_MISMATCH, first_valid ? REASON_HTTPS_SELECTIVE : REASON_HTTPS_WITHHELD };
	/* HTTPS is there, through the very exit where it failed: nobody is accused, and http stays shut. */
	if (first_valid)
		return (struct finding){ VERDICT_UNDECIDED, REASON_HTTPS_BACK };
	bool is_tls = saw(first, n_first, HTTPS_SAW_INVALID) || saw(others, n_others, HTTPS_SAW_INVALID);
	if (!has_roots)
		is_tls = is_tls || saw(first, n_first, HTTPS_SAW_VALID) || saw(others, n_others, HTTPS_SAW_VALID);
	if (is_tls)
		return (struct finding){ VERDICT_UNDECIDED, has_roots ? REASON_HTTPS_UNCLEAR : REASON_NO_ROOTS };
	if (counting < (k ? k : 1))
		return (struct finding){ VERDICT_UNDECIDED, REASON_TOO_FEW };
	return (struct finding){ VERDICT_MATCH, REASON_NO_HTTPS };
}
