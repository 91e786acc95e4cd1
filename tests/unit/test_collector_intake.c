// uses: host/collector/intake.c host/collector/keys.c host/collector/list.c host/collector/rate.c host/report/*.c host/engine/target.c host/base/buf.c host/base/err.c host/base/rd.c host/base/verdict.c
// libs: -lsodium
/* What the collector takes: a sealed, canonical report about a host that may be asked, and nothing else. */
#include "collector/intake.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NOW INT64_C(1795000000)

static struct keys keys;
static struct list denied;
static struct intake intake = { .keys = &keys, .denied = &denied };

static struct report *sample(const char *host, uint16_t port)
{
	struct report *r = report_new();

	assert_non_null(r);
	r->kind = REPORT_CERTIFICATE;
	snprintf(r->host, sizeof r->host, "%s", host);
	r->port = port;
	r->hour = NOW / 3600;
	r->reason = REASON_OTHERS_VALID;
	r->k = 3;
	r->asked = 3;
	r->answered = 3;
	snprintf(r->version, sizeof r->version, "0.1.0");
	r->n_first = 1;
	memset(r->first[0].exit.fp, 0xab, FP_LEN);
	r->first[0].status = REPORT_SAW_CERTIFICATE;
	return r;
}

static void seal(const struct report *r, const uint8_t key[32], struct buf *out)
{
	struct buf text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
	struct report_ticket ticket;

	assert_int_equal(report_encode(r, false, &text), OK);
	assert_int_equal(report_seal(rd_of(text.bytes, text.len), key, out, &ticket), OK);
}

static enum err take(const struct buf *envelope, struct intake_item *item)
{
	return intake_take(&intake, rd_of(envelope->bytes, envelope->len), NOW, 1000, item);
}

static enum err taken(const char *host, uint16_t port, int hours)
{
	struct buf envelope BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX);
	struct report *r = sample(host, port);
	struct intake_item item;

	r->hour = (uint32_t)((int)r->hour + hours);
	seal(r, keys.pub[0], &envelope);
	enum err err = take(&envelope, &item);
	/* Whoever sealed it gets an answer that can be proved, a refusal too. */
	assert_true(item.has_ticket);
	intake_item_free(&item);
	report_free(r);
	return err;
}

static void good(void **state)
{
	struct buf envelope BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX), again BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX);
	struct report *r = sample("a.test", 443);
	struct intake_item item, second;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		buf_free(&envelope);
		buf_free(&again);
		seal(r, keys.pub[k], &envelope);
		seal(r, keys.pub[k], &again);
		assert_int_equal(take(&envelope, &item), OK);
		assert_int_equal(take(&again, &second), OK);
		/* The same report sealed twice is the same report. */
		assert_memory_equal(item.row.digest, second.row.digest, 32);
		assert_string_equal(item.row.kind, "certificate");
		assert_string_equal(item.row.host, "a.test");
		assert_string_equal(item.row.accused[0].fp, "ABABABABABABABABABABABABABABABABABABABAB");
		assert_int_equal(item.row.n, 1);
		assert_int_equal(strlen(item.row.body), item.text.len - 1);
		intake_item_free(&item);
		intake_item_free(&second);
	}
	report_free(r);
}

static void targets(void **state)
{
	static const struct { const char *host; uint16_t port; enum err err; } rows[] = {
		{ "a.test", 443, OK }, { "a.test", 8443, OK }, { "a.test", 465, OK }, { "a.test", 993, OK }, { "a.test", 995, OK },
		{ "1.2.3.4", 443, OK }, { "2606:4700::5", 443, OK }, { "a.test", 18443, OK },
		{ "a.test", 22, ERR_REPORT_TARGET }, { "a.test", 25, ERR_REPORT_TARGET }, { "a.test", 80, ERR_REPORT_TARGET },
		{ "a.test", 9050, ERR_REPORT_TARGET }, { "a.test", 1, ERR_REPORT_TARGET }, { "a.test", 65535, ERR_REPORT_TARGET },
		{ "10.0.0.1", 443, ERR_REPORT_TARGET }, { "127.0.0.1", 443, ERR_REPORT_TARGET }, { "192.168.1.1", 443, ERR_REPORT_TARGET },
		{ "169.254.169.254", 443, ERR_REPORT_TARGET }, { "0.0.0.0", 443, ERR_REPORT_TARGET }, { "::1", 443, ERR_REPORT_TARGET },
		{ "fe80::1", 443, ERR_REPORT_TARGET }, { "fc00::1", 443, ERR_REPORT_TARGET }, { "::ffff:10.0.0.1", 443, ERR_REPORT_TARGET },
		{ "64:ff9b::a00:1", 443, ERR_REPORT_TARGET }, { "224.0.0.1", 443, ERR_REPORT_TARGET },
		{ "0x7f000001", 443, ERR_REPORT_TARGET }, { "2130706433", 443, ERR_REPORT_TARGET }, { "127.1", 443, ERR_REPORT_TARGET },
		{ "abcdefghijklmnop.onion", 443, ERR_REPORT_TARGET }, { "x.virtual", 443, ERR_REPORT_TARGET },
		{ "a.test.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.exit", 443, ERR_REPORT_TARGET },
		{ "bank.test", 443, ERR_REPORT_TARGET }, { "www.gov.test", 443, ERR_REPORT_TARGET },
		{ "--json", 443, OK },   /* a name, to the engine as well: it stands behind a "--" */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum err err = intake_target(&intake, REPORT_CERTIFICATE, rows[i].host, rows[i].port);
		if (err != rows[i].err)
			fail_msg("%s:%u: %s", rows[i].host, rows[i].port, err_name(err));
	}
	assert_int_equal(intake_target(&intake, REPORT_COPY, "a.test", 80), OK);
	assert_int_equal(intake_target(&intake, REPORT_DOWNLOAD, "a.test", 8080), OK);
	assert_int_equal(intake_target(&intake, REPORT_COPY, "a.test", 25), ERR_REPORT_TARGET);
	/* A host in another form than the one that is kept: two findings of one, or past the list of the denied. */
	static const char *const other_forms[] = { "2606:4700:0:0::5", "2606:4700::0005", "a.test.", "A.test", "BANK.test" };
	for (size_t i = 0; i < sizeof other_forms / sizeof *other_forms; i++)
		assert_int_equal(intake_target(&intake, REPORT_CERTIFICATE, other_forms[i], 443), ERR_REPORT_TARGET);
	static const struct { enum err why; unsigned status; } statuses[] = {
		{ OK, 200 }, { ERR_TOO_BIG, 413 }, { ERR_REPORT_RATE, 429 }, { ERR_REPORT_RELAY_RATE, 429 }, { ERR_REPORT_STORE, 503 }, { ERR_NOMEM, 503 },
		{ ERR_REPORT_TARGET, 400 }, { ERR_REPORT_SEAL, 400 },
	};
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		assert_int_equal(intake_status(statuses[i].why), statuses[i].status);
	assert_int_equal(intake_target(&intake, REPORT_COPY, "10.0.0.1", 80), ERR_REPORT_TARGET);
	assert_int_equal(taken("a.test", 25, 0), ERR_REPORT_TARGET);
	assert_int_equal(taken("10.0.0.1", 443, 0), ERR_REPORT_TARGET);
}

