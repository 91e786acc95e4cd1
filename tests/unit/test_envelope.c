// Sealed reports: opened by their key alone, every bit and every cut refused, padding and sizes, and an answer that nobody else
// can give.
// uses: host/report/envelope.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -lsodium
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "report/envelope.h"

#include <sodium.h>
#include <stdio.h>

static uint8_t pub[2][32], sec[2][32];
static const struct report_keys keys[2] = { { pub[0], sec[0] }, { pub[1], sec[1] } };

static struct rd text_of(size_t n)
{
	static uint8_t text[REPORT_ENVELOPE_MAX];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)('a' + i % 26);
	return rd_of(text, n);
}

static enum err open_copy(const uint8_t *bytes, size_t n, size_t n_keys, struct buf *text, struct report_ticket *t, bool *has)
{
	uint8_t *copy = malloc(n ? n : 1);
	if (n > 0)
		memcpy(copy, bytes, n);
	enum err err = report_open(rd_of(copy, n), keys, n_keys, text, t, has);
	free(copy);
	return err;
}

static void there_and_back(void **state)
{
	(void)state;
	static const size_t lengths[] = { 0, 1, 3995, 3996, 3997, 8092, 8093, 60000, 65536 - 100, 65536 - 99, REPORT_TEXT_MAX };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		for (size_t key = 0; key < 2; key++) {
			struct buf e BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX), again BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX), text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
			struct report_ticket mine, theirs;
			bool has = false;
			assert_int_equal(report_seal(text_of(lengths[i]), pub[key], &e, &mine), OK);
			size_t want = 4096;
			while (want < lengths[i] + 100)
				want *= 2;
			assert_int_equal(e.len, want);
			assert_int_equal(report_open(rd_of(e.bytes, e.len), keys, 2, &text, &theirs, &has), OK);
			assert_true(has);
			assert_int_equal(text.len, lengths[i]);
			if (text.len > 0)
				assert_memory_equal(text.bytes, text_of(lengths[i]).at, text.len);
			assert_memory_equal(&mine, &theirs, sizeof mine);
			/* Twice the same report has nothing in common but mark and key id. */
			assert_int_equal(report_seal(text_of(lengths[i]), pub[key], &again, &theirs), OK);
			assert_int_equal(again.len, e.len);
			assert_memory_equal(again.bytes, e.bytes, 16);
			assert_memory_not_equal(again.bytes + 16, e.bytes + 16, 32);
			assert_memory_not_equal(mine.secret, theirs.secret, 32);
		}
	struct buf e BUF_AUTO = buf_new(2 * REPORT_ENVELOPE_MAX);
	struct report_ticket t;
	assert_int_equal(report_seal(text_of(REPORT_TEXT_MAX + 1), pub[0], &e, &t), ERR_TOO_BIG);
	assert_int_equal(e.len, 0);
}

static void every_bit(void **state)
{
	(void)state;
	struct buf e BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX);
	struct report_ticket t;
	assert_int_equal(report_seal(text_of(300), pub[0], &e, &t), OK);
	for (size_t i = 0; i < e.len * 8; i++) {
		struct buf text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
		struct report_ticket got;
		bool has = true;
		e.bytes[i / 8] ^= (uint8_t)(1u << (i % 8));
		enum err err = report_open(rd_of(e.bytes, e.len), keys, 2, &text, &got, &has);
		e.bytes[i / 8] ^= (uint8_t)(1u << (i % 8));
		enum err want = i / 8 < 4 ? ERR_REPORT_ENVELOPE : i / 8 == 4 ? ERR_REPORT_VERSION : i / 8 < 8 ? ERR_REPORT_ENVELOPE :
			i / 8 < 16 ? ERR_REPORT_KEY_ID : ERR_REPORT_SEAL;
		if (err != want || has || text.len != 0)
			fail_msg("bit %zu: %s", i, err_name(err));
	}
}

static void every_cut(void **state)
{
	(void)state;
	struct buf e BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX);
	struct report_ticket t;
	bool has;
	assert_int_equal(report_seal(text_of(5000), pub[0], &e, &t), OK);
	assert_int_equal(e.len, 8192);
	for (size_t n = 0; n < e.len; n++) {
		struct buf text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
		enum err want = n == 4096 ? ERR_REPORT_SEAL : ERR_REPORT_ENVELOPE;
		assert_int_equal(open_copy(e.bytes, n, 2, &text, &t, &has), want);
		assert_int_equal(text.len, 0);
	}
	/* And more than all of it. */
	uint8_t *more = calloc(1, 2u * REPORT_ENVELOPE_MAX);
	memcpy(more, e.bytes, e.len);
	for (size_t n = 16384; n <= 2u * REPORT_ENVELOPE_MAX; n *= 2) {
		struct buf text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
		assert_int_equal(open_copy(more, n, 2, &text, &t, &has), n > REPORT_ENVELOPE_MAX ? ERR_REPORT_ENVELOPE : ERR_REPORT_SEAL);
	}
	free(more);
}

