/* secondexit-fetch: the process that speaks HTTP with servers (libcurl). It is started by secondexit over a
 * socketpair (priv/role.h), which hands it connections that tor has opened; it opens none itself, and reads nothing
 * from the disk. */
#include "base/log.h"
#include "fetch/fetchd.h"
#include "fetch/transfer.h"
#include <event2/event.h>
#include <stdlib.h>
#include <sys/resource.h>

int main(void)
{
	/* What was fetched is nobody else's: no core file. */
	const struct rlimit none = { 0, 0 };

	/* Whether to log is asked first, then no variable is left that libcurl or OpenSSL would listen to: proxies, key
	 * logs, configuration files. */
	log_line("fetch role begins");
	if (clearenv() != 0 || setrlimit(RLIMIT_CORE, &none) != 0 || !transfer_init())
		return 2;
	struct event_base *base = event_base_new();
	struct fetchd *d = base != NULL ? fetchd_new(base) : NULL;
	struct inner *inner = d != NULL ? inner_new(base, &fetchd_inner_ops, d) : NULL;
	if (inner == NULL)
		return 2;
	fetchd_attach(d, inner);
	int status = inner_run(inner);
	fetchd_free(d);
	event_base_free(base);
	return status;
}
