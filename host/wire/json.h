/* JSON at the door: strict text to Jansson's tree and back. Only wire/ and message/ know Jansson's types; below them
 * there are plain structs. */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/buf.h"
#include "base/rd.h"
#include <jansson.h>

/* Before the first use: Jansson's memory is wiped when it is given back, because requests carry SOCKS passwords. */
void json_init(void);

/* One object, UTF-8, no duplicate keys, no NUL (raw or escaped), no byte behind it but white space, at most
 * JSON_DEPTH_MAX deep and JSON_MARKS_MAX marks. On OK the caller owns *out. Errors: ERR_MSG_JSON, ERR_NOMEM. */
MUST_USE enum err json_take(struct rd text, json_t **out);
/* Appends compact text. Errors: those of out; ERR_BUG when the tree can't be written. */
MUST_USE enum err json_give(const json_t *tree, struct buf *out);

#endif
