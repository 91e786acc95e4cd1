/* Zip files as commitments need them: strictly. What programs could read in two ways is refused. APPNOTE.TXT 6.3, sections 4.3.7 to 4.3.16. */
#ifndef PARSE_FILE_ZIP_H
#define PARSE_FILE_ZIP_H

#include "parse/file/commit.h"

/* The end record, and the directory, which touches it. */
struct zip_end { uint64_t offset, directory, directory_size; uint32_t entries; bool is_zip64; struct rd bytes; };

/* Finds and reads the end record, and zip64's with its locator where they are needed: then offset is where that begins.
 * ERR_FORMAT: none, more than one, several disks, bytes between directory and end record. */
MUST_USE enum err zip_end_take(struct commit *c, struct zip_end *out);

/* One entry of the directory. name and extra borrow. */
struct zip_entry {
	uint16_t version, flags, method, time, date;
	uint32_t crc;
	uint64_t packed, unpacked, offset;
	struct rd name, extra;
};
/* Takes one off the directory's bytes. r becomes bad when it is none, is one that disks are needed for, or, unless is_zip64, zip64. */
struct zip_entry zip_entry_take(struct rd *r, bool is_zip64);
/* The whole directory, which becomes part of S, in the order of offsets. The caller frees *out. ERR_FORMAT also for a name that is there twice:
 * programs differ in which one they take. */
MUST_USE enum err zip_directory_take(struct commit *c, const struct zip_end *end, struct zip_entry **out, size_t *n);
bool zip_name_is(const struct zip_entry *e, const char *name);

/* Unpacks an entry's bytes at data (method 0 or 8), which become part of S, to out (its cap bounds it). */
MUST_USE enum err zip_entry_read(struct commit *c, const struct zip_entry *e, uint64_t data, struct buf *out);
/* Reads the local header of e, which becomes part of S; *data: where the packed bytes begin. ERR_FORMAT: not the same name or method. */
MUST_USE enum err zip_local_take(struct commit *c, const struct zip_entry *e, uint64_t *data);
/* Foretells the local header of e and what may be behind its bytes by the directory, without reading them; they have to be so to the byte (commit_expect).
 * next: where the next entry, or the directory, begins. *data as above; 0: it can't be foretold, nothing was planned. (zip_local.c) */
MUST_USE enum err zip_local_expect(struct commit *c, const struct zip_entry *e, uint64_t next, uint64_t *data);

#endif
