/* Exit-policy summaries ("p", "p6": dir-spec 3.3): read, stored once each, asked. */
#include "engine/relays_table.h"
#include "engine/words.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static enum err rehash(struct relays *r)
{
	size_t n_slots = r->n_slots == 0 ? 256 : r->n_slots * 2;
	uint32_t *slot = calloc(n_slots, sizeof slot[0]);

	if (slot == NULL)
		return ERR_NOMEM;
	for (size_t i = 1; i < r->n_policies; i++) {
		size_t at = (size_t)r->policy[i].hash & (n_slots - 1);
		while (slot[at] != 0)
			at = (at + 1) & (n_slots - 1);
		slot[at] = (uint32_t)i;
	}
	free(r->policy_slot);
	r->policy_slot = slot;
	r->n_slots = n_slots;
	return OK;
}

/* Index of an equal policy, or of this one, now stored. */
static enum err intern_policy(struct relays *r, bool accepts, const struct port_range *range, size_t n, uint32_t *out)
{
	static const uint8_t key[crypto_shorthash_KEYBYTES] = "exit policies";
	uint8_t digest[crypto_shorthash_BYTES];
	struct policy p = { .n = (uint16_t)n, .accepts = accepts };
	enum err err;

	crypto_shorthash(digest, (const uint8_t *)range, n * sizeof range[0], key);
	memcpy(&p.hash, digest, sizeof p.hash);
	p.hash ^= accepts;
	if (r->n_policies * 2 >= r->n_slots && (err = rehash(r)) != OK)
		return err;
	size_t at = (size_t)p.hash & (r->n_slots - 1);
	for (; r->policy_slot[at] != 0; at = (at + 1) & (r->n_slots - 1)) {
		const struct policy *old = &r->policy[r->policy_slot[at]];
		if (old->hash == p.hash && old->n == p.n && old->accepts == accepts &&
		    memcmp(&r->range[old->at], range, n * sizeof range[0]) == 0) {
			*out = r->policy_slot[at];
			return OK;
		}
	}
	p.at = (uint32_t)r->n_ranges;
	for (size_t i = 0; i < n; i++) {
		err = relays_grow(&r->range, &r->room_ranges, r->n_ranges, (size_t)RELAYS_MAX * POLICY_RANGES_MAX, sizeof range[0]);
		if (err != OK)
			return err;
		r->range[r->n_ranges++] = range[i];
	}
	err = relays_grow(&r->policy, &r->room_policies, r->n_policies, 2 * RELAYS_MAX + 2, sizeof p);
	if (err != OK)
		return err;
	*out = (uint32_t)r->n_policies;
	r->policy[r->n_policies++] = p;
	r->policy_slot[at] = *out;
	return OK;
}

/* "accept 80,443,8000-8999": one word that says which, one list of ports. Unreadable: rejects everything. */
enum err relays_policy_line(struct relays *r, const char *at, const char *end, uint32_t *out)
{
	struct port_range range[POLICY_RANGES_MAX];
	const char *word;
	size_t n = word_next(&at, end, &word), count = 0;
	bool accepts = word_is(word, n, "accept");

	*out = POLICY_NONE;
	if (!accepts && !word_is(word, n, "reject"))
		return OK;
	n = word_next(&at, end, &word);
	while (n > 0) {
		const char *comma = memchr(word, ',', n);
		size_t len = comma != NULL ? (size_t)(comma - word) : n;
		const char *dash = memchr(word, '-', len);
		size_t low_len = dash != NULL ? (size_t)(dash - word) : len;
		uint64_t low, high;
		if (count == POLICY_RANGES_MAX || !word_number(word, low_len, 65535, &low))
			return OK;
		high = low;
		if (dash != NULL && !word_number(dash + 1, len - low_len - 1, 65535, &high))
			return OK;
		if (low > high)
			return OK;
		range[count++] = (struct port_range){ (uint16_t)low, (uint16_t)high };
		word += len;
		n -= len;
		if (n == 1)
			return OK;   /* a comma with nothing behind it */
		if (n > 0) {
			word++;
			n--;
		}
	}
	if (count == 0)
		return OK;
	return intern_policy(r, accepts, range, count, out);
}

bool relay_allows(const struct relays *r, const struct relay *a, uint16_t port, bool is_ipv6)
{
	const struct policy *p = &r->policy[is_ipv6 ? a->policy6 : a->policy4];

	if (!a->has_md || port == 0)
		return false;
	for (size_t i = 0; i < p->n; i++)
		if (port >= r->range[p->at + i].low && port <= r->range[p->at + i].high)
			return p->accepts;
	return !p->accepts;
}
