// Frames between main and the parse role: every field there and back, cut and spoilt at every byte, lies refused.
// uses: host/priv/parsemsg.c host/base/buf.c host/base/rd.c host/base/err.c
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "priv/parsemsg.h"
#include <stdlib.h>
#include <string.h>

static uint8_t der_a[] = { 0x30, 1, 2, 3 }, der_b[] = { 0x30, 9 };

static struct parse_judge a_judge(void)
{
	return (struct parse_judge){ .host = "a.test", .time = 0x123456789abc, .is_signed = 1, .n_certs = 2,
		.cert = { { sizeof der_a, der_a }, { sizeof der_b, der_b } } };
}

static struct parse_judge_r a_judge_r(void)
{
	struct parse_judge_r r = { .err = ERR_X509, .why = "malformed", .words = { .subject = "CN = a", .issuer = "CN = b",
		.names = "a.test, b\xc3\xbc.test", .serial = "01", .key = "EC P-256", .signature = "x", .not_before = 7, .not_after = 9,
		.is_self_signed = 1, .n_names_left_out = 255 } };
	memset(r.leaf, 0xaa, 32);
	memset(r.spki, 0xbb, 32);
	return r;
}

/* Every message here in one table, so that the hostile tests meet each. */
static enum err get(int kind, struct rd in, void *out)
{
	switch (kind) {
	case 0: return parsemsg_get_config(in, out);
	case 1: return parsemsg_get_judge(in, out);
	case 2: return parsemsg_get_judge_r(in, out);
	case 3: return parsemsg_get_roots_r(in, out);
	default: return parsemsg_get_error(in, out);
	}
}
#define KINDS 5

static void put(int kind, struct buf *out)
{
	struct parse_judge j = a_judge();
	struct parse_judge_r r = a_judge_r();
	switch (kind) {
	case 0: parsemsg_put_config(out, &(struct parse_config){ .browser_dir = "/opt/\xff", .test_ca = "/ca" }); break;
	case 1: parsemsg_put_judge(out, &j); break;
	case 2: parsemsg_put_judge_r(out, &r); break;
	case 3: parsemsg_put_roots_r(out, &(struct parse_roots_r){ .source = ROOTS_SYSTEM, .n = 140, .path = "/etc/x" }); break;
	default: parsemsg_put_error(out, ERR_FORMAT);
	}
	assert_int_equal(buf_err(out), OK);
}

static void there_and_back(void **state)
{
	(void)state;
	union { struct parse_config c; struct parse_judge j; struct parse_judge_r r; struct parse_roots_r s; enum err e; } m;
	for (int kind = 0; kind < KINDS; kind++) {
		struct buf b BUF_AUTO = buf_new(FRAME_MAX);
		put(kind, &b);
		memset(&m, 0xee, sizeof m);
		assert_int_equal(get(kind, rd_of(b.bytes, b.len), &m), OK);
		struct buf again BUF_AUTO = buf_new(FRAME_MAX);
		struct parse_judge_r want = a_judge_r();
		switch (kind) {
		case 0:
			assert_string_equal(m.c.browser_dir, "/opt/\xff");
			assert_string_equal(m.c.test_ca, "/ca");
			parsemsg_put_config(&again, &m.c);
			break;
		case 1:
			assert_string_equal(m.j.host, "a.test");
			assert_true(m.j.time == 0x123456789abc && m.j.is_signed == 1 && m.j.n_certs == 2);
			assert_int_equal(m.j.cert[0].len, sizeof der_a);
			assert_memory_equal(m.j.cert[1].der, der_b, sizeof der_b);
			parsemsg_put_judge(&again, &m.j);
			break;
		case 2:
			assert_memory_equal(m.r.leaf, want.leaf, 32);
			assert_memory_equal(m.r.spki, want.spki, 32);
			assert_string_equal(m.r.why, want.why);
			assert_string_equal(m.r.words.subject, want.words.subject);
			assert_string_equal(m.r.words.issuer, want.words.issuer);
			assert_string_equal(m.r.words.names, want.words.names);
			assert_string_equal(m.r.words.serial, want.words.serial);
			assert_string_equal(m.r.words.key, want.words.key);
			assert_string_equal(m.r.words.signature, want.words.signature);
			assert_true(m.r.words.not_before == 7 && m.r.words.not_after == 9 && m.r.words.is_self_signed == 1);
			assert_int_equal(m.r.words.n_names_left_out, 255);
			assert_int_equal(m.r.err, ERR_X509);
			parsemsg_put_judge_r(&again, &m.r);
			break;
		case 3:
			assert_true(m.s.source == ROOTS_SYSTEM && m.s.n == 140);
			assert_string_equal(m.s.path, "/etc/x");
			parsemsg_put_roots_r(&again, &m.s);
			break;
		default:
			assert_int_equal(m.e, ERR_FORMAT);
			parsemsg_put_error(&again, m.e);
		}
		assert_int_equal(again.len, b.len);
		assert_memory_equal(again.bytes, b.bytes, b.len);
	}
}

