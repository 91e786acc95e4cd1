/* APKs: the signing block of APK Signature Scheme v2, v3 and v3.1 holds digests of all other parts: entries, directory and end record,
 * cut into chunks of 1 MiB. The block itself is digested by nothing, its padding included: it is part of S. Format:
 * source.android.com, "APK Signature Scheme v2". Digests of the fs-verity kind are not looked at: each scheme demands one of the others. */
#include "parse/file/commit_zip.h"

#include "parse/der.h"
#include "parse/file/le.h"

#include <string.h>

#define MAGIC "APK Sig Block 42"
#define CHUNK (1024u * 1024)
#define ID_V2 0x7109871a
#define ID_V3 0xf05368c0
#define ID_V31 0x1b93ad61

struct apk {
	uint64_t block;                /* where it begins: the entries' end */
	const struct zip_end *end;
	size_t n;
	struct { enum digest digest; struct rd value; } found[COMMIT_SIGNATURES_MAX];
};

static struct rd take_prefixed(struct rd *r)
{
	size_t n = le_u32(r);
	return rd_take(r, n);
}

/* Numbers of signature algorithms, by the digest that they go with. */
static bool digest_of(uint32_t algorithm, enum digest *out)
{
	switch (algorithm) {
	case 0x0101: case 0x0103: case 0x0201: case 0x0301: *out = DIGEST_SHA256; return true;
	case 0x0102: case 0x0104: case 0x0202: *out = DIGEST_SHA512; return true;
	default: return false;
	}
}

static enum err add(struct apk *a, enum digest d, struct rd value)
{
	if (value.left != digest_size(d))
		return ERR_FORMAT;
	for (size_t i = 0; i < a->n; i++)
		if (a->found[i].digest == d && bytes_are_equal(a->found[i].value, value))
			return OK;
	if (a->n == COMMIT_SIGNATURES_MAX)
		return ERR_TOO_BIG;
	a->found[a->n].digest = d;
	a->found[a->n++].value = value;
	return OK;
}

/* Signers, each with signed data that begins with digests. */
static enum err take_signers(struct apk *a, struct rd value)
{
	struct rd signers = take_prefixed(&value);
	enum err err = OK;

	if (!rd_done(&value))
		return ERR_FORMAT;
	while (signers.left && err == OK) {
		struct rd signer = take_prefixed(&signers), data = take_prefixed(&signer), digests = take_prefixed(&data);
		if (digests.bad)
			return ERR_FORMAT;
		while (digests.left && err == OK) {
			struct rd one = take_prefixed(&digests);
			uint32_t algorithm = le_u32(&one);
			struct rd bytes = take_prefixed(&one);
			enum digest d;
			if (!rd_done(&one))
				return ERR_FORMAT;
			if (digest_of(algorithm, &d))
				err = add(a, d, bytes);
		}
	}
	return signers.bad ? ERR_FORMAT : err;
}

static enum err take_block(struct commit *c, struct apk *a, uint64_t size)
{
	struct rd pairs;
	/* Eight bytes of length at both ends, the magic at the second. */
	enum err err = size > COMMIT_NEED_MAX ? ERR_TOO_BIG : commit_need(c, a->block, (size_t)size + 8, &pairs);

	if (err != OK)
		return err;
	if (le_u64(&pairs) != size)
		return ERR_FORMAT;
	pairs = rd_take(&pairs, pairs.left - 24);
	while (pairs.left && err == OK) {
		uint64_t n = le_u64(&pairs);
		struct rd pair = rd_take(&pairs, n > SIZE_MAX ? SIZE_MAX : (size_t)n);
		uint32_t id = le_u32(&pair);
		if (pair.bad)
			return ERR_FORMAT;
		if (id == ID_V3 || id == ID_V31)
			commit_method(c, "apk-v3");
		else if (id == ID_V2 && a->n == 0)
			commit_method(c, "apk-v2");
		if (id == ID_V2 || id == ID_V3 || id == ID_V31)
			err = take_signers(a, pair);
	}
	return err;
}

/* The end record is digested as if the directory began where the block does. */
static enum err plan(struct commit *c, const struct apk *a, size_t i)
{
	uint8_t end[22 + 65535];
	uint64_t directory = a->end->offset - a->end->directory;
	uint32_t chunks = (uint32_t)((a->block + CHUNK - 1) / CHUNK + (directory + CHUNK - 1) / CHUNK + 1);
	const uint8_t head[] = { 0x5a, (uint8_t)chunks, (uint8_t)(chunks >> 8), (uint8_t)(chunks >> 16), (uint8_t)(chunks >> 24) };

	memcpy(end, a->end->bytes.at, a->end->bytes.left);
	for (size_t k = 0; k < 4; k++)
		end[16 + k] = (uint8_t)(a->block >> (8 * k));
	enum err err = commit_digest(c, a->found[i].digest, a->found[i].value.at);
	if (err == OK)
		err = commit_feed_bytes(c, head, sizeof head);
	if (err == OK)
		err = commit_feed_chunks(c, 0, a->block, CHUNK);
	if (err == OK)
		err = commit_feed_chunks(c, a->end->directory, directory, CHUNK);
	return err != OK ? err : commit_feed_chunk_bytes(c, end, a->end->bytes.left);
}

enum err commit_apk(struct commit *c, const struct zip_end *end, bool *is_mine)
{
	struct apk a = { .end = end };
	struct rd foot;

	*is_mine = false;
	if (end->directory < 32)
		return OK;
	enum err err = commit_need(c, end->directory - 24, 24, &foot);
	if (err != OK || memcmp(foot.at + 8, MAGIC, 16) != 0)
		return err;
	*is_mine = true;
	commit_format(c, "apk");
	uint64_t size = le_u64(&foot);
	if (size < 24 || size > end->directory - 8)
		return ERR_FORMAT;
	a.block = end->directory - 8 - size;
	err = take_block(c, &a, size);
	for (size_t i = 0; i < a.n && err == OK; i++)
		err = plan(c, &a, i);
	return err;
}
