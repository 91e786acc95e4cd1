/* Loading relays: the consensus, then the microdescriptors of exits (families, policies), some hundred keys in one
 * question; and the countries of those that are shown. */
#include "engine/torlink_in.h"
#include "base/clock.h"
#include "base/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys of one GETINFO: tor answers one question without pause, and checks should not wait for it. */
#define KEYS_MAX 200
/* "md/id/" and 40 digits, "ip-to-country/" and an address. */
#define KEY_LEN 64
/* How often, at most, the consensus' date is asked for; it changes once an hour. */
#define CHECK_AGAIN_MS 60000
/* A relay that is not in our table may be in a newer consensus: asked sooner. */
#define CHECK_SOON_MS 2000

struct load {
	struct relays *relays;
	enum err err;
	bool is_plain;              /* ns/all, not the consensus document */
	uint8_t (*fp)[FP_LEN];      /* whose microdescriptors are wanted */
	size_t n, at;
	char valid_after[32];
};

/* One GETINFO of many keys. On 552 those it names are left out, and the rest is asked once more. */
struct batch {
	struct torlink *link;
	struct load *load;          /* that asked; NULL: for the table in use */
	struct waiter *waiter;      /* NULL: nobody waits */
	uint8_t fp[KEYS_MAX][FP_LEN];
	bool is_missing[KEYS_MAX];
	size_t n;
	bool is_second;
	enum err err;
};

static enum err ask_keys(struct torlink *l, char (*key)[KEY_LEN], size_t n, const struct torctl_ask *ask)
{
	const char *words[KEYS_MAX + 2] = { "GETINFO" };

	for (size_t i = 0; i < n; i++)
		words[i + 1] = key[i];
	words[n + 1] = NULL;
	return torlink_send(l, words, ask);
}

/* The link has ended: whoever ends it also ends what is under way. */
static bool is_over(enum err err)
{
	return err == ERR_TOR_LOST || err == ERR_TOR_REPLY || err == ERR_CANCELLED;
}

/* ---- microdescriptors ---- */

static void load_next(struct torlink *l);
static void load_end(struct torlink *l, enum err err);

/* The table that a batch fills; NULL when its load was given up. */
static struct relays *table_of(const struct batch *b)
{
	if (b->load == NULL)
		return b->link->relays;
	return b->load == b->link->load ? b->load->relays : NULL;
}

/* "md/id/FP..." -> fp. */
static bool fp_of_key(const char *text, uint8_t fp[FP_LEN])
{
	char hex[2 * FP_LEN + 1];

	if (strncmp(text, "md/id/", 6) != 0 || strlen(text) < 6 + 2 * FP_LEN)
		return false;
	memcpy(hex, text + 6, 2 * FP_LEN);
	hex[2 * FP_LEN] = '\0';
	return fp_parse(hex, fp);
}

/* `Unrecognized key "md/id/FP"` */
static void note_missing(struct batch *b, const char *text)
{
	uint8_t fp[FP_LEN];
	const char *quote = strchr(text, '"');

	if (quote == NULL || !fp_of_key(quote + 1, fp))
		return;
	for (size_t i = 0; i < b->n; i++)
		if (memcmp(b->fp[i], fp, FP_LEN) == 0)
			b->is_missing[i] = true;
}

static void md_line(void *arg, const struct torctl_line *line)
{
	struct batch *b = arg;
	struct relays *r = table_of(b);
	uint8_t fp[FP_LEN];

	if (r == NULL || b->err != OK)
		return;
	if (line->code != 250) {
		note_missing(b, line->text);
	} else if (line->is_data) {
		b->err = relays_md_line(r, line->text, line->len);
	} else if (fp_of_key(line->text, fp)) {
		enum err err = relays_md_begin(r, fp);
		b->err = err == ERR_EXIT_UNKNOWN ? OK : err;
	}
}

static enum err batch_ask(struct batch *b);

static void batch_end(struct batch *b, enum err err)
{
	struct torlink *l = b->link;
	struct waiter *w = b->waiter;

	if (b->load == NULL) {
		if (err == OK && l->relays != NULL)
			err = relays_finish(l->relays);
		if (w != NULL)
			torlink_answer(l, w, err);
		free(b);
		return;
	}
	bool is_current = b->load == l->load;
	free(b);
	if (!is_current || is_over(err))
		return;
	if (err == OK)
		load_next(l);
	else
		load_end(l, err);
}

