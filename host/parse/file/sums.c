/* MD5 and SHA-1 by OpenSSL, CRC-32 by zlib; the two CRCs that neither has, eight bytes at a time (contract in sums.h). */
#include "parse/file/sums.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PIECE (64u * 1024)

/* Reflected; the polynomials of RFC 3720 appendix B.4 and of the NVMe command set (64b CRC). */
#define CRC32C_POLYNOMIAL UINT64_C(0x82f63b78)
#define CRC64_POLYNOMIAL UINT64_C(0x9a6c9329ac4bc9b5)

struct crc { uint64_t table[8][256], at; };

static void crc_begin(struct crc *c, uint64_t polynomial, uint64_t ones)
{
	for (unsigned i = 0; i < 256; i++) {
		uint64_t v = i;
		for (int bit = 0; bit < 8; bit++)
			v = v & 1 ? v >> 1 ^ polynomial : v >> 1;
		c->table[0][i] = v;
	}
	for (unsigned i = 0; i < 256; i++)
		for (unsigned t = 1; t < 8; t++)
			c->table[t][i] = c->table[t - 1][i] >> 8 ^ c->table[0][c->table[t - 1][i] & 255];
	c->at = ones;
}

static void crc_take(struct crc *c, const uint8_t *bytes, size_t n)
{
	uint64_t at = c->at;
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		uint64_t v = 0;
		for (unsigned b = 0; b < 8; b++)
			v |= (uint64_t)bytes[i + b] << (8 * b);
		v ^= at;
		at = 0;
		for (unsigned b = 0; b < 8; b++)
			at ^= c->table[7 - b][v >> (8 * b) & 255];
	}
	for (; i < n; i++)
		at = at >> 8 ^ c->table[0][(at ^ bytes[i]) & 255];
	c->at = at;
}

/* The most significant byte first. */
static void put_number(uint64_t v, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

struct sums {
	EVP_MD_CTX *md5, *sha1;
	uLong crc32;
	struct crc crc32c, crc64;
	uint8_t bytes[PIECE];
};

static enum err all(struct sums *m, struct src *s)
{
	for (uint64_t at = 0; at < s->size; ) {
		size_t n = s->size - at < PIECE ? (size_t)(s->size - at) : PIECE;
		enum err err = src_read(s, at, m->bytes, n);
		if (err != OK)
			return err;
		if (EVP_DigestUpdate(m->md5, m->bytes, n) != 1 || EVP_DigestUpdate(m->sha1, m->bytes, n) != 1)
			return ERR_NOMEM;
		m->crc32 = crc32(m->crc32, m->bytes, (uInt)n);
		crc_take(&m->crc32c, m->bytes, n);
		crc_take(&m->crc64, m->bytes, n);
		at += n;
	}
	return src_is_unchanged(s);
}

enum err sums_file(struct src *s, struct file_sums_r *out)
{
	struct file_sums_r r = { .size = s->size };
	struct sums *m = calloc(1, sizeof *m);

	if (m == NULL)
		return ERR_NOMEM;
	m->md5 = EVP_MD_CTX_new();
	m->sha1 = EVP_MD_CTX_new();
	m->crc32 = crc32(0, NULL, 0);
	crc_begin(&m->crc32c, CRC32C_POLYNOMIAL, UINT32_MAX);
	crc_begin(&m->crc64, CRC64_POLYNOMIAL, UINT64_MAX);
	enum err err = m->md5 != NULL && m->sha1 != NULL && EVP_DigestInit_ex(m->md5, EVP_md5(), NULL) == 1 &&
	               EVP_DigestInit_ex(m->sha1, EVP_sha1(), NULL) == 1 ? OK : ERR_NOMEM;
	if (err == OK)
		err = all(m, s);
	if (err == OK && (EVP_DigestFinal_ex(m->md5, r.md5, NULL) != 1 || EVP_DigestFinal_ex(m->sha1, r.sha1, NULL) != 1))
		err = ERR_NOMEM;
	put_number(m->crc32, r.crc32, sizeof r.crc32);
	put_number(m->crc32c.at ^ UINT32_MAX, r.crc32c, sizeof r.crc32c);
	put_number(~m->crc64.at, r.crc64, sizeof r.crc64);
	EVP_MD_CTX_free(m->md5);
	EVP_MD_CTX_free(m->sha1);
	free(m);
	if (err == OK)
		*out = r;
	return err;
}
