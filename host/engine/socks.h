/* SOCKS5 client (RFC 1928) with user name and password (RFC 1929) without any I/O: bytes in, bytes out, the clock
 * passed in. Always authenticates, because the credentials are what isolates a connection from all others
 * in tor; names go to the proxy as names. Used by look. */
#ifndef ENGINE_SOCKS_H
#define ENGINE_SOCKS_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/rd.h"
#include "engine/go.h"

enum socks_state { SOCKS_METHOD, SOCKS_AUTH, SOCKS_REPLY, SOCKS_OPEN, SOCKS_BROKEN };

struct socks {
	enum socks_state state;
	uint64_t deadline;             /* of this state, on the clock given to socks_run */
	enum err err;                  /* when SOCKS_BROKEN */
	uint8_t reply;                 /* REP of a refused CONNECT, else 0 */
	const char *username, *password;
	const char *host;
	uint16_t port;
};

/* Prepares a connection to host:port and writes the first message. Borrows the strings until the connection is
 * open or broken. host: a name, or an IPv4 or IPv6 literal (brackets allowed), which goes as such.
 * Errors (nothing written then): ERR_TARGET_NAME for an empty or overlong name or one with blanks or control
 * characters, ERR_USAGE for empty or overlong credentials or port 0, out's own. */
MUST_USE enum err socks_start(struct socks *s, const char *username, const char *password, const char *host,
                              uint16_t port, struct buf *out, uint64_t now);

/* Eats from in, writes to out. GO_DONE: CONNECT succeeded. GO_FAILED: s->err says why:
 *   ERR_TIMEOUT         the proxy was silent beyond the state's limit
 *   ERR_SOCKS_PROTOCOL  not what RFC 1928 and 1929 allow
 *   ERR_SOCKS_AUTH      it takes no user name and password, or not these
 *   others              socks_reply_err of the reply
 * Call it also without bytes when s->deadline has passed. */
enum go socks_run(struct socks *s, struct rd *in, struct buf *out, uint64_t now);

/* The error of a reply code: RFC 1928 section 6 (1..8) and tor's extended ones (proposal 304, 0xF0..0xF7), each its own;
 * ERR_SOCKS_ONION for 0xF8..0xFF, ERR_SOCKS_PROTOCOL for all else, 0 included. */
enum err socks_reply_err(uint8_t reply);

const char *socks_state_name(enum socks_state s);

#endif
