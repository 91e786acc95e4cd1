/* Framing of native messaging (Mozilla: "Native messaging", section "App side"): a 32-bit length in the machine's
 * byte order, then so many bytes of UTF-8 JSON. Sans-I/O: browser.c feeds it what it read. */
#ifndef WIRE_NATIVE_H
#define WIRE_NATIVE_H

#include "base/buf.h"
#include "base/rd.h"
#include <stdbool.h>

enum native_got {
	NATIVE_MORE,      /* all input is used up */
	NATIVE_MESSAGE,   /* *message is one whole message, perhaps empty */
	NATIVE_TOO_BIG,   /* a length above NATIVE_IN_MAX was announced; its bytes will be skipped, never stored */
	NATIVE_NOMEM,     /* the message is lost and skipped; the framing goes on */
};

struct native {
	struct buf held;       /* the message that is coming in */
	uint8_t head[4];
	size_t n_head;         /* bytes of head that have come */
	size_t left;           /* bytes of the body that have not come */
	bool is_skipping, is_handed_out;
};

struct native native_new(void);        /* allocates nothing */
void native_free(struct native *n);    /* wipes */
/* Takes bytes off the front of *in until something is to be said; call again until NATIVE_MORE. *message
 * borrows from n until the next call. */
enum native_got native_next(struct native *n, struct rd *in, struct rd *message);
/* True when input ended now would cut a message in two. */
bool native_is_inside(const struct native *n);

/* Appends one framed message. ERR_TOO_BIG above NATIVE_OUT_MAX or when out's cap is met, ERR_NOMEM: then nothing is
 * appended and out goes on. */
MUST_USE enum err native_put(struct buf *out, const void *message, size_t n);

#endif
