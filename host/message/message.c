/* The route table and the ids (contract in message/message.h). Every request ends with exactly one final message: the
 * ids of those that run are kept here, and a final message for an id that is not among them is a bug. */
#include "message/message.h"
#include "base/limits.h"
#include "base/log.h"
#include "message/decode.h"
#include "message/encode.h"
#include <stdlib.h>

enum greeting { GREETING_AWAITED, GREETING_DONE, GREETING_REFUSED };

struct messages {
	struct certcheck *checks;
	struct clip *clip;
	struct downloads *downloads;
	struct reports *reports;
	enum edition edition;
	messages_send *send;
	void *arg;
	enum greeting greeting;
	bool has_tor, is_tor_up;         /* what tor's last event said, */
	enum err tor_why;                /* repeated after hello when it came before */
	bool is_ending;                  /* the features end what runs; nobody listens any more */
	uint32_t running[REQUESTS_MAX];  /* ids; 0: free */
};

/* Sends and releases a message. */
static void messages_say(struct messages *m, uint32_t id, json_t *message)
{
	if (message == NULL) {
		log_line("a message is lost: out of memory");
		return;
	}
	if (!m->is_ending)
		m->send(m->arg, id, message);
	json_decref(message);
}

static void messages_fail(struct messages *m, uint32_t id, enum err err, const char *field)
{
	messages_say(m, id, encode_error(id, err, field));
}

static uint32_t *running_find(struct messages *m, uint32_t id)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		if (m->running[i] == id)
			return &m->running[i];
	return NULL;
}

/* Sends what ends a request. The id is free before the browser can read it. */
static void messages_end(struct messages *m, uint32_t id, json_t *final)
{
	uint32_t *slot = running_find(m, id);

	if (slot == NULL) {
		log_line("a second end of one request");
		json_decref(final);
		return;
	}
	*slot = 0;
	messages_say(m, id, final != NULL ? final : encode_error(id, ERR_NOMEM, NULL));
}

/* certcheck's results */

static void sink_progress(void *arg, uint32_t id, const struct cert_progress *p)
{
	struct messages *m = arg;

	if (running_find(m, id) != NULL)
		messages_say(m, id, encode_progress(id, p));
}

static void sink_result(void *arg, uint32_t id, const struct cert_result *r)
{
	struct messages *m = arg;

	/* While it ends there is nobody to report anything. */
	if (!m->is_ending)
		reports_note_cert(m->reports, r, certcheck_chains(m->checks));
	messages_end(arg, id, encode_result(id, r));
}

static void sink_circuit(void *arg, uint32_t id, const struct circuit_result *r)
{
	messages_end(arg, id, encode_circuit(id, r));
}

static void sink_status(void *arg, uint32_t id, const struct cert_status *s)
{
	messages_end(arg, id, s->error == ERR_CANCELLED ? encode_error(id, ERR_CANCELLED, NULL) : encode_status(id, s));
}

static void sink_tor(void *arg, bool is_up, enum err why)
{
	struct messages *m = arg;

	m->has_tor = true;
	m->is_tor_up = is_up;
	m->tor_why = why;
	if (m->greeting == GREETING_DONE)
		messages_say(m, 0, encode_event_tor(is_up, why));
}

static void sink_newnym(void *arg)
{
	struct messages *m = arg;

	reports_wipe(m->reports);
	if (m->greeting == GREETING_DONE)
		messages_say(m, 0, encode_event_newnym());
}

/* clip's results */

static void sink_clip_checked(void *arg, uint32_t id, enum err err, const struct parse_scan_r *r)
{
	messages_end(arg, id, encode_clip_checked(id, err, r));
}

static void sink_clip_progress(void *arg, uint32_t id, const struct clip_progress *p)
{
	struct messages *m = arg;

	if (running_find(m, id) != NULL)
		messages_say(m, id, encode_clip_progress(id, p));
}

static void sink_clip_compared(void *arg, uint32_t id, const struct clip_result *r)
{
	struct messages *m = arg;

	if (!m->is_ending)
		reports_note_clip(m->reports, r);
	messages_end(arg, id, encode_clip_compared(id, r));
}

/* downloads' results */

static void sink_download_progress(void *arg, uint32_t id, const struct download_progress *p)
{
	struct messages *m = arg;

	if (running_find(m, id) != NULL)
		messages_say(m, id, encode_download_progress(id, p));
}

static void sink_download_result(void *arg, uint32_t id, const struct download_result *r)
{
	struct messages *m = arg;

	if (!m->is_ending)
		reports_note_download(m->reports, r);
	messages_end(arg, id, encode_download_result(id, r));
}

static void sink_classified(void *arg, uint32_t id, enum err err, const struct download_classified *r)
{
	messages_end(arg, id, encode_classified(id, err, r));
}

/* reports' results */

