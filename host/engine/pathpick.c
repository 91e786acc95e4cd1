/* Draws one exit (contract in engine/pathpick.h). */
#include "engine/pathpick.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* DESIGN.md, "Verdicts": where the same-country try is offered at all. */
#define COUNTRY_GROUPS_MIN 10
#define COUNTRY_SHARE_MAX 2000   /* 20%, in 1/10000 */

/* The relays of want->indep, looked up once. */
struct avoid { const struct relay *relay[AVOID_MAX]; size_t n; };

/* Uniform below a 64-bit bound: values from the last, incomplete run of the range are thrown away. */
static uint64_t random_below(uint64_t below)
{
	uint64_t v, rest = (UINT64_MAX % below + 1) % below;

	do
		randombytes_buf(&v, sizeof v);
	while (v > UINT64_MAX - rest);
	return v % below;
}

static bool is_in(const uint8_t (*list)[FP_LEN], size_t n, const uint8_t fp[FP_LEN])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i], fp, FP_LEN) == 0)
			return true;
	return false;
}

static enum err find_avoided(const struct relays *r, const struct pathpick *want, struct avoid *out)
{
	if (want->n_indep > AVOID_MAX)
		return ERR_TOO_BIG;
	out->n = want->n_indep;
	for (size_t i = 0; i < want->n_indep; i++) {
		out->relay[i] = relays_find(r, want->indep[i]);
		if (out->relay[i] == NULL || !out->relay[i]->has_md)
			return ERR_EXIT_UNKNOWN;
	}
	return OK;
}

static bool country_suits(const struct pathpick *want, const struct relay *a)
{
	char country[3] = { a->country[0], a->country[1], '\0' };

	if (want->country != NULL && want->country[0] != '\0' && strcasecmp(country, want->country) != 0)
		return false;
	if (want->not_continent_of == NULL || want->not_continent_of[0] == '\0')
		return true;
	const char *here = continent_of(country), *there = continent_of(want->not_continent_of);
	return here != NULL && there != NULL && strcmp(here, there) != 0;
}

static bool suits(const struct relays *r, const struct pathpick *want, const struct avoid *avoid, const struct relay *a)
{
	if (!relay_is_usable_exit(a) || !relay_allows(r, a, want->port, want->is_ipv6) || !country_suits(want, a))
		return false;
	if (want->only != NULL && memcmp(want->only, a->fp, FP_LEN) != 0)
		return false;
	if (is_in(want->not_these, want->n_not, a->fp))
		return false;
	for (size_t i = 0; i < avoid->n; i++)
		if (!relay_is_independent(r, a, avoid->relay[i]))
			return false;
	return true;
}

bool pathpick_suits(const struct relays *r, const struct pathpick *want, const struct relay *a)
{
	struct avoid avoid;

	return find_avoided(r, want, &avoid) == OK && suits(r, want, &avoid, a);
}

/* Tor's weight of a relay in the exit position (dir-spec 3.8.3; proposal 161). */
static uint64_t weight_of(const struct relays *r, const struct relay *a)
{
	uint64_t position = (a->flags & RELAY_GUARD) != 0 ? relays_wed(r) : relays_wee(r);

	return a->weight * position;
}

static const struct relay *draw_weighted(const struct relays *r, const struct relay *const *list, size_t n,
                                         uint64_t (*random)(uint64_t))
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += weight_of(r, list[i]);
	if (total == 0)
		return list[random(n)];
	uint64_t at = random(total);
	for (size_t i = 0; i < n; i++) {
		uint64_t w = weight_of(r, list[i]);
		if (at < w)
			return list[i];
		at -= w;
	}
	return list[n - 1];   /* not reached */
}

enum err pathpick(const struct relays *r, const struct pathpick *want, struct pick *out)
{
	uint64_t (*random)(uint64_t) = want->random != NULL ? want->random : random_below;
	struct avoid avoid;
	struct pick pick = { 0 };
	size_t n = 0, n_clean = 0;

	if (relays_count(r) == 0)
		return ERR_TOR_BOOTSTRAP;
	enum err err = find_avoided(r, want, &avoid);
	if (err != OK)
		return err;
	/* Those that suit, from the front; those of them with a clean circuit once more, from the back. */
	size_t room = 2 * relays_count(r);
	const struct relay **list = calloc(room, sizeof(struct relay *));
	if (list == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < relays_count(r); i++) {
		const struct relay *a = relays_at(r, i);
		if (!suits(r, want, &avoid, a))
			continue;
		list[n++] = a;
		if (is_in(want->clean, want->n_clean, a->fp))
			list[room - ++n_clean] = a;
	}
	err = n > 0 ? relays_groups(r, list, n, &pick.groups, NULL) : ERR_EXIT_NONE;
	if (err == OK) {
		/* Clean circuits were drawn by tor, by weight: among them every one counts the same. */
		pick.is_clean = n_clean > 0;
		pick.exit = n_clean > 0 ? list[room - 1 - random(n_clean)] : draw_weighted(r, list, n, random);
		*out = pick;
	}
	free(list);
	return err;
}

bool pathpick_country_qualifies(const struct relays *r, const char *country, uint16_t port, bool is_ipv6)
{
	const struct pathpick want = { .port = port, .is_ipv6 = is_ipv6, .country = country };
	const struct avoid nobody = { .n = 0 };
	size_t n = 0, groups = 0;
	unsigned share = 10000;

	if (strlen(country) != 2 || strcmp(country, "??") == 0)
		return false;
	const struct relay **list = calloc(relays_count(r) + 1, sizeof(struct relay *));
	if (list == NULL)
		return false;
	for (size_t i = 0; i < relays_count(r); i++)
		if (suits(r, &want, &nobody, relays_at(r, i)))
			list[n++] = relays_at(r, i);
	bool good = n > 0 && relays_groups(r, list, n, &groups, &share) == OK;
	free(list);
	return good && groups >= COUNTRY_GROUPS_MIN && share <= COUNTRY_SHARE_MAX;
}
