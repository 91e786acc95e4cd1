/* What relays.c and relays_load.c share; nobody else includes this. */
#ifndef ENGINE_RELAYS_TABLE_H
#define ENGINE_RELAYS_TABLE_H

#include "engine/relays.h"

/* Entries of a family line: a relay's index, or this bit and the number of a class of equal nicknames. */
#define FAMILY_NICK 0x80000000u
/* No policy read: rejects everything (dir-spec: "p" missing means reject 1-65535). */
#define POLICY_NONE 0

/* name_of_group: index of a family id, or one of these. */
#define GROUP_ALONE UINT32_MAX
#define GROUP_BY_FP (UINT32_MAX - 1)

struct port_range { uint16_t low, high; };
/* Equal summaries are stored once. hash finds them again. */
struct policy { uint64_t hash; uint32_t at; uint16_t n; bool accepts; };
/* Family ids, compared by hash. */
struct family_id { uint8_t hash[16]; char text[64]; };

struct relays {
	struct relay *relay;
	size_t n, room;
	bool is_sorted, in_entry;       /* in_entry: the last r line was readable */
	bool is_joined;                 /* groups are those of the families that are known */
	uint32_t *fp_slot;              /* open addressing over relay: index + 1, 0 empty */
	size_t n_fp_slots;
	uint64_t fp_key;                /* operators choose fingerprints, not this */
	struct policy *policy;          /* [0] rejects everything */
	size_t n_policies, room_policies;
	uint32_t *policy_slot;          /* open addressing over policy, 0 empty */
	size_t n_slots;
	struct port_range *range;
	size_t n_ranges, room_ranges;
	uint32_t *family;               /* each relay's slice is sorted */
	size_t n_family, room_family;
	struct family_id *id;           /* likewise */
	size_t n_ids, room_ids;
	uint32_t *by_nick;              /* relay indices by nickname, without case */
	uint32_t *name_of_group;        /* by group number; NULL before relays_finish */
	struct relay *md;               /* whose microdescriptor is being read; NULL none */
	uint32_t wee, wed;
	size_t usable;
};

/* Grows *array by doubling so that one more element fits. ERR_TOO_BIG beyond most. */
MUST_USE enum err relays_grow(void *array, size_t *room, size_t n, size_t most, size_t size);

/* "p" or "p6" without its keyword; *out is POLICY_NONE when it can't be read. */
MUST_USE enum err relays_policy_line(struct relays *r, const char *at, const char *end, uint32_t *out);
/* Where relays_find starts to look. */
size_t relays_fp_slot(const struct relays *r, const uint8_t fp[FP_LEN]);
bool relays_lists(const struct relays *r, const struct relay *by, const struct relay *whom);
bool relay_has_ip6(const struct relay *a);
/* Gives every relay the number of its group: those tied together by families, one after another. */
MUST_USE enum err relays_join_families(struct relays *r);

#endif
