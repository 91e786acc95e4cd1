/* secondexit-collector: takes reports of bad relays and looks for itself. The verbs' table and help. */
#include "collector/verbs.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const struct verb_row {
	const char *name, *argument, *summary;
	int (*run)(const struct options *o, int argc, char **argv);
} verbs[] = {
	{ "run", "", "the daemon: takes, checks and shows reports", verb_run },
	{ "keygen", "[--rotate]", "the key pair that reports are sealed to", verb_keygen },
	{ "list", "[--state S] [--relay FP]", "relays that rank, then findings", verb_list },
	{ "show", "ID", "one finding with its trials", verb_show },
	{ "export", "[--format F] [ID...]", "findings as JSON, CSV or mails", verb_export },
};
#define VERBS (sizeof verbs / sizeof *verbs)

static const char help_head[] =
	"secondexit-collector receives reports of bad Tor relays and checks them itself.\n"
	"It flags nobody: it ranks relays by what it saw through them, with the evidence.\n"
	"\n"
	"Usage: secondexit-collector VERB [ARGUMENT] [OPTION]\n"
	"\n"
	"Verbs\n";

static const char help_tail[] =
	"\n"
	"Exit status: 0 fine, 1 failed, 2 wrong usage. States: new, reproduced,\n"
	"not reproduced, site varies, relay gone, needs a human.\n";

static int help(void)
{
	fputs(help_head, stdout);
	for (size_t i = 0; i < VERBS; i++)
		printf("  %-6s %-24s %s\n", verbs[i].name, verbs[i].argument, verbs[i].summary);
	fputs("\nOptions\n", stdout);
	options_help();
	fputs(help_tail, stdout);
	return 0;
}

int verb_failed(const char *verb, const char *what, enum err err)
{
	fprintf(stderr, "secondexit-collector %s: ", verb);
	if (what != NULL && *what != '\0')
		fprintf(stderr, "%s: ", what);
	fprintf(stderr, "%s (error %d)\n", err_text(err), (int)err);
	return 1;
}

int verb_usage(const char *why, const char *what)
{
	fprintf(stderr, "secondexit-collector: %s", why);
	if (what != NULL)
		fprintf(stderr, ": `%s`", what);
	fputs("\nTry `secondexit-collector --help`.\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static struct options o;
	const char *wrong = NULL, *why = NULL;

	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return help();
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		puts("secondexit-collector " SECONDEXIT_VERSION);
		return 0;
	}
	if (sodium_init() < 0) {
		fputs("secondexit-collector: no random numbers\n", stderr);
		return 1;
	}
	if (options_take(&argc, argv, &o, &wrong, &why) != OK)
		return verb_usage(why, wrong);
	if (argc < 2)
		return verb_usage("no verb given", NULL);
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, argv[1]) == 0)
			return verbs[i].run(&o, argc - 1, argv + 1);
	return verb_usage(argv[1][0] == '-' ? "unknown option" : "unknown verb", argv[1]);
}
