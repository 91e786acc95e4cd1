/* The text of a report (contract in report/report.h). */
#include "report/report_in.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How deep a report is: report, exits, exit, flags, flag. */
#define DEPTH_MAX 6

struct jwrite { struct buf *out; bool is_pretty, has_entry[DEPTH_MAX]; size_t depth; };

static void put(struct jwrite *w, const char *s)
{
	buf_put(w->out, s, strlen(s));
}

static void line(struct jwrite *w)
{
	if (!w->is_pretty)
		return;
	put(w, "\n");
	for (size_t i = 0; i < w->depth; i++)
		put(w, "  ");
}

static void entry(struct jwrite *w)
{
	if (w->has_entry[w->depth])
		put(w, ",");
	w->has_entry[w->depth] = true;
	line(w);
}

static void opening(struct jwrite *w, const char *bracket)
{
	put(w, bracket);
	w->depth++;
	w->has_entry[w->depth] = false;
}

static void closing(struct jwrite *w, const char *bracket)
{
	const bool had = w->has_entry[w->depth--];

	if (had)
		line(w);
	put(w, bracket);
}

static void key(struct jwrite *w, const char *name)
{
	entry(w);
	buf_printf(w->out, "\"%s\":%s", name, w->is_pretty ? " " : "");
}

static void string(struct jwrite *w, const char *s)
{
	put(w, "\"");
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			put(w, "\\");
		buf_put(w->out, s, 1);
	}
	put(w, "\"");
}

/* "" and NULL: left out. */
static void text_member(struct jwrite *w, const char *name, const char *s)
{
	if (s == NULL || s[0] == '\0')
		return;
	key(w, name);
	string(w, s);
}

static void number_member(struct jwrite *w, const char *name, uint64_t v)
{
	key(w, name);
	buf_printf(w->out, "%" PRIu64, v);
}

static void tri_member(struct jwrite *w, const char *name, enum report_tri v)
{
	if (v == REPORT_LEFT_OUT)
		return;
	key(w, name);
	put(w, v == REPORT_YES ? "true" : "false");
}

static void hex_member(struct jwrite *w, const char *name, const uint8_t *bytes, size_t n, bool is_upper)
{
	char text[65];

	for (size_t i = 0; i < n && 2 * i + 2 < sizeof text; i++)
		snprintf(text + 2 * i, 3, is_upper ? "%02X" : "%02x", bytes[i]);
	text_member(w, name, text);
}

