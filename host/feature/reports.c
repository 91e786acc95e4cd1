/* What can be reported, and one of them as text (contract in reports.h). */
#include "feature/reports_in.h"
#include "feature/report_fill.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct reports *reports_new(const struct report_ops *ops, const struct report_sink *sink)
{
	struct reports *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->ops = ops;
	r->sink = *sink;
	for (size_t i = 0; i < FINDINGS_MAX; i++)
		r->kept[i].text = buf_new(REPORT_TEXT_MAX);
	if (ops != NULL && ops->attach != NULL)
		ops->attach(ops->arg, r);
	return r;
}

bool reports_has_id(const struct reports *r, uint32_t id)
{
	for (const struct build *b = r->builds; b != NULL; b = b->next)
		if (b->id == id)
			return true;
	for (size_t i = 0; i < REPORT_SENDS_MAX; i++)
		if (r->sendings[i] != NULL && r->sendings[i]->id == id)
			return true;
	return false;
}

/* ---- what is kept ---- */

static bool key_is(const struct site_key *a, const struct site_key *b)
{
	return a->port == b->port && a->private_id == b->private_id && a->container == b->container && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->first_party, b->first_party) == 0;
}

static struct kept *kept_find(struct reports *r, const struct site_key *key, enum report_kind kind)
{
	for (size_t i = 0; i < FINDINGS_MAX; i++)
		if (r->kept[i].turn != 0 && r->kept[i].kind == kind && key_is(&r->kept[i].key, key))
			return &r->kept[i];
	return NULL;
}

static struct kept *kept_oldest(struct reports *r)
{
	struct kept *oldest = &r->kept[0];

	for (size_t i = 1; i < FINDINGS_MAX; i++)
		if (r->kept[i].turn < oldest->turn)
			oldest = &r->kept[i];
	return oldest;
}

/* Leaves certificates out, the least telling first. False: there is nothing left to leave out. */
static bool shorten(struct report *r)
{
	struct report_seen *largest = NULL;
	size_t most = 0;

	for (int is_first = 0; is_first < 2 && largest == NULL; is_first++) {
		struct report_seen *list = is_first ? r->first : r->others;
		for (size_t i = 0; i < (is_first ? r->n_first : r->n_others); i++)
			if (list[i].n_chain > 0 && list[i].chain[list[i].n_chain - 1].len > most) {
				most = list[i].chain[list[i].n_chain - 1].len;
				largest = &list[i];
			}
	}
	if (largest == NULL)
		return false;
	largest->n_chain--;
	if (largest->chain_left_out < CHAIN_MAX)
		largest->chain_left_out++;
	return true;
}

/* Keeps a filled report's text. */
static void note(struct reports *r, const struct site_key *key, struct report *report)
{
	struct buf text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
	enum err err;

	report->hour = (uint32_t)(r->ops->wall(r->ops->arg) / 3600);
	memcpy(report->version, SECONDEXIT_VERSION, sizeof SECONDEXIT_VERSION);
	while ((err = report_encode(report, false, &text)) == ERR_TOO_BIG && shorten(report))
		buf_free(&text);
	if (err != OK)
		return;
	struct kept *k = kept_find(r, key, report->kind);
	if (k == NULL)
		k = kept_oldest(r);
	buf_free(&k->text);
	k->key = *key;
	k->kind = report->kind;
	k->turn = ++r->turn;
	k->text = text;
	text = buf_new(0);   /* moved */
}

void reports_note_cert(struct reports *r, const struct cert_result *res, const struct chains *chains)
{
	struct report *report = res->verdict == VERDICT_MISMATCH ? report_new() : NULL;

	if (report != NULL && report_fill_cert(report, res, chains))
		note(r, res->key, report);
	report_free(report);
}

void reports_note_clip(struct reports *r, const struct clip_result *res)
{
	struct report *report = res->verdict == VERDICT_MISMATCH ? report_new() : NULL;

	if (report != NULL && report_fill_clip(report, res))
		note(r, res->key, report);
	report_free(report);
}

void reports_note_download(struct reports *r, const struct download_result *res)
{
	struct report *report = res->verdict == VERDICT_MISMATCH ? report_new() : NULL;

	if (report != NULL && report_fill_download(report, res))
		note(r, res->key, report);
	report_free(report);
}

