/* Key files (contract in collector/keys.h). One line a pair: "key PUBLIC SECRET", hexadecimal; lines with # are for people. */
#include "collector/keys.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whoever may write to a folder may put another file in the place of one in it, unless it is sticky, as /tmp is. */
static bool folder_is_safe(const char *path)
{
	char copy[PATH_MAX];
	struct stat st;

	errno = 0;
	if ((size_t)snprintf(copy, sizeof copy, "%s", path) >= sizeof copy)
		return false;
	return stat(dirname(copy), &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0) &&
	       ((st.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (st.st_mode & S_ISVTX) != 0);
}

static bool file_is_safe(int fd, const char *path)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0 &&
	       st.st_nlink == 1 && folder_is_safe(path);
}

enum err secret_read(const char *path, struct buf *out)
{
	uint8_t piece[1024];
	ssize_t n;
	/* Not blocking: a FIFO would hold us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return errno == ELOOP ? ERR_KEY_UNSAFE : ERR_KEY_FILE;
	if (!file_is_safe(fd, path)) {
		close(fd);
		return ERR_KEY_UNSAFE;
	}
	while ((n = read(fd, piece, sizeof piece)) > 0)
		buf_put(out, piece, (size_t)n);
	sodium_memzero(piece, sizeof piece);
	close(fd);
	enum err err = buf_err(out);
	return n < 0 || err == ERR_TOO_BIG ? ERR_KEY_FILE : err;
}

static enum err write_all(int fd, const struct buf *text)
{
	size_t at = 0;

	while (at < text->len) {
		ssize_t n = write(fd, text->bytes + at, text->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		at += (size_t)n;
	}
	return fsync(fd) == 0 ? OK : ERR_IO;
}

static void folder_sync(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof copy, "%s", path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
}

enum err secret_write(const char *path, bool is_new, const struct buf *text)
{
	char beside[PATH_MAX];

	if (!folder_is_safe(path))
		return errno == ENOENT ? ERR_IO : ERR_KEY_UNSAFE;
	if ((size_t)snprintf(beside, sizeof beside, "%s.new-%ld", path, (long)getpid()) >= sizeof beside)
		return ERR_IO;
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return ERR_IO;
	enum err err = write_all(fd, text);
	close(fd);
	/* link fails where a file is: nobody's key is overwritten between a look and the write. */
	if (err == OK && is_new)
		err = link(beside, path) == 0 ? OK : errno == EEXIST ? ERR_KEY_EXISTS : ERR_IO;
	else if (err == OK)
		err = rename(beside, path) == 0 ? OK : ERR_IO;
	if (err != OK || is_new)
		unlink(beside);
	if (err == OK)
		folder_sync(path);
	return err;
}

static bool hex_take(const char *at, size_t n, uint8_t out[32])
{
	size_t got = 0;

	return n == 64 && sodium_hex2bin(out, 32, at, 64, NULL, &got, NULL) == 0 && got == 32;
}

/* "key PUBLIC SECRET" */
static enum err line_take(struct keys *k, const char *line, size_t n)
{
	uint8_t pub[32];

	while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == ' '))
		n--;
	if (n == 0 || line[0] == '#')
		return OK;
	if (n != 4 + 64 + 1 + 64 || memcmp(line, "key ", 4) != 0 || line[68] != ' ' || k->n == KEYS_MAX)
		return ERR_KEY_FILE;
	uint8_t *sec = sodium_malloc(32);
	if (sec == NULL)
		return ERR_NOMEM;
	k->sec[k->n] = sec;
	uint8_t *stated = k->pub[k->n++];
	if (!hex_take(line + 4, 64, stated) || !hex_take(line + 69, 64, sec) || crypto_scalarmult_base(pub, sec) != 0 ||
	    memcmp(pub, stated, 32) != 0)
		return ERR_KEY_FILE;
	return sodium_mprotect_readonly(sec) == 0 ? OK : ERR_NOMEM;
}

enum err keys_load(const char *path, struct keys *out)
{
	struct buf text BUF_AUTO = buf_new(KEY_FILE_MAX);
	struct keys k = { 0 };
	enum err err = secret_read(path, &text);
	const char *at = (const char *)text.bytes, *end = at + text.len;

	while (err == OK && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		err = line_take(&k, at, (size_t)(stop - at));
		at = stop + 1;
	}
	if (err == OK && k.n == 0)
		err = ERR_KEY_FILE;
	if (err != OK) {
		keys_free(&k);
		return err;
	}
	*out = k;
	return OK;
}

void keys_free(struct keys *k)
{
	for (size_t i = 0; i < KEYS_MAX; i++) {
		sodium_free(k->sec[i]);
		k->sec[i] = NULL;
	}
	k->n = 0;
}

static void put_key(struct buf *text, const uint8_t pub[32], const uint8_t *sec)
{
	char hex[65];

	buf_printf(text, "key %s ", sodium_bin2hex(hex, sizeof hex, pub, 32));
	buf_put(text, sodium_bin2hex(hex, sizeof hex, sec, 32), 64);
	buf_put(text, "\n", 1);
	sodium_memzero(hex, sizeof hex);
}

enum err keys_make(const char *path, bool is_rotation, uint8_t pub[static REPORT_KEY_LEN])
{
	static const char head[] = "# Keys of secondexit-collector: who has them can read every report. The first is the one to publish.\n";
	struct buf text BUF_AUTO = buf_new(KEY_FILE_MAX);
	struct keys old = { 0 };
	enum err err = is_rotation ? keys_load(path, &old) : OK;
	uint8_t *sec = err == OK ? sodium_malloc(32) : NULL, made[32];

	if (err == OK && sec == NULL)
		err = ERR_NOMEM;
	if (err == OK) {
		crypto_box_keypair(made, sec);
		buf_put(&text, head, sizeof head - 1);
		put_key(&text, made, sec);
		if (old.n > 0)
			put_key(&text, old.pub[0], old.sec[0]);
		err = buf_err(&text);
	}
	if (err == OK)
		err = secret_write(path, !is_rotation, &text);
	if (err == OK)
		memcpy(pub, made, sizeof made);
	sodium_free(sec);
	keys_free(&old);
	return err;
}
