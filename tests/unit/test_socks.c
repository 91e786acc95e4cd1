// SOCKS5 client: every split, every cut, every reply code, deadlines.
// uses: host/engine/socks.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/socks.h"

#define OUT_MAX 2048
#define USER "secondexit@0123"
#define PASS "feedface"

/* Server's side of a good connection: method, auth, reply with an IPv4 address. */
static const uint8_t good[] = { 5, 2, 1, 0, 5, 0, 0, 1, 127, 0, 0, 1, 0x1f, 0x90 };

struct talk { struct socks s; struct buf out; enum go go; size_t left; };

static void talk_start(struct talk *t, const char *host, uint16_t port)
{
	t->out = buf_new(OUT_MAX);
	assert_int_equal(socks_start(&t->s, USER, PASS, host, port, &t->out, 1000), OK);
	t->go = GO_WAIT;
	t->left = 0;
}

/* Feeds bytes as a driver does: what was not taken is there again next time. */
static void talk_feed(struct talk *t, const uint8_t *bytes, size_t n, size_t step)
{
	struct buf in = buf_new(OUT_MAX);

	for (size_t at = 0; at < n && t->go == GO_WAIT; at += step) {
		buf_put(&in, bytes + at, step < n - at ? step : n - at);
		/* An exact-size copy: a sanitizer sees a read behind the end. */
		uint8_t *exact = malloc(in.len);
		memcpy(exact, in.bytes, in.len);
		struct rd r = rd_of(exact, in.len);
		t->go = socks_run(&t->s, &r, &t->out, 1000);
		assert_false(r.bad);
		buf_drop(&in, in.len - r.left);
		free(exact);
	}
	t->left = in.len;
	buf_free(&in);
}

static enum err talk(const char *host, const uint8_t *bytes, size_t n, size_t step)
{
	struct talk t;

	talk_start(&t, host, 443);
	talk_feed(&t, bytes, n, step);
	buf_free(&t.out);
	assert_int_equal(t.go == GO_FAILED, t.s.state == SOCKS_BROKEN);
	assert_int_equal(t.go == GO_DONE, t.s.state == SOCKS_OPEN);
	return t.go == GO_FAILED ? t.s.err : OK;
}

/* What the client says to a server that agrees with everything. */
static void assert_says(const char *host, uint16_t port, const uint8_t *request, size_t n)
{
	for (size_t step = 1; step <= sizeof good; step++) {
		struct talk t;
		talk_start(&t, host, port);
		assert_int_equal(t.out.len, 3);
		assert_memory_equal(t.out.bytes, "\x05\x01\x02", 3);
		talk_feed(&t, good, sizeof good, step);
		assert_int_equal(t.go, GO_DONE);
		const char auth[] = "\x01\x0f" USER "\x08" PASS;
		assert_int_equal(t.out.len, 3 + sizeof auth - 1 + n);
		assert_memory_equal(t.out.bytes + 3, auth, sizeof auth - 1);
		assert_memory_equal(t.out.bytes + 3 + sizeof auth - 1, request, n);
		buf_free(&t.out);
	}
}

static void test_requests(void **state)
{
	(void)state;
	const uint8_t name[] = { 5, 1, 0, 3, 9, 's', 'i', 't', 'e', '.', 't', 'e', 's', 't', 0x01, 0xbb };
	assert_says("site.test", 443, name, sizeof name);
	const uint8_t ip4[] = { 5, 1, 0, 1, 192, 0, 2, 1, 0, 80 };
	assert_says("192.0.2.1", 80, ip4, sizeof ip4);
	const uint8_t ip6[] = { 5, 1, 0, 4, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff };
	assert_says("2001:db8::1", 65535, ip6, sizeof ip6);
	assert_says("[2001:db8::1]", 65535, ip6, sizeof ip6);
	/* Only what is a literal in full is one: tor is to resolve all else by the exit, or refuse it. */
	const uint8_t odd[] = { 5, 1, 0, 3, 5, '1', '2', '7', '.', '1', 0, 80 };
	assert_says("127.1", 80, odd, sizeof odd);
}

static void test_hosts_that_are_none(void **state)
{
	(void)state;
	char longest[257];
	memset(longest, 'a', 256);
	longest[256] = '\0';
	const char *const bad[] = { "", longest, "a b", "a\nb", "a\x7f", "[::1", "::1]", "[]", "[site.test]", "a:b", "1.2.3.4:80", "\x01" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct socks s = { 0 };
		struct buf out = buf_new(OUT_MAX);
		assert_int_equal(socks_start(&s, USER, PASS, bad[i], 443, &out, 0), ERR_TARGET_NAME);
		assert_int_equal(out.len, 0);
		buf_free(&out);
	}
	longest[255] = '\0';
	struct talk t;
	talk_start(&t, longest, 1);
	buf_free(&t.out);
}

