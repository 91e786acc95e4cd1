/* Files of downloads (contract in feature/dlfile.h). */
#include "feature/dlfile.h"
#include "feature/dlname.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names beside it that are tried. */
#define NUMBERS_MAX 999

/* XDG_DOWNLOAD_DIR of user-dirs.dirs ("$HOME/…" or absolute, in quotes), else ~/Downloads, else the home. */
static void folder_of_user(char *out, size_t cap)
{
	const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");
	char path[DL_PATH_MAX + 1], line[DL_PATH_MAX + 1];
	struct stat st;

	if (home == NULL || home[0] != '/')
		home = "/nonexistent";
	if (config != NULL && config[0] == '/')
		snprintf(path, sizeof path, "%s/user-dirs.dirs", config);
	else
		snprintf(path, sizeof path, "%s/.config/user-dirs.dirs", home);
	out[0] = '\0';
	FILE *f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		char *value = strncmp(line, "XDG_DOWNLOAD_DIR=\"", 18) == 0 ? line + 18 : NULL;
		if (value == NULL)
			continue;
		value[strcspn(value, "\"\n")] = '\0';
		if (strncmp(value, "$HOME/", 6) == 0)
			snprintf(out, cap, "%s%s", home, value + 5);
		else if (value[0] == '/')
			snprintf(out, cap, "%s", value);
	}
	if (f != NULL)
		fclose(f);
	if (out[0] != '/')
		snprintf(out, cap, "%s/Downloads", home);
	if (stat(out, &st) != 0 || !S_ISDIR(st.st_mode))
		snprintf(out, cap, "%s", home);
}

