/* What the fuzzers of file formats share: a file in memory, and what must hold of every commitment, whatever the file. */
#ifndef FUZZ_FILEFUZZ_H
#define FUZZ_FILEFUZZ_H

#include "parse/file/commit.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int file_of(const uint8_t *bytes, size_t n)
{
	static int fd = -1;
	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)n) != 0 || (n > 0 && pwrite(fd, bytes, n, 0) != (ssize_t)n))
		abort();
	return fd;
}

static void commit_of(int fd, struct file_commit_r *r)
{
	struct src s;
	struct buf b = buf_new(FRAME_MAX);
	struct file_commit_r again;
	if (src_open(&s, fd) != OK || commit_file(&s, true, r) != OK)
		abort();
	/* Main takes it. */
	filemsg_put_commit_r(&b, r);
	if (buf_err(&b) != OK || filemsg_get_commit_r(rd_of(b.bytes, b.len), &again) != OK)
		abort();
	buf_free(&b);
}

/* Where the file has a plan: with every byte outside of S turned around S is the same, and the rest no longer fits. */
static void commit_is_sound(const uint8_t *bytes, size_t n)
{
	struct file_commit_r r, other;
	commit_of(file_of(bytes, n), &r);
	if (r.status != FILE_COMMIT_FITS && r.status != FILE_COMMIT_DIFFERS)
		return;
	uint8_t *turned = malloc(n ? n : 1);
	if (!turned)
		abort();
	memcpy(turned, bytes, n);
	size_t at = 0, changed = 0;
	for (size_t i = 0; i <= r.n; i++) {
		size_t end = i < r.n ? (size_t)r.range[i].offset : n;
		for (; at < end; at++, changed++)
			turned[at] = (uint8_t)~turned[at];
		if (i < r.n)
			at = (size_t)(r.range[i].offset + r.range[i].length);
	}
	commit_of(file_of(turned, n), &other);
	/* What didn't fit may now: libFuzzer puts digests that it sees compared into the next file. */
	bool is_plan = other.status == FILE_COMMIT_DIFFERS || (other.status == FILE_COMMIT_FITS && r.status == FILE_COMMIT_DIFFERS);
	if (changed && (!is_plan || other.n != r.n || memcmp(other.range, r.range, r.n * sizeof *r.range) != 0 ||
	                strcmp(other.method, r.method) != 0))
		abort();
	free(turned);
}

#endif
