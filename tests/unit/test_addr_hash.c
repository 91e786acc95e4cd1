// The hashes and checksums of currency addresses: the vectors published with them, and each at every length up to several
// blocks, folded into one digest that an independent implementation (noble-hashes 1.8 for JavaScript) gives as well.
// uses: host/parse/addr/hash.c host/parse/addr/hash_keccak.c host/parse/addr/hash_ripemd160.c host/parse/addr/hash_blake256.c
// libs: -lcrypto -lsodium
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "parse/addr/hash.h"

#define LONGEST 600

static void blake2b_4(const void *in, size_t n, uint8_t *out) { hash_blake2b(in, n, out, 4); }
static void blake2b_5(const void *in, size_t n, uint8_t *out) { hash_blake2b(in, n, out, 5); }
static void blake2b_32(const void *in, size_t n, uint8_t *out) { hash_blake2b(in, n, out, 32); }
static void blake2b_64(const void *in, size_t n, uint8_t *out) { hash_blake2b(in, n, out, 64); }

/* Of nothing, of "abc", and SHA-256 over the digests of the first 0, 1, … LONGEST bytes of 7 * i + 3. */
static const struct {
	const char *name;
	void (*run)(const void *in, size_t n, uint8_t *out);
	size_t len;
	const char *empty, *abc, *all;
} hashes[] = {
	{ "sha256", hash_sha256, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	  "448a2e99d04cb016dda62efeef7e56c480082770f464fc22b6675a3c509be2f6" },
	{ "sha256d", hash_sha256d, 32, "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456",
	  "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358",
	  "5482a5af743badf9690eb2361ae641588b8414fcd9f1e54a31042da4ba937e09" },
	{ "sha512/256", hash_sha512_256, 32, "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
	  "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
	  "c6cc31c2aa8d60feaa4ed9f4f41b19e3a8512c8a962fbba4f7b318427ef2e274" },
	{ "keccak256", hash_keccak256, 32, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
	  "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
	  "3b9a92cff42271592486bdd1cb591298668af3786254712b087fcda7232e65cf" },
	{ "sha3-256", hash_sha3_256, 32, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
	  "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
	  "a314353c54dc0dfe4de91a0fa94a04b7254c722744146b681e3ad095c3907144" },
	{ "ripemd160", hash_ripemd160, 20, "9c1185a5c5e9fc54612808977ee8f548b2258d31", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
	  "11011f500b76200ac3176d5ba5ba999a5c931ef50014324abc9b192982ba392c" },
	{ "blake256", hash_blake256, 32, "716f6e863f744b9ac22c97ec7b76ea5f5908bc5b2f67c61510bfc4751384ea7a",
	  "1833a9fa7cf4086bd5fda73da32e5a1d75b4c3f89d5c436369f9d78bb2da5c28",
	  "a58d7042f63eb862e46c0e6c5fc507ad843d8442d39b9a4893a8b877e9493767" },
	{ "blake2b/4", blake2b_4, 4, "1271cf25", "63906248", "6bdf497ffc4e7713724643a28acf3ed01a45dd8895f62db946a1d181bc7c7f06" },
	{ "blake2b/5", blake2b_5, 5, "7d64c5272e", "44229fc0ef", "cda87bfa0f711a6bec68957225ceb0b47230a33c84b3cebc2237fda343d0d998" },
	{ "blake2b/32", blake2b_32, 32, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
	  "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
	  "ad4d055c29de902b44aa1877cd933dddbca20ea276460e7b45e6f11903ea5ca4" },
	{ "blake2b/64", blake2b_64, 64,
	  "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce",
	  "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
	  "ad3060a96915a51ebde2417982afa1b7585d206a55e0a423047d1e2c7ac66946" },
};

static void is_hex(const char *name, const uint8_t *digest, size_t n, const char *hex)
{
	char got[2 * 64 + 1];
	for (size_t i = 0; i < n; i++)
		snprintf(got + 2 * i, 3, "%02x", digest[i]);
	if (strcmp(got, hex) != 0)
		fail_msg("%s: %s instead of %s", name, got, hex);
}

