// Messages between main and net: round trip, truncation at every byte, lies in every byte.
// uses: host/priv/netmsg.c host/base/buf.c host/base/rd.c host/base/err.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "priv/netmsg.h"

#define OUT_MAX FRAME_MAX

/* One of each message with every field set, so that a field that is forgotten shows. */
static const struct relay_info relay_a = {
	.fp = { 0xaa, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 0x55 },
	.nickname = "nineteenletters1234", .address = "2001:db8::1", .country = "DE", .family = "family-one",
	.weight = 0x01020304, .flags = 0x8001,
};
static const struct relay_info relay_b = { .fp = { 1 }, .nickname = "b", .address = "127.1.2.3", .country = "??" };

static const uint8_t der_a[] = { 0x30, 3, 2, 1, 1 }, der_b[] = { 0x30, 0 }, ocsp[] = { 0x30, 1, 0 };

static struct net_path path(void)
{
	return (struct net_path){ .circuit = 77, .is_onion = 1, .n = 3, .hop = { relay_a, relay_b, relay_a } };
}

static struct net_draw draw(void)
{
	struct net_draw m = { .port = 443, .n_indep = 2, .n_not = AVOID_MAX, .country = "SE", .not_continent_of = "US",
	                      .is_ipv6 = 1, .left = 3, .only = { 0x33, 1 } };

	memset(m.indep, 0x11, 2 * FP_LEN);
	memset(m.not_these, 0x22, sizeof m.not_these);
	return m;
}

static struct net_look look(void)
{
	return (struct net_look){ .host = "example.test", .port = 8443, .deadline_ms = 12000, .is_free = 1,
	                          .exit = { 9 }, .avoid = draw() };
}

static struct net_look_r look_r(void)
{
	return (struct net_look_r){ .err = ERR_TLS_ALERT, .is_signed = 1, .was_clean = 1, .tls_version = 0x0304,
	                            .cipher = "TLS_AES_128_GCM_SHA256", .alpn = "h2", .elapsed_ms = 300, .path = path(),
	                            .n_certs = 2, .cert = { { sizeof der_a, der_a }, { sizeof der_b, der_b } },
	                            .staple = { sizeof ocsp, ocsp } };
}

/* For each message: encode the sample, decode, encode what was decoded. */
#define SAMPLES(X) \
	X(relay, relay_info, relay_a) \
	X(config, net_config, ((struct net_config){ "127.0.0.1:9051", "unix:/run/s", "/c/cookie", "/p", 1 })) \
	X(first, net_first, ((struct net_first){ "example.test", 443, "first.test", "first.test:0", "aabb", 1, 1 })) \
	X(first_r, net_first_r, ((struct net_first_r){ 2, { path(), path() } })) \
	X(draw, net_draw, draw()) \
	X(draw_r, net_draw_r, ((struct net_draw_r){ 1, 1, 513, relay_a })) \
	X(look, net_look, look()) \
	X(step_r, net_step_r, ((struct net_step_r){ STEP_DONE, relay_a })) \
	X(look_r, net_look_r, look_r()) \
	X(close_r, net_close_r, ((struct net_close_r){ 258, 772 })) \
	X(state, net_state, ((struct net_state){ 1, ERR_TOR_LOST })) \
	X(status, net_status, ((struct net_status){ { 1, OK }, "0.4.9.11", "127.0.0.1:9051", "127.0.0.1:9050", \
	                                            "SAFECOOKIE", 9500, 2000, 1, 1, 1, 123456 })) \
	X(warm, net_warm, ((struct net_warm){ 443, K_MAX + 1 })) \
	X(exits, net_exits, ((struct net_exits){ { 0xaa, 1, 2 }, 8443 })) \
	X(open_r, net_open_r, ((struct net_open_r){ ERR_TIMEOUT, 1, 300, path(), 0 }))

