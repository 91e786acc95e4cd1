/* Web addresses as the comparison of copied addresses needs them: where a redirect leads, and whether an address of a
 * currency is part of one. Pure. */
#ifndef FEATURE_URL_H
#define FEATURE_URL_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

/* What ref means on the page at base (RFC 3986 section 5.2), into out[cap], without fragment. base is absolute, http or https; so
 * is the result. ERR_HTTP_URL: another scheme, bytes that are not printable ASCII, or no room. out may be base. */
MUST_USE enum err url_resolve(const char *base, const char *ref, char *out, size_t cap);
/* Does url contain the address, in whatever case, percent-encoded, with whatever between its letters and digits? Then a page
 * may only repeat what it was asked. An address's prefix up to a colon may be missing. */
bool url_reflects(const char *url, const char *address);

#endif
