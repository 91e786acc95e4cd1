/* One file, read by position and never written, moved or mapped: what is read stays read, whatever happens to the file. */
#ifndef PARSE_FILE_SRC_H
#define PARSE_FILE_SRC_H

#include "base/err.h"
#include "base/rd.h"

/* alive (may be NULL) is called about every FILE_TELL_BYTES with all bytes read so far, so that main knows that we live. */
struct src {
	int fd;
	uint64_t size;
	uint64_t read_bytes, told_bytes;
	void (*alive)(void *arg, uint64_t bytes);
	void *arg;
};

/* Borrows fd. ERR_IO: no regular file. */
MUST_USE enum err src_open(struct src *s, int fd);
/* Exactly n bytes at offset. ERR_FORMAT: not inside the file, as it was when it was opened. ERR_IO: it became shorter, or can't be read. */
MUST_USE enum err src_read(struct src *s, uint64_t offset, void *out, size_t n);
/* Calls alive when it is due, counting n more bytes of work. */
void src_worked(struct src *s, uint64_t n);
/* ERR_IO when the file has another size than at the beginning. */
MUST_USE enum err src_is_unchanged(const struct src *s);

#endif
