/* Circuits asked for ahead of a draw (contract in engine/warm.h). */
#include "engine/warm.h"
#include "base/limits.h"
#include "base/log.h"
#include "engine/pathpick.h"
#include "engine/torlink.h"
#include <stdlib.h>
#include <string.h>

/* One request. It ends when its circuit is built, or can't be, or is no longer waited for. */
struct slot {
	struct warm *all;
	bool is_asked;          /* tor's reply is awaited, and will point here */
	bool is_waited;
	unsigned tries;         /* how often tor could not, this time */
	uint32_t circuit;       /* 0: not known yet */
	uint64_t asked_ms;
};

struct warm {
	struct torlink *link;
	struct slot slot[WARM_AT_ONCE];
	bool is_refused;
	uint64_t window_ms;     /* when the window began, and how many were asked for in it */
	unsigned in_window;
};

struct warm *warm_new(struct torlink *link)
{
	struct warm *w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->link = link;
	for (size_t i = 0; i < WARM_AT_ONCE; i++)
		w->slot[i].all = w;
	return w;
}

void warm_free(struct warm *w)
{
	free(w);
}

void warm_forget(struct warm *w)
{
	for (size_t i = 0; i < WARM_AT_ONCE; i++)
		w->slot[i].is_waited = false;
}

void warm_on_link(struct warm *w)
{
	w->is_refused = false;
}

/* ---- what is there ---- */

static bool is_coming(const struct slot *s, uint64_t now_ms)
{
	if (!s->is_waited || now_ms - s->asked_ms >= WARM_WAIT_MS)
		return false;
	return s->circuit == 0 || circs_is_coming(torlink_circs(s->all->link), s->circuit);
}

size_t warm_coming(struct warm *w, uint64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < WARM_AT_ONCE; i++) {
		struct slot *s = &w->slot[i];
		s->is_waited = is_coming(s, now_ms);
		n += s->is_waited;
	}
	return n;
}

uint32_t warm_wait_ms(struct warm *w, uint64_t now_ms)
{
	uint64_t left = 0;

	if (warm_coming(w, now_ms) == 0)
		return 0;
	for (size_t i = 0; i < WARM_AT_ONCE; i++) {
		const struct slot *s = &w->slot[i];
		uint64_t mine = s->is_waited ? s->asked_ms + WARM_WAIT_MS - now_ms : 0;
		left = mine > left ? mine : left;
	}
	return (uint32_t)left;
}

/* Clean circuits to exits that may answer for this port, kin counted once. */
static size_t clean_groups(const struct warm *w, uint16_t port, uint64_t now_ms)
{
	const struct relays *relays = torlink_relays(w->link);
	const struct pathpick want = { .port = port };
	const struct relay *list[CLEAN_EXITS_MAX];
	uint8_t fp[CLEAN_EXITS_MAX][FP_LEN];
	size_t n = circs_clean_exits(torlink_circs(w->link), now_ms, fp, CLEAN_EXITS_MAX), m = 0, groups = 0;

	for (size_t i = 0; i < n && relays != NULL; i++) {
		const struct relay *relay = relays_find(relays, fp[i]);
		if (relay != NULL && pathpick_suits(relays, &want, relay))
			list[m++] = relay;
	}
	/* Without memory for counting they are taken for none: at worst too many are asked for. */
	return m > 0 && relays_groups(relays, list, m, &groups, NULL) == OK ? groups : 0;
}

/* ---- asking ---- */

static bool send_one(struct slot *s, uint64_t now_ms);

static void on_extended(void *arg, enum err err, int code, const char *text)
{
	static const char word[] = "EXTENDED ";
	struct slot *s = arg;
	unsigned long id = 0;
	char *end = NULL;

	s->is_asked = false;
	if (err == OK && strncmp(text, word, sizeof word - 1) == 0 && text[sizeof word - 1] >= '1' && text[sizeof word - 1] <= '9')
		id = strtoul(text + sizeof word - 1, &end, 10);
	if (id != 0 && id <= UINT32_MAX && (*end == '\0' || *end == ' ')) {
		s->circuit = (uint32_t)id;
		return;
	}
	/* 551: tor can't just now. Mostly no path from the exit that it drew; drawn anew it finds one. Nothing is left behind by that. Anything
	 * else it would say again. */
	bool is_refused = err == ERR_TOR_COMMAND && code != 551, was_waited = s->is_waited;
	s->is_waited = false;
	s->all->is_refused |= is_refused;
	/* Not before the window that may have begun since. */
	if (err == ERR_TOR_COMMAND && !is_refused && was_waited && ++s->tries < WARM_TRIES)
		(void)send_one(s, s->asked_ms > s->all->window_ms ? s->asked_ms : s->all->window_ms);
}

static struct slot *free_slot(struct warm *w)
{
	for (size_t i = 0; i < WARM_AT_ONCE; i++)
		if (!w->slot[i].is_asked && !w->slot[i].is_waited)
			return &w->slot[i];
	return NULL;
}

static bool is_in_budget(struct warm *w, uint64_t now_ms)
{
	if (w->in_window == 0 || now_ms - w->window_ms >= WARM_WINDOW_MS) {
		w->window_ms = now_ms;
		w->in_window = 0;
	}
	return w->in_window < WARM_WINDOW_MAX;
}

static bool send_one(struct slot *s, uint64_t now_ms)
{
	static const char *const words[] = { "EXTENDCIRCUIT", "0", NULL };
	struct warm *w = s->all;
	struct torctl_ask ask = { .done = on_extended, .arg = s };

	if (!is_in_budget(w, now_ms) || torlink_send(w->link, words, &ask) != OK)
		return false;
	s->is_asked = s->is_waited = true;
	s->circuit = 0;
	s->asked_ms = now_ms;
	w->in_window++;
	return true;
}

static bool ask_one(struct warm *w, uint64_t now_ms)
{
	struct slot *s = free_slot(w);

	if (s == NULL)
		return false;
	s->tries = 0;
	return send_one(s, now_ms);
}

void warm_ask(struct warm *w, unsigned n, uint16_t port, uint64_t now_ms)
{
	if (w->is_refused || !torlink_is_up(w->link) || !torlink_has_streams(w->link) || !torlink_has_mapaddress(w->link))
		return;
	size_t have = clean_groups(w, port, now_ms) + warm_coming(w, now_ms), asked = 0;
	while (have + asked < n && ask_one(w, now_ms))
		asked++;
	if (asked > 0)
		log_line("circuits asked for ahead: %zu", asked);
}
