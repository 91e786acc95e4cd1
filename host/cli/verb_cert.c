/* `secondexit cert`: the certificate check from the shell, the check that the browser's extension asks for. */
#include "cli/ask.h"
#include <string.h>

static bool take_own(struct cert_request *r, const char *arg)
{
	if (strcmp(arg, "--same-country") == 0)
		return r->same_country = true;
	if (strcmp(arg, "--two-continents") == 0)
		return r->two_continents = true;
	return false;
}

static int cert_run(const struct cli_options *options, int argc, char **argv)
{
	struct cert_request request = { .clicked = true, .first = CERT_FIRST_DRAWN, .k = options->k };
	const char *report;
	int status = ask_take(&verb_cert, &request, &report, argc, argv, take_own);
	if (status != CLI_OK)
		return status;
	if (request.same_country && request.two_continents)
		return cli_usage_error(&verb_cert, "--same-country and --two-continents contradict each other", NULL);
	return ask_run(&verb_cert, options, &request, report);
}

const struct verb verb_cert = {
	.name = "cert",
	.summary = "is the certificate that one exit shows the one that others see?",
	.usage = "cert HOST[:PORT] [--first-exit FINGERPRINT] [--same-country]\n"
	         "            [--two-continents] [--report FILE]\n"
	         "\n"
	         "Fetches a site's certificate through one exit, then through others that share\n"
	         "neither family nor network with it nor with each other, and compares. Nothing is\n"
	         "sent to the site but a TLS handshake.\n"
	         "  -k N                       how many other exits must agree, 1 to 5 (3)\n"
	         "  --first-exit FINGERPRINT   the exit to check; without it one is drawn\n"
	         "  --same-country             only exits of the first one's country, for sites\n"
	         "                             with other certificates elsewhere; weaker\n"
	         "  --two-continents           the other exits stand on at least two continents\n"
	         "  --report FILE              on a mismatch, writes a report to this new file;\n"
	         "                             `secondexit report` sends it",
	.run = cert_run,
};
