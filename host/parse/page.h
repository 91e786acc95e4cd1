/* The text of a document as shared/protocol.md has it ("Where an address stands"), and where each part of it comes from.
 * HTML through Gumbo, the parser of the HTML Standard, with memory of its own that is bounded. Used by parse/place.c. */
#ifndef PARSE_PAGE_H
#define PARSE_PAGE_H

#include "base/buf.h"
#include "base/rd.h"

struct page;

/* utf8: the document, decoded. is_html false: plain text, which browsers show in html>body>pre. Errors: ERR_TOO_BIG: Gumbo took
 * more memory, or longer, than a page may; ERR_NOMEM. On OK the caller owns *out; it copies utf8. */
MUST_USE enum err page_of(struct rd utf8, bool is_html, struct page **out);
void page_free(struct page *p);   /* wipes; takes NULL */

/* The document's text; lives as long as the page. */
struct rd page_text(const struct page *p);
/* Path of the element whose text node holds the byte at this offset of the text, NUL-terminated into out[cap]; false when
 * it has none (too deep, an odd name, too long). */
bool page_path(const struct page *p, size_t at, char *out, size_t cap);
/* The value of that attribute of the element at that path; false when there is no such element or attribute. */
bool page_attribute(const struct page *p, const char *path, const char *name, struct rd *value);

#endif
