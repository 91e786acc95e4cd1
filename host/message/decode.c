/* The tables of every request (contract in message/decode.h; shared/protocol.md says the same in words). */
#include "message/decode.h"
#include "message/decode_in.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char *const editions[] = {
	[EDITION_STANDARD] = "standard", [EDITION_PRIVILEGED] = "privileged", NULL
};
const char *const decode_proxies[] = {
	[CERT_PROXY_UNKNOWN] = "unknown", [CERT_PROXY_SOCKS] = "socks", [CERT_PROXY_DIRECT] = "direct", NULL
};

static const struct field hello_fields[] = {
	{ "protocol", FIELD_INT, .min = 1, .max = UINT32_MAX, FIELD_AT(struct hello_request, protocol) },
	{ "version", FIELD_NAME, .min = 1, .max = 32, FIELD_AT(struct hello_request, version) },
	{ "edition", FIELD_CHOICE, FIELD_AT(struct hello_request, edition), .choices = editions },
};

/* A check and its chain, which needs more than a table. */
struct check_draft { struct cert_request request; const json_t *offered; };

static const struct field check_fields[] = {
	SITE_FIELDS(struct check_draft, request.key.),
	{ "error", FIELD_INT, .min = INT32_MIN, .max = INT32_MAX, FIELD_AT(struct check_draft, request.error) },
	{ "clicked", FIELD_BOOL, FIELD_AT(struct check_draft, request.clicked) },
	{ "retry", FIELD_BOOL, FIELD_AT(struct check_draft, request.retry) },
	{ "same_country", FIELD_BOOL, FIELD_AT(struct check_draft, request.same_country) },
	{ "proxy", FIELD_CHOICE, FIELD_AT(struct check_draft, request.proxy), .choices = decode_proxies },
	SOCKS_FIELDS(struct check_draft, request.),
	{ "offered", FIELD_LIST, true, .min = 1, .max = CHAIN_MAX, FIELD_AT(struct check_draft, offered) },
};
enum failure { FAILURE_NONE, FAILURE_LOOP, FAILURE_PLAIN };
static const char *const failures[] = { [FAILURE_NONE] = "none", [FAILURE_LOOP] = "loop", [FAILURE_PLAIN] = "plain", NULL };
struct https_draft { struct cert_request request; unsigned failure; const json_t *headers; };
static const struct field https_fields[] = {
	SITE_FIELDS(struct https_draft, request.key.),
	{ "failure", FIELD_CHOICE, FIELD_AT(struct https_draft, failure), .choices = failures },
	{ "url", FIELD_NAME, true, .min = 1, .max = CLIP_URL_MAX, FIELD_AT(struct https_draft, request.page.url) },
	{ "headers", FIELD_OBJECT, true, FIELD_AT(struct https_draft, headers) },
	{ "clicked", FIELD_BOOL, FIELD_AT(struct https_draft, request.clicked) },
	{ "retry", FIELD_BOOL, FIELD_AT(struct https_draft, request.retry) },
	{ "proxy", FIELD_CHOICE, FIELD_AT(struct https_draft, request.proxy), .choices = decode_proxies },
	SOCKS_FIELDS(struct https_draft, request.),
};
static const struct field forget_fields[] = {
	SITE_FIELDS(struct site_key, ),
};
static const struct field circuit_fields[] = {
	SITE_FIELDS(struct circuit_request, key.),
	{ "dry", FIELD_BOOL, FIELD_AT(struct circuit_request, dry) },
	SOCKS_FIELDS(struct circuit_request, ),
};
static const struct field cancel_fields[] = {
	{ "target", FIELD_INT, .min = 1, .max = MESSAGE_ID_MAX, FIELD_AT(struct cancel_request, target) },
};

/* Lists and objects need more than a table. */
struct clip_draft { const json_t *flavours; };
struct compare_draft { struct clip_compare request; const json_t *family, *headers; };

