/* Manifests of JARs (contract in manifest.h). */
#include "parse/file/manifest.h"

#include "parse/file/base64.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 65536
/* Of one header, its continuation lines joined: a path may be 64 KiB, none is. */
#define LINE_MAX 4096

struct lines { struct rd in; char text[LINE_MAX]; size_t n; bool is_bad; };

/* One line without its end, raw. False at the end. */
static bool take_raw(struct rd *in, struct rd *line)
{
	size_t n = 0;

	if (in->left == 0)
		return false;
	while (n < in->left && in->at[n] != '\n' && in->at[n] != '\r')
		n++;
	*line = rd_take(in, n);
	if (in->left >= 2 && in->at[0] == '\r' && in->at[1] == '\n')
		(void)rd_take(in, 2);
	else if (in->left)
		(void)rd_take(in, 1);
	return true;
}

/* One header with its continuations, NUL-terminated; "" for the empty line that ends a section. */
static bool take_line(struct lines *l)
{
	struct rd line;

	l->n = 0;
	if (!take_raw(&l->in, &line))
		return false;
	do {
		if (line.left >= sizeof l->text - l->n || memchr(line.at, 0, line.left) != NULL) {
			l->is_bad = true;
			return false;
		}
		memcpy(l->text + l->n, line.at, line.left);
		l->n += line.left;
		/* A continuation begins with a blank. */
		if (l->n == 0 || l->in.left == 0 || l->in.at[0] != ' ')
			break;
		(void)rd_take(&l->in, 1);
	} while (take_raw(&l->in, &line));
	l->text[l->n] = '\0';
	return true;
}

static bool begins(const char *s, const char *with, const char **rest)
{
	size_t n = strlen(with);

	if (strncasecmp(s, with, n) != 0)
		return false;
	*rest = s + n;
	return true;
}

static enum err take_header(struct manifest *m, const char *line)
{
	const char *value;
	enum digest d;
	struct manifest_row *row = &m->row[m->n - 1];

	if (begins(line, "SHA-256-Digest: ", &value) || begins(line, "SHA256-Digest: ", &value))
		d = DIGEST_SHA256;
	else if (begins(line, "SHA-384-Digest: ", &value))
		d = DIGEST_SHA384;
	else if (begins(line, "SHA-512-Digest: ", &value) || begins(line, "SHA512-Digest: ", &value))
		d = DIGEST_SHA512;
	else {
		m->has_weak |= begins(line, "SHA1-Digest: ", &value) || begins(line, "SHA-Digest: ", &value) || begins(line, "MD5-Digest: ", &value);
		return OK;
	}
	if (row->has_digest && d <= row->digest)
		return d == row->digest ? ERR_FORMAT : OK;
	row->has_digest = true;
	row->digest = d;
	return base64_take(value, row->value, digest_size(d)) ? OK : ERR_FORMAT;
}

static int by_name(const void *a, const void *b)
{
	const struct manifest_row *x = a, *y = b;
	int c = memcmp(x->name, y->name, x->n < y->n ? x->n : y->n);
	return c ? c : x->n < y->n ? -1 : x->n > y->n;
}

static enum err add_row(struct manifest *m, size_t *room, char **names, const char *name)
{
	if (m->n >= ROWS_MAX)
		return ERR_TOO_BIG;
	if (m->n == *room) {
		size_t more = *room ? *room * 2 : 64;
		struct manifest_row *row = realloc(m->row, more * sizeof *row);
		if (row == NULL)
			return ERR_NOMEM;
		m->row = row;
		*room = more;
	}
	size_t n = strlen(name);
	m->row[m->n++] = (struct manifest_row){ .name = *names, .n = n };
	memcpy(*names, name, n);
	*names += n;
	return OK;
}

static enum err take_all(struct manifest *m, struct rd in)
{
	struct lines *l = malloc(sizeof *l);
	size_t room = 0;
	char *names = m->names;
	bool is_in = false;
	enum err err = l ? OK : ERR_NOMEM;

	if (l != NULL)
		*l = (struct lines){ .in = in };
	while (err == OK && take_line(l)) {
		const char *name;
		if (l->text[0] == '\0')
			is_in = false;
		else if (begins(l->text, "Name: ", &name)) {
			/* The first header of a section, or it is none. */
			err = is_in ? ERR_FORMAT : add_row(m, &room, &names, name);
			is_in = true;
		} else if (is_in)
			err = take_header(m, l->text);
	}
	if (err == OK && l->is_bad)
		err = ERR_FORMAT;
	free(l);
	return err;
}

enum err manifest_take(struct rd in, struct manifest *out)
{
	/* Names together are no longer than what they stand in. */
	struct manifest m = { .names = malloc(in.left + 1) };
	enum err err = m.names ? take_all(&m, in) : ERR_NOMEM;

	if (err == OK && m.n > 0)
		qsort(m.row, m.n, sizeof *m.row, by_name);
	for (size_t i = 1; i < m.n && err == OK; i++)
		if (by_name(&m.row[i - 1], &m.row[i]) == 0)
			err = ERR_FORMAT;
	if (err != OK)
		manifest_free(&m);
	else
		*out = m;
	return err;
}

void manifest_free(struct manifest *m)
{
	free(m->row);
	free(m->names);
	*m = (struct manifest){ 0 };
}

const struct manifest_row *manifest_find(const struct manifest *m, struct rd name)
{
	const struct manifest_row key = { .name = (const char *)name.at, .n = name.left };

	return m->n ? bsearch(&key, m->row, m->n, sizeof *m->row, by_name) : NULL;
}
