// Trust roots: Debian's real module in a copied folder, broken modules, bundles, test CAs; the set itself.
// uses: tests/unit/zoo.c host/parse/x509.c host/parse/rules.c host/parse/words.c host/parse/der.c host/parse/roots.c host/parse/nssckbi.c host/base/rd.c host/base/buf.c host/base/err.c host/base/log.c host/base/clock.c
// libs: -lcrypto -lsodium -ldl
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "parse/der.h"
#include "parse/roots.h"
#include "parse/x509.h"
#include "zoo.h"
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const module_places[] = {
	"/usr/lib/x86_64-linux-gnu/libnssckbi.so", "/usr/lib/x86_64-linux-gnu/nss/libnssckbi.so",
	"/usr/lib/aarch64-linux-gnu/libnssckbi.so", "/usr/lib64/libnssckbi.so", NULL,
};
static const char *const no_bundles[] = { NULL };

static char dir[64];
static struct made a, b;

static int setup(void **state)
{
	(void)state;
	a = zoo_make((struct recipe){ .subject = "A", .is_ca = 1 });
	b = zoo_make((struct recipe){ .subject = "B", .is_ca = 1 });
	strcpy(dir, "/tmp/secondexit-roots-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];
	(void)state;
	zoo_free(&a), zoo_free(&b);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

static void write_file(const char *name, const void *bytes, size_t n)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void write_pem(const char *name, const char *before, const struct made *x, const struct made *y, const char *after)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(before, f);
	if (x)
		PEM_write_X509(f, x->x);
	if (y)
		PEM_write_X509(f, y->x);
	fputs(after, f);
	fclose(f);
}

/* Loads with this folder as the browser's, and bundles of this folder. */
static struct parse_roots_r load(const char *browser, const char *bundle, const char *test_ca, struct roots **out)
{
	struct parse_config c = { 0 };
	char path[256];
	const char *bundles[] = { "/nonexistent/bundle.crt", path, NULL };
	struct parse_roots_r told;
	struct roots *r = NULL;
	snprintf(path, sizeof path, "%s/%s", dir, bundle ? bundle : "no-such-bundle");
	if (browser)
		snprintf(c.browser_dir, sizeof c.browser_dir, "%s", browser);
	if (test_ca)
		snprintf(c.test_ca, sizeof c.test_ca, "%s/%s", dir, test_ca);
	assert_int_equal(roots_load(&c, bundles, &r), OK);
	roots_tell(r, &told);
	if (out)
		*out = r;
	else
		roots_free(r);
	return told;
}

static bool copy_module(const char *to)
{
	for (const char *const *m = module_places; *m; m++) {
		char command[512];
		if (access(*m, R_OK) != 0)
			continue;
		snprintf(command, sizeof command, "mkdir -p '%s/%s' && cp '%s' '%s/%s/libnssckbi.so'", dir, to, *m, dir, to);
		return system(command) == 0;
	}
	return false;
}

static void real_module(void **state)
{
	(void)state;
	char browser[128];
	struct roots *r;
	snprintf(browser, sizeof browser, "%s/browser", dir);
	if (!copy_module("browser"))
		skip();
	write_pem("bundle", "", &a, NULL, "");
	uint64_t start = clock_ms();
	struct parse_roots_r told = load(browser, "bundle", NULL, &r);
	print_message("%u roots in %u ms\n", told.n, (unsigned)(clock_ms() - start));
	assert_int_equal(told.source, ROOTS_BROWSER);
	assert_true(told.n > 80 && told.n < 400);
	assert_true(strstr(told.path, "/browser/libnssckbi.so") != NULL);
	/* The bundle is not mixed in. */
	assert_false(roots_has(r, rd_of(a.der, a.n)));
	roots_free(r);
	/* The test CA is, and the source is still the browser. */
	write_pem("ca", "", &b, NULL, "");
	struct parse_roots_r more = load(browser, "bundle", "ca", &r);
	assert_int_equal(more.source, ROOTS_BROWSER);
	assert_int_equal(more.n, told.n + 1);
	assert_true(roots_has(r, rd_of(b.der, b.n)));
	roots_free(r);
	/* Loading again in one process works: the library was left mapped. */
	assert_int_equal(load(browser, NULL, NULL, NULL).n, told.n);
}

/* Debian's bundle is made from the same list: nearly all of it must be in the module's server roots, and no root of the
 * module that serves e-mail only. */
static void module_against_bundle(void **state)
{
	(void)state;
	char browser[128];
	struct roots *module, *bundle;
	struct parse_config c = { 0 };
	snprintf(browser, sizeof browser, "%s/browser2", dir);
	if (access(roots_bundles[0], R_OK) != 0 || !copy_module("browser2"))
		skip();
	load(browser, NULL, NULL, &module);
	assert_int_equal(roots_load(&c, roots_bundles, &bundle), OK);
	struct parse_roots_r told;
	roots_tell(bundle, &told);
	assert_int_equal(told.source, ROOTS_SYSTEM);
	size_t in = 0, n = 0;
	FILE *f = fopen(roots_bundles[0], "r");
	char *name, *header;
	unsigned char *der;
	long len;
	while (PEM_read(f, &name, &header, &der, &len)) {
		n++;
		in += roots_has(module, rd_of(der, (size_t)len));
		OPENSSL_free(name), OPENSSL_free(header), OPENSSL_free(der);
	}
	fclose(f);
	print_message("%zu of %zu of the bundle are in the module\n", in, n);
	assert_true(n > 80 && in * 10 > n * 8);
	roots_free(module), roots_free(bundle);
}

static void broken_modules(void **state)
{
	(void)state;
	static const char *const sources[] = {
		"int nothing;",                                                        /* no C_GetFunctionList */
		"unsigned long C_GetFunctionList(void **l) { *l = 0; return 0; }",
		"unsigned long C_GetFunctionList(void **l) { (void)l; return 5; }",
		"static void *t[80]; unsigned long C_GetFunctionList(void **l) { *l = t; return 0; }",   /* all functions missing */
		"extern int no_such_symbol(void); unsigned long C_GetFunctionList(void **l) { (void)l; return (unsigned long)no_such_symbol(); }",
	};
	char path[256], command[1024];
	write_pem("bundle", "", &a, NULL, "");
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		snprintf(path, sizeof path, "%s/broken%zu", dir, i);
		mkdir(path, 0700);
		snprintf(command, sizeof command, "echo '%s' | gcc -shared -fPIC -x c -o '%s/libnssckbi.so' -", sources[i], path);
		assert_int_equal(system(command), 0);
		struct parse_roots_r told = load(path, "bundle", NULL, NULL);
		assert_int_equal(told.source, ROOTS_SYSTEM);
		assert_int_equal(told.n, 1);
	}
	/* No library at all: text, an empty file, a folder, nothing; a relative path is not even tried. */
	snprintf(path, sizeof path, "%s/text", dir);
	mkdir(path, 0700);
	write_file("text/libnssckbi.so", "not ELF", 7);
	assert_int_equal(load(path, "bundle", NULL, NULL).source, ROOTS_SYSTEM);
	write_file("text/libnssckbi.so", "", 0);
	assert_int_equal(load(path, "bundle", NULL, NULL).source, ROOTS_SYSTEM);
	assert_int_equal(load("/nonexistent", "bundle", NULL, NULL).source, ROOTS_SYSTEM);
	assert_int_equal(load("browser", "bundle", NULL, NULL).source, ROOTS_SYSTEM);
	assert_int_equal(load("", "bundle", NULL, NULL).source, ROOTS_SYSTEM);
}

