/* The set of trust roots (contract in roots.h): DER, not parsed certificates, because of some 150 roots a
 * judgement needs two or three, and the role idles between judgements. */
#include "parse/roots.h"

#include "base/limits.h"
#include "base/log.h"
#include "parse/der.h"
#include "parse/nssckbi.h"
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct distrust { struct rd issuer, serial; };

struct roots {
	enum roots_source source;
	char path[512];
	struct root *root;
	size_t n, room;
	struct distrust *distrust;
	size_t n_distrust, distrust_room;
	size_t total;   /* bytes of all copies */
};

const char *const roots_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",                  /* Debian, Ubuntu, Arch, Gentoo, Alpine, Guix */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",   /* Fedora, RHEL */
	"/etc/pki/tls/certs/ca-bundle.crt",                    /* older ones of those */
	"/var/lib/ca-certificates/ca-bundle.pem",              /* openSUSE */
	"/etc/ssl/ca-bundle.pem",                              /* older openSUSE */
	"/etc/ssl/certs/ca-bundle.crt",                        /* NixOS */
	"/etc/ssl/cert.pem",                                   /* macOS, BSDs */
	NULL,
};

struct roots *roots_new(void)
{
	return calloc(1, sizeof(struct roots));
}

void roots_free(struct roots *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		free((void *)r->root[i].der.at);
	for (size_t i = 0; i < r->n_distrust; i++)
		free((void *)r->distrust[i].issuer.at);
	free(r->root);
	free(r->distrust);
	free(r);
}

/* Room for one more element; the bytes that come with it are counted against the set's cap. */
static enum err roots_room(struct roots *r, void *array, size_t size, size_t n, size_t *room, size_t bytes)
{
	if (n >= ROOTS_MAX || bytes > ROOTS_BYTES_MAX - r->total)
		return ERR_TOO_BIG;
	if (n < *room)
		return OK;
	size_t larger = *room ? *room * 2 : 32;
	void **at = array, *grown = realloc(*at, larger * size);
	if (!grown)
		return ERR_NOMEM;
	*at = grown;
	*room = larger;
	return OK;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

enum err roots_add(struct roots *r, struct rd der, uint64_t distrust_after)
{
	struct cert_fields f;
	if (der.left > CERT_MAX)
		return ERR_TOO_BIG;
	enum err err = der_cert_fields(der, &f);
	if (err != OK)
		return err;
	for (size_t i = 0; i < r->n; i++) {
		if (bytes_are_equal(r->root[i].der, der)) {
			r->root[i].distrust_after = earlier(r->root[i].distrust_after, distrust_after);
			return OK;
		}
	}
	err = roots_room(r, &r->root, sizeof *r->root, r->n, &r->room, der.left);
	if (err != OK)
		return err;
	uint8_t *copy = malloc(der.left);
	if (!copy)
		return ERR_NOMEM;
	memcpy(copy, der.at, der.left);
	struct root *root = &r->root[r->n];
	root->der = (struct rd){ .at = copy, .left = der.left };
	root->distrust_after = distrust_after;
	/* Can't fail: the same bytes were cut a moment ago. */
	if (der_cert_fields(root->der, &f) == OK)
		root->subject = f.subject;
	r->n++;
	r->total += der.left;
	return OK;
}

enum err roots_distrust(struct roots *r, struct rd issuer, struct rd serial)
{
	if (issuer.bad || serial.bad || issuer.left > CERT_MAX || serial.left > CERT_MAX)
		return ERR_TOO_BIG;
	size_t bytes = issuer.left + serial.left;
	enum err err = roots_room(r, &r->distrust, sizeof *r->distrust, r->n_distrust, &r->distrust_room, bytes);
	if (err != OK)
		return err;
	uint8_t *copy = malloc(bytes + 1);
	if (!copy)
		return ERR_NOMEM;
	memcpy(copy, issuer.at, issuer.left);
	memcpy(copy + issuer.left, serial.at, serial.left);
	struct distrust *d = &r->distrust[r->n_distrust++];
	d->issuer = (struct rd){ .at = copy, .left = issuer.left };
	d->serial = (struct rd){ .at = copy + issuer.left, .left = serial.left };
	r->total += bytes;
	return OK;
}

const struct root *roots_find(const struct roots *r, struct rd subject, const struct root *after)
{
	for (size_t i = after ? (size_t)(after - r->root) + 1 : 0; i < r->n; i++)
		if (bytes_are_equal(r->root[i].subject, subject))
			return &r->root[i];
	return NULL;
}

bool roots_has(const struct roots *r, struct rd der)
{
	for (size_t i = 0; i < r->n; i++)
		if (bytes_are_equal(r->root[i].der, der))
			return true;
	return false;
}

bool roots_is_distrusted(const struct roots *r, struct rd issuer, struct rd serial)
{
	for (size_t i = 0; i < r->n_distrust; i++)
		if (bytes_are_equal(r->distrust[i].issuer, issuer) && bytes_are_equal(r->distrust[i].serial, serial))
			return true;
	return false;
}

void roots_tell(const struct roots *r, struct parse_roots_r *out)
{
	*out = (struct parse_roots_r){ .source = (uint8_t)r->source, .n = (uint32_t)r->n };
	snprintf(out->path, sizeof out->path, "%s", r->path);
	/* A path is bytes; what goes to main is text. */
	for (char *c = out->path; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
}

/* Adds every CERTIFICATE of a PEM file. One that is malformed is left out: a bundle with one bad entry is still
 * what this system trusts. */
static enum err roots_read_pem(struct roots *r, const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "re");
	if (!f)
		return OK;
	if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)ROOTS_BYTES_MAX) {
		fclose(f);
		return OK;
	}
	enum err err = OK;
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long n = 0;
	while (err == OK && PEM_read(f, &name, &header, &der, &n)) {
		if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
			err = roots_add(r, rd_of(der, (size_t)n), 0);
		if (err == ERR_X509 || err == ERR_TOO_BIG) {
			log_line("a trust root is malformed and left out");
			err = OK;
		}
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	fclose(f);
	return err;
}

