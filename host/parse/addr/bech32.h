/* Bech32 and its kin: a human-readable part, "1" (or ":"), and 5-bit groups under a BCH checksum. Used by the checks. */
#ifndef PARSE_ADDR_BECH32_H
#define PARSE_ADDR_BECH32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The 32 letters (BIP 173), in the order of their values. */
extern const char bech32_letters[33];

/* The value of a letter of either case, or -1. */
int bech32_value(char c);

/* What the checksum of a whole string must come to. */
#define BECH32_CONST 1u
#define BECH32M_CONST 0x2bc830a3u

/* The text's 5-bit groups without the checksum of six. at: where they begin in the text, hrp_len: length of what stands before the
 * separator. Nothing is copied; bech32_group reads them. */
struct bech32 { const char *text; size_t hrp_len, at, n; uint32_t residue; };

/* Takes n characters apart at their last "1" and computes the checksum. False when it is not of the form: mixed case, a foreign letter,
 * no separator, nothing before it, fewer than six letters behind it. Whether residue is BECH32_CONST or BECH32M_CONST is for the caller
 * to look at. Any length. */
bool bech32_split(const char *s, size_t n, struct bech32 *out);

/* The i-th group, i < n. */
uint8_t bech32_group(const struct bech32 *b, size_t i);

/* Groups from .. from+count as bytes. False when there are more than cap, when four bits or fewer that are left over are not zero, or
 * five are left. */
bool bech32_bytes(const struct bech32 *b, size_t from, size_t count, uint8_t *out, size_t cap, size_t *len);

/* True when not both upper and lower case letters are there. */
bool bech32_one_case(const char *s, size_t n);

/* One step of the checksums with 40 bits: CashAddr's (start 1, end 1). */
uint64_t cashaddr_step(uint64_t sum, uint8_t group);
/* The same of blech32 with 60 bits (Liquid): start 1, end 1 or BLECH32M_CONST. */
uint64_t blech32_step(uint64_t sum, uint8_t group);
#define BLECH32M_CONST UINT64_C(0x455972a3350f7a1)

/* Five-bit values to bytes as above, out of an array. */
bool bech32_regroup(const uint8_t *groups, size_t count, uint8_t *out, size_t cap, size_t *len);

#endif
