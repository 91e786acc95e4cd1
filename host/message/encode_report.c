/* Replies about reports (contract in message/encode.h). */
#include "message/encode_in.h"

json_t *encode_report_built(uint32_t id, const struct buf *text)
{
	return json_pack("{s:I,s:s,s:s%}", "id", (json_int_t)id, "kind", "report.built", "text", (const char *)text->bytes, text->len);
}

json_t *encode_report_progress(uint32_t id, const struct report_progress *p)
{
	return json_pack("{s:I,s:s,s:i,s:s,s:o,s:I}", "id", (json_int_t)id, "kind", "report.progress", "attempt", (int)p->attempt,
	                 "state", p->is_waiting ? "waiting" : "sending", "error", encode_err(p->error), "wait_ms", (json_int_t)p->wait_ms);
}

json_t *encode_report_sent(uint32_t id, const struct report_sent *s)
{
	return json_pack("{s:I,s:s,s:s,s:i}", "id", (json_int_t)id, "kind", "report.sent", "answer", s->answer == REPORT_KNOWN ? "known" : "stored",
	                 "attempts", (int)s->attempts);
}
