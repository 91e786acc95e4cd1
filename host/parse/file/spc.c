/* Digests in Authenticode's signatures (contract in spc.h). RFC 2315 section 9; "Windows Authenticode Portable Executable Signature
 * Format", 2008. */
#include "parse/file/spc.h"

#include "parse/der.h"
#include <string.h>

static bool oid_is(struct rd oid, const void *bytes, size_t n)
{
	return !oid.bad && oid.left == n && memcmp(oid.at, bytes, n) == 0;
}
#define OID_IS(oid, bytes) oid_is((oid), (bytes), sizeof (bytes) - 1)

static const char oid_signed_data[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
static const char oid_indirect_data[] = "\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x04";
static const char oid_nested[] = "\x2b\x06\x01\x04\x01\x82\x37\x02\x04\x01";

static bool digest_of(struct rd oid, enum digest *out)
{
	static const struct { char oid[10]; enum digest digest; } known[] = {
		{ "\x60\x86\x48\x01\x65\x03\x04\x02\x01", DIGEST_SHA256 },
		{ "\x60\x86\x48\x01\x65\x03\x04\x02\x02", DIGEST_SHA384 },
		{ "\x60\x86\x48\x01\x65\x03\x04\x02\x03", DIGEST_SHA512 },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (oid_is(oid, known[i].oid, 9)) {
			*out = known[i].digest;
			return true;
		}
	return false;
}

static enum err add(struct spc_digests *out, enum digest d, struct rd value)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->at[i].digest == d && bytes_are_equal(out->at[i].value, value))
			return OK;
	if (out->n == COMMIT_SIGNATURES_MAX)
		return ERR_TOO_BIG;
	out->at[out->n].digest = d;
	out->at[out->n++].value = value;
	return OK;
}

/* SpcIndirectDataContent ::= SEQUENCE { data SEQUENCE, messageDigest SEQUENCE { AlgorithmIdentifier, OCTET STRING } } */
static enum err take_indirect(struct rd in, bool is_packed, struct spc_digests *out)
{
	struct rd content = der_take_as(&in, DER_SEQUENCE);
	(void)der_take_as(&content, DER_SEQUENCE);
	struct rd info = der_take_as(&content, DER_SEQUENCE);
	struct rd algorithm = der_take_as(&info, DER_SEQUENCE);
	struct rd oid = der_take_as(&algorithm, DER_OID);
	struct rd value = der_take_as(&info, DER_OCTET_STRING);
	enum digest d;

	if (!rd_done(&in) || !rd_done(&content) || !rd_done(&info) || oid.bad)
		return ERR_FORMAT;
	if (!digest_of(oid, &d)) {
		out->has_weak = true;
		return OK;
	}
	if (!is_packed && value.left != digest_size(d))
		return ERR_FORMAT;
	return add(out, d, value);
}

static enum err take_at(struct rd in, bool is_packed, unsigned depth, struct spc_digests *out);

/* SignerInfo ::= SEQUENCE { version, issuerAndSerial, digestAlgorithm, [0] signed?, algorithm, OCTET STRING, [1] unsigned? } */
static enum err take_nested(struct rd signer, bool is_packed, unsigned depth, struct spc_digests *out)
{
	enum err err = OK;

	while (signer.left && !signer.bad && err == OK) {
		struct der d = der_take(&signer);
		if (signer.bad || d.tag != 0xa1)
			continue;
		while (d.body.left && !d.body.bad && err == OK) {
			struct rd attribute = der_take_as(&d.body, DER_SEQUENCE);
			struct rd oid = der_take_as(&attribute, DER_OID);
			struct rd values = der_take_as(&attribute, 0x31);
			while (OID_IS(oid, oid_nested) && values.left && !values.bad && err == OK) {
				struct der one = der_take(&values);
				if (!values.bad)
					err = take_at(one.whole, is_packed, depth + 1, out);
			}
		}
	}
	return err;
}

static enum err take_at(struct rd in, bool is_packed, unsigned depth, struct spc_digests *out)
{
	struct rd info = der_take_as(&in, DER_SEQUENCE);
	struct rd type = der_take_as(&info, DER_OID);
	struct rd explicit = der_take_as(&info, 0xa0);
	struct rd data = der_take_as(&explicit, DER_SEQUENCE);

	if (depth > COMMIT_NESTED_MAX || out->signatures >= COMMIT_SIGNATURES_MAX)
		return ERR_TOO_BIG;
	if (!OID_IS(type, oid_signed_data) || !rd_done(&explicit))
		return ERR_FORMAT;
	out->signatures++;
	(void)der_take_as(&data, DER_INTEGER);
	(void)der_take_as(&data, 0x31);
	struct rd encapsulated = der_take_as(&data, DER_SEQUENCE);
	struct rd content_type = der_take_as(&encapsulated, DER_OID);
	struct rd content = der_take_as(&encapsulated, 0xa0);
	if (!OID_IS(content_type, oid_indirect_data) || content.bad)
		return ERR_FORMAT;
	enum err err = take_indirect(content, is_packed, out);
	/* [0] certificates, [1] revocation lists, then the signers. */
	while (data.left && !data.bad && err == OK) {
		struct der d = der_take(&data);
		while (!data.bad && d.tag == 0x31 && d.body.left && !d.body.bad && err == OK) {
			struct rd signer = der_take_as(&d.body, DER_SEQUENCE);
			err = take_nested(signer, is_packed, depth, out);
		}
	}
	return err;
}

enum err spc_take(struct rd in, bool is_packed, struct spc_digests *out)
{
	return take_at(in, is_packed, 0, out);
}