static void md_done(void *arg, enum err err, int code, const char *text)
{
	struct batch *b = arg;
	size_t left = 0;

	if (b->err != OK)
		err = b->err;
	if (err != ERR_TOR_COMMAND) {
		batch_end(b, err);
		return;
	}
	note_missing(b, text);
	for (size_t i = 0; i < b->n; i++)
		if (!b->is_missing[i])
			memmove(b->fp[left++], b->fp[i], FP_LEN);
	/* 552 names what is missing. Anything else refuses the question itself: that is a filter. */
	if (code != 552) {
		batch_end(b, ERR_TOR_FILTERED);
		return;
	}
	bool goes_on = left > 0 && left < b->n && !b->is_second;
	b->n = left;
	b->is_second = true;
	memset(b->is_missing, 0, sizeof b->is_missing);
	err = goes_on ? batch_ask(b) : OK;
	if (!goes_on || err != OK)
		batch_end(b, err);
}

static enum err batch_ask(struct batch *b)
{
	char key[KEYS_MAX][KEY_LEN], hex[2 * FP_LEN + 1];
	struct torctl_ask ask = { .line = md_line, .done = md_done, .arg = b };

	for (size_t i = 0; i < b->n; i++) {
		fp_print(b->fp[i], hex);
		snprintf(key[i], KEY_LEN, "md/id/%s", hex);
	}
	return ask_keys(b->link, key, b->n, &ask);
}

static struct batch *batch_new(struct torlink *l, struct load *load, struct waiter *w)
{
	struct batch *b = calloc(1, sizeof *b);

	if (b != NULL) {
		b->link = l;
		b->load = load;
		b->waiter = w;
	}
	return b;
}

/* ---- the consensus ---- */

void torlink_load_abort(struct torlink *l)
{
	struct load *d = l->load;

	l->load = NULL;
	if (d == NULL)
		return;
	relays_free(d->relays);
	free(d->fp);
	free(d);
}

/* All is read, or nothing more comes. */
static void load_end(struct torlink *l, enum err err)
{
	struct load *d = l->load;

	if (err == OK)
		err = relays_finish(d->relays);
	if (err == OK && relays_exits(d->relays) == 0)
		err = ERR_TOR_BOOTSTRAP;
	if (err == OK) {
		relays_inherit(d->relays, l->relays);
		relays_free(l->relays);
		l->relays = d->relays;
		d->relays = NULL;
		memcpy(l->valid_after, d->valid_after, sizeof l->valid_after);
		log_line("tor: %zu relays, %zu usable exits", relays_count(l->relays), relays_exits(l->relays));
	}
	torlink_load_abort(l);
	torlink_settled(l, err);
}

static void load_next(struct torlink *l)
{
	struct load *d = l->load;
	struct batch *b;

	if (d->at == d->n) {
		load_end(l, OK);
		return;
	}
	b = batch_new(l, d, NULL);
	enum err err = b == NULL ? ERR_NOMEM : OK;
	if (err == OK) {
		while (d->at < d->n && b->n < KEYS_MAX)
			memcpy(b->fp[b->n++], d->fp[d->at++], FP_LEN);
		err = batch_ask(b);
	}
	if (err != OK) {
		free(b);
		load_end(l, err);
	}
}

/* Families of exits alone: only exits corroborate, and first exits are exits. Another one is asked for when it is met (torlink_fresh). */
static enum err want_exits(struct load *d)
{
	size_t n = relays_count(d->relays);

	d->fp = malloc((n + 1) * sizeof d->fp[0]);
	if (d->fp == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		if ((relays_at(d->relays, i)->flags & RELAY_EXIT) != 0)
			memcpy(d->fp[d->n++], relays_at(d->relays, i)->fp, FP_LEN);
	return OK;
}

static void ns_line(void *arg, const struct torctl_line *line)
{
	struct torlink *l = arg;

	if (l->load != NULL && l->load->err == OK && line->is_data)
		l->load->err = relays_ns_line(l->load->relays, line->text, line->len);
}

static enum err ask_consensus(struct torlink *l);

static void ns_done(void *arg, enum err err, int code, const char *text)
{
	struct torlink *l = arg;
	struct load *d = l->load;

	(void)code;
	(void)text;
	if (d == NULL || is_over(err))
		return;
	if (d->err != OK)
		err = d->err;
	bool is_empty = relays_count(d->relays) == 0;
	if ((err == ERR_TOR_COMMAND || (err == OK && is_empty)) && !d->is_plain) {
		/* No document on disk, or a filter that knows only the older question. It lacks the bandwidth weights alone. */
		d->is_plain = true;
		err = ask_consensus(l);
		if (err != OK)
			load_end(l, err);
		return;
	}
	if (err == ERR_TOR_COMMAND)
		err = ERR_TOR_FILTERED;
	if (err == OK && is_empty)
		err = ERR_TOR_BOOTSTRAP;
	if (err == OK)
		err = relays_sort(d->relays);
	if (err == OK)
		err = want_exits(d);
	if (err == OK)
		load_next(l);
	else
		load_end(l, err);
}

static enum err ask_consensus(struct torlink *l)
{
	const char *words[] = { "GETINFO", l->load->is_plain ? "ns/all" : "dir/status-vote/current/consensus-microdesc", NULL };
	struct torctl_ask ask = { .line = ns_line, .done = ns_done, .arg = l };