static void published_digests(void **state)
{
	(void)state;
	for (size_t h = 0; h < sizeof hashes / sizeof *hashes; h++) {
		uint8_t digest[64];
		hashes[h].run("", 0, digest);
		is_hex(hashes[h].name, digest, hashes[h].len, hashes[h].empty);
		hashes[h].run("abc", 3, digest);
		is_hex(hashes[h].name, digest, hashes[h].len, hashes[h].abc);
	}
}

/* Each input lies in a block of exactly its size, so that AddressSanitizer sees one byte read too many. */
static void every_length(void **state)
{
	(void)state;
	for (size_t h = 0; h < sizeof hashes / sizeof *hashes; h++) {
		size_t len = hashes[h].len;
		uint8_t *all = malloc((LONGEST + 1) * len), digest[32];
		assert_non_null(all);
		for (size_t n = 0; n <= LONGEST; n++) {
			uint8_t *in = malloc(n > 0 ? n : 1);
			assert_non_null(in);
			for (size_t i = 0; i < n; i++)
				in[i] = (uint8_t)(i * 7 + 3);
			hashes[h].run(in, n, all + n * len);
			free(in);
		}
		hash_sha256(all, (LONGEST + 1) * len, digest);
		is_hex(hashes[h].name, digest, 32, hashes[h].all);
		free(all);
	}
}

static void published_long_inputs(void **state)
{
	(void)state;
	const size_t million = 1000000;
	uint8_t *a = malloc(million), digest[32];
	assert_non_null(a);
	memset(a, 'a', million);
	/* The paper's own list of test values. */
	hash_ripemd160(a, million, digest);
	is_hex("ripemd160 of a million", digest, 20, "52783243c1697bdbe16d37f97f68f08325dc1528");
	/* NIST's SHA3-256 example values. */
	hash_sha3_256(a, million, digest);
	is_hex("sha3-256 of a million", digest, 32, "5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1");
	hash_sha256(a, million, digest);
	is_hex("sha256 of a million", digest, 32, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	/* The two test values of the BLAKE paper: 1 and 72 zero bytes. */
	memset(a, 0, 72);
	hash_blake256(a, 1, digest);
	is_hex("blake256 of a zero", digest, 32, "0ce8d4ef4dd7cd8d62dfded9d4edb0a774ae6a41929a74da23109e8f11139c87");
	hash_blake256(a, 72, digest);
	is_hex("blake256 of 72 zeros", digest, 32, "d419bad32d504fb7d44d460c42c5593fe544fa4c135dec31e21bd9abdcc22d41");
	free(a);
}

static void personal_blake2b_is_another(void **state)
{
	(void)state;
	static const uint8_t none[16], one[16] = "UA_F4Jumble_H";
	uint8_t plain[32], zeros[32], named[32];
	hash_blake2b("abc", 3, plain, 32);
	hash_blake2b_personal("abc", 3, none, zeros, 32);
	hash_blake2b_personal("abc", 3, one, named, 32);
	assert_memory_equal(plain, zeros, 32);
	assert_memory_not_equal(plain, named, 32);
}

/* The check values of the catalogue of parametrised CRC algorithms (Greg Cook). */
static void published_crcs(void **state)
{
	(void)state;
	assert_int_equal(crc16_xmodem("123456789", 9), 0x31c3);
	assert_int_equal(crc16_xmodem("", 0), 0);
	assert_int_equal(crc32_ieee("123456789", 9), 0xcbf43926);
	assert_int_equal(crc32_ieee("", 0), 0);
	assert_int_equal(crc32_ieee("\0", 1), 0xd202ef8d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_digests),
		cmocka_unit_test(every_length),
		cmocka_unit_test(published_long_inputs),
		cmocka_unit_test(personal_blake2b_is_another),
		cmocka_unit_test(published_crcs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
