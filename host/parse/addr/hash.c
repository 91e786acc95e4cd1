// The hashes that the libraries have, and the two checksums: short wrappers of one form for the address checks.
#include <assert.h>

/* The plain functions of SHA-256: those of EVP take longer to begin than addresses take to hash, libsodium's know no instructions of the
 * processor for it. They are deprecated, not gone. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sodium.h>

#include "parse/addr/hash.h"

void hash_sha256(const void *in, size_t n, uint8_t out[static 32])
{
	SHA256_CTX c;
	SHA256_Init(&c);
	SHA256_Update(&c, in, n);
	SHA256_Final(out, &c);
}

void hash_sha256d(const void *in, size_t n, uint8_t out[static 32])
{
	uint8_t first[32];
	hash_sha256(in, n, first);
	hash_sha256(first, sizeof first, out);
}

void hash_sha512_256(const void *in, size_t n, uint8_t out[static 32])
{
	unsigned len = 0;
	int ok = EVP_Digest(in, n, out, &len, EVP_sha512_256(), NULL);
	assert(ok == 1 && len == 32);
}

void hash_blake2b(const void *in, size_t n, uint8_t *out, size_t out_len)
{
	assert(out_len >= 1 && out_len <= 64);
	int bad = crypto_generichash_blake2b(out, out_len, in, n, NULL, 0);
	assert(bad == 0);
}

void hash_blake2b_personal(const void *in, size_t n, const uint8_t personal[static 16], uint8_t *out, size_t out_len)
{
	assert(out_len >= 1 && out_len <= 64);
	int bad = crypto_generichash_blake2b_salt_personal(out, out_len, in, n, NULL, 0, NULL, personal);
	assert(bad == 0);
}

uint16_t crc16_xmodem(const void *in, size_t n)
{
	const uint8_t *at = in;
	unsigned crc = 0;
	while (n-- > 0) {
		crc ^= (unsigned)*at++ << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
	}
	return (uint16_t)crc;
}

/* What each four bits that drop out bring: the polynomial 0xedb88320, shifted as often. */
static const uint32_t crc32_by[16] = {
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
	0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t crc32_ieee(const void *in, size_t n)
{
	const uint8_t *at = in;
	uint32_t crc = UINT32_MAX;
	while (n-- > 0) {
		crc ^= *at++;
		crc = crc >> 4 ^ crc32_by[crc & 15];
		crc = crc >> 4 ^ crc32_by[crc & 15];
	}
	return ~crc;
}