#define AGAIN(name, type, sample) \
	static struct buf put_##name(void) \
	{ \
		struct buf b = buf_new(OUT_MAX); \
		const struct type m = sample; \
		netmsg_put_##name(&b, &m); \
		assert_int_equal(buf_err(&b), OK); \
		return b; \
	} \
	/* OK: what was read, written again, is in *again. */ \
	static enum err again_##name(struct rd in, struct buf *again) \
	{ \
		struct type m, before; \
		memset(&m, 0xa5, sizeof m); \
		memset(&before, 0xa5, sizeof before); \
		enum err err = netmsg_get_##name(in, &m); \
		if (err == OK) \
			netmsg_put_##name(again, &m); \
		else \
			assert_memory_equal(&m, &before, sizeof m); \
		return err; \
	}
SAMPLES(AGAIN)

static const struct message {
	const char *name;
	struct buf (*put)(void);
	enum err (*again)(struct rd in, struct buf *again);
} messages[] = {
#define ROW(name, type, sample) { #name, put_##name, again_##name },
	SAMPLES(ROW)
};
#define N_MESSAGES (sizeof messages / sizeof messages[0])

/* Decodes from an exact-size copy, so that a sanitizer sees a read behind the end. */
static bool decodes_to_itself(const struct message *m, const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n + 1);
	struct buf again = buf_new(OUT_MAX);
	assert_non_null(copy);
	uint8_t *exact = realloc(copy, n ? n : 1);
	assert_non_null(exact);
	memcpy(exact, bytes, n);
	enum err err = m->again(rd_of(exact, n), &again);
	if (err == OK) {
		assert_int_equal(again.len, n);
		assert_memory_equal(again.bytes, bytes, n);
	} else {
		assert_int_equal(err, ERR_FORMAT);
	}
	buf_free(&again);
	free(exact);
	return err == OK;
}

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_MESSAGES; i++) {
		struct buf b = messages[i].put();
		assert_true(decodes_to_itself(&messages[i], b.bytes, b.len));
		buf_free(&b);
	}
}

/* Field by field, since a put and a get that forget the same field would agree with each other. */
static void test_every_field_arrives(void **state)
{
	(void)state;
	struct buf b = put_look_r();
	struct net_look_r r;
	assert_int_equal(netmsg_get_look_r(rd_of(b.bytes, b.len), &r), OK);
	assert_int_equal(r.err, ERR_TLS_ALERT);
	assert_int_equal(r.is_signed + r.was_clean, 2);
	assert_int_equal(r.tls_version, 0x0304);
	assert_string_equal(r.cipher, "TLS_AES_128_GCM_SHA256");
	assert_string_equal(r.alpn, "h2");
	assert_int_equal(r.elapsed_ms, 300);
	assert_int_equal(r.path.circuit, 77);
	assert_int_equal(r.path.is_onion, 1);
	assert_int_equal(r.path.n, 3);
	assert_memory_equal(&r.path.hop[2], &relay_a, sizeof relay_a);
	assert_int_equal(r.n_certs, 2);
	assert_memory_equal(r.cert[0].der, der_a, sizeof der_a);
	assert_int_equal(r.cert[1].len, sizeof der_b);
	assert_memory_equal(r.staple.der, ocsp, sizeof ocsp);
	buf_free(&b);

	b = put_look();
	struct net_look l;
	assert_int_equal(netmsg_get_look(rd_of(b.bytes, b.len), &l), OK);
	const struct net_look want = look();
	assert_memory_equal(&l, &want, sizeof l);
	buf_free(&b);

	b = put_first();
	struct net_first f;
	assert_int_equal(netmsg_get_first(rd_of(b.bytes, b.len), &f), OK);
	assert_string_equal(f.host, "example.test");
	assert_int_equal(f.port, 443);
	assert_string_equal(f.first_party, "first.test");
	assert_string_equal(f.socks_username, "first.test:0");
	assert_string_equal(f.socks_password, "aabb");
	assert_int_equal(f.is_exact + f.is_dry, 2);
	buf_free(&b);

	b = put_status();
	struct net_status s;
	assert_int_equal(netmsg_get_status(rd_of(b.bytes, b.len), &s), OK);
	assert_int_equal(s.state.is_up, 1);
	assert_string_equal(s.tor_version, "0.4.9.11");
	assert_string_equal(s.socks, "127.0.0.1:9050");
	assert_string_equal(s.auth, "SAFECOOKIE");
	assert_int_equal(s.relays, 9500);
	assert_int_equal(s.exits, 2000);
	assert_int_equal(s.has_geoip + s.has_mapaddress + s.has_streams, 3);
	assert_int_equal(s.relay_bytes, 123456);
	buf_free(&b);

	b = put_config();
	struct net_config c;
	assert_int_equal(netmsg_get_config(rd_of(b.bytes, b.len), &c), OK);
	assert_string_equal(c.control, "127.0.0.1:9051");
	assert_string_equal(c.socks, "unix:/run/s");
	assert_string_equal(c.cookie, "/c/cookie");
	assert_string_equal(c.password_file, "/p");
	assert_int_equal(c.no_mapaddress, 1);
	buf_free(&b);

	b = put_draw_r();
	struct net_draw_r d;
	assert_int_equal(netmsg_get_draw_r(rd_of(b.bytes, b.len), &d), OK);
	assert_int_equal(d.is_clean + d.is_free, 2);
	assert_int_equal(d.groups, 513);
	assert_memory_equal(&d.exit, &relay_a, sizeof relay_a);
	buf_free(&b);
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_MESSAGES; i++) {
		struct buf b = messages[i].put();
		for (size_t n = 0; n < b.len; n++)
			assert_false(decodes_to_itself(&messages[i], b.bytes, n));
		buf_u8(&b, 0);
		assert_false(decodes_to_itself(&messages[i], b.bytes, b.len));
		buf_free(&b);
	}
}

