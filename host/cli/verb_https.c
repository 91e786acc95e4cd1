/* `secondexit https`: is HTTPS there, as other exits see it, or does one exit withhold it? */
#include "cli/ask.h"
#include <string.h>

static bool take_own(struct cert_request *r, const char *arg)
{
	if (strcmp(arg, "--two-continents") == 0)
		return r->two_continents = true;
	return false;
}

static int https_run(const struct cli_options *options, int argc, char **argv)
{
	struct cert_request request = { .question = QUESTION_HTTPS, .clicked = true, .first = CERT_FIRST_DRAWN, .k = options->k };
	const char *report;
	int status = ask_take(&verb_https, &request, &report, argc, argv, take_own);
	if (status != CLI_OK)
		return status;
	return ask_run(&verb_https, options, &request, report);
}

const struct verb verb_https = {
	.name = "https",
	.summary = "does the site have HTTPS, or does one exit withhold it?",
	.usage = "https HOST[:PORT] [--first-exit FINGERPRINT]\n"
	         "             [--two-continents] [--report FILE]\n"
	         "\n"
	         "Tries HTTPS at a site through one exit, then through others that share neither\n"
	         "family nor network with it nor with each other. Match: all of them find a valid\n"
	         "certificate there, or all of them find no HTTPS. Mismatch: others do, the first\n"
	         "exit does not. Nothing is sent to the site but a TLS handshake.\n"
	         "  -k N                       how many other exits must agree, 1 to 5 (3)\n"
	         "  --first-exit FINGERPRINT   the exit to check; without it one is drawn\n"
	         "  --two-continents           the other exits stand on at least two continents\n"
	         "  --report FILE              on a mismatch, writes a report to this new file;\n"
	         "                             `secondexit report` sends it",
	.run = https_run,
};
