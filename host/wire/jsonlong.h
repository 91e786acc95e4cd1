/* Long strings of a JSON text, taken out before Jansson reads the rest: it goes byte by byte through four calls, which for
 * a copy of 1 MiB is longer than a person should wait. Used by json.c alone; what is a valid string is the same. */
#ifndef WIRE_JSONLONG_H
#define WIRE_JSONLONG_H

#include "base/buf.h"
#include "base/rd.h"
#include <jansson.h>

/* Strings from here on are taken out. Ours below (names, URLs, certificates' base64 up to a few KiB) cost nothing. */
#define JSON_LONG_MIN 8192
/* A request has CLIP_FLAVOURS_MAX long texts, CHAIN_MAX long certificates; further ones are left to Jansson. */
#define JSON_LONG_MAX 16

struct json_longs {
	char mark[33];                        /* random for each text: what stands in a string's place can't be guessed */
	size_t n;
	struct rd string[JSON_LONG_MAX];      /* between the quotes; borrows the text */
};

void json_longs_begin(struct json_longs *l);
/* Notes a string's inside, unless there are JSON_LONG_MAX. True: put the placeholder in its place, quotes included. */
bool json_longs_take(struct json_longs *l, struct rd inside, struct buf *reduced);
/* Puts the strings back. ERR_MSG_JSON: one is no valid string (RFC 8259 section 7, UTF-8 by RFC 3629; NUL, raw or escaped,
 * and lone surrogates are refused), or stood where no value stands. ERR_NOMEM. */
MUST_USE enum err json_longs_put_back(const struct json_longs *l, json_t *root);

#endif
