/* Countries of relays, asked of tor's GeoIP file only for those that are shown or when a country counts. */
#include "engine/torlink_in.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Addresses of one GETINFO. */
#define ADDRESSES_MAX 200
#define KEY_LEN 64

struct geo_item { uint8_t fp[FP_LEN]; char key[KEY_LEN]; };

struct geo {
	struct torlink *link;
	struct waiter *waiter;
	struct geo_item *item;
	size_t n, at, answered;   /* at: asked so far; answered: of these */
};

/* "de" -> "DE"; "??" for whatever is no country's code. */
static void country_of(const char *value, char out[2])
{
	for (int i = 0; i < 2; i++) {
		out[i] = (char)(value[i] >= 'a' && value[i] <= 'z' ? value[i] - 32 : value[i]);
		if (out[i] < 'A' || out[i] > 'Z') {
			out[0] = out[1] = '?';
			return;
		}
	}
}

/* Answers come in the order of the keys; one that is missing is passed over. */
static void geo_line(void *arg, const struct torctl_line *line)
{
	struct geo *g = arg;
	char country[2];

	for (size_t i = g->answered; i < g->at; i++) {
		const char *value = torlink_value(line, g->item[i].key);
		if (value == NULL)
			continue;
		country_of(value, country);
		if (g->link->relays != NULL)
			relays_set_country(g->link->relays, g->item[i].fp, country);
		g->answered = i + 1;
		return;
	}
}

static void geo_end(struct geo *g, enum err err)
{
	torlink_answer(g->link, g->waiter, err);
	free(g->item);
	free(g);
}

static enum err geo_ask(struct geo *g);

static void geo_done(void *arg, enum err err, int code, const char *text)
{
	struct geo *g = arg;

	(void)code;
	(void)text;
	if (err == ERR_TOR_COMMAND)
		g->link->has_geoip = false;
	if (err == OK && g->at < g->n) {
		err = geo_ask(g);
		if (err == OK)
			return;
	}
	geo_end(g, err);
}

static enum err geo_ask(struct geo *g)
{
	const char *words[ADDRESSES_MAX + 2] = { "GETINFO" };
	struct torctl_ask ask = { .line = geo_line, .done = geo_done, .arg = g };
	size_t n = 1;

	g->answered = g->at;
	while (g->at < g->n && n <= ADDRESSES_MAX)
		words[n++] = g->item[g->at++].key;
	words[n] = NULL;
	return torlink_send(g->link, words, &ask);
}

static void geo_add(struct geo *g, const struct relay *a)
{
	struct geo_item *item = &g->item[g->n];
	char address[46];

	if (a == NULL || a->country[0] != '\0')
		return;
	relay_address(a, address);
	if (address[0] == '\0')
		return;
	memcpy(item->fp, a->fp, FP_LEN);
	snprintf(item->key, sizeof item->key, "ip-to-country/%s", address);
	g->n++;
}

static enum err geo_fill(struct geo *g, const struct relays *r, const uint8_t (*fp)[FP_LEN], size_t n)
{
	size_t room = n > 0 ? n : relays_count(r);

	g->item = calloc(room + 1, sizeof g->item[0]);
	if (g->item == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < room; i++) {
		const struct relay *a = n > 0 ? relays_find(r, fp[i]) : relays_at(r, i);
		if (a != NULL && (n > 0 || relay_is_usable_exit(a)))
			geo_add(g, a);
	}
	return OK;
}

enum err torlink_countries(struct torlink *l, const uint8_t (*fp)[FP_LEN], size_t n, torlink_fn *done, void *arg)
{
	struct geo *g;

	if (!l->is_up || l->relays == NULL)
		return torlink_add_waiter(l, done, arg, true, l->err != OK ? l->err : ERR_TOR_LOST, NULL);
	if (!l->has_geoip)
		return torlink_add_waiter(l, done, arg, true, ERR_TOR_COMMAND, NULL);
	g = calloc(1, sizeof *g);
	if (g == NULL)
		return ERR_NOMEM;
	g->link = l;
	enum err err = geo_fill(g, l->relays, fp, n);
	bool is_ready = g->n == 0;
	if (err == OK)
		err = torlink_add_waiter(l, done, arg, is_ready, OK, &g->waiter);
	if (err == OK && !is_ready) {
		g->waiter->is_asking = true;
		err = geo_ask(g);
		if (err == OK)
			return OK;
		torlink_answer(l, g->waiter, err);
		err = OK;
	}
	free(g->item);
	free(g);
	return err;
}
