/* Reports of bad relays: the mismatches of this session that can be reported, kept in memory; one of them as text; sending one, sealed, to
 * a collector's onion service (shared/report.md). State machines in main without sockets, like the checks beside them.
 *
 * Nothing is sent or written here but what reports_send is given, which only a person's click may do. */
#ifndef FEATURE_REPORTS_H
#define FEATURE_REPORTS_H

#include "feature/certcheck.h"
#include "report/envelope.h"
#include "report/report.h"

struct clip_result;
struct download_result;
struct chains;

struct report_build_request {
	struct site_key key;
	enum report_kind about;
	char browser[64];                      /* "" not told */
};

#define REPORT_ONION_MAX 64
struct report_send_request {
	char onion[REPORT_ONION_MAX];          /* 56 letters and ".onion" */
	char key[2 * REPORT_KEY_LEN + 1];      /* hexadecimal */
	const char *text;                      /* a report, white space between its tokens allowed; borrowed for the call */
	size_t len;
};

struct report_progress {
	unsigned attempt;                      /* from 1 */
	bool is_waiting;                       /* for the next; else this one is under way */
	enum err error;                        /* why the last one failed; OK before */
	uint64_t wait_ms;                      /* is_waiting */
};
struct report_sent { enum report_answer answer; /* stored or known */ unsigned attempts; };

/* Where results go; the same promises as struct cert_sink's. text and sent are NULL unless err is OK. why: of ERR_REPORT_FIELD the
 * field, else "". */
struct report_sink {
	void *arg;
	void (*built)(void *arg, uint32_t id, enum err err, const struct buf *text);
	void (*progress)(void *arg, uint32_t id, const struct report_progress *p);
	void (*sent)(void *arg, uint32_t id, enum err err, const struct report_sent *s);
};

struct report_ops;
struct reports;

/* Borrows ops and sink's functions until reports_free. NULL when memory is short. */
struct reports *reports_new(const struct report_ops *ops, const struct report_sink *sink);
/* Ends what runs, forgets everything. Takes NULL. */
void reports_free(struct reports *r);

/* A feature's result: kept when it is a mismatch that can be reported, in place of an older one of the same site and kind; the oldest of
 * FINDINGS_MAX goes. Borrowed for the call. Without memory it is not kept. */
void reports_note_cert(struct reports *r, const struct cert_result *res, const struct chains *chains);
void reports_note_clip(struct reports *r, const struct clip_result *res);
void reports_note_download(struct reports *r, const struct download_result *res);
/* The text of what was noted last; NULL none. For the shell. */
const struct buf *reports_last(const struct reports *r);

/* The mismatch of this site and kind as a file's text. OK: it will come. Errors: ERR_MSG_ID; ERR_REPORT_NONE; ERR_NOMEM. */
MUST_USE enum err reports_build(struct reports *r, uint32_t id, const struct report_build_request *m, enum report_edition edition);
/* Seals and sends it, again and again (shared/report.md, "HTTP"). OK: a result will come, maybe after many minutes. Errors: ERR_MSG_ID;
 * ERR_MSG_BUSY: REPORT_SENDS_MAX are under way; ERR_REPORT_ONION; ERR_REPORT_KEY; those of report_decode (wrong as there);
 * ERR_TOO_BIG; ERR_NOMEM. */
MUST_USE enum err reports_send(struct reports *r, uint32_t id, const struct report_send_request *m, char *wrong);
/* The request ends now with ERR_CANCELLED. False: no such id. A report that is on its way may arrive all the same. */
bool reports_cancel(struct reports *r, uint32_t id);
/* session.wipe and NEWNYM: what runs ends cancelled, everything is forgotten. */
void reports_wipe(struct reports *r);

#endif
