/* Header lines about a whole file (contract in feature/dldigest.h). */
#include "feature/dldigest.h"
#include "priv/fetchmsg.h"
#include <sodium.h>
#include <string.h>
#include <strings.h>

static bool name_is(struct rd name, const char *is)
{
	return name.left == strlen(is) && strncasecmp((const char *)name.at, is, name.left) == 0;
}

/* Exactly n bytes of base64 with padding. libsodium takes bytes beyond ASCII for digits. */
static bool decode(const char *text, size_t length, uint8_t *out, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	size_t got = 0;

	for (size_t i = 0; i < length; i++)
		if (text[i] == '\0' || strchr(digits, text[i]) == NULL)
			return false;

	return sodium_base642bin(out, n, text, length, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 && got == n;
}

static void put(struct dl_digests *d, const char *text, size_t length, bool is_512)
{
	uint8_t value[64];
	size_t n = is_512 ? 64 : 32;
	uint8_t *to = is_512 ? d->sha512 : d->sha256;
	bool *has = is_512 ? &d->has_512 : &d->has_256;

	if (!decode(text, length, value, n)) {
		d->is_contradicted = true;   /* says it is one, and is none */
		return;
	}
	if (*has && memcmp(to, value, n) != 0)
		d->is_contradicted = true;
	memcpy(to, value, n);
	*has = true;
}

/* ---- sums ---- */

static const size_t sum_bytes[DL_SUMS] = { [DL_SUM_MD5] = 16, [DL_SUM_SHA1] = 20, [DL_SUM_CRC32] = 4, [DL_SUM_CRC32C] = 4, [DL_SUM_CRC64] = 8 };

/* While it is read: what two lines contradict each other about, or is malformed, is of no use, whatever follows. */
struct reading { struct dl_digests d; bool is_bad[DL_SUMS]; };

static void put_sum(struct reading *r, enum dl_sum kind, const char *text, size_t length)
{
	uint8_t value[DL_SUM_BYTES];
	struct dl_digests *d = &r->d;

	d->has_weak = true;
	if (!decode(text, length, value, sum_bytes[kind]) || (d->has_sum[kind] && memcmp(d->sum[kind], value, sum_bytes[kind]) != 0)) {
		r->is_bad[kind] = true;
		return;
	}
	memcpy(d->sum[kind], value, sum_bytes[kind]);
	d->has_sum[kind] = true;
}

/* How the kinds are called: in Repr-Digest and Digest; behind "x-amz-checksum-"; in x-goog-hash. "": not there. */
static const struct { enum dl_sum kind; const char *digest, *amazon, *google; } sum_names[] = {
	{ DL_SUM_MD5, "md5", "", "md5" }, { DL_SUM_SHA1, "sha", "sha1", "" }, { DL_SUM_CRC32, "", "crc32", "" },
	{ DL_SUM_CRC32C, "crc32c", "crc32c", "crc32c" }, { DL_SUM_CRC64, "", "crc64nvme", "" },
};

static bool text_is(const char *text, size_t length, const char *is)
{
	return is[0] != '\0' && length == strlen(is) && strncasecmp(text, is, length) == 0;
}

/* ---- lists ---- */

enum form { FORM_DICTIONARY /* Repr-Digest */, FORM_DIGEST, FORM_GOOGLE };

static void named(struct reading *r, const char *name, size_t n_name, const char *value, size_t n, enum form form)
{
	bool is_256 = form != FORM_GOOGLE && text_is(name, n_name, "sha-256"), is_512 = form != FORM_GOOGLE && text_is(name, n_name, "sha-512");

	if (is_256 || is_512) {
		put(&r->d, value, n, is_512);
		return;
	}
	r->d.has_weak = true;
	for (size_t i = 0; i < sizeof sum_names / sizeof *sum_names; i++)
		if (text_is(name, n_name, form == FORM_GOOGLE ? sum_names[i].google : sum_names[i].digest))
			put_sum(r, sum_names[i].kind, value, n);
}

/* One entry "sha-256=:…:" of a dictionary, or "SHA-256=…" of the older header and of Google's. */
static void entry(struct reading *r, const char *text, size_t length, enum form form)
{
	while (length > 0 && (text[0] == ' ' || text[0] == '\t')) {
		text++;
		length--;
	}
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	const char *equals = memchr(text, '=', length);
	if (equals == NULL)
		return;
	size_t name = (size_t)(equals - text), n = length - name - 1;
	const char *value = equals + 1;
	if (form == FORM_DICTIONARY) {
		if (n < 2 || value[0] != ':' || value[n - 1] != ':') {
			/* Not one of the kinds, or says it is one and is none. */
			value = "";
			n = 0;
		} else {
			value++;
			n -= 2;
		}
	}
	named(r, text, name, value, n, form);
}

static void list(struct reading *r, struct rd value, enum form form)
{
	const char *at = (const char *)value.at;
	size_t left = value.left;

	while (left > 0) {
		const char *comma = memchr(at, ',', left);
		size_t n = comma != NULL ? (size_t)(comma - at) : left;
		entry(r, at, n, form);
		at += n + (comma != NULL);
		left -= n + (comma != NULL);
	}
}

/* ---- Amazon's ---- */

struct amazon { bool is_there, is_composite; };

static void amazon_line(struct reading *r, struct amazon *a, const char *kind, size_t n_kind, struct rd value)
{
	const char *text = (const char *)value.at;
	/* A composite one is "digest-parts". */
	bool is_whole = value.left > 0 && memchr(text, '-', value.left) == NULL;

	r->d.has_weak |= !is_whole;
	a->is_composite |= !is_whole;
	a->is_there |= text_is(kind, n_kind, "sha256");
	if (!is_whole)
		return;
	if (text_is(kind, n_kind, "sha256")) {
		put(&r->d, text, value.left, false);
		return;
	}
	r->d.has_weak = true;
	for (size_t i = 0; i < sizeof sum_names / sizeof *sum_names; i++)
		if (text_is(kind, n_kind, sum_names[i].amazon))
			put_sum(r, sum_names[i].kind, text, value.left);
}

void dl_digests_read(struct rd lines, unsigned status, struct dl_digests *out)
{
	static const char amazon[] = "x-amz-checksum-";
	struct rd left = lines, name, value;
	struct reading r = { 0 };
	struct amazon a = { 0 };
	bool is_coded = false;

	while (fetch_line_next(&left, &name, &value)) {
		const size_t n = sizeof amazon - 1;
		bool is_amazon = name.left > n && strncasecmp((const char *)name.at, amazon, n) == 0;
		if (name_is(name, "content-encoding"))
			is_coded |= !name_is(value, "identity");
		else if (name_is(name, "repr-digest"))
			list(&r, value, FORM_DICTIONARY);
		else if (name_is(name, "digest"))
			list(&r, value, FORM_DIGEST);
		else if (name_is(name, "x-goog-hash"))
			list(&r, value, FORM_GOOGLE);
		else if (name_is(name, "content-md5"))
			put_sum(&r, DL_SUM_MD5, (const char *)value.at, value.left);
		else if (name_is(name, "x-amz-checksum-type"))
			a.is_composite |= !name_is(value, "FULL_OBJECT");
		else if (is_amazon)
			amazon_line(&r, &a, (const char *)name.at + n, name.left - n, value);
		else if (name_is(name, "content-digest"))
			r.d.has_weak = true;
	}
	struct dl_digests d = r.d;
	bool is_part = status != 200 || is_coded;
	if (is_part || d.is_contradicted || (a.is_there && a.is_composite)) {
		d.has_weak |= d.has_256 || d.has_512;
		d.has_256 = d.has_512 = false;
	}
	for (size_t i = 0; i < DL_SUMS; i++)
		d.has_sum[i] = d.has_sum[i] && !r.is_bad[i] && !is_part && !a.is_composite;
	*out = d;
}

bool dl_digests_have_sums(const struct dl_digests *d)
{
	bool has = false;

	for (size_t i = 0; i < DL_SUMS; i++)
		has |= d->has_sum[i];
	return has;
}

bool dl_sums_differ(const struct dl_digests *d, const struct file_sums_r *sums)
{
	const uint8_t *const of[DL_SUMS] = { [DL_SUM_MD5] = sums->md5, [DL_SUM_SHA1] = sums->sha1, [DL_SUM_CRC32] = sums->crc32,
	                                     [DL_SUM_CRC32C] = sums->crc32c, [DL_SUM_CRC64] = sums->crc64 };

	for (size_t i = 0; i < DL_SUMS; i++)
		if (d->has_sum[i] && memcmp(d->sum[i], of[i], sum_bytes[i]) != 0)
			return true;
	return false;
}

static const char *number(const char *s, uint64_t *out)
{
	uint64_t n = 0;

	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (n > (UINT64_C(1) << 53))
			return NULL;
		n = n * 10 + (uint64_t)(*s - '0');
	}
	*out = n;
	return s;
}

