/* The file of a download: NAME.part of our own, or the browser's, which is only read. Nothing here waits for the network; writing waits for the
 * disk. Used by the downloads alone.
 *
 * Our own .part is made new (O_EXCL, mode 0600, no link followed) and gets its name without ever replacing another file. After dlfile_remove the
 * bytes live on in the descriptor, until it is closed. */
#ifndef FEATURE_DLFILE_H
#define FEATURE_DLFILE_H

#include "base/err.h"
#include "base/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct dlfile {
	int fd, dir_fd;                  /* -1: none */
	bool is_own;                     /* made by us */
	bool has_part;                   /* own: the .part is there */
	char dir[DL_PATH_MAX + 1], name[DL_NAME_MAX + 1], part[DL_NAME_MAX + 1];   /* name: cleaned, without .part */
	uint64_t dev, ino;
	struct timespec changed;         /* when it was complete */
	uint64_t size;                   /* likewise */
};

#define DLFILE_NONE { .fd = -1, .dir_fd = -1 }

/* dir "": the user's download folder. name is cleaned already (dlname.h). ERR_DL_PATH, ERR_DL_DISK. */
MUST_USE enum err dlfile_create(struct dlfile *f, const char *dir, const char *name);
/* The browser's. A regular file; links are not followed. ERR_DL_PATH. */
MUST_USE enum err dlfile_open(struct dlfile *f, const char *path);
/* All of it or ERR_DL_DISK. */
MUST_USE enum err dlfile_write(struct dlfile *f, uint64_t at, const void *bytes, size_t n);
/* Exactly n bytes, or ERR_DL_CHANGED when there are fewer, ERR_IO. */
MUST_USE enum err dlfile_read(const struct dlfile *f, uint64_t at, void *out, size_t n);
MUST_USE enum err dlfile_size(const struct dlfile *f, uint64_t *size);
/* Its last byte is there: what changes from now on is ERR_DL_CHANGED. size: what it must be. */
MUST_USE enum err dlfile_complete(struct dlfile *f, uint64_t size);
MUST_USE enum err dlfile_check(const struct dlfile *f);
/* A new descriptor of it that can only read, for another process; -1. */
int dlfile_reader(const struct dlfile *f);
/* Our own gets its name, or the next that is free, and the mode that new files have. */
MUST_USE enum err dlfile_finish(struct dlfile *f, char *path, size_t cap);
/* Where the .part is; NULL when it is not there. */
const char *dlfile_part_path(const struct dlfile *f, char *path, size_t cap);
/* Our own .part goes; the bytes stay readable. */
void dlfile_remove(struct dlfile *f);
/* All bytes into a new file NAME.evidence beside it, mode 0600. ERR_DL_DISK, ERR_IO. */
MUST_USE enum err dlfile_keep(const struct dlfile *f, char *path, size_t cap);
/* Removes nothing. */
void dlfile_close(struct dlfile *f);

#endif
