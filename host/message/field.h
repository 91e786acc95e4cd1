/* Strict decoding of one JSON object by a table: every field of the table and no other, each of its type and
 * within its bounds, into one plain struct. Used by decode.c, whose tables say what shared/protocol.md says. */
#ifndef MESSAGE_FIELD_H
#define MESSAGE_FIELD_H

#include "base/err.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
	FIELD_BOOL,     /* into bool */
	FIELD_INT,      /* min..max, into an integer of size bytes */
	FIELD_NAME,     /* printable ASCII without space, min..max bytes, into char[max + 1] */
	FIELD_TEXT,     /* any UTF-8 without control characters, min..max bytes, into char[max + 1] */
	FIELD_LINE,     /* printable ASCII, min..max bytes, no space at either end, into char[max + 1] */
	FIELD_CHOICE,   /* one of choices, its index into an enum */
	FIELD_LONG,     /* a string of min..max bytes, borrowed and not looked into, into const json_t * */
	FIELD_LIST,     /* an array of min..max entries, borrowed, into const json_t * */
	FIELD_OBJECT,   /* an object, borrowed, into const json_t * */
};

struct field {
	const char *name;
	enum field_type type;
	bool is_optional;            /* absent: the struct keeps what it held */
	size_t offset, size;         /* of the member */
	int64_t min, max;
	const char *const *choices;  /* FIELD_CHOICE: NULL-terminated */
	bool is_nullable;            /* null: the struct keeps what it held */
};

/* A member of a struct as offset and size. */
#define FIELD_AT(type, member) .offset = offsetof(type, member), .size = sizeof ((type *)0)->member

/* "id" and "kind" are passed over: request_decode has read them. out is filled from the table; what it holds
 * after an error is unspecified but can be wiped. ERR_MSG_FIELD: *wrong names the first field that is missing,
 * unknown or wrong; it borrows from object or table. */
MUST_USE enum err fields_decode(const json_t *object, const struct field *table, size_t n, void *out,
                                const char **wrong);

/* Is this string within the bounds of a FIELD_NAME, FIELD_TEXT or FIELD_LINE? For entries of lists. */
bool field_text_is_right(const struct field *f, const json_t *string);

#endif
