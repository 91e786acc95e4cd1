/* Certificate errors by NSS number: suspicious (class 1), unsuspicious (class 2), or none at all. The table is
 * shared/cert-errors.json, which the extension reads as well; it says the reason for each. Used by certcheck,
 * the shell verbs and the tests. */
#ifndef FEATURE_CLASSES_H
#define FEATURE_CLASSES_H

#include "base/verdict.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cert_class { CERT_CLASS_NONE = 0, CERT_CLASS_SUSPICIOUS = 1, CERT_CLASS_UNSUSPICIOUS = 2 };
/* The browser's own sorting of overridable errors; it chooses the words of its pages by it. */
enum cert_category { CERT_CATEGORY_NONE, CERT_CATEGORY_TRUST, CERT_CATEGORY_DOMAIN, CERT_CATEGORY_TIME };

struct cert_error {
	int32_t number;
	const char *name;            /* static */
	enum cert_class cls;
	bool is_overridable;         /* the browser offers a bypass, unless HSTS or pins forbid it */
	enum cert_category category;
};

/* NULL: not in the table. Static storage. */
const struct cert_error *cert_error_find(int32_t number);
/* Of any number: an unlisted one has its range's class; one from no range is CERT_CLASS_NONE. */
enum cert_class cert_error_class(int32_t number);
/* What an error of the browser says about a chain of the same site that is valid to us (base/verdict.h). 0, and errors
 * of checks that we don't make, say nothing. */
enum browser_saw cert_error_saw(int32_t number);

#endif
