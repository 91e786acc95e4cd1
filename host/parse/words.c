/* Certificates in words (contract in words.h). Everything in a certificate is the choice of whoever made it, and it is
 * shown next to the words of SecondExit: so nothing that a person can't see as one plain character passes. */
#include "parse/words.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* One character; false when the bytes at the front are not UTF-8 (RFC 3629): then only one byte is taken. */
static bool char_take(struct rd *r, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t value = *c = rd_u8(r);
	if (value < 0x80)
		return true;
	size_t more = value >= 0xf0 ? 3 : value >= 0xe0 ? 2 : 1;
	if (value < 0xc2 || value > 0xf4 || more > r->left)
		return false;
	struct rd ahead = *r;
	value &= 0x3fu >> more;
	for (size_t i = 0; i < more; i++) {
		uint32_t next = rd_u8(&ahead);
		if ((next & 0xc0) != 0x80)
			return false;
		value = value << 6 | (next & 0x3f);
	}
	if (value < least[more] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return false;
	*r = ahead;
	*c = value;
	return true;
}

/* Unicode's Cc, Cf, Zl, Zp, all spaces but U+0020, and fillers and variation selectors that show as nothing. */
static bool char_hides(uint32_t c)
{
	static const struct { uint32_t from, to; } ranges[] = {
		{ 0, 0x1f }, { '\\', '\\' }, { 0x7f, 0xa0 }, { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x600, 0x605 },
		{ 0x61c, 0x61c }, { 0x6dd, 0x6dd }, { 0x70f, 0x70f }, { 0x8e2, 0x8e2 }, { 0x115f, 0x1160 },
		{ 0x1680, 0x1680 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x2000, 0x200f }, { 0x2028, 0x202f },
		{ 0x205f, 0x206f }, { 0x2800, 0x2800 }, { 0x3000, 0x3000 }, { 0x3164, 0x3164 }, { 0xd800, 0xf8ff },
		{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
		{ 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0x10ffff },
	};
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

static const char ellipsis[] = "…";

/* Takes whole characters off the end until the ellipsis fits. */
static void cut(char *s, size_t cap)
{
	size_t n = strlen(s);
	while (n + sizeof ellipsis > cap || (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80))
		n--;
	memcpy(s + n, ellipsis, sizeof ellipsis);
}

bool words_append(char *s, size_t cap, struct rd bytes)
{
	size_t n = strlen(s);
	while (bytes.left && !bytes.bad) {
		char piece[16] = "";
		uint32_t c;
		struct rd start = bytes;
		if (!char_take(&bytes, &c))
			snprintf(piece, sizeof piece, "\\x%02x", (unsigned)c);
		else if (char_hides(c))
			snprintf(piece, sizeof piece, "\\u{%x}", (unsigned)c);
		else
			snprintf(piece, sizeof piece, "%.*s", (int)(start.left - bytes.left), (const char *)start.at);
		size_t more = strlen(piece);
		if (n + more + 1 > cap) {
			cut(s, cap);
			return false;
		}
		memcpy(s + n, piece, more + 1);
		n += more;
	}
	return true;
}

static void put_name(char *s, size_t cap, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;
	/* No escapes of OpenSSL's own but those that keep the parts of a name apart (RFC 2253). */
	unsigned long how = (XN_FLAG_ONELINE & ~(unsigned long)(ASN1_STRFLGS_ESC_MSB | ASN1_STRFLGS_ESC_CTRL)) |
	                    ASN1_STRFLGS_UTF8_CONVERT;
	s[0] = 0;
	if (bio && X509_NAME_print_ex(bio, name, 0, how) >= 0 && (n = BIO_get_mem_data(bio, &text)) >= 0)
		words_append(s, cap, rd_of(text, (size_t)n));
	else
		snprintf(s, cap, "?");
	BIO_free(bio);
}

/* Text of one name in the SAN list; false for kinds that no browser looks at. Commas and spaces inside would make one
 * name look like two. */
static bool name_text(const GENERAL_NAME *name, char *s, size_t cap)
{
	int kind;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &kind);
	s[0] = 0;
	if (kind == GEN_DNS) {
		struct rd r = rd_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
		while (r.left) {
			struct rd one = rd_take(&r, 1);
			if (*one.at == ',' || *one.at == ' ') {
				char escaped[8];
				size_t n = strlen(s);
				snprintf(escaped, sizeof escaped, "\\u{%x}", *one.at);
				if (n + strlen(escaped) + 1 > cap)
					return true;
				memcpy(s + n, escaped, strlen(escaped) + 1);
			} else if (!words_append(s, cap, one)) {
				return true;
			}
		}
		return true;
	}
	if (kind == GEN_IPADD) {
		int n = ASN1_STRING_length(value);
		return (n == 4 && inet_ntop(AF_INET, ASN1_STRING_get0_data(value), s, (socklen_t)cap)) ||
		       (n == 16 && inet_ntop(AF_INET6, ASN1_STRING_get0_data(value), s, (socklen_t)cap));
	}
	return false;
}

static void put_names(struct cert_words *out, X509 *cert)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	size_t left_out = 0, n = 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		char one[HOST_MAX] = "";
		bool is_shown = name_text(sk_GENERAL_NAME_value(all, i), one, sizeof one);
		size_t more = strlen(one) + (n ? 2 : 0);
		if (!is_shown || left_out || n + more + 1 > sizeof out->names) {
			left_out++;
			continue;
		}
		snprintf(out->names + n, sizeof out->names - n, "%s%s", n ? ", " : "", one);
		n += more;
	}
	out->n_names_left_out = (uint8_t)(left_out > 255 ? 255 : left_out);
	GENERAL_NAMES_free(all);
}

