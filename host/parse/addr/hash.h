/* The hash functions and checksums that currency addresses are protected with, each over one whole input at once:
 * addresses are short. Used by the address checks (check_*.c) alone; none of it is for secrets.
 * SHA-2 is libsodium's and OpenSSL's, BLAKE2b libsodium's. Keccak, SHA-3 and BLAKE-256 are ours because no library here
 * has all of them, RIPEMD-160 because OpenSSL may keep it in its legacy provider, which may not be loaded. */
#ifndef PARSE_ADDR_HASH_H
#define PARSE_ADDR_HASH_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4), and SHA-256 of SHA-256 (Bitcoin's). */
void hash_sha256(const void *in, size_t n, uint8_t out[static 32]);
void hash_sha256d(const void *in, size_t n, uint8_t out[static 32]);
/* SHA-512/256 (FIPS 180-4 section 5.3.6.2): not a cut SHA-512, it has start values of its own. */
void hash_sha512_256(const void *in, size_t n, uint8_t out[static 32]);
/* Keccak as it was submitted (padding 0x01: Ethereum, Monero), and SHA3-256 (FIPS 202, padding 0x06). */
void hash_keccak256(const void *in, size_t n, uint8_t out[static 32]);
void hash_sha3_256(const void *in, size_t n, uint8_t out[static 32]);
/* RIPEMD-160 (Dobbertin, Bosselaers, Preneel, 1996). */
void hash_ripemd160(const void *in, size_t n, uint8_t out[static 20]);
/* BLAKE-256, the SHA-3 finalist with 14 rounds (Decred). */
void hash_blake256(const void *in, size_t n, uint8_t out[static 32]);
/* BLAKE2b (RFC 7693) with a digest of out_len bytes, 1..64; a shorter digest is no cut of a longer one. */
void hash_blake2b(const void *in, size_t n, uint8_t *out, size_t out_len);
/* The same with a personalisation of 16 bytes. */
void hash_blake2b_personal(const void *in, size_t n, const uint8_t personal[static 16], uint8_t *out, size_t out_len);

/* CRC-16/XMODEM: polynomial 0x1021, start 0, nothing reflected. */
uint16_t crc16_xmodem(const void *in, size_t n);
/* CRC-32 of IEEE 802.3, as zlib's. */
uint32_t crc32_ieee(const void *in, size_t n);

#endif
