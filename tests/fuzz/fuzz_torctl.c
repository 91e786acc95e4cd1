// uses: host/engine/torctl.c host/engine/circs.c host/engine/circs_event.c host/engine/circs_ask.c host/engine/relays.c host/engine/relays_load.c host/engine/relays_policy.c host/engine/relays_group.c host/engine/words.c host/base/buf.c host/base/err.c
// libs: -lsodium
/* What a control port may send: torctl_feed, and what is made of its events (circs_on_stream, circs_on_circ). The first byte says into
 * which pieces the rest is cut; any cut must give the same. */
#include "engine/circs.h"
#include "engine/torctl.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct seen { struct circs *circs; uint64_t sum; int done; };

static void mix(struct seen *s, const char *text, size_t len, uint64_t kind)
{
	for (size_t i = 0; i <= len; i++)
		s->sum = s->sum * 1099511628211u + (uint8_t)text[i] + kind;
}

static void on_event(void *arg, const struct torctl_line *line, bool is_first)
{
	struct seen *s = arg;

	mix(s, line->text, line->len, is_first);
	if (strlen(line->text) != line->len)
		abort();
	if (strncmp(line->text, "STREAM ", 7) == 0)
		(void)circs_on_stream(s->circs, line->text + 7, 1, NULL);
	else if (strncmp(line->text, "CIRC ", 5) == 0)
		(void)circs_on_circ(s->circs, line->text + 5, 1);
}

static void on_line(void *arg, const struct torctl_line *line)
{
	char value[16];
	struct torctl_arg kv = { .value = value, .room = sizeof value };
	const char *at = line->text;
	bool bad;

	mix(arg, line->text, line->len, (uint64_t)line->code);
	while (torctl_next_arg(&at, &kv, &bad))
		if (kv.len >= sizeof value || strlen(kv.key) >= sizeof kv.key)
			abort();
	if (*at != '\0')
		abort();
}

static void on_done(void *arg, enum err err, int code, const char *text)
{
	struct seen *s = arg;

	s->done++;
	mix(s, text, strlen(text), (uint64_t)err + (uint64_t)code);
}

static uint64_t run(const uint8_t *bytes, size_t n, size_t piece)
{
	static const char *const words[] = { "GETINFO", "x", NULL };
	struct seen s = { .circs = circs_new() };
	struct torctl *c = torctl_new(on_event, &s);
	struct torctl_ask ask = { on_line, on_done, &s };

	if (c == NULL || s.circs == NULL)
		abort();
	for (int i = 0; i < 4; i++)
		if (torctl_send(c, words, &ask) != OK)
			abort();
	for (size_t at = 0; at < n; at += piece)
		if (torctl_feed(c, bytes + at, piece < n - at ? piece : n - at) != OK)
			break;
	torctl_free(c, ERR_TOR_LOST);
	if (s.done != 4)
		abort();   /* every command ends once, whatever came */
	struct circs_path path[CANDIDATES_MAX];
	struct circs_wanted want = { "a.test", 443, "a.test", "", "", false };
	size_t found = circs_candidates(s.circs, &want, path);
	for (size_t i = 0; i < found; i++)
		if (path[i].n == 0 || path[i].n > HOPS_MAX)
			abort();
	circs_free(s.circs);
	return s.sum + found;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (n == 0)
		return 0;
	size_t piece = 1 + bytes[0] % 61;
	if (run(bytes + 1, n - 1, piece) != run(bytes + 1, n - 1, n))
		abort();
	return 0;
}
