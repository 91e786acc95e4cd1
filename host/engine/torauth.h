/* Authentication to a control port over torctl: PROTOCOLINFO, then SAFECOOKIE, HASHEDPASSWORD, COOKIE or NULL, in
 * this order, the first one that is offered and possible. SAFECOOKIE: the server's hash is checked, in constant time,
 * before ours is sent (control-spec 3.24). A password travels as hex digits. Used by torlink. */
#ifndef ENGINE_TORAUTH_H
#define ENGINE_TORAUTH_H

#include "base/err.h"
#include "engine/torctl.h"

#define TORAUTH_COOKIE_LEN 32

struct torauth;

/* All strings borrowed until torauth_start returns; "" or NULL: not given. */
struct torauth_config {
	const char *cookie_path;   /* by option or environment; else PROTOCOLINFO's */
	const char *password_file; /* first line is the password */
	const char *password;      /* environment; password_file goes first */
};

/* Result. method: "NULL", "COOKIE", "SAFECOOKIE", "HASHEDPASSWORD" (static). tor_version: of PROTOCOLINFO. */
typedef void torauth_fn(void *arg, enum err err, const char *method, const char *tor_version);

/* Starts on a fresh torctl; done is called once, later (also with ERR_TOR_LOST from torctl_free).
 * Errors of done: ERR_TOR_AUTH (nothing usable or refused), ERR_TOR_AUTH_SERVER (wrong server hash: nothing was sent),
 * ERR_TOR_REPLY, ERR_TOR_LOST. The object frees itself after done. */
MUST_USE enum err torauth_start(struct torctl *c, const struct torauth_config *config, torauth_fn *done, void *arg);

#endif
