/* The collector's onion service on its own tor: ADD_ONION over the control port, with proof of work asked of clients when there is a rush, again
 * whenever tor comes back. The service lives as long as our connection. Used by collector_main. */
#ifndef COLLECTOR_ONION_H
#define COLLECTOR_ONION_H

#include "base/err.h"
#include <event2/event.h>
#include <stdbool.h>

struct onion;

struct onion_config {
	const char *control, *cookie, *password_file;   /* "" or NULL: found, as the host does */
	const char *key_file;       /* the service's key; made when it isn't there, with the rules of collector/keys.h */
	const char *target;         /* where our door is: "127.0.0.1:41234" or "unix:/path" */
	unsigned port;              /* of the service: 80 */
};

/* At each change: address ("...onion") and OK when the service is there; "" and why when it isn't. has_pow: tor took the proof of work. */
typedef void onion_fn(void *arg, enum err err, const char *address, bool has_pow);

/* Starts trying. Borrows base and config's strings. Errors: ERR_USAGE, ERR_NOMEM, those of secret_read and secret_write. */
MUST_USE enum err onion_new(struct event_base *base, const struct onion_config *config, onion_fn *told, void *arg, struct onion **out);
void onion_free(struct onion *o);   /* takes NULL; the service ends */

#endif