/* Every value of every byte: refused, or another message that means exactly those bytes. */
static void test_lie_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_MESSAGES; i++) {
		struct buf b = messages[i].put();
		for (size_t at = 0; at < b.len; at++) {
			uint8_t kept = b.bytes[at];
			for (unsigned v = 0; v < 256; v++) {
				b.bytes[at] = (uint8_t)v;
				decodes_to_itself(&messages[i], b.bytes, b.len);
			}
			b.bytes[at] = kept;
		}
		buf_free(&b);
	}
}

/* Offset of the first place where two encodings differ: finds a field without knowing the layout. */
static size_t differs_at(const struct buf *a, const struct buf *b)
{
	size_t i = 0;

	while (i < a->len && i < b->len && a->bytes[i] == b->bytes[i])
		i++;
	return i;
}

static void test_counts_booleans_and_enums(void **state)
{
	(void)state;
	struct buf a = buf_new(OUT_MAX), b = buf_new(OUT_MAX);
	struct net_step_r s = { STEP_DONE, relay_a };
	netmsg_put_step_r(&a, &s);
	a.bytes[0] = STEP_DONE + 1;
	assert_int_equal(netmsg_get_step_r(rd_of(a.bytes, a.len), &s), ERR_FORMAT);
	buf_free(&a);

	/* Booleans are 0 or 1. */
	for (unsigned v = 0; v < 256; v++) {
		struct net_state up;
		const uint8_t bytes[] = { (uint8_t)v, 0, 0, 0, 0 };
		assert_int_equal(netmsg_get_state(rd_of(bytes, sizeof bytes), &up), v <= 1 ? OK : ERR_FORMAT);
	}

	/* A number of hops above HOPS_MAX, with the bytes for them there. */
	struct net_path p = { .n = HOPS_MAX };
	struct net_first_r f = { 1, { p } };
	netmsg_put_first_r(&a, &f);
	buf_put(&b, a.bytes, a.len);
	f.path[0].n = 0;
	struct buf none = buf_new(OUT_MAX);
	netmsg_put_first_r(&none, &f);
	size_t at = differs_at(&a, &none);
	assert_int_equal(b.bytes[at], HOPS_MAX);
	b.bytes[at] = HOPS_MAX + 1;
	struct buf hop = buf_new(OUT_MAX);
	netmsg_put_relay(&hop, &(struct relay_info){ .fp = { 0 } });
	buf_put(&b, hop.bytes, hop.len);
	assert_int_equal(netmsg_get_first_r(rd_of(b.bytes, b.len), &f), ERR_FORMAT);
	buf_free(&hop);
	buf_free(&none);
	buf_free(&a);
	buf_free(&b);

	/* A candidate too many. */
	buf_u8(&a, CANDIDATES_MAX + 1);
	for (int i = 0; i < CANDIDATES_MAX + 1; i++) {
		buf_u32(&a, 1);
		buf_u16(&a, 0);
	}
	assert_int_equal(netmsg_get_first_r(rd_of(a.bytes, a.len), &f), ERR_FORMAT);
	a.bytes[0] = CANDIDATES_MAX;
	assert_int_equal(netmsg_get_first_r(rd_of(a.bytes, a.len - 6), &f), OK);
	buf_free(&a);

	/* A fingerprint too many to avoid. */
	struct net_draw d = { .port = 1, .n_indep = AVOID_MAX };
	netmsg_put_draw(&a, &d);
	a.bytes[2] = AVOID_MAX + 1;
	uint8_t fp[FP_LEN] = { 0 };
	buf_put(&a, fp, FP_LEN);
	assert_int_equal(netmsg_get_draw(rd_of(a.bytes, a.len), &d), ERR_FORMAT);
	buf_free(&a);
}

