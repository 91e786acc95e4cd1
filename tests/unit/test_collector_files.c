// uses: host/collector/keys.c host/collector/list.c host/collector/rate.c host/report/*.c host/engine/target.c host/base/buf.c host/base/err.c host/base/rd.c host/base/verdict.c
// libs: -lsodium
/* The collector's files: keys that others could read are refused, rotation keeps two, lists are strict. And the rates. */
#include "collector/keys.h"
#include "collector/list.h"
#include "base/limits_collector.h"
#include "collector/rate.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[64], path[128];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/collector-files-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/file", folder);
	return 0;
}

static int take_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void write_file(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void rotation(void **state)
{
	uint8_t first[32], second[32], third[32];
	struct keys k;

	(void)state;
	assert_int_equal(keys_make(path, true, first), ERR_KEY_FILE);
	assert_int_equal(keys_make(path, false, first), OK);
	assert_int_equal(keys_make(path, false, second), ERR_KEY_EXISTS);
	assert_int_equal(keys_load(path, &k), OK);
	assert_int_equal(k.n, 1);
	assert_memory_equal(k.pub[0], first, 32);
	keys_free(&k);
	assert_int_equal(keys_make(path, true, second), OK);
	assert_int_equal(keys_load(path, &k), OK);
	assert_int_equal(k.n, 2);
	assert_memory_equal(k.pub[0], second, 32);
	assert_memory_equal(k.pub[1], first, 32);
	keys_free(&k);
	/* Two valid keys, never three. */
	assert_int_equal(keys_make(path, true, third), OK);
	assert_int_equal(keys_load(path, &k), OK);
	assert_int_equal(k.n, 2);
	assert_memory_equal(k.pub[0], third, 32);
	assert_memory_equal(k.pub[1], second, 32);
	keys_free(&k);
}

static void unsafe(void **state)
{
	static const mode_t modes[] = { 0640, 0660, 0604, 0606, 0644, 0610, 0601, 0777 };
	uint8_t pub[32];
	struct keys k;
	char other[128];

	(void)state;
	assert_int_equal(keys_make(path, false, pub), OK);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(keys_load(path, &k), ERR_KEY_UNSAFE);
	}
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(keys_load(path, &k), OK);
	keys_free(&k);
	/* A second name, by a hard or a soft link. */
	snprintf(other, sizeof other, "%s/other", folder);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(keys_load(path, &k), ERR_KEY_UNSAFE);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(keys_load(other, &k), ERR_KEY_UNSAFE);
	assert_int_equal(unlink(other), 0);
	/* A folder where anybody may put another file in its place. */
	assert_int_equal(chmod(folder, 0777), 0);
	assert_int_equal(keys_load(path, &k), ERR_KEY_UNSAFE);
	assert_int_equal(keys_make(path, true, pub), ERR_KEY_UNSAFE);
	assert_int_equal(chmod(folder, 01777), 0);
	assert_int_equal(keys_load(path, &k), OK);
	keys_free(&k);
	assert_int_equal(chmod(folder, 0700), 0);
	/* Of another owner. */
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 12345), 0);
		assert_int_equal(keys_load(path, &k), ERR_KEY_UNSAFE);
	}
	/* No file at all: a FIFO must not hold us. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(keys_load(path, &k), ERR_KEY_UNSAFE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(keys_load(path, &k), ERR_KEY_UNSAFE);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(keys_load(path, &k), ERR_KEY_FILE);
}

/* Cut at every byte, and every byte changed: the file is good or refused, never a key that isn't one. */
static void damaged(void **state)
{
	uint8_t pub[32];
	char text[2048];
	struct keys k;

	(void)state;
	assert_int_equal(keys_make(path, false, pub), OK);
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof text);
	close(fd);
	assert_true(n > 130);
	for (ssize_t cut = 0; cut < n - 1; cut++) {
		write_file(text, (size_t)cut);
		assert_int_equal(keys_load(path, &k), ERR_KEY_FILE);
	}
	size_t line = (size_t)n - 134;
	for (size_t at = line; at < (size_t)n - 1; at++) {
		char kept = text[at];
		text[at] = kept == '0' ? '1' : '0';
		write_file(text, (size_t)n);
		/* The secret's clamped bits don't change the key pair. */
		if (keys_load(path, &k) == OK) {
			assert_memory_equal(k.pub[0], pub, 32);
			keys_free(&k);
		}
		text[at] = kept;
	}
	static char large[20000];
	memset(large, '#', sizeof large);
	write_file(large, sizeof large);
	assert_int_equal(keys_load(path, &k), ERR_KEY_FILE);
}

