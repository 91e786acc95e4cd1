// Chains judged: a zoo of certificates, each wrong in one way, against what a browser says to it.
// uses: tests/unit/zoo.c host/parse/x509.c host/parse/rules.c host/parse/words.c host/parse/der.c host/parse/roots.c host/parse/nssckbi.c host/base/rd.c host/base/buf.c host/base/err.c host/base/log.c
// libs: -lcrypto -lsodium -ldl
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "parse/der.h"
#include "parse/x509.h"
#include "zoo.h"
#include <openssl/crypto.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct made root, inter, inter2, other_root;
static struct roots *roots;

static void trust(const struct made *m)
{
	assert_int_equal(roots_add(roots, rd_of(m->der, m->n), 0), OK);
}

static int setup(void **state)
{
	(void)state;
	root = zoo_make((struct recipe){ .subject = "Root", .is_ca = 1, .usage = "critical,keyCertSign,cRLSign" });
	inter = zoo_make((struct recipe){ .subject = "Inter", .issuer = &root, .is_ca = 1, .usage = "critical,keyCertSign" });
	inter2 = zoo_make((struct recipe){ .subject = "Inter 2", .issuer = &inter, .is_ca = 1 });
	other_root = zoo_make((struct recipe){ .subject = "Other root", .is_ca = 1 });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zoo_free(&root), zoo_free(&inter), zoo_free(&inter2), zoo_free(&other_root);
	return 0;
}

static int fresh_roots(void **state)
{
	(void)state;
	roots = roots_new();
	trust(&root);
	return 0;
}

static int drop_roots(void **state)
{
	(void)state;
	roots_free(roots);
	return 0;
}

static struct parse_judge_r judge_at(const char *host, uint64_t time, bool is_signed, const struct made *const *chain)
{
	static struct parse_judge_r r;
	struct parse_judge q = { .time = time, .is_signed = is_signed };
	snprintf(q.host, sizeof q.host, "%s", host);
	for (; chain[q.n_certs]; q.n_certs++)
		q.cert[q.n_certs] = (struct net_cert){ (uint32_t)chain[q.n_certs]->n, chain[q.n_certs]->der };
	memset(&r, 0xee, sizeof r);
	x509_judge(roots, &q, &r);
	assert_true(r.is_valid == 0 || r.is_valid == 1);
	assert_int_equal(r.is_valid, r.why[0] == 0);
	return r;
}

#define CHAIN(...) ((const struct made *const[]){ __VA_ARGS__, NULL })

static void is_valid(const char *host, const struct made *const *chain)
{
	struct parse_judge_r r = judge_at(host, ZOO_NOW, true, chain);
	if (!r.is_valid)
		fail_msg("%s: refused: %s", host, r.why);
	/* The same without our own proof of the handshake is never valid. */
	assert_int_equal(judge_at(host, ZOO_NOW, false, chain).is_valid, 0);
}

static void is_refused(const char *host, const char *why, const struct made *const *chain)
{
	struct parse_judge_r r = judge_at(host, ZOO_NOW, true, chain);
	if (r.is_valid)
		fail_msg("%s: taken, not refused for: %s", host, why);
	if (!strstr(r.why, why))
		fail_msg("%s: refused for: %s, not: %s", host, r.why, why);
}

/* A leaf that is right in everything the recipe leaves open. */
static const struct made SELF;

static struct made leaf_of(struct recipe r)
{
	r.subject = r.subject ? r.subject : "leaf";
	r.san = r.san ? r.san : "DNS:a.test";
	r.issuer = r.issuer == &SELF ? NULL : r.issuer ? r.issuer : &inter;
	return zoo_make(r);
}

#define LEAF(...) leaf_of((struct recipe){ __VA_ARGS__ })

static void plain(void **state)
{
	(void)state;
	struct made leaf = LEAF(), direct = LEAF(.issuer = &root), deep = LEAF(.issuer = &inter2);
	is_valid("a.test", CHAIN(&leaf, &inter));
	is_valid("A.TEST", CHAIN(&leaf, &inter));
	is_valid("a.test.", CHAIN(&leaf, &inter));
	is_valid("a.test", CHAIN(&leaf, &inter, &root));
	is_valid("a.test", CHAIN(&direct));
	is_valid("a.test", CHAIN(&deep, &inter2, &inter));
	zoo_free(&leaf), zoo_free(&direct), zoo_free(&deep);
}