static void test_must_have_fields(void **state)
{
	(void)state;
	struct buf b = buf_new(OUT_MAX);
	struct net_look l = look();
	l.port = 0;
	netmsg_put_look(&b, &l);
	assert_int_equal(netmsg_get_look(rd_of(b.bytes, b.len), &l), ERR_FORMAT);
	buf_free(&b);
	l = look();
	l.host[0] = '\0';
	netmsg_put_look(&b, &l);
	assert_int_equal(netmsg_get_look(rd_of(b.bytes, b.len), &l), ERR_FORMAT);
	buf_free(&b);
	/* What is not said is not read either. */
	l = look();
	l.is_free = 0;
	netmsg_put_look(&b, &l);
	assert_int_equal(netmsg_get_look(rd_of(b.bytes, b.len), &l), OK);
	assert_int_equal(l.avoid.n_not, 0);
	buf_free(&b);
	struct net_first f = { .host = "", .port = 1 };
	netmsg_put_first(&b, &f);
	assert_int_equal(netmsg_get_first(rd_of(b.bytes, b.len), &f), ERR_FORMAT);
	buf_free(&b);
}

/* Open over a circuit that nobody has seen is no answer. */
static void test_open_without_a_path(void **state)
{
	(void)state;
	struct net_open_r r = { .err = OK, .path = path() };
	for (int has_path = 1; has_path >= 0; has_path--) {
		struct buf b = buf_new(OUT_MAX);
		r.path.n = has_path ? r.path.n : 0;
		netmsg_put_open_r(&b, &r);
		assert_int_equal(netmsg_get_open_r(rd_of(b.bytes, b.len), &r), has_path ? OK : ERR_FORMAT);
		buf_free(&b);
	}
}

/* But for an onion service, which has no exit: then a path is the lie. */
static void test_onion(void **state)
{
	(void)state;
	struct net_open_r r = { .err = OK, .is_onion = 1, .path = path() };
	struct net_look m = look(), got = { 0 };
	for (int has_path = 1; has_path >= 0; has_path--) {
		struct buf b = buf_new(OUT_MAX);
		r.path.n = has_path ? r.path.n : 0;
		netmsg_put_open_r(&b, &r);
		assert_int_equal(netmsg_get_open_r(rd_of(b.bytes, b.len), &r), has_path ? ERR_FORMAT : OK);
		buf_free(&b);
	}
	struct buf b BUF_AUTO = buf_new(OUT_MAX);
	m.is_onion = 1;
	m.is_free = 0;
	netmsg_put_look(&b, &m);
	assert_int_equal(netmsg_get_look(rd_of(b.bytes, b.len), &got), OK);
	assert_true(got.is_onion && !got.is_free && got.avoid.port == 0);
	/* One byte says which of the three it is. */
	const size_t at = 2 + strlen(m.host) + 2 + 4;
	assert_int_equal(b.bytes[at], 2);
	b.bytes[at] = 3;
	assert_int_equal(netmsg_get_look(rd_of(b.bytes, b.len), &got), ERR_FORMAT);
}

