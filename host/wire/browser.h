/* Native messaging over two descriptors on the program's loop: bytes to frames to JSON to message/, and back. Called
 * by main.c with standard input and output. */
#ifndef WIRE_BROWSER_H
#define WIRE_BROWSER_H

#include "base/err.h"

struct event_base;
struct check_ops;
struct clip_ops;
struct download_ops;
struct report_ops;
struct browser;

/* Makes both descriptors non-blocking until browser_free; they stay the caller's. It is over when in
 * ends, when out can't be written, or when NATIVE_QUEUE_MAX bytes wait for a browser that does not read: then it
 * breaks the loop. NULL: memory is out, or a descriptor can't be waited for (a file, /dev/null). */
struct browser *browser_new(struct event_base *base, int in, int out, const struct check_ops *ops,
                            const struct clip_ops *clip, const struct download_ops *download,
                            const struct report_ops *report);
/* Puts the descriptors' flags back; ends what runs; wipes. Takes NULL. */
void browser_free(struct browser *s);
/* Why the loop was broken: OK at the end of input between two messages, ERR_CLOSED when nobody reads, ERR_FORMAT when
 * input ended inside a message, ERR_TOO_BIG, ERR_IO. */
enum err browser_end(const struct browser *s);

#endif
