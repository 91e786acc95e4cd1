/* The public face of downloads (contract in feature/download.h): ids of what runs, numbers of what is held. */
#include "engine/target.h"
#include "feature/download_in.h"
#include "feature/url.h"
#include <ctype.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- names ---- */

const char *download_step_name(enum dl_step s)
{
	static const char *const names[] = {
		[DL_STEP_CHOOSING] = "choosing", [DL_STEP_BUILDING] = "building", [DL_STEP_CONNECTING] = "connecting",
		[DL_STEP_HANDSHAKING] = "handshaking", [DL_STEP_FETCHING] = "fetching", [DL_STEP_COMPARING] = "comparing",
		[DL_STEP_DONE] = "done", [DL_STEP_FAILED] = "failed",
	};
	return (unsigned)s < sizeof names / sizeof *names ? names[s] : "failed";
}

const char *download_class_name(enum dl_class c)
{
	return c == DL_CLASS_EXECUTABLE ? "executable" : c == DL_CLASS_OTHER ? "other" : c == DL_CLASS_TRANSPARENT ? "transparent" : NULL;
}

const char *download_state_name(enum dl_state s)
{
	return s == DL_STATE_HELD ? "held" : s == DL_STATE_FINISHED ? "finished" : s == DL_STATE_BROWSER ? "browser" : "none";
}

/* ---- life ---- */

struct downloads *downloads_new(const struct download_ops *ops, const struct download_sink *sink)
{
	struct downloads *o = calloc(1, sizeof *o);

	if (!o)
		return NULL;
	o->ops = ops;
	o->sink = *sink;
	if (ops && ops->attach)
		ops->attach(ops->arg, o);
	return o;
}

static void classify_end(struct dl_classify *c, enum err err, const struct download_classified *r)
{
	struct downloads *o = c->owner;
	struct dl_classify **at = &o->classifies;
	uint32_t id = c->id;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c);
	o->sink.classified(o->sink.arg, id, err, r);
}

static void classify_cancel(struct dl_classify *c)
{
	const struct download_ops *ops = c->owner->ops;

	if (c->file_id)
		ops->cancel_file(ops->arg, c->file_id);
	classify_end(c, ERR_CANCELLED, NULL);
}

static void end_all(struct downloads *o)
{
	bool was_ending = o->is_ending;

	/* What is held is removed with the rest. */
	o->is_ending = true;
	while (o->classifies)
		classify_cancel(o->classifies);
	while (o->list) {
		struct download *d = o->list;
		if (d->id) {
			dl_end(d, VERDICT_UNDECIDED, REASON_CANCELLED, ERR_CANCELLED);
			dl_deliver(d);
		} else {
			o->list = d->next;
			dl_free(d);
		}
	}
	dl_sites_wipe(o);
	if (o->ops)
		o->ops->wake(o->ops->arg, DL_NEVER);
	o->is_ending = was_ending;
}

void downloads_wipe(struct downloads *o)
{
	end_all(o);
}

void downloads_free(struct downloads *o)
{
	if (!o)
		return;
	o->is_ending = true;
	end_all(o);
	if (o->ops && o->ops->attach)
		o->ops->attach(o->ops->arg, NULL);
	free(o);
}

/* ---- a new one ---- */

static bool has_id(const struct downloads *o, uint32_t id)
{
	for (const struct download *d = o->list; d; d = d->next)
		if (d->id == id)
			return true;
	for (const struct dl_classify *c = o->classifies; c; c = c->next)
		if (c->id == id)
			return true;
	return false;
}

static enum err may_start(const struct downloads *o, uint32_t id)
{
	size_t n = 0;

	if (o->is_ending)
		return ERR_CANCELLED;
	if (id == 0 || has_id(o, id))
		return ERR_MSG_ID;
	for (const struct download *d = o->list; d; d = d->next)
		n += d->id != 0;
	return n >= REQUESTS_MAX ? ERR_MSG_BUSY : OK;
}