/* A module of our own: a root, two with distrust dates, one with a bad date, one distrusted; by NSS's trust class and by
 * the standard's. */
static void small_module(void **state)
{
	(void)state;
	struct made c[5], leaf;
	char path[128], command[1024];
	struct roots *r;
	for (size_t i = 0; i < 5; i++) {
		char name[8];
		snprintf(name, sizeof name, "N%zu", i);
		c[i] = zoo_make((struct recipe){ .subject = name, .is_ca = 1 });
	}
	leaf = zoo_make((struct recipe){ .subject = "leaf", .issuer = &c[1], .san = "DNS:a.test" });
	for (int standard = 0; standard < 2; standard++) {
		snprintf(path, sizeof path, "%s/small%d", dir, standard);
		mkdir(path, 0700);
		snprintf(command, sizeof command, "%s/objects.h", path);
		FILE *f = fopen(command, "w");
		for (size_t i = 0; i < 5; i++) {
			struct cert_fields cut;
			assert_int_equal(der_cert_fields(rd_of(c[i].der, c[i].n), &cut), OK);
			const struct { const char *name; const uint8_t *at; size_t n; } part[] = {
				{ "value", c[i].der, c[i].n }, { "issuer", cut.issuer.at, cut.issuer.left },
				{ "serial", cut.serial.at, cut.serial.left },
			};
			for (size_t p = 0; p < 3; p++) {
				fprintf(f, "static const unsigned char %s%zu[] = {", part[p].name, i);
				for (size_t at = 0; at < part[p].n; at++)
					fprintf(f, "%u,", part[p].at[at]);
				fputs("};\n", f);
			}
		}
		fclose(f);
		snprintf(command, sizeof command,
		         "gcc -shared -fPIC -w -DSTANDARD=%d -I'%s' -o '%s/libnssckbi.so' tests/unit/small_module.c", standard, path, path);
		assert_int_equal(system(command), 0);
		struct parse_roots_r told = load(path, NULL, NULL, &r);
		assert_int_equal(told.source, ROOTS_BROWSER);
		assert_int_equal(told.n, 4);                                     /* not 2: distrusted */
		assert_true(roots_has(r, rd_of(c[0].der, c[0].n)));
		assert_false(roots_has(r, rd_of(c[2].der, c[2].n)));
		struct cert_fields cut;
		assert_int_equal(der_cert_fields(rd_of(c[0].der, c[0].n), &cut), OK);
		const struct root *root = roots_find(r, cut.subject, NULL);
		assert_non_null(root);
		assert_int_equal(root->distrust_after, 0);                       /* CK_FALSE */
		assert_null(roots_find(r, cut.subject, root));
		assert_int_equal(der_cert_fields(rd_of(c[1].der, c[1].n), &cut), OK);
		assert_int_equal(roots_find(r, cut.subject, NULL)->distrust_after, 1700000000);   /* 231114221320Z */
		assert_int_equal(der_cert_fields(rd_of(c[3].der, c[3].n), &cut), OK);
		assert_int_equal(roots_find(r, cut.subject, NULL)->distrust_after, 1);            /* unreadable: distrust all */
		assert_int_equal(der_cert_fields(rd_of(c[4].der, c[4].n), &cut), OK);
		assert_int_equal(roots_find(r, cut.subject, NULL)->distrust_after, 946684799);    /* 991231235959Z */
		assert_int_equal(der_cert_fields(rd_of(c[2].der, c[2].n), &cut), OK);
		assert_true(roots_is_distrusted(r, cut.issuer, cut.serial) == true);
		/* And it judges. */
		struct parse_judge q = { .host = "a.test", .time = ZOO_NOW, .is_signed = 1, .n_certs = 1,
			.cert = { { (uint32_t)leaf.n, leaf.der } } };
		struct parse_judge_r judged;
		x509_judge(r, &q, &judged);
		assert_string_equal(judged.why, "issued after its authority lost the browser's trust");
		roots_free(r);
		/* A module that fails in the middle: none of its roots, not half of them. */
		char fails[256];
		snprintf(fails, sizeof fails, "%s/fails%d", dir, standard);
		mkdir(fails, 0700);
		snprintf(command, sizeof command, "gcc -shared -fPIC -w -DFAILS -DSTANDARD=%d -I'%s' -o '%s/libnssckbi.so' "
		         "tests/unit/small_module.c", standard, path, fails);
		assert_int_equal(system(command), 0);
		write_pem("bundle", "", &a, NULL, "");
		told = load(fails, "bundle", NULL, &r);
		assert_int_equal(told.source, ROOTS_SYSTEM);
		assert_int_equal(told.n, 1);
		roots_free(r);
	}
	for (size_t i = 0; i < 5; i++)
		zoo_free(&c[i]);
	zoo_free(&leaf);
}

