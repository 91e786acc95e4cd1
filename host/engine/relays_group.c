/* Groups of relays that belong together: by families over the whole table, and by families and networks within a list.
 * Belonging together is not transitive, groups are: so they say how many independent ones there are at least. */
#include "engine/relays_table.h"
#include <stdlib.h>
#include <string.h>

static uint32_t root_of(uint32_t *up, uint32_t i)
{
	while (up[i] != i) {
		up[i] = up[up[i]];
		i = up[i];
	}
	return i;
}

static void join(uint32_t *up, uint32_t a, uint32_t b)
{
	a = root_of(up, a);
	b = root_of(up, b);
	/* The smaller number stays: so a group's number is that of its relay with the lowest fingerprint. */
	if (a < b)
		up[b] = a;
	else
		up[a] = b;
}

static void join_listed(const struct relays *r, uint32_t *up, uint32_t i)
{
	const struct relay *a = &r->relay[i];

	for (uint32_t k = 0; k < a->family_n; k++) {
		uint32_t entry = r->family[a->family_at + k];
		if ((entry & FAMILY_NICK) == 0) {
			if (entry != i && relays_lists(r, &r->relay[entry], a))
				join(up, i, entry);
			continue;
		}
		uint32_t nick_class = entry & ~FAMILY_NICK;
		for (size_t n = nick_class; n < r->n && r->relay[r->by_nick[n]].nick_class == nick_class; n++)
			if (r->by_nick[n] != i && relays_lists(r, &r->relay[r->by_nick[n]], a))
				join(up, i, r->by_nick[n]);
	}
}

struct owned_id { uint8_t hash[16]; uint32_t relay; };

static int compare_owned(const void *a, const void *b)
{
	return memcmp(((const struct owned_id *)a)->hash, ((const struct owned_id *)b)->hash, 16);
}

static enum err join_ids(const struct relays *r, uint32_t *up)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->relay[i].ids_n;
	struct owned_id *all = malloc((n + 1) * sizeof all[0]);
	if (all == NULL)
		return ERR_NOMEM;
	n = 0;
	for (size_t i = 0; i < r->n; i++)
		for (uint32_t k = 0; k < r->relay[i].ids_n; k++, n++) {
			memcpy(all[n].hash, r->id[r->relay[i].ids_at + k].hash, sizeof all[n].hash);
			all[n].relay = (uint32_t)i;
		}
	qsort(all, n, sizeof all[0], compare_owned);
	for (size_t i = 1; i < n; i++)
		if (compare_owned(&all[i - 1], &all[i]) == 0)
			join(up, all[i - 1].relay, all[i].relay);
	free(all);
	return OK;
}

/* A group is called by its lowest family id, else by its lowest fingerprint; one relay without an id has no name. */
static enum err name_groups(struct relays *r)
{
	uint32_t *name = malloc((r->n + 1) * sizeof name[0]);

	if (name == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < r->n; i++)
		name[i] = GROUP_ALONE;
	for (uint32_t i = 0; i < r->n; i++) {
		const struct relay *a = &r->relay[i];
		uint32_t *at = &name[a->group];
		if (a->group != i && *at == GROUP_ALONE)
			*at = GROUP_BY_FP;
		if (a->ids_n > 0 && (*at >= GROUP_BY_FP || memcmp(r->id[a->ids_at].hash, r->id[*at].hash, sizeof r->id[0].hash) < 0))
			*at = a->ids_at;
	}
	free(r->name_of_group);
	r->name_of_group = name;
	return OK;
}

enum err relays_join_families(struct relays *r)
{
	uint32_t *up = malloc((r->n + 1) * sizeof up[0]);

	if (up == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < r->n; i++)
		up[i] = i;
	for (uint32_t i = 0; i < r->n; i++)
		join_listed(r, up, i);
	enum err err = join_ids(r, up);
	if (err == OK) {
		for (uint32_t i = 0; i < r->n; i++)
			r->relay[i].group = root_of(up, i);
		r->is_joined = true;
		err = name_groups(r);
	}
	free(up);
	return err;
}

/* What two relays of one group have in common; sorted, equal ones stand side by side. */
struct tie { uint64_t what; uint32_t who; };

static int compare_tie(const void *a, const void *b)
{
	uint64_t x = ((const struct tie *)a)->what, y = ((const struct tie *)b)->what;

	return (x > y) - (x < y);
}

static size_t ties_of(const struct relay *a, uint32_t who, struct tie *out)
{
	size_t n = 0;

	out[n++] = (struct tie){ (uint64_t)1 << 32 | a->group, who };
	if (a->ip4 != 0)
		out[n++] = (struct tie){ (uint64_t)2 << 32 | a->ip4 >> 16, who };
	if (relay_has_ip6(a)) {
		uint32_t net;
		memcpy(&net, a->ip6, sizeof net);
		out[n++] = (struct tie){ (uint64_t)3 << 32 | net, who };
	}
	return n;
}

static void count_groups(uint32_t *up, const struct relay *const *list, size_t n, uint64_t *sum, size_t *groups, unsigned *heaviest)
{
	uint64_t all = 0, most = 0;

	*groups = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t root = root_of(up, i);
		*groups += root == i;
		sum[root] += list[i]->weight;
		all += list[i]->weight;
		most = sum[root] > most ? sum[root] : most;
	}
	if (heaviest != NULL)
		*heaviest = all > 0 ? (unsigned)((most * 10000 + all - 1) / all) : 0;   /* rounded up: a limit is not passed unseen */
}

enum err relays_groups(const struct relays *r, const struct relay *const *list, size_t n, size_t *groups, unsigned *heaviest)
{
	uint32_t *up = malloc((n + 1) * sizeof up[0]);
	struct tie *tie = malloc((3 * n + 1) * sizeof tie[0]);
	uint64_t *sum = calloc(n + 1, sizeof sum[0]);
	size_t n_ties = 0;
	enum err err = up != NULL && tie != NULL && sum != NULL ? OK : ERR_NOMEM;

	(void)r;
	if (err == OK) {
		for (uint32_t i = 0; i < n; i++) {
			up[i] = i;
			n_ties += ties_of(list[i], i, tie + n_ties);
		}
		qsort(tie, n_ties, sizeof tie[0], compare_tie);
		for (size_t i = 1; i < n_ties; i++)
			if (tie[i - 1].what == tie[i].what)
				join(up, tie[i - 1].who, tie[i].who);
		count_groups(up, list, n, sum, groups, heaviest);
	}
	free(up);
	free(tie);
	free(sum);
	return err;
}

void relay_family(const struct relays *r, const struct relay *a, char out[64])
{
	uint32_t name = r->name_of_group != NULL && a->has_md ? r->name_of_group[a->group] : GROUP_ALONE;

	out[0] = '\0';
	if (name == GROUP_BY_FP) {
		out[0] = '$';
		fp_print(r->relay[a->group].fp, out + 1);
	} else if (name != GROUP_ALONE) {
		memcpy(out, r->id[name].text, sizeof r->id[name].text);
	}
}
