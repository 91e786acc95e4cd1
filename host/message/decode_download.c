/* Requests about downloads (contract in message/decode.h; shared/protocol.md says the same in words). */
#include "message/decode_in.h"
#include <sodium.h>
#include <string.h>

/* No file has more; JavaScript's numbers are exact up to here. */
#define DL_SIZE_MAX ((int64_t)1 << 53)

struct download_draft { struct download_request request; const json_t *chain, *headers; };

#define AT(member) FIELD_AT(struct download_draft, request.member)
#define DOWNLOAD_FIELDS \
	SITE_FIELDS(struct download_draft, request.key.), \
	{ "proxy", FIELD_CHOICE, AT(proxy), .choices = decode_proxies }, \
	SOCKS_FIELDS(struct download_draft, request.), \
	{ "chain", FIELD_LIST, .min = 0, .max = DL_CHAIN_MAX, FIELD_AT(struct download_draft, chain) }, \
	{ "headers", FIELD_OBJECT, FIELD_AT(struct download_draft, headers) }, \
	{ "content_type", FIELD_TEXT, .min = 0, .max = DL_HEADER_MAX, AT(content_type) }, \
	{ "length", FIELD_INT, .min = 0, .max = DL_SIZE_MAX, AT(length), .is_nullable = true }, \
	{ "etag", FIELD_TEXT, .min = 1, .max = DL_HEADER_MAX, AT(etag), .is_nullable = true }, \
	{ "last_modified", FIELD_TEXT, .min = 1, .max = DL_HEADER_MAX, AT(last_modified), .is_nullable = true }, \
	{ "link_secure", FIELD_BOOL, AT(link_secure) }, \
	{ "cookies", FIELD_BOOL, AT(has_cookies) }, \
	{ "post", FIELD_BOOL, AT(is_post) }, \
	{ "whole_max", FIELD_INT, .min = 0, .max = DL_SIZE_MAX, AT(whole_max) }, \
	{ "budget", FIELD_INT, .min = 0, .max = DL_SIZE_MAX, AT(budget) }, \
	{ "clicked", FIELD_BOOL, AT(clicked) }

static const struct field fetch_fields[] = {
	DOWNLOAD_FIELDS,
	{ "name", FIELD_TEXT, .min = 0, .max = DL_NAME_MAX, AT(name) },
	{ "dir", FIELD_TEXT, .min = 1, .max = DL_PATH_MAX, AT(dir), .is_nullable = true },
	{ "no_programs", FIELD_BOOL, AT(no_programs), .is_optional = true },
};
static const struct field verify_fields[] = {
	DOWNLOAD_FIELDS,
	{ "path", FIELD_TEXT, .min = 1, .max = DL_PATH_MAX, AT(path) },
	{ "size", FIELD_INT, .min = 0, .max = DL_SIZE_MAX, AT(local_size), .is_nullable = true },
};
static const struct field header_fields[] = {
	{ "user_agent", FIELD_LINE, .min = 1, .max = CLIP_HEADER_MAX, FIELD_AT(struct download_request, user_agent) },
	{ "accept", FIELD_LINE, .min = 1, .max = CLIP_HEADER_MAX, FIELD_AT(struct download_request, accept) },
	{ "accept_language", FIELD_LINE, .min = 1, .max = CLIP_HEADER_MAX, FIELD_AT(struct download_request, accept_language) },
	{ "referer", FIELD_NAME, .min = 1, .max = CLIP_URL_MAX, FIELD_AT(struct download_request, referer), .is_nullable = true },
};
static const struct field local_fields[] = {
	{ "target", FIELD_INT, .min = 1, .max = MESSAGE_ID_MAX, FIELD_AT(struct local_request, target) },
	{ "size", FIELD_INT, .min = 0, .max = DL_SIZE_MAX, FIELD_AT(struct local_request, size) },
};
#define NUMBER_FIELD { "download", FIELD_INT, .min = 1, .max = MESSAGE_ID_MAX, FIELD_AT(struct held_request, download) }
static const struct field number_fields[] = { NUMBER_FIELD };
static const struct field retry_fields[] = {
	NUMBER_FIELD,
	{ "whole", FIELD_BOOL, FIELD_AT(struct held_request, is_whole) },
};
static const struct field classify_fields[] = {
	{ "name", FIELD_TEXT, .min = 0, .max = DL_NAME_MAX, FIELD_AT(struct download_classify, name) },
	{ "content_type", FIELD_TEXT, .min = 0, .max = DL_HEADER_MAX, FIELD_AT(struct download_classify, content_type) },
	{ "path", FIELD_TEXT, .min = 1, .max = DL_PATH_MAX, FIELD_AT(struct download_classify, path), .is_nullable = true },
};
#define COUNT(list) (sizeof(list) / sizeof *(list))

