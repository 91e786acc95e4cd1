/* Strict decoding of a report (contract in report/report.h): member by member in the order of shared/report.md. */
#include "report/jread.h"
#include "report/report_in.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One decoding. */
struct decode { struct jread j; struct report *r; };

static bool is_line(unsigned char c)
{
	return c >= 0x20 && c <= 0x7e;
}

static bool is_name(unsigned char c)
{
	return c > 0x20 && c <= 0x7e;
}

static bool is_host(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':';
}

static bool is_country(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '?';
}

/* A command that somebody may paste into a shell: nothing that a shell reads in a way of its own, but for brackets. */
static bool is_command(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || is_host(c) || c == ' ' || c == '/' || c == '[' || c == ']' || c == '=';
}

/* Exactly n bytes in hexadecimal of one case. */
static void take_hex(struct jread *j, uint8_t *out, size_t n, bool is_upper)
{
	char text[65], again[65];
	size_t got = 0;

	jread_text(j, text, 2 * n, 2 * n + 1, NULL);
	if (j->err != OK)
		return;
	if (sodium_hex2bin(out, n, text, 2 * n, NULL, &got, NULL) != 0 || got != n) {
		jread_wrong(j);
		return;
	}
	for (size_t i = 0; i < n; i++)
		snprintf(again + 2 * i, 3, is_upper ? "%02X" : "%02x", out[i]);
	if (strcmp(text, again) != 0)
		jread_wrong(j);
}

/* Base64 with padding into the report's bytes; 1..max bytes. */
static struct report_bytes take_base64(struct decode *d, size_t max)
{
	struct rd raw = jread_raw(&d->j);
	struct report *r = d->r;
	size_t n = 0;

