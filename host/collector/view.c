/* Reviewers' views (contract in collector/view.h). */
#include "collector/view.h"
#include <stdlib.h>
#include <string.h>

const char *view_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s != NULL ? s : "";
}

int64_t view_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Text that isn't UTF-8 can't be in the store (PostgreSQL refuses it, reports are checked); "?" if it is all the same. */
static void put_text(json_t *o, const char *key, const char *s)
{
	json_t *text = json_string(s);

	(void)json_object_set_new(o, key, text != NULL ? text : json_string("?"));
}

static void put_number(json_t *o, const char *key, int64_t n)
{
	(void)json_object_set_new(o, key, json_integer(n));
}

json_t *view_finding_row(const struct finding_row *f)
{
	json_t *o = json_object();

	put_number(o, "id", f->id);
	put_text(o, "kind", f->kind);
	put_text(o, "host", f->host);
	put_number(o, "port", f->port);
	put_text(o, "accused", f->accused);
	put_text(o, "state", f->state);
	put_number(o, "differs", f->differs);
	put_number(o, "answered", f->answered);
	put_number(o, "reports", f->reports);
	put_number(o, "first_seen", f->first_seen);
	put_number(o, "last_seen", f->last_seen);
	put_number(o, "planned", f->planned);
	return o;
}

json_t *view_relay_row(const struct relay_row *r)
{
	json_t *o = json_object();

	put_text(o, "fingerprint", r->who.fp);
	put_text(o, "nickname", r->who.nickname);
	put_text(o, "address", r->who.address);
	put_text(o, "country", r->who.country);
	put_text(o, "family", r->who.family);
	put_number(o, "reports", r->reports);
	put_number(o, "findings", r->findings);
	put_number(o, "chosen_hosts", r->chosen_hosts);
	put_number(o, "chosen_differs", r->chosen_differs);
	put_number(o, "chosen_answered", r->chosen_answered);
	put_number(o, "last_seen", r->last_seen);
	return o;
}

static bool take_finding(void *arg, const struct finding_row *f)
{
	*(json_t **)arg = view_finding_row(f);
	return true;
}

static bool add_finding(void *arg, const struct finding_row *f)
{
	return json_array_append_new(arg, view_finding_row(f)) == 0;
}

static bool take_relay(void *arg, const struct relay_row *r)
{
	*(json_t **)arg = view_relay_row(r);
	return true;
}

static bool add_trial(void *arg, const struct trial *t)
{
	json_t *o = json_object(), *result = json_loads(t->raw, 0, NULL);

	(void)json_object_set_new(o, "chosen", json_boolean(t->is_chosen));
	put_text(o, "host", t->host);
	put_number(o, "port", t->port);
	put_text(o, "path", t->path);
	put_number(o, "due", t->due);
	put_number(o, "began", t->began);
	put_number(o, "ended", t->ended);
	put_number(o, "tries", t->tries);
	put_text(o, "outcome", t->outcome);
	(void)json_object_set_new(o, "result", result != NULL ? result : json_null());
	return json_array_append_new(arg, o) == 0;
}

static bool add_report(void *arg, const struct report_row *r)
{
	json_t *o = json_object(), *body = json_loads(r->body, 0, NULL);

	put_number(o, "id", r->id);
	put_text(o, "digest", r->digest);
	put_number(o, "received", r->received);
	(void)json_object_set_new(o, "report", body != NULL ? body : json_null());
	return json_array_append_new(arg, o) == 0;
}

enum err view_finding(struct store *s, int64_t id, json_t **out)
{
	json_t *o = NULL, *relay = NULL, *trials = json_array(), *reports = json_array();
	enum err err = store_finding(s, id, take_finding, &o);

	if (err == OK && o != NULL)
		err = store_relay(s, view_text(o, "accused"), take_relay, &relay);
	if (err == OK && o != NULL)
		err = store_trials(s, id, add_trial, trials);
	if (err == OK && o != NULL)
		err = store_reports(s, id, VIEW_REPORTS_MAX, add_report, reports);
	if (err == OK && o != NULL) {
		(void)json_object_set_new(o, "relay", relay != NULL ? relay : json_null());
		(void)json_object_set_new(o, "trials", trials);
		(void)json_object_set_new(o, "latest_reports", reports);
		*out = o;
		return OK;
	}
	json_decref(o);
	json_decref(relay);
	json_decref(trials);
	json_decref(reports);
	*out = NULL;
	return err;
}

enum err view_relay(struct store *s, const char *fp, unsigned n, json_t **out)
{
	json_t *o = NULL, *list = json_array();
	enum err err = store_relay(s, fp, take_relay, &o);

	if (err == OK && o != NULL)
		err = store_findings(s, "", fp, n, add_finding, list);
	if (err == OK && o != NULL) {
		(void)json_object_set_new(o, "list", list);
		*out = o;
		return OK;
	}
	json_decref(o);
	json_decref(list);
	*out = NULL;
	return err;
}