/* The URLs one behind the other, each with its NUL. */
static enum err decode_urls(const json_t *list, struct request *out)
{
	static const struct field entry = { .type = FIELD_NAME, .min = 1, .max = CLIP_URL_MAX, .size = CLIP_URL_MAX + 1 };
	struct download_request *r = &out->download;

	out->chain = buf_new(DL_CHAIN_MAX * (CLIP_URL_MAX + 1));
	r->n_urls = json_array_size(list);
	for (size_t i = 0; i < r->n_urls; i++) {
		const json_t *url = json_array_get(list, i);
		if (!json_is_string(url) || !field_text_is_right(&entry, url))
			return ERR_MSG_FIELD;
		buf_put(&out->chain, json_string_value(url), json_string_length(url) + 1);
	}
	if (buf_err(&out->chain) != OK)
		return buf_err(&out->chain);
	/* Only now: the buffer may have moved while it grew. */
	const char *at = (const char *)out->chain.bytes;
	for (size_t i = 0; i < r->n_urls; at += strlen(at) + 1)
		r->url[i++] = at;
	return OK;
}

/* Absolute, and without a step back up: what is shown is what is meant. */
static bool path_is_plain(const char *path)
{
	size_t n = strlen(path);

	return path[0] == '/' && strstr(path, "/../") == NULL && (n < 3 || strcmp(path + n - 3, "/..") != 0);
}

static enum err decode_download(const json_t *root, const struct field *table, size_t n, struct request *out, const char **wrong)
{
	struct download_draft draft = { .request = { .length = -1, .local_size = -1, .is_fetch = table == fetch_fields } };
	struct download_request *r = &draft.request;
	const char *inside;

	enum err err = fields_decode(root, table, n, &draft, wrong);
	if (err == OK)
		err = decode_credentials(r->socks_username, r->socks_password, wrong);
	/* These have no id and no kind, which the table passes over. */
	if (err == OK && (json_object_size(draft.headers) != COUNT(header_fields) ||
	                  fields_decode(draft.headers, header_fields, COUNT(header_fields), r, &inside) != OK)) {
		*wrong = "headers";
		err = ERR_MSG_FIELD;
	}
	if (err == OK && !path_is_plain(r->is_fetch ? (r->dir[0] != '\0' ? r->dir : "/") : r->path)) {
		*wrong = r->is_fetch ? "dir" : "path";
		err = ERR_MSG_FIELD;
	}
	out->download = *r;
	sodium_memzero(&draft, sizeof draft);
	if (err != OK)
		return err;
	err = decode_urls(json_object_get(root, "chain"), out);
	if (err == ERR_MSG_FIELD)
		*wrong = "chain";
	return err;
}

enum err decode_download_fetch(const json_t *root, struct request *out, const char **wrong)
{
	return decode_download(root, fetch_fields, COUNT(fetch_fields), out, wrong);
}

enum err decode_download_verify(const json_t *root, struct request *out, const char **wrong)
{
	return decode_download(root, verify_fields, COUNT(verify_fields), out, wrong);
}

enum err decode_download_local(const json_t *root, struct request *out, const char **wrong)
{
	return fields_decode(root, local_fields, COUNT(local_fields), &out->local, wrong);
}

enum err decode_download_retry(const json_t *root, struct request *out, const char **wrong)
{
	return fields_decode(root, retry_fields, COUNT(retry_fields), &out->held, wrong);
}

enum err decode_download_number(const json_t *root, struct request *out, const char **wrong)
{
	return fields_decode(root, number_fields, COUNT(number_fields), &out->held, wrong);
}

enum err decode_classify(const json_t *root, struct request *out, const char **wrong)
{
	enum err err = fields_decode(root, classify_fields, COUNT(classify_fields), &out->classify, wrong);

	if (err != OK || out->classify.path[0] == '\0' || path_is_plain(out->classify.path))
		return err;
	*wrong = "path";
	return ERR_MSG_FIELD;
}