static void sink_report_built(void *arg, uint32_t id, enum err err, const struct buf *text)
{
	messages_end(arg, id, err == OK ? encode_report_built(id, text) : encode_error(id, err, NULL));
}

static void sink_report_progress(void *arg, uint32_t id, const struct report_progress *p)
{
	struct messages *m = arg;

	if (running_find(m, id) != NULL)
		messages_say(m, id, encode_report_progress(id, p));
}

static void sink_report_sent(void *arg, uint32_t id, enum err err, const struct report_sent *s)
{
	messages_end(arg, id, err == OK ? encode_report_sent(id, s) : encode_error(id, err, NULL));
}

/* The routes. Each gets a decoded request; what it returns, if not OK, is answered as the request's error. */

static enum err run_hello(struct messages *m, const struct request *r)
{
	m->greeting = GREETING_DONE;
	m->edition = r->hello.edition;
	messages_say(m, r->id, encode_hello(r->id));
	if (m->has_tor)
		messages_say(m, 0, encode_event_tor(m->is_tor_up, m->tor_why));
	return OK;
}

static enum err run_cert_check(struct messages *m, const struct request *r)
{
	return certcheck_start(m->checks, r->id, &r->check);
}

static enum err run_cert_forget(struct messages *m, const struct request *r)
{
	certcheck_forget(m->checks, &r->forget);
	messages_say(m, r->id, encode_ok(r->id));
	return OK;
}

static enum err run_circuit_new(struct messages *m, const struct request *r)
{
	return certcheck_new_circuit(m->checks, r->id, &r->circuit);
}

static enum err run_session_wipe(struct messages *m, const struct request *r)
{
	certcheck_wipe(m->checks);
	clip_wipe(m->clip);
	downloads_wipe(m->downloads);
	reports_wipe(m->reports);
	messages_say(m, r->id, encode_ok(r->id));
	return OK;
}

static enum err run_status(struct messages *m, const struct request *r)
{
	return certcheck_status(m->checks, r->id);
}

static enum err run_cancel(struct messages *m, const struct request *r)
{
	/* A target that has just ended by itself is no error: the two messages crossed. */
	if (!certcheck_cancel(m->checks, r->cancel.target) && !clip_cancel(m->clip, r->cancel.target) &&
	    !download_cancel(m->downloads, r->cancel.target))
		(void)reports_cancel(m->reports, r->cancel.target);
	messages_say(m, r->id, encode_ok(r->id));
	return OK;
}

static enum err run_clip_check(struct messages *m, const struct request *r)
{
	return clip_check(m->clip, r->id, &r->clip);
}

static enum err run_clip_compare(struct messages *m, const struct request *r)
{
	return clip_compare(m->clip, r->id, &r->compare);
}

static enum err run_download(struct messages *m, const struct request *r)
{
	return download_start(m->downloads, r->id, &r->download);
}

static enum err run_download_local(struct messages *m, const struct request *r)
{
	download_local(m->downloads, r->local.target, r->local.size);
	messages_say(m, r->id, encode_ok(r->id));
	return OK;
}

static enum err run_download_retry(struct messages *m, const struct request *r)
{
	return download_retry(m->downloads, r->id, r->held.download, r->held.is_whole);
}

static enum err run_download_discard(struct messages *m, const struct request *r)
{
	enum err err = download_discard(m->downloads, r->held.download);

	if (err == OK)
		messages_say(m, r->id, encode_ok(r->id));
	return err;
}

static enum err run_download_keep(struct messages *m, const struct request *r)
{
	char path[DL_PATH_MAX + 1];
	enum err err = download_keep(m->downloads, r->held.download, path, sizeof path);

	if (err == OK)
		messages_say(m, r->id, encode_download_kept(r->id, path));
	return err;
}

static enum err run_download_show(struct messages *m, const struct request *r)
{
	enum err err = download_show(m->downloads, r->held.download);

	if (err == OK)
		messages_say(m, r->id, encode_ok(r->id));
	return err;
}

static enum err run_classify(struct messages *m, const struct request *r)
{
	return download_classify(m->downloads, r->id, &r->classify);
}

static enum err run_report_build(struct messages *m, const struct request *r)
{
	return reports_build(m->reports, r->id, &r->build,
	                     m->edition == EDITION_PRIVILEGED ? REPORT_EDITION_PRIVILEGED : REPORT_EDITION_STANDARD);
}

static enum err run_report_send(struct messages *m, const struct request *r)
{
	char wrong[REPORT_WRONG_MAX];

	return reports_send(m->reports, r->id, &r->report, wrong);
}

