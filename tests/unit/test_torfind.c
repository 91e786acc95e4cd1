// uses: host/engine/torfind.c
/* Which tor is asked: by option, environment, ancestry, custom. The process tree is a folder of our own making. */
#include "engine/torfind.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char proc[64];

static const char *const variables[] = {
	"TOR_CONTROL_PORT", "TOR_CONTROL_HOST", "TOR_CONTROL_IPC_PATH", "TOR_SOCKS_PORT", "TOR_SOCKS_HOST", "TOR_SOCKS_IPC_PATH",
};

static int clean(void **state)
{
	char command[128];

	(void)state;
	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		unsetenv(variables[i]);
	snprintf(command, sizeof command, "rm -rf '%s'/*", proc);
	return system(command);
}

static void process(int pid, int parent, const char *name, const char *cmdline, size_t n)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%d", proc, pid);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/%d/stat", proc, pid);
	FILE *f = fopen(path, "w");
	fprintf(f, "%d (%s) S %d 1 1 0 -1 4194560 1 2 3\n", pid, name, parent);
	fclose(f);
	snprintf(path, sizeof path, "%s/%d/cmdline", proc, pid);
	f = fopen(path, "w");
	fwrite(cmdline, 1, n, f);
	fclose(f);
}
#define PROCESS(pid, parent, name, cmdline) process(pid, parent, name, cmdline, sizeof cmdline)

static size_t find(const char *control, const char *socks, struct tor_place *out)
{
	struct torfind_config config = { control, socks, proc, 100 };
	size_t n = 0;

	assert_int_equal(torfind(&config, out, &n), OK);
	return n;
}

static void refused(const char *control, const char *socks)
{
	struct torfind_config config = { control, socks, proc, 100 };
	struct tor_place out[TORFIND_MAX];
	size_t n = 99;

	assert_int_equal(torfind(&config, out, &n), ERR_USAGE);
	assert_int_equal(n, 99);
}

static void test_addresses(void **state)
{
	static const struct { const char *text, *want, *any; } good[] = {
		{ "9151", "127.0.0.1:9151", NULL }, { "127.0.0.1:9051", "127.0.0.1:9051", NULL }, { "127.9.9.9:1", "127.9.9.9:1", NULL },
		{ "localhost:65535", "127.0.0.1:65535", NULL }, { "[::1]:9051", "[::1]:9051", NULL }, { "unix:/run/tor/control", "unix:/run/tor/control", NULL },
		{ "/run/tor/control", "unix:/run/tor/control", NULL }, { "0.0.0.0:9050", "127.0.0.1:9050", NULL }, { "[::]:9050", "[::1]:9050", NULL },
		{ "10.152.152.10:9051", NULL, "10.152.152.10:9051" }, { "[fd00::1]:9051", NULL, "[fd00::1]:9051" },
	};
	static const char *const bad[] = {
		"", ":", "0", "65536", "99999", "-1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:9051x", ":9051", "::1:9051", "[::1]",
		"[::1:9051", "host.example:9051", "127.1:9051", "unix:", "unix:relative", "[]:1", "127.0.0.1:123456", "localhost", " 9151",
	};
	struct tor_addr a;
	char longest[300] = "unix:/";

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		if (good[i].want != NULL) {
			assert_int_equal(tor_addr_parse(good[i].text, false, &a), OK);
			assert_string_equal(a.text, good[i].want);
			assert_true(a.len > 0);
		} else {
			assert_int_equal(tor_addr_parse(good[i].text, false, &a), ERR_USAGE);
			assert_int_equal(tor_addr_parse(good[i].text, true, &a), OK);
			assert_string_equal(a.text, good[i].any);
		}
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (tor_addr_parse(bad[i], true, &a) != ERR_USAGE)
			fail_msg("'%s' was taken", bad[i]);
	memset(longest + 6, 'a', 200);
	assert_int_equal(tor_addr_parse(longest, true, &a), ERR_USAGE);
}

