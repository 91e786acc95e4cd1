/* What the verbs `cert` and `https` share: naming a site, asking one question about it, showing what came. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/cli.h"
#include "feature/certcheck.h"

/* HOST, HOST:PORT, [V6], [V6]:PORT, or a bare V6; the port is 443 when none is given. False when it is none of these. */
bool ask_site_parse(const char *text, struct site_key *key);
/* Takes a site, --first-exit, --report (NULL: not given) and `--` of a verb's arguments; own is asked first and may take an argument for itself.
 * CLI_OK, or the status to end with (what was wrong is said). */
int ask_take(const struct verb *v, struct cert_request *r, const char **report, int argc, char **argv,
             bool (*own)(struct cert_request *r, const char *arg));
/* Asks, prints progress and result as options say; the exit status. report: a mismatch is written there (shared/report.md); NULL: it is not. */
int ask_run(const struct verb *v, const struct cli_options *options, const struct cert_request *r, const char *report);

#endif