static void test_credentials_and_port(void **state)
{
	(void)state;
	char longest[257];
	memset(longest, 'a', 256);
	longest[256] = '\0';
	struct socks s = { 0 };
	struct buf out = buf_new(OUT_MAX);
	assert_int_equal(socks_start(&s, "", PASS, "a", 1, &out, 0), ERR_USAGE);
	assert_int_equal(socks_start(&s, USER, "", "a", 1, &out, 0), ERR_USAGE);
	assert_int_equal(socks_start(&s, longest, PASS, "a", 1, &out, 0), ERR_USAGE);
	assert_int_equal(socks_start(&s, USER, longest, "a", 1, &out, 0), ERR_USAGE);
	assert_int_equal(socks_start(&s, USER, PASS, "a", 0, &out, 0), ERR_USAGE);
	longest[255] = '\0';
	assert_int_equal(socks_start(&s, longest, longest, "a", 1, &out, 0), OK);
	struct rd r = rd_of(good, sizeof good);
	assert_int_equal(socks_run(&s, &r, &out, 0), GO_DONE);
	assert_int_equal(out.bytes[4], 255);
	buf_free(&out);
}

static void test_every_reply_address(void **state)
{
	(void)state;
	const struct { uint8_t bytes[300]; size_t n; } replies[] = {
		{ { 5, 2, 1, 0, 5, 0, 0, 1, 1, 2, 3, 4, 0, 0 }, 14 },
		{ { 5, 2, 1, 0, 5, 0, 0, 3, 3, 'a', 'b', 'c', 0, 0 }, 14 },
		{ { 5, 2, 1, 0, 5, 0, 0, 3, 0, 0, 0 }, 11 },
		{ { 5, 2, 1, 0, 5, 0, 0, 3, 255 }, 9 + 255 + 2 },
		{ { 5, 2, 1, 0, 5, 0, 0, 4 }, 8 + 16 + 2 },
	};
	for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
		for (size_t step = 1; step <= replies[i].n; step++)
			assert_int_equal(talk("site.test", replies[i].bytes, replies[i].n, step), OK);
		/* Cut anywhere: it waits, it never fails and is never open. */
		for (size_t n = 0; n < replies[i].n; n++) {
			struct talk t;
			talk_start(&t, "site.test", 443);
			talk_feed(&t, replies[i].bytes, n, n ? n : 1);
			assert_int_equal(t.go, GO_WAIT);
			buf_free(&t.out);
		}
	}
}

/* The first bytes of the stream may stand behind the reply: they are not ours. */
static void test_bytes_behind_the_reply_are_left(void **state)
{
	(void)state;
	uint8_t bytes[sizeof good + 3];
	memcpy(bytes, good, sizeof good);
	memcpy(bytes + sizeof good, "TLS", 3);
	struct talk t;
	talk_start(&t, "site.test", 443);
	talk_feed(&t, bytes, sizeof bytes, sizeof bytes);
	assert_int_equal(t.go, GO_DONE);
	assert_int_equal(t.left, 3);
	buf_free(&t.out);
}

static void test_reply_codes(void **state)
{
	(void)state;
	enum err seen[256];
	size_t n_seen = 0;
	for (unsigned code = 1; code < 256; code++) {
		const uint8_t bytes[] = { 5, 2, 1, 0, 5, (uint8_t)code, 0, 1, 0, 0, 0, 0, 0, 0 };
		enum err err = socks_reply_err((uint8_t)code);
		for (size_t step = 1; step <= sizeof bytes; step++)
			assert_int_equal(talk("site.test", bytes, sizeof bytes, step), err);
		/* A refusal counts as soon as its code is there. */
		assert_int_equal(talk("site.test", bytes, 6, 1), err);
		if (code >= 1 && code <= 8)
			seen[n_seen++] = err;
		else if (code >= 0xf0 && code <= 0xf7)
			seen[n_seen++] = err;
		else
			assert_int_equal(err, code >= 0xf8 ? ERR_SOCKS_ONION : ERR_SOCKS_PROTOCOL);
	}
	/* Each has an error of its own. */
	for (size_t i = 0; i < n_seen; i++) {
		assert_int_not_equal(seen[i], ERR_SOCKS_PROTOCOL);
		assert_int_not_equal(seen[i], OK);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
	}
	assert_int_equal(socks_reply_err(0), ERR_SOCKS_PROTOCOL);
	assert_int_equal(socks_reply_err(4), ERR_SOCKS_HOST);
	assert_int_equal(socks_reply_err(0xf3), ERR_ONION_REND);
}

