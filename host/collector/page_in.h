/* Parts of the reviewers' page (collector/page.h). Each writes HTML; everything foreign goes through text_html. */
#ifndef COLLECTOR_PAGE_IN_H
#define COLLECTOR_PAGE_IN_H

#include "base/buf.h"
#include "collector/store.h"
#include <jansson.h>

/* state: "" for all findings. */
MUST_USE enum err page_queue(struct store *s, const char *state, struct buf *out);
/* *is_there false: no such relay, no such finding. */
MUST_USE enum err page_relay(struct store *s, const char *fp, struct buf *out, bool *is_there);
MUST_USE enum err page_finding(struct store *s, int64_t id, struct buf *out, bool *is_there);

/* Shared. title: plain text. */
void page_begin(struct buf *out, const char *title);
void page_end(struct buf *out);
/* A table of finding rows (view_finding_row). */
void page_findings(struct buf *out, const json_t *list, const char *caption);
/* A class for a state's or an outcome's colour; static. */
const char *page_class(const char *word);
extern const char page_style[];

#endif
