/* Reading one file by position (contract in src.h). */
#include "parse/file/src.h"

#include "base/limits.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum err src_open(struct src *s, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0)
		return ERR_IO;
	*s = (struct src){ .fd = fd, .size = (uint64_t)st.st_size };
	return OK;
}

void src_worked(struct src *s, uint64_t n)
{
	s->read_bytes += n;
	if (s->alive == NULL || s->read_bytes - s->told_bytes < FILE_TELL_BYTES)
		return;
	s->told_bytes = s->read_bytes;
	s->alive(s->arg, s->read_bytes);
}

enum err src_read(struct src *s, uint64_t offset, void *out, size_t n)
{
	uint8_t *at = out;
	size_t left = n;

	if (offset > s->size || n > s->size - offset)
		return ERR_FORMAT;
	while (left > 0) {
		ssize_t got = pread(s->fd, at, left, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ERR_IO;
		at += got;
		offset += (uint64_t)got;
		left -= (size_t)got;
	}
	src_worked(s, n);
	return OK;
}

enum err src_is_unchanged(const struct src *s)
{
	struct stat st;

	return fstat(s->fd, &st) == 0 && st.st_size >= 0 && (uint64_t)st.st_size == s->size ? OK : ERR_IO;
}