	return torlink_send(l, words, &ask);
}

static void load_start(struct torlink *l, const char *valid_after)
{
	if (l->load != NULL)
		return;
	l->load = calloc(1, sizeof *l->load);
	enum err err = l->load == NULL || (l->load->relays = relays_new()) == NULL ? ERR_NOMEM : OK;
	if (err == OK) {
		snprintf(l->load->valid_after, sizeof l->load->valid_after, "%s", valid_after);
		err = ask_consensus(l);
	}
	if (err != OK) {
		torlink_load_abort(l);
		torlink_settled(l, err);
	}
}

/* ---- is it still the newest ---- */

struct check { struct torlink *link; char valid_after[32]; };

static void check_line(void *arg, const struct torctl_line *line)
{
	struct check *k = arg;
	const char *value = torlink_value(line, "consensus/valid-after");

	if (value != NULL)
		snprintf(k->valid_after, sizeof k->valid_after, "%.31s", value);
}

/* Microdescriptors that tor had not fetched yet are asked for again. */
static void ask_lacking(struct torlink *l)
{
	const unsigned wanted = RELAY_EXIT | RELAY_RUNNING | RELAY_VALID;
	struct batch *b = batch_new(l, NULL, NULL);

	for (size_t i = 0; b != NULL && i < relays_count(l->relays) && b->n < KEYS_MAX; i++) {
		const struct relay *a = relays_at(l->relays, i);
		if ((a->flags & (wanted | RELAY_BADEXIT)) == wanted && !a->has_md)
			memcpy(b->fp[b->n++], a->fp, FP_LEN);
	}
	if (b != NULL && (b->n == 0 || batch_ask(b) != OK))
		free(b);
}

static void check_done(void *arg, enum err err, int code, const char *text)
{
	struct check k = *(struct check *)arg;
	struct torlink *l = k.link;

	(void)code;
	(void)text;
	free(arg);
	l->is_checking = false;
	if (is_over(err))
		return;
	l->checked_ms = clock_ms();
	if (err == OK && k.valid_after[0] == '\0') {
		torlink_settled(l, ERR_TOR_BOOTSTRAP);
		return;
	}
	/* Refused: we can't know, so relays are loaded anew each time that it would have been checked. */
	bool is_same = err == OK && l->is_up && l->relays != NULL && strcmp(k.valid_after, l->valid_after) == 0;
	if (!is_same) {
		load_start(l, k.valid_after);
		return;
	}
	ask_lacking(l);
	torlink_settled(l, OK);
}

void torlink_check(struct torlink *l)
{
	static const char *const words[] = { "GETINFO", "consensus/valid-after", NULL };
	struct check *k = l->is_checking || l->load != NULL ? NULL : calloc(1, sizeof *k);

	if (k == NULL)
		return;
	k->link = l;
	struct torctl_ask ask = { .line = check_line, .done = check_done, .arg = k };
	l->is_checking = true;
	enum err err = torlink_send(l, words, &ask);
	if (err != OK) {
		free(k);
		l->is_checking = false;
		torlink_settled(l, err);
	}
}

/* ---- before a draw ---- */

enum err torlink_fresh(struct torlink *l, const uint8_t (*fp)[FP_LEN], size_t n, torlink_fn *done, void *arg)
{
	struct waiter *w;
	bool is_strange = false;

	if (!l->is_up || l->relays == NULL) {
		torlink_hurry(l);
		return torlink_add_waiter(l, done, arg, true, l->err != OK ? l->err : ERR_TOR_LOST, NULL);
	}
	uint64_t age = clock_ms() - l->checked_ms;
	struct batch *b = batch_new(l, NULL, NULL);
	if (b == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n && b->n < KEYS_MAX; i++) {
		const struct relay *a = relays_find(l->relays, fp[i]);
		is_strange = is_strange || a == NULL;
		if (a != NULL && !a->has_md)
			memcpy(b->fp[b->n++], fp[i], FP_LEN);
	}
	if (age >= CHECK_AGAIN_MS || (is_strange && age >= CHECK_SOON_MS))
		torlink_check(l);
	/* With a stranger among them the answer may depend on the consensus being loaded; else what we have is good for hours. */
	bool is_loading = l->is_checking || l->load != NULL;
	bool is_ready = b->n == 0 && !(is_strange && is_loading);
	enum err err = torlink_add_waiter(l, done, arg, is_ready, OK, &w);
	if (err == OK && b->n > 0) {
		b->waiter = w;
		w->is_asking = true;
		if (batch_ask(b) == OK)
			return OK;
		torlink_answer(l, w, ERR_TOR_LOST);
	}
	free(b);
	return err;
}
