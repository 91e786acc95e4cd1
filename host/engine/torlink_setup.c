/* What is asked right after authentication: events, the SOCKS port, the circuits and streams that are there, GeoIP; then
 * torlink_check goes on with the relays. */
#include "engine/torlink_in.h"
#include "base/clock.h"
#include <string.h>

const char *torlink_value(const struct torctl_line *line, const char *key)
{
	size_t n = strlen(key);

	return !line->is_data && strncmp(line->text, key, n) == 0 && line->text[n] == '=' ? line->text + n + 1 : NULL;
}

static void setup_ask(struct torlink *l, const char *what, void (*line)(void *, const struct torctl_line *),
                      void (*done)(void *, enum err, int, const char *))
{
	const char *words[] = { "GETINFO", what, NULL };
	struct torctl_ask ask = { .line = line, .done = done, .arg = l };
	enum err err = torlink_send(l, words, &ask);

	if (err != OK)
		torlink_end(l, err);
}

/* First listener that we can reach. tor may be asked only about its own machine, so another host's counts only when its control
 * port was there too. */
static void socks_line(void *arg, const struct torctl_line *line)
{
	struct torlink *l = arg;
	const char *at = torlink_value(line, "net/listeners/socks");
	char text[128];
	struct torctl_arg kv = { .value = text, .room = sizeof text };
	struct tor_addr loopback, control = l->place[l->place_at].control;
	bool bad, any_host = tor_addr_parse(control.text, false, &loopback) != OK;

	while (at != NULL && l->socks.len == 0 && torctl_next_arg(&at, &kv, &bad))
		if (tor_addr_parse(text, any_host, &l->socks) != OK)
			l->socks.len = 0;
}

static void circuit_line(void *arg, const struct torctl_line *line)
{
	struct torlink *l = arg;
	const char *text = line->is_data ? line->text : torlink_value(line, "circuit-status");

	if (text != NULL && *text != '\0')
		(void)circs_on_circ(l->circs, text, clock_ms());
}

static void stream_line(void *arg, const struct torctl_line *line)
{
	struct torlink *l = arg;
	const char *text = line->is_data ? line->text : torlink_value(line, "stream-status");

	if (text != NULL && *text != '\0')
		(void)circs_on_stream(l->circs, text, clock_ms(), NULL);
}

static void geoip_line(void *arg, const struct torctl_line *line)
{
	struct torlink *l = arg;
	const char *value = torlink_value(line, "ip-to-country/ipv4-available");

	if (value != NULL)
		l->has_geoip = strcmp(value, "1") == 0;
}

static void on_events_set(void *arg, enum err err, int code, const char *text)
{
	static const char *const words[] = { "SETEVENTS", "SIGNAL", NULL };
	struct torlink *l = arg;

	(void)code;
	(void)text;
	l->has_streams = err == OK;
	/* A filter that keeps streams to itself may still tell of New Identity; if not, nothing is lost. */
	if (err == ERR_TOR_COMMAND && torlink_send(l, words, &(struct torctl_ask){ 0 }) != OK)
		torlink_end(l, ERR_TOR_LOST);
}

void torlink_ask_socks(struct torlink *l)
{
	setup_ask(l, "net/listeners/socks", socks_line, NULL);
}

/* Events first: what happens between them and circuit-status is then seen twice, not never. */
void torlink_set_up(struct torlink *l)
{
	static const char *const words[] = { "SETEVENTS", "STREAM", "CIRC", "SIGNAL", NULL };
	struct torctl_ask ask = { .done = on_events_set, .arg = l };

	l->stage = STAGE_SETUP;
	l->has_geoip = false;
	l->has_mapaddress = !l->no_mapaddress;
	l->socks = l->place[l->place_at].socks;
	enum err err = torlink_send(l, words, &ask);
	if (err != OK) {
		torlink_end(l, err);
		return;
	}
	if (l->socks.len == 0)
		torlink_ask_socks(l);
	setup_ask(l, "circuit-status", circuit_line, NULL);
	setup_ask(l, "stream-status", stream_line, NULL);
	setup_ask(l, "ip-to-country/ipv4-available", geoip_line, NULL);
	torlink_remap(l);
	torlink_check(l);
}