static void base64(struct jwrite *w, const struct report_bytes *b)
{
	const size_t room = sodium_base64_encoded_len(b->len, sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(room);

	if (text == NULL) {
		if (w->out->err == OK)
			w->out->err = ERR_NOMEM;
		return;
	}
	sodium_bin2base64(text, room, b->at, b->len, sodium_base64_VARIANT_ORIGINAL);
	string(w, text);
	free(text);
}

static void put_exit(struct jwrite *w, const struct report_exit *e)
{
	opening(w, "{");
	hex_member(w, "fingerprint", e->fp, sizeof e->fp, true);
	text_member(w, "nickname", e->nickname);
	text_member(w, "address", e->address);
	text_member(w, "country", e->country);
	text_member(w, "family", e->family);
	if (e->n_flags > 0) {
		key(w, "flags");
		opening(w, "[");
		for (size_t i = 0; i < e->n_flags; i++) {
			entry(w);
			string(w, e->flags[i]);
		}
		closing(w, "]");
	}
	closing(w, "}");
}

static void put_chain(struct jwrite *w, const struct report_seen *s)
{
	if (s->n_chain == 0)
		return;
	key(w, "chain");
	opening(w, "[");
	for (size_t i = 0; i < s->n_chain; i++) {
		entry(w);
		base64(w, &s->chain[i]);
	}
	closing(w, "]");
}

static void put_ranges(struct jwrite *w, const struct report_seen *s)
{
	if (s->n_ranges == 0)
		return;
	key(w, "ranges");
	opening(w, "[");
	for (size_t i = 0; i < s->n_ranges; i++) {
		entry(w);
		opening(w, "{");
		number_member(w, "offset", s->ranges[i].offset);
		number_member(w, "length", s->ranges[i].length);
		if (s->ranges[i].bytes.len > 0) {
			key(w, "bytes");
			base64(w, &s->ranges[i].bytes);
		}
		closing(w, "}");
	}
	closing(w, "]");
}

static void put_seen(struct jwrite *w, const struct report_seen *s)
{
	opening(w, "{");
	key(w, "exit");
	put_exit(w, &s->exit);
	text_member(w, "status", report_status_name(s->status));
	if (s->error != 0)
		number_member(w, "error", s->error);
	text_member(w, "source", report_sources[s->source]);
	text_member(w, "agrees", report_agreements[s->agrees]);
	tri_member(w, "valid", s->is_valid);
	tri_member(w, "signed", s->is_signed);
	text_member(w, "why", s->why);
	if (s->has_sha256)
		hex_member(w, "sha256", s->sha256, sizeof s->sha256, false);
	put_chain(w, s);
	if (s->chain_left_out != 0)
		number_member(w, "chain_left_out", s->chain_left_out);
	if (s->http_status != 0)
		number_member(w, "http_status", s->http_status);
	if (s->has_length)
		number_member(w, "length", s->length);
	put_ranges(w, s);
	text_member(w, "address", s->address);
	closing(w, "}");
}

static void put_seens(struct jwrite *w, const char *name, const struct report_seen *list, size_t n)
{
	key(w, name);
	opening(w, "[");
	for (size_t i = 0; i < n; i++) {
		entry(w);
		put_seen(w, &list[i]);
	}
	closing(w, "]");
}

static void put_report(struct jwrite *w, const struct report *r)
{
	char time[REPORT_TIME_LEN + 1] = "";

	opening(w, "{");
	number_member(w, "secondexit_report", REPORT_VERSION);
	text_member(w, "kind", report_kind_name(r->kind));
	text_member(w, "host", r->host);
	number_member(w, "port", r->port);
	text_member(w, "path", r->path);
	(void)report_hour_write(r->hour, time);
	text_member(w, "time", time);
	text_member(w, "verdict", verdict_name(VERDICT_MISMATCH));
	text_member(w, "reason", reason_name(r->reason));
	number_member(w, "k", r->k);
	number_member(w, "asked", r->asked);
	number_member(w, "answered", r->answered);
	text_member(w, "roots", report_rootses[r->roots]);
	text_member(w, "ticker", r->ticker);
	put_seens(w, "first", r->first, r->n_first);
	put_seens(w, "others", r->others, r->n_others);
	text_member(w, "reproduce", r->reproduce);
	key(w, "software");
	opening(w, "{");
	text_member(w, "secondexit", r->version);
	text_member(w, "edition", report_editions[r->edition]);
	text_member(w, "tor", r->tor);
	text_member(w, "browser", r->browser);
	closing(w, "}");
	closing(w, "}");
	if (w->is_pretty)
		put(w, "\n");
}

enum err report_encode(const struct report *r, bool is_pretty, struct buf *out)
{
	struct buf text BUF_AUTO = buf_new(REPORT_FILE_MAX);
	struct jwrite w = { .out = &text, .is_pretty = is_pretty };
	struct report *again = NULL;

	if (r->n_first > REPORT_FIRST_MAX || r->n_others > REPORT_OTHERS_MAX)
		return ERR_REPORT_FIELD;
	put_report(&w, r);
	enum err err = buf_err(&text);
	/* One rule for what a report may hold: the reader's. */
	if (err == OK)
		err = report_decode(rd_of(text.bytes, text.len), !is_pretty, &again, NULL);
	report_free(again);
	if (err != OK)
		return err == ERR_NOMEM || err == ERR_TOO_BIG ? err : ERR_REPORT_FIELD;
	buf_put(out, text.bytes, text.len);
	return buf_err(out);
}
