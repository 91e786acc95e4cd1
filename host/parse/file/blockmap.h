/* AppxBlockMap.xml of an AppX or MSIX package: for each file its size, the length of its local header, and a digest of each 64 KiB of its content;
 * of packed files also how many bytes each such block has packed. Schema: "Package Block Map", http://schemas.microsoft.com/appx/2010/blockmap. */
#ifndef PARSE_FILE_BLOCKMAP_H
#define PARSE_FILE_BLOCKMAP_H

#include "parse/file/commit.h"

#define BLOCKMAP_BLOCK 65536u

struct blockmap_file { const char *name; size_t n; uint64_t size; };
/* packed: has_packed. */
struct blockmap_block { enum digest digest; uint8_t value[DIGEST_MAX]; bool has_packed; uint64_t packed; };

/* Called in the map's order; an error ends the reading. file: its name without NUL, valid during the call; then its blocks; then done. */
struct blockmap_ops {
	enum err (*file)(void *arg, const struct blockmap_file *f);
	enum err (*block)(void *arg, const struct blockmap_block *b);
	enum err (*done)(void *arg);
};

/* ERR_FORMAT: no such map, or one with other values than the schema has, or a document type. *is_weak: its digests are of another kind than SHA-2; nothing
 * was called then. Otherwise what a call returned. */
MUST_USE enum err blockmap_take(struct rd xml, const struct blockmap_ops *ops, void *arg, bool *is_weak);

#endif