static void test_nonsense(void **state)
{
	(void)state;
	const struct { uint8_t bytes[16]; size_t n; enum err err; } cases[] = {
		{ { 4 }, 1, ERR_SOCKS_PROTOCOL },                       /* at once, not after a second byte */
		{ { 'H', 'T', 'T', 'P' }, 4, ERR_SOCKS_PROTOCOL },
		{ { 5, 0xff }, 2, ERR_SOCKS_AUTH },
		{ { 5, 0 }, 2, ERR_SOCKS_PROTOCOL },                    /* no authentication: not offered, no isolation */
		{ { 5, 1 }, 2, ERR_SOCKS_PROTOCOL },
		{ { 5, 2, 5 }, 3, ERR_SOCKS_PROTOCOL },
		{ { 5, 2, 5, 0 }, 4, ERR_SOCKS_PROTOCOL },
		{ { 5, 2, 1, 1 }, 4, ERR_SOCKS_AUTH },
		{ { 5, 2, 1, 0xff }, 4, ERR_SOCKS_AUTH },
		{ { 5, 2, 1, 0, 4 }, 5, ERR_SOCKS_PROTOCOL },
		{ { 5, 2, 1, 0, 0, 90 }, 6, ERR_SOCKS_PROTOCOL },       /* SOCKS4's reply */
		{ { 5, 2, 1, 0, 5, 0, 1, 1 }, 8, ERR_SOCKS_PROTOCOL },  /* reserved byte */
		{ { 5, 2, 1, 0, 5, 0, 0, 2 }, 8, ERR_SOCKS_PROTOCOL },  /* kinds of address that are none */
		{ { 5, 2, 1, 0, 5, 0, 0, 0 }, 8, ERR_SOCKS_PROTOCOL },
		{ { 5, 2, 1, 0, 5, 0, 0, 5 }, 8, ERR_SOCKS_PROTOCOL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t step = 1; step <= cases[i].n; step++)
			assert_int_equal(talk("site.test", cases[i].bytes, cases[i].n, step), cases[i].err);
}

static void test_deadlines(void **state)
{
	(void)state;
	struct talk t;
	struct rd none = rd_of(NULL, 0);

	/* Silence in each state, after each number of bytes. */
	for (size_t n = 0; n < sizeof good; n++) {
		talk_start(&t, "site.test", 443);
		talk_feed(&t, good, n, n ? n : 1);
		assert_int_equal(t.go, GO_WAIT);
		assert_int_equal(socks_run(&t.s, &none, &t.out, t.s.deadline - 1), GO_WAIT);
		assert_int_equal(socks_run(&t.s, &none, &t.out, t.s.deadline), GO_FAILED);
		assert_int_equal(t.s.err, ERR_TIMEOUT);
		buf_free(&t.out);
	}
	/* The first two states are short: tor itself answers them. */
	talk_start(&t, "site.test", 443);
	assert_int_equal(t.s.deadline, 1000 + 5000);
	talk_feed(&t, good, 4, 4);
	assert_int_equal(t.s.state, SOCKS_REPLY);
	assert_int_equal(t.s.deadline, 1000 + 60000);
	/* An answer that is there counts although the time is over. */
	struct rd rest = rd_of(good + 4, sizeof good - 4);
	assert_int_equal(socks_run(&t.s, &rest, &t.out, 1000000), GO_DONE);
	/* Over is over. */
	assert_int_equal(socks_run(&t.s, &none, &t.out, 9000000), GO_DONE);
	buf_free(&t.out);
}

static void test_full_output(void **state)
{
	(void)state;
	struct socks s = { 0 };
	struct buf out = buf_new(2);
	assert_int_equal(socks_start(&s, USER, PASS, "site.test", 443, &out, 0), ERR_TOO_BIG);
	buf_free(&out);
	out = buf_new(10);
	assert_int_equal(socks_start(&s, USER, PASS, "site.test", 443, &out, 0), OK);
	struct rd r = rd_of(good, sizeof good);
	assert_int_equal(socks_run(&s, &r, &out, 0), GO_FAILED);
	assert_int_equal(s.err, ERR_TOO_BIG);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_hosts_that_are_none),
		cmocka_unit_test(test_credentials_and_port),
		cmocka_unit_test(test_every_reply_address),
		cmocka_unit_test(test_bytes_behind_the_reply_are_left),
		cmocka_unit_test(test_reply_codes),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_full_output),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