static void order_extras_duplicates(void **state)
{
	(void)state;
	struct made leaf = LEAF(.issuer = &inter2), stranger = LEAF(.san = "DNS:b.test");
	struct made junk = { .der = (uint8_t *)"\x30\x03junk", .n = 6 };
	is_valid("a.test", CHAIN(&leaf, &inter, &inter2));
	is_valid("a.test", CHAIN(&leaf, &root, &inter, &other_root, &stranger, &inter2));
	is_valid("a.test", CHAIN(&leaf, &leaf, &inter2, &inter2, &inter, &inter, &root, &root));
	is_valid("a.test", CHAIN(&leaf, &junk, &inter2, &junk, &inter));
	/* The leaf is the first one, whatever follows. */
	is_refused("a.test", "another name", CHAIN(&stranger, &leaf, &inter2, &inter));
	zoo_free(&leaf), zoo_free(&stranger);
}

static void no_path(void **state)
{
	(void)state;
	struct made leaf = LEAF(.issuer = &inter2), lone = LEAF(.issuer = &other_root);
	struct made self = LEAF(.issuer = &SELF), impostor_root = zoo_make((struct recipe){ .subject = "Root", .is_ca = 1 });
	struct made forged = LEAF(.issuer = &impostor_root);
	is_refused("a.test", "intermediate certificate was not sent", CHAIN(&leaf));
	is_refused("a.test", "issuer not known", CHAIN(&leaf, &inter2));
	is_refused("a.test", "issuer not known", CHAIN(&leaf, &inter));
	is_refused("a.test", "issuer not known", CHAIN(&lone, &other_root));
	is_refused("a.test", "self-signed certificate", CHAIN(&self));
	is_refused("a.test", "self-signed certificate", CHAIN(&self, &inter, &root));
	is_refused("a.test", "signature in the chain is wrong", CHAIN(&forged));
	is_refused("a.test", "signature in the chain is wrong", CHAIN(&forged, &impostor_root, &root));
	zoo_free(&leaf), zoo_free(&lone), zoo_free(&self), zoo_free(&impostor_root), zoo_free(&forged);
}

static void leaf_is_root(void **state)
{
	(void)state;
	struct made self = LEAF(.issuer = &SELF);
	struct made ca = zoo_make((struct recipe){ .subject = "CA", .is_ca = 1, .san = "DNS:a.test", .eku = "serverAuth" });
	trust(&self), trust(&ca);
	is_valid("a.test", CHAIN(&self));
	is_refused("b.test", "another name", CHAIN(&self));
	/* Browsers refuse an authority's certificate as a server's, trusted or not. */
	is_refused("a.test", "authority's certificate in place of a server's", CHAIN(&ca));
	zoo_free(&self), zoo_free(&ca);
}

static void leaf_is_ca(void **state)
{
	(void)state;
	struct made ca = LEAF(.constraints = "critical,CA:TRUE"), bare = LEAF(.constraints = "");
	is_refused("a.test", "authority's certificate", CHAIN(&ca, &inter));
	is_valid("a.test", CHAIN(&bare, &inter));
	zoo_free(&ca), zoo_free(&bare);
}

static void dates(void **state)
{
	(void)state;
	struct made leaf = LEAF(.not_before = ZOO_NOW - 10, .not_after = ZOO_NOW + 10);
	struct made old = zoo_make((struct recipe){ .subject = "Old", .issuer = &root, .is_ca = 1, .not_after = ZOO_NOW - 1 });
	struct made young = LEAF(.issuer = &old);
	struct made far = LEAF(.not_after = 4102444800 + 50LL * 365 * ZOO_DAY);
	const struct made *const *chain = CHAIN(&leaf, &inter);
	assert_true(judge_at("a.test", ZOO_NOW - 10, true, chain).is_valid);
	assert_true(judge_at("a.test", ZOO_NOW + 9, true, chain).is_valid);
	assert_string_equal(judge_at("a.test", ZOO_NOW - 11, true, chain).why, "not valid yet");
	assert_string_equal(judge_at("a.test", ZOO_NOW + 11, true, chain).why, "expired");
	assert_false(judge_at("a.test", 0, true, chain).is_valid);
	assert_false(judge_at("a.test", UINT64_MAX, true, chain).is_valid);
	assert_false(judge_at("a.test", (uint64_t)INT64_MAX, true, chain).is_valid);
	is_refused("a.test", "expired", CHAIN(&young, &old));
	is_valid("a.test", CHAIN(&far, &inter));
	zoo_free(&leaf), zoo_free(&old), zoo_free(&young), zoo_free(&far);
}

