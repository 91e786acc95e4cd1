/* Every message to the browser, from plain structs (shared/protocol.md). Each returns a new tree that the caller
 * owns, or NULL when memory is out. Text that is not UTF-8 is shown with '?' in place of its foreign bytes. */
#ifndef MESSAGE_ENCODE_H
#define MESSAGE_ENCODE_H

#include "feature/certcheck.h"
#include "feature/clip.h"
#include "feature/download.h"
#include "feature/reports.h"
#include <jansson.h>

json_t *encode_hello(uint32_t id);
json_t *encode_ok(uint32_t id);
/* id 0 becomes null. field may be NULL; one that is long or not printable is left out. */
json_t *encode_error(uint32_t id, enum err err, const char *field);
json_t *encode_progress(uint32_t id, const struct cert_progress *p);
json_t *encode_result(uint32_t id, const struct cert_result *r);
json_t *encode_circuit(uint32_t id, const struct circuit_result *r);
json_t *encode_status(uint32_t id, const struct cert_status *s);
json_t *encode_clip_checked(uint32_t id, enum err err, const struct parse_scan_r *r);
json_t *encode_clip_progress(uint32_t id, const struct clip_progress *p);
json_t *encode_clip_compared(uint32_t id, const struct clip_result *r);
json_t *encode_download_progress(uint32_t id, const struct download_progress *p);
json_t *encode_download_result(uint32_t id, const struct download_result *r);
json_t *encode_download_kept(uint32_t id, const char *path);
json_t *encode_report_built(uint32_t id, const struct buf *text);
json_t *encode_report_progress(uint32_t id, const struct report_progress *p);
json_t *encode_report_sent(uint32_t id, const struct report_sent *s);
json_t *encode_classified(uint32_t id, enum err err, const struct download_classified *r);
json_t *encode_event_tor(bool is_up, enum err why);
json_t *encode_event_newnym(void);

#endif
