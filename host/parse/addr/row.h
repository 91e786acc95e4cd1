/* One row of the table of currency addresses: what an address of one coin, form and network looks like. Rows are made of
 * shared/currencies.json by tools/gen_currencies.c, which explains the JSON's fields. Used by addr.h and by the checks. */
#ifndef PARSE_ADDR_ROW_H
#define PARSE_ADDR_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr_row;

/* Is s an address of this row? s has exactly n printable ASCII characters, within the row's lengths, beginning with its prefix
 * and ending with its suffix (case counts, unless the row says it does not) and made of its alphabet, but not NUL-terminated.
 * Pure; bounded by n. */
typedef bool addr_check_fn(const struct addr_row *row, const char *s, size_t n);

/* Hashes that a base58 checksum may be made with. */
enum addr_hash { ADDR_HASH_SHA256D, ADDR_HASH_BLAKE256D, ADDR_HASH_KECCAK256, ADDR_HASH_SHA256_RIPE };

/* Version bytes of a base58 payload. */
#define ADDR_VERSION_MAX 8

struct addr_row {
	const char *coin, *ticker, *form, *network;
	/* Tickers of coins whose addresses can't be told apart from this row's, separated by spaces; "" for none. */
	const char *also;
	addr_check_fn *check;
	/* Of the whole address, prefix and suffix included. */
	uint16_t len_min, len_max;
	/* 0: found by structure alone. 1..16: weak. */
	uint8_t checksum_bits;
	/* Case carries nothing: the prefix stands in either case, the canonical text is in lower case. Whether a mixture is an
	 * address is the check's business. */
	bool caseless;
	/* Pieces with white space between them are put together. Only with a checksum: of 24 bits at least, or of fewer where
	 * the form is written in groups (Nimiq). */
	bool join;
	/* What the address begins and ends with; "" for nothing. optional: an address without its prefix is one as well (CashAddr). */
	const char *prefix, *suffix;
	bool optional;
	/* Lengths of those two, and of the prefix up to its last punctuation mark. */
	uint8_t prefix_len, suffix_len, lead_len;
	/* Characters beside letters and digits that may stand behind the prefix: "-_" for base64url; "" for none. */
	const char *inside;
	/* Characters that must not stand right before or behind. "" for none: letters and digits never may. */
	const char *not_beside;
	/* Words, separated by spaces, in lower case, one of which must stand near by (ADDR_CONTEXT bytes to either side); "" for
	 * no such need. For forms that nothing else tells from other things (64 hexadecimal digits). */
	const char *context;
	/* The letters that may stand behind the prefix, a bit for each character: [c >> 6] >> (c & 63). */
	const uint64_t *alphabet;
	/* Base58 with version bytes: payload_min..payload_max bytes between version and checksum; which hash. */
	uint8_t version[ADDR_VERSION_MAX], version_len;
	uint8_t payload_min, payload_max;
	enum addr_hash hash;
	/* Whatever else the check wants to know; "" and 0 where nothing was given. */
	const char *param;
	uint32_t number;
};

/* How far from an address its context's words may stand. */
#define ADDR_CONTEXT 64

#endif
