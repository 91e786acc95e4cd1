// Sums of whole files: the check values of their standards, every length and split against the plain way of computing them, and what comes of it to main.
// uses: host/parse/file/sums.c host/parse/file/src.c host/priv/filemsg.c host/priv/parsemsg.c host/base/rd.c host/base/buf.c host/base/err.c
// libs: -lcrypto -lz
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "parse/file/sums.h"

static struct file_sums_r sums_of(const uint8_t *bytes, size_t n)
{
	struct file_sums_r r;
	struct src s;
	int fd = memfd_create("sums", MFD_CLOEXEC);
	assert_true(fd >= 0 && (n == 0 || write(fd, bytes, n) == (ssize_t)n));
	assert_int_equal(src_open(&s, fd), OK);
	memset(&r, 0xaa, sizeof r);
	assert_int_equal(sums_file(&s, &r), OK);
	close(fd);
	assert_int_equal(r.size, n);
	return r;
}

static uint64_t number(const uint8_t *bytes, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | bytes[i];
	return v;
}

static uint64_t plain_crc(const uint8_t *bytes, size_t n, uint64_t polynomial, uint64_t ones)
{
	uint64_t at = ones;
	for (size_t i = 0; i < n; i++) {
		at ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			at = at & 1 ? at >> 1 ^ polynomial : at >> 1;
	}
	return at ^ ones;
}

/* "123456789" is what catalogues of CRCs give the check value of. */
static void check_values(void **state)
{
	(void)state;
	static const uint8_t md5[] = { 0x25, 0xf9, 0xe7, 0x94, 0x32, 0x3b, 0x45, 0x38, 0x85, 0xf5, 0x18, 0x1f, 0x1b, 0x62, 0x4d, 0x0b };
	static const uint8_t sha1[] = { 0xf7, 0xc3, 0xbc, 0x1d, 0x80, 0x8e, 0x04, 0x73, 0x2a, 0xdf, 0x67, 0x99, 0x65, 0xcc, 0xc3, 0x4c, 0xa7, 0xae, 0x34, 0x41 };
	struct file_sums_r r = sums_of((const uint8_t *)"123456789", 9);
	assert_memory_equal(r.md5, md5, sizeof md5);
	assert_memory_equal(r.sha1, sha1, sizeof sha1);
	assert_int_equal(number(r.crc32, 4), 0xcbf43926);
	assert_int_equal(number(r.crc32c, 4), 0xe3069283);
	assert_true(number(r.crc64, 8) == UINT64_C(0xae8b14860a799888));
	r = sums_of(NULL, 0);
	assert_true(number(r.crc32, 4) == 0 && number(r.crc32c, 4) == 0 && number(r.crc64, 8) == 0);
}

static void any_length(void **state)
{
	(void)state;
	static uint8_t bytes[200000];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * i + 7 * i + (i >> 8));
	for (size_t n = 1; n <= sizeof bytes; n += n < 40 || (n > 65530 && n < 65545) ? 1 : n < 60000 ? 4999 : n < 65530 ? 65530 - n + (n == 65530) : 33331) {
		struct file_sums_r r = sums_of(bytes, n);
		assert_true(number(r.crc32, 4) == plain_crc(bytes, n, 0xedb88320, UINT32_MAX));
		assert_true(number(r.crc32c, 4) == plain_crc(bytes, n, 0x82f63b78, UINT32_MAX));
		assert_true(number(r.crc64, 8) == plain_crc(bytes, n, UINT64_C(0x9a6c9329ac4bc9b5), UINT64_MAX));
	}
}

static void to_main(void **state)
{
	(void)state;
	struct file_sums_r r = sums_of((const uint8_t *)"abc", 3), back;
	struct buf b = buf_new(256);
	filemsg_put_sums_r(&b, &r);
	assert_int_equal(filemsg_get_sums_r(rd_of(b.bytes, b.len), &back), OK);
	assert_memory_equal(&r, &back, sizeof r);
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(filemsg_get_sums_r(rd_of(b.bytes, n), &back), ERR_FORMAT);
	buf_u8(&b, 0);
	assert_int_equal(filemsg_get_sums_r(rd_of(b.bytes, b.len), &back), ERR_FORMAT);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(check_values), cmocka_unit_test(any_length), cmocka_unit_test(to_main) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