bool dl_content_range_read(const char *value, uint64_t *from, uint64_t *to, uint64_t *total)
{
	uint64_t a, b, all;

	if (strncasecmp(value, "bytes ", 6) != 0)
		return false;
	const char *s = number(value + 6, &a);
	s = s != NULL && *s == '-' ? number(s + 1, &b) : NULL;
	s = s != NULL && *s == '/' ? number(s + 1, &all) : NULL;
	if (s == NULL || *s != '\0' || b < a || b >= all)
		return false;
	*from = a;
	*to = b;
	*total = all;
	return true;
}

bool dl_boundary_read(const char *type, char out[71])
{
	static const char is[] = "multipart/byteranges";

	if (strncasecmp(type, is, sizeof is - 1) != 0)
		return false;
	const char *s = type + sizeof is - 1;
	while (*s == ';' || *s == ' ' || *s == '\t')
		s++;
	if (strncasecmp(s, "boundary=", 9) != 0)
		return false;
	s += 9;
	bool is_quoted = *s == '"';
	size_t n = strcspn(s + is_quoted, is_quoted ? "\"" : "; \t");
	if (n == 0 || n > 70 || (is_quoted && s[1 + n] != '"'))
		return false;
	memcpy(out, s + is_quoted, n);
	out[n] = '\0';
	return true;
}