static const struct route {
	enum err (*run)(struct messages *m, const struct request *r);
	bool is_lasting;   /* ends later, through the sink */
} routes[REQUEST_KINDS] = {
	[REQUEST_HELLO]        = { run_hello,        false },
	[REQUEST_CERT_CHECK]   = { run_cert_check,   true },
	[REQUEST_HTTPS_CHECK]  = { run_cert_check,   true },
	[REQUEST_CERT_FORGET]  = { run_cert_forget,  false },
	[REQUEST_CIRCUIT_NEW]  = { run_circuit_new,  true },
	[REQUEST_SESSION_WIPE] = { run_session_wipe, false },
	[REQUEST_STATUS]       = { run_status,       true },
	[REQUEST_CANCEL]       = { run_cancel,       false },
	[REQUEST_CLIP_CHECK]   = { run_clip_check,   true },
	[REQUEST_CLIP_COMPARE] = { run_clip_compare, true },
	[REQUEST_DOWNLOAD_FETCH]   = { run_download,         true },
	[REQUEST_DOWNLOAD_VERIFY]  = { run_download,         true },
	[REQUEST_DOWNLOAD_LOCAL]   = { run_download_local,   false },
	[REQUEST_DOWNLOAD_RETRY]   = { run_download_retry,   true },
	[REQUEST_DOWNLOAD_DISCARD] = { run_download_discard, false },
	[REQUEST_DOWNLOAD_KEEP]    = { run_download_keep,    false },
	[REQUEST_DOWNLOAD_SHOW]    = { run_download_show,    false },
	[REQUEST_CLASSIFY]         = { run_classify,         true },
	[REQUEST_REPORT_BUILD]     = { run_report_build,     true },
	[REQUEST_REPORT_SEND]      = { run_report_send,      true },
};

/* What the conversation's state says against a decoded request; decoded is what its decoding said. */
static enum err messages_judge(struct messages *m, const struct request *r, enum err decoded)
{
	if (r->id == 0)
		return ERR_MSG_ID;
	if (m->greeting == GREETING_AWAITED && r->kind != REQUEST_HELLO)
		return ERR_MSG_HELLO;
	if (m->greeting == GREETING_DONE && r->kind == REQUEST_HELLO)
		return ERR_MSG_HELLO;
	return decoded;
}

static void messages_run(struct messages *m, const struct request *r)
{
	const struct route *route = &routes[r->kind];
	uint32_t *slot = NULL;

	if (route->is_lasting) {
		slot = running_find(m, 0);
		if (slot == NULL) {
			messages_fail(m, r->id, ERR_MSG_BUSY, NULL);
			return;
		}
		*slot = r->id;
	}
	enum err err = route->run(m, r);
	if (err == OK)
		return;
	if (slot != NULL)
		*slot = 0;
	messages_fail(m, r->id, err, NULL);
}

void messages_take(struct messages *m, const json_t *root)
{
	struct request r;
	const char *wrong;

	if (m->greeting == GREETING_REFUSED)
		return;
	enum err err = request_decode(root, &r, &wrong);
	if (r.id != 0 && running_find(m, r.id) != NULL) {
		/* Under its own id the error would read as the end of the request that runs. */
		messages_fail(m, 0, ERR_MSG_ID, NULL);
	} else {
		err = messages_judge(m, &r, err);
		if (err == OK)
			messages_run(m, &r);
		else
			messages_fail(m, r.id, err, err == ERR_MSG_FIELD ? wrong : NULL);
		if (err == ERR_MSG_VERSION)
			m->greeting = GREETING_REFUSED;
	}
	request_free(&r);
}

void messages_refuse(struct messages *m, enum err err)
{
	if (m->greeting != GREETING_REFUSED)
		messages_fail(m, 0, err, NULL);
}

struct messages *messages_new(const struct check_ops *ops, const struct clip_ops *clip, const struct download_ops *download,
                              const struct report_ops *report, messages_send *send, void *arg)
{
	struct messages *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	const struct cert_sink sink = { m, sink_progress, sink_result, sink_circuit, sink_status, sink_tor, sink_newnym };
	m->send = send;
	m->arg = arg;
	const struct clip_sink clip_sink = { m, sink_clip_checked, sink_clip_progress, sink_clip_compared };
	const struct download_sink download_sink = { m, sink_download_progress, sink_download_result, sink_classified };
	const struct report_sink report_sink = { m, sink_report_built, sink_report_progress, sink_report_sent };
	m->reports = reports_new(report, &report_sink);
	m->checks = certcheck_new(ops, &sink);
	m->clip = clip_new(clip, &clip_sink);
	m->downloads = downloads_new(download, &download_sink);
	if (m->checks == NULL || m->clip == NULL || m->downloads == NULL || m->reports == NULL) {
		messages_free(m);
		return NULL;
	}
	return m;
}

void messages_free(struct messages *m)
{
	if (m == NULL)
		return;
	m->is_ending = true;
	certcheck_free(m->checks);
	clip_free(m->clip);
	downloads_free(m->downloads);
	reports_free(m->reports);
	free(m);
}