static void put_serial(struct cert_words *out, X509 *cert)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	const unsigned char *octet = ASN1_STRING_get0_data(serial);
	int n = ASN1_STRING_length(serial);
	size_t at = 0;
	if (ASN1_STRING_type(serial) & V_ASN1_NEG)
		out->serial[at++] = '-';
	for (int i = 0; i < n; i++) {
		if (at + 3 > sizeof out->serial) {
			cut(out->serial, sizeof out->serial);
			return;
		}
		snprintf(out->serial + at, sizeof out->serial - at, "%02x", octet[i]);
		at += 2;
	}
}

static void put_key(struct cert_words *out, X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	char group[32] = "";
	if (!key) {
		snprintf(out->key, sizeof out->key, "unknown");
		return;
	}
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		snprintf(out->key, sizeof out->key, "RSA %d", EVP_PKEY_get_bits(key));
		return;
	case EVP_PKEY_EC: {
		if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1)
			group[0] = 0;
		/* "P-256", as browsers name it, where NIST has a name for it. */
		const char *nist = EC_curve_nid2nist(OBJ_txt2nid(group));
		snprintf(out->key, sizeof out->key, "EC %s", nist ? nist : group[0] ? group : "unknown curve");
		return;
	}
	default:
		snprintf(out->key, sizeof out->key, "%s", OBJ_nid2ln(EVP_PKEY_get_base_id(key)));
	}
}

static void put_signature(struct cert_words *out, X509 *cert)
{
	const X509_ALGOR *algorithm;
	const ASN1_OBJECT *oid;
	char text[64];
	X509_get0_signature(NULL, &algorithm, cert);
	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	/* The long name, or the numbers of one that OpenSSL does not know. */
	int n = OBJ_obj2txt(text, sizeof text, oid, 0);
	words_append(out->signature, sizeof out->signature, rd_of(text, n > 0 ? strlen(text) : 0));
}

static uint64_t unix_time(const ASN1_TIME *t)
{
	struct tm tm;
	if (!ASN1_TIME_to_tm(t, &tm))
		return 0;
	time_t seconds = timegm(&tm);
	return seconds > 0 ? (uint64_t)seconds : 0;
}

void words_of(X509 *cert, struct cert_words *out)
{
	*out = (struct cert_words){ 0 };
	put_name(out->subject, sizeof out->subject, X509_get_subject_name(cert));
	put_name(out->issuer, sizeof out->issuer, X509_get_issuer_name(cert));
	put_names(out, cert);
	put_serial(out, cert);
	put_key(out, cert);
	put_signature(out, cert);
	out->not_before = unix_time(X509_get0_notBefore(cert));
	out->not_after = unix_time(X509_get0_notAfter(cert));
	out->is_self_signed = X509_self_signed(cert, 1) == 1;
}
