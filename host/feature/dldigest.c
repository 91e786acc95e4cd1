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

/* Exactly n bytes of base64 with padding. */
static bool decode(const char *text, size_t length, uint8_t *out, size_t n)
{
	size_t got = 0;

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

/* One entry "sha-256=:…:" of a dictionary, or "SHA-256=…" of the older header. */
static void entry(struct dl_digests *d, const char *text, size_t length, bool is_dictionary)
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
	bool is_256 = name == 7 && strncasecmp(text, "sha-256", 7) == 0, is_512 = name == 7 && strncasecmp(text, "sha-512", 7) == 0;
	if (!is_256 && !is_512) {
		d->has_weak = true;
		return;
	}
	if (is_dictionary) {
		if (n < 2 || value[0] != ':' || value[n - 1] != ':') {
			d->is_contradicted = true;
			return;
		}
		value++;
		n -= 2;
	}
	put(d, value, n, is_512);
}

static void list(struct dl_digests *d, struct rd value, bool is_dictionary)
{
	const char *at = (const char *)value.at;
	size_t left = value.left;

	while (left > 0) {
		const char *comma = memchr(at, ',', left);
		size_t n = comma != NULL ? (size_t)(comma - at) : left;
		entry(d, at, n, is_dictionary);
		at += n + (comma != NULL);
		left -= n + (comma != NULL);
	}
}

void dl_digests_read(struct rd lines, unsigned status, struct dl_digests *out)
{
	struct rd left = lines, name, value;
	struct dl_digests d = { 0 };
	bool is_coded = false, is_composite = false, is_amazon = false;

	while (fetch_line_next(&left, &name, &value)) {
		const char *text = (const char *)value.at;
		if (name_is(name, "content-encoding")) {
			is_coded |= !name_is(value, "identity");
		} else if (name_is(name, "repr-digest")) {
			list(&d, value, true);
		} else if (name_is(name, "digest")) {
			list(&d, value, false);
		} else if (name_is(name, "x-amz-checksum-type")) {
			is_composite |= !name_is(value, "FULL_OBJECT");
		} else if (name_is(name, "x-amz-checksum-sha256")) {
			/* A composite one is "digest-parts". */
			is_amazon = true;
			if (value.left > 0 && memchr(text, '-', value.left) == NULL)
				put(&d, text, value.left, false);
			else
				is_composite = true;
		} else if (name_is(name, "content-digest") || name_is(name, "content-md5") || name_is(name, "x-goog-hash") ||
		           (name.left > 15 && strncasecmp((const char *)name.at, "x-amz-checksum-", 15) == 0)) {
			d.has_weak = true;
		}
	}
	bool is_none = status != 200 || is_coded || d.is_contradicted || (is_amazon && is_composite);
	if (is_none) {
		d.has_weak |= d.has_256 || d.has_512 || is_amazon;
		d.has_256 = d.has_512 = false;
	}
	*out = d;
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
