/* Judges a chain of certificates as the browser would: is it valid for this name, now, by these roots? Called by
 * parsed.c in the parse role; OpenSSL stays inside. */
#ifndef PARSE_X509_H
#define PARSE_X509_H

#include "parse/roots.h"

/* Fills *r whatever comes; decides nothing but validity. roots may be NULL (none found). Contract of the answer:
 * - err ERR_X509: the leaf is missing or malformed. leaf is the hash of its bytes, spki the same (so that no two
 *   malformed leaves ever share a key), words are empty.
 * - err ERR_ROOTS_NONE: words and hashes are there, validity is not judged.
 * - is_valid: a path from the leaf over certificates of q->cert[1...] (any order, extra ones ignored) to a root; every
 *   signature, date, purpose, constraint, key and distrust rule holds for it; the name is right; q->is_signed.
 * - why is empty exactly when is_valid.
 * Rules: RFC 5280 and RFC 6125 as mozilla::pkix applies them, with two differences, both stricter: RSA keys below
 * 2048 bits are refused (the browser takes 1024; no public authority has been allowed to certify such a key since
 * 2014, so one that is met is a forged or a private one), and OCSP, CRLite and certificate transparency are not
 * asked (a chain may be valid here that the browser calls revoked). */
void x509_judge(const struct roots *roots, const struct parse_judge *q, struct parse_judge_r *r);

#endif
