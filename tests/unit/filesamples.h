/* Files in memory for the tests of the file role. */
#ifndef TEST_FILESAMPLES_H
#define TEST_FILESAMPLES_H

#include "parse/file/src.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct sample { uint8_t *bytes; size_t n; int fd; };

static inline struct sample sample_of(const void *bytes, size_t n)
{
	struct sample s = { .bytes = malloc(n ? n : 1), .n = n, .fd = memfd_create("sample", MFD_CLOEXEC) };
	assert_non_null(s.bytes);
	assert_true(s.fd >= 0);
	if (n > 0)
		memcpy(s.bytes, bytes, n);
	assert_int_equal(pwrite(s.fd, s.bytes, n, 0), (ssize_t)n);
	return s;
}

static inline struct sample sample_load(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("%s is not there", path);
	static uint8_t bytes[1 << 20];
	size_t n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	return sample_of(bytes, n);
}

/* Writes s's bytes (changed meanwhile) to its file. */
static inline void sample_write(const struct sample *s, size_t at, size_t n)
{
	assert_int_equal(pwrite(s->fd, s->bytes + at, n, (off_t)at), (ssize_t)n);
}

static inline void sample_free(struct sample *s)
{
	close(s->fd);
	free(s->bytes);
	*s = (struct sample){ .fd = -1 };
}

#endif
