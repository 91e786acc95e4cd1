/* The operator's lists (contract in collector/list.h). */
#include "collector/list.h"
#include "engine/target.h"
#include "report/report.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool kind_is_known(const char *word)
{
	for (int k = 0; k < REPORT_KINDS; k++)
		if (strcmp(report_kind_name((enum report_kind)k), word) == 0)
			return true;
	return false;
}

/* The last colon parts the port off; an IPv6 literal stands in brackets. */
static bool host_port(char *text, struct list_host *out)
{
	char *colon = strrchr(text, ':'), *rest;
	struct target t;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return false;
	unsigned long port = strtoul(colon + 1, &rest, 10);
	if (*rest != '\0' || port < 1 || port > UINT16_MAX)
		return false;
	*colon = '\0';
	size_t n = strlen(text);
	if (n > 2 && text[0] == '[' && text[n - 1] == ']') {
		text[n - 1] = '\0';
		text++;
	}
	if (target_parse(text, &t) != OK)
		return false;
	out->port = (uint16_t)port;
	memcpy(out->host, t.host, sizeof out->host);
	return true;
}

bool list_path_is(const char *path)
{
	static const char marks[] = "-._~!$&'()*+,;=:@/?%";
	const char *c = path;

	while ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || (*c != '\0' && strchr(marks, *c) != NULL))
		c++;
	return path[0] == '/' && *c == '\0' && c - path <= LIST_PATH_MAX;
}

/* "http://HOST[:PORT]/PATH" */
static bool url(char *text, struct list_host *out)
{
	static const char scheme[] = "http://";
	char host[LIST_LINE_MAX + 4];

	if (strncmp(text, scheme, sizeof scheme - 1) != 0)
		return false;
	text += sizeof scheme - 1;
	size_t n = strcspn(text, "/");
	if (!list_path_is(text + n))
		return false;
	snprintf(out->path, sizeof out->path, "%s", text + n);
	text[n] = '\0';
	const char *port = strrchr(text, ':'), *bracket = strrchr(text, ']');
	bool has_port = port != NULL && (bracket == NULL || port > bracket);
	snprintf(host, sizeof host, "%s%s", text, has_port ? "" : ":80");
	return host_port(host, out);
}

static bool chosen_line(char *text, struct list_host *out)
{
	char *blank = strpbrk(text, " \t");

	if (blank == NULL)
		return false;
	*blank = '\0';
	char *host = blank + 1 + strspn(blank + 1, " \t");
	if (strlen(text) >= sizeof out->kind || !kind_is_known(text))
		return false;
	memcpy(out->kind, text, strlen(text) + 1);
	return report_kind_is_fetched(text) ? url(host, out) : host_port(host, out);
}

static bool denied_line(char *text, struct list_host *out)
{
	struct target t;
	bool is_domain = text[0] == '.';

	if (target_parse(text + is_domain, &t) != OK || strlen(t.host) + 2 > sizeof out->host)
		return false;
	snprintf(out->host, sizeof out->host, "%s%.*s", is_domain ? "." : "", HOST_MAX - 2, t.host);
	return true;
}

/* Cuts the comment and blanks at both ends. */
static char *trim(char *line)
{
	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	size_t n = strlen(line);
	while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		line[--n] = '\0';
	return line;
}

static enum err add(struct list *l, size_t *room, const struct list_host *h)
{
	if (l->n == *room) {
		size_t more = *room > 0 ? *room * 2 : 16;
		struct list_host *grown = realloc(l->host, more * sizeof *grown);
		if (grown == NULL)
			return ERR_NOMEM;
		l->host = grown;
		*room = more;
	}
	l->host[l->n++] = *h;
	return OK;
}

static enum err load(const char *path, bool (*take)(char *, struct list_host *), struct list *out, unsigned *line)
{
	struct list l = { 0 };
	char text[LIST_LINE_MAX];
	size_t room = 0;
	enum err err = OK;

	*line = 0;
	if (*path == '\0') {
		*out = l;
		return OK;
	}
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return ERR_LIST_FILE;
	while (err == OK && fgets(text, sizeof text, f) != NULL) {
		struct list_host h = { 0 };
		++*line;
		if (strchr(text, '\n') == NULL && !feof(f)) {
			err = ERR_LIST_FILE;
			break;
		}
		char *at = trim(text);
		if (*at == '\0')
			continue;
		err = *line <= LIST_LINES_MAX && take(at, &h) ? add(&l, &room, &h) : ERR_LIST_FILE;
	}
	if (err == OK && ferror(f))
		err = ERR_LIST_FILE;
	fclose(f);
	if (err != OK) {
		list_free(&l);
		return err;
	}
	*out = l;
	return OK;
}

enum err list_load_chosen(const char *path, struct list *out, unsigned *line)
{
	return load(path, chosen_line, out, line);
}

enum err list_load_denied(const char *path, struct list *out, unsigned *line)
{
	return load(path, denied_line, out, line);
}

void list_free(struct list *l)
{
	free(l->host);
	*l = (struct list){ 0 };
}

bool list_denies(const struct list *l, const char *host)
{
	size_t n = strlen(host);

	for (size_t i = 0; i < l->n; i++) {
		const char *denied = l->host[i].host;
		size_t m = strlen(denied);
		if (strcmp(denied, host) == 0)
			return true;
		/* ".example.org": example.org and what ends in .example.org */
		if (denied[0] == '.' && (strcmp(denied + 1, host) == 0 || (n > m && strcmp(host + n - m, denied) == 0)))
			return true;
	}
	return false;
}
