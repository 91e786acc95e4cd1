/* Requests about reports (contract in message/decode.h; shared/protocol.md says the same in words). */
#include "message/decode_in.h"

static const char *const abouts[] = {
	[REPORT_CERTIFICATE] = "certificate", [REPORT_HTTPS] = "https", [REPORT_DOWNLOAD] = "download", [REPORT_COPY] = "copy", NULL
};
static const struct field build_fields[] = {
	SITE_FIELDS(struct report_build_request, key.),
	{ "about", FIELD_CHOICE, FIELD_AT(struct report_build_request, about), .choices = abouts },
	{ "browser", FIELD_LINE, true, .min = 1, .max = 63, FIELD_AT(struct report_build_request, browser) },
};

struct send_draft { struct report_send_request request; const json_t *text; };
static const struct field send_fields[] = {
	{ "onion", FIELD_NAME, .min = 1, .max = REPORT_ONION_MAX - 1, FIELD_AT(struct send_draft, request.onion) },
	{ "key", FIELD_NAME, .min = 1, .max = 2 * REPORT_KEY_LEN, FIELD_AT(struct send_draft, request.key) },
	{ "text", FIELD_LONG, .min = 1, .max = REPORT_FILE_MAX, FIELD_AT(struct send_draft, text) },
};

enum err decode_report_build(const json_t *root, struct request *out, const char **wrong)
{
	return fields_decode(root, build_fields, sizeof build_fields / sizeof *build_fields, &out->build, wrong);
}

enum err decode_report_send(const json_t *root, struct request *out, const char **wrong)
{
	struct send_draft draft = { 0 };
	enum err err = fields_decode(root, send_fields, sizeof send_fields / sizeof *send_fields, &draft, wrong);

	if (err != OK)
		return err;
	out->report = draft.request;
	out->report.text = json_string_value(draft.text);
	out->report.len = json_string_length(draft.text);
	return OK;
}
