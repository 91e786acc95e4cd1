// Verbs by table and the shared options, with verbs that note what they are given.
// uses: host/cli/cli.c host/base/err.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/cli.h"
#include <stdio.h>

static struct cli_options got;
static char got_args[256];

static int noting_run(const struct cli_options *options, int argc, char **argv)
{
	got = *options;
	got_args[0] = '\0';
	for (int i = 0; i < argc; i++) {
		strcat(got_args, argv[i]);
		strcat(got_args, " ");
	}
	assert_null(argv[argc]);
	return CLI_UNDECIDED;
}

#define VERB(name) const struct verb verb_##name = { #name, "summary", #name " ARGUMENT", noting_run }
VERB(cert);
VERB(https);
VERB(scan);
VERB(download);
VERB(classify);
VERB(report);
VERB(exits);
VERB(doctor);
VERB(install);
VERB(uninstall);

/* Splits a line at spaces and runs it. */
static int run(const char *line)
{
	static char words[1024];
	char *argv[64];
	int argc = 0;

	got_args[0] = '\0';
	snprintf(words, sizeof words, "secondexit %s", line);
	for (char *w = strtok(words, " "); w != NULL; w = strtok(NULL, " "))
		argv[argc++] = words + (w - words);
	argv[argc] = NULL;
	return cli_run(argc, argv);
}

static void shared_options_anywhere(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"--socks 127.0.0.1:9150 --control=unix:/c --cookie /k --password-file /p --test-ca /t --browser-dir /b --json -k 2 "
		"cert a.test --first-exit AA",
		"cert a.test --first-exit AA --socks 127.0.0.1:9150 --control=unix:/c --cookie=/k --password-file=/p --test-ca=/t "
		"--browser-dir=/b --json -k=2",
		"-k 5 cert --socks=127.0.0.1:9150 a.test --control unix:/c --first-exit AA --cookie /k --json -k 2 "
		"--password-file /p --test-ca /t --browser-dir /b",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_equal(run(lines[i]), CLI_UNDECIDED);
		assert_string_equal(got_args, "cert a.test --first-exit AA ");
		assert_string_equal(got.net.socks, "127.0.0.1:9150");
		assert_string_equal(got.net.control, "unix:/c");
		assert_string_equal(got.net.cookie, "/k");
		assert_string_equal(got.net.password_file, "/p");
		assert_string_equal(got.parse.test_ca, "/t");
		assert_string_equal(got.parse.browser_dir, "/b");
		assert_true(got.is_json);
		assert_int_equal(got.k, 2);
	}
}

static void defaults(void **state)
{
	(void)state;
	assert_int_equal(run("exits"), CLI_UNDECIDED);
	assert_string_equal(got_args, "exits ");
	assert_int_equal(got.k, K_DEFAULT);
	assert_false(got.is_json);
	assert_string_equal(got.net.control, "");
	assert_string_equal(got.parse.test_ca, "");
}

/* What is no shared option is the verb's matter; behind "--" everything is. */
static void the_rest_is_the_verbs(void **state)
{
	(void)state;
	assert_int_equal(run("cert --jsonx -kk --socksy --no-such a -- --json --help"), CLI_UNDECIDED);
	assert_string_equal(got_args, "cert --jsonx -kk --socksy --no-such a -- --json --help ");
	assert_false(got.is_json);
}

static void wrong_usage(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"", "--json", "nonsense", "Cert a", "--", "-- cert", "-x cert", "cert a --socks", "cert --control= a", "-k cert",
		"-k 0 cert", "-k 6 cert", "-k 33 cert", "-k -1 cert", "-k=x cert", "-k= cert", "cert a -k",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		if (run(lines[i]) != CLI_USAGE)
			fail_msg("taken: %s", lines[i]);
		assert_string_equal(got_args, "");
	}
	char line[512] = "cert a --socks ";
	memset(line + strlen(line), 'x', sizeof got.net.socks);
	assert_int_equal(run(line), CLI_USAGE);
	line[strlen("cert a --socks ") + sizeof got.net.socks - 1] = '\0';
	assert_int_equal(run(line), CLI_UNDECIDED);
	assert_int_equal(strlen(got.net.socks), sizeof got.net.socks - 1);
}

static void help_and_version_run_nothing(void **state)
{
	(void)state;
	static const char *const lines[] = { "--help", "-h", "--version", "cert --help", "cert a.test -h", "--json doctor --help" };
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_equal(run(lines[i]), CLI_OK);
		assert_string_equal(got_args, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_options_anywhere),
		cmocka_unit_test(defaults),
		cmocka_unit_test(the_rest_is_the_verbs),
		cmocka_unit_test(wrong_usage),
		cmocka_unit_test(help_and_version_run_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
