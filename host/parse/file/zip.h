/* Zip files as commitments need them: strictly. What programs could read in two ways is refused. APPNOTE.TXT 6.3, sections 4.3.7 to 4.3.16. */
#ifndef PARSE_FILE_ZIP_H
#define PARSE_FILE_ZIP_H

#include "parse/file/commit.h"

/* The end record, and the directory, which touches it. */
struct zip_end { uint64_t offset, directory, directory_size; uint32_t entries; struct rd bytes; };

/* Finds and reads the end record. ERR_FORMAT: none, more than one, zip64, several disks, bytes between directory and end record. */
MUST_USE enum err zip_end_take(struct commit *c, struct zip_end *out);

/* One entry of the directory. name and extra borrow. */
struct zip_entry {
	uint16_t version, flags, method, time, date;
	uint32_t crc;
	uint64_t packed, unpacked, offset;
	struct rd name, extra;
};
/* Takes one off the directory's bytes. r becomes bad when it is none, or is one that zip64 or disks are needed for. */
struct zip_entry zip_entry_take(struct rd *r);
bool zip_name_is(const struct zip_entry *e, const char *name);

/* Unpacks an entry's bytes at data (method 0 or 8), which become part of S, to out (its cap bounds it). */
MUST_USE enum err zip_entry_read(struct commit *c, const struct zip_entry *e, uint64_t data, struct buf *out);
/* Reads the local header of e, which becomes part of S; *data: where the packed bytes begin. ERR_FORMAT: not the same name or method. */
MUST_USE enum err zip_local_take(struct commit *c, const struct zip_entry *e, uint64_t *data);

#endif
