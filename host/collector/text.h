/* Foreign text on its way to a terminal, a table, a page; and times. Used by the verbs and the page. */
#ifndef COLLECTOR_TEXT_H
#define COLLECTOR_TEXT_H

#include "base/buf.h"

/* Control characters and what is not UTF-8 become "?". */
void text_clean(struct buf *out, const char *s);
/* The same, and & < > " ' as references. */
void text_html(struct buf *out, const char *s);
/* The same as clean, quoted for CSV (RFC 4180); what a spreadsheet would take for a formula gets an apostrophe in front. */
void text_csv(struct buf *out, const char *s);
/* "2026-11-28 03:00:00" in UTC; "-" for 0. */
void text_time(int64_t unix_seconds, char out[static 24]);

#endif
