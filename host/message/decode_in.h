/* What the decoders of requests share (message/decode.c, decode_download.c). Private to them. */
#ifndef MESSAGE_DECODE_IN_H
#define MESSAGE_DECODE_IN_H

#include "message/decode.h"
#include "message/field.h"

#define SITE_FIELDS(type, prefix) \
	{ "first_party", FIELD_NAME, .min = 0, .max = HOST_MAX - 1, FIELD_AT(type, prefix first_party) }, \
	{ "private", FIELD_INT, .min = 0, .max = UINT32_MAX, FIELD_AT(type, prefix private_id) }, \
	{ "container", FIELD_INT, .min = 0, .max = UINT32_MAX, FIELD_AT(type, prefix container) }, \
	{ "host", FIELD_NAME, .min = 1, .max = HOST_MAX - 1, FIELD_AT(type, prefix host) }, \
	{ "port", FIELD_INT, .min = 1, .max = 65535, FIELD_AT(type, prefix port) }
#define SOCKS_FIELDS(type, prefix) \
	{ "socks_username", FIELD_TEXT, true, .min = 1, .max = SOCKS_CRED_MAX - 1, FIELD_AT(type, prefix socks_username) }, \
	{ "socks_password", FIELD_TEXT, true, .min = 1, .max = SOCKS_CRED_MAX - 1, FIELD_AT(type, prefix socks_password) }

extern const char *const decode_proxies[];
MUST_USE enum err decode_credentials(const char *username, const char *password, const char **wrong);

MUST_USE enum err decode_download_fetch(const json_t *root, struct request *out, const char **wrong);
MUST_USE enum err decode_download_verify(const json_t *root, struct request *out, const char **wrong);
MUST_USE enum err decode_download_local(const json_t *root, struct request *out, const char **wrong);
MUST_USE enum err decode_download_retry(const json_t *root, struct request *out, const char **wrong);
MUST_USE enum err decode_download_number(const json_t *root, struct request *out, const char **wrong);
MUST_USE enum err decode_report_build(const json_t *root, struct request *out, const char **wrong);
MUST_USE enum err decode_report_send(const json_t *root, struct request *out, const char **wrong);
MUST_USE enum err decode_classify(const json_t *root, struct request *out, const char **wrong);

#endif
