// The error table: every number once, every name and text there, unknown numbers harmless.
// uses: host/base/err.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"

#define ERR_NUMBER(name, number, cls, text) number,
static const int numbers[] = { ERR_TABLE(ERR_NUMBER) };
#define ERR_NAMED(name, number, cls, text) #name,
static const char *const names[] = { ERR_TABLE(ERR_NAMED) };
#define COUNT (sizeof numbers / sizeof *numbers)

static void numbers_are_unique_and_in_blocks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		assert_in_range(numbers[i], 1001, 9999);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(numbers[i], numbers[j]);
	}
}

static void every_error_speaks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		enum err e = (enum err)numbers[i];
		assert_string_equal(err_name(e), names[i]);
		assert_true(strlen(err_text(e)) > 8 && strlen(err_text(e)) < 200);
		assert_int_not_equal(err_class(e), ERR_CLASS_NONE);
	}
}

/* These numbers are on the wire and on users' screens: they never change their meaning. */
static void known_numbers_stay(void **state)
{
	(void)state;
	assert_int_equal(OK, 0);
	assert_string_equal(err_name((enum err)1104), "ERR_MSG_FIELD");
	assert_string_equal(err_name((enum err)1107), "ERR_MSG_VERSION");
	assert_string_equal(err_name((enum err)1010), "ERR_ROLE_DIED");
	assert_string_equal(err_name((enum err)1201), "ERR_TOR_ABSENT");
	assert_int_equal(err_class(ERR_BUG), ERR_CLASS_BUG);
	assert_int_equal(err_class(ERR_TIMEOUT), ERR_CLASS_PEER);
	assert_int_equal(err_class(ERR_NOMEM), ERR_CLASS_LOCAL);
	assert_int_equal(err_class(ERR_TOO_BIG), ERR_CLASS_LIMIT);
}

static void unknown_numbers_are_bugs(void **state)
{
	(void)state;
	const int foreign[] = { -1, 1, 999, 1000, 65535, INT32_MAX };
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		assert_string_equal(err_name((enum err)foreign[i]), "ERR_UNKNOWN");
		assert_string_equal(err_text((enum err)foreign[i]), "unknown error");
		assert_int_equal(err_class((enum err)foreign[i]), ERR_CLASS_BUG);
	}
	assert_string_equal(err_name(OK), "OK");
	assert_int_equal(err_class(OK), ERR_CLASS_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_unique_and_in_blocks),
		cmocka_unit_test(every_error_speaks),
		cmocka_unit_test(known_numbers_stay),
		cmocka_unit_test(unknown_numbers_are_bugs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
