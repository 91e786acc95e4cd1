/* What is taken (contract in collector/intake.h). */
#include "collector/intake.h"
#include "engine/target.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Reports are rounded to the hour and may wait for a retry or in a file: a day ahead, for clocks that are wrong, and a year back. */
#define HOURS_AHEAD 24
#define HOURS_BACK (366 * 24)

/* The web's TLS and mail's (RFC 8314: 465, 993, 995); for what came without TLS, the web's other ports too. */
static const uint16_t tls_ports[] = { 443, 8443, 465, 993, 995 };
static const uint16_t web_ports[] = { 80, 443, 8080, 8443 };

static bool port_is_in(const uint16_t *ports, size_t n, uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (ports[i] == port)
			return true;
	return false;
}

enum err intake_target(const struct intake *in, enum report_kind kind, const char *host, uint16_t port)
{
	bool is_web = report_kind_is_fetched(report_kind_name(kind));
	struct target t;

	if (target_parse(host, &t) != OK || strcmp(t.host, host) != 0 || list_denies(in->denied, t.host))
		return ERR_REPORT_TARGET;
	if (!(is_web ? port_is_in(web_ports, sizeof web_ports / sizeof *web_ports, port)
	             : port_is_in(tls_ports, sizeof tls_ports / sizeof *tls_ports, port)) &&
	    !port_is_in(in->more_ports, in->n_more_ports, port))
		return ERR_REPORT_TARGET;
	return OK;
}

static void accused_of(const struct report_exit *e, struct accused *out)
{
	sodium_bin2hex(out->fp, sizeof out->fp, e->fp, FP_LEN);
	for (char *c = out->fp; *c != '\0'; c++)
		if (*c >= 'a')
			*c = (char)(*c - 'a' + 'A');
	snprintf(out->nickname, sizeof out->nickname, "%s", e->nickname);
	snprintf(out->address, sizeof out->address, "%s", e->address);
	snprintf(out->country, sizeof out->country, "%s", e->country);
	snprintf(out->family, sizeof out->family, "%s", e->family);
}

static enum err take_report(const struct intake *in, const struct report *r, int64_t now, uint64_t now_ms, struct intake_item *item)
{
	uint8_t fp[REPORT_FIRST_MAX][FP_LEN];
	int64_t hour = now / 3600;
	enum err err = intake_target(in, r->kind, r->host, r->port);

	if (err == OK && ((int64_t)r->hour > hour + HOURS_AHEAD || (int64_t)r->hour < hour - HOURS_BACK))
		err = ERR_REPORT_TIME;
	if (err != OK)
		return err;
	for (size_t i = 0; i < r->n_first; i++) {
		memcpy(fp[i], r->first[i].exit.fp, FP_LEN);
		accused_of(&r->first[i].exit, &item->who[i]);
	}
	item->n_who = r->n_first;
	item->kind = report_kind_name(r->kind);
	memcpy(item->host, r->host, sizeof item->host);
	if (in->rate != NULL && (err = rate_take(in->rate, now_ms, (const uint8_t (*)[FP_LEN])fp, r->n_first)) != OK)
		return err;
	item->row = (struct new_report){ .received = now, .hour = r->hour, .kind = item->kind, .host = item->host, .port = r->port,
	                                 .accused = item->who, .n = item->n_who };
	crypto_generichash(item->row.digest, sizeof item->row.digest, item->text.bytes, item->text.len, NULL, 0);
	return OK;
}

enum err intake_take(const struct intake *in, struct rd envelope, int64_t now, uint64_t now_ms, struct intake_item *item)
{
	struct report_keys pairs[KEYS_MAX];
	struct report *r = NULL;

	*item = (struct intake_item){ .text = buf_new(REPORT_TEXT_MAX + 1) };
	for (size_t i = 0; i < in->keys->n; i++)
		pairs[i] = (struct report_keys){ in->keys->pub[i], in->keys->sec[i] };
	enum err err = report_open(envelope, pairs, in->keys->n, &item->text, &item->ticket, &item->has_ticket);
	if (err == OK)
		/* One text for each report: what isn't it is refused, so that duplicates are found. */
		err = report_decode(rd_of(item->text.bytes, item->text.len), true, &r, NULL);
	if (err == OK)
		err = take_report(in, r, now, now_ms, item);
	report_free(r);
	if (err != OK)
		return err;
	buf_u8(&item->text, 0);
	item->row.body = (const char *)item->text.bytes;
	return buf_err(&item->text);
}

void intake_item_free(struct intake_item *item)
{
	sodium_memzero(&item->ticket, sizeof item->ticket);
	buf_free(&item->text);
}

unsigned intake_status(enum err why)
{
	switch (why) {
	case OK:
		return 200;
	case ERR_TOO_BIG:
		return 413;
	case ERR_REPORT_RATE: case ERR_REPORT_RELAY_RATE:
		return 429;
	case ERR_REPORT_STORE: case ERR_NOMEM:
		return 503;
	default:
		return 400;
	}
}
