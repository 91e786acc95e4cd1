/* The table of relays (contract in engine/relays.h): finding one, its policy, its independence, its groups. Reading is in
 * relays_load.c, groups are in relays_group.c. */
#include "engine/relays_table.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

const char *relay_flag_name(unsigned bit)
{
	static const char *const names[] = {
		"Authority", "BadExit", "Exit", "Fast", "Guard", "HSDir", "MiddleOnly", "Running",
		"Stable", "StaleDesc", "V2Dir", "Valid", "Sybil",
	};

	return bit < sizeof names / sizeof names[0] ? names[bit] : NULL;
}

struct relays *relays_new(void)
{
	struct relays *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->wee = r->wed = 10000;
	if (relays_grow(&r->policy, &r->room_policies, 0, 2 * RELAYS_MAX + 2, sizeof r->policy[0]) != OK) {
		free(r);
		return NULL;
	}
	r->policy[r->n_policies++] = (struct policy){ .accepts = true };
	return r;
}

void relays_free(struct relays *r)
{
	if (r == NULL)
		return;
	free(r->relay);
	free(r->policy);
	free(r->policy_slot);
	free(r->range);
	free(r->family);
	free(r->id);
	free(r->by_nick);
	free(r->fp_slot);
	free(r->name_of_group);
	free(r);
}

size_t relays_count(const struct relays *r)
{
	return r->n;
}

size_t relays_exits(const struct relays *r)
{
	return r->usable;
}

size_t relays_bytes(const struct relays *r)
{
	return sizeof *r + r->room * sizeof r->relay[0] + r->room_policies * sizeof r->policy[0] +
	       r->n_slots * sizeof r->policy_slot[0] + r->n_fp_slots * sizeof r->fp_slot[0] + r->room_ranges * sizeof r->range[0] +
	       r->room_family * sizeof r->family[0] + r->room_ids * sizeof r->id[0] +
	       r->n * (sizeof r->by_nick[0] + sizeof r->name_of_group[0]);
}

const struct relay *relays_at(const struct relays *r, size_t i)
{
	return i < r->n ? &r->relay[i] : NULL;
}

size_t relays_fp_slot(const struct relays *r, const uint8_t fp[FP_LEN])
{
	uint64_t v;

	memcpy(&v, fp, sizeof v);
	v = (v ^ r->fp_key) * 0x9e3779b97f4a7c15u;   /* Knuth's multiplicative hashing; the high bits are the good ones */
	return (size_t)(v >> 32) & (r->n_fp_slots - 1);
}

const struct relay *relays_find(const struct relays *r, const uint8_t fp[FP_LEN])
{
	if (r->n_fp_slots == 0)
		return NULL;
	for (size_t at = relays_fp_slot(r, fp); r->fp_slot[at] != 0; at = (at + 1) & (r->n_fp_slots - 1)) {
		const struct relay *x = &r->relay[r->fp_slot[at] - 1];
		if (memcmp(x->fp, fp, FP_LEN) == 0)
			return x;
	}
	return NULL;
}

const struct relay *relays_find_nickname(const struct relays *r, const char *nickname)
{
	const struct relay *found = NULL;

	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->relay[i].nickname, nickname) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = &r->relay[i];
	}
	return found;
}

void relays_set_country(struct relays *r, const uint8_t fp[FP_LEN], const char country[2])
{
	const struct relay *x = relays_find(r, fp);

	if (x != NULL)
		memcpy(r->relay[x - r->relay].country, country, 2);
}

bool relay_is_usable_exit(const struct relay *a)
{
	const unsigned needs = RELAY_RUNNING | RELAY_VALID | RELAY_EXIT, not = RELAY_BADEXIT | RELAY_MIDDLEONLY;

	return a->has_md && (a->flags & needs) == needs && (a->flags & not) == 0;
}

/* ---- independence ---- */

static bool is_listed(const struct relays *r, const struct relay *by, uint32_t entry)
{
	const uint32_t *list = r->family + by->family_at;
	size_t low = 0, high = by->family_n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (list[mid] == entry)
			return true;
		if (list[mid] < entry)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

bool relays_lists(const struct relays *r, const struct relay *by, const struct relay *whom)
{
	if (by->family_n == 0)
		return false;
	return is_listed(r, by, (uint32_t)(whom - r->relay)) || is_listed(r, by, FAMILY_NICK | whom->nick_class);
}

static bool share_family_id(const struct relays *r, const struct relay *a, const struct relay *b)
{
	size_t i = 0, j = 0;

	while (i < a->ids_n && j < b->ids_n) {
		const struct family_id *x = &r->id[a->ids_at + i], *y = &r->id[b->ids_at + j];
		int order = memcmp(x->hash, y->hash, sizeof x->hash);
		if (order == 0)
			return true;
		if (order < 0)
			i++;
		else
			j++;
	}
	return false;
}

static bool is_family(const struct relays *r, const struct relay *a, const struct relay *b)
{
	/* Families never cross groups, once these are made. */
	if (r->is_joined && a->group != b->group)
		return false;
	return (relays_lists(r, a, b) && relays_lists(r, b, a)) || share_family_id(r, a, b);
}

bool relay_has_ip6(const struct relay *a)
{
	static const uint8_t none[16];

	return memcmp(a->ip6, none, sizeof none) != 0;
}

static bool is_near(const struct relay *a, const struct relay *b)
{
	if (a->ip4 != 0 && b->ip4 != 0 && a->ip4 >> 16 == b->ip4 >> 16)
		return true;
	return relay_has_ip6(a) && relay_has_ip6(b) && memcmp(a->ip6, b->ip6, 4) == 0;
}

bool relay_is_independent(const struct relays *r, const struct relay *a, const struct relay *b)
{
	if (a == b || memcmp(a->fp, b->fp, FP_LEN) == 0)
		return false;
	if (!a->has_md || !b->has_md)
		return false;
	return !is_near(a, b) && !is_family(r, a, b);
}

/* ---- words for people ---- */

void relay_address(const struct relay *a, char out[46])
{
	struct in_addr ip = { htonl(a->ip4) };

	out[0] = '\0';
	if (a->ip4 != 0)
		inet_ntop(AF_INET, &ip, out, 46);
	else if (relay_has_ip6(a))
		inet_ntop(AF_INET6, a->ip6, out, 46);
}

uint32_t relays_wee(const struct relays *r)
{
	return r->wee;
}

uint32_t relays_wed(const struct relays *r)
{
	return r->wed;
}

/* Value of a hex digit plus one; 0 for everything else. */
static const uint8_t digits[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

bool fp_parse(const char *hex, uint8_t out[FP_LEN])
{
	uint8_t fp[FP_LEN];

	hex += *hex == '$';
	for (size_t i = 0; i < FP_LEN; i++) {
		unsigned high = digits[(uint8_t)hex[2 * i]], low = high == 0 ? 0 : digits[(uint8_t)hex[2 * i + 1]];
		if (low == 0)
			return false;   /* the end of a short one is no digit either */
		fp[i] = (uint8_t)((high - 1) << 4 | (low - 1));
	}
	if (hex[2 * FP_LEN] != '\0')
		return false;
	memcpy(out, fp, FP_LEN);
	return true;
}

void fp_print(const uint8_t fp[FP_LEN], char out[2 * FP_LEN + 1])
{
	static const char letters[] = "0123456789ABCDEF";

	for (size_t i = 0; i < FP_LEN; i++) {
		out[2 * i] = letters[fp[i] >> 4];
		out[2 * i + 1] = letters[fp[i] & 15];
	}
	out[2 * FP_LEN] = '\0';
}
