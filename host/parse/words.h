/* A certificate in words for a person: capped UTF-8 that can't play tricks on whoever reads it. Used by x509.c. */
#ifndef PARSE_WORDS_H
#define PARSE_WORDS_H

#include "base/rd.h"
#include "priv/parsemsg.h"

struct x509_st;   /* OpenSSL's X509 */

/* Fills *out from a certificate; whatever can't be read is left empty or shown as "?". */
void words_of(struct x509_st *cert, struct cert_words *out);

/* Appends foreign bytes to the string s of cap bytes. Control characters, characters that turn the direction of text or
 * can't be seen, and backslashes become \u{hex}, bytes that are not UTF-8 \xhh. What does not fit is cut between
 * characters and "…" put at the end; returns false then. s stays NUL-terminated UTF-8. */
bool words_append(char *s, size_t cap, struct rd bytes);

#endif
