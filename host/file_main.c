/* secondexit-file: the process that reads one downloaded file. It is started by secondexit over a socketpair (priv/role.h), gets
 * a question and a descriptor, answers, and is ended. It talks to nobody else and opens nothing. */
#include "base/log.h"
#include "parse/file/filed.h"
#include <event2/event.h>
#include <stdlib.h>
#include <sys/resource.h>

int main(void)
{
	/* What was downloaded is nobody else's: no core file. */
	const struct rlimit none = { 0, 0 };

	log_line("file role begins");
	if (clearenv() != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
		return 2;
	struct event_base *base = event_base_new();
	struct filed *d = base != NULL ? filed_new(base) : NULL;
	struct inner *inner = d != NULL ? inner_new(base, &filed_inner_ops, d) : NULL;
	if (inner == NULL)
		return 2;
	filed_attach(d, inner);
	int status = inner_run(inner);
	filed_free(d);
	event_base_free(base);
	return status;
}
