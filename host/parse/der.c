/* Strict DER (contract in der.h). No OpenSSL here: this is what stands before it. */
#include "parse/der.h"

#include "base/limits.h"
#include <string.h>

bool bytes_are_equal(struct rd a, struct rd b)
{
	return !a.bad && !b.bad && a.left == b.left && (a.left == 0 || memcmp(a.at, b.at, a.left) == 0);
}

/* Definite, and in as few octets as possible (X.690 section 10.1). At most 4: limits.h allows no more. */
static size_t der_length(struct rd *r)
{
	uint8_t first = rd_u8(r);
	if (first < 0x80)
		return first;
	size_t n = first & 0x7fu, length = 0;
	if (n == 0 || n > 4)
		r->bad = true;
	for (size_t i = 0; i < n && !r->bad; i++) {
		uint8_t octet = rd_u8(r);
		if (i == 0 && octet == 0)
			r->bad = true;
		length = length << 8 | octet;
	}
	if (length < 0x80)
		r->bad = true;
	return length;
}

struct der der_take(struct rd *r)
{
	struct rd start = *r;
	struct der out = { .tag = rd_u8(r) };
	/* No field of a certificate has a tag number above 30; 0 is the end mark of indefinite lengths. */
	if ((out.tag & 0x1f) == 0x1f || out.tag == 0)
		r->bad = true;
	size_t length = der_length(r);
	out.body = rd_take(r, length);
	if (r->bad || out.body.bad) {
		*r = (struct rd){ .bad = true };
		return (struct der){ .body = { .bad = true }, .whole = { .bad = true } };
	}
	out.whole = rd_take(&start, start.left - r->left);
	return out;
}

struct rd der_take_as(struct rd *r, uint8_t tag)
{
	struct der d = der_take(r);
	if (d.tag != tag) {
		*r = (struct rd){ .bad = true };
		return *r;
	}
	return d.body;
}

static bool der_is_strict_at(struct rd in, unsigned depth)
{
	while (in.left && !in.bad) {
		struct der d = der_take(&in);
		if (!in.bad && (d.tag & 0x20) && (depth >= DER_DEPTH_MAX || !der_is_strict_at(d.body, depth + 1)))
			return false;
	}
	return !in.bad;
}

bool der_is_strict(struct rd in)
{
	struct rd rest = in;
	der_take(&rest);
	return rd_done(&rest) && der_is_strict_at(in, 0);
}

/* Extension ::= SEQUENCE { OID, BOOLEAN DEFAULT FALSE, OCTET STRING }. Returns its OID; sets r bad on failure. */
static struct rd der_extension(struct rd *r)
{
	struct rd ext = der_take_as(r, DER_SEQUENCE);
	struct rd oid = der_take_as(&ext, DER_OID);
	struct der next = der_take(&ext);
	if (next.tag == DER_BOOLEAN) {
		/* TRUE is 0xff (X.690 section 11.1); an encoded FALSE is a default that must be left out (11.5), but
		 * real certificates have it and browsers take it. */
		uint8_t value = rd_u8(&next.body);
		if (!rd_done(&next.body) || (value != 0xff && value != 0))
			r->bad = true;
		next = der_take(&ext);
	}
	static const uint8_t id_ce[] = { 0x55, 0x1d };
	bool is_standard = oid.left == 3 && memcmp(oid.at, id_ce, sizeof id_ce) == 0;
	if (next.tag != DER_OCTET_STRING || !rd_done(&ext) || (is_standard && !der_is_strict(next.body)))
		r->bad = true;
	return oid;
}

static bool der_extensions_are_sound(struct rd list)
{
	struct rd seen[CERT_EXTENSIONS_MAX];
	size_t n = 0;
	while (list.left && !list.bad) {
		struct rd oid = der_extension(&list);
		if (list.bad || n == CERT_EXTENSIONS_MAX)
			return false;
		for (size_t i = 0; i < n; i++)
			if (bytes_are_equal(seen[i], oid))
				return false;
		seen[n++] = oid;
	}
	return !list.bad;
}

enum err der_cert_fields(struct rd in, struct cert_fields *out)
{
	struct cert_fields f;
	if (!der_is_strict(in))
		return ERR_X509;
	struct rd cert = der_take_as(&in, DER_SEQUENCE);
	struct rd tbs = der_take_as(&cert, DER_SEQUENCE);
	der_take_as(&cert, DER_SEQUENCE);
	der_take_as(&cert, DER_BIT_STRING);
	if (!rd_done(&cert))
		return ERR_X509;

	struct der d = der_take(&tbs);
	if (d.tag == 0xa0)   /* [0] version */
		d = der_take(&tbs);
	if (d.tag != DER_INTEGER)
		return ERR_X509;
	f.serial = d.whole;
	der_take_as(&tbs, DER_SEQUENCE);   /* signature */
	f.issuer = der_take(&tbs).whole;
	der_take_as(&tbs, DER_SEQUENCE);   /* validity */
	f.subject = der_take(&tbs).whole;
	f.spki = der_take(&tbs).whole;
	while (tbs.left && !tbs.bad) {
		d = der_take(&tbs);
		if (d.tag != 0xa3)   /* [1], [2]: unique identifiers, unused */
			continue;
		struct rd extensions = der_take_as(&d.body, DER_SEQUENCE);
		if (!rd_done(&d.body) || !rd_done(&tbs) || !der_extensions_are_sound(extensions))
			return ERR_X509;
	}
	if (tbs.bad)
		return ERR_X509;
	*out = f;
	return OK;
}
