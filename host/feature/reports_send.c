/* Sending: seal, post, look at the answer, wait, again (contract in reports.h; shared/report.md, "HTTP"). */
#include "feature/reports_in.h"
#include "engine/target.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind each failed try; drawn evenly between the two, so that tries tell nothing of each other. */
static const struct { uint32_t least_ms, most_ms; } waits[] = {
	{ 10000, 20000 }, { 30000, 60000 }, { 120000, 240000 }, { 300000, 600000 },
};
#define ATTEMPTS_MAX (sizeof waits / sizeof *waits + 1)

/* Off the list; it is freed by who took it. */
static void sending_take(const struct sending *s)
{
	struct reports *r = s->all;

	for (size_t i = 0; i < REPORT_SENDS_MAX; i++)
		if (r->sendings[i] == s)
			r->sendings[i] = NULL;
}

static void sending_free(struct sending *s)
{
	buf_free(&s->text);
	sodium_memzero(s, sizeof *s);
	free(s);
}

static void rewake(struct reports *r)
{
	uint64_t at = UINT64_MAX;

	for (size_t i = 0; i < REPORT_SENDS_MAX; i++)
		if (r->sendings[i] != NULL && r->sendings[i]->fetch_id == 0 && r->sendings[i]->next_at < at)
			at = r->sendings[i]->next_at;
	r->ops->wake(r->ops->arg, at);
}

/* Of one that is off the list. */
static void sending_tell_end(struct sending *s, enum err err, enum report_answer answer)
{
	struct reports *r = s->all;
	const uint32_t id = s->id;
	const struct report_sent sent = { answer, s->attempt };

	sending_free(s);
	rewake(r);
	r->sink.sent(r->sink.arg, id, err, err == OK ? &sent : NULL);
}

static void sending_end(struct sending *s, enum err err, enum report_answer answer)
{
	sending_take(s);
	sending_tell_end(s, err, answer);
}

static void tell(const struct sending *s, bool is_waiting, uint64_t wait_ms)
{
	const struct report_sink *sink = &s->all->sink;
	const struct report_progress p = { s->attempt, is_waiting, s->error, wait_ms };

	if (sink->progress != NULL)
		sink->progress(sink->arg, s->id, &p);
}

/* Waits for the next try; or that was the last one. */
static void sending_failed(struct sending *s, enum err err)
{
	const struct report_ops *ops = s->all->ops;

	s->error = err;
	if (s->attempt >= ATTEMPTS_MAX) {
		sending_end(s, err, REPORT_REFUSED);
		return;
	}
	const uint32_t least = waits[s->attempt - 1].least_ms, most = waits[s->attempt - 1].most_ms;
	const uint32_t wait = least + ops->random(ops->arg, most - least + 1);
	s->next_at = ops->now(ops->arg) + wait;
	rewake(s->all);
	tell(s, true, wait);
}

/* Nothing but the sender's clock can mend these. */
static bool is_final(enum err why, bool is_proved)
{
	if (why == ERR_REPORT_VERSION || why == ERR_REPORT_ENVELOPE || why == ERR_REPORT_KEY_ID || why == ERR_REPORT_SEAL)
		return true;   /* the envelope could not be opened: no proof is possible */
	return is_proved && !report_why_passes(why);
}

static void on_body(void *arg, struct rd piece)
{
	struct sending *s = arg;
	const size_t left = sizeof s->answer - s->n_answer;

	/* One byte more than an answer has shows that it is none. */
	const size_t n = piece.left < left ? piece.left : left;
	rd_copy(&piece, s->answer + s->n_answer, n);
	s->n_answer += n;
}

static void on_end(void *arg, const struct fetch_end *e)
{
	struct sending *s = arg;
	enum report_answer answer;
	enum err why;
	bool is_proved;

	s->fetch_id = 0;
	/* A server that closed early may have said all of its answer before. */
	enum err err = report_answer_read(rd_of(s->answer, s->n_answer), &s->ticket, &answer, &why, &is_proved);
	if (err != OK)
		sending_failed(s, e->err != OK ? e->err : err);
	else if (answer != REPORT_REFUSED)
		sending_end(s, OK, answer);
	else if (is_final(why, is_proved))
		sending_end(s, why, REPORT_REFUSED);
	else
		sending_failed(s, why);
}

