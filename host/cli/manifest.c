/* The native-messaging manifest (contract in cli/manifest.h). Its text comes from manifests/org.secondexit.host.json.in. */
#include "cli/manifest.h"

#include "manifest_template.h"   /* MANIFEST_TEMPLATE, made by the Makefile */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ours has 230 bytes and a path. */
#define MANIFEST_MAX 8192
#define PATH_ROOM 1024

bool manifest_program(char out[1024])
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_ROOM - 1);
	if (n <= 0 || n >= PATH_ROOM - 1)
		return false;
	out[n] = 0;
	return out[0] == '/';
}

/* The template with the program's path as a JSON string. NULL: memory is out, or the path is not UTF-8 (a manifest
 * can't name it then). The caller frees it. */
static char *manifest_text(const char *program)
{
	static const char template[] = MANIFEST_TEMPLATE, mark[] = "\"@PROGRAM@\"";
	const char *at = strstr(template, mark);
	json_t *string = json_string(program);
	char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL, *text = NULL;
	if (at && quoted && asprintf(&text, "%.*s%s%s", (int)(at - template), template, quoted, at + strlen(mark)) < 0)
		text = NULL;
	free(quoted);
	json_decref(string);
	return text;
}

static bool manifest_path(const struct browser *b, char out[PATH_ROOM])
{
	int n = snprintf(out, PATH_ROOM, "%s/" MANIFEST_FILE, b->manifests);
	return b->manifests[0] && n > 0 && n < PATH_ROOM;
}

static bool is_ours(const char *text, char named[PATH_ROOM])
{
	json_t *tree = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const json_t *allowed = json_object_get(tree, "allowed_extensions");
	const char *name = json_string_value(json_object_get(tree, "name"));
	const char *only = json_string_value(json_array_get(allowed, 0));
	const char *path = json_string_value(json_object_get(tree, "path"));
	bool ours = name && strcmp(name, "org.secondexit.host") == 0 && json_array_size(allowed) == 1 && only &&
	            strcmp(only, "secondexit@secondexit.org") == 0;
	if (ours && path && strlen(path) < PATH_ROOM)
		memcpy(named, path, strlen(path) + 1);
	json_decref(tree);
	return ours;
}

enum manifest_state manifest_state(const struct browser *b, const char *program, char named[1024])
{
	char path[PATH_ROOM], text[MANIFEST_MAX], unused[PATH_ROOM];
	named = named ? named : unused;
	named[0] = 0;
	if (!manifest_path(b, path))
		return MANIFEST_ABSENT;
	/* O_NONBLOCK: whatever lies there, a pipe too, must not hang us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? MANIFEST_ABSENT : MANIFEST_UNREADABLE;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n < 0)
		return MANIFEST_UNREADABLE;
	text[n] = 0;
	if (strlen(text) != (size_t)n || (size_t)n == sizeof text - 1 || !is_ours(text, named))
		return MANIFEST_FOREIGN;
	char *wanted = manifest_text(program);
	bool is_same = wanted && strcmp(wanted, text) == 0;
	free(wanted);
	return is_same ? MANIFEST_RIGHT : MANIFEST_OTHER;
}

/* Creates the last n folders of path; one that is there already is fine. */
static int make_dirs(const char *path, size_t n)
{
	char parent[PATH_ROOM];
	snprintf(parent, sizeof parent, "%s", path);
	char *slash = strrchr(parent, '/');
	if (n > 1 && slash && slash != parent) {
		*slash = 0;
		int err = make_dirs(parent, n - 1);
		if (err)
			return err;
	}
	return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : errno;
}

static int write_all(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t done = write(fd, text, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? errno : EIO;
		text += done;
		n -= (size_t)done;
	}
	return 0;
}

int manifest_write(const struct browser *b, const char *program)
{
	char path[PATH_ROOM], fresh[PATH_ROOM + 8];
	if (!manifest_path(b, path))
		return ENAMETOOLONG;
	char *text = manifest_text(program);
	if (!text)
		return EILSEQ;
	int err = make_dirs(b->manifests, b->parents);
	int fd = -1;
	if (!err) {
		snprintf(fresh, sizeof fresh, "%s.XXXXXX", path);
		fd = mkostemp(fresh, O_CLOEXEC);
		err = fd < 0 ? errno : 0;
	}
	if (!err) {
		err = write_all(fd, text, strlen(text));
		if (!err && fchmod(fd, 0644) != 0)
			err = errno;
		if (close(fd) != 0 && !err)
			err = errno;
		if (!err && rename(fresh, path) != 0)
			err = errno;
		if (err)
			unlink(fresh);
	}
	free(text);
	return err;
}

int manifest_remove(const struct browser *b)
{
	char path[PATH_ROOM];
	if (!manifest_path(b, path))
		return ENAMETOOLONG;
	if (unlink(path) != 0)
		return errno;
	/* rmdir takes empty folders only: whatever anybody else has there stays. */
	snprintf(path, sizeof path, "%s", b->manifests);
	for (size_t i = 0; i < b->parents && rmdir(path) == 0; i++) {
		char *slash = strrchr(path, '/');
		if (!slash || slash == path)
			break;
		*slash = 0;
	}
	return 0;
}