static const struct field clip_fields[] = {
	{ "flavours", FIELD_LIST, .min = 1, .max = CLIP_FLAVOURS_MAX, FIELD_AT(struct clip_draft, flavours) },
};
static const struct field flavour_fields[] = {
	{ "type", FIELD_TEXT, .min = 1, .max = CLIP_TYPE_MAX - 1, .size = CLIP_TYPE_MAX },
};
static const struct field compare_fields[] = {
	SITE_FIELDS(struct compare_draft, request.key.),
	{ "proxy", FIELD_CHOICE, FIELD_AT(struct compare_draft, request.proxy), .choices = decode_proxies },
	SOCKS_FIELDS(struct compare_draft, request.),
	{ "url", FIELD_NAME, .min = 1, .max = CLIP_URL_MAX, FIELD_AT(struct compare_draft, request.url) },
	{ "address", FIELD_TEXT, .min = 1, .max = ADDR_TEXT_MAX - 1, FIELD_AT(struct compare_draft, request.address) },
	{ "ticker", FIELD_TEXT, .min = 1, .max = ADDR_WORD_MAX, FIELD_AT(struct compare_draft, request.ticker) },
	{ "before", FIELD_TEXT, .min = 0, .max = CLIP_NEAR_MAX, FIELD_AT(struct compare_draft, request.before) },
	{ "after", FIELD_TEXT, .min = 0, .max = CLIP_NEAR_MAX, FIELD_AT(struct compare_draft, request.after) },
	{ "path", FIELD_NAME, .min = 1, .max = CLIP_PATH_MAX, FIELD_AT(struct compare_draft, request.path) },
	{ "family", FIELD_LIST, .min = 0, .max = CLIP_FAMILY_MAX, FIELD_AT(struct compare_draft, family) },
	{ "headers", FIELD_OBJECT, FIELD_AT(struct compare_draft, headers) },
	{ "clicked", FIELD_BOOL, FIELD_AT(struct compare_draft, request.clicked) },
};
static const struct field page_header_fields[] = {
	{ "user_agent", FIELD_LINE, .min = 1, .max = CLIP_HEADER_MAX, FIELD_AT(struct plain_page, user_agent) },
	{ "accept", FIELD_LINE, .min = 1, .max = CLIP_HEADER_MAX, FIELD_AT(struct plain_page, accept) },
	{ "accept_language", FIELD_LINE, .min = 1, .max = CLIP_HEADER_MAX, FIELD_AT(struct plain_page, accept_language) },
};
static const struct field header_fields[] = {
	{ "user_agent", FIELD_LINE, .min = 1, .max = CLIP_HEADER_MAX, FIELD_AT(struct clip_compare, user_agent) },
	{ "accept", FIELD_LINE, .min = 1, .max = CLIP_HEADER_MAX, FIELD_AT(struct clip_compare, accept) },
	{ "accept_language", FIELD_LINE, .min = 1, .max = CLIP_HEADER_MAX, FIELD_AT(struct clip_compare, accept_language) },
};

static enum err decode_hello(const json_t *root, struct request *out, const char **wrong)
{
	const json_t *protocol = json_object_get(root, "protocol");

	/* First, and before any other field: a later protocol may have other fields, and must hear why. */
	if (json_is_integer(protocol) && json_integer_value(protocol) != MESSAGE_PROTOCOL)
		return ERR_MSG_VERSION;
	return fields_decode(root, hello_fields, sizeof hello_fields / sizeof *hello_fields, &out->hello, wrong);
}

/* Both or neither: half of the credentials identifies nothing. */
enum err decode_credentials(const char *username, const char *password, const char **wrong)
{
	if ((username[0] == '\0') == (password[0] == '\0'))
		return OK;
	*wrong = username[0] == '\0' ? "socks_username" : "socks_password";
	return ERR_MSG_FIELD;
}

/* Standard base64 with padding, nothing between (RFC 4648 section 4). */
static enum err decode_chain(const json_t *list, struct request *out)
{
	struct cert_request *r = &out->check;
	size_t length[CHAIN_MAX] = { 0 };

	out->chain = buf_new(CHAIN_BYTES_MAX);
	uint8_t *der = malloc(CERT_MAX);
	if (der == NULL)
		return ERR_NOMEM;
	enum err err = OK;
	for (size_t i = 0; i < json_array_size(list) && err == OK; i++) {
		const json_t *entry = json_array_get(list, i);
		if (!json_is_string(entry) ||
		    sodium_base642bin(der, CERT_MAX, json_string_value(entry), json_string_length(entry), NULL,
		                      &length[i], NULL, sodium_base64_VARIANT_ORIGINAL) != 0 || length[i] == 0) {
			err = ERR_MSG_FIELD;
			break;
		}
		buf_put(&out->chain, der, length[i]);
		err = buf_err(&out->chain) == ERR_TOO_BIG ? ERR_MSG_FIELD : buf_err(&out->chain);
	}
	free(der);
	if (err != OK)
		return err;
	/* Only now: the buffer may have moved while it grew. */
	struct rd rest = rd_of(out->chain.bytes, out->chain.len);
	r->n_offered = json_array_size(list);
	for (size_t i = 0; i < r->n_offered; i++)
		r->offered[i] = (struct net_cert){ (uint32_t)length[i], rd_take(&rest, length[i]).at };
	return OK;
}

static enum err decode_check(const json_t *root, struct request *out, const char **wrong)
{
	struct check_draft draft = { 0 };

