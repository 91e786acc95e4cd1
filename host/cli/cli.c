/* The verbs' table and help (contract in cli/cli.h). */
#include "cli/cli.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct verb *const verbs[] = { &verb_cert, &verb_https, &verb_scan, &verb_download, &verb_classify, &verb_exits, &verb_report, &verb_doctor, &verb_install, &verb_uninstall };
#define VERBS (sizeof verbs / sizeof *verbs)

static const char help_head[] =
	"SecondExit looks at a web site again through other Tor exits, and says whether\n"
	"the first exit lied about the site's certificate.\n"
	"\n"
	"Usage: secondexit VERB [ARGUMENT] [OPTION]\n"
	"\n"
	"Start with\n"
	"  secondexit doctor              what is found on this machine, what is missing\n"
	"  secondexit cert example.org    do three more exits see the same certificate?\n"
	"  secondexit scan FILE           cryptocurrency addresses in a text\n"
	"\n"
	"Verbs (secondexit VERB --help says more)\n";

static const char help_tail[] =
	"\n"
	"Options of every verb\n"
	"  --json                 one JSON object per line instead of text\n"
	"  -k N                   how many other exits must agree, 1 to 5 (3)\n"
	"  --control ADDRESS      tor's control port, HOST:PORT or unix:/PATH\n"
	"  --socks ADDRESS        tor's SOCKS port, the same way\n"
	"  --cookie FILE          tor's authentication cookie\n"
	"  --password-file FILE   holds the control port's password\n"
	"  --browser-dir DIR      the browser whose trust roots are used\n"
	"  --test-ca FILE         trust this CA (PEM) as well; for tests only\n"
	"  --help, --version\n"
	"Without them a running Tor Browser is looked for, then the system's tor.\n"
	"\n"
	"Exit status: 0 match or fine, 1 mismatch or something found, 2 wrong usage,\n"
	"3 could not decide.\n"
	"\n"
	"The browser starts this program by itself, through native messaging, once\n"
	"`secondexit install` has told it where. Nothing else is written to disk but the\n"
	"files you name.\n";

static void cli_help(void)
{
	fputs(help_head, stdout);
	for (size_t i = 0; i < VERBS; i++)
		printf("  %-9s  %s\n", verbs[i]->name, verbs[i]->summary);
	fputs(help_tail, stdout);
}

static const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

int cli_usage_error(const struct verb *v, const char *why, const char *what)
{
	fprintf(stderr, "secondexit%s%s: %s", v != NULL ? " " : "", v != NULL ? v->name : "", why);
	if (what != NULL)
		fprintf(stderr, ": `%s`", what);
	if (v != NULL)
		fprintf(stderr, "\nUsage: secondexit %s\n", v->usage);
	else
		fputs("\nTry `secondexit --help`.\n", stderr);
	return CLI_USAGE;
}

/* Options with a value that is copied as it stands. */
static const struct text_option { const char *name; size_t offset, size; } text_options[] = {
#define TEXT_OPTION(name, member) \
	{ name, offsetof(struct cli_options, member), sizeof ((struct cli_options *)0)->member }
	TEXT_OPTION("--control", net.control),
	TEXT_OPTION("--socks", net.socks),
	TEXT_OPTION("--cookie", net.cookie),
	TEXT_OPTION("--password-file", net.password_file),
	TEXT_OPTION("--browser-dir", parse.browser_dir),
	TEXT_OPTION("--test-ca", parse.test_ca),
#undef TEXT_OPTION
};

/* The value of `--name=VALUE` or of the next argument; NULL when arg is another option. *used counts arguments. */
static const char *option_value(const char *name, const char *arg, const char *next, int *used, bool *is_missing)
{
	size_t n = strlen(name);

	if (strncmp(arg, name, n) != 0)
		return NULL;
	if (arg[n] == '=') {
		*used = 1;
		*is_missing = arg[n + 1] == '\0';
		return arg + n + 1;
	}
	if (arg[n] != '\0')
		return NULL;
	*used = next != NULL ? 2 : 1;
	*is_missing = next == NULL || next[0] == '\0';
	return next != NULL ? next : "";
}

static const char *option_k(const char *value, unsigned *k)
{
	static const char range[] = "must be a number from 1 to 5";
	_Static_assert(K_MAX == 5, "the help and this message say so");

	if (value[0] < '1' || value[0] > '0' + K_MAX || value[1] != '\0')
		return range;
	*k = (unsigned)(value[0] - '0');
	return NULL;
}

/* Takes one shared option at arg. Returns how many arguments it uses, 0 when it is none; *why set when it is wrong. */
static int option_take(const char *arg, const char *next, struct cli_options *out, const char **why)
{
	int used = 0;
	bool is_missing = false;

	*why = NULL;
	if (strcmp(arg, "--json") == 0) {
		out->is_json = true;
		return 1;
	}
	const char *value = option_value("-k", arg, next, &used, &is_missing);
	if (value != NULL) {
		*why = is_missing ? "needs a value" : option_k(value, &out->k);
		return used;
	}
	for (size_t i = 0; i < sizeof text_options / sizeof *text_options; i++) {
		const struct text_option *o = &text_options[i];
		value = option_value(o->name, arg, next, &used, &is_missing);
		if (value == NULL)
			continue;
		size_t n = strlen(value);
		if (is_missing)
			*why = "needs a value";
		else if (n >= o->size)
			*why = "value too long";
		else
			memcpy((char *)out + o->offset, value, n + 1);
		return used;
	}
	return 0;
}

enum err cli_options_take(int *argc, char **argv, struct cli_options *out, const char **wrong, const char **why)
{
	int kept = *argc > 0 ? 1 : 0;

	memset(out, 0, sizeof *out);
	out->k = K_DEFAULT;
	for (int i = kept; i < *argc;) {
		if (strcmp(argv[i], "--") == 0) {
			/* The rest is the verb's, the mark included. */
			while (i < *argc)
				argv[kept++] = argv[i++];
			break;
		}
		int used = option_take(argv[i], i + 1 < *argc ? argv[i + 1] : NULL, out, why);
		if (*why != NULL) {
			*wrong = argv[i];
			return ERR_USAGE;
		}
		if (used == 0)
			argv[kept++] = argv[i++];
		i += used;
	}
	*argc = kept;
	argv[kept] = NULL;
	return OK;
}

static bool is_help(const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

int cli_run(int argc, char **argv)
{
	struct cli_options options;
	const char *wrong, *why;

	if (cli_options_take(&argc, argv, &options, &wrong, &why) != OK)
		return cli_usage_error(NULL, why, wrong);
	if (argc < 2) {
		fputs("secondexit: no verb given.\nTry `secondexit --help`.\n", stderr);
		return CLI_USAGE;
	}
	if (is_help(argv[1])) {
		cli_help();
		return CLI_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("secondexit " SECONDEXIT_VERSION);
		return CLI_OK;
	}
	const struct verb *v = verb_find(argv[1]);
	if (v == NULL)
		return cli_usage_error(NULL, argv[1][0] == '-' ? "unknown option" : "unknown verb", argv[1]);
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_help(argv[i])) {
			printf("secondexit %s: %s\n\nUsage: secondexit %s\n"
			       "\nOptions of every verb: see `secondexit --help`.\n", v->name, v->summary, v->usage);
			return CLI_OK;
		}
	return v->run(&options, argc - 1, argv + 1);
}