/* Cut at every byte, one byte more, each byte spoilt in each bit: refused or read, never written half. */
static void hostile(void **state)
{
	(void)state;
	static uint8_t out[sizeof (struct parse_judge_r) + sizeof (struct parse_judge) + sizeof (struct parse_config)];
	static uint8_t untouched[sizeof out];
	memset(untouched, 0xee, sizeof untouched);
	for (int kind = 0; kind < KINDS; kind++) {
		struct buf b BUF_AUTO = buf_new(FRAME_MAX);
		put(kind, &b);
		memcpy(out, untouched, sizeof out);
		for (size_t n = 0; n < b.len; n++) {
			/* In memory of exactly that size, for ASan. */
			uint8_t *copy = malloc(n ? n : 1);
			memcpy(copy, b.bytes, n);
			assert_int_equal(get(kind, rd_of(copy, n), out), ERR_FORMAT);
			free(copy);
		}
		buf_u8(&b, 0);
		assert_int_equal(get(kind, rd_of(b.bytes, b.len), out), ERR_FORMAT);
		b.len--;
		assert_memory_equal(out, untouched, sizeof out);
		for (size_t i = 0; i < b.len * 8; i++) {
			b.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
			if (get(kind, rd_of(b.bytes, b.len), out) != OK)
				assert_memory_equal(out, untouched, sizeof out);
			memcpy(out, untouched, sizeof out);
			b.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		}
	}
}

static enum err read_back(const struct parse_judge_r *r)
{
	struct buf b BUF_AUTO = buf_new(FRAME_MAX);
	struct parse_judge_r out;
	parsemsg_put_judge_r(&b, r);
	assert_int_equal(buf_err(&b), OK);
	return parsemsg_get_judge_r(rd_of(b.bytes, b.len), &out);
}