static void roots_name(struct roots *r, enum roots_source source, const char *path)
{
	r->source = source;
	snprintf(r->path, sizeof r->path, "%s", path);
}

static enum err roots_load_browser(struct roots **r, const char *dir)
{
	char path[sizeof (*r)->path];
	enum err err = nssckbi_read(*r, dir);
	if (err == OK) {
		int n = snprintf(path, sizeof path, "%s/libnssckbi.so", dir);
		roots_name(*r, ROOTS_BROWSER, n > 0 && (size_t)n < sizeof path ? path : dir);
		return OK;
	}
	/* Half of a module's roots are nobody's roots. */
	struct roots *fresh = roots_new();
	if (!fresh)
		return ERR_NOMEM;
	roots_free(*r);
	*r = fresh;
	return err == ERR_ROOTS_NONE ? OK : err;
}

enum err roots_load(const struct parse_config *c, const char *const *bundles, struct roots **out)
{
	struct roots *r = roots_new();
	enum err err = r ? OK : ERR_NOMEM;
	if (err == OK && c->browser_dir[0])
		err = roots_load_browser(&r, c->browser_dir);
	for (; err == OK && r->n == 0 && *bundles; bundles++) {
		err = roots_read_pem(r, *bundles);
		if (err == OK && r->n > 0)
			roots_name(r, ROOTS_SYSTEM, *bundles);
	}
	if (err == OK && c->test_ca[0]) {
		size_t before = r->n;
		err = roots_read_pem(r, c->test_ca);
		if (err == OK && r->n == before)
			err = ERR_ROOTS_NONE;
	}
	if (err != OK) {
		roots_free(r);
		return err;
	}
	*out = r;
	return OK;
}
