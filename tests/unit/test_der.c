// Strict DER: what stands between foreign bytes and OpenSSL.
// uses: tests/unit/zoo.c host/parse/der.c host/base/rd.c
// libs: -lcrypto
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/limits.h"
#include "parse/der.h"
#include "zoo.h"
#include <stdlib.h>
#include <string.h>

static void values(void **state)
{
	(void)state;
	static const struct { const char *bytes; size_t n; bool ok; } table[] = {
		{ "\x05\x00", 2, true },
		{ "\x04\x01" "a", 3, true },
		{ "\x30\x02\x05\x00", 4, true },
		{ "\x30\x04\x05\x00\x05\x00", 6, true },
		{ "", 0, false },
		{ "\x05", 1, false },
		{ "\x05\x00\x00", 3, false },                       /* a byte behind */
		{ "\x05\x00\x05\x00", 4, false },                   /* a value behind */
		{ "\x04\x02" "a", 3, false },                       /* reaches past the end */
		{ "\x30\x03\x05\x00\x05", 5, false },               /* its content does */
		{ "\x30\x03\x04\x02" "a", 5, false },
		{ "\x04\x81\x01" "a", 4, false },                   /* length 1 in two octets */
		{ "\x04\x81\x7f", 3, false },
		{ "\x04\x82\x00\x01" "a", 5, false },               /* leading zero */
		{ "\x30\x80\x05\x00\x00\x00", 6, false },           /* indefinite */
		{ "\x04\x85\x00\x00\x00\x00\x01" "a", 8, false },
		{ "\x04\x84\xff\xff\xff\xff", 6, false },
		{ "\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff", 10, false },
		{ "\x04\xff", 2, false },
		{ "\x1f\x01\x00", 3, false },                       /* long tag */
		{ "\x00\x00", 2, false },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		uint8_t *copy = malloc(table[i].n ? table[i].n : 1);
		memcpy(copy, table[i].bytes, table[i].n);
		if (der_is_strict(rd_of(copy, table[i].n)) != table[i].ok)
			fail_msg("row %zu", i);
		free(copy);
	}
	/* 128 octets are the first that need the long form, and 127 the last that must not have it. */
	uint8_t long_form[131] = { 0x04, 0x81, 0x80 };
	assert_true(der_is_strict(rd_of(long_form, 131)));
	long_form[2] = 0x7f;
	assert_false(der_is_strict(rd_of(long_form, 130)));
}

static void depth(void **state)
{
	(void)state;
	uint8_t nest[2 * 64];
	for (size_t levels = 1; levels < 60; levels++) {
		for (size_t i = 0; i < levels; i++) {
			nest[2 * i] = 0x30;
			nest[2 * i + 1] = (uint8_t)(2 * (levels - 1 - i));
		}
		assert_int_equal(der_is_strict(rd_of(nest, 2 * levels)), levels <= DER_DEPTH_MAX);
	}
}

static void taking(void **state)
{
	(void)state;
	struct rd r = rd_of("\x02\x01\x07\x05\x00", 5);
	struct der d = der_take(&r);
	assert_true(d.tag == DER_INTEGER && d.body.left == 1 && d.body.at[0] == 7 && d.whole.left == 3);
	assert_true(der_take_as(&r, DER_INTEGER).bad && r.bad && r.left == 0);
	assert_true(der_take(&r).whole.bad);
}

static void fields(void **state)
{
	(void)state;
	struct made ca = zoo_make((struct recipe){ .subject = "Authority", .is_ca = 1 });
	struct made m = zoo_make((struct recipe){ .subject = "Subject", .issuer = &ca, .serial = "66051", .san = "DNS:a" });
	struct cert_fields f;
	assert_int_equal(der_cert_fields(rd_of(m.der, m.n), &f), OK);
	unsigned char *der = NULL;
	int n = i2d_X509_NAME(X509_get_subject_name(m.x), &der);
	assert_true(bytes_are_equal(f.subject, rd_of(der, (size_t)n)));
	OPENSSL_free(der), der = NULL;
	n = i2d_X509_NAME(X509_get_issuer_name(m.x), &der);
	assert_true(bytes_are_equal(f.issuer, rd_of(der, (size_t)n)));
	OPENSSL_free(der), der = NULL;
	n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(m.x), &der);
	assert_true(bytes_are_equal(f.spki, rd_of(der, (size_t)n)));
	OPENSSL_free(der);
	assert_true(bytes_are_equal(f.serial, rd_of("\x02\x03\x01\x02\x03", 5)));
	struct made v1 = zoo_make((struct recipe){ .subject = "v1", .is_v1 = 1 });
	assert_int_equal(der_cert_fields(rd_of(v1.der, v1.n), &f), OK);
	/* Failure leaves the output alone. */
	struct cert_fields before = f;
	assert_int_equal(der_cert_fields(rd_of(m.der, m.n - 1), &f), ERR_X509);
	assert_memory_equal(&before, &f, sizeof f);
	zoo_free(&ca), zoo_free(&m), zoo_free(&v1);
}

/* Adds one extension of this OID and value. */
static void extend(struct made *m, const char *oid, int critical, const char *value, int n)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *v = ASN1_OCTET_STRING_new();
	ASN1_OCTET_STRING_set(v, (const unsigned char *)value, n);
	X509_EXTENSION *e = X509_EXTENSION_create_by_OBJ(NULL, o, critical, v);
	X509_add_ext(m->x, e, -1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(v);
	ASN1_OBJECT_free(o);
	zoo_sign(m, NULL, NULL, 0);
}

static enum err with(const char *oid, const char *value, int n, int times)
{
	struct made m = zoo_make((struct recipe){ .subject = "x", .constraints = "", .eku = "" });
	struct cert_fields f;
	for (int i = 0; i < times; i++)
		extend(&m, oid, i & 1, value, n);
	enum err err = der_cert_fields(rd_of(m.der, m.n), &f);
	zoo_free(&m);
	return err;
}

static void extensions(void **state)
{
	(void)state;
	/* Unknown to OpenSSL, so that nobody else would notice. */
	assert_int_equal(with("1.2.3.4", "\x05\x00", 2, 1), OK);
	assert_int_equal(with("1.2.3.4", "\x05\x00", 2, 2), ERR_X509);
	assert_int_equal(with("1.2.3.4", "not DER", 7, 1), OK);
	assert_int_equal(with("2.5.29.99", "\x05\x00", 2, 1), OK);
	assert_int_equal(with("2.5.29.99", "\x05\x00\x00", 3, 1), ERR_X509);
	assert_int_equal(with("2.5.29.99", "\x04\x81\x01" "a", 4, 1), ERR_X509);
	assert_int_equal(with("2.5.29.99", "", 0, 1), ERR_X509);
	struct made m = zoo_make((struct recipe){ .subject = "x" });
	struct cert_fields f;
	for (int i = 0; i < CERT_EXTENSIONS_MAX; i++) {
		char oid[32];
		snprintf(oid, sizeof oid, "1.2.3.%d", i);
		extend(&m, oid, 0, "\x05\x00", 2);
	}
	assert_int_equal(der_cert_fields(rd_of(m.der, m.n), &f), ERR_X509);
	zoo_free(&m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(values), cmocka_unit_test(depth), cmocka_unit_test(taking), cmocka_unit_test(fields),
		cmocka_unit_test(extensions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