/* Sealed by hand: n bytes inside. */
static enum err open_inner(const uint8_t *inner, size_t size, bool *has, struct buf *text)
{
	uint8_t *e = calloc(1, size);
	struct report_ticket t;
	memcpy(e, "SXRP\1", 5);
	report_key_id(pub[0], e + 8);
	assert_int_equal(crypto_box_seal(e + 16, inner, size - 64, pub[0]), 0);
	enum err err = open_copy(e, size, 2, text, &t, has);
	free(e);
	return err;
}

static void liars_inside(void **state)
{
	(void)state;
	static uint8_t inner[REPORT_ENVELOPE_MAX];
	static const struct { uint32_t n; size_t size; bool dirt; enum err want; } cases[] = {
		{ 10, 4096, false, OK },
		{ 3996, 4096, false, OK },
		{ 3997, 4096, false, ERR_REPORT_ENVELOPE },           /* a length beyond the end */
		{ UINT32_MAX, 4096, false, ERR_REPORT_ENVELOPE },
		{ 10, 8192, false, ERR_REPORT_ENVELOPE },             /* a larger envelope than needed */
		{ 3996, 8192, false, ERR_REPORT_ENVELOPE },
		{ 3997, 8192, false, OK },
		{ 10, 4096, true, ERR_REPORT_ENVELOPE },              /* padding that is not zeros */
		{ REPORT_TEXT_MAX, REPORT_ENVELOPE_MAX, false, OK },
		{ REPORT_TEXT_MAX + 1, REPORT_ENVELOPE_MAX, false, ERR_REPORT_ENVELOPE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
		bool has = false;
		memset(inner, 0, sizeof inner);
		for (int k = 0; k < 4; k++)
			inner[32 + k] = (uint8_t)(cases[i].n >> (24 - 8 * k));
		if (cases[i].dirt)
			inner[cases[i].size - 64 - 1] = 1;
		assert_int_equal(open_inner(inner, cases[i].size, &has, &text), cases[i].want);
		assert_true(has);   /* it was opened: the refusal can be proved */
		assert_int_equal(text.len, cases[i].want == OK ? cases[i].n : 0);
	}
	/* Too small for a secret and a length can't be: every size is larger. */
	assert_true(REPORT_ENVELOPE_MIN > REPORT_HEADER_LEN + REPORT_SEAL_LEN + REPORT_INNER_LEN);
}

static void other_keys(void **state)
{
	(void)state;
	struct buf e BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX), text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
	struct report_ticket t;
	bool has;
	assert_int_equal(report_seal(text_of(10), pub[1], &e, &t), OK);
	/* Rotation: one of two keys; when it is given up, not any more. */
	assert_int_equal(report_open(rd_of(e.bytes, e.len), keys, 1, &text, &t, &has), ERR_REPORT_KEY_ID);
	assert_int_equal(report_open(rd_of(e.bytes, e.len), keys, 0, &text, &t, &has), ERR_REPORT_KEY_ID);
	/* Under another key's name. */
	report_key_id(pub[0], e.bytes + 8);
	assert_int_equal(report_open(rd_of(e.bytes, e.len), keys, 2, &text, &t, &has), ERR_REPORT_SEAL);
	assert_int_equal(text.len, 0);
}

