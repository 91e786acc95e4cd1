/* `secondexit-collector run`: the daemon (contract in collector/verbs.h). */
#include "collector/daemon.h"
#include "collector/store.h"
#include "collector/verbs.h"
#include <stdio.h>
#include <sys/resource.h>

/* Secrets in memory must not end in a core file. */
static void no_core(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
}

int verb_run(const struct options *o, int argc, char **argv)
{
	struct daemon *d;
	const char *what;

	if (argc > 1)
		return verb_usage("unexpected argument", argv[1]);
	no_core();
	enum err err = daemon_new(o, &d, &what);
	if (err != OK) {
		if (*store_complaint() != '\0')
			fprintf(stderr, "secondexit-collector: %s\n", store_complaint());
		return verb_failed("run", what, err);
	}
	daemon_run(d);
	daemon_free(d);
	return 0;
}