static void times(void **state)
{
	(void)state;
	assert_int_equal(taken("a.test", 443, 0), OK);
	assert_int_equal(taken("a.test", 443, 24), OK);
	assert_int_equal(taken("a.test", 443, 25), ERR_REPORT_TIME);
	assert_int_equal(taken("a.test", 443, -366 * 24), OK);
	assert_int_equal(taken("a.test", 443, -366 * 24 - 1), ERR_REPORT_TIME);
}

/* Every byte of an envelope changed, cut at every byte: refused, with an error that is a peer's fault. */
static void damaged(void **state)
{
	struct buf envelope BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX);
	struct report *r = sample("a.test", 443);
	struct intake_item item;

	(void)state;
	seal(r, keys.pub[0], &envelope);
	for (size_t at = 0; at < envelope.len; at++) {
		envelope.bytes[at] ^= 0x01;
		enum err err = take(&envelope, &item);
		assert_true(err != OK && err_class(err) == ERR_CLASS_PEER && intake_status(err) == 400);
		assert_false(item.has_ticket);
		intake_item_free(&item);
		envelope.bytes[at] ^= 0x01;
	}
	for (size_t n = 0; n < envelope.len; n += n < 64 ? 1 : 61) {
		assert_int_not_equal(intake_take(&intake, rd_of(envelope.bytes, n), NOW, 1, &item), OK);
		intake_item_free(&item);
	}
	/* Sealed to somebody else. */
	uint8_t pub[32], sec[32];
	crypto_box_keypair(pub, sec);
	buf_free(&envelope);
	seal(r, pub, &envelope);
	assert_int_equal(take(&envelope, &item), ERR_REPORT_KEY_ID);
	intake_item_free(&item);
	report_free(r);
}

/* Well sealed, and not a report: what stands inside is refused with a proof. */
static void not_reports(void **state)
{
	static const char *const texts[] = { "", "{}", "[]", "null", "{\"secondexit_report\":1}", "{\"secondexit_report\":2}", "hello" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct buf envelope BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX);
		struct report_ticket ticket;
		struct intake_item item;
		if (report_seal(rd_of(texts[i], strlen(texts[i])), keys.pub[0], &envelope, &ticket) != OK)
			continue;
		enum err err = take(&envelope, &item);
		assert_true(err == ERR_REPORT_JSON || err == ERR_REPORT_FIELD || err == ERR_REPORT_VERSION || err == ERR_REPORT_ENVELOPE);
		assert_true(item.has_ticket);
		intake_item_free(&item);
	}
	/* A good one with a blank in it, cut at every byte, is not canonical any more. */
	struct buf text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
	struct report *r = sample("a.test", 443);
	assert_int_equal(report_encode(r, false, &text), OK);
	report_free(r);
	for (size_t n = 0; n <= text.len; n++) {
		struct buf envelope BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX), bent BUF_AUTO = buf_new(REPORT_TEXT_MAX);
		struct report_ticket ticket;
		struct intake_item item;
		buf_put(&bent, text.bytes, n);
		if (n == text.len)
			buf_put(&bent, " ", 1);
		assert_int_equal(report_seal(rd_of(bent.bytes, bent.len), keys.pub[0], &envelope, &ticket), OK);
		assert_int_not_equal(take(&envelope, &item), OK);
		intake_item_free(&item);
	}
}

static int set_up(void **state)
{
	static struct list_host hosts[] = { { "", "bank.test", 0, "" }, { "", ".gov.test", 0, "" } };

	(void)state;
	denied = (struct list){ hosts, 2 };
	intake.more_ports[0] = 18443;
	intake.n_more_ports = 1;
	keys.n = KEYS_MAX;
	for (size_t i = 0; i < KEYS_MAX; i++) {
		keys.sec[i] = sodium_malloc(32);
		crypto_box_keypair(keys.pub[i], keys.sec[i]);
	}
	return 0;
}

static int take_down(void **state)
{
	(void)state;
	keys_free(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good), cmocka_unit_test(targets), cmocka_unit_test(times), cmocka_unit_test(damaged), cmocka_unit_test(not_reports),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, set_up, take_down);
}