static bool note_identity(struct dlfile *f)
{
	struct stat st;

	if (fstat(f->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	f->dev = (uint64_t)st.st_dev;
	f->ino = (uint64_t)st.st_ino;
	return true;
}

static bool is_taken(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum err disk_err(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == EPERM || errno == EROFS || errno == ELOOP ? ERR_DL_PATH : ERR_DL_DISK;
}

enum err dlfile_create(struct dlfile *f, const char *dir, const char *name)
{
	char folder[DL_PATH_MAX + 1];

	*f = (struct dlfile)DLFILE_NONE;
	if (dir[0] == '\0') {
		folder_of_user(folder, sizeof folder);
		dir = folder;
	}
	f->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir_fd < 0)
		return ERR_DL_PATH;
	snprintf(f->dir, sizeof f->dir, "%s", dir);
	for (unsigned n = 0; n <= NUMBERS_MAX; n++) {
		dlname_numbered(name, n, f->name);
		if (is_taken(f->dir_fd, f->name))
			continue;
		int used = snprintf(f->part, sizeof f->part, "%s.part", f->name);
		if (used < 0 || (size_t)used >= sizeof f->part)
			break;
		f->fd = openat(f->dir_fd, f->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (f->fd < 0 && errno == EEXIST)
			continue;
		if (f->fd < 0)
			break;
		f->is_own = f->has_part = true;
		if (note_identity(f))
			return OK;
		break;
	}
	enum err err = disk_err();
	dlfile_remove(f);
	dlfile_close(f);
	return err;
}

enum err dlfile_open(struct dlfile *f, const char *path)
{
	*f = (struct dlfile)DLFILE_NONE;
	const char *slash = strrchr(path, '/');
	if (slash == NULL || slash[1] == '\0' || strlen(slash + 1) > DL_NAME_MAX)
		return ERR_DL_PATH;
	snprintf(f->dir, sizeof f->dir, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	snprintf(f->part, sizeof f->part, "%s", slash + 1);
	size_t n = strlen(f->part);
	snprintf(f->name, sizeof f->name, "%.*s", (int)(n > 5 && strcmp(f->part + n - 5, ".part") == 0 ? n - 5 : n), f->part);
	f->dir_fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->fd = f->dir_fd < 0 ? -1 : openat(f->dir_fd, f->part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (f->fd >= 0 && note_identity(f))
		return OK;
	dlfile_close(f);
	return ERR_DL_PATH;
}

enum err dlfile_write(struct dlfile *f, uint64_t at, const void *bytes, size_t n)
{
	const char *from = bytes;

	while (n > 0) {
		ssize_t done = pwrite(f->fd, from, n, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return ERR_DL_DISK;
		from += done;
		at += (uint64_t)done;
		n -= (size_t)done;
	}
	return OK;
}

enum err dlfile_read(const struct dlfile *f, uint64_t at, void *out, size_t n)
{
	char *to = out;

	while (n > 0) {
		ssize_t done = pread(f->fd, to, n, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return ERR_IO;
		if (done == 0)
			return ERR_DL_CHANGED;
		to += done;
		at += (uint64_t)done;
		n -= (size_t)done;
	}
	return OK;
}

enum err dlfile_size(const struct dlfile *f, uint64_t *size)
{
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		return ERR_IO;
	*size = (uint64_t)st.st_size;
	return OK;
}

enum err dlfile_complete(struct dlfile *f, uint64_t size)
{
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		return ERR_IO;
	if ((uint64_t)st.st_size != size)
		return ERR_DL_CHANGED;
	f->size = size;
	f->changed = st.st_mtim;
	return OK;
}

enum err dlfile_check(const struct dlfile *f)
{
	struct stat st, there;

	if (fstat(f->fd, &st) != 0 || fstatat(f->dir_fd, f->part, &there, AT_SYMLINK_NOFOLLOW) != 0)
		return ERR_DL_CHANGED;
	bool is_same = (uint64_t)st.st_size == f->size && st.st_mtim.tv_sec == f->changed.tv_sec &&
	               st.st_mtim.tv_nsec == f->changed.tv_nsec && there.st_dev == st.st_dev && there.st_ino == st.st_ino;
	return is_same ? OK : ERR_DL_CHANGED;
}

int dlfile_reader(const struct dlfile *f)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", f->fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void path_of(const struct dlfile *f, const char *name, char *path, size_t cap)
{
	snprintf(path, cap, "%s%s%s", f->dir, strcmp(f->dir, "/") == 0 ? "" : "/", name);
}

enum err dlfile_finish(struct dlfile *f, char *path, size_t cap)
{
	char name[DL_NAME_MAX + 1];
	mode_t mask = umask(0);

	(void)umask(mask);
	if (!f->is_own || !f->has_part || fchmod(f->fd, 0666 & ~mask) != 0)
		return ERR_DL_DISK;
	for (unsigned n = 0; n <= NUMBERS_MAX; n++) {
		dlname_numbered(f->name, n, name);
		if (renameat2(f->dir_fd, f->part, f->dir_fd, name, RENAME_NOREPLACE) == 0) {
			f->has_part = false;
			path_of(f, name, path, cap);
			return OK;
		}
		/* A file system that can't (NFS, some FUSE): a second name, then the first one goes. */
		if (errno == EINVAL && linkat(f->dir_fd, f->part, f->dir_fd, name, 0) == 0) {
			(void)unlinkat(f->dir_fd, f->part, 0);
			f->has_part = false;
			path_of(f, name, path, cap);
			return OK;
		}
		if (errno != EEXIST)
			break;
	}
	(void)fchmod(f->fd, 0600);
	return ERR_DL_DISK;
}

const char *dlfile_part_path(const struct dlfile *f, char *path, size_t cap)
{
	if (!f->has_part)
		return NULL;
	path_of(f, f->part, path, cap);
	return path;
}

void dlfile_remove(struct dlfile *f)
{
	struct stat st;

	if (!f->is_own || !f->has_part)
		return;
	f->has_part = false;
	/* Only what we made: another may stand there by now. */
	if (fstatat(f->dir_fd, f->part, &st, AT_SYMLINK_NOFOLLOW) == 0 && (uint64_t)st.st_dev == f->dev && (uint64_t)st.st_ino == f->ino)
		(void)unlinkat(f->dir_fd, f->part, 0);
}

static enum err copy_into(const struct dlfile *f, int to)
{
	uint8_t piece[64 * 1024];
	uint64_t at = 0;

	for (;;) {
		ssize_t n = pread(f->fd, piece, sizeof piece, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			return OK;
		struct dlfile out = { .fd = to };
		enum err err = dlfile_write(&out, at, piece, (size_t)n);
		if (err != OK)
			return err;
		at += (uint64_t)n;
	}
}

enum err dlfile_keep(const struct dlfile *f, char *path, size_t cap)
{
	char name[DL_NAME_MAX + 1], numbered[DL_NAME_MAX + 1];

	if (f->fd < 0)
		return ERR_DL_UNKNOWN;
	for (unsigned n = 0; n <= NUMBERS_MAX; n++) {
		/* Behind everything, so that no system takes it for a program. */
		dlname_numbered(f->name, n, numbered);
		int used = snprintf(name, sizeof name, "%.*s.evidence", DL_NAME_MAX - 9, numbered);
		if (used < 0)
			return ERR_DL_DISK;
		int fd = openat(f->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno == EEXIST)
			continue;
		if (fd < 0)
			return ERR_DL_DISK;
		enum err err = copy_into(f, fd);
		if (close(fd) != 0 && err == OK)
			err = ERR_DL_DISK;
		if (err != OK)
			(void)unlinkat(f->dir_fd, name, 0);
		else
			path_of(f, name, path, cap);
		return err;
	}
	return ERR_DL_DISK;
}

void dlfile_close(struct dlfile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->dir_fd >= 0)
		close(f->dir_fd);
	f->fd = f->dir_fd = -1;
}
