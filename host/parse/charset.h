/* A page's bytes as UTF-8, by the rules of browsers (WHATWG Encoding; HTML, "Determining the character encoding"), as far
 * as comparing needs them. Used by parse/place.c. */
#ifndef PARSE_CHARSET_H
#define PARSE_CHARSET_H

#include "base/buf.h"
#include "base/rd.h"

/* Byte order mark, then the header's charset, then a <meta> in the first 1,024 bytes (is_html), else windows-1252. What is
 * broken becomes U+FFFD. Appends to out. Errors: ERR_PAGE_FORMAT: an encoding that is not known here; those of out. */
MUST_USE enum err charset_to_utf8(struct rd body, const char *content_type, bool is_html, struct buf *out);

#endif
