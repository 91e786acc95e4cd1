/* RPM packages: lead, signature header and header, then the payload, whose digest the header holds since RPM 4.14 (tag 5092).
 * Older ones have an MD5 of header and payload alone, which commits to nothing. Format: rpm's "RPM V4 Package format". */
#include "parse/file/commit.h"

#include <string.h>

#define LEAD_BYTES 96
#define TAG_PAYLOADDIGEST 5092
#define TAG_PAYLOADDIGESTALGO 5093
#define TYPE_INT32 4
#define TYPE_STRING_ARRAY 8

/* One header structure: magic, reserved, number of entries, bytes of their data; entries of tag, type, offset, count. */
struct header { struct rd entries, store; uint64_t end; };

static enum err take_header(struct commit *c, uint64_t offset, struct header *out)
{
	static const uint8_t magic[] = { 0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0 };
	struct rd head;
	enum err err = commit_need(c, offset, 16, &head);

	if (err != OK)
		return err;
	if (memcmp(head.at, magic, sizeof magic) != 0)
		return ERR_FORMAT;
	(void)rd_take(&head, 8);
	uint64_t entries = 16ull * rd_u32(&head), store = rd_u32(&head);
	out->end = offset + 16 + entries + store;
	/* What the size of the file forbids is a lie; what is too large to be held is not. */
	if (out->end > commit_size(c))
		return ERR_FORMAT;
	if (entries + store > COMMIT_NEED_MAX)
		return ERR_TOO_BIG;
	err = commit_need(c, offset + 16, (size_t)entries, &out->entries);
	return err != OK ? err : commit_need(c, offset + 16 + entries, (size_t)store, &out->store);
}

/* The data of a tag that must be there once, of that type and with one value: up to the end of the store. */
static bool find_tag(const struct header *h, uint32_t tag, uint32_t type, struct rd *out)
{
	struct rd entries = h->entries;
	size_t n = 0;

	while (entries.left) {
		struct rd e = rd_take(&entries, 16);
		uint32_t its_tag = rd_u32(&e), its_type = rd_u32(&e), offset = rd_u32(&e), count = rd_u32(&e);
		if (its_tag != tag)
			continue;
		*out = h->store;
		(void)rd_take(out, offset);
		if (++n > 1 || its_type != type || count != 1 || out->bad)
			return false;
	}
	return n == 1;
}

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex(struct rd text, uint8_t *out, size_t n)
{
	struct rd digits = rd_take(&text, 2 * n);

	if (rd_u8(&text) != 0 || text.bad)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(digits.at[2 * i]), low = hex_digit(digits.at[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Numbers of OpenPGP's (RFC 4880 section 9.4). */
static bool digest_of(uint32_t algorithm, enum digest *out)
{
	*out = algorithm == 8 ? DIGEST_SHA256 : algorithm == 9 ? DIGEST_SHA384 : DIGEST_SHA512;
	return algorithm >= 8 && algorithm <= 10;
}

enum err commit_rpm(struct commit *c)
{
	struct rd lead, text, number;
	struct header signature, header;
	uint8_t value[DIGEST_MAX];
	enum digest d;
	enum err err = commit_need(c, 0, LEAD_BYTES, &lead);

	if (err == OK)
		err = take_header(c, LEAD_BYTES, &signature);
	if (err != OK)
		return err;
	/* The signature is padded to eight bytes; the header begins behind that. */
	uint64_t at = (signature.end + 7) / 8 * 8;
	err = commit_keep(c, signature.end, at - signature.end);
	if (err == OK)
		err = take_header(c, at, &header);
	if (err != OK)
		return err;
	commit_method(c, "rpm-payload");
	if (!find_tag(&header, TAG_PAYLOADDIGEST, TYPE_STRING_ARRAY, &text) || !find_tag(&header, TAG_PAYLOADDIGESTALGO, TYPE_INT32, &number) ||
	    !digest_of(rd_u32(&number), &d)) {
		commit_weak(c);
		return OK;
	}
	if (!take_hex(text, value, digest_size(d)))
		return ERR_FORMAT;
	err = commit_digest(c, d, value);
	return err != OK ? err : commit_feed(c, header.end, commit_size(c) - header.end);
}
