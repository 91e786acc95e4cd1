/* Tor's control protocol (control-spec) without any I/O: the driver feeds what it read and sends what
 * torctl_out holds. Commands are queued and answered in order; asynchronous events (650) may stand between
 * replies and between the lines of one. Nothing is stored but the line being read: replies of many megabytes
 * (ns/all, md) go line by line to the caller. Used by torauth and torlink. */
#ifndef ENGINE_TORCTL_H
#define ENGINE_TORCTL_H

#include "base/buf.h"
#include <stdbool.h>

struct torctl;

/* One line of a reply: its status code, its text without code and CRLF. For the lines of a data block
 * ("250+key=" ... ".") is_data is set and dots are unstuffed; the block's first line comes before with
 * is_data unset. text is NUL-terminated, holds no NUL, CR or LF, and is gone after the call. */
struct torctl_line { int code; bool is_data; const char *text; size_t len; };

/* Whom a reply is for. line (may be NULL): each line but the last. done: once, always, even when the link
 * ends first. err: OK for 2xx; ERR_TOR_COMMAND for 4xx/5xx (code and text say more); ERR_TOR_LOST or
 * ERR_TOR_REPLY when the link ended (code 0, text ""). text: the last line. */
struct torctl_ask {
	void (*line)(void *arg, const struct torctl_line *line);
	void (*done)(void *arg, enum err err, int code, const char *text);
	void *arg;
};

/* A line of an event; is_first: text begins with the event's keyword ("STREAM 141 NEW ..."). */
typedef void torctl_event_fn(void *arg, const struct torctl_line *line, bool is_first);

/* NULL when out of memory. event may be NULL. */
struct torctl *torctl_new(torctl_event_fn *event, void *arg);
/* Ends all waiting commands with why (never OK) and frees. Takes NULL. Not to be called from a callback. */
void torctl_free(struct torctl *c, enum err why);

/* Queue one command: words[0] a keyword, then its arguments, NULL at the end; joined by single blanks. A word must be
 * printable ASCII without blank, quote or backslash, and not empty: so nothing that came from outside can become
 * a second command. Errors (done is not called then): ERR_BUG for a bad word, ERR_TOO_BIG, ERR_NOMEM, ERR_TOR_LOST after
 * the link ended. */
MUST_USE enum err torctl_send(struct torctl *c, const char *const *words, const struct torctl_ask *ask);
/* True when s may be a word of a command. */
bool torctl_is_word(const char *s);

/* What tor sent. After anything else than OK the link is over: all waiting commands have ended, later input is ignored. */
MUST_USE enum err torctl_feed(struct torctl *c, const void *bytes, size_t n);
/* What to send; the driver drops (buf_drop) what it sent. Wiped when dropped, as it may hold a secret. */
struct buf *torctl_out(struct torctl *c);
size_t torctl_waiting(const struct torctl *c);

/* Positional and keyword arguments of a line: `36 BUILT $AA..~nick PURPOSE=GENERAL SOCKS_USERNAME="a \"b\""`.
 * at: start of the text, moved on. key is "" for a positional one. Values are unescaped (control-spec 2.1.1: \n \t \r
 * \" \\ and octal; a NUL becomes "?") into value; one that does not fit, or an unterminated quote, ends the walk with *bad set.
 * Returns false at the end. Unknown keys are the caller's to skip. */
struct torctl_arg { char key[32]; char *value; size_t room, len; bool is_quoted; };
bool torctl_next_arg(const char **at, struct torctl_arg *arg, bool *bad);

#endif