static enum err chosen(const char *text, struct list *l)
{
	unsigned line;

	write_file(text, strlen(text));
	return list_load_chosen(path, l, &line);
}

static void lists(void **state)
{
	static const char *const bad[] = {
		"certificate example.org\n", "example.org:443\n", "certificate example.org:0\n", "certificate example.org:65536\n",
		"certificate 10.0.0.1:443\n", "certificate 127.0.0.1:443\n", "certificate [::1]:443\n", "certificate abc.onion:443\n",
		"nonsense example.org:443\n", "certificate a b:443\n", "certificate example.org:443x\n", "certificate :443\n",
		"certificate\n", "certificate example.org:+443\n", "certificate http://example.org/\n", "download example.org:80\n", "copy example.org:80\n",
		"download https://example.org/a\n", "download http://example.org\n", "download http:///a\n", "download http://10.0.0.1/a\n",
		"download http://example.org:0/a\n", "download http://example.org:80x/a\n", "download http://u@example.org/a\n", "download ftp://example.org/a\n",
		"download http://example.org/a\\b\n", "download http://example.org/a[b\n", "download http://example.org/a{b\n", "download http://abc.onion/a\n", "download http://example.org/\xc3\xa4\n", "download http://[::1]/a\n", "download http://example.org/a b\n",
	};
	struct list l;
	unsigned line;

	(void)state;
	assert_int_equal(chosen("# hosts\n\n  certificate  Example.ORG:443  # ours\ncopy http://[2606:4700::5]/page\nhttps b.test:8443\ndownload http://Files.test:8080/a/b.exe?v=1", &l), OK);
	assert_int_equal(l.n, 4);
	assert_string_equal(l.host[0].path, "");
	assert_string_equal(l.host[1].host, "2606:4700::5");
	assert_int_equal(l.host[1].port, 80);
	assert_string_equal(l.host[1].path, "/page");
	assert_string_equal(l.host[3].host, "files.test");
	assert_int_equal(l.host[3].port, 8080);
	assert_string_equal(l.host[3].path, "/a/b.exe?v=1");
	assert_string_equal(l.host[0].kind, "certificate");
	assert_string_equal(l.host[0].host, "example.org");
	assert_int_equal(l.host[0].port, 443);
	assert_string_equal(l.host[2].host, "b.test");
	list_free(&l);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (chosen(bad[i], &l) != ERR_LIST_FILE)
			fail_msg("taken: %s", bad[i]);
	static const char denied[] = "bank.test\n.gov.test\n";
	write_file(denied, sizeof denied - 1);
	assert_int_equal(list_load_denied(path, &l, &line), OK);
	assert_true(list_denies(&l, "bank.test"));
	assert_false(list_denies(&l, "www.bank.test"));
	assert_true(list_denies(&l, "gov.test"));
	assert_true(list_denies(&l, "a.b.gov.test"));
	assert_true(list_denies(&l, "a.gov.test"));
	assert_false(list_denies(&l, "xgov.test"));
	assert_false(list_denies(&l, ""));
	list_free(&l);
	assert_int_equal(list_load_denied("", &l, &line), OK);
	assert_int_equal(l.n, 0);
	unlink(path);
	assert_int_equal(list_load_denied(path, &l, &line), ERR_LIST_FILE);
}

