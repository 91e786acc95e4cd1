/* The table of certificate errors: the cases that the design and Firefox's own rules name. */
// uses: host/feature/classes.c
#include "feature/classes.h"
#include "cert_errors.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define SEC (-8192)
#define SSL (-12288)
#define PKIX (-16384)

static void suspicious(void **state)
{
	(void)state;
	const int32_t numbers[] = { PKIX + 14 /* self-signed */, SSL + 12 /* wrong host */, SEC + 13 /* unknown issuer */,
		SEC + 12 /* revoked */, SEC + 10 /* bad signature */, SEC + 176 /* broken algorithm */, PKIX + 15 /* canary */ };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		assert_int_equal(cert_error_class(numbers[i]), CERT_CLASS_SUSPICIOUS);
}

static void unsuspicious(void **state)
{
	(void)state;
	const int32_t numbers[] = { SEC + 11 /* expired */, PKIX + 5 /* not yet valid */, PKIX + 10 /* must-staple */,
		SEC + 132 /* stale OCSP */, SEC + 122 /* try later */, SEC + 126 /* responder does not know it */ };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		assert_int_equal(cert_error_class(numbers[i]), CERT_CLASS_UNSUSPICIOUS);
}

/* Firefox reports these before it has checked the leaf's signature: an interceptor can have them at will, so they must
 * not lead past the check. */
static void forgeable_time_errors_are_suspicious(void **state)
{
	(void)state;
	assert_int_equal(cert_error_class(SEC + 30), CERT_CLASS_SUSPICIOUS);  /* expired issuer */
	assert_int_equal(cert_error_class(PKIX + 6), CERT_CLASS_SUSPICIOUS);  /* issuer not yet valid */
	assert_int_equal(cert_error_class(SEC + 8), CERT_CLASS_SUSPICIOUS);   /* malformed time, also an issuer's */
}

static void not_certificate_errors(void **state)
{
	(void)state;
	const int32_t numbers[] = { SSL + 25 /* record too long */, SSL + 2 /* no cypher overlap */, SSL + 999, SSL + 500,
		SEC + 0 /* IO */, SEC + 19 /* no memory */, 0, 1, -1, -5961, SEC - 1, SEC + 1000, SSL - 1, SSL + 1000, PKIX - 1,
		PKIX + 1000, INT32_MIN, INT32_MAX };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		assert_int_equal(cert_error_class(numbers[i]), CERT_CLASS_NONE);
}

static void unknown_certificate_errors_are_suspicious(void **state)
{
	(void)state;
	for (int32_t n = PKIX + 18; n < PKIX + 1000; n++)
		assert_int_equal(cert_error_class(n), CERT_CLASS_SUSPICIOUS);
	for (int32_t n = SEC + 184; n < SEC + 1000; n++)
		assert_int_equal(cert_error_class(n), CERT_CLASS_SUSPICIOUS);
}

/* Firefox's list of overridable errors, by number: exactly these. */
static void overridable(void **state)
{
	(void)state;
	const int32_t over[] = { SEC + 8, SEC + 11, SEC + 13, SEC + 30, SEC + 36, SEC + 176, SSL + 12, PKIX + 1, PKIX + 2,
		PKIX + 3, PKIX + 5, PKIX + 6, PKIX + 12, PKIX + 14, PKIX + 15, PKIX + 16 };
	const size_t n_over = sizeof over / sizeof *over;
	size_t seen = 0;
	for (int32_t n = -20000; n < 0; n++) {
		const struct cert_error *e = cert_error_find(n);
		bool want = false;
		for (size_t i = 0; i < n_over; i++)
			want |= over[i] == n;
		assert_int_equal(e && e->is_overridable, want);
		if (want)
			assert_int_not_equal(e->category, CERT_CATEGORY_NONE);
		seen += want;
	}
	assert_int_equal(seen, n_over);
}

/* An error that leaves a way on without a check must be one that no exit can provoke. */
static void class_2_with_a_bypass_is_short(void **state)
{
	(void)state;
	for (int32_t n = -20000; n < 0; n++) {
		const struct cert_error *e = cert_error_find(n);
		if (e && e->cls == CERT_CLASS_UNSUSPICIOUS && e->is_overridable)
			assert_true(n == SEC + 11 || n == PKIX + 5);
	}
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(cert_error_find(-16370)->name, "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT");
	assert_string_equal(cert_error_find(-8181)->name, "SEC_ERROR_EXPIRED_CERTIFICATE");
	assert_string_equal(cert_error_find(-12276)->name, "SSL_ERROR_BAD_CERT_DOMAIN");
	assert_null(cert_error_find(-1));
#define FOUND(number, text, cls, over, category) assert_string_equal(cert_error_find(number)->name, text);
	CERT_ERROR_TABLE(FOUND)
}

/* What the browser's error says about a chain that is valid to us. */
static void what_the_browser_saw(void **state)
{
	(void)state;
	const int32_t invalid[] = { PKIX + 14, SSL + 12, PKIX + 1, PKIX + 15, PKIX + 12 };
	for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
		assert_int_equal(cert_error_saw(invalid[i]), BROWSER_SAW_INVALID);
	const int32_t unknown[] = { 0, PKIX + 0 /* pins */, PKIX + 16 /* logs */, SEC + 12 /* revoked */, PKIX + 10 /* staple */,
		SEC + 132, SEC + 144, SEC + 156, SEC + 157, SSL + 25 };
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		assert_int_equal(cert_error_saw(unknown[i]), BROWSER_SAW_UNKNOWN);
	const int32_t doubtful[] = { SEC + 13, SEC + 30, SEC + 11, SEC + 10, PKIX + 2, PKIX + 500, SEC + 900 };
	for (size_t i = 0; i < sizeof doubtful / sizeof *doubtful; i++)
		assert_int_equal(cert_error_saw(doubtful[i]), BROWSER_SAW_DOUBTFUL);
	/* the numbers in the code are those of the table */
	for (int32_t n = -20000; n < 0; n++)
		if (cert_error_saw(n) == BROWSER_SAW_INVALID)
			assert_int_equal(cert_error_class(n), CERT_CLASS_SUSPICIOUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suspicious), cmocka_unit_test(unsuspicious),
		cmocka_unit_test(forgeable_time_errors_are_suspicious), cmocka_unit_test(not_certificate_errors),
		cmocka_unit_test(unknown_certificate_errors_are_suspicious), cmocka_unit_test(overridable),
		cmocka_unit_test(class_2_with_a_bypass_is_short), cmocka_unit_test(names),
		cmocka_unit_test(what_the_browser_saw),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
