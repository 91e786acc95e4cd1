/* Which circuit carried the browser's connection (NET_FIRST), and closing the circuits of a site (NET_CLOSE): jobs of the
 * net role. What is a candidate is circs.h's to say. Used by netd. */
#ifndef ENGINE_FIRST_H
#define ENGINE_FIRST_H

#include "engine/circs.h"
#include "priv/netmsg.h"

/* The question in circs' words. Borrows m. */
struct circs_wanted first_wanted(const struct net_first *m);

#endif
