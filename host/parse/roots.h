/* The trust roots that chains are judged by: those of the browser that started us (its own root module), else
 * the system's bundle. Loaded once, in the parse role, before any foreign byte is read; used by x509.c. */
#ifndef PARSE_ROOTS_H
#define PARSE_ROOTS_H

#include "base/rd.h"
#include "priv/parsemsg.h"

struct roots;
struct root {
	struct rd der, subject;    /* borrow the set */
	uint64_t distrust_after;   /* Unix seconds; a leaf whose notBefore is later is not valid; 0: no such date */
};

/* Where distributions keep the PEM bundle of their trust roots, best first; ends with NULL. */
extern const char *const roots_bundles[];

/* Loads the roots of c->browser_dir (its libnssckbi.so), else of the first of bundles[] that holds any, and adds
 * those of c->test_ca. A module that is missing, can't be loaded or holds no root is passed over. Nothing
 * found is no error: the set is empty and its source ROOTS_NONE. On OK the caller owns *out.
 * Errors: ERR_NOMEM; ERR_ROOTS_NONE when c->test_ca is named but holds no certificate. */
MUST_USE enum err roots_load(const struct parse_config *c, const char *const *bundles, struct roots **out);
void roots_free(struct roots *r);   /* takes NULL */

/* An empty set of no source. NULL when memory is out. */
struct roots *roots_new(void);
/* Adds a copy of one certificate; one that is there already keeps its place, with the earlier distrust date.
 * ERR_X509: not a certificate; ERR_TOO_BIG, ERR_NOMEM. */
MUST_USE enum err roots_add(struct roots *r, struct rd der, uint64_t distrust_after);
/* Adds an explicit distrust entry: no path may hold the certificate with this issuer and serial number
 * (whole DER values; copied). ERR_TOO_BIG, ERR_NOMEM. */
MUST_USE enum err roots_distrust(struct roots *r, struct rd issuer, struct rd serial);

/* The next root with exactly this subject (whole DER value, compared byte by byte as browsers do), after the given
 * one or, with NULL, the first. NULL when there is none. */
const struct root *roots_find(const struct roots *r, struct rd subject, const struct root *after);
bool roots_has(const struct roots *r, struct rd der);
bool roots_is_distrusted(const struct roots *r, struct rd issuer, struct rd serial);
/* Source, number and path. With only a test CA the source is ROOTS_NONE and the number is not 0. */
void roots_tell(const struct roots *r, struct parse_roots_r *out);

#endif
