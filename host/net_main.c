/* secondexit-net: the net role. Started by secondexit with a socket as fd 3 (priv/role.h); its own sockets lead to tor's
 * control and SOCKS ports and nowhere else. */
#include "engine/netd.h"

#include <event2/event.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/resource.h>

int main(void)
{
	/* Streams' targets and SOCKS passwords are in our memory: they are not written to disk, not even by a crash. */
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0 || sodium_init() < 0)
		return 2;
	struct event_base *base = event_base_new();
	struct netd *d = base != NULL ? netd_new(base) : NULL;
	struct inner *inner = d != NULL ? inner_new(base, &netd_inner_ops, d) : NULL;
	if (inner == NULL)
		return 2;
	netd_attach(d, inner);
	int status = inner_run(inner);
	netd_free(d);
	event_base_free(base);
	return status;
}