static void root_expired(void **state)
{
	(void)state;
	struct made late = zoo_make((struct recipe){ .subject = "Late", .is_ca = 1, .not_after = ZOO_NOW - 1 });
	struct made leaf = LEAF(.issuer = &late);
	trust(&late);
	is_refused("a.test", "expired", CHAIN(&leaf));
	zoo_free(&late), zoo_free(&leaf);
}

static void names(void **state)
{
	(void)state;
	static const struct { const char *san, *host; bool ok; } table[] = {
		{ "DNS:a.test", "b.test", false },
		{ "DNS:a.test", "x.a.test", false },
		{ "DNS:a.test", "a.test.evil.test", false },
		{ "DNS:b.test,DNS:c.test,DNS:a.test", "a.test", true },
		{ "DNS:*.a.test", "x.a.test", true },
		{ "DNS:*.a.test", "X.A.TEST", true },
		{ "DNS:*.a.test", "a.test", false },
		{ "DNS:*.a.test", ".a.test", false },
		{ "DNS:*.a.test", "x.y.a.test", false },
		{ "DNS:*.a.test", "xn--bcher-kva.a.test", true },
		{ "DNS:*.test", "a.test", false },          /* too wide */
		{ "DNS:*", "a.test", false },
		{ "DNS:*", "test", false },
		{ "DNS:f*.a.test", "foo.a.test", false },   /* partial labels */
		{ "DNS:*o.a.test", "foo.a.test", false },
		{ "DNS:f*o.a.test", "foo.a.test", false },
		{ "DNS:x.*.test", "x.a.test", false },
		{ "DNS:*.*.a.test", "x.y.a.test", false },
		{ "DNS:**.a.test", "x.a.test", false },
		{ "DNS:.a.test", "x.a.test", false },
		{ "DNS:a_b.test", "a_b.test", true },
		{ "DNS:test", "test", true },
		{ "email:a.test", "a.test", false },
		{ "URI:https://a.test/", "a.test", false },
		{ "DNS:10.0.0.1", "10.0.0.1", false },      /* an address needs an address */
		{ "IP:10.0.0.1", "10.0.0.1", true },
		{ "IP:10.0.0.1", "10.0.0.2", false },
		{ "IP:10.0.0.1", "0x0a.0.0.1", false },
		{ "IP:2001:db8::1", "2001:db8::1", true },
		{ "IP:2001:db8::1", "2001:db8:0:0:0:0:0:1", true },
		{ "IP:2001:db8::1", "2001:db8::2", false },
		{ "IP:10.0.0.1", "::ffff:10.0.0.1", false },
		{ "", "a.test", false },
		{ "DNS:a.test", "", false },
		{ "DNS:a.test", ".", false },
		{ "DNS:a.test", "a..test", false },
		{ "DNS:a.test", "a.test..", false },
		{ "DNS:a.test", ".a.test", false },
		{ "DNS:a.test", ".test", false },
		{ "DNS:a.test", "a.test ", false },
		{ "DNS:1.2.3", "1.2.3", false },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		/* The common name is right and must not count. */
		struct made leaf = LEAF(.subject = table[i].host[0] ? table[i].host : "x", .san = table[i].san);
		struct parse_judge_r r = judge_at(table[i].host, ZOO_NOW, true, CHAIN(&leaf, &inter));
		if (r.is_valid != table[i].ok)
			fail_msg("SAN %s, host %s: %s", table[i].san, table[i].host, r.is_valid ? "taken" : r.why);
		zoo_free(&leaf);
	}
}

