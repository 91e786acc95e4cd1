/* Does a part of a file commit to the rest? The engine beneath all formats. What makes the answer sound is how it is built:
 *
 * - A format's parser sees the file through commit_need alone, which puts what it hands out into the part S. So the parser's
 *   every step, hence S and the plan, follow from the bytes of S and the file's length.
 * - The plan says which bytes have to have which digest, or have to be which bytes. It is carried out when the parser is done: no
 *   parser ever sees what the rest holds.
 * - What is in no strong digest of the plan becomes part of S, whether the parser asked for it or not.
 *
 * Used by the formats (commit_*.c) and the file role. */
#ifndef PARSE_FILE_COMMIT_H
#define PARSE_FILE_COMMIT_H

#include "base/buf.h"
#include "base/limits.h"
#include "parse/file/src.h"
#include "priv/filemsg.h"

struct commit;

enum digest { DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };
#define DIGEST_MAX 64
size_t digest_size(enum digest d);
const char *digest_word(enum digest d);

/* ---- for parsers. Each returns ERR_FORMAT for what is not inside the file, ERR_TOO_BIG beyond COMMIT_NEED_MAX of S or
 * COMMIT_STEPS_MAX of the plan, ERR_NOMEM, ERR_IO. A parser that gets an error hands it on. ---- */

uint64_t commit_size(const struct commit *c);
/* The bytes of a range, which become part of S. *out lives as long as c. */
MUST_USE enum err commit_need(struct commit *c, uint64_t offset, size_t n, struct rd *out);
/* Makes a range part of S unseen. */
MUST_USE enum err commit_keep(struct commit *c, uint64_t offset, uint64_t n);

/* A new digest of the plan: what is fed to it by the three below, in order, must have this value (digest_size bytes). */
MUST_USE enum err commit_digest(struct commit *c, enum digest d, const uint8_t *value);
/* Feeds a range of the file, which thereby is covered. */
MUST_USE enum err commit_feed(struct commit *c, uint64_t offset, uint64_t n);
/* Feeds bytes that follow from S; copied. */
MUST_USE enum err commit_feed_bytes(struct commit *c, const void *bytes, size_t n);
/* Feeds digests of the range's chunks instead of the range: for each chunk of at most `chunk` bytes the digest (same kind) of byte 0xa5,
 * its length (u32, little-endian) and its bytes: APK Signature Scheme v2. Each call starts a new chunk. */
MUST_USE enum err commit_feed_chunks(struct commit *c, uint64_t offset, uint64_t n, uint32_t chunk);
/* The same over bytes. */
MUST_USE enum err commit_feed_chunk_bytes(struct commit *c, const void *bytes, size_t n);
/* Feeds a range unpacked (raw deflate), exactly `unpacked` bytes, the stream's end at the range's end; the range counts as covered, but what is proven
 * is the content only (FILE_PROVES_CONTENT). */
MUST_USE enum err commit_feed_inflated(struct commit *c, uint64_t offset, uint64_t n, uint64_t unpacked);
/* The same in pieces, each with the number of bytes that it unpacks to: a stream's first piece begins it, its last one ends it, and nothing but
 * digests stands between two. Each piece is covered by the digest before it. */
MUST_USE enum err commit_feed_inflated_piece(struct commit *c, uint64_t offset, uint64_t n, uint64_t unpacked, bool is_first, bool is_last);
/* The file's bytes at offset must be these (copied): they follow from S, so they are covered. */
MUST_USE enum err commit_expect(struct commit *c, uint64_t offset, const void *bytes, size_t n);
/* Every digest of the plan must fit. A file whose publisher left a stale signature in it beside a good one is fetched whole. */
void commit_method(struct commit *c, const char *method);

/* ---- formats ---- */

/* A parser ends OK with a plan; with no digest in it there is nothing that commits (NONE), or only weak ones when it called
 * commit_weak. ERR_FORMAT: malformed or ambiguous. */
typedef enum err commit_parser(struct commit *c);
void commit_weak(struct commit *c);
void commit_format(struct commit *c, const char *format);   /* a kind of the one that was found by its beginning */
commit_parser commit_cab, commit_msi, commit_pe, commit_rpm, commit_xar, commit_zip;

/* ---- for the role and its tests ---- */

/* ERR_IO, ERR_NOMEM; everything else is a status. any_size: also where fetching the whole is cheaper: files below COMMIT_LEAST (else unread), and
 * parts of more than half, and with ranges that are near each other kept apart (for tests, whose files are small). */
MUST_USE enum err commit_file(struct src *s, bool any_size, struct file_commit_r *out);

#endif
