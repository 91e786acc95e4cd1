// report_open and report_answer_read: any bytes as an envelope, as what is inside one, as an answer. (The first byte says which.)
// uses: host/report/envelope.c host/base/buf.c host/base/rd.c host/base/err.c
// libs: -lsodium
#include "report/envelope.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static uint8_t pub[2][32], sec[2][32];

static void open_it(struct rd envelope, bool is_sealed)
{
	const struct report_keys keys[2] = { { pub[0], sec[0] }, { pub[1], sec[1] } };
	struct buf text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
	struct report_ticket t;
	bool has = false;
	enum err err = report_open(envelope, keys, 2, &text, &t, &has);

	if ((err == OK && !has) || (err != OK && text.len > 0))
		abort();
	if (is_sealed && err != OK && err != ERR_REPORT_ENVELOPE)
		abort();
	if (err == OK && envelope.left > REPORT_ENVELOPE_MIN && text.len + 100 <= envelope.left / 2)
		abort();
	uint8_t answer[REPORT_ANSWER_LEN];
	enum report_answer got;
	enum err why;
	bool proved;
	if (!has)
		return;
	report_answer_make(&t, err == OK ? REPORT_STORED : REPORT_REFUSED, err, answer);
	if (report_answer_read(rd_of(answer, sizeof answer), &t, &got, &why, &proved) != OK || !proved || why != err)
		abort();
}

static void answer(const uint8_t *bytes, size_t n)
{
	static const struct report_ticket t = { { 1 }, { 2 } };
	enum report_answer got = REPORT_REFUSED;
	enum err why;
	bool proved = true;

	/* Nobody who doesn't know the secret gets further than an unproved refusal. */
	if (report_answer_read(rd_of(bytes, n), &t, &got, &why, &proved) == OK && (got != REPORT_REFUSED || proved))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static bool is_ready;

	if (!is_ready && sodium_init() >= 0) {
		for (uint8_t i = 0; i < 2; i++) {
			uint8_t seed[crypto_box_SEEDBYTES] = { i };
			crypto_box_seed_keypair(pub[i], sec[i], seed);
		}
		is_ready = true;
	}
	if (n == 0)
		return 0;
	const uint8_t how = bytes[0];
	bytes++;
	n--;
	if (how % 3 == 0) {
		open_it(rd_of(bytes, n), false);
	} else if (how % 3 == 1) {
		size_t size = REPORT_ENVELOPE_MIN << (how / 3 % 6);
		uint8_t *inner = calloc(1, size), *e = calloc(1, size);
		memcpy(inner, bytes, n < size - 64 ? n : size - 64);
		memcpy(e, "SXRP\1", 5);
		report_key_id(pub[how & 1], e + 8);
		if (crypto_box_seal(e + 16, inner, size - 64, pub[how & 1]) != 0)
			abort();
		open_it(rd_of(e, size), true);
		free(inner);
		free(e);
	} else {
		answer(bytes, n);
	}
	return 0;
}