static void names_of_bytes(void **state)
{
	(void)state;
	static const struct { const char *bytes; size_t n; const char *shown; } table[] = {
		{ "a.test\0.evil.test", 17, "a.test\\u{0}.evil.test" },
		{ "a.test\0", 7, "a.test\\u{0}" },
		{ "\0a.test", 7, "\\u{0}a.test" },
		{ "a.test ", 7, "a.test\\u{20}" },
		{ "b.test, a.test", 14, "b.test\\u{2c}\\u{20}a.test" },
		{ "a.test\n", 7, "a.test\\u{a}" },
		{ "a.te\xffst", 7, "a.te\\xffst" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct made leaf = LEAF();
		zoo_raw_san(&leaf, &inter, table[i].bytes, table[i].n);
		struct parse_judge_r r = judge_at("a.test", ZOO_NOW, true, CHAIN(&leaf, &inter));
		assert_false(r.is_valid);
		if (r.err == OK)
			assert_string_equal(r.words.names, table[i].shown);
		zoo_free(&leaf);
	}
}

static void usage(void **state)
{
	(void)state;
	static const struct { const char *eku, *usage, *why; } table[] = {
		{ "clientAuth", NULL, "not made for web servers" },
		{ "emailProtection,codeSigning", NULL, "not made for web servers" },
		{ "anyExtendedKeyUsage", NULL, "not made for web servers" },
		{ "nsSGC", NULL, "not made for web servers" },
		{ "msSGC", NULL, "not made for web servers" },
		{ "clientAuth,serverAuth", NULL, NULL },
		{ "", NULL, NULL },
		{ "critical,serverAuth", "critical,digitalSignature", NULL },
		{ "serverAuth", "critical,cRLSign", "not made for web servers" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct made leaf = LEAF(.eku = table[i].eku, .usage = table[i].usage);
		if (table[i].why)
			is_refused("a.test", table[i].why, CHAIN(&leaf, &inter));
		else
			is_valid("a.test", CHAIN(&leaf, &inter));
		zoo_free(&leaf);
	}
}

/* Issuers that may not issue. */
static void issuers(void **state)
{
	(void)state;
	static const struct { const char *constraints, *usage, *eku; int is_v1; const char *why; } table[] = {
		{ "CA:FALSE", NULL, "", 0, "no authority" },
		{ "", NULL, "", 0, "no authority" },
		{ "", "critical,keyCertSign", "", 0, "no authority" },
		{ "critical,CA:TRUE", "critical,digitalSignature", "", 0, "" },
		{ "critical,CA:TRUE", NULL, "clientAuth", 0, "may not issue for web servers" },
		{ "critical,CA:TRUE", NULL, "emailProtection", 0, "may not issue for web servers" },
		{ "critical,CA:TRUE", NULL, "serverAuth,clientAuth", 0, NULL },
		{ NULL, NULL, NULL, 1, "no authority" },
		{ "CA:TRUE", NULL, "", 0, NULL },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct made ca = zoo_make((struct recipe){ .subject = "Middle", .issuer = &root, .is_ca = 1,
			.constraints = table[i].constraints, .usage = table[i].usage, .eku = table[i].eku,
			.is_v1 = table[i].is_v1 });
		struct made leaf = LEAF(.issuer = &ca);
		if (table[i].why)
			is_refused("a.test", table[i].why, CHAIN(&leaf, &ca));
		else
			is_valid("a.test", CHAIN(&leaf, &ca));
		zoo_free(&ca), zoo_free(&leaf);
	}
	/* A site's own certificate used as an issuer: the classic. */
	struct made site = LEAF(.san = "DNS:b.test"), forged = LEAF(.issuer = &site);
	is_refused("a.test", "no authority", CHAIN(&forged, &site, &inter));
	zoo_free(&site), zoo_free(&forged);
}

static void path_length(void **state)
{
	(void)state;
	struct made zero = zoo_make((struct recipe){ .subject = "Zero", .issuer = &root, .constraints = "critical,CA:TRUE,pathlen:0" });
	struct made below = zoo_make((struct recipe){ .subject = "Below", .issuer = &zero, .is_ca = 1 });
	struct made good = LEAF(.issuer = &zero), bad = LEAF(.issuer = &below);
	is_valid("a.test", CHAIN(&good, &zero));
	is_refused("a.test", "more issuers", CHAIN(&bad, &below, &zero));
	zoo_free(&zero), zoo_free(&below), zoo_free(&good), zoo_free(&bad);
}

static void name_constraints(void **state)
{
	(void)state;
	struct made only = zoo_make((struct recipe){ .subject = "Only", .issuer = &root, .is_ca = 1,
		.name_constraints = "critical,permitted;DNS:a.test" });
	struct made not = zoo_make((struct recipe){ .subject = "Not", .issuer = &root, .is_ca = 1,
		.name_constraints = "critical,excluded;DNS:evil.test" });
	struct made net = zoo_make((struct recipe){ .subject = "Net", .issuer = &root, .is_ca = 1,
		.name_constraints = "critical,permitted;IP:10.0.0.0/255.0.0.0" });
	struct made in = LEAF(.issuer = &only, .san = "DNS:www.a.test"), out = LEAF(.issuer = &only, .san = "DNS:b.test");
	struct made both = LEAF(.issuer = &only, .san = "DNS:a.test,DNS:b.test");
	struct made ex = LEAF(.issuer = &not, .san = "DNS:x.evil.test"), fine = LEAF(.issuer = &not);
	struct made ip = LEAF(.issuer = &net, .san = "IP:10.1.1.1"), far = LEAF(.issuer = &net, .san = "IP:11.1.1.1");
	is_valid("www.a.test", CHAIN(&in, &only));
	is_refused("b.test", "may not issue for this name", CHAIN(&out, &only));
	is_refused("a.test", "may not issue for this name", CHAIN(&both, &only));
	is_refused("x.evil.test", "may not issue for this name", CHAIN(&ex, &not));
	is_valid("a.test", CHAIN(&fine, &not));
	is_valid("10.1.1.1", CHAIN(&ip, &net));
	is_refused("11.1.1.1", "may not issue for this name", CHAIN(&far, &net));
	zoo_free(&only), zoo_free(&not), zoo_free(&net), zoo_free(&in), zoo_free(&out), zoo_free(&both), zoo_free(&ex);
	zoo_free(&fine), zoo_free(&ip), zoo_free(&far);
}

static void keys(void **state)
{
	(void)state;
	static const struct { enum zoo_key key; const char *why, *shown; } table[] = {
		{ ZOO_P256, NULL, "EC P-256" }, { ZOO_P384, NULL, "EC P-384" }, { ZOO_P521, NULL, "EC P-521" },
		{ ZOO_P224, "kind that browsers do not take", "EC P-224" },
		{ ZOO_K256, "kind that browsers do not take", "EC secp256k1" },
		{ ZOO_P256_EXPLICIT, "kind that browsers do not take", "EC P-256" },
		{ ZOO_RSA2048, NULL, "RSA 2048" }, { ZOO_RSA1024, "too short", "RSA 1024" },
		{ ZOO_ED25519, "kind that browsers do not take", "ED25519" },
		{ ZOO_RSAPSS, "kind that browsers do not take", "RSA 2048" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct made leaf = LEAF(.key = table[i].key);
		if (table[i].why)
			is_refused("a.test", table[i].why, CHAIN(&leaf, &inter));
		else
			is_valid("a.test", CHAIN(&leaf, &inter));
		assert_string_equal(judge_at("a.test", ZOO_NOW, true, CHAIN(&leaf, &inter)).words.key, table[i].shown);
		zoo_free(&leaf);
	}
	/* The same for issuers. */
	for (enum zoo_key k = 0; k < ZOO_KEYS; k++) {
		struct made ca = zoo_make((struct recipe){ .subject = "Key", .issuer = &root, .is_ca = 1, .key = k });
		struct made leaf = LEAF(.issuer = &ca);
		struct parse_judge_r r = judge_at("a.test", ZOO_NOW, true, CHAIN(&leaf, &ca));
		assert_int_equal(r.is_valid, k == ZOO_P256 || k == ZOO_P384 || k == ZOO_P521 || k == ZOO_RSA2048);
		zoo_free(&ca), zoo_free(&leaf);
	}
}

static void signatures(void **state)
{
	(void)state;
	struct made rsa = zoo_make((struct recipe){ .subject = "RSA", .issuer = &root, .is_ca = 1, .key = ZOO_RSA2048 });
	static const struct { const char *digest; int is_pss; bool ok; } table[] = {
		{ "SHA256", 0, true }, { "SHA384", 0, true }, { "SHA512", 0, true }, { "SHA256", 1, true },
		{ "SHA1", 0, false }, { "SHA1", 1, false }, { "MD5", 0, false }, { "SHA224", 0, false }, { "SHA3-256", 0, false },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct made leaf = LEAF(.issuer = &rsa, .digest = table[i].digest, .is_pss = table[i].is_pss);
		struct parse_judge_r r = judge_at("a.test", ZOO_NOW, true, CHAIN(&leaf, &rsa));
		if (r.is_valid != table[i].ok)
			fail_msg("%s pss %d: %s", table[i].digest, table[i].is_pss, r.why);
		zoo_free(&leaf);
	}
	/* In mid-path, and under ECDSA. */
	struct made weak = zoo_make((struct recipe){ .subject = "Weak", .issuer = &root, .is_ca = 1, .digest = "SHA1" });
	struct made leaf = LEAF(.issuer = &weak), ec = LEAF(.digest = "SHA1");
	is_refused("a.test", "SHA-1", CHAIN(&leaf, &weak));
	is_refused("a.test", "SHA-1", CHAIN(&ec, &inter));
	zoo_free(&rsa), zoo_free(&weak), zoo_free(&leaf), zoo_free(&ec);
}

/* A root's own signature says nothing. */
static void root_with_sha1(void **state)
{
	(void)state;
	struct made old = zoo_make((struct recipe){ .subject = "Old root", .is_ca = 1, .digest = "SHA1", .key = ZOO_RSA2048 });
	struct made v1 = zoo_make((struct recipe){ .subject = "V1 root", .is_v1 = 1 });
	struct made leaf = LEAF(.issuer = &old), below = LEAF(.issuer = &v1);
	trust(&old), trust(&v1);
	is_valid("a.test", CHAIN(&leaf));
	is_valid("a.test", CHAIN(&below));
	zoo_free(&old), zoo_free(&v1), zoo_free(&leaf), zoo_free(&below);
}

/* Two authorities of one name with different keys, cross-signed: every way must be tried. */
static void cross_signed(void **state)
{
	(void)state;
	struct made a = zoo_make((struct recipe){ .subject = "X", .is_ca = 1 });
	struct made by_root = zoo_make((struct recipe){ .subject = "X", .key_of = a.key, .issuer = &root, .is_ca = 1 });
	struct made by_other = zoo_make((struct recipe){ .subject = "X", .key_of = a.key, .issuer = &other_root, .is_ca = 1 });
	struct made expired = zoo_make((struct recipe){ .subject = "X", .key_of = a.key, .issuer = &root, .is_ca = 1, .not_after = ZOO_NOW - 5 });
	struct made same_name = zoo_make((struct recipe){ .subject = "X", .issuer = &root, .is_ca = 1 });
	struct made leaf = LEAF(.issuer = &a);
	is_valid("a.test", CHAIN(&leaf, &by_other, &by_root));
	is_valid("a.test", CHAIN(&leaf, &a, &by_other, &by_root));
	is_valid("a.test", CHAIN(&leaf, &same_name, &expired, &by_other, &a, &by_root));
	is_refused("a.test", "issuer not known", CHAIN(&leaf, &by_other));
	is_refused("a.test", "expired", CHAIN(&leaf, &by_other, &expired));
	is_refused("a.test", "signature", CHAIN(&leaf, &same_name));
	zoo_free(&a), zoo_free(&by_root), zoo_free(&by_other), zoo_free(&expired), zoo_free(&same_name), zoo_free(&leaf);
}

/* An anchor need not be self-signed, and nothing above it is asked. */
static void anchor_in_the_middle(void **state)
{
	(void)state;
	struct made leaf = LEAF(.issuer = &inter2);
	roots_free(roots);
	roots = roots_new();
	trust(&inter);
	is_valid("a.test", CHAIN(&leaf, &inter2));
	is_valid("a.test", CHAIN(&leaf, &inter2, &inter, &root));
	zoo_free(&leaf);
}

static void depth(void **state)
{
	(void)state;
	struct made ca[8], leaf[9];
	const struct made *chain[CHAIN_MAX + 1] = { 0 };
	for (size_t i = 0; i < 8; i++) {
		char name[16];
		snprintf(name, sizeof name, "L%zu", i);
		ca[i] = zoo_make((struct recipe){ .subject = name, .issuer = i ? &ca[i - 1] : &root, .is_ca = 1 });
		leaf[i] = LEAF(.issuer = &ca[i]);
		chain[0] = &leaf[i];
		for (size_t j = 0; j <= i; j++)
			chain[1 + j] = &ca[i - j];
		/* Six intermediates: mozilla::pkix's limit. */
		assert_int_equal(judge_at("a.test", ZOO_NOW, true, chain).is_valid, i < 6);
	}
	for (size_t i = 0; i < 8; i++)
		zoo_free(&ca[i]), zoo_free(&leaf[i]);
}

/* Nine authorities of one name and one key that all could have signed each other: bounded work. */
static void maze(void **state)
{
	(void)state;
	struct made ca[9], first = zoo_make((struct recipe){ .subject = "M", .is_ca = 1, .key = ZOO_RSA2048 });
	const struct made *chain[CHAIN_MAX + 1] = { 0 };
	struct made leaf = LEAF(.issuer = &first);
	chain[0] = &leaf;
	for (size_t i = 0; i < 9; i++) {
		ca[i] = zoo_make((struct recipe){ .subject = "M", .issuer = &first, .key = i, .is_ca = 1,
		                                  .key_of = i < 4 ? first.key : NULL });
		chain[1 + i] = &ca[i];
	}
	struct timespec a, b;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (int i = 0; i < 20; i++)
		assert_false(judge_at("a.test", ZOO_NOW, true, chain).is_valid);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	assert_true(b.tv_sec - a.tv_sec < 5);
	for (size_t i = 0; i < 9; i++)
		zoo_free(&ca[i]);
	zoo_free(&first), zoo_free(&leaf);
}

static void distrust(void **state)
{
	(void)state;
	struct made late = LEAF(.not_before = ZOO_NOW - 5), edge = LEAF(.not_before = ZOO_NOW - 10), early = LEAF(.not_before = ZOO_NOW - 20);
	struct made mine = zoo_make((struct recipe){ .subject = "Inter", .issuer = &other_root, .key_of = inter.key, .is_ca = 1 });
	assert_int_equal(roots_add(roots, rd_of(root.der, root.n), ZOO_NOW - 10), OK);
	is_refused("a.test", "lost the browser's trust", CHAIN(&late, &inter));
	is_valid("a.test", CHAIN(&edge, &inter));
	is_valid("a.test", CHAIN(&early, &inter));
	/* The date is the root's: by another root the same leaf is fine. */
	trust(&other_root);
	is_valid("a.test", CHAIN(&late, &inter, &mine));
	zoo_free(&late), zoo_free(&edge), zoo_free(&early), zoo_free(&mine);
}

static void distrust_entry(void **state)
{
	(void)state;
	struct made leaf = LEAF(), direct = LEAF(.issuer = &root);
	struct cert_fields f;
	assert_int_equal(der_cert_fields(rd_of(inter.der, inter.n), &f), OK);
	assert_int_equal(roots_distrust(roots, f.issuer, f.serial), OK);
	is_refused("a.test", "explicitly distrusted", CHAIN(&leaf, &inter));
	is_valid("a.test", CHAIN(&direct));
	is_valid("a.test", CHAIN(&direct, &inter));
	assert_int_equal(der_cert_fields(rd_of(direct.der, direct.n), &f), OK);
	assert_int_equal(roots_distrust(roots, f.issuer, f.serial), OK);
	is_refused("a.test", "explicitly distrusted", CHAIN(&direct));
	zoo_free(&leaf), zoo_free(&direct);
}

static void odd_but_fine(void **state)
{
	(void)state;
	struct made huge = LEAF(.serial = "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890");
	struct made negative = LEAF(.serial = "-5"), zero = LEAF(.serial = "0");
	is_valid("a.test", CHAIN(&huge, &inter));
	is_valid("a.test", CHAIN(&negative, &inter));
	is_valid("a.test", CHAIN(&zero, &inter));
	assert_string_equal(judge_at("a.test", ZOO_NOW, true, CHAIN(&negative, &inter)).words.serial, "-05");
	zoo_free(&huge), zoo_free(&negative), zoo_free(&zero);
}

static void odd_and_refused(void **state)
{
	(void)state;
	struct made unknown = LEAF(.critical_unknown = 1), twice = LEAF(.twice = "DNS:b.test");
	is_refused("a.test", "critical extension", CHAIN(&unknown, &inter));
	struct parse_judge_r r = judge_at("a.test", ZOO_NOW, true, CHAIN(&twice, &inter));
	assert_int_equal(r.err, ERR_X509);
	zoo_free(&unknown), zoo_free(&twice);
}

static void malformed(void **state)
{
	(void)state;
	struct made leaf = LEAF(), bad = { 0 };
	struct parse_judge_r r;
	uint8_t hash[32];
	/* Cut at every byte, one byte too many, and every bit of the first and last bytes. */
	for (size_t n = 0; n < leaf.n; n++) {
		bad = (struct made){ .der = leaf.der, .n = n };
		r = judge_at("a.test", ZOO_NOW, true, CHAIN(&bad, &inter));
		assert_int_equal(r.err, ERR_X509);
		crypto_hash_sha256(hash, leaf.der, n);
		assert_memory_equal(r.leaf, hash, 32);
		assert_memory_equal(r.spki, hash, 32);
		assert_int_equal(r.words.subject[0], 0);
	}
	uint8_t *copy = malloc(leaf.n + 1);
	memcpy(copy, leaf.der, leaf.n);
	copy[leaf.n] = 0;
	bad = (struct made){ .der = copy, .n = leaf.n + 1 };
	assert_int_equal(judge_at("a.test", ZOO_NOW, true, CHAIN(&bad, &inter)).err, ERR_X509);
	/* No changed bit anywhere leaves a valid chain. */
	bad.n = leaf.n;
	for (size_t i = 0; i < leaf.n * 8; i++) {
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_false(judge_at("a.test", ZOO_NOW, true, CHAIN(&bad, &inter)).is_valid);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	free(copy);
	struct parse_judge none = { .host = "a.test", .time = ZOO_NOW, .is_signed = 1 };
	x509_judge(roots, &none, &r);
	assert_int_equal(r.err, ERR_X509);
	zoo_free(&leaf);
}

static void no_roots(void **state)
{
	(void)state;
	struct made leaf = LEAF();
	struct roots *had = roots;
	roots = NULL;
	struct parse_judge_r r = judge_at("a.test", ZOO_NOW, true, CHAIN(&leaf, &inter));
	assert_int_equal(r.err, ERR_ROOTS_NONE);
	assert_string_equal(r.words.subject, "CN = leaf");
	roots = roots_new();
	assert_int_equal(judge_at("a.test", ZOO_NOW, true, CHAIN(&leaf, &inter)).err, ERR_ROOTS_NONE);
	roots_free(roots);
	roots = had;
	zoo_free(&leaf);
}

static void hashes(void **state)
{
	(void)state;
	struct made leaf = LEAF(), renewed = LEAF(.key_of = leaf.key);
	struct parse_judge_r a = judge_at("a.test", ZOO_NOW, true, CHAIN(&leaf, &inter));
	struct parse_judge_r b = judge_at("a.test", ZOO_NOW, true, CHAIN(&renewed, &inter));
	uint8_t hash[32], *spki = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf.x), &spki);
	crypto_hash_sha256(hash, spki, (unsigned)n);
	assert_memory_equal(a.spki, hash, 32);
	assert_memory_equal(a.spki, b.spki, 32);
	assert_memory_not_equal(a.leaf, b.leaf, 32);
	crypto_hash_sha256(hash, leaf.der, leaf.n);
	assert_memory_equal(a.leaf, hash, 32);
	OPENSSL_free(spki);
	zoo_free(&leaf), zoo_free(&renewed);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh_roots, drop_roots)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(plain), T(order_extras_duplicates), T(no_path), T(leaf_is_root), T(leaf_is_ca), T(dates), T(root_expired),
		T(names), T(names_of_bytes), T(usage), T(issuers), T(path_length), T(name_constraints), T(keys),
		T(signatures), T(root_with_sha1), T(cross_signed), T(anchor_in_the_middle), T(depth), T(maze), T(distrust), T(distrust_entry),
		T(odd_but_fine), T(odd_and_refused), T(malformed), T(no_roots), T(hashes),
	};
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