/* What a parse role that was taken over could say. */
static void lies_of_the_role(void **state)
{
	(void)state;
	struct parse_judge_r r = a_judge_r();
	assert_int_equal(read_back(&r), OK);
	r.is_valid = 1;
	assert_int_equal(read_back(&r), ERR_FORMAT);   /* valid with an error */
	r.err = OK;
	assert_int_equal(read_back(&r), ERR_FORMAT);   /* valid with a reason against it */
	r.why[0] = 0;
	assert_int_equal(read_back(&r), OK);
	r.is_valid = 2;
	assert_int_equal(read_back(&r), ERR_FORMAT);
	r = a_judge_r();
	r.err = ERR_NOMEM;
	assert_int_equal(read_back(&r), ERR_FORMAT);   /* an error that is not its to give */
	r.err = 77;
	assert_int_equal(read_back(&r), ERR_FORMAT);
	static const char *const bad_text[] = {
		"\n", "a\x1b[0m", "\x7f", "\xc2\x80", "\xff", "\xc0\x80", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xc3", "a\xf8\x88\x80\x80\x80",
	};
	for (size_t i = 0; i < sizeof bad_text / sizeof *bad_text; i++) {
		char *field[] = { r.why, r.words.subject, r.words.issuer, r.words.names, r.words.serial, r.words.key, r.words.signature };
		for (size_t f = 0; f < sizeof field / sizeof *field; f++) {
			r = a_judge_r();
			strcpy(field[f], bad_text[i]);
			assert_int_equal(read_back(&r), ERR_FORMAT);
		}
	}
	r = a_judge_r();
	strcpy(r.words.names, "\xf0\x9f\x90\x8d \xe2\x82\xac \xc3\xbc");
	assert_int_equal(read_back(&r), OK);

	struct parse_roots_r s;
	static const uint8_t unknown_source[] = { 3, 0, 0, 0, 1, 0, 0 };
	assert_int_equal(parsemsg_get_roots_r(rd_of(unknown_source, sizeof unknown_source), &s), ERR_FORMAT);
	enum err e = OK;
	static const uint8_t no_error[] = { 0, 0, 0, 0 }, unknown[] = { 0, 0, 0, 77 }, ok[] = { 0, 0, 3, 0xea };
	assert_int_equal(parsemsg_get_error(rd_of(no_error, 4), &e), ERR_FORMAT);
	assert_int_equal(parsemsg_get_error(rd_of(unknown, 4), &e), ERR_FORMAT);
	assert_int_equal(parsemsg_get_error(rd_of(ok, 4), &e), OK);
	assert_int_equal(e, ERR_IO);
}

/* Counts and lengths at their limits and one beyond. */
static void limits(void **state)
{
	(void)state;
	struct parse_judge out;
	uint8_t *big = calloc(1, CERT_MAX + 1);
	for (size_t n = CHAIN_MAX; n <= CHAIN_MAX + 1; n++) {
		struct buf b BUF_AUTO = buf_new(FRAME_MAX);
		buf_str(&b, "a.test");
		buf_u64(&b, 1);
		buf_u8(&b, 0);
		buf_u8(&b, (uint8_t)n);
		for (size_t i = 0; i < n; i++)
			buf_blob(&b, der_a, sizeof der_a);
		assert_int_equal(parsemsg_get_judge(rd_of(b.bytes, b.len), &out), n > CHAIN_MAX ? ERR_FORMAT : OK);
	}
	static const size_t sizes[][4] = { { CERT_MAX, CERT_MAX, CERT_MAX, 0 }, { CERT_MAX, CERT_MAX, CERT_MAX, 1 }, { CERT_MAX + 1, 0, 0, 0 } };
	static const enum err want[] = { OK, ERR_FORMAT, ERR_FORMAT };
	_Static_assert(3 * CERT_MAX == CHAIN_BYTES_MAX, "the sizes above mean that");
	for (size_t k = 0; k < 3; k++) {
		struct buf b BUF_AUTO = buf_new(FRAME_MAX);
		buf_str(&b, "a.test");
		buf_u64(&b, 1);
		buf_u8(&b, 0);
		buf_u8(&b, 4);
		for (size_t i = 0; i < 4; i++)
			buf_blob(&b, big, sizes[k][i]);
		assert_int_equal(buf_err(&b), OK);
		assert_int_equal(parsemsg_get_judge(rd_of(b.bytes, b.len), &out), want[k]);
	}
	free(big);
	/* The longest host and the first that does not fit. */
	char host[HOST_MAX + 1];
	memset(host, 'a', HOST_MAX);
	for (size_t n = HOST_MAX - 1; n <= HOST_MAX; n++) {
		struct buf b BUF_AUTO = buf_new(FRAME_MAX);
		host[n] = 0;
		buf_str(&b, host);
		buf_u64(&b, 1);
		buf_u8(&b, 1);
		buf_u8(&b, 0);
		assert_int_equal(parsemsg_get_judge(rd_of(b.bytes, b.len), &out), n == HOST_MAX ? ERR_FORMAT : OK);
		host[n] = 'a';
	}
	/* A NUL inside a text. */
	static const uint8_t nul[] = { 0, 3, 'a', 0, 'b', 0, 0, 0, 0, 0, 0, 0, 1, 0, 0 };
	assert_int_equal(parsemsg_get_judge(rd_of(nul, sizeof nul), &out), ERR_FORMAT);
}