static enum err look_r_err(struct net_look_r r)
{
	struct buf b = buf_new(OUT_MAX * 2);
	struct net_look_r out;
	netmsg_put_look_r(&b, &r);
	assert_int_equal(buf_err(&b), OK);
	enum err err = netmsg_get_look_r(rd_of(b.bytes, b.len), &out);
	buf_free(&b);
	return err;
}

static void test_result_of_a_look(void **state)
{
	(void)state;
	static uint8_t big[CERT_MAX + 1];
	struct net_look_r r = look_r();

	/* Success or a signature without a certificate can't be. */
	r.n_certs = 0;
	assert_int_equal(look_r_err(r), ERR_FORMAT);
	r.is_signed = 0;
	assert_int_equal(look_r_err(r), OK);
	r.err = OK;
	assert_int_equal(look_r_err(r), ERR_FORMAT);
	/* An error number nobody knows. */
	r = look_r();
	r.err = 4999;
	assert_int_equal(look_r_err(r), ERR_FORMAT);
	/* An empty certificate; one too large; together too large; a staple too large. */
	r = look_r();
	r.cert[1].len = 0;
	assert_int_equal(look_r_err(r), ERR_FORMAT);
	r.cert[1] = (struct net_cert){ CERT_MAX, big };
	assert_int_equal(look_r_err(r), OK);
	r.cert[1].len++;
	assert_int_equal(look_r_err(r), ERR_FORMAT);
	r.n_certs = 4;
	for (int i = 0; i < 4; i++)
		r.cert[i] = (struct net_cert){ CHAIN_BYTES_MAX / 4, big };
	assert_int_equal(look_r_err(r), OK);
	r.cert[3].len++;
	assert_int_equal(look_r_err(r), ERR_FORMAT);
	r = look_r();
	r.staple = (struct net_cert){ STAPLE_MAX + 1, big };
	assert_int_equal(look_r_err(r), ERR_FORMAT);
}

static void test_largest_messages_fit_a_frame(void **state)
{
	(void)state;
	static uint8_t big[CERT_MAX];
	struct buf b = buf_new(FRAME_MAX - 6);
	struct relay_info wide = relay_a;
	memset(wide.address, 'a', sizeof wide.address - 1);
	memset(wide.family, 'f', sizeof wide.family - 1);
	struct net_look_r r = look_r();
	r.n_certs = CHAIN_MAX;
	for (int i = 0; i < CHAIN_MAX; i++)
		r.cert[i] = (struct net_cert){ CHAIN_BYTES_MAX / CHAIN_MAX, big };
	r.staple = (struct net_cert){ STAPLE_MAX, big };
	r.path.n = HOPS_MAX;
	for (int i = 0; i < HOPS_MAX; i++)
		r.path.hop[i] = wide;
	netmsg_put_look_r(&b, &r);
	assert_int_equal(buf_err(&b), OK);
	buf_free(&b);
	struct net_first_r f = { .n = CANDIDATES_MAX };
	for (int i = 0; i < CANDIDATES_MAX; i++)
		f.path[i] = r.path;
	netmsg_put_first_r(&b, &f);
	assert_int_equal(buf_err(&b), OK);
	buf_free(&b);
}

static void test_small_payloads(void **state)
{
	(void)state;
	struct buf b = buf_new(64);
	enum err err = OK;

	netmsg_put_error(&b, ERR_TOR_LOST);
	assert_int_equal(netmsg_get_error(rd_of(b.bytes, b.len), &err), OK);
	assert_int_equal(err, ERR_TOR_LOST);
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(netmsg_get_error(rd_of(b.bytes, n), &err), ERR_FORMAT);
	buf_free(&b);
	buf_u32(&b, 0);
	assert_int_equal(netmsg_get_error(rd_of(b.bytes, b.len), &err), ERR_FORMAT);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_field_arrives),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_lie_anywhere),
		cmocka_unit_test(test_counts_booleans_and_enums),
		cmocka_unit_test(test_must_have_fields),
		cmocka_unit_test(test_result_of_a_look), cmocka_unit_test(test_onion), cmocka_unit_test(test_open_without_a_path),
		cmocka_unit_test(test_largest_messages_fit_a_frame),
		cmocka_unit_test(test_small_payloads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
