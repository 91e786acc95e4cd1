/* Web addresses: whose they are, where a redirect leads, and whether an address of a currency is part of one. Pure. */
#ifndef FEATURE_URL_H
#define FEATURE_URL_H

#include "base/err.h"
#include "engine/target.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Host and port of an absolute http or https address. Errors: fetch_url_split's (out and port left alone), target_parse's, ERR_NOMEM. */
MUST_USE enum err url_target(const char *url, struct target *out, uint16_t *port);
/* What ref means on the page at base (RFC 3986 section 5.2), into out[cap], without fragment. base is absolute, http or https; so
 * is the result. ERR_HTTP_URL: another scheme, bytes that are not printable ASCII, or no room. out may be base. */
MUST_USE enum err url_resolve(const char *base, const char *ref, char *out, size_t cap);
/* Does url contain the address, in whatever case, percent-encoded, with whatever between its letters and digits? Then a page
 * may only repeat what it was asked. An address's prefix up to a colon may be missing. */
bool url_reflects(const char *url, const char *address);

#endif