/* ---- texts and places ---- */

#define T(s) { (s), sizeof (s) - 1 }
static const struct parse_scan a_scan = { .n = 2, .len = { 100, 7 }, .is_markup = { 0, 1 } };

static void put_scan_r(struct buf *b, const struct scan_hit *h, unsigned n)
{
	static struct parse_scan_r r;
	r = (struct parse_scan_r){ .n = (uint16_t)n };
	for (unsigned i = 0; i < n; i++)
		r.hit[i] = *h;
	parsemsg_put_scan_r(b, &r);
	assert_int_equal(buf_err(b), OK);
}

static void put_place(struct buf *b)
{
	const struct parse_place m = { .body_len = 9, .content_type = T("text/html"), .address = T("1A"), .ticker = T("BTC"), .path = T("html"),
	                               .before = T("caf\xc3\xa9 "), .after = T(""), .family = T("x y") };
	parsemsg_put_place(b, &m);
}

/* Whatever is cut, added or spoilt in one bit is refused, or is another sound message: then written again it is the same bytes. */
static void texts_and_places(void **state)
{
	(void)state;
	const struct scan_hit h = { .flavour = 1, .coin = T("Bitcoin"), .ticker = T("BTC"), .form = T("P2PKH"), .network = T("main"), .address = T("1A"),
	                            .offset = 3, .length = 4, .is_normalised = 1, .checksum_bits = 32 };
	static struct parse_scan_r r;
	for (int kind = 0; kind < 4; kind++) {
		struct buf b BUF_AUTO = buf_new(FRAME_MAX);
		switch (kind) {
		case 0: parsemsg_put_scan(&b, &a_scan); break;
		case 1: put_scan_r(&b, &h, 2); break;
		case 2: put_place(&b); break;
		default: parsemsg_put_place_r(&b, &(struct parse_place_r){ .found = PLACE_OTHER, .is_family_equal = 1, .address = T("1B") });
		}
		assert_int_equal(buf_err(&b), OK);
		for (size_t i = 0; i <= b.len * 8 + b.len; i++) {
			/* First every bit, then every length; in memory of that size, for ASan. */
			size_t n = i < b.len * 8 ? b.len : i - b.len * 8;
			uint8_t *copy = malloc(n ? n : 1);
			memcpy(copy, b.bytes, n);
			if (i < b.len * 8)
				copy[i / 8] ^= (uint8_t)(1u << i % 8);
			struct buf again BUF_AUTO = buf_new(FRAME_MAX);
			struct parse_scan s;
			struct parse_place p;
			struct parse_place_r pr;
			enum err err = ERR_FORMAT;
			switch (kind) {
			case 0: if ((err = parsemsg_get_scan(rd_of(copy, n), &s)) == OK) parsemsg_put_scan(&again, &s); break;
			case 1: if ((err = parsemsg_get_scan_r(rd_of(copy, n), &a_scan, &r)) == OK) parsemsg_put_scan_r(&again, &r); break;
			case 2: if ((err = parsemsg_get_place(rd_of(copy, n), &p)) == OK) parsemsg_put_place(&again, &p); break;
			default: if ((err = parsemsg_get_place_r(rd_of(copy, n), &pr)) == OK) parsemsg_put_place_r(&again, &pr);
			}
			if (i >= b.len * 8)
				assert_int_equal(err, n == b.len ? OK : ERR_FORMAT);
			if (err == OK)
				assert_true(again.len == n && memcmp(again.bytes, copy, n) == 0);
			free(copy);
		}
	}
}

