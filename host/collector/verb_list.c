/* `secondexit-collector list`, `show ID` (contract in collector/verbs.h). */
#include "collector/mail.h"
#include "collector/text.h"
#include "collector/verbs.h"
#include "collector/view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct print { const struct options *o; struct buf out; size_t n; };

/* As much as there is, then the buffer is empty again. */
static void print_flush(struct print *p)
{
	if (p->out.len > 0)
		fwrite(p->out.bytes, 1, p->out.len, stdout);
	buf_drop(&p->out, p->out.len);
}

static void print_json(json_t *o)
{
	char *line = json_dumps(o, JSON_COMPACT);

	puts(line != NULL ? line : "{\"error\":\"out of memory\"}");
	free(line);
	json_decref(o);
}

static bool print_finding(void *arg, const struct finding_row *f)
{
	struct print *p = arg;
	char seen[24], site[HOST_MAX + 8];

	p->n++;
	if (p->o->is_json) {
		print_json(view_finding_row(f));
		return true;
	}
	text_time(f->last_seen, seen);
	snprintf(site, sizeof site, "%s:%u", f->host, f->port);
	buf_printf(&p->out, "%8lld  %-14s %3lld of %-3lld  %-40s  %-11s %7lld  %s  ", (long long)f->id, f->state, (long long)f->differs,
	           (long long)f->answered, f->accused, f->kind, (long long)f->reports, seen);
	text_clean(&p->out, site);
	buf_put(&p->out, "\n", 1);
	print_flush(p);
	return true;
}

static bool print_relay(void *arg, const struct relay_row *r)
{
	struct print *p = arg;

	if (p->o->is_json) {
		print_json(view_relay_row(r));
		return true;
	}
	buf_printf(&p->out, "%-40s  %5lld  %4lld of %-4lld  %7lld  %-2s  ", r->who.fp, (long long)r->chosen_hosts, (long long)r->chosen_differs,
	           (long long)r->chosen_answered, (long long)r->reports, r->who.country);
	text_clean(&p->out, r->who.nickname);
	buf_put(&p->out, "  ", 2);
	text_clean(&p->out, r->who.address);
	buf_put(&p->out, "\n", 1);
	print_flush(p);
	return true;
}

static enum err list(struct store *s, struct print *p)
{
	enum err err = OK;
	bool is_whole = p->o->state[0] == '\0' && p->o->relay[0] == '\0';

	if (!p->o->is_json && is_whole)
		printf("Relays: HOSTS are those of the operator's list where this relay showed something else than independent exits; it ranks by these alone.\n"
		       "%-40s  %5s  %12s  %7s  CC  NICKNAME  ADDRESS\n", "FINGERPRINT", "HOSTS", "DIFFERED", "REPORTS");
	if (is_whole)
		err = store_relays(s, p->o->limit, print_relay, p);
	if (err == OK && !p->o->is_json)
		printf("%sFindings, the latest first\n%8s  %-14s %10s  %-40s  %-11s %7s  %-19s  SITE\n", is_whole ? "\n" : "", "ID", "STATE", "DIFFERED",
		       "ACCUSED", "KIND", "REPORTS", "LAST REPORT (UTC)");
	return err == OK ? store_findings(s, p->o->state, p->o->relay, p->o->limit, print_finding, p) : err;
}

int verb_list(const struct options *o, int argc, char **argv)
{
	struct print p = { .o = o, .out = buf_new(64u * 1024) };
	struct store *s;

	if (argc > 1)
		return verb_usage("unexpected argument", argv[1]);
	if (o->state[0] != '\0' && state_parse(o->state) == STATES)
		return verb_usage("no such state", o->state);
	enum err err = store_open(o->store, false, &s);
	if (err == OK) {
		err = list(s, &p);
		store_close(s);
	}
	buf_free(&p.out);
	return err == OK ? 0 : verb_failed("list", store_complaint(), err);
}

/* --- show --------------------------------------------------------------------------------------------------------- */

static void show_trial(struct buf *out, const json_t *t)
{
	char due[24], ended[24];

	text_time(view_number(t, "due"), due);
	text_time(view_number(t, "ended"), ended);
	buf_printf(out, "  %-9s %-10s due %s  ended %-19s  ", json_is_true(json_object_get(t, "chosen")) ? "chosen" : "reported",
	           view_text(t, "outcome")[0] != '\0' ? view_text(t, "outcome") : "open", due, ended);
	text_clean(out, view_text(t, "host"));
	buf_printf(out, ":%lld", (long long)view_number(t, "port"));
	text_clean(out, view_text(t, "path"));
	const char *reason = view_text(json_object_get(t, "result"), "reason");
	buf_put(out, *reason != '\0' ? "  " : "", *reason != '\0' ? 2 : 0);
	text_clean(out, reason);
	buf_put(out, "\n", 1);
}

static void show_text(struct buf *out, const json_t *f)
{
	const json_t *relay = json_object_get(f, "relay"), *item;
	char first[24], last[24];
	size_t i;

	text_time(view_number(f, "first_seen"), first);
	text_time(view_number(f, "last_seen"), last);
	buf_printf(out, "finding %lld: %s (%lld of %lld)\n  kind     %s\n  site     ", (long long)view_number(f, "id"), view_text(f, "state"),
	           (long long)view_number(f, "differs"), (long long)view_number(f, "answered"), view_text(f, "kind"));
	text_clean(out, view_text(f, "host"));
	buf_printf(out, ":%lld\n  relay    %s  ", (long long)view_number(f, "port"), view_text(f, "accused"));
	text_clean(out, view_text(relay, "nickname"));
	buf_put(out, "  ", 2);
	text_clean(out, view_text(relay, "address"));
	buf_printf(out, "\n  reports  %lld, from %s to %s\n  at hosts of the operator's list: differed at %lld, %lld of %lld trials\ntrials\n",
	           (long long)view_number(f, "reports"), first, last, (long long)view_number(relay, "chosen_hosts"),
	           (long long)view_number(relay, "chosen_differs"), (long long)view_number(relay, "chosen_answered"));
	for (i = 0; (item = json_array_get(json_object_get(f, "trials"), i)) != NULL; i++)
		show_trial(out, item);
	buf_printf(out, "reproduce with\n");
	mail_commands(out, f);
	buf_printf(out, "(--json shows every raw result and the reports themselves)\n");
}

int verb_show(const struct options *o, int argc, char **argv)
{
	struct buf out BUF_AUTO = buf_new(DOOR_ANSWER_MAX);
	struct store *s;
	json_t *f = NULL;
	char *rest;

	if (argc != 2)
		return verb_usage("show needs the number of a finding", argc > 2 ? argv[2] : NULL);
	long long id = strtoll(argv[1], &rest, 10);
	if (*rest != '\0' || id < 1)
		return verb_usage("not the number of a finding", argv[1]);
	enum err err = store_open(o->store, false, &s);
	if (err == OK) {
		err = view_finding(s, id, &f);
		store_close(s);
	}
	if (err != OK)
		return verb_failed("show", store_complaint(), err);
	if (f == NULL) {
		fprintf(stderr, "secondexit-collector show: there is no finding %lld\n", id);
		return 1;
	}
	if (o->is_json) {
		print_json(f);
		return 0;
	}
	show_text(&out, f);
	json_decref(f);
	fwrite(out.bytes, 1, out.len, stdout);
	return 0;
}