static void keys_as_text(void **state)
{
	(void)state;
	uint8_t key[32];
	char hex[80];
	sodium_bin2hex(hex, sizeof hex, pub[0], 32);
	assert_int_equal(report_key_parse(hex, key), OK);
	assert_memory_equal(key, pub[0], 32);
	for (size_t n = 0; n < 64; n++) {
		char cut[80];
		memcpy(cut, hex, n);
		cut[n] = '\0';
		assert_int_equal(report_key_parse(cut, key), ERR_REPORT_KEY);
	}
	strcat(hex, "0");
	assert_int_equal(report_key_parse(hex, key), ERR_REPORT_KEY);
	hex[63] = 'g';
	hex[64] = '\0';
	assert_int_equal(report_key_parse(hex, key), ERR_REPORT_KEY);
	/* Points of low order: whatever is sealed to them can be read by everybody. */
	static const char *const low[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	for (size_t i = 0; i < sizeof low / sizeof *low; i++)
		assert_int_equal(report_key_parse(low[i], key), ERR_REPORT_KEY);
	assert_memory_equal(key, pub[0], 32);
}

static void answers(void **state)
{
	(void)state;
	struct buf e BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX), text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
	struct report_ticket mine, theirs, other;
	enum report_answer answer = REPORT_KNOWN;
	enum err why = OK;
	bool proved = false, has;
	uint8_t a[REPORT_ANSWER_LEN];

	assert_int_equal(report_seal(text_of(10), pub[0], &e, &mine), OK);
	assert_int_equal(report_open(rd_of(e.bytes, e.len), keys, 2, &text, &theirs, &has), OK);
	for (int i = REPORT_REFUSED; i <= REPORT_KNOWN; i++) {
		report_answer_make(&theirs, (enum report_answer)i, i == REPORT_REFUSED ? ERR_REPORT_RATE : OK, a);
		assert_int_equal(report_answer_read(rd_of(a, sizeof a), &mine, &answer, &why, &proved), OK);
		assert_int_equal(answer, i);
		assert_int_equal(why, i == REPORT_REFUSED ? ERR_REPORT_RATE : OK);
		assert_true(proved);
		/* No bit of it may change. */
		for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
			a[bit / 8] ^= (uint8_t)(1u << (bit % 8));
			assert_int_equal(report_answer_read(rd_of(a, sizeof a), &mine, &answer, &why, &proved), ERR_REPORT_ACK);
			a[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		}
		for (size_t n = 0; n < sizeof a; n++)
			assert_int_equal(report_answer_read(rd_of(a, n), &mine, &answer, &why, &proved), ERR_REPORT_ACK);
		/* Not for another report, nor for the same one sealed again, nor with the secret of one and the bytes of another. */
		other = mine;
		other.digest[0] ^= 1;
		assert_int_equal(report_answer_read(rd_of(a, sizeof a), &other, &answer, &why, &proved), ERR_REPORT_ACK);
		other = mine;
		other.secret[31] ^= 1;
		assert_int_equal(report_answer_read(rd_of(a, sizeof a), &other, &answer, &why, &proved), ERR_REPORT_ACK);
	}
	/* Without a proof: a refusal, and nothing but one. */
	report_answer_make(NULL, REPORT_REFUSED, ERR_REPORT_SEAL, a);
	assert_int_equal(report_answer_read(rd_of(a, sizeof a), &mine, &answer, &why, &proved), OK);
	assert_int_equal(answer, REPORT_REFUSED);
	assert_int_equal(why, ERR_REPORT_SEAL);
	assert_false(proved);
	report_answer_make(NULL, REPORT_STORED, OK, a);
	assert_int_equal(report_answer_read(rd_of(a, sizeof a), &mine, &answer, &why, &proved), ERR_REPORT_ACK);
	/* A number nobody knows; a refusal without one; one that is none. */
	report_answer_make(NULL, REPORT_REFUSED, ERR_REPORT_SEAL, a);
	a[6] = 0xff;
	assert_int_equal(report_answer_read(rd_of(a, sizeof a), &mine, &answer, &why, &proved), OK);
	assert_int_equal(why, ERR_FORMAT);
	a[6] = a[7] = 0;
	assert_int_equal(report_answer_read(rd_of(a, sizeof a), &mine, &answer, &why, &proved), ERR_REPORT_ACK);
	assert_true(report_why_passes(ERR_REPORT_RATE) && report_why_passes(ERR_REPORT_STORE));
	assert_false(report_why_passes(ERR_REPORT_FIELD) || report_why_passes(OK) || report_why_passes(ERR_REPORT_KEY_ID));
}

static void numbers(void **state)
{
	(void)state;
	assert_true(err_is_known(ERR_REPORT_SEAL) && err_is_known(1001));
	assert_false(err_is_known(0) || err_is_known(1) || err_is_known(65535) || err_is_known(1807));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(every_bit), cmocka_unit_test(every_cut), cmocka_unit_test(liars_inside),
		cmocka_unit_test(other_keys), cmocka_unit_test(keys_as_text), cmocka_unit_test(answers), cmocka_unit_test(numbers),
	};
	if (sodium_init() < 0)
		return 1;
	for (int i = 0; i < 2; i++)
		crypto_box_keypair(pub[i], sec[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