/* What a parse role that was taken over could say of a text. */
static void lies_about_texts(void **state)
{
	(void)state;
	const struct scan_hit good = { .coin = T("c"), .ticker = T("t"), .form = T("f"), .network = T("n"), .address = T("a"), .offset = 99, .length = 1 };
	static const struct parse_text bad[] = { T(""), T("\n"), T("\x1b[0m"), T("\xff"), T("a\0b"), T("\xc2\x85") };
	static struct parse_scan_r r;
	for (int i = 0; i < 100; i++) {
		struct scan_hit h = good;
		enum err want = ERR_FORMAT;
		struct parse_text *const texts[] = { &h.coin, &h.ticker, &h.form, &h.network, &h.address };
		if (i < 30)
			*texts[i / 6] = bad[i % 6];
		else if (i == 30)
			h.flavour = 2;
		else if (i == 31)
			h.length = 2;
		else if (i == 32)
			h.length = 0;
		else if (i == 33)
			h.offset = UINT32_MAX;
		else if (i == 34)
			h.length = UINT32_MAX;
		else if (i == 35)
			h.flavour = 1;   /* whose text has 7 bytes */
		else
			want = OK;
		struct buf b BUF_AUTO = buf_new(FRAME_MAX);
		put_scan_r(&b, &h, 1);
		assert_int_equal(parsemsg_get_scan_r(rd_of(b.bytes, b.len), &a_scan, &r), want);
	}
	struct buf b BUF_AUTO = buf_new(FRAME_MAX);
	buf_u8(&b, 0);
	buf_u16(&b, ADDR_HITS_MAX + 1);
	assert_int_equal(parsemsg_get_scan_r(rd_of(b.bytes, b.len), &a_scan, &r), ERR_FORMAT);
	static const struct { struct parse_place_r r; enum err err; } places[] = {
		{ { .found = PLACE_ABSENT, .address = T("") }, OK }, { { .found = PLACE_ABSENT, .address = T("x") }, ERR_FORMAT },
		{ { .found = PLACE_SAME, .address = T("") }, ERR_FORMAT }, { { .found = PLACE_SAME, .address = T("x") }, OK },
		{ { .found = 3, .address = T("x") }, ERR_FORMAT }, { { .found = PLACE_OTHER, .is_family_equal = 2, .address = T("x") }, ERR_FORMAT },
		{ { .found = PLACE_SAME, .is_alone = 2, .address = T("x") }, ERR_FORMAT },
		{ { .found = PLACE_OTHER, .address = T("x\n") }, ERR_FORMAT },
	};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct buf p BUF_AUTO = buf_new(FRAME_MAX);
		struct parse_place_r out;
		parsemsg_put_place_r(&p, &places[i].r);
		assert_int_equal(parsemsg_get_place_r(rd_of(p.bytes, p.len), &out), places[i].err);
	}
}

/* Lengths that would be more than a copy may have. */
static void limits_of_texts(void **state)
{
	(void)state;
	static const struct { uint8_t n; uint32_t len[3]; enum err err; } table[] = {
		{ 0, { 0 }, ERR_FORMAT }, { 17, { 0 }, ERR_FORMAT }, { 1, { CLIP_TEXT_MAX }, OK }, { 1, { CLIP_TEXT_MAX + 1 }, ERR_FORMAT },
		{ 2, { CLIP_TEXT_MAX, 1 }, ERR_FORMAT }, { 3, { 1, UINT32_MAX, 1 }, ERR_FORMAT }, { 2, { CLIP_TEXT_MAX - 1, 1 }, OK },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct buf b BUF_AUTO = buf_new(FRAME_MAX);
		struct parse_scan out;
		buf_u8(&b, table[i].n);
		for (unsigned k = 0; k < table[i].n; k++) {
			buf_u32(&b, k < 3 ? table[i].len[k] : 0);
			buf_u8(&b, 0);
		}
		assert_int_equal(parsemsg_get_scan(rd_of(b.bytes, b.len), &out), table[i].err);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(hostile), cmocka_unit_test(lies_of_the_role),
		cmocka_unit_test(limits), cmocka_unit_test(texts_and_places), cmocka_unit_test(lies_about_texts),
		cmocka_unit_test(limits_of_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
