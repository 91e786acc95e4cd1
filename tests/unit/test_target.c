// uses: host/engine/target.c
/* What may be asked for through an exit: names always, however they are spelt; literals only when they are public. */
#include "engine/target.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void is(const char *host, enum target_kind kind, const char *want)
{
	struct target t;

	if (target_parse(host, &t) != OK)
		fail_msg("%s refused", host);
	assert_int_equal(t.kind, kind);
	assert_string_equal(t.host, want);
}

static void refused(const char *host, enum err want)
{
	struct target t = { .host = "untouched" };
	enum err err = target_parse(host, &t);

	if (err != want)
		fail_msg("%s: %d, not %d", host, err, want);
	assert_string_equal(t.host, "untouched");
}

static void test_names(void **state)
{
	(void)state;
	is("example.com", TARGET_NAME, "example.com");
	is("EXAMPLE.Com.", TARGET_NAME, "example.com");
	is("xn--bcher-kva.example", TARGET_NAME, "xn--bcher-kva.example");
	is("_dmarc.a-b.c_d.test", TARGET_NAME, "_dmarc.a-b.c_d.test");
	is("r3---sn-4g5e.video.test", TARGET_NAME, "r3---sn-4g5e.video.test");
	is("1.2.3.4.example", TARGET_NAME, "1.2.3.4.example");
	is("0x7f.1.com", TARGET_NAME, "0x7f.1.com");
}

/* A name is never exempt by its spelling: an exit resolved it. */
static void test_local_looking_names_are_names(void **state)
{
	static const char *const names[] = {
		"localhost", "router", "router.local", "shop.test", "intranet", "printer.lan", "host.internal", "x.invalid", "home.arpa",
		"a.localhost", "1.0.0.127.in-addr.arpa", "onion.example", "exit.example", "fritz.box", "10.0.0.1.nip.io",
	};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		is(names[i], TARGET_NAME, names[i]);
}

static void test_not_names(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "a..b", ".a", "a..", "a b", "a/b", "a@b", "a%2e", ("b\xc3\xbc" "cher.example"), "a\tb", "a\nb", "a,b", "a=b", "*", "*.a.b",
		"a\"b", "$", "a.exit", "A.EXIT", "b.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.exit", "a.exit.", "x.virtual", "x.VIRTUAL.",
		"a.noconnect", "exit",
		/* numbers that are no dotted quad */
		"1", "127.1", "1.2.3", "1.2.3.4.5", "0x7f000001", "0x7f.0.0.1", "1.2.3.0x4", "017700000001", "127.0.0.01", "0177.0.0.1", "256.1.1.1",
		"1.2.3.4.", "999999999999", "a.1", "a.0x1", "0x", "a.0x", "example.com.0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (strcmp(bad[i], "1.2.3.4.") == 0)
			is(bad[i], TARGET_IPV4, "1.2.3.4");   /* one root dot, as browsers take it */
		else
			refused(bad[i], ERR_TARGET_NAME);
	}
}

static void test_lengths(void **state)
{
	char name[400];

	(void)state;
	memset(name, 'a', sizeof name);
	name[63] = '\0';
	is(name, TARGET_NAME, name);
	name[63] = 'a';
	name[64] = '\0';
	refused(name, ERR_TARGET_NAME);
	for (int i = 0; i < 400; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	name[253] = '\0';
	is(name, TARGET_NAME, name);
	name[253] = 'a';
	name[254] = '\0';
	refused(name, ERR_TARGET_NAME);
	name[253] = '.';
	struct target t;
	assert_int_equal(target_parse(name, &t), OK);
	name[254] = 'a';
	name[255] = 'a';
	name[256] = '\0';
	refused(name, ERR_TARGET_NAME);
	memset(name, 'a', 399);
	name[399] = '\0';
	refused(name, ERR_TARGET_NAME);
}

static void test_onion(void **state)
{
	(void)state;
	refused("duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion", ERR_TARGET_PRIVATE);
	refused("www.x.ONION", ERR_TARGET_PRIVATE);
	refused("x.onion.", ERR_TARGET_PRIVATE);
	refused("onion", ERR_TARGET_PRIVATE);
}

static void test_ipv4(void **state)
{
	static const char *const special[] = {
		"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.77.2.64", "127.255.255.255",
		"169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.0",
		"192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.255", "224.0.0.0", "239.255.255.255", "240.0.0.0",
		"255.255.255.255", "127.0.0.1.",
	};
	static const char *const public[] = {
		"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
		"169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
		"198.20.0.0", "223.255.255.255",
	};

	(void)state;
	for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
		refused(special[i], ERR_TARGET_PRIVATE);
	for (size_t i = 0; i < sizeof public / sizeof public[0]; i++)
		is(public[i], TARGET_IPV4, public[i]);
}

static void test_ipv6(void **state)
{
	static const char *const special[] = {
		"::", "::1", "[::1]", "fc00::1", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8",
		"64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b:1::1", "2001:db8::1", "2001::1", "2001:10::1", "2001:1ff::1", "2002:7f00:1::1",
		"2002:c0a8:1::", "3fff::1", "100::1", "4000::1", "1fff::1", "5f00::1",
	};
	static const char *const bad[] = {
		"[", "]", "[]", "::1]", "[::1", "[1.2.3.4]", "[a.test]", ":", ":::", "1:2:3:4:5:6:7:8:9", "g::", "fe80::1%eth0", "2606:4700::1%1",
		"[2606:4700::1%25eth0]", "::1.2.3", "[2606:4700::1]:443", "2606:4700::1 ", "1.2.3.4:80", "example.com:443",
		"2606:4700:2606:4700:2606:4700:2606:4700:2606:4700:2606:4700",
	};

	(void)state;
	for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
		refused(special[i], ERR_TARGET_PRIVATE);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		refused(bad[i], ERR_TARGET_NAME);
	is("2606:4700::1111", TARGET_IPV6, "2606:4700::1111");
	is("[2606:4700:0:0:0:0:0:1111]", TARGET_IPV6, "2606:4700::1111");
	is("2A00::B", TARGET_IPV6, "2a00::b");
	is("2000::", TARGET_IPV6, "2000::");
	is("3ffe:ffff::1", TARGET_IPV6, "3ffe:ffff::1");
	is("2001:200::1", TARGET_IPV6, "2001:200::1");
	is("2002:808:808::1", TARGET_IPV6, "2002:808:808::1");
	is("64:ff9b::8.8.8.8", TARGET_IPV6, "64:ff9b::808:808");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_local_looking_names_are_names), cmocka_unit_test(test_not_names),
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_onion), cmocka_unit_test(test_ipv4), cmocka_unit_test(test_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
