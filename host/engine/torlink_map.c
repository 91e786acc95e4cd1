/* Mappings of .virtual names: tor keeps them beyond our disconnect, so what was made is remembered until tor has confirmed that
 * it is gone; and circuits closed on a click. */
#include "engine/torlink_in.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A command that is under way, and whom to tell. */
struct asked { struct torlink *link; torlink_fn *done; void *arg; char name[64]; };

/* Refused as a command, not for its argument: by tor itself (510) or by a filter before it (Tails' and Whonix's say so). */
static bool is_filtered(int code, const char *text)
{
	return code == 510 || strcasestr(text, "filter") != NULL;
}

static bool is_mappable(const char *host)
{
	size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.");

	return n > 0 && n <= 253 && host[n] == '\0';
}

static bool is_virtual(const char *name)
{
	size_t n = strlen(name);

	return is_mappable(name) && n < sizeof ((struct mapping *)0)->name && n > 8 && strcmp(name + n - 8, ".virtual") == 0;
}

static struct mapping **find_mapping(struct torlink *l, const char *name)
{
	struct mapping **at = &l->mappings;

	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static void forget_mapping(struct torlink *l, const char *name)
{
	struct mapping **at = find_mapping(l, name), *gone = *at;

	if (gone != NULL) {
		*at = gone->next;
		free(gone);
	}
}

static struct asked *asked_new(struct torlink *l, torlink_fn *done, void *arg, const char *name)
{
	struct asked *a = calloc(1, sizeof *a);

	if (a != NULL) {
		*a = (struct asked){ .link = l, .done = done, .arg = arg };
		memcpy(a->name, name, strlen(name) + 1);
	}
	return a;
}

static void asked_end(struct asked *a, enum err err)
{
	struct asked copy = *a;

	free(a);
	if (copy.done != NULL)
		copy.done(copy.arg, err);
}

static void on_mapped(void *arg, enum err err, int code, const char *text)
{
	struct asked *a = arg;

	if (err == ERR_TOR_COMMAND) {
		forget_mapping(a->link, a->name);
		if (is_filtered(code, text)) {
			a->link->has_mapaddress = false;
			err = ERR_TOR_FILTERED;
		}
	}
	asked_end(a, err);
}

enum err torlink_map(struct torlink *l, const char *name, const char *host, const uint8_t fp[FP_LEN], torlink_fn *done, void *arg)
{
	char word[HOST_MAX + 128], hex[2 * FP_LEN + 1];
	const char *words[] = { "MAPADDRESS", word, NULL };

	if (!l->has_mapaddress)
		return ERR_TOR_FILTERED;
	if (!is_virtual(name) || !is_mappable(host))
		return ERR_TARGET_NAME;
	fp_print(fp, hex);
	snprintf(word, sizeof word, "%s=%s.%s.exit", name, host, hex);
	struct asked *a = asked_new(l, done, arg, name);
	struct mapping *m = *find_mapping(l, name) == NULL ? calloc(1, sizeof *m) : NULL;
	struct torctl_ask ask = { .done = on_mapped, .arg = a };
	enum err err = a == NULL || m == NULL ? ERR_NOMEM : torlink_send(l, words, &ask);
	if (err != OK) {
		free(a);
		free(m);
		return err;
	}
	memcpy(m->name, name, strlen(name) + 1);
	m->next = l->mappings;
	l->mappings = m;
	return OK;
}

static void on_unmapped(void *arg, enum err err, int code, const char *text)
{
	struct asked *a = arg;

	(void)code;
	(void)text;
	/* Only tor's own word counts: with the link lost the mapping may still be there. */
	if (err == OK || err == ERR_TOR_COMMAND)
		forget_mapping(a->link, a->name);
	asked_end(a, err);
}

static void send_unmap(struct torlink *l, const char *name)
{
	char word[2 * sizeof ((struct mapping *)0)->name + 2];
	const char *words[] = { "MAPADDRESS", word, NULL };
	struct asked *a = asked_new(l, NULL, NULL, name);
	struct torctl_ask ask = { .done = on_unmapped, .arg = a };

	snprintf(word, sizeof word, "%s=%s", name, name);
	if (a == NULL || torlink_send(l, words, &ask) != OK)
		free(a);
}

void torlink_unmap(struct torlink *l, const char *name)
{
	struct mapping *m = *find_mapping(l, name);

	if (m == NULL || m->is_unwanted)
		return;
	m->is_unwanted = true;
	send_unmap(l, m->name);
}

/* At a new link: those that nobody wants and that the old one could not take away. Whoever wants one has by now been told that
 * the link was lost, and gives it up by torlink_unmap. */
void torlink_remap(struct torlink *l)
{
	for (struct mapping *m = l->mappings; m != NULL; m = m->next)
		if (m->is_unwanted)
			send_unmap(l, m->name);
}

void torlink_unmap_all(struct torlink *l)
{
	for (struct mapping *m = l->mappings; m != NULL; m = m->next)
		if (!m->is_unwanted) {
			m->is_unwanted = true;
			send_unmap(l, m->name);
		}
}

static void on_closed(void *arg, enum err err, int code, const char *text)
{
	(void)code;
	(void)text;
	asked_end(arg, err);
}

enum err torlink_close_circuit(struct torlink *l, uint32_t circuit, torlink_fn *done, void *arg)
{
	char id[16];
	const char *words[] = { "CLOSECIRCUIT", id, NULL };
	struct asked *a = asked_new(l, done, arg, "");
	struct torctl_ask ask = { .done = on_closed, .arg = a };

	snprintf(id, sizeof id, "%u", circuit);
	enum err err = a == NULL ? ERR_NOMEM : torlink_send(l, words, &ask);
	if (err != OK)
		free(a);
	return err;
}