const struct buf *reports_last(const struct reports *r)
{
	const struct kept *newest = &r->kept[0];

	for (size_t i = 1; i < FINDINGS_MAX; i++)
		if (r->kept[i].turn > newest->turn)
			newest = &r->kept[i];
	return newest->turn != 0 ? &newest->text : NULL;
}

/* ---- building ---- */

/* Off the list; it is freed by who took it. */
static void build_take(const struct build *b)
{
	struct build **at = &b->all->builds;

	while (*at != NULL && *at != b)
		at = &(*at)->next;
	if (*at != NULL)
		*at = b->next;
}

static void build_free(struct build *b)
{
	report_free(b->report);
	free(b);
}

/* Of one that is off the list. */
static void build_end(struct build *b, enum err err)
{
	struct reports *r = b->all;
	struct buf text BUF_AUTO = buf_new(REPORT_FILE_MAX);
	const uint32_t id = b->id;

	if (err == OK)
		err = report_encode(b->report, true, &text);
	build_free(b);
	r->sink.built(r->sink.arg, id, err, err == OK ? &text : NULL);
}

/* Tor's version is shown where it is known. */
static void on_status(void *arg, enum err err, const struct net_status *s)
{
	struct build *b = arg;

	b->net_id = 0;
	if (err == OK) {
		size_t n = strnlen(s->tor_version, sizeof b->report->tor - 1);
		memcpy(b->report->tor, s->tor_version, n);
		b->report->tor[n] = '\0';
		for (size_t i = 0; i < n; i++)
			if (s->tor_version[i] < 0x20 || s->tor_version[i] > 0x7e)
				b->report->tor[0] = '\0';
	}
	build_take(b);
	build_end(b, OK);
}

enum err reports_build(struct reports *r, uint32_t id, const struct report_build_request *m, enum report_edition edition)
{
	struct kept *k = kept_find(r, &m->key, m->about);

	if (id == 0 || reports_has_id(r, id))
		return ERR_MSG_ID;
	if (k == NULL)
		return ERR_REPORT_NONE;
	struct build *b = calloc(1, sizeof *b);
	if (b == NULL)
		return ERR_NOMEM;
	enum err err = report_decode(rd_of(k->text.bytes, k->text.len), true, &b->report, NULL);
	if (err != OK) {
		free(b);
		return err;
	}
	b->id = id;
	b->all = r;
	b->report->edition = edition;
	memcpy(b->report->browser, m->browser, sizeof b->report->browser);
	b->next = r->builds;
	r->builds = b;
	err = r->ops->status(r->ops->arg, on_status, b, &b->net_id);
	if (err != OK) {
		build_take(b);
		build_free(b);
	}
	return err;
}

/* The same. */
static void build_stop(struct build *b)
{
	if (b->net_id != 0)
		b->all->ops->cancel_net(b->all->ops->arg, b->net_id);
	build_end(b, ERR_CANCELLED);
}

static bool build_cancel(struct reports *r, uint32_t id)
{
	struct build *b = r->builds;

	while (b != NULL && b->id != id)
		b = b->next;
	if (b == NULL)
		return false;
	build_take(b);
	build_stop(b);
	return true;
}

bool reports_cancel(struct reports *r, uint32_t id)
{
	return build_cancel(r, id) || sending_cancel(r, id);
}

/* ---- its end ---- */

void reports_wipe(struct reports *r)
{
	r->is_ending = true;
	while (r->builds != NULL) {
		struct build *b = r->builds;
		r->builds = b->next;
		build_stop(b);
	}
	sendings_end(r);
	r->is_ending = false;
	for (size_t i = 0; i < FINDINGS_MAX; i++) {
		buf_free(&r->kept[i].text);
		struct buf empty = r->kept[i].text;
		sodium_memzero(&r->kept[i], sizeof r->kept[i]);
		r->kept[i].text = empty;
	}
}

void reports_free(struct reports *r)
{
	if (r == NULL)
		return;
	reports_wipe(r);
	if (r->ops != NULL && r->ops->wake != NULL)
		r->ops->wake(r->ops->arg, UINT64_MAX);
	if (r->ops != NULL && r->ops->attach != NULL)
		r->ops->attach(r->ops->arg, NULL);
	free(r);
}