	if (d->j.err != OK)
		return (struct report_bytes){ 0 };
	/* There is room for the whole text, and this is shorter. */
	uint8_t *to = r->bytes + r->n_bytes;
	if (raw.left == 0 || raw.left % 4 != 0 || raw.left / 4 > (max + 2) / 3 || raw.left > r->room - r->n_bytes ||
	    sodium_base642bin(to, raw.left / 4 * 3, (const char *)raw.at, raw.left, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    n == 0 || n > max) {
		jread_wrong(&d->j);
		return (struct report_bytes){ 0 };
	}
	r->n_bytes += n;
	return (struct report_bytes){ to, (uint32_t)n };
}

/* A text that stays in the report's bytes. */
static const char *take_kept(struct decode *d, size_t cap)
{
	struct report *r = d->r;
	char *to = (char *)r->bytes + r->n_bytes;
	const size_t room = r->room - r->n_bytes;

	jread_text(&d->j, to, 1, room < cap ? room : cap, NULL);
	if (d->j.err != OK)
		return NULL;
	r->n_bytes += strlen(to) + 1;
	return to;
}

static void take_exit(struct jread *j, struct report_exit *e)
{
	struct jobject o;

	jread_object(j, &o, report_exit_members);
	if (jread_member(j, &o, "fingerprint", true))
		take_hex(j, e->fp, sizeof e->fp, true);
	if (jread_member(j, &o, "nickname", false))
		jread_text(j, e->nickname, 1, sizeof e->nickname, is_name);
	if (jread_member(j, &o, "address", false))
		jread_text(j, e->address, 1, sizeof e->address, is_name);
	if (jread_member(j, &o, "country", false)) {
		jread_text(j, e->country, 2, sizeof e->country, is_country);
		if ((e->country[0] == '?') != (e->country[1] == '?'))
			jread_wrong(j);
	}
	if (jread_member(j, &o, "family", false))
		jread_text(j, e->family, 1, sizeof e->family, is_line);
	if (jread_member(j, &o, "flags", false)) {
		jread_array(j);
		for (; jread_entry(j, e->n_flags); e->n_flags++) {
			if (e->n_flags == REPORT_FLAGS_MAX) {
				jread_wrong(j);
				return;
			}
			jread_text(j, e->flags[e->n_flags], 1, REPORT_FLAG_MAX, is_name);
		}
		if (e->n_flags == 0)
			jread_wrong(j);
	}
	jread_object_end(j, &o);
}

static void take_chain(struct decode *d, struct report_seen *s)
{
	jread_array(&d->j);
	for (; jread_entry(&d->j, s->n_chain); s->n_chain++) {
		if (s->n_chain == CHAIN_MAX) {
			jread_wrong(&d->j);
			return;
		}
		s->chain[s->n_chain] = take_base64(d, CERT_MAX);
	}
	if (s->n_chain == 0)
		jread_wrong(&d->j);
}

static void take_ranges(struct decode *d, struct report_seen *s)
{
	uint64_t end = 0, sum = 0;

	jread_array(&d->j);
	for (; jread_entry(&d->j, s->n_ranges); s->n_ranges++) {
		struct jobject o;
		if (s->n_ranges == REPORT_RANGES_MAX) {
			jread_wrong_field(&d->j, "ranges");
			return;
		}
		struct report_range *range = &s->ranges[s->n_ranges];
		jread_object(&d->j, &o, report_range_members);
		if (jread_member(&d->j, &o, "offset", true))
			range->offset = jread_number(&d->j, 0, REPORT_NUMBER_MAX);
		if (jread_member(&d->j, &o, "length", true))
			range->length = jread_number(&d->j, 1, REPORT_NUMBER_MAX);
		if (jread_member(&d->j, &o, "bytes", false)) {
			range->bytes = take_base64(d, REPORT_RANGES_BYTES_MAX);
			if (range->bytes.len != range->length)
				jread_wrong(&d->j);
		}
		jread_object_end(&d->j, &o);
		sum += range->bytes.len;
		if (range->offset < end || sum > REPORT_RANGES_BYTES_MAX)
			jread_wrong_field(&d->j, "ranges");
		end = range->offset + range->length;
		if (end > REPORT_NUMBER_MAX || (s->has_length && end > s->length))
			jread_wrong_field(&d->j, "ranges");
	}
	if (s->n_ranges == 0)
		jread_wrong_field(&d->j, "ranges");
}

/* A member that only some statuses have. */
static bool take_if(struct jread *j, struct jobject *o, const char *name, bool fits)
{
	if (!jread_member(j, o, name, false))
		return false;
	if (!fits)
		jread_wrong(j);
	return fits;
}

static enum report_tri take_tri(struct jread *j)
{
	return jread_bool(j) ? REPORT_YES : REPORT_NO;
}

static void take_seen(struct decode *d, struct report_seen *s)
{
	struct jread *j = &d->j;
	struct jobject o;

	jread_object(j, &o, report_seen_members);
	if (jread_member(j, &o, "exit", true))
		take_exit(j, &s->exit);
	if (jread_member(j, &o, "status", true)) {
		s->status = (enum report_status)jread_choice(j, report_statuses, REPORT_STATUSES);
		if (!report_status_fits(d->r->kind, s->status))
			jread_wrong(j);
	}
	const bool is_cert = s->status == REPORT_SAW_CERTIFICATE, is_file = s->status == REPORT_SAW_FILE;
	const bool is_tls = d->r->kind == REPORT_CERTIFICATE || d->r->kind == REPORT_HTTPS;
	const bool is_page = s->status == REPORT_SAW_ADDRESS || s->status == REPORT_SAW_ABSENT;
	if (take_if(j, &o, "error", s->status == REPORT_SAW_FAILED || s->status == REPORT_SAW_NO_TLS))
		s->error = (uint32_t)jread_number(j, 1000, 9999);
	if (take_if(j, &o, "source", is_tls))
		s->source = (enum report_source)jread_choice(j, report_sources, 3);
	if (take_if(j, &o, "agrees", is_cert))
		s->agrees = (enum report_agrees)jread_choice(j, report_agreements, 4);
	if (take_if(j, &o, "valid", is_cert))
		s->is_valid = take_tri(j);
	if (take_if(j, &o, "signed", is_cert))
		s->is_signed = take_tri(j);
	if (take_if(j, &o, "why", is_cert))
		jread_text(j, s->why, 1, sizeof s->why, NULL);
	if (take_if(j, &o, "sha256", is_cert || is_file)) {
		take_hex(j, s->sha256, sizeof s->sha256, false);
		s->has_sha256 = true;
	}
	if (take_if(j, &o, "chain", is_cert))
		take_chain(d, s);
	if (take_if(j, &o, "chain_left_out", is_cert))
		s->chain_left_out = (uint32_t)jread_number(j, 1, CHAIN_MAX);
	if (take_if(j, &o, "http_status", is_file || is_page))
		s->http_status = (uint32_t)jread_number(j, 100, 599);
	if (take_if(j, &o, "length", is_file)) {
		s->length = jread_number(j, 0, REPORT_NUMBER_MAX);
		s->has_length = true;
	}
	if (take_if(j, &o, "ranges", is_file))
		take_ranges(d, s);
	if (s->status == REPORT_SAW_ADDRESS ? jread_member(j, &o, "address", true) : take_if(j, &o, "address", false))
		s->address = take_kept(d, ADDR_TEXT_MAX);
	jread_object_end(j, &o);
}

static size_t take_seens(struct decode *d, const char *name, struct report_seen *list, size_t min, size_t max)
{
	size_t n = 0;

	jread_array(&d->j);
	for (; jread_entry(&d->j, n); n++) {
		if (n == max) {
			jread_wrong_field(&d->j, name);
			return 0;
		}
		take_seen(d, &list[n]);
	}
	if (n < min)
		jread_wrong(&d->j);
	return n;
}

static void take_software(struct jread *j, struct report *r)
{
	struct jobject o;

	jread_object(j, &o, report_software_members);
	if (jread_member(j, &o, "secondexit", true))
		jread_text(j, r->version, 1, sizeof r->version, is_name);
	if (jread_member(j, &o, "edition", false))
		r->edition = (enum report_edition)jread_choice(j, report_editions, 4);
	if (jread_member(j, &o, "tor", false))
		jread_text(j, r->tor, 1, sizeof r->tor, is_line);
	if (jread_member(j, &o, "browser", false))
		jread_text(j, r->browser, 1, sizeof r->browser, is_line);
	jread_object_end(j, &o);
}

static void take_time(struct jread *j, struct report *r)
{
	char text[REPORT_TIME_LEN + 1];

	jread_text(j, text, REPORT_TIME_LEN, sizeof text, is_name);
	if (j->err == OK && !report_hour_read(text, &r->hour))
		jread_wrong(j);
}

static void take_reason(struct jread *j, struct report *r)
{
#define NAME(reason, wire) wire,
	static const char *const names[REASON_COUNT] = { REASON_TABLE(NAME) };
#undef NAME
	r->reason = (enum reason)jread_choice(j, names, REASON_COUNT);
}

static void take_host(struct jread *j, struct report *r)
{
	jread_text(j, r->host, 1, sizeof r->host, is_host);
	const size_t n = strlen(r->host);
	if (n > 0 && r->host[n - 1] == '.')
		jread_wrong(j);
}

/* What stands in front of the exits. */
static void take_question(struct jread *j, struct jobject *o, struct report *r)
{
	static const char *const mismatch[] = { "mismatch" };

	if (jread_member(j, o, "kind", true))
		r->kind = (enum report_kind)jread_choice(j, report_kinds, REPORT_KINDS);
	if (jread_member(j, o, "host", true))
		take_host(j, r);
	if (jread_member(j, o, "port", true))
		r->port = (uint16_t)jread_number(j, 1, 65535);
	if (jread_member(j, o, "path", false)) {
		jread_text(j, r->path, 1, sizeof r->path, is_name);
		if (r->path[0] != '/')
			jread_wrong(j);
	}
	if (jread_member(j, o, "time", true))
		take_time(j, r);
	if (jread_member(j, o, "verdict", true))
		(void)jread_choice(j, mismatch, 1);
	if (jread_member(j, o, "reason", true))
		take_reason(j, r);
	if (jread_member(j, o, "k", true))
		r->k = (uint32_t)jread_number(j, 1, K_MAX);
	if (jread_member(j, o, "asked", true))
		r->asked = (uint32_t)jread_number(j, 0, 1000);
	if (jread_member(j, o, "answered", true))
		r->answered = (uint32_t)jread_number(j, 0, 1000);
	if (take_if(j, o, "roots", r->kind == REPORT_CERTIFICATE || r->kind == REPORT_HTTPS))
		r->roots = (enum report_roots)jread_choice(j, report_rootses, 4);
	if (r->kind == REPORT_COPY ? jread_member(j, o, "ticker", true) : take_if(j, o, "ticker", false))
		jread_text(j, r->ticker, 1, sizeof r->ticker, NULL);
}

static void take_report(struct decode *d)
{
	struct report *r = d->r;
	struct jread *j = &d->j;
	struct jobject o;

	jread_object(j, &o, report_members);
	if (jread_member(j, &o, "secondexit_report", true) && jread_number(j, 0, UINT32_MAX) != REPORT_VERSION && j->err == OK) {
		j->err = ERR_REPORT_VERSION;
		return;
	}
	take_question(j, &o, r);
	if (jread_member(j, &o, "first", true))
		r->n_first = take_seens(d, "first", r->first, 1, REPORT_FIRST_MAX);
	if (jread_member(j, &o, "others", true))
		r->n_others = take_seens(d, "others", r->others, 0, REPORT_OTHERS_MAX);
	if (jread_member(j, &o, "reproduce", false)) {
		static const char program[] = "secondexit ";
		jread_text(j, r->reproduce, 1, sizeof r->reproduce, is_command);
		if (strncmp(r->reproduce, program, sizeof program - 1) != 0)
			jread_wrong(j);
	}
	if (jread_member(j, &o, "software", true))
		take_software(j, r);
	jread_object_end(j, &o);
	jread_end(j);
}

enum err report_decode(struct rd text, bool is_canonical, struct report **out, char *wrong)
{
	struct decode d = { .j = { .in = text, .is_tight = is_canonical } };

	if (wrong != NULL)
		wrong[0] = '\0';
	if (text.bad)
		return ERR_REPORT_JSON;
	if (text.left > REPORT_FILE_MAX)
		return ERR_TOO_BIG;
	d.r = report_new();
	if (d.r == NULL)
		return ERR_NOMEM;
	/* Room for all that can be kept (base64 shrinks, a text's quotes become a NUL), at once: what points into it must not move. */
	d.r->room = text.left + 1;
	d.r->bytes = malloc(d.r->room);
	if (d.r->bytes == NULL) {
		report_free(d.r);
		return ERR_NOMEM;
	}
	take_report(&d);
	if (d.j.err != OK) {
		if (d.j.err == ERR_REPORT_FIELD && d.j.field[0] == '\0')
			d.j.err = ERR_REPORT_JSON;   /* not even an object, or a name too long for a field's */
		if (wrong != NULL && d.j.err == ERR_REPORT_FIELD)
			snprintf(wrong, REPORT_WRONG_MAX, "%s", d.j.field);
		report_free(d.r);
		return d.j.err;
	}
	*out = d.r;
	return OK;
}
