/* Relays and circuits in the words of priv/netmsg.h, as people are shown them. Used by look, first and netd. */
#ifndef ENGINE_DESCRIBE_H
#define ENGINE_DESCRIBE_H

#include "engine/circs.h"
#include "engine/relays.h"
#include "priv/netmsg.h"

/* r may be NULL. A relay that is not in the consensus has its fingerprint alone, country "??". */
void describe_relay(const struct relays *r, const uint8_t fp[FP_LEN], struct relay_info *out);
void describe_path(const struct relays *r, const struct circs_path *path, struct net_path *out);

/* Why tor ended or detached a stream: REASON and REMOTE_REASON of a STREAM event (control-spec section 4.1.2; tor-spec
 * section 6.3). OK when they say nothing, "" included. */
enum err describe_stream_end(const char *reason, const char *remote_reason);

#endif