static void test_option(void **state)
{
	struct tor_place out[TORFIND_MAX];

	(void)state;
	setenv("TOR_CONTROL_PORT", "1", 1);
	setenv("TOR_SOCKS_PORT", "2", 1);
	assert_int_equal(find("127.0.0.1:3", "4", out), 1);
	assert_string_equal(out[0].control.text, "127.0.0.1:3");
	assert_string_equal(out[0].socks.text, "127.0.0.1:4");
	assert_string_equal(out[0].how, "option");
	assert_int_equal(find("unix:/x", NULL, out), 1);
	assert_string_equal(out[0].socks.text, "127.0.0.1:2");
	refused("nonsense", NULL);
	refused(NULL, "nonsense");
}

static void test_environment(void **state)
{
	struct tor_place out[TORFIND_MAX];

	(void)state;
	setenv("TOR_CONTROL_PORT", "9151", 1);
	assert_int_equal(find("", "", out), 1);
	assert_string_equal(out[0].control.text, "127.0.0.1:9151");
	assert_string_equal(out[0].how, "environment");
	assert_int_equal(out[0].socks.len, 0);
	setenv("TOR_CONTROL_HOST", "10.152.152.10", 1);
	setenv("TOR_SOCKS_HOST", "::1", 1);
	setenv("TOR_SOCKS_PORT", "9150", 1);
	assert_int_equal(find(NULL, NULL, out), 1);
	assert_string_equal(out[0].control.text, "10.152.152.10:9151");
	assert_string_equal(out[0].socks.text, "[::1]:9150");
	setenv("TOR_CONTROL_IPC_PATH", "/run/c", 1);
	setenv("TOR_SOCKS_IPC_PATH", "/run/s", 1);
	assert_int_equal(find(NULL, NULL, out), 1);
	assert_string_equal(out[0].control.text, "unix:/run/c");
	assert_string_equal(out[0].socks.text, "unix:/run/s");
	unsetenv("TOR_CONTROL_IPC_PATH");
	setenv("TOR_CONTROL_PORT", "9151 x", 1);
	refused(NULL, NULL);
	setenv("TOR_CONTROL_PORT", "", 1);   /* empty is unset */
	assert_true(find(NULL, NULL, out) > 1);
}

static void test_well_known(void **state)
{
	struct tor_place out[TORFIND_MAX];

	(void)state;
	PROCESS(100, 1, "secondexit-net", "x");
	assert_int_equal(find(NULL, NULL, out), 3);
	assert_string_equal(out[0].control.text, "127.0.0.1:9151");
	assert_string_equal(out[0].how, "browser");
	assert_string_equal(out[1].control.text, "127.0.0.1:9051");
	assert_string_equal(out[2].control.text, "unix:/run/tor/control");
	assert_string_equal(out[2].how, "system");
}

#define TOR_OF(owner, control, socks) "/tb/tor\0--defaults-torrc\0/x\0-f\0torrc\0+__ControlPort\0" control \
	"\0+__SocksPort\0" socks "\0__OwningControllerProcess\0" owner

/* Two Tor Browsers, and a tor of a shell: only that of the browser above us. */
static void test_own_browser(void **state)
{
	struct tor_place out[TORFIND_MAX];

	(void)state;
	PROCESS(1, 0, "systemd", "init");
	PROCESS(10, 1, "firefox.real", "firefox");
	PROCESS(11, 10, "tor", TOR_OF("10", "9151", "127.0.0.1:9150 ExtendedErrors IPv6Traffic"));
	PROCESS(20, 1, "firefox.real", "firefox");
	PROCESS(21, 20, "tor", TOR_OF("20", "9251", "\"unix:/run/tb 2/socks.sock\" ExtendedErrors"));
	PROCESS(22, 1, "tor", TOR_OF("9", "9351", "9350"));
	PROCESS(23, 50, "tor", TOR_OF("7", "9451", "9450"));
	PROCESS(50, 1, "bash", "bash");
	PROCESS(60, 20, "nottor", TOR_OF("20", "9551", "9550"));
	PROCESS(90, 20, "secondexit", "secondexit");
	PROCESS(100, 90, "a (b) c) S 4", "secondexit-net");
	assert_int_equal(find(NULL, NULL, out), 1);
	assert_string_equal(out[0].control.text, "127.0.0.1:9251");
	assert_string_equal(out[0].socks.text, "unix:/run/tb 2/socks.sock");
	assert_string_equal(out[0].how, "parent");
	assert_int_equal(find(NULL, "9999", out), 1);
	assert_string_equal(out[0].socks.text, "127.0.0.1:9999");
}