static void lower(char *s)
{
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

/* Key in the one form that memory goes by. */
static enum err key_normalise(struct site_key *key)
{
	struct target t;

	if (key->port == 0 || key->host[0] == '\0')
		return ERR_MSG_FIELD;
	enum err err = target_parse(key->host, &t);
	if (err == OK)
		memcpy(key->host, t.host, sizeof key->host);
	else if (err == ERR_TARGET_PRIVATE)
		lower(key->host);
	else
		return err;
	lower(key->first_party);
	return OK;
}

static void put_url(char out[CLIP_URL_MAX + 1], const char *url)
{
	snprintf(out, CLIP_URL_MAX + 1, "%.*s", (int)strcspn(url, "#"), url);
}

static enum err download_new(struct downloads *o, uint32_t id, const struct download_request *r, struct download **out)
{
	struct download *d = calloc(1, sizeof *d);

	if (!d)
		return ERR_NOMEM;
	d->owner = o;
	d->id = id;
	d->request = *r;
	d->request.n_urls = 0;
	/* Whatever the extension says: a page could have started this. */
	if (!r->clicked) {
		d->request.whole_max = r->whole_max < AUTO_WHOLE_MAX ? r->whole_max : AUTO_WHOLE_MAX;
		d->request.budget = r->budget < AUTO_BUDGET_MAX ? r->budget : AUTO_BUDGET_MAX;
	}
	d->file = (struct dlfile)DLFILE_NONE;
	d->has_grown = !r->is_fetch && r->local_size < 0;
	d->entity.length = r->is_fetch ? -1 : r->local_size >= 0 ? r->local_size : r->length;
	if (!r->is_fetch) {
		memcpy(d->entity.etag, r->etag, sizeof d->entity.etag);
		memcpy(d->entity.last_modified, r->last_modified, sizeof d->entity.last_modified);
	}
	d->until = DL_NEVER;
	d->began = o->ops->now(o->ops->arg);
	if (r->n_urls > 0) {
		put_url(d->url, r->url[0]);
		put_url(d->end_url, r->url[r->n_urls - 1]);
	}
	enum err err = key_normalise(&d->request.key);
	if (err != OK) {
		dl_free(d);
		return err;
	}
	for (size_t i = 0; i < r->n_urls; i++)
		fetch_via_add(&d->via, &d->request.key, r->url[i]);
	*out = d;
	return OK;
}

/* What needs no network. */
static void end_early(struct download *d, enum err target)
{
	if (d->url[0] == '\0')
		dl_end(d, VERDICT_UNDECIDED, REASON_START_UNKNOWN, OK);
	else if (d->request.proxy == CERT_PROXY_DIRECT)
		dl_end(d, VERDICT_UNDECIDED, REASON_NOT_TOR, OK);
	else if (d->request.is_fetch && d->request.is_post)
		dl_end(d, VERDICT_UNDECIDED, REASON_POST, OK);
	else if (target != OK)
		dl_end(d, VERDICT_UNDECIDED, REASON_PRIVATE_TARGET, target);
	else if (!d->request.clicked && !limits_auto_take(&d->owner->automatic, dl_now(d), AUTO_DOWNLOADS_MAX))
		dl_end(d, VERDICT_UNDECIDED, REASON_NEEDS_CLICK, OK);
}

static void add(struct downloads *o, struct download *d)
{
	struct download **end = &o->list;

	while (*end)
		end = &(*end)->next;
	*end = d;
}

enum err download_start(struct downloads *o, uint32_t id, const struct download_request *r)
{
	struct download *d;
	struct target t;
	uint16_t port = 0;
	enum err err = may_start(o, id), target = OK;

	for (size_t i = 0; i < r->n_urls && err == OK; i++) {
		enum err each = url_target(r->url[i], &t, &port);
		/* Only the first is asked for; the others need only be addresses. */
		if (i == 0)
			target = each;
		if (each == ERR_HTTP_URL)
			err = ERR_MSG_FIELD;
		else if (i == 0 && each != OK && each != ERR_TARGET_PRIVATE)
			err = each;
	}
	if (err == OK)
		err = download_new(o, id, r, &d);
	if (err != OK)
		return err;
	add(o, d);
	end_early(d, target);
	downloads_pump(o);
	return OK;
}

void download_local(struct downloads *o, uint32_t target, uint64_t size)
{
	for (struct download *d = o->list; d; d = d->next) {
		if (d->id != target || d->request.is_fetch || d->request.local_size >= 0)
			continue;
		d->request.local_size = (int64_t)size;
		if (d->phase == DL_RUNNING) {
			dl_local_done(d, size);
			dl_go_on(d);
		}
		downloads_pump(o);
		return;
	}
}

/* ---- what is held ---- */

static struct download *held(const struct downloads *o, uint32_t number)
{
	for (struct download *d = o->list; d && number; d = d->next)
		if (d->phase == DL_KEPT && d->number == number)
			return d;
	return NULL;
}

enum err download_retry(struct downloads *o, uint32_t id, uint32_t number, bool whole)
{
	struct download *d = held(o, number);
	enum err err = may_start(o, id);

	if (err != OK)
		return err;
	if (!d || d->state != DL_STATE_HELD)
		return ERR_DL_UNKNOWN;
	dl_slots_clear(d, true);
	d->id = id;
	d->phase = DL_WAITING;
	d->began = dl_now(d);
	d->method = d->final_method = DL_METHOD_NONE;
	memset(d->was_tried, 0, sizeof d->was_tried);
	d->is_whole_forced = whole;
	d->request.clicked = true;
	d->are_ranges_none = d->are_ranges_single = false;
	d->turns = (struct fetch_turns){ 0 };
	d->dissent = REASON_NONE;
	d->tor_until = 0;
	d->copy_tries = d->asked = 0;
	d->n_failed = d->n_ranges = 0;
	d->has_more_ranges = false;
	d->last_err = OK;
	downloads_pump(o);
	return OK;
}

enum err download_discard(struct downloads *o, uint32_t number)
{
	struct download *d = held(o, number), **at = &o->list;

	if (!d)
		return ERR_DL_UNKNOWN;
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	dl_free(d);
	return OK;
}

enum err download_keep(struct downloads *o, uint32_t number, char *path, size_t cap)
{
	struct download *d = held(o, number);

	return d && d->can_keep ? dlfile_keep(&d->file, path, cap) : ERR_DL_UNKNOWN;
}

enum err download_show(struct downloads *o, uint32_t number)
{
	const struct download *d = held(o, number);
	char dir[DL_PATH_MAX + 1];
	pid_t pid;

	if (!d || d->state != DL_STATE_FINISHED)
		return ERR_DL_UNKNOWN;
	snprintf(dir, sizeof dir, "%s", d->file.dir);
	/* Through a shell that ends at once: nobody waits for the file manager. */
	char *const argv[] = { "sh", "-c", "xdg-open \"$1\" >/dev/null 2>&1 </dev/null &", "sh", dir, NULL };
	posix_spawn_file_actions_t actions;
	if (posix_spawn_file_actions_init(&actions) != 0)
		return ERR_NOMEM;
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	int failed = posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (!failed)
		(void)waitpid(pid, NULL, 0);
	return failed ? ERR_IO : OK;
}

bool download_cancel(struct downloads *o, uint32_t id)
{
	for (struct dl_classify *c = o->classifies; c; c = c->next)
		if (c->id == id) {
			classify_cancel(c);
			return true;
		}
	for (struct download *d = o->list; d; d = d->next)
		if (id && d->id == id) {
			dl_end(d, VERDICT_UNDECIDED, REASON_CANCELLED, ERR_CANCELLED);
			dl_deliver(d);
			downloads_pump(o);
			return true;
		}
	return false;
}

/* ---- classify ---- */

static void on_classed(void *arg, enum err err, const struct file_class_r *r)
{
	static const enum dl_class classes[] = { [FILE_TRANSPARENT] = DL_CLASS_TRANSPARENT, [FILE_OTHER] = DL_CLASS_OTHER,
	                                         [FILE_EXECUTABLE] = DL_CLASS_EXECUTABLE };
	struct download_classified out = { 0 };

	if (err == OK)
		out = (struct download_classified){
			.class_ = r->class < sizeof classes / sizeof *classes ? classes[r->class] : DL_CLASS_EXECUTABLE, .format = r->format,
			.why = file_why_word((enum file_why)r->why),
		};
	classify_end(arg, err, err == OK ? &out : NULL);
}

enum err download_classify(struct downloads *o, uint32_t id, const struct download_classify *r)
{
	struct file_ask m = { .os = FILE_ON_HERE };
	struct dlfile file = DLFILE_NONE;
	enum err err = may_start(o, id);

	if (err == OK && r->path[0] != '\0')
		err = dlfile_open(&file, r->path);
	struct dl_classify *c = err == OK ? calloc(1, sizeof *c) : NULL;
	if (err == OK && !c)
		err = ERR_NOMEM;
	if (err != OK) {
		dlfile_close(&file);
		return err;
	}
	*c = (struct dl_classify){ .next = o->classifies, .owner = o, .id = id };
	snprintf(m.name, sizeof m.name, "%s", r->name);
	snprintf(m.type, sizeof m.type, "%s", r->content_type);
	err = o->ops->classify(o->ops->arg, &m, r->path[0] != '\0' ? dlfile_reader(&file) : -1, on_classed, c, &c->file_id);
	dlfile_close(&file);
	if (err != OK) {
		free(c);
		return err;
	}
	o->classifies = c;
	return OK;
}
