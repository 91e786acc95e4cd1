// Addresses in base32 of RFC 4648 with a checksum behind or before: Stellar, Algorand, NEM, Symbol, Filecoin, Internet Computer,
// Tor's onion services. Each gives its source.
#include <string.h>

#include "parse/addr/base32.h"
#include "parse/addr/checks.h"
#include "parse/addr/hash.h"

/* SEP-23 "Strkeys": a version byte, the payload, CRC-16 little-endian. row: version, payload (32; muxed 40). */
bool addr_check_strkey(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t b[1 + 40 + 2];
	size_t len;
	if (!base32_decode(base32_rfc, s, n, b, sizeof b, &len) || len != 3u + row->payload_min || b[0] != row->version[0])
		return false;
	uint16_t crc = crc16_xmodem(b, len - 2);
	return b[len - 2] == (crc & 0xff) && b[len - 1] == crc >> 8;
}

/* Algorand's "Keys and addresses": a key and the last four bytes of its SHA-512/256. */
bool addr_check_algorand(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	uint8_t b[36], hash[32];
	size_t len;
	if (!base32_decode(base32_rfc, s, n, b, sizeof b, &len) || len != 36)
		return false;
	hash_sha512_256(b, 32, hash);
	return memcmp(hash + 28, b + 32, 4) == 0;
}

/* NEM technical reference, section 3.2: network byte, 20 bytes of hash, four of Keccak-256. Symbol: three of SHA3-256. Both are written
 * with "-" after every six letters as well. row: version; number 1 for Symbol. */
bool addr_check_nem(const struct addr_row *row, const char *s, size_t n)
{
	char bare[40];
	uint8_t b[25], hash[32];
	size_t at = 0, len;
	const bool symbol = row->number == 1, dashes = n > 40;
	for (size_t i = 0; i < n; i++) {
		if (dashes && i % 7 == 6) {
			if (s[i] != '-')
				return false;
		} else {
			if (at == sizeof bare)
				return false;
			bare[at++] = s[i];
		}
	}
	if (at != (symbol ? 39u : 40u) || !base32_decode(base32_rfc, bare, at, b, sizeof b, &len) || b[0] != row->version[0])
		return false;
	if (symbol)
		hash_sha3_256(b, 21, hash);
	else
		hash_keccak256(b, 21, hash);
	return memcmp(hash, b + 21, len - 21) == 0;
}

/* The longest sub-address of an f4 address (FIP-0048). */
#define FILECOIN_SUB_MAX 54

/* Filecoin specification, appendix "Address": network letter, protocol digit, base32 of payload and four bytes of BLAKE2b over
 * protocol and payload. f4 has the number of its actor in between, in decimal and "f", and as LEB128 in the hash. f0 has no checksum and is
 * left out: "f0" and digits stand in every hex dump. row: number is the protocol. */
bool addr_check_filecoin(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t hashed[1 + 10 + FILECOIN_SUB_MAX + 4], sum[4];
	size_t at = 2, head = 1, len;
	uint64_t actor = 0;
	hashed[0] = (uint8_t)row->number;
	if (row->number == 4) {
		for (; at < n && s[at] >= '0' && s[at] <= '9'; at++) {
			if (at > 11 || (at > 2 && actor == 0))
				return false;
			actor = actor * 10 + (uint64_t)(s[at] - '0');
		}
		if (at == 2 || at >= n || s[at++] != 'f')
			return false;
		for (head = 0; actor >= 0x80; actor >>= 7)
			hashed[1 + head++] = (uint8_t)(actor | 0x80);
		hashed[1 + head++] = (uint8_t)actor;
		head++;
	}
	if (at >= n || !base32_decode(base32_rfc_lower, s + at, n - at, hashed + head, FILECOIN_SUB_MAX + 4, &len))
		return false;
	if (len < 4u + row->payload_min || len > 4u + row->payload_max)
		return false;
	hash_blake2b(hashed, head + len - 4, sum, sizeof sum);
	return memcmp(sum, hashed + head + len - 4, 4) == 0;
}

/* Internet Computer interface specification, "Textual representation of principals": base32 of CRC-32 and at most 29 bytes, in groups of
 * five with "-". Those of users have 29 bytes and end in 2, canisters' have 10 and end in 1; the others (the management canister, the
 * anonymous one) are short words, and no one's. */
bool addr_check_icp_principal(const struct addr_row *row, const char *s, size_t n)
{
	(void)row;
	char bare[64];
	uint8_t b[33];
	size_t at = 0, len;
	for (size_t i = 0; i < n; i++) {
		if (i % 6 == 5) {
			if (s[i] != '-' || i + 1 == n)
				return false;
		} else {
			if (at == sizeof bare)
				return false;
			bare[at++] = s[i];
		}
	}
	if (!base32_decode(base32_rfc_lower, bare, at, b, sizeof b, &len) || (len != 33 && len != 14))
		return false;
	if (b[len - 1] != (len == 33 ? 2 : 1))
		return false;
	uint32_t want = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	return crc32_ieee(b + 4, len - 4) == want;
}

/* Tor's rend-spec-v3, section 6 [ONIONADDRESS]: key, two bytes of SHA3-256(".onion checksum" key version), version 3; case means nothing. */
bool addr_check_onion(const struct addr_row *row, const char *s, size_t n)
{
	static const char name[15] = ".onion checksum";
	char bare[56];
	uint8_t b[35], hashed[sizeof name + 33], hash[32];
	size_t len;
	if (n != sizeof bare + strlen(row->suffix))
		return false;
	for (size_t i = 0; i < sizeof bare; i++)
		bare[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] - 'A' + 'a') : s[i];
	if (!base32_decode(base32_rfc_lower, bare, sizeof bare, b, sizeof b, &len) || len != 35 || b[34] != 3)
		return false;
	memcpy(hashed, name, sizeof name);
	memcpy(hashed + sizeof name, b, 32);
	hashed[sizeof name + 32] = b[34];
	hash_sha3_256(hashed, sizeof hashed, hash);
	return hash[0] == b[32] && hash[1] == b[33];
}