	enum err err = fields_decode(root, check_fields, sizeof check_fields / sizeof *check_fields, &draft, wrong);
	if (err == OK)
		err = decode_credentials(draft.request.socks_username, draft.request.socks_password, wrong);
	out->check = draft.request;
	sodium_memzero(&draft.request, sizeof draft.request);
	if (err != OK || draft.offered == NULL)
		return err;
	err = decode_chain(draft.offered, out);
	if (err == ERR_MSG_FIELD)
		*wrong = "offered";
	return err;
}

/* An object of exactly these texts; it has no id and no kind, which the table passes over. */
static enum err decode_headers(const json_t *headers, const struct field *fields, size_t n, void *out, const char **wrong)
{
	const char *inside;

	if (json_object_size(headers) == n && fields_decode(headers, fields, n, out, &inside) == OK)
		return OK;
	*wrong = "headers";
	return ERR_MSG_FIELD;
}

/* Of a plain page alone: its address and what the browser says of itself. */
static enum err decode_page(struct https_draft *draft, const char **wrong)
{
	bool is_plain = draft->failure == FAILURE_PLAIN;

	if ((draft->request.page.url[0] != '\0') != is_plain)
		*wrong = "url";
	else if ((draft->headers != NULL) != is_plain)
		*wrong = "headers";
	else
		return is_plain ? decode_headers(draft->headers, page_header_fields, sizeof page_header_fields / sizeof *page_header_fields,
		                                 &draft->request.page, wrong) : OK;
	return ERR_MSG_FIELD;
}

static enum err decode_https(const json_t *root, struct request *out, const char **wrong)
{
	struct https_draft draft = { .request.question = QUESTION_HTTPS };

	enum err err = fields_decode(root, https_fields, sizeof https_fields / sizeof *https_fields, &draft, wrong);
	if (err == OK)
		err = decode_credentials(draft.request.socks_username, draft.request.socks_password, wrong);
	if (err == OK)
		err = decode_page(&draft, wrong);
	draft.request.is_loop = draft.failure == FAILURE_LOOP;
	draft.request.is_plain = draft.failure == FAILURE_PLAIN;
	out->check = draft.request;
	sodium_memzero(&draft, sizeof draft);
	return err;
}

static enum err decode_forget(const json_t *root, struct request *out, const char **wrong)
{
	return fields_decode(root, forget_fields, sizeof forget_fields / sizeof *forget_fields, &out->forget, wrong);
}

static enum err decode_circuit(const json_t *root, struct request *out, const char **wrong)
{
	enum err err = fields_decode(root, circuit_fields, sizeof circuit_fields / sizeof *circuit_fields,
	                             &out->circuit, wrong);
	if (err != OK)
		return err;
	return decode_credentials(out->circuit.socks_username, out->circuit.socks_password, wrong);
}

/* One flavour: its texts stay in the tree. */
static enum err decode_flavour(const json_t *entry, struct clip_flavour *out)
{
	const json_t *type = json_object_get(entry, "type"), *text = json_object_get(entry, "text");

	if (!json_is_object(entry) || json_object_size(entry) != 2 || !json_is_string(type) || !json_is_string(text) ||
	    !field_text_is_right(&flavour_fields[0], type))
		return ERR_MSG_FIELD;
	*out = (struct clip_flavour){ json_string_value(type), (const uint8_t *)json_string_value(text),
	                              json_string_length(text) };
	return OK;
}

static enum err decode_clip(const json_t *root, struct request *out, const char **wrong)
{
	struct clip_draft draft = { 0 };
	size_t total = 0;

	enum err err = fields_decode(root, clip_fields, sizeof clip_fields / sizeof *clip_fields, &draft, wrong);
	if (err != OK)
		return err;
	out->clip.n = json_array_size(draft.flavours);
	for (size_t i = 0; i < out->clip.n && err == OK; i++) {
		err = decode_flavour(json_array_get(draft.flavours, i), &out->clip.flavour[i]);
		if (err == OK && out->clip.flavour[i].len > CLIP_TEXT_MAX - total)
			err = ERR_TOO_BIG;
		total += err == OK ? out->clip.flavour[i].len : 0;
	}
	if (err == ERR_MSG_FIELD)
		*wrong = "flavours";
	return err;
}

/* The family as one text, with spaces between. */
static enum err decode_family(const json_t *list, struct request *out)
{
	static const struct field entry = { .type = FIELD_NAME, .min = 1, .max = ADDR_TEXT_MAX - 1, .size = ADDR_TEXT_MAX };

