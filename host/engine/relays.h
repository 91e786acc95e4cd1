/* The relays of the consensus in compact arrays: identities, networks, families, exit policies, weights, countries; and the one
 * question of who is independent of whom (DESIGN.md, "Which exits may corroborate"). Filled by torlink from
 * GETINFO replies, read by pathpick and the net role. Bytes of tor and of hostile relays: every line is bounded. */
#ifndef ENGINE_RELAYS_H
#define ENGINE_RELAYS_H

#include "base/err.h"
#include "base/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Flags of a relay (struct relay.flags, relay_info.flags on the wire between roles; the numbers stay). */
#define RELAY_AUTHORITY  (1u << 0)
#define RELAY_BADEXIT    (1u << 1)
#define RELAY_EXIT       (1u << 2)
#define RELAY_FAST       (1u << 3)
#define RELAY_GUARD      (1u << 4)
#define RELAY_HSDIR      (1u << 5)
#define RELAY_MIDDLEONLY (1u << 6)
#define RELAY_RUNNING    (1u << 7)
#define RELAY_STABLE     (1u << 8)
#define RELAY_STALEDESC  (1u << 9)
#define RELAY_V2DIR      (1u << 10)
#define RELAY_VALID      (1u << 11)
#define RELAY_SYBIL      (1u << 12)
/* As the consensus writes them, in the order in which they are shown. */
#define RELAY_FLAG_TABLE(X) \
	X(RELAY_AUTHORITY, "Authority") X(RELAY_BADEXIT, "BadExit") X(RELAY_EXIT, "Exit") X(RELAY_FAST, "Fast") X(RELAY_GUARD, "Guard") \
	X(RELAY_HSDIR, "HSDir") X(RELAY_MIDDLEONLY, "MiddleOnly") X(RELAY_RUNNING, "Running") X(RELAY_STABLE, "Stable") \
	X(RELAY_STALEDESC, "StaleDesc") X(RELAY_V2DIR, "V2Dir") X(RELAY_VALID, "Valid") X(RELAY_SYBIL, "Sybil")
/* "Exit", "Running" ... for bit number 0..15; NULL for none. */
const char *relay_flag_name(unsigned bit);

struct relay {
	uint8_t fp[FP_LEN];
	char nickname[NICKNAME_MAX];
	uint8_t ip6[16];             /* zeros: none */
	uint32_t ip4;                /* host order; 0: none */
	uint32_t weight;             /* consensus bandwidth */
	uint16_t flags;
	char country[2];             /* upper case; "??" unknown to tor; zeros: not asked yet */
	bool has_md;                 /* policy and family are known */
	/* private to relays.c */
	uint32_t policy4, policy6, nick_class, family_at, family_n, ids_at, ids_n, group;
};

struct relays;

struct relays *relays_new(void);    /* NULL: out of memory */
void relays_free(struct relays *r); /* takes NULL */

/* Loading, in this order: every line of the reply to `GETINFO dir/status-vote/current/consensus-microdesc` or `GETINFO ns/all`
 * (either flavour; lines that are not understood are skipped, a relay without a readable r line is left out),
 * relays_sort once, then for any relay relays_md_begin and each line of its microdescriptor, relays_finish at last.
 * After relays_finish more microdescriptors may be loaded the same way, with relays_finish again. */
MUST_USE enum err relays_ns_line(struct relays *r, const char *line, size_t len);
MUST_USE enum err relays_sort(struct relays *r);
/* ERR_EXIT_UNKNOWN: no such relay; lines until the next begin are ignored. */
MUST_USE enum err relays_md_begin(struct relays *r, const uint8_t fp[FP_LEN]);
MUST_USE enum err relays_md_line(struct relays *r, const char *line, size_t len);
MUST_USE enum err relays_finish(struct relays *r);
/* Countries already asked in old are taken over where the address is the same. */
void relays_inherit(struct relays *r, const struct relays *old);

size_t relays_count(const struct relays *r);
size_t relays_exits(const struct relays *r);   /* usable: see relay_is_usable_exit */
size_t relays_bytes(const struct relays *r);   /* memory held */
const struct relay *relays_at(const struct relays *r, size_t i);
/* NULL: not in the consensus. */
const struct relay *relays_find(const struct relays *r, const uint8_t fp[FP_LEN]);
/* Exact nickname; NULL when none or more than one has it. */
const struct relay *relays_find_nickname(const struct relays *r, const char *nickname);
void relays_set_country(struct relays *r, const uint8_t fp[FP_LEN], const char country[2]);

/* Running, Valid, Exit, neither BadExit nor MiddleOnly, microdescriptor known. */
bool relay_is_usable_exit(const struct relay *a);
/* Its policy summary allows the port somewhere; false without a microdescriptor. */
bool relay_allows(const struct relays *r, const struct relay *a, uint16_t port, bool is_ipv6);
/* Differ in identity, in family (both list each other, or one family id in common), in IPv4 /16 and in IPv6 /32. False when the
 * family of one of them is not known. Symmetric; its negation is NOT transitive. Both of the same table. */
bool relay_is_independent(const struct relays *r, const struct relay *a, const struct relay *b);
/* For people: the same text for all relays tied together by families, "" for none. */
void relay_family(const struct relays *r, const struct relay *a, char out[64]);
/* Address for people, IPv4 if it has one. */
void relay_address(const struct relay *a, char out[46]);
/* Number of relays[0..n) that can't be told to belong together: groups joined by family, /16 or /32 are counted once (so it never counts
 * too many). heaviest (may be NULL): the greatest share of weight one of the groups has, in 1/10000. Errors: ERR_NOMEM. */
MUST_USE enum err relays_groups(const struct relays *r, const struct relay *const *list, size_t n, size_t *groups, unsigned *heaviest);

/* Tor's position weights for exits, in 1/10000 (dir-spec "bandwidth-weights"; 10000 when not known): Wee, Wed. */
uint32_t relays_wee(const struct relays *r);
uint32_t relays_wed(const struct relays *r);

/* 40 hex digits, any case, with or without $; false if not. */
bool fp_parse(const char *hex, uint8_t out[FP_LEN]);
void fp_print(const uint8_t fp[FP_LEN], char out[2 * FP_LEN + 1]);

#endif
