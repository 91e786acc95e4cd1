/* `secondexit-collector export [ID...]`: JSON, CSV or mails (contract in collector/verbs.h). */
#include "collector/mail.h"
#include "collector/text.h"
#include "collector/verbs.h"
#include "collector/view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ids { int64_t *id; size_t n, room; bool is_full; };

static bool add_id(struct ids *ids, int64_t id)
{
	if (ids->n == ids->room) {
		size_t room = ids->room > 0 ? ids->room * 2 : 64;
		int64_t *grown = realloc(ids->id, room * sizeof *grown);
		if (grown == NULL) {
			ids->is_full = true;
			return false;
		}
		ids->id = grown;
		ids->room = room;
	}
	ids->id[ids->n++] = id;
	return true;
}

static bool take_id(void *arg, const struct finding_row *f)
{
	return add_id(arg, f->id);
}

static const char csv_head[] = "id,kind,host,port,accused,nickname,address,country,family,state,differs,answered,reports,first_seen,last_seen,"
                               "relay_chosen_hosts,relay_chosen_differs,relay_chosen_answered\r\n";

static void put_csv(struct buf *out, const json_t *f)
{
	static const struct { const char *key; bool is_text, is_relay, is_time; } columns[] = {
		{ "id", false, false, false }, { "kind", true, false, false }, { "host", true, false, false }, { "port", false, false, false },
		{ "accused", true, false, false }, { "nickname", true, true, false }, { "address", true, true, false },
		{ "country", true, true, false }, { "family", true, true, false }, { "state", true, false, false },
		{ "differs", false, false, false }, { "answered", false, false, false }, { "reports", false, false, false },
		{ "first_seen", false, false, true }, { "last_seen", false, false, true }, { "chosen_hosts", false, true, false },
		{ "chosen_differs", false, true, false }, { "chosen_answered", false, true, false },
	};
	const json_t *relay = json_object_get(f, "relay");
	char when[24];

	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		const json_t *from = columns[i].is_relay ? relay : f;
		buf_put(out, ",", i > 0);
		text_time(view_number(from, columns[i].key), when);
		if (columns[i].is_time)
			text_csv(out, when);
		else if (columns[i].is_text)
			text_csv(out, view_text(from, columns[i].key));
		else
			buf_printf(out, "%lld", (long long)view_number(from, columns[i].key));
	}
	buf_put(out, "\r\n", 2);
}

static enum err put_one(struct store *s, const char *format, int64_t id, size_t at, bool *is_there)
{
	struct buf out BUF_AUTO = buf_new(DOOR_ANSWER_MAX);
	json_t *f = NULL;
	enum err err = view_finding(s, id, &f);

	*is_there = f != NULL;
	if (err != OK || f == NULL)
		return err;
	if (strcmp(format, "json") == 0) {
		char *line = json_dumps(f, JSON_COMPACT);
		if (line != NULL)
			puts(line);
		else
			err = ERR_NOMEM;
		free(line);
	} else if (strcmp(format, "csv") == 0) {
		put_csv(&out, f);
	} else {
		buf_printf(&out, "%s", at > 0 ? "\n--------\n\n" : "");
		mail_finding(&out, f);
	}
	json_decref(f);
	if (err == OK)
		err = buf_err(&out);
	if (err == OK && out.len > 0)
		fwrite(out.bytes, 1, out.len, stdout);
	return err;
}

int verb_export(const struct options *o, int argc, char **argv)
{
	struct ids ids = { 0 };
	struct store *s = NULL;
	int status = 0;

	if (strcmp(o->format, "json") != 0 && strcmp(o->format, "csv") != 0 && strcmp(o->format, "mail") != 0)
		return verb_usage("--format is json, csv or mail", o->format);
	if (o->state[0] != '\0' && state_parse(o->state) == STATES)
		return verb_usage("no such state", o->state);
	for (int i = 1; i < argc; i++) {
		char *rest;
		long long id = strtoll(argv[i], &rest, 10);
		if (*rest != '\0' || id < 1 || !add_id(&ids, id)) {
			free(ids.id);
			return verb_usage("not the number of a finding", argv[i]);
		}
	}
	enum err err = store_open(o->store, false, &s);
	if (err == OK && argc == 1)
		err = store_findings(s, o->state, o->relay, o->limit, take_id, &ids);
	if (err == OK && ids.is_full)
		err = ERR_NOMEM;
	if (err == OK && strcmp(o->format, "csv") == 0)
		fputs(csv_head, stdout);
	for (size_t i = 0; err == OK && i < ids.n; i++) {
		bool is_there;
		err = put_one(s, o->format, ids.id[i], i, &is_there);
		if (err == OK && !is_there) {
			fprintf(stderr, "secondexit-collector export: there is no finding %lld\n", (long long)ids.id[i]);
			status = 1;
		}
	}
	free(ids.id);
	store_close(s);
	return err == OK ? status : verb_failed("export", store_complaint(), err);
}