	out->chain = buf_new(CLIP_FAMILY_BYTES_MAX + 1);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *address = json_array_get(list, i);
		if (!json_is_string(address) || !field_text_is_right(&entry, address))
			return ERR_MSG_FIELD;
		if (i > 0)
			buf_u8(&out->chain, ' ');
		buf_put(&out->chain, json_string_value(address), json_string_length(address));
	}
	buf_u8(&out->chain, 0);
	enum err err = buf_err(&out->chain);
	out->compare.family = (const char *)out->chain.bytes;
	return err == ERR_TOO_BIG ? ERR_MSG_FIELD : err;
}

static enum err decode_compare(const json_t *root, struct request *out, const char **wrong)
{
	struct compare_draft draft = { 0 };

	enum err err = fields_decode(root, compare_fields, sizeof compare_fields / sizeof *compare_fields, &draft, wrong);
	if (err == OK)
		err = decode_credentials(draft.request.socks_username, draft.request.socks_password, wrong);
	if (err == OK)
		err = decode_headers(draft.headers, header_fields, sizeof header_fields / sizeof *header_fields, &draft.request, wrong);
	out->compare = draft.request;
	sodium_memzero(&draft.request, sizeof draft.request);
	if (err != OK)
		return err;
	err = decode_family(draft.family, out);
	if (err == ERR_MSG_FIELD)
		*wrong = "family";
	return err;
}

static enum err decode_nothing(const json_t *root, struct request *out, const char **wrong)
{
	return fields_decode(root, NULL, 0, out, wrong);
}

static enum err decode_cancel(const json_t *root, struct request *out, const char **wrong)
{
	return fields_decode(root, cancel_fields, sizeof cancel_fields / sizeof *cancel_fields, &out->cancel, wrong);
}

static const struct {
	const char *name;
	enum err (*decode)(const json_t *root, struct request *out, const char **wrong);
} kinds[REQUEST_KINDS] = {
	[REQUEST_HELLO]        = { "hello",        decode_hello },
	[REQUEST_CERT_CHECK]   = { "cert.check",   decode_check },
	[REQUEST_HTTPS_CHECK]  = { "https.check",  decode_https },
	[REQUEST_CERT_FORGET]  = { "cert.forget",  decode_forget },
	[REQUEST_CIRCUIT_NEW]  = { "circuit.new",  decode_circuit },
	[REQUEST_SESSION_WIPE] = { "session.wipe", decode_nothing },
	[REQUEST_STATUS]       = { "status",       decode_nothing },
	[REQUEST_CANCEL]       = { "cancel",       decode_cancel },
	[REQUEST_CLIP_CHECK]   = { "clip.check",   decode_clip },
	[REQUEST_CLIP_COMPARE] = { "clip.compare", decode_compare },
	[REQUEST_DOWNLOAD_FETCH]   = { "download.fetch",   decode_download_fetch },
	[REQUEST_DOWNLOAD_VERIFY]  = { "download.verify",  decode_download_verify },
	[REQUEST_DOWNLOAD_LOCAL]   = { "download.local",   decode_download_local },
	[REQUEST_DOWNLOAD_RETRY]   = { "download.retry",   decode_download_retry },
	[REQUEST_DOWNLOAD_DISCARD] = { "download.discard", decode_download_number },
	[REQUEST_DOWNLOAD_KEEP]    = { "download.keep",    decode_download_number },
	[REQUEST_DOWNLOAD_SHOW]    = { "download.show",    decode_download_number },
	[REQUEST_CLASSIFY]         = { "classify",         decode_classify },
	[REQUEST_REPORT_BUILD] = { "report.build", decode_report_build },
	[REQUEST_REPORT_SEND]  = { "report.send",  decode_report_send },
};

const char *request_kind_name(enum request_kind k)
{
	return k < REQUEST_KINDS ? kinds[k].name : "";
}

enum err request_decode(const json_t *root, struct request *out, const char **wrong)
{
	const json_t *id = json_object_get(root, "id"), *kind = json_object_get(root, "kind");

	memset(out, 0, sizeof *out);
	out->kind = REQUEST_KINDS;
	*wrong = NULL;
	if (!json_is_integer(id) || json_integer_value(id) < 1 || json_integer_value(id) > MESSAGE_ID_MAX)
		return ERR_MSG_ID;
	out->id = (uint32_t)json_integer_value(id);
	if (!json_is_string(kind))
		return ERR_MSG_KIND;
	for (unsigned k = 0; k < REQUEST_KINDS; k++)
		if (strcmp(kinds[k].name, json_string_value(kind)) == 0) {
			out->kind = (enum request_kind)k;
			return kinds[k].decode(root, out, wrong);
		}
	return ERR_MSG_KIND;
}

void request_free(struct request *r)
{
	buf_free(&r->chain);
	sodium_memzero(r, sizeof *r);
}