static const struct fetch_ops fetch_ops = { NULL, NULL, on_body, on_end };

static enum err sending_try(struct sending *s)
{
	const struct report_ops *ops = s->all->ops;
	struct buf envelope BUF_AUTO = buf_new(REPORT_ENVELOPE_MAX);
	struct fetch_get g = { .url = s->url, .is_onion = true, .max_body = sizeof s->answer, .deadline_ms = REPORT_TRY_MS,
	                       .stall_ms = REPORT_TRY_MS };

	s->n_answer = 0;
	enum err err = report_seal(rd_of(s->text.bytes, s->text.len), s->key, &envelope, &s->ticket);
	if (err != OK)
		return err;
	g.post = rd_of(envelope.bytes, envelope.len);
	return ops->fetch(ops->arg, &g, &fetch_ops, s, &s->fetch_id);
}

static void sending_begin(struct sending *s)
{
	s->attempt++;
	s->next_at = UINT64_MAX;
	tell(s, false, 0);
	enum err err = sending_try(s);
	if (err != OK) {
		s->fetch_id = 0;
		sending_failed(s, err);
	}
}

void reports_tick(struct reports *r)
{
	const uint64_t now = r->ops->now(r->ops->arg);

	for (size_t i = 0; i < REPORT_SENDS_MAX; i++)
		if (r->sendings[i] != NULL && r->sendings[i]->fetch_id == 0 && r->sendings[i]->next_at <= now)
			sending_begin(r->sendings[i]);
	rewake(r);
}

static enum err text_take(struct sending *s, const struct report_send_request *m, char *wrong)
{
	struct report *report = NULL;
	enum err err = report_decode(rd_of(m->text, m->len), false, &report, wrong);

	s->text = buf_new(REPORT_TEXT_MAX);
	if (err == OK)
		err = report_encode(report, false, &s->text);
	report_free(report);
	return err;
}

enum err reports_send(struct reports *r, uint32_t id, const struct report_send_request *m, char *wrong)
{
	size_t slot = 0;

	wrong[0] = '\0';
	if (id == 0 || reports_has_id(r, id))
		return ERR_MSG_ID;
	while (slot < REPORT_SENDS_MAX && r->sendings[slot] != NULL)
		slot++;
	if (slot == REPORT_SENDS_MAX)
		return ERR_MSG_BUSY;
	if (!target_is_onion(m->onion))
		return ERR_REPORT_ONION;
	struct sending *s = calloc(1, sizeof *s);
	if (s == NULL)
		return ERR_NOMEM;
	enum err err = report_key_parse(m->key, s->key);
	if (err == OK)
		err = text_take(s, m, wrong);
	if (err != OK) {
		buf_free(&s->text);
		free(s);
		return err;
	}
	snprintf(s->url, sizeof s->url, "http://%s/report", m->onion);
	s->id = id;
	s->all = r;
	s->next_at = r->ops->now(r->ops->arg);   /* from the loop: nothing is told from within this call */
	r->sendings[slot] = s;
	rewake(r);
	return OK;
}

/* Of one that is off the list. */
static void sending_stop(struct sending *s)
{
	if (s->fetch_id != 0)
		s->all->ops->cancel_fetch(s->all->ops->arg, s->fetch_id);
	sending_tell_end(s, ERR_CANCELLED, REPORT_REFUSED);
}

bool sending_cancel(struct reports *r, uint32_t id)
{
	for (size_t i = 0; i < REPORT_SENDS_MAX; i++)
		if (r->sendings[i] != NULL && r->sendings[i]->id == id) {
			struct sending *s = r->sendings[i];
			r->sendings[i] = NULL;
			sending_stop(s);
			return true;
		}
	return false;
}

void sendings_end(struct reports *r)
{
	for (size_t i = 0; i < REPORT_SENDS_MAX; i++) {
		struct sending *s = r->sendings[i];
		r->sendings[i] = NULL;
		if (s != NULL)
			sending_stop(s);
	}
}
