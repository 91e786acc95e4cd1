/* Replies about downloads (contract in message/encode.h). */
#include "message/encode_in.h"

static json_t *text_or_null(const char *s)
{
	return s != NULL ? encode_text(s) : json_null();
}

static json_t *number_or_null(int64_t n)
{
	return n >= 0 ? json_integer((json_int_t)n) : json_null();
}

/* 1, 0, -1: can't be said. */
static json_t *truth_or_null(int is)
{
	return is < 0 ? json_null() : json_boolean(is != 0);
}

json_t *encode_download_progress(uint32_t id, const struct download_progress *p)
{
	return json_pack("{s:I,s:s,s:i,s:s,s:o,s:o,s:I,s:o,s:I}", "id", (json_int_t)id, "kind", "download.progress",
	                 "slot", (int)p->slot, "step", download_step_name(p->step),
	                 "exit", p->exit != NULL ? encode_relay(p->exit) : json_null(),
	                 "method", text_or_null(dl_method_name(p->method)), "bytes", (json_int_t)p->bytes,
	                 "total", number_or_null(p->total), "elapsed_ms", (json_int_t)p->elapsed_ms);
}

static json_t *encode_download_answer(const void *answers, size_t i)
{
	const struct download_answer *a = (const struct download_answer *)answers + i;
	bool has = a->has_answer;

	return json_pack("{s:i,s:o,s:s,s:o,s:i,s:o,s:o,s:o,s:o,s:o,s:I,s:I}", "slot", (int)a->slot,
	                 "exit", a->has_exit ? encode_relay(&a->exit) : json_null(), "status", has ? "answer" : "failed",
	                 "error", encode_err(has ? OK : a->error != OK ? a->error : ERR_BUG), "http_status", (int)a->http_status,
	                 "url", has ? encode_text(a->url != NULL ? a->url : "") : json_null(), "length", number_or_null(a->length),
	                 "same_entity", truth_or_null(has ? a->same_entity : -1), "agrees", truth_or_null(has ? a->agrees : -1),
	                 "sha256", has && a->has_sha256 ? encode_hex(a->sha256, sizeof a->sha256, false) : json_null(),
	                 "bytes", (json_int_t)a->bytes, "elapsed_ms", (json_int_t)a->elapsed_ms);
}

static json_t *encode_range(const void *ranges, size_t i)
{
	const struct dl_range *r = (const struct dl_range *)ranges + i;

	return json_pack("{s:I,s:I}", "offset", (json_int_t)r->offset, "length", (json_int_t)r->length);
}

static json_t *encode_missed(const struct download_result *r)
{
	if (!r->has_missed)
		return json_null();
	return json_pack("{s:f,s:f,s:f}", "block", r->missed_block, "kib64", r->missed_64k, "percent", r->missed_percent);
}

static json_t *encode_local(const struct download_result *r)
{
	if (!r->has_local)
		return json_null();
	return json_pack("{s:I,s:o}", "size", (json_int_t)r->size,
	                 "sha256", r->has_sha256 ? encode_hex(r->sha256, sizeof r->sha256, false) : json_null());
}

json_t *encode_download_result(uint32_t id, const struct download_result *r)
{
	const struct site_key *key = r->key;
	json_t *head = json_pack("{s:I,s:s,s:s,s:s,s:o,s:o,s:i,s:o,s:I,s:I,s:o,s:b}", "id", (json_int_t)id,
	                         "kind", "download.result", "verdict", verdict_name(r->verdict), "reason", reason_name(r->reason),
	                         "error", encode_err(r->error), "host", encode_text(key->host), "port", (int)key->port,
	                         "first_party", encode_text(key->first_party), "private", (json_int_t)key->private_id,
	                         "container", (json_int_t)key->container, "url", encode_text(r->url),
	                         "link_secure", (int)r->link_secure);
	json_t *what = json_pack("{s:o,s:o,s:I,s:I,s:o,s:o,s:o,s:i,s:i,s:i,s:I}", "method", text_or_null(dl_method_name(r->method)),
	                         "missed", encode_missed(r), "compared", (json_int_t)r->compared, "fetched", (json_int_t)r->fetched,
	                         "class", text_or_null(download_class_name(r->class_)), "format", encode_text(r->format),
	                         "local", encode_local(r), "k", (int)r->k, "asked", (int)r->asked, "answered", (int)r->answered,
	                         "elapsed_ms", (json_int_t)r->elapsed_ms);
	json_t *rest = json_pack("{s:o,s:o,s:o,s:b,s:o,s:s,s:o,s:o,s:b,s:b,s:b}",
	                         "first", encode_list(r->first, r->n_first, encode_relay_at),
	                         "others", encode_list(r->others, r->n_others, encode_download_answer),
	                         "differing", encode_list(r->range, r->n_ranges, encode_range), "more_differing", (int)r->has_more_ranges,
	                         "chance", encode_list(r->chance, r->n_chance, encode_chance), "state", download_state_name(r->state),
	                         "download", r->download != 0 ? json_integer(r->download) : json_null(), "path", text_or_null(r->path),
	                         "retry_useful", (int)r->retry_useful, "whole_possible", (int)r->whole_possible,
	                         "can_keep", (int)r->can_keep);
	bool is_whole = head != NULL && what != NULL && rest != NULL && json_object_update(head, what) == 0 &&
	                json_object_update(head, rest) == 0;

	json_decref(what);
	json_decref(rest);
	if (is_whole)
		return head;
	json_decref(head);
	return NULL;
}

json_t *encode_download_kept(uint32_t id, const char *path)
{
	return json_pack("{s:I,s:s,s:o}", "id", (json_int_t)id, "kind", "download.kept", "path", encode_text(path));
}

json_t *encode_classified(uint32_t id, enum err err, const struct download_classified *r)
{
	if (err != OK)
		return encode_error(id, err, NULL);
	return json_pack("{s:I,s:s,s:s,s:o,s:o}", "id", (json_int_t)id, "kind", "classified",
	                 "class", r->class_ == DL_CLASS_UNKNOWN ? "executable" : download_class_name(r->class_),
	                 "format", encode_text(r->format), "why", encode_text(r->why));
}
