// Addresses in base58 whose checksum is not Bitcoin's, or that have letters before the base58: one check whose row says which
// hash, and what is hashed.
#include <string.h>

#include "parse/addr/base58.h"
#include "parse/addr/checks.h"
#include "parse/addr/hash.h"

#define SUM_LEN 4
#define BYTES_MAX BASE58_BYTES_MAX

static void sum_sha256d(const uint8_t *in, size_t n, uint8_t *out)
{
	hash_sha256d(in, n, out);
}

static void sum_sha256(const uint8_t *in, size_t n, uint8_t *out)
{
	hash_sha256(in, n, out);
}

static void sum_blake2b(const uint8_t *in, size_t n, uint8_t *out)
{
	hash_blake2b(in, n, out, 32);
}

/* Waves' and its descendants': Keccak-256 of BLAKE2b-256. */
static void sum_waves(const uint8_t *in, size_t n, uint8_t *out)
{
	uint8_t first[32];
	hash_blake2b(in, n, first, sizeof first);
	hash_keccak256(first, sizeof first, out);
}

static void sum_sha3(const uint8_t *in, size_t n, uint8_t *out)
{
	hash_sha3_256(in, n, out);
}

static void sum_ripemd160(const uint8_t *in, size_t n, uint8_t *out)
{
	hash_ripemd160(in, n, out);
}

/* EOSIO's newer form: the curve's name is hashed behind the key. There is room for it behind what was decoded. */
static void with_curve(const uint8_t *in, size_t n, const char *curve, uint8_t *out)
{
	uint8_t text[BYTES_MAX + 2];
	memcpy(text, in, n);
	memcpy(text + n, curve, 2);
	hash_ripemd160(text, n + 2, out);
}

static void sum_ripemd160_k1(const uint8_t *in, size_t n, uint8_t *out)
{
	with_curve(in, n, "K1", out);
}

static void sum_ripemd160_r1(const uint8_t *in, size_t n, uint8_t *out)
{
	with_curve(in, n, "R1", out);
}

static const struct {
	const char *name;
	void (*run)(const uint8_t *in, size_t n, uint8_t *out);
} sums[] = {
	{ "sha256d", sum_sha256d }, { "sha256", sum_sha256 }, { "blake2b", sum_blake2b }, { "waves", sum_waves }, { "sha3", sum_sha3 },
	{ "ripemd160", sum_ripemd160 }, { "ripemd160-k1", sum_ripemd160_k1 }, { "ripemd160-r1", sum_ripemd160_r1 },
};

/* x * y for numbers 1 <= x, y < 256, divided by 256 when it is as much. */
static double times(double x, double y)
{
	double product = x * y;
	return product >= 256 ? product / 256 : product;
}

/* The first byte, with what follows it as a fraction, of the number that n base58 digits make: enough to tell most texts from an address
 * of a row without decoding them, which takes time with n squared. A double is good for 15 digits, of which 3 count. */
static double leading_byte(const char *s, size_t n)
{
	double value = 0, power = 58;
	size_t head = n < 6 ? n : 6;
	for (size_t i = 0; i < head; i++) {
		int digit = base58_value(base58_bitcoin, s[i]);
		value = value * 58 + (digit < 0 ? 0 : digit);
	}
	if (value < 1)
		return 0;
	while (value >= 256)
		value /= 256;
	for (size_t left = n - head; left > 0; left /= 2) {
		if (left % 2 == 1)
			value = times(value, power);
		power = times(power, power);
	}
	return value;
}

/* Leading zero bytes are digits of their own and say nothing of the rest. */
static bool may_begin_with(const struct addr_row *row, const char *s, size_t n)
{
	if (row->version_len == 0 || row->version[0] == 0)
		return true;
	double low = row->version[0], width = 1, lead = leading_byte(s, n);
	if (row->version_len > 1) {
		low += row->version[1] / 256.0;
		width = 1 / 256.0;
	}
	return lead > low - 0.001 && lead < low + width + 0.001;
}

/* row: number characters that are no base58 (the rest of the prefix is), version, payload, param: the name of a sum, of which the first
 * four bytes stand at the end. A compressed public key (payload 33, no version) begins with 2 or 3. */
bool addr_check_base58_sum(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t b[BYTES_MAX], hash[32];
	size_t len, skip = row->number;
	if (n <= skip || !may_begin_with(row, s + skip, n - skip))
		return false;
	if (!base58_decode(base58_bitcoin, s + skip, n - skip, b, sizeof b, &len))
		return false;
	size_t least = (size_t)row->version_len + row->payload_min + SUM_LEN;
	if (len < least || len > least + row->payload_max - row->payload_min || memcmp(b, row->version, row->version_len) != 0)
		return false;
	if (row->payload_min == 33 && b[row->version_len] != 2 && b[row->version_len] != 3)
		return false;
	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
		if (strcmp(sums[i].name, row->param) == 0) {
			sums[i].run(b, len - SUM_LEN, hash);
			return memcmp(hash, b + len - SUM_LEN, SUM_LEN) == 0;
		}
	return false;
}

/* Substrate's SS58 (docs.substrate.io "SS58 address format"): network in one byte (below 64) or in two, 32 bytes of account, the first
 * two of BLAKE2b-512("SS58PRE" network account). row: number is the network's, as in the ss58-registry; param: the least and the greatest
 * first six digits of an address, or nothing (base58's digits are in ASCII's order). */
bool addr_check_ss58(const struct addr_row *row, const char *s, size_t n)
{
	uint8_t b[7 + 36] = "SS58PRE", sum[64], *at = b + 7;
	size_t len, tag = row->number < 64 ? 1 : 2;
	const uint8_t version[2] = { (uint8_t)(tag == 1 ? row->number : (row->number & 0xfc) >> 2 | 0x40),
		(uint8_t)(row->number >> 8 | (row->number & 3) << 6) };
	if (strlen(row->param) == 12 && (memcmp(s, row->param, 6) < 0 || memcmp(s, row->param + 6, 6) > 0))
		return false;
	if (!base58_decode(base58_bitcoin, s, n, at, 36, &len) || len != tag + 34)
		return false;
	if (memcmp(at, version, tag) != 0)
		return false;
	hash_blake2b(b, 7 + tag + 32, sum, sizeof sum);
	return memcmp(sum, at + tag + 32, 2) == 0;
}
