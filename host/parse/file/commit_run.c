/* Carrying out a plan (commit.h): the bytes that are in no parser's sight are read once for each digest over them, in order. */
#include "parse/file/commit_plan.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Small: each file's tests carry out thousands of plans. */
#define RUN_BYTES (32u * 1024)

struct run {
	struct commit *c;
	EVP_MD_CTX *digest, *chunk;    /* digest: NULL between two */
	const EVP_MD *kind;
	const struct step *want;       /* whose value is being computed */
	uint8_t *bytes, *out;          /* out: unpacked ones; NULL until it is needed */
	z_stream stream;
	bool has_stream, is_stream_over, differs;
};

static const EVP_MD *kind_of(enum digest d)
{
	return d == DIGEST_SHA256 ? EVP_sha256() : d == DIGEST_SHA384 ? EVP_sha384() : EVP_sha512();
}

static enum err finish(struct run *r)
{
	uint8_t value[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (r->want == NULL)
		return OK;
	if (EVP_DigestFinal_ex(r->digest, value, &n) != 1)
		return ERR_NOMEM;
	r->differs |= n != r->want->bytes.left || memcmp(value, r->want->bytes.at, n) != 0;
	r->want = NULL;
	return OK;
}

static enum err begin(struct run *r, const struct step *s)
{
	enum err err = finish(r);

	if (err != OK)
		return err;
	r->kind = kind_of(s->digest);
	r->want = s;
	return EVP_DigestInit_ex(r->digest, r->kind, NULL) == 1 ? OK : ERR_NOMEM;
}

static enum err feed(const struct run *r, EVP_MD_CTX *to, uint64_t offset, uint64_t n)
{
	while (n > 0) {
		size_t part = n < RUN_BYTES ? (size_t)n : RUN_BYTES;
		enum err err = src_read(r->c->src, offset, r->bytes, part);
		if (err != OK)
			return err;
		if (EVP_DigestUpdate(to, r->bytes, part) != 1)
			return ERR_NOMEM;
		offset += part;
		n -= part;
	}
	return OK;
}

/* One chunk's digest into the outer one; bytes NULL: of the file. */
static enum err feed_chunk(struct run *r, uint64_t offset, uint32_t n, const uint8_t *bytes)
{
	const uint8_t head[] = { 0xa5, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24) };
	uint8_t value[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (EVP_DigestInit_ex(r->chunk, r->kind, NULL) != 1 || EVP_DigestUpdate(r->chunk, head, sizeof head) != 1)
		return ERR_NOMEM;
	enum err err = OK;
	if (bytes == NULL)
		err = feed(r, r->chunk, offset, n);
	else if (EVP_DigestUpdate(r->chunk, bytes, n) != 1)
		err = ERR_NOMEM;
	if (err != OK)
		return err;
	return EVP_DigestFinal_ex(r->chunk, value, &size) == 1 && EVP_DigestUpdate(r->digest, value, size) == 1 ? OK : ERR_NOMEM;
}

static enum err feed_chunks(struct run *r, const struct step *s)
{
	enum err err = OK;

	for (uint64_t at = 0; at < s->n && err == OK; at += s->extra)
		err = feed_chunk(r, s->offset + at, (uint32_t)(s->n - at < s->extra ? s->n - at : s->extra), NULL);
	return err;
}

/* Unpacks to out and feeds. *is_end: the stream is over. False: broken, or longer than left. */
static bool inflate_piece(const struct run *r, z_stream *z, uint8_t *out, uint64_t *left, bool *is_end)
{
	do {
		z->next_out = out;
		z->avail_out = RUN_BYTES;
		int got = inflate(z, Z_NO_FLUSH);
		size_t n = RUN_BYTES - z->avail_out;
		if ((got != Z_OK && got != Z_STREAM_END && got != Z_BUF_ERROR) || n > *left)
			return false;
		*left -= n;
		*is_end = got == Z_STREAM_END;
		if (EVP_DigestUpdate(r->digest, out, n) != 1)
			return false;
	} while (!*is_end && z->avail_out == 0);
	return true;
}

/* A new stream. */
static enum err inflate_begin(struct run *r)
{
	if (r->out == NULL)
		r->out = malloc(RUN_BYTES);
	if (r->out == NULL)
		return ERR_NOMEM;
	r->is_stream_over = false;
	if (r->has_stream)
		return inflateReset(&r->stream) == Z_OK ? OK : ERR_BUG;
	if (inflateInit2(&r->stream, -MAX_WBITS) != Z_OK)
		return ERR_NOMEM;
	r->has_stream = true;
	return OK;
}

static enum err feed_inflated(struct run *r, const struct step *s)
{
	uint64_t at = 0, left = s->extra;
	enum err err = s->is_first ? inflate_begin(r) : r->has_stream ? OK : ERR_BUG;

	while (at < s->n && err == OK && !r->is_stream_over && !r->differs) {
		size_t part = s->n - at < RUN_BYTES ? (size_t)(s->n - at) : RUN_BYTES;
		err = src_read(r->c->src, s->offset + at, r->bytes, part);
		if (err != OK)
			break;
		r->stream.next_in = r->bytes;
		r->stream.avail_in = (unsigned)part;
		r->differs |= !inflate_piece(r, &r->stream, r->out, &left, &r->is_stream_over);
		at += part - r->stream.avail_in;
	}
	r->differs |= r->is_stream_over != s->is_last || at != s->n || left != 0;
	return err;
}

static enum err expect(struct run *r, const struct step *s)
{
	for (uint64_t at = 0; at < s->n;) {
		size_t part = s->n - at < RUN_BYTES ? (size_t)(s->n - at) : RUN_BYTES;
		enum err err = src_read(r->c->src, s->offset + at, r->bytes, part);
		if (err != OK)
			return err;
		r->differs |= memcmp(r->bytes, s->bytes.at + at, part) != 0;
		at += part;
	}
	return OK;
}

static enum err step(struct run *r, const struct step *s)
{
	switch (s->kind) {
	case STEP_DIGEST: return begin(r, s);
	case STEP_FEED: return feed(r, r->digest, s->offset, s->n);
	case STEP_BYTES: return EVP_DigestUpdate(r->digest, s->bytes.at, s->bytes.left) == 1 ? OK : ERR_NOMEM;
	case STEP_CHUNKS: return feed_chunks(r, s);
	case STEP_CHUNK_BYTES: return feed_chunk(r, 0, (uint32_t)s->bytes.left, s->bytes.at);
	case STEP_INFLATED: return feed_inflated(r, s);
	case STEP_EXPECT: return expect(r, s);
	default: return ERR_BUG;
	}
}

enum err commit_run(struct commit *c, bool *fits)
{
	struct run r = { .c = c, .digest = EVP_MD_CTX_new(), .chunk = EVP_MD_CTX_new(), .bytes = malloc(RUN_BYTES) };
	enum err err = r.digest && r.chunk && r.bytes ? OK : ERR_NOMEM;

	for (size_t i = 0; i < c->n_steps && err == OK && !r.differs; i++)
		err = step(&r, &c->steps[i]);
	if (err == OK && !r.differs)
		err = finish(&r);
	*fits = err == OK && !r.differs && c->n_digests > 0;
	EVP_MD_CTX_free(r.digest);
	EVP_MD_CTX_free(r.chunk);
	if (r.has_stream)
		(void)inflateEnd(&r.stream);
	free(r.out);
	free(r.bytes);
	return err;
}