static void rates(void **state)
{
	uint8_t a[1][FP_LEN] = { { 1 } }, b[1][FP_LEN] = { { 2 } }, both[2][FP_LEN] = { { 1 }, { 3 } };
	struct rate *r = rate_new(10, 3);
	uint64_t now = 1000000;

	(void)state;
	assert_non_null(r);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rate_take(r, now, (const uint8_t (*)[FP_LEN])a, 1), OK);
	assert_int_equal(rate_take(r, now, (const uint8_t (*)[FP_LEN])a, 1), ERR_REPORT_RELAY_RATE);
	/* One of its relays full: nothing is taken of the other, and nothing of all. */
	for (int i = 0; i < 20; i++)
		assert_int_equal(rate_take(r, now, (const uint8_t (*)[FP_LEN])both, 2), ERR_REPORT_RELAY_RATE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rate_take(r, now, (const uint8_t (*)[FP_LEN])b, 1), OK);
	for (unsigned i = 10; i < 14; i++) {
		uint8_t c[1][FP_LEN] = { { (uint8_t)i } };
		assert_int_equal(rate_take(r, now, (const uint8_t (*)[FP_LEN])c, 1), OK);
	}
	uint8_t d[1][FP_LEN] = { { 99 } };
	assert_int_equal(rate_take(r, now, (const uint8_t (*)[FP_LEN])d, 1), ERR_REPORT_RATE);
	/* Six seconds give one of ten a minute; time that goes back gives nothing. */
	assert_int_equal(rate_take(r, now - 900000, (const uint8_t (*)[FP_LEN])d, 1), ERR_REPORT_RATE);
	assert_int_equal(rate_take(r, now + 6000, (const uint8_t (*)[FP_LEN])d, 1), OK);
	assert_int_equal(rate_take(r, now + 6000, (const uint8_t (*)[FP_LEN])d, 1), ERR_REPORT_RATE);
	/* Twenty minutes give one of three an hour. */
	assert_int_equal(rate_take(r, now + 1200000, (const uint8_t (*)[FP_LEN])a, 1), OK);
	assert_int_equal(rate_take(r, now + 1200000, (const uint8_t (*)[FP_LEN])a, 1), ERR_REPORT_RELAY_RATE);
	/* However long: never more than the most. */
	now += UINT64_C(1) << 60;
	for (int i = 0; i < 3; i++)
		assert_int_equal(rate_take(r, now, (const uint8_t (*)[FP_LEN])a, 1), OK);
	assert_int_equal(rate_take(r, now, (const uint8_t (*)[FP_LEN])a, 1), ERR_REPORT_RELAY_RATE);
	rate_free(r);
	/* Room is made by the longest silent: relays at their limit stay there while a flood of others passes by. */
	r = rate_new(0, 1);
	unsigned remembered = 0;
	for (uint32_t i = 0; i < 200 + INTAKE_RELAYS_MAX * 5 / 4; i++) {
		uint8_t fp[1][FP_LEN] = { { 0 } };
		bool is_ours = i >= INTAKE_RELAYS_MAX && i < INTAKE_RELAYS_MAX + 200;
		memcpy(fp[0], &i, sizeof i);
		assert_int_equal(rate_take(r, now + i / 100, (const uint8_t (*)[FP_LEN])fp, 1), OK);
		if (is_ours)
			assert_int_equal(rate_take(r, now + i / 100, (const uint8_t (*)[FP_LEN])fp, 1), ERR_REPORT_RELAY_RATE);
	}
	for (uint32_t i = INTAKE_RELAYS_MAX; i < INTAKE_RELAYS_MAX + 200; i++) {
		uint8_t fp[1][FP_LEN] = { { 0 } };
		memcpy(fp[0], &i, sizeof i);
		remembered += rate_take(r, now + INTAKE_RELAYS_MAX / 50, (const uint8_t (*)[FP_LEN])fp, 1) == ERR_REPORT_RELAY_RATE;
	}
	assert_true(remembered > 150);
	rate_free(r);
	r = rate_new(0, 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(rate_take(r, now, (const uint8_t (*)[FP_LEN])a, 1), OK);
	rate_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rotation, set_up, take_down), cmocka_unit_test_setup_teardown(unsafe, set_up, take_down),
		cmocka_unit_test_setup_teardown(damaged, set_up, take_down), cmocka_unit_test_setup_teardown(lists, set_up, take_down),
		cmocka_unit_test(rates),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
