/* One browser's conversation: hello first, requests by table, ids, cancel, events. Called by wire/browser.c with
 * whole JSON objects; calls feature/certcheck with plain structs. Knows no descriptors and no loop. */
#ifndef MESSAGE_MESSAGE_H
#define MESSAGE_MESSAGE_H

#include "base/err.h"
#include <jansson.h>
#include <stdint.h>

struct check_ops;
struct clip_ops;
struct download_ops;
struct report_ops;
struct messages;

/* One message to the browser; the tree lives as long as the call. id is 0 for events and for errors without
 * an id, so that a message that can't be sent can be replaced by an error. */
typedef void messages_send(void *arg, uint32_t id, const json_t *message);

/* ops, clip and download are handed to the features, which borrow them. NULL when memory is out. */
struct messages *messages_new(const struct check_ops *ops, const struct clip_ops *clip, const struct download_ops *download,
                              const struct report_ops *report,
                              messages_send *send, void *arg);
/* Ends what runs, sends nothing. Takes NULL. */
void messages_free(struct messages *m);

/* One message of the browser, an object. Answers it, or starts what will. */
void messages_take(struct messages *m, const json_t *root);
/* A message that could not be read at all (ERR_MSG_TOO_BIG, ERR_MSG_JSON, ERR_NOMEM): an error without an id. */
void messages_refuse(struct messages *m, enum err err);

#endif
