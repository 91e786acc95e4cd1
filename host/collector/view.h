/* What reviewers are shown, as JSON trees: one finding with its relay, trials and reports; one relay with its findings. Used by the verbs and
 * the page. */
#ifndef COLLECTOR_VIEW_H
#define COLLECTOR_VIEW_H

#include "collector/store.h"
#include <jansson.h>

/* Reports shown of one finding: the latest. */
#define VIEW_REPORTS_MAX 20

/* {"id","kind","host","port","state","differs","answered","reports","first_seen","last_seen","planned","accused"}. */
json_t *view_finding_row(const struct finding_row *f);
/* {"fingerprint","nickname","address","country","family","reports","findings","chosen_hosts","chosen_differs","chosen_answered","last_seen"}. */
json_t *view_relay_row(const struct relay_row *r);
/* The row and "relay", "trials" [{"chosen","host","port","path","due","began","ended","tries","outcome","result": the engine's object or null}],
 * "latest_reports" [{"id","digest","received","report"}]. *out NULL: there is none. Errors: the store's, ERR_NOMEM. */
MUST_USE enum err view_finding(struct store *s, int64_t id, json_t **out);
/* The row and "list": its findings. The same. */
MUST_USE enum err view_relay(struct store *s, const char *fp, unsigned n, json_t **out);

/* Of an object: "" and 0 when there is none. */
const char *view_text(const json_t *object, const char *key);
int64_t view_number(const json_t *object, const char *key);

#endif
