// torbrowser-launcher's AppArmor profile, in a made-up root folder.
// uses: host/cli/apparmor.c
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "cli/apparmor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROFILE "/etc/apparmor.d/torbrowser.Browser.firefox"
#define LOCAL "/etc/apparmor.d/local/torbrowser.Browser.firefox"
#define DISABLED "/etc/apparmor.d/disable/torbrowser.Browser.firefox"
#define ENABLED "/sys/module/apparmor/parameters/enabled"
#define PROGRAM "/home/u/.local/lib/secondexit/secondexit"

static char root[64];

static void put(const char *path, const char *text)
{
	char full[256], command[512];
	snprintf(full, sizeof full, "%s%s", root, path);
	snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\"", full);
	assert_int_equal(system(command), 0);
	FILE *f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/secondexit-root-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	return system(command);
}

static void denies(void **state)
{
	(void)state;
	assert_false(apparmor_denies(root, PROGRAM));   /* nothing there at all */
	put(PROFILE, "profile");
	assert_false(apparmor_denies(root, PROGRAM));   /* no AppArmor */
	put(ENABLED, "N\n");
	assert_false(apparmor_denies(root, PROGRAM));
	put(ENABLED, "Y\n");
	assert_true(apparmor_denies(root, PROGRAM));
	put(LOCAL, "# \"" PROGRAM "\" PUx,\n/usr/bin/other Ux,\n");
	assert_true(apparmor_denies(root, PROGRAM));    /* a comment allows nothing */
	put(LOCAL, "x\n  \"" PROGRAM "\" PUx,\n");
	assert_false(apparmor_denies(root, PROGRAM));
	put(LOCAL, "");
	assert_true(apparmor_denies(root, PROGRAM));
	put(DISABLED, "");
	assert_false(apparmor_denies(root, PROGRAM));
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(denies, setup, teardown) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