/* Started by a launcher, tor is not the browser's child but names it as its owner. */
static void test_owner(void **state)
{
	struct tor_place out[TORFIND_MAX];

	(void)state;
	PROCESS(10, 1, "firefox-esr", "firefox");
	PROCESS(11, 1, "tor", TOR_OF("10", "unix:/run/c", "auto"));
	PROCESS(100, 10, "secondexit-net", "x");
	assert_int_equal(find(NULL, NULL, out), 1);
	assert_string_equal(out[0].control.text, "unix:/run/c");
	assert_int_equal(out[0].socks.len, 0);
}

/* A shell above us may have started a tor of its own: that is not the browser's. A browser's child needs no owner's name. */
static void test_only_browsers_count(void **state)
{
	struct tor_place out[TORFIND_MAX];

	(void)state;
	PROCESS(50, 1, "bash", "bash");
	PROCESS(51, 50, "tor", "tor\0ControlPort\0" "9451");
	PROCESS(60, 50, "secondexit", "x");
	PROCESS(100, 60, "secondexit-net", "x");
	assert_int_equal(find(NULL, NULL, out), 3);
	PROCESS(40, 50, "firefox.real", "firefox");
	PROCESS(41, 40, "tor", "tor\0ControlPort\0" "9551\0SocksPort\0" "9550");
	PROCESS(61, 40, "secondexit-net", "x");
	struct torfind_config config = { NULL, NULL, proc, 61 };
	size_t n;
	assert_int_equal(torfind(&config, out, &n), OK);
	assert_int_equal(n, 1);
	assert_string_equal(out[0].control.text, "127.0.0.1:9551");
	assert_string_equal(out[0].socks.text, "127.0.0.1:9550");
}

static void test_strange_processes(void **state)
{
	struct tor_place out[TORFIND_MAX];

	(void)state;
	PROCESS(10, 1, "firefox", "firefox");
	PROCESS(11, 10, "tor", "tor\0ControlPort");                         /* option without a value */
	PROCESS(12, 10, "tor", TOR_OF("10", "auto", "9150"));
	PROCESS(13, 10, "tor", TOR_OF("10", "10.1.1.1:9151", "9150"));        /* not ours to reach */
	PROCESS(14, 10, "tor", "");
	PROCESS(15, 10, "tor", TOR_OF("10", "65536", "9150"));
	PROCESS(101, 102, "loop", "x");
	PROCESS(102, 101, "loop", "x");
	PROCESS(100, 10, "secondexit-net", "x");
	assert_int_equal(find(NULL, NULL, out), 3);
	struct torfind_config config = { NULL, NULL, proc, 101 };
	size_t n;
	assert_int_equal(torfind(&config, out, &n), OK);   /* ends, though these are each other's parents */
	assert_int_equal(n, 3);
	config.pid = 4711;
	assert_int_equal(torfind(&config, out, &n), OK);
	config.proc = "/nonexistent";
	assert_int_equal(torfind(&config, out, &n), OK);
	assert_int_equal(n, 3);
	for (int pid = 200; pid < 220; pid++)
		process(pid, 10, "tor", TOR_OF("10", "9151", "9150"), sizeof TOR_OF("10", "9151", "9150"));
	assert_int_equal(find(NULL, NULL, out), TORFIND_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_addresses, clean), cmocka_unit_test_setup(test_option, clean),
		cmocka_unit_test_setup(test_environment, clean), cmocka_unit_test_setup(test_well_known, clean),
		cmocka_unit_test_setup(test_own_browser, clean), cmocka_unit_test_setup(test_owner, clean),
		cmocka_unit_test_setup(test_only_browsers_count, clean), cmocka_unit_test_setup(test_strange_processes, clean),
	};

	strcpy(proc, "/tmp/torfind-XXXXXX");
	if (mkdtemp(proc) == NULL)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)clean(NULL);
	rmdir(proc);
	return failed;
}
