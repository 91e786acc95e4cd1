/* The table of relays (contract in engine/relays.h): finding one, its policy, its independence, its groups. Reading is in
 * relays_load.c, groups are in relays_group.c. */
#include "engine/relays_table.h"
#include <arpa/inet.h>
#include <sodium.h>
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
	       r->n_slots * sizeof r->policy_slot[0] + r->room_ranges * sizeof r->range[0] +
	       r->room_family * sizeof r->family[0] + r->room_ids * sizeof r->id[0] +
	       r->n * (sizeof r->by_nick[0] + sizeof r->name_of_group[0]);
}

const struct relay *relays_at(const struct relays *r, size_t i)
{
	return i < r->n ? &r->relay[i] : NULL;
}

const struct relay *relays_find(const struct relays *r, const uint8_t fp[FP_LEN])
{
	size_t low = 0, high = r->is_sorted ? r->n : 0;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = memcmp(r->relay[mid].fp, fp, FP_LEN);
		if (order == 0)
			return &r->relay[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
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

bool fp_parse(const char *hex, uint8_t out[FP_LEN])
{
	uint8_t fp[FP_LEN];
	size_t n;

	hex += *hex == '$';
	if (strlen(hex) != 2 * FP_LEN || sodium_hex2bin(fp, sizeof fp, hex, 2 * FP_LEN, NULL, &n, NULL) != 0 || n != FP_LEN)
		return false;
	memcpy(out, fp, FP_LEN);
	return true;
}

void fp_print(const uint8_t fp[FP_LEN], char out[2 * FP_LEN + 1])
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < FP_LEN; i++) {
		out[2 * i] = digits[fp[i] >> 4];
		out[2 * i + 1] = digits[fp[i] & 15];
	}
	out[2 * FP_LEN] = '\0';
}
