/* Strict DER (X.690): the first look at foreign certificates, before OpenSSL, which forgives much, sees them.
 * Cuts a certificate into the few fields that are compared byte by byte: names, serial number, public key. */
#ifndef PARSE_DER_H
#define PARSE_DER_H

#include "base/rd.h"
#include "base/err.h"

/* One value: its tag octet, its contents, and the whole of it with tag and length. All borrow the input. */
struct der { uint8_t tag; struct rd body, whole; };

enum {
	DER_BOOLEAN = 0x01, DER_INTEGER = 0x02, DER_BIT_STRING = 0x03, DER_OCTET_STRING = 0x04, DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
};

/* Takes the next value off r. Long tags, indefinite and non-minimal lengths (X.690 sections 8.1.2.4, 10.1) and
 * values that reach past the end make r bad. */
struct der der_take(struct rd *r);
/* As der_take; r becomes bad when the tag is another one. */
struct rd der_take_as(struct rd *r, uint8_t tag);
/* True when in is exactly one value and every constructed value in it is well-formed, at most DER_DEPTH_MAX deep. */
bool der_is_strict(struct rd in);

/* Fields of a certificate (RFC 5280 section 4.1), each the whole value with tag and length. */
struct cert_fields { struct rd serial, issuer, subject, spki; };

/* ERR_X509: in is not one certificate in strict DER, an extension comes twice (RFC 5280 section 4.2), or a standard
 * extension's value (2.5.29.x) has bytes behind it or is not strict. Borrows in. */
MUST_USE enum err der_cert_fields(struct rd in, struct cert_fields *out);

bool bytes_are_equal(struct rd a, struct rd b);

#endif