static void bundles(void **state)
{
	(void)state;
	write_pem("one", "", &a, NULL, "");
	assert_int_equal(load(NULL, "one", NULL, NULL).source, ROOTS_SYSTEM);
	write_pem("two", "# words\nA = B\n=====\n", &a, &b, "trailing words");
	assert_int_equal(load(NULL, "two", NULL, NULL).n, 2);
	write_pem("double", "", &a, &a, "");
	assert_int_equal(load(NULL, "double", NULL, NULL).n, 1);
	write_pem("spoiled", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", &a, NULL, "");
	assert_int_equal(load(NULL, "spoiled", NULL, NULL).n, 1);
	write_pem("none", "nothing here\n", NULL, NULL, "");
	struct parse_roots_r told = load(NULL, "none", NULL, NULL);
	assert_int_equal(told.source, ROOTS_NONE);
	assert_int_equal(told.n, 0);
	assert_string_equal(told.path, "");
	assert_int_equal(load(NULL, NULL, NULL, NULL).source, ROOTS_NONE);
}

static void not_files(void **state)
{
	(void)state;
	char path[256];
	snprintf(path, sizeof path, "%s/pipe", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(load(NULL, "pipe", NULL, NULL).source, ROOTS_NONE);
	snprintf(path, sizeof path, "%s/huge", dir);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	write_pem("huge", "", &a, NULL, "");
	assert_int_equal(load(NULL, "huge", NULL, NULL).n, 1);
	assert_int_equal(truncate(path, (off_t)ROOTS_BYTES_MAX + 1), 0);
	assert_int_equal(load(NULL, "huge", NULL, NULL).source, ROOTS_NONE);
}

static void test_ca(void **state)
{
	(void)state;
	struct parse_config c = { 0 };
	struct roots *r = NULL;
	write_pem("bundle", "", &a, NULL, "");
	write_pem("ca", "", &b, NULL, "");
	write_pem("empty", "", NULL, NULL, "");
	struct parse_roots_r told = load(NULL, "bundle", "ca", NULL);
	assert_int_equal(told.source, ROOTS_SYSTEM);
	assert_int_equal(told.n, 2);
	told = load(NULL, NULL, "ca", NULL);
	assert_int_equal(told.source, ROOTS_NONE);
	assert_int_equal(told.n, 1);
	/* One that is named and can't be used is not passed over in silence. */
	snprintf(c.test_ca, sizeof c.test_ca, "%s/empty", dir);
	assert_int_equal(roots_load(&c, no_bundles, &r), ERR_ROOTS_NONE);
	snprintf(c.test_ca, sizeof c.test_ca, "%s/missing", dir);
	assert_int_equal(roots_load(&c, no_bundles, &r), ERR_ROOTS_NONE);
	assert_null(r);
}

static void the_set(void **state)
{
	(void)state;
	struct roots *r = roots_new();
	struct cert_fields fa, fb;
	assert_int_equal(der_cert_fields(rd_of(a.der, a.n), &fa), OK);
	assert_int_equal(der_cert_fields(rd_of(b.der, b.n), &fb), OK);
	assert_int_equal(roots_add(r, rd_of(a.der, a.n - 1), 0), ERR_X509);
	assert_int_equal(roots_add(r, rd_of("", 0), 0), ERR_X509);
	assert_int_equal(roots_add(r, rd_of(a.der, a.n), 500), OK);
	assert_int_equal(roots_add(r, rd_of(a.der, a.n), 300), OK);
	assert_int_equal(roots_add(r, rd_of(a.der, a.n), 0), OK);
	const struct root *root = roots_find(r, fa.subject, NULL);
	assert_int_equal(root->distrust_after, 300);
	assert_null(roots_find(r, fb.subject, NULL));
	assert_int_equal(roots_distrust(r, fb.issuer, fb.serial), OK);
	assert_true(roots_is_distrusted(r, fb.issuer, fb.serial));
	assert_false(roots_is_distrusted(r, fb.issuer, fa.serial));
	assert_false(roots_is_distrusted(r, fa.issuer, fb.serial));
	/* A full set refuses; it does not grow for ever. */
	enum err err = OK;
	for (size_t i = 0; err == OK && i <= ROOTS_MAX; i++)
		err = roots_distrust(r, fa.issuer, fa.serial);
	assert_int_equal(err, ERR_TOO_BIG);
	roots_free(r);
	roots_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_module), cmocka_unit_test(module_against_bundle), cmocka_unit_test(broken_modules),
		cmocka_unit_test(small_module), cmocka_unit_test(bundles), cmocka_unit_test(not_files), cmocka_unit_test(test_ca),
		cmocka_unit_test(the_set),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
